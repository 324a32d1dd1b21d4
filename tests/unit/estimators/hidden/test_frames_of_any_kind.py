"""Designs for hidden populations say the same of a frame whatever its row labels, its types of columns and its engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DesignFault, EstimateFault

FORMS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "shuffled": lambda f: f.sample(frac=1, random_state=3),
    "rows labelled by texts": lambda f: f.set_axis([f"r{place}" for place in range(len(f))]),
    "one label for all rows": lambda f: f.set_axis([0] * len(f)),
    "nullable columns": lambda f: f.convert_dtypes(),
    "columns of arrow": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.from_pandas,
    "pyarrow": lambda f: pl.from_pandas(f).to_arrow(),
}


def scale_up(form: Callable[[pd.DataFrame], Any]) -> fl.Estimates:
    drawn = fl.hidden.simulate_scale_up(respondents=120, psus=12, seed=1)
    return fl.hidden.scale_up(
        form(drawn.people), "hidden", known=drawn.known, population=drawn.population, design=drawn.design
    )


def recruited(form: Callable[[pd.DataFrame], Any]) -> fl.Estimates:
    people = fl.hidden.simulate_rds(population=2000, n=120, seed=1).people
    return fl.hidden.rds_i(form(people), "outcome", by="region", replicates=20, seed=1)


def traced(form: Callable[[pd.DataFrame], Any]) -> fl.Estimates:
    drawn = fl.hidden.simulate_link_tracing(size=100, initial=20, links=0.04, seed=1)
    return fl.hidden.link_tracing(form(drawn.people), form(drawn.links), draws=100, seed=1, max_size=400)


def venues(form: Callable[[pd.DataFrame], Any]) -> fl.Estimates:
    given = dict(fl.hidden.simulate_time_location(population=400, events=15, seed=1).arguments)
    return fl.hidden.time_location(form(given.pop("people")), **given)


def figures(result: fl.Estimates) -> npt.NDArray[np.float64]:
    return result.frame[["value", "se", "lower", "upper"]].to_numpy(dtype=float, na_value=np.nan)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("design", [scale_up, recruited, traced, venues])
def test_the_form_of_a_frame_changes_nothing(design: Callable[..., fl.Estimates], form: str) -> None:
    np.testing.assert_allclose(figures(design(FORMS[form])), figures(design(lambda f: f)), rtol=1e-9)


def test_a_missing_value_of_a_nullable_column_is_a_missing_value() -> None:
    people = fl.hidden.simulate_rds(population=2000, n=120, seed=1).people
    gap = people.assign(network_size=people["network_size"].astype("Int64").where(people.index != 5))
    with pytest.raises(EstimateFault, match="FL-EST-523"):
        fl.hidden.rds_ii(gap, "outcome", seed=1)
    same = people.assign(network_size=people["network_size"].astype(float).where(people.index != 5))
    nullable, plain = (
        fl.hidden.rds_ii(each, "outcome", missing_degree="median", replicates=20, seed=1) for each in (gap, same)
    )
    np.testing.assert_array_equal(figures(nullable), figures(plain))
    unknown = people.assign(outcome=people["outcome"].astype("Int64").where(people.index != 5))
    assert fl.hidden.rds_ii(unknown, "outcome", unknown="exclude", replicates=20, seed=1).frame["n"].item() == 119


@pytest.mark.parametrize(
    ("weights", "code"),
    [("many", "FL-DESIGN-14"), (-1.0, "FL-DESIGN-13"), (np.nan, "FL-DESIGN-13"), (np.inf, "FL-EST-700")],
)
def test_network_reports_refuse_weights_that_cannot_be(weights: Any, code: str) -> None:
    drawn = fl.hidden.simulate_scale_up(respondents=60, psus=6, seed=1)
    given: dict[str, Any] = {"known": drawn.known, "population": drawn.population, "design": drawn.design}
    with pytest.raises((EstimateFault, DesignFault), match=code):
        fl.hidden.relational_data(drawn.people.assign(w=weights), "hidden", **given)


@pytest.mark.parametrize("model", ["one in the arm", "a column of one arm"])
def test_two_step_least_squares_of_too_little_has_no_optimum(model: str) -> None:
    people = fl.hidden.simulate_list_experiment(n=160, seed=1)
    if model == "one in the arm":
        people = people.assign(treatment=(people.index == 0).astype(int), count=1)
    else:
        people = people.assign(x=((people["treatment"] == 1) & (people.index % 5 == 0)).astype(int))
    with pytest.raises(EstimateFault, match="FL-EST-647"):
        fl.hidden.list_experiment(
            people,
            "count",
            treatment="treatment",
            items=4,
            estimator="nls",
            covariates="x",
            design=fl.Design(weights="weight"),
        )


def test_a_degree_that_is_a_mistake_by_orders_of_size_leaves_weights_finite() -> None:
    people = fl.hidden.simulate_rds(population=2000, n=120, seed=1).people
    huge = people.assign(network_size=people["network_size"].astype(float).where(people.index != 5, 1e300))
    made = fl.hidden.gile_ss(huge, "outcome", population=1000.0, replicates=20, seed=1)
    # The one with all the ties stands for itself alone; the others nearly alike for the rest.
    assert 0 < made.value < 1
    assert np.isfinite(made.se)
