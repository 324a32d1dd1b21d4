"""Quantiles of weighted values: rules that say which value, or which point between two, is the quantile. Arrays in and out."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from fl_estimate.design.small_table import Floats

Rule = Literal["math", "school", "shah-vaish", "hf1", "hf2", "hf3", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9"]
RULES: tuple[str, ...] = get_args(Rule)
DISCRETE: tuple[str, ...] = ("math", "school", "hf1", "hf2", "hf3")
"""Rules that need each value once, with the weight of all who have it; the others look at the rows of a value one by one."""
DUST = 1e-12
"""A share is reached when it lacks less than this: sums of weights depend on the order in which they are added."""


def quantiles(
    rule: str,
    values: Floats,
    weights: Floats,
    shares: Floats,
    rows: Floats | None = None,
    people: float | None = None,
) -> Floats:
    """The quantiles of values by one of `RULES`.

    Parameters
    ----------
    rule : str
    values : array
        Ascending; for discrete rules each once.
    weights : array
        Of each value; values without weight are left out.
    shares : array
        Probabilities; outside 0 to 1 there is no quantile (NaN).
    rows : array, optional
        How many rows each stands for, each of the same part of its weight; one where left out.
    people : float, optional
        How many rows there are, where some of those given stand for many that are far from every share.

    Notes
    -----
    With C_k = w_1 + … + w_k over the ordered rows, n rows:

    - math, hf1: the least x with C/C_n ≥ p. school, hf2: the same, or the middle between it and the next value where C/C_n = p.
      hf3: the same, or the next value where C/C_n = p at a value whose rank among the different values is odd.
    - shah-vaish: the least x_k with (C*_k + ½ − w*_k/2)/(n + 1) ≥ p, w* = w n/C_n.
    - hf4 to hf9 read p off the line through (p_k, x_k), flat beyond its ends, with p_k = C_k/C_n (hf4), (C_k − w_k/2)/C_n (hf5),
      C_k/(C_n + w_n) (hf6), C_{k−1}/C_{n−1} (hf7), (C_k − w_k/3)/(C_n + w_n/3) (hf8), (C_k − 3w_k/8)/(C_n + w_n/4) (hf9).

    With equal weights hf1 to hf9 are types 1 to 9 of Hyndman and Fan (1996), The American Statistician 50, 361-365, but for
    hf3, where that type rounds to the nearest row. Shah and Vaish (2006), Proceedings of the Survey Research Methods Section.
    """
    held = weights > 0
    x, w = values[held], weights[held]
    count = np.ones(len(w)) if rows is None else rows[held]
    if not len(x):
        return np.full(len(shares), np.nan)
    inside = (shares >= 0) & (shares <= 1)
    p = np.where(inside, shares, 0.5)
    if rule in DISCRETE:
        found = _discrete(rule, x, w, p)
    else:
        if (count > 1).any():
            x, w = np.repeat(x, count.astype(int)), np.repeat(w / count, count.astype(int))
        found = (
            _shah_vaish(x, w, p, len(w) if people is None else people)
            if rule == "shah-vaish"
            else _snapped(np.interp(p, _points(rule, w), x), x)
        )
    return np.where(inside, found, np.nan)


def _discrete(rule: str, x: Floats, w: Floats, p: Floats) -> Floats:
    reached = np.cumsum(w) / w.sum()
    position = np.minimum(np.searchsorted(reached, p - DUST), len(x) - 1)
    exact = np.abs(reached[position] - p) <= DUST
    after = x[np.minimum(position + 1, len(x) - 1)]
    if rule in ("school", "hf2"):
        return np.where(exact, (x[position] + after) / 2, x[position])
    if rule == "hf3":
        return np.where(exact & (position % 2 == 0), after, x[position])
    return x[position]


def _shah_vaish(x: Floats, w: Floats, p: Floats, n: float) -> Floats:
    star = w * n / w.sum()
    reached = np.maximum.accumulate((np.cumsum(star) + 0.5 - star / 2) / (n + 1))
    return x[np.minimum(np.searchsorted(reached, p - DUST), len(w) - 1)]


def _snapped(found: Floats, x: Floats) -> Floats:
    """Points that miss a value by rounding alone are that value: who is at or below it must not hang on the last digit."""
    after = np.minimum(np.searchsorted(x, found), len(x) - 1)
    for near in (x[after], x[np.maximum(after - 1, 0)]):
        found = np.where(np.abs(found - near) <= DUST * np.maximum(np.abs(near), 1e-300), near, found)
    return found


def _points(rule: str, w: Floats) -> Floats:
    """The p_k of a continuous rule."""
    added = np.cumsum(w)
    total, last = added[-1], w[-1]
    if len(w) == 1:
        return np.array([0.5])
    return {
        "hf4": lambda: added / total,
        "hf5": lambda: (added - w / 2) / total,
        "hf6": lambda: added / (total + last),
        "hf7": lambda: (added - w) / (total - last),
        "hf8": lambda: (added - w / 3) / (total + last / 3),
        "hf9": lambda: (added - 3 * w / 8) / (total + last / 4),
    }[rule]()
