"""What stands in a file never steers the terminal: control characters of headers, labels and cells are shown, not sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from fl_estimate.errors import visible
from fl_estimate.reporting.terminal import print_table
from tests.unit.study.made import MAPPING, STUDY, people, write

# A window title, a cleared screen, a link, a line turned round, a character of 8 bits that begins a sequence, and a NUL.
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\x00region"
SENT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printed(*words: object) -> str:
    """Both streams as a terminal gets them: colour=True keeps what a pipe would have taken away."""
    result = CliRunner().invoke(app, [str(word) for word in words], color=True)
    return result.stdout + result.stderr


@pytest.mark.parametrize("name", ["a missing column", "an unknown code", "a label", "a title"])
def test_commands_show_control_characters(name: str, tmp_path: Path) -> None:
    frame, mapping, study = people(), MAPPING, STUDY
    if name == "a missing column":
        frame = frame.rename(columns={"REG": HOSTILE.replace("\x00", "")})
    elif name == "an unknown code":
        frame["Q2"] = frame["Q2"].astype(object).where(frame["ID"] != 5, HOSTILE.replace("\x00", ""))
    elif name == "a label":
        frame["REG"] = HOSTILE.replace("\x00", "") + frame["REG"].astype(str)
    else:
        study = study.replace("A small study", "A \\u001b[2J study")
    path = write(tmp_path, study=study, mapping=mapping, frame=frame)
    for words in (["check", path], ["run", path, "--out", tmp_path / "out"], ["map", tmp_path / "people.csv"]):
        said = printed(*words)
        assert said.strip()
        assert SENT.findall(said) == [], words[0]


def test_errors_and_tables_show_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    said = str(fl.FlError("FL-FILE-01", "x", found=HOSTILE, fix=HOSTILE))
    assert SENT.findall(said) == []
    assert "\\x1b]0;owned\\x07\\x1b[2J\\u202e\\x9b31m\\x00region" in said
    print_table([HOSTILE], [[HOSTILE], HOSTILE], title=HOSTILE)
    assert SENT.findall(capsys.readouterr().out) == []


def test_letters_of_every_script_stay_as_they_are() -> None:
    for text in ("région, año", "العمل القسري", "नेपाल का", "強制労働\tx\ny", "a\u200db"):
        assert visible(text) == text
