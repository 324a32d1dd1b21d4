"""The files beside a survey: covariates and populations of areas, and case lists, read and checked before estimating."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import StudyFault, listed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.config import (
    AreaEntry,
    Column,
    Columns,
    SourcesEntry,
    StackEntry,
    Study,
    UnitEntry,
)
from fl_estimate.study.gathering import Faults
from fl_estimate.study.list_entries import LINK_FIRST, CaptureRecaptureEntry
from fl_estimate.study.synthesis_entries import AggregateEntry, ExtensionEntry

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.inputs.survey_data import Source

POPULATION = "population"
NEIGHBOUR = "neighbour"
REGION = "region"
COUNT = "count"


@dataclass(frozen=True, kw_only=True)
class SideTables:
    """Covariates, population and neighbours of one estimate by area, keyed by its by-column; None where not given."""

    covariates: Any = None
    population: Any = None
    neighbours: Any = None


@dataclass(frozen=True, kw_only=True)
class FigureTables:
    """Tables of one estimate made of figures: surveys, population and regions of countries, or cases; None where not given."""

    surveys: Any = None
    population: Any = None
    groups: Any = None
    cases: Any = None


NO_TABLES = FigureTables()


@dataclass(frozen=True, kw_only=True)
class SideFiles:
    """What was read beside the surveys, by estimate."""

    tables: dict[str, SideTables] = field(default_factory=dict[str, SideTables])
    histories: dict[str, CaptureHistories] = field(default_factory=dict[str, CaptureHistories])
    populations: dict[str, float] = field(default_factory=dict[str, float])
    figures: dict[str, FigureTables] = field(default_factory=dict[str, FigureTables])
    files: tuple[Source, ...] = ()


def side_files(study: Study) -> Iterable[str]:
    """Every file beside the surveys that a study names, as written."""
    for entry in study.config.estimate:
        if isinstance(entry, AreaEntry | UnitEntry):
            neighbours = entry.neighbours if isinstance(entry, AreaEntry) else None
            named = (entry.covariates, entry.population, neighbours)
            yield from (_file(each) for each in named if each is not None)
        elif isinstance(entry, CaptureRecaptureEntry):
            yield entry.file
            if entry.mapping is not None and isinstance(study.mapping(entry.mapping), Path):
                yield entry.mapping
        elif isinstance(entry, StackEntry | SourcesEntry) and isinstance(entry.population, str | Column):
            yield _file(entry.population)
        elif isinstance(entry, AggregateEntry):
            yield from (_file(each) for each in (entry.surveys, entry.population, entry.groups) if each is not None)
        elif isinstance(entry, ExtensionEntry):
            yield entry.cases


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
        neighbours that is none.
    """
    reader = _Reader(study)
    read = SideFiles()
    for place, entry in study.numbered():
        with noted.of(place):
            _read_for(reader, place, entry, read)
    return replace(read, files=tuple(reader.sources.values()))


def _read_for(reader: _Reader, key: str, entry: Any, read: SideFiles) -> None:
    """Read what one estimate needs, into the parts of `read`."""
    match entry:
        case AreaEntry():
            read.tables[entry.name] = SideTables(
                covariates=_covariates(reader, f"{key}.covariates", entry.covariates, entry.by, entry.time),
                population=_population(reader, f"{key}.population", entry.population, [entry.by]),
                neighbours=_neighbours(reader, f"{key}.neighbours", entry),
            )
        case UnitEntry():
            read.tables[entry.name] = SideTables(
                covariates=_covariates(reader, f"{key}.covariates", entry.covariates, None),
                population=_cells(reader, f"{key}.population", entry),
            )
        case CaptureRecaptureEntry():
            read.histories[entry.name] = _histories(reader, key, entry)
        case StackEntry(population=str() | Column() as written) | SourcesEntry(population=str() | Column() as written):
            persons = _population(reader, f"{key}.population", written, [])
            read.populations[entry.name] = float(persons[POPULATION].sum())
        case StackEntry(population=int() | float() as number) | SourcesEntry(population=int() | float() as number):
            read.populations[entry.name] = float(number)
        case AggregateEntry():
            read.figures[entry.name] = _countries(reader, key, entry)
        case ExtensionEntry():
            read.figures[entry.name] = FigureTables(cases=_cases(reader, key, entry))
        case _:
            pass


