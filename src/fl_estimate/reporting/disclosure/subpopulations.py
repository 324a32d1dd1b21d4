"""Subpopulations that were asked for one by one: what they make up together, and what the whole has beside them all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from fl_estimate.arrays import Floats
from fl_estimate.reporting.disclosure.conditions import atoms, certain, holds, relation
from fl_estimate.reporting.disclosure.series import Ids, Outer, Series
from fl_estimate.reporting.disclosure.system import SystemBuilder

Cell = tuple[Any, ...]
Part = tuple[Series, Ids]
_least: Any = nnls  # pyright: ignore[reportUnknownVariableType]
_squares: Any = np.linalg.lstsq
NEARLY = 1e-7
"""What counts as nothing among sums and differences of whole numbers, and relative to weighted sums."""
MOST_ATOMS = 13
"""Parts into which conditions divide people up to which every union of them is looked at."""
MOST_PACKINGS = 400
"""Sets of subpopulations apart from each other that are added up of one whole; where there are more, the whole goes."""


def rest(name: str, whole: Part, parts: Sequence[Part]) -> dict[int, float]:
    """Unknowns of a cell less those of parts of it, which may be the same ones."""
    terms: dict[int, float] = {}
    for sign, (one, inside) in ((1.0, whole), *((-1.0, part) for part in parts)):
        for position in inside:
            at = getattr(one, name)[position]
            terms[at] = terms.get(at, 0.0) + sign
    return {at: weight for at, weight in terms.items() if weight}


def size(part: Part, name: str) -> float:
    """Respondents or cases of a cell."""
    series, inside = part
    return float(getattr(series, name)[inside].sum())


def tie_to_cells(draft: SystemBuilder, series: Sequence[Series], parts: Mapping[Cell, Part], outer: Outer) -> None:
    """A subpopulation that is made of cells of another table, as `region == 'A'` is of a table by region, is those cells.

    Only where the data agree: a label may be called otherwise in the other table.
    """
    for key, own in parts.items():
        where = key[2][0] if key[2] else ""
        if not where or key[1]:
            continue
        for one in series:
            if one.where or one.outcome != key[0] or one is own[0]:
                continue
            result = _cells_of(one, where, key, outer)
            if result is not None and _agree(own, (one, result)):
                for name in ("counts", "sums") if own[0].counts and one.counts else ("sums",):
                    if terms := rest(name, own, [(one, result)]):
                        draft.exact(terms)
                break


def _cells_of(one: Series, where: str, key: Cell, outer: Outer) -> Ids | None:
    """Cells whose labels meet a condition and the by-values of a row; None where the labels do not say."""
    if not set(key[3]) <= one.reaches(outer):
        return None
    columns = sorted(one.reaches(outer))
    known, found = dict(key[4]), list[int]()
    for label, ids in one.grouped(columns, outer).items():
        labels = dict(zip(columns, label, strict=True))
        met = holds(where, labels)
        if met is None:
            return None
        if met and all(labels[name] == known.get(name) for name in key[3]):
            found += ids
    return found


def _agree(own: Part, other: Part) -> bool:
    same = all(size(own, name) == size(other, name) for name in ("n", "cases"))
    weights = size(own, "weight"), size(other, "weight")
    return same and abs(weights[0] - weights[1]) <= 1e-9 * max(*map(abs, weights), 1e-300)


@dataclass(frozen=True, kw_only=True)
class CombinedSubpopulations:
    """Several subpopulations of one outcome and one set of by-values, each so many times: one set of people, or nobody.

    Attributes
    ----------
    times : mapping of cell to float
        How often each is added; less than 0 where it is taken away.
    nobody : bool
        Whether they cancel each other: what everybody knows of their figures.
    """

    times: Mapping[Cell, float]
    nobody: bool = False


def positions(parts: Mapping[Cell, Part]) -> list[list[Cell]]:
    """Cells that differ in the subpopulation only, of three subpopulations at least; of two, the difference is asked for.

    Models leave out whoever has no answer to a question of theirs, so that those of one kind are put together, and with what
    others say of further subpopulations.
    """
    found: dict[tuple[Any, ...], list[Cell]] = {}
    for key, (series, _) in parts.items():
        if series.counts:
            found.setdefault((key[0], key[3], key[4]), []).append(key)
    groups: list[list[Cell]] = []
    for keys in found.values():
        for kind in dict.fromkeys(key[1] for key in keys):
            own = {key[2]: key for key in keys if key[1] == kind}
            own = {key[2]: key for key in keys} | own
            if len(own) > 2 and list(own.values()) not in groups:
                groups.append(list(own.values()))
    return groups


def combined(keys: Sequence[Cell], parts: Mapping[Cell, Part], outer: Outer) -> Iterator[CombinedSubpopulations] | None:
    """Every set of people whose figures are sums and differences of those of these subpopulations.

    None where conditions divide people into more parts than can be looked at, or are flags of which nobody knows whether
    they go together.
    """
    result = spanned([where_of(key) for key in keys], [size(parts[key], "n") for key in keys], outer)
    if result is None:
        return None
    return (
        CombinedSubpopulations(times={keys[row]: t for row, t in times.items()}, nobody=nobody)
        for times, nobody in result
    )


def spanned(
    texts: Sequence[str], sizes: Sequence[float], outer: Outer
) -> Iterator[tuple[dict[int, float], bool]] | None:
    """Which sums and differences of subpopulations are one set of people, from their conditions.

    Parameters
    ----------
    texts : sequence of str
        Conditions; "" is everybody.
    sizes : sequence of float
        How many people each has.
    outer : mapping
        Geography, as `nesting` finds it.

    Returns
    -------
    iterator of ({place in `texts`: how often}, whether nobody is in it) or None
        None where there are more than `MOST_ATOMS` parts, or flags of which nobody knows whether they go together.
    """
    told = atoms(texts, outer)
    if told is None or len(told) > MOST_ATOMS:
        return None
    if not certain(texts, outer):
        return None
    return itertools.chain.from_iterable(_unions(matrix) for matrix in _matrices(texts, sizes, sorted(told)))


def _matrices(texts: Sequence[str], sizes: Sequence[float], met: Sequence[tuple[bool, ...]]) -> Iterator[Floats]:
    """Which conditions (rows) which atoms (columns) meet; also without those whom none names, where there may be none.

    Whoever knows the regions knows that there is no other, which no text says.
    """
    matrix = np.array(met, dtype=float).T
    yield matrix
    named = matrix[[bool(text) for text in texts]].any(axis=0)
    if named.all():
        return
    result = _least(matrix[:, named], np.array(sizes))
    if float(result[1]) <= NEARLY * max(*sizes, 1.0):
        yield matrix[:, named]


def _unions(matrix: Floats) -> Iterator[tuple[dict[int, float], bool]]:
    """Unions of atoms (columns) in the span of the rows, and rows that others make up."""
    return separable_rows(matrix, list(itertools.product([0.0, 1.0], repeat=matrix.shape[1]))[1:])


def separable_rows(matrix: Floats, wanted: Sequence[Sequence[float]]) -> Iterator[tuple[dict[int, float], bool]]:
    """Rows that others make up, and those sets of atoms (columns) that are a sum or difference of several rows."""
    chosen: list[int] = []
    for row in range(len(matrix)):
        if np.linalg.matrix_rank(matrix[[*chosen, row]]) > len(chosen):
            chosen.append(row)
        else:
            yield {row: -1.0} | times_of(chosen, solved(matrix[chosen].T, matrix[row])), True
    if not wanted or not chosen:
        return
    own, aims = matrix[chosen].T, np.array(wanted, dtype=float).T
    every = solved(own, aims)
    met = np.abs(own @ every - aims).max(axis=0) < NEARLY
    for times in list(every[:, met].T):
        result = times_of(chosen, times)
        if len(result) > 1:
            yield result, False


def solved(matrix: Floats, of: Floats) -> Floats:
    """How often each column is added to make up others, as nearly as can be."""
    result: Floats = _squares(matrix, of, rcond=None)[0]
    return result


def times_of(chosen: Sequence[int], times: Floats) -> dict[int, float]:
    """How often each of the chosen rows is added, without those that are not."""
    # Coefficients are small fractions: what is left of the solver's error is taken off.
    return {row: round(float(times[at]), 9) for at, row in enumerate(chosen) if abs(times[at]) > NEARLY}


def packed(
    keys: Sequence[Cell], parts: Mapping[Cell, Part], outer: Outer
) -> Iterator[tuple[Cell, CombinedSubpopulations | None]]:
    """Each whole less the largest sets of subpopulations in it of which nobody is in two, or may be, as far as is known.

    Yields
    ------
    (cell, what is left of it)
        None in place of what is left where there are more than `MOST_PACKINGS` sets.
    """
    for whole in keys:
        inside = [key for key in keys if _lies_in(key, whole, parts, outer)]
        result = list(packings(inside, parts[whole], parts, outer))
        for one in result[:MOST_PACKINGS]:
            none = size(parts[whole], "n") == sum(size(parts[key], "n") for key in one)
            yield whole, CombinedSubpopulations(times={whole: 1.0} | dict.fromkeys(one, -1.0), nobody=none)
        if len(result) > MOST_PACKINGS:
            yield whole, None


def where_of(key: Cell) -> str:
    """The condition of a cell's subpopulation; "" is everybody."""
    return key[2][0] if key[2] else ""


