"""The answers of the synthetic country: what is true of each work, what the office hears, and the class that follows.

Answers are small integers in the columns of the questionnaire; words come in with the files. Nothing here is false
testimony: an answer is true or it is not given, so the truth lies between what is surely and what is possibly so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Bools, Floats
from fl_estimate.datasets.questionnaire import (
    BLANK,
    COLUMNS,
    DONT_KNOW,
    EXPERIENCED,
    FALLBACK,
    ITEM_INDEX,
    ITEMS,
    MISSING,
    NO,
    NO_GROUND,
    NOT_DONE,
    PHASES,
    REFUSED,
    STATE_FIELDS,
    THREATENED,
    WITNESSED,
    YES,
    Dimension,
)

Codes = NDArray[np.int8]
Ints = NDArray[np.integer[Any]]

NOT_IN_FORCED_LABOUR, BY_ITEMS, BY_STATE = 0, 1, 2
IMPOSED, PENALTY, GROUND, CONDITIONS, PURPOSE = range(len(STATE_FIELDS))

SHARE_BY_STATE = 0.04
"""Share of persons in forced labour whom the State put there."""
SHARE_INVOLUNTARY_ONLY, SHARE_COERCED_ONLY = 0.08, 0.03
"""Shares of workers not in forced labour who meet one dimension; nobody among them meets both."""
SHARE_AGREED = 0.004
"""Share of workers not in forced labour who are paid little as they had been told, under a threat: in it by the wide reading."""
SHARE_STATE_WORK = 0.008
"""Share of workers not in forced labour who did work for the State that is no forced labour."""

_UNKNOWN_ITEM = 0.0015
"""Chance that an item gets no answer from a person not in forced labour who answers for himself."""
_UNKNOWN_IF_FORCED, _UNKNOWN_IF_PROXY = 8.0, 3.0
"""How many times more often an item gets no answer from those in forced labour, and from proxies."""
_BLOCK_REFUSED, _BLOCK_REFUSED_IF_FORCED = 0.002, 0.12
"""Chance that a person refuses all questions on coercion."""
_BROKEN_OFF = 0.002
"""Chance that an interview ends before the questions on coercion; these are then code 7."""
_UNKNOWN_SPLIT = (0.55, 0.35, 0.10)
"""Does not know, refused, missing."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """How often answers are not given, and by whom: what the published sample has, or a mechanism whose effect is known.

    Attributes
    ----------
    item_if_forced : float
        How many times more often an item gets no answer from those in forced labour.
    refused : float
        Chance that a person refuses all questions on coercion.
    refused_if_forced : float
        The same of those in forced labour.
    refused_if_involuntary : tuple of two floats, optional
        The same of people who told of involuntary work: those not in forced labour, and those in it. With it the class changes
        nothing for others. Two equal chances are a refusal at random given what was answered; two that differ are one of whom
        the log odds ratio is the true delta.
    """

    item_if_forced: float = _UNKNOWN_IF_FORCED
    refused: float = _BLOCK_REFUSED
    refused_if_forced: float = _BLOCK_REFUSED_IF_FORCED
    refused_if_involuntary: tuple[float, float] | None = None

    @property
    def delta(self) -> float:
        """By how much the log odds of a case among those who refused exceed those among people alike who answered."""
        if self.refused_if_involuntary is None:
            raise ValueError("where refusal goes by the class alone there is no one delta")
        other, forced = self.refused_if_involuntary
        return float(np.log(forced / (1 - forced)) - np.log(other / (1 - other)))

    def chance(self, forced: Bools, involuntary: Bools) -> Floats:
        """The chance of each person to refuse all questions on coercion."""
        if self.refused_if_involuntary is None:
            return np.where(forced, self.refused_if_forced, self.refused)
        other, case = self.refused_if_involuntary
        return np.where(involuntary, np.where(forced, case, other), self.refused)


PUBLISHED = Silence()
AT_RANDOM = Silence(item_if_forced=1.0, refused_if_involuntary=(0.2, 0.2))
BY_CLASS = Silence(item_if_forced=1.0, refused_if_involuntary=(0.1, 0.25))

_QUALIFIERS: dict[str, str] = {"w_low_no_wage": "r_dec_wages", "w_living_degrading": "r_dec_conditions"}
"""Circumstances that count only where they were not as told, and the question on that."""
_DIMENSION = np.array([item.dimension for item in ITEMS])
_COLUMN_ITEM = np.array([column.item for column in COLUMNS])
_COLUMN_DIMENSION = _DIMENSION[_COLUMN_ITEM]
_COLUMN_OF = {item.id: int(np.flatnonzero(_COLUMN_ITEM == index)[0]) for index, item in enumerate(ITEMS)}
_COLUMN_NO = np.where(_COLUMN_DIMENSION == "coercion", NOT_DONE, NO).astype(np.int8)
_COLUMN_SENSITIVE = np.array([ITEMS[column.item].sensitive for column in COLUMNS])
_COLUMN_FILTER = np.array([ITEMS[column.item].filter for column in COLUMNS])


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """Answers as the office has them, one row a respondent who worked: filter questions, items, the State block."""

    debt: Codes
    lodging: Codes
    items: Codes
    state: Codes


def forced_by_items_or_state(forced: Bools, rng: np.random.Generator) -> Codes:
    """Say by which way each person in forced labour is in it."""
    by_state = rng.random(len(forced)) < SHARE_BY_STATE
    return np.where(forced, np.where(by_state, BY_STATE, BY_ITEMS), NOT_IN_FORCED_LABOUR).astype(np.int8)


def true_answers(route: Codes, debt: Bools, lodging: Bools, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Draw what is true of every work, coherent with `route`.

    Both dimensions are met where `route` is by items, at most one of them elsewhere; a debt or a lodging that a
    person does not have is never answered yes. Low pay and bad lodging count where they were not as told: somebody in
    forced labour by nothing else had been told otherwise. A few others are paid little under a threat as they had been
    told; nobody calls that forced labour but the wide reading.

    Returns
    -------
    items, state : array
        Codes, one row a work; columns of `COLUMNS` and of `STATE_FIELDS`.
    """
    items = np.tile(_COLUMN_NO, (len(route), 1))
    side = rng.random(len(route))
    by_items = route == BY_ITEMS
    involuntary = by_items | (side < SHARE_INVOLUNTARY_ONLY)
    coerced = by_items | ((side >= SHARE_INVOLUNTARY_ONLY) & (side < SHARE_INVOLUNTARY_ONLY + SHARE_COERCED_ONLY))
    having: dict[str, Bools] = {"debt": debt, "lodging": lodging}
    _tell(items, np.flatnonzero(involuntary), by_items, "involuntary_work", having, rng)
    _tell(items, np.flatnonzero(coerced), by_items, "coercion", having, rng)
    _tell_other(items, involuntary, by_items, rng)
    _tell_deceived(items, by_items)
    start = SHARE_INVOLUNTARY_ONLY + SHARE_COERCED_ONLY
    _tell_agreed(items, np.flatnonzero(~by_items & (side >= start) & (side < start + SHARE_AGREED)), rng)
    return items, _state_answers(route, rng)


