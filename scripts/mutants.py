"""How well the tests test: change the code a little at places drawn at random, and count the changes that a test notices.

`mutants.py study --n 200 --seed 1` draws lines of `src/fl_estimate/study`, one change in each, and runs the tests that reach the line
on it. The checkout is never written to: a process of its own imports the changed module through a hook. A change is
*killed* when a test fails (or computes far longer than before), *survives* when none does, or when no test reaches it. Time is that of
the processor: on a busy machine nothing is killed for being late. What did not come to its end for another reason is *unsettled*, and
counts as not killed.

What became of each is written down at once, under the state of the library and of the tests that were asked: a run that was
interrupted goes on where it stopped, and a change that was killed by a test that is the same since is not tried again.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import gc
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mutations import Site, modules_without_tables, sites

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fl_estimate"
OUT = ROOT / "out" / "mutants"
EQUIVALENT = ROOT / "scripts" / "equivalent_mutants.toml"
BUDGET = 10.0
"""Seconds of tests for one mutant, by what they took unchanged: nearest first, then quickest; the rest is not run."""
FIRST = 2.0
"""Seconds of the nearest tests that are asked before the others: most changes are noticed there, and few files are read for it."""
READ = 0.2
"""Seconds of the budget for each file of tests that has to be read."""
BESIDE = 2.0
"""Of the budget, for tests that are not seen to reach the line: what the tests of a file share is reached by the first of them only."""
WAITED = 900.0
"""Seconds by the clock after which a mutant is given up, unsettled: it may wait for something, or the machine is busy."""
PATIENCE = 10.0
"""A test that computes this many times as long as unchanged, and as many seconds more, has noticed."""
NOT_ASKED = (
    *("tests/architecture/", "tests/reference/", "tests/recovery/", "tests/published/"),
    *(f"{position}/{room}/" for position in ("tests/unit", "src/fl_estimate")
      for room in ("schema", "inputs", "loaders", "indicators", "design", "datasets")),
    "src/fl_estimate/estimators/",
)  # fmt: skip
"""Tests of the text of the code, of the rooms below, and comparisons with other software: they are not run, so that what they alone
would notice counts as a survivor. Nor are the examples of the estimators: beside tests pytest imports their modules a second time,
and a method may be declared once only."""
BELOW: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("reporting", "study", "cli"), ("tests/unit/estimators/", "tests/properties/", "tests/unit/laboratory/")
)
"""And of rooms above the estimators their tests, which take most of the time in which lines are asked and seldom come up so far."""
PRELOADED = ["pytest", "hypothesis", "numpy", "pandas", "polars", "pyarrow.parquet", "narwhals", "pydantic", "typer", "rich",
             "scipy.stats", "scipy.optimize", "scipy.sparse", "matplotlib.figure", "great_tables", "formulaic", "xarray"]  # fmt: skip

UNUSED = ("cacheprovider", "xdist", "xdist.looponfail", "pytest_cov", "nbmake", "zarr", "unraisableexception", "threadexception")  # fmt: skip
"""Plugins of pytest that are left out: they take longer to load than most mutants to be killed."""

ROOMS = (
    ("errors",), ("schema",), ("inputs",), ("results", "indicators", "design"), ("loaders", "estimators"),
    ("reporting", "datasets"), ("study",), ("cli",),
)  # fmt: skip
"""From the lowest: what lies below a room never imports it, and is loaded once for all mutants."""


@dataclass(frozen=True)
class Mutant:
    """One change: of which module, its number among the module's, and what a reader needs to find it."""

    file: str
    number: int
    line: int
    what: str
    text: str


