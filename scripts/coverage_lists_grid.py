"""Simulate case lists over a grid of lists × share seen × dependence, and write docs/explanation/capture_recapture_grid_table.md.

python scripts/coverage_lists_grid.py [--datasets 200] [--minutes 60] [--folder out/coverage_lists_grid]

Each cell is a file in the folder, with the limits and flags of every sample: a run that was stopped goes on where it was, with
more samples too. First all cells are given 20 samples, then 40, 80 and on, as many as `--minutes` leaves. Nested lists have 20:
their rows are flagged in every one.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.appraisal import BOUND, ends, judged
from fl_estimate.inputs.histories import all_histories
from fl_estimate.results.provenance import package_version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explanation" / "capture_recapture_grid_table.md"
SEED, REPLICATES = 23, 200
LOT, FIRST = 20, 20
"""Samples that are run and kept at a time; those that every cell is given before any has more."""
PEOPLE = {0.05: 20_000, 0.2: 5_000, 0.5: 2_000, 0.9: 1_100, 0.99: 1_000}
"""Share seen, and people: about a thousand are seen in each cell, so that rows differ by what is unseen."""
LISTS = (2, 3, 4, 6, 8)
STRUCTURES = {
    "independent": "Independent lists",
    "pairwise": "One pair refers people to each other (odds ratio 4)",
    "heterogeneous": "People differ: three in ten have six times the odds of the others on every list",
    "nested": "The last list takes in everybody on the first",
}
PUBLISHED = ("uk_2013_5", "kosovo", "new_orleans_5", "western_us", "netherlands_5")
"""Lists whose stepwise model is a population too: that of the choice's own intervals, on tables as they are met."""
FLAGS = {"poor_fit", "people_differ_fits_better", "people_differ_fits_too", "lists_nested", "selection_blocked"}
"""Reasons on a row that say that the lists contradict the method."""
OTHERS = {"percentile": "percentile", "BCa": "bca"}
"""Intervals of a choice that are kept beside its default, by their keys among the diagnostics."""
EDITION = 2
"""Raise it where a method of the grid changes: samples of another edition are run anew."""
Found = dict[str, tuple[float, float, bool]]


def population(lists: int, share: float, structure: str) -> cr.ListModel:
    """A population of which this share is on a list: lists between 0.7 and 1.4 times an odds that gives it."""
    low, high = 1e-7, 1e3
    for _ in range(80):
        odds = float(np.sqrt(low * high))
        seen = _at(lists, odds, PEOPLE[share], structure).chances.sum()
        low, high = (odds, high) if seen < share else (low, odds)
    return _at(lists, low, PEOPLE[share], structure)


def _at(lists: int, odds: float, size: int, structure: str) -> cr.ListModel:
    names = [chr(ord("A") + position) for position in range(lists)]
    spread = dict(zip(names, (odds * np.linspace(0.7, 1.4, lists)).tolist(), strict=True))

    def stated(times: float, people: int, pairs: dict[tuple[str, ...], float] | None = None) -> cr.ListModel:
        return cr.stated_model(people, {name: times * o / (1 + times * o) for name, o in spread.items()}, pairs)

    if structure == "heterogeneous":
        easy = round(0.3 * size)
        return cr.mixed_model([stated(6.0, easy), stated(1.0, size - easy)])
    if structure == "pairwise":
        return stated(1.0, size, {("A", "B"): 4.0})
    plain = stated(1.0, size)
    return _nested(plain) if structure == "nested" else plain


def published(name: str) -> cr.ListModel:
    """The population after the stepwise model of published lists."""
    lists = fl.datasets.load(name)
    chosen = cr.select_stepwise(lists, interval="wald").provenance.arguments["terms"]
    return cr.fitted_model(lists, [term.split(":") for term in chosen] or "main")


def _nested(model: cr.ListModel) -> cr.ListModel:
    """Whoever is on the first list is on the last one too."""
    members = all_histories(len(model.lists))
    positions = {tuple(row): position for position, row in enumerate(members.tolist())}
    chances = np.zeros_like(model.chances)
    for row, chance in zip(members.tolist(), model.chances.tolist(), strict=True):
        row[-1] = max(row[0], row[-1])
        chances[positions[tuple(row)]] += chance
    return cr.ListModel(lists=model.lists, size=model.size, chances=chances)


