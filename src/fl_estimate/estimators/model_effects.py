"""What a regression says beyond its coefficients: predictions at given values, and average marginal effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, columns_shown, listed, names_given, not_one_of
from fl_estimate.estimators.fitted_model import FittedModel, row_reasons
from fl_estimate.estimators.model_after import classes, everybody
from fl_estimate.estimators.model_averages import Parts, averages
from fl_estimate.estimators.model_formula import columns_of_term
from fl_estimate.estimators.model_offset import offset_values
from fl_estimate.estimators.model_support import group_support
from fl_estimate.estimators.model_terms import kept_model, provenance_of, session_of
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    LINEAR_PREDICTOR,
    MARGINAL_EFFECT,
    PREDICTED_MEAN,
    REPLICATES,
    TAYLOR,
    WALD,
    AssumptionCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method

EFFECTS_OF_ALL = AssumptionCode("effects_of_all")
STEP = 1e-4
"""Half of the step of a central difference, as a share of the range of the column."""


@method(kind=None, basis="respondents", family="survey")
def predict(model: Estimates, at: Any, *, scale: Literal["mean", "link"] = "mean") -> Estimates:
    """Predict the mean outcome of people with given values, with its standard error and limits.

    Use it for a few kinds of people that a reader can picture; for adjusted comparisons of groups, `marginal_means`.

    Parameters
    ----------
    model : Regression
        From `fl.regress`, in the session that fitted it.
    at : mapping or pandas.DataFrame
        One row for each prediction, with every column of the model (of its offset and exposure as well): a mapping of columns
        to values or lists, ``{"sex": ["female", "male"], "age": 30}``.
    scale : {"mean", "link"}
        The outcome's own, or that of the linear predictor.

    Returns
    -------
    Estimates
        `quantity` predicted_mean or linear_predictor; the columns of the model are by-columns. Limits of a mean are those of the
        linear predictor brought to its scale, so that they stay where means can be. `support` is the least of the coefficients
        that a row uses.

    Raises
    ------
    EstimateFault
        FL-EST-230 (not a regression; or it was saved and holds no people); FL-EST-231 (scale); FL-EST-324 (offset or exposure);
        FL-EST-325 (columns that are missing or empty, classes that the model does not know).

    Notes
    -----
    η = x′β + offset, Var(η) = x′Vx; μ = g⁻¹(η), standard error |dμ/dη| se(η): R's ``predict(svyglm, se.fit=TRUE)``, which leaves
    the offset out. df are those of the residuals.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "h": [40.0, 44, 50, 58, 41, 60, 38, 52], "sex": list("fmfmfmmf"), "x": [1, 2, 2, 3, 1, 4, 1, 2]})
    >>> model = fl.regress(people, "h ~ x + sex", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> fl.predict(model, {"sex": ["f", "m"], "x": 2}).to_frame()["value"].round(2).tolist()
    [49.96, 45.79]
    """
    if scale not in ("mean", "link"):
        raise not_one_of("FL-EST-231", "this scale of predictions", scale, ("mean", "link"))
    kept = kept_model(model)
    fitted = session_of(kept, "predictions at given values", ()).people()
    frame, names = _rows_at(fitted, at)
    x = np.asarray(fitted.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)
    if not np.isfinite(x).all():
        raise _not_usable(
            "values that give no number in the formula", "give a number above 0 where it takes a logarithm"
        )
    eta = x @ kept.beta + offset_values(frame, *kept.beside).values
    matrix = x @ kept.covariance.matrix @ x.T
    df = np.full(len(frame), kept.df)
    lower, upper = general("wald", eta, np.sqrt(np.maximum(np.diag(matrix), 0.0)), df, kept.level)
    value, quantity = eta, LINEAR_PREDICTOR
    if scale == "mean":
        slope, value, quantity = fitted.family.slope(eta), fitted.family.mean(eta), PREDICTED_MEAN
        matrix = slope[:, None] * matrix * slope
        low, high = fitted.family.bounds
        ends = [fitted.family.mean(np.clip(side, low, high)) for side in (lower, upper)]
        lower, upper = np.minimum(*ends), np.maximum(*ends)
    support = Support.joined([_least(model, row) for row in x])
    columns = {
        "outcome": _outcome(kept.formula), "margin": " × ".join(names), "value": value,
        "se": np.sqrt(np.maximum(np.diag(matrix), 0.0)), "lower": lower, "upper": upper, "level": kept.level,
        "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": kept.undetermined, "n": kept.n, "df": df,
    }  # fmt: skip
    return build(
        columns,
        {name: list(frame[name]) for name in names},
        quantity=quantity,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=replace(model.recipe, provenance=provenance_of(model, by=names, scale=scale)),
        reasons=row_reasons(kept, len(frame)),
        covariance=matrix,
        support=support,
    )


def _outcome(formula: str) -> str:
    return formula.split("~")[0].strip()


def _least(model: Estimates, row: Floats) -> Support:
    """The least support of the coefficients that a prediction is made of."""
    used = np.flatnonzero(np.abs(row) > 0)
    if not len(used):
        return Support.unknown(1)
    return Support.least([model.support.take([int(place)]) for place in used])


def _not_usable(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-325", "the values to predict at cannot be used", found=found, fix=fix)


def _rows_at(fitted: FittedModel, at: Any) -> tuple[pd.DataFrame, list[str]]:
    """The values to predict at, as the model's own kinds of columns, and those that its terms use."""
    patterns = fitted.data.patterns
    used = {name for term in fitted.spec.terms for name in columns_of_term(term)} | set(fitted.offset.columns)
    names = [str(name) for name in patterns if name in used]
    try:
        given = pd.DataFrame(at) if isinstance(at, pd.DataFrame) else pd.DataFrame(_spread(dict(at)))
    except (TypeError, ValueError) as error:
        raise _not_usable(type(at).__name__, '{"sex": ["female", "male"], "age": 30}, or a frame') from error
    lacking = [name for name in names if name not in given or given[name].isna().any()]
    if lacking or not len(given):
        raise _not_usable(
            f"no values of {listed(lacking)}" if lacking else "no row",
            "give every column of the model a value in every row",
        )
    frame, alien = pd.DataFrame(index=range(len(given))), list[str]()
    for name in names:
        column, text = patterns[name], isinstance(patterns[name].dtype, pd.CategoricalDtype)
        if text:
            codes = column.cat.categories.get_indexer(pd.Index(given[name].astype(str)))
            frame[name] = pd.Categorical.from_codes(codes, categories=column.cat.categories)
        else:
            frame[name] = pd.to_numeric(given[name], errors="coerce").to_numpy(dtype=float)
        classed = text or f"C({name}" in fitted.formula
        if frame[name].isna().any() or (classed and not frame[name].isin(column.unique()).all()):
            alien.append(name)
    if alien:
        raise _not_usable(
            f"values of {listed(alien)} that the model does not know", "classes must be among those that were fitted"
        )
    return frame, names


def _spread(given: dict[str, Any]) -> dict[str, Any]:
    """Single values for as many rows as the longest list has."""
    size = max((len(values) for values in given.values() if not np.isscalar(values)), default=1)
    return {name: [values] * size if np.isscalar(values) else list(values) for name, values in given.items()}


@method(kind=None, basis="respondents", family="survey")
def marginal_effects(
    model: Estimates,
    variables: str | Sequence[str] | None = None,
    *,
    covariance_of: Literal["joint", "separate", "coefficients"] = "joint",
) -> Estimates:
    """Average marginal effects: what a model says that a variable does to the mean outcome, averaged over the population.

    Use it to say a logistic regression on the scale of prevalences: percentage points rather than odds.

    Parameters
    ----------
    model : Regression
        From `fl.regress`, in the session that fitted it.
    variables : str or sequence of str, optional
        Columns of the model; all where none is named.
    covariance_of : {"joint", "separate", "coefficients"}
        Linearise coefficients and people together (those asked are a sample as well); add the two variances as if they were
        independent, as R's ``svypredmeans`` does of means; or of the coefficients alone, for the people who were asked, as
        ``marginaleffects`` and Stata's ``margins`` without ``vce(unconditional)``.

    Returns
    -------
    Estimates
        `quantity` marginal_effect, `term` the column, and of classes which against which. A column of text or of two values has an
        effect for each class against the first; another a slope, per unit.

    Raises
    ------
    EstimateFault
        FL-EST-229 (no such column in the model); FL-EST-230 (not a regression; or it was saved and holds no people); FL-EST-231.

    Notes
    -----
    Of a class: Σ w (μ_1 − μ_0)/Σw with everybody in it, and in the first. Of a number: Σ w dμ/dx/Σw, by central differences of
    1e-4 of its range. Offsets stay those of each person. df are those of the residuals.

    References
    ----------
    Graubard and Korn (1999), Biometrics 55, 652-659. Bieler, Brown, Williams and Brogan (2010), American Journal of
    Epidemiology 171, 618-623.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "h": [40.0, 44, 50, 58, 41, 60, 38, 52], "sex": list("fmfmfmmf"), "x": [1, 2, 2, 3, 1, 4, 1, 2]})
    >>> model = fl.regress(people, "h ~ x + sex", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> effects = fl.marginal_effects(model).to_frame()
    >>> dict(zip(effects["term"], effects["value"].round(2)))
    {'x': 8.42, 'sex: m − f': -4.17}
    """
    kinds = ("joint", "separate", "coefficients")
    if covariance_of not in kinds:
        raise not_one_of("FL-EST-231", "this covariance", covariance_of, kinds)
    kept = kept_model(model)
    fitted = session_of(kept, "average marginal effects", ()).people()
    asked = _asked(fitted, variables)
    made = [each for name in asked for each in _effects_of(fitted, name)]
    found = averages(fitted, [parts for _, parts, _ in made])
    matrix = {"joint": found.joint, "separate": found.separate, "coefficients": found.conditional}[covariance_of]
    se, df = np.sqrt(np.maximum(np.diag(matrix), 0.0)), np.full(len(made), kept.df)
    lower, upper = general("wald", found.value, se, df, kept.level)
    columns = {
        "outcome": _outcome(kept.formula), "term": [term for term, _, _ in made], "value": found.value, "se": se,
        "lower": lower, "upper": upper, "level": kept.level, "interval_kind": np.where(np.isnan(lower), "", WALD),
        "undetermined": kept.undetermined, "n": kept.n, "df": df,
    }  # fmt: skip
    recipe = model.recipe
    return build(
        columns,
        quantity=MARGINAL_EFFECT,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=replace(
            recipe,
            assumptions=(*recipe.assumptions, EFFECTS_OF_ALL.held()),
            provenance=provenance_of(model, by=asked, covariance_of=covariance_of),
        ),
        reasons=row_reasons(kept, len(made)),
        covariance=matrix,
        support=Support.joined([support for _, _, support in made]),
    )


def _asked(fitted: FittedModel, variables: str | Sequence[str] | None) -> list[str]:
    held = [str(name) for name in fitted.data.patterns]
    used = {name for term in fitted.spec.terms for name in columns_of_term(term)}
    known = [name for name in held if name in used]
    wanted = known if variables is None else list(names_given(variables, "variables"))
    absent = [name for name in wanted if name not in known]
    if absent or not wanted:
        raise EstimateFault(
            "FL-EST-229", "the model has no such column among its terms", found=columns_shown(absent, known=known) or "no column",
            fix=f"columns there are: {listed(known, most=20)}",
        )  # fmt: skip
    return wanted


def _effects_of(fitted: FittedModel, name: str) -> list[tuple[str, Parts, Support]]:
    """The effects of a column: how each is called, of which predictions it is made, on whom it rests."""
    data, column = fitted.data, fitted.data.patterns[name]
    text = isinstance(column.dtype, pd.CategoricalDtype)
    if text or column.nunique() <= 2 or f"C({name}" in fitted.formula:
        levels = classes(column)
        place = np.argmax([column.to_numpy() == level for level in levels], axis=0).astype(np.int64)
        known = group_support(data, fitted.y, place, len(levels), fitted.df)
        base = everybody(fitted, {name: levels[0]})
        said = [f"{level:g}" if isinstance(level, float) else str(level) for level in levels]
        return [
            (
                f"{name}: {said[j]} − {said[0]}",
                [(1.0, everybody(fitted, {name: levels[j]})), (-1.0, base)],
                Support.least([known.take([0]), known.take([j])]),
            )
            for j in range(1, len(levels))
        ]
    values = column.to_numpy(dtype=float)
    step = STEP * float(np.ptp(values))
    parts = [(sign / (2 * step), everybody(fitted, {name: values + sign * step})) for sign in (1.0, -1.0)]
    return [(name, parts, group_support(data, fitted.y, np.zeros(len(values), dtype=np.int64), 1, fitted.df))]
