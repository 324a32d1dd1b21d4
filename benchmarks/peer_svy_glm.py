"""The same logistic regressions made by svy, run by an interpreter that has it; prints one JSON line for regression.py."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import polars as pl
import svy


def main() -> None:
    """Time both models on the Parquet file named first."""
    frame = pl.read_parquet(sys.argv[1])
    sample = svy.Sample(frame, svy.Design(stratum="stratum", psu="psu", wgt="weight"))
    classes = [svy.Cat("sex"), svy.Cat("sector"), svy.Cat("region")]
    # The first fit of a process brings in what is imported when needed; it is not counted.
    sample.glm.fit("forced_labour", x=classes[:1], family="binomial")
    answers: list[dict[str, Any]] = []
    for x in (classes, [*classes, "age", "wage"]):
        start = time.process_time()
        fitted = sample.glm.fit("forced_labour", x=x, family="binomial").fitted
        seconds = time.process_time() - start
        answers.append({"seconds": seconds, "value": [c.est for c in fitted.coefs], "se": [c.se for c in fitted.coefs]})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
