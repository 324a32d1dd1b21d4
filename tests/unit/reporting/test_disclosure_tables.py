"""What is withheld together: relations between tables that the audit finds in the data, one survey with known counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.disclosure import audit as disclosure
from fl_estimate.reporting.disclosure import choice as disclosure_choice
from fl_estimate.reporting.disclosure import local as disclosure_local
from fl_estimate.reporting.disclosure.kinds import KINDS, kind_of
from fl_estimate.reporting.disclosure.series import nesting
from fl_estimate.reporting.disclosure.solver import Unsolved
from fl_estimate.reporting.formats.html import report

CASES = {"A1": 3, "A2": 9, "A3": 12, "B1": 8, "B2": 11, "B3": 7}
"""Cases of each district among 120 people; A1 alone has fewer than five, so that region A less the others gives it."""
DESIGN = fl.Design(weights="w", psu="ea", expands=True)
BOTH = [["region"], ["district"]]


def people(cases: dict[str, int] = CASES) -> pd.DataFrame:
    """120 people in each district, its cases spread over its twelve PSUs, weights of 80 to 120."""
    parts = [
        pd.DataFrame({
            "district": name, "region": name[0], "ea": [f"{name}{i % 12}" for i in range(120)],
            "w": [80.0 + 10 * (i % 5) for i in range(120)], "fl": (np.arange(120) < k).astype(int),
            "sex": [1 + (i // 3) % 2 for i in range(120)], "age": [15 + i % 50 for i in range(120)],
        })
        for name, k in cases.items()
    ]  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    found["not_fl"], found["one"], found["same"] = 1 - found.fl, 1, found.fl
    found["pay"] = np.where(found.fl == 1, 20.0, 50.0)
    found["form"] = np.where(found.fl == 0, "free", np.where(found.sex == 1, "debt", "threat"))
    return found


def prevalence(data: pd.DataFrame, outcome: Any = "fl", by: Any = "district", **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(data, outcome, design=DESIGN, by=by, **more)


def shown(*results: fl.Estimates, **more: Any) -> pd.DataFrame:
    return fl.publish(list(results), **more).to_frame()


def open_rows(frame: pd.DataFrame, margin: str, column: str, outcome: str = "fl") -> list[str]:
    """By-values of a margin that are printed with a figure."""
    rows = frame[(frame["margin"] == margin) & (frame["outcome"] == outcome) & (frame["publication"] == "published")]
    return sorted(set(rows[column]))


def test_a_district_is_not_what_is_left_of_its_region() -> None:
    frame = shown(prevalence(people(), by=BOTH))
    assert open_rows(frame, "district", "district") == ["A2", "B1", "B2", "B3"] or open_rows(
        frame, "district", "district"
    ) == ["A3", "B1", "B2", "B3"]
    assert open_rows(frame, "region", "region") == ["A", "B"]


def test_the_report_counts_the_rows_that_protect() -> None:
    assert fl.publish(prevalence(people(), by=BOTH)).protecting == 1
    assert fl.publish(prevalence(people({**CASES, "A1": 8}), by=BOTH)).protecting == 0


def test_published_again_it_stays_the_same() -> None:
    once = fl.publish(prevalence(people(), by=BOTH))
    pd.testing.assert_frame_equal(once.to_frame(), fl.publish(once).to_frame())


def test_geographies_in_two_calls_can_be_declared() -> None:
    data = people()
    apart = prevalence(data, by="region"), prevalence(data, by="district")
    nested = {name: name[0] for name in CASES}
    for declared in ({"district": nested}, {"district": {"region": nested}}):
        frame = shown(*apart, nested=declared)
        assert len(open_rows(frame, "district", "district")) == 4, declared


def test_nesting_is_found_in_a_call_that_has_both() -> None:
    found = nesting([prevalence(people(), by=BOTH).cells])
    assert found["district", "region"]["A1"] == "A"
    assert ("region", "district") not in found


@pytest.mark.parametrize(
    "outcome", ["not_fl", "form", "same"], ids=["its complement", "values of a text", "the same under another name"]
)
def test_another_outcome_does_not_give_it(outcome: str) -> None:
    data = people()
    frame = shown(prevalence(data), prevalence(data, outcome))
    other = frame[(frame["outcome"] != "fl") & (frame["district"] == "A1")]
    told = other[other["outcome"].isin(["not_fl", "same", "form=free"])]
    assert len(told) == 1
    assert set(told["publication"]) <= {"not_published", "at_most"}
    assert told["value"].isna().all()


def test_a_total_in_another_call_does_not_give_it() -> None:
    data = people()
    frame = shown(prevalence(data), fl.estimate_total(data, "fl", design=DESIGN, by="district"))
    assert frame.loc[frame["district"] == "A1", "value"].isna().all()


def test_a_ratio_of_everybody_is_a_prevalence() -> None:
    data = people()
    ratio = fl.estimate_ratio(data, "fl", "one", design=DESIGN, by=BOTH)
    frame = shown(prevalence(data, by=BOTH), ratio)
    rows = frame[frame["margin"] == "district"]
    closed = {name: set(part["publication"]) for name, part in rows.groupby("district") if part["value"].isna().any()}
    assert len(closed) == 2
    assert rows[rows["district"].isin(list(closed))]["value"].isna().all()


def test_a_variance_goes_with_its_prevalence() -> None:
    data = people()
    frame = shown(prevalence(data, by=BOTH), fl.estimate_variance(data, "fl", design=DESIGN, by="district"))
    closed = set(frame.loc[frame["value"].isna(), "district"])
    assert len(closed) == 2
    assert frame.loc[frame["district"].isin(list(closed)), "value"].isna().all()


def test_the_mean_of_two_values_is_an_outcome() -> None:
    data = people()
    frame = shown(prevalence(data), fl.estimate_mean(data, "pay", design=DESIGN, by="district"))
    assert frame.loc[(frame["outcome"] == "pay") & (frame["district"] == "A1"), "value"].isna().all()


def test_a_model_of_the_districts_goes_and_one_of_something_else_stays() -> None:
    data = people()
    of_districts, of_sex = (fl.regress(data, f"fl ~ C({name})", design=DESIGN) for name in ("district", "sex"))
    frame = shown(prevalence(data), of_districts)
    assert frame.loc[frame["quantity"] == "coefficient", "value"].isna().all()
    frame = shown(prevalence(data), of_sex)
    assert frame.loc[frame["quantity"] == "coefficient", "value"].notna().all()


def test_a_contrast_goes_with_its_part_and_another_stays() -> None:
    direct = prevalence(people())
    with_it, without = (fl.contrast(direct, {"district": pair}) for pair in (("A1", "A2"), ("B1", "B2")))
    frame = shown(direct, with_it, without)
    assert frame.loc[frame["quantity"] == "difference", "value"].isna().tolist() == [True, False]


def test_what_rests_on_a_cell_goes_with_it_also_where_that_protects_another() -> None:
    """A district of cases enough is withheld for the sake of A1: a contrast with it and one that is printed would give it back."""
    pairs = [("A2", "A3"), ("B1", "B2"), ("B3", "A2")]
    direct = prevalence(people())
    frame = shown(direct, *(fl.contrast(direct, {"district": pair}) for pair in pairs))
    status = frame[frame["margin"] == "district"].set_index("district")["publication"]
    assert status["A1"] == "at_most"
    assert len(protecting := set(status.index[status == "not_published"])) >= 1
    differences = frame[frame["quantity"] == "difference"]["value"].notna().tolist()
    assert differences == [not protecting & set(pair) for pair in pairs]
    assert not all(differences)


def test_a_subpopulation_less_another_is_a_cell_as_well() -> None:
    # Left out of the second are the three people of B1 who are 15, the first of them a case.
    data = people({name: 1 + k for name, k in CASES.items()})
    data["everybody"], data["all_but_few"] = True, (data.age > 15) | (data.district != "B1")
    frame = shown(*(fl.estimate_total(data, "fl", design=DESIGN, where=one) for one in ("everybody", "all_but_few")))
    assert frame["value"].isna().any()


def test_rows_without_a_stated_district_count_too() -> None:
    data = people({**CASES, "A1": 9})
    data["district"] = data["district"].where(~((data.district == "A2") & (data.index % 40 < 3)), None)
    frame = shown(prevalence(data, by=BOTH))
    missing = frame[(frame["margin"] == "district") & frame["district"].isna()]
    assert missing["publication"].tolist() in (["not_published"], ["at_most"])
    assert frame.loc[frame["margin"] == "district", "value"].isna().sum() >= 2


def test_margins_crossed_in_either_order_are_one() -> None:
    data = people()
    one, other = prevalence(data, by=["district", "sex"]), prevalence(data, by=["sex", "district"])
    frame = shown(one, other)
    positions = frame.groupby(["district", "sex"])["publication"].nunique()
    assert (positions == 1).all()


def test_where_weights_are_equal_a_weighted_sum_is_a_count() -> None:
    """Ratios are printed without cases; that of A1 would be what the region's leaves, and 3 its cases."""
    data = people().assign(w=100.0)
    ratio = fl.estimate_ratio(data, "fl", "one", design=DESIGN, by=BOTH)
    frame = shown(prevalence(data), ratio)
    rows = frame[(frame["quantity"] == "ratio") & (frame["margin"] == "district")]
    assert rows["value"].isna().sum() >= 2
    assert rows.loc[rows["district"] == "A1", "value"].isna().all()


