"""Studies and commands given files that are not what they should be: what is printed, logged, raised and written holds no planted answer."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from fl_estimate.study.run import check_study
from tests.disclosure.planted import AMOUNT, BORN, PASSPORT, PERSON, SAID, TELEPHONE, marks_in, told_by
from tests.unit.study.made import STUDY, people, write

ROW = [f"{PASSPORT}00", f"{PERSON} A", f"{BORN}01", f"+57 {TELEPHONE}00", SAID, str(AMOUNT)]
LINE = ",".join(ROW)


def planted() -> pd.DataFrame:
    """The small survey, with who people are beside what is estimated."""
    frame = people()
    return frame.assign(
        NAME=[f"{PERSON} {row}" for row in range(len(frame))], PASS=[f"{PASSPORT}{row}" for row in range(len(frame))],
        SAID=SAID, BORN=f"{BORN}01", PAID=AMOUNT,
    )  # fmt: skip


def in_cells(**columns: Any) -> Callable[[Path], object]:
    """Answers in columns where codes and numbers belong."""
    return lambda folder: planted().assign(**columns).to_csv(folder / "people.csv", index=False)


def instead_of(name: str, text: str) -> Callable[[Path], object]:
    """A file that holds what people said."""
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def zipped(folder: Path) -> None:
    """A workbook that is none: an archive of answers."""
    with zipfile.ZipFile(folder / "people.xlsx", "w") as archive:
        archive.writestr(f"{PERSON} A.xml", LINE)
    _study_of(folder, "people.xlsx")


def _study_of(folder: Path, file: str) -> None:
    (folder / "small.toml").write_text(STUDY.replace('"people.csv"', f'"{file}"'), encoding="utf-8")


def called(name: str) -> Callable[[Path], object]:
    """Text under the name of another format."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes((LINE + "\n").encode() * 40)
        _study_of(folder, name)

    return spoil


def more(study: str) -> Callable[[Path], object]:
    """A study that asks for more than there is, of columns of answers."""
    return lambda folder: (folder / "small.toml").write_text(STUDY + study, encoding="utf-8")


SPOILT: dict[str, Callable[[Path], object]] = {
    "no header": instead_of("people.csv", f"{LINE}\n" * 30),
    "ragged": lambda folder: (folder / "people.csv").write_text(
        planted().head(20).to_csv(index=False) + f"{LINE},{LINE},{LINE},{LINE}\n", encoding="utf-8"),
    "an open quote": lambda folder: (folder / "people.csv").write_text(
        planted().head(20).to_csv(index=False) + f'"{LINE}\n{LINE}\n', encoding="utf-8"),
    "bytes of no encoding": lambda folder: (folder / "people.csv").write_bytes(
        planted().head(20).to_csv(index=False).encode() + f"{PERSON},".encode() + b"\x81\x8d\x00\xff\n"),
    "empty": instead_of("people.csv", ""),
    "weights": in_cells(W=lambda f: f["PASS"]), "weights below 0": in_cells(W=-AMOUNT), "sex": in_cells(SEX=lambda f: f["NAME"]),
    "age": in_cells(AGE=lambda f: f["BORN"]), "amounts as ages": in_cells(AGE=AMOUNT), "answers": in_cells(Q2=lambda f: f["SAID"]),
    "units": in_cells(EA=lambda f: f["PASS"], STR=lambda f: f["PASS"]),
    "persons twice": in_cells(ID=f"{PASSPORT}07"), "no weights": in_cells(W=None),
    "answers as a derived column": in_cells(Q1=lambda f: f["SAID"]),
    "a study of answers": instead_of("small.toml", f"{LINE}\n"), "a study of one answer": instead_of("small.toml", f'title = "{SAID}'),
    "a mapping of answers": instead_of("people.toml", f"{LINE}\n"),
    "truth": instead_of("truth.json", f'{{"national": {{"adults": "{PERSON} A"}}}}'), "no truth": instead_of("truth.json", LINE),
    "a map": instead_of("regions.geojson", LINE),
    "a map of answers": instead_of("regions.geojson", f'{{"type": "FeatureCollection", "features": ["{SAID}"]}}'),
    "margins": lambda folder: (
        (folder / "margins.csv").write_text(f"margin,level,total\nsex,{PERSON} A,{SAID}\n", encoding="utf-8"),
        more('\n[calibrate]\nmargins = "margins.csv"\n')(folder),
    ),
    "case lists": lambda folder: (
        (folder / "lists.csv").write_text(f"{LINE}\n" * 9, encoding="utf-8"),
        more('\n[lists]\nfile = "lists.csv"\nlists = ["police", "ngo"]\n\n[[estimate]]\nkind = "capture_recapture"\nmethod = "chao"\n')(folder),
    ),
    "people as a condition": more('\n[[estimate]]\nkind = "prevalence"\noutcome = "forced_labour"\nwhere = "NAME >= 18"\n'),
    "a model of people": more('\n[[estimate]]\nkind = "area"\noutcome = "forced_labour"\nby = "NAME"\ncovariates = "people.csv"\n'),
    "text called .sav": called("people.sav"), "text called .dta": called("people.dta"), "text called .sas7bdat": called("people.sas7bdat"),
    "text called .parquet": called("people.parquet"), "text called .xlsx": called("people.xlsx"), "an archive called .xlsx": zipped,
}  # fmt: skip
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "{study}"), ("run", "{study}", "--out", "{out}"), ("check", "{file}", "--mapping", "{mapping}"), ("map", "{file}"),
    ("convert", "{file}", "{out}.parquet"),
)  # fmt: skip


