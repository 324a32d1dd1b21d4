"""Raking and medians by domain made by svy, run by an interpreter that has it; prints one JSON line for weights.py."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import polars as pl
import svy


def main() -> None:
    """Time raking to the margins of the JSON text named second, and medians by 50 domains, on the Parquet file named first."""
    path, margins = sys.argv[1], json.loads(sys.argv[2])
    frame = pl.read_parquet(path)
    sample = svy.Sample(frame, svy.Design(stratum="stratum", psu="psu", wgt="weight"))
    controls = {name: {int(level): total for level, total in known.items()} for name, known in margins.items()}
    answers: dict[str, Any] = {"version": svy.__version__}
    start = time.process_time()
    raked = sample.weighting.rake(controls=controls, tol=1e-8, wgt_name="raked")
    answers["rake"] = time.process_time() - start
    start = time.process_time()
    found = raked.estimation.mean("wage", by="domain").to_polars().sort("domain")
    answers["mean"] = time.process_time() - start
    answers["mean_value"], answers["mean_se"] = found["est"].to_list(), found["se"].to_list()
    start = time.process_time()
    found = sample.estimation.median("wage", by="domain").to_polars().sort("domain")
    answers["median"] = time.process_time() - start
    answers["median_value"] = found["est"].to_list()
    answers["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
