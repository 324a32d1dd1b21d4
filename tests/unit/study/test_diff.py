"""What changed between two result folders: rows matched by labels, inputs that differ, steps that add up, as table, CSV and page in three languages."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import PublishFault, StudyFault
from fl_estimate.reporting.releases import KnownTable, Release, read_release
from fl_estimate.study.differences import Differences, figure_lines, input_lines, step_lines, tables
from fl_estimate.study.figure_changes import NUMBERS, compared_figures
from fl_estimate.study.input_changes import changed_inputs
from fl_estimate.study.run import run_study
from fl_estimate.study.sides import in_toml
from fl_estimate.study.surroundings import Stamps
from fl_estimate.study.verify import verify
from tests.unit.study.made import MAPPING, STUDY, people, write
from tests.unit.study.test_rounds import write as write_rounds

SAVED = Path(__file__).parents[2] / "reference" / "saved_files"
OLD, NEW = SAVED / "2026-11-25_1419_e72d308" / "result", SAVED / "2026-11-29_1312_9eff574" / "result"


def record(region: str = "", state: str = "published", **values: Any) -> dict[str, Any]:
    """A published row, by region or of the nation."""
    empty = dict.fromkeys(("value", "se", "lower", "upper", "undetermined", "n", "cases", "df", "deff"), math.nan)
    labels = {"quantity": "total", "outcome": "fl", "term": "", "margin": "region" if region else "", "region": region}
    told = {"level": 0.95, "interval_kind": "log", "bound": "", "method": "taylor", "basis": "respondents"}
    return {**labels, **empty, **told, "publication": state, "caution": "", **values}


def release(*rows: dict[str, Any], name: str = "total") -> Release:
    return Release(name="made", tables=(KnownTable(name=name, by=("region",), frame=pd.DataFrame(list(rows))),))


FIGURE: dict[str, Any] = {"value": 1000.0, "se": 120.0, "lower": 790.0, "upper": 1270.0}
MORE: dict[str, Any] = {"value": 1090.0, "se": 130.0, "lower": 860.0, "upper": 1380.0}
LIMIT: dict[str, Any] = {"upper": 400.0}


@pytest.mark.parametrize(
    ("before", "after", "status", "told"),
    [
        (record(**FIGURE), record(**FIGURE), "same", True),
        (record(**FIGURE), record(**MORE), "changed", True),
        (record(**FIGURE), record(**{**FIGURE, "upper": 1280.0}), "interval", True),
        (record(state="at_most", **LIMIT), record(state="fewer_than", upper=410.0), "limit_limit", True),
        (record(**FIGURE), record(state="not_published"), "figure_withheld", False),
        (record(**FIGURE), record(state="at_most", **LIMIT), "figure_limit", False),
        (record(state="not_published"), record(**MORE), "withheld_figure", False),
        (record(state="at_most", **LIMIT), record(**MORE), "limit_figure", False),
        (record(state="at_most", **LIMIT), record(state="not_published"), "limit_withheld", False),
        (record(state="not_published"), record(state="fewer_than", **LIMIT), "withheld_limit", False),
        (record(state="not_published"), record(state="not_published"), "withheld_withheld", False),
        (record(state="a state of tomorrow", **FIGURE), record(**FIGURE), "withheld_figure", False),
    ],
)  # fmt: skip
def test_what_became_of_a_row(before: dict[str, Any], after: dict[str, Any], status: str, told: bool) -> None:
    """Numbers of rows alone that both print alike; a state that is not known is judged as withheld."""
    row = compared_figures(release(before), release(after)).iloc[0]
    assert row["status"] == status
    assert bool(row[list(NUMBERS)].notna().any()) == told


def test_how_much_a_figure_changed() -> None:
    """1,000 (standard error 120) to 1,090: 90, 9 per cent, 0.75 standard errors."""
    row = compared_figures(release(record(**FIGURE)), release(record(**MORE))).iloc[0]
    assert row[["before", "after", "change", "percent", "standard_errors"]].tolist() == [1000, 1090, 90, 9, 0.75]
    assert row[["lower_before", "lower_after", "upper_before", "upper_after"]].tolist() == [790, 860, 1270, 1380]


def test_a_figure_without_an_error_or_of_nought_has_no_share() -> None:
    bare, nought = record(value=0.0), record(**{**FIGURE, "value": 5.0, "se": math.nan})
    row = compared_figures(release(bare), release(nought)).iloc[0]
    assert (row["change"], math.isnan(row["percent"]), math.isnan(row["standard_errors"])) == (5.0, True, True)


def test_rows_that_one_has_are_named_and_have_no_number() -> None:
    """The other folder may withhold the same under another name."""
    one, two = release(record("North", **FIGURE)), release(record("South", **FIGURE))
    found = compared_figures(one, two)
    assert found[["region", "status"]].to_numpy().tolist() == [["South", "appeared"], ["North", "vanished"]]
    assert not found[list(NUMBERS)].notna().to_numpy().any()
    renamed = compared_figures(release(record(state="not_published")), release(record(**FIGURE), name="another"))
    assert renamed["status"].tolist() == ["appeared", "vanished"]
    assert not renamed[list(NUMBERS)].notna().to_numpy().any()


def test_rows_are_matched_by_labels_wherever_columns_and_rows_stand() -> None:
    """Columns in another order, new ones before them, rows turned around, whole numbers as text."""
    regions = ["North", "South", "3", "4"]
    old = release(*(record(region, **{**FIGURE, "value": 100.0 * at}) for at, region in enumerate(regions, 1)))
    frame = old.tables[0].frame.assign(country="XX", source="s", period="2023", unit="persons").iloc[::-1]
    frame["region"] = [float(each) if each.isdecimal() else each for each in frame["region"]]
    new = Release(name="new", tables=(KnownTable(name="total", by=("region",), frame=frame[frame.columns[::-1]]),))
    found = compared_figures(old, new)
    assert found["status"].tolist() == ["same"] * 4
    assert found["region"].tolist() == regions[::-1]


def test_rows_of_the_same_labels_are_told_apart_by_method_period_and_country() -> None:
    """A stack of two methods stays two; the one row whose method changed is a row whose input changed."""
    stacked = [record(**FIGURE, method="taylor"), record(**{**FIGURE, "value": 700.0}, method="area")]
    found = compared_figures(release(*stacked), release(*stacked[::-1]))
    assert found[["status", "before", "after"]].to_numpy().tolist() == [["same", 700, 700], ["same", 1000, 1000]]
    rounds = [
        record(**{**FIGURE, "value": value}, period=period) for period, value in (("2022", 800.0), ("2023", 900.0))
    ]
    found = compared_figures(release(*rounds), release(*rounds, record(**FIGURE, period="2024")))
    assert found["status"].tolist() == ["same", "same", "appeared"]
    other = compared_figures(release(record(**FIGURE)), release(record(**MORE, method="replicates")))
    assert other["status"].tolist() == ["changed"]


def test_a_row_of_one_round_is_never_the_counterpart_of_another() -> None:
    """The last round left out and another added; every round by another method; and the rows say of which round they are."""
    older = [record(**FIGURE, period=each) for each in ("2021", "2023")]
    found = compared_figures(release(*older), release(record(**FIGURE, period="2021"), record(**MORE, period="2025")))
    assert found[["period", "status"]].to_numpy().tolist() == [
        ["2021", "same"],
        ["2025", "appeared"],
        ["2023", "vanished"],
    ]
    found = compared_figures(
        release(*older), release(*(record(**MORE, period=each, method="area") for each in ("2023", "2021")))
    )
    assert found[["period", "status"]].to_numpy().tolist() == [["2023", "changed"], ["2021", "changed"]]
    stacked = [
        record(**{**FIGURE, "value": value}, period="2023", method=method)
        for value, method in ((900.0, "taylor"), (700.0, "area"))
    ]
    newer = [
        record(**{**FIGURE, "value": value}, period="2024", method=method)
        for value, method in ((700.0, "area"), (800.0, "taylor"))
    ]
    found = compared_figures(release(*stacked), release(*newer))
    assert found[["method", "status", "before", "after"]].to_numpy().tolist() == [
        ["area", "same", 700, 700],
        ["taylor", "changed", 900, 800],
    ]
    assert "period" not in compared_figures(release(older[0]), release(older[1]))


def test_a_study_of_rounds_is_run_again(tmp_path: Path) -> None:
    """Weights of one round a tenth higher: that round moved, in the words of the language, by the data and nothing else."""
    for name, factor in (("a", 1.0), ("b", 1.1)):
        (tmp_path / name).mkdir()
        study = write_rounds(tmp_path / name)
        frame = pd.read_csv(tmp_path / name / "p2023.csv")
        frame.assign(W=frame["W"] * factor).to_csv(tmp_path / name / "p2023.csv", index=False)
        run_study(study, out=tmp_path / f"out_{name}")
    found = fl.diff(tmp_path / "out_a", tmp_path / "out_b", rerun=True, inputs=[tmp_path / "a", tmp_path / "b"])
    steps = found.steps
    assert steps is not None
    assert set(steps["period"]) == {"2023-01-01 to 2023-12-31"}
    assert set(steps["step"]) == {"data"}
    assert steps["change"].tolist() == found.changed.loc[found.changed["status"].eq("changed"), "change"].tolist() != []
    assert "1er janvier au 31 décembre 2023" in step_lines(found, "fr")[0][0].replace("\u00a0", " ")


def test_data_of_several_files_are_an_input_as_one_file_is(tmp_path: Path) -> None:
    """Run, left alone, verified, run again for a diff; one file more is another input."""
    study = SMALL.replace('"people.csv"', '"parts/*.parquet"')
    for name, frame in (("a", people()), ("b", changed_people())):
        (tmp_path / name / "parts").mkdir(parents=True)
        write(tmp_path / name, study=study, frame=frame)
        frame.iloc[:400].to_parquet(tmp_path / name / "parts" / "1.parquet")
        frame.iloc[400:].to_parquet(tmp_path / name / "parts" / "2.parquet")
    first = next((tmp_path / "a").glob("small.toml"))
    result = run_study(first, out=tmp_path / "first")
    assert result.inputs is not None
    assert result.manifest["inputs"]["parts/*.parquet"] == result.inputs.surveys["people"].sources["people"].sha256
    assert run_study(first, out=tmp_path / "first", resume=True).skipped
    assert verify(tmp_path / "first", study=first).ok
    run_study(tmp_path / "b" / "small.toml", out=tmp_path / "second")
    found = fl.diff(tmp_path / "first", tmp_path / "second", rerun=True, inputs=[tmp_path / "a", tmp_path / "b"])
    assert found.steps is not None
    assert set(found.steps["step"]) == {"data"}
    stamps = Stamps.of([("parts", tmp_path / "a" / "parts" / "*.parquet")])
    shutil.copy(tmp_path / "a" / "parts" / "2.parquet", tmp_path / "a" / "parts" / "3.parquet")
    assert stamps.changed() == ["parts (changed)"]
    assert [each.name for each in verify(tmp_path / "first", study=first).checks if each.verdict == "changed"] == [
        "parts/*.parquet"
    ]


def test_a_folder_of_an_older_version_is_compared_as_it_would_be_printed_now() -> None:
    """0.1.0 printed all digits, and took its degrees of freedom otherwise: the intervals moved, and the option says why."""
    assert "0.11665746145004557" in (OLD / "estimates.csv").read_text(encoding="utf-8")
    found = fl.diff(OLD, NEW)
    assert found.counts() == {"interval": 4, "same": 1}
    assert found.figures["before"].tolist() == found.figures["after"].tolist() == [0.117, 0.121, 0.11, 0.13, 0.103]
    options = found.inputs[found.inputs["what"] == "option"]
    assert options[["name", "before", "after"]].to_numpy().tolist() == [
        ["estimate.prevalence.df", "domain", "effective"]
    ]
    assert set(found.inputs["what"]) == {"option", "source", "program"} - ({"program"} if _same_version() else set())
    assert fl.diff(NEW, OLD).counts() == {"interval": 4, "same": 1}
    assert fl.diff(OLD, OLD).same


def _same_version() -> bool:
    versions = [json.loads((each / "manifest.json").read_text(encoding="utf-8"))["packages"] for each in (OLD, NEW)]
    return versions[0]["fl_estimate"] == versions[1]["fl_estimate"]


SMALL = STUDY.partition("[publish]")[0]
"""Without map, truth and French: what is compared is figures."""


class Two(NamedTuple):
    place: Path
    found: Differences


def changed_people() -> pd.DataFrame:
    """The small survey with weights one in ten higher, and two cases of the North less."""
    frame = people()
    frame["W"] *= 1.1
    frame.loc[frame["REG"].eq("North") & frame["Q2"].eq(1) & frame["ID"].lt(16), ["Q1", "Q2", "Q3"]] = 2
    return frame


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    """Data, mapping and an option changed; every step is run again."""
    place = tmp_path_factory.mktemp("diff")
    for name in ("a", "b"):
        (place / name).mkdir()
    run_study(write(place / "a", study=SMALL), out=place / "first")
    mapping = MAPPING.replace('case = "Q1 == 1"', 'case = "Q1 == 1 and age_interview >= 30"')
    study = SMALL.replace('kind = "prevalence"\n', 'kind = "prevalence"\nunknown = "exclude"\n')
    run_study(write(place / "b", study=study, mapping=mapping, frame=changed_people()), out=place / "second")
    return Two(place, fl.diff(place / "first", place / "second", rerun=True, inputs=[place / "a", place / "b"]))


def test_which_inputs_differ(two: Two) -> None:
    inputs = two.found.inputs
    assert inputs[["what", "name"]].to_numpy().tolist() == [
        ["data", "people"], ["mapping", "people"], ["option", "estimate.prevalence_1.unknown"]
    ]  # fmt: skip
    assert inputs["after"].iloc[2] == "exclude"
    assert inputs["before"].iloc[0].startswith("people.csv ")
    assert '-case = "Q1 == 1"' in two.found.texts["mapping people"]
    assert '+case = "Q1 == 1 and age_interview >= 30"' in two.found.texts["mapping people"]
    assert '+unknown = "exclude"' in two.found.texts["study"]


def test_steps_add_up_and_say_what_moved(two: Two) -> None:
    """The share of cases moved with the data and with the mapping, prevalence with the data and with the option, the total with the data."""
    steps, figures = two.found.steps, two.found.figures
    assert steps is not None
    labels = list(steps.columns[: list(steps.columns).index("step")])
    changed = figures[figures["status"] == "changed"].set_index(labels)
    summed = steps.groupby(labels, sort=False)["change"].sum()
    assert len(summed) == len(changed) >= 6
    pd.testing.assert_series_equal(summed, changed["change"].reindex(summed.index), rtol=1e-9)
    moved = {name: set(part["step"]) for name, part in steps.groupby("estimate")}
    assert moved == {"prevalence_1": {"data", "option"}, "total_2": {"data"}, "share": {"data", "mapping"}}
    ways = steps.groupby(labels, sort=False)
    assert all(part["after"].iloc[at] == part["before"].iloc[at + 1] for _, part in ways for at in range(len(part) - 1))


def test_the_steps_are_those_of_the_long_way(two: Two) -> None:
    """The new data under the old mapping, run by hand, is where the first step of the share ends."""
    place = two.place / "by_hand"
    place.mkdir()
    by_hand = run_study(write(place, study=SMALL, frame=changed_people()), out=place / "out").published
    assert by_hand is not None
    value = by_hand.select("share").to_frame()["value"].iloc[0]
    steps = two.found.steps
    assert steps is not None
    assert steps[steps["estimate"] == "share"]["after"].iloc[0] == value


def test_an_input_of_which_one_side_is_gone_moves_with_the_program(two: Two) -> None:
    """The old data were overwritten: the step from the first folder says so, and the steps add up all the same."""
    found = fl.diff(two.place / "first", two.place / "second", rerun=True, inputs=[two.place / "b"])
    steps = found.steps
    assert steps is not None
    assert set(steps[steps["estimate"] == "prevalence_1"]["step"]) == {"program + data (not at hand)", "option"}
    # of the mapping the manifest keeps the text
    assert steps[steps["estimate"] == "share"]["step"].tolist() == ["program + data (not at hand)", "mapping"]
    assert steps["change"].sum() == pytest.approx(found.figures["change"].sum(), rel=1e-9)
    assert "données (pas disponible)" in " ".join(line[1] for line in step_lines(found, "fr"))


def test_without_any_inputs_nothing_is_run_again(two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyFault, match="FL-STUDY-67") as raised:
        fl.diff(two.place / "first", two.place / "second", rerun=True)
    assert "people.csv" in raised.value.found


def test_a_study_that_runs_with_no_mixture_is_refused(two: Two, tmp_path: Path) -> None:
    """Both manifests ask for an outcome that there is not."""
    for name in ("first", "second"):
        shutil.copytree(two.place / name, tmp_path / name)
        path = tmp_path / name / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for entry in manifest["config"]["estimate"]:
            entry.update({"outcome": "nothing"} if "outcome" in entry else {"numerator": "nothing"})
        path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(StudyFault, match="FL-STUDY-68"):
        fl.diff(tmp_path / "first", tmp_path / "second", rerun=True, inputs=[two.place / "a", two.place / "b"])


def test_what_is_no_result_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishFault, match="FL-PUB-40"):
        fl.diff(OLD, tmp_path)


def test_two_runs_of_the_same_inputs_have_no_differences(two: Two) -> None:
    found = fl.diff(two.place / "first", two.place / "first")
    assert found.same
    assert len(found.inputs) == 0
    assert found.texts == {}
    assert len(found.changed) == 0
    assert "0 inputs differ" in repr(found)


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_page_says_it_in_the_language(language: str, two: Two, tmp_path: Path) -> None:
    page = two.found.to_html(tmp_path / "page.html", language).read_text(encoding="utf-8")
    title = {"en": "What changed", "fr": "Ce qui a changé", "es": "Qué cambió"}[language]
    release_words = {"en": "not for release", "fr": "pas pour diffusion", "es": "no para difusión"}[language]
    assert title in page
    assert release_words in page
    assert "Q1 == 1 and age_interview &gt;= 30" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert all(line[0] in page.replace("&#39;", "'") for line in figure_lines(two.found, language))


def test_tables_of_the_terminal(two: Two) -> None:
    titles = [title for title, _, _ in tables(two.found)]
    assert titles[0] == "Figures"
    assert titles[1].startswith("What moved the figures")
    assert titles[2] == "Inputs that differ"
    assert [line[0] for line in input_lines(two.found, "es")] == ["datos", "correspondencia", "opción"]
    nation = next(line for line in figure_lines(two.found) if line[0] == "prevalence_1: Prevalence, forced labour")
    row = two.found.figures.iloc[0]
    assert nation[4] == f"−{abs(row['change']):.4f}"
    assert "(" in nation[2]


def test_csv_files(two: Two, tmp_path: Path) -> None:
    two.found.to_csv(tmp_path / "changes.csv")
    read = pd.read_csv(tmp_path / "changes.csv")
    assert read["status"].tolist() == two.found.figures["status"].tolist()
    assert read["change"].fillna(0).tolist() == pytest.approx(two.found.figures["change"].fillna(0).tolist())
    assert len(pd.read_csv(tmp_path / "changes.inputs.csv")) == 3
    assert two.found.steps is not None
    assert len(pd.read_csv(tmp_path / "changes.steps.csv")) == len(two.found.steps)


def _lists(place: Path, count: int) -> Path:
    place.mkdir(exist_ok=True)
    (place / "lists.csv").write_text(f"A,B,count\n1,0,{count}\n0,1,300\n1,1,120\n", encoding="utf-8")
    path = place / "study.toml"
    entry = 'kind = "capture_recapture"\nmethod = "chapman"\nfile = "lists.csv"\na = "A"\nb = "B"\n'
    path.write_text(f"[[estimate]]\n{entry}", encoding="utf-8")
    return path


def test_case_lists_have_no_hash_and_are_known_by_name(tmp_path: Path) -> None:
    """That they changed cannot be told, and no hash is told by which a count could be guessed."""
    run_study(_lists(tmp_path / "a", 400), out=tmp_path / "one")
    run_study(_lists(tmp_path / "b", 500), out=tmp_path / "two")
    found = fl.diff(tmp_path / "one", tmp_path / "two", rerun=True, inputs=[tmp_path / "b"])
    assert found.counts() == {"changed": 2}
    assert len(found.inputs) == 0
    assert found.steps is not None
    assert set(found.steps["step"]) == {"program"}
    assert found.steps["change"].tolist() == found.figures["change"].tolist()


def test_an_estimate_that_moved_in_the_file_is_the_same() -> None:
    first = {"config": {"estimate": [{"name": "a", "kind": "total"}, {"name": "b", "kind": "mean", "seed": 1}]}}
    second = {"config": {"estimate": [{"name": "b", "kind": "mean", "seed": 2}, {"name": "a", "kind": "total"}]}}
    assert changed_inputs(first, second).to_numpy().tolist() == [["seed", "estimate.b.seed", "1", "2"]]
    third = {"config": {"estimate": [{"name": "a", "kind": "ratio"}], "classify": {"framework": "x"}}}
    assert changed_inputs(first, third)[["what", "name"]].to_numpy().tolist() == [
        ["framework", "classify.framework"], ["method", "estimate.a.kind"], ["method", "estimate.b.kind"], ["seed", "estimate.b.seed"],
    ]  # fmt: skip


def test_versions_of_program_packages_and_system() -> None:
    first = {
        "form": "f",
        "run": {"platform": "Linux x86_64"},
        "packages": {"fl_estimate": "0.2.0", "numpy": "2.0", "pymc": "5"},
    }
    second = {"form": "f", "run": {"platform": "Darwin arm64"}, "packages": {"fl_estimate": "0.3.0", "numpy": "2.1"}}
    assert changed_inputs(first, second).to_numpy().tolist() == [
        ["program", "fl_estimate", "0.2.0", "0.3.0"], ["package", "numpy", "2.0", "2.1"], ["package", "pymc", "5", ""],
        ["platform", "", "Linux x86_64", "Darwin arm64"],
    ]  # fmt: skip


def test_any_table_of_a_study_can_be_written_as_toml() -> None:
    import tomllib

    table: dict[str, Any] = {"a": {"b c": [1, 2.5, 'é"\n', True], "d": {}}, "e": [], "f": math.inf, "g": -math.inf}
    assert tomllib.loads(in_toml({**table, "gone": None})) == table


@pytest.mark.slow
def test_a_sample_study_with_a_covariate_less(tmp_path: Path) -> None:
    """The model of districts moves, and what is stacked of it; a level of confidence moves intervals alone, of which there are no steps."""
    root = Path(__file__).parents[3] / "data" / "sample"
    text = (root / "study.toml").read_text(encoding="utf-8")
    for name in ("a", "b"):
        shutil.copytree(root, tmp_path / name)
    changed = text.replace(
        'by = [["region"]]\nunknown = "bounds"', 'by = [["region"]]\nunknown = "bounds"\nlevel = 0.9'
    )
    (tmp_path / "b" / "study.toml").write_text(
        changed.replace('columns = ["x1", "x2"]', 'columns = ["x1"]'), encoding="utf-8"
    )
    run_study(tmp_path / "a" / "study.toml", out=tmp_path / "first")
    run_study(tmp_path / "b" / "study.toml", out=tmp_path / "second")
    found = fl.diff(tmp_path / "first", tmp_path / "second", rerun=True, inputs=[tmp_path / "a"])
    assert found.steps is not None
    assert set(found.steps["step"]) == {"option"}
    assert set(found.steps["estimate"]) == {"districts", "together"}
    assert found.steps["change"].sum() == pytest.approx(found.figures["change"].sum(), rel=1e-9)
    assert read_release(tmp_path / "first").tables
