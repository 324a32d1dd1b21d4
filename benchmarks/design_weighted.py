"""Time by-domain prevalences, by linearisation and by 200 replicates, against floors, svy and R survey, in the same run.

    python benchmarks/design_weighted.py [--rows 1000000] [--repeats 5] [--peer PYTHON] [--r-rows 1000000] [--growth 100000 1000000]

The rows are made up: 100 strata of 50 primary sampling units, an outcome of 3 per thousand, 50 domains that lie across
all units (the hardest case for the table that the engine sends back: 250,000 groups) or within strata. Times are CPU
seconds of all threads, the least of the repeats, which a busy machine changes less than the clock's, with one
thread for polars and for BLAS; what to read is the ratio. `--peer` names an interpreter that has svy (PyPI); without it that
part is skipped. R's survey is timed where Rscript is found and has it, one call each (a minute or two), on the first
`--r-rows` of the same rows, ours too. Two floors: reading and adding up the columns with polars; and the same estimates written out in numpy
for just this file (two bincounts into units × domains, and what follows).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
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
COLUMNS = ["stratum", "psu", "weight", "forced_labour", "domain", "region"]
REPLICATES = 200


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


def least(call: Callable[[], Any], repeats: int) -> float:
    """CPU seconds of the quickest repeat, after one that is not counted."""
    call()
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def by(people: Any, column: str | None, design: fl.Design = DESIGN) -> fl.Estimates:
    """The call that is timed."""
    return fl.estimate_prevalence(people, "forced_labour", design=design, by=column, interval="wald")


def numpy_floor(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Shares and standard errors of 50 domains with nothing but what this file needs."""
    w, y = frame["weight"].to_numpy(), frame["forced_labour"].to_numpy()
    stratum, psu, domain = (frame[name].to_numpy().astype(np.int64) for name in ("stratum", "psu", "domain"))
    cell = (stratum * 50 + psu) * 50 + domain
    size = np.bincount(cell, weights=w, minlength=250_000).reshape(100, 50, 50)
    cases = np.bincount(cell, weights=w * y, minlength=250_000).reshape(100, 50, 50)
    value = cases.sum((0, 1)) / size.sum((0, 1))
    z = (cases - value * size) / size.sum((0, 1))
    return value, np.sqrt((50 / 49 * ((z - z.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)).sum(axis=0))


def replicated(people: Any) -> fl.Design:
    """The 200 replicates that are timed."""
    return fl.replicate(people, design=DESIGN, kind="rao-wu", replicates=REPLICATES, seed=1)


def against_floors(path: Path, repeats: int) -> dict[str, float]:
    """Print every call beside its floor; return the seconds."""
    scan, table = pl.scan_parquet(path), pl.read_parquet(path)
    frame = table.to_pandas()
    reading = least(lambda: scan.select(pl.col(COLUMNS).sum()).collect(engine="streaming"), repeats)
    adding = least(lambda: frame[COLUMNS].sum(), repeats)
    bare = least(lambda: numpy_floor(table), repeats)
    design = replicated(table)
    calls: dict[str, tuple[Callable[[], Any], float]] = {
        "polars file, nation": (lambda: by(scan, None), reading),
        "polars file, 50 regions within strata": (lambda: by(scan, "region"), reading),
        "polars file, 50 domains across all units": (lambda: by(scan, "domain"), reading),
        "pandas, 50 regions within strata": (lambda: by(frame, "region"), adding),
        "polars, 50 domains across all units": (lambda: by(table, "domain"), bare),
        "polars, 200 replicates made": (lambda: replicated(table), bare),
        "polars, 200 replicates, 50 domains": (lambda: by(table, "domain", design), bare),
    }
    print(f"floors: read and add up {len(COLUMNS)} columns {reading:.3f} s, add up in pandas {adding:.3f} s,")
    print(f"        50 domains in numpy alone {bare:.3f} s")
    print(f"{'what':44} {'seconds':>8} {'x floor':>8}")
    seconds: dict[str, float] = {}
    for name, (call, base) in calls.items():
        seconds[name] = least(call, repeats)
        print(f"{name:44} {seconds[name]:8.3f} {seconds[name] / base:8.1f}")
    value, se = numpy_floor(table)
    ours = by(table, "domain").to_frame().iloc[1:]
    print(
        f"largest difference to numpy: value {gap(ours['value'], value):.0e}, se {gap(ours['se'], se):.0e} (relative)"
    )
    return seconds


def gap(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(np.asarray(ours, dtype=float) / np.asarray(theirs, dtype=float) - 1)))


def against_svy(path: Path, repeats: int, peer: str, seconds: dict[str, float]) -> None:
    """Print the ratios to svy, run by its own interpreter on the same file."""
    script = Path(__file__).with_name("peer_svy.py")
    command = [peer, str(script), str(path), str(repeats), str(REPLICATES)]
    answers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    ours = by(pl.read_parquet(path), "domain").to_frame().iloc[1:]
    print(f"svy {answers['version']}, same file, same machine; peak memory {answers['peak_mb']:,.0f} MB")
    print(
        f"largest difference: value {gap(ours['value'], answers['value']):.0e}, se {gap(ours['se'], answers['se']):.0e}"
    )
    pairs = {
        "50 domains, Taylor": ("taylor", "polars, 50 domains across all units"),
        "200 replicates made": ("replicates_made", "polars, 200 replicates made"),
        "200 replicates, 50 domains": ("replicates", "polars, 200 replicates, 50 domains"),
    }
    print_ratios("svy", {name: (answers[theirs], seconds[own]) for name, (theirs, own) in pairs.items()})


