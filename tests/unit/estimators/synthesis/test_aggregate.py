"""Countries add up to regions and the world with the error of those without a survey; tables that do not fit are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

NAMES = [f"c{k}" for k in range(20)]


def surveys() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {"country": NAMES[:10], "value": rng.normal(0.003, 0.001, 10), "se": rng.uniform(0.0003, 0.0006, 10)}
    )


def population(last: float = 50e6) -> pd.DataFrame:
    return pd.DataFrame({"country": NAMES, "population": [50e6] * 10 + [last] * 10})


def regions(split: int = 20) -> pd.DataFrame:
    return pd.DataFrame({"country": NAMES, "region": ["North" if k % 20 < split else "South" for k in range(20)]})


def test_the_formula() -> None:
    """published_figures.md §5, written out: ten of 50 million surveyed, ten of 50 million not."""
    table = surveys()
    found = fl.synthesis.aggregate(table, population(), regions())
    p, v = table["value"].to_numpy(), table["se"].to_numpy() ** 2
    s2 = max(0.0, p.var(ddof=1) - v.mean())
    whole, of_u, a = 1000e6, 500e6, np.full(10, 0.1)
    sampling = whole**2 * (a**2 * v).sum()
    prediction = s2 * (of_u**2 * (a**2).sum() + 10 * 50e6**2)
    frame = found.to_frame()
    assert frame["value"].tolist() == pytest.approx([whole * p.mean()] * 2)
    assert frame["se"].tolist() == pytest.approx([np.sqrt(sampling + prediction)] * 2)
    # Surveys without a df of their own: only s² + mean V was estimated, with 9.
    factor = of_u**2 * (a**2).sum() + 10 * 50e6**2
    df = 9 * (sampling + prediction) ** 2 / (factor * (s2 + v.mean())) ** 2
    assert frame["df"].tolist() == pytest.approx([df] * 2)
    told = found.diagnostics["groups"]["North"]
    assert (told["covered_share"], told["surveyed"], told["countries"]) == (0.5, 10, 20)
    assert told["variance_prediction"] == pytest.approx(prediction)
    assert ("covered_share", (("percent", 50.0),)) in {(a.code, a.parameters) for a in found.assumptions}


def test_the_formula_of_the_table() -> None:
    """The same page, table: s = 1.5 per 1,000 known, mean V of surveys; with only the surveys the SD is 161.0 thousand."""
    se = np.sqrt(161.0e3**2 / (1000e6**2 * 0.1))  # what each survey must have for the table's 161.0
    table = surveys().assign(se=se)
    found = fl.synthesis.aggregate(table, population(), regions(), between=0.0015).to_frame()
    assert found["se"].iloc[0] == pytest.approx(372.0e3, rel=1e-3)
    one = fl.synthesis.aggregate(
        table,
        pd.DataFrame({"country": NAMES[:11], "population": [50e6] * 10 + [500e6]}),
        pd.DataFrame({"country": NAMES[:11], "region": "North"}),
        between=0.0015,
    )
    assert one.to_frame()["se"].iloc[0] == pytest.approx(802.9e3, rel=1e-3)
    assert np.isinf(one.to_frame()["df"].iloc[0])


def test_regions_are_independent_and_the_whole_is_their_sum() -> None:
    found = fl.synthesis.aggregate(surveys(), population(), regions(5).assign(region=["N", "S"] * 10))
    frame = found.to_frame()
    assert frame["region"].tolist()[1:] == ["N", "S"]
    assert frame["value"].iloc[0] == pytest.approx(frame["value"].iloc[1:].sum())
    assert frame["se"].iloc[0] == pytest.approx(np.sqrt((frame["se"].iloc[1:] ** 2).sum()))
    covariance = found.covariance
    assert covariance[1, 2] == 0
    assert covariance[0, 1] == pytest.approx(covariance[1, 1])
    rate = fl.synthesis.aggregate(
        surveys(), population(), regions().assign(region=["N", "S"] * 10), quantity="prevalence"
    )
    assert rate.to_frame()["value"].iloc[0] == pytest.approx(frame["value"].iloc[0] / 1000e6)
    assert rate.covariance[0, 0] == pytest.approx(rate.to_frame()["se"].iloc[0] ** 2)


def test_every_country_surveyed() -> None:
    table = surveys()
    people = pd.DataFrame({"country": NAMES[:10], "population": np.arange(1, 11) * 1e6})
    found = fl.synthesis.aggregate(table, people, pd.DataFrame({"country": NAMES[:10], "region": "North"}))
    weights = people["population"].to_numpy()
    frame = found.to_frame()
    assert frame["value"].iloc[0] == pytest.approx((weights * table["value"]).sum())
    assert frame["se"].iloc[0] == pytest.approx(np.sqrt((weights**2 * table["se"] ** 2).sum()))
    assert np.isinf(frame["df"].iloc[0])
    assert "countries_exchangeable" not in {a.code for a in found.assumptions}


def test_how_far_countries_differ_is_never_taken_as_0_in_silence() -> None:
    one = surveys().iloc[:1]
    with pytest.raises(fl.FlError, match="FL-EST-191"):
        fl.synthesis.aggregate(one, population(), regions())
    given = fl.synthesis.aggregate(one, population(), regions(), between={"North": 0.001})
    assert given.diagnostics["groups"]["North"]["between_sd"] == 0.001
    two = regions().assign(region=["N"] * 9 + ["S"] * 11)
    with pytest.raises(fl.FlError, match=r"FL-EST-191.*\n.*S"):
        fl.synthesis.aggregate(surveys(), population(), two)
    pooled = fl.synthesis.aggregate(surveys(), population(), two, between="pooled")
    assert pooled.diagnostics["groups"]["S"]["between_sd"] == pooled.diagnostics["groups"]["N"]["between_sd"]
    none = regions().assign(region=["N"] * 10 + ["S"] * 10)
    with pytest.raises(fl.FlError, match="FL-EST-191"):
        fl.synthesis.aggregate(surveys(), population(), none, between="pooled")
    call: Any = fl.synthesis.aggregate
    with pytest.raises(fl.FlError, match="FL-EST-191"):
        call(surveys(), population(), regions(), between="world")
    with pytest.raises(fl.FlError, match="FL-EST-188"):
        fl.synthesis.aggregate(surveys(), population(), regions(), between=-1.0)


def test_estimates_of_microdata_by_country_and_a_mapping_are_the_same() -> None:
    rng = np.random.default_rng(2)
    n = 3000
    data = pd.DataFrame(
        {
            "country": np.repeat(["A", "B", "C"], n // 3),
            "w": 10.0,
            "ea": np.arange(n) // 20,
            "fl": (rng.random(n) < 0.02) * 1,
        }
    )
    design = fl.Design(weights="w", psu="ea", expands=True)
    people = pd.DataFrame({"country": ["A", "B", "C", "D"], "population": [1e6, 2e6, 3e6, 4e6]})
    groups = pd.DataFrame({"country": ["A", "B", "C", "D"], "region": ["N", "N", "N", "N"]})
    direct = fl.estimate_prevalence(data, "fl", design=design, by="country")
    one = fl.synthesis.aggregate(direct, people, groups).to_frame()
    mapped = {c: fl.estimate_prevalence(data[data["country"] == c], "fl", design=design) for c in "ABC"}
    two = fl.synthesis.aggregate(mapped, people, groups).to_frame()
    np.testing.assert_allclose(one["value"], two["value"])
    totals = fl.estimate_total(data, "fl", design=design, by="country")
    assert fl.synthesis.aggregate(totals, people, groups).to_frame()["value"].iloc[0] > 0
    thousand = fl.synthesis.aggregate(direct.per_thousand(), people, groups).to_frame()
    np.testing.assert_allclose(one["value"], thousand["value"])


def test_countries_that_speak_of_different_things() -> None:
    people = pd.DataFrame({"country": ["A", "B"], "population": [1e6, 2e6]})
    groups = pd.DataFrame({"country": ["A", "B"], "region": ["N", "N"]})

    def enter(**what: Any) -> fl.Estimates:
        return fl.synthesis.published(0.003, se=0.001, quantity="prevalence", source="s", **what)

    call: Any = fl.synthesis.aggregate
    for a, b, say in (
        ({"measure": "stock"}, {"measure": "flow"}, {"measure": "stock"}),
        ({"population": "15 and over"}, {"population": "all ages"}, {"universe": "all ages"}),
        ({"reference_period": "2016"}, {"reference_period": "2021"}, {"reference_period": "2021"}),
    ):
        with pytest.raises(fl.FlError, match="FL-EST-25"):
            fl.synthesis.aggregate({"A": enter(**a), "B": enter(**b)}, people, groups)
        assert len(call({"A": enter(**a), "B": enter(**b)}, people, groups, **say)) == 2
    table = pd.DataFrame({"country": ["A", "B"], "value": 0.003, "se": 0.001, "reference_period": ["2016", "2021"]})
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.synthesis.aggregate(table, people, groups)
    assert fl.synthesis.aggregate(table, people, groups, reference_period="2016-2021").reference_period == "2016-2021"


def test_rounding_comes_last() -> None:
    exact = fl.synthesis.aggregate(surveys(), population(), regions().assign(region=["N", "S"] * 10)).to_frame()
    rounded = fl.synthesis.aggregate(
        surveys(), population(), regions().assign(region=["N", "S"] * 10), round_to=100_000
    ).to_frame()
    assert rounded["value"].tolist() == [round(x / 1e5) * 1e5 for x in exact["value"]]
    assert rounded["se"].tolist() == exact["se"].tolist()


def test_a_survey_without_a_case_is_named() -> None:
    table = surveys()
    table.loc[0, ["value", "se"]] = 0.0
    found = fl.synthesis.aggregate(table, population(), regions())
    assert ("countries_without_error", (("countries", "c0"),)) in {(a.code, a.parameters) for a in found.assumptions}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, p, g: (s.assign(country=["x", *NAMES[1:10]]), p, g), "without a population: x"),
        (lambda s, p, g: (s, p, g.iloc[1:]), "without a region: c0"),
        (lambda s, p, g: (s, p.assign(population=0.0), g), "not above 0"),
        (lambda s, p, g: (s, p, g.assign(region=None)), "region is empty"),
        (lambda s, p, g: (pd.concat([s, s]), p, g), "one figure"),
        (lambda s, p, g: (s.assign(value=-1.0), p, g), "one figure"),
        (lambda s, p, g: (s, pd.concat([p, p]), g), "stands twice"),
        (lambda s, p, g: (s, p, g.assign(more=1)), "one more column"),
        (lambda s, p, g: (s.rename(columns={"country": "land"}), p, g), "cannot be told"),
        (lambda s, p, g: (s.drop(columns="se"), p, g), "columns are not in the data"),
        (lambda s, _, g: (s, "people", g), "not a data frame"),
        (lambda _, p, g: ({}, p, g), "no survey"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit(change: Any, said: str) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-190") as caught:
        fl.synthesis.aggregate(*change(surveys(), population(), regions()))
    assert said in str(caught.value)


def test_other_arguments() -> None:
    call: Any = fl.synthesis.aggregate
    for arguments, code in (
        ({"quantity": "mean"}, "FL-EST-186"),
        ({"round_to": 0}, "FL-EST-188"),
        ({"interval": "beta"}, "FL-EST-187"),
    ):
        with pytest.raises(fl.FlError, match=code):
            call(surveys(), population(), regions(), **arguments)
    national = fl.synthesis.published(0.1, se=0.1, quantity="prevalence", source="s")
    with pytest.raises(fl.FlError, match="FL-EST-190"):
        call(national, population(), regions())


def test_few_surveyed_countries_never_differ_by_nothing() -> None:
    # Two countries alike with the same error: −log(V + τ²) + log τ is largest at τ = √V; moments give 0.
    alike = pd.DataFrame({"country": ["A", "B"], "value": [0.003, 0.003], "se": 0.001})
    people = pd.DataFrame({"country": list("ABC"), "population": [1e6, 1e6, 1e6]})
    groups = pd.DataFrame({"country": list("ABC"), "region": ["N", "N", "N"]})
    found = fl.synthesis.aggregate(alike, people, groups)
    assert found.diagnostics["groups"]["N"]["between_sd"] == pytest.approx(0.001, rel=1e-6)
    assert [(r.code, r.row, dict(r.parameters)) for r in found.reasons] == [
        ("few_countries_surveyed", 0, {"surveyed": 2}),
        ("few_countries_surveyed", 1, {"surveyed": 2}),
    ]
    # Where every country was surveyed nothing is predicted, and nothing is said.
    assert not fl.synthesis.aggregate(alike, people[:2], groups[:2]).reasons
    # From five countries on, moments as before; given standard deviations are taken as they are.
    assert not fl.synthesis.aggregate(surveys(), population(), regions()).reasons
    assert not fl.synthesis.aggregate(alike, people, groups, between=0.0).reasons


def test_df_of_both_parts_with_two_countries() -> None:
    """By hand: most people are covered, and t of one degree of freedom, 12.7, is not what their surveys' errors call for."""
    two = pd.DataFrame({"country": ["A", "B"], "value": [0.002, 0.005], "se": [0.0004, 0.0006]})
    people = pd.DataFrame({"country": list("ABC"), "population": [40e6, 60e6, 5e6]})
    groups = pd.DataFrame({"country": list("ABC"), "region": "N"})
    found = fl.synthesis.aggregate(two, people, groups)
    told = found.diagnostics["groups"]["N"]
    a, v = np.array([0.4, 0.6]), np.array([0.0004, 0.0006]) ** 2
    factor = 5e6**2 * (a**2).sum() + 5e6**2
    whole = (105e6**2 * a**2 * v).sum() + told["between_sd"] ** 2 * factor
    assert told["df"] == pytest.approx(whole**2 / (factor * (told["between_sd"] ** 2 + v.mean())) ** 2)
    assert told["df"] > 30
    # Where little is covered it is the one degree of freedom of two countries.
    large = people.assign(population=[40e6, 60e6, 900e6])
    assert fl.synthesis.aggregate(two, large, groups).diagnostics["groups"]["N"]["df"] == 1


