"""A variance that is a sum of squared totals of groups, each times a coefficient: what two phases of sampling come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fl_estimate.design.small_table import Codes, Floats

ROUNDING = 1e-13
"""Below this share of the terms that it is the difference of, a variance is rounding only."""


@dataclass(frozen=True, kw_only=True)
class GroupedForm:
    """V = Σ over ways of grouping the units, Σ over groups: coefficient × (influence added up over the group)².

    Attributes
    ----------
    parts : tuple of (int array of shape (units,), array of shape (groups,))
        For each way of grouping the group of every unit, and the coefficient of every group.
    """

    parts: tuple[tuple[Codes, Floats], ...]

    def diagonal(self, influence: sparse.csc_array) -> Floats:
        """Variance of every column of `influence` (units × columns); what is below rounding is 0."""
        out = np.zeros(len(influence.indptr) - 1)
        size = np.zeros_like(out)
        for codes, coefficients in self.parts:
            squares = _added(codes, len(coefficients), influence).power(2)
            out += squares.T @ coefficients
            size += squares.T @ np.abs(coefficients)
        return np.where(np.abs(out) < ROUNDING * size, 0.0, out)

    def covariance(self, influence: sparse.csc_array) -> Floats:
        """Covariance between all columns of `influence`."""
        columns = len(influence.indptr) - 1
        out = np.zeros((columns, columns))
        for codes, coefficients in self.parts:
            added = _added(codes, len(coefficients), influence)
            out += (added.T @ (sparse.diags_array(coefficients) @ added)).toarray()
        return out


def _added(codes: Codes, groups: int, influence: sparse.csc_array) -> sparse.csr_array:
    units = np.arange(len(codes))
    return sparse.csr_array(sparse.csr_array((np.ones(len(codes)), (codes, units)), (groups, len(codes))) @ influence)
