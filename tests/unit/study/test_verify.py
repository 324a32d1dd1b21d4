"""Is a result folder as its run left it: files, inputs, packages, and a new run byte by byte; what a manifest tells of how it came about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fl_estimate.cli import app
from fl_estimate.errors import FileFault, StudyFault
from fl_estimate.study.run import run_study
from fl_estimate.study.told import masked, plain, plainly
from fl_estimate.study.verify import Verification, verify
from tests.unit.study.made import MAPPING, STUDY, people, write

SAVED = Path(__file__).parents[2] / "reference" / "saved_files"
SMALL = STUDY.partition("[publish]")[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, its inputs, and its result in `out/small`."""
    place = tmp_path_factory.mktemp("verify")
    run_study(write(place, study=SMALL), out=place / "out" / "small")
    return place


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def verdicts(found: Verification, part: str) -> dict[str, str]:
    return {check.name: check.verdict for check in found.of(part)}


def test_a_result_as_it_was_left(made: Path) -> None:
    """The study is found beside the result, under its name."""
    found = verify(made / "out" / "small")
    assert found.ok
    assert set(verdicts(found, "file").values()) == {"unchanged"}
    assert verdicts(found, "input") == dict.fromkeys(["small.toml", "people.csv", "people.toml"], "unchanged")
    assert found.of("package") == []
    assert found.told["command"] == "fl-estimate run small.toml"


def test_a_new_run_gives_the_same_bytes(made: Path) -> None:
    found = verify(made / "out" / "small", rerun=True)
    assert found.ok
    again = verdicts(found, "rerun")
    assert set(again) == {"published figures", "estimates.csv", "estimates.parquet", "report.html", "manifest.json"}
    assert set(again.values()) == {"unchanged"}


def test_what_was_changed_taken_away_or_put_there(copy: Path) -> None:
    """Foreign files are named, and are no fault."""
    out = copy / "out" / "small"
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert verify(out).ok
    with (out / "estimates.csv").open("a", encoding="utf-8") as file:
        file.write("one more line\n")
    (out / "report.html").unlink()
    found = verify(out)
    assert not found.ok
    told = {name: verdict for name, verdict in verdicts(found, "file").items() if verdict != "unchanged"}
    assert told == {"estimates.csv": "changed", "report.html": "missing", "notes.txt": "foreign"}


def test_inputs_that_changed_or_are_not_at_hand(copy: Path) -> None:
    out = copy / "out" / "small"
    frame = people()
    frame.loc[0, "W"] = 111.0
    frame.to_csv(copy / "people.csv", index=False)
    (copy / "people.toml").unlink()
    found = verify(out)
    assert not found.ok
    assert verdicts(found, "input") == {
        "small.toml": "unchanged",
        "people.csv": "changed",
        "people.toml": "not at hand",
    }


def test_a_new_run_of_other_data_says_how_many_rows_came_out_otherwise(copy: Path) -> None:
    """How many, and no figure: withheld ones are among them."""
    frame = people()
    frame["W"] *= 1.5
    frame.to_csv(copy / "people.csv", index=False)
    found = verify(copy / "out" / "small", rerun=True)
    (figures,) = [check for check in found.of("rerun") if check.name == "published figures"]
    assert figures.verdict == "differs"
    assert "changed" in figures.note
    assert verdicts(found, "rerun")["estimates.csv"] == "differs"
    assert "inputs" in next(check.note for check in found.of("rerun") if check.name == "manifest.json")


def test_a_result_whose_study_is_elsewhere(copy: Path, tmp_path: Path) -> None:
    (copy / "small.toml").rename(tmp_path / "moved.toml")
    for name in ("people.csv", "people.toml"):
        shutil.copy(copy / name, tmp_path / name)
    found = verify(copy / "out" / "small")
    assert found.ok
    assert set(verdicts(found, "input").values()) == {"not at hand"}
    with pytest.raises(StudyFault, match="FL-STUDY-66"):
        verify(copy / "out" / "small", rerun=True)
    named = verify(copy / "out" / "small", study=tmp_path / "moved.toml")
    assert set(verdicts(named, "input").values()) == {"unchanged"}


def test_a_folder_of_an_older_version() -> None:
    """It has no texts and no date; of the two packages that changed since, one is told."""
    found = verify(SAVED / "2026-11-25_1419_e72d308" / "result")
    assert verdicts(found, "file") == {
        "estimates.csv": "unchanged", "estimates.parquet": "unchanged", "report.html": "missing"
    }  # fmt: skip
    assert verdicts(found, "package")["fl_estimate"] == "other version"


def test_what_is_no_result_folder(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web app"}', encoding="utf-8")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StudyFault, match="FL-STUDY-65"):
            verify(folder)


def test_a_folder_of_a_newer_version(copy: Path) -> None:
    path = copy / "out" / "small" / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace("study result 1", "study result 9"), encoding="utf-8")
    with pytest.raises(FileFault, match="FL-FILE-25"):
        verify(path.parent)


def _lists(place: Path) -> Path:
    (place / "lists.csv").write_text("A,B,count\n1,0,400\n0,1,300\n1,1,120\n", encoding="utf-8")
    entry = 'kind = "capture_recapture"\nmethod = "chapman"\nfile = "lists.csv"\na = "A"\nb = "B"\n'
    (place / "study.toml").write_text(f"[[estimate]]\n{entry}", encoding="utf-8")
    return place / "study.toml"


