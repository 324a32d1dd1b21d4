"""Planted identifiers are looked for in all that commands leave: results, private folders, temporary files, caches, calls of processes."""

from __future__ import annotations

import base64
import io
import json
import pickle
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.disclosure.watched import IDENTIFIERS, NUMBERS, Watched, faults_of, forms, identifiers_in, watch
from tests.unit.study.made import MAPPING, STUDY, people, write

NAME, CARD, TELEPHONE, SAID, VILLAGE, PLACE, COUPON, RELATIVE = IDENTIFIERS
COMMAND = ("-c", "from fl_estimate.cli import main; main()")


def planted() -> pd.DataFrame:
    """The small survey; who people are is in what is read (persons, units) and in columns beside."""
    frame = people()
    at = np.arange(len(frame))
    return frame.assign(
        ID=[f"{CARD}{row:04}" for row in at], EA=[f"{VILLAGE} {row // 20}" for row in at], NAME=[f"{NAME} {row}" for row in at],
        TEL=[f"+57 {TELEPHONE}{row:03}" for row in at], SAID=[f"{SAID} {row}" for row in at], GPS=[f"{PLACE}{row},-71.97877" for row in at],
        COUPON=[f"{COUPON}-{row}" for row in at], KIN=[f"{RELATIVE} {row}" for row in at], PAID=NUMBERS[0], NUMBER=NUMBERS[1],
    )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder of an office with a study, its file as CSV and as SPSS has it, case lists, and figures to reproduce."""
    import pyreadstat

    folder = tmp_path / "office"
    folder.mkdir()
    frame = planted()
    write(folder, frame=frame)
    writer: Any = pyreadstat
    writer.write_sav(frame, str(folder / "people.sav"))
    (folder / "small.toml").write_text(STUDY.replace('"people.csv"', '"people.sav"'), encoding="utf-8")
    (folder / "people.toml").write_text(MAPPING, encoding="utf-8")
    for name, at in (("police", range(90)), ("ngo", range(50, 130)), ("hotline", range(0, 130, 3))):
        frame.iloc[list(at)][["ID", "NAME", "TEL", "SEX"]].to_csv(folder / f"{name}.csv", index=False)
    return folder


def inputs(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def checked(
    seen: Watched,
    folder: Path,
    *others: Path,
    given: list[Path],
    may: tuple[str, ...] = (),
    status: tuple[int, ...] = (0,),
) -> None:
    assert seen.status in status, seen.told[-1500:].decode("utf-8", "replace")
    assert seen.calls
    assert faults_of(seen, folder, *others, inputs=given, may=may) == []


# --- the search itself ------------------------------------------------------------------------------------------------


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    for text in IDENTIFIERS:
        for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
            assert identifiers_in(b"\x01" + text.encode(code) + b"\x02") == [text]
        for before in range(5):
            packed = identifiers_in(base64.b64encode(b"a" * before + text.encode() + b"zz"))
            assert text in packed or len(text) < 12, before  # of so few letters too little is certain
        assert text in identifiers_in(json.dumps({"a": [text]}).encode())
        assert text in identifiers_in(pickle.dumps({"a": text}))
        assert all(len(form) > 5 for form in forms(text))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", f"<t>{NAME}</t>")
    assert identifiers_in(held.getvalue()) == [NAME]
    pd.DataFrame({"a": [CARD] * 50, "b": NUMBERS[0]}).to_parquet(tmp_path / "a.parquet")
    assert CARD in identifiers_in((tmp_path / "a.parquet").read_bytes())
    assert identifiers_in(b"%PDF-1.4 " + zlib.compress(VILLAGE.encode())) == [VILLAGE]
    assert identifiers_in(np.array([1.0, NUMBERS[1]]).tobytes()) == [f"{NUMBERS[1]}"]
    assert identifiers_in(b"nothing of the kind") == []


def test_the_watch_sees_files_that_come_and_go(tmp_path: Path) -> None:
    code = (
        "import os, tempfile, time, subprocess, sys\n"
        f"with tempfile.NamedTemporaryFile() as file:\n    file.write(b'{NAME}'); file.flush(); time.sleep(0.4)\n"
        f"subprocess.run([sys.executable, '-c', 'import time; time.sleep(0.4)', '{CARD}'])\n"
    )
    seen = watch(["-c", code], folders=[], home=tmp_path / "home")
    found = faults_of(seen)
    assert any("passing file" in line and NAME in line for line in found)
    assert any("a call" in line and CARD in line for line in found)


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run(office: Path, tmp_path: Path) -> None:
    """Its folder, its private folder, what it keeps at home, and whatever passed: nothing of who people are."""
    given, home, own = inputs(office), tmp_path / "home", tmp_path / "own"
    seen = watch(
        [*COMMAND, "run", "small.toml", "--out", "out", "--private", str(own)],
        folders=[office, own],
        home=home,
        cwd=office,
    )
    checked(seen, office, own, home, given=given)
    assert (office / "out" / "report.html").is_file()
    assert len([path for path in own.rglob("*") if path.is_file()]) >= 4
    # The private folder is its owner's alone: full values, the audit, the key, and the notice.
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert {path.name for path in own.iterdir()} == {
        "NOT_FOR_RELEASE.txt",
        "audit.csv",
        "estimates",
        "fingerprint.key",
        "kept",
    }
    assert list((own / "kept").rglob("*.parquet"))


COMMANDS: dict[str, tuple[str, ...]] = {
    "check a study": ("check", "small.toml"),
    "check a file": ("check", "people.sav", "--mapping", "people.toml"),
    "map": ("map", "people.sav", "--out", "draft.toml"),
    "map a text": ("map", "people.csv"),
    "explain": ("explain", "icls2018_adult", "--file", "people.sav", "--mapping", "people.toml", "--row", "3"),
    "reproduce": ("reproduce", "--csv", "figures.csv"),
}
QUICK = {"check a file"}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS]
)
def test_other_commands(name: str, office: Path, tmp_path: Path) -> None:
    given, home = inputs(office), tmp_path / "home"
    seen = watch([*COMMAND, *COMMANDS[name]], folders=[office], home=home, cwd=office)
    checked(seen, office, home, given=given, status=(0, 2) if name == "explain" else (0,))


IN_TURN = """
import shutil, sys
from pathlib import Path
from fl_estimate.cli import app
def said(*words):
    try:
        app(list(words))
    except SystemExit as end:
        print(words[0], end.code)
