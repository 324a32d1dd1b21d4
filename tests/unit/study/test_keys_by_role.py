"""What each role of an argument makes of its keys: their types, what is wrong between them, and what the function is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

import fl_estimate as fl
from fl_estimate.results.methods import Method
from fl_estimate.results.roles import (
    LISTS,
    NOT_IN_FILE,
    PEOPLE,
    PROGRESS,
    SEED,
    ColumnOf,
    EachOf,
    Earlier,
    FromFile,
    InFile,
    Kept,
    Key,
    Needs,
    Neighbours,
    OneOf,
    OnlyWith,
    Pair,
    Persons,
    Stated,
    Strata,
    Within,
)
from fl_estimate.study import beside, calls, describe, inputs, named_columns, plan
from fl_estimate.study.forms import ColumnName, ColumnNames, Entry, entry_model, keys_at, own_keys, tag_of

CALLED: list[tuple[str, dict[str, Any]]] = []


def everything(
    people: Annotated[Any, PEOPLE],
    outcome: Annotated[str, ColumnOf(values=True)],
    *,
    way: Literal["one", "two"] = "one",
    size: Annotated[float | None, OnlyWith("way", ("two",))] = None,
    helper: Annotated[str | None, Needs("partner")] = None,
    partner: str | None = None,
    left: Annotated[str | None, OneOf("right", "left or right, not both")] = None,
    right: str | None = None,
    groups: Annotated[Sequence[str], ColumnOf()] = (),
    weights: Annotated[Mapping[str, float] | None, EachOf(("groups",), "a weight for each group")] = None,
    ends: Annotated[tuple[float, float], Pair(("low", "high"))],
    bounds: Annotated[tuple[float, float], Within(ge=0)] = (0.5, 2.0),
    table: Annotated[Any, FromFile(keyed=("outcome",), column="population", whole=False)] = None,
    near: Annotated[Any, Neighbours(keyed="outcome")] = None,
    total: Annotated[Any, Persons()] = None,
    first: Annotated[Any, Earlier(form=str | float)] = None,
    parts: Annotated[Any, Earlier(form=list[str], independent=True)] = (),
    named: Annotated[Any, Earlier(form=dict[str, str], national=True)] = None,
    correlation: Annotated[float, Within(ge=-1, le=1), Stated()] = 0.0,
    renamed: Annotated[int, Key("other")] = 3,
    seed: Annotated[int | None, SEED] = None,
    progress: Annotated[Any, PROGRESS] = None,
    design: Annotated[Any, NOT_IN_FILE] = None,
) -> fl.Estimates:  # fmt: skip
    given = dict(locals())
    CALLED.append(("everything", given))
    return given  # pyright: ignore[reportReturnType]


def on_lists(histories: Annotated[Any, LISTS], keep: Annotated[list[str] | None, Kept()] = None) -> fl.Estimates:
    CALLED.append(("on_lists", {"histories": histories, "keep": keep}))
    return fl.capture_recapture.chapman(histories, "a", "b")


def in_strata(histories: Annotated[Any, LISTS], by: Annotated[str | None, Strata()] = None) -> fl.Estimates:
    CALLED.append(("in_strata", {"histories": histories, "by": by}))
    return fl.capture_recapture.chapman(histories, "a", "b")


def method_of(function: Any, **more: Any) -> Method:
    return Method(function=function, kind="invented", basis="figures", family="synthesis", **more)


def entry(function: Any = everything, /, method: Method | None = None, **keys: Any) -> Any:
    model = entry_model(method or method_of(function))
    base = {"kind": "invented"} | (
        {"outcome": "x", "low": 0.1, "high": 0.9} if function is everything else {"file": "lists.csv"}
    )
    return model.model_validate({**base, **keys})


def faults(**keys: Any) -> list[str]:
    return list(plan.key_faults(entry(**{"right": "r", **keys})))


# What is wrong between keys


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, []), ({"way": "two", "size": 2.0}, []), ({"size": 2.0}, ["size: it is not for way 'one'"]), ({"way": "one"}, []),
        ({"helper": "x"}, ["helper: it needs partner as well"]), ({"helper": "x", "partner": "y"}, []), ({"partner": "y"}, []),
        ({"left": "l"}, ["left: left or right, not both"]), ({"right": None}, ["left: left or right, not both"]), ({"left": "l", "right": None}, []),
        ({"groups": ["a", "b"], "weights": {"a": 1, "b": 2}}, []), ({"groups": ["a"]}, ["weights.a: a weight for each group"]),
        ({"groups": ["a"], "weights": {"a": 1, "c": 2}}, ["weights.c: it is not among the groups"]), ({"weights": {"c": 1}}, ["weights.c: it is not among the groups"]),
        ({"near": {"file": "n.csv", "columns": ["a", "b"]}}, []), ({"near": {"file": "n.csv", "columns": ["a"]}}, ["near.columns: it should be two, an area and its neighbour"]),
        ({"near": "n.csv"}, []), ({"parts": ["a", "b", "a", "b", "c"]}, ["parts: 'a' is named twice", "parts: 'b' is named twice"]), ({"parts": ["a", "b"]}, []),
    ],
)  # fmt: skip
def test_keys_that_do_not_go_together(keys: dict[str, Any], said: list[str]) -> None:
    assert faults(**keys) == said


def test_a_method_says_itself_what_is_wrong_between_the_keys_that_were_given() -> None:
    def wrong(given: Mapping[str, Any]) -> Any:
        yield from ((key, "is given") for key in sorted(given) if key in ("way", "bounds"))

    made = entry(method=method_of(everything, faults=wrong), right="r", way="one")
    assert list(plan.key_faults(made)) == ["way: is given"]


def test_a_table_that_has_no_meaning_is_not_asked_for_each_name() -> None:
    def only(people: Annotated[Any, PEOPLE], way: str = "one", groups: Sequence[str] = (), weights: Annotated[
        Mapping[str, float] | None, OnlyWith("way", ("two",)), EachOf(("groups",), "each")] = None) -> fl.Estimates:  # fmt: skip
        raise AssertionError(people, way, groups, weights)

    made = [
        entry_model(method_of(only)).model_validate({"kind": "invented", "way": way, "groups": ["a"]})
        for way in ("one", "two")
    ]
    assert [list(plan.key_faults(each)) for each in made] == [[], ["weights.a: each"]]


def test_lists_with_a_mapping_and_columns_that_are_kept() -> None:
    assert list(plan.key_faults(entry(on_lists))) == []
    assert list(plan.key_faults(entry(on_lists, mapping="m.toml"))) == [
        "lists: with a mapping it must be said which columns are lists"
    ]
    assert list(plan.key_faults(entry(on_lists, mapping="m.toml", lists=["a", "b"]))) == []
    both = entry(on_lists, lists=["a", "b"], count="n", keep=["a", "n", "c"])
    assert both.kept == ["a", "n", "c"]
    assert list(plan.kept_faults(both)) == [
        "'a' is a list or the count, and cannot be kept as well", "'n' is a list or the count, and cannot be kept as well"
    ]  # fmt: skip
    assert list(plan.kept_faults(entry(on_lists, keep=["c"]))) == []


def test_estimates_that_are_named_stand_before() -> None:
    made = entry(right="r", first="one", parts=["two", "three"], named={"x": "four"})
    found = plan.earlier(made)
    assert [(key, name) for key, _, name in found] == [
        ("first", "one"),
        ("parts", "two"),
        ("parts", "three"),
        ("named.x", "four"),
    ]
    assert [(role.independent, role.national) for _, role, _ in found] == [
        (False, False),
        (True, False),
        (True, False),
        (False, True),
    ]
    assert list(plan.earlier_faults(made, ["one", "two", "three", "four"])) == []
    assert list(plan.earlier_faults(made, ["one", "two", "three", "fuor"])) == [
        "named.x: no estimate before this one is called 'four'; did you mean 'fuor'?"
    ]
    assert list(plan.earlier_faults(entry(first="zzz"), ["aaa", "b"])) == [
        "first: no estimate before this one is called 'zzz'; there are: aaa, b"
    ]
    assert list(plan.earlier_faults(entry(first="zzz"), [])) == [
        "first: no estimate before this one is called 'zzz'; there are: none"
    ]
    assert plan.earlier(entry(first=3.0)) == []


def between(*entries: Any, sources: Sequence[str] = ("s",)) -> list[tuple[int, str]]:
    read: Any = {name: SimpleNamespace(file=f"{name}.sav") for name in sources}
    return list(plan.between_faults(entries, read, Path("nowhere")))


def figures(
    rates: Annotated[Any, FromFile(figures=True)] = None, plain: Annotated[Any, FromFile()] = None,
    parts: Annotated[Any, Earlier(form=list[str], independent=True)] = (),
) -> fl.Estimates:  # fmt: skip
    raise AssertionError(rates, plain, parts)


def figure(**keys: Any) -> Any:
    return entry_model(method_of(figures)).model_validate({"kind": "invented", **keys})


def test_figures_that_share_an_error() -> None:
    one, two = entry(name="one", source="s"), entry(name="two", source="t")
    both = entry(name="both", parts=["one", "two"])
    assert between(one, two, both, sources=("s", "t")) == []
    (fault,) = between(one, entry(name="two", source="s"), both, sources=("s", "t"))
    assert fault[0] == 2
    assert fault[1].startswith(
        "estimates: the errors of 'one' and 'two' go together, both come of [source.s]; correlation = … must be stated"
    )
    # Of the only source it does not matter whether it is named.
    assert "both come of the survey" in between(one, entry(name="two"), both)[0][1]
    assert (
        between(
            one,
            entry(name="two", source="s"),
            entry(name="both", parts=["one", "two"], correlation=0.0),
            sources=("s", "t"),
        )
        == []
    )
    # A method that takes no correlation refuses; three figures are three pairs.
    refused = between(one, entry(name="two"), entry(name="three"), figure(name="all", parts=["one", "two", "three"]))
    assert [position for position, _ in refused] == [3, 3, 3]
    assert refused[0][1].endswith("invented is for independent figures")


def test_what_an_estimate_comes_of() -> None:
    lists = [
        entry(on_lists, name="l", file="a.csv"),
        entry(on_lists, name="m", file="b.csv"),
        entry(on_lists, name="n", file="a.csv"),
    ]
    assert between(*lists[:2], figure(name="both", parts=["l", "m"])) == []
    assert "both come of a.csv" in between(*lists, figure(name="both", parts=["l", "n"]))[0][1]
    # Through estimates before it, and through files of figures.
    through = [
        lists[0],
        figure(name="f", parts=["l"]),
        figure(name="g", rates="r.csv"),
        figure(name="h", rates="r.csv"),
        figure(name="i", plain="r.csv"),
    ]
    assert "both come of a.csv" in between(*through, figure(parts=["l", "f"]))[0][1]
    assert "both come of r.csv" in between(*through, figure(parts=["g", "h"]))[0][1]
    assert between(*through, figure(parts=["g", "i"])) == []
    assert between(*through, figure(parts=["f", "g"])) == []
    assert "both come of 'i'" in between(*through, figure(name="j", parts=["i"]), figure(parts=["i", "j"]))[0][1]
    assert between(figure(parts=["nobody", "nothing"])) == []


def test_strata_of_lists_have_no_national_figure() -> None:
    apart, whole = entry(on_lists, name="apart", strata="region"), entry(in_strata, name="whole", strata="region")
    asking = entry(name="asking", named={"x": "apart", "y": "whole"})
    assert between(apart, whole, asking) == [(2, "named.x: 'apart' is by strata and has no national figure")]
    assert between(entry(on_lists, name="apart"), whole, asking) == []


# What the function is given


STUDY: Any = SimpleNamespace(source_of=lambda name: name or "s", config=SimpleNamespace(round=()))


def call(
    made: Entry, tables: Mapping[str, Any] | None = None, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    CALLED.clear()
    known: Any = SimpleNamespace(
        tables={made.name: tables or {}}, of=lambda _entry, source: {"s": "the people"}[source], histories={}
    )
    calls.make_estimate(made, STUDY, known, before or {}, print)
    return CALLED[-1][1]


def test_what_was_left_out_has_the_default_of_the_function() -> None:
    given = call(entry(name="e"))
    assert given["people"] == "the people"
    assert given["progress"] is print
    assert (given["ends"], given["bounds"], given["renamed"], given["seed"]) == ((0.1, 0.9), (0.5, 2.0), 3, 1)
    assert given["correlation"] == 0.0
    assert [
        given[name] for name in ("size", "helper", "table", "near", "total", "first", "named", "design", "weights")
    ] == [None] * 9


def test_what_was_given_reaches_the_function() -> None:
    keys: dict[str, Any] = {
        "name": "e", "way": "two", "size": 2.5, "helper": "h", "partner": "p", "groups": ["a"], "weights": {"a": 2.0}, "bounds": [0.1, 3.0], "low": 0.2,
        "high": 0.3, "correlation": -0.5, "other": 7, "seed": 5, "table": "t.csv", "near": "n.csv", "total": 10.0,
    }  # fmt: skip
    given = call(entry(**keys), {"table": "T", "near": "N", "total": 10.0})
    expected = {"way": "two", "size": 2.5, "helper": "h", "partner": "p", "weights": {"a": 2.0}, "bounds": (0.1, 3.0), "ends": (0.2, 0.3),
                "correlation": -0.5, "renamed": 7, "seed": 5, "table": "T", "near": "N", "total": 10.0}  # fmt: skip
    assert {name: given[name] for name in expected} == expected
    # A key without a meaning beside the others is not handed on.
    assert call(entry(name="e", way="one", size=2.5))["size"] is None


def nation(value: float) -> fl.Estimates:
    people = {"ea": [1, 1, 2, 2], "r": ["N", "N", "S", "S"], "fl": [0.0, value, 0.0, value]}
    import pandas as pd

    return fl.estimate_mean(pd.DataFrame(people), "fl", design=fl.Design(psu="ea", unweighted=True), by="r")


def test_estimates_made_before_by_name() -> None:
    before = {"one": nation(1.0), "two": nation(3.0)}
    given = call(entry(name="e", first="one", parts=["one", "two"], named={"x": "two"}), before=before)
    assert given["first"] is before["one"]
    assert list(given["parts"]) == ["one", "two"]
    assert given["parts"]["two"] is before["two"]
    assert len(given["named"]["x"]) == 1
    assert given["named"]["x"].value == 1.5
    assert call(entry(name="e", first=2.5))["first"] == 2.5
    with pytest.raises(fl.FlError, match="FL-EST-26") as raised:
        call(entry(name="e", parts=["one", "three", "four"]), before=before)
    assert "three, four" in str(raised.value)


@pytest.fixture
def lists(tmp_path: Path) -> fl.CaptureHistories:
    rows = pl.DataFrame(
        {"a": [1, 0, 1] * 2, "b": [0, 1, 1] * 2, "r": ["N"] * 3 + ["S"] * 3, "n": [50, 80, 10, 30, 40, 5]}
    )
    rows.write_csv(tmp_path / "lists.csv")
    return fl.load_lists(tmp_path / "lists.csv", lists=["a", "b"], count="n", covariates=["r"])


def test_strata_are_estimated_apart_unless_the_method_sees_to_them(lists: fl.CaptureHistories) -> None:
    known: Any = SimpleNamespace(tables={}, people={}, histories={"e": lists})
    CALLED.clear()
    apart = calls.make_estimate(entry(on_lists, name="e", strata="r"), STUDY, known, {}, print)
    assert len(CALLED) == 2
    # Chapman by hand: 61 × 91 / 11 − 1 and 36 × 46 / 6 − 1, the people that are not seen below.
    sizes = apart.select(quantity="population_size").frame
    assert sizes["value"].tolist() == pytest.approx([61 * 91 / 11 - 1, 36 * 46 / 6 - 1])
    assert sizes["r"].tolist() == ["N", "S"]
    assert set(apart.frame["margin"]) == {"r"}
    CALLED.clear()
    calls.make_estimate(entry(in_strata, name="e", strata="r"), STUDY, known, {}, print)
    assert [given["by"] for _, given in CALLED] == ["r"]
    CALLED.clear()
    whole = calls.make_estimate(entry(on_lists, name="e"), STUDY, known, {}, print)
    assert len(CALLED) == 1
    assert set(whole.frame["margin"]) == {""}


def tried(
    people: Annotated[Any, PEOPLE], outcome: str, by: Annotated[Any, InFile(str | list[str])] = None, level: float = 0.9
) -> fl.Estimates:
    CALLED.append(("tried", {"people": people, "outcome": outcome, "by": by, "level": level}))
    return nation(1.0)


def cheaper(people: Any, outcome: str) -> None:
    CALLED.append(("cheaper", {"people": people, "outcome": outcome}))


def test_an_entry_is_tried_out_for_the_nation_alone() -> None:
    def people(*stated: str) -> Any:
        return SimpleNamespace(design=SimpleNamespace(populations=[(name, ()) for name in stated]))

    CALLED.clear()
    model = entry_model(method_of(tried))
    made = model.model_validate({"kind": "invented", "outcome": "x", "by": ["r", "s"], "level": 0.8})
    calls.try_out(made, people())
    calls.try_out(made, people("r"))
    calls.try_out(made, people("t"))
    calls.try_out(made, SimpleNamespace(design=None))
    assert [(given["by"], given["level"]) for _, given in CALLED] == [
        (None, 0.8),
        (["r", "s"], 0.8),
        (None, 0.8),
        (None, 0.8),
    ]
    CALLED.clear()
    model = entry_model(method_of(tried, tried_by=cheaper, tried_with=("outcome", "absent")))
    calls.try_out(model.model_validate({"kind": "invented", "outcome": "x"}), people())
    assert [(name, given["outcome"]) for name, given in CALLED] == [("cheaper", "x")]


# Tables beside the study


def reader(folder: Path) -> Any:
    study: Any = SimpleNamespace(path=lambda written: folder / written, mapping=lambda written: folder / written)
    return beside._FileReader(study)  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pl.DataFrame(
        {"district": ["A", "B", "C"], "people": [10, 20, 30], "population": [1, 2, 3], "word": ["x", "y", None]}
    ).write_csv(tmp_path / "t.csv")
    return tmp_path


def table(folder: Path, role: FromFile, written: Any, **keys: Any) -> pl.DataFrame:
    made: Any = SimpleNamespace(by="district", counted="people", words="word", no="absent", none=None, **keys)
    return beside._table(reader(folder), "estimate[1].table", made, role, written)  # pyright: ignore[reportPrivateUsage]


def test_the_columns_of_a_table_that_are_handed_on(folder: Path) -> None:
    column, columns = ColumnName(file="t.csv", column="people"), ColumnNames(file="t.csv", columns=["people", "word"])
    assert table(folder, FromFile(), "t.csv").columns == ["district", "people", "population", "word"]
    assert table(folder, FromFile(keyed=("by",), column="population", whole=False), "t.csv").columns == [
        "district",
        "population",
    ]
    renamed = table(folder, FromFile(keyed=("by",), column="population", whole=False), column)
    assert renamed.to_dict(as_series=False) == {"district": ["A", "B", "C"], "population": [10, 20, 30]}
    assert table(folder, FromFile(column="population"), column)["population"].to_list() == [10, 20, 30]
    assert table(folder, FromFile(keyed=("by",), column="value", number=False, whole=False), column).columns == [
        "district",
        "people",
    ]
    chosen = table(folder, FromFile(keyed=("by",), choose=True, also=("words", "no", "none")), columns)
    assert chosen.columns == ["district", "word", "people"]
    assert table(folder, FromFile(keyed=("by",), needs=("population",), whole=False), "t.csv").columns == [
        "district",
        "population",
    ]
    assert table(folder, FromFile(filled="word"), "t.csv")["district"].to_list() == ["A", "B"]


@pytest.mark.parametrize(
    ("role", "written", "code"),
    [
        (FromFile(keyed=("no",)), "t.csv", "FL-STUDY-05"), (FromFile(needs=("absent",)), "t.csv", "FL-STUDY-05"), (FromFile(counts=("no",)), "t.csv", "FL-STUDY-05"),
        (FromFile(), ColumnNames(file="t.csv", columns=["absent"]), "FL-STUDY-05"), (FromFile(column="population"), ColumnName(file="t.csv", column="absent"), "FL-STUDY-05"),
        (FromFile(column="population"), ColumnName(file="t.csv", column="word"), "FL-STUDY-08"), (FromFile(counts=("counted", "words")), "t.csv", "FL-STUDY-33"),
    ],
)  # fmt: skip
def test_tables_that_do_not_have_what_is_needed(folder: Path, role: FromFile, written: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=code) as raised:
        table(folder, role, written)
    assert "estimate[1].table" in str(raised.value)
    assert "x" not in str(raised.value.found)


def test_words_may_stand_where_no_number_is_wanted(folder: Path) -> None:
    assert table(folder, FromFile(column="value", number=False), ColumnName(file="t.csv", column="word")).height == 3
    assert table(folder, FromFile(counts=("counted",)), "t.csv").height == 3


def test_persons_and_neighbours(folder: Path) -> None:
    made: Any = SimpleNamespace(by="district")

    def read(role: Any, written: Any) -> Any:
        return beside._read(reader(folder), "key", made, role, written)  # pyright: ignore[reportPrivateUsage]

    assert read(Persons(), 12) == 12.0
    assert read(Persons(), "t.csv") == 6.0
    assert read(Persons(), ColumnName(file="t.csv", column="people")) == 60.0
    pl.DataFrame({"district": ["A"], "neighbour": ["B"], "von": ["C"], "bis": ["D"]}).write_csv(folder / "n.csv")
    assert read(Neighbours(keyed="by"), "n.csv").to_dict(as_series=False) == {"district": ["A"], "neighbour": ["B"]}
    other = read(Neighbours(keyed="by"), ColumnNames(file="n.csv", columns=["von", "bis"]))
    assert other.to_dict(as_series=False) == {"district": ["C"], "neighbour": ["D"]}
    (folder / "map.geojson").write_text('{"features": [{}]}', encoding="utf-8")
    assert read(Neighbours(keyed="by"), "map.geojson") == {"features": [{}]}
    for name, text in (("list.json", "[1]"), ("none.json", "{"), ("empty.json", '{"features": []}')):
        (folder / name).write_text(text, encoding="utf-8")
        with pytest.raises(fl.FlError, match="FL-STUDY-23"):
            read(Neighbours(keyed="by"), name)
    with pytest.raises(fl.FlError, match="FL-STUDY-23"):
        read(Neighbours(keyed="by"), "absent.json")


def test_a_file_is_read_once_and_its_source_kept(folder: Path) -> None:
    one = reader(folder)
    assert one.frame("key", "t.csv") is one.frame("key", "t.csv", ["people"])
    assert [(name, source.n_rows) for name, source in one.sources.items()] == [("t.csv", 3)]


# Types of keys


@pytest.mark.parametrize(
    "wrong",
    [{"way": "three"}, {"size": "x"}, {"groups": "a"}, {"low": None}, {"bounds": [1.0]}, {"bounds": [1.0, 2.0, 3.0]}, {"total": 0},
     {"total": -1.0}, {"first": ["a"]}, {"parts": "a"}, {"named": ["a"]}, {"correlation": 1.5}, {"other": "x"}, {"renamed": 3}, {"progress": "x"}, {"design": "x"},
     {"table": {"file": "t.csv", "columns": ["a"]}}, {"table": {"file": "t.csv"}}, {"near": {"file": "n.csv", "column": "a"}}, {"seed": 1.5}, {"weights": {"a": "x"}}],
)  # fmt: skip
def test_types_of_keys_are_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entry(**wrong)


@pytest.mark.parametrize(
    "right", [{"total": 3.5}, {"total": "t.csv"}, {"total": {"file": "t.csv", "column": "a"}}, {"table": {"file": "t.csv", "column": "a"}}, {"bounds": [0.0, 1.0]},
              {"near": {"file": "n.csv", "columns": ["a", "b"]}}, {"first": 2.0}, {"correlation": None}, {"correlation": 1.0}, {"correlation": -1.0}, {"seed": 7}]
)  # fmt: skip
def test_what_a_key_may_hold(right: dict[str, Any]) -> None:
    entry(**right)


def test_a_seed_that_has_a_meaning_with_some_keys_only_is_not_given_by_default() -> None:
    def sometimes(
        way: str = "one", seed: Annotated[int | None, SEED, OnlyWith("way", ("two",))] = None
    ) -> fl.Estimates:
        raise AssertionError(way, seed)

    model = entry_model(method_of(sometimes))
    assert model.model_validate({"kind": "invented"}).seed is None  # pyright: ignore[reportAttributeAccessIssue]
    given = calls._given(model.model_validate({"kind": "invented", "way": "two"}), {}, {})  # pyright: ignore[reportPrivateUsage]
    assert given == {"way": "two", "seed": 1}
    assert calls._given(model.model_validate({"kind": "invented"}), {}, {}) == {"way": "one"}  # pyright: ignore[reportPrivateUsage]


def test_tags_and_keys_of_the_registry() -> None:
    assert tag_of({"kind": "prevalence"}) == "prevalence"
    assert tag_of({"kind": "capture_recapture", "method": "chao"}) == "capture_recapture/chao"
    assert tag_of({"kind": "capture_recapture"}) == "capture_recapture/"
    assert tag_of({}) is None
    assert tag_of("prevalence") is None
    assert tag_of(entry()) == "invented"
    assert "a" in own_keys("capture_recapture/chapman")
    assert not {"file", "lists", "count", "strata", "name", "kind"} & set(own_keys("capture_recapture/chapman"))
    assert own_keys("prevalence") == []


def test_the_keys_that_may_stand_at_a_place() -> None:
    from fl_estimate.study.config import study_model

    whole = study_model()
    assert {"estimate", "source", "publish", "classify"} <= set(keys_at(("sorce",), whole))
    assert "rule" in keys_at(("publish", "rul"), whole)
    assert "outcome" in keys_at(("estimate", 0, "prevalence", "outcme"), whole)
    assert "variable" not in keys_at(("estimate", 0, "prevalence", "outcme"), whole)
    assert {"file", "mapping"} <= set(keys_at(("source", "a", "fil"), whole))


def test_a_kind_that_is_described_and_one_that_is_none() -> None:
    assert [each.tag for each in describe.described("prevalence")] == ["prevalence"]
    assert len(describe.described("capture_recapture")) > 5
    assert [each.tag for each in describe.described("capture_recapture/chao")] == ["capture_recapture/chao"]
    with pytest.raises(fl.FlError, match="did you mean 'prevalence'"):
        describe.described("prevalense")
    with pytest.raises(fl.FlError, match="there are: "):
        describe.described("zzzzzzz")
    (method,) = describe.described("prevalence")
    assert describe.summary(method)
    assert "\n" not in describe.summary(method)
    keys = {line.name for line in describe.key_lines(method)}
    assert {"outcome", "by", "where", "source"} <= keys
    assert not {"kind", "name", "title", "note", "method"} & keys


# Columns and versions


def test_columns_that_keys_name_however_deep() -> None:
    assert list(named_columns._flat([["a", ["b"]], "c", None])) == ["a", "b", "c"]  # pyright: ignore[reportPrivateUsage]
    assert list(named_columns._flat(None)) == []  # pyright: ignore[reportPrivateUsage]
    assert inputs._absent(entry(groups=["g", "x"]), ["x"]) == [("groups", "g")]  # pyright: ignore[reportPrivateUsage]


def test_versions_of_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "PACKAGES", ("absent-of-all", "numpy"))
    assert inputs.package_versions() == {"numpy": np.__version__}
