"""Kill runs at random moments and see what is left and what the next run makes of it: `make kills`. Prints a table of counts.

First processes that replace small results over and over, so that signals fall between the steps of a replacement; then whole runs
of a study, killed from their start to their end, each followed by a run that is asked to go on. After each the folder must hold
the old result or the new, whole, and the notes that somebody put beside it. Status 1 where one does not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.study.folder_writer import NAMES, fill  # noqa: E402
from tests.unit.study.made import write  # noqa: E402

from fl_estimate.study.folder import MANIFEST, NEW, PART, read_manifest, require_free  # noqa: E402 - of this checkout

NOTES = ("notes.txt", "mine")
FINE = ("the old result, whole", "the new result, whole", "nothing to do", "the result anew")
Counts = Counter[tuple[str, str, str]]
"""By moment, what was left, and what the next run made of it."""


def left(folder: Path) -> str:
    """What a kill left."""
    if not folder.is_dir():
        return "no folder yet"
    if (folder / NEW).is_dir():
        return "a new result, partly in place"
    return "a new result, partly written" if (folder / PART).is_dir() else "the last result"


def replaced_over_and_over(folder: Path, first: int, told: int) -> None:
    """Replace a result until the process is killed; a byte for each."""
    number = first
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            require_free(folder)
            fill(folder, number)
            os.write(told, b".")
            number += 1


def small(number: int, folder: Path, moments: random.Random, sent: signal.Signals) -> Counts:
    """Signals to processes that replace small results: forked, since starting Python would take most of the time."""
    counts: Counts = Counter()
    last = 0
    for _ in range(number):
        told, tell = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the threads of OpenBLAS, which the child does not use
            child = os.fork()
        if not child:
            os.close(told)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            replaced_over_and_over(folder, last + 1, tell)
            os._exit(0)
        os.close(tell)
        os.read(told, 1)
        time.sleep(moments.uniform(0, 0.02))
        os.kill(child, sent)
        os.waitpid(child, 0)
        done = last + 1 + sum(len(piece) for piece in iter(lambda: os.read(told, 4_096), b""))  # noqa: B023
        os.close(told)
        there, made = left(folder), mended(folder)
        if made == "whole":
            found = {int((folder / name).read_text(encoding="utf-8").partition(" ")[0]) for name in NAMES[0][:2]}
            made = "A MIXTURE" if len(found) > 1 else _which(found.pop(), done)
            last = done + 1
        counts[sent.name, there, made] += 1
    return counts


def _which(found: int, done: int) -> str:
    """The result that was last said to be in place is the old one; the next may be there, and no other."""
    return {done: "the old result, whole", done + 1: "the new result, whole"}.get(found, f"RESULT {found} AFTER {done}")


def mended(folder: Path) -> str:
    """What the next run finds: a result as its manifest says, the notes, and nothing else."""
    try:
        require_free(folder)
    except Exception as error:
        return f"REFUSED: {type(error).__name__}"
    manifest = read_manifest(folder)
    if manifest is None:
        return "NOT WHOLE"
    names = {entry["name"] for entry in manifest["files"]}
    if {path.name for path in folder.iterdir()} != {*names, MANIFEST, NOTES[0]}:
        return "SOMETHING LEFT, OR GONE"
    return "whole" if (folder / NOTES[0]).read_text(encoding="utf-8") == NOTES[1] else "NOTES CHANGED"


RUN = """
import sys
from fl_estimate.study.run import run_study
run_study(sys.argv[1], out=sys.argv[2], progress=lambda step: print(step.split()[0], flush=True))
print("ended", flush=True)
"""


def whole(number: int, minutes: float, study: Path, folder: Path, moments: random.Random) -> Counts:
    """Kill runs of a study anywhere between their start and what one takes; after each, a run that may leave a result alone."""
    from fl_estimate.study.run import run_study

    counts: Counts = Counter()
    command = [sys.executable, "-c", RUN, str(study), str(folder)]
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, cwd=ROOT)
    takes = time.monotonic() - begun
    until = time.monotonic() + 60 * minutes
    text = study.read_text(encoding="utf-8")
    for at in range(number):
        if time.monotonic() > until:
            break
        # Another study each time: a run has something to do.
        study.write_text(f"{text}# {at}\n".replace("A small study", f"A small study, {at}"), encoding="utf-8")
        moment = moments.uniform(0, 1.05 * takes) if at % 2 else moments.uniform(0.6 * takes, 1.05 * takes)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as run:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(timeout=moment)
            run.kill()
            said = (run.stdout.read() if run.stdout is not None else b"").decode().split()
        there = left(folder)
        try:
            again = run_study(study, out=folder, resume=True)
            made = "nothing to do" if again.skipped else "the result anew"
        except Exception as error:
            made = f"REFUSED: {type(error).__name__}"
        found = mended(folder)
        counts[said[-1] if said else "starting", there, made if found == "whole" else found] += 1
    return counts


def main() -> int:
    """Run both, print what was left and what was found."""
    asked = argparse.ArgumentParser(description="Kill runs at random moments.")
    asked.add_argument(
        "--kills",
        type=int,
        default=1_000,
        help="kills -9 of what replaces small results; a tenth as many by SIGTERM, SIGINT",
    )
    asked.add_argument("--studies", type=int, default=100, help="kills -9 of whole runs")
    asked.add_argument(
        "--minutes", type=float, default=20.0, help="after which whole runs stop, whatever is left to do"
    )
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    moments = random.Random(given.seed)
    counts: Counts = Counter()
    with tempfile.TemporaryDirectory() as name:
        position, out, study = Path(name) / "small", Path(name) / "out", write(Path(name))
        fill(position, 0)
        (position / NOTES[0]).write_text(NOTES[1], encoding="utf-8")
        for sent, number in (
            (signal.SIGKILL, given.kills),
            (signal.SIGTERM, given.kills // 10),
            (signal.SIGINT, given.kills // 10),
        ):
            counts += small(number, position, moments, sent)
        fill(out, 0)
        (out / NOTES[0]).write_text(NOTES[1], encoding="utf-8")
        counts += whole(given.studies, given.minutes, study, out, moments)
    print(f"{'moment':<12} {'what was left':<32} {'what the next run made of it':<32} times")
    for (moment, there, made), times in sorted(counts.items()):
        print(f"{moment:<12} {there:<32} {made:<32} {times:>5}")
    bad = sum(times for (_, _, made), times in counts.items() if made not in FINE)
    print(f"{counts.total():,} signals, {bad} not whole")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
