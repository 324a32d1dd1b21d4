"""Relatives whom respondents report on: classified by the rows about them, out of scope where nothing was asked."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.items import AGE, MISSING
from fl_estimate.indicators.persons import PERSON, persons
from fl_estimate.indicators.rows import decide, known_to

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework

RELATIVE = "relative_id"
_AGES = ("age_episode", AGE)
NOT_PUT = ("not_asked", MISSING)


def classified_relatives(relatives: Any, rows: Any, frameworks: tuple[Framework, ...]) -> Any:
    """Bring the classes of the rows about relatives to them; None where no row is about a relative.

    Parameters
    ----------
    relatives, rows : narwhals frame
        The relatives, and the jobs or episodes of respondents and relatives.
    frameworks : tuple of Framework

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
    asked = reduce(or_, [~nw.col(name).cast(nw.String).fill_null(MISSING).is_in(NOT_PUT) for name in items])
    kept = [name for name in held if name in items or (name in fields and name != AGE)]
    about = about.filter(asked).select(RELATIVE, *(nw.col(name) for name in kept))
    age = next((name for name in _AGES if name in kept), AGE)
    columns = relatives.collect_schema().names()
    if age == AGE and AGE in columns:  # how old they are now stands in where nobody asked how old they were
        about = about.join(relatives.select(RELATIVE, AGE), on=RELATIVE, how="left")
    decided = decide(about, frameworks, age=age)
    found = decided.frame.select(nw.col(RELATIVE).alias(PERSON), *decided.outcome_columns())
    whom = relatives.with_columns(nw.col(RELATIVE).alias(PERSON))
    classified = persons(whom, found, frameworks, (), by_age=False)
    wanted = [*columns, *(name for name in found.collect_schema().names() if name != PERSON)]
    return classified.select(*(nw.col(name) for name in wanted)).to_native()
