"""The shape of an area model's answer: the nation where its population is known, then every area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical.model.calibrated import from_zero
from fl_estimate.estimators.hierarchical.model.clustered import concentration
from fl_estimate.estimators.hierarchical.model.posterior import Model, Posterior, PosteriorRequest
from fl_estimate.estimators.hierarchical.model.structure import Crossed
from fl_estimate.estimators.hierarchical.read.direct import Direct, text
from fl_estimate.estimators.hierarchical.read.effective import Effective
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_COVARIATES,
    AREA_EFFECTS_EXCHANGEABLE,
    AREA_EFFECTS_SAR,
    AREA_POPULATION_KNOWN,
    AREA_VARIANCE_SMOOTHED,
    AREA_VARIANCES_KNOWN,
    AREA_WITHOUT_CASES,
    AREA_WITHOUT_SAMPLE,
    BENCHMARKED,
    CALIBRATED,
    COVARIATES_STANDARDISED,
    DF_RULE,
    EFFECTIVE_COUNTS,
    EQUAL_TAILED,
    PANEL_EFFECTS_AR1,
    PANEL_EFFECTS_INDEPENDENT,
    PRIOR_INTERCEPT,
    PRIOR_KAPPA,
    PRIOR_SIGMA,
    PRIOR_SIGMA_TIME,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference, Observed
from fl_estimate.results.recipe import Recipe

METHODS: dict[str, MethodName] = {
    likelihood: MethodName(f"area-{likelihood}") for likelihood in ("binomial", "clustered", "normal", "beta-binomial")
}
FAMILIES: dict[str, str] = {"clustered": "beta-binomial", "beta-binomial": "binomial"}
"""Of the data given the areas' shares, where it has another name than the likelihood."""
BENCHMARKED_WITH_ERROR = AssumptionCode("benchmarked_with_error", "rule", "value")
EFFECTS: dict[str, AssumptionCode] = {
    "independent": AREA_EFFECTS_EXCHANGEABLE,
    "bym2": AssumptionCode("area_effects_bym2", "link"),
    "sar": AREA_EFFECTS_SAR,
    "rw1": AssumptionCode("effects_rw1", "link"),
    "ar1": AssumptionCode("effects_ar1", "link"),
}
IN_TIME: dict[str, AssumptionCode] = {
    "independent": PANEL_EFFECTS_INDEPENDENT,
    "rw1": AssumptionCode("panel_effects_rw1", "link"),
    "ar1": PANEL_EFFECTS_AR1,
}
AREA_EFFECTS_BETA = AssumptionCode("area_effects_beta")
PRIOR_DEPENDENCE = AssumptionCode("prior_dependence", "name", "prior")
PRIOR_SLOPES = AssumptionCode("prior_slopes", "prior")
FEW_AREAS_SAMPLED = AssumptionCode("few_areas", "areas")
SHARED: dict[str, AssumptionCode] = {
    "pooled": AssumptionCode("effective_counts_pooled", "deff", "df"),
    "national": AssumptionCode("effective_counts_national", "deff", "df"),
}
CLUSTERED = AssumptionCode("clustered_counts")
CLUSTERED_SHARED: dict[str, AssumptionCode] = {
    "pooled": AssumptionCode("clustered_counts_pooled", "deff", "df"),
    "national": AssumptionCode("clustered_counts_national", "deff", "df"),
}
BORROWED: dict[str, AssumptionCode] = {
    "pooled": AssumptionCode("deff_pooled", "areas", "deff"),
    "national": AssumptionCode("deff_national", "areas", "deff"),
    "one": AssumptionCode("deff_one", "areas"),
}

FEW_AREAS = 10
"""With fewer areas than this the spread between areas is mostly the prior's word."""


def area_estimates(
    direct: Direct,
    model: Model,
    ask: PosteriorRequest,
    posterior: Posterior,
    effective: Effective | None,
    standardised: Mapping[str, tuple[float, float]],
    sampled: npt.NDArray[np.bool_],
    arguments: Mapping[str, Any],
    alike: npt.NDArray[np.bool_] | None = None,
) -> Estimates:
    """Lay a posterior out as Estimates; `alike` are areas whose limits begin at 0 like those of areas without a case."""
    check_by_columns(list(direct.by_columns))
    national = posterior.national
    columns = _columns(direct, ask, posterior, without_cases(direct, sampled) if alike is None else alike)
    nation = [] if national is None else [None]
    draws = posterior.draws
    if ask.shares is not None:
        draws = np.column_stack([draws @ ask.shares, draws])
    return build(
        columns,
        {name: [*nation, *labels] for name, labels in direct.by_columns.items()},
        quantity=Quantity.of(direct.quantity),
        method=METHODS[model.likelihood],
        basis="model",
        recipe=Recipe.of(direct.recipe).then(
            "hierarchical.area",
            {**arguments, "level": ask.level, "by": direct.by},
            _assumptions(direct, model, effective, standardised, sampled, ask, posterior),
            direct=True,
        ),
        reasons=_reasons(direct, posterior, sampled, first=0 if national is None else 1),
        diagnostics=_diagnostics(direct, model, ask, posterior, effective, standardised),
        draws=draws,
        inference=_inference(direct, model, posterior),
        support=direct.support if national is None else Support.joined([direct.national_support, direct.support]),
    )


