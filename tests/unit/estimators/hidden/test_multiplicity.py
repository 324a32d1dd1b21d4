"""People told of by relatives: by hand, by enumeration, and whatever a survey of families can hold."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import fl_estimate as fl
from tests.unit.reporting.few import DESIGN, FEW, few, people

GOLDEN = json.loads(Path("tests/reference/hidden/multiplicity.json").read_text(encoding="utf-8"))
RELATIVES_ALONE: dict[str, Any] = {"counting": "households", "own_multiplicity": "not counted"}


def few_of_multiplicity() -> fl.Estimates:
    """Twelve respondents, one of whom told of one relative in forced labour."""
    homes = few().assign(person_id=lambda f: [f"p{row}" for row in range(len(f))]).drop(columns="fl")
    relatives = pd.DataFrame({"reported_by": homes["person_id"], "fl": few()["fl"], "n_eligible_reporters": 2})
    return fl.hidden.multiplicity(homes, "fl", relatives=relatives, design=DESIGN, **RELATIVES_ALONE)


def homes(n: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"person_id": [*"abcdefgh"[:n]], "w": 4.0, "region": ["north", "north", "south", "south"][:n]})


def told(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"reported_by": ["a", "b", "b"], "fl": 1, "n_eligible_reporters": [2, 2, 1]} | columns)


def of(people: Any = None, relatives: Any = None, outcome: Any = "fl", **more: Any) -> fl.Estimates:
    settings: dict[str, Any] = RELATIVES_ALONE | {"design": fl.Design(weights="w", expands=True)} | more
    return fl.hidden.multiplicity(
        homes() if people is None else people, outcome, relatives=told() if relatives is None else relatives, **settings
    )


def refused(code: str, *args: Any, **more: Any) -> str:
    with pytest.raises(fl.FlError) as caught:
        of(*args, **more)
    assert caught.value.code == code
    return str(caught.value)


# ---- by hand and by enumeration


def test_each_counts_one_over_those_who_could_tell_by_hand() -> None:
    # λ = (1/2, 1/2 + 1, 0), w = 4: 2 + 6 + 0; the variance is 3/2 Σ (z − z̄)², z = (2, 6, 0)
    estimates = of()
    assert estimates.value == pytest.approx(8)
    assert estimates.se == pytest.approx(np.sqrt(1.5 * sum((z - 8 / 3) ** 2 for z in (2, 6, 0))))
    row = estimates.frame.iloc[0]
    assert (row["n"], row["cases"], row["df"], row["method"]) == (3, 3, 2, "multiplicity")
    assert estimates.support.respondents.tolist() == [3]
    assert estimates.support.cases.tolist() == [2]


@pytest.mark.parametrize("entry", GOLDEN, ids=lambda entry: entry["id"])
@pytest.mark.parametrize("by_fpc", [True, False])
def test_it_is_sirkens_estimator_of_small_populations(entry: dict[str, Any], by_fpc: bool) -> None:
    result = entry["result"]
    links = [(str(home), f"v{v}", len(each)) for v, each in enumerate(result["links"]) for home in each]
    kin = pd.DataFrame(links, columns=["reported_by", "relative_id", "n_eligible_reporters"]).assign(fl=1)
    size, n = result["N"], result["n"]
    design = fl.Design(fpc="N") if by_fpc else fl.Design(weights="w", fpc="N", expands=True)
    for sample, (value, variance) in zip(combinations(range(size), n), result["first3"], strict=False):
        people = pd.DataFrame({"person_id": [str(home) for home in sample], "w": size / n, "N": size})
        estimates = of(people, kin[kin["reported_by"].isin(people["person_id"])], design=design)
        assert (estimates.value, estimates.se**2) == pytest.approx((value, variance), rel=1e-10)


def test_over_all_samples_it_is_unbiased_and_so_is_its_variance() -> None:
    # Six households, two drawn: 15 samples; Var T = N² (1 − f) S²/n of the scores λ.
    links = [(0, 1, 2), (2, 3), (4,), (4, 5), (0, 5)]
    kin = pd.DataFrame(
        [(str(home), f"v{v}", len(each)) for v, each in enumerate(links) for home in each],
        columns=["reported_by", "relative_id", "n_eligible_reporters"],
    ).assign(fl=1)
    scores = np.zeros(6)
    for each in links:
        scores[list(each)] += 1 / len(each)
    found = []
    for sample in combinations(range(6), 2):
        people = pd.DataFrame({"person_id": [str(home) for home in sample], "N": 6})
        estimates = of(people, kin[kin["reported_by"].isin(people["person_id"])], design=fl.Design(fpc="N"))
        found.append((estimates.value, estimates.se**2))
    values, variances = np.array(found).T
    assert values.mean() == pytest.approx(len(links))
    assert variances.mean() == pytest.approx(values.var()) == pytest.approx(36 * (1 - 1 / 3) * scores.var(ddof=1) / 2)


def test_a_share_is_of_the_people_covered_by_hand() -> None:
    # cases 1/2 + 1/2 over everybody told of, 1/2 + 1/2 + 1
    estimates = of(relatives=told(fl=[1, 1, 0]), quantity="prevalence")
    assert estimates.value == pytest.approx(0.5)
    # a linearised ratio: z = (λ − R κ), λ = (1/2, 1/2, 0), κ = (1/2, 3/2, 0), over Σ κ = 2
    z = np.array([0.5 - 0.25, 0.5 - 0.75, 0.0]) / 2
    assert estimates.se == pytest.approx(np.sqrt(1.5 * ((z - z.mean()) ** 2).sum()))
    assert str(estimates.frame["quantity"].iloc[0]) == "prevalence"


# ---- who counts


def test_respondents_count_themselves_by_their_own_multiplicity() -> None:
    people = homes().assign(fl=[1, 0, 0], n_eligible_reporters=[4, 1, 1])
    assert of(people, own_multiplicity=None).value == pytest.approx(8 + 4 / 4)
    assert of(people.rename(columns={"n_eligible_reporters": "seen"}), own_multiplicity="seen").value == pytest.approx(
        9
    )
    assert of(people).value == pytest.approx(8)
    message = refused("FL-EST-509", people.drop(columns="n_eligible_reporters"), own_multiplicity=None)
    assert "not counted" in message


def members() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two households of two; both members of the first told of the same brother, and of each other."""
    people = pd.DataFrame({
        "person_id": [*"abcd"], "hh_id": ["1", "1", "2", "2"], "weight_hh": [10.0, 10, 20, 20], "w": [10.0, 10, 40, 40], "fl": [0, 1, 0, 0],
        "n_eligible_reporters": 2, "drawn": [1, 1, 1, 0],
    })  # fmt: skip
    relatives = pd.DataFrame({
        "relative_id": ["r", "r", "x", "s"], "reported_by": [*"abac"], "fl": 1, "n_eligible_reporters": [4, 4, 2, 1],
        "in_household": ["no", "no", "yes", "no"], "duplicates_person": [None, None, "b", None],
    })  # fmt: skip
    return people, relatives


