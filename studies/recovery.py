"""Replicated samples of the synthetic country: does the estimate find the truth as often as it says?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd

from fl_estimate.datasets.country import draw, truth
from fl_estimate.datasets.population import SEED, Population, make_population
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.inputs.sample_design import Design

DESIGN = Design(weights="weight", strata="stratum", psu="psu", expands=True)


def replicate_country(
    replicates: int, *, seed: int, outcome: str = "forced_labour", level: float = 0.95, processes: int = 1
) -> pd.DataFrame:
    """Estimate the national prevalence from many samples of the same country.

    Parameters
    ----------
    replicates : int
        Samples to draw.
    seed : int
        Of the first sample; replicate r is drawn with a seed of its own made from (seed, r), so that any part of a run
        can be repeated alone.
    outcome : {"forced_labour", "forced_labour_stock"}
        At any time in the period, or on its last day.
    level : float
        Confidence level of the intervals.
    processes : int
        Worker processes; the result is the same whatever their number.

    Returns
    -------
    pandas.DataFrame
        One row a sample and `answers`: ``known`` (every answer known), ``surely`` and ``possibly`` (what the answers
        heard give, unknown taken as no and as yes); columns `replicate`, `answers`, `truth`, `value`, `se`, `lower`,
        `upper`, `covered`.

    Examples
    --------
    >>> from studies.recovery import replicate_country
    >>> runs = replicate_country(2, seed=1)
    >>> list(runs["answers"])
    ['known', 'surely', 'possibly', 'known', 'surely', 'possibly']
    """
    blocks = [list(range(start, replicates, max(1, processes))) for start in range(max(1, processes))]
    blocks = [block for block in blocks if block]
    if len(blocks) == 1:
        rows = _block(blocks[0], seed, outcome, level)
    else:
        # Spawned, not forked: polars' threads do not survive a fork.
        with ProcessPoolExecutor(len(blocks), mp_context=get_context("spawn")) as pool:
            parts = pool.map(_block, blocks, *([each] * len(blocks) for each in (seed, outcome, level)))
            rows = [row for part in parts for row in part]
    frame = pd.DataFrame(rows).sort_values("replicate", kind="stable").reset_index(drop=True)
    frame["covered"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    return frame


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean value, bias, spread, mean standard error and coverage (with its Monte Carlo error) by `answers`."""
    rows: list[dict[str, object]] = []
    for answers, part in runs.groupby("answers", sort=False):
        covered = float(part["covered"].mean())
        rows.append(
            {
                "answers": answers,
                "samples": len(part),
                "truth": float(part["truth"].iloc[0]),
                "mean": float(part["value"].mean()),
                "relative_bias": float(part["value"].mean() / part["truth"].iloc[0] - 1),
                "spread": float(part["value"].std(ddof=1)),
                "mean_se": float(part["se"].mean()),
                "coverage": covered,
                "coverage_error": float(np.sqrt(covered * (1 - covered) / len(part))),
                "mean_width": float((part["upper"] - part["lower"]).mean()),
            }
        )
    return pd.DataFrame(rows)


def _block(replicates: list[int], seed: int, outcome: str, level: float) -> list[dict[str, object]]:
    population = make_population(SEED)
    nation = truth(population)["national"]
    target = nation[outcome] / nation["adults"]
    return [row for replicate in replicates for row in _one(population, replicate, seed, outcome, level, target)]


def _one(
    population: Population, replicate: int, seed: int, outcome: str, level: float, target: float
) -> list[dict[str, object]]:
    own = int(np.random.SeedSequence(seed, spawn_key=(replicate,)).generate_state(1)[0])
    people = draw(population, own)
    known = estimate_prevalence(people, f"{outcome}_true", design=DESIGN, level=level)
    heard = estimate_prevalence(people, outcome, design=DESIGN, unknown="bounds", level=level)
    frames = {
        "known": known.frame.iloc[0],
        "surely": heard.frame.iloc[0],
        "possibly": heard.frame.iloc[1],
    }
    names = ("value", "se", "lower", "upper")
    return [
        {"replicate": replicate, "answers": answers, "truth": target, **{name: float(row[name]) for name in names}}
        for answers, row in frames.items()
    ]
