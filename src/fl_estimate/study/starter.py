"""A study file to begin with: every part with a comment, in English, French or Spanish, filled in as far as a mapping tells."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fl_estimate.errors import FileFault, is_file
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.neutral import one_line, toml_text
from fl_estimate.words.languages import check_language, words_of

TOTAL = """\
[[estimate]]
name = "total"
kind = "total"
outcome = "forced_labour"
"""
COLUMNS = ("region", "sex")
"""By-columns of the schema that a first study has tables by."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """The text of a study file, and the mapping that is still to be drafted, if one is."""

    text: str
    draft: Path | None = None


def starter(language: str = "en", *, source: Path | None = None, folder: Path = Path(), name: str = "study.toml") -> Starter:  # fmt: skip
    """Write a study file to begin with.

    Parameters
    ----------
    language : {"en", "fr", "es"}
        Of the comments, and of the report.
    source : Path, optional
        The survey file. A mapping of the same name beside it is read, and says what can be estimated.
    folder : Path
        Where the study file will lie; its paths start there.
    name : str
        Of the study file.

    Raises
    ------
    PublishFault
        FL-PUB-07: there is no such language.
    FileFault
        FL-FILE-01: there is no such survey file.
    MappingFault
        Of the mapping beside it.
    """
    folder_of_texts = files("fl_estimate.study") / "starters"
    begun = folder_of_texts / f"{words_of(check_language(language))}.toml"
    if not begun.is_file():  # a language that has no comments yet, as its catalogue has no words
        begun = folder_of_texts / "en.toml"
    if source is not None and not is_file(source):
        raise FileFault(
            "FL-FILE-01", "there is no such file", found=str(source), fix="check the path of the survey file"
        )
    file = source if source is not None else folder / "survey.sav"
    beside = file.with_suffix(".toml")
    mapping = Mapping.read(beside) if source is not None and is_file(beside) else None
    by = _by(mapping)
    parts = {
        "STUDY": in_shell(name),
        "DATA": in_shell(_from(folder, file)),
        "SOURCE": _called(mapping),
        "FILE": _files(mapping, file, folder),
        "MAPPING": in_shell(_from(folder, beside)),
        "MAPPING_FILE": toml_text(_from(folder, beside)),
        "UNIT": 'unit = "last episode"\n' if mapping is not None and mapping.kind == "returning_migrant" else "",
        "BY": f"by = [{', '.join(f'[{toml_text(column)}]' for column in by)}]"
        if by
        else '# by = [["region"], ["sex"]]',
        "TOTAL": TOTAL.rstrip() if mapping is None or _expands(mapping) else _commented(TOTAL),
        "LANGUAGE": language,
    }
    return Starter(text=_filled(begun.read_text(encoding="utf-8"), parts), draft=beside if source is not None and mapping is None else None)  # fmt: skip


def _filled(text: str, parts: Dictionary[str, str]) -> str:
    return re.sub("@([A-Z_]+)@", lambda found: parts[found[1]], text)  # at once: a file may be called @TOTAL@


def in_shell(name: str) -> str:
    """A name of a file in a command that somebody may copy: on one line, and quoted where a shell would read more than a name."""
    return shlex.quote(one_line(name))


def _called(mapping: Mapping | None) -> str:
    return "migrants" if mapping is not None and mapping.kind == "returning_migrant" else "household"


def _by(mapping: Mapping | None) -> list[str]:
    """The by-columns that the people of a mapping have."""
    people = None if mapping is None else mapping.tables.get("people")
    return [name for name in COLUMNS if people is None or name in people.variables] if mapping is not None else list(COLUMNS)  # fmt: skip


def _expands(mapping: Mapping) -> bool:
    design = mapping.sample_design()
    return design is not None and bool(design.expands or design.population_size)


def _files(mapping: Mapping | None, file: Path, folder: Path) -> str:
    """The file, or one for each table that the mapping takes from none of the others."""
    own = [] if mapping is None else [name for name, rule in mapping.tables.items() if rule.source is None and name not in mapping.source.files]  # fmt: skip
    if len(own) < 2:
        return toml_text(_from(folder, file))
    named = {name: _from(folder, file if name == "people" else _beside(file, name)) for name in own}
    return f"{{ {', '.join(f'{name} = {toml_text(written)}' for name, written in named.items())} }}"


def _beside(file: Path, table: str) -> Path:
    """The file of another table: of the name of the first and its own, as offices name them; jobs may stand with the episodes."""
    own = file.with_name(f"{file.stem}_{table}{file.suffix}")
    return _beside(file, "episodes") if table == "jobs" and not is_file(own) else own


def _from(folder: Path, file: Path) -> str:
    """A path as a study file in a folder names it."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def _commented(text: str) -> str:
    return "\n".join(f"# {line}" if line else "#" for line in text.rstrip().splitlines())