def main() -> int:
    """0 where at least `--floor` of the mutants are killed."""
    arguments = _arguments()
    if not (SOURCE / arguments.room).exists():
        print(f"there is no {arguments.room} below {SOURCE.relative_to(ROOT)}")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    reach = Reach(_reached(arguments.jobs, (*BELOW.get(Path(arguments.room).parts[0], ()), *arguments.unasked)))
    if reach.failed:
        print(
            f"{len(reach.failed)} tests failed while their lines were asked, and are not run: {', '.join(reach.failed[:8])} …"
        )
    draw = arguments.room, arguments.n, arguments.seed, tuple(arguments.exclude)
    chosen = (_again(arguments.again) if arguments.again else _drawn(*draw))[arguments.start :]
    begun = time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED, *_below(Path(chosen[0].file).parts[0])])
    outcomes = _outcomes(chosen, context, reach, arguments)
    _void(outcomes, context, reach)
    kept = OUT / f"{arguments.room.replace('/', '-')}-{arguments.seed}{'-again' if arguments.again else ''}.json"
    kept.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    if len(outcomes) < len(chosen):
        print(
            f"\nstopped after {arguments.minutes:g} minutes: {len(outcomes)} of {len(chosen)} tried; the same command goes on"
        )
    return _report(arguments.room, outcomes, time.monotonic() - begun, arguments.floor)


def _outcomes(chosen: list[Mutant], context: Any, reach: Reach, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """What became of each, in the order of the draw; what `--minutes` leaves no time for is left out."""
    apart = {_key(**each): each["why"] for each in _argued()}
    journal = Journal(OUT / "tried.jsonl")
    end = time.monotonic() + 60 * arguments.minutes

    def tried(mutant: Mutant) -> dict[str, Any] | None:
        tests = reach.tests(mutant, _sites(mutant.file)[1][mutant.number].lines, arguments.budget)
        outcome = journal.of(mutant, tests)
        if outcome is None:
            if time.monotonic() > end:
                return None
            outcome = _tried(context, reach, tests, mutant)
            journal.add(mutant, tests, outcome)
        if outcome["outcome"] == "survived" and (why := apart.get(_key(mutant.file, mutant.text, mutant.what))):
            outcome = {"outcome": "equivalent", "by": why}
        print(f"{outcome['outcome']:<10} {mutant.file}:{mutant.line}: {mutant.what}  [{outcome['by']}]", flush=True)
        return asdict(mutant) | outcome

    with ThreadPoolExecutor(arguments.jobs) as pool:
        return [outcome for outcome in pool.map(tried, chosen) if outcome is not None]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "room", help="folder below src/fl_estimate, or a file there (results, study, reporting, study/run.py)"
    )
    parser.add_argument("--n", type=int, default=200, help="mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds of tests for a mutant")
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which no mutant is begun any more")
    parser.add_argument(
        "--start", type=int, default=0, help="of the draw, for a second process that tries its end meanwhile"
    )
    parser.add_argument("--floor", type=float, default=0.9, help="share to be killed")
    parser.add_argument("--exclude", nargs="*", default=[], help="patterns of files that are not drawn from")
    parser.add_argument("--unasked", nargs="*", default=[], help="folders of tests that are not asked either")
    parser.add_argument("--again", type=Path, help="a file of outcomes: its survivors only, on the same code")
    arguments = parser.parse_args()
    arguments.room = arguments.room.removesuffix("/")
    return arguments


# Which mutants


def _drawn(room: str, n: int, seed: int, exclude: tuple[str, ...] = ()) -> list[Mutant]:
    """Lines drawn without replacement, and in each one change: a long module has more of them.

    Of one seed a smaller draw is the beginning of a larger.
    """
    by_line: dict[tuple[str, int], list[Mutant]] = {}
    position = SOURCE / room
    for path in [position] if position.is_file() else sorted(position.rglob("*.py")):
        file = path.relative_to(SOURCE).as_posix()
        text = path.read_text(encoding="utf-8").splitlines()
        out = any(fnmatch(file, pattern) for pattern in exclude)
        for number, site in enumerate(() if out else _sites(file)[1]):
            mutant = Mutant(file, number, site.line, site.what, text[site.line - 1].strip())
            by_line.setdefault((file, site.line), []).append(mutant)
    order = random.Random(seed).sample(sorted(by_line), len(by_line))[:n]
    return [random.Random(f"{seed} {file} {line}").choice(by_line[file, line]) for file, line in order]


