"""The commands for survey files: a draft is written once, a check writes its page, a conversion tells how far it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from tests.cli.test_commands import call


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes("hhid;sexo;edad;pondera\n1;1;30;10,5\n2;2;200;20,25\n".encode("latin-1"))
    (tmp_path / "households.csv").write_text("hhid;region\n1;N\n2;S\n")
    (tmp_path / "m.toml").write_text(
        'id = "t"\n[people]\nhh_id = "hhid"\nsex = "sexo"\nage_interview = "edad"\nweight_person = "pondera"\n'
        '[design]\nweights = "weight_person"\n'
    )
    (tmp_path / "two.toml").write_text((tmp_path / "m.toml").read_text() + '[households]\nhh_id = "hhid"\n')
    return path


def test_a_draft_is_printed_or_written_once(survey: Path) -> None:
    status, printed, _ = call("map", survey)
    assert status == 0
    assert fl.Mapping.read(tomllib.loads(printed)).id == "people"
    out = survey.with_name("draft.toml")
    status, said, _ = call("map", survey, "--out", out)
    assert status == 0
    assert "review every line" in said
    assert out.read_text(encoding="utf-8") == printed
    status, _, err = call("map", survey, "--out", out)
    assert status == 2
    assert "FL-FILE-08" in err


def test_a_bundled_mapping_can_be_started_from() -> None:
    status, printed, _ = call("map", "--template", "htcds")
    assert status == 0
    assert tomllib.loads(printed)["id"] == "htcds"
    status, _, err = call("map", "--template", "htcd")
    assert status == 2
    assert "did you mean 'htcds'?" in err


def test_a_draft_needs_a_file_or_a_template(survey: Path) -> None:
    assert call("map")[0] == 2
    assert call("map", survey, "--template", "htcds")[0] == 2


def test_a_check_with_faults_writes_its_page_and_ends_with_2(survey: Path) -> None:
    page = survey.with_name("report.html")
    status, _, err = call("check", survey, "--mapping", survey.with_name("m.toml"), "--html", page)
    assert status == 2
    assert "people.age_interview, limits: outside 0 to 120 in 1 row (rows 2)" in err
    assert "outside 0 to 120" in page.read_text(encoding="utf-8")


def test_a_lenient_check_goes_on(survey: Path) -> None:
    page = survey.with_name("report.html")
    words = ["check", survey, "--mapping", survey.with_name("m.toml"), "--mode", "lenient", "--html", page]
    status, out, _ = call(*words)
    assert status == 0
    assert "0 errors, 1 warning" in out
    assert page.is_file()
    assert call(*words[:-3], "kind")[0] == 2


def test_a_check_takes_a_file_for_each_table(survey: Path) -> None:
    other = survey.with_name("households.csv")
    words = ["check", survey, "--mapping", survey.with_name("two.toml"), "--mode", "lenient"]
    status, out, _ = call(*words, "--table", f"households={other}")
    assert status == 0
    assert "households 2 rows" in out
    status, _, err = call(*words)
    assert status == 2
    assert "households: no file is given" in err


def test_a_conversion_tells_how_far_it_is_and_takes_the_form_of_the_file(survey: Path) -> None:
    out = survey.with_name("out.parquet")
    status, said, err = call("convert", survey, out, "--delimiter", ";", "--decimal", ",", "--encoding", "latin-1")
    assert status == 0
    assert "2 rows of people.csv" in said
    assert "converting people.csv: 2 rows of 2" in err
    assert pd.read_parquet(out)["pondera"].tolist() == [10.5, 20.25]


def test_the_codebook_is_shown_and_written(tmp_path: Path) -> None:
    status, out, _ = call("codebook", "--language", "fr")
    assert status == 0
    assert "Sexe" in out
    status, said, _ = call("codebook", "--out", tmp_path / "book.csv")
    assert status == 0
    assert len(pd.read_csv(tmp_path / "book.csv")) == len(fl.codebook())
    assert "variables" in said
    assert call("codebook", "--language", "xx")[0] == 2
