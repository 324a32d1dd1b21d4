"""EBLUPs of areas at several times agree with sae; gaps, order and a second variance of 0 make no difference that they should not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

FOLDER = Path(__file__).parent / "hierarchical"
ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry
    for entry in json.loads((FOLDER / "area_more.json").read_text(encoding="utf-8"))
    if entry["feature"] == "spatio_temporal_fay_herriot"
}
TABLE = pd.read_csv(FOLDER / "data" / "spacetime.csv")
DIRECT = pd.DataFrame({"area": TABLE["Area"], "year": TABLE["Time"], "value": TABLE["Y"], "se": np.sqrt(TABLE["Var"])})
COVARIATES = TABLE[["Area", "Time", "X1", "X2"]].rename(columns={"Area": "area", "Time": "year"})


def neighbours() -> pd.DataFrame:
    matrix, names = pd.read_csv(FOLDER / "data" / "spacetime_W.csv", header=None).to_numpy(), TABLE["Area"].unique()
    i, j = np.nonzero(matrix)
    return pd.DataFrame({"area": names[i], "neighbour": names[j], "weight": matrix[i, j]})


@pytest.mark.parametrize(("key", "temporal"), [("spacetime/stfh/S", None), ("spacetime/stfh/ST", "ar1")])
def test_eblup_of_sae(key: str, temporal: Any) -> None:
    """Theirs stops at a relative step of 1e-4; ours climbs to the top, so that 2e-4 is what may lie between."""
    result = ENTRIES[key]["result"]
    estimates = fl.hierarchical.eblup(
        DIRECT, covariates=COVARIATES, spatial="sar", neighbours=neighbours(), temporal=temporal, time="year"
    )
    frame, found = estimates.to_frame(), estimates.diagnostics
    np.testing.assert_allclose(frame["value"], result["eblup"], rtol=2e-4)
    np.testing.assert_allclose(list(found["coefficients"].values()), result["beta"], rtol=2e-4)
    components = result["varcomp"]
    assert found["variance"] == pytest.approx(components["sigma21"], rel=1e-3)
    assert found["rho"] == pytest.approx(components["rho1"], rel=1e-3)
    # Their second variance is that of a step, ours that of an effect.
    step = found["variance_time"] * (1 - found.get("rho_time", 0.0) ** 2)
    assert step == pytest.approx(components["sigma22"], rel=1e-3)
    if temporal:
        assert found["rho_time"] == pytest.approx(components["rho2"], rel=1e-3)
    assert list(estimates.by) == ["area", "year"]
    assert set(frame["margin"]) == {"area × year"}


def test_rows_in_another_order_and_missing_ones_change_nothing() -> None:
    """A cell that has no row is one without sample: it gets a figure, the others those of a fit without it."""
    whole = fl.hierarchical.eblup(DIRECT, covariates=COVARIATES, temporal="ar1", time="year").to_frame()
    mixed = fl.hierarchical.eblup(
        DIRECT.sample(frac=1, random_state=1), covariates=COVARIATES, temporal="ar1", time="year"
    ).to_frame()
    both = whole.merge(mixed, on=["area", "year"])
    np.testing.assert_allclose(both["value_x"], both["value_y"], rtol=1e-5)
    some = fl.hierarchical.eblup(DIRECT.drop(index=4), covariates=COVARIATES, temporal="ar1", time="year")
    frame = some.to_frame()
    assert len(frame) == len(DIRECT)
    gap = frame[(frame["area"] == DIRECT["area"][4]) & (frame["year"] == DIRECT["year"][4])]
    assert np.isfinite(frame["value"]).all()
    assert frame["se"].isna().all()
    assert {reason.code for reason in some.reasons} == {"area_without_sample", "panel_error_not_given"}
    assert [reason.row for reason in some.reasons if reason.code == "area_without_sample"] == [int(gap.index[0])]


def test_without_a_second_variance_it_is_the_spatial_model() -> None:
    """Each area once more a time later, with twice the variance: all is said by the mean of both, as the spatial EBLUP has it."""
    names = np.arange(20)
    rng = np.random.default_rng(5)
    value = rng.normal(size=20) + 0.5 * rng.normal(size=20)
    once = pd.DataFrame({"area": names, "value": value, "se": 0.5})
    twice = pd.concat([once.assign(year=year, se=0.5 * np.sqrt(2)) for year in (2001, 2002)])
    edges = pd.DataFrame({"area": names[:-1], "neighbour": names[1:]})
    plain = fl.hierarchical.eblup(once, spatial="sar", neighbours=edges)
    panel = fl.hierarchical.eblup(twice, spatial="sar", neighbours=edges, time="year")
    assert panel.diagnostics["boundary"]
    assert panel.diagnostics["rho"] == pytest.approx(plain.diagnostics["rho"], abs=2e-3)
    frame = panel.to_frame()
    np.testing.assert_allclose(frame.loc[frame["year"] == 2002, "value"], plain.to_frame()["value"], atol=2e-3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"temporal": "ar1"}, "FL-EST-76"),
        ({"time": "year", "method": "moment"}, "FL-EST-76"),
        ({"time": "year", "temporal": "rw1"}, "FL-EST-75"),
        ({"time": "value"}, "FL-EST-40"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault) as caught:
        fl.hierarchical.eblup(DIRECT, **wrong)
    assert caught.value.code == code


def test_times_must_be_whole_numbers_and_more_than_one() -> None:
    for direct in (DIRECT.assign(year=[f"wave {year}" for year in DIRECT["year"]]), DIRECT[DIRECT["year"] == 1]):
        with pytest.raises(EstimateFault, match="FL-EST-77"):
            fl.hierarchical.eblup(direct, time="year")
