"""The shape of an area model's answer: the nation where its population is known, then every area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.estimators.hierarchical.direct import Direct, text
from fl_estimate.estimators.hierarchical.effective import Effective
from fl_estimate.estimators.hierarchical.posterior import Ask, Model, Posterior
from fl_estimate.estimators.hierarchical.structure import Crossed
from fl_estimate.inputs.wording import Wording
from fl_estimate.results.basis import Support
from fl_estimate.results.estimates import Assumption, Estimates, Reason, check_by_columns, make_frame
from fl_estimate.results.provenance import Provenance

Floats = npt.NDArray[np.float64]

FEW_AREAS = 10
"""With fewer areas than this the spread between areas is mostly the prior's word."""
# Of the direct estimates these no longer hold: their intervals are not those that are given.
_NOT_CARRIED = frozenset({"df_rule"})


def area_estimates(
    direct: Direct,
    model: Model,
    ask: Ask,
    posterior: Posterior,
    effective: Effective | None,
    standardised: Mapping[str, tuple[float, float]],
    sampled: npt.NDArray[np.bool_],
    arguments: Mapping[str, Any],
) -> Estimates:
    """Lay a posterior out as Estimates."""
    check_by_columns(list(direct.by_columns))
    national = posterior.national
    columns = _columns(direct, model, ask, posterior)
    rows = len(columns["value"])
    recipe = direct.recipe
    source = recipe.provenance if recipe is not None else Provenance()
    nation = [] if national is None else [None]
    draws = posterior.draws
    if ask.shares is not None:
        draws = np.column_stack([draws @ ask.shares, draws])
    return Estimates(
        frame=make_frame(
            columns, {name: [*nation, *labels] for name, labels in direct.by_columns.items()}, rows, basis="model"
        ),
        by=tuple(direct.by_columns),
        measure=recipe.measure if recipe else "",
        population=recipe.population if recipe else "",
        wording=recipe.wording if recipe else Wording(),
        reference_period=recipe.reference_period if recipe else "",
        reasons=_reasons(direct, posterior, sampled, first=0 if national is None else 1),
        assumptions=_assumptions(direct, model, effective, standardised, sampled, ask, posterior),
        diagnostics=_diagnostics(direct, model, ask, posterior, effective, standardised),
        provenance=Provenance(
            call="hierarchical.area",
            arguments={**arguments, "level": ask.level, "by": direct.by, "direct": dict(source.arguments)},
            source_name=source.source_name,
            source_sha256=source.source_sha256,
        ),
        draws=draws,
        support=direct.support if national is None else Support.joined([direct.national_support, direct.support]),
    )


def _columns(direct: Direct, model: Model, ask: Ask, posterior: Posterior) -> dict[str, Any]:
    """The fixed columns, the nation's row first where there is one."""
    numbers, national = direct.numbers, posterior.national
    columns: dict[str, Any] = {
        "value": posterior.median, "se": posterior.sd, "lower": posterior.lower, "upper": posterior.upper,
        "n": numbers["n"], "cases": numbers["cases"], "deff": numbers["deff"], "undetermined": numbers["undetermined"],
        "margin": [direct.margin] * len(direct.keys),
    }  # fmt: skip
    if national is not None:
        lower, median, upper = np.quantile(national, ask.tails)
        row = {"value": median, "se": national.std(ddof=1), "lower": lower, "upper": upper, "margin": ""}
        if posterior.benchmark is not None:
            # Areas were moved to this figure: it is no answer of the model.
            row |= {name: posterior.benchmark[name] for name in ("value", "se", "lower", "upper")}
        row |= {name: direct.national[name] for name in ("n", "cases", "deff", "undetermined")}
        columns = {name: [row[name], *values] for name, values in columns.items()}
    rows = len(columns["value"])
    same = {
        "quantity": direct.quantity, "outcome": direct.outcome, "level": ask.level, "interval_kind": "equal-tailed",
        "method": f"area-{model.likelihood}",
    }  # fmt: skip
    return {**columns, **{name: [value] * rows for name, value in same.items()}}


def _reasons(direct: Direct, posterior: Posterior, sampled: Any, *, first: int) -> tuple[Reason, ...]:
    said: list[Reason] = []
    cases = direct.numbers["cases"]
    none = sampled & np.where(np.isfinite(cases), cases == 0, direct.numbers["value"] == 0)
    for place in range(len(direct.keys)):
        if not sampled[place]:
            said.append(Reason(code="area_without_sample", row=first + place))
        elif none[place]:
            said.append(Reason(code="area_without_cases", row=first + place))
    rows = first + len(direct.keys)
    return (*said, *(Reason(code=code, row=row, parameters=p) for code, p in posterior.flags for row in range(rows)))


