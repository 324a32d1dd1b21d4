"""Files whose parsers broken bytes bring down: the process that reads them goes, ours does not, and the next file is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault, MappingFault
from fl_estimate.loaders import reading_apart
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import codebook_of, formats, known_schema, read_table, stretches
from fl_estimate.loaders.formats.worksheet_extent import require_dense
from fl_estimate.loaders.reading_apart import reading
from fl_estimate.loaders.reading_child import ROOM

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
APART: Any = pyreadstat


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    reading_apart.end_all()


@pytest.fixture
def sav(tmp_path: Path) -> Path:
    """A small sound file with labels of texts and of numbers, and a declared missing value."""
    path = tmp_path / "small.sav"
    APART.write_sav(
        pd.DataFrame({"a": ["x", "y"], "n": [1.0, 2.0]}), str(path),
        variable_value_labels={"a": {"x": "Ex", "y": "Why"}, "n": {1: "one"}}, missing_ranges={"n": [2]},
    )  # fmt: skip
    return path


@pytest.fixture
def xlsx(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    pd.DataFrame({"age": [30, 40], "sex": ["m", "f"]}).to_excel(path, index=False)
    return path


def test_formats_with_parsers_that_can_crash_are_read_apart() -> None:
    # the kinds that the issue names; text and Parquet stay lazy in the process
    assert {form.name for form in formats() if form.apart} == {"SPSS", "Stata", "SAS", "workbook"}


def test_a_file_is_the_same_read_apart_and_in_this_process(sav: Path, xlsx: Path) -> None:
    for file in (sav, xlsx, SAMPLE / "migrants_costs.dta"):
        apart = read_table(file)
        with reading(apart=False):
            here = read_table(file)
        assert apart.frame.equals(here.frame)  # type: ignore[union-attr]
        assert apart.frame.collect_schema() == here.frame.collect_schema()
        for name in ("source", "guessed", "variable_labels", "value_labels", "declared_missing"):
            assert getattr(apart, name) == getattr(here, name), name
    with reading(apart=False):
        book = codebook_of(sav)
        schema = known_schema(sav, book)
    assert codebook_of(sav) == book
    assert known_schema(sav, book) == schema is not None
    dta = SAMPLE / "migrants_costs.dta"
    assert known_schema(dta, codebook_of(dta)) is None


@pytest.mark.parametrize(
    ("position", "byte"),
    [(256, 0xFF), pytest.param(263, 0x80, marks=pytest.mark.slow), pytest.param(272, 0xFE, marks=pytest.mark.slow)],
)
def test_a_stray_byte_in_a_label_of_texts_takes_the_reader_down_and_not_this_process(
    sav: Path, position: int, byte: int
) -> None:
    """Each of these is a SIGSEGV of the parser: 48 of all changes of one byte of this file are."""
    raw = bytearray(sav.read_bytes())
    raw[position] = byte
    broken = sav.with_name("broken.sav")
    broken.write_bytes(raw)
    with pytest.raises(FileFault) as met:
        read_table(broken)
    assert met.value.code == "FL-FILE-05"
    assert "broken.sav" in str(met.value)
    assert read_table(sav).frame.collect_schema().names() == ["a", "n", "n@missing"]
    here = subprocess.run(  # what the test is for: the same in one process is its end
        [sys.executable, "-c", f"from fl_estimate.loaders.files import read_table; read_table({str(broken)!r})"],
        env={**os.environ, reading_apart.SWITCH: "0"}, capture_output=True, check=False,
    )  # fmt: skip
    assert here.returncode == -signal.SIGSEGV


def test_errors_of_files_are_those_of_this_process(tmp_path: Path) -> None:
    cut = tmp_path / "cut.sav"
    cut.write_bytes((SAMPLE / "household.sav").read_bytes()[:5_000])
    told: dict[bool, tuple[str, ...]] = {}
    for apart in (True, False):
        with reading(apart=apart), pytest.raises(FileFault) as met:
            read_table(cut)
        told[apart] = (met.value.code, met.value.what, met.value.found, met.value.fix)
    assert told[True] == told[False]
    with pytest.raises(FileFault, match="FL-FILE-05"):
        fl.load(cut, mapping=SAMPLE / "household.toml")


def test_a_process_is_kept_for_the_next_file_and_ended_where_its_answers_were_not_taken(sav: Path) -> None:
    begun: list[int] = []
    real = subprocess.Popen

    class Counted(real):  # type: ignore[type-arg, valid-type, misc]
        def __init__(self, *of: Any, **more: Any) -> None:
            super().__init__(*of, **more)
            begun.append(self.pid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_apart.subprocess, "Popen", Counted)
        for _ in range(3):
            read_table(sav)
        assert len(begun) == 1
        book = codebook_of(sav)
        rows = stretches(sav, book)
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        assert len(begun) == 1
        read_table(sav)
        assert len(begun) == 2


def test_off_by_an_argument_and_by_the_environment(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a process was begun")

    monkeypatch.setattr(reading_apart.subprocess, "Popen", never)
    with pytest.raises(AssertionError, match="begun"):
        fl.draft_mapping(sav)
    assert fl.draft_mapping(sav, apart=False)
    costs = SAMPLE / "migrants_costs.dta"
    with pytest.raises(MappingFault):
        fl.load(costs, mapping=SAMPLE / "household.toml", apart=False)
    assert fl.load_lists(
        costs.with_name("lists.csv"),
        lists=["police", "labour_inspectorate", "ngo", "hospital", "hotline"],
        count="count",
        apart=False,
    )
    monkeypatch.setenv(reading_apart.SWITCH, "0")
    assert fl.draft_mapping(sav)


def test_more_memory_than_the_limit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/statm").is_file():
        pytest.skip("the system holds no process to a limit of memory")
    monkeypatch.setattr(reading_apart, "MEMORY", 2**20)
    monkeypatch.setattr(reading_apart, "WATCHED", 0.001)
    monkeypatch.setattr(reading_apart, "TIMES_ITS_SIZE", 0)
    with pytest.raises(FileFault) as met:
        read_table(SAMPLE / "household.sav")
    assert met.value.code == "FL-FILE-05"
    assert "apart=False" in met.value.fix


def test_a_reader_that_does_not_answer_is_ended(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_table(sav)
    (waiting,) = reading_apart._idle  # pyright: ignore[reportPrivateUsage]
    os.kill(waiting.process.pid, signal.SIGSTOP)  # it answers never: no test of how long
    monkeypatch.setattr(reading_apart, "SECONDS", 0.05)
    with pytest.raises(FileFault, match="too long"):
        read_table(sav)
    monkeypatch.undo()
    assert read_table(sav).frame.collect_schema().names() == ["a", "n", "n@missing"]


@pytest.mark.parametrize(("waited", "beyond"), [(3_590.0, ""), (0.0, "time")])
def test_time_that_a_reader_waits_for_a_core_is_not_counted(
    waited: float, beyond: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour goes by between two looks; of it a thread stood in line for all but ten seconds, or not at all."""
    thread = tmp_path / "7" / "task" / "8"
    thread.mkdir(parents=True)
    (thread / "schedstat").write_text("5000 1000000000 3\n", encoding="ascii")
    monkeypatch.setattr(reading_apart, "PROCESSES", tmp_path)
    monkeypatch.setattr(reading_apart, "time", SimpleNamespace(monotonic=iter([0.0, 3_600.0]).__next__))
    looks = iter([False, True])

    def look(_: float) -> bool:
        (thread / "schedstat").write_text(f"5000 {1_000_000_000 + int(waited * 1e9)} 3\n", encoding="ascii")
        return next(looks)

    process: Any = SimpleNamespace(pid=7, kill=lambda: None)
    reader = reading_apart._ReadingProcess(process)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(reader, "memory", lambda: 0)
    done: Any = SimpleNamespace(wait=look)
    reader._watch(done, reading_apart._Limits())  # pyright: ignore[reportPrivateUsage]
    assert reader.beyond == beyond


