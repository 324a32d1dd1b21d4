"""Proves that a study speaks of things as its file, mapping and [labels] do, and asks about codes labelled as missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.study.run import check_study

CODES: Any = {"q1": {1: "Oui", 2: "Non"}, "reg": {1: "Nord", 2: "Sud"}, "pay": {9999: "Refus"}}
MAPPING = """\
id = "x"
population = { fr = "ménages du pays", en = "households of the country" }
[people]
unit = "households"
region = { column = "reg", recode = "labels" }
weight_hh = "w"
psu = "ea"
PAY
[people.derived]
papers = "q1 == 1"
[design]
weights = "weight_hh"
psu = "psu"
expands = true
"""
STUDY = """\
title = { fr = "Papiers retenus dans les ménages", en = "Documents kept in households" }
[source.hh]
file = "survey.sav"
mapping = "x.toml"
[labels]
papers = { fr = "papiers retenus", en = "documents kept" }
[labels.region]
title = { en = "Province", fr = "Province" }
values = { Sud = { en = "South" }, Nord = { en = "North" } }
[[estimate]]
kind = "prevalence"
outcome = "papers"
by = "region"
note = { fr = "Question posée au chef de ménage.", en = "Asked of the head of the household." }
[[estimate]]
kind = "total"
outcome = "papers"
title = { fr = "Ménages dont on garde les papiers", en = "Households whose documents are kept" }
MORE
[publish]
languages = ["fr", "en"]
"""


def write(folder: Path, *, pay: str = "", more: str = "", study: str = STUDY) -> Path:
    rng = np.random.default_rng(1)
    n = 600
    frame: Any = pd.DataFrame(
        {
            "q1": rng.choice([1.0, 2], n, p=[0.3, 0.7]), "reg": rng.choice([1.0, 2], n), "w": rng.uniform(50, 150, n),
            "ea": np.repeat(np.arange(60.0), 10), "pay": rng.choice([100.0, 200, 9999], n, p=[0.5, 0.4, 0.1]),
        }
    )  # fmt: skip
    pyreadstat.write_sav(frame, str(folder / "survey.sav"), variable_value_labels=CODES)
    (folder / "x.toml").write_text(MAPPING.replace("PAY", pay), encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(study.replace("MORE", more), encoding="utf-8")
    return path


def test_a_report_in_french_says_it_in_french(tmp_path: Path) -> None:
    result = fl.run_study(write(tmp_path), out=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for said in (
        "<h1>Papiers retenus dans les ménages</h1>", "Ménages du pays", "Papiers retenus\u00a0: taux de prévalence, par province",
        "Ménages dont on garde les papiers", "Question posée au chef de ménage.", "Nombre de ménages", "Ménages enquêtés",
    ):  # fmt: skip
        assert said in page, said
    assert "personnes" not in page[: page.index("<ul>")]
    assert page.index(">Sud<") < page.index(">Nord<")
    english = (tmp_path / "out" / "report.en.html").read_text(encoding="utf-8")
    for said in ("Documents kept in households", "Households of the country", ">South<", ">North<", "by province"):
        assert said in english, said
    frame = pd.read_csv(tmp_path / "out" / "estimates.csv")
    assert frame["region_label"].dropna().tolist() == ["South", "North"]
    assert result.ok


@pytest.mark.parametrize(
    "more",
    [
        '[[estimate]]\nkind = "mean"\nvariable = "pay"',
        '[[estimate]]\nkind = "mean"\nvariable = "q1"\nwhere = "pay > 150"',
    ],
)
def test_codes_labelled_as_missing_are_asked_about(tmp_path: Path, more: str) -> None:
    with pytest.raises(fl.FlError, match="FL-STUDY-40") as caught:
        fl.run_study(write(tmp_path, more=more), out=tmp_path / "out")
    assert "'pay' holds 9999 = 'Refus' in " in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_derived_columns_of_a_study_too(tmp_path: Path) -> None:
    study = STUDY.replace('mapping = "x.toml"', 'mapping = "x.toml"\nderived = { rich = "pay > 150" }')
    with pytest.raises(fl.FlError, match="FL-STUDY-40") as caught:
        fl.run_study(write(tmp_path, study=study), out=tmp_path / "out")
    assert "source.hh.derived.rich" in str(caught.value)


@pytest.mark.parametrize("said", ["missing", "valid"])
def test_the_mapping_says_what_they_are(tmp_path: Path, said: str) -> None:
    more = '[[estimate]]\nkind = "mean"\nvariable = "pay"\nunknown = "exclude"'
    path = write(tmp_path, pay=f'pay = {{ column = "pay", {said} = [9999] }}', more=more)
    found = fl.run_study(path, out=tmp_path / "out").estimates["mean_3"].to_frame()["value"].iloc[0]
    assert (found > 1000) == (said == "valid")


def test_a_wrong_language_is_a_fault_of_the_study(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {"study": STUDY.replace('{ fr = "papiers', '{ French = "papiers')}
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        fl.run_study(write(tmp_path, **wrong), out=tmp_path / "out")
    assert "labels.papers" in str(caught.value)


def test_the_population_that_a_study_states_is_compared_with_the_weights(tmp_path: Path) -> None:
    plain = write(tmp_path)
    mapping = tmp_path / "x.toml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("expands = true\n", ""), encoding="utf-8")
    study = plain.read_text(encoding="utf-8").replace('kind = "total"\n', 'kind = "total"\nby = "region"\n')
    answers: Any = pyreadstat.read_sav(str(tmp_path / "survey.sav"))[0]
    total = float(answers["w"].sum())

    def stated(text: str) -> Path:
        plain.write_text(study.replace('mapping = "x.toml"\n', f'mapping = "x.toml"\n{text}\n'), encoding="utf-8")
        return plain

    with pytest.raises(fl.FlError, match="FL-EST-260"):
        check_study(stated(""))
    with pytest.raises(fl.FlError, match="FL-EST-261"):
        check_study(stated(f"population_size = {3 * total}"))
    check_study(stated(f"population_size = {1.2 * total}"))
    check_study(stated(f"populations = {{ region = {{ Nord = {total / 2}, Sud = {total / 2} }} }}"))
    with pytest.raises(fl.FlError, match="FL-EST-263") as caught:
        check_study(stated(f"populations = {{ region = {{ Nord = {total / 2}, Sud = {5 * total} }} }}"))
    assert "region Sud" in str(caught.value)
    assert "region Nord" not in str(caught.value)


def test_files_keep_the_order_that_was_declared_and_are_known_again_as_a_release(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    study = write(tmp_path)
    fl.run_study(study, out=folder)
    frame = pd.read_parquet(folder / "estimates.parquet")
    # [labels.region] puts Sud first; letters would put Nord first
    assert frame["region"].cat.ordered
    assert frame["region"].cat.categories.tolist() == ["Sud", "Nord"]
    written = pd.read_csv(folder / "estimates.csv")
    assert written["region"].dropna().tolist() == ["Sud", "Nord"]
    again = study.read_text(encoding="utf-8").replace("[publish]\n", '[publish]\nprevious = ["out"]\n')
    study.write_text(again, encoding="utf-8")
    made = fl.run_study(study, out=tmp_path / "later").published
    assert made is not None
    assert made.to_frame()["region"].dropna().tolist() == ["Sud", "Nord"]
    assert made.to_frame()["value"].tolist() == written["value"].tolist()
