"""Link tracing: size and prevalence recovered, orders averaged as by enumeration, unknown answers kept, bad input refused."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.hidden.links.link_reorderings import chapman, reorder

TWO = {"a": 0.7, "b": 0.3}
LINKED = [[0.008, 0.002], [0.002, 0.012]]


def drawn(seed: int = 1, **more: Any) -> fl.hidden.SimulatedLinkTracing:
    given: dict[str, Any] = {"strata": TWO, "links": LINKED, "initial": 70, "outcome": {"a": 0.2, "b": 0.5}}
    return fl.hidden.simulate_link_tracing(500, seed=seed, **given | more)


def estimated(sample: fl.hidden.SimulatedLinkTracing, **more: Any) -> fl.Estimates:
    given: dict[str, Any] = {"outcome": "fl", "strata": "stratum", "draws": 800, "seed": 1}
    return fl.hidden.link_tracing(sample.people, sample.links, **given | more)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few steps as show what is asked here."""
    for name, steps in (("BURN_IN", 200), ("FEWEST_STEPS", 300), ("MOST_STEPS", 300)):
        monkeypatch.setattr(f"fl_estimate.estimators.hidden.links.link_posterior.{name}", steps)


def few_of_link_tracing() -> fl.Estimates:
    people = pd.DataFrame({"person_id": range(12), "wave": [0] * 6 + [1] * 6, "fl": [1, *[0] * 11]})
    links = pd.DataFrame({"person": [0, 1, 2, 3, 4, 5, 0, 1, 2], "named": [6, 7, 8, 9, 10, 11, 7, 8, 3]})
    return fl.hidden.link_tracing(people, links, outcome="fl", draws=400, seed=1)


def test_rows_of_the_nation_and_of_strata_add_up() -> None:
    sample = drawn()
    found = estimated(sample)
    frame = found.to_frame()
    assert frame["quantity"].tolist() == ["population_size"] * 3 + ["total"] * 3
    assert frame["stratum"].astype(object).where(frame["stratum"].notna(), "").tolist() == ["", "a", "b"] * 2
    assert (frame["basis"] == "model").all()
    draws = np.asarray(found.draws)
    np.testing.assert_array_equal(draws[:, 0], draws[:, 1] + draws[:, 2])
    np.testing.assert_array_equal(draws[:, 3], draws[:, 4] + draws[:, 5])
    shares = np.asarray(estimated(sample, quantity="prevalence").draws)
    np.testing.assert_allclose(shares, draws[:, 3:] / draws[:, :3], rtol=1e-12)
    assert (draws[:, 0] >= len(sample.people)).all()
    assert frame["n"].tolist()[:3] == [
        len(sample.people),
        *sample.people["stratum"].value_counts().sort_index().tolist(),
    ]
    assert found.support.cases.tolist()[3] == sample.people["fl"].sum()


def test_what_is_known_is_recovered_over_ten_samples() -> None:
    """Each interval is of 95 %: of 10, fewer than 7 hold the truth once in 1,000 times (binomial)."""
    inside = dict.fromkeys(["population_size", "prevalence", "total"], 0)
    for seed in range(10):
        sample = drawn(seed)
        found = estimated(sample, draws=400)
        draws = np.asarray(found.draws)
        # Of the same draws: the prevalence is the total over the size.
        every = {"population_size": draws[:, 0], "total": draws[:, 3], "prevalence": draws[:, 3] / draws[:, 0]}
        truth = {"population_size": sample.size, "prevalence": sample.prevalence, "total": sample.cases}
        for quantity, value in truth.items():
            lower, upper = np.quantile(every[quantity], [0.025, 0.975])
            inside[quantity] += lower <= value <= upper
    assert min(inside.values()) >= 7, inside


def test_the_same_seed_gives_the_same_draws_whatever_the_order_of_rows() -> None:
    sample = drawn()
    mixed = fl.hidden.SimulatedLinkTracing(
        people=sample.people.sample(frac=1, random_state=1),
        links=sample.links.sample(frac=1, random_state=2),
        size=0,
        cases=0,
        strata={},
    )
    np.testing.assert_array_equal(estimated(sample).draws, estimated(mixed).draws)


