"""Tests of a list experiment: the design effect in closed cases, what a direct question says, and their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.estimators.hidden.indirect.list_tests import _one_sided, _weights  # pyright: ignore[reportPrivateUsage]
from tests.unit.reporting import few

SRS = fl.Design(unweighted=True)


def few_of_list_experiment_test() -> fl.Estimates:
    people = few.few().assign(treatment=lambda f: np.arange(len(f)) % 2, count=lambda f: f["fl"] + 1)
    found = fl.hidden.list_experiment_test(people, "count", "treatment", items=3, design=few.DESIGN)
    assert isinstance(found, fl.SurveyTest)
    return found.rows


def drawn(n: int = 3000, **settings: Any) -> pd.DataFrame:
    return fl.hidden.simulate_list_experiment(n, **({"items": 4, "prevalence": 0.1, "psus": 60, "seed": 1} | settings))


def outcome_of(people: Any, design: fl.Design = SRS, **settings: Any) -> Any:
    return fl.hidden.list_experiment_test(people, "count", "treatment", items=4, design=design, **settings)


def test_one_cell_below_nothing_is_a_one_sided_test_of_two_proportions_doubled() -> None:
    counts = {0: [20, 60, 80, 40], 1: [32, 40, 66, 46, 16]}
    people = pd.DataFrame(
        [(arm, y) for arm, sizes in counts.items() for y, size in enumerate(sizes) for _ in range(size)],
        columns=["treatment", "count"],
    )
    found: Any = fl.hidden.list_experiment_test(people, "count", "treatment", items=3, design=SRS)
    n = 200
    p0, p1 = 20 / n, 32 / n
    se = np.sqrt(p0 * (1 - p0) / (n - 1) + p1 * (1 - p1) / (n - 1))
    assert found.rows.diagnostics["cells"]["pi(0, 1)"] == pytest.approx([p0 - p1, se], rel=1e-10)
    assert found.rows.diagnostics["cells"]["pi(1, 0)"][0] == pytest.approx(72 / n - p0)
    cells = [found.rows.diagnostics["cells"][f"pi({y}, 1)"][0] for y in range(3)]
    assert [cell < 0 for cell in cells] == [True, False, False]
    assert found.p_value == pytest.approx(2 * stats.norm.cdf((p0 - p1) / se), rel=1e-10)


def test_weights_of_sums_of_chi_squares() -> None:
    """Independent cells: half of them each bind by a coin. Equal correlations of two cells: Kudô's arccos."""
    root = np.eye(2)
    assert _weights(np.eye(2), root) == pytest.approx([0.25, 0.5, 0.25])
    rho = 0.6
    pair = np.array([[1, rho], [rho, 1]])
    assert _weights(pair, np.linalg.inv(np.linalg.cholesky(pair)))[2] == pytest.approx(
        np.arccos(rho) / (2 * np.pi), rel=1e-12
    )
    # Four thousand draws: 3 Monte Carlo errors of a share.
    assert _weights(np.eye(3), np.eye(3)) == pytest.approx(
        stats.binom.pmf(range(4), 3, 0.5), abs=3 * np.sqrt(0.25 / 4000)
    )
    statistic, p = _one_sided(np.array([-2.0, 1.0]), np.eye(2))
    assert statistic == pytest.approx(4.0)
    assert p == pytest.approx(0.5 * stats.chi2.sf(4, 1) + 0.25 * stats.chi2.sf(4, 2))
    assert _one_sided(np.array([0.1, 1.0]), np.eye(2)) == (0.0, 1.0)


def test_a_design_effect_is_found_under_every_design_and_none_is_not() -> None:
    people, clustered = drawn(design_effect=0.4), fl.Design(weights="weight", psu="psu")
    for design in (SRS, clustered, fl.replicate(people, design=clustered, kind="rao-wu", replicates=40, seed=1)):
        assert outcome_of(people, design).p_value < 0.001
    for moments in ("negative", "gms", "all"):
        assert outcome_of(drawn(), moments=moments).p_value > 0.1
    with pytest.raises(fl.FlError, match="FL-EST-645"):
        outcome_of(people, moments="some")


def test_direct_answers_are_held_against_the_arms() -> None:
    people = drawn(6000, prevalence=0.4, denial=0.5)
    found = outcome_of(people, test="placebo", direct="direct")
    yes = people[people["direct"] == 1]
    arms = [yes.loc[yes["treatment"] == arm, "count"] for arm in (0, 1)]
    assert found.estimate == pytest.approx(arms[1].mean() - arms[0].mean())
    assert found.se == pytest.approx(np.sqrt(sum(arm.var() / len(arm) for arm in arms)), rel=1e-3)
    assert found.statistic == pytest.approx((found.estimate - 1) / found.se)
    assert found.p_value > 0.01
    hidden = people.assign(direct=lambda f: np.where(f["treatment"] == 1, 0, f["direct"]))
    hidden.loc[hidden.index[:20], "direct"] = 1
    assert outcome_of(hidden, test="assignment", direct="direct").p_value < 1e-6
    rows = outcome_of(people.assign(half=lambda f: f["psu"] % 2), test="assignment", direct="direct", by="half")
    assert rows.to_frame()["quantity"].tolist()[:3] == ["p_value", "t_statistic", "tested_estimate"]
    assert "t  " in repr(found)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"test": "chi"}, "FL-EST-645"), ({"test": "placebo"}, "FL-EST-646"), ({"direct": "direct"}, "FL-EST-646"), ({"test": "placebo", "direct": "never"}, "FL-EST-648"),
        ({"test": "assignment", "direct": "never"}, "FL-EST-648"), ({"test": "placebo", "direct": "x"}, "FL-EST-644"), ({"items": 2}, "FL-EST-643"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {"items": 4} | settings
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.list_experiment_test(drawn(300).assign(never=0), "count", "treatment", design=SRS, **given)
