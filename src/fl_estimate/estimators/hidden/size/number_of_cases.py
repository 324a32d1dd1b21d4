"""How many people of a population of estimated size are cases: SS-PSE and the share by successive sampling, with the error of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.recruitment.recruited_people import MissingDegree
from fl_estimate.estimators.hidden.recruitment.recruitment_codes import POPULATION_GIVEN
from fl_estimate.estimators.hidden.recruitment.recruitment_design import RdsVariance
from fl_estimate.estimators.hidden.recruitment.recruitment_estimates import RdsUnknown
from fl_estimate.estimators.hidden.recruitment.respondent_driven import gile_ss
from fl_estimate.estimators.hidden.size.population_codes import SHARE_GIVEN_SIZE, SS_PSE, SS_PSE_CASES
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.results.codes import EQUAL_TAILED, ZERO_CASES, each_once
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, PEOPLE, Earlier, Level, Names, SeedOrNone, Where, Within

SIZES = 9
"""Sizes at which the share is estimated: between them it is smooth."""


@method(kind="ss_cases", basis="respondents", family="hidden")
def ss_cases(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    size: Annotated[Estimates, Earlier(only=("ss_population_size",))],
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: RdsUnknown | None = None,
    variance: RdsVariance | None = None,
    person: Annotated[str, GROUPS] = "person_id",
    recruiter: Annotated[str | None, GROUPS] = None,
    coupon: Annotated[str | None, GROUPS] = None,
    coupons_given: Annotated[Sequence[str] | None, GROUPS] = None,
    degree: Annotated[str, GROUPS] = "network_size",
    seed_marker: str | int | None = None,
    include_seeds: bool = True,
    missing_degree: MissingDegree = "error",
    replicates: Annotated[int, Within(ge=2)] = 500,
    seed: SeedOrNone = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people are cases, where the size of the population was estimated from the same sample (SS-PSE).

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The sample that `size` was made from.
    outcome : str or list of str
        A 0/1 column, or an outcome of `fl.classify`.
    size : Estimates
        Of `ss_population_size`, with its draws.
    by, where, unknown, variance, person, recruiter, coupon, coupons_given, degree, seed_marker, include_seeds, missing_degree
        As in `gile_ss`.
    replicates : int
    seed : int, optional
    level : float

    Returns
    -------
    Estimates
        Rows of `gile_ss` with ``quantity="total"``: persons, `value` the median, `se` the standard deviation, and equal tails of draws
        of both. Method "ss-pse-cases", basis "respondents".

    Raises
    ------
    EstimateFault
        FL-EST-559: `size` is no result of `ss_population_size`, or is of fewer people than the sample; and as in `gile_ss`.

    Notes
    -----
    For each draw N of the size the total T(N) by weights of successive sampling, and its standard error, are interpolated between
    nine sizes; the draw is T(N) times a log-normal error with that coefficient of variation, joint over rows. A row without a case
    has the value 0, and the limits are those of `gile_ss` at the median size, times the upper tail of the size.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_successive_sampling(population=1_000, n=400, seed=1).people
    >>> size = fl.hidden.ss_population_size(people, time="interview", prior_median=1_000, seed=1)
    >>> cases = fl.hidden.ss_cases(people, "outcome", size=size, seed=1)
    >>> cases.frame["method"].tolist(), 100 < cases.value < 300
    (['ss-pse-cases'], True)
    """
    persons = _draws_of(size)
    rng = np.random.default_rng(known_seed(seed))
    used = int(rng.integers(2**31))
    grid = np.unique(np.quantile(persons, np.linspace(0, 1, SIZES)))
    made = [
        gile_ss(
            people, outcome, population=float(each), quantity="total", by=by, where=where, unknown=unknown, variance=variance,
            person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree,
            seed_marker=seed_marker, include_seeds=include_seeds, missing_degree=missing_degree, replicates=replicates, seed=used,
            level=level, small_fraction=0.0,
        )
        for each in grid
    ]  # fmt: skip
    middle = made[len(made) // 2]
    values, errors = (np.stack([each.frame[name].to_numpy(dtype=float) for each in made]) for name in ("value", "se"))
    total, spread = (_between(grid, table, persons) for table in (values, errors))
    draws = _drawn(total, spread, _correlation(middle), rng)
    return _laid_out(
        middle, size, draws, float(np.quantile(persons, (1 + level) / 2) / grid[len(made) // 2]), level, used
    )


def _draws_of(size: Any) -> Floats:
    good = isinstance(size, Estimates) and len(size.frame) == 1 and str(size.frame["method"].iloc[0]) == SS_PSE
    if not good or size.draws is None:
        raise EstimateFault(
            "FL-EST-559", "size= is no size of a population that was estimated from this sample", found=shown(size),
            fix="the result of fl.hidden.ss_population_size, as it was made, with its draws",
        )  # fmt: skip
    return np.asarray(size.draws, dtype=float)[:, 0]


def _between(grid: Floats, table: Floats, at: Floats) -> Floats:
    """Columns of a table interpolated between its rows, in the logarithm of the size."""
    return np.column_stack([np.interp(np.log(at), np.log(grid), column) for column in table.T])


def _correlation(result: Estimates) -> Floats:
    rows = len(result.frame)
    matrix = result.covariance_matrix
    if matrix is None:
        return np.eye(rows)
    spread = np.sqrt(np.diag(matrix))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(np.outer(spread, spread) > 0, matrix / np.outer(spread, spread), 0.0)
    np.fill_diagonal(found, 1.0)
    return np.nan_to_num(found)


def _drawn(total: Floats, spread: Floats, correlation: Floats, rng: np.random.Generator) -> Floats:
    """Totals with log-normal errors, joint over rows."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = rng.standard_normal(total.shape) @ root.T
    with np.errstate(invalid="ignore", divide="ignore"):
        sigma = np.sqrt(np.log1p(np.square(np.where(total > 0, spread / total, 0.0))))
    return total * np.exp(sigma * normal - sigma**2 / 2)


def _laid_out(middle: Estimates, size: Estimates, draws: Floats, stretch: float, level: float, seed: int) -> Estimates:
    """The rows at the median size, with the figures of the draws."""
    frame = middle.frame.copy()
    none = frame["value"].to_numpy(dtype=float) == 0
    lost = np.isnan(draws).any(axis=0)
    upper_none = frame["upper"].to_numpy(dtype=float) * stretch
    tails = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    frame["value"] = np.where(lost, np.nan, tails[1])
    frame["se"] = np.where(lost, np.nan, draws.std(axis=0, ddof=1))
    frame["lower"] = np.where(lost, np.nan, tails[0])
    frame["upper"] = np.where(lost, np.nan, np.where(none, upper_none, tails[2]))
    kinds = [str(kind) if zero else str(EQUAL_TAILED) for kind, zero in zip(frame["interval_kind"], none, strict=True)]
    shown_kinds = ["" if gone else kind for kind, gone in zip(kinds, lost, strict=True)]
    columns: dict[str, list[str]] = {"interval_kind": shown_kinds, "method": [str(SS_PSE_CASES)] * len(frame)}
    for name, texts in columns.items():
        dtype: Any = frame[name].dtype
        frame[name] = pd.array(texts, dtype=dtype)
    frame["deff"] = np.nan
    told = [each for each in middle.assumptions if each.code != POPULATION_GIVEN]
    reasons = [*middle.reasons, *(replace(each, row=row) for row in range(len(frame)) for each in size.reasons)]
    reasons += [
        ZERO_CASES.at(row)
        for row in np.flatnonzero(none)
        if not any(each.code == ZERO_CASES and each.row == row for each in middle.reasons)
    ]
    return replace(
        middle,
        frame=frame,
        draws=draws,
        covariance_matrix=None,
        cells=None,
        assumptions=tuple(each_once([*told, *size.assumptions, SHARE_GIVEN_SIZE.assume()])),
        reasons=tuple(reasons),
        diagnostics={"size": dict(size.diagnostics)},
        provenance=replace(
            middle.provenance, call="hidden.ss_cases",
            arguments={**middle.provenance.arguments, "population": None, "seed": seed, "size": dict(size.provenance.arguments)},
        ),
    )  # fmt: skip
