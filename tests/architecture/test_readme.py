"""README's code runs and its pictures are on white; pages show what commands and code print; notebooks match their .py."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import Any

import jupytext
import pandas as pd
import pytest
from typer.testing import CliRunner

from fl_estimate.cli import app
from fl_estimate.study.config import read_study

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWN = [
    ROOT / "docs" / "how_to" / "explain.md",
    ROOT / "docs" / "explanation" / "capture_recapture.md",
    ROOT / "docs" / "explanation" / "regression.md",
    ROOT / "docs" / "how_to" / "planning.md",
    ROOT / "docs" / "how_to" / "results.md",
    ROOT / "docs" / "how_to" / "regional_figures.md",
    ROOT / "docs" / "how_to" / "case_lists.md",
]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def beside_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder from which the sample data and the examples have the paths that the pages give."""
    for folder in ("data", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_code_of_the_readme_runs(beside_the_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ten_lines, own_frame = blocks(README, "python")
    people = pd.DataFrame(
        {
            "weight": 10.0,
            "stratum": [i // 20 for i in range(40)],
            "village": [i // 5 for i in range(40)],
            "region": [("North", "South")[i % 2] for i in range(40)],
            "forced_labour": [int(i % 9 == 0) for i in range(40)],
        }
    )
    names: dict[str, Any] = {"frame": people}
    exec(compile(ten_lines, "README.md", "exec"), names)
    assert "0 errors" in capsys.readouterr().out
    assert (beside_the_data / "report.html").stat().st_size > 10_000
    exec(compile(own_frame, "README.md", "exec"), names)


def test_the_readme_shows_a_table_and_pictures() -> None:
    """Whether they are those of this version is for `make generated` to say: it runs the study again."""
    (table,) = blocks(README, "text")
    assert "Whole country" in table
    assert "True" in table  # "True value", whose words the width of the page parts
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        drawn = (ROOT / picture).read_text(encoding="utf-8")
        assert len(drawn.encode()) < 150_000
        # The first thing painted is the white ground of the whole picture: it is read in dark mode too.
        first_path = drawn[drawn.index("<path") :].partition("/>")[0]
        assert "fill: #ffffff" in first_path


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
@pytest.mark.usefixtures("beside_the_data")
def test_what_a_page_shows_in_python_is_what_comes(page: Path) -> None:
    session = "\n".join(blocks(page.read_text(encoding="utf-8"), "pycon"))
    case = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    assert len(case.examples) >= 5
    told: list[str] = []
    doctest.DocTestRunner().run(case, out=told.append)
    assert not told, "".join(told)


COMMANDS = blocks(SHOWN[0].read_text(encoding="utf-8"), "console")


def test_there_are_commands() -> None:
    """Otherwise the test below could not fail."""
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("block", COMMANDS)
@pytest.mark.usefixtures("beside_the_data")
def test_what_a_page_shows_on_the_terminal_is_what_is_printed(block: str) -> None:
    command, _, output = block.removeprefix("$ ").replace("\\\n", " ").partition("\n")
    program, *arguments = shlex.split(command)
    assert program == "fl-estimate"
    assert CliRunner().invoke(app, arguments).output == output


def test_the_kinds_on_the_page_of_studies_make_one_study(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how_to" / "study.md").read_text(encoding="utf-8")
    study = tmp_path / "study.toml"
    study.write_text("\n".join([*blocks(page, "toml"), *blocks(page, r"\{code-block\} toml")]), encoding="utf-8")
    kinds = [entry.kind for entry in read_study(study).config.estimate]
    models = [
        "prevalence",
        "total",
        "area",
        "area",
        "prevalence",
        "contrast",
        "regression",
        "regression",
        "test",
        "test",
    ]
    models += ["capture_recapture", "total", "stack"]
    models += ["aggregate", "extend_by_ratio", "published", "change"]
    hidden = ["list_experiment", "randomised_response", "indirect_regression"]
    hidden += ["adaptive_cluster", "time_location", "reported_cases", "two_phase"]
    assert sorted(kinds) == sorted([*models, *hidden, "unit", "sources"])


def test_there_are_notebooks() -> None:
    """Otherwise the test below could not fail."""
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_has_no_outputs_and_says_what_its_python_file_says(notebook: Path) -> None:
    kept, reviewed = jupytext.read(notebook), jupytext.read(notebook.with_suffix(".py"))
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [
        (cell.cell_type, cell.source) for cell in reviewed.cells
    ]
    assert not any(cell.get("outputs") for cell in kept.cells)