def test_a_household_tells_of_a_relative_once_and_of_its_members_as_members() -> None:
    people, relatives = members()
    # own: 10 × 1/2; the brother once, 10 × 1/4; of household 2, with its weight of 20, one alone
    estimates = of(people, relatives, own_multiplicity=None)
    assert estimates.value == pytest.approx(5 + 2.5 + 20)
    assert estimates.frame[["n", "cases"]].to_numpy().tolist() == [[2, 3]]
    # Without the members themselves whom another told of is one of the relatives.
    assert of(people, relatives).value == pytest.approx(2.5 + 5 + 20)


def test_members_of_whom_it_is_not_said_who_they_are_would_count_twice() -> None:
    people, relatives = members()
    message = refused("FL-EST-504", people, relatives.assign(duplicates_person=None), own_multiplicity=None)
    assert "duplicates_person" in message
    only = {"own_multiplicity": None, "eligible": "in_household == 'no'"}
    assert of(people, relatives.assign(duplicates_person=None), **only).value == pytest.approx(5 + 2.5 + 20)


def test_where_persons_report_each_of_them_told() -> None:
    people, relatives = members()
    estimates = of(people, relatives, counting="persons", own_multiplicity=None)
    # a: r/4 and b/2; b: r/4 and themself /2; c: 40 of one alone
    assert estimates.value == pytest.approx(10 * (1 / 4 + 1 / 2) + 10 * (1 / 4 + 1 / 2) + 40)
    # b and r by two each, s by one: what is told of three persons by three respondents
    assert estimates.frame[["n", "cases"]].to_numpy().tolist() == [[4, 5]]
    assert estimates.support.cases.tolist() == [3]
    # Loading keeps the first who told, and names the others.
    once = relatives.drop(index=1).assign(also_reported_by=np.array(["b", None, None], dtype=object))
    assert of(people, once, counting="persons", own_multiplicity=None).value == pytest.approx(estimates.value)
    assert of(people, once, own_multiplicity=None).value == pytest.approx(5 + 2.5 + 20)


