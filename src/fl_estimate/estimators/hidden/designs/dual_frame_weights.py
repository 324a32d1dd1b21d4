"""How the overlap of two frames is put together: coefficients of each sample's totals, by five estimators. Arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats

Y, Y_BOTH, N, N_BOTH = range(4)
"""Places of y_a, y_ab, n_a, n_ab in the totals of a sample."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Outcome and people of the union of both frames.

    Attributes
    ----------
    outcome, people : float
    of_a, of_b : float array, shape (2, 4)
        How both change with the totals of each sample: rows outcome and people.
    share : float
        The part of sample A in the overlap; NaN where it has no single one.
    """

    outcome: float
    people: float
    of_a: Floats
    of_b: Floats
    share: float = np.nan


def optimal_share(a: Floats, b: Floats, own: int, both: int) -> float:
    """Hartley's θ: (V(ab_B) + C(b, ab_B) − C(a, ab_A))/(V(ab_A) + V(ab_B)); one half where neither varies."""
    spread = a[both, both] + b[both, both]
    if not spread > 0:
        return 0.5
    return float((b[both, both] + b[own, both] - a[own, both]) / spread)


def hartley(total_a: Floats, total_b: Floats, shares: tuple[float, float]) -> Joined:
    """y_a + θ y_ab(A) + (1 − θ) y_ab(B) + y_b, and the same of people, each with its θ."""
    of_a, of_b = np.zeros((2, 4)), np.zeros((2, 4))
    for row, (own, both, share) in enumerate(((Y, Y_BOTH, shares[0]), (N, N_BOTH, shares[1]))):
        of_a[row, own], of_a[row, both] = 1.0, share
        of_b[row, own], of_b[row, both] = 1.0, 1 - share
    value = of_a @ total_a + of_b @ total_b
    return Joined(outcome=float(value[0]), people=float(value[1]), of_a=of_a, of_b=of_b, share=shares[0])


def fuller_burmeister(total_a: Floats, total_b: Floats, a: Floats, b: Floats, share: float | None) -> Joined:
    """Hartley's with the people of the overlap besides: y_a + y_b + y_ab(B) + β₁(y_ab(A) − y_ab(B)) + β₂(n_ab(A) − n_ab(B)).

    β minimise the variance; with `share` β₁ is given and β₂ minimises. People have a θ of their own.
    """
    own = optimal_share(a, b, N, N_BOTH)
    made = hartley(total_a, total_b, (0.0, own))
    apart = np.zeros((2, 4))
    apart[0, Y_BOTH] = apart[1, N_BOTH] = 1.0
    spread = apart @ (a + b) @ apart.T
    with_base = apart @ (a @ made.of_a[0] - b @ made.of_b[0])
    if share is None:
        beta = -np.linalg.pinv(spread) @ with_base
    else:
        rest = with_base[1] + share * spread[1, 0]
        beta = np.array([share, -rest / spread[1, 1] if spread[1, 1] > 0 else 0.0])
    of_a, of_b = made.of_a.copy(), made.of_b.copy()
    of_a[0] += beta @ apart
    of_b[0] -= beta @ apart
    value = float(of_a[0] @ total_a + of_b[0] @ total_b)
    return Joined(outcome=value, people=made.people, of_a=of_a, of_b=of_b, share=float(beta[0]))


def single_frame(total_a: Floats, total_b: Floats) -> Joined:
    """Totals of single-frame weights are added up as they are."""
    of = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
    value = of @ total_a + of @ total_b
    return Joined(outcome=float(value[0]), people=float(value[1]), of_a=of, of_b=of)


def raked(total_a: Floats, total_b: Floats, sizes: tuple[float, float]) -> Joined:
    """Single-frame weights raked to the sizes of both frames (Skinner 1991), with what the raking explains taken out.

    With cells n_a, n_b and s = n_ab of single-frame weights, x of the overlap solves s x² − (s(N_A + N_B) + n_a n_b) x + s N_A N_B = 0.
    """
    s = total_a[N_BOTH] + total_b[N_BOTH]
    n_a, n_b = total_a[N], total_b[N]

    def made(cells: Floats) -> Floats:
        """Outcome and people by cells y_a, y_b, y_s, n_a, n_b, s."""
        y_a, y_b, y_s, p_a, p_b, p_s = cells
        root = _lesser_root(p_s, p_s * sum(sizes) + p_a * p_b, p_s * sizes[0] * sizes[1])
        parts = (sizes[0] - root, sizes[1] - root, root)
        outcome = sum(
            size * y / p if p > 0 else 0.0 for size, y, p in zip(parts, (y_a, y_b, y_s), (p_a, p_b, p_s), strict=True)
        )
        return np.array([outcome, sum(sizes) - root])

    cells = np.array([total_a[Y], total_b[Y], total_a[Y_BOTH] + total_b[Y_BOTH], n_a, n_b, s])
    value, slope = made(cells), _slopes(made, cells)
    of_a = np.stack([slope[:, 0], slope[:, 2], slope[:, 3], slope[:, 5]], axis=1)
    of_b = np.stack([slope[:, 1], slope[:, 2], slope[:, 4], slope[:, 5]], axis=1)
    return Joined(outcome=float(value[0]), people=float(value[1]), of_a=of_a, of_b=of_b)


def pseudo_likelihood(total_a: Floats, total_b: Floats, share: float, sizes: tuple[float, float]) -> Joined:
    """Skinner and Rao's (1996) estimator with the sizes of both frames: one set of weights for all outcomes."""

    def made(cells: Floats) -> Floats:
        y_a, y_ba, n_a, n_ba, y_b, y_bb, n_b, n_bb = cells
        both = share * n_ba + (1 - share) * n_bb
        square = share / sizes[1] + (1 - share) / sizes[0]
        x = _lesser_root(square, 1 + share * n_ba / sizes[1] + (1 - share) * n_bb / sizes[0], both)
        outcome = (sizes[0] - x) * (y_a / n_a if n_a > 0 else 0.0) + (sizes[1] - x) * (y_b / n_b if n_b > 0 else 0.0)
        outcome += x * ((share * y_ba + (1 - share) * y_bb) / both if both > 0 else 0.0)
        return np.array([outcome, sum(sizes) - x])

    cells = np.concatenate([total_a, total_b])
    value, slope = made(cells), _slopes(made, cells)
    return Joined(outcome=float(value[0]), people=float(value[1]), of_a=slope[:, :4], of_b=slope[:, 4:], share=share)


def _lesser_root(square: float, linear: float, constant: float) -> float:
    """Of square x² − linear x + constant = 0."""
    if not square > 0:
        return constant / linear if linear > 0 else 0.0
    return float((linear - np.sqrt(max(linear**2 - 4 * square * constant, 0.0))) / (2 * square))


def _slopes(function: Callable[[Floats], Floats], cells: Floats) -> Floats:
    """Derivatives, by central differences over steps of 1e-6 of each cell."""
    found: list[Floats] = []
    for position, cell in enumerate(cells):
        step = np.zeros(len(cells))
        step[position] = 1e-6 * max(abs(cell), 1.0)
        found.append((function(cells + step) - function(cells - step)) / (2 * step[position]))
    return np.stack(found, axis=1)
