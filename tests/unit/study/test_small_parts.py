"""Small parts of a run, each by itself: faults that are noted, files that are one, who holds a folder, where answers stand, keys in words."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from fl_estimate.errors import FileFault, StudyFault
from fl_estimate.results.methods import methods
from fl_estimate.study import locking
from fl_estimate.study.describe import key_lines, summary
from fl_estimate.study.forms import ListsEntry, entry_models
from fl_estimate.study.gathering import Faults
from fl_estimate.study.labelling import in_language
from fl_estimate.study.respondent import _answering, _plain, _row, _rows_of, answers_of
from fl_estimate.study.same_files import SameFiles, files_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "study_entries.md"


# Faults


def test_one_fault_is_raised_as_it_is_and_several_together() -> None:
    faults = Faults()
    faults.require()
    first = FileFault("FL-FILE-01", "there is no such file", found="a.csv", fix="check the path")
    with faults.of("source.a"):
        raise first
    assert len(faults) == 1
    with pytest.raises(FileFault) as raised:
        faults.require()
    assert raised.value is first
    with faults.of("estimate[1].where"):
        raise StudyFault("FL-STUDY-09", "a column cannot be made", found="two\nlines")
    with pytest.raises(StudyFault) as several:
        faults.require()
    assert (several.value.code, several.value.what) == ("FL-STUDY-34", "the study has 2 faults")
    assert several.value.found == (
        "\n    source.a: [FL-FILE-01] there is no such file\n      found: a.csv\n      to fix: check the path"
        "\n    estimate[1].where: [FL-STUDY-09] a column cannot be made\n      found: two\n    lines"
    )


def test_the_same_fault_in_several_places_is_one() -> None:
    """A place that lies in one that was named before is told by that one; what no place is given for has none."""
    faults = Faults()

    def met(*positions: str) -> str:
        for position in positions:
            faults.add(position, StudyFault("FL-STUDY-09", "cannot be made", found="x"))
        faults.add("", StudyFault("FL-STUDY-05", "other", found="y"))
        with pytest.raises(StudyFault) as raised:
            faults.require()
        return raised.value.found.splitlines()[1].strip()

    assert met("") == "[FL-STUDY-09] cannot be made"
    assert met("estimate[1].by") == "estimate[1].by: [FL-STUDY-09] cannot be made"
    assert met("estimate[2]", "estimate[1].by") == "estimate[1].by, estimate[2]: [FL-STUDY-09] cannot be made"
    assert met("estimate[1]") == "estimate[1].by, estimate[2]: [FL-STUDY-09] cannot be made"
    assert met("estimate[2].by") == "estimate[1].by, estimate[2], estimate[2].by: [FL-STUDY-09] cannot be made"
    assert len(faults) == 2


def test_what_is_no_fault_of_ours_is_not_noted() -> None:
    faults = Faults()
    with pytest.raises(ZeroDivisionError), faults.of("place"):
        _ = 1 / 0
    assert len(faults) == 0


# Files


def test_files_of_one_content_are_one_by_the_first_name(tmp_path: Path) -> None:
    for name, text in (("a", "same"), ("b", "same"), ("c", "size"), ("d", ""), ("e", ""), ("f", "longer one")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    same = SameFiles(tmp_path)
    assert [same.name(name, name) for name in "abcdef"] == ["a", "a", "c", "d", "e", "f"]
    assert same.name("folder/../a", "again") == "a"
    assert same.name("absent", "absent") == "absent"
    assert same.name("folder", "folder") == "folder"
    assert same.name("no\0name", "none") == "none"
    assert list(files_of("a.csv")) == ["a.csv"]
    assert list(files_of({"people": "p.csv", "jobs": "j.csv"})) == ["p.csv", "j.csv"]


def test_a_file_that_cannot_be_read_is_like_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even like another that cannot be read: whoever reads its figures says why."""
    for name in "ab":
        (tmp_path / name).write_text("same", encoding="utf-8")

    def closed(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "no permission")

    monkeypatch.setattr(Path, "open", closed)
    same = SameFiles(tmp_path)
    assert [same.name(name, name) for name in "ab"] == ["a", "b"]


# Locks


