"""A run keeps what it was made of: every file with its hash, what came of every estimate, and for the analyst why a row is withheld."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.study.made import MAPPING, STUDY, people, write

PERSONS = pd.DataFrame({"region": ["North", "South", "East", "West"], "population": [10_000, 20_000, 15_000, 5_000]})
SOURCE = STUDY.split("[[estimate]]")[0].replace("[classify]\n", "").replace('framework = "icls2018_adult"\n', "")
SOURCE = SOURCE.replace("short_instrument = true\n", "")
EVERY_FILE = f"""{SOURCE}
[calibrate]
margins = "margins.csv"

[[estimate]]
kind = "prevalence"
name = "direct"
outcome = "case"
by = "region"
where = "age_interview < 60"

[[estimate]]
kind = "area"
name = "areas"
outcome = "case"
by = "region"
covariates = {{ file = "covariates.csv", columns = ["x"] }}
population = "persons.csv"
spatial = "bym2"
neighbours = "neighbours.csv"
draws = 200

[[estimate]]
kind = "unit"
name = "cells"
outcome = "case"
cells = "region"
population = {{ file = "cells.csv", column = "adults" }}
draws = 200

[[estimate]]
kind = "stack"
name = "together"
estimates = ["areas", "cells"]
population = {{ file = "whole.csv", column = "adults" }}

[[estimate]]
kind = "total"
name = "fails"
outcome = "unanswered"

[[estimate]]
kind = "published"
name = "counted"
document = "an office"
value = 900
se = 90

[[estimate]]
kind = "extend_by_ratio"
name = "form"
base = "counted"
cases = "forms.csv"
known = "labour"
wanted = "sexual"

[truth]
file = "truth.json"

[map]
geojson = "regions.geojson"
"""
FILES = [
    "people.csv", "people.toml", "margins.csv", "covariates.csv", "persons.csv", "neighbours.csv", "cells.csv", "whole.csv",
    "forms.csv", "truth.json", "regions.geojson",
]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("files")
    frame = people()
    frame["Q9"] = [None, *[1] * (len(frame) - 1)]
    mapping = MAPPING.replace('case = "Q1 == 1"', 'case = "Q1 == 1"\nunanswered = "Q9 == 1"')
    path = write(folder, study=EVERY_FILE, mapping=mapping, frame=frame)
    (folder / "margins.csv").write_text("margin,level,total\nsex,1,40000\nsex,2,44000\n", encoding="utf-8")
    PERSONS[["region"]].assign(x=[1.0, 3, 2, 5]).to_csv(folder / "covariates.csv", index=False)
    PERSONS.to_csv(folder / "persons.csv", index=False)
    PERSONS.rename(columns={"population": "adults"}).to_csv(folder / "cells.csv", index=False)
    PERSONS.rename(columns={"population": "adults"}).to_csv(folder / "whole.csv", index=False)
    edges = {"region": ["North", "South", "East"], "neighbour": ["South", "East", "West"]}
    pd.DataFrame(edges).to_csv(folder / "neighbours.csv", index=False)
    (folder / "forms.csv").write_text("labour,sexual\n400,100\n", encoding="utf-8")
    return folder, fl.run_study(path, out=folder / "out", private=folder / "private")


def test_every_file_is_named_with_the_hash_of_its_bytes(ran: tuple[Path, Any]) -> None:
    folder, result = ran
    expected = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    assert result.manifest["inputs"] == expected
    assert result.manifest["fingerprint_of"] == "all inputs"
    assert result.manifest["study"]["sha256"] == hashlib.sha256((folder / "small.toml").read_bytes()).hexdigest()
    table = result.manifest["sources"]["people"]["tables"]["people"]
    assert (table["name"], table["sha256"], table["rows"]) == ("people.csv", expected["people.csv"], 800)
    beside = {each["name"]: (each["sha256"], each["rows"]) for each in result.manifest["lists_and_tables"]}
    assert beside["persons.csv"] == (expected["persons.csv"], 4)
    assert set(beside) == set(FILES) - {"people.csv", "people.toml", "margins.csv", "truth.json", "regions.geojson"}


def test_the_files_of_the_result_are_listed_with_their_hashes(ran: tuple[Path, Any]) -> None:
    folder, result = ran
    out = folder / "out"
    assert {each["name"] for each in result.manifest["files"]} == {path.name for path in out.iterdir()} - {
        "manifest.json"
    }
    for each in result.manifest["files"]:
        assert each["sha256"] == hashlib.sha256((out / each["name"]).read_bytes()).hexdigest()
        assert each["bytes"] == (out / each["name"]).stat().st_size


def test_what_came_of_every_estimate(ran: tuple[Path, Any]) -> None:
    result = ran[1]
    told = {each["name"]: each for each in result.manifest["estimates"]}
    assert list(told) == ["direct", "areas", "cells", "together", "fails", "counted", "form"]
    frame = result.published.to_frame()
    for name, made in result.estimates.items():
        assert (told[name]["status"], told[name]["rows"]) == ("done", len(made))
        hidden = (frame["estimate"] == name) & (frame["publication"] == "not_published")
        assert told[name]["not_published"] == hidden.sum()
        assert told[name]["reference_period"] == made.reference_period
    assert (told["direct"]["where"], told["areas"]["where"]) == ("age_interview < 60", "")
    assert told["direct"]["kind"] == "prevalence"


def test_a_failure_is_told_without_what_was_found(ran: tuple[Path, Any]) -> None:
    """What was found can be a count of respondents: the analyst has it in the error, the folder has not."""
    result = ran[1]
    told = next(each for each in result.manifest["estimates"] if each["name"] == "fails")
    error = result.failed["fails"]
    assert list(result.failed) == ["fails"]
    assert told == {
        "name": "fails", "kind": "total", "status": "failed",
        "error": {"code": error.code, "what": error.what, "fix": error.fix},
    }  # fmt: skip
    assert result.manifest["status"] == "failed"
    assert not result.ok
    assert error.code in (result.folder / "report.html").read_text(encoding="utf-8")


def test_a_result_with_a_failure_is_run_again(ran: tuple[Path, Any]) -> None:
    folder, _ = ran
    again = fl.run_study(folder / "small.toml", out=folder / "out", private=folder / "private", resume=True)
    assert not again.skipped
    assert list(again.failed) == ["fails"]


def test_why_a_row_is_withheld(ran: tuple[Path, Any]) -> None:
    """By hand from the rule: fewer than 50 respondents, 5 cases or 2 df of its support is the rule's; any other protects these."""
    folder, result = ran
    audit = pd.read_csv(folder / "private" / "audit.csv", keep_default_na=False)
    published = result.published.to_frame()
    assert len(audit) == (published["publication"] != "published").sum()
    assert "published" not in set(audit["publication"])
    judged = 0
    for name, made in result.estimates.items():
        rows = published[published["estimate"] == name].reset_index(drop=True)
        support = made.support
        small = (support.respondents < 50) | (support.cases < 5) | (support.df < 2)
        expected = [
            "rule" if few else "to protect others" for few in small[(rows["publication"] != "published").to_numpy()]
        ]
        found = audit[audit["estimate"] == name]
        if made.frame["basis"].eq("respondents").all():
            assert found["reason"].tolist() == expected
            full = made.to_frame()[(rows["publication"] != "published").to_numpy()]
            assert found["value"].astype(float).tolist() == pytest.approx(full["value"].tolist())
            assert found["region"].tolist() == full["region"].tolist()
            judged += len(found)
    assert judged > 0


