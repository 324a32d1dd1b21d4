"""Nothing can be built without a basis; support and crossing go with the rows through every step, and back from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.results.basis import ARRAYS, Support, weakest
from fl_estimate.results.crossing import nested_columns
from fl_estimate.results.estimates import make_frame

DESIGN = fl.Design(weights="w", psu="ea", expands=True)


def people() -> pd.DataFrame:
    """Four districts of two regions, one person of region unknown."""
    rows = np.arange(80)
    frame = pd.DataFrame({
        "w": 10.0 + rows % 3, "ea": rows // 8, "fl": (rows % 7 == 0).astype(float), "hours": rows % 5.0,
        "district": [f"d{position}" for position in rows // 20], "region": ["N" if row < 40 else "S" for row in rows],
        "sex": rows % 2,
    })  # fmt: skip
    frame.loc[0, "region"] = None
    return frame


def test_a_frame_needs_a_known_basis() -> None:
    missing: Any = make_frame
    with pytest.raises(TypeError, match="basis"):
        missing({"value": [1.0]}, {}, 1)
    for wrong in ("respondent", ""):
        with pytest.raises(fl.FlError, match="FL-EST-290"):
            make_frame({"value": [1.0]}, {}, 1, basis=[wrong])
    frame = make_frame({"value": [1.0, 2.0]}, {}, 2, basis=["respondents", "lists"])
    assert frame.columns[-1] == "basis"
    assert frame["basis"].tolist() == ["respondents", "lists"]


def test_estimates_need_a_basis_and_a_support_of_their_rows() -> None:
    frame = make_frame({"value": [1.0]}, {}, 1, basis="model")
    with pytest.raises(fl.FlError, match="FL-EST-291"):
        fl.Estimates(frame=frame.drop(columns="basis"))
    with pytest.raises(fl.FlError, match="FL-EST-290"):
        fl.Estimates(frame=frame.assign(basis="somebody"))
    with pytest.raises(fl.FlError, match="FL-EST-291"):
        fl.Estimates(frame=frame, support=Support.unknown(2))


def test_respondents_without_a_support_are_not_published() -> None:
    """What is not known does not pass."""
    columns = {
        "quantity": ["prevalence"], "value": [0.1], "se": [0.01], "lower": [0.08], "upper": [0.12], "level": [0.95],
        "n": [5000], "cases": [500], "df": [100.0],
    }  # fmt: skip
    bare = fl.Estimates(frame=make_frame(columns, {}, 1, basis="respondents"))
    assert fl.publish(bare).to_frame()["publication"].tolist() == ["not_published"]
    known = replace(bare, support=Support.of([5000], 500, df=100))
    assert fl.publish(known).to_frame()["publication"].tolist() == ["published"]


def test_support_of_domains_counted_by_hand() -> None:
    frame = people()
    found = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="district")
    cells = frame.groupby("district")
    assert found.support.respondents.tolist() == [80, *cells.size()]
    assert found.support.cases.tolist() == [12, *cells["fl"].sum()]
    units = frame[frame["fl"] == 1].groupby("district")["ea"].nunique()
    assert found.support.psus_with_cases.tolist() == [frame.loc[frame["fl"] == 1, "ea"].nunique(), *units]
    # Units less strata, whatever the limits were made with.
    by_units = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="district", df="domain")
    assert found.support.df.tolist() == by_units.support.df.tolist() == by_units.frame["df"].tolist()


def test_cases_of_a_quantity_are_those_whose_value_is_not_zero() -> None:
    frame = people()
    mean = fl.estimate_mean(frame, "hours", design=DESIGN)
    assert mean.frame["cases"].isna().all()
    assert mean.support.cases.tolist() == [(frame["hours"] != 0).sum()]
    ratio = fl.estimate_ratio(frame.assign(one=1.0), "one", "fl", design=DESIGN)
    assert ratio.support.cases.tolist() == [12]


def test_without_units_people_with_cases_are_counted_and_file_replicates_have_none() -> None:
    plain = fl.estimate_prevalence(people(), "fl", design=fl.Design(weights="w"))
    assert plain.support.psus_with_cases.tolist() == [12]
    frame = people().assign(r1=lambda f: f["w"] * 1.1, r2=lambda f: f["w"] * 0.9)
    design = fl.Design(weights="w", replicates=fl.Replicates(["r1", "r2"], kind="jk1"))
    assert np.isnan(fl.estimate_prevalence(frame, "fl", design=design).support.psus_with_cases).all()


def test_the_smallest_part() -> None:
    parts = Support.of([100, 30], [4, 9], df=[10, 3])
    least = parts.grouped([[0, 1], [1], []])
    assert least.respondents.tolist()[:2] == [30, 30]
    assert least.cases.tolist()[:2] == [4, 9]
    assert least.df.tolist()[:2] == [3, 3]
    assert np.isnan(least.respondents[2])
    unknown = Support.least([parts, Support.unknown(2)])
    assert np.isnan(unknown.cases).all()


def test_a_figure_of_which_nothing_is_known_hides_nothing() -> None:
    """A typed number beside a survey: the survey's part is judged. Respondents of whom nothing is known make it unknown."""
    survey = Support.of([40], 2, df=5)
    found = Support.least_known([Support.unknown(1), survey], ["figures", "respondents"])
    assert (found.respondents[0], found.cases[0], found.df[0]) == (40, 2, 5)
    assert np.isnan(Support.least_known([Support.unknown(1), survey], ["lists", "respondents"]).cases[0])


