"""What readers work out of released tables, tables by hand; which overlaps of lists are printed; what an earlier, finer release binds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ColumnWords, SurveyWording
from fl_estimate.reporting import list_overlaps
from fl_estimate.reporting.disclosure.release_audit import COLUMNS, derived, half_digit
from fl_estimate.reporting.judging import cautions, cells, doubtful, judge, own_support, published_support
from fl_estimate.reporting.list_overlaps import printable, rough, steady
from fl_estimate.reporting.naming import common_unit, outcome_words, quantity_words, term_words, unit_words, value_words
from fl_estimate.reporting.pictures.maps import label_point
from fl_estimate.reporting.precision import few_digits, half_steps, lowered, raised, significant
from fl_estimate.reporting.releases import (
    KnownTable,
    Release,
    as_release,
    geography,
    known_tables,
    read_release,
    where_of,
)
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import SAMPLER_RHAT, SUBPOPULATION, ZERO_CASES, Reason
from fl_estimate.words.numbers import level_words, number, percent, spread
from fl_estimate.words.say import joined, labels, say
from tests.unit.reporting.made import estimates
from tests.unit.reporting.test_releases import release, row, table


def told(*given: Release) -> list[tuple[str, str, float, float]]:
    return list(derived(list(given))[["cell", "what", "lower", "upper"]].itertuples(index=False, name=None))


def total(status: str, value: float | None, se: float = 10.0, **by: str) -> dict[str, Any]:
    made = row(status, None, **by)
    return made | {
        "quantity": "total",
        "value": float("nan") if value is None else value,
        "se": se if value is not None else float("nan"),
    }


def test_a_withheld_total_is_what_is_left_of_its_region() -> None:
    """600 ± 0.5 less 300 and 250, ± 0.5 each: 48.5 to 51.5, known within a fifth; of a coarser print nothing is known so well."""
    fine = release(
        total("published", 600, region="R"),
        total("published", 300, district="A"),
        total("published", 250, district="B"),
        total("not_published", None, district="C"),
    )
    (found,) = [each for each in told(fine) if each[1] == "persons"]
    assert found == ("district = C", "persons", pytest.approx(48.5), pytest.approx(51.5))
    coarse = release(
        total("published", 600, 100, region="R"),
        total("published", 300, 100, district="A"),
        total("published", 250, 100, district="B"),
        total("not_published", None, district="C"),
    )
    assert not [each for each in told(coarse) if each[1] == "persons"]
    # Another part that is not printed at all leaves it open, and so does a bound.
    part = release(
        total("published", 600, region="R"),
        total("published", 300, district="A"),
        total("not_published", None, district="B"),
        total("not_published", None, district="C"),
    )
    assert not [each for each in told(part) if each[1] == "persons"]


def test_a_cell_that_is_printed_as_fewer_than_has_no_case() -> None:
    """Of 8 cases of the region A has 5 and E none: B has three."""
    made = release(
        row("published", 8, region="R"),
        row("published", 5, district="A"),
        row("at_most", None, district="B"),
        row("fewer_than", None, district="C"),
    )
    assert told(made) == [("district = B", "cases", 3.0, 3.0)]


def test_cells_of_fewer_people_than_the_rule_asks_for_hold_no_more_cases_than_people() -> None:
    """Two people can be two cases at most: that B has at most 2 says nothing new."""
    made = release(
        row("published", 12, region="R"),
        row("published", 10, district="A"),
        row("at_most", None, district="B") | {"n": 2},
        row("at_most", None, district="C") | {"n": 2},
    )
    assert told(made) == []
    assert [
        each[0]
        for each in told(
            release(
                row("published", 13, region="R"),
                row("published", 10, district="A"),
                row("at_most", None, district="B") | {"n": 2},
                row("at_most", None, district="C") | {"n": 2},
            )
        )
    ] == []


def test_what_is_supposed_of_protecting_cells_is_given_up_where_it_contradicts() -> None:
    """Of 6 cases two cells would have 5 or more each: that cannot be, so nothing is supposed; then B is known to be 6 at most."""
    made = release(
        row("published", 6, region="R"),
        row("not_published", None, district="A"),
        row("not_published", None, district="B"),
        row("at_most", None, district="C"),
    )
    assert told(made) == []
    ruled = release(
        row("published", 1, region="R"), row("not_published", None, district="A"), row("at_most", None, district="B")
    )
    assert [each[0] for each in told(ruled)] == ["district = A", "district = B"]


def test_the_nation_by_margins_and_crossed_margins() -> None:
    crossed = {"margin": "region × sex"}
    rows = [row("published", 20), row("published", 12, region="R"), row("published", 8, region="S"), row("published", 11, sex="1"), row("published", 9, sex="2"),
            row("published", 10, region="R", sex="1") | crossed, row("at_most", None, region="R", sex="2") | crossed, row("at_most", None, region="S", sex="1") | crossed,
            row("published", 7, region="S", sex="2") | crossed]  # fmt: skip
    assert told(release(*rows)) == [
        ("region = R, sex = 2", "cases", 2.0, 2.0),
        ("region = S, sex = 1", "cases", 1.0, 1.0),
    ]
    # Columns crossed in another order are the same cells.
    turned = [each | {"margin": "sex × region"} if " × " in each["margin"] else each for each in rows]
    assert told(release(*turned)) == told(release(*rows))


@pytest.mark.parametrize(
    ("inner", "outer", "people", "found"),
    [(20, 23, 300, True), (20, 25, 300, False), (20, 20, 300, False), (20, 30, 360, True), (20, 30, 350, False), (20, 23, 400, False)],
)  # fmt: skip
def test_who_is_in_one_subpopulation_and_not_in_another(inner: int, outer: int, people: int, found: bool) -> None:
    """Of 400 people in the wider one: fewer than five cases more, or fewer than fifty people more with cases among them."""
    wide, narrow = (
        release(row("published", outer), where="age >= 18"),
        release(row("published", inner) | {"n": people}, where="age >= 25"),
    )
    between = [each for each in told(wide, narrow) if each[1] == "cases between"]
    assert between == ([("all", "cases between", outer - inner, outer - inner)] if found else [])


def test_other_outcomes_periods_and_quantities_are_not_compared() -> None:
    wide = release(row("published", 23), where="age >= 18")
    narrow = release(row("published", 20) | {"n": 300}, where="age >= 25")
    assert told(wide, narrow)
    other = release(row("published", 20) | {"n": 300, "outcome": "other"}, where="age >= 25")
    assert told(wide, other) == []
    later = replace(narrow, tables=(replace(narrow.tables[0], reference_period="2023"),))
    earlier = replace(wide, tables=(replace(wide.tables[0], reference_period="2022"),))
    assert told(earlier, later) == []
    assert told(wide, later)
    for change in ({"basis": "model"}, {"term": "x"}, {"quantity": "mean"}):
        assert told(wide, release(row("published", 20) | {"n": 300} | change, where="age >= 25")) == []
    assert list(derived([wide]).columns) == list(COLUMNS)


def test_a_model_of_a_withheld_area_is_named_with_its_value() -> None:
    model = row("published", 9, district="B") | {"basis": "model", "cases": None, "value": 0.01}
    both = Release(
        name="r",
        tables=(*table("at_most", 4).tables, KnownTable(name="m", frame=pd.DataFrame([model]))),
        geography=table("at_most", 4).geography,
    )
    assert [each for each in told(both) if each[1] == "model"] == [("district = B", "model", 0.01, 0.01)]
    printed = row("published", 9, district="A") | {"basis": "model", "cases": None, "value": 0.01}
    open_ = Release(
        name="r",
        tables=(*table("at_most", 4).tables, KnownTable(name="m", frame=pd.DataFrame([printed]))),
        geography=table("at_most", 4).geography,
    )
    assert not [each for each in told(open_) if each[1] == "model"]


@pytest.mark.parametrize(
    ("value", "se", "half"), [(4800.0, 630.0, 5.0), (4801.0, 630.0, 0.5), (4800.0, float("nan"), 0.5), (4800.0, 0.0, 0.5), (0.0123, float("nan"), 5e-5), (1e20, float("nan"), 5e19), (12.5, float("nan"), 0.05)]
)  # fmt: skip
def test_half_of_the_last_digit(value: float, se: float, half: float) -> None:
    assert half_digit(value, se) == pytest.approx(half)


# Earlier releases


def made(*, crossed: bool, margins: bool = False) -> fl.Estimates:
    """Six hundred people of two regions; three women of the first are cases, so are twenty men of it."""
    rng = np.random.default_rng(5)
    people = pd.DataFrame(
        {
            "region": np.repeat(["R0", "R1"], 300),
            "sex": np.tile([1, 2], 300),
            "ea": np.arange(600) // 10,
            "w": rng.uniform(1, 3, 600),
        }
    )
    position = people.groupby(["region", "sex"]).cumcount()
    cases = {("R0", 1): 20, ("R0", 2): 3, ("R1", 1): 15, ("R1", 2): 16}
    people["fl"] = [
        float(at % 7 == 0 and at // 7 < cases[region, sex])
        for at, region, sex in zip(position, people["region"], people["sex"], strict=True)
    ]
    by: Any = ["region", "sex"] if crossed else [["region"], ["sex"]] if margins else [["region"]]
    return fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), by=by)


@pytest.mark.parametrize("margins", [False, True])
def test_a_region_is_not_printed_where_its_parts_but_a_few_were(margins: bool) -> None:
    """An earlier release has men and women of each region; 23 less the 20 men are the three women that it hid."""
    before = fl.publish(made(crossed=True))
    crossed = before.to_frame().set_index(["region", "sex"])
    assert crossed["cases"].to_dict()["R0", 1] == 20
    assert crossed["publication"].to_dict()["R0", 2] == "at_most"

    def regions(**more: Any) -> pd.DataFrame:
        frame = fl.publish(made(crossed=False, margins=margins), **more).to_frame()
        return frame[frame["margin"] == "region"].set_index("region")

    assert regions()["cases"].to_dict()["R0"] == 23
    now = regions(previous=[before])["publication"].to_dict()
    assert now == {"R0": "not_published", "R1": "not_published"}  # the nation less the second would be the first


def known(*rows: dict[str, Any], by: tuple[str, ...] = ("region", "sex")) -> Release:
    frame = pd.DataFrame([{**row("published", None), "region": None, "sex": None, **each} for each in rows])
    return Release(name="before", tables=(KnownTable(name="p", by=by, frame=frame),))


@pytest.mark.parametrize(("printed", "shown"), [(20.0, False), (None, True)])
def test_a_finer_cell_that_was_printed_binds_the_region_that_it_divides(printed: float | None, shown: bool) -> None:
    """The other part is told of by its status alone: with the first printed the region would give its three away."""
    crossed = {"margin": "region × sex", "region": "R0", "outcome": "fl", "n": 150}
    earlier = known(
        row("published" if printed else "not_published", printed) | crossed | {"sex": "1"},
        row("at_most", None) | crossed | {"sex": "2"},
    )
    now = fl.publish(made(crossed=False), previous=[earlier]).to_frame()
    status = now[(now["region"] == "R0").fillna(False)]["publication"].iloc[0]
    assert (status == "published") is shown


def test_releases_are_taken_as_they_are_given() -> None:
    one = known(row("published", 20.0))
    assert as_release(one) is one
    published = fl.publish(
        replace(made(crossed=False), reference_period="2022"), rule=fl.SuppressionRule(min_n=60, min_cases=7)
    )
    given = as_release(published, 3)
    assert (given.name, given.min_n, given.min_cases) == ("previous 3", 60, 7)
    assert [(each.name, each.by, each.reference_period) for each in given.tables] == [
        (published.tables[0].name, ("region",), "2022")
    ]
    for periods, count in ((["2022"], 1), (["2023"], 0), (["2023", ""], 1), (["2023", "2022"], 1)):
        assert len(known_tables([published], periods)) == count
    assert len(known_tables([one], ["2023"])) == 1
    for wrong in (3, SimpleTables()):
        with pytest.raises(fl.FlError, match="FL-PUB-40"):
            as_release(wrong)
    assert where_of([SUBPOPULATION.assume(where="age >= 18")]) == "age >= 18"
    assert where_of([]) == ""
    assert KnownTable(name="x", frame=pd.DataFrame()).assumptions == ()
    assert KnownTable(name="x", where="a > 1", frame=pd.DataFrame()).assumptions == (
        SUBPOPULATION.assume(where="a > 1"),
    )


class SimpleTables:
    tables: tuple[Any, ...] = ()


def test_a_folder_says_which_districts_lie_in_which_regions() -> None:
    people = pd.DataFrame(
        {
            "district": ["a", "b", "c"] * 4,
            "region": ["N", "N", "S"] * 4,
            "ea": np.arange(12) // 2,
            "fl": [1.0, 0, 0] * 4,
        }
    )
    both = fl.estimate_prevalence(
        people, "fl", design=fl.Design(psu="ea", unweighted=True), by=[["district"], ["region"]]
    )
    assert geography([both, estimates({})]) == {"district": {"region": {"a": "N", "b": "N", "c": "S"}}}


# Lists


def histories(**counts: int) -> fl.CaptureHistories:
    """By members: a=60 on the first list only, ab=3 on both."""
    names = sorted({letter for key in counts for letter in key})
    rows = [{**{name: int(name in key) for name in names}, "count": count} for key, count in counts.items()]
    return fl.CaptureHistories.from_counts(pd.DataFrame(rows), lists=names)


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 60, "b": 50, "ab": 14}, []), ({"a": 60, "b": 50, "ab": 3}, ["ab", "b"]), ({"a": 60, "b": 50, "c": 40, "ab": 4, "ac": 3, "bc": 9, "abc": 8}, ["ab", "abc", "ac"]),
        ({"a": 60, "b": 50, "c": 40, "ab": 4, "ac": 1, "bc": 9, "abc": 8}, ["ab", "ac"]), ({"a": 60, "b": 50, "c": 40, "ab": 20, "bc": 19, "abc": 8}, ["abc", "ac"]),
    ],
)  # fmt: skip
def test_which_overlaps_are_printed(counts: dict[str, int], hidden: list[str]) -> None:
    """One alone would be the rest of all who were observed, and two of which both must be few, or none, are hidden with a third."""
    frame, full, flags = printable(histories(**counts), 5)
    names = [name for name in frame.columns if name != "count"]
    said = sorted(
        "".join(name for name in names if record[name])
        for record in frame.to_dict("records")
        if np.isnan(record["count"])
    )
    assert said == hidden
    assert full.sum() == sum(counts.values())
    assert flags.sum() == len(hidden)
    assert len(frame) == 2 ** len(names) - 1


def test_of_many_lists_hidden_overlaps_are_not_listed() -> None:
    names = "abcdefg"
    counts = {name: 40 + position for position, name in enumerate(names)} | {"ab": 9, "abc": 2, "cd": 3}
    frame, full, flags = printable(histories(**counts), 5)
    assert frame["count"].notna().all()
    assert len(frame) == (~flags).sum()
    assert len(full) == 2**7 - 1


def test_figures_that_stay_whatever_is_hidden() -> None:
    given = histories(a=600, b=500, c=400, ab=90, ac=80, bc=70, abc=30)
    frame, counts, hidden = printable(given, 5)
    assert frame["count"].notna().all()
    assert steady(given, counts, hidden) == {"independence", "two_way", "stepwise"}
    few = histories(a=60, b=50, c=40, ab=4, ac=1, bc=9, abc=8)
    _, counts, hidden = printable(few, 5)
    assert steady(few, counts, hidden) < {"independence", "two_way", "stepwise"}
    assert [rough(value) for value in (4388.0, 91.3, 0.0, -0.01234, float("inf"))] == [
        4400.0,
        91.0,
        0.0,
        -0.012,
        float("inf"),
    ]


def test_figures_are_computed_again_of_thirty_tables_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight hidden histories are moved into each other in 56 ways; every table has as many people."""
    names = ["a", "b", "c", "d"]
    rows = [
        {name: at >> position & 1 for position, name in enumerate(names)} | {"count": 40 if at < 8 else 1 + at % 3}
        for at in range(1, 16)
    ]
    given = fl.CaptureHistories.from_counts(pd.DataFrame(rows), lists=names)
    _, counts, hidden = printable(given, 5)
    assert hidden.sum() == 8
    seen: list[float] = []

    def figures(of: fl.CaptureHistories) -> dict[str, tuple[float, ...]]:
        seen.append(float(of.to_frame()["count"].sum()))
        return dict.fromkeys(("independence", "two_way", "stepwise"), (1.0,))

    monkeypatch.setattr(list_overlaps, "_figures", figures)
    assert steady(given, counts, hidden) == {"independence", "two_way", "stepwise"}
    assert seen == [float(counts.sum())] * (1 + 30)


