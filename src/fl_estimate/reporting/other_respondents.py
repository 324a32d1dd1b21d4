"""Figures of one cell of which an option of the call says who counts: what lies between two of them is a cell under the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.conditions import relation
from fl_estimate.reporting.judging import Cell, Flags, cells, floats
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.basis import RESPONDENTS, Support
from fl_estimate.results.codes import MethodName


@dataclass(frozen=True, kw_only=True)
class _RespondentsCounted:
    """Whom a row counts: respondents and cases, the period, and whether it was released before.

    `chooses`: its method has options that say who counts. `uncounted`: it prints no cases, by a method whose sums the audit does not know.
    """

    n: float
    cases: float
    period: str
    bound: str
    chooses: bool
    uncounted: bool
    earlier: bool


def of_other_respondents(
    tables: Iterable[tuple[pd.DataFrame, Sequence[Cell], Support, Flags, str]],
    rule: SuppressionRule,
    known: Sequence[KnownTable] = (),
) -> set[Cell]:
    """Cells of which two figures are of different respondents, few of whom are in one of the two only.

    With and without the seeds of a chain, with and without the relatives that respondents told of, before and after units were added: the
    audit knows a cell by its outcome, condition and by-values, and an option is none of these. The cell is withheld in all tables.

    Parameters
    ----------
    tables : iterable of (frame, keys, support, rows that are cells themselves, reference period)
    rule : SuppressionRule
    known : sequence of KnownTable
        Of earlier releases.
    """
    found: dict[Cell, set[_RespondentsCounted]] = {}
    for key, counted in (*_of_drafts(tables), *_of_known(known)):
        found.setdefault(key, set()).add(counted)
    alike = {
        key
        for key, rows in found.items()
        if len(rows) > 1 and any(_tells(a, b, rule) for a, b in combinations(rows, 2))
    }
    return alike | _of_conditions(found, rule)


def _of_conditions(found: Mapping[Cell, set[_RespondentsCounted]], rule: SuppressionRule) -> set[Cell]:
    """Cells under two conditions that one small group tells apart, of figures that print no cases by which the audit could see it."""
    places: dict[Cell, list[tuple[str, Cell, _RespondentsCounted]]] = {}
    for key, rows in found.items():
        outcome, term, where, margin, known = key
        own = [(where[0] if where else "", key, one) for one in rows if one.uncounted]
        places.setdefault((outcome, term, margin, known), []).extend(own)
    result: set[Cell] = set()
    for rows in places.values():
        for (where, key, a), (other, there, b) in combinations(rows, 2):
            if where != other and 0 < abs(a.n - b.n) < rule.min_n and _comparable(a, b):
                result |= set() if relation(where, other).apart else {key, there}
    return result


def _of_drafts(
    tables: Iterable[tuple[pd.DataFrame, Sequence[Cell], Support, Flags, str]],
) -> Iterator[tuple[Cell, _RespondentsCounted]]:
    for frame, keys, support, direct, period in tables:
        n, bounds = floats(frame["n"]), frame["bound"].astype(str).tolist()
        chooses, unknown = _of_methods(frame)
        uncounted = unknown | (chooses & frame["cases"].isna().to_numpy(dtype=bool))
        rows = np.flatnonzero(((frame["basis"] == RESPONDENTS).to_numpy(dtype=bool) & direct) | unknown)
        for row in map(int, rows):
            yield (
                keys[row],
                _RespondentsCounted(
                    n=float(n[row]), cases=float(support.cases[row]), period=period,
                    chooses=bool(chooses[row] and not unknown[row]), uncounted=bool(uncounted[row]), earlier=False, bound=bounds[row],
                ),
            )  # fmt: skip


def _of_known(known: Sequence[KnownTable]) -> Iterator[tuple[Cell, _RespondentsCounted]]:
    for table in known:
        frame = table.frame
        if "method" not in frame:
            continue
        n, cases = floats(frame["n"]), floats(frame["cases"])
        bounds = frame["bound"].fillna("").astype(str).tolist() if "bound" in frame else [""] * len(frame)
        chooses, unknown = _of_methods(frame)
        of_people: Any = frame["basis"].fillna(RESPONDENTS) == RESPONDENTS if "basis" in frame else np.ones(len(frame))
        printed = (np.asarray(of_people, dtype=bool) | unknown) & np.isfinite(n) & np.isfinite(floats(frame["value"]))
        keys = cells(frame, table.by, table.assumptions) if printed.any() else []
        for row in np.flatnonzero(printed):
            yield (
                keys[row],
                _RespondentsCounted(
                    n=float(n[row]), cases=float(cases[row]), period=table.reference_period,
                    chooses=bool(chooses[row] and not unknown[row]),
                    uncounted=bool(unknown[row] or (chooses[row] and np.isnan(cases[row]))), earlier=True, bound=bounds[row],
                ),
            )  # fmt: skip


def _of_methods(frame: pd.DataFrame) -> tuple[Flags, Flags]:
    """Rows whose method has options that say who counts, and those by methods whose sums no audit can follow."""
    of = {name: MethodName.of(str(name)) for name in frame["method"].unique()}
    chooses = frame["method"].map({name: method.chooses_people for name, method in of.items()})
    unknown = frame["method"].map({name: method.sums_unknown for name, method in of.items()})
    return chooses.to_numpy(dtype=bool), unknown.to_numpy(dtype=bool)


def _comparable(a: _RespondentsCounted, b: _RespondentsCounted) -> bool:
    """Whether two rows may be of the same people, and one of them can still be withheld."""
    # Bounds of one figure count other cases among the same people.
    if a.bound != b.bound:
        return False
    return not (a.period and b.period and a.period != b.period) and not (a.earlier and b.earlier)


def _tells(a: _RespondentsCounted, b: _RespondentsCounted, rule: SuppressionRule) -> bool:
    """Whether few are in one of the two only; of two that were printed before nothing can be taken back."""
    if not _comparable(a, b) or not (a.chooses or b.chooses):
        return False
    people, cases = abs(a.n - b.n), abs(a.cases - b.cases)
    return cases > 0 and (cases < rule.min_cases or 0 < people < rule.min_n)
