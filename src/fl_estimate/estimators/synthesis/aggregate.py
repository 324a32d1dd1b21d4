"""From countries to regions and the world: totals of persons, with the error of the countries that nobody surveyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, labels_shown, listed, not_one_of, shown
from fl_estimate.estimators.synthesis.arithmetic import effective_df
from fl_estimate.estimators.synthesis.between import Spread, between_sd
from fl_estimate.estimators.synthesis.country_tables import (
    Surveys,
    by_country,
    other_column,
    read_surveys,
    require_complete,
)
from fl_estimate.estimators.synthesis.reading import Floats, reasons_without_limits, require_choice
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_POPULATION_KNOWN,
    PARTS_INDEPENDENT,
    PREVALENCE,
    TOTAL,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import NOT_IN_FILE, FromFile, Level, NotNegative, Positive, Some

Between = Literal["region", "pooled"]
AGGREGATE = MethodName("aggregate")
COVERED_SHARE = AssumptionCode("covered_share", "percent")
COUNTRIES_EXCHANGEABLE = AssumptionCode("countries_exchangeable")
BETWEEN_COUNTRIES: dict[str, AssumptionCode] = {
    how: AssumptionCode(f"between_countries_{how}") for how in ("region", "pooled", "given")
}
COUNTRIES_WITHOUT_ERROR = AssumptionCode("countries_without_error", "countries")
FEW_COUNTRIES = ReasonCode("few_countries_surveyed", "surveyed")
ROUNDED_AT_THE_END = AssumptionCode("rounded_at_the_end", "to")


@dataclass(frozen=True, kw_only=True)
class Group:
    """A region: persons, rate, and the variance of the total in its two parts."""

    name: Any
    population: float
    covered: float
    surveyed: int
    countries: int
    rate: float
    sampling: float
    prediction: float
    between: float
    df: float
    kept_off_zero: bool = False

    @property
    def total(self) -> float:
        return self.population * self.rate

    @property
    def variance(self) -> float:
        return self.sampling + self.prediction


@method(kind=None, basis=None, family="synthesis")
def aggregate(
    estimates: Annotated[Estimates | Mapping[Any, Estimates] | Any, NOT_IN_FILE],
    population: Annotated[Any, FromFile(keyed=("by",), column="population", whole=False)],
    groups: Annotated[Any, FromFile(keyed=("by",), column="region", number=False, whole=False)],
    *,
    quantity: Literal["total", "prevalence"] = "total",
    between: Between | NotNegative | Annotated[Mapping[Any, NotNegative], Some] = "region",
    measure: str | None = None,
    universe: str | None = None,
    reference_period: str | None = None,
    round_to: Positive | None = None,
    interval: Literal["wald", "log"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Add countries up to regions and regions to the world, whether or not each country had a survey.

    A country without a survey is given the rate of its region's surveyed countries, and the region's total carries the
    error of doing so. The model is exchangeability: where the countries nobody surveyed are poorer or closed, the total
    is biased and no interval shows it.

    Parameters
    ----------
    estimates : Estimates, mapping or frame
        Prevalences (or totals) of the surveyed countries: Estimates with one by-column; a mapping of country to Estimates,
        of which the national row is taken; or a frame with the country's column, `value` (a proportion) and `se`.
    population : frame
        The country's column and `population`, in persons, of *every* country.
    groups : frame
        The country's column and one more: its region.
    quantity : {"total", "prevalence"}
        Of the result. A region's prevalence is its total over its population.
    between : {"region", "pooled"}, number or mapping of region to number
        Standard deviation of true rates between the countries of a region (a proportion): estimated in each region,
        estimated within regions and pooled, or given. It must be given, or pooled, where fewer than two were surveyed.
    measure, universe, reference_period : str, optional
        Say once what all countries' figures speak of, where their descriptions differ.
    round_to : number, optional
        Round values and limits to multiples of this at the very end; the whole is the sum of what is not rounded.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        The whole first, then every region. `.diagnostics["groups"]` holds, by region, the population and the share of
        it covered by surveys, the countries, and the two parts of the variance.

    Raises
    ------
    EstimateFault
        FL-EST-25: the countries' figures speak of different things; FL-EST-190: tables that do not fit together;
        FL-EST-191: a region without any survey, or without a standard deviation between countries; FL-EST-187, FL-EST-188.

    Notes
    -----
    Region with population P, surveyed countries A (P_A persons), others U, a_c = P_c / P_A for c in A:

        T = P Σ_A a_c p_c,   Var(T) = P² Σ_A a_c² V_c + s² [P_U² Σ_A a_c² + Σ_U P_c²]

    s² = max(0, variance of the p_c, divisor |A| − 1, less the mean of V_c). With up to four surveyed countries that is 0 nearly
    half the time, and s is at least the maximum of the likelihood under a penalty that is 0 at s = 0 (gamma(2, λ → 0)): the rows say so.
    Limits take t with Satterthwaite's degrees of freedom of both parts. With K = P_U² Σ_A a_c² + Σ_U P_c², d = |A| − 1, V̄ the mean of
    V_c, and d_c the degrees of freedom of a survey,

        Var(T)² / [K² (s² + V̄)²/d + P⁴ Σ_A a_c⁴ V_c²/d_c],   at least min(d, Satterthwaite's of the surveys alone),

    since what was estimated with d degrees of freedom is s² + V̄, not s². Where most of a region is covered by surveys these are many,
    where little is they are d. Regions are independent: their squared errors add.

    References
    ----------
    Rao and Molina (2015), Small Area Estimation, 2nd ed., ch. 5 and 7, for prediction of areas without a sample. Chung and
    others (2013), Psychometrika 78(4), 685-709, for the penalty. Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> surveys = pd.DataFrame({"country": ["A", "B", "D"], "value": [0.003, 0.005, 0.002], "se": 0.0005})
    >>> people = pd.DataFrame({"country": list("ABCD"), "population": [10e6, 20e6, 5e6, 8e6]})
    >>> regions = pd.DataFrame({"country": list("ABCD"), "region": ["North", "North", "North", "South"]})
    >>> world = fl.synthesis.aggregate(surveys, people, regions)
    >>> round(world.national.value), round(world["North"].value), round(world["South"].value)
    (167667, 151667, 16000)
    """
    require_choice(interval, level)
    if quantity not in (TOTAL, PREVALENCE):
        raise not_one_of("FL-EST-186", "this quantity", quantity, (TOTAL, PREVALENCE))
    if round_to is not None and not round_to > 0:
        raise EstimateFault(
            "FL-EST-188", "a setting is out of range", found=f"round_to={shown(round_to)}", fix="above 0"
        )
    surveys = read_surveys(
        estimates, population, {"measure": measure, "population": universe, "reference_period": reference_period}
    )
    persons = by_country(population, surveys.by, "population")
    region_column = other_column(groups, surveys.by)
    regions = by_country(groups, surveys.by, region_column)
    require_complete(surveys, persons, regions)
    spread = _between(between, surveys, persons, regions)
    found = [_group(name, surveys, persons, regions, spread[name]) for name in _ordered(regions.values())]
    return _answer(
        surveys, found, region_column, quantity, between, round_to, interval, level, _rests_on(surveys, found, regions)
    )


