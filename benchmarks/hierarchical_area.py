"""Time the area model by numerical integration against NUTS on the same areas, in the same run.

    python benchmarks/hierarchical_area.py [--areas 24 200 1500] [--repeats 3] [--only batch|samplers|posterior|plain|again]

Parts: `batch` fits 100 areas for 10 outcomes; `samplers` times both; `posterior` compares what both say; `plain` sets effective
draws a second of our sampling (compiled once, nutpie) beside `pm.sample` as it comes, on the same model; `again` fits one model
ten times.

The areas are made up: about 1,000 people asked in each, a prevalence around 6 per thousand with sigma 0.5 and one
covariate, a tenth of the areas without sample. The first NUTS call of a process also compiles; it is timed apart.
What to read is the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

import fl_estimate as fl


def made_up(areas: int, outcome: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Direct estimates and covariates of made-up areas."""
    rng = np.random.default_rng([areas, outcome])
    x = rng.standard_normal(areas)
    p = special.expit(-5.1 + 0.5 * x + 0.5 * rng.standard_normal(areas))
    n = np.where(rng.random(areas) < 0.1, 0, rng.integers(400, 1_600, areas))
    cases, names = rng.binomial(n, p), np.arange(areas)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, cases / n, np.nan)
    # The standard error of a normal likelihood must not be 0: half a case is added for it.
    se = np.sqrt(1.2 * (cases + 0.5) / np.maximum(n, 1) ** 2)
    deff = np.where(cases > 0, 1.2, np.nan)
    direct = pd.DataFrame(
        {"area": names, "value": value, "se": np.where(n > 0, se, np.nan), "n": n, "cases": cases, "deff": deff}
    )
    return direct, pd.DataFrame({"area": names, "x": x})


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median time of some calls."""
    taken: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def batch(likelihood: Any) -> tuple[float, float]:
    """100 areas and 10 outcomes, 4,000 joint draws each: seconds on the clock and of the processor."""
    tables = [made_up(100, outcome) for outcome in range(10)]

    def run() -> None:
        for direct, covariates in tables:
            fl.hierarchical.area(direct, covariates=covariates, likelihood=likelihood, seed=1)

    run()
    start = time.process_time()
    wall = seconds(run, 3)
    return wall, (time.process_time() - start) / 3


def fit(sampler: Any, areas: int = 24, outcome: int = 0, likelihood: Any = "binomial", **settings: Any) -> fl.Estimates:
    """The model with one covariate on made-up areas."""
    direct, covariates = made_up(areas, outcome)
    return fl.hierarchical.area(
        direct, covariates=covariates, likelihood=likelihood, sampler=sampler, **{"seed": 1, **settings}
    )


def posterior() -> None:
    """Grid and NUTS on the same areas: the largest distance, in standard errors of the chains."""
    print(
        f"{'likelihood':14} {'grid ESS':>9} {'NUTS ESS':>9} {'value':>6} {'lower':>6} {'upper':>6}  (distance / 1 MCSE, of 24 areas)"
    )
    for likelihood in ("binomial", "beta-binomial", "normal"):
        grid, nuts = fit("grid", likelihood=likelihood), fit("nuts", likelihood=likelihood, draws=8_000)
        first, second = grid.to_frame(), nuts.to_frame()
        worth = min(nuts.diagnostics["ess_bulk_min"], nuts.diagnostics["ess_tail_min"])
        # Standard error of a quantile of independent normal draws, in standard deviations: sqrt(p(1 − p))/density.
        far = {
            column: float((abs(first[column] - second[column]) / (height * second["se"])).max() * worth**0.5)
            for column, height in (("value", 1.25), ("lower", 2.67), ("upper", 2.67))
        }
        ess = grid.diagnostics.get("importance_ess", float("inf"))
        print(f"{likelihood:14} {ess:9.0f} {worth:9.0f} {far['value']:6.2f} {far['lower']:6.2f} {far['upper']:6.2f}")


def plain() -> None:
    """Effective draws a second of ours and of `pm.sample`, each in a model of its own: compiling, sampling, and both."""
    print(
        f"{PLAIN_AREAS} areas, {PLAIN_CHAINS} chains of {PLAIN_DRAWS} draws after {PLAIN_TUNING}, target 0.95, one core;"
        " smallest effective size of bulk over areas and parameters"
    )
    print(f"{'':34} {'compile s':>9} {'sample s':>9} {'ESS':>6} {'ESS/s':>8} {'with compilation':>17}")
    first, second = _apart(_ours)
    _tell("ours, first fit", first)
    _tell("ours, other data, compiled already", second)
    for name in ("nutpie", "pymc"):
        (one,) = _apart(_by_pymc, name)
        _tell(f"pm.sample, {name}", one)
        print(
            f"{'':34} with compilation ours gives {first.rate_in_all / one.rate_in_all:.1f} times as many a second,"
            f" on other data {second.rate_in_all / one.rate_in_all:.1f} times"
        )
    grid = seconds(lambda: fit("grid", areas=PLAIN_AREAS), 3)
    print(
        f"{'grid: 4,000 independent draws':34} {0:9.2f} {grid:9.3f} {4_000:6} {4_000 / grid:8.0f} {4_000 / grid:17.0f}"
    )


PLAIN_AREAS, PLAIN_CHAINS, PLAIN_DRAWS, PLAIN_TUNING = 24, 2, 1_000, 1_000


@dataclass(frozen=True)
class Timed:
    """Seconds on the clock and what they gave."""

    compiling: float
    sampling: float
    ess: float

    @property
    def rate_in_all(self) -> float:
        return self.ess / (self.compiling + self.sampling)


def _tell(what: str, one: Timed) -> None:
    seconds_each = f"{one.compiling:9.2f} {one.sampling:9.2f}"
    print(f"{what:34} {seconds_each} {one.ess:6.0f} {one.ess / one.sampling:8.0f} {one.rate_in_all:17.0f}", flush=True)


def _recipe(outcome: int) -> Any:
    """What the library hands to its sampler, caught on the way."""
    from fl_estimate.estimators.hierarchical.engines import nuts, samplers

    caught: list[Any] = []

    class Caught(Exception):
        """Nothing need be sampled here."""

    def catching(model: Any, _ask: Any) -> Any:
        caught.append(model)
        raise Caught

    before, samplers.sample_nuts = samplers.sample_nuts, catching
    try:
        fit("nuts", areas=PLAIN_AREAS, outcome=outcome)
    except Caught:
        pass
    finally:
        samplers.sample_nuts = before
    return nuts.recipe(caught[0])


def _worst(tree: Any, recipe: Any) -> float:
    import arviz as az

    draws = tree["posterior"].to_dataset()[list(recipe.names)].isel(theta_dim_0=slice(PLAIN_AREAS))
    found: Any = az.ess(draws, method="bulk")
    return min(float(found[name].min()) for name in recipe.names)


def _wake() -> None:
    """Load and start both libraries by a model of one number, so that neither side is charged for it."""
    import nutpie
    import pymc as pm

    sampler: Any = nutpie
    with pm.Model() as model:
        pm.Normal("x")
    sampler.compile_pymc_model(model)
    pm.sample(draws=10, tune=10, chains=1, nuts_sampler="pymc", progressbar=False, quiet=True, model=model)


def _apart(part: Callable[..., list[Timed]], *arguments: Any) -> list[Timed]:
    """Run in a process of its own that has compiled nothing before, in memory or on disk."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={folder}"
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(part, *arguments).result()