def test_eligible_says_of_whom_it_should_have_been_asked() -> None:
    relatives = told(age=[30, 40, 10], fl=[1, 0, 0], fl_possible=[1, 0, 0], fl_in_scope=[1, 1, 0])
    left = of(relatives=relatives, quantity="prevalence")
    # a and the second: 1/2 of 1; the third was not asked
    assert left.value == pytest.approx(0.5)
    assert [(a.parameters) for a in left.assumptions if a.code == "multiplicity_unasked_left_out"] == [
        (("relatives", 1),)
    ]
    everybody = of(relatives=relatives, quantity="prevalence", eligible="age >= 5", unknown="bounds").frame
    # of 1/2 + 1/2 + 1 surely 1/2, perhaps 1/2 + 1
    assert everybody["value"].tolist()[:2] == pytest.approx([0.25, 0.75])
    assert everybody["bound"].tolist() == ["lower", "upper", "identified"]
    assert everybody["lower"][2] <= 0.25
    assert everybody["upper"][2] >= 0.75
    assert everybody["undetermined"].tolist() == pytest.approx([1 / 3] * 3)
    assert of(relatives=relatives, quantity="prevalence", eligible="age >= 18").value == pytest.approx(0.5)


def test_unknown_answers_are_asked_about() -> None:
    relatives = told(fl=[1, 0, None])
    refused("FL-EST-07", relatives=relatives)
    assert of(relatives=relatives, unknown="no").value == pytest.approx(2)
    assert of(relatives=relatives, unknown="exclude", quantity="prevalence").value == pytest.approx(0.5)
    assert of(relatives=relatives, unknown="bounds").frame["value"].tolist()[:2] == pytest.approx([2, 6])


# ---- domains


def test_domains_are_of_who_is_told_of_or_of_who_told() -> None:
    relatives = told(relation=["sibling", "child", "parent"], sex=[1, 2, 1])
    people = homes().assign(fl=[0, 1, 0], n_eligible_reporters=4, sex=[1, 1, 2])
    made = of(people, relatives, by=[["region"], ["relation"], ["sex"]], own_multiplicity=None).frame
    value = {
        tuple(row): number
        for *row, number in made[["margin", "region", "relation", "sex", "value"]].astype(object).fillna("").to_numpy()
    }
    expected = {
        ("", "", "", ""): 9, ("region", "north", "", ""): 9, ("region", "south", "", ""): 0, ("relation", "", "sibling", ""): 2,
        ("relation", "", "child", ""): 2, ("relation", "", "parent", ""): 4, ("relation", "", "member", ""): 1,
        ("sex", "", "", 1): 2 + 4 + 1, ("sex", "", "", 2): 2,
    }  # fmt: skip
    assert value == pytest.approx(expected)
    south = made[made["region"] == "south"].iloc[0]
    assert (south["n"], south["cases"]) == (1, 0)


