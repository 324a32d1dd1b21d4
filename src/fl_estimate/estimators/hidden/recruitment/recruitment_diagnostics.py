"""Diagnostics of respondent-driven sampling: homophily, activity, convergence, bottlenecks, trees and degrees, as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.recruitment.recruited_people import ChainNames, MissingDegree, require_population
from fl_estimate.estimators.hidden.recruitment.recruitment_traces import (
    ClassedRecruits,
    OpenOutcome,
    Trace,
    classed,
    trace,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_weights import equilibrium, transition_matrix
from fl_estimate.neutral import visible
from fl_estimate.pages.frames import html_table, text_table

CLOSE = 0.02
"""Heckathorn's rule: an estimate has settled where it stays within two points of the last."""
STEPS = 200
HOMOPHILY, BOTTLENECK, ONE_TREE, HEAPED, FRACTION = 1.3, 0.05, 0.5, 0.4, 0.1
"""From where a measure is flagged: conventions, for reading and not for refusing."""
HEAPED_FROM = 10
"""Degrees from which multiples of 5 are looked at; one in five is due."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecruitmentDiagnostics:
    """What speaks for and against a respondent-driven sample; no answer of a single respondent is in it.

    Attributes
    ----------
    outcome : str
    frame : pandas.DataFrame
        Columns measure, group (empty where the measure is of all), value, flag. A flag is a word of a few letters where the value
        calls for caution: ``"few waves"``, ``"not settled"``, ``"homophily"``, ``"bottleneck"``, ``"one tree"``, ``"heaping"``,
        ``"large fraction"``.
    transitions : pandas.DataFrame
        Recruitments from class (row) to class (column). Small counts are for the analyst.
    """

    outcome: str
    frame: pd.DataFrame
    transitions: pd.DataFrame

    def __getitem__(self, measure: str) -> float:
        """The value of a measure that is of all."""
        rows = self.frame[(self.frame["measure"] == measure) & (self.frame["group"] == "")]
        if len(rows) != 1:
            raise KeyError(measure)
        return float(rows["value"].iloc[0])

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags, each once."""
        return tuple(dict.fromkeys(flag for flag in self.frame["flag"] if flag))

    def __repr__(self) -> str:
        return (
            f"Recruitment diagnostics, {visible(self.outcome)}\n{text_table(self.frame, float_format='{:.3f}'.format)}"
        )

    def _repr_html_(self) -> str:
        return html_table(self.frame, float_format="{:.3f}".format)