def test_penalised_maximum_by_a_finer_search() -> None:
    from fl_estimate.estimators.synthesis.between import between_sd

    p, v = np.array([0.001, 0.004, 0.0025]), np.array([1e-6, 4e-6, 0.0])
    filled = np.array([1e-6, 4e-6, 2.5e-6])  # a country without an error is given the mean of the others'
    taus = np.linspace(1e-6, 0.02, 400_001)
    w = 1 / (filled + taus[:, None] ** 2)
    centre = (w * p).sum(axis=1) / w.sum(axis=1)
    log = 0.5 * np.log(w).sum(axis=1) - 0.5 * (w * (p - centre[:, None]) ** 2).sum(axis=1) + np.log(taus)
    found = between_sd([(p, v)])
    sd, df, kept_off = found.sd, found.df, found.kept_off_zero
    assert found.error == pytest.approx(v.mean())
    assert sd == pytest.approx(taus[np.argmax(log)], abs=1e-7)
    assert (df, kept_off) == (2, True)
    # Without any error there is nothing to tell sampling from difference: moments.
    certain = between_sd([(np.array([0.001, 0.003]), np.zeros(2))])
    assert (certain.sd, certain.df, certain.kept_off_zero) == (pytest.approx(0.002 / np.sqrt(2)), 1.0, False)
