"""What was drawn for few people is withheld: one rule for every figure that holds imputed answers, and its own audit.

That somebody's class is unknown is no answer: the undetermined share, and bounds, hold nothing that was drawn, and are printed as
anything else. What was drawn for one or two people is said of them, by a model of what they hide. So where fewer people than the
rule's `min_cases` are undetermined in a cell, and at least one, no figure that was drawn is printed of it: imputed rows, points of a
delta-adjusted curve, the imputed step of an adjustment, tipping points, and what is made of imputed figures. Nor is it what is left
of the nation beside the other domains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.audit import Audit, audit_tables
from fl_estimate.reporting.disclosure.local import Tell
from fl_estimate.reporting.disclosure.series import Nested
from fl_estimate.reporting.disclosure.tables import AuditedTable
from fl_estimate.reporting.judging import Cell, Flags
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.codes import PREVALENCE, STEP_CHANGE, STEP_PREVALENCE
from fl_estimate.results.columns import IDENTIFIED, IMPUTED

DRAWN: frozenset[str] = frozenset({"unknown_imputed", "missing_at_random_but_for_delta"})
"""Assumptions of a result some of whose rows hold what was drawn."""
BOUNDED: tuple[str, ...] = ("lower", "upper", IDENTIFIED)
REASON = "reason"
"""The by-column of a curve with a line for each reason: who is undetermined for one is no sum of the finest cells."""


def drawn_rows(draft: Any) -> Flags:
    """The rows of a draft that hold what was drawn."""
    frame = draft.frame
    if not any(str(one.code) in DRAWN for one in draft.assumptions):
        return np.zeros(len(frame), dtype=bool)
    bound = frame["bound"].astype(str)
    given = bound.isin(list(BOUNDED))
    # Of the steps of an adjustment one is imputed, and the others are of the answers as they were given.
    given |= frame["quantity"].isin([str(STEP_PREVALENCE), str(STEP_CHANGE)]) & (bound != IMPUTED)
    return (~given).to_numpy(dtype=bool)


def withheld_as_drawn(
    drafts: Sequence[Any],
    keys: Sequence[Sequence[Cell]],
    hidden: Sequence[Flags],
    rule: SuppressionRule,
    nested: Nested | None,
    tell: Tell | None,
) -> tuple[list[Flags], bool]:
    """Which rows of each draft are withheld because few people were drawn for, or to protect such a row; and whether time ran out.

    Parameters
    ----------
    drafts : sequence of Draft
    keys : sequence of sequence of Cell
        Of the rows of each.
    hidden : sequence of array of bool
        What is withheld already.
    rule : SuppressionRule
    nested : mapping, optional
    tell : callable, optional
    """
    drawn = [drawn_rows(draft) for draft in drafts]
    few = [rows & _few(draft, rule) for draft, rows in zip(drafts, drawn, strict=True)]
    if not any(rows.any() for rows in few):
        return few, False
    cells = {key[row] for key, rows in zip(keys, few, strict=True) for row in _at(rows)}
    of_people = [_whole(draft) for draft in drafts]
    given = [
        _given(draft, key, rows & ~(gone & ~small), small)
        for draft, key, rows, gone, small, whole in zip(drafts, keys, drawn, hidden, few, of_people, strict=True)
        if whole and rows.any()
    ]
    audit = (
        audit_tables(given, min_n=0, min_cases=rule.min_cases, nested=nested, seconds=rule.audit_seconds, tell=tell)
        if given
        else Audit(closed=frozenset())
    )
    shut = set[Cell](audit.closed)
    shut |= {key[row] for key, rows, whole in zip(keys, few, of_people, strict=True) if whole for row in _at(rows)}
    out: list[Flags] = []
    for draft, key, rows, small, whole in zip(drafts, keys, drawn, few, of_people, strict=True):
        own = small | (rows & np.array([each in shut for each in key], dtype=bool))
        out.append(own if whole else own | _domains_beside(draft, rows, key, cells))
    return out, audit.late


def _at(rows: Flags) -> list[int]:
    return [int(row) for row in np.flatnonzero(rows)]


def _few(draft: Any, rule: SuppressionRule) -> Flags:
    people = draft.support.undetermined
    with np.errstate(invalid="ignore"):
        return np.asarray((people > 0) & (people < rule.min_cases), dtype=bool)


def _whole(draft: Any) -> bool:
    """Whether all undetermined people of a draft are told in its finest cells, so that an audit can solve for them."""
    return REASON not in draft.by and draft.crossing is not None and not np.isnan(draft.crossing.n_undetermined).any()


def _domains_beside(draft: Any, rows: Flags, keys: Sequence[Cell], cells: set[Cell]) -> Flags:
    """All domains, where one of them is withheld and no audit says which others would tell it."""
    domain = rows & (draft.frame["margin"] != "").to_numpy(dtype=bool)
    gone = domain & np.array([key in cells for key in keys], dtype=bool)
    return domain & bool(gone.any())


def _given(draft: Any, keys: Sequence[Cell], rows: Flags, small: Flags) -> AuditedTable:
    """The same table of undetermined people: how many they are, and the share of all that they are, known to the last digit."""
    first = {key: row for row, key in reversed(list(enumerate(keys))) if rows[row]}
    at = sorted(first.values())
    frame = draft.frame.iloc[at].reset_index(drop=True)
    crossing = draft.crossing
    people = replace(
        crossing,
        cases=crossing.n_undetermined,
        weight=crossing.weight_in_scope,
        weighted_cases=crossing.undetermined,
        binary=(True,) * len(crossing.outcomes),
    )
    share = frame["undetermined"].to_numpy(dtype=float)
    table = frame.assign(
        quantity=str(PREVALENCE), bound="", basis="respondents", value=share,
        cases=pd.array(draft.support.undetermined[at], dtype="Float64"),
    )  # fmt: skip
    none = np.zeros(len(at), dtype=bool)
    return AuditedTable(
        name=draft.name, frame=table, keys=[keys[row] for row in at], hidden=small[at], at_most=none, zero=none,
        printed=np.where(small[at], np.nan, share), half=np.zeros(len(at)), crossing=people,
        arguments=draft.arguments,
    )  # fmt: skip
