"""A fitted model with the people it was fitted to: while it is fitted or asked something, never in a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.models.class_models import ClassFamily, ClassFit
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_families import Family
from fl_estimate.estimators.survey.models.model_fit import RegressionFit, check_settled, fit
from fl_estimate.estimators.survey.models.model_offset import Offset
from fl_estimate.estimators.survey.models.model_variance import Covariance


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """A model with the people it was fitted to: while it is fitted or asked something, never in a result.

    Attributes
    ----------
    formula : str
    family : Family
        With its link.
    offset : Offset
        What stands in the linear predictor with a coefficient of 1, and its values by pattern.
    spec : formulaic.ModelSpec
        How the right-hand side becomes columns.
    x, y : arrays
        The design matrix and the outcome, one row a pattern.
    covariance : Covariance
        Of the coefficients.
    df : float
        Residual degrees of freedom: those of the design, + 1 − p.
    design_df : float
    """

    formula: str
    family: Family
    offset: Offset
    spec: Any
    x: Floats
    y: Floats
    data: ModelData
    fit: RegressionFit
    covariance: Covariance
    df: float
    design_df: float

    @property
    def beta(self) -> Floats:
        """The coefficients."""
        return self.fit.beta

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What its means are of."""
        return (outcome_of(self.formula),)

    @property
    def influence(self) -> Floats:
        """Of a person of each pattern on the coefficients, without the weight, shape (patterns, p)."""
        return (self.x * self.fit.score[:, None]) @ self.fit.bread

    @property
    def naive(self) -> Floats:
        """What the covariance would be if people had been drawn one by one with weights of mean 1."""
        return self.fit.bread * self.data.mean_weight

    def again(self, weights: Floats) -> Floats:
        """The coefficients with other weights of the patterns; NaN where there are none."""
        with np.errstate(invalid="ignore"):
            one = fit(self.x, self.y, weights, self.family, start=self.beta, offset=self.offset.values)
        return one.beta if one.converged else np.full(len(self.beta), np.nan)

    def means(self, beta: Floats, x: Floats) -> Floats:
        """What it predicts for the patterns with this design matrix, shape (patterns, outcomes)."""
        return self.family.mean(x @ beta + self.offset.values)[:, None]

    def slopes(self, beta: Floats, x: Floats, weight: Floats) -> Floats:
        """Σ w dμ/dβ, shape (outcomes, p)."""
        return ((weight * self.family.slope(x @ beta + self.offset.values)) @ x)[None, :]

    def columns(self, frame: Any) -> Floats:
        """The design matrix of people with these values."""
        return np.asarray(self.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)

    def cases(self) -> tuple[Floats, ...]:
        """By pattern, which people an answer could tell: the outcome."""
        return (self.y,)

    def fall(self, positions: Sequence[int]) -> float:
        """How much the deviance falls by these coefficients.

        Raises
        ------
        EstimateFault
            FL-EST-223: the model without them has no maximum.
        """
        kept = [position for position in range(self.x.shape[1]) if position not in set(positions)]
        weight, eta = self.data.pattern_weight, self.offset.values
        if kept:
            without = fit(self.x[:, kept], self.y, weight, self.family, offset=eta)
            names = [str(name) for name in self.spec.column_names]
            check_settled(without, [names[position] for position in kept])
            eta = without.eta
        scaled = weight / self.data.mean_weight
        return self.family.deviance(self.y, eta, scaled) - self.family.deviance(self.y, self.fit.eta, scaled)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedClasses:
    """A model of classes with the people it was fitted to; the same questions can be asked of it as of a `FittedModel`.

    Attributes
    ----------
    formula, spec, data, covariance, df, design_df
        As of `FittedModel`.
    family : ClassFamily
    x : array, shape (patterns, p)
        Without a constant where the model has thresholds.
    y : int array, shape (patterns,)
        The place of each pattern's class.
    kept : tuple of int
        Which columns of the right-hand side `x` has.
    fit : ClassFit
    """

    formula: str
    family: ClassFamily
    spec: Any
    x: Floats
    y: Codes
    kept: tuple[int, ...]
    data: ModelData
    fit: ClassFit
    covariance: Covariance
    df: float
    design_df: float

    @property
    def beta(self) -> Floats:
        """The coefficients."""
        return self.fit.beta

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What its means are of: each class."""
        return tuple(f"{outcome_of(self.formula)}={name}" for name in self.family.classes)

    @property
    def influence(self) -> Floats:
        """Of a person of each pattern on the coefficients, without the weight, shape (patterns, q)."""
        return self.fit.influence

    @property
    def naive(self) -> Floats:
        """What the covariance would be if people had been drawn one by one with weights of mean 1."""
        return self.fit.bread * self.data.mean_weight

    def again(self, weights: Floats) -> Floats:
        """The coefficients with other weights of the patterns; NaN where there are none."""
        one = self.family.fit(self.x, self.y, weights, self.beta)
        return one.beta if one.converged else np.full(len(self.beta), np.nan)

    def means(self, beta: Floats, x: Floats) -> Floats:
        """The probability of each class, shape (patterns, classes)."""
        return self.family.shares(beta, x)

    def slopes(self, beta: Floats, x: Floats, weight: Floats) -> Floats:
        """Σ w dP/dθ, shape (classes, q)."""
        return self.family.slopes(beta, x, weight)

    def columns(self, frame: Any) -> Floats:
        """The design matrix of people with these values."""
        return np.asarray(self.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)[:, list(self.kept)]

    def cases(self) -> tuple[Floats, ...]:
        """By pattern, which people an answer could tell: those of each class."""
        return tuple((self.y == position).astype(float) for position in range(len(self.family.classes)))

    def fall(self, positions: Sequence[int]) -> float:
        """How much −2 log-likelihood, with weights of mean 1, falls by these coefficients.

        Raises
        ------
        EstimateFault
            FL-EST-328: the model without them has no maximum.
        """
        gone = {position % self.x.shape[1] for position in positions}
        kept = [position for position in range(self.x.shape[1]) if position not in gone]
        if not kept and self.family.name == "multinomial":
            best = -float(self.data.pattern_weight.sum()) * float(np.log(len(self.family.classes)))
            return 2 * (self.fit.loglikelihood - best) / self.data.mean_weight
        without = self.family.fit(self.x[:, kept], self.y, self.data.pattern_weight)
        if not without.converged:
            raise no_maximum(len(kept), self.data.rows)
        return 2 * (self.fit.loglikelihood - without.loglikelihood) / self.data.mean_weight


Fitted = FittedModel | FittedClasses


def outcome_of(formula: str) -> str:
    """The left-hand side."""
    return formula.split("~")[0].strip()


def no_maximum(coefficients: int, rows: float) -> EstimateFault:
    """What is said where a model of classes has no estimate."""
    return EstimateFault(
        "FL-EST-328", "the model of classes has no estimate", found=f"{coefficients} coefficients, {rows:,.0f} people",
        fix="some class is never, or always, met in some group: merge classes, or leave the term out",
    )  # fmt: skip
