"""Imputed figures stand beside their bounds, and tell nothing that figures of the answers as given may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.layout import layout
from fl_estimate.results.beside_bounds import beside_bounds
from fl_estimate.results.estimates import Estimates
from tests.unit.estimators.drawn_people import Drawn, drawn_people

REGIONS = {"A": (300, 40, 12), "B": (300, 30, 9), "C": (300, 50, 10), "Z": (80, 3, 6)}
"""Respondents, cases and undetermined people; Z has fewer cases than a rule prints."""
PEOPLE = drawn_people()


def planted(regions: dict[str, tuple[int, int, int]] = REGIONS, *, draws: int = 10) -> Drawn:
    """Regions with so many cases; half of the undetermined, or more in Z, are cases in a draw."""
    rng = np.random.default_rng(8)
    parts: list[pd.DataFrame] = []
    for region, (n, cases, unknown) in regions.items():
        row = np.arange(n)
        surely = (row < cases).astype(int)
        possible = (row < cases + unknown).astype(int)
        order = rng.permutation(n)
        parts.append(
            pd.DataFrame({
                "region": region, "w": 80.0 + row % 9, "ea": [f"{region}{k % 10}" for k in row], "stratum": region,
                "fl": surely[order], "fl_possible": possible[order], "fl_in_scope": 1,
            })
        )  # fmt: skip
    people = pd.concat(parts, ignore_index=True)
    open_ = (people["fl_possible"] - people["fl"]).to_numpy()[:, None] == 1
    chance = np.where(people["region"] == "Z", 0.8, 0.5)[:, None]
    made = np.where(open_, rng.random((len(people), draws)) < chance, people[["fl"]].to_numpy()).astype(np.int8)
    return Drawn(people=people, drawn={"fl": made}, draws=draws)


def by(drawn: Drawn, unknown: Any, region: Any = "region", **more: Any) -> Estimates:
    return fl.estimate_prevalence(drawn, "fl", by=region, unknown=unknown, **more)


def rows(published: fl.PublishedEstimates, table: str) -> pd.DataFrame:
    return next(each.frame for each in published.tables if each.name == table)


def test_an_imputed_figure_is_not_published_alone() -> None:
    imputed = by(PEOPLE, "impute")
    with pytest.raises(fl.FlError, match="FL-PUB-47"):
        fl.publish(imputed)
    with pytest.raises(fl.FlError, match="FL-PUB-47"):
        fl.publish({"imputed": imputed.per_thousand(), "nation alone": by(PEOPLE, "bounds", None)})
    both = fl.publish({"imputed": imputed.per_thousand(), "bounds": by(PEOPLE, "bounds")})
    assert (rows(both, "imputed")["publication"] == "published").all()


OTHER = replace(PEOPLE, design=fl.Design(weights="w", psu="ea", expands=True))


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (by(OTHER, "bounds"), "another design"),
        (by(PEOPLE, "bounds", design=fl.Design(psu="ea", strata="stratum", unweighted=True)), "another design"),
        (replace(by(PEOPLE, "bounds"), population="adults"), "another population"),
        (replace(by(PEOPLE, "bounds"), reference_period="2020"), "another reference period"),
        (fl.estimate_total(PEOPLE, "fl", by="region", unknown="bounds"), "another unit"),
        (
            replace(by(OTHER, "bounds"), reference_period="2020"),
            "another design, reference period",
        ),
    ],
)  # fmt: skip
def test_bounds_of_another_question_are_none(bounds: Estimates, said: str) -> None:
    """The same cells, and yet not the bounds of these figures: whoever reads them side by side is misled."""
    with pytest.raises(fl.FlError, match="FL-PUB-48") as raised:
        fl.publish({"imputed": by(PEOPLE, "impute"), "bounds": bounds})
    assert said in str(raised.value)


def test_bounds_of_another_outcome_or_scope_are_none_either() -> None:
    for bounds in (
        fl.estimate_prevalence(PEOPLE, "debt", by="region", unknown="bounds"),
        by(PEOPLE, "bounds", where="age >= 18"),
    ):
        with pytest.raises(fl.FlError, match="FL-PUB-47"):
            fl.publish({"imputed": by(PEOPLE, "impute"), "bounds": bounds})


def test_of_several_bounds_one_has_to_be_its_own() -> None:
    tables = {"imputed": by(PEOPLE, "impute"), "other": by(OTHER, "bounds"), "own": by(PEOPLE, "bounds")}
    assert len(fl.publish(tables).tables) == 3


def test_stacked_figures_of_two_designs_need_the_bounds_of_both() -> None:
    both = fl.stack({"first": by(PEOPLE, "impute"), "second": by(OTHER, "impute")})
    with pytest.raises(fl.FlError, match="FL-PUB-48"):
        fl.publish({"imputed": both, "bounds": by(PEOPLE, "bounds")})
    bounds = fl.stack({"first": by(PEOPLE, "bounds"), "second": by(OTHER, "bounds")})
    assert len(fl.publish({"imputed": both, "bounds": bounds}).tables) == 2
    one = fl.stack({"imputed": by(PEOPLE, "impute"), "bounds": by(PEOPLE, "bounds")})
    assert len(fl.publish({"one": one}).tables) == 1
    crossed = fl.stack({"imputed": by(PEOPLE, "impute"), "bounds": by(OTHER, "bounds")})
    with pytest.raises(fl.FlError, match="FL-PUB-48"):
        fl.publish({"one": crossed})


def test_what_is_made_of_them_needs_no_bounds_of_its_own() -> None:
    difference = fl.contrast(by(PEOPLE, "impute"), {"region": ("North", "South")})
    model = fl.regress(PEOPLE, "fl ~ sex", unknown="impute")
    assert len(fl.publish({"difference": difference, "model": model}).tables) == 2


def test_cases_are_those_among_the_answers() -> None:
    """Z has 3 cases, and some 8 in every draw: what was drawn does not make a figure printable."""
    drawn = planted()
    published = fl.publish({"no": by(drawn, "no"), "imputed": by(drawn, "impute"), "bounds": by(drawn, "bounds")})
    for name, status in (("no", "at_most"), ("imputed", "not_published")):
        frame = rows(published, name)
        few = frame[frame["region"] == "Z"].iloc[0]
        assert few["publication"] == status, name
        assert pd.isna(few["cases"]), name
        assert pd.isna(few["value"]), name


@pytest.mark.parametrize("few", ["at_most", "withheld", "model"])
def test_a_domain_without_a_case_among_the_answers_has_no_imputed_figure(few: Any) -> None:
    drawn = planted({**REGIONS, "Z": (80, 0, 6)})
    rule = fl.SuppressionRule(name="own", few_cases=few)
    published = fl.publish({"imputed": by(drawn, "impute"), "bounds": by(drawn, "bounds")}, rule=rule)
    frame = rows(published, "imputed")
    assert frame.loc[frame["region"] == "Z", "publication"].tolist() == ["not_published"]
    assert "published" in set(frame["publication"])


def printed_cases(published: fl.PublishedEstimates) -> dict[str, set[int]]:
    """The cases that stand anywhere, by region ("" the nation)."""
    found: dict[str, set[int]] = {}
    for table in published.tables:
        for record in table.frame.to_dict("records"):
            if not pd.isna(record["cases"]):
                region = str(record.get("region", "")) if record["margin"] else ""
                found.setdefault(region, set()).add(int(record["cases"]))
    return found


@pytest.mark.parametrize("total", [False, True])
def test_no_subtraction_between_imputed_and_plain_figures(total: bool) -> None:
    """The nation less A, B and C would give the three cases of Z away, whichever of them stands in which table."""
    drawn = planted()
    function = fl.estimate_total if total else fl.estimate_prevalence
    tables = {
        "regions": fl.estimate_prevalence(drawn, "fl", by="region"),
        "nation": function(drawn, "fl", unknown="impute"),
        "nation's bounds": function(drawn, "fl", unknown="bounds"),
    }
    printed = printed_cases(fl.publish(tables))
    assert not {"", "A", "B", "C"} <= set(printed)
    tables = {
        "nation": fl.estimate_prevalence(drawn, "fl"),
        "regions": function(drawn, "fl", by="region", unknown="impute"),
        "regions' bounds": function(drawn, "fl", by="region", unknown="bounds"),
    }
    printed = printed_cases(fl.publish(tables))
    assert not {"", "A", "B", "C"} <= set(printed)
    assert "Z" not in printed


def test_what_an_earlier_release_printed_of_imputed_figures_is_known() -> None:
    """First the nation is released imputed, with its cases; then regions: one of those beside Z must go."""
    drawn = planted()
    first = fl.publish({"nation": by(drawn, "impute", None), "bounds": by(drawn, "bounds", None)})
    assert printed_cases(first) == {"": {123}}
    second = fl.publish({"regions": by(drawn, "no").select(margin="region")}, previous=[first])
    assert not {"A", "B", "C"} <= set(printed_cases(second))
    alone = fl.publish({"regions": by(drawn, "no").select(margin="region")})
    assert {"A", "B", "C"} <= set(printed_cases(alone))


def test_the_audit_takes_what_was_imputed_as_known() -> None:
    """An imputed figure of no case among the answers contradicts nothing that the audit knows (its sum of cases is 0)."""
    drawn = planted({**REGIONS, "Z": (300, 0, 40)})
    rule = fl.SuppressionRule(name="own", min_cases=0)
    tables = {"imputed": by(drawn, "impute"), "bounds": by(drawn, "bounds")}
    frame = rows(fl.publish(tables, rule=rule), "imputed")
    assert (frame["publication"] != "not_published").all()


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_in_words(language: str) -> None:
    both = beside_bounds(by(PEOPLE, "impute"), by(PEOPLE, "bounds"))
    published = fl.publish({"prevalence": both})
    sheet = layout(published.tables[0], language)
    words = {"en": "imputed", "fr": "imputés", "es": "imputados"}[language]
    assert [row.cells["bound"] for row in sheet.rows if row.cells][0::4] == [words] * 3
    share = {"en": "9.90%", "fr": "9,90\u00a0%", "es": "9,90\u00a0%"}[language]
    assert sum(share in note for _, note in sheet.notes) == 1
    said = headline(published, language).sentences
    value = {"en": "14.6", "fr": "14,6", "es": "14,6"}[language]
    assert sum(value in sentence for sentence in said) == 1
    html = published.table(language)
    assert html is not None


def test_the_headline_gives_the_bounds_first() -> None:
    tables = {"imputed": by(PEOPLE, "impute"), "bounds": by(PEOPLE, "bounds")}
    said = headline(fl.publish(tables)).sentences
    assert "between" in said[0]
    assert said[-1].startswith("If those who did not answer are like people who gave the same other answers")


def test_every_format_takes_them(tmp_path: Any) -> None:
    published = fl.publish({"prevalence": beside_bounds(by(PEOPLE, "impute"), by(PEOPLE, "bounds"))})
    published.to_html(tmp_path / "report.html")
    published.to_csv(tmp_path / "estimates.csv")
    published.plot(tmp_path / "picture.svg")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "were imputed 8 times" in text
    assert "several methods" not in text
    assert set(pd.read_csv(tmp_path / "estimates.csv")["bound"]) == {"imputed", "lower", "upper", "identified"}


def test_a_shifted_estimate_says_so() -> None:
    shifted = replace(PEOPLE, delta={"refusal": float(np.log(3))})
    published = fl.publish({"imputed": by(shifted, "impute"), "bounds": by(shifted, "bounds")})
    codes = [each.code for each in published.tables[0].assumptions]
    assert "imputed_not_at_random" in codes


def test_nor_is_one_that_people_outside_the_frame_were_added_to() -> None:
    curve = fl.undercoverage_curve(by(PEOPLE, "impute"), outside={"institutions": 0.03}, relative_prevalence=[1])
    with pytest.raises(fl.FlError, match="FL-PUB-47"):
        fl.publish(curve)
    both = fl.publish({"curve": curve, "bounds": by(PEOPLE, "bounds")})
    assert (rows(both, "curve")["publication"] == "published").any()
    plain = fl.undercoverage_curve(by(PEOPLE, "no"), outside=0.03, relative_prevalence=[1])
    assert (rows(fl.publish({"curve": plain}), "curve")["publication"] == "published").any()