def print_ratios(peer: str, pairs: dict[str, tuple[float, float]]) -> None:
    """Print seconds of a peer and ours, by call."""
    print(f"{'what':44} {peer:>8} {'ours':>8} {peer + '/ours':>12}")
    for name, (theirs, own) in pairs.items():
        print(f"{name:44} {theirs:8.3f} {own:8.3f} {theirs / own:12.1f}")


def has_survey() -> bool:
    """Whether R is here and has its survey package."""
    if shutil.which("Rscript") is None:
        return False
    asked = subprocess.run(
        ["Rscript", "-e", 'cat(requireNamespace("survey", quietly = TRUE))'], capture_output=True, text=True
    )
    return asked.returncode == 0 and asked.stdout.endswith("TRUE")


def against_survey(path: Path, rows: int, repeats: int) -> None:
    """Print the ratios to R survey, run by Rscript on the first rows of the same file."""
    table = pl.read_parquet(path, n_rows=rows)
    csv = path.with_suffix(".csv")
    table.write_csv(csv)
    command = ["Rscript", str(Path(__file__).with_name("peer_survey.R")), str(csv), str(REPLICATES)]
    answers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    design = replicated(table)
    seconds = {
        "taylor": least(lambda: by(table, "domain"), repeats),
        "replicates_made": least(lambda: replicated(table), repeats),
        "replicates": least(lambda: by(table, "domain", design), repeats),
    }
    ours = by(table, "domain").to_frame().iloc[1:]
    print(f"R survey {answers['version']}, {len(table):,} of the same rows, one call each")
    print(
        f"largest difference: value {gap(ours['value'], answers['value']):.0e}, se {gap(ours['se'], answers['se']):.0e}"
    )
    names = {
        "taylor": "50 domains, Taylor (svyby)",
        "replicates_made": "200 replicates made (as.svrepdesign)",
        "replicates": "200 replicates, 50 domains (svyby)",
    }
    print_ratios("R", {name: (answers[key], seconds[key]) for key, name in names.items()})


def _megabytes(kept: str) -> float:
    """VmRSS (in use now) or VmHWM (the most so far) of this process; Linux only, NaN elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return next(float(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(kept)) / 1024


def _peak(path: Path, replicates: bool, pipe: Any) -> None:
    # A first small call brings in the packages that are imported when needed.
    small = pl.read_parquet(path, n_rows=50_000)
    by(small, "region", replicated(small))
    table = pl.read_parquet(path)
    before = _megabytes("VmRSS")
    by(table, "domain", replicated(table) if replicates else DESIGN)
    pipe.send((table.estimated_size() / 1e6, before, _megabytes("VmHWM")))


def memory(path: Path) -> None:
    """Print the peak of a fresh process that reads the table and estimates, beside that of reading it alone."""
    for name, replicates in (("Taylor", False), ("200 replicates", True)):
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_peak, args=(path, replicates, theirs))
        process.start()
        size, before, after = ours.recv()
        process.join()
        print(f"{name}: table {size:,.0f} MB; process with the table {before:,.0f} MB, at its peak {after:,.0f} MB")


def growth(sizes: list[int], repeats: int) -> None:
    """Print seconds by number of rows, from the Parquet file."""
    print(f"{'rows':>12} {'reading':>8} {'50 regions':>11} {'50 domains':>11} {'200 replicates':>15}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "people.parquet"
            write_rows(path, rows)
            scan = pl.scan_parquet(path)
            design = replicated(scan)
            times = [
                least(lambda scan=scan: scan.select(pl.col(COLUMNS).sum()).collect(engine="streaming"), repeats),
                least(lambda scan=scan: by(scan, "region"), repeats),
                least(lambda scan=scan: by(scan, "domain"), repeats),
                least(lambda scan=scan, design=design: by(scan, "domain", design), repeats),
            ]
        print(f"{rows:12,} {times[0]:8.3f} {times[1]:11.3f} {times[2]:11.3f} {times[3]:15.3f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer", help="an interpreter that has svy")
    parser.add_argument("--r-rows", type=int, default=1_000_000, help="rows for R's survey; 0 leaves it out")
    parser.add_argument("--growth", type=int, nargs="*", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        write_rows(path, options.rows)
        print(f"{options.rows:,} rows")
        seconds = against_floors(path, options.repeats)
        memory(path)
        if options.peer:
            against_svy(path, options.repeats, options.peer, seconds)
        else:
            print("svy: skipped, no --peer interpreter")
        if not options.r_rows or not has_survey():
            print("R survey: skipped, " + ("no Rscript with the survey package" if options.r_rows else "--r-rows 0"))
        else:
            against_survey(path, min(options.r_rows, options.rows), options.repeats)
    if options.growth:
        growth(options.growth, options.repeats)


if __name__ == "__main__":
    main()
