"""Draw replicated samples of the synthetic country by district, and write the tables of docs/explanation/hierarchical_area.md.

python scripts/recovery_districts.py [--replicates 200] [--processes 2]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd
from studies.recovery_districts import METHODS, few_cases, replicate_districts, summarise_districts

from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "recovery_districts_table.md"
SEED = 777001
WORDS = {
    "direct": "direct, Korn–Graubard",
    "area": "area model, no covariate",
    "area-x1": "area model, covariate x1",
    "area-x2": "area model, covariate x2",
    "area-own": "no covariate, own design effects",
    "area-x1-own": "x1, own design effects",
    "area-x2-own": "x2, own design effects",
}
SHOWN = METHODS[:3]


def main() -> None:
    """Run, print, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    runs = replicate_districts(options.replicates, seed=SEED, processes=options.processes)
    text = "\n".join(
        [
            f"{options.replicates:,} samples, first seed {SEED}, fl_estimate {package_version()}. Every answer known; "
            "per 1,000 adults; 95 % intervals.",
            "",
            *overall(summarise_districts(runs, ["method"]), "all 24 districts"),
            "",
            *overall(summarise_districts(few_cases(runs), ["method"]), "districts with fewer than 5 cases a sample"),
            "",
            *by_district(summarise_districts(runs, ["district", "method"])),
            "",
        ]
    )
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


def overall(table: pd.DataFrame, title: str) -> list[str]:
    """Districts together, errors beside those of direct estimates."""
    lines = [
        f"| {title} | interval covers | mean width | root mean squared error | of the direct one |",
        "|---|---:|---:|---:|---:|",
    ]
    direct = float(table.loc[table["method"] == "direct", "rmse"].iloc[0])
    for row in table.to_dict("records"):
        lines.append(
            f"| {WORDS[str(row['method'])]} | {row['coverage']:.1%} ± {row['coverage_error']:.1%} "
            f"| {1e3 * row['mean_width']:.2f} | {1e3 * row['rmse']:.2f} | {row['rmse'] / direct:.2f} |"
        )
    return lines


def by_district(table: pd.DataFrame) -> list[str]:
    """A row a district; coverage, mean width and error of each method."""
    heads = [f"{WORDS[method]}: {what}" for method in SHOWN for what in ("covers", "width", "RMSE")]
    lines = [
        f"| district | truth | mean cases | {' | '.join(heads)} |",
        "|---" + "|---:" * (2 + len(heads)) + "|",
    ]
    for district, part in table.groupby("district"):
        rows: dict[str, Any] = {str(row["method"]): row for row in part.to_dict("records")}
        cells = [
            f"{rows[m]['coverage']:.1%} | {1e3 * rows[m]['mean_width']:.1f} | {1e3 * rows[m]['rmse']:.2f}"
            for m in SHOWN
        ]
        first = rows[SHOWN[0]]
        lines.append(f"| {district} | {1e3 * first['truth']:.2f} | {first['mean_cases']:.1f} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
