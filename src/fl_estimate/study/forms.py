"""The entries of methods in a study file: made from their signatures, so that a key is an argument and nothing is written twice."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from fl_estimate.deprecation import renamed_of
from fl_estimate.results.methods import Argument, Method, methods, split
from fl_estimate.results.roles import (
    Earlier,
    FromFile,
    InFile,
    Kept,
    Lists,
    Neighbours,
    OnlyWith,
    Pair,
    Parts,
    People,
    Persons,
    Seed,
    Stated,
    Within,
)
from fl_estimate.study.entries import ColumnName, ColumnNames, StudyTable, Titled

IDENTIFYING: tuple[str, ...] = ("key", "salt", "list_column")
"""Arguments of `fl.load_lists` that a study does not take: it is handed round, and written into its own manifest."""
LINK_FIRST = (
    "a study takes no records with identifiers: link them with fl.load_lists(…, key=…, salt=…), write the counts with "
    "histories.to_frame().to_csv(…, index=False), or histories.records where covariates matter, and name that file here"
)
_NUMBERS: tuple[Any, ...] = (int, float)


class Entry(Titled):
    """An ``[[estimate]]``: its kind and name; the keys of a kind are the arguments of its method."""

    declared: ClassVar[Method]
    kind: str
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _under_new_names(cls, given: Any) -> Any:
        """Take a key under the name that its argument had before, with the warning that a call gives."""
        method: Method | None = getattr(cls, "declared", None)
        if method is None or not isinstance(given, dict):
            return given
        table = cast("dict[str, Any]", given)
        for each in renamed_of(method.function):
            if each.old in table and each.new not in table:
                each.warn(stacklevel=2)
                table = {each.new if key == each.old else key: value for key, value in table.items()}
        return table


class PeopleEntry(Entry):
    """An estimate of people of a survey."""

    source: str | None = None


class ListsEntry(Entry):
    """An estimate from case lists in a file.

    The file has a column of 0 and 1 for each list; with a column of counts (`count`) a row is a history, else a person.
    It is read by `fl.load_lists`, which takes `mapping` too. `strata` names a column each of whose values is estimated by
    itself. Records with identifiers are refused. `outcome`, `population` and `reference_period` say what the people on the
    lists are, for tables.
    """

    file: str
    lists: Annotated[list[str], Field(min_length=2)] | None = None
    count: str | None = None
    mapping: str | None = None
    strata: str | None = None
    outcome: str = ""
    population: str = ""
    reference_period: str = ""

    @model_validator(mode="before")
    @classmethod
    def _no_identifiers(cls, given: Any) -> Any:
        """Refuse what records with identifiers need; the error shows none of its values."""
        if isinstance(given, dict):
            table = cast("dict[str, Any]", given)
            if any(name in table for name in IDENTIFYING) or isinstance(table.get("file"), dict | list):
                raise PydanticCustomError("identifiers", LINK_FIRST)
        return cast("Any", given)

    @property
    def kept(self) -> list[str]:
        """Columns that are kept beside the lists: those that the method asks for, and strata."""
        given = [(role, getattr(self, each.keys[0])) for each, role in self.declared.having(Kept)]
        named = [name for role, value in given if value for name in role.named(value)]
        return list(dict.fromkeys([*named, *([self.strata] if self.strata is not None else [])]))


@cache
def entry_models() -> dict[str, type[Entry]]:
    """The entries, by what tells them apart: ``"area"``, ``"capture_recapture/chao"``."""
    return {tag: entry_model(each) for tag, each in methods().items()}


def entry_model(method: Method) -> type[Entry]:
    """The entry of a method: strict, with the defaults of its signature."""
    base = PeopleEntry if method.first(People) else ListsEntry if method.first(Lists) else Entry
    fields: dict[str, Any] = {"kind": (Literal[str(method.kind)], ...)}
    if method.chosen:
        fields["method"] = (Literal[method.name], ...)
    for argument in method.arguments:
        for key, field in _fields(argument).items():
            if key in base.model_fields or key in fields:
                raise TypeError(f"{method.tag}: two arguments are called {key!r} in a study file")
            fields[key] = field
    made: type[Entry] = create_model(f"{method.tag} entry", __base__=base, **fields)
    made.declared = method
    return made


def _fields(argument: Argument) -> dict[str, tuple[Any, Any]]:
    """The keys of an argument, each with its type and default."""
    if argument.role(Pair) is not None:
        told = argument.role(InFile)
        pair = argument.form if told is None else told.form
        plain = {key: _plain(form) for key, form in zip(argument.keys, get_args(pair), strict=True)}
        return {key: (form, ...) if argument.required else (form | None, None) for key, form in plain.items()}
    if not argument.keys:
        return {}
    form, default = _form(argument), ... if argument.required else _default(argument)
    return dict.fromkeys(argument.keys, (form | None if default is None else form, default))


def _form(argument: Argument) -> Any:
    """The type that the key has in a file."""
    within = argument.role(Within)
    for role in argument.roles:
        match role:
            case InFile() | Earlier():
                form = _plain(role.form)
                return form | None if argument.default is None else form
            case FromFile():
                return Union[str, *([ColumnName] if role.column else []), *([ColumnNames] if role.choose else [])]
            case Neighbours():
                return str | ColumnNames
            case Persons():
                return Annotated[float, Field(gt=0)] | str | ColumnName
            case _:
                continue
    form = _plain(argument.form, argument.role(Parts), where=f"{argument.function.__name__}({argument.name})")
    return form if within is None else _within(form, within)


def _default(argument: Argument) -> Any:
    """The default in a file: of what has to be stated in some studies, and of a seed that not all take, that it was not given."""
    if argument.role(Stated) is not None or (argument.role(Seed) is not None and argument.role(OnlyWith) is not None):
        return None
    if argument.role(Seed) is not None:
        return 1
    default = argument.default
    if isinstance(default, tuple):
        return list(cast("tuple[Any, ...]", default))
    return dict(cast("Mapping[Any, Any]", default)) if isinstance(default, Mapping) else default


def _plain(form: Any, parts: Parts | None = None, *, where: str = "") -> Any:
    """A type of a signature as what TOML can hold: sequences and tuples are lists, mappings are tables."""
    form, roles = split(form)
    within = next((role for role in roles if isinstance(role, Within)), None)
    if within is not None:
        return _within(_plain(form, parts, where=where), within)
    origin, inner = get_origin(form), get_args(form)
    if origin in (Union, types.UnionType):
        return Union[tuple(_plain(each, parts, where=where) for each in inner)]  # noqa: UP007
    if origin is Literal or form in (str, int, float, bool, type(None), None):
        return form
    if origin is tuple and Ellipsis not in inner:
        items = Union[tuple(_plain(each) for each in dict.fromkeys(inner))]  # noqa: UP007
        return Annotated[list[items], Field(min_length=len(inner), max_length=len(inner))]
    if origin is not None and issubclass(origin, Sequence):
        return list[_plain(inner[0], where=where)]
    if origin is not None and issubclass(origin, Mapping):
        return dict[str, _plain(inner[1], where=where)]
    if parts is not None and isinstance(form, type) and is_dataclass(form):
        return _table(form, parts)
    raise TypeError(
        f"{where}: a study file cannot hold {form!r}; say with a role what stands there, or that nothing does"
    )


def _within(form: Any, within: Within) -> Any:
    """A type within its limits: of a choice, each part that they are of."""
    origin = get_origin(form)
    if origin in (Union, types.UnionType):
        return Union[tuple(_within(each, within) for each in get_args(form))]  # noqa: UP007
    if form in _NUMBERS:
        field = Field(gt=within.gt, ge=within.ge, lt=within.lt, le=within.le, allow_inf_nan=not within.finite)
        return Annotated[form, field] if form is float else Annotated[form, Field(gt=within.gt, ge=within.ge, lt=within.lt, le=within.le)]  # fmt: skip
    if within.items is not None and (origin in (list, dict) or form is str):
        return Annotated[form, Field(min_length=within.items[0], max_length=within.items[1])]
    return form


@cache
def _table(cls: type[Any], parts: Parts) -> type[StudyTable]:
    """A table of the arguments of a class; what is left out has its default there."""
    hints = get_type_hints(cls)
    fields: dict[str, Any] = {
        name: (str | None if name in parts.texts else _plain(hint), None)
        for name, hint in hints.items()
        if name not in parts.without
    }
    return create_model(cls.__name__, __base__=StudyTable, **fields)


def tag_of(given: Any) -> str | None:
    """What tells an entry of a file from others; None where it says no kind."""
    if isinstance(given, Entry):
        return given.declared.tag
    if not isinstance(given, Mapping):
        return None
    table = cast("Mapping[str, Any]", given)
    kind = table.get("kind")
    if kind is None:
        return None
    several = any(each.kind == kind and each.chosen for each in methods().values())
    return f"{kind}/{table.get('method', '')}" if several else str(kind)


def own_keys(tag: str) -> list[str]:
    """The keys of a method that not all methods of its kind take."""
    kind = tag.partition("/")[0]
    others = [set(model.model_fields) for each, model in entry_models().items() if each.partition("/")[0] == kind]
    # Keys of a file of lists are no method's own, though one of a register in the same kind has none of them.
    of_lists = set(ListsEntry.model_fields) if issubclass(entry_models()[tag], ListsEntry) else set[str]()
    return sorted(set(entry_models()[tag].model_fields) - set[str].intersection(*others) - of_lists)


def keys_at(loc: Sequence[str | int], whole: type[BaseModel]) -> list[str]:
    """The keys that may stand where the last step of a path was met."""
    here: list[type[BaseModel]] = [whole]
    for step in loc[:-1]:
        if isinstance(step, int):
            continue
        if step in entry_models():
            here = [entry_models()[step]]
            continue
        inside = [
            model for each in here if step in each.model_fields for model in _models(each.model_fields[step].annotation)
        ]
        here = [each for each in here if each.__name__ == step] or inside or here
    return [name for each in here for name in each.model_fields]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The tables that a type may be."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for each in get_args(annotation) for model in _models(each)]
