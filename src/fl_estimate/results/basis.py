"""On what a figure rests: its basis, and the support that rules of publication judge. Neither is arithmetic of estimators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import not_one_of

Basis = Literal["respondents", "lists", "model", "figures"]
RESPONDENTS: Basis = "respondents"
LISTS: Basis = "lists"
MODEL: Basis = "model"
FIGURES: Basis = "figures"
BASES: tuple[str, ...] = get_args(Basis)
"""The strictest first: what rests on several of them rests on the first of these."""
ARRAYS: tuple[str, ...] = ("respondents", "cases", "psus_with_cases", "df", "df_effective", "undetermined")


@dataclass(frozen=True, kw_only=True, eq=False)
class Support:
    """The smallest part that each row of a result is made of: what a rule of publication judges, never what is printed.

    A direct row is its own smallest part. A contrast, a standardised, pooled, combined or benchmarked row is made of
    several, and gives the smallest of them away; a row of an area model stands on the direct cell of its area, one of
    capture–recapture on the people listed.

    Attributes
    ----------
    respondents : float array, shape (rows,)
        People counted; NaN where it is not known, which does not pass a rule.
    cases : float array, shape (rows,)
        Those of them who are cases; of a quantity, those whose value is not 0.
    psus_with_cases : float array, shape (rows,)
        Primary sampling units with a case; people with one, where there are no units.
    df : float array, shape (rows,)
        Degrees of freedom.
    df_effective : float array, shape (rows,)
        Those of the variance itself: few where the cases stand in few units. Not known where left out.
    undetermined : float array, shape (rows,)
        People whose class is unknown: of parts the fewest of those that have any. Not known where left out.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
    >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> estimates.support.cases.tolist(), estimates.support.psus_with_cases.tolist()
    ([1.0], [1.0])
    """

    respondents: Floats
    cases: Floats
    psus_with_cases: Floats
    df: Floats
    df_effective: Floats = field(default_factory=lambda: np.zeros(0))
    undetermined: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ("df_effective", "undetermined"):
            if not np.size(getattr(self, name)):
                object.__setattr__(self, name, np.full(np.size(self.respondents), np.nan))
        for name in ARRAYS:
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=float).ravel())

    def __len__(self) -> int:
        return len(self.respondents)

    @staticmethod
    def unknown(rows: int) -> Support:
        """Nothing is known of any row, and no rule lets it pass."""
        return Support(**{name: np.full(rows, np.nan) for name in ARRAYS})

    @staticmethod
    def of(
        respondents: Any,
        cases: Any = None,
        *,
        psus_with_cases: Any = None,
        df: Any = None,
        df_effective: Any = None,
        undetermined: Any = None,
        rows: int | None = None,
    ) -> Support:
        """Rows of these numbers; what is left out is not known, and one number is that of every row."""
        size = len(np.atleast_1d(np.asarray(respondents, dtype=float))) if rows is None else rows
        parts = (respondents, cases, psus_with_cases, df, df_effective, undetermined)
        given = dict(zip(ARRAYS, parts, strict=True))
        return Support(**{
            name: np.broadcast_to(np.asarray(np.nan if values is None else values, dtype=float), size)
            for name, values in given.items()
        })  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Support]) -> Support:
        """The rows of several results under each other."""
        return Support(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS})

    @staticmethod
    def least(parts: Sequence[Support]) -> Support:
        """The smallest part of each row over results of the same rows (one row goes with all); unknown where one is."""
        size = max(len(part) for part in parts)
        each = {name: np.stack([np.broadcast_to(getattr(part, name), size) for part in parts]) for name in ARRAYS}
        return Support(**{name: _fewest(name, values) for name, values in each.items()})

    @staticmethod
    def least_known(parts: Sequence[Support], bases: Sequence[str]) -> Support:
        """The same of parts that rest on these: a figure of which nothing is known hides the others' support from no rule."""
        size = max((len(part) for part in parts), default=0)
        found: dict[str, Floats] = {}
        for name in ARRAYS:
            rows, hidden = np.full(size, np.nan), np.zeros(size, dtype=bool)
            for part, basis in zip(parts, bases, strict=True):
                values = np.broadcast_to(getattr(part, name), size)
                # Of a figure fmin leaves out what is not known; of anything else that makes the row unknown.
                rows = _fewest(name, np.stack([rows, values]), fmin=True)
                hidden = hidden | (np.isnan(values) & (basis != FIGURES))
            found[name] = np.where(hidden, np.nan, rows)
        return Support(**found)

    def take(self, positions: Any) -> Support:
        """The rows at these places; at −1 nothing is known."""
        at = np.asarray(positions, dtype=np.intp)
        if not len(self):
            return Support.unknown(len(at))
        return Support(**{name: np.where(at < 0, np.nan, getattr(self, name)[at]) for name in ARRAYS})

    def grouped(self, groups: Iterable[Sequence[int]]) -> Support:
        """One row for each group of rows: the smallest part of these; unknown where a group has no row."""
        found = [
            Support.least([self.take([position]) for position in group]) if len(group) else Support.unknown(1)
            for group in groups
        ]
        return Support.joined(found) if found else Support.unknown(0)

    def to_dict(self) -> dict[str, list[float | None]]:
        """As JSON has it: null where nothing is known."""
        return {name: [_plain(value) for value in getattr(self, name)] for name in ARRAYS}

    @staticmethod
    def from_dict(given: Mapping[str, Sequence[Any]]) -> Support:
        """What `to_dict` wrote; of an earlier version, without what was not known then."""
        return Support(**{
            name: np.array([np.nan if v is None else v for v in given[name]], float) for name in ARRAYS if name in given
        })  # fmt: skip


def _fewest(name: str, values: Floats, *, fmin: bool = False) -> Floats:
    """The least of several parts; a part in which nobody is undetermined hides not that in another only one is."""
    if name == "undetermined":
        values = np.where(values == 0, np.inf, values)
    least = np.fmin.reduce(values) if fmin else values.min(axis=0)
    return np.where(np.isinf(least), 0.0, least) if name == "undetermined" else least


def weakest(bases: Iterable[str]) -> str:
    """The basis of a figure that is made of figures of these: the first of `BASES` among them, figures where none is given."""
    given = set(bases)
    return next((basis for basis in BASES if basis in given), FIGURES if not given else RESPONDENTS)


def require_bases(bases: Iterable[str]) -> None:
    """Refuse a basis that there is not.

    Raises
    ------
    EstimateFault
        FL-EST-290.
    """
    wrong = sorted({str(basis) for basis in bases} - set(BASES))
    if wrong:
        raise not_one_of("FL-EST-290", "this basis of a figure", wrong[0], BASES)


def _plain(value: float) -> float | None:
    if np.isnan(value):
        return None
    return float(value)
