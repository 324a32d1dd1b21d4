"""Files and screens of Windows, as far as Linux has them: old encodings, two characters at a line's end, paths with backslashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

import fl_estimate as fl
from fl_estimate.study.run import check_study
from tests.unit.study.made import MAPPING, STUDY, people, write

ASKED = "[[estimate]]\nkind = 'prevalence'\noutcome = 'forced_labour'\nby = 'region'\n"
STUDY_OF_ONE = STUDY.partition("[[estimate]]")[0] + ASKED


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_screen_shows_the_tables(encoding: str, tmp_path: Path) -> None:
    """Thin spaces, minus signs and daggers are in no old code page: the run used to end in a traceback there."""
    study = write(tmp_path, study=STUDY_OF_ONE)
    command = [sys.executable, "-c", "from fl_estimate.cli import main; main()"]
    settings = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*command, "run", str(study), "--out", str(tmp_path / "out")], env=settings, capture_output=True, check=False
    )
    said = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr.decode(encoding)
    assert "North" in said
    assert "report: " in said
    assert ("–" if encoding == "cp1252" else "-") in said  # between the limits of an interval


def test_a_study_written_by_notepad_is_read(tmp_path: Path) -> None:
    """With a mark at its beginning and two characters at a line's end; the data in cp1252."""
    frame = people().assign(VILLAGE="Périgueux œuvre")
    study = write(tmp_path, study=STUDY_OF_ONE, frame=frame)
    plain = check_study(study)
    for file in tmp_path.glob("*.toml"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    frame.to_csv(tmp_path / "people.csv", index=False, encoding="cp1252", lineterminator="\r\n")
    theirs = check_study(study)
    first, second = (each.people["people"] for each in (plain, theirs))
    assert fl.estimate_prevalence(first, "forced_labour").frame.equals(
        fl.estimate_prevalence(second, "forced_labour").frame
    )


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_study_in_another_encoding_is_told_to_be_saved_again(encoding: str, tmp_path: Path) -> None:
    study = write(tmp_path, study=STUDY_OF_ONE.replace("A small study", "Une étude"))
    study.write_bytes(study.read_text(encoding="utf-8").encode(encoding))
    with pytest.raises(fl.FlError, match="save it as UTF-8") as raised:
        check_study(study)
    assert raised.value.code == "FL-STUDY-01"


@pytest.mark.skipif(os.sep == "\\", reason="here it is a path")
def test_a_path_of_windows_is_told_how_to_be_written(tmp_path: Path) -> None:
    written = str(PureWindowsPath("data", "people.csv"))
    study = write(tmp_path, study=STUDY_OF_ONE.replace('"people.csv"', f"'{written}'"), mapping=MAPPING)
    with pytest.raises(fl.FlError, match="write / between folders"):
        check_study(study)
