"""A table of countries as input: sums, weighted means, conditions, groups, and rounding by group; by hand, and with its faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate.reproduce import reproduce
from fl_estimate.reproduce.computing import range_of
from fl_estimate.reproduce.figures import figure
from fl_estimate.reproduce.formulas import read_formula
from fl_estimate.reproduce.reproduction import Outcome

COUNTRIES = """country,region,year,rate,people,cases
A,North,2021,2.0,1000,140
B,North,2021,4.0,3000,260
C,South,2021,1.5,2000,
D,South,2021,0.5,6000,390
E,South,2016,9.9,6000,999
"""
HEAD = 'id = "t"\nunit = "persons"\n'


def inputs(*columns: str, where: str = "year == 2021", halfwidth: str = "rounding_halfwidth = 0\n") -> str:
    said = f'where = "{where}"\n' if where else ""
    return "".join(
        f'[[inputs]]\nsymbol = "{each}"\ntable = "countries.csv"\ncolumn = "{each}"\n{said}{halfwidth}'
        for each in columns
    )


def outcomes(folder: Path, text: str) -> tuple[Outcome, ...]:
    (folder / "countries.csv").write_text(COUNTRIES, encoding="utf-8")
    (folder / "t.toml").write_text(HEAD + text, encoding="utf-8")
    return reproduce([folder / "t.toml"]).outcomes


def fault(folder: Path, text: str) -> str:
    with pytest.raises(fl.FlError, match="FL-STUDY-30") as raised:
        outcomes(folder, text)
    return raised.value.found


@pytest.mark.parametrize(
    ("formula", "expected", "tests"),
    [
        ("sum(people)", 12_000, "identity"),
        # (2 × 1,000 + 4 × 3,000 + 1.5 × 2,000 + 0.5 × 6,000) / 12,000
        ("sum(rate * people) / sum(people)", 20_000 / 12_000, "arithmetic"),
        ("sum(rate * people) / 1000", 20, "arithmetic"), ("mean(rate)", 2, "arithmetic"), ("max(rate) - min(rate)", 3.5, "arithmetic"),
        # Each country to the nearest 10 persons, half upwards: 2, 12, 3, 3 are 0, 10, 0, 0; a half (to 4) goes up: 4, 12, 4, 4
        ("sum(round(rate * people / 1000, 10))", 10, "arithmetic"), ("sum(round(rate * people / 1000, 4))", 24, "arithmetic"),
    ],
)  # fmt: skip
def test_sums_and_weighted_means(formula: str, expected: float, tests: str, tmp_path: Path) -> None:
    columns = [each for each in ("rate", "people") if each in formula]
    (found,) = outcomes(
        tmp_path,
        f'formula = "{formula}"\npublished = "{expected:.10g}"\npublished_halfwidth = 1e-6\n' + inputs(*columns),
    )
    assert (found.computed, found.lower, found.upper) == pytest.approx((expected,) * 3)
    assert (found.verdict, found.tests) == ("prints_same", tests)


def test_digits_of_a_table_count_as_they_are_written(tmp_path: Path) -> None:
    """4.0 is 3.95 to 4.05: the mean of four rates moves by 0.05; the sum of four counts of persons by half a person each."""
    for formula, column, half in (("mean(rate)", "rate", 0.05), ("sum(people)", "people", 2.0)):
        (found,) = outcomes(tmp_path, f'formula = "{formula}"\npublished = 2\n' + inputs(column, halfwidth=""))
        assert (found.upper - found.computed, found.computed - found.lower) == pytest.approx((half, half))
    (found,) = outcomes(
        tmp_path,
        'formula = "sum(people)"\npublished = 12000\n' + inputs("people", halfwidth="rounding_halfwidth = 50\n"),
    )
    assert (found.lower, found.upper) == (11_800, 12_200)


BY_REGION = """formula = "sum(rate * people) / 1000"
groups = "region"
round = 5
prints = [
  { group = "North", published = 15 }, { group = "South", published = 5 }, { label = "world", over_groups = "sum", published = 20 },
  { label = "mean region", over_groups = "mean", published = 10.0 },
]
"""


def test_figures_of_groups_are_rounded_before_they_are_added(tmp_path: Path) -> None:
    """14 and 6 to the nearest 5 are 15 and 5; together 20, as of 14 + 6, by chance; to the nearest 10 both are 10."""
    found = {each.id: each for each in outcomes(tmp_path, BY_REGION + inputs("rate", "people"))}
    assert {name: each.computed for name, each in found.items()} == {
        "t: North": 15,
        "t: South": 5,
        "t: world": 20,
        "t: mean region": 10,
    }
    assert {each.verdict for each in found.values()} == {"prints_same"}
    apart = {
        each.id: each.computed
        for each in outcomes(
            tmp_path, BY_REGION.replace("round = 5", "round = { North = 10 }") + inputs("rate", "people")
        )
    }
    assert apart == {"t: North": 10, "t: South": 6, "t: world": 16, "t: mean region": 8}
    plain = {
        each.id: each.computed
        for each in outcomes(tmp_path, BY_REGION.replace("round = 5", "") + inputs("rate", "people"))
    }
    assert plain == pytest.approx({"t: North": 14, "t: South": 6, "t: world": 20, "t: mean region": 10})


def test_a_figure_beside_the_table_belongs_to_all_groups(tmp_path: Path) -> None:
    text = (
        'formula = "share * sum(people) / 100"\ngroups = "region"\nprints = [{ group = "North", published = 2000 }]\n'
        + inputs("people")
    )
    (found,) = outcomes(
        tmp_path, text + '[[inputs]]\nsymbol = "share"\nlabel = "adults, percent"\nvalue = 50\nrounding_halfwidth = 0\n'
    )
    assert (found.computed, found.verdict) == (2000, "prints_same")


def test_inputs_of_other_rows_are_summed_each(tmp_path: Path) -> None:
    """Cases where they were counted, scaled to all people of the region: 390 × 8,000 / 6,000 = 520 in the South."""
    text = 'formula = "sum(cases) * sum(people) / sum(of_counted)"\ngroups = "region"\nprints = [{ group = "South", published = 520 }]\n'
    text += inputs("cases", where="year == 2021 and not missing(cases)") + inputs("people")
    text += inputs("people", where="year == 2021 and not missing(cases)").replace(
        'symbol = "people"', 'symbol = "of_counted"'
    )
    (found,) = outcomes(tmp_path, text)
    assert (found.computed, found.verdict) == (520, "prints_same")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('formula = "sum(cases)"\n' + inputs("cases"), "inputs[1]: column 'cases' of 'countries.csv' has no number in line 4; leave such rows out"),
        ('formula = "sum(peple)"\n' + inputs("peple"), "has no column 'peple'; did you mean 'people'?"),
        ('formula = "sum(people)"\n' + inputs("people", where="year == 1999"), "where: it is true of no row"),
        ('formula = "sum(people)"\n' + inputs("people", where="yaer == 2021"), "where: [FL-EXPR-03]"),
        ('formula = "rate * people"\n' + inputs("rate", "people"), "it gives a figure for each row; put sum(…) or mean(…) around"),
        ('formula = "sum(rate * people)"\n' + inputs("rate") + inputs("people", where=""), "columns of different rows"),
        ('formula = "sum(x)"\n' + inputs("x").replace("countries.csv", "nowhere.csv"), "'nowhere.csv' is neither a CSV file beside the target nor"),
        ('function = "add"\narguments = { figures = ["people"] }\n' + inputs("people"), "a table goes into a formula"),
    ],
)  # fmt: skip
def test_faults_of_a_table(text: str, said: str, tmp_path: Path) -> None:
    assert said in fault(tmp_path, "published = 1\n" + text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BY_REGION.replace('"South"', '"Soth"'), "'region' has no 'Soth'; did you mean 'South'?"),
        (BY_REGION.replace('"region"', '"regoin"'), "has no column 'regoin'; did you mean 'region'?"),
        (BY_REGION.replace("round = 5", "round = { East = 5 }"), "'region' has no 'East'"),
        (BY_REGION.replace('group = "South", ', ""), "prints[2].group: it must be given, or over_groups"),
    ],
)
def test_faults_of_groups(text: str, said: str, tmp_path: Path) -> None:
    assert said in fault(tmp_path, text + inputs("rate", "people"))


def test_a_group_without_rows_of_an_input_is_told(tmp_path: Path) -> None:
    text = BY_REGION + inputs("rate", where="year == 2021") + inputs("people", where="region == 'North'")
    said = fault(tmp_path, text.replace("sum(rate * people)", "sum(rate) * sum(people)"))
    assert "groups: 'people' has no row of South" in said


def test_a_row_without_a_group_is_told(tmp_path: Path) -> None:
    text = BY_REGION + inputs("rate", "people")
    (tmp_path / "countries.csv").write_text(COUNTRIES.replace("B,North", "B,"), encoding="utf-8")
    (tmp_path / "t.toml").write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(fl.FlError) as raised:
        reproduce([tmp_path / "t.toml"])
    assert "groups: column 'region' of 'countries.csv' is empty in line 3" in raised.value.found


def test_a_bundled_table_is_an_input(tmp_path: Path) -> None:
    """ILO 2012: the regions by millions add to 20.9, with the digits of the file."""
    text = 'formula = "sum(n)"\npublished = 20.9\n[[inputs]]\nsymbol = "n"\ntable = "ilo2012"\ncolumn = "value"\n'
    (found,) = outcomes(tmp_path, text + "where = \"breakdown == 'region' and unit == 'million'\"\n")
    assert (found.computed, found.lower, found.upper) == pytest.approx((20.9, 20.6, 21.2))
    assert found.inputs[0].value_text == "6 × n"


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    text = 'formula = "sum(a)"\npublished = 1\n[[inputs]]\nsymbol = "a"\ntable = "bad.csv"\ncolumn = "a"\n'
    assert "cannot be read as CSV in UTF-8" in fault(tmp_path, text)


def test_many_rows_move_one_after_the_other() -> None:
    """600 rates, more than are moved at once: the sum moves by half the last digit of each, the weighted mean by 0.05."""
    rng = np.random.default_rng(1)
    rates, people = rng.uniform(1, 9, 600).round(1), rng.integers(1_000, 9_000, 600).astype(float)
    formula = read_formula("sum(rate * people) / sum(people)")
    into = [figure("rate", each, 0.05) for each in rates]

    def compute(cells: Any) -> Any:
        return formula({"rate": cells, "people": people[:, None]})

    found = range_of(compute, into)
    mean = float(rates @ people / people.sum())
    assert (found.value, found.lower, found.upper) == pytest.approx((mean, mean - 0.05, mean + 0.05))
