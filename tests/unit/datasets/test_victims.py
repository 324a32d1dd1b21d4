"""Published figures of the Dutch kind, by year, sex and form, can be made again from made-up people, and their truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.victims import BORDER_FROM, VICTIM_LISTS, draw_victims
from fl_estimate.study.run import run_study

STUDY = """
[[estimate]]
kind = "capture_recapture"
name = "victims"
file = "victims.csv"
lists = ["police", "inspectorate", "shelter", "border", "helpline"]
method = "conditional_loglinear"
covariates = "C(year) + sex + form"
terms = [["police", "shelter"]]
blind = { border = { year = [2019, 2020] } }
by = [["year"], ["sex", "form"]]
replicates = 100
"""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows of the study's population sizes, with how many people there are in truth."""
    folder = tmp_path_factory.mktemp("victims")
    fl.datasets.load("victims_on_lists").to_csv(folder / "victims.csv", index=False)
    (folder / "victims.toml").write_text(STUDY, encoding="utf-8")
    result = run_study(folder / "victims.toml", out=folder / "out")
    rows = result.estimates["victims"].select(quantity="population_size").to_frame().reset_index(drop=True)
    truth = fl.datasets.load("victims_truth")
    assert rows["margin"].tolist() == truth["margin"].tolist()
    named = [
        ", ".join(str(row[name]) for name in ("year", "sex", "form") if row[name] == row[name])
        for _, row in rows.iterrows()
    ]
    assert named == truth["value"].tolist()
    return rows.assign(truth=truth["people"])


def test_a_study_gives_the_figures_by_year_sex_and_form_that_hold_the_truth(figures: pd.DataFrame) -> None:
    """Nine figures, nominal 95 % each: of 400 draws eight hold the truth (docs/explanation/capture_recapture_by_year_table.md)."""
    held = (figures["lower"] <= figures["truth"]) & (figures["truth"] <= figures["upper"])
    assert held.iloc[0]
    assert held.sum() >= 8
    assert (figures["value"] / figures["truth"]).between(0.8, 1.2).all()


def test_the_figures_of_a_margin_add_up_to_all(figures: pd.DataFrame) -> None:
    whole = figures["value"].iloc[0]
    for margin in ("year", "sex × form"):
        assert figures.loc[figures["margin"] == margin, "value"].sum() == pytest.approx(whole, rel=1e-6)


def test_people_are_as_they_are_said_to_be() -> None:
    """No border list before 2021; the form is missing of those alone that only the helpline knows; nobody is lost."""
    people = draw_victims(3_000, np.random.default_rng(1))
    assert len(people.every) == 3_000
    early = people.every["year"] < BORDER_FROM
    assert people.every.loc[early, "border"].sum() == 0
    assert people.every.loc[~early, "border"].sum() > 0
    recorded = people.recorded
    assert recorded[[*VICTIM_LISTS]].any(axis=1).all()
    alone = (recorded["helpline"] == 1) & (recorded[[*VICTIM_LISTS[:4]]].sum(axis=1) == 0)
    assert recorded["form"].isna().tolist() == alone.tolist()
    for margin in ("year", "sex × form"):
        assert people.truth.loc[people.truth["margin"] == margin, "people"].sum() == 3_000


def test_the_table_of_the_docs_has_the_truth_of_the_data_set() -> None:
    text = (Path(__file__).parents[3] / "docs/explanation/capture_recapture_by_year_table.md").read_text(
        encoding="utf-8"
    )
    last = [line.split("|")[-2].strip().replace(",", "") for line in text.splitlines() if line.startswith("|")]
    assert [int(cell) for cell in last if cell.isdigit()] == fl.datasets.load("victims_truth")["people"].tolist()