def _inference(direct: Direct, model: Model, posterior: Posterior) -> Inference:
    """Parameters and data beside the draws; what was moved to a national figure has no likelihood any more."""
    observed = None
    if posterior.benchmark is None:
        nation = 0 if posterior.national is None else 1
        met = np.isfinite(model.y) & (model.size > 0)

        def rows(values: Floats) -> Floats:
            return np.concatenate([np.full((nation, *values.shape[1:]), np.nan), values])

        observed = Observed(
            family=FAMILIES.get(model.likelihood, model.likelihood),
            link=model.link,
            y=rows(np.where(met, model.y, np.nan)),
            size=rows(np.where(met, model.size, np.nan)),
            x=rows(model.x),
            factor=np.ones(nation + len(direct.keys)),
            concentration=None if model.deff is None else rows(concentration(model.size, model.deff)),
        )
    return Inference(
        parameters=posterior.joint,
        coefficients=model.names,
        chains=posterior.chains,
        stats=posterior.stats,
        observed=observed,
    )


def _columns(
    direct: Direct, ask: PosteriorRequest, posterior: Posterior, none: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """The fixed columns, the nation's row first where there is one."""
    numbers, national = direct.numbers, posterior.national
    lower = from_zero(posterior.lower, none) if ask.calibrated else posterior.lower
    columns: dict[str, Any] = {
        "value": posterior.median, "se": posterior.sd, "lower": lower, "upper": posterior.upper,
        "n": numbers["n"], "cases": numbers["cases"], "deff": numbers["deff"], "undetermined": numbers["undetermined"],
        "margin": [direct.margin] * len(direct.keys),
        "interval_kind": [CALIBRATED if ask.calibrated else EQUAL_TAILED] * len(direct.keys),
    }  # fmt: skip
    if national is not None:
        lower, median, upper = np.quantile(national, ask.tails)
        row = {
            "value": median,
            "se": national.std(ddof=1),
            "lower": lower,
            "upper": upper,
            "margin": "",
            "interval_kind": EQUAL_TAILED,
        }
        if posterior.benchmark is not None:
            # Areas were moved to this figure: it is no answer of the model.
            row |= {name: posterior.benchmark[name] for name in ("value", "se", "lower", "upper")}
        row |= {name: direct.national[name] for name in ("n", "cases", "deff", "undetermined")}
        columns = {name: [row[name], *values] for name, values in columns.items()}
    return {**columns, "outcome": direct.outcome, "level": ask.level}


def without_cases(direct: Direct, sampled: Any) -> npt.NDArray[np.bool_]:
    """Areas with a sample that met no case; where cases are not told, whose share is 0."""
    cases = direct.numbers["cases"]
    return np.asarray(sampled & np.where(np.isfinite(cases), cases == 0, direct.numbers["value"] == 0))


def _reasons(direct: Direct, posterior: Posterior, sampled: Any, *, first: int) -> tuple[Reason, ...]:
    said = [AREA_VARIANCE_SMOOTHED.at(first + position) for position in direct.smoothed]
    none = without_cases(direct, sampled)
    for position in range(len(direct.keys)):
        if not sampled[position]:
            said.append(AREA_WITHOUT_SAMPLE.at(first + position))
        elif none[position]:
            said.append(AREA_WITHOUT_CASES.at(first + position))
    rows = first + len(direct.keys)
    return (*said, *(Reason(code=code, row=row, parameters=p) for code, p in posterior.flags for row in range(rows)))


def _assumptions(
    direct: Direct,
    model: Model,
    effective: Effective | None,
    standardised: Mapping[str, Any],
    sampled: npt.NDArray[np.bool_],
    ask: PosteriorRequest,
    posterior: Posterior,
) -> tuple[Assumption, ...]:
    said = _effects_assumptions(model)
    if model.names[1:]:
        said.append(AREA_COVARIATES.assume(covariates=", ".join(model.names[1:])))
    if standardised:
        said.append(COVARIATES_STANDARDISED.assume())
    said.append(_counted(effective, clustered=model.deff is not None))
    priors, structure = model.priors, model.structure
    if model.kappa is not None:
        said.append(PRIOR_KAPPA.assume(prior=str(model.kappa)))
    else:
        said.append(PRIOR_SIGMA.assume(prior=str(priors.sigma)))
    for name, density in ({} if structure is None else structure.priors).items():
        if name == "sigma_time":
            said.append(PRIOR_SIGMA_TIME.assume(prior=str(density)))
        else:
            said.append(PRIOR_DEPENDENCE.assume(name=name, prior=str(density)))
    said.append(PRIOR_INTERCEPT.assume(prior=str(priors.intercept)))
    if priors.slopes is not None:
        said.append(PRIOR_SLOPES.assume(prior=str(priors.slopes)))
    # A design effect that all areas share is said above.
    if effective is not None and not np.isfinite(effective.df):
        said += _borrowed(effective)
    if sampled.sum() < FEW_AREAS:
        said.append(FEW_AREAS_SAMPLED.assume(areas=int(sampled.sum())))
    if ask.shares is not None:
        said.append(AREA_POPULATION_KNOWN.assume())
    if posterior.benchmark is not None:
        rule, value = posterior.benchmark["rule"], posterior.benchmark["value"]
        code = BENCHMARKED if posterior.benchmark["known"] else BENCHMARKED_WITH_ERROR
        said.append(code.assume(rule=rule, value=value))
    # The intervals of the direct estimates are not those that are given, nor are their degrees of freedom.
    return (*Recipe.of(direct.recipe).without(DF_RULE), *said)


def _effects_assumptions(model: Model) -> list[Assumption]:
    """How the areas' effects are taken to hang together."""
    if model.kappa is not None:
        return [AREA_EFFECTS_BETA.assume()]
    link, structure = model.link, model.structure
    if isinstance(structure, Crossed):
        return [EFFECTS[structure.area.kind].assume(link=link), IN_TIME[structure.time.kind].assume(link=link)]
    return [(AREA_EFFECTS_EXCHANGEABLE if structure is None else EFFECTS[structure.kind]).assume(link=link)]


def _counted(effective: Effective | None, *, clustered: bool) -> Assumption:
    """What the sampling variances of the areas rest on."""
    if effective is None:
        return AREA_VARIANCES_KNOWN.assume()
    shared = (CLUSTERED_SHARED if clustered else SHARED).get(next(iter(filter(None, effective.source)), ""))
    if not np.isfinite(effective.df) or shared is None:
        return (CLUSTERED if clustered else EFFECTIVE_COUNTS).assume()
    return shared.assume(deff=effective.pooled, df=effective.df)


def _borrowed(effective: Effective) -> list[Assumption]:
    """Whose design effect stands in where areas have none of their own."""
    for source, code in BORROWED.items():
        positions = [position for position, name in enumerate(effective.source) if name == source]
        if positions:
            deff = {} if source == "one" else {"deff": float(effective.deff[positions[0]])}
            return [code.assume(areas=len(positions), **deff)]
    return []


def _diagnostics(
    direct: Direct,
    model: Model,
    ask: PosteriorRequest,
    posterior: Posterior,
    effective: Effective | None,
    standardised: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    result: dict[str, Any] = {**posterior.diagnostics, "seed": ask.seed}
    result["parameters"] = {name: dict(figures) for name, figures in posterior.parameters.items()}
    result["flags"] = [code for code, _ in posterior.flags]
    structure = model.structure.area if isinstance(model.structure, Crossed) else model.structure
    if structure is not None and structure.component is not None:
        areas = dict.fromkeys(map(text, direct.labels))
        result["component"] = dict(zip(areas, (structure.component + 1).tolist(), strict=True))
        result["scaling_factor"] = structure.factors.tolist()
    if posterior.benchmark is not None:
        before = posterior.benchmark["before"]
        result["benchmark"] = {name: value for name, value in posterior.benchmark.items() if name != "before"}
        result["before_benchmark"] = dict(zip(direct.keys, before.tolist(), strict=True))
    if posterior.tail is not None:
        result["tail"] = dict(zip(direct.keys, posterior.tail.tolist(), strict=True))
    if standardised:
        result["standardised"] = {name: {"mean": mean, "sd": sd} for name, (mean, sd) in standardised.items()}
    if effective is not None:
        used = [
            (key, float(d), s) for key, d, s in zip(direct.keys, effective.deff, effective.source, strict=True) if s
        ]
        result["deff_used"] = {key: deff for key, deff, _ in used}
        result["deff_source"] = {key: source for key, _, source in used}
        if np.isfinite(effective.df):
            result["deff_pooled"], result["deff_df"] = effective.pooled, effective.df
    return result
