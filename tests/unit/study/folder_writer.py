"""Small results for tests of the result folder; as a module it replaces one over and over until it is killed."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from fl_estimate.study.folder import FORM, replacing, require_free, write_manifest

# Results of two kinds in turn: each has files that the other has not.
NAMES = (("estimates.csv", "report.html", "report.fr.html"), ("estimates.csv", "estimates.parquet", "report.html"))


def fill(folder: Path, number: int) -> None:
    """Write a result: every file says its number and its name."""
    with replacing(folder) as part:
        for name in NAMES[number % 2]:
            (part / name).write_text(f"{number} {name}", encoding="utf-8")
        write_manifest(part, {"form": FORM, "status": "done"})


def main() -> None:
    """Replace the result in the folder named; a line for each."""
    folder = Path(sys.argv[1])
    for number in itertools.count(1):
        require_free(folder)
        fill(folder, number)
        print(number, flush=True)


if __name__ == "__main__":
    main()
