"""Draws of every model that needs no chain, from small made-up data; run as a module under the linear algebra to be looked at."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info

import fl_estimate as fl

hierarchical = fl.hierarchical
AREAS = list("ABCDEFGH")
# A ring: every eigenvalue of it but two comes twice, and any turn of their eigenvectors is as good.
RING = pd.DataFrame({"area": AREAS, "neighbour": [*AREAS[1:], AREAS[0]]})


def kernels() -> list[str]:
    """The kernels that the linear algebra libraries loaded here run, where they say."""
    np.linalg.inv(np.eye(3))
    return sorted({str(entry.get("architecture", "")) for entry in threadpool_info() if entry["user_api"] == "blas"})


def areas() -> pd.DataFrame:
    """Eight areas, symmetric around the ring; one has no case."""
    n, cases = np.array([900, 700, 800, 650, 650, 800, 700, 900]), np.array([9, 4, 5, 0, 6, 5, 4, 9])
    return pd.DataFrame({"area": AREAS, "value": cases / n, "n": n, "deff": 1.2})


def panel() -> pd.DataFrame:
    """Five areas at three times."""
    parts = [areas().head(5).assign(year=2021 + k) for k in range(3)]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(value=(table["value"] * table["n"] + np.arange(15) % 4) / table["n"])


def estimates() -> Iterator[tuple[str, fl.Estimates]]:
    """Every model, by name."""
    table, covariates = areas(), pd.DataFrame({"area": AREAS, "x": [1.0, 2.0, 2.5, 1.5, 3.0, 0.5, 1.0, 2.0]})
    measured = pd.DataFrame({"area": AREAS, "value": [5.1, 4.2, 6.3, 5.9, 5.9, 6.3, 4.2, 5.1], "se": 0.6})
    years = table.drop(columns="area").assign(year=range(2001, 2009))
    yield "plain", hierarchical.area(table, covariates=covariates, seed=1)
    yield "beta-binomial", hierarchical.area(table, covariates=covariates, likelihood="beta-binomial", seed=1)
    yield "ar1", hierarchical.area(years, temporal="ar1", time="year", seed=1)
    yield "rw1", hierarchical.area(years, temporal="rw1", time="year", seed=1)
    yield "bym2", hierarchical.area(table, spatial="bym2", neighbours=RING, seed=1)
    yield "sar", hierarchical.area(table, spatial="sar", neighbours=RING, seed=1)
    yield "bym2, normal", hierarchical.area(measured, likelihood="normal", spatial="bym2", neighbours=RING, seed=1)
    yield "area × time, ar1", hierarchical.area(panel(), temporal="ar1", time="year", seed=1)
    yield "area × time, rw1", hierarchical.area(panel(), temporal="rw1", time="year", seed=1)
    yield "unit", _unit("binomial")
    yield "unit, normal", _unit("normal")
    yield "pooled lists", _pooled()


def _unit(likelihood: Any) -> fl.Estimates:
    numbers = np.arange(240)
    people = pd.DataFrame({"region": np.array(["N", "S", "W"])[numbers % 3], "sex": np.array(["f", "m"])[numbers % 2]})
    people["fl"] = (numbers % 11 == 0).astype(int) if likelihood == "binomial" else 5.0 + numbers % 7
    cells = [("N", "f", 900), ("N", "m", 850), ("S", "f", 400), ("S", "m", 420), ("W", "f", 300), ("W", "m", 310)]
    population = pd.DataFrame(cells, columns=["region", "sex", "population"])
    return hierarchical.unit(
        people, "fl", cells=["region", "sex"], population=population, by="region", design=fl.Design(unweighted=True),
        likelihood=likelihood, seed=1,
    )  # fmt: skip


def _pooled() -> fl.Estimates:
    rows = [("N", 1, 0, 40), ("N", 0, 1, 60), ("N", 1, 1, 10), ("S", 1, 0, 9), ("S", 0, 1, 14), ("S", 1, 1, 1)]
    frame = pd.DataFrame(rows, columns=["region", "police", "ngo", "count"])
    strata = fl.CaptureHistories.strata(frame, lists=["police", "ngo"], by="region", count="count")
    return hierarchical.capture_recapture(strata, terms="main", by="region", seed=1)


def main() -> None:
    """Write draws, figures and parameters of every model to the file named; print which kernels ran and which models."""
    kept: dict[str, np.ndarray] = {}
    for name, found in estimates():
        assert "fallback" not in found.diagnostics, name
        kept[f"{name}: draws"] = np.asarray(found.draws, dtype=float)
        kept[f"{name}: figures"] = found.frame[["value", "se", "lower", "upper"]].to_numpy(float)
    np.savez(sys.argv[1], allow_pickle=False, **kept)
    print(json.dumps({"kernels": kernels(), "arrays": sorted(kept)}))


if __name__ == "__main__":
    main()
