"""The doubly robust estimate finds the truth where one of its parts is wrong, adds up over strata, and refuses bad records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.doubly_robust import Chances, inverse_share


def people(size: int, seed: int) -> pd.DataFrame:
    """People whose age and region make both lists likelier or not; independent given these."""
    generator = np.random.default_rng(seed)
    age = generator.normal(size=size)
    region = generator.choice(["north", "south"], size=size, p=[0.7, 0.3])
    first = 1 / (1 + np.exp(-(0.2 + age)))
    second = 1 / (1 + np.exp(-(0.4 * (region == "south") - 0.3 + age)))
    on = generator.random((size, 2)) < np.stack([first, second], axis=1)
    frame = pd.DataFrame({"police": on[:, 0].astype(int), "ngo": on[:, 1].astype(int), "age": age, "region": region})
    return frame[on.any(axis=1)].reset_index(drop=True)


CALL: dict[str, Any] = {"lists": ("police", "ngo"), "covariates": ["age", "region"], "seed": 1}


@pytest.mark.parametrize("learner", ["logistic", "boosting", pytest.param("forest", marks=pytest.mark.slow)])
def test_it_finds_what_petersen_misses(learner: Any) -> None:
    records = people(6000, 1)
    plain = cr.doubly_robust(records, lists=("police", "ngo")).to_frame().iloc[0]
    found = cr.doubly_robust(records, learner=learner, **CALL).to_frame().iloc[0]
    assert plain["upper"] < 6000 < found["upper"]
    assert abs(found["value"] - 6000) < 3 * found["se"]


def test_wrong_chances_of_one_part_do_little_harm() -> None:
    """Chances of the lists off by a factor, that of the overlap right: the plug-in moves by the factor, the other hardly."""
    generator = np.random.default_rng(3)
    size = 40_000
    x = generator.uniform(0.3, 0.7, size)
    on = generator.random((size, 2)) < x[:, None]
    seen = on.any(axis=1)
    observed = 1 - (1 - x[seen]) ** 2
    right = Chances(first=x[seen] / observed, second=x[seen] / observed, both=x[seen] ** 2 / observed)
    wrong = Chances(first=right.first * 0.95, second=right.second, both=right.both)
    parts = np.zeros(seen.sum(), dtype=int)
    truth = size / seen.sum()
    values = {kind: inverse_share(on[seen].astype(int), wrong, parts, kind)[0] for kind in ("doubly-robust", "plug-in")}
    assert abs(values["plug-in"] / truth - 1) > 0.04
    assert abs(values["doubly-robust"] / truth - 1) < 0.01


def test_strata_add_up_with_their_joint_covariance() -> None:
    found = cr.doubly_robust(people(6000, 2), lists=("police", "ngo"), covariates=["age"], by="region", seed=1)
    frame = found.to_frame()
    sizes = frame[frame["quantity"] == "population_size"]
    nation, strata = sizes[sizes["margin"] == ""].iloc[0], sizes[sizes["margin"] == "region"]
    assert strata["region"].tolist() == ["north", "south"]
    assert nation["value"] == pytest.approx(strata["value"].sum())
    assert nation["se"] == pytest.approx(np.sqrt((strata["se"] ** 2).sum()))
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), frame["se"])
    joint = found.diagnostics["joint_limits"]
    for _, row in strata.iterrows():
        assert joint[row["region"]][0] <= row["lower"]
        assert joint[row["region"]][1] > row["upper"]


def test_histories_of_load_lists_go_in_with_their_covariates(tmp_path: Path) -> None:
    """The same persons as a frame, as a file of persons, and as a file of counts: the strata's plain estimates to the digit."""
    records = people(3000, 4)
    call: dict[str, Any] = {"lists": ("police", "ngo"), "covariates": ["age", "region"], "by": "region", "seed": 1}
    records.to_csv(tmp_path / "persons.csv", index=False)
    loaded = fl.load_lists(tmp_path / "persons.csv", lists=["police", "ngo"], covariates=["age", "region"])
    found = cr.doubly_robust(loaded.about(outcome="forced_labour", reference_period="2023"), **call)
    expected = cr.doubly_robust(records, **call).to_frame()
    np.testing.assert_allclose(found.to_frame()["value"], expected["value"], rtol=1e-12)
    assert set(found.to_frame()["outcome"]) == {"forced_labour"}
    assert found.reference_period == "2023"
    pd.testing.assert_series_equal(
        cr.doubly_robust(loaded.records, **call).to_frame()["value"], found.to_frame()["value"]
    )

    counts = records.groupby(["police", "ngo", "region"]).size().rename("count").reset_index()
    counts.to_csv(tmp_path / "counts.csv", index=False)
    counted = fl.load_lists(tmp_path / "counts.csv", lists=["police", "ngo"], count="count", covariates=["region"])
    assert counted.people().groupby("region").size().to_dict() == records.groupby("region").size().to_dict()
    by_region = cr.doubly_robust(counted, lists=("police", "ngo"), by="region", seed=1).to_frame()
    assert by_region["n"].iloc[0] == len(records)


