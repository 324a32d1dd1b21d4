"""What was published, as values: tables of rounded figures, and the rule they were published under. No renderer is known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.reporting.judging import Flags
from fl_estimate.reporting.naming import with_labels
from fl_estimate.reporting.suppression import FL_DEFAULT, NOT_PUBLISHED, SuppressionRule
from fl_estimate.results.columns import CONTEXT, HEAD, PUBLISHED_TAIL
from fl_estimate.results.estimates import Assumption, Reason
from fl_estimate.results.provenance import Provenance

ADDED: tuple[str, ...] = ("estimate", "publication", "caution", "p")
"""Columns that publishing adds to those of Estimates: the name first, the others last; p where there are tests."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedTable:
    """One result of one call, as it may be printed.

    Attributes
    ----------
    name : str
        The name under which it was published.
    frame : pandas.DataFrame
        The columns of Estimates, rounded; then `publication` (published, at_most, fewer_than, not_published) and `caution` (of
        cv, df, sampler and model, or empty), and of differences, coefficients and effects `p`. A row that is not published has no numbers, one of few cases its upper limit alone.
    by, measure, population, reference_period, assumptions, provenance, wording
        As in Estimates.
    reasons : tuple of Reason
        Of the rows that are printed as figures only: a reason can tell of a zero.
    own : tuple of bool
        Which rows are their own smallest part: what they print is what another rule may judge.
    """

    name: str
    frame: pd.DataFrame
    by: tuple[str, ...] = ()
    measure: str = ""
    population: str = ""
    reference_period: str = ""
    reasons: tuple[Reason, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    provenance: Provenance
    own: tuple[bool, ...] = ()
    wording: SurveyWording = field(default_factory=SurveyWording)

    @property
    def hidden(self) -> Flags:
        """Which rows are not published."""
        return (self.frame["publication"] == NOT_PUBLISHED).to_numpy(dtype=bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedTables:
    """What may be printed of one or more results: the values of PublishedEstimates, for what lays them out and draws them."""

    tables: tuple[PublishedTable, ...]
    rule: SuppressionRule = FL_DEFAULT
    protecting: int = 0
    audit_complete: bool = True


def joined(tables: Sequence[PublishedTable]) -> pd.DataFrame:
    """All tables under each other, for machines: `estimate`, the columns of Estimates, `publication`, `caution`."""
    found: dict[str, list[Any]] = {}
    for table in tables:
        for name in table.by:
            found.setdefault(name, []).append(table.frame[name].dtype)
    # A by-column that is of numbers in one table and of text in another is text.
    kinds = {name: kinds[0] if len({str(kind) for kind in kinds}) == 1 else "string" for name, kinds in found.items()}
    return pd.concat([_to_frame(table, kinds) for table in tables], ignore_index=True)


def _to_frame(table: PublishedTable, by: Mapping[str, Any]) -> pd.DataFrame:
    """One table with the by-columns of all, each of the type given."""
    # A by-column named as one of these (of stacked results the source) stands where they do, as text.
    own = {name: table.frame[name].astype("string") for name in CONTEXT if name in table.by}
    frame = table.frame.assign(**own)
    by = {name: kind for name, kind in by.items() if name not in CONTEXT}
    frame["estimate"] = pd.array([table.name] * len(frame), dtype="string")
    for name, kind in by.items():
        values = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
        frame[name] = values.astype(kind)
    tested = ["p"] if "p" in frame else []
    return with_labels(
        frame[["estimate", *CONTEXT, *HEAD, *by, *PUBLISHED_TAIL, "publication", "caution", *tested]], table.wording
    )
