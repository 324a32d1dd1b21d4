"""Simulate case lists for the Bayesian methods and the doubly robust estimate, and write their table of capture_recapture_coverage.md.

python scripts/coverage_lists_bayesian.py [--datasets 100]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from coverage_lists import SEED, models, parts
from fl_estimate import capture_recapture as cr
from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "capture_recapture_coverage_bayesian_table.md"
METHODS: dict[str, Callable[[fl.CaptureHistories], fl.Estimates]] = {
    "latent classes, all runs": lambda h: cr.latent_class(h, draws=800, thin=12, burn_in=2_000, seed=1),
    "thresholding, proper prior": lambda h: cr.threshold(h, draws=400, seed=1),
}
PEOPLE = 2_000
COVARIATES = "two lists that age and region make likelier"


def latent(found: fl.Estimates) -> bool:
    """Whether the chains agreed (R-hat of 1.05 at most)."""
    return float(found.diagnostics.get("rhat", 1.0)) <= 1.05


def cell(population: str, method: str, datasets: int) -> list[dict[str, Any]]:
    """One method on one population; for latent classes a second row of the runs whose chains agree."""
    agreed: list[bool] = []

    def call(histories: fl.CaptureHistories) -> fl.Estimates:
        found = METHODS[method](histories)
        agreed.append(latent(found))
        return found

    found = cr.simulate(models()[population], call, datasets=datasets, seed=SEED)
    rows = [{"population": population, "method": method, **found.summary().to_dict()}]
    if method.startswith("latent"):
        kept = cr.Simulation(size=found.size, results=found.results[np.array(agreed)])
        name = f"latent classes, the {sum(agreed)} runs whose chains agree"
        if any(agreed):
            rows.append({"population": population, "method": name, **kept.summary().to_dict()})
    return rows


def people(generator: np.random.Generator) -> pd.DataFrame:
    """People seen on either of two lists, which age and region make likelier; independent given these."""
    age = generator.normal(size=PEOPLE)
    region = generator.choice(["north", "south"], size=PEOPLE, p=[0.7, 0.3])
    first = 1 / (1 + np.exp(0.2 - 0.7 * age))
    second = 1 / (1 + np.exp(0.6 - 0.8 * (region == "south") - 0.7 * age))
    on = generator.random((PEOPLE, 2)) < np.stack([first, second], axis=1)
    frame = pd.DataFrame({"a": on[:, 0].astype(int), "b": on[:, 1].astype(int), "age": age, "region": region})
    return frame[on.any(axis=1)]


def doubly_robust(datasets: int) -> tuple[list[dict[str, Any]], float]:
    """Petersen's estimate, which knows no covariates, beside those that do; and the people seen on average."""
    given: dict[str, Any] = {"lists": ("a", "b"), "covariates": ["age", "region"], "seed": 1}
    calls: dict[str, dict[str, Any]] = {
        "petersen, without covariates": {"lists": ("a", "b")},
        "doubly robust, logistic": given,
        "doubly robust, logistic, log interval": given | {"interval": "log"},
        "doubly robust, boosting": given | {"learner": "boosting"},
        "plug-in, boosting": given | {"learner": "boosting", "kind": "plug-in"},
    }
    samples = [people(np.random.default_rng(stream)) for stream in np.random.SeedSequence(SEED).spawn(datasets)]
    rows: list[dict[str, Any]] = []
    for method, arguments in calls.items():
        found = [cr.doubly_robust(sample, **arguments).to_frame().iloc[0] for sample in samples]
        results = pd.DataFrame(found)[["value", "lower", "upper"]].assign(refused="")
        summary = {str(name): figure for name, figure in cr.Simulation(size=PEOPLE, results=results).summary().items()}
        rows.append({"population": COVARIATES, "method": method, **summary})
    return rows, float(np.mean([len(sample) for sample in samples]))


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datasets", type=int, default=100)
    options = parser.parse_args()
    warnings.simplefilter("error")
    start = time.perf_counter()
    rows = [row for population in models() for method in METHODS for row in cell(population, method, options.datasets)]
    more, seen = doubly_robust(options.datasets)
    sizes = {name: (model.size, model.expected_observed) for name, model in models().items()} | {
        COVARIATES: (PEOPLE, seen)
    }
    head = f"{options.datasets:,} data sets a row, seed {SEED}, fl_estimate {package_version()}; nominal 95 %."
    text = "\n".join([head, *parts(pd.DataFrame([*rows, *more]), sizes)]) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
