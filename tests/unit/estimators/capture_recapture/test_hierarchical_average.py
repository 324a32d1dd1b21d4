"""Averages over hierarchical models weigh all of them as BIC or the integral says; overlaps of pairs tell what they can and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault, ListsFault
from fl_estimate.estimators.capture_recapture import hierarchical_chains
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.hierarchical_weights import WeighingRequest, weighed
from fl_estimate.estimators.capture_recapture.model_space import all_models, neighbours
from fl_estimate.inputs.histories import all_histories


def first(found: fl.Estimates) -> Any:
    return found.to_frame().iloc[0]


def two_lists() -> fl.CaptureHistories:
    counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    return fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])


def twelve() -> fl.CaptureHistories:
    """Case lists of 12 people, for the walk over all public estimators."""
    frame = pd.DataFrame(all_histories(3), columns=list("abc")).assign(count=[3, 3, 2, 1, 1, 1, 1])
    return fl.CaptureHistories.from_counts(frame, lists=list("abc"))


def few_of_average_hierarchical() -> fl.Estimates:
    return cr.average_hierarchical(twelve(), draws=100, seed=1)


def few_of_pairwise() -> fl.Estimates:
    return cr.pairwise(twelve().overlaps(), people=12)


def test_the_examples_rest_on_twelve_people_of_lists() -> None:
    for found in (few_of_average_hierarchical(), few_of_pairwise()):
        assert set(found.to_frame()["basis"]) == {"lists"}
        assert (found.support.respondents <= 12).all()


# --- averages ---------------------------------------------------------------------------------------------------


def test_weights_by_bic_are_those_of_the_models_that_a_search_by_bic_tells() -> None:
    lists = fl.datasets.load("kosovo")
    runners = cr.select_bic(lists, max_order=3, interval="wald").diagnostics["runners_up"]
    found = cr.average_hierarchical(lists, seed=1).diagnostics
    assert found["models"] == 113
    weights = {one["terms"]: one["weight"] for one in found["top_models"]}
    bic = {one["terms"]: one["bic"] for one in runners}
    best = runners[0]["terms"]
    assert len(bic) >= 2
    for name, value in bic.items():
        assert weights[name] / weights[best] == pytest.approx(np.exp(-(value - bic[best]) / 2), rel=1e-6)
    sizes = {one["terms"]: one["population_size"] for one in found["top_models"]}
    assert sizes[best] == pytest.approx(runners[0]["population_size"], rel=1e-9)


def test_a_single_model_gives_its_own_estimate_with_the_chance_of_being_seen() -> None:
    lists = fl.datasets.load("kosovo")
    plain = cr.loglinear(lists)
    found = first(cr.average_hierarchical(lists, max_order=1, seed=1))
    row = first(plain)
    assert found["value"] == pytest.approx(row["value"], rel=2e-3)
    variance = plain.diagnostics["parameter_se"]["intercept"] ** 2
    dark = row["value"] - lists.n
    assert found["se"] == pytest.approx(np.sqrt(dark**2 * variance + dark), rel=0.01)


def test_limits_are_those_of_the_draws() -> None:
    found = cr.average_hierarchical(fl.datasets.load("kosovo"), draws=40_000, seed=1)
    row = first(found)
    for q, name in ((0.025, "lower"), (0.5, "value"), (0.975, "upper")):
        share = float((found.draws[:, 0] <= row[name]).mean())
        # Three binomial standard errors of 40,000 draws.
        assert abs(share - q) < 3 * np.sqrt(q * (1 - q) / 40_000)


def test_laplaces_integral_is_that_of_importance_sampling() -> None:
    """Every model of three lists against 60,000 draws from a normal twice as wide about its mode: within 8 % of a weight."""
    table = np.array([60.0, 80, 50, 12, 9, 15, 6])
    space = lattice(3, 2)
    ask = WeighingRequest(
        fitter=Fitter(lattice=space), counts=table, weights="laplace", model_prior="uniform", deviation=1.0
    )
    models = all_models(space)
    found = weighed(ask, models)
    generator = np.random.default_rng(1)
    logs = []
    for model in models:
        design = space.matrix[:, np.append(True, model)]
        pull = np.concatenate([np.zeros(4), np.ones(int(model.sum()) - 3)])
        mode = np.zeros(design.shape[1])
        mode[0], information = np.log(table.mean()), np.eye(design.shape[1])
        for _ in range(100):
            fitted = np.exp(design @ mode)
            information = design.T @ (design * fitted[:, None]) + np.diag(pull)
            step = np.linalg.solve(information, design.T @ (table - fitted) - pull * mode)
            mode += step * min(1.0, 1.0 / np.abs(step).max())
        wide: Any = stats.multivariate_normal(mode, 1.5 * np.linalg.inv(information))  # pyright: ignore[reportArgumentType]
        drawn = wide.rvs(60_000, random_state=generator)
        linear = drawn @ design.T
        value = (table * linear - np.exp(linear)).sum(axis=1)
        value += stats.norm.logpdf(drawn[:, 4:]).sum(axis=1) - wide.logpdf(drawn)
        logs.append(np.log(np.exp(value - value.max()).mean()) + value.max())
    exact = np.exp(np.array(logs) - max(logs))
    np.testing.assert_allclose(found.weight, exact / exact.sum(), rtol=0.08)


@pytest.mark.parametrize("name", ["kosovo", "netherlands_5"])
def test_the_window_finds_what_all_models_say(name: str) -> None:
    """The Netherlands have two peaks, near 48,000 and 150,000 people, with hardly anything between."""
    lists = fl.datasets.load(name)
    whole, found = (first(cr.average_hierarchical(lists, search=search, seed=1)) for search in ("all", "occam"))
    np.testing.assert_allclose(
        found[["value", "lower", "upper"]].astype(float), whole[["value", "lower", "upper"]].astype(float), rtol=2e-3
    )


# --- chains over models -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "near"), [("bic", 1e-6), ("laplace", 5e-3)])
def test_chains_over_models_of_five_lists_give_what_all_models_give(weights: Any, near: float) -> None:
    """By BIC the chains meet all that weighs anything, and it is weighed exactly; by the integral they leave out at most 0.5 %."""
    lists = fl.datasets.load("netherlands_5")
    whole, found = (cr.average_hierarchical(lists, weights=weights, search=way, seed=1) for way in ("all", "mc3"))
    numbers = ["value", "lower", "upper"]
    np.testing.assert_allclose(first(found)[numbers].astype(float), first(whole)[numbers].astype(float), rtol=near)
    assert found.diagnostics["chains"]["weights"] == "exact"
    assert found.diagnostics["left_out"] <= 0.005
    for name, share in whole.diagnostics["inclusion"].items():
        assert found.diagnostics["inclusion"][name] == pytest.approx(share, abs=5e-3)


def test_chains_that_weigh_models_by_visits_are_within_their_errors_of_all_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were no share left out small enough: probabilities below the limits of all models, and inclusion, within four errors."""
    monkeypatch.setattr(hierarchical_chains, "LEFT_OUT", -1.0)
    lists = fl.datasets.load("netherlands_5")
    whole = cr.average_hierarchical(lists, weights="laplace", search="all", seed=1)
    found = cr.average_hierarchical(lists, weights="laplace", search="mc3", draws=40_000, seed=1)
    told = found.diagnostics["chains"]
    assert told["weights"] == "visits"
    assert told["agreed"]
    for name, q, error in zip(("lower", "value", "upper"), (0.025, 0.5, 0.975), told["error_at_limits"], strict=True):
        share = float((found.draws[:, 0] <= float(first(whole)[name])).mean())
        assert abs(share - q) < 4 * np.hypot(error, np.sqrt(q * (1 - q) / 40_000))
    for name, share in whole.diagnostics["inclusion"].items():
        assert abs(found.diagnostics["inclusion"][name] - share) < 4 * told["error_of_inclusion"]
    # Single models weigh as much as among all; their scale is known as well as the time of half of the chains tells.
    best = {one["terms"]: one["weight"] for one in whole.diagnostics["top_models"]}
    shared = [one for one in found.diagnostics["top_models"] if one["terms"] in best]
    assert len(shared) >= 5
    for one in shared:
        assert one["weight"] == pytest.approx(best[one["terms"]], rel=0.05)


