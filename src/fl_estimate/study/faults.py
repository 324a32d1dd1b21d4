"""What is wrong with a study file, said by the path of each key as a person counts. Nothing is read or checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fl_estimate.errors import nearest

_FORMS: frozenset[str] = frozenset(
    {"str", "float", "list[str]", "list[list[str]]", "dict[str,str]", "dict[constrained-str,str]"}
)
"""How the checker names the forms of a value that it tried; they are no keys of the file."""


def told(
    faults: Sequence[Mapping[str, Any]],
    content: Mapping[str, Any],
    *,
    keys: Mapping[str, Sequence[str]],
    kinds: Sequence[str],
) -> list[str]:
    """Each fault of the file in one line; the branches of a choice that were tried are one fault, not several.

    Parameters
    ----------
    faults : sequence of mapping
        `loc`, `type` and `msg` of each, as pydantic lists its errors.
    content : mapping
        The file as read.
    keys : mapping
        The keys that each part may have, by the part's name; those of the whole file under the empty name.
    kinds : sequence of str
        The kinds of estimate.
    """
    lines: dict[str, list[str]] = {}
    for fault in faults:
        place = _place(fault["loc"], content, {*_FORMS, *keys})
        lines.setdefault(place, []).append(_reason(fault, content, keys, kinds))
    # A choice of forms is faulted as a whole too; what is wrong inside the form that was meant says more.
    inner = {place for place in lines if any(other.startswith(f"{place}.") for other in lines)}
    return [f"{place}: {' or '.join(dict.fromkeys(lines[place]))}" for place in lines if place not in inner]


def _place(loc: Sequence[str | int], content: Mapping[str, Any], parts: set[str]) -> str:
    """The path of a key as a person counts: estimate[2].outcome. Steps that the file does not have are pydantic's own."""
    text = ""
    here: Any = content
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(part, int):
            text += f"[{part + 1}]"
            here = here[part] if isinstance(here, list) and part < len(here) else None
        elif isinstance(here, Mapping) and (part in here or (last and _is_key(part, parts, loc))):
            text += f".{part}" if text else part
            here = here.get(part)
    return text or "the file"


def _is_key(part: str, parts: set[str], loc: Sequence[str | int]) -> bool:
    """Whether the last step of a path is a key: at the top of the file all are, elsewhere some are the checker's own."""
    return len(loc) == 1 or not (part in parts or part.startswith("literal["))


def _reason(
    fault: Mapping[str, Any], content: Mapping[str, Any], keys: Mapping[str, Sequence[str]], kinds: Sequence[str]
) -> str:
    loc = fault["loc"]
    match fault["type"]:
        case "missing":
            return "it must be given"
        case "extra_forbidden":
            close = nearest(str(loc[-1]), _keys_at(loc, keys))
            return f"no such key{f'; did you mean {close!r}?' if close else ''}"
        case "union_tag_not_found":
            return f"kind must be given, one of: {', '.join(kinds)}"
        case "union_tag_invalid":
            given = str(content["estimate"][loc[1]].get("kind")) if len(loc) > 1 and isinstance(loc[1], int) else ""
            close = nearest(given, kinds)
            hint = f"did you mean {close!r}? " if close else ""
            return f"this kind is not known: {given!r}; {hint}one of: {', '.join(kinds)}"
        case _:
            return str(fault["msg"]).replace("Input should", "it should").replace("List should", "it should")


def _keys_at(loc: Sequence[str | int], keys: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The keys that may stand where an unknown one was met."""
    return next((keys[part] for part in reversed(loc[:-1]) if isinstance(part, str) and part in keys), keys[""])
