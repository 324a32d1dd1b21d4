"""Time a poststratified model of a survey of a million people: collapsing to cells, and the model on the cells.

    python benchmarks/unit.py [--rows 1000000] [--nuts]

Made up: 24 districts x 2 sexes x 5 ages, 2,000 clusters, unequal weights, a prevalence around 6 per thousand. Processor time of
one core; the direct estimate of the same cells is the floor, since the model starts from it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import fl_estimate as fl

CELLS = ["district", "sex", "age"]


def made_up(rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People, and the population's cells."""
    rng = np.random.default_rng(5)
    cluster = rng.integers(0, 2_000, rows)
    district = cluster % 24
    chance = 1 / (1 + np.exp(5.1 - rng.normal(0, 0.4, 24)[district] - rng.normal(0, 0.3, 2_000)[cluster]))
    people = pd.DataFrame(
        {
            "district": district, "sex": rng.integers(1, 3, rows), "age": rng.integers(1, 6, rows), "psu": cluster,
            "w": rng.gamma(4, 1, rows) + 0.2, "fl": (rng.random(rows) < chance).astype(int),
        }
    )  # fmt: skip
    cells = people[CELLS].drop_duplicates().assign(population=lambda frame: 1_000 + 10 * np.arange(len(frame)))
    return people, cells


def seconds(call: Callable[[], Any]) -> float:
    """Processor time of one call, after one that is not counted."""
    call()
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Print times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--nuts", action="store_true", help="time Markov chains too")
    options = parser.parse_args()
    people, cells = made_up(options.rows)
    designs = {"weights and clusters": fl.Design(weights="w", psu="psu"), "none": fl.Design(unweighted=True)}
    print(f"{options.rows:,} people, {len(cells)} cells")
    for engine, frame in (("pandas", people), ("polars, lazy", pl.from_pandas(people).lazy())):
        for name, design in designs.items():

            def direct(frame: Any = frame, design: fl.Design = design) -> Any:
                return fl.estimate_prevalence(frame, "fl", design=design, by=CELLS)

            def model(frame: Any = frame, design: fl.Design = design, sampler: Any = "grid") -> Any:
                return fl.hierarchical.unit(
                    frame, "fl", cells=CELLS, population=cells, varying=["district", "age"], by="district", design=design,
                    sampler=sampler, seed=1,
                )  # fmt: skip

            floor, whole = seconds(direct), seconds(model)
            line = f"{engine:13} design: {name:21} direct {floor:6.2f} s   unit {whole:6.2f} s   model alone {whole - floor:6.2f} s"
            print(
                line + (f"   NUTS {seconds(lambda: model(sampler='nuts')):6.1f} s" if options.nuts else ""), flush=True
            )


if __name__ == "__main__":
    main()
