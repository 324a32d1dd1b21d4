"""Sample hidden populations of known size by every design: bias and coverage of the estimators. Goes on where it was stopped; writes the docs' table.

python scripts/coverage_hidden.py [--samples 400] [--only DESIGN] [--again]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studies.hidden.cells import Cell, Line, cells, try_cell

from fl_estimate.results.provenance import package_version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explanation" / "hidden_coverage_table.md"
KEPT = ROOT / "out" / "coverage_hidden"
SEED = 26


def key_of(cell: Cell) -> str:
    return f"{cell.estimator} | {cell.situation}"


def lines_of(found: Iterable[Cell], samples: int, *, only: str | None, again: bool) -> list[Line]:
    """Every cell that was drawn, by now or before: as often as was asked, or oftener. Cells of other designs only where they are kept."""
    lines: list[Line] = []
    for cell in found:
        home = KEPT / f"{cell.design.replace(' ', '_')}.json"
        kept: dict[str, dict[str, Any]] = json.loads(home.read_text(encoding="utf-8")) if home.is_file() else {}
        count, before = max(2, round(samples * cell.share)), kept.get(key_of(cell))
        if only in (None, cell.design) and (again or before is None or before["samples"] < count):
            line = try_cell(cell, count, SEED)
            kept[key_of(cell)] = before = {name: value for name, value in vars(line).items() if name != "cell"}
            KEPT.mkdir(parents=True, exist_ok=True)
            home.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            print(row(line), flush=True)
        if before is not None:
            lines.append(Line(cell=cell, **before))
    return lines


def row(line: Line) -> str:
    cell = line.cell
    bias = f"{100 * line.bias:+.1f} % ± {100 * line.bias_error:.1f}"
    covered = f"{100 * line.covered:.1f} % ± {100 * line.covered_error:.1f}"
    holds = "hold" if cell.holds else "**fail**"
    return (
        f"| {cell.design} | {cell.estimator} | {cell.situation} | {holds} | {line.samples} | {line.refused} | {bias} | "
        f"{100 * line.rmse:.0f} % | {covered} | {100 * line.width:.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--only")
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    lines = lines_of(cells(), asked.samples, only=asked.only, again=asked.again)
    head = (
        "| design | estimator | population | assumptions | samples | refused | bias ± Monte Carlo error | error, root mean square | "
        "coverage of 95 % ± Monte Carlo error | width over the truth |"
    )
    table = "\n".join([head, "|---|---|---|---|---:|---:|---:|---:|---:|---:|", *map(row, lines)])
    made = f"Made by `make coverage-hidden`: every sample drawn with its own seed from {SEED} on; fl_estimate {package_version()}."
    TARGET.write_text(f"{table}\n\n{made}\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(lines)} lines")


if __name__ == "__main__":
    main()
