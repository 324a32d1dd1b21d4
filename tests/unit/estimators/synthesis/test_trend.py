"""Trends, changes and averages of rounds: by hand, by their properties, and refused where rounds do not count the same thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.results.codes import DEFINITION_STATED
from tests.unit.reporting import few as twelve

S = fl.synthesis
YEARS = ("2015", "2018", "2024")


def figures(values: Any = (30.0, 26.0, 22.0), se: Any = 2.0, **more: Any) -> dict[str, fl.Estimates]:
    errors = np.broadcast_to(se, len(values))
    return {
        year: S.published(value, se=float(error), quantity="total", source=year, **more)
        for year, value, error in zip(YEARS, values, errors, strict=False)
    }


def few_rounds() -> dict[str, fl.Estimates]:
    """Three rounds, the last of twelve people of whom one is a case."""
    nation = fl.estimate_prevalence(twelve.people(), "fl", design=twelve.DESIGN)
    return {"2015": nation, "2018": nation, "2024": fl.estimate_prevalence(twelve.few(), "fl", design=twelve.DESIGN)}


def few_of_trend() -> fl.Estimates:
    return S.trend(few_rounds())


def few_of_trend_test() -> fl.Estimates:
    return S.trend_test(few_rounds())


def few_of_changes() -> fl.Estimates:
    return S.changes(few_rounds())


def few_of_average_rounds() -> fl.Estimates:
    return S.average_rounds(few_rounds())


# --- by hand ----------------------------------------------------------------------------------------------------


def test_the_line_of_uneven_rounds_by_hand() -> None:
    """Times 2015, 2018, 2024 (from the names): (−4, −1, 5)/42 with equal errors."""
    found = S.trend(figures())
    assert found.value == pytest.approx((-4 * 30 - 26 + 5 * 22) / 42)
    assert found.se == pytest.approx(2 / np.sqrt(42))
    assert found.to_frame()["quantity"].tolist() == ["annual_change"]
    assert found.lower == pytest.approx(found.value - 1.959963984540054 * found.se)


def test_weights_by_precision_are_those_of_weighted_least_squares() -> None:
    se, t, y = np.array([1.0, 2.0, 4.0]), np.array([2015.0, 2018.0, 2024.0]), np.array([30.0, 26.0, 22.0])
    w = 1 / se**2
    centre = np.sum(w * t) / w.sum()
    slope = np.sum(w * (t - centre) * y) / np.sum(w * (t - centre) ** 2)
    found = S.trend(figures(y, se))
    assert (found.value, found.se) == (pytest.approx(slope), pytest.approx(np.sum(w * (t - centre) ** 2) ** -0.5))
    equal = S.trend(figures(y, se), weighting="equal")
    c = (t - t.mean()) / np.sum((t - t.mean()) ** 2)
    assert (equal.value, equal.se) == (pytest.approx(c @ y), pytest.approx(np.sqrt(np.sum(c**2 * se**2))))


def test_logarithms_give_a_constant_ratio_and_logits_a_constant_odds_ratio() -> None:
    t = np.array([2015.0, 2018.0, 2024.0])
    ratio = S.trend(figures(20 * 0.95**t / 0.95**2015), scale="log")
    assert ratio.value == pytest.approx(0.95)
    p = 1 / (1 + np.exp(3 - 0.1 * (t - 2015)))
    shares = {
        year: S.published(value, se=0.005, quantity="prevalence", source=year)
        for year, value in zip(YEARS, p, strict=True)
    }
    odds = S.trend(shares, scale="logit")
    assert odds.value == pytest.approx(np.exp(0.1))
    assert odds.diagnostics["cells"][0]["departure"]["f"] == pytest.approx(0, abs=1e-9)
    thousand = S.trend({year: one.per_thousand() for year, one in shares.items()}, scale="logit")
    assert thousand.value == pytest.approx(odds.value)


def test_tests_of_a_line_and_of_any_change_by_hand() -> None:
    """Known variances 4: W of any change is Σ(y − ȳ)²/4 on 2, of the line what is left of it on 1."""
    y = np.array([30.0, 26.0, 25.0])
    change, departure = (S.trend_test(figures(y), test=test).to_frame() for test in ("change", "departure"))
    whole = np.sum((y - y.mean()) ** 2) / 4
    slope = np.array([-4, -1, 5]) @ y / 42
    assert change["value"].tolist()[1:] == pytest.approx([whole / 2, 2])
    assert departure["value"].tolist()[1:] == pytest.approx([whole - slope**2 * 42 / 4, 1])
    from scipy import stats

    assert change["value"].iloc[0] == pytest.approx(stats.chi2.sf(whole, 2))


def test_changes_and_averages_with_an_overlap() -> None:
    """V = 4 + 4 − 2·0.6·0.5·4 between all pairs, and (3·4 + 6·1.2)/9 of the average."""
    told: dict[str, Any] = {"correlation": 0.6, "overlap": 0.5}
    changes = S.changes(figures(), pairs="all", **told).to_frame()
    assert changes["value"].tolist() == [-4, -8, -4]
    assert changes["term"].tolist() == ["2018 − 2015", "2024 − 2015", "2024 − 2018"]
    assert changes["se"].tolist() == pytest.approx([np.sqrt(8 - 2.4)] * 3)
    average = S.average_rounds(figures(), **told)
    assert (average.value, average.se) == (pytest.approx(26), pytest.approx(np.sqrt((12 + 6 * 1.2) / 9)))
    for given in (figures(), dict(reversed(figures().items()))):
        assert S.average_rounds(given, weights=[2, 1, 1]).value == pytest.approx(27)
    timeless = list(figures().values())
    assert S.average_rounds(timeless, weights=[1, 1, 2]).value == pytest.approx(25)
    two = S.change(figures()["2015"], figures()["2018"], **told)
    assert (two.value, two.se) == (-4, pytest.approx(np.sqrt(5.6)))


def test_changes_in_a_year() -> None:
    rounds = figures((30.0, 26.0))
    yearly = S.changes(rounds, per_year=True)
    assert (yearly.value, yearly.se) == (pytest.approx(-4 / 3), pytest.approx(np.sqrt(8) / 3))
    ratio = S.changes(rounds, scale="ratio", per_year=True)
    assert ratio.value == pytest.approx((26 / 30) ** (1 / 3))
    percent = S.changes(rounds, scale="percent")
    assert (percent.value, percent.upper) == (
        pytest.approx(100 * (26 / 30 - 1)),
        pytest.approx(100 * (S.changes(rounds, scale="ratio").upper - 1)),
    )


def test_changes_of_two_rounds_are_what_change_says() -> None:
    first, second = figures((30.0, 26.0)).values()
    for scale in ("difference", "ratio"):
        a, b = (
            S.changes([first, second], scale=scale, correlation=0.3, at=[2015, 2018]),
            S.change(first, second, scale=scale, correlation=0.3),
        )  # pyright: ignore[reportArgumentType]
        for name in ("value", "se", "lower", "upper"):
            assert getattr(a, name) == pytest.approx(getattr(b, name))


def test_degrees_of_freedom_are_satterthwaites() -> None:
    rounds = {year: replace(one, frame=one.frame.assign(df=df)) for (year, one), df in zip(figures().items(), (10.0, 20.0, 40.0), strict=True)}  # fmt: skip
    parts = np.array([16, 1, 25])
    assert S.trend(rounds, weighting="equal").to_frame()["df"].iloc[0] == pytest.approx(parts.sum() ** 2 / np.sum(parts**2 / [10, 20, 40]))  # fmt: skip
    assert S.trend(rounds, correlation=0.2).to_frame()["df"].iloc[0] == 10
    assert S.trend(rounds, df=7).to_frame()["df"].iloc[0] == 7


# --- properties -------------------------------------------------------------------------------------------------


def test_the_order_in_which_rounds_are_given_does_not_matter() -> None:
    rounds = figures()
    turned = dict(reversed(rounds.items()))
    for estimate in (S.trend, S.changes, S.average_rounds):
        pd.testing.assert_frame_equal(estimate(rounds).to_frame(), estimate(turned).to_frame())


def test_units_and_years_scale_the_slope() -> None:
    slope = S.trend(figures()).value
    assert S.trend(figures((300.0, 260.0, 220.0), 20.0)).value == pytest.approx(10 * slope)
    assert S.trend(figures(), at={"2015": 0, "2018": 6, "2024": 18}).value == pytest.approx(slope / 2)


def test_identical_rounds_that_overlap_in_full_have_no_error() -> None:
    rounds = figures((30.0, 30.0))
    assert S.changes(rounds, correlation=1.0, overlap=1.0).se == pytest.approx(0, abs=1e-12)
    assert S.average_rounds(rounds, correlation=1.0).se == pytest.approx(2)


def test_a_round_known_without_error_counts_as_every_other_and_says_so() -> None:
    found = S.trend(figures(se=(0.0, 2.0, 2.0)))
    assert found.value == pytest.approx((-4 * 30 - 26 + 5 * 22) / 42)
    assert [str(reason.code) for reason in found.reasons] == ["rounds_weighted_equally"]
    assert np.isnan(S.trend_test(figures(se=(0.0, 2.0, 2.0))).to_frame()["value"].iloc[0])


def test_a_round_without_an_error_is_left_out_and_named() -> None:
    rounds = figures() | {"2021": S.published(24, quantity="total", source="2021")}
    found = S.trend(rounds)
    assert found.value == pytest.approx(S.trend(figures()).value)
    assert [(str(r.code), dict(r.parameters)) for r in found.reasons] == [("rounds_left_out", {"rounds": ["2021"]})]
    two = S.trend({year: rounds[year] for year in ("2015", "2018", "2021")})
    assert np.isnan(two.value)
    assert "too_few_rounds" in [str(reason.code) for reason in two.reasons]


def survey(year: int, cases: int, n: int = 400, seed: int = 1) -> fl.Estimates:
    rng = np.random.default_rng([seed, year])
    people = pd.DataFrame(
        {"fl": (np.arange(n) < cases).astype(int), "w": 100.0, "ea": rng.permutation(np.arange(n) % 40)}
    )
    people["region"] = np.where(people["ea"] < 20, "N", "S")
    return replace(fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True), by="region"), reference_period=str(year))  # fmt: skip


def test_a_round_without_a_case_counts_and_is_named() -> None:
    """SE of one effective case in as many people; on logarithms half a case: log(0.5 s) with variance 2."""
    rounds = [survey(2015, 12).national, survey(2018, 8).national, survey(2021, 0).national]
    found = S.trend(rounds)
    upper = rounds[2].upper
    size = upper / -np.log(0.025)
    assert 0.5 / 400 < size < 2 / 400
    v = np.array([rounds[0].se, rounds[1].se, size]) ** 2
    t, y = np.array([0.0, 3, 6]), np.array([rounds[0].value, rounds[1].value, 0])
    centre = np.sum(t / v) / np.sum(1 / v)
    assert found.value == pytest.approx(np.sum((t - centre) * y / v) / np.sum((t - centre) ** 2 / v))
    assert ("rounds_without_cases", {"rounds": ["2021"]}) in [(str(r.code), dict(r.parameters)) for r in found.reasons]
    ratio = S.trend(rounds, scale="log")
    v = np.array([(rounds[0].se / rounds[0].value) ** 2, (rounds[1].se / rounds[1].value) ** 2, 2])
    y = np.log([rounds[0].value, rounds[1].value, 0.5 * size])
    centre = np.sum(t / v) / np.sum(1 / v)
    assert np.log(ratio.value) == pytest.approx(np.sum((t - centre) * y / v) / np.sum((t - centre) ** 2 / v))
    change = S.change(rounds[1], rounds[2])
    assert change.se == pytest.approx(np.hypot(rounds[1].se, size))
    assert [str(reason.code) for reason in change.reasons] == ["rounds_without_cases"]
    none = S.trend([survey(year, 0).national for year in (2015, 2018, 2021)])
    assert none.value == 0 and none.se > 0  # noqa: PT018


def test_domains_have_a_trend_each_and_one_that_a_round_lacks_is_taken_from_the_others() -> None:
    rounds = [survey(year, cases) for year, cases in ((2015, 30), (2018, 26), (2021, 22), (2024, 20))]
    lacking = rounds[1].select(region="N")
    found = S.trend([rounds[0], replace(lacking, reference_period="2018"), *rounds[2:]])
    assert found.to_frame()["region"].tolist()[1:] == ["N", "S"]
    alone = S.trend([one.select(region="S") for one in (rounds[0], *rounds[2:])])
    assert found["S"].value == pytest.approx(alone.value)
    whole = S.trend([one.select(region="N") for one in rounds])
    assert found["N"].value == pytest.approx(whole.value)
    assert {(r.row, str(r.code)) for r in found.reasons} >= {(0, "rounds_left_out"), (2, "rounds_left_out")}
    assert found.to_frame()["n"].tolist()[1:] == [800, 600]


def test_lists_and_models_are_rounds_too() -> None:
    lists = {str(2015 + 3 * k): fl.capture_recapture.chapman(twelve.lists(120), "police", "ngo") for k in range(3)}  # fmt: skip
    found = S.trend(lists, correlation=0.0)
    assert found.to_frame()[["basis", "quantity"]].to_numpy().tolist() == [["lists", "annual_change"]]
    assert found.value == pytest.approx(0, abs=1e-9)


# --- what differs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"measure": "flow"}, "measure"),
        ({"population": "women"}, "population"),
        ({"outcome": "child_labour"}, "outcome"),
        ({"quantity": "mean"}, "quantity"),
        ({"definition": "another"}, "definition"),
        ({"instrument": "short"}, "instrument"),
    ],
)
def test_what_is_not_counted_alike_is_refused_or_flagged(other: dict[str, Any], what: str) -> None:
    told: dict[str, Any] = {"quantity": "total", "measure": "stock", "population": "all", "outcome": "fl", "definition": "one", "instrument": "long"}  # fmt: skip
    rounds = {
        year: S.published(30 - k, se=2, source=year, **(told | (other if k == 2 else {})))
        for k, year in enumerate(YEARS)
    }
    for estimate in (S.trend, S.trend_test, S.changes, S.average_rounds):
        with pytest.raises(EstimateFault, match=rf"(?s)FL-EST-195.*{what}"):
            estimate(rounds)
        flagged = estimate(rounds, differing="flag")
        assert {str(r.code) for r in flagged.reasons} == {"rounds_differ"}
        said = estimate(rounds, bridge="an office compared both")
        assert any(str(a.code) == "rounds_bridged_in_words" for a in said.assumptions)
    with pytest.raises(EstimateFault, match="FL-EST-195"):
        S.change(rounds["2015"], rounds["2024"])
    with pytest.raises(EstimateFault, match="FL-EST-195"):
        S.trend(figures(), differing="ignore")  # pyright: ignore[reportArgumentType]


def test_a_bridge_carries_its_factor_and_its_error() -> None:
    """X f with variance f²v + x²s²; two rounds of one factor share its error: x₁x₂s²."""
    rounds = figures((30.0, 26.0, 22.0), definition="old") | {"2024": S.published(22, se=2, quantity="total", source="2024", definition="new")}  # fmt: skip
    with pytest.raises(EstimateFault, match="FL-EST-195"):
        S.trend(rounds)
    bridge = {"2015": (0.8, 0.05), "2018": (0.8, 0.05)}
    found = S.trend(rounds, bridge=bridge, weighting="equal")
    c, x = np.array([-4, -1, 5]) / 42, np.array([30.0, 26.0, 22.0])
    f, s = np.array([0.8, 0.8, 1]), np.array([0.05, 0.05, 0])
    v = np.diag(4 * f**2) + np.outer(x * s, x * s)
    assert (found.value, found.se) == (pytest.approx(c @ (x * f)), pytest.approx(np.sqrt(c @ v @ c)))
    assert any(str(a.code) == "rounds_bridged" for a in found.assumptions)
    two = S.change(rounds["2015"], rounds["2024"], bridge={"before": (0.8, 0.05)})
    assert (two.value, two.se) == (pytest.approx(22 - 24), pytest.approx(np.sqrt(4 + 0.64 * 4 + 900 * 0.0025)))
    ratio = S.change(rounds["2015"], rounds["2024"], bridge={"before": (0.8, 0.05)}, scale="ratio")
    assert ratio.se / ratio.value == pytest.approx(np.sqrt((2 / 22) ** 2 + (2 / 30) ** 2 + (0.05 / 0.8) ** 2))
    # A bridge of definitions makes no other people the same.
    others = replace(rounds["2015"], population="women")
    known = replace(rounds["2024"], population="all")
    with pytest.raises(EstimateFault, match=r"(?s)FL-EST-195.*population"):
        S.change(others, known, bridge={"before": (0.8, 0.05)})
    # Rounds of one factor that differ among themselves are not bridged by it.
    unlike = rounds | {"2018": replace(rounds["2018"], assumptions=(DEFINITION_STATED.assume(definition="older"),))}
    with pytest.raises(EstimateFault, match=r"(?s)FL-EST-195.*definition"):
        S.trend(unlike, bridge=bridge)


def test_frameworks_and_unknown_answers_are_compared() -> None:
    answers = pd.DataFrame({"age": 30, "w_low_no_wage": ["yes", "no"] * 20, "c_docs": ["yes", "no", "no", "dk"] * 10})
    design = fl.Design(unweighted=True)
    adult, other = (
        fl.estimate_prevalence(fl.classify(answers, framework, short_instrument=True), "forced_labour", design=design)
        for framework in ("icls2018_adult", "htshtc2012_adult")
    )
    with pytest.raises(
        EstimateFault, match=r"(?s)FL-EST-195.*framework: icls2018_adult \(2018-10-19\) / htshtc2012_adult"
    ):
        S.change(adult, other)
    left_out = fl.estimate_prevalence(
        fl.classify(answers, short_instrument=True), "forced_labour", design=design, unknown="exclude"
    )
    with pytest.raises(EstimateFault, match=r"(?s)FL-EST-195.*unknown answers: counted as no / left out"):
        S.change(adult, left_out)


# --- faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("FL-EST-750", lambda: S.trend(figures((30.0, 26.0)))),
        ("FL-EST-750", lambda: S.changes(figures((30.0,)))),
        ("FL-EST-751", lambda: S.trend([30.0, 26.0, 22.0])),  # pyright: ignore[reportArgumentType]
        ("FL-EST-751", lambda: S.trend(figures(), column="year")),
        (
            "FL-EST-751",
            lambda: S.trend(fl.estimate_prevalence(twelve.people(), "fl", design=twelve.DESIGN, by=["region", "sex"])),
        ),
        ("FL-EST-21", lambda: S.trend(survey(2015, 5), column="year")),
        ("FL-EST-752", lambda: S.trend(list(figures().values()))),
        ("FL-EST-752", lambda: S.trend(figures(), at=[2015, 2015, 2016])),
        ("FL-EST-752", lambda: S.trend(figures(), at={"2015": 1, "2018": 2, "2025": 3})),
        ("FL-EST-752", lambda: S.trend(figures(), at=[2015, 2018])),
        ("FL-EST-753", lambda: S.trend(figures(), bridge={"2016": (1, 0)})),
        ("FL-EST-753", lambda: S.trend(figures(), bridge={"2015": (-1, 0)})),
        ("FL-EST-753", lambda: S.trend(figures(), bridge={"2015": 0.8})),  # pyright: ignore[reportArgumentType]
        ("FL-EST-753", lambda: S.change(*figures((30.0, 26.0)).values(), bridge={"2015": (0.8, 0.1)})),
        ("FL-EST-754", lambda: S.trend(figures(), correlation=1.5)),
        ("FL-EST-754", lambda: S.trend(figures(), overlap=0.5)),
        ("FL-EST-754", lambda: S.trend(figures(), correlation=[[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])),
        ("FL-EST-754", lambda: S.trend(figures(), correlation=[[1, 0.5], [0.5, 1]])),
        ("FL-EST-756", lambda: S.trend(figures(), scale="probit")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-756", lambda: S.trend(figures(), weighting="n")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-756", lambda: S.trend_test(figures(), test="curve")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-757", lambda: S.trend(figures(), scale="logit")),
        ("FL-EST-758", lambda: S.changes(figures(), pairs="some")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-758", lambda: S.changes(figures(), scale="log")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-759", lambda: S.average_rounds(figures(), weights=[1, 2])),
        ("FL-EST-759", lambda: S.average_rounds(figures(), weights=[1, 2, -1])),
        ("FL-EST-187", lambda: S.trend(figures(), level=1.5)),
        ("FL-EST-188", lambda: S.change(1.0, 2.0, overlap=2.0)),
        ("FL-EST-185", lambda: S.trend([survey(2015, 5)["N"], survey(2018, 5)["S"], survey(2021, 5).national])),
    ],
)
def test_faults_say_what_is_wrong(code: str, call: Any) -> None:
    with pytest.raises(EstimateFault, match=code):
        call()


def test_two_rounds_of_one_file_are_asked_about() -> None:
    """Whether they share units is in no number."""
    rounds = [replace(one, provenance=replace(one.provenance, source_sha256="a" * 64)) for one in figures().values()]
    with pytest.raises(EstimateFault, match="FL-EST-755"):
        S.trend(dict(zip(YEARS, rounds, strict=True)))
    assert S.trend(dict(zip(YEARS, rounds, strict=True)), correlation=0.0).value < 0


def test_one_call_has_its_covariance_and_takes_no_other() -> None:
    people = pd.DataFrame({"year": np.repeat([2015, 2018, 2021], 40), "ea": np.tile(np.arange(40) // 4, 3), "fl": np.tile([0, 0, 1, 0, 1], 24)})  # fmt: skip
    rounds = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="year")
    with pytest.raises(EstimateFault, match="FL-EST-754"):
        S.trend(rounds, correlation=0.2)
    pair = S.changes(rounds, pairs="all").to_frame().iloc[1]
    contrast = fl.contrast(rounds, {"year": (2021, 2015)})
    assert (pair["value"], pair["se"]) == (pytest.approx(contrast.value), pytest.approx(contrast.se))
