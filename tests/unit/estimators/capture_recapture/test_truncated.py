"""Counts of one register: truths are found, likelihoods have the derivatives they say, and what has no maximum is refused or flagged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import truncated_kernels as kernels
from fl_estimate.words.say import say


def register(size: int, seed: int, *, shape: float = np.inf, ones: float = 0.0) -> pd.DataFrame:
    """People in a register at least once: log μ = −0.2 + 0.5 [m] + 0.3 age; a share of those seen keeps the first contact."""
    chance = np.random.default_rng(seed)
    sex, age = chance.choice(["f", "m"], size=size), chance.normal(size=size)
    mean = np.exp(-0.2 + 0.5 * (sex == "m") + 0.3 * age)
    rate = mean if np.isinf(shape) else chance.gamma(shape, mean / shape)
    count = chance.poisson(rate)
    count = np.where((count > 0) & (chance.random(size) < ones), 1, count)
    return pd.DataFrame({"count": count, "sex": sex, "age": age})[count > 0].reset_index(drop=True)


def counted(*people: int) -> pd.DataFrame:
    return pd.DataFrame({"count": np.arange(1, len(people) + 1), "people": people})


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ({}, {"distribution": "poisson"}),
        ({"shape": 1.0}, {"distribution": "geometric"}),
        ({"shape": 1.5}, {"distribution": "negative-binomial"}),
        ({"ones": 0.3}, {"distribution": "poisson", "one_inflated": "after"}),
    ],
)
def test_the_truth_is_found_with_its_covariates(data: dict[str, Any], settings: dict[str, Any]) -> None:
    found = cr.zero_truncated(register(6_000, 1, **data), covariates="sex + age", by="sex", **settings)
    frame = found.select(quantity="population_size").to_frame()
    assert abs(frame["value"][0] - 6_000) < 3 * frame["se"][0]
    assert frame["lower"][0] < frame["value"][0] < frame["upper"][0]
    np.testing.assert_allclose(frame["value"][1:].sum(), frame["value"][0], rtol=1e-12)
    slope, error = found.diagnostics["coefficients"]["sex[T.m]"]
    assert abs(slope - 0.5) < 3.5 * error
    assert not {reason.code for reason in found.reasons} & {"counts_do_not_fit", "dark_figure_unsteady"}


def test_the_other_kind_of_ones_are_not_missing() -> None:
    """700 people of another kind beside the 6,000: "before" finds both groups, a model without inflation too many."""
    plain = register(6_000, 2)
    mixed = pd.concat([plain, plain.sample(700, random_state=1).assign(count=1)], ignore_index=True)
    found = {
        kind: cr.zero_truncated(mixed, one_inflated=kind, covariates="sex + age").to_frame().iloc[0]  # type: ignore[arg-type]
        for kind in ("no", "after", "before")
    }
    assert abs(found["before"]["value"] - 6_700) < 3 * found["before"]["se"]
    assert found["no"]["lower"] > 6_700


@pytest.mark.parametrize("name", kernels.NAMES)
@pytest.mark.parametrize("size", [-2.0, 0.5, 6.0])
def test_chances_are_those_of_scipy_and_slopes_their_derivatives(name: Any, size: float) -> None:
    counts, mean = np.array([1.0, 2.0, 5.0, 30.0]), np.array([-3.0, -0.4, 0.8, 2.5])
    k = np.exp(size)
    whole: Any = {
        "poisson": lambda y: stats.poisson.pmf(y, np.exp(mean)),
        "geometric": lambda y: stats.nbinom.pmf(y, 1, 1 / (1 + np.exp(mean))),
        "negative-binomial": lambda y: stats.nbinom.pmf(y, k, k / (k + np.exp(mean))),
    }[name]
    np.testing.assert_allclose(kernels.zero(name, mean, size), whole(0), rtol=1e-10)
    np.testing.assert_allclose(kernels.one(name, mean, size), whole(1), rtol=1e-10)
    np.testing.assert_allclose(
        kernels.log_chance(name, counts, mean, size), np.log(whole(counts) / (1 - whole(0))), rtol=1e-8
    )
    logit, step = 0.3, 1e-30
    value, *slopes = kernels.inflated(name, counts, mean, size, logit)
    parts: list[Any] = [mean, np.full_like(mean, size), np.full_like(mean, logit)]
    for position, slope in enumerate(slopes):
        moved = [part + (1j * step if position == at else 0) for at, part in enumerate(parts)]
        by_step = np.imag(kernels.inflated(name, counts, *moved)[0]) / step
        np.testing.assert_allclose(slope, by_step, rtol=1e-8, atol=1e-11)
    share = special.expit(logit)
    chance = np.exp(kernels.log_chance(name, counts, mean, size))
    np.testing.assert_allclose(np.exp(value), share * (counts == 1) + (1 - share) * chance, rtol=1e-12)


def test_rows_of_people_and_of_frequencies_are_the_same() -> None:
    people = register(2_000, 3)
    table = people.groupby(["count", "sex"], as_index=False).size().rename(columns={"size": "people"})
    for call in (cr.zero_truncated, cr.generalised_chao, cr.generalised_zelterman):
        one = call(people, covariates="sex", by="sex").to_frame()
        two = call(pl.from_pandas(table), frequency="people", covariates="sex", by="sex").to_frame()
        pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_without_covariates_chao_is_that_of_lists() -> None:
    """The published formula n + f₁²/(2 f₂): 43 and 16 of 76 rabbits give 133.78."""
    row = cr.generalised_chao(counted(43, 16, 8, 6, 0, 2, 1), frequency="people").to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], 76 + 43**2 / 32, rtol=1e-9)


def test_chao_is_below_and_covariates_raise_it() -> None:
    people = register(8_000, 4)
    plain = cr.generalised_chao(people).to_frame().iloc[0]
    with_covariates = cr.generalised_chao(people, covariates="sex + age").to_frame().iloc[0]
    assert plain["value"] < with_covariates["value"] < 8_000 + 3 * with_covariates["se"]


@pytest.mark.parametrize(
    ("people", "settings"),
    [
        ((50,), {}),
        ((50,), {"distribution": "negative-binomial", "one_inflated": "after"}),
        ((50, 10), {"one_inflated": "after"}),
        ((100, 5, 5, 0, 0, 0, 0, 0, 3), {"distribution": "negative-binomial"}),
    ],
)
def test_counts_that_would_mean_infinitely_many_people_are_refused(people: tuple[int, ...], settings: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-176"):
        cr.zero_truncated(counted(*people), frequency="people", **settings)


def test_no_overdispersion_is_a_poisson_distribution_and_says_so() -> None:
    """Two counts that vary less than Poisson's: the size runs to infinity."""
    table = counted(50, 40, 10)
    poisson, binomial = (
        cr.zero_truncated(table, frequency="people", distribution=name) for name in ("poisson", "negative-binomial")
    )
    assert binomial.to_frame()["value"][0] == pytest.approx(poisson.to_frame()["value"][0], rel=1e-9)
    assert {reason.code for reason in binomial.reasons} == {"counts_no_overdispersion"}


