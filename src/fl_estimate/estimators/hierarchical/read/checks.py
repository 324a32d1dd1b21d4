"""Faults of an area model's input, found together and told in one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.hierarchical.model.links import LINKS
from fl_estimate.estimators.hierarchical.model.priors import Priors
from fl_estimate.estimators.hierarchical.read.direct import Direct, Keyed, as_floats


def raise_together(faults: Sequence[EstimateFault | None]) -> None:
    """Raise the faults there are, as one error under the first one's code."""
    met = [fault for fault in faults if fault is not None]
    if len(met) == 1:
        raise met[0]
    if met:
        raise EstimateFault(
            met[0].code,
            "; ".join(fault.what for fault in met),
            found="; ".join(f"[{fault.code}] {fault.found}" for fault in met),
            fix="; ".join(fault.fix for fault in met if fault.fix),
        )


def sampled_areas(direct: Direct, counted: bool) -> Bools:
    """Areas with a direct estimate; `counted` where n and deff stand for the sample, not a standard error."""
    n, value, se = (direct.numbers[name] for name in ("n", "value", "se"))
    if counted:
        return n > 0
    return ~(n == 0) & ~(np.isnan(value) & np.isnan(se))


def value_faults(direct: Direct, likelihood: str, link: str) -> list[EstimateFault | None]:
    """Values, standard errors, counts and design effects that the likelihood cannot take."""
    counted = likelihood != "normal" or link == "arcsine"
    met = sampled_areas(direct, counted)
    value, se, n, deff = (direct.numbers[name] for name in ("value", "se", "n", "deff"))
    if not met.any():
        return [
            EstimateFault(
                "FL-EST-45",
                "no area has a sample",
                found=f"{len(met)} areas",
                fix="an area model needs direct estimates of some areas at least",
            )
        ]
    scale = LINKS[link]
    wrong = {
        "n is missing or negative": (np.isnan(n) | (n < 0)) & counted,
        "value is missing": met & np.isnan(value),
        "value is not between 0 and 1": met & scale.share & ((value < 0) | (value > 1)),
        "deff is below 0": met & counted & (deff < 0),
    }
    edge = met & (likelihood == "normal") & ((value <= scale.low) | (value >= scale.high))
    if not counted:
        wrong["se is missing or not above 0"] = met & ~edge & ~(se > 0)
    return [_of_areas(direct, wrong), _edges(direct, edge, link)]


def _of_areas(direct: Direct, wrong: Mapping[str, Bools]) -> EstimateFault | None:
    found = [f"{what}: {_named(direct, where)}" for what, where in wrong.items() if where.any()]
    if not found:
        return None
    return EstimateFault(
        "FL-EST-44",
        "the direct estimates of some areas cannot be used",
        found="; ".join(found),
        fix='an area without sample has n = 0; likelihood="binomial" takes areas without a case, whose se is 0',
    )


def _edges(direct: Direct, edge: Bools, link: str) -> EstimateFault | None:
    if not edge.any():
        return None
    return EstimateFault(
        "FL-EST-54",
        "the logit of a share of 0 or 1 has no value" if link == "logit" else "the log of 0 or less has no value",
        found=_named(direct, edge),
        fix='use likelihood="binomial", which keeps areas without a case; leaving them out would raise the figures',
    )


def covariate_columns(direct: Direct, covariates: Keyed | None) -> tuple[dict[str, Floats], EstimateFault | None]:
    """The covariates of every area in the order of the areas, and what is wrong with them."""
    if covariates is None:
        return {}, None
    absent = [key for key in direct.keys if key not in covariates.labels]
    found = [f"no row for {listed(absent)}"] if absent else []
    columns: dict[str, Floats] = {}
    for name, values in covariates.columns.items():
        try:
            columns[name] = as_floats([values.get(key) for key in direct.keys], name)
        except EstimateFault:
            found.append(f"{name!r} does not hold numbers")
            continue
        gaps = [
            key
            for key, value in zip(direct.keys, columns[name], strict=True)
            if not np.isfinite(value) and key not in absent
        ]
        if gaps:
            found.append(f"{name!r} is missing for {listed(gaps)}")
    if not found:
        return columns, None
    return columns, EstimateFault(
        "FL-EST-51",
        "the covariates do not serve every area",
        found="; ".join(found),
        fix="give each area, also those without sample, one row of numbers; choose the columns to use, and make 0/1 "
        "columns of text",
    )


def aliased(columns: Mapping[str, Floats], sampled: Bools) -> EstimateFault | None:
    """Covariates that say nothing of their own among the sampled areas: constant, or made of those before them."""
    kept = [np.ones(int(sampled.sum()))]
    wrong: list[str] = []
    for name, values in columns.items():
        met = values[sampled]
        scale = float(np.std(met))
        column = (met - met.mean()) / (scale if scale > 0 else 1.0)
        # Relative to its own spread: what the others leave unexplained of a column that they make up is rounding.
        basis = np.linalg.qr(np.column_stack(kept))[0]
        rest = column - basis @ (basis.T @ column)
        if np.linalg.norm(rest) <= 1e-8 * np.sqrt(len(met)):
            wrong.append(name)
        else:
            kept.append(column)
    if not wrong:
        return None
    return EstimateFault(
        "FL-EST-52",
        "a covariate is constant, or made up of the others, among the areas with a sample",
        found=listed(wrong),
        fix="leave it out; there can be no more covariates than areas with a sample, less one",
    )


def population_of(direct: Direct, population: Keyed | None) -> tuple[Floats | None, EstimateFault | None]:
    """Persons of every area, and what is wrong with them."""
    if population is None:
        return None, None
    given = population.columns.get("population")
    if given is None:
        return None, EstimateFault(
            "FL-EST-53",
            "population= has no column of that name",
            found=listed(population.columns),
            fix="give the areas' column and `population`",
        )
    persons = as_floats([given.get(key) for key in direct.keys], "population")
    wrong = ~(np.isfinite(persons) & (persons > 0))
    if not wrong.any():
        return persons, None
    return None, EstimateFault(
        "FL-EST-53",
        "the population of some areas is not given, or is not above 0",
        found=_named(direct, wrong),
        fix="the national row needs every area: add them, or leave population= out",
    )


def benchmark_fault(direct: Direct, persons: Floats | None, rule: str | None) -> EstimateFault | None:
    """A benchmark without a national figure or without the areas' populations."""
    if rule is None:
        return None
    absent = ["population="] if persons is None else []
    absent += ["a national row in direct="] if not np.isfinite(direct.national["value"]) else []
    if not absent:
        return None
    return EstimateFault(
        "FL-EST-73",
        "areas cannot be benchmarked: their national figure or their populations are not known",
        found=f"no {' and no '.join(absent)}",
        fix="pass the Estimates of estimate_prevalence, which begin with the national row, and population= of every area",
    )


def flat_fault(priors: Priors, informative: int, coefficients: int) -> EstimateFault | None:
    """A flat prior of sigma with too few areas: there is no posterior then."""
    needed = {"flat": 2, "flat-variance": 3}.get(priors.sigma.kind, 0)
    if informative - coefficients >= needed or not needed:
        return None
    return EstimateFault(
        "FL-EST-55",
        f"with the prior {priors.sigma} of sigma there is no posterior: too few areas tell how far areas differ",
        found=f"{informative} areas with a sample (for counts: with cases and others) and {coefficients} coefficients",
        fix=f"at least {coefficients + needed} such areas, or a prior that ends, such as half-normal(1)",
    )


def _named(direct: Direct, where: Bools) -> str:
    return listed(key for key, met in zip(direct.keys, where, strict=True) if met)
