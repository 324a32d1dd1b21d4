"""Averaging, latent classes and thresholding: exact small cases, prior, limits, bad input, and what they say of themselves."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import thresholding
from fl_estimate.estimators.capture_recapture.graphs import decomposable_graphs
from fl_estimate.inputs.histories import all_histories


@cache
def small() -> fl.CaptureHistories:
    members = all_histories(3)
    frame = pd.DataFrame(members, columns=["a", "b", "c"]).assign(count=[6, 4, 3, 3, 2, 1, 1])
    return fl.CaptureHistories.from_counts(frame, lists=["a", "b", "c"])


def many_lists(number: int) -> fl.CaptureHistories:
    names = [f"l{k}" for k in range(number)]
    frame = pd.DataFrame(np.eye(number, dtype=int), columns=names).assign(count=5)
    return fl.CaptureHistories.from_counts(frame, lists=names)


def chordal(edges: set[tuple[int, int]], lists: int) -> bool:
    """No cycle of four or more without a chord, by looking at every cycle."""
    joined = edges | {(b, a) for a, b in edges}
    for size in range(4, lists + 1):
        for cycle in itertools.permutations(range(lists), size):
            ring = [(cycle[k], cycle[(k + 1) % size]) for k in range(size)]
            chords = [(a, b) for a, b in itertools.combinations(cycle, 2) if (a, b) not in ring and (b, a) not in ring]
            if all(pair in joined for pair in ring) and not any(pair in joined for pair in chords):
                return False
    return True


@pytest.mark.parametrize(("lists", "number"), [(3, 8), (4, 61), (5, 822), (6, 18_154)])
def test_all_labelled_chordal_graphs_are_found(lists: int, number: int) -> None:
    """OEIS A058862: 1, 2, 8, 61, 822, 18154."""
    assert len(decomposable_graphs(lists).edges) == number


def test_graphs_of_four_lists_are_the_chordal_ones() -> None:
    pairs = list(itertools.combinations(range(4), 2))
    found = set(decomposable_graphs(4).edges.tolist())
    for edges in range(64):
        chosen = {pair for bit, pair in enumerate(pairs) if edges >> bit & 1}
        assert (edges in found) == chordal(chosen, 4)


def test_cliques_multiply_and_separators_divide() -> None:
    """The path a - b - c: cliques ab, bc; separator b."""
    graphs = decomposable_graphs(3)
    position = graphs.edges.tolist().index(0b101)
    assert graphs.cliques(position) == [(0, 1), (1, 2)]
    weights = {subset: int(w) for subset, w in enumerate(graphs.weights[position]) if w}
    assert weights == {0b011: 1, 0b110: 1, 0b010: -1}


def test_a_graph_without_edges_is_the_product_of_its_margins() -> None:
    """Independence alone: weights of N by hand, with beta functions of each list's margin."""
    h, delta = small(), 0.5
    grid = np.arange(0.0, 200.0)
    size, totals = h.n + grid, np.array(list(h.totals.values()))
    own = 4 * delta  # of the two cells of one list's margin, among 8 cells
    log = -np.log(size) + special.gammaln(size + 1) - special.gammaln(grid + 1)
    for total in totals:
        log += special.betaln(total + own, size - total + own)
    mass = np.exp(log - log.max())
    found = cr.average_decomposable(h, delta=delta, grid=grid.tolist(), seed=1)
    alone = next(g for g in found.diagnostics["top_graphs"] if g["graph"] == "a, b, c")
    assert alone["population_size"] == pytest.approx((mass @ size) / mass.sum(), rel=1e-9)


def test_without_the_saturated_graph_its_weight_is_nothing() -> None:
    with_it, without = (cr.average_decomposable(small(), saturated=s, seed=1) for s in (True, False))
    assert 0 < with_it.diagnostics["saturated_weight"] < 1
    assert without.diagnostics["saturated_weight"] == 0.0
    assert without.diagnostics["graphs"] == 7


def test_a_large_delta_says_that_the_prior_decides() -> None:
    """The manual page's own value, 1: the saturated graph has nearly all the weight, and nobody is missing."""
    found = cr.average_decomposable(fl.datasets.load("netherlands_5"), delta=1, seed=1)
    assert found.diagnostics["saturated_weight"] > 0.999
    assert {reason.code for reason in found.reasons} >= {"saturated_graph_weight"}
    assert found.to_frame()["value"].iloc[1] < 0.05 * found.to_frame()["n"].iloc[1]


