"""The shape of a poststratified answer: draws of cells added up over the population, the nation first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import listed
from fl_estimate.estimators.hierarchical.engines.varying_effects import LatentDraws
from fl_estimate.estimators.hierarchical.model.asked import tails_of, weighted_figures
from fl_estimate.estimators.hierarchical.model.posterior import weighted_summary
from fl_estimate.estimators.hierarchical.read.unit_design import Domains, PopulationCells, PredictorColumns
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_WITHOUT_CASES,
    AREA_WITHOUT_SAMPLE,
    CELLS_POPULATION_KNOWN,
    COVARIATES_STANDARDISED,
    DF_RULE,
    EQUAL_TAILED,
    UNIT_COUNTS_AS_DRAWN,
    UNIT_PRIOR,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import ObservedCells

CELLS_REPRESENT_POPULATION = AssumptionCode("cells_represent_population", "cells")
UNIT_EFFECTS = AssumptionCode("unit_effects", "terms")
UNIT_COEFFICIENTS = AssumptionCode("unit_coefficients", "names")
UNIT_NEW_LEVELS = AssumptionCode("unit_new_levels", "column", "levels")
EFFECTIVE: dict[str, AssumptionCode] = {
    "design": AssumptionCode("unit_effective_design", "excess"),
    "national": AssumptionCode("unit_effective_national", "excess"),
}
NUMBERS = 4_000_000
"""Held at a time: draws times cells."""


@dataclass(frozen=True, kw_only=True)
class SampledCellModel:
    """A model of cells that was sampled.

    `x` (cells, p) are the columns of the coefficients `names` for every cell of the population; `n`, `cases` and `size`
    (effective people) those of the sampled cells, `not_zero` their people whose value is not 0; `share` whether the linear predictor is a logit; `figures` those of the
    rows where they are known without draws; `data` those of the cells, of counts.
    """

    outcome: str
    quantity: Quantity
    method: MethodName
    cells: PopulationCells
    columns: PredictorColumns
    draws: LatentDraws
    x: Floats
    names: tuple[str, ...]
    n: Floats
    cases: Floats
    not_zero: Floats
    size: Floats
    excess: float
    excess_source: str
    recipe: Estimates
    share: bool
    priors: Mapping[str, str]
    figures: Mapping[str, Floats] | None = None
    data: ObservedCells | None = None


def unit_estimates(
    fitted: SampledCellModel, domains: Domains, *, level: float, draws: int, seed: int, arguments: Mapping[str, Any]
) -> Estimates:
    """Add the cells up in every draw, and lay the rows out."""
    check_by_columns(domains.by)
    every = _rows(fitted, domains)
    found, tails = fitted.draws, tails_of(level)
    figures = weighted_figures(every, found.weight, tails) if fitted.figures is None else fitted.figures
    positions, chains = found.keep(draws, np.random.default_rng(seed))
    sampled = domains.members[:, fitted.cells.sampled].astype(float)
    n = sampled @ fitted.n
    columns: dict[str, Any] = {
        "outcome": fitted.outcome, "margin": list(domains.margins),
        **{name: figures[name] for name in ("value", "se", "lower", "upper")}, "level": level,
        "interval_kind": EQUAL_TAILED, "n": n, "cases": sampled @ fitted.cases,
    }  # fmt: skip
    return build(
        columns,
        {name: domains.labels[name] for name in domains.by},
        quantity=fitted.quantity,
        method=fitted.method,
        basis="model",
        recipe=fitted.recipe.recipe.then(
            "hierarchical.unit", {**arguments, "level": level}, _assumptions(fitted), direct=True
        ),
        reasons=_reasons(fitted, n, sampled @ fitted.cases),
        diagnostics=_diagnostics(fitted, figures["mean"], tails, seed),
        draws=every[positions],
        inference=found.to_inference(positions, chains, fitted.names, _sets(fitted), fitted.data),
        support=Support.of(n, sampled @ fitted.not_zero),
    )


RESIDUAL = "residual"


def _sets(fitted: SampledCellModel) -> list[str]:
    """What the spreads belong to: the sets of effects, and of a quantity what is left."""
    return [*fitted.columns.terms, *([] if fitted.share else [RESIDUAL])]


def _rows(fitted: SampledCellModel, domains: Domains) -> Floats:
    """Every draw of every row, (N, rows)."""
    found, size = fitted.draws, max(1, NUMBERS // len(fitted.cells.keys))
    parts: list[Floats] = []
    for start in range(0, len(found.beta), size):
        eta = found.predict(fitted.x, fitted.columns.basis, slice(start, start + size))
        parts.append((special.expit(eta) if fitted.share else eta) @ domains.shares.T)
    return np.concatenate(parts)


def _reasons(fitted: SampledCellModel, n: Floats, cases: Floats) -> tuple[Reason, ...]:
    said = [AREA_WITHOUT_SAMPLE.at(row) for row in np.flatnonzero(n == 0)]
    if fitted.share:
        said += [AREA_WITHOUT_CASES.at(row) for row in np.flatnonzero((n > 0) & (cases == 0))]
    rows = range(len(n))
    return (*said, *(Reason(code=code, row=row, parameters=p) for code, p in fitted.draws.flags for row in rows))


def _assumptions(fitted: SampledCellModel) -> tuple[Assumption, ...]:
    columns = fitted.columns
    assumptions = [
        CELLS_REPRESENT_POPULATION.assume(cells=" × ".join(fitted.cells.names)),
        CELLS_POPULATION_KNOWN.assume(),
    ]
    if columns.terms:
        assumptions.append(UNIT_EFFECTS.assume(terms=", ".join(columns.terms)))
    if fitted.names[1:]:
        assumptions.append(UNIT_COEFFICIENTS.assume(names=", ".join(fitted.names[1:])))
    if columns.standardised:
        assumptions.append(COVARIATES_STANDARDISED.assume())
    if fitted.excess_source in EFFECTIVE:
        assumptions.append(EFFECTIVE[fitted.excess_source].assume(excess=round(fitted.excess, 2)))
    else:
        assumptions.append(UNIT_COUNTS_AS_DRAWN.assume())
    assumptions += [UNIT_PRIOR.assume(name=name, prior=text) for name, text in fitted.priors.items()]
    for name, levels in columns.new.items():
        assumptions.append(UNIT_NEW_LEVELS.assume(column=name, levels=listed(levels)))
    return (*fitted.recipe.recipe.without(DF_RULE), *assumptions)


def _diagnostics(
    fitted: SampledCellModel, mean: Floats, tails: tuple[float, float, float], seed: int
) -> dict[str, Any]:
    found, columns = fitted.draws, fitted.columns
    named = [*zip(fitted.names, found.beta.T, strict=True)]
    named += zip(
        [f"sigma of {name}" if name != RESIDUAL else name for name in _sets(fitted)], found.sigma.T, strict=True
    )
    return {
        **found.diagnostics,
        "seed": seed,
        "parameters": {name: weighted_summary(values, found.weight, tails) for name, values in named},
        "flags": [code for code, _ in found.flags],
        "posterior_mean": mean.tolist(),
        "cells": len(fitted.cells.keys),
        "empty_cells": len(fitted.cells.keys) - len(fitted.cells.sampled),
        "effective_n": float(fitted.size.sum()),
        "design_excess": fitted.excess,
        "new_levels": {name: list(levels) for name, levels in columns.new.items()},
        "standardised": {name: {"mean": m, "sd": s} for name, (m, s) in columns.standardised.items()},
    }
