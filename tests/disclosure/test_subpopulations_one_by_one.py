"""Subpopulations asked for one by one: no sum or difference of what is printed of them is a withheld or a too small cell.

The reader here is written apart from the audit: printed counts are rows over regions, and whoever is in their span is known.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.disclosure.conditions import Outer, holds, relation
from fl_estimate.reporting.disclosure.release_audit import derived
from fl_estimate.reporting.releases import as_release

DESIGN = fl.Design(psu="ea", unweighted=True)
REGIONS = "ABCDE"


def people(cases: Sequence[int], size: int = 300) -> pd.DataFrame:
    """Regions of `size` people each, with so many cases."""
    region = np.repeat(list(REGIONS[: len(cases)]), size)
    y = np.concatenate([np.arange(size) < count for count in cases]).astype(int)
    at = np.arange(len(region))
    flags: dict[str, Any] = {f"in_{name}": (region == name).astype(int) for name in REGIONS[: len(cases)]}
    own: dict[str, Any] = {"region": region, "ea": at // 10, "y": y, "sex": np.where(at % 2 == 0, "f", "m")}
    return pd.DataFrame({**own, "zone": np.where(np.isin(region, ["A", "B"]), "1", "2"), **flags})


def known(tables: Mapping[str, fl.Estimates], of: Mapping[str, Sequence[str]]) -> list[np.ndarray]:
    """Rows over regions of which the cases are printed: of a table by region each of its rows."""
    found: list[np.ndarray] = []
    for table in fl.publish(dict(tables)).tables:
        for record in table.frame.to_dict("records"):
            if pd.isna(record["cases"]) and record["publication"] != "fewer_than":
                continue
            own = [record["region"]] if record["margin"] else of[table.name]
            found.append(np.array([region in own for region in REGIONS], dtype=float))
    return found


def told(rows: Sequence[np.ndarray], cell: np.ndarray) -> bool:
    """Whether the cases of a cell are a sum of what is printed."""
    if not len(rows):
        return False
    matrix = np.array(rows)
    return int(np.linalg.matrix_rank(np.vstack([matrix, cell]))) == int(np.linalg.matrix_rank(matrix))


def prevalence(frame: pd.DataFrame, where: str | None = None, **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(frame, "y", design=DESIGN, where=where, **more)


def test_the_nation_less_all_regions_but_one_is_that_region() -> None:
    frame = people([60, 50, 40, 30, 3])
    tables = {"nation": prevalence(frame), **{name: prevalence(frame, f"region == '{name}'") for name in "ABCD"}}
    rows = known(tables, {"nation": REGIONS, **{name: [name] for name in "ABCD"}})
    assert not told(rows, np.array([0, 0, 0, 0, 1.0]))
    assert len(rows) == 4  # one of five goes, no more


def test_a_region_asked_for_by_itself_does_not_give_back_what_a_table_withholds() -> None:
    frame = people([60, 50, 40, 30, 3])
    tables = {
        "by": prevalence(frame, by="region"),
        **{name: prevalence(frame, f"region == '{name}'") for name in "ABCD"},
    }
    rows = known(tables, {"by": REGIONS, **{name: [name] for name in "ABCD"}})
    assert not told(rows, np.array([0, 0, 0, 0, 1.0]))


def test_flags_of_regions_are_added_up_though_their_names_do_not_say_that_they_are_apart() -> None:
    frame = people([60, 50, 40, 30, 3])
    tables = {"nation": prevalence(frame), **{name: prevalence(frame, f"in_{name}") for name in "ABCD"}}
    rows = known(tables, {"nation": REGIONS, **{name: [name] for name in "ABCD"}})
    assert not told(rows, np.array([0, 0, 0, 0, 1.0]))


@pytest.mark.parametrize("seed", range(10))
def test_no_sum_of_what_is_printed_is_a_small_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = rng.choice([0, 1, 2, 3, 4, 6, 12, 25, 40], size=5)
    frame = people(cases.tolist())
    asked = {
        "+".join(own): own
        for own in (sorted(rng.choice(list(REGIONS), size=rng.integers(1, 4), replace=False)) for _ in range(6))
    }
    tables: dict[str, Any] = {"nation": prevalence(frame)}
    tables |= {name: prevalence(frame, f"region in {list(map(str, own))}") for name, own in asked.items()}
    if seed % 2:
        tables["by"] = prevalence(frame, by="region")
    rows = known(tables, {"nation": REGIONS, "by": REGIONS, **asked})
    for size in range(1, 5):
        for own in itertools.combinations(range(5), size):
            cell = np.isin(np.arange(5), own).astype(float)
            if 0 < cell @ cases < 5:
                assert not told(rows, cell), (cases, asked, own)


@pytest.mark.parametrize("model", ["y ~ sex", "test"])
def test_models_of_subpopulations_are_added_up_as_well(model: str) -> None:
    frame = people([60, 50, 40, 30, 3])

    def made(where: str | None = None) -> fl.Estimates:
        if model == "test":
            return fl.independence_test(frame, "y", "sex", design=DESIGN, where=where).rows
        return fl.regress(frame, model, design=DESIGN, where=where)

    tables = {"nation": made(), **{name: made(f"region == '{name}'") for name in "ABCD"}}
    rows = known(tables, {"nation": REGIONS, **{name: [name] for name in "ABCD"}})
    assert not told(rows, np.array([0, 0, 0, 0, 1.0]))
    # ... and beside prevalences of the others
    mixed = {"nation": prevalence(frame), **{name: made(f"region == '{name}'") for name in "ABCD"}}
    rows = known(mixed, {"nation": REGIONS, **{name: [name] for name in "ABCD"}})
    assert not told(rows, np.array([0, 0, 0, 0, 1.0]))


def test_a_region_is_withheld_that_would_give_away_another_beside_what_was_released_before() -> None:
    frame = people([60, 50, 3])
    before = [fl.publish({"nation": prevalence(frame)}), fl.publish({"A": prevalence(frame, "region == 'A'")})]
    (table,) = fl.publish({"B": prevalence(frame, "region == 'B'")}, previous=before).tables
    assert table.frame["publication"].item() == "not_published"
    (table,) = fl.publish({"B": prevalence(frame, "region == 'B'")}, previous=before[:1]).tables
    assert table.frame["publication"].item() == "published"


def test_released_folders_are_added_up_by_the_audit_of_releases() -> None:
    frame = people([60, 50, 40, 30, 3])
    every = {"nation": prevalence(frame), **{name: prevalence(frame, f"region == '{name}'") for name in "ABCD"}}
    apart = [as_release(fl.publish({name: made}), at) for at, (name, made) in enumerate(every.items())]
    found = derived(apart)
    assert ((found["what"] == "cases between") & (found["lower"] == 3)).any()
    assert derived([as_release(fl.publish(every))]).empty
    # a table by region and its regions one by one
    by = prevalence(frame, by="region")
    apart = [as_release(fl.publish({name: made}), at) for at, (name, made) in enumerate({**every, "by": by}.items())]
    found = derived(apart)
    assert ((found["what"] == "cases") & (found["cell"] == "region = E") & (found["lower"] == 3)).any()
    assert derived([as_release(fl.publish({**every, "by": by}))]).empty


def test_subpopulations_that_leave_enough_are_all_printed() -> None:
    frame = people([60, 50, 40, 30, 20])
    tables = {"nation": prevalence(frame), **{name: prevalence(frame, f"region == '{name}'") for name in "ABCD"}}
    assert len(known(tables, {"nation": REGIONS, **{name: [name] for name in "ABCD"}})) == 5
    tables = {
        "nation": prevalence(frame),
        "women": prevalence(frame, "sex == 'f'"),
        "A": prevalence(frame, "region == 'A'"),
    }
    assert len(known(tables, {"nation": REGIONS, "women": REGIONS, "A": ["A"]})) == 3


@pytest.mark.parametrize(
    ("first", "second", "apart", "within"),
    [
        ("region == 'A'", "region == 'B'", True, False),
        ("region == 'A'", "region in ['A', 'B']", False, True),
        ("age < 15", "age >= 15", True, False),
        ("age < 15", "15 <= age", True, False),
        ("age < 15 and sex == 'f'", "age < 18", False, True),
        ("region == 1", "region == '1'", False, True),
        ("not missing(age)", "missing(age)", True, False),
        ("not age < 15", "missing(age)", True, False),  # what is not known is outside
        ("region == 'A'", "sex == 'f'", False, False),
        ("is_woman", "is_man", None, False),
        ("is_woman", "is_woman == 0", True, False),
        ("is_woman and age < 15", "is_woman", False, True),
        ("a + b > 2", "a + b > 3", False, False),
        ("a + b > 3", "a + b > 2", False, True),
        ("a + b > 3", "a + b < 2", True, False),
        ("day < '2024-01-01'", "day >= '2024-01-01'", True, False),
        ("", "region == 'A'", False, False),
        ("region == 'A'", "", False, True),
        ("(", "region == 'A'", False, False),
    ],
)
def test_relations_of_conditions(first: str, second: str, apart: bool | None, within: bool) -> None:
    found = relation(first, second)
    assert (found.apart, found.within) == (apart, within)
    assert relation(second, first).apart is found.apart


def test_a_district_of_another_region_is_apart_from_a_region() -> None:
    lies: Outer = {("district", "region"): {"X": "A", "Y": "B"}}
    assert relation("district == 'X'", "region == 'B'", lies).apart is True
    assert relation("district == 'X'", "region == 'A'", lies).within is True
    assert relation("district == 'Z'", "region == 'A'", lies).apart is False


def test_conditions_are_read_on_labels() -> None:
    assert holds("region in ['A', 'B']", {"region": "A", "sex": "f"}) is True
    assert holds("region == 3", {"region": "3"}) is True
    assert holds("region != 'A'", {"region": None}) is False
    assert holds("region == 'A' and age < 15", {"region": "A"}) is None


WOMEN = {name: f"sex == 'f' and region == '{name}'" for name in REGIONS}


def sexes(cases: Sequence[tuple[int, int]], size: int = 60) -> pd.DataFrame:
    """Regions of `size` women and `size` men, with so many cases of each."""
    region, sex = np.repeat(list(REGIONS[: len(cases)]), 2 * size), np.tile(np.repeat(["f", "m"], size), len(cases))
    y = np.concatenate([np.arange(size) < count for both in cases for count in both]).astype(int)
    return pd.DataFrame({"region": region, "sex": sex, "y": y, "ea": np.arange(len(region)) // 10})


@pytest.mark.parametrize(
    "asked",
    [
        {"f": ("sex == 'f'", None), "A": ("region == 'A'", "sex"), **{r: (WOMEN[r], None) for r in "BCD"}},
        {"f": ("sex == 'f'", None), **{r: (f"region == '{r}'", "sex") for r in "ABCD"}},
        {"f": ("sex == 'f'", "region"), "C": ("region == 'C'", "sex"), "D": ("region == 'D'", "sex")},
        {
            "f": ("sex == 'f'", "region"),
            "n": (None, "region"),
            **{r: (f"region == '{r}' and sex == 'm'", None) for r in REGIONS},
        },
        {"f": ("sex == 'f'", None), "no": ("not region == 'E'", None), "m": ("region != 'E' and sex == 'm'", "region")},
    ],
    ids=["by sex within a region", "each region by sex", "by region within a sex", "men one by one", "not"],
)
def test_rows_of_tables_and_conditions_do_not_give_a_small_cell_together(
    asked: Mapping[str, tuple[str | None, str | None]],
) -> None:
    frame = sexes([(30, 30), (25, 20), (20, 20), (18, 20), (3, 20)])
    tables = {name: prevalence(frame, where, **({"by": by} if by else {})) for name, (where, by) in asked.items()}
    rows: list[np.ndarray] = []
    of = frame.groupby(["region", "sex"]).size().index.to_frame(index=False)
    for table in fl.publish(tables).tables:
        where, by = asked[table.name]
        own = of.query(where).index if where else of.index
        for record in table.frame.to_dict("records"):
            if not pd.isna(record["cases"]):
                met = of.index.isin(own) & (of[by] == record[by] if record["margin"] and by else True)
                rows.append(np.asarray(met, dtype=float))
    assert rows
    assert not told(rows, ((of["region"] == "E") & (of["sex"] == "f")).to_numpy(dtype=float))
    # ... nor is it told by folders that were released one by one without its being said
    apart = [as_release(fl.publish({name: made}), at) for at, (name, made) in enumerate(tables.items())]
    assert ((found := derived(apart))["what"].isin(["cases", "cases between"]) & (found["lower"] == 3)).any()


def test_tables_and_conditions_of_many_cases_are_all_printed() -> None:
    frame = sexes([(25, 25)] * 5)
    tables = {
        "by": prevalence(frame, by="region"),
        "f": prevalence(frame, "sex == 'f'", by="region"),
        "AB": prevalence(frame, "region in ['A', 'B']", by="sex"),
        "not": prevalence(frame, "not region == 'E'"),
    }
    assert all((table.frame["publication"] == "published").all() for table in fl.publish(tables).tables)


def test_labels_that_look_like_no_number_are_texts() -> None:
    assert relation("region == 'nan'", "region == 'inf'").apart is True
    assert holds("region == 'nan'", {"region": "nan"}) is True
