"""Time and age of a survey: the period, the interview and the birth of each person as earliest and latest days.

A spell counts where it overlaps the reference period, and an age is the age on the days of overlap. What is known of each
date is an earliest and a latest day, so that every question has three answers: surely, surely not, unknown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.criteria import AnyOf, Define, DimensionIs, FieldWithin, OutcomeIs, walk
from fl_estimate.indicators.day_numbers import FAR, NEVER, DateColumn, Moved, day_of, earlier, settled, with_day_numbers
from fl_estimate.indicators.items import AGE, known_items
from fl_estimate.indicators.references import leaves
from fl_estimate.inputs.partitions import narwhal

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.inputs.survey_data import ReferencePeriod, SurveyData

Schema = Mapping[str, nw.dtypes.DType]
AGE_AT_INTERVIEW, INTERVIEW, BIRTH, ONGOING = "age_interview", "interview_date", "birth_date", "ongoing"
SPELLS: Mapping[str, tuple[str, str]] = {"jobs": ("start", "end"), "episodes": ("depart", "return")}
"""The columns of the first and the last day of a spell, by table."""
FROM, TO, MET, DAY = (f"{MARK}{name}" for name in ("from", "to", "met", "on"))
_TOLD = f"{MARK}told_"
LOWEST, HIGHEST = "_lowest", "_highest"
AGED = f"{MARK}aged"
AGE_NOW = f"{MARK}age"
_WEEK = 7
_MONTHS_OF_KIND = {"month": 1, "season": 3, "12m": 12, "24m": 24, "60m": 60}
_OLDEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a survey says of time, and how it is to be read.

    Attributes
    ----------
    period : ReferencePeriod
    spell : (str, str)
        Columns of the first and last day of a spell, "" for one that the table does not have.
    ongoing : str
        Column that says whether the spell goes on at the interview, or "".
    interview, birth, age : str
        Columns of people, or "".
    reference_day : date or None
        The day of the stock; None takes the last day of the period.
    thresholds : tuple of int
        The ages at which a test of the frameworks begins or ceases to hold.
    """

    period: ReferencePeriod
    spell: tuple[str, str]
    ongoing: str
    interview: str
    birth: str
    age: str
    reference_day: dt.date | None
    thresholds: tuple[int, ...]

    @property
    def months(self) -> int:
        """Months of a period that ends with each person's interview; 0 where it has days of its own, or is a week."""
        if self.period.months:
            return self.period.months
        return _MONTHS_OF_KIND.get(self.period.kind, 0) if self.rolls and self.period.kind != "week" else 0

    @property
    def dated(self) -> bool:
        """Whether rows say when the work began or ended; else each is of the whole period."""
        return any(self.spell)

    @property
    def rolls(self) -> bool:
        """Whether the period is each person's own and ends with the interview."""
        return bool(self.interview) and _rolls(self.period)

    @property
    def day_is_interview(self) -> bool:
        """Whether the stock is that of the day of the interview."""
        open_ended = self.period.kind == "lifetime" and self.period.end is None
        return self.reference_day is None and (self.rolls or open_ended)

    @property
    def day(self) -> str:
        """The day of the stock as ISO text, or the column that holds each person's own; "" where nobody says."""
        if self.day_is_interview:
            return self.interview
        last = None if self.period.end is None else self.period.end - dt.timedelta(days=1)
        chosen = self.reference_day or last
        return chosen.isoformat() if chosen else ""

    @property
    def ages(self) -> str:
        """The column that says whether an age is known: that of the age, or of the date of birth."""
        return self.age or self.birth

    @property
    def columns(self) -> list[str]:
        """The columns that `person_days` adds."""
        bounds = [f"{name}{side}" for name in (FROM, TO, MET, DAY) for side in (LOWEST, HIGHEST)]
        return [*bounds, *(f"{birthday(years)}{side}" for years in self.thresholds for side in (LOWEST, HIGHEST)), AGED]


