"""Families of models and their links, as data: which outcomes a family can have, which links, where their means may lie.

Distributions and links are statsmodels'; nothing is fitted here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.results.codes import AssumptionCode

FamilyName = Literal[
    "binomial",
    "quasibinomial",
    "gaussian",
    "poisson",
    "quasipoisson",
    "gamma",
    "inverse_gaussian",
    "negative_binomial",
]
LinkName = Literal["logit", "probit", "cloglog", "log", "identity", "inverse", "inverse_squared", "sqrt"]
LINK_CLASSES: Mapping[str, str] = {
    "logit": "Logit",
    "probit": "Probit",
    "cloglog": "CLogLog",
    "log": "Log",
    "identity": "Identity",
    "inverse": "InversePower",
    "inverse_squared": "InverseSquared",
    "sqrt": "Sqrt",
}
"""What statsmodels calls each link."""
Bounds = tuple[float, float]
EVERYWHERE: Bounds = (-np.inf, np.inf)
POSITIVE: Bounds = (0.0, np.inf)


@dataclass(frozen=True, kw_only=True)
class FamilyTraits:
    """What is known of a family before there are data.

    Attributes
    ----------
    distribution : str
        The statsmodels family.
    canonical : str
        With this link μ′ = V(μ), so that the score is Σ w x (y − μ) and the expected information is the observed one; empty where
        none of the links is such.
    links : mapping
        The links that it may have, the default first, each with the open interval of linear predictors that give a mean which
        the family can have.
    outcome : str
        Which outcomes it can have, in words.
    permits : function
        Whether outcomes are such.
    binary : bool
        Whether the outcome is 0/1: its cases are counted.
    assumption : AssumptionCode
    """

    distribution: str
    canonical: str
    links: Mapping[str, Bounds]
    outcome: str
    permits: Callable[[Floats], bool]
    assumption: AssumptionCode
    binary: bool = False


MODEL_BINOMIAL = AssumptionCode("model_binomial")
MODEL_FRACTIONS = AssumptionCode("model_fractions")
MODEL_GAUSSIAN = AssumptionCode("model_gaussian")
MODEL_POISSON = AssumptionCode("model_poisson")
MODEL_GAMMA = AssumptionCode("model_gamma")
MODEL_INVERSE_GAUSSIAN = AssumptionCode("model_inverse_gaussian")
MODEL_NEGATIVE_BINOMIAL = AssumptionCode("model_negative_binomial", "alpha")
MODEL_LINK = AssumptionCode("model_link", "link")
MODEL_OFFSET = AssumptionCode("model_offset", "offset")

OF_SHARES = {
    "logit": EVERYWHERE,
    "probit": EVERYWHERE,
    "cloglog": EVERYWHERE,
    "log": (-np.inf, 0.0),
    "identity": (0.0, 1.0),
}
OF_COUNTS = {"log": EVERYWHERE, "identity": POSITIVE, "sqrt": POSITIVE}
KINDS: Mapping[str, FamilyTraits] = {
    "binomial": FamilyTraits(
        distribution="Binomial", canonical="logit", links=OF_SHARES, outcome="0 and 1",
        permits=lambda y: bool(np.isin(y, (0.0, 1.0)).all()), binary=True, assumption=MODEL_BINOMIAL,
    ),
    "quasibinomial": FamilyTraits(
        distribution="Binomial", canonical="logit", links=OF_SHARES, outcome="shares from 0 to 1",
        permits=lambda y: bool(((y >= 0) & (y <= 1)).all()), assumption=MODEL_FRACTIONS,
    ),
    "gaussian": FamilyTraits(
        distribution="Gaussian", canonical="identity",
        links={"identity": EVERYWHERE, "log": EVERYWHERE}, outcome="numbers", permits=lambda y: bool(np.isfinite(y).all()),
        assumption=MODEL_GAUSSIAN,
    ),
    **{
        name: FamilyTraits(
            distribution="Poisson", canonical="log", links=OF_COUNTS, outcome="numbers from 0 on",
            permits=lambda y: bool((y >= 0).all()), assumption=MODEL_POISSON,
        )
        for name in ("poisson", "quasipoisson")
    },
    "gamma": FamilyTraits(
        distribution="Gamma", canonical="", links={"log": EVERYWHERE, "identity": POSITIVE, "inverse": POSITIVE},
        outcome="numbers above 0", permits=lambda y: bool((y > 0).all()), assumption=MODEL_GAMMA,
    ),
    "inverse_gaussian": FamilyTraits(
        distribution="InverseGaussian", canonical="",
        links={"log": EVERYWHERE, "identity": POSITIVE, "inverse": POSITIVE, "inverse_squared": POSITIVE},
        outcome="numbers above 0", permits=lambda y: bool((y > 0).all()), assumption=MODEL_INVERSE_GAUSSIAN,
    ),
    "negative_binomial": FamilyTraits(
        distribution="NegativeBinomial", canonical="", links=OF_COUNTS, outcome="whole numbers from 0 on",
        permits=lambda y: bool(((y >= 0) & (y == np.round(y))).all()), assumption=MODEL_NEGATIVE_BINOMIAL,
    ),
}  # fmt: skip
FAMILIES: tuple[str, ...] = tuple(KINDS)


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family with its link, ready to be fitted.

    Attributes
    ----------
    name, link : str
    alpha : float
        Of a negative binomial model: the variance of a mean μ is μ + α μ². NaN of others.
    kind : Kind
    inner : statsmodels family
    """

    name: str
    link: str
    alpha: float
    kind: FamilyTraits
    inner: Any = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return family_of, (self.name, self.link, self.alpha)

    @property
    def canonical(self) -> bool:
        """Whether observed and expected information are one."""
        return self.link == self.kind.canonical

    @property
    def bounds(self) -> Bounds:
        """Between which linear predictors the means are such as the family can have."""
        return self.kind.links[self.link]

    @property
    def ratios(self) -> bool:
        """Whether exp(coefficient) is a ratio: of odds, rates, risks, means."""
        return self.link in ("log", "logit")

    def mean(self, eta: Floats) -> Floats:
        """μ."""
        return np.asarray(self.inner.link.inverse(eta), dtype=float)

    def slope(self, eta: Floats) -> Floats:
        """dμ/dη."""
        return np.asarray(self.inner.link.inverse_deriv(eta), dtype=float)

    def variance(self, mu: Floats) -> Floats:
        """V(μ), without a dispersion."""
        return np.asarray(self.inner.variance(mu), dtype=float)

    def score(self, y: Floats, eta: Floats) -> Floats:
        """What each person adds to the score, before its weight and its row of x: (y − μ) μ′/V(μ)."""
        mu = self.mean(eta)
        return y - mu if self.canonical else (y - mu) * self.slope(eta) / self.variance(mu)

    def expected(self, eta: Floats) -> Floats:
        """The factor of w x x′ in the expected information: μ′²/V(μ)."""
        mu = self.mean(eta)
        return self.variance(mu) if self.canonical else self.slope(eta) ** 2 / self.variance(mu)

    def observed(self, y: Floats, eta: Floats) -> Floats:
        """The same factor in the observed information, by which Newton's steps go."""
        if self.canonical:
            return self.expected(eta)
        mu, slope = self.mean(eta), self.slope(eta)
        variance, bend = self.variance(mu), np.asarray(self.inner.link.inverse_deriv2(eta), dtype=float)
        bent = np.asarray(self.inner.variance.deriv(mu), dtype=float) * slope**2 / variance**2
        return slope**2 / variance - (y - mu) * (bend / variance - bent)

    def deviance(self, y: Floats, eta: Floats, weight: Floats) -> float:
        """Twice what the log-likelihood falls short of its maximum; infinite where a mean is none of the family's."""
        low, high = self.bounds
        met = eta[weight > 0]
        if ((met <= low) | (met >= high)).any():
            return np.inf
        return float(self.inner.deviance(y, self.mean(eta), freq_weights=weight))

    def with_alpha(self, alpha: float) -> Family:
        """The same with another α."""
        return family_of(self.name, self.link, alpha)