def rds_diagnostics(
    people: Any,
    outcome: str,
    *,
    population: float | None = None,
    unknown: OpenOutcome | None = None,
    person: str = "person_id",
    recruiter: str | None = None,
    coupon: str | None = None,
    coupons_given: Sequence[str] | None = None,
    degree: str = "network_size",
    time: str | None = None,
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    within: float = CLOSE,
) -> RecruitmentDiagnostics:
    """Look at a respondent-driven sample before its figures are believed.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a respondent.
    outcome : str
        A 0/1 column, one of classes, or an outcome of `fl.classify`.
    population : float, optional
        Persons of the population, for the sampling fraction.
    unknown : {"no", "exclude"}, optional
        What an unknown outcome means. Of classified people "no"; otherwise missing answers are refused until it is said.
    person, recruiter, coupon, coupons_given, degree, time, seed_marker
        The columns of recruitment, as in `Recruitment.read`. Without `time` waves are the order of the interviews.
    include_seeds, missing_degree
        As in `rds_ii`.
    within : float
        Within which distance of the last estimate, as a share, an estimate has settled.

    Returns
    -------
    RecruitmentDiagnostics

    Raises
    ------
    EstimateFault
        FL-EST-520 to FL-EST-525, FL-EST-527, FL-EST-556, FL-EST-557; FL-EST-558: `within` is no share.

    Notes
    -----
    With T the recruitments from class to class, P = T with rows made to sum to 1, p the shares by weights 1/d and h the mean degree
    of each class (n/Σ 1/d):

    - recruitment homophily: Σ T_aa over the same under the margins of T;
    - population homophily: ties between classes if they were made at random, Σ_{a≠b} e_a e_b with e = p h/Σ p h, over those that
      recruitment shows, Σ_{a≠b} e_a P_ab;
    - activity of a class: its h over that of all other respondents;
    - waves to equilibrium: the least k with every row of P^k within `within` of the equilibrium, and `waves` those there are;
    - settled after: the share of the interviews from which on the cumulative estimate stays within `within` of the last;
    - between seeds: share of the outcome's variance that lies between trees (one-way analysis of variance, 0 at the least);
    - heaping: multiples of 5 among degrees of 10 or more; one in five is due.

    References
    ----------
    Gile, Johnston and Salganik (2015), Journal of the Royal Statistical Society A 178(1), 241-269. Heckathorn (1997), Social
    Problems 44(2), 174-199.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_successive_sampling(population=2_000, n=300, activity=1.5, seed=1).people
    >>> told = fl.hidden.rds_diagnostics(people, "outcome", time="interview", population=2_000)
    >>> told["respondents"], told["waves"], told.flags
    (300.0, 3.0, ('large fraction',))
    """
    if not isinstance(within, int | float) or isinstance(within, bool) or not 0 < within < 1:
        raise EstimateFault(
            "FL-EST-558", "within= is no share", found=shown(within), fix="a number between 0 and 1, such as 0.02"
        )
    names = ChainNames(
        person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree,
        seed_marker=seed_marker, time=time,
    )  # fmt: skip
    recruits = classed(
        people, outcome, names, unknown=unknown, include_seeds=include_seeds, missing_degree=missing_degree
    )
    size = None
    if population is not None:
        size = require_population(population, int(recruits.recruited.counted.sum()))
    rows = [
        *_of_chains(recruits, size),
        *_of_mixing(recruits, within),
        *_of_estimates(recruits, within),
        *_of_degrees(recruits),
    ]
    table = recruits.recruited.recruitment.transitions(recruits.codes, size=len(recruits.classes))
    labels = list(recruits.classes)
    return RecruitmentDiagnostics(
        outcome=outcome,
        frame=pd.DataFrame(rows, columns=["measure", "group", "value", "flag"]),
        transitions=pd.DataFrame(table.astype(int), index=labels, columns=labels),
    )


Row = tuple[str, str, float, str]


def _flag(name: str, *, raised: bool) -> str:
    return name if raised else ""


def _of_chains(recruits: ClassedRecruits, population: float | None) -> Iterator[Row]:
    chains = recruits.recruited.recruitment
    yield "respondents", "", float(chains.n), ""
    yield "seeds", "", float(chains.n_seeds), ""
    recruiters = int((chains.recruits > 0).sum())
    yield "recruiters", "", float(recruiters), ""
    yield "recruits per recruiter", "", float(chains.recruits.sum() / recruiters) if recruiters else np.nan, ""
    yield "share of the largest tree", "", chains.largest_tree, _flag("one tree", raised=chains.largest_tree > ONE_TREE)
    if population is not None:
        share = float(recruits.recruited.counted.sum()) / population
        yield "sampling fraction", "", share, _flag("large fraction", raised=share >= FRACTION)


def _of_mixing(recruits: ClassedRecruits, within: float) -> Iterator[Row]:
    """Homophily, activity, and how soon recruitment forgets the seeds."""
    codes, inverse, classes = recruits.codes, recruits.inverse, recruits.classes
    table = recruits.recruited.recruitment.transitions(codes, size=len(classes))
    members = codes >= 0
    n = np.bincount(codes[members], minlength=len(classes)).astype(float)
    w = np.bincount(codes[members], weights=inverse[members], minlength=len(classes))
    homophily = recruitment_homophily(table)
    yield "recruitment homophily", "", homophily, _flag("homophily", raised=homophily > HOMOPHILY)
    apart = population_homophily(table, n)
    yield "population homophily", "", apart, _flag("homophily", raised=apart > HOMOPHILY)
    with np.errstate(invalid="ignore", divide="ignore"):
        activity = (n / w) / ((n.sum() - n) / (w.sum() - w))
    for name, value in zip(classes, activity, strict=True):
        yield "differential activity", name, float(value), ""
    needed = waves_to_equilibrium(table, within)
    waves = float(recruits.recruited.recruitment.waves.max())
    yield "waves", "", waves, _flag("few waves", raised=waves < needed)
    yield "waves to equilibrium", "", needed, ""


