"""One precision: two digits of the standard error, in every output alike, and the same again when published again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fl_estimate as fl
from fl_estimate.reporting.precision import decimals_of, half_steps, lowered, raised, rounded, significant
from fl_estimate.results.estimates import make_frame
from tests.unit.reporting.made import country, estimates


def row(**more: Any) -> pd.DataFrame:
    usual = {"quantity": "mean", "value": 1.0, "se": 0.1, "lower": 0.8, "upper": 1.2, "n": 100, "level": 0.95}
    return make_frame({name: [value] for name, value in {**usual, **more}.items()}, {}, 1, basis="respondents")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"value": 0.0123456, "se": 0.00098765, "lower": 0.0104, "upper": 0.0143}, [0.01235, 0.00099, 0.0104, 0.0143]),
        ({"value": 0.0123456, "se": 0.00099765}, [0.0123, 0.0010, 0.8, 1.2]),  # the error itself rounds up to 0.0010
        ({"value": 5872.1, "se": 626.0, "lower": 4700.4, "upper": 7100.9}, [5870, 630, 4700, 7100]),
        ({"value": 44.123, "se": np.nan, "lower": np.nan, "upper": np.nan}, [44.1, np.nan, np.nan, np.nan]),
        ({"value": np.nan, "se": np.nan, "lower": 1234.5, "upper": 0.0123456}, [np.nan, np.nan, 1230, 0.0123]),
        ({"value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0061234}, [0.0, 0.0, 0.0, 0.00612]),
        ({"value": -3.456, "se": 0.52, "lower": -4.5, "upper": -2.4}, [-3.46, 0.52, -4.5, -2.4]),
        ({"quantity": "total", "value": 12.6, "se": 3.21, "lower": 6.3, "upper": 18.9}, [13, 3.2, 6, 19]),
    ],
)
def test_digits(given_: dict[str, Any], expected: list[float]) -> None:
    """Worked by hand; persons are whole, a figure without an error has three digits."""
    found = rounded(row(**given_))
    np.testing.assert_array_equal(found[["value", "se", "lower", "upper"]].to_numpy()[0], expected)
    assert found["n"].tolist() == [100]


def test_one_digit_where_the_rule_asks_for_it() -> None:
    rule = fl.SuppressionRule(digits=1)
    found = fl.publish(
        estimates({"value": 0.01234, "se": 0.00216, "lower": 0.0081, "upper": 0.0167}), rule=rule
    ).to_frame()
    assert found[["value", "se", "lower", "upper"]].to_numpy()[0].tolist() == [0.012, 0.002, 0.008, 0.017]
    assert "12" in fl.publish(estimates({"value": 0.01234, "se": 0.00216}), rule=rule).table().as_raw_html()


@settings(max_examples=300, deadline=None)
@given(
    st.floats(1e-9, 1e9) | st.floats(-1e9, -1e-9) | st.just(0.0), st.floats(1e-9, 1e6) | st.just(0.0) | st.just(float("nan")), st.sampled_from(["mean", "total"]),
    st.sampled_from([1, 2]),
)  # fmt: skip
def test_rounding_twice_is_rounding_once(value: float, se: float, quantity: str, digits: int) -> None:
    once = rounded(row(value=value, se=se, lower=value - 2 * se, upper=value + 2 * se, quantity=quantity), digits)
    pd.testing.assert_frame_equal(rounded(once, digits), once)
    half = float(half_steps(row(value=value, se=se, quantity=quantity), digits)[0])
    assert abs(float(once["value"].iloc[0]) - value) <= half * (1 + 1e-9) + 1e-12 * abs(value)


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-9, 1e9), st.sampled_from([1, 2, 3]))
def test_a_limit_is_never_lowered(value: float, digits: int) -> None:
    up, down = raised(value, digits), lowered(value, digits)
    assert down <= value * (1 + 1e-11)
    assert up >= value * (1 - 1e-11)
    assert (raised(up, digits), lowered(down, digits)) == (up, down)
    assert up <= significant(value, digits) * (1 + 10.0 ** (1 - digits) * 1.001)


def test_every_output_holds_the_same_digits(tmp_path: Path) -> None:
    """csv, Parquet, the table and the picture: 0.011437 ± 0.0018 is 11.4 everywhere."""
    made = country()
    frame = made["prevalence_1"].to_frame()
    exact = {"value": 0.0114372, "se": 0.0018123, "lower": 0.0081456, "upper": 0.0156321}
    published = fl.publish(estimates({**exact, "n": 3189, "cases": 24}, {"region": "N", **exact, "n": 900}))
    csv = pd.read_csv(published.to_csv(tmp_path / "e.csv"))
    parquet = pd.read_parquet(published.to_parquet(tmp_path / "e.parquet"))
    assert csv["value"].tolist() == parquet["value"].tolist() == published.to_frame()["value"].tolist() == [0.0114] * 2
    assert csv["lower"].tolist() == [0.0081] * 2
    svg = published.plot(tmp_path / "f.svg").read_text(encoding="utf-8")
    html = published.to_html(tmp_path / "r.html").read_text(encoding="utf-8")
    for text in (svg, html, (tmp_path / "e.csv").read_text(encoding="utf-8")):
        for number in ("11437", "1143", "18123", "81456", "156321"):
            assert number not in re.sub(r"sha256|[0-9a-f]{40,}", "", text)
    assert "11.4 (8.1–15.6)" in svg
    again = fl.publish(
        estimates(
            {**rounded_of(exact), "n": 3189, "cases": 24},
            {"region": "N", **rounded_of(exact), "n": 900},
        )
    )
    # Drawn from what is printed: the picture of the rounded figures is the same picture, to the last coordinate.
    assert again.plot(tmp_path / "f.svg").read_text(encoding="utf-8") == svg
    assert len(frame) > 0


def rounded_of(exact: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in exact.items()}


def test_publishing_twice_under_any_rule_is_publishing_once() -> None:
    for rule in ("fl-default", "fl-rare", "nchs", fl.SuppressionRule(few_cases="withheld", digits=1)):
        once = fl.publish(country(), rule=rule)
        assert fl.publish(once, rule=rule) is once
        pd.testing.assert_frame_equal(fl.publish(once, rule=rule).to_frame(), once.to_frame())


def test_what_was_published_can_only_lose_under_another_rule() -> None:
    once = fl.publish(country(), rule="fl-default")
    for rule in ("nchs", fl.SuppressionRule(min_n=1, min_cases=0, min_df=0)):
        again = fl.publish(once, rule=rule).to_frame()
        gone = (once.to_frame()["publication"] == "not_published").to_numpy()
        assert (again.loc[gone, "publication"] == "not_published").all()
        assert again["value"].dropna().isin(once.to_frame()["value"].dropna()).all()


def test_a_rule_of_an_office_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    path.write_text('base = "fl-rare"\nmin_cases = 10\nfew_cases = "withheld"\ndigits = 1\n', encoding="utf-8")
    rule = fl.SuppressionRule.read(path)
    assert (rule.name, rule.min_cases, rule.max_relative_width, rule.few_cases, rule.digits) == (
        "office",
        10,
        1.6,
        "withheld",
        1,
    )
    assert fl.publish(estimates({}), rule=str(path)).rule == rule


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("min_casse = 3", r"FL-PUB-31(.|\n)*nearest is 'min_cases'"),
        ("min_cases =", "FL-PUB-31"),
        ('min_cases = "five"', "FL-PUB-31"),
        ("min_cases = -1", "FL-PUB-06"),
        ("min_cases = true", "FL-PUB-06"),
        ('base = "nobody"', "FL-PUB-01"),
        ('few_cases = "hidden"', "FL-PUB-30"),
        ("digits = 3", "FL-PUB-30"),
    ],
)
def test_a_file_that_is_no_rule(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "rule.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError, match=code):
        fl.SuppressionRule.read(path)


def test_a_rule_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        fl.publish(estimates({}), rule=str(tmp_path / "none.toml"))


def test_decimals_of_a_limit_follow_the_limit() -> None:
    record = {
        "quantity": "prevalence",
        "value": np.nan,
        "se": np.nan,
        "lower": 0.0,
        "upper": 0.013,
        "basis": "respondents",
    }
    assert decimals_of({**record, "publication": "at_most"})["upper"] == 3
    assert decimals_of({**record, "publication": "at_most"})["lower"] == 3
    assert json.dumps(decimals_of({**record, "upper": np.nan, "publication": "not_published"}))