def family_of(name: Any, link: Any = None, alpha: float = float("nan")) -> Family:
    """A family with its link.

    Parameters
    ----------
    name : str
    link : str, optional
        The first of the family's where it is not given.
    alpha : float
        Of a negative binomial model.

    Raises
    ------
    EstimateFault
        FL-EST-224 (no such family), FL-EST-321 (not a link of it), FL-EST-322 (alpha).
    """
    if not isinstance(name, str) or name not in KINDS:
        raise not_one_of("FL-EST-224", "this family of models", name, FAMILIES)
    kind = KINDS[name]
    chosen = next(iter(kind.links)) if link is None else link
    if not isinstance(chosen, str) or chosen not in kind.links:
        raise not_one_of("FL-EST-321", f"this link of a {name} model", chosen, tuple(kind.links))
    negative = kind.distribution == "NegativeBinomial"
    if (not np.isnan(alpha)) and (not negative or not 0 < alpha < np.inf):
        raise EstimateFault(
            "FL-EST-322", "alpha is a number above 0 of a negative binomial model", found=f"alpha={alpha}, family={name!r}",
            fix="leave it out: it is estimated",
        )  # fmt: skip
    from statsmodels.genmod import families

    made = getattr(families.links, LINK_CLASSES[chosen])()
    distribution = getattr(families, kind.distribution)
    inner = distribution(made, alpha=alpha if np.isfinite(alpha) else 1.0) if negative else distribution(made)
    return Family(name=name, link=chosen, alpha=float(alpha) if negative else float("nan"), kind=kind, inner=inner)


def check_outcome(name: str, y: Floats, column: str) -> None:
    """Refuse an outcome that the family cannot have.

    Raises
    ------
    EstimateFault
        FL-EST-221.
    """
    kind = KINDS[name]
    if not kind.permits(y):
        raise outcome_fault(name, column)
    if kind.binary and len(np.unique(y)) < 2:
        raise single_outcome(column)


def outcome_fault(name: str, column: str) -> EstimateFault:
    """FL-EST-221 of an outcome that the family cannot have."""
    return EstimateFault(
        "FL-EST-221", f"a {name} model needs an outcome of {KINDS[name].outcome}", found=f"{column} holds other numbers",
        fix='family="gaussian" for a quantity, "poisson" for a count; or derive a 0/1 column',
    )  # fmt: skip


def single_outcome(column: str) -> EstimateFault:
    """FL-EST-221 of a 0/1 outcome that is the same for everybody."""
    return EstimateFault(
        "FL-EST-221", "the outcome is the same for everybody counted", found=f"{column} has a single value",
        fix="there is nothing to explain: estimate its prevalence, which has limits also without cases",
    )  # fmt: skip
