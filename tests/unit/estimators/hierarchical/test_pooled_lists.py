"""Pooled case lists: totals of joint draws, sparse strata, one shared model against the classical one, faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from studies.recovery_models import draw_regions_of_lists

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.histories import CaptureHistories

Prior = fl.hierarchical.Prior
STRATA, SIZES = draw_regions_of_lists(np.random.default_rng(4))


@pytest.fixture(scope="module")
def pooled() -> fl.Estimates:
    return fl.hierarchical.capture_recapture(STRATA, by="region", draws=400, seed=1)


def histories(counts: list[int]) -> CaptureHistories:
    members = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    frame = pd.DataFrame(members, columns=["A", "B", "C"]).assign(count=counts)
    return CaptureHistories.from_counts(frame, lists=["A", "B", "C"])


def test_rows_add_up(pooled: fl.Estimates) -> None:
    frame, draws = pooled.to_frame(), np.asarray(pooled.draws)
    assert frame["quantity"].tolist() == ["population_size", "dark_figure"] * 11
    assert frame["region"].tolist()[2::2] == list(STRATA)
    assert frame["n"].tolist()[2::2] == [table.n for table in STRATA.values()]
    np.testing.assert_allclose(draws[:, 2::2].sum(axis=1), draws[:, 0])
    np.testing.assert_allclose(
        draws[:, 0::2] - draws[:, 1::2], np.tile(frame["n"].to_numpy(dtype=float)[::2], (400, 1))
    )
    assert (frame["value"] - frame["value"].shift(-1)).iloc[::2].tolist() == frame["n"].tolist()[::2]
    assert pooled.diagnostics["importance_pareto_k"] < 0.7
    assert set(frame["method"]) == {"lists-pooled"}


def test_strata_without_an_estimate_of_their_own_are_named(pooled: fl.Estimates) -> None:
    alone = [cr.check(table, "two-way").code > 0 for table in STRATA.values()]
    named = {reason.row for reason in pooled.reasons if reason.code == "stratum_no_estimate_alone"}
    assert named == {row for position, none in enumerate(alone) if none for row in (2 * position + 2, 2 * position + 3)}
    frame = pooled.to_frame()
    assert np.isfinite(frame["upper"]).all()
    assert (frame["upper"] < 20 * frame["n"]).all()


def test_strata_that_are_alike_give_the_whole_s_classical_estimate() -> None:
    """Four copies of a table and hardly any spread allowed: the log-linear estimate of their sum, within its own interval's tenth."""
    one = histories([400, 600, 500, 60, 50, 80, 10])
    prior = Prior(sigma="half-normal(0.05)")
    found = (
        fl.hierarchical.capture_recapture(dict.fromkeys("wxyz", one), prior=prior, draws=10, seed=1).to_frame().iloc[0]
    )
    whole = cr.loglinear(histories([4 * k for k in (400, 600, 500, 60, 50, 80, 10)]), "two-way").to_frame().iloc[0]
    assert abs(found["value"] - whole["value"]) < 0.1 * (whole["upper"] - whole["lower"])
    assert found["se"] == pytest.approx(whole["se"], rel=0.15)


def test_a_list_empty_in_a_stratum_and_lists_in_another_order() -> None:
    """Nobody of a stratum on list A; another stratum has its lists in another order."""
    strata = {
        "one": histories([40, 60, 50, 6, 5, 8, 1]),
        "empty": histories([0, 60, 50, 0, 0, 8, 0]),
        "turned": CaptureHistories.from_counts(
            pd.DataFrame({"C": [1, 0, 1], "B": [0, 1, 1], "A": [0, 0, 1], "count": [30, 40, 5]}), lists=["C", "B", "A"]
        ),
    }
    found = fl.hierarchical.capture_recapture(strata, terms="main", draws=10, seed=1)
    frame = found.to_frame()
    assert np.isfinite(frame[["value", "lower", "upper"]]).all(axis=None)
    assert frame["n"].tolist()[2::2] == [170, 118, 75]


def test_two_lists_are_independent_or_nothing() -> None:
    pair = {name: _two(name) for name in ("n", "s", "w")}
    found = fl.hierarchical.capture_recapture(pair, terms="main", draws=10, seed=1).to_frame()
    assert len(found) == 8
    with pytest.raises(EstimateFault) as caught:
        fl.hierarchical.capture_recapture(pair, terms="two-way")
    assert caught.value.code == "FL-EST-32"


def _two(name: str) -> CaptureHistories:
    size = {"n": 40, "s": 25, "w": 9}[name]
    frame = pd.DataFrame({"A": [1, 0, 1], "B": [0, 1, 1], "count": [size, 2 * size, size // 4]})
    return CaptureHistories.from_counts(frame, lists=["A", "B"])


@pytest.mark.parametrize(
    ("code", "strata", "given"),
    [
        ("FL-EST-117", {"one": histories([40, 60, 50, 6, 5, 8, 1])}, {}),
        ("FL-EST-117", {"one": histories([40, 60, 50, 6, 5, 8, 1]), "two": _two("n")}, {}),
        ("FL-EST-117", [1, 2], {}),
        ("FL-EST-116", STRATA, {"prior": Prior(intercept="flat")}),
        ("FL-EST-116", STRATA, {"prior": Prior(sigma={"regions": "half-normal(1)"})}),
        ("FL-EST-107", STRATA, {"sampler": "gibbs"}),
        ("FL-EST-31", STRATA, {"terms": "all"}),
    ],
)
def test_faults(code: str, strata: Any, given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault) as caught:
        fl.hierarchical.capture_recapture(strata, **given)
    assert caught.value.code == code


@pytest.mark.slow
def test_markov_chains_give_the_same(pooled: fl.Estimates) -> None:
    """Medians within four Monte Carlo standard errors of both."""
    chains = fl.hierarchical.capture_recapture(STRATA, by="region", sampler="nuts", draws=400, seed=2)
    ess = min(chains.diagnostics["ess_bulk_min"], chains.diagnostics["ess_tail_min"])
    both = 1 / ess + 1 / pooled.diagnostics["importance_points"]
    ours, theirs = pooled.to_frame(), chains.to_frame()
    assert (np.abs(ours["value"] - theirs["value"]) <= 4 * 1.25 * theirs["se"] * np.sqrt(both) + 1).all()