def _tell_deceived(items: Codes, by_items: Bools) -> None:
    """Say of those in forced labour by a circumstance alone that they had been told otherwise."""
    counted, _ = _involuntary(items)
    for circumstance, deceived in _QUALIFIERS.items():
        rows = by_items & ~counted & (items[:, _COLUMN_OF[circumstance]] == YES)
        items[rows, _COLUMN_OF[deceived]] = YES


def _tell_agreed(items: Codes, rows: Ints, rng: np.random.Generator) -> None:
    """Write low pay as it had been told, and a threat, of people who are not in forced labour."""
    items[rows, _COLUMN_OF[FALLBACK["involuntary_work"]]] = YES
    for deceived in _QUALIFIERS.values():
        items[rows, _COLUMN_OF[deceived]] = NO
    _write(items, rows, ITEM_INDEX[FALLBACK["coercion"]], rng)


def _tell(
    items: Codes, rows: Ints, by_items: Bools, dimension: Dimension, having: dict[str, Bools], rng: np.random.Generator
) -> None:
    """Write true answers of one dimension in `rows`, at least one in each row."""
    which = np.flatnonzero(_DIMENSION == dimension)
    share = np.where(
        by_items[rows, None],
        [ITEMS[index].in_forced_labour for index in which],
        [ITEMS[index].otherwise for index in which],
    )
    true = rng.random(share.shape) < share
    for position, index in enumerate(which):
        if ITEMS[index].filter:
            true[:, position] &= having[ITEMS[index].filter][rows]
    fallback = int(np.flatnonzero(which == ITEM_INDEX[FALLBACK[dimension]])[0])
    true[~true.any(axis=1), fallback] = True
    for position, index in enumerate(which):
        _write(items, rows[true[:, position]], int(index), rng)


