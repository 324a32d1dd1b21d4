"""Simulated indirect questions: the truth that was asked for, the same draw for a seed, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl

SRS = fl.Design(unweighted=True)


@pytest.mark.parametrize(
    "settings", [{}, {"slope": 1.0}, {"psus": 100, "clustering": 0.8}, {"overdispersion": 0.2}], ids=str
)
def test_the_prevalence_is_that_asked_for_whatever_goes_with_it(settings: dict[str, Any]) -> None:
    people = fl.hidden.simulate_list_experiment(20_000, prevalence=0.15, items=4, item_shares=0.4, seed=3, **settings)
    shared = {name: value for name, value in settings.items() if name != "overdispersion"}
    randomised = fl.hidden.simulate_randomised_response(20_000, prevalence=0.15, seed=3, **shared)
    control = people[people["treatment"] == 0]
    for values, expected in ((people["truth"], 0.15), (control["count"], 1.6), (randomised["truth"], 0.15)):
        # 3 standard errors, between units where there are units.
        units = values.groupby(people.loc[values.index, "psu"]).mean() if settings.get("psus") else values
        assert values.mean() == pytest.approx(expected, abs=3 * units.std() / np.sqrt(len(units)))
    assert abs(people["treatment"].mean() - 0.5) < 0.01


def test_a_seed_gives_the_same_people() -> None:
    for draw in (
        lambda seed: fl.hidden.simulate_list_experiment(50, psus=5, seed=seed),
        lambda seed: fl.hidden.simulate_randomised_response(50, anchor_probability=0.1, seed=seed),
    ):
        assert draw(4).equals(draw(4))
        assert not draw(4).equals(draw(5))
        assert not draw(None).equals(draw(None))


def test_arms_are_halves_of_every_unit() -> None:
    people = fl.hidden.simulate_list_experiment(400, psus=20, seed=1)
    assert people.groupby("psu")["treatment"].mean().tolist() == [0.5] * 20


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"n": 0}, "FL-EST-656"), ({"n": 10.5}, "FL-EST-656"), ({"prevalence": 1.2}, "FL-EST-656"), ({"items": 0}, "FL-EST-656"),
        ({"slope": float("nan")}, "FL-EST-656"), ({"clustering": -1}, "FL-EST-656"), ({"ceiling": "0.5"}, "FL-EST-656"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.simulate_list_experiment(**({"n": 100} | settings))
    with pytest.raises(fl.FlError, match="FL-EST-65"):
        fl.hidden.simulate_randomised_response(100, probabilities=0.5)


def test_estimates_recover_it() -> None:
    """25 samples each: bias within 3 Monte Carlo errors, and 95 % limits that cover in 3 errors of 25 tries."""
    found: dict[str, list[tuple[float, float, float]]] = {"list": [], "warner": []}
    for seed in range(25):
        people = fl.hidden.simulate_list_experiment(800, prevalence=0.2, items=3, psus=40, clustering=0.5, seed=seed)
        one = fl.hidden.list_experiment(
            people, "count", "treatment", items=3, design=fl.Design(psu="psu", unweighted=True)
        )
        found["list"].append((one.value, *one.interval))
        people = fl.hidden.simulate_randomised_response(800, prevalence=0.2, psus=40, clustering=0.5, seed=seed)
        two = fl.hidden.randomised_response(
            people, "answer", model="warner", probabilities=0.2, design=fl.Design(psu="psu", unweighted=True)
        )
        found["warner"].append((two.value, *two.interval))
    for rows in found.values():
        value, lower, upper = np.array(rows).T
        assert abs(value.mean() - 0.2) < 3 * value.std(ddof=1) / np.sqrt(25)
        assert np.mean((lower <= 0.2) & (0.2 <= upper)) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 25)
