"""What a caller states of the size of a population, turned into a prior: by its median, mean, mode or quartiles, or flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.size.size_priors import (
    TIMES,
    SizePrior,
    prior_by_mean,
    prior_by_median,
    prior_by_mode,
    prior_by_quartiles,
)

MOST = 5_000_000
"""The largest maximum: one probability is kept for each size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StatedSize:
    """A prior with what it was made from.

    Attributes
    ----------
    n : int
        Respondents.
    kind : {"median", "mean", "mode", "quartiles", "flat"}
    sizes : tuple of float
        What was stated: one size, two quartiles, or none.
    alpha : float or None
        As it was given.
    maximum : int
    prior : SizePrior
    """

    n: int
    kind: str
    sizes: tuple[float, ...]
    alpha: float | None
    maximum: int
    prior: SizePrior

    @classmethod
    def of(
        cls, *, n: int, median: Any, mean: Any, mode: Any, quartiles: Any, kind: str, alpha: Any, maximum: Any
    ) -> StatedSize:
        """The prior that the arguments state.

        Raises
        ------
        EstimateFault
            FL-EST-550, FL-EST-551.
        """
        if kind not in ("beta", "flat"):
            raise not_one_of("FL-EST-550", "this prior", kind, ("beta", "flat"))
        stated = {"median": median, "mean": mean, "mode": mode, "quartiles": quartiles}
        given = {name: value for name, value in stated.items() if value is not None}
        if len(given) != (kind == "beta"):
            named = ", ".join(f"prior_{name}=" for name in given)
            raise EstimateFault(
                "FL-EST-550", "the prior of the size has to be stated, once", found=named or "nothing",
                fix='one of prior_median=, prior_mean=, prior_mode=, prior_quartiles=; or prior="flat" with maximum= alone',
            )  # fmt: skip
        name, sizes = "flat", ()
        if given:
            name, value = next(iter(given.items()))
            sizes = _sizes(name, value, n)
        if alpha is not None and (not _number(alpha) or alpha <= 0 or name in ("quartiles", "flat")):
            raise EstimateFault(
                "FL-EST-550", "alpha= cannot be that", found=f"{shown(alpha)} with prior by {name}",
                fix="a number above 0, with a median, mean or mode; quartiles give both shapes",
            )  # fmt: skip
        most = _maximum(maximum, sizes, n)
        return cls(n=n, kind=name, sizes=sizes, alpha=alpha, maximum=most, prior=_made(name, n, sizes, most, alpha))

    def others(self) -> dict[float, SizePrior]:
        """Priors of half and double the size stated, up to a maximum that goes with it; not those that cannot be."""
        if self.kind == "flat":
            return {
                factor: SizePrior(n=self.n, maximum=int(self.maximum * factor), flat=True)
                for factor in (0.5, 2.0)
                if self.n + 2 < self.maximum * factor <= 2 * MOST
            }
        made: dict[float, SizePrior] = {}
        for factor in (0.5, 2.0):
            sizes = tuple(size * factor for size in self.sizes)
            if min(sizes) > self.n * 1.02 and max(sizes) < self.maximum * factor:
                made[factor] = _made(self.kind, self.n, sizes, int(self.maximum * factor), self.alpha)
        return made

    def widest(self) -> SizePrior:
        """The prior up to twice its maximum: where the likelihood has to be known."""
        return SizePrior(
            n=self.n, maximum=2 * self.maximum, alpha=self.prior.alpha, beta=self.prior.beta, flat=self.prior.flat
        )

    def told(self) -> dict[str, float]:
        """As the assumption says it."""
        if self.kind == "quartiles":
            return {"lower": self.sizes[0], "upper": self.sizes[1], "maximum": self.maximum}
        return {"maximum": self.maximum} if self.kind == "flat" else {"size": self.sizes[0], "maximum": self.maximum}

    def arguments(self) -> dict[str, Any]:
        """For the record."""
        value: Any = list(self.sizes) if self.kind == "quartiles" else (self.sizes or (None,))[0]
        stated = {} if self.kind == "flat" else {f"prior_{self.kind}": value}
        kind = "flat" if self.kind == "flat" else "beta"
        return {**stated, "prior": kind, "alpha": self.prior.alpha, "beta": self.prior.beta, "maximum": self.maximum}


def _number(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(number and np.isfinite(float(value)))


def _sizes(name: str, value: Any, n: int) -> tuple[float, ...]:
    pair = isinstance(value, list | tuple) and len(value) == 2
    several: list[Any] = list(value) if name == "quartiles" and pair else [value]  # pyright: ignore[reportUnknownArgumentType]
    good = (name != "quartiles" or pair) and all(_number(each) and float(each) > n for each in several)
    if not good or (len(several) == 2 and not several[0] < several[1]):
        raise EstimateFault(
            "FL-EST-550", "the size stated before the data cannot be that",
            found=f"prior_{name}={shown(value)}; {n:,} respondents",
            fix="persons, more than there are respondents; of quartiles the lower first",
        )  # fmt: skip
    return tuple(float(each) for each in several)


def _maximum(maximum: Any, sizes: tuple[float, ...], n: int) -> int:
    wanted: Any = int(np.ceil(TIMES * max(sizes))) if maximum is None and sizes else maximum
    least = max((*sizes, n + 1.0))
    if not _number(wanted) or int(wanted) != wanted or not least < wanted <= MOST:
        raise EstimateFault(
            "FL-EST-551", "the largest size that is possible cannot be that", found=f"maximum={shown(wanted)}",
            fix=f"whole persons, above the size stated and the {n:,} respondents, {MOST:,} at the most; a flat prior needs it",
        )  # fmt: skip
    return int(wanted)


def _made(name: str, n: int, sizes: tuple[float, ...], maximum: int, alpha: float | None) -> SizePrior:
    if name == "flat":
        return SizePrior(n=n, maximum=maximum, flat=True)
    if name == "quartiles":
        made = prior_by_quartiles(n, (sizes[0], sizes[1]), maximum)
        if made is None:
            raise EstimateFault(
                "FL-EST-550", "no beta prior has these quartiles",
                found=f"{sizes[0]:,.0f} and {sizes[1]:,.0f}, up to {maximum:,}",
                fix="quartiles further apart, or nearer to each other; a larger maximum=; or prior_median=",
            )  # fmt: skip
        return made
    solve = {"median": prior_by_median, "mean": prior_by_mean, "mode": prior_by_mode}[name]
    return solve(n, sizes[0], maximum, alpha)
