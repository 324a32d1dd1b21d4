"""What `spatial=` and `temporal=` ask for: neighbours matched with areas, years put in order, and the structure made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.hierarchical.model.priors import Prior, dependence
from fl_estimate.estimators.hierarchical.model.structure import Crossed, Structure, ar1, bym2, independent, rw1, sar
from fl_estimate.estimators.hierarchical.read.direct import Direct
from fl_estimate.estimators.hierarchical.read.neighbours import read_neighbours, weight_matrix
from fl_estimate.estimators.hierarchical.read.panel import areas_and_times, whole_numbers

SPATIAL: tuple[str, ...] = ("bym2", "sar")
TEMPORAL: tuple[str, ...] = ("rw1", "ar1")


def check_dependence(
    likelihood: str, spatial: str | None, neighbours: Any, temporal: str | None, time: str | None
) -> None:
    """Refuse words that are not known and what does not go together.

    Raises
    ------
    EstimateFault
        FL-EST-75: an unknown word; FL-EST-76: arguments that do not go together.
    """
    if spatial is not None and spatial not in SPATIAL:
        raise not_one_of("FL-EST-75", "this spatial model", spatial, SPATIAL)
    if temporal is not None and temporal not in TEMPORAL:
        raise not_one_of("FL-EST-75", "this temporal model", temporal, TEMPORAL)
    wrong: list[str] = []
    if spatial is not None and temporal is not None and time is None:
        wrong.append("spatial= and temporal= without time=")
    if spatial is not None and neighbours is None:
        wrong.append(f"spatial={shown(spatial)} without neighbours=")
    if spatial is None and neighbours is not None:
        wrong.append("neighbours= without spatial=")
    if likelihood in ("beta-binomial", "clustered") and (spatial is not None or temporal is not None):
        wrong.append(f"likelihood={shown(likelihood)} with spatial= or temporal=")
    if wrong:
        raise EstimateFault(
            "FL-EST-76",
            "these arguments do not go together",
            found="; ".join(wrong),
            fix='give spatial= and neighbours=, or temporal=, or with time= both; with likelihood="binomial" or "normal"',
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
    numbers = whole_numbers(direct.labels)
    if temporal is None or (time or direct.by) != direct.by or len(numbers) < 2:
        raise EstimateFault(
            "FL-EST-77",
            "a model in time needs one series, its times whole numbers such as years",
            found=f"temporal={shown(temporal)}, time={shown(time)}, rows by {direct.by!r}: {listed(direct.labels)}",
            fix='give direct estimates by year, temporal="rw1" or "ar1", and time= the column of years',
        )
    every = range(int(min(numbers)), int(max(numbers)) + 1)
    filled = direct.with_areas({str(label): label for label in every})
    order = np.argsort([float(label) for label in filled.labels], kind="stable")
    return filled.in_order(order)


def check_crossed(likelihood: str, people: Any, benchmark: str | None) -> None:
    """Refuse what a model of areas at several times does not have.

    Raises
    ------
    EstimateFault
        FL-EST-68.
    """
    wrong = ["population="] if people is not None else []
    wrong += [f"benchmark={shown(benchmark)}"] if benchmark is not None else []
    wrong += [f"likelihood={shown(likelihood)}"] if likelihood == "beta-binomial" else []
    if wrong:
        raise EstimateFault(
            "FL-EST-68",
            "this cannot be had of areas at several times",
            found=", ".join(wrong),
            fix="leave it out; a national figure of a year comes from the draws of its rows, weighted by its population",
        )


def make_structure(
    direct: Direct, spatial: str | None, neighbours: Any, temporal: str | None, prior: Prior | None
) -> Structure | Crossed | None:
    """The structure asked for, over the areas in their order; in a panel that of areas and that of times.

    Raises
    ------
    EstimateFault
        FL-EST-42, FL-EST-70 to FL-EST-72: neighbours that do not fit the areas.
    """
    if direct.time:
        areas, times = areas_and_times(direct)
        within = _in_time(temporal, times, prior, "rho_time") or independent(times)
        between = _in_space(areas, direct.by, spatial, neighbours, prior) or independent(len(areas))
        sigma_time = None if prior is None or prior.sigma_time is None else dependence(prior, "sigma_time")
        return Crossed(area=between, time=within, sigma_time=sigma_time)
    if temporal is not None:
        return _in_time(temporal, len(direct.keys), prior, "rho")
    return _in_space(list(direct.keys), direct.by, spatial, neighbours, prior)


def _in_time(temporal: str | None, times: int, prior: Prior | None, name: str) -> Structure | None:
    if temporal is None:
        return None
    return rw1(times) if temporal == "rw1" else ar1(times, dependence(prior, name))


def _in_space(keys: list[str], by: str, spatial: str | None, neighbours: Any, prior: Prior | None) -> Structure | None:
    if spatial is None:
        return None
    edges = read_neighbours(neighbours, by)
    matrix = weight_matrix(edges, keys)
    if spatial == "bym2":
        return bym2(_symmetric(matrix), dependence(prior, "phi"))
    return sar(_symmetric(matrix), dependence(prior, "rho"))


def _symmetric(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Neighbours of either side; weights play no part in an area model."""
    return ((matrix + matrix.T) > 0).astype(float)