# Rules, row by row


def test_what_a_rule_says_of_a_row_by_its_basis() -> None:
    rows = estimates({}, {"region": "few"}, {"region": "small"}, {"region": "df"})
    support = Support.of([1000, 1000, 40, 1000], [10, 3, 10, 10], df=[30, 30, 30, 1])
    rule = fl.SuppressionRule()
    for basis, hard in (
        ("respondents", [False, True, True, True]),
        ("lists", [False, False, True, False]),
        ("model", [False, True, True, False]),
        ("figures", [False, True, True, False]),
    ):
        found = judge(rows.frame.assign(basis=basis), support, rule)
        assert found.hard.tolist() == hard, basis
    # Of figures and models of which nothing is known nothing is asked; of respondents and lists nothing passes.
    unknown = Support.unknown(4)
    assert judge(rows.frame.assign(basis="model"), unknown, rule).hard.tolist() == [False] * 4
    assert judge(rows.frame.assign(basis="figures"), unknown, rule).hard.tolist() == [False] * 4
    assert judge(rows.frame.assign(basis="lists"), unknown, rule).hard.tolist() == [True] * 4
    assert judge(rows.frame.assign(basis="of tomorrow"), unknown, rule).hard.tolist() == [True] * 4


def test_rows_of_their_own_and_what_was_published_before() -> None:
    frame = estimates({}, {"region": "N", "cases": 3}, {"region": "S", "cases": None}).frame.assign(
        publication=["published", "at_most", "published"]
    )
    assert own_support(frame, Support.of([1000, 1000, 1000], [10, 2, 5])).tolist() == [True, False, True]
    assert own_support(frame, Support.of([999, 1000, 1000], [10, 3, 5])).tolist() == [False, True, True]
    known_ = published_support(frame, [True, True, True])
    assert known_.respondents.tolist() == [1000, 1000, 1000]
    assert known_.cases.tolist() == [10, 3, float("inf")]
    assert np.isnan(published_support(frame, [False] * 3).respondents).all()