def methods(lists: int, structure: str) -> dict[str, Callable[[fl.CaptureHistories], fl.Estimates]]:
    """What is tried, by the names of the table's columns; all with their defaults but for 200 resamples."""
    if lists == 2:
        return {
            "Chapman": lambda h: cr.chapman(h, "A", "B"),
            "independence": cr.loglinear,
            "Chao": cr.chao,
            "range 1–4": stated_range,
        }
    closed: Any = cr.closed
    boot: dict[str, Any] = {"replicates": REPLICATES, "seed": 1}
    made: dict[str, Callable[[fl.CaptureHistories], fl.Estimates]] = {"independence": cr.loglinear}
    if structure == "pairwise":
        made["the right pair"] = lambda h: cr.loglinear(h, [("A", "B")])
    made |= {"all pairs": partial(cr.loglinear, terms="two-way"), "stepwise": partial(cr.select_stepwise, **boot)}
    if lists <= 4:
        made |= {"BIC": partial(cr.select_bic, **boot), "graphs": partial(cr.average_decomposable, draws=100, seed=1)}
    made |= {f"differ, {form}": partial(closed, model=f"Mth-{form}") for form in ("poisson", "darroch", "gamma")}
    return made | {"Mth-chao": partial(closed, model="Mth-chao"), "Chao": cr.chao}


def stated_range(histories: fl.CaptureHistories) -> fl.Estimates:
    """What `appraise` prints of two lists for odds ratios of 1 to 4, without its other parts."""
    curves = cr.sensitivity(histories, odds_ratios=(1, 4))
    frame = curves.to_frame()
    sizes = frame["quantity"] == "population_size"
    frame.loc[sizes, ["lower", "upper"]] = [frame.loc[sizes, "lower"].min(), frame.loc[sizes, "upper"].max()]
    return replace(curves, frame=frame)


ENVELOPE = {
    "independence": "independence", "all pairs": "two_way", "stepwise": "stepwise", "BIC": "bic", "graphs": "decomposable",
    "differ, poisson": "differ_poisson", "differ, darroch": "differ_normal", "differ, gamma": "differ_gamma",
    "Mth-chao": BOUND,
}  # fmt: skip
"""Names of the table, and those of the appraisal. Its two samplers take too long here: an envelope with them is wider."""


def one(histories: fl.CaptureHistories, tried: dict[str, Callable[[fl.CaptureHistories], fl.Estimates]]) -> Found:
    """Limits and flags of every method on one table; a refusal has no limits and is a flag. The envelope last."""
    found: Found = {}
    made: dict[str, fl.Estimates] = {}
    refused: dict[str, str] = {}
    for name, call in tried.items():
        try:
            answer = call(histories)
        except fl.FlError as error:
            found[name] = (np.nan, np.nan, True)
            refused[ENVELOPE.get(name, name)] = error.code
            continue
        row = answer.frame.iloc[0]
        flagged = bool({reason.code for reason in answer.reasons} & FLAGS)
        found[name] = (float(row["lower"]), float(row["upper"]), flagged)
        if name in ENVELOPE:
            made[ENVELOPE[name]] = answer
        for kind, key in OTHERS.items():
            if key in answer.diagnostics:
                found[f"{name}, {kind}"] = (*answer.diagnostics[key], flagged)
    if len(histories.lists) > 2:
        lower, upper, _ = ends(made, judged(made, refused))
        held = bool(histories.nested) or any("selection_blocked" in {r.code for r in e.reasons} for e in made.values())
        found["envelope"] = (lower, upper, held or bool(np.isnan(lower)))
    return found


