"""From direct estimates to a model in arrays: effective counts or values on the link's scale, covariates, priors, structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.model.links import to_link
from fl_estimate.estimators.hierarchical.model.posterior import Model
from fl_estimate.estimators.hierarchical.model.priors import (
    SPREAD_OF_COUNTS,
    Density,
    Prior,
    Priors,
    decide,
    dependence,
)
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure
from fl_estimate.estimators.hierarchical.read.checks import flat_fault, raise_together
from fl_estimate.estimators.hierarchical.read.direct import Direct
from fl_estimate.estimators.hierarchical.read.effective import Effective, effective_counts


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A model ready to be sampled, with how its numbers came about."""

    model: Model
    effective: Effective | None
    standardised: Mapping[str, tuple[float, float]]

    def prior_texts(self) -> dict[str, str]:
        priors = self.model.priors
        said = {"sigma": str(priors.sigma), "intercept": str(priors.intercept)}
        if self.model.likelihood == "beta-binomial":
            said = {"kappa": str(self.model.kappa), "intercept": str(priors.intercept)}
        if priors.slopes is not None:
            said["slopes"] = str(priors.slopes)
        structure = self.model.structure
        if structure is not None:
            said |= {name: str(density) for name, density in structure.priors.items()}
        return said


def prepare(
    direct: Direct,
    sampled: Bools,
    columns: Mapping[str, Floats],
    likelihood: str,
    link: str,
    prior: Prior | None,
    structure: Structure | Crossed | None,
    deff: str,
) -> Prepared:
    """Effective counts or values with variances, the covariates, and the priors.

    Raises
    ------
    EstimateFault
        FL-EST-55: flat priors that leave no posterior.
    """
    scaled: dict[str, tuple[float, float]] = {}
    if prior is None:
        scaled = {name: (float(values.mean()), float(values.std())) for name, values in columns.items()}
    every = [
        (values - scaled[name][0]) / scaled[name][1] if prior is None else values for name, values in columns.items()
    ]
    x = np.column_stack([np.ones(len(direct.keys)), *every])
    clustered = likelihood == "clustered"
    widen = not clustered and (likelihood != "binomial" or structure is not None)
    effective = (
        effective_counts(direct, deff, widen=widen, clustered=clustered) if on_counts(likelihood, link) else None
    )
    counts = effective if likelihood != "normal" else None
    y, size = (counts.cases, counts.n) if counts else values_on_link(direct, sampled, link, effective)
    informative = int(((y > 0) & (y < size)).sum() if counts else sampled.sum())
    priors = _priors(prior, y, size, x, likelihood, link)
    no_cases = likelihood != "normal" and not 0 < y.sum() < size.sum() and priors.intercept.kind == "flat"
    raise_together(
        [
            flat_fault(priors, informative, x.shape[1]),
            _flat_intercept(no_cases),
            _flat_in_time(priors) if isinstance(structure, Crossed) else None,
        ]
    )
    if isinstance(structure, Crossed) and structure.sigma_time is None:
        structure = replace(structure, sigma_time=priors.sigma)
    names = ("intercept", *columns)
    model = Model(
        likelihood=likelihood, link=link, y=y, size=size, x=x, names=names, priors=priors, structure=structure,
        kappa=dependence(prior, "kappa") if likelihood == "beta-binomial" else None,
    )  # fmt: skip
    if clustered and effective is not None:
        model = with_clusters(model, effective)
    return Prepared(model=model, effective=effective, standardised=scaled)


def with_clusters(model: Model, effective: Effective) -> Model:
    """The model with these counts, whose cases come together as the design effects say; binomial where none is above 1."""
    deff = np.where(np.isfinite(effective.deff), effective.deff, 1.0)
    if (deff <= 1).all():
        return replace(model, likelihood="binomial", y=effective.cases, size=effective.n, deff=None)
    return replace(model, likelihood="clustered", y=effective.cases * deff, size=effective.n * deff, deff=deff)


def on_counts(likelihood: str, link: str) -> bool:
    """Whether n and deff are needed, rather than standard errors."""
    return likelihood != "normal" or link == "arcsine"


def _flat_intercept(no_cases: bool) -> EstimateFault | None:
    if not no_cases:
        return None
    return EstimateFault(
        "FL-EST-55",
        "with a flat prior of the intercept there is no posterior: there are no cases, or nothing but cases",
        found="0 cases in all areas together, or as many as people",
        fix='give Prior(intercept="normal(m, s)"), or leave the intercept to its default',
    )


def _flat_in_time(priors: Priors) -> EstimateFault | None:
    if not priors.sigma.kind.startswith("flat"):
        return None
    return EstimateFault(
        "FL-EST-67",
        "with areas at several times the prior of sigma must have an integral: how far areas differ and how far their times "
        "do are told apart by few data",
        found=f"sigma: {priors.sigma}",
        fix="give half-normal(s), half-cauchy(s), rayleigh(s) or exponential(rate)",
    )


def values_on_link(direct: Direct, sampled: Bools, link: str, effective: Effective | None) -> tuple[Floats, Floats]:
    """Values and variances on the scale of the link, NaN without sample."""
    value = np.where(sampled, direct.numbers["value"], np.nan)
    se = np.where(sampled, direct.numbers["se"], np.nan)
    size = np.where(sampled, effective.n, np.nan) if effective is not None else se
    return to_link(link, value, se, size)


def _priors(prior: Prior | None, y: Floats, size: Floats, x: Floats, likelihood: str, link: str) -> Priors:
    """The defaults of the likelihood, where the user gave none."""
    slopes = x.shape[1] - 1
    if likelihood != "normal":
        share = y.sum() / size.sum()
        if not 0 < share < 1:
            share = (y.sum() + 0.5) / (size.sum() + 1)
        centre = float(special.logit(share))
        return decide(
            prior, slopes=slopes, sigma=SPREAD_OF_COUNTS, intercept=Density("normal", (centre, 1.5)),
            slope=Density("normal", (0.0, 2.5)),
        )  # fmt: skip
    met = np.isfinite(y)
    spread = float(np.std(y[met], ddof=1)) if met.sum() > 1 else 0.0
    scale = 1.0 if link in ("logit", "log") else spread or float(np.sqrt(size[met].mean()))
    flat = Density("flat")
    return decide(prior, slopes=slopes, sigma=Density("half-normal", (scale,)), intercept=flat, slope=flat)
