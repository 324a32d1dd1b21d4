"""Randomising devices: what each makes of the share of people concerned, P(answer = 1) = base + slope × π."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.errors import EstimateFault, not_one_of, shown

RandomisedModel = Literal["warner", "forced", "unrelated", "kuk", "mangat", "disguised", "crosswise", "triangular"]
MODELS: tuple[str, ...] = get_args(RandomisedModel)
NAMES: Mapping[str, tuple[str, ...]] = {
    "warner": ("statement",),
    "forced": ("truth", "yes", "no"),
    "unrelated": ("sensitive", "unrelated"),
    "kuk": ("concerned", "others"),
    "mangat": ("statement",),
    "disguised": ("concerned",),
    "crosswise": ("unrelated",),
    "triangular": ("unrelated",),
}
"""The probabilities that each device has, by name."""
LEAST_SLOPE = 1e-6


@dataclass(frozen=True, kw_only=True)
class RandomisingDevice:
    """P(answer = 1) = base + slope × π, with π the share of people concerned.

    Attributes
    ----------
    model : str
    base, slope : float
    """

    model: RandomisedModel
    base: float
    slope: float

    @property
    def variance_price(self) -> float:
        """The variance at π = 0 over that of a direct question at π = 0.1: how many times the sample it costs there."""
        share = self.base + 0.1 * self.slope
        return share * (1 - share) / self.slope**2 / 0.09


def device_of(model: Any, probabilities: Any) -> RandomisingDevice:
    """A device of its probabilities.

    Raises
    ------
    EstimateFault
        FL-EST-650: no such model; FL-EST-651: probabilities that are none, or tell nothing of π.
    """
    if model not in MODELS:
        raise not_one_of("FL-EST-650", "this model of randomised response", model, MODELS)
    known = _numbers(model, probabilities)
    base, slope = _line(model, known)
    if (
        not abs(slope) > LEAST_SLOPE
        or not -1e-12 <= min(base, base + slope)
        or not max(base, base + slope) <= 1 + 1e-12
    ):
        raise _wrong(model, "the answer does not depend on the status, or its chance is not from 0 to 1")
    return RandomisingDevice(model=model, base=base, slope=slope)


def _line(model: str, p: Mapping[str, float]) -> tuple[float, float]:
    if model in ("warner", "disguised"):
        # Either the statement or its opposite; or a card of the right or of the left deck.
        share = p["statement" if model == "warner" else "concerned"]
        return 1 - share, 2 * share - 1
    if model == "crosswise":
        # 1 is "both or neither".
        return 1 - p["unrelated"], 2 * p["unrelated"] - 1
    if model == "triangular":
        # 1 is "at least one".
        return p["unrelated"], 1 - p["unrelated"]
    if model == "forced":
        return p["yes"], p["truth"]
    if model == "unrelated":
        return (1 - p["sensitive"]) * p["unrelated"], p["sensitive"]
    if model == "kuk":
        return p["others"], p["concerned"] - p["others"]
    # Mangat: those concerned say so; the others are asked by Warner's device.
    return 1 - p["statement"], p["statement"]


def _numbers(model: str, given: Any) -> dict[str, float]:
    """The probabilities by name; a plain number where there is one, and of forced answers the third from two."""
    names = NAMES[model]
    if isinstance(given, int | float | np.number) and not isinstance(given, bool) and len(names) == 1:
        given = {names[0]: given}
    if not isinstance(given, Mapping):
        raise _wrong(model, shown(given))
    found: dict[str, float] = {}
    for name, value in given.items():
        plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if name not in names or not plain or not 0 <= float(value) <= 1:
            raise _wrong(model, "a name that it has not" if name not in names else f"{name} is no number from 0 to 1")
        found[str(name)] = float(value)
    if model == "forced" and len(found) == 2:
        left = next(name for name in names if name not in found)
        found[left] = 1 - sum(found.values())
    if (
        set(found) != set(names)
        or (model == "forced" and abs(sum(found.values()) - 1) > 1e-9)
        or min(found.values()) < -1e-12
    ):
        raise _wrong(model, f"{len(found)} probabilities")
    return found


def _wrong(model: str, found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-651", f"the probabilities of {model!r} cannot be used", found=found,
        fix=f"{' and '.join(NAMES[model])}, each from 0 to 1"
        + (", two of them at least: they sum to 1" if model == "forced" else "")
        + ("; not ½, at which the answer tells nothing" if model in ("warner", "disguised", "crosswise") else ""),
    )  # fmt: skip