def _again(file: Path) -> list[Mutant]:
    kept = json.loads(file.read_text(encoding="utf-8"))
    return [
        Mutant(**{key: each[key] for key in Mutant.__annotations__})
        for each in kept
        if each["outcome"] in ("survived", "unreached", "void", "unsettled")
    ]


def _sites(file: str) -> tuple[ast.Module, list[Site]]:
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    return tree, sites(tree, tables=not modules_without_tables(Path(file).name))


def _argued() -> list[dict[str, str]]:
    """Mutants that no result can tell from the code, each with the reason, by file, text of the line and change."""
    return tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"] if EQUIVALENT.exists() else []


def _key(file: str, text: str, what: str, **_: str) -> tuple[str, str, str]:
    return file, text, what


def _below(room: str) -> list[str]:
    """The modules that know nothing of a room."""
    level = next(position for position, rooms in enumerate(ROOMS) if room.removesuffix(".py") in rooms)
    folders = [SOURCE / name for rooms in ROOMS[:level] for name in rooms]
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*.py"))]
    return [_module(path.relative_to(SOURCE).as_posix()) for path in files]


def _module(file: str) -> str:
    return "fl_estimate." + file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


# Which tests


def _reached(jobs: int, below: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """What each test file reaches, asked again for those that changed.

    Where the library changed since, lines of the changed modules are not trusted (`Reach`); remove the folder to ask all again.
    """
    from reached import named

    folder = OUT / "reached"
    folder.mkdir(parents=True, exist_ok=True)
    found = [*ROOT.glob("tests/**/test_*.py"), *SOURCE.rglob("*.py")]
    files = [p.relative_to(ROOT).as_posix() for p in sorted(found)]
    files = [file for file in files if not file.startswith((*NOT_ASKED, *below))]
    files = [file for file in files if file.startswith("tests") or ">>> " in (ROOT / file).read_text(encoding="utf-8")]
    kept = {file: folder / f"{named(file)}.json" for file in files}
    absent = [file for file in files if not kept[file].exists() or '"passed": false' in kept[file].read_text("utf-8")]
    if absent:
        print(f"asking {len(absent)} files of tests which lines they reach", flush=True)
        command = [sys.executable, "-m", "pytest", "-p", "reached", "--reached", str(folder), "-q", "--tb=short", "-m", "not slow",
                   "-n", str(jobs), "--dist", "loadfile", "-p", "no:cacheprovider", "-o", "python_functions=test_*", *absent]  # fmt: skip
        paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, check=False).returncode
        # All passed, some failed, none were there; else it was ended before it had asked all.
        if status not in (0, 1, 5):
            raise SystemExit(
                f"the tests were not asked to their end (pytest ended with {status}); the same command goes on"
            )
        for file in absent:  # slow tests only: nothing is reached
            if not kept[file].exists():
                kept[file].write_text(json.dumps({"file": file, "tests": {}}), encoding="utf-8")
    return [json.loads(path.read_text(encoding="utf-8")) for path in kept.values()]