def test_the_weakest_basis() -> None:
    assert weakest(["figures", "lists", "respondents"]) == "respondents"
    assert weakest(["figures", "model"]) == "model"
    assert weakest([]) == "figures"
    assert weakest(["nobody knows"]) == "respondents"


def test_support_follows_the_rows() -> None:
    found = fl.estimate_prevalence(people(), "fl", design=DESIGN, by="district")
    assert found.select(district="d2").support.cases.tolist() == [found.support.cases[3]]
    assert found.per_thousand().support.cases.tolist() == found.support.cases.tolist()
    both = fl.stack({"a": found, "b": found.national})
    assert both.support.respondents.tolist() == [*found.support.respondents, 80]
    assert both.frame["basis"].unique().tolist() == ["respondents"]


def test_the_finest_crossing() -> None:
    frame = people()
    found = fl.estimate_prevalence(
        frame, ["fl"], design=DESIGN, by=[["region"], ["district"], ["sex"]], where="hours < 4"
    )
    crossing = found.cells
    assert crossing is not None
    kept = frame[frame["hours"] < 4]
    assert (crossing.by, crossing.outcomes, crossing.where) == (("region", "district", "sex"), ("fl",), "hours < 4")
    assert crossing.n.sum() == len(kept)
    names = {value: value for value in ["N", "S"]}
    groups: Any = kept.groupby(list(crossing.by), dropna=False)
    by_hand = {(names.get(region), *others): group for (region, *others), group in groups}
    assert set(crossing.labels) == set(by_hand)
    for position, label in enumerate(crossing.labels):
        group = by_hand[label]
        assert crossing.cases[0, position] == group["fl"].sum()
        assert crossing.weight[0, position] == pytest.approx(group["w"].sum())
        assert crossing.weighted_cases[0, position] == pytest.approx((group["w"] * group["fl"]).sum())
    # d0 has a person of unknown region: it does not lie in one.
    assert crossing.nested == ()
    whole = fl.estimate_prevalence(
        frame.fillna({"region": "N"}), "fl", design=DESIGN, by=[["region"], ["district"]]
    ).cells
    assert whole is not None
    assert whole.nested == (("district", "region"),)


def test_unknown_answers_are_weighed_in_the_crossing() -> None:
    frame = people()
    frame.loc[[1, 2, 41], "fl"] = None
    found = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="sex", unknown="exclude").cells
    assert found is not None
    assert found.undetermined.sum() == pytest.approx(frame.loc[[1, 2, 41], "w"].sum())
    assert (found.weight_in_scope - found.weight).sum() == pytest.approx(found.undetermined.sum())


def test_a_centred_variable_has_the_sums_of_the_variable() -> None:
    """Far from 0 the sums are of the variable less its mean; the crossing holds those of the variable."""
    frame = people().assign(year=lambda f: 1e9 + f["hours"])
    found = fl.estimate_mean(frame, "year", design=DESIGN).cells
    assert found is not None
    assert found.weighted_cases[0, 0] == pytest.approx((frame["w"] * frame["year"]).sum(), rel=1e-12)


def test_nested_columns() -> None:
    assert nested_columns(("a", "b"), [(1, "x"), (2, "x"), (3, "y")]) == (("a", "b"),)
    assert nested_columns(("a", "b"), [(1, "x"), (1, "y"), (2, "y")]) == ()
    assert nested_columns(("a", "b"), [(1, "x"), (2, "x")]) == ()
    assert nested_columns((), [()]) == ()


def test_other_calls_have_no_crossing() -> None:
    found = fl.estimate_prevalence(people(), "fl", design=DESIGN, by="sex")
    assert fl.estimate_quantile(people(), "hours", design=DESIGN).cells is None
    assert fl.contrast(found, {"sex": (0, 1)}).cells is None
    assert fl.pool([found, found]).cells is None
    assert fl.regress(people(), "fl ~ hours", design=DESIGN).cells is None


def test_saved_and_read_back(tmp_path: Path) -> None:
    found = fl.estimate_prevalence(people(), "fl", design=DESIGN, by=[["region"], ["district"]], where="hours < 4")
    again = fl.Estimates.read(found.save(tmp_path / "e.parquet"))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again.support, name), getattr(found.support, name))
    assert found.cells is not None
    assert again.cells is not None
    assert again.cells.to_dict() == found.cells.to_dict()
    assert (again.cells.by, again.cells.labels, again.cells.nested) == (
        found.cells.by,
        found.cells.labels,
        found.cells.nested,
    )


def test_a_coefficient_rests_on_its_own_group_and_on_the_reference() -> None:
    frame = people()
    found = fl.regress(frame, "hours ~ C(district) + w", family="gaussian", design=DESIGN)
    rows = dict(zip(found.frame["term"], zip(found.support.respondents, found.support.cases, strict=True), strict=True))
    nonzero = (frame["hours"] != 0).groupby(frame["district"]).sum()
    assert rows["C(district)[T.d2]"] == (20, min(nonzero["d0"], nonzero["d2"]))
    assert rows["Intercept"] == (20, nonzero["d0"])
    assert rows["w"] == (80, nonzero.sum())  # a slope along three values is no group's
