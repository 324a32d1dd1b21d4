"""Run the commands of a docs page in a copy of its folder, and write what they print below them.

    python scripts/commands_in_docs.py            # write the pages again
    python scripts/commands_in_docs.py --check    # only say which page is not as its commands print it

A block ```console holds lines that begin with `$ fl-estimate`, each followed by what it prints. The commands of a page run one
after another, so that each finds what those before it wrote. A test compares the pages with what this prints.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from typer.testing import CliRunner

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: dict[str, str] = {"how_to/mapping.md": "examples/mics_like"}
"""The pages with commands, and the folder that their commands run in."""
BLOCK = re.compile(r"^```console\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
PROMPT = "$ fl-estimate "


def written(page: str) -> str:
    """Give the text of a page with its commands run again."""
    text = (DOCS / page).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(DOCS / PAGES[page], work, ignore=shutil.ignore_patterns("draft.toml", "out"))
        return BLOCK.sub(lambda block: f"```console\n{_block(block[1], work)}```", text)


def _block(block: str, work: Path) -> str:
    """The commands of one block, each with what it prints."""
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            lines += [line, *_printed(line.removeprefix(PROMPT), work)]
    return "".join(f"{line}\n" for line in lines)


def _printed(command: str, work: Path) -> list[str]:
    from fl_estimate.cli import app

    before, width = Path.cwd(), os.environ.get("COLUMNS")
    os.chdir(work)
    os.environ["COLUMNS"] = "110"
    try:
        result = CliRunner().invoke(app, shlex.split(command))
    finally:
        os.chdir(before)
        os.environ.pop("COLUMNS")
        os.environ.update({"COLUMNS": width} if width is not None else {})
    if result.exit_code:
        raise SystemExit(f"{command}: status {result.exit_code}\n{result.output}")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    return [line for position, line in enumerate(lines) if line or (position and lines[position - 1])]


def main() -> None:
    """Write the pages, or say which are not as printed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    for page in PAGES:
        text = written(page)
        same = text == (DOCS / page).read_text(encoding="utf-8")
        if not asked.check:
            (DOCS / page).write_text(text, encoding="utf-8")
        print(f"{page}: {'as printed' if same else 'not as printed' if asked.check else 'written'}")


if __name__ == "__main__":
    main()
