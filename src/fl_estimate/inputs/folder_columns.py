"""The columns of the files of a folder: those of later files checked against the first, and what may differ said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from fl_estimate.errors import FileFault, columns_shown, listed
from fl_estimate.inputs.hive_names import Values

Schema = Mapping[str, Any]
"""Names of columns, each with its type of pyarrow."""
NULL = "null"


def own_columns(schema: Schema, partitions: Mapping[str, str]) -> Schema:
    """Those of a file that its folders do not name."""
    return {name: kind for name, kind in schema.items() if name not in partitions}


def united(files: Sequence[tuple[str, Schema]], wanted: Sequence[str] | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns of the table, and what those are read as that are not of one type in all files.

    Parameters
    ----------
    files : sequence of (name, schema)
    wanted : sequence of str, optional
        Columns that are read; None: those of the first file, and no other file may have more.

    Raises
    ------
    FileFault
        FL-FILE-45: what is wrong in each file, all at once.
    """
    first = files[0][1]
    columns = tuple(name for name in first if wanted is None or name in wanted)
    kinds = {name: _first_known(name, files) for name in columns}
    casts, wrong = dict[str, str](), list[str]()
    for name, own in files:
        more = [column for column in own if column not in first] if wanted is None else []
        apart = {"more": more, "without": [column for column in columns if column not in own], "another type": []}
        for column in columns:
            if column in own and str(own[column]) != str(first[column]):
                cast = _cast(kinds[column], kind_of(own[column]))
                if cast is None:
                    apart["another type"].append(column)
                else:
                    casts[column] = cast
        told = [f"{what}: {columns_shown(names)}" for what, names in apart.items() if names]
        wrong += [f"{name} ({'; '.join(told)})"] if told else []
    if wrong:
        raise FileFault(
            "FL-FILE-45",
            "files of one folder do not have the columns of the first",
            found=f"compared with {files[0][0]}: {listed(wrong, most=10)}",
            fix="write them with the same columns and types; or name those that all have with columns=",
        )
    return columns, casts


def kind_of(arrow_type: Any) -> str:
    """Say what a type is: "int", "float", "text", "category", "null", or the name of another one."""
    types: Any = import_module("pyarrow").types
    if types.is_dictionary(arrow_type):
        return "category" if kind_of(arrow_type.value_type) == "text" else str(arrow_type)
    if types.is_integer(arrow_type):
        return "int"
    if types.is_floating(arrow_type):
        return "float"
    if types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type):
        return "text"
    return str(arrow_type)


def _first_known(column: str, files: Sequence[tuple[str, Schema]]) -> str:
    """The kind of a column in the first file that has one: where all cells are missing a file may not say it."""
    known = [kind for _, own in files if column in own and (kind := kind_of(own[column])) != NULL]
    return known[0] if known else NULL


def _cast(first: str, own: str) -> str | None:
    """What a column is read as that is of another type than in the first file; None where that may not be."""
    if {first, own} <= {"text", "category"}:
        return "text"
    if own == NULL:
        return "text" if first == "category" else first if first in ("int", "float", "text") else None
    if first == "float" and own in ("int", "float"):
        return "float"
    return first if first == own == "int" else None


def require_same_value(path: Path, name: str, schema: Schema, values: Values) -> None:
    """Refuse a file that has a column of its folder's name, and another value in it.

    Raises
    ------
    FileFault
        FL-FILE-46.
    """
    both = [column for column in values if column in schema]
    if not both:
        return
    arrow: Any = import_module("pyarrow")
    compute: Any = import_module("pyarrow.compute")
    files: Any = import_module("pyarrow.parquet")
    table = files.ParquetFile(path).read(columns=both)
    wrong: list[str] = []
    for column in both:
        found = compute.unique(table.column(column).cast(arrow.string())).to_pylist()
        value = values[column]
        if not all(_same(one, value) for one in found):
            wrong.append(column)
    if wrong:
        raise FileFault(
            "FL-FILE-46",
            "a file has a column of its own that is not what its folder says",
            found=f"{columns_shown(wrong)} in {name}",
            fix="move the file into the folder that it belongs to, or write it without this column",
        )


def _same(own: str | None, value: str | None) -> bool:
    if own is None or value is None or own == value:
        return own == value
    return own.lstrip("-").isdecimal() and value.lstrip("-").isdecimal() and int(own) == int(value)
