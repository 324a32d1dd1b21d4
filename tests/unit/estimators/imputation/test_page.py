"""The figures of docs/explanation/imputation.md are those of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fl_estimate as fl

PAGE = Path(__file__).resolve().parents[4] / "docs" / "explanation" / "imputation.md"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "survey", "by", "digits"),
    [("household", "country_household", "region", 2), ("returned migrants", "country_migrants", None, 1)],
)
def test_the_table_is_what_the_surveys_give(row: str, survey: str, by: str | None, digits: int) -> None:
    it = fl.impute(fl.datasets.load(survey), by=by, seed=1)
    people = it.with_draws("forced_labour")
    inside = people["forced_labour_in_scope"] == 1
    names = ["forced_labour", *(f"forced_labour@{draw}" for draw in range(1, it.draws + 1)), "forced_labour_possible"]
    low, *drawn, high = 1_000 * np.average(
        people.loc[inside, names], weights=people.loc[inside, "weight_person"], axis=0
    )
    told = [low, np.mean(drawn), np.std(drawn, ddof=1), high, 100 * it.share_drawn("forced_labour")]
    line = next(each for each in PAGE.read_text(encoding="utf-8").splitlines() if each.startswith(f"| {row} |"))
    printed = [each.strip().removesuffix(" %") for each in line.strip("|").split("|")[1:]]
    assert it.draws == 20
    assert printed == [f"{value:.{1 if position == 4 else digits}f}" for position, value in enumerate(told)]
