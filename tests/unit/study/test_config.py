"""A study file becomes a checked value with every default; every fault of it is told at once, under the path of its key."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.reproduce import reproduce
from fl_estimate.study.config import read_study, read_with_faults
from tests.unit.study.made import STUDY, write

SOURCE = '[source.a]\nfile = "a.csv"\nmapping = "a.toml"\n'
AREA = '[[estimate]]\nkind = "area"\noutcome = "x"\nby = "district"\n'
LISTS = '[[estimate]]\nkind = "capture_recapture"\nfile = "lists.csv"\n'
STACK = '[[estimate]]\nkind = "stack"\nestimates = ["n", "m"]\n'
ESTIMATE = '[[estimate]]\nkind = "prevalence"\noutcome = "x"\n'


def fault(text: str, tmp_path: Path) -> str:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError) as raised:
        read_study(path)
    return str(raised.value)


def test_defaults_are_written_out(tmp_path: Path) -> None:
    study = read_study(write(tmp_path))
    first, second, third = (entry.model_dump() for entry in study.config.estimate)
    assert (first["name"], second["name"], third["name"]) == ("prevalence_1", "total_2", "share")
    assert (first["interval"], second["interval"], third["interval"]) == ("korn-graubard", "log", "wald")
    assert (first["df"], second["df"], first["level"]) == ("effective", "domain", 0.95)
    assert study.config.source["people"].engine == "polars"
    assert study.config.publish.rule == "fl-default"
    assert (study.name, study.folder) == ("small", tmp_path)


def test_a_rule_of_an_office_is_read_beside_the_study(tmp_path: Path) -> None:
    """Its thresholds are written out, so that a run is known by them and a changed rule is another run."""
    (tmp_path / "office.toml").write_text('base = "fl-rare"\nmin_cases = 10\ndigits = 1\n', encoding="utf-8")
    text = f'{SOURCE}{ESTIMATE}[publish]\nrule = "office.toml"\n'
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    rule = read_study(path).config.publish.suppression()
    assert rule == fl.SuppressionRule.read(tmp_path / "office.toml")
    assert (rule.name, rule.min_cases, rule.digits, rule.max_width) == ("office", 10, 1, float("inf"))
    (tmp_path / "office.toml").write_text("min_case = 10", encoding="utf-8")
    assert "publish.rule: this is not a rule of publication" in fault(text, tmp_path)
    assert "nearest is 'min_cases'" in fault(text, tmp_path)
    assert "there is no such file" in fault(text.replace("office", "none"), tmp_path)


def test_paths_start_from_the_study_file_and_bundled_mappings_have_ids(tmp_path: Path) -> None:
    study = read_study(write(tmp_path))
    assert study.mapping("people.toml") == tmp_path / "people.toml"
    assert study.mapping("none.toml") == tmp_path / "none.toml"
    assert study.mapping("ene2020") == "ene2020"


def test_a_study_of_case_lists_needs_no_survey(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f"{LISTS}method = 'loglinear'\n", encoding="utf-8")
    assert read_study(path).config.source == {}


def test_whole_numbers_stand_for_numbers(tmp_path: Path) -> None:
    text = STUDY.replace('outcome = "forced_labour"\nby = "region"', 'outcome = "forced_labour"\ndf = 12')
    assert read_study(write(tmp_path, study=text)).config.estimate[1].model_dump()["df"] == 12


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        read_study(tmp_path / "none.toml")


def test_broken_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    text = fault('title = "a"\nout = \n', tmp_path)
    assert "FL-STUDY-01" in text
    assert "at line 2, column 7" in text


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes('title = "é"'.encode("latin-1"))
    with pytest.raises(fl.FlError, match=r"FL-STUDY-01(.|\n)*not UTF-8"):
        read_study(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ESTIMATE, "source: it must be given"),
        (SOURCE, "estimate: it must be given"),
        (f"estimate = []\n{SOURCE}", "estimate: it should have at least 1 item"),
        (f"titles = 'x'\n{SOURCE}{ESTIMATE}", "titles: no such key; did you mean 'title'?"),
        (f"{SOURCE}engine = 'sqlite'\n{ESTIMATE}", "source.a.engine: it should be 'pandas', 'polars', 'duckdb', 'dask' or 'spark'"),
        (f"{SOURCE}files = 'x'\n{ESTIMATE}", "source.a.files: no such key; did you mean 'file'?"),
        (f"{SOURCE}{ESTIMATE}outcom = 'y'\n", "estimate[1].outcom: no such key; did you mean 'outcome'?"),
        (f"{SOURCE}{ESTIMATE}level = 95\n", "estimate[1].level: it should be less than 1"),
        (f"{SOURCE}{ESTIMATE}df = -1\n", "estimate[1].df: "),
        (f"{SOURCE}{ESTIMATE}interval = 'walt'\n", "estimate[1].interval: it should be 'korn-graubard'"),
        (f"{SOURCE}{ESTIMATE}by = 3\n", "estimate[1].by: it should be a valid string or"),
        (f"{SOURCE}{ESTIMATE}[[estimate]]\noutcome = 'y'\n", "estimate[2]: kind must be given"),
        (f"{SOURCE}[[estimate]]\nkind = 'prevalance'\n", "estimate[1]: this kind is not known: 'prevalance'; did you mean 'prevalence'?"),
        (f"{SOURCE}[[estimate]]\nkind = 'mean'\n", "estimate[1].variable: it must be given"),
        (f"{SOURCE}{ESTIMATE}source = 'b'\n", "estimate[1].source: there is no source 'b'"),
        (f"{SOURCE}{SOURCE.replace('.a]', '.b]')}{ESTIMATE}", "estimate[1].source: there are several sources; say which: a, b"),
        (f"{SOURCE}{SOURCE.replace('.a]', '.b]')}{ESTIMATE}source = 'a'\n[classify]\n", "classify.source: there are several"),
        (f"{SOURCE}{ESTIMATE}name = 'n'\n{ESTIMATE}name = 'n'\n", "estimate[2].name: 'n' is used twice"),
        (f"{SOURCE}{ESTIMATE}[publish]\nrule = 'nhcs'\n", "publish.rule: this rule of publication is not known"),
        (f"{SOURCE}{ESTIMATE}[publish]\nrule = {{min_m = 3}}\n", "publish.rule.min_m: no such key; did you mean 'min_n'?"),
        (f"{SOURCE}{ESTIMATE}[publish]\nlanguages = ['de']\n", "publish.languages: 'de' has no words; there are en, es, fr, pt, and with a territory: es-MX"),
        (f"{SOURCE}{ESTIMATE}[publish]\nlanguages = ['en', 'en']\n", "publish.languages: a language is named twice"),
        (f"{SOURCE}{ESTIMATE}[map]\n", "map.geojson: it must be given"),
        (f"{SOURCE}{AREA}smpler = 'grid'\n", "estimate[1].smpler: no such key; did you mean 'sampler'?"),
        (f"{SOURCE}{AREA}covariates = {{file = 'd.csv', colums = ['x']}}\n", "estimate[1].covariates.colums: no such key; did you mean 'columns'?"),
        (f"{SOURCE}{AREA}prior = {{sigmas = 'flat'}}\n", "estimate[1].prior.sigmas: no such key; did you mean 'sigma'?"),
        (f"{SOURCE}[[estimate]]\nkind = 'area'\noutcome = 'x'\n", "estimate[1].by: it must be given"),
        (f"{SOURCE}{AREA}spatial = 'bym2'\n", "estimate[1].spatial: it needs neighbours as well"),
        (f"{SOURCE}{AREA}neighbours = 'n.csv'\n", "estimate[1].neighbours: it needs spatial as well"),
        (f"{SOURCE}{AREA}temporal = 'ar1'\n", "estimate[1].temporal: it needs time as well"),
        (f"{SOURCE}{AREA}benchmark = 'ratio'\n", "estimate[1].benchmark: it needs population as well"),
        (f"{SOURCE}{AREA}spatial = 'sar'\nneighbours = {{file = 'n.csv', columns = ['a']}}\n", "estimate[1].neighbours.columns: it should be two"),
        (f"{SOURCE}{AREA}spatial = 'icar'\nneighbours = 'n.csv'\n", "estimate[1].spatial: it should be 'bym2' or 'sar'"),
        (f"{AREA}", "source: it must be given"),
        (f"{LISTS}method = 'loglinar'\n", "estimate[1].method: this method is not known: 'loglinar'; did you mean 'loglinear'? one of: appraise, "),
        (f"{LISTS}method = 'chapman'\na = 'x'\n", "estimate[1].b: chapman needs two lists, a and b"),
        (f"{LISTS}method = 'chapman'\na = 'x'\nb = 'y'\nterms = 'main'\n", "estimate[1].terms: chapman does not take it; it takes a, b, interval"),
        (f"{LISTS}method = 'loglinear'\na = 'x'\n", "estimate[1].a: loglinear does not take it; it takes interval, likelihood, terms"),
        (f"{SOURCE}{ESTIMATE}name = 'n'\n{STACK}", "estimate[2].estimates: no estimate before this one is called 'm'; there are: n"),
        (f"{STACK}{LISTS}method = 'loglinear'\nname = 'n'", "estimate[1].estimates: no estimate before this one is called 'n'; there are: none"),
        (f"{SOURCE}[[estimate]]\nkind = ['mean']\n", "estimate[1]: this kind is not known: \"['mean']\""),
        (f"{SOURCE}[[estimate]]\nkind = 3\n", "estimate[1]: this kind is not known: '3'"),
        (f"{LISTS}method = ['chao']\n", "estimate[1].method: this method is not known"),
        ("estimate = [3]\n" + SOURCE, "estimate[1]: kind must be given"),
        ("estimate = 'prevalence'\n" + SOURCE, "estimate: it should be a valid list"),
        (f"{LISTS}method = 'loglinear'\n[classify]\n", "classify.source: there is no [source.NAME] to take people from"),
    ],
)  # fmt: skip
def test_faults(text: str, expected: str, tmp_path: Path) -> None:
    told = fault(text, tmp_path)
    assert "FL-STUDY-02" in told
    assert expected in told


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    told = fault("titles = 1\n[[estimate]]\nkind = 'mean'\nlevel = 3\n[map]\n", tmp_path)
    assert "wrong in 5 places" in told
    for key in ("titles", "source", "estimate[1].variable", "estimate[1].level", "map.geojson"):
        assert f"    {key}: " in told, key


def test_a_rule_of_ones_own(tmp_path: Path) -> None:
    rule = read_study(
        write(tmp_path, study=STUDY.replace("[publish]", "[publish]\nrule = { min_n = 30 }"))
    ).config.publish
    assert (rule.suppression().min_n, rule.suppression().min_cases, rule.suppression().name) == (30, 5, "custom")


UNREADABLE = {
    "lists in lists": "x = " + "[" * 3_000 + "]" * 3_000,
    "tables in tables": "x = " + "{a=" * 2_000 + "1" + "}" * 2_000,
    "keys in keys": ".".join(["a"] * 60) + " = 1",
    "5,000 digits": "level = " + "9" * 5_000,
    "digits of another base": "level = 0x" + "f" * 5_000,  # Python reads these, and cannot print them
}


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """Python's own limit: libraries that other tests load may have raised it in this process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("usual_depth")
@pytest.mark.parametrize("case", UNREADABLE)
def test_what_toml_cannot_hold_is_told(case: str, tmp_path: Path) -> None:
    """Deeper or longer than anybody writes: in a study, a mapping, a framework, a rule and a file of targets."""
    text = SOURCE + ESTIMATE + UNREADABLE[case] + "\n"
    said = "more than 50 deep" if " in " in case else "more than 40 digits"
    assert said in fault(text, tmp_path)
    file = tmp_path / "study.toml"
    with pytest.raises(fl.FlError, match=f"FL-MAP-01(.|\n)*{said}"):
        fl.load(tmp_path / "none.csv", mapping=file)
    with pytest.raises(fl.FlError, match=f"FL-IND-02(.|\n)*{said}"):
        fl.Framework.read(file)
    with pytest.raises(fl.FlError, match=f"FL-PUB-31(.|\n)*{said}"):
        fl.SuppressionRule.read(file)
    with pytest.raises(fl.FlError, match=said):
        reproduce([str(file)])


