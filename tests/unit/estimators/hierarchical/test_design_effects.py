"""Design effects of an area model: areas that have none of their own, the pooled one, and how uncertain it is."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

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
    """Σ n v(1 − v) deff/Σ n v(1 − v), a deff of 0 among them; one unit in which all are alike."""
    direct = surveyed()
    frame = direct.to_frame().iloc[1:]
    weight = (frame["n"] * frame["value"] * (1 - frame["value"])).to_numpy(float)
    deff = frame["deff"].fillna(0.0).to_numpy(float)
    pooled = float(weight @ deff / weight.sum())
    part = weight * deff
    units = np.minimum(direct.support.df[1:], direct.support.psus_with_cases[1:])
    df = part.sum() ** 2 / (part[part > 0] ** 2 / np.maximum(units, 1)[part > 0]).sum()
    alike = np.maximum(pooled, 80 / (direct.support.df[1:] + 1))
    found = area(direct, seed=1, draws=50).diagnostics
    plain = area(direct, likelihood="binomial", seed=1, draws=50).diagnostics
    for one, weight in ((plain, df), (found, df**1.5)):
        wanted = np.maximum((weight * pooled + alike) / (weight + 1), 1.0)
        np.testing.assert_allclose(list(one["deff_used"].values()), wanted, rtol=1e-12)
    assert found["deff_pooled"] == pytest.approx(pooled, rel=1e-12)
    assert found["deff_df"] == pytest.approx(df, rel=1e-12)
    assert set(found["deff_source"].values()) == {"pooled"}


def test_what_a_frame_states_is_taken_as_it_is_unless_it_says_how_well_it_is_known() -> None:
    """By hand: without degrees of freedom each area's own; with them what `deff="pooled"` gives."""
    stated = counts()
    sources = area(stated, seed=1, draws=50).diagnostics["deff_source"]
    assert "own" in set(sources.values())
    estimated = stated.assign(df=12.0)
    by_default = area(estimated, seed=1, draws=50).diagnostics
    asked = area(estimated, deff="pooled", seed=1, draws=50).diagnostics
    assert set(by_default["deff_source"].values()) - {""} == {"pooled"}
    assert by_default["deff_used"] == asked["deff_used"]


def test_areas_without_a_case_have_the_pooled_one() -> None:
    """Among people drawn one by one its size is n over the same number as everywhere."""
    found = area(counts(), deff="pooled", seed=1, draws=50).diagnostics
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
    cases: tuple[tuple[Literal["binomial"] | None, str], ...] = (
        (None, "clustered_counts"), ("binomial", "effective_counts"),
    )  # fmt: skip
    for likelihood, code in cases:
        made = area(surveyed(), likelihood=likelihood, seed=1, draws=50)
        said = {str(one.code): dict(one.parameters) for one in made.assumptions}
        assert code not in said
        assert said[f"{code}_pooled"]["deff"] > 0
        assert said[f"{code}_pooled"]["df"] >= 1


def test_few_units_with_cases_make_wider_intervals() -> None:
    """The same counts, found in few primary units or in many."""
    many = counts(df=40.0)
    few = counts(df=2.0)
    wide, narrow = (area(frame, seed=1, draws=50).to_frame() for frame in (few, many))
    assert ((wide["upper"] - wide["lower"]) > (narrow["upper"] - narrow["lower"])).all()


def test_the_logistic_scale_still_has_no_place_for_a_share_of_0() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-54"):
        area(zero_variance(), likelihood="normal", link="logit", seed=1)


def zero_variance() -> fl.Estimates:
    """As surveyed, and nobody in B: two areas have a standard error of 0."""
    people = equal_counts()
    people.loc[people["district"] == "B", "fl"] = 0
    return fl.estimate_prevalence(
        people, "fl", design=fl.Design(weights="w", psu="psu", strata="district"), by="district"
    )