def files_of(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return (
        ((path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())
        if folder.exists()
        else iter(())
    )


def marks_in_bytes(content: bytes) -> list[str]:
    return marks_in(content.decode("utf-8", errors="replace")) + marks_in(content.decode("utf-16-le", errors="replace"))


QUICK = {
    "no header",
    "weights",
    "a study of answers",
    "a mapping of answers",
    "no truth",
    "text called .sav",
    "bytes of no encoding",
}
"""One of each kind; the others take the time of many, and are `slow`."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SPOILT]
)
def test_no_command_tells_what_a_spoilt_file_holds(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    write(tmp_path, frame=planted())
    SPOILT[name](tmp_path)
    data = next(
        (path for path in tmp_path.glob("people.*") if path.suffix not in (".csv", ".toml")), tmp_path / "people.csv"
    )
    positions = {
        "study": tmp_path / "small.toml",
        "file": data,
        "mapping": tmp_path / "people.toml",
        "out": tmp_path / "out",
    }
    found: list[str] = []
    for words in COMMANDS:
        result = CliRunner().invoke(app, [word.format(**positions) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            found.append(f"{words[0]} ends in Python's own {type(result.exception).__name__}: {result.exception}"[:400])
        said = f"{result.stdout}\n{result.stderr}\n{caplog.text}"
        found += [f"{' '.join(words)} prints {marks}: {said[:1500]}" for marks in [marks_in(said)] if marks]
    for call in (
        lambda: fl.run_study(positions["study"], out=positions["out"]),
        lambda: check_study(positions["study"]),
    ):
        _, texts = told_by(call)
        found += [f"an error says {marks_in(text)}: {text[:600]}" for text in texts if marks_in(text)]
    found += [
        f"{path.name} holds {marks}"
        for path, content in files_of(tmp_path / "out")
        if (marks := marks_in_bytes(content))
    ]
    assert not found, "\n".join(found[:6])


@pytest.mark.slow
def test_a_run_takes_no_answers_along(tmp_path: Path) -> None:
    """Nor to its private folder: full values are sums."""
    study = write(tmp_path, frame=planted())
    result = CliRunner().invoke(
        app, ["run", str(study), "--out", str(tmp_path / "out"), "--private", str(tmp_path / "own")]
    )
    assert result.exit_code == 0, result.stderr
    assert not marks_in(result.stdout + result.stderr)
    files = [*files_of(tmp_path / "out"), *files_of(tmp_path / "own")]
    assert len(files) > 6
    for path, content in files:
        assert not marks_in_bytes(content), path
    # The search finds what is there: the file itself is full of them.
    assert marks_in_bytes((tmp_path / "people.csv").read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, "no header", "a study of answers", "bytes of no encoding"])
def test_a_batch_takes_no_answers_along(name: str | None, tmp_path: Path) -> None:
    """Nor do its log, its tables and its page; and the messages of what a spoilt file stops."""
    (tmp_path / "studies").mkdir()
    write(tmp_path / "studies", frame=planted())
    if name is not None:
        SPOILT[name](tmp_path / "studies")
    words = [
        "batch",
        str(tmp_path / "studies"),
        "--out",
        str(tmp_path / "out"),
        "--private",
        str(tmp_path / "own"),
        "--jobs",
        "1",
    ]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert not marks_in(result.stdout + result.stderr)
    files = [*files_of(tmp_path / "out"), *files_of(tmp_path / "own")]
    assert (result.exit_code == 0) is (name is None)
    assert name is not None or {path.name for path, _ in files} >= {
        "batch.log",
        "studies.csv",
        "figures.csv",
        "batch.html",
    }
    for path, content in files:
        assert not marks_in_bytes(content), path


def models() -> list[type[BaseModel]]:
    """Every model of pydantic that this package reads a file with."""
    found, todo = [], list(BaseModel.__subclasses__())
    while todo:
        model = todo.pop()
        todo += model.__subclasses__()
        if model.__module__.startswith("fl_estimate"):
            found.append(model)
    return found


def test_models_that_read_files_do_not_print_what_stood_there() -> None:
    every = models()
    assert len(every) > 20
    assert [model.__name__ for model in every if not model.model_config.get("hide_input_in_errors")] == []
