"""Maps: every area of the table must be on the map, withheld ones are hatched, figures stand inside their area."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

import fl_estimate as fl
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.maps import draw_map, label_point
from fl_estimate.reporting.palette import FAINT, HATCH, LIMIT_HATCH
from tests.unit.reporting.made import country, estimates

PLACES = ("North", "South", "East", "West")


def square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def collection(names: tuple[str, ...] = PLACES, key: str = "region") -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {key: name},
            "geometry": {"type": "Polygon", "coordinates": [square(float(place), 0.0)]},
        }
        for place, name in enumerate(names)
    ]
    return {"type": "FeatureCollection", "features": features}


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_figures_and_names_stand_in_their_areas() -> None:
    figure = draw_map(fl.publish(country()), read_areas(collection()))
    written = texts(figure)
    for expected in ("North", "12.0", "South", "20.0\u2009†", "East", "≤ 16", "West", "not published"):
        assert expected in written, expected
    assert not any("123" in text for text in written)
    shown: list[Any] = list(figure.axes[0].texts)
    place = next(text.xy for text in shown if text.get_text() == "12.0")
    assert 0 < place[0] < 1


def test_withheld_areas_are_hatched_and_limits_dotted_and_neither_is_shaded() -> None:
    figure = draw_map(fl.publish(country()), read_areas(collection()))
    hatched = {patch.get_hatch(): patch.get_facecolor() for patch in figure.axes[0].patches if patch.get_hatch()}
    assert set(hatched) == {HATCH, LIMIT_HATCH}
    assert set(hatched.values()) == {to_rgba(FAINT)}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("upper limit only: few cases or none", "not published", "† use with caution")),
        ("fr", ("limite supérieure seule\u00a0: peu de cas ou aucun", "non publié", "† à utiliser avec prudence")),
        ("es", ("solo límite superior: pocos casos o ninguno", "no publicado", "† usar con precaución")),
    ],
)
def test_what_marks_mean_stands_under_the_map(language: str, words: tuple[str, ...]) -> None:
    written = texts(draw_map(fl.publish(country()), read_areas(collection()), language=language))
    assert set(words) <= set(written)


def test_marks_that_are_not_on_the_map_are_not_explained() -> None:
    published = fl.publish(estimates(*({"region": place} for place in PLACES)))
    written = texts(draw_map(published, read_areas(collection())))
    assert not {"not published", "upper limit only: few cases or none", "† use with caution"} & set(written)


def test_a_stack_has_a_map_for_each_result_on_one_scale() -> None:
    first = estimates(*({"region": place} for place in PLACES))
    second = estimates(*({"region": place, "value": 0.05} for place in PLACES))
    figure = draw_map(fl.publish(fl.stack({"survey": first, "model": second})), read_areas(collection()))
    maps = [axes for axes in figure.axes if axes.texts]
    assert [axes.get_title(loc="left") for axes in maps] == ["survey", "model"]
    for axes, value in zip(maps, ("1.00", "5.00"), strict=True):
        written = [text.get_text() for text in axes.texts]
        assert written.count(value) == 4
        assert written.count("North") == 1
    faces = [axes.patches[0].get_facecolor() for axes in maps]
    assert faces[0] != faces[1]


def test_a_model_of_areas_is_mapped() -> None:
    table = pd.DataFrame({"region": PLACES, "n": 900, "deff": 1.0, "value": [0.01, 0.02, 0.03, 0.02]})
    model = fl.hierarchical.area(table, draws=50, seed=1)
    written = texts(draw_map(fl.publish(model), read_areas(collection())))
    assert set(PLACES) <= set(written)


def test_areas_without_an_estimate_are_white_and_said_so() -> None:
    figure = draw_map(fl.publish(country()), read_areas(collection((*PLACES, "Island"))), language="es")
    assert "sin estimación" in texts(figure)
    assert "Island" not in texts(figure)


def test_written_to_a_file(tmp_path: Path) -> None:
    source = tmp_path / "areas.geojson"
    source.write_text(json.dumps(collection(key="name")), encoding="utf-8")
    path = fl.publish(country()).map(source, tmp_path / "map.svg", by="region", key="name", language="fr")
    assert "non publié" in path.read_text(encoding="utf-8")


def test_prevalences_come_before_totals() -> None:
    made = country()
    published = fl.publish({"total": made["total_2"], "share": made["prevalence_1"]})
    assert "Prevalence per 1,000" in texts(draw_map(published, read_areas(collection())))


def test_bounds_show_the_lower_one() -> None:
    made = estimates({"region": "North", "bound": "lower"}, {"region": "North", "bound": "upper", "value": 0.03})
    assert "10.0" in texts(draw_map(fl.publish(made), read_areas(collection())))


def test_areas_that_are_not_on_the_map_are_an_error() -> None:
    areas = read_areas(collection(("Nort", "South", "East", "West")))
    with pytest.raises(fl.FlError, match=r"FL-PUB-10(.|\n)*'North': nearest is 'Nort'"):
        draw_map(fl.publish(country()), areas)
    with pytest.raises(fl.FlError, match="FL-PUB-10"):
        draw_map(fl.publish(country()), read_areas(collection()), by="region", key="code")


def test_no_estimates_by_area_is_an_error() -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-09"):
        draw_map(fl.publish(estimates({})), read_areas(collection()))
    with pytest.raises(fl.FlError, match="FL-PUB-09"):
        draw_map(fl.publish(country()), read_areas(collection()), by="district")


BROKEN: list[Any] = [
    {},
    {"features": []},
    {"features": [{"properties": {}, "geometry": {"type": "Point", "coordinates": [0, 0]}}]},
    {"features": [{"properties": {}, "geometry": None}]},
    {"features": [{"properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}]},
    {
        "features": [
            {"properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, "x"], [0, 0]]]}}
        ]
    },
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_map_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-08"):
        read_areas(broken)


def test_files_that_are_no_map_are_refused(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        read_areas(tmp_path / "none.geojson")
    (tmp_path / "areas.geojson").write_text("{", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-08"):
        read_areas(tmp_path / "areas.geojson")


def test_several_polygons_and_holes() -> None:
    shape = {"type": "MultiPolygon", "coordinates": [[square(0, 0, 4), square(1, 1, 2)], [square(9, 9, 1)]]}
    (area,) = read_areas({"features": [{"properties": {"region": "A"}, "geometry": shape}]})
    assert [len(rings) for rings in area.polygons] == [2, 1]
    x, y = label_point(area.polygons)
    assert 0 < x < 4
    assert 0 < y < 4
    assert not (1 < x < 3 and 1 < y < 3)  # not in the hole


def test_the_label_of_a_crooked_area_is_inside_it() -> None:
    """An L: its centre of mass lies outside the foot and the stem."""
    ring = np.array([[0.0, 0], [10, 0], [10, 1], [1, 1], [1, 10], [0, 10]])
    x, y = label_point([[ring]])
    assert (0 < x < 10 and 0 < y < 1) or (0 < x < 1 and 0 < y < 10)
