"""What quantities, reasons and methods are declared to be, what a signature says of a method, and what a title says of a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate.inputs.wording import ColumnWords, SurveyWording
from fl_estimate.results import codes, methods, shown
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import Code, Quantity, ReasonCode
from fl_estimate.results.columns import FIXED, completed, make_frame
from fl_estimate.results.crossing import Crossing, nested_columns
from fl_estimate.results.inference import Inference, Observed
from fl_estimate.results.methods import Argument, Method, every_method, kinds, split
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe, joined
from fl_estimate.results.roles import (
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    SEED,
    Earlier,
    FromFile,
    Key,
    Pair,
    Rest,
    Role,
    Within,
)

DECLARED = [each for each in Quantity.all() if each.known]


def of(**wanted: Any) -> set[str]:
    return {str(each) for each in DECLARED if all(getattr(each, name) == value for name, value in wanted.items())}


SHARES = {"scenario_prevalence", "undercoverage_prevalence", "step_prevalence", "step_change"}
PERSONS = {"scenario_total", "undercoverage_total"}
"""Of a cell under a scenario: neither limited, nor added to other estimates."""
REPORTED = {"reported_persons", "reported_cases", "persons_per_case"}
TESTED = {"chi_square", "f_statistic", "t_statistic", "numerator_df", "tested_estimate"}


def test_what_a_value_is() -> None:
    """Shares lie between 0 and 1; persons are added up; of few cases only what counts people is limited; lists speak of no respondents."""
    assert of(unit="share") == {"prevalence", "prevalence per 1,000", *SHARES}
    assert of(unit="persons") == {"total", "persons", "population_size", "dark_figure", "reported_persons", *PERSONS}
    assert of(listed=True) == {"population_size", "dark_figure", *REPORTED}
    assert of(limited=True) == {"prevalence", "prevalence per 1,000", "total", "persons"}
    assert of(counts_population=True) == {"total", "persons", "population_size", "reported_persons"}
    assert of(counts_respondents=True) == {"total", "persons", *PERSONS}
    assert of(scenario=True) == {*SHARES, *PERSONS, "tipping_point"}
    assert {str(each): each.per for each in DECLARED if each.per != 1} == {"prevalence per 1,000": 1000.0}
    assert {str(each): each.heading for each in DECLARED if each.heading != each} == {
        "total": "persons",
        "population_size": "persons",
        "reported_persons": "persons",
        **dict.fromkeys(SHARES, "prevalence"),
        **dict.fromkeys(PERSONS, "persons"),
        **dict.fromkeys(TESTED, "p_value"),
    }


def test_every_figure_of_respondents_says_what_it_tells_and_why() -> None:
    bare = Quantity.of("of_tomorrow")
    assert bare.tells == "support"
    for each in DECLARED:
        assert (each.why == bare.why) == (each.tells == "support"), each
    assert of(tells="linear") == {"prevalence", "prevalence per 1,000", "total", "persons", "mean", "ratio"}
    assert of(tells="known") == {"variance", "population_size"}
    assert of(tells="same") == {"quantile"}
    assert of(tells="scaled") == {"undercoverage_prevalence", "undercoverage_total"}
    assert of(tells="shifted") == {"scenario_prevalence", "scenario_total", "step_prevalence", "step_change"}
    assert of(tells="exact") == {"tipping_point"}
    modelled = {"coefficient", "marginal_mean", "marginal_effect", "predicted_mean", "linear_predictor"}
    ratios = {f"{name}_ratio" for name in ("odds", "prevalence", "rate", "mean", "relative_risk")}
    assert of(tells="formula") == modelled | ratios | TESTED | {"p_value"}
    # What is said of a weighted sum is said of no coefficient.
    said = {
        tells: {
            each.why for each in DECLARED if each.tells == tells and each not in {*TESTED, "p_value", "population_size"}
        }
        for tells in ("linear", "formula", "known", "same")
    }
    assert all(len(why) == 1 for why in said.values())
    assert len({next(iter(why)) for why in said.values()}) == 4
    assert {Quantity.of(name).why for name in (*TESTED, "p_value")} == {"a table of the columns tested"}


def test_reasons_that_tell_and_reasons_that_warn() -> None:
    own = [each for name, each in vars(codes).items() if name.isupper() and isinstance(each, ReasonCode)]
    assert {str(each) for each in own if each.tells_cases} == {
        "zero_cases",
        "area_without_cases",
        "area_variance_smoothed",
    }
    assert {str(each) for each in own if each.doubtful} == {
        "sampler_rhat",
        "sampler_ess",
        "sampler_divergences",
        "sampler_energy",
    }
    assert all(each.doubtful in ("", "sampler", "model") for each in ReasonCode.all())
    assert {each for each in codes.MethodName.all() if each.of_people_counted} >= {codes.TAYLOR, codes.REPLICATES}
    # A parameter that is for the analyst is one that the words have.
    for each in (*ReasonCode.all(), *codes.AssumptionCode.all()):
        assert set(each.in_full_only) <= set(each.parameters), each


def test_a_family_has_declarations_of_its_own() -> None:
    class Planted(Code):
        family = "planted"

    made = Planted("zero_cases", "one")
    assert Planted.of("zero_cases") is made
    assert ReasonCode.of("zero_cases") is not made
    assert Planted.all() == (made,)
    assert made.checked_parameters({"one": 1}) == (("one", 1),)
    with pytest.raises(TypeError, match="planted 'zero_cases' has no parameter three, two"):
        made.checked_parameters({"two": 1, "three": 1})
    unknown = Planted.of("other")
    assert unknown.checked_parameters({"two": 1}) == (("two", 1),)
    assert not unknown.known


def test_what_is_published_of_a_parameter() -> None:
    class Hidden(codes.ReasonCode):
        family = "hidden"

    made = Hidden("few", "people", "place", in_full_only=("people",))
    assert made.to_publish([("people", 3), ("place", "N")]) == (("people", "…"), ("place", "N"))
    assert made.to_publish([]) == ()


# Methods


def one(frame: Annotated[Any, PEOPLE], /, column: Annotated[str, GROUPS], *others: Any, seed: Annotated[int, SEED] = 1, **more: Any) -> None: ...  # fmt: skip


def another(
    frame: Annotated[Any, PEOPLE], pair: Annotated[tuple[str, str] | None, Pair(("first", "second"))] = None,
    hook: Annotated[Any, NOT_IN_FILE] = None, **settings: Annotated[Any, Rest(one, without=("column",))],
) -> None: ...  # fmt: skip


def declared(function: Any) -> Method:
    return Method(function=function, kind="planted", basis="figures", family="synthesis")


def test_arguments_as_a_signature_has_them() -> None:
    arguments = declared(one).arguments
    assert [each.name for each in arguments] == ["frame", "column", "seed"]
    assert [each.required for each in arguments] == [True, True, False]
    assert [each.default for each in arguments][2] == 1
    assert [each.roles for each in arguments] == [(PEOPLE,), (GROUPS,), (SEED,)]
    assert [each.form for each in arguments] == [Any, str, int]
    assert [each.keys for each in arguments] == [(), ("column",), ("seed",)]
    assert declared(one).described_by() is one
    first = declared(one).first(type(SEED))
    assert first is not None
    assert first.name == "seed"
    assert declared(one).first(Pair) is None


def test_a_composition_has_the_arguments_of_the_function_that_it_hands_them_on_to() -> None:
    method = declared(another)
    # The frame and the pair are its own; `column` is left out.
    assert [each.name for each in method.arguments] == ["frame", "pair", "hook", "seed"]
    assert [each.function for each in method.arguments] == [another, another, another, one]
    assert [each.keys for each in method.arguments] == [(), ("first", "second"), (), ("seed",)]
    assert method.described_by() is one
    assert [(each.name, role) for each, role in method.having(Pair)] == [("pair", Pair(("first", "second")))]
    assert (method.name, method.tag) == ("another", "planted")
    chosen = Method(function=one, kind="planted", basis=None, family="survey", chosen=True)
    assert chosen.tag == "planted/one"


def test_roles_are_found_however_deep_and_nothing_else_is_a_role() -> None:
    deep = Annotated[Annotated[int, Within(ge=0), "a remark"], SEED, 3]
    form, roles = split(deep)
    assert form is int
    assert roles == (Within(ge=0), SEED)
    assert split(int) == (int, ())
    argument = Argument(name="n", form=int, roles=(Within(ge=0), Key("size")), default=None, function=one)
    assert argument.role(Within) == Within(ge=0)
    assert argument.role(Pair) is None
    assert argument.keys == ("size",)
    assert isinstance(argument.role(Key), Role)


def test_an_annotation_that_is_no_type_yet_is_read_and_an_unknown_one_is_told() -> None:
    def strange(frame: NotThere) -> None: ...  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]

    with pytest.raises(
        TypeError, match=r"strange\(frame\): name 'NotThere' is not defined; what a method's signature names"
    ):
        _ = declared(strange).arguments
    typed = lambda x: x  # noqa: E731
    typed.__annotations__ = {"x": Annotated[int, SEED]}
    assert declared(typed).arguments[0].roles == (SEED,)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Method]:
    every_method()  # all that there are, before a copy is made
    copied = dict(methods._DECLARED)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(methods, "_DECLARED", copied)
    return copied


def test_a_kind_is_declared_once_unless_a_method_is_chosen(registry: dict[Any, Method]) -> None:
    def first() -> None: ...
    def second() -> None: ...

    settings: Any = {"basis": "figures", "family": "synthesis"}

    def told(_: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield "", ""

    full = methods.method(kind="planted", chosen=True, tried_by=second, tried_with=("x",), faults=told, **settings)
    assert full(first) is first
    made = methods.methods()["planted/first"]
    assert (made.tried_by, made.tried_with, made.faults, made.chosen) == (second, ("x",), told, True)
    assert (made.basis, made.family) == ("figures", "synthesis")
    full(first)  # the same function again is the same method
    methods.method(kind="planted", chosen=True, **settings)(second)
    assert kinds()["planted"] == ("first", "second")
    with pytest.raises(TypeError, match="two methods are declared as kind 'planted'"):
        methods.method(kind="planted", **settings)(lambda: None)
    count = len(registry)
    for function in (lambda: None, lambda: 1):
        function.__qualname__ = f"nameless{len(registry)}"
        methods.method(kind=None, **settings)(function)
    assert len(registry) == count + 2
    assert set(kinds()) == {str(each.kind) for each in registry.values() if each.kind is not None}
    assert "None" not in methods.methods()


# Parts of a result


def test_words_of_all_parts_are_kept() -> None:
    words = [
        SurveyWording(unit="persons", columns={name: ColumnWords(values={"1": {"": name}})})
        for name in ("sex", "region")
    ]
    whole = joined([Recipe(wording=each) for each in words], call="sum", arguments={}).wording
    assert set(whole.columns) == {"sex", "region"}
    assert whole.columns["sex"].values == {"1": {"": "sex"}}


def test_a_further_step_has_the_arguments_of_the_one_before_only_where_it_says_so() -> None:
    first = Recipe(provenance=Provenance(call="one", arguments={"by": "x"}))
    assert first.then("two", {"a": 1}).provenance.arguments == {"a": 1}
    assert first.then("two", {"a": 1}, direct=True).provenance.arguments == {"a": 1, "direct": {"by": "x"}}
    assert first.then("two", {}).assumptions == ()
    assert Recipe.of(3.0) == Recipe()


@pytest.mark.parametrize(
    ("text", "length", "by_day"),
    [("the last 2.5 years", "2.5 years", False), ("12 months", "12 months", False), ("one week", "", False), ("7 days before", "7 days", False),
     ("2021-03-01 to 2021-05-31", "", True), (" 2021-03-01 to 2021-05-31 ", "", True), ("2013", "1 years", False)],
)  # fmt: skip
def test_how_long_a_period_is(text: str, length: str, by_day: bool) -> None:
    assert Period(text).length == length
    assert Period(text).by_day is by_day
    assert (Period(text).first is None) == (Period(text).years is None)


def test_rows_of_support_are_taken_grouped_and_the_least() -> None:
    support = Support.of([10, 20, 30], [1, 2, 3], psus_with_cases=4, df=[7, 8, 9])
    assert support.psus_with_cases.tolist() == [4, 4, 4]
    assert support.take([2, 0]).respondents.tolist() == [30, 10]
    taken = support.take([-1, 1])
    assert np.isnan(taken.cases[0])
    assert taken.cases[1] == 2
    assert len(Support.unknown(0).take([0, 1])) == 2
    groups = support.grouped([[0, 1], [], [2]])
    assert groups.respondents.tolist()[::2] == [10, 30]
    assert np.isnan(groups.respondents[1])
    assert len(support.grouped([])) == 0
    assert np.isnan(Support.of(5.0).cases).all()
    assert Support.of(5.0, rows=3).respondents.tolist() == [5, 5, 5]
    both = Support.joined([support, Support.of(1)])
    assert both.respondents.tolist() == [10, 20, 30, 1]
    assert Support.least([support, Support.of(15)]).respondents.tolist() == [10, 15, 15]
    assert np.isnan(Support.least([support, Support.unknown(1)]).respondents).all()
    known = Support.least_known([support, Support.unknown(1)], ["respondents", "figures"])
    assert known.respondents.tolist() == [10, 20, 30]
    hidden = Support.least_known([support, Support.unknown(1)], ["respondents", "lists"])
    assert np.isnan(hidden.respondents).all()
    back = Support.from_dict(both.to_dict())
    assert back.respondents.tolist() == both.respondents.tolist()
    assert both.to_dict()["cases"] == [1.0, 2.0, 3.0, None]


def test_the_basis_of_what_is_made_of_several() -> None:
    assert weakest(["figures", "respondents", "model"]) == "respondents"
    assert weakest(["figures"]) == weakest([]) == "figures"
    assert weakest(["of_tomorrow"]) == "respondents"


def test_a_column_lies_in_another_where_each_value_has_one_of_the_other() -> None:
    labels = [("a", "N", 1), ("b", "N", 2), ("c", "S", 1)]
    assert nested_columns(("district", "region", "sex"), labels) == (("district", "region"), ("district", "sex"))
    assert nested_columns(("district", "country"), [("a", "X"), ("b", "X")]) == ()
    assert nested_columns((), []) == nested_columns(("region",), []) == ()


def test_a_crossing_is_read_back() -> None:
    numbers = {name: np.array([[1.0, 2.0]]) * position for position, name in enumerate(
        ("n", "cases", "weight", "weighted_cases", "weight_in_scope", "undetermined"), 1)}  # fmt: skip
    made = Crossing(
        by=("r",),
        labels=(("N",), (None,)),
        outcomes=("fl",),
        binary=(True,),
        where="x > 1",
        nested=(("d", "r"),),
        **numbers,
    )
    back = Crossing.from_dict(made.to_dict())
    assert (back.by, back.labels, back.outcomes, back.binary, back.where, back.nested) == (
        ("r",), (("N",), (None,)), ("fl",), (True,), "x > 1", (("d", "r"),)
    )  # fmt: skip
    for name, values in numbers.items():
        np.testing.assert_array_equal(getattr(back, name), values)


def observed() -> Observed:
    rows = np.arange(3.0)
    return Observed(family="normal", link="identity", y=rows, size=rows + 1, x=rows[:, None], factor=np.ones(3))


def test_what_belongs_to_draws_follows_rows_and_units() -> None:
    empty, full = Inference(), Inference(observed=observed())
    assert empty.take(np.array([0])) is empty
    assert empty.scaled(np.array([2.0])) is empty
    taken = full.take(np.array([2, 0])).observed
    assert taken is not None
    assert taken.y.tolist() == [2.0, 0.0]
    assert taken.size.tolist() == [3.0, 1.0]
    assert taken.x.tolist() == [[2.0], [0.0]]
    scaled = full.scaled(np.array([2.0, 3.0, 4.0])).observed
    assert scaled is not None
    assert scaled.factor.tolist() == [2.0, 3.0, 4.0]
    assert scaled.y.tolist() == observed().y.tolist()


@pytest.mark.parametrize(
    ("link", "shares", "expected"),
    [("logit", [0.5, 0.2], [0.0, np.log(0.25)]), ("arcsine", [0.25, 1.0], [np.pi / 6, np.pi / 2]), ("log", [1.0, np.e], [0.0, 1.0]),
     ("identity", [0.5, 0.2], [0.5, 0.2])],
)  # fmt: skip
def test_likelihood_of_a_normal_on_the_scale_of_its_link(link: str, shares: list[float], expected: list[float]) -> None:
    """Where the draw is the datum the log-likelihood is that of the mode, −½ log(2π v)."""
    from fl_estimate.results.datatree import LINKED

    drawn = np.array([shares])
    given = Observed(
        family="normal",
        link=link,
        y=np.array(expected),
        size=np.array([0.5, 2.0]),
        x=np.zeros((2, 1)),
        factor=np.ones(2),
    )
    np.testing.assert_allclose(
        given.log_likelihood(drawn, LINKED[link])[0], -0.5 * np.log(2 * np.pi * np.array([0.5, 2.0]))
    )


def test_draws_with_what_the_sampler_said_and_areas_that_nobody_stated() -> None:
    draws = np.arange(12.0).reshape(4, 3)
    made = build(
        {"value": draws.mean(axis=0), "margin": ["area"] * 3, "term": ["", "", ""]}, {"area": ["A", None, "B"]},
        quantity=codes.MEAN, method=codes.TAYLOR, basis="figures", recipe=Recipe(), draws=draws,
        inference=Inference(chains=2, stats={"energy": np.arange(4.0)}, parameters={"sigma": np.arange(4.0)}),
    )  # fmt: skip
    tree = made.to_datatree()
    assert tree["posterior"]["area"].to_numpy().tolist() == ["A", "(not stated)", "B"]
    assert tree["posterior"]["value"].to_numpy().tolist() == draws.reshape(2, 2, 3).tolist()
    assert tree["sample_stats"]["energy"].to_numpy().tolist() == [[0, 1], [2, 3]]
    assert tree["posterior"]["sigma"].to_numpy().tolist() == [[0, 1], [2, 3]]
    assert tree["posterior"].attrs["method"] == "taylor"
    assert set(tree.children) == {"posterior", "sample_stats"}


def test_rows_that_cannot_be_crossed_are_told_apart_by_what_they_are() -> None:
    draws = np.arange(8.0).reshape(2, 4)
    made = build(
        {"value": [0.0] * 4, "margin": ["", "", "area", "area"], "term": ["x", "x", "x", "y"]}, {"area": [None, None, "A", "A"]},
        quantity=codes.MEAN, method=codes.TAYLOR, basis="figures", recipe=Recipe(), draws=draws,
    )  # fmt: skip
    posterior = made.to_datatree()["posterior"]
    assert posterior["row"].to_numpy().tolist() == ["A, x", "A, y"]
    assert posterior["row_national"].to_numpy().tolist() == [" [0]", " [1]"]
    assert posterior["national"].to_numpy().tolist() == [[[0, 1], [4, 5]]]


# What is shown


def frame(**columns: Any) -> pd.DataFrame:
    return make_frame({"quantity": ["mean"], "margin": [""], "value": [1.0], **columns}, {}, 1, basis="figures")


@pytest.mark.parametrize(
    ("assumptions", "call", "title"),
    [((), "estimate_mean", "Estimates of mean"), ((), "stack", "Stacked estimates of mean"), ((), "regress", "Regression, a table of mean"),
     ((codes.STANDARDISED.assume(column="age"),), "stack", "Standardised estimates of mean"), ((), "pool", "Estimates pooled over imputations, a table of mean")],
)  # fmt: skip
def test_titles(assumptions: Any, call: str, title: str) -> None:
    assert shown.title(frame(), assumptions, call) == title


def test_sizes_and_columns_that_hold_something() -> None:
    both = pd.concat([frame(), frame()], ignore_index=True)
    assert shown.size(frame(), ()) == "1 row"
    assert shown.size(both, ()) == "2 rows"
    assert shown.size(both, (codes.UNWEIGHTED.assume(),)) == "2 rows, unweighted"
    assert shown.title(frame(quantity=["population_size"]), (), "") == "Estimates of population size"
    assert shown.title(frame(quantity=[""]), (), "") == "Estimates"
    table = shown.table(frame(se=[0.5], method=["taylor"], df_effective=[3.0]), (), SurveyWording())
    assert list(table.columns) == ["quantity", "value", "se", "df_effective"]
    # Limits that were made with them show them once.
    table = shown.table(frame(se=[0.5], df=[3.0], df_effective=[3.0]), (), SurveyWording())
    assert list(table.columns) == ["quantity", "value", "se", "df"]


def test_a_table_of_an_earlier_version() -> None:
    whole = make_frame({"value": [1.0]}, {"area": ["A"]}, 1, basis="figures")
    early = whole.drop(columns=["psus_with_cases", "df_effective"])
    back = completed(early, ("area",))
    assert list(back.columns) == list(whole.columns) == [*FIXED[:4], "area", *FIXED[4:]]
    assert str(back["psus_with_cases"].dtype) == "Int64"
    assert back["df_effective"].isna().all()
    assert completed(whole, ("area",)) is whole


def test_a_by_column_may_be_called_as_pandas_calls_the_index() -> None:
    draws = np.arange(6.0).reshape(3, 2)
    made = build(
        {"value": [0.0, 1.0], "margin": ["index"] * 2}, {"index": ["A", "B"]}, quantity=codes.MEAN, method=codes.TAYLOR, basis="figures",
        recipe=Recipe(), draws=draws,
        inference=Inference(observed=Observed(family="normal", link="identity", y=np.ones(2), size=np.ones(2), x=np.ones((2, 1)), factor=np.ones(2)), coefficients=("intercept",)),
    )  # fmt: skip
    tree = made.to_datatree()
    assert tree["posterior"]["value"].sizes == {"chain": 1, "draw": 3, "index": 2}
    assert tree["observed_data"]["y"].sizes == {"index": 2}


def test_roles_ask_for_no_more_than_they_say() -> None:
    """What a role leaves out is the least: no choice of columns, a column of numbers, no nation, dependent figures."""
    table, before, within = FromFile(), Earlier(), Within()
    assert (table.choose, table.number, table.whole, table.figures, table.column, table.filled) == (
        False,
        True,
        True,
        False,
        "",
        "",
    )
    assert (table.keyed, table.needs, table.also, table.counts) == ((), (), (), ())
    assert (before.national, before.independent, before.form) == (False, False, str)
    assert (within.gt, within.ge, within.lt, within.le, within.items, within.finite) == (
        None,
        None,
        None,
        None,
        None,
        False,
    )