@dataclass(frozen=True)
class Cell:
    """A cell of the grid, and the file with its samples: for each, limits and flag of every method."""

    file: Path
    lists: int
    share: float
    structure: str

    @property
    def model(self) -> cr.ListModel:
        """Its population."""
        if self.structure in PUBLISHED:
            return published(self.structure)
        return population(self.lists, self.share, self.structure)

    @property
    def runs(self) -> list[Found]:
        """Those that are done with the methods as they are."""
        kept = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}
        return kept["runs"] if isinstance(kept, dict) and kept.get("edition") == EDITION else []

    def extend(self, datasets: int) -> float:
        """Run up to so many samples, a lot at a time; seconds it took."""
        model, runs, start = self.model, self.runs, time.perf_counter()
        tried = choices() if self.structure in PUBLISHED else methods(self.lists, self.structure)
        while len(runs) < datasets:
            # Each lot has a seed of its own: one table is the same however many are asked for.
            tables = cr.draw_lists(model, LOT, seed=1_000 * SEED + len(runs))
            runs += [one(histories, tried) for histories in tables]
        self.file.write_text(json.dumps({"edition": EDITION, "runs": runs}), encoding="utf-8")
        return time.perf_counter() - start

    def figures(self) -> dict[str, Any]:
        """Shares of the samples, by method; widths of the intervals that have both limits."""
        runs, size = self.runs, self.model.size
        figures: dict[str, dict[str, float]] = {}
        for name in dict.fromkeys(name for run in runs for name in run):
            # A refusal has no second interval either.
            given = [run.get(name, (np.nan, np.nan, True)) for run in runs]
            lower, upper, flagged = (np.array([float(one[at]) for one in given]) for at in range(3))
            # A limit that is missing, of a method that was not refused, is open on that side.
            none = np.isnan(lower) & np.isnan(upper)
            covered = ~none & ~(lower > size) & ~(upper < size)
            widths = (upper - lower)[np.isfinite(upper - lower)]
            figures[name] = {
                "covered": float(covered.mean()),
                "covered_of_given": float(covered[~none].mean()) if (~none).any() else np.nan,
                "given": int((~none).sum()),
                "flagged": float(((flagged > 0) | none).mean()),
                "either": float((covered | (flagged > 0) | none).mean()),
                "width": float(np.median(widths)) if len(widths) else np.nan,
            }
        model = self.model
        several = float(size * model.chances[all_histories(len(model.lists)).sum(axis=1) > 2].sum())
        return {"lists": self.lists, "share": self.share, "structure": self.structure, "size": size,
                "on_three": several, "datasets": len(runs), "figures": figures}  # fmt: skip


def choices() -> dict[str, Callable[[fl.CaptureHistories], fl.Estimates]]:
    """The two choices of a model, whose intervals are compared."""
    boot: dict[str, Any] = {"replicates": REPLICATES, "seed": 1}
    return {"stepwise": partial(cr.select_stepwise, **boot), "BIC": partial(cr.select_bic, **boot)}


def cells(folder: Path) -> list[Cell]:
    """The grid: shares in the middle first, then few lists; nested lists last, for their rows are flagged whatever the sample."""
    found = [
        Cell(folder / f"{structure}_{lists}_{100 * share:.0f}.json", lists, share, structure)
        for kinds in ([name for name in STRUCTURES if name != "nested"], ["nested"])
        for shares in ((0.5, 0.9), (0.2,), (0.05, 0.99))
        for lists in LISTS
        for structure in kinds
        for share in shares
    ]
    return found + [
        Cell(folder / f"{name}.json", len(fl.datasets.load(name).lists), np.nan, name) for name in PUBLISHED
    ]


def written(done: list[dict[str, Any]]) -> str:
    """The table as Markdown: what was promised beside what was found, then a part for each structure."""
    counts = sorted({one["datasets"] for one in done})
    times = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    grid = [one for one in done if one["structure"] in STRUCTURES]
    whole = len(LISTS) * len(PEOPLE) * len(STRUCTURES)
    lines = [
        f"{len(grid)} of {whole} cells, {times} samples each, seed {SEED}, fl_estimate {package_version()}; nominal 95 %. "
        f"Bootstraps of {REPLICATES} resamples. ± is one standard error of the simulation, of (x + 2)/(n + 4); the limits that "
        "cells are judged by are Wilson's of 95 %.",
        *summary(grid),
        *_choices(done),
    ]
    for structure, title in STRUCTURES.items():
        rows = sorted((one for one in done if one["structure"] == structure), key=lambda r: (r["lists"], r["share"]))
        for two in (True, False):
            lines += _part(title, [row for row in rows if (row["lists"] == 2) == two], two)
    return "\n".join(lines) + "\n"


