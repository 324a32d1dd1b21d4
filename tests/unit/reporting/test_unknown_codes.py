"""What nobody declared is judged by the strictest rule, and what is the analyst's alone is in nothing that is published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.judging import judge
from fl_estimate.reporting.suppression import chosen_rule
from fl_estimate.results.codes import AREA_WITHOUT_SAMPLE, ReasonCode
from fl_estimate.results.columns import ANALYST

RULE = chosen_rule("fl-default")


def few() -> fl.Estimates:
    """Two regions of 100 people in 10 areas each, of whom 2 (in 2 areas) and 20 (2 an area) are cases."""
    rows = np.arange(200)
    people = pd.DataFrame({
        "w": 100.0, "ea": rows // 10, "region": np.where(rows < 100, "A", "B"),
        "fl": np.where(rows < 100, rows % 50 == 0, rows % 5 == 0).astype(int),
    })  # fmt: skip
    return fl.estimate_prevalence(people, "fl", by="region", design=fl.Design(weights="w", psu="ea"))


def renamed(**texts: str) -> fl.Estimates:
    """The same rows, as a later version that says something else would have saved them."""
    made = few()
    return replace(made, frame=made.to_frame().assign(**texts).astype(dict.fromkeys(texts, "string")))


def row_of(published: Any, region: str) -> Any:
    frame = published.to_frame()
    return frame[frame["region"] == region].iloc[0]


def test_few_cases_of_a_known_quantity_and_method_are_printed_as_a_limit() -> None:
    assert row_of(fl.publish(few()), "A")["publication"] == "at_most"


@pytest.mark.parametrize("texts", [{"quantity": "share_of_tomorrow"}, {"method": "of_tomorrow"}])
def test_few_cases_of_what_nobody_declared_are_withheld(texts: dict[str, str]) -> None:
    row = row_of(fl.publish(renamed(**texts)), "A")
    assert row["publication"] == "not_published"
    assert row[["value", "se", "lower", "upper", "cases"]].isna().all()


def test_an_unknown_quantity_is_held_to_the_width_of_totals() -> None:
    """NCHS withholds totals whose interval is wider than 160 % of them."""
    rule = chosen_rule("nchs")
    made = renamed(quantity="amount_of_tomorrow")
    frame = made.to_frame().assign(lower=0.0, upper=10.0, cases=50, n=200)
    support = replace(made.support, respondents=np.full(3, 200.0), cases=np.full(3, 50.0), df=np.full(3, 30.0))
    assert judge(frame, support, rule).hard.all()
    assert not judge(frame.assign(quantity="mean"), support, rule).hard.any()


def test_a_reason_that_nobody_declared_is_not_told_where_cases_are_hidden() -> None:
    """An area of a model in which nobody was asked is printed; why it is so must not tell of cases."""
    made = renamed(basis="model")
    empty = replace(made.support, respondents=np.array([200.0, 0, 100]), cases=np.array([22.0, 0, 20]))
    told = (ReasonCode.of("none_in_tomorrows_words").at(1), AREA_WITHOUT_SAMPLE.at(1))
    published = fl.publish(replace(made, reasons=told, support=empty)).tables[0]
    assert published.frame["publication"].iloc[1] == "published"
    assert [reason.code for reason in published.reasons] == ["area_without_sample"]


def test_no_published_frame_or_file_has_a_column_of_the_analyst(tmp_path: Path) -> None:
    made = few()
    frame = made.to_frame()
    assert frame["psus_with_cases"].tolist() == [12, 2, 10]
    published = fl.publish({"share": made, "none": renamed(quantity="total")})
    assert not ANALYST & set(published.to_frame().columns)
    assert not any(ANALYST & set(table.frame.columns) for table in published.tables)
    published.to_csv(tmp_path / "table.csv")
    published.to_html(tmp_path / "table.html")
    for file in ("table.csv", "table.html"):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert not [name for name in ANALYST if name in text]
    again = fl.publish(published, rule=chosen_rule("nchs"))
    assert not ANALYST & set(again.to_frame().columns)


def test_units_with_cases_are_of_design_weighted_rows_of_an_outcome_only() -> None:
    people = pd.DataFrame({"w": 1.0, "ea": [1, 1, 2, 2, 3, 3], "h": [0.0, 41, 0, 47, 44, 45], "fl": [0, 1, 0, 1, 0, 0]})
    design = fl.Design(weights="w", psu="ea")
    assert fl.estimate_prevalence(people, "fl", design=design).to_frame()["psus_with_cases"].tolist() == [2]
    assert fl.estimate_mean(people, "h", design=design).to_frame()["psus_with_cases"].isna().all()
    assert fl.estimate_quantile(people, "h", design=design).to_frame()["psus_with_cases"].isna().all()
    # The analyst sees in how many units the cases stand; no reader does.
    made = fl.estimate_prevalence(people, "fl", design=design)
    assert "psus_with_cases" in repr(made)
    assert not any(name in repr(fl.publish(made)) for name in ANALYST)
