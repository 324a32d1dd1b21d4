"""Network sizes, back-estimates, generalised scale-up and the simulated study: by hand, found again, and refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault, PublishFault
from tests.unit.estimators.hidden.test_scale_up import DEGREES, KNOWN, UNWEIGHTED, N, W, few_reports, small
from tests.unit.reporting.few import DESIGN

BY_UNIT = fl.Design(weights="w", psu="ea")
THREE: dict[str, float] = {"teachers": 900.0, "priests": 100.0, "other": 300.0}


def few_of_network_size() -> fl.Estimates:
    return fl.hidden.network_size(few_reports(), known=KNOWN, population=N, design=DESIGN)


def few_of_back_estimates() -> fl.Estimates:
    return fl.hidden.back_estimates(few_reports(), known=KNOWN, population=N, design=DESIGN)


def few_of_generalised_scale_up() -> fl.Estimates:
    members = pd.DataFrame({"known_to": np.arange(60) % 5 + 1})
    return fl.hidden.generalised_scale_up(
        few_reports(), "hidden", frame_population=1_200, hidden_people=members, visibility="known_to", design=DESIGN,
        hidden_design=UNWEIGHTED,
    )  # fmt: skip


# --- network sizes ----------------------------------------------------------------------------------------------


def test_mean_network_size_by_hand_and_by_domain() -> None:
    made = fl.hidden.network_size(small(), known=KNOWN, population=N, design=BY_UNIT, by="sex")
    women = np.array([1, 0, 1, 0, 1, 0])
    assert made.frame["value"].tolist() == pytest.approx(
        [np.average(DEGREES, weights=W), np.average(DEGREES, weights=W * women), np.average(DEGREES, weights=W * (1 - women))]
    )  # fmt: skip
    assert set(made.frame["outcome"]) == {"network_size"}
    same = fl.estimate_mean(small().assign(d=DEGREES), "d", design=BY_UNIT)
    assert made.national.se == pytest.approx(same.se)
    # Who knows somebody is what a rule of publication takes for a case.
    assert made.support.cases.tolist() == [5, 2, 3]


def test_quantiles_of_network_size_are_those_of_the_column() -> None:
    for frame in (small(), pl.from_pandas(small())):
        made = fl.hidden.network_size(frame, known=KNOWN, population=N, probabilities=[0.25, 0.5], design=BY_UNIT)
        same = fl.estimate_quantile(small().assign(d=DEGREES), "d", [0.25, 0.5], design=BY_UNIT)
        assert made.frame["value"].tolist() == pytest.approx(same.frame["value"].tolist())
        assert made.provenance.call == "hidden.network_size"


def test_quantiles_of_network_size_of_a_survey_with_silent_respondents() -> None:
    frame = small().assign(teachers=[2, 0, np.nan, 3, 0, 1])
    made = fl.hidden.network_size(
        frame, known=KNOWN, population=N, probabilities=[0.5], design=BY_UNIT, unanswered="exclude"
    )
    mean = fl.hidden.network_size(frame, known=KNOWN, population=N, design=BY_UNIT, unanswered="exclude")
    kept = np.arange(6) != 2
    assert made.frame["n"].iloc[0] == 5
    assert mean.value == pytest.approx(np.average(DEGREES[kept], weights=W[kept]))
    assert mean.frame["undetermined"].iloc[0] == pytest.approx(10 / 90)


# --- back-estimates ---------------------------------------------------------------------------------------------


def test_each_known_group_is_estimated_from_the_others() -> None:
    back = fl.hidden.back_estimates(small(), known=THREE, population=N, design=BY_UNIT)
    assert back.frame["outcome"].tolist() == list(THREE)
    for name in THREE:
        rest = {other: size for other, size in THREE.items() if other != name}
        direct = fl.hidden.scale_up(small(), name, known=rest, population=N, design=BY_UNIT)
        row = back.select(outcome=name)
        assert (row.value, row.se) == pytest.approx((direct.value, direct.se))
    away = back.frame["value"].to_numpy(dtype=float) - np.array(list(THREE.values()))
    assert back.diagnostics["mean_absolute_error"] == pytest.approx(np.abs(away).mean())
    assert back.diagnostics["root_mean_square_error"] == pytest.approx(np.sqrt((away**2).mean()))
    assert back.diagnostics["mean_relative_error"] == pytest.approx((np.abs(away) / np.array([900, 100, 300])).mean())


def test_unanswered_groups_count_in_network_sizes_as_said() -> None:
    frame = small().assign(priests=[0, np.nan, 0, 1, 0, 0])
    for unanswered, sizes in (("available", [900.0, 900, 900, 900, 900, 900]), ("zero", [900.0] * 6)):
        back = fl.hidden.back_estimates(frame, known=KNOWN, population=N, design=BY_UNIT, unanswered=unanswered)  # type: ignore[arg-type]
        degrees = N * small()["teachers"].to_numpy() / np.array(sizes)
        kept = np.arange(6) != 1
        expected = N * np.sum((W * small()["priests"])[kept]) / np.sum((W * degrees)[kept])
        assert back.select(outcome="priests").value == pytest.approx(expected)


def test_slope_tells_groups_that_are_not_remembered() -> None:
    study = fl.hidden.simulate_scale_up(respondents=2_000, recall=(0.001, 0.5), seed=4)
    given: dict[str, Any] = {"known": study.known, "population": study.population, "design": study.design}
    slope = fl.hidden.back_estimates(study.people, **given).diagnostics["slope"]
    # Each size is estimated from the others: a little steeper than the power itself, and far from 1.
    assert 0.45 < slope < 0.7
    complete = fl.hidden.simulate_scale_up(respondents=2_000, seed=4)
    assert fl.hidden.back_estimates(complete.people, **given).diagnostics["slope"] == pytest.approx(1, abs=0.1)


def test_back_estimates_need_two_groups_and_an_estimator() -> None:
    with pytest.raises(EstimateFault) as told:
        fl.hidden.back_estimates(small(), known={"teachers": 900.0}, population=N, design=BY_UNIT)
    assert told.value.code == "FL-EST-602"
    with pytest.raises(EstimateFault) as told:
        fl.hidden.back_estimates(small(), known=KNOWN, population=N, design=BY_UNIT, estimator="median")  # type: ignore[arg-type]
    assert told.value.code == "FL-EST-598"


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_picture_has_a_row_a_group_in_the_order_of_sizes(language: str) -> None:
    back = fl.hidden.back_estimates(small(), known=THREE, population=N, design=BY_UNIT)
    figure = fl.plot_back_estimates(back, language=language)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["priests", "other", "teachers"]
    known = axes.lines[-1]
    assert np.asarray(known.get_xdata()).tolist() == [100, 300, 900]
    assert len(figure.legends[0].get_texts()) == 2


def test_the_picture_is_of_back_estimates_only() -> None:
    with pytest.raises(PublishFault) as told:
        fl.plot_back_estimates(fl.hidden.scale_up(small(), "hidden", known=KNOWN, population=N, design=BY_UNIT))
    assert told.value.code == "FL-PUB-13"


# --- generalised ------------------------------------------------------------------------------------------------


def members() -> pd.DataFrame:
    return pd.DataFrame({"teachers": [2, 0, 1], "priests": [0, 1, 0], "known_to": [3, 3, 4], "size": [50.0, 100, 25]})


def generalised(**settings: Any) -> fl.Estimates:
    given: dict[str, Any] = {
        "frame_population": N, "hidden_people": members(), "visibility": ["teachers", "priests"], "known": KNOWN, "design": BY_UNIT,
        "hidden_design": UNWEIGHTED,
    }  # fmt: skip
    return fl.hidden.generalised_scale_up(small(), "hidden", **(given | settings))


def test_reports_over_visibility_by_hand() -> None:
    # ȳ = 65/90; v̄ = 50,000/1,000 × (2 + 1 + 1)/3
    made = generalised()
    assert made.value == pytest.approx(N * 65 / 90 / (50 * 4 / 3))
    reports = fl.estimate_mean(small(), "hidden", design=BY_UNIT)
    seen = fl.estimate_mean(members().assign(v=lambda f: 50 * (f["teachers"] + f["priests"])), "v", design=UNWEIGHTED)
    squares = (reports.se / reports.value) ** 2 + (seen.se / seen.value) ** 2
    assert made.se / made.value == pytest.approx(np.sqrt(squares))
    assert made.diagnostics["visibility"] == pytest.approx(seen.value)
    assert made.diagnostics["visibility_se"] == pytest.approx(seen.se)
    # Degrees of freedom: the fewer of 3 − 1 units and 3 − 1 members.
    assert made.frame["df"].iloc[0] == 2
    assert generalised(quantity="prevalence", population=2 * N).value == pytest.approx(made.value / (2 * N))
    assert generalised(precision=0.5).value == pytest.approx(made.value / 2)


def test_members_met_by_their_networks_weigh_the_less() -> None:
    frame = members().assign(w=lambda f: 1 / f["size"])
    visible = 50 * np.average([2, 1, 1], weights=frame["w"])
    for given in ({"hidden_weights": "w", "hidden_design": None}, {"hidden_design": fl.Design(weights="w")}):
        assert generalised(hidden_people=frame, **given).value == pytest.approx(N * 65 / 90 / visible)


def test_the_identity_of_a_census() -> None:
    # Feehan and Salganik (2016): reports of everybody about all members, over the mean number who know a member. Eight people
    # and three members; 1 where the one knows of the other.
    reports = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1], [0, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1]])
    people, hidden = pd.DataFrame({"y": reports.sum(axis=1)}), pd.DataFrame({"v": reports.sum(axis=0)})
    made = fl.hidden.generalised_scale_up(
        people, "y", frame_population=8, hidden_people=hidden, visibility="v", design=UNWEIGHTED, hidden_design=UNWEIGHTED
    )  # fmt: skip
    assert made.value == pytest.approx(3.0, rel=1e-12)
    assert made.diagnostics["visibility"] == pytest.approx(10 / 3)


def test_a_stated_visibility_may_be_a_number_or_estimates() -> None:
    stated = generalised(hidden_people=None, visibility=200 / 3, known=None, hidden_design=None)
    assert stated.value == pytest.approx(generalised().value)
    reports = fl.estimate_mean(small(), "hidden", design=BY_UNIT)
    assert stated.se / stated.value == pytest.approx(reports.se / reports.value)
    seen = fl.estimate_mean(members(), "known_to", design=UNWEIGHTED)
    made = generalised(hidden_people=None, visibility=seen, known=None, hidden_design=None)
    assert made.value == pytest.approx(N * 65 / 90 / seen.value)
    assert (made.se / made.value) ** 2 == pytest.approx((reports.se / reports.value) ** 2 + (seen.se / seen.value) ** 2)


def test_a_rule_judges_the_smaller_of_both_samples() -> None:
    made = generalised()
    assert made.support.respondents.tolist() == [3]
    assert made.support.cases.tolist() == [3]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"visibility": "nurses"}, "FL-EST-600"),
        ({"visibility": ["teachers", "size"]}, "FL-EST-600"),
        ({"visibility": []}, "FL-EST-600"),
        ({"visibility": 3.0}, "FL-EST-600"),
        ({"known": None}, "FL-EST-600"),
        ({"hidden_people": None}, "FL-EST-600"),
        ({"hidden_people": None, "visibility": 0.0}, "FL-EST-600"),
        ({"hidden_people": members().assign(teachers=0, priests=0)}, "FL-EST-596"),
        ({"hidden_people": members().assign(known_to=0), "visibility": "known_to", "known": None}, "FL-EST-600"),
        ({"hidden_people": members().assign(teachers=-1)}, "FL-EST-593"),
        ({"frame_population": 0}, "FL-EST-592"),
        ({"quantity": "prevalence"}, "FL-EST-592"),
        ({"quantity": "mean"}, "FL-EST-598"),
        ({"interval": "beta"}, "FL-EST-598"),
        ({"precision": 2.0}, "FL-EST-597"),
        ({"hidden_people": members().assign(teachers=[np.nan, 1, 2])}, "FL-EST-595"),
    ],
)
def test_a_visibility_that_cannot_be_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault) as told:
        generalised(**given)
    assert told.value.code == code


def test_visibility_of_several_rows_is_refused() -> None:
    rows = fl.estimate_mean(small(), "other", design=BY_UNIT, by="sex").select(margin="sex")
    with pytest.raises(EstimateFault) as told:
        generalised(hidden_people=None, visibility=rows, known=None)
    assert told.value.code == "FL-EST-600"


def test_the_size_is_found_again_without_knowing_ties_or_who_knows() -> None:
    values: list[float] = []
    for seed in range(16):
        study = fl.hidden.simulate_scale_up(
            respondents=400, psus=40, degree_ratio=0.6, transmission=0.5, barrier=0.5, seed=seed
        )
        made = fl.hidden.generalised_scale_up(
            study.people, "hidden", frame_population=study.population, hidden_people=study.hidden_people, visibility=list(study.known),
            known=study.known, design=study.design, hidden_design=study.hidden_design,
        )  # fmt: skip
        values.append(made.value / study.hidden_size - 1)
    assert abs(np.mean(values)) < 3 * np.std(values, ddof=1) / np.sqrt(len(values))


# --- the simulated study ----------------------------------------------------------------------------------------


def test_a_seed_draws_the_same_study() -> None:
    one, same, other = (fl.hidden.simulate_scale_up(respondents=50, psus=10, seed=seed) for seed in (1, 1, 2))
    assert one.people.equals(same.people)
    assert one.hidden_people.equals(same.hidden_people)
    assert not one.people.equals(other.people)
    assert "people" not in repr(replace(one, people=one.people))


def test_the_drawn_study_has_the_means_that_were_asked_for() -> None:
    study = fl.hidden.simulate_scale_up(respondents=20_000, psus=400, hidden_respondents=20_000, clustering=0, seed=1)
    size = fl.hidden.network_size(study.people, known=study.known, population=study.population, design=study.design)
    assert abs(size.value - 200) < 4 * size.se
    seen = fl.estimate_mean(study.hidden_people, "network_size", design=study.hidden_design)
    assert abs(seen.value - 200) < 4 * seen.se
    assert study.people["w"].sum() == pytest.approx(1_000_000)


@pytest.mark.parametrize(
    "given",
    [
        {"population": 0}, {"hidden_size": 2_000_000}, {"respondents": 3}, {"psus": 2}, {"transmission": 1.5}, {"degree_ratio": 0},
        {"known": {}}, {"known": {"a": 2_000_000}}, {"clustering": -1}, {"network_size": "many"}, {"respondents": float("nan")},
    ],
)  # fmt: skip
def test_studies_that_cannot_be_drawn_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault) as told:
        fl.hidden.simulate_scale_up(**given)
    assert told.value.code == "FL-EST-603"


# --- study files ------------------------------------------------------------------------------------------------

MAPPING = """
id = "made"
population = "residents"

