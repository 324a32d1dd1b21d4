"""Keys of a study that are set from outside its file: `--set key=value`, and the rows of a table of values. Typed and checked like the file."""

from __future__ import annotations

import copy
import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from fl_estimate.errors import StudyFault, listed, nearest, shown

Settings = Mapping[str, Any]
"""{dotted key, or ``{placeholder}``: value}."""
Step = str | int
_LISTS: tuple[str, ...] = ("estimate", "round")
"""Tables of which a study has a list, each with a name."""
_LISTED = re.compile(r"^(estimate|round)\[(\d+)\]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Typed(str):
    """A value as somebody typed it: `5` is a number as in a file, unless the key takes texts alone; what is no TOML is a text."""

    __slots__ = ()


def settings_of(options: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` as ``--set`` takes it.

    Raises
    ------
    StudyFault
        FL-STUDY-50: what is no key=value, or a key that is given twice.

    Examples
    --------
    >>> settings_of(["publish.rule=fl-rare", "{iso}=BOL"])
    {'publish.rule': 'fl-rare', '{iso}': 'BOL'}
    """
    result: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        key = key.strip()
        if not equals or not key:
            raise _no_setting(f"{shown(option)} is not key=value")
        if key in result:
            raise _no_setting(f"{shown(key)} is given twice")
        _steps(key)
        result[key] = Typed(value.strip())
    return result


def with_settings(content: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The content of a study file with keys set over it, and placeholders filled in.

    Parameters
    ----------
    content : mapping
        The file as read.
    settings : mapping
        By dotted key: ``source.household.file``, ``estimate[2].by`` (from 1) or ``estimate.NAME.by``, keys with dots in quotes. What a
        key in braces names stands in the texts of the file as ``{key}``, and is put in its place.

    Raises
    ------
    StudyFault
        FL-STUDY-50: what is no key; FL-STUDY-51: an estimate, or a table, or a placeholder that the file does not have.
    """
    filled: Any = copy.deepcopy(dict(content))
    places = {key[1:-1]: value for key, value in settings.items() if is_placeholder(key)}
    absent = [f"{{{name}}}" for name in places if name not in placeholders(filled)]
    if absent:
        raise _no_place(f"the file has no text with {listed(absent)}", "take it out, or write it where it belongs")
    filled = _filled(filled, places)
    for key, value in settings.items():
        if not is_placeholder(key):
            _put(filled, key, _value(value))
    return filled


def fitted(content: dict[str, Any], settings: Settings, errors: Sequence[Mapping[str, Any]]) -> bool:
    """Take what was set for what its key asks for: a text, where a number was typed; a day, where JSON has a text. Whether anything changed.

    Parameters
    ----------
    content : dict
        With the settings in it; changed in place.
    settings : mapping
    errors : sequence of mapping
        As pydantic lists them, of this content.
    """
    wanted = [(_within(content, each["loc"]), each["type"]) for each in errors]
    changed = False
    for key, value in settings.items():
        if is_placeholder(key):
            continue
        steps, read = _places(content, key), _value(value)
        if isinstance(value, Typed) and not isinstance(read, str) and (steps, "string_type") in wanted:
            _put(content, key, str(value))
            changed = True
        elif isinstance(read, str) and (steps, "date_type") in wanted and _DAY.fullmatch(read):
            with suppress(ValueError):  # the 31st of February is told as what it is: no day
                _put(content, key, dt.date.fromisoformat(read))
                changed = True
    return changed


def places_set(content: Mapping[str, Any], settings: Settings) -> list[str]:
    """The keys that were set as faults name them: ``estimate[2].by``."""
    named: list[str] = []
    for key in settings:
        if not is_placeholder(key):
            text = ""
            for step in _places(content, key):
                text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
            named.append(text)
    return named


def as_written(content: Mapping[str, Any], filled: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """What was set, as JSON holds it and `settings=` takes it again: `content` as it was read, and `filled` in.

    Of what was typed, the value that it was taken for.
    """
    alone = placeholders(content, whole=True)
    result: dict[str, Any] = {}
    for key, value in settings.items():
        if is_placeholder(key):
            result[key] = _plain(_value(value) if key[1:-1] in alone else value)
        else:
            here: Any = filled
            for step in _places(filled, key):
                here = here[step]
            result[key] = _plain(here)
    return result


def placeholders(content: Any, *, whole: bool = False) -> set[str]:
    """The names in braces in the texts of a study file; `whole`: those that a text consists of."""
    if isinstance(content, str):
        met = _PLACEHOLDER.fullmatch(content)
        return set(_PLACEHOLDER.findall(content)) if not whole else {met[1]} if met is not None else set()
    if isinstance(content, dict):
        parts: Iterable[Any] = cast("dict[Any, Any]", content).values()
    elif isinstance(content, list):
        parts = cast("list[Any]", content)
    else:
        return set()
    return {name for part in parts for name in placeholders(part, whole=whole)}


def is_placeholder(key: str) -> bool:
    """Whether a key is one in braces."""
    return _PLACEHOLDER.fullmatch(key) is not None


def _filled(content: Any, places: Mapping[str, Any]) -> Any:
    """A text that is a placeholder and nothing else becomes what is given, number or text; within a text it becomes text."""
    if isinstance(content, dict):
        return {key: _filled(value, places) for key, value in cast("dict[Any, Any]", content).items()}
    if isinstance(content, list):
        return [_filled(value, places) for value in cast("list[Any]", content)]
    if not isinstance(content, str):
        return content
    whole = _PLACEHOLDER.fullmatch(content)
    if whole is not None and whole[1] in places:
        return _value(places[whole[1]])
    return _PLACEHOLDER.sub(lambda met: str(places.get(met[1], met[0])), content)


def _value(given: Any) -> Any:
    """A value as TOML has it: what was typed is read, and is a text where it cannot be."""
    if not isinstance(given, Typed):
        return given
    text = str(given)
    try:
        read = tomllib.loads(f"value = {text}\n")
    except (ValueError, RecursionError):
        return text
    return read["value"] if list(read) == ["value"] else text


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("Sequence[Any]", value)]
    return (
        value.isoformat() if isinstance(value, dt.date | dt.time) else str(value) if isinstance(value, str) else value
    )


def _steps(key: str) -> list[str]:
    """The steps of a dotted key, with quotes as TOML has them; the position of an estimate is a step of its own, ``[2]``."""
    if is_placeholder(key):
        return [key]
    numbered = _LISTED.match(key)
    dotted = f'{numbered[1]}."[{numbered[2]}]"{key[numbered.end() :]}' if numbered else key
    try:
        read: Any = tomllib.loads(f"{dotted} = 0\n")
    except (ValueError, RecursionError):
        raise _no_setting(f"{shown(key)} is no key") from None
    steps: list[str] = []
    while isinstance(read, dict):
        table = cast("dict[str, Any]", read)
        if len(table) != 1:
            raise _no_setting(f"{shown(key)} is no key")
        steps += table
        read = table[steps[-1]]
    return steps


def _places(content: Mapping[str, Any], key: str) -> list[Step]:
    """The steps of a key in a file, whose estimates and rounds are lists."""
    first, *rest = _steps(key)
    if first not in _LISTS:
        return [first, *rest]
    example = "estimate[1].by or estimate.NAME.by" if first == "estimate" else "round[1].file or round.NAME.file"
    if not rest:
        raise _no_place(f"{key} is all {first}s", f"set the keys of one, {example}")
    entries = cast("list[Any]", content.get(first)) if isinstance(content.get(first), list) else []
    names = [_name(entry, position) for position, entry in enumerate(entries, 1)]
    named = re.fullmatch(r"\[(\d+)\]", rest[0])
    at = int(named[1]) - 1 if named else names.index(rest[0]) if rest[0] in names else -1
    if not 0 <= at < len(entries):
        close = nearest(rest[0], names)
        hint = f"did you mean {first}.{close}?" if close else f"there are: {', '.join(names) or 'none'}"
        raise _no_place(f"{key}: there is no such {first}", hint)
    if len(rest) == 1:
        raise _no_place(f"{key} is a whole {first}", f"set one of its keys, {example}")
    return [first, at, *rest[1:]]


def _name(entry: Any, position: int) -> str:
    table = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    return str(table.get("name") or f"{table.get('kind', '')}_{position}")


def _put(content: dict[str, Any], key: str, value: Any) -> None:
    *before, last = _places(content, key)
    here: Any = content
    for step in before:
        table = cast("dict[Step, Any]", here)
        here = table[step] if isinstance(step, int) else table.setdefault(step, {})
        if not isinstance(here, dict | list):
            raise _no_place(f"{key}: {step} is a value in the file, and no table", f"set {step} itself")
    cast("dict[Step, Any]", here)[last] = value


def _within(content: Mapping[str, Any], loc: Sequence[Step]) -> list[Step]:
    """A place that the checker names without the steps that are its own: types, and what kind of estimate it took a table for."""
    here: Any = content
    steps: list[Step] = []
    for step in loc:
        known = isinstance(here, dict) and step in cast("dict[Step, Any]", here)
        if known or (isinstance(here, list) and isinstance(step, int)):
            here = cast("dict[Step, Any]", here)[step]
            steps.append(step)
    return steps


def _no_setting(found: str) -> StudyFault:
    return StudyFault(
        "FL-STUDY-50", "what is to be set cannot be read", found=found,
        fix='write key=value with the keys of a study file: --set publish.rule=fl-rare, --set estimate[1].by=region, --set "title=A title"',
    )  # fmt: skip


def _no_place(found: str, fix: str) -> StudyFault:
    return StudyFault("FL-STUDY-51", "what is to be set has no place in the study file", found=found, fix=fix)
