"""The picture of weights: shares add up, the steps are told apart, answers stand by fifth, words in three languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.reporting.test_maps import texts

PEOPLE = pd.DataFrame({"w": np.repeat([10.0, 20.0, 30.0, 40.0, 50.0], 20), "came": np.tile([1, 1, 1, 0], 25)})
DESIGN = fl.Design(weights="w")


def test_shares_of_the_distribution_add_up() -> None:
    axes = fl.plot_weights(PEOPLE, design=DESIGN).axes
    assert len(axes) == 1
    outline: Any = axes[0].patches[0]
    assert outline.get_data().values.sum() == pytest.approx(1.0)
    # Kish: 100 · (20 · 5,500)/(20 · 150)² = 1.2222.
    assert "w (1 + cv² = 1.22)" in texts(axes[0].figure)


def test_answers_by_fifth() -> None:
    people = PEOPLE.assign(came=[1] * 20 + [1] * 15 + [0] * 5 + [1] * 10 + [0] * 10 + [1] * 5 + [0] * 15 + [0] * 20)
    axes = fl.plot_weights(people, design=DESIGN, responded="came").axes[1]
    bars: list[Any] = list(axes.patches)
    assert [bar.get_height() for bar in bars] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "20", "30", "40", "50"]


def test_weights_before_and_after_are_both_drawn() -> None:
    kept, design = fl.adjust_nonresponse(PEOPLE.assign(half=np.arange(100) // 50), "came", design=DESIGN, by="half")
    figure = fl.plot_weights(kept, design=design)
    assert len(figure.axes[0].patches) == 2
    assert any(text.startswith("w_adjusted") for text in texts(figure))


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Share of the persons"), ("fr", "Part des personnes"), ("es", "Proporción de personas")],
)
def test_languages(language: str, words: str) -> None:
    assert words in texts(fl.plot_weights(PEOPLE, design=DESIGN, responded="came", language=language))


def test_equal_weights_and_extreme_ones() -> None:
    equal = fl.plot_weights(PEOPLE.assign(w=3.0), design=DESIGN, responded="came")
    assert len(equal.axes[1].patches) == 1
    far = PEOPLE.assign(w=np.r_[PEOPLE["w"].to_numpy()[:-1], 9_000.0])
    assert "more than six interquartile ranges above the median: 1" in texts(fl.plot_weights(far, design=DESIGN))


def test_refusals() -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-06"):
        fl.plot_weights(PEOPLE)
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        fl.plot_weights(PEOPLE, design=DESIGN, language="de")
    with pytest.raises(fl.FlError, match="FL-DESIGN-53"):
        fl.plot_weights(PEOPLE.assign(came="yes"), design=DESIGN, responded="came")
