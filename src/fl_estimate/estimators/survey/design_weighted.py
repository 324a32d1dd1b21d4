"""Design-weighted estimates: prevalence, total, mean, ratio and variance, by domain, with Taylor or replicate variance.

The public functions; arguments and layout are in `weighted_call`, the sums in `domain_query`, values and variances in
`domain_table`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from fl_estimate.design.domains import By
from fl_estimate.design.intervals import GENERAL, PROPORTION
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.domain_table import DomainTable
from fl_estimate.estimators.survey.imputed_call import Made, estimated
from fl_estimate.estimators.survey.targets import Outcome, Targets, Unknown, as_list, make_targets
from fl_estimate.estimators.survey.weighted_call import (
    Call,
    OwnDfRule,
    VarianceRule,
    bounds_of,
    only_exclude,
    require_binary_for,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import MEAN, PREVALENCE, RATIO, TOTAL, VARIANCE
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Name, Names, Where

ProportionInterval = Literal[
    "korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "likelihood", "wald", "log"
]
GeneralInterval = Literal["wald", "log"]


@method(kind="prevalence", basis="respondents", family="survey")
def estimate_prevalence(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    interval: ProportionInterval = "korn-graubard",
    df: OwnDfRule | MoreThanZero = "effective",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the share of people with an outcome, nationally and by domain.

    Use it for any 0/1 outcome: a class from `fl.classify`, or a 0/1 column. Do not filter the rows first: say the
    subpopulation in `where`, so that primary sampling units without a member of it still count in the variance.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person. A frame (pandas, polars, pyarrow, DuckDB, lazy or not) needs `design`.
    outcome : str or list of str
        A 0/1 column; a column of text or categories gives one outcome for each value, ``stype=E``. With `<outcome>_possible` and `<outcome>_in_scope` beside it, it is read as classified.
    design : Design, optional
        How the sample was drawn; taken from `people` where that carries one.
    by : str, list of str, or list of lists, optional
        ``"region"``; ``["region", "sex"]`` crossed; ``[["region"], ["sex"]]`` separately. The nation always stands first.
    where : str, optional
        A 0/1 column or a condition such as ``"age >= 18"``; where it is unknown, the row is outside.
    unknown : {"no", "exclude", "bounds", "impute"}, optional
        What an unknown outcome means: not a case; out of the denominator too (R's ``na.rm``: with several outcomes,
        whoever lacks one of them is out of all, so that all speak of the same people); or three rows a cell, the unknown counted as no (`bound` lower) and as yes (upper), and an interval without a value
        that covers the truth at `level` whatever the unknown answers are (identified); or, of people from `fl.impute`, the draws of their
        unknown answers put together by Rubin's rules (`bound` imputed), to be given beside the bounds. Default ``"no"`` where classified; otherwise a
        missing outcome is an error until something is chosen.
    variance : {"taylor", "replicates"}, optional
        Where the design has replicates they are used, unless ``"taylor"`` is asked for.
    interval : {"korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "likelihood", "wald", "log"}
        See `docs/explanation/design_weighted`. Where the kind chosen has no value because there are no cases (or
        only cases) the limits are Korn and Graubard's, and `interval_kind` says so.
    df : {"effective", "domain", "design"} or number
        Degrees of freedom: of the variance itself (the column `df_effective`), which are few where the cases stand in few units;
        units less strata among those with a row in the domain, as R survey, Stata and SAS count them; of the whole sample; or given.
        Where the variance has none of its own (rows of equal weight that are units, no case) those of the domain. With replicate
        weights of the file: their rank less 1, among the rows of the domain or of all.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        `quantity` prevalence, `value` between 0 and 1.

    Raises
    ------
    DesignFault
        FL-DESIGN-06 to FL-DESIGN-14.
    EstimateFault
        FL-EST-01 to FL-EST-17; FL-EST-460, FL-EST-461 (``unknown="impute"`` of answers that were not imputed).

    Notes
    -----
    p = Σ w y / Σ w over the rows counted; its influence is w (y − p)/Σ w, and the variance that of its sum over
    primary sampling units within strata, stage by stage where sampling fractions are given. `undetermined` is
    Σ w over rows of unknown outcome / Σ w over rows in scope. `deff` is against simple random sampling with
    replacement of the rows counted.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 4, 5. Korn and Graubard (1998), Survey
    Methodology 24(2), 193-201. Parker et al. (2017), Vital and Health Statistics 2(175). Imbens and Manski (2004),
    Econometrica 72(6), 1845-1857, and Stoye (2009), same 77(4), 1299-1315 (the interval of bounds).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0]})
    >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> [round(number, 4) for number in (estimates.value, estimates.se, *estimates.interval)]
    [0.3889, 0.2003, 0.0047, 0.9665]
    """
    call = Call(
        "estimate_prevalence",
        people,
        design,
        by,
        where,
        unknown,
        variance,
        interval,
        df,
        level,
        named=as_list(outcome, "outcome"),
    )
    call.check(PROPORTION, get_args(OwnDfRule))

    def made(one: Call) -> Made:
        targets = _targets(one, one.outcomes(outcome, "outcome"))
        return targets, [
            Measure(target=t, top=top, bottom=t.counted, bound=bound)
            for t in targets.targets
            for top, bound in bounds_of(t)
        ]

    return estimated(call, made, quantity=PREVALENCE, check=_require_binary)


