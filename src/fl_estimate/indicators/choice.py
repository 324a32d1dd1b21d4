"""Which frameworks a call uses: read, released or allowed, and not two for the same people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fl_estimate.errors import IndicatorFault, labels_shown, listed
from fl_estimate.indicators.criteria import FieldWithin
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.framework import Framework
from fl_estimate.indicators.items import AGE
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value

AGES = range(121)
TIMES: tuple[str, ...] = ("_stock", "_current", "_months")
"""Endings of columns that say when: they are made of the rows of an outcome."""

FrameworkName = str | Path | Framework


def chosen_frameworks(
    framework: FrameworkName | Sequence[FrameworkName], *, allow_unverified: bool
) -> tuple[Framework, ...]:
    """Read the frameworks that a caller asked for, by id, path or as they are.

    Raises
    ------
    IndicatorFault
        FL-IND-01, 02, 03 (see `Framework.read`; 01 also for none, or one named twice); FL-IND-04: a draft without
        ``allow_unverified=True``, or an outcome that has no rule yet; FL-IND-16: a list of codes.
    """
    asked = [framework] if isinstance(framework, str | Path | Framework) else list(framework)
    chosen = tuple(entry if isinstance(entry, Framework) else Framework.read(entry) for entry in asked)
    if not chosen:
        raise IndicatorFault("FL-IND-01", "no framework is named", found="an empty list", fix="name at least one")
    ids = [entry.id for entry in chosen]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise IndicatorFault(
            "FL-IND-01",
            "a framework is named twice",
            found=labels_shown(repeated),
            fix="give every framework an id of its own",
        )
    for entry in chosen:
        if entry.status == "draft" and not allow_unverified:
            raise IndicatorFault(
                "FL-IND-04",
                f"the framework {entry.id} is a draft: its rule was not read in any document",
                found=entry.verification_note or 'status = "draft"',
                fix="use a final framework, or complete its rule and say allow_unverified=True",
            )
        if entry.kind == "code_list":
            raise IndicatorFault(
                "FL-IND-16",
                f"{entry.id} is a list of codes for case records; it has no rule to classify by",
                found=entry.title.en,
                fix="name a framework; fl.frameworks() lists them with their outcomes",
            )
        unruled = [outcome.id for outcome in entry.outcomes if not outcome.rules]
        if unruled:
            raise IndicatorFault(
                "FL-IND-04",
                f"the framework {entry.id} has outcomes without a rule",
                found=listed(unruled),
                fix="complete them in a file of your own, with an id of its own",
            )
    return chosen


def requested_outcomes(frameworks: Sequence[Framework], outcomes: str | Sequence[str] | None) -> tuple[Framework, ...]:
    """The frameworks with the outcomes that a call asks for; without a word all but the optional ones.

    A name may carry the ending of a column that is made of an outcome (``forced_labour_stock``).

    Raises
    ------
    IndicatorFault
        FL-IND-21: an outcome that none of the frameworks has, or a framework that is left without any.
    """
    if outcomes is None:
        return tuple(one.asked_for(None) for one in frameworks)
    wanted = [outcomes] if isinstance(outcomes, str) else list(outcomes)
    every = list(dict.fromkeys(each.id for one in frameworks for each in (*one.outcomes, *one.unasked)))
    chosen = {name: _outcome_of(name, every) for name in wanted}
    strange = [name for name, found in chosen.items() if not found]
    asked = tuple(one.asked_for(set(chosen.values())) for one in frameworks)
    idle = [one.id for one in asked if not one.outcomes]
    if strange or idle:
        raise IndicatorFault(
            "FL-IND-21",
            "the outcomes asked for do not fit the frameworks",
            found="; ".join(
                [
                    *([f"no outcome is called {labels_shown(strange, most=9)}"] if strange else []),
                    *([f"none of {listed(idle, most=9)} is asked for"] if idle else []),
                ]
            ),
            fix=f"name some of: {listed(every, most=12)}; without outcomes= all are computed that are not optional",
        )
    return asked


def _outcome_of(name: str, every: Sequence[str]) -> str:
    if name in every:
        return name
    return next((name.removesuffix(end) for end in TIMES if name.endswith(end) and name.removesuffix(end) in every), "")


def require_separate_scopes(frameworks: Sequence[Framework]) -> None:
    """Refuse frameworks that share an outcome and may both apply to one and the same person.

    Raises
    ------
    IndicatorFault
        FL-IND-08.
    """
    for position, first in enumerate(frameworks):
        for second in frameworks[position + 1 :]:
            shared = [outcome.id for outcome in first.outcomes if second.outcome(outcome.id) is not None]
            ages = [age for age in AGES if _applies(first, age) and _applies(second, age)]
            if shared and ages:
                raise IndicatorFault(
                    "FL-IND-08",
                    f"the frameworks {first.id} and {second.id} overlap: both would give {listed(shared)}",
                    found=f"both apply at the ages {ages[0]} to {ages[-1]}",
                    fix="classify by each of them in a call of its own",
                )


def _applies(framework: Framework, age: int) -> bool:
    """Whether somebody of this age may be in scope, whatever else is true of them."""
    return Evaluation(_OnlyAge(age)).population(framework).possibly is True


class _OnlyAge:
    """A reading of somebody of whom nothing is known but the age."""

    def __init__(self, age: int) -> None:
        self._age = age

    def item(self, _item: str, _phase: str | None, /) -> Value:
        return UNKNOWN

    def codes(self, _field: str, _codes: tuple[str, ...], /) -> Value:
        return UNKNOWN

    def within(self, test: FieldWithin, /) -> Value:
        if test.field != AGE:
            return UNKNOWN
        return TRUE if test.holds(self._age) else FALSE

    def has(self, _name: str, /) -> bool:
        return True

    def keep(self, value: Value, /) -> Value:
        return value
