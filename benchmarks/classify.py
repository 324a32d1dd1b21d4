"""Time the classification of many respondents on streaming polars against reading the same columns, and its peak memory.

    python benchmarks/classify.py [--rows 10000000] [--repeats 3] [--framework icls2018_adult] [--text]

The respondents are made up: an age and 12 items, five of involuntariness and seven of coercion, 2 % of the answers true
and 3 % unknown. The answers are stored as categories, as codes are, or with --text as texts. Reading is the floor: one
pass over the same columns that looks at every cell. Both run in processes of their own, so that the peak memory is
theirs. What to read is the ratio, not the seconds. Classifying reads the columns twice: once to check and count the
answers, and once for the outcome.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
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
LIMIT_RATIO, LIMIT_MB = 3.0, 600.0


def write_rows(folder: Path, rows: int, text: bool) -> None:
    """Write the made-up respondents as Parquet files of a million rows."""
    rng = np.random.default_rng(5)
    for part in range(-(-rows // 1_000_000)):
        size = min(1_000_000, rows - part * 1_000_000)
        frame = pl.DataFrame({"age": rng.integers(18, 70, size).astype(np.int16)} | _answers(rng, size))
        frame = frame if text else frame.with_columns(pl.col(ITEMS).cast(pl.Categorical))
        frame.write_parquet(folder / f"part{part:03}.parquet", row_group_size=GROUP)


def _answers(rng: np.random.Generator, size: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in ITEMS:
        true = "yes" if item in INVOLUNTARY else "experienced"
        found[item] = np.array(["no", true, "dk"])[rng.choice(3, size, p=[0.95, 0.02, 0.03])]
    return found


def read(folder: Path, _framework: str) -> dict[str, int]:
    """Read the columns and look at every cell."""
    scan = pl.scan_parquet(folder / "*.parquet")
    looked = scan.select(pl.col("age").sum(), *((pl.col(item) == "no").sum() for item in ITEMS))
    return looked.collect(engine="streaming").row(0, named=True)


def classify(folder: Path, framework: str) -> dict[str, int]:
    """Classify everybody, and add up the outcome."""
    import fl_estimate as fl

    people = fl.classify(pl.scan_parquet(folder / "*.parquet"), framework).people
    outcome = fl.Framework.read(framework).outcomes[0].id
    sums = people.select(pl.col(f"{outcome}{side}").sum() for side in ("", "_possible", "_in_scope"))
    return sums.collect(engine="streaming").row(0, named=True)


CALLS: dict[str, Callable[[Path, str], dict[str, int]]] = {"read": read, "classify": classify}


def measured(what: str, folder: Path, framework: str, repeats: int) -> dict[str, Any]:
    """Run one of the calls in a process of its own: median seconds after one that is not counted, and peak memory."""
    command = [sys.executable, __file__, "--inside", what, "--folder", str(folder), "--framework", framework]
    done = subprocess.run([*command, "--repeats", str(repeats)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def inside(what: str, folder: Path, framework: str, repeats: int) -> None:
    """What the process of its own does."""
    seconds: list[float] = []
    sums: dict[str, int] = {}
    for _ in range(repeats + 1):
        start = time.perf_counter()
        sums = CALLS[what](folder, framework)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds[1:]), "megabytes": peak(), "sums": sums}))


def peak() -> float:
    """Peak memory of this process in MB; the kernel's own figure, as getrusage counts that of the parent too."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the ratio and the peak memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--framework", default="icls2018_adult")
    parser.add_argument("--text", action="store_true", help="store the answers as texts")
    parser.add_argument("--inside", choices=CALLS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.inside, options.folder, options.framework, options.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), options.rows, options.text)
        found = {what: measured(what, Path(folder), options.framework, options.repeats) for what in CALLS}
    kind = "texts" if options.text else "categories"
    print(f"{options.rows:,} respondents, {len(ITEMS)} items as {kind}, {options.framework}; polars, streaming")
    print(f"{'what':12} {'seconds':>8} {'x reading':>10} {'peak MB':>8}")
    floor = found["read"]["seconds"]
    for what, entry in found.items():
        print(f"{what:12} {entry['seconds']:8.2f} {entry['seconds'] / floor:10.2f} {entry['megabytes']:8.0f}")
    print(f"found: {found['classify']['sums']}; wanted: at most {LIMIT_RATIO:g} x reading and {LIMIT_MB:g} MB")


if __name__ == "__main__":
    main()
