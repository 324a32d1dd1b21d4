"""RDS-I, RDS-II and successive sampling: values by hand, standard errors that depend on no order and no name, what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from tests.unit.reporting import few

hidden: Any = fl.hidden


def chained(frame: pd.DataFrame, seeds: int = 2) -> pd.DataFrame:
    """The rows of a frame as respondents of whom each recruited two."""
    rows = np.arange(len(frame))
    recruiter = ["" if row < seeds else f"r{(row - seeds) // 2}" for row in rows]
    return frame.assign(
        person_id=[f"r{row}" for row in rows], recruiter_id=recruiter, network_size=3 + rows * 7 % 11
    ).reset_index(drop=True)


def few_of_rds_ii() -> fl.Estimates:
    return hidden.rds_ii(chained(few.few()), "fl", seed=1, replicates=100)


def few_of_rds_i() -> fl.Estimates:
    return hidden.rds_i(chained(few.few()), "fl", seed=1, replicates=100, variance="tree")


def few_of_gile_ss() -> fl.Estimates:
    return hidden.gile_ss(chained(few.few()), "fl", population=100.0, seed=1, replicates=100)


def drawn(seed: int = 1, **settings_: Any) -> pd.DataFrame:
    usual: dict[str, Any] = {
        "population": 3000, "n": 250, "seeds": 5, "prevalence": 0.3, "activity": 1.5, "homophily": 1.5
    }  # fmt: skip
    people = hidden.simulate_rds(**{**usual, **settings_}, seed=seed).people
    letters = np.array(["a", "b", "c"])[(np.arange(len(people)) * 5 + people["outcome"].to_numpy()) % 3]
    return people.assign(kind=letters, hours=30.0 + np.arange(len(people)) % 17)


def first(estimates: fl.Estimates) -> pd.Series:
    return estimates.frame.iloc[0]


# --- values -----------------------------------------------------------------------------------------------------


def test_inverse_degree_by_hand() -> None:
    """Y = 1, 0, 1 with degrees 2, 4, 4: (1/2 + 1/4)/(1/2 + 1/4 + 1/4) = 0.75."""
    people = pd.DataFrame(
        {"person_id": [1, 2, 3], "recruiter_id": [None, 1, 1], "network_size": [2, 4, 4], "y": [1, 0, 1]}
    )
    row = first(hidden.rds_ii(people, "y", seed=1, replicates=20))
    assert (row["value"], row["n"], row["cases"], row["method"]) == (0.75, 3, 2, "rds-ii")
    without = first(hidden.rds_ii(people, "y", include_seeds=False, seed=1, replicates=20))
    assert (without["value"], without["n"]) == (0.5, 2)


def test_linearised_variance_is_the_formula() -> None:
    people = drawn()
    row = first(hidden.rds_ii(people, "outcome", variance="linearised", design_effect=2.5, interval="wald"))
    w, y = 1 / people["network_size"], people["outcome"]
    p, n = (w * y).sum() / w.sum(), len(people)
    variance = 2.5 * n / (n - 1) * (w**2 * (y - p) ** 2).sum() / w.sum() ** 2
    assert row["value"] == pytest.approx(p, rel=1e-12)
    assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-10)
    # t with n − 1 degrees of freedom: scipy
    from scipy import stats

    half = stats.t.ppf(0.975, n - 1) * np.sqrt(variance)
    assert [row["lower"], row["upper"]] == pytest.approx([p - half, p + half], rel=1e-9)


def test_two_groups_by_their_formula() -> None:
    """p_A = h_B P_BA/(h_B P_BA + h_A P_AB), with P of recruitments and h harmonic mean degrees, all by plain sums."""
    people = drawn()
    y, d = people["outcome"].to_numpy(), people["network_size"].to_numpy()
    index = {key: row for row, key in enumerate(people["person_id"])}
    pairs = [(y[index[r]], y[row]) for row, r in enumerate(people["recruiter_id"]) if isinstance(r, str)]
    t = np.array([[sum(pair == (a, b) for pair in pairs) for b in (0, 1)] for a in (0, 1)], dtype=float)
    p_ab, p_ba = t[1, 0] / t[1].sum(), t[0, 1] / t[0].sum()
    h_a, h_b = ((y == k).sum() / (1 / d[y == k]).sum() for k in (1, 0))
    expected = h_b * p_ba / (h_b * p_ba + h_a * p_ab)
    for smoothing in ("none", "data"):
        row = first(hidden.rds_i(people, "outcome", smoothing=smoothing, seed=1, replicates=20))
        assert row["value"] == pytest.approx(expected, rel=1e-12)


def test_smoothing_leaves_the_equilibrium_of_any_number_of_groups() -> None:
    """q_a P_ab made symmetric has rows that sum to (q + q P)/2 = q."""
    plain, smooth = (hidden.rds_i(drawn(), "kind", smoothing=s, seed=1, replicates=20) for s in ("none", "data"))
    assert plain.frame["value"].to_numpy() == pytest.approx(smooth.frame["value"].to_numpy(), rel=1e-10)
    assert plain.frame["value"].sum() == pytest.approx(1)


def test_successive_sampling_solves_its_equation() -> None:
    """Weights 1/(1 − exp(−t d)) with Σ = N: t from scipy's brentq."""
    people = drawn()
    d, y = people["network_size"].to_numpy(float), people["outcome"].to_numpy()
    t: Any = optimize.brentq(lambda t: (1 / -np.expm1(-t * d)).sum() - 600, 1e-9, 10, xtol=1e-14)
    w = 1 / -np.expm1(-t * d)
    row = first(hidden.gile_ss(people, "outcome", population=600, seed=1, replicates=20))
    assert row["value"] == pytest.approx((w * y).sum() / w.sum(), rel=1e-9)
    total = first(hidden.gile_ss(people, "outcome", population=600, quantity="total", seed=1, replicates=20))
    assert total["value"] == pytest.approx((w * y).sum(), rel=1e-9)