def test_causes_of_caution() -> None:
    rows = estimates(
        {},
        {"region": "cv", "se": 0.004},
        {"region": "df", "df": 7},
        {"region": "both", "se": 0.004, "df": 7},
        {"region": "edge", "se": 0.003, "df": 8},
    )
    reasons = [Reason(code=SAMPLER_RHAT, row=0), Reason(code=ZERO_CASES, row=1)]
    assert doubtful(reasons) == {(0, "sampler")}
    assert cautions(rows.frame, fl.SuppressionRule(), doubtful(reasons)) == ["sampler", "cv", "df", "cv df", ""]
    assert cautions(rows.frame.assign(basis="model"), fl.SuppressionRule(), frozenset()) == ["", "cv", "", "cv", ""]


def test_a_cell_is_known_whatever_its_quantity_and_order() -> None:
    frame = estimates(
        {"region": "N", "sex": 1, "margin": "region × sex"},
        {"region": "N", "sex": 1, "margin": "sex × region", "quantity": "total"},
        {"region": "N"},
        by=("region", "sex"),
    ).frame
    first, second, third = cells(frame, ("region", "sex"), [])
    assert first == second != third
    assert cells(frame, ("region", "sex"), [SUBPOPULATION.assume(where="x")])[0] != first
    assert third[3:] == (("region",), frozenset({("region", "N")}))


