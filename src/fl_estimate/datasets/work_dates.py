"""When the people of the synthetic country were born, and when their work began and ended: what is true, and what is heard.

Days are whole numbers from 1 January 1970. The survey speaks of 2023 and meets everybody on its last day. Its own small
arithmetic of what is surely and what is possibly so stands here beside the general one of `indicators`, so that each can
be held against the other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Bools
from fl_estimate.datasets.questionnaire import BLANK, COLUMNS, YES

if TYPE_CHECKING:
    from fl_estimate.datasets.persons import Jobs, SyntheticPersons

Ints = NDArray[np.int64]

EPOCH = dt.date(1970, 1, 1)
FIRST, LAST = dt.date(2023, 1, 1), dt.date(2023, 12, 31)
"""The reference period, both days inclusive."""
FROM, TO = (FIRST - EPOCH).days, (LAST - EPOCH).days
ONGOING_AT_END, ENDED_BEFORE = 0.80, 0.06
"""Shares of all work that went on at the end of the period, and that had ended before it; the rest ended within it."""
LONG_AGO = (dt.date(2018, 1, 1) - EPOCH).days
"""The survey asks about the last work of five years before the period too."""
ENTERED_AS_CHILD, BORN_INTO = 0.08, 0.85
"""Shares of those in forced labour who entered between 12 and 17; of those born into it who began between 6 and 11."""
MONTH_NOT_KNOWN, DATE_NOT_KNOWN, BIRTH_NOT_KNOWN, ONGOING_NOT_KNOWN = 0.08, 0.015, 0.02, 0.004
NEVER = 10_000_000
MONTHS_OF_DAYS = 365.25 / 12
_BIRTH_STATUS = next(position for position, column in enumerate(COLUMNS) if column.field == "r_birth_status")


@dataclass(frozen=True, kw_only=True, eq=False)
class Dates:
    """What is true of the time of everybody and of every work.

    Attributes
    ----------
    born : array
        Day of birth of every person; ages are completed years on the last day of the period.
    began, ended : array
        First and last day of every work; NEVER where it still went on when people were met.
    """

    born: Ints
    began: Ints
    ended: Ints


def make_dates(people: SyntheticPersons, jobs: Jobs, rng: np.random.Generator) -> tuple[Dates, Ints]:
    """Draw the days of birth and of work; gives them and the age at the start of each work.

    Somebody in forced labour may have entered as a child; whoever was born into it mostly did. A spell that had ended
    before the period was forced labour then, and is not forced labour of the period.
    """
    size = len(jobs.person)
    born = _born(people.age.astype(np.int64), rng.random(len(people.age)))
    forced = jobs.route > 0
    inherited = forced & (jobs.answers[:, _BIRTH_STATUS] == YES) & (rng.random(size) < BORN_INTO)
    young = forced & ~inherited & (rng.random(size) < ENTERED_AS_CHILD)
    chance = rng.random(size)
    started = np.select([inherited, young], [6 + 6 * chance, 12 + 6 * chance], jobs.started).astype(np.int64)
    mine = born[jobs.person]
    first, latest = _birthday(mine, started), np.minimum(_birthday(mine, started + 1) - 1, TO)
    began = first + np.floor((latest - first + 1) * rng.random(size)).astype(np.int64)
    kind, where = rng.random(size), rng.random(size)
    before = (kind < ENDED_BEFORE) & (began < FROM)
    within = ~before & (kind < 1 - ONGOING_AT_END) & (began < TO)
    oldest = np.where(before, np.maximum(began, LONG_AGO), np.maximum(began, FROM))
    newest = np.where(before, FROM - 1, TO - 1)
    last = oldest + np.floor((newest - oldest + 1) * where).astype(np.int64)
    return Dates(born=born, began=began, ended=np.where(before | within, last, NEVER)), started


def in_period(dates: Dates, jobs: Jobs) -> Bools:
    """Which works had a day in the period on which their person was an adult."""
    return _overlap(dates, jobs) > 0


def on_last_day(dates: Dates) -> Bools:
    """Which works went on on the last day of the period; who works is an adult then."""
    return (dates.began <= TO) & (dates.ended >= TO)


def months(dates: Dates, jobs: Jobs) -> NDArray[np.float64]:
    """Months of every work that lie in the period, at an age of 18 or over."""
    return _overlap(dates, jobs) / MONTHS_OF_DAYS


def _overlap(dates: Dates, jobs: Jobs) -> Ints:
    adult = _birthday(dates.born[jobs.person], np.full(len(jobs.person), 18))
    return np.maximum(np.minimum(dates.ended, TO) - np.maximum(np.maximum(dates.began, FROM), adult) + 1, 0)


def _born(age: Ints, chance: NDArray[np.float64]) -> Ints:
    """A day of birth for somebody of this age on the last day of the period: a day of the year that ends age years before."""
    latest = _day(2023 - age, np.full(len(age), 12), np.full(len(age), 31))
    earliest = _day(2022 - age, np.full(len(age), 12), np.full(len(age), 31)) + 1
    return earliest + np.floor((latest - earliest + 1) * chance).astype(np.int64)


def parts(day: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of days."""
    date = np.asarray(day).astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    year = date.astype("datetime64[Y]")
    return (
        year.astype(np.int64) + 1970,
        (month - year.astype("datetime64[M]")).astype(np.int64) + 1,
        (date - month.astype("datetime64[D]")).astype(np.int64) + 1,
    )


