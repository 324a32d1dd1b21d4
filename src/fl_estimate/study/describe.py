"""The kinds of estimate and their keys in words: what `fl-estimate methods` prints and the reference page shows. From signatures alone."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fl_estimate.errors import StudyFault, nearest, shown
from fl_estimate.results.methods import Method, kinds, methods
from fl_estimate.results.roles import (
    EachOf,
    Earlier,
    FromFile,
    Needs,
    Neighbours,
    OnlyWith,
    Pair,
    Persons,
    Role,
    Stated,
)
from fl_estimate.study.entries import ColumnName, ColumnNames
from fl_estimate.study.forms import Entry, entry_models

_WORDS: dict[Any, str] = {str: "text", float: "number", int: "whole number", bool: "true or false", Any: "any"}
COMMON: dict[str, str] = {
    "name": "Of the estimate, unique in the study; by default kind and position.",
    "title": "Of its table, for all languages or by language.",
    "note": "Under its table, for all languages or by language.",
    "source": "Of the people, where the study has several sources.",
    "file": "The case lists: a column of 0 and 1 for each list.",
    "lists": "Which columns are lists; without it all are, but strata and covariates.",
    "count": "The column of counts: a row is a history then, else a person.",
    "mapping": "By which the file is read.",
    "strata": "A column; each of its values is estimated by itself.",
    "outcome": "What the people on the lists are called in tables.",
    "population": "Of whom; checked when estimates are combined.",
    "reference_period": "When; checked when estimates are combined.",
    "method": "The function of `fl.capture_recapture`.",
}
"""Keys that no argument stands for: those of the entry of people, lists or any estimate."""


@dataclass(frozen=True)
class KeyLine:
    """One key of an entry: what it is called, what may stand there, its default, and what it is for."""

    name: str
    form: str
    default: str
    description: str


def described(kind: str) -> list[Method]:
    """The methods of a kind.

    Raises
    ------
    StudyFault
        FL-STUDY-44: no method is declared for it.
    """
    found = [each for each in methods().values() if kind in (each.kind, each.tag)]
    if not found:
        close = nearest(kind, list(kinds()))
        raise StudyFault(
            "FL-STUDY-44", "this kind of estimate is not known", found=shown(kind),
            fix=f"did you mean {close!r}?" if close else f"there are: {', '.join(kinds())}",
        )  # fmt: skip
    return found


def summary(method: Method) -> str:
    """What a method is, in a line."""
    text = inspect.getdoc(method.function) or ""
    return " ".join(text.split("\n\n")[0].split())


def key_lines(method: Method) -> list[KeyLine]:
    """The keys of an entry, but for kind, name, title and note, which all have."""
    model = entry_models()[method.tag]
    own = {key: argument for argument in method.arguments for key in argument.keys}
    lines: list[KeyLine] = []
    for key, field in model.model_fields.items():
        if key in Entry.model_fields or key == "method":
            continue
        argument = own.get(key)
        said = COMMON.get(key, "") if argument is None else _parameter_text(argument.function, argument.name)
        roles = () if argument is None else argument.roles
        notes = [said, *(note for note in _notes(roles) if note not in said)]
        lines.append(KeyLine(key, _form(field, roles), _default(field), " ".join(note for note in notes if note)))
    return lines


def _notes(roles: tuple[Role, ...]) -> Iterator[str]:
    """What roles say of a key, beside its type."""
    for role in roles:
        match role:
            case Needs():
                yield f"Needs `{role.key}`."
            case OnlyWith():
                yield f"With `{role.key}` {' or '.join(role.values)} only."
            case EachOf():
                yield f"For each of `{'`, `'.join(role.keys)}`."
            case Stated():
                yield "Has to be stated where both come of the same survey, lists or figure."
            case Pair():
                yield f"One of {' and '.join(role.keys)}."
            case _:
                continue


def _form(field: FieldInfo, roles: tuple[Role, ...]) -> str:
    for role in roles:
        match role:
            case Earlier():
                names = _words(field.annotation).replace("text", "name")
                return f"{names} of estimates before"
            case FromFile() | Neighbours():
                return f"file: {_words(field.annotation).replace('text', 'path')}"
            case Persons():
                return f"number, or file: {_words(field.annotation).replace('number or ', '').replace('text', 'path')}"
            case _:
                continue
    return _words(field.annotation)


def _words(form: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(form), get_args(form)
    if origin is Annotated:
        return _words(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(each) for each in inner if each is not type(None)))
    if origin is Literal:
        return ", ".join(f'"{each}"' for each in inner)
    if origin is list:
        return f"list of {_words(inner[0])}"
    if origin is dict:
        return f"table of {_words(inner[1])}"
    if form is ColumnName:
        return "{ file, column }"
    if form is ColumnNames:
        return "{ file, columns }"
    model = cast("type[Any]", form) if isinstance(form, type) else int
    if issubclass(model, BaseModel):
        return f"table of {', '.join(model.model_fields)}"
    return _WORDS.get(form, str(form))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value: Any = field.default
    if value is None or value == "":
        return ""
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _parameter_text(function: Callable[..., Any], name: str) -> str:
    """What a docstring says of a parameter; several may stand on one line."""
    text = inspect.getdoc(function) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}|\Z)", text, re.M | re.S)
    for heads, body in re.findall(r"^(\S[^\n]*)\n((?:[ \n][^\n]*\n?|\n)*)", section.group(1) if section else "", re.M):
        if name in [each.strip() for each in heads.split(":")[0].split(",")]:
            return " ".join(body.split())
    return ""