def test_inclusion_of_four_people_drawn_one_after_another() -> None:
    """Exact: the probability of every order of three of five, sizes 1, 1, 2, 3, 5; clocks give it within 6 %."""
    sizes = np.array([1.0, 1.0, 2.0, 3.0, 5.0])
    chance = np.zeros(5)
    for order in itertools.permutations(range(5), 3):
        left, p = sizes.sum(), 1.0
        for unit in order:
            p *= sizes[unit] / left
            left -= sizes[unit]
        chance[list(order)] += p
    solved: Any = optimize.brentq(lambda t: (-np.expm1(-t * sizes)).sum() - 3, 1e-6, 50)
    assert -np.expm1(-solved * sizes) == pytest.approx(chance, rel=0.06)
    assert chance.sum() == pytest.approx(3)


def test_of_the_whole_population_everybody_counts_once() -> None:
    people = drawn(n=100, population=400)
    row = first(hidden.gile_ss(people, "outcome", population=100, seed=1, replicates=20, variance="tree"))
    assert row["value"] == pytest.approx(people["outcome"].mean(), rel=1e-12)


def test_of_a_small_sample_successive_sampling_is_inverse_degree() -> None:
    people = drawn()
    ss, ii = (
        first(hidden.gile_ss(people, "outcome", population=100_000, seed=1, replicates=20, variance="tree")),
        first(hidden.rds_ii(people, "outcome", seed=1, replicates=20)),
    )
    assert ss["value"] == pytest.approx(ii["value"], rel=1e-12)
    never = first(hidden.gile_ss(people, "outcome", population=100_000, small_fraction=0.0, seed=1, replicates=20))
    assert never["value"] != ss["value"]
    assert never["value"] == pytest.approx(ii["value"], rel=0.02)


def test_monte_carlo_comes_to_the_fixed_point() -> None:
    people = drawn()
    usual: dict[str, Any] = {"population": 600, "seed": 1, "replicates": 20}
    exact = first(hidden.gile_ss(people, "outcome", **usual))["value"]
    drawn_ = first(hidden.gile_ss(people, "outcome", inclusion="montecarlo", samples=2000, **usual))["value"]
    # Over six seeds package RDS has a standard deviation of 1e-4 with 5,000 samples: three of 2,000 are 5e-4.
    assert abs(exact - drawn_) < 1e-3


def test_several_sizes_of_the_population_stand_under_each_other() -> None:
    people = drawn()
    each = hidden.gile_ss(people, "outcome", population=[400, 600], seed=1, replicates=50)
    alone = hidden.gile_ss(people, "outcome", population=600, seed=1, replicates=50)
    assert each.frame["population_size"].tolist() == ["N = 400", "N = 600"]
    assert each.frame["value"].iloc[1] == alone.value
    assert each.frame["se"].iloc[1] == alone.se
    assert len(fl.publish(each).to_frame()) == 2


