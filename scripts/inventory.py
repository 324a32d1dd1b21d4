"""Write the inventory in ARCHITECTURE.md: every module of the package with the first line of its docstring."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "fl_estimate"
TARGET = ROOT / "ARCHITECTURE.md"
START = "<!-- inventory: written by `make inventory`, do not edit -->\n"
END = "<!-- end of inventory -->\n"
# Upper layers first, as in the contract in pyproject.toml.
ORDER = (
    "cli", "laboratory", "study", "reporting", "datasets", "loaders", "estimators", "results", "indicators", "design", "inputs", "schema", "pages", "errors", "arrays",
)  # fmt: skip


def part_of(path: Path) -> str:
    """Name the part (the package below fl_estimate, or the module itself) that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def line_for(path: Path) -> str:
    """Say in one line what lives in a module."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return f"- `{path.relative_to(PACKAGE).as_posix()}`: {first or '(says nothing of itself)'}\n"


def inventory() -> str:
    """Compose the list, a heading a part, upper layers first."""
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.stat().st_size]
    found = {part_of(path) for path in files} - {"__init__"}
    unknown = sorted(found - set(ORDER))
    if unknown:
        raise SystemExit(
            f"parts without a layer: {', '.join(unknown)}; name them in scripts/inventory.py and pyproject.toml"
        )
    chunks = [line_for(PACKAGE / "__init__.py")]
    for part in ORDER:
        lines = [line_for(path) for path in files if part_of(path) == part]
        if lines:
            chunks += [f"\n### {part}\n\n", *lines]
    return "".join(chunks)


def page(text: str) -> str:
    """Put the inventory between its two marks."""
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    return f"{head}{START}\n{inventory()}\n{END}{tail}"


def main() -> int:
    """Write the page, or with --check say whether the one on disk is up to date."""
    before = TARGET.read_text(encoding="utf-8")
    after = page(before)
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(after, encoding="utf-8")
        return 0
    if before == after:
        return 0
    print("the inventory in ARCHITECTURE.md is out of date; run: make inventory", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