[people]
stratum = "stratum"
psu = "ea"
weight_person = "w"

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"
expands = true
"""
STUDY = """
[source.household]
file = "survey.csv"
mapping = "mapping.toml"

[[estimate]]
name = "size"
kind = "scale_up"
hidden = "hidden"
known = "known.csv"
population = 1_000_000
transmission = 0.8
recall_threshold = 0.02
recall_exponent = 0.5

[[estimate]]
name = "networks"
kind = "network_size"
known = "known.csv"
population = 1_000_000

[[estimate]]
name = "back"
kind = "back_estimates"
known = "known.csv"
population = 1_000_000

[[estimate]]
name = "corrected"
kind = "scale_up"
hidden = "hidden"
known = "known.csv"
population = 1_000_000
by = "stratum"
reports_about = "population"
variance = "rescaled-bootstrap"
replicates = 50

[[estimate]]
name = "generalised"
kind = "generalised_scale_up"
hidden = "hidden"
frame_population = 1_000_000
hidden_people = "members.csv"
hidden_weights = "w"
visibility = ["teachers", "nurses"]
known = "known.csv"
"""


def test_a_study_file_asks_for_every_kind(tmp_path: Any) -> None:
    study = fl.hidden.simulate_scale_up(respondents=240, psus=24, seed=1)
    study.people.to_csv(tmp_path / "survey.csv", index=False)
    study.hidden_people.to_csv(tmp_path / "members.csv", index=False)
    pd.DataFrame({"group": list(study.known), "size": list(study.known.values())}).to_csv(
        tmp_path / "known.csv", index=False
    )
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    result = fl.run_study(tmp_path / "study.toml", out=tmp_path / "out")
    given: dict[str, Any] = {"known": study.known, "population": 1_000_000, "design": study.design}
    direct = fl.hidden.scale_up(study.people, "hidden", transmission=0.8, recall=(0.02, 0.5), **given)
    assert result.estimates["size"].value == pytest.approx(direct.value)
    assert result.estimates["size"].se == pytest.approx(direct.se)
    assert result.estimates["back"].frame["outcome"].tolist() == list(study.known)
    assert len(result.estimates["corrected"]) == 3
    members = fl.hidden.generalised_scale_up(
        study.people, "hidden", frame_population=1_000_000, hidden_people=study.hidden_people, visibility=["teachers", "nurses"],
        known=study.known, design=study.design, hidden_weights="w",
    )  # fmt: skip
    assert result.estimates["generalised"].value == pytest.approx(members.value)
