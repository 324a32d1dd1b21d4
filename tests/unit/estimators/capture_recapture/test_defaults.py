"""Defaults hold what they promise on lists of a known number of people, and contradictions that the lists show are said on the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.existence import is_identifiable, is_inside
from fl_estimate.estimators.capture_recapture.goodness import goodness
from fl_estimate.estimators.capture_recapture.latent_class import predictive_p
from fl_estimate.estimators.capture_recapture.model_space import all_models

LISTS = ("A", "B", "C")
# Two thirds to four fifths of all people on each list: 98 % are on one at least.
MOST = {"A": 0.65, "B": 0.72, "C": 0.8}
MODERATE = {"A": 0.3, "B": 0.35, "C": 0.4}


def people(chances: dict[str, float], size: int, seed: int) -> pd.DataFrame:
    """A row a person of a population of `size`, those on no list too."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame({name: (generator.random(size) < chance).astype(int) for name, chance in chances.items()})


def histories(frame: pd.DataFrame) -> fl.CaptureHistories:
    return fl.CaptureHistories.from_records(frame[frame.any(axis=1)], lists=list(frame.columns))


def referral(seed: int = 1) -> fl.CaptureHistories:
    """5,000 people; a national list takes in everybody on two others, and a fourth is independent."""
    frame = people({"police": 0.06, "ngo": 0.08, "national": 0.12, "clinic": 0.05}, 5000, seed)
    frame["national"] = frame[["police", "ngo", "national"]].max(axis=1)
    return histories(frame)


def covers(
    method: Callable[[fl.CaptureHistories], fl.Estimates], chances: dict[str, float], size: int, times: int
) -> float:
    """Share of samples whose interval holds the number of people."""
    found = cr.simulate(cr.stated_model(size, chances), method, datasets=times, seed=3).summary()
    assert found["refused"] == 0
    return float(found["coverage"])


def codes(made: fl.Estimates) -> set[str]:
    return {reason.code for reason in made.reasons}


def test_a_model_that_does_not_describe_nested_lists_says_so_on_its_row() -> None:
    """The stepwise choice puts 5,000 people at some 1,500: deviance in the hundreds on 7 degrees of freedom."""
    made = cr.select_stepwise(referral(), replicates=50, seed=1)
    row = made.to_frame().iloc[0]
    assert row["upper"] < 5000 / 2
    assert {"poor_fit", "selection_blocked", "lists_nested"} <= codes(made)
    blocked = made.diagnostics["blocked_pairs"]
    assert {"police:national", "ngo:national"} <= set(blocked)
    assert made.diagnostics["deviance"] > 50 * made.diagnostics["degrees_of_freedom"]


def test_lists_that_hold_each_other_are_named_at_the_door() -> None:
    frame = people({"A": 0.3, "B": 0.4}, 2000, 2).assign(C=0)
    frame["D"] = frame["A"]
    h = histories(frame)
    assert set(h.nested) == {("A", "D"), ("D", "A")}
    assert h.empty_lists == ("C",)
    told = [(fault.variable, fault.value_class) for fault in h.report.warnings]
    assert told == [("A, D", "the same people on both"), ("C", "nobody")]
    inner = histories(people({"A": 0.3, "B": 0.4}, 2000, 2).assign(C=lambda f: f[["A", "B"]].max(axis=1)))
    assert inner.nested == (("A", "C"), ("B", "C"))
    assert "everybody on it is on C too" in str(inner.report)
    assert not histories(people(MODERATE, 2000, 2)).report.faults


def test_the_same_list_twice_is_said_on_every_row() -> None:
    """2,000 people: the two lists alone would give about 970, with an interval of three people."""
    frame = people({"A": 0.3, "B": 0.3}, 2000, 4)
    h = histories(frame.assign(C=frame["A"]))
    for made in (cr.loglinear(h), cr.chao(h), cr.chapman(h, "A", "C"), cr.select_bic(h, interval="wald")):
        found = [reason for reason in made.reasons if reason.code == "lists_nested"]
        assert dict(found[0].parameters)["pairs"] == ["A = C"]
    assert {"poor_fit"} <= codes(cr.loglinear(h))


def test_few_people_of_a_list_on_another_are_chance() -> None:
    frame = pd.DataFrame({"A": [1, 0, 1, 0], "B": [1, 1, 0, 0], "C": [0, 0, 1, 1], "count": [9, 300, 0, 200]})
    assert not fl.CaptureHistories.from_counts(frame, lists=LISTS).nested


