"""Published figures computed again: targets read from TOML, our figure beside the printed one, and whether they agree.

A target says what was printed, from which printed inputs it follows, and how. All faults of all files come at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fl_estimate.errors import FlError, StudyFault, is_file, listed, nearest, not_toml
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.reproduction import (
    Outcome,
    Reproduction,
    Rounded,
    judge,
    monte_carlo,
    not_computed,
    range_of,
    told_otherwise,
)
from fl_estimate.study.target_binding import Input
from fl_estimate.study.target_formula import FormulaError
from fl_estimate.study.target_lists import ListReading, read_list_method
from fl_estimate.study.target_reading import Reading, read_method
from fl_estimate.study.target_units import Unit, read_unit, unit_in_label

BUNDLED = "fl_estimate.datasets"
FOLDER = "targets"
FILES: tuple[str, ...] = ("published.toml", "case_lists.toml", "not_reproduced.toml")
Finite = Annotated[float, Field(allow_inf_nan=False)]
OPEN_KEYS: tuple[str, ...] = ("golden_", "implied_", "computed")
"""Keys beginning so are notes of who wrote the target; they are not read."""


class InputEntry(BaseModel):
    """``[[inputs]]``: a printed figure. `unit` and `symbol` are for where label and formula do not say it themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    label: str
    value: Finite
    rounding_halfwidth: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    unit: str | None = None
    symbol: str = ""
    table: str = ""
    document: str = ""
    table_or_page: str = ""
    source_status: str = ""


class TargetEntry(BaseModel):
    """A published figure: what is printed, where, from which inputs it follows, and how."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, hide_input_in_errors=True)

    id: Annotated[str, Field(min_length=1)]
    description: str = ""
    document: str = ""
    table_or_page: str = ""
    source_status: str = ""
    inputs_table: str | list[str] = []
    inputs: list[InputEntry] = []
    method: str = ""
    function: str = ""
    arguments: dict[str, Any] = {}
    unit: str = ""
    kind: str = ""
    window_years: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    published: Finite | Annotated[list[Finite], Field(min_length=2, max_length=2)] | None = None
    printed: str = ""
    published_halfwidth: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    published_monte_carlo: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    target_kind: str = ""
    computed: Any = None
    computed_interval_from_input_rounding: Any = None
    match: bool = True
    exact_after_rounding: bool | None = None
    inputs_verified: bool | None = None
    strength: str = ""
    note: str = ""
    reason: str = ""

    @property
    def tables(self) -> list[str]:
        return [self.inputs_table] if isinstance(self.inputs_table, str) else list(self.inputs_table)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target that was read; `reading` is None where its inputs were never published, or `trouble` says what is not understood."""

    entry: TargetEntry
    inputs: tuple[Input, ...] = ()
    reading: Reading | ListReading | None = None
    histories: CaptureHistories | None = None
    trouble: str = ""


def reproduce(targets: Sequence[str | Path] = ()) -> Reproduction:
    """Compute published figures again from the inputs that were published with them.

    Parameters
    ----------
    targets : sequence of str or Path
        Ids of bundled targets, or TOML files of your own; all bundled targets without any.

    Returns
    -------
    Reproduction
        One outcome a target: `to_frame`, `to_csv`, `to_html`; `ok` where every target marked reproducible agrees.

    Raises
    ------
    FileFault
        FL-FILE-01: there is no such file.
    StudyFault
        FL-STUDY-30: targets are broken, every fault of every file at once; FL-STUDY-31: no target of this id.

    Notes
    -----
    A figure agrees where the range of ours, every input moved by half its last printed digit, meets the printed figure ±
    half of its own. That is lenient; `exact_after_rounding` says whether our central value prints the same.

    Examples
    --------
    >>> from fl_estimate.study.reproduce import reproduce
    >>> reproduce(["nepal2018-flow-to-stock"]).to_frame()[["computed", "agrees", "exact_after_rounding"]].values.tolist()
    [[31851.04, True, False]]
    """
    return Reproduction(outcomes=tuple(_outcome(target) for target in read_targets(targets)))


