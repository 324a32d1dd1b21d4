"""Horvitz–Thompson sums over people observed: how many stand behind each, by domain, and what that figure's error is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.answers import Limits, log_limits, normal_quantile
from fl_estimate.results.estimates import check_by_columns

MOST_DOMAINS = 500
"""Most domains of one call: their joint covariance is kept (two rows each)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HiddenWeights:
    """What a model says of people alike: how many on no list stand behind each of them, and how that hangs on its coefficients.

    Attributes
    ----------
    people : array, shape (cells,)
        People observed.
    unseen : array, shape (cells,)
        h = p₀/(1 − p₀), people not seen for each who was.
    slope : array, shape (cells, coefficients)
        dh/dβ of each person.
    covariance : array, shape (coefficients, coefficients)
    counted : array or None, shape (cells,)
        People whose h is summed, where that is not everybody (Chao: those seen once or twice).
    """

    people: Floats
    unseen: Floats
    slope: Floats
    covariance: Floats
    counted: Floats | None = None

    @property
    def summed(self) -> Floats:
        """People whose h is summed."""
        return self.people if self.counted is None else self.counted


@dataclass(frozen=True, kw_only=True)
class ListDomain:
    """The nation or a part of it: its margin, labels of the by-columns, and which cells lie in it."""

    margin: str
    labels: tuple[Any, ...]
    rows: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Sums of domains: people observed, on no list, and the covariance of the latter in its two parts.

    Attributes
    ----------
    seen, dark : array, shape (domains,)
    sampling, model : array, shape (domains, domains)
        From who was observed by chance, and from the coefficients.
    """

    seen: Floats
    dark: Floats
    sampling: Floats
    model: Floats

    @property
    def covariance(self) -> Floats:
        """Of the dark figures, and so of the sizes."""
        return self.sampling + self.model


def by_columns(by: By) -> tuple[str, ...]:
    """Columns that `by` needs.

    Raises
    ------
    EstimateFault
        FL-EST-04, FL-EST-05.
    """
    names = tuple(dict.fromkeys(name for margin in by_margins(by) for name in margin))
    check_by_columns(names)
    return names


def domains_of(frame: pd.DataFrame, by: By) -> list[ListDomain]:
    """The nation, then the domains of each margin in the order of their classes.

    Raises
    ------
    EstimateFault
        FL-EST-171: more domains than one call gives.
    """
    found = [ListDomain(margin="", labels=(None,) * len(by_columns(by)), rows=np.ones(len(frame), dtype=bool))]
    columns = by_columns(by)
    for margin in by_margins(by):
        groups = frame.groupby(list(margin), sort=True, observed=True).indices
        keys = sorted(groups, key=lambda key: _order(frame, margin, key))
        for key in keys:
            values = dict(zip(margin, key if isinstance(key, tuple) else (key,), strict=True))
            rows = np.zeros(len(frame), dtype=bool)
            rows[groups[key]] = True
            labels = tuple(_plain(values.get(name)) for name in columns)
            found.append(ListDomain(margin=" × ".join(margin), labels=labels, rows=rows))
    if len(found) > MOST_DOMAINS:
        raise EstimateFault(
            "FL-EST-171", "there are more domains than one call gives", found=f"{len(found):,}",
            fix=f"up to {MOST_DOMAINS}: put the values of by= into fewer classes, or ask for separate margins",
        )  # fmt: skip
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _order(frame: pd.DataFrame, margin: Sequence[str], key: Any) -> tuple[Any, ...]:
    values = key if isinstance(key, tuple) else (key,)
    return tuple(
        frame[name].cat.categories.get_loc(value) if isinstance(frame[name].dtype, pd.CategoricalDtype) else value
        for name, value in zip(margin, values, strict=True)
    )


def sums_of(weights: HiddenWeights, domains: Sequence[ListDomain]) -> Sums:
    """Sum over domains.

    Notes
    -----
    N_d = n_d + Σ h_i; covariance of domains d and e: Σ_{i in both} h_i (1 + h_i) + g_d' V g_e, g_d = Σ_{i in d} dh_i/dβ. With
    h = p₀/(1 − p₀) the first part is Σ p₀/(1 − p₀)², as van der Heijden and others (2003) have it.
    """
    inside = sparse.csr_array(np.stack([domain.rows for domain in domains]).astype(float))
    summed = weights.summed
    spread = summed * weights.unseen * (1 + weights.unseen)
    slopes = np.asarray(inside @ (weights.slope * summed[:, None]))
    return Sums(
        seen=np.asarray(inside @ weights.people),
        dark=np.asarray(inside @ (summed * weights.unseen)),
        sampling=np.asarray((inside.multiply(spread[None, :]) @ inside.T).todense()),
        model=slopes @ weights.covariance @ slopes.T,
    )


def limits_of(dark: float, variance: float, interval: str, level: float) -> Limits:
    """Limits of a dark figure: log-normal, or symmetric and not below 0."""
    if interval == "log":
        return log_limits(dark, variance, level)
    reach = normal_quantile(level) * float(np.sqrt(variance))
    return Limits(max(dark - reach, 0.0), dark + reach)