def _rests_on(surveys: Surveys, found: list[Group], regions: Mapping[Any, Any]) -> tuple[list[str], Support]:
    """Basis and support of the whole and of each region: the smallest part of their surveyed countries."""
    every = list(enumerate(surveys.value))
    groups = [[position for position, _ in every]]
    groups += [[position for position, country in every if regions[country] == group.name] for group in found]
    bases = [[surveys.bases[position] for position in group] for group in groups]
    parts = [
        Support.least_known([surveys.support.take([position]) for position in group], of)
        for group, of in zip(groups, bases, strict=True)
    ]
    return [weakest(of) for of in bases], Support.joined(parts)


def _between(
    between: Any, surveys: Surveys, persons: Mapping[Any, Any], regions: Mapping[Any, Any]
) -> dict[Any, Spread]:
    """How far the countries of each region differ."""
    names = _ordered(regions.values())
    rates = {name: _rates(name, surveys, persons, regions) for name in names}
    if isinstance(between, str):
        if between not in ("region", "pooled"):
            raise not_one_of("FL-EST-191", "this way to know how far countries differ", between, ("region", "pooled"))
        own = {name: of for name, of in rates.items() if len(of[0]) > 1}
        if between == "pooled" and own:
            return dict.fromkeys(names, between_sd(list(own.values())))
        found = {name: between_sd([of]) for name, of in own.items()}
    else:
        given = dict(between) if isinstance(between, Mapping) else dict.fromkeys(names, between)
        wrong = [
            f"{labels_shown([name])}: {shown(x)}"
            for name, x in given.items()
            if not (isinstance(x, int | float) and np.isfinite(x) and x >= 0)
        ]
        if wrong:
            raise EstimateFault("FL-EST-188", "a setting is out of range", found=f"between: {listed(wrong)}",
                                fix="a standard deviation of proportions, 0 or more")  # fmt: skip
        found = {name: Spread(sd=float(x)) for name, x in given.items() if x is not None}
    whole = {name for name in names if all(c in surveys.value for c, r in regions.items() if r == name)}
    absent = [str(name) for name in names if name not in found and name not in whole]
    if absent:
        raise EstimateFault(
            "FL-EST-191", "how far the countries of a region differ is not known, and some had no survey",
            found=listed(absent),
            fix='give between={region: standard deviation}, or between="pooled"; 0 is never taken in silence',
        )  # fmt: skip
    return {name: found.get(name, Spread(sd=0.0)) for name in names}


