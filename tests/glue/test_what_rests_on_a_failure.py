"""An estimate that rests on one that failed fails with it, by name and without stopping the run; every other one is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.study.made import MAPPING, STUDY, people, write

SOURCE = STUDY.split("[classify]")[0]
FIRST = """
[[estimate]]
kind = "total"
name = "failed"
outcome = "unanswered"

[[estimate]]
kind = "published"
name = "figure"
document = "an office"
value = 900
se = 90
"""
RESTING: dict[str, str] = {
    "stack": 'estimates = ["figure", "failed"]',
    "misclassification": 'estimate = "failed"\nsensitivity = [90, 10]\nspecificity = [990, 10]\ndraws = 100',
    "sources": 'estimates = { survey = "failed" }\ncounts = { office = 300 }\ndraws = 100\n'
    'bias = { survey = "exactly(0)", office = "normal(-1, 0.5)" }',
    "stock": 'flow = "failed"\nduration_years = 2\nduration = "completed"\nwindow_years = 5',
    "sum": 'estimates = ["figure", "failed"]',
    "combine": 'estimates = ["figure", "failed"]',
    "aggregate": 'estimates = { A = "figure", B = "failed" }\npopulation = "world.csv"\ngroups = "world.csv"',
    "extend_by_ratio": 'base = "failed"\ncases = "cases.csv"\nknown = "labour"\nwanted = "sexual"',
    "change": 'before = "failed"\nafter = "figure"',
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("failures")
    frame = people()
    frame["Q9"] = [None, *[1] * (len(frame) - 1)]  # nobody has said what an unknown answer means
    world = {"country": ["A", "B"], "region": ["N", "N"], "population": [1e6, 2e6]}
    pd.DataFrame(world).to_csv(folder / "world.csv", index=False)
    (folder / "cases.csv").write_text("labour,sexual\n400,100\n", encoding="utf-8")
    entries = "".join(f'\n[[estimate]]\nkind = "{kind}"\nname = "{kind}"\n{keys}\n' for kind, keys in RESTING.items())
    entries += '\n[[estimate]]\nkind = "prevalence"\nname = "last"\noutcome = "case"\n'
    mapping = MAPPING.replace('case = "Q1 == 1"', 'case = "Q1 == 1"\nunanswered = "Q9 == 1"')
    return fl.run_study(write(folder, study=SOURCE + FIRST + entries, mapping=mapping, frame=frame), out=folder / "out")


@pytest.mark.parametrize("kind", RESTING)
def test_it_fails_by_name(result: Any, kind: str) -> None:
    error = result.failed[kind]
    assert error.code == "FL-EST-26"
    assert error.found == "failed"
    assert kind not in result.estimates


def test_every_other_one_is_made(result: Any) -> None:
    assert list(result.estimates) == ["figure", "last"]
    assert set(result.failed) == {"failed", *RESTING}
    assert set(result.published.to_frame()["estimate"]) == {"figure", "last"}
    assert [each["name"] for each in result.manifest["estimates"]] == ["failed", "figure", *RESTING, "last"]
    assert (Path(result.folder) / "report.html").is_file()
