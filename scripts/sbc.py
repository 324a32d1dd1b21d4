"""Calibrate every area model by simulation, and write the table and rank histograms of docs/explanation/hierarchical_area.md.

python scripts/sbc.py [--replicates 100] [--models "sar counts" ...]

With --models only these are run: the rows of the others stay in the table, if it is of as many truths, the same seed and version; the
picture, which shows all of them, is left as it is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from studies.calibration import BINS, MODELS, calibration_ranks, rank_counts

from fl_estimate.results.provenance import package_version

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
SEED = 1804
EVERY: tuple[str, ...] = (*MODELS, "normal, wrong", "binomial, wrong", "rw1 counts, wrong", "panel normal, wrong")


def main() -> None:
    """Run, print, and write the table and the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--models", nargs="+", default=[], help="default: all, and the wrong ones")
    options = parser.parse_args()
    start = time.perf_counter()
    found: dict[str, Any] = {}
    for model in options.models or EVERY:
        name, wrong = model.removesuffix(", wrong"), model.endswith("wrong")
        found[model] = rank_counts(calibration_ranks(name, options.replicates, seed=SEED, wrong=wrong))
        print(model, found[model][["quantity", "chi2", "p"]].round(4).to_dict("records"), flush=True)
    write(found, options.replicates, whole=not options.models)
    print(f"{time.perf_counter() - start:.0f} s")


def write(found: dict[str, Any], replicates: int, *, whole: bool) -> None:
    """The table, and where it is whole, the picture."""
    target = DOCS / "sbc_table.md"
    heading = (
        f"{replicates} truths from each model, seed {SEED}, fl_estimate {package_version()}; chi-square of the ranks in "
        f"{BINS} bins ({BINS - 1} degrees of freedom) and its p. A wrong model is told half the standard errors."
    )
    rows = {} if whole else kept_rows(target, heading)
    rows |= {
        model: f"| {model} | " + " | ".join(f"{row.chi2:.1f} (p {row.p:.2g})" for row in part.itertuples()) + " |"
        for model, part in found.items()
    }
    lines = [
        heading,
        "",
        "| model | one area | mean of areas | spread of areas |",
        "|---|---:|---:|---:|",
        *(rows[model] for model in EVERY if model in rows),
        "",
    ]
    target.write_text("\n".join(lines), encoding="utf-8")
    if whole:
        draw(found, replicates)


def kept_rows(target: Path, heading: str) -> dict[str, str]:
    """The rows of a table of this heading, by model."""
    lines = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
    if not lines or lines[0] != heading:
        raise SystemExit(f"{target.name} is of other truths, or of another version: run all models")
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines[4:] if line}


def draw(found: dict[str, Any], replicates: int) -> None:
    """A histogram of ranks for each model and quantity; grey is where 99 % of even ranks would lie."""
    import matplotlib as mpl
    from scipy import stats

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sbc"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(found), 3, figsize=(7, 1.0 * len(found)), sharex=True, sharey="row")
    low, high = stats.binom.ppf([0.005, 0.995], replicates, 1 / BINS)
    for row, (model, table) in zip(axes, found.items(), strict=True):
        for axis, part in zip(row, table.itertuples(), strict=True):
            axis.axhspan(low, high, color="#dddddd")
            axis.bar(np.arange(BINS), part.counts, width=0.9, color="#3b6ea5" if "wrong" not in model else "#b5482f")
            axis.set_xticks([])
            axis.tick_params(labelsize=6)
        row[0].set_ylabel(model.replace(", ", "\n"), fontsize=7)
    for axis, name in zip(axes[0], ("one area", "mean of areas", "spread of areas"), strict=True):
        axis.set_title(name, fontsize=8)
    figure.tight_layout()
    figure.savefig(DOCS / "sbc_ranks.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