def test_a_reader_that_cannot_be_started_is_said(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_apart.sys, "executable", "/bin/false")
    with pytest.raises(FileFault) as met:
        read_table(sav)
    assert met.value.code == "FL-FILE-23"


def test_several_threads_read_at_once(sav: Path) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(read_table(sav).source.n_rows)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2, 2, 2]
    assert len(reading_apart._idle) <= reading_apart.KEPT  # pyright: ignore[reportPrivateUsage]


def test_what_the_reader_prints_and_what_is_interrupted_reaches_nobody(sav: Path) -> None:
    """The reader is of another session: an interrupt of the terminal is not its own."""
    read_table(sav)
    (waiting,) = reading_apart._idle  # pyright: ignore[reportPrivateUsage]
    assert os.getsid(waiting.process.pid) != os.getsid(0)
    assert waiting.process.stderr is None


def test_nothing_is_imported_from_the_folder_of_the_data(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery of files may hold a `json.py`, and the reader imports one."""
    (sav.parent / "json.py").write_text("import os; open('taken', 'w'); os._exit(3)", encoding="ascii")
    monkeypatch.chdir(sav.parent)
    assert read_table(sav).source.n_rows == 2
    assert not (sav.parent / "taken").exists()


def test_the_package_is_found_whatever_is_in_the_search_path(sav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths: Any = [sav.parent, "", *sys.path]  # a Path, as notebooks put it there
    monkeypatch.setattr(sys, "path", paths)
    assert read_table(sav).source.n_rows == 2


def test_options_of_any_mapping_are_handed_over(sav: Path) -> None:
    assert read_table(sav, written=TextFormat(more=MappingProxyType({"x": 1}))).source.n_rows == 2


@pytest.mark.parametrize("cell", ["<c r='XFD1048576'>", '<c t="n" r = "XFD1048576">', '<c r="xfd1048576">'])
def test_a_stray_cell_is_found_however_it_is_written(xlsx: Path, cell: str) -> None:
    target = xlsx.with_name("written.xlsx")
    with zipfile.ZipFile(xlsx) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            more = f"<row>{cell}<v>1</v></c></row></sheetData>".encode()
            new.writestr(member, old.read(member).replace(b"</sheetData>", more))
    with pytest.raises(FileFault, match="FL-FILE-24"):
        require_dense(target, None)


def test_the_extent_of_a_worksheet_of_broken_cells_is_found_in_no_time(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(broken, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<w><sheet name="a" id="1"/></w>')
        book.writestr("xl/_rels/workbook.xml.rels", '<r><a Id="1" Target="s.xml"/></r>')
        book.writestr("xl/s.xml", "<c " * 200_000 + ">")  # every one was looked at up to the end
    start = time.monotonic()
    require_dense(broken, None)
    assert time.monotonic() - start < 10


def with_cell(xlsx: Path, position: str, name: str) -> Path:
    """The workbook with one cell more."""
    target = xlsx.with_name(name)
    row = "".join(letter for letter in position if letter.isdigit())
    with zipfile.ZipFile(xlsx) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "xl/worksheets/sheet1.xml":
                cell = f'<row r="{row}"><c r="{position}"><v>1</v></c></row></sheetData>'.encode()
                content = content.replace(b"</sheetData>", cell)
            new.writestr(member, content)
    return target


@pytest.mark.parametrize("position", ["XFD1048576", "T1048576", "XFD3"])
def test_a_stray_cell_is_named_and_no_room_is_made_for_it(xlsx: Path, position: str) -> None:
    file = with_cell(xlsx, position, "stray.xlsx")
    if position == "XFD3":  # 16,384 columns of three rows are no room at all: the table has no header there
        with pytest.raises(FileFault, match="FL-FILE-07"):
            read_table(file)
        return
    with pytest.raises(FileFault) as met:
        read_table(file)
    assert met.value.code == "FL-FILE-24"
    assert position in met.value.found


def test_a_workbook_that_unpacks_to_a_multiple_is_refused(xlsx: Path) -> None:
    target = xlsx.with_name("bomb.xlsx")
    with zipfile.ZipFile(xlsx) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, old.read(member))
        with new.open("xl/media/picture.bin", "w", force_zip64=True) as big:
            for _ in range(270):
                big.write(bytes(2**20))
    assert target.stat().st_size < 2**20
    with pytest.raises(FileFault, match="unpacks to"):
        read_table(target)


def test_a_kept_reader_that_was_killed_between_two_files_is_replaced_once(
    sav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system kills what is idle where it is short of memory: the next file is not to blame, nor called damaged."""
    read_table(sav)
    (waiting,) = reading_apart._idle  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(waiting.process, "poll", lambda: None)  # killed in the moment after it was looked at
    os.kill(waiting.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, waiting.process.pid, os.WEXITED | os.WNOWAIT)
    assert read_table(sav).source.n_rows == 2


def test_a_reader_that_is_killed_over_a_file_is_replaced_once_and_then_told(
    sav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_table(sav)
    asked: list[int] = []
    real = reading_apart._ReadingProcess.ask  # pyright: ignore[reportPrivateUsage]

    def killed(self: Any, request: dict[str, Any]) -> None:
        asked.append(self.process.pid)
        os.kill(self.process.pid, signal.SIGSTOP)
        real(self, request)
        os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(reading_apart._ReadingProcess, "ask", killed)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(FileFault, match="status -9") as met:
        read_table(sav)
    assert met.value.code == "FL-FILE-05"
    assert len(set(asked)) == 2


def test_a_reader_that_its_own_fault_ends_is_not_asked_twice(sav: Path) -> None:
    read_table(sav)
    raw = bytearray(sav.read_bytes())
    raw[256] = 0xFF
    broken = sav.with_name("broken.sav")
    broken.write_bytes(raw)
    begun = len(_started(lambda: read_table(broken)))
    assert begun == 0


def _started(call: Any) -> list[int]:
    """The processes that a call begins; what it raises of ours is passed over."""
    begun: list[int] = []
    real = reading_apart._new  # pyright: ignore[reportPrivateUsage]

    def counted() -> Any:
        begun.append(1)
        return real()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_apart, "_new", counted)
        with pytest.raises(FileFault):
            call()
    return begun


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux keeps to")
def test_without_a_view_of_processes_the_system_keeps_a_reader_to_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system without /proc; the limit is less than what the reader holds before it reads anything."""
    file = SAMPLE / "household.sav"
    monkeypatch.setattr(reading_apart, "PROCESSES", tmp_path / "no processes")
    assert read_table(file).source.n_rows
    (waiting,) = reading_apart._idle  # pyright: ignore[reportPrivateUsage]
    assert waiting.memory() == 0
    limits = Path(f"/proc/{waiting.process.pid}/limits").read_text(encoding="ascii")
    held = next(line.split() for line in limits.splitlines() if line.startswith("Max data size"))
    size = file.stat().st_size
    assert int(held[3]) == reading_apart.MEMORY + reading_apart.TIMES_ITS_SIZE * size + ROOM
    monkeypatch.setattr(reading_apart, "MEMORY", 64 * 2**20 - ROOM - reading_apart.TIMES_ITS_SIZE * size)
    with pytest.raises(FileFault, match="FL-FILE-05"):
        read_table(file)
    monkeypatch.undo()
    assert read_table(file).source.n_rows
