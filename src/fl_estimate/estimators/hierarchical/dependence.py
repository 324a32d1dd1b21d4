"""What `spatial=` and `temporal=` ask for: neighbours matched with areas, years put in order, and the structure made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.estimators.hierarchical.direct import Direct
from fl_estimate.estimators.hierarchical.neighbours import read_neighbours, weight_matrix
from fl_estimate.estimators.hierarchical.priors import Prior, dependence
from fl_estimate.estimators.hierarchical.structure import Structure, ar1, bym2, rw1, sar

SPATIAL: tuple[str, ...] = ("bym2", "sar")
TEMPORAL: tuple[str, ...] = ("rw1", "ar1")


def check_dependence(likelihood: str, spatial: str | None, neighbours: Any, temporal: str | None) -> None:
    """Refuse words that are not known and what does not go together.

    Raises
    ------
    EstimateFault
        FL-EST-75: an unknown word; FL-EST-76: arguments that do not go together.
    """
    if spatial is not None and spatial not in SPATIAL:
        raise not_one_of("FL-EST-75", "this spatial model", str(spatial), SPATIAL)
    if temporal is not None and temporal not in TEMPORAL:
        raise not_one_of("FL-EST-75", "this temporal model", str(temporal), TEMPORAL)
    wrong: list[str] = []
    if spatial is not None and temporal is not None:
        wrong.append("spatial= and temporal= together")
    if spatial is not None and neighbours is None:
        wrong.append(f"spatial={spatial!r} without neighbours=")
    if spatial is None and neighbours is not None:
        wrong.append("neighbours= without spatial=")
    if likelihood == "beta-binomial" and (spatial is not None or temporal is not None):
        wrong.append('likelihood="beta-binomial" with spatial= or temporal=')
    if wrong:
        raise EstimateFault(
            "FL-EST-76",
            "these arguments do not go together",
            found="; ".join(wrong),
            fix='give spatial= and neighbours=, or temporal=; with likelihood="binomial" or "normal"',
        )


def with_every_time(direct: Direct, temporal: str | None, time: str | None) -> Direct:
    """A series without gaps: times between the first and the last that have no row come without sample, in order.

    Raises
    ------
    EstimateFault
        FL-EST-77: rows that are not one series of whole numbers.
    """
    if temporal is None and time is None:
        return direct
    numbers = [
        label for label in direct.labels if isinstance(label, int | float | np.number) and float(label).is_integer()
    ]
    if temporal is None or (time or direct.by) != direct.by or len(numbers) < len(direct.labels) or len(numbers) < 2:
        raise EstimateFault(
            "FL-EST-77",
            "a model in time needs one series, its times whole numbers such as years",
            found=f"temporal={temporal!r}, time={time!r}, rows by {direct.by!r}: {listed(direct.labels)}",
            fix='give direct estimates by year, temporal="rw1" or "ar1", and time= the column of years',
        )
    every = range(int(min(numbers)), int(max(numbers)) + 1)
    filled = direct.with_areas({str(label): label for label in every})
    order = np.argsort([float(label) for label in filled.labels], kind="stable")
    return filled.in_order(order)


def make_structure(
    direct: Direct, spatial: str | None, neighbours: Any, temporal: str | None, prior: Prior | None
) -> Structure | None:
    """The structure asked for, over the areas in their order.

    Raises
    ------
    EstimateFault
        FL-EST-42, FL-EST-70 to FL-EST-72: neighbours that do not fit the areas.
    """
    if temporal == "rw1":
        return rw1(len(direct.keys))
    if temporal == "ar1":
        return ar1(len(direct.keys), dependence(prior, "rho"))
    if spatial is None:
        return None
    edges = read_neighbours(neighbours, direct.by)
    matrix = weight_matrix(edges, direct.keys)
    if spatial == "bym2":
        return bym2(_symmetric(matrix), dependence(prior, "phi"))
    return sar(_symmetric(matrix), dependence(prior, "rho"))


def _symmetric(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Neighbours of either side; weights play no part in an area model."""
    return ((matrix + matrix.T) > 0).astype(float)
