"""A result folder appears whole or not at all, replaces only what a run wrote, and is known by its manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.study import folder as folders
from fl_estimate.study.folder import read_manifest, replacing, require_free, write_manifest


def fill(folder: Path, text: str) -> None:
    with replacing(folder) as part:
        (part / "a.txt").write_text(text, encoding="utf-8")
        write_manifest(part, {"form": folders.FORM, "status": "done"})


def test_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out" / "study"
    fill(target, "old")
    fill(target, "new")
    assert (target / "a.txt").read_text(encoding="utf-8") == "new"
    assert sorted(path.name for path in target.parent.iterdir()) == ["study"]
    assert target.stat().st_mode & 0o700 == 0o700


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    fill(tmp_path / "x", "abc")
    manifest = read_manifest(tmp_path / "x")
    assert manifest is not None
    # sha256 of "abc": the first example of FIPS 180-2, appendix B.1.
    assert manifest["files"] == [
        {"name": "a.txt", "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "bytes": 3}
    ]


def test_nothing_is_left_where_the_block_fails(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        with replacing(folder) as part:
            (part / "a.txt").write_text("half", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half(tmp_path / "out" / "study")
    assert list(tmp_path.iterdir()) == []


def test_an_older_result_stays_where_the_block_fails(tmp_path: Path) -> None:
    fill(tmp_path / "study", "old")
    with pytest.raises(fl.FlError, match="FL-FILE-08"), replacing(tmp_path / "study"):
        raise fl.FlError("FL-FILE-08", "no room")
    assert (tmp_path / "study" / "a.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    require_free(tmp_path / "study")
    fill(tmp_path / "study", "new")
    assert (tmp_path / "study" / "a.txt").is_file()


def test_what_no_run_wrote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(fl.FlError, match=r"FL-STUDY-03(.|\n)*letter\.txt"):
        require_free(tmp_path)
    with pytest.raises(fl.FlError, match="FL-STUDY-04"):
        require_free(tmp_path / "letter.txt")
    require_free(tmp_path / "none")


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-06"):
        fill(tmp_path / "file" / "study", "x")


@pytest.mark.parametrize("harm", ["changed", "gone", "broken", "empty"])
def test_a_folder_that_was_changed_has_no_manifest(harm: str, tmp_path: Path) -> None:
    target = tmp_path / "study"
    fill(target, "x")
    if harm == "changed":
        (target / "a.txt").write_text("y", encoding="utf-8")
    elif harm == "gone":
        (target / "a.txt").unlink()
    else:
        (target / folders.MANIFEST).write_text("{" if harm == "broken" else json.dumps({}), encoding="utf-8")
    assert read_manifest(target) is None
