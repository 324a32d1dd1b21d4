"""Priors of the area models: written as text, checked once, turned into densities."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault

_TEXT = re.compile(r"\s*([a-z-]+)\s*(?:\(([^()]*)\))?\s*")
# Of sigma: how many numbers, the log density up to a constant, and its derivative.
_SIGMA: dict[str, tuple[int, Callable[..., Floats], Callable[..., Floats]]] = {
    "half-normal": (1, lambda s, a: -0.5 * (s / a) ** 2, lambda s, a: -s / a**2),
    "half-cauchy": (1, lambda s, a: -np.log1p((s / a) ** 2), lambda s, a: -2 * s / (a**2 + s**2)),
    "exponential": (1, lambda s, a: -a * s, lambda s, a: -a * np.ones_like(s)),
    "rayleigh": (1, lambda s, a: np.log(s) - 0.5 * (s / a) ** 2, lambda s, a: 1 / s - s / a**2),
    "flat": (0, np.zeros_like, np.zeros_like),
    "flat-variance": (0, np.log, lambda s: 1 / s),
}
_COEFFICIENT: dict[str, int] = {"normal": 2, "flat": 0}
_SHARE: dict[str, int] = {"uniform": 2, "beta": 2}
_SPREAD: dict[str, int] = {"log-normal": 2}
# Which densities each part of a prior may have, with how many numbers.
_KINDS: dict[str, dict[str, int]] = {
    "sigma": {kind: count for kind, (count, _, _) in _SIGMA.items()} | {"pc": 2},
    "intercept": _COEFFICIENT, "slopes": _COEFFICIENT, "phi": _SHARE, "rho": _SHARE, "kappa": _SPREAD,
    "residual": {kind: count for kind, (count, _, _) in _SIGMA.items()},
    "sigma_time": dict.fromkeys(("half-normal", "half-cauchy", "exponential", "rayleigh"), 1) | {"pc": 2}, "rho_time": _SHARE,
}  # fmt: skip


@dataclass(frozen=True)
class Density:
    """A prior in parts: its kind and its numbers."""

    kind: str
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        inside = ", ".join(f"{number:.6g}" for number in self.numbers)
        return f"{self.kind}({inside})" if inside else self.kind

    def log(self, values: Floats) -> Floats:
        """Log density up to a constant: of sigma, phi and rho; of kappa, that of its logarithm."""
        if self.kind == "uniform":
            return np.zeros_like(values)
        if self.kind == "beta":
            a, b = self.numbers[0], self.numbers[-1]
            return (a - 1) * np.log(values) + (b - 1) * np.log1p(-values)
        if self.kind == "log-normal":
            return -0.5 * ((np.log(values) - self.numbers[0]) / self.numbers[1]) ** 2
        return _SIGMA[self.kind][1](values, *self.numbers)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Draws from a density that has an integral."""
        numbers = self.numbers
        draws: dict[str, Callable[[], Floats]] = {
            "half-normal": lambda: np.abs(numbers[0] * rng.standard_normal(size)),
            "half-cauchy": lambda: np.abs(numbers[0] * rng.standard_cauchy(size)),
            "exponential": lambda: rng.exponential(1 / numbers[0], size),
            "rayleigh": lambda: rng.rayleigh(numbers[0], size),
            "normal": lambda: rng.normal(numbers[0], numbers[-1], size),
            "log-normal": lambda: np.exp(rng.normal(numbers[0], numbers[-1], size)),
            "uniform": lambda: rng.uniform(numbers[0], numbers[-1], size),
            "beta": lambda: rng.beta(numbers[0], numbers[-1], size),
        }
        return draws[self.kind]()

    @property
    def ends(self) -> tuple[float, float]:
        """Where phi or rho may lie."""
        return (self.numbers[0], self.numbers[1]) if self.kind == "uniform" else (0.0, 1.0)

    def slope(self, sigma: Floats) -> Floats:
        """Derivative of the log density of sigma."""
        return _SIGMA[self.kind][2](sigma, *self.numbers)


