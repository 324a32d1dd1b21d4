"""The private folder: for its owner alone, apart from what is released, with full values, the audit and the key of fingerprints."""

from __future__ import annotations

import json
import shutil
import stat
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from fl_estimate.reporting.run_folder import names_in_a_run
from fl_estimate.study.private import KEY, NOTICE, open_private
from fl_estimate.study.run import run_study
from tests.unit.study.made import write

LISTS = "police,ngo,count\n1,0,120\n0,1,95\n1,1,3\n"
STUDY = """\
[[estimate]]
name = "lists"
kind = "capture_recapture"
file = "lists.csv"
method = "loglinear"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "lists.csv").write_text(LISTS, encoding="utf-8")
    (tmp_path / "lists.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "lists.toml"


def test_full_values_go_there_and_nowhere_else(tmp_path: Path, study: Path) -> None:
    private = tmp_path / "private"
    result = run_study(study, out=tmp_path / "out", private=private)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / KEY).stat().st_mode) == 0o600
    assert (private / NOTICE).read_text(encoding="utf-8").startswith("NOT FOR RELEASE")
    kept = fl.Estimates.read(private / "estimates" / "lists.parquet")
    pd.testing.assert_frame_equal(kept.to_frame(), result.estimates["lists"].to_frame())
    released = {path.name for path in (tmp_path / "out").iterdir()}
    assert released >= {"estimates.csv", "estimates.parquet", "manifest.json", "report.html"}
    patterns = (*names_in_a_run(), "manifest.json")
    assert [name for name in released if not any(fnmatchcase(name, pattern) for pattern in patterns)] == []


def test_the_audit_says_what_was_withheld_and_why(tmp_path: Path) -> None:
    entry = '[[estimate]]\nname = "p"\nkind = "prevalence"\noutcome = "case"\nby = "region"\n'
    source = '[source.people]\nfile = "people.csv"\nmapping = "people.toml"\n'
    result = run_study(write(tmp_path, study=source + entry), out=tmp_path / "out", private=tmp_path / "private")
    audit = pd.read_csv(tmp_path / "private" / "audit.csv", keep_default_na=False)
    withheld = result.published.to_frame()["publication"].ne("published").sum() if result.published is not None else 0
    assert len(audit) == withheld > 0
    # 0 and 2 cases of 200: the regions of `CASES`.
    assert {"East", "West"} <= set(audit["region"])
    assert set(audit["reason"]) <= {"rule", "to protect others"}


def test_a_fingerprint_of_lists_has_a_key(tmp_path: Path, study: Path) -> None:
    plain = run_study(study, out=tmp_path / "plain")
    assert "lists.csv" not in plain.manifest["inputs"]
    assert plain.manifest["fingerprint_of"] == "all inputs but case lists"
    assert plain.manifest["lists_and_tables"] == [{"name": "lists.csv", "sha256": "", "rows": 3}]
    first = run_study(study, out=tmp_path / "out", private=tmp_path / "one")
    again = run_study(study, out=tmp_path / "out", private=tmp_path / "one", resume=True)
    other = run_study(study, out=tmp_path / "other", private=tmp_path / "two")
    assert again.skipped
    assert first.manifest["fingerprint"] != other.manifest["fingerprint"]
    assert first.manifest["inputs"]["lists.csv"] != other.manifest["inputs"]["lists.csv"]


def test_without_a_key_lists_are_run_again(tmp_path: Path, study: Path) -> None:
    """What is not kept cannot be compared: a file of lists that changed must not be taken for the old one."""
    run_study(study, out=tmp_path / "out")
    (tmp_path / "lists.csv").write_text(LISTS.replace("120", "121"), encoding="utf-8")
    again = run_study(study, out=tmp_path / "out", resume=True)
    assert not again.skipped
    assert again.estimates["lists"].to_frame()["n"].iloc[0] == 219


@pytest.mark.parametrize("position", ["out", "out/private", "."])
def test_it_lies_apart_from_the_result(tmp_path: Path, study: Path, position: str) -> None:
    with pytest.raises(fl.FlError, match="FL-STUDY-43"):
        run_study(study, out=tmp_path / "out", private=tmp_path / position)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, study: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-41"):
        run_study(study, out=tmp_path / "out", private=tmp_path / "mine")
    with pytest.raises(fl.FlError, match="FL-STUDY-41"):
        open_private(study, tmp_path / "out")


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path, study: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-STUDY-42"):
        open_private(study / "below", tmp_path / "out")


def test_the_command_says_what_is_not_for_release(tmp_path: Path, study: Path) -> None:
    found = CliRunner().invoke(app, ["run", str(study), "--out", str(tmp_path / "o"), "--private", str(tmp_path / "p")])
    assert found.exit_code == 0
    assert "not for release" in found.output


def test_an_earlier_release_enters_the_fingerprint(tmp_path: Path, study: Path) -> None:
    run_study(study, out=tmp_path / "old")
    study.write_text(f'{STUDY}[publish]\nprevious = ["old"]\n', encoding="utf-8")
    run_study(study, out=tmp_path / "out", private=tmp_path / "p")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["inputs"]["old/estimates.csv"]) == 64
    shutil.rmtree(tmp_path / "old")
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        run_study(study, out=tmp_path / "out")
