"""Attacks (iii) and (vi): the same cell in another dress, published beside it: complements, ratios, regressions, variances, unknown shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import fl_estimate as fl
from tests.disclosure.tables import DESIGN, Survey, survey

HIDDEN = "D01"
"""2 cases of 150 people, in a region whose other districts have 12 and 9."""


@pytest.fixture(scope="module")
def made() -> Survey:
    few = survey([[12, 2, 9, 1], [14, 11, 3, 2]], [[150] * 4, [150] * 4], seed=5)
    few.people["form"] = np.where(few.people["fl"].eq(1), "fl", "free")
    few.people["twice"] = 2 * few.people["fl"] + 1
    return few


def district(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["margin"].eq("district") & frame["district"].eq(HIDDEN)]


def values(published: pd.DataFrame, turn: Callable[[pd.DataFrame], Any]) -> Iterator[float]:
    """Figures of the hidden district that are printed, turned into its prevalence."""
    for found in np.atleast_1d(np.asarray(turn(district(published)), dtype=float)).ravel():
        if np.isfinite(found):
            yield float(found)


def variance_to_share(frame: pd.DataFrame) -> Any:
    """p(1 − p) n/(n − 1) solved for p, the smaller root; n is printed with the prevalence."""
    rows = frame[frame["quantity"].eq("variance")]
    v = rows["value"].to_numpy(dtype=float) * 149 / 150
    return (1 - np.sqrt(np.maximum(1 - 4 * v, 0))) / 2


def of(
    quantity: str, outcome: str = "", turn: Callable[[Any], Any] = lambda value: value
) -> Callable[[pd.DataFrame], Any]:
    def read(frame: pd.DataFrame) -> Any:
        rows = frame[frame["quantity"].eq(quantity)]
        rows = rows[rows["outcome"].eq(outcome)] if outcome else rows
        return turn(rows["value"].to_numpy(dtype=float))

    return read


BESIDE: dict[str, tuple[Callable[[pd.DataFrame], Any], Callable[[pd.DataFrame], Any]]] = {
    "complement": (
        lambda p: fl.estimate_prevalence(p, "not_fl", design=DESIGN, by="district"),
        of("prevalence", "not_fl", lambda v: 1 - v),
    ),
    "complement's total": (
        lambda p: fl.estimate_total(p, "not_fl", design=DESIGN, by="district"),
        lambda _: np.array([]),
    ),
    "values of a text": (
        lambda p: fl.estimate_prevalence(p, "form", design=DESIGN, by="district"),
        of("prevalence", "form=free", lambda v: 1 - v),
    ),
    "ratio": (lambda p: fl.estimate_ratio(p, "fl", "one", design=DESIGN, by="district"), of("ratio")),
    "ratio upside down": (
        lambda p: fl.estimate_ratio(p, "one", "fl", design=DESIGN, by="district"), of("ratio", turn=lambda v: 1 / v)
    ),
    "mean": (lambda p: fl.estimate_mean(p, "fl", design=DESIGN, by="district"), of("mean", "fl")),
    "affine": (
        lambda p: fl.estimate_mean(p, "twice", design=DESIGN, by="district"), of("mean", "twice", lambda v: (v - 1) / 2)
    ),
    "variance": (lambda p: fl.estimate_variance(p, "fl", design=DESIGN, by="district"), variance_to_share),
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_another_figure_of_the_cell_does_not_give_its_prevalence(made: Survey, name: str) -> None:
    estimate, turn = BESIDE[name]
    full = made.prevalence().to_frame()
    true = float(district(full)["value"].iloc[0])
    both = {"prevalence": made.prevalence(), "beside": estimate(made.people)}
    # Of a column that counts the cell's cases itself, alone as well; that a rare outcome is the rest of another column, or
    # stands in one of 1 and 3, the column does not say.
    alone = (
        []
        if name in ("complement", "complement's total", "affine", "ratio upside down")
        else [{"beside": both["beside"]}]
    )
    for given in (both, dict(reversed(both.items())), *alone):
        found = list(values(fl.publish(given).to_frame(), turn))
        assert not [value for value in found if 0.8 * true < value < 1.2 * true]


def test_the_complements_total_is_not_population_less_a_withheld_total(made: Survey) -> None:
    total = fl.estimate_total(made.people, ["not_fl", "one"], design=DESIGN, by="district")
    frame = district(fl.publish([made.total(), total]).to_frame())
    printed = {row["outcome"]: float(row["value"]) for row in frame.to_dict("records")}
    left = printed["one"] - printed["not_fl"]
    true = float(district(made.total().to_frame())["value"].iloc[0])
    assert not 0.8 * true < left < 1.2 * true


@pytest.mark.parametrize("alone", [True, False])
def test_a_saturated_regression_does_not_give_a_cell(made: Survey, alone: bool) -> None:
    """The linear predictor of a district is the logit of its prevalence: score equations of a saturated model."""
    model = fl.regress(made.people, "fl ~ C(district)", design=DESIGN)
    given = {"model": model} if alone else {"prevalence": made.prevalence(), "model": model}
    frame = fl.publish(given).to_frame()
    rows = frame[frame["estimate"].eq("model")]
    terms = {str(row["term"]): float(row["value"]) for row in rows.to_dict("records")}
    base = terms.get("Intercept", np.nan)
    own = [value for term, value in terms.items() if HIDDEN in term]
    true = float(district(made.prevalence().to_frame())["value"].iloc[0])
    found = [float(expit(base + value)) for value in own]
    assert not [value for value in found if 0.8 * true < value < 1.2 * true]


def test_marginal_means_of_a_regression_do_not_give_a_cell(made: Survey) -> None:
    model = fl.regress(made.people, "fl ~ C(district)", design=DESIGN)
    means = fl.marginal_means(model, "district")
    frame = fl.publish({"prevalence": made.prevalence(), "means": means}).to_frame()
    rows = frame[frame["estimate"].eq("means")]
    own = rows[(rows["term"].astype(str).str.contains(HIDDEN)) | rows["district"].eq(HIDDEN)]
    true = float(district(made.prevalence().to_frame())["value"].iloc[0])
    assert not own["value"].between(0.8 * true, 1.2 * true).any()


def test_a_contrast_does_not_give_its_withheld_part(made: Survey) -> None:
    direct = made.prevalence()
    contrast = fl.contrast(direct, {"district": ("D00", HIDDEN)})
    frame = fl.publish({"prevalence": direct, "contrast": contrast}).to_frame()
    first = frame[frame["district"].eq("D00") & frame["quantity"].eq("prevalence")]["value"].iloc[0]
    difference = frame[frame["estimate"].eq("contrast")]["value"].iloc[0]
    true = float(district(direct.to_frame())["value"].iloc[0])
    assert not abs((first - difference) - true) < 0.2 * true


def test_the_rest_of_a_complement_is_not_left_over(made: Survey) -> None:
    """Not the district's complement itself, but the nation's less all others'."""
    complement = fl.estimate_prevalence(made.people, "not_fl", design=DESIGN, by=[["region"], ["district"]])
    frame = fl.publish([made.prevalence(), complement]).to_frame()
    rows = frame[frame["outcome"].eq("not_fl")]
    shown = rows[rows["margin"].eq("district") & rows["cases"].notna()]
    nation = rows[rows["margin"].eq("")].iloc[0]
    hidden = rows[rows["margin"].eq("district") & rows["cases"].isna()]
    n_hidden = 1200 - int(shown["n"].sum())
    if len(hidden) == 1 and pd.notna(nation["cases"]):
        left = n_hidden - (int(nation["cases"]) - int(shown["cases"].sum()))
        assert not 1 <= left <= 4


