"""The migrants' files, loaded, taken by episode and classified, give the classes and costs that their generator knows, person by person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.country import Population
from fl_estimate.datasets.migrants_survey import MigrantSample, draw_columns, draw_migrants
from fl_estimate.datasets.returned_migrants import COSTS, DESTINATIONS, Migrants, make_migrants, migrants_truth

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def migrants(country: Population) -> Migrants:
    return make_migrants(country)


@pytest.fixture(scope="module")
def drawn(country: Population, migrants: Migrants) -> MigrantSample:
    return draw_migrants(country, migrants, 1)


@pytest.fixture(scope="module")
def survey() -> fl.SurveyData:
    episodes = SAMPLE / "migrants_episodes.dta"
    files = {
        "people": SAMPLE / "migrants.dta",
        "costs": SAMPLE / "migrants_costs.dta",
        "episodes": episodes,
        "jobs": episodes,
    }
    return fl.load(files, mapping=SAMPLE / "migrants.toml")


@pytest.fixture(scope="module")
def people(survey: fl.SurveyData) -> Any:
    found = fl.classify(fl.by_episode(survey, "last"), ["icls2018_adult", "sdg_10_7_1"]).people
    return found[found["selected_for_module"] == "yes"]


def test_classes_are_those_of_the_generator(country: Population, migrants: Migrants, people: Any) -> None:
    known = draw_columns(country, migrants, 1)
    known = known[known["forced_labour_in_scope"] == 1]
    for name in ("forced_labour", "forced_labour_possible"):
        assert people[name].tolist() == known[name].tolist()
    assert people["destination"].tolist() == known["destination"].tolist()
    np.testing.assert_allclose(people["weight_person"], known["weight"], atol=5e-5)  # four decimals in the file
    inside = known["share_in_scope"] == 1
    assert people["recruitment_cost_share_in_scope"].tolist() == known["share_in_scope"].tolist()
    np.testing.assert_allclose(
        people["recruitment_cost_share"].to_numpy(dtype=float), known["share"].where(inside), rtol=1e-12
    )


def test_what_is_known_lies_between_surely_and_possibly(country: Population, migrants: Migrants) -> None:
    known = draw_columns(country, migrants, 7)
    true = known["forced_labour_true"]
    assert (known["forced_labour"] <= true).all()
    assert (true <= known["forced_labour_possible"]).all()
    assert known["share"].dropna().eq(known["share_true"][known["share"].notna()]).all()
    assert 0 < known["share"].isna().sum() < 0.15 * len(known)


def test_of_all_episodes_the_class_is_that_of_each(
    migrants: Migrants, drawn: MigrantSample, survey: fl.SurveyData
) -> None:
    episodes = fl.classify(fl.by_episode(survey)).people
    told = episodes[episodes["selected_for_module"] == "yes"]
    assert len(told) == len(drawn.episode)
    true = migrants.forced[drawn.episode].astype(int)
    assert (told["forced_labour"].to_numpy() <= true).all()
    assert (true <= told["forced_labour_possible"].to_numpy()).all()
    assert told["destination"].tolist() == [DESTINATIONS[position] for position in migrants.destination[drawn.episode]]


def test_the_recruitment_cost_is_summed_line_by_line(migrants: Migrants, survey: fl.SurveyData) -> None:
    """By pandas over the cost lines as loaded, for everybody with all amounts known: the same numbers as the generator's."""
    costs = survey.costs[(survey.costs["paid_by_worker"] == "yes") & (survey.costs["item"] != "loan_interest")]
    known = costs.groupby("episode_id")["amount"].agg(lambda amounts: amounts.sum(skipna=False))
    earned = survey.episodes.set_index("episode_id")["first_month_earnings"]
    shares = (known / earned).dropna()
    ordered = np.sort(shares.to_numpy(dtype=float))
    true = np.sort(migrants.share)
    positions = np.searchsorted(true, ordered)
    near = np.minimum(
        abs(true[np.minimum(positions, len(true) - 1)] - ordered), abs(true[np.maximum(positions - 1, 0)] - ordered)
    )
    assert near.max() < 1e-12
    assert len(shares) > 1_500


