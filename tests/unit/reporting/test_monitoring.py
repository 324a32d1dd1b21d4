"""Monitoring in words: what is printed and no more, by the test of the difference and not by intervals, in three languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.reporting import few

S = fl.synthesis


def figures(values: Any = (8.1e-3, 5.2e-3), se: float = 0.6e-3, **more: Any) -> dict[str, fl.Estimates]:
    told: dict[str, Any] = {"quantity": "prevalence", "outcome": "forced_labour"} | more
    return {
        year: S.published(value, se=se, reference_period=year, source="a survey", **told)
        for year, value in zip(("2021", "2024", "2027"), values, strict=False)
    }


def said(rounds: dict[str, fl.Estimates], compared: fl.Estimates, language: str = "en") -> str:
    (text,) = fl.monitoring_sentences(fl.publish({**rounds, "compared": compared}), language)
    return text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Forced labour: between 2021 and 2024 the prevalence fell from 8.10 to 5.20 per 1,000 (difference −2.90, 95% CI −4.56 to −1.24; p < 0.001). "
               "The change is larger than what chance would explain."),
        ("fr", "Travail forcé : entre 2021 et 2024, la prévalence a baissé de 8,10 à 5,20 pour 1 000 (différence −2,90, IC à 95 % de −4,56 à −1,24 ; p < 0,001). "
               "La variation dépasse ce que le hasard expliquerait."),
        ("es", "Trabajo forzoso: entre 2021 y 2024, la prevalencia bajó de 8,10 a 5,20 por 1000 (diferencia −2,90, IC del 95 % de −4,56 a −1,24; p < 0,001). "
               "El cambio es mayor de lo que explicaría el azar."),
    ],
)  # fmt: skip
def test_a_fall_in_three_languages(language: str, text: str) -> None:
    """−2.9 with SE 0.6·√2 = 0.849: limits −2.9 ± 1.96 · 0.849, z = −3.42, p = 0.0006."""
    rounds = figures()
    found = said(rounds, S.change(*rounds.values()), language)
    assert found.replace("\u00a0", " ").replace("\u202f", " ") == text


def test_a_change_that_chance_explains_is_no_fall_and_no_proof_of_none() -> None:
    rounds = figures((8.1e-3, 7.4e-3))
    found = said(rounds, S.change(*rounds.values()))
    assert "went from 8.10 to 7.40 per 1,000 (difference −0.70, 95% CI −2.36 to 0.96; p = 0.409)" in found
    assert "not larger than what chance would explain; that does not show that nothing changed" in found
    assert "fell" not in found


def test_intervals_that_overlap_are_no_test() -> None:
    """Z = −2/(0.6√2) = −2.36, p = 0.018, though 8.1 − 1.18 < 6.1 + 1.18."""
    rounds = figures((8.1e-3, 6.1e-3))
    found = said(rounds, S.change(*rounds.values()))
    assert "fell from 8.10 to 6.10" in found
    assert "The intervals of the two rounds overlap, which is no test" in found
    apart = figures()
    assert "overlap" not in said(apart, S.change(*apart.values()))


def test_other_units() -> None:
    percents = figures((0.12, 0.19), 0.01)
    assert "rose from 12.0% to 19.0% (difference 7.0 percentage points, 95% CI 4.2 to 9.8" in said(percents, S.change(*percents.values()))  # fmt: skip
    persons = figures((81_000.0, 52_000.0), 6_000.0, quantity="total")
    assert "the number of persons fell from 81,000 to 52,000 (difference −29,000" in said(persons, S.change(*persons.values()))  # fmt: skip
    ratio = said(figures(), S.change(*figures().values(), scale="ratio"))
    assert "(ratio 0.64" in ratio
    means = figures((40.0, 44.0), 1.0, quantity="mean", outcome="hours")
    assert "the figure rose from 40.0 to 44.0 (difference 4.0" in said(means, S.change(*means.values()))


def test_three_rounds_are_said_as_a_trend_and_bent_ones_as_bent() -> None:
    rounds = figures((8.1e-3, 6.2e-3, 5.0e-3), 0.4e-3)
    found = said(rounds, S.trend(rounds))
    assert found.startswith(
        "Forced labour: from 2021 to 2027, over 3 rounds, the prevalence fell (per year: difference −0.517 per 1,000"
    )
    bent = figures((8.1e-3, 4.0e-3, 8.0e-3), 0.4e-3)
    found = said(bent, S.trend(bent))
    assert "may have changed (per year" in found
    assert "The rounds do not lie on a line (p < 0.001)" in found
    ratio = said(rounds, S.trend(rounds, scale="log"))
    assert "(per year: ratio 0.9" in ratio


def test_every_pair_has_its_own_rounds() -> None:
    rounds = figures((8.1e-3, 6.2e-3, 3.0e-3), 0.4e-3)
    published = fl.publish({**rounds, "changes": S.changes(rounds, pairs="successive")})
    first, second = fl.monitoring_sentences(published)
    assert "between 2021 and 2024 the prevalence fell from 8.10 to 6.20" in first
    assert "between 2024 and 2027 the prevalence fell from 6.20 to 3.00" in second


def test_rounds_that_stand_in_no_table_are_not_said() -> None:
    (text,) = fl.monitoring_sentences(fl.publish(S.change(*figures().values())))
    assert text.startswith(
        "Forced labour: between 2021 and 2024 the prevalence fell (difference −2.90 per 1,000, 95% CI"
    )
    assert "8.1" not in text


def people(cases: int, n: int = 600) -> pd.DataFrame:
    rows = np.arange(n)
    return pd.DataFrame(
        {"fl": (rows % (n // cases) == 3).astype(int) if cases else 0, "w": 50.0 + rows % 7, "ea": rows // 15}
    )


def test_rounds_of_one_call_are_found_by_their_column() -> None:
    joined, design = fl.join_rounds({"2021": people(60), "2024": people(20)}, overlap="none", design=few.DESIGN)
    rounds = fl.estimate_prevalence(joined, "fl", design=design, by="round")
    (text,) = fl.monitoring_sentences(fl.publish({"rounds": rounds, "change": S.changes(rounds, column="round")}))
    assert "between 2021 and 2024 the prevalence fell from 10.0" in text
    assert "to 3.3" in text


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_a_withheld_round_gives_no_figure_away(language: str) -> None:
    """The second round has one case among 600, the rule withholds it; nothing of the change, its size or direction is said."""
    rounds = {
        year: replace(fl.estimate_prevalence(people(cases), "fl", design=few.DESIGN), reference_period=year)
        for year, cases in (("2021", 60), ("2024", 30), ("2027", 1))
    }
    first, second, third = rounds.values()
    for compared in (S.change(first, third), S.trend(rounds), S.changes(rounds)):
        for shown in ({}, rounds, {"2021": first}):
            published = fl.publish({**shown, "compared": compared})
            assert set(published.tables[-1].frame["publication"]) == {"not_published"}
            (text,) = fl.monitoring_sentences(published, language)
            numbers = {"".join(c for c in word if c.isdigit()) for word in text.split()} - {""}
            assert numbers == {"2021", "2027"}, text
    kept = fl.monitoring_sentences(fl.publish({**rounds, "compared": S.change(first, second)}), language)
    assert len(kept) == 1


def test_nothing_was_compared() -> None:
    assert fl.monitoring_sentences(fl.publish(figures())) == []


def test_what_was_not_published_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-763"):
        fl.monitoring_sentences(S.change(*figures().values()))  # pyright: ignore[reportArgumentType]


def test_a_report_says_it_after_the_national_figure() -> None:
    rounds = figures()
    from fl_estimate.reporting.document import Document

    document = Document(published=fl.publish({**rounds, "change": S.change(*rounds.values())}))
    assert document.headline.sentences[-1].startswith("Forced labour: between 2021 and 2024 the prevalence fell")


def test_a_change_without_an_error_says_that_there_is_no_test() -> None:
    bare = [S.published(value, quantity="total", outcome="forced_labour", reference_period=year, source="a report") for value, year in ((100, "2021"), (80, "2024"))]  # fmt: skip
    (text,) = fl.monitoring_sentences(fl.publish(S.change(*bare)))
    assert text == (
        "Forced labour: between 2021 and 2024 the number of persons changed (difference −20.0). "
        "Whether chance would explain it is not known: there is no test here."
    )
