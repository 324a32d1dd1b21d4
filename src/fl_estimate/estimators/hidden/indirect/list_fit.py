"""One fit of a list experiment, by any of its methods: coefficients with the influence of every group. No rows of people here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.indirect.list_model import ListAnswers, ListLikelihood, logistic, maximise, scores
from fl_estimate.estimators.hidden.indirect.list_moments import linear, two_step

ModelEstimator = Literal["linear", "nls", "ml"]
NO_LIARS, NO_RHO = -7.0, -8.0
"""Log-odds of hiding, and of the ρ of the control items, below which there is none."""


@dataclass(frozen=True, kw_only=True)
class ListMethod:
    """How a list experiment is fitted.

    Attributes
    ----------
    estimator : {"linear", "nls", "ml"}
    likelihood : ListLikelihood
    leverage : bool
        Whether residuals of the linear method are divided by 1 − leverage.
    """

    estimator: ModelEstimator
    likelihood: ListLikelihood = field(default_factory=ListLikelihood)
    leverage: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedList:
    """Coefficients of a list experiment.

    Attributes
    ----------
    theta : array, shape (parameters,)
        Those of the sensitive item first.
    influence : array, shape (groups, parameters)
    method : ListMethod
        As it was fitted: without those who hide, where nobody does.
    at_zero : tuple of str
        What went to 0 and was left out: those who hide at an end, the overdispersion.
    log_likelihood : float
    model_se : array
        Standard errors by the information, as if the sample were a simple random one; empty without a likelihood.
    """

    theta: Floats
    influence: Floats
    method: ListMethod
    at_zero: tuple[str, ...] = ()
    log_likelihood: float = float("nan")
    model_se: Floats = field(default_factory=lambda: np.zeros(0))

    def names(self, columns: list[str]) -> list[str]:
        """What the coefficients are called."""
        if self.method.estimator == "ml":
            return self.method.likelihood.names(columns)
        return [*columns, *(f"control: {name}" for name in columns)]

    def shares(self, x: Floats) -> tuple[Floats, Floats]:
        """The share with the sensitive item of each row, and its derivatives in all parameters."""
        p = x.shape[1]
        slopes = np.zeros((len(x), len(self.theta)))
        if self.method.estimator == "linear":
            slopes[:, :p] = x
            return x @ self.theta[:p], slopes
        share = logistic(x @ self.theta[:p])
        slopes[:, :p] = (share * (1 - share))[:, None] * x
        return share, slopes


def fit_list(
    answers: ListAnswers, weight: Floats, people: float, method: ListMethod, start: Floats | None = None
) -> FittedList:
    """Fit a list experiment.

    Raises
    ------
    EstimateFault
        FL-EST-647: the likelihood, or the sum of squares, has no optimum within the shares that there can be.
    """
    if not method.leverage:
        # Equal people have equal influences; leverage alone is of each by their own weight.
        few, of = answers.patterns
        made = _fitted(few, np.bincount(of, weights=weight, minlength=len(few.y)), people, method, start)
        return replace(made, influence=made.influence[of])
    return _fitted(answers, weight, people, method, start)


def _fitted(
    answers: ListAnswers, weight: Floats, people: float, method: ListMethod, start: Floats | None
) -> FittedList:
    if method.estimator == "linear":
        made = linear(answers, weight, leverage=method.leverage)
        return FittedList(theta=made.theta, influence=made.influence, method=method)
    if method.estimator == "nls":
        made = two_step(answers, weight, start)
        if not made.settled:
            raise _no_optimum("the sum of squares")
        return FittedList(theta=made.theta, influence=made.influence, method=method)
    return _by_likelihood(answers, weight, people, method, start)


def _by_likelihood(
    answers: ListAnswers, weight: Floats, people: float, method: ListMethod, start: Floats | None
) -> FittedList:
    fit = maximise(answers, weight, people, method.likelihood, start)
    parts = method.likelihood.parts(answers.x.shape[1])
    none = {
        name: False for name in ("ceiling", "floor") if name in parts and float(fit.theta[parts[name]][0]) < NO_LIARS
    }
    rho = [float(fit.theta[parts[name]][0]) for name in ("rho0", "rho1") if name in parts]
    none |= {"overdispersed": False} if rho and max(rho) < NO_RHO else {}
    if none:
        likelihood = replace(method.likelihood, **none)
        plain = _by_likelihood(answers, weight, people, replace(method, likelihood=likelihood), None)
        return replace(plain, at_zero=(*none, *plain.at_zero))
    runaway = any(float(fit.theta[parts[name]][0]) > -NO_LIARS for name in ("ceiling", "floor") if name in parts)
    if not fit.settled or runaway:
        raise _no_optimum("the likelihood")
    inverse = np.linalg.inv(fit.information)
    _, each = scores(fit.theta, answers, method.likelihood)
    scale = people / weight.sum()
    return FittedList(
        theta=fit.theta,
        influence=each @ inverse,
        method=method,
        log_likelihood=fit.log_likelihood,
        model_se=np.sqrt(np.maximum(np.diag(inverse) / scale, 0.0)),
    )


def _no_optimum(what: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-647", f"{what} of the list experiment has no optimum: a share runs to 0 or 1",
        found="coefficients without limit",
        fix='fewer covariates, no ceiling or floor; or estimator="difference", which always has a value',
    )  # fmt: skip