def test_means_totals_domains_and_subpopulations() -> None:
    people = drawn()
    w = 1 / people["network_size"]
    mean = first(hidden.rds_ii(people, "hours", quantity="mean", seed=1, replicates=20))
    assert mean["value"] == pytest.approx((w * people["hours"]).sum() / w.sum(), rel=1e-12)
    by = hidden.rds_ii(people, "outcome", by="region", quantity="total", population=3000, seed=1, replicates=20).frame
    assert by["value"].iloc[0] == pytest.approx(by["value"].iloc[1:].sum(), rel=1e-12)
    inside = people["region"] == "North"
    part = first(hidden.rds_ii(people, "outcome", where="region == 'North'", seed=1, replicates=20))
    assert part["value"] == pytest.approx((w * people["outcome"])[inside].sum() / w[inside].sum(), rel=1e-12)
    assert part["n"] == inside.sum()
    classes = hidden.rds_ii(people, "kind", seed=1, replicates=20).frame
    assert classes["outcome"].tolist() == ["kind=a", "kind=b", "kind=c"]
    assert classes["value"].sum() == pytest.approx(1)


# --- standard errors --------------------------------------------------------------------------------------------

CALLS: dict[str, dict[str, Any]] = {
    "rds_ii/tree": {}, "rds_ii/salganik": {"variance": "salganik"}, "rds_i/salganik": {}, "rds_i/tree": {"variance": "tree"},
    "gile_ss/gile": {"population": 400}, "gile_ss/tree": {"population": 400, "variance": "tree"},
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=2, deadline=None)
@given(order=st.integers(0, 2**31))
def test_standard_errors_depend_on_no_order_of_rows(call: str, order: int) -> None:
    people = drawn(n=120)
    function = getattr(hidden, call.split("/")[0])
    shuffled = people.sample(frac=1, random_state=order)
    one, other = (function(each, "outcome", seed=3, replicates=30, **CALLS[call]) for each in (people, shuffled))
    # The same sums in another order of additions.
    np.testing.assert_allclose(one.frame[["value", "se", "lower"]], other.frame[["value", "se", "lower"]], rtol=1e-9)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=2, deadline=None)
@given(names=st.permutations(["a", "b", "c"]), ids=st.integers(0, 2**31))
def test_standard_errors_depend_on_no_names(call: str, names: list[str], ids: int) -> None:
    people = drawn(n=120)
    function = getattr(hidden, call.split("/")[0])
    numbers = np.random.default_rng(ids).permutation(len(people)).astype(str)
    new = dict(zip(people["person_id"], numbers, strict=True))
    called = people.assign(
        kind=people["kind"].map(dict(zip("abc", names, strict=True))),
        person_id=people["person_id"].map(new),
        recruiter_id=people["recruiter_id"].map(new),
    )
    one = function(people, "kind", seed=3, replicates=30, **CALLS[call]).frame
    other = function(called, "kind", seed=3, replicates=30, **CALLS[call]).frame.set_index("outcome")
    again = other.loc[[f"kind={names['abc'.index(kind)]}" for kind in "abc"]]
    np.testing.assert_allclose(one[["value", "se", "lower"]], again[["value", "se", "lower"]], rtol=1e-9)


def test_engines_give_the_same() -> None:
    people = drawn(n=120)
    usual: dict[str, Any] = {"by": "region", "seed": 1, "replicates": 30}
    expected = hidden.rds_ii(people, "outcome", **usual).frame[["value", "se"]]
    for other in (pl.from_pandas(people), pl.from_pandas(people).lazy(), duckdb.from_df(people)):
        np.testing.assert_allclose(hidden.rds_ii(other, "outcome", **usual).frame[["value", "se"]], expected, rtol=1e-9)


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    people = drawn()
    one, same, other = (first(hidden.rds_ii(people, "outcome", seed=s, replicates=60))["se"] for s in (1, 1, 2))
    assert one == same != other


def test_the_tree_bootstrap_of_three_people_is_enumerated() -> None:
    """A seed with two recruits: each replicate draws two of the recruits, (2, 0), (1, 1), (0, 2) with 1/4, 1/2, 1/4."""
    people = pd.DataFrame(
        {"person_id": [1, 2, 3], "recruiter_id": [None, 1, 1], "network_size": [1, 1, 1], "y": [0, 0, 1]}
    )
    row = first(hidden.rds_ii(people, "y", seed=1, replicates=40_000, interval="wald"))
    values, chances = np.array([0, 1 / 3, 2 / 3]), np.array([0.25, 0.5, 0.25])
    sd = np.sqrt((chances * values**2).sum() - (chances * values).sum() ** 2)
    # A standard deviation of 40,000 draws has a relative error of about 0.35 %.
    assert row["se"] == pytest.approx(sd, rel=0.015)


