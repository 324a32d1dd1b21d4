"""The commands do what they say and end with the status that they promise; bad input leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from fl_estimate.cli import app
from tests.unit.study.made import MAPPING, STUDY, people, write

RUNNER = CliRunner()
WITHOUT_CLASSES = (
    STUDY[: STUDY.index("[classify]")] + '[[estimate]]\nkind = "prevalence"\noutcome = "case"\nby = "region"\n'
)


def call(*words: object) -> tuple[int, str, str]:
    result = RUNNER.invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def before(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_run(tmp_path: Path) -> None:
    status, out, err = call("run", write(tmp_path), "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    for words in ("Whole country", "North", "fewer than", "not published", "True value", "95% confidence interval"):
        assert words in out, words
    assert f"report: {tmp_path / 'out' / 'report.html'}" in out
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_resume(tmp_path: Path) -> None:
    study = write(tmp_path)
    call("run", study, "--out", tmp_path / "out")
    status, out, _ = call("run", study, "--out", tmp_path / "out", "--resume")
    assert (status, out) == (0, f"unchanged: {tmp_path / 'out'}\n")


def test_long_margins_are_left_to_the_report(tmp_path: Path) -> None:
    text = WITHOUT_CLASSES.replace('by = "region"', 'by = [["region"], ["age_interview"]]')
    _, out, _ = call("run", write(tmp_path, study=text), "--out", tmp_path / "out")
    assert "Age in years: 50 rows, in the report" in out
    only = WITHOUT_CLASSES.replace('by = "region"', 'by = "age_interview"')
    _, out, _ = call("run", write(tmp_path, study=only), "--out", tmp_path / "out")
    assert "Case: prevalence, by age in years. Age in years: 50 rows, in the report" in out


def missing_outcome(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(Q1=frame["Q1"].where(frame["ID"] != 5))


def test_an_estimate_that_fails_is_status_1_with_a_complete_folder(tmp_path: Path) -> None:
    study = write(tmp_path, frame=missing_outcome(people()))
    status, out, err = call("run", study, "--out", tmp_path / "out")
    assert status == 1
    assert "FL-EST-07" in err
    assert "report: " in out
    assert (tmp_path / "out" / "manifest.json").is_file()
    only = WITHOUT_CLASSES.replace("small", "other")
    status, out, err = call(
        "run", write(tmp_path, study=only, frame=missing_outcome(people())), "--out", tmp_path / "out2"
    )
    assert status == 1
    assert f"result: {tmp_path / 'out2'}" in out


def weight(value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(W=frame["W"].where(frame["ID"] != 7, value))


FRAMES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "negative weight": (weight(-1.0), "FL-D"),
    "missing weight": (weight(None), "FL-D"),
    "one unit in a stratum": (lambda frame: frame[(frame["STR"] != 2) | (frame["EA"] == 11)], "FL-DATA-01"),
    "wrong column": (lambda frame: frame.rename(columns={"W": "WT"}), "FL-MAP-04"),
    "unknown code": (lambda frame: frame.assign(Q2=frame["Q2"].where(frame["ID"] != 9, 77)), "FL-"),
    "no rows": (lambda frame: frame.head(0), "FL-"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_bad_records_are_status_2_and_leave_nothing(name: str, tmp_path: Path) -> None:
    change, code = FRAMES[name]
    study = write(tmp_path, frame=change(people()))
    there = before(tmp_path)
    status, out, err = call("run", study, "--out", tmp_path / "out")
    assert (status, out) == (2, ""), err
    assert err.startswith(f"[{code}"), err
    assert "found: " in err
    assert "Traceback" not in err
    assert before(tmp_path) == there


def text_of(name: str, tmp_path: Path) -> Path:
    """A study that is wrong in one way, with everything else as it should be."""
    texts = {
        "broken study": STUDY.replace("[source.people]", "[source.people"),
        "wrong key": STUDY.replace("outcome", "outcom"),
        "wrong kind": STUDY.replace('"ratio"', '"ration"'),
        "column of the study": STUDY.replace('"case"', '"caze"'),
        "condition": STUDY.replace('numerator = "case"', 'numerator = "case"\nwhere = "age_interview >="'),
        "framework": STUDY.replace("icls2018_adult", "icls2018_adlut"),
        "rule": STUDY.replace("[publish]", "[publish]\nrule = 'nhcs'"),
    }
    return write(
        tmp_path,
        study=texts.get(name, STUDY),
        mapping=MAPPING.replace('"W"', '"W') if name == "broken mapping" else MAPPING,
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("broken study", "FL-STUDY-01"),
        ("wrong key", "FL-STUDY-02"),
        ("wrong kind", "FL-STUDY-02"),
        ("rule", "FL-STUDY-02"),
        ("column of the study", "FL-STUDY-05"),
        ("condition", "FL-EXPR-01"),
        ("framework", "FL-IND-01"),
        ("broken mapping", "FL-MAP-01"),
    ],
)
def test_bad_studies_are_status_2_and_leave_nothing(name: str, code: str, tmp_path: Path) -> None:
    study = text_of(name, tmp_path)
    there = before(tmp_path)
    for command in (["run", study, "--out", tmp_path / "out"], ["check", study]):
        status, out, err = call(*command)
        assert (status, out) == (2, ""), err
        assert err.startswith(f"[{code}]"), err
        assert before(tmp_path) == there


def test_files_that_are_not_there_are_status_2(tmp_path: Path) -> None:
    study = write(tmp_path)
    (tmp_path / "people.csv").unlink()
    for words in (
        ["run", study],
        ["run", tmp_path / "none.toml"],
        ["check", study],
        ["check", tmp_path / "none.sav", "--mapping", "ene2020"],
    ):
        status, _, err = call(*words)
        assert status == 2
        assert err.startswith("[FL-FILE-01]")
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_is_status_2(tmp_path: Path) -> None:
    import pyreadstat

    study = write(tmp_path, study=STUDY.replace("people.csv", "people.sav"))
    frame: Any = people()
    pyreadstat.write_sav(frame, tmp_path / "people.sav")
    whole = (tmp_path / "people.sav").read_bytes()
    (tmp_path / "people.sav").write_bytes(whole[: len(whole) // 2])
    there = before(tmp_path)
    for words in (
        ["run", study, "--out", tmp_path / "out"],
        ["convert", tmp_path / "people.sav", tmp_path / "p.parquet"],
    ):
        status, _, err = call(*words)
        assert status == 2
        assert err.startswith("[FL-FILE-")
        assert before(tmp_path) == there


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    study = write(tmp_path)
    there = before(tmp_path)
    status, _, err = call("run", study, "--out", tmp_path)
    assert status == 2
    assert err.startswith("[FL-STUDY-03]")
    assert before(tmp_path) == there


def test_check(tmp_path: Path) -> None:
    study = write(tmp_path)
    there = before(tmp_path)
    status, out, _ = call("check", study)
    assert status == 0
    assert out.endswith("no faults found\n")
    status, out, _ = call("check", tmp_path / "people.csv", "--mapping", tmp_path / "people.toml")
    assert status == 0
    assert "800 rows" in out
    assert before(tmp_path) == there


def test_check_of_an_outcome_that_nobody_decided_on(tmp_path: Path) -> None:
    status, _, err = call("check", write(tmp_path, frame=missing_outcome(people())))
    assert status == 2
    assert err.startswith("[FL-EST-07]")


def test_convert(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "p.csv", index=False)
    status, out, _ = call("convert", tmp_path / "p.csv", tmp_path / "p.parquet")
    assert status == 0
    assert "800 rows of p.csv" in out
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == 800


@pytest.mark.parametrize(("width", "there", "left_out"), [(72, "True value", "CV"), (200, "Undetermined", None)])
def test_a_narrow_terminal_drops_columns_and_breaks_no_word(
    width: int, there: str, left_out: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from fl_estimate.reporting.formats import terminal

    monkeypatch.setattr(terminal, "terminal_console", lambda: Console(width=width, color_system=None))
    _, out, _ = call("run", write(tmp_path), "--out", tmp_path / "out")
    first = out.split("number of persons")[0]
    assert all(word in first for word in ("Prevalence", "confidence", *there.split()))
    assert left_out is None or left_out not in first
    assert max(map(len, first.splitlines())) <= width


def test_frameworks() -> None:
    status, out, _ = call("frameworks")
    assert status == 0
    assert "icls2018_adult" in out


def test_explain_answers() -> None:
    answers = [
        "--answer",
        "w_other_employer=yes",
        "--answer",
        "c_docs@work=experienced",
        "--answer",
        "c_docs@leave=threatened",
    ]
    status, out, _ = call("explain", "icls2018_adult", "--age", 30, "--default", "no", *answers)
    assert status == 0
    assert out.startswith("Forced labour: In forced labour (FL)")
    status, out, _ = call(
        "explain",
        "icls2018_adult",
        "--age",
        "dk",
        "--language",
        "fr",
        "--state",
        "penalty=yes",
        "--answer",
        "hours_week=60",
    )
    assert status == 0
    assert "Cadre" in out


def test_explain_a_row_of_a_file(tmp_path: Path) -> None:
    write(tmp_path)
    position = ["--file", tmp_path / "people.csv", "--mapping", tmp_path / "people.toml"]
    status, out, _ = call("explain", "icls2018_adult", *position, "--row", 1)
    assert status == 0
    assert "In forced labour (FL)" in out
    status, _, err = call("explain", "icls2018_adult", *position, "--row", 9999)
    assert status == 2
    assert err.startswith("[FL-STUDY-07]")


@pytest.mark.parametrize(
    "words",
    [
        ["explain", "icls2018_adult"],
        ["explain", "icls2018_adult", "--age", "30", "--answer", "w_hazard"],
        ["explain", "icls2018_adult", "--file", "p.csv"],
        ["explain", "icls2018_adult", "--age", "30", "--answer", "w_of_tomorrow=yes"],
        ["explain", "icls2018_adlut", "--age", "30"],
        ["check", "people.sav"],
        ["run"],
        ["run", "--no-such-option"],
        ["of-tomorrow"],
    ],
)
def test_a_command_that_is_wrong_is_status_2(words: list[str]) -> None:
    status, _, err = call(*words)
    assert status == 2
    assert err.strip()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from fl_estimate.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pymc', 'arviz', 'statsmodels', 'matplotlib', 'great_tables', 'pandas', 'polars', 'scipy'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Run a study file" in done.stdout


def test_the_console_entry() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from fl_estimate.cli import main; main()", "run", "none.toml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("[FL-FILE-01] there is no such file\n  found: none.toml\n  to fix: ")


def test_check_prints_what_the_weights_sum_to(tmp_path: Path) -> None:
    frame = people()
    total = f"{frame['W'].sum():,.0f}"
    study = write(tmp_path, frame=frame)
    status, out, _ = call("check", study)
    assert (status, f"weights: weight_person sums to {total} over {len(frame):,} rows" in out) == (0, True)
    mapping = tmp_path / "people.toml"
    written = mapping.read_text(encoding="utf-8")
    mapping.write_text(written.replace("expands = true", "population_size = 1_000_000"), encoding="utf-8")
    _, out, _ = call("check", tmp_path / "people.csv", "--mapping", mapping)
    assert "the population is given as 1,000,000 (" in out
    mapping.write_text(written.replace("expands = true\n", ""), encoding="utf-8")
    _, out, _ = call("check", tmp_path / "people.csv", "--mapping", mapping)
    assert "Totals need expands = true or population_size" in out
    mapping.write_text(
        written.replace('weights = "weight_person"', "unweighted = true").replace("expands = true\n", ""),
        encoding="utf-8",
    )
    _, out, _ = call("check", tmp_path / "people.csv", "--mapping", mapping)
    assert "weights: none, every row counts the same (unweighted)" in out
    mapping.write_text(written[: written.index("[design]")], encoding="utf-8")
    _, out, _ = call("check", tmp_path / "people.csv", "--mapping", mapping)
    assert "the mapping has no [design]" in out


def test_weights_of_zero_are_told_and_counted_in_no_figure(tmp_path: Path) -> None:
    study = write(tmp_path, frame=weight(0.0)(people()), study=WITHOUT_CLASSES)
    status, out, err = call("run", study, "--out", tmp_path / "out")
    assert status == 0, err
    assert f"among {len(people()) - 1:,} respondents" in out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Rows with a weight of zero (not interviewed or not eligible): 1." in page
    _, out, _ = call("check", study)
    assert "rows of weight 0, counted in no figure: 1" in out


def test_methods() -> None:
    """The kinds that a study can ask for; the keys of one, with what may stand there and the default."""
    status, out, err = call("methods")
    assert (status, err) == (0, "")
    for words in ("capture_recapture", "select_bic", "extend_by_ratio", "Estimate the share of people with an outcome"):
        assert words in out, words
    status, out, _ = call("methods", "capture_recapture/chao")
    assert status == 0
    for words in ("capture_recapture, method chao", "estimator", "t-lists", "strata", "must be given"):
        assert words in out, words
    assert "loglinear" not in out


def test_a_kind_that_is_not_known() -> None:
    status, out, err = call("methods", "ara")
    assert (status, out) == (2, "")
    assert "FL-STUDY-44" in err
    assert "did you mean 'area'?" in err
