"""From full tables to what may be printed of them: the rule, the audit of all tables together, rounding, blanking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.audit import Audit, audit_tables
from fl_estimate.reporting.disclosure.local import Tell
from fl_estimate.reporting.disclosure.series import Nested
from fl_estimate.reporting.disclosure.tables import AuditedTable
from fl_estimate.reporting.few_cases import upper_limits
from fl_estimate.reporting.few_undetermined import withheld_as_drawn
from fl_estimate.reporting.judging import (
    Cell,
    Flags,
    Judged,
    based_on,
    cautions,
    cells,
    doubtful,
    floats,
    judge,
)
from fl_estimate.reporting.other_respondents import of_other_respondents
from fl_estimate.reporting.precision import DIGITS, few_digits, half_steps, lowered, raised, rounded
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.reporting.rounds import known_of, restricted, rounds_of, strictest
from fl_estimate.reporting.suppression import AT_MOST, FEWER_THAN, NOT_PUBLISHED, PUBLISHED, SuppressionRule
from fl_estimate.results.basis import FIGURES, LISTS, MODEL, Support
from fl_estimate.results.codes import CALIBRATED, MethodName, Quantity
from fl_estimate.results.columns import IMPUTED
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.estimates import Assumption, Reason

FEW = 5
"""The number of cases below which area models give limits that tell nothing of it; a rule of another has none."""
SCALES: Mapping[str, float] = {str(quantity): quantity.per for quantity in Quantity.all() if quantity.unit == "share"}
"""The units in which the limits of a model can be printed; they are shares."""
P_DECIMALS = 4
"""Decimals of a printed p-value."""
BLANKED: tuple[str, ...] = ("value", "se", "lower", "upper", "undetermined", "df", "deff")
"""What goes from a row that is not published, beside cases, n (where small) and the kind of interval (it can tell
of a zero)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class UnpublishedResult:
    """One result in full, as `publish` judges it: the table, and what is known beside it.

    `direct` tells the rows that are cells themselves from those that are made of several.
    """

    name: str
    frame: pd.DataFrame
    by: tuple[str, ...]
    assumptions: tuple[Assumption, ...]
    reasons: tuple[Reason, ...]
    support: Support
    direct: Flags
    crossing: Crossing | None
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    """By the label of an area, limits of a model that are the same whatever its few cases are."""
    reference_period: str = ""
    file: str = ""
    """The hash of the only file that it is of."""
    withheld_before: Flags | None = None
    """Rows made of several rounds, one of which an earlier release withheld."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Released:
    """What may be printed of each draft, how many rows were withheld to protect others, and whether the audit ran out of time."""

    frames: tuple[pd.DataFrame, ...]
    reasons: tuple[tuple[Reason, ...], ...]
    protecting: int
    late: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class _Verdict:
    """One draft with its keys and what becomes of each row."""

    draft: UnpublishedResult
    keys: list[Cell]
    judged: Judged
    hidden: Flags
    at_most: Flags


def released(
    drafts: Sequence[UnpublishedResult],
    rule: SuppressionRule,
    nested: Nested | None = None,
    known: Sequence[KnownTable] = (),
    tell: Tell | None = None,
) -> Released:
    """Judge all drafts together and give what may be printed of them.

    `nested` geographies are as `publish` takes them, `known` are tables of earlier releases. Rounds and countries are of other
    people: what is withheld in one says nothing of the same cell in another.
    """
    rounds = rounds_of(drafts)
    if len(rounds) == 1:
        return _of_one_round(drafts, rule, nested, known_of(known, drafts, rounds[0]), tell)
    parts = [_with_rows(drafts, kept, rule, nested, known_of(known, drafts, kept), tell) for kept in rounds]
    frames, reasons = strictest(drafts, rounds, parts)
    return Released(
        frames=frames,
        reasons=reasons,
        protecting=sum(part.protecting for part in parts),
        late=any(part.late for part in parts),
    )


def _with_rows(
    drafts: Sequence[UnpublishedResult],
    kept: Sequence[Flags],
    rule: SuppressionRule,
    nested: Nested | None,
    known: Sequence[KnownTable],
    tell: Tell | None,
) -> Released:
    """One round; of drafts that have no row of it the frame is empty."""
    own = [at for at, (draft, rows) in enumerate(zip(drafts, kept, strict=True)) if rows.any() or not len(draft.frame)]
    made = _of_one_round([restricted(drafts[at], kept[at]) for at in own], rule, nested, known, tell)
    frames, reasons = dict(zip(own, made.frames, strict=True)), dict(zip(own, made.reasons, strict=True))
    return replace(
        made,
        frames=tuple(frames.get(at, draft.frame.iloc[:0]) for at, draft in enumerate(drafts)),
        reasons=tuple(reasons.get(at, ()) for at in range(len(drafts))),
    )


def _of_one_round(
    drafts: Sequence[UnpublishedResult],
    rule: SuppressionRule,
    nested: Nested | None,
    known: Sequence[KnownTable],
    tell: Tell | None,
) -> Released:
    """Judge what is of one round, and give what may be printed of it."""
    keys = [cells(draft.frame, draft.by, draft.assumptions) for draft in drafts]
    judged = [judge(draft.frame, draft.support, rule) for draft in drafts]
    judged = [
        own if draft.withheld_before is None else replace(own, hard=own.hard | draft.withheld_before)
        for draft, own in zip(drafts, judged, strict=True)
    ]
    shut, low = set[Cell](), set[Cell]()
    for draft, key, own in zip(drafts, keys, judged, strict=True):
        people = ~based_on(draft.frame, LISTS, FIGURES, MODEL)
        # A row that is made of several is no cell of its own: that it is withheld says nothing of the direct one.
        # A cell in which nobody was asked hides nobody: a model's row of it is printed like that of any other area.
        asked = draft.support.respondents != 0
        shut.update(key[row] for row in np.flatnonzero(people & draft.direct & own.hard & asked))
        low.update(key[row] for row in np.flatnonzero(people & draft.direct & own.low))
    every = {key for draft, of in zip(drafts, keys, strict=True) for key in _direct_cells(draft, of)}
    whom = [(d.frame, of, d.support, d.direct, d.reference_period) for d, of in zip(drafts, keys, strict=True)]
    shut |= of_other_respondents(whom, rule, known)
    verdicts = [
        _verdict(draft, key, own, shut, low, every, rule) for draft, key, own in zip(drafts, keys, judged, strict=True)
    ]
    result = _protecting(verdicts, rule, nested, known, tell)
    closed = set(result.closed)
    more = sum(int((_touched(v, closed) & ~v.hidden).sum()) for v in verdicts)
    verdicts = [_verdict(v.draft, v.keys, v.judged, shut | closed, low - closed, every, rule) for v in verdicts]
    drawn, late = withheld_as_drawn(drafts, keys, [v.hidden for v in verdicts], rule, nested, tell)
    more += sum(int((own & ~(v.hidden | v.at_most)).sum()) for v, own in zip(verdicts, drawn, strict=True))
    verdicts = [
        replace(v, hidden=v.hidden | own, at_most=v.at_most & ~own) for v, own in zip(verdicts, drawn, strict=True)
    ]
    modelled = any(_few_modelled(draft, rule).any() for draft in drafts)
    done = [_printed(verdict, rule, uncounted=modelled) for verdict in verdicts]
    return Released(
        frames=tuple(f for f, _ in done),
        reasons=tuple(r for _, r in done),
        protecting=more,
        late=result.late or late,
    )


def _direct_cells(draft: UnpublishedResult, keys: list[Cell]) -> list[Cell]:
    own = ~based_on(draft.frame, LISTS, FIGURES, MODEL) & draft.direct
    return [keys[row] for row in np.flatnonzero(own)]


def _verdict(
    draft: UnpublishedResult,
    keys: list[Cell],
    judged: Judged,
    shut: set[Cell],
    low: set[Cell],
    every: set[Cell],
    rule: SuppressionRule,
) -> _Verdict:
    """Which rows go, and which are printed as a limit: all quantities, bounds and methods of a cell together."""
    apart, model = based_on(draft.frame, LISTS, FIGURES), based_on(draft.frame, MODEL)
    nameless = model & (draft.frame["outcome"] == "").to_numpy(dtype=bool) & (draft.support.respondents != 0)
    closed, few = _standing(keys, nameless, shut, low, every)
    few |= judged.low
    at_most = few & ~closed & ~judged.hard & judged.limited & ~apart & ~model
    if rule.few_cases == "at_most":
        at_most |= model & few_of_model(draft, rule) & ~closed
    hidden = (judged.hard & ~at_most) | (~apart & (closed | (few & ~at_most)))
    # What was drawn is nobody's answer: an imputed figure needs as many cases among the answers as any other has.
    few_given = ~(draft.support.cases >= rule.min_cases) & bool(rule.min_cases)
    hidden |= (draft.frame["bound"] == IMPUTED).to_numpy(dtype=bool) & few_given
    if rule.few_cases == "model":
        hidden = np.where(model, False, hidden | at_most)
        at_most = np.zeros(len(keys), dtype=bool)
    hidden = hidden | _models_beside(draft, hidden)
    at_most = at_most & ~hidden
    return _Verdict(draft=draft, keys=keys, judged=judged, hidden=hidden, at_most=at_most)


def _sums_unknown(frame: pd.DataFrame) -> Flags:
    return np.array([MethodName.of(str(name)).sums_unknown for name in frame["method"]], dtype=bool)


def _models_beside(draft: UnpublishedResult, hidden: Flags) -> Flags:
    """Models and tests of domains, where that of one domain is withheld: the nation less all others would tell it.

    No sum relates them that the audit could solve, and the nation's figures may stand in any table: all domains go.
    """
    named = [Quantity.of(str(name)) for name in draft.frame["quantity"]]
    # Scenarios that were stacked have no finest cells any more in which the audit could take one from the others.
    loose = draft.crossing is None
    of_model = np.array([one.tells == "formula" or (one.scenario and loose) for one in named], dtype=bool)
    of_model |= _sums_unknown(draft.frame)
    domain = of_model & (draft.frame["margin"] != "").to_numpy(dtype=bool)
    return domain & bool((domain & hidden).any())


def _standing(
    keys: list[Cell], nameless: Flags, shut: set[Cell], low: set[Cell], every: set[Cell]
) -> tuple[Flags, Flags]:
    """Which rows are of a cell that is shut, or of few cases.

    A model that was fed with a plain table does not say of which outcome: its rows are those of any cell with the same
    by-values, whatever the columns are called, and where there is no such cell, of any that is withheld.
    """
    closed = np.array([key in shut for key in keys], dtype=bool)
    few = np.array([key in low for key in keys], dtype=bool)
    if not nameless.any() or not (shut or low):
        return closed, few
    gone, known = {_values(key) for key in shut | low}, {_values(key) for key in every}
    for row in np.flatnonzero(nameless):
        own = _values(keys[row])
        closed[row] |= own in gone or own not in known
    return closed, few


def _values(key: Cell) -> frozenset[str]:
    return frozenset(label_text(value) for _, value in key[4])


def few_of_model(draft: UnpublishedResult, rule: SuppressionRule) -> Flags:
    """Rows of an area model of few cases that have limits which tell nothing of their number."""
    if rule.min_cases != FEW or len(draft.by) != 1:
        return np.zeros(len(draft.frame), dtype=bool)
    share = draft.frame["quantity"].isin(list(SCALES)).to_numpy(dtype=bool)
    large = share & (draft.support.respondents >= rule.min_n) & (draft.support.cases < rule.min_cases)
    return large & np.array([area_of(draft, row) in draft.limits for row in range(len(draft.frame))], dtype=bool)


def label_text(value: Any) -> str:
    """A label as area models write it: 3.0 is 3."""
    if pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def area_of(draft: UnpublishedResult, row: int) -> str:
    """The area of a row as the limits of a model name it; empty for the nation."""
    if not draft.frame["margin"].iloc[row]:
        return ""
    return label_text(draft.frame[draft.by[0]].iloc[row])


def _touched(verdict: _Verdict, closed: set[Cell]) -> Flags:
    apart = based_on(verdict.draft.frame, LISTS, FIGURES)
    return np.array([key in closed for key in verdict.keys], dtype=bool) & ~apart


def _protecting(
    verdicts: Sequence[_Verdict],
    rule: SuppressionRule,
    nested: Nested | None,
    known: Sequence[KnownTable],
    tell: Tell | None,
) -> Audit:
    """The further cells that must go so that none that is withheld can be worked out."""
    # Who is in one of two subpopulations, or of two readings, only may be few, though everybody in both is many.
    several = bool(known) or len({(key[0], key[2]) for v in verdicts for key in v.keys}) > 1
    if not several and not any((v.hidden | v.at_most).any() for v in verdicts):
        return Audit(closed=frozenset())
    given = [_given(verdict, rule) for verdict in verdicts]
    return audit_tables(
        given, min_n=rule.min_n, min_cases=rule.min_cases, nested=nested, known=known,
        status_tells=rule.few_cases == "at_most", seconds=rule.audit_seconds, tell=tell,
    )  # fmt: skip


def _given(verdict: _Verdict, rule: SuppressionRule) -> AuditedTable:
    draft = verdict.draft
    shown = verdict.hidden | verdict.at_most | verdict.judged.zero
    # What is made of several parts is no cell of the crossing, whatever its quantity is called.
    frame = draft.frame.assign(
        quantity=draft.frame["quantity"].where(draft.direct, "derived from " + draft.frame["quantity"])
    )
    return AuditedTable(
        name=draft.name, frame=frame, keys=verdict.keys, hidden=verdict.hidden, at_most=verdict.at_most,
        zero=verdict.judged.zero & ~verdict.hidden,
        printed=np.where(shown, np.nan, floats(rounded(draft.frame, rule.digits)["value"])),
        half=half_steps(draft.frame, rule.digits), crossing=draft.crossing, arguments=draft.arguments,
    )  # fmt: skip


def _few_modelled(draft: UnpublishedResult, rule: SuppressionRule) -> Flags:
    """Rows of a model of an area with a sample and few cases."""
    few = (draft.support.respondents != 0) & (draft.support.cases < rule.min_cases)
    return np.asarray(based_on(draft.frame, MODEL) & few, dtype=bool)


def _printed(verdict: _Verdict, rule: SuppressionRule, *, uncounted: bool) -> tuple[pd.DataFrame, tuple[Reason, ...]]:
    """One table as it may be printed: rounded, what is withheld blanked, limits in place of few cases.

    `uncounted`: models print no cases, for their audit does not know these rows and the nation less all other areas would be one.
    """
    draft, judged = verdict.draft, verdict.judged
    out = rounded(draft.frame, rule.digits)
    usable = ~(verdict.hidden | verdict.at_most | judged.zero)
    model = based_on(draft.frame, MODEL)
    upper = upper_limits(out, verdict.keys, verdict.at_most & ~model, usable, rule, draft.crossing)
    lower = np.where(np.isnan(upper), np.nan, 0.0)
    for row in np.flatnonzero(verdict.at_most & model):
        ends = draft.limits[area_of(draft, int(row))]
        # One digit, outwards: a finer one would tell of the areas that the hyper-parameters come from.
        scale = SCALES[str(draft.frame["quantity"].iloc[row])]
        lower[row], upper[row] = lowered(ends[0] * scale, 1), raised(ends[1] * scale, 1)
    at_most = verdict.at_most & np.isfinite(upper)
    hidden = verdict.hidden | (verdict.at_most & ~at_most)
    zero = judged.zero & ~hidden & ~at_most
    caution = np.array(cautions(out, rule, doubtful(draft.reasons), draft.support), dtype=object)
    caution[hidden | at_most] = ""
    status = np.select([hidden, at_most, zero], [NOT_PUBLISHED, AT_MOST, FEWER_THAN], PUBLISHED)
    out["caution"] = pd.array(caution.tolist(), dtype="string")
    out["publication"] = pd.array(status.tolist(), dtype="string")
    gone = hidden | at_most
    out.loc[gone, list(BLANKED)] = np.nan
    if "p" in out:
        out["p"] = np.round(floats(out["p"]), P_DECIMALS)
        out.loc[gone | zero, "p"] = np.nan
    out.loc[gone, "interval_kind"] = ""
    out.loc[at_most, "lower"], out.loc[at_most, "upper"] = lower[at_most], upper[at_most]
    # A limit of 0 is that of an area without a case: printed, it must not tell these from areas of one or two.
    alike = _few_modelled(draft, rule) & ~gone & (out["interval_kind"] == CALIBRATED).to_numpy(dtype=bool)
    out.loc[alike, "lower"] = 0.0
    # "Fewer than U": the zero itself is no estimate, and a reader of the file must not add it up.
    out.loc[zero, ["value", "se", "deff"]] = np.nan
    out.loc[zero, "upper"] = [raised(float(end), DIGITS) for end in draft.frame.loc[zero, "upper"]]
    _blank_counts(out, draft, hidden, at_most, rule)
    out.loc[model & (uncounted | _sums_unknown(draft.frame)), "cases"] = pd.NA
    few = draft.support.cases < rule.min_cases
    kept = [r for r in draft.reasons if not gone[r.row] and (zero[r.row] or not (few[r.row] and r.code.tells_cases))]
    return out, tuple(
        replace(reason, parameters=few_digits(reason.code.to_publish(reason.parameters))) for reason in kept
    )


def _blank_counts(
    out: pd.DataFrame, draft: UnpublishedResult, hidden: Flags, at_most: Flags, rule: SuppressionRule
) -> None:
    """Take n and cases from rows that may not show them."""
    # Whether n stays never depends on the cases, so that its absence tells nothing of them.
    small = ~(floats(out["n"]) >= rule.min_n) & (floats(out["n"]) != 0)
    shadow = based_on(draft.frame, MODEL, FIGURES, LISTS) & (small | (draft.support.cases < rule.min_cases))
    out.loc[(hidden & (small | ~draft.direct)) | (shadow & small), "n"] = pd.NA
    out.loc[hidden | at_most | shadow, "cases"] = pd.NA
    out.loc[shadow, "deff"] = np.nan
