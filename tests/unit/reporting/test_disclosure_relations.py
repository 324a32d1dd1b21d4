"""What the audit takes readers to know: how outcomes hang together, what earlier releases bind, who is of one survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fl_estimate as fl
from fl_estimate.reporting.disclosure import audit as disclosure
from fl_estimate.reporting.disclosure.audit import audit_tables, by_people, closed_again
from fl_estimate.reporting.disclosure.kinds import columns_of, kind_of, parts_of
from fl_estimate.reporting.disclosure.known import known_rows
from fl_estimate.reporting.disclosure.rows import series_of_row, tie
from fl_estimate.reporting.disclosure.series import nested_outcomes, nesting, readings, relate, series_of
from fl_estimate.reporting.disclosure.solver import exposed
from fl_estimate.reporting.disclosure.system import SystemBuilder
from fl_estimate.reporting.disclosure.tables import AuditedTable, translate
from fl_estimate.reporting.disclosure.trees import solved
from fl_estimate.reporting.judging import cells
from fl_estimate.reporting.releases import KnownTable
from fl_estimate.results.crossing import Crossing
from tests.unit.reporting.test_disclosure_engine import INVESTMENT, shut, two_way
from tests.unit.reporting.test_disclosure_tables import BOTH, people, prevalence

N, WEIGHT = (100, 100), (1000, 2000)
FEW = ((10, 20), (50, 800))
"""Cases and their weights in two cells: ½ and 2 times what respondents of the cell weigh, so that no sum is as good as a count."""
WIDER = ((12, 25), (60, 900))
BETWEEN = ((2, 5), (10, 100))
REST = ((90, 80), (950, 1200))


def call(
    by: Sequence[str], labels: Sequence[Sequence[Any]], outcomes: Mapping[str, Any], *, n: Any = N, weight: Any = WEIGHT,
    where: str = "", undetermined: Any = 0.0, binary: bool = True,
) -> Crossing:  # fmt: skip
    """By name (cases, Σ w y) of an outcome in each cell."""
    shape = (len(outcomes), len(labels))
    return Crossing(
        by=tuple(by), labels=tuple(tuple(label) for label in labels), outcomes=tuple(outcomes),
        binary=(binary,) * len(outcomes), n=np.broadcast_to(np.array(n, dtype=float), shape),
        cases=np.array([one[0] for one in outcomes.values()], dtype=float),
        weight=np.broadcast_to(np.array(weight, dtype=float), shape),
        weighted_cases=np.array([one[1] for one in outcomes.values()], dtype=float),
        weight_in_scope=np.broadcast_to(np.array(weight, dtype=float), shape),
        undetermined=np.broadcast_to(np.array(undetermined, dtype=float), shape), where=where,
    )  # fmt: skip


def known(*calls: Crossing, nested: Any = None) -> list[str]:
    """What is entered as known of the series of these calls, in signs: k a case count, y a weighted sum."""
    draft = SystemBuilder()
    made = series_of(draft, calls)
    relate(draft, made, nesting(calls, nested))
    names: dict[int, str] = {}
    for one in made:
        for kind, ids in (("k", one.counts), ("y", one.sums)):
            for at, label in zip(ids, one.labels, strict=False):  # a quantity has no counts
                names.setdefault(at, f"{kind}.{one.outcome}{one.where}.{''.join(map(str, label))}")
    return [
        f"{low:g} ≤ {' '.join(f'{sign:+g} {names[at]}' for at, sign in terms.items())} ≤ {high:g}"
        for terms, low, high, _ in draft.rows
    ]


DISTRICTS = [("A",), ("B",)]


def district(outcomes: Mapping[str, Any], **more: Any) -> Crossing:
    return call(["district"], DISTRICTS, outcomes, **more)


def test_one_outcome_inside_another_in_either_order() -> None:
    inside = [
        "-inf ≤ +1 k.few.A -1 k.wide.A ≤ 0", "-inf ≤ +1 y.few.A -1 y.wide.A ≤ 0",
        "-inf ≤ +1 k.few.B -1 k.wide.B ≤ 0", "-inf ≤ +1 y.few.B -1 y.wide.B ≤ 0",
    ]  # fmt: skip
    assert known(district({"few": FEW, "wide": WIDER})) == inside
    assert known(district({"wide": WIDER, "few": FEW})) == inside
    # More cases in one of the cells, or fewer respondents asked about the wider one: neither is known to lie in the other.
    assert known(district({"few": FEW, "other": ((12, 15), (60, 600))})) == []
    assert known(district({"few": FEW}), district({"wide": WIDER}, n=(90, 110))) == []


def test_one_outcome_is_the_sum_of_two() -> None:
    """The wider one less the narrower is the one between, in cases and in weights, in each cell."""
    found = known(district({"few": FEW, "wide": WIDER, "between": BETWEEN}))
    sums = [line for line in found if line.count("+1") + line.count("-1") == 3]
    assert sums == [
        f"0 ≤ +1 {kind}.wide.{cell} -1 {kind}.few.{cell} -1 {kind}.between.{cell} ≤ 0" for cell in "AB" for kind in "ky"
    ]
    # The nation adds up and the cells do not: nobody knows it of the cells.
    crossed = ((3, 4), (60, 50))
    found = known(district({"few": FEW, "wide": WIDER, "between": crossed}))
    assert not [line for line in found if line.count("+1") + line.count("-1") == 3]
    # The weights add up and the cases do not.
    found = known(district({"few": FEW, "wide": WIDER, "between": ((2, 4), BETWEEN[1])}))
    assert not [line for line in found if line.count("+1") + line.count("-1") == 3]


def test_two_outcomes_make_up_everybody() -> None:
    whole = [
        "100 ≤ +1 k.few.A +1 k.rest.A ≤ 100", "1000 ≤ +1 y.few.A +1 y.rest.A ≤ 1000",
        "100 ≤ +1 k.few.B +1 k.rest.B ≤ 100", "2000 ≤ +1 y.few.B +1 y.rest.B ≤ 2000",
    ]  # fmt: skip
    assert known(district({"few": FEW, "rest": REST})) == whole
    # But for those whose class is unknown: as many as the first has.
    short = district({"few": FEW, "rest": ((85, 75), (900, 1100))}, undetermined=[[50, 100], [1, 1]])
    assert known(short) == [
        "95 ≤ +1 k.few.A +1 k.rest.A ≤ 95", "950 ≤ +1 y.few.A +1 y.rest.A ≤ 950",
        "95 ≤ +1 k.few.B +1 k.rest.B ≤ 95", "1900 ≤ +1 y.few.B +1 y.rest.B ≤ 1900",
    ]  # fmt: skip
    # Of other respondents than the first's they make up nobody.
    assert known(district({"few": FEW}), district({"rest": REST}, n=(105, 95))) == []
    # Nor where they come to what the second's weigh, or to that less the unclear of the second: they are no parts of it.
    for more in ({"weight": [[1010, 2010], WEIGHT]}, {"weight": (1100, 2100), "undetermined": [[1, 1], [100, 100]]}):
        assert all(line.startswith("-inf") for line in known(district({"few": FEW, "rest": REST}, **more)))


def test_one_outcome_under_two_names_and_over_two_columns() -> None:
    """A region of one district is that district; a column whose nesting another survey has is none of theirs."""
    calls = (
        district({"few": FEW}),
        call(["region"], [("N",)], {"few": ((30,), (850,))}, n=200, weight=3000),
    )  # fmt: skip
    lies = {"ward": {"region": {"x": "N"}}, "district": {"region": {"A": "N", "B": "N"}}}
    assert known(*calls, nested=lies) == [
        "0 ≤ +1 k.few.A +1 k.few.B -1 k.few.N ≤ 0", "0 ≤ +1 y.few.A +1 y.few.B -1 y.few.N ≤ 0",
    ]  # fmt: skip
    # Without a word of the regions what both have is the nation alone, which is the same there.
    assert known(*calls) == known(*calls, nested=lies)
    same = known(district({"few": FEW, "again": FEW}))
    assert same == []  # they are the same unknowns


def test_two_values_of_a_quantity_are_an_outcome() -> None:
    """A wage of 50, and 20 of those in forced labour: Σ w y = 50 Σ w − 30 Σ w fl, in three cells of which two are free."""
    labels = [("A",), ("B",), ("C",)]
    cases, weighted, weight = np.array([10, 20, 30]), np.array([50.0, 800, 90]), np.array([1000.0, 2000, 1500])
    fl_ = call(["d"], labels, {"fl": (cases, weighted)}, n=100, weight=weight)
    pay = call(["d"], labels, {"pay": (cases, 50 * weight - 30 * weighted)}, n=100, weight=weight, binary=False)
    for calls in ((fl_, pay), (pay, fl_)):
        found = known(*calls)
        assert len(found) == 3
        for cell, total in zip("ABC", 50 * weight, strict=True):
            (line,) = [one for one in found if f"y.pay.{cell}" in one]
            assert "+1 y.pay" in line
            assert f"+30 y.fl.{cell}" in line
            assert line.startswith(f"{total:g} ≤ ")
    # Two cells always fit.
    two = [replace(one, labels=one.labels[:2], **{name: getattr(one, name)[:, :2] for name in
           ("n", "cases", "weight", "weighted_cases", "weight_in_scope", "undetermined")}) for one in (fl_, pay)]  # fmt: skip
    assert known(*two) == []


def test_values_of_a_text_outcome_add_up_to_everybody() -> None:
    values = {
        "form=debt": ((10, 20), (50, 800)),
        "form=threat": ((5, 8), (100, 60)),
        "form=free": ((85, 72), (850, 1140)),
    }
    found = [line for line in known(district(values)) if line.count("form") == 3]
    assert found == [
        f"{total} ≤ {' '.join(f'+1 {kind}.{name}.{cell}' for name in values)} ≤ {total}"
        for cell, totals in (("A", {"k": 100, "y": 1000}), ("B", {"k": 100, "y": 2000})) for kind, total in totals.items()
    ]  # fmt: skip
    # Of two values the one is what the other leaves: it is said once. Quantities of such names are no values.
    two = {"form=debt": FEW, "form=free": REST}
    assert len(known(district(two))) == 4
    assert not [
        line for line in known(district(values, binary=False)) if line.count("form") == 3 and line.count("-1") == 0
    ]
    # Values of two questions, and such as are not all of them, do not.
    other = {name.replace("form=free", "why=free"): value for name, value in values.items()}
    short = values | {"form=free": ((85, 70), (850, 1100))}
    for wrong in (other, short):
        assert not [line for line in known(district(wrong)) if line.count("=") == 3]


def test_where_a_sample_weights_itself_nearly_a_sum_is_a_count() -> None:
    """Cases weigh 1 to 1.2 times what respondents of their cell do; one of a weight of 0 says nothing of the others."""
    labels = [("A",), ("B",), ("C",)]
    made = call(["d"], labels, {"fl": ((10, 20, 4), (100, 480, 0))}, n=100, weight=(1000, 2000, 1500))
    assert known(made) == [
        f"{low} ≤ +1 y.fl.{cell} {-by * weight:+g} k.fl.{cell} ≤ {high}"
        for cell, weight in (("A", 10), ("B", 20), ("C", 15))
        for low, by, high in (("-inf", 1.2, 0), (0, 1.0, "inf"))
        if not (cell == "C" and by == 1.0)
    ] + ["-60 ≤ +1 y.fl.C -15 k.fl.C ≤ inf"]
    assert known(district({"fl": ((10, 20), (100, 601))})) == []  # half as much again
    assert len(known(district({"fl": ((10, 20), (100, 600))}))) == 4
    # A cell of nobody has no weight to go by.
    nobody = call(["d"], labels, {"fl": ((10, 20, 0), (100, 480, 0))}, n=(100, 100, 0), weight=(1000, 2000, 0))
    assert known(nobody) == [line for line in known(made) if ".C" not in line]


def test_readings_of_one_question() -> None:
    assert readings("fl", "fl_wide")
    assert readings("fl_wide", "fl")
    assert readings("fl_strict", "fl_wide")
    assert not readings("fl", "flat")
    assert not readings("debt", "threat")
    assert not readings("a_x", "b_x")
    draft = SystemBuilder()
    made = series_of(draft, [district({"fl": FEW, "fl_wide": WIDER, "other": WIDER})])
    assert nested_outcomes(made, {}) == {("fl", "fl_wide")}
    # Of names that do not say so it is known where eight cells have it.
    for size, expected in ((8, {("few", "other")}), (7, set[tuple[str, str]]())):
        labels = [(at,) for at in range(size)]
        few, more = np.arange(1, size + 1), np.arange(1, size + 1) * 2
        each = call(["d"], labels, {"few": (few, few**2), "other": (more, more**2)}, n=100, weight=1000)
        assert nested_outcomes(series_of(SystemBuilder(), [each]), {}) == expected


# Rows that stand for themselves, and earlier releases


def test_a_row_without_finest_cells_is_one_unknown() -> None:
    key = ("fl", "", (), ("district",), frozenset({("district", "A")}))
    row = {"value": 0.25, "cases": 10, "n": 40, "quantity": "prevalence"}

    def read(**more: Any) -> tuple[Any, ...] | None:
        draft = SystemBuilder()
        made = series_of_row(draft, key, row | more)
        if made is None:
            return None
        bounds = list(zip(draft.truth, draft.lower, draft.upper, draft.integer, strict=True))
        assert made.undetermined.tolist() == [0]
        return (made.outcome, made.where, float(made.n[0]), float(made.weight[0]), float(made.weighted[0]), bounds)

    assert read() == ("fl", "", 40, 40, 10, [(10, 0, 40, True), (10, 0, 100, False)])
    assert read(cases=pd.NA) == ("fl", "", 40, 40, 10, [(10, 0, 100, False)])
    assert read(n=pd.NA) == ("fl", "", 0, 0, 0, [(10, 0, 10, True), (0, 0, 0, False)])
    assert read(quantity="total", value=500.0) == (
        "fl",
        "",
        40,
        20_000,
        500,
        [(10, 0, 40, True), (500, 0, 20_000, False)],
    )
    for nothing in ({"cases": pd.NA, "n": pd.NA}, {"cases": pd.NA, "n": 0}, {"value": np.nan}):
        assert read(**nothing) is None


def test_rows_add_up_to_the_row_that_they_divide() -> None:
    """A nation of 100 people and 25 cases by its districts: all of them are it, some of them no more, cases that exceed it nothing."""

    def rows(*districts: tuple[int, Any], nation: Any = 25, sex: bool = False) -> list[str]:
        draft, found = SystemBuilder(), dict[Any, Any]()
        given = [((), 100, nation), *(((("district", f"D{at}"),), n, k) for at, (n, k) in enumerate(districts))]
        given += [((("sex", at),), 50, k) for at, k in ((1, 10), (2, 15)) if sex]
        for by, n, k in given:
            key = ("fl", "", (), tuple(name for name, _ in by), frozenset(by))
            record = {"quantity": "prevalence", "value": 0.25 if pd.isna(k) else k / n, "cases": k, "n": n}
            found[key] = series_of_row(draft, key, record)
        tie(draft, {key: (one, [0]) for key, one in found.items()}, found)
        names = {at: f"{kind}{row}" for row, one in enumerate(found.values())
                 for kind, ids in (("k", one.counts), ("y", one.sums)) for at in ids}  # fmt: skip
        return [
            f"{low:g} ≤ {' '.join(f'{sign:+g} {names[at]}' for at, sign in terms.items())} ≤ {high:g}"
            for terms, low, high, _ in draft.rows
        ]

    whole = ["0 ≤ -1 k0 +1 k1 +1 k2 ≤ 0", "0 ≤ -1 y0 +1 y1 +1 y2 ≤ 0"]
    assert rows((40, 10), (60, 15)) == whole
    assert rows((40, 10), (60, pd.NA)) == whole[1:]
    assert rows((40, 10), (60, 15), nation=pd.NA) == whole[1:]
    assert rows((40, 10), (50, 15)) == rows((40, 10), (50, 12)) == ["-inf ≤ -1 k0 +1 k1 +1 k2 ≤ 0"]
    assert rows((40, 10), (50, 16)) == rows((40, 10), (60, 16)) == rows((40, pd.NA), (50, 5)) == []
    assert rows((60, 15), (40, 10), sex=True) == [
        *whole, "0 ≤ -1 k0 +1 k3 +1 k4 ≤ 0", "0 ≤ -1 y0 +1 y3 +1 y4 ≤ 0"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "cases", "ends"),
    [("published", 10.0, (10, 10)), ("at_most", None, (0, 10)), ("fewer_than", None, (0, 10)), ("not_published", None, None)],
)  # fmt: skip
def test_what_an_earlier_release_says_of_the_cases_of_a_cell(status: str, cases: float | None, ends: Any) -> None:
    """Ten in the data: below five, or none, is widened to them; where nothing was said nothing binds."""
    draft = SystemBuilder()
    (one,) = series_of(draft, [call(["district"], DISTRICTS, {"fl": FEW})])
    frame = pd.DataFrame([{
        "quantity": "prevalence", "outcome": "fl", "term": "", "margin": "district", "district": "A", "bound": "",
        "basis": "respondents", "value": np.nan, "se": np.nan, "n": 100, "cases": cases, "publication": status,
    }])  # fmt: skip
    parts: dict[Any, Any] = {}
    printed = known_rows(draft, [one], parts, KnownTable(name="p", by=("district",), frame=frame), 5)
    (key,) = parts
    assert parts[key] == (one, [0])
    assert printed == ({key} if cases else set())
    assert draft.rows == ([({one.counts[0]: 1.0}, *ends, -1)] if ends else [])


def test_cells_of_an_earlier_release_are_below_the_least_that_it_prints() -> None:
    draft = SystemBuilder()
    (one,) = series_of(draft, [call(["district"], DISTRICTS, {"fl": ((2, 20), (10, 800))})])
    frame = pd.DataFrame([{
        "quantity": "prevalence", "outcome": "fl", "term": "", "margin": "district", "district": "A", "bound": "",
        "basis": "respondents", "value": np.nan, "se": np.nan, "n": 100, "cases": None, "publication": "at_most",
    }])  # fmt: skip
    known_rows(draft, [one], {}, KnownTable(name="p", by=("district",), frame=frame), 5)
    assert [(low, high) for _, low, high, _ in draft.rows] == [(0, 4)]


def test_values_of_an_earlier_release_bind_within_half_their_last_digit() -> None:
    """Of a cell of Σ w = 2,000: 25.0 per cent ± 0.05 is 499 to 501, a total of 500 ± 0.5 is itself, no value is nothing."""
    key = "district"
    frames = {"quantity": "prevalence", "outcome": "fl", "term": "", "margin": key, key: "B", "bound": "",
              "basis": "respondents", "n": 100, "cases": None, "publication": "published"}  # fmt: skip
    for more, ends in (
        ({"value": 0.25, "se": 0.02}, (499, 501)), ({"value": 250.0, "se": 20.0, "quantity": "prevalence per 1,000"}, (499, 501)),
        ({"value": 500.0, "se": 50.0, "quantity": "total"}, (499.5, 500.5)), ({"value": np.nan, "se": np.nan}, None), ({"value": pd.NA, "se": pd.NA}, None),
    ):  # fmt: skip
        draft = SystemBuilder()
        (one,) = series_of(draft, [district({"fl": ((30, 20), (40, 500))})])
        before = len(draft.rows)
        known_rows(draft, [one], {}, KnownTable(name="p", by=(key,), frame=pd.DataFrame([frames | more])), 5)
        found = [(terms, low, high) for terms, low, high, _ in draft.rows[before:]]
        assert found == ([({one.sums[1]: 1.0}, *(pytest.approx(end) for end in ends))] if ends else [])


@pytest.mark.parametrize(
    ("rows", "linked"),
    [([("N", 1, 60, 10), ("N", 2, 40, 10)], True), ([("N", 1, 60, 10), ("S", 1, 50, 5), ("N", 2, 40, 10)], True),
     ([("N", 1, 60, 10), ("N", 2, 39, 10)], False), ([("N", 1, 60, 10), ("N", 2, 40, 9)], False), ([("N", 1, 60, 10)], False)],
)  # fmt: skip
def test_cells_of_an_earlier_release_add_up_to_one_of_this(rows: list[tuple[str, int, int, int]], linked: bool) -> None:
    """Of 100 people and 20 cases of region N the earlier one had men and women apart; where they are not all, nothing is said."""
    draft = SystemBuilder()
    (one,) = series_of(draft, [call(["region"], [("N",), ("S",)], {"fl": ((20, 30), (100, 800))})])
    parts: dict[Any, Any] = {
        ("fl", "", (), ("region",), frozenset({("region", name)})): (one, [position])
        for position, name in enumerate("NS")
    }
    frame = pd.DataFrame([
        {"quantity": "prevalence", "outcome": "fl", "term": "", "margin": "region × sex", "region": region, "sex": str(sex),
         "bound": "", "basis": "respondents", "value": k / n, "se": np.nan, "n": n, "cases": k, "publication": "published"}
        for region, sex, n, k in rows
    ])  # fmt: skip
    before = len(draft.rows)
    printed = known_rows(draft, [one], parts, KnownTable(name="p", by=("region", "sex"), frame=frame), 5)
    assert len(printed) == len(rows)
    found = [(terms, low, high) for terms, low, high, _ in draft.rows[before:] if -1.0 in terms.values()]
    of = [own.counts[0] for key, (own, _) in parts.items() if len(key[3]) == 2 and ("region", "N") in key[4]]
    assert found == ([({one.counts[0]: -1.0} | dict.fromkeys(of, 1.0), 0, 0)] if linked else [])


# Tables


def given_(result: fl.Estimates, *, hidden: Sequence[int] = (), frame: pd.DataFrame | None = None) -> AuditedTable:
    frame = result.frame if frame is None else frame
    size = len(frame)
    flags = np.isin(np.arange(size), list(hidden))
    nothing = np.zeros(size, dtype=bool)
    return AuditedTable(
        name="t", frame=frame, keys=cells(frame, result.by, result.assumptions), hidden=flags, at_most=nothing,
        zero=nothing, printed=np.full(size, np.nan), half=np.full(size, np.nan), crossing=result.cells,
        arguments=result.provenance.arguments,
    )  # fmt: skip


def test_how_a_figure_is_handled_follows_from_its_basis() -> None:
    for basis, way in (("lists", "apart"), ("figures", "apart"), ("model", "model"), ("of tomorrow", "support")):
        assert kind_of(basis, "prevalence").way == way
    assert kind_of("respondents", "prevalence").way == "linear"
    assert kind_of("respondents", "derived from prevalence").way == "support"
    assert kind_of("respondents", "prevalence", {"between": {"sex": [1, 2]}}).way == "parts"


def test_the_parts_that_a_recipe_names() -> None:
    """Groups of a contrast, however deep, and shares of a standardised row; arguments of these names elsewhere are words."""
    assert parts_of({"between": {"region": ["N", ["S", "E"]], "sex": (1, 2)}}) == {
        "region": frozenset({"N", "S", "E"}), "sex": frozenset({"1", "2"}),
    }  # fmt: skip
    assert parts_of({"shares": {"a": 0.4, 2: 0.6}, "standardised_by": "age"}) == {"age": frozenset({"a", "2"})}
    for words in (
        {},
        {"shares": {"a": 0.4}},
        {"standardised_by": "age"},
        {"shares": "all", "standardised_by": "age"},
        {"between": 0.001},
    ):
        assert parts_of(words) == {}


def test_the_columns_that_a_model_speaks_of() -> None:
    """Those of its formula, of its term and margin and of its by; where the recipe has no formula nobody knows."""
    row = {"term": "C(sex)[T.2]", "margin": "region"}
    assert columns_of(row, {"formula": "fl ~ age", "by": "district"}) == {
        "fl",
        "age",
        "C",
        "sex",
        "T",
        "region",
        "district",
    }
    assert columns_of({}, {"formula": "fl ~ age"}) == {"fl", "age"}
    assert columns_of(row, {}) is columns_of(row, {"formula": ""}) is None


def test_a_quantile_is_no_sum() -> None:
    """Of a table of quantiles alone no unknown is to be protected: nothing of cases and their weights is printed there."""
    made = prevalence(people())

    def targets(quantity: str) -> int:
        table = given_(made, hidden=[1], frame=made.frame.assign(quantity=quantity))
        return translate([table], min_n=50, min_cases=5).system.targets.shape[0]

    assert targets("quantile") == 0
    assert [targets(quantity) for quantity in ("prevalence", "variance")] == [2, 2]  # cases and their weights


def test_what_it_costs_to_withhold_a_cell() -> None:
    """Its respondents and one; of the nation a hundred times that, of a region ten times, of a wider reading a twentieth."""
    made = prevalence(people(), by=BOTH)
    wide = replace(made, frame=made.frame.assign(outcome="fl_wide"), cells=replace(made.cells, outcomes=("fl_wide",)))  # pyright: ignore[reportArgumentType]
    found = translate([given_(made), given_(wide)], min_n=50, min_cases=5)
    cost = {(key[0], *(value for _, value in key[4])): found.system.cost[cell] for key, cell in found.cell_of.items()}
    for outcome, times in (("fl", 1.0), ("fl_wide", 0.05)):
        assert cost[outcome,] == pytest.approx(721 * 100 * times)
        assert cost[outcome, "A"] == pytest.approx(361 * 10 * times)
        assert cost[outcome, "A1"] == pytest.approx(121 * times)


def test_readings_between_which_nobody_lies_are_both_printed() -> None:
    """In A both have 30 cases, in B the wider one has twenty more: neither tells of a few."""
    position = np.arange(1200)
    data = pd.DataFrame({
        "region": np.where(position < 600, "A", "B"), "ea": position // 20, "w": 80.0 + 10 * (position % 5),
        "fl": (position % 20 == 0).astype(int), "fl_wide": ((position % 20 == 0) | ((position > 600) & (position % 30 == 1))).astype(int),
    })  # fmt: skip
    counts = data.groupby("region")[["fl", "fl_wide"]].sum()
    assert counts.to_numpy().tolist() == [[30, 30], [30, 50]]
    design = fl.Design(weights="w", psu="ea", expands=True)
    both = [fl.estimate_prevalence(data, name, design=design, by="region") for name in counts.columns]
    assert fl.publish(both).to_frame()["value"].notna().all()


@pytest.mark.parametrize(("tells", "most"), [(False, 5), (True, 3)])
def test_of_who_is_in_one_reading_only_no_more_is_asked_than_the_status_leaves_open(tells: bool, most: float) -> None:
    """Six and eight cases: between them are two. Where a printed cell is known to have five at least, no more than three could be."""
    position = np.arange(600)
    data = pd.DataFrame(
        {"region": np.where(position < 300, "A", "B"), "ea": position // 10, "w": 80.0 + 10 * (position % 5)}
    )
    data["fl"] = (((position < 60) | (position >= 300)) & (position % 10 == 0)).astype(int)
    data["fl_wide"] = ((data["fl"] == 1) | np.isin(position, [101, 202])).astype(int)
    design = fl.Design(weights="w", psu="ea", expands=True)
    both = [given_(fl.estimate_prevalence(data, name, design=design, by="region")) for name in ("fl", "fl_wide")]
    system = translate(both, min_n=50, min_cases=5, status_tells=tells).system
    # Of the nation and of A: a count, then a weighted sum.
    assert system.high[[0, 2]].tolist() == [5, most]


def test_what_must_stay_open_of_a_withheld_cell() -> None:
    """Of few cases any number up to five; of nine, kept back for another's sake, a fifth on either side: 7 to 11."""
    made = prevalence(people())
    rows = {name: made.frame["district"].fillna("").tolist().index(name) for name in ("A1", "A2")}
    for name, ends in (("A1", (1, 5)), ("A2", (7, 11))):
        system = translate([given_(made, hidden=[rows[name]])], min_n=50, min_cases=5).system
        assert (system.low[0], system.high[0]) == ends
        weighted = float((system.targets[[1]] @ system.truth)[0])
        assert (system.low[1], system.high[1]) == pytest.approx((0.8 * weighted, 1.2 * weighted))
    # A row of a district of which the call has no cell asks for nothing.
    frame = made.frame.assign(district=made.frame["district"].replace("A1", "Z"))
    assert (
        translate([given_(made, hidden=[rows["A1"]], frame=frame)], min_n=50, min_cases=5).system.targets.shape[0] == 0
    )


