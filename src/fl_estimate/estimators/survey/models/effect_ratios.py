"""Coefficients as ratios: `fl.effect_ratios`, odds ratios and their like with limits, as a table prints them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.models.class_models import ClassFamily
from fl_estimate.estimators.survey.models.kept_model import KeptModel
from fl_estimate.estimators.survey.models.regression_result import Regression
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    LOG,
    MEAN_RATIO,
    ODDS_RATIO,
    PREVALENCE_RATIO,
    RATE_RATIO,
    RELATIVE_RISK_RATIO,
    MethodName,
    Quantity,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import ANY_REGRESSION

RATIOS: dict[tuple[str, str], Quantity] = {
    ("binomial", "logit"): ODDS_RATIO, ("quasibinomial", "logit"): ODDS_RATIO, ("ordinal", "logit"): ODDS_RATIO,
    ("binomial", "log"): PREVALENCE_RATIO, ("quasibinomial", "log"): PREVALENCE_RATIO, ("multinomial", "logit"): RELATIVE_RISK_RATIO,
    **dict.fromkeys([(name, "log") for name in ("poisson", "quasipoisson", "negative_binomial")], RATE_RATIO),
    **dict.fromkeys([(name, "log") for name in ("gaussian", "gamma", "inverse_gaussian")], MEAN_RATIO),
}  # fmt: skip
"""What exp(coefficient) is, by family and link."""


@method(kind="regression", basis="respondents", family="survey", chosen=True)
def effect_ratios(model: Annotated[Estimates, ANY_REGRESSION]) -> Estimates:
    """Say the coefficients of a regression as ratios: of odds, of prevalences, of rates, of means, of relative risks.

    Use it for a table; `coefficients(exponentiate=True)` gives the analyst the same, the intercept included.

    Parameters
    ----------
    model : Regression
        From `fl.regress` with the link logit or log, `fl.regress_ordinal` with the link logit, or `fl.regress_multinomial`.

    Returns
    -------
    Estimates
        `quantity` odds_ratio (of a cumulative model: of being in a higher class), prevalence_ratio, rate_ratio, mean_ratio or
        relative_risk_ratio. Intercepts and thresholds are no ratios, and are left out.

    Raises
    ------
    EstimateFault
        FL-EST-230 (not a regression); FL-EST-363 (exp of its coefficients is no ratio; or it has an intercept alone).

    Notes
    -----
    exp(β), with the limits of β brought to that scale, and the standard error exp(β) se(β). A p-value is that of β.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "fl": [0, 1, 0, 0, 1, 1, 0, 1, 0, 0], "sex": list("mfmffmmffm")})
    >>> model = fl.regress(people, "fl ~ sex", design=fl.Design(psu="ea", unweighted=True))
    >>> fl.effect_ratios(model).to_frame()[["quantity", "term", "value"]].round(3).values.tolist()
    [['odds_ratio', 'sex[T.m]', 0.167]]
    """
    kept = _model(model)
    quantity = RATIOS.get((kept.family.name, kept.family.link))
    rows = [position for position, term in enumerate(model.frame["term"]) if not _without_ratio(kept, str(term))]
    if quantity is None or not rows:
        raise EstimateFault(
            "FL-EST-363", "the coefficients of this model are no logarithms of ratios",
            found=f"family {kept.family.name}, link {kept.family.link}, {len(rows)} slopes",
            fix="the links logit and log give ratios; fl.marginal_effects says any model on the scale of its outcome",
        )  # fmt: skip
    frame = model.frame.iloc[rows].reset_index(drop=True)
    ratio, lower, upper = (np.exp(frame[name].to_numpy(dtype=float)) for name in ("value", "lower", "upper"))
    positions = {row: position for position, row in enumerate(rows)}
    kept_columns = ("outcome", "term", "margin", "level", "undetermined", "n", "cases", "df")
    known = model.covariance_matrix
    return build(
        {
            **{name: list(frame[name]) for name in kept_columns}, "value": ratio, "lower": lower, "upper": upper,
            "se": ratio * frame["se"].to_numpy(dtype=float), "interval_kind": [LOG if kind else "" for kind in frame["interval_kind"]],
        },
        {name: list(frame[name].astype(object).where(frame[name].notna(), None)) for name in model.by},
        quantity=quantity,
        method=[MethodName.of(str(name)) for name in frame["method"]],
        basis="respondents",
        recipe=model.recipe,
        reasons=[replace(reason, row=positions[reason.row]) for reason in model.reasons if reason.row in positions],
        covariance=None if known is None else ratio[:, None] * known[np.ix_(rows, rows)] * ratio,
        support=model.support.take(rows),
    )  # fmt: skip


def _model(model: Estimates) -> KeptModel:
    """The model, or of a regression of every domain the first of them."""
    found = None
    if isinstance(model, Regression):
        found = model.model or next(iter(model.models.values()), None)
    if found is None:
        raise EstimateFault(
            "FL-EST-230", "this is not a regression", found=type(model).__name__,
            fix="pass what fl.regress returned, or what fl.Regression.read read",
        )  # fmt: skip
    return found


def _without_ratio(kept: KeptModel, term: str) -> bool:
    """Whether a row is an intercept, or a threshold between two classes."""
    if isinstance(kept.family, ClassFamily) and kept.family.name == "ordinal":
        return term in kept.columns[-(len(kept.family.classes) - 1) :]
    return term == "Intercept" or (isinstance(kept.family, ClassFamily) and term.endswith(": Intercept"))