def birthday(years: int) -> str:
    """The columns of the day on which somebody reaches an age, without their endings."""
    return f"{MARK}reaches{years}"


def is_dated(table: str, columns: Sequence[str]) -> bool:
    """Whether the rows of a table say when the work began or ended."""
    return any(name in columns for name in SPELLS.get(table, ()))


def clock_of(
    data: SurveyData,
    table: str,
    frameworks: Sequence[Framework],
    reference_day: dt.date | None,
    *,
    rows: Sequence[str],
    people: Sequence[str],
) -> Clock:
    """Say how the time of a survey with dated spells is read.

    Raises
    ------
    IndicatorFault
        FL-IND-23: the period has no days that spells could be compared with. FL-IND-24: the reference day is not in it.
    """
    period = data.reference_period
    has_interview = INTERVIEW in people
    if period is None or not is_comparable(period, people):
        raise IndicatorFault(
            "FL-IND-23",
            "spells have dates, and there is no period that they could be compared with",
            found="no reference period" if period is None else f"a period of kind {period.kind} without days",
            fix='state [reference_period] start and end, or months = 12 and before = "interview_date" with that date '
            'mapped on people, or kind = "lifetime"',
        )
    require_day(period, reference_day)
    start, end = SPELLS[table]
    return Clock(
        period=period,
        spell=(start if start in rows else "", end if end in rows else ""),
        ongoing=ONGOING if ONGOING in rows else "",
        interview=INTERVIEW if has_interview else "",
        birth=BIRTH if BIRTH in people else "",
        age=AGE_AT_INTERVIEW if AGE_AT_INTERVIEW in people else "",
        reference_day=reference_day,
        thresholds=thresholds(frameworks),
    )


def undated_clock(data: SurveyData, frameworks: Sequence[Framework], *, people: Sequence[str]) -> Clock | None:
    """How ages are read where no row has a date: over the days of the period, if both are known.

    None where the age at the interview is all there is: no date of birth and no date of interview beside the age, no
    days of the period, or a lifetime, in which everybody was a child once and the work may have been later.
    """
    period, names = data.reference_period, set(people)
    if period is None or period.kind == "lifetime" or not has_own_age(people) or not is_comparable(period, people):
        return None
    return Clock(
        period=period,
        spell=("", ""),
        ongoing="",
        interview=INTERVIEW if INTERVIEW in names else "",
        birth=BIRTH if BIRTH in names else "",
        age=AGE_AT_INTERVIEW if AGE_AT_INTERVIEW in names else "",
        reference_day=None,
        thresholds=thresholds(frameworks),
    )


def has_own_age(people: Sequence[str]) -> bool:
    """Whether the age on other days than that of the interview can be told: from these columns of people."""
    return BIRTH in people or {AGE_AT_INTERVIEW, INTERVIEW} <= set(people)


def is_comparable(period: ReferencePeriod, people: Sequence[str]) -> bool:
    """Whether the period has days that a spell can be compared with; one of each person needs the date of interview."""
    return _has_days(period) or period.kind == "lifetime" or (_rolls(period) and INTERVIEW in people)


def asks_items(data: SurveyData) -> bool:
    """Whether a survey carries questions that frameworks read, so that its answers can be classified."""
    known = known_items().items
    tables = (narwhal(table).collect_schema().names() for table in data.tables.values())
    return any(name.partition("@")[0] in known for names in tables for name in names)


def require_period(data: SurveyData) -> None:
    """Refuse a survey whose answers are to be classified and that does not say of which time they speak.

    Raises
    ------
    IndicatorFault
        FL-IND-23.
    """
    if data.reference_period is None:
        raise IndicatorFault(
            "FL-IND-23",
            "the mapping states no reference period, so that nobody can say of which time the figures speak",
            found="no [reference_period]",
            fix='write [reference_period] with start and end, with months = 12 and before = "interview_date", or with '
            'kind = "lifetime"',
        )


