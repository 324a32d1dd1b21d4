"""Study files that no person writes are told by a code: paths that no file can have, sizes that no file has."""

from __future__ import annotations

from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.design import domains
from fl_estimate.errors import DEEPEST_TOML, DIGITS_TOML, LONGEST_TOML, not_toml, toml_of
from fl_estimate.estimators.survey import weighted_call
from fl_estimate.loaders import reading_apart, reading_child
from fl_estimate.loaders.formats import worksheet_extent
from fl_estimate.schema import grammar
from fl_estimate.study import surroundings
from fl_estimate.study.run import check_study, run_study
from tests.unit.study.made import STUDY, write

PATHS = {
    "the data": ('file = "people.csv"', 'file = "{}.csv"', "FL-FILE-01"),
    "the mapping": ('mapping = "people.toml"', 'mapping = "{}.toml"', "FL-FILE-01"),
    "a bundled mapping": ('mapping = "people.toml"', 'mapping = "{}"', "FL-MAP-02"),
    "the framework": ("icls2018_adult", "{}", "FL-IND-01"),
    "a framework file": ("icls2018_adult", "{}.toml", "FL-IND-02"),
    "the truth": ("truth.json", "{}", "FL-FILE-01"),
    "the map": ("regions.geojson", "{}", "FL-FILE-01"),
    "the rule": ('languages = ["en", "fr"]', 'rule = "{}.toml"', "there is no such file"),
}
NO_NAMES = {"too long": "a" * 5_000, "a NUL": "a\\u0000b"}


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize("part", PATHS)
def test_a_path_that_no_file_can_have_is_no_such_file(part: str, name: str, tmp_path: Path) -> None:
    old, new, code = PATHS[part]
    study = write(tmp_path, study=STUDY.replace(old, new.format(NO_NAMES[name])))
    with pytest.raises(fl.FlError) as met:
        check_study(study)
    assert code in str(met.value)


@pytest.mark.parametrize("name", NO_NAMES)
def test_earlier_releases_under_such_a_path_stop_the_run(name: str, tmp_path: Path) -> None:
    previous = f'languages = ["en"]\nprevious = ["{NO_NAMES[name]}"]'
    study = write(tmp_path, study=STUDY.replace('languages = ["en", "fr"]', previous))
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        run_study(study, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [*NO_NAMES.values(), "a/" * 3_000])
def test_results_that_no_folder_can_hold_are_refused_before_reading(name: str, tmp_path: Path) -> None:
    study = write(tmp_path, study=f'out = "{name}"\n{STUDY}')
    (tmp_path / "people.csv").unlink()
    with pytest.raises(fl.FlError, match="FL-STUDY-06"):
        run_study(study)


def test_names_of_estimates_are_never_names_of_files(tmp_path: Path) -> None:
    study = write(tmp_path, study=STUDY.replace('name = "share"', f'name = "{"../" * 3}{"a" * 4_000}"'))
    result = run_study(study, out=tmp_path / "out")
    assert result.ok
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["out"]


def test_what_is_at_a_limit_is_read_and_what_is_beyond_is_not() -> None:
    """One table is the first level: 49 lists in each other are the other 49."""
    deepest = "x = " + "[" * (DEEPEST_TOML - 1) + "]" * (DEEPEST_TOML - 1)
    assert toml_of(deepest.encode())
    assert toml_of(b"x = " + b"9" * DIGITS_TOML) == {"x": 10**DIGITS_TOML - 1}
    filled = b"#" * (LONGEST_TOML - 6) + b"\nx = 1"
    assert toml_of(filled) == {"x": 1}
    beyond = {
        "deep": deepest.replace("[]", "[[]]").encode(),
        "digits": b"x = -1" + b"0" * DIGITS_TOML,
        "bytes": b"#" + filled,
    }
    for said, raw in beyond.items():
        with pytest.raises(ValueError, match=said) as met:
            toml_of(raw)
        assert said in not_toml(met.value)


PARTS = ".".join(["a"] * 200_000)
DEEP_KEYS = {
    "a key": f"{PARTS} = 1",
    "quoted parts": " . ".join(['"a"', "'b'"] * 100_000) + " = 1",
    "a table": f"  [ {PARTS} ]",
    "a list of tables": f"[[{PARTS}]]",
    "in a table on one line": f"x = {{ b = 1, {PARTS} = 1 }}",
}


@pytest.mark.parametrize("key", DEEP_KEYS)
def test_keys_of_tables_in_each_other_are_refused_before_they_are_parsed(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser takes time by the square of their number: minutes for these, hours for 4 MB of them."""
    monkeypatch.setattr("tomllib.loads", None)
    with pytest.raises(ValueError, match="more than 50 deep"):
        toml_of(f"title = 'x'\n{DEEP_KEYS[key]}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        " " * 4_000_000 + "=",
        "x = {" + " " * 4_000_000 + "=",
        "a" * 4_000_000,
        "x = " + "{'" * 1_000_000,
        "." * 4_000_000,
    ],
)
def test_looking_for_such_keys_ends(text: str) -> None:
    """Once through the text, whatever it is: this test would take hours."""
    with pytest.raises(ValueError, match=r"\(at |recursion"):
        toml_of(text.encode())


def test_dots_within_texts_are_no_keys() -> None:
    dots = ".".join(["a"] * 80)
    assert toml_of(f'x = "{dots}"\ny = ["{dots}", "{dots}"]\n# {dots}\n'.encode()) == {"x": dots, "y": [dots, dots]}
    assert toml_of(b"a.b.c = 1") == {"a": {"b": {"c": 1}}}


def test_the_page_of_limits_says_what_the_code_holds() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
    said = (
        f"{reading_apart.MEMORY // 2**30} GB, and {reading_apart.TIMES_ITS_SIZE} bytes more",
        f"{reading_apart.SECONDS:.0f} s, and {reading_apart.SECONDS_A_MEGABYTE:.0f} s more",
        f"keeps the process to {reading_child.ROOM // 2**30} GB more",
        f"{worksheet_extent.ROOM:,}, or {worksheet_extent.ROOM_A_CELL} for each",
        f"{worksheet_extent.UNPACKED // 2**20} MB, or {worksheet_extent.TIMES} times",
        f"| {LONGEST_TOML:,} bytes |",
        f"in each other | {DEEPEST_TOML} |",
        f"whole number | {DIGITS_TOML} |",
        f"derived columns) | {grammar.LONGEST:,} |",
        f"parts of an expression in each other | {grammar.DEEPEST} |",
        f"expression takes | {grammar.MOST:,} |",
        f"estimated of each | {domains.MOST_CELLS:,} |",
        f"about {domains.BYTES_A_CELL // 1000} kB",
        f"each counted | {weighted_call.MOST_LEVELS} |",
        f"less than {surroundings.LEAST_MEMORY // 2**20:,} MB",
    )
    assert [each for each in said if each not in page] == []
