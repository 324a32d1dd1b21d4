"""After a regression: tests of its terms (`fl.term_test`) and predicted means by group (`fl.marginal_means`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.design.chi_square_sums import saddlepoint, tail
from fl_estimate.design.intervals import general
from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, labels_shown, listed, names_given, nearest, not_one_of, shown
from fl_estimate.estimators.survey.models.fitted_model import FittedModel, outcome_of
from fl_estimate.estimators.survey.models.kept_model import KeptModel, MarginalMeans, Session, row_reasons
from fl_estimate.estimators.survey.models.model_after import margin, ratio, require_classes
from fl_estimate.estimators.survey.models.model_data import read_model
from fl_estimate.estimators.survey.models.model_families import Family
from fl_estimate.estimators.survey.models.model_formula import read_formula
from fl_estimate.estimators.survey.models.regression import fit_formula
from fl_estimate.estimators.survey.models.regression_result import Regression
from fl_estimate.estimators.survey.models.rows_of_tests import with_rows
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import MARGINAL_MEAN, REPLICATES, TAYLOR, WALD, AssumptionCode
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method as declared
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.roles import A_REGRESSION, ANY_REGRESSION, Key
from fl_estimate.results.survey_test import SurveyTest

TermMethod = Literal["wald", "lrt"]
TailMethod = Literal["exact", "saddlepoint"]

TEST_WALD = AssumptionCode("test_wald", "terms")
TEST_LRT = AssumptionCode("test_lrt", "terms")
MOST_CROSSED = 4
"""Columns that marginal means are crossed by at most."""


@declared(kind="test", basis="respondents", family="survey", chosen=True)
def term_test(
    model: Annotated[Estimates, ANY_REGRESSION],
    term: str | Sequence[str],
    *,
    method: Annotated[TermMethod, Key("statistic")] = "wald",
    tail_method: TailMethod = "exact",
) -> SurveyTest:
    """Test whether terms of a regression are needed: all their coefficients together.

    Parameters
    ----------
    model : Regression
        From `fl.regress`, `fl.regress_ordinal` or `fl.regress_multinomial`; of one domain.
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
        FL-EST-229 (no such term), FL-EST-230 (not a regression; or the people are needed and not at hand), FL-EST-231 (unknown method).

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
        raise not_one_of("FL-EST-231", "this test", method, ("wald", "lrt"))
    if tail_method not in ("exact", "saddlepoint"):
        raise not_one_of("FL-EST-231", "this way of computing a tail", tail_method, ("exact", "saddlepoint"))
    kept = kept_model(model)
    terms = (term,) if isinstance(term, str) else tuple(term)
    known = [_named(kept, name) for name in terms]
    columns = sorted({position for name in _matching_terms(kept, terms, known) for position in kept.terms[name]})
    v = kept.covariance.matrix[np.ix_(columns, columns)]
    scales: tuple[float, ...] = ()
    if method == "wald":
        statistic, p_value, df = wald(kept.beta[columns], v, kept.df)
    else:
        statistic, scales = _ratio(kept, [str(name) for name in known], columns)
        df = (float(len(columns)), kept.df)
        p_value = math.nan
        if kept.df > 0:
            p_value = (tail if tail_method == "exact" else saddlepoint)(statistic, np.array(scales), kept.df)
    lrt = method == "lrt"
    said = (TEST_LRT if lrt else TEST_WALD).assume(terms=list(terms))
    recipe = model.recipe
    return with_rows(
        outcome=outcome_of(kept.formula),
        term=", ".join(terms),
        recipe=replace(
            recipe,
            assumptions=(*recipe.assumptions, said),
            provenance=provenance_of(model, term=list(terms), statistic=method),
        ),
        support=Support.least([model.support.take([position]) for position in columns]),
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        name=f"{'Working likelihood ratio' if lrt else 'Wald'} test of {listed(terms)}",
        statistic_name="X²" if lrt else "F",
        statistic=statistic,
        df=df,
        p_value=p_value,
        scales=scales,
        n=round(kept.n),
        level=kept.level,
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


def kept_model(model: Estimates) -> KeptModel:
    """What a regression holds of its model; a fault where this is none."""
    kept = model.model if isinstance(model, Regression) else None
    if kept is None:
        several = isinstance(model, Regression) and model.models
        raise EstimateFault(
            "FL-EST-230", "this is not one regression" if several else "this is not a regression",
            found="one for every domain" if several else type(model).__name__,
            fix='ask that of a domain: model.of(region="North"), or model.of() of the nation'
            if several else "pass what fl.regress returned, or what fl.Regression.read read",
        )  # fmt: skip
    return kept


def session_of(kept: KeptModel, requested: str, known: Sequence[str]) -> Session:
    """The way back to the people, or why what was asked for cannot be had without them."""
    if kept.session is not None:
        return kept.session
    raise EstimateFault(
        "FL-EST-230", "this needs the people, and a model that was saved or sent to another process holds none of them",
        found=requested, fix=f"fit it again with fl.regress; without the people there are: {listed(known, most=20) or 'none'}",
    )  # fmt: skip


def _ratio(kept: KeptModel, terms: Sequence[str], columns: Sequence[int]) -> tuple[float, tuple[float, ...]]:
    if len(terms) == 1 and terms[0] in kept.pieces.ratios:
        return kept.pieces.ratios[terms[0]]
    session = session_of(kept, f"the ratio of {listed(terms)}", list(kept.pieces.ratios))
    fall, scales = ratio(session.people(), columns)
    return fall, tuple(float(scale) for scale in scales)


def _matching_terms(kept: KeptModel, terms: Sequence[str], known: Sequence[str | None]) -> list[str]:
    """The terms as the formula has them, where it has them all."""
    absent = [term for term, name in zip(terms, known, strict=True) if name is None]
    if absent or not terms:
        close = [f"{shown(term)}: nearest is {near!r}" for term in absent if (near := nearest(term, list(kept.terms)))]
        raise EstimateFault(
            "FL-EST-229", "the model has no such term", found=labels_shown(absent) or "no term",
            fix="; ".join(close) or f"terms there are: {listed(kept.terms, most=20)}",
        )  # fmt: skip
    return [name for name in known if name is not None]


def _named(kept: KeptModel, term: str) -> str | None:
    """A term as the formula has it; the order of the parts of an interaction does not matter."""
    parts = sorted(part.strip() for part in str(term).split(":"))
    return next((name for name in kept.terms if sorted(part.strip() for part in name.split(":")) == parts), None)


def provenance_of(model: Estimates, **settings: Any) -> Provenance:
    """The call that fitted the model, and what it was asked."""
    told = dict(model.provenance.arguments)
    first = {name: told.pop(name) for name in ("formula", "family", "link", "offset", "exposure") if name in told}
    return replace(model.provenance, arguments={**first, **settings, **told})


@declared(kind="regression", basis="respondents", family="survey", chosen=True)
def marginal_means(
    model: Annotated[Estimates, A_REGRESSION],
    by: str | Sequence[str],
    *,
    covariance_of: Literal["joint", "separate"] = "joint",
) -> Estimates:
    """Predict what the mean outcome would be if everybody were in each group in turn, all else as it is.

    Use it to compare groups adjusted for what the model holds: differences between the rows are adjusted risk differences.

    Parameters
    ----------
    model : Regression
        From `fl.regress`.
    by : str or sequence of str
        A column of classes, or several: a mean for each of their combinations. Columns that the model does not hold are added
        to it (several with their interactions), and the model is fitted again.
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
        FL-EST-230 (not a regression; or the people are needed and not at hand); FL-EST-326 (by); FL-EST-239 (a column of numbers that is a slope in the model); and as `fl.regress` where it is fitted again.

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
        raise not_one_of("FL-EST-231", "this covariance", covariance_of, ("joint", "separate"))
    names = names_given(by, "by")
    # Every further column doubles the terms of the model; a list of that many names is a column given by mistake.
    if len(set(names)) < len(names) or len(names) > MOST_CROSSED:
        raise EstimateFault(
            "FL-EST-326", f"marginal means are by a column, or by up to {MOST_CROSSED} different ones", found=f"{len(names)} given",
            fix='by="sex", or by=["sex", "region"]',
        )  # fmt: skip
    made, found = _margin(model, names)
    return _to_estimates(made, names, found, found.joint if covariance_of == "joint" else found.separate)


def _margin(model: Estimates, by: tuple[str, ...]) -> tuple[Estimates, MarginalMeans]:
    """The model, fitted again where it does not hold the columns, and its means by them."""
    kept = kept_model(model)
    if len(by) == 1 and by[0] in kept.pieces.margins:
        return model, kept.pieces.margins[by[0]]
    asked: str | tuple[str, ...] = by[0] if len(by) == 1 else by
    fitted = session_of(kept, f"means by {listed(by)}", list(kept.pieces.margins)).people()
    if not isinstance(fitted, FittedModel) or not isinstance(kept.family, Family):
        raise EstimateFault(
            "FL-EST-362", "a model of classes has no marginal means", found=kept.family.name,
            fix="fl.marginal_effects says how the share of each class differs, fl.predict what it is for described people",
        )  # fmt: skip
    outcome, variables, _ = read_formula(kept.formula)
    held = [name in variables[1:] or (name in variables and name != outcome) for name in by]
    if all(held):
        for name in by:
            require_classes(fitted, name)
        return model, margin(fitted, asked)
    formula = f"{kept.formula} + {'*'.join(f'C({_quoted(name)})' for name in by)}"
    outcome, variables, parsed = read_formula(formula)
    variables = tuple(dict.fromkeys([*variables, *fitted.offset.columns]))
    each_row = len(fitted.data.patterns) == fitted.data.rows
    data = read_model(fitted.data.call, outcome, variables, each_row=each_row)
    again = fit_formula(data, formula, parsed, kept.family, kept.beside)
    people = session_of(kept_model(again), formula, ()).people()
    if not isinstance(people, FittedModel):
        raise AssertionError("a formula with a family was fitted")
    return again, margin(people, asked)


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _to_estimates(model: Estimates, by: tuple[str, ...], means: MarginalMeans, matrix: Floats) -> Estimates:
    kept, count = kept_model(model), len(means.groups)
    se = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    df = np.full(count, kept.design_df)
    lower, upper = general("wald", means.value, se, df, kept.level)
    columns = {
        "outcome": str(kept.formula.split("~")[0].strip()), "margin": " × ".join(by), "value": means.value, "se": se, "lower": lower,
        "upper": upper, "level": kept.level, "interval_kind": np.where(np.isnan(lower), "", WALD),
        "undetermined": kept.undetermined, "n": list(means.n), "df": df,
    }  # fmt: skip
    return build(
        columns,
        {by[0]: list(means.groups)} if len(by) == 1 else dict(zip(by, zip(*means.groups, strict=True), strict=True)),
        quantity=MARGINAL_MEAN,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=replace(model.recipe, provenance=provenance_of(model, by=by[0] if len(by) == 1 else list(by))),
        reasons=row_reasons(kept, count),
        covariance=matrix,
        support=means.support,
    )
