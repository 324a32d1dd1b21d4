"""Tests of independence, means and ranks: what they refuse, how they show themselves, and that they hold their level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats as scipy_stats

import fl_estimate as fl

DESIGN = fl.Design(weights="w", psu="ea")
OTHER: Any = "another"
stats: Any = scipy_stats  # its stubs do not know the results of tests


def made(seed: int = 2, n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "w": rng.uniform(1, 3, n), "ea": np.arange(n) // 10, "y": rng.integers(0, 2, n),
            "sector": rng.choice(["a", "b", "c"], n), "sex": rng.choice([1, 2], n), "hours": rng.normal(40, 8, n).round(),
            "one": "same",
        }
    )  # fmt: skip


def test_without_a_design_they_are_the_tests_of_every_textbook() -> None:
    """Equal weights, rows as units: Pearson's X² and its p nearly; Welch's t nearly; Mann–Whitney's z nearly (scipy)."""
    people = made(n=4_000)
    table = pd.crosstab(people["y"], people["sector"])
    chi2 = stats.chi2_contingency(table, correction=False)
    found = fl.independence_test(people, "y", "sector", design=fl.Design(unweighted=True), statistic="Chisq")
    np.testing.assert_allclose(found.statistic, chi2.statistic)
    np.testing.assert_allclose(found.p_value, chi2.pvalue, atol=0.01)
    np.testing.assert_allclose(found.scales, 1, atol=0.02)
    groups = [people.loc[people["sex"] == sex, "hours"] for sex in (1, 2)]
    welch = stats.ttest_ind(groups[1], groups[0], equal_var=False)
    means = fl.t_test(people, "hours", "sex", design=fl.Design(unweighted=True))
    np.testing.assert_allclose(means.statistic, welch.statistic, rtol=1e-3)
    ranks = fl.rank_test(people, "hours", "sex", design=fl.Design(unweighted=True))
    np.testing.assert_allclose(ranks.p_value, stats.mannwhitneyu(*groups).pvalue, atol=0.005)


def test_one_mean_is_the_estimate_of_the_mean() -> None:
    people = made()
    row = fl.estimate_mean(people, "hours", design=DESIGN).to_frame().iloc[0]
    test = fl.t_test(people, "hours", value=39, design=DESIGN)
    np.testing.assert_allclose(
        (test.estimate, test.se, test.lower, test.upper), row[["value", "se", "lower", "upper"]].astype(float)
    )
    assert test.df == (row["df"],)


@pytest.mark.slow
def test_the_default_test_holds_its_level_in_clusters() -> None:
    """300 samples of 40 clusters with a strong cluster effect and no association of people: F rejects about 5 %, Pearson far more.

    Between 2 and 8.5 %: three standard errors of 300 draws.
    """
    rng, rejected, plain = np.random.default_rng(8), 0, 0
    for _ in range(300):
        ea = np.repeat(np.arange(40), 10)
        p, q = np.repeat(rng.beta(0.4, 0.4, 40), 10), np.repeat(rng.beta(0.4, 0.4, 40), 10)
        people = pd.DataFrame({"ea": ea, "a": (rng.uniform(size=400) < p) * 1, "b": (rng.uniform(size=400) < q) * 1})
        rejected += fl.independence_test(people, "a", "b", design=fl.Design(psu="ea", unweighted=True)).p_value < 0.05
        plain += stats.chi2_contingency(pd.crosstab(people["a"], people["b"]), correction=False).pvalue < 0.05
    assert 0.02 < rejected / 300 < 0.085
    assert plain / 300 > 0.2


@pytest.mark.parametrize("statistic", ["F", "Chisq", "Wald", "adjWald", "lincom", "saddlepoint"])
def test_every_statistic_is_a_chance_and_the_same_on_polars(statistic: Any) -> None:
    people = made()
    test = fl.independence_test(people, "sector", "sex", statistic=statistic, design=DESIGN)
    assert 0 < test.p_value < 1
    other = fl.independence_test(pl.from_pandas(people).lazy(), "sector", "sex", statistic=statistic, design=DESIGN)
    np.testing.assert_allclose((other.statistic, other.p_value), (test.statistic, test.p_value), rtol=1e-9)


def test_a_missing_answer_must_be_decided() -> None:
    people = made().assign(hours=lambda frame: frame["hours"].where(frame["y"] == 1))
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.t_test(people, "hours", "sex", design=DESIGN)
    assert fl.t_test(people, "hours", "sex", design=DESIGN, unknown="exclude").n == (people["y"] == 1).sum()


def test_too_few_units() -> None:
    people = made().assign(ea=0, half=lambda frame: frame.index % 2)
    test = fl.independence_test(
        people, "y", "sector", design=fl.Design(psu="half", single_psu="remove", unweighted=True)
    )
    assert test.df[1] == pytest.approx(test.df[0] * 1)
    means = fl.t_test(people, "hours", "sex", design=fl.Design(psu="half", unweighted=True))
    assert means.df == (0.0,)
    assert np.isnan(means.p_value)
    assert np.isnan(means.lower)
    assert "missing" in repr(means)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda p: fl.independence_test(p, "y", "one", design=DESIGN), "FL-EST-232"),
        (lambda p: fl.independence_test(p, "y", "y", design=DESIGN), "FL-EST-233"),
        (lambda p: fl.independence_test(p, "y", "sex", statistic=OTHER, design=DESIGN), "FL-EST-231"),
        (lambda p: fl.t_test(p, "hours", "sector", design=DESIGN), "FL-EST-232"),
        (lambda p: fl.t_test(p, "sector", "sex", design=DESIGN), "FL-EST-233"),
        (lambda p: fl.rank_test(p, "hours", "one", design=DESIGN), "FL-EST-232"),
        (lambda p: fl.rank_test(p, "hours", "sex", score=OTHER, design=DESIGN), "FL-EST-231"),
    ],
)
def test_tests_that_cannot_be_made(call: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        call(made())


def test_a_test_shows_itself() -> None:
    test = fl.t_test(made(), "hours", "sex", design=DESIGN)
    assert "2 − 1" in repr(test)
    assert "<th>t</th>" in test._repr_html_()
    assert set(test.to_dict()) >= {"statistic", "p_value", "df", "estimate", "lower"}
    several = fl.rank_test(made(), "hours", "sector", design=DESIGN)
    assert "estimate" not in several.to_dict()
    assert several.groups == ("a", "b", "c")