@pytest.mark.parametrize(
    ("left", "cases", "kept"),
    [(60, 4, True), (60, 5, False), (60, 0, False), (40, 6, True), (40, 0, False), (50, 6, False), (0, 0, False)],
)
def test_what_lies_between_two_subpopulations_is_a_cell(left: int, cases: int, kept: bool) -> None:
    """Of two calls, one of all and one without the last people: as many respondents and cases less as are left out."""
    adults = call(["d"], [("A",)], {"fl": ((30,), (900,))}, n=300, weight=3000)
    fewer = call(
        ["d"], [("A",)], {"fl": ((30 - cases,), (900 - 30 * cases,))}, n=300 - left, weight=3000 - 10 * left, where="x"
    )
    frame = prevalence(people()).frame.iloc[:1].assign(margin="d", d="A")
    tables = [
        AuditedTable(
            name="t", frame=frame, keys=[("fl", "", where, ("d",), frozenset({("d", "A")}))], hidden=np.zeros(1, dtype=bool),
            at_most=np.zeros(1, dtype=bool), zero=np.zeros(1, dtype=bool), printed=np.full(1, np.nan), half=np.zeros(1), crossing=made, arguments={},
        )
        for made, where in ((adults, ()), (fewer, ("x",)))
    ]  # fmt: skip
    system = translate(tables, min_n=50, min_cases=5).system
    assert system.withheld.tolist() == [False, False, *[True] * kept]
    if kept:
        assert (system.low[0], system.high[0]) == (1, max(5, cases))
        assert (system.targets[[0]] @ system.truth)[0] == cases
        assert (system.targets[[1]] @ system.truth)[0] == 30 * cases
        assert system.cost[-1] == left + 1


