"""Which inputs of two result folders differ, as their manifests tell it: data, mappings, definitions, options, packages."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pandas as pd

COLUMNS: tuple[str, ...] = ("what", "name", "before", "after")
KINDS: tuple[str, ...] = (
    "data", "mapping", "framework", "table", "source", "classify", "impute", "calibrate", "estimate", "method", "seed", "option", "rule",
    "study", "program", "package", "platform",
)  # fmt: skip
"""What an input is, in the order of the table."""
NOT_KEPT = "?"
"""Of an input whose content a manifest does not keep: case lists without a private key; a text, before 0.3.0."""
_DIGITS = 12
_EMPTY = (None, "", "{}", "[]")
_METHOD: frozenset[str] = frozenset({"kind", "method"})
_SECTIONS: Mapping[str, str] = {
    "source": "source", "classify": "classify", "impute": "impute", "calibrate": "calibrate", "publish": "rule",
}  # fmt: skip
Row = tuple[str, str, str, str]
Manifest = Mapping[str, Any]


def changed_inputs(before: Manifest, after: Manifest) -> pd.DataFrame:
    """Every input that differs: `what` it is (one of `KINDS`), its `name`, and what it was `before` and is `after`.

    Files are told by their name and the first digits of their hash, keys of the study by their values. A key that one version of the
    library did not write is told where the other gives it a value. Empty where nothing differs.
    """
    rows = [*_files(before, after), *_keys(before, after), *_versions(before, after)]
    rows.sort(key=lambda row: KINDS.index(row[0]))
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="string")


def changed_texts(before: Manifest, after: Manifest) -> dict[str, list[str]]:
    """The lines that differ of each mapping, of frameworks of one's own and of the study, by name, as unified differences.

    A text that one of the manifests does not keep (before 0.3.0) is not compared: its hash says whether it changed.
    """
    found: dict[str, list[str]] = {}
    for name, (one, two) in _texts(before, after).items():
        if one is not None and two is not None and one != two:
            lines = difflib.unified_diff(one.splitlines(), two.splitlines(), "before", "after", lineterm="", n=2)
            found[name] = list(lines)[2:]
    return found


def files_by_role(manifest: Manifest) -> dict[tuple[str, str], tuple[str, str]]:
    """Each input file by what it is and of what: (data, household) -> (its name, its hash); the hash empty where none is kept."""
    config = section(manifest, "config")
    hashes: dict[str, str] = section(manifest, "inputs")
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, source in section(config, "source").items():
        files = section(source, "file") or {"": str(source.get("file"))}
        for table, file in files.items():
            found["data", f"{name}.{table}" if table else name] = (file, hashes.pop(file, ""))
        mapping = str(source.get("mapping"))
        found["mapping", name] = (mapping, hashes.pop(mapping, ""))
    for each in framework_names(config):
        if each in hashes:
            found["framework", each] = (each, hashes.pop(each))
    found |= {("table", name): (name, sha256) for name, sha256 in hashes.items()}
    for file in manifest.get("lists_and_tables", []):
        if not file.get("sha256"):
            found.setdefault(("table", file["name"]), (file["name"], ""))
    return found


def section(table: Manifest, key: str) -> dict[str, Any]:
    """A part of a manifest that is a table, as a copy; empty where there is none."""
    value = table.get(key)
    return dict(cast("Manifest", value)) if isinstance(value, Mapping) else {}


def framework_names(config: Manifest) -> list[str]:
    """The frameworks of ``[classify]``, as written."""
    given = section(config, "classify").get("framework", [])
    return [given] if isinstance(given, str) else [str(each) for each in given]


def _files(before: Manifest, after: Manifest) -> Iterator[Row]:
    old, new = files_by_role(before), files_by_role(after)
    for role in dict.fromkeys([*new, *old]):
        one, two = old.get(role), new.get(role)
        same = one is not None and two is not None and one[1] == two[1] and (one[1] != "" or one[0] == two[0])
        if not same:
            yield role[0], role[1], _file(one), _file(two)


def _file(file: tuple[str, str] | None) -> str:
    if file is None:
        return ""
    return f"{file[0]} {file[1][:_DIGITS] or NOT_KEPT}"


def _keys(before: Manifest, after: Manifest) -> Iterator[Row]:
    old, new = (dict(_flat(_by_name(section(manifest, "config")))) for manifest in (before, after))
    files = {name for manifest in (before, after) for name, _ in files_by_role(manifest).values()}
    for key in dict.fromkeys([*new, *old]):
        one, two = old.get(key), new.get(key)
        if one == two or _nothing(one, two) or {one, two} & files:
            continue  # of a file it is told whether its content changed
        yield _kind(key), key, _shown(one), _shown(two)


def _nothing(one: Any, two: Any) -> bool:
    """A key that one version did not write, and that the other has left as if it were not there."""
    return one in _EMPTY and two in _EMPTY


def _kind(key: str) -> str:
    section, *rest = key.split(".")
    if section == "classify" and rest[:1] == ["framework"]:
        return "framework"
    if section == "estimate":
        last = rest[-1] if len(rest) > 1 else ""
        return "method" if last in _METHOD else "seed" if last == "seed" else "option" if last else "estimate"
    return _SECTIONS.get(section, "study")


def _by_name(config: Manifest) -> dict[str, Any]:
    """The study with its estimates by name: one that moved in the file is the same."""
    entries = cast("list[Manifest]", config.get("estimate") or [])
    named = {str(entry.get("name")): {k: v for k, v in entry.items() if k != "name"} for entry in entries}
    return {**config, "estimate": named}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a study by its dotted path; lists are values."""
    if isinstance(value, Mapping) and value:
        for key, part in cast("Mapping[str, Any]", value).items():
            yield from _flat(part, f"{path}.{key}" if path else str(key))
    elif path:
        yield (
            path,
            value
            if isinstance(value, str | int | float | bool) or value is None
            else json.dumps(value, ensure_ascii=False),
        )


def _shown(value: Any) -> str:
    return "" if value in _EMPTY else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _versions(before: Manifest, after: Manifest) -> Iterator[Row]:
    """Of versions of the library that list other packages, those that both list."""
    old, new = packages(before), packages(after)
    alike = before.get("form") == after.get("form") and "run" in before and "run" in after
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name) and (alike or (name in old and name in new)):
            yield "program" if name == "fl_estimate" else "package", name, old.get(name, ""), new.get(name, "")
    one, two = (str(section(manifest, "run").get("platform", "")) for manifest in (before, after))
    if one and two and one != two:
        yield "platform", "", one, two


def packages(manifest: Manifest) -> dict[str, str]:
    """Versions of the packages that made a folder."""
    return {str(name): str(version) for name, version in section(manifest, "packages").items()}


def _texts(before: Manifest, after: Manifest) -> dict[str, tuple[str | None, str | None]]:
    old, new = _named_texts(before), _named_texts(after)
    return {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*new, *old])}


def _named_texts(manifest: Manifest) -> dict[str, str]:
    kept = section(manifest, "texts")
    found = {"study": str(kept["study"])} if "study" in kept else {}
    mappings = section(kept, "mappings")
    for name, source in section(section(manifest, "config"), "source").items():
        if source.get("mapping") in mappings:
            found[f"mapping {name}"] = mappings[source["mapping"]]
    return found | {f"framework {name}": text for name, text in section(kept, "frameworks").items()}


def table_rows(inputs: pd.DataFrame) -> Sequence[Row]:
    """The table as tuples of texts."""
    return [(str(a), str(b), str(c), str(d)) for a, b, c, d in inputs.itertuples(index=False)]
