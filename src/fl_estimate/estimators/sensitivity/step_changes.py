"""How one step of adjustment changed a figure, and the error of that: all steps linearised over the same first-stage units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets, as_number, make_targets
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.inputs.adjustments import Calibration
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.columns import IDENTIFIED
from fl_estimate.results.estimates import Estimates


@dataclass(frozen=True, kw_only=True)
class AdjustmentStep:
    """One step: its name, by which design, how unknown answers are treated, and whether its error is known."""

    term: str
    design: Design
    unknown: str
    error: bool = True

    @property
    def calibrations(self) -> int:
        """How many calibrations its weights had been through."""
        return sum(isinstance(each, Calibration) for each in self.design.adjustments)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a call asks of all its steps."""

    people: Any
    outcome: str
    design: Design
    by: By
    where: str | None
    level: float


def joint_covariance(
    people: Any,
    outcome: str,
    steps: Sequence[AdjustmentStep],
    made: Sequence[Estimates],
    *,
    design: Design,
    by: By,
    where: str | None,
    level: float,
) -> Floats | None:
    """The covariance of all rows of all steps, in their order; None where there are too many, NaN where a row has no error.

    Parameters
    ----------
    people
        As `adjustment_steps` was given them.
    outcome : str
    steps : sequence of Step
    made : sequence of Estimates
        The estimate of each step.
    design : Design
        With the last weights, and all adjustments.
    by, where, level
        As in the estimates.

    Notes
    -----
    Of each step the ratio Σ w_s y_s/Σ w_s d_s, w_s its weights and y_s the outcome as it takes unknown answers, is written with the
    last weights w as Σ w (w_s/w) y_s/Σ w (w_s/w) d_s, and all are linearised together: a unit's influences on two steps are paired.
    Those of calibrated weights are residuals of the calibrations that were made by then. An imputed step stands in with the mean of
    its draws: the covariance of that with another step is the mean of those of the draws, and Rubin's variance of the difference
    follows. Standard errors are those of the steps themselves (by replicates of the units too), correlations are from here.
    """
    own = isinstance(design.replicates, Replicates)
    plain = design if own else replace(design, replicates=None)
    asked = _Asked(people=people, outcome=outcome, design=plain, by=by, where=where, level=level)
    kept = [step for step in steps if step.error]
    targets, measures, imputed = _measures(asked, kept)
    call = _call(asked, imputed=imputed)
    found = call.tabulate(targets, measures).covariance
    if found is None:
        return None
    sizes = [sum(len(margin) for margin in _margins(one)) for one in made]
    return _in_order(found, steps, made, sizes)


def _call(request: _Asked, *, imputed: bool) -> Call:
    return Call(
        "adjustment_steps", request.people, request.design, request.by, request.where, "impute" if imputed else None, None,
        "wald", "domain", request.level, named=[request.outcome],
    )  # fmt: skip


def _measures(request: _Asked, steps: Sequence[AdjustmentStep]) -> tuple[Targets, list[Measure], bool]:
    """A ratio for each step (two for bounds), in columns of their own."""
    imputed = any(step.unknown == "impute" for step in steps)
    call = _call(request, imputed=imputed)
    schema, columns = call.people.schema, dict[str, nw.Expr]()
    targets, measures = list[OutcomeColumns](), list[Measure]()
    for position, step in enumerate(steps):
        treatment: Any = "no" if step.unknown == "impute" else step.unknown
        given = make_targets(
            schema, call.outcomes(request.outcome, "outcome"), where=request.where, unknown=treatment,
            weights=request.design.weights,
        )  # fmt: skip
        names = {
            name: name if name.startswith("where_") or name == "r" else f"s{position}{name}" for name in given.columns
        }
        columns |= {names[name]: column for name, column in given.columns.items()}
        (target,) = given.targets
        target = _renamed(target, names)
        values = {"": columns[target.value]}
        if step.unknown == "impute":
            values = {"": _mean_of_draws(columns[target.counted], request.outcome, call.imputed.draws)}
        elif target.upper is not None:
            values = {"lower": columns[target.value], "upper": columns[target.upper]}
        ratio = _ratio(step.design.weights, request.design.weights)
        bottom = f"s{position}_bottom"
        columns[bottom] = as_number(columns[target.counted]) * ratio
        for bound, value in values.items():
            top = f"s{position}_top{bound}"
            columns[top] = as_number(value) * ratio
            own = replace(target, value=top, upper=None, denominator=bottom, nonzero=target.nonzero, zero_one=())
            targets.append(own)
            measures.append(Measure(target=own, top=top, bottom=bottom, bound=bound, calibrations=step.calibrations))
    return Targets(targets=tuple(targets), columns=columns), measures, imputed


def _renamed(target: OutcomeColumns, names: dict[str, str]) -> OutcomeColumns:
    changed = {
        name: names.get(value, value)
        for name in ("scope", "counted", "value", "upper", "unknown", "not_binary", "nonzero")
        if (value := getattr(target, name)) is not None
    }
    return replace(target, **changed)


def _mean_of_draws(counted: nw.Expr, outcome: str, draws: int) -> nw.Expr:
    each = [as_number(nw.col(f"{outcome}@{draw}") == 1) for draw in range(1, draws + 1)]
    return nw.sum_horizontal(*each) / float(draws) * as_number(counted)


def _ratio(weights: str | None, last: str | None) -> nw.Expr:
    """A step's weights over the last ones; rows without the latter are outside anyway."""
    if weights is None or last is None or weights == last:
        return nw.lit(1.0)
    over = nw.col(last).cast(nw.Float64)
    return nw.when(over != 0.0).then(nw.col(weights).cast(nw.Float64) / over).otherwise(nw.lit(0.0))


def _margins(made: Estimates) -> list[list[int]]:
    """The rows of a step's domains: those of one domain together, one or with its bounds."""
    found: list[list[int]] = []
    for row, bound in enumerate(made.frame["bound"].tolist()):
        if bound in ("upper", IDENTIFIED):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _in_order(
    found: Floats, steps: Sequence[AdjustmentStep], made: Sequence[Estimates], sizes: Sequence[int]
) -> Floats:
    """The covariance of the measures (step, bound, domain) in the order of the rows (step, domain, bound), with the rows' errors."""
    position = np.full(sum(sizes), -1, dtype=np.intp)
    start = at = 0
    for step, one, size in zip(steps, made, sizes, strict=True):
        domains = _margins(one)
        if step.error:
            bounds = 2 if step.unknown == "bounds" else 1
            for bound in range(bounds):
                for domain, rows in enumerate(domains):
                    position[start + rows[bound]] = at + bound * len(domains) + domain
            at += bounds * len(domains)
        start += size
    se = np.concatenate([one.frame["se"].to_numpy(dtype=float) for one in made])
    root = np.sqrt(np.maximum(np.diag(found), 0.0))
    drawn = np.concatenate([np.full(len(one), step.unknown == "impute") for step, one in zip(steps, made, strict=True)])
    own = root[position]
    with np.errstate(divide="ignore", invalid="ignore"):
        # The error of an imputed row holds what its draws do not share with any other step.
        factor = np.where(drawn | ~(own > 0), 1.0, se / own)
    out = found[np.ix_(position, position)] * np.outer(factor, factor)
    out[position < 0, :] = out[:, position < 0] = np.nan
    known = position >= 0
    out[known, known] = (se**2)[known]
    return out
