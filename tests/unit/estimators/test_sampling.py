"""NUTS runs are judged: what falls short is flagged, chains that disagree or a sampler that fails give an error, seeds repeat."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pymc as pm
import pytest

import fl_estimate as fl
from fl_estimate.estimators import sampling
from fl_estimate.estimators.hierarchical.engines import counts as counts_module
from fl_estimate.estimators.sampling import ModelRecipe, Run, Verdict, run_nuts

from .hierarchical.made import POPULATION, counts

# The module, not the function of the same name that the package exposes.
SAMPLERS: Any = import_module("fl_estimate.estimators.hierarchical.engines.samplers")
NUTS: Any = import_module("fl_estimate.estimators.hierarchical.engines.nuts")
GOOD = Verdict(
    rhat=1.002, ess_bulk=2_000.0, ess_tail=1_900.0, bfmi=0.9, divergences=0, chains=4, draws_per_chain=2_000, tuning=1_000,
    target_accept=0.95, seconds=1.0, sampler="made up",
)  # fmt: skip


def test_what_falls_short_is_flagged() -> None:
    assert GOOD.flags == ()
    worse = replace(GOOD, rhat=1.02, ess_tail=399.0, divergences=3)
    assert [code for code, _ in worse.flags] == ["sampler_rhat", "sampler_ess", "sampler_divergences"]
    assert [code for code, _ in replace(GOOD, rhat=float("nan"), ess_bulk=float("nan")).flags] == [
        "sampler_rhat",
        "sampler_ess",
    ]
    assert [code for code, _ in replace(GOOD, bfmi=0.2).flags] == ["sampler_energy"]


def normal(mean: float = 3.0) -> ModelRecipe:
    def build(data: Any) -> Any:
        with pm.Model() as model:
            pm.Normal("x", pm.Data("mean", data["mean"]), 2.0, shape=2)
        return model

    return ModelRecipe(key=("two normals",), build=build, data={"mean": np.array(mean)}, names=("x",), kept={})


def test_a_run_repeats_with_its_seed_and_finds_the_moments() -> None:
    """A normal of mean 3 and standard deviation 2, within five standard errors of 2,000 draws."""
    first, again = (run_nuts(normal(), draws_per_chain=500, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.draws["x"], again.draws["x"])
    assert first.draws["x"].shape == (2_000, 2)
    ess = min(first.verdict.ess_bulk, 2_000)
    assert (np.abs(first.draws["x"].mean(axis=0) - 3) < 5 * 2 / np.sqrt(ess)).all()
    assert first.verdict.rhat < 1.05
    assert "seconds" not in first.verdict.to_dict()  # a result made twice is the same twice


def test_chains_that_disagree_are_an_error() -> None:
    """Two hills too far apart to cross: chains stay where they began."""

    def build(_: Any) -> Any:
        logaddexp: Any = pm.math.logaddexp  # not typed
        with pm.Model() as model:
            x = pm.Flat("x")
            pm.Potential("hills", logaddexp(-0.5 * ((x - 0.9) / 0.01) ** 2, -0.5 * ((x + 0.9) / 0.01) ** 2))
        return model

    with pytest.raises(fl.FlError, match="FL-EST-61"):
        run_nuts(ModelRecipe(key=("hills",), build=build, data={}, names=("x",), kept={}), draws_per_chain=200, seed=1)


def test_other_data_use_what_was_compiled() -> None:
    run_nuts(normal(), draws_per_chain=200, seed=1)
    before = dict(sampling._COMPILED)
    far = run_nuts(normal(mean=900.0), draws_per_chain=200, seed=1)
    assert sampling._COMPILED == before
    assert abs(far.draws["x"].mean() - 900) < 1


def test_a_sampler_that_fails_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("All initialization points failed\nand more")

    monkeypatch.setattr(sampling, "_tree", broken)
    with pytest.raises(fl.FlError, match="FL-EST-60") as caught:
        fl.hierarchical.area(counts(), sampler="nuts", seed=1)
    assert "RuntimeError: All initialization points failed" in str(caught.value)
    assert "and more" not in str(caught.value)


def test_a_run_that_falls_short_is_made_once_more_with_smaller_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def run(*_: Any, tuning: int, target_accept: float, progress: bool) -> Run:
        del tuning, progress
        asked.append(target_accept)
        return Run(draws={"x": np.zeros(4)}, stats={}, verdict=replace(GOOD, divergences=2))

    monkeypatch.setattr(sampling, "_run", run)
    assert run_nuts(normal(), draws_per_chain=10, seed=1).verdict.divergences == 2
    assert asked == [0.95, 0.99]


def test_flags_reach_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(recipe: ModelRecipe, *, draws_per_chain: int, seed: int, progress: bool) -> Run:
        assert not progress
        names = recipe.names
        rng, size = np.random.default_rng(seed), 4 * draws_per_chain
        shapes = {"sigma": (size,), "beta": (size, 1), "theta": (size, 12)}
        return Run(
            draws={name: rng.random(shapes[name]) for name in names}, stats={}, verdict=replace(GOOD, divergences=5)
        )

    monkeypatch.setattr(NUTS, "run_nuts", run)
    estimates = fl.hierarchical.area(counts(), sampler="nuts", population=POPULATION, draws=100, seed=1)
    assert {r.row for r in estimates.reasons if r.code == "sampler_divergences"} == set(range(13))
    assert estimates.diagnostics["flags"] == ["sampler_divergences"]
    assert estimates.diagnostics["divergences"] == 5
    assert estimates.draws.shape == (100, 13)
    with pytest.raises(fl.FlError, match=r"FL-EST-69(.|\n)*sampler_divergences"):
        fl.hierarchical.area(counts(), sampler="nuts", draws=100, seed=1, on_failure="raise")


@pytest.mark.parametrize("progress", [False, True])
def test_chains_show_how_far_they_are_only_where_it_is_asked_for(
    progress: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the argument of `area` to nutpie's own switch; and a run prints nothing by default."""
    import nutpie

    sample: Any = nutpie.sample
    asked: list[bool] = []

    def listening(*arguments: Any, progress_bar: bool, **settings: Any) -> Any:
        asked.append(progress_bar)
        return sample(*arguments, progress_bar=progress_bar, **settings)

    monkeypatch.setattr(nutpie, "sample", listening)
    # The recipe of two normals, compiled by the tests above, stands in for the area model's.
    seen: list[bool] = []

    def run(recipe: ModelRecipe, *, draws_per_chain: int, seed: int, progress: bool) -> Run:
        seen.append(progress)
        del recipe, draws_per_chain
        run_nuts(normal(), draws_per_chain=500, seed=seed, progress=progress)
        raise fl.FlError("FL-EST-60", "enough seen", found="", fix="")

    monkeypatch.setattr(NUTS, "run_nuts", run)
    with pytest.raises(fl.FlError, match="enough seen"):
        fl.hierarchical.area(counts(), sampler="nuts", seed=4, progress=progress)
    assert seen == [progress]
    assert set(asked) == {progress}
    # nutpie draws its bar in a terminal or a notebook; here is neither, so that silence says something of the quiet run only.
    captured = capfd.readouterr()
    assert progress or captured.out + captured.err == ""


def test_weights_that_cannot_be_trusted_give_way_to_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chains are stood in for by the integration itself, with weights that are worth their number."""
    trusted = SAMPLERS.hyper_points

    def poor(model: Any) -> Any:
        hyper, weighted = trusted(model)
        return hyper, replace(weighted, ess=12.0, pareto_k=1.3)

    monkeypatch.setattr(SAMPLERS, "hyper_points", poor)
    monkeypatch.setattr(
        SAMPLERS, "sample_nuts", lambda model, ask: counts_module.sample_counts(model, ask, *trusted(model))
    )
    found = fl.hierarchical.area(counts(), seed=1).diagnostics
    assert (found["fallback"], found["importance_ess"], found["importance_pareto_k"]) == ("nuts", 12.0, 1.3)
