"""Pictures of curves: every printed point stands where its number says, the ends apart, what is withheld is not drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.reporting.layout import layout
from fl_estimate.reporting.pictures.curve_figures import is_curve, lines_of, positions
from fl_estimate.reporting.pictures.figures import in_full
from tests.disclosure.test_scenarios import people as of_regions
from tests.unit.estimators.sensitivity.open_people import open_people, sample
from tests.unit.estimators.sensitivity.test_delta_curve import REASONS, plain


def by_reason() -> fl.Estimates:
    made = open_people(sample(), share=[0.25] * 60, reasons=REASONS, draws=4)
    return fl.delta_curve(made, "fl", reasons=["refusal", "missing"], odds=[2])


def solid(axes: Any) -> list[Any]:
    """Lines of values: thick ones."""
    return [line for line in axes.lines if line.get_linewidth() > 1.5]


def test_points_stand_over_their_odds_in_printed_units() -> None:
    (axes,) = plain().plot().axes
    (line,) = solid(axes)
    assert line.get_xdata().tolist() == [-2, -1, 0, 1, 2, 3]
    # 5 per cent and more is written in per cent
    assert line.get_ydata().tolist() == pytest.approx((100 * plain().frame["value"].iloc[1:-1]).tolist())
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "none",
        "×0.25",
        "×0.5",
        "×1",
        "×2",
        "×4",
        "×8",
        "all",
    ]


def test_ends_stand_apart_and_are_joined_by_dots() -> None:
    odds = np.array([0.0, 0.5, 1.0, 2.0, np.inf])
    at = positions(odds, odds[1:4])
    assert at.tolist() == pytest.approx([-2.3, -1, 0, 1, 2.3])
    (axes,) = plain().plot().axes
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert len(dotted) == 2
    marks = [line for line in axes.lines if line.get_marker() == "D"]
    assert sorted(float(mark.get_ydata()[0]) for mark in marks) == pytest.approx([5.0, 15.0])


def test_each_reason_has_a_line_of_its_own_dash_and_name() -> None:
    (axes,) = by_reason().plot(language="fr").axes
    lines = solid(axes)
    assert len({str(line._dash_pattern) for line in lines}) == 2
    assert {"refus", "réponse manquante"} <= {text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["aucune", "×1", "×2", "toutes"]


def test_undercoverage_is_drawn_over_the_relative_prevalence() -> None:
    curve = fl.undercoverage_curve(
        fl.estimate_prevalence(sample(), "fl", unknown="no", design=fl.Design(weights="w", psu="ea")), 0.1
    )
    (axes,) = curve.plot(language="es").axes
    (line,) = solid(axes)
    assert line.get_xdata().tolist() == [0, 0.5, 1, 2, 5, 10]
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["×0", "×0,5"]


def test_what_is_withheld_is_not_drawn() -> None:
    curve = fl.delta_curve(of_regions(), "fl", by="region", odds=[2])
    chosen = fl.publish(curve).tables[0]
    sheet = layout(chosen)
    # five lines are too many for one picture
    assert not is_curve(sheet)
    drawn = {line.label: np.isfinite(line.value).all() for line in lines_of(sheet)}
    assert not drawn["D"]
    assert drawn["Whole country"] or sum(drawn.values()) >= 2


def test_other_tables_are_no_curves() -> None:
    made = open_people(sample(), share=[0.25] * 60, reasons=REASONS)
    for other in (
        fl.estimate_prevalence(made, "fl"),
        fl.adjustment_steps(made, "fl"),
        fl.tipping_point(plain(), times=1.1),
    ):
        assert not is_curve(layout(in_full(other)))
    assert is_curve(layout(in_full(plain())))


def test_a_report_holds_the_curve(tmp_path: Any) -> None:
    made = open_people(sample(), share=[0.25] * 60, reasons=REASONS, draws=4)
    page = (
        fl.publish({"curve": fl.delta_curve(made, "fl")}).to_html(tmp_path / "r.html", "es").read_text(encoding="utf-8")
    )
    assert page.count("<svg") == 1
    assert "faltantes al azar" in page
    # multiples are written as the language writes numbers
    assert "(×0,25)" in page


def test_steps_are_drawn_as_a_waterfall() -> None:
    """An arrow goes from the figure above it to that below; what was drawn for few people is not drawn."""
    made = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    steps = fl.adjustment_steps(made, "fl")
    (axes,) = steps.plot(language="fr").axes
    values = (
        100
        * steps.frame.loc[
            steps.frame["term"].isin(["design_weights", "unknown_counted_as_no", "imputed"]), "value"
        ].to_numpy()
    )
    bars = [line for line in axes.lines if line.get_linewidth() == 6.5]
    drawn = [value for bar in bars for value in bar.get_xdata()]
    assert drawn == pytest.approx([values[0], values[1], values[1], values[2]])
    heads = [line.get_marker() for line in axes.lines if line.get_marker() in ("<", ">")]
    assert heads == ["<", ">"]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("→ variation") == 2
    assert "Réponses inconnues imputées" in texts
    few = open_people(sample(unknown=2), share=[0.5] * 2, reasons=["refusal"] * 2)
    (axes,) = fl.plot(fl.publish(fl.adjustment_steps(few, "fl"))).axes
    assert len([line for line in axes.lines if line.get_linewidth() == 6.5]) == 1


def test_steps_of_domains_name_each_domain_once() -> None:
    made = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    (axes,) = fl.adjustment_steps(made, "fl", by="region").plot().axes
    texts = [text.get_text() for text in axes.texts]
    assert sum("South" in text for text in texts) == sum("North" in text for text in texts) == 1
    assert texts.count("→ change") == 6


def test_words_of_changes() -> None:
    made = open_people(sample(), share=[0.5] * 60, reasons=["refusal"] * 60)
    (table,) = fl.publish(fl.adjustment_steps(made, "fl")).tables
    said = {
        language: [row.label for row in layout(table, language).rows if row.record] for language in ("en", "fr", "es")
    }
    assert said["en"][3] == "Change: unknown answers imputed"
    assert said["fr"][3] == "Variation\u00a0: réponses inconnues imputées"
    assert said["es"][3] == "Variación: respuestas desconocidas imputadas"
