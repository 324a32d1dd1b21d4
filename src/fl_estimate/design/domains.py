"""Domains: which rows of the small table make up the nation, a region, a region by sex."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.errors import EstimateFault, listed, shown

By = str | Sequence[str] | Sequence[Sequence[str]] | None


@dataclass(frozen=True, kw_only=True)
class Margin:
    """One way of dividing the people.

    Attributes
    ----------
    name : str
        Empty for the nation, else ``region`` or ``region × sex``.
    columns : tuple of str
    domain : int array, shape (groups,)
        The domain of each group of the small table.
    labels : tuple of tuple
        By-values of each domain, in the order of their categories or sorted; the domain of missing by-values stands last, all None.
    """

    name: str
    columns: tuple[str, ...]
    domain: Codes
    labels: tuple[tuple[Any, ...], ...]


def by_margins(by: By) -> tuple[tuple[str, ...], ...]:
    """Read `by`: ``"a"``, ``["a", "b"]`` (crossed), ``[["a"], ["b"]]`` (separate margins).

    Raises
    ------
    EstimateFault
        FL-EST-04: names and lists mixed, an empty margin, or a column twice in one margin.
    """
    if by is None:
        return ()
    if isinstance(by, str):
        return ((by,),)
    if not isinstance(by, list | tuple):
        raise EstimateFault(
            "FL-EST-04", "by= names no column", found=shown(by),
            fix='by="region" or by=["region", "sex"]: names of columns, and not the columns themselves',
        )  # fmt: skip
    parts = list(by)
    if not parts:
        return ()
    crossed = all(isinstance(part, str) for part in parts)
    margins = (tuple(str(part) for part in parts),) if crossed else tuple(_margin(part) for part in parts)
    for margin in margins:
        if not margin or len(set(margin)) != len(margin):
            raise EstimateFault(
                "FL-EST-04", "a margin of by= is empty or names a column twice", found=shown(by),
                fix='by="region", by=["region", "sex"] (crossed), or by=[["region"], ["sex"]] (separate)',
            )  # fmt: skip
    return tuple(dict.fromkeys(margins))


def _margin(part: Any) -> tuple[str, ...]:
    if not isinstance(part, list | tuple) or not all(isinstance(name, str) for name in part):
        raise EstimateFault(
            "FL-EST-04", "by= mixes names and lists", found=f"a {type(part).__name__} among them",
            fix='for separate margins give lists only: by=[["region"], ["sex"]]',
        )  # fmt: skip
    return tuple(part)


def margins_of(table: Totals, by: By, categories: Mapping[str, Sequence[str]]) -> tuple[Margin, ...]:
    """The nation, then each margin of `by`. `categories` are the declared ones of categorical columns."""
    _check_size(table, by, categories)
    groups = len(table.n)
    # One zero that stands for all: no memory is asked for, and none is read.
    nation = Margin(name="", columns=(), domain=np.broadcast_to(np.int64(0), (groups,)), labels=((),))
    return (nation, *(_crossed(table, columns, categories) for columns in by_margins(by)))


def _crossed(table: Totals, columns: tuple[str, ...], categories: Mapping[str, Sequence[str]]) -> Margin:
    levels: list[list[Any]] = []
    domain, missing = None, np.zeros(len(table.n), dtype=bool)
    for column in columns:
        key = table.keys[column]
        known = _in_order(key.levels, categories.get(column, ()))
        position = {level: code for code, level in enumerate(known)}
        recode = np.array([*(position[level] for level in key.levels), 0], dtype=np.int64)
        missing |= key.codes == key.missing
        # Codes that stand in the order of the domains already are not written anew.
        in_order = (recode[:-1] == np.arange(len(known))).all() if len(recode) == len(known) + 1 else False
        own = key.codes if in_order and not missing.any() else recode[key.codes]
        domain = own if domain is None else domain * len(known) + own
        levels.append(known)
    labels = list(itertools.product(*levels))
    if domain is None:
        raise AssertionError("a margin has a column")
    if missing.any():
        domain = np.where(missing, len(labels), domain)
        labels.append((None,) * len(columns))
    return Margin(name=" × ".join(columns), columns=columns, domain=domain, labels=tuple(labels))


class Order(tuple[str, ...]):
    """Codes of a column, as texts, in the order that was meant; not all need occur."""


def _in_order(met: Sequence[Any], given: Sequence[str]) -> list[Any]:
    """The values of a column as domains: in the order given, the others sorted behind.

    Categories that nobody has still are domains: the table says that nobody was met there. An `Order` only orders.
    """
    declared = _declared(given)
    values = {*met, *declared}
    position = {str(code): at for at, code in enumerate(given)}
    return sorted(values, key=lambda v: (position.get(_written(v), len(position)), isinstance(v, str), v))


def _declared(given: Sequence[str]) -> list[str]:
    """The categories that are domains even where nobody has them."""
    return [] if isinstance(given, Order) else [str(value) for value in given]


def _written(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


class DomainSums:
    """The sums of a small table within the domains of a margin, each added up once."""

    def __init__(self, table: Totals) -> None:
        self._table = table
        self._known: dict[tuple[int, int, int], Floats] = {}
        self._kept: list[Codes] = []

    def __call__(self, name: Any, margin: Margin) -> Floats:
        """One sum in every domain of a margin, shape (domains,)."""
        values, width = self._table.sums[name], len(margin.labels)
        # Sums of several names may be one array: of people who all are in scope those of rows, and those of who is counted.
        key = (id(values), id(margin.domain), width)
        if key not in self._known:
            self._kept.append(margin.domain)
            if width == 1:
                self._known[key] = np.array([values.sum()])
            elif values.any():
                self._known[key] = np.bincount(margin.domain, weights=values, minlength=width)
            else:
                self._known[key] = np.zeros(width)
        return self._known[key]


MOST_CELLS, BYTES_A_CELL = 1_000_000, 2_000
"""Domains of one call, and the memory that one of them takes until it is a row (measured: 1.8 kB)."""


def _check_size(table: Totals, by: By, categories: Mapping[str, Sequence[str]]) -> None:
    """Refuse a table that nobody could read and no memory could hold, before its cells are written out."""
    columns = by_margins(by)
    levels = {
        name: len({*table.keys[name].levels, *_declared(categories.get(name, ()))})
        for name in {name for margin in columns for name in margin}
    }
    require_few_cells(sum(math.prod(levels[name] for name in margin) for margin in columns), columns)


def require_few_cells(cells: int, margins: Sequence[Sequence[str]], of_each: int = 1) -> None:
    """Refuse more domains than a call may have, counted over what it estimates of each.

    Raises
    ------
    EstimateFault
        FL-EST-06, with the memory that they would take.
    """
    if cells * of_each > MOST_CELLS:
        names = listed(" × ".join(margin) for margin in margins)
        times = f", of each {of_each:,} rows" if of_each > 1 else ""
        raise EstimateFault(
            "FL-EST-06",
            "by= makes too many domains",
            found=f"{cells:,} cells for {names}{times}: about {cells * of_each * BYTES_A_CELL / 2**30:,.0f} GB of memory; "
            f"at most {MOST_CELLS:,} are made",
            fix="cross fewer columns, or bring continuous columns into classes first",
        )
