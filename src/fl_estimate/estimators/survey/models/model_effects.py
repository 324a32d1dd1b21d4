"""What a regression says beyond its coefficients: predictions at given values, and average marginal effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, columns_shown, listed, names_given, not_one_of
from fl_estimate.estimators.survey.models.class_models import ClassFamily
from fl_estimate.estimators.survey.models.fitted_model import outcome_of
from fl_estimate.estimators.survey.models.kept_model import Effects, KeptModel, row_reasons
from fl_estimate.estimators.survey.models.model_after import COVARIANCES, columns_of_effects, effects
from fl_estimate.estimators.survey.models.model_columns import columns_at
from fl_estimate.estimators.survey.models.model_families import Family
from fl_estimate.estimators.survey.models.model_formula import depends_on_rows
from fl_estimate.estimators.survey.models.model_offset import offset_values
from fl_estimate.estimators.survey.models.model_terms import kept_model, provenance_of, session_of
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
from fl_estimate.results.roles import ANY_REGRESSION, InFile

EFFECTS_OF_ALL = AssumptionCode("effects_of_all")
Value = str | float | int


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def predict(
    model: Annotated[Estimates, ANY_REGRESSION],
    at: Annotated[Any, InFile(dict[str, Value | list[Value]])],
    *,
    scale: Literal["mean", "link"] = "mean",
) -> Estimates:
    """Predict the mean outcome of people with given values, with its standard error and limits.

    Use it for a few kinds of people that a reader can picture; for adjusted comparisons of groups, `marginal_means`.

    Parameters
    ----------
    model : Regression
        From `fl.regress`, `fl.regress_ordinal` or `fl.regress_multinomial`.
    at : mapping or pandas.DataFrame
        One row for each prediction, with every column of the model (of its offset and exposure as well): a mapping of columns
        to values or lists, ``{"sex": ["female", "male"], "age": 30}``.
    scale : {"mean", "link"}
        The outcome's own, or that of the linear predictor.

    Returns
    -------
    Estimates
        `quantity` predicted_mean or linear_predictor; the columns of the model are by-columns. A model of classes gives the share of each
        class, of `outcome` ``severity=high``, with limits on the logit scale. Limits of a mean are those of the
        linear predictor brought to its scale, so that they stay where means can be. `support` is the least of the coefficients
        that a row uses.

    Raises
    ------
    EstimateFault
        FL-EST-230 (not a regression; or it was saved, and its formula depends on all people); FL-EST-231 (scale); FL-EST-324 (offset or exposure);
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
    family = kept.family
    if scale == "link" and isinstance(family, ClassFamily):
        raise not_one_of("FL-EST-231", "this scale of predictions of classes", scale, ("mean",))
    frame, names = _rows_at(kept, at)
    x = _columns_at(kept, frame)
    if not np.isfinite(x).all():
        raise _not_usable(
            "values that give no number in the formula", "give a number above 0 where it takes a logarithm"
        )
    made = _of_classes(kept, family, x) if isinstance(family, ClassFamily) else _of_means(kept, family, frame, x, scale)
    outcomes = (outcome_of(kept.formula),) if not isinstance(family, ClassFamily) else _class_outcomes(kept, family)
    several, used = len(outcomes), _used(kept, x)
    se = np.sqrt(np.maximum(np.diag(made.matrix), 0.0))
    columns = {
        "outcome": list(outcomes) * len(frame), "margin": " × ".join(names), "value": made.value, "se": se,
        "lower": made.lower, "upper": made.upper, "level": kept.level, "interval_kind": np.where(np.isnan(made.lower), "", WALD),
        "undetermined": kept.undetermined, "n": kept.n, "df": np.full(len(se), kept.df),
    }  # fmt: skip
    return build(
        columns,
        {name: [value for value in _whole(frame[name]) for _ in outcomes] for name in names},
        quantity=LINEAR_PREDICTOR if scale == "link" else PREDICTED_MEAN,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=replace(model.recipe, provenance=provenance_of(model, by=names, scale=scale)),
        reasons=row_reasons(kept, len(se)),
        covariance=made.matrix,
        support=Support.joined([_least(model, row) for row in used for _ in range(several)]),
    )