def _lies_in(key: Cell, whole: Cell, parts: Mapping[Cell, Part], outer: Outer) -> bool:
    if key[2] == whole[2] or any(size(parts[key], name) > size(parts[whole], name) for name in ("n", "cases")):
        return False
    return relation(where_of(key), where_of(whole), outer).within


def packings(
    inside: Sequence[Cell], whole: Part, parts: Mapping[Cell, Part], outer: Outer
) -> Iterator[tuple[Cell, ...]]:
    """Largest sets of cells that are apart from each other and no more than the whole together; one set more than allowed."""
    sizes = np.array([[size(parts[key], name) for name in ("n", "cases")] for key in inside]).reshape(-1, 2)
    room = np.array([size(whole, name) for name in ("n", "cases")])
    near = [{b for b in range(len(inside)) if b != a and _apart(inside, a, b, outer)} for a in range(len(inside))]
    result = _cliques(near, set(), set(range(len(inside))), set())
    fitting = (one for clique in result for one in _fitting(sorted(clique), sizes, room))
    for one in itertools.islice(fitting, MOST_PACKINGS + 1):
        if len(one) > 1:
            yield tuple(inside[at] for at in one)


def _apart(keys: Sequence[Cell], a: int, b: int, outer: Outer) -> bool:
    return relation(where_of(keys[a]), where_of(keys[b]), outer).apart is not False