def test_a_domain_without_relatives_told_of_was_asked_all_the_same() -> None:
    made: Any = of(by="region").frame.set_index("region", drop=False)
    assert made.loc["south", ["value", "n", "cases"]].tolist() == [0, 1, 0]
    assert made.loc["north", ["value", "n", "cases"]].tolist() == [8, 2, 3]
    # Degrees of freedom are of all who were asked.
    assert made["df"].tolist() == [2, 1, 0]


def test_a_condition_leaves_the_sample_whole() -> None:
    relatives = told(age=[30, 40, 10])
    estimates = of(relatives=relatives, where="age >= 18")
    assert estimates.value == pytest.approx(2 + 2)
    # z = (2, 2, 0): the household without a relative of that age was asked
    assert estimates.se == pytest.approx(np.sqrt(1.5 * sum((z - 4 / 3) ** 2 for z in (2, 2, 0))))
    assert of(relatives=relatives, where="region == 'south'").value == 0


def test_of_no_case_there_is_a_limit() -> None:
    people = pd.DataFrame({"person_id": [str(row) for row in range(50)], "w": 4.0})
    kin = pd.DataFrame({"reported_by": people["person_id"], "fl": 0, "n_eligible_reporters": 2})
    total, share = of(people, kin), of(people, kin, quantity="prevalence")
    # Korn and Graubard's limit for 50 + 50 rows of weight 4, from 50 units: as of persons whom one alone could tell of.
    star = 100 * (stats.t.ppf(0.975, 99) / stats.t.ppf(0.975, 49)) ** 2
    reach = 1 - 0.025 ** (1 / star)
    assert (total.value, *total.interval) == pytest.approx((0, 0, 400 * reach))
    assert (share.value, *share.interval) == pytest.approx((0, 0, 400 * reach / 100))


# ---- multiplicities


def test_missing_multiplicities_are_refused_or_said_to_be_something() -> None:
    relatives = told(n_eligible_reporters=[2, None, 1], relation="sibling")
    message = refused("FL-EST-505", relatives=relatives)
    assert "1 of 3 persons who count" in message
    assert of(relatives=relatives, missing_multiplicity="one").value == pytest.approx(2 + 4 + 4)
    mean = of(relatives=relatives, missing_multiplicity="mean")
    assert mean.value == pytest.approx(2 + 4 * 0.75 + 4)
    assert [a.parameters for a in mean.assumptions if a.code == "multiplicity_missing_mean"] == [(("persons", 1),)]
    # Of somebody who is no case it is not needed.
    assert of(relatives=relatives.assign(fl=[1, 0, 1])).value == pytest.approx(6)
    refused("FL-EST-505", relatives=relatives.assign(fl=[1, 0, 1]), quantity="prevalence")
    alone = relatives.assign(relation=["sibling", "child", "sibling"])
    refused("FL-EST-505", relatives=alone, missing_multiplicity="mean")


@pytest.mark.parametrize(
    ("numbers", "said"), [([0, 2, 1], "below 1"), ([0.5, 2, 1], "below 1"), ([1, 1, 1], "told of the same")]
)
def test_multiplicities_that_the_sample_shows_to_be_wrong_are_refused(numbers: list[float], said: str) -> None:
    relatives = told(n_eligible_reporters=numbers, relative_id=["v", "v", "u"])
    assert said in refused("FL-EST-503", relatives=relatives)


def test_sizes_of_networks_tell_by_how_many_persons_one_could_be_told_of() -> None:
    people = homes(4).assign(
        fl=[0, 0, 0, 1],
        network_size_sibling=[2, 0, 1, 3],
        network_size_parent=[1, 0, 2, 1],
        network_size_child=[0, 3, 0, 2],
    )
    kin = pd.DataFrame({"reported_by": ["a", "b", "c"], "relation": ["sibling", "child", "parent"], "fl": 1})
    sizes = {"counting": "persons", "multiplicity": "network_sizes"}
    # a sibling of a: a's 2 siblings, 1 parent; a child of b: b, and 2 other children; a parent of c: c and a sibling
    assert of(people, kin, **sizes).value == pytest.approx(4 * (1 / 3 + 1 / 3 + 1 / 2))
    # Where respondents count themselves so do those told of; d: themself, 3 siblings, 1 parent, 2 children
    own = of(people, kin, **sizes, own_multiplicity=None)
    assert own.value == pytest.approx(4 * (1 / 4 + 1 / 4 + 1 / 3 + 1 / 7))
    assert "multiplicity_network_sizes" in {a.code for a in own.assumptions}
    # With partners asked of: the other parent of c's parent, and of b's child.
    partners = people.assign(network_size_partner=[0, 1, 0, 0])
    assert of(partners, kin, **sizes).value == pytest.approx(4 * (1 / 3 + 1 / 4 + 1 / 3))
    refused("FL-EST-514", people, kin, multiplicity="network_sizes")
    refused("FL-EST-514", people, kin.assign(n_eligible_reporters=1), own_multiplicity="network_sizes")
    assert "grandparent" in refused("FL-EST-506", people, kin.assign(relation="grandparent"), **sizes)


