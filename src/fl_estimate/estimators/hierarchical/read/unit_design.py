"""Cells of sample and population side by side, and the columns of the model: coefficients and sets of varying effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import by_margins
from fl_estimate.errors import EstimateFault, FlError, listed, missing_columns, shown
from fl_estimate.estimators.hierarchical.read.direct import as_floats, is_missing, read_columns, text

Ints = npt.NDArray[np.int64]
Key = tuple[str, ...]
EXAMPLE = 'cells=["region", "age", "sex"], varying=["region", "age", "region:age"]'


@dataclass(frozen=True, kw_only=True)
class PopulationCells:
    """Every cell of the population, in sorted order.

    Attributes
    ----------
    names : tuple of str
        The cell columns.
    labels : mapping of str to tuple
        Values by column, those of the cells and every other column of the population that is the same within a cell.
    keys : tuple of tuple of str
        The cells as text.
    persons : array, shape (cells,)
    sampled : int array
        Where each cell of the sample stands among them.
    """

    names: tuple[str, ...]
    labels: Mapping[str, tuple[Any, ...]]
    keys: tuple[Key, ...]
    persons: Floats
    sampled: Ints

    def column(self, name: str) -> list[str]:
        """One cell column as text."""
        position = self.names.index(name)
        return [key[position] for key in self.keys]


def cell_names(cells: str | Sequence[str]) -> tuple[str, ...]:
    """The cell columns, each once.

    Raises
    ------
    EstimateFault
        FL-EST-100.
    """
    names = (cells,) if isinstance(cells, str) else tuple(cells)
    if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        raise EstimateFault(
            "FL-EST-100", "cells= does not name the columns that make up the cells", found=shown(cells), fix=EXAMPLE
        )
    return names


def varying_terms(varying: Sequence[str] | None, names: Sequence[str], levels: Mapping[str, int]) -> tuple[Key, ...]:
    """The sets of varying effects, each as columns; by default every cell column of more than two values.

    Raises
    ------
    EstimateFault
        FL-EST-100.
    """
    if varying is None:
        return tuple((name,) for name in names if levels[name] > 2)
    given = [varying] if isinstance(varying, str) else list(varying)
    terms = [tuple(part.strip() for part in str(term).split(":")) for term in given]
    unknown = sorted({part for term in terms for part in term if part not in names})
    if unknown:
        raise missing_columns("FL-EST-100", unknown, list(names), EstimateFault)
    if any(len(set(term)) != len(term) for term in terms) or len({frozenset(term) for term in terms}) != len(terms):
        raise EstimateFault("FL-EST-100", "varying= names a term twice", found=shown(given), fix=EXAMPLE)
    single = [term[0] for term in terms if len(term) == 1 and levels[term[0]] < 2]
    if single:
        raise EstimateFault(
            "FL-EST-100", "a column of one value cannot vary", found=listed(single), fix="leave it out of varying="
        )
    return tuple(terms)


def lay_cells(
    population: Any, names: tuple[str, ...], sample: Sequence[Key], extra: Sequence[str] = ()
) -> PopulationCells:
    """Read the population's cells and find those of the sample among them.

    Rows of the same cell are added up. `extra` names columns that there must be besides.

    Raises
    ------
    EstimateFault
        FL-EST-101: columns or persons that are missing or no numbers; FL-EST-102: cells of the sample that the
        population does not have.
    """
    columns = read_columns(population, "population")
    absent = [name for name in (*names, "population", *extra) if name not in columns]
    if absent:
        raise missing_columns("FL-EST-101", absent, list(columns), EstimateFault)
    persons = as_floats(columns["population"], "population")
    rows = [tuple(text(columns[name][row]) for name in names) for row in range(len(persons))]
    empty = [row + 1 for row, key in enumerate(rows) if any(not part for part in key)]
    wrong = [row + 1 for row, value in enumerate(persons) if not (np.isfinite(value) and value >= 0)]
    if empty or wrong or not persons.sum() > 0:
        found = [f"a cell column is missing in rows {listed(empty)}"] if empty else []
        found += [f"population is missing or negative in rows {listed(wrong)}"] if wrong else []
        raise EstimateFault(
            "FL-EST-101",
            "the cells of population= cannot be used",
            found="; ".join(found) or "0 persons in all",
            fix="give one row a cell with the number of persons, 0 or more",
        )
    first: dict[Key, int] = {}
    total: dict[Key, float] = {}
    for row, key in enumerate(rows):
        first.setdefault(key, row)
        total[key] = total.get(key, 0.0) + float(persons[row])
    _match(names, set(first), sample)
    keys = sorted(first, key=lambda key: tuple(_rank(columns[n][first[key]]) for n in names))
    same = [name for name in columns if name not in ("population", *names) and _of_cell(columns[name], rows)]
    labels = {name: tuple(columns[name][first[key]] for key in keys) for name in (*names, *same)}
    position = {key: at for at, key in enumerate(keys)}
    return PopulationCells(
        names=names, labels=labels, keys=tuple(keys), persons=np.array([total[key] for key in keys]),
        sampled=np.array([position[key] for key in sample], dtype=np.int64),
    )  # fmt: skip


def _rank(label: Any) -> tuple[bool, Any]:
    return (isinstance(label, str), label)


def _of_cell(values: Sequence[Any], rows: Sequence[Key]) -> bool:
    """Whether a column has one value within every cell."""
    seen: dict[Key, str] = {}
    return all(seen.setdefault(key, text(value)) == text(value) for key, value in zip(rows, values, strict=True))


def _match(names: Sequence[str], known: set[Key], sample: Sequence[Key]) -> None:
    lost = [key for key in sample if key not in known]
    if not lost:
        return
    texts: list[str] = []
    for position, name in enumerate(names):
        levels = {key[position] for key in known}
        alien = sorted({key[position] for key in lost} - levels)
        if alien:
            texts.append(f"{name}: {listed(alien)} (population= has {listed(sorted(levels))})")
    raise EstimateFault(
        "FL-EST-102",
        "the sample has people in cells that population= does not have",
        found="; ".join(texts) or listed(" × ".join(key) for key in lost),
        fix="bring the labels of both into line; a cell that the sample has needs its persons, 0 where there are none",
    )


@dataclass(frozen=True, kw_only=True)
class PredictorColumns:
    """Columns of the linear predictor for every cell: x (cells, p) and basis (cells, r).

    `terms` are the names of the sets of effects, `term` says to which a column of the basis belongs, `new` which levels
    of which column nobody was sampled in, and `standardised` mean and SD of covariates.
    """

    x: Floats
    names: tuple[str, ...]
    basis: Floats
    term: Ints
    terms: tuple[str, ...]
    new: Mapping[str, tuple[str, ...]]
    standardised: Mapping[str, tuple[float, float]]


def make_columns(
    cells: PopulationCells, varying: Sequence[str] | None, covariates: Any, *, standardise: bool
) -> PredictorColumns:
    """Make the columns: cell columns that vary in no term get coefficients, against their first value.

    Notes
    -----
    Main effects of a column with K values sum to zero: sigma Q z with Q (K, K − 1) orthonormal and orthogonal to ones,
    covariance sigma² (I − J/K), so that an effect has variance sigma² (1 − 1/K). Values that only the population has are
    among the K. Effects of crossed and nested columns are independent, one for each combination in the population.

    Raises
    ------
    EstimateFault
        FL-EST-100, FL-EST-105.
    """
    values = {name: cells.column(name) for name in cells.names}
    levels = {name: list(dict.fromkeys(column)) for name, column in values.items()}
    terms = varying_terms(varying, cells.names, {name: len(column) for name, column in levels.items()})
    varied = {name for term in terms for name in term}
    fixed: dict[str, Floats] = {}
    for name in cells.names:
        if name not in varied:
            fixed |= {f"{name}={level}": _met(values[name], level) for level in levels[name][1:]}
    numbers, scaled = _covariates(cells, covariates, standardise=standardise)
    fixed |= numbers
    parts = [_term_basis(term, values, levels) for term in terms]
    size = len(cells.keys)
    sampled = {name: {values[name][position] for position in cells.sampled} for name in cells.names}
    new = {name: tuple(level for level in levels[name] if level not in sampled[name]) for name in cells.names}
    return PredictorColumns(
        x=np.column_stack([np.ones(size), *fixed.values()]),
        names=("intercept", *fixed),
        basis=np.hstack([np.zeros((size, 0)), *parts]),
        term=np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts]).astype(np.int64),
        terms=tuple(":".join(term) for term in terms),
        new={name: alien for name, alien in new.items() if alien},
        standardised=scaled,
    )


def _met(column: Sequence[str], level: str) -> Floats:
    return np.array([float(value == level) for value in column])


def _term_basis(term: Key, values: Mapping[str, Sequence[str]], levels: Mapping[str, Sequence[str]]) -> Floats:
    if len(term) == 1:
        known = {level: position for position, level in enumerate(levels[term[0]])}
        return _zero_sum(len(known))[[known[value] for value in values[term[0]]]]
    pairs = list(zip(*(values[name] for name in term), strict=True))
    position = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    out = np.zeros((len(pairs), len(position)))
    out[np.arange(len(pairs)), [position[pair] for pair in pairs]] = 1.0
    return out


def _zero_sum(size: int) -> Floats:
    """An orthonormal basis of what sums to zero, (K, K − 1): Helmert's contrasts."""
    out = np.zeros((size, size - 1))
    for k in range(1, size):
        out[:k, k - 1] = 1.0
        out[k, k - 1] = -float(k)
        out[:, k - 1] /= np.sqrt(k * (k + 1))
    return out


