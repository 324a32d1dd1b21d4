"""Draw replicated samples of returned migrants, and write the table of docs/explanation/recovery.md.

python scripts/recovery_migrants.py [--replicates 1000] [--processes 2]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd
from studies.recovery import summarise
from studies.recovery_migrants import replicate_migrants

from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "recovery_migrants_table.md"
SEED = 2018
WORDS = {
    "known": "share in forced labour, every answer known (%)",
    "surely": "share in forced labour, surely (%)",
    "possibly": "share in forced labour, possibly (%)",
    "persons": "persons in forced labour, every answer known",
    "cost_known": "recruitment cost, every amount known (months)",
    "cost": "recruitment cost, amounts as told (months)",
    "median": "median recruitment cost, amounts as told (months)",
    "over": "cost above three months, amounts as told (%)",
}
BY_DESTINATION = ("known", "cost_known", "median", "over")


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    runs = replicate_migrants(options.replicates, seed=SEED, processes=options.processes)
    lines = [
        f"{options.replicates:,} samples of about 1,860 returned migrants, first seed {SEED}, fl_estimate {package_version()}.",
        "",
        "| by the most recent episode | destination | truth | mean estimate | relative bias | spread over samples | mean standard error | 95 % interval covers |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
        *(line for position, part in runs.groupby("destination") for line in _lines(str(position), part)),
    ]
    text = "\n".join(lines) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


def _lines(position: str, runs: pd.DataFrame) -> list[str]:
    lines: list[str] = []
    for row in summarise(runs).to_dict("records"):
        answers = row["answers"]
        if position and answers not in BY_DESTINATION:
            continue
        times, decimals = (
            (100, 2) if answers in ("known", "surely", "possibly", "over") else (1, 0 if answers == "persons" else 3)
        )
        shown = [f"{times * row[name]:,.{decimals}f}" for name in ("truth", "mean", "spread", "mean_se")]
        lines.append(
            f"| {WORDS[answers]} | {position or 'all'} | {shown[0]} | {shown[1]} | {row['relative_bias']:+.1%} "
            f"| {shown[2]} | {shown[3]} | {row['coverage']:.1%} ± {row['coverage_error']:.1%} |"
        )
    return lines


if __name__ == "__main__":
    main()
