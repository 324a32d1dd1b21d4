"""Every key of an entry of a study file reaches the argument of its function: the study's figures are those of the call in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.study.made import assert_same_rows, people, write

hierarchical, synthesis, lists = fl.hierarchical, fl.synthesis, fl.capture_recapture
REGIONS = ["North", "South", "East", "West"]
PERSONS = pd.DataFrame({"region": REGIONS, "population": [10_000, 20_000, 15_000, 5_000], "x": [1.0, 2, 4, 3]})
CELLS = pd.DataFrame({"region": REGIONS * 2, "sex": [1] * 4 + [2] * 4, "population": range(1000, 9000, 1000)})
CASES = pd.DataFrame({"labour": [400], "sexual": [100]})
WORLD = pd.DataFrame({"country": ["A", "B", "C"], "region": ["N", "N", "S"], "population": [1e7, 2e7, 8e6]})
SURVEYS = pd.DataFrame({"country": ["A", "B", "C"], "value": [0.003, 0.005, 0.002], "se": [5e-4, 5e-4, 4e-4]})
COUNTED = pd.DataFrame(
    {"police": [1, 0, 1] * 2, "ngo": [0, 1, 1] * 2, "sex": [1] * 3 + [2] * 3, "count": [50, 80, 10, 40, 30, 12]}
)
DIRECT = 'by = "region"\nwhere = "age_interview < 60"\ndf = "design"\nlevel = 0.9\n'
SET: dict[str, Any] = {"by": "region", "where": "age_interview < 60", "df": "design", "level": 0.9}
ENTRIES: dict[str, tuple[str, Callable[[Any, dict[str, fl.Estimates]], fl.Estimates]]] = {
    "prevalence": (
        f'kind = "prevalence"\noutcome = "forced_labour"\nunknown = "exclude"\ninterval = "wilson"\n{DIRECT}',
        lambda c, _: fl.estimate_prevalence(c, "forced_labour", unknown="exclude", interval="wilson", **SET),
    ),
    "total": (
        f'kind = "total"\noutcome = "forced_labour"\nunknown = "bounds"\ninterval = "wald"\n{DIRECT}',
        lambda c, _: fl.estimate_total(c, "forced_labour", unknown="bounds", interval="wald", **SET),
    ),
    "mean": (
        f'kind = "mean"\nvariable = "age_interview"\nunknown = "exclude"\ninterval = "log"\n{DIRECT}',
        lambda c, _: fl.estimate_mean(c, "age_interview", unknown="exclude", interval="log", **SET),
    ),
    "ratio": (
        f'kind = "ratio"\nnumerator = "case"\ndenominator = "age_interview"\ninterval = "log"\n{DIRECT}',
        lambda c, _: fl.estimate_ratio(c, "case", "age_interview", interval="log", **SET),
    ),
    "spread": (
        f'kind = "variance"\nvariable = "age_interview"\ninterval = "log"\n{DIRECT}',
        lambda c, _: fl.estimate_variance(c, "age_interview", interval="log", **SET),
    ),
    "quantile": (
        'kind = "quantile"\nvariable = "age_interview"\nprobabilities = [0.2, 0.6]\nrule = "hf7"\ninterval = "beta"\n' + DIRECT,
        lambda c, _: fl.estimate_quantile(c, "age_interview", [0.2, 0.6], rule="hf7", interval="beta", **SET),
    ),
    "area": (
        'kind = "area"\noutcome = "forced_labour"\nby = "region"\nwhere = "age_interview < 60"\nunknown = "exclude"\n'
        'covariates = { file = "persons.csv", columns = ["x"] }\npopulation = "persons.csv"\nlikelihood = "normal"\n'
        'link = "arcsine"\ndeff = "national"\nprior = { sigma = "half-normal(0.5)" }\n'
        'level = 0.9\ndraws = 300\nseed = 4\non_failure = "raise"\n',
        lambda c, _: hierarchical.area(
            fl.estimate_prevalence(c, "forced_labour", by="region", where="age_interview < 60", unknown="exclude"),
            covariates=PERSONS[["region", "x"]], population=PERSONS[["region", "population"]], likelihood="normal",
            link="arcsine", deff="national", prior=hierarchical.Prior(sigma="half-normal(0.5)"), level=0.9,
            draws=300, seed=4, on_failure="raise",
        ),
    ),
    "unit": (
        'kind = "unit"\noutcome = "forced_labour"\ncells = ["region", "sex"]\npopulation = "cells.csv"\n'
        'covariates = { file = "persons.csv", columns = ["region", "x"] }\n'
        'varying = ["region"]\nby = "sex"\nwhere = "age_interview < 60"\nunknown = "exclude"\nweights = "none"\n'
        'prior = { sigma = "half-normal(0.5)" }\nlevel = 0.9\ndraws = 300\nseed = 4\n',
        lambda c, _: hierarchical.unit(
            c, "forced_labour", cells=["region", "sex"], population=CELLS, covariates=PERSONS[["region", "x"]],
            varying=["region"], by="sex", where="age_interview < 60", unknown="exclude", weights="none",
            prior=hierarchical.Prior(sigma="half-normal(0.5)"), level=0.9, draws=300, seed=4,
        ),
    ),
    "instrument": (
        'kind = "misclassification"\nestimate = "prevalence"\nsensitivity = [[45.0, 5.0], [50.0, 10.0]]\n'
        'specificity = [[490.0, 10.0], [395.0, 5.0]]\npool = "log"\ninterval = "highest"\nlevel = 0.9\ndraws = 300\nseed = 4\n',
        lambda _, made: hierarchical.misclassification(
            made["prevalence"], sensitivity=[[45.0, 5.0], [50.0, 10.0]], specificity=[[490.0, 10.0], [395.0, 5.0]], pool="log",
            interval="highest", level=0.9, draws=300, seed=4,
        ),
    ),
    "sources": (
        'kind = "sources"\nestimates = { survey = "prevalence" }\ncounts = { office = 300 }\npopulation = 40_000\n'
        'bias = { survey = "exactly(0)", office = "normal(-1, 0.5)" }\nlevel = 0.9\ndraws = 300\nseed = 4\n',
        lambda _, made: hierarchical.sources(
            {"survey": made["prevalence"].national.persons(40_000), "office": 300.0},
            bias={"survey": "exactly(0)", "office": "normal(-1, 0.5)"}, level=0.9, draws=300, seed=4,
        ),
    ),
    "one figure": (
        'kind = "published"\ndocument = "an office"\nvalue = 900\nlower = 700\nupper = 1200\ninterval = "log"\nlevel = 0.9\n'
        'measure = "stock"\npopulation = "adults"\nreference_period = "2020"\ndefinition = "C29"\n'
        'instrument = "a census"\nverification = "secondary"\n',
        lambda _, __: synthesis.published(
            900, source="an office", lower=700, upper=1200, interval="log", level=0.9, measure="stock",
            population="adults", reference_period="2020", definition="C29", instrument="a census",
            verification="secondary",
        ),
    ),
    "other figure": (
        'kind = "published"\ndocument = "another office"\nvalue = 800\nse = 100\n',
        lambda _, __: synthesis.published(800, source="another office", se=100),
    ),
    "years": (
        'kind = "published"\ndocument = "a study"\nvalue = 2\nse = 0.2\nquantity = "mean"\n',
        lambda _, __: synthesis.published(2, source="a study", se=0.2, quantity="mean"),
    ),
    "stock": (
        'kind = "stock"\nflow = "other figure"\nduration_years = "years"\nduration = "completed"\nwindow_years = 5\n'
        'correlation = 0.3\ninterval = "wald"\nlevel = 0.9\n',
        lambda _, made: synthesis.stock_from_flow(
            made["other figure"], made["years"], kind="completed", window_years=5, correlation=0.3, interval="wald", level=0.9
        ),
    ),
    "sum": (
        'kind = "sum"\nestimates = ["one figure", "other figure"]\ncorrelation = 0.4\nmeasure = "flow"\n'
        'population = "all"\nreference_period = "2020–2021"\ninterval = "wald"\nlevel = 0.9\n',
        lambda _, made: synthesis.add(
            {name: made[name] for name in ("one figure", "other figure")}, correlation=0.4, measure="flow",
            population="all", reference_period="2020–2021", interval="wald", level=0.9,
        ),
    ),
    "combined": (
        'kind = "combine"\nestimates = ["one figure", "other figure"]\nmethod = "random"\nscale = "log"\n'
        'measure = "flow"\npopulation = "all"\nreference_period = "2020–2021"\ninterval = "log"\nlevel = 0.9\n',
        lambda _, made: synthesis.combine(
            {name: made[name] for name in ("one figure", "other figure")}, method="random", scale="log",
            measure="flow", population="all", reference_period="2020–2021", interval="log", level=0.9,
        ),
    ),
    "believed": (
        'kind = "combine"\nestimates = ["one figure", "other figure"]\nmethod = "bayesian"\nprior = [6, 2]\n'
        'bias = { "one figure" = "exactly(0)", "other figure" = "normal(-0.2, 0.3)" }\nreference_period = "2020–2021"\n'
        'draws = 300\nseed = 4\nlevel = 0.9\n',
        lambda _, made: synthesis.combine(
            {name: made[name] for name in ("one figure", "other figure")}, method="bayesian", prior=(6, 2),
            bias={"one figure": "exactly(0)", "other figure": "normal(-0.2, 0.3)"}, reference_period="2020–2021",
            draws=300, seed=4, level=0.9,
        ),
    ),
    "world": (
        'kind = "aggregate"\nsurveys = "surveys.csv"\npopulation = "world.csv"\ngroups = "world.csv"\nquantity = "prevalence"\n'
        'between = "pooled"\nmeasure = "stock"\nuniverse = "adults"\nreference_period = "2021"\ninterval = "wald"\nlevel = 0.9\n',
        lambda _, __: synthesis.aggregate(
            SURVEYS, WORLD[["country", "population"]], WORLD[["country", "region"]], quantity="prevalence",
            between="pooled", measure="stock", universe="adults", reference_period="2021", interval="wald", level=0.9,
        ),
    ),
    "rounded": (
        'kind = "aggregate"\nsurveys = "surveys.csv"\npopulation = "world.csv"\ngroups = "world.csv"\nbetween = 0.001\nround_to = 1000\n',
        lambda _, __: synthesis.aggregate(
            SURVEYS, WORLD[["country", "population"]], WORLD[["country", "region"]], between=0.001, round_to=1000
        ),
    ),
    "other form": (
        'kind = "extend_by_ratio"\nbase = "other figure"\ncases = "cases.csv"\nknown = "labour"\nwanted = "sexual"\n'
        'detection_odds = [1, 2]\nratios = "main-effects"\noverdispersion = 2\noutcome = "sexual_exploitation"\n'
        'interval = "wald"\nlevel = 0.9\n',
        lambda _, made: synthesis.extend_by_ratio(
            made["other figure"], CASES, known="labour", wanted="sexual", detection_odds=[1, 2], ratios="main-effects",
            overdispersion=2, outcome="sexual_exploitation", interval="wald", level=0.9,
        ),
    ),
    "fall": (
        'kind = "change"\nbefore = "one figure"\nafter = "other figure"\nscale = "percent"\ncorrelation = 0.3\n'
        'differing = "flag"\ninterval = "wald"\nlevel = 0.9\n',
        lambda _, made: synthesis.change(
            made["one figure"], made["other figure"], scale="percent", correlation=0.3, differing="flag",
            interval="wald", level=0.9,
        ),
    ),
    "two lists": (
        'kind = "capture_recapture"\nfile = "lists.csv"\nlists = ["police", "ngo"]\ncount = "count"\nmethod = "chapman"\n'
        'a = "police"\nb = "ngo"\ninterval = "wald"\nlevel = 0.9\n',
        lambda _, __: lists.chapman(histories(), "police", "ngo", interval="wald", level=0.9),
    ),
    "believed lists": (
        'kind = "capture_recapture"\nfile = "lists.csv"\nlists = ["police", "ngo"]\ncount = "count"\nmethod = "loglinear"\n'
        'terms = "main"\nlikelihood = "multinomial"\ninterval = "profile"\nlevel = 0.9\n',
        lambda _, __: lists.loglinear(histories(), terms="main", likelihood="multinomial", interval="profile", level=0.9),
    ),
    "share": (
        'kind = "prevalence"\noutcome = "forced_labour"\n',
        lambda c, _: fl.estimate_prevalence(c, "forced_labour"),
    ),
    "laid out": (
        'kind = "stack"\nestimates = ["share", "other figure", "two lists"]\npopulation = 40_000\n',
        lambda _, made: fl.stack(
            [
                made["share"].national.persons(40_000), made["other figure"],
                made["two lists"].select(quantity="population_size"),
            ]
        ),
    ),
}  # fmt: skip


def histories() -> fl.CaptureHistories:
    return fl.CaptureHistories.from_counts(
        COUNTED.groupby(["police", "ngo"], as_index=False)["count"].sum(), lists=["police", "ngo"]
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The study, and the people classified as it says."""
    folder = tmp_path_factory.mktemp("keys")
    for name, table in (("persons", PERSONS), ("cells", CELLS), ("cases", CASES), ("world", WORLD)):
        table.to_csv(folder / f"{name}.csv", index=False)
    SURVEYS.to_csv(folder / "surveys.csv", index=False)
    COUNTED.to_csv(folder / "lists.csv", index=False)
    head = '[source.people]\nfile = "people.csv"\nmapping = "people.toml"\n\n[classify]\nframework = "icls2018_adult"\n'
    text = "".join(f'\n[[estimate]]\nname = "{name}"\n{entry}' for name, (entry, _) in ENTRIES.items())
    made = fl.run_study(write(folder, study=f"{head}short_instrument = true\n{text}"), out=folder / "out")
    survey = fl.load(folder / "people.csv", mapping=folder / "people.toml")
    return made, fl.classify(survey, "icls2018_adult", short_instrument=True)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_figures_are_those_of_the_call(result: tuple[Any, Any], name: str) -> None:
    made, classified = result
    assert made.failed.get(name) is None
    found: fl.Estimates = made.estimates[name]
    directly = ENTRIES[name][1](classified, made.estimates)
    assert_same_rows(found.to_frame(), directly.to_frame(), rtol=1e-12)
    assert found.provenance.call == directly.provenance.call
    assert _told(found.provenance.arguments) == _told(directly.provenance.arguments)
    assert found.assumptions == directly.assumptions
    assert found.reasons == directly.reasons
    for about in ("measure", "reference_period"):
        assert getattr(found, about) == getattr(directly, about), about


def _told(arguments: Any) -> Any:
    """The arguments as values that can be compared."""
    if isinstance(arguments, dict):
        return {str(name): _told(value) for name, value in arguments.items()}
    return [_told(each) for each in arguments] if isinstance(arguments, list | tuple) else arguments


def test_people_are_those_of_the_file(result: tuple[Any, Any]) -> None:
    """What the comparisons above start from, counted by hand: weights are 100 + row mod 13."""
    frame = people()
    cases = (frame["Q1"] == 1) & (frame["AGE"] < 60)
    share = result[0].estimates["ratio"].national.to_frame()["value"].iloc[0]
    young = frame["AGE"] < 60
    assert share == pytest.approx(np.average(cases[young], weights=frame["W"][young])
                                  / np.average(frame["AGE"][young], weights=frame["W"][young]))  # fmt: skip
