"""Figures of one cell of which an option of the call says who counts: what lies between two of them is a cell under the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.judging import Cell, Flags, cells, floats
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.basis import RESPONDENTS, Support
from fl_estimate.results.codes import MethodName


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """Whom a row counts: respondents and cases, the period, whether its method chooses, and whether it was released before."""

    n: float
    cases: float
    period: str
    chooses: bool
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
    found: dict[Cell, set[_Counted]] = {}
    for key, counted in (*_of_drafts(tables), *_of_known(known)):
        found.setdefault(key, set()).add(counted)
    return {
        key
        for key, rows in found.items()
        if len(rows) > 1 and any(_tells(a, b, rule) for a, b in combinations(rows, 2))
    }


def _of_drafts(
    tables: Iterable[tuple[pd.DataFrame, Sequence[Cell], Support, Flags, str]],
) -> Iterator[tuple[Cell, _Counted]]:
    for frame, keys, support, direct, period in tables:
        chooses = _chooses(frame)
        rows = np.flatnonzero((frame["basis"] == RESPONDENTS).to_numpy(dtype=bool) & direct)
        for row in rows:
            yield (
                keys[row],
                _Counted(
                    n=float(support.respondents[row]), cases=float(support.cases[row]), period=period,
                    chooses=bool(chooses[row]), earlier=False,
                ),
            )  # fmt: skip


def _of_known(known: Sequence[KnownTable]) -> Iterator[tuple[Cell, _Counted]]:
    for table in known:
        frame = table.frame
        if "method" not in frame:
            continue
        n, cases, chooses = floats(frame["n"]), floats(frame["cases"]), _chooses(frame)
        of_people: Any = frame["basis"].fillna(RESPONDENTS) == RESPONDENTS if "basis" in frame else np.ones(len(frame))
        printed = np.asarray(of_people, dtype=bool) & np.isfinite(n) & np.isfinite(cases)
        keys = cells(frame, table.by, table.assumptions) if printed.any() else []
        for row in np.flatnonzero(printed):
            yield (
                keys[row],
                _Counted(
                    n=float(n[row]), cases=float(cases[row]), period=table.reference_period, chooses=bool(chooses[row]),
                    earlier=True,
                ),
            )  # fmt: skip


def _chooses(frame: pd.DataFrame) -> Flags:
    of = {name: MethodName.of(str(name)).chooses_people for name in frame["method"].unique()}
    return frame["method"].map(of).to_numpy(dtype=bool)


def _tells(a: _Counted, b: _Counted, rule: SuppressionRule) -> bool:
    """Whether few are in one of the two only; of two that were printed before nothing can be taken back."""
    apart = bool(a.period and b.period and a.period != b.period)
    if apart or not (a.chooses or b.chooses) or (a.earlier and b.earlier):
        return False
    people, cases = abs(a.n - b.n), abs(a.cases - b.cases)
    return cases > 0 and (cases < rule.min_cases or 0 < people < rule.min_n)
