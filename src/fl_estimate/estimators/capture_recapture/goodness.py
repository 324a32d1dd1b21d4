"""Absolute goodness of fit of a log-linear model: its deviance and a score against people who differ. No model is chosen here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture.batch import fit_tables, information_systems, one_thread, solve_all
from fl_estimate.estimators.capture_recapture.list_codes import POOR_FIT
from fl_estimate.results.codes import Reason

LEVEL = 0.05
"""A model that describes the lists is marked in so many of 100 samples, by chance."""
DENSE = 5.0
"""Fitted people in the least cell from which the χ² distribution serves: Cochran's rule, applied to every cell."""
DRAWS, ENOUGH, FIRST = 499, 10, 99
"""Tables drawn at most; so many at or above what was observed end the drawing (Besag and Clifford 1991); the first lot."""
SEED = 1
"""One table gives one p, whoever asks: a test is no place for chance that can be tried again."""
PLAIN = 10.0
"""Standard deviations from which a score is taken at its word in sparse tables, too."""
IN_MODEL = 1e-8
"""Share of a column's own information that the model leaves, below which the column is in the model."""


@dataclass(frozen=True, kw_only=True)
class Goodness:
    """Tests of a model: against the saturated one, and against people who differ.

    Attributes
    ----------
    deviance : float
    df : int
        Cells that can occur less parameters; 0 leaves nothing to test.
    deviance_p : float
        NaN with df 0.
    heterogeneity_p : float
        NaN where the model leaves nothing of it, or nothing else (df 0 or 1).
    reference : str
        "chi-squared", "bootstrap", or "" with df 0.
    """

    deviance: float
    df: int
    deviance_p: float
    heterogeneity_p: float
    reference: str

    @property
    def p(self) -> float:
        """Of both tests together (Bonferroni); NaN with df 0."""
        known = [p for p in (self.deviance_p, self.heterogeneity_p) if not np.isnan(p)]
        return min(1.0, len(known) * min(known)) if known else np.nan

    @property
    def poor(self) -> bool:
        """Whether the model does not describe the lists."""
        return bool(self.p < LEVEL)

    @property
    def diagnostics(self) -> dict[str, Any]:
        """For diagnostics."""
        return {
            "degrees_of_freedom": self.df,
            "fit_p": self.p,
            "deviance_p": self.deviance_p,
            "heterogeneity_p": self.heterogeneity_p,
            "fit_reference": self.reference,
        }

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What is to be said of a row."""
        return (poor_fit(self.p),) if self.poor else ()


def poor_fit(p: float) -> Reason:
    """The reason of a row whose model does not describe the lists; p rounded up, so that "at most" stays true."""
    return POOR_FIT.at(0, p=float(np.ceil(1000 * p) / 1000))


def goodness(matrix: Floats, counts: Floats, fitted: Floats, times: Floats | None = None) -> Goodness:
    """Test the fit of a log-linear model by its deviance, and by a score against people who differ.

    Parameters
    ----------
    matrix : array, shape (cells, parameters)
        Cells that can occur, and parameters that are finite.
    counts, fitted : array, shape (cells,)
    times : array, shape (cells,), optional
        Lists that each history is on, k. Without them there is no score.

    Returns
    -------
    Goodness

    Notes
    -----
    The deviance looks everywhere, and with many cells sees little of what people who differ leave: the same excess in all
    sets of lists alike. The score looks there alone: with c = C(k, j), the sets of j lists that hold k, for the least j ≥ 2
    that the model has not (2 after main effects, 3 after all pairs), S = c'(n − μ), S/√(c'Wc − c'WA(A'WA)⁻¹A'Wc) is normal.
    Of pairs people who differ leave too many and never too few, so the test is one-sided; of larger sets it is not. p of both
    tests is twice the smaller.

    Where every fitted count is 5 or more both have their χ² distribution. In sparser tables they have not, on either
    side: p is then the share of tables drawn from the model (multinomial, of as many people) whose statistic, fitted anew,
    is at least as large, the table itself counted. Drawing ends early where p is large.

    References
    ----------
    Cochran (1954), Biometrics 10, 417-451. Besag and Clifford (1991), Biometrika 78, 301-304. Darroch, Fienberg, Glonek
    and Junker (1993), JASA 88, 1137-1148 (people who differ, as terms alike for all sets of lists).

    Examples
    --------
    >>> import numpy as np
    >>> fit = goodness(np.ones((3, 1)), np.array([30.0, 40, 50]), np.full(3, 40.0))
    >>> fit.df, round(fit.p, 3), fit.reference
    (2, 0.08, 'chi-squared')
    """
    deviance, df = float(_deviances(counts[None], fitted[None])[0]), int(matrix.shape[0] - matrix.shape[1])
    if df <= 0:
        return Goodness(deviance=deviance, df=0, deviance_p=np.nan, heterogeneity_p=np.nan, reference="")
    column = None if times is None or df == 1 else _column(matrix, fitted, times)
    observed = [deviance, np.nan if column is None else float(_scores(matrix, column, counts[None], fitted[None])[0])]
    if fitted.min() >= DENSE:
        p = [float(stats.chi2.sf(deviance, df)), np.nan if column is None else column.p(observed[1])]
        return Goodness(deviance=deviance, df=df, deviance_p=p[0], heterogeneity_p=p[1], reference="chi-squared")
    p = _drawn(matrix, column, fitted, np.array(observed))
    return Goodness(deviance=deviance, df=df, deviance_p=p[0], heterogeneity_p=p[1], reference="bootstrap")


def people_differ_p(matrix: Floats, counts: Floats, fitted: Floats, times: Floats) -> float:
    """Give p of the score alone; 1 where the model leaves nothing of it. Sparse tables are drawn where it is not plain.

    By Cantelli's inequality a standardised count is above `PLAIN` in at most 1/(1 + PLAIN²) of samples, whatever it is.
    """
    column = _column(matrix, fitted, times)
    if column is None:
        return 1.0
    score = float(_scores(matrix, column, counts[None], fitted[None])[0])
    if fitted.min() >= DENSE or score <= 1 or score >= PLAIN**2:
        return column.p(score)
    return _drawn(matrix, column, fitted, np.array([np.nan, score]))[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Column:
    """Sets of j lists in each history, and whether only too many of them speak for people who differ: of pairs."""

    sets: Floats
    one_sided: bool

    def p(self, score: float) -> float:
        """Of a score, squared over its variance and with its sign where that counts."""
        if not self.one_sided:
            return float(stats.chi2.sf(score, 1))
        return float(special.ndtr(-np.sign(score) * np.sqrt(abs(score))))


def _column(matrix: Floats, fitted: Floats, times: Floats) -> _Column | None:
    """For the least j of which the model leaves something; None where it leaves nothing."""
    for order in range(2, int(times.max()) + 1):
        column = special.binom(times, order)
        whole = float(fitted @ column**2)
        if whole > 0 and float(_information(matrix, column, fitted[None])[0]) > IN_MODEL * whole:
            return _Column(sets=column, one_sided=order == 2)
    return None


def _information(matrix: Floats, column: Floats, fitted: Floats) -> Floats:
    """What B fits tell of a column beyond the model's own."""
    outer = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
    shared = (fitted * column) @ matrix
    with one_thread():
        systems = information_systems(fitted @ outer, np.ones(shared.shape, dtype=bool))
        return fitted @ column**2 - (shared * solve_all(systems, shared)).sum(axis=1)


