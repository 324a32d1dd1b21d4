"""What a manifest tells of how it came about: when, by which command, on what kind of system, from which texts. No path of a machine."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, cast

from fl_estimate.study.config import Study

MASK = '"***"'
EPOCH = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that builds agree on as their date: https://reproducible-builds.org/specs/source-date-epoch/."""
_WORDS = "(?: salt | secret | password | passphrase | token )"
_SECRET = re.compile(
    rf"""(?imx) ( [\w.-]* {_WORDS} [\w-]* ["']? (?: \s*\.\s* ["']? [\w-]+ ["']? )* \s* = \s* )
    ( \"{{3}}.*?\"{{3}} | '{{3}}.*?'{{3}} | "(?:[^"\\\n]|\\.)*" | '[^'\n]*' | \[[^\]]*\] | \{{[^}}]*\}} | [^\s,}}\]]+ )""",
    re.DOTALL,
)
_SECRET_TABLE = re.compile(rf"(?imsx) ( ^[ \t]* \[+ [^\]\n]* {_WORDS} [^\]\n]* \]+ [^\n]*\n ) .*? (?= ^[ \t]*\[ | \Z )")
_SECRET_COMMENT = re.compile(rf"(?imx) ( \# [^\n]*? {_WORDS} [ \t]* (?: [:=] | \b(?:is|was)\b ) [ \t]* ) [^\n]+")
_QUOTED = re.compile(r"""(["'])((?:file:/*)?(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^"'\n]*)\1""")
_BARE = re.compile(r"""(?<![\w:/.~\\"'])(?:file:/*)?(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^\s"'<>|,;()\[\]{}]+""")
_OF_FILES = re.compile(r"^file:/+")
_SEPARATORS = re.compile(r"[\\/]+")


def how_run(study: Study) -> dict[str, str]:
    """The date, the command that gives the folder again, and the kind of system. Where a result went is no part of what made it.

    Two runs of the same inputs differ in the date alone; the variable SOURCE_DATE_EPOCH sets that as well.
    """
    return {
        "date": _date(),
        "command": f"fl-estimate run {study.name}.toml",
        "platform": " ".join(part for part in (platform.system(), platform.machine()) if part),
    }


def texts(study: Study) -> dict[str, Any]:
    """The text of the study file, and of each mapping and framework by how the study names it, with secrets masked.

    What settings beside the file changed stands in the `config` of the manifest.
    """
    mappings = {source.mapping: _mapping(study, source.mapping) for source in study.config.source.values()}
    entry = study.config.classify
    named = [] if entry is None else [entry.framework] if isinstance(entry.framework, str) else entry.framework
    own = [name for name in named if name.endswith(".toml")]
    return {
        "study": masked(_read(study.folder / f"{study.name}.toml")),
        "mappings": {plain(name): masked(text) for name, text in sorted(mappings.items())},
        "frameworks": {plain(name): masked(_read(study.path(name))) for name in sorted(own)},
    }


def masked(text: str) -> str:
    r"""A text in TOML without its secrets, and with names in place of the paths of a machine.

    Examples
    --------
    >>> masked('salt = "correct horse" # a\nfile = "/data/2024/survey.sav"')
    'salt = "***" # a\nfile = "survey.sav"'
    """
    text = _SECRET_TABLE.sub(rf"\1# {MASK}\n", _SECRET_COMMENT.sub(rf"\1{MASK}", _SECRET.sub(rf"\1{MASK}", text)))
    text = _QUOTED.sub(lambda found: f"{found[1]}{plain(found[2])}{found[1]}", text)
    return _BARE.sub(lambda found: plain(found[0]), text)


def plain(written: str) -> str:
    r"""A path as it may be told: relative ones as they are, of others the name alone.

    Examples
    --------
    >>> plain("../data/survey.sav"), plain("/data/survey.sav"), plain("C:\\surveys\\2024\\survey.sav"), plain("/")
    ('../data/survey.sav', 'survey.sav', 'survey.sav', '/')
    """
    written = _OF_FILES.sub("/", written)
    of_machine = (
        written.startswith("~/") or PurePosixPath(written).is_absolute() or PureWindowsPath(written).is_absolute()
    )
    if not of_machine or len(_SEPARATORS.findall(written)) < 2:
        return written
    return _SEPARATORS.split(written.rstrip("\\/"))[-1] or written


def plainly(value: Any) -> Any:
    """A part of a manifest with every path in it as it may be told; of keys too."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        parts = cast("Mapping[Any, Any]", value)
        return {plainly(key): plainly(part) for key, part in parts.items()}
    if isinstance(value, list | tuple):
        return [plainly(part) for part in cast("list[Any]", value)]
    return value


def _mapping(study: Study, written: str) -> str:
    from fl_estimate.loaders.mapping import bundled_text

    named = study.mapping(written)
    return _read(named) if isinstance(named, Path) else bundled_text(named)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return ""  # it was taken away since it was read: its hash stands in the manifest


def _date() -> str:
    """In UTC, to the second."""
    given = os.environ.get(EPOCH, "")
    moment = dt.datetime.fromtimestamp(int(given), dt.UTC) if given.isdecimal() else dt.datetime.now(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
