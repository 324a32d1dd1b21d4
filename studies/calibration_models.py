"""Simulation-based calibration of poststratified models, misclassification, pooled lists and several sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical import Prior, capture_recapture, misclassification, sources, unit
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.inputs.sample_design import Design
from studies.calibration import DRAWS

Ranked = dict[str, tuple[float, Floats]]

REGIONS, AGES, STRATA = 8, 3, 5
LISTS: tuple[str, ...] = ("A", "B", "C")
WRONG = 9
"""A wrong model is told of as many times the people (counts, precision); of an instrument, that it hardly errs."""


def model_ranks(model: str, replicates: int, *, seed: int, first: int = 0, wrong: bool = False) -> pd.DataFrame:
    """Draw truth and data from a model, fit it, and rank the truth among the draws.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    replicates, first, seed : int
        Replicate r, from `first`, has a seed of its own made from (seed, r).
    wrong : bool
        Tell the model of more data than there are, or of a better instrument: the ranks must show it.

    Returns
    -------
    pandas.DataFrame
        `replicate`, `quantity` and `rank`, 0 to 99; `calibration.rank_counts` tests them.

    Examples
    --------
    >>> from studies.calibration_models import model_ranks
    >>> model_ranks("sources", 1, seed=1)["quantity"].tolist()
    ['number', 'survey']
    """
    rows: list[tuple[int, str, int]] = []
    for replicate in range(first, first + replicates):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate,)))
        ranked = MODELS[model](rng, WRONG if wrong else 1)
        rows += [(replicate, name, int((draws < figure).sum())) for name, (figure, draws) in ranked.items()]
    return pd.DataFrame(rows, columns=["replicate", "quantity", "rank"])


def _seeded(rng: np.random.Generator) -> dict[str, Any]:
    return {"draws": DRAWS, "seed": int(rng.integers(2**31))}


def _one_prevalence(rng: np.random.Generator, told: int) -> Ranked:
    p, se, sp, n = rng.beta(1, 20), rng.beta(18, 4), rng.beta(99, 1), 400
    cases = int(rng.binomial(n, p * se + (1 - p) * (1 - sp)))
    found = misclassification(cases, n, **_instrument(told), prior=(1, 20), **_seeded(rng))
    return {"prevalence": (p, found.draws[:, 0])}


def _instrument(told: int) -> dict[str, Any]:
    """What is said of sensitivity and specificity: what they were drawn from, or next to 1."""
    return (
        {"sensitivity": (18, 4), "specificity": (99, 1)}
        if told == 1
        else {"sensitivity": (999, 1), "specificity": (999, 1)}
    )


def _regional_prevalence(rng: np.random.Generator, told: int) -> Ranked:
    se, sp, sigma = rng.beta(18, 4), rng.beta(99, 1), abs(rng.normal())
    p = special.expit(rng.normal(-3, 1) + sigma * rng.normal(size=REGIONS))
    n = np.where(np.arange(REGIONS) == 5, 0, rng.integers(100, 600, REGIONS))
    y = rng.binomial(n, p * se + (1 - p) * (1 - sp))
    table = pd.DataFrame({"r": np.arange(REGIONS), "n": n, "value": y / np.maximum(n, 1), "deff": 1.0, "cases": y})
    persons = pd.DataFrame({"r": np.arange(REGIONS), "population": 1.0})
    found = misclassification(
        table, **_instrument(told), population=persons,
        prior=Prior(intercept="normal(-3, 1)", sigma="half-normal(1)"), **_seeded(rng),
    )  # fmt: skip
    kept = found.draws[:, (found.frame["method"] == "misclassification").to_numpy()]
    position = int(rng.integers(REGIONS))
    return {"nation": (p.mean(), kept[:, 0]), "region": (p[position], kept[:, 1 + position])}


def _cells(rng: np.random.Generator) -> tuple[pd.DataFrame, Floats]:
    """A cell table with the linear predictor drawn from the prior: effects of regions and ages sum to zero."""
    cells = pd.DataFrame(
        [(r, a, s) for r in range(REGIONS) for a in range(AGES) for s in (0, 1)], columns=["r", "a", "s"]
    )
    region, age = rng.normal(size=REGIONS), rng.normal(size=AGES)
    effects = (
        abs(0.7 * rng.normal()) * (region - region.mean())[cells["r"]]
        + abs(0.7 * rng.normal()) * (age - age.mean())[cells["a"]]
        + abs(0.4 * rng.normal()) * rng.normal(size=REGIONS * AGES)[cells["r"] * AGES + cells["a"]]
    )
    # One region is in no sample.
    cells["n"] = np.where(cells["r"] == REGIONS - 1, 0, rng.integers(2, 40, len(cells)))
    cells["population"] = rng.integers(100, 2_000, len(cells))
    return cells, effects + rng.normal() * cells["s"].to_numpy()


_EFFECTS = {"r": "half-normal(0.7)", "a": "half-normal(0.7)", "r:a": "half-normal(0.4)"}


def _poststratified(rng: np.random.Generator, told: int) -> Ranked:
    cells, eta = _cells(rng)
    p = special.expit(rng.normal(-2, 1) + eta)
    cases = rng.binomial(cells["n"], p)
    people = cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)
    people["y"] = np.concatenate([np.arange(n) < y for n, y in zip(cells["n"], cases, strict=True)]).astype(int)
    people = pd.concat([people] * told, ignore_index=True)
    found = unit(
        people, "y", cells=["r", "a", "s"], population=cells, varying=list(_EFFECTS), by="r", design=Design(unweighted=True),
        prior=Prior(sigma=_EFFECTS, intercept="normal(-2, 1)", slopes="normal(0, 1)"), **_seeded(rng),
    )  # fmt: skip
    return _ranked_cells(cells, p, found.draws, rng)


def _quantities(rng: np.random.Generator, told: int) -> Ranked:
    cells, eta = _cells(rng)
    mean, spread = rng.normal() + eta, abs(rng.normal())
    people = cells.loc[cells.index.repeat(cells["n"])]
    people = people.assign(y=mean[people.index] + spread * rng.normal(size=len(people))).reset_index(drop=True)
    people = pd.concat([people] * told, ignore_index=True)
    found = unit(
        people, "y", cells=["r", "a", "s"], population=cells, varying=list(_EFFECTS), by="r", design=Design(unweighted=True),
        likelihood="normal",
        prior=Prior(sigma=_EFFECTS, intercept="normal(0, 1)", slopes="normal(0, 1)", residual="half-normal(1)"),
        **_seeded(rng),
    )  # fmt: skip
    return _ranked_cells(cells, mean, found.draws, rng)


def _ranked_cells(cells: pd.DataFrame, value: Floats, draws: Any, rng: np.random.Generator) -> Ranked:
    persons, position = cells["population"].to_numpy(dtype=float), int(rng.integers(REGIONS))
    inside = (cells["r"] == position).to_numpy() * persons
    return {
        "nation": (float(persons @ value / persons.sum()), draws[:, 0]),
        "region": (float(inside @ value / inside.sum()), draws[:, 1 + position]),
    }


def _lists(rng: np.random.Generator, told: int) -> Ranked:
    members = all_histories(len(LISTS))
    pairs = np.stack([members[:, a] * members[:, b] for a, b in ((0, 1), (0, 2), (1, 2))], axis=1)
    size = rng.normal(4, 0.5) + abs(0.5 * rng.normal()) * rng.normal(size=STRATA)
    chance = rng.normal(-1, 0.5, 3) + abs(0.3 * rng.normal()) * rng.normal(size=(STRATA, 3))
    joint = rng.normal(-1, 0.5, 3) + abs(0.3 * rng.normal()) * rng.normal(size=(STRATA, 3))
    strata: dict[int, CaptureHistories] = {}
    seen = np.zeros(STRATA)
    for s in range(STRATA):
        counts = rng.poisson(np.exp(size[s] + members @ chance[s] + pairs @ joint[s]))
        # Nobody on any list cannot be told to the model; that has a chance of e^-60 or less.
        frame = pd.DataFrame(members, columns=list(LISTS)).assign(count=told * counts)
        strata[s], seen[s] = CaptureHistories.from_counts(frame, lists=list(LISTS)), told * counts.sum()
    dark = rng.poisson(np.exp(size))
    found = capture_recapture(
        strata, prior=Prior(
            intercept=f"normal({4 + np.log(told)}, 0.5)", slopes="normal(-1, 0.5)",
            sigma={"size": "half-normal(0.5)", "lists": "half-normal(0.3)", "interactions": "half-normal(0.3)"},
        ), **_seeded(rng),
    )  # fmt: skip
    # Ties of whole numbers are broken at random.
    draws = found.draws / told + rng.uniform(-0.5, 0.5, found.draws.shape)
    position = int(rng.integers(STRATA))
    return {
        "all": (float(dark.sum()) + rng.uniform(-0.5, 0.5), draws[:, 1]),
        "stratum": (float(dark[position]) + rng.uniform(-0.5, 0.5), draws[:, 3 + 2 * position]),
    }


def _sources(rng: np.random.Generator, told: int) -> Ranked:
    log_n = rng.normal(9, 1)
    half, error = -abs(rng.normal(0, 0.3)), 0.2
    survey = np.exp(log_n + half + error * rng.normal())
    lists = np.exp(log_n + rng.normal(0.1, 0.3) + 0.15 * rng.normal())
    hotline = int(rng.binomial(int(np.exp(log_n)), rng.beta(3, 40)))
    shrink = 1 / np.sqrt(told)
    found = sources(
        {"survey": (survey, survey * error * shrink), "lists": (lists, lists * 0.15 * shrink), "hotline": max(hotline, 1)},
        bias={
            "survey": f"below({0.3 * shrink})", "lists": f"normal(0.1, {0.3 * shrink})",
            "hotline": f"reported({3 * told}, {40 * told})",
        },
        prior=(9.0, 1.0), **_seeded(rng),
    )  # fmt: skip
    return {
        "number": (float(np.exp(log_n)), found.draws[:, 0]),
        "survey": (float(np.exp(log_n + half)), found.draws[:, 1]),
    }


MODELS: dict[str, Callable[[np.random.Generator, int], Ranked]] = {
    "misclassification": _one_prevalence,
    "misclassification, regions": _regional_prevalence,
    "poststratified counts": _poststratified,
    "poststratified quantities": _quantities,
    "pooled lists": _lists,
    "sources": _sources,
}
