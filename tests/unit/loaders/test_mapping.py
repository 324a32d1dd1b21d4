"""Proves that a mapping is read whole, from TOML, dictionary or bundle, and that all its faults come in one error."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from fl_estimate.errors import MappingFault
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.load import load
from fl_estimate.loaders.mapping import Mapping, bundled
from fl_estimate.loaders.mapping_parts import VariableRule

COMPLETE = """
id = "sample"
title = "A survey"
kind = "household"
country = "XX"
population = "adults"
licence = "CC0"
citation = "A citation"

[reference_period]
kind = "12m"
start = 2025-01-01
end = 2026-01-01

[source]
encoding = "windows-1252"
delimiter = ";"
decimal = ","

[people]
person_id = "PID"
sex = { column = "SEXO", recode = { 1 = "1", 2 = "2" }, else = 3 }
education = { column = "EDU", missing = [98, 99] }
region_in_file = { column = "region", own = true }

[people.derived]
unemployed = "cae_especifico in [8, 9]"

[jobs]
from = "people"
where = "worked == 1"
w_hazard = { column = "Q12", recode = "answers" }
"c_docs@work" = { column = "Q13", recode = "coercion" }

[recodes.answers]
1 = "yes"
2 = "no"
null = "not_asked"
missing = "missing"

[recodes.coercion]
1 = "experienced"
2 = "no"

