"""Where panels and keys stand on a sheet: beside each other, none on another, all on the paper."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.disclosure.solver import exposed
from fl_estimate.reporting.disclosure.system import SystemBuilder
from fl_estimate.reporting.pictures.maps import draw_map
from tests.unit.reporting.made import estimates
from tests.unit.reporting.pictures import _published_lists


def square(names: list[str], width: float) -> dict[str, Any]:
    """Areas beside each other, so wide that all together are one unit high and `width` wide."""
    step = width / len(names)
    rings = [
        [[at * step, 0], [(at + 1) * step, 0], [(at + 1) * step, 1], [at * step, 1], [at * step, 0]]
        for at in range(len(names))
    ]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"region": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
            for name, ring in zip(names, rings, strict=True)
        ],
    }


@pytest.mark.parametrize(("width", "results", "across"), [(1.0, 2, 2), (1.0, 3, 2), (4.0, 2, 1), (1.0, 1, 1)])
def test_maps_stand_side_by_side_unless_they_are_wide(width: float, results: int, across: int) -> None:
    names = ["N", "S"]
    made = {
        f"r{at}": estimates(*({"region": name, "value": 0.01 * (at + 1)} for name in names)) for at in range(results)
    }
    stacked = fl.stack(made) if results > 1 else made["r0"]
    figure = draw_map(fl.publish(stacked), read_areas(square(names, width)))
    panels = [axes.get_position() for axes in figure.axes[:results]]
    spots = [spot.bounds for spot in panels]
    assert len({round(x, 3) for x, _, _, _ in spots}) == across
    assert all(0 <= x and x + wide <= 1 + 1e-9 and 0 <= y and y + high <= 1 + 1e-9 for x, y, wide, high in spots)
    for a, b in combinations(panels, 2):
        assert a.x1 <= b.x0 + 1e-9 or b.x1 <= a.x0 + 1e-9 or a.y1 <= b.y0 + 1e-9 or b.y1 <= a.y0 + 1e-9
    # From left to right, then down: the first panel is the first result.
    assert spots == sorted(spots, key=lambda spot: (-round(spot[1], 3), spot[0]))
    assert all(y >= 1.0 / figure.get_figheight() for _, y, _, _ in spots)  # above the key


def test_long_names_of_pairs_stand_in_a_key_under_the_axes() -> None:
    shown = _published_lists()
    long = replace(
        shown,
        sensitivity=shown.sensitivity.assign(
            interaction=[f"{name} of a very long name: and another" for name in shown.sensitivity["interaction"]]
        ),
    )
    figure = fl.plot_sensitivity(long)
    (legend,) = figure.legends
    figure.canvas.draw()
    paper, axes = figure.bbox, figure.axes[0]
    key, drawn = legend.get_window_extent(), axes.get_window_extent()
    assert 0 <= key.x0 < 0.15 * paper.width
    assert key.x1 <= paper.width
    assert -1 <= key.y0
    assert key.y1 <= drawn.y0
    assert not axes.texts
    # The one that moves the number most comes first.
    spans = long.sensitivity.groupby("interaction")["value"].agg(lambda values: values.max() - values.min())
    assert legend.get_texts()[0].get_text().replace("\n", " ") == spans.idxmax()
    assert not fl.plot_sensitivity(shown).legends


@pytest.mark.parametrize(("most", "bare"), [(1e7, False), (9_999_999.0, False), (9_998_000.0, True)])
def test_large_sums_are_met_to_a_millionth(most: float, bare: bool) -> None:
    """Ten million less one is as good as ten million: what a solver takes as met is a share of the figure, not a unit."""
    draft = SystemBuilder()
    person_months = draft.unknown(most, 0.0, 1e7, integer=False)
    cell = draft.cell(1.0, withheld=True)
    draft.row([person_months], -np.inf, most)
    draft.target([person_months], cell, 0.0, 1e7)
    assert exposed(draft.built(), np.array([True])).tolist() == [bare]


def test_frames_of_pictures_are_not_changed() -> None:
    shown = _published_lists()
    before = shown.sensitivity.copy()
    fl.plot_sensitivity(shown)
    pd.testing.assert_frame_equal(shown.sensitivity, before)
