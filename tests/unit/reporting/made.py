"""Estimates made by hand, row by row, for tests of what happens to them afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import fl_estimate as fl
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import AssumptionCode, ReasonCode
from fl_estimate.results.estimates import Assumption, Reason, make_frame

USUAL: dict[str, Any] = {
    "quantity": "prevalence",
    "outcome": "forced_labour",
    "value": 0.01,
    "se": 0.002,
    "lower": 0.006,
    "upper": 0.014,
    "level": 0.95,
    "interval_kind": "korn-graubard",
    "undetermined": 0.02,
    "n": 1000,
    "cases": 10,
    "df": 30.0,
    "deff": 1.5,
    "method": "taylor",
    "basis": "respondents",
}
"""A row that every rule lets pass."""


def estimates(
    *rows: dict[str, Any],
    by: Sequence[str] = ("region",),
    reasons: Sequence[Reason] = (),
    assumptions: Sequence[Assumption] = (),
    **usual: Any,
) -> fl.Estimates:
    """Estimates with these rows; what a row does not say is as in `usual`, else as in `USUAL`.

    A row with by-values and no `margin` belongs to the margin of those by-columns.
    """
    full: list[dict[str, Any]] = []
    for row in rows:
        named = " × ".join(name for name in by if name in row)
        full.append({**USUAL, "margin": named, **usual, **row})
    columns = {name: [row.get(name) for row in full] for name in {key for row in full for key in row} - set(by)}
    labels = {name: [row.get(name) for row in full] for name in by}
    for name in ("term", "bound", "interval_kind"):
        columns[name] = [row.get(name, "") for row in full]
    bases = [str(basis) for basis in columns.pop("basis")]
    frame = make_frame(columns, labels, len(full), basis=bases)
    # A mean has no cases, and nobody whose value is 0.
    cases = frame["cases"].fillna(frame["n"])
    return fl.Estimates(
        frame=frame,
        support=Support.of(
            *(column.to_numpy(float, na_value=np.nan) for column in (frame["n"], cases)), df=frame["df"]
        ),
        by=tuple(by),
        reasons=tuple(reasons),
        assumptions=tuple(assumptions),
    )


WITHHELD = {
    "value": 0.123456789,
    "se": 0.0456789,
    "lower": 0.0987654321,
    "upper": 0.198765,
    "cases": 3,
    "n": 773,
    "df": 1.0,
}
"""A row with too few cases and degrees of freedom, in digits that stand nowhere else."""


def country() -> dict[str, fl.Estimates]:
    """Prevalences by region and sex, totals by region: two regions that may be printed, one without cases, one withheld.

    The limit of East is Clopper and Pearson's of 4/1.5 cases in 804/1.5: 15.33 per 1,000, rounded up.
    """
    regions = [
        {"region": "North", "value": 0.012, "lower": 0.008, "upper": 0.017},
        {"region": "South", "value": 0.02, "se": 0.0075, "lower": 0.009, "upper": 0.041, "cases": 7, "n": 612},
        {"region": "East", "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0061, "cases": 0, "n": 804, "deff": None},
        {"region": "West", **WITHHELD},
    ]
    scale = 250_000.0
    totals = [
        {**row, **{name: row[name] * scale for name in ("value", "se", "lower", "upper") if name in row}}
        for row in regions
    ]
    return {
        "prevalence_1": estimates(
            {"n": 3189, "cases": 24, "value": 0.0114, "lower": 0.0081, "upper": 0.0156, "se": 0.0018},
            *regions,
            {"sex": 1},
            {"sex": 2, "value": 0.009},
            by=("region", "sex"),
            reasons=[Reason(code=ReasonCode.of("zero_cases"), row=3)],
            assumptions=[
                Assumption(code=AssumptionCode.of("taylor_linearisation")),
                Assumption(code=AssumptionCode.of("df_rule"), parameters=(("rule", "domain"),)),
            ],
        ),
        "total_2": estimates(
            {"n": 3189, "cases": 24, "value": 11_400.0, "lower": 8_300.0, "upper": 15_700.0, "se": 1_800.0},
            *totals,
            quantity="total",
            interval_kind="log",
            assumptions=[Assumption(code=AssumptionCode.of("taylor_linearisation"))],
        ),
    }
