"""Targets that are computed by a public estimator: which there are, what a target gives them, and the figure that they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import StudyFault, listed, nearest
from fl_estimate.estimators import capture_recapture, synthesis
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reproduce.formulas import FormulaError
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import Method, method_of
from fl_estimate.results.roles import Lists, OfLists, Seed

OBSERVED = "observed"
"""The people on any list: what no estimator is needed for."""
GRID: frozenset[str] = frozenset({"times", "points"})
Kind = Literal["lists", "figures"]
Between = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ListFigure:
    """A figure from case lists.

    Attributes
    ----------
    value, lower, upper : float
    monte_carlo : float
        The standard error that random numbers alone give the value; 0 where there are none.
    another_run : tuple of pairs
        Between what another run would have each limit, where these rest on random numbers.
    """

    value: float
    lower: float
    upper: float
    monte_carlo: float = 0.0
    another_run: tuple[Between, ...] = ()


@cache
def functions(kind: Kind) -> dict[str, Method | None]:
    """The public estimators that a target may name, by name: of case lists, or of printed figures."""
    room: Any = capture_recapture if kind == "lists" else synthesis
    made = [
        result
        for name in room.__all__
        if (result := method_of(getattr(room, name))) is not None and _gives_rows(result)
    ]
    if kind == "figures":
        return {each.name: each for each in made if each.basis != "respondents"}
    return {OBSERVED: None, **{each.name: each for each in made if _of_histories(each)}}


def _gives_rows(method: Method) -> bool:
    return str(method.function.__annotations__.get("return")) in ("Estimates", str(Estimates))


def _of_histories(method: Method) -> bool:
    lists = method.first(Lists)
    return lists is not None and lists.form is CaptureHistories


def find(name: str, kind: Kind) -> str:
    """The name of a function as the registry has it.

    Raises
    ------
    FormulaError
    """
    known = functions(kind)
    plain = name.rpartition(".")[2]
    if plain not in known:
        close = nearest(plain, list(known))
        of = "case lists" if kind == "lists" else "printed figures"
        raise FormulaError(
            f"function: {name!r} is no public estimator of {of}; {f'did you mean {close!r}? ' if close else ''}one of: {', '.join(sorted(known))}"
        )
    return plain


def full_name(name: str, kind: Kind) -> str:
    """With the room in which it is found: ``capture_recapture.chapman``."""
    method = functions(kind)[name]
    return "CaptureHistories.n" if method is None else f"{method.family}.{name}"


def faults(name: str, kind: Kind, arguments: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the arguments of a function, before it is called."""
    method = functions(kind)[name]
    takes = [] if method is None else [each.name for each in method.arguments if each.role(Lists) is None]
    for each in arguments:
        if each not in takes:
            close = nearest(each, takes)
            hint = f"did you mean {close!r}?" if close else f"it takes {', '.join(takes) or 'none'}"
            yield f"arguments: {name} does not take {each!r}; {hint}"
    if method is not None and kind == "figures":
        absent = [each.name for each in method.arguments if each.required and each.name not in arguments]
        if absent:
            yield f"arguments: {name} needs {listed(absent)}"
    grid = _grid(arguments)
    if grid is not None and not (frozenset(grid) == GRID and all(isinstance(x, int) and x > 0 for x in grid.values())):
        yield (
            f"arguments: grid = {dict(grid)!r}; write grid = {{ times = 30, points = 1000 }} for that many dark figures from 1 to 30 "
            "times the people observed"
        )


def on_figures(name: str, arguments: Mapping[str, Any]) -> Callable[[Mapping[str, float]], float]:
    """A function of printed figures, as a function of what the symbols stand for."""
    method = functions("figures")[name]
    assert method is not None

    def compute(values: Mapping[str, float]) -> float:
        result: Any = method.function(**{key: _with(value, values) for key, value in arguments.items()})
        return float(result.frame["value"].iloc[0])

    return compute


def symbols_in(arguments: Mapping[str, Any], symbols: Sequence[str]) -> set[str]:
    """The symbols that arguments name, outright or in a list."""
    result: set[str] = set()
    for value in arguments.values():
        parts = cast("list[Any]", value) if isinstance(value, list) else [value]
        result |= {each for each in parts if isinstance(each, str) and each in symbols}
    return result