def test_the_default_interval_carries_the_chance_of_being_seen() -> None:
    """120 samples: 3 standard errors are 6 points below 95 %. Wald's covers 53 % where 98 % of the people are seen."""
    assert covers(cr.loglinear, MOST, 1000, 120) >= 0.89
    assert covers(lambda h: cr.loglinear(h, interval="wald"), MOST, 1000, 120) < 0.7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chances", "size"), [(MOST, 1000), (MODERATE, 1000), ({"A": 0.05, "B": 0.06, "C": 0.08}, 5000)]
)
def test_default_intervals_of_a_true_model_hold_the_number(chances: dict[str, float], size: int) -> None:
    """400 samples: 3 standard errors are 3.3 points below 95 %."""
    assert covers(cr.loglinear, chances, size, 400) >= 0.917
    assert covers(lambda h: cr.loglinear(h, interval="log"), chances, size, 400) >= 0.917
    assert covers(lambda h: cr.closed(h, "Mt"), chances, size, 400) >= 0.917


def test_a_bootstrap_draws_the_unseen_too() -> None:
    """60 samples of lists that see 98 %, 3 standard errors are 8.4 points: of as many people as were seen, BCa covers about half."""
    whole = covers(lambda h: cr.select_stepwise(h, replicates=100, seed=1), MOST, 1000, 60)
    fixed = covers(
        lambda h: cr.select_stepwise(h, replicates=100, seed=1, tails="poisson", interval="bca-fixed-n"), MOST, 1000, 60
    )
    assert whole >= 0.866
    assert fixed < 0.75


@pytest.mark.parametrize("kind", ["bca", "percentile"])
def test_limits_of_a_bootstrap_are_not_below_those_seen(kind: Any) -> None:
    h = histories(people({"A": 0.95, "B": 0.95, "C": 0.95}, 300, 5))
    row = cr.select_stepwise(h, interval=kind, replicates=100, seed=1).to_frame().iloc[0]
    assert row["lower"] >= h.n


@pytest.mark.parametrize(
    ("chances", "size"), [({"A": 0.02, "B": 0.03}, 20_000), ({"A": 0.05, "B": 0.1}, 1000), ({"A": 0.9, "B": 0.9}, 1000)]
)
def test_two_lists_by_default(chances: dict[str, float], size: int) -> None:
    """200 samples: 3 standard errors below 95 % are 90.4 %. Of 40,000, the log interval covers 90 to 93 %, wald's 84 to 95 %."""
    assert covers(lambda h: cr.chapman(h, "A", "B"), chances, size, 200) >= 0.904


def test_chaos_bound_of_independent_lists_is_not_above_the_number() -> None:
    """Three lists of one chance: the classic f₁²/(2 f₂) is 3/2 of the dark figure, by t lists it is the dark figure itself."""
    model = cr.stated_model(5000, dict.fromkeys(LISTS, 0.1))
    found = [[cr.chao(h, kind).frame["value"].iloc[1] for kind in ("t-lists", "classic")] for h in cr.draw_lists(model, 80, seed=1)]  # fmt: skip
    default = [cr.chao(h).frame["value"].iloc[1] for h in cr.draw_lists(model, 80, seed=1)]
    by_lists, classic = np.array(found).T
    np.testing.assert_array_equal(default, by_lists)
    truth = 5000 * 0.9**3
    assert np.median(by_lists) == pytest.approx(truth, rel=0.03)
    assert (classic > truth).mean() > 0.99


def test_the_value_of_averaging_is_the_median_and_does_not_grow_with_the_grid() -> None:
    """Korea: the mean is 301 on the automatic grid, and has no limit; half of the posterior lies below 159."""
    korea = fl.datasets.load("korea")
    made = cr.average_decomposable(korea, seed=1)
    assert made.to_frame()["value"].iloc[0] == made.diagnostics["posterior_median"] == pytest.approx(159, abs=1)
    assert np.isnan(made.diagnostics["posterior_mean"])
    kosovo = cr.average_decomposable(fl.datasets.load("kosovo"), seed=1)
    assert kosovo.diagnostics["posterior_mean"] > kosovo.diagnostics["posterior_median"]


def test_thresholding_is_refused_where_main_effects_have_no_estimate() -> None:
    """Lists that share nobody: the prior of the main effects, next to flat, would decide (9e18 people)."""
    apart = pd.DataFrame({"A": [1, 0, 0], "B": [0, 1, 0], "C": [0, 0, 1], "count": [40, 50, 60]})
    h = fl.CaptureHistories.from_counts(apart, lists=LISTS)
    for prior in ("proper", "improper"):
        with pytest.raises(fl.FlError, match=r"FL-EST-35|FL-EST-148"):
            cr.threshold(h, prior=prior, seed=1)


