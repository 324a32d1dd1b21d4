"""Variance of a first stage drawn with unequal probabilities without replacement: one quadratic form a stratum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fl_estimate.design.grouped_form import ROUNDING
from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import DesignFault
from fl_estimate.inputs.sample_design import Design


@dataclass(frozen=True, kw_only=True)
class PpsForm:
    """Inclusion probabilities of the first-stage units, and which variance estimator takes them.

    Attributes
    ----------
    kind : {"brewer", "overton", "hr", "ht", "yg"}
    probability : array, shape (units,)
    joint : array, shape (units, units), or None
        Joint inclusion probabilities, for ht and yg.
    hr_sum : float or None
        Σπ²/n over the population, for hr.
    """

    kind: str
    probability: Floats
    joint: Floats | None
    hr_sum: float | None


def pps_form(design: Design, probability: Floats) -> PpsForm:
    """Check that the joint probabilities are of the units that were drawn.

    Raises
    ------
    DesignFault
        FL-DESIGN-20: another number of units, or a diagonal that is not their inclusion probabilities.
    """
    joint = design.joint
    if joint is not None:
        other = len(joint) != len(probability)
        if other or not np.allclose(np.diag(joint), probability, rtol=1e-6):
            raise DesignFault(
                "FL-DESIGN-20",
                "joint= is not of the units in the data",
                found=f"{len(joint)} rows for {len(probability)} units"
                if other
                else "its diagonal is not the inclusion probabilities in the fpc column",
                fix="order rows and columns by stratum and unit, sorted (by the rows of the frame where rows are units)",
            )
    return PpsForm(kind=str(design.pps), probability=probability, joint=joint, hr_sum=design.hr_sum)


def between(form: PpsForm, stratum: Codes, influence: sparse.csc_array) -> Floats:
    """Variance between units of every column of `influence` (units × columns): Σ_h z_h' Q_h z_h.

    It can be below 0 (all but brewer); what is below rounding is 0.
    """
    out = np.zeros(len(influence.indptr) - 1)
    size = np.zeros_like(out)
    for z, q in _strata(form, stratum, influence):
        out += np.einsum("ic,ic->c", z, q @ z)
        size += np.einsum("ic,ic->c", np.abs(z), np.abs(q) @ np.abs(z))
    return np.where(np.abs(out) < ROUNDING * size, 0.0, out)


def covariance(form: PpsForm, stratum: Codes, influence: sparse.csc_array) -> Floats:
    """Covariance between all columns of `influence`."""
    columns = len(influence.indptr) - 1
    out = np.zeros((columns, columns))
    for z, q in _strata(form, stratum, influence):
        out += z.T @ (q @ z)
    return out


def _strata(form: PpsForm, stratum: Codes, influence: sparse.csc_array) -> Iterator[tuple[Floats, Floats]]:
    rows = sparse.csr_array(influence)
    for code in range(int(stratum.max()) + 1):
        units = np.flatnonzero(stratum == code)
        if len(units) > 1:
            own = None if form.joint is None else form.joint[np.ix_(units, units)]
            yield rows[units].toarray(), quadratic(form.kind, form.probability[units], own, form.hr_sum)


def quadratic(kind: str, p: Floats, joint: Floats | None, hr_sum: float | None) -> Floats:
    """The matrix Q of one stratum, so that the variance of Σ z (z weighted already) is z'Qz.

    Parameters
    ----------
    kind : {"brewer", "overton", "hr", "ht", "yg"}
    p : array, shape (n,)
        Inclusion probabilities.
    joint : array, shape (n, n), or None
    hr_sum : float or None

    Notes
    -----
    brewer: n/(n − 1) Σ (1 − π_i)(z_i − z̄)². The others have Q_ij = 1 − π_iπ_j/π_ij, Q_ii = 1 − π_i (Horvitz and
    Thompson), with π_ij = (n − 1) π_iπ_j / (n − (π_i + π_j)/2) for overton (Overton 1985) and
    (n − 1) π_iπ_j / (n − π_i − π_j + Σπ²/n) for hr (Hartley and Rao 1962); yg is −½ ΣΣ Q_ij (z_i − z_j)² (Yates and
    Grundy 1953). Särndal, Swensson and Wretman (1992), ch. 2 and 3.
    """
    n = len(p)
    if kind == "brewer":
        centre = np.eye(n) - 1 / n
        return centre @ ((1 - p)[:, None] * centre) * n / (n - 1)
    pair = p[:, None] + p
    if kind == "overton":
        q = 1 - (n - pair / 2) / (n - 1)
    elif kind == "hr":
        q = 1 - (n - pair + (p.sum() / n if hr_sum is None else hr_sum)) / (n - 1)
    elif joint is not None:
        q = 1 - np.outer(p, p) / joint
    else:
        raise AssertionError("ht and yg come with joint probabilities")
    np.fill_diagonal(q, 1 - p)
    if kind == "yg":
        np.fill_diagonal(q, 0.0)
        q = q - np.diag(q.sum(axis=1))
    return q
