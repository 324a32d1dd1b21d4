"""Where cases lie in clusters, intervals of areas hold the truth, of extreme areas too; with each area's own design effect they did not."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.clustered import clustered_population


def everybody(seed: int, *, icc: float, prevalence: float) -> pd.DataFrame:
    return clustered_population(
        persons=120_000, psus=2_400, strata=2, areas=24, prevalence=prevalence, icc=icc, spread=0.6, seed=seed
    ).frame


def both(people: Any) -> dict[str, fl.Estimates]:
    direct = fl.estimate_prevalence(people, "outcome", by="area")
    before = fl.hierarchical.Prior(sigma="half-normal(1)")
    return {
        "default": fl.hierarchical.area(direct, draws=1, seed=0),
        "own": fl.hierarchical.area(direct, deff="own", prior=before, interval="equal-tailed", draws=1, seed=0),
    }


@pytest.mark.slow
def test_intervals_of_areas_hold_where_cases_lie_in_clusters() -> None:
    """24 areas of four to thirty units, 1 % cases, ICC 0.34; ten populations. Less three Monte Carlo errors; no map is refused."""
    units: Any = {stratum: 2 + (5 * stratum) % 14 for stratum in range(1, 49)}
    report = fl.simulate_coverage(
        partial(everybody, icc=0.34, prevalence=0.01),
        fl.SampleDesign(strata="stratum", psu="psu", psus=units, persons=20),
        "outcome", by="area", estimators={"area": both}, samples=20, block=2, seed=3,
    )  # fmt: skip
    found = report.by_class()
    rows = {str(row["estimator"]): row for row in found[found["kind"] == "domains"].to_dict("records")}
    default, own = rows["area: default"], rows["area: own"]
    assert default["refused"] == own["refused"] == 0
    assert default["coverage"] > 0.93 - 3 * default["coverage_error"]
    assert own["coverage"] < default["coverage"] - 0.05
    classes = found[(found["estimator"] == "area: default") & found["kind"].isin(["truth", "cases in the sample"])]
    assert {"0", "1–4", "lowest tenth", "highest tenth"} <= set(classes["class"])
    known = classes[classes["intervals"] > 0]
    assert (known["coverage"] > 0.88 - 3 * known["coverage_error"]).all()
    # Two and a half per cent, and as much again by chance: an RMSE of 480 areas is known to about 3 %.
    assert default["rmse"] < 1.05 * own["rmse"]
