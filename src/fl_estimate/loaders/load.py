"""`fl.load`: files and a mapping in, one checked survey out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import Any

from fl_estimate.errors import DataFault, MappingFault, decoding, not_one_of
from fl_estimate.inputs.engines import ENGINES, Engine, require_engine
from fl_estimate.inputs.survey_data import Labels, SurveyData
from fl_estimate.inputs.survey_storage import pandas_of
from fl_estimate.loaders.checking import Mode, judged, require_mode, without_bad_cells
from fl_estimate.loaders.computed import with_computed
from fl_estimate.loaders.currencies import in_one_currency
from fl_estimate.loaders.engine_tables import EngineTables
from fl_estimate.loaders.family_network import relative_faults, relatives_once
from fl_estimate.loaders.file_table import FileTable
from fl_estimate.loaders.fit import require_fit, whole_rule
from fl_estimate.loaders.household import survey_findings, with_households
from fl_estimate.loaders.joining import files_of, read_files
from fl_estimate.loaders.labelled_missing import require_declared, with_declared
from fl_estimate.loaders.labelled_otherwise import require_alike
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import TableRule, is_number, main_text
from fl_estimate.loaders.one_row import on_one_row
from fl_estimate.loaders.people_rows import one_row_a_person
from fl_estimate.loaders.reading_apart import reading
from fl_estimate.loaders.recruitment_chains import recruitment_faults
from fl_estimate.loaders.selection import with_selection
from fl_estimate.loaders.tables import Filled, own_table, pieces_of, taken_table, widen
from fl_estimate.loaders.wording import wording_of
from fl_estimate.schema.asking import Asking, answered, nothing_asked
from fl_estimate.schema.validate import Fault, ValidationReport
from fl_estimate.schema.variables import TABLES

type Question[T] = Callable[[SurveyData], Asking[T]]
"""From the mapped tables, lazy frames of polars, to what asks for frames of them."""


def load(
    path: str | Path | Dictionary[str, str | Path],
    *,
    mapping: str | Path | Dictionary[str, Any] | Mapping,
    engine: Engine = "pandas",
    mode: Mode = "normal",
    apart: bool = True,
    folder: str | Path | None = None,
) -> SurveyData:
    """Load a survey file into the common schema, and check every row.

    Parameters
    ----------
    path : str, Path, or dict of str to path
        The file of people, or one file for each table: ``{"people": "persons.sav", "households": "hh.sav"}``. Files that
        the mapping names under ``[source]`` are found beside it.
        SPSS, Stata, SAS, delimited text, workbooks, Parquet; the reference page of file formats lists every ending.
        ``"folder/*.parquet"`` is all files that match, one under the other, ``"folder"`` all Parquet files in it and its
        subfolders; folders called ``year=2026`` become a column, by the rule of `Folder`.
    mapping : str, Path, dict or Mapping
        A mapping file, the id of a bundled mapping (``"ene2020"``), or a mapping.
    engine : {"pandas", "polars", "duckdb", "dask", "spark"}
        What the tables are. With "polars" a Parquet file stays a lazy frame, and is streamed when checked. For the last three
        polars streams the mapped tables into Parquet once, and the engine reads them there as they are needed; they are
        extras: ``pip install "fl_estimate[duckdb]"``.
    mode : {"normal", "strict", "lenient"}
        "strict": a warning stops the load too. "lenient": a cell that breaks a rule of its own (a code that is not
        in the list, a number out of its limits, no date) is left out, and the report says so as a warning.
    apart : bool, default True
        Read files of formats whose parsers broken bytes can bring down (SPSS, Stata, SAS, workbooks) in a process of their own, with limits
        of memory and time. False reads them in this process.
    folder : str or Path, optional
        Where the mapped tables of "duckdb", "dask" and "spark" are written, with respondents' answers: a new or empty folder, which
        every worker of a cluster can read. None: a folder of this user's alone, removed when Python ends.

    Returns
    -------
    SurveyData
        Tables, design, source, reference period, population, and the report of the checks (warnings only:
        errors are raised).

    Raises
    ------
    FileFault
        FL-FILE-01 to FL-FILE-07, FL-FILE-10: a file cannot be read. FL-FILE-35, FL-FILE-36: the engine's package, or Java, is not
        there. FL-FILE-37, FL-FILE-38: the folder holds something, or cannot be written. FL-FILE-39 to FL-FILE-41, FL-FILE-46: a
        pattern that matches no file, or files that are not one table.
    MappingFault
        FL-MAP-01 to FL-MAP-03 (the mapping is broken), FL-MAP-04 (it does not fit the files), FL-MAP-05
        (codes labelled as missing that nobody declared missing would be read as answers), FL-MAP-06 (labels of codes
        taken as they stand say another code of the schema: ``sex`` with 1 = "Female").
    DataFault
        FL-DATA-01: records break the schema; the error carries the whole report. FL-DATA-02: unknown engine. FL-DATA-03: unknown mode.

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
    return load_and_ask(path, mapping=mapping, engine=engine, mode=mode, apart=apart, folder=folder)[0]


