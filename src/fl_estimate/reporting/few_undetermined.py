"""What was drawn for few people is withheld: one rule for every figure that holds imputed answers, and its own audit.

That somebody's class is unknown is no answer: the undetermined share, and bounds, hold nothing that was drawn, and are printed as
anything else. What was drawn for one or two people is said of them, by a model of what they hide. So where fewer people than the
rule's `min_cases` are undetermined in a cell, and at least one, no figure that was drawn is printed of it: imputed rows, points of a
delta-adjusted curve, the imputed step of an adjustment, tipping points, and what is made of imputed figures. Nor is it what is left
of the nation beside the other domains.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.audit import Audit, audit_tables
from fl_estimate.reporting.disclosure.kinds import kind_of, parts_of
from fl_estimate.reporting.disclosure.local import Tell
from fl_estimate.reporting.disclosure.series import Nested
from fl_estimate.reporting.disclosure.tables import AuditedTable
from fl_estimate.reporting.judging import Cell, Flags
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.codes import PREVALENCE, STEP_CHANGE, STEP_PREVALENCE, WHOLE
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
    if not any(rows.any() for rows in few) and not _several(keys, drawn):
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
    _beside_audited(drafts, keys, drawn, hidden, of_people, out)
    return out, audit.late


def _beside_audited(
    drafts: Sequence[Any],
    keys: Sequence[Sequence[Cell]],
    drawn: Sequence[Flags],
    hidden: Sequence[Flags],
    of_people: Sequence[bool],
    out: Sequence[Flags],
) -> None:
    """Withhold, in `out`, what the audit knows nothing of and the cells that it prints do not say already."""
    printed = {
        key[row]
        for key, rows, own, gone, whole in zip(keys, drawn, out, hidden, of_people, strict=True)
        for row in (_at(rows & ~own & ~gone) if whole else [])
    }
    free = not printed and not _several(keys, drawn)
    for draft, key, rows, own, whole in zip(drafts, keys, drawn, out, of_people, strict=True):
        if not whole:
            own |= _unaudited(draft, key, rows & ~_modelled(draft), printed, free=free)


def _at(rows: Flags) -> list[int]:
    return [int(row) for row in np.flatnonzero(rows)]


def _several(keys: Sequence[Sequence[Cell]], drawn: Sequence[Flags]) -> bool:
    """Whether drawn figures stand in several subpopulations: who is in one of two only may be few, though in both are many."""
    return len({key[row][2] for key, rows in zip(keys, drawn, strict=True) for row in _at(rows)}) > 1


def _few(draft: Any, rule: SuppressionRule) -> Flags:
    """Rows of few, or of nobody knows how many: files of earlier versions and tables that were published before do not say."""
    if not rule.min_cases:
        return np.zeros(len(draft.frame), dtype=bool)
    people = draft.support.undetermined
    with np.errstate(invalid="ignore"):
        few = (people > 0) & (people < rule.min_cases)
    return np.asarray(few | (np.isnan(people) & ~_modelled(draft)), dtype=bool)


def _modelled(draft: Any) -> Flags:
    """Rows that are of no cell's draws: of area models and of models of terms, of people on lists, of plain figures."""
    pairs = zip(draft.frame["basis"].astype(str), draft.frame["quantity"].astype(str), strict=True)
    return np.array(
        [kind_of(basis, quantity).way in ("model", "formula", "apart") for basis, quantity in pairs], dtype=bool
    )


def _whole(draft: Any) -> bool:
    """Whether all undetermined people of a draft are told in its finest cells, so that an audit can solve for them."""
    return REASON not in draft.by and draft.crossing is not None and not np.isnan(draft.crossing.n_undetermined).any()


def _domains_beside(draft: Any, rows: Flags, keys: Sequence[Cell], cells: set[Cell]) -> Flags:
    """All domains, where one of them is withheld and no audit says which others would tell it."""
    domain = rows & (draft.frame["margin"] != "").to_numpy(dtype=bool)
    gone = domain & np.array([key in cells for key in keys], dtype=bool)
    return domain & bool(gone.any())


def _unaudited(draft: Any, keys: Sequence[Cell], rows: Flags, printed: set[Cell], *, free: bool) -> Flags:
    """Rows of results without finest cells that would say more than the printed cells do.

    Such rows are unknown to the audit: a nation that stands in a stack, the difference of a printed region and a withheld one, each
    region against all. They stay where the cells that they are made of are printed, or where nothing stands beside them (`free`).
    """
    named = parts_of(draft.arguments)
    against_all = any(WHOLE in values for values in named.values())
    texts = {_text(key) for key in printed}
    out = np.zeros(len(keys), dtype=bool)
    for row in _at(rows):
        stays = free if not named else free and not against_all
        out[row] = not stays and not (_parts(keys[row], named) <= texts)
    return out


def _parts(key: Cell, named: Mapping[str, frozenset[str]]) -> set[Cell]:
    """The cells that a row is made of, as `_text` writes them; the row's own where it is not made of several."""
    outcome, _, where, _, known = key
    made: set[Cell] = set()
    for values in itertools.product(*([(name, value) for value in sorted(each)] for name, each in named.items())):
        chosen = {name: value for name, value in values if value != WHOLE}
        other = chosen.pop("outcome", outcome)
        made.add((other, where, frozenset({*known, *chosen.items()})))
    return made


def _text(key: Cell) -> Cell:
    return key[0], key[2], frozenset(key[4])


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
