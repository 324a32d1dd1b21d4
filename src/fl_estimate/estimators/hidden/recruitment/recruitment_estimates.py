"""One call of respondent-driven sampling: weights made, the ordinary design-weighted estimate of them, and what belongs beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import By
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.recruitment.recruited_people import (
    ChainNames,
    Groups,
    MissingDegree,
    RecruitedPeople,
    groups_of,
    read_recruited,
    require_population,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_codes import (
    DEGREES_REPORTED,
    DESIGN_EFFECT_STATED,
    GILE_BOOTSTRAP,
    GILE_SS,
    GROUPS_ALIKE_WITHIN,
    GROUPS_APART,
    LARGE_FRACTION,
    NETWORK_CONNECTED,
    NOT_CENTRED,
    POPULATION_GIVEN,
    RANDOM_RECRUITMENT,
    RDS_I,
    RDS_II,
    RECIPROCAL_SMOOTHED,
    SALGANIK_BOOTSTRAP,
    SALGANIK_BY_DEGREE,
    SINGLE_TREE,
    TREE_BOOTSTRAP,
    WITH_REPLACEMENT,
    WITHOUT_CASES,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_design import (
    BY_GROUPS,
    Plan,
    RespondentWeights,
    designed,
    tree_draws,
    weigh,
)
from fl_estimate.estimators.hidden.recruitment.recruitment_limits import (
    USUAL_DESIGN_EFFECT,
    edges,
    with_design_effect,
    with_fewer_df,
    with_fewer_respondents,
)
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_prevalence, estimate_total
from fl_estimate.estimators.survey.targets import as_list
from fl_estimate.inputs.recruitment_columns import no_value
from fl_estimate.inputs.replicates import UnitReplicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import Assumption, MethodName, Reason
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.stack import stack
from fl_estimate.tasks import run_tasks

RdsQuantity = Literal["prevalence", "mean", "total"]
QUANTITIES: tuple[str, ...] = get_args(RdsQuantity)
RdsInterval = Literal["korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "wald", "log"]
RdsUnknown = Literal["no", "exclude", "bounds"]
METHODS: dict[str, MethodName] = {"rds_i": RDS_I, "rds_ii": RDS_II, "gile_ss": GILE_SS}
USUAL: dict[str, RdsInterval] = {"prevalence": "korn-graubard", "mean": "wald", "total": "log"}
LARGE_SHARE = 0.1
"""Sampling fraction from which estimators that take draws as with replacement are flagged: at 10 % they are off by a few per cent
where cases know more people than others (docs/explanation/hidden_designs_respondent_driven)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The arguments of one call; the public functions say what each is."""

    people: Any
    outcome: str | Sequence[str]
    names: ChainNames
    plan: Plan
    quantity: RdsQuantity
    by: By
    where: str | None
    unknown: RdsUnknown | None
    groups: str | None
    include_seeds: bool
    missing_degree: MissingDegree
    design_effect: float | None
    interval: RdsInterval | None
    level: float

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        EstimateFault
            FL-EST-526, FL-EST-527 (a total without a population), FL-EST-531 (a design effect that is missing or not positive).
        """
        self.plan.check()
        if not isinstance(self.quantity, str) or self.quantity not in QUANTITIES:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise not_one_of("FL-EST-526", "this quantity", self.quantity, QUANTITIES)
        if self.quantity == "total" and self.plan.population is None:
            raise EstimateFault(
                "FL-EST-527", "a total needs the size of the population", found="no population=",
                fix="population= in persons; fl.hidden.rds_ii(…, quantity=\"prevalence\") needs none",
            )  # fmt: skip
        of_groups = self.plan.variance in BY_GROUPS or self.plan.weighting == "rds_i"
        if of_groups and self.unknown == "bounds":
            raise EstimateFault(
                "FL-EST-526", "bounds are not given where recruitment is counted between groups", found='unknown="bounds"',
                fix='variance="tree" with rds_ii or gile_ss; or unknown="no", or "exclude"',
            )  # fmt: skip
        stated = self.design_effect
        if self.plan.variance != "linearised":
            if stated is not None:
                raise _no_design_effect(f'design_effect={shown(stated)} with variance="{self.plan.variance}"')
            return
        if not isinstance(stated, int | float) or isinstance(stated, bool) or not 0 < stated < np.inf:
            raise _no_design_effect(shown(stated))
        if self.unknown == "bounds" and stated != 1:
            raise EstimateFault(
                "FL-EST-526",
                "bounds are not given with a stated design effect",
                found='unknown="bounds"',
                fix='variance="tree"',
            )


def _no_design_effect(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-531", "the linearised variance knows nothing of who recruited whom: a design effect has to be stated with it",
        found=found, fix="design_effect=2 or more, from studies like this one; 1 says that recruitment makes no difference",
    )  # fmt: skip