def _rates(
    name: Any, surveys: Surveys, persons: Mapping[Any, Any], regions: Mapping[Any, Any]
) -> tuple[Floats, Floats]:
    """Rates of the surveyed countries of a region, and their sampling variances."""
    countries = [c for c, region in regions.items() if region == name and c in surveys.value]
    per = [persons[c] if surveys.totals else 1.0 for c in countries]
    p = np.array([surveys.value[c] for c in countries]) / np.array(per)
    return p, (np.array([surveys.se[c] for c in countries]) / np.array(per)) ** 2


def _group(
    name: Any,
    surveys: Surveys,
    persons: Mapping[Any, Any],
    regions: Mapping[Any, Any],
    spread: Spread,
) -> Group:
    inside = [c for c, region in regions.items() if region == name]
    surveyed = [c for c in inside if c in surveys.value]
    if not surveyed:
        raise EstimateFault(
            "FL-EST-191", "no country of a region was surveyed, so that nothing is known of it", found=str(name),
            fix="join it to a region that it is like, or leave its countries out and say so",
        )  # fmt: skip
    p, v = _rates(name, surveys, persons, regions)
    of_a = np.array([float(persons[c]) for c in surveyed])
    of_u = np.array([float(persons[c]) for c in inside if c not in surveys.value])
    share = of_a / of_a.sum()
    population = float(of_a.sum() + of_u.sum())
    sampling = population**2 * float((share**2 * v).sum())
    factor = float(of_u.sum()) ** 2 * float((share**2).sum()) + float((of_u**2).sum())
    prediction = spread.sd**2 * factor
    own_df = np.array([surveys.df[c] for c in surveyed])
    from_surveys = float(effective_df(list(share * np.sqrt(v)), list(own_df))[0])
    within = float(((population * share) ** 4 * v**2 / own_df).sum())
    below = within + (factor * (spread.sd**2 + spread.error)) ** 2 / spread.df
    both = (sampling + prediction) ** 2 / below if below > 0 else np.inf
    return Group(
        name=name,
        population=population,
        covered=float(of_a.sum()) / population,
        surveyed=len(surveyed),
        countries=len(inside),
        rate=float((share * p).sum()),
        sampling=sampling,
        prediction=prediction,
        between=spread.sd,
        kept_off_zero=spread.kept_off_zero and bool(len(of_u)),
        df=max(both, min(spread.df, from_surveys)) if len(of_u) else from_surveys,
    )


