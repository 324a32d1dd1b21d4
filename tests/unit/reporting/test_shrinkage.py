"""The shrinkage plot shows every area of the model at its direct estimate, and refuses what cannot be laid side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.pictures.picture import Picture
from fl_estimate.reporting.pictures.shrinkage import _name

DIRECT = pd.DataFrame(
    {"district": ["A", "B", "C", "D"], "n": [900, 700, 800, 0], "deff": 1.2, "value": [0.01, 0.0, 0.006, None]}
)


def survey() -> fl.Estimates:
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"district": np.repeat(["A", "B", "C"], 300), "fl": (rng.random(900) < 0.03).astype(int)})
    return fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True), by="district")


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_area_is_drawn(language: str) -> None:
    direct = survey()
    model = fl.hierarchical.area(direct, covariates=None, seed=1)
    figure = fl.plot_shrinkage(direct, model, language=language)
    axes = figure.axes[0]
    points = np.asarray(axes.collections[2].get_offsets())
    frame = model.to_frame()
    np.testing.assert_allclose(points[:, 1], frame["value"])
    assert (
        axes.get_xlabel() == {"en": "Direct estimate", "fr": "Estimation directe", "es": "Estimación directa"}[language]
    )


def test_units_that_differ() -> None:
    direct = survey()
    model = fl.hierarchical.area(direct, seed=1)
    with pytest.raises(fl.FlError, match="FL-PUB-05"):
        fl.plot_shrinkage(direct.per_thousand(), model)
    other = fl.hierarchical.area(DIRECT.assign(outcome="fl"), seed=1)
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.plot_shrinkage(renamed(direct), other)


def renamed(direct: fl.Estimates) -> fl.Estimates:

    frame = direct.frame.assign(district=direct.frame["district"].map(lambda name: f"{name} Town", na_action="ignore"))
    return replace(direct, frame=frame)


@pytest.mark.parametrize("size", [(8.8, 7.0), (3.0, 2.4)])
def test_names_do_not_lie_on_each_other_or_off_the_sheet(size: tuple[float, float]) -> None:
    """Areas that are almost one point have no room for all of their names; one far from them has. On a small sheet there is less."""
    axes: Any = Picture(figsize=size).add_axes((0.06, 0.06, 0.88, 0.88))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    x = np.array([0.1, 0.1001, 0.1002, 0.1003, 0.1004, 0.1005, 0.3, 0.31, 0.8, 0.99])
    y = np.array([0.12, 0.121, 0.122, 0.123, 0.124, 0.125, 0.32, 0.33, 0.7, 0.99])
    _name(axes, x, y, [f"Area {position}" for position in range(10)], (0.0, 1.0))
    named = {text.get_text(): text for text in axes.texts}
    assert 1 < len(named) < 10
    assert {"Area 8", "Area 9"} <= set(named)
    # A name right of its point would run off the sheet at its end: it stands left.
    assert named["Area 9"].get_ha() == "right"
    assert size[0] < 8 or named["Area 8"].get_ha() == "left"
    boxes = [text.get_window_extent() for text in named.values()]
    assert not any(a.overlaps(b) for position, a in enumerate(boxes) for b in boxes[position + 1 :])
    paper = axes.get_figure().bbox
    assert all(box.x0 >= 0 and box.x1 <= paper.width and box.y0 >= 0 and box.y1 <= paper.height for box in boxes)
