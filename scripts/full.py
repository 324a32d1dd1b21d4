"""Run everything that `make test` leaves out, one target after another, and say of each whether it ran: `make full` (hours).

A target that this machine cannot run (no Java, one kernel of the linear algebra) says so itself; here it counts as not run, never as
passed. What each printed is kept in out/full/.
"""

from __future__ import annotations

import argparse
import os
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for every target; 1 where one failed, 2 where one did not run, else 0."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="+", choices=TARGETS, metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    asked.add_argument("--minutes", type=float, default=240.0, help="that one target may take before it is stopped")
    given = asked.parse_args(arguments)
    folder = ROOT / "out" / "full"
    folder.mkdir(parents=True, exist_ok=True)
    said = [told(name, folder, given.minutes, given.only or list(TARGETS)) for name in TARGETS]
    for verdict in ("passed", "FAILED", "not run"):
        names = [name for name, one in zip(TARGETS, said, strict=True) if one == verdict]
        print(f"{verdict}: {', '.join(names) or 'none'}")
    return 1 if "FAILED" in said else 2 if "not run" in said else 0


def told(name: str, folder: Path, minutes: float, wanted: Sequence[str]) -> str:
    """Run one target, and print and give what became of it: passed, FAILED or not run."""
    began, output = time.monotonic(), folder / f"{name}.txt"
    verdict, why = _ran(name, output, minutes, wanted)
    print(f"{verdict:8} make {name} ({time.monotonic() - began:.0f} s): {TARGETS[name]}{why}", flush=True)
    return verdict


def _ran(name: str, output: Path, minutes: float, wanted: Sequence[str]) -> tuple[str, str]:
    if name not in wanted:
        return "not run", "; not asked for"
    need = NEEDS.get(name)
    if need is not None and shutil.which(need) is None:
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
    left_out = [line for line in output.read_text(encoding="utf-8", errors="replace").splitlines() if "SKIPPED" in line]
    more = f"; {len(left_out)} lines of tests left out" if left_out else ""
    return ("passed", more) if status == 0 else ("FAILED", f"; status {status}, see {output.relative_to(ROOT)}")


def _stop(made: subprocess.Popen[bytes]) -> None:
    """End a target with what it started, which is a group of its own."""
    os.killpg(made.pid, 15)
    made.wait()


if __name__ == "__main__":
    raise SystemExit(main())
