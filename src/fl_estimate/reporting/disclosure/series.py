"""What readers know of outcomes before a figure is printed: which add up, which lie in each other. Found from the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, permutations
from typing import Any, cast

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.reporting.disclosure.conditions import Outer, relation
from fl_estimate.reporting.disclosure.system import SystemBuilder

Ids = list[int]
Label = tuple[Any, ...]
Nested = Mapping[str, Mapping[Any, Any]]
"""By a column, which value of another each of its values lies in: {"district": {"A": "Region 1"}}, where the other column is
the one that has these values, or {"district": {"region": {"A": "Region 1"}}}."""

EQUAL = 1e-9
"""Relative difference up to which two weighted sums are the same sum, added up in another order."""
NEARLY_EQUAL = 1.5
"""How many times the least weight of cases the greatest may be for weighted sums to be as good as counts."""
MOST_SERIES = 24
"""Outcomes and subpopulations of one study among which sums of two are looked for; pairs always are."""

SURELY = 8
"""Cells with cases in each of which one outcome must be no larger than another for the one to lie in the other, whatever their names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One outcome of one subpopulation over the finest cells of a call, with the unknowns that stand for it.

    Attributes
    ----------
    outcome, where : str
    by : tuple of str
    labels : tuple of tuple
        Of each cell, its values of `by`.
    n, cases, weight, weighted, undetermined : array of float, one a cell
        Respondents, cases, Σ w, Σ w y, and Σ w of those whose class is unknown.
    binary : bool
    counts, sums : list of int
        The unknowns of each cell: cases (none of what is not 0 or 1), and Σ w y.
    """

    outcome: str
    where: str
    by: tuple[str, ...]
    labels: tuple[Label, ...]
    n: Floats
    cases: Floats
    weight: Floats
    weighted: Floats
    undetermined: Floats
    binary: bool
    counts: Ids
    sums: Ids
    cells_of: dict[tuple[str, ...], dict[Label, Ids]] = field(default_factory=dict[tuple[str, ...], dict[Label, Ids]])
    """Cells by their values of some columns, once they were asked for."""

    def inside(self, known: Mapping[str, Any], margin: Sequence[str]) -> Ids:
        """Cells of these by-values, as text; a column of the margin without a value asks for those not stated."""
        columns = tuple(margin)
        if columns not in self.cells_of:
            self.cells_of[columns] = self.grouped(columns, {})
        return list(self.cells_of[columns].get(tuple(known.get(column) for column in columns), []))

    def grouped(self, columns: Sequence[str], outer: Outer) -> dict[Label, Ids]:
        """Cells by their values of these columns, own or found through nesting."""
        ways = [self._way(column, outer) for column in columns]
        result: dict[Label, Ids] = {}
        for at, label in enumerate(self.labels):
            result.setdefault(tuple(way(label) for way in ways), []).append(at)
        return result

    def reaches(self, outer: Outer) -> frozenset[str]:
        """Columns by which the cells can be grouped."""
        return frozenset(self.by) | {to for (of, to) in outer if of in self.by}

    def _way(self, column: str, outer: Outer) -> Callable[[Label], str | None]:
        if column in self.by:
            position = self.by.index(column)
            return lambda label: _value_text(label[position])
        of = next(inner for (inner, to) in outer if to == column and inner in self.by)
        position, known = self.by.index(of), outer[of, column]
        return lambda label: known.get(_value_text(label[position]))


def _value_text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def nesting(
    crossings: Sequence[Any], declared: Nested | None = None
) -> dict[tuple[str, str], dict[str | None, str | None]]:
    """Which columns lie in which: found in any call that has both, or declared."""
    result: dict[tuple[str, str], dict[str | None, str | None]] = {}
    for crossing in crossings:
        for inner, outer in crossing.nested:
            at, to = crossing.by.index(inner), crossing.by.index(outer)
            result.setdefault((inner, outer), {}).update(
                {_value_text(x[at]): _value_text(x[to]) for x in crossing.labels}
            )
    for inner, told in (declared or {}).items():
        named = {
            str(outer): cast("Mapping[Any, Any]", pairs) for outer, pairs in told.items() if isinstance(pairs, Mapping)
        }
        bare = {
            _value_text(value): _value_text(outer) for value, outer in told.items() if not isinstance(outer, Mapping)
        }
        for outer, pairs in named.items():
            known = {_value_text(value): _value_text(of) for value, of in pairs.items()}
            result[inner, outer] = known | result.get((inner, outer), {})
        for outer in _columns_with(crossings, frozenset(bare.values())) - {inner} if bare else ():
            result[inner, outer] = bare | result.get((inner, outer), {})
    return result


def _columns_with(crossings: Sequence[Any], values: frozenset[str | None]) -> set[str]:
    """Columns all of whose values are among these."""
    result: set[str] = set()
    for crossing in crossings:
        for position, column in enumerate(crossing.by):
            own = {_value_text(label[position]) for label in crossing.labels} - {None}
            if own and own <= values:
                result.add(str(column))
    return result


def series_of(draft: SystemBuilder, crossings: Sequence[Any]) -> list[Series]:
    """The series of all calls; where two calls have the same series over the same cells, both have the same unknowns."""
    made: list[Series] = []
    for crossing in crossings:
        for position, outcome in enumerate(crossing.outcomes):
            bare = Series(
                outcome=str(outcome), where=str(crossing.where), by=tuple(crossing.by), labels=tuple(crossing.labels),
                n=crossing.n[position], cases=crossing.cases[position], weight=crossing.weight[position],
                weighted=crossing.weighted_cases[position], undetermined=crossing.undetermined[position],
                binary=bool(crossing.binary[position]), counts=[], sums=[],
            )  # fmt: skip
            made.append(_with_unknowns(draft, bare, made))
    _weights(draft, made)
    return made


def _weights(draft: SystemBuilder, series: Sequence[Series]) -> None:
    """Where a sample weights itself, or nearly, a weighted sum is a count: a case weighs what respondents of its cell do.

    Between the least and the most that cells of the data have; where that is far apart a reader without the microdata does
    not know it.
    """
    seen: set[int] = set()
    weighing = [one for one in series if one.counts]
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = [one.weight / one.n for one in weighing]
        found = [one.weighted / one.cases / mean for one, mean in zip(weighing, usual, strict=True)]
    ratios = np.concatenate(found) if found else np.zeros(0)
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    if not len(ratios) or ratios.max() > NEARLY_EQUAL * ratios.min():
        return
    for one, mean in zip(weighing, usual, strict=True):
        if id(one.counts) in seen:
            continue
        seen.add(id(one.counts))
        for k, y, weight in zip(one.counts, one.sums, mean, strict=True):
            if np.isfinite(weight) and weight > 0:
                draft.row({y: 1.0, k: -float(ratios.max()) * float(weight)}, -np.inf, 0.0)
                draft.row({y: 1.0, k: -float(ratios.min()) * float(weight)}, 0.0, np.inf)


def _with_unknowns(draft: SystemBuilder, bare: Series, made: Sequence[Series]) -> Series:
    for other in made:
        alike = other.by == bare.by and other.labels == bare.labels and _identical(bare, other)
        if alike and _may_be((bare, other), within=True):
            return replace(bare, counts=other.counts, sums=other.sums)
    if bare.binary:
        counts = [draft.unknown(k, 0.0, n, integer=True) for k, n in zip(bare.cases, bare.n, strict=True)]
        sums = [draft.unknown(y, 0.0, w, integer=False) for y, w in zip(bare.weighted, bare.weight, strict=True)]
        return replace(bare, counts=counts, sums=sums)
    # Of a quantity a reader knows no ceiling; ten times all there is stands for none.
    most = 10.0 * max(float(np.abs(bare.weighted).sum()), 1.0)
    least = 0.0 if (bare.weighted >= 0).all() else -most
    return replace(bare, sums=[draft.unknown(y, least, most, integer=False) for y in bare.weighted])


def _may_be(pair: tuple[Series, Series], outer: Outer | None = None, *, within: bool) -> bool:
    """Whether numbers of two series that agree are more than chance.

    They are where the series are of one subpopulation, or of two the first of which lies in the other (`within`: and the
    other in it) by their conditions or for all that anybody knows; or where they agree in many cells.
    """
    a, b = pair
    if a.where == b.where or min(int((one.cases > 0).sum()) for one in pair) >= SURELY:
        return True
    found, turned = relation(a.where, b.where, outer), relation(b.where, a.where, outer)
    return found.apart is None or (found.within and (turned.within or not within))


def _identical(a: Series, b: Series) -> bool:
    """Whether two series over the same cells are the same numbers."""
    return a.binary == b.binary and bool(np.array_equal(a.cases, b.cases) and _close(a.weighted, b.weighted))


def _close(a: Any, b: Any) -> bool:
    scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), 1e-300)
    return bool((np.abs(np.asarray(a) - np.asarray(b)) <= EQUAL * scale).all())


def _same(pair: Sequence[Floats]) -> bool:
    return bool(np.array_equal(pair[0], pair[1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shared:
    """Several series added up over the cells of the columns that they share."""

    cells: list[list[Ids]]
    n: list[Floats]
    cases: list[Floats]
    weight: list[Floats]
    weighted: list[Floats]
    undetermined: list[Floats]

    @classmethod
    def of(cls, parts: Sequence[Series], outer: Outer) -> _Shared:
        reached: list[frozenset[str]] = [part.reaches(outer) for part in parts]
        columns = sorted(reached[0].intersection(*reached[1:]))
        groups = [part.grouped(columns, outer) for part in parts]
        keys = list(dict.fromkeys(key for group in groups for key in group))
        cells = [[group.get(key, []) for key in keys] for group in groups]

        def added(name: str) -> list[Floats]:
            return [
                np.array([getattr(part, name)[ids].sum() for ids in own], dtype=float)
                for part, own in zip(parts, cells, strict=True)
            ]

        names = ("n", "cases", "weight", "weighted", "undetermined")
        return cls(cells=cells, **{name: added(name) for name in names})


def relate(draft: SystemBuilder, series: Sequence[Series], outer: Outer) -> None:
    """Write down what everybody knows of these series: equal, complementary, one inside another, the sum of two.

    A relation that the data have in every cell is taken as known: a reader who does not know it is the weaker for it.
    """
    for a, b in combinations(range(len(series)), 2):
        _pair(draft, series[a], series[b], outer)
    if len(series) <= MOST_SERIES:
        for whole, b, c in permutations(range(len(series)), 3):
            if b < c:
                _sum_of_two(draft, series[whole], series[b], series[c], outer)
    _values(draft, series)


def _pair(draft: SystemBuilder, a: Series, b: Series, outer: Outer) -> None:
    if a.sums is b.sums:
        return
    shared = _Shared.of([a, b], outer)
    same = _may_be((a, b), outer, within=True)
    if same and _close(*shared.weighted) and _same(shared.cases):
        _rows(draft, (a, b), shared, (1.0, -1.0), 0.0, 0.0)
    elif a.binary and b.binary and _by_other_weights(a, b, shared):
        _rows(draft, (a, b), shared, (1.0, -1.0), 0.0, 0.0, names=("counts",))
    elif a.binary and b.binary:
        if same and _complement(shared):
            _rows(draft, (a, b), shared, (1.0, 1.0), None, None)
        elif _may_be((a, b), outer, within=False) and _below(shared, 0, 1):
            _rows(draft, (a, b), shared, (1.0, -1.0), -np.inf, 0.0)
        elif _may_be((b, a), outer, within=False) and _below(shared, 1, 0):
            _rows(draft, (b, a), replace(shared, cells=shared.cells[::-1]), (1.0, -1.0), -np.inf, 0.0)
    elif same and a.binary != b.binary:
        factor = _two_valued(shared, 0 if a.binary else 1)
        if factor is not None:
            _rows(draft, (a, b), shared, (-factor, 1.0) if a.binary else (1.0, -factor), None, None)


def _by_other_weights(a: Series, b: Series, shared: _Shared) -> bool:
    """Whether two series are one outcome of the same respondents with two weights: cases are the same, weighted sums are not."""
    return (a.outcome, a.where) == (b.outcome, b.where) and _same(shared.n) and _same(shared.cases)


def _two_valued(shared: _Shared, outcome: int) -> float | None:
    """By how much two values of a quantity differ that goes with a 0/1 outcome, b = low · w + factor · y; or None."""
    y, total, of = shared.weighted[outcome], shared.weight[outcome], shared.weighted[1 - outcome]
    known = np.column_stack([total, y])
    if len(y) < 3 or np.linalg.matrix_rank(known) < 2 or not _close(total, shared.weight[1 - outcome]):
        return None
    found = np.linalg.lstsq(known, of, rcond=None)[0]
    return float(found[1]) if _close(known @ found, of) and abs(found[1]) > EQUAL else None


def _complement(shared: _Shared) -> bool:
    """Whether the two make up everybody, but for those whose class is unknown."""
    both = shared.weighted[0] + shared.weighted[1]
    return _same(shared.n) and (
        _close(both, shared.weight[0]) or _close(both, shared.weight[0] - shared.undetermined[0])
    )


def _below(shared: _Shared, less: int, more: int) -> bool:
    few = (shared.cases[less] <= shared.cases[more]).all() and (shared.n[less] <= shared.n[more]).all()
    return bool(few and (shared.weighted[less] <= shared.weighted[more] * (1 + EQUAL)).all())


def nested_outcomes(series: Sequence[Series], outer: Outer) -> frozenset[tuple[str, str]]:
    """(inner, wider) outcomes of which readers know that whoever is in the first is in the second as well.

    Where the data have it in every cell of the same respondents, and either their names say that they are readings of one
    question (`forced_labour`, `forced_labour_wide`) or there are `SURELY` cells to see it in: by chance it holds in a few.
    """
    result: set[tuple[str, str]] = set()
    for a, b in permutations([one for one in series if one.binary and one.counts], 2):
        if a.where != b.where or a.outcome == b.outcome or (a.outcome, b.outcome) in result:
            continue
        shared = _Shared.of([a, b], outer)
        seen = int((shared.cases[1] > 0).sum())
        if _same(shared.n) and _below(shared, 0, 1) and (readings(a.outcome, b.outcome) or seen >= SURELY):
            result.add((a.outcome, b.outcome))
    return frozenset(result)


def readings(a: str, b: str) -> bool:
    """Whether two names are of readings of one question: one is the other and a word more, or they differ in the last word."""
    return a.startswith(f"{b}_") or b.startswith(f"{a}_") or ("_" in a and a.rsplit("_", 1)[0] == b.rsplit("_", 1)[0])


def _sum_of_two(draft: SystemBuilder, whole: Series, b: Series, c: Series, outer: Outer) -> None:
    if not (whole.binary == b.binary == c.binary) or not b.cases.any() or not c.cases.any():
        return
    if not all(_may_be((part, whole), outer, within=False) for part in (b, c)):
        return
    if (
        b.where != c.where
        and relation(b.where, c.where, outer).apart is False
        and min(len(b.cases), len(c.cases)) < SURELY
    ):
        return
    if not _close(whole.weighted.sum(), b.weighted.sum() + c.weighted.sum()):
        return
    shared = _Shared.of([whole, b, c], outer)
    of, parts = shared.weighted[0], shared.weighted[1] + shared.weighted[2]
    if _close(of, parts) and np.array_equal(shared.cases[0], shared.cases[1] + shared.cases[2]):
        _rows(draft, (whole, b, c), shared, (1.0, -1.0, -1.0), 0.0, 0.0)


def _values(draft: SystemBuilder, series: Sequence[Series]) -> None:
    """The values of a text outcome add up to everybody counted."""
    families: dict[tuple[Any, ...], list[Series]] = {}
    for one in series:
        if one.binary and "=" in one.outcome:
            families.setdefault((one.outcome.split("=", 1)[0], one.where, one.by, one.labels), []).append(one)
    for values in families.values():
        distinct = list({one.outcome: one for one in values}.values())
        everybody = np.sum([one.weighted for one in distinct], axis=0)
        if len(distinct) > 2 and _close(everybody, distinct[0].weight):
            for at in range(len(distinct[0].labels)):
                draft.exact([one.counts[at] for one in distinct])
                draft.exact([one.sums[at] for one in distinct])


def _rows(
    draft: SystemBuilder,
    parts: Sequence[Series],
    shared: _Shared,
    signs: Sequence[float],
    lower: float | None,
    upper: float | None,
    *,
    names: Sequence[str] = ("counts", "sums"),
) -> None:
    """One public row a shared cell: lower ≤ Σ sign · part ≤ upper; None is what the data have."""
    for cell in range(len(shared.cells[0])):
        # The cases of a quantity are no unknowns.
        for name in names if all(part.counts for part in parts) else ("sums",):
            terms: dict[int, float] = {}
            for part, own, sign in zip(parts, shared.cells, signs, strict=True):
                unknowns: Ids = getattr(part, name)
                for at in own[cell]:
                    terms[unknowns[at]] = terms.get(unknowns[at], 0.0) + sign
            terms = {at: sign for at, sign in terms.items() if sign}
            if not terms:
                continue
            if lower is None or upper is None:
                draft.exact(terms)
            else:
                draft.row(terms, lower, upper)
