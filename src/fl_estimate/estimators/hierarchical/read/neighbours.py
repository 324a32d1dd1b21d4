"""Which areas touch: neighbour lists and GeoJSON read and checked, components, islands, and the scaling of the ICAR prior."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, is_file, listed, missing_columns, nearest
from fl_estimate.estimators.hierarchical.model.icar import scaled_icar
from fl_estimate.estimators.hierarchical.read.direct import as_floats, is_missing, read_columns, text

Ints = npt.NDArray[np.intp]

DIGITS = 9
"""Coordinates of GeoJSON are compared to so many decimals: a thousandth of a metre."""


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Pairs of areas as text, each in the direction given; `weight` where the frame has one."""

    pairs: tuple[tuple[str, str], ...]
    weight: tuple[float, ...] | None


def read_neighbours(neighbours: Any, by: str) -> Edges:
    """Read a frame of `by` and `neighbour` (and `weight`), or the areas of a GeoJSON file that share a border.

    Raises
    ------
    EstimateFault
        FL-EST-40, FL-EST-42: not a frame, or without the columns; FL-EST-70: an area beside itself, an edge twice, a
        missing label; FL-EST-71: GeoJSON that is not polygons with the areas' names.
    """
    if isinstance(neighbours, str | Path) or (isinstance(neighbours, Mapping) and "features" in neighbours):
        return Edges(pairs=_touching(neighbours, by), weight=None)
    columns = read_columns(neighbours, "neighbours")
    absent = [name for name in (by, "neighbour") if name not in columns]
    if absent:
        raise missing_columns("FL-EST-42", absent, list(columns), EstimateFault)
    rows = zip(columns[by], columns["neighbour"], strict=True)
    weight = tuple(as_floats(columns["weight"], "weight").tolist()) if "weight" in columns else None
    return checked_edges(list(rows), weight)


def checked_edges(pairs: Sequence[tuple[Any, Any]], weight: tuple[float, ...] | None = None) -> Edges:
    """Refuse an area beside itself, an edge that stands twice in one direction, and missing labels."""
    wrong = ["a row without a label"] if any(is_missing(a) or is_missing(b) for a, b in pairs) else []
    named = [(text(a), text(b)) for a, b in pairs]
    alone = [a for a, b in named if a == b and a]
    twice = (
        [f"{a} – {b}" for a, b in {pair for pair in named if named.count(pair) > 1}]
        if len(set(named)) < len(named)
        else []
    )
    wrong += [f"beside itself: {listed(alone)}"] if alone else []
    wrong += [f"more than once: {listed(sorted(twice))}"] if twice else []
    if weight is not None and not all(value >= 0 for value in weight):
        wrong.append("a weight that is missing or negative")
    if wrong:
        raise EstimateFault(
            "FL-EST-70",
            "the list of neighbours is not one",
            found="; ".join(wrong),
            fix="give each pair of areas that touch once, or once in each direction; islands in no row",
        )
    return Edges(pairs=tuple(named), weight=weight)


def weight_matrix(edges: Edges, keys: Sequence[str]) -> Floats:
    """Matrix of neighbours, shape (m, m): symmetric 0/1, or the weights as given.

    Raises
    ------
    EstimateFault
        FL-EST-72: names that are in the list of neighbours and not among the areas.
    """
    position = {key: row for row, key in enumerate(keys)}
    unknown = sorted({name for pair in edges.pairs for name in pair if name not in position})
    if unknown:
        hint = nearest(unknown[0], list(keys))
        known = {name for pair in edges.pairs for name in pair}
        alone = [key for key in keys if key not in known]
        raise EstimateFault(
            "FL-EST-72",
            "the list of neighbours names areas that there are no estimates of",
            found=f"{listed(unknown)}; areas without a neighbour: {listed(alone) or 'none'}",
            fix=f"spell both alike{f' ({hint}?)' if hint else ''}; an area without a sample needs a row with n = 0, or "
            "one among covariates= or population=",
        )
    matrix = np.zeros((len(keys), len(keys)))
    weights = edges.weight or (1.0,) * len(edges.pairs)
    for (a, b), value in zip(edges.pairs, weights, strict=True):
        matrix[position[a], position[b]] = value
        if edges.weight is None:
            matrix[position[b], position[a]] = value
    return matrix


