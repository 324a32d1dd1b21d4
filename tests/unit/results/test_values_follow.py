"""What a result holds beside its table goes with its rows: draws, support, diagnostics, wording; numbers worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.results.basis import Support

DESIGN = fl.Design(weights="w", psu="ea", expands=True)
AREAS = pd.DataFrame({"area": ["A", "B", "C"], "value": [0.05, 0.09, 0.02], "se": 0.01})


def people() -> pd.DataFrame:
    at = np.arange(48)
    return pd.DataFrame(
        {
            "w": 10.0 + at % 3,
            "ea": at // 6,
            "fl": (at % 5 == 0).astype(float),
            "change": np.where(at % 2 == 0, -3.0, 1.0) + at / 100,
            "flag": at % 2 == 0,
            "code": at // 24 + 1,
            "share": np.where(at < 24, 0.5, 1.5),
            "name": np.where(at < 24, "x", "y"),
        }
    )


def direct(**settings: Any) -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN, **settings)


@pytest.fixture(scope="module")
def modelled() -> fl.Estimates:
    persons = AREAS[["area"]].assign(population=[1.0, 2.0, 5.0])
    return fl.hierarchical.area(AREAS, population=persons, likelihood="normal", draws=200, seed=1)


def test_effective_respondents_are_n_over_the_design_effect() -> None:
    found = direct(by="name")
    frame = found.to_frame()
    np.testing.assert_allclose(found.effective_n, frame["n"].astype(float) / frame["deff"])
    assert found.effective_n.name == "effective_n"
    lists = fl.capture_recapture.chao(
        fl.CaptureHistories.from_counts(
            pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "count": [50, 80, 10]}), lists=["a", "b"]
        )
    )
    assert lists.to_frame()["deff"].isna().all()
    assert lists.effective_n.isna().all()


def test_the_coefficient_of_variation_of_a_negative_figure_is_positive() -> None:
    found = fl.estimate_mean(people(), "change", design=DESIGN)
    row = found.to_frame().iloc[0]
    assert row["value"] < 0
    assert found.cv.tolist() == pytest.approx([row["se"] / -row["value"]])
    assert found.cv.name == "cv"


@pytest.mark.parametrize(
    ("by", "kind", "labels"),
    [
        ("flag", "boolean", [False, True]),
        ("code", "Int64", [1, 2]),
        ("share", "Float64", [0.5, 1.5]),
        ("name", "string", ["x", "y"]),
    ],
)
def test_labels_keep_their_kind(by: str, kind: str, labels: list[Any]) -> None:
    frame = direct(by=by).to_frame(labels=False)
    assert str(frame[by].dtype) == kind
    assert frame[by].isna().tolist() == [True, False, False]
    assert frame[by].dropna().tolist() == labels


def test_whole_numbers_stay_whole_and_missing_ones_missing() -> None:
    frame = direct().to_frame()
    assert str(frame["n"].dtype) == str(frame["cases"].dtype) == "Int64"
    assert frame[["n", "cases"]].iloc[0].tolist() == [48, 10]  # every fifth of 0 … 47
    mean = fl.estimate_mean(people(), "change", design=DESIGN).to_frame()
    assert mean["cases"].isna().all()


def test_rows_of_a_label_and_rows_without_one() -> None:
    found = direct(by="name")
    assert found.select(name=None).to_frame()["margin"].tolist() == [""]
    assert found.select(margin="name", name="y").to_frame()["name"].tolist() == ["y"]
    with pytest.raises(fl.FlError, match=r"FL-EST-22(.|\n)*name='z'(.|\n)*name: x, y"):
        found.select(name="z")


def test_draws_follow_the_rows_and_the_units(modelled: fl.Estimates) -> None:
    assert modelled.draws.shape == (200, 4)
    one = modelled.select(area="B")
    assert one.draws.shape == (200, 1)
    np.testing.assert_array_equal(one.draws[:, 0], modelled.draws[:, 2])
    np.testing.assert_array_equal(modelled.national.draws, modelled.draws[:, :1])


def test_thousands_and_persons_scale_everything() -> None:
    found = direct(by="name")
    frame, thousand = found.to_frame(), found.per_thousand()
    for name in ("value", "se", "lower", "upper"):
        np.testing.assert_allclose(thousand.to_frame()[name], frame[name] * 1000)
    np.testing.assert_allclose(thousand.covariance, found.covariance * 1e6)
    untouched = ["level", "n", "cases", "df", "deff", "undetermined", "method", "basis"]
    pd.testing.assert_frame_equal(thousand.to_frame()[untouched], frame[untouched])
    persons = found.persons(pd.DataFrame({"name": ["y", None, "x"], "population": [300, 1000, 700]}))
    np.testing.assert_allclose(persons.to_frame()["value"], frame["value"] * [1000, 700, 300])
    factor = np.array([1000.0, 700, 300])
    np.testing.assert_allclose(persons.covariance, found.covariance * np.outer(factor, factor))
    drawn = replace(found, draws=np.ones((5, 3)))
    np.testing.assert_array_equal(drawn.per_thousand().draws, np.full((5, 3), 1000.0))


def test_a_population_for_the_nation_alone() -> None:
    nation = direct()
    table = pd.DataFrame({"population": [2000.0]})
    value = nation.to_frame()["value"].iloc[0]
    assert nation.persons(table).to_frame()["value"].tolist() == [value * 2000]
    by = direct(by="name")
    assert len(by.persons(2000)) == 1
    assert by.persons(2000).to_frame()["quantity"].tolist() == ["persons"]


@pytest.mark.parametrize("population", [0, -5, math.nan, math.inf])
def test_a_population_that_is_none_is_refused(population: float) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-24"):
        direct().persons(population)


def test_a_population_without_some_rows_names_them() -> None:
    table = pd.DataFrame({"name": [None, "x"], "population": [1000.0, 700]})
    with pytest.raises(fl.FlError, match=r"FL-EST-24(.|\n)*'y'"):
        direct(by="name").persons(table)
    with pytest.raises(fl.FlError, match=r"FL-EST-24(.|\n)*'name'"):
        direct(by="name").persons(table.drop(columns="name"))


def test_saved_with_its_recipe_and_without_its_draws(modelled: fl.Estimates, tmp_path: Path) -> None:
    titled = replace(modelled, measure="stock", population="adults", reference_period="2023",
                     wording=replace(modelled.wording, title={"en": "Areas"}))  # fmt: skip
    again = fl.Estimates.read(titled.save(tmp_path / "a.parquet"))
    assert (again.measure, again.population, again.reference_period) == ("stock", "adults", "2023")
    assert again.wording == titled.wording
    assert again.draws is None
    assert again.covariance_matrix is None
    assert json.dumps(again.diagnostics, sort_keys=True) == json.dumps(dict(titled.diagnostics), sort_keys=True)
    assert again.provenance == titled.provenance
    assert again.assumptions == titled.assumptions
    assert again.reasons == titled.reasons
    assert again.by == ("area",)


def test_covariance_is_read_back_and_can_be_written_to(tmp_path: Path) -> None:
    found = direct(by="name")
    again = fl.Estimates.read(found.save(tmp_path / "a.parquet"))
    assert again.covariance.shape == (3, 3)
    np.testing.assert_array_equal(again.covariance, found.covariance)
    copy = found.covariance
    copy[:] = 0
    assert (np.diag(found.covariance) > 0).all()
    assert again.covariance_matrix is not None
    assert again.covariance_matrix.flags.writeable


def test_a_file_that_does_not_say_on_what_rows_rest_is_refused(tmp_path: Path) -> None:
    """Nothing may be guessed: a file of an earlier version has no support."""
    import pyarrow.parquet as pq

    path = direct().save(tmp_path / "a.parquet")
    table = pq.read_table(path)
    recipe = json.loads(table.schema.metadata[b"fl_estimate"])
    del recipe["support"]
    pq.write_table(table.replace_schema_metadata({b"fl_estimate": json.dumps(recipe).encode()}), path)
    with pytest.raises(fl.FlError, match=r"FL-FILE-09(.|\n)*a\.parquet"):
        fl.Estimates.read(path)


def test_what_json_has_not_is_not_written_in_silence(tmp_path: Path) -> None:
    numbers = replace(direct(), diagnostics={"size": np.int64(3), "share": np.float64(0.5)})
    assert fl.Estimates.read(numbers.save(tmp_path / "a.parquet")).diagnostics == {"size": 3, "share": 0.5}
    with pytest.raises(TypeError, match="set cannot be written"):
        replace(direct(), diagnostics={"odd": {1, 2}}).save(tmp_path / "b.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_draws_as_arviz_takes_them(modelled: fl.Estimates) -> None:
    tree = modelled.to_datatree()
    posterior = tree["posterior"]
    assert dict(posterior["value"].sizes) == {"chain": 1, "draw": 200, "area": 3}
    np.testing.assert_array_equal(posterior["value"].to_numpy()[0], modelled.draws[:, 1:])
    np.testing.assert_array_equal(posterior["national"].to_numpy()[0], modelled.draws[:, 0])
    assert posterior["area"].to_numpy().tolist() == ["A", "B", "C"]
    assert posterior.attrs["method"] == "area-normal"
    with pytest.raises(fl.FlError, match=r"FL-EST-62(.|\n)*estimate_prevalence"):
        direct().to_datatree()


def test_a_stack_says_what_it_is_made_of() -> None:
    survey, mean = direct(), fl.estimate_mean(people(), "change", design=DESIGN)
    survey = replace(survey, diagnostics={"fit": 1}, provenance=replace(survey.provenance, source_name="s.csv"))
    both = fl.stack({"a": survey, "b": mean})
    assert both.diagnostics == {"a": {"fit": 1}}
    assert both.provenance.source_name == "s.csv"
    assert {name: told["call"] for name, told in both.provenance.arguments.items()} == {
        "a": "estimate_prevalence", "b": "estimate_mean",
    }  # fmt: skip
    assert both.provenance.arguments["b"]["outcome"] == ["change"]
    assert [*fl.stack([survey, mean]).provenance.arguments] == ["1", "2"]
    assert both.draws is None


def test_a_stack_counts_one_unit() -> None:
    survey = direct()
    households = replace(survey, wording=replace(survey.wording, unit="household"))
    with pytest.raises(fl.FlError, match=r"FL-EST-25(.|\n)*units(.|\n)*household"):
        fl.stack([survey, households])


def test_subpopulations_are_told_apart() -> None:
    women, men = (direct(where=f"code == {code}") for code in (1, 2))
    with pytest.raises(fl.FlError, match=r"FL-EST-25(.|\n)*code == 1, code == 2"):
        fl.stack([men, women])
    assert len(fl.stack([women, women])) == 2


def test_numbers_of_a_test_by_name_without_those_that_are_missing() -> None:
    t = fl.t_test(people(), "change", "code", design=DESIGN)
    told = t.to_dict()
    assert told == {
        "name": t.name, "statistic_name": "t", "df": t.df, "n": 48, "statistic": t.statistic, "p_value": t.p_value,
        "estimate": t.estimate, "se": t.se, "lower": t.lower, "upper": t.upper,
    }  # fmt: skip
    assert t.statistic == pytest.approx(t.estimate / t.se)
    missing = replace(t, p_value=math.nan, lower=math.nan, upper=math.nan)
    assert set(told) - set(missing.to_dict()) == {"p_value", "lower", "upper"}


def test_support_by_hand() -> None:
    one = Support.of([10, 4], [3, 5], psus_with_cases=2, df=[7, 9])
    assert one.psus_with_cases.tolist() == [2, 2]
    assert np.isnan(Support.of([10, 4]).cases).all()
    assert Support.of(6, rows=3).respondents.tolist() == [6, 6, 6]
    taken = one.take([1, -1])
    assert (taken.cases[0], taken.df[0]) == (5, 9)
    assert np.isnan([taken.respondents[1], taken.cases[1], taken.psus_with_cases[1], taken.df[1]]).all()
    assert len(Support.unknown(0).take([0, 1])) == 2
    # One row goes with all: the smaller of 10 and 6, of 4 and 6.
    assert Support.least([one, Support.of([6], [4], psus_with_cases=1, df=8)]).respondents.tolist() == [6, 4]
    assert Support.least([one, Support.of([6], [4], psus_with_cases=1, df=8)]).df.tolist() == [7, 8]
    joined = Support.joined([one, Support.unknown(1)])
    assert joined.to_dict() == {
        "respondents": [10, 4, None], "cases": [3, 5, None], "psus_with_cases": [2, 2, None], "df": [7, 9, None],
        "df_effective": [None] * 3, "undetermined": [None] * 3,
    }  # fmt: skip
    again = Support.from_dict(joined.to_dict())
    for name in ("respondents", "cases", "psus_with_cases", "df"):
        np.testing.assert_array_equal(getattr(again, name), getattr(joined, name))
    # A part without an undetermined person does not hide that another has one only.
    three = [Support.of([9], undetermined=[n]) for n in (0, 7, 1)]
    assert Support.least(three).undetermined.tolist() == [1]
    assert Support.least(three[:1]).undetermined.tolist() == [0]
    assert np.isnan(Support.least([three[0], Support.of([9])]).undetermined).all()
    assert Support.least_known([three[0], three[1]], ["respondents"] * 2).undetermined.tolist() == [7]
    assert len(one.grouped([])) == 0
    assert one.grouped([[1, 0], [0]]).cases.tolist() == [3, 3]
