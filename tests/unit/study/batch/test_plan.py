"""Which studies a batch runs and where they write is known before the first starts; what cannot be is refused then, in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.errors import FlError
from fl_estimate.study.batch.plan import PlannedStudy, find_studies, plan
from fl_estimate.study.batch.values import read_values
from tests.unit.study.batch.studies import SHARE, share
from tests.unit.study.made import MAPPING, write


def planned(target: Path | str, root: Path, *, own_out: bool = True, **given: Any) -> list[PlannedStudy]:
    _, found = find_studies(target, given.pop("values", None), given.pop("settings", {}))
    return plan(found, root=root, own_out=own_out, **given)


def refused(call: Any, code: str) -> FlError:
    with pytest.raises(FlError) as met:
        call()
    assert met.value.code == code
    return met.value


@pytest.fixture
def countries(tmp_path: Path) -> Path:
    for name, iso in (("bol", "BO"), ("per", "PE")):
        share(tmp_path / "countries", name, iso)
    return tmp_path / "countries"


def test_a_folder_gives_its_studies_and_no_mappings(countries: Path, tmp_path: Path) -> None:
    (countries / ".hidden").mkdir()
    (countries / ".hidden" / "study.toml").write_text(SHARE, encoding="utf-8")
    (countries / "ecu.toml").write_text(SHARE, encoding="utf-8")
    found = planned(countries, tmp_path / "out", private=tmp_path / "own")
    assert [(each.name, each.folder, each.private) for each in found] == [
        (name, tmp_path / "out" / name, tmp_path / "own" / name) for name in ("bol/study", "ecu", "per/study")
    ]


def test_a_pattern_gives_what_it_meets(countries: Path, tmp_path: Path) -> None:
    assert [each.name for each in planned(f"{countries}/*/study.toml", tmp_path)] == ["bol/study", "per/study"]
    assert [each.name for each in planned(f"{countries}/**/b*/*.toml", tmp_path)] == ["bol/study"]
    assert [each.name for each in planned(countries / "bol" / "study.toml", tmp_path)] == ["study"]


@pytest.mark.parametrize("target", ["nothing", "countries/*/nothing.toml", "countries/bol/people.toml"])
def test_no_study_is_refused(countries: Path, target: str) -> None:
    code = "FL-STUDY-53" if target != "countries/bol/people.toml" else "FL-STUDY-02"
    refused(lambda: planned(str(countries.parent / target), countries.parent / "out"), code)


def test_one_that_cannot_be_read_is_planned_with_its_fault_and_others_go_on(countries: Path, tmp_path: Path) -> None:
    broken = countries / "bol" / "study.toml"
    broken.write_text("[[estimate]]\nkind = ", encoding="utf-8")
    bol, per = planned(countries, tmp_path / "out")
    assert (bol.fault.code if bol.fault else "", per.fault) == ("FL-STUDY-01", None)
    fault = refused(lambda: planned(countries, tmp_path / "out", settings={"publish.rul": "x"}), "FL-STUDY-56")
    assert "publish.rul: no such key" in fault.found


def test_two_results_in_one_folder_are_refused(countries: Path, tmp_path: Path) -> None:
    for name in ("bol", "per"):
        file = countries / name / "study.toml"
        file.write_text(f'out = "../same"\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    fault = refused(lambda: planned(countries, tmp_path / "out"), "FL-STUDY-55")
    assert "per/study and bol/study: same" in fault.found
    assert len(planned(countries, tmp_path / "out", own_out=False)) == 2  # --out goes before


def test_a_result_in_another_is_refused_and_one_in_the_folder_of_the_tables(tmp_path: Path) -> None:
    share(tmp_path / "c", "a", "BO")
    (tmp_path / "c" / "a.toml").write_text(SHARE, encoding="utf-8")
    assert "a/study lies in the folder of a" in refused(lambda: planned(tmp_path / "c", tmp_path / "o"), "FL-STUDY-55").found  # fmt: skip
    share(tmp_path / "d", "batch", "BO")
    refused(lambda: planned(tmp_path / "d", tmp_path / "o"), "FL-STUDY-55")


def test_links_are_seen_through(countries: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "bol").mkdir(parents=True)
    (tmp_path / "out" / "per").symlink_to(tmp_path / "out" / "bol")
    refused(lambda: planned(countries, tmp_path / "out"), "FL-STUDY-55")


# --- tables of values -------------------------------------------------------------------------------------------


def table(folder: Path, text: str, name: str = "values.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


TEMPLATE: dict[str, Any] = {"country": "{iso}", "source": {"people": {"file": "{iso}.csv"}}, "estimate": [{"name": "share", "kind": "ratio"}]}  # fmt: skip


def test_a_table_gives_the_settings_of_each_run(tmp_path: Path) -> None:
    text = "name;iso;publish.rule;estimate.share.where\nbol;BO;fl-rare;\n\nper;PE;;age > 17\n"
    expected = {
        "bol": {"{iso}": "BO", "publish.rule": "fl-rare"},
        "per": {"{iso}": "PE", "estimate.share.where": "age > 17"},
    }
    assert read_values(table(tmp_path, text), TEMPLATE) == expected
    assert read_values(table(tmp_path, f"\ufeff{text.replace(';', ',')}"), TEMPLATE) == expected
    toml = '[[run]]\nname = "bol"\niso = "BO"\npublish.rule = "fl-rare"\n[[run]]\nname = "per"\n"{iso}" = "PE"\nestimate.share.where = "age > 17"\n'
    assert read_values(table(tmp_path, toml, "values.toml"), TEMPLATE) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("name,iso\n", "it has no rows"),
        ("iso\nBO\n", "row 1 has no name"),
        ("name,iso\nbol,BO\nBOL,BO\n", "names stand twice (capitals do not count): bol"),
        ("name,iso\n../bol,BO\n", "row 1: '../bol' cannot be the name of a folder"),
        (
            "name,isso\nbol,BO\n",
            "column 'isso': the template has no such key, and no text with {isso}; did you mean 'iso'?",
        ),
        ("name,iso,iso\nbol,BO,BO\n", "column 'iso' stands twice"),
        ("name,iso,\nbol,BO,1\n", "column 3 has no head"),
        ("name,iso\nbol,BO,PE\n", "row 1: 3 cells under 2 heads"),
    ],
)
def test_a_table_that_cannot_be_used_says_every_fault(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(lambda: read_values(table(tmp_path, text), TEMPLATE), "FL-STUDY-52").found


@pytest.mark.parametrize("text", ["[[run]\n", "run = 3\n", "[[runs]]\nname = 'a'\n", "[[run]]\nname = 3\niso = 'BO'\n"])
def test_a_toml_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    refused(lambda: read_values(table(tmp_path, text, "values.toml"), TEMPLATE), "FL-STUDY-52")


def test_what_is_not_there_or_not_utf8_is_refused(tmp_path: Path) -> None:
    refused(lambda: read_values(tmp_path / "no.csv", TEMPLATE), "FL-FILE-01")
    (tmp_path / "latin.csv").write_bytes("name,iso\nbol,Córdoba\n".encode("latin-1"))
    refused(lambda: read_values(tmp_path / "latin.csv", TEMPLATE), "FL-STUDY-52")


def test_a_table_goes_with_one_template(countries: Path, tmp_path: Path) -> None:
    values = table(tmp_path, "name\na\n")
    refused(lambda: planned(countries, tmp_path / "out", values=values), "FL-STUDY-54")
    write(tmp_path, study=SHARE, mapping=MAPPING)
    values = table(tmp_path, "name,iso\nbol,BO\nper,PE\n")
    found = planned(tmp_path / "small.toml", tmp_path / "out", values=values, settings={"{iso}": "XX", "title": "T"})
    assert [(each.name, dict(each.settings)) for each in found] == [
        ("bol", {"{iso}": "BO", "title": "T"}),
        ("per", {"{iso}": "PE", "title": "T"}),
    ]


# --- before anything runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [0, -1, True, 1.5])
def test_jobs_are_a_whole_number(countries: Path, tmp_path: Path, jobs: Any) -> None:
    refused(lambda: fl.run_batch(countries, out=tmp_path / "out", jobs=jobs), "FL-STUDY-58")


def test_a_private_folder_within_the_batch_is_refused(countries: Path, tmp_path: Path) -> None:
    refused(lambda: fl.run_batch(countries, out=tmp_path / "out", private=tmp_path / "out" / "own"), "FL-STUDY-61")
    refused(lambda: fl.run_batch(countries, out=tmp_path / "out", private=tmp_path), "FL-STUDY-61")
    assert not (tmp_path / "out").exists()


def test_a_log_of_somebody_else_is_left_alone(countries: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "batch.log").write_text("mine", encoding="utf-8")
    refused(lambda: fl.run_batch(countries, out=tmp_path / "out"), "FL-STUDY-57")
    assert (tmp_path / "out" / "batch.log").read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_a_folder_is_refused(countries: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    refused(lambda: fl.run_batch(countries, out=tmp_path / "out"), "FL-STUDY-63")


def test_another_batch_in_the_folder_is_refused(countries: Path, tmp_path: Path) -> None:
    from fl_estimate.study.locking import alone

    with alone(tmp_path / "out"):
        refused(lambda: fl.run_batch(countries, out=tmp_path / "out"), "FL-STUDY-62")
