"""A study of several rounds or countries: one table over all of them, each round as it would come alone, what is not alike refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.pictures.figures import forest
from fl_estimate.reporting.pictures.rounds_figures import is_over_time
from fl_estimate.reporting.releases import read_release
from fl_estimate.study.config import read_study
from fl_estimate.study.rounds import expanded
from fl_estimate.study.run import StudyResult, check_study, run_study
from tests.unit.study.made import MAPPING, STUDY, people

YEARS = ("2021", "2023", "2025")
ENTRIES = STUDY[STUDY.index("[[estimate]]") : STUDY.index("[publish]")]
HEAD = """\
title = "Three rounds"

[source.people]
mapping = "m2021.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true

"""


def mapping(year: str) -> str:
    return MAPPING.replace("2023-01-01", f"{year}-01-01").replace("2024-01-01", f"{int(year) + 1}-01-01")


def round_of(year: str, **keys: str) -> str:
    given = {"name": year, "file": f"p{year}.csv", "mapping": f"m{year}.toml", **keys}
    return "\n[[round]]\n" + "".join(f'{key} = "{value}"\n' for key, value in given.items() if value)


ROUNDS = "".join(map(round_of, YEARS))


def write(folder: Path, text: str = HEAD + ENTRIES + ROUNDS, mappings: Mapping[str, str] | None = None) -> Path:
    """Three rounds of the small survey: in the second and third ten people of the East are in forced labour too."""
    for year in YEARS:
        frame = people()
        if year != "2021":
            own = (frame["REG"] == "East") & (frame.index % 20 == 0)
            for question in ("Q1", "Q2", "Q3"):
                frame[question] = np.where(own, 1, frame[question])
        frame.to_csv(folder / f"p{year}.csv", index=False)
        (folder / f"m{year}.toml").write_text((mappings or {}).get(year, mapping(year)), encoding="utf-8")
        (folder / f"t{year}.json").write_text(json.dumps({"national": {"adults": 90_000, "forced_labour": int(year)}}))
    path = folder / "rounds.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    folder = tmp_path_factory.mktemp("rounds")
    rounds = "".join(round_of(year, truth=f"t{year}.json") for year in YEARS)
    return run_study(write(folder, HEAD + ENTRIES + rounds), out=folder / "out")


def test_every_estimate_is_one_table_over_all_rounds(run: StudyResult) -> None:
    frame = pd.read_csv(run.folder / "estimates.csv")
    assert frame["estimate"].unique().tolist() == ["prevalence_1", "total_2", "share"]
    nation = frame[(frame["estimate"] == "prevalence_1") & frame["margin"].isna()]
    assert nation["period"].tolist() == [f"{year}-01-01 to {year}-12-31" for year in YEARS]
    assert nation["source"].unique().tolist() == ["people"]
    assert nation["cases"].tolist() == [24, 34, 34]  # CASES of made.py, and ten more
    regions = frame[(frame["estimate"] == "total_2") & (frame["margin"] == "region")]["region"].tolist()
    assert regions == [name for name in ("East", "North", "South", "West") for _ in YEARS]


def test_a_round_is_published_as_it_is_alone(run: StudyResult, tmp_path: Path) -> None:
    single = HEAD.replace('mapping = "m2021.toml"', 'mapping = "m2023.toml"\nfile = "p2023.csv"') + ENTRIES
    alone = run_study(write(tmp_path, single), out=tmp_path / "out")
    whole, own = (pd.read_csv(folder / "estimates.csv") for folder in (run.folder, alone.folder))
    same = whole[whole["period"] == "2023-01-01 to 2023-12-31"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, own)


def test_page_terminal_and_truth_say_each_round(run: StudyResult) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert all(f"East, {year}" in page for year in YEARS)
    assert "2021, 2023, 2025" in page
    assert "reference period: 1 January to 31 December 2025" in page  # the headline is that of the last round
    assert run.published is not None
    sheet = fl.publish(run.estimates["total_2@2021"])
    assert sheet.to_frame()["period"].nunique() == 1
    rows = _layout(run, "total_2").rows
    assert [row.truth for row in rows if row.nation] == [2021.0, 2023.0, 2025.0]


def test_one_picture_has_a_panel_for_each_domain(run: StudyResult) -> None:
    sheet = _layout(run, "prevalence_1")
    assert is_over_time(sheet)
    figure = forest([sheet], "en")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Whole country", "East", "North", "South", "West", "Men", "Women",
    ]  # fmt: skip
    nation = figure.axes[0]
    assert [text.get_text() for text in nation.get_xticklabels()] == list(YEARS)
    dots = [np.asarray(line.get_ydata())[0] for line in nation.lines if line.get_marker() == "o"]
    printed = [row.values["value"] * 1_000 for row in sheet.rows if row.nation]
    assert dots == pytest.approx(printed)
    heights = {axes.get_ylim() for axes in figure.axes}
    assert len(heights) == 1  # one scale, so that panels can be compared


def test_what_was_withheld_has_no_mark_in_the_picture(run: StudyResult) -> None:
    sheet = _layout(run, "prevalence_1")
    axes = next(each for each in forest([sheet], "en").axes if each.get_title(loc="left") == "South")
    hidden = [row for row in sheet.rows if row.label.startswith("South")]
    assert all(row.withheld for row in hidden)
    assert not [line for line in axes.lines if line.get_marker() in ("o", "_")]


def test_the_manifest_and_an_audit_know_the_rounds(run: StudyResult) -> None:
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert [each["name"] for each in manifest["config"]["round"]] == list(YEARS)
    assert manifest["estimates"][0]["name"] == "prevalence_1@2021"
    tables = read_release(run.folder).tables
    assert sorted({table.reference_period for table in tables}) == [f"{year}-01-01 to {year}-12-31" for year in YEARS]


@pytest.mark.parametrize("call", ["run", "check"])
@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (HEAD + ENTRIES + round_of("2021") + round_of("2023", mapping="m2021.toml"), "FL-STUDY-44", "'2021' and '2023' both speak of"),
        (HEAD + ENTRIES + round_of("2021") + round_of("2023", period="2017"), "FL-STUDY-44", "period 2017, and the mapping of 'people' says 2023"),
        (HEAD + ENTRIES + round_of("2021") + round_of("2021"), "FL-STUDY-02", "round[2].name: '2021' is used twice"),
        (HEAD + ENTRIES + round_of("2021", fil="x"), "FL-STUDY-02", "round[1].fil: no such key; did you mean 'file'?"),
        (HEAD + ENTRIES.replace("forced_labour", "forced_labor", 1) + ROUNDS, "FL-STUDY-05", "estimate[1] (round 2021).outcome: 'forced_labor'"),
        (HEAD + ENTRIES + '[[estimate]]\nkind = "stack"\nestimates = ["shar", "share"]\n' + ROUNDS, "FL-STUDY-02", "no estimate before this one is called 'shar'"),
    ],
)  # fmt: skip
def test_check_refuses_what_run_refuses(call: str, text: str, code: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(fl.FlError, match=code) as caught:
        _ = run_study(path, out=tmp_path / "out") if call == "run" else check_study(path)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("call", ["run", "check"])
def test_figures_that_cannot_stand_together_are_refused_by_check_too(call: str, tmp_path: Path) -> None:
    """Households and persons, or a share and a number, in one table: a run leaves the estimate out, a check says so before."""
    text = (
        HEAD
        + ENTRIES
        + '[[estimate]]\nkind = "stack"\nname = "both"\nestimates = ["total_2", "share"]\n'
        + round_of("2021")
    )
    path = write(tmp_path, text)
    if call == "run":
        assert "both@2021" in run_study(path, out=tmp_path / "out").failed
    else:
        with pytest.raises(fl.FlError, match="FL-EST-27"):
            check_study(path)


def test_areas_that_lie_elsewhere_in_another_round_are_refused(tmp_path: Path) -> None:
    text = (
        HEAD
        + ENTRIES.replace('[["region"], ["sex"]]', '[["region"], ["stratum"]]')
        + round_of("2021")
        + round_of("2023")
    )
    path = write(tmp_path, text)
    moved = pd.read_csv(tmp_path / "p2023.csv")
    moved.assign(STR=5 - moved["STR"]).to_csv(tmp_path / "p2023.csv", index=False)
    with pytest.raises(fl.FlError, match="FL-STUDY-46") as caught:
        check_study(path)
    assert "region in stratum; stratum in region" in str(caught.value) or "stratum in region; region in stratum" in str(
        caught.value
    )


CHANGED: dict[str, tuple[str, str, str]] = {
    "an item": ("c_docs = ", "c_wages_withheld = ", "asked no more: "),
    "codes": ('"2" = "no", "8" = "dk", "null" = "missing" }\ncoercion', '"2" = "no", "8" = "no", "null" = "missing" }\ncoercion',
              "coded otherwise in m2023.toml than in m2021.toml: w_low_no_wage"),
    "the period": ("end = 2024-01-01", "end = 2023-07-01", "length of the reference period: 12 months / 6 months"),
    "a condition": ('from = "people"', 'from = "people"\nwhere = "age_interview >= 18"', "coded otherwise in m2023.toml than in m2021.toml: [jobs] where"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_of_instrument_is_refused_without_a_bridge(what: str, tmp_path: Path) -> None:
    old, new, said = CHANGED[what]
    assert old in mapping("2023")
    changed = {"2023": mapping("2023").replace(old, new)}
    path = write(tmp_path, HEAD + ENTRIES + round_of("2021") + round_of("2023"), changed)
    with pytest.raises(fl.FlError, match="FL-STUDY-45") as caught:
        check_study(path)
    assert f"2021 → 2023: {said}" in str(caught.value)


def test_a_bridge_is_said_beside_the_figures(tmp_path: Path) -> None:
    changed = {"2023": mapping("2023").replace(*CHANGED["codes"][:2])}
    text = HEAD + ENTRIES + round_of("2021") + round_of("2023", bridge="both codes were given to 400 people")
    made = run_study(
        write(tmp_path, text.replace("[[estimate]]", '[publish]\nlanguages = ["en", "fr"]\n[[estimate]]', 1), changed),
        out=tmp_path / "out",
    )
    for page, words in (("report.html", "not measured alike"), ("report.fr.html", "pas été mesurées")):
        shown = (made.folder / page).read_text(encoding="utf-8")
        assert words in shown
        assert "2023: both codes were given to 400 people" in shown.replace("\u00a0:", ":").replace("\u202f:", ":")


def test_countries_are_rounds_with_a_country(tmp_path: Path) -> None:
    rounds = round_of("Chile", country="CL", file="p2021.csv", mapping="m2021.toml") + round_of(
        "Peru", country="PE", file="p2023.csv", mapping="m2021.toml"
    )
    made = run_study(write(tmp_path, HEAD + ENTRIES + rounds), out=tmp_path / "out")
    frame = pd.read_csv(made.folder / "estimates.csv")
    nation = frame[(frame["estimate"] == "total_2") & frame["margin"].isna()]
    assert nation["country"].tolist() == ["CL", "PE"]
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "East, Chile" in page
    assert "East, Peru" in page
    sheet = _layout(made, "total_2")
    assert not is_over_time(sheet)  # two countries of one time are rows


def test_entries_that_name_rounds_are_made_once(tmp_path: Path) -> None:
    text = (
        HEAD
        + ENTRIES
        + """
