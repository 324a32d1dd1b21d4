"""Draw replicated samples of the synthetic country, and write the table of docs/explanation/recovery.md.

python scripts/recovery.py [--replicates 1000] [--processes 2]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from studies.recovery import replicate_country, summarise

from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "recovery_table.md"
SEED = 2018
OUTCOMES = {
    "forced_labour": "at any time in 2023 (flow)",
    "forced_labour_stock": "on its last day (stock)",
}
WORDS = {
    "known": "every answer known",
    "surely": "answers as heard, unknown taken as no (surely)",
    "possibly": "answers as heard, unknown taken as yes (possibly)",
}


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    tables = {
        words: summarise(replicate_country(options.replicates, seed=SEED, outcome=outcome, processes=options.processes))
        for outcome, words in OUTCOMES.items()
    }
    lines = [
        f"{options.replicates:,} samples, first seed {SEED}, fl_estimate {package_version()}. Per 1,000 adults.",
        "",
        "| figure | class from | truth | mean estimate | relative bias | spread over samples | mean standard error | 95 % interval covers | mean width |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for figure, row in ((words, row) for words, table in tables.items() for row in table.to_dict("records")):
        lines.append(
            f"| {figure} | {WORDS[row['answers']]} | {1e3 * row['truth']:.3f} | {1e3 * row['mean']:.3f} | {row['relative_bias']:+.1%} "
            f"| {1e3 * row['spread']:.3f} | {1e3 * row['mean_se']:.3f} "
            f"| {row['coverage']:.1%} ± {row['coverage_error']:.1%} | {1e3 * row['mean_width']:.2f} |"
        )
    text = "\n".join(lines) + "\n"
    TARGET.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
