"""Properties of the rules on random respondents: monotone where they are said to be, bounds that hold, engines that agree."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.items import UNKNOWN_ANSWERS, known_items
from fl_estimate.indicators.references import questions

# Monotone in the items, as the page on reading the facts lists them: framework and outcome.
MONOTONE = [
    ("icls2018_adult", "forced_labour"),
    ("icls2018_adult", "forced_labour_wide"),
    ("icls2018_adult", "forced_labour_narrow"),
    ("icls2018_child", "forced_labour"),
    ("htshtc2012_adult", "forced_labour"),
    ("htshtc2012_adult", "forced_labour_without_strength"),
    ("delphi2009_adult_labour", "delphi2009_palermo_full"),
    ("delphi2009_child_labour", "trafficking_delphi"),
    ("palermo", "trafficking_palermo"),
]
# Several-valued labels, which are not monotone: they have to hold their bounds all the same.
SEVERAL = [("gems", "gems_form"), ("delphi2009_adult_labour", "trafficking_delphi"), *MONOTONE]
ORDER = {"out_of_scope": -1, "false": 0, "unknown": 1, "true": 2}
ITEMS = sorted(known_items().items)
PLACES = {"positive": 2, "undetermined": 1, "negative": 0}


def _stands_for(told: fl.Explanation, outcome: str) -> int:
    entry = told.framework.outcome(outcome)
    assert entry is not None
    label = told.outcomes[outcome]
    return ORDER[next((value.stands_for or "" for value in entry.values if value.id == label), "out_of_scope")]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_turning_no_into_yes_never_removes_a_positive(seed: int, draw_person: Any) -> None:
    draw = random.Random(seed)
    person = draw_person(draw, ITEMS)
    name, outcome = draw.choice(MONOTONE)
    asked = [item for item in questions(fl.Framework.read(name)) if item in known_items().items]
    item = known_items().items[draw.choice(asked or ITEMS)]
    told = [
        fl.explain(person.answers | {item.id: answer}, name, **person.given)
        # of consent freely given "yes" is the harmless answer
        for answer in (item.harmless, "dk", "no" if item.reversed else item.true_answers[0])
    ]
    positions = [_stands_for(one, outcome) for one in told]
    assert positions == sorted(positions)
    for dimension in told[0].dimensions:
        steps = [PLACES[one.dimensions[dimension]] for one in told]
        assert steps == sorted(steps)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_count_of_eleven_never_falls_and_its_bounds_hold(seed: int, draw_person: Any) -> None:
    draw = random.Random(seed)
    person = draw_person(draw, ITEMS)
    item = known_items().items[draw.choice(ITEMS)]
    low, unknown, high = (
        fl.explain(person.answers | {item.id: answer}, "ilo11_2012", **person.given).count
        for answer in ("no", "dk", item.true_answers[0])
    )
    assert low[0] <= high[0]
    assert low[1] <= high[1]
    assert unknown[0] == low[0]
    assert unknown[1] == high[1]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_unknown_answer_that_becomes_known_stays_inside_the_bounds(seed: int, draw_person: Any) -> None:
    """Whatever every unknown item turns out to be, the label is one that was possible."""
    draw = random.Random(seed)
    person = draw_person(draw, ITEMS)
    name, outcome = draw.choice(SEVERAL)
    told = fl.explain(person.answers, name, **person.given)
    completed = fl.explain(_completed(draw, person.answers), name, **person.given)
    entry = told.framework.outcome(outcome)
    assert entry is not None
    before, after = told.outcomes[outcome], completed.outcomes[outcome]
    unsettled = {value.id: value.all_in for value in entry.values if value.stands_for == "unknown"}
    if before not in unsettled:
        assert after == before
    elif unsettled[before]:
        assert after in (*unsettled[before], before)


def _completed(draw: random.Random, answers: dict[str, Any]) -> dict[str, Any]:
    def settled(item: str, answer: str) -> str:
        given, mark, phase = answer.partition("@")
        if given in UNKNOWN_ANSWERS:
            given = draw.choice(["no", *known_items().items[item].true_answers])
        return given + mark + phase

    return {
        name: answer
        if name not in known_items().items
        else settled(name, answer)
        if isinstance(answer, str)
        else [settled(name, one) for one in answer]
        for name, answer in answers.items()
    }


@pytest.mark.parametrize("name", ["icls2018_adult", "gems", "delphi2009_adult_labour", "ilo11_2012"])
def test_lower_is_at_most_upper_and_out_of_scope_is_nothing(name: str, draw_person: Any, as_table: Any) -> None:
    draw = random.Random(7)
    classified = fl.classify(as_table([draw_person(draw, ITEMS) for _ in range(200)]), name)
    people = classified.people
    for outcome in classified.outcomes:
        assert (people[outcome] <= people[f"{outcome}_possible"]).all()
        outside = people[people[f"{outcome}_in_scope"] == 0]
        assert outside[[outcome, f"{outcome}_possible"]].to_numpy().sum() == 0


@pytest.mark.parametrize("name", ["icls2018_adult", "gems"])
def test_order_and_chunks_of_rows_change_nothing(name: str, draw_person: Any, as_table: Any) -> None:
    draw = random.Random(11)
    table = as_table([draw_person(draw, ITEMS) for _ in range(40)]).assign(position=range(40))
    classified = fl.classify(table, name)
    columns = [f"{outcome}{side}" for outcome in classified.outcomes for side in ("", "_possible", "_in_scope")]
    whole = classified.people.set_index("position")[columns]
    shuffled = fl.classify(table.sample(frac=1, random_state=2), name).people.set_index("position")[columns]
    parts = [fl.classify(table.iloc[at : at + 20], name).people for at in (0, 20)]
    pd.testing.assert_frame_equal(whole, shuffled.sort_index())
    pd.testing.assert_frame_equal(whole, pd.concat(parts).set_index("position")[columns])


@pytest.mark.parametrize("name", ["icls2018_adult", "gems", "state_imposed"])
def test_categories_are_read_as_texts_are(name: str, draw_person: Any, as_table: Any) -> None:
    draw = random.Random(13)
    texts = pl.from_pandas(as_table([draw_person(draw, ITEMS) for _ in range(150)])).lazy()
    categories = texts.with_columns(pl.col(pl.String).cast(pl.Categorical))
    by_texts, by_categories = (fl.classify(frame, name) for frame in (texts, categories))
    columns = [f"{outcome}{side}" for outcome in by_texts.outcomes for side in ("", "_possible", "_in_scope")]
    assert by_texts.people.select(columns).collect().equals(by_categories.people.select(columns).collect())
    assert by_texts.coverage == by_categories.coverage


def test_categories_that_are_no_answers_are_refused() -> None:
    frame = pl.DataFrame({"age": [30, 30], "w_low_no_wage": ["yes", "maybe"], "c_docs": ["no", None]})
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(frame.with_columns(pl.col(pl.String).cast(pl.Categorical)), "icls2018_adult")
    assert caught.value.code == "FL-IND-06"
    assert "w_low_no_wage in 1 rows" in caught.value.found


@settings(max_examples=80)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_narrow_reading_is_inside_the_default_and_that_inside_the_wide_one(seed: int, draw_person: Any) -> None:
    told = draw_person(random.Random(seed), ITEMS).explain(fl.Framework.read("icls2018_adult"))
    narrow, default, wide, one_fact = (
        _stands_for(told, f"forced_labour{reading}") for reading in ("_narrow", "", "_wide", "_one_fact")
    )
    assert narrow <= default <= wide
    # who is in by one fact told twice is in, and not by the narrow reading
    assert one_fact <= default
    assert not (one_fact == ORDER["true"] and narrow == ORDER["true"])