def test_numbers_worked_out_give_way_to_what_the_sample_shows() -> None:
    people = homes().assign(network_size_sibling=[0, 0, 0])
    kin = pd.DataFrame({"reported_by": ["a", "b"], "relative_id": "v", "relation": "sibling", "fl": 1})
    assert of(people, kin, counting="persons", multiplicity="network_sizes").value == pytest.approx(4 * (1 / 2 + 1 / 2))


# ---- weights


def test_weights_and_multiplicities_are_of_one_unit() -> None:
    people, relatives = members()
    loaded = people.rename(columns={"w": "weight_person"})
    of_persons = fl.Design(weights="weight_person", expands=True)
    assert of(loaded, relatives, design=of_persons).value == pytest.approx(2.5 + 5 + 20)
    said = refused("FL-EST-510", loaded.drop(columns="weight_hh"), relatives, design=of_persons)
    assert "households report" in said
    refused("FL-EST-510", people, relatives, counting="persons", design=fl.Design(weights="weight_hh", expands=True))
    # A weight that differs within a household is no household's.
    uneven = people.drop(columns="weight_hh").assign(w=[10.0, 12, 40, 40])
    refused("FL-EST-507", uneven, relatives)
    named = people.rename(columns={"weight_hh": "home"})
    assert of(named, relatives, household_weights="home").value == pytest.approx(2.5 + 5 + 20)
    assert [a.parameters for a in of(named, relatives, household_weights="home").assumptions if a.code == "multiplicity_household_weights"] == [(("column", "home"),)]  # fmt: skip


def test_weights_that_give_no_total_are_refused_as_those_of_any_total() -> None:
    refused("FL-EST-260", design=fl.Design(weights="w"))
    refused("FL-EST-200", design=fl.Design(weights="w", expands=False))
    refused("FL-EST-261", design=fl.Design(weights="w", population_size=1_000))
    refused("FL-EST-10", design=fl.Design(unweighted=True))
    assert of(design=fl.Design(weights="w", population_size=12)).value == pytest.approx(8)
    assert of(design=fl.Design(unweighted=True), quantity="prevalence").value == 1


def test_replicates_make_the_variance_where_the_design_has_them() -> None:
    drawn = fl.hidden.simulate_families(counting="persons", families=800, areas=60, areas_drawn=12, seed=2).survey
    assert drawn.design is not None
    taylor = fl.hidden.multiplicity(drawn, "forced_labour", counting="persons")
    design = fl.replicate(drawn, kind="jkn")
    jackknife = fl.hidden.multiplicity(drawn, "forced_labour", counting="persons", design=design)
    assert jackknife.value == pytest.approx(taylor.value)
    # Of a total the stratified jackknife is the linearised variance.
    assert jackknife.se == pytest.approx(taylor.se)
    columns = {
        f"rep{r}": drawn.people["weight_person"] * (1 + 0.1 * (-1) ** (drawn.people["psu"] % (r + 2))) for r in range(8)
    }
    people = drawn.people.assign(**columns)
    of_file = replace(drawn.design, replicates=fl.Replicates([*columns], kind="bootstrap"))
    made = fl.hidden.multiplicity(replace(drawn, people=people), "forced_labour", counting="persons", design=of_file)
    # By hand: the total with each column of weights.
    each = [
        fl.hidden.multiplicity(replace(drawn, people=people), "forced_labour", counting="persons", design=replace(drawn.design, weights=name)).value
        for name in columns
    ]  # fmt: skip
    assert made.se == pytest.approx(np.sqrt(np.mean((np.array(each) - made.value) ** 2)))
    refused("FL-EST-511", people.assign(weight_hh=1.0), drawn.relatives, "forced_labour", design=of_file)


