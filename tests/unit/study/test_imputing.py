"""[impute] in a study file: imputed estimates come with their bounds, and the manifest says how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fl_estimate as fl
from tests.unit.study.made import STUDY, assert_same_rows, write

IMPUTED = STUDY.replace('outcome = "forced_labour"\n', 'outcome = "forced_labour"\nunknown = "impute"\n')
TABLE = "\n[impute]\nseed = 4\ndraws = 6\npredictors = ['age_interview']\n"
CONTRAST = """
[[estimate]]
kind = "contrast"
estimates = "prevalence_1"
between = { sex = ["1", "2"] }
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fl.StudyResult]:
    folder = tmp_path_factory.mktemp("imputing")
    return folder, fl.run_study(write(folder, study=IMPUTED + TABLE + CONTRAST), out=folder / "out")


def test_as_the_functions_do(run: tuple[Path, fl.StudyResult]) -> None:
    folder, result = run
    survey = fl.load(folder / "people.csv", mapping=folder / "people.toml", engine="polars")
    drawn = fl.impute(survey, draws=6, seed=4, by=["region", "sex"], predictors="age_interview")
    frame = result.estimates["total_2"].frame
    expected = fl.estimate_total(drawn, "forced_labour", by="region", unknown="impute").frame
    imputed = frame[frame["bound"] == "imputed"].reset_index(drop=True)
    assert_same_rows(imputed, expected)
    bounds = fl.estimate_total(drawn, "forced_labour", by="region", unknown="bounds").frame
    assert_same_rows(frame[frame["bound"] != "imputed"].reset_index(drop=True), bounds)


def test_what_is_made_of_them_takes_the_imputed_rows(run: tuple[Path, fl.StudyResult]) -> None:
    contrast = next(each for name, each in run[1].estimates.items() if name.startswith("contrast"))
    assert set(contrast.frame["bound"]) == {"imputed"}
    assert np.isfinite(contrast.frame["se"]).all()


def test_the_manifest_says_how(run: tuple[Path, fl.StudyResult]) -> None:
    manifest = json.loads((run[1].folder / "manifest.json").read_text(encoding="utf-8"))
    told = manifest["imputations"]["people"]
    assert (told["draws"], told["seed"], told["delta"]) == (6, 4, {})
    assert (told["method"], told["donors"], told["by"], told["too_few"]) == (
        "donors",
        "predictive",
        ["region", "sex"],
        "refuse",
    )
    assert manifest["config"]["impute"]["donors"] == "predictive"
    assert (run[1].folder / "report.fr.html").read_text(encoding="utf-8").count("imput") > 0


def test_a_study_without_it_is_as_it_was(tmp_path: Path) -> None:
    result = fl.run_study(write(tmp_path))
    assert result.manifest["imputations"] == {}
    assert set(result.estimates["total_2"].frame["bound"]) == {""}


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (IMPUTED, r"estimate\[1\]\.unknown: there is no \[impute\] table"),
        (STUDY + TABLE, r'impute: no estimate has unknown = .impute'),
        (IMPUTED + TABLE.replace("draws = 6", "draws = 1"), r"impute\.draws"),
        (IMPUTED + TABLE.replace("draws", "drws"), r"impute\.drws"),
        (IMPUTED.replace('[classify]\nframework = "icls2018_adult"\nshort_instrument = true\n', "") + TABLE, r"impute: there is no \[classify\]"),
    ],
)  # fmt: skip
def test_faults_at_the_door(tmp_path: Path, study: str, said: str) -> None:
    with pytest.raises(fl.FlError, match=said) as caught:
        fl.run_study(write(tmp_path, study=study))
    assert caught.value.code in ("FL-STUDY-02", "FL-STUDY-34")
    assert not (tmp_path / "out").exists()
