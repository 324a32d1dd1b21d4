"""Counts of a register: how often each person is in it, with covariates, read off a frame; people alike together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.capture_recapture.people_cells import read_columns

_COUNT, _PEOPLE = "\x1fcount", "\x1fpeople"
"""Names that no column has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Register:
    """People of one register; those with the same count and covariates are one row.

    Attributes
    ----------
    counts, people : array, shape (rows,)
    frame : pandas.DataFrame
        The covariates of each row.
    sha256 : str
    """

    counts: Floats
    people: Floats
    frame: pd.DataFrame
    sha256: str

    @property
    def n(self) -> float:
        """People in the register."""
        return float(self.people.sum())

    def times(self, count: int) -> float:
        """People who are in it so many times."""
        return float(self.people[self.counts == count].sum())


def read_register(records: Any, count: str, frequency: str | None, columns: Sequence[str]) -> Register:
    """Read counts and covariates; with `frequency` a row stands for so many people.

    Raises
    ------
    ListsFault
        FL-LISTS-01, FL-LISTS-03.
    EstimateFault
        FL-EST-171: a covariate is missing; FL-EST-175: counts or frequencies that are none.
    """
    names = [count, *([frequency] if frequency else [])]
    if inside := [name for name in columns if name in names]:
        raise EstimateFault(
            "FL-EST-175", "the count is taken for a covariate", found=listed(inside),
            fix="leave it out of the formula and of by=",
        )  # fmt: skip
    frame, numbers = read_columns(records, [*names, *columns])
    counts = _whole(frame, count, numbers, least=1)
    people = _whole(frame, frequency, numbers, least=0) if frequency else np.ones(len(frame))
    covariates = frame[list(dict.fromkeys(columns))]
    if gaps := [
        f"{name}: {int(covariates[name].isna().sum())} rows" for name in covariates if covariates[name].isna().any()
    ]:
        raise EstimateFault(
            "FL-EST-171", "a covariate has no value for some people", found=listed(gaps),
            fix='give "unknown" as a value of its own, leave the covariate out, or impute it beforehand',
        )  # fmt: skip
    if not people.sum() > 0:
        raise EstimateFault("FL-EST-175", "nobody is in the register", found=f"{len(frame)} rows", fix="check the file")
    table = covariates.assign(**{_COUNT: counts, _PEOPLE: people})[people > 0]
    keys = [_COUNT, *(str(name) for name in covariates)]
    table = table.groupby(keys, observed=True, sort=True, as_index=False).sum()
    hashed = pd.util.hash_pandas_object(table.astype(str), index=False).to_numpy().tobytes()
    return Register(
        counts=table[_COUNT].to_numpy(dtype=float), people=table[_PEOPLE].to_numpy(dtype=float),
        frame=table.drop(columns=[_COUNT, _PEOPLE]), sha256=hashlib.sha256(repr(keys).encode() + hashed).hexdigest(),
    )  # fmt: skip


def _whole(frame: pd.DataFrame, name: str, numbers: frozenset[str], least: int) -> Floats:
    if name not in numbers:
        raise EstimateFault(
            "FL-EST-175", "a column of counts does not hold numbers", found=repr(name), fix="whole numbers of people"
        )
    values = frame[name].to_numpy(dtype=float)
    wrong = ~np.isfinite(values) | (values != np.round(values)) | (values < least)
    if wrong.any():
        what = "how often a person is in the register" if least else "how many people a row stands for"
        raise EstimateFault(
            "FL-EST-175", f"{what} is a whole number of {least} or more",
            found=f"column {name!r}: {int(wrong.sum())} rows with another value or none",
            fix="people who are not in the register are what is to be estimated: leave rows with 0 out",
        )  # fmt: skip
    return values
