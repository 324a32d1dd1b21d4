"""Tests for survey data: independence of two classifications (Rao and Scott), difference of means, difference of ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, overload

import numpy as np
import pandas as pd

from fl_estimate.design.domains import By
from fl_estimate.design.intervals import general
from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.survey.contingency import TwoWayTable, pearson, wald_of_table
from fl_estimate.estimators.survey.imputed_tests import of_draws
from fl_estimate.estimators.survey.models.kept_model import model_assumptions
from fl_estimate.estimators.survey.models.model_data import ModelData, read_model
from fl_estimate.estimators.survey.models.model_support import group_support
from fl_estimate.estimators.survey.models.model_terms import wald
from fl_estimate.estimators.survey.models.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.survey.models.rows_of_tests import in_domains, with_rows
from fl_estimate.estimators.survey.weighted_call import Call, DfRule, VarianceRule, only_exclude, recipe_of
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import REPLICATES, TAYLOR, Assumption, AssumptionCode, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, VALUES, Finite, Level, MoreThanZero, Name, Where
from fl_estimate.results.survey_test import SurveyTest

IndependenceStatistic = Literal["F", "Chisq", "Wald", "adjWald", "lincom", "saddlepoint"]
STATISTICS: tuple[str, ...] = ("F", "Chisq", "Wald", "adjWald", "lincom", "saddlepoint")
RankScore = Literal["wilcoxon", "van-der-waerden", "median"]
SCORES: tuple[str, ...] = ("wilcoxon", "van-der-waerden", "median")
Unknown = Literal["no", "exclude", "impute"]
TEST_INDEPENDENCE = AssumptionCode("test_independence", "row", "column", "rule")
TEST_MEAN = AssumptionCode("test_mean", "variable", "value")
TEST_MEANS = AssumptionCode("test_means", "variable", "group", "second", "first", "value")
TEST_RANKS = AssumptionCode("test_ranks", "variable", "group", "rule")


@overload
def independence_test(
    people: Any,
    row: str,
    column: str,
    *,
    statistic: IndependenceStatistic = "F",
    design: Design | None = None,
    by: None = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
) -> SurveyTest: ...
@overload
def independence_test(
    people: Any,
    row: str,
    column: str,
    *,
    statistic: IndependenceStatistic = "F",
    design: Design | None = None,
    by: str | Sequence[str] | Sequence[Sequence[str]],
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
) -> Estimates: ...
@method(kind="test", basis="respondents", family="survey", chosen=True)
def independence_test(
    people: Annotated[Any, PEOPLE],
    row: Name,
    column: Name,
    *,
    statistic: IndependenceStatistic = "F",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
) -> SurveyTest | Estimates:
    """Test whether two classifications are independent in the population.

    Parameters
    ----------
    people, design, where, variance, df
        As in `regress`.
    by : str, list of str, or list of lists, optional
        As in `regress`: one test for the nation and for each domain, which gives Estimates.
    row, column : str
        Columns of classes: text, 0/1 or whole numbers. `row` may be classified.
    statistic : {"F", "Chisq", "Wald", "adjWald", "lincom", "saddlepoint"}
        Pearson's X² with Rao and Scott's second correction (the default) or the first; Wald's test of the
        residuals, plain or adjusted for few sampling units; or X² against its own distribution, a sum of
        scaled χ² over χ²/df with d·df degrees of freedom: exactly, or by R survey's approximation. Wald's test is too liberal with many cells and few units.
    unknown : {"no", "exclude"}, optional
        Leave out rows that lack either; or count an unknown 0/1 `row` as no. Otherwise missing values are an error.

    Returns
    -------
    SurveyTest, or Estimates with by=
        `scales` are the generalised design effects δ. Estimates have rows of `quantity` p_value, of the statistic and of its degrees
        of freedom, as `rows` of a SurveyTest has.

    Raises
    ------
    EstimateFault
        FL-EST-231 (no such statistic), FL-EST-232 (a classification with a single class), FL-EST-233 (the same column twice), and as `regress` for its data.

    Notes
    -----
    X² = n Σ (p_ij − p_i p_j)²/(p_i p_j) with weighted shares p. δ: eigenvalues of the covariance of the interaction
    contrasts of log p, over that under simple random sampling. Chisq: X²/δ̄ on (r − 1)(c − 1); F: X²/Σδ on d and d·df,
    d = (Σδ)²/Σδ². Wald: W of N̂_ij − N̂_i N̂_j/N̂ over q = (r − 1)(c − 1), on (q, df); adjWald:
    W (df − q + 1)/(q df) on (q, df − q + 1).

    References
    ----------
    Rao and Scott (1984), Annals of Statistics 12, 46-60. Thomas, Singh and Roberts (1996), International Statistical
    Review 64, 295-311.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "fl": [0, 1, 0, 0, 1, 1, 0, 1, 0, 0], "sex": list("mfmffmmffm")})
    >>> test = fl.independence_test(people, "fl", "sex", design=fl.Design(psu="ea", unweighted=True))
    >>> round(test.statistic, 4), test.df
    (2.2222, (1.0, 4.0))
    """
    if statistic not in STATISTICS:
        raise not_one_of("FL-EST-231", "this test statistic", statistic, STATISTICS)
    call = _call("independence_test", people, (row, column), design, by, where, unknown, variance, df)
    return in_domains(call, by, of_draws(call, lambda one: _independence(one, row, column, statistic)))


@overload
def t_test(
    people: Any,
    variable: str,
    group: str | None = None,
    *,
    value: float = 0.0,
    design: Design | None = None,
    by: None = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> SurveyTest: ...
@overload
def t_test(
    people: Any,
    variable: str,
    group: str | None = None,
    *,
    value: float = 0.0,
    design: Design | None = None,
    by: str | Sequence[str] | Sequence[Sequence[str]],
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates: ...
@method(kind="test", basis="respondents", family="survey", chosen=True)
def t_test(
    people: Annotated[Any, PEOPLE],
    variable: Name,
    group: Annotated[str | None, VALUES] = None,
    *,
    value: Finite = 0.0,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> SurveyTest | Estimates:
    """Test a mean against a value, or the means of two groups against each other.

    Parameters
    ----------
    people, design, where, unknown, variance, df, level
        As in `regress`.
    by : str, list of str, or list of lists, optional
        As in `regress`: one test for the nation and for each domain, which gives Estimates.
    variable : str
        A column of numbers, or a 0/1 outcome.
    group : str, optional
        A column of two classes; the test is of the second (declared, or sorted) less the first.
    value : float
        The mean or the difference under the hypothesis.

    Returns
    -------
    SurveyTest, or Estimates with by=
        `estimate` is the mean, or the difference of means.

    Raises
    ------
    EstimateFault
        FL-EST-232 (not two groups), FL-EST-233 (a variable of text), and as `regress` for its data.

    Notes
    -----
    t = (estimate − value)/se on the degrees of freedom of the design; one less where two groups are compared, as in a
    regression on the group.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "hours": [40.0, 44, 50, 58, 41, 60]})
    >>> test = fl.t_test(people, "hours", value=40, design=fl.Design(psu="ea", unweighted=True))
    >>> round(test.estimate, 3), round(test.statistic, 3), test.df
    (48.833, 2.479, (2.0,))
    """
    names = (variable,) if group is None else (variable, group)
    call = _call("t_test", people, names, design, by, where, unknown, variance, df, level)
    return in_domains(call, by, of_draws(call, lambda one: _difference(one, variable, group, value)))


@overload
def rank_test(
    people: Any,
    variable: str,
    group: str,
    *,
    score: RankScore = "wilcoxon",
    design: Design | None = None,
    by: None = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> SurveyTest: ...
@overload
def rank_test(
    people: Any,
    variable: str,
    group: str,
    *,
    score: RankScore = "wilcoxon",
    design: Design | None = None,
    by: str | Sequence[str] | Sequence[Sequence[str]],
    where: str | None = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates: ...
@method(kind="test", basis="respondents", family="survey", chosen=True)
def rank_test(
    people: Annotated[Any, PEOPLE],
    variable: Name,
    group: Name,
    *,
    score: RankScore = "wilcoxon",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> SurveyTest | Estimates:
    """Test whether a quantity tends to be larger in one group than in others, by ranks in the population.

    Parameters
    ----------
    people, design, where, unknown, variance, df, level
        As in `regress`.
    by : str, list of str, or list of lists, optional
        As in `regress`: one test for the nation and for each domain, which gives Estimates.
    variable : str
        A column of numbers.
    group : str
        A column of classes: two give t, more give F (Kruskal and Wallis).
    score : {"wilcoxon", "van-der-waerden", "median"}
        The estimated rank between 0 and 1; its normal quantile; or whether it is above ½.

    Returns
    -------
    SurveyTest, or Estimates with by=
        `estimate` is the difference in mean rank score, second group less first.

    Raises
    ------
    EstimateFault
        FL-EST-231 (no such score), FL-EST-232 (a single group), FL-EST-233 (a variable of text).

    Notes
    -----
    The rank of y is F̂(y−) + ½ f̂(y), with the weighted distribution of all people counted, so that it does not depend
    on the order of rows (R survey's does where weights differ among ties). The ranks are taken as given in the variance,
    which holds where the hypothesis does; under replicates they are made again.

    References
    ----------
    Lumley and Scott (2013), Biometrika 100, 831-842.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "sex": list("mfmfmfmf"), "h": [40, 41, 50, 57, 44, 45, 39, 42.0]})
    >>> round(fl.rank_test(people, "h", "sex", design=fl.Design(psu="ea", unweighted=True)).estimate, 4)
    -0.1875
    """
    if score not in SCORES:
        raise not_one_of("FL-EST-231", "this rank score", score, SCORES)
    call = _call("rank_test", people, (variable, group), design, by, where, unknown, variance, df, level)
    return in_domains(call, by, of_draws(call, lambda one: _ranks(one, variable, group, score)))


def _independence(call: Call, row: str, column: str, statistic: str) -> SurveyTest:
    data = read_model(call, row, (row, column))
    rows, columns = (_classes(data.patterns[name], name) for name in (row, column))
    table = TwoWayTable(data=data, rows=rows[0], columns=columns[0], shape=(len(rows[1]), len(columns[1])))
    freedom = degrees_of_freedom(data, rule=data.call.df)
    if statistic in ("Wald", "adjWald"):
        found = wald_of_table(table, freedom, adjusted=statistic == "adjWald")
        scales: Floats = np.zeros(0)
    else:
        found, scales = pearson(table, freedom, statistic)
    # Every cell of the table is a group that the test could tell.
    cases = [(table.rows == position).astype(float) for position in range(table.shape[0])]
    return with_rows(
        outcome=row,
        term=column,
        recipe=_recipe(
            data,
            TEST_INDEPENDENCE.assume(row=row, column=column, rule=statistic),
            row=row,
            column=column,
            statistic=statistic,
        ),
        support=_support(data, cases, table.columns, table.shape[1], freedom),
        method=_method(data),
        name=f"Test of independence of {row} and {column} ({statistic})",
        statistic_name="F" if statistic in ("F", "Wald", "adjWald") else "X²",
        statistic=found[0],
        p_value=found[1],
        df=found[2],
        groups=(row, column),
        scales=tuple(float(value) for value in scales),
        n=round(data.rows),
        level=data.call.level,
    )


def _difference(call: Call, variable: str, group: str | None, value: float) -> SurveyTest:
    data = read_model(call, variable, (variable,) if group is None else (variable, group))
    y = _numbers(data, variable)
    if group is None:
        code, of, contrast = np.zeros(len(y), dtype=np.int64), (), np.array([1.0])
        assumption = TEST_MEAN.assume(variable=variable, value=value)
    else:
        code, of = _classes(data.patterns[group], group, most=2)
        contrast = np.array([-1.0, 1.0])
        assumption = TEST_MEANS.assume(variable=variable, group=group, second=of[1], first=of[0], value=value)
    found, matrix = _means(data, y, code, len(contrast))
    return _t(
        data,
        f"t test of the mean of {variable}" + (f" by {group}" if group is not None else f" = {value:g}"),
        contrast,
        found,
        matrix,
        value,
        taken_off=0 if group is None or not isinstance(data.call.df, str) else 1,
        outcome=variable,
        term=_term(group, of),
        recipe=_recipe(data, assumption, variable=variable, group=group, value=value),
        support=_support(data, [y], code, len(contrast), degrees_of_freedom(data, rule=data.call.df)),
        groups=of,
    )


def _ranks(call: Call, variable: str, group: str, score: str) -> SurveyTest:
    data = read_model(call, variable, (variable, group))
    y = _numbers(data, variable)
    code, of = _classes(data.patterns[group], group)
    ranks = _scores(y, data.pattern_weight, score)
    found, matrix = _means(data, ranks, code, len(of), lambda weight: _scores(y, weight, score))
    freedom, name = degrees_of_freedom(data, rule=data.call.df), f"Rank test of {variable} by {group} ({score})"
    known = {
        "outcome": variable, "term": _term(group, of), "groups": of,
        "recipe": _recipe(data, TEST_RANKS.assume(variable=variable, group=group, rule=score), variable=variable, group=group, score=score),
        "support": _support(data, [y], code, len(of), freedom),
    }  # fmt: skip
    if len(of) == 2:
        contrast = np.array([-1.0, 1.0])
        taken_off = 1 if isinstance(data.call.df, str) else 0
        return _t(data, name, contrast, found, matrix, 0.0, taken_off=taken_off, **known)
    against = np.concatenate([-np.ones((len(of) - 1, 1)), np.eye(len(of) - 1)], axis=1)
    residual = freedom - len(of) + 1 if isinstance(data.call.df, str) else freedom
    statistic, p_value, pair = wald(against @ found, against @ matrix @ against.T, residual)
    return with_rows(
        **known, method=_method(data), name=name, statistic_name="F", statistic=statistic, p_value=p_value, df=pair,
        n=round(data.rows), level=data.call.level,
    )  # fmt: skip


def _term(group: str | None, of: tuple[str, ...]) -> str:
    """What is compared, as marginal effects call it."""
    return "" if group is None else f"{group}: {of[1]} − {of[0]}" if len(of) == 2 else group


def _recipe(data: ModelData, assumption: Assumption, **settings: Any) -> Recipe:
    """Of whom a test is, and what it takes for granted. Its columns stand as a formula, by which an audit knows them."""
    columns = [str(name) for name in data.patterns]
    told = {name: value for name, value in settings.items() if value is not None}
    arguments = {"formula": " ~ ".join(columns), **told, **data.call.settings()}
    spread = Covariance(matrix=np.zeros((0, 0)), replicates=_replicates(data))
    return recipe_of(data.call, columns, arguments, model_assumptions(data, spread, columns[:1], [assumption]))


def _replicates(data: ModelData) -> int:
    own = data.call.people.design.replicates
    return 0 if own is None else len(own.rscales)


def _method(data: ModelData) -> MethodName:
    return TAYLOR if data.call.people.design.replicates is None else REPLICATES


def _support(data: ModelData, cases: Sequence[Floats], group: Codes, size: int, df: float) -> Support:
    """The smallest group that is compared."""
    parts = [group_support(data, y, group, size, df) for y in cases]
    return Support.least([part.take([position]) for part in parts for position in range(size)])


def _call(
    name: str,
    people: Any,
    variables: Sequence[str],
    design: Design | None,
    by: By,
    where: str | None,
    unknown: Unknown | None,
    variance: VarianceRule | None,
    df: DfRule | float,
    level: float = 0.95,
) -> Call:
    if unknown not in (None, "no"):
        only_exclude(unknown, imputed=True)
    call = Call(name, people, design, by, where, unknown, variance, "wald", df, level, named=variables)
    call.check(("wald",))
    if len(set(variables)) < len(variables):
        raise EstimateFault(
            "FL-EST-233",
            "a test needs two different columns, and numbers where means or ranks are compared",
            found=shown(variables[0]),
            fix="name another",
        )
    return call


def _numbers(data: ModelData, name: str) -> Floats:
    column = data.patterns[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise EstimateFault(
            "FL-EST-233", "a test needs two different columns, and numbers where means or ranks are compared", found=f"{name!r} is text",
            fix="fl.independence_test compares classifications",
        )  # fmt: skip
    return column.to_numpy(dtype=float)


def _classes(column: pd.Series[Any], name: str, *, most: int = 200) -> tuple[Codes, tuple[str, ...]]:
    """The class of each pattern, and the names of the classes."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, labels = column.cat.codes.to_numpy(dtype=np.int64), [str(v) for v in column.cat.categories]
    else:
        values, codes = np.unique(column.to_numpy(dtype=float), return_inverse=True)
        labels = [f"{value:g}" for value in values]
    if not 2 <= len(labels) <= most:
        raise EstimateFault(
            "FL-EST-232", f"this test needs {'two' if most == 2 else f'from 2 to {most}'} classes among the people counted",
            found=f"{name!r}: {len(labels)}", fix="bring it into classes, or say whom the test is of in where=",
        )  # fmt: skip
    return np.asarray(codes, dtype=np.int64), tuple(labels)


