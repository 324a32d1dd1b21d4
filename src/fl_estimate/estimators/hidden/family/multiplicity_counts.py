"""On how many respondents and victims each row of a multiplicity estimate rests, and its finest cells for the audit of disclosure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.estimators.hidden.family.multiplicity_numbers import INVERSE
from fl_estimate.estimators.hidden.family.multiplicity_reports import UNIT, WHO
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import MULTIPLICITY
from fl_estimate.results.columns import margin_columns
from fl_estimate.results.crossing import Crossing, nested_columns, outcome_of_cells

if TYPE_CHECKING:
    import polars as pl

COUNTS: tuple[str, ...] = (
    "units",
    "persons",
    "reports",
    "victims",
    "units_with_victims",
    "undetermined",
    "weight",
    "unknown_weight",
    "told_weight",
    "asked_weight",
)
NOTHING: dict[str, float] = dict.fromkeys(COUNTS, 0.0)
Label = tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class ReportFlags:
    """Names of the 0/1 columns of one outcome: whose unit was asked, who counts, who is surely a case, who is unknown, who is neither."""

    outcome: str
    asked: str
    counted: str
    case: str
    unknown: str
    not_binary: str

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return (self.asked, self.counted, self.case, self.unknown, self.not_binary)


def flagged(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The reports with expressions of a call beside them, as numbers."""
    import narwhals as nw

    return nw.from_native(frame).with_columns(**{n: e.cast(nw.Float64) for n, e in columns.items()}).to_native()


def counts_of(
    frame: pl.DataFrame, flags: ReportFlags, margin: Sequence[str], weights: str | None
) -> dict[Label, dict[str, float]]:
    """Distinct units and persons in each domain of a margin, by its labels as text; `reports` are of a victim by a unit.

    `weight` is Σ w/s of the persons who count, `told_weight` their Σ w, `unknown_weight` that of those
    whose class is not known, `asked_weight` that of all rows, those of respondents who were only asked among them.
    """
    import polars as pl

    asked, case = pl.col(flags.asked) == 1, pl.col(flags.case) == 1
    counted, unknown = pl.col(flags.counted) == 1, pl.col(flags.unknown) == 1
    told = pl.col(INVERSE) * 0.0 + 1.0 if weights is None else pl.col(weights).cast(pl.Float64)
    aggregates = [
        pl.col(UNIT).filter(asked).n_unique().alias("units"),
        pl.col(WHO).filter(counted | unknown).n_unique().alias("persons"),
        case.sum().alias("reports"),
        pl.col(WHO).filter(case).n_unique().alias("victims"),
        pl.col(UNIT).filter(case).n_unique().alias("units_with_victims"),
        pl.col(WHO).filter(unknown).n_unique().alias("undetermined"),
        (told * pl.col(INVERSE)).filter(counted | unknown).sum().alias("weight"),
        told.filter(unknown).sum().alias("unknown_weight"),
        told.filter(counted | unknown).sum().alias("told_weight"),
        told.filter(asked).sum().alias("asked_weight"),
    ]
    if not margin:
        return {(): frame.select(aggregates).row(0, named=True)}
    found = frame.group_by(list(margin)).agg(aggregates)
    return {
        tuple(text_of(record[name]) for name in margin): {name: float(record[name] or 0) for name in COUNTS}
        for record in found.iter_rows(named=True)
    }


def text_of(value: Any) -> str | None:
    """A label as text, whatever type the engine gave it; None where it is missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def counts_of_rows(
    rows: pd.DataFrame, frame: pl.DataFrame, flags: Sequence[ReportFlags], by: By, weights: str | None
) -> pd.DataFrame:
    """The counts of every row of a result."""
    margins = [(), *by_margins(by)]
    made = {
        (each.outcome, " × ".join(margin)): (margin, counts_of(frame, each, margin, weights))
        for each in flags
        for margin in margins
    }
    found: list[dict[str, float]] = []
    for record in rows.to_dict("records"):
        margin = tuple(margin_columns(record))
        _, counts = next(
            value
            for (outcome, _), value in made.items()
            if outcome == record["outcome"] and set(value[0]) == set(margin)
        )
        order = next(m for m in margins if set(m) == set(margin))
        found.append(counts.get(tuple(text_of(record[name]) for name in order), NOTHING))
    return pd.DataFrame(found, columns=list(COUNTS), index=rows.index).astype(float)


def support_by(counts: pd.DataFrame, own: Support) -> Support:
    """What rules of publication judge: units that told, and of victims and of units that told of one whichever are fewer."""
    return Support.of(
        counts["units"].to_numpy(),
        np.minimum(counts["victims"].to_numpy(), counts["units_with_victims"].to_numpy()),
        psus_with_cases=own.psus_with_cases,
        df=own.df,
        df_effective=own.df_effective,
        undetermined=counts["undetermined"].to_numpy(),
    )


def crossing_by(
    made: Crossing, frame: pl.DataFrame, flags: Sequence[ReportFlags], weights: str | None, *, shares: bool
) -> Crossing:
    """The finest cells of a call with the sizes by which its figures are shares: Σ w/s of the people covered.

    Parameters
    ----------
    made : Crossing
        As the sums of the rows give it: its weighted cases are those of the figures.
    frame, flags, weights
        As in `counts_of`.
    shares : bool
        Whether figures are shares.
    """
    labels = [tuple(text_of(value) for value in label) for label in made.labels]
    numbers: dict[str, list[Floats]] = {"weight": [], "undetermined": []}
    for each in flags:
        counts = counts_of(frame, each, made.by, weights)
        numbers["weight"].append(np.array([counts.get(label, NOTHING)["weight"] for label in labels]))
        numbers["undetermined"].append(np.array([counts.get(label, NOTHING)["unknown_weight"] for label in labels]))
    weight = np.stack(numbers["weight"]) if shares else made.weight
    return Crossing(
        by=made.by, labels=made.labels, outcomes=tuple(outcome_of_cells(each, MULTIPLICITY) for each in made.outcomes),
        # Cases are printed, and add up.
        binary=tuple(True for _ in made.binary), n=made.n,
        cases=made.cases, weight=weight, weighted_cases=made.weighted_cases,
        weight_in_scope=weight if shares else made.weight_in_scope,
        undetermined=np.stack(numbers["undetermined"]), n_undetermined=made.n_undetermined, where=made.where,
        nested=nested_columns(made.by, made.labels),
    )  # fmt: skip
