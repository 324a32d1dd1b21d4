"""A study put together from two results: each part of it from one of them, its files found by their hash and laid out anew."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from fl_estimate.loaders.several_files import is_pattern, matched, sha256_at
from fl_estimate.neutral import json_text, toml_text
from fl_estimate.study.config import without_defaults
from fl_estimate.study.input_changes import Manifest, files_by_role, framework_names, section

Role = tuple[str, str]
Which = Literal["before", "after"]
PIECES: Mapping[str, frozenset[str]] = {
    "data": frozenset({"data"}),
    "mapping": frozenset({"mapping"}),
    "definition": frozenset({"framework", "classify"}),
    "tables": frozenset({"table"}),
    "weights": frozenset({"impute", "calibrate"}),
    "methods": frozenset({"source", "estimate", "method", "seed", "option", "study"}),
    "rule": frozenset({"rule"}),
}
"""Parts of a study that are exchanged one at a time, in this order, and the inputs that each holds (`input_changes.KINDS`)."""
UNUSED: frozenset[str] = frozenset({"title", "out", "truth", "map"})
"""Keys of a study that no figure depends on."""
_FILES: Mapping[str, str] = {"data": "data", "mapping": "mapping", "framework": "definition", "table": "tables"}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two results: its study, and of its files those that are at hand.

    Attributes
    ----------
    which : {"before", "after"}
    config : mapping
        The study as its manifest resolved it.
    written : mapping of role to str
        How the study names each file that figures depend on.
    at_hand : mapping of role to Path or bytes
        Those that were found, or whose text the manifest keeps.
    """

    which: Which
    config: Manifest
    written: Mapping[Role, str]
    at_hand: Mapping[Role, Path | bytes] = field(default_factory=dict[Role, "Path | bytes"])

    def has(self, piece: str) -> bool:
        """Whether every file of a part is at hand."""
        return all(role in self.at_hand for role in self.written if _FILES.get(role[0]) == piece)

    def lacks(self, piece: str) -> list[str]:
        return [
            name for role, name in self.written.items() if _FILES.get(role[0]) == piece and role not in self.at_hand
        ]


