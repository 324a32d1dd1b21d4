"""Write docs/reference/inventory.md, every module with its first line, and the layers in ARCHITECTURE.md; both from what is there.

Parts come in the order of the contract in pyproject.toml; a room within a room has a heading of its own.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "fl_estimate"
TARGET = ROOT / "docs" / "reference" / "inventory.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
START = "<!-- layers: written by `make inventory` from pyproject.toml -->\n"
END = "<!-- end of layers -->\n"
HEAD = """\
# Inventory of the source

Written by `make inventory`; do not edit. Upper layers first, and within a room its own modules before the rooms in it. What the rooms
are for and who may import whom stands in [Architecture](../explanation/architecture.md).

"""
HEAVY = """\
## Where packages are known

Which modules import what the library depends on, at the top or inside functions. numpy, pandas, polars and narwhals are not listed.

| package | known in |
|---|---|
"""
EVERYWHERE = frozenset({"numpy", "pandas", "polars", "narwhals"})
MODULES = {"scikit-learn": "sklearn"}
"""Of packages whose modules have another name than theirs with lines instead of dashes."""
MOST = 8


def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def layers() -> list[str]:
    """The lines of the contract, upper layers first; parts on one line are apart by a bar."""
    contracts: list[dict[str, Any]] = project()["tool"]["importlinter"]["contracts"]
    return list(next(each["layers"] for each in contracts if each["id"] == "layers"))


def first_line(path: Path) -> str:
    """What a module says of itself in its first line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(folder: Path, depth: int) -> Iterator[str]:
    """A heading, what the room says of itself, its modules, and the rooms in it."""
    yield f"\n{'#' * min(depth, 6)} {name_of(folder)}\n\n"
    init = folder / "__init__.py"
    if init.is_file() and (said := first_line(init)):
        yield f"{said}\n\n"
    for path in sorted(folder.glob("*.py")):
        if path != init:
            yield line_for(path)
    for inner in sorted(each for each in folder.iterdir() if each.is_dir()):
        if any(path.stat().st_size for path in inner.rglob("*.py")):
            yield from room(inner, depth + 1)


def line_for(path: Path) -> str:
    return f"- `{name_of(path)}`: {first_line(path) or '(says nothing of itself)'}\n"


def inventory() -> str:
    """Compose the list: a heading a part and a room, upper layers first."""
    order = [part.strip() for line in layers() for part in line.split("|")]
    there = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir() if is_part(path)}
    if unknown := sorted(there - set(order)):
        raise SystemExit(f"parts without a layer: {', '.join(unknown)}; name them in pyproject.toml, contract layers")
    chunks = [f"{first_line(PACKAGE / '__init__.py')}\n"]
    for part in order:
        folder, file = PACKAGE / part, PACKAGE / f"{part}.py"
        if folder.is_dir():
            chunks += room(folder, 2)
        elif file.is_file():
            chunks += [f"\n## {part}\n\n", line_for(file)]
    return "".join(chunks)


def is_part(path: Path) -> bool:
    """Whether something in the package is a part of it: a module, or a folder that has one."""
    if path.is_dir():
        return any(path.rglob("*.py"))
    return path.suffix == ".py" and path.stem != "__init__"


def imported(path: Path) -> set[str]:
    """Names of the packages that a module imports, by a statement or by `import_module`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
            found |= {str(each.value).split(".")[0] for each in node.args if isinstance(each, ast.Constant)}
    return found


def packages() -> str:
    """A table of what the library depends on, and the modules that import it; many of them by their rooms."""
    known: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in imported(path):
            known.setdefault(name, []).append(path)
    needed: list[str] = project()["project"]["dependencies"]
    wanted = sorted({line.partition(">")[0].strip() for line in needed} - EVERYWHERE)
    return HEAVY + "".join(
        f"| {name} | {positions(known.get(MODULES.get(name, name.replace('-', '_')), []))} |\n" for name in wanted
    )


def positions(paths: list[Path]) -> str:
    if not paths:
        return "nowhere by name: another package runs it"
    if len(paths) <= MOST:
        return ", ".join(f"`{name_of(path)}`" for path in paths)
    rooms: dict[str, int] = {}
    for path in paths:
        rooms[name_of(path.parent)] = rooms.get(name_of(path.parent), 0) + 1
    return ", ".join(f"`{name}` ({count} modules)" for name, count in rooms.items())


def with_layers(text: str) -> str:
    """ARCHITECTURE.md with the layers of the contract between its two marks."""
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    return f"{head}{START}\n{''.join(f'    {line}\n' for line in layers())}\n{END}{tail}"


def main() -> int:
    """Write both pages, or with --check say whether those on disk are up to date."""
    pages = {
        TARGET: f"{HEAD}{inventory()}\n{packages()}",
        ARCHITECTURE: with_layers(ARCHITECTURE.read_text(encoding="utf-8")),
    }
    if "--check" not in sys.argv[1:]:
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = [
        path.relative_to(ROOT).as_posix()
        for path, text in pages.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if old:
        print(f"out of date: {', '.join(old)}; run: make inventory", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    raise SystemExit(main())