def _scores(matrix: Floats, column: _Column, counts: Floats, fitted: Floats) -> Floats:
    """Score statistics of B tables: squares over their variance, with their sign where the test is one-sided."""
    left, score = _information(matrix, column.sets, fitted), (counts - fitted) @ column.sets
    sign = np.sign(score) if column.one_sided else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > IN_MODEL * (fitted @ column.sets**2), sign * score**2 / left, 0.0)


def _drawn(matrix: Floats, column: _Column | None, fitted: Floats, observed: Floats) -> list[float]:
    """For the deviance and the score, the share of tables drawn from a model of which it is as large."""
    generator, people = np.random.default_rng(SEED), max(1, round(float(fitted.sum())))
    done, worse = 0, np.zeros(2, dtype=int)
    for lot in (FIRST, DRAWS - FIRST):
        tables = generator.multinomial(people, fitted / fitted.sum(), size=lot).astype(float)
        again = fit_tables(matrix, tables, fitted)
        result = _deviances(tables, again)
        fine = np.isfinite(result)
        each = [result, np.full(lot, np.nan) if column is None else _scores(matrix, column, tables, again)]
        # Equal but for rounding is equal: few histories give few different tables. What is missing is not asked for.
        near = observed - 1e-9 * (1 + np.abs(observed))
        worse += [int((one[fine] >= least).sum()) for one, least in zip(each, near, strict=True)]
        done += int(fine.sum())
        if worse[np.isfinite(observed)].min() >= ENOUGH:
            break
    p = (1 + worse) / (1 + done)
    return [float(p[0]), np.nan if column is None else float(p[1])]


def _deviances(counts: Floats, fitted: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        each = special.xlogy(counts, counts) - special.xlogy(counts, fitted) - counts + fitted
    return np.maximum(2 * each.sum(axis=1), 0.0)
