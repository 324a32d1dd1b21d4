"""Write the docs page that lists the output formats, from the register of renderers and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from fl_estimate.reporting.renderers import APPRAISAL, ESTIMATES, Renderer, formats

HEAD = """\
# Output formats

What `fl.publish` returns is written by `published.to("<format>", path)`, or by the method in the table; `language` is "en", "fr",
"es", or one with a territory: "es-MX". A format that belongs to a run is written by `fl-estimate run` by itself.

This page is written from the register of formats when the site is built.
"""


def page() -> str:
    """Compose the page: a table for each thing that can be rendered."""
    return "\n".join([HEAD, *_table(ESTIMATES), "", "## Appraisals of case lists", "", *_table(APPRAISAL), ""])


def _table(of: str) -> list[str]:
    lines = ["| format | what | call | in a run's folder |", "|---|---|---|---|"]
    return lines + [
        f"| {each.name} | {each.summary} | {_call(each)} | {_file(each)} |" for each in formats(of).values()
    ]


def _call(each: Renderer) -> str:
    if not each.endings:
        return "shown"
    return f"`.to_{each.name}(path)`, {', '.join(f'`{ending}`' for ending in each.endings)}"


def _file(each: Renderer) -> str:
    if not each.run:
        return ""
    return f"`{each.run.format(name='<name>')}`" + (", in each language" if each.in_each_language else "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