def require_day(period: ReferencePeriod | None, day: dt.date | None) -> None:
    """Refuse a reference day outside the period: the questions did not reach it.

    Raises
    ------
    IndicatorFault
        FL-IND-24.
    """
    if day is None or period is None:
        return
    after = period.end is not None and day >= period.end
    if after or (period.start is not None and day < period.start):
        raise IndicatorFault(
            "FL-IND-24",
            "the reference day lies outside the reference period",
            found=f"{day.isoformat()} for the period {period}",
            fix="choose a day of the period; without one it is the last day",
        )


def require_undated_day(day: dt.date | None) -> None:
    """Refuse a reference day where no spell has a date.

    Raises
    ------
    IndicatorFault
        FL-IND-24.
    """
    if day is not None:
        raise IndicatorFault(
            "FL-IND-24",
            "a reference day needs spells with dates",
            found=f"{day.isoformat()}, and rows without a first or last day",
            fix="map start and end of jobs (depart and return of episodes), or leave reference_day out",
        )


def _has_days(period: ReferencePeriod) -> bool:
    return period.start is not None and period.end is not None


def _rolls(period: ReferencePeriod) -> bool:
    if period.months or period.start or period.end:
        return bool(period.months)
    return period.kind == "week" or period.kind in _MONTHS_OF_KIND


def thresholds(frameworks: Sequence[Framework]) -> tuple[int, ...]:
    """The ages at which a test of the frameworks, or of the files they refer to, begins or ceases to hold."""
    result: set[int] = set()
    for framework in frameworks:
        for test in _tests(framework):
            result |= {age for age in limits(test) if age is not None}
    return tuple(sorted(result))


def _tests(framework: Framework) -> list[FieldWithin]:
    nodes = [
        framework.in_scope,
        *(AnyOf(outcome.rules) for outcome in framework.outcomes),
        *(entry.node for entry in framework.indicators),
        *(entry.expression for entry in framework.definitions.values()),
    ]
    found = [leaf for node in nodes for leaf in leaves(framework, node)]
    references = (
        inner for node in nodes for inner in walk(node) if isinstance(inner, Define | DimensionIs | OutcomeIs)
    )
    files = {reference.framework for reference in references} - {""}
    for name in files - {framework.id, framework.extends}:
        found += _tests(framework.file(name))
    return [leaf for leaf in found if isinstance(leaf, FieldWithin) and leaf.field == AGE]


def limits(test: FieldWithin) -> tuple[int | None, int | None]:
    """The age from which a test of the age holds, and the first age at which it no longer does, in whole years."""
    least = None if test.least is None else math.ceil(test.least)
    if test.above is not None:
        least = max(math.floor(test.above) + 1, least or 0)
    most = None if test.most is None else math.floor(test.most) + 1
    return (least if least else None), most


