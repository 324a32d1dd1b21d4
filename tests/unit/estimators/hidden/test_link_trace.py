"""A link-tracing sample is read whole or refused with every fault: ids, waves that follow from links, who was traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

PEOPLE = pd.DataFrame({
    "person_id": ["a", "b", "c", "d", "e"],
    "wave": [0, 0, 1, 1, 2],
    "stratum": ["x", "y", "x", "y", "y"],
    "fl": [1, 0, 0, 1, 0],
})  # fmt: skip
LINKS = pd.DataFrame({"person": ["a", "a", "b", "c", "d", "c"], "named": ["c", "d", "d", "e", "c", "d"]})


def test_counts_by_stratum_are_those_counted_by_hand() -> None:
    """a, b, c, d were traced (all waves but the last); pairs that nobody of them is in: none but e with itself."""
    trace = fl.hidden.LinkTrace.of(PEOPLE, LINKS, strata="stratum")
    counts = trace.counts
    assert counts.people.tolist() == [2, 3]
    assert counts.traced.tolist() == [2, 2]
    assert counts.initial == (2,)
    # Of x: a-c; of y: b-d, b-e, d-e; between: 2 × 3.
    assert counts.pairs.tolist() == [[1.0, 6.0], [6.0, 3.0]]
    # a-c; b-d; a-d, c-d, c-e between.
    assert counts.links.tolist() == [[1.0, 3.0], [3.0, 1.0]]
    # Five links, of which three brought c, d and e in.
    assert counts.met_again == 2
    # Pairs of two traced people with a link: a-c, a-d, b-d, c-d; the last alone was named by both.
    assert trace.named_by_both == pytest.approx(0.25)


def test_pairs_are_those_with_a_traced_person_and_all_where_the_last_wave_was_asked() -> None:
    people = PEOPLE.assign(traced=[1, 1, 0, 1, 0], outside=[0, 0, 2, 0, 1])
    links = LINKS[LINKS["person"] != "c"]
    links = pd.concat([links, pd.DataFrame({"person": ["d", "c"], "named": ["e", "e"]})])
    half = fl.hidden.LinkTrace.of(people, links, traced="traced")
    # Ten pairs less the one of c and e, of whom neither was traced; their link is left out too.
    assert half.counts.pairs.tolist() == [[9.0]]
    assert half.unused_links == 1
    asked = fl.hidden.LinkTrace.of(people, links, traced="traced", outside="outside")
    assert asked.counts.pairs.tolist() == [[10.0]]
    assert asked.unused_links == 0
    assert asked.counts.links[0, 0] == half.counts.links[0, 0] + 1


@pytest.mark.parametrize("seed", range(5))
def test_nothing_depends_on_the_order_of_rows_or_on_which_side_named(seed: int) -> None:
    rng = np.random.default_rng(seed)
    flip = rng.random(len(LINKS)) < 0.5
    links = pd.DataFrame({
        "person": np.where(flip, LINKS["named"], LINKS["person"]), "named": np.where(flip, LINKS["person"], LINKS["named"]),
    })  # fmt: skip
    mixed = fl.hidden.LinkTrace.of(
        PEOPLE.sample(frac=1, random_state=seed), links.sample(frac=1, random_state=seed), strata="stratum"
    )
    plain = fl.hidden.LinkTrace.of(PEOPLE, LINKS, strata="stratum")
    for name in ("people", "traced", "pairs", "links"):
        assert getattr(mixed.counts, name).tolist() == getattr(plain.counts, name).tolist()


def test_ids_are_the_same_as_numbers_floats_and_text_on_every_engine() -> None:
    number = {key: row + 1 for row, key in enumerate("abcde")}
    people = PEOPLE.assign(person_id=PEOPLE["person_id"].map(number))
    as_text = LINKS.map(lambda key: str(number[key]))
    as_float = LINKS.map(lambda key: float(number[key]))
    for links in (as_text, as_float, pl.from_pandas(as_text), pl.from_pandas(as_float).lazy()):
        assert fl.hidden.LinkTrace.of(people, links).counts.met_again == 2
    assert fl.hidden.LinkTrace.of(pl.from_pandas(people).lazy(), as_text).counts.met_again == 2


def fault(people: pd.DataFrame = PEOPLE, links: Any = LINKS, **more: Any) -> str:
    with pytest.raises(fl.FlError) as caught:
        fl.hidden.LinkTrace.of(people, links, **more)
    return str(caught.value)


def link(person: str, named: str) -> pd.DataFrame:
    return pd.concat([LINKS, pd.DataFrame({"person": [person], "named": [named]})])


@pytest.mark.parametrize(
    ("people", "links", "told"),
    [
        (PEOPLE, link("a", "a"), "somebody named themselves in 1 rows (7)"),
        (PEOPLE, link("zz", "a"), "who names is not among the people"),
        (PEOPLE, link("a", "zz"), "a traced person named somebody who is not among the people"),
        (PEOPLE, link("a", "e"), "the wave does not follow from the links in 1 rows (5)"),
        (PEOPLE.assign(wave=[0, 0, 1, 1, 3]), LINKS, "the wave does not follow from the links"),
        (PEOPLE, LINKS.iloc[:3], "no link leads from the initial sample to the people in 1 rows (5)"),
        (PEOPLE.assign(wave=0), LINKS, "nobody was traced"),
        (PEOPLE.assign(wave=[1, 1, 1, 1, 2]), LINKS, "nobody is in wave 0"),
        (PEOPLE.assign(wave=[0, 0, 1, 1.5, np.nan]), LINKS, "wave: no whole number from 0 upwards in 2 rows (4, 5)"),
        (PEOPLE.assign(person_id=pd.Series(["a", "a", "c", "d", None])), LINKS, "person_id: an id that stands above already in 1 rows (2)"),
        (PEOPLE.iloc[:0], LINKS, "nobody is in the sample"),
    ],
)  # fmt: skip
def test_what_is_no_link_tracing_sample_is_refused(people: pd.DataFrame, links: pd.DataFrame, told: str) -> None:
    message = fault(people, links)
    assert "FL-EST-570" in message
    assert told in message


def test_all_faults_are_said_at_once_and_no_id_among_them() -> None:
    people = PEOPLE.assign(
        person_id=pd.Series(["amina", "amina", None, "d", "e"]),
        wave=pd.Series([0, 0, 1, "?", 2]),
        stratum=pd.Series(["x", None, "x", "y", "y"]),
    )
    message = fault(people, LINKS, strata="stratum")
    for told in ("no id", "an id that stands above already", "no whole number", "no stratum"):
        assert told in message
    assert "amina" not in message


def test_initial_samples_are_wave_zero_and_traced_people_know_nobody_outside() -> None:
    people = PEOPLE.assign(
        one=[1, 0, 0, 0, 0], two=[1, 0, 0, 0, 0], none=0, outside=[1, 0, 0, 0, 2], odd=[2, 0, 0, 0, 0]
    )
    assert "the initial samples are not wave 0 in 1 rows (2)" in fault(people, initial=["one", "two"])
    assert "an initial sample has nobody" in fault(people.assign(one=[1, 1, 0, 0, 0]), initial=["one", "none"])
    assert "1 people were traced and know people outside" in fault(people, outside="outside")
    assert "odd: neither 0 nor 1" in fault(people, initial="odd")
    assert "FL-EST-02" in fault(people, wave="waves")
    assert "FL-EST-02" in fault(people, LINKS.rename(columns={"named": "other"}))
    assert "FL-EST-11" in fault(people, strata=3)
    assert "the links are no table" in fault(people, "links.csv")


def test_names_of_people_outside_by_the_last_wave_are_counted_and_left_out() -> None:
    assert fl.hidden.LinkTrace.of(PEOPLE, link("e", "zz")).unused_names == 1
