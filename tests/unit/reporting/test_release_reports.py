"""Whole reports of what released tables give away, each row worked out by hand: all columns, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from fl_estimate.reporting.disclosure.release_audit import COLUMNS, derived
from fl_estimate.reporting.releases import Release
from tests.unit.reporting.test_releases import release, row
from tests.unit.reporting.test_what_tables_give_away import total

NAN = float("nan")
Row = tuple[str, str, str, str, str, str, float, float]
"""Release, estimate, outcome, where, cell, what, lower, upper."""


def cases(cell: str, lower: float, upper: float, *, where: str = "", what: str = "cases", name: str = "r") -> Row:
    return name, "p", "fl", where, cell, what, lower, upper


APART = (
    release(row("at_most", None, region="R"), row("published", 12, region="S"), row("at_most", None, region="T")),
    release(row("published", 3), where="region in ['R', 'T']"),
)
"""Regions of everybody, and beside them the two of few cases asked for together: three cases."""

REPORTS: dict[str, tuple[tuple[Release, ...], list[Row]]] = {
    # Nothing binds a withheld cell of an unknown number of people: it has no upper end.
    "a cell alone": ((release(row("not_published", None, region="R") | {"n": NAN}),), []),
    # Of 8 cases a withheld district of 400 has 5 at least only where others say "at most": then the one of 40 people has 3 at most.
    "withheld where nothing says at most": ((release(row("published", 8, region="R"), row("not_published", None, district="A"), row("not_published", None, district="B") | {"n": 40}),), []),
    "withheld where another says at most": (
        (release(row("published", 8, region="R"), row("not_published", None, district="A"), row("not_published", None, district="B") | {"n": 40}, row("at_most", None, district="E")),),
        [cases("district = B", 0, 3)],
    ),
    # Withheld of 60 people and more of 400: the rule's fewest people decide of which it is supposed, 50 being enough.
    "a cell of just enough people": (
        (release(row("published", 8, region="R"), row("not_published", None, district="A") | {"n": 50}, row("at_most", None, district="B")),),
        [cases("district = B", 0, 3)],
    ),
    # Fewer than two cases are nobody's secret: of 5 cases A has 4, B one; of 6 B has two.
    "one case is not told, two are": (
        (release(row("published", 10, region="R"), row("published", 9, district="A"), row("at_most", None, district="B"), row("fewer_than", None, district="C")),),
        [cases("district = B", 1, 1)],
    ),
    # The number of people of a cell is kept though another row of it does not say: 3 of 100 are between 18 and 25.
    "the narrow one first": (
        (release(row("published", 20) | {"n": 300}, where="age >= 25"), release(row("at_most", None), where="age >= 21"),
         release(row("published", 23), total("published", 900.0) | {"n": NAN}, where="age >= 18", name="s")),
        [cases("all", 3, 3, where="age >= 18 / age >= 25", what="cases between", name="s")],
    ),
    "everybody less the grown up": (
        (release(row("published", 23)), release(row("published", 20) | {"n": 300}, where="age >= 18", name="s")),
        [cases("all", 3, 3, where="all / age >= 18", what="cases between")],
    ),
    # 20 of 400 and a cell of 380 that is not printed: what lies between may be anybody.
    "an inner one that is not printed": ((release(row("at_most", None) | {"n": 380}, where="age >= 25"), release(row("published", 20), where="age >= 18")), []),
    # Thirty people more with ten cases: too few people. Thirty more without a case: nobody.
    "few people between": (
        (release(row("published", 20) | {"n": 370}, where="age >= 25"), release(row("published", 30), where="age >= 18")),
        [cases("all", 10, 10, where="age >= 18 / age >= 25", what="cases between")],
    ),
    "few people between, no case": ((release(row("published", 20) | {"n": 370}, where="age >= 25"), release(row("published", 20), where="age >= 18")), []),
    # R and T have three cases together, 0 to 3 each.
    "a table and a condition on its regions": (APART, [cases("region = R", 0, 3), cases("region = T", 0, 3)]),
    # What labels do not say, or say of no row, adds nothing and takes nothing.
    "beside conditions that are no sum of its rows": (
        (*APART, release(row("published", 7) | {"n": 90}, where="age < 18"), release(row("published", 60) | {"n": 900}, where="region == 'Z'")),
        [cases("region = R", 0, 3), cases("region = T", 0, 3)],
    ),
    # Men by region are not everybody by region.
    "the same of a subpopulation": (
        (release(*[dict(each) for each in APART[0].tables[0].frame.to_dict("records")], where="sex == 1"), APART[1]), [],  # pyright: ignore[reportArgumentType]
    ),
    # Regions A and B have 57 of all 60 cases: C, of 400 people, has three.
    "all regions but one, one by one": (
        (release(row("published", 60) | {"n": 1200}), release(row("published", 20), where="region == 'A'"), release(row("published", 37), where="region == 'B'")),
        [cases("all", 3, 3, where="all / -1 × region == 'A' / -1 × region == 'B'", what="cases between")],
    ),
    # 27 of the 30 cases of A are women: three men.
    "a row of a table and a condition inside it": (
        (release(row("published", 30, region="A"), row("published", 40, region="B")), release(row("published", 27) | {"n": 200}, where="region == 'A' and sex == 'f'"), release(row("published", 33) | {"n": 380}, where="sex == 'f'")),
        [cases("all", 3, 3, where="region == 'A' / -1 × (region == 'A' and sex == 'f')", what="cases between")],
    ),
    # Of 63 cases 30 are of A and 30 of no stated region: three are elsewhere; and of the 30 not stated three are men.
    "those whose region is not stated": (
        (release(row("published", 63) | {"n": 1200}, row("published", 30, region="A"), row("published", 30, region="nan")), release(row("published", 27) | {"n": 200}, where="missing(region) and sex == 'f'")),
        [cases("all", 3, 3, where="all / -1 × region == 'A' / -1 × missing(region)", what="cases between"),
         cases("all", 3, 3, where="missing(region) / -1 × (missing(region) and sex == 'f')", what="cases between")],
    ),
    # Withheld in one folder and printed in another: the model's row beside it tells nothing that is not printed.
    "a model beside a cell that is printed elsewhere": (
        (release(row("not_published", None, district="A"), row("published", 20, district="A") | {"basis": "model", "cases": None}), release(row("published", 20, district="A"), name="s")), [],
    ),
    # A total of 1.9 less 1.1, half a tenth each: 0.7 to 0.9 persons.
    "less than one person": (
        (release(total("published", 1.9, region="R"), total("published", 1.1, district="A"), total("not_published", None, district="B")),),
        [cases("district = B", pytest.approx(0.7), pytest.approx(0.9), what="persons")],  # pyright: ignore[reportArgumentType]
    ),
    # The prevalence of the region is printed, its total is not: that it could be added up takes nothing from anybody.
    "a printed cell without a total": (
        (release(row("published", 40, region="R"), row("published", 20, district="A"), row("published", 20, district="B"), total("published", 300, district="A"), total("published", 250, district="B")),),
        [],
    ),
    # Of 600 persons A has 300; C, whose prevalence is printed, has no total, so that B stays open.
    "a part without a total": (
        (release(total("published", 600, region="R"), total("published", 300, district="A"), total("not_published", None, district="B"), row("published", 20, district="C")),),
        [],
    ),
    # 0 ± 0.5 persons more or less: nobody, or nothing that is known within a fifth.
    "a rest of nothing": ((release(total("published", 600, region="R"), total("published", 600, district="A"), total("not_published", None, district="B")),), []),
    # A district of another region is no part of R.
    "districts of two regions": (
        (release(row("published", 23, region="R"), row("published", 20, district="A"), row("at_most", None, district="B"), row("fewer_than", None, district="C"), row("at_most", None, district="E")),),
        [cases("district = B", 3, 3)],
    ),
    # Printed twice, in two folders: each is the same cell, and its withheld row is told once, as of the first.
    "two folders of the same": (
        (release(row("published", 23, region="R"), row("published", 20, district="A"), row("at_most", None, district="B")), release(row("at_most", None, district="C"), row("fewer_than", None, district="C"), name="s")),
        [cases("district = B", 3, 3)],
    ),
    # One outcome by region, another by sex: each by itself.
    "two outcomes": (
        (release(row("published", 23), row("published", 20, region="R"), row("at_most", None, region="S"), *(each | {"outcome": "other"} for each in (row("published", 23), row("published", 20, sex="1"), row("at_most", None, sex="2")))),),
        [cases("region = S", 3, 3), ("r", "p", "other", "", "sex = 2", "cases", 3, 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_is_the_one_that_was_worked_out(name: str) -> None:
    given, wanted = REPORTS[name]
    found = derived(given)
    assert tuple(found.columns) == COLUMNS
    assert [tuple(each) for each in found.itertuples(index=False, name=None)] == wanted
    told: list[Any] = list(found.itertuples(index=False, name=None))
    assert len(set(told)) == len(told)
