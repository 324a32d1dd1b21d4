"""The made-up map tiles: districts share their borders, do not cross, and make up the regions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fl_estimate.datasets.geography import DISTRICTS, PER_REGION, REGIONS, Ring, feature_collection, outlines


def area(ring: Ring) -> float:
    """Signed area by the shoelace formula: positive is counterclockwise."""
    x, y = np.array(ring).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def segments(ring: Ring) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return list(pairwise(ring))


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, Ring], dict[str, Ring]]:
    return outlines(np.random.default_rng(4))


def test_every_outline_is_a_closed_counterclockwise_ring(drawn: tuple[dict[str, Ring], dict[str, Ring]]):
    for ring in (*drawn[0].values(), *drawn[1].values()):
        assert ring[0] == ring[-1]
        assert len(set(ring)) == len(ring) - 1
        assert area(ring) > 0


@pytest.mark.parametrize("seed", range(8))
def test_districts_make_up_their_region(seed: int):
    regions, districts = outlines(np.random.default_rng(seed))
    assert list(regions) == list(REGIONS)
    assert list(districts) == list(DISTRICTS)
    for index, region in enumerate(REGIONS):
        inner = DISTRICTS[index * PER_REGION : (index + 1) * PER_REGION]
        assert area(regions[region]) == pytest.approx(sum(area(districts[name]) for name in inner), rel=1e-12)


def test_a_border_is_walked_once_each_way(drawn: tuple[dict[str, Ring], dict[str, Ring]]):
    """No gap and no overlap: every stretch is walked by one district forwards and, unless a coast, one backwards."""
    walked = [stretch for ring in drawn[1].values() for stretch in segments(ring)]
    assert len(set(walked)) == len(walked)
    inner = [stretch for stretch in walked if stretch[::-1] in set(walked)]
    assert 0.4 < len(inner) / len(walked) < 0.9


@pytest.mark.parametrize("seed", [4, 5])
def test_borders_do_not_cross(seed: int):
    _, districts = outlines(np.random.default_rng(seed))
    stretches = sorted({(min(s), max(s)) for ring in districts.values() for s in segments(ring)})
    a, b = (np.array([stretch[end] for stretch in stretches]) for end in (0, 1))

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    first, second = (a[:, None], b[:, None]), (a[None], b[None])
    across = (side(*first, second[0]) * side(*first, second[1]) < 0) & (
        side(*second, first[0]) * side(*second, first[1]) < 0
    )
    assert not across.any()


def test_geojson_names_its_places(drawn: tuple[dict[str, Ring], dict[str, Ring]]):
    collection = feature_collection(drawn[1], "district", region=dict.fromkeys(DISTRICTS, "somewhere"))
    assert collection["type"] == "FeatureCollection"
    assert [feature["properties"]["district"] for feature in collection["features"]] == list(DISTRICTS)
    assert collection["features"][0]["properties"]["region"] == "somewhere"
    assert collection["features"][0]["geometry"]["type"] == "Polygon"
