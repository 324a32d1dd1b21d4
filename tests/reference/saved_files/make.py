"""Write what an older version of the library saves: run under that version, once; what it wrote is never written again.

    git worktree add --detach ../older COMMIT
    PYTHONPATH=../older/src python tests/reference/saved_files/make.py tests/reference/saved_files/NAME

The data are made up here from a seed. Beside each file of estimates stands a CSV of what that version read back from it: the values
that tests expect of a later one. What a version cannot make yet is left out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

import fl_estimate as fl

MAPPING = """\
id = "made_up"
title = "A survey that was made up"
kind = "household"
country = "XX"
population = "residents of 15 to 64"

[people]
person_id = "id"
psu = "ea"
stratum = "stratum"
weight_person = "w"
region = { column = "region", recode = "regions" }
sex = "sex"

[people.derived]
fl = "q == 1"

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"

[recodes.regions]
1 = "North"
2 = "South"
"""
STUDY = """\
title = "A study that was made up"

[source.made_up]
file = "made_up.csv"
mapping = "made_up.toml"

[[estimate]]
name = "prevalence"
kind = "prevalence"
outcome = "fl"
by = [["region"], ["sex"]]
"""


def people() -> pd.DataFrame:
    """480 people in 48 units of three strata and eight districts; cases lie in every third unit."""
    rng = np.random.default_rng(22)
    n = 480
    unit = np.arange(n) // 10
    frame = pd.DataFrame({
        "id": np.arange(1, n + 1), "stratum": unit // 16, "ea": unit, "w": rng.uniform(50, 150, n).round(1),
        "region": np.where(unit % 8 < 5, 1, 2), "district": [f"d{each}" for each in unit % 8],
        "sex": rng.choice([1, 2], n), "age": rng.integers(15, 65, n),
    })  # fmt: skip
    frame["q"] = (rng.random(n) < np.where(unit % 3 == 0, 0.3, 0.03)).astype(int)
    return frame


def answered() -> pd.DataFrame:
    """The same people as classified: one of twelve did not answer."""
    frame = people().rename(columns={"q": "fl"})
    frame["region"] = frame["region"].map({1: "North", 2: "South"})
    frame["fl_possible"] = np.where(frame["id"] % 12 == 0, 1, frame["fl"])
    frame["fl_in_scope"] = 1
    frame.loc[frame["id"] % 12 == 0, "fl"] = 0
    return frame


def design() -> fl.Design:
    """The sample's design; a version that asks is told that the weights add up to the population."""
    said: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "ea"}
    try:
        return fl.Design(**said, expands=True)
    except TypeError:
        return fl.Design(**said)


def kept(name: str, folder: Path, made: Any) -> None:
    """Save a result, and what this version reads of it."""
    again = type(made).read(made.save(folder / f"{name}.parquet"))
    again.to_frame().to_csv(folder / f"{name}.csv", index=False)


def prevalence(folder: Path) -> None:
    made = fl.estimate_prevalence(answered(), "fl", design=design(), by=["region", "sex"])
    kept("prevalence", folder, made)


def total(folder: Path) -> None:
    made = fl.estimate_total(answered(), "fl", design=design(), by="region", unknown="exclude")
    kept("total", folder, made)


def area(folder: Path) -> None:
    direct = fl.estimate_prevalence(answered(), "fl", design=design(), by="district")
    kept("area", folder, fl.hierarchical.area(direct, seed=1))


def lists(folder: Path) -> None:
    counts = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "n": [40, 31, 9]})
    histories = fl.CaptureHistories.from_counts(counts, lists=("a", "b"), count="n")
    kept("lists", folder, fl.capture_recapture.chapman(histories, "a", "b"))


def regression(folder: Path) -> None:
    frame = people().rename(columns={"q": "fl"})
    made = fl.regress(frame, "fl ~ age + sex", design=design())
    kept("regression", folder, made)
    fl.marginal_means(fl.Regression.read(folder / "regression.parquet"), "sex").to_frame().to_csv(
        folder / "regression_means.csv", index=False
    )


def survey(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as position:
        people().to_csv(f"{position}/made_up.csv", index=False)
        (Path(position) / "made_up.toml").write_text(MAPPING, encoding="utf-8")
        data = fl.load(f"{position}/made_up.csv", mapping=f"{position}/made_up.toml")
        data.save(folder / "survey")
        made = fl.estimate_prevalence(fl.SurveyData.read(folder / "survey"), "fl", by="region")
        made.to_frame().to_csv(folder / "survey.csv", index=False)


def result_folder(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as position:
        people().to_csv(f"{position}/made_up.csv", index=False)
        (Path(position) / "made_up.toml").write_text(MAPPING, encoding="utf-8")
        (Path(position) / "study.toml").write_text(STUDY, encoding="utf-8")
        fl.run_study(f"{position}/study.toml", out=f"{position}/result")
        (folder / "result").mkdir(exist_ok=True)
        for name in ("manifest.json", "estimates.parquet", "estimates.csv"):
            if (Path(position) / "result" / name).is_file():
                copyfile(f"{position}/result/{name}", folder / "result" / name)


def coverage(folder: Path) -> None:
    frame = fl.datasets.clustered_population(
        persons=2_000, psus=40, strata=1, areas=2, prevalence=0.05, icc=0.05, seed=2
    )
    drawn = fl.SampleDesign(strata="area", psu="psu", psus=5, persons=10)
    report = fl.simulate_coverage(frame, drawn, "outcome", by="area", samples=4, seed=1)
    report.save(folder / "coverage.json")
    report.to_frame().to_csv(folder / "coverage.csv", index=False)


def write_sav(path: Path) -> None:
    """A file of SPSS with labels and a declared missing value."""
    frame: Any = people()[["id", "region", "q"]].head(30).astype({"q": float})
    frame.loc[3, "q"] = 9.0
    pyreadstat.write_sav(
        frame, str(path), column_labels={"q": "Was in forced labour"},
        variable_value_labels={"q": {0.0: "no", 1.0: "yes", 9.0: "refused"}, "region": {1: "North", 2: "South"}},
        missing_ranges={"q": [9.0]},
    )  # fmt: skip


def converted(folder: Path) -> None:
    from fl_estimate.loaders.convert import convert

    with tempfile.TemporaryDirectory() as position:
        write_sav(Path(position) / "made_up.sav")
        convert(f"{position}/made_up.sav", folder / "converted.parquet")


MAKERS: tuple[Callable[[Path], None], ...] = (
    prevalence, total, area, lists, regression, survey, result_folder, coverage, converted,
)  # fmt: skip


def main() -> None:
    """Write a folder of all that this version can save."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in MAKERS:
        try:
            make(folder)
        except Exception as error:  # a version of long ago: what it cannot do is said, and left out
            print(f"{make.__name__}: {type(error).__name__}: {str(error)[:300]}")
        else:
            print(f"{make.__name__}: made")


if __name__ == "__main__":
    main()
