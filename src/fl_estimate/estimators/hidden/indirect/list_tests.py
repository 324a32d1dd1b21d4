"""Tests of a list experiment: that the sensitive item changes no other answer, and what a direct question says of the arms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args, overload

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import By
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, not_one_of, require_name
from fl_estimate.estimators.hidden.indirect.indirect_codes import (
    TEST_LIST_ASSIGNMENT,
    TEST_LIST_EFFECT,
    TEST_LIST_PLACEBO,
)
from fl_estimate.estimators.hidden.indirect.indirect_groups import inside_of, read_groups
from fl_estimate.estimators.hidden.indirect.list_experiment import Items, arm_factors, arms_support
from fl_estimate.estimators.hidden.indirect.list_moments import arm_means
from fl_estimate.estimators.hidden.indirect.list_reading import answers_of, arms_of, check_list_arguments, counts_of
from fl_estimate.estimators.survey.models.kept_model import model_assumptions
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.survey.models.rows_of_tests import in_domains, with_rows
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude, recipe_of
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import REPLICATES, TAYLOR, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, VALUES, Level, MoreThanZero, Name, Where
from fl_estimate.results.survey_test import SurveyTest

ListTest = Literal["design-effect", "placebo", "assignment"]
Moments = Literal["negative", "gms", "all"]
DRAWS = 4_000
"""Of a normal, for weights of a sum of χ² over more than two cells: their error is below 0.01."""


@overload
def list_experiment_test(
    people: Any,
    count: str,
    treatment: str,
    *,
    items: int,
    test: ListTest = "design-effect",
    direct: str | None = None,
    moments: Moments = "negative",
    design: Design | None = None,
    by: None = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> SurveyTest: ...
@overload
def list_experiment_test(
    people: Any,
    count: str,
    treatment: str,
    *,
    items: int,
    test: ListTest = "design-effect",
    direct: str | None = None,
    moments: Moments = "negative",
    design: Design | None = None,
    by: str | Sequence[str] | Sequence[Sequence[str]],
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates: ...
@method(kind="list_experiment_test", basis="respondents", family="hidden")
def list_experiment_test(
    people: Annotated[Any, PEOPLE],
    count: Name,
    treatment: Name,
    *,
    items: Items,
    test: ListTest = "design-effect",
    direct: Annotated[str | None, VALUES] = None,
    moments: Moments = "negative",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> SurveyTest | Estimates:
    """Test whether a list experiment can be believed.

    Parameters
    ----------
    people, count, treatment, items, design, where, unknown, variance, df, level
        As in `list_experiment`.
    test : {"design-effect", "placebo", "assignment"}
        design-effect: whether showing the sensitive item changed the answers to the others (Blair and Imai). placebo: whether the
        difference of the arms is 1 among those who say yes when asked (`direct`). assignment: whether direct answers differ between
        the arms, as they do where the longer list, or who was given it, changed them.
    direct : str, optional
        0/1 column of the direct question, which the last two need.
    moments : {"negative", "gms", "all"}
        Cells that the test of the design effect counts as binding: those estimated below 0; those whose estimate is at most √(log n)
        standard errors above it (Andrews and Soares); all. The first finds most, and rejects too often where many cells are truly 0.
    by : str, list of str, or list of lists, optional
        One test for the nation and for each domain, which gives Estimates.

    Returns
    -------
    SurveyTest, or Estimates with by=
        design-effect: the smaller p-value of two tests, doubled; `rows.diagnostics` has the shares π(y, z) of those with y control
        items and z of the sensitive one, and their standard errors. placebo, assignment: t, with the difference as `estimate`.

    Raises
    ------
    EstimateFault
        FL-EST-640 to FL-EST-646; FL-EST-648: nobody who says yes is in one of the arms, or no variance is left to test with.

    Notes
    -----
    π(y, 1) = F₀(y) − F₁(y) and π(y, 0) = F₁(y) − F₀(y − 1), F the weighted distributions of counts in both arms; under no design effect and no
    liars none is below 0. For each z: λ = min over π ≥ 0 of (π̂ − π)′V⁻¹(π̂ − π), against Σ_k w_k P(χ²_k > λ), with V of the design and w_k the
    chance that k cells bind; exact for one and two cells, drawn for more.

    References
    ----------
    Blair and Imai (2012), Political Analysis 20, 47-77. Andrews and Soares (2010), Econometrica 78, 119-157. Aronow, Coppock, Crawford and
    Green (2015), Journal of Survey Statistics and Methodology 3, 43-66.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_list_experiment(3000, prevalence=0.1, items=4, design_effect=0.4, seed=1)
    >>> test = fl.hidden.list_experiment_test(people, "count", "treatment", items=4, design=fl.Design(unweighted=True))
    >>> test.p_value < 0.001
    True
    """
    if test not in get_args(ListTest) or moments not in get_args(Moments):
        wrong, known = (test, get_args(ListTest)) if test not in get_args(ListTest) else (moments, get_args(Moments))
        raise not_one_of("FL-EST-645", "this test of a list experiment", wrong, known)
    check_list_arguments(items, "difference", ("difference",), direct=None, covariates=None, likelihood={})
    if (direct is not None) != (test != "design-effect"):
        raise EstimateFault(
            "FL-EST-646", "arguments of the list experiment do not go together", found=f"test={test!r}",
            fix="direct= is the direct question, which the tests placebo and assignment need and the other does not take",
        )  # fmt: skip
    only_exclude(unknown)
    for name, column in (("count", count), ("treatment", treatment)):
        require_name(column, name)
    require_name(direct, "direct", optional=True)
    named = [count, treatment, *([direct] if direct is not None else [])]
    call = Call(
        "hidden.list_experiment_test", people, design, by, where, unknown, variance, "wald", df, level, named=named
    )
    call.check(("wald",))

    def made(one: Call) -> SurveyTest:
        data, _ = read_groups(one, named, outcome=direct or "", domains=False)
        treated = arms_of(data, treatment)
        y = counts_of(data, count, treated, items)
        if direct is None:
            return _design_effect(data, y, treated, count, treatment, int(items), moments)
        told = answers_of(data, direct, "the direct question")
        everybody = np.ones(len(y), dtype=bool)
        if test == "placebo":
            return _gap(data, y, treated, told == 1, 1.0, TEST_LIST_PLACEBO.assume(direct=direct), count, treatment)
        return _gap(data, told, treated, everybody, 0.0, TEST_LIST_ASSIGNMENT.assume(direct=direct), direct, treatment)

    return in_domains(call, by, made)


def _design_effect(
    data: ModelData, y: Floats, treated: Bools, count: str, treatment: str, items: int, moments: Moments
) -> SurveyTest:
    everybody = np.ones(len(y), dtype=bool)
    below = (y[:, None] <= np.arange(items + 1)).astype(float)
    factors = arm_factors(data, treated, everybody)

    def distributions(weight: Floats) -> Floats:
        return np.concatenate([weight[arm] @ below[arm] / weight[arm].sum() for arm in (~treated, treated)])

    found = distributions(data.weight)
    size = items + 1
    influence = np.zeros((len(y), 2 * size))
    for position, arm in enumerate((~treated, treated)):
        own = slice(position * size, (position + 1) * size)
        share = below[arm] - found[own]
        influence[arm, own] = factors[position] * share / data.weight[arm].sum()
    spread = covariance(data, influence, distributions, found)
    step = np.concatenate([np.zeros((1, size)), np.eye(size)[:-1]])
    of_cells = np.concatenate(
        [np.concatenate([np.eye(size), -np.eye(size)], axis=1), np.concatenate([-step, np.eye(size)], axis=1)]
    )
    cells, matrix = of_cells @ found, of_cells @ spread.matrix @ of_cells.T
    se = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    # What nobody counted at the top of one arm, or at the bottom of the other, is no less than 0 by arithmetic.
    tested = {1: np.arange(items), 0: size + 1 + np.arange(items)}
    p_of: dict[int, tuple[float, float]] = {}
    for has, positions in tested.items():
        kept = _binding(cells, se, positions, moments, float(data.n.sum()))
        p_of[has] = _one_sided(cells[kept], matrix[np.ix_(kept, kept)])
    statistic, p_value = min(p_of.values(), key=lambda pair: pair[1])
    least, cases, psus = arms_support(data, y, treated, everybody)
    freedom = degrees_of_freedom(data, rule=_rule(data))
    made = with_rows(
        outcome=count, term=treatment, recipe=_recipe(data, TEST_LIST_EFFECT.assume(items=items), count, treatment),
        support=Support.of([least], [cases], psus_with_cases=[psus], df=[freedom]), method=_method(data),
        name=f"Test of a design effect of the list experiment {count} ({items} control items)", statistic_name="X²",
        statistic=statistic, p_value=min(1.0, 2 * p_value), df=(), groups=(count, treatment), n=round(data.rows), level=data.call.level,
    )  # fmt: skip
    table = {f"pi({k % size}, {1 - k // size})": [float(cells[k]), float(se[k])] for k in range(2 * size)}
    return replace(made, rows=replace(made.rows, diagnostics={"cells": table}))


def _binding(cells: Floats, se: Floats, positions: Any, moments: Moments, n: float) -> Any:
    positions = positions[se[positions] > 0]
    if moments == "negative":
        return positions[cells[positions] < 0]
    if moments == "gms":
        return positions[cells[positions] <= math.sqrt(math.log(max(n, 3.0))) * se[positions]]
    return positions


def _one_sided(cells: Floats, matrix: Floats) -> tuple[float, float]:
    """λ of cells that should not be below 0, and its p-value; 0 and 1 where none is."""
    from scipy import optimize, stats

    size = len(cells)
    if not size or not (cells < 0).any():
        return 0.0, 1.0
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 1e-14 * values[-1]:
        raise _untestable("cells that follow from each other")
    root = (vectors / np.sqrt(values)) @ vectors.T
    nearest: Any = optimize.nnls(root, root @ cells)
    statistic = float(nearest[1]) ** 2
    weights = _weights(matrix, root)
    tails = [float(stats.chi2.sf(statistic, k)) for k in range(1, size + 1)]
    return statistic, float(min(1.0, np.dot(weights[1:], tails)))


def _weights(matrix: Floats, root: Floats) -> Floats:
    """The chance that k cells bind, k from 0 to all."""
    from scipy import optimize

    size = len(matrix)
    if size == 1:
        return np.array([0.5, 0.5])
    if size == 2:
        angle = math.acos(float(np.clip(matrix[0, 1] / math.sqrt(matrix[0, 0] * matrix[1, 1]), -1, 1)))
        # Both at least 0 with chance ½ − angle/(2π); both bind with that of the polar cone.
        free = 0.5 - angle / (2 * math.pi)
        return np.array([free, 0.5, 0.5 - free])
    drawn = np.random.default_rng(1).standard_normal((DRAWS, size))
    solve: Callable[..., Any] = optimize.nnls
    bound = [int((solve(root, each)[0] <= 1e-12).sum()) for each in drawn]
    return np.bincount(bound, minlength=size + 1) / DRAWS


def _gap(
    data: ModelData,
    y: Floats,
    treated: Bools,
    member: Bools,
    value: float,
    assumption: Assumption,
    outcome: str,
    treatment: str,
) -> SurveyTest:
    from scipy import stats

    means, influence, sizes = arm_means(y, treated, data.weight, member)
    if min(sizes) <= 0:
        raise _untestable("an arm without anybody who says yes")
    factors = arm_factors(data, treated, member)

    def gap(weight: Floats) -> Floats:
        again = arm_means(y, treated, weight, member)[0]
        return np.array([again[1] - again[0]])

    of_gap = factors[1] * influence[:, 1] - factors[0] * influence[:, 0]
    estimate = float(means[1] - means[0])
    spread = covariance(data, of_gap[:, None], gap, np.array([estimate]))
    se = math.sqrt(max(float(spread.matrix[0, 0]), 0.0))
    if se == 0:
        raise _untestable("answers without any variance")
    freedom = degrees_of_freedom(inside_of(data, member), rule=_rule(data))
    df = np.array([freedom if freedom > 0 else np.nan])
    lower, upper = general("wald", np.array([estimate]), np.array([se]), df, data.call.level)
    statistic = (estimate - value) / se
    least, cases, psus = arms_support(data, y, treated, member)
    return with_rows(
        outcome=outcome, term=treatment, recipe=_recipe(data, assumption, outcome, treatment),
        support=Support.of([least], [cases], psus_with_cases=[psus], df=[freedom]), method=_method(data),
        name=f"Test that the difference of {outcome} between the arms of {treatment} is {value:g}", statistic_name="t",
        statistic=statistic, df=(float(freedom),), p_value=float(2 * stats.t.sf(abs(statistic), df[0])), estimate=estimate, se=se,
        lower=float(lower[0]), upper=float(upper[0]), groups=("control", "treatment"), n=round(float(data.n[member].sum())), level=data.call.level,
    )  # fmt: skip


def _rule(data: ModelData) -> str | float:
    return data.call.df if isinstance(data.call.df, str) else float(data.call.df)


def _recipe(data: ModelData, assumption: Assumption, outcome: str, treatment: str) -> Recipe:
    columns = [str(name) for name in data.patterns]
    own = data.call.people.design.replicates
    spread = Covariance(matrix=np.zeros((0, 0)), replicates=0 if own is None else len(own.rscales))
    arguments = {"formula": f"{outcome} ~ {treatment}", **data.call.settings()}
    return recipe_of(data.call, columns, arguments, model_assumptions(data, spread, columns[:1], [assumption]))


def _method(data: ModelData) -> Any:
    return TAYLOR if data.call.people.design.replicates is None else REPLICATES


def _untestable(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-648", "this test of the list experiment has nothing to test", found=found,
        fix="look at both arms, and at whom where= leaves",
    )  # fmt: skip