def test_who_waits_for_an_audit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    chosen = disclosure.choose

    def choose(system: Any, **more: Any) -> Any:
        asked.append(more)
        return chosen(system, **more)

    monkeypatch.setattr(disclosure, "choose", choose)
    table = given_(prevalence(people()), hidden=[1])
    found = audit_tables([table], min_n=50, min_cases=5, seconds=40, tell=print)
    assert not found.failed
    assert [more["tell"] for more in asked] == [print]
    assert 0 < asked[0]["seconds"] <= 40


def test_the_tables_of_each_survey() -> None:
    """Two rounds with the same outcome are two; what is not told apart goes with both, and so do rows without cells."""
    first = SimpleNamespace(frame={}, crossing=district({"fl": FEW}))
    second = SimpleNamespace(frame={}, crossing=district({"fl": FEW}, weight=(1500, 2500)))
    third = SimpleNamespace(frame={}, crossing=district({"else": FEW}))
    bare = SimpleNamespace(frame={}, crossing=None)
    again = SimpleNamespace(frame={}, crossing=district({"fl": FEW}))
    where = SimpleNamespace(frame={}, crossing=district({"fl": FEW}, weight=(10, 20), where="age > 17"))

    def groups(*tables: Any) -> list[set[int]]:
        return [{tables.index(one) for one in group} for group in by_people(tables)]

    assert groups(first, second) == [{0}, {1}]
    assert groups(first, second, again) == [{0, 2}, {1}]
    assert groups(first, bare, second) == [{0, 1}, {1, 2}]
    assert groups(first, second, third) == [{0, 2}, {1, 2}]
    assert groups(third, first, second) == [{0, 1}, {0, 2}]  # an early one may be of the later survey
    assert groups(first, where) == [{0, 1}]  # a subpopulation is not another survey
    assert groups(bare) == [{0}]
    mixed: list[Any] = [first, third, second]
    assert [len(group) for group in by_people(mixed)] == [2, 2]  # no table twice