def test_a_folder_that_is_held_is_not_free(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with locking.alone(folder):
        assert folder.is_dir()
        assert not locking.free(folder)
    assert locking.free(folder)
    with pytest.raises(ZeroDivisionError), locking.alone(folder):
        _ = 1 / 0
    assert locking.free(folder)


def test_no_handle_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "TRIES", 3)
    monkeypatch.setattr(locking, "PAUSE", 0.0)
    before = os.dup(1)
    os.close(before)
    with locking.alone(tmp_path):
        assert not locking.free(tmp_path)
        with pytest.raises(StudyFault, match="FL-STUDY-35"), locking.alone(tmp_path):
            raise AssertionError("it is held")
    after = os.dup(1)
    os.close(after)
    assert after == before


def test_what_is_locked_must_be_what_stands_there(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    at = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        assert locking._same(at, tmp_path / "a")
        assert not locking._same(at, tmp_path / "b")
        (tmp_path / "a").rmdir()
        assert not locking._same(at, tmp_path / "a")
    finally:
        os.close(at)


@pytest.mark.parametrize(
    ("error", "locked"), [(BlockingIOError(), False), (OSError(95, "not supported"), True), (None, True)]
)
def test_a_file_system_without_locks_holds_nobody_up(
    error: OSError | None, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: Any) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr("fcntl.flock", flock)
    assert locking._locked(0) is locked


# Respondents


def test_answers_stand_on_the_first_table_that_has_a_question() -> None:
    asked, none = (
        pd.DataFrame({"person_id": [1], "w_low_no_wage@recruitment": ["yes"]}),
        pd.DataFrame({"person_id": [1]}),
    )

    def table(**tables: Any) -> str:
        usual: Any = SimpleNamespace(jobs=None, episodes=None, people=none)
        vars(usual).update(tables)
        return _answering(usual)

    assert table() == "people"
    assert table(jobs=none, episodes=none) == "people"
    assert table(people=asked) == "people"
    assert table(episodes=asked, people=asked) == "episodes"
    assert table(jobs=none, episodes=asked) == "episodes"
    assert table(jobs=asked, episodes=asked) == "jobs"


def test_rows_are_counted_from_one_and_missing_cells_are_none() -> None:
    people = pd.DataFrame(
        {"person_id": [7, 8, 7], "x": pd.array([1, None, 3], dtype="Int64"), "y": ["a", None, float("nan")]}
    )
    assert _row(people, 1) == {"person_id": 7, "x": 1, "y": "a"}
    assert _row(people, 3) == {"person_id": 7, "x": 3, "y": None}
    assert _row(people, 2) == {"person_id": 8, "x": None, "y": None}
    for wrong in (0, 4, -1):
        with pytest.raises(StudyFault, match=f"row {wrong}; the file has 3 people"):
            _row(people, wrong)
    assert [row["x"] for row in _rows_of(people, 7)] == [1, 3]
    assert _rows_of(people, 9) == []
    assert _plain({"a": float("nan"), "b": 0, "c": "", "d": False}) == {"a": None, "b": 0, "c": "", "d": False}


def test_answers_by_phase_and_what_was_not_answered() -> None:
    told = answers_of({"w_low_no_wage@recruitment": "yes", "w_low_no_wage@work": None, "c_docs": "no", "else": "x"})
    assert told["answers"] == {"w_low_no_wage": ["yes@recruitment", "missing@work"], "c_docs": ["no"]}
    assert told["default"] == "no"


# Words


def test_titles_in_a_language() -> None:
    assert in_language("One for all", "fr") == "One for all"
    words = {"en": "A", "fr": "B"}
    assert [in_language(words, language) for language in ("en", "fr", "es")] == ["A", "B", "A"]
    assert in_language({"es": "C", "fr": ""}, "fr") == "C"


@pytest.mark.parametrize("tag", list(methods()))
def test_the_page_of_entries_says_what_describe_says(tag: str) -> None:
    """Each key with what may stand there, its default and what it is for, as users read them."""
    page = PAGE.read_text(encoding="utf-8")
    rows = set(page.splitlines())
    method = methods()[tag]
    assert summary(method) in page
    # What all methods of a kind share stands once, in the words of those of case lists.
    of_lists = issubclass(entry_models()[tag], ListsEntry)
    lines = [line for line in key_lines(method) if of_lists or line.name not in ListsEntry.model_fields]
    assert lines
    for line in lines:
        cells = [text.replace("``", "`").replace("|", "\\|") for text in (line.form, line.default, line.description)]
        assert f"| `{line.name}` | {' | '.join(cells)} |" in rows, line
