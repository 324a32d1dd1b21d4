"""Latent classes of people who differ in how they come onto lists: a Dirichlet-process mixture (Manrique-Vallier)."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, require_interval
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.goodness import LEVEL, poor_fit
from fl_estimate.estimators.capture_recapture.list_codes import LATENT_CLASS, LATENT_CLASSES, PRIOR_CLASSES
from fl_estimate.estimators.capture_recapture.posterior import (
    chain_diagnostics,
    chain_flags,
    posterior_estimates,
    require_draws,
    summary,
    tails,
)
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.codes import CLOSED_POPULATION, PERFECT_LINKAGE, PRIOR_POPULATION
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Level, MoreThanZero, SeedOrNone, Within
from fl_estimate.tasks import run_tasks, stream_of

MOST_CLASSES = 50
MOST_TESTED, FIT_DRAWS, FIT_SEED = 10, 400, 1
"""Lists up to which every history is laid out to test the fit; draws it is tested with; the same table gives the same p."""


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def latent_class(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    classes: Annotated[int, Within(ge=2)] = 10,
    draws: Annotated[int, Within(ge=1)] = 4_000,
    chains: Annotated[int, Within(ge=1)] = 4,
    seed: SeedOrNone = None,
    burn_in: Annotated[int, Within(ge=0)] = 10_000,
    thin: Annotated[int, Within(ge=1)] = 100,
    prior: tuple[MoreThanZero, MoreThanZero] = (0.25, 0.25),
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from classes of people that differ in their chances of being on each list.

    Use it where people differ rather than lists refer to each other: within a class the lists are independent. How many
    classes there are is part of the posterior. On sparse lists the chains may not agree; then there is no estimate,
    whatever number is printed: read the reasons.

    Parameters
    ----------
    histories : CaptureHistories
        Whole counts.
    classes : int
        The most classes that there can be, 2 to 50. Compare `diagnostics["classes_occupied"]`.
    draws : int
        Kept, over all chains.
    chains : int
        At least 4; they start far apart.
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.
    burn_in, thin : int
        Steps of each chain left out at first, and steps between two draws kept.
    prior : (float, float)
        Shape and rate of the gamma prior of α, the concentration.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons: `value` the posterior median, `se` the posterior standard
        deviation, equal-tailed limits. Rank R-hat, effective draws, the classes occupied, the median of each chain and the
        posterior predictive p of the fit (``fit_p``; below 0.05 the reason ``poor_fit``) are among the diagnostics; chains one after the other in `.draws`.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-141 (draws or chains), FL-EST-145 (classes, burn_in, thin or prior), FL-EST-146
        (fractional counts).

    Notes
    -----
    A person is in class k with probability ν_k = V_k Π_{h<k} (1 − V_h), V_k ~ Beta(1, α), V_K = 1,
    α ~ Gamma(shape, rate); in class k on list j with probability λ_jk ~ Beta(1, 1); p(N) ∝ 1/N, without an upper end.
    A Gibbs sampler in compiled code (numba): N given ν and λ with the classes summed out, α given the class sizes with
    the sticks integrated out, and labels that change places; the first run in an environment compiles for some seconds.
    Unlike LCMCR, N has no ceiling (there, 21 n).

    References
    ----------
    Manrique-Vallier (2016), Biometrics 72(4), 1246-1254. Papaspiliopoulos and Roberts (2008), Biometrika 95(1),
    169-186 (labels). Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian Analysis 16(2), 667-718.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> found = cr.latent_class(fl.datasets.load("new_orleans_5"), seed=1)
    >>> size = found["population_size"]
    >>> [round(number, -2) for number in (size.value, *size.interval)]
    [800.0, 600.0, 1300.0]
    >>> found.reasons
    ()
    """
    require_interval("equal-tailed", ("equal-tailed",), level)
    require_draws(draws, chains)
    _require_settings(classes, burn_in, thin, prior)
    if (histories.counts != np.round(histories.counts)).any():
        raise EstimateFault(
            "FL-EST-146", "latent classes need whole people", found="fractional counts",
            fix="round the counts, or use loglinear or average_decomposable, which take fractions",
        )  # fmt: skip
    used = known_seed(seed)
    per_chain = -(-draws // chains)
    result = _run(histories, classes, chains, per_chain, burn_in, thin, prior, used)
    dark, occupied, alpha = result[..., 0], result[..., 1], result[..., 2]
    told = chain_diagnostics(dark + histories.n)
    fit_p = predictive_p(histories, result.reshape(-1, result.shape[-1]), classes)
    median, (lower, upper) = float(np.median(dark)), np.quantile(dark, tails(level))
    made = posterior_estimates(
        histories,
        call="latent_class",
        method=LATENT_CLASS,
        term=f"K = {classes}",
        value=median,
        se=float(dark.std(ddof=1)),
        limits=Limits(float(lower), float(upper)),
        level=level,
        draws=dark.ravel(),
        reasons=(*chain_flags(told), *((poor_fit(fit_p),) if fit_p < LEVEL else ())),
        assumptions=(
            LATENT_CLASSES.assume(classes=classes),
            PRIOR_POPULATION.assume(),
            PRIOR_CLASSES.assume(shape=prior[0], rate=prior[1]),
            CLOSED_POPULATION.assume(),
            PERFECT_LINKAGE.assume(),
        ),
        diagnostics={
            **summary(histories, dark.ravel()),
            **told,
            "fit_p": fit_p,
            "median_by_chain": (np.median(dark, axis=1) + histories.n).tolist(),
            "classes_occupied": float(occupied.mean()),
            "share_with_all_classes_occupied": float((occupied == classes).mean()),
            "alpha": float(np.median(alpha)),
            "share_above_21_n": float((dark > 20 * histories.n).mean()),
        },
        arguments={
            "classes": classes, "draws": draws, "chains": chains, "seed": used, "burn_in": burn_in, "thin": thin,
            "prior": list(prior),
        },
    )  # fmt: skip
    return replace(made, inference=Inference(chains=chains))


def _run(
    histories: CaptureHistories,
    classes: int,
    chains: int,
    per_chain: int,
    burn_in: int,
    thin: int,
    prior: tuple[float, float],
    seed: int,
) -> Floats:
    """All chains, one a thread (the compiled code holds no lock), each with a stream of its own; (chains, draws, columns)."""
    from fl_estimate.estimators.capture_recapture.latent_gibbs import gibbs

    members, counts = histories.members.astype(float), np.asarray(histories.counts, dtype=float)
    on_list = counts @ members / counts.sum()

    def one(chain: int) -> Floats:
        generator = np.random.default_rng(stream_of(seed, chain))
        start = on_list[:, None] * generator.uniform(0.2, 1.8, size=(len(on_list), classes))
        first_alpha = float(np.exp(generator.uniform(-3, 1)))
        start = np.clip(start, 0.001, 0.999)
        made: Any = gibbs(
            members, counts, classes, float(prior[0]), float(prior[1]), start, first_alpha, burn_in, per_chain, thin, generator
        )  # fmt: skip
        return np.asarray(made)

    threads = min(chains, os.cpu_count() or 1)
    return np.stack(run_tasks(one, zip(range(chains)), what="chain", threads=threads))


def predictive_p(histories: CaptureHistories, draws: Floats, classes: int) -> float:
    """How often lists drawn from the posterior lie as far from it as those observed: Freeman and Tukey's distance.

    Parameters
    ----------
    histories : CaptureHistories
    draws : array, shape (draws, 3 + classes + lists × classes)
        As `latent_gibbs.gibbs` gives them.
    classes : int

    Notes
    -----
    Σ (√n_ω − √(n p_ω))² over the histories of people seen, with p of a draw, for the lists observed and for n people drawn
    from p (Gelman, Meng and Stern 1996, Statistica Sinica 6, 733-807). NaN with more than 10 lists.
    """
    lists = len(histories.lists)
    if lists > MOST_TESTED:
        return np.nan
    members = all_histories(lists).astype(float)
    counts, n = full_counts(histories, all_histories(lists)), round(float(histories.n))
    generator = np.random.default_rng(FIT_SEED)
    chosen = draws[np.linspace(0, len(draws) - 1, min(FIT_DRAWS, len(draws))).astype(int)]
    farther = 0
    for one in chosen:
        share, chance = one[3 : 3 + classes], one[3 + classes :].reshape(lists, classes)
        with np.errstate(divide="ignore"):
            each = members @ np.log(chance) + (1 - members) @ np.log1p(-chance) + np.log(share)
        expected = np.exp(each).sum(axis=1)
        expected /= expected.sum()
        drawn = generator.multinomial(n, expected)
        distances = [float(((np.sqrt(table) - np.sqrt(n * expected)) ** 2).sum()) for table in (drawn, counts)]
        farther += distances[0] >= distances[1]
    return farther / len(chosen)


def _require_settings(classes: int, burn_in: int, thin: int, prior: tuple[float, float]) -> None:
    whole = all(int(value) == value for value in (classes, burn_in, thin))
    shape, rate = prior
    if not (whole and 2 <= classes <= MOST_CLASSES and burn_in >= 0 and thin >= 1 and shape > 0 and rate > 0):
        raise EstimateFault(
            "FL-EST-145",
            "these settings of the latent classes cannot be",
            found=f"classes={shown(classes)}, burn_in={shown(burn_in)}, thin={shown(thin)}, prior={shown(prior)}",
            fix=f"2 to {MOST_CLASSES} classes, burn_in from 0, thin from 1, a prior with both numbers above 0",
        )
