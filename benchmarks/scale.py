"""Time one study of a large file on several engines: classes, prevalence by linearisation and by 1,000 replicates.

    python benchmarks/scale.py [--rows 1000000] [--engines polars duckdb dask spark] [--repeats 3] [--folder FOLDER] [--texts-only]

The rows are made up and always the same: 200 strata of 10 primary sampling units, an age, four items (two of
involuntariness, two of coercion; 1 % true and 3 % unknown) stored as categories and once more as texts, 50 regions that
lie within strata and 50 domains that lie across all units (100,000 groups), in row groups of 500,000. The study asks for
the outcome `forced_labour` alone. Each engine runs in a process of its own, after a small study that is not counted and
brings in the packages that are imported when needed. The floor is polars reading and adding up the same columns, in a
process of its own too.

What to read are the ratios. What grows with the rows is (seconds at N − seconds at N/100) over the floor at N, in CPU
seconds of all threads and in seconds of the clock; what does not grow is the seconds at N/100. Peak memory is the
kernel's figure for the process. Java, in which Spark runs, is a process of its own: its seconds and memory are counted in,
its start is not. pyspark is in no environment of the project: `make spark` puts it where PYTHONPATH=out/pyspark finds it.
"""

from __future__ import annotations

import argparse
import json
import os
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

STRATA, UNITS, AREAS, GROUP, REPLICATES = 200, 10, 50, 500_000, 1_000
FEWEST = 10_000
"""Rows of a small study at least: of 1,000 some strata would have one unit in the file, of which there is no variance."""
ITEMS = {"w_low_no_wage": "yes", "w_diff_job": "yes", "c_violence": "experienced", "c_docs": "experienced"}
"""The items, with the answer that makes each true."""
TEXT = "text_"
"""Begins the names of the columns that hold the items once more, as texts."""
NUMBERS = ("stratum", "psu", "weight", "age")
STUDIES = {"nested": ("region", False), "crossing": ("domain", False), "texts": ("region", True)}
"""Column of the domains, and whether the items are read as texts."""
TARGETS = {
    "nested": {"polars": 2.0, "duckdb": 3.0, "dask": 5.0, "spark": 9.0},
    "crossing": {"polars": 5.0, "duckdb": 7.0},
}


def write_rows(path: Path, rows: int) -> None:
    """Write the made-up people, a row group at a time, so that any number of rows fits; no two weights are equal."""
    import pyarrow.parquet as pq

    rng, writer = np.random.default_rng(28), None
    for start in range(0, rows, GROUP):
        table = _group(rng, min(GROUP, rows - start)).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=GROUP)
    if writer is not None:
        writer.close()


