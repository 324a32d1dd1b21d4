"""Adaptive cluster sampling: where a unit meets a condition its neighbours are added, so that rare and clustered people are met."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import GENERAL, general
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.designs.adaptive_probabilities import horvitz_thompson, inclusion
from fl_estimate.estimators.hidden.designs.adaptive_sample import AdaptiveColumns, AdaptiveSample, read_sample
from fl_estimate.estimators.hidden.designs.limits import require_choices
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_ratio, estimate_total
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    INTERVAL_NOT_DEFINED,
    MEAN,
    RATIO,
    TOTAL,
    ZERO_CASES,
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
from fl_estimate.results.roles import FromFile, Level, Neighbours, OneOf, Positive

Estimator = Literal["hansen-hurwitz", "horvitz-thompson"]
METHODS: dict[str, MethodName] = {
    name: MethodName(f"adaptive-{name}", chooses_people=True, named=True) for name in get_args(Estimator)
}
QUANTITIES: dict[str, Quantity] = {"total": TOTAL, "mean": MEAN, "ratio": RATIO}
NETWORKS_COMPLETE = AssumptionCode("networks_complete")
NETWORKS_CUT = AssumptionCode("networks_cut")
NEIGHBOURS_SYMMETRIC = AssumptionCode("neighbours_symmetric")
INITIAL_RANDOM = AssumptionCode("initial_sample_simple_random", "drawn", "population")
NETWORKS_OPEN = ReasonCode("networks_open", "ends")
ONE_UNIT_A_STRATUM = "one unit was drawn in a stratum, so that no pair of networks in it has a probability"


@method(kind="adaptive_cluster", basis="respondents", family="hidden")
def adaptive_cluster(
    units: Annotated[Any, FromFile(keyed=("unit", "variable", "initial"))],
    variable: str,
    *,
    initial: str,
    population: Positive | str,
    unit: str = "unit",
    threshold: Annotated[
        float | None, OneOf("condition", "one of threshold and condition says when neighbours are added")
    ] = None,
    condition: str | None = None,
    network: str | None = None,
    neighbours: Annotated[Any, Neighbours(keyed="unit")] = None,
    grid: tuple[str, str] | None = None,
    neighbourhood: Literal["rook", "queen"] = "rook",
    bounds: tuple[float, float, float, float] | None = None,
    estimator: Estimator = "hansen-hurwitz",
    quantity: Literal["total", "mean", "ratio"] = "total",
    denominator: str | None = None,
    strata: str | None = None,
    psu: str | None = None,
    psus: Positive | str | None = None,
    crossing: Literal["follow", "cut"] = "follow",
    open_ends: Literal["error", "accept"] = "error",
    outcome: str = "",
    population_name: str = "",
    reference_period: str = "",
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate from an adaptive cluster sample: a random sample of units, and around those that meet a condition all their neighbours, on and on.

    Use it where those sought are few and live or work close together: enumeration areas, blocks, workplaces on a map. A mean
    of all units that were visited is biased, since units near cases are visited more readily.

    Parameters
    ----------
    units : frame
        One row a unit that was visited, drawn at first or added. Rows of other units do no harm.
    variable : str
        Column of what is counted in each unit (persons in forced labour, households), or 0/1. Missing values are refused.
    initial : str
        0/1 column: 1 where the unit was drawn in the initial sample.
    population : number or str
        Units in the population; a column of them where there are strata (those of the stratum) or two stages (those of the unit's PSU).
    unit : str, default "unit"
        Column of the names of units, by which neighbours are found.
    threshold, condition : number, str
        When neighbours are added: where `variable` is at least `threshold`, or where an expression is true (``"cases >= 2"``).
    network : str, optional
        Column of the network that each unit was found to belong to, where the field work says it; missing: a unit of its own.
    neighbours : frame or mapping, optional
        A table of the columns `unit` and ``neighbour``, an edge once or in both directions; or a mapping to lists.
    grid : tuple of str, optional
        Two columns of whole numbers, the column and row of a cell of a grid.
    neighbourhood : {"rook", "queen"}
        Of a cell: four cells that share a side, or also the four that share a corner.
    bounds : tuple of float, optional
        First column, first row, last column, last row of the grid: what lies outside is not in the population.
    estimator : {"hansen-hurwitz", "horvitz-thompson"}
        By how often a network is met, or by whether it is. The second is usually the more precise.
    quantity : {"total", "mean", "ratio"}
        Of `variable` over the population, a unit of it, or over the total of `denominator`.
    denominator : str, optional
        Column of persons of each unit, for a prevalence: needed with ``quantity="ratio"``.
    strata : str, optional
        Column of strata of the initial sample.
    psu, psus : str, number or str
        Column of primary sampling units where these were drawn first and units within them; and how many there are, in all or in a
        column of those of the stratum.
    crossing : {"follow", "cut"}
        What becomes of a network that crosses strata, or PSUs: kept whole, as it was followed (one stage); or cut at the border, as where the field
        work stops there. With two stages a network that crosses is refused unless it is cut.
    open_ends : {"error", "accept"}
        What to do where a unit of a network has a neighbour in no row: the network was not followed there, and the figure is biased.
    outcome, population_name, reference_period : str
        What is counted, in whom and when: for the tables.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        One row; method "adaptive-hansen-hurwitz" or "adaptive-horvitz-thompson". `n` counts the units whose networks were met at first;
        `cases` those of them where `variable` is not 0, if it is 0/1.

    Raises
    ------
    EstimateFault
        FL-EST-670: a column that is not known of every unit, or not of its kind; FL-EST-671: whether a unit meets the condition is not known; FL-EST-672: neither or several of
        network, neighbours and grid; FL-EST-673: a unit that stands twice, or no initial unit; FL-EST-674: a population smaller than the sample; FL-EST-675: networks
        that were not followed to their end; FL-EST-676: networks that cross PSUs; FL-EST-677: settings that do not go together; FL-EST-678: one unit in a stratum.
    DesignFault
        FL-DESIGN-12: one unit in a stratum (Hansen–Hurwitz).

    Notes
    -----
    A network is a set of units that meet the condition and are joined by neighbours; any other unit is one by itself, so that units at the
    edge which were met on the way count for nothing. With y*_k the sum over network k, π the probability of a unit in the initial sample:
    Hansen–Hurwitz T = Σ_{i in s0} y*_k(i)/Σ_{j in k(i)} π_j, a total of initial units, whose variance is that of their design, with its finite population; where π is equal
    the network's mean takes the place of the unit's value. Horvitz–Thompson T = Σ_k y*_k/α_k over networks that were met,
    V = Σ_j Σ_k y*_j y*_k (1/(α_j α_k) − 1/α_jk). Both, and both variances, are unbiased under
    simple random sampling without replacement of units, in strata, or of PSUs and of units in them.

    References
    ----------
    Thompson (1990), Journal of the American Statistical Association 85, 1050-1059; (1991), Biometrika 78, 389-397 (strata). Thompson and Seber (1996),
    Adaptive Sampling, ch. 4. Salehi and Seber (1997), Biometrics 53, 959-970 (two stages).

    Examples
    --------
    Five units in a row, two drawn; the fourth meets the condition, and its neighbours are added.

    >>> import fl_estimate as fl, pandas as pd
    >>> units = pd.DataFrame({"unit": [1, 3, 4, 5], "cases": [1, 2, 10, 1000], "first": [1, 0, 1, 0]})
    >>> line = {1: [2], 2: [3], 3: [4], 4: [5]}
    >>> mean = fl.hidden.adaptive_cluster(units, "cases", initial="first", population=5, neighbours=line, threshold=5, quantity="mean")
    >>> mean.value
    253.0
    """
    _check_choices(estimator, quantity, denominator, psu, psus, interval, level)
    said = AdaptiveColumns(
        variable=variable, initial=initial, population=population, unit=unit, threshold=threshold, condition=condition,
        network=network, neighbours=neighbours, grid=grid, neighbourhood=neighbourhood, bounds=bounds,
        denominator=denominator, strata=strata, psu=psu, psus=psus, crossing=crossing, open_ends=open_ends,
    )  # fmt: skip
    sample = read_sample(units, said)
    # First, for it says what is wrong where no pair of networks has a probability.
    of_networks = _of_networks(sample, quantity) if estimator == "horvitz-thompson" else None
    by_score = _hansen_hurwitz(sample, _scores(sample), quantity, interval, level)
    value, se = of_networks or (float(by_score.value), float(by_score.se))
    told = Recipe(
        population=population_name,
        period=Period(reference_period),
        assumptions=_assumed(sample, crossing),
        provenance=Provenance(
            call="hidden.adaptive_cluster", arguments=_recorded(said, estimator, quantity, interval, level)
        ),
    )
    return _laid_out(
        sample,
        by_score,
        (value, se),
        told,
        METHODS[estimator],
        QUANTITIES[quantity],
        outcome or variable,
        interval,
        level,
    )