TRUE = {"independent": ("Chapman", "independence", "all pairs", "stepwise", "BIC", "graphs"), "pairwise": ("the right pair", "all pairs", "stepwise", "BIC", "graphs")}  # fmt: skip
"""Methods whose assumptions hold in a population; those that choose can choose the right model."""
SEEN = 0.5
"""Share of the samples in which independence does not describe the lists, from which a violation counts as one that can be seen."""
COVERS, FLAGGED, EITHER = 0.93, 0.10, 0.90
"""What is promised: of intervals where the assumptions are true, of marks there, and of one or the other where they are not."""


def error(share: float, times: int) -> float:
    """Monte Carlo standard error of a share; of none or all of the samples too (Agresti and Coull 1998)."""
    near = (share * times + 2) / (times + 4)
    return float(np.sqrt(near * (1 - near) / (times + 4)))


def wilson(share: float, times: int) -> tuple[float, float]:
    """Limits of 95 % of a share that was simulated."""
    z2 = 1.959964**2
    middle = (share + z2 / (2 * times)) / (1 + z2 / times)
    half = float(np.sqrt(z2 * (share * (1 - share) / times + z2 / (4 * times**2)))) / (1 + z2 / times)
    return middle - half, middle + half


def summary(done: list[dict[str, Any]]) -> list[str]:
    """What was promised beside what was found: true models, and violations that the lists show."""
    lines = ["", f"*True assumptions.* Promised: {100 * COVERS:.0f} % covered, {100 * FLAGGED:.0f} % refused or flagged at most. A cell fails where chance does not explain it.", "",
             "| method | cells | covered, of those answered | least | cells below | refused or flagged | most | cells above |", "|---|---:|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name in dict.fromkeys(name for known in TRUE.values() for name in known):
        rows = [(one["figures"][name], one["datasets"]) for one in done if name in TRUE.get(one["structure"], ()) and name in one["figures"] and not (one["structure"] == "pairwise" and one["lists"] == 2)]  # fmt: skip
        if not rows:
            continue
        given = [(row["covered_of_given"], row["given"]) for row, _ in rows if row["given"]]
        total = sum(times for _, times in given)
        covered = sum(share * times for share, times in given) / total
        below = sum(wilson(share, times)[1] < COVERS for share, times in given)
        flagged = sum(row["flagged"] * times for row, times in rows) / sum(times for _, times in rows)
        above = sum(wilson(row["flagged"], times)[0] > FLAGGED for row, times in rows)
        lines.append(
            f"| {name} | {len(rows)} | {100 * covered:.1f} ± {100 * error(covered, total):.1f} % | {100 * min(given)[0]:.0f} % | {below} "
            f"| {100 * flagged:.1f} % | {100 * max(row['flagged'] for row, _ in rows):.0f} % | {above} |"
        )
    lines += _refused_for_want_of_overlap(done)
    seen = [one for one in done if one["lists"] > 2 and one["structure"] != "independent" and one["figures"]["independence"]["flagged"] >= SEEN]  # fmt: skip
    lines += ["", f"*Violations that the lists show*: {len(seen)} cells of three lists and more in which independence is flagged in half of the samples or more. "
              f"Promised: {100 * EITHER:.0f} % covered or flagged.", "",
              "| method | cells | covered or flagged | least | cells at 90 % or more | cells below, beyond chance |", "|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for name in ("independence", "all pairs", "stepwise", "BIC", "graphs", "envelope"):
        found = [(one["figures"][name]["either"], one["datasets"]) for one in seen if name in one["figures"]]
        if found:
            total = sum(times for _, times in found)
            mean = sum(share * times for share, times in found) / total
            lines.append(
                f"| {name} | {len(found)} | {100 * mean:.1f} ± {100 * error(mean, total):.1f} % | {100 * min(found)[0]:.0f} % "
                f"| {sum(share >= EITHER for share, _ in found)} | {sum(wilson(*one)[1] < EITHER for one in found)} |"
            )
    return lines


def _refused_for_want_of_overlap(done: list[dict[str, Any]]) -> list[str]:
    """What the cells have in common in which all pairs have no estimate."""
    rows = [one for one in done if one["structure"] in TRUE and one["lists"] > 2 and "all pairs" in one["figures"]]
    without = [
        one["on_three"] for one in rows if wilson(one["figures"]["all pairs"]["flagged"], one["datasets"])[0] > FLAGGED
    ]
    others = [one["on_three"] for one in rows if one["on_three"] not in without]
    if not without or not others:
        return []
    return ["", f"The {len(without)} cells in which all pairs are refused or flagged above {100 * FLAGGED:.0f} % expect {min(without):.2g} to "
            f"{max(without):.2g} people on three lists or more, the others {min(others):.2g} and more: from the overlap of three lists all pairs "
            "say how many are on none, and where nobody is on three they have no estimate."]  # fmt: skip


def _choices(done: list[dict[str, Any]]) -> list[str]:
    """The intervals of the choices where they can choose right: on the grid pooled by structure, and after published lists."""
    groups = {f"grid, {title[0].lower()}{title[1:]}": [one for one in done if one["structure"] == name and one["lists"] > 2] for name, title in list(STRUCTURES.items())[:2]}  # fmt: skip
    groups |= {f"after `{name}`": [one for one in done if one["structure"] == name] for name in PUBLISHED}
    lines = ["", "*Three intervals of a choice*: the default, `percentile-and-model`, and two by name; covered (median width against that of the default):", "",
             "| population | stepwise | its percentile | its BCa | BIC | its percentile | its BCa |", "|---|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for title, rows in groups.items():
        if rows:
            lines.append(f"| {title} | " + " | ".join(_pooled(rows, name) for name in ("stepwise", "BIC")) + " |")
    return lines


def _pooled(rows: list[dict[str, Any]], name: str) -> str:
    """Coverage of its intervals over some cells, and the median over them of the ratio of widths."""
    kinds = (name, *(f"{name}, {kind}" for kind in OTHERS))
    rows = [row for row in rows if all(kind in row["figures"] for kind in kinds)]
    if not rows:
        return " | | "
    shown: list[str] = []
    for kind in kinds:
        total = sum(row["figures"][kind]["given"] for row in rows)
        covered = sum(row["figures"][kind]["covered_of_given"] * row["figures"][kind]["given"] for row in rows) / total
        ratio = np.median([row["figures"][kind]["width"] / row["figures"][name]["width"] for row in rows])
        shown.append(f"{100 * covered:.1f} ± {100 * error(covered, total):.1f} % ({ratio:.2f})")
    return " | ".join(shown)


def _part(title: str, rows: list[dict[str, Any]], two: bool) -> list[str]:
    if not rows:
        return []
    names = [
        name
        for name in dict.fromkeys(name for row in rows for name in row["figures"])
        if not name.endswith(tuple(OTHERS))
    ]
    head = f"**{title}**, {'two lists' if two else 'three lists and more'}."
    lines = [
        "",
        head,
        "",
        "| lists | seen | samples | " + " | ".join(names) + " |",
        "|---:|---:|---:|" + "---:|" * len(names),
    ]
    for row in rows:
        shown = [_shown(row["figures"].get(name), row["datasets"]) for name in names]
        lines.append(f"| {row['lists']} | {100 * row['share']:.0f} % | {row['datasets']} | " + " | ".join(shown) + " |")
    return lines


def _shown(figure: dict[str, float] | None, times: int) -> str:
    """Covered with its error, flagged or refused, and either; in per cent."""
    if figure is None:
        return ""
    covered = figure["covered"]
    return f"{100 * covered:.0f} ±{100 * error(covered, times):.0f} · {100 * figure['flagged']:.0f} · {100 * figure['either']:.0f}"


def main() -> None:
    """Run what is not done, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "coverage_lists_grid")
    parser.add_argument(
        "--only", nargs="*", default=[""], help="beginnings of the names of cells, such as nested_6 uk_2013_5"
    )
    options = parser.parse_args()
    warnings.simplefilter("error")
    options.folder.mkdir(parents=True, exist_ok=True)
    start, grid = time.perf_counter(), cells(options.folder)
    for target in (*(FIRST * 2**step for step in range(20) if FIRST * 2**step < options.datasets), options.datasets):
        for here in grid:
            enough = min(target, FIRST) if here.structure == "nested" else target
            if not here.file.stem.startswith(tuple(options.only)):
                continue
            if time.perf_counter() - start <= 60 * options.minutes and len(here.runs) < enough:
                seconds = here.extend(enough)
                print(here.file.stem, enough, f"{seconds:.1f} s", flush=True)
    done = [here.figures() for here in grid if here.runs]
    TARGET.write_text(written(done), encoding="utf-8")
    print(f"{len(done)} cells in {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
