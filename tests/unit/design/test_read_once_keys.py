"""What was read of lazily classified people is kept by what was asked: two questions that differ are never one."""

from __future__ import annotations

import narwhals as nw
import pytest

from fl_estimate.design.read_once import totals_key

PAIRS = {
    "a number and its text": (nw.col("a") == 1, nw.col("a") == "1"),
    "a literal and its text": (nw.lit(1), nw.lit("1")),
    "a column and its name": (nw.col("a") == nw.col("b"), nw.col("a") == "col(b)"),
    "one column and two": (nw.col("a", "b"), nw.col("a, b")),
    "what stands for the missing": (nw.col("a").fill_null(0), nw.col("a").fill_null("0")),
    "a branch": (nw.when(nw.col("a") > 0).then(nw.lit(1)), nw.when(nw.col("a") > 0).then(nw.lit("1"))),
    "a list": (nw.col("a").is_in([1, 2]), nw.col("a").is_in(["1", "2"])),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_expressions_that_differ_have_keys_that_differ(pair: str) -> None:
    one, other = (totals_key(("r",), {"x": column}, {("x",): ("x",)}) for column in PAIRS[pair])
    assert one is not None
    assert one != other


def test_the_same_expression_made_twice_has_one_key() -> None:
    one, other = (totals_key((), {"x": (nw.col("a") + 1.5).cast(nw.Float64)}, {("x",): ("x",)}) for _ in range(2))
    assert one is not None
    assert one == other