def read_targets(targets: Sequence[str | Path] = ()) -> tuple[Target, ...]:
    """Read targets by id or file, and understand how each is computed; see `reproduce`."""
    if not targets:
        return bundled_targets()
    known = {target.entry.id: target for target in bundled_targets()}
    faults: list[str] = []
    unknown: list[str] = []
    found: list[Target] = []
    for given in targets:
        if Path(given).suffix.lower() == ".toml":
            found += _read_file(Path(given), known, faults)
        elif str(given) in known:
            found.append(known[str(given)])
        else:
            unknown.append(str(given))
    if unknown:
        raise _unknown(unknown, list(known))
    if faults:
        raise _broken(faults)
    return tuple(found)


@cache
def bundled_targets() -> tuple[Target, ...]:
    """The targets that come with the library."""
    folder = resources.files(BUNDLED) / FOLDER
    faults: list[str] = []
    found: list[Target] = []
    for file in (folder / name for name in FILES):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        found += _understood(content, file.name, None, {t.entry.id: t for t in found}, faults)
    if faults:
        raise _broken(faults)
    return tuple(found)


def _read_file(path: Path, known: Mapping[str, Target], faults: list[str]) -> list[Target]:
    """The targets of one file; what is wrong with it is added to the faults."""
    from fl_estimate.errors import FileFault

    if not is_file(path):
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix="check the path of the target file")
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        faults.append(f"{path.name}: it is not valid TOML: {not_toml(error)}")
        return []
    return _understood(content, path.name, path.parent, known, faults)


def _understood(
    content: Mapping[str, Any], file: str, folder: Path | None, known: Mapping[str, Target], faults: list[str]
) -> list[Target]:
    """Every target of a file: one at the top of it, or several as ``[[target]]``."""
    several = content.get("target")
    entries = cast("list[Any]", several) if isinstance(several, list) else [content]
    if isinstance(several, list) and len(content) > 1:
        faults += [f"{file}: {key}: a file of [[target]] has no other keys" for key in content if key != "target"]
    found: list[Target] = []
    ids: set[str] = set()
    for place, raw in enumerate(entries, 1):
        where = f"{file}: target[{place}]" if isinstance(several, list) else file
        own: list[str] = []
        entry = _entry(raw, own)
        if entry is not None:
            where += f" ({entry.id})"
            if entry.id in ids:
                own.append(f"id: {entry.id!r} is used twice")
            ids.add(entry.id)
            if not own:
                found.append(_target(entry, folder, {**known, **{t.entry.id: t for t in found}}))
        faults += [f"{where}: {fault}" for fault in own]
    return found


def _entry(raw: Any, faults: list[str]) -> TargetEntry | None:
    """A target's keys, checked one by one."""
    if not isinstance(raw, dict):
        faults.append("it is not a table of keys")
        return None
    fields = list(TargetEntry.model_fields)
    given = cast("dict[str, Any]", raw)
    for key in given:
        if key not in fields and not key.startswith(OPEN_KEYS):
            close = nearest(key, fields)
            faults.append(f"{key}: no such key{f'; did you mean {close!r}?' if close else ''}")
    try:
        entry = TargetEntry.model_validate(given)
    except ValidationError as error:
        faults += list(_said(error, given))
        return None
    faults += list(_missing(entry))
    return entry


