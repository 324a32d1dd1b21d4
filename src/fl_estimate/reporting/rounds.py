"""Which rows of a release are of other people: of another country, or of a time that does not overlap. Each round is audited by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.reporting.disclosure.kinds import rounds_of as made_of
from fl_estimate.reporting.judging import Flags, cells
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.reporting.suppression import AT_MOST, FEWER_THAN, NOT_PUBLISHED, PUBLISHED
from fl_estimate.results.recipe import Period

SEVERITY: dict[str, int] = {PUBLISHED: 0, FEWER_THAN: 1, AT_MOST: 2, NOT_PUBLISHED: 3}
"""What may be printed of a row that several rounds speak of: what the strictest of them allows."""


@dataclass(frozen=True)
class RowOrigin:
    """Of what country and time a row speaks, and of what file its table is where it is of one; "" where nobody has said."""

    country: str = ""
    period: str = ""
    file: str = ""

    def apart(self, other: RowOrigin) -> bool:
        """Whether two rows cannot be of the same people: fails to False where that is not known.

        Two files of one time may be one survey that was corrected, and one file of two times holds the same people twice.
        """
        if self.country and other.country and self.country != other.country:
            return True
        if self.file and self.file == other.file:
            return False
        return _other_time(self.period, other.period)


def _other_time(one: str, other: str) -> bool:
    """Whether two periods are known to have no day in common: by their days, else by what they are called."""
    if not one or not other or one == other:
        return False
    a, b = Period(one), Period(other)
    if a.first is None or a.last is None or b.first is None or b.last is None:
        return True
    return a.last < b.first or b.last < a.first


def origins(frame: pd.DataFrame, *, period: str = "", file: str = "") -> list[RowOrigin]:
    """The origin of each row; where a by-column stands in the place of country or period, nothing is known of it but `period`."""
    return [
        RowOrigin(country=country, period=time or period, file=file)
        for country, time in zip(*(_texts(frame, name) for name in ("country", "period")), strict=True)
    ]


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    """A column of origin as text; "" where rows are divided by a column of that name, which says something of people."""
    order = [str(column) for column in frame.columns]
    if name not in order or order.index(name) > order.index("quantity"):
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value) for value in frame[name]]


def rounds_of(drafts: Sequence[Any]) -> list[list[Flags]]:
    """Of each round the rows of each draft that are audited with it.

    What speaks of one round alone is audited with it. What is made of several (a change, a trend, a pooled figure), and what does not say
    its time, is audited with every round: with a figure of one round it gives that of another away.

    Parameters
    ----------
    drafts : sequence of UnpublishedResult

    Returns
    -------
    list
        By round, by draft: array of bool, shape (rows,).
    """
    told = [origins(draft.frame, period=draft.reference_period, file=draft.file) for draft in drafts]
    own = [origin for draft, each in zip(drafts, told, strict=True) for origin in _direct(draft, each)]
    groups = _groups(dict.fromkeys(own))
    if len(groups) < 2:
        return [[np.ones(len(draft.frame), dtype=bool) for draft in drafts]]
    at = {(origin.country, origin.period): place for place, group in enumerate(groups) for origin in group}
    return [
        [np.array([_is_with(origin, place, at, groups) for origin in each], dtype=bool) for each in told]
        for place in range(len(groups))
    ]


def _is_with(
    origin: RowOrigin, place: int, at: Mapping[tuple[str, str], int], groups: Sequence[Sequence[RowOrigin]]
) -> bool:
    """Whether a row is audited with a round: that of its own country and time; else every one that is not of another country."""
    own = at.get((origin.country, origin.period))
    if own is not None:
        return own == place
    return not all(replace(origin, period="", file="").apart(other) for other in groups[place])


def _direct(draft: Any, told: Sequence[RowOrigin]) -> list[RowOrigin]:
    """Origins of rows that are cells themselves and say their country or their time."""
    return [origin for origin, own in zip(told, draft.direct, strict=True) if own and (origin.period or origin.country)]


def _groups(found: Iterable[RowOrigin]) -> list[list[RowOrigin]]:
    """Origins that may be of the same people, directly or through others."""
    groups: list[list[RowOrigin]] = []
    for origin in found:
        near = [group for group in groups if not all(origin.apart(other) for other in group)]
        groups = [group for group in groups if not any(group is each for each in near)]
        groups.append([*(each for group in near for each in group), origin])
    return groups


def known_of(known: Sequence[KnownTable], drafts: Sequence[Any], rows: Sequence[Flags]) -> tuple[KnownTable, ...]:
    """Tables of earlier releases that may speak of the people of a round."""
    own = {
        origin
        for draft, kept in zip(drafts, rows, strict=True)
        for origin, one in zip(
            origins(draft.frame, period=draft.reference_period, file=draft.file), kept & draft.direct, strict=True
        )
        if one
    }
    return tuple(
        table
        for table in known
        if not own or not all(origin.apart(RowOrigin(table.country, table.reference_period)) for origin in own)
    )


def withheld_before(draft: Any, known: Sequence[KnownTable]) -> Flags | None:
    """Rows made of several rounds (a change, a trend, an average) whose cell an earlier release withheld in one of these rounds.

    With the other rounds, which it may have printed, such a row would give the withheld one away. None where nothing was withheld.
    """
    made = made_of(draft.arguments)
    if made is None:
        return None
    column = made[0]
    times = [str(each) for each in draft.arguments.get("periods") or [draft.reference_period]]
    hidden = {
        _without_column(key, column)
        for table in known
        if not all(RowOrigin(period=time).apart(RowOrigin(period=table.reference_period)) for time in times)
        for key, status in zip(
            cells(table.frame, table.by, table.assumptions), table.frame["publication"].astype(str), strict=True
        )
        if status != PUBLISHED
    }
    if not hidden:
        return None
    own = cells(draft.frame, draft.by, draft.assumptions)
    return np.array([_without_column(key, column) in hidden for key in own], dtype=bool)


def _without_column(key: Any, column: str) -> tuple[Any, ...]:
    """What a row speaks of, whatever its round and its term."""
    outcome, _, where, margin, known = key
    return (
        outcome,
        where,
        tuple(name for name in margin if name != column),
        frozenset(pair for pair in known if pair[0] != column),
    )


def restricted(draft: Any, rows: Flags) -> Any:
    """A draft with some of its rows; finest cells are those of the whole call, and stay where all of it does."""
    if rows.all():
        return draft
    kept = np.flatnonzero(rows)
    place_of = {int(old): new for new, old in enumerate(kept)}
    return replace(
        draft,
        frame=draft.frame.iloc[kept].reset_index(drop=True),
        reasons=tuple(replace(r, row=place_of[r.row]) for r in draft.reasons if r.row in place_of),
        support=draft.support.take(kept),
        direct=draft.direct[kept],
        withheld_before=None if draft.withheld_before is None else draft.withheld_before[kept],
        crossing=None,
    )


def strictest(
    drafts: Sequence[Any], rounds: Sequence[Sequence[Flags]], results: Sequence[Any]
) -> tuple[tuple[pd.DataFrame, ...], tuple[tuple[Any, ...], ...]]:
    """The rows of all rounds as tables again: each as the strictest of the rounds that it was audited with prints it."""
    frames: list[pd.DataFrame] = []
    reasons: list[tuple[Any, ...]] = []
    for at, draft in enumerate(drafts):
        if not len(draft.frame):
            frames.append(results[0].frames[at])
            reasons.append(())
            continue
        chosen: dict[int, tuple[int, int, int]] = {}
        for place, (rows, result) in enumerate(zip(rounds, results, strict=True)):
            for new, old in enumerate(np.flatnonzero(rows[at])):
                rank = SEVERITY[str(result.frames[at]["publication"].iloc[new])]
                if int(old) not in chosen or rank > chosen[int(old)][0]:
                    chosen[int(old)] = (rank, place, new)
        parts = [
            results[place].frames[at].iloc[[new]] for _, place, new in (chosen[row] for row in range(len(draft.frame)))
        ]
        frames.append(pd.concat(parts, ignore_index=True))
        told = [
            replace(reason, row=row)
            for row, (_, place, new) in sorted(chosen.items())
            for reason in results[place].reasons[at]
            if reason.row == new
        ]
        reasons.append(tuple(told))
    return tuple(frames), tuple(reasons)
