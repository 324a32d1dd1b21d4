"""What was drawn for few people is printed in no table, whichever function made it, and cannot be had from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.estimators.sensitivity.open_people import OpenPeople, open_people

FEW = "C"
UNDETERMINED = {"A": 20, "B": 12, FEW: 2, "D": 30}
"""Undetermined people by region, each with 400 respondents of whom 40 are surely cases."""
Table = Callable[[OpenPeople], fl.Estimates]


def people(undetermined: dict[str, int] | None = None) -> OpenPeople:
    parts: list[pd.DataFrame] = []
    for region, size in (UNDETERMINED if undetermined is None else undetermined).items():
        rows = np.arange(400)
        surely, open_ = rows % 10 == 3, (rows % 7 == 4) & (rows % 10 != 3)
        open_ &= open_.cumsum() <= size
        parts.append(pd.DataFrame({"region": region, "sex": np.where(rows // 40 % 2, "f", "m"), "ea": [f"{region}{row // 20}" for row in rows], "w": 90.0 + rows % 7,
                                   "fl": surely.astype(int), "fl_possible": (surely | open_).astype(int), "fl_in_scope": 1}))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    size = int((frame["fl_possible"] - frame["fl"]).sum())
    return open_people(frame, share=[0.4] * size, reasons=["refusal"] * size)


def imputed(of: OpenPeople, by: str | None = "region") -> fl.Estimates:
    return fl.estimate_prevalence(of, "fl", by=by, unknown="impute")


def bounds(of: OpenPeople, by: str | None = "region") -> fl.Estimates:
    return fl.estimate_prevalence(of, "fl", by=by, unknown="bounds")


DRAWN: dict[str, Table] = {
    "imputed": imputed,
    "per thousand": lambda of: imputed(of).per_thousand(),
    "total": lambda of: fl.estimate_total(of, "fl", by="region", unknown="impute"),
    "delta": lambda of: fl.delta_curve(of, "fl", by="region", odds=[2]),
    "delta by reason": lambda of: fl.delta_curve(of, "fl", by="region", odds=[2], reasons=["refusal"]),
    "tipping": lambda of: fl.tipping_point(fl.delta_curve(of, "fl", by="region", odds=[2]), times=1.05),
    "undercoverage": lambda of: fl.undercoverage_curve(imputed(of), 0.1, relative_prevalence=[0, 2]),
}


def published(table: fl.Estimates, of: OpenPeople, by: str | None = "region") -> tuple[pd.DataFrame, pd.DataFrame]:
    totals = str(table.frame["quantity"].iloc[0]) == "total"
    beside = fl.estimate_total(of, "fl", by=by, unknown="bounds") if totals else bounds(of, by)
    first, second = fl.publish({"table": table, "bounds": beside}).tables
    return first.frame, second.frame


def gone(frame: pd.DataFrame) -> set[str]:
    """Domains, "" the nation, of which no figure is printed."""
    found = set[str]()
    for margin, region in {
        (str(a), "" if pd.isna(b) else str(b)) for a, b in zip(frame["margin"], frame["region"], strict=True)
    }:
        rows = frame[(frame["margin"] == margin) & (frame["region"].fillna("") == region)]
        if rows[["value", "lower", "upper"]].isna().all(axis=None):
            found.add(region)
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_what_was_drawn_for_two_people_is_withheld_whoever_drew_it(name: str) -> None:
    of = people()
    drawn, beside = published(DRAWN[name](of), of)
    assert FEW in gone(drawn)
    # Nor is it the nation less the other regions.
    assert len(gone(drawn)) > 1
    # That two are undetermined is no answer of theirs: bounds and what is surely so are printed.
    assert gone(beside) == set()
    assert beside["undetermined"].notna().all()


@pytest.mark.parametrize("name", DRAWN)
def test_of_five_people_it_is_printed(name: str) -> None:
    of = people({**UNDETERMINED, FEW: 5})
    drawn, _ = published(DRAWN[name](of), of)
    assert gone(drawn) == set()


@pytest.mark.parametrize("name", ["imputed", "delta"])
def test_where_nobody_is_undetermined_nothing_was_drawn(name: str) -> None:
    of = people({**UNDETERMINED, FEW: 0})
    drawn, _ = published(DRAWN[name](of), of)
    assert gone(drawn) == set()


def test_two_tables_are_judged_together() -> None:
    """The nation stands in one table and regions in another; a curve and imputed figures are of the same draws."""
    of = people()
    tables = {
        "nation": imputed(of, None), "regions": imputed(of).select(margin="region"),
        "curve": fl.delta_curve(of, "fl", by="region", odds=[2]), "bounds": bounds(of),
    }  # fmt: skip
    made = {table.name: table.frame for table in fl.publish(tables).tables}
    for regions in (made["regions"], made["curve"]):
        left = gone(regions) | ({""} if made["nation"]["value"].isna().all() else set())
        assert FEW in left
        assert len(left) > 1
    assert gone(made["regions"]) - {""} == gone(made["curve"]) - {""}


def test_a_nation_of_two_undetermined_people() -> None:
    of = people({"A": 2, "B": 0})
    drawn, beside = published(imputed(of, None), of, None)
    assert drawn["value"].isna().all()
    assert beside["upper"].notna().all()


def test_the_imputed_step_goes_and_the_other_steps_stay() -> None:
    of = people({"A": 2, "B": 0})
    (table,) = fl.publish(fl.adjustment_steps(of, "fl")).tables
    frame = table.frame.set_index("term")
    assert frame.loc[["imputed"], "value"].isna().all()
    assert frame.loc[["design_weights", "unknown_counted_as_no"], "value"].notna().all()
    assert frame.loc[["bounds"], "upper"].notna().all()


def test_a_difference_of_imputed_figures_goes_with_its_part() -> None:
    of = people()
    difference = fl.contrast(imputed(of), {"region": ("A", FEW)})
    other = fl.contrast(imputed(of), {"region": ("A", "B")})
    first, second = fl.publish({"difference": difference, "other": other}).tables
    assert first.frame["value"].isna().all()
    assert second.frame["value"].notna().all()


def test_a_rule_without_cases_withholds_nothing() -> None:
    of = people()
    rule = fl.SuppressionRule(name="own", min_cases=0)
    first, _ = fl.publish({"imputed": imputed(of), "bounds": bounds(of)}, rule=rule).tables
    assert first.frame["value"].notna().all()


def test_two_margins_are_solved_together() -> None:
    """By region and by sex and crossed: the audit finds who else has to go."""
    of = people()
    by = [["region"], ["sex"], ["region", "sex"]]
    made = fl.publish({
        "imputed": fl.estimate_prevalence(of, "fl", by=by, unknown="impute"),
        "bounds": fl.estimate_prevalence(of, "fl", by=by, unknown="bounds"),
    })  # fmt: skip
    frame = made.tables[0].frame
    # What is printed are sums over the eight crossed cells: no combination of them is a sum over the few.
    cells = [(region, sex) for region in UNDETERMINED for sex in "fm"]
    vectors = np.array(
        [
            [
                all(pd.isna(row[name]) or row[name] == cell[at] for at, name in enumerate(("region", "sex")))
                for cell in cells
            ]
            for row in frame.to_dict("records")
        ],
        dtype=float,
    )
    printed = frame["value"].notna().to_numpy()
    assert printed.sum() >= 5
    frame_of = of.people.groupby(["region", "sex"])[["fl", "fl_possible"]].sum()
    undetermined = vectors @ (frame_of["fl_possible"] - frame_of["fl"]).loc[cells].to_numpy(dtype=float)
    few = (undetermined > 0) & (undetermined < 5)
    assert few.sum() >= 3
    assert not (few & printed).any()
    rank = np.linalg.matrix_rank(vectors[printed])
    for hidden in vectors[few]:
        assert np.linalg.matrix_rank(np.vstack([vectors[printed], hidden])) == rank + 1


def test_an_audit_that_ran_out_of_time_withholds_and_says_so() -> None:
    """Without a second to look, whatever is tied to the withheld region goes as well."""
    of = people()
    rule = fl.SuppressionRule(name="hasty", audit_seconds=1e-9)
    made = fl.publish({"imputed": imputed(of), "bounds": bounds(of)}, rule=rule)
    assert FEW in gone(made.tables[0].frame)
    assert len(gone(made.tables[0].frame)) > 1
    assert gone(made.tables[1].frame) == set()
    assert not made.audit_complete


def values(made: fl.PublishedEstimates, name: str) -> list[bool]:
    """Which rows of a table are printed."""
    return next(table for table in made.tables if table.name == name).frame["value"].notna().tolist()


def of_where(of: OpenPeople, where: str | None, unknown: Literal["impute", "bounds"]) -> fl.Estimates:
    return fl.estimate_prevalence(of, "fl", where=where, unknown=unknown)


def in_two(of: OpenPeople, where: str) -> fl.PublishedEstimates:
    """Everybody, and a subpopulation, each beside its bounds."""
    return fl.publish({
        "whole": of_where(of, None, "impute"), "part": of_where(of, where, "impute"),
        "whole bounds": of_where(of, None, "bounds"), "part bounds": of_where(of, where, "bounds"),
    })  # fmt: skip


def test_who_is_in_one_of_two_subpopulations_only_may_be_few() -> None:
    """64 of the nation are undetermined, and 62 outside C: the difference of two printed figures is of two people."""
    of = people()
    made = in_two(of, f"region != '{FEW}'")
    assert values(made, "whole") + values(made, "part") in ([True, False], [False, True])
    assert values(made, "part bounds")[:2] == [True, True]
    many = in_two(of, "region != 'B'")
    assert values(many, "whole") + values(many, "part") == [True, True]


def test_stacked_subpopulations_that_no_audit_can_tell_apart() -> None:
    of = people()
    tables = {
        name: fl.stack([of_where(of, where, "impute"), of_where(of, where, "bounds")])
        for name, where in (("whole", None), ("part", f"region != '{FEW}'"))
    }
    made = fl.publish(tables)
    for name in tables:
        assert values(made, name)[:3] == [False, True, True]


def test_a_difference_from_a_region_that_protects_another_goes_with_it() -> None:
    """Printed A and printed A − D would be D, and the nation without A, B and D is C."""
    of = people()
    made = fl.publish({
        "imputed": imputed(of), "bounds": bounds(of),
        **{b: fl.contrast(imputed(of), {"region": ("A", b)}) for b in ("B", "D")},
    })  # fmt: skip
    shown = dict(zip(["", "A", "B", FEW, "D"], values(made, "imputed"), strict=True))
    assert shown[""]
    assert not shown[FEW]
    assert not all(shown.values())
    for other in ("B", "D"):
        assert values(made, other) == [shown["A"] and shown[other]]


@pytest.mark.parametrize("beside", [True, False])
def test_each_region_against_all_is_a_sum_of_all(beside: bool) -> None:
    """Differences from the nation add up to nothing by size, so that those of A, B and D give that of C."""
    of = people()
    nation = {"nation": imputed(of, None)} if beside else {}
    made = fl.publish({
        "overall": fl.contrast(imputed(of), {"region": "overall"}), "bounds": bounds(of), **nation,
    })  # fmt: skip
    assert not any(values(made, "overall"))


def test_a_nation_in_a_stack_is_not_printed_beside_regions_of_another_table() -> None:
    of = people()
    made = fl.publish({
        "stack": fl.stack([imputed(of, None), bounds(of, None)]),
        "regions": imputed(of).select(margin="region"), "bounds": bounds(of),
    })  # fmt: skip
    assert not values(made, "stack")[0] or sum(values(made, "regions")) < 3


@pytest.mark.parametrize("few", ["refusal", "dont_know"])
def test_a_line_of_one_reason_tells_of_whoever_has_another(few: str) -> None:
    """Where no missing answer hides a case, what the line has beyond the lower bound was drawn for the two others."""
    base = people()
    size = int((base.people["fl_possible"] - base.people["fl"]).sum())
    for count, printed in ((2, False), (5, True)):
        of = open_people(base.people, share=[0.4] * size, reasons=[few] * count + ["missing"] * (size - count))
        curve = fl.delta_curve(of, "fl", odds=[2], reasons=["missing"])
        assert set(curve.support.undetermined) == {float(count)}
        made = fl.publish({"curve": curve, "bounds": bounds(of, None)})
        assert set(values(made, "curve")) == {printed}


def test_what_a_lenient_rule_printed_is_judged_again_and_nobody_knows_of_how_many() -> None:
    of = people()
    lenient = fl.SuppressionRule(name="own", min_cases=0)
    made = fl.publish({"imputed": imputed(of, None), "bounds": bounds(of, None)}, rule=lenient)
    assert values(made, "imputed") == [True]
    assert values(fl.publish(made), "imputed") == [False]
    strict = fl.publish({"imputed": imputed(of, None), "bounds": bounds(of, None)})
    assert values(fl.publish(strict, rule=fl.SuppressionRule(name="own", min_cases=4)), "imputed") == [True]
    assert values(fl.publish(strict, rule=fl.SuppressionRule(name="own", min_cases=6)), "imputed") == [False]


def test_a_file_that_does_not_say_how_many_were_undetermined_is_withheld(tmp_path: Path) -> None:
    """Versions before 0.2.0 kept no such number."""
    of = people()
    old = imputed(of, None)
    unsaid = replace(old, support=replace(old.support, undetermined=np.full(1, np.nan)))
    read = fl.Estimates.read(unsaid.save(tmp_path / "old.parquet"))
    made = fl.publish({"imputed": read, "bounds": bounds(of, None)})
    assert values(made, "imputed") == [False]
    assert values(made, "bounds")[:2] == [True, True]
