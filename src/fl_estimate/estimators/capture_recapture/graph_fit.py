"""Whether any of the decomposable graphs that carry an average describes the lists: an average of wrong models is wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.existence import existence, reduce_model
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.goodness import Goodness, goodness
from fl_estimate.estimators.capture_recapture.graphs import Graphs
from fl_estimate.estimators.capture_recapture.terms import Term
from fl_estimate.inputs.histories import CaptureHistories

MATTERS = 0.05
"""Posterior weight from which a graph carries the average; the heaviest always does."""


def best_fit(histories: CaptureHistories, graphs: Graphs, weights: Floats) -> Goodness | None:
    """Test the graphs that carry an average, each as a log-linear model, and give the one that fits best.

    Parameters
    ----------
    histories : CaptureHistories
    graphs : Graphs
    weights : array, shape (graphs,)
        Posterior weights.

    Returns
    -------
    Goodness or None
        None where one of them cannot be tested: it leaves no degree of freedom, or has no single estimate. Nothing can
        then be held against the average.
    """
    carried = np.flatnonzero((weights >= MATTERS) | (weights == weights.max()))
    best: Goodness | None = None
    for position in carried[np.argsort(-weights[carried], kind="stable")]:
        result = _test(histories, _terms(graphs.cliques(int(position))))
        if result is None or result.df == 0:
            return None
        if best is None or result.p > best.p:
            best = result
        if not best.poor:
            break
    return best


def _terms(cliques: Iterable[Term]) -> tuple[Term, ...]:
    """All sets of lists that are in a clique, by order and by list."""
    every = {
        part
        for clique in cliques
        for size in range(1, len(clique) + 1)
        for part in itertools.combinations(clique, size)
    }
    return tuple(sorted(every, key=lambda term: (len(term), term)))


def _test(histories: CaptureHistories, terms: tuple[Term, ...]) -> Goodness | None:
    if len(terms[-1]) == len(histories.lists):
        # The interaction of all lists leaves the people on none open: nothing in the table speaks against that graph.
        return None
    reduced = reduce_model(histories, terms)
    if existence(histories, reduced).code:
        return None
    try:
        fit = fit_poisson(reduced.matrix, reduced.counts)
    except EstimateFault:
        return None
    return goodness(reduced.matrix, reduced.counts, fit.fitted, reduced.members.sum(axis=1).astype(float))