class Reach:
    """Which tests reach a line of a module."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._lines: dict[str, dict[str, frozenset[int] | None]] = {}
        """None of a module that changed since: every test that reaches it is asked."""
        for file in kept:
            for test, seen in file["tests"].items():
                if not seen["passed"]:
                    self.failed.append(test)
                    continue
                self.seconds[test] = seen["seconds"]
                for module, lines in seen["lines"].items():
                    same = file.get("modules", {}).get(module) == _hash(SOURCE / module)
                    self._lines.setdefault(module, {})[test] = frozenset(lines) if same else None

    def tests(self, mutant: Mutant, lines: tuple[int, int] | None, budget: float) -> list[str]:
        """The tests for a mutant: those that reach it, then others of their files, for what they share is reached once."""
        direct = self._at(mutant.file, lines)
        files = {_file(test) for test in direct}
        beside = [test for test in self.seconds if _file(test) in files and test not in direct]
        near, stem = f"/{Path(mutant.file).parts[0]}/", Path(mutant.file).stem
        own = {file for file in files if stem in file or _takes_from(file, _module(mutant.file))}
        turn = self._turns(direct)
        order = sorted(direct, key=lambda t: (_file(t) not in own, near not in _file(t), turn[t], self.seconds[t], t))
        chosen = self.within(order, budget)
        left = min(BESIDE, budget - sum(self.seconds[test] for test in chosen) - READ * len({*map(_file, chosen)}))
        return [*chosen, *(self.within(sorted(beside, key=lambda t: (self.seconds[t], t)), left) if chosen else ())]

    def _turns(self, tests: list[str]) -> dict[str, int]:
        """Which of the parametrisations of its test it is, the quickest first: different tests are asked before the same one again."""
        turns: dict[str, int] = {}
        seen: dict[str, int] = {}
        for test in sorted(tests, key=lambda t: (self.seconds[t], t)):
            name = test.split("[")[0]
            turns[test] = seen[name] = seen.get(name, -1) + 1
        return turns

    def within(self, order: list[str], budget: float) -> list[str]:
        """Those of a list that there is time for, and in any case its first."""
        chosen: list[str] = []
        files: set[str] = set()
        spent = 0.0
        for test in order:
            takes = self.seconds[test] + (0.0 if _file(test) in files else READ)
            if not chosen or spent + takes <= budget:
                chosen.append(test)
                files.add(_file(test))
                spent += takes
        return chosen

    def _at(self, module: str, lines: tuple[int, int] | None) -> list[str]:
        reached = self._lines.get(module, {})
        if lines is not None:
            wanted = set(range(lines[0], lines[1] + 1))
            found = [test for test, seen in reached.items() if seen is None or not wanted.isdisjoint(seen)]
            if found:
                return found
        # No test runs it, unless the module did when it was imported: what it made then is used by whoever uses the module, or
        # a module that takes names from it.
        # Tests of files that name the module may ask it for values alone, and run no line of it.
        used = dict.fromkeys([*reached, *(test for test in self.seconds if _takes_from(_file(test), _module(module)))])
        seen, takers = {module}, {module}
        while takers:
            takers = {each for taken in takers for each in _importers(taken)} - seen
            seen |= takers
            used |= {test: None for taker in takers for test in self._lines.get(taker, {})}
            if used:
                break
        return list(used)


@functools.cache
def _importers(module: str) -> tuple[str, ...]:
    files = [path.relative_to(ROOT).as_posix() for path in sorted(SOURCE.rglob("*.py"))]
    return tuple(
        Path(file).relative_to("src/fl_estimate").as_posix() for file in files if _takes_from(file, _module(module))
    )


@functools.cache
def _takes_from(file: str, module: str) -> bool:
    """Whether a file names the module itself: tests that do are about it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    package, _, name = module.rpartition(".")
    named = rf"from {re.escape(package)} import (\([^)]*)?[^\n)]*\b{name}\b"
    return f"from {module} import" in text or re.search(named, text) is not None


def _file(test: str) -> str:
    return test.split("::")[0]


# Trying


