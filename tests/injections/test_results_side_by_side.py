"""Hostile texts in studies of several rounds, in batches, differences and verdicts: names of studies, rounds, countries, estimates and files."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from fl_estimate.study.sides import in_toml
from tests.injections.hostile_study import EVERY, NAME, quoted
from tests.injections.reading import Page, computed, forbidden
from tests.injections.texts import ALL, HONEST
from tests.unit.study.made import MAPPING, STUDY, people, write

FRAMEWORKS = Path(fl.__file__).parent / "indicators" / "frameworks"
STUDIES = ("=1+1 <img src=x onerror=1> $x$ \u202e\x1b[2J", "@SUM(1)\n[red]<b>")
ENTRIES = STUDY[STUDY.index("[[estimate]]") : STUDY.index("[publish]")]


def _is_colour_scale(found: str) -> bool:
    """The scale of a map is drawn by matplotlib as an image within the page."""
    return found == "image" or "data:image/png;base64," in found


def harmless(path: Path) -> None:
    """No file for people runs, is computed, steers or misleads."""
    if path.suffix == ".parquet":
        return
    text = path.read_text(encoding="utf-8")
    assert not forbidden(text), path.name
    if path.suffix == ".html":
        assert [one for one in Page(text).wrong if not _is_colour_scale(one)] == []
    if path.suffix == ".csv":
        assert list(computed(text)) == []


def rounds(folder: Path) -> Path:
    """Two rounds of the small survey whose names, countries, labels and titles are hostile."""
    folder.mkdir()
    names = [_may_be(f"2021 {NAME}", "@/\\"), _may_be(f"2023 {EVERY[:300]}", "@/\\")]
    text = f'title = {quoted(EVERY)}\n[source.{quoted(NAME)}]\nmapping = "m.toml"\n[classify]\nframework = "icls2018_adult"\nshort_instrument = true\n'
    text += ENTRIES.replace('name = "total"', f"name = {quoted(NAME)}") + f"\n[labels]\nregion = {quoted(NAME)}\n"
    for at, name in enumerate(names):
        people().to_csv(folder / f"p{at}.csv", index=False)
        year = 2021 + 2 * at
        made = MAPPING.replace("2023-01-01", f"{year}-01-01").replace("2024-01-01", f"{year + 1}-01-01")
        (folder / f"m{at}.toml").write_text(made, encoding="utf-8")
        text += f'\n[[round]]\nname = {quoted(name)}\nfile = "p{at}.csv"\nmapping = "m{at}.toml"\n'
    path = folder / "rounds.toml"
    path.write_text(text.replace('mapping = "m.toml"', 'mapping = "m0.toml"', 1), encoding="utf-8")
    return path


def _may_be(text: str, without: str) -> str:
    return "".join(one for one in text if one not in without)


def _hostile_titles(text: str) -> str:
    """A framework whose title and what it cites are hostile."""
    lines = (f"{line.partition('=')[0]}= {quoted(EVERY)}" if line.startswith(("en =", "fr =")) else line for line in text.splitlines())  # fmt: skip
    return "\n".join(lines)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of two studies that run and one that does not, all called by hostile names."""
    folder = tmp_path_factory.mktemp("batch")
    for name in STUDIES:
        home = folder / "in" / name
        home.mkdir(parents=True)
        frame = people().replace({"REG": {"North": NAME}})
        text = STUDY.replace('name = "share"', f"name = {quoted(NAME)}").replace("icls2018_adult", "own.toml")
        path = write(home, study=text, mapping=f"country = {quoted('=' + NAME)}\n{MAPPING}", frame=frame)
        path.rename(home / f"{name}.toml")
        bundled = (FRAMEWORKS / "icls2018_adult.toml").read_text(encoding="utf-8")
        (home / "own.toml").write_text(
            _hostile_titles(bundled).replace("icls2018_adult", "own_adult"), encoding="utf-8"
        )
        shapes = json.loads((home / "regions.geojson").read_text(encoding="utf-8"))
        shapes["features"][0]["properties"] = {"region": NAME, EVERY: EVERY}
        (home / "regions.geojson").write_text(json.dumps(shapes), encoding="utf-8")
    (folder / "in" / f"{NAME.replace('/', '')}.toml").write_text(
        f"title = 1\n[[estimate]]\nname = {quoted(NAME)}\n[x.{quoted(NAME)}]\n", encoding="utf-8"
    )
    return folder


def test_a_study_put_together_keeps_every_text() -> None:
    for text in (*ALL, *HONEST, "𞤀𞤣𞤤𞤢𞤥 \x7f"):
        if not any(0xD800 <= ord(one) < 0xE000 for one in text):
            assert tomllib.loads(in_toml({"a": {text: [text, {"b": text}]}}))["a"] == {text: [text, {"b": text}]}


@pytest.mark.slow
def test_a_batch(batch: Path) -> None:
    result = CliRunner().invoke(
        app, ["batch", str(batch / "in"), "--out", str(batch / "out"), "--private", str(batch / "own")]
    )
    print(result.output)
    assert not forbidden(result.output)
    assert len([path for path in (batch / "out").rglob("*") if path.is_file()]) > 8
    for path in (batch / "out").rglob("*"):
        if path.is_file():
            harmless(path)
    log = (batch / "out" / "batch.log").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith(("# log", "20")) for line in log)


@pytest.mark.slow
def test_rounds_differences_and_verdicts(tmp_path: Path) -> None:
    study = rounds(tmp_path / f"{NAME.replace('/', '')}")
    before, after = tmp_path / "before \x1b[2J\u202e<b>", tmp_path / "=1+1 after"
    assert fl.run_study(study, out=before).ok
    text = study.read_text(encoding="utf-8")
    study.write_text(
        text.replace("level = 0.95", "").replace(f"region = {quoted(NAME)}", f"region = {quoted(EVERY)}"),
        encoding="utf-8",
    )
    frame = people()
    frame.loc[frame.index % 25 == 0, ["Q1", "Q2", "Q3"]] = 1
    frame.to_csv(study.parent / "p1.csv", index=False)
    assert fl.run_study(study, out=after).ok
    for path in (*before.iterdir(), *after.iterdir()):
        harmless(path)
    made = CliRunner().invoke(
        app, ["diff", str(before), str(after), "--csv", str(tmp_path / "d.csv"), "--html", str(tmp_path / "d.html")]
    )  # fmt: skip
    assert made.exit_code == 1, made.output
    assert not forbidden(made.output)
    for path in tmp_path.glob("d.*"):
        harmless(path)
    given = fl.diff(before, after)
    assert not forbidden(repr(given))
    assert Page(given._repr_html_()).wrong == []
    assert not forbidden(given._repr_html_())
    shutil.copy(before / "report.html", before / "\x1b[2J <b>.html")
    said = CliRunner().invoke(app, ["verify", str(before), "--study", str(study)])
    assert said.exit_code == 1
    assert not forbidden(said.output)