def test_a_right_model_is_seldom_said_to_fit_badly_and_a_wrong_one_mostly() -> None:
    """A test of 5 %: in 100 samples at most 11.5 % within 3 standard errors. Referral at odds ratio 4 is seen in all but few."""
    right = cr.stated_model(2000, MODERATE)
    marked = [("poor_fit" in codes(cr.loglinear(h, interval="log"))) for h in cr.draw_lists(right, 100, seed=2)]
    assert np.mean(marked) <= 0.115
    wrong = cr.stated_model(2000, MODERATE, {("A", "B"): 4.0})
    seen = [("poor_fit" in codes(cr.loglinear(h, interval="log"))) for h in cr.draw_lists(wrong, 20, seed=2)]
    assert np.mean(seen) > 0.9
    told = [("poor_fit" in codes(cr.loglinear(h, [("A", "B")], interval="log"))) for h in cr.draw_lists(wrong, 100, seed=4)]  # fmt: skip
    assert np.mean(told) <= 0.115


def test_the_test_of_fit_of_sparse_tables_is_a_bootstrap_of_the_stated_size() -> None:
    """Five lists that see 5 %: most fitted counts are below 1, where χ² says nothing."""
    model = cr.stated_model(8000, dict(zip("ABCDE", (0.008, 0.009, 0.01, 0.011, 0.012), strict=True)))
    found = [cr.loglinear(h, interval="log").diagnostics for h in cr.draw_lists(model, 60, seed=2)]
    assert {one["fit_reference"] for one in found} == {"bootstrap"}
    assert np.mean([one["fit_p"] < 0.05 for one in found]) <= 0.05 + 3 * 0.0281  # 60 samples


@pytest.mark.parametrize("pairs", ["two-way", [("A", "B"), ("B", "C"), ("A", "C")]])
def test_a_saturated_model_has_no_test_of_fit(pairs: str | Sequence[Sequence[str]]) -> None:
    made = cr.loglinear(histories(people(MODERATE, 1000, 1)), pairs)
    assert made.diagnostics["degrees_of_freedom"] == 0
    assert np.isnan(made.diagnostics["fit_p"])
    assert "poor_fit" not in codes(made)


def test_the_p_of_a_fit_is_chi_squareds_where_counts_are_large() -> None:
    """Three cells of 40 fitted: G² = 2 Σ n log(n/40), 2 degrees of freedom."""
    counts = np.array([30.0, 40, 50])
    found = goodness(np.ones((3, 1)), counts, np.full(3, 40.0))
    deviance = 2 * float((counts * np.log(counts / 40)).sum())
    assert (found.deviance, found.df, found.reference) == (pytest.approx(deviance), 2, "chi-squared")
    assert found.p == pytest.approx(np.exp(-deviance / 2))