def _said(error: ValidationError, raw: Mapping[str, Any]) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        place = ""
        for part in fault["loc"]:
            if isinstance(part, int):
                place += f"[{part + 1}]"
            elif part in TargetEntry.model_fields or part in InputEntry.model_fields or (part in raw and not place):
                place += f".{part}" if place else str(part)
            elif fault["type"] == "extra_forbidden":
                place += f".{part}"
        if fault["type"] == "missing":
            reason = "it must be given"
        elif fault["type"] == "extra_forbidden":
            close = nearest(str(fault["loc"][-1]), list(InputEntry.model_fields))
            reason = f"no such key{f'; did you mean {close!r}?' if close else ''}"
        else:
            reason = str(fault["msg"]).replace("Input should", "it should").replace("List should", "it should")
        told.setdefault(place or "the file", []).append(reason)
    yield from (f"{place}: {' or '.join(dict.fromkeys(reasons))}" for place, reasons in told.items())


def _missing(entry: TargetEntry) -> Iterator[str]:
    """What a target needs beyond single keys."""
    computable = bool(entry.inputs or entry.tables)
    if entry.published is None and not entry.printed:
        yield "published: it must be given"
    if entry.match and not computable:
        yield "inputs: a target that is to be reproduced needs [[inputs]], or inputs_table = [case lists]"
    if computable and not entry.method and not entry.function and not entry.kind:
        yield "method: it must be given, as a formula or in words"
    if not entry.match and not entry.reason:
        yield "reason: a target with match = false says why"
    if entry.match and entry.published is None and entry.printed:
        yield "published: a number is needed where match is true"
    for place, given in enumerate(entry.inputs, 1):
        if given.unit is not None and read_unit(given.unit) is None:
            yield f"inputs[{place}].unit: {given.unit!r} is not known; write percent, per 1,000, million, US$bn, years …"
    if isinstance(entry.published, list) and entry.published[0] > entry.published[1]:
        yield "published: the lower limit comes first"


def _target(entry: TargetEntry, folder: Path | None, known: Mapping[str, Target]) -> Target:
    """A target with its method understood; one that is not says so in its own row, and the others are computed."""
    if not (entry.inputs or entry.tables):
        return Target(entry=entry)
    inputs = tuple(_input(given) for given in entry.inputs)
    try:
        if not inputs:
            return _of_lists(entry, folder, known)
        like = _like(entry.method, known)
        method, kind = (like.entry.method, like.entry.kind) if like is not None else (entry.method, entry.kind)
        unit = read_unit(entry.unit) or Unit("count", 1.0)
        reading = read_method(
            method, inputs, unit, kind=entry.kind or kind, window_years=entry.window_years, hints=[entry.description]
        )
        if not np.isfinite(reading.compute(np.array([[i.value] for i in inputs]))).all():
            raise FormulaError("it gives no number with these inputs")
        return Target(entry=entry, inputs=inputs, reading=reading)
    except FormulaError as error:
        return Target(
            entry=entry, inputs=inputs, trouble=f"method {entry.method!r}: {error}" if entry.method else str(error)
        )
    except FlError as error:
        return Target(entry=entry, inputs=inputs, trouble=f"[{error.code}] {error.what}; {error.fix}")


def _input(given: InputEntry) -> Input:
    unit = unit_in_label(given.label) if given.unit is None else read_unit(given.unit)
    return Input(
        label=given.label, value=given.value, halfwidth=given.rounding_halfwidth, unit=unit or Unit("count", 1.0),
        unit_said=unit is not None, symbol=given.symbol, document=given.document, page=given.table_or_page, table=given.table,
    )  # fmt: skip


def _like(method: str, known: Mapping[str, Target]) -> Target | None:
    """The target that another's method points to: "as uk2013-mse-ukdat"."""
    words = method.strip().split()
    if len(words) < 2 or words[0].lower() not in ("as", "like"):
        return None
    return known.get(words[1].strip(".,;"))


def _of_lists(entry: TargetEntry, folder: Path | None, known: Mapping[str, Target]) -> Target:
    """A target whose inputs are case lists: a file beside the target, or a bundled data set of that name."""
    like = _like(entry.method, known)
    method, function, arguments = entry.method, entry.function, entry.arguments
    if like is not None and not function:
        rest = entry.method.split(None, 2)[2:]
        method, function, arguments = " ".join([like.entry.method, *rest]), like.entry.function, like.entry.arguments
    reading = read_list_method(method, function, arguments)
    return Target(entry=entry, reading=reading, histories=_histories(entry.tables[0], folder))


