"""Every row says of what country, source and time it speaks and what it counts; who names a column so keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.results.columns import CONTEXT, HEAD, TAIL
from tests.unit.study.made import MAPPING, people

RESPONDENTS = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 1], "country": list("AABBBB")})
DESIGN = fl.Design(psu="ea", unweighted=True)


@pytest.fixture
def survey(tmp_path: Path) -> Any:
    (tmp_path / "m.toml").write_text(MAPPING.replace("[reference_period]", 'country = "XX"\n[reference_period]'))
    people().to_csv(tmp_path / "people.csv", index=False)
    return fl.load(tmp_path / "people.csv", mapping=tmp_path / "m.toml")


def test_what_a_mapping_says_stands_in_every_row(survey: Any) -> None:
    frame = fl.estimate_total(survey, "case", by="region").to_frame()
    assert list(frame.columns) == [*CONTEXT, *HEAD, "region", *TAIL]
    told = frame[list(CONTEXT)].drop_duplicates().to_numpy().tolist()
    assert told == [["XX", "people.csv", "2023-01-01 to 2023-12-31", "persons"]]


def test_what_nobody_said_is_empty() -> None:
    made = fl.estimate_prevalence(RESPONDENTS, "fl", design=DESIGN)
    assert made.to_frame()[list(CONTEXT)].to_numpy().tolist() == [["", "", "", "persons"]]


def test_a_call_says_what_a_frame_does_not() -> None:
    made = fl.estimate_prevalence(RESPONDENTS, "fl", design=DESIGN)
    told = made.about(country="XX", source="labour force survey", reference_period="2023")
    assert told.to_frame()[list(CONTEXT)].to_numpy().tolist() == [["XX", "labour force survey", "2023", "persons"]]
    assert told.reference_period == "2023"
    assert told.value == made.value
    assert told.about(country="YY").to_frame()["period"].tolist() == ["2023"]


def test_a_by_column_of_such_a_name_stands_in_its_place() -> None:
    made = fl.estimate_prevalence(RESPONDENTS, "fl", design=DESIGN, by="country")
    frame = made.to_frame()
    assert list(frame.columns) == ["source", "period", "unit", *HEAD, "country", *TAIL]
    assert frame["country"].astype("string").fillna("").tolist() == ["", "A", "B"]
    assert made["B"].value == 0.5
    assert made.about(country="XX").to_frame()["country"].tolist()[1:] == ["A", "B"]


def test_it_is_saved_and_read(tmp_path: Path, survey: Any) -> None:
    made = fl.estimate_total(survey, "case")
    read = fl.Estimates.read(made.save(tmp_path / "total.parquet"))
    pd.testing.assert_frame_equal(read.to_frame(), made.to_frame())
    assert read.wording.country == "XX"


def test_what_is_made_of_a_result_speaks_of_the_same(survey: Any) -> None:
    shares = fl.estimate_prevalence(survey, "case")
    for made in (shares.per_thousand(), shares.persons(1e6), next(iter(shares)), fl.stack([shares, shares])):
        assert made.to_frame()["country"].eq("XX").all()
        assert made.to_frame()["period"].eq("2023-01-01 to 2023-12-31").all()


def test_figures_of_two_countries_name_both() -> None:
    weighted = fl.Design(psu="ea", weights="w", expands=True)
    one, other = (
        fl.estimate_total(RESPONDENTS.assign(w=10.0), "fl", design=weighted).about(country=name, source=name.lower())
        for name in ("AA", "BB")
    )
    both = fl.synthesis.add({"one": one, "other": other})
    assert both.to_frame()[["country", "source"]].drop_duplicates().to_numpy().tolist() == [["AA, BB", "aa, bb"]]


def test_published_rows_begin_with_it(tmp_path: Path, survey: Any) -> None:
    published = fl.publish({"total": fl.estimate_total(survey, "case", by="region")})
    frame = pd.read_csv(published.to_csv(tmp_path / "t.csv"))
    assert list(frame.columns)[:6] == ["estimate", *CONTEXT, "quantity"]
    assert frame["country"].eq("XX").all()
    assert frame["source"].eq("people.csv").all()


def test_it_is_shown_only_where_rows_differ(survey: Any) -> None:
    made = fl.estimate_total(survey, "case")
    assert "people.csv" not in repr(made)
    assert "persons" not in repr(made).splitlines()[1]
