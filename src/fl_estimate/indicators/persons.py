"""From rows to persons: the classes of jobs or episodes brought to the people they belong to, on any narwhals engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.logic import Bit
from fl_estimate.indicators.rows import SIDES, as_number, decide_scopes, stems

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import Outcome

PERSON = "person_id"
AGE_AT_INTERVIEW = "age_interview"
ONGOING, MONTHS = "ongoing", "months_in_period"
CURRENT, IN_MONTHS = "_current", "_months"


def current_rows(rows: Any, frameworks: Sequence[Framework]) -> tuple[Any, list[str]]:
    """Add to rows what they say of today and of time: columns ``<outcome>_current`` and ``<outcome>_months``.

    Returns
    -------
    frame, list of str
        The rows, and the stems of the outcomes that now have three columns for the jobs still held.
    """
    held = rows.collect_schema().names()
    added: list[nw.Expr] = []
    today: list[str] = []
    for name in _overall(frameworks):
        if ONGOING in held:
            status = nw.col(ONGOING).cast(nw.String).fill_null("missing")
            surely, possibly = status == "yes", status != "no"
            values = [
                (nw.col(name) == 1) & surely,
                (nw.col(f"{name}_possible") == 1) & possibly,
                nw.col(f"{name}_in_scope") == 1,
            ]
            today.append(f"{name}{CURRENT}")
            added += [as_number(bit).alias(f"{name}{CURRENT}{side}") for bit, side in zip(values, SIDES, strict=True)]
        if MONTHS in held:
            months = nw.col(MONTHS).cast(nw.Float64)
            # an unknown duration is counted apart: the sum of the others would pass for the whole
            added += [
                (months.fill_null(0.0) * nw.col(name)).alias(f"{name}{IN_MONTHS}"),
                as_number(months.is_null() & (nw.col(name) == 1)).alias(f"{MARK}{name}{IN_MONTHS}"),
            ]
    return (rows.with_columns(*added) if added else rows), today


def persons(
    people: Any, rows: Any, frameworks: tuple[Framework, ...], today: Sequence[str], *, by_age: bool = True
) -> Any:
    """Bring the classes of the rows to the persons.

    One qualifying row is enough; of a class the label that stands first among those of the rows; of a count the highest.
    A person without any row in scope has no such work in the reference period: 0, and in scope by the age at the
    interview (`by_age`); whoever was not interviewed is in scope by a row only.
    """
    names = [f"{stem}{side}" for stem in (*stems(frameworks), *today) for side in SIDES]
    months = [
        name
        for name in (f"{overall}{IN_MONTHS}" for overall in _overall(frameworks))
        if name in rows.collect_schema().names()
    ]
    ranks = list(_ranks(frameworks))
    rows = rows.with_columns(*(expression for _, expression in ranks)) if ranks else rows
    best = rows.group_by(PERSON).agg(
        *(nw.col(name).max() for name in names),
        *(nw.col(name).min() for name, _ in ranks),
        *(nw.col(name).sum() for name in months),
        *(nw.col(f"{MARK}{name}").max() for name in months),
    )
    scopes: dict[str, Bit] = dict.fromkeys(stems(frameworks), False)
    if by_age:
        people, scopes = decide_scopes(people, frameworks, age=AGE_AT_INTERVIEW)
    order = f"{MARK}order"
    eager = isinstance(people, nw.DataFrame)
    if eager:  # a join does not promise to keep the order; lazy frames have none
        people = people.with_row_index(order)
    joined = people.join(best, on=PERSON, how="left").with_columns(
        *(nw.col(name).fill_null(0).cast(nw.Int64) for name in [*names, *(f"{MARK}{name}" for name in months)]),
        *(nw.col(name).fill_null(1).cast(nw.Int64) for name, _ in ranks),
        *(nw.col(name).fill_null(0.0) for name in months),
    )
    scoped = {**scopes, **{stem: scopes[stem.removesuffix(CURRENT)] for stem in today}}
    joined = joined.with_columns(
        *(as_number(_either(f"{stem}_in_scope", scope)).alias(f"{stem}_in_scope") for stem, scope in scoped.items()),
        *(expression for outcome in _class_outcomes(frameworks) for expression in _labels(outcome)),
        *(
            nw.when(nw.col(f"{MARK}{name}") == 0)
            .then(nw.col(name))
            .otherwise(nw.lit(None, dtype=nw.Float64))
            .alias(name)
            for name in months
        ),
    )
    return joined.sort(order) if eager else joined


def added_columns(frameworks: Sequence[Framework], columns: Sequence[str]) -> list[str]:
    """The columns of time that a table of persons has."""
    wanted = [f"{name}{IN_MONTHS}" for name in _overall(frameworks)]
    return [name for name in wanted if name in columns]


def _overall(frameworks: Sequence[Framework]) -> list[str]:
    """The outcomes that say in the class or not, each once."""
    found = (entry.id for one in frameworks for entry in one.outcomes if entry.type in ("binary", "classes"))
    return list(dict.fromkeys(found))


def _class_outcomes(frameworks: Sequence[Framework]) -> list[Outcome]:
    return [outcome for one in frameworks for outcome in one.outcomes if outcome.type == "classes"]


def _rank(outcome: Outcome, place: int) -> str:
    return f"{MARK}{outcome.id}>={place}"


def _ranks(frameworks: Sequence[Framework]) -> Iterator[tuple[str, nw.Expr]]:
    """For every place among the labels: whether a row's label may stand there or later (rows out of scope do no harm)."""
    for outcome in _class_outcomes(frameworks):
        labels = [value.id for value in outcome.classes]
        outside = nw.col(f"{outcome.id}={labels[0]}_in_scope") == 0
        for place in range(len(labels) + 1):
            later = [nw.col(f"{outcome.id}={label}_possible") == 1 for label in labels[place:]]
            yield _rank(outcome, place), as_number(reduce(_or, later, outside)).alias(_rank(outcome, place))


def _labels(outcome: Outcome) -> Iterator[nw.Expr]:
    """The label of a person: the first among those of the rows, over every combination of what the rows may be."""
    labels = [value.id for value in outcome.classes]
    for place, label in enumerate(labels):
        name = f"{outcome.id}={label}"
        earlier = [nw.col(f"{outcome.id}={other}_possible") == 1 for other in labels[:place]]
        all_reach = nw.col(_rank(outcome, place)) == 1
        all_beyond = nw.col(_rank(outcome, place + 1)) == 1
        yield as_number((nw.col(f"{name}_possible") == 1) & all_reach).alias(f"{name}_possible")
        # nobody's row can come earlier, and not all rows can come later
        yield as_number(reduce(lambda left, right: left & ~right, earlier, ~all_beyond)).alias(name)


def _or(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    return left | right


def _either(column: str, bit: Bit) -> Bit:
    """In scope by one of the rows, or by the age at the interview."""
    if isinstance(bit, bool):
        return True if bit else nw.col(column) == 1
    return (nw.col(column) == 1) | bit
