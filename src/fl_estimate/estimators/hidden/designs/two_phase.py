"""Two-phase screening: a short screener of everybody, and the whole interview of a subsample of those who pass it and those who do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

import narwhals as nw

from fl_estimate.design.domains import By
from fl_estimate.design.row_weights import fresh
from fl_estimate.design.totals import Frame, as_frame, require_columns
from fl_estimate.design.weights import handed_back
from fl_estimate.errors import EstimateFault, names_given, require_name
from fl_estimate.estimators.hidden.designs.limits import require_choices
from fl_estimate.estimators.survey.design_weighted import estimate_mean, estimate_prevalence, estimate_total
from fl_estimate.inputs.respondents import Respondents, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import Assumption, AssumptionCode, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, Level, Name, Where
from fl_estimate.schema.expressions import missing

Negatives = Literal["interviewed", "none"]
Quantities = Literal["prevalence", "total", "mean"]
TWO_PHASE = MethodName("two-phase", of_people_counted=True, chooses_people=True, named=True)
SUBSAMPLE_RANDOM = AssumptionCode("second_phase_random", "columns")
SCREENER_MISSES_NOBODY = AssumptionCode("screener_misses_nobody")
FIRST_PHASE_AS_CLUSTERS = AssumptionCode("first_phase_as_clusters", "stages")
ESTIMATORS: dict[str, Callable[..., Estimates]] = {
    "prevalence": estimate_prevalence,
    "total": estimate_total,
    "mean": estimate_mean,
}
STRATUM, DRAWN, ANSWER = "two_phase_stratum", "two_phase_interviewed", "two_phase_outcome"


@method(kind="two_phase", basis="respondents", family="hidden")
def two_phase(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    screener: Annotated[str, GROUPS],
    interviewed: Annotated[str, GROUPS],
    negatives: Negatives = "interviewed",
    strata: Annotated[str | Sequence[str] | None, GROUPS] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    quantity: Quantities = "prevalence",
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["no", "exclude", "bounds"] | None = None,
    interval: Literal["korn-graubard", "beta", "logit", "wilson", "jeffreys", "wald", "log"] | None = None,
    df: Literal["domain", "design", "effective"] = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate from a screener of everybody and the whole interview of some: those who pass it, and a part of those who do not.

    Use it where the whole questionnaire is too long for all, or must not be put to all. Interview a part of those who do not pass too: without them nobody knows whom the
    screener misses. Where there is a screener alone, of known sensitivity and specificity, `fl.hierarchical.misclassification` corrects its prevalence
    (Rogan and Gladen) with the uncertainty of both.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        Everybody of the first phase, one row a person, with the weights of that phase.
    outcome : str
        Column of the outcome, known of those interviewed; what stands in other rows is not read.
    screener : str
        Column of the result of the screener, known of everybody: 0/1, or classes.
    interviewed : str
        0/1 column: 1 for who had the whole interview.
    negatives : {"interviewed", "none"}
        Who does not pass (0): a part of them was interviewed; or none was, and all are taken as no case, which is stated: then the screener has to miss nobody.
    strata : str or list of str, optional
        Columns within which, besides the screener, the second phase was drawn, such as the region.
    design : Design, optional
        Of the first phase; taken from `people` where that carries one.
    quantity : {"prevalence", "total", "mean"}
        What is estimated: a share of everybody in scope, a number, or a mean.
    by, where, unknown, df, level
        As in `estimate_prevalence`.
    interval : str, optional
        Of the estimator: Korn and Graubard's for a prevalence, log for a total, Wald for a mean.

    Returns
    -------
    Estimates
        Method "two-phase"; `n` counts those interviewed.

    Raises
    ------
    EstimateFault
        FL-EST-690: a screener that is not known of everybody; FL-EST-691: a class of the screener of which nobody was interviewed; FL-EST-692: replicate weights of the first phase; FL-EST-693: an outcome that is text; FL-EST-679: a choice that there is not; and
        as in `estimate_prevalence`.
    DesignFault
        FL-DESIGN-29: a second phase that cannot be used.

    Notes
    -----
    It is ``Design(…, phase2=(interviewed, Design(strata=…)))`` with what a screener needs around it: weights within the second phase are n₁/n₂ of each class, and the variance that of
    Särndal, Swensson and Wretman for both phases. That form takes one stage in the first phase: of several, or of unequal probabilities without replacement, units of
    the first stage are taken as drawn with replacement, which is on the safe side and stated. With simple random sampling it is p = Σ W_g p_g,
    V = Σ W_g² p_g(1 − p_g)/n₂_g + Σ W_g(p_g − p)²/n₁.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 9. Shrout and Newman (1989), Biometrics 45, 549-555 (two-phase screening). Rogan and Gladen (1978),
    American Journal of Epidemiology 107, 71-76.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"passes": [1] * 20 + [0] * 80, "asked": [1] * 20 + [1] * 10 + [0] * 70, "fl": [1, 0] * 10 + [1] + [0] * 79})
    >>> found = fl.hidden.two_phase(people, "fl", screener="passes", interviewed="asked", design=fl.Design(unweighted=True))
    >>> round(found.value, 3)
    0.18
    """
    require_choices({"negatives": (negatives, get_args(Negatives)), "quantity": (quantity, tuple(ESTIMATORS))}, level)
    for name, column in (("outcome", outcome), ("screener", screener), ("interviewed", interviewed)):
        require_name(column, name)
    named = [screener, *([] if strata is None else names_given(strata, "strata"))]
    resolved = resolve(people, design)
    frame = as_frame(resolved.frame)
    require_columns(frame.collect_schema(), [outcome, interviewed, *named])
    if not (frame.collect_schema()[outcome].is_numeric() or frame.collect_schema()[outcome] == nw.Boolean):
        raise EstimateFault(
            "FL-EST-693", "the outcome of two phases is a column of numbers", found=f"{outcome!r} is text",
            fix="derive a 0/1 column of it first",
        )  # fmt: skip
    _check_screener(frame, named, interviewed, negatives)
    frame, columns = _prepared(frame, outcome, named, interviewed, negatives)
    base, stages = _one_stage(resolved.design)
    drawn = replace(base, phase2=(columns["drawn"], Design(strata=columns["stratum"])))
    rows, _ = handed_back(people, frame, drawn) if isinstance(people, Respondents) else (frame.to_native(), drawn)
    settings: dict[str, Any] = {"by": by, "where": where, "unknown": unknown, "df": df, "level": level}
    settings |= {} if interval is None else {"interval": interval}
    result = ESTIMATORS[quantity](rows, columns["outcome"], design=drawn, **settings)
    return _told(result, outcome, columns["outcome"], _assumptions(named, negatives, stages), {
        "outcome": [outcome], "screener": screener, "interviewed": interviewed, "negatives": negatives, "strata": named[1:], "quantity": quantity,
    })  # fmt: skip


