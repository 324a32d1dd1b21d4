"""Slopes, changes and averages of rounds give no withheld cell away: they go where one of their rounds goes, and no sum of what is printed is left over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

S = fl.synthesis
DESIGN = fl.Design(weights="w", psu="ea", expands=True)
YEARS: tuple[str, ...] = ("2018", "2021", "2024")
REGIONS = tuple("ABCDEFG")


def round_of(rng: np.random.Generator, year: int) -> pd.DataFrame:
    """Seven regions of 120 people; in each, by chance, many cases or fewer than five."""
    parts: list[pd.DataFrame] = []
    for region in REGIONS:
        cases = int(rng.choice([2, 3, 12, 20, 30], p=[0.06, 0.04, 0.3, 0.3, 0.3]))
        cases = 2 if (region, year) == ("A", 1) else cases
        case = np.zeros(120, dtype=int)
        case[rng.choice(120, cases, replace=False)] = 1
        parts.append(pd.DataFrame({"region": region, "w": 90.0 + rng.integers(0, 7, 120) + year, "ea": [f"{region}{at // 10}" for at in range(120)], "fl": case}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def separate(people: list[pd.DataFrame], estimate: Any) -> dict[str, fl.Estimates]:
    """A result a round, and what is made of all."""
    rounds = {
        year: replace(estimate(part, "fl", design=DESIGN, by="region"), reference_period=year)
        for year, part in zip(YEARS, people, strict=True)
    }
    return {**rounds, **made_of(rounds), "change": S.change(rounds["2018"], rounds["2024"])}


def in_one_call(people: list[pd.DataFrame], estimate: Any) -> dict[str, fl.Estimates]:
    joined, design = fl.join_rounds(dict(zip(YEARS, people, strict=True)), overlap="none", design=DESIGN)
    rounds = estimate(joined, "fl", design=design, by=[["round"], ["round", "region"]])
    return {"rounds": rounds, **made_of(rounds, column="round")}


def made_of(rounds: Any, **told: Any) -> dict[str, fl.Estimates]:
    return {
        "trend": S.trend(rounds, **told),
        "changes": S.changes(rounds, pairs="all", **told),
        "average": S.average_rounds(rounds, **told),
        "test": S.trend_test(rounds, **told),
    }


def printed_rounds(tables: dict[str, pd.DataFrame]) -> dict[tuple[str, str], bool]:
    """Whether each cell of each round is printed: (year, region or "")."""
    found: dict[tuple[str, str], bool] = {}
    for name in (*YEARS, "rounds"):
        for row in tables[name].to_dict("records") if name in tables else ():
            year = str(row["round"]) if name == "rounds" else name
            region = "" if pd.isna(row.get("region")) else str(row["region"])
            if not (name == "rounds" and pd.isna(row["round"])):
                found[year, region] = row["publication"] == "published"
    return found


@pytest.mark.parametrize("form", [separate, in_one_call])
@pytest.mark.parametrize("seed", range(2))
def test_what_is_made_of_rounds_goes_where_one_of_them_goes(form: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    results = form([round_of(rng, year) for year in range(3)], fl.estimate_prevalence)
    tables = {table.name: table.frame for table in fl.publish(results).tables}
    known = printed_rounds(tables)
    shown = 0
    for name in ("trend", "changes", "average", "test", "change"):
        for row in tables[name].to_dict("records") if name in tables else ():
            region = "" if pd.isna(row["region"]) else str(row["region"])
            if row["publication"] == "published":
                shown += 1
                assert all(known[year, region] for year in YEARS), (name, region, row["term"])
            else:
                assert pd.isna(row["value"])
                assert pd.isna(row.get("p", np.nan))
    # The nation is printed in all of them: something is left to read.
    assert shown >= 4


@pytest.mark.parametrize("form", [separate, in_one_call])
@pytest.mark.parametrize("seed", range(1))
def test_no_withheld_total_is_a_sum_of_what_is_printed(form: Any, seed: int) -> None:
    """Totals of regions and rounds are unknowns; each printed row is an equation. No unknown that is withheld is determined."""
    rng = np.random.default_rng(100 + seed)
    results = form([round_of(rng, year) for year in range(3)], fl.estimate_total)
    tables = {table.name: table.frame for table in fl.publish(results).tables}
    known, rows = printed_rounds(tables), list[np.ndarray]()
    at = {(year, region): k for k, (year, region) in enumerate((y, r) for y in YEARS for r in REGIONS)}

    def equation(region: str, weights: dict[str, float]) -> np.ndarray:
        made = np.zeros(len(at))
        for year, weight in weights.items():
            for one in REGIONS if not region else (region,):
                made[at[year, one]] += weight
        return made

    rows += [equation(region, {year: 1.0}) for (year, region), shown in known.items() if shown]
    for name in ("changes", "average", "change"):
        for row in tables[name].to_dict("records") if name in tables else ():
            if row["publication"] != "published":
                continue
            term = str(row["term"]).split(" − ")
            weights = {term[0]: 1.0, term[1]: -1.0} if name == "changes" else (
                dict.fromkeys([*YEARS], 1 / 3) if name == "average" else {"2024": 1.0, "2018": -1.0})  # fmt: skip
            rows.append(equation("" if pd.isna(row["region"]) else str(row["region"]), weights))
    matrix = np.array(rows)
    rank = np.linalg.matrix_rank(matrix)
    hidden = [cell for cell, shown in known.items() if not shown and cell[1]]
    assert hidden, "the test looks at nothing: another seed"
    for cell in hidden:
        one = np.zeros(len(at))
        one[at[cell]] = 1.0
        assert np.linalg.matrix_rank(np.vstack([matrix, one])) > rank, cell


def test_a_withheld_change_does_not_hide_that_the_nation_is_printed() -> None:
    """A second round too small to publish: the first round's nation is printed, and its regions are protected from it as before."""
    rng = np.random.default_rng(3)
    rounds = [round_of(rng, year) for year in range(2)]
    first = fl.estimate_prevalence(rounds[0], "fl", design=DESIGN, by="region")
    small = fl.estimate_prevalence(rounds[1].groupby("region").head(6), "fl", design=DESIGN)
    alone = fl.publish({"first": first}).tables[0].frame
    beside = fl.publish({"first": first, "change": S.change(first.national, small)})
    assert beside.tables[1].frame["publication"].tolist() == ["not_published"]
    pd.testing.assert_frame_equal(beside.tables[0].frame, alone)


