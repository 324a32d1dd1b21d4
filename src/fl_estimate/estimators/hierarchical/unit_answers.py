"""The shape of a poststratified answer: draws of cells added up over the population, the nation first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from fl_estimate.errors import listed
from fl_estimate.estimators.hierarchical.asked import tails_of, weighted_figures
from fl_estimate.estimators.hierarchical.posterior import resample, weighted_summary
from fl_estimate.estimators.hierarchical.unit_design import Cells, Columns, Domains
from fl_estimate.estimators.hierarchical.varying_effects import LatentDraws
from fl_estimate.results.basis import Support
from fl_estimate.results.estimates import Assumption, Estimates, Reason, check_by_columns, make_frame
from fl_estimate.results.provenance import Provenance

Floats = npt.NDArray[np.float64]

NUMBERS = 4_000_000
"""Held at a time: draws times cells."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A model of cells that was sampled.

    `x` (cells, p) are the columns of the coefficients `names` for every cell of the population; `n`, `cases` and `size`
    (effective people) those of the sampled cells, `not_zero` their people whose value is not 0; `share` whether the linear predictor is a logit; `figures` those of the
    rows where they are known without draws.
    """

    outcome: str
    quantity: str
    method: str
    cells: Cells
    columns: Columns
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


def unit_estimates(
    fitted: Fitted, domains: Domains, *, level: float, draws: int, seed: int, arguments: Mapping[str, Any]
) -> Estimates:
    """Add the cells up in every draw, and lay the rows out."""
    check_by_columns(domains.by)
    every = _rows(fitted, domains)
    found, tails = fitted.draws, tails_of(level)
    figures = weighted_figures(every, found.weight, tails) if fitted.figures is None else fitted.figures
    kept = every[resample(found.weight, draws, np.random.default_rng(seed))]
    rows, recipe = len(domains.margins), fitted.recipe
    sampled = domains.members[:, fitted.cells.sampled].astype(float)
    n = sampled @ fitted.n
    columns: dict[str, Any] = {
        "quantity": [fitted.quantity] * rows, "outcome": [fitted.outcome] * rows, "margin": list(domains.margins),
        **{name: figures[name] for name in ("value", "se", "lower", "upper")}, "level": [level] * rows,
        "interval_kind": ["equal-tailed"] * rows, "n": n, "cases": sampled @ fitted.cases,
        "method": [fitted.method] * rows,
    }  # fmt: skip
    source = recipe.provenance
    return Estimates(
        frame=make_frame(columns, domains.labels, rows, basis="model"),
        by=domains.by,
        measure=recipe.measure,
        population=recipe.population,
        wording=recipe.wording,
        reference_period=recipe.reference_period,
        reasons=_reasons(fitted, n, sampled @ fitted.cases),
        assumptions=_assumptions(fitted),
        diagnostics=_diagnostics(fitted, figures["mean"], tails, seed),
        provenance=Provenance(
            call="hierarchical.unit",
            arguments={**arguments, "level": level, "direct": dict(source.arguments)},
            source_name=source.source_name,
            source_sha256=source.source_sha256,
        ),
        draws=kept,
        support=Support.of(n, sampled @ fitted.not_zero),
    )


def _rows(fitted: Fitted, domains: Domains) -> Floats:
    """Every draw of every row, (N, rows)."""
    found, size = fitted.draws, max(1, NUMBERS // len(fitted.cells.keys))
    parts: list[Floats] = []
    for start in range(0, len(found.beta), size):
        eta = found.predict(fitted.x, fitted.columns.basis, slice(start, start + size))
        parts.append((special.expit(eta) if fitted.share else eta) @ domains.shares.T)
    return np.concatenate(parts)


def _reasons(fitted: Fitted, n: Floats, cases: Floats) -> tuple[Reason, ...]:
    said = [Reason(code="area_without_sample", row=int(row)) for row in np.flatnonzero(n == 0)]
    if fitted.share:
        said += [Reason(code="area_without_cases", row=int(row)) for row in np.flatnonzero((n > 0) & (cases == 0))]
    rows = range(len(n))
    return (*said, *(Reason(code=code, row=row, parameters=p) for code, p in fitted.draws.flags for row in rows))


def _assumptions(fitted: Fitted) -> tuple[Assumption, ...]:
    carried = [a for a in fitted.recipe.assumptions if a.code != "df_rule"]
    columns = fitted.columns
    said: list[tuple[str, dict[str, Any]]] = [
        ("cells_represent_population", {"cells": " × ".join(fitted.cells.names)}),
        ("cells_population_known", {}),
    ]
    if columns.terms:
        said.append(("unit_effects", {"terms": ", ".join(columns.terms)}))
    if fitted.names[1:]:
        said.append(("unit_coefficients", {"names": ", ".join(fitted.names[1:])}))
    if columns.standardised:
        said.append(("covariates_standardised", {}))
    weighted = {"design": "unit_effective_design", "national": "unit_effective_national"}
    if fitted.excess_source in weighted:
        said.append((weighted[fitted.excess_source], {"excess": round(fitted.excess, 2)}))
    else:
        said.append(("unit_counts_as_drawn", {}))
    said += [("unit_prior", {"name": name, "prior": text}) for name, text in fitted.priors.items()]
    for name, levels in columns.new.items():
        said.append(("unit_new_levels", {"column": name, "levels": listed(levels)}))
    ours = [Assumption(code=code, parameters=tuple(parameters.items())) for code, parameters in said]
    return (*carried, *ours)


def _diagnostics(fitted: Fitted, mean: Floats, tails: tuple[float, float, float], seed: int) -> dict[str, Any]:
    found, columns = fitted.draws, fitted.columns
    named = [*zip(fitted.names, found.beta.T, strict=True)]
    spreads = [f"sigma of {term}" for term in columns.terms] + ([] if fitted.share else ["residual"])
    named += zip(spreads, found.sigma.T, strict=True)
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
