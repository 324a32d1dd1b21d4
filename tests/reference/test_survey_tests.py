"""Tests of independence, of means and of ranks agree with R survey 4.4.2, or say where R's own figure is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.design.chi_square_sums import saddlepoint
from tests.reference import r_calls

ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry
    for entry in json.loads((Path(__file__).parent / "survey" / "survey_tests.json").read_text(encoding="utf-8"))[
        "entries"
    ]
}
RTOL = 1e-10
# R multiplies the table up to all rows, those with a missing outcome as well (8,591 for 7,846): its X² is too large by
# that ratio. Its p-values and its F hold the same ratio in both parts, and agree.
ROWS_COUNTED = {"chisq/nhanes/Chisq": 7846 / 8591, "chisq/nhanes/lincom": 7846 / 8591}
# R's ranks of tied values are means over the tied rows of a running sum of weights, and depend on their order where
# weights differ; ours is the middle of the step.
TIES = {"ranktest/apistrat": 1e-3, "ranktest/synth_a": 2e-3}


def read(name: str) -> tuple[pd.DataFrame, fl.Design, tuple[str, str], dict[str, Any]]:
    entry = ENTRIES[name]
    data = f"{entry['data']}_model" if entry["data"] in ("apistrat", "apiclus1") else entry["data"]
    call = r_calls.read({**entry, "data": data, "call": "degf(d)"})
    one, other = re.findall(r"[~(]([\w.]+)[+~]([\w.]+)", entry["call"])[0]
    return call.frame, call.design, (one.replace(".", "_"), other.replace(".", "_")), entry["result"]


@pytest.mark.parametrize("name", [i for i in ENTRIES if i.startswith("chisq/") and not i.endswith("lincom")])
def test_independence(name: str) -> None:
    people, design, (row, column), theirs = read(name)
    statistic: Any = name.rsplit("/", 1)[1]
    test = fl.independence_test(people, row, column, statistic=statistic, design=design, unknown="exclude")
    np.testing.assert_allclose(test.statistic, theirs["statistic"] * ROWS_COUNTED.get(name, 1.0), rtol=RTOL)
    np.testing.assert_allclose(test.p_value, theirs["p_value"], rtol=RTOL)
    np.testing.assert_allclose(test.df, theirs["parameter"], rtol=RTOL)


@pytest.mark.parametrize("name", [i for i in ENTRIES if i.endswith("lincom")])
def test_independence_by_the_sum_of_scaled_chi_squares(name: str) -> None:
    """R's p-value cuts the fractional degrees of freedom d·df down to a whole number without changing their scale.

    With that cut, and its saddlepoint approximation, R's figure comes out to all digits; without, the exact tail is
    what `tests/unit/design/test_chi_square_sums.py` checks by another integral.
    """
    people, design, (row, column), theirs = read(name)
    test = fl.independence_test(people, row, column, statistic="lincom", design=design, unknown="exclude")
    np.testing.assert_allclose(test.statistic, theirs["statistic"] * ROWS_COUNTED.get(name, 1.0), rtol=RTOL)
    scales = np.array(test.scales)
    d = scales.sum() ** 2 / (scales**2).sum() * ENTRIES[name]["design_info"]["degf"]
    as_r = saddlepoint(test.statistic * np.floor(d) / d, scales, np.floor(d))
    np.testing.assert_allclose(as_r, theirs["p_value"], rtol=1e-8)
    near = saddlepoint(test.statistic, scales, d)
    approximated = fl.independence_test(
        people, row, column, statistic="saddlepoint", design=design, unknown="exclude"
    )  # fmt: skip
    np.testing.assert_allclose(approximated.p_value, near, rtol=1e-10)
    np.testing.assert_allclose(test.p_value, near, rtol=0.05)


@pytest.mark.parametrize("name", [i for i in ENTRIES if i.startswith("ttest/")])
def test_means_of_two_groups(name: str) -> None:
    people, design, (variable, group), theirs = read(name)
    test = fl.t_test(people, variable, group, design=design, unknown="exclude")
    ours = (test.statistic, test.p_value, test.estimate, test.lower, test.upper, *test.df)
    keys = ("statistic", "p_value", "estimate", "ci_low", "ci_high", "parameter")
    np.testing.assert_allclose(ours, [theirs[key] for key in keys], rtol=1e-9)


@pytest.mark.parametrize("name", [i for i in ENTRIES if i.startswith("ranktest/")])
def test_ranks_of_two_groups(name: str) -> None:
    people, design, (variable, group), theirs = read(name)
    test = fl.rank_test(people, variable, group, design=design, unknown="exclude")
    assert test.df == (theirs["parameter"],)
    np.testing.assert_allclose(test.statistic, theirs["statistic"], rtol=TIES[name])
    np.testing.assert_allclose(test.estimate, theirs["estimate"], rtol=TIES[name])
    shuffled = people.sample(frac=1, random_state=1)
    np.testing.assert_allclose(
        fl.rank_test(shuffled, variable, group, design=design, unknown="exclude").statistic, test.statistic, rtol=1e-9
    )


def test_ranks_without_ties_agree_to_the_last_digit() -> None:
    """R 4.5.0, survey 4.4.2: svyranktest(api00 ~ stype, svydesign(id=~dnum, weights=~pw, data=apiclus1), test=…)."""
    people = r_calls.table("apiclus1_model")
    design = fl.Design(weights="pw", psu="dnum")
    known: tuple[tuple[Any, float, float], ...] = (
        ("wilcoxon", 2.179906628085392, 0.367322261610359),
        ("van-der-waerden", 2.980472742420982, 0.264200943365003),
        ("median", 0.0918473892648855, 0.9552818630560034),
    )
    for score, chi_square, p_value in known:
        test = fl.rank_test(people, "api00", "stype", score=score, design=design)
        assert test.df == (2.0, 12.0)
        np.testing.assert_allclose(test.statistic * 2, chi_square, rtol=1e-11)
        np.testing.assert_allclose(test.p_value, p_value, rtol=1e-11)


@pytest.mark.parametrize(
    ("statistic", "value", "p_value"),
    [
        ("F", 4.375452831429, 0.0376464043951275),
        ("Chisq", 11.9408920807453, 0.0125824432264381),
        ("Wald", 2.35348148170038, 0.13148410207158),
        ("adjWald", 2.18537566157893, 0.151988549455202),
    ],
)
def test_independence_with_replicates(statistic: Any, value: float, p_value: float) -> None:
    """R 4.5.0, survey 4.4.2: svychisq(~sch.wide+stype, as.svrepdesign(svydesign(id=~dnum, weights=~pw, data=apiclus1)))."""
    people = r_calls.table("apiclus1_model")
    design = fl.replicate(people, design=fl.Design(weights="pw", psu="dnum"), kind="jk1")
    test = fl.independence_test(people, "sch_wide", "stype", statistic=statistic, design=design)
    np.testing.assert_allclose((test.statistic, test.p_value), (value, p_value), rtol=1e-11)


def test_a_mean_against_a_value() -> None:
    """R's svyttest(api00-api99 ~ 0) gives this t and mean; its df are 13, one fewer than PSUs − strata, which ours keeps."""
    people = r_calls.table("apiclus1_model")
    people = people.assign(gain=people["api00"] - people["api99"])
    test = fl.t_test(people, "gain", design=fl.Design(weights="pw", psu="dnum"))
    np.testing.assert_allclose((test.statistic, test.estimate), (11.9347127916132, 37.1912568306011), rtol=1e-12)
    assert test.df == (14.0,)
