"""Spells of forced labour drawn from a process whose stock is known: do stock formulas find it? Nothing is estimated here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fl_estimate.arrays import Floats

Law = Literal["exponential", "gamma", "log-normal"]


@dataclass(frozen=True, kw_only=True)
class Process:
    """What happened in a window of a steady inflow.

    Attributes
    ----------
    flow : int
        Persons with any spell in the window.
    years_inside : Floats
        Years inside the window of each of them.
    mean_completed_of_entrants : float
        Mean completed spell of those who began in the window.
    stock : float
        True average number at any time of the window.
    """

    flow: int
    years_inside: Floats
    mean_completed_of_entrants: float
    stock: float


def steady_inflow(
    law: Law, mean_years: float, *, window_years: float = 5.0, inflow: float = 40_000, before: float = 60.0, seed: int
) -> Process:
    """Draw one spell a person from a Poisson inflow that was steady for years before the window.

    Parameters
    ----------
    law : {"exponential", "gamma", "log-normal"}
        Of the spells: gamma of shape 2, log-normal of median 0.5 years.
    mean_years : float
        Of a completed spell.
    window_years, before : float
        Length of the window, and of the time before it that is drawn.
    inflow : float
        Persons a year.
    """
    rng = np.random.default_rng(seed)
    length = before + window_years
    begun = rng.uniform(-before, window_years, rng.poisson(inflow * length))
    spell = _LAWS[law](rng, mean_years, len(begun))
    inside = np.minimum(begun + spell, window_years) - np.maximum(begun, 0.0)
    caught = inside > 0
    return Process(
        flow=int(caught.sum()),
        years_inside=inside[caught],
        mean_completed_of_entrants=float(spell[begun >= 0].mean()),
        stock=float(inside[caught].sum()) / window_years,
    )


def _log_normal(rng: np.random.Generator, mean: float, n: int) -> Floats:
    median = 0.5
    return rng.lognormal(np.log(median), np.sqrt(2 * np.log(mean / median)), n)


_LAWS: dict[str, Callable[[np.random.Generator, float, int], Floats]] = {
    "exponential": lambda rng, mean, n: rng.exponential(mean, n),
    "gamma": lambda rng, mean, n: rng.gamma(2.0, mean / 2, n),
    "log-normal": _log_normal,
}