def load_and_ask[T](
    path: str | Path | Dictionary[str, str | Path],
    *,
    mapping: str | Path | Dictionary[str, Any] | Mapping,
    engine: Engine = "pandas",
    mode: Mode = "normal",
    apart: bool = True,
    folder: str | Path | None = None,
    ask: Question[T] | None = None,
) -> tuple[SurveyData, T | None]:
    """As `load`; of files that are read lazily something more is asked in the pass that checks their rows.

    Parameters
    ----------
    ask : callable, optional
        From the survey with its tables as lazy frames of polars, whatever the engine, to what asks for frames of them (`schema.asking`).

    Returns
    -------
    tuple
        The survey, and what was found; None where nothing was asked, or a table is in memory.
    """
    if engine not in ENGINES:
        raise not_one_of("FL-DATA-02", "this engine", engine, ENGINES, DataFault)
    require_engine(engine)
    with reading(apart=apart), decoding():
        if engine in ("pandas", "polars"):
            return _loaded(path, mapping, engine, mode, ask=ask)
        with EngineTables(engine, folder) as tables:
            data, found = _loaded(path, mapping, engine, mode, tables, ask)
            return tables.read(data), found


def _loaded[T](
    path: str | Path | Dictionary[str, str | Path],
    mapping: str | Path | Dictionary[str, Any] | Mapping,
    engine: Engine,
    mode: Mode,
    written: EngineTables | None = None,
    ask: Question[T] | None = None,
) -> tuple[SurveyData, T | None]:
    """Files and a mapping in, one checked survey out."""
    require_mode(mode)
    read = Mapping.read(mapping)
    paths = files_of(path, read)
    files, joined_files, of_joins = read_files(paths, read)
    rules = {name: whole_rule(TABLES[name], rule, _columns(files, name)) for name, rule in read.tables.items()}
    if read.source.labelled_missing == "missing":
        files = {name: with_declared(file) for name, file in files.items()}
    _require_all(
        lambda: require_fit(read, files, rules),
        lambda: require_alike(files, rules),
        lambda: require_declared(read, files, rules),
    )
    filled, of_people = _filled(read, files, rules, stay_lazy=engine != "pandas")
    filled, of_money = in_one_currency(filled, read.rates)
    filled, told_again = relatives_once(filled)
    people = with_households(filled["people"], filled["households"]) if "households" in filled else filled["people"]
    people, of_selection = with_selection(people, read.selection)
    design = read.sample_design()
    taken = frozenset(name for name, rule in rules.items() if rule.source is not None)
    main = files[_root("people", files, rules)]
    tables = on_one_row({**filled, "people": people})
    if mode == "lenient":
        tables = {name: without_bad_cells(table) for name, table in tables.items()}
    lazy = {
        name: table.frame.select(table.columns)
        for name, table in tables.items()
        if engine != "pandas" and _is_lazy(files[_root(name, files, rules)])
    }
    findings = survey_findings(filled, design, people, taken, read.totals)
    # The very frames that are checked, with columns of the file beside the mapped: polars reads once what is the same to the letter.
    whole: dict[str, Any] = {name: table.frame for name, table in tables.items()}
    question = (
        nothing_asked()
        if ask is None or len(lazy) < len(tables)
        else ask(SurveyData(**whole, design=design, reference_period=read.period()))
    )
    # One pass over the file: what breaks the schema, what else is asked of the people, and the tables for another engine.
    answers: list[Any] = answered([question, *findings], beside=[] if written is None else written.sinks(lazy))
    faults = (
        *of_joins,
        *of_people,
        *(fault for found in answers[1:] for fault in found),
        *of_money,
        *of_selection,
        *told_again,
        *relative_faults(filled),
        *recruitment_faults(filled),
        *_guessed_encodings(files),
    )
    report = ValidationReport(judged(faults, mode))
    report.require(main.source.name)
    labels = {name: _labels(tables[name], rules[name], files[_root(name, files, rules)]) for name in tables}
    data = SurveyData(
        **{name: lazy[name] if name in lazy else _native(table, engine) for name, table in tables.items()},
        design=design,
        sources={**{name: file.source for name, file in files.items()}, **joined_files},
        reference_period=read.period(),
        population=main_text(read.population),
        report=report,
        mapping=read.id,
        labels=labels,
        wording=wording_of(read, labels, rules, files),
        totals=read.totals,
    )
    return data, answers[0]