def test_under_another_rule_one_margin_is_left_of_what_was_published() -> None:
    """Without the finest cells nothing can be worked out of how margins hang together."""
    once = fl.publish(prevalence(people(), by=BOTH))
    stricter = fl.publish(once, rule=fl.SuppressionRule(min_cases=10)).to_frame()
    assert stricter.loc[stricter["margin"] != "district", "value"].isna().all()
    assert open_rows(stricter, "district", "district") == ["B2"]


def test_each_of_two_surveys_is_a_system_of_its_own() -> None:
    """Of the second B2 has few cases; what it takes to protect it, and A1 of the first, goes in both, by its name."""
    first = people()
    second = people({"A1": 9, "A2": 8, "A3": 12, "B1": 8, "B2": 2, "B3": 7}).assign(w=lambda data: data.w * 1.5)
    frame = fl.publish({"a": prevalence(first, by=BOTH), "b": prevalence(second, by=BOTH)}).to_frame()
    for name in "ab":
        closed = frame.loc[(frame["estimate"] == name) & frame["value"].isna(), "district"].tolist()
        assert {"A1", "B2"} < set(closed)
        assert sum(district[0] == "A" for district in closed) == 2
        assert sum(district[0] == "B" for district in closed) == 2


def test_what_has_no_handler_is_withheld_with_anything_in_its_support() -> None:
    assert kind_of("respondents", "something new").way == "support"
    assert kind_of("something new", "prevalence").way == "support"
    assert {way for _, way in KINDS} >= {"prevalence", "quantile", "coefficient", "variance"}


