"""Samples that are silent by a known mechanism: as answers for fl.impute, with the class that complete answers would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies.recovery_imputation import (
    OUTCOME,
    TRUE,
    in_forced_labour,
    replicate_imputation,
    sample_of_country,
    sample_of_migrants,
    seed_of,
    truth_of_country,
    truth_of_migrants,
)

import fl_estimate as fl
from fl_estimate.datasets.answers import AT_RANDOM, BY_CLASS, PUBLISHED, Silence, classify_codes, classify_items
from fl_estimate.datasets.country import Population, survey
from fl_estimate.datasets.migrants_survey import draw_migrants
from fl_estimate.datasets.questionnaire import COLUMNS, ITEMS, REFUSED, YES
from fl_estimate.datasets.returned_migrants import make_migrants

COERCION = [position for position, column in enumerate(COLUMNS) if ITEMS[column.item].dimension == "coercion"]
OTHERS = [position for position, column in enumerate(COLUMNS) if ITEMS[column.item].dimension == "involuntary_work"]


def refused(country: Population, silence: Silence, seeds: range) -> tuple[float, float]:
    """The share of those who told of involuntary work that refused the block: not in forced labour, and in it."""
    told: list[np.ndarray] = []
    for seed in seeds:
        drawn = survey(country, seed, silence)
        job = country.people.job[drawn.sample.respondent][drawn.working]
        block = (drawn.heard.items[:, COERCION] == REFUSED).sum(axis=1) > len(COERCION) // 2
        met = (country.jobs.answers[job][:, OTHERS] == YES).any(axis=1)
        told.append(np.stack([block[met], country.jobs.route[job][met] == 1]))
    block, forced = np.concatenate(told, axis=1)
    return float(block[~forced].mean()), float(block[forced].mean())


def test_at_random_the_class_changes_nothing(country: Population) -> None:
    """Of some 200 in forced labour as many refuse as of the others (0.2, less in those whose circumstance does not count)."""
    others, forced = refused(country, AT_RANDOM, range(2))
    assert forced == pytest.approx(0.2, abs=3.5 * np.sqrt(0.16 / 250))
    assert 0.1 < others <= 0.21


def test_by_class_the_odds_differ_by_the_true_delta() -> None:
    assert np.exp(BY_CLASS.delta) == pytest.approx((0.25 / 0.75) / (0.1 / 0.9)) == pytest.approx(3.0)
    assert AT_RANDOM.delta == 0.0
    with pytest.raises(ValueError, match="no one delta"):
        _ = PUBLISHED.delta
    forced, involuntary = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert BY_CLASS.chance(forced, involuntary).tolist() == [0.25, 0.002, 0.1, 0.002]
    assert PUBLISHED.chance(forced, involuntary).tolist() == [0.12, 0.12, 0.002, 0.002]


def test_the_frame_says_what_was_heard(country: Population) -> None:
    """`fl.classify` of the frame is the arithmetic in codes of the same survey."""
    people = sample_of_country(country, 5, AT_RANDOM)
    drawn = survey(country, 5, AT_RANDOM)
    found = fl.classify(people).people
    for name, expected in zip((OUTCOME, f"{OUTCOME}_possible"), classify_codes(drawn.heard), strict=True):
        values = found[name].to_numpy()
        np.testing.assert_array_equal(values[drawn.working], expected)
        assert values.sum() == expected.sum()
    true = people[TRUE].to_numpy()
    assert ((found[OUTCOME].to_numpy() <= true) & (true <= found[f"{OUTCOME}_possible"].to_numpy())).all()


def test_the_frame_of_migrants_says_what_was_heard(country: Population) -> None:
    migrants = make_migrants(country)
    people, sample = sample_of_migrants(country, migrants, 5, AT_RANDOM), draw_migrants(country, migrants, 5, AT_RANDOM)
    found = fl.classify(people).people
    last = migrants.last[sample.episode]
    for name, expected in zip((OUTCOME, f"{OUTCOME}_possible"), classify_items(sample.items[last]), strict=True):
        np.testing.assert_array_equal(found[name].to_numpy()[: last.sum()], expected)
    assert found[f"{OUTCOME}_in_scope"].sum() == last.sum()
    assert people.height == last.sum() + len(sample.empty)
    truth = truth_of_migrants(migrants)
    assert truth[""] == migrants.forced[migrants.last].mean()


def test_the_truth_is_counted(country: Population) -> None:
    truth = truth_of_country(country)
    assert truth[""] == in_forced_labour(country)[country.adult].mean()
    assert len(truth) == 7


def test_one_sample_is_repeatable(country: Population) -> None:
    migrants = make_migrants(country)
    truth, seed = truth_of_migrants(migrants), seed_of(24, 1)
    people = sample_of_migrants(country, migrants, seed, BY_CLASS)
    first, again = (
        replicate_imputation(people, truth, by="destination", seed=seed, draws=4, deltas=(BY_CLASS.delta,))
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(again))
    rows = {row["answers"]: row for row in first if row["domain"] == ""}
    assert list(rows) == ["known", "imputed", "bounds", "delta 1.10"]
    assert rows["bounds"]["lower"] < rows["imputed"]["value"] < rows["bounds"]["upper"]
    assert rows["imputed"]["value"] <= rows["delta 1.10"]["value"]
    assert rows["known"]["cases"] >= rows["imputed"]["cases"]
