"""Studies of hidden designs as their reader meets them: a check without a crash, tables that name their method, the headline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import FlError
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.layout import layout
from fl_estimate.study.run import check_study

MAPPING = """
id = "made"
population = "residents"

[people]
weight_person = "w"
psu = "ea"

[design]
weights = "weight_person"
psu = "psu"
expands = true
"""
SCALE_UP = """
[source.household]
file = "survey.csv"
mapping = "mapping.toml"

[[estimate]]
name = "networks"
kind = "network_size"
known = "known.csv"
population = 1_000_000

[[estimate]]
name = "back"
kind = "back_estimates"
known = "known.csv"
population = 1_000_000

[[estimate]]
name = "size"
kind = "scale_up"
hidden = "hidden"
known = "known.csv"
population = 1_000_000
"""
CHAINS = """
id = "returnees"
kind = "respondent_driven"
population = "returnees"

[design]
unweighted = true

[people]
person_id = "person_id"
recruiter_id = "recruiter_id"
network_size = "network_size"
age_interview = "age"
"""
RECRUITED = """
[source.returnees]
file = "people.csv"
mapping = "mapping.toml"

[[estimate]]
name = "share"
kind = "rds"
method = "rds_ii"
outcome = "outcome"
replicates = 50

[[estimate]]
name = "number"
kind = "rds"
method = "gile_ss"
quantity = "total"
outcome = "outcome"
population = 400
replicates = 50

[[estimate]]
name = "size"
kind = "ss_population_size"
time = "interview"
prior_median = 400

[[estimate]]
name = "cases"
kind = "ss_cases"
outcome = "outcome"
size = "size"
replicates = 20
"""
TRACED = """
id = "traced"

[people]
person_id = "person_id"

[design]
unweighted = true
"""
LINKS = """
[source.traced]
file = "people.csv"
mapping = "mapping.toml"

[[estimate]]
kind = "link_tracing"
links = "links.csv"
outcome = "fl"
strata = "stratum"
"""


@pytest.fixture
def fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, steps in (("BURN_IN", 200), ("FEWEST_STEPS", 300), ("MOST_STEPS", 300)):
        monkeypatch.setattr(f"fl_estimate.estimators.hidden.links.link_posterior.{name}", steps)


def written(folder: Path, mapping: str, study: str, **tables: pd.DataFrame) -> Path:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return folder / "study.toml"


def scale_up(folder: Path, study: str = SCALE_UP) -> Path:
    drawn = fl.hidden.simulate_scale_up(respondents=240, psus=24, seed=1)
    known = pd.DataFrame({"group": list(drawn.known), "size": list(drawn.known.values())})
    return written(folder, MAPPING, study, survey=drawn.people, known=known)


def recruited(folder: Path, study: str = RECRUITED) -> Path:
    drawn = fl.hidden.simulate_successive_sampling(population=400, n=200, prevalence=0.3, seed=3)
    return written(folder, CHAINS, study, people=drawn.people.assign(age=30))


def traced(folder: Path) -> Path:
    drawn = fl.hidden.simulate_link_tracing(
        400, strata={"port": 0.4, "town": 0.6}, links=[[0.01, 0.002], [0.002, 0.008]], initial=80, outcome=0.4, seed=3
    )
    return written(folder, TRACED, LINKS, people=drawn.people, links=drawn.links)


def run(file: Path) -> Any:
    return fl.run_study(file, out=file.parent / "out")


def captions(made: Any, language: str = "en") -> dict[str, str]:
    return {table.name: layout(table, language).caption for table in made.published.tables}


def test_a_check_reads_the_tables_beside_the_survey(tmp_path: Path) -> None:
    assert "household" in check_study(scale_up(tmp_path)).surveys
    short = SCALE_UP.replace('hidden = "hidden"\nknown = "known.csv"\npopulation = 1_000_000', 'hidden = "hidden"\nknown = "known.csv"\npopulation = 100')  # fmt: skip
    with pytest.raises(FlError, match=r"FL-EST-59"):
        check_study(scale_up(tmp_path, short))


def test_a_check_takes_an_estimate_made_before(tmp_path: Path) -> None:
    assert "returnees" in check_study(recruited(tmp_path)).surveys
    other = RECRUITED.replace('size = "size"', 'size = "share"')
    with pytest.raises(FlError, match=r"FL-EST-55"):
        check_study(recruited(tmp_path, other))


@pytest.mark.usefixtures("fewer_steps")
def test_people_and_cases_of_link_tracing_are_told_apart(tmp_path: Path) -> None:
    file = traced(tmp_path)
    assert "traced" in check_study(file).surveys
    table = run(file).published.tables[0]
    labels = [row.label for row in layout(table, "en").rows if not row.heading]
    assert labels == [
        "Population size", "port, Population size", "town, Population size", "fl", "port, fl", "town, fl",
    ]  # fmt: skip
    assert layout(table, "fr").rows[0].label == "Taille de la population"


def test_a_table_says_by_which_design_its_figures_are(tmp_path: Path) -> None:
    made = run(recruited(tmp_path))
    assert captions(made)["share"] == "Outcome: prevalence – RDS-II"
    assert captions(made)["number"] == "Outcome: number of persons – successive sampling"
    # The number of persons is of other weights than the share: it is no other dress of it.
    said = " ".join(headline(made.published).sentences)
    assert "That is about" not in said
    assert "confidence interval" in said


def test_network_sizes_and_known_groups_do_not_lead(tmp_path: Path) -> None:
    made = run(scale_up(tmp_path))
    assert headline(made.published).sentences[0].startswith("Hidden, number of persons: ")
    assert captions(made, "es")["networks"] == "Tamaño de la red: media"
    assert captions(made)["size"].startswith("Hidden: number of persons – ")


@pytest.mark.usefixtures("fewer_steps")
def test_an_interval_of_a_posterior_is_called_credible(tmp_path: Path) -> None:
    file = traced(tmp_path)
    file.write_text(LINKS + 'quantity = "prevalence"\n', encoding="utf-8")
    made = run(file)
    for language, word in (("en", "credible interval"), ("fr", "crédibilité"), ("es", "credibilidad")):
        assert word in " ".join(headline(made.published, language).sentences)
