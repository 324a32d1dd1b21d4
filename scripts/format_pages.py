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

Files of {apart} are read by a process of their own, which is begun with the first of them and kept: broken bytes can bring their parsers down,
and a hostile file can ask for all memory. It may take 2 GiB and 64 times the size of the file, and a minute and 5 s a megabyte for
each stretch; what takes more, or falls, is FL-FILE-05, and the notebook, or the batch, goes on. `fl.load(…, apart=False)`, or
`FL_ESTIMATE_READ_APART=0` in the environment of a command, reads in the process itself, without limits. (Windows and macOS hold no
process to a limit of memory: there only that of time holds.)

This page is written from the source when the site is built.
"""


def page() -> str:
    """The page in Markdown."""
    written = " and ".join(form.name for form in formats() if form.write is not None)
    apart = ", ".join(form.name for form in formats() if form.apart)
    rows = "".join(f"| {' | '.join(_cells(form))} |\n" for form in formats())
    return HEAD + rows + TAIL.format(written=written, apart=apart)


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
