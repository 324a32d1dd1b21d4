"""Values of measures from sums, and their linearisation: influence = weight × coefficients · row values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.design.domains import DomainSums, Margin
from fl_estimate.design.small_table import Floats, Totals
from fl_estimate.design.variance import Statistic
from fl_estimate.estimators.survey.domain_query import Measure

CROWDED = 1e4
"""A squared mean above this many variances leaves fewer than twelve digits in a variance computed from squares."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The row columns that were summed, and what was taken off some of them beforehand."""

    names: tuple[str, ...]
    shifts: Mapping[str, float]

    def vector(self, name: str, measure: Measure) -> Floats:
        """A row column as a combination of the columns that were summed: y = (y − s·d) + s·d."""
        vector = np.zeros(len(self.names))
        vector[self.names.index(name)] += 1
        if name in self.shifts:
            vector[self.names.index(measure.target.counted)] += self.shifts[name]
        return vector


@dataclass(frozen=True, kw_only=True)
class LinearisedMeasure:
    """A measure in every domain of a margin: its value, and the coefficients of its influence (domains × columns)."""

    measure: Measure
    margin: Margin
    n: Floats
    value: Floats
    coefficients: Floats
    top: Floats
    bottom: Floats | None
    crowded: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Variances of all drafts laid end to end, by linearisation or by replicates; None where that way has none."""

    variance: Floats
    covariance: Floats | None
    lossy: npt.NDArray[np.bool_]
    df: Floats | None = None
    df_effective: Floats | None = None
    design_df: float | None = None
    logit_se: Floats | None = None
    lost: Floats | None = None
    replicates: int = 0


def draft(measure: Measure, margin: Margin, added: DomainSums, basis: Basis) -> LinearisedMeasure:
    """Value and linearisation of one measure.

    u = top for a total; (top − θ bottom)/Σ w·bottom for a ratio; n/(n − 1) ((y − ȳ)² − s²)/Σ w for the variance
    θ = n/(n − 1) s², s² = Σ w (y − ȳ)²/Σ w.
    """
    n = added((measure.target.counted,), margin)
    sums = np.stack([added(("w", name), margin) for name in basis.names], axis=1)
    value = evaluate(measure, sums, basis, n)
    top = sums @ basis.vector(measure.top, measure)
    bottom = None if measure.bottom is None else sums @ basis.vector(measure.bottom, measure)
    crowded = np.zeros(len(n), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.square is not None:
            coefficients, crowded = _spread(measure, sums, basis, n)
        elif bottom is None:
            coefficients = np.repeat(basis.vector(measure.top, measure)[None, :], len(n), axis=0)
        else:
            ratio = value[:, None] * basis.vector(str(measure.bottom), measure)
            coefficients = (basis.vector(measure.top, measure) - ratio) / bottom[:, None]
    return LinearisedMeasure(
        measure=measure,
        margin=margin,
        n=n,
        value=value,
        coefficients=np.where(np.isfinite(coefficients), coefficients, 0.0),
        top=top,
        bottom=bottom,
        crowded=crowded,
    )


def statistics_of(drafts: Sequence[LinearisedMeasure], table: Totals) -> list[Statistic]:
    """The drafts as the variance routines take them."""
    return [
        Statistic(domain=d.margin.domain, coefficients=d.coefficients, met=table.sums[d.measure.target.counted,] > 0)
        for d in drafts
    ]


def evaluate(measure: Measure, sums: Floats, basis: Basis, n: Floats) -> Floats:
    """The value of a measure from weighted sums.

    Parameters
    ----------
    measure : Measure
    sums : array, shape (…, domains, columns)
        Σ w × each column of `basis`, with the sampling weights or with those of replicates.
    basis : Basis
    n : array, shape (domains,)
        Rows counted.

    Returns
    -------
    array, shape (…, domains)
        NaN where nobody is counted.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.square is not None:
            _, _, spread = _centred(measure, sums, basis)
            return np.where(n > 1, spread * n / (n - 1), np.nan)
        top = sums @ basis.vector(measure.top, measure)
        if measure.bottom is None:
            return np.where(n > 0, top, np.nan)
        bottom = sums @ basis.vector(measure.bottom, measure)
        return np.where(bottom != 0, top / bottom, np.nan)


def _centred(measure: Measure, sums: Floats, basis: Basis) -> tuple[Floats, Floats, Floats]:
    """Σ w, the mean (of the column as it was summed), and Σ w (y − ȳ)²/Σ w."""
    at = basis.names.index
    size = sums[..., at(measure.target.counted)]
    mean = sums[..., at(measure.top)] / size
    return size, mean, np.maximum(sums[..., at(str(measure.square))] / size - mean**2, 0.0)


def _spread(measure: Measure, sums: Floats, basis: Basis, n: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    size, mean, spread = _centred(measure, sums, basis)
    blow = n / (n - 1) / size
    coefficients = np.zeros((len(n), len(basis.names)))
    coefficients[:, basis.names.index(str(measure.square))] = blow
    coefficients[:, basis.names.index(measure.top)] = -2 * mean * blow
    coefficients[:, basis.names.index(measure.target.counted)] += (mean**2 - spread) * blow
    return coefficients, mean**2 > CROWDED * spread
