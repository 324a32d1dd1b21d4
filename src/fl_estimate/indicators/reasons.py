"""Which criteria decided, person by person: a table made from the rows of a classification."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from fl_estimate.indicators.deciding import Criterion

if TYPE_CHECKING:
    from fl_estimate.indicators.classify import Classification

PERSON = "person_id"
ROW = "row"
"""Where people have no id: the place of a person in the frame, counted from 0."""
TAIL: tuple[str, ...] = ("outcome", "decided", "framework", "criterion", "label", "kind", "dimension", "value")


def reasons(classification: Classification, language: str) -> pd.DataFrame:
    """The criteria that decided, for everybody whose class is positive or undetermined; see `Classification.reasons`."""
    rows, key = _possible_rows(classification)
    parts: list[pd.DataFrame] = []
    for outcome in _overall(classification):
        of_outcome = rows[rows[f"{outcome}_possible"] == 1]
        best = of_outcome.groupby(key)[outcome].transform("max") if key else of_outcome[outcome]
        decisive = of_outcome[of_outcome[outcome] == best]
        having = {framework.id for framework in classification.frameworks if framework.outcome(outcome) is not None}
        for name, criterion in classification.criteria.items():
            if name.partition(":")[0] in having:
                parts.append(_criterion(decisive, outcome, name, criterion, key, language))
    columns = [*([key] if key else []), *TAIL]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts)[columns]
    return (table.sort_values(key, kind="stable") if key else table).reset_index(drop=True)


def _overall(classification: Classification) -> list[str]:
    """The outcomes that say in the class or not."""
    found = (
        entry.id for one in classification.frameworks for entry in one.outcomes if entry.type in ("binary", "classes")
    )
    return list(dict.fromkeys(found))


def _possible_rows(classification: Classification) -> tuple[pd.DataFrame, str]:
    """The rows that are in a class for sure or possibly, in memory, with the column that names the person."""
    rows: Any = nw.from_native(classification.rows)
    names = rows.collect_schema().names()
    key = PERSON if PERSON in names else ""
    if not key and isinstance(rows, nw.DataFrame):
        key = ROW
        rows = rows.with_row_index(ROW)
    possible = reduce(
        lambda left, right: left | right, [nw.col(f"{outcome}_possible") == 1 for outcome in _overall(classification)]
    )
    found = rows.filter(possible)
    return (found.collect() if isinstance(found, nw.LazyFrame) else found).to_pandas(), key


def _criterion(
    rows: pd.DataFrame, outcome: str, name: str, criterion: Criterion, key: str, language: str
) -> pd.DataFrame:
    """The rows in which one criterion is true, or unknown where the class is undetermined."""
    positive = rows[outcome] == 1
    true = rows[name] == 1
    unknown = (rows[f"{name}_possible"] == 1) & ~true & ~positive
    chosen = true | unknown
    own = name.partition(":")[0] == criterion.framework.id
    return pd.DataFrame(
        {
            **({key: rows[key][chosen]} if key else {}),
            "outcome": outcome,
            "decided": positive[chosen].map({True: "positive", False: "undetermined"}),
            "framework": name.partition(":")[0],
            "criterion": criterion.id if own else f"{criterion.framework.id}.{criterion.id}",
            "label": criterion.label.of(language),
            "kind": criterion.kind,
            "dimension": criterion.dimension,
            "value": true[chosen].map({True: "true", False: "unknown"}),
        }
    )
