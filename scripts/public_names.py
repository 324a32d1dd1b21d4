"""Write the docs page that lists the public names of fl_estimate, from `fl_estimate.__all__` and nothing else."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import fl_estimate

# Where a name is defined says what it is for; the order is the one in which a user meets them.
SECTIONS: dict[str, str] = {
    "loaders": "Load",
    "schema": "Load",
    "inputs": "What an estimate starts from",
    "datasets": "Data to try things on",
    "indicators": "Classify",
    "design": "Design and weights",
    "estimators": "Estimate",
    "estimators.hidden": "Hidden populations",
    "results": "Results",
    "reporting": "Publish",
    "laboratory": "Judge a method where the truth is known",
    "study": "Run a study file",
    "errors": "Errors",
}


def entries() -> dict[str, list[str]]:
    """Sort the public names into sections; a public package stands for the public names in it."""
    found: dict[str, list[str]] = {title: [] for title in SECTIONS.values()}
    for name in fl_estimate.__all__:
        value = getattr(fl_estimate, name)
        if inspect.ismodule(value):
            inside = [f"{name}.{part}" for part in getattr(value, "__all__", ())]
            found[_section(value.__name__)] += inside or [name]
        else:
            found[_section(value.__module__)].append(name)
    return found


def _section(module: str) -> str:
    """The section of a module: that of its package, or of the room that has one of its own."""
    path = module.removeprefix("fl_estimate.")
    return SECTIONS[max((part for part in SECTIONS if f"{path}.".startswith(f"{part}.")), key=len)]


def page() -> str:
    """Compose the page: a table a section, each name with a page of its own."""
    chunks = ["# Public names\n\nAll are reached as `fl.<name>` after `import fl_estimate as fl`.\n"]
    for title, names in entries().items():
        if names:
            lines = "\n".join(f"   {name}" for name in sorted(names, key=str.lower))
            chunks.append(
                f"\n## {title}\n\n```{{eval-rst}}\n.. currentmodule:: fl_estimate\n\n"
                f".. autosummary::\n   :toctree: generated\n\n{lines}\n```\n"
            )
    return "".join(chunks)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
