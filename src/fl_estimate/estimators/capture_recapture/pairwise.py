"""Lists of which only the totals and the overlaps of pairs are known: what these tell, and what they do not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import optimize, stats

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, ListsFault, listed
from fl_estimate.estimators.capture_recapture.answers import log_limits, require_interval
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.terms import Terms, TermsInFile, model_name, read_terms
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    DARK_FIGURE,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    POPULATION_SIZE,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import FromFile, InFile, Key, Level, Within

MOST_LISTS = 12
NAMES = "list"
"""The column of a file that names the rows."""
DOUBT = 0.05
"""p of the pairs' agreement below which independence is marked."""

PAIRWISE = MethodName("pairwise")
OVERLAPS_DISAGREE = ReasonCode("overlaps_disagree", "p", doubtful="model")
OBSERVED_NOT_KNOWN = ReasonCode("observed_not_known", "least", "most")


@dataclass(frozen=True, kw_only=True, eq=False)
class PairwiseBounds:
    """How many people may be on any list, given the totals and the overlaps of pairs.

    Attributes
    ----------
    least, most : float
        People on at least one list.
    once : (float, float)
        People on exactly one, least and most.
    """

    least: float
    most: float
    once: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Lists with their totals, and the overlaps as a symmetric matrix with the totals on its diagonal."""

    lists: tuple[str, ...]
    matrix: Floats

    @property
    def totals(self) -> Floats:
        return np.diag(self.matrix)

    @property
    def positions(self) -> list[tuple[int, int]]:
        return list(combinations(range(len(self.lists)), 2))

    @property
    def overlaps(self) -> Floats:
        return np.array([self.matrix[position] for position in self.positions])

    @property
    def content_hash(self) -> str:
        return hashlib.sha256("\x1f".join(self.lists).encode() + self.matrix.astype("<f8").tobytes()).hexdigest()

    def margins(self) -> tuple[Floats, Floats]:
        """Which histories each total and overlap counts, and these numbers: A x = b for every possible table x."""
        members = all_histories(len(self.lists))
        rows = [members[:, position] == 1 for position in range(len(self.lists))]
        rows += [members[:, list(pair)].all(axis=1) for pair in self.positions]
        return np.array(rows, dtype=float), np.concatenate([self.totals, self.overlaps])


def pairwise_bounds(overlaps: Any) -> PairwiseBounds:
    """Say between what limits the number of people on any list lies, if only overlaps of pairs are known.

    Parameters
    ----------
    overlaps : frame
        Square, with the same lists as index and columns: totals of lists on the diagonal, people on both elsewhere, as
        `CaptureHistories.overlaps` gives them. As a file holds it, the names of the rows are a column `list`, in any order.

    Returns
    -------
    PairwiseBounds

    Raises
    ------
    ListsFault
        FL-LISTS-22 (not such a table), FL-LISTS-23 (no people could have these overlaps), FL-LISTS-24 (too many lists).

    Notes
    -----
    Linear programmes: the least and the greatest Σ x_ω over tables x ≥ 0 of all histories with these totals and overlaps.

    References
    ----------
    Prékopa and Gao (2005), Discrete Applied Mathematics 145, 444-457 (bounds of unions by linear programming).

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> names = ["police", "ngo", "hotline"]
    >>> overlaps = pd.DataFrame([[60, 20, 15], [20, 50, 10], [15, 10, 40]], index=names, columns=names)
    >>> found = cr.pairwise_bounds(overlaps)
    >>> found.least, found.most
    (105.0, 115.0)
    """
    return _bounds(_read(overlaps))


def _possible(overlaps: Any) -> None:
    """Refuse a table that is none of overlaps, or of which nobody could be."""
    _bounds(_read(overlaps))


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def pairwise(
    overlaps: Annotated[Any, FromFile(needs=(NAMES,), check=_possible), Key("file")],
    terms: Annotated[Terms, InFile(TermsInFile)] = "main",
    *,
    people: Annotated[float | None, Within(gt=0, finite=True)] = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from totals of lists and overlaps of pairs, without the full table of histories.

    Agencies often tell each other only how many cases they share. Of independent lists that is enough, and whether the
    pairs agree can be tested. Dependence between lists can be told only if it is known as well how many people are on any
    list (`people`): then every model of pairs has the estimate that the full table would give. Without it such a model is
    refused.

    Parameters
    ----------
    overlaps : frame
        As in `pairwise_bounds`.
    terms : "main", "two-way" or sequence of pairs of lists
        The log-linear model. Interactions of three lists are in no overlap of two, and are refused.
    people : float, optional
        People on at least one list.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons. Without `people` the dark figure is N times the chance to be
        on no list, and `n` is missing; the reason says between what limits the people observed lie. Diagnostics: these
        limits; of independent lists Petersen's estimate of each pair, and the test that the pairs agree.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-31, FL-EST-35 (the model has no estimate), FL-EST-352 (the overlaps do not tell this
        model), FL-EST-353 (nobody is on two lists).
    ListsFault
        FL-LISTS-01, FL-LISTS-22 to FL-LISTS-24, FL-LISTS-25 (so many people cannot have these overlaps).

    Notes
    -----
    More than 12 lists are refused (FL-LISTS-24), of `pairwise_bounds` too: whether any people could have these overlaps is found by
    linear programming over all 2^k − 1 histories.

    Given the totals n_a, overlaps of independent lists are hypergeometric with mean n_a n_b/N, and no two are correlated.
    N solves Σ (n_ab − n_a n_b/N)/((1 − n_a/N)(1 − n_b/N)) = 0, the sum of their scores (for two lists Petersen's
    estimate); its variance is N²/Σ (n_a n_b/N)/((1 − n_a/N)(1 − n_b/N)). The pairs agree if
    X² = Σ (n_ab − E)²/V is not large for χ² with one degree of freedom fewer than pairs. Limits of the dark figure are
    log-normal. With `people`, totals, overlaps and their number are the sufficient statistics of a model of pairs.

    References
    ----------
    Varin, Reid and Firth (2011), Statistica Sinica 21, 5-42 (composite likelihood). Darroch (1958), Biometrika 45, 343-359.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> kosovo = fl.datasets.load("kosovo")
    >>> whole = cr.loglinear(kosovo, "two-way")["population_size"].value
    >>> told = cr.pairwise(kosovo.overlaps(), "two-way", people=kosovo.n)["population_size"].value
    >>> round(float(whole)), round(float(told))
    (14402, 14402)
    """
    require_interval("log", ("log",), level)
    pairs = _read(overlaps)
    bounds = _bounds(pairs)
    dummy = _any_table(pairs, people, bounds)
    model = read_terms(dummy, terms)
    if any(len(term) > 2 for term in model):
        raise EstimateFault(
            "FL-EST-352", "overlaps of pairs do not tell an interaction of three lists", found=model_name(dummy, model),
            fix="give the full table of histories to cr.loglinear",
        )  # fmt: skip
    if people is not None:
        return _given_people(pairs, dummy, terms, people, bounds, level)
    if any(len(term) > 1 for term in model):
        raise EstimateFault(
            "FL-EST-352",
            "overlaps of pairs do not tell this model: another number of people on any list would give another answer",
            found=f"between {bounds.least:,.0f} and {bounds.most:,.0f} people are on any list",
            fix='say how many with people=, or take the lists as independent with terms="main"',
        )
    return _independent(pairs, bounds, level)


