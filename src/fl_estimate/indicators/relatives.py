"""Relatives whom respondents report on: classified by the rows about them, out of scope where nothing was asked."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.clock import ONGOING, Clock, person_days
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.items import AGE, MISSING
from fl_estimate.indicators.persons import PERSON, persons
from fl_estimate.indicators.rows import decide, known_to
from fl_estimate.indicators.spells import spell_days

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework

RELATIVE = "relative_id"
REPORTER = "reported_by"
NOT_PUT = ("not_asked", MISSING)


def classified_relatives(
    relatives: Any, rows: Any, frameworks: tuple[Framework, ...], *, people: Any, clock: Clock | None
) -> Any:
    """Bring the classes of the rows about relatives to them; None where no row is about a relative.

    Parameters
    ----------
    relatives, rows : narwhals frame
        The relatives, and the jobs or episodes of respondents and relatives.
    frameworks : tuple of Framework
    people : narwhals frame
        The respondents: a period that ends with the interview is that of whoever told of the relative.
    clock : Clock or None
        Of rows with dates. The age of a relative is the same on every day: nobody asked for a date of birth.

    Notes
    -----
    A row in which every question of the module is not_asked or empty says nothing: it does not bring a relative into
    scope. A single question that was not put about relatives is not_asked, and so unknown, never no.
    """
    held, known = rows.collect_schema().names(), known_to(frameworks)
    items = [name for name in held if name.partition("@")[0] in known.items]
    if RELATIVE not in held or not items:
        return None
    fields = {field.column for field in known.fields.values()}
    about = rows.filter(~nw.col(RELATIVE).is_null())
    asked = reduce(
        lambda left, right: left | right,
        [~nw.col(name).cast(nw.String).fill_null(MISSING).is_in(NOT_PUT) for name in items],
    )
    of_time = [ONGOING] if clock is None else [ONGOING, *(e for n in clock.spell for e in (n, f"{n}_precision"))]
    kept = [name for name in held if name in items or name in of_time or (name in fields and name != AGE)]
    about = about.filter(asked).select(RELATIVE, *(nw.col(name) for name in kept))
    columns = relatives.collect_schema().names()
    if clock is not None:
        clock = replace(clock, birth="", age=AGE if AGE in columns else "")
        relatives = _with_days(relatives, people, clock)
    once = [
        name
        for name in (AGE, *(clock.columns if clock is not None else ()))
        if name in relatives.collect_schema().names()
    ]
    if once:
        about = about.join(relatives.select(RELATIVE, *once), on=RELATIVE, how="left" if clock is None else "inner")
    if clock is not None:
        about = spell_days(about, clock)
    decided = decide(about, frameworks, age=AGE, clock=clock)
    result = decided.frame.select(nw.col(RELATIVE).alias(PERSON), *decided.outcome_columns(), *decided.time_columns())
    whom = relatives.with_columns(nw.col(RELATIVE).alias(PERSON))
    classified = persons(whom, result, frameworks, clock=clock, by_age=False)
    wanted = [name for name in result.collect_schema().names() if name != PERSON and not name.startswith(MARK)]
    return classified.select(*(nw.col(name) for name in (*columns, *wanted))).to_native()


def _with_days(relatives: Any, people: Any, clock: Clock) -> Any:
    """Add the days of the period and the interview of whoever told, and the age as one that does not change."""
    met = clock.interview
    if met and REPORTER in relatives.collect_schema().names():
        names = [name for name in (met, f"{met}_precision") if name in people.collect_schema().names()]
        told = people.select(nw.col(PERSON).alias(REPORTER), *names)
        relatives = relatives.join(told, on=REPORTER, how="left")
    else:
        clock = replace(clock, interview="")
    return person_days(relatives, clock, constant_age=True)
