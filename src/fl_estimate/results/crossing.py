"""Crossing: the finest cells of a design-weighted call, kept beside its rows for the audit of disclosure. Never published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.results.codes import OF_OTHER_PEOPLE

ARRAYS: tuple[str, ...] = (
    "n", "cases", "weight", "weighted_cases", "weight_in_scope", "undetermined", "n_undetermined",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossing:
    """All by-columns of a call crossed: what each outcome comes to in every cell that has people.

    It is the analyst's, as full values are: no file of a run holds it. An audit reads from it which cells make up which rows,
    and which columns are nested in which.

    Attributes
    ----------
    by : tuple of str
        The by-columns of the call, each once.
    labels : tuple of tuple
        A cell's value of every by-column, in their order; None where it is missing.
    outcomes : tuple of str
        As the rows of the result call them.
    binary : tuple of bool
        Whether an outcome takes no value but 0 and 1.
    n, cases : float array, shape (outcomes, cells)
        People counted, as in the column `n`; those whose outcome is 1 (of a quantity: not 0).
    weight, weighted_cases : float array, shape (outcomes, cells)
        Σ w of the people counted; Σ w y. Their quotient is the prevalence, or the mean.
    weight_in_scope, undetermined : float array, shape (outcomes, cells)
        Σ w of the people in scope, and of those of them whose class is unknown.
    n_undetermined : float array, shape (outcomes, cells)
        How many these are; NaN where it was not counted.
    where : str
        The condition of the subpopulation, empty where there is none.
    nested : tuple of (str, str)
        Pairs of by-columns, the first of which lies in the second: each of its values is met with one value of the other.
    """

    by: tuple[str, ...]
    labels: tuple[tuple[Any, ...], ...]
    outcomes: tuple[str, ...]
    binary: tuple[bool, ...]
    n: Floats
    cases: Floats
    weight: Floats
    weighted_cases: Floats
    weight_in_scope: Floats
    undetermined: Floats
    n_undetermined: Floats = field(default_factory=lambda: np.zeros(0))
    where: str = ""
    nested: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not np.size(self.n_undetermined):
            object.__setattr__(self, "n_undetermined", np.full(np.shape(self.n), np.nan))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        words = {"by": self.by, "labels": self.labels, "outcomes": self.outcomes, "binary": self.binary}
        numbers = {name: getattr(self, name).tolist() for name in ARRAYS}
        return {**words, **numbers, "where": self.where, "nested": self.nested}

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Crossing:
        """What `to_dict` wrote."""
        shape = (len(given["outcomes"]), len(given["labels"]))
        return Crossing(
            by=tuple(given["by"]),
            labels=tuple(tuple(label) for label in given["labels"]),
            outcomes=tuple(given["outcomes"]),
            binary=tuple(given["binary"]),
            **{name: np.array(given[name], dtype=float).reshape(shape) for name in ARRAYS if name in given},
            where=given["where"],
            nested=tuple((str(inner), str(outer)) for inner, outer in given["nested"]),
        )


def outcome_of_cells(outcome: str, method: str) -> str:
    """What tells cells apart: the outcome, and the method where it speaks of others than those who were asked.

    Examples
    --------
    >>> outcome_of_cells("forced_labour", "taylor"), outcome_of_cells("forced_labour", "multiplicity")
    ('forced_labour', 'forced_labour [multiplicity]')
    """
    return f"{outcome} [{method}]" if method in OF_OTHER_PEOPLE else outcome


def nested_columns(by: Sequence[str], labels: Sequence[tuple[Any, ...]]) -> tuple[tuple[str, str], ...]:
    """Which by-columns lie in which others, found from the cells that have people; of one value each are left out."""
    found: list[tuple[str, str]] = []
    columns = list(zip(*labels, strict=True)) if labels else []
    for inner, values in zip(by, columns, strict=False):
        for outer, others in zip(by, columns, strict=True):
            pairs = set(zip(values, others, strict=True))
            if inner != outer and len(pairs) == len(set(values)) and len(set(others)) > 1:
                found.append((inner, outer))
    return tuple(found)
