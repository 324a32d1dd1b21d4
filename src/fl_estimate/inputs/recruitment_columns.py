"""Columns that tell who recruited whom: by the recruiter's id, or by the numbers of coupons, which become rows of recruiters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault, missing_columns, names_given, require_name, shown
from fl_estimate.schema.validate import Fault
from fl_estimate.schema.variables import COUPONS

SEED, ORPHAN = -1, -2
"""In the place of the recruiter's row: there is none; there is one, and it is not among the respondents."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainColumns:
    """The columns of chains as arrays, with what they are called; nothing is checked yet.

    `faults` are those of columns that could not be read as what they should be.
    """

    person: str
    recruiter: str
    coupon: str
    degree: str
    time: str
    given_name: str
    issued_name: str
    persons: tuple[str, ...]
    recruiters: Positions
    brought: tuple[str, ...]
    given_twice: Bools
    degrees: Floats
    coupons_issued: Floats
    times: Floats
    faults: tuple[Fault, ...] = field(default=())


def read_columns(
    frame: Any, *, person: str, recruiter: str | None, coupon: str | None, coupons_given: Sequence[str] | None, degree: str,
    coupons_issued: str | None, time: str | None, seed_marker: str | float | None,
) -> ChainColumns:  # fmt: skip
    """Read the columns of chains; `Recruitment.read` has what each is.

    Raises
    ------
    EstimateFault
        FL-EST-11, FL-EST-521, FL-EST-522, FL-EST-703.
    """
    try:
        lazy = nw.from_native(frame).lazy()
    except TypeError:
        raise EstimateFault(
            "FL-EST-703", "the respondents are not a data frame", found=type(frame).__name__, fix="one row a respondent"
        ) from None
    present = list(lazy.collect_schema())
    recruiter, coupon, given, issued = _names(present, recruiter, coupon, coupons_given, coupons_issued)
    named: dict[str, Any] = {"person": person, "degree": degree, "time": time}
    for argument, name in named.items():
        require_name(name, argument, optional=argument == "time")
    wanted = [name for name in (person, recruiter, coupon, *given, degree, issued, time) if name is not None]
    absent = [name for name in dict.fromkeys(wanted) if name not in present]
    if absent:
        raise missing_columns("FL-EST-521", absent, present, EstimateFault)
    table = lazy.select(*dict.fromkeys(wanted)).collect()
    if not len(table):
        raise EstimateFault(
            "FL-EST-522", "there are no respondents", found="a table without rows", fix="one row a respondent"
        )
    persons = keys_of(table[person])
    marker = _key(seed_marker) if seed_marker is not None else ""
    faults: list[Fault] = []
    brought: tuple[str, ...] = ()
    twice = np.zeros(len(persons), dtype=bool)
    if recruiter is not None:
        owners = {key: row for row, key in reversed(list(enumerate(persons))) if key}
        told = keys_of(table[recruiter])
    else:
        rows_given = [keys_of(table[name]) for name in given]
        owners, twice = _owners(rows_given)
        told = brought = keys_of(table[str(coupon)])
    rows = [SEED if not key or key == marker else owners.get(key, ORPHAN) for key in told]
    count = _numbers(table, issued, faults) if issued is not None else np.full(len(persons), np.nan)
    if given and issued is None:
        count = np.sum([[bool(key) for key in keys_of(table[name])] for name in given], axis=0).astype(float)
    return ChainColumns(
        person=person, recruiter=recruiter or "", coupon=coupon or "", degree=degree, time=time or "",
        given_name=given[0] if given else "", issued_name=issued or (given[0] if given else ""), persons=persons,
        recruiters=np.array(rows, dtype=np.intp), brought=tuple("" if key == marker else key for key in brought),
        given_twice=twice, degrees=_numbers(table, degree, faults), coupons_issued=count,
        times=_times(table, time, faults) if time is not None else np.full(len(persons), np.nan), faults=tuple(faults),
    )  # fmt: skip


def _names(
    present: Sequence[str], recruiter: str | None, coupon: str | None, given: Sequence[str] | None, issued: str | None
) -> tuple[str | None, str | None, tuple[str, ...], str | None]:
    """The columns that tell of recruitment: those named, or those of the common schema."""
    if recruiter is not None and coupon is not None:
        raise EstimateFault(
            "FL-EST-521", "recruiter= and coupon= both say who recruited whom", found=f"{shown(recruiter)}, {shown(coupon)}",
            fix="name one of them",
        )  # fmt: skip
    if recruiter is None and coupon is None:
        recruiter = "recruiter_id" if "recruiter_id" in present else None
        coupon = "coupon_received" if recruiter is None and "coupon_received" in present else None
    for argument, name in (("recruiter", recruiter), ("coupon", coupon), ("coupons_issued", issued)):
        require_name(name, argument, optional=True)
    usual = [f"coupon_given_{number}" for number in range(1, COUPONS + 1)]
    columns = names_given(given, "coupons_given") if given is not None else [name for name in usual if name in present]
    if (recruiter is None and coupon is None) or (recruiter is None and not columns):
        raise EstimateFault(
            "FL-EST-521", "no column says who recruited whom",
            found="neither recruiter= nor coupon= with coupons_given=",
            fix="name the column of the recruiter's id (recruiter=), or the columns of the coupon that each brought and of "
            "those that each was given (coupon=, coupons_given=)",
        )  # fmt: skip
    if issued is None and "coupons_issued" in present:
        issued = "coupons_issued"
    return recruiter, coupon, tuple(columns), issued


def _owners(columns: Sequence[tuple[str, ...]]) -> tuple[dict[str, int], Bools]:
    """Row of whom each coupon was given to, and who holds one that another was given as well."""
    pairs = [(key, row) for column in columns for row, key in enumerate(column) if key]
    times = Counter(key for key, _ in pairs)
    twice = np.zeros(len(columns[0]), dtype=bool)
    twice[[row for key, row in pairs if times[key] > 1]] = True
    return dict(reversed(pairs)), twice


def keys_of(column: nw.Series[Any]) -> tuple[str, ...]:
    """Ids as texts; "" where there is none. Whole numbers are the same id as integers, as floats and as text."""
    return tuple(_key(value) for value in column.to_list())


def no_value(value: Any) -> bool:
    """Whether a value of a column is None, NaN, or the missing value of pandas' nullable columns, which compares as neither."""
    return value is None or type(value).__name__ == "NAType" or value != value


def _key(value: Any) -> str:
    if no_value(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _numbers(table: Any, name: str, faults: list[Fault]) -> Floats:
    column = table[name]
    if column.dtype.is_numeric():
        return np.array([np.nan if no_value(value) else value for value in column.to_list()], dtype=float)
    if all(no_value(value) for value in column.to_list()):
        return np.full(len(column), np.nan)
    faults.append(Fault(table="people", variable=name, rule="type", value_class="not numbers", count=0))
    return np.full(len(column), np.nan)


def _times(table: Any, name: str, faults: list[Fault]) -> Floats:
    """Times as numbers that stand in their order: as they are, or of dates the days since 1970."""
    column = table[name]
    if column.dtype.is_numeric():
        return _numbers(table, name, faults)
    result = np.full(len(column), np.nan)
    wrong: list[int] = []
    for row, value in enumerate(column.to_list()):
        if no_value(value) or value == "":
            continue
        try:
            result[row] = np.datetime64(str(value).strip()[:26], "us").astype(np.int64) / 86_400e6
        except ValueError:
            wrong.append(row)
    if wrong:
        faults.append(
            Fault(
                table="people", variable=name, rule="date", value_class="no date", count=len(wrong), rows=tuple(wrong)
            )
        )
    return result
