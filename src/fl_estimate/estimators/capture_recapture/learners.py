"""Learners of the chances to be on lists, given covariates, by scikit-learn: each part predicted by one that did not see it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import EstimateFault

LEARNERS = ("logistic", "boosting", "forest")
OUTCOMES = 4


def chances(
    learner: Any,
    covariates: pd.DataFrame,
    outcome: npt.NDArray[Any],
    parts: npt.NDArray[np.intp],
    seed: int,
    outcomes: int = OUTCOMES,
) -> tuple[npt.NDArray[np.float64], bool]:
    """Chances of the outcomes (of two lists: four), shape (people, outcomes), and whether every learner came to its end.

    An outcome that a part's learner never saw has chance 0.
    """
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning

    made: Any = _named(learner, covariates, seed) if isinstance(learner, str) else _with_columns(learner, covariates)
    found, converged = np.zeros((len(outcome), outcomes)), True
    for part in np.unique(parts):
        here = parts == part
        fresh: Any = clone(made)
        with warnings.catch_warnings(record=True) as heard:
            # Said in the result's own words.
            warnings.simplefilter("always", ConvergenceWarning)
            try:
                fresh.fit(covariates[~here], outcome[~here])
            except ValueError as error:
                # Of one outcome alone, say: a user can act on the records or the learner only.
                raise EstimateFault(
                    "FL-EST-155",
                    "the learner of the chances failed on a part of the records",
                    found=f"{int((~here).sum()):,} people: {str(error).splitlines()[0]}"[:300],
                    fix="take fewer folds or covariates, another learner, or no covariates",
                ) from error
        seen = np.asarray(fresh.classes_, dtype=int)
        with warnings.catch_warnings():
            # Values that only the part left out has count as the first value.
            warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
            found[np.ix_(here, seen)] = fresh.predict_proba(covariates[here])
        converged &= not any(issubclass(one.category, ConvergenceWarning) for one in heard)
    return found, converged


def _named(name: str, covariates: pd.DataFrame, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if name == "logistic":
        return _with_columns(LogisticRegression(C=np.inf, max_iter=2_000, tol=1e-8), covariates)
    if name == "forest":
        return _with_columns(RandomForestClassifier(200, min_samples_leaf=20, random_state=seed), covariates)
    # Small steps, stopped early: chances next to 0 that a learner imagines weigh most in the estimate.
    settings: dict[str, Any] = {"max_depth": 3, "learning_rate": 0.05, "max_iter": 300, "min_samples_leaf": 30}
    boosted = HistGradientBoostingClassifier(**settings, early_stopping=True, random_state=seed)  # pyright: ignore[reportArgumentType]
    return _with_columns(boosted, covariates)


def _with_columns(learner: Any, covariates: pd.DataFrame) -> Any:
    """Numbers standardised, everything else as one column of 0 and 1 for each value; then the learner."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [name for name in covariates if pd.api.types.is_numeric_dtype(covariates[name])]
    labels = [name for name in covariates if name not in numbers]
    encode = OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("numbers", StandardScaler(), numbers), ("labels", encode, labels)])
    return make_pipeline(columns, learner)