def _means(
    data: ModelData, y: Floats, code: Codes, groups: int, again: Callable[[Floats], Floats] | None = None
) -> tuple[Floats, Floats]:
    """Means of `y` by group, and their covariance; under a replicate's weights, of what `again` makes of them."""
    member = (code[:, None] == np.arange(groups)).astype(float)

    def means(weight: Floats) -> Floats:
        values = y if again is None else again(weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (weight * values) @ member / (weight @ member)

    weight = data.pattern_weight
    value = means(weight)
    influence = member * (y[:, None] - value) / (weight @ member)
    return value, covariance(data, influence, means, value).matrix


def _t(
    data: ModelData,
    name: str,
    contrast: Floats,
    found: Floats,
    matrix: Floats,
    value: float,
    *,
    taken_off: int,
    **known: Any,
) -> SurveyTest:
    from scipy import stats

    estimate, se = float(contrast @ found), math.sqrt(max(float(contrast @ matrix @ contrast), 0.0))
    freedom = degrees_of_freedom(data, rule=data.call.df) - taken_off
    df = np.array([freedom if freedom > 0 else np.nan])
    lower, upper = general("wald", np.array([estimate]), np.array([se]), df, data.call.level)
    statistic = (estimate - value) / se if se > 0 else math.nan
    return with_rows(
        **known, method=_method(data), name=name, statistic_name="t", statistic=statistic, df=(float(freedom),),
        p_value=float(2 * stats.t.sf(abs(statistic), df[0])), estimate=estimate, se=se, lower=float(lower[0]),
        upper=float(upper[0]), level=data.call.level, n=round(data.rows),
    )  # fmt: skip


def _scores(y: Floats, weight: Floats, score: str) -> Floats:
    """Rank scores of the weighted distribution, ties sharing the middle of their step."""
    _, step = np.unique(y, return_inverse=True)
    mass = np.bincount(step, weights=weight)
    rank = ((np.cumsum(mass) - mass / 2) / mass.sum())[step]
    if score == "van-der-waerden":
        from scipy import special

        return special.ndtri(rank)
    return rank if score == "wilcoxon" else (rank > 0.5).astype(float)