def _write(items: Codes, rows: Ints, index: int, rng: np.random.Generator) -> None:
    """Write one item as true in `rows`: yes, or how and in which phases a coercion was met."""
    columns = np.flatnonzero(_COLUMN_ITEM == index)
    if not ITEMS[index].phases:
        items[rows, columns[0]] = YES
        return
    in_phase = rng.random((len(rows), len(columns))) < 0.35
    at_work = [COLUMNS[column].phase for column in columns].index(PHASES[1])
    in_phase[~in_phase.any(axis=1), at_work] = True
    chance = rng.random(in_phase.shape)
    how = np.select([chance < 0.60, chance < 0.85], [EXPERIENCED, THREATENED], WITNESSED)
    if ITEMS[index].id == "c_witness":
        how = np.full(in_phase.shape, WITNESSED)
    items[np.ix_(rows, columns)] = np.where(in_phase, how, NOT_DONE)


def _tell_other(items: Codes, involuntary: Bools, by_items: Bools, rng: np.random.Generator) -> None:
    """Write the items that belong to neither dimension; a few persons in no dimension say yes as well."""
    for index in np.flatnonzero(_DIMENSION == "other"):
        item = ITEMS[index]
        share = np.where(by_items, item.in_forced_labour, np.where(involuntary, item.otherwise, 0.03))
        items[rng.random(len(share)) < share, np.flatnonzero(_COLUMN_ITEM == index)[0]] = YES


def _state_answers(route: Codes, rng: np.random.Generator) -> Codes:
    """Write the block on the State: blank unless some other work was imposed."""
    size = len(route)
    by_state = route == BY_STATE
    imposed = by_state | ((route == NOT_IN_FORCED_LABOUR) & (rng.random(size) < SHARE_STATE_WORK))
    chance, ground = rng.random(size), np.floor(5 * rng.random(size)).astype(np.int8) + 1
    breach = chance < 0.5
    state = np.full((size, len(STATE_FIELDS)), BLANK, dtype=np.int8)
    state[:, IMPOSED] = np.where(imposed, YES, NO)
    forced = by_state[imposed]
    voluntary = ~forced & (chance[imposed] < 0.3)
    state[imposed, PENALTY] = np.where(voluntary, NO, YES)
    state[imposed, GROUND] = np.where(forced & breach[imposed], NO_GROUND, ground[imposed])
    state[imposed, CONDITIONS] = np.where(forced, NO, YES)
    purpose = np.where(chance[imposed] < 0.2, 2, NO_GROUND)
    state[imposed, PURPOSE] = np.where(forced, purpose, NO_GROUND)
    return state


def hear(
    items: Codes,
    state: Codes,
    *,
    debt: Bools,
    lodging: Bools,
    forced: Bools,
    proxy: Bools,
    rng: np.random.Generator,
    silence: Silence = PUBLISHED,
) -> Heard:
    """Lay filters, don't know, refusals, missing and questions not put over true answers.

    Parameters
    ----------
    items, state : array
        True answers of the respondents who worked.
    debt, lodging : array of bool
        True answers to the filter questions.
    forced : array of bool
        In forced labour: these give fewer answers.
    proxy : array of bool
        Somebody else answered: fewer answers, and no sensitive question was put.
    rng : Generator
    silence : Silence
    """
    size = len(items)
    chance = _UNKNOWN_ITEM * np.where(forced, silence.item_if_forced, 1.0) * np.where(proxy, _UNKNOWN_IF_PROXY, 1.0)
    heard = items.copy()
    unknown = _unknown(chance, len(ITEMS), rng)
    lost = unknown[:, _COLUMN_ITEM]
    np.copyto(heard, lost, where=lost != 0)
    coercion = _COLUMN_DIMENSION == "coercion"
    block = rng.random(size) < silence.chance(forced, _involuntary(heard)[0])
    heard[np.ix_(block, coercion)] = REFUSED
    heard[np.ix_(rng.random(size) < _BROKEN_OFF, coercion)] = MISSING
    heard[np.ix_(proxy, _COLUMN_SENSITIVE)] = BLANK
    filters = _unknown(chance, 2, rng)
    told: dict[str, Codes] = {}
    for position, (name, have) in enumerate((("debt", debt), ("lodging", lodging))):
        answer = np.where(have, YES, NO).astype(np.int8)
        told[name] = np.where(filters[:, position] != 0, filters[:, position], answer)
        heard[np.ix_(told[name] == NO, _COLUMN_FILTER == name)] = BLANK
    return Heard(debt=told["debt"], lodging=told["lodging"], items=heard, state=_hear_state(state, chance, rng))


