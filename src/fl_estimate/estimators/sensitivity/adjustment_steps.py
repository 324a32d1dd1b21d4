"""Decomposition of adjustments: the figure after each step, from design weights to bounds, so that it is seen which did what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.sensitivity.step_changes import AdjustmentStep, joint_covariance
from fl_estimate.estimators.survey.design_weighted import ProportionInterval, estimate_prevalence
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    STEP_CHANGE,
    STEP_PREVALENCE,
    WALD,
    Assumption,
    AssumptionCode,
    MethodName,
    Reason,
    ReasonCode,
    Term,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE_AS_DRAWN, Level, Name, Where

STEPS_NOT_INDEPENDENT = AssumptionCode("steps_not_independent")
STEP_WITHOUT_ERROR = ReasonCode("step_without_error")
DESIGN_WEIGHTS = Term("design_weights")
NONRESPONSE_ADJUSTED = Term("nonresponse_adjusted")
CALIBRATED = Term("calibrated")
TRIMMED = Term("trimmed")
UNKNOWN_COUNTED_AS_NO = Term("unknown_counted_as_no")
IMPUTED = Term("imputed")
BOUNDS = Term("bounds")
CHANGE = Term("change")
OF_KIND: dict[str, Term] = {
    "class": NONRESPONSE_ADJUSTED,
    "propensity": NONRESPONSE_ADJUSTED,
    "calibration": CALIBRATED,
    "trimming": TRIMMED,
}
ANSWERED = ("unknown_excluded", "unknown_as_no", "unknown_bounds")
"""Assumptions about unknown answers, which differ between the steps: their terms say them."""


@method(kind="adjustment_steps", basis="respondents", family="survey")
def adjustment_steps(
    people: Annotated[Any, PEOPLE_AS_DRAWN],
    outcome: Name,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    interval: ProportionInterval = "korn-graubard",
    level: Level = 0.95,
) -> Estimates:
    """Decompose the adjustments of a prevalence: the figure after each step, and what each step changed, by `term`.

    Whole people who did not answer, and answers that are unknown, are two steps of one matter; readers ask which of them moved the
    figure. Read it from the top: those who answered everything by their design weights, by weights adjusted for non-response,
    trimmed, calibrated; then with unknown answers counted as no, imputed (of `fl.impute`), and as bounds. ``.plot()`` draws a
    waterfall of it.

    Parameters
    ----------
    people : SurveyData, Classification, frame, or what `fl.impute` returned
        One row a person who answered, with the weights of every step as columns: `fl.adjust_nonresponse`, `fl.trim_weights` and
        `fl.calibrate` leave them there, and the design remembers which they are.
    outcome : str
        A 0/1 outcome.
    design, by, where, interval, level
        As in `estimate_prevalence`.

    Returns
    -------
    Estimates
        Quantity step_prevalence, and before each but the first of them step_change, "change: …": the figure less that of the step
        before, with its standard error and Wald's limits. `term` is design_weights, nonresponse_adjusted, trimmed, calibrated (as many as the design
        remembers, in its order), unknown_counted_as_no, imputed, bounds (three rows; `bound` says which). The steps of weights are
        of those whose answers decide (unknown ones left out). With the covariance between all rows: ``fl.contrast`` compares any two.

    Raises
    ------
    EstimateFault
        FL-EST-473: an outcome of several values, or a column of weights of a step that is gone; and as in `estimate_prevalence`.

    Notes
    -----
    All steps are estimates of one sample, so that a change has an error far smaller than their intervals suggest: its variance
    is V_s + V_{s−1} − 2 C, C from the linearised influences of both steps summed over the same first-stage units (those of
    calibrated weights are residuals of the calibration). Factors of non-response classes and propensities are taken as fixed, as in the
    estimates. Of imputed answers V is Rubin's, and C that of the mean of the draws. Where the design has replicate weights of a
    file, only figures by the last weights have an error, and the changes between them. Of more than 1,000 rows there is no
    covariance, and no error of a change.

    References
    ----------
    Brick (2013), Journal of Official Statistics 29(3), 329-353 (unit non-response); Little and Rubin (2019), Statistical Analysis
    with Missing Data, ch. 3.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> drawn = pd.DataFrame({"w": 10.0, "ea": [1, 1, 2, 2, 3, 3], "sex": list("FMFMFM"), "ok": [1, 1, 1, 0, 1, 1],
    ...                       "fl": [1, 0, 0, None, 0, None]})
    >>> people, design = fl.adjust_nonresponse(drawn, "ok", design=fl.Design(weights="w", psu="ea"), by="sex")
    >>> steps = fl.adjustment_steps(people, "fl", design=design).to_frame()
    >>> steps[["term", "value", "se"]].round(3).values.tolist()[:3]
    [['design_weights', 0.25, 0.187], ['change: nonresponse_adjusted', -0.028, 0.039], ['nonresponse_adjusted', 0.222, 0.148]]
    """
    resolved = resolve(people, design)
    steps = list(_steps(people, resolved.design))
    made = [
        estimate_prevalence(
            people, outcome, design=step.design, by=by, where=where, unknown=cast("Any", step.unknown),
            interval=interval, level=level,
        )
        for step in steps
    ]  # fmt: skip
    several = sorted({str(name) for one in made for name in one.frame["outcome"]})
    if len(several) > 1:
        raise EstimateFault(
            "FL-EST-473", "steps are told of one outcome", found=f"{len(several)} outcomes", fix="name a 0/1 column"
        )
    joint = joint_covariance(
        people, outcome, steps, made, design=resolved.design, by=by, where=where, level=level
    )  # fmt: skip
    return _lay_out(steps, made, joint)


def _steps(people: Any, design: Design) -> Iterator[AdjustmentStep]:
    """The steps of the weights in the order of the design, then those of the unknown answers."""
    done = design.adjustments
    own = isinstance(design.replicates, Replicates)
    columns = [done[0].before, *(each.after for each in done)] if done else [design.weights]
    names = [str(DESIGN_WEIGHTS), *(OF_KIND.get(each.kind, each.kind) for each in done)]
    for position, (column, name) in enumerate(zip(columns, names, strict=True)):
        last = position == len(columns) - 1
        again = sum(other == name for other in names[:position])
        yield AdjustmentStep(
            term=f"{name} {again + 1}" if again else name,
            design=design if last else _before(design, str(column), position, own=own),
            unknown="exclude",
            error=last or not own,
        )
    yield AdjustmentStep(term=UNKNOWN_COUNTED_AS_NO, design=design, unknown="no")
    if hasattr(people, "shifted"):
        yield AdjustmentStep(term=IMPUTED, design=design, unknown="impute")
    yield AdjustmentStep(term=BOUNDS, design=design, unknown="bounds")


def _before(design: Design, weights: str, steps: int, *, own: bool) -> Design:
    """The design as it was with the weights before some of its adjustments."""
    kept = replace(design, weights=weights, adjustments=design.adjustments[:steps])
    # Replicate weights of a file are of the last weights only.
    return replace(kept, replicates=None) if own else kept


def _lay_out(steps: Sequence[AdjustmentStep], made: Sequence[Estimates], joint: Floats | None) -> Estimates:
    """The rows of each step, and before each what it changed."""
    last = made[-1]
    levels, reasons = _levels(steps, made)
    lines = _lines(steps, made)
    slopes = np.zeros((len(lines), len(levels)))
    for at, line in enumerate(lines):
        slopes[at, line.row] = 1.0
        if line.before is not None:
            slopes[at, line.before] -= 1.0
    covariance = None if joint is None else _between(slopes, joint)
    rows = levels.iloc[[line.row for line in lines]].reset_index(drop=True)
    changed = [at for at, line in enumerate(lines) if line.before is not None]
    changes = _changes(
        levels, [lines[at] for at in changed], None if covariance is None else np.diag(covariance)[changed]
    )
    columns: dict[str, Any] = {name: rows[name].tolist() for name in (*_KEPT, "method", "term")}
    for name, values in changes.items():
        for at, value in zip(changed, values, strict=True):
            columns[name][at] = value
    told = [
        replace(reason, row=at)
        for at, line in enumerate(lines)
        for reason in reasons
        if reason.row == line.row and line.before is None
    ]
    lacking = {reason.row for reason in reasons if reason.code == STEP_WITHOUT_ERROR}
    told += [STEP_WITHOUT_ERROR.at(at) for at in changed if {lines[at].row, lines[at].before} & lacking]
    support = Support.joined([one.support for one in made])
    recipe = last.recipe
    assumptions: list[Assumption] = [a for one in made for a in one.assumptions if a.code not in ANSWERED]
    return build(
        {name: values for name, values in columns.items() if name != "method"},
        {name: [None if pd.isna(label) else label for label in rows[name].tolist()] for name in last.by},
        quantity=[STEP_PREVALENCE if line.before is None else STEP_CHANGE for line in lines],
        method=[MethodName.of(name) for name in columns["method"]],
        basis="respondents",
        recipe=recipe.then(
            "adjustment_steps",
            {**recipe.provenance.arguments, "steps": [str(step.term) for step in steps]},
            [*each_once(assumptions), STEPS_NOT_INDEPENDENT.assume()],
        ),
        reasons=sorted(told, key=lambda reason: reason.row),
        support=support.grouped([[line.row] if line.before is None else [line.row, line.before] for line in lines]),
        covariance=covariance,
        cells=last.cells,
    )


@dataclass(frozen=True, kw_only=True)
class _StepLine:
    """One row of the result: a row of a step, and where it is a change the row of the step before."""

    row: int
    before: int | None = None


def _levels(steps: Sequence[AdjustmentStep], made: Sequence[Estimates]) -> tuple[pd.DataFrame, list[Reason]]:
    """The rows of all steps under each other; those without an error of their own without limits."""
    frames: list[pd.DataFrame] = []
    reasons: list[Reason] = []
    start = 0
    for step, one in zip(steps, made, strict=True):
        frame = one.frame.assign(term=str(step.term))
        if not step.error:
            frame[list(_OF_ERROR)] = np.nan
            frame["interval_kind"] = ""
            reasons += [STEP_WITHOUT_ERROR.at(start + row) for row in range(len(one))]
        frames.append(frame)
        reasons += [replace(reason, row=reason.row + start) for reason in one.reasons]
        start += len(one)
    return pd.concat(frames, ignore_index=True), reasons


def _lines(steps: Sequence[AdjustmentStep], made: Sequence[Estimates]) -> list[_StepLine]:
    """Which rows the result has, domain by domain: what a step changed, and its figure; bounds change nothing."""
    found: list[tuple[int, _StepLine]] = []
    order: dict[tuple[Any, ...], int] = {}
    before: dict[tuple[Any, ...], int] = {}
    start = 0
    for step, one in zip(steps, made, strict=True):
        keys = [_key(record, one.by) for record in one.frame.to_dict("records")]
        for row, key in enumerate(keys):
            order.setdefault(key, len(order))
            if step.unknown != "bounds" and key in before:
                found.append((order[key], _StepLine(row=start + row, before=before[key])))
            found.append((order[key], _StepLine(row=start + row)))
        before = {key: start + row for row, key in enumerate(keys)}
        start += len(one)
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def _key(record: Mapping[Any, Any], by: Sequence[str]) -> tuple[Any, ...]:
    return (record["margin"], *(None if pd.isna(record[name]) else record[name] for name in by))


def _between(slopes: Floats, joint: Floats) -> Floats:
    """The covariance of levels and changes; a row that is made of one without an error has none."""
    unknown = np.isnan(np.diag(joint))
    out = slopes @ np.where(unknown[:, None] | unknown[None, :], 0.0, joint) @ slopes.T
    lacking = (slopes[:, unknown] != 0).any(axis=1)
    out[lacking, :] = out[:, lacking] = np.nan
    return out


def _changes(levels: pd.DataFrame, lines: Sequence[_StepLine], variance: Floats | None) -> dict[str, list[Any]]:
    """The columns of changes that are not those of the step itself."""
    after, before = [line.row for line in lines], [line.before for line in lines]
    value, first = (levels["value"].to_numpy(dtype=float)[rows] for rows in (after, before))
    size = np.fmax(*(np.nan_to_num(levels["se"].to_numpy(dtype=float)[rows]) for rows in (after, before)))
    se = np.full(len(lines), np.nan) if variance is None else np.sqrt(np.maximum(variance, 0.0))
    # Two steps that weigh everybody alike differ by rounding only.
    se = np.where(se < ROUNDING * size, 0.0, se)
    df = np.fmin(*(levels["df"].to_numpy(dtype=float)[rows] for rows in (after, before)))
    level = float(levels["level"].iloc[0])
    lower, upper = general("wald", value - first, se, df, level)
    return {
        "value": (value - first).tolist(), "se": se.tolist(), "df": df.tolist(), "lower": lower.tolist(), "upper": upper.tolist(),
        "interval_kind": ["" if np.isnan(end) else str(WALD) for end in lower], "term": [f"{CHANGE}: {levels['term'].iloc[row]}" for row in after],
        "df_effective": [np.nan] * len(lines), "deff": [np.nan] * len(lines),
    }  # fmt: skip


ROUNDING = 1e-7
_OF_ERROR: tuple[str, ...] = ("se", "lower", "upper", "df_effective", "deff")
_KEPT: tuple[str, ...] = (
    "outcome", "margin", "value", "se", "lower", "upper", "level", "interval_kind", "bound", "undetermined", "n", "df",
    "df_effective", "deff",
)  # fmt: skip
