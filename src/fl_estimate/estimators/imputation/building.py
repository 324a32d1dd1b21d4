"""From rows with unknown answers to a pool of donors: which answers matter, who may give them, what they would make of the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Places
from fl_estimate.estimators.imputation.bootstrap import units_of
from fl_estimate.estimators.imputation.donors import FEWEST, DonorSearch, covariate_codes
from fl_estimate.estimators.imputation.kinds import Likeness, kinds_of
from fl_estimate.estimators.imputation.pairs import Source
from fl_estimate.estimators.imputation.pool import Block, Pool
from fl_estimate.estimators.imputation.working import REASONS, Working, is_true
from fl_estimate.indicators.classify import Classification
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW, thresholds
from fl_estimate.indicators.items import AGE
from fl_estimate.indicators.open_answers import AnsweredColumns, answers_that_matter
from fl_estimate.indicators.rows import known_to
from fl_estimate.inputs.sample_design import Design

COVARIATES: tuple[str, ...] = ("region", "sex", "urban", "migrant_status", "migrant")
"""Columns of people that rows are compared by, where they are there."""
COVARIATE_WEIGHT, DOMAIN_WEIGHT = 0.1, 0.5
"""What a difference in a covariate, and in a column of `by`, counts in units of the logit."""

AGE_GROUPS = np.array([0.0, 15, 18, 25, 35, 45, 55])

Donors = Literal["predictive", "nearest"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipients:
    """The rows of recipients that are open, and the answers to be drawn.

    Attributes
    ----------
    source : Source
    at : int array, shape (open rows,)
        Which rows of the source.
    wanted : array of bool, shape (open rows, columns)
        Unknown answers that could change a class.
    """

    source: Source
    at: Places
    wanted: Bools

    @property
    def rows(self) -> Places:
        return self.source.rows[self.at]


def find_recipients(source: Source, found: Classification, stems: tuple[str, ...]) -> Recipients:
    """Find the rows that are open, and which of their unknown answers matter."""
    working, rows = source.working, source.rows
    own = np.repeat(rows[:, None], len(working.columns), axis=1)
    open_ = np.zeros(len(rows), dtype=bool)
    for classes in source.classes(np.arange(len(rows)), own, stems).values():
        open_ |= classes < 0
    at = np.flatnonzero(open_)
    return Recipients(source=source, at=at, wanted=_wanted(working, found, rows[at]))


def _wanted(working: Working, found: Classification, rows: Places) -> Bools:
    ages = _ages(working)[rows]
    span = _span(found)
    texts = {column.name: column.texts[rows] for column in working.answers if column.numbers is None}
    numbers = {column.name: column.numbers[rows] for column in working.answers if column.numbers is not None}
    answers = AnsweredColumns(
        texts=texts,
        numbers=numbers,
        unknown={column.name: column.why[rows] > 0 for column in working.answers},
        ages=(np.maximum(ages - span, 0), ages),
    )
    return answers_that_matter(answers, found.frameworks, known_to(found.frameworks))


def _span(found: Classification) -> int:
    """Years by which the age in the period may be below that at the interview."""
    if "time_from_dates" not in found.coverage.time and "age_in_period" not in found.coverage.time:
        return 0
    period = found.reference_period
    if period is None:
        return 120
    if period.months:
        return 1 + -(-period.months // 12)
    if period.start is None or period.end is None:
        return 120
    return 2 + period.end.year - period.start.year


def _ages(working: Working) -> Floats:
    """The age of each row's person, NaN where unknown."""
    for name in (AGE_AT_INTERVIEW, AGE):
        if name in working.people.columns:
            return pd.to_numeric(working.people[name], errors="coerce").to_numpy(dtype=float)[working.person]
    return np.full(len(working.person), np.nan)


def likeness_of(working: Working, found: Classification, domains: Sequence[str], stems: Sequence[str]) -> Likeness:
    """What rows are compared by."""
    people = working.people
    plain = [name for name in COVARIATES if name in people.columns and name not in domains]
    columns = [people[name].iloc[working.person] for name in [*domains, *plain]]
    columns += [working.rows[name] for name in working.rows.columns]
    ages = _ages(working)
    aged = pd.Series(np.searchsorted(AGE_GROUPS, np.nan_to_num(ages, nan=-1.0), side="right"))
    columns.append(aged)
    weights = [DOMAIN_WEIGHT] * len(domains) + [COVARIATE_WEIGHT] * (len(columns) - len(domains))
    cuts = np.array([years for years in thresholds(found.frameworks) if years], dtype=float)
    group = np.searchsorted(cuts, np.nan_to_num(ages, nan=-1.0), side="right")
    inside = np.zeros(len(people), dtype=bool)
    for stem in stems:
        inside |= people[f"{stem}_in_scope"].to_numpy() == 1
    questions = [name.partition("@")[0] for name in working.columns]
    numbered = {name: place for place, name in enumerate(dict.fromkeys(questions))}
    return Likeness(
        true=np.stack([is_true(column) for column in working.answers], axis=1),
        why=working.why,
        item=np.array([numbered[name] for name in questions], dtype=np.intp),
        group=np.where(inside[working.person], group, -1 - group),
        codes=covariate_codes(columns),
        weights=np.array(weights),
        ages=ages,
        order=working.order,
    )


