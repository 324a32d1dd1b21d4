"""Maximum likelihood of a conditional log-linear model: outcomes of each row under one softmax, by Newton's method. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, listed

STEPS = 100
SETTLED = 1e-12
"""Newton's decrement, relative to 1 + |log-likelihood|, at which a fit may stop."""
CERTAIN = 1e-10
"""Absolute decrement below which a coefficient that still has no information (`WILD`) is one that runs to infinity."""
WILD = 1e3
"""Standard error of a coefficient, of a column scaled to at most 1, above which it has no finite estimate."""
FLAT = 1e-9
"""Smallest eigenvalue of the information, scaled to a unit diagonal, of a model that can be told from data."""
BLOCK = 2_000_000
"""Numbers in the largest array of a pass: rows are taken in blocks, so that memory does not grow with rows × outcomes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Softmax:
    """Rows of people alike, their outcomes, and how coefficients enter.

    The chance of outcome o in row i is ∝ exp(Σ_j β_j x_{i,c(j)} Σ_θ L_{jθ} A_{oθ}): coefficient j multiplies column c(j) and
    counts for the terms θ that L names; an outcome holds the terms that A names.

    Attributes
    ----------
    columns : array, shape (rows, columns)
        Scaled to at most 1 in absolute value.
    members : array, shape (outcomes, terms)
        A: 0 or 1.
    column_of : int array, shape (coefficients,)
    loads : array, shape (coefficients, terms)
        L: 0 or 1.
    open : flags, shape (patterns, outcomes)
        Which outcomes there are in rows of each pattern.
    pattern : int array, shape (rows,)
    people : array, shape (rows,)
    sums : array, shape (rows, terms)
        People of each row whose outcome holds each term.
    names : tuple of str
        Of the coefficients, for messages.
    """

    columns: Floats
    members: Floats
    column_of: npt.NDArray[np.intp]
    loads: Floats
    open: Bools
    pattern: npt.NDArray[np.intp]
    people: Floats
    sums: Floats
    names: tuple[str, ...]

    def counted(self, people: Floats, sums: Floats) -> Softmax:
        """The same model of other counts."""
        return replace(self, people=people, sums=sums)

    def rows(self, kept: npt.NDArray[np.intp]) -> Softmax:
        """The same model of some of its rows."""
        return replace(
            self, columns=self.columns[kept], pattern=self.pattern[kept], people=self.people[kept], sums=self.sums[kept]
        )

    def gathered(self, by_column: Floats) -> Floats:
        """From (…, columns, terms) to (…, coefficients)."""
        return np.einsum("...jt,jt->...j", by_column[..., self.column_of, :], self.loads)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """What one pass over the rows gives at some coefficients.

    Attributes
    ----------
    log_likelihood : float
        Without the multinomial coefficients.
    log_mass : array, shape (rows,)
        log Σ_o exp(…): of histories, the log odds to be observed.
    means : array, shape (rows, terms)
        Chance that the outcome of a row holds each term.
    score : array, shape (coefficients,)
    information : array, shape (coefficients, coefficients)
    """

    log_likelihood: float
    log_mass: Floats
    means: Floats
    score: Floats
    information: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftmaxFit:
    """The maximum: coefficients (of the scaled columns), their covariance, and the moments there."""

    coefficients: Floats
    covariance: Floats
    moments: Moments


def chances(model: Softmax, coefficients: Floats, rows: slice | None = None) -> tuple[Floats, Floats]:
    """Chances of the outcomes of rows, shape (rows, outcomes), and the log of their mass, shape (rows,)."""
    here = slice(None) if rows is None else rows
    by_column = np.zeros((model.columns.shape[1], model.members.shape[1]))
    np.add.at(by_column, model.column_of, model.loads * coefficients[:, None])
    exponent = model.columns[here] @ by_column @ model.members.T
    exponent[~model.open[model.pattern[here]]] = -np.inf
    highest = exponent.max(axis=1, keepdims=True)
    weights = np.exp(exponent - highest)
    mass = weights.sum(axis=1, keepdims=True)
    return weights / mass, (np.log(mass) + highest)[:, 0]


def moments(model: Softmax, coefficients: Floats, *, information: bool = True) -> Moments:
    """One pass over the rows, in blocks."""
    rows, columns = model.columns.shape
    outcomes, terms = model.members.shape
    pairs = [(a, b) for a in range(terms) for b in range(a, terms)] if information else []
    both = (
        np.stack([model.members[:, a] * model.members[:, b] for a, b in pairs], axis=1)
        if pairs
        else np.zeros((outcomes, 0))
    )
    log_mass, means = np.empty(rows), np.empty((rows, terms))
    full = np.zeros((columns, terms, columns, terms))
    size = max(1, BLOCK // max(outcomes, len(pairs), 1))
    for first in range(0, rows, size):
        here = slice(first, min(first + size, rows))
        share, log_mass[here] = chances(model, coefficients, here)
        means[here] = share @ model.members
        x, people = model.columns[here], model.people[here]
        joint = share @ both
        for position, (a, b) in enumerate(pairs):
            weight = people * (joint[:, position] - means[here, a] * means[here, b])
            block = (x * weight[:, None]).T @ x
            full[:, a, :, b] += block
            if a != b:
                full[:, b, :, a] += block
    by_column = np.zeros((columns, terms))
    np.add.at(by_column, model.column_of, model.loads * coefficients[:, None])
    # Σ n_o (exponent − log mass): rows meet their outcomes through the sums of terms only.
    likelihood = float((model.sums * (model.columns @ by_column)).sum() - model.people @ log_mass)
    score = model.gathered(model.columns.T @ (model.sums - model.people[:, None] * means))
    spread = np.zeros((len(model.column_of), columns, terms))
    spread[np.arange(len(model.column_of)), model.column_of] = model.loads
    spread = spread.reshape(len(model.column_of), columns * terms)
    curved = spread @ full.reshape(columns * terms, columns * terms) @ spread.T
    return Moments(log_likelihood=likelihood, log_mass=log_mass, means=means, score=score, information=curved)


def maximise(model: Softmax, start: Floats | None = None) -> SoftmaxFit:
    """Find the maximum of the log-likelihood, which is concave.

    Raises
    ------
    EstimateFault
        FL-EST-172: coefficients that the records cannot tell apart; FL-EST-173: coefficients without a finite estimate.
    """
    coefficients = np.zeros(len(model.names)) if start is None else np.asarray(start, dtype=float)
    now = moments(model, coefficients)
    _require_identified(model, now.information)
    for _ in range(STEPS):
        step = _solve(model, now)
        decrement = float(now.score @ step)
        if decrement <= min(SETTLED * (1 + abs(now.log_likelihood)), CERTAIN):
            # A last step squares what is left of the error.
            coefficients, now = coefficients + step, moments(model, coefficients + step)
            break
        length = 1.0
        while length > 1e-6:
            after = moments(model, coefficients + length * step)
            if after.log_likelihood >= now.log_likelihood - 1e-12 * abs(now.log_likelihood):
                break
            length /= 2
        else:
            # Rounding leaves nothing to gain.
            break
        coefficients, now = coefficients + length * step, after
    covariance = np.asarray(linalg.inv(now.information)) if len(model.names) else np.zeros((0, 0))
    _require_finite(model, coefficients, covariance, now)
    return SoftmaxFit(coefficients=coefficients, covariance=covariance, moments=now)


def _solve(model: Softmax, now: Moments) -> Floats:
    if not len(model.names):
        return np.zeros(0)
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(now.information), now.score))
    except (linalg.LinAlgError, ValueError) as error:
        # The information was regular at the start, and fades only where chances go to 0 or 1.
        raise _not_finite([model.names[int(np.argmin(np.diag(now.information)))]]) from error


def _require_identified(model: Softmax, information: Floats) -> None:
    if not len(model.names):
        return
    diagonal = np.sqrt(np.maximum(np.diag(information), 0.0))
    if (empty := np.flatnonzero(diagonal <= 0)).size:
        raise _not_identified([model.names[position] for position in empty])
    values, vectors = np.linalg.eigh(information / np.outer(diagonal, diagonal))
    if values[0] < FLAT:
        # The direction along which nothing changes: its largest parts are the coefficients that stand for each other.
        direction = np.abs(vectors[:, 0])
        raise _not_identified(
            [model.names[position] for position in np.flatnonzero(direction > 0.05 * direction.max())]
        )


def _require_finite(model: Softmax, coefficients: Floats, covariance: Floats, now: Moments) -> None:
    if not len(model.names):
        return
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    wild = np.flatnonzero((spread > WILD) | ~np.isfinite(coefficients))
    if wild.size or not np.isfinite(now.log_likelihood):
        raise _not_finite([model.names[position] for position in wild] or list(model.names))


def _not_identified(names: list[str]) -> EstimateFault:
    return EstimateFault(
        "FL-EST-172",
        "the records cannot tell these coefficients from each other, or from none at all",
        found=listed(names, most=8),
        fix="leave terms, lists or columns out of the model: one of two columns that say the same, a dependence of lists "
        "that too few lists can show, an effect in a stratum that a single list sees",
    )


def _not_finite(names: list[str]) -> EstimateFault:
    return EstimateFault(
        "FL-EST-173",
        "coefficients have no finite estimate: a list, or an overlap, holds nobody or everybody of some class",
        found=listed(names, most=8),
        fix="where a list cannot see a class of people say so (blind=); else join classes, take the effect as common to "
        "all lists (common=), or leave the dependence out",
    )
