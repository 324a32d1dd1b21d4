"""People on lists as cells: everybody with the same covariates together, with what is missing of them and who may be on which list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Places
from fl_estimate.errors import EstimateFault, ListsFault, listed, missing_columns, nearest
from fl_estimate.inputs.histories import CaptureHistories, Member, all_histories, read_members

Blind = Mapping[str, Mapping[str, Sequence[Any]]]
BlindInFile = dict[str, dict[str, list[str | int | float | bool]]]
"""In a study file: a table for each list, with the values of columns."""
CLASSES = 20
"""Most values of a column of whole numbers that is taken for classes where it is missing for somebody."""
MOST_CELLS = 200_000
"""Most cells of known covariates × possible values of the missing ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Records:
    """What was read off a frame of people.

    Attributes
    ----------
    lists : tuple of str
    members : int array, shape (people, lists)
    frame : pandas.DataFrame
        The columns asked for; text as ordered classes, in the order of a declared categorical or sorted.
    numbers : frozenset of str
        Columns of numbers.
    sha256 : str
    outcome, population, reference_period : str
    """

    lists: tuple[str, ...]
    members: Member
    frame: pd.DataFrame
    numbers: frozenset[str]
    sha256: str
    outcome: str = ""
    population: str = ""
    reference_period: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """People with the same covariates together.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a cell: its covariates, all known.
    known : int array, shape (cells,)
        Which row of the covariates that everybody has a cell belongs to.
    cell : int array, shape (groups,) or (groups, possibilities)
        Cells in which people of a group can be; −1 where there is none.
    history : int array, shape (groups,)
        Their history, by its place in `all_histories`.
    people : array, shape (groups,)
        How many they are.
    incomplete : int
        People some of whose covariates are missing.
    """

    frame: pd.DataFrame
    known: Places
    cell: Places
    history: Places
    people: Floats
    incomplete: int


def blind_columns(blind: Blind) -> list[str]:
    """The columns that say whom a list cannot see."""
    return list(dict.fromkeys(column for where in blind.values() for column in where))


def read_records(records: Any, lists: Sequence[str] | None, columns: Sequence[str]) -> Records:
    """Read lists and columns off a frame with a row a person, or off histories with their records.

    Raises
    ------
    ListsFault
        FL-LISTS-01 to FL-LISTS-06, FL-LISTS-14.
    """
    about: dict[str, str] = {}
    source = records
    if isinstance(records, CaptureHistories):
        about = {name: getattr(records, name) for name in ("outcome", "population", "reference_period")}
        lists = records.lists if lists is None else tuple(lists)
        records.require(lists)
        source = records.people()
    if lists is None:
        raise ListsFault(
            "FL-LISTS-02", "it is not said which columns are lists", found="lists=None",
            fix='lists=["police", "ngo", "clinic"]; histories of fl.load_lists know their lists',
        )  # fmt: skip
    names = tuple(lists)
    members = read_members(source, names)
    if empty := int((members.sum(axis=1) == 0).sum()):
        raise ListsFault(
            "FL-LISTS-05", "people on no list cannot be counted: they are what is to be estimated",
            found=f"{empty} rows with 0 on every list", fix="leave these rows out",
        )  # fmt: skip
    if not len(members):
        raise ListsFault("FL-LISTS-08", "nobody is on any list", found="0 people", fix="check the file")
    frame, numbers = read_columns(source, columns)
    digest = hashlib.sha256(repr((names, list(frame))).encode() + np.ascontiguousarray(members).tobytes())
    digest.update(
        pd.util.hash_pandas_object(frame.astype(object).where(frame.notna(), None).astype(str), index=False)
        .to_numpy()
        .tobytes()
    )
    return Records(lists=names, members=members, frame=frame, numbers=numbers, sha256=digest.hexdigest(), **about)


def read_columns(source: Any, columns: Sequence[str]) -> tuple[pd.DataFrame, frozenset[str]]:
    """Columns of any frame as pandas has them: numbers as floats or whole numbers, all else as classes; which are numbers.

    Raises
    ------
    ListsFault
        FL-LISTS-01, FL-LISTS-03.
    """
    try:
        wrapped = nw.from_native(source).lazy()
    except TypeError as error:
        raise ListsFault("FL-LISTS-03", "this is not a data frame", found=type(source).__name__) from error
    schema = wrapped.collect_schema()
    wanted = list(dict.fromkeys(columns))
    if absent := [name for name in wanted if name not in schema]:
        raise missing_columns("FL-LISTS-01", absent, list(schema), ListsFault)
    if not wanted:
        rows = int(wrapped.select(nw.len()).collect().item())
        return pd.DataFrame(index=pd.RangeIndex(rows)), frozenset()
    table: Any = wrapped.select(*wanted).collect()
    read: dict[str, Any] = {}
    numbers: set[str] = set()
    for name in wanted:
        values = [None if value is None or value != value else value for value in table[name].to_list()]
        if schema[name].is_numeric():
            numbers.add(name)
            read[name] = _numbers(values)
        else:
            read[name] = _classes(values, table[name])
    return pd.DataFrame(read), frozenset(numbers)