def test_names_of_strata_do_not_matter_but_for_their_order() -> None:
    sample = drawn()
    renamed = sample.people.assign(stratum=sample.people["stratum"].map({"a": "north", "b": "south"}))
    other = fl.hidden.link_tracing(renamed, sample.links, outcome="fl", strata="stratum", draws=800, seed=1)
    np.testing.assert_array_equal(other.draws, estimated(sample).draws)
    assert other.to_frame()["stratum"].dropna().unique().tolist() == ["north", "south"]


def test_another_initial_sample_with_the_same_people_traced_changes_nothing() -> None:
    """Who of the traced came first has no part in the posterior: only how many did (docs: why orders are not imputed)."""
    people = pd.DataFrame({"person_id": range(6), "wave": [0, 0, 1, 1, 2, 2]})
    links = pd.DataFrame({"person": [0, 1, 2, 2, 3, 1], "named": [2, 3, 3, 4, 5, 2]})
    turned = people.assign(wave=[1, 1, 0, 0, 1, 1], traced=[1, 1, 1, 1, 0, 0])
    one = fl.hidden.link_tracing(people, links, draws=400, seed=1)
    two = fl.hidden.link_tracing(turned, links, traced="traced", draws=400, seed=1)
    np.testing.assert_array_equal(one.draws, two.draws)


# --- the design-based estimate ----------------------------------------------------------------------------------


def small() -> fl.hidden.LinkTrace:
    """Nine people on a path with a chord, two initial samples of two, everybody asked."""
    people = pd.DataFrame({
        "person_id": range(7), "wave": [0, 0, 0, 1, 1, 1, 1], "first": [1, 1, 0, 0, 0, 0, 0], "second": [0, 1, 1, 0, 0, 0, 0],
        "outside": [0, 0, 0, 0, 0, 2, 1],
    })  # fmt: skip
    links = pd.DataFrame({"person": [0, 1, 2, 3, 0, 5, 4], "named": [3, 4, 5, 6, 6, 6, 5]})
    return fl.hidden.LinkTrace.of(people, links, initial=["first", "second"], outside="outside")


def test_orders_are_those_that_fit_by_enumeration() -> None:
    """Every pair of initial samples is tried here by sets: those that reach all seven people and trace nobody who knows others."""
    trace = small()
    neighbours = {i: set() for i in range(7)}
    for a, b in trace.links.tolist():
        neighbours[a].add(b)
        neighbours[b].add(a)
    closed = {i for i in range(7) if trace.outside is not None and trace.outside[i] == 0}
    overlaps: list[int] = []
    for first in combinations(range(7), 2):
        for second in combinations(range(7), 2):
            traced = {*first, *second}
            if traced <= closed and traced | set().union(*(neighbours[i] for i in traced)) == set(range(7)):
                overlaps.append(len({*first} & {*second}))
    found = reorder(trace, np.zeros(7), 20.0, draws=100, seed=1)
    assert found.exact
    assert sorted(found.overlap.ravel().tolist()) == sorted(map(float, overlaps))
    assert len(set(overlaps)) > 1


