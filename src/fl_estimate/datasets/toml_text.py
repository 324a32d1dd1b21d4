"""Nested tables as the text of a TOML file, laid out as people write mappings: a variable a line, a table a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

_INLINE: tuple[str, ...] = ("column", "value", "join", "year")
"""Keys that make a table the rule of one variable, which stands on one line."""


def toml_text(table: Mapping[str, Any]) -> str:
    """Write a table: its values and columns first, then the tables within it."""
    return "\n".join(_lines(table, ()))


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    own = {key: value for key, value in table.items() if not _is_section(value)}
    lines = [f"[{'.'.join(path)}]"] if path and own else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in own.items()]
    for key, value in table.items():
        if _is_section(value):
            lines += ["", *_lines(value, (*path, key))] if lines else _lines(value, (*path, key))
    return lines


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(key in value for key in _INLINE)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'
