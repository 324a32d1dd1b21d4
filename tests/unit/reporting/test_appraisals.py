"""The page of an appraisal holds no small count, says every code in three languages, and its pictures show what they claim."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting.pictures.lists_figures import limits_text
from fl_estimate.reporting.pictures.palette import RULE, SERIES
from fl_estimate.words.catalogue import codes_of

SOURCE = Path(__file__).resolve().parents[3] / "src" / "fl_estimate" / "estimators" / "capture_recapture"


@cache
def appraisal(name: str = "new_orleans_5") -> cr.Appraisal:
    h = fl.datasets.load(name).about(population="Greater New Orleans", reference_period="2014-2016")
    return cr.appraise(h, replicates=40, draws=400, seed=1)


@cache
def page(language: str) -> str:
    return fl.appraisal_page(appraisal(), language=language)


def test_small_counts_are_gone_from_the_object_itself() -> None:
    published = fl.publish_appraisal(appraisal())
    counts = appraisal().histories.counts
    assert published.histories["count"].notna().sum() == (counts >= 5).sum()
    assert published.histories["count"].min() >= 5
    text = page("en")
    # Every overlap that is not printed, of those that fit the picture: whether anybody has it is not told either.
    drawn = min(len(published.histories), 30) - (counts >= 5).sum()
    assert text.count("&lt; 5") == drawn == 25


def test_the_fingerprint_of_the_file_is_gone_and_the_rest_of_what_made_it_is_not() -> None:
    told = replace(appraisal().estimates.provenance, source_sha256="e" * 64)
    published = fl.publish_appraisal(replace(appraisal(), estimates=replace(appraisal().estimates, provenance=told)))
    assert published.provenance.source_sha256 == ""
    assert published.provenance.arguments == told.arguments


def test_a_stricter_rule_hides_more_and_few_people_are_not_printed() -> None:
    strict = fl.publish_appraisal(appraisal(), rule=fl.SuppressionRule(min_cases=30))
    assert strict.histories["count"].min() >= 30
    assert np.isnan(strict.several)
    assert dict(strict.warnings)["few_on_two_lists"] == {"people": "< 30", "share": "…"}
    assert strict.protecting == 0
    assert "persons are on two lists or more: the whole" not in fl.appraisal_page(strict)
    with pytest.raises(fl.FlError, match="FL-PUB-14"):
        fl.publish_appraisal(appraisal(), rule=fl.SuppressionRule(min_n=200))


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_sentence_is_said_and_nothing_is_asked_of_any_host(language: str) -> None:
    text = page(language)
    assert not re.search(
        r"(warned|why|name|supposed|head)\.[a-z_]+", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    )
    assert "http" not in text
    assert "…" not in text
    # Overlaps are hidden: no curves of dependence, which are functions of few of them.
    assert text.count("<figure>") == 2


def test_nothing_is_left_out_where_nothing_is_hidden() -> None:
    counts = {(1, 0): 120, (0, 1): 95, (1, 1): 14}
    rows = pd.DataFrame([{"police": a, "ngo": b, "count": k} for (a, b), k in counts.items()])
    shown = fl.publish_appraisal(cr.appraise(fl.CaptureHistories.from_counts(rows, lists=["police", "ngo"]), seed=1))
    assert not shown.hides
    assert shown.several == 14
    assert len(shown.sensitivity) > 3
    assert fl.appraisal_page(shown).count("<figure>") == 4


def test_a_single_small_overlap_is_not_hidden_alone() -> None:
    """All but one are printed: with the number of people in all, what is left over would be its count."""
    counts = {(1, 0, 0): 120, (0, 1, 0): 95, (0, 0, 1): 60, (1, 1, 0): 14, (1, 0, 1): 2, (0, 1, 1): 9, (1, 1, 1): 6}
    lists = ["police", "ngo", "clinic"]
    rows = pd.DataFrame([dict(zip(lists, on, strict=True)) | {"count": k} for on, k in counts.items()])
    made = cr.appraise(fl.CaptureHistories.from_counts(rows, lists=lists), replicates=20, draws=100, seed=1)
    shown = fl.publish_appraisal(made)
    assert shown.protecting == 1
    assert sorted(shown.histories["count"].dropna()) == [9, 14, 60, 95, 120]
    assert "×" in fl.appraisal_page(shown)


def test_the_page_says_what_is_known_and_what_is_assumed() -> None:
    text, row = page("en"), appraisal().headline.to_frame().iloc[0]
    assert "What is known" in text
    assert "No data can test this" in text
    assert "no single figure is given" in text
    assert f"{row['lower']:,.0f}"[0] in text
    assert "Only 13 persons (7% of those observed)" in text
    assert "The lists cover 3 years" in text


def test_codes_of_warnings_and_of_what_rules_out_have_words() -> None:
    tree = ast.parse((SOURCE / "cautions.py").read_text(encoding="utf-8"))
    said = {
        text.value
        for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "code"
        for text in ast.walk(node.value) if isinstance(text, ast.Constant)
    }  # fmt: skip
    assert len(said) > 12
    assert {f"warned.{code}" for code in said} <= set(codes_of("appraisal"))
    rules = re.search(r"tests = \{(.*?)\n    \}", (SOURCE / "appraisal.py").read_text(encoding="utf-8"), re.DOTALL)
    assert rules is not None
    codes = set(re.findall(r'^        "([a-z_]+)":', rules[1], re.MULTILINE))
    assert len(codes) == 9
    assert {f"why.{code}" for code in codes} <= set(codes_of("appraisal"))


def test_a_method_that_is_not_counted_is_hollow() -> None:
    axes = fl.plot_methods(appraisal()).axes[0]
    hollow = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "#ffffff"]
    shown = appraisal().methods
    assert len(hollow) == (~shown["admissible"] & shown["value"].notna()).sum()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["no interval", "120 or more", "up to 340", "120 – 340"]),
        ("fr", ["sans intervalle", "120 ou plus", "jusqu’à 340", "120 – 340"]),
        ("es", ["sin intervalo", "120 o más", "hasta 340", "120 – 340"]),
    ],
)
def test_limits_that_are_missing_are_said_in_words(language: str, words: list[str]) -> None:
    limits = [(np.nan, np.nan), (120.0, np.inf), (np.nan, 340.0), (120.0, 340.0)]
    assert [limits_text(*each, language) for each in limits] == words
    shown = fl.publish_appraisal(appraisal())
    methods = shown.methods.assign(
        lower=[np.nan, *shown.methods["lower"][1:]], upper=[np.nan, *shown.methods["upper"][1:]]
    )
    methods["value"] = methods["value"].fillna(1_000.0)
    axes = fl.plot_methods(replace(shown, methods=methods), language=language).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert sum(f"({words[0]})" in text for text in texts) >= 1
    assert not any("?" in text for text in texts)


def test_overlaps_are_drawn_in_full_for_the_analyst() -> None:
    h = fl.datasets.load("uk_2013_5")
    bars: list[Any] = list(fl.plot_overlaps(h).axes[0].patches)
    assert sorted(bar.get_height() for bar in bars) == sorted(h.counts)


def test_curves_meet_at_the_model_itself() -> None:
    axes = fl.plot_sensitivity(appraisal()).axes[0]
    drawn = [np.asarray(line.get_xydata(), dtype=float) for line in axes.lines]
    at_one = [float(np.interp(1.0, points[:, 0], points[:, 1])) for points in drawn if len(points) > 2]
    assert len(at_one) == 10  # independence leaves out all ten pairs
    np.testing.assert_allclose(at_one, at_one[0])


def test_the_widest_curves_are_named_and_the_others_are_grey() -> None:
    """There are four colours: the four interactions that move the figure furthest have one each, and their name at their end."""
    axes = fl.plot_sensitivity(appraisal()).axes[0]
    curves = [line for line in axes.lines if len(np.asarray(line.get_xdata())) > 2]
    spans = [float(np.ptp(np.asarray(line.get_ydata(), dtype=float))) for line in curves]
    colours = [str(line.get_color()) for line in curves]
    widest = set(np.argsort(spans)[-4:].tolist())
    assert colours == [c if n in widest else RULE for n, c in enumerate(colours)]
    assert sorted(colours[n] for n in widest) == sorted(SERIES)
    assert {str(curves[n].get_linestyle()) for n in range(len(curves)) if n not in widest} == {"-"}
    assert {str(curves[n].get_linestyle()) for n in widest} != {"-"}
    names = {text.get_text() for text in axes.texts}
    assert len(names) == 4


def test_overlaps_hidden_for_others_sake_are_counted() -> None:
    """One overlap is of two people, and alone it would follow from the sum: the next smallest, of just five, goes with it."""
    true: dict[tuple[int, ...], int] = {
        (1, 0, 0): 40,
        (0, 1, 0): 30,
        (0, 0, 1): 20,
        (1, 1, 0): 10,
        (1, 0, 1): 5,
        (0, 1, 1): 12,
        (1, 1, 1): 2,
    }
    members, counts = np.array(list(true), dtype=np.int8), np.array(list(true.values()), dtype=float)
    lists = fl.CaptureHistories(lists=("A", "B", "C"), members=members, counts=counts)
    published = fl.publish_appraisal(cr.appraise(lists, replicates=20, draws=200, seed=1))
    rows = published.histories
    hidden = [
        true[tuple(int(x) for x in row)] for row in rows.loc[rows["count"].isna(), ["A", "B", "C"]].to_numpy().tolist()
    ]
    assert sorted(hidden)[:2] == [2, 5]
    assert published.protecting == sum(count >= 5 for count in hidden)


def test_a_title_that_is_given_stands_on_the_page_and_else_its_own() -> None:
    assert "<title>Three teams</title>" in fl.appraisal_page(appraisal(), title="Three teams")
    assert "<title>" in page("fr")
    assert re.findall(r"<title>(.*?)</title>", page("fr")) != re.findall(r"<title>(.*?)</title>", page("en"))


def test_a_page_on_disk_is_the_same(tmp_path: Path) -> None:
    published = fl.publish_appraisal(appraisal())
    assert published.to_html(tmp_path / "page.html").read_text(encoding="utf-8") == page("en")
    assert published.lists == ("A", "BEFG", "C", "D", "H")


def test_what_is_no_appraisal_is_refused() -> None:
    for call in (fl.publish_appraisal, fl.plot_methods, fl.plot_sensitivity, fl.plot_overlaps):
        with pytest.raises(fl.FlError, match="FL-PUB-13"):
            call(pd.DataFrame())  # type: ignore[arg-type]
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        fl.appraisal_page(appraisal(), language="de")


def test_lists_without_an_admissible_method_say_so() -> None:
    shut = appraisal()
    none = shut.methods.assign(admissible=False)
    headline = shut.headline.to_frame().assign(lower=np.nan, upper=np.nan)
    made = replace(shut, methods=none, headline=replace(shut.headline, frame=headline))
    assert "No method gives an estimate" in fl.appraisal_page(made)
    assert "no method gives an admissible estimate" in repr(made)


def test_lists_may_be_called_anything() -> None:
    frame = fl.datasets.load("uk_2013_5").to_frame()
    odd = {"LA": "a, b", "NG": "c:d", "PFNCA": "e = 2", "GO": "<b>", "GP": "main"}
    h = fl.CaptureHistories.from_counts(frame.rename(columns=odd), lists=list(odd.values()))
    made = cr.appraise(h, replicates=20, draws=100, seed=1)
    curves = fl.publish_appraisal(made).sensitivity
    assert curves["interaction"].nunique() * 7 == len(curves)
    text = fl.appraisal_page(made)
    assert "&lt;b&gt;" in text
    assert "<b>, " not in text
