"""Replicates: multipliers are the textbook's, replicate variances of totals equal linearised ones, every refusal says why."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.inputs.replicates import UnitReplicates

DESIGN = fl.Design(weights="w", strata="h", psu="i", expands=True)
KINDS: tuple[Any, ...] = ("jkn", "brr", "fay", "rao-wu", "rescaled")


def people(units: int = 2, persons: int = 3, strata: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        {"h": f"s{h}", "i": i, "N": units + 3, "w": float(rng.uniform(1, 9)), "y": float(rng.normal(10, 3))}
        for h, i, _ in itertools.product(range(strata), range(units), range(persons))
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(
        region=np.where(rng.random(len(frame)) < 0.4, "North", "South"), c=rng.integers(0, 2, len(frame))
    )


def made(frame: pd.DataFrame, design: fl.Design, **arguments: Any) -> UnitReplicates:
    own = fl.replicate(frame, design=design, **arguments).replicates
    assert isinstance(own, UnitReplicates)
    return own


def se(frame: Any, design: fl.Design, **arguments: Any) -> np.ndarray:
    return fl.estimate_total(frame, "y", design=design, interval="wald", **arguments).to_frame()["se"].to_numpy()


@pytest.mark.parametrize("kind", ["jkn", "brr", "fay"])
def test_variance_of_a_total_is_the_linearised_one(kind: Any) -> None:
    """Exact for linear statistics: Wolter (2007), theorems 3.2.1 and 4.2.1; domains and their covariance too."""
    frame = people()
    design = fl.replicate(frame, design=DESIGN, kind=kind)
    ours = fl.estimate_total(frame, "y", design=design, by="region", interval="wald")
    taylor = fl.estimate_total(frame, "y", design=DESIGN, by="region", interval="wald")
    np.testing.assert_allclose(ours.to_frame()["se"], taylor.to_frame()["se"], rtol=1e-12)
    if kind == "jkn":
        np.testing.assert_allclose(ours.covariance, taylor.covariance, rtol=1e-10)


def test_jackknife_knows_the_finite_population() -> None:
    frame = people(units=4)
    design = fl.Design(weights="w", strata="h", psu="i", fpc="N", expands=True)
    np.testing.assert_allclose(se(frame, fl.replicate(frame, design=design, kind="jkn")), se(frame, design), rtol=1e-12)


def test_jackknife_without_strata() -> None:
    frame = people(strata=1, units=6)
    design = fl.Design(weights="w", psu="i", fpc="N", expands=True)
    np.testing.assert_allclose(se(frame, fl.replicate(frame, design=design, kind="jk1")), se(frame, design), rtol=1e-12)


def test_rows_as_units() -> None:
    """Each row is deleted in turn; the engine must have an order of rows."""
    frame = people()
    design = fl.Design(weights="w", strata="h", expands=True)
    replicated = fl.replicate(frame, design=design, kind="jkn")
    assert made(frame, design, kind="jkn").multipliers.shape == (30, 30)
    np.testing.assert_allclose(se(frame, replicated), se(frame, design), rtol=1e-12)
    np.testing.assert_allclose(se(pl.from_pandas(frame).lazy(), replicated), se(frame, design), rtol=1e-12)


def test_hadamard_halves_are_balanced() -> None:
    """Every pair of strata meets each combination of halves equally often: the columns are orthogonal."""
    own = made(people(strata=6), DESIGN, kind="brr")
    sign = own.multipliers[::2] - 1
    assert own.multipliers.shape == (12, 8)
    np.testing.assert_array_equal(sign @ sign.T, 8 * np.eye(6))
    np.testing.assert_array_equal(sign.sum(axis=1), np.zeros(6))


def test_bootstrap_multipliers_of_rao_and_wu() -> None:
    """n/(n − 1) × times drawn among n − 1 draws: the sum over a stratum is always n."""
    own = made(people(units=4), DESIGN, kind="rao-wu", replicates=50, seed=1)
    assert own.multipliers.shape == (20, 50)
    np.testing.assert_allclose(own.multipliers.reshape(5, 4, 50).sum(axis=1), 4.0)
    np.testing.assert_array_equal(
        own.multipliers, made(people(units=4), DESIGN, kind="rao-wu", replicates=50, seed=1).multipliers
    )


@pytest.mark.parametrize("kind", ["rao-wu", "rescaled"])
def test_results_note_the_seed_also_one_that_was_made(kind: Any) -> None:
    """With the seed that a result notes the same replicates are made again; no seed is noted where nothing is drawn."""
    frame = people()
    design = fl.Design(weights="w", strata="h", psu="i", fpc="N", expands=True)
    first = fl.replicate(frame, design=design, kind=kind, replicates=20)
    told = fl.estimate_mean(frame, "y", design=first).provenance.arguments["design"]["replicates"]
    assert (told["kind"], told["replicates"], told["centre"]) == (kind, 20, "mean")
    again = fl.replicate(frame, design=design, kind=kind, replicates=20, seed=told["seed"])
    np.testing.assert_array_equal(se(frame, again), se(frame, first))
    halves = fl.replicate(frame, design=design, kind="jkn")
    assert "seed" not in fl.estimate_mean(frame, "y", design=halves).provenance.arguments["design"]["replicates"]
    taylor = fl.estimate_mean(frame, "y", design=first, variance="taylor")
    assert taylor.provenance.arguments["design"]["replicates"] == {}


@pytest.mark.parametrize(("kind", "stages"), [("rao-wu", 1), ("rescaled", 1), ("rescaled", 2)])
def test_bootstrap_variance_of_a_total_tends_to_the_linearised_one(kind: Any, stages: int) -> None:
    """4,000 replicates: the relative Monte Carlo error of a variance is √(2/4000) = 2.2 %, of se half; 4 of these are allowed."""
    frame = people(units=5, persons=4).assign(k=lambda f: f.groupby(["h", "i"]).cumcount(), M=7)
    names: dict[int, Any] = {1: {"psu": "i", "fpc": "N"}, 2: {"stages": ("i", "k"), "fpc": ("N", "M")}}
    design = fl.Design(weights="w", strata="h", expands=True, **names[stages])
    replicated = fl.replicate(frame, design=design, kind=kind, replicates=4000, centre="estimate", seed=5)
    np.testing.assert_allclose(se(frame, replicated), se(frame, design), rtol=4 * 0.0112)


def test_columns_of_the_file_are_the_same_as_multipliers() -> None:
    """The weights that the multipliers stand for, given back as columns: the same estimates, on three kinds of call."""
    frame = people(units=3)
    own = made(frame, DESIGN, kind="jkn")
    position = {unit: row for row, unit in enumerate(own.units)}
    rows = [position[unit] for unit in frame[["h", "i"]].itertuples(index=False, name=None)]
    columns = {f"r{r}": column for r, column in enumerate((own.multipliers[rows] * frame[["w"]].to_numpy()).T)}
    factors = {f"f{r}": column for r, column in enumerate(own.multipliers[rows].T)}
    wide = frame.assign(**columns, **factors)
    common: dict[str, Any] = {"kind": "jkn", "rscales": own.rscales.tolist(), "centre": "mean"}
    weights = fl.Design(weights="w", replicates=fl.Replicates(list(columns), **common), expands=True)
    multiplied = fl.Design(weights="w", replicates=fl.Replicates(list(factors), combined=False, **common), expands=True)
    units = fl.replicate(frame, design=DESIGN, kind="jkn")
    expected = fl.estimate_mean(frame, "y", design=units, by="region").to_frame()
    for design in (weights, multiplied):
        for engine in (wide, pl.from_pandas(wide).lazy()):
            found = fl.estimate_mean(engine, "y", design=design, by="region").to_frame()
            np.testing.assert_allclose(found[["value", "se"]], expected[["value", "se"]], rtol=1e-10)
    assert fl.estimate_mean(wide, "y", design=weights).to_frame()["df"].tolist() == [10.0]  # 15 units − 5 strata
    stated = replace(weights, replicates=fl.Replicates(list(columns), df=7, **common))
    assert fl.estimate_mean(wide, "y", design=stated).to_frame()["df"].tolist() == [7.0]
    logit = fl.estimate_prevalence(wide, "c", design=weights, interval="logit").to_frame()
    assert 0 < logit["lower"].iloc[0] < logit["value"].iloc[0] < logit["upper"].iloc[0] < 1


def test_taylor_on_request() -> None:
    frame = people()
    design = fl.replicate(frame, design=DESIGN, kind="jkn")
    assert fl.estimate_mean(frame, "y", design=design).to_frame()["method"].tolist() == ["replicates"]
    taylor = fl.estimate_mean(frame, "y", design=design, variance="taylor").to_frame()
    pd.testing.assert_frame_equal(taylor, fl.estimate_mean(frame, "y", design=DESIGN).to_frame())


def test_variance_of_a_quantity_by_replicates() -> None:
    """A smooth statistic of 60 units: jackknife and linearisation differ by terms of the order of 1/units."""
    frame = people(units=12, persons=4)
    design = fl.replicate(frame, design=DESIGN, kind="jkn")
    ours, taylor = (fl.estimate_variance(frame, "y", design=d).to_frame() for d in (design, DESIGN))
    np.testing.assert_allclose(ours["value"], taylor["value"], rtol=1e-12)
    np.testing.assert_allclose(ours["se"], taylor["se"], rtol=0.1)


def test_a_replicate_without_anyone_of_the_domain_is_left_out_and_said() -> None:
    frame = people().assign(region=lambda f: np.where((f["h"] == "s0") & (f["i"] == 0), "North", "South"))
    estimates = fl.estimate_mean(frame, "y", design=fl.replicate(frame, design=DESIGN, kind="jkn"), by="region")
    assert {r.row: r.parameters for r in estimates.reasons if r.code == "replicates_without_value"} == {
        1: (("replicates", 1), ("of", 10))
    }


def test_multipliers_are_of_units_not_rows() -> None:
    frame = people(persons=50)
    assert made(frame, DESIGN, kind="rao-wu", replicates=20, seed=0).multipliers.shape == (10, 20)


def test_units_that_the_replicates_do_not_know() -> None:
    frame = people()
    design = fl.replicate(frame[frame["h"] != "s0"], design=DESIGN, kind="jkn")
    with pytest.raises(fl.FlError, match="FL-DESIGN-25"):
        fl.estimate_mean(frame, "y", design=design)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"columns": ["a"], "kind": "brr"}, "FL-DESIGN-15"),
        ({"columns": ["a", "a"], "kind": "brr"}, "FL-DESIGN-15"),
        ({"columns": ["a", "b"], "kind": "brrr"}, "FL-DESIGN-16"),
        ({"columns": ["a", "b"], "kind": "brr", "centre": "median"}, "FL-DESIGN-16"),
        ({"columns": ["a", "b"]}, "FL-DESIGN-17"),
        ({"columns": ["a", "b"], "kind": "jkn"}, "FL-DESIGN-17"),
        ({"columns": ["a", "b"], "kind": "fay"}, "FL-DESIGN-17"),
        ({"columns": ["a", "b"], "kind": "fay", "fay": 1.0}, "FL-DESIGN-17"),
        ({"columns": ["a", "b"], "kind": "jk2", "rscales": [1.0]}, "FL-DESIGN-17"),
        ({"columns": ["a", "b"], "kind": "brr", "df": 0}, "FL-DESIGN-17"),
    ],
)
def test_columns_that_cannot_be(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.Replicates(**arguments)


def test_scales_by_kind() -> None:
    """Wolter (2007): (R − 1)/R, 1, 1/R, 1/(R(1 − ρ)²), 1/R or 1/(R − 1); 4/R for successive differences."""
    columns = ["a", "b", "c", "d"]
    kinds: list[tuple[Any, dict[str, Any], float]] = [
        ("jk1", {}, 3 / 4), ("jk2", {}, 1.0), ("brr", {}, 1 / 4), ("fay", {"fay": 0.5}, 1.0), ("sdr", {}, 1.0),
        ("bootstrap", {}, 1 / 4), ("bootstrap", {"centre": "mean"}, 1 / 3), ("other", {"scale": 0.3}, 0.3),
    ]  # fmt: skip
    for kind, more, expected in kinds:
        assert fl.Replicates(columns, kind=kind, **more).scale == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"kind": "jk9"}, "FL-DESIGN-16"),
        ({"kind": "jkn", "centre": "median"}, "FL-DESIGN-16"),
        ({"kind": "jk1"}, "FL-DESIGN-22"),
        ({"kind": "rao-wu"}, "FL-DESIGN-24"),
        ({"kind": "jkn", "replicates": 10}, "FL-DESIGN-24"),
        ({"kind": "rescaled", "replicates": 1}, "FL-DESIGN-24"),
        ({"kind": "fay", "fay": 1.5}, "FL-DESIGN-24"),
    ],
)
def test_replicates_that_cannot_be_made(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.replicate(people(), design=DESIGN, **arguments)


def test_halves_need_two_units() -> None:
    frame = people()
    lone = frame[(frame["h"] != "s1") | (frame["i"] == 0)]
    with pytest.raises(fl.FlError, match="FL-DESIGN-12"):
        fl.replicate(lone, design=DESIGN, kind="brr")
    with pytest.raises(fl.FlError, match="FL-DESIGN-22"):
        fl.replicate(lone, design=replace(DESIGN, single_psu="certainty"), kind="brr")
    assert made(lone, replace(DESIGN, single_psu="collapse"), kind="brr").df == 4


def test_no_replicates_of_unequal_probabilities() -> None:
    frame = people(strata=1, units=6).assign(p=lambda f: f["i"] / 10 + 0.1)
    with pytest.raises(fl.FlError, match="FL-DESIGN-23"):
        fl.replicate(frame, design=fl.Design(psu="i", fpc="p", pps="brewer"), kind="jk1")


def test_replicate_weights_need_sampling_weights() -> None:
    frame = people().assign(a=1.0, b=2.0)
    own = fl.Replicates(["a", "b"], kind="brr")
    with pytest.raises(fl.FlError, match="FL-DESIGN-27"):
        fl.estimate_mean(frame, "y", design=fl.Design(replicates=own))
    with pytest.raises(fl.FlError, match="FL-DESIGN-14"):
        fl.estimate_mean(frame.assign(a="x"), "y", design=fl.Design(weights="w", replicates=own, expands=True))


def test_asking_for_variances_that_are_not_there() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-81"):
        fl.estimate_mean(people(), "y", design=DESIGN, variance="replicates")
    wrong: Any = "bootstrap"
    with pytest.raises(fl.FlError, match="FL-EST-19"):
        fl.estimate_mean(people(), "y", design=DESIGN, variance=wrong)


def test_lost_half_samples_are_made_up_by_those_that_are_left() -> None:
    # A domain in one unit of the first stratum: half of the half-samples hold nothing of it.
    frame = people(units=2).assign(alone=lambda f: ((f["h"] == "s0") & (f["i"] == 0)) | (f["h"] == "s1"))
    frame.loc[frame["h"] == "s1", "alone"] = frame["i"] == 1
    made_of = fl.replicate(frame, design=DESIGN, kind="brr", centre="estimate")
    found = fl.estimate_mean(frame, "y", design=made_of, where="alone")
    own: Any = made_of.replicates
    units = {unit: row for row, unit in enumerate(own.units)}
    inside = frame[frame["alone"]].copy()
    rows = [units[tuple(unit)] for unit in inside[list(own.keys)].itertuples(index=False)]
    weights = inside["w"].to_numpy()[:, None] * own.multipliers[rows]
    with np.errstate(invalid="ignore"):
        theta = (weights * inside["y"].to_numpy()[:, None]).sum(axis=0) / weights.sum(axis=0)
    kept = np.isfinite(theta)
    assert 0 < kept.sum() < len(theta)
    value = np.average(inside["y"], weights=inside["w"])
    assert found.se == pytest.approx(np.sqrt(((theta[kept] - value) ** 2).mean()), rel=1e-10)
    last = found.reasons[-1]
    assert (last.code, dict(last.parameters)) == (
        "replicates_made_up",
        {"replicates": int((~kept).sum()), "of": len(theta)},
    )
