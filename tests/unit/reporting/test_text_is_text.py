"""Labels are text and not mathematics, in every picture and page: "$" neither disappears nor stops a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import fl_estimate as fl
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.drawing import svg
from fl_estimate.reporting.maps import draw_map
from tests.unit.reporting.test_maps import collection, texts

AWKWARD = ["$100–$200", "a_b^c", r"\frac", r"$\frac$", "North $", "_South"]


def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"wage": np.repeat(AWKWARD, 600), "ea": np.arange(3600) // 20, "w": 100.0})
    rate = dict(zip(AWKWARD, (0.0, 0.004, 0.03, 0.05, 0.03, 0.02), strict=True))
    return frame.assign(fl=(rng.random(3600) < frame["wage"].map(rate)).astype(float))


@pytest.fixture(scope="module")
def direct() -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=fl.Design(weights="w", psu="ea"), by="wage")


@pytest.fixture(scope="module")
def model(direct: fl.Estimates) -> fl.Estimates:
    return fl.hierarchical.area(direct, draws=100, seed=1)


def drawn(name: str, direct: fl.Estimates, model: fl.Estimates) -> Any:
    if name == "plot":
        return fl.plot(direct)
    if name == "map":
        return draw_map(fl.publish(direct), read_areas(collection(tuple(AWKWARD), "wage")))
    if name == "shrinkage":
        return fl.plot_shrinkage(direct, model)
    return fl.compare(dict.fromkeys(AWKWARD[:4], direct))


@pytest.mark.parametrize("name", ["plot", "map", "shrinkage", "compare"])
def test_dollars_stay(name: str, direct: fl.Estimates, model: fl.Estimates, tmp_path: Path) -> None:
    figure = drawn(name, direct, model)
    written = texts(figure)
    for label in AWKWARD[:4] if name == "compare" else AWKWARD:
        assert any(label in text for text in written), (label, written)
    awkward = [text for text in figure.findobj(Text) if any(label in text.get_text() for label in AWKWARD)]
    assert not any(text.get_parse_math() for text in awkward)
    # Outside our own writers as well: the user's savefig, in the session's own style.
    figure.savefig(tmp_path / "out.png")
    assert "$100–$200" in svg(figure, "x")


def test_pages_and_files(direct: fl.Estimates, tmp_path: Path) -> None:
    published = fl.publish(direct)
    for ending in (".svg", ".png", ".pdf"):
        assert published.plot(tmp_path / f"p{ending}").stat().st_size > 1_000
    page = published.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    for label in ("$100–$200", "a_b^c", r"$\frac$", "North $"):
        assert label in page
