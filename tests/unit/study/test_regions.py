"""A study file goes from national figures to regions, the world, other forms and change: the functions' numbers, and honest errors."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.study.config import read_study

DOCS = Path(__file__).resolve().parents[3] / "docs" / "examples"
COUNTRIES = """country,region,population,value,se
A,North,10000000,0.003,0.0005
B,North,20000000,0.005,0.0005
C,North,5000000,,
D,South,8000000,0.002,0.0004
"""
SURVEYED = """
[[estimate]]
kind = "aggregate"
name = "world"
surveys = "countries.csv"
population = "countries.csv"
groups = "countries.csv"
"""
PUBLISHED = """
[[estimate]]
kind = "published"
name = "{name}"
document = "made up"
value = {value}
se = {se}
"""
CASES = "region,labour,sexual\nNorth,400,100\nSouth,90,30\n"


def study(folder: Path, text: str, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


def run(folder: Path, text: str, **files: str) -> Any:
    return fl.run_study(study(folder, text, **files), out=folder / "out")


def published(name: str, value: float, se: float) -> str:
    return PUBLISHED.format(name=name, value=value, se=se)


def national(result: Any, name: str) -> Any:
    return result.estimates[name].national.frame.iloc[0]


def test_countries_of_a_file_are_added_up(tmp_path: Path) -> None:
    """Countries without a survey stand in the same file with empty figures; the numbers are those of the function."""
    made = run(tmp_path, SURVEYED + 'between = "pooled"\n', countries=COUNTRIES)
    assert made.ok
    table = pd.read_csv(tmp_path / "countries.csv")
    people, regions = table[["country", "population"]], table[["country", "region"]]
    directly = fl.synthesis.aggregate(table.dropna(), people, regions, between="pooled")
    pd.testing.assert_frame_equal(made.estimates["world"].to_frame(), directly.to_frame())
    # T = P Σ a p: North 35e6 (1/3 0.003 + 2/3 0.005), South 8e6 × 0.002
    assert national(made, "world")["value"] == pytest.approx(35e6 * (0.003 + 2 * 0.005) / 3 + 16_000)
    names = {each["name"] for each in made.manifest["lists_and_tables"]}
    assert names == {"countries.csv"}
    assert "countries.csv" in made.manifest["inputs"]


def test_figures_made_before_are_added_up_by_country(tmp_path: Path) -> None:
    """A mapping of country to estimate, other names for columns, and how far countries differ stated."""
    files = {"countries": COUNTRIES.replace("region", "continent").replace("population", "persons")}
    text = published("first", 30_000, 5_000) + published("second", 16_000, 3_200) + """
[[estimate]]
kind = "aggregate"
name = "world"
estimates = { A = "first", D = "second" }
population = { file = "countries.csv", column = "persons" }
groups = { file = "countries.csv", column = "continent" }
between = { North = 0.001 }
quantity = "prevalence"
"""  # fmt: skip
    made = run(tmp_path, text, **files)
    # (35e6 × 30,000/10e6 + 16,000) / 43e6
    assert national(made, "world")["value"] == pytest.approx((35e6 * 0.003 + 16_000) / 43e6)
    # Var = 35e6² 0.0005² + 0.001² (25e6² + 20e6² + 5e6²) + 3,200²
    variance = 35e6**2 * 0.0005**2 + 0.001**2 * (25e6**2 + 20e6**2 + 5e6**2) + 3_200**2
    assert national(made, "world")["se"] == pytest.approx(math.sqrt(variance) / 43e6)


def test_another_form_by_region_and_for_the_nation(tmp_path: Path) -> None:
    text = SURVEYED.replace('"world"', '"world"\nbetween = 0.001') + """
[[estimate]]
kind = "extend_by_ratio"
name = "sexual"
base = "world"
cases = "cases.csv"
known = "labour"
wanted = "sexual"
detection_odds = [1, 2]

[[estimate]]
kind = "extend_by_ratio"
name = "as one"
base = "world"
cases = "whole.csv"
known = "labour"
wanted = "sexual"
"""  # fmt: skip
    made = run(tmp_path, text, countries=COUNTRIES, cases=CASES, whole="labour,sexual\n490,130\n")
    assert made.ok
    world = made.estimates["world"]
    north, south = (world.select(region=name).frame["value"].iloc[0] for name in ("North", "South"))
    sexual = made.estimates["sexual"].to_frame().set_index(["term", "margin"])["value"]
    assert sexual.loc[[("1", "")]].item() == pytest.approx(north / 4 + south / 3)
    assert sexual.loc[[("2", "")]].item() == pytest.approx((north / 4 + south / 3) / 2)
    assert national(made, "as one")["value"] == pytest.approx((north + south) * 130 / 490)


def test_a_base_and_its_extension_do_not_err_independently(tmp_path: Path) -> None:
    """World × (1 + R): the world's error goes into the sum 1 + R times, the ratio's error once."""
    text = published("labour", 100_000, 10_000) + """
[[estimate]]
kind = "extend_by_ratio"
name = "sexual"
base = "labour"
cases = "cases.csv"
known = "labour"
wanted = "sexual"

