"""Which sampler a model goes to; importance weights that cannot be trusted give way to Markov chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fl_estimate.estimators.hierarchical.engines.beta_binomial import beta_points, sample_beta_binomial
from fl_estimate.estimators.hierarchical.engines.binomial import hyper_points
from fl_estimate.estimators.hierarchical.engines.counts import sample_counts
from fl_estimate.estimators.hierarchical.engines.crossed import draw_crossed
from fl_estimate.estimators.hierarchical.engines.gaussian import sample_grid
from fl_estimate.estimators.hierarchical.engines.latent import ImportanceDraws
from fl_estimate.estimators.hierarchical.engines.nuts import sample_nuts
from fl_estimate.estimators.hierarchical.engines.structured_counts import draw_weighted, sample_drawn
from fl_estimate.estimators.hierarchical.engines.structured_gaussian import sample_structured
from fl_estimate.estimators.hierarchical.model.posterior import Model, Posterior, PosteriorRequest
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure
from fl_estimate.estimators.importance import Weighted


def sample(model: Model, ask: PosteriorRequest, sampler: str) -> Posterior:
    """Run the sampler asked for.

    Raises
    ------
    EstimateFault
        FL-EST-60, FL-EST-61: Markov chains that failed.
    """
    if sampler == "nuts":
        return sample_nuts(model, ask)
    if model.likelihood == "normal" and not isinstance(model.structure, Crossed):
        return sample_grid(model, ask) if model.structure is None else sample_structured(model, model.structure, ask)
    weighted, finish = _weighted(model, ask)
    if weighted.good:
        return finish()
    result = sample_nuts(model, ask)
    noted = {"importance_ess": weighted.ess, "importance_pareto_k": weighted.pareto_k, "fallback": "nuts"}
    return replace(result, diagnostics={**result.diagnostics, **noted})


def _weighted(model: Model, ask: PosteriorRequest) -> tuple[Weighted, Callable[[], Posterior]]:
    """Importance weights of a model of counts, and the posterior that they give if they are good."""
    if model.likelihood == "beta-binomial":
        points = beta_points(model)
        return points.weighted, lambda: sample_beta_binomial(model, ask, points)
    if model.structure is not None:
        drawn = importance_draws(model, model.structure)
        return drawn.weighted, lambda: sample_drawn(drawn, ask, model.link, model.names)
    hyper, weighted = hyper_points(model)
    return weighted, lambda: sample_counts(model, ask, hyper, weighted)


def importance_draws(model: Model, structure: Structure | Crossed) -> ImportanceDraws:
    """Weighted draws of effects that hang together.

    One fixed seed, as the points of the other models are fixed: `seed` moves the draws kept, not the figures.
    """
    return draw_crossed(model, structure, 0) if isinstance(structure, Crossed) else draw_weighted(model, structure, 0)
