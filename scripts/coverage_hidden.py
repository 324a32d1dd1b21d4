"""Sample hidden populations of known size by every design: bias and coverage of the estimators. Goes on where it was stopped; writes the docs' table.

python scripts/coverage_hidden.py [--samples 400] [--only DESIGN] [--again]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studies.hidden.cells import Cell, Line, cells, try_cell

from fl_estimate.results.provenance import package_version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explanation" / "hidden_coverage_table.md"
KEPT = ROOT / "out" / "coverage_hidden"
SEED = 26


def key_of(cell: Cell, samples: int) -> str:
    return f"{cell.design} | {cell.estimator} | {cell.situation} | {samples}"


def lines_of(found: Iterable[Cell], samples: int, *, only: str | None, again: bool) -> list[Line]:
    """Every cell that was drawn, by now or before; cells of other designs only where they are kept."""
    kept: dict[str, dict[str, Any]] = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(KEPT.glob("*.json"))
    }
    lines: list[Line] = []
    for cell in found:
        count = max(2, round(samples * cell.share))
        key, home = key_of(cell, count), kept.setdefault(cell.design.replace(" ", "_"), {})
        asked = only is None or only == cell.design
        if asked and (again or key not in home):
            line = try_cell(cell, count, SEED)
            home[key] = {name: value for name, value in asdict(line).items() if name != "cell"}
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{cell.design.replace(' ', '_')}.json").write_text(json.dumps(home, indent=1), encoding="utf-8")
            print(row(line), flush=True)
        if key in home:
            lines.append(Line(cell=cell, **home[key]))
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
