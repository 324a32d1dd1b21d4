"""Bayesian thresholding (Silverman): all interactions at first, those that their posterior keeps away from 0 in the end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Literal

import numpy as np
from scipy import linalg

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, require_interval
from fl_estimate.estimators.capture_recapture.existence import existence, full_counts, reduce_model
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.goodness import goodness
from fl_estimate.estimators.capture_recapture.list_codes import PRIOR_INTERACTIONS, PRIOR_INTERACTIONS_FLAT, THRESHOLD
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.posterior import (
    chain_diagnostics,
    chain_flags,
    posterior_estimates,
    require_draws,
    summary,
    tails,
)
from fl_estimate.estimators.capture_recapture.terms import Term, design_matrix, model_name, read_terms, term_name
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, Member, all_histories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    DEPENDENCE_BETWEEN_LISTS,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    MODEL_CHOSEN_BY_DATA,
    NO_HIGHEST_INTERACTION,
    PERFECT_LINKAGE,
    Reason,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Level, MoreThanZero, SeedOrNone, Within

MAIN_VARIANCE, INTERACTION_VARIANCE = 1e4, 1.0
"""Silverman (2020), section 6: main effects as good as flat, interactions standard normal."""
CHAINS, BURN_IN, SCALE = 16, 1_000, 2.38
"""Roberts, Gelman and Gilks (1997): 2.38/√d standard deviations is the best step of a random walk in d dimensions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _ThresholdedDraws:
    """Draws of the parameters of a model, shape (chains, draws, 1 + terms), the intercept first."""

    terms: tuple[Term, ...]
    parameters: Floats
    accepted: float

    def kept(self, order: int, threshold: float) -> tuple[dict[Term, float], tuple[Term, ...]]:
        """|mean/sd| of the terms of an order, and those at or above the threshold."""
        flat = self.parameters.reshape(-1, self.parameters.shape[-1])
        ratio = np.abs(flat.mean(axis=0) / flat.std(axis=0, ddof=1))[1:]
        found = {term: float(r) for term, r in zip(self.terms, ratio, strict=True) if len(term) == order}
        return found, tuple(term for term, value in found.items() if value >= threshold)


