"""From drawn rows to drawn persons: one qualifying row is enough, and of labels the first among the rows counts. Arrays only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Positions
from fl_estimate.estimators.imputation.building import Recipients
from fl_estimate.estimators.imputation.pool import Classes, Pool
from fl_estimate.indicators.framework import Framework

RowClasses = Callable[[str], Classes]
"""The classes of all rows in every draw, by outcome."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DrawnPersons:
    """How drawn rows become drawn persons.

    Attributes
    ----------
    places : int array, shape (recipients,)
        Their places among people, in ascending order.
    of_row : int array, shape (rows of the pool,)
        Which recipient each row belongs to.
    fixed : mapping of str to int8 array, shape (recipients,)
        What their other rows make of them, by outcome.
    labels : mapping of str to tuple of str
        Of an outcome with labels, the columns of its labels in their order.
    first : mapping of str to int8 array, shape (recipients,)
        Of an outcome with labels, the place of the first label among the other rows; as many as there are labels where none.
    """

    positions: Positions
    of_row: Positions
    fixed: Mapping[str, Classes]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    first: Mapping[str, Classes] = field(default_factory=dict[str, Classes])

    def drawn(self, name: str, pool: Pool, chosen: npt.NDArray[np.int16], rows_of: RowClasses | None = None) -> Classes:
        """The class of every person in every draw; what stays open is no. `rows_of` gives those of rows, where not as chosen."""

        def chosen_rows(of: str) -> Classes:
            return np.take_along_axis(pool.classes[of], chosen, axis=1)

        rows_of = rows_of or chosen_rows
        outcome = name.partition("=")[0]
        if name != outcome and outcome in self.labels:
            return (self._first(outcome, rows_of) == self.labels[outcome].index(name)).astype(np.int8)
        rows = rows_of(name)
        result = np.repeat(self.fixed[name][:, None], chosen.shape[1], axis=1)
        np.maximum.at(result, self.of_row, np.maximum(rows, 0))
        return result

    def _first(self, outcome: str, rows_of: RowClasses) -> Classes:
        """The place of each person's label in each draw."""
        rows = first_label([rows_of(name) for name in self.labels[outcome]])
        result = np.repeat(self.first[outcome][:, None], rows.shape[1], axis=1)
        np.minimum.at(result, self.of_row, rows)
        return result


def first_label(classes: Sequence[Classes]) -> Classes:
    """The place of the label that is given; as many as there are labels where none is."""
    result = np.full(classes[0].shape, len(classes), dtype=np.int8)
    for position in range(len(classes) - 1, -1, -1):
        result[classes[position] == 1] = position
    return result


def persons_of(
    recipients: Recipients, pool: Pool, positions: Positions, frameworks: Sequence[Framework], stems: Sequence[str]
) -> DrawnPersons:
    """Lay out the persons of a pool.

    Parameters
    ----------
    recipients : Recipients
    pool : Pool
    places : int array
        Persons whose class is open in some outcome, in ascending order.
    frameworks : sequence of Framework
    stems : sequence of str
        Outcomes.
    """
    working, source = recipients.source.working, recipients.source
    labels = {
        outcome.id: tuple(f"{outcome.id}={value.id}" for value in outcome.classes)
        for framework in frameworks
        for outcome in framework.outcomes
        if outcome.type == "classes"
    }
    others = np.flatnonzero(~np.isin(source.rows, pool.rows))
    of_other = np.searchsorted(positions, working.person[source.rows[others]])
    first: dict[str, Classes] = {}
    for outcome, names in labels.items():
        rank = first_label([recipients.own[name][others] for name in names])
        first[outcome] = np.full(len(positions), len(names), dtype=np.int8)
        np.minimum.at(first[outcome], of_other, rank)
    return DrawnPersons(
        positions=positions,
        of_row=np.searchsorted(positions, working.person[pool.rows]),
        fixed={name: working.people[name].to_numpy()[positions].astype(np.int8) for name in stems},
        labels=labels,
        first=first,
    )


def undetermined(people: pd.DataFrame, stems: Sequence[str]) -> Positions:
    """The places of people whose class is open in some outcome."""
    open_ = np.zeros(len(people), dtype=bool)
    for name in stems:
        open_ |= people[name].to_numpy() != people[f"{name}_possible"].to_numpy()
    return np.flatnonzero(open_)
