"""What the estimates of a study ask of each other: keys that go together, estimates made before, figures that share an error.

Names only; nothing is run, and files are looked at only for whether two are one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from fl_estimate.design.domains import by_margins
from fl_estimate.errors import nearest
from fl_estimate.results.methods import Argument
from fl_estimate.results.roles import (
    ColumnsOfEarlier,
    EachOf,
    Earlier,
    FromFile,
    Lists,
    Needs,
    Neighbours,
    OneOf,
    OnlyWith,
    People,
    Role,
    Seed,
    Stated,
    Strata,
)
from fl_estimate.study.entries import ColumnNames, SourceEntry
from fl_estimate.study.forms import Entry, ListsEntry, PeopleEntry
from fl_estimate.study.same_files import SameFiles, files_of

TELLING: frozenset[str] = frozenset({"outcome", "term", "quantity"})
"""Columns of every result whose values can be compared."""
Roots = Mapping[str, frozenset[str]]


# --- the keys of one entry --------------------------------------------------------------------------------------


def key_faults(entry: Entry) -> Iterator[str]:
    """What is wrong between keys that are each well formed, beginning with the key."""
    for argument in entry.declared.arguments:
        for key in argument.keys:
            for role in argument.roles:
                yield from (f"{key}{fault}" for fault in _faults(entry, key, role))
        yield from _twice(entry, argument)
    if entry.declared.faults is not None:
        given = {key: getattr(entry, key) for key in entry.model_fields_set}
        yield from (f"{key}: {said}" for key, said in entry.declared.faults(given))
    if isinstance(entry, ListsEntry) and entry.mapping is not None and entry.lists is None:
        yield "lists: with a mapping it must be said which columns are lists"


def kept_faults(entry: ListsEntry) -> Iterator[str]:
    """Columns that are kept beside the lists and are lists."""
    named = [*(entry.lists or []), *([entry.count] if entry.count is not None else [])]
    yield from (f"{name!r} is a list or the count, and cannot be kept as well" for name in entry.kept if name in named)


def is_for(entry: Entry, argument: Argument) -> bool:
    """Whether an argument has a meaning with the other keys as they are."""
    role = argument.role(OnlyWith)
    return role is None or getattr(entry, role.key) in role.values


def _faults(entry: Entry, key: str, role: Role) -> Iterator[str]:
    value = getattr(entry, key)
    match role:
        case Needs():
            if value is not None and getattr(entry, role.key) is None:
                yield f": it needs {role.key} as well"
        case OnlyWith():
            other = getattr(entry, role.key)
            if value is not None and key in entry.model_fields_set and other not in role.values:
                yield f": it is not for {role.key} {other!r}"
        case OneOf():
            if (value is None) == (getattr(entry, role.key) is None):
                yield f": {role.message}"
        case EachOf():
            yield from _each_of(entry, key, role)
        case Neighbours():
            if isinstance(value, ColumnNames) and len(value.columns) != 2:
                yield ".columns: it should be two, an area and its neighbour"
        case _:
            return


def _each_of(entry: Entry, key: str, role: EachOf) -> Iterator[str]:
    argument = next(each for each in entry.declared.arguments if key in each.keys)
    if not is_for(entry, argument):
        return
    stated = cast("Mapping[str, Any]", getattr(entry, key) or {})
    names = [str(name) for other in role.keys for name in getattr(entry, other)]
    yield from (f".{name}: {role.message}" for name in names if name not in stated)
    yield from (f".{name}: it is not among the {' or '.join(role.keys)}" for name in stated if name not in names)


def _twice(entry: Entry, argument: Argument) -> Iterator[str]:
    """Figures that are named twice are one figure: they cannot be added or laid beside each other."""
    role = argument.role(Earlier)
    value = getattr(entry, argument.keys[0]) if role is not None else None
    if isinstance(value, list):
        names = cast("list[str]", value)
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{argument.keys[0]}: {name!r} is named twice"


# --- estimates made before --------------------------------------------------------------------------------------


def earlier(entry: Entry) -> list[tuple[str, Earlier, str]]:
    """The places of an entry that name estimates made before it, in what role, and the names."""
    found: list[tuple[str, Earlier, str]] = []
    for argument, role in entry.declared.having(Earlier):
        key, value = argument.keys[0], getattr(entry, argument.keys[0])
        if isinstance(value, str):
            found.append((key, role, value))
        elif isinstance(value, list):
            found += [(key, role, name) for name in cast("list[str]", value)]
        elif isinstance(value, dict):
            found += [(f"{key}.{of}", role, name) for of, name in cast("dict[str, str]", value).items()]
    return found


def of_national_figures(entry: Entry) -> bool:
    """Whether an entry is made of national figures of estimates before it alone, and draws nothing: tried in no time."""
    roles = [role for _, role in entry.declared.having(Earlier)]
    others = any(entry.declared.first(role) is not None for role in (People, Lists, Seed))
    return bool(roles) and all(role.national for role in roles) and not others and bool(earlier(entry))


def earlier_faults(entry: Entry, before: Sequence[str]) -> Iterator[str]:
    """Names of estimates that do not stand before."""
    for key, _, name in earlier(entry):
        if name not in before:
            close = nearest(name, before)
            hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(before) or 'none'}"
            yield f"{key}: no estimate before this one is called {name!r}; {hint}"


def between_faults(
    entries: Sequence[Entry], sources: Mapping[str, SourceEntry], folder: Path
) -> Iterator[tuple[int, str]]:
    """What is wrong between estimates, with the position of the entry that is at fault.

    Parameters
    ----------
    entries : sequence of Entry
        In the order of the file. Of one that is not there nothing is known, and nothing is said.
    sources : mapping of str to SourceEntry
        The sources of the study.
    folder : Path
        Where paths start.
    """
    yield from _shared(entries, _Origins(sources, folder))
    yield from _without_nation(entries)
    yield from _unfit(entries)


def _unfit(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Estimates of another kind than is asked for, and columns that the estimates which are named do not have."""
    known = {entry.name: entry for entry in entries}
    for position, entry in enumerate(entries):
        for key, role, name in earlier(entry):
            if role.only and name in known and known[name].declared.tag not in role.only:
                kinds = " or ".join(tag.replace("/", ", method ") for tag in role.only)
                yield position, f"{key}: {name!r} is of kind {known[name].kind}; it should be of kind {kinds}"
        for argument, role in entry.declared.having(ColumnsOfEarlier):
            named = known.get(str(getattr(entry, role.key)))
            by = "by" if named is not None and "by" in type(named).model_fields else None
            if named is None or by is None:
                continue
            columns = {column for margin in by_margins(getattr(named, by)) for column in margin} | TELLING
            given = cast("Mapping[str, Any]", getattr(entry, argument.keys[0]))
            for column in [column for column in given if column not in columns]:
                text = ", ".join(sorted(columns - TELLING)) or "none"
                yield (
                    position,
                    f"{argument.keys[0]}.{column}: {named.name!r} is not by this column; its by-columns: {text}",
                )


