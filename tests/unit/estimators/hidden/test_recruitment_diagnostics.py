"""Diagnostics and pictures of recruitment: values by hand, flags where they belong, one mark a respondent, no id and no answer unasked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault, PublishFault
from fl_estimate.estimators.hidden.recruitment.recruitment_diagnostics import (
    population_homophily,
    recruitment_homophily,
    waves_to_equilibrium,
)
from fl_estimate.reporting.pictures.recruitment_tree import laid_out

hidden: Any = fl.hidden


def sample(**more: Any) -> pd.DataFrame:
    usual: dict[str, Any] = {"population": 2_000, "n": 300, "activity": 1.5, "prevalence": 0.3, "seed": 1}
    return hidden.simulate_successive_sampling(**{**usual, **more}).people


def small() -> pd.DataFrame:
    """Two trees: a, b, c, d and e, f."""
    return pd.DataFrame(
        {
            "person_id": list("abcdef"), "recruiter_id": [None, "a", "a", "b", None, "e"],
            "network_size": [2, 4, 4, 2, 5, 10], "case": [1, 1, 0, 1, 0, 0], "day": [1, 2, 3, 4, 1, 5],
        }
    )  # fmt: skip


# --- numbers ----------------------------------------------------------------------------------------------------


def test_homophily_of_package_rds() -> None:
    # RDS 0.9-10, homophily.estimates(faux, "X", recruitment=TRUE) = 1.019775842905 and of fauxmadrona 1.236341506776: their tables.
    assert recruitment_homophily(np.array([[188.0, 79], [82, 39]])) == pytest.approx(1.019775842905, rel=1e-11)
    assert recruitment_homophily(np.array([[70.0, 64], [57, 299]])) == pytest.approx(1.236341506776, rel=1e-11)


def test_homophily_of_ties_by_hand() -> None:
    # Half of the ends of ties are of each class; at random half of the ties would cross, and a fifth do.
    assert population_homophily(np.array([[80.0, 20], [20, 80]]), np.array([100.0, 100])) == pytest.approx(2.5)
    assert population_homophily(np.array([[50.0, 50], [50, 50]]), np.array([100.0, 100])) == pytest.approx(1.0)
    assert np.isnan(population_homophily(np.array([[0.0, 0], [1, 3]]), np.array([2.0, 3])))


def test_waves_to_equilibrium_by_hand() -> None:
    # The second eigenvalue is 0.6: |P^k − 1/2| = 0.6^k/2, below 0.02 from k = 7 on (0.5 · 0.6^7 = 0.014; 0.6^6/2 = 0.0233).
    assert waves_to_equilibrium(np.array([[80.0, 20], [20, 80]]), 0.02) == 7
    assert np.isnan(waves_to_equilibrium(np.array([[3.0, 0], [0, 3]]), 0.02))


def test_a_small_sample_by_hand() -> None:
    told = hidden.rds_diagnostics(small(), "case", time="day")
    assert told["respondents"] == 6
    assert told["seeds"] == 2
    assert told["waves"] == 2
    assert told["recruiters"] == 3
    assert told["recruits per recruiter"] == pytest.approx(4 / 3)
    assert told["share of the largest tree"] == pytest.approx(4 / 6)
    assert told.transitions.to_numpy().tolist() == [[1, 0], [1, 2]]
    activity = told.frame[told.frame["measure"] == "differential activity"].set_index("group")["value"]
    # Cases: 3/(1/2 + 1/4 + 1/2) = 2.4; others 3/(1/4 + 1/5 + 1/10) = 60/11.
    assert activity.to_dict() == pytest.approx({"1": 2.4 / (60 / 11), "0": (60 / 11) / 2.4})
    assert "one tree" in told.flags
    # Estimates after days 1 to 5: 0.5/0.7, 0.75/0.95, 0.75/1.2, 1.25/1.7, 1.25/1.8: only the last is within 0.02 of the last.
    assert told["settled after"] == 1.0
    assert hidden.rds_diagnostics(small(), "case", time="day", within=0.05)["settled after"] == pytest.approx(5 / 6)


def test_an_intraclass_correlation_by_hand() -> None:
    # Trees of 3 and 3: 1, 1, 0 and 0, 0, 0. Between (1/6·…): MSB = 2/3, MSW = (2/3)/4 = 1/6, n₀ = 3: (2/3 − 1/6)/(2/3 + 2/6) = 1/2.
    people = pd.DataFrame(
        {
            "person_id": list("abcdef"), "recruiter_id": [None, "a", "a", None, "d", "d"], "network_size": 4,
            "case": [1, 1, 0, 0, 0, 0],
        }
    )  # fmt: skip
    told = hidden.rds_diagnostics(people, "case")
    assert told["between seeds"] == pytest.approx(0.5)
    assert "bottleneck" in told.flags


def test_heaping_a_large_fraction_and_few_waves_are_flagged() -> None:
    told = hidden.rds_diagnostics(sample(heaping=0.9), "outcome", population=2_000)
    assert {"heaping", "large fraction"} <= set(told.flags)
    assert told["sampling fraction"] == pytest.approx(0.15)
    apart = hidden.simulate_rds(population=3_000, n=200, homophily=8.0, prevalence=0.5, seeds=20, seed=1).people
    flagged = hidden.rds_diagnostics(apart, "outcome")
    assert {"homophily", "bottleneck"} <= set(flagged.flags)
    assert flagged["population homophily"] > 3


def test_rows_labels_and_ids_change_nothing() -> None:
    people = sample(n=120).assign(kind=lambda f: np.where(f["outcome"] == 1, "yes", "no"))
    other = people.sample(frac=1, random_state=1).assign(kind=lambda f: f["kind"].map({"yes": "a", "no": "z"}))
    names = {name: f"q{500 - place}" for place, name in enumerate(people["person_id"])}
    other = other.assign(person_id=other["person_id"].map(names), recruiter_id=other["recruiter_id"].map(names))
    first, second = (hidden.rds_diagnostics(each, "kind").frame for each in (people, other))
    kept = first["group"] == ""
    assert first.loc[kept, "value"].to_numpy() == pytest.approx(
        second.loc[second["group"] == "", "value"].to_numpy(), nan_ok=True
    )


def test_no_row_of_a_respondent_is_kept() -> None:
    told = hidden.rds_diagnostics(sample(), "outcome")
    assert "P000" not in repr(told) + told._repr_html_() + told.transitions.to_string()
    assert len(told.frame) < 20
    with pytest.raises(KeyError):
        told["income"]


def test_classified_people_and_missing_answers() -> None:
    people = sample(n=60)
    open_ = people.assign(fl=people["outcome"], fl_possible=1, fl_in_scope=1)
    assert hidden.rds_diagnostics(open_, "fl")["respondents"] == 60
    assert hidden.rds_diagnostics(open_, "fl", unknown="exclude").transitions.loc["0"].sum() == 0
    gone = people.assign(outcome=people["outcome"].where(people.index > 3).astype(float))
    with pytest.raises(EstimateFault, match="FL-EST-557"):
        hidden.rds_diagnostics(gone, "outcome")
    with pytest.raises(EstimateFault, match="FL-EST-557"):
        hidden.rds_diagnostics(gone, "outcome", unknown="yes")
    for unknown in ("no", "exclude"):
        assert hidden.rds_diagnostics(gone, "outcome", unknown=unknown)["respondents"] == 60


def test_what_makes_no_classes_is_refused() -> None:
    people = sample(n=60)
    with pytest.raises(EstimateFault, match="FL-EST-556"):
        hidden.rds_diagnostics(people, "interview")
    with pytest.raises(EstimateFault, match="FL-EST-521"):
        hidden.rds_diagnostics(people, "outcom")
    with pytest.raises(EstimateFault, match="FL-EST-558"):
        hidden.rds_diagnostics(people, "outcome", within=2)
    with pytest.raises(EstimateFault, match="FL-EST-527"):
        hidden.rds_diagnostics(people, "outcome", population=10)


# --- pictures ---------------------------------------------------------------------------------------------------


def words(figure: Any) -> str:
    texts = [*figure.texts, *(text for axes in figure.axes for text in (*axes.texts, axes.title, axes.xaxis.label))]
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend() is not None]
    return " ".join(text.get_text() for text in [*texts, *(t for each in legends for t in each.get_texts())])


def test_every_respondent_has_a_place_of_its_own_below_the_recruiter() -> None:
    for people in (small(), sample(n=300, seeds=12), sample(n=40, seeds=40), sample(n=200, seeds=1, coupons=1)):
        chains = hidden.Recruitment.read(people)
        layout = laid_out(chains)
        assert len(set(zip(layout.x.round(6), layout.y, strict=True))) == chains.n
        came = np.flatnonzero(~chains.is_seed)
        assert (layout.y[came] == layout.y[chains.recruiters[came]] + 1).all()
        assert layout.x.min() >= 0
        assert layout.y.max() < layout.depth


def test_a_tree_shows_neither_ids_nor_answers_unasked() -> None:
    people = sample(n=60, seeds=4)
    figure = fl.plot_recruitment(people)
    assert "P000" not in words(figure)
    axes: Any = figure.axes[0]
    assert sum(len(each.get_offsets()) for each in axes.collections if hasattr(each, "get_sizes")) == 60 + 4
    assert len({tuple(each.get_facecolor()[0]) for each in axes.collections[1:2]}) == 1
    assert "Not for publication" in words(figure)
    named = fl.plot_recruitment(people, ids=True, outcome="outcome")
    assert "P00060" in words(named)
    with pytest.raises(PublishFault, match="FL-PUB-13"):
        fl.plot_recruitment(sample(), ids=True)


@pytest.mark.parametrize(("language", "says"), [("en", "1 seed"), ("fr", "1 graine"), ("es", "1 semilla")])
def test_a_tree_speaks_three_languages(language: str, says: str) -> None:
    assert says in words(fl.plot_recruitment(sample(n=50, seeds=1), language=language))


def test_convergence_ends_at_the_estimate() -> None:
    people = sample()
    panels: Any = fl.plot_convergence(people, "outcome", time="interview", language="fr").axes
    left, right = panels
    share = hidden.rds_ii(people, "outcome", replicates=20, seed=1).value
    line = next(each for each in left.lines if len(each.get_xdata()) == 300)
    assert line.get_ydata()[-1] == pytest.approx(share, rel=1e-12)
    assert right.lines[0].get_ydata()[0] == pytest.approx(share, rel=1e-12)
    # A line and a mark for each of the ten trees, all of which have ten respondents or more.
    assert len(right.lines) == 1 + 2 * 10
    with pytest.raises(PublishFault, match="FL-PUB-13"):
        fl.plot_convergence(people, "outcome", group="2")


def test_convergence_of_classes_has_a_line_each() -> None:
    people = sample().assign(kind=lambda f: np.array(["a", "b", "c"])[f["network_size"].to_numpy() % 3])
    left: Any = fl.plot_convergence(people, "kind", group="b").axes[0]
    assert {"a", "b", "c"} == {text.get_text() for text in left.get_legend().get_texts()}
