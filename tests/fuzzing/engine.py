"""Inputs by kind and number, what is done with each, and how it ended: right, by a code of ours, otherwise, or not at all.

An input is made again from its kind and its number alone: `scripts/fuzz.py --only KIND --number N` shows how it ends.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fl_estimate as fl
from fl_estimate.errors import FlError, decoding
from fl_estimate.laboratory.report import CoverageReport
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.drafting import draft_mapping
from fl_estimate.loaders.files import formats, read_table
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.releases import read_release
from fl_estimate.reproduce import reproduce
from fl_estimate.study.run import check_study
from tests.fuzzing import columnar, sas, saved, statistical, texts, toml_files, workbooks
from tests.fuzzing.changes import blind
from tests.unit.study.made import MAPPING, people, write

SECONDS = 20.0
"""Of the processor, for one input: no load of the machine counts."""
OUT, RELEASE = "out", "release"


class Hang(BaseException):
    """An input that takes too long."""


@dataclass(frozen=True)
class Kind:
    """How inputs of a kind are made and what is done with them; `inputs` of 20,000 and more in the named target."""

    make: Callable[[random.Random], bytes]
    ending: str
    attempt: Callable[[Path, int], object]
    inputs: int


def table(path: Path, number: int) -> object:
    """Read a file, all of it; convert one in eight, and draft a mapping of one in sixteen."""
    read = read_table(path)
    with decoding():
        frame = read.frame.lazy().collect()
    if number % 8 == 0:
        with suppress(FlError):
            convert(path, path.parent / OUT / "out.parquet")
        left = [each.name for each in (path.parent / OUT).iterdir() if each.name != "out.parquet"]
        assert not left, "a conversion left something over"
    if number % 16 == 0:
        draft_mapping(path)
    return frame


def lists(path: Path, number: int) -> object:
    """Read case lists, and estimate where they hold enough."""
    count = "n" if number % 2 else None
    histories = fl.load_lists(path, lists=["police", "ngo"], count=count)
    return fl.capture_recapture.chapman(histories, "police", "ngo")


def release(path: Path, _: int) -> object:
    """A result folder with that manifest."""
    folder = path.parent / RELEASE
    shutil.copy(path, folder / "manifest.json")
    return read_release(folder)


def mapping(path: Path, _: int) -> object:
    """Load the people of a small survey."""
    return fl.load(path.parent / "people.csv", mapping=path)


KINDS: dict[str, Kind] = {
    **{ending[1:]: Kind(statistical.statistical(ending), ending, table, inputs) for ending, inputs in
       ((".sav", 2_400), (".zsav", 1_200), (".por", 1_200), (".dta", 2_000), (".xpt", 1_400))},
    "sas7bdat": Kind(sas.make, ".sas7bdat", table, 1_600),
    "xlsx": Kind(workbooks.make, ".xlsx", table, 2_000),
    "csv": Kind(texts.delimited, ".csv", table, 2_200),
    "parquet": Kind(columnar.make, ".parquet", table, 2_200),
    "study": Kind(lambda rng: toml_files.make("study", rng), ".toml", lambda path, _: check_study(path), 1_600),
    "mapping": Kind(lambda rng: toml_files.make("mapping", rng), ".toml", mapping, 1_400),
    "targets": Kind(lambda rng: toml_files.make("targets", rng), ".toml", lambda path, _: reproduce([str(path)]), 600),
    "rule": Kind(lambda rng: toml_files.make("rule", rng), ".toml", lambda path, _: fl.SuppressionRule.read(path), 400),
    "framework": Kind(lambda rng: toml_files.make("framework", rng), ".toml", lambda path, _: fl.Framework.read(path), 600),
    "lists": Kind(texts.lists, ".csv", lists, 800),
    "estimates": Kind(lambda rng: saved.make("estimates", rng), ".parquet", lambda path, _: fl.Estimates.read(path).to_frame(), 500),
    "regression": Kind(lambda rng: saved.make("regression", rng), ".parquet", lambda path, _: fl.Regression.read(path).to_frame(), 300),
    "coverage": Kind(lambda rng: saved.json_file("coverage", rng), ".json", lambda path, _: CoverageReport.read(path), 300),
    "release": Kind(lambda rng: saved.json_file("manifest", rng), ".json", release, 300),
    "map": Kind(saved.geojson, ".geojson", lambda path, _: read_areas(path), 300),
}  # fmt: skip


def _of_an_example(example: bytes) -> Callable[[random.Random], bytes]:
    return lambda rng: example if rng.random() < 0.05 else blind(example, rng)


for _form in formats():
    if _form.example:
        KINDS[_form.name] = Kind(_of_an_example(_form.example), _form.endings[0], table, 400)


def content(kind: str, number: int) -> bytes:
    """An input."""
    return KINDS[kind].make(random.Random(f"{kind} {number}"))


def attempt(kind: str, number: int, folder: Path) -> str:
    """Make an input, do with it what is done with its kind, and give the code of ours that it ended with, or "right".

    Anything else is raised.
    """
    of = KINDS[kind]
    path = folder / f"input{of.ending}"
    path.write_bytes(content(kind, number))
    fault: FlError | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            of.attempt(path, number)
    except FlError as error:
        fault = error
    if fault is None:
        return "right"
    assert str(fault).startswith("[FL-"), "an error without a code"
    return fault.code


def prepare(kind: str, folder: Path) -> None:
    """What inputs of a kind refer to, beside them."""
    (folder / OUT).mkdir()
    if kind in ("study", "mapping"):
        write(folder, mapping=MAPPING, frame=people().iloc[:120])
    if kind == "release":
        (folder / RELEASE).mkdir()
        design = fl.Design(weights="w", psu="psu", expands=True)
        made = fl.estimate_prevalence(saved.people(), "y", design=design, by="region")
        fl.publish({"one": made}).to_csv(folder / RELEASE / "estimates.csv")


def work(kind: str, numbers: Iterable[int]) -> None:
    """Try inputs one after the other, and say on standard output what is begun and how it ended; by a process of its own."""

    def ring(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, ring)
    _bounded()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(kind, folder)
        for number in numbers:
            _say(begun=number)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                ended, told = attempt(kind, number, folder), ""
            except (KeyboardInterrupt, SystemExit):
                raise
            except Hang:
                ended, told = "hang", _where(sys.exc_info()[2])
            except BaseException as error:
                ended, told = "other", f"{type(error).__name__}: {str(error)[:200]}\n{_where(error.__traceback__)}"
            signal.setitimer(signal.ITIMER_PROF, 0)
            _say(number=number, ended=ended, told=told)


def _where(trace: Any) -> str:
    return "\n".join(
        f"    {Path(each.filename).name}:{each.lineno} {each.name}" for each in traceback.extract_tb(trace)[-8:]
    )


def _say(**told: object) -> None:
    print(json.dumps(told), flush=True)


def _bounded() -> None:
    """Nothing that is read here is of a size to need more: a bomb is a finding and takes no machine down."""
    with suppress(ImportError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (4 * 2**30, most))
