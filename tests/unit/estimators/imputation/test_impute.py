"""Imputed answers: what is drawn, and what never changes. Classes of every draw are those of the completed answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DesignFault, EstimateFault, IndicatorFault
from fl_estimate.indicators.items import UNKNOWN_ANSWERS
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.inputs.survey_data import ReferencePeriod
from tests.unit.estimators.imputation.silent_people import (
    COERCION,
    DESIGN,
    INVOLUNTARY,
    Silent,
    any_answers,
    sample,
)

ITEMS = [*INVOLUNTARY, *COERCION]
OUTCOME = "forced_labour"
CONNECTION = duckdb.connect()


@cache
def small() -> Silent:
    return sample(1, 640)


@cache
def imputed(method: Any = "donors") -> fl.Imputation:
    return fl.impute(small().heard, design=DESIGN, by="region", draws=DRAWS[method], seed=1, method=method)


DRAWS = {"donors": 20, "chained": 4}
METHODS = tuple(DRAWS)


def columns(outcome: str = OUTCOME, draws: int = 20) -> list[str]:
    return [f"{outcome}@{draw + 1}" for draw in range(draws)]


@pytest.mark.parametrize("method", METHODS)
def test_no_answer_that_was_given_changes(method: str) -> None:
    heard = small().heard
    for draw in (1, DRAWS[method]):
        completed = imputed(method).completed(draw).people
        for name in ITEMS:
            given = ~heard[name].isin(UNKNOWN_ANSWERS)
            assert (completed.loc[given, name] == heard.loc[given, name]).all()
    assert (completed[ITEMS] != heard[ITEMS]).any().any(), "nothing was drawn"


@pytest.mark.parametrize("method", METHODS)
def test_what_is_drawn_is_an_answer_that_somebody_gave(method: str) -> None:
    heard, completed = small().heard, imputed(method).completed(3).people
    for name in ITEMS:
        drawn = completed.loc[completed[name] != heard[name], name]
        assert set(drawn) <= set(heard[name]) - set(UNKNOWN_ANSWERS)


def test_all_answers_of_a_pattern_come_from_one_person() -> None:
    """Whoever refused the whole block has the block of somebody who answered all of it."""
    heard = small().heard
    refused = heard[list(COERCION)].isin(UNKNOWN_ANSWERS).all(axis=1) & ~heard[list(INVOLUNTARY)].isin(
        UNKNOWN_ANSWERS
    ).any(axis=1)
    answered = ~heard[list(COERCION)].isin(UNKNOWN_ANSWERS).any(axis=1)
    there = set(heard.loc[answered, list(COERCION)].itertuples(index=False, name=None))
    completed = imputed().completed(2).people
    drawn = completed.loc[refused & ~completed[COERCION[0]].isin(UNKNOWN_ANSWERS), list(COERCION)]
    assert len(drawn) > 10
    assert set(drawn.itertuples(index=False, name=None)) <= there


@pytest.mark.parametrize("method", METHODS)
def test_the_classes_of_a_draw_are_those_of_the_completed_answers(method: str) -> None:
    it = imputed(method)
    for draw in (1, DRAWS[method]):
        classes = it.completed(draw).people[OUTCOME].to_numpy()
        assert (classes[it.recipients] == it.drawn[OUTCOME][:, draw - 1]).all()
        assert (classes == it.with_draws(OUTCOME)[f"{OUTCOME}@{draw}"]).all()


def test_only_open_people_are_drawn_and_only_answers_that_matter() -> None:
    heard, it = small().heard, imputed()
    people = it.people
    open_ = np.flatnonzero(people[OUTCOME] != people[f"{OUTCOME}_possible"])
    assert it.recipients.tolist() == open_.tolist()
    completed = it.completed(1).people
    changed = (completed[ITEMS] != heard[ITEMS]).any(axis=1)
    assert set(np.flatnonzero(changed)) <= set(open_)
    # the circumstance of somebody who has another one for certain says nothing more
    certain = (heard["w_diff_job"] == "yes") & heard["w_overtime_forced"].isin(UNKNOWN_ANSWERS)
    assert certain.any()
    assert (completed.loc[certain, "w_overtime_forced"] == heard.loc[certain, "w_overtime_forced"]).all()


def test_draws_lie_between_surely_and_possibly() -> None:
    it = imputed()
    people = it.with_draws(OUTCOME)
    drawn = people[columns()]
    assert not drawn.isna().any().any()
    assert (drawn.ge(people[OUTCOME], axis=0) & drawn.le(people[f"{OUTCOME}_possible"], axis=0)).all().all()
    assert 0 < it.drawn[OUTCOME].mean() < 1


ENGINES: dict[str, Any] = {
    "shuffled": lambda table: table.sample(frac=1, random_state=3),
    "categories": lambda table: table.astype(dict.fromkeys(ITEMS, "category")),
    "polars": pl.from_pandas,
    "polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": lambda table: CONNECTION.from_arrow(pl.from_pandas(table).to_arrow()),
}


def _collected(frame: Any) -> pd.DataFrame:
    frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    frame = frame.to_pandas() if isinstance(frame, pl.DataFrame) else frame
    return frame if isinstance(frame, pd.DataFrame) else frame.df()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_draws_in_any_order_and_engine(engine: str) -> None:
    data = ENGINES[engine](small().heard)
    it = fl.impute(data, design=DESIGN, by="region", draws=20, seed=1)
    beside = it.with_draws(OUTCOME)
    assert isinstance(beside, type(data))
    mine = _collected(beside).set_index("person_id")[columns()]
    theirs = imputed().with_draws(OUTCOME).set_index("person_id")[columns()]
    assert (mine.loc[theirs.index] == theirs).all().all()
    completed = _collected(it.completed(2).people).set_index("person_id")[OUTCOME]
    assert (completed.loc[theirs.index] == theirs[f"{OUTCOME}@2"]).all()


def test_people_without_a_key_keep_their_places() -> None:
    bare = small().heard.drop(columns="person_id")
    eager = fl.impute(bare, design=DESIGN, draws=20, seed=1).with_draws(OUTCOME)
    lazy = fl.impute(pl.from_pandas(bare).lazy(), design=DESIGN, draws=20, seed=1).with_draws(OUTCOME)
    assert (_collected(lazy)[columns()].to_numpy() == eager[columns()].to_numpy()).all()
    turned = bare.iloc[::-1]
    other = fl.impute(turned, design=DESIGN, draws=20, seed=1).with_draws(OUTCOME)[columns()]
    assert (other.iloc[::-1].to_numpy() == eager[columns()].to_numpy()).all()
    with pytest.raises(EstimateFault, match="FL-EST-448"):
        fl.impute(ENGINES["duckdb"](bare), design=DESIGN)


def test_another_seed_gives_other_draws_and_none_a_new_one_that_is_noted() -> None:
    other = fl.impute(small().heard, design=DESIGN, by="region", draws=20, seed=2)
    assert (other.drawn[OUTCOME] != imputed().drawn[OUTCOME]).any()
    free = fl.impute(small().heard, design=DESIGN, draws=5)
    again = fl.impute(small().heard, design=DESIGN, draws=5, seed=free.seed)
    assert (free.drawn[OUTCOME] == again.drawn[OUTCOME]).all()


def test_more_draws_begin_with_fewer() -> None:
    more = fl.impute(small().heard, design=DESIGN, by="region", draws=30, seed=1)
    assert (more.drawn[OUTCOME][:, :20] == imputed().drawn[OUTCOME]).all()


@pytest.mark.parametrize("donors", ["predictive", "nearest"])
def test_the_draws_are_near_what_was_hidden(donors: Any) -> None:
    """One sample: the imputed share is nearer to that of the complete answers than either bound is."""
    data = sample(3)
    truth = fl.classify(data.whole, short_instrument=True).people[OUTCOME]
    it = fl.impute(data.heard, design=DESIGN, by="region", draws=20, seed=1, donors=donors)
    weights = data.whole["w"]
    share = np.average(it.with_draws(OUTCOME)[columns()].mean(axis=1), weights=weights)
    full = np.average(truth, weights=weights)
    low, high = (np.average(it.people[name], weights=weights) for name in (OUTCOME, f"{OUTCOME}_possible"))
    assert abs(share - full) < min(full - low, high - full) / 3


# --- other frameworks, tables and times ---------------------------------------------------------------------------


def _consistent(framework: str, n: int, each: int = 1) -> fl.Imputation:
    chosen = fl.Framework.read(framework)
    names = [one.id for one in (*chosen.outcomes, *chosen.unasked) if one.type != "ratio"]
    data = any_answers(chosen, 1, n, each=each)
    it = fl.impute(data, framework, outcomes=names, design=fl.Design(weights="w"), seed=1, draws=4, too_few="leave")
    for draw in (1, 4):
        people = it.completed(draw).people
        for outcome in it.outcomes:
            assert (people[outcome].to_numpy()[it.recipients] == it.drawn[outcome][:, draw - 1]).all(), outcome
    return it


def test_labels_follow_from_the_same_answers() -> None:
    it = _consistent("gems", 80, each=4)
    assert len(it.recipients) > 3
    assert len([name for name in it.outcomes if "=" in name]) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "framework",
    ["child_labour_link", "delphi2009_adult_labour", "delphi2009_child_labour", "forced_marriage", "htshtc2012_adult",
     "icls2018_adult", "icls2018_child", "ilo11_2012", "palermo", "state_imposed"],
)  # fmt: skip
def test_classes_follow_from_the_same_answers_under_every_framework(framework: str) -> None:
    _consistent(framework, 100)


def test_a_child_is_given_no_answer_of_an_adult() -> None:
    """Both frameworks at once: every row has the questions of its own age."""
    adults = small().heard.head(400)
    size = 200
    rng = np.random.default_rng(5)
    told = {"age": 14, "stratum": 9, "psu": np.arange(size) // 20 + 500, "w": 1.0, "region": 0, "sex": 1}
    by = rng.choice(["none", "third_party", "dk"], size, p=[0.6, 0.3, 0.1])
    children = pd.DataFrame({"person_id": [f"c{position}" for position in range(size)], **told, "child_works_for": "parents", "child_coercion_by": by})  # fmt: skip
    both = pd.concat([adults, children], ignore_index=True)
    for name in ITEMS:
        both[name] = both[name].fillna("not_asked")
    both[["child_works_for", "child_coercion_by"]] = both[["child_works_for", "child_coercion_by"]].fillna("not_asked")
    it = fl.impute(both, ["icls2018_adult", "icls2018_child"], design=DESIGN, draws=20, seed=1)
    completed = it.completed(1).people
    young = completed["age"] < 18
    assert (completed.loc[young, ITEMS] == "not_asked").all().all()
    assert (completed.loc[~young, "child_coercion_by"] == "not_asked").all()
    assert not completed.loc[young, "child_coercion_by"].eq("dk").any()
    assert (completed[OUTCOME].to_numpy()[it.recipients] == it.drawn[OUTCOME][:, 0]).all()


def _jobs(seed: int = 1) -> fl.SurveyData:
    """Some people with two jobs, one of them left before the reference day."""
    people = small().heard.head(400)
    first = people[["person_id", *ITEMS]].assign(ongoing=np.where(np.arange(400) % 3 == 0, "no", "yes"))
    second = first.iloc[::4].sample(frac=1, random_state=seed).assign(person_id=first["person_id"].iloc[::4].to_numpy())
    jobs = pd.concat([first, second], ignore_index=True)
    return fl.SurveyData(
        people=people.drop(columns=ITEMS).rename(columns={"age": "age_interview"}),
        jobs=jobs.assign(job_id=[f"j{position}" for position in range(len(jobs))]),
        design=DESIGN,
        reference_period=ReferencePeriod(kind="year", start=dt.date(2024, 1, 1), end=dt.date(2025, 1, 1)),
        population="Residents",
    )


@pytest.mark.parametrize("lazy", [False, True])
def test_a_person_is_drawn_by_all_jobs_and_a_stock_by_those_held(lazy: bool) -> None:
    data = _jobs()
    if lazy:
        data = replace(data, **{name: pl.from_pandas(table).lazy() for name, table in data.tables.items()})
    it = fl.impute(data, seed=1, draws=6)
    assert it.outcomes == (OUTCOME, f"{OUTCOME}_stock")
    for draw in (1, 6):
        people = _collected(it.completed(draw).people).set_index("person_id")
        for outcome in it.outcomes:
            beside = _collected(it.with_draws(outcome)).set_index("person_id")[f"{outcome}@{draw}"]
            assert (people[outcome].loc[beside.index] == beside).all()
    assert (it.drawn[f"{OUTCOME}_stock"] <= it.drawn[OUTCOME]).all()


def test_a_question_that_was_ruled_out_stays_so() -> None:
    """Nobody who did no work for the State was asked about a penalty; who refused to say is given both answers of one person."""
    size = 400
    rng = np.random.default_rng(2)
    imposed = rng.choice(["no", "yes", "ref"], size, p=[0.7, 0.2, 0.1])
    penalty = np.where(imposed == "yes", rng.choice(["yes", "no"], size), "not_asked")
    data = pd.DataFrame({"age": 30, "w": 1.0, "state_imposed_by_state": imposed, "state_penalty": penalty})
    it = fl.impute(data, "state_imposed", design=fl.Design(weights="w"), seed=1, draws=20)
    assert it.left_open == {it.outcomes[0]: 0.0}
    share = it.drawn[it.outcomes[0]].mean()
    assert 0.02 < share < 0.3  # of donors one in nine has a penalty
    for draw in range(1, 21):
        people = it.completed(draw).people
        assert (people.loc[people["state_imposed_by_state"] == "no", "state_penalty"] == "not_asked").all()
        assert people.loc[people["state_imposed_by_state"] == "yes", "state_penalty"].isin(["yes", "no"]).all()


# --- delta --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_higher_delta_turns_draws_into_cases_only(method: str) -> None:
    it = imputed(method)
    before = it.shifted(dict.fromkeys(("refusal", "dont_know", "missing", "not_asked"), -np.inf)).drawn[OUTCOME]
    for delta in (-1.0, 0.0, 0.5, 2.0, np.inf):
        now = it.shifted({"refusal": delta, "dont_know": delta}).drawn[OUTCOME]
        assert (now >= before).all()
        before = now
    assert (it.shifted({}).drawn[OUTCOME] == it.drawn[OUTCOME]).all()
    assert it.shifted({"refusal": 1}).delta == {"refusal": 1.0, "dont_know": 0.0, "missing": 0.0, "not_asked": 0.0}


def test_a_delta_moves_its_own_reason_alone() -> None:
    it = imputed()
    shifted = it.shifted({"refusal": 3.0}).drawn[OUTCOME]
    assert set(it.reasons) == {"refusal", "dont_know"}
    only = it.pool.reasons[:, 0] == 0
    unmoved = np.setdiff1d(it.persons.of_row[only], it.persons.of_row[~only])
    assert len(unmoved)
    assert (shifted[unmoved] == it.drawn[OUTCOME][unmoved]).all()
    assert shifted.mean() > it.drawn[OUTCOME].mean()


def test_a_delta_is_the_odds_of_a_case_among_a_recipients_donors() -> None:
    it = imputed()
    counts = it.pool.probabilities(0, it.seed, {})
    tilted = it.pool.probabilities(0, it.seed, {"refusal": np.log(3), "dont_know": np.log(3)})
    case = it.pool.case == 1
    p, q = (counts * case).sum(axis=1), (tilted * case).sum(axis=1)
    both = ((counts > 0) & case).any(axis=1) & ((counts > 0) & ~case).any(axis=1)
    assert both.any()
    np.testing.assert_allclose(q[both] / (1 - q[both]), 3 * p[both] / (1 - p[both]), rtol=1e-10)


# --- the object ---------------------------------------------------------------------------------------------------


def test_it_is_people_as_a_classification_is() -> None:
    it = imputed()
    assert isinstance(it, Respondents)
    mine, theirs = (fl.estimate_prevalence(each, OUTCOME).to_frame() for each in (it, it.classification))
    pd.testing.assert_frame_equal(mine, theirs)
    with pytest.raises(fl.FlError, match="FL-DATA-14"):
        bool(it)


def test_nobody_to_impute() -> None:
    whole = small().whole
    it = fl.impute(whole, design=DESIGN, seed=1)
    assert it.draws == 20
    assert it.fraction_missing == 0
    assert it.drawn[OUTCOME].shape == (0, 20)
    assert (it.with_draws(OUTCOME)[f"{OUTCOME}@20"] == it.people[OUTCOME]).all()
    assert (it.completed(1).people[OUTCOME] == it.people[OUTCOME]).all()
    assert it.left_open == {OUTCOME: 0.0}
    assert len(it.diagnostics()) == 0
    assert it.share_drawn(OUTCOME) == 0


@pytest.mark.parametrize(
    "design", [fl.Design(weights="w", psu="one"), fl.Design(unweighted=True), fl.Design(weights="w")]
)
def test_one_unit_or_none_that_are_named(design: fl.Design) -> None:
    it = fl.impute(small().heard.assign(one=1), design=design, draws=5, seed=1)
    assert 0 < it.drawn[OUTCOME].mean() < 1


def test_the_number_of_draws_follows_from_the_fraction_of_missing_information() -> None:
    it = fl.impute(small().heard, design=DESIGN, seed=1)
    assert 0 < it.fraction_missing < 1
    assert it.draws == min(max(int(np.ceil(100 * it.fraction_missing)), 20), 100)


def test_what_is_refused() -> None:
    heard, it = small().heard, imputed()
    with pytest.raises(EstimateFault, match="FL-EST-440"):
        fl.impute(it.classification)
    with pytest.raises(EstimateFault, match="FL-EST-441"):
        it.with_draws("forced_work")
    with pytest.raises(EstimateFault, match="FL-EST-441"):
        it.shifted({}, outcome="forced_work")
    with pytest.raises(EstimateFault, match="FL-EST-442"):
        it.shifted({"silence": 1.0})
    with pytest.raises(EstimateFault, match="FL-EST-442"):
        fl.impute(heard, design=DESIGN, delta={"refusal": float("nan")})
    for delta in (
        {"refusal": True},
        {"refusal": np.True_},
        {"refusal": "0.7"},
        {"refusal": pd.NA},
        0.7,
        True,
        "refusal",
    ):
        with pytest.raises(EstimateFault, match="FL-EST-442"):
            fl.impute(heard, design=DESIGN, delta=delta)  # pyright: ignore[reportArgumentType]
        with pytest.raises(EstimateFault, match="FL-EST-442"):
            it.shifted(delta)  # pyright: ignore[reportArgumentType]
    for seed in (True, 1.5, -1, "1"):
        with pytest.raises(EstimateFault, match="FL-EST-444"):
            fl.impute(heard, design=DESIGN, seed=seed)  # pyright: ignore[reportArgumentType]
    for draw in (0, 21, True, 1.5, 1.0, "1"):
        with pytest.raises(EstimateFault, match="FL-EST-443"):
            it.completed(draw)  # pyright: ignore[reportArgumentType]
    for wrong in ({"donors": "random"}, {"method": "hot"}, {"too_few": "go"}):
        with pytest.raises(EstimateFault, match="FL-EST-444"):
            fl.impute(heard, design=DESIGN, **wrong)  # pyright: ignore[reportArgumentType]
    for draws in (0, 1, 2.5, True, 100_000):
        with pytest.raises(EstimateFault, match="FL-EST-447"):
            fl.impute(heard, design=DESIGN, draws=draws)  # pyright: ignore[reportArgumentType]
    with pytest.raises(DesignFault, match="FL-DESIGN-06"):
        fl.impute(heard)
    with pytest.raises(EstimateFault, match="FL-EST-02"):
        fl.impute(heard, design=DESIGN, by="province")
    for of_the_class in ("forced_labour", "forced_labour_possible"):
        with pytest.raises(EstimateFault, match="FL-EST-485"):
            fl.impute(heard, design=DESIGN, predictors=["region", of_the_class])
    with pytest.raises(IndicatorFault, match="FL-IND-01"):
        fl.impute(heard, "icls", design=DESIGN)


def test_numbers_of_numpy_are_numbers() -> None:
    given: Any = {"refusal": np.int64(1), "dont_know": np.float32(0.5)}
    told = imputed().shifted(given).delta
    assert told == {"refusal": 1.0, "dont_know": 0.5, "missing": 0.0, "not_asked": 0.0}
    assert len(imputed().completed(np.int64(2)).people) == 640  # pyright: ignore[reportArgumentType]


def test_the_recipe_says_how_answers_were_drawn() -> None:
    people = pd.DataFrame({"age": 30, "w_diff_job": "yes", "c_docs": ["yes", "no"] * 20 + ["ref"]})
    for method in ("donors", "chained"):
        imputed = fl.impute(people, method=method, design=fl.Design(unweighted=True), draws=2, seed=1)
        found = fl.estimate_prevalence(imputed, "forced_labour", unknown="impute")
        assert found.provenance.arguments["imputation"] == {
            "draws": 2, "seed": 1, "method": method, "donors": "predictive", "by": [], "predictors": [],
            "too_few": "refuse", "delta": {},
        }  # fmt: skip
        assert imputed.diagnostics().attrs["imputation"] == found.provenance.arguments["imputation"]
    told = fl.impute(
        people.assign(region="A"), donors="nearest", by="region", too_few="leave", delta={"refusal": 0.5}, draws=2, seed=3,
        design=fl.Design(unweighted=True),
    ).told()  # fmt: skip
    assert told == {
        "draws": 2, "seed": 3, "method": "donors", "donors": "nearest", "by": ["region"], "predictors": [], "too_few": "leave",
        "delta": {"refusal": 0.5},
    }  # fmt: skip
