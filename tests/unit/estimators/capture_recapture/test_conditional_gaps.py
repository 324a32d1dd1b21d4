"""Lists with numbers that are missing for some people: the likelihood is that of a grid of values, truths are found, the bootstrap draws gaps anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import people_cells
from fl_estimate.estimators.capture_recapture.people_cells import cells_of, read_records
from fl_estimate.inputs.histories import all_histories

LISTS = ["police", "ngo", "helpline"]


def people(size: int, seed: int) -> pd.DataFrame:
    """Older people are on every list less often, men on the first more; age and sex go together."""
    chance = np.random.default_rng(seed)
    sex = chance.choice(["f", "m"], size=size)
    age = chance.gamma(4.0, 8.0, size=size) + 6 * (sex == "m")
    logit = np.array([-0.5, -0.9, -0.6]) - np.array([0.05, 0.03, 0.04]) * (age[:, None] - 35)
    logit = logit + np.array([0.6, 0.0, 0.0]) * (sex == "m")[:, None]
    on = chance.random((size, 3)) < 1 / (1 + np.exp(-logit))
    return pd.DataFrame(on.astype(int), columns=LISTS).assign(age=age.round(2), sex=sex)[on.any(axis=1)]


def masked(frame: pd.DataFrame, *, helpline: bool = True, some: float = 0.0) -> pd.DataFrame:
    """The helpline does not ask for the age, and a share of the others forget to."""
    gone = np.random.default_rng(1).random(len(frame)) < some
    if helpline:
        gone |= ((frame["helpline"] == 1) & (frame[LISTS[:2]].sum(axis=1) == 0)).to_numpy()
    return frame.assign(age=frame["age"].mask(gone))


def test_it_is_the_maximum_of_the_likelihood_over_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maximised here directly: who has an age keeps it, who lacks it can have one of four values."""
    monkeypatch.setattr(people_cells, "GRIDS", (4,))
    frame = masked(people(1_200, 3), some=0.1).assign(z=lambda f: (f["age"] - 35) / 10).drop(columns=["age", "sex"])
    found = cr.conditional_loglinear(frame, lists=LISTS, covariates="z", replicates=50, seed=1)
    cells = cells_of(read_records(frame, LISTS, ["z"]))
    grid = np.unique(cells.frame["z"].iloc[cells.position[np.flatnonzero((cells.position >= 0).all(axis=1))[0]]])
    assert len(grid) == 4
    assert set(grid) <= set(frame["z"])
    histories = all_histories(3)
    at = np.array([np.flatnonzero((histories == row).all(axis=1))[0] for row in frame[LISTS].to_numpy()])
    z = frame["z"].to_numpy()
    known = ~np.isnan(z)
    part = np.abs(z[known, None] - grid).argmin(axis=1)

    def mass(values: Any, numbers: Any) -> Any:
        weights = np.exp((values[:3] + values[3:6] * np.asarray(numbers)[:, None]) @ histories.T)
        return weights / weights.sum(axis=1, keepdims=True)

    def loss(values: Any) -> float:
        shares = np.exp(np.append(values[6:], 0.0))
        shares /= shares.sum()
        exact = mass(values, z[known])[np.arange(known.sum()), at[known]] * shares[part]
        summed = shares @ mass(values, grid)[:, at[~known]]
        return -float(np.log(exact).sum() + np.log(summed).sum())

    best = optimize.minimize(loss, np.zeros(9), method="BFGS", options={"gtol": 1e-5})
    coefficients = found.diagnostics["coefficients"]
    ours = [coefficients[name][0] for name in LISTS] + [coefficients[f"{name}, z"][0] for name in LISTS]
    np.testing.assert_allclose(ours, best.x[:6], atol=5e-4)
    np.testing.assert_allclose(found.diagnostics["log_likelihood"], -best.fun, atol=1e-4)


