"""Proves that the faults of a study (keys, files, columns, expressions, estimation) are all told in one round, once each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study
from fl_estimate.study.run import check_study, run_study
from tests.unit.study.made import STUDY, people, write

ENTRIES = STUDY[: STUDY.index("[[estimate]]")]
MANY = (
    ENTRIES
    + """
[[estimate]]
kind = "prevalence"
outcme = "forced_labour"

[[estimate]]
kind = "prevalence"
outcome = "forced_labor"

[[estimate]]
kind = "prevalence"
outcome = "forced_labour"
where = "age_interview > 'x'"

[[estimate]]
kind = "prevalence"
outcome = "forced_labour"
where = "age >"

[[estimate]]
kind = "mean"
variable = "case"

[[estimate]]
kind = "capture_recapture"
file = "nowhere.csv"
method = "chao"
"""
)
CALLS: dict[str, Callable[[Path], Any]] = {
    "run": lambda path: run_study(path, out=path.parent / "out"),
    "check": check_study,
}


@pytest.mark.parametrize("call", CALLS)
def test_faults_of_every_kind_come_at_once(call: str, tmp_path: Path) -> None:
    frame = people()
    frame.loc[3, "Q1"] = None  # the fifth estimate then needs unknown=
    with pytest.raises(fl.FlError, match="FL-STUDY-34") as caught:
        CALLS[call](write(tmp_path, study=MANY, frame=frame))
    told = str(caught.value)
    assert "the study has 6 faults" in told
    assert "estimate[1].outcme: no such key; did you mean 'outcome'?" in told
    assert "estimate[2].outcome: 'forced_labor'; did you mean 'forced_labour'?" in told
    assert "estimate[3].where: [FL-EXPR-04]" in told
    assert "estimate[4].where: [FL-EXPR-01]" in told
    assert "estimate[5]: [FL-EST-07]" in told
    assert "estimate[6]: [FL-FILE-01]" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("call", CALLS)
def test_a_broken_source_does_not_hide_the_other(call: str, tmp_path: Path) -> None:
    text = ENTRIES.replace(
        "[classify]", '[source.other]\nfil = "x.csv"\nmapping = "m.toml"\n[classify]\nsource = "people"'
    )
    text += '\n[[estimate]]\nkind = "mean"\nsource = "people"\nvariable = "cas"\n[[estimate]]\nkind = "mean"\nsource = "other"\nvariable = "y"\n'
    with pytest.raises(fl.FlError, match="FL-STUDY-34") as caught:
        CALLS[call](write(tmp_path, study=text))
    told = str(caught.value)
    assert "source.other.fil: no such key" in told
    assert "estimate[1].variable: 'cas'" in told
    assert "'y'" not in told


def test_a_fault_of_the_design_met_by_every_estimate_is_told_once(tmp_path: Path) -> None:
    frame = people()
    frame.loc[:, "STR"] = frame["EA"]  # a single unit in every stratum
    with pytest.raises(fl.FlError) as caught:
        check_study(write(tmp_path, frame=frame))
    assert str(caught.value).count("single") <= 2


def test_without_its_classes_outcomes_are_not_called_unknown(tmp_path: Path) -> None:
    text = STUDY.replace('framework = "icls2018_adult"', 'framework_ = "icls2018_adult"')
    text = text.replace('numerator = "case"', 'numerator = "cas"')
    with pytest.raises(fl.FlError, match="FL-STUDY-34") as caught:
        check_study(write(tmp_path, study=text))
    told = str(caught.value)
    assert "classify.framework_" in told
    assert "'cas'; did you mean 'case'?" in told
    assert "'forced_labour'" not in told


def test_a_derived_column_that_fails_is_told_where_it_is_made(tmp_path: Path) -> None:
    text = STUDY.replace("[classify]", '[source.people.derived]\nlate = "region > 3"\nlater = "late + 1"\n[classify]')
    text = text.replace('numerator = "case"', 'numerator = "late"')
    with pytest.raises(fl.FlError, match="FL-STUDY-09") as caught:
        check_study(write(tmp_path, study=text))
    assert "source.people.derived.late: text cannot be used" in str(caught.value)
    assert "later" not in str(caught.value)


def test_derived_columns_of_a_mapping_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("A,B\n1,x\n2,y\n")
    derived = {"one": "B > 1", "two": "B + 1", "three": "two == 1", "four": "A == 1"}
    with pytest.raises(fl.FlError, match="FL-MAP-04") as caught:
        fl.load(tmp_path / "s.csv", mapping={"id": "x", "people": {"derived": derived}})
    told = str(caught.value)
    assert "people.derived.one" in told
    assert "people.derived.two" in told
    assert "three" not in told


def _of_one_survey(*, one: str = "", both: str = "", name: str = "") -> str:
    half = '\n[[estimate]]\nkind = "total"\nname = "{0}"\noutcome = "case"\nwhere = "sex == \'{0}\'"\n'
    text = STUDY[: STUDY.index("[classify]")] + half.format("one") + one + half.format("two")
    return text + f'\n[[estimate]]\nkind = "sum"\nestimates = ["one", "{name or "two"}"]\n{both}'


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"one": "levl = 0.9\n"}, "estimate[1].levl: no such key; did you mean 'level'?"),
        ({"one": "nonsense = 1\n"}, "estimate[1].nonsense: no such key"),
        ({"both": "levl = 0.9\n"}, "estimate[3].levl: no such key; did you mean 'level'?"),
        ({"both": 'level = "high"\n'}, "estimate[3].level: it should be a valid number"),
    ],
)
def test_correlated_errors_are_told_with_the_keys_that_are_wrong(
    call: str, keys: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(fl.FlError) as caught:
        CALLS[call](write(tmp_path, study=_of_one_survey(**keys)))
    assert said in str(caught.value)
    assert "the errors of 'one' and 'two' go together, both come of the survey" in str(caught.value)


def test_a_correlation_that_is_misspelt_is_not_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="did you mean 'correlation'") as caught:
        check_study(write(tmp_path, study=_of_one_survey(both="corelation = 0\n")))
    assert "go together" not in str(caught.value)


def test_a_name_that_no_estimate_has_is_told_with_the_keys_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="did you mean 'level'") as caught:
        check_study(write(tmp_path, study=_of_one_survey(one="levl = 0.9\n", name="twu")))
    assert "no estimate before this one is called 'twu'; did you mean 'two'?" in str(caught.value)


def test_the_survey_is_one_whether_an_estimate_names_it_or_not(tmp_path: Path) -> None:
    """The only source is what an estimate without `source` is made of: its errors are those of one that names it."""
    with pytest.raises(fl.FlError, match="go together"):
        check_study(write(tmp_path, study=_of_one_survey(one='source = "people"\n')))


def test_two_surveys_are_two_and_each_is_one(tmp_path: Path) -> None:
    """Of two sources the errors are apart, and need no correlation; of two estimates of one of them they go together."""
    text = _of_one_survey(one='source = "people"\n').replace(
        "\n[[estimate]]", '\n[source.other]\nfile = "other.csv"\nmapping = "people.toml"\n\n[[estimate]]', 1
    )
    second = 'name = "two"\n'
    read_study(write(tmp_path, study=text.replace(second, f'{second}source = "other"\n')))
    with pytest.raises(fl.FlError, match=r"go together, both come of \[source.people\]"):
        read_study(write(tmp_path, study=text.replace(second, f'{second}source = "people"\n')))
