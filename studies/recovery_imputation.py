"""Replicated samples with unknown answers imputed: do estimates of the draws find what complete answers would have given?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from fl_estimate.arrays import Bools
from fl_estimate.datasets.answers import AT_RANDOM, BY_CLASS, NOT_IN_FORCED_LABOUR, Silence
from fl_estimate.datasets.country import Survey, survey
from fl_estimate.datasets.geography import REGIONS, region_of
from fl_estimate.datasets.migrants_survey import draw_migrants
from fl_estimate.datasets.population import Population
from fl_estimate.datasets.questionnaire import (
    BLANK,
    COLUMNS,
    DONT_KNOW,
    EXPERIENCED,
    ITEMS,
    MISSING,
    NO,
    NO_GROUND,
    NOT_DONE,
    REFUSED,
    STATE_FIELDS,
    THREATENED,
    WITNESSED,
    YES,
)
from fl_estimate.datasets.returned_migrants import DESTINATIONS, Migrants, migrants_truth
from fl_estimate.estimators.imputation.impute import impute
from fl_estimate.estimators.sensitivity.delta_curve import delta_curve
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.results.estimates import Estimates
from studies.recovery import DESIGN

Mechanism = Literal["at random", "by class"]
SILENCES: Mapping[Mechanism, Silence] = {"at random": AT_RANDOM, "by class": BY_CLASS}
OUTCOME, TRUE = "forced_labour", "forced_labour_true"
FRAMEWORK = "icls2018_adult"
FILTERS: tuple[str, ...] = ("debt", "lodging")
"""Answers that decide which questions are put, and no item of the framework: they are predictors of unknown answers."""
_UNKNOWN = {MISSING: "missing", DONT_KNOW: "dk", REFUSED: "ref"}
_BINARY = {YES: "yes", NO: "no", **_UNKNOWN}
_COERCION = {EXPERIENCED: "experienced", THREATENED: "threatened", WITNESSED: "witnessed", NOT_DONE: "no", **_UNKNOWN}
_GROUNDS = {**{number: f"E{number}" for number in range(1, NO_GROUND)}, NO_GROUND: "none", **_UNKNOWN}
_PURPOSES = {**{number: "abcde"[number - 1] for number in range(1, NO_GROUND)}, NO_GROUND: "none", **_UNKNOWN}


def sample_of_country(population: Population, seed: int, silence: Silence) -> pl.DataFrame:
    """A sample of the country as `fl.impute` takes it: a row a respondent, an item a column, and the class that is true.

    Whoever did not work was asked nothing and has every answer no. The work counts whenever it was: no dates are here.
    """
    drawn = survey(population, seed, silence)
    sample, person = drawn.sample, drawn.sample.respondent
    area = population.households.area[population.people.household[person]]
    columns = {
        "stratum": population.areas.stratum[area] + 1,
        "psu": area + 1,
        "weight": sample.weight,
        "region": np.array(REGIONS)[region_of(population.areas.district[area])],
        "sex": population.people.sex[person],
        "age": population.people.age[person].astype(np.int64),
        "is_proxy": (sample.proxy >= 0).astype(np.int8),
        TRUE: in_forced_labour(population)[person].astype(np.int8),
    }
    size, told = len(person), (drawn.heard.debt, drawn.heard.lodging)
    filters = {name: _filter(codes, drawn.working, size) for name, codes in zip(FILTERS, told, strict=True)}
    return pl.DataFrame({**columns, **filters, **_answers(drawn, size)})


def in_forced_labour(population: Population) -> Bools:
    """Of every person, whether the work that the module asks about is forced labour, whenever it was."""
    job = population.people.job
    return (job >= 0) & (population.jobs.route[np.maximum(job, 0)] != NOT_IN_FORCED_LABOUR)


def truth_of_country(population: Population) -> dict[str, float]:
    """The true prevalence among adults, of the nation ("") and by region."""
    adult = population.adult
    forced = in_forced_labour(population)[adult]
    region = np.array(REGIONS)[region_of(population.district[adult])]
    return {"": float(forced.mean()), **{name: float(forced[region == name].mean()) for name in REGIONS}}


def _answers(drawn: Survey, size: int) -> dict[str, Any]:
    heard = drawn.heard
    found = _items(heard.items, drawn.working, size)
    words = {"state_exception": _GROUNDS, "state_c105": _PURPOSES}
    for position, (_, field, _) in enumerate(STATE_FIELDS):
        found[field] = _worded(heard.state[:, position], words.get(field, _BINARY), drawn.working, size, "not_asked")
    return found


def _filter(codes: NDArray[np.int8], working: NDArray[np.int64], size: int) -> pl.Series:
    """Answers to a question that decides whether others are put; no for those who did not work."""
    return _worded(codes, _BINARY, working, size, "missing")


def _items(items: NDArray[np.int8], working: NDArray[np.int64], size: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for position, column in enumerate(COLUMNS):
        item = ITEMS[column.item]
        words = _COERCION if item.dimension == "coercion" else _BINARY
        found[column.field] = _worded(items[:, position], words, working, size, "no" if item.filter else "not_asked")
    return found


def _worded(
    codes: NDArray[np.int8], words: Mapping[int, str], working: NDArray[np.int64], size: int, blank: str
) -> pl.Series:
    """Codes of those who worked in words; no for the others. What follows from a State block that was not put stays blank."""
    every = {**words, BLANK: blank}
    table = np.array([every.get(code, "missing") for code in range(-1, 10)])
    out = np.full(size, "no" if "no" in words.values() else "none", dtype=object)
    out[working] = table[codes.astype(np.int64) + 1]
    return pl.Series(out, dtype=pl.String)


def sample_of_migrants(population: Population, migrants: Migrants, seed: int, silence: Silence) -> pl.DataFrame:
    """A sample of returned migrants in the same form: a row a person, the answers on the most recent episode.

    Areas in which nobody had come back are rows of children, whom no definition of adults counts: their units stay in the design.
    """
    sample = draw_migrants(population, migrants, seed, silence)
    last = np.flatnonzero(migrants.last[sample.episode])
    episode, person = sample.episode[last], migrants.person[sample.chosen]
    size, empty = len(last), len(sample.empty)
    position = np.concatenate([np.arange(size), np.zeros(empty, dtype=np.int64)])
    area = np.concatenate([sample.area, sample.empty])
    every = np.arange(size)
    told = (sample.debt[last], sample.lodging[last])
    filters = {name: _filter(codes, every, size) for name, codes in zip(FILTERS, told, strict=True)}
    answers = {**filters, **_items(sample.items[last], every, size)}
    met = np.arange(size + empty) < size
    columns = {
        "stratum": population.areas.stratum[area] + 1,
        "psu": area + 1,
        "weight": np.concatenate([sample.weight, sample.empty_weight]),
        "destination": np.array(DESTINATIONS)[migrants.destination[episode]][position],
        "sex": population.people.sex[person][position],
        "age": np.where(met, np.maximum(population.people.age[person][position], 18), 10),
        TRUE: np.where(met, migrants.forced[episode][position], 0).astype(np.int8),
    }
    return pl.DataFrame({**columns, **{name: values[position.tolist()] for name, values in answers.items()}})


def truth_of_migrants(migrants: Migrants) -> dict[str, float]:
    """The true share whose most recent episode was forced labour, of all ("") and by destination."""
    true = migrants_truth(migrants)
    every = {"": true["national"], **true["destination"]}
    return {name: counts["forced_labour"] / counts["adults"] for name, counts in every.items()}


def replicate_imputation(
    people: pl.DataFrame,
    truth: Mapping[str, float],
    *,
    by: str,
    seed: int,
    draws: int = 20,
    deltas: Sequence[float] = (),
) -> list[dict[str, Any]]:
    """One sample estimated with every answer known, with unknown ones imputed, and by their bounds.

    Parameters
    ----------
    people : polars.DataFrame
        Of `sample_of_country` or `sample_of_migrants`.
    truth : mapping of str to float
        By domain; "" is everybody.
    by : str
    seed : int
        Of the imputation.
    draws : int
    deltas : sequence of float
        Log odds of a case among refusals at which the curve of `delta_curve` is read, for everybody.

    Returns
    -------
    list of dict
        By domain and `answers`: ``known``, ``imputed``, ``bounds`` (the interval of the set), and ``delta …``.
    """
    drawn = impute(
        people, FRAMEWORK, by=by, predictors=FILTERS, draws=draws, seed=seed, design=DESIGN, allow_unverified=True
    )
    found = {
        "known": estimate_prevalence(people, TRUE, design=DESIGN, by=by, where="age >= 18"),
        "imputed": estimate_prevalence(drawn, OUTCOME, by=by, unknown="impute"),
        "bounds": estimate_prevalence(drawn, OUTCOME, by=by, unknown="bounds"),
    }
    for delta in deltas:
        odds = float(np.exp(delta))
        curve = delta_curve(drawn, OUTCOME, odds=[odds], reasons=["refusal"])
        found[f"delta {delta:.2f}"] = curve.select(term=f"×{odds:g}")
    return [{"answers": name, **row} for name, estimates in found.items() for row in _rows(estimates, truth, by)]


def seed_of(seed: int, replicate: int) -> int:
    """The seed of one sample, so that any part of a run can be repeated alone."""
    return int(np.random.SeedSequence(seed, spawn_key=(replicate,)).generate_state(1)[0])


def _rows(estimates: Estimates, truth: Mapping[str, float], by: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    ends: dict[str, list[float]] = {}
    information = estimates.diagnostics.get("missing_information", [])
    information = information if len(information) == len(estimates) else [np.nan] * len(estimates)
    for record, lost in zip(estimates.frame.to_dict("records"), information, strict=True):
        domain = str(record[by]) if record["margin"] else ""
        if record["bound"] in ("lower", "upper"):
            ends.setdefault(domain, []).append(float(record["value"]))
            continue
        value = float(record["value"])
        if record["bound"] == IDENTIFIED:
            value = float(np.mean(ends[domain]))
        rows.append(
            {
                "domain": domain, "truth": truth[domain], "value": value, "se": float(record["se"]),
                "lower": float(record["lower"]), "upper": float(record["upper"]), "df": float(record["df"]),
                "undetermined": float(record["undetermined"]), "information": float(lost),
                "cases": np.nan if pd.isna(record["cases"]) else float(record["cases"]),
            }
        )  # fmt: skip
    return rows
