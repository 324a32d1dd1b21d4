"""From rows to persons: the classes of jobs or episodes brought to the people they belong to, on any narwhals engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw

from fl_estimate.indicators.checking import PutOff
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW, FROM, HIGHEST, LOWEST, TO, Clock
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.day_numbers import NEVER
from fl_estimate.indicators.logic import Bit
from fl_estimate.indicators.person_months import union_months, with_union
from fl_estimate.indicators.rows import (
    IN_MONTHS,
    SIDES,
    STOCK,
    THERE,
    as_number,
    decide_scopes,
    overall,
    stems,
)
from fl_estimate.indicators.spells import DAYS_A_MONTH

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome

PERSON = "person_id"
AGE_AT_START = "age_at_start"


def persons(
    people: Any,
    rows: Any,
    frameworks: tuple[Framework, ...],
    *,
    clock: Clock | None = None,
    by_age: bool = True,
    later: list[PutOff] | None = None,
) -> Any:
    """Bring the classes of the rows to the persons.

    One qualifying row is enough; of a class the label that stands first among those of the rows; of a count the highest.
    A person without any row in scope has no such work in the reference period: 0, and in scope by age (`by_age`): with a
    clock by the ages in the period and on the reference day, else by the age at the interview. Whoever was not
    interviewed is in scope by a row only. Months are those of the days of all rows, each day once;
    months that were asked for add up. The check of what people answered on their age is put off where there is a list for it (`later`).
    """
    held = rows.collect_schema().names()
    stocks = [f"{name}{STOCK}" for name in overall(frameworks) if f"{name}{STOCK}" in held]
    names = [f"{stem}{side}" for stem in (*stems(frameworks), *stocks) for side in SIDES]
    months = [name for name in (f"{each}{IN_MONTHS}" for each in overall(frameworks)) if name in held]
    ranks = list(_ranks(frameworks, timed=clock is not None))
    starts, keep = _starts(rows, people, frameworks)
    added = [*(expression for _, expression in ranks), *starts]
    rows, days = with_union(rows, months, PERSON)
    best = (
        (rows.with_columns(*added) if added else rows)
        .group_by(PERSON)
        .agg(
            *(nw.col(name).max() for name in names),
            *(nw.col(name).min() for name in (*(name for name, _ in ranks), *keep)),
            *(nw.col(name).sum() for name in (*months, *days)),
            *(nw.col(f"{MARK}{name}").max() for name in months),
        )
    )
    scopes: dict[str, Bit] = dict.fromkeys((*stems(frameworks), *stocks), False)
    if by_age:
        age = AGE_AT_INTERVIEW if clock is None else clock.ages
        people, found = decide_scopes(people, frameworks, age=age, clock=clock, later=later)
        scopes = {stem: found[stem] for stem in scopes}
    order = f"{MARK}order"
    eager = isinstance(people, nw.DataFrame)
    if eager:  # a join does not promise to keep the order; lazy frames have none
        people = cast("nw.DataFrame[Any]", people).with_row_index(order)
    joined = people.join(best, on=PERSON, how="left").with_columns(
        *(nw.col(name).fill_null(0).cast(nw.Int64) for name in [*names, *days, *(f"{MARK}{name}" for name in months)]),
        *(nw.col(name).fill_null(1).cast(nw.Int64) for name, _ in ranks),
        *(nw.col(name).fill_null(0.0) for name in months),
    )
    by_row = clock is None or not by_age  # with a clock the ages of the person decide, whatever the row is
    joined = joined.with_columns(
        *(
            as_number(_either(f"{stem}_in_scope", scope) if by_row else scope).alias(f"{stem}_in_scope")
            for stem, scope in scopes.items()
        ),
        *(expression for outcome in _class_outcomes(frameworks) for expression in _labels(outcome)),
        *(_months(name, clock, days).alias(name) for name in months),
        *(_start(name).alias(AGE_AT_START) for name in keep[:1]),
    )
    if clock is not None and by_age:
        joined = joined.with_columns(
            *(nw.col(f"{stem}{side}") * nw.col(f"{stem}_in_scope") for stem in scopes for side in SIDES[:2])
        )
    return joined.sort(order) if eager else joined


def added_columns(frameworks: Sequence[Framework], columns: Sequence[str], people: Sequence[str]) -> list[str]:
    """The columns of time that a table of persons has: months in a class, and the age at the start."""
    wanted = [f"{name}{IN_MONTHS}" for name in overall(frameworks)]
    wanted += [AGE_AT_START] if AGE_AT_START not in people else []
    return [name for name in wanted if name in columns]


def _months(name: str, clock: Clock | None, days: Sequence[str]) -> nw.Expr:
    """Months of a person, no more than the period has: missing where those of a row are not known and make a difference."""
    found, known = nw.col(name), nw.col(f"{MARK}{name}") == 0
    if days:
        found, agreed = union_months(name, days)
        known = known | agreed
    if clock is not None:
        length = nw.col(f"{TO}{HIGHEST}") - nw.col(f"{FROM}{LOWEST}") + 1
        most = length.cast(nw.Float64) / DAYS_A_MONTH
        found = nw.when((length < NEVER) & (found > most)).then(most).otherwise(found)
    return nw.when(known).then(found).otherwise(nw.lit(None, dtype=nw.Float64))


_IN_CLASS, _ANY = f"{MARK}start_in_class", f"{MARK}start_of_any"
_UNKNOWN_AGE = 1e6


def _starts(rows: Any, people: Any, frameworks: Sequence[Framework]) -> tuple[list[nw.Expr], list[str]]:
    """The age at the start of every row, and of those that may be in a class, where the rows say it and people do not."""
    schema = rows.collect_schema()
    if AGE_AT_START not in schema.names() or AGE_AT_START in people.collect_schema().names():
        return [], []
    if not schema[AGE_AT_START].is_numeric():
        return [], []
    age = nw.col(AGE_AT_START).cast(nw.Float64).fill_null(_UNKNOWN_AGE)
    age = nw.when((age >= 0) & (age <= _UNKNOWN_AGE)).then(age).otherwise(nw.lit(_UNKNOWN_AGE))
    flags = [nw.col(f"{name}_possible") == 1 for name in overall(frameworks)]
    if not flags:
        return [], []
    may = reduce(_or, flags)
    return [
        nw.when(may).then(age).otherwise(nw.lit(_UNKNOWN_AGE)).alias(_IN_CLASS),
        age.alias(_ANY),
        as_number(~may).alias(f"{_IN_CLASS}_none"),
    ], [_IN_CLASS, _ANY, f"{_IN_CLASS}_none"]


def _start(_name: str) -> nw.Expr:
    """The lowest age at the start among the rows that may be in a class, else among all."""
    chosen = nw.when(nw.col(f"{_IN_CLASS}_none") == 0).then(nw.col(_IN_CLASS)).otherwise(nw.col(_ANY))
    return nw.when(chosen < _UNKNOWN_AGE).then(chosen).otherwise(nw.lit(None, dtype=nw.Float64))


def _class_outcomes(frameworks: Sequence[Framework]) -> list[FrameworkOutcome]:
    return [outcome for one in frameworks for outcome in one.outcomes if outcome.type == "classes"]


def _rank(outcome: FrameworkOutcome, position: int) -> str:
    return f"{MARK}{outcome.id}>={position}"


def _ranks(frameworks: Sequence[Framework], *, timed: bool) -> Iterator[tuple[str, nw.Expr]]:
    """For every place among the labels: whether a row's label may stand there or later (rows that are not surely there do no harm)."""
    for outcome in _class_outcomes(frameworks):
        labels = [value.id for value in outcome.classes]
        outside = nw.col(f"{THERE}{outcome.id}" if timed else f"{outcome.id}={labels[0]}_in_scope") == 0
        for position in range(len(labels) + 1):
            later = [nw.col(f"{outcome.id}={label}_possible") == 1 for label in labels[position:]]
            yield _rank(outcome, position), as_number(reduce(_or, later, outside)).alias(_rank(outcome, position))


def _labels(outcome: FrameworkOutcome) -> Iterator[nw.Expr]:
    """The label of a person: the first among those of the rows, over every combination of what the rows may be."""
    labels = [value.id for value in outcome.classes]
    for position, label in enumerate(labels):
        name = f"{outcome.id}={label}"
        earlier = [nw.col(f"{outcome.id}={other}_possible") == 1 for other in labels[:position]]
        all_reach = nw.col(_rank(outcome, position)) == 1
        all_beyond = nw.col(_rank(outcome, position + 1)) == 1
        yield as_number((nw.col(f"{name}_possible") == 1) & all_reach).alias(f"{name}_possible")
        # nobody's row can come earlier, and not all rows can come later
        yield as_number(reduce(lambda left, right: left & ~right, earlier, ~all_beyond)).alias(name)


def _or(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    return left | right


def _either(column: str, bit: Bit) -> Bit:
    """In scope by one of the rows, or by age."""
    if isinstance(bit, bool):
        return True if bit else nw.col(column) == 1
    return (nw.col(column) == 1) | bit