def test_the_automatic_grid_agrees_with_every_single_dark_figure() -> None:
    h = fl.datasets.load("new_orleans_5")
    auto = cr.average_decomposable(h, seed=1)
    full = cr.average_decomposable(h, grid=range(16_741), seed=1)
    for column in ("value", "se", "lower", "upper"):
        assert auto.to_frame()[column].iloc[0] == pytest.approx(full.to_frame()[column].iloc[0], rel=2e-3)


def test_a_posterior_without_moments_gives_no_standard_error() -> None:
    found = cr.average_decomposable(fl.datasets.load("australia"), seed=1)
    assert np.isnan(found.to_frame()["se"]).all()
    assert "posterior_moments_unsettled" in {reason.code for reason in found.reasons}
    assert found.diagnostics["grid_settled"]


def test_draws_are_of_the_posterior_and_of_both_rows() -> None:
    found = cr.average_decomposable(fl.datasets.load("kosovo"), draws=2000, seed=3)
    assert found.draws.shape == (2000, 2)
    np.testing.assert_allclose(found.draws[:, 0] - found.draws[:, 1], 4400)
    np.testing.assert_allclose(np.quantile(found.draws[:, 0], [0.025, 0.975]),
                               found.to_frame()[["lower", "upper"]].iloc[0], rtol=0.01)  # fmt: skip
    again = cr.average_decomposable(fl.datasets.load("kosovo"), draws=2000, seed=3)
    np.testing.assert_array_equal(found.draws, again.draws)
    assert not (np.diff(found.draws[:, 0]) >= 0).all()


def test_counts_may_be_fractions_and_order_does_not_matter() -> None:
    h = fl.datasets.load("australia")
    halves = h.to_frame().assign(count=lambda f: f["count"] * 0.5)
    turned = fl.CaptureHistories.from_counts(halves.iloc[::-1], lists=h.lists[::-1])
    plain = fl.CaptureHistories.from_counts(halves, lists=h.lists)
    one, other = (cr.average_decomposable(x, seed=1).to_frame()["value"].iloc[0] for x in (plain, turned))
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("FL-EST-140", lambda: cr.average_decomposable(small().omit("a"))),
        ("FL-EST-140", lambda: cr.average_decomposable(many_lists(7))),
        ("FL-EST-141", lambda: cr.average_decomposable(small(), draws=10)),
        ("FL-EST-141", lambda: cr.latent_class(small(), chains=2)),
        ("FL-EST-142", lambda: cr.average_decomposable(small(), delta=0)),
        ("FL-EST-142", lambda: cr.average_decomposable(small(), delta="half")),  # type: ignore[arg-type]
        ("FL-EST-143", lambda: cr.average_decomposable(small(), grid=[5, 3, 1])),
        ("FL-EST-143", lambda: cr.average_decomposable(small(), grid="long")),  # type: ignore[arg-type]
        ("FL-EST-144", lambda: cr.average_decomposable(small(), log_prior=lambda size: size[:3])),
        ("FL-EST-145", lambda: cr.latent_class(small(), classes=1)),
        ("FL-EST-145", lambda: cr.latent_class(small(), prior=(0.25, -1.0))),
        ("FL-EST-147", lambda: cr.threshold(small(), prior="flat")),  # type: ignore[arg-type]
        ("FL-EST-147", lambda: cr.threshold(small(), max_order=4)),  # type: ignore[arg-type]
        ("FL-EST-30", lambda: cr.threshold(small(), level=95)),
    ],
)
def test_what_cannot_be_is_refused(code: str, call: Any) -> None:
    with pytest.raises(fl.FlError, match=code):
        call()


def test_latent_classes_take_whole_people() -> None:
    h = fl.CaptureHistories.from_counts(
        small().to_frame().assign(count=lambda f: f["count"] + 0.5), lists=["a", "b", "c"]
    )
    with pytest.raises(fl.FlError, match="FL-EST-146"):
        cr.latent_class(h)


