"""Estimates that one can hold: rows by label, the numbers of one row, tables across, pictures, and what a result says it is."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ColumnWords, SurveyWording

DESIGN = fl.Design(weights="w", psu="ea")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "w": np.linspace(1, 3, 24),
            "ea": np.repeat(range(6), 4),
            "region": ["North"] * 12 + ["South"] * 8 + [None] * 4,
            "sex": [1, 2] * 12,
            "fl": [1, 0, 0] * 4 + [0] * 11 + [1],
            "age": np.arange(20, 44),
        }
    )


@pytest.fixture(scope="module")
def estimates(people: pd.DataFrame) -> fl.Estimates:
    return fl.estimate_prevalence(people, "fl", design=DESIGN, by=[["region"], ["sex"]])


@pytest.fixture(scope="module")
def crossed(people: pd.DataFrame) -> fl.Estimates:
    return fl.estimate_prevalence(people, "fl", design=DESIGN, by=["region", "sex"])


def in_words(estimates: fl.Estimates) -> fl.Estimates:
    """The same, with labels of the codes of sex in an order that was meant."""
    words = ColumnWords(values={"2": {"": "Women", "fr": "Femmes"}, "1": {"": "Men", "fr": "Hommes"}}, ordered=True)
    return replace(estimates, wording=SurveyWording(columns={"sex": words}))


def test_a_row_is_had_by_label_and_is_that_of_select(estimates: fl.Estimates) -> None:
    north = estimates["North"]
    pd.testing.assert_frame_equal(north.to_frame(), estimates.select(region="North").to_frame())
    row = north.frame.iloc[0]
    assert (north.value, north.se, north.lower, north.upper) == tuple(row[["value", "se", "lower", "upper"]])
    assert north.interval == (north.lower, north.upper)
    assert all(type(number) is float for number in (north.value, north.se, *north.interval))


def test_codes_are_taken_as_they_are_and_as_text(estimates: fl.Estimates) -> None:
    assert estimates[1].value == estimates["1"].value == estimates.select(sex=1).value


def test_labels_are_taken_in_every_language(estimates: fl.Estimates) -> None:
    told = in_words(estimates)
    assert told["Women"].value == told["Femmes"].value == estimates[2].value


def test_who_did_not_state_it_is_not_the_nation(estimates: fl.Estimates) -> None:
    silent = estimates[fl.NOT_STATED]
    assert silent.frame["margin"].tolist() == ["region"]
    assert silent.frame["n"].tolist() == [4]
    assert estimates.national.frame["n"].tolist() == [24]
    assert "not stated" in repr(silent)
    assert "not stated" not in repr(estimates.national)


def test_not_stated_is_one_object_wherever_it_travels() -> None:
    assert pickle.loads(pickle.dumps(fl.NOT_STATED)) is fl.NOT_STATED
    assert repr(fl.NOT_STATED) == "NOT_STATED"


def test_an_answer_that_reads_like_it_is_another_level(people: pd.DataFrame) -> None:
    odd = people.assign(region=people["region"].replace("South", "not stated"))
    found = fl.estimate_prevalence(odd, "fl", design=DESIGN, by="region")
    assert found["not stated"].frame["n"].tolist() == [8]
    assert found[fl.NOT_STATED].frame["n"].tolist() == [4]
    assert found.pivot("region", values="n").index.tolist() == ["North", "not stated (answer)", "not stated"]


def test_crossed_domains_are_had_by_a_tuple(crossed: fl.Estimates) -> None:
    assert crossed["South", 2].value == crossed.select(region="South", sex=2).value
    with pytest.raises(fl.FlError, match="FL-EST-297") as raised:
        _ = crossed["South"]
    assert "region × sex (a tuple, in this order)" in str(raised.value)


def test_an_unknown_label_is_refused_with_what_there_is(estimates: fl.Estimates) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-297") as raised:
        _ = estimates["Nort"]
    assert "region: 'North', 'South', 'not stated'" in str(raised.value)
    assert "sex: 1, 2" in str(raised.value)
    assert "the nation is .national" in str(raised.value)


def test_a_column_given_as_a_key_is_not_printed(estimates: fl.Estimates) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-297") as raised:
        _ = estimates[pd.Series(["secret answer"])]
    assert "secret" not in str(raised.value)
    assert "a key of type Series" in str(raised.value)
    for key in (None, slice(0, 2), pd.NA, ("North", None)):
        with pytest.raises(fl.FlError, match="FL-EST-297"):
            _ = estimates[key]


def test_a_label_of_two_columns_has_to_be_said_apart(people: pd.DataFrame) -> None:
    both = fl.estimate_prevalence(people.assign(half=people["sex"]), "fl", design=DESIGN, by=[["half"], ["sex"]])
    with pytest.raises(fl.FlError, match="FL-EST-299") as raised:
        _ = both[1]
    assert "half, sex" in str(raised.value)


def test_membership_and_iteration(estimates: fl.Estimates) -> None:
    assert "North" in estimates
    assert fl.NOT_STATED in estimates
    assert "Nort" not in estimates
    rows = list(estimates)
    assert [len(row) for row in rows] == [1] * len(estimates)
    np.testing.assert_array_equal([row.value for row in rows], estimates.frame["value"])
    assert [row.reasons for row in rows if row.reasons]  # reasons stay with their rows
    assert {reason.row for row in rows for reason in row.reasons} == {0}


def test_numbers_of_several_rows_are_refused_with_how_to_pick(estimates: fl.Estimates) -> None:
    for name in ("value", "se", "lower", "upper", "interval"):
        with pytest.raises(fl.FlError, match="FL-EST-298") as raised:
            getattr(estimates, name)
        assert "estimates.national." in str(raised.value)


def test_a_missing_number_is_nan(estimates: fl.Estimates) -> None:
    assert math.isnan(estimates[fl.NOT_STATED].lower)  # one sampling unit: no degrees of freedom


def test_bounds_are_had_by_name() -> None:
    people = pd.DataFrame(
        {"ea": [0, 0, 1, 1, 2, 2], "y": [0, 1, 0, 0, 0, 0], "y_possible": [0, 1, 1, 0, 0, 0], "y_in_scope": 1}
    )
    found = fl.estimate_prevalence(people, "y", design=fl.Design(psu="ea", unweighted=True), unknown="bounds")
    assert (found["lower"].value, found["upper"].value) == pytest.approx((1 / 6, 2 / 6))


def test_terms_quantities_and_names_of_results(people: pd.DataFrame, estimates: fl.Estimates) -> None:
    model = fl.regress(people, "fl ~ sex + age", design=DESIGN)
    assert model["age"].value == model.coefficients().set_index("term").loc["age", "value"]
    both = fl.stack({"old": estimates.per_thousand(), "new": estimates})
    assert len(both["new"]) == len(estimates)
    assert both["old", "North"].value == pytest.approx(1_000 * estimates["North"].value)


def test_a_table_across_keeps_order_and_labels(estimates: fl.Estimates, crossed: fl.Estimates) -> None:
    across = in_words(crossed).pivot("region", "sex")
    assert across.index.tolist() == ["North", "South", "not stated"]
    assert across.columns.tolist() == ["Women", "Men", "not stated"]
    assert across.loc["North", "Men"] == crossed["North", 1].value
    assert in_words(crossed).pivot("region", "sex", language="fr").columns[0] == "Femmes"
    down = estimates.pivot("sex", values=["value", "n"])
    assert down.index.tolist() == [1, 2]
    assert down.columns.tolist() == ["value", "n"]
    assert estimates.pivot("outcome", "quantity").to_numpy().tolist()[0][0] == estimates.national.value


def test_a_table_across_of_stacked_results(estimates: fl.Estimates) -> None:
    both = fl.stack({"old": estimates.per_thousand(), "new": estimates})
    across = both.pivot("region", "source")
    np.testing.assert_allclose(across["old"], 1_000 * across["new"])


def test_what_is_no_table_across_is_refused(estimates: fl.Estimates) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-300"):
        estimates.pivot("region", "sex")
    with pytest.raises(fl.FlError, match="FL-EST-21"):
        estimates.pivot("regoin")
    several = fl.stack([estimates, estimates.per_thousand()])
    with pytest.raises(fl.FlError, match="FL-EST-300") as raised:
        several.pivot("region")
    assert "pick rows first by quantity" in str(raised.value)


def test_two_codes_with_one_label_stay_codes(crossed: fl.Estimates) -> None:
    words = ColumnWords(values={"1": {"": "Person"}, "2": {"": "Person"}})
    told = replace(crossed, wording=SurveyWording(columns={"sex": words}))
    assert told.pivot("region", "sex").columns.tolist() == [1, 2, "not stated"]


def test_csv_holds_full_values(estimates: fl.Estimates, tmp_path: Path) -> None:
    path = in_words(estimates).to_csv(tmp_path / "all.csv")
    read = pd.read_csv(path)
    assert list(read.columns) == list(estimates.frame.columns)
    np.testing.assert_allclose(read["value"], estimates.frame["value"], rtol=1e-15)
    assert read["region"].fillna("").tolist() == ["", "North", "South", "not stated", "", ""]
    assert read["sex"].dropna().tolist() == ["Men", "Women"]
    coded = pd.read_csv(in_words(estimates).to_csv(tmp_path / "codes.csv", codes=True))
    assert coded["sex"].dropna().tolist() == [1, 2]
    with pytest.raises(fl.FlError, match="FL-FILE-08"):
        estimates.to_csv(tmp_path / "none" / "all.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "codes.csv"]


def test_pictures_are_drawn_without_a_file(estimates: fl.Estimates) -> None:
    texts = {text.get_text() for axes in estimates.plot().axes for text in axes.texts}
    assert {"North", "South"} <= texts
    figure = matplotlib.figure.Figure()
    left, right = figure.subplots(1, 2)
    assert estimates.plot(ax=right) is figure
    assert {"North", "South"} <= {text.get_text() for text in right.texts}
    assert not left.texts
    with pytest.raises(fl.FlError, match="FL-PUB-24"):
        fl.plot([estimates, estimates], ax=left)


def test_a_map_is_drawn_without_a_file(estimates: fl.Estimates) -> None:
    def area(name: str, x: int) -> dict[str, object]:
        ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": {"region": name}, "geometry": geometry}

    collection = {"type": "FeatureCollection", "features": [area("North", 0), area("South", 1)]}
    figure = estimates.map(collection)
    assert {"North", "South"} <= {text.get_text() for axes in figure.axes for text in axes.texts}
    with pytest.raises(fl.FlError, match="FL-PUB-10"):
        estimates.map({"type": "FeatureCollection", "features": [area("North", 0)]})


def test_results_say_what_they_are(people: pd.DataFrame, estimates: fl.Estimates) -> None:
    model = fl.regress(people, "fl ~ age", design=DESIGN)
    assert repr(model).startswith("Regression, binomial, fl ~ age, 2 rows\n")
    assert repr(model.national["age"]).startswith("Regression, binomial, fl ~ age, 1 row\n")
    assert repr(estimates).startswith("Estimates of prevalence, 6 rows\n")
    difference = fl.contrast(estimates, {"region": ("North", "South")})
    assert repr(difference).startswith("Contrast of estimates, a table of difference, 1 row\n")
    assert repr(fl.pool([estimates, estimates])).startswith(
        "Estimates pooled over imputations, a table of prevalence, 6"
    )
    assert repr(fl.stack([estimates])).startswith("Stacked estimates of prevalence, 6 rows\n")
    assert "<p>Estimates of prevalence, 6 rows</p>" in estimates._repr_html_()


def test_a_formula_is_text_in_a_page(people: pd.DataFrame) -> None:
    model = fl.regress(people, "fl ~ C(age < 30)", design=DESIGN)
    assert "C(age &lt; 30)" in model._repr_html_()


def test_a_frame_with_labels_has_the_nation_apart(crossed: fl.Estimates) -> None:
    told = in_words(crossed)
    frame = told.to_frame()
    assert frame["sex"].dtype == pd.CategoricalDtype(["Women", "Men", fl.NOT_STATED], ordered=True)
    nation = (frame["margin"] == "").tolist()
    assert frame["region"].isna().tolist() == frame["sex"].isna().tolist() == nation
    assert frame.loc[frame["region"] == fl.NOT_STATED, "n"].tolist() == [4]
    assert told.to_frame(language="fr")["sex"].cat.categories[0] == "Femmes"
    for record in frame[~frame["region"].isna()].to_dict("records"):
        assert told[record["region"], record["sex"]].value == record["value"]
    # codes stay where tables are joined by them, and everything else is the same
    pd.testing.assert_frame_equal(told.to_frame(labels=False), crossed.frame)
    pd.testing.assert_frame_equal(frame.drop(columns=["region", "sex"]), crossed.frame.drop(columns=["region", "sex"]))


def test_a_frame_of_no_rows_has_columns_of_its_kind(estimates: fl.Estimates) -> None:
    none = estimates._rows(np.array([], dtype=np.intp))
    assert none.to_frame()["region"].dtype.name == "category"
    assert list(none) == []
    with pytest.raises(fl.FlError, match="FL-EST-298"):
        _ = none.value


def test_the_message_on_several_rows_names_one_that_there_is(estimates: fl.Estimates) -> None:
    with pytest.raises(fl.FlError) as raised:
        _ = estimates.value
    assert "estimates['North'].value" in str(raised.value)


def test_rows_and_populations_are_had_by_code_by_label_and_by_not_stated(crossed: fl.Estimates) -> None:
    told = in_words(crossed)
    assert told.select(sex="Women").frame.equals(told.select(sex=told.select(sex="Women").frame["sex"].iloc[0]).frame)
    silent = told.select(sex=fl.NOT_STATED)
    assert silent.to_frame()["sex"].tolist() == [fl.NOT_STATED]
    assert silent.frame["margin"].tolist() == ["region × sex"]
    assert told.select(sex=None).frame["margin"].tolist() == [""]
    by_label = told.to_frame()[["region", "sex"]].assign(population=1_000.0)
    by_code = told.to_frame(labels=False)[["region", "sex"]].assign(population=1_000.0)
    every = told.persons(by_label)
    np.testing.assert_allclose(every.frame["value"], told.frame["value"] * 1_000)
    # By codes the nation and the people who stated nothing are one row: that is the nation's, and the others are left out.
    stated = told.persons(by_code.drop_duplicates())
    assert len(stated) == len(told) - 1
    assert not stated.to_frame()["sex"].eq(fl.NOT_STATED).any()
    np.testing.assert_allclose(stated.frame["value"], told.frame["value"].to_numpy()[:-1] * 1_000)
    with pytest.raises(fl.FlError, match="FL-EST-24"):
        told.persons(by_label.assign(population=float("nan")))
    with pytest.raises(fl.FlError, match="FL-EST-24"):
        told.persons(by_label.head(2))


def test_a_frame_given_back_has_no_area_of_those_who_did_not_state_theirs() -> None:
    people = pd.DataFrame({
        "ea": np.arange(200) // 5, "fl": (np.arange(200) % 6 == 0).astype(int),
        "region": [None if row % 20 == 3 else "North" if row % 2 == 0 else "South" for row in range(200)],
    })  # fmt: skip
    direct = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="region")
    whole = fl.hierarchical.area(direct, draws=100, seed=1)
    again = fl.hierarchical.area(direct.to_frame(), draws=100, seed=1)
    assert (
        again.to_frame()["region"].dropna().tolist()
        == whole.to_frame()["region"].dropna().tolist()
        == ["North", "South"]
    )
    np.testing.assert_allclose(again.frame["value"], whole.frame["value"])
