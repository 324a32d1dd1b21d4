"""What can be worked out of released folders alone, without the microdata: `fl-estimate audit-release`.

Apart from the audit that `publish` makes: it knows no truth, so it finds what any reader finds, in folders of any rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from fl_estimate.reporting.disclosure.conditions import holds
from fl_estimate.reporting.disclosure.mixed import cell_condition, singled
from fl_estimate.reporting.disclosure.subpopulations import spanned
from fl_estimate.reporting.releases import KnownTable, Release
from fl_estimate.results.codes import Quantity
from fl_estimate.results.estimates import margin_columns

COLUMNS: tuple[str, ...] = ("release", "estimate", "outcome", "where", "cell", "what", "lower", "upper")
AT_MOST, FEWER_THAN, NOT_PUBLISHED = "at_most", "fewer_than", "not_published"
FIFTH = 0.20
"""A withheld number of persons that is known this well counts as known."""
INFEASIBLE, OPTIMAL = 2, 0
SECONDS = 20.0
Place = tuple[str, frozenset[tuple[str, str]]]
"""A margin, its columns in alphabetical order, and the labels of a row."""
Key = tuple[str, str, Place]
"""An outcome, the condition of a subpopulation, and a place."""


@dataclass(kw_only=True)
class _Unknown:
    """A number of cases or of persons: its bounds, and whether it is printed."""

    lower: float = 0.0
    upper: float = math.inf
    printed: bool = False

    def within(self, lower: float, upper: float) -> None:
        self.lower, self.upper = max(self.lower, lower), min(self.upper, upper)


@dataclass(kw_only=True)
class _PrintedCell:
    """What is printed of one cell, over all releases."""

    of: tuple[str, str]
    cases: _Unknown = field(default_factory=_Unknown)
    persons: _Unknown = field(default_factory=_Unknown)
    n: float = math.nan
    status: set[str] = field(default_factory=set[str])


def derived(releases: Sequence[Release]) -> pd.DataFrame:
    """Find what the tables of released folders give away together.

    Parameters
    ----------
    releases : sequence of Release
        As `read_release` reads them. Tables of different reference periods are of different people; where a folder does
        not say its period, its tables are taken to be of the same people as any other.

    Returns
    -------
    pandas.DataFrame
        A row for each withheld figure that is known better than the rule allows. `what`: cases (of a cell of few:
        between `lower` and `upper`, so that 0 and 1, or the rule's fewest cases less one, are ruled out), persons (known within
        a fifth), cases between (of those who are in one published subpopulation and not in another), model (a row of a model
        whose direct figure is withheld, and which can be refitted). Empty where nothing can be derived.

    Notes
    -----
    Cases of each cell are whole numbers between what the status and n allow; margins add up to the nation, crossed
    margins to what they cross, and cells to the cells that they lie in (`geography` of the manifest). The ends are the optima
    of mixed-integer programmes (HiGHS). Weighted shares are not used: what they say without the weights is less.
    """
    found: list[dict[str, Any]] = []
    for group in _peoples(releases):
        geography = _joined(release.geography for release in releases)
        cases = min(release.min_cases for release in releases)
        found += _of_people(group, geography, cases, min(release.min_n for release in releases))
    return pd.DataFrame(found, columns=list(COLUMNS)).drop_duplicates(ignore_index=True)


def _peoples(releases: Sequence[Release]) -> Iterator[list[tuple[str, KnownTable]]]:
    """Tables by people: those of one country and reference period, with those that do not say theirs."""
    every = [(release.name, table) for release in releases for table in release.tables]
    periods = sorted({table.reference_period for _, table in every} - {""}) or [""]
    for period in periods:
        own = [(name, table) for name, table in every if table.reference_period in (period, "")]
        for country in sorted({table.country for _, table in own} - {""}) or [""]:
            yield [(name, table) for name, table in own if table.country in (country, "")]


def _joined(given: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, str]]:
    """{(inner, outer): {label: outer label}} of all releases."""
    result: dict[tuple[str, str], dict[str, str]] = {}
    for geography in given:
        for inner, outers in geography.items():
            for outer, pairs in outers.items():
                result.setdefault((inner, outer), {}).update(pairs)
    return result


def _of_people(
    tables: Sequence[tuple[str, KnownTable]],
    geography: Mapping[tuple[str, str], Mapping[str, str]],
    few: float,
    min_n: float,
) -> Iterator[dict[str, Any]]:
    cells: dict[Key, _PrintedCell] = {}
    for name, table in tables:
        for record in table.frame.to_dict("records"):
            _read(cells, name, table, record, few)
    families: dict[tuple[str, str], dict[Place, _PrintedCell]] = {}
    for (outcome, where, position), cell in cells.items():
        families.setdefault((outcome, where), {})[position] = cell
    for (outcome, where), family in families.items():
        sums = _sums(family, geography)
        if not where:
            family, sums = _with_conditions(outcome, family, sums, families)
        yield from _known_cases(outcome, where, family, sums, few, min_n)
        yield from _known_persons(outcome, where, family, sums)
    yield from _between(cells, few, min_n)
    yield from _together(cells, geography, few, min_n)
    yield from _refitted(tables, cells)


def _read(
    cells: dict[Key, _PrintedCell], release: str, table: KnownTable, record: Mapping[Any, Any], few: float
) -> None:
    """What one printed row says of its cell."""
    quantity = Quantity.of(str(record["quantity"]))
    direct = str(record.get("basis") or "respondents") == "respondents" and not record["term"]
    if not direct or not quantity.limited:
        return
    key = (str(record["outcome"]), table.where, _place(record))
    cell = cells.setdefault(key, _PrintedCell(of=(release, table.name)))
    status = str(record["publication"])
    cell.status.add(status)
    n = _float(record["n"])
    cell.n = n if math.isfinite(n) else cell.n
    if math.isfinite(cases := _float(record["cases"])):
        cell.cases.within(cases, cases)
        cell.cases.printed = True
    elif status == FEWER_THAN:
        cell.cases.within(0, 0)
    elif status == AT_MOST:
        cell.cases.within(0, max(few - 1, 0))
    if math.isfinite(n):
        cell.cases.within(0, n)
    value = _float(record["value"])
    if quantity.counts_respondents and math.isfinite(value) and not record["bound"]:
        half = half_digit(value, _float(record["se"]))
        cell.persons.within(value - half, value + half)
        cell.persons.printed = True


def _place(record: Mapping[Any, Any]) -> Place:
    names = margin_columns(record)
    return " × ".join(sorted(names)), frozenset((name, str(record[name])) for name in names)


def half_digit(value: float, se: float = math.nan) -> float:
    """Half the last digit that a printed number shows; of one that is rounded by its standard error, half of that step.

    Examples
    --------
    >>> half_digit(4_800.0, 630.0), half_digit(0.0123)
    (5.0, 5e-05)
    """
    if math.isfinite(se) and se > 0:
        step = 10.0 ** (math.floor(math.log10(se)) - 1)
        if abs(value / step - round(value / step)) < 1e-6:
            return step / 2
    text = f"{value:.15g}"
    mantissa, _, exponent = text.partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _sums(
    family: Mapping[Place, _PrintedCell], geography: Mapping[tuple[str, str], Mapping[str, str]]
) -> list[tuple[Place, list[Place]]]:
    """Which cells add up to which: one column more divides a cell, or another that lies in one of its columns."""
    found: list[tuple[Place, list[Place]]] = []
    margins = {margin for margin, _ in family}
    for whole in family:
        columns = set(whole[0].split(" × ")) - {""}
        for margin in margins:
            own = set(margin.split(" × ")) - {""}
            if len(own - columns) == 1 and columns <= own:
                found.append((whole, [p for p in family if p[0] == margin and whole[1] <= p[1]]))
            for (inner, outer), inside in geography.items():
                if outer in columns and inner in own and own == (columns - {outer}) | {inner}:
                    rest = {(name, label) for name, label in whole[1] if name != outer}
                    label = dict(whole[1])[outer]
                    parts = [
                        p for p in family if p[0] == margin and rest <= p[1] and inside.get(dict(p[1])[inner]) == label
                    ]
                    found.append((whole, parts))
    return [(whole, parts) for whole, parts in found if parts]


class _Puzzle:
    """Bounds of unknowns, some of which add up to others."""

    def __init__(self, unknowns: Sequence[_Unknown], sums: Sequence[tuple[int, list[int]]], *, whole: bool) -> None:
        rows = np.zeros((len(sums), len(unknowns)))
        for at, (total, parts) in enumerate(sums):
            rows[at, total] = -1.0
            rows[at, parts] = 1.0
        # The types of scipy know of single numbers only.
        ends: Any = np.zeros(len(sums))
        lower: Any = np.array([one.lower for one in unknowns])
        upper: Any = np.array([one.upper for one in unknowns])
        self._rows = LinearConstraint(rows, ends, ends) if len(sums) else ()
        self._bounds = Bounds(lower, upper)
        self._whole = np.full(len(unknowns), int(whole))

    def range(self, unknown: int) -> tuple[float, float] | None:
        """The least and the most; None where nothing fits, infinite where HiGHS finds no end."""
        ends: list[float] = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(self._whole))
            aim[unknown] = sign
            result: Any = milp(
                aim, integrality=self._whole, bounds=self._bounds, constraints=self._rows,
                options={"time_limit": SECONDS},
            )  # fmt: skip
            if result.status == INFEASIBLE:
                return None
            ends.append(float(result.x[unknown]) if result.status == OPTIMAL else -sign * math.inf)
        return ends[0], ends[1]


def _known_cases(
    outcome: str,
    where: str,
    family: Mapping[Place, _PrintedCell],
    sums: Sequence[tuple[Place, list[Place]]],
    few: float,
    min_n: float,
) -> Iterator[dict[str, Any]]:
    """Cells of few cases of which too much is known; first by a reader who takes what is withheld of many people as protecting."""
    positions = list(family)
    rows = [(positions.index(whole), [positions.index(part) for part in parts]) for whole, parts in sums]
    hidden = [
        position
        for position in positions
        if not family[position].cases.printed and FEWER_THAN not in family[position].status
    ]
    told = any(AT_MOST in cell.status for cell in family.values())
    for sure in (True, False) if told else (False,):
        unknowns = [_supposed(family[position], few, min_n, sure=sure) for position in positions]
        puzzle = _Puzzle(unknowns, rows, whole=True)
        ranges = {position: puzzle.range(positions.index(position)) for position in hidden}
        if any(ends is None for ends in ranges.values()):
            continue  # what was supposed contradicts what is printed
        for position, ends in ranges.items():
            most = min(few - 1, family[position].n) if math.isfinite(family[position].n) else few - 1
            if ends is not None and (1 < ends[0] < few or ends[1] < most):
                yield _row(family[position], outcome, where, position, "cases", ends)
        return


def _supposed(cell: _PrintedCell, few: float, min_n: float, *, sure: bool) -> _Unknown:
    known = _Unknown(lower=cell.cases.lower, upper=cell.cases.upper)
    if sure and cell.status == {NOT_PUBLISHED} and cell.n >= min_n:
        known.within(few, math.inf)
    return known


def _known_persons(
    outcome: str, where: str, family: Mapping[Place, _PrintedCell], sums: Sequence[tuple[Place, list[Place]]]
) -> Iterator[dict[str, Any]]:
    positions = [
        position
        for position in family
        if family[position].persons.printed or family[position].status & {NOT_PUBLISHED, AT_MOST}
    ]
    if not any(family[position].persons.printed for position in positions):
        return
    rows = [
        (positions.index(whole), [positions.index(part) for part in parts])
        for whole, parts in sums
        if whole in positions and all(part in positions for part in parts)
    ]
    puzzle = _Puzzle([family[position].persons for position in positions], rows, whole=False)
    for at, position in enumerate(positions):
        if not family[position].persons.printed and (ends := puzzle.range(at)) is not None and ends[0] > 0:
            middle = (ends[0] + ends[1]) / 2
            if ends[0] > (1 - FIFTH) * middle and ends[1] < (1 + FIFTH) * middle:
                yield _row(family[position], outcome, where, position, "persons", ends)


def _between(cells: Mapping[Key, _PrintedCell], few: float, min_n: float) -> Iterator[dict[str, Any]]:
    """Two subpopulations of which one may lie in the other: who is in one only, where both are printed."""
    for (outcome, where, position), inner in cells.items():
        for (other, wide, there), outer in cells.items():
            if (outcome, position) != (other, there) or where == wide or (wide and not where):
                continue
            if not (inner.cases.printed and outer.cases.printed):
                continue
            people, cases = outer.n - inner.n, outer.cases.lower - inner.cases.lower
            if people > 0 and cases > 0 and (cases < few or people < min_n):
                between = f"{wide or 'all'} / {where or 'all'}"
                yield _row(outer, outcome, between, position, "cases between", (cases, cases))


def _with_conditions(
    outcome: str,
    family: Mapping[Place, _PrintedCell],
    sums: Sequence[tuple[Place, list[Place]]],
    families: Mapping[tuple[str, str], Mapping[Place, _PrintedCell]],
) -> tuple[dict[Place, _PrintedCell], list[tuple[Place, list[Place]]]]:
    """The cells of everybody, with subpopulations that are some of them: `region == 'A'` beside a table by region."""
    every, more = dict(family), list(sums)
    for (other, where), own in families.items():
        whole = own.get(("", frozenset()))
        if other != outcome or not where or whole is None:
            continue
        for margin in dict.fromkeys(name for name, _ in family):
            met = {position: holds(where, dict(position[1])) for position in family if position[0] == margin}
            if None not in met.values() and any(met.values()):
                position = f"where {where}", frozenset({("where", where)})
                every[position] = whole
                more.append((position, [part for part, inside in met.items() if inside]))
                break
    return every, more


def _together(
    cells: Mapping[Key, _PrintedCell], geography: Mapping[tuple[str, str], Mapping[str, str]], few: float, min_n: float
) -> Iterator[dict[str, Any]]:
    """Several subpopulations: who is told apart by adding and subtracting their printed cases."""
    groups: dict[tuple[str, Place], list[Key]] = {}
    every: dict[str, list[Key]] = {}
    for key, cell in cells.items():
        if cell.cases.printed and math.isfinite(cell.n):
            groups.setdefault((key[0], key[2]), []).append(key)
            every.setdefault(key[0], []).append(key)
    outer: Any = geography
    for (_, position), keys in groups.items():
        texts, sizes = [key[1] for key in keys], [cells[key].n for key in keys]
        found = spanned(texts, sizes, outer) if len(keys) > 2 else None
        yield from _disclosed_sets(cells, keys, texts, found or (), position, (few, min_n))
    for keys in every.values():
        # Rows of tables beside subpopulations.
        if len(keys) > 2 and len({key[1] for key in keys}) > 1 and any(key[2][0] for key in keys):
            texts = [_condition(key) for key in keys]
            found = singled(texts, [cells[key].n for key in keys], outer)
            yield from _disclosed_sets(cells, keys, texts, found, ("", frozenset()), (few, min_n))


def _condition(key: Key) -> str:
    """The condition of a cell with its by-values; a place without a value is of those not stated."""
    missing = {"nan", "None", "<NA>"}
    known = {name: label for name, label in key[2][1] if label not in missing}
    return cell_condition(key[1], sorted(name for name, _ in key[2][1]), known)


def _disclosed_sets(
    cells: Mapping[Key, _PrintedCell],
    keys: Sequence[Key],
    texts: Sequence[str],
    sets: Iterable[tuple[dict[int, float], bool]],
    position: Place,
    rule: tuple[float, float],
) -> Iterator[dict[str, Any]]:
    few, min_n = rule
    for times, nobody in sets:
        people, cases = (
            sum(t * (cells[keys[at]].n if name == "n" else cells[keys[at]].cases.lower) for at, t in times.items())
            for name in ("n", "cases")
        )
        if not nobody and people > 0.5 and (0.5 < cases < few - 0.5 or (people < min_n and cases > 0.5)):
            text = " / ".join(f"{'' if t == 1 else f'{t:g} × '}{texts[at] or 'all'}" for at, t in times.items())
            yield _row(cells[keys[0]], keys[0][0], text, position, "cases between", (round(cases), round(cases)))


def _refitted(tables: Sequence[tuple[str, KnownTable]], cells: Mapping[Key, _PrintedCell]) -> Iterator[dict[str, Any]]:
    """Rows of a model with a value, whose direct row is withheld."""
    shut = {key for key, cell in cells.items() if not cell.cases.printed and cell.status & {NOT_PUBLISHED, AT_MOST}}
    for name, table in tables:
        for record in table.frame.to_dict("records"):
            key = (str(record["outcome"]), table.where, _place(record))
            model = str(record.get("basis", "")) == "model"
            if model and key in shut and key[2][0] and math.isfinite(value := _float(record["value"])):
                yield _row(_PrintedCell(of=(name, table.name)), key[0], key[1], key[2], "model", (value, value))


def _row(
    cell: _PrintedCell, outcome: str, where: str, position: Place, what: str, ends: tuple[float, float]
) -> dict[str, Any]:
    label = ", ".join(f"{name} = {value}" for name, value in sorted(position[1])) or "all"
    return dict(zip(COLUMNS, (*cell.of, outcome, where, label, what, *ends), strict=True))


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)
