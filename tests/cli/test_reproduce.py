"""`fl-estimate reproduce` takes ids and files, writes table, page and CSV, and ends with the status that it promises."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fl_estimate.cli import app
from fl_estimate.reproduce import reproduce

RUNNER = CliRunner()
GOLDEN = Path(__file__).resolve().parents[1] / "reference" / "published" / "reproducible.json"
SHARE = """
id = "women-2012"
document = "ILO 2012 Global Estimate of Forced Labour, executive summary"
source_status = "verified"
formula = "100 * women / world"
unit = "percent"
published = 55
published_halfwidth = 0.5

[[inputs]]
label = "women and girls, million"
symbol = "women"
value = 11.4
rounding_halfwidth = 0.05

[[inputs]]
label = "world, million"
symbol = "world"
value = 20.9
rounding_halfwidth = 0.05
"""


def call(*words: object) -> tuple[int, str, str]:
    result = RUNNER.invoke(app, ["reproduce", *(str(word) for word in words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def file(folder: Path, text: str, name: str = "target.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def target_of(told: dict[str, Any]) -> str:
    """An entry of reproducible.json with the same fields as TOML, each input a table."""
    lines = [f"{key} = {as_toml(value)}" for key, value in told.items() if key != "inputs" and value is not None]
    for each in told.get("inputs", []):
        lines += ["[[inputs]]", *(f"{key} = {as_toml(value)}" for key, value in each.items())]
    return "\n".join(lines)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """55 per cent (ILO 2012, executive summary): 100 × 11.4 / 20.9 = 54.545…, which prints as 55."""
    status, out, err = call(file(tmp_path, SHARE), "--csv", tmp_path / "out.csv", "--html", tmp_path / "page.html")
    assert (status, err) == (0, "")
    assert "women-2012" in out
    assert "prints the same: 1" in out
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert list(row) == [
        "id", "tests", "source", "printed", "computed", "lower", "upper", "agrees", "exact_after_rounding", "verdict",
    ]  # fmt: skip
    assert float(row["computed"]) == pytest.approx(100 * 11.4 / 20.9)
    assert float(row["lower"]) == pytest.approx(100 * 11.35 / 20.95)
    assert float(row["upper"]) == pytest.approx(100 * 11.45 / 20.85)
    assert (row["agrees"], row["exact_after_rounding"], row["verdict"]) == (
        "true", "true", "prints the same (range 0.74 wide, 1.4% of the figure)"
    )  # fmt: skip
    assert row["tests"] == "arithmetic among printed figures"
    assert "seen in the document" in row["source"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("women and girls, million", "100 * women / world", "54.55", "women = 11.4 ± 0.05"):
        assert words in page, words
    assert "http" not in page


def test_targets_of_the_older_shape_are_read_or_say_what_to_add(tmp_path: Path) -> None:
    """Every field is taken; no reading of ours accuses a print, and what agrees has the value that those who collected it found."""
    told = json.loads(GOLDEN.read_text(encoding="utf-8"))
    files = [file(tmp_path, target_of(each), f"{each['id']}.toml") for each in told]
    found = {outcome.id: outcome for outcome in reproduce(files).outcomes}
    (tmp_path / "all.json").write_text(json.dumps(told), encoding="utf-8")
    assert {each.id: each.verdict for each in reproduce([tmp_path / "all.json"]).outcomes} == {
        name: each.verdict for name, each in found.items()
    }
    read = [each["id"] for each in told if found[each["id"]].verdict != "not_computed"]
    # Letters in the order of the inputs are the one convention that was documented.
    assert read == ["walby-francis-increase", "ilo2005-trafficked-share"]
    for each in told:
        ours = found[each["id"]]
        assert ours.verdict != "differs"
        if each["id"] in read:
            assert ours.computed == pytest.approx(each["computed"], abs=1e-6)
            assert ours.author is None
        else:
            assert ours.reason[:13] in ("[FL-STUDY-36]", "[FL-STUDY-37]"), ours.reason
            assert " write formula = " in ours.reason or " write function = " in ours.reason


def test_an_id(tmp_path: Path) -> None:
    status, out, _ = call("nepal2018-flow-to-stock", "--csv", tmp_path / "nepal.csv", "--language", "fr")
    assert status == 0
    assert "dans l’arrondi" in out
    assert "31851.04" in (tmp_path / "nepal.csv").read_text(encoding="utf-8")


def test_one_that_should_agree_and_does_not_gives_status_1(tmp_path: Path) -> None:
    status, out, _ = call(file(tmp_path, SHARE.replace("published = 55", "published = 60")))
    assert status == 1
    assert "this computation does not give the printed figure: 1" in out


def test_a_known_difference_does_not_count(tmp_path: Path) -> None:
    known = 'match = false\nreason = "another denominator"\n' + SHARE.replace("published = 55", "published = 60")
    status, out, _ = call(file(tmp_path, known), "--csv", tmp_path / "known.csv")
    assert status == 0
    assert "not reproduced: another denominator" in out
    status, out, _ = call(file(tmp_path, known.replace("published = 60", "published = 55")))
    assert status == 0
    assert "agrees, though marked" in out


def test_a_figure_that_its_writer_read_otherwise_is_told(tmp_path: Path) -> None:
    _, out, _ = call(file(tmp_path, "computed = 183.3\n" + SHARE))
    assert "computed 183.3" in out


def test_case_lists_beside_the_target(tmp_path: Path) -> None:
    """Petersen: 60 × 90 / 10 = 540."""
    (tmp_path / "two.csv").write_text("police,ngo,count\n1,0,50\n0,1,80\n1,1,10\n", encoding="utf-8")
    text = 'id = "two"\nfunction = "petersen"\ninputs_table = "two.csv"\npublished = 540\n'
    status, out, _ = call(file(tmp_path, text))
    assert status == 0
    assert "540" in out
    thousand = text.replace("published = 540", 'published = 0.54\nunit = "thousand persons"\nunit_size = 1000')
    assert call(file(tmp_path, thousand))[0] == 0


def test_an_estimator_that_fails_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("police,ngo,count\n1,0,50\n0,1,80\n", encoding="utf-8")
    text = 'id = "two"\nfunction = "petersen"\ninputs_table = "two.csv"\npublished = 540\n'
    status, out, _ = call(file(tmp_path, text))
    assert status == 1
    assert "FL-EST-36" in out


def test_every_fault_of_every_file_comes_at_once(tmp_path: Path) -> None:
    first = file(tmp_path, "id = \n", "first.toml")
    second = file(
        tmp_path,
        'publishhed = 3\nmethod = "a/b"\nsource_status = "verified"\n[[inputs]]\nlabel = "x"\nvalue = "three"\n'
        "[[inputs]]\nvalue = 3\nhalfwidth = 1\n",
        "second.toml",
    )
    third = file(tmp_path, SHARE.replace('symbol = "world"', 'symbol = "all"'), "third.toml")
    fourth = file(
        tmp_path,
        '[[target]]\nid = "a"\npublished = [3, 1]\nmatch = false\n[[target]]\nid = "a"\nmatch = true\n',
        "fourth.toml",
    )
    status, out, err = call(first, second, third, fourth, "--csv", tmp_path / "none.csv")
    assert (status, out) == (2, "")
    for words in (
        "FL-STUDY-30", "in 4 files of targets", "first.toml\n        it is not valid TOML", "publishhed: no such key; did you mean 'published'?",
        "id: it must be given", "inputs[1].value: it should be a number, as it is printed",
        "inputs[2].halfwidth: no such key; did you mean 'rounding_halfwidth'?", "(women-2012): inputs[2]: 'all' stands in no formula", "third.toml",
        "reason: a target with match = false says why", "the lower limit comes first", "'a' is used twice",
        "inputs: a target that is to be reproduced",
    ):  # fmt: skip
        assert words in err, words
    assert not (tmp_path / "none.csv").exists()


def test_a_formula_without_a_value_is_told_in_its_row(tmp_path: Path) -> None:
    text = SHARE.replace("value = 20.9", "value = 0.0")
    status, _, err = call(file(tmp_path, text), "nepal2018-flow-to-stock", "--csv", tmp_path / "out.csv")
    assert (status, err) == (1, "")
    bad, good = csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert bad["verdict"].startswith("not computed: it gives no number")
    assert (bad["agrees"], bad["computed"], good["agrees"]) == ("false", "", "true")


def test_a_formula_must_be_given(tmp_path: Path) -> None:
    status, _, err = call(file(tmp_path, SHARE.replace('formula = "100 * women / world"', "")))
    assert status == 2
    assert "formula: it must be given, or a function" in err


def test_lists_that_are_nowhere_and_ids_that_are_unknown(tmp_path: Path) -> None:
    text = 'id = "x"\nfunction = "chapman"\ninputs_table = "nowhere.csv"\npublished = 1\n'
    status, _, err = call(file(tmp_path, text))
    assert (status, "neither a file beside the target" in err) == (2, True)
    status, _, err = call("nepal2018-flow-to-stok")
    assert status == 2
    assert "FL-STUDY-31" in err
    assert "nepal2018-flow-to-stock" in err
    assert "absent.toml\n        there is no such file" in call(tmp_path / "absent.toml")[2]


def test_the_target_on_the_page_agrees(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "reproduce.md"
    block = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert call(file(tmp_path, block))[0] == 0


def test_case_lists_on_the_page_are_put_together_as_the_document_does(tmp_path: Path) -> None:
    """Six lists with police and NCA as one are the five of the document: 11,313, as printed."""
    page = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "reproduce.md"
    (block,) = [
        part.split("```")[0] for part in page.read_text(encoding="utf-8").split("```toml\n") if "merge =" in part
    ]
    estimate, limits = reproduce([file(tmp_path, 'id = "uk"\n' + block)]).outcomes
    assert (estimate.verdict, limits.verdict) == ("prints_same", "within_monte_carlo")
    assert estimate.words.endswith("; PFNCA = PF + NCA")
    status, _, err = call(file(tmp_path, 'id = "uk"\n' + block.replace('"NCA"]', '"NSA"]')))
    assert (status, "inputs_table, merge: [FL-" in err) == (2, True)


def test_data_sets_are_listed() -> None:
    result = RUNNER.invoke(app, ["datasets"])
    assert result.exit_code == 0
    for words in ("gems2022", "uk_2013_6", "country_household", "facts; cite both"):
        assert words in result.stdout, words


def test_ids_that_there_are_not_come_with_those_that_are_near() -> None:
    status, out, err = call("nepal2018", "bs_australia_lcmr")
    assert (status, out) == (2, "")
    assert "'nepal2018'; did you mean nepal2018-flow-to-stock?" in err
    assert "did you mean bs_Australia_LCMCR?" in err
    assert len(err) < 500


LISTS = 'id = "mine"\ninputs_table = "kosovo.csv"\nunit = "persons"\npublished = 12593\npublished_halfwidth = 66\n'


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ('function = "latent_clas"', "did you mean 'latent_class'?", 2),
        ('function = "threshold"\narguments = { treshold = 3 }', "did you mean 'threshold'?", 2),
        ('function = "average_decomposable"\narguments = { grid = { time = 30 } }', "write grid = { times = 30, points = 1000 }", 2),
        ('function = "threshold"\narguments = { prior = "flat" }', "FL-EST-147", 1),
        ('function = "select_stepwise"\narguments = { threshold = "small" }', "do not fit", 1),
        ('function = "chapman"', "each one of the lists", 1),
    ],
)  # fmt: skip
def test_settings_that_a_method_cannot_take(tmp_path: Path, line: str, said: str, status: int) -> None:
    """What is wrong in the file stops all; what the estimator refuses is a row."""
    found, out, err = call(file(tmp_path, LISTS + line), "--csv", tmp_path / "out.csv")
    assert found == status
    assert said in (err if status == 2 else (tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert ("not computed: 1" in out) is (status == 1)


def test_a_posterior_median_is_laid_beside_the_print(tmp_path: Path) -> None:
    """Kosovo, dga 2.0.2 on 1 … 30 n at δ = 2^-4: median 12,593 (reference/capture_recapture/bayesian.json).

    Its grid has a point every 132 people, ours more: half a step apart at most.
    """
    line = 'function = "average_decomposable"\narguments = { delta = "2^-t" }'
    (found,) = reproduce([file(tmp_path, LISTS + line)]).outcomes
    assert (found.function, found.verdict) == ("capture_recapture.average_decomposable", "prints_same")
