"""Contrasts take the covariance of their parts, also of two rounds that share areas; what cannot be compared is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DESIGN = fl.Design(weights="w", strata="stratum", psu="ea")


def people(n: int = 800, seed: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"stratum": np.repeat(["a", "b"], n // 2), "ea": np.repeat(np.arange(40), n // 40)})
    area = rng.normal(0, 0.8, 40)[frame["ea"]]
    return frame.assign(
        w=rng.uniform(5, 30, n),
        region=np.where(frame["ea"] % 3 == 0, "N", np.where(frame["ea"] % 3 == 1, "S", "E")),
        sex=rng.integers(1, 3, n),
        age=rng.choice(["young", "middle", "old"], n),
        y=(rng.random(n) < 1 / (1 + np.exp(2 - area))).astype(float),
        z=rng.gamma(2, 3, n),
    )


def by_hand(estimates: fl.Estimates, column: str, values: tuple[Any, Any]) -> tuple[Any, Any, float, float, float]:
    frame = estimates.to_frame()
    rows = [int(np.flatnonzero((frame[column] == value).fillna(False))[0]) for value in values]
    a, b = frame["value"].to_numpy()[rows]
    v = estimates.covariance[np.ix_(rows, rows)]
    return a, b, v[0, 0], v[1, 1], v[0, 1]


def test_scales_by_hand() -> None:
    by = fl.estimate_prevalence(people(), "y", design=DESIGN, by="sex")
    a, b, va, vb, c = by_hand(by, "sex", (1, 2))
    expected = {
        "difference": (a - b, va + vb - 2 * c),
        "ratio": (a / b, va / b**2 + a**2 * vb / b**4 - 2 * a * c / b**3),
        "log-ratio": (np.log(a / b), va / a**2 + vb / b**2 - 2 * c / (a * b)),
        "log-odds": (
            np.log(a / (1 - a) / (b / (1 - b))),
            va / (a * (1 - a)) ** 2 + vb / (b * (1 - b)) ** 2 - 2 * c / (a * (1 - a) * b * (1 - b)),
        ),
    }
    assert abs(c) > 1e-6  # both sexes live in the same areas
    scales: Any
    for scales, (value, variance) in expected.items():
        row = fl.contrast(by, {"sex": (1, 2)}, scale=scales).to_frame().iloc[0]
        assert row["value"] == pytest.approx(value, rel=1e-12)
        assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_a_difference_is_a_regression_on_the_group() -> None:
    """Writing each sex's cases in columns of their own and estimating the difference of two ratios gives the same."""
    frame = people()
    by = fl.contrast(fl.estimate_mean(frame, "z", design=DESIGN, by="sex"), {"sex": (2, 1)}).to_frame().iloc[0]
    w, men = frame["w"], frame["sex"] == 1
    means = [np.average(frame.loc[k, "z"], weights=w[k]) for k in (~men, men)]
    u = (w * (frame["z"] - means[0]) / w[~men].sum()).where(~men, -w * (frame["z"] - means[1]) / w[men].sum())
    areas = u.groupby([frame["stratum"], frame["ea"]]).sum()
    variance = sum(20 / 19 * ((part - part.mean()) ** 2).sum() for _, part in areas.groupby(level=0))
    assert by["value"] == pytest.approx(means[0] - means[1], rel=1e-12)
    assert by["se"] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_within_the_domains_of_the_other_columns() -> None:
    crossed = fl.estimate_prevalence(people(), "y", design=DESIGN, by=[["region", "sex"], ["sex"], ["region"]])
    found = fl.contrast(crossed, {"sex": (1, 2)})
    frame = found.to_frame()
    assert found.by == ("region",)
    assert frame["margin"].tolist() == ["region", "region", "region", ""]
    assert frame["region"].tolist()[:3] == ["E", "N", "S"]
    assert frame["term"].eq("1 − 2").all()
    assert frame["quantity"].eq("difference").all()
    both = fl.contrast(found, {"region": ("N", "S")}).to_frame()
    assert both["value"].iloc[0] == pytest.approx(frame["value"].iloc[1] - frame["value"].iloc[2])
    assert both["term"].iloc[0] == "1 − 2: N − S"
    assert len(both) == 1


