"""A study file in, one folder out: only what may be published, a manifest that says how, and the same bytes each time."""

from __future__ import annotations

import json
import struct
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.run_folder import names_in_a_run
from fl_estimate.study.run import StudyResult, check_study, run_study
from tests.unit.study.made import MAPPING, STUDY, people, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def result(folder: Path) -> StudyResult:
    return run_study(write(folder), out=folder / "out")


def test_the_folder(result: StudyResult) -> None:
    names = sorted(path.name for path in result.folder.iterdir())
    assert set(names) >= {"estimates.csv", "estimates.parquet", "manifest.json", "report.fr.html", "report.html"}
    # whatever else stands there is a registered format that belongs to a run
    patterns = (*names_in_a_run(), "manifest.json")
    assert [name for name in names if not any(fnmatchcase(name, pattern) for pattern in patterns)] == []
    assert result.ok
    assert list(result.estimates) == ["prevalence_1", "total_2", "share"]


def test_the_figures_are_those_of_the_long_way(result: StudyResult, folder: Path) -> None:
    data = fl.load(folder / "people.csv", mapping=folder / "people.toml")
    classes = fl.classify(data, "icls2018_adult")
    by = [["region"], ["sex"]]
    prevalence = fl.estimate_prevalence(classes, "forced_labour", by=by)
    total = fl.estimate_total(classes, "forced_labour", by="region")
    share = fl.estimate_ratio(classes, "case", "one")
    made = {"prevalence_1": prevalence, "total_2": total, "share": share}
    # A study calls a source by the name that it gives; a call by that of the file.
    long = fl.publish({name: each.about(source="people") for name, each in made.items()}).to_frame()
    # pandas here, polars in the study: sums in another order, so not to the last digit.
    pd.testing.assert_frame_equal(pd.read_parquet(result.folder / "estimates.parquet"), long, rtol=1e-10)


def test_the_regions_are_judged_as_planted(result: StudyResult) -> None:
    frame = pd.read_csv(result.folder / "estimates.csv")
    regions = frame[(frame["estimate"] == "prevalence_1") & (frame["margin"] == "region")]
    assert dict(zip(regions["region"], regions["publication"], strict=True)) == {
        "East": "at_most",
        "North": "published",
        # Printed, it would say that East and West together have three cases, so that neither has four.
        "South": "not_published",
        "West": "at_most",
    }


def test_no_file_holds_a_withheld_number(result: StudyResult) -> None:
    content = b"".join(path.read_bytes() for path in result.folder.iterdir())
    for name in ("prevalence_1", "total_2"):
        row = result.estimates[name].select(region="West").to_frame().iloc[0]
        assert result.published is not None
        printed = result.published.select(name).to_frame()
        shown = printed[(printed["region"] == "North").fillna(False)].iloc[0]
        assert repr(float(shown["value"])).encode() in content  # otherwise the search could not find anything
        for column in ("value", "se", "lower", "upper"):
            value = float(row[column])
            for form in (struct.pack("<d", value), repr(value).encode()[:9], f"{value * 1000:.4f}".encode()):
                assert form not in content, (name, column)


def test_the_manifest(result: StudyResult, folder: Path) -> None:
    manifest = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == result.manifest
    assert manifest["status"] == "done"
    assert [(e["name"], e["status"], e["not_published"]) for e in manifest["estimates"]] == [
        ("prevalence_1", "done", 1),
        ("total_2", "done", 1),
        ("share", "done", 0),
    ]
    assert set(manifest["inputs"]) == {"people.csv", "people.toml", "regions.geojson", "truth.json"}
    assert manifest["config"]["estimate"][0]["interval"] == "korn-graubard"
    assert manifest["packages"]["fl_estimate"] == manifest["version"] == fl.__version__
    assert manifest["form"] == "fl_estimate study result 1"
    assert str(folder) not in json.dumps(manifest)


