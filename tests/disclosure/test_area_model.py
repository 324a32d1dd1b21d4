"""Attack (ii): a model row is a function of its area's cases: refit the model, with the settings of the manifest, until it prints the same."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.disclosure.attacker import MIN_CASES, half_step
from tests.disclosure.conftest import Run
from tests.disclosure.tables import DESIGN, Survey, survey


@pytest.fixture(scope="module")
def made() -> Survey:
    cases = [[12, 2, 9, 1], [14, 3, 0, 22], [7, 4, 16, 10]]
    return survey(cases, [[180, 150, 240, 150], [300, 150, 150, 400], [150, 150, 260, 200]], seed=8)


def refitted(direct: pd.DataFrame, district: str, share: float, call: Any) -> pd.DataFrame:
    """The model with another prevalence of one district, all others as they are: an attacker who knows more than there is to know."""
    tried = direct.copy()
    tried.loc[tried["district"].eq(district), "value"] = share
    return call(tried)


def narrowed(
    direct: pd.DataFrame, published: pd.DataFrame, hidden: list[str], call: Any
) -> dict[str, tuple[float, float]]:
    """Hidden districts whose own model row rules out 1 case or 4, with the weighted cases per respondent that fit its median.

    The median rises with the cases: five refits, and straight lines between them.
    """
    model = published[published["estimate"].eq("model")]
    found: dict[str, tuple[float, float]] = {}
    for district in hidden:
        row = model[model["district"].eq(district)].iloc[0]
        if not np.isfinite(row["value"]):
            continue
        n = float(direct.loc[direct["district"].eq(district), "n"].iloc[0])
        medians: list[float] = []
        for cases in range(MIN_CASES):
            again = refitted(direct, district, cases / n, call)
            medians.append(float(again.loc[again["district"].eq(district), "value"].iloc[0]))
        half = half_step(float(row["value"]), float(row["se"]))
        ends = [float(np.interp(row["value"] + way * half, medians, range(MIN_CASES))) for way in (-1, 1)]
        if ends[0] > 1 or ends[1] < MIN_CASES - 1:
            found[district] = (ends[0], ends[1])
    return found


def hidden_districts(published: pd.DataFrame) -> list[str]:
    rows = published[
        published["estimate"].eq("direct") & published["margin"].eq("district") & published["value"].isna()
    ]
    return [str(name) for name in rows["district"]]


@pytest.mark.parametrize("deff", ["pooled", "national", "own"])
def test_the_binomial_model_does_not_give_its_areas_away(
    made: Survey, deff: Literal["pooled", "national", "own"]
) -> None:
    direct = fl.estimate_prevalence(made.people, "fl", design=DESIGN, by="district")
    model = fl.hierarchical.area(direct, deff=deff, seed=1)
    published = fl.publish({"direct": direct, "model": model}).to_frame()
    hidden = hidden_districts(published)
    assert len(hidden) >= 5

    def call(frame: pd.DataFrame) -> pd.DataFrame:
        return fl.hierarchical.area(frame, deff=deff, seed=1, draws=50).to_frame()

    assert narrowed(direct.to_frame(), published, hidden, call) == {}


def test_the_eblup_is_not_solved_for_its_direct_value(made: Survey) -> None:
    """Identity link: value = γ direct + (1 − γ) x'β, linear in what is hidden."""
    some = made.people[made.people["district"].ne("D12")]
    direct = fl.estimate_prevalence(some, "fl", design=DESIGN, by="district")
    frame = direct.to_frame()
    model = fl.hierarchical.eblup(direct, link="identity")
    published = fl.publish({"direct": direct, "model": model}).to_frame()
    sigma = float(model.diagnostics["variance"])
    beta = float(model.diagnostics["coefficients"]["intercept"])
    for district in hidden_districts(published):
        own = frame[frame["district"].eq(district)].iloc[0]
        rows = published[published["estimate"].eq("model") & published["district"].eq(district)]
        if not own["se"] > 0 or not len(rows) or not np.isfinite(rows["value"].iloc[0]):
            continue
        gamma = sigma / (sigma + own["se"] ** 2)
        solved = (rows["value"].iloc[0] - (1 - gamma) * beta) / gamma
        assert not 0.8 * own["value"] < solved < 1.2 * own["value"], district


def test_the_samples_model_does_not_give_its_districts_away(sample: Run) -> None:
    """The sample study, its covariates and settings as in the manifest: continuous shares, found by halving on the median."""
    full = sample.result.estimates["prevalence"].to_frame()
    frame = full[full["margin"].isin(["", "district"])].reset_index(drop=True)
    covariates = pd.read_csv(sample.study.parent / "districts.csv")[["district", "x1", "x2"]]
    published = sample.published.assign(
        estimate=lambda f: f["estimate"].replace({"prevalence": "direct", "districts": "model"})
    )

    def call(tried: pd.DataFrame) -> pd.DataFrame:
        given = tried[["district", "margin", "value", "n", "deff"]].astype({"district": object})
        return fl.hierarchical.area(given, covariates=covariates, seed=1, draws=50).to_frame()

    hidden = hidden_districts(published)
    assert len(hidden) >= 10
    shown = published[published["estimate"].eq("model") & published["district"].isin(hidden)]
    if shown["value"].notna().any():
        assert narrowed(frame, published, hidden[:4], call) == {}


def test_areas_that_may_be_printed_still_have_a_model_row(made: Survey) -> None:
    """The price: not the whole model is withheld."""
    direct = fl.estimate_prevalence(made.people, "fl", design=DESIGN, by="district")
    published = fl.publish({"direct": direct, "model": fl.hierarchical.area(direct, seed=1)}).to_frame()
    rows = published[published["estimate"].eq("model") & ~published["district"].isin(hidden_districts(published))]
    assert rows["value"].notna().any()
