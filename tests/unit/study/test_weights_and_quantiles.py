"""A study brings weights to known totals and gives quantiles, each as the function of that name does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fl_estimate as fl
from tests.unit.study.made import STUDY, assert_same_rows, write

MORE = """
[calibrate]
margins = { sex = { "1" = 40000, "2" = 44000 } }
method = "logit"
bounds = [0.2, 5]

[[estimate]]
kind = "quantile"
variable = "age_interview"
probabilities = [0.25, 0.5]
rule = "hf7"
by = "region"
"""


def test_as_the_functions_do(tmp_path: Path) -> None:
    path = write(tmp_path, study=STUDY + MORE)
    result = fl.run_study(path)
    people = fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml", engine="polars")
    weighted, _ = fl.calibrate(
        fl.classify(people), margins={"sex": {"1": 40_000, "2": 44_000}}, method="logit", bounds=(0.2, 5)
    )
    expected = fl.estimate_quantile(weighted, "age_interview", [0.25, 0.5], rule="hf7", by="region").to_frame()
    name = next(each for each in result.estimates if each.startswith("quantile"))
    assert_same_rows(result.estimates[name].to_frame(), expected, rtol=1e-12)
    total = fl.estimate_total(weighted, "forced_labour", by="region").to_frame()
    assert_same_rows(result.estimates["total_2"].to_frame(), total, rtol=1e-12)
    said = json.dumps([a.code for a in result.estimates["total_2"].assumptions])
    assert "weights_calibrated" in said


def test_margins_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "margins.csv").write_text("margin,level,total\nsex,1,40000\nsex,2,44000\n", encoding="utf-8")
    path = write(tmp_path, study=STUDY + '\n[calibrate]\nmargins = "margins.csv"\n')
    result = fl.run_study(path)
    assert "weights_calibrated" in {a.code for a in result.estimates["total_2"].assumptions}
    assert "margins.csv" in json.dumps(result.manifest)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ('[calibrate]\nmargins = { sex = { "1" = 1 } }\n', "FL-DESIGN-42"),
        ("[calibrate]\nmargins = {}\n", "FL-STUDY-02"),
        ('[calibrate]\nmargin = { sex = { "1" = 1 } }\n', "FL-STUDY-02"),
        ('[calibrate]\nsource = "nobody"\nmargins = { age = 4 }\n', "FL-STUDY-02"),
        ('[[estimate]]\nkind = "quantile"\nvariable = "wages"\n', "FL-STUDY-05"),
    ],
)
def test_faults(tmp_path: Path, lines: str, code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.run_study(write(tmp_path, study=f"{STUDY}\n{lines}"))
