"""`eblup`: empirical best linear unbiased prediction of areas, for comparison with the posterior. Arguments in, Estimates out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hierarchical.benchmarking import RULES, move, refuse_outside
from fl_estimate.estimators.hierarchical.components.panel_components import Panel, fit_panel
from fl_estimate.estimators.hierarchical.components.sar_components import fit_sar
from fl_estimate.estimators.hierarchical.components.variance_components import (
    METHODS,
    Sampled,
    estimate_variance,
    mean_squared_error,
    predictor,
    profile,
)
from fl_estimate.estimators.hierarchical.model.links import LINKS, natural, normal_mean
from fl_estimate.estimators.hierarchical.read.checks import (
    aliased,
    benchmark_fault,
    covariate_columns,
    population_of,
    raise_together,
    sampled_areas,
    value_faults,
)
from fl_estimate.estimators.hierarchical.read.direct import COUNTS, VALUES, Direct, read_direct, read_keyed
from fl_estimate.estimators.hierarchical.read.effective import effective_counts
from fl_estimate.estimators.hierarchical.read.neighbours import read_neighbours, row_standardised, weight_matrix
from fl_estimate.estimators.hierarchical.read.panel import areas_and_times, check_panel, complete, spread
from fl_estimate.estimators.hierarchical.read.prepare import on_counts, values_on_link
from fl_estimate.estimators.hierarchical.smoothing import filled
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_COVARIATES,
    AREA_EFFECTS_EXCHANGEABLE,
    AREA_EFFECTS_SAR,
    AREA_VARIANCE_SMOOTHED,
    AREA_VARIANCES_KNOWN,
    AREA_WITHOUT_SAMPLE,
    BENCHMARKED,
    PANEL_EFFECTS_AR1,
    PANEL_EFFECTS_INDEPENDENT,
    PREVALENCE,
    VARIANCE_AT_BOUNDARY,
    WALD,
    Assumption,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import Level

ERROR_AFTER_BENCHMARKING = ReasonCode("error_after_benchmarking")
PANEL_ERROR_NOT_GIVEN = ReasonCode("panel_error_not_given")
_OF_TIME = ("eblup-panel", "eblup-panel-ar1", "eblup-sar-panel", "eblup-sar-panel-ar1")
NAMES: dict[str, MethodName] = {
    name: MethodName(name)
    for name in (
        *(f"eblup-{method}" for method in METHODS),
        *(f"{words}-{method}" for words in ("eblup-sar", *_OF_TIME) for method in ("reml", "ml")),
    )
}


@method(kind=None, basis="model", family="hierarchical")
def eblup(
    direct: Any,
    *,
    covariates: Any = None,
    method: Literal[
        "reml", "ml", "moment", "adjusted-reml", "adjusted-ml", "adjusted-reml-yl", "adjusted-ml-yl"
    ] = "reml",
    link: Literal["identity", "log", "logit", "arcsine"] | None = None,
    back: Literal["bias-corrected", "naive"] = "bias-corrected",
    spatial: Literal["sar"] | None = None,
    neighbours: Any = None,
    temporal: Literal["ar1"] | None = None,
    time: str | None = None,
    benchmark: Literal["ratio", "difference"] | None = None,
    population: Any = None,
    intercept: bool = True,
    level: Level = 0.95,
) -> Estimates:
    """Predict areas by Fay and Herriot's model with an estimated variance, as most small-area software does.

    Use it to compare with published figures and other software. For publication use `area`: where the variance between
    areas is estimated as 0, which is common with few areas, the mean squared error of this method means nothing (the
    most precise area gets the largest) and is left out.

    Parameters
    ----------
    direct : Estimates or frame
        As for `area`: `value` and `se`, or with link="arcsine" `value`, `n` and `deff`; one row an area. A standard error of
        0 (units of equal counts, no case) is replaced by what `smooth_variances` gives such an area, where `n` is known, and
        the row says so.
    covariates, population : frame, optional
        As for `area`.
    method : {"reml", "ml", "moment", "adjusted-reml", "adjusted-ml", "adjusted-reml-yl", "adjusted-ml-yl"}
        How the variance between areas is estimated. Adjusted likelihoods are never 0.
    link : {"identity", "log", "logit", "arcsine"}, optional
        Scale of the model; the result is on the natural scale.
    back : {"bias-corrected", "naive"}
        Mean of what is normal on the scale of the link, or its median.
    spatial : {"sar"}, optional
        Simultaneously autoregressive effects over `neighbours`; by "reml" or "ml".
    neighbours : frame or GeoJSON, optional
        The areas' column and `neighbour`; with a column `weight` each row is one direction. Rows are made to sum to 1.
    temporal : {"ar1"}, optional
        With `time`: each area's effects of the times are an autoregression; without it they are independent.
    time : str, optional
        The second by-column, of times (years, whole numbers): an effect of each area and one of each area and time. By
        "reml" or "ml". Covariates may have that column too.
    benchmark : {"ratio", "difference"}, optional
        Move the areas to the national row of `direct`, by the shares of `population`.
    intercept : bool
        Whether there is one; without it there must be covariates.
    level : float
        Of the interval value ± z se, which is symmetric and may leave the possible range.

    Returns
    -------
    Estimates
        `se` is the root of the mean squared error; missing, with a reason, where the variance between areas is 0, after
        benchmarking, and with `time`. `.diagnostics` holds the variance, the coefficients and rho.

    Raises
    ------
    EstimateFault
        FL-EST-40 to FL-EST-54, FL-EST-70 to FL-EST-79: input that the model cannot use.

    Notes
    -----
    gamma y + (1 − gamma) x'beta, gamma = s²/(s² + d). Mean squared error: Prasad and Rao, Datta and Lahiri (see
    `variance_components`). Bias correction: exp(t + mse/2) under the log; under logit and arcsine the mean over N(t, g1),
    in areas without sample too. On those scales the error is that of the link times the slope, under the log times the
    value.

    References
    ----------
    Rao and Molina (2015), Small Area Estimation, 2nd ed., ch. 6.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> direct = pd.DataFrame({"area": list("ABCDE"), "value": [5.0, 9.0, 2.0, 7.0, 4.0], "se": [1.0, 1.5, 1.2, 0.8, 1.0]})
    >>> fl.hierarchical.eblup(direct).to_frame()["value"].round(2).tolist()
    [5.05, 7.9, 2.72, 6.82, 4.22]
    """
    chosen = _check_words(method, link, back, spatial, neighbours, benchmark, level)
    check_panel(method, temporal, time, benchmark)
    counted = on_counts("normal", chosen)
    table = read_direct(direct, COUNTS if counted else VALUES, [covariates, population], time)
    known = None if covariates is None else read_keyed(covariates, table.by, "covariates", table.time)
    people = None if population is None else read_keyed(population, table.by, "population")
    if time is not None:
        table = complete(table, [known])
        known = spread(known, table)
    for frame in (known, people):
        table = table if frame is None else table.with_areas(frame.labels)
    columns, fault = covariate_columns(table, known)
    persons, population_fault = population_of(table, people)
    table = table if counted else filled(table)
    raise_together([*value_faults(table, "normal", chosen), fault, population_fault])
    sampled = sampled_areas(table, counted)
    raise_together([aliased(columns, sampled), benchmark_fault(table, persons, benchmark), _empty(intercept, columns)])
    x = np.column_stack([*([np.ones(len(table.keys))] if intercept else []), *columns.values()])
    fit = _fit(table, sampled, x, chosen, method, neighbours if spatial else None, temporal)
    names = (*(["intercept"] if intercept else []), *columns)
    result = _back(fit, chosen, back)
    if benchmark is not None:
        assert persons is not None  # asked for above
        value = move(result.value, persons / persons.sum(), table.national["value"], benchmark)
        refuse_outside(value[None, :], benchmark, share=LINKS[chosen].share or table.quantity == PREVALENCE)
        result = _Found(value=value, se=np.full(len(value), np.nan))
    arguments = {
        "method": method, "link": chosen, "back": back, "spatial": spatial, "temporal": temporal, "time": time,
        "covariates": list(columns),
        "benchmark": benchmark, "intercept": intercept,
    }  # fmt: skip
    return _estimates(table, fit, result, names, level, sampled, arguments)


@dataclass(frozen=True, kw_only=True)
class _AreaFit:
    """On the scale of the link: variances and correlations by name, coefficients, values, errors and g1."""

    components: dict[str, float]
    beta: Floats
    value: Floats
    mse: Floats
    g1: Floats

    @property
    def boundary(self) -> bool:
        """Whether a variance is estimated as 0."""
        return any(value == 0 for name, value in self.components.items() if name.startswith("variance"))


@dataclass(frozen=True, kw_only=True)
class _Found:
    """On the natural scale."""

    value: Floats
    se: Floats


def _fit(
    direct: Direct, sampled: Bools, x: Floats, link: str, method: str, neighbours: Any, temporal: str | None
) -> _AreaFit:
    effective = effective_counts(direct, "own") if on_counts("normal", link) else None
    y, d = values_on_link(direct, sampled, link, effective)
    data = Sampled(y=y[sampled], d=d[sampled], x=x[sampled])
    if len(data.y) <= x.shape[1]:
        raise EstimateFault(
            "FL-EST-79",
            "there are too few areas with a sample to estimate how far areas differ",
            found=f"{len(data.y)} areas and {x.shape[1]} coefficients",
            fix="leave covariates out, or use area(), whose prior stands in where areas are few",
        )
    areas, times = areas_and_times(direct) if direct.time else (list(direct.keys), 1)
    w = None if neighbours is None else row_standardised(weight_matrix(read_neighbours(neighbours, direct.by), areas))
    if direct.time:
        panel = Panel(areas=len(areas), times=times, w=w, autoregressive=temporal is not None)
        result = fit_panel(data, x, sampled, panel, method)
        none = np.full(len(x), np.nan)
        return _AreaFit(components=result.components, beta=result.beta, value=result.value, mse=none, g1=result.g1)
    if w is not None:
        fit = fit_sar(data, x, sampled, w, method)
        components = {"variance": fit.variance, "rho": fit.rho}
        return _AreaFit(components=components, beta=fit.beta, value=fit.value, mse=fit.mse, g1=fit.g1)
    position = np.full(len(x), -1, dtype=np.intp)
    position[sampled] = np.arange(len(data.y))
    variance = estimate_variance(data, method)
    value, _ = predictor(data, x, position, variance)
    mse, g1 = mean_squared_error(data, x, position, variance, method)
    beta = profile(data, variance).beta
    return _AreaFit(components={"variance": variance}, beta=beta, value=value, mse=mse, g1=g1)


def _back(fit: _AreaFit, link: str, back: str) -> _Found:
    """To the natural scale; the error is missing at the boundary."""
    mse = np.full(len(fit.value), np.nan) if fit.boundary else fit.mse
    variance = fit.g1 if link != "log" or np.isnan(mse).all() else fit.mse
    value = natural(fit.value, link) if back == "naive" else normal_mean(link, fit.value, variance)
    slope = value if link == "log" else LINKS[link].slope(fit.value)
    return _Found(value=value, se=slope * np.sqrt(mse))


def _estimates(
    direct: Direct,
    fit: _AreaFit,
    figures: _Found,
    names: tuple[str, ...],
    level: float,
    sampled: Bools,
    arguments: dict[str, Any],
) -> Estimates:
    check_by_columns(list(direct.by_columns))
    reach = float(special.ndtri((1 + level) / 2))
    numbers = direct.numbers
    columns: dict[str, Any] = {
        "value": figures.value, "se": figures.se, "lower": figures.value - reach * figures.se,
        "upper": figures.value + reach * figures.se, "n": numbers["n"], "cases": numbers["cases"], "deff": numbers["deff"],
        "undetermined": numbers["undetermined"], "margin": direct.margin, "outcome": direct.outcome, "level": level,
        "interval_kind": WALD,
    }  # fmt: skip
    diagnostics: dict[str, Any] = {
        **fit.components,
        "boundary": fit.boundary,
        "coefficients": dict(zip(names, fit.beta.tolist(), strict=True)),
    }
    return build(
        columns,
        direct.by_columns,
        quantity=Quantity.of(direct.quantity),
        method=_method_name(arguments),
        basis="model",
        recipe=Recipe.of(direct.recipe).then(
            "hierarchical.eblup",
            {**arguments, "level": level, "by": direct.by},
            _assumptions(direct, names, arguments),
            direct=True,
        ),
        reasons=_reasons(fit, direct, sampled, benchmarked=arguments["benchmark"] is not None, panel=bool(direct.time)),
        diagnostics=diagnostics,
        support=direct.support,
    )


def _method_name(arguments: dict[str, Any]) -> MethodName:
    """Of the column `method`."""
    words = ["sar" if arguments["spatial"] else "", "panel" if arguments["time"] else "", arguments["temporal"] or ""]
    return NAMES["-".join(["eblup", *(word for word in words if word), arguments["method"]])]


def _reasons(fit: _AreaFit, direct: Direct, sampled: Bools, *, benchmarked: bool, panel: bool) -> tuple[Reason, ...]:
    reasons: list[Reason] = [AREA_VARIANCE_SMOOTHED.at(row) for row in direct.smoothed]
    for row, met in enumerate(sampled):
        if not met:
            reasons.append(AREA_WITHOUT_SAMPLE.at(row))
        if benchmarked:
            reasons.append(ERROR_AFTER_BENCHMARKING.at(row))
        elif panel:
            reasons.append(PANEL_ERROR_NOT_GIVEN.at(row))
        elif fit.boundary:
            reasons.append(VARIANCE_AT_BOUNDARY.at(row))
    return tuple(reasons)


def _assumptions(direct: Direct, names: tuple[str, ...], arguments: dict[str, Any]) -> tuple[Assumption, ...]:
    link = arguments["link"]
    assumptions = [(AREA_EFFECTS_EXCHANGEABLE if arguments["spatial"] is None else AREA_EFFECTS_SAR).assume(link=link)]
    if arguments["time"] is not None:
        code = PANEL_EFFECTS_AR1 if arguments["temporal"] is not None else PANEL_EFFECTS_INDEPENDENT
        assumptions.append(code.assume(link=link))
    covariates = [name for name in names if name != "intercept"]
    if covariates:
        assumptions.append(AREA_COVARIATES.assume(covariates=", ".join(covariates)))
    assumptions.append(AREA_VARIANCES_KNOWN.assume())
    if arguments["benchmark"] is not None:
        assumptions.append(BENCHMARKED.assume(rule=arguments["benchmark"], value=float(direct.national["value"])))
    return tuple(assumptions)


def _check_words(
    method: str, link: str | None, back: str, spatial: str | None, neighbours: Any, benchmark: str | None, level: float
) -> str:
    """Refuse words that are not known and what does not go together; give the link."""
    for what, word, known in (
        ("this method", method, METHODS),
        ("this link", link or "identity", tuple(LINKS)),
        ("this way back from the link", back, ("bias-corrected", "naive")),
        ("this spatial model", spatial or "sar", ("sar",)),
        ("this rule of benchmarking", benchmark or RULES[0], RULES),
    ):
        if word not in known:
            raise not_one_of("FL-EST-78", what, word, known)
    if not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-50", "an argument is out of range", found=f"level={shown(level)}", fix="95 % is level=0.95"
        )
    if (spatial is None) != (neighbours is None) or (spatial is not None and method not in ("reml", "ml")):
        raise EstimateFault(
            "FL-EST-76",
            "these arguments do not go together",
            found=f"spatial={shown(spatial)}, neighbours {'given' if neighbours is not None else 'not given'}, method={shown(method)}",
            fix='spatial="sar" needs neighbours= and method="reml" or "ml"',
        )
    return link or "identity"


def _empty(intercept: bool, columns: dict[str, Floats]) -> EstimateFault | None:
    if intercept or columns:
        return None
    return EstimateFault(
        "FL-EST-76",
        "these arguments do not go together",
        found="intercept=False without covariates=",
        fix="leave intercept= to its default, or give covariates",
    )
