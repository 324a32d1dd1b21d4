"""The posterior of link tracing is the one that enumerating every small population gives, and its draws are from it."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.estimators.hidden.links import link_posterior
from fl_estimate.estimators.hidden.links.link_posterior import LinkPrior, draw_posterior, log_size
from fl_estimate.estimators.hidden.links.link_trace import LinkCounts

Key = tuple[Any, ...]


def counts(people: list[int], traced: list[int], pairs: Any, links: Any, initial: tuple[int, ...]) -> LinkCounts:
    return LinkCounts(
        people=np.array(people), traced=np.array(traced), pairs=np.array(pairs, dtype=float), links=np.array(links, dtype=float),
        initial=initial,
    )  # fmt: skip


def exact(known: LinkCounts, prior: LinkPrior) -> np.ndarray:
    """p(N | data) for N from n upwards: link probabilities, shares and the strata of the unseen summed out by hand."""
    k, n = len(known.people), known.n
    made: list[float] = []
    upper = np.triu_indices(k)
    for size in range(n, prior.max_size + 1):
        parts: list[float] = []
        for unseen in _compositions(size - n, k):
            apart = np.outer(unseen, known.traced) + np.outer(known.traced, unseen)
            apart[np.diag_indices(k)] = unseen * known.traced
            yes, no = known.links + prior.link[0], known.pairs - known.links + apart + prior.link[1]
            ways = special.gammaln(size - n + 1) - special.gammaln(unseen + 1).sum()
            shares = special.gammaln(known.people + unseen + prior.strata).sum() - special.gammaln(
                size + k * prior.strata
            )
            parts.append(float(ways + shares + special.betaln(yes, no)[upper].sum()))
        made.append(float(np.logaddexp.reduce(parts) + log_size(np.array(float(size)), known, prior)))
    density = np.exp(np.array(made) - max(made))
    return density / density.sum()


def _compositions(total: int, k: int) -> list[np.ndarray]:
    if k == 1:
        return [np.array([total])]
    return [np.append(first, rest) for first in range(total + 1) for rest in _compositions(total - first, k - 1)]


def enumerated(initial: int, waves: int, strata: int, sizes: range) -> dict[Key, np.ndarray]:
    """p(data | N) for each thing that can be seen, by going through every population of N labelled people.

    A population is a graph and a stratum for everybody; its probability has link probabilities (uniform) and shares (Dirichlet of
    ones) integrated out. The first `initial` labels are drawn: any others would be as likely. No factor of N is put in by hand.
    """
    found: dict[Key, np.ndarray] = defaultdict(lambda: np.zeros(len(sizes)))
    for place, size in enumerate(sizes):
        pairs = list(combinations(range(size), 2))
        for coded in range(strata**size):
            label = np.array([(coded // strata**i) % strata for i in range(size)])
            in_strata = np.bincount(label, minlength=strata)
            chance = special.gammaln(in_strata + 1).sum() + special.gammaln(strata) - special.gammaln(size + strata)
            for graph in range(2 ** len(pairs)):
                linked = np.zeros((size, size), dtype=bool)
                for bit, (i, j) in enumerate(pairs):
                    linked[i, j] = linked[j, i] = bool(graph >> bit & 1)
                yes, every = _by_strata(linked, label, strata)
                log = chance + special.betaln(yes + 1, every - yes + 1)[np.triu_indices(strata)].sum()
                found[_seen(linked, label, initial, waves, strata)][place] += np.exp(log)
    return dict(found)


def _by_strata(linked: np.ndarray, label: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    yes, every = np.zeros((k, k)), np.zeros((k, k))
    for i, j in combinations(range(len(label)), 2):
        a, b = sorted((label[i], label[j]))
        every[a, b] += 1
        yes[a, b] += linked[i, j]
    return yes, every


def _seen(linked: np.ndarray, label: np.ndarray, initial: int, waves: int, k: int) -> Key:
    """What a sample shows: people and traced by stratum, and links of traced people by pair of strata."""
    reached = np.arange(len(label)) < initial
    traced = np.zeros(len(label), dtype=bool)
    front = reached.copy()
    for _ in range(waves):
        traced |= front
        front = linked[front].any(axis=0) & ~reached
        reached |= front
    known = linked & (traced[:, None] | traced[None, :])
    yes, _ = _by_strata(known, label, k)
    return (
        tuple(np.bincount(label[reached], minlength=k).tolist()), tuple(np.bincount(label[traced], minlength=k).tolist()),
        tuple(yes[np.triu_indices(k)].tolist()),
    )  # fmt: skip


@pytest.mark.parametrize(("initial", "waves", "strata", "most"), [(2, 1, 1, 5), (1, 2, 1, 5), (2, 1, 2, 4)])
def test_the_posterior_is_the_one_of_every_population_there_could_be(
    initial: int, waves: int, strata: int, most: int
) -> None:
    """By enumeration, for everything that a sample of these designs can show (with somebody traced and all of them new or not)."""
    sizes = range(initial, most + 1)
    compared = 0
    for (people, traced, links), likelihood in enumerated(initial, waves, strata, sizes).items():
        n = sum(people)
        if not sum(traced):
            continue
        dark = np.array(people) - np.array(traced)
        pairs = np.outer(people, people) - np.outer(dark, dark).astype(float)
        np.fill_diagonal(pairs, [p * (p - 1) / 2 - d * (d - 1) / 2 for p, d in zip(people, dark, strict=True)])
        matrix = np.zeros((strata, strata))
        matrix[np.triu_indices(strata)] = links
        known = counts(list(people), list(traced), pairs, np.maximum(matrix, matrix.T), (initial,))
        prior = LinkPrior(size_power=0.0, max_size=most, link=(1.0, 1.0), strata=1.0)
        # The prior of N is flat on sizes: of those below n the likelihood is 0.
        wanted = likelihood / likelihood.sum()
        np.testing.assert_allclose(exact(known, prior), wanted[-(most - n + 1) :], rtol=1e-9)
        assert wanted[: len(sizes) - (most - n + 1)].sum() == pytest.approx(0, abs=1e-12)
        compared += 1
    assert compared >= 8


def test_two_initial_samples_add_the_chance_of_their_overlap() -> None:
    """Without links, two samples are Petersen's: p(N) is the hypergeometric chance of the overlap."""
    known = counts([12], [0], [[0.0]], [[0.0]], (8, 9))
    prior = LinkPrior(size_power=0.0, max_size=200, link=(1.0, 1.0), strata=1.0)
    size = np.arange(12, 201)
    wanted = stats.hypergeom.pmf(5, size, 8, 9)
    np.testing.assert_allclose(exact(known, prior), wanted / wanted.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("known", "prior"),
    [
        (counts([60], [20], [[990.0]], [[70.0]], (20,)), LinkPrior(size_power=1.0, max_size=2_000, link=(1.0, 1.0), strata=1.0)),
        (counts([9], [4], [[26.0]], [[7.0]], (3,)), LinkPrior(size_power=0.0, max_size=300, link=(0.5, 2.0), strata=1.0)),
        (counts([80], [30], [[1935.0]], [[80.0]], (20, 20)), LinkPrior(size_power=1.0, max_size=3_000, link=(1.0, 1.0), strata=1.0)),
        (
            counts([14, 9], [6, 3], [[63.0, 78.0], [78.0, 21.0]], [[12.0, 4.0], [4.0, 5.0]], (8,)),
            LinkPrior(size_power=1.0, max_size=90, link=(1 / 3, 1.0), strata=1.0),
        ),
    ],
)  # fmt: skip
def test_draws_have_the_quantiles_of_the_exact_posterior(known: LinkCounts, prior: LinkPrior) -> None:
    """A quantile of the draws lies where the exact distribution has it: within 4 standard errors of the effective draws."""
    made = draw_posterior(known, prior, draws=3_000, seed=7)
    cdf = np.cumsum(exact(known, prior))
    sizes = made.size.ravel()
    for wanted in (0.1, 0.5, 0.9):
        at = int(np.searchsorted(cdf, wanted))
        share = float((sizes <= known.n + at).mean())
        error = np.sqrt(wanted * (1 - wanted) / min(made.diagnostics["ess_bulk"], made.diagnostics["ess_tail"]))
        assert abs(share - cdf[at]) < 4 * error
    assert made.diagnostics["rhat"] < 1.02


