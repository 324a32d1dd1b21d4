"""People on lists as cells: everybody with the same covariates together, with what is missing of them and who may be on which list."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault, ListsFault, listed, missing_columns, nearest
from fl_estimate.inputs.histories import CaptureHistories, Member, all_histories, read_members

Blind = Mapping[str, Mapping[str, Sequence[Any]]]
BlindInFile = dict[str, dict[str, list[str | int | float | bool]]]
"""In a study file: a table for each list, with the values of columns."""
CLASSES = 20
"""Most values of a column of whole numbers that is taken for classes where it is missing for somebody."""
GRIDS = (20, 10, 5)
"""Values that a missing number can have, each standing for as many people: the first of these that leaves few enough cells."""
MOST_POSSIBLE = 60
"""Possible values of what is missing, together, up to which a finer grid is taken."""
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
class CovariateCells:
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
    option : int array, shape (cells,)
        Which of the possible values of what can be missing a cell has.
    gaps : tuple of str
        Columns that are missing for somebody.
    options : int array, shape (possibilities, gaps)
        Numbers of the values of each possibility.
    place : int array, shape (knowns, possibilities)
        The cell of each; −1 where a number that is known is another.
    blanked : mapping of set of str to int array, shape (knowns,)
        The same known covariates without these numbers.
    """

    frame: pd.DataFrame
    known: Positions
    cell: Positions
    history: Positions
    people: Floats
    incomplete: int
    option: Positions
    gaps: tuple[str, ...]
    options: Positions
    position: Positions
    blanked: Mapping[frozenset[str], Positions]


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
    if len(frame.columns):  # pandas below 3.1 hashes no rows without columns
        texts = frame.astype(object).where(frame.notna(), None).astype(str)
        digest.update(pd.util.hash_pandas_object(texts, index=False).to_numpy().tobytes())
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
    result = np.array([np.nan if value is None else float(value) for value in values], dtype=float)
    whole = not np.isnan(result).any() and (result == np.round(result)).all() and (np.abs(result) < 2**53).all()
    return result.astype(np.int64) if len(result) and whole else result


def _classes(values: list[Any], column: Any) -> pd.Categorical:
    text = [None if value is None else str(value) for value in values]
    present = {value for value in text if value is not None}
    declared = isinstance(column.dtype, nw.Enum | nw.Categorical)
    order = [str(value) for value in column.cat.get_categories().to_list()] if declared else sorted(present)
    return pd.Categorical(text, categories=[value for value in order if value in present])