def test_the_walk_visits_orders_as_often_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean overlap of the walk is that of all orders, within 4 standard errors of 400 independent ones."""
    trace = small()
    every = reorder(trace, np.zeros(7), 20.0, draws=100, seed=1).overlap
    monkeypatch.setattr("fl_estimate.estimators.hidden.links.link_reorderings.MOST_ENUMERATED", 0)
    walked = reorder(trace, np.zeros(7), 20.0, draws=2_000, seed=1)
    assert not walked.exact
    assert abs(walked.overlap.mean() - every.mean()) < 4 * every.std() / 20


def test_the_design_based_estimate_is_chapmans_averaged() -> None:
    people = pd.DataFrame({
        "person_id": range(7), "wave": [0, 0, 0, 1, 1, 1, 1], "first": [1, 1, 0, 0, 0, 0, 0], "second": [0, 1, 1, 0, 0, 0, 0],
        "outside": [0, 0, 0, 0, 0, 2, 1], "fl": [1, 0, 1, 0, 0, 1, 0],
    })  # fmt: skip
    links = pd.DataFrame({"person": [0, 1, 2, 3, 0, 5, 4], "named": [3, 4, 5, 6, 6, 6, 5]})
    found = fl.hidden.link_tracing(
        people, links, outcome="fl", initial=["first", "second"], outside="outside", method="design", seed=1
    )
    overlap = reorder(small(), np.zeros(7), 20.0, draws=100, seed=1).overlap
    size, spread = chapman(2, 2, overlap)
    assert found.select(quantity="population_size").value == pytest.approx(size.mean(), rel=1e-12)
    less = spread.mean() - size.var()
    wanted = less if less > 0 else spread.mean()
    assert found.select(quantity="population_size").se == pytest.approx(np.sqrt(wanted), rel=1e-12)
    assert found.diagnostics["plain"] == pytest.approx(3 * 3 / 2 - 1)
    total = found.select(quantity="total").value
    shares = fl.hidden.link_tracing(
        people,
        links,
        outcome="fl",
        initial=["first", "second"],
        outside="outside",
        method="design",
        quantity="prevalence",
        seed=1,
    )
    assert total == pytest.approx(shares.value * size.mean())


def test_without_the_last_wave_one_wave_has_one_estimate() -> None:
    """The people traced are the two samples together, so that their overlap is the same in every order."""
    sample = fl.hidden.simulate_link_tracing(200, links=0.01, initial=(30, 30), seed=4)
    found = fl.hidden.link_tracing(
        sample.people, sample.links, initial=["initial_1", "initial_2"], method="design", draws=200, seed=1
    )
    assert found.value == pytest.approx(found.diagnostics["plain"], rel=1e-12)


# --- unknown answers and scope ----------------------------------------------------------------------------------


def test_unknown_answers_are_bounds_no_or_like_the_others() -> None:
    sample = drawn()
    rng = np.random.default_rng(1)
    people = sample.people.assign(fl=sample.people["fl"].astype(float).where(rng.random(len(sample.people)) > 0.2))
    with pytest.raises(fl.FlError, match="FL-EST-571"):
        fl.hidden.link_tracing(people, sample.links, outcome="fl")
    share: dict[str, float] = {}
    every: tuple[Literal["no", "exclude", "bounds"], ...] = ("no", "exclude", "bounds")
    for unknown in every:
        found = fl.hidden.link_tracing(
            people,
            sample.links,
            outcome="fl",
            strata="stratum",
            quantity="prevalence",
            unknown=unknown,
            draws=800,
            seed=1,
        )
        rows = found.national.to_frame()
        share |= {f"{unknown}{bound}": value for bound, value in zip(rows["bound"], rows["value"], strict=True)}
        if unknown == "bounds":
            low, high, known = (rows[rows["bound"] == name].iloc[0] for name in ("lower", "upper", "identified"))
            assert np.isnan(known["value"])
            assert (known["lower"], known["upper"]) == (low["lower"], high["upper"])
            assert known["undetermined"] == pytest.approx(people["fl"].isna().mean())
        codes = {str(one.code) for one in found.assumptions}
        assert ("unknown_like_stratum" in codes) == (unknown == "exclude")
    assert share["no"] == pytest.approx(share["boundslower"], abs=0.01)
    assert share["boundslower"] < share["exclude"] < share["boundsupper"]


def test_people_out_of_scope_are_in_neither_part_of_the_share() -> None:
    sample = drawn()
    young = sample.people["person_id"] % 4 == 0
    people = sample.people.assign(
        fl=np.where(young, 0, sample.people["fl"]),
        fl_possible=np.where(young, 0, sample.people["fl"]),
        fl_in_scope=(~young).astype(int),
    )
    young_out = fl.hidden.SimulatedLinkTracing(people=people, links=sample.links, size=0, cases=0, strata={})
    whole, adults, shares = estimated(sample), estimated(young_out), estimated(young_out, quantity="prevalence")
    assert (
        adults.select(quantity="population_size").national.value
        == whole.select(quantity="population_size").national.value
    )
    known = people.loc[~young, "fl"].mean()
    assert shares.national.value == pytest.approx(known, abs=0.05)
    size, total = (adults.select(quantity=name).national.value for name in ("population_size", "total"))
    assert total == pytest.approx(size * 0.75 * shares.national.value, rel=0.1)


def test_another_outcome_than_zero_and_one_is_refused() -> None:
    sample = drawn()
    with pytest.raises(fl.FlError, match="FL-EST-571"):
        fl.hidden.link_tracing(sample.people.assign(fl=2), sample.links, outcome="fl")


# --- refusals and reasons ---------------------------------------------------------------------------------------


def test_a_sample_that_says_nothing_of_the_size_is_refused() -> None:
    people = pd.DataFrame({"person_id": [1, 2, 3], "wave": [0, 1, 1]})
    links = pd.DataFrame({"person": [1, 1], "named": [2, 3]})
    with pytest.raises(fl.FlError, match="FL-EST-572"):
        fl.hidden.link_tracing(people, links)


def test_chains_that_do_not_agree_give_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("fl_estimate.estimators.hidden.links.link_tracing"), "RHAT_HOPELESS", 0.5)
    with pytest.raises(fl.FlError, match="FL-EST-573"):
        estimated(drawn(), draws=100)


def test_few_links_back_and_links_that_go_unreported_are_said() -> None:
    codes = {str(one.code) for one in few_of_link_tracing().reasons}
    assert "few_met_again" in codes
    sample = drawn(reported=0.6)
    codes = {str(one.code) for one in estimated(sample).reasons}
    assert "links_not_returned" in codes
    assert "links_not_returned" not in {str(one.code) for one in estimated(drawn()).reasons}
    wide = fl.hidden.link_tracing(sample.people, sample.links, max_size=len(sample.people) + 5, draws=400, seed=1)
    assert "grid_end_matters" in {str(one.code) for one in wide.reasons}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"method": "other"}, "FL-EST-576"),
        ({"quantity": "mean"}, "FL-EST-576"),
        ({"quantity": "prevalence", "outcome": None}, "FL-EST-576"),
        ({"size_power": -1}, "FL-EST-576"),
        ({"max_size": 10}, "FL-EST-576"),
        ({"link_prior": (0, 1)}, "FL-EST-576"),
        ({"strata_prior": 0}, "FL-EST-576"),
        ({"draws": 5}, "FL-EST-576"),
        ({"level": 1.5}, "FL-EST-576"),
        ({"method": "design"}, "FL-EST-576"),
        ({"method": "design", "strata": None}, "FL-EST-574"),
        ({"method": "design", "strata": None, "unknown": "exclude"}, "FL-EST-576"),
        ({"method": "design", "strata": None, "initial": ["initial_1", "initial_1"], "traced": "asked"}, "FL-EST-575"),
        ({"outcome": "nothing"}, "FL-EST-02"),
        ({"unknown": "maybe"}, "FL-EST-12"),
    ],
)
def test_settings_that_cannot_be_are_refused(more: dict[str, Any], code: str) -> None:
    sample = drawn()
    people = sample.people.assign(asked=1)
    links = sample.links
    if "traced" in more:
        # Only those drawn have their links followed; the rest are said to be traced and are not, so that one is left out.
        first = people.loc[people["wave"] == 0, "person_id"]
        people = people.assign(asked=(people["wave"] == 0).astype(int))
        last = people.index[people["wave"] == 1][0]
        people.loc[last, "asked"] = 1
        links = links[links["person"].isin(first)]
    given: dict[str, Any] = {"outcome": "fl", "strata": "stratum", "draws": 100, "seed": 1}
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.link_tracing(people, links, **given | more)


@pytest.mark.parametrize(
    "more",
    [
        {"strata": {"a": 0.5}}, {"links": 2.0}, {"links": [[0.1, 0.2], [0.3, 0.1]]}, {"outcome": {"a": 0.1}}, {"initial": 0},
        {"initial": 600}, {"waves": 0}, {"reported": 2.0}, {"drawn": "by hand"},
    ],
)  # fmt: skip
def test_samples_that_cannot_be_drawn_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-585"):
        drawn(**more)


def test_simulated_links_are_as_many_as_asked_for_and_within_strata() -> None:
    """Everybody is drawn, so that all links are seen: their numbers are binomial, here within 4 standard deviations."""
    sample = fl.hidden.simulate_link_tracing(300, strata=TWO, links=[[0.1, 0.0], [0.0, 0.3]], initial=300, seed=2)
    trace = fl.hidden.LinkTrace.of(sample.people, sample.links, strata="stratum", traced="traced")
    counts = trace.counts
    for a, chance in enumerate((0.1, 0.3)):
        expected = counts.pairs[a, a] * chance
        assert abs(counts.links[a, a] - expected) < 4 * np.sqrt(expected * (1 - chance))
    assert counts.links[0, 1] == 0
    assert len(sample.people) == 300 == sum(sample.strata.values())
    assert sample.cases == sample.people["fl"].sum()
