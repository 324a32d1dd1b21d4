"""The audit before publication: which further cells go, so that nothing that is withheld can be worked out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fl_estimate.reporting.disclosure.choice import BUDGET, choose
from fl_estimate.reporting.disclosure.local import Tell
from fl_estimate.reporting.disclosure.series import EQUAL, Nested
from fl_estimate.reporting.disclosure.system import PUBLIC, Flags, System, parts
from fl_estimate.reporting.disclosure.tables import AuditedTable, Cell, Translation, translate
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.results.codes import MethodName
from fl_estimate.results.crossing import Crossing


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """What an audit of tables found.

    Attributes
    ----------
    closed : frozenset of Cell
        Cells to withhold beyond those that the rule withholds.
    failed : bool
        Whether the solver gave no answer somewhere; what it was asked about is then withheld as a whole.
    optimal : bool
        Whether no cheaper choice would do.
    late : bool
        Whether time ran out; everything tied to what was not audited yet is then withheld.
    """

    closed: frozenset[Cell]
    failed: bool = False
    optimal: bool = True
    late: bool = False


def audit_tables(
    tables: Sequence[AuditedTable],
    *,
    min_n: float,
    min_cases: float,
    nested: Nested | None = None,
    known: Sequence[KnownTable] = (),
    status_tells: bool = False,
    seconds: float = BUDGET,
    tell: Tell | None = None,
) -> Audit:
    """Find the further cells to withhold of tables that are published together.

    Parameters
    ----------
    tables : sequence of Given
    min_n, min_cases : float
        Of the rule: below these a cell is small.
    nested : mapping, optional
        {inner column: {value: outer value}}: geographies that no call has side by side.
    known : sequence of KnownTable
        Of earlier releases.
    status_tells : bool
        Whether cells of few cases have a status of their own.
    seconds : float
        How long all of it may take.
    tell : callable, optional
        Told how far a long audit is.
    """
    again, deadline = closed_again(tables), time.monotonic() + seconds
    found = [
        _audited(
            translate(own, min_n=min_n, min_cases=min_cases, nested=nested, known=known, status_tells=status_tells),
            deadline - time.monotonic(),
            tell,
        )
        for own in by_people(tables)
    ]
    return Audit(
        closed=again.union(*(one.closed for one in found)),
        failed=any(one.failed for one in found),
        optimal=all(one.optimal for one in found),
        late=any(one.late for one in found),
    )


def _audited(made: Translation, seconds: float, tell: Tell | None) -> Audit:
    system = made.system
    if not system.withheld.any():
        return Audit(closed=frozenset())
    choice = choose(system, seconds=seconds, tell=tell)
    shut = choice.withheld if choice.open else closed_off(system, choice.withheld, choice.exposed)
    more = shut & ~system.withheld
    closed = frozenset(key for key, cell in made.cell_of.items() if more[cell])
    return Audit(closed=closed, failed=not choice.open, optimal=choice.optimal, late=choice.late)


def by_people(tables: Sequence[AuditedTable]) -> list[list[AuditedTable]]:
    """The tables of each survey, or round: two calls are of other people where one outcome has another population in each.

    A hidden design has weights of its own: with as many respondents and cases it is of the same people.

    What is not told apart, and results without finest cells, go with each of them.
    """
    groups: list[list[AuditedTable]] = []
    for table in tables:
        if table.crossing is None:
            continue
        alike = [group for group in groups if not any(_other_people(table, one) for one in group)]
        for group in alike:
            group.append(table)
        if not alike:
            groups.append([table])
    rest = [table for table in tables if table.crossing is None]
    # An early call that was not told apart from the first survey may be of a later one.
    for group in groups:
        group += [
            table
            for table in tables
            if table.crossing is not None
            and not any(table is one for one in group)
            and not any(_other_people(table, one) for one in group)
        ]
    return [[*group, *rest] for group in groups] or [rest]


def _other_people(one: AuditedTable, other: AuditedTable) -> bool:
    a, b = one.crossing, other.crossing
    reweighted = _chooses_weights(one) or _chooses_weights(other)
    if a.where != b.where:
        return False
    for outcome in set(a.outcomes) & set(b.outcomes):
        ours = float(a.weight_in_scope[a.outcomes.index(outcome)].sum())
        theirs = float(b.weight_in_scope[b.outcomes.index(outcome)].sum())
        if abs(ours - theirs) > EQUAL * max(ours, theirs) and not (reweighted and _same_counts(a, b, str(outcome))):
            return True
    return False


def _chooses_weights(table: AuditedTable) -> bool:
    """Whether a table is of a hidden design, which weights people by itself."""
    methods = table.frame["method"].unique() if "method" in table.frame else ()
    return any((name := MethodName.of(str(method))).known and name.chooses_people for method in methods)


def _same_counts(a: Crossing, b: Crossing, outcome: str) -> bool:
    """Whether as many respondents and cases are in both: the same people by other weights (two sizes of a hidden population)."""
    ours, theirs = a.outcomes.index(outcome), b.outcomes.index(outcome)
    return all(float(getattr(a, name)[ours].sum()) == float(getattr(b, name)[theirs].sum()) for name in ("n", "cases"))


def closed_again(tables: Sequence[AuditedTable]) -> frozenset[Cell]:
    """Cells to withhold of tables that were published before, where another rule withholds more of them.

    Their finest cells are gone, and the counts that were withheld then, so that nothing can be worked out of how tables hang
    together: one set of cells is kept, that of one outcome by one margin, in which no cell says anything of another.
    """
    every: dict[Cell, None] = {}
    kept: Cell | None = None
    for table in tables:
        if "publication" not in table.frame:
            continue
        every |= dict.fromkeys(key for key in table.keys if not key[1])
        before = table.frame["publication"].isin(["published", "fewer_than"]).to_numpy(dtype=bool)
        for row in np.flatnonzero(before & (table.hidden | table.at_most)):
            kept = kept if kept is not None else table.keys[int(row)][:4]
    return frozenset(key for key in every if key[:4] != kept) if kept is not None else frozenset()


def closed_off(system: System, withheld: Flags, exposed: Flags) -> Flags:
    """With every cell withheld that says anything of what touches an exposed target: for where nothing better was found."""
    part = parts(system.matrix)
    touched = np.isin(part, part[system.targets[np.flatnonzero(exposed)].indices])
    says = abs(system.matrix) @ touched.astype(float) > 0
    out = withheld.copy()
    out[system.owner[says & (system.owner != PUBLIC)]] = True
    return system.followed(out)