def test_numbers_that_nobody_lacks_are_kept_as_they_are_beside_one_that_some_lack() -> None:
    frame = masked(people(800, 4), some=0.2).assign(weight=lambda f: np.random.default_rng(2).normal(size=len(f)))
    cells = cells_of(read_records(frame, LISTS, ["age", "weight", "sex"]))
    lacking = frame["age"].isna()
    exact = cells.frame[cells.frame["age"].isin(frame["age"].dropna())]
    assert len(exact) >= int((~lacking).sum())
    held = cells.cell >= 0
    # Who has an age is in one cell, and it is that of the age; who lacks it may be in twenty.
    assert set(held.sum(axis=1)) == {1, 20}
    assert cells.people[held.sum(axis=1) == 20].sum() == lacking.sum() == cells.incomplete
    alone = cells.frame.iloc[cells.cell[held.sum(axis=1) == 1].max(axis=1)]
    np.testing.assert_allclose(sorted(alone["age"]), sorted(frame["age"].dropna()))
    for names, to in cells.blanked.items():
        assert names == {"age"}
        assert ((cells.position[to] >= 0).sum(axis=1) == 20).all()
    assert len(cells.blanked) == 1


@pytest.mark.slow
def test_the_truth_is_found_where_people_without_an_age_are_not_left_out() -> None:
    truth = 6_000
    whole = people(truth, 5)
    frame = masked(whole)
    call: dict[str, Any] = {"lists": LISTS, "covariates": "age + sex"}
    found = cr.conditional_loglinear(frame, replicates=50, seed=1, by="sex", **call)
    row = found.to_frame().iloc[0]
    full = cr.conditional_loglinear(whole, **call).to_frame().iloc[0]
    left_out = cr.conditional_loglinear(frame.dropna(), **call).to_frame().iloc[0]
    assert abs(row["value"] - truth) < 3 * row["se"]
    # What the ages of one list's own people would have added is little.
    np.testing.assert_allclose(row["value"], full["value"], rtol=0.03)
    assert abs(left_out["value"] - truth) > 5 * abs(row["value"] - truth)
    assert found.diagnostics["people_with_missing_covariates"] == frame["age"].isna().sum()
    assert "covariates_missing_at_random" in {assumption.code for assumption in found.assumptions}
    parts = found.select(quantity="population_size").to_frame()
    np.testing.assert_allclose(parts["value"][1:].sum(), parts["value"].iloc[0], rtol=1e-9)


@pytest.mark.slow
def test_two_numbers_and_a_class_may_be_missing_together() -> None:
    frame = masked(people(500, 6), some=0.1)
    chance = np.random.default_rng(7)
    weight = pd.Series(chance.normal(size=len(frame)), index=frame.index).mask(chance.random(len(frame)) < 0.1)
    sex = frame["sex"].mask(chance.random(len(frame)) < 0.1)
    frame = frame.assign(weight=weight, sex=sex)
    call: dict[str, Any] = {"lists": LISTS, "common": "age + weight + sex", "replicates": 50}
    found = cr.conditional_loglinear(frame, seed=3, **call)
    row = found.to_frame().iloc[0]
    assert row["lower"] < row["value"] < row["upper"]
    assert (
        found.diagnostics["people_with_missing_covariates"] == frame[["age", "weight", "sex"]].isna().any(axis=1).sum()
    )
    turned = cr.conditional_loglinear(frame.sample(frac=1, random_state=1), seed=3, **call).to_frame()
    np.testing.assert_allclose(turned["value"], found.to_frame()["value"], rtol=1e-6)


def test_whole_numbers_as_classes_of_a_formula_have_values_that_occur() -> None:
    """C(year) of more than twenty years: what is missing is one of the years there are."""
    frame = people(900, 8)
    chance = np.random.default_rng(9)
    year = chance.integers(1995, 2020, size=len(frame))
    frame = frame.assign(year=np.where(chance.random(len(frame)) < 0.1, np.nan, year))
    cells = cells_of(read_records(frame, LISTS, ["year"]))
    assert set(cells.frame["year"]) <= set(range(1995, 2020))