def test_a_change_of_a_nation_whose_rounds_stand_nowhere_goes_with_any_region() -> None:
    """Without the nation's own rows no audit could tell what the change says beside the regions."""
    rng = np.random.default_rng(5)
    rounds = [fl.estimate_prevalence(round_of(rng, year), "fl", design=DESIGN, by="region") for year in range(2)]
    regions = [replace(one, reference_period=year) for one, year in zip(rounds, YEARS, strict=False)]
    only = [one._rows(np.flatnonzero((one.frame["margin"] != "").to_numpy())) for one in regions]  # pyright: ignore[reportPrivateUsage]
    change = S.change(rounds[0].national, rounds[1].national)
    hidden = any((one.frame["cases"] < 5).any() for one in only)
    published = fl.publish({"one": only[0], "two": only[1], "change": change})
    assert hidden
    assert published.tables[2].frame["publication"].tolist() == ["not_published"]


@pytest.mark.parametrize("name", ["average", "trend", "changes", "change"])
def test_what_is_made_of_rounds_later_goes_where_an_earlier_release_withheld_one(name: str) -> None:
    """A second run that prints three-year averages would give the round away that the first run withheld, between two that it printed."""
    rng = np.random.default_rng(0)
    results = separate([round_of(rng, year) for year in range(3)], fl.estimate_total)
    first = fl.publish({year: results[year] for year in YEARS})
    known = printed_rounds({table.name: table.frame for table in first.tables})
    (alone,) = fl.publish({name: results[name]}).tables
    (later,) = fl.publish({name: results[name]}, previous=[first]).tables
    # Of a change the round between its two is no part.
    of = (YEARS[0], YEARS[-1]) if name == "change" else YEARS
    places = ["" if pd.isna(region) else str(region) for region in later.frame["region"]]
    gone = np.array([not all(known[year, place] for year in of) for place in places])
    printed = (later.frame["publication"] == "published").to_numpy(dtype=bool)
    assert (gone & (alone.frame["publication"] == "published").to_numpy(dtype=bool)).any() or name == "change"
    assert not (printed & gone).any()
    assert printed.any()
