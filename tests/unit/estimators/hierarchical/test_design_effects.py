"""Design effects of an area model: areas that have none of their own, the pooled one, and how uncertain it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

from .made import LETTERS, counts

area = fl.hierarchical.area
RULES = ("pooled", "own", "national")


def equal_counts() -> pd.DataFrame:
    """A survey of six districts; in one every primary unit has one case among ten people, so that its variance is 0."""
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"district": np.repeat(LETTERS[:6], 80), "psu": np.arange(480) // 10, "w": 10.0})
    frame["fl"] = (rng.random(480) < 0.06).astype(int)
    same = frame["district"] == "C"
    frame.loc[same, "fl"] = (np.arange(same.sum()) % 10 == 0).astype(int)
    return frame


def surveyed() -> fl.Estimates:
    design = fl.Design(weights="w", psu="psu", strata="district")
    return fl.estimate_prevalence(equal_counts(), "fl", design=design, by="district")


@pytest.mark.parametrize("deff", RULES)
def test_an_area_whose_units_have_equal_counts_does_not_stop_the_map(deff: Any) -> None:
    """Its design effect is 0: nothing that could divide a sample, and no sign that it is worth more people."""
    direct = surveyed()
    assert direct.to_frame().set_index("district")["deff"]["C"] == 0
    found = area(direct, deff=deff, seed=1, draws=50)
    frame = found.to_frame().set_index("district")
    assert frame.loc[LETTERS[:6], ["value", "lower", "upper"]].notna().all(axis=None)
    assert found.diagnostics["deff_used"]["C"] >= 1
    if deff == "own":
        assert found.diagnostics["deff_source"]["C"] != "own"


@pytest.mark.parametrize("deff", RULES)
@pytest.mark.parametrize("unknown", [0.0, None], ids=["0", "missing"])
def test_an_area_with_no_design_effect_is_estimated(deff: Any, unknown: float | None) -> None:
    frame = counts()
    frame.loc[3, "deff"] = np.nan if unknown is None else unknown
    found = area(frame, deff=deff, seed=1, draws=50).to_frame()
    assert found["value"].notna().all()


def test_one_primary_unit_in_an_area_is_enough() -> None:
    people = equal_counts()
    people.loc[people["district"] == "D", "psu"] = 999
    design = fl.Design(weights="w", psu="psu", strata="district", single_psu="adjust")
    direct = fl.estimate_prevalence(people, "fl", design=design, by="district")
    frame = area(direct, seed=1, draws=50).to_frame().set_index("district")
    assert frame.loc[LETTERS[:6], "value"].notna().all()


def test_a_design_effect_below_0_is_refused() -> None:
    with pytest.raises(EstimateFault, match="deff is below 0: D"):
        area(counts().assign(deff=[1.0] * 3 + [-1.0] + [1.0] * 8), seed=1)


def test_the_pooled_design_effect_by_hand() -> None:
    """Σ n v(1 − v) deff/Σ n v(1 − v), a deff of 0 among them; one unit in which all are alike; Student's t over the normal."""
    direct = surveyed()
    frame = direct.to_frame().iloc[1:]
    weight = (frame["n"] * frame["value"] * (1 - frame["value"])).to_numpy(float)
    deff = frame["deff"].fillna(0.0).to_numpy(float)
    pooled = float(weight @ deff / weight.sum())
    part = weight * deff
    units = np.minimum(direct.support.df[1:], direct.support.psus_with_cases[1:])
    df = part.sum() ** 2 / (part[part > 0] ** 2 / np.maximum(units, 1)[part > 0]).sum()
    alike = np.maximum(pooled, 80 / (direct.support.df[1:] + 1))
    wider = (stats.t.ppf(0.975, df + 1) / stats.norm.ppf(0.975)) ** 2
    wanted = np.maximum((df * pooled + alike) / (df + 1) * wider, 1.0)
    found = area(direct, seed=1, draws=50).diagnostics
    np.testing.assert_allclose(list(found["deff_used"].values()), wanted, rtol=1e-12)
    assert found["deff_pooled"] == pytest.approx(pooled, rel=1e-12)
    assert found["deff_df"] == pytest.approx(df, rel=1e-12)
    assert set(found["deff_source"].values()) == {"pooled"}


def test_areas_without_a_case_have_the_pooled_one() -> None:
    """Among people drawn one by one its size is n over the same number as everywhere."""
    found = area(counts(), seed=1, draws=50).diagnostics
    assert len(set(np.round(list(found["deff_used"].values()), 12))) == 1


def test_without_any_the_nation_s_then_none() -> None:
    few = counts(deff=np.nan)
    nation = pd.DataFrame(
        {"margin": [""], "district": [None], "value": [0.008], "n": [8380], "cases": [57], "deff": [1.3]}
    )
    together = pd.concat([nation, few.assign(margin="district")], ignore_index=True)
    found = area(together, seed=1, draws=50)
    assert set(found.diagnostics["deff_source"].values()) == {"national"}
    assert found.diagnostics["deff_pooled"] == 1.3
    alone = area(few, seed=1, draws=50)
    assert set(alone.diagnostics["deff_source"].values()) == {"one"}
    assert "deff_one" in [one.code for one in alone.assumptions]


def test_it_says_what_was_divided_by() -> None:
    said = {one.code: dict(one.parameters) for one in area(surveyed(), seed=1, draws=50).assumptions}
    assert "effective_counts" not in said
    assert said["effective_counts_pooled"]["deff"] > 0
    assert said["effective_counts_pooled"]["df"] >= 1


def test_few_units_with_cases_make_wider_intervals() -> None:
    """The same counts, found in few primary units or in many."""
    many = counts(df=40.0)
    few = counts(df=2.0)
    wide, narrow = (area(frame, seed=1, draws=50).to_frame() for frame in (few, many))
    assert ((wide["upper"] - wide["lower"]) > (narrow["upper"] - narrow["lower"])).all()