@pytest.mark.parametrize("call", [fl.hierarchical.eblup, area], ids=["eblup", "area"])
def test_a_variance_of_0_is_taken_from_the_other_areas(call: Any) -> None:
    """D p(1 − p)/n, with d = Σ n² se²/Σ n p(1 − p) of the four areas that have a variance, and p of all where there is no case."""
    given = {"likelihood": "normal", "link": "identity", "seed": 1} if call is area else {}
    direct = zero_variance()
    found = call(direct, **given)
    rows = [row for row in found.reasons if row.code == "area_variance_smoothed"]
    assert [row.row for row in rows] == [1, 2]
    frame = direct.to_frame().iloc[1:].reset_index(drop=True)
    value, se, n = (frame[name].to_numpy(float) for name in ("value", "se", "n"))
    lends = se > 0
    d = (n**2 * se**2)[lends].sum() / (n * value * (1 - value))[lends].sum()
    p = np.where(value > 0, value, np.average(value, weights=n))
    # The same by hand: those standard errors written into a frame.
    frame["se"] = np.where(lends, se, np.sqrt(d * p * (1 - p) / n))
    by_hand = call(frame[["district", "value", "se", "n", "cases", "deff"]], **given)
    ours, theirs = found.to_frame(), by_hand.to_frame()
    np.testing.assert_allclose(ours["value"].to_numpy(float), theirs["value"].to_numpy(float), rtol=1e-10)
    np.testing.assert_allclose(ours["lower"].to_numpy(float), theirs["lower"].to_numpy(float), rtol=1e-8)
    smoothed = fl.hierarchical.smooth_variances(direct).set_index("district")["se"]
    assert smoothed["B"] == pytest.approx(frame["se"][1], rel=1e-12)


def test_a_variance_of_a_mean_needs_people() -> None:
    """Of a quantity: one variance of a person in all areas; without n nothing can be borrowed."""
    frame = pd.DataFrame({"d": list("ABCDE"), "value": [5.0, 6, 4, 5, 7], "se": [0.5, 0.0, 0.4, 0.5, 0.6], "n": 100.0})
    assert fl.hierarchical.eblup(frame).to_frame()["value"].notna().all()
    with pytest.raises(EstimateFault, match="se is missing or not above 0: B"):
        fl.hierarchical.eblup(frame.drop(columns="n"))


def national_figure(se: float | None, value: float = 0.0075, n: int = 8380, cases: int = 63) -> pd.DataFrame:
    nation = {"margin": "", "district": None, "value": value, "se": se, "n": n, "cases": cases, "deff": 1.3}
    return pd.concat([pd.DataFrame([nation]), counts().assign(margin="district")], ignore_index=True)


def people_of() -> pd.DataFrame:
    return pd.DataFrame({"district": LETTERS, "population": 1000.0})


def test_benchmarked_areas_carry_the_error_of_the_nation() -> None:
    """Their sum in the draws has the mean and the standard error of the national row; known, it is the row itself."""
    table = national_figure(0.0012)
    ask: dict[str, Any] = {"population": people_of(), "benchmark": "ratio", "seed": 1}
    carried = area(table, **ask)
    known = area(table, benchmark_target="known", **ask)
    together = carried.draws[:, 1:].mean(axis=1)
    assert together.mean() == pytest.approx(0.0075, rel=0.02)
    # 62 degrees of freedom (cases): t/z is 1.02; 4,000 draws: the standard deviation within 5 %.
    assert together.std() == pytest.approx(0.0012 * 1.02, rel=0.05)
    np.testing.assert_allclose(known.draws[:, 1:].mean(axis=1), 0.0075, rtol=1e-12)
    wide, narrow = (found.to_frame().iloc[1:] for found in (carried, known))
    assert ((wide["upper"] - wide["lower"]) > (narrow["upper"] - narrow["lower"])).mean() > 0.9
    assert "benchmarked_with_error" in [one.code for one in carried.assumptions]
    assert "benchmarked" in [one.code for one in known.assumptions]


def test_a_nation_without_a_case_does_not_move_every_area_to_0() -> None:
    frame = counts(cases=0, value=0.0, deff=np.nan)
    nation = {"margin": "", "district": None, "value": 0.0, "se": 0.0, "n": 8380, "cases": 0, "deff": np.nan}
    table = pd.concat([pd.DataFrame([nation]), frame.assign(margin="district")], ignore_index=True)
    found = area(table, population=people_of(), benchmark="ratio", seed=1).to_frame().iloc[1:]
    assert (found["upper"] > 0).all()


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-75"):
        area(counts(), benchmark_target="census", seed=1)  # pyright: ignore[reportArgumentType]