def build_pool(
    recipients: Recipients,
    likeness: Likeness,
    design: Design,
    stems: tuple[str, ...],
    *,
    outcome: str,
    candidates: int,
    donors: Donors,
) -> Pool:
    """Find every row's candidates, and classify what each would make of it."""
    working = recipients.source.working
    has = recipients.wanted.any(axis=1)
    at, wanted = recipients.at[has], recipients.wanted[has]
    rows = recipients.source.rows[at]
    search = DonorSearch(likeness, kinds_of(likeness), by_score=donors == "predictive")
    blocks = tuple(_blocks(search, likeness.group[rows], rows, wanted, candidates))
    primary = np.full((len(rows), candidates), -1, dtype=np.intp)
    taken = np.repeat(rows[:, None], len(working.columns), axis=1)[:, None, :].repeat(candidates, axis=1)
    for block in reversed(blocks):
        primary[block.at] = block.donors
        for column in block.columns:
            taken[block.at, :, column] = np.where(block.donors >= 0, block.donors, rows[block.at][:, None])
    there = primary >= 0
    pair = np.nonzero(there)
    classes = recipients.source.classes(at[pair[0]], taken[pair], stems)
    laid = {name: np.full(there.shape, -1, dtype=np.int8) for name in classes}
    for name, found in classes.items():
        laid[name][pair] = found
    rank = np.empty(len(working.people), dtype=np.intp)
    rank[working.person[np.argsort(working.order)][::-1]] = np.arange(len(working.person))[::-1]
    units = units_of(working.people, design, rank)
    weights = (
        np.ones(len(working.people)) if design.weights is None else working.people[design.weights].to_numpy(dtype=float)
    )
    of_donor = working.person[np.where(there, primary, 0)]
    why = np.where(wanted, working.why[rows], 0)
    told = np.stack([(why == 1 + place).sum(axis=1) for place in range(len(REASONS))], axis=1)
    return Pool(
        rows=rows,
        blocks=blocks,
        unit=units.of_person[of_donor],
        weight=np.where(there, np.nan_to_num(weights[of_donor]), 0.0),
        classes=laid,
        case=np.where(there, laid[outcome], np.int8(0)),
        reasons=told / np.maximum(told.sum(axis=1, keepdims=True), 1),
        random=np.argsort(np.argsort(working.order[rows])),
        units=units,
    )


def _blocks(search: DonorSearch, group: npt.NDArray[np.int64], rows: Places, wanted: Bools, k: int) -> list[Block]:
    """The donors of every pattern; patterns that few rows answered are split."""
    found: list[Block] = []
    patterns, inverse = np.unique(np.column_stack([group, wanted]), axis=0, return_inverse=True)
    for place, pattern in enumerate(patterns):
        at = np.flatnonzero(inverse.ravel() == place)
        own = int(pattern[0])
        for part in _split(search, own, pattern[1:].astype(bool)):
            near = search.nearest(rows[at], own, part, k=k)
            if near.found:
                found.append(Block(at=at, columns=np.flatnonzero(part), donors=near.donors))
    return found


def _split(search: DonorSearch, group: int, pattern: Bools) -> list[Bools]:
    """The pattern, or parts of it that enough rows answered, the smallest part first."""
    parts: list[Bools] = []
    left = pattern.copy()
    while left.any():
        part = left.copy()
        while part.sum() > 1 and search.count(group, part) < FEWEST:
            columns = np.flatnonzero(part)
            without = [search.count(group, _less(part, column)) for column in columns]
            part[columns[int(np.argmax(without))]] = False
        parts.append(part)
        left &= ~part
    return sorted(parts, key=lambda part: int(part.sum()))


def _less(pattern: Bools, column: int) -> Bools:
    found = pattern.copy()
    found[column] = False
    return found
