"""The many fits at once agree with the single ones on sparse tables of 3 to 10 lists; searches, their refusals, and bootstrap limits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture import bootstrap as resampling
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.model_space import all_models, downhill, neighbours, rank_by_bic
from fl_estimate.estimators.capture_recapture.stepwise import spreads, stepwise, tails

UK = fl.datasets.load("uk_2013_6")


def sparse(lists: int, people: float, seed: int) -> fl.CaptureHistories:
    """A table in which most histories are empty."""
    space, generator = lattice(lists, 1), np.random.default_rng(seed)
    rates = people * 0.25 ** space.members.sum(axis=1) * generator.gamma(0.5, 2, len(space.members))
    frame = pd.DataFrame(space.members, columns=list("ABCDEFGHIJ"[:lists]))
    frame["count"] = generator.poisson(rates)
    return fl.CaptureHistories.from_counts(frame, lists=list(frame.columns[:-1]))


@pytest.mark.parametrize("lists", [3, 4, 5])
@pytest.mark.parametrize("seed", range(12))
def test_status_and_value_are_those_of_the_single_fit(lists: int, seed: int) -> None:
    """Newton's certificate, the linear programme in a batch, and `check` with `loglinear`: three ways, one answer."""
    h = sparse(lists, 12.0, seed)
    space = lattice(lists, lists - 1)
    models = all_models(space)
    models = models[np.random.default_rng(seed).permutation(len(models))[:40]]
    counts = np.tile(full_counts(h, space.members), (len(models), 1))
    made = Fitter(lattice=space).fit(counts, models)
    for position, model in enumerate(models):
        terms = [[h.lists[i] for i in t] for t, on in zip(space.terms, model, strict=True) if on and len(t) > 1]
        good = cr.check(h, terms or "main").code == 0
        assert good == made.ok[position], terms
        if good:
            value = cr.loglinear(h, terms or "main").to_frame()["value"].iloc[1]
            assert made.dark[position] == pytest.approx(value, rel=1e-7, abs=1e-7)


def test_nested_lists() -> None:
    """Everybody on A is on B too: that pair runs to +∞ and cannot be added."""
    frame = pd.DataFrame(
        {"A": [0, 0, 1, 1, 0], "B": [1, 0, 1, 1, 1], "C": [0, 1, 0, 1, 1], "count": [60, 40, 20, 6, 9]}
    )
    h = fl.CaptureHistories.from_counts(frame, lists=["A", "B", "C"])
    assert cr.check(h, [("A", "B")]).code == 1
    assert "A:B" not in cr.select_stepwise(h, threshold=1, interval="wald").to_frame()["term"].iloc[0]
    assert cr.select_bic(h, interval="wald").diagnostics["models_with_estimate"] < 8


def test_ten_lists() -> None:
    h = sparse(10, 60.0, 1)
    found = cr.select_stepwise(h, interval="wald").to_frame()
    assert np.isfinite(found["value"]).all()
    assert found["n"].iloc[0] == h.n


def test_more_lists_than_can_be_searched_whole_go_downhill() -> None:
    assert cr.select_bic(sparse(7, 60.0, 1), interval="wald").diagnostics["search"] == "downhill"


def test_lists_that_never_meet_have_no_estimate() -> None:
    frame = pd.DataFrame({"A": [1, 0, 0], "B": [0, 1, 0], "C": [0, 0, 1], "count": [4, 5, 6]})
    h = fl.CaptureHistories.from_counts(frame, lists=["A", "B", "C"])
    for choose in (cr.select_stepwise, cr.select_bic, cr.select_aic_p):
        with pytest.raises(fl.FlError, match="FL-EST-35"):
            choose(h)


@pytest.mark.parametrize(("lists", "order", "models"), [(3, 2, 8), (4, 2, 64), (4, 3, 113), (5, 2, 1024), (5, 4, 6893)])
def test_how_many_models_there_are(lists: int, order: int, models: int) -> None:
    """114 and 6,894 antichains hold all of 4 and 5 lists (Dedekind's numbers less those of fewer), one is saturated."""
    every = all_models(lattice(lists, order))
    assert len(every) == models == len(np.unique(every, axis=0))


def test_neighbours_keep_a_model_hierarchical() -> None:
    space = lattice(4, 3)
    known = {row.tobytes() for row in all_models(space)}
    for model in all_models(space)[::7]:
        for position in neighbours(space, model):
            other = model.copy()
            other[position] ^= True
            assert other.tobytes() in known


def test_tails_are_poissons() -> None:
    observed, expected = np.array([0.0, 0, 3, 7, 2]), np.array([0.0, 2, 3.5, 1.2, 9])
    below = stats.poisson.cdf(observed, expected)
    above = stats.poisson.sf(observed - 1, expected)
    np.testing.assert_allclose(tails(observed, expected), np.minimum(below, above), rtol=1e-12)


