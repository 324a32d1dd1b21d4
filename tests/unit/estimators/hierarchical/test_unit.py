"""Poststratified models: shape, new levels, effective counts that give the direct error, aggregates of joint draws, engines, faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import special

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.results.columns import CONTEXT
from fl_estimate.results.estimates import FIXED

from .made_cells import CELLS, DESIGN, EFFECTS, people, population

PEOPLE = people()


def unit(frame: Any = PEOPLE, outcome: str = "fl", **given: Any) -> fl.Estimates:
    settings: dict[str, Any] = {"cells": CELLS, "population": population(), "design": DESIGN, "draws": 200, "seed": 1}
    return fl.hierarchical.unit(frame, outcome, **settings | given)


@pytest.fixture(scope="module")
def regions() -> fl.Estimates:
    return unit(by=[["region"], ["province", "sex"]], varying=["region", "age", "region:age"])


def test_columns_and_recipe(regions: fl.Estimates) -> None:
    frame = regions.to_frame()
    assert [name for name in frame.columns if name not in ("region", "province", "sex")] == [*CONTEXT, *FIXED]
    assert frame["margin"].tolist() == ["", *["region"] * 4, *["province × sex"] * 4]
    assert set(frame["method"]) == {"unit-binomial"}
    assert (frame["lower"] < frame["value"]).all()
    assert (frame["value"] < frame["upper"]).all()
    by_region = PEOPLE.groupby("region")["fl"]
    assert frame["n"].tolist()[1:5] == by_region.size().tolist()
    assert frame["cases"].tolist()[1:5] == by_region.sum().tolist()
    codes = [assumption.code for assumption in regions.assumptions]
    assert {"cells_represent_population", "unit_effects", "unit_effective_design", "unit_prior"} <= set(codes)
    assert "df_rule" not in codes
    assert regions.provenance.call == "hierarchical.unit"


def test_rows_are_sums_of_the_same_draws(regions: fl.Estimates) -> None:
    """The nation is the regions weighted by their persons, in every draw; so are the halves of another margin."""
    cells, draws = population(), np.asarray(regions.draws)
    persons = cells.groupby("region")["population"].sum().to_numpy()
    np.testing.assert_allclose(draws[:, 1:5] @ persons / persons.sum(), draws[:, 0], rtol=1e-10)
    halves = cells.groupby(["province", "sex"])["population"].sum().to_numpy()
    np.testing.assert_allclose(draws[:, 5:] @ halves / halves.sum(), draws[:, 0], rtol=1e-10)


def test_with_one_cell_the_error_is_that_of_the_direct_estimate() -> None:
    """A flat prior of the logit leaves the binomial's own spread, which the effective count makes the design's."""
    frame = people(6_000).assign(all=1)
    direct = fl.estimate_prevalence(frame, "fl", design=DESIGN).to_frame().iloc[0]
    whole = pd.DataFrame({"all": [1], "population": [1_000]})
    found = unit(
        frame,
        cells="all",
        population=whole,
        varying=[],
        prior=fl.hierarchical.Prior(intercept="flat"),
        weights="effective",
    )
    row = found.to_frame().iloc[0]
    assert direct["deff"] > 1.5
    assert row["value"] == pytest.approx(direct["value"], rel=0.01)
    # Monte Carlo error of a standard deviation from 16,000 draws 0.6 %, and a beta density beside a normal one.
    assert row["se"] == pytest.approx(direct["se"], rel=0.03)


def test_a_simple_random_sample_counts_as_it_is() -> None:
    found = unit(design=fl.Design(unweighted=True)).diagnostics
    assert found["effective_n"] == len(PEOPLE)
    assert found["design_excess"] == 1.0


def test_weights_all_alike_change_nothing() -> None:
    """Weights of 1 within one stratum, rows as units: the same counts up to n/(n − 1)."""
    alike = unit(PEOPLE.assign(w=1.0), design=fl.Design(weights="w")).diagnostics["effective_n"]
    assert alike == pytest.approx(len(PEOPLE), rel=0.05)
    assert alike <= len(PEOPLE)


def test_the_posterior_of_two_cells_by_hand() -> None:
    """One coefficient, flat intercept aside: a grid over both, made apart from the library."""
    frame = pd.DataFrame({"sex": ["f"] * 60 + ["m"] * 80, "y": [1] * 6 + [0] * 54 + [1] * 20 + [0] * 60})
    cells = pd.DataFrame({"sex": ["f", "m"], "population": [300.0, 100.0]})
    prior = fl.hierarchical.Prior(intercept="normal(-2, 1)", slopes="normal(0, 1)")
    found = fl.hierarchical.unit(
        frame, "y", cells="sex", population=cells, by="sex", design=fl.Design(unweighted=True), prior=prior, seed=1
    ).to_frame()
    b0, b1 = np.meshgrid(np.linspace(-5, 1, 801), np.linspace(-3, 5, 801), indexing="ij")
    p, q = special.expit(b0), special.expit(b0 + b1)
    log = 6 * np.log(p) + 54 * np.log1p(-p) + 20 * np.log(q) + 60 * np.log1p(-q) - 0.5 * (b0 + 2) ** 2 - 0.5 * b1**2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    for row, share in enumerate((0.75 * p + 0.25 * q, p, q)):
        mean = (weight * share).sum()
        sd = np.sqrt((weight * (share - mean) ** 2).sum())
        assert found["se"].iloc[row] == pytest.approx(sd, rel=0.03)
        order = np.argsort(share, axis=None)
        reached = np.cumsum(weight.ravel()[order])
        for column, tail in (("lower", 0.025), ("value", 0.5), ("upper", 0.975)):
            exact = share.ravel()[order][np.searchsorted(reached, tail)]
            # Four standard errors of a quantile from 10,000 effective draws.
            assert abs(found[column].iloc[row] - exact) < 4 * 2.67 * sd / 100


def test_levels_that_only_the_population_has_are_drawn_from_the_prior() -> None:
    more = pd.concat([population(), population().query("region == 'East'").assign(region="Far")])
    found = unit(population=more, varying=["region", "region:age"], by="region")
    frame = found.to_frame().set_index("region")
    assert found.diagnostics["new_levels"] == {"region": ["Far"]}
    assert frame.loc["Far", "n"] == 0
    se = frame["se"]
    assert se["Far"] > 1.2 * se["East"]
    assert [r.code for r in found.reasons] == ["area_without_sample"]
    assert "unit_new_levels" in [assumption.code for assumption in found.assumptions]
    # One draw for the level, the same in all its cells: its classes hang together.
    assert found.diagnostics["empty_cells"] == 6


def test_a_covariate_that_tells_narrows_what_is_not_sampled() -> None:
    """Twelve regions whose shares follow x: without x the thirteenth may be anywhere among them."""
    position = np.repeat(np.arange(12), 100)
    frame = pd.DataFrame({"region": position, "y": (np.tile(np.arange(100), 12) < 2 + 3 * position).astype(int)})
    cells = pd.DataFrame({"region": np.arange(13), "population": 1.0})
    x = pd.DataFrame({"region": np.arange(13), "x": np.log(2 + 3.0 * np.arange(13))})
    plain, told = (
        unit(
            frame, "y", cells="region", population=cells, covariates=c, by="region", design=fl.Design(unweighted=True)
        ).to_frame()
        for c in (None, x)
    )
    assert told["se"].iloc[-1] < 0.6 * plain["se"].iloc[-1]
    # The line of x leads to about 38 of 100.
    assert told["lower"].iloc[-1] < 0.38 < told["upper"].iloc[-1]


def test_no_case_at_all_still_has_an_answer() -> None:
    row = unit(PEOPLE.assign(fl=0), by="region").to_frame()
    assert (row["upper"] < 0.02).all()
    assert (row["lower"] > 0).all()


def test_engines_and_seeds_agree() -> None:
    """The figures do not depend on the seed, only the draws kept do; polars gives what pandas gives."""
    one, two = unit(by="region"), unit(pl.from_pandas(PEOPLE).lazy(), by="region", seed=2)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert not np.array_equal(one.draws, two.draws)


def test_many_cells_take_the_national_design_effect() -> None:
    """More cells than a joint covariance is given for: seven columns of three values."""
    rng = np.random.default_rng(2)
    names = list("abcdefg")
    frame = PEOPLE.head(300)
    frame = frame.assign(**{name: rng.integers(0, 3, len(frame)) for name in names})
    cells = frame[names].drop_duplicates().assign(population=10.0)
    found = unit(frame, cells=names, population=cells, varying=["a"], draws=10)
    assert "unit_effective_national" in [assumption.code for assumption in found.assumptions]


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("FL-EST-100", {"cells": []}),
        ("FL-EST-100", {"varying": ["regoin"]}),
        ("FL-EST-100", {"varying": ["region", "region"]}),
        ("FL-EST-100", {"prior": fl.hierarchical.Prior(sigma={"nation": "half-normal(1)"})}),
        ("FL-EST-101", {"population": population().drop(columns="age")}),
        ("FL-EST-101", {"population": population(population=-1.0)}),
        ("FL-EST-101", {"population": population(population=0.0)}),
        ("FL-EST-102", {"population": population().replace({"region": {"North": "Nord"}})}),
        ("FL-EST-102", {"population": population().iloc[1:]}),
        ("FL-EST-104", {"weights": "all"}),
        ("FL-EST-105", {"covariates": EFFECTS.iloc[1:]}),
        ("FL-EST-105", {"covariates": EFFECTS.assign(x="a")}),
        ("FL-EST-105", {"covariates": EFFECTS.rename(columns={"region": "place"})}),
        ("FL-EST-105", {"covariates": ["school"]}),
        ("FL-EST-106", {"by": "planet"}),
        ("FL-EST-107", {"likelihood": "poisson"}),
        ("FL-EST-107", {"sampler": "gibbs"}),
        ("FL-EST-107", {"likelihood": "normal", "sampler": "nuts"}),
        ("FL-EST-50", {"level": 95}),
        ("FL-EST-52", {"covariates": EFFECTS.assign(x=1.0)}),
    ],
)
def test_faults(code: str, given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault) as caught:
        unit(**given)
    assert caught.value.code == code


def test_labels_that_do_not_match_are_named_on_both_sides() -> None:
    with pytest.raises(EstimateFault) as caught:
        unit(population=population().replace({"region": {"North": "Nord"}}))
    assert "North" in caught.value.found
    assert "Nord" in caught.value.found


def test_people_in_no_cell_are_counted_and_refused() -> None:
    frame = PEOPLE.assign(sex=PEOPLE["sex"].where(PEOPLE.index >= 7))
    with pytest.raises(EstimateFault, match="7 people") as caught:
        unit(frame)
    assert caught.value.code == "FL-EST-103"


def test_an_area_model_has_one_sigma() -> None:
    with pytest.raises(EstimateFault) as caught:
        fl.hierarchical.area(
            pd.DataFrame({"r": ["A", "B"], "value": [0.1, 0.2], "n": [50, 60], "deff": 1.0}),
            prior=fl.hierarchical.Prior(sigma={"r": "half-normal(1)"}),
        )
    assert caught.value.code == "FL-EST-49"