@pytest.mark.parametrize("key", ["file", "mapping", "out"])
@pytest.mark.parametrize("name", ["a" * 5_000, "a\\u0000b"])
def test_names_that_no_file_can_have(key: str, name: str, tmp_path: Path) -> None:
    text = (
        STUDY.replace("people.csv" if key == "file" else "people.toml", name)
        if key != "out"
        else f'out = "{name}"\n{STUDY}'
    )
    study = write(tmp_path, study=text)
    with pytest.raises(
        fl.FlError, match={"file": "FL-FILE-01", "mapping": "FL-MAP-02|FL-FILE-01", "out": "FL-STUDY-06"}[key]
    ):
        fl.run_study(study)


@pytest.mark.parametrize(
    ("text", "left", "broken"),
    [
        # A source that is broken takes the estimates of its people along, and no others.
        (f"{SOURCE}{SOURCE.replace('.a]', '.b]')}engine = 'x'\n{ESTIMATE}source = 'b'\n{ESTIMATE}source = 'a'\nname = 'n'\n", ["n"], {"source.b", "estimate[1]"}),
        # The only source: estimates that name none are its own.
        (f"{SOURCE}engine = 'x'\n{ESTIMATE}{LISTS}method = 'loglinear'\nname = 'l'\n[classify]\n", ["l"], {"source.a", "estimate[1]", "classify"}),
        # A part that has the name of a source says nothing of it.
        (f"{SOURCE.replace('.a]', '.map]')}{ESTIMATE}source = 'map'\nname = 'n'\n[map]\n", ["n"], {"map"}),
        # Nor does a fault elsewhere where there is no source at all.
        (f"source = {{}}\ntitle = 3\n{ESTIMATE}name = 'n'\n", ["n"], {"title"}),
        (f"{SOURCE}{ESTIMATE}level = 3\n{ESTIMATE}name = 'n'\n", ["n"], {"estimate[1]"}),
    ],
)  # fmt: skip
def test_what_is_left_of_a_file_without_its_broken_parts(
    text: str, left: list[str], broken: set[str], tmp_path: Path
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    study, told = read_with_faults(path)
    assert study is not None
    assert told is not None
    assert [entry.name for entry in study.config.estimate] == left
    assert study.broken == broken
    assert [position for position, _ in study.numbered()] == [
        f"estimate[{position}]" for position in study.positions if f"estimate[{position}]" not in broken
    ]


def test_of_a_file_of_which_nothing_is_left_there_is_no_study(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f"{SOURCE}[[estimate]]\nkind = 'mean'\n", encoding="utf-8")
    study, told = read_with_faults(path)
    assert study is None
    assert "estimate[1].variable" in str(told)
