"""`import fl_estimate` and `fl-estimate --help` load none of the heavy packages; importing costs at most 1.5 x pandas."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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
TIMED = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


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


@pytest.mark.parametrize("rounds", [5])
def test_import_costs_at_most_half_as_much_again_as_pandas(rounds: int) -> None:
    """The minimum of several runs, one after the other in turn, so that a busy machine slows both alike."""
    ours, pandas = [], []
    for _ in range(rounds):
        ours.append(float(run(TIMED.format("fl_estimate"))))
        pandas.append(float(run(TIMED.format("pandas"))))
    assert min(ours) <= 1.5 * min(pandas)