def _check_screener(frame: Frame, named: Sequence[str], interviewed: str, negatives: str) -> None:
    """Refuse who was not screened, and classes of which nobody was interviewed."""
    schema = frame.collect_schema()
    unknown = {
        name: nw.col(name).is_null() if not schema[name].is_numeric() else missing(name, schema) for name in named
    }
    counts = frame.lazy().select(*(flag.cast(nw.Int64).sum().alias(name) for name, flag in unknown.items())).collect()
    absent = {name: int(counts[name].to_list()[0] or 0) for name in named}
    if any(absent.values()):
        raise EstimateFault(
            "FL-EST-690", "the screener is not known of everybody in the first phase",
            found=", ".join(f"column {name!r}: {count} rows" for name, count in absent.items() if count),
            fix="give those who did not answer it a class of their own, such as 9, and interview a part of them; or adjust the weights for non-response",
        )  # fmt: skip
    if not schema[interviewed].is_numeric() and schema[interviewed] != nw.Boolean:
        raise EstimateFault(
            "FL-EST-690", "who was interviewed is a column of 0 and 1", found=f"{interviewed!r} is {schema[interviewed]}",
            fix="1 for who had the whole interview, 0 for all others",
        )  # fmt: skip
    asked = (~missing(interviewed, schema)) & (nw.col(interviewed).cast(nw.Float64) == 1.0)
    flagged = frame.with_columns(asked.fill_null(value=False).cast(nw.Int64).alias("__fl_asked"))
    table = flagged.lazy().group_by(list(named)).agg(nw.col("__fl_asked").sum()).collect(backend="pandas").to_pandas()
    none = table["__fl_asked"].to_numpy(dtype=float) == 0
    if negatives == "none":
        none &= ~_is_zero(table[named[0]])
    if none.any():
        negative = bool((none & _is_zero(table[named[0]])).any())
        raise EstimateFault(
            "FL-EST-691", "nobody was interviewed of a class of the screener",
            found=f"{int(none.sum())} of {len(none)} classes" + (", among them who does not pass" if negative else ""),
            fix='join classes; where none who does not pass was interviewed, negatives="none" takes all of them as no case; of a screener alone, '
            "fl.hierarchical.misclassification corrects the prevalence for its sensitivity and specificity",
        )  # fmt: skip


