"""The picture of a plan: one band a plan, the number planned marked, in three languages."""

from __future__ import annotations

import numpy as np
import pytest

import fl_estimate as fl


@pytest.mark.parametrize(
    ("language", "label"), [("en", "prevalence 1.00%"), ("fr", "prévalence 1,00"), ("es", "prevalencia 1,00")]
)
def test_bands_and_words(language: str, label: str) -> None:
    plans = [fl.plan_sample(0.01, n=2_000, deff=deff) for deff in (1.0, 2.0)]
    axes = fl.plot_plan(*plans, language=language).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 2
    assert texts[0].startswith(label)
    points = [np.asarray(path.vertices) for collection in axes.collections for path in collection.get_paths()]
    assert {round(float(one[0, 0])) for one in points if len(one) == 2} == {2_000}


def test_none_and_too_many() -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.plot_plan()
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.plot_plan(*[fl.plan_sample(0.01, n=100)] * 5)
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        fl.plot_plan(fl.plan_sample(0.01, n=100), language="de")


def test_four_plans_are_drawn_each_under_its_own_line() -> None:
    plans = [fl.plan_sample(0.01, n=2_000, deff=deff) for deff in (1.0, 1.5, 2.0, 3.0)]
    legend = fl.plot_plan(*plans).axes[0].get_legend()
    assert legend is not None
    assert len({text.get_text() for text in legend.get_texts()}) == 4
