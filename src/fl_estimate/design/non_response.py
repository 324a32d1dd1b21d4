"""Non-response: the weights of those who did not answer, carried by those who did, by class or by propensity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.margins import any_missing, combination, features
from fl_estimate.design.row_weights import FLAGS, check_weights, fresh, in_a_column, weight_columns
from fl_estimate.design.small_table import Floats, Totals
from fl_estimate.design.totals import Frame, as_frame, require_columns, totals
from fl_estimate.design.weights import adjustable, handed_back, no_design
from fl_estimate.errors import DesignFault, labels_shown, listed, require_name
from fl_estimate.inputs.adjustments import Adjustment, KnownTotal
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.expressions import missing, parse

STEPS = 100
FAR = 15.0
"""A log-odds of response beyond this is no estimate: the covariates tell for certain who answers (separation)."""


def adjust_nonresponse(
    people: Any,
    responded: str,
    *,
    design: Design | None = None,
    by: str | Sequence[str] | None = None,
    covariates: str | Sequence[str] | None = None,
) -> tuple[Any, Design]:
    """Let those who answered stand for those who did not, class by class or by their propensity to answer.

    It supposes that within a class (or given the covariates) those who did not answer are like those who did; nothing in
    the data can show that. Adjust before calibrating.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        Everybody who was drawn and could have answered, one row a person.
    responded : str
        A 0/1 column or a condition, ``"status == 'complete'"``.
    design : Design, optional
        As in `calibrate`.
    by : str or list of str, optional
        Columns whose combinations are the weighting classes.
    covariates : str or list of str, optional
        Columns that explain who answers, by logistic regression (unweighted): text by its classes, numbers as they are.

    Returns
    -------
    people
        Those who answered, with one more column of weights.
    Design
        Names the new column, ``<weights>_adjusted``.

    Raises
    ------
    DesignFault
        FL-DESIGN-53 (who answered is not known), FL-DESIGN-54 (a class without anybody who answered), FL-DESIGN-55 (both or
        neither of `by` and `covariates`), FL-DESIGN-56 (propensities that cannot be estimated), FL-DESIGN-57 (after a
        calibration), FL-DESIGN-60 (missing values in a class or covariate).

    Notes
    -----
    By class w' = w Σ_c w/Σ_{c, answered} w; by propensity w' = w/ρ with logit ρ = x'β. Variances take the factors as
    known.

    References
    ----------
    Little (1986), International Statistical Review 54(2), 139-157.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> drawn = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "sex": ["F", "M", "M", "F"], "ok": [1, 1, 0, 1]})
    >>> people, design = fl.adjust_nonresponse(drawn, "ok", design=fl.Design(weights="w", psu="ea"), by="sex")
    >>> people[design.weights].tolist()
    [10.0, 30.0, 20.0]
    """
    no_design(responded, "responded")
    require_name(
        responded, "responded", fix="give the name of a 0/1 column, or a condition as a text, and not the column itself"
    )
    if (by is None) == (covariates is None):
        raise DesignFault(
            "FL-DESIGN-55",
            "non-response is adjusted by classes or by covariates",
            found="both by= and covariates=" if by is not None else "neither by= nor covariates=",
            fix='by=["sex", "region"] for weighting classes, covariates=[…] for propensities',
        )
    resolved = adjustable(people, design)
    if resolved.design.calibrations:
        raise DesignFault(
            "FL-DESIGN-57",
            "weights were calibrated before the non-response was adjusted for",
            found=f"weights {resolved.design.weights!r}",
            fix="call fl.adjust_nonresponse first, with the design as the sample was drawn, then fl.calibrate",
        )
    frame, base = in_a_column(as_frame(resolved.frame), resolved.design)
    schema = frame.collect_schema()
    given = by if by is not None else covariates
    columns = (given,) if isinstance(given, str) else tuple(given or ())
    require_columns(schema, [str(base.weights), *columns])
    answered, not_known = who_answered(frame, responded)
    table = _table(frame, base, columns, answered, not_known)
    factor = (_by_class if by is not None else _by_propensity)(table, columns, schema)
    before = str(base.weights)
    after = fresh(frame, f"{before}_adjusted")
    weight = nw.col(before).cast(nw.Float64) * factor
    share = float(table.sums["answered"].sum() / table.n.sum())
    step = Adjustment(
        kind="class" if by is not None else "propensity",
        before=before,
        after=after,
        parameters=(("columns", list(columns)), ("response_rate", f"{100 * share:.1f}\u00a0%")),
    )
    kept = frame.with_columns(weight.alias(after)).filter(answered)
    return handed_back(people, kept, replace(base, weights=after, adjustments=(*base.adjustments, step)))


def who_answered(frame: Frame, responded: str) -> tuple[nw.Expr, nw.Expr]:
    """Who answered, and of whom that is not known; both null-free."""
    schema = frame.collect_schema()
    if responded not in schema:
        expression = parse(responded)
        require_columns(schema, sorted(expression.names))
        surely, surely_not = expression.truth(schema)
        return surely, ~surely & ~surely_not
    dtype = schema[responded]
    if not (dtype.is_numeric() or isinstance(dtype, nw.Boolean)):
        raise DesignFault(
            "FL-DESIGN-53", "the column of who answered does not hold 0 and 1", found=f"{responded!r} is {dtype}",
            fix="write a condition: responded=\"status == 'complete'\"",
        )  # fmt: skip
    absent = missing(responded, schema)
    value = nw.when(~absent).then(nw.col(responded).cast(nw.Float64)).otherwise(nw.lit(0.0))
    return value == 1.0, absent | ~((value == 0.0) | (value == 1.0))


def _number(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1.0)).otherwise(nw.lit(0.0))


def _table(frame: Frame, base: Design, columns: tuple[str, ...], answered: nw.Expr, not_known: nw.Expr) -> Totals:
    schema = frame.collect_schema()
    made = weight_columns(schema, str(base.weights))
    # A weight of 0 is of somebody who could not have answered.
    drawn = made["w"] != 0.0
    made |= {"answered": _number(answered & drawn), "not_known": _number(not_known & drawn), "drawn": _number(drawn)}
    made |= {"absent": _number(any_missing(columns, schema) & drawn)} if columns else {}
    sums: dict[str, tuple[str, ...]] = {name: (name,) for name in made} | {"w_answered": ("w", "answered")}
    table = totals(frame, keys=tuple(dict.fromkeys(columns)), columns=made, sums=sums)
    check_weights({name: int(table.sums[name].sum()) for name in FLAGS}, str(base.weights))
    unsure, absent = int(table.sums["not_known"].sum()), int(table.sums["absent"].sum() if columns else 0)
    if unsure or not table.sums["answered"].sum():
        raise DesignFault(
            "FL-DESIGN-53",
            "it is not known who answered",
            found=f"{unsure:,} rows that are neither 0 nor 1" if unsure else "nobody did",
            fix="give 1 to those who answered and 0 to the others; leave out of the file who could not have answered",
        )
    if absent:
        raise DesignFault(
            "FL-DESIGN-60",
            "columns that explain non-response have missing values",
            found=f"{listed(columns)}: {absent:,} rows",
            fix="use what is known of everybody who was drawn (the frame, the enumeration area)",
        )
    return table


def _by_class(table: Totals, columns: tuple[str, ...], schema: Any) -> nw.Expr:
    levels = [[table.keys[name].levels[code] for code in table.keys[name].codes] for name in columns]
    classes = list(zip(*levels, strict=True)) if columns else [()]
    size, held = table.sums["w"], table.sums["w_answered"]
    none = [" × ".join(map(str, known)) for known, sum_of in zip(classes, held, strict=True) if not sum_of > 0]
    if none:
        raise DesignFault(
            "FL-DESIGN-54",
            "nobody answered in some weighting classes",
            found=labels_shown(none, most=10),
            fix="merge each with a class beside it",
        )
    terms = [KnownTotal(columns=columns, levels=tuple(known), total=1.0) for known in classes]
    return combination(terms, size / held, schema)


def _by_propensity(table: Totals, columns: tuple[str, ...], schema: Any) -> nw.Expr:
    """1/ρ as an expression, from the logistic regression of who answered."""
    terms = [KnownTotal(columns=(), levels=(), total=1.0)]
    for name in dict.fromkeys(columns):
        if schema[name].is_numeric():
            terms.append(KnownTotal(columns=(name,), levels=None, total=1.0))
        else:
            terms += [KnownTotal(columns=(name,), levels=(level,), total=1.0) for level in table.keys[name].levels[1:]]
    slopes = _logistic(features(terms, table), table.sums["answered"], table.sums["drawn"])
    return (combination(terms, slopes, schema) * -1.0).exp() + 1.0


def _logistic(x: Floats, answered: Floats, rows: Floats) -> Floats:
    """Maximum likelihood by Newton's method, columns brought to one size; FL-DESIGN-56 where there is none."""
    size = np.sqrt((rows @ x**2) / rows.sum())
    scaled = x / np.where(size > 0, size, 1.0)
    slopes = np.zeros(x.shape[1])
    for _ in range(STEPS):
        z = scaled @ slopes
        if np.abs(z).max() > FAR:
            break
        share = 1 / (1 + np.exp(-z))
        score = scaled.T @ (answered - rows * share)
        if np.abs(score).max() <= 1e-11 * rows.sum():
            return slopes / np.where(size > 0, size, 1.0)
        information = scaled.T @ ((rows * share * (1 - share))[:, None] * scaled)
        step = np.linalg.lstsq(information, score, rcond=1e-13)[0]
        # Far steps are cut: the likelihood is concave, and what still runs away has no maximum.
        slopes = slopes + step * min(1.0, 5.0 / max(np.abs(scaled @ step).max(), 1e-300))
    raise DesignFault(
        "FL-DESIGN-56",
        "the propensities to answer cannot be estimated",
        found="the covariates tell for certain of some people whether they answered",
        fix="leave covariates out, merge their classes, or adjust by weighting classes: by=",
    )