def test_covariates_that_were_not_kept_and_fractions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("police,ngo,n,sex\n1,0,10,1\n0,1,20,2\n1,1,5.5,1\n", encoding="utf-8")
    call: dict[str, Any] = {"lists": ("police", "ngo"), "covariates": ["sex"]}
    loaded = fl.load_lists(tmp_path / "counts.csv", lists=["police", "ngo"], count="n", covariates=["sex"])
    with pytest.raises(fl.FlError, match="FL-LISTS-14"):
        cr.doubly_robust(loaded, **call)
    bare = fl.CaptureHistories.from_counts(
        pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [3, 4, 2]}), lists=["police", "ngo"]
    )
    assert len(bare.people()) == 9
    with pytest.raises(fl.FlError, match="FL-LISTS-01"):
        cr.doubly_robust(bare, **call)


def test_any_frame_gives_the_same_and_the_order_of_rows_hardly_matters() -> None:
    records = people(2000, 4)
    one = cr.doubly_robust(records, **CALL)
    other = cr.doubly_robust(pl.from_pandas(records).lazy(), **CALL)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    assert one.provenance.source_sha256 == other.provenance.source_sha256
    turned = cr.doubly_robust(records.iloc[::-1], **CALL).to_frame()
    assert abs(turned["value"].iloc[0] - one.to_frame()["value"].iloc[0]) < one.to_frame()["se"].iloc[0]


def test_intervals() -> None:
    records = people(2000, 5)
    wald = cr.doubly_robust(records, **CALL).to_frame()
    log = cr.doubly_robust(records, interval="log", **CALL).to_frame()
    assert log["interval_kind"].tolist() == ["log", "log"]
    assert log["upper"].iloc[0] > wald["upper"].iloc[0]
    assert log["lower"].iloc[1] > 0


def test_a_learner_of_ones_own() -> None:
    from sklearn.naive_bayes import GaussianNB

    found = cr.doubly_robust(people(2000, 6), learner=GaussianNB(), **CALL)
    assert found.provenance.arguments["learner"] == "GaussianNB"
    assert found.to_frame()["value"].iloc[0] > found.to_frame()["n"].iloc[0]


def test_everybody_on_both_lists_is_everybody() -> None:
    records = pd.DataFrame({"a": [1] * 50, "b": [1] * 50})
    found = cr.doubly_robust(records, lists=("a", "b"))
    assert found.to_frame()["value"].tolist() == [50.0, 0.0]
    assert {reason.code for reason in found.reasons} == {"everybody_observed"}


def test_chances_next_to_nothing_are_told() -> None:
    generator = np.random.default_rng(7)
    x = np.repeat([0.0, 10.0], [300, 300])
    on = np.where(x[:, None] == 0, generator.random((600, 2)) < 0.6, False)
    on[300:, 0] = True  # of the second half nobody is on both lists
    records = pd.DataFrame({"a": on[:, 0].astype(int), "b": on[:, 1].astype(int), "x": x})[on.any(axis=1)]
    found = cr.doubly_robust(records, lists=("a", "b"), covariates=["x"], learner="boosting", seed=1)
    assert "chances_at_margin" in {reason.code for reason in found.reasons}


def test_a_learner_that_did_not_come_to_its_end_is_told() -> None:
    from sklearn.linear_model import LogisticRegression

    found = cr.doubly_robust(people(500, 8), learner=LogisticRegression(max_iter=1), **CALL)
    assert "learner_not_converged" in {reason.code for reason in found.reasons}


def records_with(**columns: Any) -> pd.DataFrame:
    return people(300, 9).assign(**columns)


@pytest.mark.parametrize(
    ("code", "records", "change"),
    [
        ("FL-EST-150", records_with(age=np.nan), {}),
        ("FL-EST-150", records_with(region=None), {"by": "region", "covariates": ["age"]}),
        ("FL-EST-151", records_with(ngo=0, police=1), {}),
        ("FL-EST-152", records_with(), {"folds": 1}),
        ("FL-EST-152", records_with(), {"margin": 0.7}),
        ("FL-EST-152", records_with(), {"learner": "oracle"}),
        ("FL-EST-152", records_with(), {"learner": object()}),
        ("FL-EST-155", pd.DataFrame({"police": 1, "ngo": 1, "age": range(40), "region": "north"}), {}),
        ("FL-EST-30", records_with(), {"kind": "best"}),
        ("FL-EST-30", records_with(), {"interval": "bca"}),
        ("FL-LISTS-01", records_with(), {"covariates": ["height"]}),
        ("FL-LISTS-02", records_with(), {"lists": ("police", "police")}),
        ("FL-LISTS-02", records_with(), {"lists": ("police",)}),
        ("FL-LISTS-03", "people.csv", {}),
        ("FL-LISTS-06", records_with(ngo=2), {}),
    ],
)
def test_records_that_cannot_be_are_refused(code: str, records: Any, change: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.doubly_robust(records, **(CALL | change))
