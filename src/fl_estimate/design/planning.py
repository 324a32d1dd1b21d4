"""Planning the next survey: how many people for a rare prevalence, and for a change between two rounds. No data are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.design.intervals import PROPORTION, no_case_limits, proportion, t_quantile
from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.pages.frames import html_pairs

MOST_PEOPLE = 100_000_000
"""Interviews above which a plan is taken as out of reach."""


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """How the people will be drawn: what turns interviews into information."""

    deff: float
    cluster_size: float | None
    icc: float
    strata: int
    population: float | None

    def design_effect(self) -> float:
        return self.deff if self.cluster_size is None else self.deff * (1 + (self.cluster_size - 1) * self.icc)

    def df(self, n: float) -> float:
        return math.inf if self.cluster_size is None else math.ceil(n / self.cluster_size) - self.strata

    def effective(self, n: float) -> float:
        """Interviews under simple random sampling that say as much: n/deff, over 1 − f."""
        left = 1.0 if self.population is None else (self.population - n) / (self.population - 1)
        return math.inf if left <= 0 else n / self.design_effect() / left


@dataclass(frozen=True, kw_only=True, repr=False)
class SamplePlan:
    """What a sample would say about a rare prevalence, one row a domain in `to_frame`.

    Attributes
    ----------
    prevalence, level : float
    interval : str
    n : int
        Interviews in each domain.
    n_total : int
        Interviews in all domains together.
    n_selected : int
        Persons to be selected, so that so many are interviewed.
    clusters : int or None
        Primary sampling units in each domain.
    design_effect, n_effective, df : float
    expected_cases : float
        Interviewed persons in forced labour expected in each domain.
    chance_of_none : float
        That a domain's sample holds no case.
    expected_lower, expected_upper, expected_width : float
        Means over samples of the limits, and of their distance.
    cv : float
        Standard error over prevalence.
    """

    prevalence: float
    level: float
    interval: str
    domains: int
    n: int
    n_total: int
    n_selected: int
    clusters: int | None
    design_effect: float
    n_effective: float
    df: float
    expected_cases: float
    chance_of_none: float
    expected_lower: float
    expected_upper: float
    expected_width: float
    cv: float
    _survey: _Survey
    _response: float

    def to_frame(self) -> pd.DataFrame:
        """The plan as one row."""
        return pd.DataFrame([_public(self)])

    def curve(self, sizes: Sequence[int] | None = None) -> pd.DataFrame:
        """The same for other numbers of interviews in a domain: one row each, from a quarter to four times `n`."""
        chosen = np.unique(np.round(np.geomspace(self.n / 4, self.n * 4, 25)).astype(int)) if sizes is None else sizes
        return pd.DataFrame([_public(self.at(int(size))) for size in chosen])

    def at(self, n: int) -> SamplePlan:
        """The plan with `n` interviews in each domain."""
        return _sample_plan(self.prevalence, n, self._survey, self.domains, self._response, self.interval, self.level)

    def __repr__(self) -> str:
        return _shown("A sample for a prevalence", _public(self))

    def _repr_html_(self) -> str:
        return _html("A sample for a prevalence", _public(self))


def plan_sample(
    prevalence: float,
    *,
    n: int | None = None,
    width: float | None = None,
    cv: float | None = None,
    cases: tuple[int, float] | None = None,
    deff: float = 1.0,
    cluster_size: float | None = None,
    icc: float = 0.0,
    strata: int = 1,
    response: float = 1.0,
    domains: int = 1,
    population: float | None = None,
    interval: Literal[
        "korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "likelihood", "wald"
    ] = "korn-graubard",
    level: float = 0.95,
) -> SamplePlan:
    """Plan the number of interviews for a rare prevalence, or say what a given number would give.

    Use it before a survey: the interval that will be published is what is planned, with its width as expected over all
    samples, those without a case among them. A standard error alone tells little about prevalences of a few per thousand.

    Parameters
    ----------
    prevalence : float
        What is thought to be true, between 0 and 1.
    n : int, optional
        Interviews in each domain. Exactly one of `n`, `width`, `cv`, `cases` is given.
    width : float, optional
        The expected distance between the limits: 0.01 is one percentage point.
    cv : float, optional
        The coefficient of variation, se/prevalence.
    cases : tuple of (int, float), optional
        ``(5, 0.9)``: at least five cases among those interviewed, with a chance of 90 %.
    deff : float
        Design effect; with `cluster_size` that of unequal weights alone.
    cluster_size : float, optional
        Interviews in a primary sampling unit. The design effect is then deff × (1 + (cluster_size − 1) icc), and the
        degrees of freedom are the units less `strata`.
    icc : float
        Correlation between persons of a unit; from the last survey, or try several, such as 0.01, 0.03 and 0.1.
    strata : int
        Strata in each domain.
    response : float
        Share of those selected who are interviewed.
    domains : int
        Domains for which the precision is wanted, each with its own sample.
    population : float, optional
        Persons in each domain, where a large part of them would be interviewed.
    interval : str
        As in `estimate_prevalence`.
    level : float
        Confidence level.

    Returns
    -------
    SamplePlan

    Raises
    ------
    EstimateFault
        FL-EST-240 (a number that cannot be), FL-EST-241 (not exactly one aim), FL-EST-242 (out of reach), FL-EST-16.

    Notes
    -----
    The sample is thought of as n/deff independent answers: the number of cases among them is binomial, and limits are
    computed from each possible number k with se = √(p̂(1 − p̂)/n_e), and, where people are drawn in units or deff is above 1,
    with at most 2k degrees of freedom, those of the variance itself that `estimate_prevalence` takes. Without cases the upper limit is that of n answers, as
    published (deff cannot be estimated then). With `population`, n_e = n/deff × (N − 1)/(N − n).
    cv² = (1 − p)/(p n_e).

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 4. Korn and Graubard (1998), Survey Methodology 24(2), 193-201.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> plan = fl.plan_sample(0.01, cv=0.2, deff=1.5, response=0.8)
    >>> plan.n, plan.n_selected
    (3713, 4642)
    >>> round(fl.plan_sample(0.003, n=4000, cluster_size=10, icc=0.05).expected_width, 5)
    0.00491
    """
    survey = _Survey(deff=deff, cluster_size=cluster_size, icc=icc, strata=strata, population=population)
    _check_sample(prevalence, survey, response, domains, interval, level)
    aims = {"n": n, "width": width, "cv": cv, "cases": cases}
    given = [name for name, aim in aims.items() if aim is not None]
    if len(given) != 1:
        raise EstimateFault(
            "FL-EST-241", "a plan needs exactly one aim", found=listed(given) or "none",
            fix="give n=, width=, cv= or cases=(count, chance)",
        )  # fmt: skip

    def plan(size: int) -> SamplePlan:
        return _sample_plan(prevalence, size, survey, domains, response, interval, level)

    if n is not None:
        _require({"n is a whole number from 2 on": isinstance(n, int | np.integer) and n >= 2})
        return plan(int(n))
    if cases is not None:
        count, chance = cases
        _require({"cases is (a count from 1 on, a chance between 0 and 1)": count >= 1 and 0 < chance < 1})
        return plan(_least(lambda size: _chance_of(count, prevalence, survey, size) >= chance, most=population))
    if cv is not None:
        _require({"cv is above 0": cv > 0})
        return plan(_least(lambda size: _cv(prevalence, survey.effective(size)) <= cv, most=population))
    wanted = float(width or 0)
    _require({"width is between 0 and 1": 0 < wanted < 1})
    return plan(_least(lambda size: plan(size).expected_width <= wanted, most=population))


def _sample_plan(
    p: float, n: int, survey: _Survey, domains: int, response: float, interval: str, level: float
) -> SamplePlan:
    effective, df = survey.effective(n), survey.df(n)
    # Cases that are not independent answers of the same weight stand in few units: the variance has few degrees of freedom.
    few = survey.cluster_size is not None or survey.design_effect() > 1
    lower, upper, none = _expected_limits(p, n, effective, df, interval, level, few=few)
    return SamplePlan(
        prevalence=p,
        level=level,
        interval=interval,
        domains=domains,
        n=n,
        n_total=n * domains,
        n_selected=math.ceil(n * domains / response - 1e-9),
        clusters=None if survey.cluster_size is None else math.ceil(n / survey.cluster_size),
        design_effect=survey.design_effect(),
        n_effective=effective,
        df=df,
        expected_cases=n * p,
        chance_of_none=none,
        expected_lower=lower,
        expected_upper=upper,
        expected_width=upper - lower,
        cv=_cv(p, effective),
        _survey=survey,
        _response=response,
    )


def _expected_limits(
    p: float, n: int, effective: float, df: float, interval: str, level: float, *, few: bool
) -> tuple[float, float, float]:
    """Means of both limits over the number of cases, and the chance of none.

    With `few`, k effective cases give the variance 2k degrees of freedom of its own, as many as k units with equal totals.
    """
    if math.isinf(effective):
        return p, p, 0.0
    size = max(effective, 1.0)
    spread = math.sqrt(size * p * (1 - p))
    # The binomial with a size that need not be whole, and its mass far from the mean left out.
    low, high = (
        max(0, math.floor(size * p - 12 * spread - 12)),
        min(math.floor(size), math.ceil(size * p + 12 * spread + 12)),
    )
    k = np.arange(low, high + 1, dtype=float)
    logs = special.gammaln(size + 1) - special.gammaln(k + 1) - special.gammaln(size - k + 1)
    mass = np.exp(logs + special.xlogy(k, p) + special.xlog1py(size - k, -p))
    mass /= mass.sum()
    value = np.minimum(k / size, 1.0)
    se = np.sqrt(value * (1 - value) / size)
    people, most = np.full(len(k), float(n)), np.full(len(k), df if df > 0 else np.nan)
    freedom = np.where(k > 0, np.minimum(most, 2 * k), most) if few else most
    lower, upper = proportion(interval, value, se, people, freedom, level)
    reach = no_case_limits(people, freedom, level)
    lower = np.where(value <= 0, 0.0, np.where(value >= 1, 1 - reach, lower))
    upper = np.where(value <= 0, reach, np.where(value >= 1, 1.0, upper))
    none = float(mass[0]) if low == 0 else 0.0
    return float(mass @ lower), float(mass @ upper), none


def _cv(p: float, effective: float) -> float:
    return math.sqrt((1 - p) / (p * effective))


def _chance_of(count: int, p: float, survey: _Survey, n: int) -> float:
    """Chance of `count` cases or more among those interviewed: each of the n/deff independent answers stands for deff."""
    effective = survey.effective(n)
    if math.isinf(effective):
        return 1.0
    needed = math.ceil(count / survey.design_effect() - 1e-9)
    return float(special.betainc(needed, effective - needed + 1, p)) if effective >= needed else 0.0


def _least(reached: Callable[[int], bool], most: float | None = None) -> int:
    """The least number of interviews that reaches an aim, by doubling and halving, and a walk down over small steps."""
    top = int(most) if most is not None else MOST_PEOPLE
    high = 2
    while not reached(high):
        if high >= top:
            raise EstimateFault(
                "FL-EST-242", "no number of interviews reaches this aim", found=f"up to {top:,} tried",
                fix="a wider interval, a larger effect, fewer persons a unit, or fewer strata",
            )  # fmt: skip
        high = min(2 * high, top)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@dataclass(frozen=True, kw_only=True, repr=False)
class ChangePlan:
    """What two rounds of a survey would say about a change.

    Attributes
    ----------
    before, after : float
        The prevalences.
    n : int
        Interviews in each round.
    n_selected : int
        Persons to be selected in each round.
    se : float
        Of the difference.
    power : float
        Chance that the test finds the change.
    smallest : float
        The smallest change that n finds with the power asked for (0.8 where none was).
    """

    before: float
    after: float
    n: int
    n_selected: int
    design_effect: float
    se: float
    df: float
    power: float
    smallest: float
    level: float
    sides: int

    def to_frame(self) -> pd.DataFrame:
        """The plan as one row."""
        return pd.DataFrame([_public(self)])

    def __repr__(self) -> str:
        return _shown("Two rounds for a change", _public(self))

    def _repr_html_(self) -> str:
        return _html("Two rounds for a change", _public(self))


def plan_change(
    before: float,
    after: float,
    *,
    n: int | None = None,
    power: float | None = None,
    deff: float = 1.0,
    cluster_size: float | None = None,
    icc: float = 0.0,
    strata: int = 1,
    overlap: float = 0.0,
    correlation: float = 0.0,
    response: float = 1.0,
    level: float = 0.95,
    sides: Literal[1, 2] = 2,
) -> ChangePlan:
    """Plan two rounds of a survey that are to show a change of prevalence, or say what given rounds would show.

    Parameters
    ----------
    before, after : float
        Prevalences of the two rounds.
    n : int, optional
        Interviews in each round; or
    power : float, optional
        the chance with which the change is to be found. Exactly one of both.
    deff, cluster_size, icc, strata, response
        As in `plan_sample`; with `cluster_size` the test is on t with the units less strata of one round.
    overlap : float
        Share of the primary sampling units (or of persons) that are in both rounds.
    correlation : float
        Between the two estimates of the overlapping part.
    level : float
        1 − the chance of finding a change where there is none.
    sides : {1, 2}
        Whether a change in the other direction would be looked for too.

    Returns
    -------
    ChangePlan

    Raises
    ------
    EstimateFault
        FL-EST-240, FL-EST-241, FL-EST-242.

    Notes
    -----
    se² = deff (p_1 q_1 + p_2 q_2 − 2 overlap × correlation √(p_1 q_1 p_2 q_2))/n. Power: Φ(|p_2 − p_1|/se − z), and for two
    sides Φ(−|p_2 − p_1|/se − z) besides; with t in the place of z, and a t distribution, where there are few units.

    References
    ----------
    Kish (1965), Survey Sampling, ch. 12.4. Lohr (2022), Sampling: Design and Analysis, ch. 2.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.plan_change(0.02, 0.01, power=0.8).n
    2316
    >>> round(fl.plan_change(0.02, 0.01, n=2316, deff=2).power, 3)
    0.509
    """
    survey = _Survey(deff=deff, cluster_size=cluster_size, icc=icc, strata=strata, population=None)
    for name, value in (("before", before), ("after", after)):
        _check_sample(value, survey, response, 1, "wald", level, name=name)
    _require(
        {
            "before and after differ": before != after,
            "overlap is from 0 to 1": 0 <= overlap <= 1,
            "correlation is from −1 to 1": -1 <= correlation <= 1,
            "sides is 1 or 2": sides in (1, 2),
            "power is between 0 and 1": power is None or 0 < power < 1,
            "n is a whole number from 2 on": n is None or (isinstance(n, int | np.integer) and n >= 2),
        }
    )
    if (n is None) == (power is None):
        raise EstimateFault(
            "FL-EST-241", "a plan needs exactly one aim", found="n and power" if n is not None else "none",
            fix="give n=, or power=",
        )  # fmt: skip

    def se(size: int, other: float) -> float:
        one, two = before * (1 - before), other * (1 - other)
        shared = 2 * overlap * correlation * math.sqrt(one * two)
        return math.sqrt(survey.design_effect() * max(one + two - shared, 0.0) / size)

    def chance(size: int, other: float) -> float:
        return _power(abs(other - before), se(size, other), survey.df(size), level, sides)

    size = int(n) if n is not None else _least(lambda tried: chance(tried, after) >= (power or 0.8))
    return ChangePlan(
        before=before,
        after=after,
        n=size,
        n_selected=math.ceil(size / response - 1e-9),
        design_effect=survey.design_effect(),
        se=se(size, after),
        df=survey.df(size),
        power=chance(size, after),
        smallest=_smallest(lambda other: chance(size, other), before, after, power or 0.8),
        level=level,
        sides=sides,
    )


def _power(difference: float, se: float, df: float, level: float, sides: int) -> float:
    if not df > 0:
        return 0.0
    if se == 0:
        return 1.0
    tail = level if sides == 2 else 2 * level - 1
    edge = float(t_quantile(tail, np.array([df]))[0])
    below: Callable[[float], float] = (
        (lambda x: float(special.ndtr(x))) if math.isinf(df) else (lambda x: float(special.stdtr(df, x)))
    )
    result = below(difference / se - edge)
    return result + below(-difference / se - edge) if sides == 2 else result


def _smallest(chance: Callable[[float], float], before: float, after: float, wanted: float) -> float:
    """The smallest change, towards `after`, that is found with the chance wanted; NaN where none is."""
    end = 0.0 if after < before else 1.0
    near, far = before, end
    if chance(far) < wanted:
        return math.nan
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (near, middle) if chance(middle) >= wanted else (middle, far)
    return abs(far - before)


def _check_sample(
    p: float, survey: _Survey, response: float, domains: int, interval: str, level: float, name: str = "prevalence"
) -> None:
    if interval not in PROPORTION:
        raise not_one_of("FL-EST-16", "this interval for plan_sample", interval, PROPORTION)
    size = survey.cluster_size
    _require(
        {
            f"{name} is between 0 and 1": 0 < p < 1,
            "deff is above 0": survey.deff > 0,
            "cluster_size is from 1 on": size is None or size >= 1,
            "icc is from 0 to 1, and needs cluster_size": 0 <= survey.icc <= 1
            and (size is not None or survey.icc == 0),
            "strata is from 1 on": survey.strata >= 1,
            "response is above 0 and at most 1": 0 < response <= 1,
            "domains is a whole number from 1 on": domains >= 1 and int(domains) == domains,
            "population is 2 or more": survey.population is None or survey.population >= 2,
            "level is between 0 and 1": 0 < level < 1,
        }
    )


def _require(rules: dict[str, bool]) -> None:
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise EstimateFault("FL-EST-240", "a plan cannot be made of these numbers", found=f"not true: {listed(broken)}")


def _public(plan: Any) -> dict[str, Any]:
    return {item.name: getattr(plan, item.name) for item in fields(plan) if not item.name.startswith("_")}


def _value_text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return "∞" if math.isinf(value) else f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _shown(title: str, values: dict[str, Any]) -> str:
    width = max(len(name) for name in values)
    return "\n".join([title, *(f"  {name:<{width}}  {_value_text(value)}" for name, value in values.items())])


def _html(title: str, values: dict[str, Any]) -> str:
    return html_pairs(title, [(name, _value_text(value)) for name, value in values.items()])