class Places:
    """Folders in which files are looked for by their hash; each file is read once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
        self._known: dict[str, Path] = {}
        self._read: set[Path] = set()

    def find(self, written: str, sha256: str) -> Path | None:
        """A file of this hash, those that are called so first; without a hash the first of the name."""
        named = [folder / name for folder in self._folders for name in (written, PurePosixPath(written).name)]
        if not sha256:
            return next((path for path in named if path.is_file()), None)
        for path in named:
            if is_pattern(path) and sha256_at(path) == sha256:
                return path
        for path in [*named, *(path for folder in self._folders for path in sorted(folder.iterdir()))]:
            if sha256 in self._known:
                return self._known[sha256]
            if path not in self._read and path.is_file():
                self._read.add(path)
                with path.open("rb") as file:
                    self._known.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), path)
        return self._known.get(sha256)


def side_of(which: Which, manifest: Manifest, places: Places) -> Side:
    """A result as its manifest tells it, with the files that are at hand."""
    config = section(manifest, "config")
    unused = {str(section(config, key).get(name)) for key, name in (("truth", "file"), ("map", "geojson"))}
    unused |= {f"{each}/estimates.csv" for each in section(config, "publish").get("previous", [])}
    roles = {role: file for role, file in files_by_role(manifest).items() if file[0] not in unused}
    texts = _texts(manifest)
    written: dict[Role, str] = {}
    at_hand: dict[Role, Path | bytes] = {}
    for role, (name, sha256) in roles.items():
        if role[0] == "mapping" and not sha256:
            continue  # one that comes with the package: it goes by its id
        written[role] = name
        text = texts.get(name, "").encode()
        if text and hashlib.sha256(text).hexdigest() == sha256:
            at_hand[role] = text
        elif (path := places.find(name, sha256)) is not None:
            at_hand[role] = path
    return Side(which=which, config=config, written=written, at_hand=at_hand)


def laid_out(folder: Path, sides: Mapping[Which, Side]) -> None:
    """Put the files of both sides that are at hand into folders of their own, under the names that their studies have for them."""
    for side in sides.values():
        for role, content in side.at_hand.items():
            path = folder / _position(side.which, side.written[role])
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif is_pattern(content):
                for each in matched(content):
                    _lay(each, _fixed(path) / each.relative_to(_fixed(content)))
            else:
                _lay(content, path)


def _lay(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(file.resolve())
    except OSError:  # where links need a right of their own
        shutil.copyfile(file, place)


def _fixed(pattern: Path) -> Path:
    """The folder of a pattern that every file it matches lies in, or below."""
    return next(each for each in pattern.parents if not has_magic(str(each)))


def write_mixture(path: Path, sides: Mapping[Which, Side], chosen: Mapping[str, Which]) -> None:
    """Write the study file of a mixture: every part from the side that is chosen for it."""
    of = {piece: sides[which].config for piece, which in chosen.items()}
    sources: dict[str, Any] = {}
    for name, source in section(of["methods"], "source").items():
        parts = {"mapping": "mapping", "file": "data"}
        theirs = {key: section(of[piece], "source").get(name, source)[key] for key, piece in parts.items()}
        placed = {key: _placed(theirs[key], chosen[piece], chosen[piece], sides) for key, piece in parts.items()}
        sources[name] = {**source, **placed}
    rule = section(of["rule"], "publish") | {"languages": ["en"], "previous": []}
    mixture = {
        "labels": of["methods"].get("labels"),
        "source": sources,
        "round": _rounds(of, chosen, sides) or None,
        "classify": _placed(of["definition"].get("classify"), chosen["definition"], chosen["definition"], sides),
        "impute": of["weights"].get("impute"),
        "calibrate": _placed(of["weights"].get("calibrate"), chosen["weights"], chosen["tables"], sides),
        "estimate": _placed(of["methods"].get("estimate"), chosen["methods"], chosen["tables"], sides),
        "publish": rule,
        "country": of["methods"].get("country"),
    }
    path.write_bytes(in_toml(without_defaults(mixture)).encode())


def _rounds(of: Mapping[str, Manifest], chosen: Mapping[str, Which], sides: Mapping[Which, Side]) -> list[Any]:
    """The rounds without their files, which stand in the sources and entries of each, but for the known totals."""
    rounds = cast("list[Manifest]", of["methods"].get("round") or [])
    totals = {
        str(each["name"]): each.get("margins") for each in cast("list[Manifest]", of["weights"].get("round") or [])
    }
    return [
        {
            **{key: each[key] for key in ("name", "period", "country", "bridge", "bridge_factor") if each.get(key)},
            "margins": _placed(totals.get(str(each["name"])), chosen["weights"], chosen["tables"], sides),
        }
        for each in rounds
    ]


def _placed(value: Any, named_by: Which, kept_by: Which, sides: Mapping[Which, Side]) -> Any:
    """A part of a study with the names of files as they are laid out: those of `kept_by` where it has the same, else of `named_by`."""
    if isinstance(value, Mapping):
        return {key: _placed(part, named_by, kept_by, sides) for key, part in cast("Manifest", value).items()}
    if isinstance(value, list):
        return [_placed(part, named_by, kept_by, sides) for part in cast("list[Any]", value)]
    if not isinstance(value, str):
        return value
    roles = [role for role, name in sides[named_by].written.items() if _is(value, role, name)]
    for side in (sides[kept_by], sides[named_by]):
        for role in roles:
            if role in side.at_hand:
                return _position(side.which, side.written[role])
    return value


def _is(value: str, role: Role, name: str) -> bool:
    """Whether a text of a study is the name of a file; those of case lists are kept without their folder."""
    return value == name or (role[0] == "table" and "/" not in name and PurePosixPath(value).name == name)


def _position(which: Which, written: str) -> str:
    """Where a file is laid out: no way leads out of the folder."""
    parts = [part for part in written.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join([which, *("up" if part == ".." else part.replace(":", "_") for part in parts)])


def _texts(manifest: Manifest) -> dict[str, str]:
    kept, named = section(manifest, "texts"), framework_names(section(manifest, "config"))
    frameworks = {name: text for name, text in section(kept, "frameworks").items() if name in named}
    return {**section(kept, "mappings"), **frameworks}


def in_toml(table: Mapping[str, Any]) -> str:
    r"""A table of texts, numbers, lists and tables as TOML, a key a line; what is missing is left out.

    Examples
    --------
    >>> in_toml({"a": {"b": [1, "x"], "c": None}, "d": True})
    'a = {"b" = [1, "x"]}\nd = true\n'
    """
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(_pairs(cast('Mapping[str, Any]', value)))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in cast('Sequence[Any]', value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return toml_text(value) if isinstance(value, str) else json_text(value)


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{toml_text(str(key))} = {_value(value)}" for key, value in table.items() if value is not None)
