"""Scenarios of a cell (delta-adjusted, undercoverage, steps) open no subtraction: they go where the cell goes, and enter its sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.disclosure.kinds import kind_of
from tests.unit.estimators.sensitivity.open_people import OpenPeople, open_people

REGIONS = {"A": 30, "B": 40, "C": 25, "D": 3}
"""Cases by region; everywhere ten people are open."""


def people(cases: dict[str, int] | None = None, *, open_of: int = 10) -> OpenPeople:
    parts: list[pd.DataFrame] = []
    for region, n in (REGIONS if cases is None else cases).items():
        rows = np.arange(400)
        surely, open_ = (rows % 7 == 3).cumsum() <= n, (rows % 7 == 4).cumsum() <= open_of
        surely, open_ = surely & (rows % 7 == 3), open_ & (rows % 7 == 4)
        parts.append(pd.DataFrame({"region": region, "ea": [f"{region}{row // 20}" for row in rows], "fl": surely.astype(int),
                                   "fl_possible": (surely | open_).astype(int), "fl_in_scope": 1, "w": 90.0 + rows % 7}))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    size = int((frame["fl_possible"] - frame["fl"]).sum())
    return open_people(frame, share=[0.4] * size, reasons=["refusal"] * size)


CURVES: dict[str, Callable[[], fl.Estimates]] = {
    "delta": lambda: fl.delta_curve(people(), "fl", by="region", odds=[2]),
    "delta, totals": lambda: fl.delta_curve(people(), "fl", by="region", odds=[2], quantity="total"),
    "steps": lambda: fl.adjustment_steps(people(), "fl", by="region"),
    "undercoverage": lambda: fl.undercoverage_curve(fl.estimate_prevalence(people(), "fl", by="region"), 0.1, relative_prevalence=[0, 2]),
    "undercoverage, totals": lambda: fl.undercoverage_curve(fl.estimate_total(people(), "fl", by="region"), 0.1, relative_prevalence=[2]),
}  # fmt: skip


def withheld(table: pd.DataFrame) -> set[str]:
    """Regions of which no scenario prints a number."""
    domains = table[table["margin"] == "region"]
    return {
        str(region)
        for region, rows in domains.groupby("region")
        if rows[["value", "lower", "upper"]].isna().all(axis=None)
    }


@pytest.mark.parametrize("name", CURVES)
def test_a_region_of_three_cases_is_not_what_is_left_of_the_nation(name: str) -> None:
    """Three cases are withheld, and so is one region more, or the nation: each term of the curve is a sum of its own."""
    (table,) = fl.publish(CURVES[name]()).tables
    gone = withheld(table.frame)
    assert "D" in gone
    nation = table.frame[table.frame["margin"] == ""]
    assert len(gone) >= 2 or nation["value"].isna().all()
    # in no term is one region alone withheld beside a printed nation
    for _, rows in table.frame.groupby("term"):
        hidden = rows["value"].isna() & (rows["margin"] == "region")
        assert int(hidden.sum()) >= 2 or rows.loc[rows["margin"] == "", "value"].isna().all()


@pytest.mark.parametrize("name", CURVES)
def test_what_the_direct_table_withholds_no_scenario_prints(name: str) -> None:
    direct = fl.estimate_prevalence(people(), "fl", by="region")
    published = fl.publish({"direct": direct, "curve": CURVES[name]()})
    first, second = (table.frame for table in published.tables)
    hidden = set(first.loc[first["publication"].ne("published") & first["margin"].eq("region"), "region"])
    assert "D" in hidden
    assert hidden <= withheld(second)


def test_scenarios_do_not_withhold_a_direct_cell() -> None:
    """A line of few refusals is withheld for its own sake; the cell of enough cases stays."""
    made = people({"A": 30, "B": 40}, open_of=2)
    published = fl.publish(
        {"direct": fl.estimate_prevalence(made, "fl", by="region"), "curve": fl.delta_curve(made, "fl", by="region")}
    )
    first, second = (table.frame for table in published.tables)
    assert set(first["publication"]) == {"published"}
    # four open people in the nation, two in each region: fewer than five
    assert set(second["publication"]) == {"not_published"}


def test_a_scenario_that_is_withheld_leaves_what_is_printed_of_its_cell_in_the_sums() -> None:
    """D has three cases, all others many; where the scenarios of C go for their own sake, C is still printed, and D protected."""
    made = people({"A": 30, "B": 40, "C": 25, "D": 3})
    frame = made.people
    frame = frame.assign(fl_possible=np.where(frame["region"] == "C", frame["fl"], frame["fl_possible"]))
    one = frame.index[(frame["region"] == "C") & (frame["fl"] == 0)][0]
    frame.loc[one, "fl_possible"] = 1
    size = int((frame["fl_possible"] - frame["fl"]).sum())
    lone = open_people(frame, share=[0.4] * size, reasons=["refusal"] * size)
    direct = fl.estimate_prevalence(lone, "fl", by="region")
    alone = fl.publish(direct).to_frame().set_index("region")["publication"]
    both = fl.publish({"direct": direct, "curve": fl.delta_curve(lone, "fl", by="region", odds=[2])})
    first, second = (table.frame for table in both.tables)
    assert {"C", "D"} <= withheld(second)
    assert first.set_index("region")["publication"].astype(str).to_dict() == alone.astype(str).to_dict()


def test_two_subpopulations_with_few_people_between_them() -> None:
    """All, and all but three cases: the second curve less the first would tell these."""
    made = people({"A": 30, "B": 40})
    last = made.people.index[made.people["fl"] == 1][-3:]
    frame = made.people.assign(inside=1)
    frame.loc[last, "inside"] = 0
    inner = open_people(frame, share=[0.4] * 20, reasons=["refusal"] * 20, drawn=made.drawn["fl"])
    both = fl.publish({"all": fl.delta_curve(inner, "fl"), "most": fl.delta_curve(inner, "fl", where="inside")})
    assert sum(bool(table.frame["value"].notna().any()) for table in both.tables) <= 1


def test_where_nothing_is_withheld_all_points_are_printed() -> None:
    made = people({"A": 30, "B": 40})
    for curve in (
        fl.delta_curve(made, "fl", by="region"),
        fl.undercoverage_curve(fl.estimate_prevalence(made, "fl", by="region"), 0.1, relative_prevalence=[0, 2]),
        fl.adjustment_steps(made, "fl"),
        fl.tipping_point(fl.delta_curve(made, "fl"), times=1.1),
    ):
        (table,) = fl.publish(curve).tables
        assert set(table.frame["publication"]) == {"published"}
        assert table.frame["cases"].isna().all()


def test_stacked_scenarios_that_lost_their_cells_go_together() -> None:
    """Without finest cells no sum can be solved: where one domain goes all do."""
    curve = CURVES["undercoverage"]()
    (table,) = fl.publish(fl.stack([curve])).tables
    domains = table.frame["margin"] != ""
    assert table.frame.loc[domains, "value"].isna().all()


def test_a_tipping_point_goes_with_its_cell_and_is_taken_to_tell_it() -> None:
    direct = fl.estimate_prevalence(people(), "fl", by="region")
    curve = fl.delta_curve(people(), "fl", by="region", odds=[2])
    published = fl.publish({"direct": direct, "tipping": fl.tipping_point(curve, times=1.1)})
    first, second = (table.frame for table in published.tables)
    hidden = set(first.loc[first["publication"].ne("published") & first["margin"].eq("region"), "region"])
    assert "D" in hidden
    assert hidden == withheld(second)
    # what is left of the nation beside two regions is not one of them
    assert len(hidden) >= 2


def test_differences_of_terms_go_where_a_cell_of_the_same_people_goes() -> None:
    direct = fl.estimate_prevalence(people(), "fl", by="region")
    curve = CURVES["undercoverage"]()
    difference = fl.contrast(curve, {"term": ("×2", "×0")})
    published = fl.publish({"direct": direct, "difference": difference})
    first, second = (table.frame for table in published.tables)
    hidden = set(first.loc[first["publication"].ne("published") & first["margin"].eq("region"), "region"])
    assert hidden <= withheld(second)


def test_every_kind_is_declared() -> None:
    ways = {
        name: kind_of("respondents", name).way
        for name in ("scenario_prevalence", "undercoverage_total", "step_prevalence", "step_change", "tipping_point")
    }
    assert ways == {
        "scenario_prevalence": "shifted",
        "undercoverage_total": "scaled",
        "step_prevalence": "shifted",
        "step_change": "shifted",
        "tipping_point": "exact",
    }
