"""The model of a cross-method meta-analysis in PyMC: each estimate is the truth of its site times the bias of its method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.estimators.sampling import ModelRecipe, Run, run_nuts


@dataclass(frozen=True, kw_only=True)
class MethodFigures:
    """Figures of several sites by several methods: one entry a figure, the benchmark is method 0."""

    site: npt.NDArray[np.int64]
    method: npt.NDArray[np.int64]
    value: Floats
    se: Floats
    sites: tuple[str, ...]
    methods: tuple[str, ...]
    share: bool


def sample_bias(
    figures: MethodFigures,
    *,
    centre: Floats,
    scale: Floats,
    between: float,
    draws: int,
    seed: int,
    progress: bool = False,
) -> Run:
    """Sample relative biases and corrected figures.

    Parameters
    ----------
    figures : MethodFigures
    centre, scale : float array, shape (methods − 1,)
        Of the normal density of the log bias of every method but the benchmark.
    between : float
        Scale of the half-normal density of τ, by which biases differ between sites; 0 where they do not.
    draws, seed : int
    progress : bool

    Notes
    -----
    Shares lie between 0 and 1, with a uniform density; numbers of people have a log-normal density of scale 2 around the mean of
    the site's figures. Both sides are divided by this mean, so that the sampler meets numbers near 1.
    """
    middle = np.array([figures.value[figures.site == i].mean() for i in range(len(figures.sites))])
    data: dict[str, Any] = {
        "value": figures.value / middle[figures.site], "se": figures.se / middle[figures.site],
        "site": figures.site, "method": figures.method, "most": 1 / middle, "centre": centre, "scale": scale,
        "between": np.array(between if between > 0 else 1.0), "apart": (figures.method > 0).astype(float),
    }  # fmt: skip
    names = ("log_bias", "truth") if between <= 0 else ("log_bias", "truth", "tau")
    recipe = ModelRecipe(
        key=("method-bias", figures.share, between > 0, len(figures.value), len(middle), len(centre)),
        build=lambda given: _build(figures.share, between > 0, given),
        data={name: value for name, value in data.items() if name in _used(figures.share, between > 0)},
        names=names, kept={},
    )  # fmt: skip
    run = run_nuts(recipe, draws_per_chain=-(-draws // 4), seed=seed, progress=progress)
    run.draws["truth"] = run.draws["truth"] * middle
    return run


def _used(share: bool, scattered: bool) -> frozenset[str]:
    """What the model uses: the sampler refuses data that it does not know."""
    names = {"value", "se", "site", "method", "centre", "scale"}
    return frozenset(names | ({"most"} if share else set()) | ({"between", "apart"} if scattered else set()))


def _build(share: bool, scattered: bool, data: Mapping[str, Any]) -> Any:
    import pymc as pm

    math: Any = pm.math  # not typed
    with pm.Model() as built:
        given: Any = {name: pm.Data(name, value) for name, value in data.items()}
        sites, methods = int(np.max(data["site"])) + 1, len(data["centre"])
        z: Any = pm.Normal("z", shape=methods)
        bias: Any = pm.Deterministic("log_bias", given["centre"] + given["scale"] * z)
        if share:
            part: Any = pm.Uniform("part", shape=sites)
            truth: Any = pm.Deterministic("truth", part * given["most"])
        else:
            step: Any = pm.Normal("step", shape=sites)
            truth = pm.Deterministic("truth", math.exp(2.0 * step))
        every = math.concatenate([np.zeros(1), bias])[given["method"]]
        if scattered:
            width: Any = pm.HalfNormal("width")
            tau: Any = pm.Deterministic("tau", width * given["between"])
            apart: Any = pm.Normal("apart_by_site", shape=len(data["value"]))
            every = every + tau * apart * given["apart"]
        expected = truth[given["site"]] * math.exp(every)
        pm.Potential("likelihood", (-0.5 * ((given["value"] - expected) / given["se"]) ** 2).sum())
    return built
