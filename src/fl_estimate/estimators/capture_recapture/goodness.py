"""Absolute goodness of fit of a log-linear model: its deviance against that of tables drawn from it. No model is chosen here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture.batch import fit_tables
from fl_estimate.estimators.capture_recapture.list_codes import POOR_FIT
from fl_estimate.results.codes import Reason

LEVEL = 0.05
"""A model that describes the lists is marked in so many of 100 samples, by chance."""
DENSE = 5.0
"""Fitted people in the least cell from which the χ² distribution serves: Cochran's rule, applied to every cell."""
DRAWS, ENOUGH, FIRST = 499, 20, 99
"""Tables drawn at most; so many at or above the deviance observed end the drawing (Besag and Clifford 1991); the first lot."""
SEED = 1
"""One table gives one p, whoever asks: a test is no place for chance that can be tried again."""


@dataclass(frozen=True, kw_only=True)
class Goodness:
    """A test of a model against the saturated one.

    Attributes
    ----------
    deviance : float
    df : int
        Cells that can occur less parameters; 0 leaves nothing to test.
    p : float
        NaN with df 0.
    reference : str
        "chi-squared", "bootstrap", or "" with df 0.
    """

    deviance: float
    df: int
    p: float
    reference: str

    @property
    def poor(self) -> bool:
        """Whether the model does not describe the lists."""
        return bool(self.p < LEVEL)

    @property
    def told(self) -> dict[str, Any]:
        """For diagnostics."""
        return {"degrees_of_freedom": self.df, "fit_p": self.p, "fit_reference": self.reference}

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What is to be said of a row."""
        if not self.poor:
            return ()
        # Rounded up: "at most" stays true.
        return (POOR_FIT.at(0, p=float(np.ceil(1000 * self.p) / 1000)),)


def goodness(matrix: Floats, counts: Floats, fitted: Floats) -> Goodness:
    """Test the fit of a log-linear model by its deviance.

    Parameters
    ----------
    matrix : array, shape (cells, parameters)
        Cells that can occur, and parameters that are finite.
    counts, fitted : array, shape (cells,)

    Returns
    -------
    Goodness

    Notes
    -----
    Where every fitted count is 5 or more the deviance has its χ² distribution. In sparser tables it has not, on either
    side: p is then the share of tables drawn from the model (multinomial, of as many people) whose deviance, fitted anew,
    is at least as large, the table itself counted. Drawing ends early where p is large.

    References
    ----------
    Cochran (1954), Biometrics 10, 417-451. Besag and Clifford (1991), Biometrika 78, 301-304.

    Examples
    --------
    >>> import numpy as np
    >>> fit = goodness(np.ones((3, 1)), np.array([30.0, 40, 50]), np.full(3, 40.0))
    >>> fit.df, round(fit.p, 3), fit.reference
    (2, 0.08, 'chi-squared')
    """
    deviance, df = float(_deviances(counts[None], fitted[None])[0]), int(matrix.shape[0] - matrix.shape[1])
    if df <= 0:
        return Goodness(deviance=deviance, df=0, p=np.nan, reference="")
    if fitted.min() >= DENSE:
        return Goodness(deviance=deviance, df=df, p=float(stats.chi2.sf(deviance, df)), reference="chi-squared")
    return Goodness(deviance=deviance, df=df, p=_drawn(matrix, fitted, deviance), reference="bootstrap")


def _drawn(matrix: Floats, fitted: Floats, deviance: float) -> float:
    """The share of tables drawn from a model that it fits no better."""
    generator, people = np.random.default_rng(SEED), max(1, round(float(fitted.sum())))
    done = worse = 0
    for lot in (FIRST, DRAWS - FIRST):
        tables = generator.multinomial(people, fitted / fitted.sum(), size=lot).astype(float)
        found = _deviances(tables, fit_tables(matrix, tables))
        found = found[np.isfinite(found)]
        # Equal but for rounding is equal: few histories give few different tables.
        worse += int((found >= deviance * (1 - 1e-9) - 1e-9).sum())
        done += len(found)
        if worse >= ENOUGH:
            break
    return (1 + worse) / (1 + done)


def _deviances(counts: Floats, fitted: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        each = special.xlogy(counts, counts) - special.xlogy(counts, fitted) - counts + fitted
    return np.maximum(2 * each.sum(axis=1), 0.0)