class Journal:
    """What became of mutants so far: a line each, added at once.

    An outcome holds for the library as it was, and for the tests that were asked. Of one that was killed only the file of the
    test that killed it has to be the same; of a survivor all that was asked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(json.JSONDecodeError):  # a line that was being written
                    entry = json.loads(line)
                    self._kept[entry["mutant"]] = entry

    def of(self, mutant: Mutant, tests: list[str]) -> dict[str, str] | None:
        """The outcome, where it would come out the same now."""
        entry = self._kept.get(_name(mutant))
        if entry is None or entry["library"] != _library() or entry["outcome"] == "unsettled":
            return None
        files = {_file(test) for test in tests}
        if entry["outcome"] == "killed":
            files = {_file(entry["by"])} if entry["by"].startswith(("tests/", "src/")) else set()
            same = all(entry["files"].get(file) == _hash(ROOT / file) for file in files)
        else:
            same = entry["tests"] == tests and entry["files"] == {file: _hash(ROOT / file) for file in files}
        return {key: entry[key] for key in ("outcome", "by")} if same else None

    def add(self, mutant: Mutant, tests: list[str], outcome: dict[str, str]) -> None:
        """Write one down."""
        files = {_file(test): _hash(ROOT / _file(test)) for test in tests}
        entry = {"mutant": _name(mutant), "library": _library(), "tests": tests, "files": files} | outcome
        with self._lock, self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
            self._kept[entry["mutant"]] = entry


def _name(mutant: Mutant) -> str:
    return f"{mutant.file}:{mutant.number}:{mutant.line}: {mutant.what}"


@functools.cache
def _library() -> str:
    """The state of the library, and of what tests share."""
    shared = [path for path in ROOT.glob("tests/**/*.py") if not path.name.startswith("test_")]
    texts = [path.read_bytes() for path in [*sorted(SOURCE.rglob("*.py")), *sorted(shared)]]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


@functools.cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def _tried(context: Any, reach: Reach, tests: list[str], mutant: Mutant) -> dict[str, str]:
    if not tests:
        return {"outcome": "unreached", "by": "no test runs it"}
    outcome, by = "survived", ""
    first = reach.within(tests, FIRST)
    rest = [test for test in tests if test not in first]
    for asked in (first, rest):
        if not asked or outcome != "survived":
            continue
        outcome, by = _process(context, mutant, asked, {test: reach.seconds[test] for test in asked})
        if outcome == "error":
            # Tests that are made from what the module says may be gone with it: their files are asked as they are then.
            outcome, by = _process(context, mutant, sorted({_file(test) for test in asked}), {})
        if outcome == "error":
            outcome = "killed" if _process(context, None, asked, {})[0] == "survived" else "void"
        if outcome == "unsettled":
            break
    return {"outcome": outcome, "by": f"{len(tests)} tests" if outcome == "survived" else by}


def _process(context: Any, mutant: Mutant | None, tests: list[str], seconds: dict[str, float]) -> tuple[str, str]:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_trial, args=(mutant, tests, seconds, sender))
    process.start()
    sender.close()
    answer: tuple[str, str] | None = None
    with contextlib.suppress(EOFError):
        if receiver.poll(WAITED):
            answer = receiver.recv()
    process.join(20 if answer else 1)
    if process.is_alive():
        process.kill()
        process.join()
    if answer is not None:
        return answer
    if process.exitcode == -signal.SIGPROF:
        return "killed", "computes without end"
    if process.exitcode == -signal.SIGKILL:  # by us, or by a machine without memory
        return "unsettled", "was ended from outside"
    return "error", f"ended with {process.exitcode}"


def _trial(mutant: Mutant | None, tests: list[str], seconds: dict[str, float], sender: Any) -> None:
    """In a process of its own: change the module, run the tests, tell what became of it."""
    import pytest

    said = os.open(OUT / "said.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.chdir(ROOT)
    # What is read here is compiled once for all mutants, beside the checkout; what was loaded before is no more looked through.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(OUT / "compiled")
    gc.freeze()
    # What the library gives so many seconds it has of the processor: tests of that pass on a busy machine as on a quiet one.
    time.monotonic = time.process_time
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, 120)  # of computing; nobody handles the signal, so that the process ends
    if mutant is not None:
        sys.meta_path.insert(0, _Changed(mutant))
        try:
            importlib.import_module(_module(mutant.file))
        except BaseException as error:
            sender.send(("killed", f"import: {type(error).__name__}"))
            return
    watch = _Watch(seconds)
    folder = tempfile.mkdtemp(prefix="mutant-")
    options = ["-x", "-q", "--tb=no", "--no-header", *(f"-pno:{name}" for name in UNUSED), "-W", "ignore::pytest.PytestAssertRewriteWarning",
               "-o", "addopts=--import-mode=importlib --strict-markers --strict-config --doctest-modules"]  # fmt: skip
    try:
        status = pytest.main([*options, "-m", "not slow", f"--basetemp={folder}/t", *tests], plugins=[watch])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outcome = {0: "survived", 1: "killed"}.get(int(status), "error")
    sender.send(
        (
            outcome,
            watch.failed or (f"{len(tests)} tests" if outcome == "survived" else f"pytest ended with {int(status)}"),
        )
    )


class _Watch:
    """Notes the first test that fails, and gives each a time to compute."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self.failed = ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE * (1 + self._seconds.get(nodeid, 10.0)))

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid  # a file that cannot be imported


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module, and gives its code changed."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = _module(mutant.file)
        if self._name in sys.modules:
            raise RuntimeError(f"{self._name} was loaded before it could be changed")

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        del path, target
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(SOURCE / self._mutant.file))
        loader.mutant = self._mutant
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    mutant: Mutant

    def get_code(self, fullname: str) -> Any:
        del fullname
        tree, found = _sites(self.mutant.file)
        found[self.mutant.number].apply()
        return compile(ast.fix_missing_locations(tree), self.path, "exec")


