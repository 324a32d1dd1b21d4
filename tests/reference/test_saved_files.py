"""Files that older versions saved are read with the values that these versions read of them, or refused by a code; newer ones are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from packaging.version import Version

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.files import read_table
from fl_estimate.reporting.disclosure.release_audit import derived
from fl_estimate.reporting.releases import read_release
from fl_estimate.saved import SavedForm
from tests.reference.saved_files import make

FOLDER = Path(__file__).parent / "saved_files"
VERSIONS = sorted(path for path in FOLDER.glob("20*") if path.is_dir())
ESTIMATES = sorted(path for path in FOLDER.glob("20*/*.parquet") if path.stem != "converted")
FIRST, OF_0_1_0, WITH_SUPPORT, WITH_MODELS, UNNUMBERED = (path.name for path in VERSIONS)
WITHOUT_SUPPORT = (FIRST, OF_0_1_0)
TEXT = (
    "quantity",
    "outcome",
    "term",
    "margin",
    "region",
    "sex",
    "district",
    "interval_kind",
    "bound",
    "method",
    "basis",
)
TO_THE_LAST_DIGIT: dict[str, Any] = (
    {"float_precision": "round_trip"} if Version(pd.__version__) < Version("3.1") else {}
)
"""pandas before 3.1 reads the last digit another way unless it is told; later ones know no other way."""


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def expected(path: Path) -> pd.DataFrame:
    """What the version that wrote a file read of it; text as text, numbers to their last digit."""
    frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), **TO_THE_LAST_DIGIT)
    return frame.fillna({name: "" for name in TEXT if name in frame})


def assert_same(made: pd.DataFrame, then: pd.DataFrame, *, rtol: float = 0.0, columns: tuple[str, ...] = ()) -> None:
    """Every column there was then has the same values; what there was not is not compared."""
    for name in columns or tuple(then.columns):
        now = made[name]
        if name in TEXT:
            assert ["" if pd.isna(each) else str(each) for each in now] == then[name].tolist(), name
        else:
            values = now.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            np.testing.assert_allclose(values, then[name].astype(float), rtol=rtol, atol=0, err_msg=name)


def test_there_are_files_of_every_kind_and_version() -> None:
    """Otherwise the tests below could not fail."""
    assert len(VERSIONS) == 5
    assert {path.stem for path in ESTIMATES} == {"prevalence", "total", "area", "lists", "regression"}


@pytest.mark.parametrize("path", ESTIMATES, ids=named)
def test_estimates_are_read_with_equal_values(path: Path, tmp_path: Path) -> None:
    then = expected(path.with_suffix(".csv"))
    read = fl.Estimates.read(path)
    assert_same(read.to_frame(), then)
    again = fl.Estimates.read(read.save(tmp_path / "again.parquet"))
    assert_same(again.to_frame(), then)
    assert again.provenance == read.provenance
    assert again.assumptions == read.assumptions
    if read.covariance_matrix is not None:
        variances = np.diag(read.covariance)
        assert np.sqrt(variances[: len(then)]) == pytest.approx(then["se"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("path", [p for p in ESTIMATES if p.parent.name in WITHOUT_SUPPORT], ids=named)
def test_what_does_not_say_on_whom_it_rests_is_read_and_never_published(path: Path) -> None:
    """Of a file of 0.1.0 the analyst has every figure and a reader none; the result says why."""
    read = fl.Estimates.read(path)
    assert set(read.frame["basis"]) == {"respondents"}
    assert np.isnan(read.support.respondents).all()
    assert [(str(a.code), a.parameters) for a in read.assumptions][-1] == ("older_file", (("version", "0.1.0"),))
    published = fl.publish(read)
    assert set(published.to_frame()["publication"]) == {"not_published"}
    assert published.to_frame()["value"].isna().all()


def test_what_is_made_of_it_is_not_published_either() -> None:
    """Other units, one row, a stock of a flow, a change and a combination with a figure of today."""
    old, total = (fl.Estimates.read(FOLDER / OF_0_1_0 / f"{name}.parquet") for name in ("prevalence", "total"))
    today = fl.estimate_prevalence(make.answered(), "fl", design=make.design(), by=["region", "sex"])
    made = [
        old.per_thousand(), old.national.persons(1_000), old.select(region="North"),
        fl.synthesis.stock_from_flow(total.national, 2.0, kind="completed", window_years=5),
        fl.synthesis.combine([old.national, today.national]), fl.synthesis.change(old.national, today.national),
    ]  # fmt: skip
    for each in made:
        assert set(fl.publish(each).to_frame()["publication"]) == {"not_published"}
    beside = fl.publish(fl.stack([old, today])).to_frame()["publication"].tolist()
    assert beside == ["not_published"] * 5 + ["published"] * 5


@pytest.mark.parametrize("version", [WITH_SUPPORT, WITH_MODELS, UNNUMBERED])
def test_what_says_so_is_judged_as_if_it_were_made_today(version: str) -> None:
    read = fl.Estimates.read(FOLDER / version / "prevalence.parquet")
    today = fl.estimate_prevalence(make.answered(), "fl", design=make.design(), by=["region", "sex"], df="domain")
    assert_same(read.to_frame(), expected(FOLDER / version / "prevalence.csv"))
    for name in ("respondents", "cases"):
        assert getattr(read.support, name).tolist() == getattr(today.support, name).tolist()
    assert fl.publish(read).to_frame()["publication"].tolist() == fl.publish(today).to_frame()["publication"].tolist()


@pytest.mark.parametrize("version", [WITH_MODELS, UNNUMBERED])
def test_a_regression_answers_as_it_did(version: str) -> None:
    """rtol: the same sums, added up again."""
    model = fl.Regression.read(FOLDER / version / "regression.parquet")
    means = expected(FOLDER / version / "regression_means.csv")
    assert_same(fl.marginal_means(model, "sex").to_frame(), means, rtol=1e-12, columns=("value", "se", "n"))


@pytest.mark.parametrize("version", [OF_0_1_0, WITH_SUPPORT])
def test_a_regression_without_its_model_is_refused_and_says_what_to_do(version: str) -> None:
    with pytest.raises(FileFault, match="FL-FILE-26") as told:
        fl.Regression.read(FOLDER / version / "regression.parquet")
    assert "written by 0.1.0" in told.value.found
    assert "fl.Estimates.read" in told.value.found
    assert "fl.regress" in told.value.fix


def test_an_estimate_that_is_no_regression_is_not_called_an_old_one() -> None:
    with pytest.raises(FileFault, match="FL-FILE-09"):
        fl.Regression.read(FOLDER / UNNUMBERED / "prevalence.parquet")


def test_rows_taken_from_a_regression_of_today_are_not_called_old(tmp_path: Path) -> None:
    model = fl.regress(make.people().rename(columns={"q": "fl"}), "fl ~ age", design=make.design())
    rows = fl.Estimates(**{name: getattr(model, name) for name in fl.Estimates.__dataclass_fields__})
    with pytest.raises(FileFault, match="FL-FILE-09"):
        fl.Regression.read(rows.save(tmp_path / "rows.parquet"))


@pytest.mark.parametrize("version", [OF_0_1_0, WITH_SUPPORT, WITH_MODELS, UNNUMBERED])
def test_a_survey_gives_the_same_estimates(version: str) -> None:
    """Limits have other degrees of freedom by default since 29 November 2026; value and se have not moved. rtol: other sums."""
    data = fl.SurveyData.read(FOLDER / version / "survey")
    assert data.population == "residents of 15 to 64"
    assert len(data.people) == 480
    made = fl.estimate_prevalence(data, "fl", by="region").to_frame(labels=False)
    assert_same(made, expected(FOLDER / version / "survey.csv"), rtol=1e-12, columns=("value", "se", "n", "cases"))


@pytest.mark.parametrize("version", [WITH_MODELS, UNNUMBERED])
def test_a_coverage_report_is_read_as_it_was(version: str) -> None:
    report = fl.CoverageReport.read(FOLDER / version / "coverage.json")
    assert report.to_frame().to_csv(index=False) == (FOLDER / version / "coverage.csv").read_text(encoding="utf-8")
    assert report.version == "0.1.0"


@pytest.mark.parametrize("version", [path.name for path in VERSIONS])
def test_a_result_folder_is_known_to_the_next_release(version: str) -> None:
    folder = FOLDER / version / "result"
    release = read_release(folder)
    then = pd.read_csv(folder / "estimates.csv", **TO_THE_LAST_DIGIT)
    (table,) = release.tables
    assert table.by == ("region", "sex")
    assert table.frame["value"].tolist() == then["value"].tolist()
    assert set(table.frame["basis"]) == {"respondents"}
    assert (release.min_n, release.min_cases) == (50, 5)
    assert derived([release]).empty


def test_a_withheld_cell_cannot_be_had_from_an_older_release(tmp_path: Path) -> None:
    """Of two regions that 0.1.0 printed one is now withheld and the nation printed: the audit knows that they add up to it."""
    shutil.copytree(FOLDER / OF_0_1_0 / "result", tmp_path / "result")
    frame = pd.read_parquet(tmp_path / "result" / "estimates.parquet")
    south = frame["region"].astype("string").eq("South").fillna(value=False).to_numpy(dtype=bool)
    frame.loc[south, ["value", "se", "lower", "upper", "cases"]] = np.nan
    frame.loc[south, "publication"] = "not_published"
    frame.loc[frame["margin"] == "", "cases"] = 42  # 39 in the North
    frame = frame[frame["margin"] != "sex"]
    frame.to_parquet(tmp_path / "result" / "estimates.parquet")
    found = derived([read_release(tmp_path / "result")])
    assert found[["cell", "what", "lower", "upper"]].to_numpy().tolist() == [["region = South", "cases", 3.0, 3.0]]


def test_a_models_row_of_an_older_release_is_not_taken_for_a_count_of_respondents(tmp_path: Path) -> None:
    """Tables of 0.1.0 have no basis: it is told by the methods that version judged by n, cases and df."""
    shutil.copytree(FOLDER / OF_0_1_0 / "result", tmp_path / "result")
    frame = pd.read_parquet(tmp_path / "result" / "estimates.parquet")
    methods = ["area-binomial", "stock-in-window", "stock-in-window", "replicates", "taylor"]
    frame["method"] = methods
    frame["n"] = [480, 300, None, 200, 200]
    frame.to_parquet(tmp_path / "result" / "estimates.parquet")
    (table,) = read_release(tmp_path / "result").tables
    assert table.frame["basis"].tolist() == ["model", "respondents", "model", "respondents", "respondents"]


@pytest.mark.parametrize("version", [path.name for path in VERSIONS])
def test_labels_of_a_conversion_are_read(version: str) -> None:
    """The first version wrote values alone."""
    table = read_table(FOLDER / version / "converted.parquet")
    own = version != FIRST
    assert table.value_labels == ({"region": {1.0: "North", 2.0: "South"}, "q": {0.0: "no", 1.0: "yes", 9.0: "refused"}} if own else {})  # fmt: skip
    assert table.declared_missing == ({"q": ((9.0, 9.0),)} if own else {})
    assert pq.read_metadata(FOLDER / version / "converted.parquet").num_rows == 30


# What this version writes


def _of_parquet(path: Path, key: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Change what is told in the metadata of a Parquet file; gives what was told."""
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    told = json.loads(metadata[key])
    pq.write_table(table.replace_schema_metadata({**metadata, key: json.dumps(change(told)).encode()}), path)
    return told


