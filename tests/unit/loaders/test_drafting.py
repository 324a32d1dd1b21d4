"""Proves that a draft finds the variables of files labelled in three languages, can be read as it is, and marks every guess."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.loaders.mapping import Mapping

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"


def _pairs(mapping: Mapping) -> dict[tuple[str, str], str]:
    return {
        (table, name): variable.columns[0]
        for table, rule in mapping.tables.items()
        for name, variable in rule.variables.items()
    }


def test_the_draft_of_the_sample_is_nearly_its_mapping() -> None:
    """Measured against the mapping that belongs to the file: 69 of its 82 lines are found, 2 guesses are others."""
    drafted = _pairs(Mapping.read(tomllib.loads(fl.draft_mapping(SAMPLE / "household.sav"))))
    right = _pairs(Mapping.read(SAMPLE / "household.toml"))
    found = [key for key, column in drafted.items() if right.get(key) == column]
    assert len(found) / len(right) > 0.8
    assert len(found) / len(drafted) > 0.95


LABELS = {
    "en": ["Sex of the respondent", "Age in completed years", "Expansion factor of persons", "Were you paid very little or nothing?"],
    "fr": ["Sexe de la personne", "Âge en années révolues", "Coefficient de pondération individuel", "Étiez-vous très peu ou pas du tout payé(e) ?"],
    "es": ["Sexo de la persona", "Edad en años cumplidos", "Factor de expansión", "¿Le pagaban muy poco o nada?"],
}  # fmt: skip
CODES = {
    "en": ({1: "Male", 2: "Female"}, {1: "Yes", 2: "No", 8: "Don't know"}),
    "fr": ({1: "Homme", 2: "Femme"}, {1: "Oui", 2: "Non", 8: "Ne sait pas"}),
    "es": ({1: "Hombre", 2: "Mujer"}, {1: "Sí", 2: "No", 8: "No sabe"}),
}


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_labels_are_understood(tmp_path: Path, language: str) -> None:
    frame: Any = pd.DataFrame({name: [1.0, 2.0] for name in ("V1", "V2", "V3", "V4")})
    sexes, answers = CODES[language]
    codes: Any = {"V1": sexes, "V4": answers}
    pyreadstat.write_sav(
        frame,
        tmp_path / "s.sav",
        column_labels=dict(zip(frame.columns, LABELS[language], strict=True)),
        variable_value_labels=codes,
    )
    mapping = Mapping.read(tomllib.loads(fl.draft_mapping(tmp_path / "s.sav")))
    assert _pairs(mapping) == {
        ("people", "sex"): "V1",
        ("people", "age_interview"): "V2",
        ("people", "weight_person"): "V3",
        ("jobs", "w_low_no_wage"): "V4",
    }
    assert mapping.tables["jobs"].variables["w_low_no_wage"].recode == {"1": "yes", "2": "no", "8": "dk"}
    assert mapping.design is not None
    assert mapping.design.weights == "weight_person"


@pytest.mark.parametrize("name", ["FAC_CAL", "pondera", "wgt", "P01_PONDERA", "FACTOR", "weight"])
def test_usual_names_of_weights_are_known(tmp_path: Path, name: str) -> None:
    (tmp_path / "s.csv").write_text(f"{name},other\n1.5,2\n")
    assert ("people", "weight_person") in _pairs(Mapping.read(tomllib.loads(fl.draft_mapping(tmp_path / "s.csv"))))


def test_every_guess_is_marked_and_every_other_column_is_listed(tmp_path: Path) -> None:
    (tmp_path / 's "x".csv').write_text('sexo,"strange ""name""",J1A,J1B,J2A,J2B\n1,2,3,4,5,6\n')
    text = fl.draft_mapping(tmp_path / 's "x".csv')
    assert Mapping.read(tomllib.loads(text)).id == "s_x"
    assert 'sex = "sexo"  # review' in text
    assert '#   strange "name"' in text
    assert "#   repeat = 2: J{n}A, J{n}B" in text
    unmarked = [
        line for line in text.splitlines() if " = " in line and "review" not in line and not line.startswith("#")
    ]
    assert [line for line in unmarked if not line.startswith(("id", "from", "weights", "strata", "psu"))] == []


def test_no_answer_is_in_a_draft(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("sexo,name\n1,secret\n")
    assert "secret" not in fl.draft_mapping(tmp_path / "s.csv")
