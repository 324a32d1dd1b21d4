"""Run everything that `make test` leaves out, one target after another, and say of each whether it ran: `make full` (hours).

A target that this machine cannot run (no Java, one kernel of the linear algebra) says so itself; here it counts as not run, never as
passed. What each printed is kept in out/full/.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGETS: dict[str, str] = {
    "slow": "the slow tests",
    "injections": "hostile texts in a browser, a spreadsheet and a terminal",
    "fuzz": "damaged files of every format",
    "kills": "runs killed at random moments",
    "spark": "the questions of tests/engines to Spark and Dask",
    "installed": "wheel, source distribution and wheelhouse",
    "lowest": "the lowest versions of dependencies",
    "kernels": "the kernels of the linear algebra",
    "licences": "licences of pins, data and distributions",
    "advisories": "known faults of the pins",
}
"""What `make test` and `make check` do not run, and in a few words what it is."""
NEEDS: dict[str, str] = {"spark": "java", "lowest": "uv"}
"""Programs without which a target cannot run."""
CANNOT: frozenset[str] = frozenset({"installed", "kernels", "advisories"})
"""Targets whose scripts end with 2 where this machine cannot run them whole."""

_FAILED = re.compile(r"make(?:\[\d+\])?: \*\*\* .* Error (\d+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for every target; 1 where one failed, 2 where one that was asked for did not run, else 0."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="+", choices=TARGETS, metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    asked.add_argument("--minutes", type=float, default=240.0, help="that one target may take before it is stopped")
    given = asked.parse_args(arguments)
    folder = ROOT / "out" / "full"
    folder.mkdir(parents=True, exist_ok=True)
    said = [told(name, folder, given.minutes, given.only or list(TARGETS)) for name in TARGETS]
    for verdict in ("passed", "FAILED", "not run", "not asked"):
        names = [name for name, one in zip(TARGETS, said, strict=True) if one == verdict]
        print(f"{verdict}: {', '.join(names) or 'none'}")
    return 1 if "FAILED" in said else 2 if "not run" in said else 0


def told(name: str, folder: Path, minutes: float, wanted: Sequence[str]) -> str:
    """Run one target, and print and give what became of it: passed, FAILED, not run or not asked."""
    began, output = time.monotonic(), folder / f"{name}.txt"
    verdict, why = _ran(name, output, minutes, wanted)
    print(f"{verdict:9} make {name} ({time.monotonic() - began:.0f} s): {TARGETS[name]}{why}", flush=True)
    return verdict


def _ran(name: str, output: Path, minutes: float, wanted: Sequence[str]) -> tuple[str, str]:
    if name not in wanted:
        return "not asked", ""
    need = NEEDS.get(name)
    if need is not None and shutil.which(need) is None and not (need == "java" and os.environ.get("JAVA_HOME")):
        return "not run", f"; there is no {need} here"
    with output.open("w", encoding="utf-8", newline="") as file:
        made = subprocess.Popen(
            ["make", "--no-print-directory", name], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )  # fmt: skip
        try:
            status = made.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            _stop(made)
            return "FAILED", f"; stopped after {minutes:g} minutes; see {output.relative_to(ROOT)}"
        except KeyboardInterrupt:
            _stop(made)
            raise
    return judged(name, status, output.read_text(encoding="utf-8", errors="replace"))


def judged(name: str, status: int, text: str) -> tuple[str, str]:
    """What a target's status and its output come to, and what is to be said beside it."""
    lines = [line for line in text.splitlines() if line.strip()]
    of_make = [found for line in lines if (found := _FAILED.match(line))]
    last = next((line.strip() for line in reversed(lines) if not line.startswith("make")), "it printed nothing")
    if status == 0:
        left_out = sum(line.startswith("SKIPPED") for line in lines)
        return "passed", f"; {left_out} lines of tests left out" if left_out else ""
    if name in CANNOT and of_make and of_make[-1][1] == "2":
        return "not run", f"; {last}"
    return "FAILED", f"; out/full/{name}.txt ends with: {last}"


def _stop(made: subprocess.Popen[bytes]) -> None:
    """End a target with what it started, which is a group of its own."""
    os.killpg(made.pid, 15)
    made.wait()


if __name__ == "__main__":
    raise SystemExit(main())
