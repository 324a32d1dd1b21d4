"""CaptureHistories refuse what peers swallow, and mean the same however the table was written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

TABLE = pd.DataFrame(
    {"A": [1, 0, 1, 0, 1, 1], "B": [0, 1, 1, 0, 0, 1], "C": [0, 0, 0, 1, 1, 1], "count": [50, 40, 9, 30, 4, 2]}
)
LISTS = ["A", "B", "C"]


def test_totals_frequencies_and_overlaps() -> None:
    h = fl.CaptureHistories.from_counts(TABLE, lists=LISTS)
    assert h.n == 135
    assert h.totals == {"A": 65, "B": 51, "C": 36}
    assert h.frequencies.tolist() == [120, 13, 2]
    assert h.overlaps().loc["A", "B"] == 11
    assert "135 people" in repr(h)


def test_records_counts_and_row_order_are_one() -> None:
    records = TABLE.loc[TABLE.index.repeat(TABLE["count"]), LISTS]
    first = fl.CaptureHistories.from_counts(TABLE, lists=LISTS)
    for other in (
        fl.CaptureHistories.from_records(records, lists=LISTS),
        fl.CaptureHistories.from_records(pl.from_pandas(records), lists=LISTS),
        fl.CaptureHistories.from_counts(pd.concat([TABLE, TABLE]).assign(count=lambda f: f["count"] / 2), lists=LISTS),
        fl.CaptureHistories.from_counts(TABLE.sample(frac=1, random_state=1), lists=LISTS),
    ):
        assert other.content_hash == first.content_hash
        pd.testing.assert_frame_equal(other.to_frame(), first.to_frame())


def test_omit_and_merge() -> None:
    h = fl.CaptureHistories.from_counts(TABLE, lists=LISTS)
    assert h.omit("C").n == 135 - 30
    merged = h.merge("A", "C", into="AC")
    assert (merged.lists, merged.n) == (("AC", "B"), 135)
    assert merged.totals == {"AC": 95, "B": 51}
    with pytest.raises(fl.FlError, match="FL-LISTS-02"):
        h.omit("A", "B")
    with pytest.raises(fl.FlError, match="FL-LISTS-02"):
        h.merge("A", "B", "C", into="all")
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        h.omit("D")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"A": [2, 0, 1, 0, 1, 1]}, "FL-LISTS-06"),
        ({"A": [np.nan, 0, 1, 0, 1, 1]}, "FL-LISTS-06"),
        ({"count": [-1, 1, 1, 1, 1, 1]}, "FL-LISTS-07"),
        ({"count": [np.nan, 1, 1, 1, 1, 1]}, "FL-LISTS-07"),
        ({"count": [np.inf, 1, 1, 1, 1, 1]}, "FL-LISTS-07"),
        ({"A": [0, 0, 1, 0, 1, 1]}, "FL-LISTS-05"),
        ({"A": ["x"] * 6}, "FL-LISTS-04"),
        ({"count": 0}, "FL-LISTS-08"),
    ],
)
def test_tables_that_are_no_histories(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.CaptureHistories.from_counts(TABLE.assign(**changes), lists=LISTS)


def test_bad_calls() -> None:
    with pytest.raises(fl.FlError, match="FL-LISTS-02"):
        fl.CaptureHistories.from_counts(TABLE, lists=["A"])
    with pytest.raises(fl.FlError, match="FL-LISTS-02"):
        fl.CaptureHistories.from_counts(TABLE, lists=["A", "A"])
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        fl.CaptureHistories.from_counts(TABLE, lists=["A", "Z"])
    with pytest.raises(fl.FlError, match="FL-LISTS-03"):
        fl.CaptureHistories.from_counts([1, 2], lists=["A", "B"])


def test_strata_are_histories_of_their_own_rows() -> None:
    frame = pd.DataFrame({"region": ["N", "S", "N", "S"], "A": [1, 1, 0, 1], "B": [0, 1, 1, 1], "count": [5, 6, 7, 1]})
    found = fl.CaptureHistories.strata(frame, lists=["A", "B"], by="region", count="count")
    assert {region: h.n for region, h in found.items()} == {"N": 12, "S": 7}
    assert found["N"].pairs_without_overlap == (("A", "B"),)
    with pytest.raises(fl.FlError, match="FL-LISTS-09"):
        fl.CaptureHistories.strata(
            frame.assign(region=frame["region"].where(frame["A"] == 1)), lists=["A", "B"], by="region"
        )
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        fl.CaptureHistories.strata(frame, lists=["A", "B"], by="district")
    with pytest.raises(fl.FlError, match="FL-LISTS-03"):
        fl.CaptureHistories.strata([1, 2], lists=["A", "B"], by="region")


def test_what_the_people_are_is_handed_on() -> None:
    said = {"outcome": "forced_labour", "population": "adults", "reference_period": "2023"}
    h = fl.CaptureHistories.from_counts(TABLE, lists=LISTS).about(**said)
    for other in (h, h.omit("C"), h.pair("A", "B"), h.merge("A", "B", into="AB")):
        assert (other.outcome, other.population, other.reference_period) == tuple(said.values())
    made = cr.chapman(h, "A", "B")
    assert set(made.to_frame()["outcome"]) == {"forced_labour"}
    assert (made.population, made.reference_period) == ("adults", "2023")
    # The content is the same whatever is said of it.
    assert h.content_hash == fl.CaptureHistories.from_counts(TABLE, lists=LISTS).content_hash
