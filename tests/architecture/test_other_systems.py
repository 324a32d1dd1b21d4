"""What Linux does not show: texts in an encoding and with line ends of their own, and no module that only Unix has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "fl_estimate"
UNIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
WRITES = {"w", "x", "a", "w+", "x+", "a+", "r+"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def texts_without(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that open a text and leave its encoding, or the line ends of what they write, to the system."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in {"open", "fdopen", "read_text", "write_text", "NamedTemporaryFile", "TextIOWrapper"}:
            continue
        if name == "open" and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "os":
            continue  # a handle, not a text
        given = {keyword.arg for keyword in node.keywords}
        modes = {each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)}
        modes |= {k.value.value for k in node.keywords if k.arg == "mode" and isinstance(k.value, ast.Constant)}  # pyright: ignore
        writes = name == "write_text" or (name != "read_text" and bool(modes & WRITES))
        text = name in {"read_text", "write_text", "TextIOWrapper"} or bool(modes & (WRITES | {"r"}))
        if text and "encoding" not in given:
            yield node.lineno, f"{name} without encoding="
        if writes and "newline" not in given:
            yield node.lineno, f"{name} without newline="


def imported_always(tree: ast.Module) -> Iterator[str]:
    """Modules imported at the top of a module, outside of `try`."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def test_every_text_says_its_encoding_and_line_ends() -> None:
    """Windows would read cp1252, and write two characters for a line's end: other bytes than anywhere else."""
    found = [f"{name}:{line}: {what}" for name, tree in trees() for line, what in texts_without(tree)]
    assert found == []


def test_no_module_needs_unix() -> None:
    found = {name: sorted(UNIX_ONLY & set(imported_always(tree))) for name, tree in trees()}
    assert {name: modules for name, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text(a)",
        "path.read_text()",
        "open(path, 'w', encoding='utf-8')",
        "path.open('x', newline='')",
        "os.fdopen(handle, 'w', encoding='ascii')",
    ],
)
def test_what_is_left_to_the_system_is_seen(line: str) -> None:
    assert list(texts_without(ast.parse(line)))


def test_bytes_and_texts_that_say_all_are_left_alone() -> None:
    for line in ("path.open('rb')", "os.open(path, flags)", "open(path, 'w', encoding='utf-8', newline='')"):
        assert not list(texts_without(ast.parse(line)))
