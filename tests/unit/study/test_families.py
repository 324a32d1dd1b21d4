"""A study answers by survey, areas and case lists, each as the long way does, and lays them under each other."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.methods import methods
from fl_estimate.study.forms import ListsEntry, entry_models
from fl_estimate.study.run import StudyResult, check_study, run_study
from tests.unit.study.made import REGIONS, STUDY, assert_same_rows, write

AREAS = pd.DataFrame(
    {"region": REGIONS, "name": ["n", "s", "e", "w"], "x": [0.5, 0.1, -0.4, -0.2], "adults": [20_000] * 4}
)
LISTS = pd.DataFrame(
    {
        "A": [1, 0, 1, 0, 1, 1, 0],
        "B": [0, 1, 1, 0, 0, 1, 1],
        "C": [0, 0, 0, 1, 1, 1, 1],
        "count": [60, 50, 9, 40, 7, 2, 8],
    }
)
POPULATION = '{ file = "areas.csv", column = "adults" }'
FAMILIES = f"""
[[estimate]]
kind = "area"
name = "areas"
outcome = "forced_labour"
by = "region"
covariates = {{ file = "areas.csv", columns = ["x"] }}
population = {POPULATION}
prior = {{ sigma = "half-normal(0.5)" }}
seed = 3

[[estimate]]
kind = "capture_recapture"
name = "lists"
file = "lists.csv"
method = "loglinear"
terms = [["A", "B"]]
outcome = "forced_labour"

[[estimate]]
kind = "capture_recapture"
name = "two"
file = "lists.csv"
method = "chapman"
a = "A"
b = "B"
interval = "log"

