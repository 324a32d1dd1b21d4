"""Poststratified models of imputed answers: the model of every draw, and the mixture of their posteriors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.design.totals import as_frame
from fl_estimate.estimators.hierarchical.model.asked import tails_of
from fl_estimate.estimators.survey.imputed import Imputed, is_imputed, of_draw, require_draws
from fl_estimate.estimators.survey.models.imputed_pooling import imputed_recipe
from fl_estimate.results.estimates import Estimates


def drawn_people(people: Any, outcome: str) -> Imputed:
    """The people, who have draws of the outcome.

    Raises
    ------
    EstimateFault
        FL-EST-460, FL-EST-461, FL-EST-463.
    """
    columns = as_frame(people.people).collect_schema().names() if is_imputed(people) else ()
    require_draws(people, [outcome], columns)
    return people


def mixed_over_draws(
    model: Callable[[Any], Estimates], people: Imputed, outcome: str, *, level: float, draws: int, seed: int
) -> Estimates:
    """The model of every completed set of answers, their posteriors mixed in equal parts.

    Parameters
    ----------
    model : callable
        Of people, in whom unknown answers count as no.
    people : Imputed
    outcome : str
    level : float
    draws : int
        Joint draws that are kept of the mixture.
    seed : int

    Returns
    -------
    Estimates
        Value, error and limits of the mixture; n, cases and support are of the answers as given.

    Notes
    -----
    Averaging the posterior over draws of the unknown answers is its posterior where these were drawn from theirs (Gelman and
    others 2013, Bayesian Data Analysis, ch. 18.2).
    """
    given = model(people)
    each = [model(of_draw(people, [outcome], position)) for position in range(1, people.draws + 1)]
    kept = [np.asarray(one.draws, dtype=float) for one in each]
    mixed = np.concatenate(kept)
    tails = tails_of(level)
    lower, value, upper = np.quantile(mixed, sorted(tails), axis=0)
    frame = given.frame.assign(value=value, se=mixed.std(axis=0, ddof=1), lower=lower, upper=upper)
    recipe = imputed_recipe(given, people)
    positions = np.random.default_rng(seed).choice(len(mixed), size=min(draws, len(mixed)), replace=False)
    means = np.stack([one.mean(axis=0) for one in kept])
    between = means.var(axis=0, ddof=1)
    return replace(
        given,
        frame=frame,
        assumptions=recipe.assumptions,
        provenance=recipe.provenance,
        diagnostics={
            **given.diagnostics,
            "imputations": people.draws,
            "variance_between_imputations": between.tolist(),
        },
        draws=mixed[positions],
        inference=None,
    )
