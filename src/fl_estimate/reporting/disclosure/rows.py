"""Rows of results that hold no finest cells: each row one unknown, tied where rows are divided by one column more."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.series import EQUAL, Ids, Series
from fl_estimate.reporting.disclosure.system import SystemBuilder
from fl_estimate.results.codes import Quantity

Key = tuple[Any, ...]


def series_of_row(draft: SystemBuilder, key: Key, record: Mapping[Any, Any]) -> Series | None:
    """A row as a series of one cell; None where neither its cases nor its value are known."""
    value, cases = float(record["value"]), record["cases"]
    n = 0.0 if pd.isna(record["n"]) else float(record["n"])
    if not np.isfinite(value) or (pd.isna(cases) and n <= 0):
        return None
    # Without weights a share counts for its respondents.
    quantity = Quantity.of(str(record["quantity"]))
    share = quantity.tells == "linear" and not quantity.counts_respondents
    total = value * n if share else value
    weight = n if share else max(abs(total) * n, 1.0)
    return Series(
        outcome=str(key[0]), where=key[2][0] if key[2] else "", by=(), labels=((),),
        n=np.array([n]), cases=np.array([np.nan if pd.isna(cases) else float(cases)]), weight=np.array([weight]),
        weighted=np.array([total]), undetermined=np.zeros(1), binary=not pd.isna(cases),
        counts=[] if pd.isna(cases) else [draft.unknown(float(cases), 0.0, max(n, float(cases)), integer=True)],
        sums=[draft.unknown(total, min(0.0, 10 * total), max(weight, 10 * abs(total)), integer=False)],
    )  # fmt: skip


def tie(draft: SystemBuilder, rows: Mapping[Key, tuple[Series, Ids]], without_cells: Container[Key]) -> None:
    """What rows say of each other: those divided by one column more add up to the row they divide.

    Rows of `without_cells` are tied to each other and to all others, whatever call or weights these are of: respondents and cases add
    up also where weighted sums do not. Rows that all have finest cells are tied through these.
    """
    margins: dict[Key, dict[tuple[str, ...], list[Key]]] = {}
    for key in rows:
        margins.setdefault(key[:3], {}).setdefault(key[3], []).append(key)
    for parent in rows:
        columns = set(parent[3])
        finer = [
            key
            for margin, own in margins[parent[:3]].items()
            if len(margin) == len(columns) + 1 and columns < set(margin)
            for key in own
        ]
        for children in divided(parent, finer):
            if parent in without_cells or any(key in without_cells for key in children):
                _tied(draft, rows[parent], [rows[key] for key in children])


def _tied(draft: SystemBuilder, whole: tuple[Series, Ids], parts: Sequence[tuple[Series, Ids]]) -> None:
    known = [name for name in ("counts", "sums") if all(getattr(series, name) for series, _ in (whole, *parts))]
    terms = {name: _less_parts(name, whole, parts) for name in known}
    full = sum(_people(part) for part in parts) >= _people(whole)
    for name, one in terms.items():
        if full and _nothing(draft, one):
            draft.exact(one)
        elif name == "counts":
            # Where cases do not add up, sums that do are chance.
            if draft.value(one) <= 0:
                draft.row(one, -np.inf, 0.0)
            return


def _people(part: tuple[Series, Ids]) -> float:
    return float(part[0].n[part[1]].sum())


def _less_parts(name: str, whole: tuple[Series, Ids], parts: Sequence[tuple[Series, Ids]]) -> dict[int, float]:
    """The parts less the whole, in unknowns."""
    terms: dict[int, float] = {}
    for (series, inside), sign in ((whole, -1.0), *((part, 1.0) for part in parts)):
        for at in inside:
            unknown = getattr(series, name)[at]
            terms[unknown] = terms.get(unknown, 0.0) + sign
    return {unknown: sign for unknown, sign in terms.items() if sign}


def _nothing(draft: SystemBuilder, terms: Mapping[int, float]) -> bool:
    scale = max(sum(abs(draft.truth[at]) for at in terms), 1.0)
    return abs(draft.value(terms)) <= EQUAL * scale


def divided(parent: Key, rows: Iterable[Key]) -> list[Sequence[Key]]:
    """For each column more, the rows into which it divides a row."""
    found: dict[str, list[Key]] = {}
    for key in rows:
        more = set(key[3]) - set(parent[3])
        if key[:3] == parent[:3] and len(more) == 1 and set(parent[3]) < set(key[3]) and _within(key, parent):
            found.setdefault(next(iter(more)), []).append(key)
    return list(found.values())


def _within(key: Key, parent: Key) -> bool:
    """Whether a row's by-values are the parent's, those not stated as well."""
    own = dict(key[4])
    theirs = dict(parent[4])
    return all(own.get(name) == theirs.get(name) for name in parent[3])