def estimated(request: Request) -> Estimates:
    """The estimates of a call; outcome by outcome where weights, or replicates, depend on it."""
    request.check()
    recruited = read_recruited(
        request.people, request.names, missing_degree=request.missing_degree, include_seeds=request.include_seeds
    )
    if request.plan.population is not None or request.plan.weighting == "gile_ss":
        known = require_population(request.plan.population, int(recruited.counted.sum()))
        request = replace(request, plan=replace(request.plan, population=known))
    outcomes = as_list(request.outcome, "outcome")
    of_groups = request.plan.variance in BY_GROUPS or request.plan.weighting == "rds_i"
    if not of_groups or len(outcomes) == 1 or request.groups is not None:
        return _one(request, recruited, outcomes)
    each = run_tasks(_one, ((request, recruited, (outcome,)) for outcome in outcomes), what="outcome")
    joined = stack(each)
    first = each[0].provenance
    return replace(
        joined, provenance=replace(first, arguments={**first.arguments, "outcome": list(outcomes)}), diagnostics={}
    )


def _one(request: Request, recruited: RecruitedPeople, outcomes: Sequence[str]) -> Estimates:
    plan = request.plan
    groups = _groups(request, recruited, outcomes)
    weighted = weigh(recruited, plan, groups, _attributes(recruited, outcomes))
    apart = not np.isfinite(weighted.weights).all()
    unmeasured = weighted.replicates is None and plan.variance != "linearised"
    if apart:
        # The rows are laid out all the same; what they would say is taken out.
        weighted = RespondentWeights(weights=np.where(recruited.counted, 1.0, 0.0), replicates=None)
    people, design = designed(recruited, weighted, plan, "rds_weight")
    result = _estimate(request, people, design, outcomes)
    result = (
        with_fewer_respondents(result, USUAL_DESIGN_EFFECT)
        if request.design_effect is None
        else with_design_effect(result, request.design_effect)
    )
    if request.plan.variance == "tree" and not apart:
        result = with_fewer_df(result, tree_draws(recruited))
    if apart or unmeasured:
        result = _blanked(result, value=apart)
    own = design.replicates
    off = _not_centred(request, people, design, own, outcomes) if isinstance(own, UnitReplicates) else None
    return _described(request, recruited, result, apart=apart or unmeasured, off=off)


def _groups(request: Request, recruited: RecruitedPeople, outcomes: Sequence[str]) -> Groups | None:
    if request.plan.variance not in BY_GROUPS and request.plan.weighting != "rds_i":
        return None
    if request.groups is not None:
        return groups_of(recruited, request.groups, unknown="own", outcome=False)
    classified = {f"{outcomes[0]}_possible", f"{outcomes[0]}_in_scope"} <= set(recruited.frame.columns)
    unknown = request.unknown or ("no" if classified else "own")
    return groups_of(recruited, outcomes[0], unknown="exclude" if unknown == "exclude" else "no" if unknown == "no" else "own",
                     outcome=True)  # fmt: skip


def _attributes(recruited: RecruitedPeople, outcomes: Sequence[str]) -> Floats:
    """The outcomes as numbers that do not depend on what values are called: texts by how they recruit."""
    columns: list[Floats] = []
    for name in outcomes:
        if name not in recruited.frame.columns:
            continue  # the estimator says what is wrong with it
        values = recruited.frame[name]
        if values.dtype.is_numeric() or values.dtype == nw.Boolean:
            columns.append(np.array([np.nan if no_value(value) else value for value in values.to_list()], dtype=float))
        else:
            columns.append(groups_of(recruited, name, unknown="own", outcome=False).codes.astype(float))
    return np.column_stack(columns) if columns else np.zeros((recruited.recruitment.n, 0))


def _estimate(request: Request, people: Any, design: Design, outcomes: Sequence[str]) -> Estimates:
    """The ordinary design-weighted estimate."""
    function: Any = {"prevalence": estimate_prevalence, "mean": estimate_mean, "total": estimate_total}[
        request.quantity
    ]
    return function(
        people, list(outcomes), design=design, by=request.by, where=request.where, unknown=request.unknown,
        interval=request.interval or USUAL[request.quantity], level=request.level, df="domain",
    )  # fmt: skip


def _blanked(result: Estimates, *, value: bool) -> Estimates:
    """Without figures that recruitment between these groups does not give."""
    names = [*(["value"] if value else []), "se", "lower", "upper", "deff", "df_effective"]
    frame = result.frame.copy()
    frame[names] = np.nan
    frame["interval_kind"] = pd.Series("", index=frame.index, dtype="string")
    return replace(result, frame=frame, covariance_matrix=None, cells=None if value else result.cells)


