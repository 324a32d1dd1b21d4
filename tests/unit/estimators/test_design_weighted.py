"""Edges of the design-weighted estimates: unknown answers, empty domains, no cases, one unit, bad weights, bad arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.results.columns import CONTEXT
from fl_estimate.results.estimates import FIXED

DESIGN = fl.Design(weights="w", strata="h", psu="i", expands=True)


def sample(**changes: Any) -> pd.DataFrame:
    """Two strata of three units of four persons each."""
    rows = 24
    frame = pd.DataFrame(
        {
            "h": np.repeat(["a", "b"], 12),
            "i": np.tile(np.repeat([1, 2, 3], 4), 2),
            "w": np.linspace(5, 20, rows),
            "region": np.repeat(["North", "South"], 12),
            "sex": np.tile([1, 2], 12),
            "fl": [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0],
            "hours": np.linspace(30, 70, rows),
        }
    )
    return frame.assign(**changes)


def codes(estimates: fl.Estimates, row: int) -> list[str]:
    return [reason.code for reason in estimates.reasons if reason.row == row]


def test_columns_are_those_of_the_contract() -> None:
    estimates = fl.estimate_prevalence(sample(), "fl", design=DESIGN, by=[["region"], ["region", "sex"]])
    frame = estimates.to_frame()
    assert list(frame.columns) == [*CONTEXT, *FIXED[:4], "region", "sex", *FIXED[4:]]
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame["margin"].tolist() == ["", "region", "region", *["region × sex"] * 4]
    assert frame["sex"].isna().tolist() == [True] * 3 + [False] * 4
    assert frame["sex"].dropna().tolist() == [1, 2, 1, 2]
    assert frame["sex"].dtype == pd.CategoricalDtype([1, 2], ordered=True)
    codes = estimates.to_frame(labels=False)["sex"]
    assert codes.tolist() == [pd.NA, pd.NA, pd.NA, 1, 2, 1, 2]
    assert str(codes.dtype) == "Int64"


def test_outcomes_stand_one_after_the_other() -> None:
    frame = fl.estimate_mean(sample(), ["fl", "hours"], design=DESIGN, by="region").to_frame()
    assert frame["outcome"].tolist() == ["fl"] * 3 + ["hours"] * 3


def test_missing_by_values_stand_last_and_count_nationally() -> None:
    people = sample(region=["North"] * 10 + [None] * 4 + ["South"] * 10)
    frame = fl.estimate_prevalence(people, "fl", design=DESIGN, by="region").to_frame()
    assert frame["region"].isna().tolist() == [True, False, False, False]
    assert frame["region"].dropna().tolist() == ["North", "South", fl.NOT_STATED]
    assert frame["n"].tolist() == [24, 10, 10, 4]
    assert frame["margin"].tolist() == ["", "region", "region", "region"]


def test_missing_by_values_outside_the_subpopulation_make_no_row() -> None:
    people = sample(region=["North"] * 10 + [None] * 4 + ["South"] * 10, sex=[1] * 10 + [2] * 4 + [1] * 10)
    estimates = fl.estimate_prevalence(people, "fl", design=DESIGN, by="region", where="sex == 1")
    assert estimates.to_frame()["region"].dropna().tolist() == ["North", "South"]
    # The units of those rows are still part of the design: dropping the rows would leave other degrees of freedom.
    assert estimates.to_frame()["n"].tolist() == [20, 10, 10]


def test_empty_categories_stay_with_a_reason() -> None:
    people = sample(region=pd.Categorical(np.repeat(["North", "South"], 12), categories=["East", "North", "South"]))
    estimates = fl.estimate_prevalence(people, "fl", design=DESIGN, by="region")
    row = estimates.to_frame().iloc[1]
    assert (row["region"], row["n"], row["cases"]) == ("East", 0, 0)
    assert row[["value", "se", "lower", "upper", "deff"]].isna().all()
    assert codes(estimates, 1) == ["no_rows"]


def test_empty_cells_of_crossed_margins_stay() -> None:
    people = sample(sex=[1] * 12 + [1, 2] * 6)
    estimates = fl.estimate_prevalence(people, "fl", design=DESIGN, by=["region", "sex"])
    frame = estimates.to_frame()
    assert frame["n"].tolist() == [24, 12, 0, 6, 6]
    assert codes(estimates, 2) == ["no_rows"]


def test_a_missing_outcome_must_be_decided_on_a_plain_frame() -> None:
    people = sample(fl=[np.nan, *sample()["fl"].tolist()[1:]])
    with pytest.raises(fl.FlError, match="FL-EST-07") as caught:
        fl.estimate_prevalence(people, "fl", design=DESIGN)
    assert "1 rows" in str(caught.value)


def test_unknown_as_no_excluded_and_bounds() -> None:
    people = sample(fl=[None, 1, *sample()["fl"].tolist()[2:]])
    w, y = people["w"].to_numpy(), people["fl"].fillna(0).to_numpy(dtype=float)
    share = w[0] / w.sum()
    no = fl.estimate_prevalence(people, "fl", design=DESIGN, unknown="no").to_frame().iloc[0]
    assert no["value"] == pytest.approx((w * y).sum() / w.sum(), rel=1e-12)
    assert no["undetermined"] == pytest.approx(share, rel=1e-12)
    assert (no["n"], no["cases"]) == (24, 4)
    excluded = fl.estimate_prevalence(people, "fl", design=DESIGN, unknown="exclude").to_frame().iloc[0]
    assert excluded["value"] == pytest.approx((w * y)[1:].sum() / w[1:].sum(), rel=1e-12)
    assert (excluded["n"], excluded["cases"]) == (23, 4)
    assert excluded["undetermined"] == pytest.approx(share, rel=1e-12)
    bounds = fl.estimate_prevalence(people, "fl", design=DESIGN, unknown="bounds", by="region").to_frame()
    assert bounds["bound"].tolist() == ["lower", "upper", "identified"] * 3
    assert bounds["value"][1] - bounds["value"][0] == pytest.approx(share, rel=1e-9)
    assert bounds["n"].tolist() == [24] * 3 + [12] * 6
    assert bounds["cases"].tolist() == [4] * 3 + [2] * 6
    assert bounds.loc[bounds["bound"] == "identified", ["value", "se", "deff"]].isna().all(axis=None)
    ends = bounds[bounds["bound"] != "identified"]
    assert (ends["lower"] < ends["value"]).all()


def test_a_frame_with_possible_and_in_scope_is_classified() -> None:
    plain = sample()
    people = plain.assign(
        fl_possible=np.maximum(plain["fl"], plain["sex"] == 2).astype(int), fl_in_scope=[0] * 4 + [1] * 20
    )
    w, scope = people["w"], people["fl_in_scope"]
    row = fl.estimate_prevalence(people, "fl", design=DESIGN).to_frame().iloc[0]
    assert row["n"] == 20
    assert row["value"] == pytest.approx((w * people["fl"] * scope).sum() / (w * scope).sum(), rel=1e-12)
    open_share = (w * scope * (people["fl_possible"] - people["fl"])).sum() / (w * scope).sum()
    assert row["undetermined"] == pytest.approx(open_share, rel=1e-12)
    bounds = fl.estimate_prevalence(people, "fl", design=DESIGN, unknown="bounds").to_frame()
    assert bounds["value"].iloc[1] == pytest.approx(
        (w * people["fl_possible"] * scope).sum() / (w * scope).sum(), rel=1e-12
    )


def test_zero_cases_have_an_upper_limit() -> None:
    people = sample(fl=[0] * 12 + sample()["fl"].tolist()[12:])
    estimates = fl.estimate_prevalence(people, "fl", design=DESIGN, by="region", interval="logit")
    row = estimates.to_frame().iloc[1]
    star = min(12, 12 * (stats.t.ppf(0.975, 11) / stats.t.ppf(0.975, 2)) ** 2)
    assert (row["value"], row["se"], row["lower"]) == (0, 0, 0)
    assert row["upper"] == pytest.approx(1 - 0.025 ** (1 / star), rel=1e-12)
    assert row["interval_kind"] == "korn-graubard"
    assert np.isnan(row["deff"])
    assert codes(estimates, 1) == ["zero_cases"]


def test_all_cases_mirror_zero_cases() -> None:
    zero = fl.estimate_prevalence(sample(fl=0), "fl", design=DESIGN, interval="xlogit").to_frame().iloc[0]
    every = fl.estimate_prevalence(sample(fl=1), "fl", design=DESIGN, interval="xlogit").to_frame().iloc[0]
    assert (every["value"], every["upper"], every["se"]) == (1, 1, 0)
    assert every["lower"] == pytest.approx(1 - zero["upper"], rel=1e-12)


def test_a_total_of_zero_gets_people_times_the_upper_limit() -> None:
    people = sample(fl=0)
    total = fl.estimate_total(people, "fl", design=DESIGN).to_frame().iloc[0]
    share = fl.estimate_prevalence(people, "fl", design=DESIGN).to_frame().iloc[0]
    assert (total["value"], total["lower"], total["cases"]) == (0, 0, 0)
    assert total["upper"] == pytest.approx(people["w"].sum() * share["upper"], rel=1e-12)


def test_zero_cases_published_value() -> None:
    """The upper limit of svy 0.35: U = 0.05279674075829676 for n = 134, df = 4 (methods/survey.md §4, checked numbers)."""
    from fl_estimate.design.intervals import no_case_limits

    assert no_case_limits(np.array([134.0]), np.array([4.0]), 0.95)[0] == pytest.approx(0.05279674075829676, rel=1e-12)


def test_no_degrees_of_freedom_means_no_interval() -> None:
    people = sample(h="a", i=1)
    estimates = fl.estimate_prevalence(
        people, "fl", design=fl.Design(weights="w", psu="i", single_psu="certainty", expands=True)
    )
    row = estimates.to_frame().iloc[0]
    assert row["df"] == 0
    assert np.isnan(row["lower"])
    assert np.isnan(row["upper"])
    assert row["interval_kind"] == ""
    assert codes(estimates, 0) == ["df_not_positive"]


def test_single_unit_stops_by_default_and_names_the_stratum() -> None:
    people = sample(h=["a"] * 8 + ["lone"] * 4 + ["b"] * 12)
    with pytest.raises(fl.FlError, match=r"FL-DESIGN-12.*single primary sampling unit") as caught:
        fl.estimate_prevalence(people, "fl", design=DESIGN)
    assert "lone" in str(caught.value)


def test_collapse_merges_with_the_stratum_that_follows() -> None:
    people = sample(h=["a"] * 8 + ["lone"] * 4 + ["z"] * 12, i=np.repeat(range(6), 4))
    merged = people.assign(h=["a"] * 8 + ["z"] * 16)
    ours = fl.estimate_mean(
        people, "hours", design=fl.Design(weights="w", strata="h", psu="i", single_psu="collapse", expands=True)
    )
    by_hand = fl.estimate_mean(merged, "hours", design=DESIGN)
    for name in ("value", "se", "df", "lower"):
        assert ours.to_frame()[name].iloc[0] == pytest.approx(by_hand.to_frame()[name].iloc[0], rel=1e-12)
    rows = fl.Design(weights="w", strata="h", single_psu="collapse", expands=True)
    alone = people.assign(h=["a"] * 23 + ["lone"])
    assert fl.estimate_mean(alone, "hours", design=rows).to_frame()["se"].iloc[0] == pytest.approx(
        fl.estimate_mean(people, "hours", design=fl.Design(weights="w", expands=True)).to_frame()["se"].iloc[0],
        rel=1e-12,
    )


@pytest.mark.parametrize(
    ("weights", "found"), [([-1.0, 0.0, np.nan], ("1 missing", "1 negative")), ([-2.0, -3.0, 5.0], ("2 negative",))]
)
@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_bad_weights_are_counted(weights: list[float], found: tuple[str, ...], engine: str) -> None:
    people: Any = sample(w=[*weights, *[5.0] * 21])
    people = people if engine == "pandas" else pl.from_pandas(people, nan_to_null=False)
    with pytest.raises(fl.FlError, match="FL-DESIGN-13") as caught:
        fl.estimate_prevalence(people, "fl", design=DESIGN)
    assert all(part in str(caught.value) for part in found)


def test_infinite_values_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        fl.estimate_mean(sample(hours=[np.inf, *[40.0] * 23]), "hours", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-03"):
        fl.estimate_mean(sample(w=[np.inf, *[4.0] * 23]), "hours", design=DESIGN)


def test_a_tiny_spread_on_a_large_level_keeps_its_digits() -> None:
    """Rows as units: Σz² − (Σz)²/n would lose every digit; expected from numpy in two passes."""
    rng = np.random.default_rng(4)
    y = 1e9 + rng.normal(0, 1e-2, 500)
    row = fl.estimate_mean(pd.DataFrame({"y": y}), "y", design=fl.Design(unweighted=True)).to_frame().iloc[0]
    assert row["se"] == pytest.approx(np.std(y, ddof=1) / np.sqrt(500), rel=1e-6)
    assert row["deff"] == pytest.approx(1.0, rel=1e-6)
    y = 1e6 + rng.normal(0, 1e3, 500)
    total = fl.estimate_total(
        pd.DataFrame({"y": y, "w": 2.0, "N": 1000}), "y", design=fl.Design(weights="w", fpc="N", expands=True)
    )
    expected = 1000 * np.std(y, ddof=1) / np.sqrt(500) * np.sqrt(0.5)
    assert total.to_frame()["se"].iloc[0] == pytest.approx(expected, rel=1e-8)


def test_a_census_has_no_sampling_error() -> None:
    people = sample(one=1.0, N=24)
    estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(fpc="N"))
    row = estimates.to_frame().iloc[0]
    assert (row["se"], row["lower"], row["upper"]) == (0, row["value"], row["value"])
    assert "census" in codes(estimates, 0)


def test_weights_from_sampling_fractions() -> None:
    people = sample(N=np.repeat([6, 12], 12), M=8)
    two_stage = fl.Design(strata="h", stages=("i", "k"), fpc=("N", "M"))
    people["k"] = np.tile([1, 2, 3, 4], 6)
    total = fl.estimate_total(people.assign(one=1), "one", design=two_stage).to_frame()["value"].iloc[0]
    # 6/3 · 8/4 for twelve persons and 12/3 · 8/4 for the other twelve.
    assert total == pytest.approx(12 * 4 + 12 * 8, rel=1e-12)


def test_totals_without_weights_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-10"):
        fl.estimate_total(sample(), "fl", design=fl.Design(strata="h", psu="i", unweighted=True))


def test_wald_limits_below_zero_are_flagged_and_log_needs_positive_values() -> None:
    estimates = fl.estimate_prevalence(sample(), "fl", design=DESIGN, interval="wald")
    assert estimates.to_frame()["lower"].iloc[0] < 0
    assert codes(estimates, 0) == ["interval_outside_range"]
    negative = fl.estimate_total(sample(hours=-1.0), "hours", design=DESIGN)
    assert np.isnan(negative.to_frame()["lower"].iloc[0])
    assert codes(negative, 0) == ["interval_not_defined"]


def test_cases_only_where_the_outcome_is_zero_or_one() -> None:
    frame = fl.estimate_total(sample(), ["fl", "hours"], design=DESIGN).to_frame()
    assert frame["cases"].tolist() == [4, pd.NA]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"outcome": "nothing"}, "FL-EST-02"),
        ({"by": "nowhere"}, "FL-EST-02"),
        ({"by": ["region", ["sex"]]}, "FL-EST-04"),
        ({"by": ["sex", "sex"]}, "FL-EST-04"),
        ({"by": "value"}, "FL-EST-05"),
        ({"outcome": "born"}, "FL-EST-08"),
        ({"outcome": "code"}, "FL-EST-82"),
        ({"where": "sex"}, "FL-EST-09"),
        ({"outcome": []}, "FL-EST-11"),
        ({"unknown": "maybe"}, "FL-EST-12"),
        ({"outcome": "hours"}, "FL-EST-14"),
        ({"interval": "clopper"}, "FL-EST-16"),
        ({"level": 95}, "FL-EST-17"),
        ({"level": "0.95"}, "FL-EST-17"),
        ({"df": 0}, "FL-EST-18"),
        ({"df": "domains"}, "FL-EST-18"),
        ({"where": "sex ="}, "FL-EXPR"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], code: str) -> None:
    people = sample(value=1, born=pd.Timestamp("1990-01-01"))
    people = pd.concat([people] * 10).assign(code=[f"c{row}" for row in range(240)])
    call: dict[str, Any] = {"outcome": "fl", "design": DESIGN, **arguments}
    outcome = call.pop("outcome")
    with pytest.raises(fl.FlError, match=code):
        fl.estimate_prevalence(people, outcome, **call)


def test_bad_people() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-01"):
        fl.estimate_prevalence({"fl": [1]}, "fl", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-15"):
        fl.estimate_prevalence(sample().head(0), "fl", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-DESIGN-06"):
        fl.estimate_prevalence(sample(), "fl")
    with pytest.raises(fl.FlError, match="FL-EST-13"):
        fl.estimate_mean(sample(), "hours", design=DESIGN, unknown="no")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("changes", "design", "code"),
    [
        ({"h": [None, *["a"] * 23]}, DESIGN, "FL-DESIGN-07"),
        ({"i": [None, *[1] * 11, *[2] * 12]}, DESIGN, "FL-DESIGN-07"),
        ({"N": [0.5] * 12 + [30.0] * 12}, fl.Design(strata="h", psu="i", fpc="N"), "FL-DESIGN-08"),
        ({"N": [-3] * 24}, fl.Design(strata="h", psu="i", fpc="N"), "FL-DESIGN-08"),
        ({"N": range(10, 34)}, fl.Design(strata="h", psu="i", fpc="N"), "FL-DESIGN-09"),
        ({"N": 2}, fl.Design(strata="h", psu="i", fpc="N"), "FL-DESIGN-10"),
        ({}, fl.Design(weights="w", strata="h", psu="i", nested=False, expands=True), "FL-DESIGN-11"),
        ({"w": "heavy"}, DESIGN, "FL-DESIGN-14"),
    ],
)
def test_designs_that_do_not_fit(changes: dict[str, Any], design: fl.Design, code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.estimate_prevalence(sample(**changes), "fl", design=design)


def test_a_table_of_too_many_domains_is_refused() -> None:
    people = pd.DataFrame({"fl": 0, **{name: range(1_100) for name in ("a", "b")}})
    with pytest.raises(fl.FlError, match="FL-EST-06"):
        fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True), by=["a", "b"])


@pytest.mark.parametrize("columns", [5, 8])
def test_a_crossing_that_no_memory_holds_is_refused_before_it_is_made(columns: int) -> None:
    """Some 90 values of each of 5 columns are billions of cells of 300 people: 13 TB, and 8 columns millions of times that."""
    rng = np.random.default_rng(1)
    names = [f"c{at}" for at in range(columns)]
    people = pd.DataFrame({"fl": 0, **{name: rng.integers(0, 100, 300) for name in names}})
    cells = math.prod(people[name].nunique() for name in names)
    with pytest.raises(fl.FlError, match="FL-EST-06") as met:
        fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True), by=names)
    assert f"{cells:,} cells" in met.value.found
    assert f"about {cells * 2_000 / 2**30:,.0f} GB" in met.value.found


def test_cells_are_counted_over_what_is_estimated_of_each() -> None:
    """11 values of a text in 316 x 317 cells and the nation are more rows than 1,000,000."""
    people = pd.DataFrame({"t": [f"v{at % 11}" for at in range(317)], "a": range(317), "b": range(317)})
    with pytest.raises(fl.FlError, match="100,490 cells for a × b, of each 11 rows"):
        fl.estimate_prevalence(people, "t", design=fl.Design(unweighted=True), by=["a", "b"])


def test_all_missing_outcome_column() -> None:
    people = sample(fl=np.full(24, np.nan))
    estimates = fl.estimate_prevalence(people, "fl", design=DESIGN, unknown="exclude")
    row = estimates.to_frame().iloc[0]
    assert (row["n"], row["undetermined"]) == (0, 1)
    assert np.isnan(row["value"])
    assert codes(estimates, 0) == ["no_rows"]


def test_respondents_hand_on_source_and_population() -> None:
    data = fl.SurveyData(people=sample(), design=DESIGN, population="adults")
    estimates = fl.estimate_prevalence(data, "fl")
    assert estimates.population == "adults"
    assert estimates.provenance.arguments["design"]["weights"] == "w"


@pytest.mark.parametrize("engine", ["pandas", "polars", "categorical"])
def test_a_column_of_text_gives_one_outcome_a_value(engine: str) -> None:
    """Shares add up to 1, so every row of their covariance adds up to 0."""
    people: Any = sample(job=["farm", "mine", "shop"] * 8)
    if engine == "polars":
        people = pl.from_pandas(people).lazy()
    if engine == "categorical":
        people = people.assign(job=pd.Categorical(people["job"], categories=["mine", "farm", "shop", "none"]))
    estimates = fl.estimate_prevalence(people, "job", design=DESIGN, by="region")
    frame = estimates.to_frame()
    names = (
        ["job=mine", "job=farm", "job=shop", "job=none"]
        if engine == "categorical"
        else ["job=farm", "job=mine", "job=shop"]
    )
    assert frame["outcome"].drop_duplicates().tolist() == names
    np.testing.assert_allclose(frame.groupby("margin")["value"].sum(), [1.0, 2.0], rtol=1e-12)
    national = np.flatnonzero(frame["margin"] == "")
    np.testing.assert_allclose(estimates.covariance[np.ix_(national, national)].sum(axis=1), 0, atol=1e-16)
    totals = fl.estimate_total(people, "job", design=DESIGN).to_frame()
    assert totals["value"].sum() == pytest.approx(float(np.linspace(5, 20, 24).sum()), rel=1e-12)


def test_missing_text_must_be_decided_and_may_be_excluded() -> None:
    people = sample(job=["farm", None, "shop"] * 8)
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.estimate_prevalence(people, "job", design=DESIGN)
    frame = fl.estimate_prevalence(people, "job", design=DESIGN, unknown="exclude").to_frame()
    assert frame["n"].tolist() == [16, 16]
    assert frame["value"].sum() == pytest.approx(1.0, rel=1e-12)
    with pytest.raises(fl.FlError, match="FL-EST-80"):
        fl.estimate_prevalence(pl.from_pandas(people).with_columns(job=pl.lit(None, pl.String)), "job", design=DESIGN)


def test_variance_of_a_quantity_by_hand() -> None:
    """n/(n − 1) Σ w (y − ȳ)²/Σ w, and its se from n/(n − 1)(y − ȳ)² as a variable whose mean is estimated."""
    people = sample()
    w, y = people["w"].to_numpy(), people["hours"].to_numpy()
    square = 24 / 23 * (y - (w * y).sum() / w.sum()) ** 2
    frame = fl.estimate_variance(people, "hours", design=DESIGN, by="region").to_frame()
    assert frame["value"].iloc[0] == pytest.approx((w * square).sum() / w.sum(), rel=1e-12)
    mean = fl.estimate_mean(people.assign(square=square), "square", design=DESIGN).to_frame()
    assert frame["se"].iloc[0] == pytest.approx(mean["se"].iloc[0], rel=1e-12)
    assert frame["quantity"].tolist() == ["variance"] * 3
    assert frame[["deff", "cases"]].isna().all(axis=None)


def test_a_small_variance_beside_a_large_mean_keeps_its_digits() -> None:
    """The same variance after adding 10⁸ to every value: squares alone would leave no digit of it."""
    plain = fl.estimate_variance(sample(), "hours", design=DESIGN, by="region").to_frame()
    far = fl.estimate_variance(
        sample(hours=np.linspace(30, 70, 24) + 1e8), "hours", design=DESIGN, by="region"
    ).to_frame()
    np.testing.assert_allclose(far[["value", "se"]], plain[["value", "se"]], rtol=1e-6)


def test_units_alone_in_a_domain() -> None:
    """R survey 4.4.2 run on these 14 rows (svytotal and svymean of subset g == 1; survey.adjust.domain.lonely=TRUE)."""
    people = pd.DataFrame(
        {
            "h": [1] * 6 + [2] * 4 + [3] * 4,
            "i": [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 1, 1, 2, 2],
            "w": [1, 2, 3, 1, 2, 2, 1, 3, 2, 2, 1, 1, 4, 2],
            "y": [1, 5, 2, 7, 3, 9, 4, 4, 6, 1, 2, 8, 3, 3],
            "g": [1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1],
        }
    )
    r: dict[Any, tuple[float, float]] = {
        ("adjust", "sample"): (22.38302928560, 1.13050275688),
        ("adjust", "domain"): (22.47220505424, 1.13273047261),
        ("average", "sample"): (22.38302928560, 1.13050275688),
        ("average", "domain"): (19.17028951268, 1.38184368312),
        ("certainty", "domain"): (22.38302928560, 1.13050275688),
    }
    for (rule, scope), (total, mean) in r.items():
        design = fl.Design(weights="w", strata="h", psu="i", single_psu=rule, single_psu_scope=scope, expands=True)
        found = fl.estimate_total(people, "y", design=design, where="g == 1", interval="wald").to_frame()
        assert found["se"].iloc[0] == pytest.approx(total, rel=1e-11)
        found = fl.estimate_mean(people, "y", design=design, where="g == 1").to_frame()
        assert found["se"].iloc[0] == pytest.approx(mean, rel=1e-11)
    design = fl.Design(weights="w", strata="h", psu="i", single_psu="adjust", single_psu_scope="domain", expands=True)
    joint = fl.estimate_total(people, "y", design=design, by="g", interval="wald")
    np.testing.assert_allclose(np.sqrt(np.diag(joint.covariance)), joint.to_frame()["se"], rtol=1e-12)
    assert joint.to_frame()["se"].iloc[1] == pytest.approx(15.1731502924, rel=1e-11)


@pytest.mark.parametrize("interval", ["jeffreys", "arcsine", "likelihood", "wilson"])
def test_zero_cases_under_every_interval(interval: Any) -> None:
    """[0, U] with U below 1; Jeffreys and Wilson have limits of their own, the others take Korn and Graubard's."""
    row = fl.estimate_prevalence(sample(fl=0), "fl", design=DESIGN, interval=interval).to_frame().iloc[0]
    assert row["lower"] == row["se"] == 0
    assert 0 < row["upper"] < 1
    assert row["interval_kind"] == (interval if interval in ("jeffreys", "wilson") else "korn-graubard")


