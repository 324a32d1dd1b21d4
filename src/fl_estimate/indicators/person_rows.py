"""The rows of jobs or episodes that belong to persons, with what is asked once a person."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW, ONGOING, Clock
from fl_estimate.indicators.items import Items
from fl_estimate.indicators.persons import AGE_AT_START, PERSON
from fl_estimate.indicators.relatives import RELATIVE
from fl_estimate.indicators.rows import MONTHS, SELECTED


def rows_of_persons(rows: Any, people: Any, table: str, known: Items, clock: Clock | None) -> Any:
    """The rows that belong to persons, with what is asked once a person, and with a clock the days of the person."""
    held, of_person = rows.collect_schema().names(), people.collect_schema().names()
    without = [name for name, columns in ((table, held), ("people", of_person)) if PERSON not in columns]
    if without:
        raise IndicatorFault(
            "FL-IND-10",
            f"rows of {table} cannot be given to their persons",
            found=f"no column {PERSON} in {listed(without)}",
            fix=f"map {PERSON} on both tables",
        )
    fields = {field.column for field in known.fields.values()}
    mine = [name for name in held if name.partition("@")[0] in known.items or name in fields]
    once = {field.column for field in known.fields.values() if field.table == "people"}
    ages = AGE_AT_INTERVIEW if clock is None else clock.ages
    once |= {SELECTED, ages, *(clock.columns if clock is not None else ())}
    mine = [name for name in mine if name != ages]
    theirs = [name for name in of_person if name not in mine and name in once]
    of_time = [ONGOING, AGE_AT_START]
    dated = clock is not None and clock.dated
    of_time += (
        [MONTHS]
        if clock is None or not dated
        else [each for name in clock.spell for each in (name, f"{name}_precision")]
    )
    mine += [name for name in of_time if name in held and name not in mine]
    own = ~nw.col(PERSON).is_null()
    if RELATIVE in held:  # a row about a relative is not one of the person who told it
        own = own & nw.col(RELATIVE).is_null()
    chosen = rows.filter(own).select(*(nw.col(name) for name in (PERSON, *mine)))
    if theirs:
        # with a clock only rows of people of the survey: of others no day is known
        chosen = chosen.join(people.select(PERSON, *theirs), on=PERSON, how="left" if clock is None else "inner")
    return chosen