def test_case_lists_have_no_hash_and_a_private_run_its_key(tmp_path: Path) -> None:
    study = _lists(tmp_path)
    run_study(study, out=tmp_path / "open")
    assert verdicts(verify(tmp_path / "open"), "input") == {"study.toml": "unchanged", "lists.csv": "not kept"}
    run_study(study, out=tmp_path / "keyed", private=tmp_path / "private")
    there = {path: path.read_bytes() for path in (tmp_path / "private").rglob("*") if path.is_file()}
    assert verify(tmp_path / "keyed", rerun=True, private=tmp_path / "private").ok
    assert {path: path.read_bytes() for path in (tmp_path / "private").rglob("*") if path.is_file()} == there
    without = verify(tmp_path / "keyed", rerun=True)
    assert "fingerprint" in next(check.note for check in without.of("rerun") if check.name == "manifest.json")
    with pytest.raises(FileFault, match="FL-FILE-01"):
        verify(tmp_path / "keyed", rerun=True, private=tmp_path / "nowhere")


def test_the_command(copy: Path, tmp_path: Path) -> None:
    """0 as it was, 1 changed, 2 no result folder."""
    out = str(copy / "out" / "small")
    told = CliRunner().invoke(app, ["verify", out])
    assert (told.exit_code, "as its run left it" in told.output) == (0, True)
    (copy / "out" / "small" / "estimates.csv").unlink()
    told = CliRunner().invoke(app, ["verify", out])
    assert (told.exit_code, "estimates.csv missing" in told.output) == (1, True)
    told = CliRunner().invoke(app, ["verify", str(tmp_path)])
    assert (told.exit_code, "FL-STUDY-65" in told.output) == (2, True)


def test_the_command_of_differences(copy: Path, tmp_path: Path) -> None:
    """0 where no figure changed, 1 where one did, 2 where a folder is none; table, CSV and page."""
    frame = people()
    frame["W"] *= 1.2
    frame.to_csv(copy / "people.csv", index=False)
    first, second = str(copy / "out" / "small"), str(copy / "second")
    run_study(copy / "small.toml", out=second)
    told = CliRunner().invoke(app, ["diff", first, first])
    assert (told.exit_code, "No published figure changed." in told.output) == (0, True)
    asked = ["--csv", str(tmp_path / "d.csv"), "--html", str(tmp_path / "d.html"), "--language", "es"]
    told = CliRunner().invoke(app, ["diff", first, second, "--rerun", "--inputs", str(copy), *asked])
    assert told.exit_code == 1, told.output
    assert "Datos de entrada que difieren" in told.output
    assert "programa + datos (no disponible)" in told.output
    assert (tmp_path / "d.csv").is_file()
    assert '<html lang="es">' in (tmp_path / "d.html").read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["diff", first, str(tmp_path)]).exit_code == 2


def test_a_manifest_tells_date_command_system_and_texts(made: Path) -> None:
    manifest = json.loads((made / "out" / "small" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["run"]) == {"date", "command", "platform"}
    assert manifest["texts"]["study"] == SMALL
    assert manifest["texts"]["mappings"] == {"people.toml": MAPPING}
    assert str(made) not in json.dumps(manifest)
    assert manifest["packages"]["numpy"]


def test_no_path_of_a_machine_and_no_secret_is_told(tmp_path: Path) -> None:
    """Files named by where they lie on a machine are told by their name; the study runs all the same."""
    study = SMALL.replace('"people.csv"', f'"{tmp_path.as_posix()}/people.csv"')
    result = run_study(write(tmp_path, study=study), out=tmp_path / "out")
    text = (result.folder / "manifest.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert result.manifest["config"]["source"]["people"]["file"] == "people.csv"
    assert "people.csv" in result.manifest["inputs"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('salt = "abc def"', 'salt = "***"'),
        ("my_salt = 'abc'\nb = 1", 'my_salt = "***"\nb = 1'),
        ('{ key_salt = "a", column = "b" }', '{ key_salt = "***", column = "b" }'),
        ('PASSWORD="a\\"b" # c', 'PASSWORD="***" # c'),
        ('api_token = """a\nb"""', 'api_token = "***"'),
        ("salt = 12345", 'salt = "***"'),
        ('label = "paid in salt"', 'label = "paid in salt"'),
        ("file = '/data/x/y.sav'", "file = 'y.sav'"),
        ('file = "C:/data/y.sav"', 'file = "y.sav"'),
        ('file = "../x/y.sav"', 'file = "../x/y.sav"'),
        ('delimiter = "/"', 'delimiter = "/"'),
    ],
)
def test_what_is_masked(text: str, told: str) -> None:
    assert masked(text) == told


def test_paths_as_they_are_told() -> None:
    assert plain("~/surveys/2024.sav") == "2024.sav"
    assert plain("/2024") == "/2024"
    assert plainly({"/a/b/c.csv": ["/a/b/d.csv", 1, None, {"x": "e/f.csv"}]}) == {
        "c.csv": ["d.csv", 1, None, {"x": "e/f.csv"}]
    }