def with_age_at_interview(people: Any) -> Any:
    """Work out the age at the interview where people have a date of birth and of interview, and no age."""
    schema = dict(people.collect_schema())
    if AGE_AT_INTERVIEW in schema or not {INTERVIEW, BIRTH} <= set(schema):
        return people
    met, born = DateColumn(INTERVIEW, f"{MARK}met_"), DateColumn(BIRTH, f"{MARK}born_")
    people = people.with_columns(*met.parts(schema), *born.parts(schema))

    def completed(met_month: nw.Expr, met_day: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
        had = nw.when(met_day < day).then(nw.lit(1)).otherwise(nw.lit(0))
        return ((met_month - month - had) // 12).cast(nw.Float64)

    of_day = [nw.col(f"{MARK}{who}_{part}") for who in ("met", "born") for part in ("month", "day")]
    exact = (nw.col(f"{MARK}met_precision") == 0) & (nw.col(f"{MARK}born_precision") == 0)
    age = nw.when(met.is_known & born.is_known & exact).then(completed(*of_day))
    return people.with_columns(age.otherwise(nw.lit(None, dtype=nw.Float64)).alias(AGE_AT_INTERVIEW))


# --- people -----------------------------------------------------------------------------------------------------


def person_days(people: Any, clock: Clock, *, constant_age: bool = False) -> Any:
    """Add to people the bounds of their period, interview, reference day and birthdays, and whether an age is known.

    `constant_age` takes the age as that of every day, whatever the date of the interview.
    """
    schema = dict(people.collect_schema())
    met = DateColumn(clock.interview, f"{MARK}met_") if clock.interview else None
    born = DateColumn(clock.birth, f"{MARK}born_") if clock.birth else None
    parts = [part for each in (met, born) if each is not None for part in each.parts(schema)]
    if clock.age:
        parts += _age_parts(schema, clock.age)
    if parts:
        people = people.with_columns(*parts)
    of_age = met if clock.age and not constant_age else None
    days = {**_interview_days(clock, met), **_birth_days(clock, of_age, born)}
    if days:
        people = with_day_numbers(people, days)
    bounds = {**_period(clock, met), **_births(clock, of_age, born)}
    known = [each.is_known for each in (born,) if each is not None]
    known += [nw.col(f"{AGE_NOW}_known")] if clock.age else []
    aged = reduce(lambda left, right: left | right, known) if known else nw.lit(False)
    told = (value.cast(nw.Int64).alias(name) for name, value in bounds.items())
    return settled(people.with_columns(*told, aged.alias(AGED)))


def _interview_days(clock: Clock, met: DateColumn | None) -> dict[str, Moved]:
    """The interview, and the first day of a period that ends with it, each earliest and latest."""
    if met is None:
        return {}
    days: dict[str, Moved] = {}
    for side, day in ((LOWEST, met.lowest), (HIGHEST, met.highest)):
        days[f"{_TOLD}met{side}"] = day()
        days[f"{_TOLD}from{side}"] = day(-clock.months, 1) if clock.months else day(0, 1 - _WEEK)
        month, _, _ = day(1 - clock.months)
        days[f"{_TOLD}next{side}"] = month, 1, 0
    return days


def _birth_days(clock: Clock, met: DateColumn | None, born: DateColumn | None) -> dict[str, Moved]:
    """The days of the birthdays by the date of birth, and by the age and the date of the interview.

    Somebody of a completed years was born in the year that ends a years before.
    """
    days: dict[str, Moved] = {}
    age = nw.col(AGE_NOW)
    for years in clock.thresholds:
        if born is not None:
            days[f"{_TOLD}born{years}{LOWEST}"] = born.lowest(12 * years)
            days[f"{_TOLD}born{years}{HIGHEST}"] = born.highest(12 * years)
        if met is not None:
            days[f"{_TOLD}aged{years}{LOWEST}"] = met.lowest(12 * years - 12 * (age + 1), 1)
            days[f"{_TOLD}aged{years}{HIGHEST}"] = met.highest(12 * years - 12 * age)
    return days


def _age_parts(schema: Schema, name: str) -> list[nw.Expr]:
    """The age at the interview in whole years, and whether it is known."""
    if schema[name] == nw.Unknown:
        return [nw.lit(0).cast(nw.Int64).alias(AGE_NOW), nw.lit(False).alias(f"{AGE_NOW}_known")]
    if not schema[name].is_numeric():
        raise IndicatorFault(
            "FL-IND-13",
            f"the column {name} of the field age must hold numbers",
            found=f"type {schema[name]}",
            fix="make it a number, with nulls where it is unknown",
        )
    told = nw.col(name).cast(nw.Float64).fill_null(-1.0)
    known = (told >= 0) & (told < _OLDEST)
    age = nw.when(known).then(told).otherwise(nw.lit(0.0)).cast(nw.Int64)
    return [age.alias(AGE_NOW), known.alias(f"{AGE_NOW}_known")]


def _period(clock: Clock, met: DateColumn | None) -> dict[str, nw.Expr]:
    """The first and last day of the period, the interview and the reference day, each earliest and latest."""
    period = clock.period
    first = -NEVER if period.start is None else day_of(period.start)
    last = NEVER if period.end is None else day_of(period.end) - 1
    known_end = last if period.end or period.kind == "lifetime" else -NEVER
    sure = {LOWEST: nw.lit(-NEVER), HIGHEST: nw.lit(NEVER)}
    bounds = {
        f"{FROM}{LOWEST}": nw.lit(first),
        f"{FROM}{HIGHEST}": nw.lit(first if period.start or period.kind == "lifetime" else NEVER),
        f"{TO}{LOWEST}": nw.lit(known_end),
        f"{TO}{HIGHEST}": nw.lit(last),
        # whoever asks about a period asks at its end or after it
        f"{MET}{LOWEST}": nw.lit(last if period.end else -NEVER),
        f"{MET}{HIGHEST}": sure[HIGHEST],
    }
    if met is not None:
        for side in (LOWEST, HIGHEST):
            day = nw.col(f"{_TOLD}met{side}")
            unknown = nw.lit(last) if side == LOWEST and period.end else sure[side]
            interview = nw.when(met.is_known).then(day).otherwise(unknown)
            bounds[f"{MET}{side}"] = interview
            if clock.rolls:
                back = nw.col(f"{_TOLD}from{side}")
                if clock.months:  # a month before 31 December begins on 1 December: there is no 31 November
                    back = earlier(back, nw.col(f"{_TOLD}next{side}"))
                bounds[f"{FROM}{side}"] = nw.when(met.is_known).then(back).otherwise(sure[side])
                bounds[f"{TO}{side}"] = interview
            elif period.kind == "lifetime" and not period.end:
                bounds[f"{TO}{side}"] = nw.when(met.is_known).then(day).otherwise(nw.lit(NEVER))
    for side in (LOWEST, HIGHEST):
        chosen = bounds[f"{TO}{side}"] if clock.reference_day is None else nw.lit(day_of(clock.reference_day))
        bounds[f"{DAY}{side}"] = chosen
    return bounds


def _births(clock: Clock, met: DateColumn | None, born: DateColumn | None) -> dict[str, nw.Expr]:
    """The earliest and latest day on which each person reaches each age.

    From the date of birth, narrowed by the age where both agree; else from the age, which without a date of the interview
    is the age on every day.
    """
    bounds: dict[str, nw.Expr] = {}
    for years in clock.thresholds:
        lowest, highest = nw.lit(-FAR), nw.lit(FAR)
        if clock.age:
            lowest, highest = _by_age(years, met)
        if born is not None:
            first, last = (nw.col(f"{_TOLD}born{years}{side}") for side in (LOWEST, HIGHEST))
            if met is not None:
                of_age = nw.col(f"{_TOLD}aged{years}{LOWEST}"), nw.col(f"{_TOLD}aged{years}{HIGHEST}")
                agrees = nw.col(f"{AGE_NOW}_known") & met.is_known & (of_age[0] <= last) & (first <= of_age[1])
                first = nw.when(agrees & (of_age[0] > first)).then(of_age[0]).otherwise(first)
                last = nw.when(agrees & (of_age[1] < last)).then(of_age[1]).otherwise(last)
            lowest = nw.when(born.is_known).then(first).otherwise(lowest)
            highest = nw.when(born.is_known).then(last).otherwise(highest)
        bounds[f"{birthday(years)}{LOWEST}"], bounds[f"{birthday(years)}{HIGHEST}"] = lowest, highest
    return bounds


def _by_age(years: int, met: DateColumn | None) -> tuple[nw.Expr, nw.Expr]:
    age, known = nw.col(AGE_NOW), nw.col(f"{AGE_NOW}_known")
    constant = nw.when(age >= years).then(nw.lit(-FAR)).otherwise(nw.lit(FAR))
    lowest = highest = constant
    if met is not None:
        lowest, highest = (
            nw.when(met.is_known).then(nw.col(f"{_TOLD}aged{years}{side}")).otherwise(constant)
            for side in (LOWEST, HIGHEST)
        )
    return (
        nw.when(known).then(lowest).otherwise(nw.lit(-FAR)),
        nw.when(known).then(highest).otherwise(nw.lit(FAR)),
    )
