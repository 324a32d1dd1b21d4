"""Survey-weighted regression: `fl.regress`. Reading is in `model_data`, the fit in `model_fit`, variances in `model_variance`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, FileFault, listed
from fl_estimate.estimators.fitted_model import (
    FittedModel,
    KeptModel,
    Pieces,
    Session,
    model_assumptions,
    model_settings,
    row_reasons,
)
from fl_estimate.estimators.model_after import pieces_of
from fl_estimate.estimators.model_data import ModelData, read_model
from fl_estimate.estimators.model_families import Family, FamilyName, LinkName, check_outcome, family_of
from fl_estimate.estimators.model_fit import check_columns, check_settled, fit
from fl_estimate.estimators.model_formula import columns_of_term, read_formula
from fl_estimate.estimators.model_offset import Beside, offset_columns, offset_values
from fl_estimate.estimators.model_support import coefficient_support
from fl_estimate.estimators.model_variance import covariance, degrees_of_freedom
from fl_estimate.estimators.weighted_call import (
    Call,
    DfRule,
    VarianceRule,
    only_exclude,
    recipe_of,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results import storage
from fl_estimate.results.build import build
from fl_estimate.results.codes import COEFFICIENT, REPLICATES, TAYLOR, WALD
from fl_estimate.results.estimates import Estimates, from_told, told_of
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.roles import Level


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Regression(Estimates):
    """Coefficients of a regression as Estimates (`term` names them), with what later tests need of the model.

    `fl.term_test` and `fl.marginal_means` take it. `diagnostics` holds the deviance (weights scaled to a mean of 1) and
    the dispersion (weighted variance of the Pearson residuals).

    It holds no rows of anybody. In the session that fitted it, it asks the people it was given again where a test needs them
    (and says so where they have changed or are gone). Saved, pickled or sent to another process it takes along what sums
    over people suffice for: coefficients and covariance, of each term its likelihood ratio, of each column of classes its
    marginal means.
    """

    model: KeptModel | None = field(default=None, repr=False)

    def save(self, path: str | Path) -> Path:
        """Write everything to one Parquet file, for the analyst: full values, nothing suppressed, and no row of anybody."""
        return storage.save(self.frame, {**told_of(self), "model": self.model and self.model.to_dict()}, Path(path))

    @staticmethod
    def read(path: str | Path) -> Regression:
        """Read back what `save` wrote.

        Raises
        ------
        FileFault
            FL-FILE-01: no such file; FL-FILE-09: not a file that `Regression.save` wrote.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd, tempfile
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "y": [0, 1, 0, 0, 1, 1, 0, 1], "sex": list("fmfmfmmf")})
        >>> model = fl.regress(people, "y ~ sex", design=fl.Design(psu="ea", unweighted=True))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = fl.Regression.read(model.save(folder + "/model.parquet"))
        >>> fl.marginal_means(again, "sex").to_frame()["value"].round(2).tolist()
        [0.5, 0.5]
        """
        frame, told = storage.read(Path(path))
        if not told.get("model"):
            raise FileFault(
                "FL-FILE-09", "this is not a file of a regression", found=Path(path).name,
                fix="give a file that Regression.save wrote; fl.Estimates.read reads other results",
            )  # fmt: skip
        made = from_told(frame, told)
        return Regression(
            **{each.name: getattr(made, each.name) for each in fields(made)}, model=KeptModel.from_dict(told["model"])
        )

    def _title(self) -> str:
        model = self.model
        return f"Regression, {model.family.name}, {model.formula}" if model is not None else "Regression"

    def coefficients(self, *, exponentiate: bool = False) -> pd.DataFrame:
        """The table of coefficients with t and p.

        Parameters
        ----------
        exponentiate : bool
            Ratios: of odds (logit), of rates, risks or means (log): value, lower and upper as exp(·), se by the delta method.

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
    link: LinkName | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    alpha: float | None = None,
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
    family : {"binomial", "quasibinomial", "gaussian", "poisson", "quasipoisson", "gamma", "inverse_gaussian", "negative_binomial"}
        Of a 0/1 outcome, a share from 0 to 1, a quantity, a count or rate (R's two quasi families are these: no standard error
        here rests on the dispersion), a quantity above 0 (debt, wage), a count.
    link : {"logit", "probit", "cloglog", "log", "identity", "inverse", "inverse_squared", "sqrt"}, optional
        The family's own where not given: logit, identity, log. ``"log"`` of a 0/1 outcome gives ratios of prevalences
        (log-binomial), ``"identity"`` differences. gamma and inverse_gaussian have log, where R has 1/μ and 1/μ².
    offset : str, optional
        A column, or an expression as in a formula, which stands in the linear predictor with a coefficient of 1.
    exposure : str, optional
        A column of numbers above 0 (months observed), the logarithm of which is an offset; the link must be log.
    alpha : float, optional
        Of a negative binomial model: the variance of a mean μ is μ + α μ² (1/α is R's theta). Estimated by maximum likelihood
        where not given, together with the coefficients, under every replicate as well.
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
        FL-EST-226 to FL-EST-228, FL-EST-236 to FL-EST-238; FL-EST-321 to FL-EST-324 (link, alpha, a fit at the border of
        the means that the link allows, offset and exposure); FL-EST-07 (missing values nobody decided on).
    DesignFault
        As in `estimate_prevalence`.

    Notes
    -----
    β solves Σ w x (y − μ) μ′/V(μ) = 0 with μ = g⁻¹(x′β + offset), μ′ = dμ/dη. Its influence is w A⁻¹ x (y − μ) μ′/V(μ) with the
    expected information A = Σ w x x′ μ′²/V(μ), as in R's ``svyglm``, and the covariance that of its sum over the sampling
    units: no dispersion enters. α is taken as known there (its expected information with β is 0).

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
    chosen = family_of(family, link, np.nan if alpha is None else float(alpha))
    outcome, variables, parsed = read_formula(formula)
    variables = tuple(dict.fromkeys([*variables, *offset_columns(offset, exposure, chosen)]))
    data = read_model(call, outcome, variables)
    if depends_on_rows(f"{formula} {offset or ''}") and len(data.patterns) < data.rows:
        data = read_model(call, outcome, variables, each_row=True)
    return fit_formula(data, formula, parsed, chosen, (offset, exposure))


ROW_FUNCTIONS = ("center(", "scale(", "standardize(", "bs(", "cs(", "cr(", "cc(", "poly(", "lag(", "hashed(")


def depends_on_rows(formula: str) -> bool:
    """Whether a column depends on all rows together (a mean, knots), so that cells would stand for too few of them."""
    text = formula.replace(" ", "")
    return any(name in text for name in ROW_FUNCTIONS)


def fit_formula(
    data: ModelData, formula: str, parsed: Any, family: Family, beside: Beside = (None, None)
) -> Regression:
    """Fit a formula to people who were read; `beside` are the offset and the exposure."""
    offset = offset_values(data.patterns, *beside)
    x, y, spec = _matrices(data, formula, parsed)
    names = [spelled(str(name)) for name in spec.column_names]
    weight = data.pattern_weight
    check_outcome(family.name, y, str(parsed.lhs))
    check_columns(x, weight, names)
    found = fit(x, y, weight, family, offset=offset.values)
    check_settled(found, names)
    influence = (x * found.score[:, None]) @ found.bread

    def again(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            one = fit(x, y, weights, family, start=found.beta, offset=offset.values)
        return one.beta if one.converged else np.full(len(found.beta), np.nan)

    spread = covariance(data, influence, again, found.beta)
    rule = data.call.df
    design_df = degrees_of_freedom(data, rule=rule)
    model = FittedModel(
        formula=formula,
        family=found.family,
        offset=offset,
        spec=spec,
        x=x,
        y=y,
        data=data,
        fit=found,
        covariance=spread,
        df=design_df + 1 - len(names) if isinstance(rule, str) else design_df,
        design_df=design_df,
    )
    return _laid_out(model, names)


def _kept(fitted: FittedModel, names: Sequence[str]) -> KeptModel:
    """The model without its people, and the way back to them."""
    data, call = fitted.data, fitted.data.call
    kept = KeptModel(
        formula=fitted.formula,
        family=fitted.family,
        beside=fitted.offset.asked,
        columns=tuple(names),
        terms={str(term): tuple(places) for term, places in fitted.spec.term_indices.items()},
        beta=fitted.fit.beta,
        covariance=fitted.covariance,
        df=fitted.df,
        design_df=fitted.design_df,
        n=data.rows,
        undetermined=data.undetermined,
        level=call.level,
    )
    each_row = len(data.patterns) == data.rows

    def people() -> FittedModel:
        return _read_again(kept, call, each_row=each_row)

    def pieces() -> Pieces:
        return pieces_of(people(), classes_of(kept.formula))

    return replace(kept, session=Session(people, pieces))


def classes_of(formula: str) -> tuple[str, ...]:
    """The columns of the right-hand side."""
    outcome, variables, parsed = read_formula(formula)
    used = {name for term in parsed.rhs for name in columns_of_term(term)}
    return tuple(name for name in variables if name in used and name != outcome)


def _read_again(kept: KeptModel, call: Call, *, each_row: bool) -> FittedModel:
    """The model with its people, who are read again; the fit starts where it ended."""
    outcome, variables, parsed = read_formula(kept.formula)
    variables = tuple(dict.fromkeys([*variables, *offset_columns(*kept.beside, kept.family)]))
    data = read_model(call, outcome, variables, each_row=each_row)
    offset = offset_values(data.patterns, *kept.beside)
    x, y, spec = _matrices(data, kept.formula, parsed)
    same = x.shape[1] == len(kept.beta) and data.rows == kept.n
    found = fit(x, y, data.pattern_weight, kept.family, start=kept.beta, offset=offset.values) if same else None
    if found is None or not np.allclose(found.beta, kept.beta, rtol=1e-6, atol=1e-9):
        raise EstimateFault(
            "FL-EST-230", "the people have changed since the model was fitted to them",
            found=f"{data.rows:,.0f} rows counted, {kept.n:,.0f} when it was fitted",
            fix="fit it again with fl.regress; a frame that is changed in place is another frame",
        )  # fmt: skip
    return FittedModel(
        formula=kept.formula, family=kept.family, offset=offset, spec=spec, x=x, y=y, data=data, fit=found,
        covariance=kept.covariance, df=kept.df, design_df=kept.design_df,
    )  # fmt: skip


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


def spelled(name: str) -> str:
    """A term as it is read: numbers as classes lose the point that they have as floats, ``C(sex)[T.2]``."""
    return re.sub(r"\[(T\.)?(-?\d+)\.0\]", r"[\1\2]", name)


def _laid_out(model: FittedModel, names: Sequence[str]) -> Regression:
    data, p = model.data, len(names)
    call = data.call
    se = np.sqrt(np.maximum(np.diag(model.covariance.matrix), 0.0))
    df = np.full(p, model.df)
    lower, upper = general("wald", model.fit.beta, se, df, call.level)
    kept = _kept(model, names)
    cases = float(data.by_pattern(data.n) @ model.y) if model.family.kind.binary else np.nan
    outcome = str(model.formula.split("~")[0].strip())
    columns = {
        "outcome": outcome, "term": list(names), "value": model.fit.beta, "se": se, "lower": lower, "upper": upper,
        "level": call.level, "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": data.undetermined,
        "n": data.rows, "cases": cases, "df": df,
    }  # fmt: skip
    settings = {**model_settings(kept), **call.settings()}
    said = model_assumptions(data, model.covariance, [outcome], model.family, model.offset.asked)
    made = build(
        columns,
        quantity=COEFFICIENT,
        method=REPLICATES if model.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(call, [outcome, *map(str, data.patterns.columns)], settings, said),
        reasons=row_reasons(model, p),
        diagnostics=_diagnostics(model),
        covariance=model.covariance.matrix,
        support=coefficient_support(data, model.x, model.y, columns_of_terms(model.spec), model.df),
    )
    return Regression(**{each.name: getattr(made, each.name) for each in fields(made)}, model=kept)


def columns_of_terms(spec: Any) -> list[list[int]]:
    """The columns of the design matrix that belong to each term."""
    return [list(range(part.start, part.stop)) for part in spec.term_slices.values()]


def _diagnostics(model: FittedModel) -> dict[str, float]:
    """Deviance with weights of mean 1, and the weighted variance of Pearson residuals, n − 1 below."""
    data, family = model.data, model.family
    weight = data.pattern_weight / data.mean_weight
    residual = (model.y - model.fit.mu) / np.sqrt(family.variance(model.fit.mu))
    mean = float(weight @ residual) / weight.sum()
    found = {
        "deviance": family.deviance(model.y, model.fit.eta, weight),
        "dispersion": float(weight @ (residual - mean) ** 2) / max(data.rows - 1, 1),
    }
    return found if np.isnan(family.alpha) else {**found, "alpha": family.alpha}


def provenance(data: ModelData, **settings: Any) -> Provenance:
    """The call of a model and its settings."""
    return recipe_of(data.call, (), {**settings, **data.call.settings()}, ()).provenance
