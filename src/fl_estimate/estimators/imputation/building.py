"""From rows with unknown answers to a pool of donors: which answers matter, who may give them, what they would make of the row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.estimators.imputation.bootstrap import units_of
from fl_estimate.estimators.imputation.chained import CHAINS, Chains
from fl_estimate.estimators.imputation.donors import FEWEST, DonorSearch, covariate_codes
from fl_estimate.estimators.imputation.kinds import Kinds, Likeness, kinds_of
from fl_estimate.estimators.imputation.pairs import RecipientRows
from fl_estimate.estimators.imputation.pool import Classes, DonorBlock, Pool
from fl_estimate.estimators.imputation.scores import DOMAIN_RIDGE, RIDGE
from fl_estimate.estimators.imputation.working import REASONS, Working, in_scope, is_true, person_weights
from fl_estimate.indicators.blanked_answers import BlankedClasses
from fl_estimate.indicators.classify import Classification
from fl_estimate.indicators.clock import thresholds
from fl_estimate.indicators.open_answers import AnsweredColumns, answers_that_matter
from fl_estimate.indicators.rows import known_to
from fl_estimate.inputs.sample_design import Design

COVARIATES: tuple[str, ...] = ("region", "sex", "urban", "migrant_status", "migrant")
"""Columns of people that rows are compared by, where they are there."""
COVARIATE_WEIGHT, DOMAIN_WEIGHT = 0.1, 0.5
"""What a difference in a covariate, and in a column of `by` or `predictors`, counts in units of the logit."""

MANY_VALUES = 12
"""Values beyond which a number is no code, in a column of `predictors`."""

AGE_GROUPS = np.array([0.0, 15, 18, 25, 35, 45, 55])

CANDIDATES = 30
"""Donors that are kept for each recipient: enough that a bootstrap of units leaves five of them in all but rare draws."""

Donors = Literal["predictive", "nearest"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recipients:
    """The rows of recipients that are open, and the answers to be drawn.

    Attributes
    ----------
    source : Source
    at : int array, shape (open rows,)
        Which rows of the source.
    wanted : array of bool, shape (open rows, columns)
        Unknown answers that could change a class.
    own : mapping of str to int8 array, shape (rows of the source,)
        The class of each row as it was given, by outcome; -1 where it is open.
    """

    source: RecipientRows
    at: Positions
    wanted: Bools
    own: Mapping[str, Classes]

    @property
    def rows(self) -> Positions:
        return self.source.rows[self.at]


def find_recipients(source: RecipientRows, classified: Classification, stems: tuple[str, ...]) -> Recipients:
    """Find the rows that are open, and which of their unknown answers matter."""
    working, rows = source.working, source.rows
    own = np.repeat(rows[:, None], len(working.columns), axis=1)
    given = source.classes(np.arange(len(rows)), own, stems)
    open_ = np.zeros(len(rows), dtype=bool)
    for classes in given.values():
        open_ |= classes < 0
    at = np.flatnonzero(open_)
    return Recipients(source=source, at=at, wanted=_wanted(working, classified, rows[at]), own=given)


def _wanted(working: Working, classified: Classification, rows: Positions) -> Bools:
    ages = working.ages[rows]
    span = _span(classified)
    texts = {column.name: column.texts_at(rows) for column in working.answers if column.numbers is None}
    numbers = {column.name: column.numbers[rows] for column in working.answers if column.numbers is not None}
    answers = AnsweredColumns(
        texts=texts,
        numbers=numbers,
        unknown={column.name: column.why[rows] > 0 for column in working.answers},
        ages=(np.maximum(ages - span, 0), ages),
    )
    return answers_that_matter(answers, classified.frameworks, known_to(classified.frameworks))


def _span(classified: Classification) -> int:
    """Years by which the age in the period may be below that at the interview."""
    if "time_from_dates" not in classified.coverage.time and "age_in_period" not in classified.coverage.time:
        return 0
    period = classified.reference_period
    if period is None:
        return 120
    if period.months:
        return 1 + -(-period.months // 12)
    if period.start is None or period.end is None:
        return 120
    return 2 + period.end.year - period.start.year


def likeness_of(
    working: Working,
    classified: Classification,
    domains: Sequence[str],
    predictors: Sequence[str],
    stems: Sequence[str],
) -> Likeness:
    """What rows are compared by; `domains` and `predictors` were named: columns of people, predictors of the rows as well."""
    people = working.people
    columns, named = _compared(working, domains, predictors)
    ages = working.ages
    others = len(columns) - named
    cuts = _cuts(classified)
    group, youngest = (
        np.searchsorted(cuts, np.nan_to_num(years, nan=-1.0), side="right")
        for years in (ages, ages - _span(classified))
    )
    inside = in_scope(people, stems)
    questions = [name.partition("@")[0] for name in working.columns]
    items = known_to(classified.frameworks).items
    fields = [column.codes.astype(np.int32) for column in working.answers if column.name.partition("@")[0] not in items]
    numbered = {name: position for position, name in enumerate(dict.fromkeys(questions))}
    return Likeness(
        true=np.stack([is_true(column) for column in working.answers], axis=1),
        why=working.why,
        item=np.array([numbered[name] for name in questions], dtype=np.intp),
        dimension=np.array([_dimension(name) for name in numbered], dtype=np.intp),
        group=np.where(inside[working.person], group, -1 - group),
        youngest=youngest,
        gives=person_weights(people, classified.design)[working.person] > 0,
        codes=covariate_codes(columns),
        weights=np.array([DOMAIN_WEIGHT] * named + [COVARIATE_WEIGHT] * others),
        ridge=np.array([DOMAIN_RIDGE] * named + [RIDGE] * others),
        ages=ages,
        fields=np.stack(fields, axis=1) if fields else np.zeros((len(ages), 0), dtype=np.int32),
        order=working.order,
    )


def _compared(working: Working, domains: Sequence[str], predictors: Sequence[str]) -> tuple[list[pd.Series], int]:
    """The columns that rows are compared by, those that were named first, and how many these are."""
    people, own = working.people, working.rows
    named = [name for name in dict.fromkeys([*domains, *predictors]) if name in domains or name not in own]
    plain = [name for name in COVARIATES if name in people.columns and name not in named]
    theirs = [name for name in own.columns if name in predictors]
    columns = [(people[name] if name in domains else by_fifths(people[name])).iloc[working.person] for name in named]
    columns += [by_fifths(own[name]) for name in theirs]
    first = len(columns)
    columns += [people[name].iloc[working.person] for name in plain]
    columns += [own[name] for name in own.columns if name not in theirs]
    aged = np.searchsorted(AGE_GROUPS, np.nan_to_num(working.ages, nan=-1.0), side="right")
    return [*columns, pd.Series(aged)], first


def by_fifths(column: pd.Series) -> pd.Series:
    """Numbers of many values as the fifth that each is in; anything else as it is."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.nunique() <= MANY_VALUES:
        return column
    return pd.qcut(column, 5, labels=False, duplicates="drop")


