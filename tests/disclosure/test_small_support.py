"""Attack (iv): a figure of 12 respondents and 1 case stands nowhere, whatever it is called and however it was joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DESIGN = fl.Design(weights="w", psu="ea", expands=True)


def tiny(seed: int = 1) -> pd.DataFrame:
    """A domain of 12 respondents with 1 case, beside one that may be printed."""
    rng = np.random.default_rng(seed)
    small = pd.DataFrame({"area": "small", "ea": [f"s{i // 4}" for i in range(12)], "fl": [1] + [0] * 11})
    large = pd.DataFrame({"area": "large", "ea": [f"l{i // 15}" for i in range(600)], "fl": [1] * 40 + [0] * 560})
    both = pd.concat([small, large.assign(fl=rng.permutation(large["fl"].to_numpy()))], ignore_index=True)
    return both.assign(w=np.round(rng.uniform(80, 120, len(both)), 2), income=np.round(rng.uniform(10, 90, len(both))))


def prevalence(seed: int = 1, **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(tiny(seed), "fl", design=DESIGN, by="area", **more)


def imputed() -> fl.Estimates:
    return fl.pool([prevalence(seed) for seed in (1, 2, 3)])


def unnamed() -> fl.Estimates:
    made = prevalence()
    return replace(made, frame=made.frame.assign(method="novel"))


def combined() -> fl.Estimates:
    return fl.synthesis.combine([prevalence(1).select(area="small"), prevalence(2).select(area="small")])


def of_small(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["area"].eq("small")] if "area" in frame and frame["area"].notna().any() else frame


@pytest.mark.parametrize("make", [prevalence, imputed, unnamed, combined])
def test_nothing_of_twelve_respondents_is_printed(make: Any) -> None:
    rows = of_small(fl.publish(make()).to_frame())
    assert len(rows)
    assert rows[["value", "se", "lower", "upper", "cases", "n", "undetermined"]].isna().all().all(), rows.T
    assert rows["publication"].eq("not_published").all()


def test_the_domain_is_not_what_a_pooled_nation_leaves() -> None:
    """The nation's cases less the only other domain's."""
    frame = fl.publish(imputed()).to_frame()
    nation, large = (frame[frame["margin"].eq("")].iloc[0], frame[frame["area"].eq("large")].iloc[0])
    assert pd.isna(nation["cases"]) or pd.isna(large["cases"]) or nation["cases"] - large["cases"] > 4


def test_a_method_that_no_list_knows_is_judged_as_respondents() -> None:
    """A row of enough people and enough cases is still printed."""
    frame = fl.publish(unnamed()).to_frame()
    assert frame[frame["margin"].eq("")]["publication"].iloc[0] in ("published", "not_published")
    assert of_small(frame)["value"].isna().all()
