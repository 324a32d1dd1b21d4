"""Time the choice of a model from case lists, alone and inside the bootstrap, against the R packages that do the same.

    python benchmarks/capture_recapture.py [--repeats 3] [--replicates 1000]

Seconds of R are those written down below, from a loaded two-core machine (R 4.5.0). Where Rscript is found, two things
are timed in the same run: the bare glm fits of the eight models that one stepwise choice on the UK six lists passes (a
floor for any such search in R: no tails, no check of existence), and SparseMSE's bootstrap if it is installed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.bootstrap import resample_all
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.model_space import best_of, rank_by_bic
from fl_estimate.estimators.capture_recapture.posterior import chain_diagnostics
from fl_estimate.estimators.capture_recapture.rivals import best_of_rivals, can_win
from fl_estimate.inputs.histories import all_histories

SPARSEMSE_ONE_CHOICE = 0.211
"""SparseMSE 2.0.1, one stepwise choice on the UK six lists; its bootstrap makes one for each resample and history."""
R_SCRIPT = """
d <- as.matrix(read.csv("{file}"))
s <- system.time(SparseMSE::estimatepopulation(d, nboot = {replicates}, pthresh = 0.02, iseed = 1234))
cat(s[["elapsed"]])
"""

R_FLOOR = """
d <- read.csv("{file}")
models <- c("LA+NG+PF+GO+GP+NCA", "PF:NCA", "LA:NG", "NG:GP", "LA:PF", "PF:GP", "GO:GP", "NG:GO")
fits <- function() for (k in seq_along(models))
  glm(as.formula(paste("count ~", paste(models[1:k], collapse = "+"))), poisson, d)
fits()
s <- system.time(for (i in 1:20) fits())
cat(s[["elapsed"]] / 20)
"""


def median(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of the median repeat."""
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def in_r(script: str, frame: pd.DataFrame, **given: int) -> float | None:
    """What a script of R prints; None where R, or a package that it asks for, is not found."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists.csv"
        frame.to_csv(file, index=False)
        code = script.format(file=file.as_posix(), **given)
        done = subprocess.run([rscript, "-e", code], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def every_history(histories: fl.CaptureHistories) -> pd.DataFrame:
    """The table with a row for each history, those that did not occur too."""
    members = all_histories(len(histories.lists))
    return pd.DataFrame(members, columns=list(histories.lists)).assign(count=full_counts(histories, members))


def calls(replicates: int) -> dict[str, tuple[Callable[[], Any], float | None, str]]:
    """What is timed, R's seconds for it, and whose they are."""
    six, five, kosovo, west = (fl.datasets.load(n) for n in ("uk_2013_6", "uk_2013_5", "kosovo", "western_us"))
    choices = SPARSEMSE_ONE_CHOICE * (replicates + len(six.counts))
    boot: dict[str, Any] = {"replicates": replicates, "seed": 1}
    return {
        "UK 6, stepwise": (lambda: cr.select_stepwise(six, interval="wald"), SPARSEMSE_ONE_CHOICE, "SparseMSE"),
        f"UK 6, stepwise, BCa {replicates:,}": (
            lambda: cr.select_stepwise(six, **boot), choices, "SparseMSE, its single choice × resamples"
        ),
        f"Western US, stepwise, BCa {replicates:,}": (
            lambda: cr.select_stepwise(west, **boot), 0.102881 * replicates, "MSE 1.2.0, 102.9 s for 1,000"
        ),
        "UK 6, AIC with p": (lambda: cr.select_aic_p(six), 25.231, "modslavmse 2.0"),
        "UK 5, BIC of 1,024 models": (lambda: cr.select_bic(five, interval="wald"), 5.482, "MSE 1.2.0"),
        "UK 6, BIC of 32,768 models": (lambda: cr.select_bic(six, interval="wald"), None, "-"),
        "UK 5, BIC of 6,893 models": (lambda: cr.select_bic(five, max_order=4, interval="wald"), None, "-"),
        "Kosovo, BIC, top 20, BCa 100": (
            lambda: cr.select_bic(kosovo, max_order=3, top=20, replicates=100, seed=1), 6.536, "MSE 1.2.0"
        ),
        "UK 5, average over 822 graphs, grid of 1,000": (
            lambda: cr.average_decomposable(five, grid=np.unique(np.round(np.linspace(1, 30 * five.n, 1000))).tolist()),
            0.091, "dga 2.0.2",
        ),
        "UK 5, average over graphs, grid made longer": (lambda: cr.average_decomposable(five), None, "-"),
        "UK 6, average over 18,154 graphs": (lambda: cr.average_decomposable(six), None, "dga has no six lists"),
        "UK 6, profile of main effects": (lambda: cr.loglinear(six, likelihood="multinomial"), 0.074, "Rcapture 1.4-4"),
    }  # fmt: skip


