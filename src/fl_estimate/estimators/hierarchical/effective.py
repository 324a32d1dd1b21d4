"""Effective counts: how many people drawn at random an area's sample is worth, and how many cases among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.direct import Direct

ENOUGH_CASES = 5
"""Areas with as many cases have a design effect of their own that others may borrow."""


@dataclass(frozen=True, kw_only=True)
class Effective:
    """Effective cases and n, shape (m,); the design effect used and whose it is: own, pooled, national or one."""

    cases: Floats
    n: Floats
    deff: Floats
    source: tuple[str, ...]


def effective_counts(direct: Direct, rule: str = "own") -> Effective:
    """Divide n by the design effect; where an area has none of its own, by that of others.

    rule="national" divides by one design effect everywhere: the nation's, else the one that areas without cases get.

    A design effect below 1 is taken as 1, so that no area is worth more people than were asked.

    Notes
    -----
    n_eff = n/deff, cases_eff = n_eff · value. Without cases the design effect is 0/0. It is then the n-weighted mean
    over the areas with five cases or more, else that of the nation, else 1.
    """
    value, n, deff = (direct.numbers[name] for name in ("value", "n", "deff"))
    sampled = n > 0
    own = sampled & np.isfinite(deff) & (rule == "own")
    cases = np.where(np.isfinite(direct.numbers["cases"]), direct.numbers["cases"], value * n)
    lending = sampled & np.isfinite(deff) & (cases >= ENOUGH_CASES)
    if rule == "national" and np.isfinite(direct.national["deff"]):
        borrowed, source = direct.national["deff"], "national"
    elif lending.any():
        borrowed, source = float(np.average(deff[lending], weights=n[lending])), "pooled"
    elif np.isfinite(direct.national["deff"]):
        borrowed, source = direct.national["deff"], "national"
    else:
        borrowed, source = 1.0, "one"
    used = np.maximum(np.where(own, deff, borrowed), 1.0)
    size = np.where(sampled, n, 0.0) / used
    return Effective(
        cases=np.where(sampled, value, 0.0) * size,
        n=size,
        deff=np.where(sampled, used, np.nan),
        source=tuple("" if not met else "own" if mine else source for met, mine in zip(sampled, own, strict=True)),
    )
