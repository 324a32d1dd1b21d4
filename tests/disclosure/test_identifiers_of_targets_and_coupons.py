"""Identifiers planted in the files of targets, in the tables they read, and in coupon files of respondent-driven samples leave by no way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reproduce import reproduce
from tests.disclosure.test_identifiers_left import COMMAND, checked, inputs
from tests.disclosure.watched import IDENTIFIERS, NUMBERS, identifiers_in, watch

NAME, CARD, TELEPHONE, SAID, VILLAGE, PLACE, COUPON, RELATIVE = IDENTIFIERS
ROWS = range(40)


def table() -> pd.DataFrame:
    """Rows of people where rows of countries are expected: two columns of figures, and who they are."""
    return pd.DataFrame({
        "NAME": [f"{NAME} {row}" for row in ROWS], "CARD": [f"{CARD}{row}" for row in ROWS], "TEL": [f"+57 {TELEPHONE}{row:03}" for row in ROWS],
        "SAID": SAID, "EA": [f"{VILLAGE} {row // 10}" for row in ROWS], "GPS": [f"{PLACE}{row}" for row in ROWS],
        "COUPON": [f"{COUPON}-{row}" for row in ROWS], "KIN": RELATIVE, "PAID": NUMBERS[0], "NUMBER": NUMBERS[1],
        "rate": 1.5, "people": 100, "region": ["N", "S"] * 20, "police": [row % 2 for row in ROWS], "ngo": 1, "count": 3,
    })  # fmt: skip


def column(name: str, file: str = "table.csv", where: str = "") -> str:
    symbol = name if name.isidentifier() else "x"
    return f'[[inputs]]\nsymbol = "{symbol}"\ntable = "{file}"\ncolumn = "{name}"\n' + (
        f'where = "{where}"\n' if where else ""
    )


HEAD = 'id = "t"\ndocument = "d"\nsource_status = "verified"\n'
NOTES = f'golden_x = "{NAME}"\ncomputed = "{CARD}"\nimplied_a = {{ b = "{TELEPHONE}" }}\n# {SAID}\n'
SUM = HEAD + NOTES + 'formula = "sum(rate * people)"\n'
BOTH = column("rate") + column("people")
OF_LISTS = HEAD + 'function = "capture_recapture.chapman"\npublished = 72.5\narguments = { a = "police", b = "ngo" }\n'
VALUE = '[[inputs]]\nsymbol = "a"\nlabel = "l"\nvalue = '
SOUND: dict[str, str] = {
    "a sum": f"{SUM}published = 6000\n{BOTH}",
    "a sum that differs": f"{SUM}published = 7000\n{BOTH}",
    "groups": SUM + 'groups = "region"\nprints = [{ group = "N", published = 3000 }, { label = "w", over_groups = "sum", published = 6000 }]\n' + BOTH,
    "groups that are people": SUM + 'groups = "NAME"\nprints = [{ label = "w", over_groups = "sum", published = 6000 }]\n' + BOTH,
    "lists": OF_LISTS + 'inputs_table = "lists.csv"\n',
}  # fmt: skip
BROKEN: dict[str, str] = {
    "no such group": SUM + 'groups = "NAME"\nprints = [{ group = "N", published = 3000 }]\n' + BOTH,
    "groups without rows": SUM.replace("sum(rate * people)", "sum(rate) * sum(people)")
    + 'groups = "EA"\nprints = [{ label = "w", over_groups = "sum", published = 6000 }]\n'
    + column("rate") + column("people", where=f"EA == '{VILLAGE} 1'"),
    "no such column": f"{SUM}published = 1\n" + column("rat") + column("xyz"),
    "no header": f"{SUM}published = 1\n" + column("rate", "bare.csv") + column("people", "bare.csv"),
    "no header, and nearly a card": f"{SUM}published = 1\n" + column("ZX84128", "bare.csv") + column("people", "bare.csv"),
    "no header, and a condition": f"{SUM}published = 1\n" + column("rate", "bare.csv", "rate > 5") + column("people"),
    "names for numbers": HEAD + 'formula = "sum(NAME)"\npublished = 1\n' + column("NAME"),
    "telephones for numbers": HEAD + 'formula = "sum(TEL)"\npublished = 1\n' + column("TEL"),
    "a condition on names": HEAD + 'formula = "sum(rate)"\npublished = 1\n' + column("rate", where="NAME > 5"),
    "a condition that is broken": HEAD + 'formula = "sum(rate)"\npublished = 1\n' + column("rate", where="(NAME"),
    "lists without a header": OF_LISTS + 'inputs_table = "bare.csv"\n',
    "lists of people": OF_LISTS + 'inputs_table = "table.csv"\n',
    "lists that are put together": OF_LISTS + 'inputs_table = "bare.csv"\nmerge = { c = ["police", "ngo"] }\n',
    "a name for a figure": HEAD + f'formula = "a"\npublished = "{NAME}"\n' + VALUE + f'"{NAME}"\n',
    "a name for a setting": HEAD + f'formula = "a"\npublished = 3\nof = "{NAME}"\nover_groups = "{SAID}"\n' + VALUE + "3\n",
    "a name for a key": HEAD + f'formula = "a"\npublished = 3\n"{NAME}" = 3\n"{TELEPHONE}" = 3\n' + VALUE + "3\n",
    "no TOML": HEAD + f"published = {NAME} {CARD}\n",
    "rows of people": table().to_csv(index=False),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = table()
    rows.to_csv(tmp_path / "table.csv", index=False)
    rows.to_csv(tmp_path / "bare.csv", index=False, header=False)
    pd.DataFrame({"police": [1, 1, 0], "ngo": [1, 0, 1], "count": [7, 20, 13]}).to_csv(
        tmp_path / "lists.csv", index=False
    )
    return tmp_path


@pytest.mark.parametrize("name", SOUND)
def test_tables_of_targets_hold_people_and_results_hold_none(name: str, folder: Path) -> None:
    (folder / "target.toml").write_text(SOUND[name], encoding="utf-8")
    made = reproduce([folder / "target.toml"])
    assert len(made.to_frame()) >= 1
    told = [repr(made).encode(), str(made).encode(), repr(made.outcomes).encode()]
    told += [made.to_csv(folder / "o.csv").read_bytes(), made.to_html(folder / "o.html").read_bytes()]
    assert [found for text in told for found in identifiers_in(text)] == []
    assert not any(f"{number:.2f}".encode() in text for text in told for number in NUMBERS)


@pytest.mark.parametrize("name", BROKEN)
def test_faults_of_targets_say_nobody(name: str, folder: Path) -> None:
    (folder / "target.toml").write_text(BROKEN[name], encoding="utf-8")
    with pytest.raises(fl.FlError) as met:
        reproduce([folder / "target.toml"])
    assert met.value.code == "FL-STUDY-30"
    assert identifiers_in(f"{met.value!s}{met.value!r}".encode()) == []


def test_people_in_json_are_no_target(folder: Path) -> None:
    (folder / "target.json").write_text(json.dumps({f"{NAME} {row}": {"id": CARD} for row in ROWS}), encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-30") as met:
        reproduce([folder / "target.json"])
    assert identifiers_in(str(met.value).encode()) == []


@pytest.mark.slow
@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_command_leaves_nobody(status: int, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    chosen = {
        0: [SOUND["a sum"], SOUND["groups"], SOUND["lists"]],
        1: [SOUND["a sum that differs"]],
        2: list(BROKEN.values()),
    }
    for at, text in enumerate(chosen[status]):
        (folder / f"t{at}.toml").write_text(text.replace('id = "t"', f'id = "t{at}"'), encoding="utf-8")
    files = sorted(path.name for path in folder.glob("t*.toml"))
    given, home = inputs(folder), tmp_path_factory.mktemp("home") / "home"
    seen = watch(
        [*COMMAND, "reproduce", *files, "--csv", "o.csv", "--html", "o.html"], folders=[folder], home=home, cwd=folder
    )
    checked(seen, folder, home, given=given, status=(status,))
    assert (folder / "o.html").is_file() == (status < 2)


# --- coupons ----------------------------------------------------------------------------------------------------------


def coupons(fault: str = "") -> pd.DataFrame:
    """120 people, each with the coupon that he brought and the two that he was given; some have faults."""
    rows = range(120)
    frame = pd.DataFrame({
        "ID": [f"{CARD}{row:03}" for row in rows], "IN": [None if row < 2 else f"{COUPON}-{row}" for row in rows],
        "OUT1": [f"{COUPON}-{2 * row + 2}" for row in rows], "OUT2": [f"{COUPON}-{2 * row + 3}" for row in rows],
        "KNOWS": [3 + row % 9 for row in rows], "CASE": [int(row % 4 == 0) for row in rows],
        "NAME": [f"{NAME} {row}" for row in rows], "TEL": [f"+57 {TELEPHONE}{row:03}" for row in rows], "KIN": RELATIVE, "EA": VILLAGE,
        "PAID": NUMBERS[0],
    })  # fmt: skip
    if fault == "brought twice":
        frame.loc[30:35, "IN"] = f"{COUPON}-20"
    elif fault == "given to two":
        frame.loc[30:35, "OUT1"] = f"{COUPON}-20"
    elif fault == "given to nobody":
        frame.loc[30:35, "IN"] = [f"{COUPON}-{row}" for row in range(9_000, 9_006)]
    elif fault == "a circle":
        frame.loc[2, "IN"] = f"{COUPON}-6"  # the first that he was given himself
    elif fault == "two of one id":
        frame.loc[31, "ID"] = f"{CARD}030"
    elif fault == "words for numbers":
        frame["KNOWS"] = frame["NAME"]
    return frame


COUPON_MAPPING = """
id = "rds"
kind = "respondent_driven"
population = "workers"
[design]
unweighted = true
[people]
person_id = "ID"
coupon_received = "IN"
coupon_given_1 = "OUT1"
coupon_given_2 = "OUT2"
network_size = "KNOWS"
outcome = { column = "CASE", own = true }
"""
COUPON_STUDY = """
[source.people]
file = "people.csv"
mapping = "map.toml"
[[estimate]]
kind = "rds"
method = "rds_ii"
name = "share"
outcome = "outcome"
coupon = "coupon_received"
coupons_given = ["coupon_given_1", "coupon_given_2"]
replicates = 20
[[estimate]]
kind = "rds"
method = "gile_ss"
name = "number"
quantity = "total"
population = 900
outcome = "outcome"
coupon = "coupon_received"
coupons_given = ["coupon_given_1", "coupon_given_2"]
replicates = 20
"""
ARGUMENTS: dict[str, Any] = {
    "person": "person_id", "coupon": "coupon_received", "coupons_given": ["coupon_given_1", "coupon_given_2"], "degree": "network_size",
}  # fmt: skip
FAULTS = ("brought twice", "given to two", "given to nobody", "a circle", "two of one id", "words for numbers")


def office(folder: Path, fault: str = "") -> Path:
    coupons(fault).to_csv(folder / "people.csv", index=False)
    (folder / "map.toml").write_text(COUPON_MAPPING, encoding="utf-8")
    (folder / "study.toml").write_text(COUPON_STUDY, encoding="utf-8")
    return folder


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_coupons_say_none(fault: str, tmp_path: Path) -> None:
    folder = office(tmp_path, fault)
    with pytest.raises(fl.FlError) as met:
        fl.load(folder / "people.csv", mapping=folder / "map.toml")
    assert identifiers_in(f"{met.value!s}{met.value!r}".encode()) == []
    people = coupons(fault).rename(columns={"ID": "person_id", "IN": "coupon_received", "OUT1": "coupon_given_1", "OUT2": "coupon_given_2",
                                            "KNOWS": "network_size"})  # fmt: skip
    with pytest.raises(fl.FlError) as met:
        fl.hidden.Recruitment.read(people, **ARGUMENTS)
    assert identifiers_in(f"{met.value!s}{met.value!r}".encode()) == []


def test_what_is_made_of_coupons_shows_none(tmp_path: Path) -> None:
    folder = office(tmp_path)
    survey = fl.load(folder / "people.csv", mapping=folder / "map.toml")
    chains = fl.hidden.Recruitment.read(survey, coupon="coupon_received", coupons_given=ARGUMENTS["coupons_given"])
    made = fl.hidden.rds_ii(
        survey, "outcome", coupon="coupon_received", coupons_given=ARGUMENTS["coupons_given"], replicates=20, seed=1
    )
    shown: Any = fl.plot_recruitment(
        survey, outcome="outcome", coupon="coupon_received", coupons_given=ARGUMENTS["coupons_given"]
    )
    told = [repr(each).encode() + str(each).encode() for each in (survey, survey.report, chains, made, shown)]
    for kind in ("svg", "pdf", "png"):
        shown.save(folder / f"chains.{kind}") if hasattr(shown, "save") else shown.savefig(folder / f"chains.{kind}")
        told.append((folder / f"chains.{kind}").read_bytes())
    told += [made.save(folder / "made.parquet").read_bytes(), made.to_csv(folder / "made.csv").read_bytes()]
    assert [found for text in told for found in identifiers_in(text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", *FAULTS])
@pytest.mark.parametrize(
    "command", [("check", "study.toml"), ("run", "study.toml", "--out", "out", "--private", "own")]
)
def test_commands_on_a_coupon_file_leave_none(command: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    folder = tmp_path / "office"
    folder.mkdir()
    given, home = inputs(office(folder, fault)), tmp_path / "home"
    seen = watch([*COMMAND, *command], folders=[folder], home=home, cwd=folder)
    checked(seen, folder, home, given=given, status=(0,) if not fault else (1, 2))
    assert (folder / "out" / "report.html").is_file() == (command[0] == "run" and not fault)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1.5, 2.5, 4.0])
def test_a_killed_run_on_a_coupon_file_leaves_none(after: float, tmp_path: Path) -> None:
    folder = tmp_path / "office"
    folder.mkdir()
    given, home = inputs(office(folder)), tmp_path / "home"
    command = [*COMMAND, "run", "study.toml", "--out", "out", "--private", "own"]
    seen = watch(command, folders=[folder], home=home, cwd=folder, kill_after=after)
    checked(seen, folder, home, given=given, status=(0, -9))
