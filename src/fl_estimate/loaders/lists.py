"""`fl.load_lists`: case lists from files, as capture histories: counts, 0/1 columns, or records linked by an exact key."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import DataFault, ListsFault, labels_shown, listed, missing_columns
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.linking import LIST, PERSON, Linked, hasher, key_faults, linked
from fl_estimate.loaders.load import load
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import is_table
from fl_estimate.loaders.reading_apart import reading
from fl_estimate.loaders.salt import require_salt
from fl_estimate.loaders.tables import ROW
from fl_estimate.schema import rules
from fl_estimate.schema.evaluation import missing
from fl_estimate.schema.rules import Check
from fl_estimate.schema.validate import Fault, ValidationReport

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.inputs.survey_data import SurveyData

COUNT = "count"
TABLE = "lists"
"""What a report calls the table where one file holds all lists."""


def load_lists(
    path: str | Path | Dictionary[str, str | Path],
    *,
    lists: Sequence[str] | None = None,
    count: str | None = None,
    key: str | Sequence[str] | None = None,
    salt: str | bytes | None = None,
    list_column: str | None = None,
    covariates: Sequence[str] = (),
    mapping: str | Path | Dictionary[str, Any] | Mapping | None = None,
    ordered: bool = False,
    apart: bool = True,
) -> CaptureHistories:
    r"""Load case lists and count people by the lists they are on.

    Four forms are read, and give the same histories where they say the same:

    - counts: a 0/1 column for each list, and a column of counts (`count`), whole or fractional;
    - one row a person, with a 0/1 column for each list (with `key`, rows of the same person are taken together);
    - one file a list, ``{"police": "police.csv", "ngo": "ngo.xlsx"}``, linked by `key`;
    - one file with a row a record and a column that names its list (`list_column`), linked by `key`.

    Parameters
    ----------
    path : str, Path, or dict of list to path
        Files of any format that `fl.load` reads.
    lists : sequence of str, optional
        The lists, in the order wanted: columns of the file, or values of `list_column`. With a file for each list it may
        be left out.
    count : str, optional
        Column of counts; one called ``count`` is taken as such where no key is given.
    key : str or sequence of str, optional
        Columns that identify a person, such as a number, or name and date of birth. Two records are the same person
        where all of them are equal, but for blanks around them; upper and lower case differ.
    salt : str or bytes, optional
        Secret of 16 characters or more that vary (`secrets.token_hex(32)`). With it, `records` has a column `person`, the keyed hash of the identifiers: the
        same person has the same hash in every call with the same salt. Without it a salt is drawn and thrown away,
        and there is no such column.
    list_column : str, optional
        Column that says which list a record is of: by the names in `lists`, or by codes that the file labels so.
    covariates : sequence of str
        Columns that are kept in `records`: strata, and covariates of models. All others are left behind.
    mapping : str, Path, dict or Mapping, optional
        Bring the covariates into the codes of the schema first: ``"htcds"`` and ``"ctdc"`` for case records in these
        standards, or a mapping of your own. The names of `key`, `covariates` and lists are then those it gives.
    ordered : bool
        Whether the lists are occasions in time.
    apart : bool, default True
        As in `fl.load`: files of statistical packages and workbooks are read by a process of their own.

    Returns
    -------
    CaptureHistories
        With `records` where covariates or a salt were given, and a `report` of what was found: records of the same
        person within a list (counted once), and covariates that differ between records of a person (the one of the
        first list is kept).

    Raises
    ------
    FileFault
        FL-FILE-01 to 07, 10: a file cannot be read.
    ListsFault
        FL-LISTS-01 (columns that are not there), 02 (fewer than two lists), 08 (nobody is on any list), 10 (the records
        cannot be used: every fault in one report), 11 (arguments that do not go together), 12 (the salt), 13 (the
        mapping does not read the records).

    Notes
    -----
    Identifiers are hashed with BLAKE2b under the salt while the file is read. They stand in no result, report or error;
    errors name rows. Whoever has the salt can find a known person again: keep it as you keep the lists.

    A record whose identifiers are incomplete cannot be linked, and is a fault. Counting it as a person of its own would
    make overlaps smaller than they are, and the estimate too large.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import fl_estimate as fl
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> police = folder / "police.csv"
    >>> ngo = folder / "ngo.csv"
    >>> _ = police.write_text("passport,sex\nA1,2\nB2,1\nB2,1\n")
    >>> _ = ngo.write_text("passport,sex\nB2,1\nC3,2\n")
    >>> histories = fl.load_lists({"police": police, "ngo": ngo}, key="passport", covariates=["sex"])
    >>> print(histories)
    CaptureHistories(2 lists, 3 people: police 2, ngo 2)
    >>> print(histories.report)
    0 errors, 1 warning
      warning: police.passport, once in a list: more than once in 1 row (rows 3)
    """
    keys = (key,) if isinstance(key, str) else tuple(key or ())
    names = _named(path, lists)
    _require_together(path, keys, count=count, list_column=list_column, salt=salt)
    with reading(apart=apart):
        frames = _read(path, mapping, list_column, names)
    by_file = isinstance(path, Dictionary)
    if not keys and count is None and COUNT in frames[TABLE].columns and COUNT not in names:
        count = COUNT  # rows would pass for persons
    memberships = () if by_file or list_column else names
    one_each = [*keys, *memberships, *filter(None, (count, list_column))]
    _require_columns(frames, one_each, covariates, keys)
    faults = [
        fault
        for table, frame in frames.items()
        for fault in _cell_faults(table, frame, memberships, count, (*keys, *filter(None, (list_column,))))
    ]
    faults += key_faults(frames, keys)
    if list_column is not None:
        faults += _list_faults(frames[TABLE], list_column, names)
    _require_sound(faults)
    if not keys:
        return _counted(frames[TABLE], names, count, covariates, ordered, tuple(faults))
    hashed = hasher(salt)
    slim = [
        hashed(frame, keys).select(PERSON, ROW, *_list_of(table, list_column, apart=by_file), *memberships, *_present_columns(frame, covariates))
        for table, frame in frames.items()
    ]  # fmt: skip
    result = linked(slim, names, covariates, called=", ".join(keys))
    return _histories(result, names, covariates, ordered, (*faults, *result.faults), keep_person=salt is not None)


# --- what was asked for -----------------------------------------------------------------------------------------


def _named(path: Any, lists: Sequence[str] | None) -> tuple[str, ...]:
    given: tuple[str, ...] = tuple(path) if is_table(path) else ()
    names = tuple(lists) if lists is not None else given
    if len(names) < 2 or len(set(names)) != len(names):
        raise ListsFault(
            "FL-LISTS-02",
            "at least two lists with different names are needed",
            found=labels_shown(names) or "none",
            fix='say which: lists=["police", "ngo"]',
        )
    if given and set(given) != set(names):
        raise _not_together(f"files for {listed(given)}, and lists={listed(names)}")
    return names


def _require_together(
    path: Any, keys: tuple[str, ...], *, count: str | None, list_column: str | None, salt: str | bytes | None
) -> None:
    apart = isinstance(path, Dictionary)
    if (apart or list_column is not None) and not keys:
        raise _not_together("records to be linked, and no key")
    if apart and list_column is not None:
        raise _not_together("a file for each list, and list_column=")
    if count is not None and (keys or apart or list_column is not None):
        raise _not_together("count= together with records of persons")
    if salt is not None and not keys:
        raise _not_together("salt=, and no key to be hashed")
    if salt is not None:
        require_salt(salt)


def _not_together(found: str) -> ListsFault:
    return ListsFault(
        "FL-LISTS-11",
        "these arguments do not go together",
        found=found,
        fix="counts: lists and count. A row a person: lists. Records: a file for each list or list_column, and a key",
    )


# --- files ------------------------------------------------------------------------------------------------------


def _read(path: Any, mapping: Any, list_column: str | None, names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Every file as a frame with row numbers; blank texts are null."""
    paths: dict[str, Any] = dict(path) if is_table(path) else {TABLE: path}
    return {table: _frame(file, table, mapping, list_column, names) for table, file in paths.items()}


