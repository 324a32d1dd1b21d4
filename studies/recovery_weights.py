"""Replicated samples of the synthetic country, calibrated: do intervals after raking, quantiles and contrasts hold the truth?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.datasets.geography import REGIONS, region_of
from fl_estimate.datasets.population import INTERNATIONAL, SEED, Population, make_population
from fl_estimate.datasets.sampling import draw_sample
from fl_estimate.design.quantile_rules import quantiles
from fl_estimate.design.replicates import replicate
from fl_estimate.design.weights import calibrate, post_stratify
from fl_estimate.estimators.survey.contrasts import contrast
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence, estimate_total
from fl_estimate.estimators.survey.quantiles import estimate_quantile
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Estimates

DESIGN = Design(weights="weight", strata="stratum", psu="psu", expands=True)
AGES = (30, 45, 60)
MARGINS = ("region", "sex", "age_group", "migrant")
REPLICATES = 100
SHARES = (0.5, 0.9)


def replicate_weights_study(samples: int, *, seed: int, level: float = 0.95) -> pd.DataFrame:
    """Estimate the same figures by several ways of weighting from many samples of the same country.

    Parameters
    ----------
    samples : int
    seed : int
        Of the first sample; sample r is drawn with a seed of its own made from (seed, r).
    level : float

    Returns
    -------
    pandas.DataFrame
        One row a sample, figure and way: `figure` (forced_labour: persons; migrants_at_work: persons; hours: median and 9th
        decile of hours a week of migrants at work; migrants: their prevalence less that of others), `way`, `truth`, `value`,
        `se`, `lower`, `upper`, `covered` (missing where there is no interval).

    Examples
    --------
    >>> from studies.recovery_weights import replicate_weights_study
    >>> runs = replicate_weights_study(1, seed=1)
    >>> sorted(runs["figure"].unique())
    ['forced_labour', 'hours 0.5', 'hours 0.9', 'migrants', 'migrants_at_work']
    """
    population = make_population(SEED)
    known = _adults(population)
    margins = {name: known[name].value_counts().to_dict() for name in MARGINS}
    strata = known.groupby(["region", "sex"]).size().to_dict()
    truths = _truths(known)
    rows: list[dict[str, Any]] = []
    for number in range(samples):
        own = np.random.SeedSequence(seed, spawn_key=(number,))
        rng = np.random.default_rng(own)
        drawn = draw_sample(population, rng)
        people = _people(population, drawn.respondent).assign(weight=drawn.weight)
        for figure, way, estimates in _estimates(people, margins, strata, int(rng.integers(2**31)), level):
            row = estimates.frame.iloc[0]
            numbers = {name: float(row[name]) for name in ("value", "se", "lower", "upper")}
            rows.append({"sample": number, "figure": figure, "way": way, "truth": truths[figure], **numbers})
    frame = pd.DataFrame(rows)
    covered = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    return frame.assign(covered=covered.where(frame["lower"].notna()).astype("boolean"))


def summarise_weights(runs: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, mean standard error, coverage with its Monte Carlo error, and mean width by figure and way."""
    rows: list[dict[str, Any]] = []
    for (figure, way), part in runs.groupby(["figure", "way"], sort=False):
        known = part["covered"].dropna()
        covered = float(known.mean())
        rows.append(
            {
                "figure": figure,
                "way": way,
                "samples": len(part),
                "missing": int(part["covered"].isna().sum()),
                "truth": float(part["truth"].iloc[0]),
                "relative_bias": float(part["value"].mean() / part["truth"].iloc[0] - 1),
                "spread": float(part["value"].std(ddof=1)) if len(part) > 1 else np.nan,
                "mean_se": float(part["se"].mean()),
                "coverage": covered,
                "coverage_error": float(np.sqrt(covered * (1 - covered) / max(len(known), 1))),
                "mean_width": float((part["upper"] - part["lower"]).mean()),
            }
        )
    return pd.DataFrame(rows)


def _estimates(
    people: pd.DataFrame, margins: dict[str, Any], strata: dict[Any, Any], seed: int, level: float
) -> list[tuple[str, str, Estimates]]:
    made = replicate(people, design=DESIGN, kind="rao-wu", replicates=REPLICATES, seed=seed)
    raked, design = calibrate(people, margins, design=DESIGN)
    repeated, replicated = calibrate(people, margins, design=made)
    stratified, post = post_stratify(people, ["region", "sex"], strata, design=DESIGN)
    ways: dict[str, tuple[pd.DataFrame, Design]] = {
        "as drawn": (people, DESIGN),
        "post-stratified": (stratified, post),
        "raked": (raked, design),
        "raked, replicates": (repeated, replicated),
        "raked, taken as drawn": (raked, replace(design, adjustments=())),
    }
    out: list[tuple[str, str, Estimates]] = []
    for way, (frame, own) in ways.items():
        out.append(("forced_labour", way, estimate_total(frame, "forced_labour", design=own, level=level)))
        out.append(("migrants_at_work", way, estimate_total(frame, "migrant_worked", design=own, level=level)))
    by = estimate_prevalence(raked, "forced_labour", design=design, by="migrant", level=level)
    out.append(("migrants", "raked, wald", contrast(by, {"migrant": (1, 0)})))
    for share in SHARES:
        for kind in ("woodruff", "mean", "beta", "xlogit", "wald"):
            frame, own = (repeated, replicated) if kind == "wald" else (raked, design)
            found = estimate_quantile(
                frame, "hours", share, design=own, where="migrant_worked", interval=kind, unknown="exclude", level=level
            )
            out.append((f"hours {share:g}", f"raked, {kind}", found))
    return out


def _adults(population: Population) -> pd.DataFrame:
    return _people(population, np.flatnonzero(population.adult))


def _people(population: Population, person: Any) -> pd.DataFrame:
    people = population.people
    area = population.households.area[people.household[person]]
    job = people.job[person]
    worked = job >= 0
    migrant = people.migrant[person] == INTERNATIONAL
    return pd.DataFrame(
        {
            "stratum": population.areas.stratum[area],
            "psu": area,
            "region": np.array(REGIONS)[region_of(population.areas.district[area])],
            "sex": people.sex[person],
            "age_group": np.searchsorted(AGES, people.age[person], side="right"),
            "migrant": migrant.astype(np.int8),
            "migrant_worked": (migrant & worked).astype(np.int8),
            "hours": np.where(worked, population.jobs.hours[job], 0),
            "forced_labour": population.forced_labour[person].astype(np.int8),
        }
    )


def _truths(known: pd.DataFrame) -> dict[str, float]:
    hours = known.loc[known["migrant_worked"] == 1, "hours"].value_counts().sort_index()
    values, people = np.asarray(hours.index, dtype=np.float64), np.asarray(hours, dtype=np.float64)
    at = quantiles("math", values, people, np.array(SHARES))
    prevalence = known.groupby("migrant")["forced_labour"].mean()
    return {
        "forced_labour": float(known["forced_labour"].sum()),
        "migrants_at_work": float(known["migrant_worked"].sum()),
        "migrants": float(prevalence.loc[1] - prevalence.loc[0]),
        **{f"hours {share:g}": float(value) for share, value in zip(SHARES, at, strict=True)},
    }