LCMCR: dict[str, tuple[float, float]] = {
    "new_orleans_5_v185": (9305.5, 6.901), "kosovo": (1001.8, 11.713), "australia": (4054.8, 6.647),
    "uk_2013_5": (1631.8, 21.935), "uk_2013_6": (1411.0, 29.311),
}  # fmt: skip
"""LCMCR 0.4.14, ten seeds of 60,000 steps: effective draws of N added up over the seeds, and wall seconds, on the same loaded
machine as the others. R's sum knows nothing of seeds that disagree; ours, over all chains together, does."""


def latent_classes() -> None:
    """Effective draws of N a second of processor time, against LCMCR's a second of wall time."""
    cr.latent_class(
        fl.datasets.load("artificial_3"), draws=100, burn_in=10, thin=1, seed=1
    )  # compiled, or read from disk
    print(f"{'latent classes, effective draws a second':42} {'ours':>8} {'within':>8} {'LCMCR':>8} {'ratio':>6}  R-hat")
    for name, (effective, seconds) in LCMCR.items():
        start = time.process_time()
        found = cr.latent_class(fl.datasets.load(name), draws=4_000, burn_in=5_000, thin=50, seed=1)
        spent = time.process_time() - start
        chains = (found.draws[:, 0]).reshape(4, -1)
        within = sum(float(chain_diagnostics(chain[None])["ess_bulk"]) for chain in chains)
        ours = float(found.diagnostics["ess_bulk"])
        print(f"{name:42} {ours / spent:8.0f} {within / spent:8.0f} {effective / seconds:8.0f} "
              f"{within / spent / (effective / seconds):6.1f}  {found.diagnostics['rhat']:.2f}")  # fmt: skip


def rivals(replicates: int, repeats: int) -> None:
    """Choosing again in every resample: all of the models kept, as before, against those only that can win."""
    print(f"{'choice by BIC in resamples':38} {'all':>8} {'rivals':>8} {'ratio':>6}  models fitted of those kept")
    for name, order in (("uk_2013_6", 2), ("uk_2013_5", 2), ("netherlands_5", 2), ("kosovo", 3), ("australia", 3)):
        lists = fl.datasets.load(name)
        space = lattice(len(lists.lists), order)
        fitter, counts = Fitter(lattice=space), full_counts(lists, space.members)
        ranked = rank_by_bic(fitter, counts)
        kept = ranked.models[: 20 if space.lists <= 4 else 100]
        tables = resample_all(counts, float(ranked.dark[0]), replicates, 1)
        every = median(lambda f=fitter, t=tables, k=kept: best_of(f, t, k), repeats)
        few = median(lambda f=fitter, c=counts, t=tables, k=kept: best_of_rivals(f, c, t, k), repeats)
        fits = fitter.fit(np.broadcast_to(counts, (len(kept), len(counts))), kept)
        share = can_win(fitter, tables[:100], kept, fits.parameters, fits.fitted)[0].mean()
        print(f"{name:38} {every:8.2f} {few:8.2f} {every / few:6.1f}  {100 * share:.1f} %")


def main() -> None:
    """Print the seconds and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=1000)
    options = parser.parse_args()
    print(f"{'what':38} {'seconds':>8} {'R':>8} {'R / ours':>9}  peer")
    for name, (call, peer, whose) in calls(options.replicates).items():
        seconds = median(call, options.repeats)
        ratio = "" if peer is None else f"{peer / seconds:9.0f}"
        print(f"{name:38} {seconds:8.3f} {'' if peer is None else f'{peer:8.2f}':>8} {ratio:>9}  {whose}")
    latent_classes()
    rivals(min(options.replicates, 300), options.repeats)
    six, few = fl.datasets.load("uk_2013_6"), 10
    ours = median(lambda: cr.select_stepwise(six, replicates=options.replicates, seed=1), options.repeats)
    floor = in_r(R_FLOOR, every_history(six))
    if floor is None:
        print("R was not found: nothing of it was timed in this run")
    else:
        all_fits = floor * (options.replicates + len(six.counts))
        print(f"R in this run, glm fits of one choice: {floor:.4f} s; of {options.replicates:,} resamples: {all_fits:.1f} s, "
              f"{all_fits / ours:.0f} times ours with all that belongs to it ({ours:.2f} s)")  # fmt: skip
    peer = in_r(R_SCRIPT, six.to_frame(), replicates=few)
    print("SparseMSE is not installed" if peer is None else f"SparseMSE in this run: {peer:.1f} s for {few} resamples")


if __name__ == "__main__":
    main()