def _whole(values: pd.Series[Any]) -> list[Any]:
    """Values as they were given: codes are whole numbers, though a design matrix holds them as fractions."""
    listed_ = list(values)
    whole = all(isinstance(value, float) and value.is_integer() for value in listed_)
    return [int(value) for value in listed_] if whole else listed_


@dataclass(frozen=True, kw_only=True)
class _Predicted:
    value: Floats
    matrix: Floats
    lower: Floats
    upper: Floats


def _of_means(kept: KeptModel, family: Family, frame: pd.DataFrame, x: Floats, scale: str) -> _Predicted:
    eta = x @ kept.beta + offset_values(frame, *kept.beside).values
    matrix = x @ kept.covariance.matrix @ x.T
    se, df = np.sqrt(np.maximum(np.diag(matrix), 0.0)), np.full(len(eta), kept.df)
    lower, upper = general("wald", eta, se, df, kept.level)
    if scale == "link":
        return _Predicted(value=eta, matrix=matrix, lower=lower, upper=upper)
    slope, (low, high) = family.slope(eta), family.bounds
    ends = [family.mean(np.clip(side, low, high)) for side in (lower, upper)]
    return _Predicted(
        value=family.mean(eta), matrix=slope[:, None] * matrix * slope, lower=np.minimum(*ends), upper=np.maximum(*ends)
    )


