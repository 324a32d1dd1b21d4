"""Replicated surveys and case lists: poststratified models beside direct and area estimates, pooled lists beside separate ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.datasets.country import draw, truth
from fl_estimate.datasets.geography import DISTRICTS
from fl_estimate.datasets.population import INTERNATIONAL, SEED, Population, make_population
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture import loglinear
from fl_estimate.estimators.hierarchical import area, capture_recapture, unit
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.estimates import Estimates
from studies.recovery import DESIGN

CELLS: tuple[str, ...] = ("district", "sex", "migrant")
METHODS: tuple[str, ...] = ("direct", "area-x1", "unit", "unit-x1")
LISTS: tuple[str, ...] = ("police", "ngo", "clinic")
REGIONS_OF_LISTS = 10


def population_cells(population: Population) -> pd.DataFrame:
    """Adults of the synthetic country by district, sex and migration, as a census would count them.

    Examples
    --------
    >>> from fl_estimate.datasets.country import make_population
    >>> from studies.recovery_models import population_cells
    >>> cells = population_cells(make_population(enumeration_areas=200))
    >>> list(cells.columns), len(cells)
    (['district', 'sex', 'migrant', 'population'], 96)
    """
    adult, people = population.adult, population.people
    frame = pd.DataFrame(
        {
            "district": np.array(DISTRICTS)[population.district[adult]],
            "sex": people.sex[adult],
            "migrant": (people.migrant[adult] == INTERNATIONAL).astype(np.int8),
        }
    )
    return frame.groupby(list(CELLS), observed=True).size().rename("population").reset_index()


def replicate_cells(replicates: int, *, seed: int, first: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Estimate every district of the synthetic country from many samples, every answer known.

    Parameters
    ----------
    replicates, first : int
        How many samples, and the number of the first: any part of a run can be repeated alone.
    seed : int
    level : float

    Returns
    -------
    pandas.DataFrame
        One row a sample, `method` and `district` (empty for the nation): ``direct`` (Korn and Graubard), ``area-x1`` (the
        binomial area model with the covariate that predicts), ``unit`` (cells of district, sex and migration, effects of
        districts), ``unit-x1`` (the covariate besides). Columns as `replicate_districts` has them.
    """
    population = make_population(SEED)
    told = truth(population)
    known = {name: figures["prevalence"] for name, figures in told["district"].items()}
    known[""] = told["national"]["prevalence"]
    cells = population_cells(population)
    x1 = pd.DataFrame({"district": list(DISTRICTS), "x1": population.geography.x1})
    persons = cells.groupby("district", as_index=False)["population"].sum()
    parts: list[pd.DataFrame] = []
    for replicate in range(first, first + replicates):
        own = int(np.random.SeedSequence(seed, spawn_key=(replicate,)).generate_state(1)[0])
        people = draw(population, own)
        direct = estimate_prevalence(people, "forced_labour_true", design=DESIGN, by="district", level=level)
        settings: dict[str, Any] = {
            "cells": list(CELLS), "population": cells, "varying": ["district"], "by": "district", "design": DESIGN,
            "level": level, "draws": 1, "seed": 0,
        }  # fmt: skip
        every: dict[str, Estimates] = {
            "direct": direct,
            "area-x1": area(direct, covariates=x1, population=persons, level=level, draws=1, seed=0),
            "unit": unit(people, "forced_labour_true", **settings),
            "unit-x1": unit(people, "forced_labour_true", covariates=x1, **settings),
        }
        for method, estimates in every.items():
            frame = estimates.frame[["district", "value", "lower", "upper", "cases"]]
            frame.insert(0, "method", method)
            frame.insert(0, "replicate", replicate)
            parts.append(frame.assign(district=frame["district"].fillna("").astype(str)))
    frame = pd.concat(parts, ignore_index=True)
    frame["truth"] = [known[name] for name in frame["district"]]
    frame["covered"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    return frame


def draw_regions_of_lists(rng: np.random.Generator) -> tuple[dict[str, CaptureHistories], dict[str, int]]:
    """Three lists in ten regions whose numbers of people differ fivefold, with interactions that vary; and the numbers."""
    members = all_histories(len(LISTS))
    pairs = np.stack([members[:, a] * members[:, b] for a, b in ((0, 1), (0, 2), (1, 2))], axis=1)
    strata: dict[str, CaptureHistories] = {}
    sizes: dict[str, int] = {}
    for number in range(1, REGIONS_OF_LISTS + 1):
        name = f"region {number:02d}"
        size = int(np.exp(rng.normal(np.log(200.0), 0.8))) + 20
        chance = rng.normal((-1.6, -1.3, -1.0), 0.4)
        joint = rng.normal((0.6, 0.0, 0.3), 0.2)
        odds = np.exp(np.append(members @ chance + pairs @ joint, 0.0))
        counts = rng.multinomial(size, odds / odds.sum())[:-1]
        frame = pd.DataFrame(members, columns=list(LISTS)).assign(count=counts)
        strata[name] = CaptureHistories.from_counts(frame, lists=list(LISTS))
        sizes[name] = size
    return strata, sizes


def replicate_lists(replicates: int, *, seed: int, first: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Simulated sets of regions: one pooled model beside a model of each region alone.

    Returns
    -------
    pandas.DataFrame
        One row a set, `method` (``separate``: two-way log-linear, ``pooled``) and `region` (empty for all together, pooled
        only): `truth`, `n`, `value`, `lower`, `upper`, `covered`, and `refused` where a region's lists alone have no estimate.

    Examples
    --------
    >>> from studies.recovery_models import replicate_lists
    >>> runs = replicate_lists(1, seed=1)
    >>> runs["method"].value_counts().to_dict()
    {'pooled': 11, 'separate': 10}
    """
    rows: list[dict[str, Any]] = []
    for replicate in range(first, first + replicates):
        strata, sizes = draw_regions_of_lists(
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate,)))
        )
        frame = capture_recapture(strata, by="region", level=level, draws=1, seed=0).frame
        pooled = frame[frame["quantity"] == "population_size"]
        for _, row in pooled.iterrows():
            name = "" if row["margin"] == "" else str(row["region"])
            rows.append(_of(replicate, "pooled", name, sum(sizes.values()) if not name else sizes[name], row))
        for name, histories in strata.items():
            same = {"n": histories.n}
            try:
                row = loglinear(histories, "two-way", level=level).frame.iloc[0]
            except EstimateFault:
                row = same | dict.fromkeys(("value", "lower", "upper"), np.nan)
            rows.append(_of(replicate, "separate", name, sizes[name], row))
    out = pd.DataFrame(rows)
    out["refused"] = out["value"].isna()
    out["covered"] = (out["lower"] <= out["truth"]) & (out["truth"] <= out["upper"])
    return out


def _of(replicate: int, method: str, region: str, size: int, row: Mapping[str, Any] | Any) -> dict[str, Any]:
    figures = {name: float(row[name]) for name in ("n", "value", "lower", "upper")}
    return {"replicate": replicate, "method": method, "region": region, "truth": size, **figures}
