"""National files: a framework that says `extends` becomes the one it extends, with what it adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from fl_estimate.indicators.criteria import LIMITS

REPLACED: tuple[str, ...] = (
    *("id", "extends", "date", "title", "status", "verification", "verification_note"),
    *("population", "reference_period"),
)
"""Keys of the file that stand for those of the framework it extends."""
ADDED: tuple[str, ...] = ("indicators", "items", "sources")
"""Lists of the file that are put behind those of the framework it extends."""
OTHER: tuple[str, ...] = ("switch_on", "parameters", "outcomes", "notes")
NEEDED: tuple[str, ...] = ("id", "date", "title")
NUMBERS: tuple[str, ...] = ("n", *LIMITS)
"""Keys of an expression that hold a number, or the name of a parameter that does."""
RULES: tuple[str, ...] = ("in_scope", "definitions", "indicators", "optional_indicators", "outcomes")
"""Keys of a file that hold expressions."""


def extended(table: Mapping[str, Any], base: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Put what a national file says onto the framework that it extends.

    Parameters
    ----------
    table, base : mapping
        The TOML of the file, and of the framework that it extends.

    Returns
    -------
    table : dict
        The whole framework under the id of the file.
    faults : list of str
        What the file may not do, with the key.

    Notes
    -----
    A file may add indicators, items and sources, switch optional indicators on (`switch_on`), and complete a draft:
    numbers for its `parameters`, and `outcomes` that have no rule there. It never edits a rule that is there.
    """
    faults = list(_faults(table, base))
    if faults:
        return {}, faults
    whole = dict(base)
    whole |= {key: table[key] for key in REPLACED if key in table}
    for key in ADDED:
        whole[key] = [*base.get(key, []), *_list(table.get(key, []))]
    switched = [entry for entry in base.get("optional_indicators", []) if entry["id"] in table.get("switch_on", [])]
    whole["indicators"] = [*base.get("indicators", []), *switched, *_list(table.get("indicators", []))]
    whole["optional_indicators"] = [entry for entry in base.get("optional_indicators", []) if entry not in switched]
    whole["notes"] = {**base.get("notes", {}), **table.get("notes", {})}
    whole["parameters"] = {**base.get("parameters", {}), **table.get("parameters", {})}
    given = {entry.get("id"): entry for entry in _list(table.get("outcomes", []))}
    whole["outcomes"] = [_completed(given.get(entry["id"], entry), whole["parameters"]) for entry in base["outcomes"]]
    return whole, []


def _completed(outcome: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """An outcome whose template becomes its expression where every parameter in it is a number."""
    template = outcome.get("template")
    if template is None or any(not isinstance(value, int) for value in parameters.values()):
        return dict(outcome)
    rest = {key: value for key, value in outcome.items() if key != "template"}
    return rest | {"expression": filled(template, parameters)}


def filled(node: Any, parameters: Mapping[str, Any]) -> Any:
    """Write the numbers of a file's parameters where its expressions name them."""
    if isinstance(node, Mapping):
        return {
            key: parameters.get(value, value)
            if key in NUMBERS and isinstance(value, str)
            else filled(value, parameters)
            for key, value in cast("Mapping[str, Any]", node).items()
        }
    return [filled(inner, parameters) for inner in cast("list[Any]", node)] if isinstance(node, list) else node


def _faults(table: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[str]:
    for key in table:
        if key not in (*REPLACED, *ADDED, *OTHER):
            yield f"{key}: a file that extends {base['id']} cannot say this"
    for key in NEEDED:
        if key not in table:
            yield f"{key}: a national file has an {key} of its own"
    if base.get("kind") != "framework":
        yield f"extends: {base['id']} holds codes and no rule"
    optional = [entry["id"] for entry in base.get("optional_indicators", [])]
    for position, name in enumerate(table.get("switch_on", [])):
        if name not in optional:
            yield f"switch_on[{position}]: no optional indicator is called {name!r}; there are: {', '.join(optional) or 'none'}"
    for name, value in table.get("parameters", {}).items():
        if name not in base.get("parameters", {}):
            yield f"parameters.{name}: {base['id']} has no such parameter"
        elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
            yield f"parameters.{name}: a whole number of at least 1 is needed here"
    open_outcomes = [entry["id"] for entry in base.get("outcomes", []) if _is_open(entry)]
    for position, entry in enumerate(_list(table.get("outcomes", []))):
        if entry.get("id") not in open_outcomes:
            yield f"outcomes[{position}]: the rule of {entry.get('id')!r} cannot be changed; a framework of its own can have another"


def _is_open(outcome: Mapping[str, Any]) -> bool:
    """Whether a draft leaves the rule of an outcome to the user."""
    return outcome["type"] == "binary" and "expression" not in outcome


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
