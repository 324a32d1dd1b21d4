"""What calibrated weights mean for variances: factors of groups of the small table, residuals, factors of replicates.

A linear statistic Σ w z of weights w calibrated to totals of x has the variance of Σ w (z − x'B), with B the regression of z on
x by the weights before (Deville and Särndal 1992, eq. 3.4). The small table is keyed by the columns of x, so that x and the
factors are known of every group, whatever the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fl_estimate.design.calibration import Distance
from fl_estimate.design.margins import features
from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.errors import DesignFault
from fl_estimate.inputs.adjustments import Calibration

STILL_MET = 1e-6
"""Totals that are further off than this were met by other people than these."""
Influence = Callable[[tuple[str, ...]], Floats]
"""Σ of influences of each group, times further row columns of the table where any are named."""


def weight_names(calibrations: Sequence[Calibration]) -> dict[str, str]:
    """The weights after each calibration: a name for sums of the small table, and their column."""
    return {f"after{position}": step.after for position, step in enumerate(calibrations)}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A calibration as the small table has it.

    Attributes
    ----------
    calibration : Calibration
    x : array, shape (groups, terms)
    weight : array, shape (groups,)
        Σ of the weights after it.
    factor : array, shape (groups,)
    """

    calibration: Calibration
    x: Floats
    weight: Floats
    factor: Floats

    @property
    def features(self) -> Floats:
        """Σ w x by group, shape (groups, terms)."""
        return self.weight[:, None] * self.x

    @property
    def gram(self) -> Floats:
        """Σ d x x', shape (terms, terms)."""
        return self.x.T @ ((self.weight / self.factor)[:, None] * self.x)

    def cross(self, later: Step) -> Floats:
        """Σ w x y'/g: w and y of a later step, x and g of this."""
        return (self.x / self.factor[:, None]).T @ later.features

    def right(self, influence: Influence) -> list[Floats]:
        """Σ u x/g by group, of each term."""
        own = influence(())
        return [own * column / self.factor for column in self.x.T]


class KnownStep(Protocol):
    """What residuals ask of a calibration, however the small table shows it."""

    @property
    def features(self) -> Floats:
        """Σ w x by group, shape (groups, terms)."""
        ...

    @property
    def gram(self) -> Floats:
        """Σ d x x', shape (terms, terms)."""
        ...

    def cross(self, later: Any, /) -> Floats:
        """Σ w x y'/g: w and y of a later step, x and g of this."""
        ...

    def right(self, influence: Influence, /) -> list[Floats]:
        """Σ u x/g by group, of each term."""
        ...


def read_steps(table: Totals, calibrations: Sequence[Calibration]) -> tuple[Step, ...]:
    """Read calibrations off a small table that is keyed by their columns and has the sums of `weight_names`.

    Raises
    ------
    DesignFault
        FL-DESIGN-58: the people do not meet the totals any more.
    """
    steps: list[Step] = []
    for position, calibration in enumerate(calibrations):
        weight = table.sums[f"after{position}",]
        x = features(calibration.terms, table)
        if calibration.aggregate is not None:
            x = unit_means(x, weight, table.keys[calibration.aggregate].codes)
        totals = np.array([term.total for term in calibration.terms])
        missed = np.abs(weight @ x - totals) / np.maximum(np.abs(totals), weight @ np.abs(x))
        if not (missed <= STILL_MET).all():
            raise not_met(table, calibration)
        factor = Distance(method=calibration.method, bounds=calibration.bounds).factor(x @ calibration.slopes)
        steps.append(Step(calibration=calibration, x=x, weight=weight, factor=factor))
    return tuple(steps)


def not_met(table: Totals, calibration: Calibration) -> DesignFault:
    """FL-DESIGN-58."""
    return DesignFault(
        "FL-DESIGN-58",
        "the people do not meet the totals that their weights were calibrated to",
        found=f"{len(table.n):,} groups, column {calibration.after!r}",
        fix="estimate from all people that calibration gave back; say a subpopulation in where=",
    )


def unit_means(x: Floats, weight: Floats, unit: Codes) -> Floats:
    """Weighted means of x over units, given back to every group."""
    size = np.bincount(unit, weights=weight)
    means = [np.bincount(unit, weights=weight * column) / np.where(size > 0, size, 1.0) for column in x.T]
    return np.stack(means, axis=1)[unit]


@dataclass(frozen=True, kw_only=True)
class CalibrationResidual:
    """What is taken off influences: Σ w z of a unit less Σ_g features_g · coefficients, for every column of statistics.

    Attributes
    ----------
    features : array, shape (groups, terms of all steps)
    coefficients : array, shape (terms of all steps, columns)
    """

    features: Floats
    coefficients: Floats


def residual(steps: Sequence[KnownStep], own: Sequence[tuple[Codes, Influence, int]]) -> CalibrationResidual:
    """Regress influences on the terms of every calibration, the last one first.

    Parameters
    ----------
    steps : sequence of Step
    own : sequence of (domain of each group, Σ of influences of each group within its domain, number of domains)
        One for each statistic.

    Notes
    -----
    With u = w z, of one step: B = (Σ d x x')⁻¹ Σ x u/g and the influence is u − g d x'B, d the weights before and g the
    factor. What is left of an earlier step in the way is regressed on the later ones' leavings.
    """
    columns = sum(width for _, _, width in own)
    solved: list[tuple[KnownStep, Floats]] = []
    for step in reversed(steps):
        gram = step.gram
        right = np.zeros((len(gram), columns))
        start = 0
        for domain, influence, width in own:
            for j, column in enumerate(step.right(influence)):
                right[j, start : start + width] = np.bincount(domain, weights=column, minlength=width)
            start += width
        for later, b in solved:
            right -= step.cross(later) @ b
        solved.append((step, _solved(gram, right)))
    return CalibrationResidual(
        features=np.concatenate([step.features for step, _ in solved], axis=1),
        coefficients=np.concatenate([b for _, b in solved], axis=0),
    )


def _solved(gram: Floats, right: Floats) -> Floats:
    """Least squares of least norm, terms brought to one size: margins depend on each other (each sums to everybody)."""
    size = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    scaled = gram / np.outer(size, size)
    return np.linalg.lstsq(scaled, right / size[:, None], rcond=1e-12)[0] / size[:, None]


def rank(steps: Sequence[Step]) -> int:
    """How many totals that do not follow from the others the weights meet."""
    x = np.concatenate([step.x for step in steps], axis=1)
    size = np.sqrt((x**2).sum(axis=0))
    gram = (x / size).T @ (x / size)
    return int(np.linalg.matrix_rank(gram, tol=1e-10, hermitian=True))


def replicate_factors(steps: Sequence[Step], replicates: slice) -> Floats:
    """The product over steps of each replicate's factor over the sample's own, shape (groups, replicates of the slice)."""
    out = np.ones((1, 1))
    for step in steps:
        slopes = step.calibration.replicate_slopes
        if slopes is None:
            raise AssertionError("replicates are calibrated with the sample")
        distance = Distance(method=step.calibration.method, bounds=step.calibration.bounds)
        out = out * distance.factor(step.x @ slopes[replicates].T) / step.factor[:, None]
    return out
