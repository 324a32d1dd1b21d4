"""The land of the synthetic country: regions, districts, their covariates and their outlines. Every name is made up.

People live in `population.py`; here are only the 24 districts that they live in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fl_estimate.arrays import Floats

Point = tuple[float, float]
Ring = list[Point]

REGIONS: tuple[str, ...] = ("Avelle", "Borsay", "Corvane", "Dulmara", "Estrand", "Fenmark")
DISTRICTS: tuple[str, ...] = (
    *("Lirmont", "Oskarra", "Pellandre", "Quaivel"),
    *("Brennock", "Haldry", "Mirrow", "Tessany"),
    *("Cawdrel", "Jorvanna", "Nelmoor", "Sarvent"),
    *("Dorrick", "Ilmasse", "Kestova", "Vandry"),
    *("Eldhaven", "Grovane", "Ruskell", "Wenlora"),
    *("Fallowin", "Ombray", "Thirse", "Yaldane"),
)
PER_REGION = len(DISTRICTS) // len(REGIONS)
REGION_SHARE: tuple[float, ...] = (0.30, 0.20, 0.16, 0.13, 0.12, 0.09)
URBAN_SHARE: tuple[float, ...] = (0.72, 0.45, 0.38, 0.30, 0.28, 0.20)
SLOPE_X1 = 0.55
"""Log odds of forced labour that one standard deviation of `x1` adds."""
DISTRICT_SD = 0.25
"""Standard deviation of what `x1` leaves unexplained in the log odds of a district."""

_OUTLINE: Ring = [
    (-2.1, -0.6),
    (-1.2, -1.5),
    (0.6, -1.6),
    (1.9, -0.9),
    (2.2, 0.4),
    (1.3, 1.4),
    (-0.5, 1.6),
    (-1.8, 0.9),
]
"""A convex country; districts are cut from it and their borders then roughened. Longitude, latitude."""
_CENTRES: Ring = [(-1.1, -0.6), (0.2, -0.9), (1.3, -0.2), (0.9, 0.8), (-0.3, 0.9), (-1.2, 0.4)]
_DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Geography:
    """The districts of the country, in the order of `DISTRICTS`.

    Attributes
    ----------
    share : array
        Share of the enumeration areas that a district has; sums to 1.
    urban_share : array
        Share of a district's enumeration areas that are urban.
    migrant_share : array
        Chance that a household came from abroad.
    x1, x2 : array
        Covariates, mean 0 and standard deviation 1. `x1` moves the log odds of forced labour by `SLOPE_X1`;
        `x2` has no correlation with them.
    effect : array
        What a district adds to the log odds of forced labour: ``SLOPE_X1 * x1 + DISTRICT_SD * residual``.
    """

    share: Floats
    urban_share: Floats
    migrant_share: Floats
    x1: Floats
    x2: Floats
    effect: Floats


def region_of(district: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Give the region, by number, of districts given by number."""
    return np.asarray(district, dtype=np.int64) // PER_REGION


def make_geography(rng: np.random.Generator) -> Geography:
    """Draw sizes and covariates of the 24 districts."""
    within = 0.6 + rng.random((len(REGIONS), PER_REGION))
    within /= within.sum(axis=1, keepdims=True)
    share = (np.asarray(REGION_SHARE)[:, None] * within).ravel()
    urban = np.clip(np.repeat(URBAN_SHARE, PER_REGION) + 0.12 * rng.standard_normal(len(DISTRICTS)), 0.08, 0.9)
    migrants = 0.03 + 0.09 * rng.random(len(DISTRICTS))
    smooth = np.repeat(rng.standard_normal(len(REGIONS)), PER_REGION)
    x1 = _standard(smooth + rng.standard_normal(len(DISTRICTS)))
    residual = _standard(rng.standard_normal(len(DISTRICTS)), x1)
    x2 = _standard(rng.standard_normal(len(DISTRICTS)), x1, residual)
    effect = SLOPE_X1 * x1 + DISTRICT_SD * residual
    return Geography(share=share, urban_share=urban, migrant_share=migrants, x1=x1, x2=x2, effect=effect)


def _standard(values: Floats, *others: Floats) -> Floats:
    """Take the mean and everything that `others` explain out of values, then set the standard deviation to 1."""
    rest = values - values.mean()
    for other in others:
        rest = rest - other * (rest @ other) / (other @ other)
    return rest / rest.std()


