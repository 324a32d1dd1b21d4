"""Expressions are read from TOML as they are meant, and every fault is told with its key path."""

from __future__ import annotations

import tomllib

import pytest

from fl_estimate.indicators.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    CriterionIs,
    Define,
    DimensionIs,
    FieldIn,
    FieldWithin,
    ItemIs,
    Negation,
    NodeFault,
    NotAsked,
    OutcomeIs,
    SamePhase,
    children,
    parse,
    walk,
)


def _parse(text: str) -> object:
    return parse(tomllib.loads(f"node = {text}")["node"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ item = "c_docs" }', ItemIs("c_docs")),
        ('{ item = "c_docs@leave" }', ItemIs("c_docs", "leave")),
        ('{ field = "child.wfcl", in = ["cse", "illicit"] }', FieldIn("child.wfcl", ("cse", "illicit"))),
        ('{ field = "age", min = 5, max = 11 }', FieldWithin("age", 5.0, 11.0)),
        ('{ field = "hours_week", above = 43 }', FieldWithin("hours_week", None, None, 43.0)),
        ('{ field = "age", min = 12, below = 15 }', FieldWithin("age", 12.0, None, None, 15.0)),
        ('{ not_asked = ["r_dec_wages", "r_consent_free"] }', NotAsked(("r_dec_wages", "r_consent_free"))),
        ('{ at_least = { n = 1, except = ["CO4"] } }', AtLeast(1, excluded=("CO4",))),
        ('{ criterion = "IW5" }', CriterionIs("IW5")),
        ("{ at_least = { n = 2 } }", AtLeast(2)),
        (
            '{ at_least = { n = 1, kind = "penalty", strength = ["medium", "weak"], dimension = "d" } }',
            AtLeast(1, ("penalty",), ("medium", "weak"), ("d",)),
        ),
        ('{ dimension = "coercion" }', DimensionIs("coercion")),
        ('{ dimension = "icls2018_child.child_categories" }', DimensionIs("child_categories", "icls2018_child")),
        ('{ define = "COERCION" }', Define("COERCION")),
        ('{ define = "icls2018_adult.BY_ITEMS" }', Define("BY_ITEMS", "icls2018_adult")),
        ('{ outcome = "state_imposed.x" }', OutcomeIs("x", "state_imposed")),
        ("{ all_of = [] }", AllOf(())),
        (
            '{ any_of = [{ not = { item = "a" } }, { same_phase = [{ item = "b" }] }] }',
            AnyOf((Negation(ItemIs("a")), SamePhase((ItemIs("b"),)))),
        ),
    ],
)
def test_every_operator_is_read(text: str, expected: object) -> None:
    assert _parse(text) == expected


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('"c_docs"', "", "a table with one operator"),
        ("{}", "", "no operator"),
        ('{ items = "c_docs" }', "", "did you mean item?"),
        ('{ item = "a", criterion = "b" }', "", "not 2: item, criterion"),
        ('{ item = "a", min = 3 }', "", "min cannot stand beside item"),
        ("{ item = 3 }", "item", "a text in quotes"),
        ('{ any_of = { item = "a" } }', "any_of", "a list of tables"),
        ('{ any_of = [{ item = "a" }, { not = { itm = "b" } }] }', "any_of[1].not", "did you mean item?"),
        ('{ field = "age" }', "field", "in, min, max, above or below"),
        ('{ field = "age", in = ["x"], min = 2 }', "field", "not by both"),
        ('{ field = "age", min = "2" }', "field.min", "a number is needed"),
        ('{ field = "state.c105", in = [1] }', "field.in[0]", "a text in quotes"),
        ('{ field = "state.c105", in = "a" }', "field.in", "a list of texts"),
        ("{ at_least = 2 }", "at_least", "a table is needed"),
        ("{ at_least = { n = 0 } }", "at_least.n", "at least 1"),
        ("{ at_least = { n = true } }", "at_least.n", "at least 1"),
        ('{ at_least = { n = 1, kinds = "penalty" } }', "at_least", "not kinds"),
        ('{ outcome = "forced_labour" }', "outcome", "named with its file"),
    ],
)
def test_faults_are_told_with_their_path(text: str, path: str, words: str) -> None:
    with pytest.raises(NodeFault) as caught:
        _parse(text)
    assert caught.value.path == path
    assert words in caught.value.what


def test_a_tree_can_be_walked() -> None:
    node = parse({"any_of": [{"not": {"item": "a"}}, {"same_phase": [{"item": "b"}]}]})
    assert list(children(node)) == [Negation(ItemIs("a")), SamePhase((ItemIs("b"),))]
    assert [leaf for leaf in walk(node) if isinstance(leaf, ItemIs)] == [ItemIs("a"), ItemIs("b")]


def test_limits_are_inclusive_but_for_above_and_below() -> None:
    ages = FieldWithin("age", least=5, most=11)
    assert [ages.holds(number) for number in (4, 5, 11, 12)] == [False, True, True, False]
    hours = FieldWithin("hours_week", above=43)
    assert [hours.holds(number) for number in (43, 43.5)] == [False, True]
    younger = FieldWithin("age", below=15)
    assert [younger.holds(number) for number in (14.5, 15)] == [True, False]
