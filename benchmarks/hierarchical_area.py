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
import statistics
import time
from collections.abc import Callable
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
    """Effective draws a second, compilation counted and not: ours, the same model by pm.sample, and the grid."""
    import arviz as az
    import pymc as pm

    from fl_estimate.estimators.hierarchical import samplers
    from fl_estimate.estimators.hierarchical.nuts import recipe
    from fl_estimate.estimators.sampling import CHAINS

    caught: list[Any] = []
    sample_nuts = samplers.sample_nuts

    def catching(model: Any, ask: Any) -> Any:
        caught.append(model)
        return sample_nuts(model, ask)

    samplers.sample_nuts = catching
    fit("nuts")
    again = seconds(lambda: fit("nuts"), 3)
    ess = fit("nuts").diagnostics["ess_bulk_min"]
    samplers.sample_nuts = sample_nuts
    ours = recipe(caught[0])
    print(f"ours, compiled already      {again:6.2f} s  {ess / again:8.0f} effective draws a second")
    for name in (None, "pymc"):
        start = time.perf_counter()
        tree = pm.sample(
            draws=2_000, tune=1_000, chains=CHAINS, random_seed=1, target_accept=0.95, progressbar=False, quiet=True,
            nuts_sampler=name, model=ours.build(ours.data),
        )  # fmt: skip
        taken = time.perf_counter() - start
        draws = tree["posterior"].to_dataset()[list(ours.names)].isel(theta_dim_0=slice(24))
        effective = min(float(az.ess(draws, method="bulk")[each].min()) for each in ours.names)
        said = f"pm.sample ({name or 'its default, nutpie'})"
        print(
            f"{said:27} {taken:6.2f} s  {effective / taken:8.0f} effective draws a second; ours {ess / again / (effective / taken):.1f} times"
        )
    grid = seconds(lambda: fit("grid"), 3)
    print(f"grid                        {grid:6.3f} s  {4_000 / grid:8.0f} independent draws a second")


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
