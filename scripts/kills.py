"""Kill runs at random moments and see what is left: `make kills`. Prints the counts; 1 where one of them is not 0.

First a process that replaces small results over and over, so that kills fall between the steps of a replacement; then whole runs
of a study, killed from their start to their end. After each kill the next run must find the old result or the new, whole, and the
notes that somebody put beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.study.folder_writer import NAMES, fill  # noqa: E402
from tests.unit.study.made import write  # noqa: E402

from fl_estimate.study.folder import MANIFEST, NEW, PART, read_manifest, require_free  # noqa: E402 - of this checkout

NOTES = ("notes.txt", "mine")


def kill(command: list[str], moment: float, *, wait: bool) -> None:
    """Start a process, wait for its first line if asked, and kill it a while later; one that has ended is left alone."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as run:
        assert run.stdout is not None
        if wait:
            run.stdout.readline()
        # What it prints is read meanwhile, or it would stop at a full pipe.
        end = time.monotonic() + moment
        if wait:
            while time.monotonic() < end:
                run.stdout.readline()
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.communicate(timeout=moment)
        run.send_signal(signal.SIGKILL)


def state(folder: Path) -> str:
    """What a kill left."""
    if not folder.is_dir():
        return "nothing yet"
    for name, said in ((NEW, "killed while files were put in place"), (PART, "killed while files were written")):
        if (folder / name).is_dir():
            return said
    return "killed between results"


def verdict(folder: Path) -> str:
    """Whether what the next run finds is whole: a result as its manifest says, the notes, and nothing else."""
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


def small(number: int, seconds: float, folder: Path, moments: random.Random) -> Counter[tuple[str, str]]:
    """Kill the replacing of small results, for as long as there is time."""
    counts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + seconds
    command = [sys.executable, "-m", "tests.unit.study.folder_writer", str(folder)]
    for _ in range(number):
        if time.monotonic() > end:
            break
        kill(command, moments.uniform(0, 0.03), wait=True)
        left, found = state(folder), verdict(folder)
        if found == "whole":
            written = {name: (folder / name).read_text(encoding="utf-8").partition(" ")[0] for name in NAMES[0][:2]}
            found = "whole" if len(set(written.values())) == 1 else "A MIXTURE"
        counts[left, found] += 1
    return counts


def whole(number: int, seconds: float, study: Path, folder: Path, moments: random.Random) -> Counter[tuple[str, str]]:
    """Kill runs of a study anywhere between their start and what one takes."""
    counts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + seconds
    run = "import sys; from fl_estimate.cli import main; sys.argv[0] = 'fl-estimate'; main()"
    command = [sys.executable, "-c", run, "run", str(study), "--out", str(folder)]
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    takes = time.monotonic() - begun
    for _ in range(number):
        if time.monotonic() > end:
            break
        # The last fifth is where it writes: half of the kills fall there.
        moment = moments.uniform(0, takes) if moments.random() < 0.5 else moments.uniform(0.8 * takes, 1.05 * takes)
        kill(command, moment, wait=False)
        counts[state(folder), verdict(folder)] += 1
    return counts


def main() -> int:
    """Run both, print what was left and what was found."""
    asked = argparse.ArgumentParser(description="Kill runs at random moments.")
    asked.add_argument("--kills", type=int, default=1_000, help="of small results")
    asked.add_argument("--studies", type=int, default=100, help="of whole runs")
    asked.add_argument("--minutes", type=float, default=20.0, help="after which it stops, whatever is left to do")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    moments = random.Random(given.seed)
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        position, out, study = Path(name) / "small", Path(name) / "out", write(Path(name))
        for folder in (position, out):
            fill(folder, 0)
            (folder / NOTES[0]).write_text(NOTES[1], encoding="utf-8")
        parts = {
            "small results": small(given.kills, 42 * given.minutes, position, moments),
            "runs of a study": whole(given.studies, 18 * given.minutes, study, out, moments),
        }
    for title, counts in parts.items():
        print(f"{title}: {counts.total()} kills")
        for (left, found), times in sorted(counts.items()):
            print(f"  {times:>5}  {left}; the next run finds it {found}")
            bad += times * (found != "whole")
    print(f"not whole: {bad}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
