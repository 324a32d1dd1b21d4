"""Hidden designs published together: by what a reader subtracts, over options, weights, methods, conditions and releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import hidden
from fl_estimate.errors import EstimateFault

U = fl.Design(unweighted=True)
D = fl.Design(weights="w", psu="ea", expands=True)
OUTSIDE = "region != 'Z'"
"""Everybody but the 60 respondents of Z, of whom two are cases."""
DISTRICTS = {"A1": "A", "A2": "A", "B1": "B", "B2": "B", "B9": "B", "C1": "C"}
CHAIN: dict[str, Any] = {"variance": "linearised", "design_effect": 1.5, "seed": 1}
ADDED = ("A", "B", "C", "Z")


@cache
def people() -> pd.DataFrame:
    """Three regions with 50 cases or more, and Z: every column that a design asks for, as good as drawn at random."""
    sizes = {"A": (400, 50), "B": (400, 60), "C": (300, 50), "Z": (60, 2)}
    each = [pd.DataFrame({"region": name, "fl": [1] * k + [0] * (n - k)}) for name, (n, k) in sizes.items()]
    made = pd.concat(each, ignore_index=True).sample(frac=1, random_state=1).reset_index(drop=True)
    at = np.arange(len(made))
    halves = {"A": ("A1", "A2"), "B": ("B1", "B2"), "C": ("C1", "C1"), "Z": ("B9", "B9")}
    made = made.assign(
        w=1.0, ea=at // 4, goes=1 + at % 3, passes=((made["fl"] == 1) | (at % 5 == 0)).astype(int), teachers=at % 3, priests=at % 2,
        hidden=made["fl"], both=at % 2, one=(at == 7).astype(int), treated=at % 2, person_id=[f"r{i}" for i in at],
        recruiter_id=pd.Series([None if i < 12 else f"r{(i - 12) // 3}" for i in at], dtype="object"), network_size=3 + at % 7,
        district=[halves[region][i % 2] for region, i in zip(made["region"], at, strict=True)],
    )  # fmt: skip
    made["asked"] = ((made["passes"] == 1) | (at % 3 == 0)).astype(int)
    made["counted"] = np.where(made["treated"] == 1, made["fl"], 0) + at // 2 % 2
    made["outer"] = made["region"].replace({"Z": "B"})
    return made


def direct(**more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=U, **more)


def chain(**more: Any) -> fl.Estimates:
    return hidden.rds_ii(people(), "fl", **CHAIN, **more)


def places(**more: Any) -> fl.Estimates:
    return hidden.time_location(people(), "fl", event="ea", visits="goes", event_weight=1, **more)


def phases(**more: Any) -> fl.Estimates:
    return hidden.two_phase(people(), "fl", screener="passes", interviewed="asked", design=D, **more)


def cards(**more: Any) -> fl.Estimates:
    return hidden.randomised_response(people(), "fl", model="warner", probabilities=0.1, design=U, **more)


def lists(**more: Any) -> fl.Estimates:
    return hidden.list_experiment(people(), "counted", "treated", items=3, design=U, **more)


def known(**more: Any) -> fl.Estimates:
    return hidden.scale_up(
        people(), "hidden", known={"teachers": 900.0, "priests": 100.0}, population=5e4, design=D, **more
    )


def served(**more: Any) -> fl.Estimates:
    return hidden.service_multiplier(fl.estimate_prevalence(people(), "fl", design=D, **more), 100.0)


def sized(**more: Any) -> fl.Estimates:
    return hidden.gile_ss(people(), "fl", population=[3000, 9000], **CHAIN, **more)


def published(tables: Mapping[str, fl.Estimates], **more: Any) -> pd.DataFrame:
    return fl.publish(tables, **more).to_frame()


def not_told(frame: pd.DataFrame, column: str = "region", parts: tuple[str, ...] = ADDED) -> bool:
    """Whether the cases of no single one of these values are those of the nation less all others that are printed."""
    nation = frame.loc[(frame["margin"] == "").to_numpy(dtype=bool), "cases"].dropna()
    own = frame[frame["margin"] == column]
    printed = {value: own.loc[own[column] == value, "cases"].dropna() for value in parts}
    missing = [value for value, cases in printed.items() if not len(cases)]
    return not len(nation) or len(missing) != 1


DOMAINS = {"chain": chain, "places": places, "phases": phases, "sized": sized, "served": served, "direct": direct}


PAIRS = (*((name, name) for name in DOMAINS if name != "direct"), ("direct", "places"), ("direct", "sized"), ("served", "direct"), ("chain", "places"))  # fmt: skip


@pytest.mark.parametrize(("of_nation", "of_domains"), PAIRS)
def test_a_domain_of_two_cases_is_not_what_the_nation_of_any_method_leaves(of_nation: str, of_domains: str) -> None:
    nation, domains = DOMAINS[of_nation](), DOMAINS[of_domains](by="region")
    for tables in ({"nation": nation, "domains": domains}, {"domains": domains, "nation": nation}):
        frame = published(tables)
        assert frame.loc[frame["region"] == "Z", "cases"].isna().all()
        assert not_told(frame)
        assert not_told(frame[frame["estimate"] == "domains"])


@pytest.mark.parametrize("method", [chain, places, phases, served])
def test_a_condition_that_leaves_two_cases_out_does_not_tell_them(method: Any) -> None:
    frame = published({"all": method(), "most": method(where=OUTSIDE)})
    told = frame.groupby("estimate")["cases"].max()
    assert told.isna().any()


@pytest.mark.parametrize("method", [cards, lists, known])
def test_a_condition_that_leaves_one_respondent_out_where_no_cases_are_counted(method: Any) -> None:
    frame = published({"all": method(), "most": method(where="one == 0")})
    assert (frame["publication"] == "not_published").all()
    # Many may be told apart, and conditions of other people are no difference.
    others = published({"a": method(where="region == 'A'"), "b": method(where="region == 'B'")})
    assert (others["publication"] == "published").all()


def test_a_condition_is_not_told_by_a_later_release_either() -> None:
    before = fl.publish({"all": cards()})
    later = published({"most": cards(where="one == 0")}, previous=[before])
    assert (later["publication"] == "not_published").all()


@pytest.mark.parametrize("method", [cards, lists])
def test_where_one_domain_of_indirect_answers_is_withheld_all_are(method: Any) -> None:
    frame = published({"domains": method(by="region")})
    assert (frame.loc[frame["margin"] == "region", "publication"] == "not_published").all()
    assert (frame.loc[frame["margin"] == "", "publication"] == "published").all()
    large = people()[people()["region"] != "Z"]
    both = hidden.randomised_response(large, "fl", model="warner", probabilities=0.1, design=U, by="region")
    assert (published({"domains": both})["publication"] == "published").all()


def test_seeds_are_not_the_difference_of_two_figures() -> None:
    seeds = int(people()["recruiter_id"].isna().sum())
    every, recruits = chain(), chain(include_seeds=False)
    assert every.frame["n"].iloc[0] - recruits.frame["n"].iloc[0] == seeds < 50
    assert every.frame["cases"].iloc[0] != recruits.frame["cases"].iloc[0]
    for other in (every, direct()):
        frame = published({"every": other, "recruits": recruits})
        assert frame["value"].isna().all()
        assert frame["cases"].isna().all()
    later = published({"recruits": recruits}, previous=[fl.publish({"every": every})])
    assert later["cases"].isna().all()
    alike = published({"every": every, "direct": direct()})
    assert (alike["publication"] == "published").all()
    years = {year: replace(made, reference_period=year) for year, made in (("2023", every), ("2024", recruits))}
    assert (published(years)["publication"] == "published").all()


@pytest.mark.parametrize("of_districts", [
    lambda: chain(by="district", quantity="total", population=40_000),
    lambda: hidden.gile_ss(people(), "fl", population=5000, **CHAIN, by="district"),
    lambda: places(by="district", multiplicity="none"),
    lambda: direct(by="district"),
])  # fmt: skip
def test_districts_by_one_weight_and_regions_by_another_are_of_the_same_people(of_districts: Any) -> None:
    frame = published(
        {"regions": chain(by="outer"), "districts": of_districts()}, nested={"district": {"outer": DISTRICTS}}
    )
    cases = frame.loc[frame["margin"] == "district"].set_index("district")["cases"]
    assert pd.isna(cases["B9"])
    whole = frame.loc[frame["outer"] == "B", "cases"].notna().any()
    assert not whole or cases[["B1", "B2"]].isna().any()


def test_several_sizes_are_one_set_of_people() -> None:
    frame = published({"sizes": sized(by="region")})
    assert not_told(frame)
    assert (frame.loc[frame["margin"] == "", "publication"] == "published").all()


# --- what is kept beside the figures ----------------------------------------------------------------------------


def test_no_mean_of_degrees_and_no_largest_in_the_record() -> None:
    size = hidden.ss_population_size(people(), prior_median=4000, seed=1, draws=100)
    (table,) = fl.publish({"size": size}).tables
    assert table.provenance.arguments["degree_mean"] is None
    assert table.provenance.arguments["largest_degree"] is None
    stated = hidden.ss_population_size(
        people(), prior_median=4000, seed=1, draws=100, degree_mean=5.0, largest_degree=40
    )
    assert stated.provenance.arguments["degree_mean"] == 5.0
    # The analyst's own has what was taken from the respondents.
    assert "prior_mean" in str(size.diagnostics)


def test_twice_the_largest_network_size_is_in_no_message() -> None:
    frame = people().assign(network_size=lambda one: one["network_size"].where(one["one"] == 0, 77_777))
    with pytest.raises(EstimateFault) as refused:
        hidden.ss_population_size(frame, prior_median=4000, seed=1)
    assert refused.value.code == "FL-EST-552"
    assert "155" not in str(refused.value)


def test_what_three_hidden_people_said_is_not_in_the_record() -> None:
    members = pd.DataFrame({"known_to": [1, 2, 5]})
    made = hidden.generalised_scale_up(
        people(),
        "hidden",
        frame_population=1_200,
        hidden_people=members,
        visibility="known_to",
        design=D,
        hidden_design=U,
    )
    (table,) = fl.publish({"seen": made}).tables
    assert table.frame["publication"].tolist() == ["not_published"]
    mean = np.mean([1, 2, 5])
    assert made.diagnostics["visibility"] == pytest.approx(mean)
    assert f"{mean:.3f}" not in str((table.provenance.arguments, table.assumptions))
    stated = hidden.generalised_scale_up(people(), "hidden", frame_population=1_200, visibility=3.0, design=D)
    assert stated.provenance.arguments["corrections"] == {"visibility": [["hidden", 3.0, 0.0]]}


def test_a_correction_that_twelve_people_answered_is_judged_by_them_and_not_written_down() -> None:
    told = pd.DataFrame({"told": [1] * 7 + [0] * 5})
    share = fl.estimate_prevalence(told, "told", design=U)
    made = known(transmission=share)
    assert made.value == pytest.approx(known(transmission=7 / 12).value)
    assert made.support.respondents.tolist() == [12]
    (table,) = fl.publish({"corrected": made}).tables
    assert table.frame["publication"].tolist() == ["not_published"]
    assert table.provenance.arguments["corrections"] == {"transmission": "Estimates"}
    assert "0.58" not in str((table.provenance.arguments, table.assumptions))
    # What was typed in is said.
    (typed,) = fl.publish({"typed": known(transmission=0.58)}).tables
    assert typed.frame["publication"].tolist() == ["published"]
    assert "0.58" in str(typed.assumptions)


def test_own_cases_are_not_the_difference_of_two_rules_of_counting() -> None:
    at, reports = np.arange(400), np.arange(800)
    homes = pd.DataFrame(
        {"person_id": [f"p{i}" for i in at], "w": 10.0, "ea": at // 4, "fl": (at % 200 == 3).astype(int), "own": 2}
    )
    told = pd.DataFrame({"reported_by": [f"p{i // 2}" for i in reports], "fl": (reports % 16 == 0).astype(int), "n_eligible_reporters": 2})  # fmt: skip
    both = {
        rule: hidden.multiplicity(homes, "fl", counting="persons", relatives=told, design=D, own_multiplicity=rule)
        for rule in ("own", "not counted")
    }
    assert [int(made.frame["cases"].iloc[0]) for made in both.values()] == [52, 50]
    frame = published(both)
    assert frame["cases"].isna().all()
    assert frame["value"].isna().all()
    # One rule is published, as is the direct figure beside it.
    assert published({"one": both["not counted"]})["publication"].tolist() == ["published"]