@dataclass(frozen=True, kw_only=True, eq=False)
class _HistoryTable:
    """Histories that can occur and their counts."""

    members: Member
    counts: Floats
    proper: bool


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def threshold(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    prior: Literal["proper", "improper"] = "proper",
    threshold: MoreThanZero = 2,
    max_order: Literal[2, 3] = 2,
    draws: Annotated[int, Within(ge=1)] = 4_000,
    seed: SeedOrNone = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from the interactions whose posterior stays away from zero.

    All pairs of lists are in at first; those with |posterior mean / standard deviation| of at least the threshold stay,
    and the model is fitted again with them alone. Threshold and prior are choices: try others. The interval takes the
    terms kept as known, and is too short for that.

    Parameters
    ----------
    histories : CaptureHistories
    prior : {"proper", "improper"}
        Of the interactions: standard normal, or flat. With the flat one, pairs that nobody is on have their
        interaction at −∞, and lists on which the posterior would not exist are refused.
    threshold : float, default 2
    max_order : {2, 3}
        With 3, interactions of three lists whose pairs are all kept get their turn in the same way.
    draws : int
        Kept, over 16 chains.
    seed : int, optional
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons: `value` the posterior median; `term` the terms kept;
        equal-tailed limits. The threshold statistics of all terms, terms at −∞, R-hat and effective draws are among
        the diagnostics.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-34 (no maximum), FL-EST-35 (not even main effects have an estimate), FL-EST-141 (draws),
        FL-EST-147 (prior, threshold or order), FL-EST-148 (the posterior does not exist under the flat prior).

    Notes
    -----
    Counts are Poisson with log μ_ω = α + Σ_{θ ⊆ ω} α_θ; intercept and main effects N(0, 10⁴); N = n + exp(α). A random
    walk in many chains, started from a wide normal about the maximum and scaled by the curvature there.

    References
    ----------
    Silverman (2020), Journal of the Royal Statistical Society A 183(3), 691-736, section 6.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> found = cr.threshold(fl.datasets.load("kosovo"), seed=1)
    >>> size = found["population_size"]
    >>> size.to_frame()["term"].item()
    'EXH:ABA, EXH:OSCE, EXH:HRW, ABA:OSCE, OSCE:HRW'
    >>> round(size.value, -3)
    14000.0
    """
    require_interval("equal-tailed", ("equal-tailed",), level)
    require_draws(draws, CHAINS)
    _require_settings(prior, threshold, max_order)
    # Without it only the prior bounds the dark figure, and main effects have next to none.
    require_estimable(histories, read_terms(histories, "main"))
    used = known_seed(seed)
    streams = iter(np.random.SeedSequence(used).spawn(4))
    lists = len(histories.lists)
    main = tuple((position,) for position in range(lists))
    # Of two lists no interaction can be told.
    pairs = tuple(itertools.combinations(range(lists), 2)) if lists > 2 else ()
    table, absent = _table(histories, main + pairs, prior == "proper")
    per_chain = -(-draws // CHAINS)
    first = _sample(table, tuple(t for t in main + pairs if t not in absent), per_chain, next(streams))
    statistics, kept = first.kept(2, threshold)
    triples = _eligible(kept, lists) if max_order == 3 else ()
    last_stage = first
    if triples:
        stage = _sample(table, main + kept + triples, per_chain, next(streams))
        found, kept_triples = stage.kept(3, threshold)
        statistics |= found
        kept, last_stage = kept + kept_triples, stage
    chosen = main + kept
    final = last_stage if set(chosen) == set(last_stage.terms) else _sample(table, chosen, per_chain, next(streams))
    return _answer(histories, final, statistics, chosen, absent, used, (prior, threshold, max_order, draws), level)


def _table(
    histories: CaptureHistories, model: tuple[Term, ...], proper: bool
) -> tuple[_HistoryTable, tuple[Term, ...]]:
    """All histories; under the flat prior those without the pairs that nobody is on, which are at −∞."""
    members = all_histories(len(histories.lists))
    counts = full_counts(histories, members)
    if proper:
        return _HistoryTable(members=members, counts=counts, proper=True), ()
    reduced = reduce_model(histories, model)
    result = existence(histories, reduced)
    if result.code:
        raise EstimateFault(
            "FL-EST-148",
            f"under the flat prior the posterior does not exist: {result.status}",
            found=f"all pairs of {listed(histories.lists)}",
            fix='use prior="proper"; or merge lists that are nearly the same',
        )
    impossible = reduce(
        or_, [members[:, list(t)].all(axis=1) for t in reduced.absent], np.zeros(len(members), dtype=bool)
    )
    return _HistoryTable(members=members[~impossible], counts=counts[~impossible], proper=False), reduced.absent


def _eligible(kept: tuple[Term, ...], lists: int) -> tuple[Term, ...]:
    """Triples whose pairs are all kept; never all lists at once."""
    return tuple(
        triple
        for triple in itertools.combinations(range(lists), 3)
        if lists > 3 and all(pair in kept for pair in itertools.combinations(triple, 2))
    )


def _sample(
    table: _HistoryTable, terms: tuple[Term, ...], per_chain: int, stream: np.random.SeedSequence
) -> _ThresholdedDraws:
    """Random-walk Metropolis, all chains one step at a time; thinned so that draws kept are nearly independent."""
    generator = np.random.default_rng(stream)
    matrix = design_matrix(table.members, terms)
    size = matrix.shape[1]
    flat = 1 / MAIN_VARIANCE
    own = 1 / INTERACTION_VARIANCE if table.proper else 0.0
    precision = np.array([flat, *(flat if len(term) == 1 else own for term in terms)])
    mode, curvature = _mode(matrix, table.counts, precision)
    root = linalg.solve_triangular(linalg.cholesky(curvature, lower=True).T, np.eye(size))
    statistic = table.counts @ matrix

    def height(at: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return at @ statistic - np.exp(at @ matrix.T).sum(axis=1) - 0.5 * at**2 @ precision

    at = mode + 1.5 * generator.standard_normal((CHAINS, size)) @ root.T
    value = height(at)
    thin = 6 * size
    kept = np.empty((CHAINS, per_chain, size))
    step = root.T * (SCALE / np.sqrt(size))
    accepted = 0.0
    total = BURN_IN + per_chain * thin
    for number in range(total):
        tried = at + generator.standard_normal((CHAINS, size)) @ step
        new = height(tried)
        take = np.log(generator.random(CHAINS)) < new - value
        at = np.where(take[:, None], tried, at)
        value = np.where(take, new, value)
        accepted += float(take.mean())
        past = number - BURN_IN
        if past >= 0 and (past + 1) % thin == 0:
            kept[:, past // thin] = at
    return _ThresholdedDraws(terms=terms, parameters=kept, accepted=accepted / total)


def _mode(matrix: Floats, counts: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """The maximum of the log posterior, which has one peak, and its curvature there; Newton's method with halved steps."""
    parameters = np.linalg.lstsq(matrix, np.log(np.maximum(counts, 0.5)), rcond=None)[0]

    def height(at: Floats) -> float:
        with np.errstate(over="ignore"):
            return float(at @ (counts @ matrix) - np.exp(matrix @ at).sum() - 0.5 * at**2 @ precision)

    for _ in range(200):
        fitted = np.exp(matrix @ parameters)
        curvature = matrix.T @ (matrix * fitted[:, None]) + np.diag(precision)
        step = np.linalg.solve(curvature, matrix.T @ (counts - fitted) - precision * parameters)
        length = 1.0
        while height(parameters + length * step) < height(parameters) and length > 1e-10:
            length /= 2
        parameters = parameters + length * step
        if np.abs(length * step).max() < 1e-8:
            return parameters, curvature
    raise EstimateFault(
        "FL-EST-34", "the posterior has no maximum that could be found", found=f"{matrix.shape[1]} parameters",
        fix='use prior="proper"',
    )  # fmt: skip


def _answer(
    histories: CaptureHistories,
    final: _ThresholdedDraws,
    statistics: dict[Term, float],
    chosen: tuple[Term, ...],
    absent: tuple[Term, ...],
    seed: int,
    settings: tuple[str, float, int, int],
    level: float,
) -> Estimates:
    prior, cut, max_order, draws = settings
    dark = np.exp(final.parameters[..., 0])
    told = chain_diagnostics(dark + histories.n)
    lower, upper = np.quantile(dark, tails(level))
    pairs = [term_name(histories, term) for term in chosen if len(term) > 1]
    return posterior_estimates(
        histories,
        call="threshold",
        method=THRESHOLD,
        term=model_name(histories, chosen),
        value=float(np.median(dark)),
        se=float(dark.std(ddof=1)),
        limits=Limits(float(lower), float(upper)),
        level=level,
        draws=dark.ravel(),
        reasons=(*chain_flags(told), *_fit(histories, chosen)),
        assumptions=(
            NO_HIGHEST_INTERACTION.assume(lists=len(histories.lists)),
            (DEPENDENCE_BETWEEN_LISTS.assume(terms=pairs) if pairs else LISTS_INDEPENDENT.assume()),
            MODEL_CHOSEN_BY_DATA.assume(),
            (PRIOR_INTERACTIONS.assume() if prior == "proper" else PRIOR_INTERACTIONS_FLAT.assume()),
            CLOSED_POPULATION.assume(),
            PERFECT_LINKAGE.assume(),
            INTERVAL_GIVEN_MODEL.assume(),
        ),
        diagnostics={
            **summary(histories, dark.ravel()),
            **told,
            "threshold_statistics": {term_name(histories, term): value for term, value in statistics.items()},
            "kept": pairs,
            "minus_infinity": [term_name(histories, term) for term in absent],
            "acceptance": final.accepted,
        },
        arguments={"prior": prior, "threshold": cut, "max_order": max_order, "draws": draws, "seed": seed},
    )


def _fit(histories: CaptureHistories, chosen: tuple[Term, ...]) -> tuple[Reason, ...]:
    """What is to be said of how the terms kept describe the lists, at their maximum where it exists."""
    reduced = reduce_model(histories, chosen)
    if existence(histories, reduced).code:
        return ()
    fitted, times = fit_poisson(reduced.matrix, reduced.counts).fitted, reduced.members.sum(axis=1).astype(float)
    return goodness(reduced.matrix, reduced.counts, fitted, times).reasons


def _require_settings(prior: str, cut: float, max_order: int) -> None:
    if prior not in ("proper", "improper"):
        raise not_one_of("FL-EST-147", "this prior of interactions", prior, ("proper", "improper"))
    if max_order not in (2, 3) or not (np.isfinite(cut) and cut >= 0):
        raise EstimateFault(
            "FL-EST-147", "these settings of thresholding cannot be", found=f"threshold={cut!r}, max_order={shown(max_order)}",
            fix="a threshold of 0 or more (2 is usual, 5 is strict), max_order 2 or 3",
        )  # fmt: skip