def test_shares_of_strata_are_not_pulled_to_equal() -> None:
    """With nearly everybody seen, they are those counted: a Dirichlet drawn with the wrong scale gives 0.28, 0.35, 0.37 here."""
    people = [1, 10, 100]
    pairs = np.outer(people, people).astype(float)
    np.fill_diagonal(pairs, [p * (p - 1) / 2 for p in people])
    links = np.round(pairs * 0.3)
    made = draw_posterior(
        counts(people, people, pairs, links, (60,)), LinkPrior(size_power=1.0, max_size=500, link=(1.0, 1.0), strata=1e-6), draws=800, seed=1,
    )  # fmt: skip
    mean = made.share.reshape(-1, 3).mean(axis=0)
    assert mean == pytest.approx(np.array(people) / 111, abs=0.01)


def calibration(truths: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks, from 0 to 1, of the size and of the share of the first stratum, of truths drawn from the prior."""
    rng = np.random.default_rng(seed)
    prior = LinkPrior(size_power=1.0, max_size=300, link=(2.0, 60.0), strata=2.0)
    sizes = np.arange(30, 301)
    ranks: list[tuple[float, float]] = []
    while len(ranks) < truths:
        size = int(rng.choice(sizes, p=1 / sizes / (1 / sizes).sum()))
        share = rng.dirichlet([2.0, 2.0])
        link = rng.beta(2.0, 60.0, size=(2, 2))
        link[1, 0] = link[0, 1]
        drawn = fl.hidden.simulate_link_tracing(
            size,
            strata={"a": share[0], "b": share[1]},
            links=link.tolist(),
            initial=30,
            waves=1,
            seed=int(rng.integers(2**31)),
        )
        known = None
        if drawn.people["wave"].max() == 1:
            trace = fl.hidden.LinkTrace.of(drawn.people, drawn.links, strata="stratum")
            # Samples in which one stratum was never met have other strata than the model that was drawn from.
            known = trace.counts if len(trace.strata) == 2 else None
        if known is None:
            continue
        made = draw_posterior(known, prior, draws=draws, seed=int(rng.integers(2**31)))
        # Ties of whole numbers are split at random.
        below, same = (made.size < size).mean(), (made.size == size).mean()
        ranks.append((below + rng.random() * same, float((made.share[..., 0] < share[0]).mean())))
    first, second = np.array(ranks).T
    return first, second


def test_simulation_based_calibration_of_sixteen_truths(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, steps in (("BURN_IN", 200), ("FEWEST_STEPS", 250), ("MOST_STEPS", 250)):
        monkeypatch.setattr(link_posterior, name, steps)
    for ranks in calibration(16, 400, seed=11):
        assert stats.kstest(ranks, "uniform").pvalue > 0.005


@pytest.mark.slow
def test_simulation_based_calibration_of_three_hundred_truths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_posterior, "MOST_STEPS", 2_000)
    for ranks in calibration(300, 800, seed=12):
        assert stats.kstest(ranks, "uniform").pvalue > 0.005
        assert 0.9 < ((ranks > 0.025) & (ranks < 0.975)).mean() < 0.985