def test_no_inflation_is_the_plain_model_and_says_so() -> None:
    table = counted(30, 40, 30, 12, 4)
    plain = cr.zero_truncated(table, frequency="people").to_frame()
    for kind in ("after", "before"):
        found = cr.zero_truncated(table, frequency="people", one_inflated=kind)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.to_frame()["value"], plain["value"], rtol=1e-9)
        assert "counts_no_inflation" in {reason.code for reason in found.reasons}


def test_counts_that_say_little_and_counts_that_do_not_fit_are_told() -> None:
    # Machinists by accidents (tests/reference): the negative binomial's N is 1,191 with a standard error of 3,477.
    machinists = counted(74, 26, 8, 4, 4, 1, 0, 1)
    wild = cr.zero_truncated(machinists, frequency="people", distribution="negative-binomial")
    assert "dark_figure_unsteady" in {reason.code for reason in wild.reasons}
    misfit = cr.zero_truncated(register(4_000, 5, shape=0.7))
    assert "counts_do_not_fit" in {reason.code for reason in misfit.reasons}
    assert misfit.diagnostics["p_value"] < 1e-6


@pytest.mark.parametrize(
    ("code", "change", "columns"),
    [
        ("FL-EST-170", {"covariates": "sex +"}, {}),
        ("FL-EST-171", {"covariates": "age"}, {"age": np.nan}),
        ("FL-EST-172", {"covariates": "sex + twice"}, {"twice": (register(300, 6)["sex"] == "m") * 2.0}),
        ("FL-EST-173", {"covariates": "single"}, {"single": (register(300, 6)["count"] == 1).astype(str)}),
        ("FL-EST-175", {}, {"count": 0}),
        ("FL-EST-175", {}, {"count": 1.5}),
        ("FL-EST-175", {}, {"count": "once"}),
        ("FL-EST-175", {"frequency": "people"}, {"people": -1}),
        ("FL-EST-175", {"frequency": "people"}, {"people": 0}),
        ("FL-EST-175", {"covariates": "count"}, {}),
        ("FL-EST-30", {"distribution": "binomial"}, {}),
        ("FL-EST-30", {"one_inflated": "yes"}, {}),
        ("FL-EST-30", {"interval": "profile"}, {}),
        ("FL-EST-05", {"by": "value"}, {"value": 1}),
        ("FL-LISTS-01", {"count": "times"}, {}),
    ],
)
def test_calls_that_cannot_be_are_refused(code: str, change: dict[str, Any], columns: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.zero_truncated(register(300, 6).assign(**columns), **change)


@pytest.mark.parametrize("call", [cr.generalised_chao, cr.generalised_zelterman])
def test_bounds_need_people_seen_once_and_twice(call: Any) -> None:
    for people in ((40, 0, 3), (0, 40, 3)):
        with pytest.raises(fl.FlError, match="FL-EST-179"):
            call(counted(*people), frequency="people")


def test_the_profile_lays_counts_beside_distributions() -> None:
    profile = cr.count_profile(counted(430, 160, 80, 18, 5), frequency="people")
    frame = profile.to_frame()
    assert profile.n == 693
    assert profile.distributions == ("poisson", "geometric", "negative-binomial")
    np.testing.assert_allclose(frame["ratio"][:4], [2 * 160 / 430, 3 * 80 / 160, 4 * 18 / 80, 5 * 5 / 18])
    assert np.isnan(frame["ratio"].iloc[-1])
    ratios = profile.expected_ratios
    np.testing.assert_allclose(ratios["poisson"], ratios["poisson"][0])
    assert (np.diff(ratios["geometric"]) > 0).all()
    # As many as there are, but for those above the highest count.
    assert frame["poisson"].sum() == pytest.approx(693, abs=2)
    assert cr.count_profile(counted(50), frequency="people").left_out == kernels.NAMES
    with pytest.raises(fl.FlError, match="FL-EST-30"):
        cr.count_profile(counted(50, 5), frequency="people", distributions=["normal"])


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_picture_has_every_count_and_ratio(language: str) -> None:
    profile = cr.count_profile(counted(430, 160, 80, 18, 5), frequency="people")
    bars, ratios = fl.plot_counts(profile, language=language).axes
    drawn_bars: list[Any] = list(bars.patches)
    assert [bar.get_height() for bar in drawn_bars] == [430, 160, 80, 18, 5]
    assert bars.get_title(loc="left") == say("counts", "people", language)
    drawn = [line for line in ratios.lines if line.get_markerfacecolor() == "#ffffff"]
    np.testing.assert_allclose(np.asarray(drawn[0].get_ydata(), dtype=float), profile.table["ratio"][:4])


def test_a_picture_of_nothing_fitted_and_of_something_else() -> None:
    assert len(fl.plot_counts(cr.count_profile(counted(50), frequency="people")).axes) == 2
    with pytest.raises(fl.FlError, match="FL-PUB-13"):
        fl.plot_counts(pd.DataFrame())  # type: ignore[arg-type]
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        fl.plot_counts(cr.count_profile(counted(50, 9), frequency="people"), language="de")
