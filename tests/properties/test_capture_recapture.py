"""Estimates from lists do not depend on the order of lists or rows, nor a model's status on how large the counts are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.inputs.histories import all_histories

METHODS = {
    "chao": cr.chao,
    "Mth-chao": lambda h: cr.closed(h, "Mth-chao"),
    "Mh-darroch": lambda h: cr.closed(h, "Mh-darroch"),
    "main": cr.loglinear,
    "bic": lambda h: cr.select_bic(h, max_order=3, interval="wald"),
    "downhill": lambda h: cr.select_bic(h, search="downhill", interval="wald"),
}


def from_counts(counts: list[int], lists: list[str] | None = None) -> fl.CaptureHistories:
    frame = pd.DataFrame(all_histories(4), columns=list("ABCD")).assign(count=counts)
    return fl.CaptureHistories.from_counts(frame, lists=lists or list("ABCD"))


def answer(name: str, h: fl.CaptureHistories) -> float:
    try:
        return float(METHODS[name](h).to_frame()["value"].iloc[0])
    except fl.FlError as error:
        return -float(error.code.rsplit("-", 1)[1])


tables = st.lists(st.sampled_from([0, 0, 1, 2, 3, 8, 40]), min_size=15, max_size=15).filter(any)


@pytest.mark.parametrize("name", METHODS)
@given(counts=tables, order=st.permutations(list("ABCD")))
@settings(max_examples=15, deadline=None)
def test_the_order_of_lists_does_not_matter(name: str, counts: list[int], order: list[str]) -> None:
    assert answer(name, from_counts(counts, order)) == pytest.approx(answer(name, from_counts(counts)), rel=1e-6)


@given(counts=tables, factor=st.integers(2, 50))
@settings(max_examples=40, deadline=None)
def test_existence_depends_on_the_pattern_alone(counts: list[int], factor: int) -> None:
    for terms in ("main", "two-way", [("A", "B", "C"), ("C", "D")]):
        once, more = (cr.check(from_counts([c * k for c in counts]), terms) for k in (1, factor))
        assert once == more


@given(counts=tables)
@settings(max_examples=40, deadline=None)
def test_a_larger_model_with_an_estimate_has_parts_with_one(counts: list[int]) -> None:
    """Where the same terms are at −∞: margins inside the cone of a model are inside that of its parts."""
    h = from_counts(counts)
    larger, smaller = cr.check(h, "two-way"), cr.check(h, [("A", "B"), ("C", "D")])
    if larger.code == 0 and larger.minus_infinity == smaller.minus_infinity:
        assert smaller.code == 0


def test_fractional_counts_of_record_linkage_are_taken() -> None:
    h = from_counts([30, 20, 25, 40, 5, 6, 4, 7, 3, 5, 2, 1, 1, 1, 0])
    frame = h.to_frame()
    frame["count"] += 0.25
    fractional = fl.CaptureHistories.from_counts(frame, lists=h.lists)
    found = cr.select_stepwise(fractional, replicates=50, seed=1).to_frame()
    assert np.isfinite(found[["value", "lower", "upper"]].to_numpy(dtype=float)).all()