class _Reader:
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
                fix=f"columns of {written}: {listed(frame.columns, most=12)}",
            )
        return frame

    def geojson(self, key: str, written: str) -> Any:
        """A map as a mapping."""
        try:
            content = json.loads(self._study.path(written).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            content, why = None, f"{type(error).__name__}: {error}"
        else:
            why = "no features" if not isinstance(content, dict) or not content.get("features") else ""
        if why:
            raise StudyFault(
                "FL-STUDY-23",
                "a file of neighbours is no map",
                found=f"{key}: {written}: {why}"[:300],
                fix="give GeoJSON with a feature for each area, or a table of neighbours (.csv, .parquet)",
            )
        return content


def _covariates(
    reader: _Reader, key: str, written: str | Columns | None, by: str | None, time: str | None = None
) -> Any:
    """The by-column, or whichever cell columns there are, and the columns named."""
    if written is None:
        return None
    needed = [by] if by is not None else []
    if isinstance(written, Columns):
        frame = reader.frame(key, written.file, [*needed, *written.columns])
        times = [time] if time is not None and time in frame.columns else []
        return frame.select(list(dict.fromkeys([*needed, *times, *written.columns])))
    return reader.frame(key, written, needed)


def _cells(reader: _Reader, key: str, entry: UnitEntry) -> Any:
    """The population's cells with all their columns, and `population`, whatever the file calls it."""
    cells = [entry.cells] if isinstance(entry.cells, str) else list(entry.cells)
    persons = _population(reader, key, entry.population, cells)
    return reader.frame(key, _file(entry.population)).with_columns(persons[POPULATION])


def _neighbours(reader: _Reader, key: str, entry: AreaEntry) -> Any:
    """A map, or the by-column and `neighbour`, whatever the file calls them."""
    written = entry.neighbours
    if written is None:
        return None
    if isinstance(written, str) and written.endswith((".geojson", ".json")):
        return reader.geojson(key, written)
    names = written.columns if isinstance(written, Columns) else [entry.by, NEIGHBOUR]
    frame = reader.frame(key, _file(written), names)
    return frame.select(frame[names[0]].alias(entry.by), frame[names[1]].alias(NEIGHBOUR))


def _population(reader: _Reader, key: str, written: str | Column | None, by: list[str]) -> Any:
    """The by-column and `population`, whatever the file calls it."""
    if written is None:
        return None
    column = written.column if isinstance(written, Column) else POPULATION
    frame = reader.frame(key, _file(written), [*by, column])
    if not frame[column].dtype.is_numeric():
        raise StudyFault("FL-STUDY-08", "a population is not a column of numbers", found=f"{key}: {column!r}")
    return frame.select(*by, frame[column].alias(POPULATION))


def _countries(reader: _Reader, key: str, entry: AggregateEntry) -> FigureTables:
    """What was surveyed, how many live there and to which region each country belongs, whatever the files call it."""
    surveys = None
    if entry.surveys is not None:
        surveys = reader.frame(f"{key}.surveys", entry.surveys, [entry.by, "value", "se"])
        # A country without a survey may stand in the same file with empty figures.
        surveys = surveys.filter(surveys["value"].is_not_null())
    column = entry.groups.column if isinstance(entry.groups, Column) else REGION
    return FigureTables(
        surveys=surveys,
        population=_population(reader, f"{key}.population", entry.population, [entry.by]),
        groups=reader.frame(f"{key}.groups", _file(entry.groups), [entry.by, column]).select(entry.by, column),
    )


def _cases(reader: _Reader, key: str, entry: ExtensionEntry) -> Any:
    """Counts of cases of two forms."""
    frame = reader.frame(f"{key}.cases", entry.cases, [entry.known, entry.wanted])
    wrong = [name for name in (entry.known, entry.wanted) if not frame[name].dtype.is_numeric()]
    if wrong:
        raise StudyFault(
            "FL-STUDY-33", "counts of cases are not columns of numbers", found=f"{key}.cases: {listed(map(repr, wrong))}",
            fix="one row a cell, with a whole number in each of the two columns of counts",
        )  # fmt: skip
    return frame


def _histories(reader: _Reader, key: str, entry: CaptureRecaptureEntry) -> CaptureHistories:
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
    if entry.strata is not None:
        read.split(entry.strata)  # somebody without a stratum is found before anything is estimated
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


def _file(written: str | Column | Columns) -> str:
    return written if isinstance(written, str) else written.file