[design]
weights = "w"
strata = "h"
psu = "ea"
fpc = "N"
single_psu = "certainty"
"""


@pytest.fixture
def complete(tmp_path: Path) -> Mapping:
    path = tmp_path / "sample.toml"
    path.write_text(COMPLETE, encoding="utf-8")
    return Mapping.read(path)


def test_a_toml_file_is_read(complete: Mapping) -> None:
    people, jobs = complete.tables["people"], complete.tables["jobs"]
    assert people.variables["person_id"] == VariableRule(column="PID")
    assert people.variables["sex"].otherwise == 3
    assert people.variables["education"].missing == (98, 99)
    assert people.derived == {"unemployed": "cae_especifico in [8, 9]"}
    assert (jobs.source, jobs.where) == ("people", "worked == 1")
    assert set(jobs.variables) == {"w_hazard", "c_docs@work"}


def test_recodes_are_found_by_name_or_beside_the_variable(complete: Mapping) -> None:
    assert complete.recode_of(complete.tables["people"].variables["sex"]) == {"1": "1", "2": "2"}
    answers = complete.recode_of(complete.tables["jobs"].variables["w_hazard"])
    assert answers == {"1": "yes", "2": "no", "null": "not_asked", "missing": "missing"}
    assert complete.recode_of(complete.tables["people"].variables["person_id"]) is None


def test_the_design_the_period_and_the_text_format_are_handed_on(complete: Mapping) -> None:
    assert complete.sample_design() == Design(weights="w", strata="h", psu="ea", fpc=("N",), single_psu="certainty")
    assert complete.period() == ReferencePeriod(kind="12m", start=dt.date(2025, 1, 1), end=dt.date(2026, 1, 1))
    assert complete.text_format() == TextFormat(encoding="windows-1252", delimiter=";", decimal=",")


def test_replicates_probabilities_and_phases_are_part_of_the_design() -> None:
    """Each key of [design] is the argument of that name; {n} stands for the numbers of the replicates."""
    weighted = Mapping.read(
        {
            "id": "x",
            "people": {},
            "design": {
                "weights": "w",
                "replicates": {
                    "columns": "rw{n:02}",
                    "number": 3,
                    "kind": "fay",
                    "fay": 0.3,
                    "df": 2,
                    "centre": "mean",
                },
            },
        }
    ).sample_design()
    own = Replicates(["rw01", "rw02", "rw03"], kind="fay", fay=0.3, df=2, centre="mean")
    assert weighted == Design(weights="w", replicates=own)
    listed = {"columns": ["a", "b"], "scale": 0.5, "rscales": [1, 2], "combined": False}
    factors = Mapping.read({"id": "x", "people": {}, "design": {"weights": "w", "replicates": listed}}).sample_design()
    assert factors == Design(weights="w", replicates=Replicates(["a", "b"], scale=0.5, rscales=[1, 2], combined=False))
    unequal = {"strata": "h", "fpc": "p", "pps": "hr", "hr_sum": 0.2, "single_psu_scope": "domain"}
    assert Mapping.read({"id": "x", "people": {}, "design": unequal}).sample_design() == Design(
        strata="h", fpc="p", pps="hr", hr_sum=0.2, single_psu_scope="domain"
    )
    exact = Mapping.read(
        {"id": "x", "people": {}, "design": {"fpc": "p", "pps": "yg", "joint": [[0.5, 0.2], [0.2, 0.4]]}}
    ).sample_design()
    assert exact is not None
    assert exact.joint is not None
    assert exact.joint.tolist() == [[0.5, 0.2], [0.2, 0.4]]
    again = {"psu": "ea", "unweighted": True, "phase2": {"column": "again", "strata": "s", "psu": "hh"}}
    assert Mapping.read({"id": "x", "people": {}, "design": again}).sample_design() == Design(
        psu="ea", phase2=("again", Design(strata="s", psu="hh")), unweighted=True
    )
    bare = {"id": "x", "people": {}, "design": {"strata": "h", "psu": "ea"}}
    with pytest.raises(MappingFault, match="FL-MAP-03") as caught:
        Mapping.read(bare)
    assert "unweighted = true" in str(caught.value)
    known = {"id": "x", "people": {}, "design": {"weights": "w"}, "totals": {"people": 13_000_000}}
    assert Mapping.read(known).sample_design() == Design(weights="w", population_size=13_000_000)
    groups = {**known, "totals": {"region": {"1": 5000, "2": 7000}}}
    assert Mapping.read(groups).sample_design() == Design(weights="w", populations={"region": {"1": 5000, "2": 7000}})


def test_a_mapping_needs_little() -> None:
    mapping = Mapping.read({"id": "x", "people": {}})
    assert (mapping.sample_design(), mapping.period(), mapping.text_format()) == (None, None, TextFormat())


def test_a_mapping_is_taken_as_it_is(complete: Mapping) -> None:
    assert Mapping.read(complete) is complete


def test_a_dictionary_may_have_numbers_as_keys() -> None:
    rule = {"column": "Q", "recode": {1: 1, 2.0: 2}}
    assert Mapping.read({"id": "x", "people": {"sex": rule}}).tables["people"].variables["sex"].recode == {
        "1": 1,
        "2": 2,
    }


def test_bundled_mappings_are_read_by_id_and_are_whole() -> None:
    assert "ene2020" in bundled()
    for name in bundled():
        assert Mapping.read(name).id == name


def _fault(content: dict[str, Any] | str | Path) -> MappingFault:
    with pytest.raises(MappingFault) as caught:
        Mapping.read(content)
    return caught.value


def test_toml_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text('id = "x"\n[people\n')
    fault = _fault(path)
    assert fault.code == "FL-MAP-01"
    assert "broken.toml" in fault.found
    assert "line 2" in fault.found
    path.write_bytes(b'id = "\xff"\n')
    assert "not UTF-8" in _fault(path).found


def test_a_mapping_that_is_not_there_is_refused_with_the_nearest_id() -> None:
    fault = _fault("ene2021")
    assert fault.code == "FL-MAP-02"
    assert "did you mean 'ene2020'?" in fault.fix


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"people": {}}, "id: it must be given"),
    ({"id": "x"}, "[people]: it must be given"),
    ({"id": "x", "people": {}, "recode": {}}, "[recode]: no such part; did you mean 'recodes'?"),
    ({"id": "x", "people": {}, "tables": {}}, "[tables]: no such part"),
    ({"id": "x", "people": "PID"}, "people: a table is needed here, written [people]"),
    ({"id": "x", "people": {}, "kind": "farm"}, "kind: "),
    ({"id": "x", "people": {"sex": {"colum": "Q"}}}, "people.sex.colum: no such key; did you mean 'column'?"),
    ({"id": "x", "people": {"sex": 3}}, "people.sex: "),
    ({"id": "x", "people": {"sex": {"column": "Q", "recode": 3}}}, "people.sex.recode: "),
    ({"id": "x", "people": {}, "design": {"psu_": "a"}}, "design.psu_: no such key; did you mean 'psu'?"),
    ({"id": "x", "people": {}, "design": {"single_psu": "center"}}, "design.single_psu: "),
    ({"id": "x", "people": {}, "design": {"psu": "a", "stages": ["b"]}}, "design: psu= and stages="),
    ({"id": "x", "people": {}, "source": {"decimal": "·"}}, "source.decimal: "),
    ({"id": "x", "people": {}, "reference_period": {"kind": "year"}}, "reference_period.kind: "),
    (
        {
            "id": "x",
            "people": {},
            "reference_period": {"kind": "12m", "start": dt.date(2025, 1, 2), "end": dt.date(2025, 1, 1)},
        },
        "reference_period: end",
    ),
    ({"id": "x", "people": {"regoin": "R"}}, "people.regoin: no such variable; did you mean 'region'?"),
    ({"id": "x", "people": {"w_hazard": "Q"}}, "people.w_hazard: this stands in [jobs]"),
    (
        {"id": "x", "people": {"sex": {"column": "Q", "recode": "gender"}}, "recodes": {"genders": {"1": 1}}},
        "'genders'?",
    ),
    ({"id": "x", "people": {"sex": {"column": "Q", "recode": "gender"}}}, "there are: none"),
    ({"id": "x", "people": {"sex": {"column": "Q", "recode": {}}}}, "people.sex: the recode is empty"),
    ({"id": "x", "people": {"sex": {"column": "Q", "recode": {"1": "male"}}}}, "texts, and the variable holds numbers"),
    ({"id": "x", "people": {"sex": {"column": "Q", "recode": {"1": 7}}}}, "the recode writes 7; codes are 1, 2, 3"),
    ({"id": "x", "people": {"urban": {"column": "Q", "recode": {"1": "town"}}}}, "the recode writes town"),
    (
        {"id": "x", "people": {"urban": {"column": "Q", "recode": {"1": "urban"}, "else": "hut"}}},
        "the recode writes hut",
    ),
    ({"id": "x", "people": {"sex": {"column": "Q", "else": 3}}}, "people.sex: else needs a recode"),
    (
        {"id": "x", "people": {}, "recodes": {"a": {"1": "yes", "1.0": "no"}}},
        "recodes.a: the same code is written twice: 1",
    ),
    (
        {"id": "x", "people": {"derived": {"u": "a = 1"}}},
        "people.derived.u: the expression cannot be read ('a = 1', at",
    ),
    ({"id": "x", "people": {"sex": "Q", "derived": {"sex": "a == 1"}}}, "people.derived.sex: the name is also that of"),
    (
        {"id": "x", "people": {"derived": {"age_interview": "cut(a, [15])"}}},
        "people.derived.age_interview: it gives texts, and age_interview holds numbers",
    ),
    (
        {"id": "x", "people": {"derived": {"birth_date": "case(a == 1, 'x')"}}},
        "people.derived.birth_date: it gives texts, and birth_date holds dates",
    ),
    (
        {"id": "x", "people": {"derived": {"urban": "a == 1"}}},
        "people.derived.urban: it gives numbers, and urban holds text",
    ),
    ({"id": "x", "people": {"from": "jobs"}}, "people.from: "),
    (
        {"id": "x", "people": {"from": "people"}},
        "people.from: people can be taken from the rows of relatives or episodes or jobs only",
    ),
    ({"id": "x", "people": {"where": "a == 1"}}, "people.where: people are never left out"),
    (
        {"id": "x", "people": {}, "jobs": {"from": "people", "where": "a ="}},
        "jobs.where: the expression cannot be read",
    ),
    ({"id": "x", "people": {}, "costs": {"from": "people"}}, "costs.episode_id: it must be given"),
]


@pytest.mark.parametrize(("content", "says"), BROKEN)
def test_a_broken_mapping_is_refused(content: dict[str, Any], says: str) -> None:
    fault = _fault(content)
    assert fault.code == "FL-MAP-03"
    assert says in fault.found


def test_a_name_of_ones_own_may_look_like_one_of_the_schema_when_it_is_said_so() -> None:
    rule = {"column": "R2", "own": True}
    assert "regoin" in Mapping.read({"id": "x", "people": {"regoin": rule}}).tables["people"].variables


def test_all_faults_come_in_one_error() -> None:
    """Faults of form (unknown key, wrong kind) do not hide faults of content, nor the other way round."""
    content = {
        "id": "x",
        "kind": "farm",
        "people": {
            "regoin": "R",
            "sex": {"colum": "Q"},
            "urban": {"column": "Q", "recode": "area"},
            "derived": {"u": "a = 1"},
        },
        "jobs": {"w_hazard": {"column": "Q", "recode": {"1": "maybe"}}},
        "design": {"weigths": "w", "psu": "a", "stages": ["b"]},
    }
    found = _fault(content).found
    for says in (
        "kind: ",
        "people.regoin: ",
        "people.sex.colum: ",
        "people.urban: there is no recode 'area'",
        "people.derived.u: ",
        "jobs.w_hazard: the recode writes maybe",
        "design.weigths: no such key; did you mean 'weights'?",
        "design: psu= and stages=",
    ):
        assert says in found, says
    assert len(found.splitlines()) == len(set(found.splitlines()))


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ({"weights": "w", "replicates": {"columns": "rw{n}"}}, "design.replicates: number goes with {n}"),
        (
            {"weights": "w", "replicates": {"columns": ["a", "b"], "number": 2}},
            "design.replicates: number goes with {n}",
        ),
        ({"weights": "w", "replicates": {"columns": ["a"], "kind": "brr"}}, "replicates need two different columns"),
        ({"weights": "w", "replicates": {"columns": ["a", "b"], "kind": "bbr"}}, "design.replicates.kind"),
        ({"weights": "w", "replicates": {"columns": ["a", "b"], "kind": "fay", "faye": 1}}, "did you mean 'fay'?"),
        ({"pps": "brewer"}, "no fpc column with the inclusion probabilities"),
        ({"phase2": {"colum": "again"}}, "design.phase2.colum"),
        ({"phase2": {"column": "again"}, "stages": ["a", "b"]}, "two phases of this form are not computed"),
    ],
)
def test_what_is_wrong_with_replicates_probabilities_and_phases_is_said(design: dict[str, Any], says: str) -> None:
    assert says in _fault({"id": "x", "people": {}, "design": design}).found


def test_a_name_that_is_mapped_away_says_what_it_is_called_now(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("Fact_Pers,q3,h\n2.5,30,1\n3.5,40,1\n")
    mapping = {
        "id": "x", "people": {"weight_person": "Fact_Pers", "age_interview": "q3", "derived": {"old": "q3 > 60"}},
        "design": {"weights": "Fact_Pers"},
    }  # fmt: skip
    with pytest.raises(MappingFault, match="FL-MAP-04") as caught:
        load(path, mapping=mapping)
    assert "derived.old: there is no column 'q3'; the mapping calls it 'age_interview' now" in str(caught.value)
    assert "no column 'Fact_Pers'; the mapping calls it 'weight_person' now" in str(caught.value)
