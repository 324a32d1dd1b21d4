"""Averaging over hierarchical log-linear models: all of them, decomposable or not, each with the weight that the lists give it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.capture_recapture import hierarchical_weights as weighing
from fl_estimate.estimators.capture_recapture.answers import Limits, require_interval
from fl_estimate.estimators.capture_recapture.batch import Fitter, Lattice, lattice
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.hierarchical_chains import chained
from fl_estimate.estimators.capture_recapture.hierarchical_mixture import DarkFigureMixture
from fl_estimate.estimators.capture_recapture.hierarchical_weights import ModelPrior, Weighed, Weights
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.model_space import all_models, too_many
from fl_estimate.estimators.capture_recapture.posterior import posterior_estimates, require_draws, tails
from fl_estimate.estimators.capture_recapture.selection import Progress
from fl_estimate.estimators.capture_recapture.terms import model_name, read_terms
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    NO_HIGHEST_INTERACTION,
    PERFECT_LINKAGE,
    PRIOR_POPULATION,
    Assumption,
    AssumptionCode,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, PROGRESS, Draws, Level, Positive, SeedOrNone, Within

Search = Literal["all", "occam", "mc3"]
NEGLIGIBLE = 1e-5
"""Weight in all of the models that are left out of limits, the least first."""
SHOWN = 10
LONG = 0.5
"""Standard deviation, as a share of the width of the interval, above which a tail that nothing bounds makes it."""

AVERAGE_HIERARCHICAL = MethodName("average-hierarchical")
HIERARCHICAL_DEPENDENCE = AssumptionCode("hierarchical_dependence", "order")
WEIGHTS_BIC = AssumptionCode("weights_bic")
WEIGHTS_LAPLACE = AssumptionCode("weights_laplace", "deviation")
MODELS_ALIKE = AssumptionCode("models_alike_before_data")
SIZES_ALIKE = AssumptionCode("model_sizes_alike_before_data")
POSTERIOR_TAIL_LONG = ReasonCode("posterior_tail_long")
SEARCH_CUT_SHORT = ReasonCode("model_search_cut_short", "models")
CHAINS_APART = ReasonCode("model_chains_apart", "share", doubtful="sampler")


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def average_hierarchical(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    max_order: Annotated[int | None, Within(ge=1)] = None,
    weights: Weights = "bic",
    model_prior: ModelPrior = "uniform",
    prior_deviation: Positive = 1.0,
    search: Search | None = None,
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
    progress: Annotated[Progress | None, PROGRESS] = None,
) -> Estimates:
    """Average over every hierarchical log-linear model, weighted by how well each explains the histories.

    Models that fit alike can give very different numbers; to choose one hides that. `average_decomposable` knows only the
    patterns of dependence that factorise; here every set of interactions takes part.

    Parameters
    ----------
    histories : CaptureHistories
        At least 3 lists.
    max_order : int, optional
        Lists in the largest interaction; by default all but one. The interaction of all lists is never in: no data tell it.
    weights : {"bic", "laplace"}
        ``bic`` weighs a model by exp(−BIC/2), which stands for a prior worth one person; models without a single estimate
        take no part. ``laplace`` gives interactions a normal prior and integrates; every model takes part, and where the
        lists hardly tell an interaction its prior decides.
    model_prior : {"uniform", "size"}
        Before the data each model weighs the same, or each number of interactions does.
    prior_deviation : float, default 1
        Standard deviation of the interactions' prior, on the logarithmic scale, for ``laplace``.
    search : {"all", "occam"}, optional
        ``all`` fits every model (up to 5 lists, or 6 with pairs only). ``mc3`` sends chains over the models, until they
        agree. ``occam`` goes from model to neighbouring model as long as one weighs a thousandth of the best found (a
        100,000th for ``laplace``), from main effects and from all pairs (up to 10,000 models, 8,000 for ``laplace``), and
        does not tell what it leaves out. By default ``all`` where that is possible, else ``mc3``.
    level : float
    draws : int, default 4000
        Kept in `.draws`; the value and limits do not come from them.
    seed : int, optional
        Of draws and chains. Where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how many models the chains have weighed, as by `fl.run_study`.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; the value is the posterior median, the limits equal-tailed;
        `se` is missing where a long tail makes it, with a reason. Diagnostics: `top_models` with weight and size,
        `inclusion`, the weight of all models that hold an interaction, models looked at and those without an estimate,
        `posterior_mean`. Of ``mc3`` also `left_out`, the share of the posterior in models that half of the chains did not meet, and `chains`:
        whether they agreed, and the standard errors between them, of the weight of an interaction at most, and of the
        probabilities below the lower limit, the value and the upper limit. Where they did not, a reason says so.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such weights, prior, search or level), FL-EST-35 (not even main effects have an estimate), FL-EST-94
        (no such order), FL-EST-95 (too many models for ``all``), FL-EST-141 (draws), FL-EST-350 (fewer than 3 lists),
        FL-EST-351 (the deviation of the prior).

    Notes
    -----
    Given model k the dark figure is Poisson with a log-normal mean, log μ ~ N(α_k, v_k) with α_k the estimate (the mode)
    of the intercept and v_k its variance, of `loglinear` for ``bic``, of the penalised likelihood for ``laplace``. That is
    a flat prior on the logarithm of N. ``laplace``: log w_k = l(β_k) + log π(β_k) + ½ p_k log 2π − ½ log |H_k|, flat in
    intercept and main effects, which all models have.

    ``mc3``: 16 chains propose to add or leave out one interaction, and take it with chance min(1, w' K/(w K')), K the ways
    out of a model. Each goes with two of weights to the power of ½ and ¼, which get from peak to peak, and changes places
    with them. A step counts for both models, by that chance. Of 1,000 to 6,000 steps the first half is left out; they end
    as soon as the standard errors between chains are at most 0.03 for every interaction, 0.005 for the probability beyond
    a limit and 0.025 below the median. Half of the chains tell how much weight the models have that the other half met:
    where that is all but 0.005, the models met are weighed exactly, as by ``all``.

    References
    ----------
    Madigan and York (1995), International Statistical Review 63, 215-232 (chains over models).
    Madigan and Raftery (1994), JASA 89, 1535-1546 (Occam's window). Raftery (1995), Sociological Methodology 25, 111-163
    (BIC as a weight). King and Brooks (2001), Biometrika 88, 317-336 (averaging over hierarchical models of lists).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> found = cr.average_hierarchical(fl.datasets.load("kosovo"), seed=1)
    >>> found.diagnostics["models"]
    113
    >>> [round(float(getattr(found["population_size"], name)), -2) for name in ("value", "lower", "upper")]
    [12000.0, 9200.0, 20900.0]
    """
    order = _checked(histories, max_order, weights, model_prior, prior_deviation, search, level, draws)
    require_estimable(histories, read_terms(histories, "main"))
    space = lattice(len(histories.lists), order)
    counts = full_counts(histories, space.members)
    ask = weighing.WeighingRequest(
        fitter=Fitter(lattice=space), counts=counts, weights=weights, model_prior=model_prior, deviation=prior_deviation
    )
    large = too_many(len(histories.lists), order)
    way, used = search or ("mc3" if large else "all"), known_seed(seed)
    if way == "mc3":
        lower, upper = tails(level).tolist()
        found = chained(ask, used, (lower, 0.5, upper), progress or _silent)
    else:
        found = weighing.window(ask) if way == "occam" else weighing.weighed(ask, all_models(space))
    return _answer(histories, space, ask, found, way, level, draws, used)


def _silent(_: str) -> None:
    """Nobody is told."""


def _checked(
    histories: CaptureHistories,
    max_order: int | None,
    weights: str,
    model_prior: str,
    deviation: float,
    search: str | None,
    level: float,
    draws: int,
) -> int:
    """Refuse what cannot be asked for; give the order back."""
    require_interval("equal-tailed", ("equal-tailed",), level)
    for what, given, allowed in (
        ("these weights", weights, get_args(Weights)),
        ("this prior of models", model_prior, get_args(ModelPrior)),
        ("this search", search, (None, *get_args(Search))),
    ):
        if given not in allowed:
            raise not_one_of("FL-EST-30", what, str(given), tuple(name for name in allowed if name))
    require_draws(draws, 4)
    lists = len(histories.lists)
    if lists < 3:
        raise EstimateFault(
            "FL-EST-350", "of two lists there is one model, and nothing to average over", found="2 lists",
            fix="cr.chapman, with cr.sensitivity for what two lists cannot tell",
        )  # fmt: skip
    if not (np.isfinite(deviation) and deviation > 0):
        raise EstimateFault(
            "FL-EST-351", "the deviation of a prior is a number above 0", found=repr(deviation),
            fix="1 is usual: an interaction then hardly goes beyond an odds ratio of 7",
        )  # fmt: skip
    order = lists - 1 if max_order is None else max_order
    if int(order) != order or not 1 <= order <= lists - 1:
        raise EstimateFault(
            "FL-EST-94", "there is no such search", found=f"max_order={max_order}",
            fix=f"max_order from 1 to {lists - 1} for {lists} lists",
        )  # fmt: skip
    if search == "all" and too_many(lists, order):
        raise EstimateFault(
            "FL-EST-95", "there are too many models to fit all of them",
            found=f"{lists} lists, interactions of up to {order}", fix='search="mc3", or a smaller max_order',
        )  # fmt: skip
    return int(order)


def _answer(
    histories: CaptureHistories,
    space: Lattice,
    ask: weighing.WeighingRequest,
    weighed: Weighed,
    way: str,
    level: float,
    draws: int,
    seed: int,
) -> Estimates:
    order_of = np.argsort(weighed.weight, kind="stable")
    kept = np.ones(len(weighed.weight), dtype=bool)
    kept[order_of[np.cumsum(weighed.weight[order_of]) < NEGLIGIBLE]] = False
    share = weighed.weight[kept] / weighed.weight[kept].sum()
    mixture = DarkFigureMixture(weight=share, centre=weighed.centre[kept], spread=np.sqrt(weighed.variance[kept]))
    lower, upper = (mixture.quantile(float(q)) for q in tails(level))
    mean, deviation = mixture.moments
    long = not deviation <= LONG * (upper - lower)
    order = max(len(term) for term in space.terms)
    assumptions: list[Assumption] = [
        NO_HIGHEST_INTERACTION.assume(lists=space.lists),
        HIERARCHICAL_DEPENDENCE.assume(order=order),
        WEIGHTS_BIC.assume() if ask.weights == "bic" else WEIGHTS_LAPLACE.assume(deviation=ask.deviation),
        MODELS_ALIKE.assume() if ask.model_prior == "uniform" else SIZES_ALIKE.assume(),
        PRIOR_POPULATION.assume(),
        CLOSED_POPULATION.assume(),
        PERFECT_LINKAGE.assume(),
    ]
    reasons = [POSTERIOR_TAIL_LONG.at(0)] if long else []
    reasons += [] if weighed.complete else [SEARCH_CUT_SHORT.at(0, models=weighed.looked_at)]
    if weighed.settled is not None and not weighed.settled.agreed:
        reasons.append(CHAINS_APART.at(0, share=round(100 * weighed.settled.inclusion)))
    return posterior_estimates(
        histories,
        call="average_hierarchical",
        method=AVERAGE_HIERARCHICAL,
        term="",
        value=mixture.quantile(0.5),
        se=np.nan if long else deviation,
        limits=Limits(lower, upper),
        level=level,
        draws=mixture.draw(draws, seed),
        reasons=tuple(reasons),
        assumptions=tuple(assumptions),
        diagnostics=_search_diagnostics(histories, space, weighed, mean, way),
        arguments={
            "max_order": order, "weights": ask.weights, "model_prior": ask.model_prior, "search": way,
            "prior_deviation": ask.deviation, "draws": draws, "seed": seed,
        },
    )  # fmt: skip


def _search_diagnostics(
    histories: CaptureHistories, space: Lattice, weighed: Weighed, mean: float, way: str
) -> dict[str, Any]:
    alone = weighed.weight if weighed.alone is None else weighed.alone
    best = np.argsort(-alone, kind="stable")[:SHOWN]

    def name(position: int) -> str:
        return model_name(histories, [t for t, on in zip(space.terms, weighed.models[position], strict=True) if on])

    inclusion = weighed.weight @ weighed.models
    return {
        "search": way,
        "models": weighed.looked_at,
        "models_with_estimate": weighed.with_estimate,
        "top_models": [
            {
                "terms": name(int(position)),
                "weight": float(alone[position]),
                "population_size": histories.n + float(np.exp(weighed.centre[position])),
            }
            for position in best
        ],
        "inclusion": {
            ":".join(histories.lists[at] for at in term): float(share)
            for term, share in zip(space.terms, inclusion, strict=True)
            if len(term) > 1
        },
        "posterior_mean": histories.n + mean,
        **_chain_diagnostics(weighed.settled),
    }


def _chain_diagnostics(settled: weighing.Settled | None) -> dict[str, Any]:
    if settled is None:
        return {}
    return {
        "left_out": settled.left_out,
        "chains": {
            "agreed": settled.agreed,
            "chains": settled.chains,
            "steps": settled.steps,
            "weights": "visits" if settled.by_visits else "exact",
            "error_of_inclusion": settled.inclusion,
            "error_at_limits": list(settled.limits),
        },
    }
