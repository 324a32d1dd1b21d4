"""Poststratified models beside direct and area estimates, pooled lists beside separate ones: the tables of their pages.

python scripts/recovery_models.py [--replicates 100]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from studies.recovery_districts import summarise_districts
from studies.recovery_models import replicate_cells, replicate_lists

from fl_estimate.results.provenance import package_version

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
SEED = 777101
WORDS = {
    "direct": "direct, Korn–Graubard",
    "area-x1": "area model, covariate x1",
    "unit": "poststratified, no covariate",
    "unit-x1": "poststratified, covariate x1",
}


def main() -> None:
    """Run, print, and write both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100)
    options = parser.parse_args()
    start = time.perf_counter()
    for name, text in (
        ("poststratified_models_table.md", cells_table(replicate_cells(options.replicates, seed=SEED))),
        ("pooled_lists_table.md", lists_table(replicate_lists(options.replicates, seed=SEED))),
    ):
        (DOCS / name).write_text(text, encoding="utf-8")
        print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to docs/explanation")


def cells_table(runs: pd.DataFrame) -> str:
    """Districts together, districts with few cases, and the nation, by method."""
    districts = runs[runs["district"] != ""]
    cases = districts[districts["method"] == "direct"].groupby("district")["cases"].mean()
    parts = {
        "all districts": districts,
        "districts with fewer than 5 cases a sample": districts[districts["district"].isin(cases.index[cases < 5])],
        "the nation": runs[runs["district"] == ""],
    }
    lines = [
        f"{runs['replicate'].nunique()} samples of the synthetic country, first seed {SEED}, fl_estimate {package_version()}. "
        "Every answer known; per 1,000 adults; 95 % intervals.",
        "",
        "| | method | coverage | mean width | bias | root mean squared error |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for part, rows in parts.items():
        for row in summarise_districts(rows, ["method"]).to_dict("records"):
            figures = " | ".join(f"{1_000 * value:.2f}" for value in (row["mean_width"], row["bias"], row["rmse"]))
            lines.append(f"| {part} | {WORDS[str(row['method'])]} | {100 * row['coverage']:.1f} % | {figures} |")
    return "\n".join([*lines, ""])


def lists_table(runs: pd.DataFrame) -> str:
    """One pooled model beside a model of each region alone, over the same regions."""
    regions = runs[runs["region"] != ""]
    key = ["replicate", "region"]
    had = regions[(regions["method"] == "separate") & ~regions["refused"]][key]
    lines = [
        f"{runs['replicate'].nunique()} sets of 10 regions with three lists, first seed {SEED}, fl_estimate {package_version()}. "
        "Two-way interactions in both; error of log N.",
        "",
        "| regions | method | without an estimate | coverage | median width / N | median error | root mean squared error of log N |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for label, kept in (("all", regions), ("with an estimate of their own", regions.merge(had, on=key))):
        for method in ("separate", "pooled"):
            part = kept[kept["method"] == method]
            lines.append(f"| {label} | {method} | {_figures(part)} |")
    lines.append(f"| all ten together | pooled | {_figures(runs[runs['region'] == ''])} |")
    return "\n".join([*lines, ""])


def _figures(part: pd.DataFrame) -> str:
    kept = part[~part["refused"]]
    error = np.log(kept["value"].to_numpy() / kept["truth"].to_numpy())
    width = float(np.median((kept["upper"] - kept["lower"]) / kept["truth"]))
    return (
        f"{100 * part['refused'].mean():.1f} % | {100 * kept['covered'].mean():.1f} % | {width:.2f} | "
        f"{100 * np.expm1(np.median(error)):+.1f} % | {np.sqrt((error**2).mean()):.3f}"
    )


if __name__ == "__main__":
    main()
