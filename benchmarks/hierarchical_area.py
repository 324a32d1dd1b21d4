"""Time the area model by numerical integration against NUTS on the same areas, in the same run.

    python benchmarks/hierarchical_area.py [--areas 24 200 1500] [--repeats 3]

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


def batch(likelihood: Any) -> float:
    """100 areas and 10 outcomes, 4,000 joint draws each: seconds."""
    tables = [made_up(100, outcome) for outcome in range(10)]

    def run() -> None:
        for direct, covariates in tables:
            fl.hierarchical.area(direct, covariates=covariates, likelihood=likelihood, seed=1)

    run()
    return seconds(run, 3)


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, nargs="+", default=[24, 200, 1_500])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'likelihood':10} {'areas':>6} {'grid s':>8} {'NUTS s':>8} {'first NUTS s':>13} {'NUTS/grid':>10}")
    for likelihood in ("binomial", "normal"):
        for areas in options.areas:
            direct, covariates = made_up(areas)

            def run(
                sampler: Any, direct: Any = direct, covariates: Any = covariates, likelihood: Any = likelihood
            ) -> fl.Estimates:
                return fl.hierarchical.area(
                    direct, covariates=covariates, likelihood=likelihood, sampler=sampler, seed=1
                )

            seconds(lambda run=run: run("grid"), 1)
            grid = seconds(lambda run=run: run("grid"), options.repeats)
            first = seconds(lambda run=run: run("nuts"), 1)
            nuts = seconds(lambda run=run: run("nuts"), options.repeats)
            print(f"{likelihood:10} {areas:6} {grid:8.3f} {nuts:8.2f} {first:13.2f} {nuts / grid:10.1f}")
    for likelihood in ("normal", "binomial", "beta-binomial"):
        print(f"100 areas x 10 outcomes, {likelihood}: {batch(likelihood):.2f} s")


if __name__ == "__main__":
    main()
