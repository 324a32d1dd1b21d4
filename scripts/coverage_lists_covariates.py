"""Simulate lists with covariates and counts of one register: do intervals hold the truth, by domain too? Writes the tables of the docs.

python scripts/coverage_lists_covariates.py [--datasets 300] [--bootstrap 60] [--folder out/coverage_lists_covariates]

What was computed stays in the folder: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.datasets.victims import SEED, SIZE, VICTIM_LISTS, draw_victims
from fl_estimate.results.provenance import package_version

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "explanation"
TARGET = FOLDER / "capture_recapture_coverage_covariates_table.md"
BY_YEAR = FOLDER / "capture_recapture_by_year_table.md"
LISTS = [*VICTIM_LISTS]
MODEL: dict[str, Any] = {
    "lists": LISTS, "covariates": "C(year) + sex + form", "terms": [("police", "shelter")],
    "blind": {"border": {"year": [2019, 2020]}},
}  # fmt: skip
CELLS: tuple[dict[str, Any], ...] = ({}, {"year": 2019}, {"sex": "male", "form": "sexual"})
"""Rows looked at: the nation, a year in which one list is blind, and the smallest of the crossed domains."""


def register(size: int, generator: np.random.Generator, *, shape: float = np.inf, ones: float = 0.0, kind: str = "after") -> pd.DataFrame:  # fmt: skip
    """People in one register: log μ = −0.4 + 0.5 [m] + 0.3 age; people with one contact for other reasons, after or beside."""
    others = round(ones * size) if kind == "before" else 0
    size -= others
    sex, age = generator.choice(["f", "m"], size=size), generator.normal(size=size)
    mean = np.exp(-0.4 + 0.5 * (sex == "m") + 0.3 * age)
    count = generator.poisson(mean if np.isinf(shape) else generator.gamma(shape, mean / shape))
    if kind == "after":
        count = np.where((count > 0) & (generator.random(size) < ones), 1, count)
    seen = pd.DataFrame({"count": count, "sex": sex, "age": age})[count > 0]
    # People of another kind are all seen, once; in sex and age they are as those of the first kind who are seen.
    return pd.concat([seen, seen.sample(others, random_state=generator).assign(count=1)], ignore_index=True)


Call = Callable[[np.random.Generator], tuple[fl.Estimates, list[float]]]
"""A data set drawn and estimated: the estimates, and the truth of each of CELLS that is looked at."""


def _lists(size: int, **settings: Any) -> Call:
    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        people = draw_victims(size, generator)
        truths = [float(people.every.query(_where(cell)).shape[0]) if cell else float(size) for cell in CELLS]
        drawn = people.recorded if "replicates" in settings else people.seen
        return cr.conditional_loglinear(drawn, by=[["year"], ["sex", "form"]], **(MODEL | settings)), truths

    return call


def _selected(size: int, **settings: Any) -> Call:
    """The pair of lists and the covariates are chosen; a coin stands beside those that count."""

    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        seen = draw_victims(size, generator).seen
        seen = seen.assign(coin=generator.choice(["heads", "tails"], size=len(seen)))
        found = cr.select_conditional(
            seen, lists=LISTS, covariates="C(year) + sex + form + coin", blind=MODEL["blind"], **settings
        )
        return found, [float(size)]

    return call


def _selected_of_four(size: int, **settings: Any) -> Call:
    """The same of the four lists that see every year, where choosing again in every draw is quick enough."""
    lists = [name for name in LISTS if name != "border"]

    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        every = draw_victims(size, generator).every
        seen = every[every[lists].any(axis=1)].drop(columns=["border", "year"])
        seen = seen.assign(coin=generator.choice(["heads", "tails"], size=len(seen)))
        return cr.select_conditional(seen, lists=lists, covariates="sex + form + coin", **settings), [float(size)]

    return call


def _without_age(size: int) -> Call:
    """The last list does not ask for the age, and one in ten of the others lacks it."""

    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        sex = generator.choice(["f", "m"], size=size)
        age = generator.gamma(4.0, 8.0, size=size) + 6 * (sex == "m")
        logit = np.array([-0.5, -0.9, -0.6]) - np.array([0.05, 0.03, 0.04]) * (age[:, None] - 35)
        logit = logit + np.array([0.6, 0.0, 0.0]) * (sex == "m")[:, None]
        on = generator.random((size, 3)) < 1 / (1 + np.exp(-logit))
        gone = (on[:, 2] & ~on[:, :2].any(axis=1)) | (generator.random(size) < 0.1)
        frame = pd.DataFrame(on.astype(int), columns=["a", "b", "c"]).assign(age=np.where(gone, np.nan, age), sex=sex)
        found = cr.conditional_loglinear(
            frame[on.any(axis=1)], lists=["a", "b", "c"], covariates="age + sex", replicates=100, seed=1
        )
        return found, [float(size)]

    return call


def _where(cell: dict[str, Any]) -> str:
    return " and ".join(f"{name} == {value!r}" for name, value in cell.items())


def _register(size: int, data: dict[str, Any], method: Callable[..., fl.Estimates], **settings: Any) -> Call:
    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        return method(register(size, generator, **data), **settings), [float(size)]

    return call


def _robust(size: int, across: str) -> Call:
    def call(generator: np.random.Generator) -> tuple[fl.Estimates, list[float]]:
        age = generator.normal(size=size)
        logit = np.array([-0.2, -0.5, -0.3]) + np.array([0.7, 0.8, 0.6]) * age[:, None]
        on = generator.random((size, 3)) < 1 / (1 + np.exp(-logit))
        frame = pd.DataFrame(on.astype(int), columns=["a", "b", "c"]).assign(age=age)[on.any(axis=1)]
        found = cr.doubly_robust(frame, lists=["a", "b", "c"], covariates=["age"], across=across, folds=2, seed=1)  # type: ignore[arg-type]
        return found, [float(size)]

    return call


BOTH = {"covariates": "sex + age"}
AGAIN: dict[str, Any] = {"interval": "percentile", "replicates": 100, "seed": 1}
POPULATIONS: dict[str, tuple[bool, Call]] = {
    "five lists, 6,000 people, log": (False, _lists(6_000)),
    "five lists, 1,500 people, log": (False, _lists(1_500)),
    "five lists, 3,000 people, form missing on one list, percentile": (True, _lists(3_000, replicates=150, seed=1)),
    "five lists, 3,000 people, model chosen by BIC, log": (True, _selected(3_000, interval="log")),
    "four lists, 1,500 people, model chosen by BIC, log": (False, _selected_of_four(1_500, interval="log")),
    "four lists, 400 people, model chosen by BIC, log": (False, _selected_of_four(400, interval="log")),
    "four lists, 1,500 people, model chosen by AIC, log": (False, _selected_of_four(1_500, criterion="aic", interval="log")),
    "four lists, 400 people, model chosen by AIC, log": (False, _selected_of_four(400, criterion="aic", interval="log")),
    "four lists, 1,500 people, model chosen by BIC in every draw, percentile": (True, _selected_of_four(1_500, **AGAIN)),
    "four lists, 400 people, model chosen by BIC in every draw, percentile": (True, _selected_of_four(400, **AGAIN)),
    "four lists, 1,500 people, model chosen by AIC in every draw, percentile": (
        True, _selected_of_four(1_500, criterion="aic", **AGAIN),
    ),
    "four lists, 400 people, model chosen by AIC in every draw, percentile": (
        True, _selected_of_four(400, criterion="aic", **AGAIN),
    ),
    "three lists, 1,500 people, age missing for a quarter, percentile": (True, _without_age(1_500)),
    "three lists, 400 people, age missing for a quarter, percentile": (True, _without_age(400)),
    "three lists, 3,000 people, doubly robust, no highest interaction": (True, _robust(3_000, "no-highest-interaction")),
    "three lists, 3,000 people, doubly robust, pairs": (True, _robust(3_000, "pairs")),
    "register, 3,000 people, Poisson": (False, _register(3_000, {}, cr.zero_truncated, **BOTH)),
    "register, 400 people, Poisson": (False, _register(400, {}, cr.zero_truncated, **BOTH)),
    "register, 3,000 people, geometric": (
        False, _register(3_000, {"shape": 1.0}, cr.zero_truncated, distribution="geometric", **BOTH),
    ),
    "register, 3,000 people, negative binomial (size 1.5)": (
        False, _register(3_000, {"shape": 1.5}, cr.zero_truncated, distribution="negative-binomial", **BOTH),
    ),
    "register, 3,000 people, one-inflated after the first contact (25 %)": (
        False, _register(3_000, {"ones": 0.25}, cr.zero_truncated, one_inflated="after", **BOTH),
    ),
    "register, 3,000 people, of whom 10 % of another kind, one-inflated before": (
        False, _register(3_000, {"ones": 0.1, "kind": "before"}, cr.zero_truncated, one_inflated="before", **BOTH),
    ),
    "register, 3,000 people, Poisson, Chao with covariates": (False, _register(3_000, {}, cr.generalised_chao, **BOTH)),
    "register, 3,000 people, Poisson, Zelterman with covariates": (
        False, _register(3_000, {}, cr.generalised_zelterman, **BOTH),
    ),
    "register, 3,000 people, negative binomial, Chao with covariates: a bound": (
        False, _register(3_000, {"shape": 1.5}, cr.generalised_chao, **BOTH),
    ),
    "register, 3,000 people, negative binomial, Poisson fitted: flagged?": (
        False, _register(3_000, {"shape": 1.5}, cr.zero_truncated, **BOTH),
    ),
}  # fmt: skip


def cell(task: tuple[str, int]) -> list[dict[str, Any]]:
    """One population: a row for each domain looked at."""
    name, datasets = task
    call = POPULATIONS[name][1]
    kept: list[list[tuple[float, ...]]] = []
    refused = 0
    for stream in np.random.SeedSequence(SEED).spawn(datasets):
        try:
            found, truths = call(np.random.default_rng(stream))
        except fl.FlError:
            refused += 1
            continue
        flagged = any(reason.code.doubtful for reason in found.reasons)
        frame = found.select(quantity="population_size").to_frame()
        kept.append([_row(frame, at, truth, flagged) for at, truth in zip(CELLS, truths, strict=False)])
    rows: list[dict[str, Any]] = []
    for at in range(len(kept[0])):
        value, lower, upper, truth, flagged = np.array([one[at] for one in kept]).T
        held = (lower <= truth) & (truth <= upper)
        rows.append({
            "population": name, "domain": ", ".join(str(v) for v in CELLS[at].values()) or "all",
            "bias": float((value / truth).mean() - 1), "coverage": float(held.mean()),
            "error": float(np.sqrt(held.mean() * (1 - held.mean()) / len(held))), "above": float((upper < truth).mean()),
            "below": float((lower > truth).mean()), "width": float(np.median((upper - lower) / truth)),
            "flagged": float(flagged.mean()), "held_or_flagged": float((held | (flagged > 0)).mean()),
            "refused": refused / datasets, "datasets": datasets,
        })  # fmt: skip
    return rows


def kept(task: tuple[str, int], folder: Path) -> list[dict[str, Any]]:
    """The rows of one population, from the folder where they were computed before."""
    file = folder / f"{list(POPULATIONS).index(task[0]):02}_{task[1]}.json"
    if file.exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before[0]["population"] == task[0] and before[0]["seed"] == SEED:
            return before
    rows = [row | {"seed": SEED} for row in cell(task)]
    file.write_text(json.dumps(rows), encoding="utf-8")
    return rows


def in_folder(folder: Path) -> pd.DataFrame:
    """The rows of every population that was computed, of each the run of most data sets, in the order of the table."""
    most: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(folder.glob("*.json")):
        rows = json.loads(file.read_text(encoding="utf-8"))
        name = rows[0]["population"]
        if (
            rows[0]["seed"] == SEED
            and name in POPULATIONS
            and rows[0]["datasets"] > most.get(name, [{"datasets": 0}])[0]["datasets"]
        ):
            most[name] = rows
    return pd.DataFrame([row for name in POPULATIONS for row in most.get(name, [])])


def _row(frame: pd.DataFrame, at: dict[str, Any], truth: float, flagged: bool) -> tuple[float, ...]:
    rows = frame["margin"] == " × ".join(at)
    for name, value in at.items():
        rows &= (frame[name] == value).fillna(False)
    row = frame[rows].iloc[0]
    return float(row["value"]), float(row["lower"]), float(row["upper"]), truth, float(flagged)


def coverage_table(rows: pd.DataFrame) -> str:
    """The table of coverage."""
    lines = [
        f"Seed {SEED}, fl_estimate {package_version()}; nominal 95 %, intervals by default.", "",
        "| population and method | domain | data sets | bias | interval covers | truth above | truth below | median width / N | flagged | refused |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    lines += [
        f"| {row['population']} | {row['domain']} | {row['datasets']} | {row['bias']:+.1%} | {row['coverage']:.1%} ± {row['error']:.1%} | {row['above']:.1%} "
        f"| {row['below']:.1%} | {row['width']:.2f} | {row['flagged']:.1%} | {row['refused']:.1%} |"
        for row in rows.to_dict("records")
    ]
    return "\n".join(lines) + "\n"


def by_year_table() -> str:
    """One simulated population as an agency would publish it, with the truth that no agency has."""
    people = draw_victims(SIZE, np.random.default_rng(SEED))
    every, recorded = people.every, people.recorded
    found = cr.conditional_loglinear(recorded, by=[["year"], ["sex", "form"]], seed=1, **MODEL)
    lines = [
        f"Simulated: {SIZE:,} people, {len(recorded):,} on five lists; {int(recorded['form'].isna().sum()):,} known to the helpline alone lack "
        "the form. One model, percentile intervals of 400 bootstrap draws.", "",
        "| | observed | estimate | 95 % interval | truth |", "|---|---:|---:|---:|---:|",
    ]  # fmt: skip
    for row in found.select(quantity="population_size").to_frame().to_dict("records"):
        columns = [] if not row["margin"] else str(row["margin"]).split(" × ")
        part = every
        for name in columns:
            part = part[part[name] == row[name]]
        name = ", ".join(str(row[name]) for name in columns) or "all"
        lines.append(
            f"| {name} | {row['n']:,} | {row['value']:,.0f} | {row['lower']:,.0f}–{row['upper']:,.0f} | {len(part):,} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run, print, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datasets", type=int, default=300)
    parser.add_argument("--bootstrap", type=int, default=60, help="where a data set takes seconds")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="populations whose name holds one of these texts")
    parser.add_argument("--folder", type=Path, default=Path("out/coverage_lists_covariates"))
    options = parser.parse_args()
    warnings.simplefilter("error")
    start = time.perf_counter()
    BY_YEAR.write_text(by_year_table(), encoding="utf-8")
    options.folder.mkdir(parents=True, exist_ok=True)
    asked = [name for name in POPULATIONS if not options.only or any(text in name for text in options.only)]
    # Those that take seconds a data set come last, those that choose again in every draw last of all.
    order = sorted(asked, key=lambda name: (POPULATIONS[name][0], "every draw" in name, name.startswith("f")))
    tasks = [(name, options.bootstrap if POPULATIONS[name][0] else options.datasets) for name in order]
    with ProcessPoolExecutor(options.processes) as pool:
        for _ in pool.map(kept, tasks, itertools.repeat(options.folder)):
            TARGET.write_text(coverage_table(in_folder(options.folder)), encoding="utf-8")
    print(BY_YEAR.read_text(encoding="utf-8"))
    print(TARGET.read_text(encoding="utf-8"))
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
