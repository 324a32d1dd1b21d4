"""What the number of people would be if lists depended on each other in a way that the model leaves out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from fl_estimate.errors import EstimateFault, listed, numbers_given
from fl_estimate.estimators.capture_recapture.answers import population_estimates, require_interval, wald_limits
from fl_estimate.estimators.capture_recapture.existence import Reduced
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.list_codes import INTERACTION_STATED, SENSITIVITY
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.terms import Term, Terms, TermsInFile, model_name, read_terms, term_name
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import CLOSED_POPULATION, INTERVAL_GIVEN_MODEL, PERFECT_LINKAGE, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, InFile, Level, MoreThanZero, Some
from fl_estimate.results.stack import stack

RATIOS = (0.5, 2 / 3, 1.0, 1.5, 2.0)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def sensitivity(
    histories: Annotated[CaptureHistories, LISTS],
    terms: Annotated[Terms, InFile(TermsInFile)] = "main",
    *,
    interaction: Sequence[str] | None = None,
    odds_ratios: Annotated[Sequence[MoreThanZero], Some] = RATIOS,
    level: Level = 0.95,
) -> Estimates:
    """Lay out the number of people for stated strengths of interactions that the model takes to be absent.

    The number rests on what the model leaves out. No data tell the interaction of all lists at once, nor, with two
    lists, any dependence at all. Show these curves beside every estimate from lists. With two lists and an odds ratio ξ
    the dark figure is ξ n₁₀ n₀₁/n₁₁: people who are referred from one list to the other (ξ > 1) hide more who are on
    none.

    Parameters
    ----------
    histories : CaptureHistories
    terms : "main", "two-way" or sequence of sets of lists
        The model, as in `loglinear`.
    interaction : sequence of str, optional
        The lists that interact beyond the model. By default each pair that the model leaves out, one at a time; all
        lists where it leaves out no pair.
    odds_ratios : sequence of float, default (0.5, 2/3, 1, 1.5, 2)
        Strengths ξ of the interaction; 1 is the model itself.
    level : float

    Returns
    -------
    Estimates
        For each interaction and ξ the rows `population_size` and `dark_figure`; `term` the model, the interaction and ξ. The
        intervals are the ``log`` ones of `loglinear`, each given its ξ.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-31, FL-EST-32, FL-EST-35, FL-EST-89 (the model holds the interaction already, or it
        is not of several lists), FL-EST-90 (an odds ratio that is not positive).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    The Poisson fit of `loglinear` with log ξ added to every history that contains all lists of the interaction.

    References
    ----------
    Gerritse, van der Heijden and Bakker (2015), Journal of Official Statistics 31, 357-379. Aleshin-Guendel, Sadinle
    and Wakefield (2024), Biometrics 80, ujad019.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> curve = cr.sensitivity(histories, odds_ratios=[0.5, 1, 2]).to_frame()
    >>> [round(float(value)) for value in curve.loc[curve["quantity"] == "dark_figure", "value"]]
    [200, 400, 800]
    """
    require_interval("log", ("log",), level)
    model = read_terms(histories, terms)
    left_out = _read_interactions(histories, model, interaction)
    ratios = read_ratios(odds_ratios)
    reduced = require_estimable(histories, model)
    parts = [_stated(histories, model, reduced, term, ratio, level) for term in left_out for ratio in ratios]
    return stack(parts)


def _stated(
    histories: CaptureHistories, model: tuple[Term, ...], reduced: Reduced, term: Term, ratio: float, level: float
) -> Estimates:
    """The estimate with one interaction of one strength."""
    name = term_name(histories, term)
    added = reduced.members[:, list(term)].all(axis=1).astype(float)
    fit = fit_poisson(reduced.matrix, reduced.counts, offset=added * np.log(ratio))
    dark, se = float(np.exp(fit.parameters[0])), float(np.sqrt(fit.covariance[0, 0]))
    return population_estimates(
        histories,
        call="sensitivity",
        method=SENSITIVITY,
        term=f"{model_name(histories, model)}, {name} = {ratio:.4g}",
        dark=dark,
        se_dark=se * dark,
        se_size=float(np.sqrt((se * dark) ** 2 + dark)),
        limits=wald_limits(dark, float(np.sqrt(se**2 + 1 / dark)), level),
        interval_kind="log",
        level=level,
        assumptions=_assumptions(name),
        diagnostics={"deviance": fit.deviance},
        arguments={"terms": model_name(histories, model), "interaction": name, "odds_ratio": ratio},
    )


def _read_interactions(
    histories: CaptureHistories, model: tuple[Term, ...], interaction: Sequence[str] | None
) -> list[Term]:
    size = len(histories.lists)
    if interaction is None:
        pairs = [pair for pair in itertools.combinations(range(size), 2) if pair not in model]
        return pairs or [tuple(range(size))]
    histories.require(interaction)
    term = tuple(sorted({histories.lists.index(name) for name in interaction}))
    if len(term) < 2 or len(term) != len(interaction) or term in model:
        raise EstimateFault(
            "FL-EST-89",
            "the interaction must be of different lists, and one that the model leaves out",
            found=listed(interaction),
            fix="the model estimates the interactions that it holds; name another, or none for each pair left out",
        )
    return [term]


def read_ratios(odds_ratios: Sequence[float]) -> tuple[float, ...]:
    """Odds ratios as numbers above 0.

    Raises
    ------
    EstimateFault
        FL-EST-90.
    """
    ratios = tuple(numbers_given(odds_ratios, "odds_ratios", "FL-EST-90", "1 is independence"))
    wrong = [ratio for ratio in ratios if not (np.isfinite(ratio) and ratio > 0)]
    if wrong or not ratios:
        raise EstimateFault(
            "FL-EST-90", "an odds ratio is a number above 0", found=f"{len(wrong)} of {len(ratios)}" if wrong else "none given",
            fix="1 is independence; 0.5 to 2 is a range often shown",
        )  # fmt: skip
    return ratios


def _assumptions(name: str) -> tuple[Assumption, ...]:
    return (
        INTERACTION_STATED.assume(terms=[name]),
        CLOSED_POPULATION.assume(),
        PERFECT_LINKAGE.assume(),
        INTERVAL_GIVEN_MODEL.assume(),
    )