def _numbers(values: list[Any]) -> Any:
    found = np.array([np.nan if value is None else float(value) for value in values], dtype=float)
    whole = not np.isnan(found).any() and (found == np.round(found)).all() and (np.abs(found) < 2**53).all()
    return found.astype(np.int64) if len(found) and whole else found


def _classes(values: list[Any], column: Any) -> pd.Categorical:
    text = [None if value is None else str(value) for value in values]
    present = {value for value in text if value is not None}
    declared = isinstance(column.dtype, nw.Enum | nw.Categorical)
    order = [str(value) for value in column.cat.get_categories().to_list()] if declared else sorted(present)
    return pd.Categorical(text, categories=[value for value in order if value in present])


def cells_of(records: Records) -> Cells:
    """Put people with the same covariates together; who lacks some can be in several cells.

    Raises
    ------
    EstimateFault
        FL-EST-171: a covariate that is missing for somebody is no class, or is missing for everybody; too many cells.
    """
    frame = records.frame
    history = _history(records.members)
    gaps = [str(name) for name in frame if frame[name].isna().any()]
    if not gaps:
        known, rows = _alike(frame)
        pairs, group = np.unique(known * (history.max() + 1) + history, return_inverse=True)
        return Cells(
            frame=frame.iloc[rows].reset_index(drop=True), known=np.arange(len(rows)),
            cell=(pairs // (history.max() + 1))[:, None], history=pairs % (history.max() + 1),
            people=np.bincount(group, minlength=len(pairs)).astype(float), incomplete=0,
        )  # fmt: skip
    return _with_gaps(records, history, gaps)


def _history(members: Member) -> Places:
    """Places of histories in `all_histories`."""
    size = members.shape[1]
    code = np.left_shift(1, np.arange(size))
    place = np.full(2**size, -1, dtype=np.intp)
    place[all_histories(size).astype(np.int64) @ code] = np.arange(2**size - 1)
    return place[members.astype(np.int64) @ code]


def _alike(frame: pd.DataFrame) -> tuple[Places, Places]:
    """The number of each row among rows that differ, and a row of each."""
    if not frame.shape[1]:
        return np.zeros(len(frame), dtype=np.intp), np.zeros(min(len(frame), 1), dtype=np.intp)
    codes = [pd.factorize(frame[name], sort=True)[0] for name in frame]
    number = np.zeros(len(frame), dtype=np.int64)
    for column in codes:
        # Kept below the number of rows at every step, so that many columns do not overflow.
        number = np.unique(number * (int(column.max()) + 2) + column + 1, return_inverse=True)[1]
    _, rows = np.unique(number, return_index=True)
    return number.astype(np.intp), rows.astype(np.intp)


def _with_gaps(records: Records, history: Places, gaps: list[str]) -> Cells:
    frame = records.frame
    levels = {name: _levels(records, name) for name in gaps}
    known, rows = _alike(frame.drop(columns=gaps))
    crossed = pd.MultiIndex.from_product(list(levels.values()), names=gaps).to_frame(index=False)
    if len(rows) * len(crossed) > MOST_CELLS:
        raise EstimateFault(
            "FL-EST-171", "covariates that are missing for some people have too many values together",
            found=f"{len(rows):,} known combinations × {len(crossed):,} possible values of {listed(gaps)}",
            fix="put values into fewer classes, numbers too",
        )  # fmt: skip
    codes = np.stack([_codes(frame[name], levels[name]) for name in gaps], axis=1)
    options = np.stack([_codes(crossed[name], levels[name]) for name in gaps], axis=1)
    pattern, first = _alike(pd.DataFrame(codes))
    fits = np.stack([((codes[row] < 0) | (options == codes[row])).all(axis=1) for row in first])
    size = int(history.max()) + 1
    _, kept, group = np.unique((known * len(first) + pattern) * size + history, return_index=True, return_inverse=True)
    cell = known[kept, None] * len(crossed) + np.arange(len(crossed))[None, :]
    table = frame.drop(columns=gaps).iloc[np.repeat(rows, len(crossed))].reset_index(drop=True)
    for name in gaps:
        column = crossed[name].to_numpy()[np.tile(np.arange(len(crossed)), len(rows))]
        table[name] = column if name in records.numbers else pd.Categorical(column, categories=levels[name])
    return Cells(
        frame=table[list(frame)], known=np.repeat(np.arange(len(rows)), len(crossed)),
        cell=np.where(fits[pattern[kept]], cell, -1), history=history[kept],
        people=np.bincount(group, minlength=len(kept)).astype(float), incomplete=int((codes < 0).any(axis=1).sum()),
    )  # fmt: skip


def _codes(column: Any, levels: list[Any]) -> Places:
    return pd.Index(levels).get_indexer(pd.Index(column)) if len(levels) else np.full(len(column), -1)


def _levels(records: Records, name: str) -> list[Any]:
    """The values of a column that is missing for somebody: its classes."""
    column = records.frame[name]
    if name not in records.numbers:
        values: list[Any] = list(column.cat.categories)
    else:
        values = sorted(column.dropna().unique().tolist())
        whole = all(float(value).is_integer() for value in values)
        if len(values) > CLASSES or not whole:
            raise EstimateFault(
                "FL-EST-171", "a covariate that is missing for some people is no class of people",
                found=f"{name}: {int(column.isna().sum())} people without a value, {len(values)} different numbers",
                fix="put it into classes, leave it out, or impute it beforehand and pool the estimates",
            )  # fmt: skip
    if not values:
        raise EstimateFault(
            "FL-EST-171", "a covariate is missing for everybody", found=f"{name}: no value", fix="leave it out"
        )
    return values


def open_histories(cells: Cells, lists: tuple[str, ...], blind: Blind | None) -> tuple[Places, Bools]:
    """Which histories people of each cell can have: the pattern of each cell, and the histories open in each pattern.

    Raises
    ------
    ListsFault
        FL-LISTS-01: no such list.
    EstimateFault
        FL-EST-174: `blind` names what there is not, hides everybody from every list, or somebody is on a list that cannot
        see them.
    """
    members = all_histories(len(lists)).astype(bool)
    hidden = np.zeros((len(cells.frame), len(lists)), dtype=bool)
    for name, where in (blind or {}).items():
        if name not in lists:
            raise missing_columns("FL-LISTS-01", [name], lists, ListsFault)
        for column, values in where.items():
            hidden[:, lists.index(name)] |= _hidden(cells.frame, name, column, values)
    patterns, pattern = np.unique(hidden, axis=0, return_inverse=True)
    if (shut := patterns.all(axis=1)).any():
        raise EstimateFault(
            "FL-EST-174", "people of some class are hidden from every list, so that nothing is known of them",
            found=f"{int(shut[pattern.ravel()].sum())} classes of people", fix="at least one list must see each class",
        )  # fmt: skip
    opened = ~(members[None, :, :] & patterns[:, None, :]).any(axis=2)
    _require_nobody_hidden(cells, hidden, members, lists)
    return pattern.ravel().astype(np.intp), opened


def _hidden(frame: pd.DataFrame, name: str, column: str, values: Sequence[Any]) -> Bools:
    if column not in frame:
        raise missing_columns("FL-EST-174", [column], [str(one) for one in frame], EstimateFault)
    if isinstance(values, str):
        values = [values]
    present = {str(value): value for value in pd.unique(frame[column])}
    if absent := [str(value) for value in values if str(value) not in present]:
        close = nearest(absent[0], list(present))
        raise EstimateFault(
            "FL-EST-174", "a list is said to be blind to values that nobody has",
            found=f"{name}, {column}: {listed(absent)}",
            fix=f"{f'did you mean {close!r}? ' if close else ''}values there are: {listed(present, most=12)}",
        )  # fmt: skip
    return frame[column].isin([present[str(value)] for value in values]).to_numpy()


def _require_nobody_hidden(cells: Cells, hidden: Bools, members: Bools, lists: tuple[str, ...]) -> None:
    on = members[cells.history]
    possible = cells.cell >= 0
    clash = (hidden[np.maximum(cells.cell, 0)] & on[:, None, :]).any(axis=2) & possible
    wrong = clash.all(axis=1, where=possible) & possible.any(axis=1)
    if wrong.any():
        named = [
            name for place, name in enumerate(lists)
            if (on[wrong, place] & hidden[np.maximum(cells.cell[wrong, 0], 0), place]).any()
        ]  # fmt: skip
        raise EstimateFault(
            "FL-EST-174", "people are on a list that is said to be blind to them",
            found=f"{cells.people[wrong].sum():,.0f} people on {listed(named or lists)}",
            fix="correct blind=, or the covariates of these people",
        )  # fmt: skip
