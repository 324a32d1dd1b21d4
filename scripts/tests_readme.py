"""Write tests/README.md: for each test file, the first line of its docstring, which says what it proves."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "README.md"
HEAD = """\
# What the tests prove

One line a file, taken from the file itself by `make tests-readme`; do not edit here. Folders: `unit` mirrors the
source; `properties` hold for any data; `reference` compares with numbers of other software, stored; `published` with
figures in published reports; `recovery` finds a known truth again; `architecture` guards the shape of the project.
"""


def first_line(path: Path) -> str:
    """Return the first line of a Python file's docstring, or "" where it has none."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].strip()


def page() -> str:
    """Compose the page; a test file that does not say what it proves stops it."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    silent = [str(path.relative_to(ROOT)) for path in files if not first_line(path)]
    if silent:
        raise SystemExit("a test file's first line says what it proves; these do not: " + ", ".join(silent))
    parts = [HEAD]
    for folder in sorted({path.parent for path in files}):
        parts.append(f"\n## {folder.relative_to(ROOT / 'tests').as_posix()}\n\n")
        parts += [f"- `{path.name}`: {first_line(path)}\n" for path in files if path.parent == folder]
    return "".join(parts)


def main() -> int:
    """Write the page, or with --check say whether the one on disk is up to date."""
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(page(), encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page():
        return 0
    print("tests/README.md is out of date; run: make tests-readme", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
