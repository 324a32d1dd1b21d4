"""Which installed packages are not those of requirements/dev.txt: what the mark `pinned` asks before a test that holds for the pins only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

PINS = Path(__file__).resolve().parents[1] / "requirements" / "dev.txt"


def pins_of(text: str) -> dict[str, str]:
    """Version of each package that is pinned for this system and Python."""
    lines = (line.rstrip("\\ ") for line in text.splitlines() if line[:1].isalnum())
    asked = [Requirement(line) for line in lines]
    return {
        each.name: next(iter(each.specifier)).version for each in asked if each.marker is None or each.marker.evaluate()
    }


@cache
def _pins() -> dict[str, str]:
    return pins_of(PINS.read_text(encoding="utf-8")) if PINS.is_file() else {}


def other_than_pinned(names: Sequence[str] = ()) -> list[str]:
    """What of `names`, or of all pins, is installed in another version or not at all; empty in the environment of `make test`."""
    pins = _pins()
    if not pins:
        return ["there is no requirements/dev.txt"]
    return [
        f"{name} is {found or 'not installed'}, pinned is {pins[name]}"
        for name in names or pins
        if (found := _installed(name)) != pins[name]
    ]


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