def test_the_report_has_truth_map_and_definition(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "<h1>A small study</h1>" in page
    assert "True value" in page
    assert "Map 1." in page
    assert "icls2018_adult" in page
    assert result.manifest["fingerprint"] in page
    assert "Carte 1." in (result.folder / "report.fr.html").read_text(encoding="utf-8")


def test_the_same_bytes_each_time(result: StudyResult, folder: Path) -> None:
    again = run_study(folder / "small.toml", out=folder / "again")
    first, second = ({**each, "run": {**each["run"], "date": ""}} for each in (result.manifest, again.manifest))
    assert first == second


def test_resume_leaves_a_result_of_the_same_inputs_alone(tmp_path: Path) -> None:
    study = write(tmp_path)
    first = run_study(study, out=tmp_path / "out", resume=True)
    assert not first.skipped
    assert run_study(study, out=tmp_path / "out", resume=True).skipped
    frame = people()
    frame.loc[0, "W"] = 101.5
    frame.to_csv(tmp_path / "people.csv", index=False)
    changed = run_study(study, out=tmp_path / "out", resume=True)
    assert not changed.skipped
    assert changed.manifest["fingerprint"] != first.manifest["fingerprint"]
    (tmp_path / "out" / "report.html").unlink()
    assert not run_study(study, out=tmp_path / "out", resume=True).skipped


def test_where_the_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    study = write(tmp_path)
    assert run_study(study).folder.resolve() == tmp_path / "elsewhere" / "out" / "small"
    assert run_study(write(tmp_path, study=f'out = "results"\n{STUDY}')).folder == tmp_path / "results"


def test_an_estimate_that_fails_stops_only_itself(tmp_path: Path) -> None:
    frame = people()
    frame.loc[3, "Q1"] = None  # then `case` is unknown, and nobody has said what that means
    result = run_study(write(tmp_path, frame=frame), out=tmp_path / "out")
    assert not result.ok
    assert list(result.failed) == ["share"]
    assert list(result.estimates) == ["prevalence_1", "total_2"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "failed"
    assert manifest["estimates"][2]["error"]["code"] == "FL-EST-07"
    # How many respondents it was about is for the analyst, not for a folder that is handed on.
    assert "found" not in manifest["estimates"][2]["error"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Estimates that could not be made" in page
    assert "FL-EST-07" in page
    # A failed run is never taken for a finished one.
    assert not run_study(tmp_path / "small.toml", out=tmp_path / "out", resume=True).skipped


def test_where_every_estimate_fails_the_manifest_says_so(tmp_path: Path) -> None:
    frame = people()
    frame.loc[3, "Q1"] = None
    text = STUDY[: STUDY.index("[classify]")] + '[[estimate]]\nkind = "prevalence"\noutcome = "case"\n'
    result = run_study(write(tmp_path, study=text, frame=frame), out=tmp_path / "out")
    assert result.published is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]


def test_columns_that_are_not_there_are_all_told(tmp_path: Path) -> None:
    text = STUDY.replace('by = "region"', 'by = ["regio", "sex"]').replace('numerator = "case"', 'numerator = "cas"')
    with pytest.raises(fl.FlError, match="FL-STUDY-05") as raised:
        run_study(write(tmp_path, study=text), out=tmp_path / "out")
    assert "estimate[2].by: 'regio'; did you mean 'region'?" in str(raised.value)
    assert "estimate[3].numerator: 'cas'; did you mean 'case'?" in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "code"), [("truth.json", "FL-FILE-01"), ("regions.geojson", "FL-FILE-01"), ("people.toml", "FL-FILE-01")]
)
def test_a_file_that_is_not_there(name: str, code: str, tmp_path: Path) -> None:
    study = write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(fl.FlError, match=code):
        run_study(study, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_map_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    study = write(tmp_path)
    areas = (tmp_path / "regions.geojson").read_text(encoding="utf-8").replace("North", "Norths")
    (tmp_path / "regions.geojson").write_text(areas, encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-10"):
        run_study(study, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pandas_and_several_sources(tmp_path: Path) -> None:
    text = STUDY.replace('mapping = "people.toml"', 'mapping = "people.toml"\nengine = "pandas"')
    text = text.replace(
        "[classify]",
        '[source.other]\nfile = { people = "people.csv" }\nmapping = "people.toml"\n[classify]\nsource = "people"',
    )
    text = text.replace("[[estimate]]", '[[estimate]]\nsource = "people"')
    text = text.replace('source = "people"\nkind = "ratio"', 'source = "other"\nkind = "ratio"')
    result = run_study(write(tmp_path, study=text), out=tmp_path / "out")
    assert result.ok
    assert set(result.manifest["sources"]) == {"people", "other"}


def test_a_framework_of_ones_own(tmp_path: Path) -> None:
    from importlib.resources import files

    own = (files("fl_estimate.indicators") / "frameworks" / "icls2018_adult.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    text = STUDY.replace('framework = "icls2018_adult"', 'framework = ["own.toml"]')
    result = run_study(write(tmp_path, study=text), out=tmp_path / "out")
    assert "own.toml" in result.manifest["inputs"]


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[str] = []
    run_study(write(tmp_path), out=tmp_path / "out", progress=steps.append)
    assert steps == [
        "reading people",
        "classifying people",
        "estimating prevalence_1",
        "estimating total_2",
        "estimating share",
        "auditing what may be published",
        "writing",
    ]


def test_check_finds_what_a_run_would_and_writes_nothing(tmp_path: Path) -> None:
    assert check_study(write(tmp_path)).surveys["people"].report.ok
    frame = people()
    frame.loc[3, "Q1"] = None
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        check_study(write(tmp_path, frame=frame))
    assert not (tmp_path / "out").exists()


def test_kind_variance_and_replicates_of_the_mapping(tmp_path: Path) -> None:
    """The variance of a quantity is a kind; variance = chooses linearisation where the file has replicate weights."""
    frame = people()
    for position in range(4):
        frame[f"R{position + 1}"] = frame["W"] * (1 + 0.1 * ((frame["EA"] + position) % 4 == 0))
    study = STUDY.replace('kind = "ratio"', 'kind = "ratio"\nvariance = "taylor"')
    study += '\n[[estimate]]\nkind = "variance"\nname = "spread"\nvariable = "age_interview"\nby = "region"\n'
    mapping = MAPPING + '\n[design.replicates]\ncolumns = "R{n}"\nnumber = 4\nkind = "brr"\n'
    result = run_study(write(tmp_path, study=study, mapping=mapping, frame=frame), out=tmp_path / "out")
    assert result.ok
    frames = {name: estimates.to_frame() for name, estimates in result.estimates.items()}
    assert set(frames["share"]["method"]) == {"taylor"}
    assert set(frames["prevalence_1"]["method"]) == {"replicates"}
    assert set(frames["spread"]["quantity"]) == {"variance"}
    assert len(frames["spread"]) == 5
    assert "<h2>" in (text := (result.folder / "report.html").read_text(encoding="utf-8"))
    assert "Variance" in text


def test_the_manifest_says_what_stands_in_english_for_want_of_words(folder: Path) -> None:
    (folder / "begun").mkdir()
    begun = write(folder / "begun", study=STUDY.replace('["en", "fr"]', '["fr", "pt-BR"]'))
    words = run_study(begun, out=folder / "begun" / "out").manifest["words"]
    assert [each["language"] for each in words] == ["fr", "pt-BR"]
    assert words[0]["missing"] == []
    assert "sentence:rule_parts" in words[1]["missing"]
    assert "outcome:forced_labour" not in words[1]["missing"]