@pytest.mark.slow
def test_six_lists_of_the_uk_settle_by_the_integral() -> None:
    """7.8 million models of which none weighs a ten-thousandth: two seeds agree, where the window was cut short at 8,000."""
    lists = fl.datasets.load("uk_2013_6")
    found = [cr.average_hierarchical(lists, weights="laplace", seed=seed) for seed in (1, 2)]
    assert all(one.diagnostics["chains"]["agreed"] and not one.reasons for one in found)
    one, other = (first(each) for each in found)
    for name in ("value", "lower", "upper"):
        assert one[name] == pytest.approx(other[name], rel=0.02)
    cut = cr.average_hierarchical(lists, weights="laplace", search="occam", seed=1)
    assert {reason.code for reason in cut.reasons} == {"model_search_cut_short"}


@pytest.mark.slow
def test_six_lists_by_bic_are_those_of_the_window_and_tell_what_is_left_out() -> None:
    lists = fl.datasets.load("uk_2013_6")
    told: list[str] = []
    found = cr.average_hierarchical(lists, seed=1, progress=told.append)
    near = cr.average_hierarchical(lists, search="occam", seed=1)
    assert found.diagnostics["search"] == "mc3"
    assert found.diagnostics["left_out"] < 0.005
    numbers = ["value", "lower", "upper"]
    np.testing.assert_allclose(first(found)[numbers].astype(float), first(near)[numbers].astype(float), rtol=2e-3)
    assert told
    assert "models weighed" in told[0]


