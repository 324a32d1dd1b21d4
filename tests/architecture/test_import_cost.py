"""`import fl_estimate` and `fl-estimate --help` load none of the heavy packages; importing makes fewer calls than pandas does."""

from __future__ import annotations

import json
import subprocess
import sys

# design.md: these are loaded by the functions that need them. A package that is not installed cannot be loaded either,
# so the list may name those of capabilities to come.
HEAVY = {"pymc", "arviz", "matplotlib", "statsmodels", "great_tables", "polars", "pydantic", "pyreadstat"}
REPORT = "import json, sys; print(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"
HELP = """
import contextlib, io, sys
from fl_estimate.cli import main
sys.argv = ["fl-estimate", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main()
assert "run" in shown.getvalue()
"""
COUNTED = """
import sys
calls = 0
def count(frame, event, argument):
    global calls
    calls += 1
sys.setprofile(count)
import {}
sys.setprofile(None)
print(calls)
"""


def run(code: str) -> str:
    """Run code in a fresh Python and give what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code: str) -> set[str]:
    return set(json.loads(run(f"{code}\n{REPORT}")))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_by("import fl_estimate") & (HEAVY | {"typer"}) == set()


def test_naming_the_public_names_loads_nothing_heavy() -> None:
    """Completion in a notebook calls dir()."""
    assert loaded_by("import fl_estimate; dir(fl_estimate)") & (HEAVY | {"typer"}) == set()


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by(HELP) & HEAVY == set()


def test_the_probe_sees_a_heavy_package() -> None:
    """Otherwise the tests above could not fail."""
    assert "polars" in loaded_by("import polars")


def test_import_costs_less_than_pandas() -> None:
    """Calls counted, not seconds: no clock and no load of the machine has a part in it. 12,305 and 845,721 when written.

    The contract is 1.5 times the cost of pandas; nothing that pandas takes is loaded before it is asked for, so that far less
    is kept. The first run compiles what has changed, and is not counted.
    """
    for name in ("fl_estimate", "pandas"):
        run(f"import {name}")
    ours, pandas = (int(run(COUNTED.format(name))) for name in ("fl_estimate", "pandas"))
    assert 0 < ours <= 0.1 * pandas