def _not_centred(
    request: Request, people: Any, design: Design, own: UnitReplicates, outcomes: Sequence[str]
) -> Bools | None:
    """Rows whose replicates lie around another value than the estimate, by more than a standard error."""
    if request.plan.variance not in BY_GROUPS:
        return None
    number = len(own.rscales)
    around = replace(design, replicates=replace(own, centre="estimate", scale=1 / number))
    about_estimate, about_mean = (
        _estimate(request, people, each, outcomes).frame["se"].to_numpy(float) ** 2 for each in (around, design)
    )
    gap = np.maximum(about_estimate - about_mean * (number - 1) / number, 0.0)
    return gap > about_mean


def _described(
    request: Request, recruited: RecruitedPeople, result: Estimates, *, apart: bool, off: Bools | None
) -> Estimates:
    """With the name of the method, what it assumes, what speaks against a row, and how it was called."""
    plan, frame = request.plan, result.frame.copy()
    frame["method"] = pd.Series(str(METHODS[plan.weighting]), index=frame.index, dtype="string")
    provenance = replace(
        result.provenance,
        call=f"hidden.{plan.weighting}",
        arguments={**result.provenance.arguments, **_settings(request)},
    )
    return replace(
        result,
        frame=frame,
        assumptions=(*_assumptions(request), *recruited.assumptions, *result.assumptions),
        reasons=(*result.reasons, *_reasons(request, recruited, result, apart=apart, off=off)),
        provenance=provenance,
        diagnostics={**result.diagnostics, **_diagnostics(recruited)},
    )


def _assumptions(request: Request) -> Iterable[Assumption]:
    plan = request.plan
    yield RANDOM_RECRUITMENT.assume()
    yield DEGREES_REPORTED.assume()
    yield NETWORK_CONNECTED.assume()
    if plan.weighting != "gile_ss":
        yield WITH_REPLACEMENT.assume()
    if plan.population is not None:
        yield POPULATION_GIVEN.assume(population=plan.population)
    if plan.weighting == "rds_i":
        yield GROUPS_ALIKE_WITHIN.assume()
        if plan.smoothing == "data":
            yield RECIPROCAL_SMOOTHED.assume()
    if plan.variance == "tree":
        yield TREE_BOOTSTRAP.assume()
    elif plan.variance == "salganik":
        yield (SALGANIK_BOOTSTRAP if plan.draw == "uniform" else SALGANIK_BY_DEGREE).assume()
    elif plan.variance == "gile":
        yield GILE_BOOTSTRAP.assume()
    else:
        yield DESIGN_EFFECT_STATED.assume(deff=float(request.design_effect or 1.0))


def _reasons(
    request: Request, recruited: RecruitedPeople, result: Estimates, *, apart: bool, off: Bools | None
) -> Iterable[Reason]:
    plan = request.plan
    share = 0.0 if plan.population is None else float(recruited.counted.sum()) / plan.population
    on_edge = edges(result) & (request.design_effect is None)
    for row in range(len(result.frame)):
        if on_edge[row]:
            yield WITHOUT_CASES.at(row, deff=USUAL_DESIGN_EFFECT)
        if apart:
            yield GROUPS_APART.at(row)
        if recruited.recruitment.n_seeds == 1:
            yield SINGLE_TREE.at(row)
        if off is not None and off[row]:
            yield NOT_CENTRED.at(row)
        if plan.weighting != "gile_ss" and share >= LARGE_SHARE:
            yield LARGE_FRACTION.at(row, percent=round(100 * share, 1))


def _settings(request: Request) -> dict[str, Any]:
    """The arguments for the record, beside those that every design-weighted call has."""
    plan = request.plan
    told: dict[str, Any] = {
        "quantity": request.quantity, "variance": plan.variance, "seed": plan.seed, "population": plan.population,
        "include_seeds": request.include_seeds, "missing_degree": request.missing_degree, "groups": request.groups or "",
    }  # fmt: skip
    if plan.variance != "linearised":
        told["replicates"] = plan.replicates
    if plan.weighting == "rds_i":
        told["smoothing"] = plan.smoothing
    if plan.weighting == "gile_ss":
        told |= {"inclusion": plan.method, "small_fraction": plan.small_fraction}
    if request.design_effect is not None:
        told["design_effect"] = request.design_effect
    return told


def _diagnostics(recruited: RecruitedPeople) -> dict[str, Any]:
    chains = recruited.recruitment
    return {
        "seeds": chains.n_seeds, "waves": int(chains.waves.max()), "recruiters": int((chains.recruits > 0).sum()),
        "largest_tree": chains.largest_tree, "report": chains.report.summary(),
    }  # fmt: skip