def test_full_values_of_every_estimate_and_of_no_older_one(ran: tuple[Path, Any]) -> None:
    folder, result = ran
    kept = folder / "private" / "estimates"
    (kept / "older.parquet").write_bytes(b"")
    again = fl.run_study(folder / "small.toml", out=folder / "out", private=folder / "private")
    assert sorted(path.stem for path in kept.iterdir()) == sorted(result.estimates)
    for name, made in again.estimates.items():
        pd.testing.assert_frame_equal(fl.Estimates.read(kept / f"{name}.parquet").to_frame(), made.to_frame())


def test_few_rows_of_a_file_are_no_figure_of_a_manifest(tmp_path: Path) -> None:
    """A file of 40 people has fewer than the 50 that a rule prints: its manifest does not say how many."""
    entry = '[[estimate]]\nkind = "prevalence"\noutcome = "case"\n'
    for rows, shown in ((40, None), (50, 50)):
        folder = tmp_path / str(rows)
        folder.mkdir()
        path = write(folder, study=f"{SOURCE}{entry}", frame=people().iloc[: 200 : 200 // rows].head(rows))
        manifest = fl.run_study(path, out=folder / "out").manifest
        assert manifest["sources"]["people"]["tables"]["people"]["rows"] == shown
        assert manifest["status"] == "done"


def test_a_run_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    entry = '[[estimate]]\nkind = "prevalence"\nname = "one"\noutcome = "case"\n'
    fl.run_study(
        write(tmp_path, study=f"{SOURCE}{entry}"), out=tmp_path / "out", private=tmp_path / "p", progress=told.append
    )
    wanted = [
        "reading people",
        "estimating one",
        "auditing what may be published",
        "writing",
        "writing the private folder",
    ]
    assert [each for each in told if each in wanted] == wanted


def test_names_of_estimates_may_be_no_names_of_files(tmp_path: Path) -> None:
    entry = '[[estimate]]\nkind = "prevalence"\nname = "men / women: share"\noutcome = "case"\n'
    result = fl.run_study(write(tmp_path, study=f"{SOURCE}{entry}"), out=tmp_path / "out", private=tmp_path / "p")
    assert [path.name for path in (tmp_path / "p" / "estimates").iterdir()] == ["men_women_share.parquet"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["status"] == "done"
    assert list(result.estimates) == ["men / women: share"]