def outlines(rng: np.random.Generator) -> tuple[dict[str, Ring], dict[str, Ring]]:
    """Draw the outlines of regions and districts: jittered Voronoi cells with roughened borders, which tile.

    Returns
    -------
    regions, districts : dict of str to ring
        Closed rings of (longitude, latitude), counterclockwise.
    """
    positions = [position for centre in _CENTRES for position in _around(centre, rng)]
    cells = [_cell(position, positions) for position in positions]
    rough = _roughen(cells, rng)
    districts = {name: _walk(cell, rough) for name, cell in zip(DISTRICTS, cells, strict=True)}
    regions = {
        name: _walk(_union(cells[index * PER_REGION : (index + 1) * PER_REGION]), rough)
        for index, name in enumerate(REGIONS)
    }
    return regions, districts


def _around(centre: Point, rng: np.random.Generator) -> Ring:
    """Place the four districts of a region round its centre, turned by chance and out of line."""
    turn = 2 * math.pi * rng.random()
    positions: Ring = []
    for quarter in range(PER_REGION):
        angle = turn + math.pi / 2 * (quarter + 0.7 * (rng.random() - 0.5))
        reach = 0.24 + 0.22 * rng.random()
        positions.append((centre[0] + 1.1 * reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return positions


def feature_collection(rings: dict[str, Ring], key: str, **more: dict[str, str]) -> dict[str, Any]:
    """Write rings as a GeoJSON FeatureCollection; each feature's property `key` is its name.

    `more` holds further properties, each a name and its value for every feature.
    """
    features = [
        {
            "type": "Feature",
            "properties": {key: name} | {label: values[name] for label, values in more.items()},
            "geometry": {"type": "Polygon", "coordinates": [[list(point) for point in ring]]},
        }
        for name, ring in rings.items()
    ]
    return {"type": "FeatureCollection", "features": features}


def _cell(position: Point, positions: Ring) -> Ring:
    """Cut the outline down to the points nearer to `place` than to any other place."""
    ring = _OUTLINE
    for other in positions:
        if other != position:
            ring = _cut(ring, position, other)
    corners = [(round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in ring]
    return [corner for index, corner in enumerate(corners) if corner != corners[index - 1]]


def _cut(ring: Ring, position: Point, other: Point) -> Ring:
    """Keep the part of a convex ring on the side of `place` of the line halfway to `other`."""
    nx, ny = other[0] - position[0], other[1] - position[1]
    level = (other[0] ** 2 + other[1] ** 2 - position[0] ** 2 - position[1] ** 2) / 2
    beyond = [x * nx + y * ny - level for x, y in ring]
    kept: Ring = []
    for index, (x, y) in enumerate(ring):
        before, here = beyond[index - 1], beyond[index]
        if (before < 0) != (here < 0):
            px, py = ring[index - 1]
            at = before / (before - here)
            kept.append((px + at * (x - px), py + at * (y - py)))
        if here < 0:
            kept.append((x, y))
    return kept


def _edges(ring: Ring) -> list[tuple[Point, Point]]:
    return [(ring[index - 1], ring[index]) for index in range(len(ring))]


def _roughen(cells: list[Ring], rng: np.random.Generator) -> dict[tuple[Point, Point], Ring]:
    """Give every border one wandering line, the same for both its sides: midpoints are moved three times."""
    borders = sorted({(min(edge), max(edge)) for cell in cells for edge in _edges(cell)})
    lines: dict[tuple[Point, Point], Ring] = {}
    for start, end in borders:
        line = [start, end]
        for swing in (0.10, 0.10, 0.10):
            line = _bend(line, swing, rng)
        lines[(start, end)] = line
    return lines


def _bend(line: Ring, swing: float, rng: np.random.Generator) -> Ring:
    bent = [line[0]]
    for (ax, ay), (bx, by) in pairwise(line):
        aside = swing * (2 * rng.random() - 1)
        middle = ((ax + bx) / 2 - aside * (by - ay), (ay + by) / 2 + aside * (bx - ax))
        bent += [(round(middle[0], _DECIMALS), round(middle[1], _DECIMALS)), (bx, by)]
    return bent


def _union(cells: list[Ring]) -> Ring:
    """Join cells that touch: the borders walked once only are the border of the whole."""
    walked = {edge for cell in cells for edge in _edges(cell)}
    outer = {start: end for start, end in walked if (end, start) not in walked}
    ring = [min(outer)]
    while (following := outer[ring[-1]]) != ring[0]:
        ring.append(following)
    return ring


def _walk(ring: Ring, lines: dict[tuple[Point, Point], Ring]) -> Ring:
    walked: Ring = []
    for start, end in _edges(ring):
        line = lines[(min(start, end), max(start, end))]
        walked += (line if line[0] == start else line[::-1])[:-1]
    return [*walked, walked[0]]