# Digits and words


@pytest.mark.parametrize(
    ("value", "digits", "near", "up", "down"),
    [(0.01234, 2, 0.012, 0.013, 0.012), (0.013, 2, 0.013, 0.013, 0.013), (98765.0, 2, 99000.0, 99000.0, 98000.0), (0.0, 2, 0.0, 0.0, 0.0), (-1.26, 2, -1.3, -1.26, -1.26),
     (float("inf"), 2, float("inf"), float("inf"), float("inf")), (0.0996, 2, 0.1, 0.1, 0.099), (1999.0, 1, 2000.0, 2000.0, 1000.0)],
)  # fmt: skip
def test_significant_digits(value: float, digits: int, near: float, up: float, down: float) -> None:
    assert significant(value, digits) == pytest.approx(near)
    assert raised(value, digits) == pytest.approx(up)
    assert lowered(value, digits) == pytest.approx(down)


def test_half_a_step_and_parameters() -> None:
    frame = estimates({"value": 0.0123, "se": 0.0021}, {"region": "N", "value": 0.5, "se": None}).frame
    assert half_steps(frame).tolist() == pytest.approx([5e-5, 5e-4])
    assert half_steps(frame, 1).tolist() == pytest.approx([5e-4, 5e-4])
    assert few_digits((("a", 11.523), ("b", 107.0), ("c", "wald"), ("d", 3), ("e", True), ("f", np.float64(0.456))), 2) == (
        ("a", 12.0), ("b", 107.0), ("c", "wald"), ("d", 3), ("e", True), ("f", 0.46)
    )  # fmt: skip