[[estimate]]
kind = "stack"
name = "together"
estimates = ["total_2", "areas", "lists", "two"]
population = {POPULATION}
"""


def study(text: str = FAMILIES) -> str:
    return STUDY.replace("\n[publish]", f"{text}\n[publish]")


def write_all(folder: Path, text: str = FAMILIES, lists: pd.DataFrame = LISTS) -> Path:
    AREAS.to_csv(folder / "areas.csv", index=False)
    lists.to_csv(folder / "lists.csv", index=False)
    return write(folder, study=study(text))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@pytest.fixture(scope="module")
def result(folder: Path) -> StudyResult:
    return run_study(write_all(folder), out=folder / "out")


def test_areas_are_those_of_the_long_way(result: StudyResult, folder: Path) -> None:
    people = fl.classify(fl.load(folder / "people.csv", mapping=folder / "people.toml"), "icls2018_adult")
    long = fl.hierarchical.area(
        fl.estimate_prevalence(people, "forced_labour", by="region"),
        covariates=AREAS[["region", "x"]],
        population=AREAS[["region", "adults"]].rename(columns={"adults": "population"}),
        prior=fl.hierarchical.Prior(sigma="half-normal(0.5)"),
        seed=3,
    )
    assert_same_rows(result.estimates["areas"].to_frame(), long.to_frame(), rtol=1e-8)
    assert result.estimates["areas"].to_frame()["margin"].tolist() == ["", *["region"] * 4]


def test_lists_are_those_of_the_long_way(result: StudyResult) -> None:
    histories = fl.CaptureHistories.from_counts(LISTS, lists=["A", "B", "C"])
    for name, long in (
        ("lists", cr.loglinear(histories, [("A", "B")])),
        ("two", cr.chapman(histories, "A", "B", interval="log")),
    ):
        made = result.estimates[name].to_frame()
        assert_same_rows(made.drop(columns="outcome"), long.to_frame().drop(columns="outcome"))
        assert set(made["outcome"]) == ({"forced_labour"} if name == "lists" else {""})


def test_the_stack_counts_persons(result: StudyResult) -> None:
    frame = result.estimates["together"].to_frame()
    assert frame["quantity"].tolist() == ["total", "persons", "population_size", "population_size"]
    area = result.estimates["areas"].national.to_frame()
    assert frame["value"][1] == pytest.approx(80_000 * area["value"][0])
    assert frame["value"][2] == result.estimates["lists"].to_frame()["value"][0]


def test_the_report_shows_them_beside_the_truth(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "Survey, design-weighted",
        "Survey by area, hierarchical model",
        "Case lists, log-linear",
        "Two case lists, Chapman",
        "several methods side by side",
        "each row holds under the assumptions of its own method",
        "95% credible interval",
    ):
        assert words in page, words
    table = pd.read_csv(result.folder / "estimates.csv")
    assert (table["estimate"] == "together").sum() == 4


def test_the_manifest_names_the_files(result: StudyResult) -> None:
    # a file of case lists is a handful of counts: without a private folder not even its hash is kept
    assert "areas.csv" in result.manifest["inputs"]
    assert "lists.csv" not in result.manifest["inputs"]
    assert [(file["name"], file["rows"]) for file in result.manifest["lists_and_tables"]] == [
        ("areas.csv", 4),
        ("lists.csv", 7),
    ]


def test_records_of_persons_are_counted(tmp_path: Path) -> None:
    records = LISTS.loc[LISTS.index.repeat(LISTS["count"]), ["A", "B", "C"]]
    path = tmp_path / "lists.toml"
    records.to_csv(tmp_path / "lists.csv", index=False)
    path.write_text(
        '[[estimate]]\nkind = "capture_recapture"\nfile = "lists.csv"\nmethod = "loglinear"\n', encoding="utf-8"
    )
    made = run_study(path, out=tmp_path / "out")
    expected = cr.loglinear(fl.CaptureHistories.from_counts(LISTS, lists=["A", "B", "C"]))
    assert made.estimates["capture_recapture_1"].to_frame()["value"].tolist() == pytest.approx(
        expected.to_frame()["value"].tolist(), rel=1e-12
    )
    assert json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["sources"] == {}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('columns = ["x"]', 'columns = ["z"]', r"FL-STUDY-05(.|\n)*estimate\[4\].covariates: 'z'"),
        ('column = "adults"', 'column = "adlts"', r"FL-STUDY-05(.|\n)*estimate\[4\].population: 'adlts'"),
        ('column = "adults"', 'column = "name"', r"FL-STUDY-08(.|\n)*'name'"),
        ('file = "lists.csv"', 'file = "list.csv"', "FL-FILE-01"),
        ('by = "region"\ncov', 'by = "regio"\ncov', r"FL-STUDY-05(.|\n)*estimate\[4\].by: 'regio'"),
        ('method = "loglinear"', 'method = "loglinear"\nlists = ["A", "D"]', r"FL-STUDY-05(.|\n)*'D'"),
    ],
)
def test_faults_before_estimating_leave_nothing(old: str, new: str, code: str, tmp_path: Path) -> None:
    assert old in FAMILIES
    path = write_all(tmp_path, FAMILIES.replace(old, new))
    for call in (lambda: run_study(path, out=tmp_path / "out"), lambda: check_study(path)):
        with pytest.raises(fl.FlError, match=code):
            call()
    assert not (tmp_path / "out").exists()


def test_bad_lists_are_found_before_estimating(tmp_path: Path) -> None:
    path = write_all(tmp_path, lists=LISTS.assign(A=2))
    with pytest.raises(fl.FlError, match="FL-LISTS-10"):
        run_study(path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_without_an_estimate_fails_alone_and_its_stack_with_it(tmp_path: Path) -> None:
    """Nobody is on two lists: the main-effects model has no estimate; the survey's figures come out all the same."""
    path = write_all(
        tmp_path, FAMILIES.replace('terms = [["A", "B"]]\n', ""), lists=LISTS[LISTS[["A", "B", "C"]].sum(axis=1) == 1]
    )
    result = run_study(path, out=tmp_path / "out")
    assert {name: error.code for name, error in result.failed.items()} == {
        "lists": "FL-EST-35",
        "together": "FL-EST-26",
    }
    assert set(result.estimates) == {"prevalence_1", "total_2", "share", "areas", "two"}
    assert result.manifest["status"] == "failed"


def test_units_that_differ_fail_alone(tmp_path: Path) -> None:
    path = write_all(tmp_path, FAMILIES.replace(f'"two"]\npopulation = {POPULATION}', '"two"]'))
    result = run_study(path, out=tmp_path / "out")
    assert {name: error.code for name, error in result.failed.items()} == {"together": "FL-EST-27"}


def test_a_number_of_persons_may_be_given(tmp_path: Path) -> None:
    path = write_all(tmp_path, FAMILIES.replace(f'"two"]\npopulation = {POPULATION}', '"two"]\npopulation = 80000'))
    frame = run_study(path, out=tmp_path / "out").estimates["together"].to_frame()
    assert frame["quantity"].tolist()[:2] == ["total", "persons"]


