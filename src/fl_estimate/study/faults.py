"""What is wrong with a study file, said by the path of each key as a person counts. Nothing is read or checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from fl_estimate.errors import nearest
from fl_estimate.results.methods import kinds, methods
from fl_estimate.results.roles import OfLists, Pair
from fl_estimate.study.forms import entry_models, own_keys

Loc = Sequence[str | int]


def fault_lines(
    faults: Sequence[Mapping[str, Any]], content: Mapping[str, Any], *, keys: Callable[[Loc], Sequence[str]]
) -> list[str]:
    """Each fault of the file in one line; the branches of a choice that were tried are one fault, not several.

    Parameters
    ----------
    faults : sequence of mapping
        `loc`, `type` and `msg` of each, as pydantic lists its errors.
    content : mapping
        The file as read.
    keys : callable
        The keys that may stand where the last step of a path was met.
    """
    lines: dict[str, list[str]] = {}
    for fault in faults:
        position = _place(fault, content)
        lines.setdefault(position, []).append(_reason(fault, content, keys))
    # A choice of forms is faulted as a whole too; what is wrong inside the form that was meant says more.
    inner = {position for position in lines if any(other.startswith(f"{position}.") for other in lines)}
    return [f"{position}: {' or '.join(dict.fromkeys(lines[position]))}" for position in lines if position not in inner]


def _place(fault: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """The path of a key as a person counts: estimate[2].outcome. Steps that the file does not have are the checker's own."""
    text = ""
    here: Any = content
    loc: Loc = fault["loc"]
    for at, part in enumerate(loc):
        if isinstance(part, int):
            text += f"[{part + 1}]"
            here = _item(here, part)
        elif _has(here, part) or (at == len(loc) - 1 and fault["type"] == "missing"):
            text += f".{part}" if text else part
            here = _item(here, part)
    if fault["type"].startswith("union_tag") and str(_item(here, "kind")) in kinds():
        text += ".method"
    return text or "the file"


def _has(here: Any, part: str) -> bool:
    return isinstance(here, Mapping) and part in here


def _item(here: Any, part: str | int) -> Any:
    if isinstance(here, Mapping):
        return cast("Mapping[Any, Any]", here).get(part)
    items = cast("Sequence[Any]", here) if isinstance(here, list) else ()
    return items[part] if isinstance(part, int) and part < len(items) else None


def _reason(fault: Mapping[str, Any], content: Mapping[str, Any], keys: Callable[[Loc], Sequence[str]]) -> str:
    loc: Loc = fault["loc"]
    match fault["type"]:
        case "missing":
            return _missing(loc)
        case "extra_forbidden":
            return _unknown(loc, keys)
        case "union_tag_not_found":
            return f"kind must be given, one of: {', '.join(kinds())}"
        case "union_tag_invalid":
            entry: Mapping[str, Any] = content["estimate"][loc[1]]
            choice = kinds().get(str(entry["kind"]))
            if choice is None:
                return _not_known("kind", str(entry["kind"]), list(kinds()))
            if "method" not in entry:
                return f"it must be given, one of: {', '.join(choice)}"
            return _not_known("method", str(entry["method"]), choice)
        case _:
            return str(fault["msg"]).replace("Input should", "it should").replace("List should", "it should")


def _not_known(what: str, given: str, known: Sequence[str]) -> str:
    close = nearest(given, known)
    hint = f"did you mean {close!r}? " if close else ""
    return f"this {what} is not known: {given!r}; {hint}one of: {', '.join(known)}"


def _tag(loc: Loc) -> str:
    """The entry that a path lies in, where it is one of several methods of its kind."""
    tag = str(loc[2]) if len(loc) > 3 and loc[0] == "estimate" else ""
    return tag if "/" in tag and tag in entry_models() else ""


def _missing(loc: Loc) -> str:
    tag = _tag(loc)
    if tag:
        lists = [key for each in methods()[tag].arguments if each.role(OfLists) or each.role(Pair) for key in each.keys]
        if loc[-1] in lists:
            return f"{methods()[tag].name} needs two lists, {' and '.join(lists)}"
    return "it must be given"


def _unknown(loc: Loc, keys: Callable[[Loc], Sequence[str]]) -> str:
    """A key that is not known here; another method of the kind may take it."""
    tag, key = _tag(loc), str(loc[-1])
    if tag and len(loc) == 4:
        kind, _, name = tag.partition("/")
        if any(key in model.model_fields for each, model in entry_models().items() if each.startswith(f"{kind}/")):
            return f"{name} does not take it; it takes {', '.join(own_keys(tag)) or 'no key of its own'}"
    close = nearest(key, keys(loc))
    return f"no such key{f'; did you mean {close!r}?' if close else ''}"