def _covariates(
    cells: PopulationCells, covariates: Any, *, standardise: bool
) -> tuple[dict[str, Floats], dict[str, tuple[float, float]]]:
    """Numbers known for areas, regions …: one frame or several, each keyed by the cell columns that it has."""
    frames = covariates if isinstance(covariates, list | tuple) else [] if covariates is None else [covariates]
    columns: dict[str, Floats] = {}
    scaled: dict[str, tuple[float, float]] = {}
    wrong: list[str] = []
    for frame in frames:
        table = read_columns(frame, "covariates")
        by = [name for name in cells.names if name in table]
        if not by:
            raise missing_columns("FL-EST-105", list(cells.names), list(table), EstimateFault)
        keys = [tuple(text(table[name][row]) for name in by) for row in range(len(table[by[0]]))]
        if len(set(keys)) < len(keys):
            wrong.append(f"{' × '.join(by)} has more than one row for {listed(sorted(map(str, _twice(keys))))}")
        position = {key: row for row, key in enumerate(keys)}
        wanted = list(zip(*(cells.column(name) for name in by), strict=True))
        absent = sorted({" × ".join(key) for key in wanted if key not in position})
        if absent:
            wrong.append(f"no row for {listed(absent)}")
            continue
        for name in (name for name in table if name not in by):
            numbers, fault = _numbers(table[name], name)
            at = numbers[[position[key] for key in wanted]]
            if fault or not np.isfinite(at).all():
                wrong.append(fault or f"{name!r} is missing in some rows")
                continue
            if standardise:
                mean, sd = float(numbers[np.isfinite(numbers)].mean()), float(numbers[np.isfinite(numbers)].std())
                scaled[name] = (mean, sd)
                at = (at - mean) / (sd if sd > 0 else 1.0)
            columns[name] = at
    if wrong:
        raise EstimateFault(
            "FL-EST-105",
            "the covariates do not serve every cell of the population",
            found="; ".join(wrong),
            fix="give each area (or combination of cell columns) one row of numbers, also those without sample",
        )
    return columns, scaled


