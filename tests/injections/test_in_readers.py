"""Hostile texts in programs that would obey: a browser, a spreadsheet, a terminal, a parser of HTML. `make injections` runs them.

Each is left out where its program is not there: chromium, soffice (LibreOffice Calc); openpyxl, pyte and html5lib are looked for
in the folder that FL_ESTIMATE_PEERS names, too.
"""

from __future__ import annotations

import csv
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate import neutral
from fl_estimate.pages.frames import csv_text
from fl_estimate.reporting.run_folder import tell
from fl_estimate.reporting.terminal import print_table
from tests.injections.hostile_study import LABELS, NAME, estimates, write
from tests.injections.reading import TRIGGERS
from tests.injections.texts import ALL, FORMULAS, HOST, MARKUP, MATHEMATICS, MISLEADING, RAN, STEERING

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::fl_estimate.errors.FlWarning")]
if folder := os.environ.get("FL_ESTIMATE_PEERS"):
    sys.path.append(folder)
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
SOFFICE = shutil.which("soffice") or ""


def peer(name: str) -> Any:
    pytest.importorskip(name)
    return import_module(name)


@pytest.fixture(scope="module")
def published() -> fl.PublishedEstimates:
    return fl.publish({NAME: estimates()})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the study with every label."""
    folder = tmp_path_factory.mktemp("hostile")
    result = fl.run_study(write(folder), out=folder / "out", private=folder / "own")
    assert result.ok, result.failed
    return folder / "out"


# --- a browser --------------------------------------------------------------------------------------------------------


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A host that notes whatever is asked of it."""
    asked: list[str] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers.get('Host')}{self.path}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def shown(page: Path, profile: Path) -> tuple[str, str, list[str]]:
    """What a browser makes of a page: its title, its elements, and what it asked of hosts."""
    with listening() as (port, asked):
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--virtual-time-budget=3000",
             f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}", "--dump-dom", page.as_uri()],
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip
    dom = done.stdout.decode("utf-8", "replace")
    assert len(dom) > 40, done.stderr.decode("utf-8", "replace")[-600:]
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    return (title[1] if title else ""), dom, asked


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_the_browser_would_obey(tmp_path: Path) -> None:
    """The texts are worth something: unescaped they set the title and ask the host."""
    page = tmp_path / "bare.html"
    run = 0
    for at, text in enumerate([MARKUP[0], MARKUP[3], MARKUP[4]]):
        page.write_text(f"<!DOCTYPE html><title>plain</title><p>{text}</p>", encoding="utf-8")
        run += shown(page, tmp_path / f"p{at}")[0] == RAN
    assert run == 3
    page.write_text(f"<!DOCTYPE html><title>plain</title><img src=http://{HOST}/asked>", encoding="utf-8")
    assert shown(page, tmp_path / "p")[2] != []


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
@pytest.mark.parametrize("kind", ["report", "notebook", "session", "svg", "appraisal", "run", "run.fr"])
def test_no_script_runs_and_nothing_is_asked(
    kind: str, published: fl.PublishedEstimates, ran: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    head = "<!DOCTYPE html><meta charset=utf-8><title>plain</title>"
    if kind == "report":
        published.to_html(page)
    elif kind in ("notebook", "session"):
        page.write_text(head + str((published if kind == "notebook" else estimates())._repr_html_()), encoding="utf-8")
    elif kind == "svg":
        page = published.plot(tmp_path / "page.svg")
    elif kind == "appraisal":
        names = [MARKUP[0], MARKUP[7], FORMULAS[0] + STEERING[0] + MISLEADING[0] + MATHEMATICS[0]]
        rows = [(1, 0, 0, 50), (0, 1, 0, 80), (0, 0, 1, 40), (1, 1, 0, 12), (1, 0, 1, 11), (0, 1, 1, 13), (1, 1, 1, 10)]
        histories = fl.CaptureHistories.from_counts(pd.DataFrame(rows, columns=[*names, "count"]), lists=names)
        page.write_text(
            fl.appraisal_page(cr.appraise(histories, seed=1, replicates=20, draws=100), title=MARKUP[0]),
            encoding="utf-8",
        )
    else:
        page = ran / {"run": "report.html", "run.fr": "report.fr.html"}[kind]
    title, dom, asked = shown(page, tmp_path / "profile")
    assert title != RAN
    assert asked == []
    assert not re.search(r"<(script|iframe|object|embed|form|base|img|link)\b", dom)
    assert not re.search(r"<[a-z]+\s[^<>]*\son[a-z]+=", re.sub(r'"[^"]*"', '""', dom))


# --- spreadsheets -----------------------------------------------------------------------------------------------------


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_openpyxl_takes_no_cell_for_a_formula(published: fl.PublishedEstimates, ran: Path, tmp_path: Path) -> None:
    """Rows of our CSV put into a workbook as they are read: a text that begins with "=" would be of type f."""
    openpyxl = peer("openpyxl")
    illegal = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
    tables = [
        published.to_csv(tmp_path / "e.csv").read_text(encoding="utf-8"),
        (ran / "estimates.csv").read_text(encoding="utf-8"),
    ]
    tables.append(csv_text(pd.DataFrame({"a": list(LABELS), "b": -1.5})))
    kept: Any = None
    for text in tables:
        book = openpyxl.Workbook()
        for row in cells_of(text):
            assert not any(illegal.search(cell) for cell in row)
            book.active.append([float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell for cell in row])
        book.save(tmp_path / "book.xlsx")
        kept = openpyxl.load_workbook(tmp_path / "book.xlsx").active
        kinds = {cell.data_type for row in kept.iter_rows() for cell in row}
        assert kinds <= {"s", "n", "inlineStr"}, kinds
    assert kept["B2"].value == -1.5
    bare = openpyxl.Workbook()
    bare.active.append(["=1+1"])
    assert bare.active["A1"].data_type == "f"


@pytest.mark.skipif(not SOFFICE, reason="no LibreOffice")
@pytest.mark.parametrize("separator", [44, 59, 9], ids=["comma", "semicolon", "tab"])
def test_libreoffice_computes_nothing(separator: int, tmp_path: Path) -> None:
    """Opened with commas, and as one set to French would be; "evaluate formulas" is switched on, which it is not by itself."""
    frame = pd.DataFrame({"text": list(LABELS), "n": -1.5})
    content = {"bare": "=1+1,=2+2\n" if separator == 44 else "=1+1\n", "ours": csv_text(frame)}
    found: dict[str, str] = {}
    for name, text in content.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        # tokens: separator, quote, UTF-8, first row, no formats, language, quoted cells are no texts by themselves, …, evaluate formulas
        rule = f"CSV:{separator},34,76,1,,1033,false,true,false,false,false,-1,true"
        subprocess.run(
            [SOFFICE, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", f"--infilter={rule}", "--convert-to", "fods",
             "--outdir", str(tmp_path), str(tmp_path / f"{name}.csv")],
            check=True, capture_output=True, timeout=240,
        )  # fmt: skip
        found[name] = (tmp_path / f"{name}.fods").read_text(encoding="utf-8")
    assert "table:formula" in found["bare"]
    assert re.findall(r"<table:table-cell[^>]*table:formula=[^>]*>", found["ours"]) == []
    assert separator != 44 or 'office:value="-1.5"' in found["ours"]


# --- a terminal -------------------------------------------------------------------------------------------------------


def screen_of(text: str) -> Any:
    pyte = peer("pyte")
    screen = pyte.HistoryScreen(400, 60, history=5_000)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return screen


def test_a_terminal_shows_and_does_not_obey(published: fl.PublishedEstimates) -> None:
    before = screen_of("plain")
    steered = screen_of("plain" + "".join(STEERING))
    assert (steered.title, steered.buffer[0][0].data) != (before.title, before.buffer[0][0].data)
    out = io.StringIO()
    with redirect_stdout(out):
        tell(published)
        print(repr(published), repr(estimates()), fl.FlError("FL-X-01", "\n".join(ALL), found="\n".join(ALL)), sep="\n")
        print_table(list(STEERING), [list(STEERING), *([text] * len(STEERING) for text in ALL if len(text) < 200)])
    printed = out.getvalue()
    assert len(printed) > 5_000
    assert not set(printed) & (set(map(chr, range(0x20))) - {"\n", "\t"})
    screen = screen_of(printed)
    assert screen.title == ""
    drawn = {cell.fg for line in screen.buffer.values() for cell in line.values()}
    assert drawn <= {"default"}


# --- a parser of HTML -------------------------------------------------------------------------------------------------


def test_a_parser_as_browsers_have_it_finds_no_element_of_a_text(
    published: fl.PublishedEstimates, ran: Path, tmp_path: Path
) -> None:
    html5lib = peer("html5lib")
    plain = fl.publish({"plain": _plain()}).to_html(tmp_path / "p.html").read_text(encoding="utf-8")
    known = {str(element.tag) for element in html5lib.parse(plain, namespaceHTMLElements=False).iter()}
    for page in (published.to_html(tmp_path / "r.html"), ran / "report.html", ran / "report.fr.html"):
        tree = html5lib.parse(page.read_text(encoding="utf-8"), namespaceHTMLElements=False)
        tags = {str(element.tag) for element in tree.iter()}
        assert tags - known <= {"ul", "li", "sup", "code", "small"}
        names = {str(name) for element in tree.iter() for name in element.attrib}
        assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "action")}
        text = "".join(tree.itertext())
        assert neutral.visible(MARKUP[0]) in text


def _plain() -> fl.Estimates:
    from tests.unit.reporting.made import estimates as made

    return made({}, {"region": "North"}, {"region": "South"})


def test_the_triggers_that_are_looked_for_are_those_of_spreadsheets() -> None:
    assert set("=+-@\t\r\n") <= set(TRIGGERS)
