"""Domains of few cases, none among them: one upper limit that is the same whatever their number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from fl_estimate.arrays import Floats
from fl_estimate.reporting.judging import Cell, Flags, floats
from fl_estimate.reporting.precision import DIGITS, raised
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.crossing import Crossing


def upper_share(n: float, most: float, deff: float, level: float) -> float:
    """Clopper and Pearson's upper limit of `most` cases in n people, both worth 1/deff of as many drawn at random.

    Parameters
    ----------
    n : float
        People asked in the domain.
    most : float
        The most cases that it may have.
    deff : float
        A design effect that owes nothing to the domain's own cases.
    level : float

    Notes
    -----
    The 1 − (1 − level)/2 quantile of Beta(a + 1, n/D − a), a = most/D; 1 where the people are worth no more than the cases.

    Examples
    --------
    >>> round(upper_share(800, 4, 1.5, 0.95), 4)
    0.0154
    """
    deff = max(deff, 1.0)
    size, cases = n / deff, most / deff
    return 1.0 if size <= cases else float(special.betaincinv(cases + 1, size - cases, (1 + level) / 2))


def upper_limits(
    frame: pd.DataFrame, keys: list[Cell], rows: Flags, usable: Flags, rule: SuppressionRule, crossing: Crossing | None
) -> Floats:
    """The limit U of these rows in natural units, rounded up; NaN where it cannot be given.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rounded as it is printed: the design effect is that of the nation as readers see it.
    keys : list of Cell
    rows : flags
        Which rows are to be limits.
    usable : flags
        Which rows are printed as figures: of these alone a design effect is taken.
    rule : SuppressionRule
    crossing : Crossing or None
        Holds the weighted population, which a limit of persons needs.
    """
    records = frame.to_dict("records")
    effects = {
        (str(r["outcome"]), str(r["method"]), str(r["quantity"])): float(r["deff"])
        for r, fit in zip(records, usable, strict=True)
        if fit and r["margin"] == "" and not r["bound"] and not r["term"] and not pd.isna(r["deff"])
    }
    n, out = floats(frame["n"]), np.full(len(frame), np.nan)
    for row in np.flatnonzero(rows):
        record = records[row]
        own = (str(record["outcome"]), str(record["method"]), str(record["quantity"]))
        deff = effects.get(own, rule.assumed_deff) if record["margin"] else rule.assumed_deff
        share = upper_share(float(n[row]), rule.min_cases - 1, deff, float(record["level"]))
        out[row] = min(raised(share, DIGITS), 1.0) * 1_000.0 if record["quantity"] == "prevalence per 1,000" else (
            min(raised(share, DIGITS), 1.0) if record["quantity"] == "prevalence"
            else raised(share * _weight(record, keys[row], crossing), DIGITS) if record["quantity"] == "total" else np.nan
        )  # fmt: skip
    return out


def _weight(record: Mapping[Any, Any], key: Cell, crossing: Crossing | None) -> float:
    """Σ w of the people counted in the domain of a row; NaN where it is not known."""
    outcome = str(record["outcome"])
    margin, known = key[3], dict(key[4])
    if crossing is None or outcome not in crossing.outcomes or not set(margin) <= set(crossing.by):
        return float("nan")
    positions = [(crossing.by.index(name), known.get(name)) for name in margin]
    stated = bool(known) or not margin
    inside = [
        all(str(label[position]) == value for position, value in positions)
        if stated
        else any(label[position] is None for position, _ in positions)
        for label in crossing.labels
    ]
    return float(crossing.weight[crossing.outcomes.index(outcome)][np.array(inside, dtype=bool)].sum())
