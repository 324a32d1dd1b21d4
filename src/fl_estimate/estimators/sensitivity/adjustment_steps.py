"""Decomposition of adjustments: the figure after each step, from design weights to bounds, so that it is seen which did what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.design_weighted import ProportionInterval, estimate_prevalence
from fl_estimate.estimators.targets import Unknown
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    STEP_PREVALENCE,
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
from fl_estimate.results.roles import NOT_IN_FILE, PEOPLE_AS_DRAWN, Level, Name, Where

STEPS_NOT_INDEPENDENT = AssumptionCode("steps_not_independent")
STEP_WITHOUT_ERROR = ReasonCode("step_without_error")
DESIGN_WEIGHTS = Term("design_weights")
NONRESPONSE_ADJUSTED = Term("nonresponse_adjusted")
CALIBRATED = Term("calibrated")
TRIMMED = Term("trimmed")
UNKNOWN_COUNTED_AS_NO = Term("unknown_counted_as_no")
IMPUTED = Term("imputed")
BOUNDS = Term("bounds")
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
    where: Where = None,
    interval: ProportionInterval = "korn-graubard",
    level: Level = 0.95,
) -> Estimates:
    """Decompose the adjustments of a prevalence: the national figure after each step, by `term`.

    Whole people who did not answer, and answers that are unknown, are two steps of one matter; readers ask which of them moved the
    figure. Read it from the top: those who answered everything by their design weights, by weights adjusted for non-response,
    trimmed, calibrated; then with unknown answers counted as no, imputed (of `fl.impute`), and as bounds.

    Parameters
    ----------
    people : SurveyData, Classification, frame, or what `fl.impute` returned
        One row a person who answered, with the weights of every step as columns: `fl.adjust_nonresponse`, `fl.trim_weights` and
        `fl.calibrate` leave them there, and the design remembers which they are.
    outcome : str
        A 0/1 outcome.
    design, where, interval, level
        As in `estimate_prevalence`.

    Returns
    -------
    Estimates
        Quantity step_prevalence. `term` is design_weights, nonresponse_adjusted, trimmed, calibrated (as many as the design
        remembers, in its order), unknown_counted_as_no, imputed, bounds (three rows; `bound` says which). The steps of weights are
        of those whose answers decide (unknown ones left out).

    Raises
    ------
    EstimateFault
        FL-EST-473: an outcome of several values, or a column of weights of a step that is gone; and as in `estimate_prevalence`.

    Notes
    -----
    All steps are estimates of one sample, and no covariance between them is given: a difference of two rows has an error that is
    far smaller than their intervals suggest, and is not told. A step of replicate weights of the file has its own error only
    by the last weights.

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
    >>> fl.adjustment_steps(people, "fl", design=design).to_frame()[["term", "bound", "value"]].round(3).values.tolist()[:3]
    [['design_weights', '', 0.25], ['nonresponse_adjusted', '', 0.222], ['unknown_counted_as_no', '', 0.167]]
    """
    resolved = resolve(people, design)
    steps = list(_steps(people, resolved.design))
    made = [
        estimate_prevalence(
            people, outcome, design=step.design, where=where, unknown=step.unknown, interval=interval, level=level
        )
        for step in steps
    ]
    several = sorted({str(name) for one in made for name in one.frame["outcome"]})
    if len(several) > 1:
        raise EstimateFault(
            "FL-EST-473", "steps are told of one outcome", found=f"{len(several)} outcomes", fix="name a 0/1 column"
        )
    return _lay_out(steps, made)


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One step: its name, by which design, how unknown answers are treated, and whether its error is known."""

    term: str
    design: Design
    unknown: Unknown
    error: bool = True


def _steps(people: Any, design: Design) -> Iterator[_Step]:
    """The steps of the weights in the order of the design, then those of the unknown answers."""
    done = design.adjustments
    own = isinstance(design.replicates, Replicates)
    columns = [done[0].before, *(each.after for each in done)] if done else [design.weights]
    names = [str(DESIGN_WEIGHTS), *(OF_KIND.get(each.kind, each.kind) for each in done)]
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        last = place == len(columns) - 1
        again = sum(other == name for other in names[:place])
        yield _Step(
            term=f"{name} {again + 1}" if again else name,
            design=design if last else _before(design, str(column), place, own=own),
            unknown="exclude",
            error=last or not own,
        )
    yield _Step(term=UNKNOWN_COUNTED_AS_NO, design=design, unknown="no")
    if hasattr(people, "shifted"):
        yield _Step(term=IMPUTED, design=design, unknown="impute")
    yield _Step(term=BOUNDS, design=design, unknown="bounds")


def _before(design: Design, weights: str, steps: int, *, own: bool) -> Design:
    """The design as it was with the weights before some of its adjustments."""
    kept = replace(design, weights=weights, adjustments=design.adjustments[:steps])
    # Replicate weights of a file are of the last weights only.
    return replace(kept, replicates=None) if own else kept


def _lay_out(steps: Sequence[_Step], made: Sequence[Estimates]) -> Estimates:
    last = made[-1]
    columns: dict[str, list[Any]] = {name: [] for name in _KEPT}
    reasons: list[Reason] = []
    start = 0
    for step, one in zip(steps, made, strict=True):
        for name in _KEPT:
            blank = not step.error and name in ("se", "lower", "upper", "df_effective", "deff")
            columns[name] += [np.nan] * len(one) if blank else one.frame[name].tolist()
        if not step.error:
            columns["interval_kind"][start:] = [""] * len(one)
            reasons += [STEP_WITHOUT_ERROR.at(start + row) for row in range(len(one))]
        reasons += [replace(reason, row=reason.row + start) for reason in one.reasons]
        start += len(one)
    assumptions: list[Assumption] = [a for one in made for a in one.assumptions if a.code not in ANSWERED]
    recipe = last.recipe
    return build(
        {**columns, "term": [str(step.term) for step, one in zip(steps, made, strict=True) for _ in range(len(one))]},
        quantity=STEP_PREVALENCE,
        method=[MethodName.of(name) for one in made for name in one.frame["method"]],
        basis="respondents",
        recipe=recipe.then(
            "adjustment_steps",
            {**recipe.provenance.arguments, "steps": [str(step.term) for step in steps]},
            [*each_once(assumptions), STEPS_NOT_INDEPENDENT.held()],
        ),
        reasons=reasons,
        support=Support.joined([one.support for one in made]),
        cells=last.cells,
    )


_KEPT: tuple[str, ...] = (
    "outcome", "margin", "value", "se", "lower", "upper", "level", "interval_kind", "bound", "undetermined", "n", "df",
    "df_effective", "deff",
)  # fmt: skip
