"""Countries under each other and rounds beside each other show what folders print and no more; other definitions are marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.releases import Release, as_release
from fl_estimate.study.batch import tables
from fl_estimate.study.batch.folder import status_table, write_summary
from fl_estimate.study.batch.outcome import BatchResult, StudyOutcome
from fl_estimate.study.batch.tables import Folders, audited, figures, headlines, read_folders, trends, world
from fl_estimate.study.folder import read_manifest


def survey(cases: int) -> pd.DataFrame:
    """600 people in 30 areas of two regions, so many of them cases, 7 apart."""
    at = np.arange(600)
    case = (at % 7 == 0) & (at // 7 < cases)
    return pd.DataFrame(
        {"w": 100.0, "ea": at // 20, "fl": case.astype(int), "region": np.where(at < 300, "north", "south")}
    )


def release(country: str, year: int, cases: int, *, by: str | None = None, people: int = 600) -> Release:
    """A release of one study, as its folder is read back; by regions without the nation."""
    made = fl.estimate_prevalence(survey(cases).head(people), "fl", design=fl.Design(weights="w", psu="ea"), by=by)
    made = made.select(margin=by) if by else made
    made = made.about(country=country, source="survey", reference_period=f"{year}-01-01 to {year}-12-31")
    published = fl.publish({"prevalence": made})
    (table,) = as_release(published).tables
    printed = published.to_frame().drop(columns="estimate")
    return Release(name=f"{country}_{year}", tables=(replace(table, frame=printed),))


@pytest.fixture(scope="module")
def folders() -> Folders:
    given = [("BO", 2021, 40), ("BO", 2023, 60), ("PE", 2021, 2), ("EC", 2023, 50)]
    releases = {f"{c}_{y}": release(c, y, n) for c, y, n in given} | {"PE_2023": release("PE", 2023, 3, people=40)}
    definitions = dict.fromkeys(releases, "icls2018_adult") | {"BO_2021": "national"}
    return Folders(releases=releases, definitions=definitions)


def test_each_country_has_a_line_with_its_last_period(folders: Folders) -> None:
    frame = figures(folders)
    (table,) = world(frame, "en")
    assert table.title == "fl: Prevalence, % (prevalence)"
    assert [row[0] for row in table.rows] == ["BO (BO_2023)", "EC (EC_2023)", "PE (PE_2023)"]
    assert {row[1] for row in table.rows} == {"1 January to 31 December 2023"}
    printed = frame.set_index("study")["value"]
    assert table.rows[0][2].split()[0] == f"{100 * printed['BO_2023']:.1f}"
    assert table.rows[2][2] == "not published"  # 40 people
    assert table.rows[2][3:5] == ("", "")


def test_what_is_withheld_is_in_no_file(folders: Folders) -> None:
    frame: Any = figures(folders).set_index("study")
    assert frame.loc["PE_2023", "publication"] == "not_published"
    assert frame.loc["PE_2023", ["value", "se", "lower", "upper", "cases"]].isna().all()


def test_a_country_of_several_periods_has_a_line_of_them_and_other_definitions_are_marked(folders: Folders) -> None:
    (table,) = trends(figures(folders), "fr")
    assert table.heads == ("Pays", "du 1er janvier au 31 décembre 2021", "du 1er janvier au 31 décembre 2023")
    assert [row[0] for row in table.rows] == ["BO", "PE"]
    assert ["‡" in cell for cell in table.rows[0]] == [False, True, False]
    assert table.other_definitions
    assert table.rows[1][1:] == ("au plus 3,1", "non publié")  # two cases; 40 people
    one = Folders(releases=folders.releases, definitions=dict.fromkeys(folders.releases, "a"))
    assert not next(trends(figures(one), "en")).other_definitions
    assert list(trends(figures(Folders(releases={"EC": folders.releases["EC_2023"]})), "en")) == []


def test_studies_without_a_country_or_of_the_same_are_told_apart_by_name() -> None:
    frame = figures(Folders(releases={"a": release("", 2023, 40), "b": release("", 2023, 50)}))
    (table,) = world(frame, "en")
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert list(trends(frame, "en")) == []


def test_the_headline_is_the_first_quantity_that_leads(folders: Folders) -> None:
    frame = figures(folders)
    more = frame[frame["study"] == "BO_2023"].assign(quantity="ratio")
    found = headlines(pd.concat([more, frame], ignore_index=True))
    assert found["BO_2023"]["quantity"] == "prevalence"
    assert headlines(frame.iloc[:0]) == {}


def test_folders_are_audited_by_country_with_those_that_name_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def derived(releases: list[Release]) -> pd.DataFrame:
        asked.append([each.name for each in releases])
        return pd.DataFrame({"release": [releases[0].name]})

    monkeypatch.setattr(tables, "derived", derived)
    every = {name: release(name[:2].strip("_"), 2023, 40) for name in ("BO_1", "BO_2", "PE_1", "_")}
    found = audited(Folders(releases={name: replace(each, name=name) for name, each in every.items()}))
    assert asked == [["BO_1", "BO_2", "_"], ["PE_1", "_"]]
    assert list(found["release"]) == ["BO_1", "PE_1"]
    assert audited(Folders(releases={})).empty


def test_what_two_folders_of_a_country_give_away_is_found_and_no_two_countries_are_taken_for_one() -> None:
    """45 cases in one folder, 43 of the north in another, which withholds those of the south: they are 2."""
    nation, regions = release("BO", 2023, 45), release("BO", 2023, 45, by="region")
    printed = regions.tables[0].frame.set_index("region")["publication"]
    assert printed.to_dict() == {"north": "published", "south": "at_most"}
    assert len(audited(Folders(releases={"a": nation, "b": regions}))) > 0
    assert audited(Folders(releases={"a": release("PE", 2023, 45), "b": regions})).empty
    # A folder that does not say its country may be of this one.
    assert len(audited(Folders(releases={"a": release("", 2023, 45), "b": regions}))) > 0


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    found = read_folders({"gone": tmp_path / "gone"})
    assert (found.unread, dict(found.releases)) == (("gone",), {})


def outcome(study: str, **more: Any) -> StudyOutcome:
    return StudyOutcome(**{"study": study, "status": "done", "folder": Path("out") / study, "seconds": 1.0, **more})


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_folder_is_written_in_every_language(folders: Folders, language: str, tmp_path: Path) -> None:
    result = BatchResult(outcomes=tuple(outcome(name) for name in folders.releases), folder=tmp_path)
    folder = write_summary(result, figures(folders), name="<b>world</b>", language=language, unread=("lost",))
    assert read_manifest(folder) is not None
    page = (folder / "batch.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;world&lt;/b&gt;" in page
    assert "<b>world</b>" not in page
    assert "lost" in page
    assert {path.name for path in folder.iterdir()} == {
        "batch.html",
        "figures.csv",
        "manifest.json",
        "studies.csv",
        "troubles.csv",
    }
    found = BatchResult(
        outcomes=result.outcomes[:1], folder=tmp_path, derived=pd.DataFrame({"release": ["BO"], "what": ["cases"]})
    )
    again = write_summary(found, figures(folders), name="world", language=language, unread=())
    assert json.loads((again / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert (again / "derived.csv").is_file()


def test_nothing_done_has_a_page_too(tmp_path: Path) -> None:
    result = BatchResult(outcomes=(outcome("bol", status="crashed"),), folder=tmp_path, audited=False)
    empty = figures(Folders(releases={}))
    assert not result.ok
    assert status_table(result, empty)["headline_value"].isna().all()
    folder = write_summary(result, empty, name="world", language="en", unread=())
    assert "were not audited together" in (folder / "batch.html").read_text(encoding="utf-8")
