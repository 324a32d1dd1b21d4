"""Draw samples of clustered populations whose areas are known, and write the table of docs/explanation/hierarchical_area.md.

python scripts/coverage_areas.py [--samples 36] [--processes 2] [--minutes 30] [--folder out/coverage_areas] [--seed 2027]

Goes on where it was stopped: every block of samples is kept in the folder. Of another seed the table is printed only.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from fl_estimate.datasets.clustered import clustered_population
from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "coverage_areas_table.md"
PERSONS, SEED, BLOCK = 50, 20_26, 1
PSUS_IN_STRATUM, PERSONS_IN_PSU = 100, 20
ICC = (0.0, 0.1, 0.34)
CELLS: tuple[tuple[int, float, float], ...] = (
    *((30, icc, prevalence) for icc in ICC for prevalence in (0.002, 0.01)),
    *((24, icc, prevalence) for icc in ICC for prevalence in (0.001, 0.02)),
    *((100, icc, 0.005) for icc in ICC),
)
SHARES = {30: 1.0, 24: 1.0, 100: 1 / 2}
"""Of the samples asked for, by the number of areas: fewer where the cells are more, or the areas."""
WORDS = {
    "clustered": "as by default: clustered counts",
    "binomial": "binomial likelihood, pooled design effect",
    "own": "before: binomial, own design effects, half-normal(1), equal-tailed",
}
CLASSES: dict[tuple[str, str], str] = {
    ("domains", "all"): "all areas", ("cases in the sample", "0"): "no case met", ("cases in the sample", "1–4"): "1–4 cases",
    ("truth", "lowest tenth"): "lowest tenth", ("truth", "highest tenth"): "highest tenth",
}  # fmt: skip


def population(seed: int, *, areas: int, icc: float, prevalence: float) -> pd.DataFrame:
    """Areas of two strata of a hundred units each; another population for every sample."""
    units = 2 * areas * PSUS_IN_STRATUM
    made = clustered_population(
        persons=units * PERSONS, psus=units, strata=2, areas=areas, prevalence=prevalence, icc=icc, spread=0.6, r2=0.5, seed=seed,
    )  # fmt: skip
    return made.frame


def units_drawn(areas: int) -> Any:
    """Two to fifteen units in each stratum: four to thirty in an area."""
    return {stratum: 2 + (5 * stratum) % 14 for stratum in range(1, 2 * areas + 1)}


def three_ways(people: Any) -> dict[str, fl.Estimates]:
    """The area model as it is by default, with independent people, and as it was; the first two with calibrated limits."""
    direct = fl.estimate_prevalence(people, "outcome", by="area")
    before = fl.hierarchical.Prior(sigma="half-normal(1)")
    return {
        "clustered": fl.hierarchical.area(direct, draws=1, seed=0),
        "binomial": fl.hierarchical.area(direct, likelihood="binomial", draws=1, seed=0),
        "own": fl.hierarchical.area(
            direct, likelihood="binomial", deff="own", prior=before, interval="equal-tailed", draws=1, seed=0
        ),
    }


def one_cell(areas: int, icc: float, prevalence: float, options: argparse.Namespace) -> fl.CoverageReport:
    samples = max(BLOCK, round(options.samples * SHARES[areas] / BLOCK) * BLOCK)
    return fl.simulate_coverage(
        partial(population, areas=areas, icc=icc, prevalence=prevalence),
        fl.SampleDesign(strata="stratum", psu="psu", psus=units_drawn(areas), persons=PERSONS_IN_PSU),
        "outcome", by="area", estimators={"area": three_ways}, samples=samples, seed=options.seed, block=BLOCK,
        folder=options.folder, minutes=options.minutes, processes=options.processes, progress=print,
    )  # fmt: skip


def cell_lines(areas: int, icc: float, prevalence: float, report: fl.CoverageReport) -> list[str]:
    """A row an estimator."""
    found = report.by_class()
    lines: list[str] = []
    for name, words in WORDS.items():
        records = found[found["estimator"] == f"area: {name}"].to_dict("records")
        rows: dict[tuple[str, str], Any] = {(str(row["kind"]), str(row["class"])): row for row in records}
        every = rows["domains", "all"]
        covers = [f"{rows[key]['coverage']:.1%}" if key in rows and rows[key]["intervals"] else "–" for key in CLASSES]
        covers[0] += f" ± {every['coverage_error']:.1%}"
        covers.append(f"{every['interval_below']:.1%}")
        lines.append(
            f"| {areas} | {icc:g} | {prevalence:.1%} | {report.samples} | {words} | {' | '.join(covers)} | {1e3 * every['mean_width']:.1f} "
            f"| {1e3 * every['rmse']:.2f} |"
        )
    return lines


def main() -> None:
    """Run every cell, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=36, help="of a cell of 30 areas")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=30.0, help="of a cell")
    parser.add_argument("--folder", default="out/coverage_areas")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="other populations; the table of the docs is of the default"
    )
    options = parser.parse_args()
    reports = {cell: one_cell(*cell, options) for cell in CELLS}
    heads = " | ".join([*CLASSES.values(), "interval below the truth"])
    text = "\n".join(
        [
            f"Another population for every sample, of areas with 4 to 30 units of {PERSONS_IN_PSU} people "
            f"(seed {options.seed}, fl_estimate {package_version()}); 95 % intervals, width and error per 1,000.",
            "",
            f"| areas | ICC | prevalence | samples | model | {heads} | mean width | RMSE |",
            "|---:|---:|---:|---:|---|" + "---:|" * (len(CLASSES) + 3),
            *(line for cell, report in reports.items() for line in cell_lines(*cell, report)),
            "",
        ]
    )
    if options.seed == SEED:
        TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