def test_designs_by_which_reports_cannot_be_weighted_are_refused() -> None:
    phases = fl.Design(weights="w", expands=True, phase2=("again", fl.Design()))
    refused("FL-EST-511", homes().assign(again=1), design=phases)
    rows = fl.replicate(homes(), kind="jk1", design=fl.Design(weights="w", expands=True))
    refused("FL-EST-511", design=rows)


def test_calibrated_weights_are_taken_as_given() -> None:
    people = homes(4).assign(n=1)
    weighted, design = fl.calibrate(
        people, margins={"region": {"north": 10, "south": 8}}, design=fl.Design(weights="w", expands=True)
    )
    made = of(weighted, design=design)
    assert made.value == pytest.approx(5 * 2)
    assert {"multiplicity_calibration", "weights_calibrated"} <= {a.code for a in made.assumptions}


# ---- what is refused, and what does not matter


def test_words_and_columns_that_are_not_known_are_refused() -> None:
    refused("FL-EST-513", counting="adults")
    refused("FL-EST-513", quantity="mean")
    refused("FL-EST-513", missing_multiplicity="zero")
    refused("FL-EST-12", unknown="yes")
    refused("FL-EST-16", interval="logit")
    refused("FL-EST-11", multiplicity=3)
    assert "n_eligible_reporters" in refused("FL-EST-500", relatives=told().drop(columns="n_eligible_reporters"))
    refused("FL-EST-500", by="district")
    refused("FL-EST-500", homes().drop(columns="person_id"))
    refused(
        "FL-EST-500",
        homes().assign(fl_possible=0, fl=0, n_eligible_reporters=1),
        told(fl_possible=1, fl_in_scope=1),
        own_multiplicity=None,
    )
    refused("FL-EST-501", homes().assign(person_id=["a", "a", "b"]))
    refused("FL-EST-501", homes().assign(hh_id=np.array(["1", None, "2"], dtype=object)))
    refused("FL-EST-502", relatives=told(reported_by=["a", "z", None]))
    refused("FL-EST-508", relatives=told(n_eligible_reporters=["two", "two", "one"]))
    refused("FL-EST-515", relatives=told(fl=[1, 2, 0]))
    refused("FL-EST-01", relatives=[1, 2])
    with pytest.raises(fl.FlError, match="FL-EST-512"):
        fl.hidden.multiplicity(homes(), "fl", design=DESIGN, **RELATIVES_ALONE)


def test_nobody_told_of_is_no_relative() -> None:
    nobody = told().head(0)
    made = of(relatives=nobody)
    assert (made.value, made.frame["n"].iloc[0], made.frame["cases"].iloc[0]) == (0, 3, 0)


@pytest.fixture(scope="module")
def survey() -> fl.SurveyData:
    return fl.hidden.simulate_families(counting="households", families=800, areas=60, areas_drawn=12, seed=5).survey


def figures(survey: fl.SurveyData, **more: Any) -> pd.DataFrame:
    made = fl.hidden.multiplicity(survey, "forced_labour", counting="households", by=[["relation"], ["region"]], **more)
    return made.frame[["value", "se", "lower", "upper", "n", "cases"]].astype(float)


def test_neither_the_order_of_rows_nor_ids_nor_the_engine_matter(survey: fl.SurveyData) -> None:
    expected = figures(survey)
    shuffled = replace(
        survey,
        people=survey.people.sample(frac=1, random_state=1),
        relatives=survey.relatives.sample(frac=1, random_state=2).assign(relative_id=lambda f: "q" + f["relative_id"]),
    )
    pd.testing.assert_frame_equal(figures(shuffled), expected, rtol=1e-10)
    for engine in (pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy()):
        other = replace(survey, people=engine(survey.people), relatives=engine(survey.relatives))
        pd.testing.assert_frame_equal(figures(other), expected, rtol=1e-10)


