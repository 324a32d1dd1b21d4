"""What the names of folders say: ``country=CL/month=01`` is two columns with a value each, by one rule for every engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from fl_estimate.errors import FileFault, columns_shown, listed

MISSING = "__HIVE_DEFAULT_PARTITION__"
"""How writers call the folder of rows in which the column is missing."""
_WHOLE = re.compile(r"-?\d{1,18}")

Values = Mapping[str, str | None]


def partition_of(name: str) -> dict[str, str | None]:
    """The columns and values in the path of a file within its folder; None is a missing value."""
    pairs = [part.partition("=") for part in name.split("/")[:-1] if "=" in part]
    return {unquote(key): None if value == MISSING else unquote(value) for key, _, value in pairs}


def require_same_names(files: Sequence[tuple[str, Values]]) -> None:
    """Refuse files whose folders do not name the columns that those of the first do.

    Raises
    ------
    FileFault
        FL-FILE-46.
    """
    first = list(files[0][1])
    others = [name for name, values in files if list(values) != first]
    empty = [name for name, values in files if any(value == "" for value in values.values()) or "" in values]
    if others or empty:
        told = columns_shown(first) if first else "no column"
        raise FileFault(
            "FL-FILE-46",
            "the folders of one table do not say the same columns, each with a value",
            found=f"the first file has {told}; unlike it, or with nothing before or after =: {listed([*others, *empty], most=10)}",
            fix=f"use the same folders for all files; rows in which the column is missing lie in column={MISSING}",
        )


def partition_types(values: Sequence[Values]) -> dict[str, str]:
    """Say "int" of columns all of whose values are whole numbers (01 is 1), "text" of all others."""
    types: dict[str, str] = {}
    for name in values[0]:
        known = [value for one in values if (value := one[name]) is not None]
        types[name] = "int" if known and all(_WHOLE.fullmatch(value) for value in known) else "text"
    return types


def typed(value: str | None, kind: str) -> int | str | None:
    """The value of a folder's name in the type of its column."""
    return int(value) if value is not None and kind == "int" else value