@method(kind="total", basis="respondents", family="survey")
def estimate_total(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    interval: GeneralInterval = "log",
    df: OwnDfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people have an outcome, or the sum of a quantity over the population.

    Use it with weights that expand to the population; weights that were scaled to the sample give nonsense.

    Parameters
    ----------
    people, outcome, design, by, where, unknown, variance, df, level
        As in `estimate_prevalence`; `outcome` may be any number.
    interval : {"log", "wald"}
        ``log`` keeps the lower limit above 0. A total of zero cases gets [0, N̂·U], with U the upper limit of Korn
        and Graubard for the prevalence and N̂ the people counted.

    Returns
    -------
    Estimates
        `quantity` total, `value` in persons (or the outcome's unit); `cases` only where the outcome is 0/1.

    Raises
    ------
    EstimateFault
        FL-EST-10: neither weights nor sampling fractions, so that there is no population to expand to; FL-EST-200:
        weights of mean 1, or `expands=False` in the design; and as in `estimate_prevalence`.

    Notes
    -----
    Y = Σ w y, influence w y. The log interval is Y exp(± t se/Y); it has no value for Y ≤ 0.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0]})
    >>> estimates = fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True))
    >>> estimates.value
    35.0
    """
    call = Call(
        "estimate_total",
        people,
        design,
        by,
        where,
        unknown,
        variance,
        interval,
        df,
        level,
        named=as_list(outcome, "outcome"),
    )
    call.check(GENERAL, get_args(OwnDfRule))
    if not call.resolved.design.weights_known:
        raise EstimateFault(
            "FL-EST-10",
            "a total needs weights that expand to the population",
            found="neither weights nor sampling fractions in the design",
            fix="give Design(weights=…), or fpc= for every stage",
        )

    def made(one: Call) -> Made:
        targets = _targets(one, one.outcomes(outcome, "outcome"))
        return targets, [
            Measure(target=t, top=top, bottom=None, bound=bound) for t in targets.targets for top, bound in bounds_of(t)
        ]

    return estimated(call, made, quantity=TOTAL, check=lambda table: require_binary_for(table, call.unknown))


@method(kind="mean", basis="respondents", family="survey")
def estimate_mean(
    people: Annotated[Any, PEOPLE],
    variable: Names,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    interval: GeneralInterval = "wald",
    df: OwnDfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the mean of a quantity, nationally and by domain.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `estimate_prevalence`.
    variable : str or list of str
        Columns of numbers.
    unknown : {"exclude", "impute"}, optional
        Leave rows with a missing value out (of every variable of the call); or, of people from `fl.impute`, pool the draws of the
        outcomes named (in `variable`, `where` or `by`). Without it a missing value is an error.
    interval : {"wald", "log"}

    Returns
    -------
    Estimates
        `quantity` mean, `value` in the variable's unit.

    Raises
    ------
    EstimateFault
        FL-EST-13: bounds or "no" asked for, which have no meaning for a quantity; and as in `estimate_prevalence`.

    Notes
    -----
    ȳ = Σ w y / Σ w, influence w (y − ȳ)/Σ w.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [1.0, 1, 2, 2], "ea": [1, 1, 2, 2], "hours": [40.0, 44, 50, 60]})
    >>> estimates = fl.estimate_mean(people, "hours", design=fl.Design(weights="w", psu="ea"))
    >>> round(estimates.value, 3)
    50.667
    """
    call = Call(
        "estimate_mean",
        people,
        design,
        by,
        where,
        unknown,
        variance,
        interval,
        df,
        level,
        named=as_list(variable, "variable"),
    )
    call.check(GENERAL, get_args(OwnDfRule))
    only_exclude(unknown, imputed=True)

    def made(one: Call) -> Made:
        targets = _targets(one, one.outcomes(variable, "variable"))
        return targets, [Measure(target=t, top=t.value, bottom=t.counted) for t in targets.targets]

    return estimated(call, made, quantity=MEAN)