def _of_json(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(change(told)), encoding="utf-8")
    return told


Change = Callable[[Callable[[dict[str, Any]], dict[str, Any]]], dict[str, Any]]


def written(kind: str, folder: Path) -> tuple[Change, Callable[[], Any]]:
    """A file of this kind that this version writes: a way to change what it says of itself, and how it is read."""
    if kind == "estimates":
        path = fl.estimate_prevalence(make.answered(), "fl", design=make.design()).save(folder / "a.parquet")
        return lambda change: _of_parquet(path, b"fl_estimate", change), lambda: fl.Estimates.read(path)
    if kind == "regression":
        frame = make.people().rename(columns={"q": "fl"})
        path = fl.regress(frame, "fl ~ age", design=make.design()).save(folder / "a.parquet")
        return lambda change: _of_parquet(path, b"fl_estimate", change), lambda: fl.Regression.read(path)
    if kind == "survey":
        path = fl.SurveyData(people=make.people(), population="residents").save(folder / "survey")
        return lambda change: _of_json(path / "survey.json", change), lambda: fl.SurveyData.read(path)
    if kind == "coverage report":
        path = fl.CoverageReport.read(FOLDER / UNNUMBERED / "coverage.json").save(folder / "a.json")
        return lambda change: _of_json(path, change), lambda: fl.CoverageReport.read(path)
    if kind == "study result":
        shutil.copytree(FOLDER / UNNUMBERED / "result", folder / "result", dirs_exist_ok=True)
        return lambda change: _of_json(folder / "result" / "manifest.json", change), lambda: read_release(
            folder / "result"
        )
    path = folder / "a.parquet"
    make.write_sav(folder / "a.sav")
    convert(folder / "a.sav", path)
    return lambda change: _of_parquet(path, b"fl_estimate.labels", change), lambda: read_table(path)