def _frame(file: str | Path, table: str, mapping: Any, list_column: str | None, names: Sequence[str]) -> pl.DataFrame:
    import polars as pl
    import polars.selectors as cs

    if mapping is None:
        read = read_table(file)
        frame = read.frame.lazy().select(read.columns).collect()
        labels = read.value_labels.get(list_column or "", {})
        if list_column is not None and set(names) & set(labels.values()):  # lists are named as the file labels them
            told = pl.col(list_column)
            kept = told.cast(pl.String)
            frame = frame.with_columns(
                told.replace_strict(list(labels), list(labels.values()), default=kept, return_dtype=pl.String)
            )
    else:
        frame = _coded(file, table, mapping)
    texts = cs.string().str.strip_chars().replace("", None)
    return frame.with_columns(texts).with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))


def _coded(file: str | Path, table: str, mapping: Any) -> pl.DataFrame:
    """Records in the codes of the schema: people, with the answers on their first job beside them."""
    survey, refused = _loaded(file, mapping)
    if survey is None:
        raise ListsFault(
            "FL-LISTS-13",
            "the records do not fit the mapping",
            found=f"{table}: {refused}",
            fix="correct the records or the mapping; fl-estimate check names every row",
        )
    people: pl.DataFrame = survey.people.lazy().collect()
    if survey.jobs is None or "person_id" not in people.columns:
        return people
    jobs = survey.jobs.lazy().collect().unique("person_id", keep="first", maintain_order=True)
    new = [name for name in jobs.columns if name not in people.columns]
    return people.join(jobs.select("person_id", *new), on="person_id", how="left", maintain_order="left")


