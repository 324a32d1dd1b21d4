"""Targets whose inputs are case lists: which method of `fl.capture_recapture` the words of a target mean."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import StudyFault, nearest
from fl_estimate.estimators import capture_recapture as cr
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.target_formula import FormulaError

METHODS: tuple[str, ...] = (
    "average_decomposable", "chao", "chapman", "closed", "latent_class", "loglinear", "petersen", "select_aic_p", "select_bic",
    "select_stepwise", "threshold", "zelterman",
)  # fmt: skip
POSTERIOR: frozenset[str] = frozenset({"average_decomposable", "latent_class", "threshold"})
"""Methods whose documents print the posterior median; the sampled ones run with seed 1 unless the target gives another."""
GRID: frozenset[str] = frozenset({"times", "points"})
WORDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (r"\bdga\b|decomposable", "average_decomposable", {}),
    (r"\blcmcr\b|latent class", "latent_class", {}),
    (r"bayesthresh|bayesian threshold", "threshold", {}),
    (r"bales|hesketh|msefit|\baic\b", "select_aic_p", {}),
    (r"main[- ]effects|independen", "loglinear", {"terms": "main", "interval": "wald"}),
    (r"all pairs|two-way", "loglinear", {"terms": "two-way", "interval": "wald"}),
    (r"stepwise|sparsemse", "select_stepwise", {"interval": "wald", "tails": "poisson"}),
    (r"\bbic\b", "select_bic", {"interval": "wald"}),
    (r"chapman", "chapman", {"interval": "wald"}),
    (r"petersen|lincoln", "petersen", {"interval": "wald"}),
    (r"zelterman", "zelterman", {}),
    (r"\bchao\b", "chao", {"kind": "bias-corrected"}),
    (r"\bm(t|0|h|th|b|bh)[- ]?(chao|poisson|darroch|gamma)?\b", "closed", {"interval": "wald"}),
)
"""Words of a method, the function that they mean, and its settings: what documents print, not the defaults of today."""


@dataclass(frozen=True, kw_only=True)
class ListFigure:
    """A figure from case lists: value, limits, and the standard error that its random numbers alone give it (0: none)."""

    value: float
    lower: float
    upper: float
    monte_carlo: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ListReading:
    """How a figure is computed from case lists: the function, and value with limits of the histories."""

    words: str
    function: str
    compute: Callable[[CaptureHistories], ListFigure]


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
        _require_arguments(name, arguments or {})
        return _reading(name, dict(arguments or {}), method)
    plain = method.lower()
    if re.search(r"\bobserved\b|people on any list|known cases", plain):
        return ListReading(words="people on any list", function="CaptureHistories.n",
                           compute=lambda h: ListFigure(value=h.n, lower=h.n, upper=h.n))  # fmt: skip
    for pattern, name, settings in WORDS:
        if found := re.search(pattern, plain):
            return _reading(name, {**settings, **_settings(plain, name, found)}, method)
    raise FormulaError(f"no method for case lists is found in its words; write function = one of: {', '.join(METHODS)}")


def _require_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the function does not take."""
    takes = [each for each in inspect.signature(getattr(cr, name)).parameters if each != "histories"]
    for each in arguments:
        if each not in takes:
            close = nearest(each, takes)
            hint = f"did you mean {close!r}?" if close else f"it takes {', '.join(takes)}"
            raise FormulaError(f"arguments: {name} does not take {each!r}; {hint}")
    grid = _grid(arguments)
    if grid is not None and not (frozenset(grid) == GRID and all(isinstance(x, int) and x > 0 for x in grid.values())):
        raise FormulaError(
            f"arguments: grid = {dict(grid)!r}; write grid = {{ times = 30, points = 1000 }} for that many dark figures from 1 to 30 "
            "times the people observed"
        )


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
    if name == "threshold" and "improper" in plain:
        settings["prior"] = "improper"
    if name == "closed":
        settings["model"] = "M" + found[1] + (f"-{found[2]}" if found[2] else "")
    return settings


def _reading(name: str, settings: dict[str, Any], method: str) -> ListReading:
    merged = re.search(r"\bmerging (\w+)\s*(?:\+|and|with)\s*(\w+)", method)

    def compute(histories: CaptureHistories) -> ListFigure:
        if merged:
            histories = histories.merge(merged[1], merged[2], into=merged[1] + merged[2])
        chosen: Any = getattr(cr, name)
        lists = histories.lists[:2] if name in ("chapman", "petersen") and "a" not in settings else ()
        found = chosen(histories, *lists, **_on_these(settings, name, histories))
        return _posterior(found) if name in POSTERIOR else _first_row(found)

    told = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return ListReading(words=f"{name}({told})", function=f"capture_recapture.{name}", compute=compute)


def _on_these(settings: Mapping[str, Any], name: str, histories: CaptureHistories) -> dict[str, Any]:
    """Settings with a seed, and with the dark figures that ``grid = { times = 30, points = 1000 }`` means for these lists."""
    given = {"seed": 1, **settings} if name in POSTERIOR else dict(settings)
    grid = _grid(given)
    if grid is not None:
        figures: npt.NDArray[np.float64] = np.linspace(1, float(grid["times"]) * histories.n, int(grid["points"]))
        given["grid"] = np.unique(np.round(figures)).tolist()
    return given


def _grid(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A grid that is given as a table."""
    grid = settings.get("grid")
    return cast("Mapping[str, Any]", grid) if isinstance(grid, Mapping) else None


def _first_row(found: Any) -> ListFigure:
    row = found.frame.iloc[0]
    return ListFigure(value=float(row["value"]), lower=float(row["lower"]), upper=float(row["upper"]))


def _posterior(found: Any) -> ListFigure:
    """The median with equal-tailed limits; nothing where the chains do not agree.

    The Monte Carlo error of a median is √(π/2) times that of a mean, or what the medians of the chains say where that is more.

    Raises
    ------
    StudyFault
        FL-STUDY-32.
    """
    told, row = found.diagnostics, found.frame.iloc[0]
    if "sampler_rhat" in {reason.code for reason in found.reasons}:
        raise StudyFault("FL-STUDY-32", "the chains do not agree with each other, so that there is no figure to lay beside the print",
                         found=f"R-hat {told['rhat']:.2f}", fix="more chains and draws; or go without this method on these lists")  # fmt: skip
    error = 0.0
    if "ess_bulk" in told:
        medians = np.asarray(told.get("median_by_chain", []), dtype=float)
        between = float(medians.std(ddof=1) / np.sqrt(len(medians))) if len(medians) > 1 else 0.0
        error = max(float(np.sqrt(np.pi / 2) * row["se"] / np.sqrt(told["ess_bulk"])), between)
    return ListFigure(
        value=float(told["posterior_median"]), lower=float(row["lower"]), upper=float(row["upper"]), monte_carlo=error
    )