def test_salganiks_bootstrap_is_that_of_a_chain() -> None:
    """The same bootstrap written as a loop over replicates and steps, 250 of them: standard errors within 15 %."""
    people = drawn()
    row = first(hidden.rds_ii(people, "outcome", variance="salganik", seed=1, replicates=4000))
    y, d = people["outcome"].to_numpy(), people["network_size"].to_numpy()
    t = hidden.Recruitment.read(people).transitions(y)
    p = t / t.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(5)
    theta: list[float] = []
    for _ in range(250):
        group, top, bottom = int(rng.choice(y)), 0.0, 0.0
        for _ in range(len(people)):
            who = rng.choice(np.flatnonzero(y == group))
            top, bottom = top + y[who] / d[who], bottom + 1 / d[who]
            group = int(rng.random() < p[group, 1])
        theta.append(top / bottom)
    assert row["se"] == pytest.approx(np.std(theta, ddof=1), rel=0.15)


def test_gile_bootstrap_recruits_as_many_as_there_were() -> None:
    people = drawn(population=800)
    _, design = hidden.rds_design(
        people, weighting="gile_ss", population=800, variance="gile", groups="outcome", seed=1, replicates=50
    )
    weights = design.replicates.multipliers
    assert weights.shape == (250, 50)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()


# --- designs ----------------------------------------------------------------------------------------------------


def test_a_design_gives_what_the_estimator_gives() -> None:
    people = drawn()
    own = first(hidden.rds_ii(people, "hours", quantity="mean", seed=7, replicates=80))
    weighted, design = hidden.rds_design(people, seed=7, replicates=80)
    assert "rds_weight" in weighted
    other = first(fl.estimate_mean(weighted, "hours", design=design))
    # Random numbers are dealt out by degrees alone here, and by degrees and outcome there: the same up to Monte Carlo error.
    assert other["value"] == pytest.approx(own["value"], rel=1e-12)
    assert other["se"] == pytest.approx(own["se"], rel=0.35)


def test_replicate_weights_leave_as_columns_and_give_the_same() -> None:
    people = drawn()
    usual: dict[str, Any] = {"population": 3000, "seed": 7, "replicates": 40}
    inside, design = hidden.rds_design(people, **usual)
    outside, named = hidden.rds_design(people, **usual, columns="rw")
    assert outside.filter(regex=r"^rw\d+$").shape == (250, 40)
    np.testing.assert_allclose(outside.filter(regex=r"^rw\d+$").sum(), 3000)
    one, other = (fl.estimate_total(p, "outcome", design=d) for p, d in ((inside, design), (outside, named)))
    assert one.se == pytest.approx(other.se, rel=1e-9)
    assert one.value == pytest.approx(other.value, rel=1e-12)


def test_a_regression_takes_the_design() -> None:
    people = drawn()
    weighted, design = hidden.rds_design(people, seed=7, replicates=60)
    model = fl.regress(weighted, "outcome ~ hours", design=design)
    assert np.isfinite(model.frame["se"]).all() if hasattr(model, "frame") else model is not None


# --- what is refused, and what is told ---------------------------------------------------------------------------


def refused(code: str, people: pd.DataFrame, function: str = "rds_ii", outcome: Any = "outcome", **more: Any) -> str:
    with pytest.raises(EstimateFault) as caught:
        getattr(hidden, function)(people, outcome, **{"seed": 1, "replicates": 20, **more})
    assert caught.value.code == code
    return str(caught.value)


def test_missing_degrees_are_refused_or_something_is_chosen() -> None:
    people = drawn()
    people["network_size"] = people["network_size"].astype(float)
    people.loc[[3, 8], "network_size"] = [np.nan, 0]
    assert "2 rows (4, 9)" in refused("FL-EST-523", people)
    known = people["network_size"].to_numpy()[people["network_size"].to_numpy() > 0]
    for rule, n, filled in (
        ("exclude", 248, None), ("median", 250, np.median(known)), ("max", 250, known.max())
    ):  # fmt: skip
        estimates = hidden.rds_ii(people, "outcome", missing_degree=rule, seed=1, replicates=20)
        d = people["network_size"].where(people["network_size"] > 0, filled if filled else np.inf)
        assert first(estimates)["value"] == pytest.approx((people["outcome"] / d).sum() / (1 / d).sum(), rel=1e-12)
        assert first(estimates)["n"] == n
        assert any(str(each.code).startswith("rds_degree_") for each in estimates.assumptions)
    refused("FL-EST-524", people, missing_degree="guess")
    refused("FL-EST-525", people.assign(network_size=0), missing_degree="exclude")
    refused("FL-EST-525", drawn().iloc[:1])