def test_without_an_answer_of_the_solver_the_component_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise Unsolved("no answer")

    monkeypatch.setattr(disclosure_choice, "_cut", fails)
    monkeypatch.setattr(disclosure_local._Local, "solved", lambda *_, **__: None)
    assert shown(prevalence(people(), by=BOTH))["value"].isna().all()
    assert disclosure.Audit(closed=frozenset(), failed=True).failed


READINGS = {"fl": 118, "fl_wide": 121}
"""Cases of two readings of one question in the nation: three people are in the wider one only."""


def of_readings() -> pd.DataFrame:
    """1,200 people of two regions, of whom those of the narrower reading are in the wider as well; all the more are in A."""
    region = np.repeat(["A", "B"], 600)
    position = np.tile(np.arange(600), 2)
    narrow = position < 59
    return pd.DataFrame({
        "region": region, "ea": [f"{r}{i % 30}" for r, i in zip(region, position, strict=True)],
        "w": 80.0 + 10 * (position % 5), "fl": narrow.astype(int),
        "fl_wide": (narrow | ((region == "A") & (position < 62))).astype(int),
    })  # fmt: skip


@pytest.mark.parametrize("by", ["region", None])
def test_few_people_between_two_readings_are_no_difference_of_two_rows(by: str | None) -> None:
    data = of_readings()
    assert data[["fl", "fl_wide"]].sum().to_dict() == READINGS
    frame = shown(prevalence(data, by=by), prevalence(data, "fl_wide", by=by))
    assert not frame.loc[frame["outcome"] == "fl", "value"].isna().any()  # the headline, and its regions, stand
    wide = frame[frame["outcome"] == "fl_wide"].set_index("margin")
    # Not the nation's either: its count less the other region's, or less the headline's, is the three.
    assert wide.loc[[""], ["value", "cases"]].isna().all(axis=None)
    if by:
        assert wide.loc[wide["region"] == "A", ["value", "cases"]].isna().all(axis=None)


