"""People recruited by respondents as estimators take them: chains, degrees by the rule for missing ones, groups of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.design.totals import as_frame
from fl_estimate.errors import EstimateFault, columns_shown, listed, missing_columns, not_one_of, require_name, shown
from fl_estimate.estimators.hidden.recruitment.recruitment_codes import (
    DEGREE_LARGEST,
    DEGREE_LEFT_OUT,
    DEGREE_MEDIAN,
    SEEDS_LEFT_OUT,
)
from fl_estimate.inputs.recruitment import Recruitment
from fl_estimate.inputs.recruitment_columns import keys_of, no_value
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.results.codes import Assumption

MissingDegree = Literal["error", "exclude", "median", "max"]
MISSING_DEGREE: tuple[str, ...] = get_args(MissingDegree)
OpenAnswers = Literal["exclude", "no", "own"]


@dataclass(frozen=True, kw_only=True)
class ChainNames:
    """The columns that tell of recruitment, as the caller named them; `Recruitment.read` says what each is."""

    person: str
    recruiter: str | None
    coupon: str | None
    coupons_given: Sequence[str] | None
    degree: str
    seed_marker: str | float | None
    time: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RecruitedPeople:
    """People with the chains by which they came into the sample.

    Attributes
    ----------
    people : object
        As the caller gave them.
    frame : narwhals.DataFrame
        Their rows, in memory.
    recruitment : Recruitment
    person : str
        Column of their ids.
    degrees : float array, shape (n,)
        NaN of who is left out.
    counted : bool array, shape (n,)
        Whether the respondent counts in figures; who does not is in the chains all the same.
    assumptions : tuple of Assumption
        What was done about missing degrees, and seeds.
    """

    people: Any
    frame: nw.DataFrame[Any]
    recruitment: Recruitment
    person: str
    degrees: Floats
    counted: Bools
    assumptions: tuple[Assumption, ...]


def read_recruited(
    people: Any, names: ChainNames, *, missing_degree: MissingDegree, include_seeds: bool
) -> RecruitedPeople:
    """Read people with their chains.

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-522 (the chains); FL-EST-523: degrees are missing, and nothing was chosen; FL-EST-524: an unknown
        rule; FL-EST-525: fewer than two are left to count.
    """
    if not isinstance(missing_degree, str) or missing_degree not in MISSING_DEGREE:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise not_one_of("FL-EST-524", "this rule for missing degrees", missing_degree, MISSING_DEGREE)
    native = people.people if isinstance(people, Respondents) else people
    lazy = as_frame(native)
    frame: nw.DataFrame[Any] = lazy.collect() if isinstance(lazy, nw.LazyFrame) else lazy
    chains = Recruitment.read(
        frame, person=names.person, recruiter=names.recruiter, coupon=names.coupon, coupons_given=names.coupons_given,
        degree=names.degree, time=names.time, seed_marker=names.seed_marker,
    )  # fmt: skip
    degrees, assumptions = _degrees(chains, names.degree, missing_degree)
    counted = np.isfinite(degrees)
    if not include_seeds:
        counted &= ~chains.is_seed
        assumptions.append(SEEDS_LEFT_OUT.assume(seeds=chains.n_seeds))
    if counted.sum() < 2:
        raise EstimateFault(
            "FL-EST-525", "fewer than two respondents are left to count", found=f"{chains.n:,} respondents, {chains.n_seeds:,} seeds",
            fix="include_seeds=True, or another rule for missing_degree=",
        )  # fmt: skip
    return RecruitedPeople(
        people=people, frame=frame, recruitment=chains, person=names.person,
        degrees=np.where(counted, degrees, np.nan), counted=counted, assumptions=tuple(assumptions),
    )  # fmt: skip


def _degrees(chains: Recruitment, column: str, rule: MissingDegree) -> tuple[Floats, list[Assumption]]:
    gone = np.isnan(chains.degrees)
    missing = int(gone.sum())
    if not missing:
        return chains.degrees, []
    if rule == "error":
        raise EstimateFault(
            "FL-EST-523", "the network size of respondents is missing or 0, and it is their weight",
            found=f"column {column!r}: {missing:,} rows ({listed((np.flatnonzero(gone) + 1).tolist())})",
            fix='missing_degree="exclude" leaves them out; "median" and "max" put the median or the largest of the others in',
        )  # fmt: skip
    if rule == "exclude" or gone.all():
        return chains.degrees, [DEGREE_LEFT_OUT.assume(rows=missing)]
    known = chains.degrees[~gone]
    filled = float(np.median(known) if rule == "median" else known.max())
    code = DEGREE_MEDIAN if rule == "median" else DEGREE_LARGEST
    return np.where(gone, filled, chains.degrees), [code.assume(rows=missing)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Groups between which recruitment is counted.

    Attributes
    ----------
    codes : int array, shape (n,)
        −1 of who is in none.
    size : int
    """

    codes: Positions
    size: int


