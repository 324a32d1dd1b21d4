"""Time a batch of 40 synthetic countries × 3 rounds: `make bench-batch`. Killed in the middle, taken up again, and compared with single runs.

Prints seconds, peak memory of a study and of the batch's own process, what a kill left, and whether the folders of the resumed batch
hold the same published figures as runs made one by one. The page of the batch is left to be looked at.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = (2019, 2021, 2023)
REGIONS, AREAS, IN_AREA = ("North", "South", "East", "West"), 20, 30
MAPPING = """\
id = "round_{year}"
title = "A synthetic round"
population = "adults"

[reference_period]
kind = "12m"
start = {year}-01-01
end = {next}-01-01

[people]
person_id = "ID"
region = "REG"
stratum = "STR"
psu = "EA"
weight_person = "W"
sex = "SEX"
age_interview = "AGE"

[jobs]
from = "people"
person_id = "ID"
age_at_start = "AGE"
w_low_no_wage = {{ column = "Q2", recode = "answers" }}
c_docs = {{ column = "Q3", recode = "coercion" }}

[recodes]
answers = {{ "1" = "yes", "2" = "no", "8" = "dk", "null" = "missing" }}
coercion = {{ "1" = "experienced", "2" = "no", "8" = "dk", "null" = "missing" }}

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"
expands = true
"""
TEMPLATE = """\
title = "Forced labour in {iso}, {year}"
country = "{iso}"

[source.survey]
file = "{iso}_{year}.parquet"
mapping = "round_{year}.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true

[[estimate]]
name = "prevalence"
kind = "prevalence"
outcome = "forced_labour"
by = [["region"], ["sex"]]

[[estimate]]
name = "persons"
kind = "total"
outcome = "forced_labour"
by = "region"
"""


def codes(number: int) -> list[str]:
    """Codes of countries that do not exist: ISO 3166 leaves XA to XZ and QM to QZ to users."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [*(f"X{letter}" for letter in letters), *(f"Q{letter}" for letter in letters[12:])][:number]


def survey(rng: np.random.Generator, prevalence: float) -> pd.DataFrame:
    """One round of one country: 2,400 people in 4 strata of 20 areas, whose prevalence varies by area."""
    rows = len(REGIONS) * AREAS * IN_AREA
    at = np.arange(rows)
    areas = rng.beta(prevalence * 40, (1 - prevalence) * 40, len(REGIONS) * AREAS)
    case = rng.random(rows) < np.repeat(areas, IN_AREA)
    answer = np.where(rng.random(rows) < 0.01, 8, np.where(case, 1, 2))
    return pd.DataFrame(
        {
            "ID": at + 1, "REG": np.repeat(REGIONS, AREAS * IN_AREA), "STR": np.repeat(range(1, 5), AREAS * IN_AREA),
            "EA": at // IN_AREA + 1, "W": rng.uniform(500, 1500, rows).round(1), "SEX": rng.integers(1, 3, rows), "AGE": rng.integers(18, 66, rows),
            "Q2": answer, "Q3": answer,
        }
    )  # fmt: skip


def write(folder: Path, countries: int) -> tuple[Path, Path]:
    """The files of all countries and rounds, the template, and the table of values."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(40)
    for year in ROUNDS:
        (folder / f"round_{year}.toml").write_text(MAPPING.format(year=year, next=year + 1), encoding="utf-8")
    for iso in codes(countries):
        first, change = rng.uniform(0.01, 0.06), rng.uniform(0.7, 1.3)
        for number, year in enumerate(ROUNDS):
            survey(rng, first * change**number).to_parquet(folder / f"{iso}_{year}.parquet", index=False)
    template, values = folder / "template.toml", folder / "values.csv"
    template.write_text(TEMPLATE, encoding="utf-8")
    with values.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["name", "iso", "year"])
        lines.writerows([f"{iso}_{year}", iso, year] for iso in codes(countries) for year in ROUNDS)
    return template, values


def ended(log: Path) -> int:
    """Studies that the log says have ended."""
    return len(re.findall(r": done after", log.read_text(encoding="utf-8"))) if log.is_file() else 0


def batch(template: Path, values: Path, out: Path, jobs: int, *options: str) -> list[str]:
    """The command."""
    program = "import sys; from fl_estimate.cli import main; sys.argv[0] = 'fl-estimate'; main()"
    words = ["batch", template, "--values", values, "--jobs", jobs, "--out", out, *options]
    return [sys.executable, "-c", program, *map(str, words)]


def killed(command: list[str], log: Path, at: int) -> tuple[float, int]:
    """Run a batch and kill its process, and nothing else, when so many studies have ended."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while ended(log) < at and run.poll() is None:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    took = time.monotonic() - start
    time.sleep(3)  # the studies that ran see that their parent is gone, and put their folders in order
    return took, ended(log)


def main() -> int:
    """Run it all and print the figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--countries", type=int, default=40)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--out", type=Path, default=ROOT / "out" / "bench_batch")
    given = asked.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    template, values = write(given.out / "data", given.countries)
    out, total = given.out / "results", given.countries * len(ROUNDS)
    print(f"{given.countries} countries × {len(ROUNDS)} rounds, {len(REGIONS) * AREAS * IN_AREA:,} people each, {given.jobs} side by side")  # fmt: skip
    first, there = killed(batch(template, values, out, given.jobs), out / "batch.log", total // 2)
    left = list(out.rglob(".fl_estimate.*"))
    print(f"killed (SIGKILL) after {there} of {total} studies, {first:.0f} s; folders half written: {len(left)}")
    start = time.monotonic()
    done = subprocess.run(batch(template, values, out, given.jobs, "--resume"), capture_output=True, text=True, check=False)  # fmt: skip
    second = time.monotonic() - start
    print(f"resumed: status {done.returncode}, {second:.0f} s; both together {first + second:.0f} s")
    print(done.stdout.strip())
    table = pd.read_csv(out / "batch" / "studies.csv")
    print(table["status"].value_counts().to_string())
    print(f"seconds a study: median {table.loc[table['status'] == 'done', 'seconds'].median():.1f}")
    print(f"peak memory of a study: {table['peak_mb'].max():.0f} MB; of the batch and what it started: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3:.0f} MB at the most in one process")  # fmt: skip
    return compared(template, values, out, total)


def compared(template: Path, values: Path, out: Path, total: int) -> int:
    """Whether six studies drawn at random, run one by one, give the same bytes of published figures."""
    from fl_estimate.study.run import run_study

    with values.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    same = 0
    chosen = random.Random(6).sample(rows, min(6, total))
    for row in chosen:
        alone = out.parent / "alone" / row["name"]
        run_study(template, out=alone, settings={"{iso}": row["iso"], "{year}": row["year"]})
        files = ("estimates.csv", "report.html")
        same += all((alone / name).read_bytes() == (out / row["name"] / name).read_bytes() for name in files)
    print(f"same bytes as a run of their own: {same} of {len(chosen)} drawn; page: {out / 'batch' / 'batch.html'}")
    return 0 if same == len(chosen) else 1


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
