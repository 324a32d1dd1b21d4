"""Keep the unrounded estimates of every sample study, or compare today's with those kept: did a change of the code move one?

`unrounded.py keep FILE.json` writes them, `unrounded.py compare FILE.json` runs the studies again and names what differs.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from fl_estimate.study.run import run_study
from sample_figures import STUDIES

TOLERANCE = 1e-12
"""Relative; a change of the code alone leaves every figure within it."""


def main() -> int:
    """0 where nothing differs."""
    command, file = sys.argv[1], Path(sys.argv[2])
    found = {study: _unrounded(study) for study in STUDIES}
    if command == "keep":
        file.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(f"{file}: {sum(len(rows) for made in found.values() for rows in made.values())} rows")
        return 0
    kept = json.loads(file.read_text(encoding="utf-8"))
    found = json.loads(json.dumps(found))
    differences = list(_differences(kept, found))
    for line in differences[:50]:
        print(line)
    print(
        f"{len(differences)} differences in {sum(len(rows) for made in kept.values() for rows in made.values())} rows"
    )
    return 1 if differences else 0


def _unrounded(study: str) -> dict[str, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        result = run_study(study, out=Path(folder) / "out")
        return {
            name: [
                {str(key): _plain(value) for key, value in row.items()} for row in made.to_frame().to_dict("records")
            ]
            for name, made in result.estimates.items()
        }


def _plain(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if math.isnan(value) else value
    return None if value is None or str(value) in ("<NA>", "nan") else str(value)


def _differences(kept: Any, found: Any) -> Any:
    for study, made in kept.items():
        for name in sorted({*made, *found.get(study, {})}):
            before, after = made.get(name, []), found.get(study, {}).get(name, [])
            if len(before) != len(after):
                yield f"{study} {name}: {len(before)} rows before, {len(after)} after"
                continue
            for position, (old, new) in enumerate(zip(before, after, strict=True)):
                # A column that came with the change has nothing to be compared with.
                for key in old:
                    if not _same(old[key], new.get(key)):
                        yield f"{study} {name}[{position}].{key}: {old[key]} before, {new.get(key)} after"


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=0.0)
    return bool(old == new)


if __name__ == "__main__":
    sys.exit(main())
