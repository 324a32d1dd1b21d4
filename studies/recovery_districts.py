"""Replicated samples of the synthetic country, by district: does the area model beat direct estimates, and does it know how well?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Literal

import numpy as np
import pandas as pd

from fl_estimate.datasets.country import draw, truth
from fl_estimate.datasets.geography import DISTRICTS
from fl_estimate.datasets.population import SEED, Population, make_population
from fl_estimate.estimators.hierarchical import area
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.results.estimates import Estimates
from studies.recovery import DESIGN

METHODS: tuple[str, ...] = (
    "direct", "area", "area-x1", "area-x2", "area-own", "area-x1-own", "area-x2-own",
)  # fmt: skip
FEW_CASES = 5.0
"""Districts with fewer cases in a sample, on average, are those that direct estimates do not serve."""


def replicate_districts(replicates: int, *, seed: int, level: float = 0.95, processes: int = 1) -> pd.DataFrame:
    """Estimate every district from many samples of the same country, every answer known.

    Parameters
    ----------
    replicates : int
        Samples to draw.
    seed : int
        Replicate r is drawn with a seed of its own made from (seed, r), so that any part of a run can be repeated alone.
    level : float
        Probability of the intervals.
    processes : int
        Worker processes; the result is the same whatever their number.

    Returns
    -------
    pandas.DataFrame
        One row a sample, `method` and `district`. Methods: ``direct`` (Korn and Graubard's interval), ``area`` (the
        binomial area model without a covariate), ``area-x1`` (with the country's covariate x1, which predicts),
        ``area-x2`` (with x2, which does not); and the three of them with each district's own design effect, ``…-own``. Columns `replicate`, `method`, `district`, `truth`, `value`, `lower`, `upper`, `cases`, `covered`.

    Examples
    --------
    >>> from studies.recovery_districts import replicate_districts
    >>> runs = replicate_districts(1, seed=1)
    >>> len(runs), list(runs["method"].unique())
    (168, ['direct', 'area', 'area-x1', 'area-x2', 'area-own', 'area-x1-own', 'area-x2-own'])
    """
    blocks = [list(range(start, replicates, max(1, processes))) for start in range(max(1, processes))]
    blocks = [block for block in blocks if block]
    if len(blocks) == 1:
        parts = [_block(blocks[0], seed, level)]
    else:
        # Spawned, not forked: polars' threads do not survive a fork.
        with ProcessPoolExecutor(len(blocks), mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_block, blocks, [seed] * len(blocks), [level] * len(blocks)))
    frame = pd.concat(parts).sort_values("replicate", kind="stable").reset_index(drop=True)
    frame["covered"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    return frame


def summarise_districts(runs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Coverage with its Monte Carlo error, mean width, bias and root mean squared error, by the columns named.

    The Monte Carlo error treats samples, not districts, as independent.
    """
    rows: list[dict[str, object]] = []
    for key, part in runs.groupby(by, sort=False):
        error = part["value"] - part["truth"]
        by_sample = part.groupby("replicate")["covered"].mean()
        rows.append(
            {
                **dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True)),
                "samples": len(by_sample),
                "truth": float(part["truth"].mean()),
                "mean_cases": float(part["cases"].mean()),
                "coverage": float(part["covered"].mean()),
                "coverage_error": float(by_sample.std(ddof=1) / np.sqrt(len(by_sample))),
                "mean_width": float((part["upper"] - part["lower"]).mean()),
                "bias": float(error.mean()),
                "rmse": float(np.sqrt((error**2).mean())),
            }
        )
    return pd.DataFrame(rows)


def few_cases(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of districts with fewer than five cases in a sample, on average."""
    mean = runs[runs["method"] == "direct"].groupby("district")["cases"].mean()
    return runs[runs["district"].isin(mean.index[mean < FEW_CASES])]


def _block(replicates: list[int], seed: int, level: float) -> pd.DataFrame:
    population = make_population(SEED)
    known = {name: figures["prevalence"] for name, figures in truth(population)["district"].items()}
    return pd.concat([_one(population, replicate, seed, level, known) for replicate in replicates])


def _one(population: Population, replicate: int, seed: int, level: float, known: dict[str, float]) -> pd.DataFrame:
    own = int(np.random.SeedSequence(seed, spawn_key=(replicate,)).generate_state(1)[0])
    people = draw(population, own)
    direct = estimate_prevalence(people, "forced_labour_true", design=DESIGN, by="district", level=level)
    geography = population.geography
    known_of = pd.DataFrame({"district": list(DISTRICTS), "x1": geography.x1, "x2": geography.x2})
    every: dict[str, Estimates] = {"direct": direct}
    rules: tuple[Literal["pooled", "own"], ...] = ("pooled", "own")
    for rule in rules:
        for covariate in ("", "x1", "x2"):
            name = "-".join(part for part in ("area", covariate, "" if rule == "pooled" else rule) if part)
            covariates = known_of[["district", covariate]] if covariate else None
            every[name] = area(direct, covariates=covariates, deff=rule, level=level, draws=1, seed=0)
    parts: list[pd.DataFrame] = []
    for method, estimates in every.items():
        frame = estimates.frame
        frame = frame[frame["margin"] == "district"][["district", "value", "lower", "upper", "cases"]].copy()
        frame.insert(0, "method", method)
        frame.insert(0, "replicate", replicate)
        frame["truth"] = [known[str(name)] for name in frame["district"]]
        parts.append(frame)
    return pd.concat(parts)
