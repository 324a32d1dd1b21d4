"""Uncertainty is carried from step to step: a benchmarked nation keeps its own, one data set is not two, correlated sums count few df."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl

UNCERTAINTY = ["value", "se", "lower", "upper"]
LISTS = """
[[estimate]]
kind = "capture_recapture"
name = "{name}"
file = "lists.csv"
lists = ["police", "ngo", "labour"]
population = "victims known to three offices"
reference_period = "2023"
method = "{method}"
"""


def regional() -> tuple[pd.DataFrame, fl.Estimates]:
    """800 people in four regions, eight areas in each; 24, 12, 6 and 18 cases spread over the areas."""
    at = np.arange(800)
    region = np.repeat(["North", "South", "East", "West"], 200)
    wanted = np.repeat([24, 12, 6, 18], 200)
    case = (at % 200) * 7 % 200 < wanted
    people = pd.DataFrame({"w": 50.0 + at % 7, "ea": at // 25, "region": region, "fl": case.astype(int)})
    design = fl.Design(weights="w", psu="ea", strata="region", expands=True)
    return people, fl.estimate_prevalence(people, "fl", by="region", design=design)


def test_a_benchmarked_nation_keeps_the_uncertainty_of_its_own_figure() -> None:
    """Areas are moved to the nation's direct figure, so its row is that figure with the error and limits it had, not an area's."""
    _, direct = regional()
    persons = pd.DataFrame({"region": ["North", "South", "East", "West"], "population": [4.0, 3.0, 2.0, 1.0]})
    before = direct.national.to_frame().iloc[0]
    found = fl.hierarchical.area(direct, population=persons, benchmark="ratio", draws=400, seed=1)
    after = found.national.to_frame().iloc[0]
    for name in UNCERTAINTY:
        assert after[name] == pytest.approx(before[name], rel=1e-12), name
    assert after["lower"] < after["value"] < after["upper"]
    # Without a benchmark the row is the model's own answer: another error, or the test above could not fail.
    free = fl.hierarchical.area(direct, population=persons, draws=400, seed=1).national.to_frame().iloc[0]
    assert abs(free["se"] / before["se"] - 1) > 1e-3
    assert before[["n", "cases"]].tolist() == after[["n", "cases"]].tolist()


def test_a_benchmarked_nation_is_published_with_its_limits() -> None:
    _, direct = regional()
    persons = pd.DataFrame({"region": ["North", "South", "East", "West"], "population": [4.0, 3.0, 2.0, 1.0]})
    found = fl.hierarchical.area(direct, population=persons, benchmark="ratio", draws=400, seed=1)
    frame = fl.publish({"areas": found}).to_frame()
    printed, own = frame[frame["margin"] == ""].iloc[0], direct.national.to_frame().iloc[0]
    # Printed to two digits of the standard error: within 5 % of it.
    for name in UNCERTAINTY:
        assert printed[name] == pytest.approx(own[name], abs=0.05 * own["se"]), name


@pytest.fixture(scope="module")
def two_methods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    rng = np.random.default_rng(3)
    seen = rng.random((400, 3)) < [0.4, 0.3, 0.35]
    seen = seen[seen.any(axis=1)].astype(int)
    pd.DataFrame(seen, columns=["police", "ngo", "labour"]).to_csv(folder / "lists.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('kind = "sum"\nestimates = ["one", "two"]', "correlation = … must be stated"),
        ('kind = "change"\nbefore = "one"\nafter = "two"', "correlation = … must be stated"),
        ('kind = "combine"\nestimates = ["one", "two"]', "combine is for independent figures"),
    ],
)
def test_two_methods_on_the_same_lists_are_not_independent(two_methods: Path, entry: str, said: str) -> None:
    """Both read the same people in the same file: errors go together, whichever method was used."""
    text = LISTS.format(name="one", method="chao") + LISTS.format(name="two", method="loglinear")
    file = two_methods / "study.toml"
    file.write_text(f'{text}\n[[estimate]]\nname = "both"\n{entry}\n', encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        fl.run_study(file, out=two_methods / "out")
    assert "the errors of 'one' and 'two' go together, both come of lists.csv" in str(caught.value)
    assert said in str(caught.value)


def test_lists_of_two_files_are_independent(two_methods: Path) -> None:
    head, *rows = (two_methods / "lists.csv").read_text(encoding="utf-8").splitlines()
    # The same people in another order: a copy would be seen to be one.
    (two_methods / "others.csv").write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    text = LISTS.format(name="one", method="chao")
    text += LISTS.format(name="two", method="loglinear").replace("lists.csv", "others.csv")
    text += '\n[[estimate]]\nname = "both"\nkind = "sum"\nestimates = ["one", "two"]\n'
    file = two_methods / "independent.toml"
    file.write_text(text, encoding="utf-8")
    made = fl.run_study(file, out=two_methods / "independent")
    assert made.ok
    one, two, both = (row(made.estimates[name].national.select(quantity=quantity)) for name, quantity in
                      (("one", "population_size"), ("two", "population_size"), ("both", "total")))  # fmt: skip
    assert both["value"] == pytest.approx(one["value"] + two["value"])
    assert both["se"] == pytest.approx(math.hypot(one["se"], two["se"]))


def of_survey(psus: int, seed: int) -> fl.Estimates:
    """A total whose error has `psus` − 1 degrees of freedom: one stratum."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"w": 10.0, "ea": np.repeat(np.arange(psus), 20), "fl": rng.random(20 * psus) < 0.2})
    design = fl.Design(weights="w", psu="ea", expands=True)
    return fl.estimate_total(people.astype({"fl": int}), "fl", design=design)


