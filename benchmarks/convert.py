"""Time and measure converting a big .sav to Parquet, against pyreadstat reading the same file whole, each in its own process.

    python benchmarks/convert.py [--rows 2000000] [--columns 20]

The rows are made up: codes with declared missing values, amounts, and two texts, compressed as SPSS writes them by
default. What to read is rows a second as a ratio to bare pyreadstat (which ends with Python lists and writes
nothing), and the most memory that a process ever held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MAKE = """
import sys
import numpy as np, pandas as pd, pyreadstat
path, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(1)
frame = pd.DataFrame({f"q{k}": rng.integers(1, 10, rows).astype(float) for k in range(columns - 4)})
frame["w1"], frame["w2"] = rng.random(rows) * 1000, rng.random(rows)
frame["region"] = np.array(["north", "south", "far east"])[rng.integers(0, 3, rows)]
frame["pid"] = np.char.add("P", np.arange(rows).astype(str))
pyreadstat.write_sav(frame, path, row_compress=True, missing_ranges={f"q{k}": [8, 9] for k in range(columns - 4)})
"""
MEASURED = """
import json, resource, sys, time
{imports}
start = time.perf_counter()
{call}
seconds = time.perf_counter() - start
print(json.dumps({{"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}))
"""
BARE = ("import pyreadstat", "pyreadstat.read_sav(sys.argv[1], user_missing=True, output_format='dict')")
READ = (
    "from fl_estimate.loaders.files import read_table",
    "read_table(sys.argv[1])",
)
CONVERT = (
    "from fl_estimate.loaders.convert import convert",
    "convert(sys.argv[1], sys.argv[2], progress=lambda done, total: seen.append(done)) if not (seen := []) else None\n"
    "assert len(seen) > 1",
)


def measured(parts: tuple[str, str], *arguments: Path) -> dict[str, float]:
    """Run one call in a process of its own."""
    code = MEASURED.format(imports=parts[0], call=parts[1])
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "big.sav", Path(folder) / "big.parquet"
        subprocess.run([sys.executable, "-c", MAKE, source, str(given.rows), str(given.columns)], check=True)
        print(f"{given.rows:,} rows, {given.columns} columns, {source.stat().st_size / 1e6:,.0f} MB of .sav")
        calls = {"pyreadstat alone": BARE, "read_table": READ, "convert to Parquet": CONVERT}
        results = {
            name: measured(parts, *((source, target) if parts is CONVERT else (source,)))
            for name, parts in calls.items()
        }
        floor = results["pyreadstat alone"]["seconds"]
        for name, each in results.items():
            speed = given.rows / each["seconds"]
            print(
                f"{name}: {each['seconds']:.1f} s, {speed:,.0f} rows/s, {floor / each['seconds']:.2f} × pyreadstat's speed, "
                f"{each['megabytes']:,.0f} MB at most"
            )


if __name__ == "__main__":
    main()
