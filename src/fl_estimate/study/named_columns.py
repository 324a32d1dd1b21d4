"""Which columns of people an entry of a study names, key by key: by themselves, or in a formula. Nothing is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.models.model_formula import columns_of_text, read_formula
from fl_estimate.results.roles import ColumnOf, OfFormula, OfRelatives, PeopleCondition
from fl_estimate.schema.expressions import parse
from fl_estimate.study.forms import Entry


def named_columns(entry: Entry, *, values: bool = False) -> Iterable[tuple[str, str]]:
    """The keys of an entry, each with a column that it names.

    Parameters
    ----------
    entry : Entry
    values : bool
        Whether only those that are read as numbers, or classes, are asked for: not those that tell groups apart.
    """
    for argument, role in entry.declared.having(ColumnOf):
        if role.values or not values:
            yield from ((argument.keys[0], column) for column in _flat(getattr(entry, argument.keys[0])))
    for argument, _ in entry.declared.having(OfFormula):
        written: str | None = getattr(entry, argument.keys[0])
        yield from ((argument.keys[0], column) for column in _of_formula(written))


def columns_of_relatives(entry: Entry) -> Iterable[tuple[str, str, bool]]:
    """The keys of an entry that speak of relatives, each with a column that it names, and whether of the relatives alone."""
    for argument, role in entry.declared.having(OfRelatives):
        key = argument.keys[0]
        given: Any = getattr(entry, key)
        condition = role.alone or argument.role(PeopleCondition) is not None
        names = sorted(parse(given).names) if condition and given else _flat(given)
        yield from ((key, column, role.alone) for column in names)


def _flat(names: Any) -> Iterable[str]:
    if isinstance(names, str):
        yield names
    elif names is not None:
        for each in names:
            yield from _flat(each)


def _of_formula(written: str | None) -> Iterable[str]:
    """The columns of a formula, or of an expression; none of one that cannot be read, which the estimator says itself."""
    if not written:
        return ()
    try:
        return read_formula(written)[1] if "~" in written else columns_of_text(written)
    except (EstimateFault, SyntaxError):
        return ()