def test_downhill_never_ends_above_its_start_nor_below_the_best_of_all() -> None:
    uk = UK.merge("PF", "NCA", into="PFNCA")
    space = lattice(5, 2)
    counts = full_counts(uk, space.members)
    fitter = Fitter(lattice=space)
    ranked = rank_by_bic(fitter, counts)
    end = downhill(fitter, counts[None]).models[0]
    position = int(np.flatnonzero((ranked.models == end).all(axis=1))[0])
    main = int(np.flatnonzero((ranked.models == space.main).all(axis=1))[0])
    assert ranked.bic[0] <= ranked.bic[position] <= ranked.bic[main]
    assert all(a <= b for a, b in pairwise(ranked.bic))


def test_the_path_takes_the_least_bic_of_its_models() -> None:
    found = cr.select_bic(UK, search="path", interval="wald")
    steps = [
        cr.select_stepwise(UK, threshold=p, interval="wald").diagnostics["bic"] for p in (0, 1e-4, 0.002, 0.02, 0.1)
    ]
    assert found.diagnostics["bic"] <= min(steps) + 1e-9


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"max_order": 6}, "FL-EST-94"),
        ({"search": "uphill"}, "FL-EST-94"),
        ({"top": 0}, "FL-EST-94"),
        ({"max_order": 3, "search": "all"}, "FL-EST-95"),
        ({"replicates": 5, "search": "downhill"}, "FL-EST-91"),
        ({"interval": "logit"}, "FL-EST-30"),
        ({"likelihood": "normal"}, "FL-EST-30"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.select_bic(UK, **arguments)


def test_two_lists_leave_nothing_to_choose() -> None:
    pair = UK.pair("NG", "PF")
    value = cr.petersen(pair, "NG", "PF").to_frame()["value"].iloc[0]
    for choose in (cr.select_stepwise, cr.select_bic, cr.select_aic_p):
        found = choose(pair, likelihood="poisson", interval="wald").to_frame()
        assert found["term"].iloc[0] == "main"
        assert found["value"].iloc[0] == pytest.approx(value, rel=1e-9)


def test_tails_of_the_margins_find_a_pair_where_lists_hold_most_people() -> None:
    """Three lists that see 99 % of 1,000, one pair with an odds ratio of 4; 20 samples. Poisson tails find it in none.

    An overlap of some 830 has a Poisson standard deviation of 29; people and lists' totals leave it 2.4.
    """
    chances = {"A": 0.75, "B": 0.79, "C": 0.83}
    pair, alike = cr.stated_model(1000, chances, {("A", "B"): 4.0}), cr.stated_model(1000, chances)

    def chosen(model: cr.ListModel, tails: Any) -> list[str]:
        drawn = cr.draw_lists(model, 20, seed=4)
        return [cr.select_stepwise(h, tails=tails, interval="wald").to_frame()["term"].iloc[0] for h in drawn]

    assert all("A:B" in term for term in chosen(pair, "margins"))
    assert not any("A:B" in term for term in chosen(pair, "poisson"))
    # Three pairs, two tails of 0.02 each: up to 12 % of samples, and 3 standard errors of 20.
    assert np.mean([term != "main" for term in chosen(alike, "margins")]) <= 0.12 + 3 * 0.0727


def test_the_spread_of_an_overlap_is_its_information_beyond_the_model() -> None:
    """By hand for main effects of three lists: what is left of the column of A and B after the four of the model."""
    space = lattice(3, 2)
    fitter, counts = Fitter(lattice=space), np.array([60.0, 70, 80, 30, 25, 35, 12])
    fit = fitter.fit(counts[None], space.main[None])
    mean, columns = fit.fitted[0], space.matrix
    pair = 1 + space.terms.index((0, 1))
    own, c = columns[:, :4], columns[:, pair]
    weighed = own.T @ (mean * c)
    left = mean @ c**2 - weighed @ np.linalg.inv(own.T @ (own * mean[:, None])) @ weighed
    found = spreads(space, fit.fitted, space.main[None])[0, pair - 1]
    assert found == pytest.approx(left / (mean @ c), rel=1e-10)
    # A tail of the normal with that variance, for an overlap so large that the count is nearly normal.
    tail = tails(np.array([9_900.0]), np.array([10_000.0]), 0.25)
    assert tail[0] == pytest.approx(special.ndtr(-100 / 50), rel=0.05)
    # Where lists hardly meet, people and totals fix the overlaps' sum alone: a pair of like ones keeps all but its share.
    few = fitter.fit(np.array([[2_000.0, 2_000, 2_000, 5, 5, 5, 0.01]]), space.main[None])
    np.testing.assert_allclose(spreads(space, few.fitted, space.main[None])[0, 3:], 1 - 1 / 3, atol=0.01)


def test_a_rule_of_tails_that_there_is_not() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-30"):
        cr.select_stepwise(UK, tails="normal")  # type: ignore[arg-type]


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-93"):
        cr.select_stepwise(UK, threshold=2)


def test_a_bootstrap_is_repeated_by_its_seed_and_leaves_the_value() -> None:
    arguments: dict[str, Any] = {"replicates": 60, "seed": 4}
    first, again = (cr.select_stepwise(UK, **arguments).to_frame() for _ in range(2))
    other = cr.select_stepwise(UK, replicates=60, seed=5, interval="percentile").to_frame()
    pd.testing.assert_frame_equal(first, again)
    assert first["value"].tolist() == other["value"].tolist()
    assert first["upper"].iloc[0] != other["upper"].iloc[0]


def test_the_choice_is_part_of_the_interval_and_said_to_be() -> None:
    whole, given = cr.select_stepwise(UK, replicates=100, seed=1), cr.select_stepwise(UK, interval="wald")
    codes = [{a.code for a in estimates.assumptions} for estimates in (whole, given)]
    assert "interval_given_model" not in codes[0]
    assert "interval_given_model" in codes[1]
    assert all("model_chosen_by_data" in said for said in codes)
    assert whole.diagnostics["less_one_person"].keys() == {":".join(np.array(UK.lists)[row == 1]) for row in UK.members}


def test_a_limit_that_is_only_the_smallest_draw_is_marked() -> None:
    """All draws but one above the estimate: z₀ sends the lower level far below 1/B."""
    draws = resampling.BootstrapDraws(
        dark=np.arange(100.0), size=np.arange(100.0), less_one=np.array([1.0, 2]), people=np.ones(2)
    )
    found = resampling.bootstrap(draws, 1.0, 0.0, kind="bca", level=0.95)
    assert found.limits.lower == 0.0
    assert "bootstrap_limit_is_extreme_draw" in found.reasons
    assert not resampling.bootstrap(
        resampling.BootstrapDraws(dark=np.arange(1000.0), size=np.arange(1000.0), less_one=np.array([1.0]), people=np.ones(1)),
        500.0, 0.0, kind="percentile", level=0.9,
    ).reasons  # fmt: skip


def test_resamples_without_an_estimate_are_counted_and_too_many_refused() -> None:
    size = np.where(np.arange(100) < 10, np.nan, np.arange(100.0))
    draws = resampling.BootstrapDraws(dark=size, size=size, less_one=np.array([1.0, 2]), people=np.ones(2))
    found = resampling.bootstrap(draws, 50.0, 0.0, kind="bca", level=0.95)
    assert found.diagnostics["replicates_failed"] == 10
    assert "bootstrap_draws_failed" in found.reasons
    with pytest.raises(fl.FlError, match="FL-EST-92"):
        resampling.bootstrap(
            resampling.BootstrapDraws(dark=size[:15], size=size[:15], less_one=size[:1], people=np.ones(1)),
            1.0, 0.0, kind="bca", level=0.95,
        )  # fmt: skip


def test_without_a_correction_bca_is_the_percentile_interval() -> None:
    """z₀ = 0 and a = 0: half the draws below the value, and one person less changes nothing."""
    size = np.arange(1000.0)
    draws = resampling.BootstrapDraws(dark=size, size=size, less_one=np.full(3, 7.0), people=np.ones(3))
    both = [resampling.bootstrap(draws, 500.0, 0.0, kind=kind, level=0.9).limits for kind in ("bca", "percentile")]
    assert both[0].lower == pytest.approx(both[1].lower)
    assert both[0].upper == pytest.approx(both[1].upper)


def test_a_step_is_taken_for_each_table_apart() -> None:
    """A table's model does not depend on the company it is in."""
    space = lattice(6, 2)
    counts = full_counts(UK, space.members)
    tables = np.vstack([counts, resampling.resample(counts, 5, 3)])
    together = stepwise(Fitter(lattice=space), tables, 0.02)
    for position, one in enumerate(tables):
        alone = stepwise(Fitter(lattice=space), one[None], 0.02)
        assert (alone.models[0] == together.models[position]).all()
        assert alone.dark[0] == pytest.approx(together.dark[position], rel=1e-9)


def test_each_choice_takes_both_likelihoods() -> None:
    """The multinomial value is a little smaller, with the same terms; the Poisson one can be bootstrapped."""
    five = UK.merge("PF", "NCA", into="PFNCA")
    for choose in (cr.select_stepwise, cr.select_bic, cr.select_aic_p):
        profile = choose(five, likelihood="multinomial").to_frame().iloc[0]
        drawn = choose(five, likelihood="poisson", replicates=40, seed=1).to_frame().iloc[0]
        assert profile["term"] == drawn["term"]
        assert 0.99 * drawn["value"] < profile["value"] < drawn["value"]
        assert (profile["interval_kind"], drawn["interval_kind"]) == ("profile", "percentile-and-model")
        assert drawn["lower"] < drawn["value"] < drawn["upper"]


def test_a_seed_that_was_not_given_is_noted_and_gives_the_same_limits() -> None:
    uk = fl.datasets.load("uk_2013_6")
    made = cr.select_stepwise(uk, replicates=100)
    seed = made.provenance.arguments["seed"]
    assert isinstance(seed, int)
    again = cr.select_stepwise(uk, replicates=100, seed=seed)
    pd.testing.assert_frame_equal(made.to_frame(), again.to_frame())