def differing(lists: int, odds: float, size: int) -> cr.ListModel:
    """Three in ten have six times the odds of the others on every list."""
    names = "ABCDEF"[:lists]
    easy, hard = (dict.fromkeys(names, times * odds / (1 + times * odds)) for times in (6.0, 1.0))
    return cr.mixed_model([cr.stated_model(3 * size // 10, easy), cr.stated_model(7 * size // 10, hard)])


def test_people_who_differ_are_seen_by_a_test_that_looks_for_them() -> None:
    """Six lists that see half: 57 degrees of freedom hide from the deviance what one holds. 20 samples of each.

    The deviance alone finds some 80 of 100 of independence and 10 of 100 of all pairs, the score all and 40 (100 samples).
    """
    told = [cr.loglinear(h, interval="log").diagnostics for h in cr.draw_lists(differing(6, 0.08, 2000), 20, seed=1)]
    assert all(one["heterogeneity_p"] < 0.05 for one in told)
    assert all(one["fit_p"] == min(1.0, 2 * min(one["deviance_p"], one["heterogeneity_p"])) for one in told)
    right = [
        cr.loglinear(h, interval="log").diagnostics for h in cr.draw_lists(cr.stated_model(2000, MODERATE), 60, seed=2)
    ]
    assert np.mean([one["heterogeneity_p"] < 0.05 for one in right]) <= 0.05 + 3 * 0.0281  # 60 samples


def test_the_score_against_people_who_differ_is_the_textbook_one() -> None:
    """Dense counts: by hand with the inverse of the information of the model and the column of pairs together.

    One-sided: of pairs people who differ leave too many, so that p is the normal tail above the signed root.
    """
    h = histories(people(MODERATE, 20_000, 3))
    made = cr.loglinear(h, interval="log")
    members = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=float)
    known = dict(zip(map(tuple, h.members.tolist()), h.counts.tolist(), strict=True))
    counts = np.array([known[tuple(row)] for row in members.astype(int).tolist()])
    beta = np.array(list(made.diagnostics["parameters"].values()))
    fitted = np.exp(np.column_stack([np.ones(7), members]) @ beta)
    pairs = np.array([0.0, 0, 0, 1, 1, 1, 3])
    whole = np.column_stack([np.ones(7), members, pairs])
    score = whole.T @ (counts - fitted)
    statistic = score @ np.linalg.inv(whole.T @ (whole * fitted[:, None])) @ score
    assert made.diagnostics["fit_reference"] == "chi-squared"
    root = np.sign(score[-1]) * np.sqrt(statistic)
    assert made.diagnostics["heterogeneity_p"] == pytest.approx(stats.norm.sf(root), rel=1e-6)


def test_a_choice_says_that_people_who_differ_fit_better() -> None:
    """Pairs that stand in for people who differ fit, and miss: four lists that see nine in ten, 15 samples, and 40 without."""
    mixed = cr.draw_lists(differing(4, 0.55, 1100), 15, seed=3)
    assert all("people_differ_fits_better" in codes(cr.select_bic(h, interval="log")) for h in mixed)
    alike = cr.draw_lists(cr.stated_model(1500, MODERATE | {"D": 0.3}), 40, seed=3)
    said = ["people_differ_fits_better" in codes(cr.select_bic(h, interval="log")) for h in alike]
    assert np.mean(said) <= 0.05


def test_an_average_of_graphs_that_do_not_describe_the_lists_says_so() -> None:
    """Four lists that see half of people who differ: no graph holds that; 6 samples, and 20 where one graph is right."""
    mixed = [cr.average_decomposable(h, draws=100, seed=1) for h in cr.draw_lists(differing(4, 0.12, 2000), 6, seed=3)]
    assert np.mean(["poor_fit" in codes(made) for made in mixed]) >= 0.8
    pair = cr.stated_model(2000, MODERATE | {"D": 0.3}, {("A", "B"): 4.0})
    right = [cr.average_decomposable(h, draws=100, seed=1) for h in cr.draw_lists(pair, 20, seed=3)]
    assert np.mean(["poor_fit" in codes(made) for made in right]) <= 0.05 + 3 * 0.0487


def test_classes_have_a_posterior_predictive_p() -> None:
    """Thousands of classes would fit anything: independence of three lists lies well inside its own posterior."""
    h = cr.draw_lists(cr.stated_model(1500, MODERATE), seed=1)[0]
    made = cr.latent_class(h, draws=200, burn_in=500, thin=5, seed=1)
    assert 0.05 < made.diagnostics["fit_p"] < 1
    assert "poor_fit" not in codes(made)


def test_a_population_far_from_all_classes_is_said_not_to_fit() -> None:
    """Draws of one class that is on each list by half, held against lists that share nobody."""
    apart = pd.DataFrame({"A": [1, 0, 0], "B": [0, 1, 0], "C": [0, 0, 1], "count": [40, 50, 60]})
    h = fl.CaptureHistories.from_counts(apart, lists=LISTS)
    half = np.concatenate([[0.0, 1, 1, 1.0], [0.5, 0.5, 0.5]])
    assert predictive_p(h, np.tile(half, (50, 1)), 1) == 0.0


def test_a_choice_takes_percentile_limits_and_those_of_the_model_unless_told_otherwise() -> None:
    h = histories(people(MODERATE, 1500, 6))
    for choose in (cr.select_stepwise, cr.select_bic):
        made = choose(h, replicates=60, seed=1)
        row = made.to_frame().iloc[0]
        assert row["interval_kind"] == "percentile-and-model"
        given = choose(h, interval="profile").to_frame().iloc[0]
        assert made.diagnostics["model"] == [given["lower"], given["upper"]]
        both = np.array([made.diagnostics["percentile"], made.diagnostics["model"]])
        np.testing.assert_allclose([row["lower"], row["upper"]], [both[:, 0].min(), both[:, 1].max()], rtol=1e-12)
        plain = choose(h, replicates=60, seed=1, interval="percentile").to_frame().iloc[0]
        assert [plain["lower"], plain["upper"]] == made.diagnostics["percentile"]
        named = choose(h, replicates=60, seed=1, interval="bca").to_frame().iloc[0]
        assert [named["lower"], named["upper"]] == made.diagnostics["bca"]


@pytest.mark.parametrize("order", [2, 3])
def test_what_is_known_of_a_pattern_is_what_the_linear_programme_says(order: int) -> None:
    """Sparse tables of four lists, every hierarchical model: with what was learnt on the way, and each from the start."""
    space = lattice(4, order)
    generator = np.random.default_rng(5)
    tables = generator.poisson(generator.choice([0.2, 1.0, 5.0], size=(12, 15))).astype(float)
    models = all_models(space)[:: 1 if order == 2 else 2]
    together = Fitter(lattice=space)
    for table in tables:
        made = together.fit(np.tile(table, (len(models), 1)), models).ok
        for model, found in zip(models, made, strict=True):
            met = table @ space.matrix[:, 1:]
            finite, absent = model & (met > 0), model & (met == 0)
            rows = (space.matrix[:, 1:][:, absent] == 0).all(axis=1)
            design = space.matrix[np.ix_(rows, np.append(True, finite))]
            assert found == (is_identifiable(design) and is_inside(design, table[rows]))
