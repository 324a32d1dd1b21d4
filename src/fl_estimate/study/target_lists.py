"""Targets whose inputs are case lists: which method of `fl.capture_recapture` the words of a target mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fl_estimate.errors import nearest
from fl_estimate.estimators import capture_recapture as cr
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.target_formula import FormulaError

METHODS: tuple[str, ...] = (
    "chao", "chapman", "closed", "loglinear", "petersen", "select_aic_p", "select_bic", "select_stepwise", "zelterman",
)  # fmt: skip
WORDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (r"bales|hesketh|msefit|\baic\b", "select_aic_p", {}),
    (r"main[- ]effects|independen", "loglinear", {"terms": "main"}),
    (r"all pairs|two-way", "loglinear", {"terms": "two-way"}),
    (r"stepwise|sparsemse", "select_stepwise", {"interval": "wald"}),
    (r"\bbic\b", "select_bic", {"interval": "wald"}),
    (r"chapman", "chapman", {}),
    (r"petersen|lincoln", "petersen", {}),
    (r"zelterman", "zelterman", {}),
    (r"\bchao\b", "chao", {}),
    (r"\bm(t|0|h|th|b|bh)[- ]?(chao|poisson|darroch|gamma)?\b", "closed", {}),
)
"""Words of a method, the function that they mean, and its settings."""


@dataclass(frozen=True, kw_only=True)
class ListReading:
    """How a figure is computed from case lists: the function, and value with limits of the histories."""

    words: str
    function: str
    compute: Callable[[CaptureHistories], tuple[float, float, float]]


def read_list_method(method: str, function: str = "", arguments: Mapping[str, Any] | None = None) -> ListReading:
    """Read the method of a target on case lists.

    Parameters
    ----------
    method : str
        In words: "stepwise, p < 0.02", "Bales-Hesketh-Silverman", "main effects", "observed". "merging I+O" merges lists.
    function, arguments : str, mapping
        Or outright: a function of `fl.capture_recapture` and its settings.

    Raises
    ------
    FormulaError
    """
    if function:
        name = function.removeprefix("capture_recapture.").removeprefix("cr.")
        if name not in METHODS:
            close = nearest(name, METHODS)
            raise FormulaError(
                f"function: {function!r} is none; {f'did you mean {close!r}? ' if close else ''}one of: {', '.join(METHODS)}"
            )
        return _reading(name, dict(arguments or {}), method)
    plain = method.lower()
    if re.search(r"\bobserved\b|people on any list|known cases", plain):
        return ListReading(words="people on any list", function="CaptureHistories.n", compute=lambda h: (h.n, h.n, h.n))
    for pattern, name, settings in WORDS:
        if found := re.search(pattern, plain):
            return _reading(name, {**settings, **_settings(plain, name, found)}, method)
    raise FormulaError(f"no method for case lists is found in its words; write function = one of: {', '.join(METHODS)}")


def _settings(plain: str, name: str, found: re.Match[str]) -> dict[str, Any]:
    """Thresholds, orders and models that stand among the words."""
    settings: dict[str, Any] = {}
    if name in ("select_aic_p", "select_stepwise") and (
        match := re.search(r"(?:p|threshold)\s*(?:<=|<|=|of|below|at)*\s*(0?\.\d+|0\b)", plain)
    ):
        settings["threshold"] = float(match[1])
    if name == "select_bic" and (match := re.search(r"order\s*=?\s*(\d)", plain)):
        settings["max_order"] = int(match[1])
    if name == "select_bic" and "downhill" in plain:
        settings["search"] = "downhill"
    if name == "closed":
        settings["model"] = "M" + found[1] + (f"-{found[2]}" if found[2] else "")
    return settings


def _reading(name: str, settings: dict[str, Any], method: str) -> ListReading:
    merged = re.search(r"\bmerging (\w+)\s*(?:\+|and|with)\s*(\w+)", method)

    def compute(histories: CaptureHistories) -> tuple[float, float, float]:
        if merged:
            histories = histories.merge(merged[1], merged[2], into=merged[1] + merged[2])
        chosen: Any = getattr(cr, name)
        lists = histories.lists[:2] if name in ("chapman", "petersen") and "a" not in settings else ()
        row = chosen(histories, *lists, **settings).frame.iloc[0]
        return float(row["value"]), float(row["lower"]), float(row["upper"])

    told = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return ListReading(words=f"{name}({told})", function=f"capture_recapture.{name}", compute=compute)