# --- what was given ---------------------------------------------------------------------------------------------


def _square(overlaps: Any) -> pd.DataFrame:
    """The table with its lists as index and columns; those of a file have their names in a column."""
    try:
        wrapped = nw.from_native(overlaps).lazy()
    except TypeError:
        raise _wrong(f"a {type(overlaps).__name__}") from None
    if NAMES not in wrapped.collect_schema() or (isinstance(overlaps, pd.DataFrame) and NAMES in overlaps.index):
        return overlaps if isinstance(overlaps, pd.DataFrame) else wrapped.collect().to_pandas()
    frame = wrapped.collect().to_pandas().set_index(NAMES)
    frame.index = frame.index.map(str)
    lists = [str(name) for name in frame.columns]
    return frame.reindex(lists) if sorted(lists) == sorted(frame.index) and frame.index.is_unique else frame


def _read(table: Any) -> _Pairs:
    overlaps = _square(table)
    names = [str(name) for name in overlaps.columns]
    if names != [str(name) for name in overlaps.index] or len(names) < 2 or len(set(names)) != len(names):
        raise _wrong("index and columns are not the same two lists or more")
    try:
        matrix = overlaps.to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise _wrong("cells that are no numbers") from None
    faults = {
        "cells that are missing, infinite or negative": int((~(np.isfinite(matrix) & (matrix >= 0))).sum()),
        "overlaps that differ from their mirror image": int((matrix != matrix.T).sum() // 2),
        "lists without people": int((np.diag(matrix) == 0).sum()),
        "overlaps above the total of a list": int(
            (matrix > np.minimum.outer(np.diag(matrix), np.diag(matrix))).sum() // 2
        ),
    }
    found = [f"{what}: {many}" for what, many in faults.items() if many]
    if found:
        raise _wrong("; ".join(found))
    if len(names) > MOST_LISTS:
        raise ListsFault(
            "FL-LISTS-24", "there are too many lists for their histories to be gone through", found=f"{len(names)} lists",
            fix=f"take at most {MOST_LISTS}, or merge some",
        )  # fmt: skip
    return _Pairs(lists=tuple(names), matrix=matrix)


def _wrong(found: str) -> ListsFault:
    return ListsFault(
        "FL-LISTS-22", "this is no table of overlaps", found=found,
        fix=f"a square frame, lists as index (or in a column {NAMES!r}) and columns: totals on the diagonal, people on both elsewhere",
    )  # fmt: skip


# --- bounds -----------------------------------------------------------------------------------------------------


def _bounds(pairs: _Pairs) -> PairwiseBounds:
    every = np.ones(2 ** len(pairs.lists) - 1)
    alone = (all_histories(len(pairs.lists)).sum(axis=1) == 1).astype(float)
    return PairwiseBounds(
        least=_programme(pairs, every), most=-_programme(pairs, -every),
        once=(_programme(pairs, alone), -_programme(pairs, -alone)),
    )  # fmt: skip


def _programme(pairs: _Pairs, costs: Floats) -> float:
    matrix, numbers = pairs.margins()
    solved: Any = optimize.linprog(costs, A_eq=matrix, b_eq=numbers, bounds=(0, None), method="highs")
    if solved.status != 0:
        raise ListsFault(
            "FL-LISTS-23", "no people could be on these lists: the overlaps contradict each other",
            found=f"{len(pairs.lists)} lists", fix="three lists of 10 that share 9 with each other share 8 all together; look for an overlap too small",
        )  # fmt: skip
    return float(round(solved.fun, 9))


def _any_table(pairs: _Pairs, people: float | None, bounds: PairwiseBounds) -> CaptureHistories:
    """A table with the totals and overlaps (and people) given, as far from zeros as there is one."""
    matrix, numbers = pairs.margins()
    if people is not None:
        if not (np.isfinite(people) and bounds.least - 1e-6 <= people <= bounds.most + 1e-6):
            raise ListsFault(
                "FL-LISTS-25", "so many people cannot have these overlaps", found=f"people={people!r}",
                fix=f"between {bounds.least:,.0f} and {bounds.most:,.0f} people are on any list",
            )  # fmt: skip
        matrix, numbers = np.vstack([matrix, np.ones(matrix.shape[1])]), np.append(numbers, people)
    # Cells with a pair that nobody shares are 0 in every table.
    members = all_histories(len(pairs.lists))
    empty = [position for position in pairs.positions if pairs.matrix[position] == 0]
    zero = np.array([any(row[a] and row[b] for a, b in empty) for row in members], dtype=bool)
    size = matrix.shape[1]
    least = np.hstack([-np.eye(size)[~zero], np.ones((int((~zero).sum()), 1))])
    solved: Any = optimize.linprog(
        np.append(np.zeros(size), -1.0), A_ub=least, b_ub=np.zeros(len(least)),
        A_eq=np.hstack([matrix, np.zeros((len(matrix), 1))]), b_eq=numbers,
        bounds=[*[(0, 0) if none else (0, None) for none in zero], (0, None)], method="highs",
    )  # fmt: skip
    cells = np.where(zero, 0.0, np.maximum(solved.x[:-1], 0.0))
    frame = pd.DataFrame(members, columns=list(pairs.lists)).assign(_people=cells)
    return CaptureHistories.from_counts(frame, lists=pairs.lists, count="_people")


# --- estimates --------------------------------------------------------------------------------------------------


def _given_people(
    pairs: _Pairs, table: CaptureHistories, terms: Terms, people: float, bounds: PairwiseBounds, level: float
) -> Estimates:
    """The model fitted to a table with the same sufficient statistics; of it only what rests on them is kept."""
    made = loglinear(table, terms, level=level)
    frame = made.frame
    told = {key: made.diagnostics[key] for key in ("parameters", "parameter_se", "minus_infinity")}
    kinds = [str(kind) for kind in frame["interval_kind"]]
    columns = {name: frame[name].to_numpy(dtype=float) for name in ("value", "se", "lower", "upper")}
    return build(
        {**columns, "term": frame["term"].astype(str).tolist(), "level": level, "interval_kind": kinds, "n": [people] * 2},
        quantity=[POPULATION_SIZE, DARK_FIGURE], method=PAIRWISE, basis="lists",
        recipe=Recipe(assumptions=made.assumptions, provenance=_provenance(pairs, terms, people, level)),
        support=Support.of([people] * 2),
        diagnostics={**told, "people_on_any_list": [bounds.least, bounds.most]},
    )  # fmt: skip


def _independent(pairs: _Pairs, bounds: PairwiseBounds, level: float) -> Estimates:
    size, variance = _size(pairs)
    mean, spread = _moments(pairs, size)
    away = float(((pairs.overlaps - mean) ** 2 / spread).sum()) if (spread > 0).all() else np.nan
    freedom = len(mean) - 1
    p = float(stats.chi2.sf(away, freedom)) if freedom else np.nan
    missed = float(np.prod(1 - pairs.totals / size))
    dark = size * missed
    limits, seen = log_limits(dark, variance, level), size - dark
    reasons = [OBSERVED_NOT_KNOWN.at(row, least=bounds.least, most=bounds.most) for row in (0, 1)]
    reasons += [OVERLAPS_DISAGREE.at(row, p=round(p, 4)) for row in (0, 1) if p < DOUBT]
    with np.errstate(divide="ignore"):
        petersen = {
            ":".join(pairs.lists[at] for at in position): float(
                pairs.totals[list(position)].prod() / pairs.matrix[position]
            )
            for position in pairs.positions
            if pairs.matrix[position] > 0
        }
    held = (LISTS_INDEPENDENT, CLOSED_POPULATION, PERFECT_LINKAGE, EVERYONE_CAN_BE_LISTED)
    return build(
        {
            "value": [size, dark], "se": [np.sqrt(variance)] * 2, "term": "main", "level": level, "interval_kind": "log",
            "lower": [seen + limits.lower, limits.lower], "upper": [seen + limits.upper, limits.upper],
        },
        quantity=[POPULATION_SIZE, DARK_FIGURE], method=PAIRWISE, basis="lists",
        recipe=Recipe(
            assumptions=tuple(code.assume() for code in held), provenance=_provenance(pairs, "main", None, level)
        ),
        support=Support.of([bounds.least] * 2),
        reasons=reasons,
        diagnostics={
            "people_on_any_list": [bounds.least, bounds.most], "people_on_one_list": list(bounds.once),
            "petersen": petersen, "agreement": {"statistic": away, "df": freedom, "p": p},
        },
    )  # fmt: skip


def _moments(pairs: _Pairs, size: float) -> tuple[Floats, Floats]:
    """Mean and variance of each overlap of independent lists of these totals."""
    share = pairs.totals / size
    first, second = (share[[position[side] for position in pairs.positions]] for side in (0, 1))
    mean = size * first * second
    return mean, mean * (1 - first) * (1 - second)


def _size(pairs: _Pairs) -> tuple[float, float]:
    """The root of the summed scores, and its variance."""
    if not pairs.overlaps.sum() > 0:
        raise EstimateFault(
            "FL-EST-353", "nobody is on two lists, so that they say nothing of each other", found=listed(pairs.lists),
            fix="take lists that overlap",
        )  # fmt: skip

    def score(log_size: float) -> float:
        mean, spread = _moments(pairs, float(np.exp(log_size)))
        return float(((pairs.overlaps - mean) * mean / spread).sum())

    low = float(np.log(pairs.totals.max())) + 1e-9
    high = low + 1.0
    while score(high) < 0:
        high += 1.0
    # Near the largest total the scores of its pairs outweigh all others: below 0 unless everybody is on that list.
    if score(low + 1e-6) >= 0:
        size = float(np.exp(low))
    else:
        result: Any = optimize.brentq(score, low + 1e-6, high, xtol=1e-13, rtol=1e-13)  # pyright: ignore[reportCallIssue, reportArgumentType]
        size = float(np.exp(result))
    mean, spread = _moments(pairs, size)
    return size, float(size**2 / (mean**2 / np.maximum(spread, 1e-12)).sum())


def _provenance(pairs: _Pairs, terms: Terms, people: float | None, level: float) -> Provenance:
    model: Sequence[Any] | str = terms if isinstance(terms, str) else [list(term) for term in terms]
    return Provenance(
        call="pairwise",
        arguments={"lists": list(pairs.lists), "terms": model, "people": people, "level": level},
        source_name="overlaps of pairs",
        source_sha256=pairs.content_hash,
    )