def test_arguments_that_cannot_be() -> None:
    people = drawn()
    refused("FL-EST-526", people, variance="gile")
    refused("FL-EST-526", people, quantity="odds")
    refused("FL-EST-526", people, replicates=1)
    refused("FL-EST-526", people, "rds_i", smoothing="some")
    refused("FL-EST-526", people, "rds_i", unknown="bounds")
    refused("FL-EST-526", people, unknown="bounds", variance="linearised", design_effect=2)
    refused("FL-EST-527", people, quantity="total")
    refused("FL-EST-527", people, "gile_ss", population=249)
    refused("FL-EST-527", people, "gile_ss", population=[600, 600])
    refused("FL-EST-528", people, "rds_i", outcome="hours", quantity="mean")
    refused("FL-EST-531", people, variance="linearised")
    refused("FL-EST-531", people, design_effect=2)
    refused("FL-EST-521", people.drop(columns="network_size"))
    refused("FL-EST-522", people.iloc[:0])
    with pytest.raises(EstimateFault, match="FL-EST-529"):
        hidden.rds_design(people, weighting="rds_i", variance="tree", seed=1)
    with pytest.raises(EstimateFault, match="FL-EST-526"):
        hidden.rds_design(people.assign(rw1=1), seed=1, replicates=2, columns="rw")


def apart() -> pd.DataFrame:
    """Two seeds whose trees have nothing to do with each other: cases recruit cases, others recruit others."""
    people = chained(pd.DataFrame({"y": [0, 1] * 30}))
    recruiter = ["" if row < 2 else f"r{row - 2}" for row in range(60)]
    return people.assign(recruiter_id=recruiter)


def test_groups_that_never_recruit_each_other_have_no_equilibrium() -> None:
    for variance in ("salganik", "tree"):
        estimates = hidden.rds_i(apart(), "y", variance=variance, seed=1, replicates=50)
        row = first(estimates)
        assert np.isnan([row["value"], row["se"], row["lower"]]).all()
        assert row["n"] == 60
        assert "rds_groups_apart" in {str(reason.code) for reason in estimates.reasons}
        assert fl.publish(estimates).to_frame()["value"].isna().all()
    walked = hidden.rds_ii(apart(), "y", variance="salganik", seed=1, replicates=50)
    assert first(walked)["value"] > 0
    assert np.isnan(first(walked)["se"])
    assert np.isfinite(first(hidden.rds_ii(apart(), "y", seed=1, replicates=50))["se"])
    assert np.isfinite(first(hidden.gile_ss(apart(), "y", population=200, seed=1, replicates=50))["se"])
    with pytest.raises(EstimateFault, match="FL-EST-530"):
        hidden.rds_design(apart(), variance="salganik", groups="y", seed=1)


def test_a_single_tree_zero_cases_and_a_large_sample_are_told() -> None:
    people = drawn(seeds=1)
    codes = {str(reason.code) for reason in hidden.rds_ii(people, "outcome", seed=1, replicates=50).reasons}
    assert codes == {"rds_single_tree"}
    none = hidden.rds_ii(people.assign(outcome=0), "outcome", population=1000, seed=1, replicates=50)
    assert {str(r.code) for r in none.reasons} == {
        "rds_single_tree", "zero_cases", "rds_large_fraction", "rds_without_cases"
    }  # fmt: skip
    assert (first(none)["value"], first(none)["se"], first(none)["lower"]) == (0, 0, 0)


def test_a_tree_without_branches_has_no_standard_error() -> None:
    """Of chains of one recruit each only the seeds can be drawn otherwise: degrees of freedom are the seeds less one."""
    people = drawn(n=90, coupons=1, returned=1.0, seeds=3)
    row = first(hidden.rds_ii(people, "outcome", seed=1, replicates=50))
    assert row["df"] == hidden.Recruitment.read(people).n_seeds - 1
    chain = people.assign(recruiter_id=["", *people["person_id"].iloc[:-1]])
    alone = hidden.rds_ii(chain, "outcome", seed=1, replicates=50)
    assert np.isnan([first(alone)[name] for name in ("se", "lower", "upper")]).all()
    assert {str(reason.code) for reason in alone.reasons} == {"rds_single_tree", "df_not_positive"}
    assert fl.publish(alone).to_frame()["publication"].tolist() == ["not_published"]
    with pytest.raises(EstimateFault, match="FL-EST-533"):
        hidden.rds_design(chain, seed=1, replicates=50)