def _histories(name: str, folder: Path | None) -> CaptureHistories:
    import pandas as pd

    from fl_estimate import datasets

    for path in [] if folder is None else [folder / name, folder / "tables" / name, folder.parent / "tables" / name]:
        if path.is_file():
            frame = pd.read_csv(path)
            return CaptureHistories.from_counts(frame, lists=[str(c) for c in frame.columns if c != "count"])
    stem = Path(name).stem
    found = datasets.load(stem) if stem in datasets.names() else None
    if not isinstance(found, CaptureHistories):
        raise FormulaError(f"inputs_table: {name!r} is neither a file beside the target nor a bundled table of case lists; "
                           "a figure made of single numbers has them as [[inputs]]")  # fmt: skip
    return found


def _outcome(target: Target) -> Outcome:
    """Compute one target and judge it; what cannot be computed is an outcome too."""
    entry = target.entry
    half = entry.published_halfwidth or 0.0
    printed = entry.printed or _as_printed(entry.published)
    shared: dict[str, Any] = {
        "id": entry.id, "description": entry.description, "document": entry.document, "page": entry.table_or_page,
        "status": entry.source_status, "printed": printed, "unit": entry.unit, "expected": entry.match, "reason": entry.reason,
        "note": entry.note, "inputs": target.inputs, "tables": tuple(entry.tables), "strength": entry.strength,
    }  # fmt: skip
    reading = target.reading
    if reading is None:
        return not_computed({**shared, "reason": target.trouble or entry.reason})
    chance = 0.0
    try:
        if isinstance(reading, ListReading):
            assert target.histories is not None
            size = (read_unit(entry.unit) or Unit("count", 1.0)).scale
            found = reading.compute(target.histories)
            ranged = Rounded(value=found.value / size, lower=found.lower / size, upper=found.upper / size)
            chance = monte_carlo(found.monte_carlo / size, entry.published_monte_carlo)
        else:
            ranged = range_of(reading, target.inputs)
    except FlError as error:
        return not_computed({**shared, "reason": f"[{error.code}] {error.what}: {error.found}"})
    except (TypeError, ValueError) as error:  # a setting of a type that the function cannot take
        if not entry.arguments:
            raise
        return not_computed(
            {**shared, "reason": f"arguments {entry.arguments!r} do not fit {reading.function}: {error}"}
        )
    shared["author"] = told_otherwise(ranged.value, entry.computed)
    return judge(shared, ranged, entry.published, half, words=reading.words, function=reading.function,
                 of_lists=isinstance(reading, ListReading), chance=chance)  # fmt: skip


def _as_printed(published: float | list[float] | None) -> str:
    if published is None:
        return ""
    return " to ".join(f"{x:.15g}" for x in (published if isinstance(published, list) else [published]))


def _unknown(names: Sequence[str], known: Sequence[str]) -> StudyFault:
    """Ids that there are not, each with those that hold its letters or come near it; never the whole long list."""
    said: list[str] = []
    for name in names:
        near = [each for each in known if name.lower() in each.lower()][:5] or [nearest(name, known)]
        said.append(f"{name!r}{f'; did you mean {listed(near)}?' if near[0] else ''}")
    return StudyFault(
        "FL-STUDY-31", "no bundled target has this id", found=", ".join(said) if len(said) == 1 else "\n    " + "\n    ".join(said),
        fix="fl-estimate reproduce without an id shows all of them; a file of your own ends in .toml",
    )  # fmt: skip


def _broken(faults: Sequence[str]) -> StudyFault:
    return StudyFault(
        "FL-STUDY-30",
        f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'} in files of targets; nothing was computed",
        found="\n    " + "\n    ".join(faults),
        fix="see the how-to on reproducing a figure for the keys of a target",
    )
