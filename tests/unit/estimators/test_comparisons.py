"""Comparisons: difference in differences, several tests at once, and what is refused."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey.comparisons import adjusted
from fl_estimate.reporting.disclosure.tables import _rests_on  # pyright: ignore[reportPrivateUsage]
from tests.unit.estimators.test_model_families import DESIGN, counted


def by_two() -> fl.Estimates:
    people = counted().assign(year=lambda frame: np.where(frame["months"] > 6, 2020, 2018))
    return fl.estimate_mean(people, "y", by=[["sex", "year"]], design=DESIGN, df="design")


def test_difference_in_differences_is_the_interaction_of_a_saturated_model() -> None:
    change = fl.contrast(by_two(), {"year": (2020, 2018)})
    row = fl.contrast(change, {"sex": ("male", "female")}).to_frame().iloc[0]
    people = counted().assign(year=lambda frame: np.where(frame["months"] > 6, 2020, 2018))
    model = fl.regress(people, "y ~ sex * C(year)", family="gaussian", design=DESIGN).to_frame().iloc[3]
    assert row["term"] == "2020 − 2018: male − female"
    np.testing.assert_allclose((row["value"], row["se"]), (model["value"], model["se"]), rtol=1e-8)


def test_each_class_against_all_in_every_domain_of_the_others() -> None:
    people = counted().assign(year=lambda frame: np.where(frame["months"] > 6, 2020, 2018))
    means = fl.estimate_mean(people, "y", by=[["year"], ["sex", "year"]], design=DESIGN)
    found = fl.contrast(means, {"sex": "overall"}).to_frame()
    assert sorted(found["term"]) == ["female − all"] * 2 + ["male − all"] * 2
    values = means.to_frame().set_index(["margin", "sex", "year"])["value"]
    whole = means.to_frame().query("margin == 'year'").set_index("year")["value"]
    row = found[(found["year"] == 2018) & (found["term"] == "male − all")].iloc[0]
    np.testing.assert_allclose(row["value"], values["sex × year", "male", 2018] - whole[2018], rtol=1e-12)


def test_holm_is_never_below_the_raw_p_nor_above_bonferroni() -> None:
    """R 4.5.0: p.adjust(c(.01, .04, .03, NA), "holm") is 0.03 0.06 0.06 NA."""
    p = np.array([0.01, 0.04, 0.03, np.nan])
    np.testing.assert_allclose(adjusted(p, "holm"), [0.03, 0.06, 0.06, np.nan])
    np.testing.assert_allclose(adjusted(p, "bonferroni"), [0.03, 0.12, 0.09, np.nan])
    np.testing.assert_allclose(adjusted(p, "none"), p)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: fl.multiple_tests(by_two()), "FL-EST-327"),
        (
            lambda: fl.multiple_tests(fl.contrast(by_two(), {"sex": "pairwise"}), adjust=cast("Any", "tukey")),
            "FL-EST-231",
        ),
        (lambda: fl.contrast(by_two(), {"sex": "each"}), "FL-EST-206"),
        (lambda: fl.contrast(by_two(), {"outcome": "overall"}), "FL-EST-206"),
        (lambda: fl.contrast(by_two(), {"term": "pairwise"}), "FL-EST-207"),
    ],
)
def test_what_is_refused(call: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        call()


def test_a_comparison_with_all_rests_on_the_row_of_all_as_well() -> None:
    """Where the nation is withheld and a region is not, region less nation would tell the nation."""
    told = {"between": {"sex": [["female", "all"], ["male", "all"]]}}
    row = ("y", "difference", (), (), ())
    nation, women = ("y", "mean", (), (), ()), ("y", "mean", (), ("sex",), (("sex", "female"),))
    assert _rests_on("parts", row, nation, {}, told)
    assert _rests_on("parts", row, women, {}, told)
    assert not _rests_on("parts", row, nation, {}, {"between": {"sex": [["female", "male"]]}})