def _day(year: Any, month: Any, day: Any) -> Ints:
    months_in_all = (np.asarray(year, dtype=np.int64) - 1970) * 12 + np.asarray(month, dtype=np.int64) - 1
    return months_in_all.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + np.asarray(day) - 1


def _birthday(born: Ints, years: Ints) -> Ints:
    """The day on which somebody reaches an age; 29 February is 1 March in other years."""
    year, month, day = parts(born)
    return _day(year + years, month, day)


# --- what is heard --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class HeardDates:
    """Time as the office has it; BLANK where nothing is known.

    Attributes
    ----------
    birth : (array, array, array)
        Year, month and day of birth of each respondent.
    age : array
        Completed years on the last day of the period, the day of the interview.
    start, end : (array, array)
        Year and month in which the work of each respondent who worked began and ended.
    ongoing : array
        Whether it goes on: 1 yes, 2 no, 8 does not know.
    """

    birth: tuple[Ints, Ints, Ints]
    age: Ints
    start: tuple[Ints, Ints]
    end: tuple[Ints, Ints]
    ongoing: Ints


def hear_dates(
    dates: Dates, person: NDArray[np.integer[Any]], job: NDArray[np.integer[Any]], rng: np.random.Generator
) -> HeardDates:
    """Lay what nobody remembers over the days: months, whole dates, days of birth.

    Parameters
    ----------
    person : array
        The respondents.
    job : array
        The works of those who worked, in their order.
    """
    born, size = dates.born[person], len(job)
    unknown = rng.random(len(person)) < BIRTH_NOT_KNOWN
    birth = tuple(np.where(unknown, BLANK, part) for part in parts(born))
    began, ended = dates.began[job], dates.ended[job]
    over = ended < NEVER
    ends = [_remembered(np.where(over, ended, TO), rng), _remembered(began, rng)]
    end = tuple(np.where(over, part, BLANK) for part in ends[0])
    unsure = rng.random(size) < ONGOING_NOT_KNOWN
    end = tuple(np.where(unsure, BLANK, part) for part in end)
    return HeardDates(
        birth=(birth[0], birth[1], birth[2]),
        age=2023 - parts(born)[0],
        start=ends[1],
        end=(end[0], end[1]),
        ongoing=np.where(unsure, 8, np.where(over, 2, 1)),
    )


def _remembered(day: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    chance = rng.random(len(day))
    year, month, _ = parts(day)
    return (
        np.where(chance < DATE_NOT_KNOWN, BLANK, year),
        np.where(chance < DATE_NOT_KNOWN + MONTH_NOT_KNOWN, BLANK, month),
    )


def read_dates(heard: HeardDates, working: Ints) -> dict[str, tuple[Bools, Bools]]:
    """What the dates heard say of each work: `flow` and `stock` of adults, each surely and possibly.

    Parameters
    ----------
    working : array
        Places among the respondents of those who worked.
    """
    met = TO
    soonest, latest = _bounds(heard.start)
    first_end, last_end = _bounds(heard.end)
    goes_on, over = heard.ongoing == 1, heard.ongoing == 2
    first_end = np.where(goes_on, met, first_end)
    last_end = np.where(over, np.maximum(first_end, np.minimum(last_end, met - 1)), np.where(goes_on, NEVER, last_end))
    latest = np.maximum(soonest, np.minimum(np.minimum(latest, met), last_end))
    first_end = np.minimum(np.maximum(first_end, soonest), last_end)
    of_age = _adult_from(heard, working)
    flow = (latest <= TO) & (first_end >= FROM), (soonest <= TO) & (last_end >= FROM)
    flow = flow[0] & (np.minimum(first_end, TO) >= of_age[1]), flow[1] & (np.minimum(last_end, TO) >= of_age[0])
    stock = (latest <= TO) & (first_end >= TO), (soonest <= TO) & (last_end >= TO)
    return {
        "flow": flow,
        "stock": (stock[0] & (of_age[1] <= TO), stock[1] & (of_age[0] <= TO)),
    }


def _adult_from(heard: HeardDates, working: Ints) -> tuple[Ints, Ints]:
    """The earliest and latest day on which each reached 18: by the day of birth, else by age and interview."""
    year, month, day = (part[working] for part in heard.birth)
    age = heard.age[working]
    known = year != BLANK
    exact = _day(np.where(known, year, 2000) + 18, np.where(known, month, 1), np.where(known, day, 1))
    # who is so old on 31 December was born in that year
    oldest, youngest = _day(2023 - age + 18, 1, 1), _day(2023 - age + 18, 12, 31)
    return np.where(known, exact, oldest), np.where(known, exact, youngest)


def _bounds(date: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """The earliest and latest day of a year and month; a blank month is any of the year, a blank year any day."""
    year, month = date
    known, whole = year != BLANK, month != BLANK
    filled = np.where(known, year, 2000)
    first = _day(filled, np.where(whole, month, 1), 1)
    after = _day(np.where(whole, filled, filled + 1), np.where(whole, month + 1, 1), 1)
    return np.where(known, first, -NEVER), np.where(known, after - 1, NEVER)
