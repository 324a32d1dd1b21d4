"""A study file asks for every design that has a place in one, and its figures are those of the call in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

MAPPING = """\
id = "hidden"
title = "A small survey"
population = "people of a small country"

[reference_period]
kind = "12m"
start = 2023-01-01
end = 2024-01-01

[people]
person_id = "id"
weight_person = "weight"
psu = "unit"

[design]
weights = "weight_person"
psu = "psu"
expands = true
"""
STUDY = """\
[source.screened]
file = "screened.csv"
mapping = "people.toml"

[source.venues]
file = "venues.csv"
mapping = "people.toml"

[source.frames]
file = "frames.csv"
mapping = "people.toml"

[[estimate]]
kind = "adaptive_cluster"
name = "adaptive_cluster"
units = "units.csv"
variable = "persons"
initial = "initial"
population = 400
threshold = 1
grid = ["x", "y"]
bounds = [0, 0, 19, 19]
estimator = "horvitz-thompson"

[[estimate]]
kind = "adaptive_cluster"
name = "by_table"
units = "units.csv"
variable = "persons"
initial = "initial"
population = 400
condition = "persons >= 1"
neighbours = "neighbours.csv"
open_ends = "accept"
quantity = "mean"

[[estimate]]
kind = "time_location"
name = "time_location"
source = "venues"
outcome = "outcome"
event = "event"
visits = "visits"
event_weight = "event_weight"
counted = "counted"
strata = "kind"

[[estimate]]
kind = "dual_frame"
name = "dual_frame"
source = "frames"
outcome = "outcome"
overlap = "overlap"
frame = "frame"
overlap_share = "size"
quantity = "prevalence"

[[estimate]]
kind = "reported_cases"
name = "reported_cases"
cases = "cases.csv"
victims = "persons"
first_team = "first"
second_team = "second"
strata = "region"
by = "region"
size_classes = [8]

[[estimate]]
kind = "two_phase"
name = "two_phase"
source = "screened"
outcome = "outcome"
screener = "passes"
interviewed = "interviewed"
"""
CALLS: dict[str, Any] = {
    "adaptive_cluster": lambda t: fl.hidden.adaptive_cluster(
        t["units"], "persons", initial="initial", population=400, threshold=1, grid=("x", "y"), bounds=(0, 0, 19, 19), estimator="horvitz-thompson",
    ),
    "by_table": lambda t: fl.hidden.adaptive_cluster(
        t["units"], "persons", initial="initial", population=400, condition="persons >= 1", neighbours=t["neighbours"], open_ends="accept", quantity="mean",
    ),
    "time_location": lambda t: fl.hidden.time_location(
        t["venues"], "outcome", event="event", visits="visits", event_weight="event_weight", counted="counted", strata="kind",
    ),
    "dual_frame": lambda t: fl.hidden.dual_frame(
        t["frames"], "outcome", overlap="overlap", frame="frame", overlap_share="size", quantity="prevalence", design=fl.Design(weights="weight", psu="unit", expands=True),
    ),
    "reported_cases": lambda t: fl.hidden.reported_cases(
        t["cases"], victims="persons", first_team="first", second_team="second", strata="region", by="region", size_classes=[8],
    ),
    "two_phase": lambda t: fl.hidden.two_phase(
        t["screened"], "outcome", screener="passes", interviewed="interviewed", design=fl.Design(weights="weight", psu="unit", expands=True),
    ),
}  # fmt: skip


def tables() -> dict[str, pd.DataFrame]:
    """A small sample of each design."""
    units = fl.hidden.simulate_adaptive_cluster(clusters=8, persons_in_cluster=30, initial=80, seed=4).arguments[
        "units"
    ]
    inside = {(int(x), int(y)): int(u) for x, y, u in units[["x", "y", "unit"]].itertuples(index=False)}
    pairs = [(u, inside[x + a, y + b]) for (x, y), u in inside.items() for a, b in ((1, 0), (0, 1)) if (x + a, y + b) in inside]  # fmt: skip
    venues = fl.hidden.simulate_time_location(population=600, venues=10, times=10, events=20, seed=4).arguments[
        "people"
    ]
    a, b = fl.hidden.simulate_dual_frame(population=5_000, units=100, n_a=400, n_b=200, seed=4).arguments["people"]
    frames = pd.concat([a.assign(frame="A"), b.assign(frame="B", unit=1_000 + np.arange(len(b)))], ignore_index=True)
    return {
        "units": units, "neighbours": pd.DataFrame(pairs, columns=["unit", "neighbour"]),
        "venues": venues.assign(id=range(len(venues)), weight=10.0, unit=venues["event"]), "frames": frames.assign(id=range(len(frames))),
        "cases": fl.hidden.simulate_reported_cases(seed=4).arguments["cases"],
        "screened": fl.hidden.simulate_two_phase(n=800, units=40, seed=4).arguments["people"].assign(id=range(800)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("designs")
    for name, table in tables().items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "people.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return fl.run_study(folder / "study.toml", out=folder / "out")


@pytest.mark.parametrize("name", CALLS)
def test_the_figures_are_those_of_the_call(made: Any, name: str) -> None:
    assert made.failed.get(name) is None
    ours, directly = made.estimates[name].to_frame(), CALLS[name](tables()).to_frame()
    assert ours["value"].tolist() == pytest.approx(directly["value"].tolist(), rel=1e-9)
    assert ours["se"].tolist() == pytest.approx(directly["se"].tolist(), rel=1e-9)
    assert ours["method"].tolist() == directly["method"].tolist()


def test_both_figures_of_venues_are_printed(made: Any) -> None:
    published = made.published.to_frame()
    shown = published[published["method"].str.startswith("time-location")]
    assert shown["publication"].tolist() == ["published", "published"]


def test_reported_cases_are_counted_as_cases() -> None:
    drawn = fl.hidden.simulate_reported_cases(seed=4)
    printed = str(fl.publish({"cases": fl.hidden.reported_cases(**drawn.arguments)}).table("en"))
    assert "Cases found" in printed
    assert "Respondents" not in printed