[[estimate]]
kind = "change"
name = "since_2021"
before = "total_2@2021"
after = "total_2@2025"
correlation = 0.0

[[estimate]]
kind = "prevalence"
name = "lately"
outcome = "forced_labour"
rounds = ["2025"]
"""
    )
    study = read_study(write(tmp_path, text + ROUNDS))
    names = [entry.name for entry in study.config.estimate]
    assert names.count("since_2021") == 1
    assert [name for name in names if name.startswith("lately")] == ["lately@2025"]
    made = run_study(write(tmp_path, text + ROUNDS), out=tmp_path / "out")
    frame = pd.read_csv(made.folder / "estimates.csv")
    change = frame[frame["estimate"] == "since_2021"].iloc[0]
    assert change["period"] == "2021-01-01 to 2021-12-31 → 2025-01-01 to 2025-12-31"
    totals = frame[(frame["estimate"] == "total_2") & frame["margin"].isna()]["value"].tolist()
    assert change["value"] == pytest.approx(totals[2] - totals[0], abs=100)  # printed with two digits of their errors


def test_what_a_method_takes_of_every_round_stands_for_all_of_them() -> None:
    content: dict[str, Any] = {
        "source": {"people": {"mapping": "m.toml"}},
        "round": [{"name": "a", "file": "a.csv"}, {"name": "b", "file": "b.csv"}],
        "estimate": [
            {"kind": "total", "name": "t", "outcome": "case"},
            {"kind": "prevalence", "name": "p", "outcome": "case"},
            {"kind": "stack", "name": "s", "estimates": ["t"]},
        ],
    }
    made, rounds = expanded(content)
    assert [each["name"] for each in made["estimate"]] == ["t@a", "t@b", "p@a", "p@b", "s@a", "s@b"]
    assert made["estimate"][4]["estimates"] == ["t@a"]
    assert made["source"] == {
        "people@a": {"mapping": "m.toml", "file": "a.csv"}, "people@b": {"mapping": "m.toml", "file": "b.csv"},
    }  # fmt: skip
    assert rounds.place(3) == "estimate[2] (round a)"
    assert expanded({"estimate": [], "source": {}})[0] == {"estimate": [], "source": {}}


def _layout(made: StudyResult, name: str) -> Any:
    from fl_estimate.reporting.layout import layout

    assert made.published is not None
    assert made.inputs is not None
    table = next(each for each in made.published.tables if each.name == name)
    return layout(replace(table), "en", made.inputs.truth)


COMPARED = """
[[estimate]]
kind = "trend"
name = "slope"
estimates = "prevalence_1"
weighting = "equal"
correlation = 0.0

