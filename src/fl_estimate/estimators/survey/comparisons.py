"""Tests of several differences at once: `fl.multiple_tests`, with p-values adjusted for their number."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.results.codes import COEFFICIENT, DIFFERENCE, LOG_ODDS_RATIO, LOG_RATIO, MARGINAL_EFFECT
from fl_estimate.results.estimates import Estimates

Adjust = Literal["holm", "bonferroni", "none"]
TESTED = (DIFFERENCE, LOG_RATIO, LOG_ODDS_RATIO, COEFFICIENT, MARGINAL_EFFECT)
"""Quantities of which 0 says that there is no difference."""


def multiple_tests(estimates: Estimates, *, adjust: Adjust = "holm") -> pd.DataFrame:
    """Test each of several differences or coefficients against 0, with p-values adjusted for how many there are.

    Use it after ``contrast(…, {"region": "pairwise"})`` or ``"overall"``: of 45 pairs of ten regions two differ "significantly"
    by chance alone.

    Parameters
    ----------
    estimates : Estimates
        Differences, log-ratios, log-odds ratios, coefficients or marginal effects; all rows are one family of tests.
    adjust : {"holm", "bonferroni", "none"}

    Returns
    -------
    pandas.DataFrame
        For the analyst, nothing suppressed: `outcome`, the by-columns, `term`, `value`, `se`, `t`, `df`, `p`, `p_adjusted`, and
        `lower` and `upper`, which are simultaneous (Bonferroni's) unless nothing is adjusted.

    Raises
    ------
    EstimateFault
        FL-EST-231 (adjust); FL-EST-327 (estimates of which 0 means nothing).

    Notes
    -----
    t = value/se on df degrees of freedom, two-sided. Bonferroni: m p. Holm: max over the smaller ones of (m − rank + 1) p, as R's
    ``p.adjust``. m counts the rows that have a p-value. Limits at 1 − α/m.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "h": [40.0, 44, 50, 58, 41, 60, 38, 52, 44, 47], "g": list("ababacbcca")})
    >>> means = fl.estimate_mean(people, "h", by="g", design=fl.Design(psu="ea", unweighted=True))
    >>> tests = fl.multiple_tests(fl.contrast(means, {"g": "pairwise"}))
    >>> tests["term"].tolist()
    ['a − b', 'a − c', 'b − c']
    """
    from scipy import stats

    if adjust not in ("holm", "bonferroni", "none"):
        raise not_one_of("FL-EST-231", "this adjustment", adjust, ("holm", "bonferroni", "none"))
    frame = estimates.frame
    other = [name for name in frame["quantity"].unique() if name not in TESTED]
    if other or not len(frame):
        raise EstimateFault(
            "FL-EST-327", "these are no differences: 0 is nothing to test them against", found=listed(other) or "no row",
            fix='fl.contrast makes differences: {"region": "pairwise"}, {"region": "overall"}',
        )  # fmt: skip
    value, se, df = (frame[name].to_numpy(dtype=float) for name in ("value", "se", "df"))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(se > 0, value / se, np.nan)
    p = 2 * stats.t.sf(np.abs(t), np.where(df > 0, df, np.nan))
    made = frame[["outcome", *estimates.by, "term", "value", "se"]].copy()
    made["t"], made["df"], made["p"] = t, df, p
    made["p_adjusted"] = adjusted(p, adjust)
    count = max(int(np.isfinite(p).sum()), 1) if adjust != "none" else 1
    level = frame["level"].to_numpy(dtype=float)
    width = stats.t.ppf(1 - (1 - level) / (2 * count), np.where(df > 0, df, np.nan)) * se
    made["lower"], made["upper"] = value - width, value + width
    return made.reset_index(drop=True)


def adjusted(p: Floats, adjust: Adjust) -> Floats:
    """P-values adjusted for how many there are; those that are missing count for nothing."""
    result = np.array(p, dtype=float)
    known = np.flatnonzero(np.isfinite(result))
    if adjust == "bonferroni":
        result[known] = np.minimum(1.0, len(known) * result[known])
    elif adjust == "holm":
        order = known[np.argsort(result[known], kind="stable")]
        result[order] = np.minimum(1.0, np.maximum.accumulate((len(order) - np.arange(len(order))) * result[order]))
    return result
