"""Write the docs page that lists the file formats, from what each of `loaders/formats` says of itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fl_estimate.loaders.file_format import FileFormat
from fl_estimate.loaders.files import formats

HEAD = """\
# File formats

What `fl.load`, `fl.load_lists`, `fl.draft_mapping`, study files and the commands `check`, `map` and `convert` read. The ending
tells the format. Keys of `[source]` in a mapping say how a file is written where that is not to be found out; the
commands have options of the same names.

| format | endings | labels | declares codes missing | read | keys of `[source]` |
|---|---|---|---|---|---|
"""
TAIL = """
*In stretches*: a file of any size is converted in bounded memory. *Lazily*: rows are read when they are asked for.
Files of {written} are what `fl-estimate convert` writes.

This page is written from the source when the site is built.
"""


def page() -> str:
    """The page in Markdown."""
    written = " and ".join(form.name for form in formats() if form.write is not None)
    return HEAD + "".join(f"| {' | '.join(_cells(form))} |\n" for form in formats()) + TAIL.format(written=written)


def _cells(form: FileFormat) -> Iterator[str]:
    yield form.name
    yield ", ".join(form.endings)
    yield form.labels
    yield "yes" if set(form.declaring) >= set(form.endings) else ", ".join(form.declaring) or "no"
    yield "lazily" if form.lazy else "in stretches" if form.in_stretches is not None else "whole"
    own = [f"`{option.name}` ({option.says})" for option in form.options]
    yield ", ".join([*(f"`{name}`" for name in form.heeds), *own]) or "none"


if __name__ == "__main__":
    sys.stdout.write(page())
