"""A naive reading of the frameworks' TOML, two-valued and one row at a time, that shares no rule with the package."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from fl_estimate.indicators.framework_form import bundled_ids
from fl_estimate.indicators.items import UNKNOWN_ANSWERS, known_items

OWN = Path(__file__).with_name("every_operator.toml")
BUNDLED = files("fl_estimate.indicators").joinpath("frameworks")
TABLES: dict[str, Any] = {
    name: tomllib.loads(BUNDLED.joinpath(f"{name}.toml").read_text(encoding="utf-8")) for name in bundled_ids()
}
TABLES["every_operator"] = tomllib.loads(OWN.read_text(encoding="utf-8"))
LIMITS = ("min", "max", "above", "below")


class Naive:
    """A two-valued reading of the raw TOML: every unknown answer is taken for true (hopeful) or for false.

    Under `not` the hope turns round. Nothing of the package is used but the phases of the items.
    """

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def scope(self, file: str) -> bool:
        return self.holds(file, TABLES[file]["in_scope"], False)

    def outcome(self, file: str, name: str, hopeful: bool) -> bool:
        name, _, label = name.partition("=")
        entry = self.entries(file, "outcomes", name)[0]
        if entry["type"] == "classes":
            accepted = {label} if label else set(entry["positive"])
            labels = self.labels(file, name)
            return self.scope(file) and (bool(labels & accepted) if hopeful else labels <= accepted)
        return self.scope(file) and self.holds(file, entry["expression"], hopeful)

    def counted(self, file: str, name: str) -> tuple[int, ...]:
        of = self.entries(file, "outcomes", name)[0]["of"]
        return tuple(self.count(file, of, hopeful, "", "") for hopeful in (False, True))

    def labels(self, file: str, name: str) -> set[str]:
        """The labels of every completion of the nodes that the rules read."""
        entry = self.entries(file, "outcomes", name)[0]
        nodes = {json.dumps(node): node for value in entry["values"] for node in self.parts(value.get("when", {}))}
        options = [{self.holds(file, node, hopeful) for hopeful in (False, True)} for node in nodes.values()]
        return {self.label(entry, dict(zip(nodes, ends, strict=True))) for ends in product(*options)}

    def parts(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        for operator in ("any_of", "all_of"):
            if operator in node:
                return [part for inner in node[operator] for part in self.parts(inner)]
        return self.parts(node["not"]) if "not" in node else [node] if node else []

    def label(self, entry: dict[str, Any], known: dict[str, bool]) -> str:
        def true(node: dict[str, Any]) -> bool:
            if "any_of" in node:
                return any(map(true, node["any_of"]))
            if "all_of" in node:
                return all(map(true, node["all_of"]))
            return not true(node["not"]) if "not" in node else known[json.dumps(node)]

        return next(value["id"] for value in entry["values"] if "when" in value and true(value["when"]))

    def holds(self, file: str, node: Any, hopeful: bool, dimension: str = "", phase: str = "") -> bool:
        def inner(other: Any) -> bool:
            return self.holds(file, other, hopeful, dimension, phase)

        ((operator, value),) = [(key, value) for key, value in node.items() if key not in ("in", *LIMITS)]
        match operator:
            case "any_of":
                return any(map(inner, value))
            case "all_of":
                return all(map(inner, value))
            case "not":
                return not self.holds(file, value, not hopeful, dimension, phase)
            case "same_phase":
                return any(
                    all(self.holds(file, other, hopeful, dimension, one) for other in value)
                    for one in ("recruitment", "work", "leave")
                )
            case "item":
                return self.item(value, hopeful, phase)
            case "field":
                return self.field(file, node, hopeful)
            case "not_asked":
                return not any(self.asked(name) for name in value)
            case "criterion":
                return self.indicator(file, self.entries(file, "indicators", value)[0], hopeful, phase)
            case "at_least":
                return self.count(file, value, hopeful, dimension, phase) >= value["n"]
            case "outcome":
                other, name = value.split(".")
                return self.outcome(other, name, hopeful)
            case "define" | "dimension":
                other, _, name = value.rpartition(".")
                target = other or file
                if operator == "dimension":
                    return self.holds(target, TABLES[target]["dimension_rule"], hopeful, name, phase)
                rule = TABLES[target]["definitions"][name]["expression"]
                return self.holds(target, rule, hopeful, "" if other else dimension, phase)
        raise AssertionError(operator)

    def entries(self, file: str, key: str, name: str) -> list[dict[str, Any]]:
        return [entry for entry in TABLES[file].get(key, []) if entry["id"] == name]

    def count(self, file: str, node: dict[str, Any], hopeful: bool, dimension: str, phase: str) -> int:
        def wanted(entry: dict[str, Any], key: str) -> bool:
            choice = node.get(key, entry.get(key))
            return entry.get(key) in (choice if isinstance(choice, list) else [choice])

        counted = [
            entry
            for entry in TABLES[file].get("indicators", [])
            if all(wanted(entry, key) for key in ("kind", "strength", "dimension"))
            and entry["id"] not in node.get("except", [])
            and dimension in ("", entry.get("dimension"))
        ]
        return sum(self.indicator(file, entry, hopeful, phase) for entry in counted)

    def indicator(self, file: str, entry: dict[str, Any], hopeful: bool, phase: str) -> bool:
        own = entry.get("phase", "")
        if phase and own and own != phase:
            return False
        at = "" if own else phase
        if not any(self.asked(name) for name in self.named(file, json.dumps(entry))):
            return False  # what the instrument lacks is outside the definition, under "not" as well
        if "when" in entry:
            return self.holds(file, entry["when"], hopeful, "", at)
        return any(self.item(item, hopeful, at) for item in entry["items_any_of"])

    def item(self, text: str, hopeful: bool, phase: str) -> bool:
        item, _, named = text.partition("@")
        phases = known_items().items[item].phases
        chosen = named or phase
        columns = [f"{item}@{one}" if f"{item}@{one}" in self.row else item for one in phases if chosen in ("", one)]
        cells = [self.row[column] for column in columns if column in self.row]
        return any(self.answer(cell, ("yes", "experienced", "threatened", "witnessed"), hopeful) for cell in cells)

    def field(self, file: str, node: dict[str, Any], hopeful: bool) -> bool:
        column = known_items().fields[node["field"]].column if node["field"] != "age" else "age"
        if column not in self.row:
            return False
        cell = self.row[column]
        if "in" in node:
            # of a set every code is read: one of those wanted is enough, one unknown leaves the rest open
            return any(self.answer(code, node["in"], hopeful) for code in re.split("[;, ]+", cell or "missing"))
        if cell is None:
            return hopeful
        numbers = {key: TABLES[file].get("parameters", {}).get(node[key], node[key]) for key in LIMITS if key in node}
        least, most = numbers.get("min", cell), numbers.get("max", cell)
        return least <= cell <= most and numbers.get("above", cell - 1) < cell < numbers.get("below", cell + 1)

    def asked(self, name: str) -> bool:
        field = known_items().fields.get(name)
        column = field.column if field is not None else name
        return any(other == column or other.startswith(f"{column}@") for other in self.row)

    @staticmethod
    @cache
    def named(file: str, text: str) -> tuple[str, ...]:
        """The items and fields that a part of the TOML (as JSON) names, through definitions and criteria of any file."""
        node: Any = json.loads(text)

        def inside(other: str, *parts: Any) -> list[str]:
            return [name for part in parts for name in Naive.named(other, json.dumps(part))]

        if isinstance(node, list):
            return tuple(inside(file, *node))
        if not isinstance(node, dict):
            return ()
        found = [item.partition("@")[0] for item in node.get("items_any_of", [])]
        for key, value in node.items():
            if key in ("item", "field") and isinstance(value, str):
                found.append(value.partition("@")[0])
            elif key == "define":
                other, _, name = value.rpartition(".")
                found += inside(other or file, TABLES[other or file]["definitions"][name]["expression"])
            elif key == "criterion":
                found += inside(file, *(entry for entry in TABLES[file]["indicators"] if entry["id"] == value))
            elif key == "outcome":
                other, name = value.split(".")
                entries = TABLES[other]["outcomes"]
                found += inside(other, *(entry for entry in entries if entry["id"] == name.partition("=")[0]))
            elif key == "at_least":
                found += inside(file, *TABLES[file]["indicators"])
            elif key in ("when", "any_of", "all_of", "not", "same_phase", "expression", "values"):
                found += inside(file, value)
        return tuple(dict.fromkeys(found))

    @staticmethod
    def answer(cell: Any, true: Any, hopeful: bool) -> bool:
        return hopeful if cell in (None, *UNKNOWN_ANSWERS) else cell in true