def test_numbers_in_words() -> None:
    assert [number(value, 1) for value in (1234.56, -0.04, -0.05, float("inf"), -float("inf"), float("nan"))] == [
        "1,234.6",
        "0.0",
        "−0.1",
        "∞",
        "−∞",
        "",
    ]
    assert (percent(0.1234, 1), percent(0.5, 0, "fr")) == ("12.3%", "50\u00a0%")
    assert (level_words(0.95), level_words(0.975)) == ("95%", "97.5%")
    assert (spread("1", "2"), spread("−1", "2"), spread("−2", "−1")) == ("1–2", "−1 – 2", "−2 – −1")
    assert joined(["a"]) == "a"
    assert joined(["a", "b"]) == "a and b"
    assert joined(["a", "b", "c"], "es") == "a, b y c"
    assert labels("sex", ["1", "2"]) == {"1": "Men", "2": "Women"}
    assert labels("sex", ["1"]) == {"1": "1"}
    assert labels("sex", ["1", "x"]) == {"1": "1", "x": "x"}
    assert labels("else", ["1", "2"]) == {"1": "1", "2": "2"}
    assert say("reason", "of_tomorrow") == "of_tomorrow"


WORDS = SurveyWording(
    unit="households",
    columns={
        "urban": ColumnWords(
            title={"*": "Place", "fr": "Lieu"}, values={"1": {"*": "Town"}, "2": {"*": "Village", "fr": "Village (fr)"}}
        ),
        "own": ColumnWords(title={"": "Of the file"}, values={"1": {"": "one of the file"}}),
        "fl": ColumnWords(title={"fr": "Travail"}),
    },
)