def test_chains_that_do_not_agree_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, and no share left out small enough: 200 steps of 16 chains tell the weight of no interaction."""
    monkeypatch.setattr(hierarchical_chains, "LEFT_OUT", -1.0)
    monkeypatch.setattr(hierarchical_chains, "ROUND", 50)
    monkeypatch.setattr(hierarchical_chains, "JUDGED", (2, 4))
    found = cr.average_hierarchical(fl.datasets.load("netherlands_5"), search="mc3", seed=1)
    assert {reason.code for reason in found.reasons} >= {"model_chains_apart"}
    assert all(reason.code.doubtful for reason in found.reasons if reason.code == "model_chains_apart")
    assert found.diagnostics["chains"]["steps"] == 200


def test_terms_that_can_change_are_those_of_each_model_by_itself() -> None:
    space = lattice(4, 3)
    models = all_models(space)
    many = hierarchical_chains.can_change(space, models)
    for model, row in zip(models, many, strict=True):
        assert np.flatnonzero(row).tolist() == neighbours(space, model).tolist()


def test_averages_hold_the_truth_where_two_lists_depend_on_each_other() -> None:
    """15 tables of four lists, 3,000 people, an odds ratio of 3 between two: independence misses most, the average few."""
    members = np.vstack([np.zeros((1, 4), dtype=int), all_histories(4)])
    logits = np.log(np.array([0.25, 0.2, 0.15, 0.3]) / (1 - np.array([0.25, 0.2, 0.15, 0.3])))
    chance = np.exp(members @ logits + np.log(3) * members[:, 0] * members[:, 1])
    generator = np.random.default_rng(3)
    held = {"plain": 0, "bic": 0, "laplace": 0}
    for table in generator.multinomial(3000, chance / chance.sum(), size=15)[:, 1:]:
        frame = pd.DataFrame(all_histories(4), columns=list("abcd")).assign(count=table)
        lists = fl.CaptureHistories.from_counts(frame, lists=list("abcd"))
        for name, row in (
            ("plain", first(cr.loglinear(lists))),
            ("bic", first(cr.average_hierarchical(lists, seed=1))),
            ("laplace", first(cr.average_hierarchical(lists, weights="laplace", seed=1))),
        ):
            held[name] += bool(row["lower"] <= 3000 <= row["upper"])
    assert held["plain"] <= 8
    assert held["bic"] >= 13
    assert held["laplace"] >= 13


def test_limits_of_few_people_are_those_of_the_draws() -> None:
    """Below 100 people on no list their number is Poisson, not log-normal."""
    table = np.array([30.0, 40, 35, 20, 18, 25, 15])
    lists = fl.CaptureHistories.from_counts(
        pd.DataFrame(all_histories(3), columns=list("abc")).assign(count=table), lists=list("abc")
    )
    found = cr.average_hierarchical(lists, draws=40_000, seed=1)
    row = found.to_frame().iloc[1]
    assert row["upper"] < 100
    for q, name in ((0.025, "lower"), (0.5, "value"), (0.975, "upper")):
        near = round(float(row[name]))
        before, below = (float((found.draws[:, 1] <= at).mean()) for at in (near - 1, near))
        error = 3 * np.sqrt(q * (1 - q) / 40_000)
        assert before - error <= q <= below + error
        assert below - before < 0.05


def test_what_an_average_says_of_itself() -> None:
    lists = fl.datasets.load("kosovo")
    ways: list[tuple[dict[str, Any], str]] = [
        ({}, "weights_bic"),
        ({"weights": "laplace"}, "weights_laplace"),
        ({"model_prior": "size"}, "model_sizes_alike_before_data"),
    ]
    for given, code in ways:
        found = cr.average_hierarchical(lists, seed=1, **given)
        assert code in {one.code for one in found.assumptions}
        assert set(found.to_frame()["method"]) == {"average-hierarchical"}
        assert found.draws.shape == (4000, 2)
        inclusion = found.diagnostics["inclusion"]
        assert all(0 <= share <= 1 + 1e-9 for share in inclusion.values())
        assert inclusion["EXH:ABA:OSCE"] <= inclusion["EXH:ABA"]
    long = cr.average_hierarchical(fl.datasets.load("australia"), model_prior="size", seed=1)
    assert {reason.code for reason in long.reasons} == {"posterior_tail_long"}
    assert long.to_frame()["se"].isna().all()


def test_averages_that_there_are_not_are_refused() -> None:
    lists = fl.datasets.load("kosovo")
    wrong: list[dict[str, Any]] = [{"weights": "aic"}, {"model_prior": "x"}, {"search": "ladder"}, {"level": 0.0}]
    for given in wrong:
        with pytest.raises(EstimateFault, match="FL-EST-30"):
            cr.average_hierarchical(lists, **given)
    with pytest.raises(EstimateFault, match="FL-EST-350"):
        cr.average_hierarchical(two_lists())
    with pytest.raises(EstimateFault, match="FL-EST-351"):
        cr.average_hierarchical(lists, weights="laplace", prior_deviation=0.0)
    with pytest.raises(EstimateFault, match="FL-EST-94"):
        cr.average_hierarchical(lists, max_order=4)
    with pytest.raises(EstimateFault, match="FL-EST-95"):
        cr.average_hierarchical(fl.datasets.load("uk_2013_6"), search="all")
    with pytest.raises(EstimateFault, match="FL-EST-141"):
        cr.average_hierarchical(lists, draws=5)


# --- overlaps of pairs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "terms"), [("kosovo", "main"), ("kosovo", "two-way"), ("uk_2013_5", "two-way"), ("uk_2013_6", "two-way")]
)
def test_with_the_people_on_any_list_pairs_tell_what_the_full_table_does(name: str, terms: Any) -> None:
    lists = fl.datasets.load(name)
    whole, told = cr.loglinear(lists, terms), cr.pairwise(lists.overlaps(), terms, people=lists.n)
    numbers = ["value", "se", "lower", "upper"]
    np.testing.assert_allclose(told.to_frame()[numbers], whole.to_frame()[numbers], rtol=1e-8)
    assert told.to_frame()["n"].tolist() == [round(lists.n)] * 2


def test_two_lists_are_petersens() -> None:
    found = first(cr.pairwise(two_lists().overlaps()))
    plain = first(cr.petersen(two_lists(), "police", "ngo"))
    assert found["value"] == pytest.approx(plain["value"], rel=1e-9)
    assert found["se"] == pytest.approx(plain["se"], rel=1e-9)


def test_independent_lists_are_covered_and_seldom_called_dependent() -> None:
    """80 tables of 2,000 people on four lists."""
    chances = np.array([0.1, 0.2, 0.15, 0.3])
    cells = np.prod(np.where(all_histories(4), chances, 1 - chances), axis=1)
    tables = np.random.default_rng(1).multinomial(2000, np.append(cells, 1 - cells.sum()), size=80)[:, :-1]
    held, called, errors, told = [], [], [], []
    for table in tables:
        frame = pd.DataFrame(all_histories(4), columns=list("abcd")).assign(count=table)
        lists = fl.CaptureHistories.from_counts(frame, lists=list("abcd"))
        found = cr.pairwise(lists.overlaps())
        row, (least, most) = first(found), found.diagnostics["people_on_any_list"]
        assert least <= lists.n <= most
        held.append(row["lower"] <= 2000 <= row["upper"])
        called.append("overlaps_disagree" in {reason.code for reason in found.reasons})
        errors.append(row["value"] - 2000)
        told.append(row["se"])
    assert np.mean(held) >= 0.93
    assert np.mean(called) < 0.12
    assert np.std(errors) == pytest.approx(np.mean(told), rel=0.2)


def test_bounds_are_those_of_all_tables() -> None:
    """Three lists have one free number, people on all three: from 5 (60 + 50 + 40 − 45 less none) to 10."""
    names = ["police", "ngo", "hotline"]
    overlaps = pd.DataFrame([[60, 20, 15], [20, 50, 10], [15, 10, 40]], index=names, columns=names)
    found = cr.pairwise_bounds(overlaps)
    # People = 150 − 45 + all three, and all three are from 0 to the least overlap, 10.
    assert (found.least, found.most) == (105, 115)
    # On one alone: 150 − 2 × 45 + 3 × all three.
    assert found.once == (60, 90)


def test_dependence_that_pairs_do_not_tell_is_refused_and_disagreement_is_said() -> None:
    lists = fl.datasets.load("kosovo")
    with pytest.raises(EstimateFault, match="FL-EST-352") as caught:
        cr.pairwise(lists.overlaps(), "two-way")
    assert "between 4,046 and 4,740" in str(caught.value)
    with pytest.raises(EstimateFault, match="FL-EST-352"):
        cr.pairwise(lists.overlaps(), [("EXH", "ABA", "OSCE")], people=lists.n)
    codes = {reason.code for reason in cr.pairwise(lists.overlaps()).reasons}
    assert codes == {"overlaps_disagree", "observed_not_known"}


def test_tables_that_are_no_overlaps_are_refused() -> None:
    good = fl.datasets.load("kosovo").overlaps()
    crooked, large = good.copy(), good.copy()
    crooked.iloc[0, 1] += 1
    large.iloc[0, 1] = large.iloc[1, 0] = 1e6
    missing = good.copy()
    missing.iloc[0, 0] = np.nan
    for wrong in (
        crooked,
        large,
        missing,
        good.rename(columns={"EXH": "x"}),
        good.iloc[:1, :1],
        good.astype(str) + "x",
        [[1]],
    ):
        with pytest.raises(ListsFault, match="FL-LISTS-22"):
            cr.pairwise_bounds(wrong)  # pyright: ignore[reportArgumentType]
    names = ["a", "b", "c"]
    torn = pd.DataFrame([[10, 9, 9], [9, 10, 1], [9, 1, 10]], index=names, columns=names)
    with pytest.raises(ListsFault, match="FL-LISTS-23"):
        cr.pairwise_bounds(torn)
    many = [f"list {k}" for k in range(13)]
    with pytest.raises(ListsFault, match="FL-LISTS-24"):
        cr.pairwise_bounds(pd.DataFrame(np.eye(13), index=many, columns=many))
    with pytest.raises(ListsFault, match="FL-LISTS-25"):
        cr.pairwise(good, people=9000)
    apart = pd.DataFrame(np.eye(3) * 10, index=names, columns=names)
    with pytest.raises(EstimateFault, match="FL-EST-353"):
        cr.pairwise(apart)