@method(kind="ratio", basis="respondents", family="survey")
def estimate_ratio(
    people: Annotated[Any, PEOPLE],
    numerator: Names,
    denominator: Name,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    interval: GeneralInterval = "wald",
    df: OwnDfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the ratio of two totals, such as an unemployment rate: unemployed over labour force.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `estimate_prevalence`.
    numerator : str or list of str
    denominator : str
        Columns of numbers.
    unknown : {"exclude", "impute"}, optional
        Leave out rows where either is missing; or, of people from `fl.impute`, pool the draws of the outcomes named. Without it a
        missing value is an error.
    interval : {"wald", "log"}

    Returns
    -------
    Estimates
        `quantity` ratio, `outcome` ``numerator/denominator``.

    Raises
    ------
    EstimateFault
        As in `estimate_mean`.

    Notes
    -----
    R = Σ w y / Σ w x, influence w (y − R x)/Σ w x.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2], "out": [1, 0, 0, 1], "active": [1, 1, 0, 1]})
    >>> estimates = fl.estimate_ratio(people, "out", "active", design=fl.Design(psu="ea", unweighted=True))
    >>> round(estimates.value, 4)
    0.6667
    """
    call = Call(
        "estimate_ratio", people, design, by, where, unknown, variance, interval, df, level,
        named=[*as_list(numerator, "numerator"), denominator],
    )  # fmt: skip
    call.check(GENERAL, get_args(OwnDfRule))
    only_exclude(unknown, imputed=True)

    def made(one: Call) -> Made:
        targets = _targets(one, one.outcomes(numerator, "numerator"), denominator)
        return targets, [Measure(target=t, top=t.value, bottom=t.denominator) for t in targets.targets]

    return estimated(call, made, quantity=RATIO)


@method(kind="variance", basis="respondents", family="survey")
def estimate_variance(
    people: Annotated[Any, PEOPLE],
    variable: Names,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    interval: GeneralInterval = "wald",
    df: OwnDfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the variance of a quantity over the population, nationally and by domain.

    Use it for how unlike people are (hours, wages); the uncertainty of an estimate is its `se`.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `estimate_prevalence`.
    variable : str or list of str
        Columns of numbers.
    unknown : {"exclude"}, optional
        Leave rows with a missing value out; without it a missing value is an error.
    interval : {"wald", "log"}

    Returns
    -------
    Estimates
        `quantity` variance, `value` in the variable's unit squared; no `deff`.

    Raises
    ------
    EstimateFault
        As in `estimate_mean`.

    Notes
    -----
    S² = n/(n − 1) Σ w (y − ȳ)²/Σ w over the n rows counted, influence n/(n − 1) w ((y − ȳ)² − s²)/Σ w. Where the spread
    is small beside the mean, the rows are read a second time with the mean taken off, so that no digits are lost.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 5.9.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2], "hours": [40.0, 44, 50, 58]})
    >>> estimates = fl.estimate_variance(people, "hours", design=fl.Design(psu="ea", unweighted=True))
    >>> round(estimates.value, 4)
    61.3333
    """
    call = Call(
        "estimate_variance",
        people,
        design,
        by,
        where,
        unknown,
        variance,
        interval,
        df,
        level,
        named=as_list(variable, "variable"),
    )
    call.check(GENERAL, get_args(OwnDfRule))
    only_exclude(unknown, imputed=True)

    def made(one: Call) -> Made:
        targets = _targets(one, one.outcomes(variable, "variable"))
        return targets, [Measure(target=t, top=t.value, bottom=None, square=t.square) for t in targets.targets]

    return estimated(call, made, quantity=VARIANCE)


def _targets(call: Call, outcomes: Sequence[Outcome], denominator: str | None = None) -> Targets:
    return make_targets(
        call.people.read_columns, outcomes, denominator=denominator, where=call.where, unknown=call.treatment,
        weights=call.people.design.weights,
    )  # fmt: skip


def _require_binary(table: DomainTable) -> None:
    """FL-EST-14 where an outcome of a prevalence is no 0/1."""
    not_binary = [cells.measure.target.outcome for cells in table.cells if not cells.binary]
    if not_binary:
        raise EstimateFault(
            "FL-EST-14",
            "a prevalence needs an outcome of 0 and 1",
            found=f"{not_binary[0]!r} holds other numbers",
            fix="use fl.estimate_mean for quantities, or derive a 0/1 column",
        )
