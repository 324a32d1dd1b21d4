"""Regression of rows that are not in memory and too many to be brought there: the result of `fl.regress`, made of sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.models.fit_by_sums import FittedBySums, fit_by_sums
from fl_estimate.estimators.survey.models.fitted_model import Fitted, FittedModel
from fl_estimate.estimators.survey.models.kept_model import Pieces, Session
from fl_estimate.estimators.survey.models.model_columns import columns_of_terms, spelled
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_families import Family
from fl_estimate.estimators.survey.models.model_offset import Beside, Offset
from fl_estimate.estimators.survey.models.model_support import TINY
from fl_estimate.estimators.survey.models.model_variance import Covariance, degrees_of_freedom, taylor_of_sums
from fl_estimate.estimators.survey.models.regression_result import Regression, kept_of, regression_of
from fl_estimate.estimators.survey.models.rows_elsewhere import RowsElsewhere
from fl_estimate.results.basis import Support


def regression_elsewhere(rows: RowsElsewhere, formula: str, family: Family, beside: Beside) -> Regression:
    """Fit a formula to people whose rows stay where they are.

    Raises
    ------
    EstimateFault
        As `fit_by_sums`.
    """
    data, spec = rows.data, rows.reader.right
    names = [spelled(str(name)) for name in spec.column_names]
    found = fit_by_sums(rows, names, [*columns_of_terms(spec), list(range(len(names)))])
    rule, design_df = data.call.df, degrees_of_freedom(data, rule=data.call.df)
    model = FittedModel(
        formula=formula, family=family, offset=Offset(columns_given=beside, columns=(), values=np.zeros(len(data.patterns))),
        spec=spec, x=np.zeros((0, len(names))), y=np.zeros(0), data=data, fit=found.fit, design_df=design_df,
        covariance=Covariance(matrix=taylor_of_sums(data, found.influences, found.squares())),
        df=design_df + 1 - len(names) if isinstance(rule, str) else design_df,
    )  # fmt: skip
    terms = {str(term): tuple(positions) for term, positions in spec.term_indices.items()}
    kept = replace(kept_of(model, names, terms), session=Session(_refused, Pieces))
    return regression_of(
        kept,
        data,
        _support(data, found, model.df),
        cases=float(found.totals["cases"]) if family.kind.binary else np.nan,
        diagnostics=_diagnostics(found, data),
    )


def _refused() -> Fitted:
    raise EstimateFault(
        "FL-EST-786",
        "this asks every row of the model again, and the rows are not in memory",
        found="a model fitted by sums of rows that are elsewhere",
        fix="its coefficients, their covariance, fl.term_test by Wald and fl.predict are there; for ratios, marginal means and effects "
        "give a frame in memory of the columns that are needed",
    )


def _diagnostics(found: FittedBySums, data: ModelData) -> dict[str, float]:
    """Deviance with weights of mean 1, and the weighted variance of Pearson residuals, n − 1 below."""
    known, size = found.totals, data.mean_weight
    spread = (known["squared"] - known["residual"] ** 2 / known["weight"]) / size
    made = {"deviance": float(known["deviance"] / size), "dispersion": float(spread) / max(data.rows - 1, 1)}
    alpha = found.fit.family.alpha
    return made if np.isnan(alpha) else {**made, "alpha": alpha}


def _support(data: ModelData, found: FittedBySums, df: float) -> Support:
    """As `coefficient_support`, from the counts of the last look."""
    whole = _of_group(data, data.n, _cases(found, data), df)
    parts: list[list[Support]] = [[whole] for _ in found.fit.beta]
    position = -1
    for one in found.classes:
        if one is None:
            continue
        position += 1
        groups = [
            _of_group(data, found.sums["n", position, code][data.at], found.sums["cases", position, code][data.at], df)
            for code in range(len(one.mixed))
        ]
        share = np.linalg.pinv(one.rows[:, one.used])
        for row, column in enumerate(one.used):
            parts[column] += [groups[int(met)] for met in np.flatnonzero(np.abs(share[row]) > TINY)]
    return Support.joined([Support.least(part) for part in parts])


def _cases(found: FittedBySums, data: ModelData) -> Any:
    return found.sums["not zero",][data.at]


def _of_group(data: ModelData, n: Any, cases: Any, df: float) -> Support:
    """People, cases and units with a case of a group, from its counts by group of the table."""
    units = cases.sum()
    if not data.sample.rows_are_units:
        unit = data.sample.stages[0].unit[data.at]
        units = float(len(np.unique(unit[cases > 0])))
    return Support.of(np.array([n.sum()]), np.array([cases.sum()]), psus_with_cases=np.array([units]), df=df)