def test_limits_without_a_case_are_those_of_fewer_respondents() -> None:
    """1 − 0.025^(D/n): D is 4, or the design effect stated, n 250; of a total times 3,000 persons; its mirror image of cases only."""
    people = drawn()
    none, every = people.assign(outcome=0), people.assign(outcome=1)
    usual: dict[str, Any] = {"seed": 1, "replicates": 50}
    reach = 1 - 0.025 ** (4 / 250)
    assert first(hidden.rds_ii(none, "outcome", **usual))["upper"] == pytest.approx(reach, rel=1e-12)
    assert first(hidden.rds_ii(every, "outcome", **usual))["lower"] == pytest.approx(1 - reach, rel=1e-12)
    total = first(hidden.rds_ii(none, "outcome", quantity="total", population=3000, **usual))
    assert [total["value"], total["lower"], total["upper"]] == pytest.approx([0, 0, 3000 * reach], rel=1e-12)
    stated = first(hidden.rds_ii(none, "outcome", variance="linearised", design_effect=2.0))
    assert stated["upper"] == pytest.approx(1 - 0.025 ** (2 / 250), rel=1e-12)


def test_a_bootstrap_that_is_not_centred_is_told() -> None:
    """A third of the sample are seeds, all of them cases: the chain forgets the seeds, the sample does not."""
    people = drawn(n=240, seeds=80, seeds_from="cases", homophily=1.0, activity=1.0, prevalence=0.4)
    estimates = hidden.rds_ii(people, "outcome", variance="salganik", seed=1, replicates=200)
    assert "rds_not_centred" in {str(reason.code) for reason in estimates.reasons}
    fine = hidden.rds_ii(drawn(homophily=1.0, activity=1.0), "outcome", variance="salganik", seed=1, replicates=200)
    assert "rds_not_centred" not in {str(reason.code) for reason in fine.reasons}


def test_unknown_answers_are_refused_until_something_is_chosen() -> None:
    people = drawn().astype({"outcome": float})
    people.loc[[1, 5, 9], "outcome"] = np.nan
    for function in ("rds_ii", "rds_i"):
        with pytest.raises(EstimateFault):
            getattr(hidden, function)(people, "outcome", seed=1, replicates=20)
        out = first(getattr(hidden, function)(people, "outcome", unknown="exclude", seed=1, replicates=20))
        no = first(getattr(hidden, function)(people, "outcome", unknown="no", seed=1, replicates=20))
        assert (out["n"], no["n"]) == (247, 250)
        assert function == "rds_i" or out["value"] > no["value"]
    bounds = hidden.rds_ii(people, "outcome", unknown="bounds", seed=1, replicates=20).frame
    assert bounds["bound"].tolist() == ["lower", "upper", "identified"]


def test_a_study_file_asks_for_it(tmp_path: Path) -> None:
    people = drawn()
    people.drop(columns=["kind", "hours"]).to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "map.toml").write_text(
        'id = "rds"\nkind = "respondent_driven"\n[design]\nunweighted = true\n[people]\n'
        + "".join(f'{name} = "{name}"\n' for name in ("person_id", "recruiter_id", "network_size"))
        + 'outcome = { column = "outcome", own = true }\n'
    )
    (tmp_path / "study.toml").write_text(
        '[source.people]\nfile = "people.csv"\nmapping = "map.toml"\n'
        '[[estimate]]\nkind = "rds"\nmethod = "rds_ii"\noutcome = "outcome"\nreplicates = 50\n'
        '[[estimate]]\nkind = "rds"\nmethod = "gile_ss"\nname = "ss"\noutcome = "outcome"\npopulation = [800, 3000]\n'
        'inclusion = "fixed-point"\nreplicates = 50\n'
        '[publish]\nlanguages = ["fr"]\n'
    )
    fl.run_study(tmp_path / "study.toml", out=tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "estimates.csv")
    assert table["method"].tolist() == ["rds-ii", "gile-ss", "gile-ss"]
    assert np.isfinite(table["value"]).all()
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "rds_" not in report
    assert "échantillonnage déterminé par les répondants" in report