def _of_classes(kept: KeptModel, family: ClassFamily, x: Floats) -> _Predicted:
    """The share of each class, the classes of a row side by side; limits on the logit scale."""
    share = family.shares(kept.beta, x).ravel()
    slopes = np.vstack([family.slopes(kept.beta, x[[row]], np.ones(1)) for row in range(len(x))])
    matrix = slopes @ kept.covariance.matrix @ slopes.T
    se, df = np.sqrt(np.maximum(np.diag(matrix), 0.0)), np.full(len(share), kept.df)
    odds = share * (1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = general("wald", np.log(share / (1 - share)), se / odds, df, kept.level)
    lower, upper = (1 / (1 + np.exp(-side)) for side in ends)
    return _Predicted(value=share, matrix=matrix, lower=lower, upper=upper)


def _class_outcomes(kept: KeptModel, family: ClassFamily) -> tuple[str, ...]:
    return tuple(f"{outcome_of(kept.formula)}={name}" for name in family.classes)


def _used(kept: KeptModel, x: Floats) -> Floats:
    """Which coefficients each prediction is made of: shape (rows, coefficients)."""
    if not isinstance(kept.family, ClassFamily):
        return x
    rest = len(kept.columns) - x.shape[1]
    if kept.family.name == "ordinal":
        return np.hstack([x, np.ones((len(x), rest))])
    return np.tile(x, (1, len(kept.family.classes) - 1))


def _columns_at(kept: KeptModel, frame: pd.DataFrame) -> Floats:
    """The design matrix of described people: by the classes of the variables alone, or by the people who were fitted.

    A mean or knots of all people are needed where the formula takes them, and no model keeps these.
    """
    own = kept.columns
    if isinstance(kept.family, ClassFamily):
        size = len(kept.family.classes) - 1
        own = (
            own[:-size]
            if kept.family.name == "ordinal"
            else tuple(n.split(": ", 1)[1] for n in own[: len(own) // size])
        )
    if not depends_on_rows(kept.formula):
        x, names = columns_at(kept.formula, kept.levels, frame)
        wanted = [position for position, name in enumerate(names) if name in own]
        if tuple(names[position] for position in wanted) == own:
            return x[:, wanted]
    return (
        session_of(kept, "predictions of a formula that depends on all people (a mean, knots)", ())
        .people()
        .columns(frame)
    )


def _least(model: Estimates, row: Floats) -> Support:
    """The least support of the coefficients that a prediction is made of."""
    used = np.flatnonzero(np.abs(row) > 0)
    if not len(used):
        return Support.unknown(1)
    return Support.least([model.support.take([int(position)]) for position in used])


def _not_usable(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-325", "the values to predict at cannot be used", found=found, fix=fix)


def _rows_at(kept: KeptModel, at: Any) -> tuple[pd.DataFrame, list[str]]:
    """The values to predict at, as the model's own kinds of columns, and those that its terms use."""
    names = list(kept.levels)
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
        known = kept.levels[name]
        if known is not None and all(isinstance(value, str) for value in known):
            codes = pd.Index(known).get_indexer(pd.Index(given[name].astype(str)))
            frame[name] = pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(known)))
        else:
            frame[name] = pd.to_numeric(given[name], errors="coerce").to_numpy(dtype=float)
        if frame[name].isna().any() or (known is not None and not frame[name].isin(known).all()):
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


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def marginal_effects(
    model: Annotated[Estimates, ANY_REGRESSION],
    variables: str | Sequence[str] | None = None,
    *,
    covariance_of: Literal["joint", "separate", "coefficients"] = "joint",
) -> Estimates:
    """Average marginal effects: what a model says that a variable does to the mean outcome, averaged over the population.

    Use it to say a logistic regression on the scale of prevalences: percentage points rather than odds.

    Parameters
    ----------
    model : Regression
        From `fl.regress`, `fl.regress_ordinal` or `fl.regress_multinomial`.
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
        FL-EST-229 (no such column in the model); FL-EST-230 (not a regression); FL-EST-231.

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
    if covariance_of not in COVARIANCES:
        raise not_one_of("FL-EST-231", "this covariance", covariance_of, COVARIANCES)
    kept = kept_model(model)
    found, at = _effects(kept, variables)
    matrix = found.covariances[covariance_of][np.ix_(at, at)]
    value, se, df = found.value[at], np.sqrt(np.maximum(np.diag(matrix), 0.0)), np.full(len(at), kept.df)
    lower, upper = general("wald", value, se, df, kept.level)
    columns = {
        "outcome": [found.outcome[position] for position in at], "term": [found.term[position] for position in at], "value": value,
        "se": se, "lower": lower, "upper": upper, "level": kept.level,
        "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": kept.undetermined, "n": kept.n, "df": df,
    }  # fmt: skip
    recipe, asked = model.recipe, list(dict.fromkeys(found.column[position] for position in at))
    return build(
        columns,
        quantity=MARGINAL_EFFECT,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=replace(
            recipe,
            assumptions=(*recipe.assumptions, EFFECTS_OF_ALL.assume()),
            provenance=provenance_of(model, by=asked, covariance_of=covariance_of),
        ),
        reasons=row_reasons(kept, len(at)),
        covariance=matrix,
        support=found.support.take(at),
    )


def _effects(kept: KeptModel, variables: str | Sequence[str] | None) -> tuple[Effects, list[int]]:
    """Effects of the columns asked for: those that were kept, or with the people; and which of them were asked for."""
    wanted = None if variables is None else list(names_given(variables, "variables"))
    if kept.pieces.effects is not None:
        found = kept.pieces.effects
        asked = _known(wanted, list(dict.fromkeys(found.column)))
    else:
        fitted = session_of(kept, "average marginal effects", ()).people()
        asked = _known(wanted, columns_of_effects(fitted))
        found = effects(fitted, asked)
    return found, [position for name in asked for position, column in enumerate(found.column) if column == name]


def _known(wanted: list[str] | None, known: Sequence[str]) -> list[str]:
    asked = list(known) if wanted is None else wanted
    absent = [name for name in asked if name not in known]
    if absent or not asked:
        raise EstimateFault(
            "FL-EST-229", "the model has no such column among its terms", found=columns_shown(absent, known=known) or "no column",
            fix=f"columns there are: {listed(known, most=20)}",
        )  # fmt: skip
    return asked