SPREAD_OF_COUNTS = Density("rayleigh", (1.0,))
"""Not half-normal, which is highest where areas do not differ: from few cases the posterior then lies nearer to 0 than the
truth does, and intervals of areas are too narrow."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Priors of an area model, as text; what is not given keeps the default of the likelihood.

    A prior that is given speaks of the covariates as they are given. Without one (``prior=None``) they are
    standardised first, to mean 0 and standard deviation 1 over all areas.

    Parameters
    ----------
    sigma : str or mapping of str to str, optional
        Standard deviation between areas, on the scale of the link: ``"half-normal(s)"``, ``"half-cauchy(s)"``,
        ``"exponential(rate)"``, ``"pc(u, alpha)"`` (the exponential under which sigma exceeds u with probability alpha),
        ``"rayleigh(s)"`` (sigma² is exponential with mean 2s²: areas that do not differ at all are ruled out), ``"flat"``,
        ``"flat-variance"``. By default rayleigh(1) for counts, half-normal(1) for values on the logit scale, and
        half-normal(SD of the values) on the identity scale. `unit` and `capture_recapture` take a mapping too, with one text for each set of effects:
        ``{"region": "half-normal(0.5)"}``.
    intercept, slopes : str, optional
        ``"normal(m, s)"`` or ``"flat"``. For counts the intercept is by default normal(logit of the pooled share, 1.5)
        and the slopes are normal(0, 2.5); for the normal likelihood all are flat.

    phi, rho : str, optional
        Share of the variance that is spatial (BYM2), correlation (SAR, AR1): ``"uniform(a, b)"`` or ``"beta(a, b)"``;
        by default uniform(0, 1).
    kappa : str, optional
        Of the beta-binomial likelihood, whose areas have shares of variance mu(1 − mu)/(kappa + 1): ``"log-normal(m,
        s)"``, by default log-normal(5, 1.5).
    residual : str, optional
        Standard deviation of people within cells (`unit` with the normal likelihood), as sigma; by default
        half-normal(SD of the values).
    sigma_time, rho_time : str, optional
        Of areas at several times: the standard deviation of an area's times, by default as that of areas, and the
        correlation from one time to the next, by default uniform(0, 1).

    Raises
    ------
    EstimateFault
        FL-EST-49: a text that is not one of these.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.hierarchical.Prior(sigma="half-normal(0.5)").sigma
    'half-normal(0.5)'
    """

    sigma: str | Mapping[str, str] | None = None
    intercept: str | None = None
    slopes: str | None = None
    phi: str | None = None
    rho: str | None = None
    kappa: str | None = None
    residual: str | None = None
    sigma_time: str | None = None
    rho_time: str | None = None

    def __post_init__(self) -> None:
        sigmas = self.sigma.items() if isinstance(self.sigma, Mapping) else [("sigma", self.sigma)]
        given: list[tuple[str, Any]] = [*sigmas, *((name, getattr(self, name)) for name in _KINDS if name != "sigma")]
        wrong = [
            f"{name}={text!r}"
            for name, text in given
            if text is not None and _parsed(text, name if name in _KINDS else "sigma") is None
        ]
        if wrong:
            raise EstimateFault(
                "FL-EST-49",
                "a prior cannot be read",
                found="; ".join(wrong),
                fix="sigma: half-normal(s), half-cauchy(s), exponential(rate), rayleigh(s), pc(u, alpha), flat or flat-variance; intercept and "
                "slopes: normal(mean, s) or flat; phi and rho: uniform(a, b) within -1 and 1 (phi: 0 and 1) or beta(a, b); "
                "sigma_time as sigma but not flat; rho_time as rho; kappa: log-normal(m, s); s, rate, a and b of beta above 0",
            )


@dataclass(frozen=True, kw_only=True)
class Priors:
    """The priors of one call, all decided: coefficients as mean and precision (0 where flat), shape (p,)."""

    sigma: Density
    intercept: Density
    slopes: Density | None
    mean: Floats
    precision: Floats


def decide(prior: Prior | None, *, slopes: int, sigma: Density, intercept: Density, slope: Density) -> Priors:
    """Take the user's priors where given, and the defaults elsewhere."""
    given = prior or Prior()
    if isinstance(given.sigma, Mapping):
        raise EstimateFault(
            "FL-EST-49",
            "an area model has one sigma",
            found=f"sigma={dict(given.sigma)!r}",
            fix='give one text, such as sigma="half-normal(1)"',
        )
    chosen_sigma = _parsed(given.sigma, "sigma") if given.sigma is not None else sigma
    chosen_intercept = _parsed(given.intercept, "intercept") if given.intercept is not None else intercept
    chosen_slopes = _parsed(given.slopes, "slopes") if given.slopes is not None else slope
    assert chosen_sigma is not None  # checked when the Prior was made
    assert chosen_intercept is not None
    assert chosen_slopes is not None
    every = [chosen_intercept, *([chosen_slopes] * slopes)]
    return Priors(
        sigma=chosen_sigma,
        intercept=chosen_intercept,
        slopes=chosen_slopes if slopes else None,
        mean=np.array([density.numbers[0] if density.numbers else 0.0 for density in every]),
        precision=np.array([density.numbers[1] ** -2 if density.numbers else 0.0 for density in every]),
    )


def _parsed(text: str, name: str) -> Density | None:
    """The prior that a text says, or nothing."""
    matched = _TEXT.fullmatch(text)
    if matched is None:
        return None
    kind, inside = matched.group(1), (matched.group(2) or "").strip()
    try:
        numbers = tuple(float(part) for part in (inside.split(",") if inside else []))
    except ValueError:
        return None
    wanted = _KINDS[name].get(kind)
    if wanted is None or len(numbers) != wanted or not np.isfinite(numbers).all():
        return None
    if not _possible(name, kind, numbers):
        return None
    if kind == "pc":
        # P(sigma > U) = alpha.
        return Density("exponential", (-float(np.log(numbers[1])) / numbers[0],))
    return Density(kind, numbers)


def _possible(name: str, kind: str, numbers: tuple[float, ...]) -> bool:
    """Whether the numbers of a density make one."""
    if kind == "pc":
        return numbers[0] > 0 and 0 < numbers[1] < 1
    if kind == "uniform":
        return (0.0 if name == "phi" else -1.0) <= numbers[0] < numbers[-1] <= 1
    return not numbers or (numbers[-1] > 0 and (kind != "beta" or numbers[0] > 0))


def sigma_of(prior: Prior | None, term: str, default: Density) -> Density:
    """The prior of one set of effects: the user's for it, else the user's for all, else the default."""
    given = None if prior is None else prior.sigma
    chosen = given.get(term) if isinstance(given, Mapping) else given
    return default if chosen is None else _parsed(chosen, "sigma") or default


def coefficient_of(prior: Prior | None, name: str, default: Density) -> Density:
    """The prior of the intercept, of the slopes or of the residual: the user's where given, else the default."""
    given = getattr(prior, name) if prior is not None else None
    return default if given is None else _parsed(given, name) or default


def dependence(prior: Prior | None, name: str) -> Density:
    """The prior of phi, rho or kappa: the user's where given, else the default."""
    default = Density("log-normal", (5.0, 1.5)) if name == "kappa" else Density("uniform", (0.0, 1.0))
    given = getattr(prior, name) if prior is not None else None
    return default if given is None else _parsed(given, name) or default
