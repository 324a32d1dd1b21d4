"""What a simulator of a design hands back: a sample as its estimator takes it, and the truth that it was drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault


@dataclass(frozen=True, kw_only=True)
class DesignDraw:
    """One sample of a population whose numbers are known.

    Attributes
    ----------
    arguments : mapping
        Of the estimator of the design, by name: ``fl.hidden.adaptive_cluster(**drawn.arguments)``.
    truth : mapping of str to float
        What is so in the population, by quantity.
    population : mapping
        How it was made, and what of it no sample shows.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_two_phase(n=1_000, seed=1)
    >>> sorted(drawn.truth)
    ['prevalence', 'total']
    """

    arguments: Mapping[str, Any]
    truth: Mapping[str, float]
    population: Mapping[str, Any] = field(default_factory=dict[str, Any])


def require_settings(
    shares: Mapping[str, object], counts: Mapping[str, object], numbers: Mapping[str, object] | None = None
) -> None:
    """Refuse a share outside 0 to 1, a count below 1, and a number that is none or below 0.

    Raises
    ------
    EstimateFault
        FL-EST-695: with the names of the settings, and not what was passed, which may be a column.
    """
    wrong = [name for name, value in shares.items() if not 0 <= _number(value) <= 1]
    wrong += [name for name, value in counts.items() if not (_number(value) >= 1 and _number(value) % 1 == 0)]
    wrong += [name for name, value in (numbers or {}).items() if not 0 <= _number(value) < np.inf]
    if wrong:
        raise EstimateFault(
            "FL-EST-695", "a population of this kind cannot be drawn", found=", ".join(f"{name}=" for name in wrong),
            fix="shares lie between 0 and 1; numbers of people, units and cases are 1 or more; means and spreads are not below 0",
        )  # fmt: skip


def pair_of(value: object) -> tuple[object, object]:
    """Two numbers, of which either may be wrong still."""
    if isinstance(value, tuple | list) and len(value) == 2:
        return value[0], value[1]
    return None, None


def _number(value: object) -> float:
    """A number; NaN, which is within no limits, for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return np.nan
    return float(value)