def _ours() -> list[Timed]:
    """As `estimators/sampling.py` does: compiled once, then fed with data."""
    import nutpie

    _wake()
    sampler: Any = nutpie
    compiled: Any = None
    timed: list[Timed] = []
    for outcome in range(2):
        recipe = _recipe(outcome)
        start = time.perf_counter()
        if compiled is None:
            compiled = sampler.compile_pymc_model(recipe.build(recipe.data))
        ready = time.perf_counter()
        tree = sampler.sample(
            compiled.with_data(**recipe.data), draws=PLAIN_DRAWS, tune=PLAIN_TUNING, chains=PLAIN_CHAINS, cores=1,
            seed=1, target_accept=0.95, progress_bar=False, save_warmup=False,
        )  # fmt: skip
        timed.append(Timed(ready - start, time.perf_counter() - ready, _worst(tree, recipe)))
    return timed


def _by_pymc(name: Any) -> list[Timed]:
    """`pm.sample` on the same model and data, which compiles at every call; it notes how long it sampled."""
    import pymc as pm

    _wake()
    recipe = _recipe(0)
    start = time.perf_counter()
    tree = pm.sample(
        draws=PLAIN_DRAWS, tune=PLAIN_TUNING, chains=PLAIN_CHAINS, cores=1, random_seed=1, target_accept=0.95,
        progressbar=False, quiet=True, compute_convergence_checks=False, nuts_sampler=name, model=recipe.build(recipe.data),
    )  # fmt: skip
    whole = time.perf_counter() - start
    sampling = float(tree["posterior"].attrs["sampling_time"])
    return [Timed(whole - sampling, sampling, _worst(tree, recipe))]


def again() -> None:
    """One model, ten outcomes: compiled once."""
    taken: list[float] = []
    for outcome in range(10):
        start = time.perf_counter()
        fit("nuts", areas=40, outcome=outcome)
        taken.append(time.perf_counter() - start)
    print(f"NUTS on 40 areas: first fit {taken[0]:.2f} s, second {taken[1]:.2f} s, tenth {taken[9]:.2f} s")


PARTS: tuple[str, ...] = ("batch", "samplers", "posterior", "plain", "again")


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--areas", type=int, nargs="+", default=[24, 200, 1_500])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for part in options.only:
        if part == "batch":
            for likelihood in ("normal", "binomial", "beta-binomial"):
                wall, processor = batch(likelihood)
                print(f"100 areas x 10 outcomes, {likelihood}: {wall:.2f} s, of the processor {processor:.2f} s")
        elif part == "samplers":
            both_samplers(options.areas, options.repeats)
        else:
            {"posterior": posterior, "plain": plain, "again": again}[part]()


def both_samplers(sizes: list[int], repeats: int) -> None:
    """Time grid and NUTS."""
    print(f"{'likelihood':10} {'areas':>6} {'grid s':>8} {'NUTS s':>8} {'first NUTS s':>13} {'NUTS/grid':>10}")
    for likelihood in ("binomial", "normal"):
        for areas in sizes:
            direct, covariates = made_up(areas)

            def run(
                sampler: Any, direct: Any = direct, covariates: Any = covariates, likelihood: Any = likelihood
            ) -> fl.Estimates:
                return fl.hierarchical.area(
                    direct, covariates=covariates, likelihood=likelihood, sampler=sampler, seed=1
                )

            seconds(lambda run=run: run("grid"), 1)
            grid = seconds(lambda run=run: run("grid"), repeats)
            first = seconds(lambda run=run: run("nuts"), 1)
            nuts = seconds(lambda run=run: run("nuts"), repeats)
            print(f"{likelihood:10} {areas:6} {grid:8.3f} {nuts:8.2f} {first:13.2f} {nuts / grid:10.1f}")


if __name__ == "__main__":
    main()