def test_columns_values_and_terms_are_called_by_the_survey() -> None:
    assert value_words(WORDS, "urban", [1, 2, 3], "en") == {1: "Town", 2: "Village", 3: "3"}
    assert value_words(WORDS, "urban", [2.0], "fr") == {2.0: "Village (fr)"}
    assert outcome_words(WORDS, "urban=1", "en") == "Place: Town"
    assert outcome_words(WORDS, "urban=1", "fr") == "Lieu\u00a0: Town"
    assert outcome_words(WORDS, "fl", "fr") == "Travail"
    assert outcome_words(WORDS, "fl/urban", "fr") == "Travail / Lieu"
    assert outcome_words(WORDS, "x/y", "fr") == "x/y"
    assert outcome_words(WORDS, "else=1", "en") == "else=1"
    assert term_words(WORDS, "C(urban)[T.2]", "en") == "Village"
    assert term_words(WORDS, "C(urban)[T.2]:fl", "fr") == "Village (fr) × Travail"
    assert term_words(WORDS, "C(urban)[T.9]", "en") == "Place: 9"
    assert term_words(WORDS, "nothing", "en") == "nothing"
    assert common_unit([WORDS, WORDS]) == "households"
    assert common_unit([WORDS, SurveyWording()]) == "persons"
    assert (
        quantity_words("total", "households", "en")
        == unit_words("households", "number", "en")
        != quantity_words("total", "persons", "en")
    )
    assert quantity_words("mean", "households", "en") == say("quantity", "mean", "en")


