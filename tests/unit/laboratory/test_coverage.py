"""Simulated coverage: counted by hand on a few samples, the same on other processes and after resuming, refusals by their codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import FlError

PEOPLE = fl.datasets.clustered_population(persons=12_000, psus=240, areas=6, strata=2, prevalence=0.05, icc=0.1, seed=3)
DESIGN = fl.SampleDesign(strata="stratum", psu="psu", psus=4, persons=15)


def simulate(population: Any = PEOPLE, design: Any = DESIGN, **more: Any) -> fl.CoverageReport:
    return fl.simulate_coverage(population, design, "outcome", **{"by": "area", "samples": 12, "seed": 5, "block": 5, **more})


def fails(code: str, **more: Any) -> FlError:
    with pytest.raises(FlError, match=code) as caught:
        simulate(**more)
    return caught.value


def test_coverage_is_what_is_counted_by_hand() -> None:
    """Every sample drawn again outside the laboratory, and estimated by the public function."""
    report = simulate()
    truth = PEOPLE.frame.groupby("area")["outcome"].mean()
    seen: list[pd.DataFrame] = []

    def drawn(people: Any) -> fl.Estimates:
        made = fl.estimate_prevalence(people, "outcome", by="area")
        seen.append(made.to_frame())
        return made

    again = simulate(estimators={"by hand": drawn})
    frames = pd.concat(seen)
    assert len(seen) == 12
    for area, part in frames[frames["margin"] == "area"].groupby("area"):
        row = report.table.query("domain == @area.__str__()").iloc[0]
        target = truth[int(area)]  # pyright: ignore[reportArgumentType]
        covered = (part["lower"] <= target) & (target <= part["upper"])
        assert row["coverage"] == pytest.approx(covered.mean())
        assert row["truth"] == pytest.approx(target)
        assert row["bias"] == pytest.approx((part["value"] - target).mean())
        assert row["rmse"] == pytest.approx(np.sqrt(((part["value"] - target) ** 2).mean()))
        assert row["sd"] == pytest.approx(part["value"].std())
        assert row["mean_se"] == pytest.approx(part["se"].mean())
        assert row["median_width"] == pytest.approx((part["upper"] - part["lower"]).median())
        assert row["expected_cases"] == pytest.approx(part["cases"].mean())
    columns = [name for name in report.table if name != "estimator"]
    pd.testing.assert_frame_equal(report.table[columns], again.table[columns])


def test_intervals_that_share_a_pass_are_those_that_stand_alone() -> None:
    kinds = ("korn-graubard", "wald", "wilson", "logit")
    together = {f"{kind} {df}": ("prevalence", {"interval": kind, "df": df}) for kind in kinds for df in ("domain", "design")}
    shared = simulate(estimators=together, samples=5)
    for name, each in together.items():
        alone = simulate(estimators={name: each}, samples=5)
        pd.testing.assert_frame_equal(shared.table.query("estimator == @name").reset_index(drop=True), alone.table)


def test_the_same_on_two_processes_and_after_resuming(tmp_path: Path) -> None:
    whole = simulate()
    spread = simulate(processes=2)
    simulate(samples=7, folder=tmp_path)
    kept = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    resumed = simulate(folder=tmp_path)
    assert len(kept) == 2
    for other in (spread, resumed):
        pd.testing.assert_frame_equal(whole.table, other.table)
        pd.testing.assert_frame_equal(whole.classes, other.classes)
    # The first block was whole, and was not drawn again.
    first = next(name for name in kept if name.endswith("_00000.npz"))
    assert (tmp_path / first).stat().st_mtime_ns == kept[first]
