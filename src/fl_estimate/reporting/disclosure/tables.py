"""From tables about to be published to the system that a reader can solve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.conditions import relation
from fl_estimate.reporting.disclosure.kinds import DERIVED, columns_of, kind_of, parts_of, rounds_of
from fl_estimate.reporting.disclosure.known import known_rows
from fl_estimate.reporting.disclosure.mixed import mixed, singled_out
from fl_estimate.reporting.disclosure.rows import divided, series_of_row, tie
from fl_estimate.reporting.disclosure.series import (
    Ids,
    Nested,
    Outer,
    Series,
    nested_outcomes,
    nesting,
    relate,
    series_of,
)
from fl_estimate.reporting.disclosure.subpopulations import (
    CombinedSubpopulations,
    combined,
    packed,
    positions,
    protect,
    rest,
    size,
    tie_to_cells,
    where_of,
)
from fl_estimate.reporting.disclosure.system import Flags, Floats, System, SystemBuilder
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.results.codes import TOTAL, WHOLE, Quantity
from fl_estimate.results.columns import IMPUTED
from fl_estimate.results.estimates import margin_columns

Cell = tuple[Any, ...]

MODEL_OF = "model of"
"""What stands in place of a term in the cell of all people of a model."""
SUMS: tuple[str, ...] = ("linear", "known", "scaled", "shifted", "exact")
"""Ways of rows that say something of the sum over their cells, in numbers."""
SCENARIOS: tuple[str, ...] = ("scaled", "shifted", "exact")
"""Those of a cell under a scenario."""
OPEN = 0.20
"""A withheld value may not be known this well: a fifth below and a fifth above must fit what is printed."""
OF_NATION, OF_PARENT, OF_READING = 100.0, 10.0, 0.05
"""How many times its respondents the cell of the nation costs, a cell that others lie in, and one of a further reading."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditedTable:
    """One table as it is about to be published, with what an audit knows beside it.

    Attributes
    ----------
    name : str
    frame : pandas.DataFrame
        With full values.
    keys : sequence of Cell
        Of each row, as `suppression.cells` makes them.
    hidden : array of bool
        Rows that the rule withholds.
    at_most : array of bool
        Rows that say no more than that there are fewer cases than `min_cases`: their state is public.
    zero : array of bool
        Rows that say that there is no case.
    printed : array of float
        Values as printed; missing where none is.
    half : array of float
        Half the last digit of each.
    crossing : Crossing or None
        The finest cells of the call.
    arguments : mapping
        Of the call.
    """

    name: str
    frame: pd.DataFrame
    keys: Sequence[Cell]
    hidden: Flags
    at_most: Flags
    zero: Flags
    printed: Floats
    half: Floats
    crossing: Any
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Translation:
    """A system, and which cell of it each key of the tables is."""

    system: System
    cell_of: Mapping[Cell, int]


@dataclass(kw_only=True, eq=False)
class _SystemWork:
    """What is known while a system is put together."""

    min_n: float
    min_cases: float
    status_tells: bool
    draft: SystemBuilder
    series: list[Series]
    outer: Outer
    cell_of: dict[Cell, int] = field(default_factory=dict[Cell, int])
    parts: dict[Cell, tuple[Series, Ids]] = field(default_factory=dict[Cell, tuple[Series, Ids]])
    n_of: dict[Cell, float] = field(default_factory=dict[Cell, float])
    readings: frozenset[tuple[str, str]] = frozenset()
    """(inner, wider) outcomes that are published side by side."""
    lesser: frozenset[str] = frozenset()
    """Outcomes that are a further reading of one published before them."""
    modelled: set[Cell] = field(default_factory=set[Cell])
    """Whom models speak of, where no row of theirs is a cell."""
    public: set[Cell] = field(default_factory=set[Cell])


