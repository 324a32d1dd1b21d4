"""What earlier releases print, as rows of the system that no choice of this release can take back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.release_audit import half_digit
from fl_estimate.reporting.disclosure.rows import series_of_row, tie
from fl_estimate.reporting.disclosure.series import EQUAL, Ids, Series
from fl_estimate.reporting.disclosure.system import SystemBuilder
from fl_estimate.reporting.judging import cells
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.results.codes import Quantity
from fl_estimate.results.columns import IMPUTED
from fl_estimate.results.estimates import margin_columns

Cell = tuple[Any, ...]
Parts = dict[Cell, tuple[Series, Ids]]
COUNTED: frozenset[str] = frozenset(quantity for quantity in Quantity.all() if quantity.tells == "linear")
"""Quantities whose printed value is a weighted sum over a known size."""


def known_rows(
    draft: SystemBuilder, series: list[Series], parts: Parts, table: KnownTable, min_cases: float
) -> frozenset[Cell]:
    """Enter one table that was released before, and give the cells of which it prints the cases.

    Parameters
    ----------
    draft : Draft
        Of the system that is put together.
    series : list of Series
        Of this release.
    parts : mapping of cell to (series, places)
        Of this release; cells of the earlier one that are not among them are added.
    table : KnownTable
    min_cases : float

    Notes
    -----
    Counts bind as they are printed, values within half their last digit; a figure that the data contradict (they were
    corrected since) binds no further than the data allow. A cell of a subpopulation that this release does not have
    stands for itself: what lies between it and a cell of this release is then under the rule, and so is what is left of a
    cell of this release beside the parts of it that were printed.
    """
    own: dict[Cell, Series] = {}
    printed: set[Cell] = set()
    records = table.frame.to_dict("records")
    for record, key in zip(records, cells(table.frame, table.by, table.assumptions), strict=True):
        if not _direct(record) or key[1]:
            continue
        if key not in parts:
            result = _made_of(series, key, record)
            if result is None and key not in own and (alone := series_of_row(draft, key, record)) is not None:
                own[key] = alone
            if result is None and key not in own:
                continue
            parts[key] = result if result is not None else (own[key], [0])
        _enter(draft, *parts[key], record, min_cases)
        printed |= set() if pd.isna(record["cases"]) else {key}
    tie(draft, {key: (one, [0]) for key, one in own.items()}, own)
    for key in own:
        _link(draft, key, own, parts)
    return frozenset(printed)


def _direct(record: Mapping[Any, Any]) -> bool:
    respondents = str(record.get("basis") or "respondents") == "respondents"
    # The cases of an imputed figure are those of the answers as given; of other bounds it is the row without bound that is read.
    return respondents and str(record["quantity"]) in COUNTED and (not record["bound"] or record["bound"] == IMPUTED)


def _made_of(series: list[Series], key: Cell, record: Mapping[Any, Any]) -> tuple[Series, Ids] | None:
    """The series and the finest cells of this release that a row is the sum of."""
    margin = margin_columns(record)
    for one in series:
        same = one.outcome == key[0] and one.where == (key[2][0] if key[2] else "")
        if same and set(margin) <= set(one.by):
            return one, one.inside(dict(key[4]), margin)
    return None


def _enter(draft: SystemBuilder, series: Series, inside: Ids, record: Mapping[Any, Any], min_cases: float) -> None:
    if not inside:
        return
    counts = [series.counts[i] for i in inside] if series.counts else []
    if counts and not pd.isna(record["cases"]):
        draft.row(counts, float(record["cases"]), float(record["cases"]))
    elif counts and record["publication"] == "at_most":
        draft.row(counts, 0.0, min_cases - 1)
    elif counts and record["publication"] == "fewer_than":
        draft.row(counts, 0.0, 0.0)
    value = math.nan if pd.isna(record["value"]) else float(record["value"])
    if not math.isfinite(value) or record["bound"] == IMPUTED:
        return
    half = half_digit(value, math.nan if pd.isna(record["se"]) else float(record["se"]))
    weight = float(series.weight[inside].sum())
    quantity = Quantity.of(str(record["quantity"]))
    scale = 1.0 if quantity.counts_respondents else weight / quantity.per
    draft.row([series.sums[i] for i in inside], (value - half) * scale, (value + half) * scale)


def _link(draft: SystemBuilder, key: Cell, own: Mapping[Cell, Series], parts: Parts) -> None:
    """A cell of the earlier release that divides one of this release by one column more, with those beside it."""
    for column in key[3]:
        parent = (
            *key[:3],
            tuple(name for name in key[3] if name != column),
            frozenset(p for p in key[4] if p[0] != column),
        )
        if parent not in parts or parent in own:
            continue
        beside = [o for o in own if o[:4] == key[:4] and frozenset(p for p in o[4] if p[0] != column) == parent[4]]
        if beside[0] != key:  # once for all of them
            continue
        series, inside = parts[parent]
        cases = sum(float(own[o].cases[0]) for o in beside)
        n = sum(float(own[o].n[0]) for o in beside)
        if n == float(series.n[inside].sum()) and abs(cases - float(series.cases[inside].sum())) <= EQUAL:
            terms = {series.counts[i]: -1.0 for i in inside} if series.counts else {}
            terms |= {own[o].counts[0]: 1.0 for o in beside if own[o].counts}
            if terms and np.isfinite(cases):
                draft.exact(terms)
