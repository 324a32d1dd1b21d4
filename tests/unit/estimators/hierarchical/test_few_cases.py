"""Limits of an area model for areas of few cases: the same whatever their number, and wide enough for each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import fl_estimate as fl
from fl_estimate.estimators.hierarchical.few_cases import FEW, cases_that_may_be_known

N = np.array([900.0, 1100, 700, 1300, 800, 950, 1200, 1000])
CASES = np.array([12.0, 9, 3, 15, 1, 8, 2, 11])


def direct(cases: Any = CASES, **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"district": list("ABCDEFGH"), "n": N, "cases": cases, "value": cases / N, "deff": 1.4} | more)


def limits(frame: pd.DataFrame, **more: Any) -> dict[str, list[float]]:
    return fl.hierarchical.area(frame, seed=1, draws=100, **more).diagnostics["limits_of_few"]


def test_areas_of_few_cases_have_limits_and_no_other() -> None:
    assert sorted(limits(direct())) == ["C", "E", "G"]
    assert limits(direct(np.where(CASES < FEW, FEW, CASES))) == {}


@pytest.mark.parametrize("moved", [(3.0, 0.0, 3.0), (1.0, 4.0, 1.0), (0.0, 4.0, 2.0), (4.0, 0.0, 2.0)])
def test_moving_a_case_between_them_moves_nothing(moved: tuple[float, float, float]) -> None:
    """Hyper-parameters know of them together only, so that a reader who refits for every number finds one answer."""
    other = CASES.copy()
    other[[2, 4, 6]] = moved
    assert limits(direct(other)) == limits(direct())


@pytest.mark.parametrize("moved", [(1.0, 4.0, 1.0), (4.0, 0.0, 2.0)])
def test_nor_does_it_where_cases_come_in_clusters(moved: tuple[float, float, float]) -> None:
    """The default where degrees of freedom say that design effects are estimated; what `publish` prints of the others too."""
    other = CASES.copy()
    other[[2, 4, 6]] = moved
    few = CASES < FEW
    made = [
        fl.hierarchical.area(direct(cases, df=12.0, deff=np.where(few, own, 1.8)), seed=1, draws=100)
        for cases, own in ((CASES, 1.4), (other, 2.9))
    ]
    assert {one.provenance.arguments["likelihood"] for one in made} == {"clustered"}
    first, second = (one.diagnostics["limits_of_few"] for one in made)
    assert sorted(first) == ["C", "E", "G"]
    assert first == second
    printed = [
        {key: np.multiply(one.diagnostics["released"][key], row) for key, row in rows(one).items()} for one in made
    ]
    for key in "ABDFH":
        np.testing.assert_allclose(printed[0][key], printed[1][key], rtol=1e-9)


POPULATION = pd.DataFrame({"district": list("ABCDEFGH"), "population": 10_000.0})


@pytest.mark.parametrize("more", [{}, {"deff": 1.8, "df": 12.0}])
@pytest.mark.parametrize("lone", [0.0, 1.0, 3.0, 4.0])
def test_one_area_of_few_has_no_cases_that_a_reader_could_find_by_refitting(lone: float, more: dict[str, Any]) -> None:
    """Its sum with others of few is its own count; the nation by populations is a mean of all areas, its own among them."""
    many = np.where(CASES < FEW, 7.0, CASES)
    first, second = (
        fl.hierarchical.area(
            direct(np.where(POPULATION["district"] == "C", cases, many), **more),
            population=POPULATION,
            seed=1,
            draws=100,
        )
        for cases in (2.0, lone)
    )
    assert first.diagnostics["limits_of_few"] == second.diagnostics["limits_of_few"]
    assert sorted(first.diagnostics["limits_of_few"]) == ["C"]
    printed = [
        {key: np.multiply(one.diagnostics["released"][key], row) for key, row in rows(one).items()}
        for one in (first, second)
    ]
    for key in ["", *"ABDEFGH"]:
        np.testing.assert_allclose(printed[0][key], printed[1][key], rtol=1e-9)
    # Nor is it the nation less all others: a model prints no cases where an area has few.
    assert fl.publish(first).to_frame()["cases"].isna().all()
    frames = [fl.publish(one).to_frame().drop(columns=["df"]) for one in (first, second)]
    pd.testing.assert_frame_equal(frames[0], frames[1])


@pytest.mark.parametrize(
    ("cases", "areas", "known"), [(0, 1, 2), (4, 1, 2), (4, 5, 2), (5, 2, 5), (8, 2, 5), (9, 3, 9), (12, 3, 9)]
)
def test_what_may_be_known_of_a_sum_leaves_every_area_open(cases: int, areas: int, known: int) -> None:
    assert cases_that_may_be_known(cases, areas) == known
    if cases >= FEW:
        # With all others at their most an area has one case or none; so has every other.
        assert known - (FEW - 1) * (areas - 1) <= 1


def rows(estimates: Any) -> dict[str, Any]:
    frame = estimates.to_frame()
    columns = frame[["value", "se", "lower", "upper"]].to_numpy(dtype=float)
    return dict(zip(frame["district"].astype("string").fillna(""), columns, strict=True))


def test_neither_their_values_nor_their_design_effects_enter() -> None:
    few = CASES < FEW
    frame = direct(deff=np.where(few, 2.9, 1.4), value=np.where(few, 0.5, 1.0) * CASES / N)
    assert limits(frame) == limits(direct())


def test_they_run_from_no_case_to_four() -> None:
    """Against the posterior by quadrature, given the same centre and variance: none shows through a narrower interval."""
    found = limits(direct())
    posterior = fl.hierarchical.area(direct(), seed=1, draws=100).to_frame().set_index("district")
    value = posterior["value"].to_dict()
    for key, (lower, upper) in found.items():
        assert 0 == lower < value[key] < upper < 0.05
    # Without the model, four effective cases in n/1.4 people have Jeffreys's limits; shrinking towards the others moves them.
    alone = stats.beta.ppf(0.975, 4 / 1.4 + 0.5, (N[2] - 4) / 1.4 + 0.5)
    assert found["C"][1] == pytest.approx(alone, rel=0.35)


def test_limits_by_quadrature() -> None:
    from fl_estimate.estimators.hierarchical.few_cases import _limits
    from fl_estimate.estimators.hierarchical.model.posterior import Model, PosteriorRequest
    from fl_estimate.estimators.hierarchical.model.priors import Density, Priors

    ask = PosteriorRequest(level=0.95, draws=100, seed=1, shares=None)
    flat = Density("flat")
    one = Model(
        likelihood="binomial", link="logit", y=np.array([2.0]), size=np.array([500.0]), x=np.ones((1, 1)), names=("intercept",),
        priors=Priors(sigma=Density("half-normal", (1.0,)), intercept=flat, slopes=None, mean=np.zeros(1), precision=np.zeros(1)),
    )  # fmt: skip
    lower, upper = _limits(one, -5.0, 0.3, ask)

    def density(eta: float) -> float:
        return float(np.exp(2.0 * eta - 500.0 * np.logaddexp(0, eta) - 0.5 * (eta + 5.0) ** 2 / 0.3) * 1e6)

    whole = integrate.quad(density, -10, 0, epsabs=0, epsrel=1e-10, limit=200)[0]
    for end, share in ((lower, 0.025), (upper, 0.975)):
        below = integrate.quad(density, -10, special.logit(end), epsabs=0, epsrel=1e-10, limit=200)[0]
        assert below / whole == pytest.approx(share, abs=1e-4)


def test_other_models_have_none() -> None:
    pairs = [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E"), ("E", "F"), ("F", "G"), ("G", "H")]
    edges = pd.DataFrame(pairs, columns=["district", "neighbour"])
    assert limits(direct(), spatial="bym2", neighbours=edges) == {}
    assert limits(direct(), likelihood="beta-binomial") == {}


def test_published_they_are_one_digit_and_no_value() -> None:
    frame = fl.publish(fl.hierarchical.area(direct(), seed=1, draws=100)).to_frame().set_index("district")
    few = frame.loc[["C", "E", "G"]]
    assert few[["value", "se", "cases", "deff", "undetermined"]].isna().all(axis=None)
    found = limits(direct())
    for key, lower, upper in zip(few.index, few["lower"], few["upper"], strict=True):
        assert lower <= found[str(key)][0]
        assert upper >= found[str(key)][1]
        assert float(f"{lower:.0e}") == lower
        assert float(f"{upper:.0e}") == upper
    assert frame.loc[["A", "B", "D"], "value"].notna().all()


def test_per_thousand_they_are_in_its_units() -> None:
    made = fl.hierarchical.area(direct(), seed=1, draws=100)
    shares, thousands = (fl.publish(one).to_frame().set_index("district") for one in (made, made.per_thousand()))
    assert thousands["upper"].to_dict()["C"] == pytest.approx(1_000 * shares["upper"].to_dict()["C"])
