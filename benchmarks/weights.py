"""Time raking to five margins, what is estimated with raked weights, and medians in 50 domains; against svy in the same run.

    python benchmarks/weights.py [--rows 1000000] [--peer PYTHON]

The rows are made up: 100 strata of 50 primary sampling units, five margins of two to eight classes, wages in steps of 0.01.
Times are CPU seconds of all threads, with one thread for polars and for BLAS; what to read is the ratio. `--peer` names an
interpreter that has svy (PyPI); without it that part is skipped. The floor is one sort of the wages within domains, in numpy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _threads in ("OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402 (after the number of threads is set)
import polars as pl  # noqa: E402

import fl_estimate as fl  # noqa: E402

DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")
CLASSES = {"sex": 2, "age": 6, "region": 8, "education": 5, "household_size": 4}


def write_rows(path: Path, rows: int) -> None:
    """Write the made-up people as Parquet."""
    rng = np.random.default_rng(17)
    margins = {name: rng.integers(0, classes, rows).astype(np.int8) for name, classes in CLASSES.items()}
    pl.DataFrame(
        {
            "stratum": rng.integers(0, 100, rows).astype(np.int16),
            "psu": rng.integers(0, 50, rows).astype(np.int16),
            "weight": rng.uniform(1, 9, rows),
            "domain": rng.integers(0, 50, rows).astype(np.int16),
            "wage": np.round(rng.gamma(3, 20, rows) * (1 + 0.1 * margins["education"]), 2),
            **margins,
        }
    ).write_parquet(path)


def known_totals(frame: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Totals that are up to a tenth away from those of the sample, each margin of the same sum."""
    rng = np.random.default_rng(3)
    whole = float(frame["weight"].sum()) * 1.05
    found: dict[str, dict[str, float]] = {}
    for name in CLASSES:
        sums = frame.group_by(name).agg(pl.col("weight").sum()).sort(name)
        moved = sums["weight"].to_numpy() * rng.uniform(0.9, 1.1, len(sums))
        moved *= whole / moved.sum()
        found[name] = dict(zip(map(str, sums[name].to_list()), moved.tolist(), strict=True))
    return found


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds and the answer."""
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def sorted_floor(frame: pl.DataFrame) -> np.ndarray:
    """The medians of 50 domains with nothing but what they need."""
    y, w, d = frame["wage"].to_numpy(), frame["weight"].to_numpy(), frame["domain"].to_numpy()
    order = np.lexsort((y, d))
    starts = np.searchsorted(d[order], np.arange(51))
    found = np.empty(50)
    for domain in range(50):
        part = order[starts[domain] : starts[domain + 1]]
        added = np.cumsum(w[part])
        found[domain] = y[part][np.searchsorted(added, 0.5 * added[-1])]
    return found


def gap(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(np.asarray(ours, dtype=float) / np.asarray(theirs, dtype=float) - 1)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer", help="an interpreter that has svy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        write_rows(path, options.rows)
        frame = pl.read_parquet(path)
        margins = known_totals(frame)
        fl.calibrate(
            frame.head(10_000), {"sex": {"0": 1e4, "1": 1e4}}, design=DESIGN
        )  # brings in what is imported when needed
        seconds: dict[str, float] = {}
        seconds["rake"], (people, design) = timed(lambda: fl.calibrate(frame, margins, design=DESIGN))
        met = people.group_by("age").agg(pl.col(design.weights).sum()).sort("age")[design.weights].to_numpy()
        off = gap(met, list(margins["age"].values()))
        seconds["mean"], mean = timed(lambda: fl.estimate_mean(people, "wage", design=design, by="domain"))
        seconds["median"], median = timed(lambda: fl.estimate_quantile(frame, "wage", design=DESIGN, by="domain"))
        floor, bare = timed(lambda: sorted_floor(frame))
        ours = mean.to_frame().iloc[1:], median.to_frame().iloc[1:]
        print(
            f"{options.rows:,} rows; margins are met within {off:.0e}; medians differ from the floor by {gap(ours[1]['value'], bare):.0e}"
        )
        theirs: dict[str, Any] = {}
        if options.peer:
            script = Path(__file__).with_name("peer_svy_weights.py")
            command = [options.peer, str(script), str(path), json.dumps(margins)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            theirs = json.loads(done.stdout.splitlines()[-1])
            print(f"svy {theirs['version']}, peak memory {theirs['peak_mb']:,.0f} MB; difference of the raked means by domain: value "
                  f"{gap(ours[0]['value'], theirs['mean_value']):.0e}, se {gap(ours[0]['se'], theirs['mean_se']):.0e}; of the medians "
                  f"{gap(ours[1]['value'], theirs['median_value']):.0e}")  # fmt: skip
        print(f"{'what':52} {'ours':>8} {'svy':>8} {'svy/ours':>9}")
        names = {
            "rake": "raked to five margins",
            "mean": "mean in 50 domains, variance of residuals",
            "median": "median in 50 domains, with interval",
        }
        for key, name in names.items():
            other = f"{theirs[key]:8.2f} {theirs[key] / seconds[key]:9.1f}" if theirs else ""
            print(f"{name:52} {seconds[key]:8.2f} {other}")
        print(f"{'medians by one sort in numpy, no interval (floor)':52} {floor:8.2f}")


if __name__ == "__main__":
    main()