def _without_nation(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Strata of case lists have no national figure, but for the method that adds them up itself."""
    lists = [entry for entry in entries if isinstance(entry, ListsEntry)]
    apart = {entry.name for entry in lists if entry.strata is not None and entry.declared.first(Strata) is None}
    for position, entry in enumerate(entries):
        told = {
            (key, name)
            for key, role, name in earlier(entry)
            if role.national and name in apart and not isinstance(getattr(entry, key, None), str)
        }
        for key, name in sorted(told):
            yield position, f"{key}: {name!r} is by strata and has no national figure"


# --- figures that share an error --------------------------------------------------------------------------------


class _Origins:
    """What estimates come of: a source, or a file of lists or figures, each called by one name however it is written."""

    def __init__(self, sources: Mapping[str, SourceEntry], folder: Path) -> None:
        self._files = SameFiles(folder)
        self._single = len(sources) == 1  # the only source is one, whether it is named or not
        self._sources = {
            name: frozenset(self._files.name(file, self._called(name)) for file in files_of(source.file))
            for name, source in sources.items()
        }

    def _called(self, source: str | None) -> str:
        return f"[source.{source}]" if source is not None and not self._single else "the survey"

    def of_source(self, source: str | None) -> frozenset[str]:
        """What comes of a source: files that it shares with one before it are that one's."""
        named = next(iter(self._sources)) if self._single else source
        return self._sources.get(named or "", frozenset({self._called(source)}))

    def of_file(self, written: str) -> str:
        """What comes of a file."""
        return self._files.name(written, written)


def _shared(entries: Sequence[Entry], origins: _Origins) -> Iterator[tuple[int, str]]:
    """Entries that would add, divide or weight figures as independent which come of the same survey, lists or figure.

    Each has to state a correlation where its function takes one; where it takes none, such figures are refused.
    """
    roots: dict[str, frozenset[str]] = {}
    for position, entry in enumerate(entries):
        yield from ((position, fault) for fault in _together(entry, roots))
        roots[entry.name] = _roots(entry, roots, origins)


def _together(entry: Entry, roots: Roots) -> Iterator[str]:
    stated = entry.declared.first(Stated)
    if stated is not None and getattr(entry, stated.keys[0]) is not None:
        return
    taken = [name for _, role, name in earlier(entry) if role.independent]
    for one, other in itertools.combinations(taken, 2):
        both = roots.get(one, frozenset()) & roots.get(other, frozenset())
        if both:
            fix = (
                f"{stated.keys[0]} = … must be stated, 0 where you know them to be independent"
                if stated is not None
                else f"{entry.kind} is for independent figures"
            )
            named = ", ".join(sorted(both)[:3]) + (", …" if len(both) > 3 else "")
            yield f"estimates: the errors of {one!r} and {other!r} go together, both come of {named}; {fix}"


def _roots(entry: Entry, roots: Roots, origins: _Origins) -> frozenset[str]:
    """What an estimate comes of: a source, a file of lists or figures; of estimates before it, theirs; or it is a figure itself."""
    if isinstance(entry, PeopleEntry):
        return origins.of_source(entry.source)
    if isinstance(entry, ListsEntry):
        return frozenset({origins.of_file(entry.file)})
    files = [argument.keys[0] for argument, role in entry.declared.having(FromFile) if role.figures]
    found = {origins.of_file(str(getattr(entry, key))) for key in files if getattr(entry, key) is not None}
    before = [name for _, _, name in earlier(entry)]
    for name in before:
        found |= roots.get(name, frozenset())
    return frozenset(found) if before or found else frozenset({repr(entry.name)})