@pytest.mark.parametrize(
    ("keys", "long"),
    [
        ('method = "chao"', lambda h: cr.chao(h)),
        ('method = "zelterman"\nlevel = 0.9', lambda h: cr.zelterman(h, level=0.9)),
        ('method = "closed"\nmodel = "Mh-chao"', lambda h: cr.closed(h, "Mh-chao")),
        ('method = "select_bic"\nreplicates = 40\nmax_order = 1', lambda h: cr.select_bic(h, replicates=40, max_order=1, seed=1)),
        (
            'method = "select_stepwise"\nthreshold = 0.1\ninterval = "wald"',
            lambda h: cr.select_stepwise(h, threshold=0.1, interval="wald", seed=1),
        ),
        ('method = "average_decomposable"\nsaturated = false', lambda h: cr.average_decomposable(h, saturated=False, seed=1)),
        ('method = "threshold"\nprior = "proper"\ndraws = 400', lambda h: cr.threshold(h, prior="proper", draws=400, seed=1)),
        (
            'method = "appraise"\nreplicates = 40\ndraws = 400',
            lambda h: cr.appraise(h, replicates=40, draws=400, seed=1).headline,
        ),
    ],
)  # fmt: skip
def test_every_method_for_lists(keys: str, long: Callable[[fl.CaptureHistories], fl.Estimates], tmp_path: Path) -> None:
    LISTS.to_csv(tmp_path / "lists.csv", index=False)
    path = tmp_path / "lists.toml"
    path.write_text(f'[[estimate]]\nkind = "capture_recapture"\nfile = "lists.csv"\n{keys}\n', encoding="utf-8")
    made = run_study(path, out=tmp_path / "out").estimates["capture_recapture_1"]
    assert_same_rows(made.to_frame(), long(fl.CaptureHistories.from_counts(LISTS, lists=["A", "B", "C"])).to_frame())


def test_the_keys_of_a_method_are_arguments_of_its_function() -> None:
    """All of them, but for the lists themselves and what no file can hold; two are called otherwise beside `kind` and `lists`."""
    called = {"estimator": {"kind"}, "a": {"lists", "a"}, "b": {"lists", "b"}}
    own = set(ListsEntry.model_fields) | {"method"}
    for tag, method in methods().items():
        if method.kind != "capture_recapture":
            continue
        taken = set(inspect.signature(getattr(cr, method.name)).parameters)
        keys = set(entry_models()[tag].model_fields) - own
        assert all(called.get(key, {key}) & taken for key in keys), tag
        handed = {name for key in keys for name in called.get(key, {key})} | own
        # `behaviour` is of trapping occasions, which no file holds.
        # `overlaps` of pairs come in the file itself, in place of lists.
        handed |= {"histories", "records", "by", "log_prior", "progress", "behaviour", "overlaps"}
        assert taken <= handed, tag


def test_an_appraisal_has_a_page_that_the_report_leads_to(tmp_path: Path) -> None:
    LISTS.to_csv(tmp_path / "lists.csv", index=False)
    path = tmp_path / "lists.toml"
    path.write_text(
        '[[estimate]]\nkind = "capture_recapture"\nname = "all of it"\nfile = "lists.csv"\nmethod = "appraise"\n'
        'replicates = 40\ndraws = 400\n[publish]\nlanguages = ["es", "en"]\n',
        encoding="utf-8",
    )
    made = run_study(path, out=tmp_path / "out")
    assert isinstance(made.appraisals["all of it"], cr.Appraisal)
    pages = {"appraisal.all_of_it.html": "Lo que dicen", "appraisal.all_of_it.en.html": "What case lists can tell"}
    for name, said in pages.items():
        assert said in (made.folder / name).read_text(encoding="utf-8")
        assert name in {file["name"] for file in made.manifest["files"]}
    assert 'href="appraisal.all_of_it.html"' in (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Envelope of 95% intervals" in (made.folder / "report.en.html").read_text(encoding="utf-8")


def test_few_people_get_no_page(tmp_path: Path) -> None:
    LISTS.assign(count=lambda f: (f["count"] / f["count"].sum() * 40).round() + 1).to_csv(
        tmp_path / "lists.csv", index=False
    )
    path = tmp_path / "lists.toml"
    path.write_text(
        '[[estimate]]\nkind = "capture_recapture"\nfile = "lists.csv"\nmethod = "appraise"\nreplicates = 40\n'
        "draws = 400\n[publish]\nrule = { min_n = 500 }\n",
        encoding="utf-8",
    )
    made = run_study(path, out=tmp_path / "out")
    assert list(made.folder.glob("appraisal*")) == []
