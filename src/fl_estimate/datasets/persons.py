"""Persons of the synthetic country and their work, as arrays: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Bools

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SyntheticPersons:
    """Persons. `job` is the row of a person's last work of some years among the jobs, -1 without."""

    household: Ints
    age: Ints
    sex: Ints
    education: Ints
    migrant: Ints
    job: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Jobs:
    """The work of every adult who worked, one row each, with true answers in the order of `questionnaire.COLUMNS`.

    `route` is 0 not in forced labour, 1 in forced labour by the items, 2 by the block on the State; when that was is in
    `Population.dates`. `started` is the age when the work began.
    """

    person: Ints
    branch: Ints
    status: Ints
    started: Ints
    hours: Ints
    debt: Bools
    lodging: Bools
    route: Ints
    answers: NDArray[np.int8]
    state: NDArray[np.int8]
