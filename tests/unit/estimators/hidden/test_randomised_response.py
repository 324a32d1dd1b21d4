"""Randomised response: every device by enumeration, finite populations exactly, crosswise with an anchor, regression, refusals."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.estimators.hidden.indirect.randomised_devices import MODELS, device_of
from tests.unit.reporting import few

SRS = fl.Design(unweighted=True)
CLUSTERED = fl.Design(weights="weight", psu="psu")
DEVICES: dict[str, Any] = {
    "warner": 0.2, "forced": {"truth": 0.7, "yes": 0.1}, "unrelated": {"sensitive": 0.6, "unrelated": 0.25}, "kuk": {"concerned": 0.8, "others": 0.3},
    "mangat": 0.7, "disguised": 0.8, "crosswise": 0.15, "triangular": 0.25,
}  # fmt: skip
FORCED: dict[str, Any] = {"model": "forced", "probabilities": {"yes": 1 / 6, "no": 1 / 6}}


def two(ones: int, n: int) -> pd.DataFrame:
    return pd.DataFrame({"answer": [1] * ones + [0] * (n - ones)})


def drawn(n: int = 1200, **settings: Any) -> pd.DataFrame:
    given = {"model": "forced", "probabilities": {"yes": 0.1, "no": 0.1}, "prevalence": 0.2, "psus": 40, "seed": 5}
    made = fl.hidden.simulate_randomised_response(n, **(given | settings))
    return made.assign(region=np.where(made["psu"] % 3 == 0, "north", "south"))


def made(people: Any, design: fl.Design = SRS, **settings: Any) -> fl.Estimates:
    given: dict[str, Any] = {"model": "forced", "probabilities": {"yes": 0.1, "no": 0.1}}
    return fl.hidden.randomised_response(people, "answer", design=design, **(given | settings))


def few_of_randomised_response() -> fl.Estimates:
    return fl.hidden.randomised_response(few.few(), "fl", model="warner", probabilities=0.2, design=few.DESIGN)


def few_of_regress_randomised_response() -> fl.Estimates:
    people = few.few().assign(answer=lambda f: np.where(np.arange(len(f)) % 3 == 0, 1, f["fl"]))
    return fl.hidden.regress_randomised_response(people, "answer ~ 1", **FORCED, design=few.DESIGN)


def chance_of_one(model: str, concerned: bool) -> float:
    """P(1) by what a person does, drawn card by drawn card."""
    p = DEVICES[model]
    if model == "warner":
        return p if concerned else 1 - p
    if model == "forced":
        return p["yes"] + p["truth"] * concerned
    if model == "unrelated":
        return p["sensitive"] * concerned + (1 - p["sensitive"]) * p["unrelated"]
    if model == "kuk":
        return p["concerned"] if concerned else p["others"]
    if model == "mangat":  # says so, or is sent to a Warner device
        return 1.0 if concerned else 1 - p
    if model == "disguised":
        return p if concerned else 1 - p
    harmless = p
    if model == "crosswise":  # both or neither
        return harmless if concerned else 1 - harmless
    return 1.0 if concerned else harmless  # triangular: at least one


@pytest.mark.parametrize("model", MODELS)
def test_every_device_says_what_a_person_with_it_does(model: Any) -> None:
    device = device_of(model, DEVICES[model])
    assert device.base == pytest.approx(chance_of_one(model, concerned=False), abs=1e-12)
    assert device.base + device.slope == pytest.approx(chance_of_one(model, concerned=True), abs=1e-12)
    share = device.base + 0.3 * device.slope
    n, ones = 1000, round(1000 * share)
    found = fl.hidden.randomised_response(two(ones, n), "answer", model=model, probabilities=DEVICES[model], design=SRS)
    lam = ones / n
    assert found.value == pytest.approx((lam - device.base) / device.slope, rel=1e-12)
    # The binomial variance with n − 1, as RRreg gives it.
    assert found.se == pytest.approx(np.sqrt(lam * (1 - lam) / (n - 1)) / abs(device.slope), rel=1e-12)
    assert found.to_frame()["method"].iloc[0] == f"rr-{model}"
    assert found.to_frame()["deff"].iloc[0] == pytest.approx(1.0)


def test_published_figures_of_two_packages() -> None:
    """RRreg 0.7.5 (UQTknown, 410 of 1,800; Crosswise, 1,710 of 2,000): the call holds the data."""
    one = fl.hidden.randomised_response(
        two(410, 1800), "answer", model="unrelated", probabilities={"sensitive": 0.7, "unrelated": 0.4}, design=SRS
    )
    assert (one.value, one.se) == pytest.approx((0.1539682539683, 0.01412580483634), rel=1e-10)
    other = fl.hidden.randomised_response(
        two(1710, 2000), "answer", model="crosswise", probabilities=1 / 12, design=SRS
    )
    assert (other.value, other.se) == pytest.approx((0.074, 0.009450219750178), rel=1e-10)


def test_in_a_finite_population_the_variance_is_unbiased_over_samples_and_devices() -> None:
    """Every sample of 2 of 4 and every answer of it, with its chance: the mean of the variance is the variance of the estimate."""
    truth, device = [1, 0, 0, 1], device_of("warner", 0.25)
    rows: list[tuple[float, float, float]] = []
    for sample in combinations(range(4), 2):
        for answer in product((0, 1), repeat=2):
            chances = [device.base + device.slope * truth[who] for who in sample]
            chance = np.prod([p if z else 1 - p for p, z in zip(chances, answer, strict=True)]) / 6
            people = pd.DataFrame({"answer": answer, "w": 2.0, "N": 4})
            found = fl.hidden.randomised_response(
                people, "answer", model="warner", probabilities=0.25, design=fl.Design(weights="w", fpc="N")
            )
            rows.append((float(chance), found.value, found.se**2))
    chance, value, variance = np.array(rows).T
    assert chance.sum() == pytest.approx(1.0)
    assert chance @ value == pytest.approx(0.5, rel=1e-12)
    assert chance @ variance == pytest.approx(chance @ (value - 0.5) ** 2, rel=1e-10)


@pytest.mark.slow
def test_two_stages_with_fractions_are_unbiased_too() -> None:
    """Units of 2 and 3 people of 3 each: two of three units, then two of three people; enumerated with every answer."""
    truth, device = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]]), device_of("kuk", {"concerned": 0.9, "others": 0.2})
    pairs = list(combinations(range(3), 2))
    mean = square = expected = 0.0
    design = fl.Design(weights="w", stages=("unit", "row"), fpc=("N1", "N2"))
    for units in pairs:
        for picked in product(pairs, repeat=2):
            who = [(unit, person) for unit, people in zip(units, picked, strict=True) for person in people]
            chances = [device.base + device.slope * truth[at] for at in who]
            for answer in product((0, 1), repeat=4):
                chance = float(np.prod([p if z else 1 - p for p, z in zip(chances, answer, strict=True)])) / 27
                frame = pd.DataFrame({
                    "answer": answer, "unit": [unit for unit, _ in who], "row": range(4), "w": 9 / 4, "N1": 3, "N2": 3,
                })  # fmt: skip
                found = fl.hidden.randomised_response(
                    frame, "answer", model="kuk", probabilities={"concerned": 0.9, "others": 0.2}, design=design
                )
                mean += chance * found.value
                square += chance * found.value**2
                expected += chance * found.se**2
    assert mean == pytest.approx(truth.mean(), rel=1e-10)
    assert expected == pytest.approx(square - mean**2, rel=1e-10)


def test_domains_clusters_replicates_and_engines() -> None:
    people = drawn()
    rows = made(people, CLUSTERED, by="region")
    alone = made(people, CLUSTERED, where="region == 'north'")
    assert (rows["north"].value, rows["north"].se) == pytest.approx((alone.value, alone.se), rel=1e-10)
    direct = fl.estimate_mean(people, "answer", design=CLUSTERED, by="region")
    assert rows.to_frame()["se"].tolist() == pytest.approx((direct.to_frame()["se"] / 0.8).tolist(), rel=1e-10)
    assert rows.covariance == pytest.approx(direct.covariance / 0.64, rel=1e-8)
    replicated = fl.replicate(people, design=CLUSTERED, kind="jk1")
    assert made(people, replicated).se == pytest.approx(fl.estimate_mean(people, "answer", design=replicated).se / 0.8)
    shuffled = pl.from_pandas(people.sample(frac=1, random_state=2))
    assert made(shuffled, CLUSTERED, by="region").to_frame()["se"].tolist() == pytest.approx(
        rows.to_frame()["se"].tolist(), rel=1e-10
    )


@pytest.mark.parametrize("kind", ["korn-graubard", "beta", "logit", "wilson", "jeffreys"])
def test_limits_of_the_answers_are_turned_back(kind: Any) -> None:
    people = two(300, 1500)
    found = fl.hidden.randomised_response(
        people, "answer", model="crosswise", probabilities=0.9, interval=kind, design=SRS
    )
    answers = fl.estimate_prevalence(people, "answer", design=SRS, interval=kind, df="domain")
    assert found.interval == pytest.approx(tuple((limit - 0.1) / 0.8 for limit in answers.interval), rel=1e-10)
    turned = fl.hidden.randomised_response(
        people, "answer", model="crosswise", probabilities=0.1, interval=kind, design=SRS
    )
    assert turned.lower < turned.value < turned.upper


def anchored(people: Any, design: fl.Design = SRS, **settings: Any) -> fl.Estimates:
    given: dict[str, Any] = {"model": "crosswise", "probabilities": 0.15, "anchor": "anchor", "anchor_probability": 0.1}
    return fl.hidden.randomised_response(people, "answer", design=design, **(given | settings))


def test_the_anchor_corrects_coin_tossing_and_its_error_is_that_of_many_samples() -> None:
    found: list[tuple[float, float, float]] = []
    for seed in range(30):
        people = fl.hidden.simulate_randomised_response(
            2000,
            model="crosswise",
            probabilities=0.15,
            prevalence=0.1,
            inattention=0.2,
            anchor_probability=0.1,
            seed=seed,
        )
        naive = fl.hidden.randomised_response(people, "answer", model="crosswise", probabilities=0.15, design=SRS)
        mended = anchored(people)
        found.append((naive.value, mended.value, mended.se))
    naive, value, se = np.array(found).T
    assert abs(value.mean() - 0.1) < 3 * value.std(ddof=1) / np.sqrt(30)
    assert naive.mean() > 0.15
    # The standard deviation of 30 estimates has a Monte Carlo error of 1/√58.
    assert se.mean() / value.std(ddof=1) == pytest.approx(1.0, abs=3 / np.sqrt(58))


def test_the_anchor_by_hand_and_by_the_jackknife() -> None:
    people = fl.hidden.simulate_randomised_response(
        2000,
        model="crosswise",
        probabilities=0.15,
        prevalence=0.2,
        inattention=0.2,
        anchor_probability=0.1,
        psus=50,
        seed=1,
    )
    w = people["weight"]
    share, anchor = (np.average(people[name], weights=w) for name in ("answer", "anchor"))
    attentive = (anchor - 0.5) / (0.5 - 0.1)
    made = anchored(people, CLUSTERED)
    assert made.diagnostics["attentive"] == pytest.approx(attentive, rel=1e-12)
    assert made.value == pytest.approx(0.5 + (share - 0.5) / (attentive * (2 * 0.15 - 1)), rel=1e-12)
    assert made.to_frame()["method"].iloc[0] == "crosswise-corrected"
    jackknife = anchored(people, fl.replicate(people, design=CLUSTERED, kind="jk1"))
    assert jackknife.se == pytest.approx(made.se, rel=0.02)  # they differ by terms of the order of 1/units
    model = fl.hidden.regress_randomised_response(
        people,
        "answer ~ 1",
        model="crosswise",
        probabilities=0.15,
        anchor="anchor",
        anchor_probability=0.1,
        design=CLUSTERED,
    )
    assert 1 / (1 + np.exp(-model.value)) == pytest.approx(made.value, rel=1e-8)
    # The error of γ is in the coefficient: by the delta method both are the same.
    assert model.se * made.value * (1 - made.value) == pytest.approx(made.se, rel=1e-6)


def test_without_attention_nothing_is_known() -> None:
    people = drawn(400, model="crosswise", probabilities=0.15).assign(anchor=lambda f: np.arange(len(f)) % 2)
    with pytest.raises(fl.FlError, match="FL-EST-654"):
        anchored(people)
    people["anchor"] = np.where(people["region"] == "north", people["anchor"], (np.arange(400) % 10 > 0).astype(int))
    found = anchored(people, by="region")
    assert np.isnan(found["north"].value)
    assert {str(reason.code) for reason in found.reasons if reason.row == 1} == {"crosswise_not_identified"}


def test_predictions_of_a_model_without_covariates_and_of_one_class() -> None:
    people = drawn()
    assert made(people, CLUSTERED, covariates="1").value == pytest.approx(made(people, CLUSTERED).value, rel=1e-8)
    rows, direct = made(people, CLUSTERED, covariates="region", by="region"), made(people, CLUSTERED, by="region")
    assert rows.to_frame()["value"].tolist() == pytest.approx(direct.to_frame()["value"].tolist(), rel=1e-6)
    assert rows.to_frame()["se"].tolist() == pytest.approx(direct.to_frame()["se"].tolist(), rel=1e-6)
    again = made(people, fl.replicate(people, design=CLUSTERED, kind="jk1"), covariates="x")
    assert again.se == pytest.approx(made(people, CLUSTERED, covariates="x").se, rel=0.05)


def test_regression_recovers_what_was_drawn_and_gives_every_domain() -> None:
    people = drawn(20_000, slope=0.8, psus=400)
    found = fl.hidden.regress_randomised_response(
        people, "answer ~ x", model="forced", probabilities={"yes": 0.1, "no": 0.1}, design=CLUSTERED, by="region"
    )
    row = found.to_frame().query("term == 'x' and margin == ''").iloc[0]
    assert abs(row["value"] - 0.8) < 3 * row["se"]
    assert found.to_frame()["term"].tolist() == ["Intercept", "x"] * 3
    whole = fl.hidden.regress_randomised_response(
        people, "answer ~ x", model="forced", probabilities={"yes": 0.1, "no": 0.1}, design=SRS
    )
    for name in ("model_se", "scores_se"):
        assert whole.diagnostics[name] == pytest.approx(whole.to_frame()["se"].tolist(), rel=0.05)


def test_what_rules_judge() -> None:
    found = made(drawn(), CLUSTERED)
    assert found.support.respondents[0] == pytest.approx(min(0.25 / found.se**2, 1200))
    assert found.support.cases[0] == min(drawn()["answer"].value_counts())
    assert fl.publish(found).to_frame()["publication"].tolist() == ["published"]
    for ones in (3, 497):
        alone = fl.hidden.randomised_response(two(ones, 500), "answer", **FORCED, design=SRS)
        assert fl.publish(alone).to_frame()["publication"].tolist() == ["not_published"]
    nothing = fl.hidden.randomised_response(two(0, 500), "answer", **FORCED, design=SRS)
    assert nothing.value == pytest.approx(-0.25)
    assert fl.publish(nothing).to_frame()["publication"].tolist() == ["not_published"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"model": "bernoulli"}, "FL-EST-650"), ({"probabilities": 0.2}, "FL-EST-651"), ({"probabilities": {"yes": 0.5, "no": 0.6}}, "FL-EST-651"),
        ({"probabilities": {"yes": 0.5, "maybe": 0.1}}, "FL-EST-651"), ({"model": "warner", "probabilities": 0.5}, "FL-EST-651"),
        ({"model": "warner", "probabilities": 1.2}, "FL-EST-651"), ({"model": "warner", "probabilities": True}, "FL-EST-651"),
        ({"model": "warner", "probabilities": [0.2]}, "FL-EST-651"), ({"probabilities": {"truth": 0.0, "yes": 0.5}}, "FL-EST-651"),
        ({"model": "kuk", "probabilities": {"concerned": 0.5, "others": 0.5}}, "FL-EST-651"), ({"answer": "psu"}, "FL-EST-652"),
        ({"answer": "region"}, "FL-EST-652"), ({"interval": "log"}, "FL-EST-653"), ({"interval": "logit", "covariates": "x"}, "FL-EST-653"),
        ({"anchor": "answer"}, "FL-EST-653"), ({"model": "crosswise", "probabilities": 0.2, "anchor": "answer", "anchor_probability": 0.5}, "FL-EST-653"),
        ({"unknown": "no"}, "FL-EST-13"), ({"answer": "nobody"}, "FL-EST-02"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings: dict[str, Any], code: str) -> None:
    given = {"answer": "answer", "model": "forced", "probabilities": {"yes": 0.1, "no": 0.1}} | settings
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.randomised_response(drawn(200), design=SRS, **given)


def test_a_share_below_nothing_has_no_maximum() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-655"):
        fl.hidden.regress_randomised_response(two(10, 500), "answer ~ 1", **FORCED, design=SRS)