def translate(
    tables: Sequence[AuditedTable],
    *,
    min_n: float,
    min_cases: float,
    nested: Nested | None = None,
    known: Sequence[KnownTable] = (),
    status_tells: bool = False,
) -> Translation:
    """The system that readers of these tables can solve, all of them together.

    Parameters
    ----------
    tables : sequence of Given
    min_n, min_cases : float
        Of the rule.
    nested : mapping, optional
        {inner column: {value: outer value}}, for geographies that no call has side by side.
    known : sequence of KnownTable
        Of earlier releases: what they print cannot be withheld any more.
    status_tells : bool
        Whether cells of few cases have a status of their own, so that one which is withheld without it has enough.
    """
    crossings = [table.crossing for table in tables if table.crossing is not None]
    draft, outer = SystemBuilder(), nesting(crossings, nested)
    series = series_of(draft, crossings)
    relate(draft, series, outer)
    work = _SystemWork(
        min_n=min_n, min_cases=min_cases, status_tells=status_tells, draft=draft, series=series, outer=outer
    )
    outcomes = list(dict.fromkeys(str(key[0]) for table in tables for key in table.keys))
    work.readings = nested_outcomes(series, outer)
    work.lesser = frozenset(max(pair, key=outcomes.index) for pair in work.readings if set(pair) <= set(outcomes))
    shut = _shut(tables)
    work.public = {key for table in tables for key, low in zip(table.keys, table.at_most, strict=True) if low}
    # One row that says "at most" tells it of the cell, though a model's row, or a bound, of the same cell is withheld.
    shut -= work.public
    for table in tables:
        _cells(work, table, shut)
    _without_crossing(work, tables)
    for table in tables:
        _rows(work, table, shut)
    for table in tables:
        _modelled(work, table, shut)
    for key in work.cell_of:
        if key in shut or key in work.public:
            _targets(work, key)
    for table in tables:
        _dependents(work, table)
    for table in known:
        _beside_parts(work, known_rows(work.draft, work.series, work.parts, table, min_cases))
    _differences(work)
    _subpopulations(work)
    _readings(work, shut | work.public)
    return Translation(system=draft.built(), cell_of=work.cell_of)


def _shut(tables: Sequence[AuditedTable]) -> set[Cell]:
    """Cells that are withheld.

    A scenario that is, and what is made of several, of a cell of which something else is printed, withholds nothing of it.
    """
    rows = [
        (key, bool(table.hidden[at]), _way(record, table) in (*SCENARIOS, "rounds"))
        for table in tables
        for at, (record, key) in enumerate(zip(table.frame.to_dict("records"), table.keys, strict=True))
    ]
    printed = {key for key, hidden, _ in rows if not hidden}
    return {key for key, hidden, beside in rows if hidden and not (beside and key in printed)}


def _cells(work: _SystemWork, table: AuditedTable, shut: set[Cell]) -> None:
    """A cell of the system for each cell of the table, and which unknowns it is the sum of."""
    for record, key in zip(table.frame.to_dict("records"), table.keys, strict=True):
        way = _way(record, table)
        if way in ("model", "apart"):
            continue
        n = float(record["n"]) if not pd.isna(record["n"]) else 0.0
        if key not in work.cell_of:
            parent = any(outer in margin_columns(record) for _, outer in work.outer)
            price = OF_NATION if not record["margin"] else OF_PARENT if parent else 1.0
            price *= OF_READING if key[0] in work.lesser else 1.0
            work.cell_of[key] = work.draft.cell((n + 1.0) * price, withheld=key in shut or key in work.public)
            work.n_of[key] = n
        if key not in work.parts and way in SUMS:
            result = _made_of(work, key, record)
            if result is not None:
                work.parts[key] = result


def _made_of(work: _SystemWork, key: Cell, record: Mapping[Any, Any]) -> tuple[Series, Ids] | None:
    """The series and the finest cells that a row is the sum of."""
    outcome, term, where, _, known = key
    margin = margin_columns(record)
    if term:
        return None
    for one in work.series:
        same = one.outcome == outcome and one.where == (where[0] if where else "")
        if same and set(margin) <= set(one.by):
            return one, one.inside(dict(known), margin)
    return None


def _without_crossing(work: _SystemWork, tables: Sequence[AuditedTable]) -> None:
    """Rows of results without finest cells, which stand for themselves: all at once, for the nation's may stand in another table."""
    found: dict[Cell, Series] = {}
    for table in tables:
        if table.crossing is not None:
            continue
        for record, key in zip(table.frame.to_dict("records"), table.keys, strict=True):
            direct = _way(record, table) in ("linear", "known") and not key[1]
            if direct and key not in work.parts and key not in found:
                made = series_of_row(work.draft, key, record)
                if made is not None:
                    found[key] = made
    work.parts |= {key: (series, [0]) for key, series in found.items()}
    if found:
        tie(work.draft, work.parts, found)