def test_a_hundred_million_people() -> None:
    """Weights that sum to more than 2³¹, with int32 and int8 columns: no sum wraps."""
    people = sample(w=np.full(24, 10**8, dtype=np.int32), fl=np.ones(24, dtype=np.int8))
    for frame in (people, pl.from_pandas(people).lazy()):
        found = fl.estimate_total(frame, "fl", design=DESIGN).to_frame()
        assert found["value"].iloc[0] == 24e8


def test_one_row_and_one_unit() -> None:
    """A value, no standard error that could be one, no interval, and a reason."""
    row = sample().head(1)
    with pytest.raises(fl.FlError, match="FL-DESIGN-12"):
        fl.estimate_prevalence(row, "fl", design=DESIGN)
    certain = fl.Design(weights="w", strata="h", psu="i", single_psu="certainty", expands=True)
    for people in (row, sample()[lambda f: (f["h"] == "a") & (f["i"] == 1)]):
        estimates = fl.estimate_mean(people, "hours", design=certain)
        found = estimates.to_frame().iloc[0]
        assert found["value"] > 0
        assert found["df"] == 0
        assert np.isnan(found["lower"])
        assert "df_not_positive" in codes(estimates, 0)
    alone = fl.estimate_variance(row, "hours", design=certain).to_frame()
    assert alone["value"].isna().all()


