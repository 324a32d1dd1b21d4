"""Collect every error code raised in the source, and write the docs page that lists them: code, what is wrong, what to do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fl_estimate"
CODE = re.compile(r"FL-([A-Z]+)-\d{2,3}")
# The two builders of errors.py that word the first line themselves.
WORDED = {"not_one_of": "{what} is not known", "missing_columns": "columns are not in the data"}
HEAD = """\
# Errors, by code

An error that fl_estimate raises on purpose says what is wrong, what was found and how to put it right, under a code
that does not change. Here are all of them; `…` stands for a name or a number of your own. Every one is an `FlError`.

This page is written from the source when the site is built.
"""


@dataclass(frozen=True, order=True)
class Raised:
    """One place in the source where an error is made."""

    code: str
    what: str
    fix: str
    module: str
    line: int
    builder: str

    @property
    def family(self) -> str:
        """The word in the middle of the code, which names the class."""
        return self.code.split("-")[1]


def families() -> dict[str, tuple[str, str]]:
    """Read the tree drawn in errors.py: family to (class name, what it is for)."""
    text = ast.get_docstring(ast.parse((SOURCE / "errors.py").read_text(encoding="utf-8"))) or ""
    drawn = re.findall(r"[├└]── (\w+)\s+FL-([A-Z]+)-\.\.\s+(.+)", text)
    return {family: (name, purpose.strip()) for name, family, purpose in drawn}


def words(node: ast.expr | None) -> str:
    """Spell out a text as far as the source fixes it; what is filled in at run time becomes an ellipsis."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return words(node.left) + words(node.right)
    return "…" if node is not None else ""


def raised() -> list[Raised]:
    """List every call in the source whose arguments hold an error code."""
    return sorted(entry for path in sorted(SOURCE.rglob("*.py")) for entry in _in_file(path))


def _in_file(path: Path) -> Iterator[Raised]:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        named = {word.arg: word.value for word in call.keywords}
        arguments = [*call.args, *([named["code"]] if "code" in named else [])]
        for position, argument in enumerate(arguments):
            if (
                isinstance(argument, ast.Constant)
                and isinstance(argument.value, str)
                and CODE.fullmatch(argument.value)
            ):
                builder = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
                given = words(call.args[position + 1] if position + 1 < len(call.args) else named.get("what"))
                yield Raised(
                    code=argument.value,
                    what=WORDED[builder].format(what=given) if builder in WORDED else given,
                    fix=words(named.get("fix")),
                    module=path.relative_to(SOURCE).as_posix(),
                    line=call.lineno,
                    builder=builder,
                )


def page() -> str:
    """Compose the docs page, a section a class, in the order of the tree."""
    every = raised()
    chunks = [HEAD]
    for family, (name, purpose) in families().items():
        mine = [entry for entry in every if entry.family == family]
        if not mine:
            continue
        chunks.append(f"\n## {name}\n\n{purpose[:1].upper()}{purpose[1:]}.\n")
        for code in sorted({entry.code for entry in mine}):
            chunks.append(f"\n**{code}**\n")
            chunks += _entries([entry for entry in mine if entry.code == code])
    return "".join(chunks)


def _entries(same_code: list[Raised]) -> Iterator[str]:
    """One line a wording; places that word it alike are told together."""
    worded = {(entry.what, entry.fix) for entry in same_code if entry.what.strip("… ")}
    for what, fix in sorted(worded) or [("the message says what", "")]:
        remedy = f" *To fix:* {_escaped(fix)}." if fix.strip("… ") else ""
        yield f": {_escaped(what[:1].upper() + what[1:])}.{remedy}\n\n"


def _escaped(text: str) -> str:
    """Keep Markdown from reading stars, brackets and underscores of a message."""
    return re.sub(r"([\\`*_\[\]<>{}])", r"\\\1", text.rstrip("."))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
