"""Simulate case lists whose number of people is known, and write the table of docs/explanation/capture_recapture_coverage.md.

python scripts/coverage_lists.py [--datasets 500] [--bootstrap 100] [--replicates 400] [--processes 2]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "capture_recapture_coverage_table.md"
SEED = 2021
CHANCES = {"A": 0.15, "B": 0.12, "C": 0.10, "D": 0.08, "E": 0.05}
Method = Callable[[fl.CaptureHistories, int], fl.Estimates]


def models() -> dict[str, Any]:
    """The populations, each with its number of people."""
    easy = cr.stated_model(600, {name: 2.5 * chance for name, chance in CHANCES.items()})
    hard = cr.stated_model(1400, {name: 0.6 * chance for name, chance in CHANCES.items()})
    pairs = [("LA", "NG"), ("LA", "PFNCA"), ("NG", "GO"), ("NG", "GP"), ("PFNCA", "GP"), ("GO", "GP")]
    return {
        "independent lists": cr.stated_model(2000, CHANCES),
        "one pair refers people (odds ratio 4)": cr.stated_model(2000, CHANCES, {("A", "B"): 4.0}),
        "two pairs refer, one avoids (4, 3, 1/4)": cr.stated_model(
            2000, CHANCES, {("A", "B"): 4.0, ("C", "D"): 3.0, ("A", "E"): 0.25}
        ),
        "people differ (600 easy, 1,400 hard to see)": cr.mixed_model([easy, hard]),
        "as the UK 2013, five lists": cr.fitted_model(fl.datasets.load("uk_2013_5"), pairs),
    }


LIKELIHOOD: dict[str, Method] = {
    "chapman of the first and third list": lambda h, _: cr.chapman(h, h.lists[0], h.lists[2], interval="log"),
    "chao, bias-corrected": lambda h, _: cr.chao(h, "bias-corrected"),
    "zelterman": lambda h, _: cr.zelterman(h),
    "closed, Mth-chao, Wald": lambda h, _: cr.closed(h, "Mth-chao", interval="wald"),
    "closed, Mth-darroch, Wald": lambda h, _: cr.closed(h, "Mth-darroch", interval="wald"),
    "main effects, Wald": lambda h, _: cr.loglinear(h, interval="wald"),
    "main effects, profile": lambda h, _: cr.loglinear(h, likelihood="multinomial"),
    "all pairs, Wald": lambda h, _: cr.loglinear(h, "two-way", interval="wald"),
    "stepwise 0.02, Wald given the model": lambda h, _: cr.select_stepwise(h, tails="poisson", interval="wald"),
    "AIC and p, profile given the model": lambda h, _: cr.select_aic_p(h),
    "BIC of pairs, Wald given the model": lambda h, _: cr.select_bic(h, interval="wald"),
}
BOOTSTRAP: dict[str, Method] = {
    "stepwise 0.02, percentile, n fixed": lambda h, b: cr.select_stepwise(
        h, tails="poisson", interval="percentile-fixed-n", replicates=b, seed=1
    ),
    "stepwise 0.02, BCa, n fixed": lambda h, b: cr.select_stepwise(
        h, tails="poisson", interval="bca-fixed-n", replicates=b, seed=1
    ),
    "BIC of pairs, top 20, BCa, n fixed": lambda h, b: cr.select_bic(
        h, top=20, interval="bca-fixed-n", replicates=b, seed=1
    ),
}


def cell(task: tuple[str, str, int, int]) -> dict[str, Any]:
    """One method on one population."""
    population, method, datasets, replicates = task
    call = (LIKELIHOOD | BOOTSTRAP)[method]
    found = cr.simulate(models()[population], lambda h: call(h, replicates), datasets=datasets, seed=SEED)
    figures = {str(name): figure for name, figure in found.summary().items()}
    return {"population": population, "method": method, **figures}


def written(table: pd.DataFrame, options: argparse.Namespace) -> str:
    """The table as Markdown, a part for each population."""
    head = (
        f"{options.datasets:,} data sets a row, {options.bootstrap:,} for bootstraps ({options.replicates:,} resamples each), "
        f"seed {SEED}, fl_estimate {package_version()}; nominal 95 %."
    )
    sizes = {name: (model.size, model.expected_observed) for name, model in models().items()}
    return "\n".join([head, *parts(table, sizes)]) + "\n"


def parts(table: pd.DataFrame, sizes: dict[str, tuple[int, float]]) -> Iterator[str]:
    """A head and a table for each population, of given people and people seen."""
    for population, (size, seen) in sizes.items():
        yield ""
        yield f"**{population[0].upper() + population[1:]}**: {size:,} people, {seen:,.0f} seen on average."
        yield ""
        yield "| method | bias | median error | RMSE of log N | interval covers | truth above | truth below | median width | refused |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
        for row in table[table["population"] == population].to_dict("records"):
            yield (
                f"| {row['method']} | {row['relative_bias']:+.1%} | {row['median_relative_error']:+.1%} | {row['log_rmse']:.2f} "
                f"| {row['coverage']:.1%} ± {row['coverage_se']:.1%} | {row['truth_above']:.1%} | {row['truth_below']:.1%} "
                f"| {row['median_width']:,.0f} | {row['refused']:.1%} |"
            )


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datasets", type=int, default=500)
    parser.add_argument("--bootstrap", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("error")
    start = time.perf_counter()
    tasks = [
        (population, method, options.datasets if method in LIKELIHOOD else options.bootstrap, options.replicates)
        for population in models()
        for method in (*LIKELIHOOD, *BOOTSTRAP)
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        table = pd.DataFrame(pool.map(cell, tasks))
    text = written(table, options)
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
