"""Network scale-up of a simulated study is what R survey makes of the same ratio, with its standard error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl

HOME = Path(__file__).parent / "hidden"
DESIGN = fl.Design(weights="w", strata="stratum", psu="ea")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.read_csv(HOME / "scale_up.csv")


@pytest.fixture(scope="module")
def peer() -> dict[str, Any]:
    return json.loads((HOME / "scale_up.json").read_text(encoding="utf-8"))


def same(made: fl.Estimates, expected: list[float]) -> bool:
    return [made.value, made.se] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("estimator", ["ratio-of-sums", "mean-of-ratios"])
def test_scale_up_as_in_r(people: pd.DataFrame, peer: dict[str, Any], estimator: Any) -> None:
    made = fl.hidden.scale_up(
        people, "hidden", known=peer["known"], population=peer["population"], design=DESIGN, estimator=estimator
    )
    assert same(made, peer[estimator.replace("-", "_")])


def test_domains_as_in_r(people: pd.DataFrame, peer: dict[str, Any]) -> None:
    made = fl.hidden.scale_up(
        people, "hidden", known=peer["known"], population=peer["population"], design=DESIGN, by="stratum", reports_about="population"
    )  # fmt: skip
    for stratum in ("rural", "urban"):
        assert same(made[stratum], peer[f"ratio_of_sums_{stratum}"])


def test_network_sizes_as_in_r(people: pd.DataFrame, peer: dict[str, Any]) -> None:
    given: dict[str, Any] = {"known": peer["known"], "population": peer["population"], "design": DESIGN}
    assert same(fl.hidden.network_size(people, **given), peer["mean_network_size"])
    quartiles = fl.hidden.network_size(people, probabilities=[0.25, 0.5, 0.75], **given)
    assert quartiles.frame["value"].tolist() == pytest.approx(peer["network_quartiles"])


def test_back_estimates_as_in_r(people: pd.DataFrame, peer: dict[str, Any]) -> None:
    back = fl.hidden.back_estimates(people, known=peer["known"], population=peer["population"], design=DESIGN)
    for group in ("teachers", "gave_birth"):
        assert same(back.select(outcome=group), peer[f"back_{group}"])


def test_the_study_is_drawn_again_by_its_seed(people: pd.DataFrame) -> None:
    drawn = fl.hidden.simulate_scale_up(respondents=200, psus=20, seed=26)
    pd.testing.assert_frame_equal(drawn.people, people, check_dtype=False)
