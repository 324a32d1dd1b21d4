"""The files beside a survey: tables, maps and case lists, read by what the arguments of methods say of them, before estimating."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fl_estimate.errors import StudyFault, columns_shown, listed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.roles import Apart, FromFile, Neighbours, Persons, Role
from fl_estimate.study.config import Study
from fl_estimate.study.entries import ColumnName, ColumnNames
from fl_estimate.study.forms import LINK_FIRST, Entry, ListsEntry
from fl_estimate.study.gathering import Faults

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.inputs.survey_data import Source

POPULATION = "population"
NEIGHBOUR = "neighbour"
COUNT = "count"
_IN_FILES: tuple[type[Role], ...] = (FromFile, Neighbours, Persons)


@dataclass(frozen=True, kw_only=True)
class SideFiles:
    """What was read beside the surveys, by estimate; tables by the key that names them as well."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    histories: dict[str, CaptureHistories] = field(default_factory=dict[str, CaptureHistories])
    files: tuple[Source, ...] = ()


def side_files(study: Study) -> Iterable[str]:
    """Every file beside the surveys that a study names, as written."""
    for entry in study.config.estimate:
        yield from files_of_entry(study, entry)


def files_of_entry(study: Study, entry: Entry) -> Iterable[str]:
    """The files beside the surveys that one estimate names, as written."""
    if isinstance(entry, ListsEntry):
        yield entry.file
        if entry.mapping is not None and isinstance(study.mapping(entry.mapping), Path):
            yield entry.mapping
    yield from (_file(written) for _, _, written in _named(entry) if not isinstance(written, int | float))


def overlap_files(study: Study) -> frozenset[str]:
    """Tables of a few counts of people on lists, as written: every file of a method that rests on lists, and on nothing before it."""
    return frozenset(
        _file(written)
        for entry in study.config.estimate
        if entry.declared.basis == "lists" and not isinstance(entry, ListsEntry)
        for _, _, written in _named(entry)
        if not isinstance(written, int | float)
    )


def read_side_files(study: Study, noted: Faults) -> SideFiles:
    """Read the files beside the surveys; what cannot be read is noted, and its estimate left out.

    Notes
    -----
    The faults:

    FileFault
        FL-FILE: a file cannot be read.
    ListsFault
        FL-LISTS: case lists that no estimator could make sense of, with every fault of a file in one report.
    StudyFault
        FL-STUDY-10: columns taken as lists that hold words; FL-STUDY-05: a column that is not in the file; FL-STUDY-08: a population that is not numbers; FL-STUDY-23: a map of
        neighbours that is none; FL-STUDY-33: counts that are not numbers.
    """
    reader = _FileReader(study)
    read = SideFiles()
    for position, entry in study.numbered():
        with noted.of(position):
            if isinstance(entry, ListsEntry):
                read.histories[entry.name] = _histories(reader, position, entry)
            tables = {key: _read(reader, f"{position}.{key}", entry, role, given) for key, role, given in _named(entry)}
            read.tables[entry.name] = tables
    return replace(read, files=tuple(reader.sources.values()))


def _named(entry: Entry) -> Iterator[tuple[str, Role, Any]]:
    """The keys of an entry whose value is in a file, with their role and what is written there."""
    for argument in entry.declared.arguments:
        role = next((each for each in argument.roles if isinstance(each, _IN_FILES)), None)
        written = getattr(entry, argument.keys[0]) if role is not None and argument.keys else None
        if role is not None and written is not None:
            yield argument.keys[0], role, written


def _read(reader: _FileReader, key: str, entry: Entry, role: Role, written: Any) -> Any:
    match role:
        case FromFile():
            return _table(reader, key, entry, role, written)
        case Neighbours():
            return _neighbours(reader, key, str(getattr(entry, role.keyed)), written)
        case _ if isinstance(written, int | float):
            return float(written)
        case _:
            persons = _table(reader, key, entry, FromFile(column=POPULATION, whole=False), written)
            return float(persons[POPULATION].sum())