def groups_of(recruited: RecruitedPeople, column: str, *, unknown: OpenAnswers, outcome: bool) -> Groups:
    """The groups that a column makes: classes of an outcome, or of any column with few values.

    Groups are numbered by how many there are and how they recruit, never by what they are called: results do not depend on labels.

    Parameters
    ----------
    recruited : RecruitedPeople
    column : str
    unknown : {"exclude", "no", "own"}
        Who is unknown is in no group; of a 0/1 outcome with those who are no case; or a group of their own.
    outcome : bool
        Whether the column is the outcome, which has to be of classes then.

    Raises
    ------
    EstimateFault
        FL-EST-521: no such column; FL-EST-528: an outcome that is a quantity.
    """
    require_name(column, "groups")
    frame, present = recruited.frame, recruited.frame.columns
    if column not in present:
        raise missing_columns("FL-EST-521", [column], present, EstimateFault)
    if outcome and {f"{column}_possible", f"{column}_in_scope"} <= set(present):
        codes = _classified(frame, column, unknown)
    else:
        codes = _values(frame[column], column, unknown, outcome=outcome)
    return _numbered(np.where(recruited.counted, codes, -1), recruited)


def _classified(frame: nw.DataFrame[Any], column: str, unknown: OpenAnswers) -> Positions:
    surely, possible, scope = (
        np.array([not no_value(value) and value == 1 for value in frame[name].to_list()], dtype=bool)
        for name in (column, f"{column}_possible", f"{column}_in_scope")
    )
    open_ = {"exclude": -1, "own": 2, "no": 0}[unknown]
    return np.where(~scope, 3, np.where(surely, 1, np.where(possible, open_, 0))).astype(np.intp)


def _values(values: nw.Series[Any], column: str, unknown: OpenAnswers, *, outcome: bool) -> Positions:
    keys = keys_of(values)
    if outcome and values.dtype.is_numeric() and not set(keys) <= {"0", "1", ""}:
        raise EstimateFault(
            "FL-EST-528", "recruitment is counted between groups, and a quantity makes none", found=columns_shown([column]),
            fix='groups="…" names a column of groups; or variance="tree", which needs none',
        )  # fmt: skip
    number = {key: place for place, key in enumerate(sorted({*keys} - {""}))}
    empty = -1
    if unknown != "exclude":
        empty = number["0"] if unknown == "no" and "0" in number else len(number)
    return np.array([number.get(key, empty) for key in keys], dtype=np.intp)


def _numbered(codes: Positions, recruited: RecruitedPeople) -> Groups:
    used = np.unique(codes[codes >= 0])
    number = np.full(int(codes.max(initial=0)) + 2, -1, dtype=np.intp)
    number[used] = np.arange(len(used))
    dense = number[codes]
    counts = np.bincount(dense[dense >= 0], minlength=len(used))
    inverse = np.bincount(dense[dense >= 0], weights=1 / recruited.degrees[dense >= 0], minlength=len(used))
    table = recruited.recruitment.transitions(dense, size=len(used))
    keys = (np.arange(len(used)), table.sum(axis=0), table.sum(axis=1), np.diag(table), inverse.round(9), counts)
    place = np.empty(len(used), dtype=np.intp)
    place[np.lexsort(keys)] = np.arange(len(used))
    return Groups(codes=np.where(dense >= 0, place[dense], -1) if len(used) else dense, size=len(used))


def require_population(population: Any, respondents: int, *, code: str = "FL-EST-527") -> float:
    """A population that holds the respondents at least.

    Raises
    ------
    EstimateFault
        FL-EST-527.
    """
    number = isinstance(population, int | float | np.number) and not isinstance(population, bool)
    if number and np.isfinite(float(population)) and float(population) >= respondents:
        return float(population)
    raise EstimateFault(
        code, "the size of the population cannot be that", found=f"{shown(population)}; {respondents:,} respondents count",
        fix="population= in persons, not less than the respondents",
    )  # fmt: skip