def test_a_relative_is_no_person_whose_id_is_the_same(survey: fl.SurveyData) -> None:
    alike = replace(
        survey, relatives=survey.relatives.assign(relative_id=lambda f: f["relative_id"].str[1:].astype(int))
    )
    pd.testing.assert_frame_equal(figures(alike), figures(survey), rtol=1e-10)


def test_the_order_of_categories_is_kept(survey: fl.SurveyData) -> None:
    people = survey.people.assign(region=pd.Categorical(survey.people["region"], ["South", "North"], ordered=True))
    made = fl.hidden.multiplicity(replace(survey, people=people), "forced_labour", counting="households", by="region")
    assert made.frame["region"].tolist()[1:] == ["South", "North"]


def test_figures_of_relations_add_up_and_shares_are_parts_of_the_covered(survey: fl.SurveyData) -> None:
    made = fl.hidden.multiplicity(survey, "forced_labour", counting="households", by="relation").frame
    assert made["value"].iloc[1:].sum() == pytest.approx(made["value"].iloc[0])
    share = fl.hidden.multiplicity(survey, "forced_labour", counting="households", quantity="prevalence")
    everybody = replace(survey, people=survey.people.assign(one=1), relatives=survey.relatives.assign(one=1))
    covered = fl.hidden.multiplicity(everybody, "one", counting="households")
    assert share.value == pytest.approx(made["value"].iloc[0] / covered.value)


def test_a_column_of_text_gives_a_figure_for_each_of_its_values() -> None:
    made = of(relatives=told(form=["work", "work", "sex"]), outcome="form").frame
    assert dict(zip(made["outcome"], made["value"], strict=True)) == pytest.approx({"form=work": 4, "form=sex": 4})


def few_in_one_region() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Respondents of five regions, one of which has twelve of whom one told of a relative in forced labour."""
    asked = people().assign(person_id=lambda f: [f"p{row}" for row in range(len(f))]).drop(columns="fl")
    kin = pd.DataFrame({"reported_by": asked["person_id"].repeat(2).to_numpy(), "n_eligible_reporters": 2})
    of_few = (asked["region"] == FEW).repeat(2).to_numpy()
    rows = np.arange(len(kin))
    return asked, kin.assign(fl=np.where(of_few, rows == len(kin) - 3, rows % 7 == 0).astype(int))


@pytest.mark.parametrize("quantity", ["total", "prevalence"])
def test_what_is_withheld_of_few_is_no_difference_of_what_is_printed(quantity: str) -> None:
    asked, kin = few_in_one_region()
    made = of(asked, kin, design=DESIGN, by="region", quantity=quantity)
    direct = fl.estimate_total(people(), "fl", design=DESIGN, by="region")
    for results in ({"told": made}, {"direct": direct, "told": made}):
        printed = fl.publish(results, rule="fl-default").to_frame()
        told = printed[printed["method"] == "multiplicity"]
        withheld = told[told["publication"] == "not_published"]
        assert FEW in withheld["region"].tolist()
        # Cases are printed and add up: one withheld region alone would be the nation less the others.
        assert len(withheld) >= 2
        assert told.loc[told["margin"] == "", "publication"].tolist() == ["published"]


def test_what_is_said_names_the_rule_and_what_it_leaves_out() -> None:
    codes = [str(each.code) for each in of().assumptions]
    assert codes[:5] == [
        "multiplicity_households", "multiplicity_all_told", "multiplicity_collected", "multiplicity_own_not_counted",
        "multiplicity_no_relative",
    ]  # fmt: skip
    assert "deff_reference" not in codes
    arguments = of().provenance.arguments
    assert (arguments["counting"], arguments["own_multiplicity"], arguments["design"]["weights"]) == (
        "households",
        "not counted",
        "w",
    )