def test_latent_classes_have_the_posterior_that_importance_sampling_from_the_prior_has() -> None:
    """The same model, integrated another way: draws from the prior, weighed by the chance of the histories given n.

    With p(N) ∝ 1/N the sum over N leaves Π (p_ω/(1 − ρ))^{n_ω}, and N − n is negative binomial.
    """
    h, classes, size = small(), 3, 100_000
    generator = np.random.default_rng(5)
    alpha = np.maximum(generator.gamma(0.25, 4.0, size), 1e-12)
    sticks = np.ones((size, classes))
    sticks[:, :-1] = generator.beta(1, alpha[:, None], size=(size, classes - 1))
    share = sticks * np.cumprod(np.hstack([np.ones((size, 1)), 1 - sticks[:, :-1]]), axis=1)
    chance = generator.random((size, 3, classes))
    each = [
        (share * np.where(row[None, :, None] == 1, chance, 1 - chance).prod(axis=1)).sum(axis=1) for row in h.members
    ]
    missed = (share * (1 - chance).prod(axis=1)).sum(axis=1)
    log = sum(c * np.log(p) for c, p in zip(h.counts, each, strict=True)) - h.n * np.log1p(-missed)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    dark = generator.poisson(generator.gamma(h.n, missed / (1 - missed)))
    order = np.argsort(dark)
    theirs = [float(dark[order][np.searchsorted(np.cumsum(weight[order]), q)]) for q in (0.1, 0.5, 0.9)]
    found = cr.latent_class(h, classes=classes, draws=12_000, thin=10, burn_in=1000, seed=1)
    ours = np.quantile(found.draws[:, 1], [0.1, 0.5, 0.9])
    # Whole numbers: one person apart at most. Some 9,000 effective draws there, as many here.
    np.testing.assert_allclose(ours, theirs, atol=1.0)
    assert found.draws[:, 1].mean() == pytest.approx(float(weight @ dark), rel=0.03)


def test_a_seed_gives_the_same_draws_in_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    call: Any = {"draws": 400, "burn_in": 100, "thin": 2, "seed": 4}
    first = cr.latent_class(small(), **call)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    np.testing.assert_array_equal(first.draws, cr.latent_class(small(), **call).draws)
    assert first.provenance.arguments["seed"] == 4


def test_without_a_place_for_its_cache_the_sampler_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from fl_estimate.estimators import machine_code

    asked: list[dict[str, Any]] = []

    def njit(**options: Any) -> Any:
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")  # numba's own words
        return lambda function: function

    monkeypatch.setattr(machine_code.numba, "njit", njit)
    assert machine_code.compiled(len)("abc") == 3
    assert [options.get("cache") for options in asked] == [True, None]


def test_thresholding_of_main_effects_is_exact_integration() -> None:
    """A threshold that keeps nothing leaves main effects: the posterior of α by quadrature over two lists' odds.

    With three lists and flat main effects the likelihood factorises given N = n + dark; in the Poisson model the mean
    of the dark figure is close to the conjugate one. Here the check is against quadrature of the same posterior.
    """
    counts = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "count": [30, 40, 12]})
    h = fl.CaptureHistories.from_counts(counts, lists=["a", "b"])
    found = cr.threshold(h, seed=2, draws=16_000)

    # Flat priors of three parameters of three cells: each mean μ has prior dμ/μ, so μ ~ Gamma(count), and
    # dark = μ_a μ_b/μ_ab.
    def density(u: float) -> float:
        """Of log μ_ab; E[1/μ] of a Gamma(12) is 1/11."""
        return float(np.exp(12 * u - np.exp(u) - special.gammaln(12)))

    inverse = integrate.quad(lambda u: np.exp(-u) * density(u), -5, 8)[0]
    assert inverse == pytest.approx(1 / 11, rel=1e-6)
    assert found.draws[:, 1].mean() == pytest.approx(30 * 40 * inverse, rel=0.02)
    assert found.to_frame()["term"].iloc[0] == "main"


def test_triples_get_their_turn_where_their_pairs_are_kept() -> None:
    found = cr.threshold(fl.datasets.load("kosovo"), max_order=3, seed=1)
    statistics = found.diagnostics["threshold_statistics"]
    triples = {name for name in statistics if name.count(":") == 2}
    assert triples == {"EXH:ABA:OSCE", "EXH:OSCE:HRW"}
    assert all((name in found.diagnostics["kept"]) == (statistics[name] >= 2) for name in triples)


def test_under_a_flat_prior_a_posterior_that_does_not_exist_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-148"):
        cr.threshold(fl.datasets.load("artificial_3"), prior="improper")
    assert cr.threshold(fl.datasets.load("artificial_3"), seed=1).diagnostics["rhat"] < 1.05


def test_a_maximum_that_cannot_be_found_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholding.np.linalg, "solve", lambda _, b: np.full_like(b, 1e3))
    with pytest.raises(fl.FlError, match="FL-EST-34"):
        cr.threshold(small())
