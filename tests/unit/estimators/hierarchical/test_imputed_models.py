"""Models of small domains take imputed answers: areas by their pooled direct estimates, poststratified models draw by draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.hierarchical.from_people import area_of_people
from tests.unit.estimators.drawn_people import DESIGN, drawn_people

PEOPLE = drawn_people(1_600, draws=5, units=80)
AREAS = PEOPLE.people["ea"] % 8
POPULATION = pd.DataFrame({
    "region": ["North", "North", "South", "South"], "sex": ["f", "m"] * 2, "population": [3000, 2900, 2800, 3100],
})  # fmt: skip


def by_area() -> fl.Estimates:
    people = type(PEOPLE)(people=PEOPLE.people.assign(area=AREAS), drawn=PEOPLE.drawn, draws=PEOPLE.draws)
    return fl.estimate_prevalence(people, "fl", by="area", unknown="impute")


def test_areas_count_for_as_many_people_as_their_pooled_error_says() -> None:
    """n/deff of simple random samples: deff is the pooled variance over that of complete answers drawn one by one."""
    direct = by_area()
    frame = direct.frame
    each = [
        fl.estimate_prevalence(PEOPLE.completed(k).assign(area=AREAS), "fl", by="area", design=DESIGN).frame
        for k in range(1, 6)
    ]
    simple = np.mean([one["se"] ** 2 / one["deff"] for one in each], axis=0)
    np.testing.assert_allclose(frame["deff"], frame["se"] ** 2 / simple, rtol=1e-9)
    model = fl.hierarchical.area(direct, draws=200, seed=1)
    assert model.frame["value"].between(0, 1).all()
    assert "unknown_imputed" in {each.code for each in model.assumptions}
    np.testing.assert_array_equal(model.support.cases[-8:], direct.support.cases[1:])


def test_straight_from_people() -> None:
    people = type(PEOPLE)(people=PEOPLE.people.assign(area=AREAS), drawn=PEOPLE.drawn, draws=PEOPLE.draws)
    made = area_of_people(people, "fl", by="area", unknown="impute", draws=100, seed=1)
    expected = fl.hierarchical.area(by_area(), draws=100, seed=1)
    pd.testing.assert_frame_equal(made.frame, expected.frame)


def test_bounds_are_refused_still() -> None:
    bounds = fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="bounds")
    with pytest.raises(fl.FlError, match="FL-EST-41"):
        fl.hierarchical.area(bounds)


@pytest.mark.slow
def test_poststratified_posteriors_are_mixed() -> None:
    asked = {"cells": ["region", "sex"], "population": POPULATION, "by": "region", "draws": 400, "seed": 3}
    made = fl.hierarchical.unit(PEOPLE, "fl", unknown="impute", **asked)
    each = [fl.hierarchical.unit(PEOPLE.completed(k), "fl", design=DESIGN, **asked) for k in range(1, 6)]
    mixed = np.concatenate([one.draws for one in each])
    np.testing.assert_allclose(made.frame["value"], np.median(mixed, axis=0))
    np.testing.assert_allclose(made.frame["se"], mixed.std(axis=0, ddof=1))
    # Within and between: the variance of a mixture.
    within = np.mean([one.draws.var(axis=0) for one in each], axis=0)
    means = np.array([one.draws.mean(axis=0) for one in each])
    np.testing.assert_allclose(mixed.var(axis=0), within + means.var(axis=0))
    given = fl.hierarchical.unit(PEOPLE, "fl", **asked)
    np.testing.assert_array_equal(made.frame["cases"], given.frame["cases"])
    assert (made.frame["value"] > given.frame["value"]).all()
    assert made.draws.shape == (400, 3)
    assert "unknown_imputed" in {each.code for each in made.assumptions}


def test_a_model_of_draws_says_to_impute_first() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-460"):
        fl.hierarchical.unit(
            PEOPLE.people, "fl", unknown="impute", cells=["region", "sex"], population=POPULATION, design=DESIGN
        )
