"""What a simulator of a design hands back: a sample as its estimator takes it, and the truth that it was drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault, shown


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


def require_settings(shares: Mapping[str, float], counts: Mapping[str, int]) -> None:
    """Refuse a share outside 0 to 1, and a count below 1.

    Raises
    ------
    EstimateFault
        FL-EST-695.
    """

    def number(value: object) -> bool:
        return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))

    wrong = [f"{name}={shown(value)}" for name, value in shares.items() if not (number(value) and 0 <= value <= 1)]
    wrong += [
        f"{name}={shown(value)}"
        for name, value in counts.items()
        if not (number(value) and value == int(value) and value >= 1)
    ]
    if wrong:
        raise EstimateFault(
            "FL-EST-695", "a population of this kind cannot be drawn", found="; ".join(wrong),
            fix="shares lie between 0 and 1; numbers of people, units and cases are 1 or more",
        )  # fmt: skip
