"""Results side by side: every result drawn and named on one axis, units that differ refused, withheld figures unseen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.codes import UNWEIGHTED
from tests.unit.reporting.made import WITHHELD, estimates

COUNTS = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
LISTS = cr.chapman(fl.CaptureHistories.from_counts(COUNTS, lists=["police", "ngo"]), "police", "ngo")
TOTAL = estimates({}, quantity="total", value=600.0, se=90.0, lower=440.0, upper=800.0, interval_kind="log")


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def marks(figure: Any, marker: str) -> list[float]:
    from matplotlib.lines import Line2D

    return [float(line.get_xdata()[0]) for line in figure.axes[0].findobj(Line2D) if line.get_marker() == marker and len(line.get_xdata()) == 1]  # fmt: skip


def test_the_nation_alone_has_a_line_a_result() -> None:
    figure = fl.compare([TOTAL, LISTS])
    written = texts(figure)
    assert "Survey, design-weighted" in written
    assert "Two case lists, Chapman (police, ngo)" in written
    assert "600 (440–800)" in written
    # Chapman's value by hand: 61 · 91 / 11 − 1; the dark figure stands beside it in no picture.
    assert marks(figure, "o") == [600.0]
    assert marks(figure, "s") == pytest.approx([61 * 91 / 11 - 1])


def test_lists_beside_an_unweighted_survey_are_called_by_their_method() -> None:
    unweighted = estimates(
        {}, quantity="total", value=600.0, se=90.0, lower=440.0, upper=800.0, assumptions=[UNWEIGHTED.assume()]
    )
    written = texts(fl.compare([unweighted, LISTS]))
    assert "Survey, unweighted" in written
    assert "Two case lists, Chapman (police, ngo)" in written


def test_no_line_is_left_empty_below() -> None:
    for figure in (fl.compare([TOTAL, LISTS]), fl.compare([TOTAL, TOTAL], language="fr")):
        assert [text for text in texts(figure) if text != text.strip()] == []


def test_names_and_languages() -> None:
    assert {"enquête", "listes"} <= set(texts(fl.compare({"enquête": TOTAL, "listes": LISTS}, language="fr")))
    stacked = fl.stack({"one": TOTAL, "other": LISTS})
    assert {"one", "other"} <= {text.split(" (")[0] for text in texts(fl.compare(stacked))}
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        fl.compare([TOTAL], language="de")


def test_domains_have_a_block_with_a_key() -> None:
    direct = estimates({}, {"region": "North"}, {"region": "South", "value": 0.02})
    model = estimates({"region": "North", "value": 0.011}, {"region": "South", "value": 0.015}, method="area-binomial",
                      interval_kind="equal-tailed")  # fmt: skip
    figure = fl.compare({"direct": direct, "model": model})
    written = texts(figure)
    assert {"Whole country", "North", "South", "direct", "model"} <= set(written)
    assert sorted(marks(figure, "o")) == pytest.approx([10.0, 10.0, 20.0])
    assert sorted(marks(figure, "s")) == pytest.approx([11.0, 15.0])
    assert any("95% interval" in text for text in written)


def test_published_figures_are_drawn_as_they_may_be_printed() -> None:
    table = estimates({}, {"region": "North"}, {"region": "West", **WITHHELD})
    figure = fl.compare(fl.publish({"survey": table, "again": table}))
    assert all(abs(value - 1000 * WITHHELD["value"]) > 1 for value in marks(figure, "o"))
    assert figure.axes[0].get_xlim()[1] < 1000 * WITHHELD["upper"]


def test_bounds_are_two_results() -> None:
    table = estimates({"bound": "lower"}, {"bound": "upper", "value": 0.02}, by=())
    written = texts(fl.compare({"survey": table}))
    assert {"survey (undetermined counted: none)", "survey (undetermined counted: all)"} <= set(written)


def test_the_truth_stands_beside(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"national": {"adults": 1000, "forced_labour": 555}}), encoding="utf-8")
    figure = fl.compare([TOTAL], truth=path)
    assert marks(figure, "D") == [555.0]
    assert any("◆ true value" in text for text in texts(figure))


def test_whether_results_differ_is_written_below() -> None:
    """Q of 600 ± 90 and Chapman's 503.6 by hand: (difference)² over the sum of the two SE²."""
    other = LISTS.select(quantity="population_size").to_frame().iloc[0]
    q = (600 - other["value"]) ** 2 / (90**2 + other["se"] ** 2)
    (note,) = [text for text in texts(fl.compare([TOTAL, LISTS], test=True)) if "χ²" in text]
    assert f"χ² = {q:.1f}, 1 df" in note
    direct = estimates({}, {"region": "North"}, {"region": "South", "value": 0.02})
    model = estimates({"region": "North", "value": 0.9}, {"region": "South", "value": 0.02}, method="area-binomial")
    (note,) = [text for text in texts(fl.compare({"a": direct, "b": model}, test=True)) if "domains" in text]
    assert "in 1 of 2 domains" in note
    assert any("not tested" in text for text in texts(fl.compare([TOTAL], test=True)))
    one, two = (fl.synthesis.published(v, se=v / 10, source="s") for v in (20.0, 30.0))
    three = {"one": one, "two": two, "both": fl.synthesis.combine([one, two])}
    assert any("1 df" in text for text in texts(fl.compare(three, test=True)))  # the combined one is no third
    assert any("not independent" in text for text in texts(fl.compare({"one": LISTS, "two": LISTS}, test=True)))


def test_refused() -> None:
    for nothing in ([], {}, [1]):
        with pytest.raises(fl.FlError, match="FL-PUB-02"):
            fl.compare(nothing)  # pyright: ignore[reportArgumentType]
    with pytest.raises(fl.FlError, match=r"FL-PUB-05(.|\n)*prevalence.*persons"):
        fl.compare([estimates({}), TOTAL])


def test_units_that_differ_are_not_published_in_one_table() -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-04"):
        fl.publish(fl.stack([estimates({}), TOTAL]))


def test_no_case_is_no_dot_at_zero() -> None:
    none = estimates({}, {"region": "East", "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.012, "cases": 0})
    figure = fl.compare({"survey": none})
    assert 0.0 not in marks(figure, "o")
    assert marks(figure, "|") == pytest.approx([12.0])