def _recorded(said: AdaptiveColumns, estimator: str, quantity: str, interval: str, level: float) -> dict[str, Any]:
    """The arguments for the record; tables are not part of it."""
    known = {item.name: getattr(said, item.name) for item in fields(said) if item.name != "neighbours"}
    known = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
    return {**known, "estimator": estimator, "quantity": quantity, "interval": interval, "level": level}


def _check_choices(
    estimator: str, quantity: str, denominator: str | None, psu: str | None, psus: Any, interval: str, level: float
) -> None:
    require_choices(
        {"estimator": (estimator, get_args(Estimator)), "quantity": (quantity, tuple(QUANTITIES)), "interval": (interval, GENERAL)}, level
    )  # fmt: skip
    faults = {
        'quantity="ratio" without denominator=': quantity == "ratio" and denominator is None,
        f"denominator= with quantity={shown(quantity)}": quantity != "ratio" and denominator is not None,
        "psu= without psus=, the number of PSUs in the population": psu is not None and psus is None,
        "psus= without psu=": psu is None and psus is not None,
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise EstimateFault(
            "FL-EST-677", "settings of an adaptive cluster sample do not go together", found="; ".join(found),
            fix='quantity="ratio" with denominator="persons"; psu="area" with psus=120, or the column that holds it',
        )  # fmt: skip


def _scores(sample: AdaptiveSample) -> pd.DataFrame:
    """The initial units with their share of what their networks hold, and the columns of their design."""
    networks, groups = sample.networks, sample.groups
    used = networks.used
    probability = np.where(used, groups.sample.unit_probability[np.maximum(groups.code, 0)], 0.0)
    count = int(networks.network.max(initial=0)) + 1
    together = np.bincount(networks.network, weights=probability, minlength=count)
    at = networks.network[networks.initial]
    share = probability[networks.initial] / together[at]
    sums = [
        np.bincount(networks.network, weights=np.where(used, each, 0.0), minlength=count)
        for each in (sample.values, sample.below)
    ]
    frame = pd.DataFrame({"score": share * sums[0][at], "below": share * sums[1][at]})
    code = groups.code[networks.initial]
    frame["stratum"] = groups.sample.stratum[code]
    frame["psu"], frame["unit"] = code, np.arange(len(code))
    frame["psus"] = groups.sample.psus[groups.sample.stratum[code]]
    frame["units"] = groups.sample.units[code]
    return frame


def _hansen_hurwitz(
    sample: AdaptiveSample, score: pd.DataFrame, quantity: str, interval: Any, level: float
) -> Estimates:
    design = Design(strata="stratum", fpc="units")
    if sample.psu is not None:
        design = Design(strata="stratum", stages=("psu", "unit"), fpc=("psus", "units"))
    if quantity == "total":
        return estimate_total(score, "score", design=design, interval=interval, level=level)
    if quantity == "mean":
        return estimate_mean(score, "score", design=design, interval=interval, level=level)
    return estimate_ratio(score, "score", "below", design=design, interval=interval, level=level)


def _of_networks(sample: AdaptiveSample, quantity: str) -> tuple[float, float]:
    """Horvitz and Thompson's total, mean or ratio with its standard error."""
    groups, networks = sample.groups, sample.networks
    ids = sample.ids
    one_of_many = (groups.sample.drawn < 2) & (groups.sample.units > 1)
    if one_of_many.any() or ((groups.sample.psus_drawn < 2) & (groups.sample.psus > 1)).any():
        raise EstimateFault(
            "FL-EST-678", ONE_UNIT_A_STRATUM, found=f"{int(one_of_many.sum())} strata or PSUs with one unit drawn",
            fix='join small strata; or estimator="hansen-hurwitz" with two or more PSUs in a stratum',
        )  # fmt: skip
    used = networks.used
    at = np.searchsorted(ids, networks.network[used])
    sizes = np.zeros((len(ids), len(groups.sample.drawn)))
    np.add.at(sizes, (at, groups.code[used]), 1.0)
    totals = np.zeros((len(ids), 2))
    bottom = np.ones(int(used.sum())) if quantity == "mean" else sample.below[used]
    np.add.at(totals, at, np.stack([sample.values[used], bottom], axis=1))
    alpha, kinds = inclusion(sizes, groups.sample)
    value, covariance = horvitz_thompson(totals, alpha, kinds)
    if quantity == "total" or (quantity == "mean" and sample.psu is None):
        size = 1.0 if quantity == "total" else float(groups.sample.units.sum())
        return float(value[0] / size), float(np.sqrt(max(covariance[0, 0], 0.0)) / size)
    ratio = value[0] / value[1]
    away = np.array([1.0, -ratio]) / value[1]
    return float(ratio), float(np.sqrt(max(away @ covariance @ away, 0.0)))


def _laid_out(
    sample: AdaptiveSample,
    by_score: Estimates,
    figure: tuple[float, float],
    recipe: Recipe,
    named: MethodName,
    quantity: Quantity,
    outcome: str,
    interval: str,
    level: float,
) -> Estimates:
    value, se = figure
    networks = sample.networks
    used, df = networks.used, float(by_score.frame["df"].iloc[0])
    binary = bool(np.isin(sample.values[used], (0.0, 1.0)).all())
    met = sample.values[used] != 0
    hit = np.unique(networks.network[used][met])
    units = np.unique(sample.groups.code[used][met]) if sample.psu is not None else hit
    drawn = sample.groups.sample
    none = not met.any()
    # Equal scores have no error either; only where every unit was drawn is there none.
    census = bool((drawn.drawn == drawn.units).all() and (drawn.psus_drawn == drawn.psus).all())
    low, high = general(interval, np.array([value]), np.array([se if se > 0 else np.nan]), np.array([df]), level)
    if census and not none:
        low = high = np.array([value])
    reasons: list[Reason] = [ZERO_CASES.at(0)] if none else []
    reasons += [INTERVAL_NOT_DEFINED.at(0, kind=interval)] if np.isnan(low[0]) and not none else []
    reasons += [NETWORKS_OPEN.at(0, ends=networks.open_ends)] if networks.open_ends else []
    support = Support.of(
        [int(used.sum())], [int(met.sum())], psus_with_cases=[len(units)], df=[df], df_effective=by_score.support.df_effective[:1]
    )  # fmt: skip
    return build(
        {
            "outcome": outcome, "value": [value], "se": [se], "lower": low, "upper": high, "level": level,
            "interval_kind": [interval if np.isfinite(low[0]) else ""], "n": [int(used.sum())], "df": [df],
            "cases": [float(met.sum()) if binary else np.nan], "psus_with_cases": [len(units)],
        },
        quantity=quantity, method=named, basis="respondents", recipe=recipe,
        reasons=reasons, support=support,
        diagnostics={
            "initial_units": int(networks.initial.sum()), "visited_units": len(sample.values), "networks_met": len(sample.ids),
            "networks_with_cases": len(hit), "edge_units": int((~used).sum()), "open_ends": networks.open_ends,
        },
    )  # fmt: skip


def _assumed(sample: AdaptiveSample, crossing: str) -> tuple[Assumption, ...]:
    drawn, units = int(sample.networks.initial.sum()), float(sample.groups.sample.units.sum())
    said = [INITIAL_RANDOM.assume(drawn=drawn, population=units), NEIGHBOURS_SYMMETRIC.assume()]
    said += [NETWORKS_CUT.assume()] if crossing == "cut" else [NETWORKS_COMPLETE.assume()]
    return tuple(said)
