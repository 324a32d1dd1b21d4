"""Numbers that every model of this family is asked with: probability of the interval, draws kept, seed; and its answers' quantiles."""

from __future__ import annotations

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown


def check_numbers(level: float, draws: int, seed: int | None) -> None:
    """Refuse a level that is no probability, and draws or seeds that are no whole numbers.

    Raises
    ------
    EstimateFault
        FL-EST-50.
    """
    wrong: list[str] = []
    if not 0 < level < 1:
        wrong.append(f"level={shown(level)}")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        wrong.append(f"draws={shown(draws)}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0):
        wrong.append(f"seed={shown(seed)}")
    if wrong:
        raise EstimateFault(
            "FL-EST-50",
            "an argument is out of range",
            found=", ".join(wrong),
            fix="95 % is level=0.95; draws is a whole number above 0, seed one of 0 or more",
        )


def tails_of(level: float) -> tuple[float, float, float]:
    """Probabilities of the lower limit, the median and the upper limit."""
    return (1 - level) / 2, 0.5, (1 + level) / 2


def weighted_figures(values: Floats, weight: Floats, tails: tuple[float, float, float]) -> dict[str, Floats]:
    """Median, standard deviation and limits of every column of weighted draws (N, rows)."""
    mean = weight @ values
    out = np.empty((3, values.shape[1]))
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column], kind="stable")
        # Each value stands at the middle of its own weight.
        reached = np.cumsum(weight[order]) - 0.5 * weight[order]
        out[:, column] = np.interp(tails, reached, values[order, column])
    sd = np.sqrt(weight @ (values - mean) ** 2)
    return {"value": out[1], "se": sd, "lower": out[0], "upper": out[2], "mean": mean}