def test_weights_and_several_contrasts() -> None:
    by = fl.estimate_prevalence(people(), "y", design=DESIGN, by="region")
    row = fl.contrast(by, {"region": ("N", "S", "E")}, weights=(1, -0.5, -0.5)).to_frame().iloc[0]
    values = by.to_frame().set_index("region")["value"]
    assert row["value"] == pytest.approx(values["N"] - (values["S"] + values["E"]) / 2)
    assert row["term"] == "N − 0.5·S − 0.5·E"
    several = fl.contrast(by, {"region": [("N", "S"), ("S", "E"), ("N", "E")]})
    assert several.to_frame()["value"].iloc[:2].sum() == pytest.approx(several.to_frame()["value"].iloc[2])
    c = np.array([1, 1, -1.0])
    assert c @ several.covariance @ c == pytest.approx(0, abs=1e-15)


def test_outcomes_of_the_same_people() -> None:
    frame = people().assign(later=lambda f: f["z"] + 1)
    found = (
        fl.contrast(fl.estimate_mean(frame, ["later", "z"], design=DESIGN), {"outcome": ("later", "z")})
        .to_frame()
        .iloc[0]
    )
    assert found["value"] == pytest.approx(1)
    # What is left of a covariance that cancels is of the order of √ε of either standard error.
    single = fl.estimate_mean(frame, "z", design=DESIGN).to_frame()["se"].iloc[0]
    assert found["se"] < 1e-7 * single
    assert found["outcome"] == ""


def test_rules_of_publication_bind_where_they_bind_a_part() -> None:
    frame = people()
    frame = frame[(frame["sex"] == 1) | (frame.index % 20 == 0)]
    by = fl.estimate_prevalence(frame, "y", design=DESIGN, by="sex")
    found = fl.contrast(by, {"sex": (1, 2)})
    row = found.to_frame().iloc[0]
    parts = by.to_frame()[lambda f: f["margin"] == "sex"]
    # What is printed is that of both parts, what is judged the smaller.
    assert [int(row["n"]), int(row["cases"])] == [int(parts[name].sum()) for name in ("n", "cases")]
    assert found.support.respondents.tolist() == [parts["n"].min()]
    assert found.support.cases.tolist() == [parts["cases"].min()]
    assert row["n"] > 50 > parts["n"].min()
    assert row["df"] == parts["df"].min()
    assert fl.publish(found).to_frame()["publication"].tolist() == ["not_published"]


def test_no_cases_on_a_side() -> None:
    frame = people()
    frame.loc[frame["sex"] == 2, "y"] = 0.0
    by = fl.estimate_prevalence(frame, "y", design=DESIGN, by="sex")
    difference = fl.contrast(by, {"sex": (1, 2)}).to_frame().iloc[0]
    assert difference["value"] > 0
    assert difference["se"] > 0
    for scale in ("log-ratio", "log-odds", "ratio"):
        found = fl.contrast(by, {"sex": (1, 2)}, scale=scale)
        assert found.to_frame()["value"].isna().all()
        assert found.to_frame()["lower"].isna().all()
        assert [r.code for r in found.reasons] == ["contrast_not_defined"]


def test_an_empty_part() -> None:
    frame = people().assign(region=lambda f: pd.Categorical(f["region"], categories=["N", "S", "E", "W"]))
    by = fl.estimate_prevalence(frame, "y", design=DESIGN, by="region")
    found = fl.contrast(by, {"region": ("N", "W")})
    assert found.to_frame()["value"].isna().all()
    assert [r.code for r in found.reasons] == ["part_missing"]


def rounds(shared: int) -> pd.DataFrame:
    """Two rounds of 40 areas, of which `shared` are in both; areas differ, and stay as they are."""
    rng = np.random.default_rng(12)
    area = rng.normal(0, 1, 80)
    parts: list[pd.DataFrame] = []
    for year, first in ((1, 0), (2, 40 - shared)):
        ea = np.repeat(np.arange(first, first + 40), 50)
        chance = 1 / (1 + np.exp(2 - 0.3 * (year == 2) - area[ea]))
        parts.append(pd.DataFrame({"round": year, "ea": ea, "w": 10.0, "y": rng.random(2000) < chance}))
    return pd.concat(parts, ignore_index=True).assign(y=lambda f: f["y"].astype(float))


