"""The model behind Estimates, made again from their recipe and the frames that they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.model.posterior import Model
from fl_estimate.estimators.hierarchical.model.priors import Prior
from fl_estimate.estimators.hierarchical.read.checks import covariate_columns, raise_together, sampled_areas
from fl_estimate.estimators.hierarchical.read.dependence import make_structure, with_every_time
from fl_estimate.estimators.hierarchical.read.direct import COUNTS, VALUES, Direct, read_direct, read_keyed, text
from fl_estimate.estimators.hierarchical.read.panel import complete, spread
from fl_estimate.estimators.hierarchical.read.prepare import on_counts, prepare
from fl_estimate.estimators.hierarchical.smoothing import filled
from fl_estimate.results.estimates import Estimates


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """The model, its areas, which of them have a sample, and the draws of the areas (draws, m)."""

    model: Model
    direct: Direct
    sampled: npt.NDArray[np.bool_]
    draws: npt.NDArray[np.float64]
    prior: Prior | None
    arguments: Mapping[str, Any]


def rebuild(estimates: Estimates, direct: Any, covariates: Any, neighbours: Any) -> Rebuilt:
    """Make the model of `area` again.

    Raises
    ------
    EstimateFault
        FL-EST-57: these Estimates are not of `area`, or the frames are not those that they came from.
    """
    told = dict(estimates.provenance.arguments)
    if estimates.provenance.call != "hierarchical.area":
        raise _other(f"the result of {estimates.provenance.call or 'another function'}")
    counted = on_counts(told["likelihood"], told["link"])
    table = read_direct(direct, COUNTS if counted else VALUES, [covariates], told["time"])
    known = None if covariates is None else read_keyed(covariates, table.by, "covariates", table.time)
    frame = estimates.frame
    frame = frame[frame["margin"] != ""]
    if table.time:
        table = complete(table, [known])
        known = spread(known, table)
    else:
        table = table.with_areas({text(label): label for label in frame[estimates.by[0]]})
        table = with_every_time(table, told["temporal"], None)
    table = table if counted else filled(table)
    columns, fault = covariate_columns(table, known)
    raise_together([fault])
    if tuple(table.by_columns) != estimates.by or any(
        [text(label) for label in labels] != [text(label) for label in frame[name]]
        for name, labels in table.by_columns.items()
    ):
        raise _other("other areas")
    if list(columns) != list(told["covariates"]) or (told["spatial"] is None) != (neighbours is None):
        raise _other(f"covariates {list(columns)}, neighbours {'given' if neighbours is not None else 'not given'}")
    # Covariates that were standardised had the default priors: those must be found again on that scale.
    prior = None if "standardised" in estimates.diagnostics else Prior(**told["prior"])
    structure = make_structure(table, told["spatial"], neighbours, told["temporal"], prior)
    sampled = sampled_areas(table, counted)
    prepared = prepare(table, sampled, columns, told["likelihood"], told["link"], prior, structure, told["deff"])
    draws = np.asarray(estimates.draws, dtype=float)[:, -len(table.keys) :]
    return Rebuilt(model=prepared.model, direct=table, sampled=sampled, draws=draws, prior=prior, arguments=told)


def _other(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-57",
        "these estimates and frames do not belong together",
        found=found,
        fix="pass the Estimates of fl.hierarchical.area, and the same direct=, covariates= and neighbours= again",
    )
