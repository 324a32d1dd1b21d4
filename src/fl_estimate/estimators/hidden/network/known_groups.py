"""Groups of known size, as a caller gives them: a table of sizes or a frame of a file, and the population that they are part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown, missing_columns, names_given, shown

GROUP, SIZE = "group", "size"
"""Columns of a table of known groups."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownGroups:
    """Groups whose size is known from elsewhere.

    Attributes
    ----------
    names : tuple of str
        Columns of the respondents: how many people of the group each knows.
    sizes : float array, shape (groups,)
        In persons.
    population : float
        Of whom the groups are part, in persons: the people whom respondents were asked about.
    """

    names: tuple[str, ...]
    sizes: Floats
    population: float

    @property
    def total(self) -> float:
        """Σ N_k, in persons; who is in two groups counts twice, as in the reports."""
        return float(self.sizes.sum())

    def without(self, name: str) -> KnownGroups:
        """The same groups but for one."""
        kept = [position for position, each in enumerate(self.names) if each != name]
        return KnownGroups(
            names=tuple(self.names[position] for position in kept), sizes=self.sizes[kept], population=self.population
        )

    def size_of(self, name: str) -> float:
        """The size of one group."""
        return float(self.sizes[self.names.index(name)])

    def to_dict(self) -> dict[str, float]:
        """Sizes by name, as a result notes them."""
        return {name: float(size) for name, size in zip(self.names, self.sizes, strict=True)}


def known_groups(known: Any, population: Any, *, least: int = 1) -> KnownGroups:
    """Read groups of known size.

    Parameters
    ----------
    known : mapping of str to number, or frame
        Sizes by column of the respondents; or a frame with the columns `group` and `size`.
    population : number
    least : int
        How many groups there must be.

    Raises
    ------
    EstimateFault
        FL-EST-591: sizes that cannot be; FL-EST-592: the population; FL-EST-602: the table itself.
    """
    size = _population(population)
    pairs = _pairs(known)
    wrong = {name: fault for name, value in pairs if (fault := _fault(value, size))}
    if wrong:
        told = [
            f"{fault}: {labels_shown(n for n in wrong if wrong[n] == fault)}" for fault in dict.fromkeys(wrong.values())
        ]
        raise EstimateFault(
            "FL-EST-591", "the size of a known group cannot be", found="; ".join(told),
            fix="give persons, above 0 and below the population of which the group is part",
        )  # fmt: skip
    if len(pairs) < least:
        raise EstimateFault(
            "FL-EST-602", "there are too few groups of known size", found=f"{len(pairs)}", fix=f"give {least} or more"
        )
    return KnownGroups(
        names=tuple(name for name, _ in pairs), sizes=np.array([float(value) for _, value in pairs]), population=size
    )


def hidden_names(hidden: Any, groups: KnownGroups) -> tuple[str, ...]:
    """The hidden groups: names of columns, none of them a known group.

    Raises
    ------
    EstimateFault
        FL-EST-11; FL-EST-590: a group that is known is asked for as hidden.
    """
    names = tuple(dict.fromkeys(names_given(hidden, "hidden")))
    both = [name for name in names if name in groups.names]
    if both:
        raise EstimateFault(
            "FL-EST-590", "a group of known size is asked for as hidden",
            found=labels_shown(both),
            fix="leave it out of known=; fl.hidden.back_estimates estimates each known group from the others",
        )  # fmt: skip
    return names


def _population(population: Any) -> float:
    if isinstance(population, bool) or not isinstance(population, Real) or not 0 < float(population) < np.inf:
        raise EstimateFault(
            "FL-EST-592", "the population that the groups are part of is not a number of persons",
            found=shown(population),
            fix="population=: all people whom the respondents were asked about, such as the residents of the country",
        )  # fmt: skip
    return float(population)


def _pairs(known: Any) -> list[tuple[str, Any]]:
    if isinstance(known, KnownGroups):
        return list(known.to_dict().items())
    if isinstance(known, Mapping):
        return [(str(name), value) for name, value in known.items()]
    try:
        frame = nw.from_native(known).lazy().collect()
    except TypeError as error:
        raise EstimateFault(
            "FL-EST-602", "this is no table of known groups", found=type(known).__name__,
            fix=f"a dictionary of sizes by group, or a frame with the columns {GROUP} and {SIZE}",
        ) from error  # fmt: skip
    absent = [name for name in (GROUP, SIZE) if name not in frame.columns]
    if absent:
        raise missing_columns("FL-EST-602", absent, frame.columns, EstimateFault)
    names = [None if name is None else str(name) for name in frame[GROUP].to_list()]
    again = sorted({str(name) for name in names if names.count(name) > 1})
    if again or None in names:
        raise EstimateFault(
            "FL-EST-602", "a table of known groups has each group once",
            found=labels_shown(again) if again else f"rows without a {GROUP}", fix="one row a group, with its name and size",
        )  # fmt: skip
    return [(str(name), value) for name, value in zip(names, frame[SIZE].to_list(), strict=True)]


def _fault(value: Any, population: float) -> str:
    """What is wrong with a size, never the size itself."""
    if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
        return "no number"
    if float(value) <= 0:
        return "not above 0"
    return "" if float(value) < population else "as large as the population, or larger"
