"""Simulate stocks and regional totals whose truth is known, and write the tables of docs/explanation/stock_and_flow.md and aggregation.md.

python scripts/coverage_synthesis.py [--regions 1000]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from studies.countries import SCENARIOS, simulate
from studies.spells import Law, steady_inflow

import fl_estimate as fl
from fl_estimate.results.provenance import package_version

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
WINDOW = 5.0
PROCESSES: tuple[tuple[Law, float], ...] = (
    ("exponential", 1.7), ("exponential", 4.0), ("gamma", 4.0), ("log-normal", 1.7),
)  # fmt: skip
SEED = 14


def off(found: float, truth: float) -> str:
    return f"{100 * (found / truth - 1):+.1f} %"


def stocks() -> str:
    """One line a process: how far each formula is from the true stock."""
    lines = ["| spells | mean, years | in-window | completed | persons × mean / window |", "|---|---|---|---|---|"]
    for law, mean in PROCESSES:
        process = steady_inflow(law, mean, before=200, seed=SEED)
        durations = {
            "in-window": float(process.years_inside.mean()), "completed": process.mean_completed_of_entrants,
        }  # fmt: skip
        found: list[str] = []
        for kind, years in durations.items():
            call: Any = fl.synthesis.stock_from_flow
            stock = call(process.flow, years, kind=kind, window_years=WINDOW).to_frame()["value"].iloc[0]
            found.append(off(float(stock), process.stock))
        naive = process.flow * process.mean_completed_of_entrants / WINDOW
        lines.append(f"| {law} | {mean:g} | {found[0]} | {found[1]} | {off(naive, process.stock)} |")
    return "\n".join(lines)


def regions(count: int) -> str:
    """One line a region: how often each interval holds the truth, and how wide it is."""
    head = "| populations, million | spread between countries estimated (t) | known | surveys alone |"
    lines = [head, "|---|---|---|---|"]
    for name, scenario in SCENARIOS.items():
        found = simulate(scenario, regions=count, seed=SEED)
        cells = [f"{100 * share:.1f} % ({found.width[way]:.2f})" for way, share in found.coverage.items()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=1000)
    count = parser.parse_args().regions
    made = f"fl_estimate {package_version()}, seed {SEED}"
    for name, table, what in (
        ("stock_and_flow_table.md", stocks(), f"40,000 persons a year, a window of {WINDOW:g} years"),
        (
            "aggregation_table.md",
            regions(count),
            f"{count:,} regions a line; in brackets the median width over the true total",
        ),
    ):
        (DOCS / name).write_text(f"{table}\n\nMade by `make coverage-synthesis`: {what}; {made}.\n", encoding="utf-8")
        print(f"docs/explanation/{name}\n{table}")


if __name__ == "__main__":
    main()
