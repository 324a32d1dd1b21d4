"""`fl.load`: files and a mapping in, one checked survey out."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import DataFault, not_one_of
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.file_table import Engine, FileTable
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.fit import not_fitting, require_fit, whole_rule
from fl_estimate.loaders.household import survey_faults, with_households
from fl_estimate.loaders.mapping import Mapping, TableRule
from fl_estimate.loaders.tables import Filled, own_table, taken_table, widen
from fl_estimate.schema.validate import ValidationReport
from fl_estimate.schema.variables import TABLES

if TYPE_CHECKING:
    import polars as pl

ENGINES: tuple[Engine, ...] = ("pandas", "polars")


def load(
    path: str | Path | Dictionary[str, str | Path],
    *,
    mapping: str | Path | Dictionary[str, Any] | Mapping,
    engine: Engine = "pandas",
) -> SurveyData:
    """Load a survey file into the common schema, and check every row.

    Parameters
    ----------
    path : str, Path, or dict of str to path
        The file of people, or one file for each table: ``{"people": "persons.sav", "households": "hh.sav"}``.
        SPSS (.sav, .zsav), Stata (.dta), SAS (.sas7bdat, .xpt), delimited text (.csv, .tsv) or Parquet.
    mapping : str, Path, dict or Mapping
        A mapping file, the id of a bundled mapping (``"ene2020"``), or a mapping.
    engine : {"pandas", "polars"}
        What the tables are. With "polars" a Parquet file stays a lazy frame, and is streamed when checked.

    Returns
    -------
    SurveyData
        Tables, design, source, reference period, population, and the report of the checks (warnings only:
        errors are raised).

    Raises
    ------
    FileFault
        FL-FILE-01 to FL-FILE-07: a file cannot be read.
    MappingFault
        FL-MAP-01 to FL-MAP-03 (the mapping is broken), FL-MAP-04 (it does not fit the files).
    DataFault
        FL-DATA-01: records break the schema; the error carries the whole report. FL-DATA-02: unknown engine.

    Notes
    -----
    Columns that the mapping does not name keep their names on the table their file fills. Blank texts are null.
    Columns of whole numbers are whole numbers, whatever the file format stores them as. A value that the file
    declares missing is null unless a recode gives its code a meaning. A person without a mapped id gets the row
    number as id. Columns of the household are copied onto people.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> data = fl.load("ene.sav", mapping="ene2020")  # doctest: +SKIP
    """
    if engine not in ENGINES:
        raise not_one_of("FL-DATA-02", "this engine", engine, ENGINES, DataFault)
    read = Mapping.read(mapping)
    files = _files(path, read)
    rules = {name: whole_rule(TABLES[name], rule, _columns(files, name)) for name, rule in read.tables.items()}
    require_fit(read, files, rules)
    filled = _filled(read, files, rules, stay_lazy=engine == "polars")
    people = with_households(filled["people"], filled["households"]) if "households" in filled else filled["people"]
    design = read.sample_design()
    taken = frozenset(name for name, rule in rules.items() if rule.source is not None)
    report = ValidationReport(survey_faults(filled, design, people, taken))
    report.require(files["people"].source.name)
    tables = {**filled, "people": people}
    return SurveyData(
        **{name: _native(table, files.get(name, files["people"]), engine) for name, table in tables.items()},
        design=design,
        sources={name: file.source for name, file in files.items()},
        reference_period=read.period(),
        population=read.population,
        report=report,
        mapping=read.id,
    )


def _files(path: str | Path | Dictionary[str, str | Path], mapping: Mapping) -> dict[str, FileTable]:
    """Read the file of every table that has one of its own."""
    paths = dict(path) if isinstance(path, Dictionary) else {"people": path}
    own = [name for name, rule in mapping.tables.items() if rule.source is None]
    faults = [
        f"{name}: a file is given, and the mapping has no [{name}] with a file" for name in paths if name not in own
    ]
    faults += [
        f'{name}: no file is given; load({{"people": …, "{name}": …}}), or [{name}] from = "people"'
        for name in own
        if name not in paths
    ]
    if faults:
        raise not_fitting(faults)
    return {name: read_table(file, written=mapping.text_format()) for name, file in paths.items()}


def _columns(files: Dictionary[str, FileTable], table: str) -> list[str]:
    return files[table].columns if table in files else []


def _filled(
    mapping: Mapping, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule], *, stay_lazy: bool
) -> dict[str, Filled]:
    filled: dict[str, Filled] = {}
    for name, file in files.items():
        of_this_file = {
            other: (TABLES[other], rule) for other, rule in rules.items() if other == name or rule.source == name
        }
        ordered = {name: of_this_file.pop(name), **of_this_file}
        wide = widen(mapping, file, ordered)
        own = own_table(wide, file, *ordered[name])
        if not (stay_lazy and _is_lazy(file)):
            own = own.in_memory()
        filled[name] = own
        for other, (table, rule) in of_this_file.items():
            filled[other] = taken_table(wide, own, table, rule)
    return {name: filled[name] for name in TABLES if name in filled}


def _is_lazy(file: FileTable) -> bool:
    import polars as pl

    return isinstance(file.frame, pl.LazyFrame)


def _native(table: Filled, file: FileTable, engine: Engine) -> Any:
    """Give a table in the form of the engine: without row numbers and masks."""
    frame = table.frame.select(table.columns)
    if engine == "pandas":
        return _to_pandas(frame.collect())
    return frame if _is_lazy(file) else frame.collect()


def _to_pandas(frame: pl.DataFrame) -> Any:
    import pandas as pd
    import pyarrow as pa

    # whole numbers and Booleans keep their nulls: as numpy columns they would become fractions and objects
    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return frame.to_pandas(types_mapper=kinds.get, date_as_object=False)