def row(estimates: fl.Estimates) -> Any:
    return estimates.to_frame().iloc[0]


def test_a_sum_of_independent_parts_has_the_df_of_satterthwaite() -> None:
    """(Σ SE²)² / Σ (SE⁴ / df), Satterthwaite 1946; and the limits are those of Student's t with them."""
    parts = [of_survey(6, 1), of_survey(21, 2)]
    one, two = map(row, parts)
    whole = row(fl.synthesis.add(parts, interval="wald"))
    assert (one["df"], two["df"]) == (5, 20)
    df = (one["se"] ** 2 + two["se"] ** 2) ** 2 / (one["se"] ** 4 / 5 + two["se"] ** 4 / 20)
    assert whole["df"] == pytest.approx(df)
    assert whole["se"] == pytest.approx(math.hypot(one["se"], two["se"]))
    reach = stats.t.ppf(0.975, df) * whole["se"]
    assert (whole["lower"], whole["upper"]) == pytest.approx((whole["value"] - reach, whole["value"] + reach))


def test_a_sum_of_correlated_parts_has_the_fewest_df_of_its_parts() -> None:
    """Satterthwaite's formula holds for independent errors only: with a correlation, no more than the weakest part has."""
    parts = [of_survey(6, 1), of_survey(21, 2)]
    one, two = map(row, parts)
    for order in (parts, parts[::-1]):
        whole = row(fl.synthesis.add(order, correlation=0.5, interval="wald"))
        assert whole["df"] == 5
        assert whole["se"] == pytest.approx(math.sqrt(one["se"] ** 2 + two["se"] ** 2 + one["se"] * two["se"]))
        reach = stats.t.ppf(0.975, 5) * whole["se"]
        assert (whole["lower"], whole["upper"]) == pytest.approx((whole["value"] - reach, whole["value"] + reach))


def test_a_ratio_and_a_change_have_the_fewest_df_of_both() -> None:
    few, many = of_survey(6, 1), of_survey(21, 2)
    for made in (fl.synthesis.ratio(few, many), fl.synthesis.ratio(many, few)):
        assert row(made)["df"] == 5
    for made in (fl.synthesis.change(few, many), fl.synthesis.change(many, few)):
        assert made.to_frame()["df"].tolist() == [5] * len(made)
