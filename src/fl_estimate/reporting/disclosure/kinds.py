"""What each kind of figure tells of withheld cells: one entry a (basis, quantity); what has none goes with what it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from fl_estimate.results.basis import RESPONDENTS
from fl_estimate.results.codes import Quantity

Way = Literal[
    "linear", "known", "scaled", "shifted", "exact", "same", "formula", "parts", "rounds", "model", "apart", "support"
]
"""What a figure is to a reader who solves for what is withheld.

linear
    A weighted sum of the cells that it is made of, by a factor that readers know: an interval of that sum.
known
    Gives the sum away to the last digit (a variance of 0/1 is p(1 − p)).
scaled
    A cell's figure times a number that readers know (people outside the frame): an interval of the cell's sum.
shifted
    A cell's figure and what was imputed beside it, or by other weights: readers are taken to know the difference, so that it is
    an interval of the cell's sum as well.
exact
    Where a curve of a cell meets a figure: taken to give the cell's sum away to the last digit.
same
    Not a sum; goes wherever a cell of the same by-values is withheld, of whatever outcome.
formula
    A model of terms; goes wherever a cell of one of its columns is withheld.
parts
    Made of parts that its recipe names (contrast, standardised): goes wherever one of them is withheld. Where none is, their
    own rows say more.
rounds
    Made of one cell in several rounds, whose estimates the recipe names: goes wherever that cell is withheld in one of them. Where all of
    them are printed, readers are taken to know each to the last digit; where one stands in no table, as `support`.
model
    Borrows strength; its own treatment, see `publish`.
apart
    Of other people than the cells (case lists), or public already (figures that were typed in).
support
    Nothing is declared: goes wherever any cell in its support is withheld.
"""


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """How a kind of figure is handled, and why."""

    way: Way
    why: str


KINDS: Mapping[tuple[str, str], FigureKind] = {
    **{(RESPONDENTS, str(quantity)): FigureKind(way=quantity.tells, why=quantity.why) for quantity in Quantity.all()},
    ("model", "*"): FigureKind(way="model", why="refitting inverts it"),
    ("lists", "*"): FigureKind(way="apart", why="people on case lists, not respondents"),
    ("figures", "*"): FigureKind(way="apart", why="known before: typed in, or made of what was"),
}
OF_ROUNDS: frozenset[str] = frozenset({"change_difference", "change_ratio", "change_percent", "annual_change"})
"""Quantities made of one cell in several rounds: withheld with that cell in any of them, and saying nothing of the cells in it."""
CHANGE = FigureKind(way="apart", why="of one cell in several rounds, of which each is printed or withheld with it")
PARTS = FigureKind(way="parts", why="the other part and the difference give a part")
DERIVED = "derived from "
"""What stands before the quantity of a row that is not a cell of its own."""
ROUNDS = FigureKind(way="rounds", why="one round is what is left of the others and the change")
MADE_OF = "rounds_of"
"""The argument of a recipe that names rounds: {by-column of the rounds, or "": names}."""
UNDECLARED = FigureKind(way="support", why="no handler is declared")


def kind_of(basis: str, quantity: str, arguments: Mapping[str, Any] | None = None) -> FigureKind:
    """The handler of a figure; where none is declared, the one that withholds most."""
    if basis == "respondents" and parts_of(arguments or {}):
        return PARTS
    if basis == "respondents" and rounds_of(arguments or {}) is not None:
        return ROUNDS
    whole = quantity.removeprefix(DERIVED)
    if basis == RESPONDENTS and whole in OF_ROUNDS:
        return CHANGE
    found = KINDS.get((basis, whole)) or KINDS.get((basis, "*")) or UNDECLARED
    # What is made of several parts is no sum over one cell.
    return UNDECLARED if whole != quantity and found.way in ("linear", "known") else found


def rounds_of(arguments: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """The column of the rounds that a row is made of ("" where each is a result of its own) and their names; None of anything else."""
    told = arguments.get(MADE_OF)
    if not isinstance(told, Mapping) or len(cast("Mapping[Any, Any]", told)) != 1:
        return None
    column, names = next(iter(cast("Mapping[Any, Any]", told).items()))
    return str(column), tuple(str(name) for name in _flat(names))


def parts_of(arguments: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By column, the values whose cells a contrast or a standardised row is made of, as text; empty where it is neither."""
    result: dict[str, frozenset[str]] = {}
    between, shares = arguments.get("between"), arguments.get("shares")
    # Other functions have arguments of these names that are words.
    if isinstance(between, Mapping):
        result |= {
            str(column): frozenset(str(value) for value in _flat(groups))
            for column, groups in cast("Mapping[Any, Any]", between).items()
        }
    if isinstance(shares, Mapping) and "standardised_by" in arguments:
        result[str(arguments["standardised_by"])] = frozenset(str(value) for value in cast("Mapping[Any, Any]", shares))
    return result


def _flat(groups: Any) -> list[Any]:
    return (
        [one for group in cast("list[Any]", groups) for one in _flat(group)]
        if isinstance(groups, list | tuple)
        else [groups]
    )


def columns_of(record: Mapping[Any, Any], arguments: Mapping[str, Any]) -> frozenset[str] | None:
    """Columns that a model's row speaks of, from its formula, term and margin; None where the recipe does not say."""
    formula = arguments.get("formula")
    if not formula:
        return None
    text = " ".join(
        str(part) for part in (formula, record.get("term", ""), record.get("margin", ""), arguments.get("by", ""))
    )
    return frozenset(re.findall(r"[^\W\d]\w*", text))
