"""What a recovery study of a hidden-population design is: cells that draw and estimate once, and what many draws say of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

import numpy as np

import studies.hidden

Drawn = tuple[float, float, float, float]
"""Estimate, lower limit, upper limit, and the truth of the population that was drawn from."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One situation: a design, an estimator, and whether what the estimator assumes holds there.

    Attributes
    ----------
    design, estimator, situation : str
        What is drawn, what estimates, and in which population: as the table says them.
    holds : bool
        Whether the assumptions hold: the bias is then 0 within Monte Carlo error, and the interval covers.
    draw : callable
        Draws one sample with a seed and estimates from it.
    share : float
        Of the samples asked for: a Markov chain is run on fewer.
    """

    design: str
    estimator: str
    situation: str
    holds: bool
    draw: Callable[[int], Drawn]
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """What many samples say of a cell.

    Attributes
    ----------
    cell : Cell
    samples : int
        Drawn; `refused` of them gave no estimate.
    refused : int
    bias, bias_error : float
        Mean of estimate / truth − 1, and its Monte Carlo standard error.
    rmse : float
        Root mean square of estimate / truth − 1.
    covered, covered_error : float
        Share of the intervals that hold the truth, and its Monte Carlo standard error.
    width : float
        Median width of the interval over the truth.
    """

    cell: Cell
    samples: int
    refused: int
    bias: float
    bias_error: float
    rmse: float
    covered: float
    covered_error: float
    width: float


def cells() -> Iterator[Cell]:
    """The cells of every module beside this one, in the order of their names."""
    for module in sorted(pkgutil.iter_modules(studies.hidden.__path__), key=lambda each: each.name):
        if module.name != "cells":
            yield from import_module(f"studies.hidden.{module.name}").CELLS


def try_cell(cell: Cell, samples: int, first_seed: int = 1) -> Line:
    """Draw a cell many times.

    Parameters
    ----------
    cell : Cell
    samples : int
    first_seed : int
        Sample i has seed `first_seed` + i: the same whoever draws it.
    """
    from fl_estimate.errors import FlError

    rows: list[Drawn] = []
    refused = 0
    for seed in range(first_seed, first_seed + samples):
        try:
            rows.append(cell.draw(seed))
        except FlError:
            refused += 1
    made = np.asarray(rows, dtype=float).reshape(-1, 4)
    value, lower, upper, truth = made.T
    known = np.isfinite(lower) & np.isfinite(upper)
    relative = value / truth - 1
    inside = ((lower <= truth) & (truth <= upper))[known]
    covered = float(np.mean(inside)) if inside.size else np.nan
    return Line(
        cell=cell,
        samples=samples,
        refused=refused,
        bias=float(np.mean(relative)),
        bias_error=float(np.std(relative, ddof=1) / np.sqrt(len(relative))) if len(relative) > 1 else np.nan,
        rmse=float(np.sqrt(np.mean(relative**2))),
        covered=covered,
        covered_error=float(np.sqrt(covered * (1 - covered) / inside.size)) if inside.size else np.nan,
        width=float(np.median(((upper - lower) / truth)[known])) if inside.size else np.nan,
    )
