"""Rounds and countries are other people: what is withheld in one stays so there alone, and what is made of two goes with both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.rounds import RowOrigin, rounds_of

REGIONS = ("North", "South", "East")


def figures(cases: Sequence[int], period: str, *, country: str = "", weight: float = 10.0) -> fl.Estimates:
    """Totals by region of 3 × 200 respondents in 20 areas each; so many cases in each region."""
    rows = len(REGIONS) * 200
    at = np.arange(rows)
    case = np.concatenate([(np.arange(200) % 9 == 0) & (np.arange(200) // 9 < k) for k in cases])
    frame = pd.DataFrame({"region": np.repeat(REGIONS, 200), "ea": at // 10, "w": weight, "fl": case.astype(int)})
    made = fl.estimate_total(frame, "fl", design=fl.Design(weights="w", psu="ea", expands=True), by="region")
    return made.about(country=country, reference_period=period)


def state(published: fl.PublishedEstimates, name: str) -> dict[str, str]:
    frame = published.to_frame()
    own = frame[(frame["estimate"] == name) & (frame["margin"] == "region")]
    return dict(zip(own["region"].astype(str), own["publication"], strict=True))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("", "2021"), ("", "2023"), True),
        (("", "2021"), ("", "2021"), False),
        (("", "2021"), ("", "2021-03-01 to 2021-05-31"), False),  # lies in the year
        (("", "2021-01-01 to 2021-12-31"), ("", "2021-12-31 to 2022-12-30"), False),  # one day in common
        (("", "2021-01-01 to 2021-12-31"), ("", "2022-01-01 to 2022-12-31"), True),
        (("", ""), ("", "2021"), False),
        (("AA", "2021"), ("BB", "2021"), True),
        (("AA", "2021"), ("", "2021"), False),
        (("AA", ""), ("BB", ""), True),
        (("", "wave 1"), ("", "wave 2"), True),
    ],
)
def test_who_is_known_to_be_others(one: tuple[str, str], other: tuple[str, str], *, expected: bool) -> None:
    assert RowOrigin(*one).apart(RowOrigin(*other)) is expected
    assert RowOrigin(*other).apart(RowOrigin(*one)) is expected


def test_one_file_is_of_the_same_people_at_any_time() -> None:
    assert not RowOrigin("", "2021", "a" * 64).apart(RowOrigin("", "2023", "a" * 64))
    assert RowOrigin("", "2021", "a" * 64).apart(RowOrigin("", "2023", "b" * 64))


def test_a_cell_withheld_in_one_round_is_printed_in_another() -> None:
    both = {"a": figures([9, 8, 2], "2021"), "b": figures([9, 9, 9], "2023")}
    published = fl.publish(both)
    assert state(published, "b") == dict.fromkeys(REGIONS, "published")
    assert state(published, "a")["East"] == "at_most"
    for name, made in both.items():
        alone = fl.publish({name: made}).to_frame()
        own = published.to_frame().query("estimate == @name").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone)


def test_of_one_time_it_is_withheld_in_both() -> None:
    published = fl.publish({"a": figures([9, 8, 2], "2021"), "b": figures([9, 9, 9], "2021", weight=11.0)})
    assert state(published, "b")["East"] != "published"


def test_countries_of_one_time_are_other_people() -> None:
    published = fl.publish(
        {"a": figures([9, 8, 2], "2021", country="AA"), "b": figures([9, 9, 9], "2021", country="BB")}
    )
    assert state(published, "b") == dict.fromkeys(REGIONS, "published")


def test_a_stacked_table_is_judged_round_by_round() -> None:
    both = fl.stack([figures([9, 8, 2], "2021"), figures([9, 9, 9], "2023")])
    frame = fl.publish({"both": both}).to_frame()
    regional = frame[frame["margin"] == "region"]
    assert set(regional["publication"][regional["period"] == "2023"]) == {"published"}
    # Stacked rows have no finest cells by which a limit of few cases could be made, of one round or of several.
    assert regional.query("period == '2021' and region == 'East'")["publication"].tolist() == ["not_published"]


def test_what_is_made_of_two_rounds_goes_where_a_cell_of_either_is_withheld() -> None:
    """The later figure less the change is the earlier one."""
    first, second = figures([9, 8, 2], "2021"), figures([9, 9, 9], "2023")
    change = fl.synthesis.change(first, second, correlation=0.0)
    assert change.reference_period not in ("2021", "2023")
    published = fl.publish({"a": first, "b": second, "change": change})
    assert state(published, "change")["East"] == "not_published"
    assert state(published, "b")["East"] == "published"
    turned = fl.publish({"a": figures([9, 9, 9], "2021"), "b": figures([9, 8, 2], "2023"),
                         "change": fl.synthesis.change(figures([9, 9, 9], "2021"), figures([9, 8, 2], "2023"), correlation=0.0)})  # fmt: skip
    assert state(turned, "change")["East"] == "not_published"


def test_the_change_of_the_nation_does_not_close_the_nation() -> None:
    """Both figures are printed: their difference says nothing of a region that is withheld in one of them."""
    first, second = figures([9, 8, 2], "2021"), figures([9, 9, 9], "2023")
    change = fl.synthesis.change(first.national, second.national, correlation=0.0)
    frame = fl.publish({"a": first, "b": second, "change": change}).to_frame()
    assert set(frame["publication"][frame["margin"] == ""]) == {"published"}
    assert frame[frame["estimate"] == "change"]["value"].tolist() == [80.0]  # 10 persons a case: 270 less 190


def test_what_does_not_say_its_time_goes_with_every_round() -> None:
    drafts: list[Any] = []
    for made in (figures([9, 8, 7], "2021"), figures([9, 9, 9], "2023"), figures([9, 9, 9], "")):
        drafts.append(_draft(made))
    rounds = rounds_of(drafts)
    assert [[bool(rows.all()) for rows in each] for each in rounds] == [[True, False, True], [False, True, True]]


def test_a_change_in_one_country_does_not_go_with_another() -> None:
    first, second, other = figures([9, 9, 9], "2021", country="AA"), figures([9, 9, 9], "2023", country="AA"), figures([9, 9, 2], "2021", country="BB")  # fmt: skip
    change = fl.synthesis.change(first, second, correlation=0.0)
    assert state(fl.publish({"a": first, "b": second, "c": other, "d": change}), "d")["East"] == "published"


def test_an_earlier_release_of_another_round_binds_nothing() -> None:
    before = fl.publish({"a": figures([9, 8, 2], "2021"), "b": figures([9, 9, 9], "2023")})
    later = fl.publish({"c": figures([9, 8, 2], "2025")}, previous=[before])
    pd.testing.assert_frame_equal(later.to_frame(), fl.publish({"c": figures([9, 8, 2], "2025")}).to_frame())


def _draft(made: fl.Estimates) -> Any:
    from fl_estimate.reporting.publish import _draft as draft  # pyright: ignore[reportPrivateUsage]
    from fl_estimate.reporting.publish import draft_of

    return replace(draft(draft_of("x", made), made))


def test_stacked_rounds_are_read_cell_by_cell() -> None:
    """In the order given the nation of the second round would stand under the heading of regions."""
    from fl_estimate.reporting.layout import layout

    published = fl.publish({"t": fl.stack([figures([9, 8, 7], "2021"), figures([9, 9, 9], "2023")])})
    labels = [row.label for row in layout(published.tables[0]).rows]
    assert labels[:2] == ["Whole country, 2021", "Whole country, 2023"]
    assert labels[3:] == [f"{name}, {year}" for name in sorted(REGIONS) for year in ("2021", "2023")]
