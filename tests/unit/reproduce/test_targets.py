"""What is declared is computed and what is said in words is not: no reading of ours accuses a print, and every fault is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.reproduce import Outcome, reproduce
from fl_estimate.reproduce.target_file import FaultsOfFiles, InputEntry, PrintEntry, TargetEntry, read_entry
from fl_estimate.reproduce.targets import _unknown, make_ready, read_targets  # pyright: ignore[reportPrivateUsage]

TWO = [
    {"label": "forced labour, million", "value": 17.3, "rounding_halfwidth": 0.05},
    {"label": "forced sexual exploitation, million", "value": 6.3, "rounding_halfwidth": 0.05},
]


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def outcomes(folder: Path, **keys: Any) -> tuple[Outcome, ...]:
    """What becomes of one target written to a file of its own."""
    given = {"id": "t", "unit": "million", "published": 23.6, "inputs": TWO} | keys
    lines = [f"{key} = {toml(value)}" for key, value in given.items() if value is not None]
    (folder / "t.toml").write_text("\n".join(lines), encoding="utf-8")
    return reproduce([folder / "t.toml"]).outcomes


def outcome(folder: Path, **keys: Any) -> Outcome:
    (found,) = outcomes(folder, **keys)
    return found


def named(*symbols: str, inputs: list[dict[str, Any]] = TWO) -> list[dict[str, Any]]:
    return [{**each, "symbol": symbol} for each, symbol in zip(inputs, symbols, strict=True)]


def faults(**changes: Any) -> list[str]:
    """What is wrong with a target that is good but for these keys."""
    good = {"id": "t", "formula": "a/b", "published": 25.0,
            "inputs": [{"label": "x", "value": 1.0, "symbol": "a"}, {"label": "y", "value": 4.0, "symbol": "b"}]}  # fmt: skip
    found: list[str] = []
    entry = read_entry({key: value for key, value in (good | changes).items() if value is not None}, found)
    if entry is not None and not found:
        make_ready(entry, None, found)
    return found


# --- words are a note ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "sum of the parts, without the change of base", "sum of parts", "sum", "difference", "share", "the increase", "profit over victims",
        "mean of the two", "share x pickers", "P_r = count_r/rate_r ; world rate = sum count / sum P_r", "17.3 + 6.3", "Chapman",
    ],
)  # fmt: skip
def test_words_are_not_computed(method: str, tmp_path: Path) -> None:
    """The first once computed b − a, and could print "prints the same"."""
    found = outcome(tmp_path, method=method)
    assert (found.verdict, found.agrees) == ("not_computed", False)
    assert found.reason.startswith("[FL-STUDY-36]")
    assert 'write formula = "…", and on each input the symbol' in found.reason
    assert method in found.reason


def test_the_sum_of_the_parts_once_was_the_change_of_base(tmp_path: Path) -> None:
    """B − a = 6.3 − 17.3 = −11, which was called the same as a print of −11."""
    found = outcome(tmp_path, method="sum of the parts, without the change of base", published=-11.0)
    assert found.verdict == "not_computed"
    assert outcome(tmp_path, formula="a + b", inputs=named("a", "b")).computed == pytest.approx(23.6)


def test_one_input_more_than_names_accuses_nobody(tmp_path: Path) -> None:
    """A third figure was added to one of the names, by how its label looked, and the print was said not to agree."""
    three = [*TWO, {"label": "state-imposed, million", "value": 3.9}]
    found = outcome(tmp_path, method="a + b", inputs=three)
    assert found.verdict == "not_computed"
    assert found.reason.startswith("[FL-STUDY-37]")
    for words in (
        "'a + b' names a, b",
        "state-imposed, million",
        'write formula = "a + b", and on each input its symbol',
    ):
        assert words in found.reason
    with pytest.raises(fl.FlError, match=r"FL-STUDY-30(.|\n)*inputs\[3\].symbol: it must be given"):
        outcomes(tmp_path, formula="a + b", inputs=[*named("a", "b"), three[2]])
    with pytest.raises(fl.FlError, match=r"inputs\[3\]: 'c' stands in no formula"):
        outcomes(tmp_path, formula="a + b", inputs=named("a", "b", "c", inputs=three))


@pytest.mark.parametrize("method", ["100*part/total", "100*(1-s20/s19)", "profit/victims", "a/c", "c/(a + b)", "a/b/c"])
def test_names_are_not_shared_out_by_likeness_or_order(method: str, tmp_path: Path) -> None:
    found = outcome(tmp_path, method=method)
    assert (found.verdict, found.reason[:13]) == ("not_computed", "[FL-STUDY-37]")


@pytest.mark.parametrize(
    ("method", "inputs", "expected"),
    [
        ("a + b", TWO, 23.6), ("100*(b/a-1)", TWO, 100 * (6.3 / 17.3 - 1)), ("FL + FM", TWO, 23.6), ("x × y", TWO, 17.3 * 6.3), ("N = b − a", TWO, -11.0),
        ("100*part/total", named("total", "part"), 100 * 6.3 / 17.3), ("p = part^2/total.", named("part", "total"), 17.3**2 / 6.3),
    ],
)  # fmt: skip
def test_a_note_that_is_arithmetic_on_named_inputs_may_agree(
    method: str, inputs: Any, expected: float, tmp_path: Path
) -> None:
    """By symbols; by a, b, c in the order of the inputs; or where the order is nothing to the figure."""
    found = outcome(tmp_path, method=method, inputs=inputs, published=round(expected, 1))
    assert found.computed == pytest.approx(expected)
    assert found.agrees
    other = outcome(tmp_path, method=method, inputs=inputs, published=777.0)
    assert (other.verdict, other.reason[:13]) == ("not_computed", "[FL-STUDY-38]")
    assert "says nothing of the print" in other.reason


def test_a_stock_in_words_is_told_its_function(tmp_path: Path) -> None:
    found = outcome(tmp_path, method="S = N * d / T", kind="in-window", window_years=5)
    assert found.reason.startswith("[FL-STUDY-36]")
    assert 'function = "stock_from_flow"' in found.reason
    assert 'kind = "in-window"' in found.reason
    lists = outcome(tmp_path, method="stepwise, p < 0.02", inputs=None, inputs_table="kosovo.csv")
    assert lists.reason.startswith("[FL-STUDY-36]")
    assert "select_stepwise" in lists.reason


@pytest.mark.parametrize(
    ("formula", "published", "factor"),
    [
        ("part / total", 36.4, "multiply the formula by 100,"),
        ("1000 * part / total", 36.4, "multiply the formula by 0.1,"),
    ],
)
def test_a_power_of_ten_is_a_matter_of_units(formula: str, published: float, factor: str, tmp_path: Path) -> None:
    """100 × 6.3 / 17.3 = 36.4162."""
    found = outcome(tmp_path, formula=formula, inputs=named("total", "part"), published=published)
    assert (found.verdict, found.reason[:13]) == ("not_computed", "[FL-STUDY-39]")
    assert factor in found.reason
    lists = outcome(tmp_path, function="observed", inputs=None, inputs_table="uk_2013_6", published=2.744)
    assert "FL-STUDY-39" in lists.reason
    assert "unit_size = 1000" in lists.reason
    size = outcome(tmp_path, formula=formula, inputs=named("total", "part"), published=published,
                   unit_size=0.01 if published / 36.4 * 100 and formula == "part / total" else 10)  # fmt: skip
    assert size.verdict == "prints_same"


# --- formulas and their inputs -----------------------------------------------------------------------------------


def test_the_range_is_what_the_rounding_allows_and_its_width_is_said(tmp_path: Path) -> None:
    """17.3 ± 0.05 and 6.3 ± 0.05: 23.5 to 23.7, 0.2 wide, 0.8 % of 23.6; by the digits as they are written."""
    for inputs in (
        named("a", "b"),
        [{key: each[key] for key in ("label", "value", "symbol")} for each in named("a", "b")],
    ):
        found = outcome(tmp_path, formula="a + b", inputs=inputs)
        assert (found.lower, found.upper) == pytest.approx((23.5, 23.7))
        assert (found.verdict, found.exact, found.tests) == ("prints_same", True, "identity")
        assert "range 0.20 wide, 0.8% of the figure" in found.verdict_words()
    within = outcome(tmp_path, formula="a + b", inputs=named("a", "b"), published=23.7)
    assert (within.verdict, within.exact) == ("within_rounding", False)
    apart = outcome(tmp_path, formula="a + b", inputs=named("a", "b"), published=23.8)
    assert apart.verdict == "differs"
    assert apart.verdict_words().startswith("this computation does not give the printed figure")
    assert not reproduce([tmp_path / "t.toml"]).ok


def test_digits_count_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        'id = "t"\nformula = "a / b"\npublished = 2.00\n[[inputs]]\nlabel = "x"\nsymbol = "a"\nvalue = 8.0\n'
        '[[inputs]]\nlabel = "y"\nsymbol = "b"\nvalue = 4\nrounding_halfwidth = 0\n', encoding="utf-8",
    )  # fmt: skip
    (found,) = reproduce([tmp_path / "t.toml"]).outcomes
    # 8.0 is 7.95 to 8.05, 4 is exact as said, and 2.00 is 1.995 to 2.005.
    assert (found.lower, found.upper) == pytest.approx((7.95 / 4, 8.05 / 4))
    text = (
        (tmp_path / "t.toml")
        .read_text(encoding="utf-8")
        .replace("value = 8.0", 'value = "8,040"')
        .replace("2.00", "2011")
    )
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    (found,) = reproduce([tmp_path / "t.toml"]).outcomes
    assert (found.computed, found.lower, found.verdict) == (2010.0, 8039.5 / 4, "differs")


def test_several_printed_values_in_one_target(tmp_path: Path) -> None:
    found = outcomes(
        tmp_path, published=None, formula="a + b", inputs=named("a", "b"),
        prints=[{"label": "together", "published": 23.6}, {"label": "share", "formula": "100 * b / (a + b)", "published": 27, "unit": "percent"},
                {"published": 24.0, "match": False, "reason": "another year"}],
    )  # fmt: skip
    # Arithmetic comes before identities; 100 × 6.3 / 23.6 = 26.69.
    assert [(each.id, each.verdict, each.tests, each.unit) for each in found] == [
        ("t: share", "prints_same", "arithmetic", "percent"), ("t: together", "prints_same", "identity", "million"),
        ("t: 3", "known_difference", "identity", "million"),
    ]  # fmt: skip


def test_a_function_of_printed_figures(tmp_path: Path) -> None:
    """61,252 persons over five years and 2.6 years of these: 61,252 × 2.6 / 5."""
    inputs = [{"label": "persons", "symbol": "n", "value": 61252}, {"label": "years", "symbol": "d", "value": 2.6}]
    told = {"flow": "n", "duration_years": "d", "kind": "in-window", "window_years": 5}
    found = outcome(tmp_path, function="synthesis.stock_from_flow", arguments=told, inputs=inputs, published=31338)
    assert (found.function, found.tests, found.verdict) == (
        "synthesis.stock_from_flow",
        "arithmetic",
        "within_rounding",
    )
    assert found.computed == pytest.approx(61_252 * 2.6 / 5)
    assert (found.lower, found.upper) == pytest.approx((61_251.5 * 2.55 / 5, 61_252.5 * 2.65 / 5))
    wrong = outcome(
        tmp_path, function="stock_from_flow", arguments=told | {"kind": "elapsed"}, inputs=inputs, published=31338
    )
    assert (wrong.verdict, "FL-EST-180" in wrong.reason) == ("not_computed", True)
    summed = outcome(tmp_path, function="add", arguments={"figures": ["a", "b"]}, inputs=named("a", "b"))
    assert (summed.computed, summed.words) == (pytest.approx(23.6), "add(figures=['a', 'b'])")


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []), ({"published": None}, ["published: it must be given"]), ({"published": None, "printed": "about 20"}, ["published: a number is needed where match is true"]),
        ({"published": None, "printed": "about 20", "match": False, "reason": "who knows"}, []), ({"match": False}, ["reason: a target with match = false says why"]),
        ({"inputs": None}, ["inputs: a target that is to be reproduced needs [[inputs]], or inputs_table = [case lists]"]),
        ({"inputs": None, "match": False, "reason": "never published", "formula": None}, []),
        ({"inputs": None, "formula": None, "inputs_table": "kosovo.csv"}, ["formula: it must be given, or a function"]),
        ({"inputs": None, "inputs_table": "kosovo.csv"}, ["formula: case lists are no figures; write function = the estimator"]),
        ({"inputs": None, "formula": None, "function": "chao", "inputs_table": "kosovo.csv"}, []),
        ({"formula": None}, ["formula: it must be given, or a function"]), ({"formula": None, "method": "a/b"}, []),
        ({"function": "chao"}, ["formula: a target has a formula or a function, not both"]),
        ({"formula": "a/c"}, ["inputs[2]: 'b' stands in no formula", "formula 'a/c': no input has the symbol c"]),
        ({"formula": None, "function": "chao"}, None), ({"formula": None, "function": "add"}, None),
        ({"published": [3.0, 2.0]}, ["published: the lower limit comes first"]), ({"published": [2.0, 2.0]}, []), ({"published": [2.0]}, None),
        ({"published": float("nan")}, None), ({"published": "some"}, None), ({"published": True}, None),
        ({"id": ""}, None), ({"unit_size": 0.0}, None), ({"published_halfwidth": -0.1}, None), ({"published_monte_carlo": -1.0}, None), ({"replicates": 3}, None),
        ({"of": "middle"}, ["of: 'middle' is none of value, lower, upper, limits"]), ({"of": "limits"}, ["of: two printed numbers are limits, one is a value, lower or upper"]),
        ({"group": "Africa"}, ['group: the target has no groups; say which column has them: groups = "…"']),
        ({"groups": "region"}, ["group: it must be given, or over_groups, in a target with groups"]),
        ({"groups": "region", "over_groups": "median"}, ["over_groups: 'median' is none of sum, mean"]),
        ({"groups": "region", "over_groups": "sum"}, ["groups: 'region' is a column of tables, and no input is one"]),
        ({"published": 3.0, "prints": [{"published": 2.0}]}, ["published: a target with prints has its printed values there"]),
        ({"published": None, "prints": [{"published": 2.0}, {"label": "x"}]}, ["prints[2].published: it must be given"]),
        ({"published": None, "prints": [{"publishd": 2.0}]}, ["prints[1].publishd: no such key; did you mean 'published'?"]),
        ({"inputs": [{"label": "x", "value": 1.0, "symbol": "a"}, {"label": "y", "symbol": "b"}]}, ["inputs[2].value: it must be given, or a column of a table"]),
        ({"inputs": [{"value": 1.0, "symbol": "a"}, {"label": "y", "value": 2, "column": "c", "symbol": "b"}]},
         ["inputs[1].label: it must be given", "inputs[2].column: an input is one value or a column, not both", "inputs[2].table: it must be given with a column"]),
        ({"inputs": [{"label": "x", "value": 1.0, "symbol": "a"}] * 2}, ["inputs: the symbol 'a' stands twice"]),
        ({"inputs": [{"label": "x", "value": 1.0, "vale": 2.0}]}, ["inputs[1].vale: no such key; did you mean 'value'?"]),
        ({"inputs": [{"label": "x", "value": "three", "symbol": "a"}]}, ["inputs[1].value: it should be a number, as it is printed"]),
        ({"inputs": [{"label": "x", "value": 1.0, "zzzzzz": 2.0}]}, ["inputs[1].zzzzzz: no such key"]),
        ({"publishd": 3.0}, ["publishd: no such key; did you mean 'published'?"]), ({"golden_value": 3.0, "implied_rate": 2.0, "computed_by_hand": 1.0}, []),
        ({"golden": 3.0}, ["golden: no such key"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_target(changes: dict[str, Any], said: list[str] | None) -> None:
    found = faults(**changes)
    if said is None:
        assert found
        assert found[0].startswith(f"{list(changes)[-1]}: ") or found[0].startswith("arguments: ")
    else:
        assert found == said


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("a ? b", "the expression cannot be read"), ("a > b", "a compare is no arithmetic"), ("median(a)", "the only functions are sum, mean, min, max, logit, expit, log, exp, sqrt, abs, round, power ("),
        ("sum(a)", "one figure, where sum goes over the rows of a table"), ("3 + 4", "it names no input"), ("a b", "cannot be read"),
        ("log(a, b)", "log has 2 arguments"), ("round(a)", "round has 1 arguments"), ("", "it must be given"),
    ],
)  # fmt: skip
def test_what_is_no_formula(formula: str, said: str) -> None:
    assert any(said.replace("the expression", "it") in fault for fault in faults(formula=formula)), faults(
        formula=formula
    )


def test_what_is_no_table_is_no_target() -> None:
    found: list[str] = []
    assert read_entry(3, found) is None
    assert found == ["it is not a table of keys"]


def test_all_faults_of_all_files_stand_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(
        '[[target]]\nid = "a"\n[[target]]\nid = "a"\nformula = "x"\npublished = 1\n', encoding="utf-8"
    )
    (tmp_path / "two.json").write_text('[{"id": "b", "published": "x", "note": null}, 3]', encoding="utf-8")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    (tmp_path / "no.json").write_text("[]", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-30") as raised:
        read_targets(
            [
                tmp_path / "one.toml",
                tmp_path / "two.json",
                tmp_path / "none.toml",
                tmp_path / "bad.json",
                tmp_path / "no.json",
                "nepal",
            ]
        )
    text = str(raised.value)
    assert "10 faults in 5 files of targets" in text
    lines = [line.strip() for line in text.splitlines()]
    positions = [lines.index(each) for each in ("one.toml", "two.json", "none.toml", "bad.json", "ids")]
    assert positions == sorted(positions)
    assert "target[1] (a): published: it must be given" in lines[positions[0] : positions[1]]
    assert "target[2] (a): id: 'a' is used twice" in lines
    assert "target[1]: published: it should be a number, as it is printed" in text
    assert "target[2]: it is not a table of keys" in lines
    assert "there is no such file; check its path" in lines
    assert "it is not valid JSON" in text
    assert "there is no target in it" in lines
    assert "no bundled target is called 'nepal'" in lines


def test_targets_as_they_were_collected_are_read_from_json(tmp_path: Path) -> None:
    told = {
        "id": "j",
        "table_or_page": None,
        "inputs": TWO,
        "method": "FL + FM",
        "published": 23.6,
        "published_halfwidth": 0.05,
        "match": True,
    }
    (tmp_path / "t.json").write_text(json.dumps([told]), encoding="utf-8")
    (found,) = reproduce([tmp_path / "t.json"]).outcomes
    assert (found.id, found.verdict, found.computed) == ("j", "prints_same", pytest.approx(23.6))


def test_no_faults_are_no_report() -> None:
    none = FaultsOfFiles()
    none.add("a.toml")
    assert not none
    none.add("a.toml", "x")
    assert str(none.raised()).startswith("[FL-STUDY-30] 1 fault in 1 file of targets")


def test_ids_that_are_near_are_told_up_to_five() -> None:
    known = [f"ilo{year}" for year in range(2010, 2018)]
    found = str(_unknown(["ilo"], known))
    assert [name for name in known if name in found] == known[:5]
    assert "did you mean" in str(_unknown(["ilo2012x"], known))
    assert str(_unknown(["zzzzz", "ilo"], known)).count("\n    ") == 2


# --- files -------------------------------------------------------------------------------------------------------

SHARE = """id = "{id}"
formula = "100 * a / b"
unit = "percent"
published = 25
[[{table}inputs]]
label = "x"
symbol = "a"
value = 1
[[{table}inputs]]
label = "y"
symbol = "b"
value = 4
"""


def test_targets_in_one_file_and_in_several(tmp_path: Path) -> None:
    several = "".join("[[target]]\n" + SHARE.format(id=each, table="target.") for each in ("one", "two"))
    (tmp_path / "several.toml").write_text(several, encoding="utf-8")
    (tmp_path / "single.toml").write_text(SHARE.format(id="three", table=""), encoding="utf-8")
    found = read_targets([tmp_path / "several.toml", "nepal2018-flow-to-stock", tmp_path / "single.toml"])
    assert [each.entry.id for each in found] == ["one", "two", "nepal2018-flow-to-stock", "three"]
    made = reproduce([tmp_path / "several.toml"]).outcomes
    assert [(each.computed, each.verdict, each.printed) for each in made] == [(25.0, "prints_same", "25")] * 2
    everything = read_targets()
    assert len(everything) > 20
    assert len({each.entry.id for each in everything}) == len(everything)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extra = 3\n[[target]]\nid = "a"\n', "extra: a file of [[target]] has no other keys"), ("target = [3]\n", "target[1]: it is not a table of keys"),
        ('[[target]]\nid = "a"\nmethod = "a/b"\n[[target]]\nid = 3\n', "target[2]: id"),
    ],
)  # fmt: skip
def test_faults_of_a_file_of_targets(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-30") as raised:
        read_targets([tmp_path / "targets.toml"])
    assert f"targets.toml\n        {said}" in raised.value.found or f"        {said}" in raised.value.found


def test_an_interval_is_printed_as_it_was_given(tmp_path: Path) -> None:
    text = SHARE.format(id="a", table="").replace("published = 25", "published = [20, 30.5]")
    (tmp_path / "target.toml").write_text(text, encoding="utf-8")
    (found,) = reproduce([tmp_path / "target.toml"]).outcomes
    assert found.printed == "20 to 30.5"
    (tmp_path / "target.toml").write_text(
        text.replace("published = [20, 30.5]", 'match = false\nreason = "unknown"\nprinted = "some"'), encoding="utf-8"
    )
    (found,) = reproduce([tmp_path / "target.toml"]).outcomes
    assert (found.printed, found.verdict) == ("some", "known_difference")
    assert found.computed == 25.0


@pytest.mark.parametrize("unit", ["", "somethings", "persons"])
def test_a_unit_is_a_note(unit: str, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(SHARE.format(id="a", table="").replace("percent", unit), encoding="utf-8")
    (found,) = reproduce([tmp_path / "t.toml"]).outcomes
    assert (found.computed, found.verdict, found.unit) == (25.0, "prints_same", unit)


def test_every_key_stands_in_the_reference() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "target_keys.md").read_text(encoding="utf-8")
    target, rest = page.partition("## Of a printed value")[::2]
    printed, given = rest.partition("## Of an input")[::2]
    for part, keys in ((printed, PrintEntry.model_fields.keys() - {"formula"}), (given, InputEntry.model_fields.keys()),
                       (target, TargetEntry.model_fields.keys() - PrintEntry.model_fields.keys())):  # fmt: skip
        assert {key for key in keys if f"`{key}`" not in part} == set()