def _states_of(
    working: Working, kinds: Kinds, classified: Classification
) -> Callable[[int, Bools], npt.NDArray[np.int8]]:
    """What the outcomes of every kind would be if a pattern had not been answered, at the ages of a group."""
    at = kinds.first
    ages = np.zeros(len(at))
    answers = AnsweredColumns(
        texts={column.name: column.texts_at(at) for column in working.answers if column.numbers is None},
        numbers={column.name: column.numbers[at] for column in working.answers if column.numbers is not None},
        unknown={column.name: column.why[at] > 0 for column in working.answers},
        ages=(ages, ages),
    )
    classes = BlankedClasses(answers, classified.frameworks, known_to(classified.frameworks))
    cuts = _cuts(classified)
    names = np.array(working.columns)

    def states(group: int, pattern: Bools) -> npt.NDArray[np.int8]:
        return classes.states(names[pattern].tolist(), float(cuts[group - 1]) if group > 0 else 0.0)

    return states


def _cuts(classified: Classification) -> Floats:
    """Ages at which other questions are asked."""
    return np.array([years for years in thresholds(classified.frameworks) if years], dtype=float)


def _dimension(question: str) -> int:
    """What a column is about, by how it begins."""
    return next(
        (1 + position for position, begins in enumerate(("c_", "state_", "child_")) if question.startswith(begins)), 0
    )


def build_pool(
    recipients: Recipients,
    classified: Classification,
    likeness: Likeness,
    design: Design,
    stems: tuple[str, ...],
    *,
    donors: Donors,
    chained: tuple[int, int] | None = None,
) -> Pool:
    """Find every row's candidates, and classify what each would make of it. Cases are those of the first of `stems`.

    `chained` is the number of draws and the seed of chained equations; without it candidates are donors.
    """
    working = recipients.source.working
    has = recipients.wanted.any(axis=1)
    at, wanted = recipients.at[has], recipients.wanted[has]
    rows = recipients.source.rows[at]
    units = units_of(working.people, design, _person_rank(working))
    weights = person_weights(working.people, design)
    if chained is None:
        candidates = CANDIDATES
        kinds = kinds_of(likeness)
        states = _states_of(working, kinds, classified)
        search = DonorSearch(likeness, kinds, by_score=donors == "predictive", states=states)
        groups = np.column_stack([likeness.group[rows], np.minimum(likeness.youngest[rows], likeness.group[rows])])
        blocks = tuple(_blocks(search, groups, rows, wanted, candidates))
    else:
        draws, seed = chained
        candidates = draws * CHAINS
        by_row = units.of_person[working.person]
        chains = Chains(likeness, rows, wanted, by_row, units, weights[working.person])
        blocks = chains.blocks(draws, seed)
    first = np.full((len(rows), candidates), -1, dtype=np.intp)
    gap = np.zeros(first.shape)
    for block in reversed(blocks):
        first[block.at] = block.donors
        gap[block.at] = 0.0 if block.gap is None else block.gap
    there = first >= 0
    classes = _classes(recipients.source, at, blocks, there, stems)
    of_donor = working.person[np.where(there, first, 0)]
    return Pool(
        rows=rows,
        blocks=blocks,
        unit=units.of_person[of_donor],
        weight=np.where(there, weights[of_donor] if chained is None else 1.0, 0.0),
        classes=classes,
        case=np.where(there, classes[stems[0]], np.int8(0)),
        reasons=_reasons(working.why[rows], wanted),
        random=np.argsort(np.argsort(working.order[rows])),
        units=units,
        gap=gap,
        of_draw=None if chained is None else np.repeat(np.arange(chained[0]), CHAINS),
    )