def test_readings_that_many_people_lie_between_are_both_printed() -> None:
    data = of_readings()
    data.loc[(data["region"] == "B") & (data["fl"] == 0) & (np.arange(1200) % 600 < 80), "fl_wide"] = 1
    frame = shown(prevalence(data, by=None), prevalence(data, "fl_wide", by=None))
    assert frame["value"].notna().all()


def plain(data: pd.DataFrame) -> Any:
    """The direct figures as a plain table, which does not say of which outcome they are."""
    found = prevalence(data, by=BOTH[1:]).to_frame()
    found = found[found["margin"] == "district"]
    return found[["district", "value", "se"]]


def test_a_model_of_a_plain_table_goes_with_the_cells_of_any_outcome() -> None:
    data = people()
    model = fl.hierarchical.eblup(plain(data))
    assert set(model.frame["outcome"]) == {""}
    frame = shown(prevalence(data, by=BOTH), model)
    direct = frame[(frame["basis"] == "respondents") & (frame["margin"] == "district")]
    closed = set(direct.loc[direct["value"].isna(), "district"])
    rows = frame[(frame["basis"] == "model") & (frame["margin"] == "district")]
    assert closed >= {"A1"}
    assert set(rows.loc[rows["value"].isna(), "district"]) == closed


def test_a_model_of_a_plain_table_whose_areas_are_not_found_is_withheld() -> None:
    data = people()
    table = plain(data)
    table["district"] = [f"area {position}" for position in range(len(table))]
    model = fl.hierarchical.eblup(table)
    frame = shown(prevalence(data, by=BOTH), model)
    assert frame.loc[(frame["basis"] == "model") & (frame["margin"] == "district"), "value"].isna().all()
    # Alone there is nothing that it could give away.
    assert shown(model)["value"].notna().any()


def test_an_audit_without_time_withholds_what_is_tied_and_says_so() -> None:
    late = fl.publish(prevalence(people(), by=BOTH), rule=fl.SuppressionRule(audit_seconds=0))
    assert not late.audit_complete
    assert late.to_frame()["value"].isna().all()
    assert "ended after 0 seconds" in report(late)
    assert "0 seconde" in report(late, language="fr")
    assert "0 segundos" in report(late, language="es")
    done = fl.publish(prevalence(people(), by=BOTH))
    assert done.audit_complete
    assert "ended after" not in report(done)


def test_a_rule_of_many_cases_leaves_every_number_open() -> None:
    cases = {"A1": 20, "A2": 62, "A3": 70, "B1": 64, "B2": 75, "B3": 66}
    frame = shown(prevalence(people(cases), by=BOTH), rule=fl.SuppressionRule(min_cases=60))
    of = frame.set_index("district")["publication"]
    assert of["A1"] == "at_most"
    assert (of[["A2", "A3"]] == "not_published").sum() == 1
