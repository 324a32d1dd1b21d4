"""Cells of tables beside subpopulations asked for one by one: women of region A are a row of one and a condition of the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linprog, nnls  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from fl_estimate.arrays import Floats
from fl_estimate.reporting.disclosure.conditions import atoms, certain, several
from fl_estimate.reporting.disclosure.series import Outer
from fl_estimate.reporting.disclosure.subpopulations import (
    NEARLY,
    Cell,
    CombinedSubpopulations,
    Part,
    separable_rows,
    size,
    where_of,
)

_greatest: Any = linprog  # pyright: ignore[reportUnknownVariableType]
_least: Any = nnls  # pyright: ignore[reportUnknownVariableType]
MOST_CELLS = 60
"""Cells of one outcome up to which those of tables are put together with those of subpopulations."""
MOST_PARTS = 120
"""Parts into which all these divide people."""
MOST_PAIRED = 24
"""Parts of which every two together are looked at."""
MOST_INSIDE = 30
"""Cells in one cell up to which every two of them are taken from it."""


def cell_condition(where: str, margin: Sequence[str], known: Mapping[str, str]) -> str:
    """The condition of a cell: of its subpopulation, and its by-values.

    Examples
    --------
    >>> cell_condition("age < 15", ["region", "sex"], {"region": "A"})
    "(age < 15) and region == 'A' and missing(sex)"
    """
    parts = [f"({where})"] if where else []
    parts += [f"{name} == {known[name]!r}" if name in known else f"missing({name})" for name in margin]
    return " and ".join(parts)


def mixed(parts: Mapping[Cell, Part]) -> list[list[Cell]]:
    """Cells of one outcome with several subpopulations, some of them rows of tables: each set of people once."""
    found: dict[Any, dict[tuple[Any, ...], Cell]] = {}
    for key in sorted((key for key, (series, _) in parts.items() if series.counts), key=lambda key: key[1] != ""):
        found.setdefault(key[0], {}).setdefault(key[2:], key)
    groups = [list(own.values()) for own in found.values()]
    return [
        keys
        for keys in groups
        if len({key[2] for key in keys}) > 1 and any(key[3] for key in keys) and 2 < len(keys) <= MOST_CELLS
    ]


def singled_out(keys: Sequence[Cell], parts: Mapping[Cell, Part], outer: Outer) -> Iterator[CombinedSubpopulations]:
    """Sets of people that are told apart by sums and differences of these cells."""
    texts = [cell_condition(where_of(key), key[3], dict(key[4])) for key in keys]
    for times, nobody in singled(texts, [size(parts[key], "n") for key in keys], outer):
        yield CombinedSubpopulations(times={keys[row]: t for row, t in times.items()}, nobody=nobody)


def singled(texts: Sequence[str], sizes: Sequence[float], outer: Outer) -> Iterator[tuple[dict[int, float], bool]]:
    """Parts that can be told apart, and what each condition leaves beside all others that lie in it, with how often each is added.

    Parameters
    ----------
    texts : sequence of str
        Conditions; "" is everybody.
    sizes : sequence of float
        How many people each has.
    outer : mapping
        Geography, as `nesting` finds it.

    Yields
    ------
    ({place in `texts`: how often}, whether nobody is in it)
    """
    if len(texts) > MOST_CELLS or not certain(texts, outer):
        return
    of = np.array(sizes)
    columns = several(texts)
    for named in dict.fromkeys(((), *((column,) for column in columns), tuple(columns))):
        result = atoms(texts, outer, named=named)
        if not result or len(result) > MOST_PARTS:
            continue
        matrix = np.array(sorted(result), dtype=float).T
        if named and float(_least(matrix, of)[1]) > NEARLY * max(*sizes, 1.0):
            continue  # there are others
        there = _there(matrix, of)
        for one in (matrix, matrix[:, there]) if not there.all() else (matrix,):
            yield from _of(one)


def _there(matrix: Floats, sizes: Floats) -> Any:
    """Parts in which somebody may be, as far as the sizes of all say."""
    result = np.ones(matrix.shape[1], dtype=bool)
    for part in range(len(result)):
        aim = np.zeros(len(result))
        aim[part] = -1.0
        made: Any = _greatest(aim, A_eq=matrix, b_eq=sizes, bounds=(0, None))
        result[part] = made.status != 0 or -float(made.fun) > NEARLY * max(float(sizes.max()), 1.0)
    return result


def _of(matrix: Floats) -> Iterator[tuple[dict[int, float], bool]]:
    rows = {tuple(row) for row in matrix.tolist()}
    wanted = [one for one in dict.fromkeys(map(tuple, _candidates(matrix))) if any(one) and one not in rows]
    return separable_rows(matrix, wanted)


def _candidates(matrix: Floats) -> Iterator[list[float]]:
    """Each part and every two of few; what is in one condition and not in another, in both, and in none of those that lie in it."""
    each = np.eye(matrix.shape[1])
    yield from each.tolist()
    if len(each) <= MOST_PAIRED:
        yield from ((a + b).tolist() for a, b in itertools.combinations(each, 2))
    inside: list[list[Floats]] = [[] for _ in matrix]
    for (at, one), (_, other) in itertools.permutations(enumerate(matrix), 2):
        yield (one * (1 - other)).tolist()
        yield (one * other).tolist()
        if (other <= one).all() and (other < one).any():
            inside[at].append(other)
    for one, within in zip(matrix, inside, strict=True):
        if within:
            yield (one * (1 - np.max(within, axis=0))).tolist()
        for a, b in itertools.combinations(within, 2) if len(within) <= MOST_INSIDE else ():
            yield (one * (1 - a) * (1 - b)).tolist()
