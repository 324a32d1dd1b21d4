"""Errors of linkage: rates that are known are taken out again, draws of links carry their doubt, and what cannot be is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault, ListsFault, PublishFault
from fl_estimate.estimators.capture_recapture import linkage_tables
from fl_estimate.inputs.histories import all_histories

NAMES = ("police", "ngo", "hotline", "hospital")


def expected(chances: tuple[float, ...], people: float) -> np.ndarray[Any, Any]:
    """The table of independent lists."""
    return people * np.prod(np.where(all_histories(len(chances)), chances, 1 - np.array(chances)), axis=1)


def histories(table: Any, lists: int) -> fl.CaptureHistories:
    names = list(NAMES[:lists])
    return fl.CaptureHistories.from_counts(
        pd.DataFrame(all_histories(lists), columns=names).assign(count=table), lists=names
    )


def two(linked: float = 80) -> fl.CaptureHistories:
    counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [520, 820, linked]})
    return fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])


def first(found: fl.Estimates) -> Any:
    return found.to_frame().iloc[0]


def twelve() -> fl.CaptureHistories:
    """Case lists of 12 people, for the walk over all public estimators."""
    return histories(np.array([3.0, 3, 2, 1, 1, 1, 1]), 3)


def few_of_linkage_corrected() -> fl.Estimates:
    return cr.linkage_corrected(twelve(), "police", "ngo", missed=0.05)


def few_of_linkage_loglinear() -> fl.Estimates:
    return cr.linkage_loglinear(twelve(), missed=0.05, replicates=20, seed=1)


def few_of_linkage_curve() -> fl.Estimates:
    return cr.linkage_curve(twelve(), missed=[0, 0.05], replicates=20, seed=1)


def few_of_pool_links() -> fl.Estimates:
    return cr.pool_links([twelve(), twelve()])


def few_of_add_unlistable() -> fl.Estimates:
    return cr.add_unlistable(cr.loglinear(twelve()), 0.2)


def test_the_examples_rest_on_twelve_people_of_lists() -> None:
    for made in (
        few_of_linkage_corrected,
        few_of_linkage_loglinear,
        few_of_linkage_curve,
        few_of_pool_links,
        few_of_add_unlistable,
    ):
        found = made()
        assert set(found.to_frame()["basis"]) == {"lists"}
        assert (found.support.respondents <= 12).all()


# --- two lists --------------------------------------------------------------------------------------------------


def test_perfect_links_give_petersens_estimate_and_its_standard_error() -> None:
    ours, plain = (
        first(cr.linkage_corrected(two(), "police", "ngo", missed=0)),
        first(cr.petersen(two(), "police", "ngo")),
    )
    assert ours["value"] == pytest.approx(plain["value"], rel=1e-12)
    # Petersen's conditions on both totals; so does the delta method when no link is in doubt.
    assert ours["se"] == pytest.approx(plain["se"], rel=1e-9)


def test_rows_are_those_of_the_people_once_links_are_right() -> None:
    frame = cr.linkage_corrected(two(), "police", "ngo", missed=0.2).to_frame()
    # 80 links of 100 people on both: 600 + 900 − 100 people.
    assert frame["value"].tolist() == pytest.approx([5400, 4000])
    assert frame["n"].tolist() == [1400, 1400]
    assert (frame["lower"].iloc[0] - frame["lower"].iloc[1]) == pytest.approx(1400)
    assert set(frame["method"]) == {"linkage-corrected"}


def test_the_variance_by_the_linkage_is_larger_than_the_multinomial_one() -> None:
    """Twelve per cent of the standard error with 15 % missed and 5 % false: the links themselves are chance."""
    asked: dict[str, Any] = {"missed": 0.15, "false_links": 0.05}
    table = pd.DataFrame({"a": [1, 1, 0], "b": [1, 0, 1], "count": [895, 1582, 1117]})
    lists = fl.CaptureHistories.from_counts(table, lists=["a", "b"])
    ours = first(cr.linkage_corrected(lists, "a", "b", **asked))["se"]
    theirs = first(cr.linkage_corrected(lists, "a", "b", variance="multinomial", **asked))["se"]
    assert ours / theirs == pytest.approx(1.116, abs=0.001)


def test_a_fifth_of_the_links_missed_is_covered_once_it_is_said() -> None:
    """150 tables of 2,000 people: no interval without the correction holds them, 93 % or more with it do."""
    generator = np.random.default_rng(5)
    chances = (0.4, 0.4)
    cells = expected(chances, 1.0)
    true = generator.multinomial(2000, np.append(cells, 1 - cells.sum()), size=150)[:, :-1].astype(float)
    tables = linkage_tables.draw_missing(true, 2, linkage_tables.record_error(0.2), generator)
    before, after = [], []
    for table in tables:
        lists = histories(table, 2)
        for missed, kept in ((0.0, before), (0.2, after)):
            row = first(cr.linkage_corrected(lists, *NAMES[:2], missed=missed))
            kept.append((row["lower"] <= 2000 <= row["upper"], row["value"]))
    assert np.mean([held for held, _ in before]) == 0
    assert np.mean([held for held, _ in after]) >= 0.93
    assert np.mean([value for _, value in before]) > 2450
    assert np.mean([value for _, value in after]) == pytest.approx(2000, rel=0.01)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"missed": -0.1}, "missed=-0.1"), ({"missed": 1.0}, "missed=1.0"), ({"missed": float("nan")}, "missed=nan"),
        ({"missed": 0.6, "false_links": 0.5}, "no more than others"), ({"missed": 0.1, "checked_missed": 0}, "checked_missed=0"),
    ],
)  # fmt: skip
def test_rates_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-340") as caught:
        cr.linkage_corrected(two(), "police", "ngo", **given)
    assert said in str(caught.value)


@pytest.mark.parametrize("equations", ["margins-kept", "ding-fienberg-cells", "di-consiglio-tuoto-cells"])
def test_lists_that_cannot_have_come_about_are_refused(equations: Any) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-341"):
        cr.linkage_corrected(two(), "police", "ngo", missed=0.1, false_links=0.3, equations=equations)
    with pytest.raises(EstimateFault, match="FL-EST-341"):
        cr.linkage_corrected(two(500), "police", "ngo", missed=0.8, equations=equations)
    with pytest.raises(EstimateFault, match="FL-EST-341"):
        cr.linkage_corrected(two(0), "police", "ngo", missed=0.1, equations=equations)


@pytest.mark.parametrize("given", [{"equations": "x"}, {"variance": "x"}, {"interval": "bca"}, {"level": 1.0}])
def test_kinds_that_there_are_not_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-30"):
        cr.linkage_corrected(two(), "police", "ngo", missed=0.1, **given)


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lists", [2, 3, 4])
def test_errors_add_up_and_are_undone(lists: int) -> None:
    one, other = linkage_tables.missing(lists, 0.1), linkage_tables.missing(lists, 0.2)
    np.testing.assert_allclose(one @ other, linkage_tables.missing(lists, 1 - 0.9 * 0.8), atol=1e-12)
    np.testing.assert_allclose(linkage_tables.missing(lists, -0.1 / 0.9) @ one, np.eye(len(one)), atol=1e-12)


def test_tables_drawn_are_the_expected_ones_on_average() -> None:
    generator = np.random.default_rng(1)
    table = np.round(expected((0.3, 0.2, 0.4), 20_000))
    lost = linkage_tables.draw_missing(np.tile(table, (200, 1)), 3, 0.1, generator).mean(axis=0)
    np.testing.assert_allclose(lost, linkage_tables.missing(3, 0.1) @ table, rtol=0.01)
    joined = linkage_tables.draw_mislinked(np.tile(table, (200, 1)), 3, 0.02, generator).mean(axis=0)
    np.testing.assert_allclose(joined, linkage_tables.mislinked(table[None], 3, 0.02)[0], rtol=0.01)


def test_list_totals_are_kept_by_every_error() -> None:
    members, table = all_histories(4), expected((0.1, 0.2, 0.15, 0.3), 3000)
    for made in (linkage_tables.missing(4, 0.2) @ table, linkage_tables.mislinked(table[None], 4, 0.03)[0]):
        np.testing.assert_allclose(made @ members, table @ members)
    assert (
        (linkage_tables.missing(4, 0.2) @ table).sum()
        > table.sum()
        > linkage_tables.mislinked(table[None], 4, 0.03).sum()
    )


# --- three lists and more ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "wrong", "within"), [(0.2, 0.0, 1e-9), (0.35, 0.0, 1e-9), (0.2, 0.03, 0.012)])
@pytest.mark.parametrize("chances", [(0.3, 0.4), (0.3, 0.2, 0.4), (0.1, 0.2, 0.15, 0.3)])
def test_errors_undone_give_the_truth_of_expected_tables(
    chances: tuple[float, ...], rate: float, wrong: float, within: float
) -> None:
    lists = len(chances)
    seen = linkage_tables.missing(lists, linkage_tables.record_error(rate)) @ expected(chances, 5000)
    seen = linkage_tables.mislinked(seen[None], lists, wrong)[0]
    found = cr.linkage_loglinear(histories(seen, lists), missed=rate, false_links=wrong, replicates=20, seed=1)
    assert first(found)["value"] == pytest.approx(5000, rel=within)
    assert abs(found.diagnostics["uncorrected"] / 5000 - 1) > 0.08
    traced = cr.linkage_loglinear(
        histories(seen, lists), missed=rate, false_links=wrong, correction="quadratic", replicates=20, seed=1
    )
    assert first(traced)["value"] == pytest.approx(5000, rel=0.058 if wrong else 0.006)


def test_two_lists_are_those_of_the_equations_and_rates_of_a_review_widen_the_interval() -> None:
    ours = first(cr.linkage_loglinear(two(), missed=0.2, replicates=400, seed=1))
    exact = first(cr.linkage_corrected(two(), "police", "ngo", missed=0.2))
    assert ours["value"] == pytest.approx(exact["value"], rel=1e-9)
    assert ours["se"] == pytest.approx(exact["se"], rel=0.15)
    reviewed: dict[str, Any] = {"missed": 0.2, "checked_missed": 100}
    wider = first(cr.linkage_loglinear(two(), replicates=400, seed=1, **reviewed))
    formula = first(cr.linkage_corrected(two(), "police", "ngo", **reviewed))
    added = wider["se"] ** 2 - ours["se"] ** 2
    assert added == pytest.approx(formula["se"] ** 2 - exact["se"] ** 2, rel=1e-3)


def test_the_rate_of_false_links_has_a_variance_too() -> None:
    asked: dict[str, Any] = {"missed": 0.1, "false_links": 0.01, "replicates": 50, "seed": 1}
    known = first(cr.linkage_loglinear(two(), **asked))
    reviewed = first(cr.linkage_loglinear(two(), checked_false=200, **asked))
    assert reviewed["se"] > known["se"]


def test_four_lists_with_missed_links_are_covered() -> None:
    """60 tables of 2,000 people; the count without the correction is a quarter too large."""
    generator = np.random.default_rng(7)
    cells = expected((0.3, 0.2, 0.4, 0.25), 1.0)
    true = generator.multinomial(2000, np.append(cells, 1 - cells.sum()), size=60)[:, :-1].astype(float)
    tables = linkage_tables.draw_missing(true, 4, linkage_tables.record_error(0.2), generator)
    held, plain = [], []
    for table in tables:
        row = first(cr.linkage_loglinear(histories(table, 4), missed=0.2, replicates=100, seed=1))
        held.append(row["lower"] <= 2000 <= row["upper"])
        plain.append(first(cr.loglinear(histories(table, 4)))["value"])
    assert np.mean(held) >= 0.9
    assert np.mean(plain) > 2400


def test_a_model_that_has_no_estimate_without_the_errors_is_refused() -> None:
    with pytest.raises(EstimateFault, match="FL-EST-342"):
        cr.linkage_loglinear(two(), missed=0.1, false_links=0.3, replicates=20)
    with pytest.raises(EstimateFault, match="FL-EST-30"):
        cr.linkage_loglinear(two(), missed=0.1, correction="cubic")  # pyright: ignore[reportArgumentType]
    with pytest.raises(EstimateFault, match="FL-EST-91"):
        cr.linkage_loglinear(two(), missed=0.1, replicates=3)


# --- curves -----------------------------------------------------------------------------------------------------


def test_the_curve_lays_both_rates_out_and_leaves_out_what_cannot_be() -> None:
    curve = cr.linkage_curve(two(), missed=[0, 0.2], false_links=[0, 0.05, 0.2])
    assert curve.diagnostics["rates"] == [[0.0, 0.0], [0.2, 0.0], [0.0, 0.05], [0.2, 0.05]]
    assert curve.diagnostics["without_estimate"] == [[0.0, 0.2], [0.2, 0.2]]
    sizes = curve.select(quantity="population_size").to_frame()
    assert sizes["value"].tolist() == pytest.approx([6750, 5400, 10260, 8100])
    assert sizes["term"].iloc[1] == "police, ngo, α = 0.8, β = 0"
    with pytest.raises(EstimateFault, match="FL-EST-343"):
        cr.linkage_curve(two(), missed=[0.1], false_links=[0.2])
    with pytest.raises(EstimateFault, match="FL-EST-340"):
        cr.linkage_curve(two(), missed=[0.1, 2.0])


def test_the_picture_has_a_line_for_each_rate_of_false_links() -> None:
    curve = cr.linkage_curve(two(), false_links=[0, 0.01])
    for language in ("en", "fr", "es"):
        axes = fl.plot_linkage(curve, language=language).axes[0]
        assert len(axes.get_lines()) == 2
        drawn: Any = axes.get_lines()[0].get_ydata()
        assert drawn[0] == pytest.approx(6750)
    with pytest.raises(PublishFault, match="FL-PUB-13"):
        fl.plot_linkage(cr.petersen(two(), "police", "ngo"))


# --- draws of links ---------------------------------------------------------------------------------------------


def linked_world(generator: np.random.Generator, chances: tuple[float, ...] = (0.3, 0.4)) -> tuple[Any, Any]:
    """Records of 2,000 people and candidate pairs whose probabilities are right: scores of two normal distributions."""
    on = generator.random((2000, len(chances))) < np.array(chances)
    parts = [
        pd.DataFrame({"person": np.flatnonzero(on[:, k]), "source_dataset": NAMES[k]}) for k in range(len(chances))
    ]
    records = pd.concat(parts, ignore_index=True)
    records["unique_id"] = [f"r{k}" for k in range(len(records))]
    pairs = []
    for k in range(len(chances)):
        for other in range(k + 1, len(chances)):
            left, right = (records[records["source_dataset"] == NAMES[position]] for position in (k, other))
            same = left.merge(right, on="person")
            pairs.append(
                pd.DataFrame({"unique_id_l": same["unique_id_x"], "unique_id_r": same["unique_id_y"], "same": 1})
            )
            size = 2 * len(same)
            pairs.append(pd.DataFrame({"unique_id_l": generator.choice(left["unique_id"], size),
                                       "unique_id_r": generator.choice(right["unique_id"], size), "same": 0}))  # fmt: skip
    named = pd.concat(pairs, ignore_index=True)
    share = named["same"].mean()
    score = generator.normal(np.where(named["same"] == 1, 1.6, -1.6), 1.0)
    named["match_probability"] = 1 / (1 + (1 - share) / share * np.exp(-3.2 * score))
    return records.drop(columns="person"), named.drop(columns="same")


def test_draws_of_links_are_pooled_into_an_interval_that_holds_the_truth() -> None:
    """12 worlds of 2,000 people: pairs above 0.9 taken as certain hold the truth in none, draws in 11 or more."""
    generator = np.random.default_rng(3)
    held, sure = [], []
    for seed in range(12):
        records, pairs = linked_world(generator)
        links = cr.draw_links(records, pairs, lists=NAMES[:2], draws=10, seed=seed)
        row = first(cr.pool_links(links))
        held.append((row["lower"] <= 2000 <= row["upper"], row["value"]))
        certain = pairs.assign(match_probability=(pairs["match_probability"] > 0.9) * 1.0)
        one = next(iter(cr.draw_links(records, certain, lists=NAMES[:2], draws=2, seed=1)))
        plain = first(cr.loglinear(one))
        sure.append((plain["lower"] <= 2000 <= plain["upper"], plain["value"]))
    assert sum(inside for inside, _ in held) >= 11
    assert np.mean([value for _, value in held]) == pytest.approx(2000, rel=0.03)
    assert sum(inside for inside, _ in sure) == 0
    assert np.mean([value for _, value in sure]) > 2400


def test_draws_hold_each_record_once_and_are_the_same_every_time() -> None:
    records, pairs = linked_world(np.random.default_rng(1), (0.3, 0.4, 0.3))
    links = cr.draw_links(pl.from_pandas(records), pl.from_pandas(pairs), lists=NAMES[:3], draws=5, seed=2)
    totals = records["source_dataset"].value_counts()
    drawn = list(links)
    assert len(links) == len(drawn) == 5
    for one in drawn:
        assert one.totals == {name: float(totals[name]) for name in NAMES[:3]}
    assert [one.content_hash for one in links] == [one.content_hash for one in drawn]
    assert len({one.content_hash for one in drawn}) > 1
    assert "r1" not in repr(links)


def test_as_many_pairs_are_linked_as_their_probabilities_sum_to() -> None:
    records, pairs = linked_world(np.random.default_rng(4))
    links = cr.draw_links(records, pairs, lists=NAMES[:2], draws=40, seed=2)
    linked = [one.frequencies[1] for one in links]
    assert np.mean(linked) == pytest.approx(pairs["match_probability"].sum(), rel=0.02)


def test_certain_links_are_those_of_exact_linkage_and_records_of_a_list_stay_apart() -> None:
    records = pd.DataFrame(
        {"unique_id": [1, 2, 3, 4, 5], "source_dataset": ["police", "police", "ngo", "ngo", "other"]}
    )
    pairs = pd.DataFrame(
        {"unique_id_l": [3, 1, 1, 1], "unique_id_r": [1, 3, 2, 5], "match_probability": [1.0, 0.2, 1.0, 1.0]}
    )
    for deduplicated, people in ((True, 3.0), (False, 2.0)):
        links = cr.draw_links(records, pairs, lists=["police", "ngo"], draws=3, deduplicated=deduplicated, seed=1)
        assert {one.n for one in links} == {people}


def test_what_the_pooled_result_says() -> None:
    records, pairs = linked_world(np.random.default_rng(2))
    links = cr.draw_links(records, pairs, lists=NAMES[:2], draws=8, seed=2).about(
        outcome="forced_labour", reference_period="2024"
    )
    pooled = cr.pool_links(links, lambda h: cr.chapman(h, *h.lists))
    frame, told = pooled.to_frame(), pooled.diagnostics
    values = np.array(told["values"])
    within = np.mean([first(cr.chapman(h, *h.lists))["se"] ** 2 for h in links])
    assert frame["value"].iloc[0] == pytest.approx(values.mean())
    assert frame["se"].iloc[0] ** 2 == pytest.approx(within + 1.125 * values.var(ddof=1))
    assert told["share_of_links"] == pytest.approx(1.125 * values.var(ddof=1) / frame["se"].iloc[0] ** 2)
    assert {"links_drawn", "everyone_can_be_listed"} <= {one.code for one in pooled.assumptions}
    assert "perfect_linkage" not in {one.code for one in pooled.assumptions}
    assert set(frame["method"]) == {"linkage-draws"}
    assert (pooled.reference_period, frame["outcome"].iloc[0]) == ("2024", "forced_labour")


def test_records_and_pairs_that_cannot_be_used_are_told_in_one_report_without_an_id() -> None:
    records = pd.DataFrame(
        {"unique_id": ["secret-1", "secret-1", "secret-3", None], "source_dataset": ["police", "police", "ngo", None]}
    )
    pairs = pd.DataFrame({"unique_id_l": ["secret-1"], "unique_id_r": ["secret-9"], "match_probability": [1.4]})
    with pytest.raises(ListsFault, match="FL-LISTS-20") as caught:
        cr.draw_links(records, pairs, lists=["police", "ngo", "hotline"])
    said = str(caught.value)
    assert "secret" not in said
    for part in ("without an id: 1", "twice: 1", "without a list: 1", "lists without a record: 1", "from 0 to 1: 1"):
        assert part in said
    with pytest.raises(ListsFault, match="FL-LISTS-21"):
        cr.draw_links(records, pairs, lists=["police", "ngo"], draws=1)
    with pytest.raises(ListsFault, match="FL-LISTS-02"):
        cr.draw_links(records, pairs, lists=["police"])
    with pytest.raises(ListsFault, match="FL-LISTS-01"):
        cr.draw_links(records, pairs, lists=["police", "ngo"], probability="p")
    with pytest.raises(ListsFault, match="FL-LISTS-03"):
        cr.draw_links("records", pairs, lists=["police", "ngo"])
    unknown = pd.DataFrame({"unique_id": [1, 2], "source_dataset": ["police", "ngo"]})
    with pytest.raises(ListsFault, match="that no record has: 1"):
        cr.draw_links(
            unknown,
            pd.DataFrame({"unique_id_l": [1], "unique_id_r": [7], "match_probability": [0.5]}),
            lists=["police", "ngo"],
        )


def test_linkages_without_an_estimate_are_counted_and_too_many_refused() -> None:
    apart, good = two(0), two()
    with pytest.raises(EstimateFault, match="FL-EST-344") as caught:
        cr.pool_links([good, apart, apart, apart], lambda h: cr.petersen(h, "police", "ngo"))
    assert "3 refused with FL-EST-36" in str(caught.value)
    pooled = cr.pool_links([good, two(90), apart], lambda h: cr.petersen(h, "police", "ngo"))
    assert pooled.diagnostics["draws_without_estimate"] == {"FL-EST-36": 1}
    assert "linkage_draws_failed" in {reason.code for reason in pooled.reasons}
    with pytest.raises(EstimateFault, match="FL-EST-345"):
        cr.pool_links([good, good], lambda h: cr.linkage_curve(h))
    with pytest.raises(EstimateFault, match="FL-EST-30"):
        cr.pool_links([good, good], level=1.5)


# --- people whom no list can meet -------------------------------------------------------------------------------


def test_six_hundred_of_two_thousand_whom_no_list_can_meet_are_covered_once_their_share_is_said() -> None:
    """200 tables of 1,400 who can be listed and 600 who cannot: none holds 2,000 before, nearly all with 20 to 40 % do."""
    generator = np.random.default_rng(9)
    cells = expected((0.4, 0.3, 0.35), 1.0)
    held_before, held_after = [], []
    for table in generator.multinomial(1400, np.append(cells, 1 - cells.sum()), size=200)[:, :-1]:
        found = cr.loglinear(histories(table, 3))
        row, more = first(found), first(cr.add_unlistable(found, (0.2, 0.4)))
        held_before.append(row["lower"] <= 2000 <= row["upper"])
        held_after.append(more["lower"] <= 2000 <= more["upper"])
    assert np.mean(held_before) == 0
    assert np.mean(held_after) >= 0.95


def test_the_assumption_gives_way_to_the_share_and_the_observed_stay_as_many() -> None:
    found = cr.chapman(two(), "police", "ngo")
    assert "everyone_can_be_listed" in {one.code for one in found.assumptions}
    more = cr.add_unlistable(found, 0.25)
    codes = {one.code for one in more.assumptions}
    assert "share_unlistable_stated" in codes
    assert "everyone_can_be_listed" not in codes
    frame = more.to_frame()
    assert frame["value"].iloc[0] - frame["value"].iloc[1] == pytest.approx(1420)
    assert frame["value"].iloc[0] == pytest.approx(first(found)["value"] / 0.75)
    assert frame["se"].iloc[0] == pytest.approx(first(found)["se"] / 0.75)
    for wrong in (1.0, -0.1, (0.4, 0.2), float("nan")):
        with pytest.raises(EstimateFault, match="FL-EST-346"):
            cr.add_unlistable(found, wrong)
    with pytest.raises(EstimateFault, match="FL-EST-347"):
        cr.add_unlistable(more.select(quantity="dark_figure"), 0.1)


def test_every_estimate_from_lists_says_that_everyone_can_be_listed() -> None:
    for found in (
        cr.petersen(two(), "police", "ngo"),
        cr.loglinear(two()),
        cr.chao(two()),
        cr.linkage_corrected(two(), "police", "ngo", missed=0.1),
    ):
        assert [str(one.code) for one in found.assumptions].count("everyone_can_be_listed") == 1


def test_an_appraisal_shows_what_missed_links_would_do() -> None:
    found = cr.appraise(two(), seed=1)
    published = fl.publish_appraisal(found)
    assert published.linkage["missed"].tolist() == [0.0, 0.05, 0.1, 0.15, 0.2, 0.3]
    assert published.linkage["value"].tolist() == [6750, 6410, 6080, 5740, 5400, 4720]
    for language, words in (
        ("en", "Everyone can be listed".lower()),
        ("fr", "toute personne peut figurer"),
        ("es", "toda persona puede figurar"),
    ):
        page = fl.appraisal_page(found, language=language)
        assert words in page.lower()
    small = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 3]})
    hidden = fl.publish_appraisal(cr.appraise(fl.CaptureHistories.from_counts(small, lists=["police", "ngo"]), seed=1))
    assert len(hidden.linkage) == 0


def test_draws_that_were_written_to_one_table_are_pooled_as_they_were() -> None:
    records = pd.DataFrame({"unique_id": range(900), "source_dataset": ["police"] * 400 + ["ngo"] * 500})
    pairs = pd.DataFrame({"unique_id_l": range(160), "unique_id_r": range(400, 560)})
    pairs["match_probability"] = np.repeat([1.0, 0.5], 80)
    links = cr.draw_links(records, pairs, lists=["police", "ngo"], draws=4, seed=1)
    frame = links.to_frame()
    assert [int(part["count"].sum()) for _, part in frame.groupby("draw")] == [int(one.n) for one in links]
    people = frame.loc[frame.index.repeat(frame["count"])].reset_index(drop=True)
    whole = fl.CaptureHistories.from_records(people, lists=["police", "ngo"], covariates=["draw"])
    for name in ("independence", "stepwise"):
        made = cr.pool_links(
            whole, name if name == "independence" else (lambda h: cr.chapman(h, *h.lists)), draw="draw"
        )
        asked = cr.pool_links(links, None if name == "independence" else (lambda h: cr.chapman(h, *h.lists)))
        numbers = ["value", "se", "lower", "upper", "df"]
        np.testing.assert_allclose(made.frame[numbers].astype(float), asked.frame[numbers].astype(float), rtol=1e-12)
    with pytest.raises(EstimateFault, match="FL-EST-430"):
        cr.pool_links(whole)
    with pytest.raises(EstimateFault, match="FL-EST-430"):
        cr.pool_links(links, draw="draw")
    with pytest.raises(EstimateFault, match="FL-EST-30"):
        cr.pool_links(links, "chao")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ListsFault, match="FL-LISTS-02"):
        links.to_frame(draw="police")
    three = fl.CaptureHistories.from_records(
        people.assign(clinic=people.index % 2), lists=["police", "ngo", "clinic"], covariates=["draw"]
    )
    chosen = cr.pool_links(three, "stepwise", draw="draw").to_frame()
    assert np.isfinite(chosen[["value", "se", "lower", "upper"]].to_numpy(dtype=float)).all()
