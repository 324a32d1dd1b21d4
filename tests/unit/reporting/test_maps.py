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
from fl_estimate.reporting.pictures.maps import draw_map, label_point
from fl_estimate.reporting.pictures.palette import FAINT, HATCH, LIMIT_HATCH
from tests.unit.reporting.made import country, estimates

PLACES = ("North", "South", "East", "West")


def square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def collection(names: tuple[str, ...] = PLACES, key: str = "region") -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {key: name},
            "geometry": {"type": "Polygon", "coordinates": [square(float(position), 0.0)]},
        }
        for position, name in enumerate(names)
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
    position = next(text.xy for text in shown if text.get_text() == "12.0")
    assert 0 < position[0] < 1


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


@pytest.mark.parametrize(
    ("highest", "ticks"), [(0.0108, {"0,0", "2,5", "5,0", "7,5", "10,0"}), (0.0041, {"0", "1", "2", "3", "4"})]
)
def test_numbers_along_the_colours_are_not_rounded(highest: float, ticks: set[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"region": name, "value": highest / (1 + place), "lower": 0.0005, "upper": 0.02}
        for place, name in enumerate(PLACES)
    ]
    figure = draw_map(fl.publish(estimates({}, *rows)), read_areas(collection()), language="fr")
    figure.draw_without_rendering()
    bar: Any = figure.axes[-1]
    shown = [label.get_text() for label in bar.get_xticklabels()]
    assert ticks <= set(shown), shown
    assert [float(label.replace(",", ".")) for label in shown] == pytest.approx(list(bar.get_xticks()))


def test_marks_that_are_not_on_the_map_are_not_explained() -> None:
    published = fl.publish(estimates(*({"region": position} for position in PLACES)))
    written = texts(draw_map(published, read_areas(collection())))
    assert not {"not published", "upper limit only: few cases or none", "† use with caution"} & set(written)


def test_a_stack_has_a_map_for_each_result_on_one_scale() -> None:
    first = estimates(*({"region": position} for position in PLACES))
    second = estimates(*({"region": position, "value": 0.05} for position in PLACES))
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


def strips(widths: dict[str, float], tall: float = 3.0) -> dict[str, Any]:
    """Areas side by side, as wide as they are told to be."""
    left, features = 0.0, list[dict[str, Any]]()
    for name, wide in widths.items():
        ring = [[left, 0.0], [left + wide, 0.0], [left + wide, tall], [left, tall], [left, 0.0]]
        features.append(
            {"type": "Feature", "properties": {"region": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
        left += wide
    return {"type": "FeatureCollection", "features": features}


def of_regions(names: list[str]) -> fl.Estimates:
    rng = np.random.default_rng(1)
    size = 400 * len(names)
    people = pd.DataFrame({"ea": np.arange(size) // 20, "region": np.array(names)[np.arange(size) // 20 % len(names)]})
    people["fl"] = (rng.random(size) < 0.1).astype(int)
    return fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="region")


def test_names_of_narrow_areas_do_not_lie_on_each_other() -> None:
    """Two lines where a name has two words, up the area where it is tall, shortened where it is neither."""
    widths = {
        "$100–$200": 3.0, "Département de l'Ouest-Montagneux": 0.3, "São João_del^2 \\alpha": 2.0, "Å": 0.15,
        "Narrow & tall province": 0.45, "Wee": 0.25, "Longname-without-break-at-all": 1.0,
    }  # fmt: skip
    figure = fl.plot_map(of_regions(list(widths)), strips(widths))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    left = 0.0
    ends = {name: (left := left + wide) for name, wide in widths.items()}
    found: dict[str, Any] = {}
    for text in axes.texts:
        name = next((each for each in widths if text.get_text().replace("\n", " ") == each), None)
        if name is not None:
            found[name] = text
    assert found.keys() == widths.keys()
    for name, text in found.items():
        box = text.get_window_extent().transformed(axes.transData.inverted())
        assert box.x0 >= ends[name] - widths[name] - 0.02, name
        assert box.x1 <= ends[name] + 0.02, name
        assert box.y0 >= 0, name
        assert box.y1 <= 3, name
    assert found["Wee"].get_rotation() == 0
    assert found["Département de l'Ouest-Montagneux"].get_rotation() == 90
    # A strip has its label in the middle, not at an end.
    assert 1.0 < found["Wee"].xy[1] < 2.0


def test_the_quantity_of_a_map_can_be_chosen() -> None:
    """Of one result with the people and those whom nobody knows, and of several tables."""
    rows = [(1, 0, 0, 80), (0, 1, 0, 90), (0, 0, 1, 70), (1, 1, 0, 30), (1, 0, 1, 22), (0, 1, 1, 33), (1, 1, 1, 11)]
    frame = pd.DataFrame(rows, columns=["a", "b", "c", "count"])
    lists = fl.CaptureHistories.from_counts(frame, lists=["a", "b", "c"], count="count")
    sizes = fl.hierarchical.capture_recapture({"N": lists, "S": lists}, terms="main", by="region", draws=100, seed=1)
    geojson = strips({"N": 1.0, "S": 1.0})
    people, dark = (" ".join(texts(sizes.map(geojson, quantity=each))) for each in ("population_size", "dark_figure"))
    assert people == " ".join(texts(sizes.map(geojson)))
    assert people != dark
    survey = pd.DataFrame(
        {"ea": np.arange(400) // 10, "region": list("NS") * 200, "w": 50.0, "fl": ([0] * 7 + [1]) * 50}
    )
    design = fl.Design(weights="w", psu="ea", expands=True)
    both = fl.publish({
        "share": fl.estimate_prevalence(survey, "fl", design=design, by="region"),
        "number": fl.estimate_total(survey, "fl", design=design, by="region"),
    })  # fmt: skip
    share, number = (" ".join(texts(fl.plot_map(both, geojson, quantity=each))) for each in ("prevalence", "total"))
    assert share == " ".join(texts(fl.plot_map(both, geojson)))
    assert share != number
    with pytest.raises(fl.FlError, match=r"FL-PUB-41(.|\n)*population_size"):
        sizes.map(geojson, quantity="mean")


def test_a_map_shows_one_quantity_of_all_areas_whatever_stands_between_their_rows() -> None:
    """Number of people and dark figure of each area follow each other: the map is of the first."""
    rows = [
        {"region": name, "quantity": quantity, "value": 1000.0 * position + more, "lower": 900.0, "upper": 9000.0, "se": 50.0}
        for position, name in enumerate(PLACES, 1) for quantity, more in (("population_size", 10), ("dark_figure", 3))
    ]  # fmt: skip
    made = estimates(*rows, outcome="", method="chapman", basis="lists", cases=None, df=None)
    written = texts(draw_map(fl.publish(made), read_areas(collection())))
    assert [text for text in written if text in ("1,010", "2,010", "3,010", "4,010")] == [
        "1,010",
        "2,010",
        "3,010",
        "4,010",
    ]
    assert not {"1,003", "2,003", "3,003", "4,003"} & set(written)