KINDS = {"estimates": 2, "regression": 2, "survey": 1, "coverage report": 1, "study result": 1, "labels": 1}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "study result"])
def test_every_file_says_its_form_and_the_version_that_wrote_it(kind: str, tmp_path: Path) -> None:
    change, read = written(kind, tmp_path)
    told = change(lambda told: told)
    named = "estimates" if kind == "regression" else kind
    assert told["form"] == f"fl_estimate {named} {KINDS[kind]}"
    assert told["version"] == ("0.1.0" if kind == "coverage report" else fl.__version__)
    read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_file_is_refused_and_says_which_version_reads_it(kind: str, tmp_path: Path) -> None:
    change, read = written(kind, tmp_path)
    newer = KINDS[kind] + 1
    change(lambda told: {**told, "form": f"{told['form'].rpartition(' ')[0]} {newer}", "version": "7.1.0"})
    with pytest.raises(FileFault, match="FL-FILE-25") as told:
        read()
    assert f"form {newer}" in told.value.found
    assert "written by 7.1.0" in told.value.found
    assert fl.__version__ in told.value.found
    assert "install fl_estimate 7.1.0 or a newer one" in told.value.fix


CODES = {
    "estimates": "FL-FILE-09", "regression": "FL-FILE-09", "survey": "FL-FILE-11", "coverage report": "FL-FILE-22",
    "study result": "FL-PUB-40", "labels": "FL-FILE-05",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_of_something_else_is_no_such_file(kind: str, tmp_path: Path) -> None:
    change, read = written(kind, tmp_path)
    for form in ("another form 1", "fl_estimate thing 2", f"fl_estimate {kind}", None, 3, f"fl_estimate {kind} -1"):
        change(lambda told, form=form: {**told, "form": form})
        with pytest.raises(fl.FlError, match=CODES[kind]):
            read()


@pytest.mark.parametrize("broken", ["{", "[]", "3", "null", '{"by": []}', "[" * 100_000])
def test_broken_metadata_is_no_file_of_estimates(broken: str, tmp_path: Path) -> None:
    path = fl.estimate_prevalence(make.answered(), "fl", design=make.design()).save(tmp_path / "a.parquet")
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({b"fl_estimate": broken.encode()}), path)
    with pytest.raises(FileFault, match="FL-FILE-09"):
        fl.Estimates.read(path)


