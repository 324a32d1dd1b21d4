"""Do the defaults of `combine` and the promises of `plan_sample` hold? Simulated with a known truth; writes docs/explanation/coverage_defaults_table.md.

python scripts/coverage_defaults.py [--samples 1000]
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.results.provenance import package_version

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
SEED = 30
SIZE, RATE = 2_000, 0.005
"""People asked in each survey that is combined (so that 10 cases are expected), and their prevalence; then two fifths of it."""
RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("fixed (default: by the people asked)", {}),
    ("fixed, log", {"scale": "log"}),
    ("random (default: counts)", {"method": "random"}),
    ("random, log", {"method": "random", "scale": "log"}),
)
CLUSTERED: tuple[tuple[int, float, float], ...] = (
    *((sources, rate, 0.1) for sources in (2, 4, 8) for rate in (RATE, 0.4 * RATE)),
    *((sources, rate, 0.34) for sources in (4, 8) for rate in (RATE, 0.4 * RATE)),
)
"""Surveys, their prevalence and intraclass correlation, where 100 units of 20 people are asked."""


@functools.cache
def survey(slot: int, cases: int) -> fl.Estimates:
    """A simple random sample with so many cases; of each place among the sources one of its own."""
    people = pd.DataFrame({"fl": np.r_[np.ones(cases, dtype=int), np.zeros(SIZE - cases, dtype=int)], "slot": slot})
    return fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True))


def combined(sources: int, rate: float, spread: float, samples: int) -> list[str]:
    """Coverage and bias of each rule over sets of simple random samples, and how often it refused."""
    rng = np.random.default_rng([SEED, sources, round(1e6 * rate), round(10 * spread)])
    rates = rate * np.exp(spread * rng.standard_normal((samples, sources)))
    cases = rng.binomial(SIZE, rates)
    return _cells([[survey(i, int(c)) for i, c in enumerate(row)] for row in cases], rate, RULES)


def clustered(sources: int, rate: float, icc: float, samples: int) -> list[str]:
    """The same over sets of samples of 100 units of 20 people whose outcome is beta-binomial."""
    rng = np.random.default_rng([SEED, sources, round(1e6 * rate), round(100 * icc)])
    unit, odds = np.repeat(np.arange(100), SIZE // 100), (1 - icc) / icc
    sets: list[list[fl.Estimates]] = []
    for _ in range(samples):
        made: list[fl.Estimates] = []
        for slot in range(sources):
            chance = rng.beta(rate * odds, (1 - rate) * odds, 100)[unit]
            people = pd.DataFrame({"unit": unit, "fl": (rng.random(SIZE) < chance).astype(int), "slot": slot})
            made.append(fl.estimate_prevalence(people, "fl", design=fl.Design(psu="unit", unweighted=True)))
        sets.append(made)
    return _cells(sets, rate, RULES)


def _cells(sets: list[list[fl.Estimates]], rate: float, rules: tuple[tuple[str, dict[str, Any]], ...]) -> list[str]:
    samples, cells = len(sets), list[str]()
    for _, settings in rules:
        values, held = [], []
        for each in sets:
            try:
                made = fl.synthesis.combine(each, **settings)
            except fl.FlError:
                continue
            lower, upper = made.interval
            values.append(made.value)
            held.append(lower <= rate <= upper)
        share, refused = float(np.mean(held)), 1 - len(held) / samples
        told = f"{100 * share:.1f} ({100 * (np.mean(values) / rate - 1):+.1f} %)"
        cells.append(told + (f", {100 * refused:.0f} % refused" if refused else ""))
    return cells


def combinations(samples: int) -> list[str]:
    lines = [
        f"| surveys | expected cases each | sources scatter | {' | '.join(name for name, _ in RULES)} |",
        f"|---:|---:|---|{'---|' * len(RULES)}",
    ]
    for spread in (0.0, 0.3):
        for sources in (2, 3, 4, 8):
            for rate in (RATE, 0.4 * RATE):
                cells = combined(sources, rate, spread, samples)
                if spread:
                    cells[:2] = ["–", "–"]  # of sources that differ a fixed average is the estimate of nothing
                told = f"SD {spread:g} of the log" if spread else "no"
                lines.append(f"| {sources} | {SIZE * rate:.0f} | {told} | {' | '.join(cells)} |")
                print(lines[-1], flush=True)
    for sources, rate, icc in CLUSTERED:
        cells = clustered(sources, rate, icc, samples // 2)
        lines.append(f"| {sources} | {SIZE * rate:.0f} | no; cases cluster, ICC {icc:g} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def plans(samples: int) -> list[str]:
    """What a plan says of a survey of 200 units of 10 persons, and what such surveys of made populations gave."""
    lines = [
        "| prevalence | ICC | planned width | mean width | five cases or more: planned | met | coverage |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for prevalence in (0.002, 0.005, 0.02):
        for icc in (0.0, 0.02, 0.1):
            people = fl.datasets.clustered_population(
                persons=120_000, psus=2_000, strata=1, areas=1, prevalence=prevalence, icc=icc, seed=SEED
            )
            design = fl.SampleDesign(psu="psu", psus=200, persons=10)
            met: list[int] = []

            def estimate(sample: Any, met: list[int] = met) -> fl.Estimates:
                made = fl.estimate_prevalence(sample, "outcome")
                met.append(int(made.frame["cases"].iloc[0]))
                return made

            report = fl.simulate_coverage(
                people, design, "outcome", samples=samples, seed=SEED, estimators={"default": estimate}
            )
            row = report.to_frame().iloc[0]
            plan = fl.plan_sample(people.prevalence, n=2_000, cluster_size=10, icc=max(people.icc, 0.0))
            chance = chance_of(people.prevalence, max(people.icc, 0.0))
            lines.append(
                f"| {100 * prevalence:g} % | {people.icc:.3f} | {1000 * plan.expected_width:.2f} | {1000 * row['mean_width']:.2f} "
                f"| {100 * chance:.0f} % | {100 * np.mean(np.array(met) >= 5):.0f} % | {100 * row['coverage']:.1f} % |"
            )
            print(lines[-1], flush=True)
    return lines


def chance_of(prevalence: float, icc: float) -> float:
    """Of five cases or more among 2,000 by the plan: `plan_sample(cases=(5, chance))` turned round."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        needed = fl.plan_sample(prevalence, cases=(5, middle), cluster_size=10, icc=icc).n
        low, high = (middle, high) if needed <= 2_000 else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=int, default=1_000)
    samples = parser.parse_args().samples
    text = [
        f"fl_estimate {package_version()}, seed {SEED}.",
        "",
        f"**`synthesis.combine`**: coverage of its 95 % interval (bias of the mean), {samples:,} sets of simple random samples of {SIZE:,}, and half as many where "
        f"cases cluster; Monte Carlo error ± {100 * np.sqrt(0.95 * 0.05 / samples):.1f} points.",
        "",
        *combinations(samples),
        "",
        f"**`plan_sample`**: 200 units of 10 persons, {samples // 4:,} samples; widths per 1,000; Monte Carlo error of a coverage "
        f"± {100 * np.sqrt(0.95 * 0.05 / (samples // 4)):.1f} points.",
        "",
        *plans(samples // 4),
    ]
    (DOCS / "coverage_defaults_table.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
