"""Which interval of a prevalence covers where cases are clustered and rare: writes docs/explanation/coverage_table.md.

python scripts/coverage_laboratory.py [--minutes 30] [--samples 300] [--folder out/coverage_laboratory]

Blocks of samples are files in the folder: a run that was stopped goes on where it was, and `--minutes` ends it between two blocks.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from studies.recovery import DESIGN

import fl_estimate as fl
from fl_estimate.datasets.country import draw
from fl_estimate.datasets.geography import DISTRICTS, REGIONS, region_of
from fl_estimate.datasets.population import SEED as COUNTRY
from fl_estimate.datasets.population import Population, make_population
from fl_estimate.results.methods import methods
from fl_estimate.results.provenance import package_version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explanation" / "coverage_table.md"
SEED, BLOCK = 30, 50
ICCS = (0.0, 0.02, 0.1, 0.34)
PERSONS: Mapping[float, int] = {0.05: 10, 0.01: 15, 0.002: 30, 0.0005: 30}
"""Prevalences, and persons interviewed in a PSU."""
EXPECTED = (7, 7, 14, 14, 28, 28)
"""Expected cases of the six areas, of which the number of PSUs follows."""
STRATA, PSU_SIZE, TIMES = 2, 60, 3
"""Strata an area; persons in a PSU on average; PSUs in the population for one in the sample of the largest area."""
KINDS = ("korn-graubard", "beta", "logit", "wilson", "jeffreys", "wald", "likelihood")
WITH_OTHER_DF = ("korn-graubard", "beta", "logit", "wilson")
BANDS = ("5–9", "10–19", "20 and more")


def estimators() -> dict[str, Any]:
    """Every kind with df of the domain, and some with each other rule that the library has."""
    tried: dict[str, Any] = {}
    for df in rules():
        for kind in KINDS if df == "domain" else WITH_OTHER_DF:
            tried[f"{kind}, df {df}"] = ("prevalence", {"interval": kind, "df": df})
    return tried


def rules() -> list[str]:
    """The rules for degrees of freedom that a prevalence takes, read off its signature."""
    (df,) = (each for each in methods()["prevalence"].arguments if each.name == "df")
    found: list[str] = []
    left = [df.form]
    while left:
        form = left.pop(0)
        left += [each for each in get_args(form) if not isinstance(each, str)]
        found += [each for each in get_args(form) if isinstance(each, str)]
    return found


def wanted(prevalence: float) -> dict[str, int]:
    """PSUs to draw in each stratum, two at the least."""
    psus = [max(2, round(cases / prevalence / PERSONS[prevalence] / STRATA)) for cases in EXPECTED]
    return {str(stratum + 1): psus[stratum // STRATA] for stratum in range(len(EXPECTED) * STRATA)}


def populated(seed: int, *, prevalence: float, icc: float, notes: str) -> pd.DataFrame:
    """A population of six areas; what was measured of it is noted beside the blocks."""
    psus = TIMES * max(wanted(prevalence).values()) * len(EXPECTED) * STRATA
    made = fl.datasets.clustered_population(
        persons=psus * PSU_SIZE, psus=psus, strata=STRATA, areas=len(EXPECTED), prevalence=prevalence, icc=icc, spread=0.2, seed=seed
    )  # fmt: skip
    Path(f"{notes}_{seed}.json").write_text(json.dumps({"icc": made.icc, "persons": len(made.frame)}), encoding="utf-8")
    return made.frame


def cell(prevalence: float, icc: float, samples: int, folder: Path, minutes: float) -> fl.CoverageReport:
    """One cell of the grid."""
    notes = str(folder / f"population_{prevalence}_{icc}")
    return fl.simulate_coverage(
        partial(populated, prevalence=prevalence, icc=icc, notes=notes),
        fl.SampleDesign(strata="stratum", psu="psu", psus=wanted(prevalence), persons=PERSONS[prevalence]),
        "outcome", by="area", estimators=estimators(), samples=samples, seed=SEED, block=BLOCK, folder=folder, minutes=minutes,
    )  # fmt: skip


def country(samples: int, folder: Path, minutes: float) -> fl.CoverageReport:
    """The synthetic country with its own sample, every answer known."""
    population = make_population(COUNTRY)
    return fl.simulate_coverage(
        adults(population), partial(surveyed, population), "forced_labour_true", by=[["region"], ["district"]],
        estimators=estimators(), samples=samples, seed=SEED, block=BLOCK, folder=folder, minutes=minutes,
    )  # fmt: skip


def adults(population: Population) -> pd.DataFrame:
    """The adults of the country, with region, district and what is true of them."""
    adult = population.adult
    district = population.district[adult]
    return pd.DataFrame(
        {
            "region": np.array(REGIONS)[region_of(district)],
            "district": np.array(DISTRICTS)[district],
            "forced_labour_true": population.forced_labour[adult].astype(np.int8),
        }
    )


def surveyed(population: Population, _: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, fl.Design]:
    """One survey of the country."""
    return draw(population, int(rng.integers(2**31))), DESIGN


def written(
    cells: Mapping[tuple[float, float], fl.CoverageReport], whole: fl.CoverageReport | None, folder: Path
) -> str:
    """The tables as Markdown: a part for each prevalence, and the country."""
    lines = [
        f"fl_estimate {package_version()}, seed {SEED}, nominal 95 %. A population of its own for each {BLOCK} samples, of six areas with {STRATA} "
        f"strata, PSUs of {PSU_SIZE} persons on average. Each entry is the coverage in areas of "
        f"{' · '.join(BANDS)} expected cases, in per cent; in brackets mean width over that of the shortest interval of the same shape that covers "
        "(areas together). Measured ICC beside that asked for.",
    ]  # fmt: skip
    for prevalence in PERSONS:
        row = {icc: cells[prevalence, icc] for icc in ICCS if (prevalence, icc) in cells}
        if not row:
            continue
        counts = sorted({report.samples for report in row.values()})
        worst = max(float(_bands(report)["coverage_error"].max()) for report in row.values())
        lines += [
            "", f"**Prevalence {100 * prevalence:g} %**, {PERSONS[prevalence]} persons a PSU, "
            f"{counts[0]}{f' to {counts[-1]}' if len(counts) > 1 else ''} samples; Monte Carlo error of an entry ± {100 * worst:.1f} points at most.", "",
            "| interval | " + " | ".join(f"ICC {icc:g} ({_measured(folder, prevalence, icc)})" for icc in row) + " |",
            "|---|" + "---:|" * len(row),
        ]  # fmt: skip
        lines += [
            f"| {name} | " + " | ".join(_entry(report, name) for report in row.values()) + " |" for name in estimators()
        ]
    lines += [*_price(cells), *_warned(cells)]
    if whole is not None:
        classes = ("nation", "1–4", *BANDS)
        frame = whole.by_class()
        frame = frame[frame["kind"].isin(["nation", "expected cases"]) & frame["class"].isin(classes)]
        worst = frame.groupby("class")["coverage_error"].max()
        lines += [
            "", f"**The synthetic country**, its own sample of about 24,000 adults, every answer known; {whole.samples} samples; Monte Carlo error "
            + ", ".join(f"{name} ± {100 * worst[name]:.1f}" for name in classes) + " points at most.", "",
            "| interval | the nation | " + " | ".join(f"{name} expected cases" for name in classes[1:]) + " | width ratio of regions and districts |",
            "|---|" + "---:|" * (len(classes) + 1),
        ]  # fmt: skip
        for name in estimators():
            own = frame[frame["estimator"] == name].set_index("class")["coverage"]
            shown = [f"{100 * own[each]:.1f}" if each in own.index else "–" for each in classes]
            lines.append(f"| {name} | {' | '.join(shown)} | {_width(whole, name):.2f} |")
    return "\n".join(lines) + "\n"


def _price(cells: Mapping[tuple[float, float], fl.CoverageReport]) -> list[str]:
    """What effective degrees of freedom cost in width, by the same classes as coverage."""
    one, other = "korn-graubard, df effective", "korn-graubard, df domain"
    lines = [
        "", f"**What it costs.** Mean width of {one}, over that of {other}, in areas of {' · '.join(BANDS)} expected cases.", "",
        "| prevalence | " + " | ".join(f"ICC {icc:g}" for icc in ICCS) + " |", "|---:|" + "---:|" * len(ICCS),
    ]  # fmt: skip
    for prevalence in PERSONS:
        told: list[str] = []
        for icc in ICCS:
            if (prevalence, icc) not in cells:
                told.append("–")
                continue
            wide, base = (_by_band(cells[prevalence, icc], name, "mean_width") for name in (one, other))
            told.append(" · ".join(f"{wide[band] / base[band]:.2f}" if band in wide else "–" for band in BANDS))
        lines.append(f"| {100 * prevalence:g} % | {' | '.join(told)} |")
    return lines


def _warned(cells: Mapping[tuple[float, float], fl.CoverageReport]) -> list[str]:
    """Where the degrees of freedom of the units asked fall short: does the row say so, and is it said of those that miss?"""
    name = "korn-graubard, df domain"
    lines = [
        "", f"**Is a short interval warned of?** {name}: rows that say that their cases stand in few units, in areas of "
        f"{' · '.join(BANDS)} expected cases, in per cent of all; in brackets in per cent of those whose interval misses the truth.", "",
        "| prevalence | " + " | ".join(f"ICC {icc:g}" for icc in ICCS) + " |", "|---:|" + "---:|" * len(ICCS),
    ]  # fmt: skip
    for prevalence in PERSONS:
        told: list[str] = []
        for icc in ICCS:
            if (prevalence, icc) not in cells:
                told.append("–")
                continue
            of_all, of_misses = (
                _by_band(cells[prevalence, icc], name, column) for column in ("warned", "warned_of_misses")
            )
            told.append(
                " · ".join(
                    f"{_percent(of_all[band])} ({_percent(of_misses[band])})" if band in of_all else "–"
                    for band in BANDS
                )
            )
        lines.append(f"| {100 * prevalence:g} % | {' | '.join(told)} |")
    return lines


def _by_band(report: fl.CoverageReport, name: str, column: str) -> dict[str, float]:
    """A column of an estimator, by class of expected cases."""
    own = _bands(report)
    own = own[own["estimator"] == name]
    return {str(band): float(value) for band, value in zip(own["class"].tolist(), own[column].tolist(), strict=True)}


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f}"


def _bands(report: fl.CoverageReport) -> pd.DataFrame:
    frame = report.by_class()
    return frame[(frame["kind"] == "expected cases") & frame["class"].isin(BANDS)]


def _entry(report: fl.CoverageReport, name: str) -> str:
    bands = _bands(report)
    bands = bands[bands["estimator"] == name].set_index("class")["coverage"]
    shown = [f"{100 * bands[band]:.0f}" if band in bands.index else "–" for band in BANDS]
    return f"{' · '.join(shown)} ({_width(report, name):.2f})"


def _width(report: fl.CoverageReport, name: str) -> float:
    every = report.by_class()
    return every.loc[(every["estimator"] == name) & (every["kind"] == "domains"), "width_ratio"].item()


def _measured(folder: Path, prevalence: float, icc: float) -> str:
    found = [
        json.loads(file.read_text(encoding="utf-8"))["icc"]
        for file in folder.glob(f"population_{prevalence}_{icc}_*.json")
    ]
    return f"{abs(round(float(np.mean(found)), 3)):.3f}" if abs(np.mean(found)) < 0.0005 else f"{np.mean(found):.3f}"


def main() -> None:
    """Run what is not done, print, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "coverage_laboratory")
    options = parser.parse_args()
    warnings.simplefilter("error")
    options.folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    cells: dict[tuple[float, float], fl.CoverageReport] = {}
    whole: fl.CoverageReport | None = None

    def left() -> float:
        return options.minutes - (time.monotonic() - start) / 60

    # Twice through the grid: a run that is ended early has seen every cell.
    for part in (2, 1):
        for prevalence in PERSONS:
            # The rarest takes samples of a hundred thousand: a quarter of them.
            samples = max(BLOCK, options.samples // part // (4 if prevalence < 0.001 else 1))
            for icc in ICCS:
                if left() > 0:
                    cells[prevalence, icc] = cell(prevalence, icc, samples, options.folder, left())
                    print(prevalence, icc, f"{time.monotonic() - start:.0f} s", flush=True)
                    print(cells[prevalence, icc], flush=True)
            if prevalence == 0.01 and left() > 0:
                whole = country(max(BLOCK, options.samples // part // 2), options.folder, left())
                print(whole, flush=True)
    TARGET.write_text(written(cells, whole, options.folder), encoding="utf-8")
    print(f"{len(cells)} cells in {TARGET.relative_to(ROOT)}, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
