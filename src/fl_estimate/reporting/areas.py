"""Areas of a map, read from plain GeoJSON. No boundaries are shipped with the package, and nothing is drawn here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import FileFault, PublishFault, bytes_of, is_file

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Area:
    """One area: its properties, and polygons, each a list of rings (the outline, then holes)."""

    properties: Mapping[str, Any]
    polygons: tuple[tuple[Points, ...], ...]


def read_areas(geojson: str | Path | Mapping[str, Any]) -> tuple[Area, ...]:
    """Read polygons from a GeoJSON FeatureCollection.

    Raises
    ------
    FileFault
        FL-FILE-01 where there is no such file.
    PublishFault
        FL-PUB-08 where it is not a collection of polygons.
    """
    name = "the mapping given" if isinstance(geojson, Mapping) else Path(geojson).name
    try:
        collection: Any = geojson if isinstance(geojson, Mapping) else _read_json(Path(geojson))
        areas = tuple(_area(feature) for feature in collection["features"])
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise _not_a_map(name, type(error).__name__) from None
    if not areas:
        raise _not_a_map(name, "no features")
    return areas


def _read_json(path: Path) -> Any:
    if not is_file(path):
        raise FileFault("FL-FILE-01", "there is no such file", found=path.name, fix="check the path of the map")
    return json.loads(bytes_of(path))


def _area(feature: Mapping[str, Any]) -> Area:
    shape = feature["geometry"]
    kind, coordinates = shape["type"], shape["coordinates"]
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(kind)
    polygons = [coordinates] if kind == "Polygon" else coordinates
    return Area(
        properties=feature["properties"],
        polygons=tuple(tuple(_ring(ring) for ring in rings) for rings in polygons),
    )


def _ring(points: Any) -> Points:
    """A ring without its repeated last point."""
    ring = np.array([[float(point[0]), float(point[1])] for point in points])
    if len(ring) < 4 or not np.isfinite(ring).all():
        raise ValueError("ring")
    return ring[:-1] if (ring[0] == ring[-1]).all() else ring


def _not_a_map(name: str, found: str) -> PublishFault:
    return PublishFault(
        "FL-PUB-08",
        "this is not a map of areas",
        found=f"{name}: {found}",
        fix="give a GeoJSON FeatureCollection of Polygon and MultiPolygon features",
    )
