"""Doubly robust estimates over three lists and more: without an interaction of all at once, or pooled over pairs of lists."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import Limits
from fl_estimate.estimators.capture_recapture.domain_answers import About, DomainAnswer, domain_estimates
from fl_estimate.estimators.capture_recapture.horvitz_thompson import ListDomain, limits_of
from fl_estimate.estimators.capture_recapture.learners import chances
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.list_codes import CHANCES_AT_MARGIN, LEARNER_NOT_CONVERGED
from fl_estimate.inputs.histories import Member, all_histories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    LISTS_INDEPENDENT,
    NO_HIGHEST_INTERACTION,
    PERFECT_LINKAGE,
    Assumption,
    AssumptionCode,
    IntervalKind,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates

Across = Literal["no-highest-interaction", "pairs"]
ACROSS: tuple[Across, ...] = ("no-highest-interaction", "pairs")
CLIPPED = 0.05
"""Share of people whose chances were moved to the margin above which a reason says so."""
DISAGREE = 0.05
"""p-value below which a reason says that pairs of lists disagree."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ListRecords:
    """People on at least one of the lists.

    Attributes
    ----------
    lists : tuple of str
    on : int array, shape (people, lists)
    covariates : pandas.DataFrame
    strata : array, shape (people,)
    parts : int array, shape (people,)
        Each is predicted by a learner that did not see it.
    sha256 : str
    """

    lists: tuple[str, ...]
    on: Member
    covariates: pd.DataFrame
    strata: npt.NDArray[Any]
    parts: Positions
    sha256: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Influence:
    """What each person says of the number of people.

    Attributes
    ----------
    values : array, shape (people,)
        φ: N is their sum.
    spread : array, shape (people,)
        The same less what its mean is in each stratum: what the variance is of.
    diagnostics : dict
    p_value : float
        Of the hypothesis that all pairs speak of one number; NaN where there are no pairs.
    """

    values: Floats
    spread: Floats
    diagnostics: dict[str, Any]
    p_value: float = float("nan")


def over_lists(
    read: ListRecords, across: Across, *, learner: Any, kind: str, margin: float, by: str | None, interval: str,
    level: float, seed: int, about: About, arguments: dict[str, Any],
) -> Estimates:  # fmt: skip
    """Estimate from the lists of `read`: the nation, and the strata of `by`, of which it is the sum.

    Raises
    ------
    EstimateFault
        FL-EST-151: nobody has one of the histories, or is on both lists of a pair; FL-EST-155: the learner failed.
    """
    labels = list(dict.fromkeys(sorted(read.strata.tolist(), key=str))) if by is not None else []
    groups = [read.strata == label for label in labels] or [np.ones(len(read.on), dtype=bool)]
    made = _without_highest if across == "no-highest-interaction" else _over_pairs
    result = made(read, groups, learner, kind, margin, seed)
    parts = [_sum(result, rows) for rows in groups]
    domains = [ListDomain(margin="", labels=(None,) * (by is not None), rows=np.ones(len(read.on), dtype=bool))]
    domains += [
        ListDomain(margin=str(by), labels=(label,), rows=rows) for label, rows in zip(labels, groups, strict=False)
    ]
    seen = np.array([float(rows.sum()) for rows in groups])
    dark, variance = (np.array(values) for values in zip(*parts, strict=True))
    if by is None:
        covariance = np.diag(variance)
    else:
        seen, dark = np.append(seen.sum(), seen), np.append(dark.sum(), dark)
        covariance = np.diag(np.append(variance.sum(), variance))
        covariance[0, 1:] = covariance[1:, 0] = variance
    return domain_estimates(
        DomainAnswer(
            by=() if by is None else (by,), domains=domains, seen=seen, dark=dark, covariance=covariance,
            limits=[_limits(float(f), float(v), interval, level) for f, v in zip(dark, np.diag(covariance), strict=True)],
            method=codes.DOUBLY_ROBUST_LISTS, term=", ".join(read.lists), interval_kind=IntervalKind.of(interval),
            call="doubly_robust", level=level, about=about, assumptions=_assumptions(read, across),
            reasons=_reasons(result, len(domains)), diagnostics=result.diagnostics, arguments=arguments,
        )
    )  # fmt: skip


def _limits(dark: float, variance: float, interval: str, level: float) -> Limits:
    return limits_of(dark, variance, interval, level)