[[estimate]]
kind = "sum"
name = "both"
estimates = ["labour", "sexual"]
correlation = "extension"
"""  # fmt: skip
    made = run(tmp_path, text, cases="labour,sexual\n400,100\n")
    assert national(made, "both")["value"] == pytest.approx(125_000)
    expected = math.hypot(1.25 * 10_000, 25_000 * math.sqrt(1 / 100 + 1 / 400))
    assert national(made, "both")["se"] == pytest.approx(expected)
    assert "parts_correlated" in {a.code for a in made.estimates["both"].assumptions}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('kind = "sum"\nestimates = ["one", "stock"]', "correlation = … must be stated"),
        ('kind = "combine"\nestimates = ["one", "stock"]', "combine is for independent figures"),
        ('kind = "change"\nbefore = "one"\nafter = "stock"', "correlation = … must be stated"),
        ('kind = "sum"\nestimates = ["one", "one"]', "both come of 'one'"),
        ('kind = "sum"\nestimates = ["one", "stock", "two"]\ncorrelation = "extension"', "is between two"),
        ('kind = "sum"\nestimates = ["one", "too"]', "did you mean 'two'?"),
        ('kind = "change"\nbefore = "one"\nafter = "tow"', "did you mean 'two'?"),
        ('kind = "aggregate"\npopulation = "a.csv"\ngroups = "a.csv"', "give either estimates made before, or surveys"),
        (
            'kind = "aggregate"\nestimates = { A = "one", B = "stock" }\npopulation = "a.csv"\ngroups = "a.csv"',
            "aggregate is for independent figures",
        ),
        (
            'kind = "aggregate"\nestimates = { A = "ohne" }\npopulation = "a.csv"\ngroups = "a.csv"',
            "estimate[4].estimates.A: no estimate before this one is called 'ohne'; did you mean 'one'?",
        ),
        (
            'kind = "extend_by_ratio"\nbase = "one"\ncases = "a.csv"\nknown = "x"\nwanted = "y"\ndetection_odds = 0',
            "detection_odds: it should be greater than 0",
        ),
        ('kind = "aggregate"\nsurveys = "a.csv"\npopulation = "a.csv"\ngroups = "a.csv"\nbetween = "none"', "between"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, entry: str, said: str) -> None:
    stock = '\n[[estimate]]\nkind = "stock"\nname = "stock"\nflow = "one"\nduration_years = 2\nduration = "in-window"\n'
    before = published("one", 1000, 100) + stock + "window_years = 5\n" + published("two", 900, 90)
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        read_study(study(tmp_path, f"{before}\n[[estimate]]\n{entry}\n"))
    assert said in str(caught.value)


def test_a_correlation_that_is_stated_is_taken(tmp_path: Path) -> None:
    text = published("one", 1000, 100) + published("two", 900, 90) + """
[[estimate]]
kind = "sum"
name = "whole"
estimates = ["one", "two"]
correlation = 1

[[estimate]]
kind = "change"
name = "fall"
before = "one"
after = "two"
correlation = 0.5