def _loaded(file: str | Path, mapping: Any) -> tuple[SurveyData | None, str]:
    """The records as a survey, or what is wrong with them: rows only, for the report itself holds ids of persons."""
    try:
        return load(file, mapping=mapping, engine="polars"), ""
    except DataFault as error:
        return None, str(error.report)


def _require_columns(
    frames: Dictionary[str, pl.DataFrame], each: Sequence[str], covariates: Sequence[str], keys: Sequence[str]
) -> None:
    """Refuse columns that are not there: those of every file, and covariates that no file has."""
    present = list(dict.fromkeys(name for frame in frames.values() for name in frame.columns if name != ROW))
    absent = [name for name in each if any(name not in frame.columns for frame in frames.values())]
    absent += [name for name in covariates if name not in present]
    if absent:
        raise missing_columns("FL-LISTS-01", list(dict.fromkeys(absent)), present, ListsFault)
    shared = [name for name in covariates if name in keys]
    if shared:
        raise _not_together(f"covariates that identify persons: {listed(shared)}")
    taken = [name for name in covariates if name in (*each, PERSON, "person", COUNT)]
    if taken:
        raise _not_together(f"covariates that are lists, counts or keys: {listed(taken)}")


# --- faults -----------------------------------------------------------------------------------------------------


def _cell_faults(
    table: str, frame: pl.DataFrame, memberships: Sequence[str], count: str | None, needed: Sequence[str]
) -> tuple[Fault, ...]:
    """Every fault of single rows: memberships, counts, and what must not be missing."""
    whole: list[Fault] = []
    if not len(frame):
        whole.append(Fault(table=table, variable="rows", rule="rows", value_class="the file has no rows", count=0))
    rows = nw.from_native(frame)
    schema = rows.collect_schema()
    checks: list[Check] = []
    numbers: list[str] = []
    for name in [*memberships, *filter(None, (count,))]:
        if schema[name].is_numeric() or schema[name] == nw.Boolean:
            numbers.append(name)
        else:
            whole.append(Fault(table=table, variable=name, rule="number", value_class="not numbers", count=0))
    on = [name for name in memberships if name in numbers]
    for name in on:
        gone, cell = missing(name, schema), nw.col(name).cast(nw.Float64).fill_null(0.0)
        checks.append(_check(name, "0 or 1", "missing", gone))
        checks.append(_check(name, "0 or 1", "another value than 0 and 1", ~cell.is_in([0.0, 1.0]) & ~gone))
    people = nw.lit(True)
    if count is not None and count in numbers:
        gone, cell = missing(count, schema), nw.col(count).cast(nw.Float64).fill_null(0.0)
        checks += [
            _check(count, "count", "missing", gone),
            _check(count, "count", "negative", (cell < 0) & ~gone),
            _check(count, "count", "infinite", ~cell.is_finite() & ~gone),
        ]
        people = (cell > 0) & ~gone
    if memberships and len(on) == len(memberships):
        none = nw.all_horizontal(
            *((nw.col(name).cast(nw.Float64) == 0).fill_null(False) for name in on), ignore_nulls=False
        )
        checks.append(_check(" ".join(on), "somebody on a list", "0 on every list", none & people))
    checks += [_check(name, "key", "missing", missing(name, schema)) for name in needed]
    return (*whole, *rules.find(rules.CheckedRows(table=table, frame=rows, row=ROW), checks))