def recruitment_homophily(table: Floats) -> float:
    """Recruitments within classes over those that the margins of the table would give."""
    expected = float((table.sum(axis=1) * table.sum(axis=0)).sum())
    return float(np.trace(table) * table.sum() / expected) if expected else np.nan


def population_homophily(table: Floats, n: Floats) -> float:
    """Ties between classes at random over those that recruitment shows; p h of a class is in proportion to its respondents."""
    ends = n / n.sum()
    known = table.sum(axis=1) > 0
    if not known[n > 0].all():
        return np.nan
    rows = np.where(known[:, None], table / np.maximum(table.sum(axis=1, keepdims=True), 1), 0.0)
    across = float((ends[:, None] * rows).sum() - (ends * np.diag(rows)).sum())
    return float((1 - np.sum(ends**2)) / across) if across else np.inf


def waves_to_equilibrium(table: Floats, within: float) -> float:
    """The least k with every row of P^k near the equilibrium; missing where there is none, or not within 200."""
    present = (table.sum(axis=0) + table.sum(axis=1) > 0)[None, :]
    matrix = transition_matrix(table[None], present)
    share = equilibrium(matrix, present)[0]
    if not np.isfinite(share).all():
        return np.nan
    power = np.eye(len(table))
    for step in range(1, STEPS + 1):
        power = power @ matrix[0]
        if float(np.abs(power[present[0]] - share).max()) < within:
            return float(step)
    return np.nan


def settled_after(made: Trace, within: float) -> float:
    """Share of the interviews from which on the estimate stays within a distance of the last."""
    off = np.abs(made.shares - made.shares[-1]).max(axis=1) > within
    if not off.any():
        return 0.0
    return float(made.interviews[min(int(np.flatnonzero(off)[-1]) + 1, len(off) - 1)] / made.interviews[-1])


def _of_estimates(recruits: ClassedRecruits, within: float) -> Iterator[Row]:
    made = trace(recruits)
    after = settled_after(made, within)
    # An estimate that still moves in the last tenth of the interviews has not been seen to stand.
    yield "settled after", "", after, _flag("not settled", raised=after > 0.9)
    between = between_seeds(recruits)
    yield "between seeds", "", between, _flag("bottleneck", raised=between > BOTTLENECK)


def between_seeds(recruits: ClassedRecruits) -> float:
    """Intraclass correlation of trees: the largest over classes; missing where there is one tree, or one class."""
    rows = np.flatnonzero(recruits.codes >= 0)
    _, tree = np.unique(recruits.recruited.recruitment.seeds[rows], return_inverse=True)
    tree = tree.ravel()
    sizes = np.bincount(tree).astype(float)
    n, trees = len(rows), len(sizes)
    if trees < 2 or n <= trees:
        return np.nan
    usual = (n - np.sum(sizes**2) / n) / (trees - 1)
    found: list[float] = []
    for each in range(len(recruits.classes)):
        y = (recruits.codes[rows] == each).astype(float)
        means = np.bincount(tree, weights=y) / sizes
        between = float(np.sum(sizes * (means - y.mean()) ** 2) / (trees - 1))
        inside = float(np.sum((y - means[tree]) ** 2) / (n - trees))
        total = between + (usual - 1) * inside
        if total > 0:
            found.append(max((between - inside) / total, 0.0))
    return max(found) if found else np.nan


def _of_degrees(recruits: ClassedRecruits) -> Iterator[Row]:
    degrees = recruits.recruited.recruitment.degrees
    known = degrees[np.isfinite(degrees)]
    yield "mean degree, weighted by 1/d", "", float(len(known) / np.sum(1 / known)) if len(known) else np.nan, ""
    yield "without degree", "", float(np.isnan(degrees).mean()), ""
    large = known[known >= HEAPED_FROM]
    heaped = float(np.mean(large % 5 == 0)) if len(large) else np.nan
    yield "heaping", "", heaped, _flag("heaping", raised=heaped > HEAPED and len(large) >= 2 * HEAPED_FROM)
