"""Survey-weighted regression: `fl.regress`. Reading is in `model_data`, the fit in `model_fit`, variances in `model_variance`."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.model_data import ModelData, read_model
from fl_estimate.estimators.model_fit import FamilyName, Fit, check_columns, check_settled, family_of, fit
from fl_estimate.estimators.model_support import coefficient_support
from fl_estimate.estimators.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.weighted_call import (
    Call,
    DfRule,
    VarianceRule,
    assumptions_of_design,
    notes_of,
    only_exclude,
    recipe_of,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    COEFFICIENT,
    DF_NOT_POSITIVE,
    REPLICATES,
    SUBPOPULATION,
    TAYLOR,
    UNKNOWN_AS_NO,
    WALD,
    ZERO_WEIGHTS,
    Assumption,
    AssumptionCode,
    Reason,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.roles import Level

MODEL_REPLICATES_LOST = ReasonCode("model_replicates_lost", "replicates", "of")
MODEL_COMPLETE_ROWS = AssumptionCode("model_complete_rows")
MODEL_LEVELS_LEFT_OUT = AssumptionCode("model_levels_left_out", "variable", "values")
MODELS: dict[str, AssumptionCode] = {
    family: AssumptionCode(f"model_{family}") for family in ("binomial", "gaussian", "poisson")
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """What tests of terms and predicted means need of a fitted model. It holds the people it was fitted to.

    Attributes
    ----------
    formula, family_name : str
    spec : formulaic.ModelSpec
        How the right-hand side becomes columns.
    x, y : arrays
        The design matrix and the outcome, one row a pattern.
    covariance : Covariance
        Of the coefficients.
    df : float
        Residual degrees of freedom: those of the design, + 1 − p.
    design_df : float
    """

    formula: str
    family_name: FamilyName
    spec: Any
    x: Floats
    y: Floats
    data: ModelData
    fit: Fit
    covariance: Covariance
    df: float
    design_df: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Regression(Estimates):
    """Coefficients of a regression as Estimates (`term` names them), with the model behind them.

    `fl.term_test` and `fl.marginal_means` take it. `diagnostics` holds the deviance (weights scaled to a mean of 1) and
    the dispersion (weighted variance of the Pearson residuals).
    """

    model: FittedModel | None = field(default=None, repr=False)

    def _title(self) -> str:
        model = self.model
        return f"Regression, {model.family_name}, {model.formula}" if model is not None else "Regression"

    def coefficients(self, *, exponentiate: bool = False) -> pd.DataFrame:
        """The table of coefficients with t and p.

        Parameters
        ----------
        exponentiate : bool
            Odds ratios (binomial) or ratios of rates (poisson): value, lower and upper as exp(·), se by the delta method.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "y": [0, 1, 0, 0, 1, 1, 0, 1], "x": [1, 2, 2, 3, 1, 4, 1, 2]})
        >>> model = fl.regress(people, "y ~ x", design=fl.Design(psu="ea", unweighted=True))
        >>> list(model.coefficients(exponentiate=True).columns)
        ['term', 'value', 'se', 't', 'p', 'lower', 'upper']
        """
        from scipy import stats

        frame = self.frame[["term", "value", "se", "lower", "upper"]].copy()
        t = frame["value"] / frame["se"].where(frame["se"] > 0)
        df = np.where(self.frame["df"] > 0, self.frame["df"], np.nan)
        frame.insert(3, "t", t)
        frame.insert(4, "p", 2 * stats.t.sf(np.abs(t), df))
        if exponentiate:
            for name in ("value", "lower", "upper"):
                frame[name] = np.exp(frame[name])
            frame["se"] = frame["se"] * frame["value"]
        return frame


@method(kind=None, basis="respondents", family="survey")
def regress(
    people: Any,
    formula: str,
    *,
    family: FamilyName = "binomial",
    design: Design | None = None,
    where: str | None = None,
    unknown: Literal["no", "exclude"] | None = None,
    variance: VarianceRule | None = None,
    df: DfRule | float = "domain",
    level: Level = 0.95,
) -> Regression:
    """Fit a generalised linear model to a survey, with standard errors that know how the sample was drawn.

    Use it to ask what goes with an outcome in the population: the coefficients are those that a census would give, not
    the parameters of a mechanism. Do not filter rows first: say the subpopulation in `where`.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person.
    formula : str
        ``"forced_labour ~ sex + age + C(region)"``, as formulaic reads it: columns of text are classes, with the first
        (declared, or sorted) as the reference; columns of numbers are numbers unless in ``C(…)``; ``a:b``, ``a*b``,
        ``np.log(a)``, ``bs(a, df=4)``. 0/1 and Boolean columns are numbers.
    family : {"binomial", "gaussian", "poisson"}
        Logistic regression of a 0/1 outcome, linear regression, log-linear regression of a count or rate.
    design : Design, optional
        How the sample was drawn; taken from `people` where that carries one.
    where : str, optional
        A 0/1 column or a condition such as ``"age >= 18"``; where it is unknown, the row is outside.
    unknown : {"no", "exclude"}, optional
        Leave rows out that lack any variable of the model (R's ``na.omit``: they stay in the design); or count an
        unknown 0/1 outcome as no (the default where it is classified). Otherwise a missing value is an error.
    variance : {"taylor", "replicates"}, optional
        Where the design has replicates the model is fitted again under each, unless ``"taylor"`` is asked for.
    df : {"domain", "design"} or number
        Degrees of freedom of the design among the rows that count, or of the whole sample; p − 1 are taken off. A number
        is used as it is.
    level : float
        Confidence level.

    Returns
    -------
    Regression
        Estimates with `quantity` coefficient (log-odds, the outcome's unit, or log-rates), one row a `term`.

    Raises
    ------
    EstimateFault
        FL-EST-220 (the formula), FL-EST-221 (an outcome that the family cannot have), FL-EST-222 (collinear columns),
        FL-EST-223 (no maximum: separation), FL-EST-224 (unknown family), FL-EST-225 (classes of which one is met),
        FL-EST-226 to FL-EST-228, FL-EST-236 to FL-EST-238; FL-EST-07 (missing values nobody decided on).
    DesignFault
        As in `estimate_prevalence`.

    Notes
    -----
    β solves Σ w x (y − μ) = 0 with μ = g⁻¹(x′β) and the canonical link g. Its influence is w A⁻¹ x (y − μ),
    A = Σ w x x′ V(μ), and the covariance that of its sum over the sampling units: no dispersion enters, so that
    binomial and poisson are R's quasibinomial and quasipoisson.

    References
    ----------
    Binder (1983), International Statistical Review 51, 279-292. Fuller (1975), Sankhyā C 37, 117-132.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "hours": [40.0, 44, 50, 58, 41, 60, 38, 52], "x": [1, 2, 2, 3, 1, 4, 1, 2]})
    >>> model = fl.regress(people, "hours ~ x", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
    >>> model.to_frame()["term"].tolist()
    ['Intercept', 'x']
    >>> round(model["x"].value, 4)
    7.375
    """
    call = Call("regress", people, design, None, where, unknown, variance, "wald", df, level)
    call.check(("wald",))
    if unknown not in (None, "no"):
        only_exclude(unknown)
    outcome, variables, parsed = read_formula(formula)
    data = read_model(call, outcome, variables)
    if _depends_on_rows(formula) and len(data.patterns) < data.rows:
        data = read_model(call, outcome, variables, each_row=True)
    return fit_formula(data, formula, parsed, family)


def read_formula(formula: str) -> tuple[str, tuple[str, ...], Any]:
    """The outcome where it is a plain column, every column needed (the outcome's first), and the formula read.

    Raises
    ------
    EstimateFault
        FL-EST-220.
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    def fault(found: str) -> EstimateFault:
        return EstimateFault(
            "FL-EST-220", "the formula cannot be used", found=found,
            fix='one outcome ~ terms, such as "forced_labour ~ sex + age + C(region)"',
        )  # fmt: skip

    try:
        made: Any = Formula
        parsed: Any = made(formula)
    except (FormulaicError, SyntaxError, TypeError, ValueError) as error:
        raise fault(f"{formula!r}: {str(error).splitlines()[0]}") from error
    sides = parsed._structure if hasattr(parsed, "_structure") else {}
    if set(sides) != {"lhs", "rhs"} or isinstance(sides["rhs"], tuple) or len(list(parsed.lhs)) != 1:
        raise fault(repr(formula))
    try:
        first, rest = ([name for term in side for name in _columns(term)] for side in (parsed.lhs, parsed.rhs))
        columns = tuple(dict.fromkeys([*first, *rest]))
    except SyntaxError as error:
        raise fault(f"{formula!r}: {error.msg}") from error
    if not columns:
        raise fault(repr(formula))
    return (first[0] if first == [str(parsed.lhs).strip().strip("`")] else ""), columns, parsed


def _columns(term: Any) -> list[str]:
    """The columns that a term needs, functions and modules left out."""
    found: list[str] = []
    for factor in term.factors:
        method, text = str(factor.eval_method.value), str(factor.expr)
        if method == "lookup":
            found.append(text)
        elif method == "python":
            quoted = dict(enumerate(re.findall(r"`([^`]+)`", text)))
            for place, name in quoted.items():
                text = text.replace(f"`{name}`", f"__quoted_{place}")
            tree = ast.parse(text, mode="eval")
            other = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
            other |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in other]
            back = {f"__quoted_{place}": name for place, name in quoted.items()}
            found += [back.get(name, name) for name in names]
    return found


ROW_FUNCTIONS = ("center(", "scale(", "standardize(", "bs(", "cs(", "cr(", "cc(", "poly(", "lag(", "hashed(")


def _depends_on_rows(formula: str) -> bool:
    """Whether a column depends on all rows together (a mean, knots), so that cells would stand for too few of them."""
    text = formula.replace(" ", "")
    return any(name in text for name in ROW_FUNCTIONS)


def fit_formula(data: ModelData, formula: str, parsed: Any, family_name: FamilyName) -> Regression:
    """Fit a formula to people who were read."""
    family = family_of(family_name)
    x, y, spec = _matrices(data, formula, parsed)
    names = [_spelled(str(name)) for name in spec.column_names]
    weight = data.pattern_weight
    _check_outcome(family_name, y, str(parsed.lhs))
    check_columns(x, weight, names)
    found = fit(x, y, weight, family)
    check_settled(found, names)
    influence = (x * (y - found.mu)[:, None]) @ found.bread

    def again(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            one = fit(x, y, weights, family, start=found.beta)
        return one.beta if one.converged else np.full(len(found.beta), np.nan)

    spread = covariance(data, influence, again, found.beta)
    rule = data.call.df
    design_df = degrees_of_freedom(data, rule=rule)
    model = FittedModel(
        formula=formula,
        family_name=family_name,
        spec=spec,
        x=x,
        y=y,
        data=data,
        fit=found,
        covariance=spread,
        df=design_df + 1 - len(names) if isinstance(rule, str) else design_df,
        design_df=design_df,
    )
    return _laid_out(model, names, family)


def _matrices(data: ModelData, formula: str, parsed: Any) -> tuple[Floats, Floats, Any]:
    from formulaic.errors import FormulaicError

    frame = data.patterns
    alone = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    alone = [str(name) for name in alone if len(frame[name].cat.categories) < 2]
    if alone:
        raise EstimateFault(
            "FL-EST-225", "a variable of the model has a single value among the people counted", found=listed(alone),
            fix="leave it out of the formula, or look at where=",
        )  # fmt: skip
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            made = parsed.get_model_matrix(frame, output="numpy", na_action="ignore")
    except (FormulaicError, NameError, TypeError, ValueError, AttributeError) as error:
        raise EstimateFault(
            "FL-EST-220", "the formula cannot be used", found=f"{formula!r}: {str(error).splitlines()[0]}",
            fix='one outcome ~ terms, such as "forced_labour ~ sex + age + C(region)"',
        ) from error  # fmt: skip
    y = np.asarray(made.lhs, dtype=float)
    if y.shape[1] == 2 and str(made.lhs.model_spec.column_names[1]).endswith("[True]"):
        # A condition, such as I(status == 'yes'): formulaic gives a column for each of its two answers.
        y = y[:, 1:]
    if y.shape[1] != 1 or not np.isfinite(y).all():
        raise EstimateFault(
            "FL-EST-221", "the outcome is not one column of numbers", found=f"{parsed.lhs}: {y.shape[1]} columns",
            fix="make a 0/1 column of it first, or a condition such as I(status == 'yes')",
        )  # fmt: skip
    x = np.asarray(made.rhs, dtype=float)
    if not x.shape[1]:
        raise EstimateFault("FL-EST-220", "the formula cannot be used", found=f"{formula!r} has no term")
    return x, y[:, 0], made.rhs.model_spec


def _spelled(name: str) -> str:
    """A term as it is read: numbers as classes lose the point that they have as floats, ``C(sex)[T.2]``."""
    return re.sub(r"\[(T\.)?(-?\d+)\.0\]", r"[\1\2]", name)


def _check_outcome(family: str, y: Floats, name: str) -> None:
    if family == "binomial" and not np.isin(y, (0.0, 1.0)).all():
        raise EstimateFault(
            "FL-EST-221", "a binomial model needs an outcome of 0 and 1", found=f"{name} holds other numbers",
            fix='family="gaussian" for a quantity, "poisson" for a count; or derive a 0/1 column',
        )  # fmt: skip
    if family == "binomial" and len(np.unique(y)) < 2:
        raise EstimateFault(
            "FL-EST-221", "the outcome is the same for everybody counted", found=f"{name} has a single value",
            fix="there is nothing to explain: estimate its prevalence, which has limits also without cases",
        )  # fmt: skip
    if family == "poisson" and (y < 0).any():
        raise EstimateFault("FL-EST-221", "a poisson model needs an outcome from 0 on", found=f"{name} is negative")


def _laid_out(model: FittedModel, names: Sequence[str], family: Any) -> Regression:
    data, p = model.data, len(names)
    call = data.call
    se = np.sqrt(np.maximum(np.diag(model.covariance.matrix), 0.0))
    df = np.full(p, model.df)
    lower, upper = general("wald", model.fit.beta, se, df, call.level)
    binary = model.family_name == "binomial"
    cases = float(data.by_pattern(data.n) @ model.y) if binary else np.nan
    outcome = str(model.formula.split("~")[0].strip())
    columns = {
        "outcome": outcome, "term": list(names), "value": model.fit.beta, "se": se, "lower": lower, "upper": upper,
        "level": call.level, "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": data.undetermined,
        "n": data.rows, "cases": cases, "df": df,
    }  # fmt: skip
    settings = {"formula": model.formula, "family": model.family_name, **call.settings()}
    said = model_assumptions(data, model.covariance, [outcome], model.family_name)
    made = build(
        columns,
        quantity=COEFFICIENT,
        method=REPLICATES if model.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(call, [outcome, *map(str, data.patterns.columns)], settings, said),
        reasons=row_reasons(model, p),
        diagnostics=_diagnostics(model, family),
        covariance=model.covariance.matrix,
        support=coefficient_support(data, model.x, model.y, _columns_of_terms(model.spec), model.df),
    )
    return Regression(**{each.name: getattr(made, each.name) for each in fields(made)}, model=model)


def _columns_of_terms(spec: Any) -> list[list[int]]:
    """The columns of the design matrix that belong to each term."""
    return [list(range(part.start, part.stop)) for part in spec.term_slices.values()]


def _diagnostics(model: FittedModel, family: Any) -> dict[str, float]:
    """Deviance with weights of mean 1, and the weighted variance of Pearson residuals, n − 1 below."""
    data = model.data
    weight = data.pattern_weight / data.mean_weight
    residual = (model.y - model.fit.mu) / np.sqrt(family.variance(model.fit.mu))
    mean = float(weight @ residual) / weight.sum()
    return {
        "deviance": float(family.deviance(model.y, model.fit.mu, freq_weights=weight)),
        "dispersion": float(weight @ (residual - mean) ** 2) / max(data.rows - 1, 1),
    }


def row_reasons(model: FittedModel, count: int) -> tuple[Reason, ...]:
    """Why limits are missing, or how many replicates gave nothing."""
    reasons: list[Reason] = []
    for row in range(count):
        if not model.df > 0:
            reasons.append(DF_NOT_POSITIVE.at(row, df=model.df))
        if model.covariance.lost:
            lost, of = model.covariance.lost, model.covariance.replicates
            reasons.append(MODEL_REPLICATES_LOST.at(row, replicates=lost, of=of))
    return tuple(reasons)


def model_assumptions(
    data: ModelData, spread: Covariance, outcomes: Sequence[str], family: str
) -> tuple[Assumption, ...]:
    """What a model takes for granted, the design's part of it first."""
    call = data.call
    said = assumptions_of_design(call, data.sample, spread.replicates)
    if data.weightless:
        said.append(ZERO_WEIGHTS.held(rows=data.weightless))
    if data.treatment:
        said.append((UNKNOWN_AS_NO if data.treatment == "no" else MODEL_COMPLETE_ROWS).held())
    if call.where is not None:
        said.append(SUBPOPULATION.held(where=call.where))
    said.append(MODELS[family].held())
    for name, values in data.left_out.items():
        said.append(MODEL_LEVELS_LEFT_OUT.held(variable=name, values=list(values)))
    return (*said, *notes_of(call, outcomes))


def provenance(data: ModelData, **settings: Any) -> Provenance:
    """The call of a model and its settings."""
    return recipe_of(data.call, (), {**settings, **data.call.settings()}, ()).provenance
