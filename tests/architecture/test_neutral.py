"""No writer goes around `fl_estimate.neutral`: texts leave by its functions, and what is not a text that somebody reads is listed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import fl_estimate
from fl_estimate.neutral import NEUTRAL, OF_ENDINGS, OutputTarget
from fl_estimate.reporting.renderers import APPRAISAL, ESTIMATES, formats

ROOT = Path(fl_estimate.__file__).parent
DOORS: dict[str, frozenset[str]] = {
    # tables of frames as text, CSV and HTML; matplotlib and the like are kept apart by import-linter
    "frame": frozenset({"pages/frames.py"}),
    "html.escape": frozenset({"pages/frames.py"}),
    "matplotlib.figure": frozenset({"reporting/pictures/picture.py"}),
    "pyplot": frozenset(),
    "print": frozenset({"reporting/formats/terminal.py", "tasks.py"}),
    "echo": frozenset({"cli/screen.py"}),
    "as_raw_html": frozenset({"reporting/published.py"}),
}
"""Who may call what writes texts of itself."""
JSON: dict[str, str] = {
    "neutral.py": "the function for JSON and TOML itself",
    "loaders/apart_messages.py": "between two processes of ours, in ASCII",
    "loaders/drafting.py": "a name within an expression, which is then quoted for TOML as a whole",
    "design/kept_totals.py": "within an archive of numpy, in ASCII",
    "design/row_pieces.py": "bytes of pickle between a task of Spark and here",
    "study/classifying.py": "searched for names of outcomes, never written",
    "indicators/kept_files.py": "hashed and compared, never written",
    "inputs/kept_sums.py": "hashed; names of files with their hashes for ourselves, in ASCII",
    "laboratory/kept.py": "within an archive of numpy, in ASCII",
    "reporting/imputed_alone.py": "compared, never written",
    "results/storage.py": "metadata of Parquet, in ASCII",
    "study/batch/server.py": "between two processes of ours, in ASCII",
    "study/inputs.py": "hashed and compared, never written",
    "study/input_changes.py": "lists of a study in a cell, which each table that shows it makes harmless",
    "study/kept.py": "hashed and compared, never written",
}
"""Who may write JSON without `json_text`, and why nobody reads it as text."""
TEXTS: dict[str, str] = {
    "inputs/survey_storage.py": "JSON by json_text",
    "schema/validate.py": "a page by pages.template",
    "study/batch/log.py": "lines that it makes visible",
    "study/private.py": "our own words",
}
"""Who writes a text to a file by itself; the others give bytes to `write_bytes`, made by one of the doors."""
SHOWN: frozenset[str] = frozenset({"visible", "one_line", "html_text", "text_table", "html_table"})


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    every = sorted(ROOT.rglob("*.py"))
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in every)


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def found_in(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """What writes texts of itself: (which door it has to be, line)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, keys = called(node), {key.arg for key in node.keywords}
            if (name in ("to_csv", "to_string", "to_html") and keys & {"index", "na_rep", "border"}) or name in (
                "to_latex",
                "to_markdown",
                "to_excel",
                "to_clipboard",
            ):
                yield "frame", node.lineno
            elif name in ("print", "echo", "as_raw_html") and not _console(node):
                yield name, node.lineno
            elif name == "dumps":
                yield "json", node.lineno
            elif name == "write_text" or (name == "open" and any(_writes(value) for value in node.args)):
                yield "text", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {each.name for each in node.names}
            if node.module == "html" and names & {"escape"}:
                yield "html.escape", node.lineno
            if node.module == "matplotlib.figure":
                yield "matplotlib.figure", node.lineno
            if "pyplot" in names or "pyplot" in node.module:
                yield "pyplot", node.lineno
        elif isinstance(node, ast.Import):
            yield from (("html.escape", node.lineno) for each in node.names if each.name == "html")
            yield from (("pyplot", node.lineno) for each in node.names if "pyplot" in each.name)


def _console(node: ast.Call) -> bool:
    """Whether it is a table of rich that is printed, whose cells are Text made of what `visible` gave."""
    return isinstance(node.func, ast.Attribute) and node.func.attr == "print"


def _writes(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in ("w", "x", "a", "wt")


def for_types(tree: ast.Module) -> set[int]:
    """Lines that only type checkers read."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    return {line for block in blocks for line in range(block.lineno, (block.end_lineno or block.lineno) + 1)}


def around(name: str, tree: ast.Module) -> list[str]:
    skipped, wrong = for_types(tree), list[str]()
    for door, line in found_in(tree):
        allowed = {"json": name in JSON, "text": name in TEXTS or name == "cli/screen.py"}.get(
            door, name in DOORS.get(door, ())
        )
        if not allowed and line not in skipped:
            wrong.append(f"{name}:{line} goes around fl_estimate.neutral ({door})")
    return wrong


def test_no_module_writes_texts_of_itself() -> None:
    assert [line for name, tree in modules() for line in around(name, tree)] == []


def test_what_is_listed_is_there() -> None:
    names = {name for name, _ in modules()}
    assert {*JSON, *TEXTS, *(name for files in DOORS.values() for name in files)} <= names
    kept = {name for name, tree in modules() for door, _ in found_in(tree) if door == "json"}
    assert kept == set(JSON)


@pytest.mark.parametrize(
    "text",
    ["frame.to_csv(path, index=False)", "frame.to_string(index=False)", "frame.to_html(border=0)", "from html import escape", "import html",
     "print(name)", "typer.echo(name)", "json.dumps(told)", "path.write_text(name)", "path.open('w')", "from matplotlib import pyplot",
     "import matplotlib.pyplot as plt", "from matplotlib.figure import Figure", "frame.to_excel(path)", "table.as_raw_html()"],
)  # fmt: skip
def test_a_writer_that_goes_around_is_found(text: str) -> None:
    assert around("reporting/formats/later.py", ast.parse(text)) != []


def test_what_is_printed_was_made_visible() -> None:
    """On the terminal there are two doors: `_say` of the command, and what prints published tables."""
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in ("print", "echo") and node.args and not _console(node):
                argument = node.args[0]
                choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                for each in choices:
                    ours = isinstance(each, ast.Constant) or ast.unparse(each) == "document.caution"
                    assert ours or (isinstance(each, ast.Call) and called(each) in SHOWN), f"{name}:{node.lineno}"


def test_what_a_session_shows_of_texts_was_made_visible() -> None:
    """A repr or a str that has a text of a file in it goes through one of the functions."""
    free = {"NotStated", "_Overall", "Session", "Rates", "Density", "BiasedSource", "Accuracy", "Level", "Period", "ReferencePeriod", "Origin",
            "Population", "ClusteredPopulation", "SamplePlan", "ChangePlan", "LinkTrace", "LinkDraws", "Recruitment"}  # fmt: skip
    for name, tree in modules():
        for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name not in free):
            for method in kind.body:
                if isinstance(method, ast.FunctionDef) and method.name in ("__repr__", "__str__", "_repr_html_"):
                    calls = {called(node) for node in ast.walk(method) if isinstance(node, ast.Call)}
                    assert calls & {*SHOWN, "html_pairs", "harmless", "summary"}, f"{name}: {kind.name}.{method.name}"


def test_every_format_has_a_target_and_every_target_a_function() -> None:
    assert set(NEUTRAL) == set(OutputTarget)
    for of in (ESTIMATES, APPRAISAL):
        for each in formats(of).values():
            assert {OF_ENDINGS[ending] for ending in each.endings} <= {each.target}
    assert {".csv", ".xlsx", ".docx", ".xml", ".html", ".svg", ".json", ".parquet"} <= set(OF_ENDINGS)
