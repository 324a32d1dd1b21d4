"""The shipped frameworks are read whole and frozen, and a broken file is refused with the key path of every fault."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.criteria import DimensionIs, FieldIn, FieldWithin, ItemIs
from fl_estimate.indicators.framework import Framework
from fl_estimate.indicators.framework_form import bundled_ids
from fl_estimate.indicators.references import leaves, needs_age, questions, reads

HEAD = """
id = "made_up"
kind = "framework"
status = "final"
date = "2026-01-01"
verification = "recalled"
title = { en = "Made up" }
in_scope = { all_of = [] }
"""
VALUES = """
values = [
  { id = "in", is = "true", label = { en = "In" } },
  { id = "out", is = "false", label = { en = "Out" } },
  { id = "unsure", is = "unknown", label = { en = "Unsure" } },
]
"""
OUTCOME = f"""
[[outcomes]]
id = "made_up_class"
type = "binary"
label = {{ en = "Class" }}
verified = "recalled"
positive = ["in"]
expression = {{ at_least = {{ n = 1, kind = "sign" }} }}
{VALUES}
"""
INDICATOR = """
[[indicators]]
id = "S1"
label = { en = "Sign" }
kind = "sign"
items_any_of = ["c_docs"]
document = "none"
verified = "recalled"
"""
WHOLE = HEAD + OUTCOME + INDICATOR


def _file(folder: Path, text: str) -> Path:
    path = folder / "made_up.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_of_frameworks() -> None:
    table = fl.frameworks()
    assert list(table.columns) == ["id", "title", "date", "status", "verification", "outcomes"]
    # ids, status and marks are those of the facts of the frameworks; gems has two attributes more
    assert table[["id", "status", "verification", "outcomes"]].to_numpy().tolist() == [
        ["child_labour_link", "final", "recalled", "child_labour, child_labour_general_boundary"],
        ["ctdc", "final", "secondary", ""],
        ["delphi2009_adult_labour", "final", "secondary", "trafficking_delphi, delphi2009_palermo_full"],
        ["delphi2009_adult_sexual", "draft", "recalled", "trafficking_delphi"],
        ["delphi2009_child_labour", "final", "secondary", "trafficking_delphi"],
        ["delphi2009_child_sexual", "draft", "recalled", "trafficking_delphi"],
        ["forced_marriage", "final", "recalled", "forced_marriage"],
        ["gems", "final", "secondary", "gems_form, gems_debt_bondage, gems_domestic_work"],
        ["htcds", "final", "primary", ""],
        ["htshtc2012_adult", "final", "recalled", "forced_labour, forced_labour_without_strength"],
        ["iccs", "final", "recalled", ""],
        [
            *("icls2018_adult", "final", "secondary"),
            "forced_labour, forced_labour_wide, forced_labour_narrow, forced_labour_one_fact, "
            "forced_labour_one_fact_debt, forced_labour_one_fact_leaving",
        ],
        ["icls2018_child", "final", "secondary", "forced_labour, forced_labour_wide, forced_labour_narrow"],
        ["ilo11_2012", "final", "primary", "ilo11_count"],
        ["palermo", "final", "secondary", "trafficking_palermo"],
        ["prif", "draft", "recalled", "trafficking_prif"],
        [
            *("sdg_10_7_1", "final", "recalled"),
            "recruitment_cost_share, recruitment_cost_share_with_interest, recruitment_cost_share_first_job",
        ],
        ["state_imposed", "final", "recalled", "state_imposed_forced_labour"],
    ]


def test_the_lists_are_as_long_as_the_documents_say() -> None:
    # 67 and 65 by the brochure of 2009, by dimension as the facts count them; 77 and 11 as the facts list them
    delphi = {
        "delphi2009_adult_labour": (10, 10, 16, 9, 15, 7),
        "delphi2009_child_labour": (10, 10, 15, 8, 15, 7),
    }
    for name, counts in delphi.items():
        framework = fl.Framework.read(name)
        dimensions = [entry.dimension for entry in framework.indicators]
        assert tuple(dimensions.count(entry.id) for entry in framework.dimensions) == counts
        assert len(dimensions) == sum(counts)
    assert len(fl.Framework.read("htshtc2012_adult").indicators) == 77
    assert len(fl.Framework.read("ilo11_2012").indicators) == 11


def test_a_list_of_codes_has_codes_and_no_rule() -> None:
    standard = fl.Framework.read("ctdc")
    codes = {code.id: code.items for code in standard.code_lists[0].codes}
    assert codes["meansOfControlWithholdsDocuments"] == ("c_docs",)
    with pytest.raises(IndicatorFault) as caught:
        fl.explain({}, "htcds", age=30)
    assert caught.value.code == "FL-IND-16"


@pytest.mark.parametrize("name", bundled_ids())
def test_shipped_frameworks_are_checked_and_speak_three_languages(name: str) -> None:
    framework = fl.Framework.read(name)
    assert framework.id == name
    worded = [framework.title, *(entry.label for entry in (*framework.dimensions, *framework.indicators))]
    worded += [value.label for outcome in framework.outcomes for value in outcome.values]
    worded += [entry.label for entry in framework.definitions.values() if entry.label is not None]
    assert all(text.en and text.fr and text.es for text in worded)
    assert all(entry.document and entry.paragraph for entry in framework.indicators)


def test_the_adult_framework_has_its_head_nine_circumstances_and_six_means() -> None:
    # the definition's first sentence (IW0, IW0b), the two lists of the Guidelines as the facts give them (IW1-IW9, CO1-CO6),
    # some of them in parts where one fact may stand under both heads, and drugs (CO7) by the open list
    framework = fl.Framework.read("icls2018_adult")
    ids = {indicator.id for indicator in framework.indicators}
    assert {name.rstrip("bc") for name in ids if name.startswith("IW")} == {"IW0", *(f"IW{n}" for n in range(1, 10))}
    assert {name.rstrip("b") for name in ids if name.startswith("CO")} == {f"CO{n}" for n in range(1, 8)}
    kinds = [indicator.kind for indicator in framework.indicators]
    assert (kinds.count("involuntariness"), kinds.count("penalty")) == (15, 9)
    assert [indicator.id for indicator in framework.optional_indicators] == ["COX"]
    assert framework.in_scope == FieldWithin("age", least=18)
    # 18 circumstances of the first reading, consent, five direct questions, tasks, unlawful work, and three on deception
    assert len(reads(framework, DimensionIs("involuntary_work"))) == 18 + 1 + 5 + 2 + 3
    # 24 means of the first reading, and restricted movement, inflated debt, drugs
    assert len(reads(framework, DimensionIs("coercion"))) == 24 + 3
    # items of both lists, then the five fields of the state block and the ten conditions of its exceptions
    assert len(questions(framework)) == 29 + 27 + 5 + 10
    assert "age" not in questions(framework)


def test_readings_are_outcomes_computed_only_where_asked_for() -> None:
    framework = fl.Framework.read("icls2018_adult")
    readings = (
        *("forced_labour", "forced_labour_wide", "forced_labour_narrow"),
        *("forced_labour_one_fact", "forced_labour_one_fact_debt", "forced_labour_one_fact_leaving"),
    )
    assert framework.readings("forced_labour") == readings
    default = framework.asked_for(None)
    assert [outcome.id for outcome in default.outcomes] == ["forced_labour"]
    assert default.outcome("forced_labour_wide") == framework.outcome("forced_labour_wide")
    assert default.readings("forced_labour") == readings
    assert [outcome.id for outcome in default.asked_for(["forced_labour_narrow"]).outcomes] == ["forced_labour_narrow"]
    assert fl.Framework.read("gems").asked_for(None) is not None


def test_frameworks_cannot_be_changed() -> None:
    framework = fl.Framework.read("icls2018_adult")
    with pytest.raises(ValueError, match="frozen"):
        framework.date = "2030-01-01"
    assert repr(framework) == "Framework(icls2018_adult, 2018-10-19, final)"


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    framework = fl.Framework.read(_file(tmp_path, WHOLE))
    assert leaves(framework, framework.outcomes[0].expression or DimensionIs("")) == [ItemIs("c_docs")]
    assert not needs_age(framework)
    assert needs_age(Framework.bundled("icls2018_child"))


def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(IndicatorFault, match="did you mean 'icls2018_adult'") as caught:
        fl.Framework.read("icls2018_adults")
    assert caught.value.code == "FL-IND-01"


@pytest.mark.parametrize("content", [None, b"id = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "made_up.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndicatorFault) as caught:
        fl.Framework.read(path)
    assert caught.value.code == "FL-IND-02"
    assert str(tmp_path) not in str(caught.value)


BROKEN = {
    "kind of the file": (WHOLE.replace('"framework"', '"code_list"'), "a code list has code_lists, and no outcomes"),
    "unknown key": (WHOLE + "\n[[indicator]]\nid = 'S2'\n", "indicator: "),
    "expression": (WHOLE.replace("{ all_of = [] }", "{ al_of = [] }"), "in_scope: no operator (al_of)"),
    "inside an expression": (
        WHOLE.replace("{ all_of = [] }", "{ all_of = [{ not = 3 }] }"),
        "in_scope.all_of[0].not: an expression is a table",
    ),
    "item": (
        WHOLE.replace('["c_docs"]', '["c_doc"]'),
        "indicators[0].items_any_of: no item is called 'c_doc', did you",
    ),
    "phase": (WHOLE.replace('["c_docs"]', '["c_phone@recruitment"]'), "indicators[0].items_any_of: the item c_phone"),
    "fixed phase": (WHOLE.replace('["c_docs"]', '["w_drugs@work"]'), "carries no @"),
    "no item": (WHOLE.replace('["c_docs"]', "[]"), "indicators[0].items_any_of: "),
    "two tests": (
        WHOLE.replace('["c_docs"]', '["c_docs"]\nwhen = { item = "c_debt" }'),
        "indicators[0]: an indicator has",
    ),
    "kind": (
        WHOLE.replace('kind = "sign" } }', 'kind = "sing" } }'),
        "outcomes[0].expression: no kind of the indicators",
    ),
    "strength": (WHOLE.replace('kind = "sign" } }', 'strength = "strang" } }'), "did you mean 'strong'?"),
    "dimension of a count": (WHOLE.replace('kind = "sign" } }', 'dimension = "d" } }'), "no dimension is called 'd'"),
    "dimension": (WHOLE.replace('kind = "sign"\n', 'kind = "sign"\ndimension = "d"\n'), "indicators[0].dimension: "),
    "phase of an indicator": (
        WHOLE.replace('kind = "sign"\n', 'kind = "sign"\nphase = "never"\n'),
        "indicators[0].phase",
    ),
    "phase of a dimension": (
        WHOLE + '\n[[dimensions]]\nid = "d"\nlabel = { en = "D" }\nphase = "never"\n',
        "dimensions[0].phase: ",
    ),
    "field": (WHOLE.replace("{ all_of = [] }", '{ field = "ages", min = 2 }'), "in_scope: no field is called 'ages'"),
    "number by code": (
        WHOLE.replace("{ all_of = [] }", '{ field = "age", in = ["2"] }'),
        "is a number; test it by min",
    ),
    "code by number": (
        WHOLE.replace("{ all_of = [] }", '{ field = "state.c105", min = 2 }'),
        "holds codes; test it by in",
    ),
    "code": (
        WHOLE.replace("{ all_of = [] }", '{ field = "state.c105", in = ["f"] }'),
        "no code of state.c105 is called 'f'",
    ),
    "criterion": (WHOLE.replace("{ all_of = [] }", '{ criterion = "S2" }'), "in_scope: no criterion is called 'S2'"),
    "definition": (WHOLE.replace("{ all_of = [] }", '{ define = "D" }'), "in_scope: no definition is called 'D'"),
    "definition elsewhere": (
        WHOLE.replace("{ all_of = [] }", '{ define = "icls2018_adult.BY_ITEM" }'),
        "did you mean 'BY_ITEMS'?",
    ),
    "file": (WHOLE.replace("{ all_of = [] }", '{ define = "icls2018.BY_ITEMS" }'), "no framework is called 'icls2018'"),
    "dimension of a file without rule": (
        WHOLE.replace("{ all_of = [] }", '{ dimension = "state_imposed.d" }'),
        "the framework state_imposed has no dimension_rule",
    ),
    "outcome": (
        WHOLE.replace("{ all_of = [] }", '{ outcome = "state_imposed.x" }'),
        "in_scope: no outcome is called 'x'",
    ),
    "same id": (WHOLE + INDICATOR, "indicators with the same id: S1"),
    "no rule": (WHOLE.replace("expression =", "note = ''\n#"), "an outcome without expression needs status"),
    "no unknown": (WHOLE.replace('is = "unknown"', 'is = "false"'), 'one of the values must have is = "false"'),
    "positive": (WHOLE.replace('positive = ["in"]', 'positive = ["inn"]'), "names values that are not listed: inn"),
    "type": (WHOLE.replace('type = "binary"', 'type = "class"'), "outcomes[0].type: "),
    "no when": (WHOLE.replace('type = "binary"', 'type = "classes"'), "outcomes[0]: a class has values with when"),
    "count of nothing": (WHOLE.replace('type = "binary"', 'type = "count"'), "a count says of which indicators"),
    "ratio of nothing": (WHOLE.replace('type = "binary"', 'type = "ratio"'), "a ratio has a numerator"),
    "label": (WHOLE.replace('{ en = "Sign" }', '{ en = "Sign", de = "Zeichen" }'), "indicators[0].label.de: "),
    "id of a shipped one": (WHOLE.replace('"made_up"', '"icls2018_adult"', 1), "needs an id of its own"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_refused_with_the_key_path(tmp_path: Path, fault: str) -> None:
    text, words = BROKEN[fault]
    with pytest.raises(IndicatorFault) as caught:
        fl.Framework.read(_file(tmp_path, text))
    assert caught.value.code == "FL-IND-03"
    assert words in caught.value.found


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = WHOLE.replace('["c_docs"]', '["c_doc"]').replace("{ all_of = [] }", '{ define = "D" }')
    with pytest.raises(IndicatorFault) as caught:
        fl.Framework.read(_file(tmp_path, text))
    assert "in_scope" in caught.value.found
    assert "indicators[0]" in caught.value.found


@pytest.mark.parametrize(
    ("definitions", "words"),
    [
        ('A = { text = "", expression = { define = "A" } }', "made_up.A -> made_up.A"),
        (
            'A = { text = "", expression = { not = { define = "B" } } }\nB = { text = "", expression = { define = "A" } }',
            "made_up.A -> made_up.B -> made_up.A",
        ),
        (
            'A = { text = "", expression = { outcome = "made_up.again" } }',
            "made_up.again -> made_up.A -> made_up.again",
        ),
    ],
)
def test_references_may_not_form_a_circle(tmp_path: Path, definitions: str, words: str) -> None:
    again = OUTCOME.replace("made_up_class", "again").replace(
        '{ at_least = { n = 1, kind = "sign" } }', '{ define = "A" }'
    )
    with pytest.raises(IndicatorFault, match="form a circle") as caught:
        fl.Framework.read(_file(tmp_path, f"{WHOLE}{again}\n[definitions]\n{definitions}\n"))
    assert words in caught.value.found


def test_the_state_fields_are_read_through_the_outcome_of_the_other_file() -> None:
    framework = fl.Framework.read("icls2018_adult")
    found = leaves(framework, framework.definitions["BY_STATE"].expression)
    assert FieldIn("state.penalty", ("yes",)) in found
    # the five questions of the block, and where the conditions are asked one by one: five grounds, ten conditions
    assert len(found) == 5 + 5 + 10
