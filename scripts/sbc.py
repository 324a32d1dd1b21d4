"""Calibrate every area model by simulation, and write the table and rank histograms of docs/explanation/hierarchical_area.md.

python scripts/sbc.py [--replicates 200] [--models "sar counts" ...]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from fl_estimate.datasets.calibration import BINS, MODELS, calibration_ranks, rank_counts
from fl_estimate.results.provenance import package_version

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
SEED = 1804


def main() -> None:
    """Run, print, and write the table and the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="default: all")
    options = parser.parse_args()
    start = time.perf_counter()
    found: dict[str, Any] = {}
    wrong_ones = ("normal, wrong", "binomial, wrong", "rw1 counts, wrong", "panel normal, wrong")
    for model in (*options.models, *wrong_ones):
        name, wrong = model.removesuffix(", wrong"), model.endswith("wrong")
        found[model] = rank_counts(calibration_ranks(name, options.replicates, seed=SEED, wrong=wrong))
        print(model, found[model][["quantity", "chi2", "p"]].round(4).to_dict("records"), flush=True)
    write(found, options.replicates)
    print(f"{time.perf_counter() - start:.0f} s")


def write(found: dict[str, Any], replicates: int) -> None:
    """The table and the picture."""
    lines = [
        f"{replicates} truths from each model, seed {SEED}, fl_estimate {package_version()}; chi-square of the ranks in "
        f"{BINS} bins ({BINS - 1} degrees of freedom) and its p. A wrong model is told half the standard errors.",
        "",
        "| model | one area | mean of areas | spread of areas |",
        "|---|---:|---:|---:|",
        *(
            f"| {model} | " + " | ".join(f"{row.chi2:.1f} (p {row.p:.2g})" for row in rows.itertuples()) + " |"
            for model, rows in found.items()
        ),
        "",
    ]
    (DOCS / "sbc_table.md").write_text("\n".join(lines), encoding="utf-8")
    draw(found, replicates)


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