def _rows(work: _SystemWork, table: AuditedTable, shut: set[Cell]) -> None:
    """What each printed row says, in numbers."""
    for at, (record, key) in enumerate(zip(table.frame.to_dict("records"), table.keys, strict=True)):
        if key not in work.parts or key in shut:
            continue
        series, inside = work.parts[key]
        way = _way(record, table)
        if way not in SUMS or (way in SCENARIOS and table.hidden[at]):
            continue
        if key in work.public:
            if table.at_most[at] and series.counts:
                work.draft.row([series.counts[i] for i in inside], 0.0, work.min_cases - 1)
            continue
        owner = work.cell_of[key]
        if series.counts and not pd.isna(record["cases"]):
            work.draft.exact([series.counts[i] for i in inside], owner)
            if work.status_tells and float(record["n"]) >= work.min_n and float(record["cases"]) >= work.min_cases:
                # Printed or not: a cell of fewer would say "at most".
                work.draft.row([series.counts[i] for i in inside], work.min_cases, float(record["n"]))
        if inside:
            _value_row(work.draft, record, table, at, series, inside, owner)


def _modelled(work: _SystemWork, table: AuditedTable, shut: set[Cell]) -> None:
    """Whom the rows of a model or a test speak of: their cases are printed beside each coefficient, and a model gives them too."""
    rows: dict[Cell, list[Cell]] = {}
    told: dict[Cell, tuple[float, float]] = {}
    for record, key in zip(table.frame.to_dict("records"), table.keys, strict=True):
        if _way(record, table) == "formula" and key not in shut and not pd.isna(record["cases"]):
            people = (key[0], f"{MODEL_OF} {table.arguments.get('formula', '')}", *key[2:])
            rows.setdefault(people, []).append(key)
            told[people] = float(record["n"]), float(record["cases"])
    for people, keys in rows.items():
        n, cases = told[people]
        if people not in work.cell_of:
            work.cell_of[people] = work.draft.cell(n + 1.0)
        cell = work.cell_of[people]
        work.draft.follows += [(cell, work.cell_of[key]) for key in keys]
        direct = work.parts.get((people[0], "", *people[2:]))
        if direct is not None and direct[0].counts and (size(direct, "n"), size(direct, "cases")) == (n, cases):
            work.draft.exact([direct[0].counts[at] for at in direct[1]], cell)
        elif people not in work.parts:
            made = series_of_row(work.draft, people, {"value": cases, "cases": cases, "n": n, "quantity": str(TOTAL)})
            if made is not None:
                work.parts[people] = made, [0]
                work.modelled.add(people)
                work.draft.exact(made.counts, cell)


def _way(record: Mapping[Any, Any], table: AuditedTable) -> str:
    return kind_of(str(record.get("basis", "")), str(record["quantity"]), table.arguments).way


def _value_row(
    draft: SystemBuilder,
    record: Mapping[Any, Any],
    table: AuditedTable,
    at: int,
    series: Series,
    inside: Ids,
    owner: int,
) -> None:
    """The interval of a weighted sum that a printed value says."""
    sums = [series.sums[i] for i in inside]
    true, value = draft.value(dict.fromkeys(sums, 1.0)), float(record["value"])
    way = _way(record, table)
    if way in ("known", "exact") or not np.isfinite(value):
        if way in ("known", "exact") or table.zero[at]:
            draft.exact(sums, owner)
        return
    weight = float(series.weight[inside].sum())
    # The factor from the printed scale to the sum is a population, which readers are taken to know.
    scale, shift = (true / value, 0.0) if value and true else (weight, 0.0)
    if record.get("bound") == "upper":
        scale = weight
        shift = value * weight - true
    if way == "shifted":
        persons = Quantity.of(str(record["quantity"]).removeprefix(DERIVED)).counts_respondents
        scale = 1.0 if persons else weight
        shift = value * scale - true
    elif record.get("bound") == IMPUTED:
        scale = _of_imputed(record, weight)
        shift = value * scale - true
    printed = float(table.printed[at]) if np.isfinite(table.printed[at]) else value
    half = float(table.half[at]) if np.isfinite(table.half[at]) else 0.0
    ends = [(printed - half) * scale - shift, (printed + half) * scale - shift]
    draft.row(sums, min(ends), max(ends), owner)


def _of_imputed(record: Mapping[Any, Any], weight: float) -> float:
    """The factor from a printed imputed figure to the sum of the cell; 0, which tells it to the last digit, where none is known.

    What was imputed is added to the sum of those who are surely cases. Readers are taken to know it: that is more than they do, for
    it is drawn, and the undetermined share is all that is printed of it.
    """
    quantity = Quantity.of(str(record["quantity"]))
    if quantity.unit == "share":
        return weight / quantity.per
    return 1.0 if quantity == TOTAL else 0.0