def _group(rng: np.random.Generator, size: int) -> pl.DataFrame:
    stratum = rng.integers(0, STRATA, size)
    columns: dict[str, Any] = {
        "stratum": stratum.astype(np.int16),
        "psu": rng.integers(0, UNITS, size).astype(np.int16),
        "weight": rng.uniform(1, 9, size),
        "age": rng.integers(18, 70, size).astype(np.int16),
        "region": (stratum // (STRATA // AREAS)).astype(np.int16),
        "domain": rng.integers(0, AREAS, size).astype(np.int16),
    }
    for item, true in ITEMS.items():
        columns[TEXT + item] = np.array(["no", true, "dk"])[rng.choice(3, size, p=[0.96, 0.01, 0.03])]
    frame = pl.DataFrame(columns)
    kinds = {item: pl.Enum(["no", true, "dk"]) for item, true in ITEMS.items()}
    return frame.with_columns(
        pl.col(TEXT + item).cast(kind).cast(pl.Categorical).alias(item) for item, kind in kinds.items()
    )


# --- what is timed ----------------------------------------------------------------------------------------------


def read_polars(path: Path) -> Any:
    """The file as a lazy frame of polars."""
    return pl.scan_parquet(path)


def read_duckdb(path: Path) -> Any:
    """The file as a relation of DuckDB."""
    import duckdb

    return duckdb.connect().read_parquet(str(path))


def read_dask(path: Path) -> Any:
    """The file as a frame of Dask, a part for each row group."""
    import dask.dataframe as dd

    return dd.read_parquet(path, dtype_backend="pyarrow", split_row_groups=True)  # pyright: ignore[reportArgumentType]


def read_spark(path: Path) -> Any:
    """The file as a frame of Spark on this machine; its start is not timed, for the small study before has it made."""
    from fl_estimate.inputs.engines import spark

    return spark().read.parquet(path.resolve().as_uri())


READERS: dict[str, Callable[[Path], Any]] = {
    "polars": read_polars,
    "duckdb": read_duckdb,
    "dask": read_dask,
    "spark": read_spark,
}
"""How each engine opens the file; no row is read."""


def opened(engine: str, path: Path, by: str, texts: bool) -> Any:
    """The columns that a study needs, under the names of the items."""
    import narwhals as nw

    from fl_estimate.inputs.partitions import narwhal

    frame: Any = narwhal(READERS[engine](path))
    items = [nw.col(TEXT + item if texts else item).alias(item) for item in ITEMS]
    return frame.select(*NUMBERS, by, *items).to_native()


def floor(path: Path, by: str, texts: bool) -> Any:
    """Read the columns of a study and add them up."""
    items = [(pl.col(TEXT + item if texts else item) == "no").sum() for item in ITEMS]
    return pl.scan_parquet(path).select(pl.col(*NUMBERS, by).sum(), *items).collect(engine="streaming")


def study(people: Any, by: str) -> list[float]:
    """Classes, prevalences by domain with linearised variances, replicates, and prevalences with these."""
    import fl_estimate as fl

    classified = fl.classify(people, outcomes="forced_labour", short_instrument=True)
    design = fl.Design(weights="weight", strata="stratum", psu="psu")
    linearised = fl.estimate_prevalence(classified, "forced_labour", design=design, by=by)
    replicated = fl.replicate(classified, design=design, kind="rao-wu", replicates=REPLICATES, seed=1)
    resampled = fl.estimate_prevalence(classified, "forced_labour", design=replicated, by=by)
    return [float(linearised.to_frame()["value"].iloc[0]), float(resampled.to_frame()["se"].iloc[0])]


def inside(engine: str, path: Path, small: Path, repeats: int, kind: str) -> None:
    """What the process of its own does: a small study that is not counted, then the least seconds of the repeats."""
    by, texts = STUDIES[kind]

    def call(at: Path) -> Any:
        return floor(at, by, texts) if engine == "floor" else study(opened(engine, at, by, texts), by)

    call(small)
    found: dict[str, Any] = {}
    for _ in range(repeats):
        clock, cpu = time.perf_counter(), cpu_seconds()
        result = call(path)
        cpu, clock = cpu_seconds() - cpu, time.perf_counter() - clock
        found = {"cpu": min(cpu, found.get("cpu", cpu)), "clock": min(clock, found.get("clock", clock))}
        if engine != "floor":
            found["result"] = result
    print(json.dumps({**found, "megabytes": peak()}))


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it started and that still run, as the Java of Spark."""
    ticks = sum(int(field) for started in _started() for field in _stat(started)[11:13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def peak() -> float:
    """Peak memory of this process, and of those that it started, in MB; the kernel's own figure, as getrusage counts that of the parent too."""
    if not Path("/proc/self/status").is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return sum(_most_memory(process) for process in ("self", *_started()))


def _most_memory(process: str) -> float:
    status = Path("/proc", process, "status").read_text(encoding="utf-8")
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _started() -> list[str]:
    """The processes below this one, by the kernel's list of them; none where there is no such list."""
    parents = {path.name: _stat(path.name) for path in Path("/proc").glob("[0-9]*")}
    found = [str(os.getpid())]
    for above in found:
        found += [name for name, stat in parents.items() if len(stat) > 1 and stat[1] == above]
    return found[1:]


def _stat(process: str) -> list[str]:
    """What the kernel says of a process, from its state on; nothing of one that has ended."""
    try:
        return Path("/proc", process, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


# --- the table --------------------------------------------------------------------------------------------------


def measured(engine: str, path: Path, small: Path, repeats: int, kind: str) -> dict[str, Any]:
    """Run one engine in a process of its own."""
    command = [sys.executable, __file__, "--inside", engine, "--file", str(path), "--small", str(small)]
    done = subprocess.run(
        [*command, "--repeats", str(repeats), "--study", kind], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(paths: tuple[Path, Path], engines: list[str], repeats: int, kind: str) -> None:
    """Print what grows and what does not, of each engine."""
    large, small = paths
    base = measured("floor", large, small, repeats, kind)
    print(f"{kind}: floor {base['cpu']:.3f} s CPU, {base['clock']:.3f} s clock, {base['megabytes']:.0f} MB")
    head = f"{'engine':10} {'CPU s':>8} {'clock s':>8} {'small CPU':>10} {'small clock':>12} {'grows CPU':>10} {'grows clock':>12} {'peak MB':>8}"
    print(head)
    for engine in engines:
        full, part = (measured(engine, path, small, repeats, kind) for path in (large, small))
        grows = {unit: (full[unit] - part[unit]) / base[unit] for unit in ("cpu", "clock")}
        wanted = TARGETS.get(kind, {}).get(engine)
        line = f"{engine:10} {full['cpu']:8.2f} {full['clock']:8.2f} {part['cpu']:10.2f} {part['clock']:12.2f}"
        line += f" {grows['cpu']:10.2f} {grows['clock']:12.2f} {full['megabytes']:8.0f}"
        print(line + (f"   wanted: at most {wanted:g}" if wanted else ""), flush=True)
        print(f"           result {full['result']}")


def main() -> None:
    """Print a table for each study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=READERS, default=["polars", "duckdb"])
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--folder", type=Path, help="where the files are kept, and taken from if they are there")
    parser.add_argument("--inside", choices=["floor", *READERS], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--small", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--study", choices=STUDIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rows < 10 * FEWEST:
        parser.error(f"--rows: at least {10 * FEWEST:,}, to tell what grows from what does not")
    if options.inside:
        inside(options.inside, options.file, options.small, options.repeats, options.study)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        sizes = (options.rows, max(options.rows // 100, FEWEST))
        large, small = (folder / f"people_{rows}.parquet" for rows in sizes)
        for path, rows in zip((large, small), sizes, strict=True):
            if not path.exists():
                write_rows(path, rows)
        print(f"{options.rows:,} rows, {large.stat().st_size / 1e6:,.0f} MB; the small study {sizes[1]:,} rows")
        for kind in options.studies:
            compare((large, small), options.engines, options.repeats, kind)


if __name__ == "__main__":
    main()
