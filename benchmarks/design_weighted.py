"""Time a by-domain prevalence on many rows against the floor: reading and adding up the same columns, in the same run.

    python benchmarks/design_weighted.py [--rows 1000000] [--repeats 5]

The rows are made up: 100 strata of 50 primary sampling units, an outcome of 3 per thousand, 50 domains that lie across
all units (the hardest case for the table that the engine sends back: 250,000 groups) or within strata. Times are
medians; what to read is the ratio to the floor, not the seconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import fl_estimate as fl

DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")
COLUMNS = ["stratum", "psu", "weight", "forced_labour", "domain", "region"]


def write_rows(path: Path, rows: int) -> None:
    """Write the made-up people as Parquet."""
    rng = np.random.default_rng(9)
    stratum = rng.integers(0, 100, rows)
    pl.DataFrame(
        {
            "stratum": stratum.astype(np.int16),
            "psu": rng.integers(0, 50, rows).astype(np.int16),
            "weight": rng.uniform(1, 9, rows),
            "forced_labour": (rng.random(rows) < 0.003).astype(np.int8),
            "domain": rng.integers(0, 50, rows).astype(np.int16),
            "region": (stratum // 2).astype(np.int16),
        }
    ).write_parquet(path, row_group_size=500_000)


def median(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of the median repeat, after one that is not counted."""
    call()
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        write_rows(path, options.rows)
        scan, frame = pl.scan_parquet(path), pl.read_parquet(path).to_pandas()
        floor = median(lambda: scan.select(pl.col(COLUMNS).sum()).collect(engine="streaming"), options.repeats)
        pandas_floor = median(lambda: frame[COLUMNS].sum(), options.repeats)
        print(f"{options.rows:,} rows; floor: read and add up {len(COLUMNS)} columns")
        print(f"{'what':44} {'seconds':>8} {'x floor':>8}")
        calls: dict[str, tuple[Callable[[], Any], float]] = {
            "polars, nation": (lambda: fl.estimate_prevalence(scan, "forced_labour", design=DESIGN), floor),
            "polars, 50 regions within strata": (lambda: by(scan, "region"), floor),
            "polars, 50 domains across all units": (lambda: by(scan, "domain"), floor),
            "pandas, 50 regions within strata": (lambda: by(frame, "region"), pandas_floor),
        }
        for name, (call, base) in calls.items():
            seconds = median(call, options.repeats)
            print(f"{name:44} {seconds:8.3f} {seconds / base:8.1f}")
        print(
            f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB, the pandas frame included"
        )


def by(people: Any, column: str) -> fl.Estimates:
    """The call that is timed."""
    return fl.estimate_prevalence(people, "forced_labour", design=DESIGN, by=column)


if __name__ == "__main__":
    main()