def _answer(
    surveys: Surveys, groups: list[Group], region_column: str, quantity: str, between: Any, round_to: float | None,
    interval: str, level: float, rests: tuple[list[str], Support],
) -> Estimates:  # fmt: skip
    """The whole, then its regions, each with limits of its own."""
    people = np.array([sum(g.population for g in groups), *(g.population for g in groups)])
    totals = np.array([g.total for g in groups])
    variances = np.array([g.variance for g in groups])
    value = np.array([totals.sum(), *totals])
    se = np.sqrt(np.array([variances.sum(), *variances]))
    own_df = np.array([g.df for g in groups])
    df = np.array([float(effective_df(list(np.sqrt(variances)), list(own_df))[0]), *own_df])
    scale = 1.0 if quantity == TOTAL else people
    value, se = value / scale, se / scale
    error = np.where(se > 0, se, np.nan)
    low, high = general(interval, value, error, df, level)
    if round_to is not None:
        value, low, high = (np.round(x / round_to) * round_to for x in (value, low, high))
    n = len(value)
    columns: dict[str, Any] = {
        "outcome": surveys.outcome, "margin": ["", *[region_column] * len(groups)], "value": value, "se": error, "lower": low,
        "upper": high, "level": level, "df": df, "interval_kind": [interval if np.isfinite(x) else "" for x in low],
    }  # fmt: skip
    matrix = np.diag(np.array([variances.sum(), *variances])) / np.outer(scale * np.ones(n), scale * np.ones(n))
    matrix[0, 1:] = matrix[1:, 0] = variances / (scale * np.ones(n))[0] / (scale * np.ones(n))[1:]
    arguments = {
        "quantity": quantity, "between": str(between), "round_to": round_to, "interval": interval, "level": level,
    }  # fmt: skip
    return build(
        columns,
        {region_column: [None, *(g.name for g in groups)]},
        quantity=Quantity.of(quantity),
        method=AGGREGATE,
        basis=rests[0],
        recipe=Recipe(
            measure=surveys.about["measure"],
            population=surveys.about["population"],
            period=Period(surveys.about["reference_period"]),
            assumptions=_assumptions(surveys, groups, between, round_to),
            provenance=Provenance(call="synthesis.aggregate", arguments=arguments, source_name=surveys.source),
        ),
        reasons=[*reasons_without_limits(error, low, interval), *_kept_off(groups)],
        diagnostics={"groups": {str(g.name): _group_diagnostics(g) for g in groups}},
        covariance=matrix if np.isfinite(matrix).all() else None,
        support=rests[1],
    )


def _kept_off(groups: list[Group]) -> list[Reason]:
    """Rows of regions with few surveyed countries, and the whole that they are part of."""
    few = [position for position, group in enumerate(groups, 1) if group.kept_off_zero]
    return [
        FEW_COUNTRIES.at(row, surveyed=min(groups[position - 1].surveyed for position in few) if row == 0 else groups[row - 1].surveyed)
        for row in ([0, *few] if few else [])
    ]  # fmt: skip


def _assumptions(surveys: Surveys, groups: list[Group], between: Any, round_to: float | None) -> tuple[Assumption, ...]:
    covered = sum(g.covered * g.population for g in groups) / sum(g.population for g in groups)
    assumptions = [COVERED_SHARE.assume(percent=round(100 * covered, 1))]
    if covered < 1:
        assumptions.append(COUNTRIES_EXCHANGEABLE.assume())
        assumptions.append(BETWEEN_COUNTRIES[between if isinstance(between, str) else "given"].assume())
    assumptions += [AREA_POPULATION_KNOWN.assume(), PARTS_INDEPENDENT.assume()]
    certain = [str(country) for country, se in surveys.se.items() if se == 0]
    if certain:  # a survey without a case has no error of its own; nobody knows its country to have none
        assumptions.append(COUNTRIES_WITHOUT_ERROR.assume(countries=", ".join(certain)))
    if round_to is not None:
        assumptions.append(ROUNDED_AT_THE_END.assume(to=float(round_to)))
    return tuple(assumptions)


def _group_diagnostics(g: Group) -> dict[str, Any]:
    return {
        "population": g.population, "covered_share": g.covered, "countries": g.countries, "surveyed": g.surveyed,
        "between_sd": g.between, "variance_sampling": g.sampling, "variance_prediction": g.prediction, "df": g.df,
    }  # fmt: skip


def _ordered(values: Any) -> list[Any]:
    return sorted(set(values), key=str)
