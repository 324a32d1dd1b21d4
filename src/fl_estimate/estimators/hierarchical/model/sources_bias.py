"""One source of a number of people: its figure, and the bias that the user states for it. What it says of the number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown, shown
from fl_estimate.results.codes import Quantity
from fl_estimate.results.estimates import Estimates

_TEXT = re.compile(r"\s*([a-z-]+)\s*\(([^()]*)\)\s*")
_NUMBERS = {"normal": 2, "exactly": 1, "below": 1, "above": 1, "reported": 2}
_FIX = (
    'on the log scale, source = number × exp(bias): "normal(m, s)"; "exactly(m)", "exactly(0)" where it has none; "below(s)", minus '
    'a half-normal, where it can only be too low; "above(s)"; of a plain count "reported(a, b)", of whom a share ~ beta(a, b) '
    "comes to it"
)


@dataclass(frozen=True, kw_only=True)
class BiasedSource:
    """A source as the model has it.

    Attributes
    ----------
    name : str
    value, lower, upper : float
        As the source gives them, in persons.
    error : float
        Standard error of the log of the value; 0 for a count.
    kind, numbers : str, tuple of float
        The stated bias.
    """

    name: str
    value: float
    lower: float
    upper: float
    error: float
    kind: str
    numbers: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(f'{number:g}' for number in self.numbers)})"

    @property
    def log(self) -> float:
        return float(np.log(self.value))

    @property
    def _spread(self) -> tuple[float, float, float]:
        """Of a normal bias mean and standard deviation, and total standard deviation of the log of the value."""
        mean = self.numbers[0] if self.kind in ("normal", "exactly") else 0.0
        sd = {"normal": self.numbers[-1], "exactly": 0.0}.get(self.kind, self.numbers[0])
        return mean, sd, float(np.hypot(self.error, sd))

    @property
    def _sign(self) -> float:
        return -1.0 if self.kind == "below" else 1.0

    def log_likelihood(self, t: Floats) -> Floats:
        """Of log numbers t, the bias integrated out."""
        if self.kind == "reported":
            return self._log_reported(t)
        mean, sd, total = self._spread
        z = (self.log - mean - t) / total
        if self.kind in ("normal", "exactly"):
            return -0.5 * z**2 - np.log(total)
        # Normal error plus a half-normal: skew-normal.
        return -0.5 * z**2 - np.log(total) + special.log_ndtr(self._sign * z * sd / self.error)

    def _log_reported(self, t: Floats) -> Floats:
        count, (a, b) = self.value, self.numbers
        n = np.exp(t)
        with np.errstate(invalid="ignore"):
            rest = np.maximum(n - count, 0.0)
            choose = special.gammaln(n + 1) - special.gammaln(rest + 1) - special.gammaln(count + 1)
            log_density = choose + special.betaln(a + count, b + rest) - special.betaln(a, b)
        return np.where(n >= count, log_density, -np.inf)

    def below(self, t: Floats) -> Floats:
        """Probability of a figure as low as the source's, given log numbers t."""
        if self.kind == "reported":
            # A binomial count of a share r, for the many people there are: the share itself, with half a person for the count.
            return special.betainc(*self.numbers, np.clip((self.value + 0.5) * np.exp(-t), 0.0, 1.0))
        mean, sd, total = self._spread
        z = (self.log - mean - t) / total
        if self.kind in ("normal", "exactly"):
            return special.ndtr(z)
        return np.clip(special.ndtr(z) - 2 * special.owens_t(z, self._sign * sd / self.error), 0.0, 1.0)

    def draw_bias(self, t: Floats, even: Floats) -> Floats:
        """Biases given log numbers, at ranks between 0 and 1: on the log scale, or the share that was reported."""
        if self.kind == "reported":
            a, b = self.numbers
            return special.betaincinv(a + self.value, b + np.maximum(np.exp(t) - self.value, 0.0), even)
        mean, sd, _ = self._spread
        if sd == 0:
            return np.full_like(t, mean)
        share = sd**2 / (sd**2 + self.error**2)
        middle, spread = mean + share * (self.log - t - mean), sd * np.sqrt(1 - share)
        if self.kind == "normal":
            return middle + spread * special.ndtri(even)
        # A normal density cut at 0, by the tail that does not cancel.
        side = self._sign
        reach = special.ndtr(side * middle / spread)
        return side * np.maximum(side * middle - spread * special.ndtri(np.maximum(even * reach, 1e-300)), 0.0)

    def prior_quantiles(self, tails: tuple[float, float, float]) -> Floats:
        """Quantiles of the stated bias."""
        p = np.array(tails)
        if self.kind == "reported":
            return special.betaincinv(*self.numbers, p)
        mean, sd, _ = self._spread
        if self.kind in ("normal", "exactly"):
            return mean + sd * special.ndtri(p)
        half = sd * special.ndtri(0.5 + 0.5 * (p if self.kind == "above" else 1 - p))
        return self._sign * half

    @property
    def reach(self) -> tuple[float, float]:
        """Log numbers between which this source puts all but a trifle."""
        if self.kind == "reported":
            a, b = self.numbers
            low = float(special.betaincinv(a, b, 1e-12))
            return np.log(max(self.value, 0.5)), np.log(max(self.value, 0.5)) - np.log(max(low, 1e-30))
        mean, sd, total = self._spread
        return self.log - mean - 9 * total - 4 * sd, self.log - mean + 9 * total + 4 * sd