class _FileReader:
    """Reads each file once, and keeps where it came from."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._frames: dict[str, pl.DataFrame] = {}
        self.sources: dict[str, Source] = {}

    def path(self, written: str) -> Path:
        """A file of the study."""
        return self._study.path(written)

    def mapping(self, written: str) -> str | Path:
        """A mapping of the study, or the id of a bundled one."""
        return self._study.mapping(written)

    def frame(self, key: str, written: str, needed: Sequence[str] = ()) -> pl.DataFrame:
        """A file as a frame that has the columns needed."""
        if written not in self._frames:
            from fl_estimate.loaders.files import read_table

            table = read_table(self._study.path(written))
            self._frames[written], self.sources[written] = table.frame.lazy().collect(), table.source
        frame = self._frames[written]
        absent = [name for name in needed if name not in frame.columns]
        if absent:
            raise StudyFault(
                "FL-STUDY-05",
                "the study names columns that are not in the data",
                found=f"{key}: {listed(map(repr, absent))}",
                fix=f"columns of {written}: {columns_shown(frame.columns, known=needed, most=12)}",
            )
        return frame

    def geojson(self, key: str, written: str) -> Any:
        """A map as a mapping."""
        try:
            read: object = json.loads(self._study.path(written).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            content, why = None, f"{type(error).__name__}: {error}"
        else:
            content = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
            why = "" if content.get("features") else "no features"
        if why:
            raise StudyFault(
                "FL-STUDY-23",
                "a file of neighbours is no map",
                found=f"{key}: {written}: {why}"[:300],
                fix="give GeoJSON with a feature for each area, or a table of neighbours (.csv, .parquet)",
            )
        return content


def _table(reader: _FileReader, key: str, entry: Entry, role: FromFile, written: str | ColumnName | ColumnNames) -> Any:
    """The columns that are wanted, or all, as numbers where they must be."""
    wanted = written.column if isinstance(written, ColumnName) else role.column
    chosen = written.columns if isinstance(written, ColumnNames) else []
    counts = [str(getattr(entry, name)) for name in role.counts]
    needed = [*_columns(entry, role.keyed), *role.needs, *chosen, *([wanted] if wanted else []), *counts]
    frame = reader.frame(key, _file(written), needed)
    _require_numbers(key, frame, [wanted] if wanted and role.number else [], counts)
    if role.filled:
        frame = frame.filter(frame[role.filled].is_not_null())
    if role.check is not None:
        role.check(frame)
    if role.whole and not chosen:
        return frame.with_columns(frame[wanted].alias(role.column)) if wanted else frame
    present = [name for name in _columns(entry, role.also) if name in frame.columns]
    kept = list(dict.fromkeys([*_columns(entry, role.keyed), *present, *role.needs, *chosen]))
    called = role.column if role.number else wanted
    return frame.select(*kept, *([frame[wanted].alias(called)] if wanted else []))


def _require_numbers(key: str, frame: pl.DataFrame, persons: Sequence[str], counts: Sequence[str]) -> None:
    wrong = [name for name in persons if not frame[name].dtype.is_numeric()]
    if wrong:
        raise StudyFault("FL-STUDY-08", "a population is not a column of numbers", found=f"{key}: {wrong[0]!r}")
    wrong = [name for name in counts if not frame[name].dtype.is_numeric()]
    if wrong:
        raise StudyFault(
            "FL-STUDY-33", "counts of cases are not columns of numbers", found=f"{key}: {listed(map(repr, wrong))}",
            fix="one row a cell, with a whole number in each of the two columns of counts",
        )  # fmt: skip


def _columns(entry: Entry, keys: Sequence[str]) -> list[str]:
    """The columns that keys of an entry name."""
    found: list[str] = []
    for key in keys:
        named = getattr(entry, key)
        found += [named] if isinstance(named, str) else list(cast("list[str]", named or []))
    return list(dict.fromkeys(found))


def _neighbours(reader: _FileReader, key: str, by: str, written: str | ColumnNames) -> Any:
    """A map, or the by-column and `neighbour`, whatever the file calls them."""
    if isinstance(written, str) and written.endswith((".geojson", ".json")):
        return reader.geojson(key, written)
    names = written.columns if isinstance(written, ColumnNames) else [by, NEIGHBOUR]
    frame = reader.frame(key, _file(written), names)
    return frame.select(frame[names[0]].alias(by), frame[names[1]].alias(NEIGHBOUR))


def _histories(reader: _FileReader, key: str, entry: ListsEntry) -> CaptureHistories:
    """Counts of histories where the file has a column of counts, else one row a person; all columns are lists if none are named."""
    from fl_estimate.loaders.lists import load_lists

    named = entry.count is not None
    needed = [*(entry.lists or []), *([entry.count] if entry.count is not None else []), *entry.kept]
    # With a mapping the names are those that it gives, which `load_lists` looks for.
    frame = reader.frame(key, entry.file, needed if entry.mapping is None else [])
    count = entry.count if entry.count is not None else COUNT
    lists = entry.lists
    if lists is None:
        lists = [name for name in frame.columns if name not in (count, *entry.kept)]
        _require_lists(key, frame, lists)
    read = load_lists(
        reader.path(entry.file),
        lists=lists,
        count=count if named or (entry.mapping is None and count in frame.columns and count not in lists) else None,
        covariates=entry.kept,
        mapping=reader.mapping(entry.mapping) if entry.mapping is not None else None,
    )
    apart = [getattr(entry, each.keys[0]) for each, _ in entry.declared.having(Apart)]
    for column in (entry.strata, *apart):
        if column is not None:
            read.split(column)  # somebody without a stratum is found before anything is estimated
    return read.about(outcome=entry.outcome, population=entry.population, reference_period=entry.reference_period)


def _require_lists(key: str, frame: pl.DataFrame, lists: Sequence[str]) -> None:
    """Refuse a file whose columns are taken as lists, and hold words or dates: names, numbers of passports, birthdays."""
    import polars.selectors as cs

    strange = frame.select(cs.by_name(*lists) - cs.numeric() - cs.boolean()).columns
    if strange:
        raise StudyFault(
            "FL-STUDY-10",
            "columns that hold no numbers were taken as lists",
            found=f"{key}.file: {listed(map(repr, strange), most=12)}",
            fix=f'say which columns are lists, lists = ["police", "ngo"], and keep others as covariates or strata; {LINK_FIRST}',
        )


def _file(written: str | ColumnName | ColumnNames) -> str:
    return written if isinstance(written, str) else written.file