def _unknown(chance: Floats, columns: int, rng: np.random.Generator) -> Codes:
    """Draw where no answer is given: 0 where one is, else the code written instead."""
    draw = rng.random((len(chance), columns))
    why = np.searchsorted(np.cumsum(_UNKNOWN_SPLIT)[:-1], draw / chance[:, None], side="right")
    codes = np.asarray([DONT_KNOW, REFUSED, MISSING], dtype=np.int8)[np.minimum(why, 2)]
    return np.where(draw < chance[:, None], codes, 0).astype(np.int8)


def _hear_state(state: Codes, chance: Floats, rng: np.random.Generator) -> Codes:
    """Lay unknown answers over the State block; what follows an unanswered first question is not put."""
    heard = state.copy()
    lost = _unknown(chance / 2, state.shape[1], rng)
    np.copyto(heard, lost, where=(lost != 0) & (state != BLANK))
    heard[np.ix_(heard[:, IMPOSED] != YES, np.arange(state.shape[1]) != IMPOSED)] = BLANK
    return heard


def classify_codes(heard: Heard) -> tuple[Bools, Bools]:
    """Classify answers under icls2018_adult, in codes: who is surely, and who possibly, in forced labour.

    A filtered question left blank counts as no; any other blank, and 7, 8, 9, are unknown. This is the arithmetic of
    the framework's file for this one questionnaire, for replications; `fl.classify` is the general way.
    """
    surely, possibly = classify_items(heard.items)
    by_state, maybe_by_state = _classify_state(heard.state)
    return surely | by_state, possibly | maybe_by_state


def classify_items(items: Codes) -> tuple[Bools, Bools]:
    """The same by the items alone, for a questionnaire without the block on the State."""
    surely, possibly = _involuntary(items)
    true, unknown = _read(items)
    penalties = _COLUMN_DIMENSION == "coercion"
    met = true[:, penalties].any(axis=1)
    return surely & met, possibly & (met | unknown[:, penalties].any(axis=1))


def _involuntary(items: Codes) -> tuple[Bools, Bools]:
    """Whether a circumstance makes the work involuntary; (surely, possibly). Some count only where they were not as told."""
    true, unknown = _read(items)
    possible = true | unknown
    qualified = [_COLUMN_OF[name] for name in _QUALIFIERS]
    plain = (_COLUMN_DIMENSION == "involuntary_work") & ~np.isin(np.arange(len(COLUMNS)), qualified)
    surely, possibly = true[:, plain].any(axis=1), possible[:, plain].any(axis=1)
    for circumstance, deceived in ((_COLUMN_OF[name], _COLUMN_OF[told]) for name, told in _QUALIFIERS.items()):
        surely |= true[:, circumstance] & true[:, deceived]
        possibly |= possible[:, circumstance] & possible[:, deceived]
    return surely, possibly


def _read(items: Codes) -> tuple[Bools, Bools]:
    """Which answers are true, and which are unknown."""
    true = (items == YES) | ((_COLUMN_DIMENSION == "coercion") & (items < NOT_DONE) & (items > 0))
    skipped = (items == BLANK) & (_COLUMN_FILTER != "")
    return true, ((items >= MISSING) | (items == BLANK)) & ~skipped


def _classify_state(state: Codes) -> tuple[Bools, Bools]:
    """Imposed, under a penalty, and no exception met or a C105 purpose; (surely, possibly)."""
    unknown = (state >= MISSING) | (state == BLANK)
    yes = state == YES
    exception_surely = ((state[:, GROUND] >= 1) & (state[:, GROUND] < NO_GROUND)) & yes[:, CONDITIONS]
    could_be_ground = (state[:, GROUND] != NO_GROUND) | unknown[:, GROUND]
    exception_possibly = could_be_ground & (yes[:, CONDITIONS] | unknown[:, CONDITIONS])
    purpose = (state[:, PURPOSE] >= 1) & (state[:, PURPOSE] < NO_GROUND)
    surely = yes[:, IMPOSED] & yes[:, PENALTY] & (~exception_possibly | purpose)
    possibly = (
        (yes[:, IMPOSED] | unknown[:, IMPOSED])
        & (yes[:, PENALTY] | unknown[:, PENALTY])
        & (~exception_surely | purpose | unknown[:, PURPOSE])
    )
    return surely, possibly
