"""Time a logistic regression of a million rows against statsmodels alone, svy and R survey, in the same run.

    python benchmarks/regression.py [--rows 1000000] [--repeats 3] [--peer PYTHON] [--r Rscript]

The rows are made up: 200 strata of 20 primary sampling units, a rare outcome. Two models: of classes only (17 columns of
the design matrix, counted in cells), and with age and a wage besides (rows). Times are CPU seconds, the least of the
repeats; what to read is the ratio. `--peer` names an interpreter that has svy, `--r` an R with survey; each is skipped
without. statsmodels fits with the weights and knows nothing of the design: it is the floor of a fit, not a peer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402 (after the number of threads is set)
import polars as pl  # noqa: E402

import fl_estimate as fl  # noqa: E402

DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")
MODELS = {
    "classes": "forced_labour ~ sex + sector + C(region)",
    "classes and numbers": "forced_labour ~ sex + sector + C(region) + age + wage",
}
R_SCRIPT = """
suppressMessages({library(survey)})
people <- read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE)
people$region <- factor(people$region)
d <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = people, nest = TRUE)
for (f in c("forced_labour ~ sex + sector + region", "forced_labour ~ sex + sector + region + age + wage")) {
  used <- system.time(m <- svyglm(as.formula(f), d, family = quasibinomial()))
  cat(sum(used[c("user.self", "sys.self")]), unname(coef(m)), unname(SE(m)), "\\n")
}
"""


def write_rows(path: Path, rows: int) -> None:
    """Write the made-up people as Parquet."""
    rng = np.random.default_rng(9)
    unit = rng.integers(0, 4_000, rows)
    sex, sector = rng.choice(["f", "m"], rows), rng.choice(list("abcdef"), rows)
    age, region = rng.integers(18, 70, rows), rng.integers(1, 11, rows)
    eta = -4.5 + 0.5 * (sex == "m") + 0.01 * (age - 40) + 0.3 * (sector == "c") + rng.normal(0, 0.5, 4_000)[unit]
    pl.DataFrame(
        {
            "stratum": (unit // 20).astype(np.int16),
            "psu": (unit % 20).astype(np.int16),
            "weight": rng.uniform(1, 9, rows),
            "sex": sex,
            "sector": sector,
            "region": region.astype(np.int8),
            "age": age.astype(np.int16),
            "wage": rng.lognormal(5, 0.5, rows),
            "forced_labour": (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(np.int8),
        }
    ).write_parquet(path, row_group_size=500_000)


def least(call: Callable[[], Any], repeats: int) -> float:
    """CPU seconds of the quickest repeat."""
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def bare(frame: pl.DataFrame, formula: str) -> Any:
    """The weighted fit by statsmodels, without a design."""
    import statsmodels.api as sm
    from formulaic import Formula

    made: Any = Formula
    parts = made(formula).get_model_matrix(frame.to_pandas(), output="numpy")
    weights = frame["weight"].to_numpy()
    return sm.GLM(np.asarray(parts.lhs), np.asarray(parts.rhs), sm.families.Binomial(), freq_weights=weights).fit()


def gap(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(np.asarray(ours, dtype=float) / np.asarray(theirs, dtype=float) - 1)))


def _peers(options: argparse.Namespace, path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if options.peer:
        command = [options.peer, str(Path(__file__).with_name("peer_svy_glm.py")), str(path)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found["svy"] = json.loads(output.splitlines()[-1])
    if options.r:
        table = path.with_suffix(".csv")
        pl.read_parquet(path).write_csv(table)
        script = path.with_suffix(".R")
        script.write_text(R_SCRIPT, encoding="utf-8")
        command = [options.r, str(script), str(table)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        found["R survey"] = []
        for line in lines[:2]:
            numbers = [float(value) for value in line.split()]
            p = (len(numbers) - 1) // 2
            found["R survey"].append({"seconds": numbers[0], "value": numbers[1 : p + 1], "se": numbers[p + 1 :]})
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", help="an interpreter that has svy")
    parser.add_argument("--r", help="an Rscript that has survey")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        write_rows(path, options.rows)
        frame = pl.read_parquet(path)
        fl.regress(frame.head(20_000), MODELS["classes and numbers"], design=DESIGN)
        peers = _peers(options, path)
        print(f"{options.rows:,} rows")
        for position, (name, formula) in enumerate(MODELS.items()):
            found = fl.regress(frame, formula, design=DESIGN).to_frame()
            own = least(lambda formula=formula: fl.regress(frame, formula, design=DESIGN), options.repeats)
            print(f"{name}: ours {own:.2f} s, {len(found)} coefficients")
            floor = bare(frame, formula)
            seconds = least(lambda formula=formula: bare(frame, formula), 1)
            print(
                f"  statsmodels, fit alone {seconds:8.2f} s {seconds / own:6.1f} x; value {gap(found['value'], floor.params):.0e}"
            )
            for peer, answers in peers.items():
                one = answers[position]
                print(
                    f"  {peer:22} {one['seconds']:8.2f} s {one['seconds'] / own:6.1f} x; value "
                    f"{gap(found['value'], one['value']):.0e}, se {gap(found['se'], one['se']):.0e}"
                )


if __name__ == "__main__":
    main()