def read_source(name: str, given: Any, bias: Any, level: float) -> BiasedSource:
    """Read a source and its stated bias.

    Raises
    ------
    EstimateFault
        FL-EST-121: the bias; FL-EST-122: the figure.
    """
    kind, numbers = _bias(name, bias)
    value, lower, upper, error = _figure(name, given, level)
    if kind == "reported" and error > 0:
        raise EstimateFault(
            "FL-EST-121", 'the bias "reported" is for a count of people, known without error', found=f"{labels_shown([name])}: {shown(bias)}",
            fix=_FIX,
        )  # fmt: skip
    if kind != "reported" and error == 0 and kind != "normal":
        raise EstimateFault(
            "FL-EST-121", "a count without error needs a bias that is uncertain on both sides, or a share reported",
            found=f"{labels_shown([name])}: {shown(bias)}", fix='"reported(a, b)" or "normal(m, s)"',
        )  # fmt: skip
    return BiasedSource(name=name, value=value, lower=lower, upper=upper, error=error, kind=kind, numbers=numbers)


def _bias(name: str, bias: Any) -> tuple[str, tuple[float, ...]]:
    matched = _TEXT.fullmatch(bias) if isinstance(bias, str) else None
    try:
        numbers = tuple(float(part) for part in matched.group(2).split(",")) if matched else ()
    except ValueError:
        numbers = ()
    kind = matched.group(1) if matched else ""
    spread = numbers[-1] if kind == "normal" and numbers else min(numbers, default=0.0)
    wrong = (
        len(numbers) != _NUMBERS.get(kind) or not np.isfinite(numbers).all() or (kind != "exactly" and not spread > 0)
    )
    if wrong:
        raise EstimateFault(
            "FL-EST-121",
            "the bias of a source cannot be read",
            found=f"{labels_shown([name])}: {shown(bias)}",
            fix=_FIX,
        )
    return kind, numbers


def _figure(name: str, given: Any, level: float) -> tuple[float, float, float, float]:
    """Value, limits and the standard error of the log."""
    z = float(special.ndtri((1 + level) / 2))
    if isinstance(given, Estimates):
        rows = given.frame[[Quantity.of(str(name)).counts_population for name in given.frame["quantity"]]]
        if len(rows) != 1:
            raise _unusable(
                name, f"{len(rows)} rows of persons among {len(given)}", "choose one with .select(…) or .national"
            )
        row = rows.iloc[0]
        value, se, lower, upper = (float(row[column]) for column in ("value", "se", "lower", "upper"))
        own = float(special.ndtri((1 + float(row["level"])) / 2))
        if not (value > 0 and (se > 0 or (np.isfinite(upper) and lower > 0))):
            raise _unusable(name, f"value {value:g}, se {se:g}", "a source needs a number above 0 and its uncertainty")
        error = np.log(upper / lower) / (2 * own) if np.isfinite(upper) and 0 < lower < upper else se / value
        return value, lower, upper, float(error)
    if isinstance(given, bool):
        raise _unusable(name, repr(given), "a count is a number above 0")
    if isinstance(given, int | float | np.number):
        if not (np.isfinite(given) and given > 0):
            raise _unusable(name, repr(given), "a count is a number above 0")
        return float(given), np.nan, np.nan, 0.0
    try:
        value, se = (float(part) for part in given)
    except (TypeError, ValueError) as error:
        raise _unusable(name, type(given).__name__, "give Estimates of persons, (value, se), or a count") from error
    if not (np.isfinite([value, se]).all() and value > 0 and se > 0):
        raise _unusable(name, repr(given), "value and standard error are numbers above 0")
    return value, value * np.exp(-z * se / value), value * np.exp(z * se / value), se / value


def _unusable(name: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-122", "a source cannot be used", found=f"{name}: {found}", fix=fix)


def bias_figures(values: Floats, tails: tuple[float, float, float]) -> dict[str, float]:
    """Summary of equally weighted biases."""
    lower, median, upper = np.quantile(values, tails)
    return {"median": float(median), "sd": float(values.std()), "lower": float(lower), "upper": float(upper)}
