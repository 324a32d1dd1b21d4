"""How long the disclosure audit takes, and what it withholds beyond the rule: `python benchmarks/disclosure.py`.

Generated tables: a nation of regions of districts by sex and by age, cases at a rate of a few in a thousand, everything
with 1 to 4 cases withheld. First the price of the heuristic against the optimum on small tables, then time at about 1,000,
3,200 and 10⁴ cells.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import numpy as np

from fl_estimate.reporting.disclosure.choice import choose
from fl_estimate.reporting.disclosure.system import System, SystemBuilder


class Made(NamedTuple):
    """A system, and for each cell its respondents."""

    system: System
    n: np.ndarray


def country(regions: int, districts: int, groups: int, *, n: int, rate: float, seed: int) -> Made:
    """Districts of regions by groups of people (sex by age): cells of all crossings and margins, with counts and totals."""
    rng = np.random.default_rng(seed)
    draft, sizes = SystemBuilder(), list[float]()
    shape = (regions, districts, groups)
    people = rng.poisson(n, shape) + 20
    local = rate * rng.lognormal(0, 0.6, (regions, districts, 1))
    cases = rng.binomial(people, np.minimum(local, 0.5))
    weights = np.round(cases * rng.uniform(0.8, 1.25, shape), 3)
    k = np.array(
        [draft.unknown(int(c), 0, int(p), integer=True) for c, p in zip(cases.ravel(), people.ravel(), strict=True)]
    )
    y = np.array(
        [
            draft.unknown(float(w), 0, float(p), integer=False)
            for w, p in zip(weights.ravel(), people.ravel(), strict=True)
        ]
    )
    k, y = k.reshape(shape), y.reshape(shape)

    def cell(at: tuple[slice | int, ...], price: float) -> None:
        few, size = int(cases[at].sum()), float(people[at].sum())
        one = draft.cell(price * (size + 1), withheld=0 < few < 5)
        sizes.append(size)
        counts, sums = np.ravel(k[at]).tolist(), np.ravel(y[at]).tolist()
        if 0 < few < 5:
            draft.target(counts, one, 1, 5)
            true = float(weights[at].sum())
            draft.target(sums, one, 0.8 * true, 1.2 * true)
            return
        draft.exact(counts, one)
        half = 0.5 * 10 ** np.floor(np.log10(max(float(np.sqrt(weights[at].sum())), 0.1)) - 1)
        true = float(weights[at].sum())
        draft.row(sums, true - half, true + half, one)

    every = slice(None)
    cell((every, every, every), 100.0)
    for g in range(groups) if groups > 1 else ():
        cell((every, every, g), 10.0)
    for r in range(regions):
        cell((r, every, every), 10.0)
        for g in range(groups) if groups > 1 else ():
            cell((r, every, g), 1.0)
        for d in range(districts):
            cell((r, d, every), 1.0)
            for g in range(groups) if groups > 1 else ():
                cell((r, d, g), 1.0)
    return Made(draft.built(), np.array(sizes))


def price(tables: int = 12) -> None:
    """Heuristic against optimum: cells and respondents withheld beyond the rule's own."""
    print("small tables: withheld beyond the rule, optimum | heuristic")
    total = np.zeros(4)
    for seed in range(tables):
        made = country(3, 4, 2, n=350, rate=0.012, seed=seed)
        primary = made.system.withheld
        found = [choose(made.system), choose(made.system, small_cells=0)]
        extra = [one.withheld & ~primary for one in found]
        figures = [x for more in extra for x in (more.sum(), made.n[more].sum())]
        total += figures
        print(
            f"  {len(primary)} cells, {primary.sum()} by the rule: {figures[0]} cells of {figures[1]:.0f} respondents"
            f" | {figures[2]} of {figures[3]:.0f}{'' if found[0].optimal else ' (optimum not found)'}"
        )
    print(f"  all: {total[0]:.0f} cells of {total[1]:.0f} respondents | {total[2]:.0f} of {total[3]:.0f}")


def speed(sizes: tuple[tuple[int, int, int], ...]) -> None:
    """Seconds of processor of a choice: a busy machine takes longer, and finds the same."""
    print("time")
    for regions, districts, groups in sizes:
        made = country(regions, districts, groups, n=350, rate=0.012, seed=1)
        primary = made.system.withheld
        start = time.process_time()
        found = choose(made.system)
        took = time.process_time() - start
        more = found.withheld & ~primary
        print(
            f"  {len(primary):,} cells, {primary.sum():,} by the rule: {more.sum():,} further, {took:.1f} s"
            f" (open: {found.open}, optimal: {found.optimal})",
            flush=True,
        )


if __name__ == "__main__":
    if "--speed" not in sys.argv:
        price()
    speed(((10, 24, 3), (10, 80, 3), (20, 120, 3)) if "--fast" not in sys.argv else ((10, 24, 3),))
