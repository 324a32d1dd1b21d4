"""Write what `make estimate` gives into README.md: the first table it prints, its words, and pictures of its report."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUDY = ROOT / "data" / "sample" / "study.toml"
README = ROOT / "README.md"
PICTURES = {
    "docs/_static/estimate_regions.svg": "Forced labour: prevalence, by region",
    "docs/_static/estimate_methods.svg": "Forced labour: number of persons – several methods side by side",
}
"""Where a picture goes, and its caption in the report."""
START = "<!-- written by `make readme`, do not edit -->\n"
END = "<!-- end of what is written -->\n"
COLUMNS = 104
"""A terminal of this width: wide enough that no word is broken, narrow enough for a page."""


def main() -> int:
    """Write README and pictures, or with --check say whether those on disk are up to date."""
    with tempfile.TemporaryDirectory() as folder:
        printed = run(Path(folder) / "out")
        report = (Path(folder) / "out" / "report.html").read_text(encoding="utf-8")
    written = {ROOT / position: drawn(report, caption) for position, caption in PICTURES.items()}
    written[README] = page(README.read_text(encoding="utf-8"), printed)
    if "--check" not in sys.argv[1:]:
        for path, text in written.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = [path.name for path, text in written.items() if not is_there(path, text)]
    if old:
        print(f"{', '.join(old)}: not what `make estimate` gives; run: make readme", file=sys.stderr)
    return 1 if old else 0


def is_there(path: Path, text: str) -> bool:
    """Whether a file holds this text."""
    return path.is_file() and path.read_text(encoding="utf-8") == text


def run(out: Path) -> str:
    """Run the study as `make estimate` does, in a terminal of its own, and give what it prints there."""
    here, there = pty.openpty()
    command = [str(Path(sys.executable).with_name("fl-estimate")), "run", str(STUDY), "--out", str(out)]
    terminal = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "100", "TERM": "dumb", "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=there, stderr=subprocess.PIPE, env=terminal) as process:
        os.close(there)
        printed = b"".join(iter(lambda: read(here), b""))
        told = process.stderr.read().decode() if process.stderr else ""
    os.close(here)
    if process.returncode:
        raise SystemExit(f"the study did not run:\n{told}")
    return printed.decode().replace("\r\n", "\n")


def read(terminal: int) -> bytes:
    """What stands in a terminal; nothing where its other end was closed."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def page(text: str, printed: str) -> str:
    """Put table, words and pictures between the two marks."""
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    table, words = parts(printed)
    pictures = "\n\n".join(f"![{caption}]({position})" for position, caption in PICTURES.items())
    quoted = textwrap.indent(textwrap.fill(words, 118), "> ")
    return f"{head}{START}\n```text\n{table}\n```\n\n{quoted}\n\n{pictures}\n\n{END}{tail}"


def parts(printed: str) -> tuple[str, str]:
    """The first table, which ends where the next line without indent stands, and the sentences after the last."""
    lines = [line.rstrip() for line in printed.splitlines()]
    flush = [position for position, line in enumerate(lines) if line and not line.startswith(" ")]
    table = "\n".join(lines[flush[0] : flush[1]]).rstrip()
    return table, next(line for line in reversed(lines) if line and not line.startswith(("report:", " ")))


def drawn(report: str, caption: str) -> str:
    """One picture of the report, as a file of its own."""
    labelled = f'aria-label="{re.escape(caption)}">'
    found = re.search(rf'<svg viewBox="([^"]*)"[^>]*{labelled}.*?</svg>', report, flags=re.DOTALL)
    if found is None:
        raise SystemExit(f"the report has no picture called {caption!r}")
    width, height = found.group(1).split()[2:]
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return found.group(0).replace("<svg ", f'<svg {spaces} width="{width}pt" height="{height}pt" ', 1) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
