"""Calibrate the models beyond areas by simulation, and write docs/explanation/sbc_models_table.md.

python scripts/sbc_models.py [--replicates 100]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from studies.calibration import BINS, rank_counts
from studies.calibration_models import MODELS, WRONG, model_ranks

from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "sbc_models_table.md"
SEED = 1804


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100)
    options = parser.parse_args()
    start = time.perf_counter()
    ranks = {
        model: [model_ranks(model, options.replicates, seed=SEED, wrong=wrong) for wrong in (False, True)]
        for model in MODELS
    }
    text = table(ranks)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{text}\n{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


def table(ranks: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    """Of every model the tests of its ranks, right and wrong."""
    sizes = {part["replicate"].nunique() for both in ranks.values() for part in both}
    lines = [
        f"{' or '.join(map(str, sorted(sizes)))} truths from each model, seed {SEED}, fl_estimate {package_version()}; chi-square of "
        f"the ranks in {BINS} bins ({BINS - 1} degrees of freedom) and its p. A wrong model is told of {WRONG} times the data there "
        "are, or that the instrument hardly errs.",
        "",
        "| model | quantity | chi-square | p | wrong model: chi-square | p |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for model, (right, wrong) in ranks.items():
        for one, other in zip(rank_counts(right).itertuples(), rank_counts(wrong).itertuples(), strict=True):
            lines.append(
                f"| {model} | {one.quantity} | {one.chi2:.1f} | {one.p:.2g} | {other.chi2:.1f} | {other.p:.1g} |"
            )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