def _check(variable: str, rule: str, value_class: str, broken: nw.Expr) -> Check:
    return Check(variable=variable, rule=rule, value_class=value_class, broken=broken)


def _list_faults(frame: pl.DataFrame, column: str, names: Sequence[str]) -> tuple[Fault, ...]:
    """Records of a list that was not named."""
    cell = nw.col(column).cast(nw.String)
    strange = _check(column, "list", "not among the lists", ~cell.is_in(list(names)) & ~cell.is_null())
    return rules.find(rules.CheckedRows(table=TABLE, frame=nw.from_native(frame), row=ROW), [strange])


def _require_sound(faults: Sequence[Fault]) -> None:
    report = ValidationReport(tuple(faults))
    if report.ok:
        return
    fault = ListsFault(
        "FL-LISTS-10",
        "the records are no capture histories",
        found=str(report),
        fix="correct or leave out the rows named; how often a person came to a list does not count, an unknown "
        "membership must be decided, and people on no list are what is to be estimated",
    )
    fault.report = report
    raise fault


# --- histories --------------------------------------------------------------------------------------------------


def _list_of(table: str, list_column: str | None, *, apart: bool) -> list[pl.Expr]:
    import polars as pl

    if apart:
        return [pl.lit(table).alias(LIST)]
    return [] if list_column is None else [pl.col(list_column).cast(pl.String).alias(LIST)]


def _present_columns(frame: pl.DataFrame, covariates: Sequence[str]) -> list[str]:
    return [name for name in covariates if name in frame.columns]


def _counted(
    frame: pl.DataFrame,
    names: tuple[str, ...],
    count: str | None,
    covariates: Sequence[str],
    ordered: bool,
    faults: tuple[Fault, ...],
) -> CaptureHistories:
    """Counts, or a row a person."""
    import polars as pl

    frame = frame.with_columns(pl.col(names).cast(pl.Int8))
    if count is None:
        histories = CaptureHistories.from_records(frame, lists=names, ordered=ordered)
    else:
        frame = frame.with_columns(pl.col(count).cast(pl.Float64).alias(COUNT))
        histories = CaptureHistories.from_counts(frame, lists=names, ordered=ordered)
    records = None
    if covariates:
        kept = frame.select(*names, *covariates, *([COUNT] if count is not None else []))
        records = kept.filter(pl.col(COUNT) > 0).to_pandas() if count is not None else kept.to_pandas()
    return replace(histories, records=records, report=ValidationReport((*faults, *histories.report.faults)))


def _histories(
    linked: Linked,
    names: tuple[str, ...],
    covariates: Sequence[str],
    ordered: bool,
    faults: tuple[Fault, ...],
    *,
    keep_person: bool,
) -> CaptureHistories:
    histories = CaptureHistories.from_records(linked.people, lists=names, ordered=ordered)
    kept = [*names, *covariates]
    people = linked.people.rename({PERSON: "person"}).select(*(["person"] if keep_person else []), *kept)
    records = people.to_pandas() if covariates or keep_person else None
    return replace(histories, records=records, report=ValidationReport((*faults, *histories.report.faults)))