def _sum(influence: Influence, rows: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The dark figure of a stratum and its variance n (Var φ + ψ⁻¹(ψ⁻¹ − 1)); none where everybody was observed."""
    n = float(rows.sum())
    inverse = max(float(influence.values[rows].mean()), 1.0)
    spread = float(influence.spread[rows].var(ddof=1)) if n > 1 else 0.0
    return n * (inverse - 1), n * (spread + inverse * (inverse - 1))


def _without_highest(
    read: ListRecords, groups: list[npt.NDArray[np.bool_]], learner: Any, kind: str, margin: float, seed: int
) -> Influence:
    """φ = 1 + γ(x) s_ω/π_ω(x), γ = Π π_odd/Π π_even: the odds not to be observed, if all lists at once do not interact."""
    members = all_histories(len(read.lists))
    position = {tuple(row): at for at, row in enumerate(members.tolist())}
    outcome = np.array([position[tuple(row)] for row in read.on.tolist()], dtype=np.intp)
    seen = np.bincount(outcome, minlength=len(members))
    if (seen == 0).any():
        names = [
            " + ".join(name for name, on in zip(read.lists, members[at], strict=True) if on)
            for at in np.flatnonzero(seen == 0)
        ]
        raise EstimateFault(
            "FL-EST-151", "nobody has one of the histories, so nothing says how many have none at all",
            found=listed(names), fix='fewer lists, conditional_loglinear, or across="pairs"',
        )  # fmt: skip
    shares, converged = _learn(read, outcome, len(members), learner, seed)
    held = np.maximum(shares, margin)
    sign = np.where(members.sum(axis=1) % 2 == 1, 1.0, -1.0)
    odds = np.exp(np.log(held) @ sign)
    own = held[np.arange(len(outcome)), outcome]
    values = 1 + odds if kind == "plug-in" else 1 + odds * sign[outcome] / own
    return Influence(
        values=values, spread=_centred(1 + odds * sign[outcome] / own, read.parts, groups),
        diagnostics={
            "share_at_margin": float((shares < margin).any(axis=1).mean()), "learner_converged": converged,
            "smallest_chance": float(shares.min()), "people": len(read.on),
        },
    )  # fmt: skip


def _over_pairs(
    read: ListRecords, groups: list[npt.NDArray[np.bool_]], learner: Any, kind: str, margin: float, seed: int
) -> Influence:
    """The mean of what pairs of lists say, weighted by their overlaps: of Petersen's estimates Σ n_a n_b/Σ m_ab."""
    pairs = list(itertools.combinations(range(len(read.lists)), 2))
    both = np.stack([read.on[:, a] * read.on[:, b] for a, b in pairs], axis=1).astype(float)
    _require_overlaps(read, groups, both, pairs)
    found: list[Floats] = []
    plugged: list[Floats] = []
    clipped, converged, smallest = 0.0, True, 1.0
    for a, b in pairs:
        outcome = (read.on[:, a] + 2 * read.on[:, b]).astype(np.intp)
        shares, settled = _learn(read, outcome, 4, learner, seed)
        joint = np.maximum(shares[:, 3], margin)
        first, second = np.maximum(shares[:, 1] + shares[:, 3], joint), np.maximum(shares[:, 2] + shares[:, 3], joint)
        factor = first * second / joint
        found.append(factor * (read.on[:, a] / first + read.on[:, b] / second - read.on[:, a] * read.on[:, b] / joint))
        plugged.append(factor)
        clipped = max(clipped, float((shares[:, 3] < margin).mean()))
        converged, smallest = converged and settled, min(smallest, float(shares[:, 3].min()))
    phi, plain = np.stack(found, axis=1), np.stack(plugged, axis=1)
    values, spread = np.empty(len(phi)), np.empty(len(phi))
    for rows in groups:
        weight = both[rows].sum(axis=0) / both[rows].sum()
        inverse = phi[rows].mean(axis=0)
        pooled = float(inverse @ weight)
        values[rows] = (plain if kind == "plug-in" else phi)[rows] @ weight
        # The weights are random as well: each overlap moves the mean towards its own pair.
        moved = (both[rows] - both[rows].mean(axis=0)) @ (inverse - pooled) / both[rows].mean(axis=0).sum()
        spread[rows] = phi[rows] @ weight + moved
    p_value, table = _agreement(phi, read, pairs)
    return Influence(
        values=values, spread=_centred(spread, read.parts, groups), p_value=p_value,
        diagnostics={
            "share_at_margin": clipped, "learner_converged": converged, "smallest_chance": smallest,
            "people": len(read.on), "pairs": table, "pairs_p_value": p_value,
        },
    )  # fmt: skip


def _centred(values: Floats, parts: Positions, groups: list[npt.NDArray[np.bool_]]) -> Floats:
    """Less the mean of each part of each stratum, so that the variance is that within parts."""
    centred = values.copy()
    for rows in groups:
        for part in np.unique(parts[rows]):
            here = rows & (parts == part)
            centred[here] -= values[here].mean()
    return centred


def _learn(read: ListRecords, outcome: Positions, outcomes: int, learner: Any, seed: int) -> tuple[Floats, bool]:
    """Chances of every outcome for everybody; the shares themselves where there is nothing to learn them from."""
    if not read.covariates.shape[1]:
        return np.tile(np.bincount(outcome, minlength=outcomes) / len(outcome), (len(outcome), 1)), True
    return chances(learner, read.covariates, outcome, read.parts, seed, outcomes)


def _require_overlaps(
    read: ListRecords, groups: list[npt.NDArray[np.bool_]], both: Floats, pairs: list[tuple[int, int]]
) -> None:
    """Refuse pairs that nobody is on together, and strata in which no pair has anybody."""
    empty = [f"{read.lists[a]} and {read.lists[b]}" for (a, b), m in zip(pairs, both.sum(axis=0), strict=True) if not m]
    without = [rows for rows in groups if not both[rows].any()]
    if empty or without:
        raise EstimateFault(
            "FL-EST-151", "nobody is on both lists of a pair, so nothing says how much they miss together",
            found=listed(empty) or f"a stratum of {int(without[0].sum()):,} people",
            fix="leave such lists out, or join them with others (histories.merge)",
        )  # fmt: skip


def _agreement(phi: Floats, read: ListRecords, pairs: list[tuple[int, int]]) -> tuple[float, dict[str, list[float]]]:
    """p-value of all pairs speaking of one number (a Wald test of their differences), and what each says."""
    n = len(phi)
    means, spread = phi.mean(axis=0), np.atleast_2d(np.cov(phi, rowvar=False)) / n
    table = {
        f"{read.lists[a]}:{read.lists[b]}": [n * float(mean), float(np.sqrt(n**2 * v + n * mean * max(mean - 1, 0.0)))]
        for (a, b), mean, v in zip(pairs, means, np.diag(spread), strict=True)
    }
    differences = means[1:] - means[0]
    contrast = np.column_stack([-np.ones(len(pairs) - 1), np.eye(len(pairs) - 1)])
    inverse = np.linalg.pinv(contrast @ spread @ contrast.T, rcond=1e-10, hermitian=True)
    return float(special.chdtrc(len(differences), float(differences @ inverse @ differences))), table


def _reasons(influence: Influence, domains: int) -> dict[ReasonCode, list[int]]:
    """Reasons of all rows."""
    every = list(range(domains))
    reasons: dict[ReasonCode, list[int]] = {}
    if influence.diagnostics["share_at_margin"] > CLIPPED:
        reasons[CHANCES_AT_MARGIN] = every
    if not influence.diagnostics["learner_converged"]:
        reasons[LEARNER_NOT_CONVERGED] = every
    if influence.p_value < DISAGREE:
        reasons[codes.PAIRS_DISAGREE] = every
    return reasons


def _assumptions(read: ListRecords, across: Across) -> list[Assumption]:
    given = {"covariates": ", ".join(str(name) for name in read.covariates)}
    if across == "pairs":
        first: AssumptionCode = codes.LISTS_INDEPENDENT_AMONG_ALIKE if given["covariates"] else LISTS_INDEPENDENT
        held = first.assume(**(given if given["covariates"] else {}))
    elif given["covariates"]:
        held = codes.NO_HIGHEST_INTERACTION_AMONG_ALIKE.assume(lists=len(read.lists), **given)
    else:
        held = NO_HIGHEST_INTERACTION.assume(lists=len(read.lists))
    return [held, CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume(), EVERYONE_CAN_BE_LISTED.assume()]
