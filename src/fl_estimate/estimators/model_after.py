"""What a fitted model is asked with its people at hand: the ratio of a term, and predicted means by a column of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.fitted_model import FittedModel, Margin, Pieces
from fl_estimate.estimators.model_averages import averages
from fl_estimate.estimators.model_fit import check_settled, fit
from fl_estimate.estimators.model_support import group_support
from fl_estimate.estimators.weighted_call import MOST_LEVELS


def pieces_of(fitted: FittedModel, columns: Sequence[str]) -> Pieces:
    """What is kept where the people are not: the ratio of each term that has one, the means by each column of classes.

    Parameters
    ----------
    fitted : FittedModel
    columns : sequence of str
        The variables of the right-hand side.
    """
    ratios: dict[str, tuple[float, tuple[float, ...]]] = {}
    for term, places in fitted.spec.term_indices.items():
        try:
            fall, scales = ratio(fitted, places)
        except EstimateFault:
            continue  # the model without this term has no maximum
        ratios[str(term)] = (fall, tuple(float(scale) for scale in scales))
    margins: dict[str, Margin] = {}
    for by in dict.fromkeys(columns):
        column = fitted.data.patterns[by]
        text = isinstance(column.dtype, pd.CategoricalDtype)
        # Means by a column of many numbers would hold the answers one by one.
        if (text or column.nunique() <= 2 or f"C({by})" in fitted.formula) and column.nunique() <= MOST_LEVELS:
            margins[by] = margin(fitted, by)
    return Pieces(ratios=ratios, margins=margins)


def ratio(fitted: FittedModel, columns: Sequence[int]) -> tuple[float, Floats]:
    """The fall in deviance that these columns bring, and the eigenvalues of its distribution.

    Raises
    ------
    EstimateFault
        FL-EST-223: the model without them has no maximum.
    """
    v = fitted.covariance.matrix[np.ix_(columns, columns)]
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


def require_classes(fitted: FittedModel, by: str) -> None:
    """Refuse a column that is a slope in the model.

    Raises
    ------
    EstimateFault
        FL-EST-239.
    """
    text = isinstance(fitted.data.patterns[by].dtype, pd.CategoricalDtype)
    factors = {str(factor.expr) for term in fitted.spec.terms for factor in term.factors}
    levels = fitted.data.patterns[by].nunique()
    if not text and by in factors and levels > 2:
        raise EstimateFault(
            "FL-EST-239", "marginal means are by classes, and this column is a slope in the model",
            found=f"{by!r}: {levels} different numbers", fix=f"write C({by}) in the formula",
        )  # fmt: skip


def margin(fitted: FittedModel, by: str | Sequence[str]) -> Margin:
    """Predicted means with everybody in each class in turn, or in each combination of classes, with both covariances."""
    names = (by,) if isinstance(by, str) else tuple(by)
    data = fitted.data
    groups = list(product(*(classes(data.patterns[name]) for name in names)))
    found = averages(fitted, [[(1.0, everybody(fitted, dict(zip(names, group, strict=True))))] for group in groups])
    people = data.by_pattern(data.n)
    met = [np.all([data.patterns[n].to_numpy() == v for n, v in zip(names, g, strict=True)], axis=0) for g in groups]
    plain = [tuple(_plain(value) for value in group) for group in groups]
    return Margin(
        groups=tuple(group[0] for group in plain) if isinstance(by, str) else tuple(plain),
        value=found.value,
        joint=found.joint,
        separate=found.separate,
        n=tuple(float(people[each].sum()) for each in met),
        support=group_support(data, fitted.y, np.argmax(met, axis=0).astype(np.int64), len(groups), fitted.design_df),
    )


def classes(column: pd.Series[Any]) -> list[Any]:
    """The classes of a column: declared, or the different numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(float(value) for value in column.unique())


def everybody(fitted: FittedModel, values: Mapping[str, Any]) -> Floats:
    """The design matrix with everybody having these values: one for all, or one for each pattern."""
    frame = fitted.data.patterns.copy()
    for name, value in values.items():
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = pd.Categorical([value] * len(frame), categories=frame[name].cat.categories)
        else:
            frame[name] = value
    return np.asarray(fitted.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
