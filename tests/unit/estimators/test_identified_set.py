"""The interval of an identified set covers the truth wherever it lies between the bounds; in tables, words and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.design.identified import end_level
from fl_estimate.reporting.headline import headline

DESIGN = fl.Design(weights="w", psu="ea", expands=True)


def people(seed: int = 3, *, unknown: float = 0.01, p: float = 0.02, units: int = 140) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = units * 20
    y = rng.binomial(1, p, n).astype(float)
    y[rng.random(n) < unknown] = np.nan
    return pd.DataFrame({"ea": np.arange(n) // 20, "w": 10.0, "fl": y, "r": np.where(np.arange(n) < n // 2, "N", "S")})


def test_level_of_the_ends_solves_the_equation_of_imbens_and_manski() -> None:
    gap, se, df = np.array([0.0, 0.5, 1.0, 3.0, 50.0]), np.ones(5), np.full(5, 12.0)
    level = end_level(gap, np.full(5, 1e-9), se, df, 0.9)
    c = stats.t.ppf((1 + level) / 2, 12)
    np.testing.assert_allclose(stats.t.cdf(c + gap, 12) - stats.t.cdf(-c, 12), 0.9, atol=1e-12)
    # One point: two-sided; far apart: one-sided, as each end can be missed on its own side only.
    assert c[0] == pytest.approx(stats.t.ppf(0.95, 12), abs=1e-10)
    assert c[-1] == pytest.approx(stats.t.ppf(0.9, 12), abs=1e-10)
    # A width that may be chance is none (Stoye), and one whose error nobody knows too.
    unsure = end_level(np.array([1.0, 1.0]), np.array([0.6, np.inf]), np.ones(2), np.full(2, 12.0), 0.9)
    np.testing.assert_allclose(unsure, 0.9, atol=1e-12)
    assert np.isnan(end_level(np.ones(1), np.zeros(1), np.ones(1), np.zeros(1), 0.9)).all()


def test_row_is_made_of_the_two_bounds() -> None:
    frame = people()
    found = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="r", unknown="bounds", df="domain")
    table = found.to_frame()
    low, high, both = (table[table["bound"] == bound].reset_index() for bound in ("lower", "upper", "identified"))
    # Wider than the set, narrower than from the lower limit of the one to the upper limit of the other.
    assert (low["lower"] < both["lower"]).all()
    assert (both["lower"] < low["value"]).all()
    assert (high["value"] < both["upper"]).all()
    assert (both["upper"] < high["upper"]).all()
    # Its lower limit is that of the lower bound, asked for at another level.
    gap = np.sqrt(found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1])
    width, most = high["value"][0] - low["value"][0], max(low["se"][0], high["se"][0])
    (level,) = end_level(np.array([width]), np.array([gap]), np.array([most]), np.array([139.0]), 0.95)
    told: dict[str, Any] = {"unknown": "bounds", "df": "domain", "level": float(level)}
    again = fl.estimate_prevalence(frame, "fl", design=DESIGN, **told).to_frame()
    assert both["lower"][0] == pytest.approx(again["lower"][0], rel=1e-9)
    assert both["upper"][0] == pytest.approx(again["upper"][1], rel=1e-9)
    assert np.isnan(found.covariance[2]).all()


def test_nothing_unknown_no_case_and_totals() -> None:
    known = fl.estimate_prevalence(people(unknown=0), "fl", design=DESIGN, unknown="bounds").to_frame()
    assert known["lower"].nunique() == known["upper"].nunique() == 1
    frame = people()
    frame["fl"] = frame["fl"] * 0
    none = fl.estimate_prevalence(frame, "fl", design=DESIGN, unknown="bounds").to_frame()
    assert none["lower"].tolist()[::2] == [0, 0]
    assert 0 < none["upper"][2] < none["upper"][1]
    for interval in ("logit", "wilson", "jeffreys", "likelihood", "arcsine", "wald", "beta"):
        row = fl.estimate_prevalence(people(), "fl", design=DESIGN, unknown="bounds", interval=interval).to_frame()
        assert row["lower"][0] < row["lower"][2] < row["value"][0], interval
    total = fl.estimate_total(people(), "fl", design=DESIGN, unknown="bounds").to_frame()
    assert total["lower"][0] < total["lower"][2] < total["value"][0]


def test_words_and_pictures_take_the_interval_of_the_set() -> None:
    estimates = fl.estimate_prevalence(people(), "fl", design=DESIGN, unknown="bounds", df="domain")
    published = fl.publish(estimates)
    said = {language: " ".join(headline(published, language).sentences) for language in ("en", "fr", "es")}
    row = published.tables[0].frame.iloc[2]
    assert "Whatever the unknown answers are, the 95% confidence interval runs from 12.7 to 35.9." in said["en"]
    assert (round(row["lower"] * 1000, 1), round(row["upper"] * 1000, 1)) == (12.7, 35.9)
    assert "Quelles que soient les réponses inconnues" in said["fr"]
    assert "Sean cuales sean las respuestas desconocidas" in said["es"]
    texts = [text.get_text() for text in estimates.plot().axes[0].texts]
    assert "16.4 to 30.0 (12.7–35.9)" in texts
    assert len(estimates.plot().axes[0].get_yticks()) == 0


def test_withheld_with_its_cell() -> None:
    frame = people()
    few = frame.assign(fl=np.where(frame["fl"].isna(), np.nan, (np.arange(len(frame)) == 7).astype(float)))
    table = fl.publish(fl.estimate_prevalence(few, "fl", design=DESIGN, by="r", unknown="bounds")).tables[0].frame
    assert (table["publication"] == "not_published").all()
    assert table[["lower", "upper"]].isna().all(axis=None)


SCENARIOS: dict[str, dict[str, Any]] = {
    "none of the unknown are cases": {"unknown": 0.01, "share": 0.0},
    "half of them are": {"unknown": 0.01, "share": 0.5},
    "all of them are": {"unknown": 0.01, "share": 1.0},
    "few unknown, all cases": {"unknown": 0.001, "share": 1.0},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_covers_wherever_the_truth_is(name: str) -> None:
    # 400 samples; three standard errors of a coverage of 95 % are 3.3 points.
    told, p = SCENARIOS[name], 0.02
    inside = 0
    for seed in range(400):
        frame = people(seed, unknown=told["unknown"], p=p)
        row = fl.estimate_prevalence(frame, "fl", design=DESIGN, unknown="bounds").to_frame().iloc[2]
        # Of those who did not answer this share are cases; of the others p.
        truth = p * (1 - told["unknown"]) + told["share"] * told["unknown"]
        inside += bool(row["lower"] <= truth <= row["upper"])
    assert inside / 400 >= 0.917
