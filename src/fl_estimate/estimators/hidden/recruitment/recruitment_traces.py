"""How estimates of recruited people move as recruitment goes on, in all and seed by seed: what diagnostics and pictures read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault, columns_shown, missing_columns, not_one_of, require_name
from fl_estimate.estimators.hidden.recruitment.recruited_people import (
    ChainNames,
    MissingDegree,
    RecruitedPeople,
    read_recruited,
)
from fl_estimate.inputs.recruitment_columns import keys_of, no_value

OpenOutcome = Literal["no", "exclude"]
MOST_CLASSES = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassedRecruits:
    """Recruited people with the class of each.

    Attributes
    ----------
    recruited : RecruitedPeople
    outcome : str
    classes : tuple of str
        Their names; of a 0/1 outcome "0" and "1".
    codes : int array, shape (n,)
        Class of each respondent; −1 of who does not count.
    """

    recruited: RecruitedPeople
    outcome: str
    classes: tuple[str, ...]
    codes: Positions

    @property
    def inverse(self) -> Floats:
        """1/d of who counts, else 0."""
        counted = self.recruited.counted & (self.codes >= 0)
        return np.where(counted, 1 / np.where(counted, self.recruited.degrees, 1.0), 0.0)

    @property
    def sets(self) -> Positions:
        """Number of the set in which each respondent came: by time where every row has one, else by wave. Within it nobody is first."""
        chains = self.recruited.recruitment
        waves = chains.waves.astype(float)
        first = chains.times if np.isfinite(chains.times).all() else waves
        return np.unique(np.column_stack([first, waves]), axis=0, return_inverse=True)[1].ravel()

    def shares(self, weights: Floats) -> Floats:
        """Weighted share of each class."""
        totals = np.bincount(self.codes[self.codes >= 0], weights=weights[self.codes >= 0], minlength=len(self.classes))
        with np.errstate(invalid="ignore", divide="ignore"):
            return totals / totals.sum()


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """Cumulative estimates.

    Attributes
    ----------
    interviews : int array, shape (points,)
        How many respondents have been counted by then.
    shares : float array, shape (points, classes)
        Estimates from these alone, by weights of inverse degree.
    """

    interviews: Positions
    shares: Floats


def classed(
    people: Any, outcome: str, names: ChainNames, *, unknown: OpenOutcome | None, include_seeds: bool, missing_degree: MissingDegree
) -> ClassedRecruits:  # fmt: skip
    """Read people with their chains and the classes of an outcome.

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-525; FL-EST-556: the outcome makes no classes, or too many; FL-EST-557: answers are missing, and nothing
        was chosen.
    """
    require_name(outcome, "outcome")
    if unknown is not None and unknown not in get_args(OpenOutcome):
        raise not_one_of("FL-EST-557", "this treatment of unknown answers", unknown, get_args(OpenOutcome))
    recruited = read_recruited(people, names, missing_degree=missing_degree, include_seeds=include_seeds)
    frame, present = recruited.frame, recruited.frame.columns
    if outcome not in present:
        raise missing_columns("FL-EST-521", [outcome], present, EstimateFault)
    if {f"{outcome}_possible", f"{outcome}_in_scope"} <= set(present):
        surely, possible, scope = (
            np.array([not no_value(value) and value == 1 for value in frame[name].to_list()], dtype=bool)
            for name in (outcome, f"{outcome}_possible", f"{outcome}_in_scope")
        )
        open_ = possible & ~surely
        out = ~scope | (open_ if unknown == "exclude" else np.zeros(len(scope), dtype=bool))
        codes = np.where(out, -1, surely.astype(np.intp))
        classes: tuple[str, ...] = ("0", "1")
    else:
        classes, codes = _classes(keys_of(frame[outcome]), outcome, unknown)
    return ClassedRecruits(
        recruited=recruited, outcome=outcome, classes=classes,
        codes=np.where(recruited.counted, codes, -1).astype(np.intp),
    )  # fmt: skip


def _classes(keys: tuple[str, ...], outcome: str, unknown: OpenOutcome | None) -> tuple[tuple[str, ...], Positions]:
    known = sorted({*keys} - {""})
    if not known or len(known) > MOST_CLASSES:
        raise EstimateFault(
            "FL-EST-556", "the outcome makes no classes between which recruitment could be counted",
            found=f"{columns_shown([outcome])}: {len(known)} different values", fix=f"a 0/1 column, or one of {MOST_CLASSES} classes or fewer",
        )  # fmt: skip
    if set(known) <= {"0", "1"}:
        known = ["0", "1"]
    missing = sum(not key for key in keys)
    if missing and (unknown is None or (unknown == "no" and "0" not in known)):
        raise EstimateFault(
            "FL-EST-557", "answers are missing, and it is not said what that means",
            found=f"{columns_shown([outcome])}: {missing:,} rows", fix='unknown="exclude"; or "no", of a 0/1 outcome',
        )  # fmt: skip
    number = {key: place for place, key in enumerate(known)}
    empty = number["0"] if unknown == "no" and "0" in number else -1
    return tuple(known), np.array([number.get(key, empty) for key in keys], dtype=np.intp)


def trace(recruits: ClassedRecruits, rows: Positions | None = None) -> Trace:
    """Cumulative estimates of all respondents, or of some, at the end of each set in which they came."""
    inverse, codes, sets = recruits.inverse, recruits.codes, recruits.sets
    kept = np.flatnonzero(codes >= 0) if rows is None else rows[codes[rows] >= 0]
    used, place = np.unique(sets[kept], return_inverse=True)
    size = len(recruits.classes)
    sums = np.bincount(place * size + codes[kept], weights=inverse[kept], minlength=len(used) * size).reshape(-1, size)
    totals = np.cumsum(sums, axis=0)
    interviews = np.cumsum(np.bincount(place, minlength=len(used)))
    return Trace(interviews=interviews.astype(np.intp), shares=totals / totals.sum(axis=1, keepdims=True))


def traces_by_seed(recruits: ClassedRecruits, *, fewest: int) -> list[Trace]:
    """The same of each tree of so many respondents or more, the largest first; which seed it is, is not said."""
    seeds = recruits.recruited.recruitment.seeds
    made = [
        trace(recruits, np.flatnonzero((seeds == seed) & (recruits.codes >= 0)))
        for seed in np.unique(seeds)
        if ((seeds == seed) & (recruits.codes >= 0)).sum() >= fewest
    ]
    return sorted(made, key=lambda each: (-int(each.interviews[-1]), each.shares[-1].tolist()))