def _targets(work: _SystemWork, key: Cell) -> None:
    """What must stay open of a withheld cell."""
    if key not in work.parts:
        return
    series, inside = work.parts[key]
    cell, n = work.cell_of[key], work.n_of[key]
    if not inside:
        return
    if series.counts:
        counts = [series.counts[i] for i in inside]
        true = float(series.cases[inside].sum())
        if key in work.public:
            work.draft.target(counts, cell, 0.0, min(work.min_cases - 1, float(series.n[inside].sum())), every=True)
        elif true < work.min_cases or n < work.min_n:
            work.draft.target(counts, cell, min(1.0, true), max(work.min_cases, true))
        else:
            work.draft.target(counts, cell, np.floor((1 - OPEN) * true), np.ceil((1 + OPEN) * true))
    _open_sum(work.draft, {series.sums[i]: 1.0 for i in inside}, cell)


def _open_sum(draft: SystemBuilder, terms: Mapping[int, float], cell: int) -> None:
    true = draft.value(terms)
    if true:
        ends = [(1 - OPEN) * true, (1 + OPEN) * true]
        draft.target(terms, cell, min(ends), max(ends))


def _differences(work: _SystemWork) -> None:
    """Subpopulations one inside the other: what lies between two published cells is a cell itself, under the same rule."""
    by_place: dict[tuple[Any, ...], list[Cell]] = {}
    for key in work.parts:
        outcome, term, _, margin, known = key
        by_place.setdefault((outcome, term, margin, known), []).append(key)
    for keys in by_place.values():
        for inner in keys:
            for outer in keys:
                # Of two that nobody can be in together, the one is not inside the other whatever their numbers are.
                if inner[2] != outer[2] and not relation(where_of(inner), where_of(outer), work.outer).apart:
                    _between(work, inner, outer)


def _beside_parts(work: _SystemWork, printed: frozenset[Cell]) -> None:
    """What is left of a cell beside the parts of it that an earlier release printed is a cell itself, under the same rule."""
    earlier = {key: work.parts[key] for key in printed if key not in work.cell_of}
    for outer in [key for key in work.cell_of if key in work.parts]:
        all_, whole = work.parts[outer]
        for keys in divided(outer, earlier) if all_.counts else ():
            parts = [earlier[key] for key in keys if earlier[key][0].counts]
            n = float(all_.n[whole].sum() - sum(one.n[inside].sum() for one, inside in parts))
            cases = float(all_.cases[whole].sum() - sum(one.cases[inside].sum() for one, inside in parts))
            if n > 0 and ((0 < cases < work.min_cases) or (n < work.min_n and cases > 0)):
                cell = work.draft.cell(n + 1.0, withheld=True)
                counts = rest("counts", (all_, whole), parts)
                work.draft.row(counts, 0.0, n)
                work.draft.target(counts, cell, 1.0, max(work.min_cases, cases))
                _open_sum(work.draft, rest("sums", (all_, whole), parts), cell)


def _subpopulations(work: _SystemWork) -> None:
    """Whoever is told apart by sums and differences of subpopulations that were asked for one by one is a cell itself."""
    tie_to_cells(work.draft, work.series, work.parts, work.outer)
    for keys in mixed(work.parts):
        for one in singled_out(keys, work.parts, work.outer):
            _few(work, one)
    for keys in positions(work.parts):
        made = combined(keys, work.parts, work.outer)
        if made is not None:
            for one in made:
                _few(work, one)
            continue
        for whole, left in packed(keys, work.parts, work.outer):
            if left is not None:
                _few(work, left)
            elif whole in work.cell_of:
                # More ways of adding up than can be looked at: the whole is taken as told by them.
                work.draft.follows.append((work.draft.cell(1.0, withheld=True), work.cell_of[whole]))


def _few(work: _SystemWork, made: CombinedSubpopulations) -> None:
    result = protect(work.draft, made, work.parts, min_n=work.min_n, min_cases=work.min_cases)
    if result is not None:
        cell, sums = result
        _open_sum(work.draft, sums, cell)


def _between(work: _SystemWork, inner: Cell, outer: Cell) -> None:
    few, inside = work.parts[inner]
    all_, whole = work.parts[outer]
    if not few.counts or not all_.counts:
        return
    n = float(all_.n[whole].sum() - few.n[inside].sum())
    cases = float(all_.cases[whole].sum() - few.cases[inside].sum())
    if n <= 0 or cases < 0 or not ((0 < cases < work.min_cases) or (n < work.min_n and cases > 0)):
        return
    _left(work, (few, inside), (all_, whole), n, cases)


