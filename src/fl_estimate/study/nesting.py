"""Which by-columns of a study lie in which others: for the audit of disclosure, where no estimate has both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from fl_estimate.design.domains import by_margins
from fl_estimate.design.read_once import totals_once
from fl_estimate.design.totals import as_frame
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.unread_rows import UnreadRows
from fl_estimate.results.crossing import nested_columns

MOST_PAIRS = 100_000
"""Combinations of by-values up to which nesting is looked for; columns of more are no geography."""


def nested_by_columns(
    entries: Mapping[str, list[Any]], people: Mapping[str, Any]
) -> dict[str, dict[str, dict[Any, Any]]]:
    """For each by-column that lies in another, in which value of it each of its values lies.

    Parameters
    ----------
    entries : mapping of str to list
        By source, its estimates: their `by` is read.
    people : mapping of str to SurveyData or Classification
        By source.

    Returns
    -------
    mapping
        {inner column: {outer column: {value: outer value}}}, as `publish` takes it.
    """
    result: dict[str, dict[str, dict[Any, Any]]] = {}
    for source, each in entries.items():
        for one, other in pairs_of_columns(each, people[source]):
            pairs = met_together(people[source], one, other)
            if len(pairs) > MOST_PAIRS:
                continue
            told = [pair for pair in pairs if all(map(_is_told, pair))]
            for inner, outer in nested_columns((one, other), told):
                turned = (0, 1) if inner == one else (1, 0)
                result.setdefault(inner, {})[outer] = {pair[turned[0]]: pair[turned[1]] for pair in told}
    return result


def pairs_of_columns(entries: Sequence[Any], people: Any) -> list[tuple[str, str]]:
    """Every two by-columns of the estimates of one source."""
    known = narwhal(people.people).collect_schema()
    columns = dict.fromkeys(column for entry in entries for column in _columns(entry) if column in known)
    return list(combinations(columns, 2))


def met_together(people: Any, one: str, other: str) -> list[tuple[Any, Any]]:
    """The values of two columns that stand on one row, each pair once; of lazy people whose sums are kept, from these."""
    unread: UnreadRows | None = getattr(people, "unread_rows", None)
    if unread is None:
        return narwhal(people.people).lazy().select(one, other).unique().head(MOST_PAIRS + 1).collect().rows()
    keys = totals_once(as_frame(unread.people), unread, keys=(one, other), columns={}, sums={}).keys
    labels = [[*keys[name].levels, None] for name in (one, other)]
    codes = zip(*(keys[name].codes.tolist() for name in (one, other)), strict=True)
    return [(labels[0][first], labels[1][second]) for first, second in codes]


def _is_told(value: Any) -> bool:
    """Whether a value is there: None, a number that is none, and what pandas has for a missing value (which is no truth) are not."""
    same: Any = value == value
    return value is not None and type(same) in (bool, np.bool_) and bool(same)


def _columns(entry: Any) -> list[str]:
    by = getattr(entry, "by", None)
    return [str(column) for margin in by_margins(by) for column in margin] if by else []
