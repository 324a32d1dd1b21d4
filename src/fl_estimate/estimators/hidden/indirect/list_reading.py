"""What a list experiment is asked of: its arguments, and the answers of both arms, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, not_one_of, require_name, shown
from fl_estimate.estimators.survey.models.model_data import ModelData

ESTIMATORS: tuple[str, ...] = ("difference", "combined", "linear", "nls", "ml")
OF_LIKELIHOOD: dict[str, Any] = {"overdispersed": False, "constrained": True, "ceiling": False, "floor": False}
"""Settings that the likelihood alone has, with what they are where nobody says otherwise."""


def check_list_arguments(
    items: Any, estimator: str, known: Sequence[str], *, direct: Any, covariates: Any, likelihood: dict[str, Any]
) -> None:
    """Refuse arguments that do not go together.

    Raises
    ------
    EstimateFault
        FL-EST-640 (items), FL-EST-645 (estimator), FL-EST-646 (what the estimator has no place for, or lacks).
    """
    if isinstance(items, bool) or not isinstance(items, int | np.integer) or items < 1:
        raise EstimateFault(
            "FL-EST-640", "items is the number of control items, those that both arms are shown", found=shown(items),
            fix="a whole number from 1 on, without the sensitive item",
        )  # fmt: skip
    if estimator not in known:
        raise not_one_of("FL-EST-645", "this estimator of a list experiment", estimator, known)
    wrong: list[str] = []
    if (estimator == "combined") != (direct is not None):
        wrong.append('direct= is the direct question, which estimator="combined" needs and no other takes')
    if covariates is not None and estimator in ("difference", "combined"):
        wrong.append('covariates are for estimator="linear", "nls" or "ml"')
    if estimator != "ml":
        wrong += [f'{name}= is of estimator="ml"' for name, value in likelihood.items() if value != OF_LIKELIHOOD[name]]
    elif not likelihood["constrained"] and (likelihood["ceiling"] or likelihood["floor"]):
        wrong.append("ceiling= and floor= need constrained=True: without it nothing tells who hides")
    if direct is not None:
        require_name(direct, "direct")
    if wrong:
        raise EstimateFault(
            "FL-EST-646", "arguments of the list experiment do not go together", found=f"estimator={estimator!r}",
            fix="; ".join(wrong),
        )  # fmt: skip


def arms_of(data: ModelData, treatment: str) -> Bools:
    """Who was shown the sensitive item as well, by group.

    Raises
    ------
    EstimateFault
        FL-EST-641: the column is no 0/1, or one arm is empty.
    """
    values = numbers_of(data, treatment)
    if values is None or not np.isin(values, (0.0, 1.0)).all():
        raise EstimateFault(
            "FL-EST-641", "the treatment of a list experiment is 1 for the longer list and 0 for the control list",
            found=f"{treatment!r} holds other values", fix='derive a 0/1 column first; leave other arms out with where=',
        )  # fmt: skip
    treated = values == 1
    if treated.all() or not treated.any():
        raise EstimateFault(
            "FL-EST-641", "a list experiment compares two arms, and one of them is empty",
            found=f"{treatment!r}: all are {'treated' if treated.all() else 'controls'}", fix="look at where=, or at the column",
        )  # fmt: skip
    return treated


def counts_of(data: ModelData, count: str, treated: Bools, items: int) -> Floats:
    """Items counted, by group; J is held against them.

    Raises
    ------
    EstimateFault
        FL-EST-642: no whole numbers from 0; FL-EST-643: more items than the list has.
    """
    y = numbers_of(data, count)
    if y is None or not ((y >= 0) & (y == np.round(y))).all():
        rows = 0.0 if y is None else float(data.n[~((y >= 0) & (y == np.round(y)))].sum())
        raise EstimateFault(
            "FL-EST-642", "the answer to a list is how many of its items hold, a whole number from 0 on",
            found=f"{count!r} is text" if y is None else f"{count!r}: {rows:,.0f} rows with another number",
            fix="give the column of counts; make codes of refusal missing, and say unknown=",
        )  # fmt: skip
    most = items + treated
    if (y > most).any():
        rows = float(data.n[y > most].sum())
        raise EstimateFault(
            "FL-EST-643", "somebody counted more items than there were on their list",
            found=f"items={items}; {count!r}: {rows:,.0f} rows above {items} (control) or {items + 1} (treatment)",
            fix="items= is the number of control items alone; or the arms are the other way round",
        )  # fmt: skip
    return y


def answers_of(data: ModelData, column: str, what: str) -> Floats:
    """A 0/1 column by group.

    Raises
    ------
    EstimateFault
        FL-EST-644.
    """
    values = numbers_of(data, column)
    if values is None or not np.isin(values, (0.0, 1.0)).all():
        raise EstimateFault(
            "FL-EST-644", f"{what} is a column of 0 and 1", found=f"{column!r} holds other values",
            fix="derive a 0/1 column first",
        )  # fmt: skip
    return values


def numbers_of(data: ModelData, column: str) -> Floats | None:
    """The numbers of a column by group; None where it is text."""
    values = data.patterns[column]
    return None if isinstance(values.dtype, pd.CategoricalDtype) else values.to_numpy(dtype=float)


def top_is_met(y: Floats, treated: Bools, items: int) -> bool:
    """Whether anybody counted all items of their list: else a list of fewer items would do as well."""
    return bool((y >= items + treated).any() or (y[~treated] >= items).any())
