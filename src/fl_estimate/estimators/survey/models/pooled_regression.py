"""Regressions of several imputed data sets put together: a Regression again, without people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from fl_estimate.estimators.survey.models.kept_model import KeptModel, Pieces
from fl_estimate.estimators.survey.models.model_variance import Covariance
from fl_estimate.estimators.survey.models.regression_result import Regression
from fl_estimate.results.estimates import Estimates


def pooled_regression(parts: Sequence[Estimates], pooled: Estimates) -> Estimates:
    """The pooled rows as a Regression where all parts are regressions; as they are where not.

    Parameters
    ----------
    parts : sequence of Estimates
        The imputations.
    pooled : Estimates
        Their rows put together.

    Notes
    -----
    A Wald test of several coefficients takes the pooled covariance, and the least degrees of freedom of its coefficients: fewer
    than those of Li, Raghunathan and Rubin (1991), so that it does not claim too much.
    """
    kept = [part.model for part in parts if isinstance(part, Regression)]
    if len(kept) < len(parts):
        return pooled
    values = {each.name: getattr(pooled, each.name) for each in fields(pooled)}
    models = [model for model in kept if model is not None]
    same = len({(model.formula, model.family.name, model.family.link, model.beside) for model in models}) == 1
    if len(models) < len(parts) or not same or pooled.covariance_matrix is None:
        return Regression(**values)
    return Regression(**values, model=_model(models, pooled))


def _model(models: Sequence[KeptModel], pooled: Estimates) -> KeptModel:
    first = models[0]
    lost = max(model.covariance.lost for model in models)
    df = pooled.frame["df"].to_numpy(dtype=float)
    return replace(
        first,
        beta=pooled.frame["value"].to_numpy(dtype=float),
        covariance=Covariance(matrix=np.asarray(pooled.covariance), replicates=first.covariance.replicates, lost=lost),
        df=float(df.min()) if len(df) else float("nan"),
        n=float(np.mean([model.n for model in models])),
        undetermined=float(np.mean([model.undetermined for model in models])),
        # What one imputation says of its people is not what all say.
        pieces=Pieces(),
        session=None,
    )
