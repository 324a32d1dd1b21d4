"""What is known of an instrument: sensitivity and specificity as beta densities, from validation data, or pooled from experts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown

AccuracyInFile = list[float] | dict[str, float] | list[list[float]]
"""In a study file: a beta density, the counts of a validation study, or a list of densities, one an expert."""

POOLS: tuple[str, ...] = ("linear", "log")
_FIX = (
    "give (a, b) of a beta density; {'positive': k, 'n': m} from a validation study; {'quantiles': {0.05: …, 0.95: …}} of an "
    "expert; or a list of these, one an expert"
)


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A mixture of beta densities, equal shares: one member, or one an expert; arrays of shape (members,)."""

    a: Floats
    b: Floats

    def __str__(self) -> str:
        parts = [f"beta({a:.6g}, {b:.6g})" for a, b in zip(self.a, self.b, strict=True)]
        return parts[0] if len(parts) == 1 else f"mean of {', '.join(parts)}"

    @property
    def mean(self) -> float:
        return float((self.a / (self.a + self.b)).mean())

    @property
    def variance(self) -> float:
        each, total = self.a / (self.a + self.b), self.a + self.b
        return float((each * (1 - each) / (total + 1) + each**2).mean() - each.mean() ** 2)

    def log_density(self, values: Floats) -> Floats:
        """Log density at values strictly between 0 and 1, any shape."""
        at = values[..., None]
        parts = special.xlogy(self.a - 1, at) + special.xlog1py(self.b - 1, -at) - special.betaln(self.a, self.b)
        return special.logsumexp(parts, axis=-1) - np.log(len(self.a))

    def above(self, value: float) -> float:
        """Probability of a higher value."""
        return float(special.betaincc(self.a, self.b, value).mean())

    def range(self, tail: float) -> tuple[float, float]:
        """Where all but a tail of probability on each side of every member lies."""
        low, high = special.betaincinv(self.a, self.b, tail), special.betainccinv(self.a, self.b, tail)
        return float(low.min()), float(high.max())


def read_accuracy(given: Any, name: str, pool: str) -> Accuracy:
    """Read a sensitivity or a specificity.

    Raises
    ------
    EstimateFault
        FL-EST-110, FL-EST-113.
    """
    if pool not in POOLS:
        raise not_one_of("FL-EST-113", "this way of pooling experts", pool, POOLS)
    several = isinstance(given, Sequence) and not isinstance(given, str) and not _is_pair(given)
    every = [_one(part, name) for part in (given if several else [given])]
    if not every:
        raise _unreadable(name, given)
    a, b = np.array([pair[0] for pair in every]), np.array([pair[1] for pair in every])
    if pool == "log":
        # The geometric mean of beta densities is the beta density of the mean parameters.
        a, b = np.array([a.mean()]), np.array([b.mean()])
    return Accuracy(a=a, b=b)


def expert_beta(quantiles: Mapping[float, float]) -> tuple[float, float]:
    """The beta density that comes nearest to an expert's quantiles.

    Parameters
    ----------
    quantiles : mapping of float to float
        At least two, such as ``{0.05: 0.90, 0.5: 0.97, 0.95: 0.995}``: with probability 5 % it is below 0.90.

    Returns
    -------
    tuple of float
        (a, b), to be given as `sensitivity` or `specificity`.

    Raises
    ------
    EstimateFault
        FL-EST-110.

    Notes
    -----
    Least squares of the probabilities that the density has below the quantiles, on the scale of the normal quantile. Two
    quantiles are met exactly.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> a, b = fl.hierarchical.expert_beta({0.05: 0.8, 0.95: 0.95})
    >>> round(a, 1), round(b, 1)
    (41.5, 5.4)
    """
    from scipy import optimize

    try:
        pairs = sorted((float(p), float(q)) for p, q in quantiles.items())
    except (AttributeError, TypeError, ValueError):
        pairs = []
    p, q = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    inside = len(pairs) > 1 and ((p > 0) & (p < 1) & (q > 0) & (q < 1)).all()
    if not inside or not (np.diff(q) > 0).all():
        raise EstimateFault(
            "FL-EST-110",
            "the quantiles of an expert cannot be read",
            found=shown(dict(pairs)),
            fix="give two or more, probabilities and values between 0 and 1, rising: {0.05: 0.90, 0.95: 0.99}",
        )
    spread = (q[-1] - q[0]) / (special.ndtri(p[-1]) - special.ndtri(p[0]))
    middle = float(np.interp(0.5, p, q))
    total = max(middle * (1 - middle) / spread**2 - 1, 2.0)

    def misfit(log_ab: Floats) -> Floats:
        a, b = np.exp(np.clip(log_ab, -20, 20))
        below = np.clip(special.betainc(a, b, q), 1e-14, 1 - 1e-14)
        return special.ndtri(below) - special.ndtri(p)

    result = optimize.least_squares(misfit, np.log([middle * total, (1 - middle) * total]), xtol=1e-12, ftol=1e-12)
    a, b = np.exp(result.x)
    return float(a), float(b)


def _is_pair(given: Any) -> bool:
    return len(given) == 2 and all(isinstance(part, int | float | np.number) for part in given)


def _one(given: Any, name: str) -> tuple[float, float]:
    """(a, b) of one density."""
    if isinstance(given, Mapping):
        if "quantiles" in given:
            return expert_beta(given["quantiles"])
        try:
            positive, size = float(given["positive"]), float(given["n"])
            before = given.get("prior", (1.0, 1.0))
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(name, given) from error
        if not (0 <= positive <= size and size > 0 and _is_pair(before)):
            raise _unreadable(name, given)
        a, b = before[0] + positive, before[1] + size - positive
    elif isinstance(given, Sequence) and not isinstance(given, str) and _is_pair(given):
        a, b = given
    else:
        raise _unreadable(name, given)
    if not (np.isfinite([a, b]).all() and a > 0 and b > 0):
        raise _unreadable(name, given)
    return float(a), float(b)


def _unreadable(name: str, given: Any) -> EstimateFault:
    return EstimateFault("FL-EST-110", f"the {name} cannot be read", found=f"a {type(given).__name__}", fix=_FIX)