def test_the_true_median_and_share_are_those_of_everybody(migrants: Migrants) -> None:
    """Half of the migrants pay no more than the median, and fewer than half less; the share is counted one by one."""
    true = migrants_truth(migrants)
    for position, code in enumerate(DESTINATIONS):
        inside = migrants.last & migrants.employee[migrants.owner] & (migrants.destination == position)
        months = migrants.share[inside]
        median = true["destination"][code]["quantile"]["recruitment_cost_share"]["0.5"]
        assert (months < median).mean() < 0.5 <= (months <= median).mean()
        assert true["destination"][code]["share"]["over_three_months"] == sum(each > 3 for each in months) / len(months)


def test_the_truth_adds_up(migrants: Migrants) -> None:
    true = migrants_truth(migrants)
    for margin in ("destination", "isic4", "recruiter"):
        for count in ("adults", "forced_labour"):
            assert sum(cell[count] for cell in true[margin].values()) == true["national"][count]
    assert true["national"]["adults"] == len(migrants.person) == migrants.last.sum()
    stored = json.loads((SAMPLE / "migrants_truth.json").read_text())
    assert stored["national"] == true["national"]


def test_time_runs_forward(survey: fl.SurveyData) -> None:
    episodes = survey.episodes.sort_values(["person_id", "depart"])
    before = episodes.groupby("person_id")["return"].shift()
    assert (before.dropna() <= episodes.loc[before.dropna().index, "depart"]).all()
    assert (episodes["return"] > episodes["depart"]).all()
    assert survey.report.faults == ()
    assert len(COSTS) == survey.costs["item"].nunique()


def test_weights_find_the_number_of_migrants_on_average(country: Population, migrants: Migrants) -> None:
    """60 samples: the mean of the estimated number lies within three of its standard errors."""
    totals = np.array([draw_migrants(country, migrants, seed).weight.sum() for seed in range(100, 160)])
    assert abs(totals.mean() - len(migrants.person)) < 3 * totals.std(ddof=1) / np.sqrt(60)


def test_the_study_of_the_sample_stands_beside_the_truth(tmp_path: Path) -> None:
    result = fl.run_study(SAMPLE / "migrants_study.toml", out=tmp_path / "out")
    assert result.ok
    true = json.loads((SAMPLE / "migrants_truth.json").read_text())
    shown = result.estimates["recruitment_cost"].to_frame()
    nation = shown[shown["margin"] == ""].iloc[0]
    mean = true["national"]["mean"]["recruitment_cost_share"]
    assert abs(nation["value"] - mean) < 3 * nation["se"]
    persons = result.estimates["persons"].to_frame()
    assert persons[persons["destination"].notna()]["destination"].tolist() == list(DESTINATIONS)
    assert persons["lower"].iloc[0] < true["national"]["forced_labour"] < persons["upper"].iloc[0]
    for name, known in (("median_cost", "quantile"), ("cost_over_three_months", "share")):
        for row in result.estimates[name].to_frame().to_dict("records"):
            if row["margin"] and row["destination"] is pd.NA:
                continue  # areas in which nobody had come back
            cell = true["destination"][row["destination"]] if row["margin"] else true["national"]
            asked = (
                cell["quantile"]["recruitment_cost_share"]["0.5"]
                if known == "quantile"
                else cell["share"]["over_three_months"]
            )
            assert abs(row["value"] - asked) < 3.5 * row["se"] or (row["cases"] == 0 and asked < row["upper"]), (
                name,
                row,
            )
    page = (tmp_path / "out" / "report.html").read_text()
    median = true["national"]["quantile"]["recruitment_cost_share"]["0.5"]
    assert f"{median:.3f}" in page
    # the truth stands in the digits of the figure beside it: two of its standard error
    assert f"<td>{100 * true['national']['share']['over_three_months']:.2f}</td>" in page
    assert "True value" in page
    assert f"{true['national']['forced_labour']:,}" in page
    assert f"{mean:.3f}" in page