def _classes(
    source: RecipientRows, at: Positions, blocks: Sequence[DonorBlock], there: Bools, stems: tuple[str, ...]
) -> dict[str, Classes]:
    """What every candidate would make of its row."""
    row, candidate = np.nonzero(there)
    position = np.full(there.shape, -1, dtype=np.intp)
    position[row, candidate] = np.arange(len(row))
    taken = np.repeat(source.rows[at][row][:, None], len(source.working.columns), axis=1)
    for block in blocks:
        for column in block.columns:
            pairs, donors = position[block.at], block.donors
            kept = (pairs >= 0) & (donors >= 0)
            taken[pairs[kept], column] = donors[kept]
    result: dict[str, Classes] = {}
    for name, classes in source.classes(at[row], taken, stems).items():
        result[name] = np.full(there.shape, -1, dtype=np.int8)
        result[name][row, candidate] = classes
    return result


def _reasons(why: npt.NDArray[np.int8], wanted: Bools) -> Floats:
    """The share of each reason among the answers to be drawn."""
    told = np.stack([((why == 1 + position) & wanted).sum(axis=1) for position in range(len(REASONS))], axis=1)
    return told / np.maximum(told.sum(axis=1, keepdims=True), 1)


def _person_rank(working: Working) -> Positions:
    """A rank of people that does not depend on their order: by the first of their rows."""
    rank = np.full(len(working.people), len(working.person), dtype=np.intp)
    np.minimum.at(rank, working.person, working.order)
    return rank


def _blocks(
    search: DonorSearch, groups: npt.NDArray[np.int64], rows: Positions, wanted: Bools, k: int
) -> list[DonorBlock]:
    """The donors of every pattern of unknown answers; `groups` are each row's own and the youngest that it may belong to."""
    found: list[DonorBlock] = []
    patterns, inverse = np.unique(np.column_stack([groups, wanted]), axis=0, return_inverse=True)
    for position, pattern in enumerate(patterns):
        at = np.flatnonzero(inverse.ravel() == position)
        before: list[DonorBlock] = []
        for group, part in _parts(search, range(int(pattern[0]), int(pattern[1]) - 1, -1), pattern[2:].astype(bool)):
            block = _block(search, rows, at, group, part, before, k)
            if block.n_complete:
                before.append(block)
        found += before
    return found


def _block(
    search: DonorSearch, rows: Positions, at: Positions, group: int, part: Bools, before: list[DonorBlock], k: int
) -> DonorBlock:
    """One part of a pattern. After others every candidate has one donor, near to what those before made of the row."""
    columns = np.flatnonzero(part)
    if not before:
        near = search.nearest(rows[at], group, part, k=k)
        donors, gap = near.donors, near.chance - near.own[:, None]
    else:
        every = np.repeat(rows[at], k)
        drawn = np.concatenate([block.columns for block in before])
        given = search.known_answers(every, drawn, before[0].donors.ravel())
        near = search.nearest(every, group, part, k=FEWEST, given=given)
        turn = np.arange(len(every)) % max(min(FEWEST, near.n_complete), 1)
        donors, gap = near.donors[np.arange(len(every)), turn].reshape(len(at), k), None
    return DonorBlock(
        at=at, columns=columns, donors=donors, gap=gap, n_complete=near.n_complete, discrimination=near.discrimination
    )


def _parts(search: DonorSearch, groups: range, pattern: Bools) -> Iterator[tuple[int, Bools]]:
    """The parts of a pattern, each with the group that answered it: the row's own where somebody there did."""
    left = pattern.copy()
    for group in groups:
        here = left & search.answers(group)
        for part in _split(search, group, here):
            yield group, part
        left &= ~here


def _split(search: DonorSearch, group: int, pattern: Bools) -> list[Bools]:
    """The pattern, or parts of it that enough rows answered, the smallest part first."""
    parts: list[Bools] = []
    left = pattern.copy()
    while left.any():
        part = left.copy()
        while part.sum() > 1 and search.count(group, part) < FEWEST:
            columns = np.flatnonzero(part)
            without = [search.count(group, _less(part, column)) for column in columns.tolist()]
            part[columns[int(np.argmax(without))]] = False
        parts.append(part)
        left &= ~part
    return sorted(parts, key=lambda part: int(part.sum()))


def _less(pattern: Bools, column: int) -> Bools:
    result = pattern.copy()
    result[column] = False
    return result
