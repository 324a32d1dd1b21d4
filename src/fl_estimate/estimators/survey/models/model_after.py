"""What a fitted model is asked with its people at hand: the ratio of a term, means by a column of classes, marginal effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.models.fitted_model import Fitted, FittedModel
from fl_estimate.estimators.survey.models.kept_model import Effects, MarginalMeans, Pieces
from fl_estimate.estimators.survey.models.model_averages import Parts, averages
from fl_estimate.estimators.survey.models.model_formula import columns_of_term, depends_on_rows
from fl_estimate.estimators.survey.models.model_support import group_support
from fl_estimate.estimators.survey.weighted_call import MOST_LEVELS
from fl_estimate.results.basis import Support

COVARIANCES: tuple[str, ...] = ("joint", "separate", "coefficients")
STEP = 1e-4
"""Half of the step of a central difference, as a share of the range of the column."""


def pieces_of(fitted: Fitted, terms: Mapping[str, Sequence[int]], columns: Sequence[str]) -> Pieces:
    """What is kept where the people are not: the ratio of each term that has one, means by each column of classes, effects.

    Parameters
    ----------
    fitted : FittedModel or FittedClasses
    terms : mapping
        The places of the coefficients of each term.
    columns : sequence of str
        The variables of the right-hand side.
    """
    ratios: dict[str, tuple[float, tuple[float, ...]]] = {}
    for term, positions in terms.items():
        try:
            fall, scales = ratio(fitted, positions)
        except EstimateFault:
            continue  # the model without this term has no maximum
        ratios[str(term)] = (fall, tuple(float(scale) for scale in scales))
    margins: dict[str, MarginalMeans] = {}
    named = columns_of_effects(fitted)
    if isinstance(fitted, FittedModel):
        for by in [name for name in columns if name in named]:
            # Means by a column of many numbers would hold the answers one by one.
            if is_classed(fitted, by) and fitted.data.patterns[by].nunique() <= MOST_LEVELS:
                margins[by] = margin(fitted, by)
    return Pieces(ratios=ratios, margins=margins, effects=effects(fitted, named) if named else None)


def ratio(fitted: Fitted, columns: Sequence[int]) -> tuple[float, Floats]:
    """The fall in deviance that these columns bring, and the eigenvalues of its distribution.

    Raises
    ------
    EstimateFault
        FL-EST-223, FL-EST-328: the model without them has no maximum.
    """
    v = fitted.covariance.matrix[np.ix_(columns, columns)]
    fall = fitted.fall(columns)
    scales = np.linalg.eigvals(np.linalg.solve(fitted.naive[np.ix_(columns, columns)], v)).real
    return float(fall), np.sort(np.maximum(scales, 0.0))[::-1]


def is_classed(fitted: Fitted, name: str) -> bool:
    """Whether a column is one of classes in the model: text, of two values, or in C(…)."""
    column = fitted.data.patterns[name]
    text = isinstance(column.dtype, pd.CategoricalDtype)
    return text or column.nunique() <= 2 or f"C({name}" in fitted.formula


def columns_of_effects(fitted: Fitted) -> list[str]:
    """The columns that the terms of a model use."""
    used = {name for term in fitted.spec.terms for name in columns_of_term(term)}
    return [str(name) for name in fitted.data.patterns if name in used]


def effects(fitted: Fitted, names: Sequence[str]) -> Effects:
    """Average marginal effects of these columns, with all covariances: of classes against the first, of numbers the mean slope."""
    asked = [(name, *one) for name in names for one in _effects_of(fitted, name)]
    result = averages(fitted, [parts for _, _, parts, _ in asked])
    several = fitted.outcomes
    return Effects(
        column=tuple(name for name, _, _, _ in asked for _ in several),
        outcome=tuple(outcome for _ in asked for outcome in several),
        term=tuple(term for _, term, _, _ in asked for _ in several),
        value=result.value,
        covariances=dict(zip(COVARIANCES, (result.joint, result.separate, result.conditional), strict=True)),
        support=Support.joined([support for _, _, _, support in asked for _ in several]),
    )


def _effects_of(fitted: Fitted, name: str) -> list[tuple[str, Parts, Support]]:
    """The effects of a column: how each is called, of which predictions it is made, on whom it rests."""
    column = fitted.data.patterns[name]
    if is_classed(fitted, name):
        levels = classes(column)
        position = np.argmax([column.to_numpy() == level for level in levels], axis=0).astype(np.int64)
        known = _support(fitted, position, len(levels))
        base = everybody(fitted, {name: levels[0]})
        said = [f"{level:g}" if isinstance(level, float) else str(level) for level in levels]
        return [
            (
                f"{name}: {said[j]} − {said[0]}",
                [(1.0, everybody(fitted, {name: levels[j]})), (-1.0, base)],
                Support.least([known.take([0]), known.take([j])]),
            )
            for j in range(1, len(levels))
        ]
    values = column.to_numpy(dtype=float)
    step = STEP * float(np.ptp(values))
    if depends_on_rows(fitted.formula):
        # Splines end at the least and the greatest value: whoever has these is taken a step inside.
        values = np.clip(values, values.min() + step, values.max() - step)
    parts = [(sign / (2 * step), everybody(fitted, {name: values + sign * step})) for sign in (1.0, -1.0)]
    return [(name, parts, _support(fitted, np.zeros(len(values), dtype=np.int64), 1))]


def _support(fitted: Fitted, group: Codes, size: int) -> Support:
    return Support.least([group_support(fitted.data, y, group, size, fitted.df) for y in fitted.cases()])


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


def margin(fitted: FittedModel, by: str | Sequence[str]) -> MarginalMeans:
    """Predicted means with everybody in each class in turn, or in each combination of classes, with both covariances."""
    names = (by,) if isinstance(by, str) else tuple(by)
    data = fitted.data
    groups = list(product(*(classes(data.patterns[name]) for name in names)))
    result = averages(fitted, [[(1.0, everybody(fitted, dict(zip(names, group, strict=True))))] for group in groups])
    people = data.by_pattern(data.n)
    met = [np.all([data.patterns[n].to_numpy() == v for n, v in zip(names, g, strict=True)], axis=0) for g in groups]
    plain = [tuple(_plain(value) for value in group) for group in groups]
    return MarginalMeans(
        groups=tuple(group[0] for group in plain) if isinstance(by, str) else tuple(plain),
        value=result.value,
        joint=result.joint,
        separate=result.separate,
        n=tuple(float(people[each].sum()) for each in met),
        support=group_support(data, fitted.y, np.argmax(met, axis=0).astype(np.int64), len(groups), fitted.design_df),
    )


def classes(column: pd.Series[Any]) -> list[Any]:
    """The classes of a column: declared, or the different numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(float(value) for value in column.unique())


def everybody(fitted: Fitted, values: Mapping[str, Any]) -> Floats:
    """The design matrix with everybody having these values: one for all, or one for each pattern."""
    frame = fitted.data.patterns.copy()
    for name, value in values.items():
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = pd.Categorical([value] * len(frame), categories=frame[name].cat.categories)
        else:
            frame[name] = value
    return fitted.columns(frame)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