def row_standardised(matrix: Floats) -> Floats:
    """Rows that sum to 1; an island's stays 0."""
    total = matrix.sum(axis=1, keepdims=True)
    return matrix / np.where(total > 0, total, 1.0)


def icar_scaling(neighbours: Any, *, areas: Any = None) -> pd.DataFrame:
    """Give the scaling of the ICAR prior for a map, component by component.

    Use it to look at a map before a spatial model is fitted: how many parts it falls into, and which areas are islands.

    Parameters
    ----------
    neighbours : frame
        A column that names areas and `neighbour`; an edge once or in both directions.
    areas : sequence or frame column, optional
        Every area, where some have no neighbour; by default those that the edges name.

    Returns
    -------
    pandas.DataFrame
        One row an area: the areas' column, `component` (from 1), `neighbours` (how many), `scaling_factor` of its
        component (1 for an island) and `scaled_variance`.

    Raises
    ------
    EstimateFault
        FL-EST-40, FL-EST-42, FL-EST-70, FL-EST-72.

    References
    ----------
    Freni-Sterrantino, Ventrucci and Rue (2018), Statistical Modelling 18(2), 142-152.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> edges = pd.DataFrame({"district": ["A"], "neighbour": ["B"]})
    >>> fl.hierarchical.icar_scaling(edges, areas=["A", "B", "C"])["scaling_factor"].round(12).tolist()
    [0.25, 0.25, 1.0]
    """
    names = [name for name in read_columns(neighbours, "neighbours") if name not in ("neighbour", "weight")]
    if len(names) != 1:
        raise EstimateFault(
            "FL-EST-40",
            "neighbours= does not say which one column names the areas",
            found=listed(names) or "no such column",
            fix="give a frame with the areas' column and `neighbour`",
        )
    edges = read_neighbours(neighbours, names[0])
    labels: list[Any] = list(areas) if areas is not None else _in_order(neighbours, names[0])
    matrix = weight_matrix(Edges(pairs=edges.pairs, weight=None), [text(label) for label in labels])
    covariance, part, factors = scaled_icar(matrix)
    return pd.DataFrame(
        {
            names[0]: labels,
            "component": part + 1,
            "neighbours": matrix.sum(axis=1).astype(int),
            "scaling_factor": factors[part],
            "scaled_variance": np.diag(covariance),
        }
    )


def _in_order(neighbours: Any, by: str) -> list[Any]:
    columns = read_columns(neighbours, "neighbours")
    found: dict[str, Any] = {text(label): label for name in (by, "neighbour") for label in columns[name]}
    try:
        return sorted(found.values())
    except TypeError:
        return list(found.values())


def _touching(geojson: Any, by: str) -> tuple[tuple[str, str], ...]:
    """Pairs of areas whose outlines have a piece of border in common, between two corners that both have."""
    try:
        collection: Any = geojson
        if not isinstance(geojson, Mapping):
            if not is_file(Path(geojson)):  # a pipe would be waited for
                raise FileNotFoundError
            collection = json.loads(Path(geojson).read_text(encoding="utf-8"))
        owners: dict[frozenset[tuple[float, float]], set[str]] = {}
        for feature in collection["features"]:
            name, shape = text(feature["properties"][by]), feature["geometry"]
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            for ring in (ring for polygon in polygons for ring in polygon):
                corners = [(round(float(x), DIGITS), round(float(y), DIGITS)) for x, y, *_ in ring]
                for start, end in pairwise(corners):
                    owners.setdefault(frozenset((start, end)), set()).add(name)
    except (OSError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise EstimateFault(
            "FL-EST-71",
            "neighbours= is not a map of the areas",
            found=type(error).__name__,
            fix=f"give GeoJSON of polygons with the property {by!r}, or a frame of {by!r} and `neighbour`",
        ) from None
    pairs = {tuple(sorted(names)) for names in owners.values() if len(names) == 2}
    return tuple(sorted((a, b) for a, b in pairs))
