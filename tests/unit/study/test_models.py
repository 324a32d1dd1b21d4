"""A study answers by cells, by an instrument that errs and by several sources as the long way does, and tells what is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import StudyFault
from fl_estimate.study.run import StudyResult, check_study, run_study
from tests.unit.study.made import REGIONS, STUDY, assert_same_rows, write

CELLS = pd.DataFrame(
    [(r, s, 10_000 + 500 * k) for k, r in enumerate(REGIONS) for s in (1, 2)], columns=["region", "sex", "adults"]
)
MODELS = """
[[estimate]]
kind = "unit"
name = "cells"
outcome = "forced_labour"
cells = ["region", "sex"]
population = { file = "cells.csv", column = "adults" }
varying = ["region"]
by = "region"
prior = { sigma = { region = "half-normal(0.5)" } }
seed = 3

[[estimate]]
kind = "prevalence"
name = "nation"
outcome = "forced_labour"

[[estimate]]
kind = "misclassification"
name = "checked"
estimate = "nation"
sensitivity = { positive = 45, n = 50 }
specificity = [995, 5]

[[estimate]]
kind = "sources"
name = "one"
estimates = { survey = "cells" }
counts = { hotline = 900 }
bias = { survey = "below(0.2)", hotline = "reported(2, 8)" }
population = { file = "cells.csv", column = "adults" }
"""


def write_all(folder: Path, text: str = MODELS) -> Path:
    CELLS.to_csv(folder / "cells.csv", index=False)
    return write(folder, study=STUDY.replace("\n[publish]", f"{text}\n[publish]"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def result(folder: Path) -> StudyResult:
    return run_study(write_all(folder), out=folder / "out")


def test_models_are_those_of_the_long_way(result: StudyResult, folder: Path) -> None:
    people = fl.classify(fl.load(folder / "people.csv", mapping=folder / "people.toml"), "icls2018_adult")
    cells = fl.hierarchical.unit(
        people,
        "forced_labour",
        cells=["region", "sex"],
        population=CELLS.rename(columns={"adults": "population"}),
        varying=["region"],
        by="region",
        prior=fl.hierarchical.Prior(sigma={"region": "half-normal(0.5)"}),
        seed=3,
    )
    checked = fl.hierarchical.misclassification(
        fl.estimate_prevalence(people, "forced_labour"),
        sensitivity={"positive": 45, "n": 50},
        specificity=(995, 5),
        seed=1,
    )
    one = fl.hierarchical.sources(
        {"survey": cells.national.persons(float(CELLS["adults"].sum())), "hotline": 900},
        bias={"survey": "below(0.2)", "hotline": "reported(2, 8)"},
        seed=1,
    )
    for name, long in (("cells", cells), ("checked", checked), ("one", one)):
        assert_same_rows(result.estimates[name].to_frame(), long.to_frame(), rtol=1e-6)


@pytest.mark.parametrize("keyed", [["region"], ["region", "sex"]])
def test_covariates_that_are_chosen_stay_keyed_by_their_cells(tmp_path: Path, keyed: list[str]) -> None:
    """The columns chosen are numbers; the cell columns of the file come with them, as they do for areas."""
    known = CELLS[keyed].drop_duplicates().reset_index(drop=True)
    known = known.assign(x=[0.5, 1.5, 1.0, 3.0, 2.0, 0.0, 4.0, 2.5][: len(known)], note="not a number")
    known.to_csv(tmp_path / "known.csv", index=False)
    chosen = MODELS.replace("\nvarying", '\ncovariates = { file = "known.csv", columns = ["x"] }\nvarying')
    made = run_study(write_all(tmp_path, chosen), out=tmp_path / "out")
    directly = fl.hierarchical.unit(
        fl.classify(fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml"), "icls2018_adult"),
        "forced_labour",
        cells=["region", "sex"],
        population=CELLS.rename(columns={"adults": "population"}),
        covariates=known.drop(columns="note"),
        varying=["region"],
        by="region",
        prior=fl.hierarchical.Prior(sigma={"region": "half-normal(0.5)"}),
        seed=3,
    )
    assert_same_rows(made.estimates["cells"].to_frame(), directly.to_frame(), rtol=1e-6)


def test_the_report_says_what_they_are(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "Multilevel regression with poststratification",
        "Bayesian correction for missed and false cases",
        "Several sources with stated biases",
        "Stated bias of survey",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('estimate = "nation"', 'estimate = "notion"'), "did you mean 'nation'"),
        (('{ survey = "cells" }', '{ survey = "sells" }'), "did you mean 'cells'"),
        (('cells = ["region", "sex"]', 'cells = ["region", "sax"]'), "did you mean 'sex'"),
        (('column = "adults" }\nvarying', 'column = "adlts" }\nvarying'), "adlts"),
    ],
)
def test_faults_are_told_before_estimating(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(StudyFault, match=said):
        check_study(write_all(tmp_path, MODELS.replace(*change)))
