"""Checks of recruitment chains: what would make them no forest, and what makes degrees and coupons doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from fl_estimate.arrays import Bools, Positions
from fl_estimate.inputs.recruitment_columns import ORPHAN, ChainColumns
from fl_estimate.schema.validate import KEPT, Fault, Severity

Add = Callable[..., None]


def chain_faults(columns: ChainColumns) -> tuple[Fault, ...]:
    """Every fault of the chains.

    Returns
    -------
    tuple of Fault
        Errors: ids that are missing or stand twice, coupons that two people brought or were given, a recruiter who is not there
        or is the respondent, circles, more recruits than coupons, degrees below 0 or infinite, an interview before the
        recruiter's. Warnings: a degree that is missing or 0, or below the people whom the chain itself shows (recruits and recruiter).
    """
    faults: list[Fault] = [*columns.faults]

    def add(variable: str, rule: str, value_class: str, broken: Any, severity: Severity = "error") -> None:
        rows: list[int] = np.flatnonzero(broken).tolist()
        if rows:
            told = tuple(rows[:KEPT])
            faults.append(
                Fault(
                    table="people", variable=variable, rule=rule, value_class=value_class, count=len(rows), rows=told,
                    records=tuple(columns.persons[row] for row in told), severity=severity,
                )
            )  # fmt: skip

    _of_ids(columns, add)
    _of_chains(columns, add)
    _of_degrees(columns, add)
    return tuple(faults)


def _of_ids(columns: ChainColumns, add: Add) -> None:
    persons = columns.persons
    add(columns.person, "key", "missing", np.array([not person for person in persons], dtype=bool))
    add(columns.person, "key", "the same id twice", _twice(persons))
    if columns.coupon:
        add(columns.coupon, "coupon", "brought by two respondents", _twice(columns.brought))
        add(columns.given_name, "coupon", "given to two respondents", columns.given_twice)


def _twice(keys: tuple[str, ...]) -> Bools:
    times = Counter(keys)
    return np.array([bool(key) and times[key] > 1 for key in keys], dtype=bool)


def _of_chains(columns: ChainColumns, add: Add) -> None:
    recruiters, told = columns.recruiters, columns.coupon or columns.recruiter
    absent = "a coupon that nobody was given" if columns.coupon else "a recruiter who is not among the respondents"
    add(told, "recruiter", absent, recruiters == ORPHAN)
    own = recruiters == np.arange(len(recruiters))
    add(told, "recruiter", "the respondent", own)
    add(told, "recruiter", "in a circle of recruiters", in_circle(recruiters) & ~own)
    counts = np.bincount(recruiters[recruiters >= 0], minlength=len(recruiters))
    more = counts > np.where(np.isnan(columns.coupons_issued), np.inf, columns.coupons_issued)
    add(columns.issued_name, "coupons", "fewer than the respondents recruited", more)
    came = recruiters >= 0
    before = came & (columns.times < columns.times[np.maximum(recruiters, 0)])
    add(columns.time, "interview", "before that of the recruiter", before)


def _of_degrees(columns: ChainColumns, add: Add) -> None:
    degrees, recruiters = columns.degrees, columns.recruiters
    add(columns.degree, "network size", "below 0", degrees < 0)
    add(columns.degree, "network size", "infinite", np.isinf(degrees))
    add(columns.degree, "network size", "missing", np.isnan(degrees), "warning")
    add(columns.degree, "network size", "zero", degrees == 0, "warning")
    shown = np.bincount(recruiters[recruiters >= 0], minlength=len(recruiters)) + (recruiters >= 0)
    less = (degrees > 0) & (degrees < shown)
    add(columns.degree, "network size", "fewer than the recruits and the recruiter", less, "warning")


def waves_of(recruiters: Positions) -> tuple[Positions, Positions]:
    """Wave and seed of each respondent of chains without a circle.

    Returns
    -------
    waves, seeds : int array, shape (n,)
        −1 where no seed is reached.
    """
    waves = np.where(recruiters < 0, 0, -1)
    seeds = np.where(recruiters < 0, np.arange(len(recruiters)), -1)
    open_ = np.flatnonzero(recruiters >= 0)
    while len(open_):
        above = recruiters[open_]
        reached = waves[above] >= 0
        if not reached.any():
            break
        waves[open_[reached]] = waves[above[reached]] + 1
        seeds[open_[reached]] = seeds[above[reached]]
        open_ = open_[~reached]
    return waves.astype(np.intp), seeds.astype(np.intp)


def in_circle(recruiters: Positions) -> Bools:
    """Whether the chain of each respondent leads into a circle instead of to a seed."""
    return waves_of(recruiters)[0] < 0
