"""Samples of designs that put several sources together: two frames, two teams, two phases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.designs.adaptive_networks import Codes, Flags
from fl_estimate.estimators.hidden.designs.design_draw import DesignDraw, pair_of, require_settings
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed


def simulate_dual_frame(
    *,
    population: int = 20_000,
    in_a: float = 0.85,
    in_b: float = 0.3,
    prevalence: tuple[float, float, float] = (0.05, 0.15, 0.3),
    n_a: int = 1_000,
    n_b: int = 400,
    units: int = 400,
    between: float = 0.6,
    overlap_missed: float = 0.0,
    seed: int | None = None,
) -> DesignDraw:
    """Draw a cluster sample of households (frame A) and a simple random sample of a register (frame B) of one population.

    Parameters
    ----------
    population : int
        In the population; everybody is in a frame.
    in_a, in_b : float
        Probability to be in each frame; who is in neither is put into B.
    prevalence : tuple of float
        Of those in A alone, in both, in B alone.
    n_a, n_b : int
        Respondents: of A in 20 to a unit.
    units : int
        Enumeration areas of A, from which whole areas are drawn and 20 people of each.
    between : float
        Standard deviation, on the logit, of the prevalence between units.
    overlap_missed : float
        Probability that a respondent of B in A says not to be: above 0 the assumption fails.
    seed : int, optional

    Returns
    -------
    DesignDraw
        `truth` has total and prevalence. The arguments hold both probabilities and, in `population`, the sizes of the frames.

    Raises
    ------
    EstimateFault
        FL-EST-695.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_dual_frame(seed=1)
    >>> total = fl.hidden.dual_frame(**drawn.arguments)
    >>> bool(total.interval[0] < drawn.truth["total"] < total.interval[1])
    True
    """
    a_only, both, b_only = prevalence if isinstance(prevalence, tuple | list) and len(prevalence) == 3 else [None] * 3
    require_settings(
        {"in_a": in_a, "in_b": in_b, "a": a_only, "both": both, "b": b_only, "overlap_missed": overlap_missed},
        {"population": population, "n_a": n_a, "n_b": n_b, "units": units},
        {"between": between},
    )
    draw = np.random.default_rng(known_seed(seed))
    a = draw.random(population) < in_a
    b = (draw.random(population) < in_b) | ~a
    if not a.any() or not b.any():
        raise EstimateFault(
            "FL-EST-695", "a population of this kind cannot be drawn", found="nobody in one of the frames",
            fix="more people, and larger in_a= and in_b=",
        )  # fmt: skip
    unit = draw.integers(0, units, population)
    chance = np.where(a & b, prevalence[1], np.where(a, prevalence[0], prevalence[2]))
    shift = draw.normal(0.0, between, units)[unit]
    with np.errstate(divide="ignore"):
        case = draw.random(population) < 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + shift)))
    first, probability_a = _households(draw, a, unit, units, max(n_a // 20, 2))
    number = int(b.sum())
    second = draw.choice(np.flatnonzero(b), size=min(n_b, number), replace=False)
    probability_b = len(second) / number
    told = b[first].astype(int), (a[second] & (draw.random(len(second)) >= overlap_missed)).astype(int)
    samples: list[pd.DataFrame] = []
    for rows, overlap, weight in (
        (first, told[0], 1 / probability_a[first]),
        (second, told[1], np.full(len(second), 1 / probability_b)),
    ):
        samples.append(pd.DataFrame({
            "unit": unit[rows], "overlap": overlap, "outcome": case[rows].astype(int), "weight": weight,
            "in_a": probability_a[rows], "in_b": np.where(b[rows], probability_b, 0.0),
        }))  # fmt: skip
    return DesignDraw(
        arguments={
            "people": (samples[0], samples[1]), "outcome": "outcome", "overlap": "overlap",
            "design": (Design(weights="weight", psu="unit", expands=True), Design(weights="weight", expands=True)),
        },
        truth={"total": float(case.sum()), "prevalence": float(case.mean())},
        population={"people": population, "frame_sizes": (float(a.sum()), float(b.sum())), "overlap": int((a & b).sum())},
    )  # fmt: skip


def _households(draw: np.random.Generator, a: Flags, unit: Codes, units: int, drawn: int) -> tuple[Codes, Floats]:
    """People of A drawn: units by equal probability, 20 people of each; and the probability of everybody in A."""
    size = np.bincount(unit[a], minlength=units)
    chosen = draw.choice(np.flatnonzero(size > 0), size=min(drawn, int((size > 0).sum())), replace=False)
    rows = [draw.permutation(np.flatnonzero(a & (unit == each)))[:20] for each in chosen]
    share = len(chosen) / int((size > 0).sum()) * np.minimum(20, size) / np.maximum(size, 1)
    return np.concatenate(rows), np.where(a, share[unit], 0.0)


def simulate_reported_cases(
    *,
    cases: int = 600,
    strata: int = 3,
    found: tuple[float, float] = (0.35, 0.3),
    persons: float = 8.0,
    dispersion: float = 1.0,
    odds_ratio: float = 1.0,
    size_effect: float = 0.0,
    unmatched: float = 0.0,
    seed: int | None = None,
) -> DesignDraw:
    """Draw what two teams find of a number of reported cases.

    Parameters
    ----------
    cases : int
        That were reported.
    strata : int
        Regions, in each of which teams find a little more than in the one before.
    found : tuple of float
        Probability that each team finds a case, in the middle of the regions.
    persons, dispersion : float
        Median of the persons in a case, log-normal, and the standard deviation of the logarithm.
    odds_ratio : float
        Of one team finding a case that the other found: 1 where they know nothing of each other.
    size_effect : float
        How much the log-odds of finding a case rise with the logarithm of its persons: above 0 large cases are found more readily.
    unmatched : float
        Probability that a case which both found is taken for two.
    seed : int, optional

    Returns
    -------
    DesignDraw
        `truth` has reported_cases, reported_persons and persons_per_case.

    Raises
    ------
    EstimateFault
        FL-EST-695.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_reported_cases(seed=1)
    >>> persons = fl.hidden.reported_cases(**drawn.arguments)
    >>> bool(persons.interval[0] < drawn.truth["reported_persons"] < persons.interval[1])
    True
    """
    first, second = pair_of(found)
    require_settings(
        {"found": first, "found of the second": second, "unmatched": unmatched},
        {"cases": cases, "strata": strata},
        {"persons": persons or None, "dispersion": dispersion, "odds_ratio": odds_ratio, "size_effect": size_effect},
    )
    draw = np.random.default_rng(known_seed(seed))
    region = draw.integers(0, strata, cases)
    size = np.maximum(1, np.round(persons * np.exp(draw.normal(0.0, dispersion, cases)))).astype(int)
    shift = 0.4 * (region - (strata - 1) / 2) + size_effect * (np.log(size) - np.log(persons))
    teams = [1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift))) for p in found]
    one = draw.random(cases) < teams[0]
    odds = teams[1] / (1 - teams[1]) * np.where(one, odds_ratio, 1.0)
    two = draw.random(cases) < odds / (1 + odds)
    apart = one & two & (draw.random(cases) < unmatched)
    table: dict[str, Any] = {
        "region": region,
        "persons": size,
        "first": (one).astype(int),
        "second": (two & ~apart).astype(int),
    }
    frame = pd.DataFrame(table)
    twice = pd.DataFrame({"region": region[apart], "persons": size[apart], "first": 0, "second": 1})
    frame = pd.concat([frame[one | two], twice], ignore_index=True)
    return DesignDraw(
        arguments={
            "cases": frame, "victims": "persons", "first_team": "first", "second_team": "second",
            **({"strata": "region"} if strata > 1 else {}),
        },
        truth={
            "reported_cases": float(cases), "reported_persons": float(size.sum()), "persons_per_case": float(size.mean()),
        },
        population={"found_by_nobody": int((~one & ~two).sum())},
    )  # fmt: skip


def simulate_two_phase(
    *,
    n: int = 2_000,
    units: int = 100,
    prevalence: float = 0.04,
    sensitivity: float = 0.8,
    specificity: float = 0.9,
    interviewed: tuple[float, float] = (0.8, 0.1),
    between: float = 0.5,
    seed: int | None = None,
) -> DesignDraw:
    """Draw a cluster sample in which everybody is screened and some are interviewed.

    Parameters
    ----------
    n, units : int
        People of the first phase, and the enumeration areas in which they live.
    prevalence, between : float
        Of the outcome, and the standard deviation of its logit between areas.
    sensitivity, specificity : float
        Of the screener.
    interviewed : tuple of float
        Share that is interviewed of those who pass the screener, and of those who do not.
    seed : int, optional

    Returns
    -------
    DesignDraw
        `truth` has the prevalence of the population that areas are drawn from, and the total that the weights (100) stand for.

    Raises
    ------
    EstimateFault
        FL-EST-695.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_two_phase(seed=2)
    >>> found = fl.hidden.two_phase(**drawn.arguments)
    >>> bool(found.interval[0] < drawn.truth["prevalence"] < found.interval[1])
    True
    """
    passing, failing = pair_of(interviewed)
    require_settings(
        {"prevalence": prevalence, "sensitivity": sensitivity, "specificity": specificity, "passing": passing, "not passing": failing},
        {"n": n, "units": units},
        {"between": between},
    )  # fmt: skip
    draw = np.random.default_rng(known_seed(seed))
    unit = np.arange(n) % units
    logit = special.logit(prevalence) + draw.normal(0.0, between, units)[unit]
    case = draw.random(n) < special.expit(logit)
    passes = draw.random(n) < np.where(case, sensitivity, 1 - specificity)
    asked = np.zeros(n, dtype=bool)
    for result, share in ((True, interviewed[0]), (False, interviewed[1])):
        of = np.flatnonzero(passes == result)
        if share > 0 and len(of):
            asked[draw.choice(of, size=min(max(2, round(share * len(of))), len(of)), replace=False)] = True
    truth = _mean_of_logit_normal(prevalence, between)
    return DesignDraw(
        arguments={
            "people": pd.DataFrame({
                "unit": unit, "weight": 100.0, "passes": passes.astype(int), "interviewed": asked.astype(int), "outcome": np.where(asked, case, np.nan),
            }),
            "outcome": "outcome", "screener": "passes", "interviewed": "interviewed", "design": Design(weights="weight", psu="unit", expands=True),
        },
        truth={"prevalence": truth, "total": 100.0 * n * truth},
        population={"screened": int(passes.sum())},
    )  # fmt: skip


def _mean_of_logit_normal(prevalence: float, between: float) -> float:
    """Mean of the prevalence over areas, by Gauss–Hermite's rule with 41 points."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    logit = special.logit(prevalence) + between * nodes
    return float(weights @ special.expit(logit) / weights.sum())
