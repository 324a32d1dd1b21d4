"""What stands around a run of a study: rules, words of keys, paths of faults, folders."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import BaseModel

import fl_estimate as fl
from fl_estimate.errors import EstimateFault, FileFault
from fl_estimate.results.roles import PEOPLE, Earlier, FromFile, Persons
from fl_estimate.study import folder as folders
from fl_estimate.study import inputs, locking, nesting, run
from fl_estimate.study.config import read_study
from fl_estimate.study.describe import _default, _form, _parameter_text, _words  # pyright: ignore[reportPrivateUsage]
from fl_estimate.study.entries import RuleEntry
from fl_estimate.study.faults import fault_lines
from fl_estimate.study.folder import MANIFEST, replacing, write_manifest
from fl_estimate.study.forms import ColumnName, ColumnNames, entry_model
from fl_estimate.study.private import open_private, withheld_rows
from fl_estimate.study.respondent import answers_of, explain_respondent
from fl_estimate.study.run import run_study
from tests.unit.study.folder_writer import fill
from tests.unit.study.made import STUDY, write
from tests.unit.study.test_forms import made


def test_a_rule_of_ones_own_begins_with_the_thresholds_of_the_library() -> None:
    """Every key that a study leaves out is that of fl-default, whose thresholds the docs print."""
    own, usual = RuleEntry().model_dump(), fl.SuppressionRule()
    assert own.pop("name") == "custom"
    assert {name: getattr(usual, name) for name in own} == own


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (str, "text"), (int, "whole number"), (float, "number"), (bool, "true or false"), (str | None, "text"), (list[str], "list of text"),
        (list[float] | None, "list of number"), (dict[str, float], "table of number"), (Literal["a", "b"], '"a", "b"'), (ColumnName, "{ file, column }"),
        (ColumnNames, "{ file, columns }"), (Annotated[int, "x"], "whole number"), (str | list[str], "text or list of text"), (Annotated[str, 1] | str, "text"),
    ],
)  # fmt: skip
def test_types_in_words(form: Any, words: str) -> None:
    assert _words(form) == words


def test_tables_and_defaults_in_words() -> None:
    class Table(BaseModel):
        low: float
        high: float = 1.0

    assert _words(Table) == "table of low, high"
    assert _default(Table.model_fields["low"]) == "must be given"
    given: tuple[Any, ...] = ("log", "", None, True, False, 3, 0.5)
    fields: dict[Any, Any] = {each: SimpleNamespace(is_required=lambda: False, default=each) for each in given}
    told_of = {each: _default(field) for each, field in fields.items()}
    assert told_of == {"log": '"log"', "": "", None: "", True: "true", False: "false", 3: "3", 0.5: "0.5"}


def test_words_of_a_parameter_in_a_docstring() -> None:
    def function() -> None:
        """Do it.

        Parameters
        ----------
        one : int
            The first
            of all.
        two, three : str
            Others.

            In two parts.

        Returns
        -------
        four : int
            Not asked.
        """

    assert [_parameter_text(function, name) for name in ("one", "two", "three", "four", "five")] == [
        "The first of all.", "Others. In two parts.", "Others. In two parts.", "", ""
    ]  # fmt: skip
    assert _parameter_text(lambda: None, "one") == ""


def test_two_arguments_of_one_key_are_refused() -> None:
    def twice(people: Annotated[Any, PEOPLE], kind: str = "x", name: int = 1) -> fl.Estimates:
        raise AssertionError(people, kind, name)

    with pytest.raises(TypeError, match="two arguments are called"):
        entry_model(made(twice))


def test_values_that_come_from_elsewhere_are_said_by_where_they_come_from() -> None:
    def sourced(
        people: Annotated[Any, PEOPLE], table: Annotated[Any, FromFile(column="population")], flow: Annotated[Any, Earlier(form=list[str])],
        persons: Annotated[Any, Persons()] = 1.0,
    ) -> fl.Estimates:  # fmt: skip
        raise AssertionError(people, table, flow, persons)

    model = entry_model(made(sourced))
    arguments = {each.name: each for each in made(sourced).arguments}
    form = {name: _form(model.model_fields[name], arguments[name].roles) for name in ("table", "flow", "persons")}
    assert form["table"].startswith("file: path")
    assert form["flow"] == "list of name of estimates before"
    assert form["persons"].startswith("number, or file: path")


# Faults by their path


def lines(faults: list[Mapping[str, Any]], content: Mapping[str, Any]) -> list[str]:
    return fault_lines(faults, content, keys=lambda _: ["outcome", "by"])


def fault(*loc: str | int, kind: str = "value_error", msg: str = "wrong") -> Mapping[str, Any]:
    return {"loc": loc, "type": kind, "msg": msg}


CONTENT = {
    "estimate": [{"kind": "prevalence", "outcome": "x"}, {"kind": "mean", "by": ["a", 3]}],
    "source": {"a": {"file": 1}},
    "publish": 3,
}


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (fault("estimate", 1, "mean", "by", 1), "estimate[2].by[2]: wrong"), (fault("source", "a", "file"), "source.a.file: wrong"),
        (fault("estimate", 0, "prevalence", "outcome", "str"), "estimate[1].outcome: wrong"), (fault("publish", "PublishEntry"), "publish: wrong"),
        (fault("estimate", 1, "mean", "variable", kind="missing"), "estimate[2].variable: it must be given"),
        (fault("estimate", 0, "prevalence", "outcme", kind="extra_forbidden"), "estimate[1]: no such key; did you mean 'outcome'?"),
        (fault("estimate", 1, "mean", "by", 7), "estimate[2].by[8]: wrong"), (fault(), "the file: wrong"), (fault("str"), "the file: wrong"),
        (fault("publish", msg="Input should be a table"), "publish: it should be a table"), (fault("publish", msg="List should have 2"), "publish: it should have 2"),
    ],
)  # fmt: skip
def test_the_path_of_a_key_as_a_person_counts(one: Mapping[str, Any], line: str) -> None:
    assert lines([one], CONTENT) == [line]


def test_branches_of_a_choice_are_one_fault_and_the_inner_one_says_more() -> None:
    both = [fault("publish", msg="a"), fault("publish", msg="b"), fault("publish", msg="a")]
    assert lines(both, CONTENT) == ["publish: a or b"]
    deep = [fault("source", "a", msg="of another form"), fault("source", "a", "file", msg="a text is wanted")]
    assert lines(deep, CONTENT) == ["source.a.file: a text is wanted"]
    # A key that another begins like is not inside it.
    near = {"by": 1, "by_name": 2}
    assert lines([fault("by"), fault("by_name")], near) == ["by: wrong", "by_name: wrong"]


def test_kinds_and_methods_that_there_are_not() -> None:
    content = {
        "estimate": [
            {"kind": "capture_recapture"},
            {"kind": "capture_recapture", "method": "chapmann"},
            {"kind": "prevalense"},
            {},
        ]
    }
    found = lines([fault("estimate", position, kind="union_tag_invalid") for position in range(3)] + [fault("estimate", 3, kind="union_tag_not_found")], content)  # fmt: skip
    assert found[0].startswith("estimate[1].method: it must be given, one of: ")
    assert "chapman" in found[0]
    assert found[1].startswith(
        "estimate[2].method: this method is not known: 'chapmann'; did you mean 'chapman'? one of: "
    )
    assert found[2].startswith("estimate[3]: this kind is not known: 'prevalense'; did you mean 'prevalence'? one of: ")
    assert found[3].startswith("estimate[4]: kind must be given, one of: ")


def test_a_key_of_another_method_and_lists_that_are_missing() -> None:
    content = {"estimate": [{"kind": "capture_recapture", "method": "chapman", "draws": 3}]}
    position = ("estimate", 0, "capture_recapture/chapman")
    (line,) = lines([fault(*position, "draws", kind="extra_forbidden")], content)
    assert line.startswith("estimate[1].draws: chapman does not take it; it takes ")
    (line,) = lines([fault(*position, "a", kind="missing")], content)
    assert line.startswith("estimate[1].a: chapman needs two lists, ")
    (line,) = lines([fault(*position, "file", kind="missing")], content)
    assert line == "estimate[1].file: it must be given"


# Studies


def test_columns_of_too_many_values_are_no_geography(monkeypatch: pytest.MonkeyPatch) -> None:
    people = pd.DataFrame({"house": [1, 2, 3, 4], "region": ["N", "N", "S", "S"], "country": ["X", "X", "X", "Y"]})
    entries: Any = {"s": [SimpleNamespace(by="house"), SimpleNamespace(by="region"), SimpleNamespace(by="country")]}
    sources = {"s": SimpleNamespace(people=people)}
    full = nesting.nested_by_columns(entries, sources)
    assert set(full) == {"house"}
    assert set(full["house"]) == {"region", "country"}
    monkeypatch.setattr(nesting, "MOST_PAIRS", 3)
    assert nesting.nested_by_columns(entries, sources) == {}
    monkeypatch.setattr(nesting, "MOST_PAIRS", 4)
    assert nesting.nested_by_columns(entries, sources) == full


def test_a_fault_of_the_sample_stops_the_run_with_those_of_single_estimates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(write(tmp_path))
    raised = {
        "prevalence_1": EstimateFault("FL-EST-01", "first", fix="mend it"),
        "total_2": FileFault("FL-FILE-01", "second", fix="find it"),
    }

    def make(entry: Any, *_: Any) -> Any:
        raise raised.get(entry.name, EstimateFault("FL-EST-02", "third", fix="mend it too"))

    monkeypatch.setattr(run, "make_estimate", make)
    with pytest.raises(fl.FlError) as caught:
        run._estimate(study, SimpleNamespace(people={}), lambda _: None)  # pyright: ignore[reportArgumentType, reportPrivateUsage]
    for text in ("first", "second", "third", "estimate[1]", "estimate[2]", "estimate[3]"):
        assert text in str(caught.value)
    del raised["total_2"]
    made_, failed, appraisals = run._estimate(study, SimpleNamespace(people={}), lambda _: None)  # pyright: ignore[reportArgumentType, reportPrivateUsage]
    assert (made_, appraisals) == ({}, {})
    assert {name: error.code for name, error in failed.items()} == {
        "prevalence_1": "FL-EST-01",
        "total_2": "FL-EST-02",
        "share": "FL-EST-02",
    }


def test_the_manifest_is_plain_and_says_on_what_it_was_run(tmp_path: Path) -> None:
    result = run_study(
        write(
            tmp_path,
            study=STUDY.replace(
                'outcome = "forced_labour"\nby = "region"', 'outcome = "forced_labour"\nwhere = "sex == 1"'
            ),
        )
    )
    manifest = result.manifest
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["study"]["name"] == "small"
    assert [each["where"] for each in manifest["estimates"]] == ["", "sex == 1", ""]
    assert {each["reference_period"] for each in manifest["estimates"]} != {""}
    table = manifest["sources"]["people"]["tables"]["people"]
    assert (table["name"], table["rows"]) == ("people.csv", 800)
    assert len(table["sha256"]) == 64
    assert manifest["fingerprint_of"] == "all inputs"
    assert manifest["definitions"][0]["id"] == "icls2018_adult"


def test_an_audit_says_why_a_row_is_not_printed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    result = run_study(write(tmp_path), out=tmp_path / "out", private=private)
    assert result.published is not None
    rows = withheld_rows(result.estimates, result.published)
    why = dict(zip(rows["region"].fillna("-") + " " + rows["estimate"], rows["reason"], strict=True))
    # West has two cases, East none; South is withheld so that they are not found by taking away.
    assert why["West prevalence_1"] == why["East prevalence_1"] == "rule"
    assert why["South prevalence_1"] == "to protect others"
    assert not [key for key in why if key.startswith("North")]
    assert set(rows["publication"]) == {"at_most", "not_published"}
    assert len(pd.read_csv(private / "audit.csv")) == len(rows)
    assert list(pd.read_csv(private / "audit.csv").columns) == list(rows.columns)
    assert {path.name for path in (private / "estimates").iterdir()} == {f"{name}.parquet" for name in result.estimates}
    full = fl.Estimates.read(private / "estimates" / "prevalence_1.parquet")
    pd.testing.assert_frame_equal(full.to_frame(), result.estimates["prevalence_1"].to_frame())
    assert withheld_rows({}, SimpleNamespace(rule=fl.SuppressionRule(), tables=())).empty  # pyright: ignore[reportArgumentType]


def test_a_private_folder_keeps_its_key_and_lies_apart(tmp_path: Path) -> None:
    position, out = tmp_path / "private", tmp_path / "out"
    key = open_private(position, out)
    assert len(key) == 32
    assert open_private(position, out) == key
    assert open_private(tmp_path / "other", out) != key
    assert (position.stat().st_mode & 0o777, (position / "fingerprint.key").stat().st_mode & 0o777) == (0o700, 0o600)
    for inner, outer in ((out, out), (out / "private", out), (tmp_path, out)):
        with pytest.raises(fl.FlError, match="FL-STUDY-43"):
            open_private(inner, outer)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for taken in ("mine", "file"):
        with pytest.raises(fl.FlError, match="FL-STUDY-41"):
            open_private(tmp_path / taken, out)
    (tmp_path / "empty").mkdir()
    assert len(open_private(tmp_path / "empty", out)) == 32


def test_an_appraisal_is_published_under_the_rule_of_the_study() -> None:
    counts = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "count": [120, 95, 14]})
    made_ = fl.capture_recapture.appraise(fl.CaptureHistories.from_counts(counts, lists=["a", "b"]), seed=1)
    published = run._published({"one": made_}, fl.SuppressionRule(min_cases=30))["one"]  # pyright: ignore[reportPrivateUsage]
    assert published.least == 30
    assert published.histories["count"].min() >= 30 or published.histories["count"].isna().any()
    # Of lists of fewer people than the rule asks for nothing is said.
    assert run._published({"one": made_}, fl.SuppressionRule(min_n=230)) == {}  # pyright: ignore[reportPrivateUsage]
    assert set(run._published({"one": made_}, fl.SuppressionRule(min_n=229))) == {"one"}  # pyright: ignore[reportPrivateUsage]


def test_what_is_tried_out_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    run.check_study(write(tmp_path), progress=said.append)
    assert [each for each in said if each.startswith("checking")] == [
        "checking prevalence_1",
        "checking total_2",
        "checking share",
    ]


@pytest.mark.parametrize("key", ["key", "salt", "list_column"])
def test_a_study_takes_no_records_with_identifiers(key: str, tmp_path: Path) -> None:
    text = f'[[estimate]]\nkind = "capture_recapture"\nmethod = "chao"\nfile = "lists.csv"\n{key} = "x"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError, match="a study takes no records with identifiers"):
        read_study(tmp_path / "study.toml")


def test_packages_that_the_library_imports_are_in_the_fingerprint() -> None:
    """All that stands in an import; what writes to the terminal shows progress and no figure."""
    source = Path(fl.__file__).parent
    roots: set[str] = set()
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {each.name.split(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                roots.add(node.module.split(".")[0])
    owners = packages_distributions()
    owned = {
        name.lower().replace("_", "-") for root in roots - sys.stdlib_module_names for name in owners.get(root, [])
    }
    terminal = {"typer", "rich", "pydantic-core", "fl-estimate"}
    listed = {name.lower().replace("_", "-") for name in inputs.PACKAGES}
    assert owned - terminal <= listed
    assert {"formulaic", "numba", "statsmodels", "scikit-learn", "nutpie"} <= listed
    # An engine that a survey need not have.
    assert set(inputs.PACKAGES) - set(inputs.package_versions()) <= {"duckdb", "dask", "pyspark"}


# Folders


@pytest.mark.parametrize("there", [1, 2])
def test_own_files_of_one_name_are_kept_one_beside_the_other(there: int, tmp_path: Path) -> None:
    position = tmp_path / "study"
    fill(position, 0)
    kept = ["new.csv.kept", "new.csv.kept2"][:there]
    with replacing(position) as part:
        (part / "new.csv").write_text("ours", encoding="utf-8")
        write_manifest(part, {"form": folders.FORM})
        for name in ("new.csv", *kept):
            (position / name).write_text(f"mine, {name}", encoding="utf-8")
    texts = {path.name: path.read_text(encoding="utf-8") for path in position.iterdir() if path.name != MANIFEST}
    expected = {"new.csv": "ours", f"new.csv.kept{there + 1}": "mine, new.csv"}
    assert texts == expected | {name: f"mine, {name}" for name in kept}


def test_an_interrupt_between_the_last_steps_puts_the_rest_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    position, real, calls = tmp_path / "study", folders._put, list[Path]()  # pyright: ignore[reportPrivateUsage]

    def interrupted(folder: Path) -> None:
        calls.append(folder)
        if len(calls) == 1:
            raise KeyboardInterrupt
        real(folder)

    monkeypatch.setattr(folders, "_put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(position, 0)
    assert len(calls) == 2
    assert folders.read_manifest(position) is not None


def test_a_file_where_a_folder_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("mine", encoding="utf-8")
    with pytest.raises(fl.FlError, match=r"FL-STUDY-0[36]"):
        folders.require_free(tmp_path / "study" / "inner")
    assert (tmp_path / "study").read_text(encoding="utf-8") == "mine"


def test_a_system_without_locks_runs_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if locking.fcntl is not None:
        with locking.alone(tmp_path):
            assert not locking.free(tmp_path)
        assert locking.free(tmp_path)

        def unknown(*_: Any) -> None:
            raise OSError(38, "not implemented")

        with monkeypatch.context() as patched:
            patched.setattr(locking.fcntl, "flock", unknown)
            assert locking.free(tmp_path)
    monkeypatch.setattr(locking, "fcntl", None)
    with locking.alone(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
        assert locking.free(tmp_path / "new")
    at = os.open(tmp_path, os.O_RDONLY)
    try:
        same = locking._same  # pyright: ignore[reportPrivateUsage]
        assert (same(at, tmp_path), same(at, tmp_path / "new"), same(at, tmp_path / "none")) == (True, False, False)
    finally:
        os.close(at)


# Respondents


def test_questions_of_a_row_by_phase_and_without_answers() -> None:
    told_of = answers_of({"w_low_no_wage": "yes", "w_low_no_wage@recruitment": "no", "c_docs": None, "else": 3})
    assert told_of["answers"]["w_low_no_wage"] == ["yes", "no@recruitment"]
    assert told_of["answers"]["c_docs"] == ["missing"]
    assert "else" not in told_of["answers"]
    assert told_of["default"] == "no"


def test_a_respondent_without_an_age(tmp_path: Path) -> None:
    write(tmp_path)
    data = fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml")
    people: Any = data.people
    from dataclasses import replace

    with pytest.raises(fl.FlError, match="FL-IND-20") as raised:
        explain_respondent(replace(data, people=people.drop("age_interview") if hasattr(people, "lazy") else people.drop(columns="age_interview")), 1, "icls2018_adult")  # fmt: skip
    assert "row 1 of people" in str(raised.value)