def _require_all(*checks: Callable[[], None]) -> None:
    """Make every check of a mapping against its files, and tell all of their faults in one round."""
    faults: list[MappingFault] = []
    for check in checks:
        try:
            check()
        except MappingFault as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise MappingFault(
            "FL-MAP-07",
            "the mapping and its files have faults of several kinds",
            found="\n    ".join(["", *(str(fault).replace("\n", "\n    ") for fault in faults)]),
            fix="correct all of them; each says what was found and how to mend it",
        )


def _guessed_encodings(files: Dictionary[str, FileTable]) -> Iterator[Fault]:
    """A warning for each text file whose encoding was found out, and may be another."""
    for name, file in files.items():
        if file.guessed:
            text = f"read as {file.source.encoding}, which was found out; [source] encoding says it"
            yield Fault(table=name, variable="texts", rule="encoding", value_class=text, count=0, severity="warning")


def _labels(table: Filled, rule: TableRule, file: FileTable) -> Labels:
    """Carry the labels of source columns over to the variables made from them; those of codes if they were kept."""
    of = {name: name for name in file.columns if name in table.columns}
    kept = dict(of)
    for name, variable in rule.variables.items():
        if variable.column is not None:
            of[name] = variable.column
            if variable.recode is None:
                kept[name] = variable.column
            else:
                kept.pop(name, None)
    return Labels(
        variables={name: file.variable_labels[source] for name, source in of.items() if source in file.variable_labels},
        values={name: file.value_labels[source] for name, source in kept.items() if source in file.value_labels},
        valid={
            name: tuple(float(code) if is_number(str(code)) else code for code in variable.valid)
            for name, variable in rule.variables.items()
            if variable.valid
        },
    )


def _root(name: str, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule]) -> str:
    """The table whose file a table's rows come from."""
    return name if name in files else rules[name].source or name


def _columns(files: Dictionary[str, FileTable], table: str) -> list[str]:
    return files[table].columns if table in files else []


def _filled(
    mapping: Mapping, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule], *, stay_lazy: bool
) -> tuple[dict[str, Filled], tuple[Fault, ...]]:
    """Fill every table; and find the faults of people who have no rows of their own in a file."""
    filled: dict[str, Filled] = {}
    faults: tuple[Fault, ...] = ()
    for name, file in files.items():
        others = {other: pieces_of(TABLES[other], rule) for other, rule in rules.items() if rule.source == name}
        (own_piece,) = pieces_of(TABLES[name], rules[name])
        wide = widen(mapping, file, [own_piece, *(piece for pieces in others.values() for piece in pieces)])
        own = own_table(wide, file, own_piece)
        if not (stay_lazy and _is_lazy(file)):
            own = own.in_memory()
        filled[name] = own
        for other, pieces in others.items():
            filled[other] = taken_table(wide, own, pieces)
            if other == "people":
                filled[other], faults = one_row_a_person(filled[other])
    filled = {name: with_computed(table, mapping.period()) for name, table in filled.items()}
    return {name: filled[name] for name in TABLES if name in filled}, faults


def _is_lazy(file: FileTable) -> bool:
    import polars as pl

    return isinstance(file.frame, pl.LazyFrame)


def _native(table: Filled, engine: Engine) -> Any:
    """Give a table in memory in the form of the engine: without row numbers and masks."""
    frame = table.frame.select(table.columns).collect()
    return pandas_of(frame) if engine == "pandas" else frame