@pytest.fixture(scope="module")
def with_unknown() -> tuple[pd.DataFrame, Any]:
    few = survey([[12, 2, 9, 1], [14, 11, 3, 2]], [[150] * 4, [150] * 4], seed=6).people
    rng = np.random.default_rng(3)
    few["forced_labour"] = few["fl"]
    few["forced_labour_possible"] = np.where(rng.random(len(few)) < 0.1, 1, few["fl"])
    few["forced_labour_in_scope"] = 1
    return few, fl.estimate_prevalence(few, "forced_labour", design=DESIGN, by="district")


def test_the_unknown_share_of_a_withheld_district_is_nowhere(with_unknown: tuple[pd.DataFrame, Any]) -> None:
    """Attack (vi): blank in the direct row, printed in the model's."""
    _, direct = with_unknown
    frame = fl.publish({"direct": direct, "model": fl.hierarchical.area(direct, seed=1)}).to_frame()
    hidden = frame[frame["estimate"].eq("direct") & frame["value"].isna() & frame["margin"].eq("district")]["district"]
    assert len(hidden) >= 3
    rows = frame[frame["district"].isin(list(hidden))]
    assert rows["undetermined"].isna().all()


def test_the_unknown_share_of_one_withheld_district_is_not_left_over(with_unknown: tuple[pd.DataFrame, Any]) -> None:
    """The nation's persons of unknown class less those of all other districts, with weights that the totals give."""
    people, direct = with_unknown
    people = people.assign(one=1)
    size = fl.estimate_total(people, "one", design=DESIGN, by="district")
    frame = fl.publish({"direct": direct, "size": size}).to_frame()
    weight = {
        str(row["district"]): float(row["value"]) for row in frame[frame["estimate"].eq("size")].to_dict("records")
    }
    rows = frame[frame["estimate"].eq("direct") & frame["margin"].eq("district")]
    assert rows["undetermined"].isna().sum() != 1 or not np.isfinite(list(weight.values())).all()
