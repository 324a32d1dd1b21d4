"""Time the choice of a model from case lists, alone and inside the bootstrap, against the R packages that do the same.

    python benchmarks/capture_recapture.py [--repeats 3] [--replicates 1000]

Seconds of R are those written down below, from a loaded two-core machine (R 4.5.0); where Rscript and SparseMSE are
found, SparseMSE's bootstrap is timed in the same run as well, with fewer resamples, and scaled. Read the ratios.
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

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

SPARSEMSE_ONE_CHOICE = 0.211
"""SparseMSE 2.0.1, one stepwise choice on the UK six lists; its bootstrap makes one for each resample and history."""
R_SCRIPT = """
d <- as.matrix(read.csv("{file}"))
s <- system.time(SparseMSE::estimatepopulation(d, nboot = {replicates}, pthresh = 0.02, iseed = 1234))
cat(s[["elapsed"]])
"""


def median(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of the median repeat."""
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def sparsemse_here(histories: fl.CaptureHistories, replicates: int) -> float | None:
    """Seconds of SparseMSE's bootstrap in this run; None where R or the package is not found."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists.csv"
        histories.to_frame().to_csv(file, index=False)
        script = R_SCRIPT.format(file=file.as_posix(), replicates=replicates)
        done = subprocess.run([rscript, "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


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
        "UK 6, profile of main effects": (lambda: cr.loglinear(six, likelihood="multinomial"), 0.074, "Rcapture 1.4-4"),
    }  # fmt: skip


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
    few = 10
    here = sparsemse_here(fl.datasets.load("uk_2013_6"), few)
    if here is None:
        print("SparseMSE in this run: R or the package was not found")
    else:
        print(f"SparseMSE in this run: {here:.1f} s for {few} resamples of the UK 6")


if __name__ == "__main__":
    main()
