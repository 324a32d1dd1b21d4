"""Which studies a batch runs, what each is called and where it writes: found out, and refused, before the first one starts."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fl_estimate.errors import FlError, StudyFault, is_file, listed, toml_of
from fl_estimate.study.batch.values import read_values
from fl_estimate.study.config import Study, read_study
from fl_estimate.study.run import result_folder
from fl_estimate.study.settings import Settings

SUMMARY = "batch"
"""The folder within that of a batch which holds its tables."""
_MAGIC = "*?["


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """One run of a batch.

    Attributes
    ----------
    name : str
        By which tables and the log call it, and its folder within that of the batch.
    file : Path
    settings : mapping
    folder : Path
        Of its result.
    private : Path or None
    fault : FlError or None
        Why it cannot start: its file cannot be read.
    """

    name: str
    file: Path
    settings: Settings = field(default_factory=dict[str, Any])
    folder: Path
    private: Path | None = None
    fault: FlError | None = None


def find_studies(target: str | Path, values: str | Path | None, settings: Settings) -> tuple[str, dict[str, tuple[Path, Settings]]]:  # fmt: skip
    """The studies that are meant, by name, and what the whole is called.

    Parameters
    ----------
    target : str or Path
        A folder, in which and below which study files are looked for; a pattern (``countries/*/study.toml``); or one study file.
    values : str or Path, optional
        The table of values of the one study file, which is a template then.
    settings : mapping
        What is set in every one; a row of the table goes over it.

    Raises
    ------
    StudyFault
        FL-STUDY-53: there is no study; FL-STUDY-54: a table of values, and several studies. FL-STUDY-52 of the table.
    FileFault
        FL-FILE-01.
    """
    root, files = _files(str(target))
    if not files:
        raise StudyFault(
            "FL-STUDY-53", "there is no study to run", found=f"{target}: no file with an [[estimate]]",
            fix="give a folder that holds study files, a pattern in quotes ('countries/*/study.toml'), or a study file with --values",
        )  # fmt: skip
    if values is None:
        return _called(root), {_name(file, root): (file, settings) for file in files}
    if len(files) != 1:
        raise StudyFault(
            "FL-STUDY-54", "a table of values goes with one template", found=f"{target}: {len(files)} study files",
            fix="name the template itself: fl-estimate batch template.toml --values countries.csv",
        )  # fmt: skip
    template = files[0]
    read_rows = read_values(Path(values), _content(template) or {})
    return template.stem, {name: (template, {**settings, **row}) for name, row in read_rows.items()}


def plan(
    found: Mapping[str, tuple[Path, Settings]], *, root: Path, own_out: bool, private: Path | None = None
) -> list[PlannedStudy]:
    """Say of each study where it goes.

    Parameters
    ----------
    found : mapping
        As `find_studies` gives them.
    root : Path
        Of the batch: the result of a study goes to the folder of its name in it.
    own_out : bool
        Whether `out` of a study file is heeded.
    private : Path, optional
        The root of private folders.

    Raises
    ------
    StudyFault
        FL-STUDY-55: two results would lie in one folder, or one in the other.
    FlError
        Where no study can be read: the fault of the first.
    """
    planned: list[PlannedStudy] = []
    for name, (file, settings) in found.items():
        study, fault = _read(file, settings)
        out = study.config.out if own_out and study is not None else None
        folder = result_folder(study, None) if out and study is not None else root / name
        kept = private / name if private is not None else None
        planned.append(PlannedStudy(name=name, file=file, settings=settings, folder=folder, private=kept, fault=fault))
    _require_apart(planned, root)
    faults = [each.fault for each in planned]
    if all(fault is not None for fault in faults) and faults[0] is not None:
        raise _none_can_start(planned) if len(faults) > 1 else faults[0]
    return planned


def _files(target: str) -> tuple[Path, list[Path]]:
    """The folder that names start from, and the study files in order."""
    path = Path(target)
    if path.is_dir():
        every = (Path(at) / name for at, folders, names in os.walk(path) if _visible(folders) for name in names)
        return path, sorted(file for file in every if file.suffix == ".toml" and _is_study(file))
    if path.is_file() or not any(sign in target for sign in _MAGIC):
        return path.parent, [path] if _content(path) is not None or path.is_file() else []
    fixed = Path(*(part for part in _before_magic(path)))
    return fixed, sorted(Path(each) for each in glob.glob(target, recursive=True) if Path(each).is_file() and _is_study(Path(each)))  # noqa: PTH207  # fmt: skip


def _visible(folders: list[str]) -> bool:
    """Leave hidden folders out of a walk, in place."""
    folders[:] = sorted(name for name in folders if not name.startswith("."))
    return True


def _before_magic(path: Path) -> Iterable[str]:
    for part in path.parts[:-1]:
        if any(sign in part for sign in _MAGIC):
            return
        yield part


def _is_study(file: Path) -> bool:
    """Whether a TOML file is a study, and no mapping, framework, rule or target: what is broken is one, and is told."""
    content = _content(file)
    if content is None:
        return file.suffix == ".toml" and is_file(file) and b"[[estimate]]" in file.read_bytes()
    return isinstance(content.get("estimate"), list)


def _content(file: Path) -> dict[str, Any] | None:
    if not is_file(file):  # a pipe would be waited for
        return None
    try:
        return toml_of(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _called(root: Path) -> str:
    return root.resolve().name or SUMMARY


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).with_suffix("").as_posix()


def _read(file: Path, settings: Settings) -> tuple[Study | None, FlError | None]:
    try:
        return read_study(file, settings=settings), None
    except FlError as error:
        return None, error


def _require_apart(planned: list[PlannedStudy], root: Path) -> None:
    places = [(each.name, Path(os.path.realpath(each.folder))) for each in planned]
    places.append(("the tables of the batch", Path(os.path.realpath(root / SUMMARY))))
    known = {place: name for name, place in places}
    faults: list[str] = []
    seen: set[Path] = set()
    for name, place in places:
        if place in seen:
            faults.append(
                f"{name} and {known[place] if known[place] != name else _other(places, name, place)}: {place.name}"
            )
        seen.add(place)
        within = next((parent for parent in place.parents if parent in known), None)
        if within is not None:
            faults.append(f"{name} lies in the folder of {known[within]}")
    if faults:
        raise StudyFault(
            "FL-STUDY-55", "two results would lie in one folder, or one in the other", found=listed(faults),
            fix="give the studies names of their own, or take `out` out of the files and name a folder with --out",
        )  # fmt: skip


def _other(places: list[tuple[str, Path]], name: str, place: Path) -> str:
    return next(other for other, at in places if at == place and other != name)


def _none_can_start(planned: list[PlannedStudy]) -> StudyFault:
    told = "".join(f"\n    {each.name}: {line}" for each in planned[:5] for line in str(each.fault).splitlines())
    more = f"\n    and {len(planned) - 5} more" if len(planned) > 5 else ""
    return StudyFault(
        "FL-STUDY-56", "none of the studies can start", found=f"{told}{more}",
        fix="mend the files, or what is set in all of them with --set; fl-estimate check STUDY.toml looks at one",
    )  # fmt: skip
