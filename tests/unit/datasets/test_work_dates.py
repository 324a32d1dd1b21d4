"""Births and spells of the synthetic country: true days are coherent, and what is heard of them classifies as in the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.datasets.catalogue import SURVEY_SEED
from fl_estimate.datasets.country import Population, draw, survey, truth
from fl_estimate.datasets.work_dates import FROM, NEVER, TO, in_period, months, on_last_day

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


def test_spells_begin_before_they_end_and_some_ended_before_the_period(country: Population) -> None:
    dates, jobs = country.dates, country.jobs
    assert (dates.began <= dates.ended).all()
    assert (dates.began <= TO).all()
    assert (dates.began >= dates.born[jobs.person] + 6 * 365).all()
    before = dates.ended < FROM
    assert 0.03 < before.mean() < 0.06
    assert not in_period(dates, jobs)[before].any()
    # what goes on on the last day is of the period
    assert in_period(dates, jobs)[on_last_day(dates)].all()
    assert set(np.unique(dates.ended[dates.ended > TO])) == {NEVER}
    assert (months(dates, jobs) <= 12.0).all()


def test_ages_are_completed_years_on_the_last_day(country: Population) -> None:
    born = country.dates.born.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    assert (2023 - born == country.people.age).all()


def test_the_truth_holds_the_flow_the_stock_the_months_and_who_entered_as_a_child(country: Population) -> None:
    nation = truth(country)["national"]
    assert 0.75 < nation["forced_labour_stock"] / nation["forced_labour"] < 0.9
    assert nation["forced_labour_months"] < 12 * nation["forced_labour"]
    assert nation["forced_labour_months"] > 12 * nation["forced_labour_stock"] * 0.7
    assert 0.05 < nation["entered_as_child"] / nation["forced_labour"] < 0.2


def test_the_codes_of_a_draw_are_the_classes_of_the_file(country: Population) -> None:
    """Two readings of the same dates: days of numpy here, the library on the file that the office keeps."""
    drawn = draw(country, SURVEY_SEED).iloc[np.argsort(survey(country, SURVEY_SEED).sample.respondent)]
    data = fl.load(SAMPLE / "household.parquet", mapping=SAMPLE / "household.toml")
    people = fl.classify(data).people
    asked = people[people["selected_for_module"] == "yes"]
    names = [
        f"{name}{side}" for name in ("forced_labour", "forced_labour_stock") for side in ("", "_possible", "_in_scope")
    ]
    found, expected = asked[names].reset_index(drop=True), drawn[names].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    known = asked["forced_labour_months"].notna()
    assert known.mean() > 0.999
    assert ((asked["forced_labour_months"] > 0) <= (asked["forced_labour"] == 1))[known].all()
