"""Damage sound files of every format in many ways and read them: prints how many inputs were tried and how each ended."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.loaders.damaged import fuzz, sound_files  # noqa: E402 (found from the root only)


def one(name: str, examples: int, seed: int) -> None:
    """Damage one file; in a process of its own, so that a crash of a reader in C is seen and counted."""
    with tempfile.TemporaryDirectory() as sound, tempfile.TemporaryDirectory() as folder:
        (source,) = [path for path in sound_files(Path(sound)) if path.name == name]
        counted = fuzz(source, Path(folder), examples, seed=seed)
    print(" ".join(f"{ended}={count}" for ended, count in sorted(counted.items())))


def main() -> int:
    """Damage every file, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000, help="inputs for each format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one file; used by the script itself")
    given = parser.parse_args()
    if given.only:
        one(given.only, given.examples, given.seed)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        names = [path.name for path in sound_files(Path(folder))]
    total: Counter[str] = Counter()
    failed = 0
    start = time.monotonic()
    for name in names:
        command = [sys.executable, __file__, "--only", name]
        command += ["--examples", str(given.examples), "--seed", str(given.seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
        if done.returncode:
            failed += 1
            told = [
                line[:200] for line in done.stderr.splitlines() if "Error" in line or line.lstrip().startswith("File")
            ]
            print(f"{name}: failed (status {done.returncode})", *told[-8:], sep="\n")
            continue
        counts = Counter({ended: int(count) for ended, count in (pair.split("=") for pair in done.stdout.split())})
        total += counts
        print(
            f"{name}: {counts.total():,} inputs, {counts['read']:,} read, {counts.total() - counts['read']:,} refused"
        )
    print(
        f"{total.total():,} inputs tried in {time.monotonic() - start:.0f} s, {total['read']:,} read, the others refused:"
    )
    print(", ".join(f"{code} {count:,}" for code, count in sorted(total.items()) if code != "read"))
    print(f"{failed} formats failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
