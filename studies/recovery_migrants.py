"""Replicated samples of the returned migrants: does the estimate find the truth, of forced labour and of what recruitment cost?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.datasets.migrants_survey import draw_columns
from fl_estimate.datasets.population import Population, make_population
from fl_estimate.datasets.returned_migrants import OVER, Migrants, make_migrants, migrants_truth
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_prevalence, estimate_total
from fl_estimate.estimators.survey.quantiles import estimate_quantile
from fl_estimate.results.estimates import Estimates
from studies.recovery import DESIGN

COST = "recruitment_cost_share"
_OF_COST: dict[str, Any] = {
    "design": DESIGN, "by": "destination", "where": "share_in_scope", "unknown": "exclude",
}  # fmt: skip


def replicate_migrants(
    replicates: int, *, seed: int, level: float = 0.95, processes: int = 1, population: Population | None = None
) -> pd.DataFrame:
    """Estimate from many samples of the same returned migrants.

    Parameters
    ----------
    replicates : int
        Samples to draw.
    seed : int
        Replicate r is drawn with a seed of its own made from (seed, r).
    level : float
    processes : int
        Worker processes; the result is the same whatever their number.
    population : Population, optional
        The country where it is made already; for one process.

    Returns
    -------
    pandas.DataFrame
        One row a sample, `answers` and `destination` ("" for all). `answers` is ``known``, ``surely`` or ``possibly`` for
        the share in forced labour in the most recent episode, ``persons`` for the number of persons (every answer
        known), ``cost_known`` and ``cost`` for the mean recruitment cost in months of earnings (every amount known; as told),
        ``median`` for its median and ``over`` for the share of persons whose cost is above three months, as told.
    """
    blocks = [list(range(start, replicates, processes)) for start in range(processes)]
    if processes == 1:
        rows = _block(blocks[0], seed, level, population)
    else:
        # Spawned, not forked: polars' threads do not survive a fork.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = pool.map(_block, blocks, [seed] * processes, [level] * processes)
            rows = [row for part in parts for row in part]
    frame = pd.DataFrame(rows).sort_values("replicate", kind="stable").reset_index(drop=True)
    frame["covered"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    return frame


@dataclass(frozen=True, kw_only=True)
class _Target:
    """The true values of all, or of those of one destination."""

    persons: int
    forced: int
    cost: float
    median: float
    over: float

    def of(self, answers: str) -> float:
        if answers.startswith("cost"):
            return self.cost
        if answers in ("median", "over"):
            return self.median if answers == "median" else self.over
        return float(self.forced) if answers == "persons" else self.forced / self.persons


def _target(counts: dict[str, Any]) -> _Target:
    return _Target(
        persons=counts["adults"],
        forced=counts["forced_labour"],
        cost=counts["mean"][COST],
        median=counts["quantile"][COST]["0.5"],
        over=counts["share"]["over_three_months"],
    )


def _block(
    replicates: list[int], seed: int, level: float, population: Population | None = None
) -> list[dict[str, object]]:
    population = population if population is not None else make_population()
    migrants = make_migrants(population)
    true = migrants_truth(migrants)
    targets = {position: _target(counts) for position, counts in {"": true["national"], **true["destination"]}.items()}
    return [row for replicate in replicates for row in _one(population, migrants, replicate, seed, level, targets)]


def _one(
    population: Population,
    migrants: Migrants,
    replicate: int,
    seed: int,
    level: float,
    targets: dict[str, _Target],
) -> list[dict[str, object]]:
    own = int(np.random.SeedSequence(seed, spawn_key=(replicate,)).generate_state(1)[0])
    people = draw_columns(population, migrants, own)
    people["over"] = (people["share"] > OVER).where(people["share"].notna()).astype(float)
    inside, by = "forced_labour_in_scope", "destination"
    heard = estimate_prevalence(people, "forced_labour", design=DESIGN, by=by, unknown="bounds", level=level)
    asked = {
        "known": estimate_prevalence(people, "forced_labour_true", design=DESIGN, by=by, where=inside, level=level),
        "surely": heard.select(bound="lower"),
        "possibly": heard.select(bound="upper"),
        "persons": estimate_total(people, "forced_labour_true", design=DESIGN, by=by, where=inside, level=level),
        "cost_known": _cost(people, "share_true", level),
        "cost": _cost(people, "share", level),
        "median": estimate_quantile(people, "share", **_OF_COST, level=level),
        "over": estimate_prevalence(people, "over", **_OF_COST, level=level),
    }
    return [
        {"replicate": replicate, "answers": answers, **row}
        for answers, estimates in asked.items()
        for row in _rows(answers, estimates, targets)
    ]


def _cost(people: pd.DataFrame, variable: str, level: float) -> Estimates:
    return estimate_mean(people, variable, **_OF_COST, level=level)


def _rows(answers: str, estimates: Estimates, targets: dict[str, _Target]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for row in estimates.frame.to_dict("records"):
        position = str(row["destination"]) if row["margin"] else ""
        if position not in targets:  # rows without a destination are areas in which nobody had come back
            continue
        kept = {name: float(row[name]) for name in ("value", "se", "lower", "upper")}
        rows.append({"destination": position, "truth": targets[position].of(answers), **kept})
    return rows
