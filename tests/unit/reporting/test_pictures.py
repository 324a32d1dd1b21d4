"""Every picture holds what it held when it was looked at: lines, marks and figures in their places, whatever their colours and words.

After a change that is meant: `python -m tests.unit.reporting.pictures FOLDER`, look at the pictures, and keep the new record.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import fl_estimate as fl
from fl_estimate.reporting import layout
from fl_estimate.reporting.pictures import (
    compare,
    count_figures,
    curve_figures,
    drawing,
    figures,
    linkage_figures,
    lists_figures,
    maps,
    planning,
    shrinkage,
    weights_figures,
)
from tests.unit.reporting.made import estimates
from tests.unit.reporting.pictures import CASES, RECORD, record

READ = (
    compare,
    count_figures,
    curve_figures,
    drawing,
    figures,
    layout,
    linkage_figures,
    lists_figures,
    maps,
    planning,
    shrinkage,
    weights_figures,
)
"""The modules that this file is about."""
KEPT: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))


def same(found: Any, kept: Any, where: str) -> None:
    if isinstance(kept, dict):
        assert found.keys() == kept.keys(), where
        for key, value in kept.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(kept, list):
        assert len(found) == len(kept), where
        for position, value in enumerate(kept):
            same(found[position], value, f"{where}[{position}]")
    elif isinstance(kept, float):
        # Five digits are kept; a text's width may end another way in the last.
        assert found == pytest.approx(kept, rel=2e-3, abs=2e-3), where
    else:
        assert found == kept, where


def inside(figure: Any) -> None:
    """No figure and no name is cut off, and none is printed on another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawer, (wide, high) = canvas.get_renderer(), canvas.get_width_height()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    boxes = [text.get_window_extent(drawer) for text in texts if text.get_visible()]
    for text, box in zip(texts, boxes, strict=True):
        assert -1 <= box.x0 < box.x1 <= wide + 1, text
        assert -1 <= box.y0 < box.y1 <= high + 1, text
    for position, box in enumerate(boxes):
        assert not any(box.shrunk(0.8, 0.8).overlaps(other.shrunk(0.8, 0.8)) for other in boxes[position + 1 :]), texts[
            position
        ]


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_the_one_that_was_looked_at(name: str) -> None:
    figure = CASES[name]()
    same(json.loads(json.dumps(record(figure))), KEPT[name], name)
    inside(figure)


def test_every_picture_is_kept() -> None:
    assert list(KEPT) == list(CASES)


def test_a_record_sees_a_line_that_is_elsewhere_and_not_another_word() -> None:
    kept = record(fl.plot(estimates({})))
    same(record(fl.plot(estimates({}))), kept, "")
    with pytest.raises(AssertionError):
        same(record(fl.plot(estimates({"upper": 0.015}))), kept, "")
    same(record(fl.plot(estimates({}, outcome="another"))), kept, "")


def test_no_picture_says_an_ellipsis_for_a_parameter_that_nobody_gave() -> None:
    """A text that is said without one of its parameters has … in its place; pictures have none on purpose."""
    assert not [name for name, kept in KEPT.items() if "…" in json.dumps(kept, ensure_ascii=False)]