def test_areas_that_are_in_both_rounds_make_the_change_surer() -> None:
    errors: dict[int, float] = {}
    for shared in (0, 40):
        frame = rounds(shared)
        by = fl.estimate_prevalence(frame, "y", design=fl.Design(weights="w", psu="ea"), by="round")
        row = fl.contrast(by, {"round": (2, 1)}).to_frame().iloc[0]
        alone = [
            fl.estimate_prevalence(frame[frame["round"] == k], "y", design=fl.Design(weights="w", psu="ea")).to_frame()
            for k in (1, 2)
        ]
        apart = float(np.hypot(*(part["se"].iloc[0] for part in alone)))
        errors[shared] = row["se"] / apart
        assert row["value"] == pytest.approx(alone[1]["value"].iloc[0] - alone[0]["value"].iloc[0])
    # With the same areas the change is that of areas' differences: by hand
    frame = rounds(40)
    share = frame.groupby(["ea", "round"])["y"].mean().unstack()
    change = (share[2] - share[1]).to_numpy()
    by = fl.estimate_prevalence(frame, "y", design=fl.Design(weights="w", psu="ea"), by="round")
    row = fl.contrast(by, {"round": (2, 1)}).to_frame().iloc[0]
    assert row["se"] == pytest.approx(change.std(ddof=1) / np.sqrt(40), rel=1e-10)
    assert errors[40] < 0.5
    assert errors[0] == pytest.approx(1, rel=0.03)


def test_standardised_by_hand_and_back_to_itself() -> None:
    frame = people()
    crossed = fl.estimate_prevalence(frame, "y", design=DESIGN, by=["region", "age"])
    shares = {"young": 2, "middle": 5, "old": 3}
    found = fl.standardise(crossed, {"age": shares})
    table = found.to_frame()
    assert table["margin"].eq("region").all()
    assert table["quantity"].eq("prevalence").all()
    north = crossed.to_frame()[lambda f: (f["region"] == "N").fillna(False)].set_index("age")["value"]
    expected = 0.2 * north["young"] + 0.5 * north["middle"] + 0.3 * north["old"]
    assert table.set_index("region")["value"]["N"] == pytest.approx(expected)
    gap = fl.contrast(found, {"region": ("N", "S")}).to_frame().iloc[0]
    assert gap["value"] == pytest.approx(table["value"].iloc[1] - table["value"].iloc[2])
    # standardised to its own composition a domain is itself
    own = frame.groupby("age")["w"].sum().to_dict()
    nation = fl.estimate_prevalence(frame, "y", design=DESIGN, by="age")
    itself = fl.standardise(nation, {"age": own}).to_frame().iloc[0]
    assert itself["value"] == pytest.approx(nation.to_frame()["value"].iloc[0], rel=1e-12)


def test_standardising_without_a_class() -> None:
    frame = people()
    frame = frame[~((frame["region"] == "N") & (frame["age"] == "old"))]
    crossed = fl.estimate_prevalence(frame, "y", design=DESIGN, by=["region", "age"])
    found = fl.standardise(crossed, {"age": {"young": 1, "middle": 1, "old": 1}})
    missing = found.to_frame().set_index("region")["value"].isna()
    assert missing.to_dict() == {"E": False, "N": True, "S": False}
    assert [r.code for r in found.reasons] == ["part_missing"]


REFUSED: list[tuple[str, Any, dict[str, Any]]] = [
    ("FL-EST-205", {"region": ("N", "S")}, {"scale": "logit"}),
    ("FL-EST-205", {"region": ("N", "S")}, {"weights": (1, 2, 3)}),
    ("FL-EST-205", {"region": ("N", "S")}, {"weights": (1, -1), "scale": "ratio"}),
    ("FL-EST-205", {"region": ("N", "S", "E")}, {}),
    ("FL-EST-206", {"sexe": (1, 2)}, {}),
    ("FL-EST-206", {"region": ("N", "S"), "outcome": ("a", "b")}, {}),
    ("FL-EST-206", {"region": ("N", "N")}, {}),
    ("FL-EST-206", {"region": ("N",)}, {}),
    ("FL-EST-207", {"region": ("N", "X")}, {}),
]


@pytest.mark.parametrize(("code", "between", "options"), REFUSED)
def test_refused(code: str, between: Any, options: dict[str, Any]) -> None:
    by = fl.estimate_prevalence(people(), "y", design=DESIGN, by="region")
    with pytest.raises(fl.FlError, match=code):
        fl.contrast(by, between, **options)


def test_other_refusals() -> None:
    by = fl.estimate_prevalence(people(), "y", design=DESIGN, by="age")
    with pytest.raises(fl.FlError, match="FL-EST-208"):
        fl.standardise(by, {"age": {"young": 1, "middle": 0, "old": 1}})
    with pytest.raises(fl.FlError, match="FL-EST-207"):
        fl.standardise(by, {"age": {"baby": 1}})
    many = people().assign(code=np.arange(800) % 1100 + 0.0)
    wide = fl.estimate_prevalence(
        pd.concat([many, many.assign(code=many["code"] + 2000)]), "y", design=DESIGN, by="code"
    )
    with pytest.raises(fl.FlError, match="FL-EST-20"):
        fl.contrast(wide, {"code": (1, 2)})
