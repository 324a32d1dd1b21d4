"""After a regression: tests of its terms (`fl.term_test`) and predicted means by group (`fl.marginal_means`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.chi_square_sums import saddlepoint, tail
from fl_estimate.design.intervals import general
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, listed, nearest, not_one_of
from fl_estimate.estimators.model_data import read_model
from fl_estimate.estimators.model_fit import check_settled, fit
from fl_estimate.estimators.model_formula import read_formula
from fl_estimate.estimators.model_support import group_support
from fl_estimate.estimators.model_variance import covariance
from fl_estimate.estimators.regression import (
    FittedModel,
    Regression,
    fit_formula,
    model_assumptions,
    model_settings,
    provenance,
    row_reasons,
)
from fl_estimate.estimators.weighted_call import recipe_of
from fl_estimate.results.build import build
from fl_estimate.results.codes import MARGINAL_MEAN, REPLICATES, TAYLOR, WALD
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.survey_test import SurveyTest

TermMethod = Literal["wald", "lrt"]
TailMethod = Literal["exact", "saddlepoint"]


def term_test(
    model: Estimates,
    term: str | Sequence[str],
    *,
    method: TermMethod = "wald",
    tail_method: TailMethod = "exact",
) -> SurveyTest:
    """Test whether terms of a regression are needed: all their coefficients together.

    Parameters
    ----------
    model : Regression
        From `fl.regress`.
    term : str or list of str
        As in the formula: ``"age"``, ``"C(region)"``, ``"sex:age"``.
    method : {"wald", "lrt"}
        Wald's F, or the working likelihood ratio of Rao and Scott: the model is fitted again without the terms.
    tail_method : {"exact", "saddlepoint"}
        How the tail of the ratio's distribution is computed: by inversion, or by the approximation that R survey
        takes by default (up to a few per cent of the p-value away).

    Returns
    -------
    SurveyTest

    Raises
    ------
    EstimateFault
        FL-EST-229 (no such term), FL-EST-230 (not a regression of this session), FL-EST-231 (unknown method).

    Notes
    -----
    Wald: F = β′V⁻¹β/q on (q, df). Ratio: the fall in deviance (weights of mean 1), against Σ λ_i F_i, λ the eigenvalues of
    V_0⁻¹V with V_0 the covariance under independence, df that of the residuals. Missing where df ≤ 0.

    References
    ----------
    Lumley and Scott (2014), Australian & New Zealand Journal of Statistics 56, 1-14. Rao and Scott (1984), Annals of
    Statistics 12, 46-60.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "h": [40.0, 44, 50, 58, 41, 60, 38, 52, 44, 47], "g": list("ababacbcca")})
    >>> model = fl.regress(people, "h ~ g", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> fl.term_test(model, "g").df
    (2.0, 2.0)
    """
    if method not in ("wald", "lrt"):
        raise not_one_of("FL-EST-231", "this test", str(method), ("wald", "lrt"))
    if tail_method not in ("exact", "saddlepoint"):
        raise not_one_of("FL-EST-231", "this way of computing a tail", str(tail_method), ("exact", "saddlepoint"))
    fitted = _model(model)
    terms = (term,) if isinstance(term, str) else tuple(term)
    columns = _columns(fitted, terms)
    v = fitted.covariance.matrix[np.ix_(columns, columns)]
    scales: Floats = np.zeros(0)
    if method == "wald":
        statistic, p_value, df = wald(fitted.fit.beta[columns], v, fitted.df)
    else:
        statistic, scales = _ratio(fitted, columns, v)
        q = float(len(columns))
        df = (q, fitted.df)
        p_value = math.nan
        if fitted.df > 0:
            p_value = (tail if tail_method == "exact" else saddlepoint)(statistic, scales, fitted.df)
    return SurveyTest(
        name=f"{'Wald test' if method == 'wald' else 'Working likelihood ratio test'} of {listed(terms)}",
        statistic_name="F" if method == "wald" else "X²",
        statistic=statistic,
        df=df,
        p_value=p_value,
        scales=tuple(float(scale) for scale in scales),
        n=round(fitted.data.rows),
        provenance=provenance(fitted.data, **model_settings(fitted), term=list(terms)),
    )


def wald(beta: Floats, v: Floats, df: float) -> tuple[float, float, tuple[float, float]]:
    """F = β′V⁻¹β/q, its p-value on (q, df), and both degrees of freedom; missing where V is singular or df ≤ 0."""
    from scipy import stats

    q = len(beta)
    singular = np.linalg.matrix_rank(v, hermitian=True) < q
    statistic = math.nan if singular else float(beta @ np.linalg.solve(v, beta)) / q
    p_value = math.nan
    if df > 0 and not singular:
        p_value = float(stats.chi2.sf(statistic * q, q) if math.isinf(df) else stats.f.sf(statistic, q, df))
    return statistic, p_value, (float(q), float(df))


def _ratio(fitted: FittedModel, columns: Sequence[int], v: Floats) -> tuple[float, Floats]:
    family = fitted.family
    kept = [place for place in range(fitted.x.shape[1]) if place not in set(columns)]
    names = [str(name) for name in fitted.spec.column_names]
    weight = fitted.data.pattern_weight
    if kept:
        without = fit(fitted.x[:, kept], fitted.y, weight, family, offset=fitted.offset.values)
        check_settled(without, [names[place] for place in kept])
        eta = without.eta
    else:
        eta = fitted.offset.values
    scaled = weight / fitted.data.mean_weight
    fall = family.deviance(fitted.y, eta, scaled) - family.deviance(fitted.y, fitted.fit.eta, scaled)
    naive = fitted.fit.bread[np.ix_(columns, columns)] * fitted.data.mean_weight
    scales = np.linalg.eigvals(np.linalg.solve(naive, v)).real
    return float(fall), np.sort(np.maximum(scales, 0.0))[::-1]


def _model(model: Estimates) -> FittedModel:
    fitted = model.model if isinstance(model, Regression) else None
    if fitted is None:
        raise EstimateFault(
            "FL-EST-230", "this is not a regression of this session", found=type(model).__name__,
            fix="pass what fl.regress returned; a file written by save() holds the coefficients, not the people",
        )  # fmt: skip
    return fitted


def _columns(fitted: FittedModel, terms: Sequence[str]) -> list[int]:
    known = {str(term): places for term, places in fitted.spec.term_indices.items()}
    absent = [term for term in terms if _spelled(term, known) is None]
    if absent or not terms:
        close = [f"{term!r}: nearest is {near!r}" for term in absent if (near := nearest(term, list(known)))]
        raise EstimateFault(
            "FL-EST-229", "the model has no such term", found=listed(absent) or "no term",
            fix="; ".join(close) or f"terms there are: {listed(known, most=20)}",
        )  # fmt: skip
    return sorted({place for term in terms for place in known[str(_spelled(term, known))]})


def _spelled(term: str, known: dict[str, Any]) -> str | None:
    """A term as the formula has it; the order of the parts of an interaction does not matter."""
    parts = sorted(part.strip() for part in str(term).split(":"))
    return next((name for name in known if sorted(part.strip() for part in name.split(":")) == parts), None)


@method(kind=None, basis=None, family="survey")
def marginal_means(model: Estimates, by: str, *, covariance_of: Literal["joint", "separate"] = "joint") -> Estimates:
    """Predict what the mean outcome would be if everybody were in each group in turn, all else as it is.

    Use it to compare groups adjusted for what the model holds: differences between the rows are adjusted risk differences.

    Parameters
    ----------
    model : Regression
        From `fl.regress`.
    by : str
        A column of classes. One that the model does not hold is added to it as a term, and the model fitted again.
    covariance_of : {"joint", "separate"}
        Linearise coefficients and people together; or add the variance of the mean to that of the coefficients as if
        they were independent, as R's ``svypredmeans`` does.

    Returns
    -------
    Estimates
        `quantity` marginal_mean, one row a group.

    Raises
    ------
    EstimateFault
        FL-EST-230; FL-EST-239 (a column of numbers that is a slope in the model); and as `fl.regress` where it is fitted again.

    Notes
    -----
    θ_g = Σ w μ_g(x)/Σ w over the people counted. Influence: w (μ_g − θ_g)/Σw + D_g′ times that of the coefficients, with
    D_g = Σ w x_g dμ/dη/Σw. With replicates the model is fitted and averaged under each.

    References
    ----------
    Graubard and Korn (1999), Biometrics 55, 652-659.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "h": [40.0, 44, 50, 58, 41, 60, 38, 52], "sex": list("fmfmfmmf"), "x": [1, 2, 2, 3, 1, 4, 1, 2]})
    >>> model = fl.regress(people, "h ~ x + sex", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> [round(float(value), 3) for value in fl.marginal_means(model, "sex").to_frame()["value"]]
    [49.958, 45.792]
    """
    if covariance_of not in ("joint", "separate"):
        raise not_one_of("FL-EST-231", "this covariance", str(covariance_of), ("joint", "separate"))
    fitted = _with_group(_model(model), by)
    data, family, offset = fitted.data, fitted.family, fitted.offset.values
    groups = _groups(data.patterns[by])
    designs = [_design(fitted, by, group) for group in groups]
    weight = data.pattern_weight

    def means(weights: Floats, beta: Floats) -> Floats:
        return np.array([weights @ family.mean(x @ beta + offset) for x in designs]) / weights.sum()

    def again(weights: Floats) -> Floats:
        one = fit(fitted.x, fitted.y, weights, family, start=fitted.fit.beta, offset=offset)
        return means(weights, one.beta) if one.converged else np.full(len(designs), np.nan)

    value = means(weight, fitted.fit.beta)
    predictors = [x @ fitted.fit.beta + offset for x in designs]
    predicted = np.stack([family.mean(eta) for eta in predictors], axis=1)
    own = (predicted - value) / weight.sum()
    slopes = np.stack(
        [(weight * family.slope(eta)) @ x for x, eta in zip(designs, predictors, strict=True)], axis=1
    ) / weight.sum()  # fmt: skip
    scores = (fitted.x * fitted.fit.score[:, None]) @ fitted.fit.bread @ slopes
    if covariance_of == "joint":
        spread = covariance(data, own + scores, again, value)
        matrix = spread.matrix
    else:
        spread = covariance(data, own, lambda w: means(w, fitted.fit.beta), value)
        matrix = spread.matrix + slopes.T @ fitted.covariance.matrix @ slopes
    return _laid_out(fitted, by, groups, value, matrix)


def _with_group(fitted: FittedModel, by: str) -> FittedModel:
    outcome, variables, _ = read_formula(fitted.formula)
    if by in variables[1:] or (by in variables and by != outcome):
        text = isinstance(fitted.data.patterns[by].dtype, pd.CategoricalDtype)
        factors = {str(factor.expr) for term in fitted.spec.terms for factor in term.factors}
        levels = fitted.data.patterns[by].nunique()
        if not text and by in factors and levels > 2:
            raise EstimateFault(
                "FL-EST-239", "marginal means are by classes, and this column is a slope in the model",
                found=f"{by!r}: {levels} different numbers", fix=f"write C({by}) in the formula",
            )  # fmt: skip
        return fitted
    formula = f"{fitted.formula} + C({by})" if by.isidentifier() else f"{fitted.formula} + C(`{by}`)"
    outcome, variables, parsed = read_formula(formula)
    variables = tuple(dict.fromkeys([*variables, *fitted.offset.columns]))
    data = read_model(fitted.data.call, outcome, variables, each_row=_rows_apart(fitted))
    again = fit_formula(data, formula, parsed, fitted.family, fitted.offset.asked).model
    if again is None:
        raise AssertionError("a fitted formula has its model")
    return again


def _rows_apart(fitted: FittedModel) -> bool:
    return len(fitted.data.patterns) == fitted.data.rows


def _groups(column: pd.Series[Any]) -> list[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(float(value) for value in column.unique())


def _design(fitted: FittedModel, by: str, group: Any) -> Floats:
    """The design matrix with everybody in one group."""
    frame = fitted.data.patterns.copy()
    if isinstance(frame[by].dtype, pd.CategoricalDtype):
        frame[by] = pd.Categorical([group] * len(frame), categories=frame[by].cat.categories)
    else:
        frame[by] = group
    return np.asarray(fitted.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)


def _laid_out(fitted: FittedModel, by: str, groups: Sequence[Any], value: Floats, matrix: Floats) -> Estimates:
    data, count = fitted.data, len(groups)
    call = data.call
    se = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    df = np.full(count, fitted.design_df)
    lower, upper = general("wald", value, se, df, call.level)
    outcome = str(fitted.formula.split("~")[0].strip())
    labels = [int(group) if isinstance(group, float) and group.is_integer() else group for group in groups]
    met = data.patterns[by].to_numpy()
    people = data.by_pattern(data.n)
    group = np.argmax([met == each for each in groups], axis=0).astype(np.int64)
    columns = {
        "outcome": outcome, "margin": by, "value": value, "se": se, "lower": lower, "upper": upper, "level": call.level,
        "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": data.undetermined,
        "n": [float(people[met == group].sum()) for group in groups], "df": df,
    }  # fmt: skip
    settings = {**model_settings(fitted), "by": by, **call.settings()}
    said = model_assumptions(data, fitted.covariance, [outcome], fitted.family, fitted.offset)
    return build(
        columns,
        {by: labels},
        quantity=MARGINAL_MEAN,
        method=REPLICATES if fitted.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(call, [outcome, by], settings, said),
        reasons=row_reasons(fitted, count),
        covariance=matrix,
        support=group_support(data, fitted.y, group, count, fitted.design_df),
    )
