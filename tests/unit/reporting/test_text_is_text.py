"""Labels are text and not mathematics, in every picture and page: "$" neither disappears nor stops a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import fl_estimate as fl
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.pictures.drawing import svg
from fl_estimate.reporting.pictures.maps import draw_map
from tests.unit.reporting.test_maps import collection, texts

AWKWARD = ["$100–$200", "a_b^c", r"\frac", r"$\frac$", "North $", "_South"]


def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"wage": np.repeat(AWKWARD, 600), "ea": np.arange(3600) // 20, "w": 100.0})
    rate = dict(zip(AWKWARD, (0.0, 0.02, 0.035, 0.07, 0.05, 0.01), strict=True))
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


LISTS = [
    "Ministère de l'Égalité & Santé publique (réseau national d'assistance)",
    "$100–$200",
    "<ONG> Unidad_de_Investigación^2",
]


def case_lists(several: int = 3) -> fl.CaptureHistories:
    rows = [(1, 0, 0, 80), (0, 1, 0, 90), (0, 0, 1, 70), (1, 1, 0, 30), (1, 0, 1, 22), (0, 1, 1, 33), (1, 1, 1, 11)]
    frame = pd.DataFrame(rows, columns=[*LISTS, "count"])
    kept = LISTS[:several]
    frame = frame[frame[kept].sum(axis=1) > 0].groupby(kept, as_index=False)["count"].sum()
    return fl.CaptureHistories.from_counts(frame, lists=kept, count="count")


@pytest.fixture(scope="module")
def appraisal() -> fl.capture_recapture.Appraisal:
    return fl.capture_recapture.appraise(case_lists(), replicates=20, draws=100, seed=1)


def of_lists(name: str, appraisal: fl.capture_recapture.Appraisal) -> Any:
    cr = fl.capture_recapture
    if name == "overlaps":
        return fl.plot_overlaps(case_lists())
    if name == "methods":
        return fl.plot_methods(appraisal, language="fr")
    if name == "sensitivity":
        return fl.plot_sensitivity(appraisal, language="es")
    if name == "linkage":
        return fl.plot_linkage(
            cr.linkage_curve(case_lists(2), missed=[0, 0.1, 0.2], replicates=20, seed=1), language="es"
        )
    if name == "counts":
        counts = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
        return fl.plot_counts(cr.count_profile(counts, frequency="people"), language="fr")
    return fl.plot_plan(*(fl.plan_sample(0.02, n=n) for n in (1_000, 2_000, 4_000)), language="es")


@pytest.mark.parametrize("name", ["overlaps", "methods", "sensitivity", "linkage", "counts", "plan"])
def test_every_word_of_a_picture_stands_on_its_sheet(name: str, appraisal: fl.capture_recapture.Appraisal) -> None:
    figure = of_lists(name, appraisal)
    figure.draw_without_rendering()
    wide, tall = figure.canvas.get_width_height()
    written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert written
    for text in written:
        box = text.get_window_extent()
        inside = box.x0 >= -1 and box.x1 <= wide + 1 and box.y0 >= -1 and box.y1 <= tall + 1
        # Ticks beyond the ends of an axis are kept by matplotlib, and not drawn.
        assert inside or text in [
            label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
        ], text
        assert not (text.get_parse_math() and any(sign in text.get_text() for sign in "$^_"))
    said = " ".join(text.get_text().replace("\n", " ") for text in written)
    if name in ("overlaps", "sensitivity"):
        assert all(each in said for each in LISTS)
    if name == "plan":
        assert all(f"n = {size}" in said for size in ("1000", "2000", "4000"))
    if name == "linkage":
        ticks = figure.axes[0].get_xticks()
        assert (ticks == np.round(ticks)).all()  # as they are written


def test_the_words_under_an_axis_end_on_the_sheet(direct: fl.Estimates) -> None:
    figure = fl.plot(direct, language="fr")
    figure.draw_without_rendering()
    label = figure.axes[0].xaxis.label
    assert label.get_text()
    assert label.get_window_extent().x1 <= figure.canvas.get_width_height()[0]


def test_a_rule_is_text_in_the_page_of_an_allocation() -> None:
    strata = pd.DataFrame({"stratum": ["a", "b"], "population": [100, 200], "prevalence": [0.1, 0.2]})
    made = replace(fl.allocate(strata, n=50, prevalence="prevalence"), rule="<b>equal</b>")
    assert "<b>" not in made._repr_html_()
    assert "&lt;b&gt;equal" in made._repr_html_()
