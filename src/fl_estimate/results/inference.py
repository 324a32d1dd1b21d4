"""What stands beside the draws of a Bayesian result: parameters, data of the model, chains. Arrays only; no ArviZ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """The data that the model saw, one entry a row of the result; missing where a row has none.

    Attributes
    ----------
    family : str
        "binomial" (effective cases `y` in effective persons asked `size`), "beta-binomial" (weighted cases in persons asked) or "normal" (values `y` on the scale of the link, with
        variances `size`).
    link : str
        "logit", "identity", "log" or "arcsine": from the draws to the scale of `y`, of the normal family.
    y, size : array, shape (rows,)
    x : array, shape (rows, coefficients)
        The matrix of the covariates, the intercept first.
    factor : array, shape (rows,)
        What the draws were multiplied by since (per 1,000, persons of a population).
    accuracy : tuple of array, shape (draws,), or None
        Sensitivity and specificity of each draw, through which the binomial cases were seen.
    concentration : array, shape (rows,), or None
        κ of the beta-binomial family, of which a share p has the beta distribution (pκ, (1 − p)κ).
    """

    family: str
    link: str
    y: Floats
    size: Floats
    x: Floats
    factor: Floats
    accuracy: tuple[Floats, Floats] | None = None
    concentration: Floats | None = None

    def take(self, positions: npt.NDArray[np.intp]) -> Observed:
        """The data of some rows."""
        parts = {name: getattr(self, name)[positions] for name in ("y", "size", "x", "factor")}
        if self.concentration is not None:
            parts["concentration"] = self.concentration[positions]
        return replace(self, **parts)

    def log_likelihood(self, draws: Floats, to_link: Any) -> Floats:
        """Of every row at each draw, (draws, rows); NaN where a row has no data.

        Notes
        -----
        Binomial, with the coefficient: log Γ(n+1) − log Γ(y+1) − log Γ(n−y+1) + y log p + (n−y) log(1−p); effective counts may
        be fractions; p of misclassified cases is share × sensitivity + (1 − share)(1 − specificity). Beta-binomial: the coefficient + log B(y + pκ,
        n − y + (1 − p)κ) − log B(pκ, (1 − p)κ). Normal: −½ log(2π v) − ½ (y − link(draw))²/v.
        """
        from scipy import special  # pyright: ignore[reportMissingTypeStubs]

        values = draws / self.factor
        if self.family == "normal":
            with np.errstate(invalid="ignore", divide="ignore"):
                return -0.5 * (np.log(2 * np.pi * self.size) + (self.y - to_link(values)) ** 2 / self.size)
        if self.accuracy is not None:
            sensitivity, specificity = (part[:, None] for part in self.accuracy)
            values = values * sensitivity + (1 - values) * (1 - specificity)
        y, n = self.y, self.size
        constant = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
        if self.concentration is not None:
            a, b = values * self.concentration, (1 - values) * self.concentration
            return constant + special.betaln(a + y, b + n - y) - special.betaln(a, b)
        return constant + special.xlogy(y, values) + special.xlog1py(n - y, -values)


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedCells:
    """The data of a model whose rows are sums of cells: counts with a linear predictor x beta + basis effects.

    Attributes
    ----------
    family : str
        "binomial" (effective cases `y` in effective people `size`, link logit) or "poisson" (counts `y`, link log).
    labels : tuple of str
        What each cell is called.
    y, size : array, shape (cells,)
    x : array, shape (cells, coefficients)
    basis : array, shape (cells, effects)
    effects : array, shape (draws, effects)
    """

    family: str
    labels: tuple[str, ...]
    y: Floats
    size: Floats
    x: Floats
    basis: Floats
    effects: Floats

    def log_likelihood(self, beta: Floats) -> Floats:
        """Of every cell at each draw, (draws, cells).

        Notes
        -----
        Binomial as in `Observed`, with p = expit(eta); Poisson y eta − size e^eta − log Γ(y+1).
        """
        from scipy import special  # pyright: ignore[reportMissingTypeStubs]

        eta = beta @ self.x.T + self.effects @ self.basis.T
        y, n = self.y, self.size
        if self.family == "poisson":
            return y * eta - n * np.exp(eta) - special.gammaln(y + 1)
        constant = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
        return constant + y * eta - n * np.logaddexp(0.0, eta)


@dataclass(frozen=True, kw_only=True, eq=False)
class Inference:
    """What belongs to the draws of a result, draw by draw in the same order.

    Attributes
    ----------
    parameters : mapping of str to array
        First axis the draws: sigma, phi, rho, kappa by name, shape (draws,), and beta, shape (draws, coefficients); or others with
        a second axis of their own, which `along` names.
    coefficients : tuple of str
        Names of those of beta.
    chains : int
        The draws stand chain after chain, as many of each; 1 where they are independent.
    stats : mapping of str to array
        What the sampler said of each draw, shape (draws,).
    observed : Observed or None
        None where the draws are no longer those of the model (benchmarked), or the model has none to give.
    cells : ObservedCells or None
        The data where rows are sums of cells; they belong to all rows together.
    along : mapping of str to (str, tuple of str)
        Of a parameter: the dimension of its second axis, and its labels.
    """

    parameters: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    coefficients: tuple[str, ...] = ()
    chains: int = 1
    stats: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    observed: Observed | None = None
    cells: ObservedCells | None = None
    along: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict[str, tuple[str, tuple[str, ...]]])

    def take(self, positions: npt.NDArray[np.intp]) -> Inference:
        """What belongs to some rows; parameters are of all."""
        return self if self.observed is None else replace(self, observed=self.observed.take(positions))

    def scaled(self, factor: Floats) -> Inference:
        """What belongs to draws that were multiplied by a factor a row."""
        if self.observed is None:
            return self
        return replace(self, observed=replace(self.observed, factor=self.observed.factor * factor))