def _twice(keys: Sequence[Key]) -> set[Key]:
    return {key for key in keys if keys.count(key) > 1}


def _numbers(values: Sequence[Any], name: str) -> tuple[Floats, str]:
    try:
        return as_floats(values, name), ""
    except FlError:
        return np.full(len(values), np.nan), f"{name!r} does not hold numbers"


@dataclass(frozen=True, kw_only=True)
class Domains:
    """Rows of the answer: their margins, by-columns and shares of the population's cells, (rows, cells)."""

    by: tuple[str, ...]
    margins: tuple[str, ...]
    labels: Mapping[str, list[Any]]
    shares: Floats
    members: npt.NDArray[np.bool_]


def make_domains(cells: PopulationCells, by: Any) -> Domains:
    """The nation, then every domain of each margin that has persons in the population.

    Raises
    ------
    EstimateFault
        FL-EST-04; FL-EST-106: a column that does not divide the cells.
    """
    margins = by_margins(by)
    names = tuple(dict.fromkeys(name for margin in margins for name in margin))
    absent = [name for name in names if name not in cells.labels]
    if absent:
        raise missing_columns("FL-EST-106", absent, list(cells.labels), EstimateFault)
    members = [np.ones(len(cells.keys), dtype=bool)]
    told: list[tuple[str, dict[str, Any]]] = [("", {})]
    for margin in margins:
        rows = list(zip(*(cells.labels[name] for name in margin), strict=True))
        groups: dict[Key, list[int]] = {}
        for position, row in enumerate(rows):
            if not any(is_missing(value) for value in row):
                groups.setdefault(tuple(text(value) for value in row), []).append(position)
        ordered = sorted(groups.values(), key=lambda positions: tuple(_rank(value) for value in rows[positions[0]]))
        for positions in ordered:
            inside = np.zeros(len(rows), dtype=bool)
            inside[positions] = True
            if cells.persons[inside].sum() > 0:
                members.append(inside)
                told.append((" × ".join(margin), dict(zip(margin, rows[positions[0]], strict=True))))
    inside = np.array(members)
    weighted = inside * cells.persons
    return Domains(
        by=names,
        margins=tuple(margin for margin, _ in told),
        labels={name: [label.get(name) for _, label in told] for name in names},
        shares=weighted / weighted.sum(axis=1, keepdims=True),
        members=inside,
    )
