"""The study file to begin with: valid TOML in three languages, the same keys in each, and the sample data pass with it as it is."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fl_estimate.cli import app
from fl_estimate.errors import FlError
from fl_estimate.study.config import read_study
from fl_estimate.study.run import check_study
from fl_estimate.study.starter import starter
from tests.unit.study.made import write

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"
LANGUAGES = ("en", "fr", "es")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_the_same_in_every_language(language: str) -> None:
    read, english = (tomllib.loads(starter(each).text) for each in (language, "en"))
    assert read["publish"].pop("languages") == [language]
    english["publish"].pop("languages")
    assert all("…" in each.pop("title") for each in (read, english))
    assert read == english


def test_a_language_without_comments_has_english_ones() -> None:
    assert starter("pt").text.splitlines()[0] == starter("en").text.splitlines()[0]
    with pytest.raises(FlError, match="FL-PUB-07"):
        starter("xx")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_passes_once_its_blanks_are_filled(language: str, tmp_path: Path) -> None:
    write(tmp_path)
    text = starter(language).text.replace('"survey.sav"', '"people.csv"').replace('"survey.toml"', '"people.toml"')
    text = text.replace('framework = "icls2018_adult"', 'framework = "icls2018_adult"\nshort_instrument = true')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert [entry.name for entry in read_study(tmp_path / "study.toml").config.estimate] == [
        "prevalence",
        "bounds",
        "total",
    ]
    assert check_study(tmp_path / "study.toml").surveys["household"].people is not None


@pytest.mark.slow
@pytest.mark.parametrize("data", ["household.sav", "migrants.dta"])
def test_the_sample_passes_as_it_is(data: str, tmp_path: Path) -> None:
    for path in SAMPLE.iterdir():
        shutil.copy(path, tmp_path)
    done = CliRunner().invoke(app, ["init", str(tmp_path / "mine.toml"), "--from", str(tmp_path / data)])
    assert done.exit_code == 0, done.stderr
    checked = CliRunner().invoke(app, ["check", str(tmp_path / "mine.toml")])
    assert (checked.exit_code, "no faults found" in checked.stdout) == (0, True), checked.stderr


def test_a_mapping_beside_the_data_says_what_can_be_estimated(tmp_path: Path) -> None:
    write(tmp_path)
    begun = starter("en", source=tmp_path / "people.csv", folder=tmp_path)
    read = tomllib.loads(begun.text)
    assert begun.draft is None
    assert read["source"] == {"household": {"file": "people.csv", "mapping": "people.toml"}}
    assert read["estimate"][0]["by"] == [["region"], ["sex"]]
    (tmp_path / "people.toml").write_text(
        (tmp_path / "people.toml").read_text(encoding="utf-8").replace("expands = true", "").replace('sex = "SEX"\n', ""), encoding="utf-8"
    )  # fmt: skip
    read = tomllib.loads(starter("en", source=tmp_path / "people.csv", folder=tmp_path).text)
    assert read["estimate"][0]["by"] == [["region"]]
    assert [each["name"] for each in read["estimate"]] == [
        "prevalence",
        "bounds",
    ]  # weights that do not expand have no total


def test_without_one_it_says_how_to_draft_it(tmp_path: Path) -> None:
    (tmp_path / "hh.csv").write_text("a\n1\n", encoding="utf-8")
    target = tmp_path / "studies" / "mine.toml"
    target.parent.mkdir()
    done = CliRunner().invoke(app, ["init", str(target), "--from", str(tmp_path / "hh.csv")])
    assert f"draft it: fl-estimate map {tmp_path / 'hh.csv'} --out {tmp_path / 'hh.toml'}" in done.stdout
    assert tomllib.loads(target.read_text(encoding="utf-8"))["source"]["household"]["file"] == "../hh.csv"


def test_nothing_is_overwritten_and_data_that_are_not_there_are_told(tmp_path: Path) -> None:
    target = tmp_path / "study.toml"
    assert CliRunner().invoke(app, ["init", str(target)]).exit_code == 0
    target.write_text("mine", encoding="utf-8")
    again = CliRunner().invoke(app, ["init", str(target)])
    assert (again.exit_code, target.read_text(encoding="utf-8")) == (2, "mine")
    assert "[FL-FILE-08] the study file cannot be written" in again.stderr
    absent = CliRunner().invoke(app, ["init", str(tmp_path / "other.toml"), "--from", str(tmp_path / "no.sav")])
    assert (absent.exit_code, (tmp_path / "other.toml").exists()) == (2, False)
    assert "FL-FILE-01" in absent.stderr


@pytest.mark.parametrize(
    "name", ['a"\n[publish]\nrule = "none"\n#.csv', "@TOTAL@.csv", "a\\b\x7f\u2028\x1b[2J.csv", "$(touch ran) 𞤀é.csv"]
)
def test_the_name_of_a_file_is_a_name_and_nothing_else(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("a\n1\n", encoding="utf-8")
    begun = starter(source=tmp_path / name, folder=tmp_path)
    read = tomllib.loads(begun.text)
    plain = tomllib.loads(starter(source=None, folder=tmp_path).text)
    assert read["source"]["household"] == {**plain["source"]["household"], "file": name, "mapping": Path(name).with_suffix(".toml").name}  # fmt: skip
    assert {key: part for key, part in read.items() if key != "source"} == {
        key: part for key, part in plain.items() if key != "source"
    }
    assert not set("\x1b\x7f\u2028") & set(begun.text)
    assert "map $(touch" not in begun.text