def _assumptions(
    direct: Direct,
    model: Model,
    effective: Effective | None,
    standardised: Mapping[str, Any],
    sampled: npt.NDArray[np.bool_],
    ask: Ask,
    posterior: Posterior,
) -> tuple[Assumption, ...]:
    carried = [] if direct.recipe is None else [a for a in direct.recipe.assumptions if a.code not in _NOT_CARRIED]
    said: list[tuple[str, dict[str, Any]]] = _effects_assumptions(model)
    if model.names[1:]:
        said.append(("area_covariates", {"covariates": ", ".join(model.names[1:])}))
    if standardised:
        said.append(("covariates_standardised", {}))
    said.append(("area_variances_known", {}) if effective is None else ("effective_counts", {}))
    priors, structure = model.priors, model.structure
    if model.kappa is not None:
        said.append(("prior_kappa", {"prior": str(model.kappa)}))
    else:
        said.append(("prior_sigma", {"prior": str(priors.sigma)}))
    for name, density in ({} if structure is None else structure.priors).items():
        if name == "sigma_time":
            said.append(("prior_sigma_time", {"prior": str(density)}))
        else:
            said.append(("prior_dependence", {"name": name, "prior": str(density)}))
    said.append(("prior_intercept", {"prior": str(priors.intercept)}))
    if priors.slopes is not None:
        said.append(("prior_slopes", {"prior": str(priors.slopes)}))
    if effective is not None:
        said += _borrowed(effective)
    if sampled.sum() < FEW_AREAS:
        said.append(("few_areas", {"areas": int(sampled.sum())}))
    if ask.shares is not None:
        said.append(("area_population_known", {}))
    if posterior.benchmark is not None:
        said.append(("benchmarked", {name: posterior.benchmark[name] for name in ("rule", "value")}))
    ours = [Assumption(code=code, parameters=tuple(parameters.items())) for code, parameters in said]
    return (*carried, *ours)


def _effects_assumptions(model: Model) -> list[tuple[str, dict[str, Any]]]:
    """How the areas' effects are taken to hang together."""
    codes = {
        "independent": "area_effects_exchangeable", "bym2": "area_effects_bym2", "sar": "area_effects_sar",
        "rw1": "effects_rw1", "ar1": "effects_ar1",
    }  # fmt: skip
    in_time = {"independent": "panel_effects_independent", "rw1": "panel_effects_rw1", "ar1": "panel_effects_ar1"}
    if model.kappa is not None:
        return [("area_effects_beta", {})]
    said, structure = {"link": model.link}, model.structure
    if isinstance(structure, Crossed):
        return [(codes[structure.area.kind], said), (in_time[structure.time.kind], said)]
    return [("area_effects_exchangeable" if structure is None else codes[structure.kind], said)]


def _borrowed(effective: Effective) -> list[tuple[str, dict[str, Any]]]:
    """Whose design effect stands in where areas have none of their own."""
    codes = {"pooled": "deff_pooled", "national": "deff_national", "one": "deff_one"}
    for source, code in codes.items():
        places = [place for place, name in enumerate(effective.source) if name == source]
        if places:
            parameters: dict[str, Any] = {"areas": len(places)}
            return [(code, parameters if source == "one" else {**parameters, "deff": float(effective.deff[places[0]])})]
    return []


def _diagnostics(
    direct: Direct,
    model: Model,
    ask: Ask,
    posterior: Posterior,
    effective: Effective | None,
    standardised: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    found: dict[str, Any] = {**posterior.diagnostics, "seed": ask.seed}
    found["parameters"] = {name: dict(figures) for name, figures in posterior.parameters.items()}
    found["flags"] = [code for code, _ in posterior.flags]
    structure = model.structure.area if isinstance(model.structure, Crossed) else model.structure
    if structure is not None and structure.component is not None:
        areas = dict.fromkeys(map(text, direct.labels))
        found["component"] = dict(zip(areas, (structure.component + 1).tolist(), strict=True))
        found["scaling_factor"] = structure.factors.tolist()
    if posterior.benchmark is not None:
        before = posterior.benchmark["before"]
        found["benchmark"] = {name: value for name, value in posterior.benchmark.items() if name != "before"}
        found["before_benchmark"] = dict(zip(direct.keys, before.tolist(), strict=True))
    if standardised:
        found["standardised"] = {name: {"mean": mean, "sd": sd} for name, (mean, sd) in standardised.items()}
    if effective is not None:
        used = [
            (key, float(d), s) for key, d, s in zip(direct.keys, effective.deff, effective.source, strict=True) if s
        ]
        found["deff_used"] = {key: deff for key, deff, _ in used}
        found["deff_source"] = {key: source for key, _, source in used}
    return found
