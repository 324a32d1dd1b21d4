"""Draw samples of the synthetic country, weight them in several ways, and write the table of docs/explanation/weights.md.

python scripts/recovery_weights.py [--samples 200]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from studies.recovery_weights import REPLICATES, replicate_weights_study, summarise_weights

from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "weights_table.md"
SEED = 1977
FIGURES = {
    "forced_labour": "persons in forced labour",
    "migrants_at_work": "migrants at work, persons",
    "migrants": "prevalence of migrants less that of others, per 1,000",
    "hours 0.5": "hours a week of migrants at work, median",
    "hours 0.9": "hours a week of migrants at work, 9th decile",
}
SCALE = {"migrants": 1e3}


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    start = time.process_time()
    table = summarise_weights(replicate_weights_study(options.samples, seed=SEED))
    lines = [
        f"{options.samples:,} samples, first seed {SEED}, fl_estimate {package_version()}. Raked to region, sex, age group and "
        f"migrant status; {REPLICATES} Rao–Wu replicates. Intervals of 95 %.",
        "",
        "| figure | weights, interval | truth | relative bias | spread over samples | mean standard error | covers | mean width |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    order = {name: position for position, name in enumerate(FIGURES)}
    for row in sorted(table.to_dict("records"), key=lambda record: order[record["figure"]]):
        scale = SCALE.get(row["figure"], 1.0)
        digits = 2 if row["figure"].startswith(("hours", "migrants")) and row["truth"] * scale < 1000 else 0
        shown = [f"{scale * row[name]:,.{digits}f}" for name in ("truth", "spread", "mean_se", "mean_width")]
        lines.append(
            f"| {FIGURES[row['figure']]} | {row['way']} | {shown[0]} | {row['relative_bias']:+.1%} | {shown[1]} | {shown[2]} "
            f"| {row['coverage']:.1%} ± {row['coverage_error']:.1%} | {shown[3]} |"
        )
    text = "\n".join(lines) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.process_time() - start:.0f} CPU s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
