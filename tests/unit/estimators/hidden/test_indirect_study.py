"""Indirect questions in a study file: the figures of the calls, and a report in two languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.study.describe import described
from tests.unit.study.made import assert_same_rows, write

STUDY = """\
[source.people]
file = "people.csv"
mapping = "people.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true

[[estimate]]
kind = "list_experiment"
name = "list"
count = "list_count"
treatment = "list_long"
items = 3
by = "region"

[[estimate]]
kind = "list_experiment_test"
name = "list_test"
count = "list_count"
treatment = "list_long"
items = 3

[[estimate]]
kind = "indirect_regression"
method = "regress_list_experiment"
name = "list_model"
formula = "list_count ~ C(sex)"
treatment = "list_long"
items = 3

[[estimate]]
kind = "randomised_response"
name = "forced"
answer = "rr_answer"
model = "forced"
probabilities = { yes = 0.15, no = 0.1 }
by = "region"

[[estimate]]
kind = "randomised_response"
name = "crosswise"
answer = "rr_answer"
model = "crosswise"
probabilities = 0.2

[[estimate]]
kind = "indirect_regression"
method = "regress_randomised_response"
name = "forced_model"
formula = "rr_answer ~ C(sex)"
model = "forced"
probabilities = { yes = 0.15, no = 0.1 }

[publish]
languages = ["en", "fr"]
"""
FORCED: dict[str, Any] = {"model": "forced", "probabilities": {"yes": 0.15, "no": 0.1}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("indirect")
    file = write(folder, study=STUDY)
    people = pd.read_csv(folder / "people.csv")
    rng = np.random.default_rng(4)
    status, long = rng.random(len(people)) < 0.3, rng.random(len(people)) < 0.5
    people["list_count"] = rng.binomial(3, 0.4, len(people)) + (status & long)
    people["list_long"] = long.astype(int)
    people["rr_answer"] = (rng.random(len(people)) < 0.15 + 0.75 * status).astype(int)
    people.to_csv(folder / "people.csv", index=False)
    found = fl.run_study(file, out=folder / "out")
    return found, fl.classify(
        fl.load(folder / "people.csv", mapping=folder / "people.toml"), "icls2018_adult", short_instrument=True
    )


def test_the_figures_are_those_of_the_calls(made: tuple[Any, Any]) -> None:
    found, people = made
    test: Any = fl.hidden.list_experiment_test(people, "list_count", "list_long", items=3)
    directly = {
        "list": fl.hidden.list_experiment(people, "list_count", "list_long", items=3, by="region"),
        "list_test": test.rows,
        "list_model": fl.hidden.regress_list_experiment(people, "list_count ~ C(sex)", "list_long", items=3),
        "forced": fl.hidden.randomised_response(people, "rr_answer", **FORCED, by="region"),
        "crosswise": fl.hidden.randomised_response(people, "rr_answer", model="crosswise", probabilities=0.2),
        "forced_model": fl.hidden.regress_randomised_response(people, "rr_answer ~ C(sex)", **FORCED),
    }
    assert found.estimates.keys() == directly.keys()
    for name, made_here in directly.items():
        assert_same_rows(found.estimates[name].to_frame(), made_here.to_frame(), rtol=1e-8)
        assert found.estimates[name].assumptions == made_here.assumptions


def test_the_report_says_what_was_taken_for_granted(made: tuple[Any, Any]) -> None:
    folder: Path = made[0].folder
    pages = {language: (folder / name).read_text(encoding="utf-8") for language, name in (("en", "report.html"), ("fr", "report.fr.html"))}  # fmt: skip
    assert "List experiment, difference of the arms" in pages["en"]
    assert "No design effect" in pages["en"]
    assert "Réponse aléatoire (réponses forcées)" in pages["fr"]


def test_every_key_has_a_line() -> None:
    for kind in ("list_experiment", "list_experiment_test", "randomised_response", "indirect_regression"):
        assert described(kind)