def cells_of(records: Records, classes: Collection[str] = ()) -> CovariateCells:
    """Put people with the same covariates together; who lacks some can be in several cells.

    Parameters
    ----------
    classes : collection of str
        Columns that must be classes where they are missing for somebody: those of domains, and of blind lists.

    Raises
    ------
    EstimateFault
        FL-EST-171: such a column is a number, a covariate is missing for everybody, or there are too many cells.

    Notes
    -----
    A number that is missing can have one of up to 20 values, observed ones near the means of parts of equal size of the people
    in whom it is known (the distribution of a missing covariate by weights on a grid: Ibrahim 1990). Who has it keeps it as it is.
    """
    frame = records.frame
    history = _history(records.members)
    gaps = [str(name) for name in frame if frame[name].isna().any()]
    if gaps:
        return _with_gaps(records, history, gaps, classes)
    known, rows = _alike(frame)
    pairs, group = np.unique(known * (history.max() + 1) + history, return_inverse=True)
    every = np.arange(len(rows))
    return CovariateCells(
        frame=frame.iloc[rows].reset_index(drop=True), known=every,
        cell=(pairs // (history.max() + 1))[:, None], history=pairs % (history.max() + 1),
        people=np.bincount(group, minlength=len(pairs)).astype(float), incomplete=0,
        option=np.zeros(len(rows), dtype=np.intp), gaps=(), options=np.zeros((1, 0), dtype=np.intp),
        position=every[:, None], blanked={},
    )  # fmt: skip


def _history(members: Member) -> Positions:
    """Places of histories in `all_histories`."""
    size = members.shape[1]
    code = np.left_shift(1, np.arange(size))
    position = np.full(2**size, -1, dtype=np.intp)
    position[all_histories(size).astype(np.int64) @ code] = np.arange(2**size - 1)
    return position[members.astype(np.int64) @ code]


def _alike(frame: pd.DataFrame) -> tuple[Positions, Positions]:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Gap:
    """A column that is missing for somebody: its values, and the number of each person's; −1 where it is missing."""

    values: list[Any]
    codes: Positions
    grid: bool


def _with_gaps(records: Records, history: Positions, gaps: list[str], classes: Collection[str]) -> CovariateCells:
    laid = _missing_structure(records, gaps, classes)
    found, crossed, bases, base, blanked, fits = laid.gaps, laid.crossed, laid.bases, laid.base, laid.blanked, laid.fits
    known, option = (each.astype(np.intp) for each in np.nonzero(fits))
    position = np.full(fits.shape, -1, dtype=np.intp)
    position[known, option] = np.arange(len(known))
    codes = np.stack([gap.codes for gap in found.values()], axis=1)
    pattern, first = _alike(pd.DataFrame(np.where(codes < 0, np.nan, codes)))
    possible = np.stack([((codes[row] < 0) | (crossed == codes[row])).all(axis=1) for row in first])
    size = int(history.max()) + 1
    _, one, group = np.unique((base * len(first) + pattern) * size + history, return_index=True, return_inverse=True)
    return CovariateCells(
        frame=_table(records, bases, found, crossed, known, option), known=known,
        cell=np.where(possible[pattern[one]], position[base[one]], -1), history=history[one],
        people=np.bincount(group, minlength=len(one)).astype(float), incomplete=int((codes < 0).any(axis=1).sum()),
        option=option, gaps=tuple(gaps), options=crossed, position=position, blanked=blanked,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _MissingStructure:
    """What can be missing, what is known, and which of the former goes with which of the latter."""

    gaps: dict[str, _Gap]
    crossed: Positions
    bases: pd.DataFrame
    base: Positions
    blanked: dict[frozenset[str], Positions]
    fits: Bools


def _missing_structure(records: Records, names: list[str], classes: Collection[str]) -> _MissingStructure:
    """Possible values on the finest grid that leaves few enough of them, and of cells."""
    most = ""
    for grid in GRIDS:
        gaps = {name: _gap(records, name, grid, classes) for name in names}
        numbers = [name for name, gap in gaps.items() if gap.grid]
        positions = np.meshgrid(*(np.arange(len(gap.values)) for gap in gaps.values()), indexing="ij")
        crossed = np.stack([each.ravel() for each in positions], axis=1).astype(np.intp)
        kept = records.frame[[str(name) for name in records.frame if name not in names or name in numbers]]
        bases, base, blanked = _bases(kept, numbers)
        most = f"{len(bases):,} known combinations × {len(crossed):,} possible values of {listed(names)}"
        if numbers and len(crossed) > MOST_POSSIBLE and grid != GRIDS[-1]:
            continue
        fits = _fits(bases, gaps, numbers, crossed)
        if fits.sum() <= MOST_CELLS:
            return _MissingStructure(gaps=gaps, crossed=crossed, bases=bases, base=base, blanked=blanked, fits=fits)
    raise EstimateFault(
        "FL-EST-171", "covariates that are missing for some people have too many values together",
        found=most, fix="put values into fewer classes, numbers too",
    )  # fmt: skip


def _bases(kept: pd.DataFrame, numbers: list[str]) -> tuple[pd.DataFrame, Positions, dict[frozenset[str], Positions]]:
    """What is known of people, whatever numbers are missing of them: each combination, everybody's, and those without numbers."""
    number, rows = _alike(kept)
    seen = kept.iloc[rows].reset_index(drop=True)
    sets = _unions({frozenset(name for name, gone in zip(numbers, row, strict=True) if gone)
                    for row in seen[numbers].isna().to_numpy()})  # fmt: skip
    blocks = [seen, *(_without(seen, one) for one in sets)]
    label, first = _alike(pd.concat(blocks, ignore_index=True))
    bases = pd.concat(blocks, ignore_index=True).iloc[first].reset_index(drop=True)
    blanked: dict[frozenset[str], Positions] = {}
    for one in sets:
        again, _ = _alike(pd.concat([bases, _without(bases, one)], ignore_index=True))
        at = np.empty(len(bases), dtype=np.intp)
        at[again[: len(bases)]] = np.arange(len(bases))
        blanked[one] = at[again[len(bases) :]]
    return bases, label[: len(seen)][number], blanked


def _unions(sets: set[frozenset[str]]) -> list[frozenset[str]]:
    found = sets - {frozenset()}
    while True:
        more = {one | other for one in found for other in found} - found
        if not more:
            return sorted(found, key=lambda one: (len(one), sorted(one)))
        found |= more


def _without(frame: pd.DataFrame, names: frozenset[str]) -> pd.DataFrame:
    return frame.assign(**dict.fromkeys(names, np.nan))


def _fits(bases: pd.DataFrame, gaps: Mapping[str, _Gap], numbers: list[str], crossed: Positions) -> Bools:
    """Which possibilities go with which known numbers; shape (bases, possibilities)."""
    result = np.ones((len(bases), len(crossed)), dtype=bool)
    for name in numbers:
        at = list(gaps).index(name)
        held = bases[name].to_numpy(dtype=float)
        near = _nearest(gaps[name].values, held)
        result &= np.isnan(held)[:, None] | (crossed[None, :, at] == near[:, None])
    return result


def _nearest(grid: list[Any], values: Floats) -> Positions:
    """The part in which each number lies: the places of the grid are parted half way between them."""
    edges = (np.asarray(grid[1:], dtype=float) + np.asarray(grid[:-1], dtype=float)) / 2
    return np.searchsorted(edges, values).astype(np.intp)


def _table(
    records: Records,
    bases: pd.DataFrame,
    gaps: Mapping[str, _Gap],
    crossed: Positions,
    known: Positions,
    option: Positions,
) -> pd.DataFrame:
    """The covariates of each cell: known ones as they are, missing ones by its possibility."""
    table = bases.iloc[known].reset_index(drop=True)
    for at, (name, gap) in enumerate(gaps.items()):
        values = pd.Series(gap.values)[crossed[option, at]].to_numpy()
        if gap.grid:
            table[name] = table[name].where(table[name].notna(), values)
        else:
            table[name] = values if name in records.numbers else pd.Categorical(values, categories=gap.values)
    return table[list(records.frame)]


def _gap(records: Records, name: str, grid: int, classes: Collection[str]) -> _Gap:
    """The values that a column can have where it is missing: its classes, or a grid of numbers."""
    column = records.frame[name]
    if column.isna().all():
        raise EstimateFault(
            "FL-EST-171", "a covariate is missing for everybody", found=f"{name}: no value", fix="leave it out"
        )
    if name not in records.numbers:
        values: list[Any] = list(column.cat.categories)
        return _Gap(values=values, codes=column.cat.codes.to_numpy().astype(np.intp), grid=False)
    held = column.to_numpy(dtype=float)
    there = np.unique(held[~np.isnan(held)])
    if len(there) <= CLASSES and (there == np.round(there)).all():
        values = there.tolist()
        return _Gap(values=values, codes=np.where(np.isnan(held), -1, np.searchsorted(there, held)), grid=False)
    if name in classes:
        raise EstimateFault(
            "FL-EST-171", "a column of domains or of blind lists that is missing for some people is no class of people",
            found=f"{name}: {int(column.isna().sum())} people without a value, {len(there)} different numbers",
            fix="put it into classes, or leave it out",
        )  # fmt: skip
    values = _grid(held[~np.isnan(held)], grid)
    return _Gap(values=values, codes=np.where(np.isnan(held), -1, _nearest(values, held)), grid=True)


def _grid(observed: Floats, size: int) -> list[Any]:
    """Observed numbers that stand for parts of equal size: of each part the one nearest to its mean."""
    ordered = np.sort(observed)
    parts = np.array_split(ordered, min(size, len(ordered)))
    return np.unique([part[np.argmin(np.abs(part - part.mean()))] for part in parts]).tolist()


def open_histories(cells: CovariateCells, lists: tuple[str, ...], blind: Blind | None) -> tuple[Positions, Bools]:
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


def _require_nobody_hidden(cells: CovariateCells, hidden: Bools, members: Bools, lists: tuple[str, ...]) -> None:
    on = members[cells.history]
    possible = cells.cell >= 0
    clash = (hidden[np.maximum(cells.cell, 0)] & on[:, None, :]).any(axis=2) & possible
    wrong = clash.all(axis=1, where=possible) & possible.any(axis=1)
    if wrong.any():
        named = [
            name for position, name in enumerate(lists)
            if (on[wrong, position] & hidden[np.maximum(cells.cell[wrong, 0], 0), position]).any()
        ]  # fmt: skip
        raise EstimateFault(
            "FL-EST-174", "people are on a list that is said to be blind to them",
            found=f"{cells.people[wrong].sum():,.0f} people on {listed(named or lists)}",
            fix="correct blind=, or the covariates of these people",
        )  # fmt: skip
