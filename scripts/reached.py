"""A plugin of pytest for `mutants.py`: which lines of the library each test reaches, and how long it computes.

`pytest -p reached --reached FOLDER` writes one JSON file for each test file. Lines are seen by
`sys.monitoring`, in our own code only. Memories of functions (`functools.cache`) are emptied before each test file, or only the
first test to ask would be seen to reach the code.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

TOOL = sys.monitoring.COVERAGE_ID
SOURCE = str(Path(__file__).resolve().parents[1] / "src" / "fl_estimate")


def _forget() -> None:
    """Empty what functions of ours remember."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("fl_estimate", "tests")):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reached", help="folder of what each test file reaches")


def pytest_configure(config: pytest.Config) -> None:
    # With xdist the tests run in the workers, and the controller has nothing to see.
    folder = str(config.getoption("--reached") or "")
    if folder and (hasattr(config, "workerinput") or not config.getoption("numprocesses", 0)):
        config.pluginmanager.register(_Reached(Path(folder)))


class _Reached:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: set[tuple[str, int]] = set()
        self._tests: dict[str, dict[str, Any]] = {}
        self._file = ""
        sys.monitoring.use_tool_id(TOOL, "reached")
        sys.monitoring.register_callback(TOOL, sys.monitoring.events.PY_START, self._start)
        sys.monitoring.register_callback(TOOL, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(TOOL, sys.monitoring.events.PY_START)

    def _start(self, code: CodeType, offset: int) -> object:
        # Lines are watched in our own functions only, from when they are first called; of others no more is heard.
        del offset
        if code.co_filename.startswith(SOURCE):
            sys.monitoring.set_local_events(TOOL, code, sys.monitoring.events.LINE)
        return sys.monitoring.DISABLE

    def _line(self, code: CodeType, line: int) -> None:
        self._lines.add((code.co_filename, line))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        file = item.nodeid.split("::")[0]
        if file != self._file:
            self._write()
            self._file = file
            _forget()
        self._lines.clear()
        start = time.process_time()
        self._tests[item.nodeid] = {"passed": True}
        result = yield
        self._tests[item.nodeid]["seconds"] = time.process_time() - start
        lines: dict[str, list[int]] = {}
        for name, line in sorted(self._lines):
            lines.setdefault(Path(name).relative_to(SOURCE).as_posix(), []).append(line)
        self._tests[item.nodeid]["lines"] = lines
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed and report.nodeid in self._tests:
            self._tests[report.nodeid]["passed"] = False

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (0, 1):  # else what the last file reaches is not known in full
            self._write()
        sys.monitoring.set_events(TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.free_tool_id(TOOL)

    def _write(self) -> None:
        if self._file:
            modules = sorted({module for test in self._tests.values() for module in test.get("lines", ())})
            texts = {
                module: hashlib.sha256((Path(SOURCE) / module).read_bytes()).hexdigest()[:16] for module in modules
            }
            text = json.dumps({"file": self._file, "tests": self._tests, "modules": texts})
            (self._folder / f"{named(self._file)}.json").write_text(text, encoding="utf-8")
        self._tests = {}


def named(file: str) -> str:
    """The name under which a test file's reach is kept: by its text, so that one changed since is found out."""
    path = Path(SOURCE).parents[1] / file
    return hashlib.sha256(file.encode() + path.read_bytes()).hexdigest()[:24]
