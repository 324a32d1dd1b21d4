"""List experiments: by hand, under designs, in domains, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.unit.reporting import few

SRS = fl.Design(unweighted=True)
CLUSTERED = fl.Design(weights="weight", psu="psu")


def drawn(n: int = 1200, **settings: Any) -> pd.DataFrame:
    made = fl.hidden.simulate_list_experiment(n, **({"items": 4, "prevalence": 0.2, "psus": 40, "seed": 5} | settings))
    return made.assign(
        region=np.where(made["psu"] % 3 == 0, "north", "south"), sex=np.where(np.arange(n) % 2, "f", "m")
    )


def made(people: Any, design: fl.Design = SRS, **settings: Any) -> fl.Estimates:
    return fl.hidden.list_experiment(people, "count", "treatment", items=4, design=design, **settings)


def few_of_list_experiment() -> fl.Estimates:
    people = few.few().assign(treatment=lambda f: np.arange(len(f)) % 2, count=lambda f: f["fl"] + 1)
    return fl.hidden.list_experiment(people, "count", "treatment", items=3, design=few.DESIGN)


def few_of_regress_list_experiment() -> fl.Estimates:
    people = few.few().assign(
        treatment=lambda f: np.arange(len(f)) % 2, count=lambda f: f["fl"] + 1 + (np.arange(len(f)) % 4 == 1)
    )
    return fl.hidden.regress_list_experiment(
        people, "count ~ sex", "treatment", items=3, estimator="linear", design=few.DESIGN
    )


def test_an_unweighted_sample_gives_neymans_error() -> None:
    people = drawn()
    one, other = (people.loc[people["treatment"] == arm, "count"] for arm in (1, 0))
    found = made(people)
    assert found.value == pytest.approx(one.mean() - other.mean(), rel=1e-12)
    assert found.se == pytest.approx(np.sqrt(one.var() / len(one) + other.var() / len(other)), rel=1e-10)
    assert found.to_frame()["deff"].iloc[0] == pytest.approx(1.0, rel=1e-10)


def test_under_clusters_it_is_a_regression_on_the_arm() -> None:
    """The difference of two weighted means is the slope of the count on a 0/1 column, with the same influence."""
    people = drawn(clustering=0.6)
    model = fl.regress(people, "count ~ treatment", family="gaussian", design=CLUSTERED)["treatment"]
    found = made(people, CLUSTERED)
    assert (found.value, found.se) == pytest.approx((model.value, model.se), rel=1e-10)
    again = fl.replicate(people, design=CLUSTERED, kind="jk1")
    replicated = made(people, again)
    slope = fl.regress(people, "count ~ treatment", family="gaussian", design=again)["treatment"]
    assert replicated.se == pytest.approx(slope.se, rel=1e-10)


def test_a_domain_is_the_same_call_of_the_domain() -> None:
    people = drawn()
    rows = made(people, CLUSTERED, by=[["region"], ["sex"]])
    alone = made(people, CLUSTERED, where="region == 'north'")
    assert (rows["north"].value, rows["north"].se) == pytest.approx((alone.value, alone.se), rel=1e-10)
    assert rows["north"].to_frame()["df"].iloc[0] == alone.to_frame()["df"].iloc[0]
    assert rows.to_frame()["margin"].tolist() == ["", "region", "region", "sex", "sex"]
    # North and south share no unit: their estimates are independent, those of women and men are not.
    assert abs(rows.covariance[1, 2]) < 0.1 * abs(rows.covariance[1, 1])


@pytest.mark.parametrize("estimator", ["difference", "linear", "nls", "ml"])
def test_neither_order_nor_weight_scale_nor_engine_matters(estimator: Any) -> None:
    people = drawn(600, slope=0.4)
    more = {} if estimator == "difference" else {"estimator": estimator, "covariates": "x"}
    found = made(people, CLUSTERED, by="region", **more)
    other = people.sample(frac=1, random_state=1).assign(weight=lambda f: f["weight"] * 50)
    for again in (
        made(other, CLUSTERED, by="region", **more),
        made(pl.from_pandas(other), CLUSTERED, by="region", **more),
    ):
        for column in ("value", "se", "lower", "df"):
            # Iterations stop at a mean score of 1e-9.
            assert again.to_frame()[column].tolist() == pytest.approx(found.to_frame()[column].tolist(), rel=1e-6)


def test_doubling_every_row_as_its_own_cluster_changes_nothing() -> None:
    people = drawn(400).assign(row=lambda f: np.arange(len(f)))
    one = made(people, fl.Design(weights="weight", psu="row"))
    two = made(pd.concat([people, people]), fl.Design(weights="weight", psu="row"))
    assert (two.value, two.se) == pytest.approx((one.value, one.se), rel=1e-10)


def test_combined_by_hand() -> None:
    people = drawn(2000, denial=0.4)
    deny = people[people["direct"] == 0]
    gap = deny.loc[deny["treatment"] == 1, "count"].mean() - deny.loc[deny["treatment"] == 0, "count"].mean()
    share = people["direct"].mean()
    found = made(people, estimator="combined", direct="direct")
    assert found.value == pytest.approx(share + (1 - share) * gap, rel=1e-12)
    arms = [deny.loc[deny["treatment"] == arm, "count"] for arm in (0, 1)]
    of_gap = sum(arm.var() / len(arm) for arm in arms)
    expected = (1 - share) ** 2 * of_gap + (1 - gap) ** 2 * share * (1 - share) / (len(people) - 1)
    # The two parts are of different people: their sample covariance is 0.
    assert found.se == pytest.approx(np.sqrt(expected), rel=1e-3)
    assert found.se < made(people).se


def test_a_classified_direct_question_counts_its_unknown_as_no() -> None:
    people = drawn(800).assign(fl=lambda f: f["direct"], fl_possible=lambda f: f["direct"], fl_in_scope=1)
    people.loc[people.index[:40], "fl_possible"] = 1
    assert made(people, estimator="combined", direct="fl").value == pytest.approx(
        made(people, estimator="combined", direct="direct").value
    )


def test_a_model_without_covariates_is_the_difference() -> None:
    people = drawn()
    for estimator in ("linear", "nls"):
        assert made(people, estimator=estimator).value == pytest.approx(made(people).value, rel=1e-8)


def test_predictions_of_a_saturated_linear_model_are_the_domains_own() -> None:
    people = drawn()
    found = made(people, CLUSTERED, estimator="linear", covariates="region", by="region")
    direct = made(people, CLUSTERED, by="region")
    assert found["north"].value == pytest.approx(direct["north"].value, rel=1e-10)
    assert found["north"].se == pytest.approx(direct["north"].se, rel=1e-10)


def test_what_lies_outside_is_kept_and_said() -> None:
    people = drawn(60, prevalence=0.0, seed=2, psus=0)
    found = made(people)
    assert found.value < 0
    assert [str(reason.code) for reason in found.reasons] == ["indirect_outside_range"]
    published = fl.publish(found).to_frame()
    assert published["publication"].tolist() == ["not_published"]


def test_domains_without_an_arm_and_without_anybody() -> None:
    people = drawn(400).assign(place="a")
    people.loc[people.index[:20], ["place", "treatment"]] = ["b", 1]
    people["count"] = np.minimum(people["count"], 4)
    people["place"] = pd.Categorical(people["place"], categories=["a", "b", "c"])
    found = made(people, by="place")
    assert {(r.row, str(r.code)) for r in found.reasons} >= {(2, "list_arm_empty"), (3, "no_rows")}
    assert np.isnan(found["b"].value)
    assert found["a"].value == pytest.approx(made(people, where="place == 'a'").value)


def test_missing_answers_are_asked_about_and_counted() -> None:
    people = drawn(400)
    people["count"] = people["count"].astype(float)
    people.loc[people.index[:40], "count"] = np.nan
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        made(people)
    found = made(people, unknown="exclude", by="region")
    assert found.to_frame()["undetermined"].iloc[0] == pytest.approx(0.1)
    assert found.to_frame()["n"].iloc[0] == 360
    people.loc[people.index[60:90], "region"] = None
    assert made(people, unknown="exclude", by="region").to_frame()["n"].tolist()[0] == 360
    with pytest.raises(fl.FlError, match="FL-EST-13"):
        made(people, unknown="no")


def test_what_rules_judge() -> None:
    """Respondents are what the arms are worth in direct answers; nobody is a case that was seen."""
    found = made(drawn(), CLUSTERED)
    smaller = drawn()["treatment"].value_counts().min()
    assert found.support.respondents[0] == pytest.approx(min(0.25 / found.se**2, smaller))
    assert np.isnan(found.to_frame()["cases"].astype(float).iloc[0])
    assert found.support.cases[0] <= smaller
    few_ones = drawn().assign(count=lambda f: (np.arange(len(f)) < 8).astype(int))
    assert fl.publish(made(few_ones)).to_frame()["publication"].tolist() == ["not_published"]
    wide = fl.publish(made(drawn(200, psus=0))).to_frame()
    assert wide["publication"].tolist() == ["not_published"]
    big = fl.publish([made(drawn(6000), by="region")]).to_frame()
    assert big["publication"].tolist() == ["published"] * 3


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"items": 0}, "FL-EST-640"), ({"items": 2.5}, "FL-EST-640"), ({"items": True}, "FL-EST-640"), ({"items": 2}, "FL-EST-643"),
        ({"treatment": "sex"}, "FL-EST-641"), ({"treatment": "psu"}, "FL-EST-641"), ({"where": "treatment == 1"}, "FL-EST-641"),
        ({"count": "x"}, "FL-EST-642"), ({"count": "sex"}, "FL-EST-642"), ({"estimator": "em"}, "FL-EST-645"),
        ({"estimator": "combined"}, "FL-EST-646"), ({"direct": "direct"}, "FL-EST-646"), ({"covariates": "x"}, "FL-EST-646"),
        ({"overdispersed": True}, "FL-EST-646"), ({"estimator": "ml", "constrained": False, "ceiling": True}, "FL-EST-646"),
        ({"estimator": "combined", "direct": "psu"}, "FL-EST-644"), ({"estimator": "nls", "covariates": "count"}, "FL-EST-649"),
        ({"estimator": "nls", "covariates": "x + x2"}, "FL-EST-222"), ({"estimator": "nls", "covariates": "x +"}, "FL-EST-220"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings: dict[str, Any], code: str) -> None:
    given = {"count": "count", "treatment": "treatment", "items": 4} | settings
    people = drawn(200).assign(x2=lambda f: 2 * f["x"])
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.list_experiment(people, design=SRS, **given)


def test_a_share_that_runs_to_nothing_is_refused_by_the_likelihood_and_kept_by_the_difference() -> None:
    people = drawn(60, prevalence=0.0, seed=2, psus=0)
    with pytest.raises(fl.FlError, match="FL-EST-647"):
        made(people, estimator="ml")
    with pytest.raises(fl.FlError, match="FL-EST-649"):
        fl.hidden.regress_list_experiment(people, "np.log(count + 1) ~ x", "treatment", items=4, design=SRS)
