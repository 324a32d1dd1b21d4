"""In a process whose stock is known both stock formulas find it within 0.5 %, where persons × mean duration / window is 30 to 80 % off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from studies.spells import Law, steady_inflow

import fl_estimate as fl

WINDOW = 5.0


def value(estimates: fl.Estimates) -> float:
    return float(estimates.to_frame()["value"].iloc[0])


@pytest.mark.parametrize(
    ("law", "mean", "naive_off"),
    [
        # published_figures.md §2, simulation: N_T D/T is +34 % for a mean of 1.7 years, +80 % for 4.
        ("exponential", 1.7, 0.34),
        ("exponential", 4.0, 0.80),
        ("gamma", 4.0, 0.80),
    ],
)
def test_formulas_find_the_stock_of_a_steady_inflow(law: Law, mean: float, naive_off: float) -> None:
    process = steady_inflow(law, mean, seed=1)
    inside = fl.synthesis.stock_from_flow(
        process.flow, float(process.years_inside.mean()), kind="in-window", window_years=WINDOW
    )
    assert value(inside) == pytest.approx(process.stock, rel=1e-12)
    completed = fl.synthesis.stock_from_flow(
        process.flow, process.mean_completed_of_entrants, kind="completed", window_years=WINDOW
    )
    assert value(completed) == pytest.approx(process.stock, rel=0.005)
    naive = process.flow * process.mean_completed_of_entrants / WINDOW
    assert naive / process.stock - 1 == pytest.approx(naive_off, abs=0.02)


@pytest.mark.slow
def test_formulas_with_long_tails_over_many_windows() -> None:
    """Log-normal spells of median half a year: mean difference over 30 windows within 0.5 %, or 3 Monte Carlo errors."""
    off: dict[str, list[float]] = {"in-window": [], "completed": []}
    for seed in range(30):
        process = steady_inflow("log-normal", 1.7, inflow=20_000, before=200, seed=seed)
        for kind, years in (
            ("in-window", float(process.years_inside.mean())),
            ("completed", process.mean_completed_of_entrants),
        ):
            call: Any = fl.synthesis.stock_from_flow
            off[kind].append(value(call(process.flow, years, kind=kind, window_years=WINDOW)) / process.stock - 1)
    assert np.abs(off["in-window"]).max() < 1e-12
    tolerance = max(0.005, 3 * np.std(off["completed"]) / np.sqrt(30))
    assert abs(np.mean(off["completed"])) < tolerance


def renewal(people: int, seed: int) -> pd.DataFrame:
    """Persons who go in and out of forced labour: spells of 1.7 years on average, 12 years between them."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    for who in range(people):
        time = -60 + rng.exponential(12)
        while time < WINDOW:
            end = time + rng.exponential(1.7)
            rows.append({"id": who, "from": time, "to": end})
            time = end + rng.exponential(12)
    return pd.DataFrame(rows)


def test_person_time_takes_people_who_return() -> None:
    """Long-run share in forced labour of such a person: 1.7 / (1.7 + 12) = 12.4 %; average and current stock agree with it."""
    people, truth = 4000, 1.7 / 13.7
    spells = fl.synthesis.spells(
        renewal(people, 1), person="id", start="from", end="to", window_end=WINDOW, window_years=WINDOW
    )
    frame = pd.DataFrame({"id": np.arange(people), "w": 1.0}).merge(spells, how="left", on="id").fillna(0)
    design = fl.Design(weights="w")
    average = fl.synthesis.stock_from_person_time(
        frame, "years_in_window", window_years=WINDOW, quantity="prevalence", design=design
    ).to_frame().iloc[0]  # fmt: skip
    current = fl.estimate_prevalence(frame.astype({"current": int}), "current", design=design).to_frame().iloc[0]
    assert abs(average["value"] - truth) < 3 * average["se"]
    assert abs(current["value"] - truth) < 3 * current["se"]
    assert average["se"] < current["se"]  # a window holds more than a moment
