"""Scale-up where respondents spoke of their own domain: each domain by its own sizes, and the nation as their sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import EstimateFault

DESIGN = fl.Design(weights="w", strata="region", psu="ea")
SIZES = pd.DataFrame({
    "region": ["N", "N", "S", "S"], "group": ["teachers", "priests"] * 2, "size": [600, 60, 300, 40],
    "population": [30_000.0, 30_000, 20_000, 20_000],
})  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "N": {"known": {"teachers": 600.0, "priests": 60.0}, "population": 30_000.0},
    "S": {"known": {"teachers": 300.0, "priests": 40.0}, "population": 20_000.0},
}


def people() -> pd.DataFrame:
    at = np.arange(48)
    return pd.DataFrame({
        "region": np.where(at < 24, "N", "S"), "ea": at // 6, "w": 10.0 + at % 5, "teachers": at % 4, "priests": at % 3 == 1,
        "hidden": (at % 7 == 2).astype(int), "other": (at % 11 == 3) * 2,
    }).astype({"priests": int})  # fmt: skip


def estimate(frame: Any = None, hidden: Any = "hidden", **settings: Any) -> fl.Estimates:
    given: dict[str, Any] = {
        "known": SIZES, "population": 50_000.0, "design": DESIGN, "by": "region", "reports_about": "domain",
    }  # fmt: skip
    return fl.hidden.scale_up(people() if frame is None else frame, hidden, **(given | settings))


def test_each_domain_is_what_it_is_by_itself_and_the_nation_is_the_sum() -> None:
    for quantity in ("total", "prevalence"):
        made = estimate(quantity=quantity)
        alone = {
            name: fl.hidden.scale_up(
                people(), "hidden", where=f"region == '{name}'", design=DESIGN, quantity=quantity, **own
            )  # type: ignore[arg-type]
            for name, own in OWN.items()
        }
        for name, one in alone.items():
            assert (made[name].value, made[name].se) == pytest.approx((one.value, one.se))
        # Regions are strata: their errors are independent.
        weights = {"N": 1.0, "S": 1.0} if quantity == "total" else {"N": 0.6, "S": 0.4}
        value = sum(weights[name] * one.value for name, one in alone.items())
        variance = sum((weights[name] * one.se) ** 2 for name, one in alone.items())
        assert made.national.value == pytest.approx(value)
        assert made.national.se == pytest.approx(np.sqrt(variance))
        assert made.national.interval[0] < value < made.national.interval[1]
    assert "scale_up_about_domain" in {str(each.code) for each in made.assumptions}


def test_domains_within_units_are_added_with_their_covariance() -> None:
    design = fl.Design(weights="w", psu="half")
    frame = people().assign(half=lambda f: f.index % 8)
    made = estimate(frame, design=design)
    matrix = made.covariance_matrix
    assert matrix is not None
    assert made.national.se**2 == pytest.approx(matrix[1:, 1:].sum())
    assert matrix[0, 1] == pytest.approx(matrix[1, 1] + matrix[1, 2])
    assert matrix[1, 2] != 0


def test_a_correction_for_all_is_one_error_in_the_nation() -> None:
    plain, made = estimate(), estimate(degree_ratio={"value": 1.0, "se": 0.3})
    assert made.national.se**2 == pytest.approx(plain.national.se**2 + (0.3 * plain.national.value) ** 2)


def test_several_hidden_groups_have_a_nation_each() -> None:
    both = estimate(hidden=["hidden", "other"])
    for name in ("hidden", "other"):
        one, alone = both.select(outcome=name), estimate(hidden=name)
        assert one.frame["value"].tolist() == pytest.approx(alone.frame["value"].tolist())
        assert one.frame["se"].tolist() == pytest.approx(alone.frame["se"].tolist())


def test_codes_of_domains_may_be_numbers_and_people_of_any_engine() -> None:
    coded = people().assign(region=lambda f: np.where(f["region"] == "N", 1, 2))
    sizes = SIZES.assign(region=[1.0, 1.0, 2.0, 2.0])
    expected = estimate().frame["value"].tolist()
    for frame in (coded, pl.from_pandas(coded), pl.from_pandas(coded).lazy()):
        assert estimate(frame, known=sizes).frame["value"].tolist() == pytest.approx(expected)


def test_groups_answered_in_part_and_recall_go_by_domain() -> None:
    frame = people().assign(priests=lambda f: f["priests"].where(f.index % 5 > 0))
    made = estimate(frame, unanswered="available", recall=(0.005, 0.5))
    for name, own in OWN.items():
        alone = fl.hidden.scale_up(
            frame, "hidden", where=f"region == '{name}'", design=DESIGN, unanswered="available", recall=(0.005, 0.5), **own
        )  # fmt: skip
        assert made[name].value == pytest.approx(alone.value)


def test_a_domain_in_which_nobody_is_known_leaves_the_others() -> None:
    frame = people().assign(hidden=lambda f: f["hidden"] * (f["region"] == "N"))
    made = estimate(frame)
    assert made["S"].value == 0
    assert made.national.value == pytest.approx(made["N"].value)
    assert made.national.se == pytest.approx(made["N"].se)
    nobody = estimate(people().assign(hidden=0))
    assert nobody.national.value == 0
    assert np.isnan(nobody.national.frame["upper"].iloc[0])


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"known": OWN["N"]["known"]}, "FL-EST-599"),
        ({"known": SIZES.drop(columns="population")}, "FL-EST-599"),
        ({"known": SIZES.iloc[:3]}, "FL-EST-599"),
        ({"known": SIZES.iloc[:2], "population": 30_000.0}, "FL-EST-599"),
        ({"known": SIZES.assign(group="teachers")}, "FL-EST-599"),
        ({"known": SIZES.assign(population=[1e4, 3e4, 2e4, 2e4])}, "FL-EST-599"),
        ({"known": SIZES.assign(size=[600, 60, 0, 40])}, "FL-EST-591"),
        ({"population": 60_000.0}, "FL-EST-599"),
        ({"by": ["region", "ea"]}, "FL-EST-599"),
        (
            {
                "frame": people().assign(region=lambda f: f["region"].where(f.index > 0)),
                "design": fl.Design(weights="w", psu="ea"),
            },
            "FL-EST-599",
        ),
    ],
)
def test_sizes_that_do_not_fit_the_domains_are_refused(settings: dict[str, Any], code: str) -> None:
    with pytest.raises(EstimateFault) as told:
        estimate(**settings)
    assert told.value.code == code
