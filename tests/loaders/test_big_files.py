"""A .sav of 2,000,000 rows is converted below 1 GB of memory, in stretches that are told, without losing a value."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROWS = 2_000_000
MAKE = """
import sys
import numpy as np, pandas as pd, pyreadstat
rows = int(sys.argv[2])
place = np.arange(rows)
frame = pd.DataFrame({f"q{k}": (place * (k + 3) % 11).astype(float) for k in range(8)})
frame["weight"] = place / 7
frame["pid"] = np.char.add("P", place.astype(str))
pyreadstat.write_sav(frame, sys.argv[1], row_compress=True, missing_ranges={f"q{k}": [9, 10] for k in range(8)})
"""
CONVERT = """
import json, resource, sys
from fl_estimate.loaders.convert import convert
told = []
convert(sys.argv[1], sys.argv[2], progress=lambda done, total: told.append((done, total)))
print(json.dumps({"told": told, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@pytest.mark.slow
def test_two_million_rows_stay_below_one_gigabyte(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="peak memory is measured where the system tells it")
    source, target = tmp_path / "big.sav", tmp_path / "big.parquet"
    subprocess.run([sys.executable, "-c", MAKE, source, str(ROWS)], check=True)
    done = subprocess.run([sys.executable, "-c", CONVERT, source, target], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    assert result["megabytes"] < 1_000
    assert result["told"] == [[done, ROWS] for done in range(100_000, ROWS + 1, 100_000)]
    rows = pl.scan_parquet(target)
    sums = rows.select(pl.col("weight").sum(), pl.col("q0").sum(), pl.col("q0@missing").is_not_null().sum()).collect()
    # q0 is place * 3 mod 11: nine of eleven codes are kept, 0 to 8 as often as each other but for the last, broken round
    codes = [position * 3 % 11 for position in range(ROWS % 11)]
    kept = ROWS // 11 * sum(range(9)) + sum(code for code in codes if code < 9)
    gone = ROWS // 11 * 2 + sum(code >= 9 for code in codes)
    assert sums.row(0)[1:] == (kept, gone)
    assert sums.row(0)[0] == pytest.approx((ROWS - 1) * ROWS / 2 / 7)
    assert rows.select(pl.col("pid").n_unique()).collect().item() == ROWS
