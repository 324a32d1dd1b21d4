"""Attack (i): cases and totals of what is printed, less those of its published parts, give no withheld cell away."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings

import fl_estimate as fl
from tests.disclosure.attacker import MIN_CASES, Key, Puzzle, half_step, key_of, open_counts, told
from tests.disclosure.conftest import Run
from tests.disclosure.tables import Survey, survey, surveys


def direct(frame: pd.DataFrame, *, quantity: str = "prevalence") -> pd.DataFrame:
    """Design-weighted rows of forced labour, none of a subpopulation."""
    wanted = frame["method"].eq("taylor") & frame["quantity"].eq(quantity) & frame["bound"].isin(["", "lower"])
    return frame[wanted & frame["outcome"].isin(["forced_labour", "fl"])]


def exposed(frame: pd.DataFrame, nested: Any, true: dict[Key, float]) -> dict[Key, tuple[float, float]]:
    """Cells of 0 to 4 cases, of enough people, of which the attacker can rule out 0 and 1, or 4."""
    found = open_counts(direct(frame), nested)
    return {
        key: ends
        for key, ends in found.items()
        if true.get(key, 99) < MIN_CASES and (ends[0] > 1 or ends[1] < MIN_CASES - 1)
    }


def true_counts(full: pd.DataFrame) -> dict[Key, float]:
    return {key_of(row): float(row["cases"]) for row in full.to_dict("records") if pd.notna(row["cases"])}


def test_the_attacker_finds_what_is_left_over() -> None:
    """Otherwise no test of this file could fail: a nation of 30, a region of 20 with districts of 9 and 8."""
    rows = [
        {"margin": "", "publication": "published", "n": 900, "cases": 30},
        {"margin": "region", "region": "R", "publication": "published", "n": 500, "cases": 20},
        {"margin": "region", "region": "S", "publication": "published", "n": 400, "cases": 10},
        *({"margin": "district", "district": d, "publication": p, "n": 100, "cases": k}
          for d, p, k in (("A", "published", 9), ("B", "published", 8), ("C", "at_most", None), ("D", "at_most", None),
                          ("E", "published", 10))),
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    found = open_counts(frame, {"district": ("region", {"A": "R", "B": "R", "C": "R", "D": "R", "E": "S"})})
    assert {next(iter(key[1]))[1]: ends for key, ends in found.items()} == {"C": (0, 3), "D": (0, 3)}


def test_no_count_of_a_sample_study_is_narrowed(run: Run) -> None:
    name = next(name for name, made in run.result.estimates.items() if len(direct(made.to_frame())))
    full = run.result.estimates[name].to_frame()
    published = run.published[run.published["estimate"].eq(name)]
    assert exposed(published, run.nested, true_counts(full)) == {}


def test_no_count_of_a_single_withheld_district_is_left_over() -> None:
    check(survey([[9, 8, 3], [12, 7, 6]], [[150] * 3, [150] * 3]))


def totals_known(frame: pd.DataFrame, nested: Any) -> dict[str, tuple[float, float]]:
    """For each district without a printed total, between which numbers of persons its total lies."""
    puzzle, positions = Puzzle(), dict[Key, int]()
    for row in direct(frame, quantity="total").to_dict("records"):
        value, se = float(row["value"]), float(row["se"])
        if pd.notna(value):
            half = half_step(value, se)
            positions[key_of(row)] = puzzle.unknown(max(value - half, 0.0), value + half, whole=False)
        else:
            most = float(row["upper"]) if pd.notna(row["upper"]) and row["publication"] != "at_most" else 1e9
            # Of "at most U" the limit says nothing of the sample: it may lie above.
            positions[key_of(row)] = puzzle.unknown(0.0, most, whole=False)
    nation = positions["", frozenset()]
    for margin in ("region", "district"):
        puzzle.adds_up(nation, [at for key, at in positions.items() if key[0] == margin])
    for label in set(nested["district"][1].values()):
        own = [
            at
            for key, at in positions.items()
            if key[0] == "district" and nested["district"][1][dict(key[1])["district"]] == label
        ]
        puzzle.adds_up(positions["region", frozenset({("region", label)})], own)
    hidden = direct(frame, quantity="total")
    hidden = hidden[hidden["value"].isna() & hidden["margin"].eq("district")]
    found = {str(row["district"]): puzzle.range(positions[key_of(row)]) for row in hidden.to_dict("records")}
    return {name: ends for name, ends in found.items() if ends is not None}


def near_totals(frame: pd.DataFrame, made: Survey) -> dict[str, tuple[float, float]]:
    """Withheld totals that lie within a fifth of themselves for certain."""
    full = made.total().to_frame()
    true = {str(row["district"]): float(row["value"]) for row in full[full["margin"].eq("district")].to_dict("records")}
    return {
        name: ends
        for name, ends in totals_known(frame, made.nested).items()
        if true[name] > 0 and ends[0] > 0.8 * true[name] and ends[1] < 1.2 * true[name]
    }


def check(made: Survey) -> None:
    frame = fl.publish([made.prevalence(), made.total()]).to_frame()
    assert exposed(frame, made.nested, true_counts(made.prevalence().to_frame())) == {}
    assert near_totals(frame, made) == {}


@settings(max_examples=10, phases=(Phase.generate,))
@given(made=surveys())
def test_no_random_hierarchy_is_undone(made: Survey) -> None:
    check(made)


@pytest.mark.slow
@settings(max_examples=150)
@given(made=surveys())
def test_no_random_hierarchy_is_undone_of_many(made: Survey) -> None:
    check(made)


def test_a_status_tells_what_it_tells() -> None:
    assert told("at_most", 200) == (0, 4)
    assert told("not_published", float("nan"))[0] == 0


def test_the_price_is_not_everything(sample: Run) -> None:
    """Complementary suppression leaves most of the sample's rows printed, the nation and its regions among them."""
    rows = direct(sample.published[sample.published["estimate"].eq("prevalence")])
    shown = rows["publication"].eq("published")
    assert shown[rows["margin"].eq("")].all()
    assert shown[rows["margin"].isin(["region", "sex", "migrant"])].mean() >= 0.5


def test_one_district_of_few_people_is_not_what_others_leave() -> None:
    """A district of 30 people with 2 cases, its neighbours printed."""
    check(survey([[9, 8, 2], [12, 7, 6]], [[150, 150, 30], [150] * 3]))