def test_of_what_was_published_before_one_margin_of_one_outcome_is_kept() -> None:
    """Where the rule withholds a cell that was printed; tables that were never published have no say, wherever they stand."""
    result = prevalence(people(), by=BOTH)
    before = given_(result, hidden=[], frame=result.frame.assign(publication="published"))
    position = list(before.frame["margin"]).index("district")
    stricter = replace(before, hidden=np.arange(len(before.frame)) == position)
    fresh = given_(prevalence(people(), "same", by="sex"))
    gone = closed_again([fresh, stricter])
    assert {key[3] for key in gone} == {(), ("region",)}
    assert closed_again([before, fresh]) == frozenset()
    # A cell that was withheld then as well tells of no other rule.
    hidden = before.frame.assign(publication=np.where(stricter.hidden, "not_published", "published"))
    assert closed_again([replace(stricter, frame=hidden)]) == frozenset()


# The solver


def test_points_that_were_found_are_kept_for_the_next_choice() -> None:
    """Each of them fits what is printed and shows something to be possible that the data are not."""
    system = two_way(INVESTMENT, [(1, 2)], 18, 26)
    withheld, seen = shut(system, 3, 6, 8), list[np.ndarray]()
    assert not exposed(system, withheld, seen=seen).any()
    assert seen
    open_ = system.active(withheld)
    for point in seen:
        said = (system.matrix @ point)[open_]
        assert (said >= system.row_lower[open_] - 1e-6).all()
        assert (said <= system.row_upper[open_] + 1e-6).all()
    held = np.array([float((system.targets @ point)[0]) for point in seen])
    assert held.min() <= 18
    assert held.max() >= 26
    again = list(seen)
    assert not exposed(system, withheld, seen=again).any()
    assert len(again) == len(seen)  # nothing had to be looked for


def test_a_hierarchy_is_one_in_whatever_order_it_is_written() -> None:
    """With a + b + c = 9 before its part a + b, which is 5 to 7: c is 2 to 4, and a is at most 6 where b has one at least."""
    rows = sparse.csr_matrix(np.array([[1.0, 1, 1], [1, 1, 0]]))
    targets = sparse.csr_matrix(np.array([[1.0, 0, 0], [0, 0, 1]]))
    found = solved(
        np.array([0.0, 1, 0]), np.full(3, 20.0), np.ones(3, dtype=bool), rows, np.array([9.0, 4.5]), np.array([9.0, 7.5]), targets,
    )  # fmt: skip
    assert found is not None
    assert found.lower.tolist() == [0, 2]
    assert found.upper.tolist() == [6, 4]