[[estimate]]
kind = "changes"
name = "moves"
estimates = "prevalence_1"
pairs = "all"
correlation = 0.0

[[estimate]]
kind = "change"
name = "since_2021"
before = "total_2@2021"
after = "total_2@2025"
correlation = 0.0
"""


def _bridged_study(folder: Path, own: str = "", **bridge: str) -> StudyResult:
    """The codes are others from 2023 on, which one bridge says."""
    other = {year: mapping(year).replace(*CHANGED["codes"][:2]) for year in ("2023", "2025")}
    rounds = ROUNDS.replace('mapping = "m2023.toml"\n', f'mapping = "m2023.toml"\n{bridge["said"]}\n')
    text = (
        HEAD
        + ENTRIES.replace('[["region"], ["sex"]]', "[]")
        + COMPARED.replace("correlation = 0.0", f"correlation = 0.0\n{own}")
        + rounds
    )
    return run_study(write(folder, text, other), out=folder / "out")


def test_a_factor_of_a_round_enters_changes_and_trends_and_their_variance(tmp_path: Path) -> None:
    made = _bridged_study(tmp_path, said='bridge = "both codes were given to 400 people"\nbridge_factor = [0.8, 0.05]')
    assert not made.failed
    x = np.array([made.estimates[f"prevalence_1@{year}"].value for year in YEARS])
    se = np.array([made.estimates[f"prevalence_1@{year}"].se for year in YEARS])
    f, s = 0.8, 0.05
    # Later rounds were measured as 2023, and share its factor and the error of it.
    slope = made.estimates["slope"]
    assert slope.value == pytest.approx(
        (f * x[2] - x[0]) / 4, rel=2e-3
    )  # the middle of years differs by leap days alone
    variance = (f * se[2]) ** 2 + (x[2] * s) ** 2 + se[0] ** 2
    assert slope.se == pytest.approx(np.sqrt(variance) / 4, rel=2e-3)
    moves = made.estimates["moves"].frame.set_index("term")
    assert moves.loc["2025 − 2021", "value"] == pytest.approx(f * x[2] - x[0])
    assert moves.loc["2025 − 2021", "se"] == pytest.approx(np.sqrt(variance))
    between = f**2 * (se[1] ** 2 + se[2] ** 2) + s**2 * (x[2] - x[1]) ** 2
    assert moves.loc["2025 − 2023", "se"] == pytest.approx(np.sqrt(between))
    total = {year: made.estimates[f"total_2@{year}"].national for year in ("2021", "2025")}
    change = made.estimates["since_2021"]
    assert change.value == pytest.approx(f * total["2025"].value - total["2021"].value)
    after = (f * total["2025"].se) ** 2 + (s * total["2025"].value) ** 2
    assert change.se == pytest.approx(np.sqrt(after + total["2021"].se ** 2))
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "2023: both codes were given to 400 people" in page
    assert "The figures of the round 2025 stand in tables as they were measured" in page
    assert "multiplied by 0.80 (standard error 0.050), which enters the variance" in page
    assert "between 2021 and 2025 the number of persons" in page
    assert not re.search(
        r"between 20\d\d and 2025 the [a-z ]+ (fell|rose|went) from", page
    )  # the levels are as measured, the change is not


def test_a_stated_reason_alone_is_said_and_multiplies_nothing(tmp_path: Path) -> None:
    made = _bridged_study(tmp_path, said='bridge = "both codes were given to 400 people"')
    assert not made.failed
    x = [made.estimates[f"prevalence_1@{year}"].value for year in YEARS]
    moves = made.estimates["moves"].frame.set_index("term")
    assert moves.loc["2025 − 2021", "value"] == pytest.approx(x[2] - x[0])
    for name in ("slope", "moves", "since_2021"):
        said = [a for a in made.estimates[name].assumptions if a.code == "bridge_stated"]
        assert [dict(a.parameters)["reason"] for a in said] == ["2023: both codes were given to 400 people"], name


def test_an_entry_may_state_a_bridge_of_its_own(tmp_path: Path) -> None:
    made = _bridged_study(tmp_path, 'bridge = "as they are"', said='bridge = "a trial"\nbridge_factor = [0.8, 0.05]')
    x = [made.estimates[f"prevalence_1@{year}"].value for year in YEARS]
    assert made.estimates["moves"].frame.set_index("term").loc["2025 − 2021", "value"] == pytest.approx(x[2] - x[0])


def test_the_factor_of_a_round_is_not_one_of_shares_of_cases(tmp_path: Path) -> None:
    text = HEAD + ENTRIES + COMPARED.replace("prevalence_1", "share") + round_of("2021")
    text += round_of("2023", bridge="a trial") + "bridge_factor = [0.8, 0.05]\n" + round_of("2025")
    made = run_study(write(tmp_path, text), out=tmp_path / "out")
    assert [made.failed[name].code for name in ("slope", "moves")] == ["FL-EST-732", "FL-EST-732"]
    assert "since_2021" in made.estimates


def test_a_factor_without_a_reason_is_refused(tmp_path: Path) -> None:
    text = HEAD + ENTRIES + round_of("2021") + round_of("2023") + "bridge_factor = [0.8, 0.05]\n"
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        check_study(write(tmp_path, text))
    assert "round[2].bridge_factor: say in bridge where the factor comes of" in str(caught.value)


def test_keys_of_a_round_are_set_by_its_name_or_place(tmp_path: Path) -> None:
    path = write(tmp_path)
    for key in ("round.2023.period", "round[2].period"):
        study = read_study(path, settings={key: "2023-05"})
        assert [each.period for each in study.config.round] == ["", "2023-05", ""]
    for key, said in (
        ("round.2024.period", "there is no such round"), ("round[4].period", "there is no such round"),
        ("round.2023", "is a whole round"), ("round", "is all rounds"),
    ):  # fmt: skip
        with pytest.raises(fl.FlError, match="FL-STUDY-51") as caught:
            read_study(path, settings={key: "2023"})
        assert said in str(caught.value)
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        read_study(path, settings={"round.2023.perod": "2023"})
    assert "round[2].perod: no such key; did you mean 'period'? (this was set" in str(caught.value)


def test_a_study_of_rounds_is_run_again_from_its_manifest(tmp_path: Path) -> None:
    """`diff --rerun` puts a study together from two manifests, whose estimates and sources stand for each round already."""
    text = HEAD + ENTRIES.replace('[["region"], ["sex"]]', "[]") + COMPARED + ROUNDS
    one = run_study(write(tmp_path, text), out=tmp_path / "one")
    write(tmp_path, text.replace('weighting = "equal"', "level = 0.9"))
    two = run_study(tmp_path / "rounds.toml", out=tmp_path / "two")
    found = fl.diff(one.folder, two.folder, rerun=True, inputs=[tmp_path])
    assert sorted(found.inputs["name"]) == ["estimate.slope.level", "estimate.slope.weighting"]
    counts = found.figures["estimate"][found.figures["status"].isin(["changed", "interval", "appeared", "vanished"])]
    assert set(counts) == {"slope"}
    kept = json.loads((one.folder / "manifest.json").read_text())["config"]
    again = expanded(kept)
    assert again[0]["estimate"] == kept["estimate"]
    assert again[1].of["total_2@2025"] == ("total_2", "2025")


def test_a_trend_over_two_countries_is_refused(tmp_path: Path) -> None:
    rounds = "".join(round_of(year, country="CL" if year == "2021" else "PE") for year in YEARS)
    made = run_study(
        write(tmp_path, HEAD + ENTRIES.replace('[["region"], ["sex"]]', "[]") + COMPARED + rounds), out=tmp_path / "out"
    )
    assert {name: each.code for name, each in made.failed.items()} == {
        "slope": "FL-EST-195", "moves": "FL-EST-195", "since_2021": "FL-EST-195",
    }  # fmt: skip
    assert "country: CL / PE / PE" in str(made.failed["slope"])