def test_domain_levels_of_one_frame_and_not_of_another() -> None:
    """A region that only the first frame has: replicates made of the first serve the second, whose table lacks the row."""
    whole = sample()
    part = whole[whole["region"] == "North"]
    design = fl.replicate(whole, design=DESIGN, kind="jkn")
    first = fl.estimate_mean(whole, "hours", design=design, by="region").to_frame()
    second = fl.estimate_mean(part, "hours", design=design, by="region").to_frame()
    assert first["region"].tolist()[1:] == ["North", "South"]
    assert second["region"].tolist()[1:] == ["North"]
    np.testing.assert_allclose(second[["value", "se"]].iloc[1], first[["value", "se"]].iloc[1], rtol=1e-12)


def test_effective_n_is_n_over_deff_and_missing_without_cases() -> None:
    """S²/se², the respondents of a simple random sample with the same standard error; by hand for a 0/1 outcome."""
    estimates = fl.estimate_prevalence(
        sample(region=["North"] * 8 + ["South"] * 8 + ["West"] * 8), "fl", design=DESIGN, by="region"
    )
    frame = estimates.to_frame()
    assert np.isnan(estimates.effective_n.iloc[2]) == (frame["cases"].iloc[2] == 0)
    row = frame.iloc[0]
    p, n, se = row["value"], row["n"], row["se"]
    # S² of a 0/1 outcome is p(1 − p) n/(n − 1).
    assert estimates.effective_n.iloc[0] == pytest.approx(p * (1 - p) * n / (n - 1) / se**2, rel=1e-12)
    assert estimates.effective_n.name == "effective_n"