@pytest.mark.parametrize(
    "part", ["by", "measure", "reasons", "assumptions", "provenance", "covariance", "support", "cells"]
)
def test_a_part_that_is_gone_is_no_file_of_estimates(part: str, tmp_path: Path) -> None:
    path = fl.estimate_prevalence(make.answered(), "fl", design=make.design()).save(tmp_path / "a.parquet")
    _of_parquet(path, b"fl_estimate", lambda told: {name: each for name, each in told.items() if name != part})
    with pytest.raises(FileFault, match="FL-FILE-09"):
        fl.Estimates.read(path)


def test_a_version_is_shown_where_it_is_one() -> None:
    """What a file says is somebody's: a text that is no version is not printed."""
    form = SavedForm(kind="estimates", number=2, oldest=2, again="estimate again")
    for number, code in ((3, "FL-FILE-25"), (1, "FL-FILE-26")):
        for version, shown in (
            ("0.9.1", True),
            ("1.0.dev3+local", True),
            ("Amina Diallo", False),
            ("+220 77", False),
            ("2203117744", False),
            ("25.11.1987", False),
            (3, False),
        ):
            with pytest.raises(FileFault, match=code) as told:
                form.number_of({"form": f"fl_estimate estimates {number}", "version": version}, "a.parquet")
            assert (f"written by {version}" in str(told.value)) is shown
            assert shown or str(version) not in told.value.found.replace("form 3", "")


def test_a_form_that_is_read_no_more_says_how_to_mend_it() -> None:
    form = replace(SavedForm(kind="survey", number=4, again="load it again"), oldest=3)
    assert form.number_of({"form": "fl_estimate survey 3"}, "survey") == 3
    assert form.number_of({}, "survey") is None
    with pytest.raises(FileFault, match="FL-FILE-26") as told:
        form.number_of({}, "survey", unnumbered=1, version="0.1.0")
    assert told.value.found.startswith("survey: form 1 of survey, written by 0.1.0; this is ")
    assert told.value.found.endswith("which reads form 3 to 4")
    assert told.value.fix == "load it again, or read it with the version that wrote it"


def test_the_page_of_releases_names_every_form_of_today() -> None:
    page = (FOLDER.parents[2] / "docs" / "reference" / "releases.md").read_text(encoding="utf-8")
    forms = {
        f"`fl_estimate {'estimates' if kind == 'regression' else kind} {number}`" for kind, number in KINDS.items()
    }
    assert {form for form in forms if form not in page} == set()