def _with(value: Any, values: Mapping[str, float]) -> Any:
    if isinstance(value, list):
        return [_with(each, values) for each in cast("list[Any]", value)]
    return values.get(value, value) if isinstance(value, str) else value


def on_lists(
    name: str, histories: CaptureHistories, arguments: Mapping[str, Any], replicates: int | None = None
) -> ListFigure:
    """Compute a figure from case lists, with as many bootstrap draws as the print states.

    Raises
    ------
    FlError
        Of the estimator; FL-STUDY-32 where the chains of a sampler do not agree.
    FormulaError
        Two lists are to be named.
    """
    method = functions("lists")[name]
    if method is None:
        return ListFigure(value=histories.n, lower=histories.n, upper=histories.n)
    asked = [
        each.name
        for each in method.arguments
        if each.role(OfLists) is not None and each.required and each.name not in arguments
    ]
    if asked and len(histories.lists) != len(asked):
        raise FormulaError(f"arguments: {name} takes {listed(asked)}, each one of the lists: {listed(histories.lists)}")
    given = {**dict(zip(asked, histories.lists, strict=False)), **arguments}
    seed = method.first(Seed)
    if seed is not None:
        given.setdefault(seed.name, 1)
    if replicates is not None and any(each.name == "replicates" for each in method.arguments):
        given.setdefault("replicates", replicates)
    grid = _grid(given)
    if grid is not None:
        figures: npt.NDArray[np.float64] = np.linspace(1, float(grid["times"]) * histories.n, int(grid["points"]))
        given["grid"] = np.unique(np.round(figures)).tolist()
    result: Any = method.function(histories, **given)
    return _posterior(result) if "posterior_median" in result.diagnostics else _first_row(result)


def _grid(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A grid that is given as a table."""
    grid = settings.get("grid")
    return cast("Mapping[str, Any]", grid) if isinstance(grid, Mapping) else None


def _first_row(estimates: Any) -> ListFigure:
    row, told = estimates.frame.iloc[0], estimates.diagnostics
    return ListFigure(
        value=float(row["value"]), lower=float(row["lower"]), upper=float(row["upper"]), another_run=_another_run(told)
    )  # fmt: skip


def _another_run(diagnostics: Mapping[str, Any]) -> tuple[Between, ...]:
    """Between what another run with as many draws has each bootstrap limit; without end where it may lie beyond all draws."""
    if "limits_of_another_run" not in diagnostics:
        return ()
    values, levels = (np.array(diagnostics[f"{name}_of_another_run"], dtype=float) for name in ("limits", "levels"))
    ends = np.where(levels <= 0, -np.inf, np.where(levels >= 1, np.inf, values)).tolist()
    return (ends[0], ends[1]), (ends[2], ends[3])


def _posterior(estimates: Any) -> ListFigure:
    """The median with equal-tailed limits; nothing where the chains do not agree.

    The Monte Carlo error of a median is √(π/2) times that of a mean, or what the medians of the chains say where that is more.

    Raises
    ------
    StudyFault
        FL-STUDY-32.
    """
    told, row = estimates.diagnostics, estimates.frame.iloc[0]
    if "sampler_rhat" in {reason.code for reason in estimates.reasons}:
        raise StudyFault("FL-STUDY-32", "the chains do not agree with each other, so that there is no figure to lay beside the print",
                         found=f"R-hat {told['rhat']:.2f}", fix="more chains and draws; or go without this method on these lists")  # fmt: skip
    error = 0.0
    if "ess_bulk" in told:
        medians = np.asarray(told.get("median_by_chain", []), dtype=float)
        between = float(medians.std(ddof=1) / np.sqrt(len(medians))) if len(medians) > 1 else 0.0
        error = max(float(np.sqrt(np.pi / 2) * row["se"] / np.sqrt(told["ess_bulk"])), between)
    value, lower, upper = float(told["posterior_median"]), float(row["lower"]), float(row["upper"])
    of_limits = [3 * float(np.sqrt(2) * each) for each in told.get("monte_carlo_se_of_limits", ())]
    runs = tuple((each - far, each + far) for each, far in zip((lower, upper), of_limits, strict=False) if far > 0)
    return ListFigure(
        value=value, lower=lower, upper=upper, monte_carlo=error, another_run=runs if len(runs) == 2 else ()
    )