said("run", "small.toml", "--out", "before", "--private", sys.argv[1])
said("verify", "before", "--rerun", "--private", sys.argv[1])
text = Path("people.toml").read_text()
Path("people.toml").write_text(text.replace('strata = "stratum"', "").replace('weight_person = "W"', 'weight_person = "AGE"'))
said("run", "small.toml", "--out", "after", "--private", sys.argv[1], "--resume")
said("diff", "before", "after", "--rerun", "--inputs", ".", "--csv", "d.csv", "--html", "d.html")
said("batch", ".", "--out", "all", "--private", sys.argv[1] + "/all", "--set", "estimate[1].by=sex")
said("init", "begun.toml", "--from", "people.sav")
"""


@pytest.mark.slow
def test_batches_differences_verdicts_and_estimates_that_are_kept(office: Path, tmp_path: Path) -> None:
    given, home, own = inputs(office), tmp_path / "home", tmp_path / "own"
    seen = watch(["-c", IN_TURN, str(own)], folders=[office, own], home=home, cwd=office)
    checked(seen, office, own, home, given=given)
    told = seen.told.decode("utf-8", "replace")
    assert "verify 0" in told, told
    assert "diff 1" in told, told
    assert {path.name for path in office.iterdir()} >= {"before", "after", "d.csv", "d.inputs.csv", "d.html", "all", "begun.toml"}  # fmt: skip
    assert (office / "all" / "batch.log").is_file()
    assert list((own / "kept").rglob("*.parquet"))
    assert list((own / "all").rglob("kept/*/*.parquet"))


@pytest.mark.slow
def test_a_conversion_holds_people_in_its_file_alone(office: Path, tmp_path: Path) -> None:
    """What it writes is the survey; its parts lie beside it, in a folder that its owner alone can enter, and go."""
    given, home = inputs(office), tmp_path / "home"
    seen = watch([*COMMAND, "convert", "people.sav", "people.parquet"], folders=[], home=home, cwd=office)
    checked(seen, office, home, given=given, may=("people.parquet",))
    assert {path.name for path in office.iterdir()} == {path.name for path in given} | {"people.parquet"}


def with_identifiers(file: Path) -> None:
    """Write a file of SPSS or Stata again with who people are in columns beside; labels and declared missing values stay."""
    import pyreadstat

    files: Any = pyreadstat
    spss = file.suffix == ".sav"
    frame, meta = files.read_sav(file, user_missing=True) if spss else files.read_dta(file, user_missing=True)
    at = np.arange(len(frame))
    frame = frame.assign(
        NAME=[f"{NAME} {row}" for row in at], CARD=[f"{CARD}{row}" for row in at], TEL=[f"{TELEPHONE}{row}" for row in at],
        VILLAGE=[f"{VILLAGE} {row % 50}" for row in at], GPS=[f"{PLACE}{row}" for row in at], SAID=SAID, KIN=RELATIVE, PAID=NUMBERS[0],
    )  # fmt: skip
    told = {"variable_value_labels": meta.variable_value_labels}
    if spss:
        files.write_sav(
            frame, str(file), missing_ranges=meta.missing_ranges, variable_measure=meta.variable_measure, **told
        )
    else:
        files.write_dta(frame, str(file), missing_user_values=meta.missing_user_values or None, **told)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["study.toml", "migrants_study.toml"])
def test_runs_of_the_sample_studies(study: str, tmp_path: Path) -> None:
    folder, home, own = tmp_path / "sample", tmp_path / "home", tmp_path / "own"
    shutil.copytree(Path(__file__).resolve().parents[2] / "data" / "sample", folder)
    for file in (*folder.glob("*.sav"), *folder.glob("*.dta")):
        with_identifiers(file)
    records = pd.read_csv(folder / "list_records.csv")
    records.assign(NAME=[f"{NAME} {row}" for row in range(len(records))], CARD=CARD).to_csv(
        folder / "list_records.csv", index=False
    )
    given = inputs(folder)
    seen = watch(
        [*COMMAND, "run", study, "--out", "out", "--private", str(own)], folders=[folder, own], home=home, cwd=folder
    )
    checked(seen, folder, own, home, given=given)
    assert (folder / "out" / "report.html").is_file()


LINKED = """
import pickle, fl_estimate as fl
from pathlib import Path
from fl_estimate import capture_recapture as cr
files = {name: f"{name}.csv" for name in ("police", "ngo", "hotline")}
histories = fl.load_lists(files, key=["ID", "NAME"], salt="8d1f0b6c3a97e254c01d5be87f63a912", covariates=["SEX"])
Path("histories.pickle").write_bytes(pickle.dumps(histories))
histories.records.to_csv("records.csv", index=False)
made = cr.loglinear(histories, terms="main")
made.save("lists.parquet"); made.to_csv("lists.csv"); fl.publish(made).to_html("lists.html")
Path("lists.pickle").write_bytes(pickle.dumps(made))
Path("appraisal.html").write_text(fl.appraisal_page(cr.appraise(histories, seed=1, replicates=20, draws=100)), encoding="utf-8")
print(histories, made)
"""


@pytest.mark.slow
def test_lists_that_are_linked(office: Path, tmp_path: Path) -> None:
    """With a salt the same person has the same hash again; of the hash nobody makes the name without it."""
    given, home = inputs(office), tmp_path / "home"
    seen = watch(["-c", LINKED], folders=[office], home=home, cwd=office)
    checked(seen, office, home, given=given)
    assert len(pd.read_csv(office / "records.csv")) > 100


CRASH = """
import fl_estimate as fl, sys
survey = fl.load("people.sav", mapping="people.toml")
frame = survey.people.collect().to_pandas() if hasattr(survey.people, "collect") else survey.people
fl.estimate_mean(frame, {column!r}, design=fl.Design(unweighted=True), by={by!r})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("column", "by"), [("NAME", None), ("SAID", "sex"), ("PAID", "NAME"), ("TEL", "KIN")])
def test_the_message_of_a_crash(column: str, by: str | None, office: Path, tmp_path: Path) -> None:
    given, home = inputs(office), tmp_path / "home"
    seen = watch(["-c", CRASH.format(column=column, by=by)], folders=[office], home=home, cwd=office)
    checked(seen, office, home, given=given, status=(0, 1))


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.6, 1.2, 1.8, 2.4, 3.0, 4.0])
def test_what_a_killed_run_leaves(after: float, office: Path, tmp_path: Path) -> None:
    given, home, own = inputs(office), tmp_path / "home", tmp_path / "own"
    own.mkdir()
    (own / "NOT_FOR_RELEASE.txt").write_text("", encoding="utf-8")
    seen = watch(
        [*COMMAND, "run", "small.toml", "--out", "out", "--private", str(own)],
        folders=[office, own],
        home=home,
        cwd=office,
        kill_after=after,
    )
    checked(seen, office, own, home, given=given, status=(0, -9))


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.8, 1.4, 2.0])
def test_what_a_killed_conversion_leaves_is_its_owners_alone(after: float, office: Path, tmp_path: Path) -> None:
    given, home = inputs(office), tmp_path / "home"
    seen = watch(
        [*COMMAND, "convert", "people.sav", "people.parquet"], folders=[], home=home, cwd=office, kill_after=after
    )
    checked(seen, home, given=given, status=(0, -9))
    for path in office.glob(".convert-*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    again = watch([*COMMAND, "convert", "people.sav", "other.parquet"], folders=[], home=home, cwd=office)
    assert again.status == 0


def test_the_page_of_a_check_names_ids_and_says_for_whom_it_is(tmp_path: Path) -> None:
    frame = planted()
    write(tmp_path, frame=frame.assign(SEX=[7 if row % 50 == 0 else 1 for row in range(len(frame))]))
    survey = fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml", mode="lenient")
    page = survey.report.to_html(tmp_path / "check.html").read_bytes()
    assert set(identifiers_in(page)) <= {CARD}
    assert (b"not for release" in page) == bool(identifiers_in(page))
    assert b"not for release" in page
    assert identifiers_in(repr(survey.report).encode() + str(survey.report).encode()) == []


# --- results of every call --------------------------------------------------------------------------------------------


def saved(made: Any, folder: Path) -> dict[str, bytes]:
    """A result in every form in which it may leave a session."""
    told: dict[str, bytes] = {
        "repr": repr(made).encode("utf-8", "surrogatepass"),
        "str": str(made).encode("utf-8", "surrogatepass"),
    }
    for name, form in (("html", "_repr_html_"), ("png", "_repr_png_")):
        if hasattr(type(made), form):
            content = getattr(made, form)()
            told[name] = content if isinstance(content, bytes) else str(content).encode()
    if isinstance(made, fl.Estimates):
        told["saved"] = made.save(folder / "made.parquet").read_bytes()
        told["csv"] = made.to_csv(folder / "made.csv").read_bytes()
        told["pickle"] = pickle.dumps(made)
    if isinstance(made, fl.PublishedEstimates):
        for name in ("csv", "parquet", "html", "text"):
            told[name] = made.to(name, folder / f"made.{'txt' if name == 'text' else name}").read_bytes()
        told["svg"] = made.plot(folder / "made.svg").read_bytes()
        told["pdf"] = made.plot(folder / "made.pdf").read_bytes()
    return told


def every_call() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    from tests.disclosure.test_no_answer_leaves import CALLS

    return dict(CALLS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_results_of_every_call_hold_nobody(tmp_path: Path) -> None:
    """Relatives, coupons, links, lists, registers and surveys with planted people; see planted_*.py."""
    from tests.disclosure.planted import marks_in, told_by

    wrong: list[str] = []
    tried = 0
    for name, (call, arguments) in every_call().items():
        # An expression says the breaks that its writer gave, here an amount; an explanation tells the answers of whom it was asked for.
        if name in ("cut", "explain_respondent"):
            continue
        given = {key: value() if callable(value) else value for key, value in arguments.items()}
        made, texts = told_by(lambda call=call, given=given: call(**given))
        wrong += [f"{name} says {marks_in(text)}" for text in texts if marks_in(text)]
        for each in made if isinstance(made, tuple) else (made,):
            if type(each).__module__.startswith("fl_estimate"):
                tried += 1
                for form, content in saved(each, tmp_path).items():
                    if found := [
                        mark
                        for part in (content.decode("utf-8", "replace"), content.decode("utf-16-le", "replace"))
                        for mark in marks_in(part)
                    ]:
                        wrong.append(f"{name}, {form}: {found}")
    assert tried > 40
    assert wrong == [], "\n".join(wrong)
