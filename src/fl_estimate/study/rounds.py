"""Rounds and countries of a study: ``[[round]]``, and the study that stands in the file once as one with an entry for each of them.

What is made in a round is called ``name@round``. Nothing is read or estimated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from fl_estimate.results.methods import Method, methods
from fl_estimate.results.roles import Earlier, Lists, People
from fl_estimate.study.entries import RoundEntry
from fl_estimate.study.forms import tag_of

AT = "@"
"""Between the name of an estimate or source and that of the round that it is of."""
_SPREAD = frozenset({"file", "mapping", "estimate", "truth"})
"""Keys of a round that stand in its sources and estimates once it is expanded, and those that no figure depends on."""
SOURCE = "survey"
"""What the source is called where a study has none but those of its rounds."""


@dataclass(frozen=True)
class Rounds:
    """What the entries of a study that has rounds stand for.

    Attributes
    ----------
    of : mapping of str to (str, str)
        By the name of an estimate that is made in a round: its name in the file, and the round.
    places : tuple of str
        Of every entry its place in the file: ``estimate[2] (round 2021)``.
    """

    of: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    places: tuple[str, ...] = ()

    def place(self, position: int) -> str:
        """The place in the file of an entry, which is counted from 1 with all rounds."""
        return self.places[position - 1] if position <= len(self.places) else f"estimate[{position}]"

    def in_file(self, fault: str) -> str:
        """A fault with the places that the file has."""
        return re.sub(r"^estimate\[(\d+)\]", lambda met: self.place(int(met[1])), fault) if self.places else fault

    def errors_in_file(self, errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Errors as pydantic lists them, each at the place that the file has."""
        return (
            [{**error, "loc": self._loc(tuple(error["loc"]))} for error in errors]
            if self.places
            else [dict(e) for e in errors]
        )

    def _loc(self, loc: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(loc) > 1 and loc[0] == "estimate" and isinstance(loc[1], int):
            met = re.match(r"estimate\[(\d+)\]", self.place(loc[1] + 1))
            return ("estimate", int(met[1]) - 1, *loc[2:]) if met is not None else loc
        return ("source", base_of(str(loc[1])), *loc[2:]) if len(loc) > 1 and loc[0] == "source" else loc


def without_round(fault: str) -> str:
    """A fault whose place says no round."""
    return re.sub(r"^(estimate\[\d+\]) \(round [^)]*\)", r"\1", fault)


def base_of(name: str) -> str:
    """What the file calls a source or an estimate of a round."""
    return name.partition(AT)[0]


def round_of(name: str) -> str:
    """The round that a source or an estimate is of; "" where it is of none."""
    return name.partition(AT)[2]


def round_faults(rounds: Sequence[RoundEntry]) -> Iterator[str]:
    """What is wrong between rounds that are each well formed."""
    names = [each.name for each in rounds]
    for position, each in enumerate(rounds, 1):
        if each.name in names[: position - 1]:
            yield f"round[{position}].name: {each.name!r} is used twice; give each round a name of its own"
        if each.bridge_factor is not None and not each.bridge.strip():
            yield f"round[{position}].bridge_factor: say in bridge where the factor comes of; it is printed under the figures"
        if each.bridge_factor is not None and not (each.bridge_factor[0] > 0 and each.bridge_factor[1] >= 0):
            yield f"round[{position}].bridge_factor: a factor above 0, and its standard error, 0 or more: [0.82, 0.05]"


@dataclass(frozen=True)
class StatedBridge:
    """What bridges a round to those before it: the reason that is printed, and a factor with its standard error where there is one."""

    reason: str
    factor: tuple[float, float] | None = None


def bridges_of(rounds: Sequence[RoundEntry]) -> dict[str, StatedBridge]:
    """By the name of a round its bridge: its own, else that of the round before it, as which it was measured."""
    found: dict[str, StatedBridge] = {}
    now: StatedBridge | None = None
    for each in rounds:
        if each.bridge.strip():
            now = StatedBridge(
                f"{each.name}: {each.bridge.strip()}",
                (each.bridge_factor[0], each.bridge_factor[1]) if each.bridge_factor else None,
            )
        if now is not None:
            found[each.name] = now
    return found


def expanded(content: Mapping[str, Any]) -> tuple[dict[str, Any], Rounds]:
    """The content of a study file with an entry for each round, and what they stand for; as it is where it has no rounds.

    What is malformed stays as it is, for the check of keys to tell it.
    """
    rounds = [each for each in _tables(content.get("round")) if isinstance(each.get("name"), str)]
    if not rounds or len(rounds) < len(_list(content.get("round"))):
        return dict(content), Rounds()
    base = _table(content.get("source")) or {SOURCE: {}}
    if _stands_expanded(base, rounds):
        return dict(content), _as_expanded(_tables(content.get("estimate")))
    entries, of, places = _entries(_tables(content.get("estimate")), rounds, list(base))
    result = {**content, "source": _sources(base, rounds), "estimate": entries}
    for key in ("classify", "calibrate"):
        if isinstance(content.get(key), dict) and "source" not in content[key] and len(base) == 1:
            result[key] = {**content[key], "source": next(iter(base))}
    return result, Rounds(of=of, places=tuple(places))


def _stands_expanded(sources: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a study stands with an entry for each round already, as a manifest keeps it."""
    return all(any(round_of(name) == each["name"] for name in sources) for each in rounds)


def _as_expanded(entries: Sequence[Mapping[str, Any]]) -> Rounds:
    names = [str(entry.get("name", "")) for entry in entries]
    return Rounds(
        of={name: (base_of(name), round_of(name)) for name in names if round_of(name)},
        places=tuple(f"estimate[{position}]" for position in range(1, len(names) + 1)),
    )


def _sources(base: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each source of each round; the keys of the round over those of the source."""
    result: dict[str, Any] = {}
    for each in rounds:
        own = _table(each.get("source"))
        for name, shared in base.items():
            short = {key: each[key] for key in ("file", "mapping") if key in each} if len(base) == 1 else {}
            country = {"country": each["country"]} if each.get("country") else {}
            made: Any = {**_table(shared), **country, **short, **_table(own.get(name))}
            result[f"{name}{AT}{each['name']}"] = made
    return result


class _Expansion:
    """Entries of a file as they are made: which of them in rounds, which once."""

    def __init__(self, rounds: Sequence[Mapping[str, Any]], sources: Sequence[str]) -> None:
        self.rounds, self.sources = rounds, sources
        self.made: dict[str, list[str]] = {}
        """By the name of an entry that is made in rounds, those rounds."""

    def of(self, name: str, entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entry in each round that it is made for, with the name of the round; "" where it is made once."""
        entry = {**entry, "name": name}
        wanted = entry.pop("rounds", None)
        method = methods().get(str(tag_of(entry)))
        over = [_table(_table(each.get("estimate")).get(name)) for each in self.rounds]
        if method is not None and not self._in_rounds(method, entry, any(over)):
            yield "", self._across(method, entry)
            return
        for each, own in zip(self.rounds, over, strict=True):
            if wanted is not None and each["name"] not in _list(wanted):
                continue
            self.made.setdefault(name, []).append(str(each["name"]))
            yield str(each["name"]), self._within(method, {**entry, **own}, str(each["name"]))

    def _in_rounds(self, method: Method, entry: Mapping[str, Any], own: bool) -> bool:
        """Whether an entry is made in each round: people are, lists of a round's own, and what is made of one round's figures."""
        named = [name for _, role, name in _named(method, entry) if not role.rounds]
        if any(AT in name for name in named) or any(role.rounds for _, role in method.having(Earlier)):
            return False
        if method.first(People) is not None:
            return True
        return own or any(name in self.made for name in named) if method.first(Lists) is None else own

    def _within(self, method: Method | None, entry: dict[str, Any], name: str) -> dict[str, Any]:
        """An entry of one round: its sources and estimates are those of the round."""
        result = {**entry, "name": f"{entry['name']}{AT}{name}"}
        if method is None:
            return result
        if method.first(People) is not None and ("source" in entry or len(self.sources) == 1):
            source = str(entry.get("source", self.sources[0]))
            result["source"] = source if AT in source else f"{source}{AT}{name}"
        for argument, _ in method.having(Earlier):
            for key in argument.keys:
                if key in result:
                    result[key] = _renamed(result[key], {one: f"{one}{AT}{name}" for one in self.made})
        return result

    def _across(self, method: Method, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry of several rounds: the name of what is made in rounds stands for all of them where the method takes them so."""
        result = dict(entry)
        for argument, role in method.having(Earlier):
            for key in argument.keys:
                value = result.get(key)
                if role.rounds and isinstance(value, str) and value in self.made:
                    value = [value]
                if role.rounds and isinstance(value, list):
                    each = cast("list[Any]", value)
                    result[key] = [one for name in each for one in self._every(name)]
        return result

    def _every(self, name: Any) -> list[Any]:
        return (
            [f"{name}{AT}{each}" for each in self.made[name]] if isinstance(name, str) and name in self.made else [name]
        )


def _entries(
    given: Sequence[dict[str, Any]], rounds: Sequence[Mapping[str, Any]], sources: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]], list[str]]:
    work = _Expansion(rounds, sources)
    entries: list[dict[str, Any]] = []
    of: dict[str, tuple[str, str]] = {}
    places: list[str] = []
    for position, entry in enumerate(given, 1):
        name = str(entry.get("name") or f"{entry.get('kind')}_{position}")
        for where, made in work.of(name, entry):
            entries.append(made)
            places.append(f"estimate[{position}]" + (f" (round {where})" if where else ""))
            if where:
                of[str(made["name"])] = (name, where)
    return entries, of, places


def _named(method: Method, entry: Mapping[str, Any]) -> Iterator[tuple[str, Earlier, str]]:
    """The estimates that an entry as it is written names, with the key and the role."""
    for argument, role in method.having(Earlier):
        for key in argument.keys:
            value = entry.get(key)
            values = _list(value) if isinstance(value, list) else list(_table(value).values()) or [value]
            yield from ((key, role, each) for each in values if isinstance(each, str))


def _renamed(value: Any, new: Mapping[str, str]) -> Any:
    """A value with other names wherever one of these stands in it."""
    if isinstance(value, str):
        return new.get(value, value)
    if isinstance(value, list):
        return [_renamed(each, new) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _renamed(each, new) for key, each in cast("dict[str, Any]", value).items()}
    return value


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _tables(value: Any) -> list[dict[str, Any]]:
    return [_table(each) for each in _list(value)]


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
