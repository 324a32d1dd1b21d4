"""What weights are like: their spread and what it costs, weights far from the others, distance to known totals, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.design.margins import indicator
from fl_estimate.design.row_weights import in_a_column
from fl_estimate.design.small_table import Floats
from fl_estimate.design.totals import Frame, as_frame, totals
from fl_estimate.design.trimming import weights_met
from fl_estimate.inputs.adjustments import Adjustment, Calibration
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.pages.frames import html_table, text_table

RELATIVE = 1e-3
"""Weights whose mean is this near to 1 are taken for relative ones, that sum to the sample and not to the population."""
QUARTILES = 6.0
"""A weight this many interquartile ranges above the median is extreme (Chowdhury, Khare and Wolter 2007)."""
_STEPS: dict[str, str] = {"class": "non-response", "propensity": "non-response"}


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightSummary:
    """Weights before and after each adjustment.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for each column of weights, in the order in which they were made: `weights`, `step`, `n`, `sum`, `mean`, `cv`,
        `minimum`, `lower_quartile`, `median`, `upper_quartile`, `maximum`, `deff_kish` (1 + cv²), `n_effective` (n/deff), `extreme` (how many weights are more than
        six interquartile ranges above the median) and `extreme_share` (of the sum).
    margins : pandas.DataFrame
        A row for each known total of each calibration: `step`, `margin`, `level`, `known`, `before`, `after`, `final` (sums under
        the weights before and after that step and under the final ones), and `distance` = final/known − 1.
    relative : bool
        Whether the final weights have mean 1, so that they do not expand to the population.
    """

    frame: pd.DataFrame
    margins: pd.DataFrame
    relative: bool

    def to_frame(self) -> pd.DataFrame:
        """A copy of `frame`."""
        return self.frame.copy()

    def __repr__(self) -> str:
        parts = [text_table(self.frame), text_table(self.margins) if len(self.margins) else ""]
        return "\n\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        shown = [self.frame] + ([self.margins] if len(self.margins) else [])
        return "\n".join(html_table(frame) for frame in shown)


def weight_summary(people: Any, *, design: Design | None = None) -> WeightSummary:
    """Summarise the weights of a design, and what each adjustment did to them.

    Parameters
    ----------
    people, design
        As in `calibrate`.

    Returns
    -------
    WeightSummary

    Raises
    ------
    DesignFault
        FL-DESIGN-06, FL-DESIGN-13, FL-DESIGN-14.

    Notes
    -----
    Kish's design effect is n Σ w²/(Σ w)² = 1 + cv², cv with divisor n: what unequal weights cost a mean that has nothing
    to do with them.

    References
    ----------
    Kish (1965), Survey Sampling, ch. 11.7. Chowdhury, Khare and Wolter (2007), Proceedings of the Survey Research Methods
    Section, American Statistical Association, 2651-2658.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2]})
    >>> row = fl.weight_summary(people, design=fl.Design(weights="w", psu="ea")).frame.iloc[0]
    >>> [float(row["sum"]), round(float(row["deff_kish"]), 4), round(float(row["n_effective"]), 2)]
    [60.0, 1.1111, 3.6]
    """
    resolved = resolve(people, design)
    frame, known = in_a_column(as_frame(resolved.frame), resolved.design)
    steps = known.adjustments
    first = steps[0].before if steps else str(known.weights)
    columns = [(first, "")] + [(step.after, _STEPS.get(step.kind, step.kind)) for step in steps]
    rows = [_row(frame, column, step) for column, step in columns]
    return WeightSummary(
        frame=pd.DataFrame(rows),
        margins=_margins(frame, steps, str(known.weights)),
        relative=bool(abs(rows[-1]["mean"] - 1) < RELATIVE),
    )


def _row(frame: Frame, column: str, step: str) -> dict[str, Any]:
    values, rows = weights_met(frame, column)
    n, total = rows.sum(), (values * rows).sum()
    deff = n * (values**2 * rows).sum() / total**2
    low, middle, high = (_quantile(values, rows, p) for p in (0.25, 0.5, 0.75))
    extreme = values > middle + QUARTILES * (high - low)
    return {
        "weights": column,
        "step": step,
        "n": int(n),
        "sum": total,
        "mean": total / n,
        "cv": float(np.sqrt(max(deff - 1, 0.0))),
        "minimum": values[0],
        "lower_quartile": low,
        "median": middle,
        "upper_quartile": high,
        "maximum": values[-1],
        "deff_kish": deff,
        "n_effective": n / deff,
        "extreme": int(rows[extreme].sum()),
        "extreme_share": float((values * rows)[extreme].sum() / total),
    }


def _quantile(values: Floats, rows: Floats, p: float) -> float:
    """The least weight that a share p of the rows do not exceed."""
    reached = np.cumsum(rows) >= p * rows.sum() * (1 - 1e-12)
    return float(values[int(np.argmax(reached))])


def _margins(frame: Frame, steps: Sequence[Adjustment], final: str) -> pd.DataFrame:
    head = ["step", "margin", "level", "known", "before", "after", "final", "distance"]
    found: list[dict[str, Any]] = []
    for step in steps:
        if not isinstance(step, Calibration):
            continue
        columns = {name: nw.col(name).cast(nw.Float64) for name in dict.fromkeys((step.before, step.after, final))}
        keys = tuple(dict.fromkeys(name for term in step.terms for name in term.columns))
        table = totals(frame, keys=keys, columns=columns, sums={name: (name,) for name in columns})
        for term in step.terms:
            x = indicator(term, table)
            met = {name: float(table.sums[name] @ x) for name in columns}
            distance = met[final] / term.total - 1 if term.total else np.nan
            found.append(
                {
                    "step": step.after,
                    "margin": term.margin,
                    "level": term.label,
                    "known": term.total,
                    "before": met[step.before],
                    "after": met[step.after],
                    "final": met[final],
                    "distance": distance,
                }
            )
    return pd.DataFrame(found, columns=head)
