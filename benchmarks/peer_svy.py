"""The same by-domain estimates made by svy, run by an interpreter that has it; prints one JSON line for design_weighted.py."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import polars as pl
import svy


def least(call: Any, repeats: int) -> float:
    """CPU seconds of the quickest repeat, after one that is not counted."""
    call()
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    """Time a Taylor mean by 50 domains, and by replicates, on the Parquet file named first."""
    path, repeats, replicates = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    frame = pl.read_parquet(path)
    sample = svy.Sample(frame, svy.Design(stratum="stratum", psu="psu", wgt="weight"))
    answers: dict[str, Any] = {"version": svy.__version__}
    answers["taylor"] = least(lambda: sample.estimation.mean("forced_labour", by="domain"), repeats)
    found = sample.estimation.mean("forced_labour", by="domain").to_polars().sort("domain")
    answers["value"], answers["se"] = found["est"].to_list(), found["se"].to_list()
    if replicates:
        start = time.process_time()
        made = sample.weighting.create_bs_wgts(n_reps=replicates, rstate=1)
        answers["replicates_made"] = time.process_time() - start
        answers["replicates"] = least(
            lambda: made.estimation.mean("forced_labour", by="domain", method="replication"), 1
        )
    answers["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
