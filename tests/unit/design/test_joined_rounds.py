"""Rounds that share sampling units, joined: independent and identical rounds come out exactly, a rotating panel's variance is right on average."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import FlError

DESIGN = fl.Design(weights="w", strata="st", psu="ea", expands=True)


def sample(rng: np.random.Generator, first: int, units: int = 6, strata: int = 3, size: int = 5) -> pd.DataFrame:
    """`units` areas of each stratum, numbered from `first`, of five people each."""
    at = np.arange(strata * units * size)
    return pd.DataFrame({
        "st": at // (units * size), "ea": first + at // size % units, "w": 10.0 + at % 7, "fl": (rng.random(len(at)) < 0.3).astype(int),
        "person": at // (units * size) * 100_000 + (first + at // size % units) * 100 + at % size,
    })  # fmt: skip


def by_round(parts: dict[str, Any], **more: Any) -> fl.Estimates:
    people, design = fl.join_rounds(parts, **({"overlap": "psu", "design": DESIGN} | more))
    return fl.estimate_prevalence(people, "fl", design=design, by="round")


def of_rounds(rounds: fl.Estimates) -> Any:
    at = np.flatnonzero((rounds.frame["margin"] == "round").to_numpy())
    return rounds.covariance[np.ix_(at, at)]


@pytest.mark.parametrize("overlap", ["none", "psu", "person"])
def test_rounds_without_a_common_unit_are_independent(overlap: str) -> None:
    rng = np.random.default_rng(1)
    parts = {"2021": sample(rng, 0), "2024": sample(rng, 50)}
    alone = [fl.estimate_prevalence(part, "fl", design=DESIGN) for part in parts.values()]
    joined = by_round(parts, overlap=overlap)
    np.testing.assert_allclose(of_rounds(joined), np.diag([one.se**2 for one in alone]), rtol=1e-12, atol=1e-18)
    change = fl.synthesis.changes(joined, column="round")
    assert change.se == pytest.approx(math.hypot(*(one.se for one in alone)))
    assert joined.to_frame()["df"].tolist()[1:] == [one.to_frame()["df"].iloc[0] for one in alone]


@pytest.mark.parametrize("overlap", ["psu", "person"])
def test_the_same_sample_with_the_same_answers_has_no_error_of_change(overlap: str) -> None:
    part = sample(np.random.default_rng(2), 0)
    joined = by_round({"2021": part, "2024": part}, overlap=overlap)
    change = fl.synthesis.changes(joined, column="round")
    assert (change.value, change.se) == (0, pytest.approx(0, abs=1e-9))
    np.testing.assert_allclose(of_rounds(joined), fl.estimate_prevalence(part, "fl", design=DESIGN).se ** 2, rtol=1e-9)


def test_a_full_panel_is_the_stack_with_its_units() -> None:
    """All units in both rounds: one group a stratum, so that the plain design of the stack says the same."""
    rng = np.random.default_rng(3)
    parts = {"2021": sample(rng, 0), "2024": sample(rng, 0)}
    stacked = pd.concat([part.assign(round=label) for label, part in parts.items()])
    plain = fl.estimate_prevalence(stacked, "fl", design=DESIGN, by="round")
    np.testing.assert_allclose(of_rounds(by_round(parts)), of_rounds(plain), rtol=1e-12)


def test_persons_link_units_whose_names_changed() -> None:
    rng = np.random.default_rng(4)
    first, second = sample(rng, 0), sample(rng, 3)
    renamed = second.assign(ea=second["ea"] * 7 + 100)
    np.testing.assert_allclose(
        of_rounds(by_round({"2021": first, "2024": renamed}, overlap="person")),
        of_rounds(by_round({"2021": first, "2024": second}, overlap="psu")), rtol=1e-12,
    )  # fmt: skip


def test_persons_are_the_units_where_there_are_no_others() -> None:
    rng = np.random.default_rng(5)
    first = sample(rng, 0)
    second = first.assign(fl=(rng.random(len(first)) < 0.3).astype(int))
    joined = by_round({"2021": first, "2024": second}, overlap="person", design=fl.Design(weights="w", strata="st"))
    scores = [
        part["w"] * (part["fl"] - np.average(part["fl"], weights=part["w"])) / part["w"].sum()
        for part in (first, second)
    ]
    by_hand = 0.0
    for _, at in first.groupby("st").groups.items():
        a, b = scores[0][at], scores[1][at]
        by_hand += len(at) / (len(at) - 1) * float(np.sum((a - a.mean()) * (b - b.mean())))
    assert of_rounds(joined)[0, 1] == pytest.approx(by_hand)


def test_a_unit_that_is_alone_in_its_group_joins_the_largest_and_a_single_one_stays_a_fault() -> None:
    rng = np.random.default_rng(6)
    parts = {"2021": sample(rng, 0), "2024": sample(rng, 1)}
    joined = by_round(parts)
    alone = [fl.estimate_prevalence(part, "fl", design=DESIGN).se for part in parts.values()]
    assert np.sqrt(np.diagonal(of_rounds(joined))) == pytest.approx(alone, rel=0.2)
    first = parts["2021"]
    single = first[(first["st"] > 0) | (first["ea"] == 0)]
    with pytest.raises(FlError, match="FL-DESIGN-12"):
        by_round({"2021": single, "2024": parts["2024"]})


def test_lazy_frames_stay_lazy_and_say_the_same() -> None:
    rng = np.random.default_rng(7)
    parts = {"2021": sample(rng, 0), "2024": sample(rng, 3)}
    for overlap in ("none", "psu", "person"):
        lazy = {label: pl.from_pandas(part).lazy() for label, part in parts.items()}
        people, _ = fl.join_rounds(lazy, overlap=overlap, design=DESIGN)
        assert isinstance(people, pl.LazyFrame)
        np.testing.assert_allclose(
            of_rounds(by_round(lazy, overlap=overlap)), of_rounds(by_round(parts, overlap=overlap)), rtol=1e-12
        )


def test_classified_rounds_stay_classified() -> None:
    answers = pd.DataFrame(
        {
            "age": 30,
            "w_low_no_wage": ["yes", "no", "yes", "no"] * 10,
            "c_docs": ["yes", "no"] * 20,
            "ea": np.arange(40) // 4,
        }
    )
    classes = [fl.classify(answers, short_instrument=True), fl.classify(answers.assign(extra=1), short_instrument=True)]
    people, design = fl.join_rounds(
        dict(zip(("2021", "2024"), classes, strict=True)), overlap="psu", design=fl.Design(psu="ea", unweighted=True)
    )
    assert isinstance(people, fl.Classification)
    assert people.design == design
    assert "extra" not in people.people
    made = fl.estimate_prevalence(people, "forced_labour", by="round")
    assert fl.synthesis.changes(made, column="round").se == pytest.approx(0, abs=1e-12)
    assert made.provenance.arguments["framework"] == ["icls2018_adult (2018-10-19)"]
    other = fl.classify(answers, "htshtc2012_adult", short_instrument=True)
    with pytest.raises(FlError, match=r"(?s)FL-EST-760.*framework"):
        fl.join_rounds({"a": classes[0], "b": other}, overlap="psu", design=fl.Design(psu="ea", unweighted=True))
    short = fl.classify(answers.drop(columns="c_docs").assign(c_debt="no"), short_instrument=True)
    with pytest.raises(FlError, match=r"(?s)FL-EST-760.*items"):
        fl.join_rounds({"a": classes[0], "b": short}, overlap="psu", design=fl.Design(psu="ea", unweighted=True))


PART = sample(np.random.default_rng(8), 0)


@pytest.mark.parametrize(
    ("code", "parts", "told"),
    [
        ("FL-EST-760", {"2021": PART}, {}),
        ("FL-EST-760", PART, {}),
        ("FL-EST-761", {"a": PART, "b": PART}, {"overlap": ""}),
        ("FL-EST-761", {"a": PART, "b": PART}, {"overlap": "psu", "design": fl.Design(weights="w")}),
        ("FL-EST-761", {"a": PART.assign(round=1), "b": PART}, {}),
        ("FL-EST-761", {"a": PART, "b": PART.assign(st=lambda f: (f["st"] + 1) % 3)}, {"overlap": "person"}),
        ("FL-EST-02", {"a": PART, "b": PART}, {"overlap": "household"}),
        ("FL-EST-02", {"a": PART, "b": PART.drop(columns="ea")}, {}),
        ("FL-EST-762", {"a": PART, "b": PART}, {"design": fl.Design(weights="w", psu="ea", fpc="w", pps="brewer")}),
        ("FL-DESIGN-06", {"a": PART, "b": PART}, {"design": None}),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_refused(code: str, parts: Any, told: dict[str, Any]) -> None:
    with pytest.raises(FlError, match=code):
        fl.join_rounds(parts, **({"overlap": "psu", "design": DESIGN} | told))


def test_calibrated_and_replicated_designs_are_refused() -> None:
    people, calibrated = fl.calibrate(PART, {"st": {0: 400, 1: 400, 2: 400}}, design=DESIGN)
    replicated = fl.replicate(PART, design=DESIGN, kind="jkn")
    for frame, design, what in ((people, calibrated, "calibrated"), (PART, replicated, "replicates")):
        with pytest.raises(FlError, match=rf"(?s)FL-EST-762.*{what}"):
            fl.join_rounds({"a": frame, "b": frame}, overlap="psu", design=design)


# --- on average -------------------------------------------------------------------------------------------------


def rotated(rng: np.random.Generator, shared: int, units: int, strata: int, same: float) -> dict[str, pd.DataFrame]:
    """Two rounds of a rotating panel: areas with effects that last, persons asked anew."""
    fresh, effect = 2 * units - shared, np.zeros((strata, 2 * units - shared, 2))
    lasting = rng.normal(size=(strata, fresh, 1))
    effect += 0.12 * (np.sqrt(same) * lasting + np.sqrt(1 - same) * rng.normal(size=effect.shape))
    level = np.linspace(0.2, 0.6, strata)[:, None, None]
    parts: dict[str, pd.DataFrame] = {}
    for t, (label, first) in enumerate((("2021", 0), ("2024", units - shared))):
        chance = np.clip(level + effect, 0.01, 0.99)[:, first : first + units, t]
        cases = rng.random((strata, units, 12)) < chance[:, :, None]
        st, ea, _ = np.meshgrid(range(strata), range(first, first + units), range(12), indexing="ij")
        parts[label] = pd.DataFrame({"st": st.ravel(), "ea": ea.ravel(), "w": 1.0, "fl": cases.astype(int).ravel()})
    return parts


def simulated(samples: int, seed: int) -> tuple[float, float, float]:
    """Mean estimated variance over the variance of the changes, for the joined design, the plain stack and independent rounds."""
    rng = np.random.default_rng(seed)
    design = fl.Design(weights="w", strata="st", psu="ea")
    changes, variances = np.zeros(samples), np.zeros((samples, 3))
    for k in range(samples):
        parts = rotated(rng, 5, 8, 4, 0.9)
        joined = fl.synthesis.changes(by_round(parts, design=design), column="round")
        stacked = pd.concat([part.assign(round=label) for label, part in parts.items()])
        plain = of_rounds(fl.estimate_prevalence(stacked, "fl", design=design, by="round"))
        changes[k] = joined.value
        variances[k] = joined.se**2, plain[0, 0] + plain[1, 1] - 2 * plain[0, 1], plain[0, 0] + plain[1, 1]
    ratios = variances.mean(axis=0) / changes.var(ddof=1)
    return float(ratios[0]), float(ratios[1]), float(ratios[2])


def test_the_variance_of_a_rotating_panel_is_right_and_independence_overstates_it() -> None:
    """60 samples: the variance of the changes is known to about ±37 % (χ² on 59), so only the gross differences can be told here."""
    joined, _, apart = simulated(60, 11)
    assert 0.6 < joined < 1.6
    assert apart > 1.2 * joined


@pytest.mark.slow
def test_the_variance_of_a_rotating_panel_is_right() -> None:
    """1,000 samples: ± 9 % is two standard errors of the ratio; the plain stack takes what rotates for a difference of strata."""
    joined, plain, apart = simulated(1_000, 12)
    assert joined == pytest.approx(1, abs=0.09)
    assert plain > 1.1
    assert apart > 1.3