def _is_zero(column: Any) -> Any:
    return (column.astype("string").isin(["0", "0.0", "False", "false"])).to_numpy(dtype=bool)


def _prepared(
    frame: Frame, outcome: str, named: Sequence[str], interviewed: str, negatives: str
) -> tuple[Frame, dict[str, str]]:
    """One column of the strata of the second phase, who is in it, and outcomes that are read of these alone."""
    schema = frame.collect_schema()
    stratum, drawn = fresh(frame, STRATUM), fresh(frame, DRAWN)
    texts = [nw.col(name).cast(nw.String) for name in named]
    asked = ((~missing(interviewed, schema)) & (nw.col(interviewed).cast(nw.Float64) == 1.0)).fill_null(value=False)
    passed_by = texts[0].is_in(["0", "0.0", "False", "false"]) if negatives == "none" else asked & ~asked
    frame = frame.with_columns(
        nw.concat_str(texts, separator=" × ").alias(stratum),
        nw.when(asked | passed_by).then(nw.lit(1)).otherwise(nw.lit(0)).alias(drawn),
    )
    beside = {suffix: f"{outcome}_{suffix}" for suffix in ("possible", "in_scope") if f"{outcome}_{suffix}" in schema}
    if beside:
        # Classified people: those taken as no case are in scope and determined.
        if negatives == "none":
            fixed = {outcome: 0, beside.get("possible", ""): 0, beside.get("in_scope", ""): 1}
            frame = frame.with_columns(
                *(
                    nw.when(passed_by).then(nw.lit(value)).otherwise(nw.col(name).cast(nw.Int64)).alias(name)
                    for name, value in fixed.items()
                    if name
                )
            )
        return frame, {"stratum": stratum, "drawn": drawn, "outcome": outcome}
    answer = fresh(frame, ANSWER)
    told = nw.when(asked & ~passed_by).then(nw.col(outcome).cast(nw.Float64)).otherwise(nw.lit(0.0))
    return frame.with_columns(told.alias(answer)), {"stratum": stratum, "drawn": drawn, "outcome": answer}


def _one_stage(design: Design) -> tuple[Design, int]:
    """The design of the first phase in a form that two phases are computed of, and how many stages it has where some are left out."""
    if design.replicates is not None:
        raise EstimateFault(
            "FL-EST-692", "two phases are not computed from replicate weights", found="replicate weights of the first phase",
            fix="name strata and PSUs of the first phase; or, where the file has replicate weights of both phases, use fl.estimate_prevalence with these",
        )  # fmt: skip
    if len(design.stages) <= 1 and len(design.fpc) <= 1 and design.pps is None:
        return design, 0
    kept = replace(design, stages=design.stages[:1], fpc=(), pps=None, joint=None, hr_sum=None)
    return kept, max(len(design.stages), 1)


def _assumptions(named: Sequence[str], negatives: str, stages: int) -> tuple[Assumption, ...]:
    said = [SUBSAMPLE_RANDOM.assume(columns=", ".join(named))]
    said += [SCREENER_MISSES_NOBODY.assume()] if negatives == "none" else []
    said += [FIRST_PHASE_AS_CLUSTERS.assume(stages=stages)] if stages else []
    return tuple(said)


def _told(
    result: Estimates, outcome: str, column: str, assumptions: tuple[Assumption, ...], arguments: dict[str, Any]
) -> Estimates:
    frame = result.frame.assign(method=str(TWO_PHASE)).astype({"method": "string"})
    frame["outcome"] = frame["outcome"].where(frame["outcome"] != column, outcome)
    recorded = {**result.provenance.arguments, **arguments}
    # The audit of disclosure finds the cells of a row by the name that the row has.
    named = tuple(outcome if one == column else one for one in result.cells.outcomes) if result.cells else ()
    return replace(
        result,
        frame=frame,
        cells=replace(result.cells, outcomes=named) if result.cells else None,
        assumptions=(*assumptions, *result.assumptions),
        provenance=replace(result.provenance, call="hidden.two_phase", arguments=recorded),
    )