[[estimate]]
kind = "sum"
name = "wrong"
estimates = ["one", "two"]
correlation = "extension"
"""  # fmt: skip
    made = run(tmp_path, text)
    assert national(made, "whole")["se"] == pytest.approx(190)
    assert national(made, "fall")["se"] == pytest.approx(math.sqrt(100**2 + 90**2 - 100 * 90))
    assert made.failed["wrong"].code == "FL-EST-196"


def test_two_estimates_of_one_survey_have_to_say_how_their_errors_go(tmp_path: Path) -> None:
    from tests.unit.study.made import STUDY, write

    half = '\n[[estimate]]\nkind = "total"\nname = "{0}"\noutcome = "case"\nwhere = "sex == \'{0}\'"\n'
    more = half.format("one") + half.format("two") + '[[estimate]]\nkind = "sum"\nestimates = ["one", "two"]\n'
    file = write(tmp_path, study=STUDY[: STUDY.index("[classify]")] + more)
    with pytest.raises(fl.FlError, match="go together, both come of the survey"):
        read_study(file)


BAYESIAN = """
[[estimate]]
kind = "combine"
name = "both"
estimates = ["one", "two"]
method = "bayesian"
bias = { one = "below(0.2)", two = "normal(0, 0.1)" }
"""


def test_the_bayesian_combination_is_the_functions(tmp_path: Path) -> None:
    made = run(tmp_path, published("one", 1000, 100) + published("two", 900, 90) + BAYESIAN)
    assert made.ok
    sources = {name: made.estimates[name] for name in ("one", "two")}
    bias = {"one": "below(0.2)", "two": "normal(0, 0.1)"}
    directly = fl.synthesis.combine(sources, method="bayesian", bias=bias, seed=1)
    pd.testing.assert_frame_equal(made.estimates["both"].to_frame(), directly.to_frame())


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ('one = "below(0.2)", ', "", "bias.one: how far it may be off has to be stated"),
        ("two =", "tow =", "bias.tow: it is not among the estimates"),
        ('"bayesian"', '"fixed"', "bias: it is not for method 'fixed'"),
        ("bias =", 'scale = "log"\nbias =', "scale: it is not for method 'bayesian'"),
    ],
)
def test_biases_are_stated_for_all_and_only_there(tmp_path: Path, replaced: str, by: str, said: str) -> None:
    text = published("one", 1000, 100) + published("two", 900, 90) + BAYESIAN.replace(replaced, by)
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        read_study(study(tmp_path, text))
    assert said in str(caught.value)


def test_change_by_rows(tmp_path: Path) -> None:
    text = SURVEYED.replace('"world"', '"before"\nbetween = 0.001') + SURVEYED.replace(
        '"world"\nsurveys = "countries.csv"', '"after"\nbetween = 0.001\nsurveys = "later.csv"'
    ) + '[[estimate]]\nkind = "change"\nname = "change"\nbefore = "before"\nafter = "after"\nrows = "all"\nscale = "ratio"\n'  # fmt: skip
    made = run(tmp_path, text, countries=COUNTRIES, later=COUNTRIES.replace("0.002", "0.003"))
    found = made.estimates["change"].to_frame().set_index(["margin", "region"])["value"]
    assert found.loc[("region", "South")] == pytest.approx(1.5)
    assert found.loc[("region", "North")] == pytest.approx(1.0)


def test_rounds_with_other_rows_are_refused() -> None:
    """One national figure is not the round before of every region."""
    frame = pd.DataFrame({"w": [10.0, 20, 10, 20], "fl": [1, 0, 0, 1], "r": ["N", "N", "S", "S"]})
    regions = fl.estimate_total(frame, "fl", by="r", design=fl.Design(weights="w", expands=True))
    before = fl.synthesis.published(20, se=4, source="made up", outcome="fl")
    with pytest.raises(fl.FlError, match="FL-EST-185"):
        fl.synthesis.change(before, regions)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"countries": COUNTRIES.replace("region", "area"), "cases": CASES}, "FL-STUDY-05"),
        ({"countries": COUNTRIES.replace("8000000", "eight"), "cases": CASES}, "FL-STUDY-08"),
        ({"countries": COUNTRIES, "cases": CASES.replace("90", "ninety")}, "FL-STUDY-33"),
        ({"countries": COUNTRIES, "cases": CASES.replace("sexual", "other")}, "FL-STUDY-05"),
        ({"cases": CASES}, "FL-FILE-01"),
    ],
)
def test_files_that_do_not_fit_stop_the_run(tmp_path: Path, files: dict[str, str], code: str) -> None:
    text = (
        SURVEYED
        + '[[estimate]]\nkind = "extend_by_ratio"\nbase = "world"\ncases = "cases.csv"\nknown = "labour"\nwanted = "sexual"\n'
    )
    with pytest.raises(fl.FlError, match=code):
        run(tmp_path, text, **files)
    assert not (tmp_path / "out").exists()


@functools.cache
def world() -> Any:
    folder = Path(__import__("tempfile").mkdtemp())
    return fl.run_study(DOCS / "world.toml", out=folder / "out")


def test_the_world_of_the_docs() -> None:
    """docs/examples/world.toml: eight made-up countries, five of them with a figure, by hand from the countries' totals."""
    made = world()
    assert made.ok
    total = {name: national(made, name)["value"] for name in ("Aurelia", "Bramar", "Cordia", "Esmir", "Farun")}
    assert total["Cordia"] == pytest.approx(9_000 * 2.6 / 5)
    people = pd.read_csv(DOCS / "world_countries.csv").set_index("country")["population"]
    west, east = ["Aurelia", "Bramar", "Cordia"], ["Esmir", "Farun"]
    rates = [sum(total[c] for c in region) / people[region].sum() for region in (west, east)]
    by_hand = [rates[0] * people[[*west, "Drelland"]].sum(), rates[1] * people[[*east, "Galvey", "Hestia"]].sum()]
    assert national(made, "world")["value"] == pytest.approx(sum(by_hand))
    groups = made.estimates["world"].diagnostics["groups"]
    assert groups["West"]["covered_share"] == pytest.approx(people[west].sum() / (people[west].sum() + 600_000))
    parts = [national(made, name)["value"] for name in ("world", "sexual", "state-imposed")]
    assert national(made, "all forms")["value"] == pytest.approx(sum(parts))
    assert national(made, "since 2018")["value"] == pytest.approx(100 * (sum(parts) / 98_000 - 1))
    apart = math.sqrt(sum(national(made, name)["se"] ** 2 for name in ("world", "sexual", "state-imposed")))
    assert national(made, "all forms")["se"] > 1.15 * apart


def test_its_report_says_what_it_covers() -> None:
    made = world()
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    # two digits of a standard error in the thousands are whole hundreds
    assert 1_000 < national(made, "world")["se"] < 10_000
    for words in (
        f"{round(national(made, 'world')['value'], -2):,.0f}",
        "Surveys cover 81.80% of the population",
        "made up",
    ):
        assert words in page, words