def test_labels_stand_behind_their_codes_in_files() -> None:
    made_ = replace(estimates({"urban": 1}, {"urban": 2}, by=("urban",), outcome="urban=1"), wording=WORDS)
    frame = fl.publish(made_).to_frame()
    assert frame["urban_label"].tolist() == ["Town", "Village"]
    columns = list(frame.columns)
    assert columns.index("urban_label") == columns.index("urban") + 1
    assert columns.index("outcome_label") == columns.index("outcome") + 1
    assert frame["outcome_label"].tolist() == ["Place: Town"] * 2
    assert frame["unit"].tolist() == ["households"] * 2
    assert {str(frame[name].dtype) for name in ("urban_label", "outcome_label", "unit")} == {"string"}
    plain = fl.publish(estimates({"region": "N"})).to_frame()
    assert not {"region_label", "outcome_label"} & set(plain.columns)
    assert plain["unit"].tolist() == ["persons"]


def test_a_label_stands_far_from_every_edge() -> None:
    square = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    x, y = label_point([[square]])
    # Text is wider than high: across it stands in the middle, up and down there is more room than it needs.
    assert abs(x - 5) < 0.5
    assert 2.9 < y < 7.1
    small = square / 100 + 50
    assert label_point([[small], [square]]) == (x, y)  # in the largest part
    thin = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) * np.array([1e-9, 1.0])
    assert label_point([[thin]], grid=1)[1] == pytest.approx(0.5)
    # Names are wider than high: of a long foot and an equally long stem the foot has more room for one.
    ring = np.array([[0.0, 0], [10, 0], [10, 2], [2, 2], [2, 10], [0, 10]])
    assert label_point([[ring]])[1] < 2.5


def test_a_file_of_the_first_release_is_read(tmp_path: Path) -> None:
    published = fl.publish(made(crossed=False))
    published.to_csv(tmp_path / "estimates.csv")
    (tmp_path / "manifest.json").write_text(
        '{"config": {"publish": {"rule": {"min_n": 40, "min_cases": 4}}}, "estimates": [{"name": "prevalence", "reference_period": "2022"}]}',
        encoding="utf-8",
    )
    given = read_release(tmp_path)
    assert (given.min_n, given.min_cases, given.name) == (40, 4, tmp_path.name)
    (table_,) = given.tables
    assert table_.by == ("region",)
    assert table_.frame["n"].tolist() == published.to_frame()["n"].tolist()
    for rule, expected in (('"nchs"', (30, 0)), ('"fl-default"', (50, 5))):
        (tmp_path / "manifest.json").write_text(f'{{"config": {{"publish": {{"rule": {rule}}}}}}}', encoding="utf-8")
        again = read_release(tmp_path)
        assert (again.min_n, again.min_cases) == expected
