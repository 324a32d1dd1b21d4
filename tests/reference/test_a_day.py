"""A day's analysis in R survey and here: the figures of docs/how_to/a_day.md are equal, and are those that the page prints."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl

ROOT = Path(__file__).resolve().parents[2]
DAY = ROOT / "docs" / "examples" / "day"
Figures = list[tuple[float, float]]
CLOSE = {"log odds": 1e-4, "margins": 1e-4, "weights": 1e-9, "prevalence": 1e-7, "total": 1e-7, "change": 1e-7}
"""svyglm of R stops at a relative change of the deviance of 1e-8: its coefficients are good to some 1e-5."""


@pytest.fixture(scope="module")
def ours() -> dict[str, Figures]:
    """Our figures by task, in the order of R's."""
    day = pd.read_csv(DAY / "day.csv")
    drawn = fl.Design(weights="weight", strata="stratum", psu="ea", expands=True)
    came, design = fl.adjust_nonresponse(day, "answered", design=drawn, by=["round", "stratum"])
    known = {(1, "f"): 61_000, (1, "m"): 63_000, (2, "f"): 62_000, (2, "m"): 64_000}
    came, design = fl.calibrate(came, {("round", "sex"): known}, design=design)
    rounds = fl.estimate_prevalence(came, "fl", design=design, by="round")
    model = fl.regress(came, "fl ~ sex + sector + C(round)", design=design)
    smaller = fl.regress(came, "fl ~ sex + C(round)", design=design)
    means = fl.marginal_means(smaller, "sector", covariance_of="separate")
    each = [
        fl.estimate_mean(came.assign(hours=came[f"hours_{i}"]), "hours", design=design, where="fl == 1")
        for i in range(1, 6)
    ]
    test = fl.independence_test(came, "fl", "sector", design=design)
    return {
        "weights": [(float(fl.weight_summary(came, design=design).frame["deff_kish"].iloc[-1]), math.nan)],
        "prevalence": pairs(rounds.to_frame()),
        "change": pairs(fl.contrast(rounds, {"round": (2, 1)}).to_frame()),
        "total": pairs(fl.estimate_total(came, "fl", design=design, where="round == 2").to_frame()),
        "log odds": pairs(model.coefficients()),
        "margins": pairs(means.to_frame().set_index("sector").loc[["farms", "sites", "homes"]]),
        "imputed": pairs(fl.pool(each, df=math.inf).to_frame()),
        "test": [(test.statistic, math.nan), (test.p_value, math.nan)],
    }


def pairs(frame: pd.DataFrame) -> Figures:
    return list(zip(frame["value"].astype(float), frame["se"].astype(float), strict=True))


def theirs() -> pd.DataFrame:
    """What `Rscript day.R` wrote, with R survey 4.4.2."""
    return pd.read_csv(DAY / "r.csv")


@pytest.mark.parametrize("task", list(dict.fromkeys(theirs()["task"])))
def test_r_says_the_same(task: str, ours: dict[str, Figures]) -> None:
    expected = theirs()
    expected = expected[expected["task"] == task]
    assert len(expected) == len(ours[task])
    for (value, se), row in zip(ours[task], expected.itertuples(), strict=True):
        assert value == pytest.approx(float(str(row.value)), rel=CLOSE.get(task, 1e-6))
        assert se == pytest.approx(float(str(row.se)), rel=CLOSE.get(task, 1e-6), nan_ok=True)


def table(ours: dict[str, Figures]) -> str:
    """The table of the page."""
    lines = ["| task | row | R survey | SE | here | SE |", "|---|---|---|---|---|---|"]
    flat = [pair for task in dict.fromkeys(theirs()["task"]) for pair in ours[task]]
    for row, (value, se) in zip(theirs().itertuples(), flat, strict=True):
        figures = (float(str(row.value)), float(str(row.se)), value, se)
        lines.append(f"| {row.task} | {row.row} | {' | '.join(map(written, figures))} |")
    return "\n".join(lines)


def written(figure: float) -> str:
    """Four significant digits; persons whole."""
    if math.isnan(figure):
        return ""
    return f"{figure:,.0f}" if figure > 1_000 else f"{figure:.4g}"


def test_the_page_prints_these(ours: dict[str, Figures]) -> None:
    page = (ROOT / "docs" / "how_to" / "a_day.md").read_text(encoding="utf-8")
    assert table(ours) in page
