"""Time fl.impute against fl.classify of the same rows, and the peak memory of both.

    python benchmarks/imputation.py [--rows 100000 1000000] [--draws 20]

The respondents are made up: an age, a region, a unit and 12 items, 2 % of the answers true and 0.3 % unknown, so that one person in
a few hundred is open. Both calls run in processes of their own, on streaming polars, in the same run: what to read are the ratios,
not the seconds, which a loaded machine stretches. The time is that of the processor, since seconds by the clock are other people's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

INVOLUNTARY = ("r_birth_status", "w_low_no_wage", "w_diff_job", "w_hazard_nonconsent", "l_no_freedom_resign")
COERCION = ("c_violence", "c_threat_family", "c_locked", "c_debt", "c_wages_withheld", "c_docs", "c_dismissal")
ITEMS = (*INVOLUNTARY, *COERCION)
GROUP = 250_000
"""Rows of a row group: what streaming holds at a time."""
LIMIT_RATIO, LIMIT_MB = 45.0, 1_500.0
"""At the largest number of rows: how many times the processor time of classifying imputing may take, and its memory."""


def write_rows(folder: Path, rows: int) -> None:
    """Write the made-up respondents, in units of 50, as one Parquet file."""
    rng = np.random.default_rng(7)
    unit = np.arange(rows) // 50
    frame = pl.DataFrame(
        {
            "person_id": np.arange(rows),
            "age": rng.integers(18, 70, rows).astype(np.int16),
            "region": unit % 8,
            "ea": unit,
        }
        | {
            item: np.array(["no", "yes" if item in INVOLUNTARY else "experienced", "dk"])[
                rng.choice(3, rows, p=[0.977, 0.02, 0.003])
            ]
            for item in ITEMS
        }
    )
    frame.write_parquet(folder / "people.parquet", row_group_size=GROUP)


def _scan(folder: Path) -> pl.LazyFrame:
    return pl.scan_parquet(folder / "*.parquet")


def classify(folder: Path, _draws: int) -> dict[str, Any]:
    """Classify everybody, and add up the outcome."""
    import fl_estimate as fl

    people = fl.classify(_scan(folder)).people
    sums = people.select(pl.col(f"forced_labour{side}").sum() for side in ("", "_possible"))
    return sums.collect(engine="streaming").row(0, named=True)


def impute(folder: Path, draws: int) -> dict[str, Any]:
    """Classify everybody, find donors for whoever is open, and draw."""
    import fl_estimate as fl

    design = fl.Design(psu="ea", strata="region", unweighted=True)
    drawn = fl.impute(_scan(folder), design=design, draws=draws, seed=1, by="region")
    return {"recipients": len(drawn.recipients), "mean of the draws": float(drawn.drawn["forced_labour"].mean())}


CALLS: dict[str, Callable[[Path, int], dict[str, Any]]] = {"classify": classify, "impute": impute}


def measured(what: str, folder: Path, draws: int) -> dict[str, Any]:
    """Run one of the calls in a process of its own: processor seconds beside those of importing, and peak memory."""
    command = [sys.executable, __file__, "--inside", what, "--folder", str(folder), "--draws", str(draws)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def inside(what: str, folder: Path, draws: int) -> None:
    """Make the call and print what it took."""
    import fl_estimate as fl

    warm = pl.DataFrame(
        {"age": [30] * 12, "w_diff_job": ["yes"] * 12, "c_docs": ["experienced", "no"] * 5 + ["dk"] * 2}
    )
    fl.impute(warm, design=fl.Design(unweighted=True), draws=2, seed=1)  # what is loaded once is not counted
    start = time.process_time()
    found = CALLS[what](folder, draws)
    took = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "memory": memory, "found": found}))


def main(arguments: argparse.Namespace) -> int:
    """Print a line for each number of rows; 1 where the last is beyond the limits."""
    worst = 0.0, 0.0
    print(f"{'rows':>10} {'recipients':>10} {'classify':>10} {'impute':>10} {'ratio':>7} {'memory':>9} {'ratio':>7}")
    for rows in sorted(arguments.rows):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            write_rows(folder, rows)
            plain, drawn = (measured(what, folder, arguments.draws) for what in CALLS)
        worst = drawn["seconds"] / plain["seconds"], drawn["memory"]
        print(
            f"{rows:>10,} {drawn['found']['recipients']:>10,} {plain['seconds']:>8.2f} s {drawn['seconds']:>8.2f} s "
            f"{worst[0]:>7.1f} {drawn['memory']:>6,.0f} MB {drawn['memory'] / plain['memory']:>7.2f}",
            flush=True,
        )
    if worst[0] > LIMIT_RATIO or worst[1] > LIMIT_MB:
        print(f"beyond the limits: {LIMIT_RATIO:g} times the processor time, {LIMIT_MB:,.0f} MB")
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--inside", choices=CALLS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.inside, given.folder, given.draws)
    else:
        raise SystemExit(main(given))
