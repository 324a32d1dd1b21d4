"""Whether the parents of a child are in forced labour: from their own rows, where they are in the survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.persons import PERSON
from fl_estimate.indicators.references import questions
from fl_estimate.inputs.partitions import narwhal

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.inputs.survey_data import SurveyData

PARENTS: tuple[str, ...] = ("mother_id", "father_id")
ASKED, COLUMN, OUTCOME = "child.parents_in_fl", "child_parents_in_fl", "forced_labour"


def asks_of_parents(data: SurveyData, table: str, frameworks: tuple[Framework, ...]) -> bool:
    """Whether a framework asks about the parents, no question of the survey did, and the roster names them."""
    if table == "people" or not any(ASKED in questions(framework) for framework in frameworks):
        return False
    rows, people = (set(_names(getattr(data, name))) for name in (table, "people"))
    return COLUMN not in rows and PERSON in rows and PERSON in people and bool(people & set(PARENTS))


def of_parents(frameworks: tuple[Framework, ...]) -> tuple[Framework, ...]:
    """The frameworks that say it of the parents: those chosen with the child's that have the outcome, else the ICLS's."""
    from fl_estimate.indicators.framework import Framework as Reader

    chosen = tuple(one for one in frameworks if ASKED not in questions(one) and one.outcome(OUTCOME) is not None)
    # whatever reading is asked for of the child, the parents' own class is that of the first outcome
    return tuple(one.asked_for((OUTCOME,)) for one in chosen or (Reader.read("icls2018_adult"),))


def with_parents(data: SurveyData, table: str, classified: Callable[[], Any]) -> SurveyData:
    """Write `child_parents_in_fl` on the rows of everybody whose parents the roster names.

    Parameters
    ----------
    data : SurveyData
    table : str
        The table that carries the questions.
    classified : callable
        Gives the people with the classes of the parents' frameworks.

    Notes
    -----
    yes where a parent is surely in forced labour; else unknown where a parent's class is undetermined, or a parent was
    not selected for the module; else no where a parent was classified. A parent who is not a member of the household
    has no row, and does not count.
    """
    people = narwhal(classified())
    status = people.select(
        PERSON,
        nw.when(nw.col(OUTCOME) == 1)
        .then(nw.lit("yes"))
        .otherwise(
            nw.when(nw.col(f"{OUTCOME}_possible") == 1)
            .then(nw.lit("dk"))
            .otherwise(nw.when(nw.col(f"{OUTCOME}_in_scope") == 1).then(nw.lit("no")).otherwise(nw.lit("missing")))
        )
        .alias(COLUMN),
    )
    here = [name for name in PARENTS if name in _names(data.people)]
    result: Any = narwhal(data.people).select(PERSON, *here)
    for name in here:
        one = status.select(nw.col(PERSON).alias(name), nw.col(COLUMN).alias(f"{COLUMN}:{name}"))
        result = result.join(one, on=name, how="left")
    told = [nw.col(f"{COLUMN}:{name}").fill_null("none") for name in here]

    def any_is(*codes: str) -> nw.Expr:
        return nw.any_horizontal(*(each.is_in(codes) for each in told), ignore_nulls=False)

    answer = (
        nw.when(any_is("yes"))
        .then(nw.lit("yes"))
        .otherwise(
            nw.when(any_is("dk", "missing"))
            .then(nw.lit("dk"))
            .otherwise(nw.when(any_is("no")).then(nw.lit("no")).otherwise(nw.lit("missing")))
        )
    )
    result = result.select(PERSON, answer.alias(COLUMN))
    rows = narwhal(getattr(data, table))
    return replace(data, **{table: rows.join(result, on=PERSON, how="left").to_native()})


def _names(table: Any) -> list[str]:
    return narwhal(table).collect_schema().names()