def _left(
    work: _SystemWork,
    inner: tuple[Series, Ids],
    outer: tuple[Series, Ids],
    n: float,
    cases: float,
    *,
    most: float = np.inf,
) -> None:
    """What is in one cell and not in another that lies in it, as a cell to protect."""
    (few, inside), (all_, whole) = inner, outer
    cell = work.draft.cell(n + 1.0, withheld=True)
    counts = {all_.counts[i]: 1.0 for i in whole} | {few.counts[i]: -1.0 for i in inside}
    sums = {all_.sums[i]: 1.0 for i in whole} | {few.sums[i]: -1.0 for i in inside}
    work.draft.row(counts, 0.0, n)
    work.draft.row(sums, 0.0, np.inf)
    work.draft.target(counts, cell, 1.0, max(min(work.min_cases, most), cases))
    _open_sum(work.draft, sums, cell)


def _readings(work: _SystemWork, gone: set[Cell]) -> None:
    """Readings of one question: who is in the wider one only is a cell itself, where both are printed."""
    wider = dict[str, list[str]]()
    for inner, outer in work.readings:
        wider.setdefault(inner, []).append(outer)
    for key, (few, inside) in list(work.parts.items()):
        for outcome in wider.get(str(key[0]), ()):
            other = (outcome, *key[1:])
            if other not in work.parts or key in gone or other in gone:
                continue
            all_, whole = work.parts[other]
            cases = float(all_.cases[whole].sum() - few.cases[inside].sum())
            if few.counts and all_.counts and 0 < cases < work.min_cases:
                # A status says of the inner one that it has enough, withheld or not: no more than the rest can be between them.
                most = float(all_.cases[whole].sum()) - (work.min_cases if work.status_tells else 0)
                _left(work, (few, inside), (all_, whole), float(all_.n[whole].sum()), cases, most=most)


def _dependents(work: _SystemWork, table: AuditedTable) -> None:
    """Rows that are no sums go with the cells they rest on."""
    for record, key in zip(table.frame.to_dict("records"), table.keys, strict=True):
        way = _way(record, table)
        if way in ("model", "apart") or (way in SUMS and key in work.parts):
            continue
        if way == "rounds" and (cells := _cells_of_rounds(work, key, table)):
            _known_rounds(work, work.cell_of[key], cells)
            continue
        for other in work.parts:
            if other not in work.modelled and other != key and _rests_on(way, key, other, record, table.arguments):
                work.draft.follows.append((work.cell_of[other], work.cell_of[key]))


def _cells_of_rounds(work: _SystemWork, key: Cell, table: AuditedTable) -> list[Cell]:
    """The cells that a row is made of, one a round, where each of them is known here; none else.

    Results of their own have one key in all rounds: their tables are audited round by round, and this row beside each.
    """
    outcome, term, where, margin, known = key
    column, names = rounds_of(table.arguments) or ("", ())
    own = str(term).rpartition(": ")[0]
    each = [
        (outcome, own, where, tuple(sorted({*margin, column})), frozenset({*known, (column, name)})) for name in names
    ]
    found = each if column else [(outcome, own, where, margin, known)]
    return found if found and all(cell in work.parts for cell in found) else []


def _known_rounds(work: _SystemWork, owner: int, cells: Sequence[Cell]) -> None:
    """A row of rounds goes with each of them; with it readers know their sums to the last digit."""
    for cell in cells:
        series, inside = work.parts[cell]
        if work.cell_of[cell] != owner:
            work.draft.follows.append((work.cell_of[cell], owner))
        if inside:
            work.draft.exact([series.sums[at] for at in inside], owner)


def _rests_on(way: str, key: Cell, other: Cell, record: Mapping[Any, Any], arguments: Mapping[str, Any]) -> bool:
    """Whether a row of this way rests on another cell."""
    _, _, where, margin, known = key
    outcome, _, their_where, their_margin, their_known = other
    if way == "same":
        return (where, margin, known) == (their_where, their_margin, their_known)
    columns = columns_of(record, arguments) if way == "formula" else None
    if columns is not None:
        return not their_margin or bool(columns & set(their_margin))
    # Cells that cannot be met together (North and South) say nothing of each other.
    own, theirs = dict(known), dict(their_known)
    together = all(own[name] == theirs[name] for name in own.keys() & theirs.keys())
    if way == "parts":
        named = parts_of(arguments)
        if named.keys() <= {"term", "quantity"}:
            # Both parts are of the same people: every cell that can be met together with them tells of both.
            return together
        columns_named = named.keys() & set(their_margin)
        of = {"outcome": outcome, **theirs}
        part = all(
            of.get(name) in values for name, values in named.items() if name in columns_named or name == "outcome"
        )
        # Against all values together: the row of all of them is a part as well, and it has not the column.
        whole = any(WHOLE in values and name not in their_margin for name, values in named.items())
        return together and ((part and bool(columns_named or "outcome" in named)) or whole)
    return together