def _cliques(near: Sequence[set[int]], chosen: set[int], open_: set[int], done: set[int]) -> Iterator[set[int]]:
    """Largest sets all of whose members are near each other (Bron and Kerbosch 1973, with a pivot)."""
    if not open_ and not done:
        yield chosen
        return
    pivot = max(open_ | done, key=lambda at: len(near[at] & open_))
    for at in sorted(open_ - near[pivot]):
        yield from _cliques(near, chosen | {at}, open_ & near[at], done & near[at])
        open_, done = open_ - {at}, done | {at}


def _fitting(clique: Sequence[int], sizes: Floats, room: Floats) -> Iterator[tuple[int, ...]]:
    """A set as it is where it is no more than the whole; else, of flags that may go together, its largest parts that are not."""
    if (sizes[list(clique)].sum(axis=0) <= room).all():
        yield tuple(clique)
        return
    for at in clique:
        fewer = [other for other in clique if other != at]
        if fewer and (sizes[fewer].sum(axis=0) <= room).all():
            yield tuple(fewer)
        elif len(fewer) > 2:
            yield from _fitting(fewer, sizes, room)


def protect(
    draft: SystemBuilder, made: CombinedSubpopulations, parts: Mapping[Cell, Part], *, min_n: float, min_cases: float
) -> tuple[int, dict[int, float]] | None:
    """Put a combination of subpopulations under the rule as a cell of its own.

    Returns
    -------
    (cell, its weighted sum) or None
        Of people who are too few; the caller says how open the sum must stay.
    """
    n, cases = (sum(t * size(parts[key], name) for key, t in made.times.items()) for name in ("n", "cases"))
    counts, sums = _terms("counts", made, parts), _terms("sums", made, parts)
    if made.nobody:
        for terms in (counts, sums):
            # Figures that the data contradict are of other people than their conditions say.
            if terms and abs(draft.value(terms)) <= NEARLY * max(sum(abs(draft.truth[at]) for at in terms), 1.0):
                draft.exact(terms)
        return None
    if not n > 0.5 or not ((0.5 < cases < min_cases - 0.5) or (n < min_n and cases > 0.5)):
        return None
    cell = draft.cell(n + 1.0, withheld=True)
    draft.row(counts, 0.0, n)
    draft.target(counts, cell, 1.0, max(min_cases, cases))
    return cell, sums


def _terms(name: str, made: CombinedSubpopulations, parts: Mapping[Cell, Part]) -> dict[int, float]:
    terms: dict[int, float] = {}
    for key, times in made.times.items():
        series, inside = parts[key]
        for position in inside:
            at = getattr(series, name)[position]
            terms[at] = terms.get(at, 0.0) + times
    return {at: weight for at, weight in terms.items() if abs(weight) > NEARLY}
