"""The table of values beside a template: one run a row, in CSV or TOML."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from fl_estimate.errors import FileFault, StudyFault, is_file, listed, nearest, not_toml, shown, toml_of
from fl_estimate.study.config import StudyConfig
from fl_estimate.study.settings import Typed, is_placeholder, placeholders

NAME = "name"
"""The column that names a run, and its folder."""
_GOOD_NAME = re.compile(r"[\w][\w.-]*")
_DELIMITERS = ",;\t"


def read_values(path: Path, template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read a table of values.

    Parameters
    ----------
    path : Path
        CSV (comma, semicolon or tab) with a header, or TOML with a ``[[run]]`` a row. `name` is the name of a run. Every other column is
        a key of the study file (``source.household.file``) or a ``{placeholder}`` of its texts, with or without the braces. An empty
        cell leaves what the template says.
    template : mapping
        The content of the template.

    Returns
    -------
    dict of str to dict
        The settings of each run, by name, in the order of the table.

    Raises
    ------
    FileFault
        FL-FILE-01: there is no such file.
    StudyFault
        FL-STUDY-52: it is no such table; every fault at once.
    """
    if not is_file(path):
        raise FileFault(
            "FL-FILE-01", "there is no such file", found=str(path), fix="check the path of the table of values"
        )
    rows = _of_toml(path) if path.suffix.lower() == ".toml" else _of_csv(path)
    faults = [*_faults_of_columns(rows, template), *_faults_of_names(rows)]
    if faults:
        raise _broken(path, faults)
    names = placeholders(template)
    return {str(row[NAME]): {_key(key, names): value for key, value in row.items() if key != NAME} for row in rows}


def _of_csv(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _broken(path, ["it is not written in UTF-8; save it as CSV UTF-8"]) from None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if any(cell.strip() for cell in line)]
    if not lines:
        raise _broken(path, ["it is empty"])
    head = [name.strip() for name in lines[0]]
    faults = [f"row {number}: {len(line)} cells under {len(head)} heads" for number, line in enumerate(lines[1:], 1) if len(line) > len(head)]  # fmt: skip
    faults += [f"column {shown(name)} stands twice" for name, count in Counter(head).items() if count > 1]
    faults += [f"column {at} has no head" for at, name in enumerate(head, 1) if not name]
    if faults:
        raise _broken(path, faults)
    cells = [zip(head, (cell.strip() for cell in line), strict=False) for line in lines[1:]]
    return [{name: cell if name == NAME else Typed(cell) for name, cell in row if cell} for row in cells]


def _of_toml(path: Path) -> list[dict[str, Any]]:
    try:
        read = toml_of(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _broken(path, [f"it is not valid TOML: {not_toml(error)}"]) from None
    rows: Any = read.get("run")
    if list(read) != ["run"] or not isinstance(rows, list) or not all(isinstance(row, dict) for row in cast("list[Any]", rows)):  # fmt: skip
        raise _broken(path, ["it should hold a [[run]] for each run, and nothing else"])
    return [dict(_leaves(row)) for row in cast("list[dict[str, Any]]", rows)]


def _leaves(table: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """The keys of a table under their dotted names."""
    for key, value in table.items():
        name = key if re.fullmatch(r"[\w-]+|\{\w+\}", key) or (not before and "." in key) else f'"{key}"'
        whole = f"{before}.{name}" if before else name
        if isinstance(value, dict):
            yield from _leaves(cast("dict[str, Any]", value), whole)
        else:
            yield whole, value


def _faults_of_columns(rows: list[dict[str, Any]], template: Mapping[str, Any]) -> Iterable[str]:
    names = placeholders(template)
    keys = list(StudyConfig.model_fields)
    for column in dict.fromkeys(key for row in rows for key in row):
        if column == NAME or _key(column, names) != column or is_placeholder(column) or _is_key(column):
            continue
        close = nearest(column, [*keys, *names, NAME])
        hint = f"; did you mean {close!r}?" if close else ""
        yield f"column {shown(column)}: the template has no such key, and no text with {{{column}}}{hint}"


def _is_key(column: str) -> bool:
    return re.split(r"[.\[]", column)[0] in StudyConfig.model_fields


def _key(column: str, names: set[str]) -> str:
    return f"{{{column}}}" if column in names else column


def _faults_of_names(rows: list[dict[str, Any]]) -> Iterable[str]:
    if not rows:
        yield "it has no rows"
    for number, row in enumerate(rows, 1):
        name = row.get(NAME)
        if name is None:
            yield f"row {number} has no name: a run is called by it, and its folder"
        elif not isinstance(name, str) or not _GOOD_NAME.fullmatch(name):
            yield f"row {number}: {shown(name)} cannot be the name of a folder; letters, digits, - _ . alone"
    counts = Counter(str(row[NAME]).casefold() for row in rows if NAME in row)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        yield f"names stand twice (capitals do not count): {listed(twice)}"


def _broken(path: Path, faults: list[str]) -> StudyFault:
    return StudyFault(
        "FL-STUDY-52", "the table of values cannot be used", found="".join(f"\n    {fault}" for fault in faults) if len(faults) > 1 else f"{path.name}: {faults[0]}",
        fix="one row a run: a column name, and a column for each key of the study file that differs (source.household.file)",
    )  # fmt: skip
