"""SS-PSE of people: the size recovered, what the prior does said, nothing of rows, labels or ids, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.results.codes import ZERO_CASES
from tests.unit.reporting import few

hidden: Any = fl.hidden
FAST: dict[str, Any] = {"time": "interview", "seed": 1}


def drawn(seed: int = 1, **more: Any) -> pd.DataFrame:
    usual: dict[str, Any] = {"population": 600, "n": 300, "mean_degree": 8.0, "sd_degree": 3.5, "activity": 1.5}
    return hidden.simulate_successive_sampling(**{**usual, **more}, seed=seed).people


def chained(frame: pd.DataFrame) -> pd.DataFrame:
    rows = np.arange(len(frame))
    recruiters: Any = [None if row < 2 else f"r{(row - 2) // 2}" for row in rows]
    return frame.assign(
        person_id=[f"r{row}" for row in rows], network_size=3 + rows * 7 % 11,
        recruiter_id=recruiters,
    ).reset_index(drop=True)  # fmt: skip


def few_of_ss_population_size() -> fl.Estimates:
    return hidden.ss_population_size(chained(few.few()), prior_median=100, seed=1)


def few_of_ss_cases() -> fl.Estimates:
    people = chained(few.few())
    size = hidden.ss_population_size(people, prior_median=100, seed=1)
    return hidden.ss_cases(people, "fl", size=size, replicates=20, seed=1)


@pytest.fixture(scope="module")
def size() -> fl.Estimates:
    return hidden.ss_population_size(drawn(), prior_median=600, **FAST)


# --- figures ----------------------------------------------------------------------------------------------------


def test_a_size_that_half_was_met_of_is_recovered(size: fl.Estimates) -> None:
    row = size.frame.iloc[0]
    assert (row["quantity"], row["method"], row["basis"], row["n"]) == ("population_size", "ss-pse", "model", 300)
    assert 300 <= size.interval[0] < 600 < size.interval[1]
    told = size.diagnostics
    assert told["quantiles"]["0.5"] == pytest.approx(size.value)
    assert told["prior"]["quantiles"]["0.5"] == pytest.approx(600, abs=0.5)
    assert told["prior"]["maximum"] == 1800
    # Nine standard deviations of nothing: draws are of the posterior whose quantiles are computed (4,000 of them).
    assert float(np.median(size.draws)) == pytest.approx(size.value, abs=4 * size.se / np.sqrt(4000))
    assert size.draws.shape == (4000, 1)


def test_mean_relative_error_is_none_over_sizes_from_the_prior() -> None:
    """A small version of `make coverage-hidden ARGS="--only 'population size'"`, of fixed seeds."""
    from studies.hidden.cells import try_cell
    from studies.hidden.population_size import CELLS

    line = try_cell(CELLS[0], 10, 26)
    assert line.refused == 0
    assert abs(line.bias) < 3 * line.bias_error
    # 10 intervals of 95 %: fewer than 7 would hold the truth once in 1,000 times.
    assert line.covered >= 7 / 10


def test_the_highest_density_interval_is_the_shortest(size: fl.Estimates) -> None:
    densest = hidden.ss_population_size(drawn(), prior_median=600, interval="highest-density", **FAST)
    assert densest.value == size.value
    assert densest.frame["interval_kind"].tolist() == ["highest-density"]
    assert np.diff(densest.interval)[0] < np.diff(size.interval)[0]
    inside = (size.draws >= densest.interval[0]) & (size.draws <= densest.interval[1])
    # Three binomial standard errors of 4,000 draws.
    assert float(inside.mean()) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 4000) + 0.002)


def test_rows_labels_and_ids_change_nothing() -> None:
    people = drawn(n=120)
    plain = hidden.ss_population_size(people, prior_median=300, seed=1)
    other = people.sample(frac=1, random_state=3).reset_index(drop=True)
    names = {name: f"x{9000 - place}" for place, name in enumerate(people["person_id"])}
    other = other.assign(person_id=other["person_id"].map(names), recruiter_id=other["recruiter_id"].map(names))
    again = hidden.ss_population_size(other, prior_median=300, seed=1)
    assert again.value == pytest.approx(plain.value, rel=1e-9)  # sums in another order
    assert again.interval == pytest.approx(plain.interval, rel=1e-9)
    assert [str(each.code) for each in plain.assumptions].count("ss_order_within_waves") == 1


def test_a_known_order_says_more_than_waves() -> None:
    people = drawn(n=300, seed=4)
    rows = hidden.ss_population_size(people, prior_median=600, within_wave="rows", seed=1)
    timed = hidden.ss_population_size(people, prior_median=600, **FAST)
    assert rows.value == pytest.approx(timed.value, rel=1e-9)
    assert "ss_order_by_rows" in {str(each.code) for each in rows.assumptions}
    assert not {"ss_order_by_rows", "ss_order_within_waves"} & {str(each.code) for each in timed.assumptions}


def test_few_of_many_say_that_the_figure_is_the_prior() -> None:
    people = drawn(population=20_000, n=100)
    made = hidden.ss_population_size(people, prior_median=5_000, **FAST)
    told = {str(each.code): dict(each.parameters) for each in made.reasons}
    assert told["ss_follows_prior"]["overlap"] == pytest.approx(made.diagnostics["overlap"], abs=0.005)
    assert made.diagnostics["overlap"] > 0.9
    assert made.diagnostics["sensitivity"] > 0.8
    assert {"ss_prior_sensitive", "ss_at_maximum"} <= set(told)


def test_every_prior_is_taken() -> None:
    people = drawn(n=60, population=120)
    stated: list[dict[str, Any]] = [
        {"prior_mean": 130}, {"prior_mode": 120}, {"prior_quartiles": (95, 160)}, {"prior": "flat", "maximum": 400},
        {"prior_median": 120, "alpha": 1.0}, {"prior_median": 120, "degrees": "negative-binomial"},
    ]  # fmt: skip
    made = [hidden.ss_population_size(people, **each, **FAST) for each in stated]
    assert all(60 <= each.interval[0] < each.value < each.interval[1] for each in made)
    codes = [{str(a.code) for a in each.assumptions} for each in made]
    for code, found in zip(("mean", "mode", "quartiles", "flat"), codes, strict=False):
        assert f"ss_prior_{code}" in found
    assert "ss_degrees_negative_binomial" in codes[-1]


def test_seeds_and_missing_degrees_are_members_all_the_same() -> None:
    people = drawn(n=100, population=200)
    without = people.assign(network_size=people["network_size"].where(people.index >= 3).astype(float))
    with pytest.raises(EstimateFault, match="FL-EST-523"):
        hidden.ss_population_size(without, prior_median=200, **FAST)
    left = hidden.ss_population_size(without, prior_median=200, missing_degree="exclude", **FAST)
    seeds = hidden.ss_population_size(people, prior_median=200, include_seeds=False, **FAST)
    for made in (left, seeds):
        assert made.interval[0] >= 100
        assert made.frame["n"].tolist() == [100]
    assert {"rds_degree_left_out"} <= {str(a.code) for a in left.assumptions}


# --- cases ------------------------------------------------------------------------------------------------------


def test_cases_have_the_error_of_size_and_share(size: fl.Estimates) -> None:
    people = drawn().assign(none=0)
    made = hidden.ss_cases(people, "outcome", size=size, replicates=100, seed=1)
    share = hidden.gile_ss(people, "outcome", population=size.value, replicates=100, seed=1, small_fraction=0.0)
    assert made.frame["method"].tolist() == ["ss-pse-cases"]
    assert made.frame["basis"].tolist() == ["respondents"]
    # The total at the median size, but for the convexity of products: three per cent.
    assert made.value == pytest.approx(size.value * share.value, rel=0.03)
    both = np.hypot(size.se / float(np.mean(size.draws)), share.se / share.value)
    assert made.se / float(np.mean(made.draws)) == pytest.approx(both, rel=0.2)
    none = hidden.ss_cases(people, "none", size=size, replicates=20, seed=1)
    assert (none.value, none.interval[0]) == (0.0, 0.0)
    assert none.interval[1] > 0
    assert ZERO_CASES in {each.code for each in none.reasons}


def test_cases_need_a_size_of_this_method() -> None:
    for wrong in (1000, hidden.rds_ii(drawn(), "outcome", replicates=20, seed=1)):
        with pytest.raises(EstimateFault, match="FL-EST-559"):
            hidden.ss_cases(drawn(), "outcome", size=wrong)


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("FL-EST-550", {}),
        ("FL-EST-550", {"prior_median": 600, "prior_mean": 600}),
        ("FL-EST-550", {"prior_median": 200}),
        ("FL-EST-550", {"prior_median": "600"}),
        ("FL-EST-550", {"prior_quartiles": (900, 500)}),
        ("FL-EST-550", {"prior": "cauchy", "prior_median": 600}),
        ("FL-EST-550", {"prior_quartiles": (500, 900), "alpha": 1.0}),
        ("FL-EST-550", {"prior_quartiles": (301, 1700), "maximum": 1701}),
        ("FL-EST-551", {"prior": "flat"}),
        ("FL-EST-551", {"prior_median": 600, "maximum": 500}),
        ("FL-EST-551", {"prior_median": 600, "maximum": 6_000_000}),
        ("FL-EST-552", {"prior_median": 600, "degrees": "poisson"}),
        ("FL-EST-552", {"prior_median": 600, "largest_degree": 5}),
        ("FL-EST-552", {"prior_median": 600, "degree_sd": -1.0}),
        ("FL-EST-552", {"prior_median": 600, "degree_mean": 900.0}),
        ("FL-EST-554", {"prior_median": 600, "interval": "wald"}),
        ("FL-EST-554", {"prior_median": 600, "within_wave": "guess"}),
        ("FL-EST-554", {"prior_median": 600, "level": 95}),
        ("FL-EST-554", {"prior_median": 600, "draws": 5}),
    ],
)
def test_settings_that_cannot_be_are_refused(code: str, settings: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match=code):
        hidden.ss_population_size(drawn(), **{**FAST, **settings})


def test_too_few_respondents_are_refused() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-553"):
        hidden.ss_population_size(drawn(n=10).head(9), prior_median=600, **FAST)


@pytest.mark.parametrize(
    "settings",
    [{"n": 0}, {"n": 700}, {"prevalence": 2}, {"degree_error": -1}, {"mean_degree": "8"}, {"sd_degree": 60.0}],
)
def test_samples_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-555"):
        drawn(**settings)


def test_a_simulated_sample_is_what_was_asked_for() -> None:
    made = hidden.simulate_successive_sampling(
        population=4_000, n=400, mean_degree=8, sd_degree=3.5, prevalence=0.25, seed=2
    )
    # Three standard errors of the mean of 4,000 degrees.
    assert made.mean_degree == pytest.approx(8, abs=3 * 3.5 / np.sqrt(4000))
    assert (made.prevalence, made.population, len(made.people)) == (0.25, 4000, 400)
    # Drawn by degree: respondents know E d²/E d = 9.5 on average, of whom 400 have a standard error of 0.2.
    assert made.people["network_size"].mean() == pytest.approx(9.5, abs=0.6)
    heaped = drawn(heaping=1.0)["network_size"]
    assert (heaped % 5 == 0).all()


def test_a_survey_hands_on_of_whom_it_speaks() -> None:
    survey = fl.SurveyData(people=drawn(n=60), design=fl.Design(unweighted=True), population="returnees")
    made = hidden.ss_population_size(survey, prior_median=120, **FAST)
    assert (made.population, made.provenance.call) == ("returnees", "hidden.ss_population_size")
    cases = hidden.ss_cases(survey, "outcome", size=made, replicates=20, seed=1)
    assert cases.population == "returnees"


def test_a_study_file_asks_for_both(tmp_path: Path) -> None:
    drawn(n=200, population=400).assign(age=30).to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "mapping.toml").write_text(
        'id = "returnees"\nkind = "respondent_driven"\npopulation = "returnees"\n[design]\nunweighted = true\n[people]\n'
        'person_id = "person_id"\nrecruiter_id = "recruiter_id"\nnetwork_size = "network_size"\nage_interview = "age"\n',
        encoding="utf-8",
    )
    (tmp_path / "study.toml").write_text(
        '[source.returnees]\nfile = "people.csv"\nmapping = "mapping.toml"\n'
        '[[estimate]]\nname = "size"\nkind = "ss_population_size"\ntime = "interview"\nprior_median = 400\n'
        '[[estimate]]\nname = "cases"\nkind = "ss_cases"\noutcome = "outcome"\nsize = "size"\nreplicates = 20\n',
        encoding="utf-8",
    )
    made = fl.run_study(tmp_path / "study.toml", out=tmp_path / "out")
    frame = pd.read_csv(tmp_path / "out" / "estimates.csv")
    assert frame["method"].tolist() == ["ss-pse", "ss-pse-cases"]
    assert frame["publication"].tolist() == ["published", "published"]
    assert made is not None