# Telling


def _void(outcomes: list[dict[str, Any]], context: Any, reach: Reach) -> None:
    """A test that fails on the unchanged code, too, when it is run this way, kills nothing."""
    quick = sorted(reach.seconds, key=lambda test: reach.seconds[test])
    named = {each["by"] for each in outcomes if each["outcome"] == "killed" and each["by"][:4] in ("test", "src/")}
    # Of a file that could not be imported one test is enough.
    shown = {by: by if "::" in by else next((test for test in quick if _file(test) == by), by) for by in sorted(named)}
    while shown:
        outcome, failed = _process(context, None, list(shown.values()), {})
        if outcome == "survived":
            return
        bad = [by for by, test in shown.items() if failed in (by, test)] or list(shown)
        shown = {by: test for by, test in shown.items() if by not in bad}
        for each in outcomes:
            if each["outcome"] == "killed" and each["by"] in bad:
                each["outcome"] = "void"
                print(f"void       {each['by']} fails on the unchanged code", flush=True)


def _report(room: str, outcomes: list[dict[str, Any]], seconds: float, floor: float) -> int:
    counts = {
        name: sum(each["outcome"] == name for each in outcomes)
        for name in ("killed", "survived", "unreached", "equivalent", "void", "unsettled")
    }
    for each in outcomes:
        if each["outcome"] in ("survived", "unreached", "void", "unsettled"):
            print(f"\n{each['outcome']}: {each['file']}:{each['line']}: {each['what']}\n    {each['text']}")
    judged = len(outcomes) - counts["equivalent"]
    share = counts["killed"] / judged if judged else 1.0
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    low, high = _wilson(counts["killed"], judged)
    print(
        f"\n{room}: {told}; {share:.1%} of {judged} killed (95 % interval {low:.1%} to {high:.1%}), "
        f"in {seconds / 60:.1f} minutes"
    )
    return 0 if share >= floor else 1


def _wilson(killed: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a share; the draw is without replacement from many, which it does not count on."""
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    centre, half = killed / n + z**2 / (2 * n), z * math.sqrt(killed / n * (1 - killed / n) / n + z**2 / (4 * n**2))
    return (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)


if __name__ == "__main__":
    sys.exit(main())
