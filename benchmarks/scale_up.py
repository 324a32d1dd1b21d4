"""Time 1,000 replicates of the rescaled bootstrap of a scale-up estimate, against a plain loop over replicates.

    python benchmarks/scale_up.py [--repeats 5] [--replicates 1000]

A household survey of 2,406 respondents in 130 units: the whole call (reading, checks, replicates, result), the loop that makes the same
replicates one after the other with numpy, and the one that a script would have, with a data frame in each. R's surveybootstrap 0.2.1 (C++) took
0.474 s for the weights alone of a survey of this size on another day (two loaded cores): no ratio to it is printed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl

RESPONDENTS, UNITS = 2_406, 130


def median(call: Callable[[], Any], repeats: int) -> float:
    """Processor seconds of the median repeat."""
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def looped(people: pd.DataFrame, replicates: int, scale: float, groups: list[str], rng: np.random.Generator) -> float:
    """Standard error by a loop: units drawn within strata, weights of every row, the ratio again."""
    y, w = people["hidden"].to_numpy(float), people["w"].to_numpy()
    d = people[groups].to_numpy(float).sum(axis=1) * scale
    unit, units = pd.factorize(people["ea"])
    stratum = people.groupby("ea", sort=False)["stratum"].first().to_numpy()
    found: list[float] = []
    for _ in range(replicates):
        factor = np.ones(len(units))
        for each in np.unique(stratum):
            own = np.flatnonzero(stratum == each)
            times = np.bincount(rng.integers(0, len(own), len(own) - 1), minlength=len(own))
            factor[own] = times * len(own) / (len(own) - 1)
        again = w * factor[unit]
        found.append(float(again @ y / (again @ d)))
    return float(np.std(found))


def looped_over_frames(
    people: pd.DataFrame, replicates: int, scale: float, groups: list[str], rng: np.random.Generator
) -> float:
    """The same as scripts do it: rows of the units drawn, put together, and added up."""
    by_unit = dict(iter(people.assign(d=people[groups].sum(axis=1) * scale).groupby("ea")))
    strata = people.groupby("stratum")["ea"].unique()
    found: list[float] = []
    for _ in range(replicates):
        drawn = [
            by_unit[u].assign(w=by_unit[u]["w"] * len(own) / (len(own) - 1))
            for own in strata
            for u in rng.choice(own, len(own) - 1)
        ]
        again = pd.concat(drawn)
        found.append(float((again["w"] * again["hidden"]).sum() / (again["w"] * again["d"]).sum()))
    return float(np.std(found))


def main() -> None:
    """Time them and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--replicates", type=int, default=1_000)
    asked = parser.parse_args()
    study = fl.hidden.simulate_scale_up(respondents=RESPONDENTS, psus=UNITS, seed=1)
    people, groups = study.people, list(study.known)
    scale = study.population / sum(study.known.values())

    def whole(**settings: Any) -> fl.Estimates:
        return fl.hidden.scale_up(
            people, "hidden", known=study.known, population=study.population, design=study.design, **settings
        )

    booted = {"variance": "rescaled-bootstrap", "replicates": asked.replicates, "seed": 1}
    ours, linear = median(lambda: whole(**booted), asked.repeats), median(whole, asked.repeats)
    alone = ours - linear
    plain = median(lambda: looped(people, asked.replicates, scale, groups, np.random.default_rng(1)), 1)
    tenth = max(asked.replicates // 10, 2)
    frames = (
        median(lambda: looped_over_frames(people, tenth, scale, groups, np.random.default_rng(1)), 1)
        * asked.replicates
        / tenth
    )
    se = looped(people, asked.replicates, scale, groups, np.random.default_rng(2)) * study.population
    print(f"{asked.replicates:,} replicates, {RESPONDENTS:,} respondents, {UNITS} units; processor seconds")
    print(f"fl.hidden.scale_up, whole call {ours:8.3f}   se {whole(**booted).se:,.0f}")
    print(f"   without bootstrap           {linear:8.3f}   se {whole().se:,.0f}")
    print(f"   the replicates              {alone:8.3f}")
    print(f"numpy, a loop                  {plain:8.3f}   se {se:,.0f}   {plain / alone:.1f} times the replicates")
    print(f"data frames, a loop            {frames:8.3f}   {'':>9}   {frames / alone:,.0f} times the replicates")


if __name__ == "__main__":
    main()
