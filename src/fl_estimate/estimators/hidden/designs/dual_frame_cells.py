"""What each of two frames' samples says of its own part and of the overlap: totals and their covariance, by the design of the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.row_weights import fresh, in_a_column
from fl_estimate.design.totals import as_frame, require_columns
from fl_estimate.design.weights import handed_back
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.estimators.survey.design_weighted import estimate_total
from fl_estimate.inputs.respondents import Respondents, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Estimates
from fl_estimate.schema.expressions import missing

ONE = "dual_frame_counted"


@dataclass(frozen=True, kw_only=True)
class FrameSample:
    """The sample of one frame.

    Attributes
    ----------
    total : float array, shape (4,)
        The outcome in the frame's own part and in the overlap, and the people in both: y_a, y_ab, n_a, n_ab.
    covariance : float array, shape (4, 4)
    n, cases, psus_with_cases, undetermined : float
        Of the whole sample; `cases` NaN where the outcome is not 0/1.
    overlap_cases, overlap_rows : float
        Respondents of the overlap whose outcome is not 0, and all of them.
    df, df_effective : float
    result : Estimates
        As the estimator made it: its assumptions and what it says of whom.
    """

    total: Floats
    covariance: Floats
    n: float
    cases: float
    support_cases: float
    psus_with_cases: float
    overlap_cases: float
    overlap_rows: float
    df: float
    df_effective: float
    result: Estimates


def two_samples(
    people: Any, design: Any, frame: str | None, frames: Sequence[str]
) -> tuple[tuple[Any, Design | None], tuple[Any, Design | None]]:
    """The samples of both frames with their designs: two of them, or one table with a column that says which a row is of.

    Raises
    ------
    EstimateFault
        FL-EST-682: neither two samples nor a column; FL-EST-02; FL-EST-683: rows of a third frame.
    """
    pair = isinstance(people, tuple | list)
    if pair == (frame is not None) or (pair and len(people) != 2) or len(frames) != 2 or frames[0] == frames[1]:
        raise EstimateFault(
            "FL-EST-682", "it is not said what the two samples are",
            found=f"{'a list of samples' if pair else 'one table'}; frame={shown(frame)}",
            fix='give (sample_a, sample_b); or one table with frame="column" and frames=("A", "B"), its two values',
        )  # fmt: skip
    if pair:
        designs = design if isinstance(design, tuple | list) else (design, design)
        return (people[0], designs[0]), (people[1], designs[1])
    resolved = resolve(people, design if isinstance(design, Design) else None)
    rows = as_frame(resolved.frame)
    require_columns(rows.collect_schema(), [str(frame)])
    text = nw.col(str(frame)).cast(nw.String)
    other = (
        rows.lazy().select((~text.is_in(list(frames)) | text.is_null()).cast(nw.Int64).sum().alias("other")).collect()
    )
    if count := int(other["other"].to_list()[0] or 0):
        raise EstimateFault(
            "FL-EST-683", "rows are of neither frame", found=f"column {frame!r}: {count} rows are not {listed(frames)}",
            fix='frames=("…", "…") names the two values of the column, that of frame A first',
        )  # fmt: skip
    made = [handed_back(people, rows.filter(text == name), resolved.design) for name in frames]
    return made[0], made[1]


def sample_of(
    people: Any, design: Design | None, outcome: str, *, overlap: str, where: str | None, unknown: Any,
    probabilities: tuple[str, str] | None = None,
) -> FrameSample:  # fmt: skip
    """Estimate both parts of one sample; with `probabilities` by single-frame weights in the overlap.

    Raises
    ------
    EstimateFault
        FL-EST-683: an overlap that is not 0 or 1 for everybody, or a probability that cannot be; and as in `estimate_total`.
    """
    resolved = resolve(people, design)
    rows = as_frame(resolved.frame)
    schema = rows.collect_schema()
    require_columns(schema, [outcome, overlap, *(probabilities or ())])
    if not (schema[outcome].is_numeric() or schema[outcome] == nw.Boolean):
        raise EstimateFault(
            "FL-EST-684", "the outcome of two frames is a column of numbers", found=f"{outcome!r} is text",
            fix="derive a 0/1 column of it first",
        )  # fmt: skip
    _check_overlap(rows, overlap)
    rows, base = in_a_column(rows, resolved.design)
    if resolved.design.unweighted:
        base = resolved.design
    counted, scope = fresh(rows, ONE), f"{outcome}_in_scope"
    one = nw.col(scope).cast(nw.Float64) if scope in schema else nw.col(overlap).cast(nw.Float64) * 0.0 + 1.0
    rows = rows.with_columns(one.alias(counted))
    if probabilities is not None:
        rows, base = _single_frame(rows, base, overlap, probabilities)
    given, _ = handed_back(people, rows, base) if isinstance(people, Respondents) else (rows.to_native(), base)
    made = estimate_total(given, [outcome, counted], design=base, by=overlap, where=where, unknown=unknown)
    return _laid(made, overlap)


def _check_overlap(rows: Any, overlap: str) -> None:
    schema = rows.collect_schema()
    if not (schema[overlap].is_numeric() or schema[overlap] == nw.Boolean):
        raise EstimateFault(
            "FL-EST-683", "the overlap is a column of 0 and 1", found=f"{overlap!r} is {schema[overlap]}",
            fix="1 for who could have been drawn from the other frame too, 0 for all others",
        )  # fmt: skip
    absent = missing(overlap, schema)
    value = nw.when(~absent).then(nw.col(overlap).cast(nw.Float64)).otherwise(nw.lit(0.0))
    wrong = (absent | ~((value == 0.0) | (value == 1.0))).cast(nw.Int64).sum().alias("wrong")
    if count := int(rows.lazy().select(wrong).collect()["wrong"].to_list()[0] or 0):
        raise EstimateFault(
            "FL-EST-683", "whether people are in the other frame too is not known of everybody",
            found=f"column {overlap!r}: {count} rows are missing, or neither 0 nor 1",
            fix="ask everybody whether the other frame holds them; without it nobody knows whom both frames count",
        )  # fmt: skip


def _single_frame(rows: Any, base: Design, overlap: str, probabilities: tuple[str, str]) -> tuple[Any, Design]:
    """Weights 1/(π_A + π_B) in the overlap; elsewhere those that there are."""
    schema = rows.collect_schema()
    first, second = (nw.col(name).cast(nw.Float64) for name in probabilities)
    inside = nw.col(overlap).cast(nw.Float64) == 1.0
    bad = (
        missing(probabilities[0], schema)
        | missing(probabilities[1], schema)
        | ~((first > 0) & (first <= 1) & (second > 0) & (second <= 1))
    )
    wrong = rows.lazy().select((inside & bad).fill_null(value=True).cast(nw.Int64).sum().alias("wrong")).collect()
    if count := int(wrong["wrong"].to_list()[0] or 0):
        raise EstimateFault(
            "FL-EST-683", "probabilities in both frames are needed of everybody in the overlap",
            found=f"{count} rows where {listed(probabilities)} are missing, or not above 0 and at most 1",
            fix="the probability with which the design of each frame would draw the person, also of the frame that did not",
        )  # fmt: skip
    name = fresh(rows, "single_frame_weight")
    weight = nw.when(inside).then(1.0 / (first + second)).otherwise(nw.col(str(base.weights)).cast(nw.Float64))
    return rows.with_columns(weight.alias(name)), replace(base, weights=name)


def _laid(made: Estimates, overlap: str) -> FrameSample:
    frame = made.frame.reset_index(drop=True)
    names = list(dict.fromkeys(frame["outcome"]))
    matrix = made.covariance_matrix
    if matrix is None:
        raise EstimateFault(
            "FL-EST-684", "the samples give no covariance", found="replicate weights that keep none", fix='variance="taylor"'
        )  # fmt: skip
    total, at = np.zeros(4), np.full(4, -1)
    whole = frame.index[(frame["outcome"] == names[0]) & (frame["margin"] == "")][0]
    for position, (name, level) in enumerate((n, v) for n in names for v in (0.0, 1.0)):
        of = (frame["outcome"] == name) & (frame["margin"] != "")
        row = frame.index[of & (frame[overlap].astype("Float64") == level).fillna(False)]
        if len(row):
            total[position], at[position] = float(frame["value"].loc[row[0]]), int(row[0])
    known = at >= 0
    covariance = np.zeros((4, 4))
    covariance[np.ix_(known, known)] = matrix[np.ix_(at[known], at[known])]
    support = made.support
    return FrameSample(
        total=total, covariance=np.nan_to_num(covariance), n=float(support.respondents[whole]),
        cases=float(frame["cases"].to_numpy(dtype=float, na_value=np.nan)[whole]), support_cases=float(support.cases[whole]),
        psus_with_cases=float(support.psus_with_cases[whole]),
        overlap_cases=float(support.cases[at[1]]) if at[1] >= 0 else 0.0,
        overlap_rows=float(support.respondents[at[1]]) if at[1] >= 0 else 0.0,
        df=float(frame["df"].iloc[whole]), df_effective=float(support.df_effective[whole]), result=made,
    )  # fmt: skip
