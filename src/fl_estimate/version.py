"""The version of the library, which stands in pyproject.toml alone. Nothing of the library is imported here."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "fl_estimate"
UNKNOWN = "0+unknown"
"""Of a copy that is neither installed nor a checkout."""


@cache
def package_version() -> str:
    """The version of fl_estimate: that of the installation, else what the checkout says."""
    try:
        return version(NAME)
    except PackageNotFoundError:
        return version_of_checkout(Path(__file__).resolve().parents[2])


def version_of_checkout(folder: Path) -> str:
    """What pyproject.toml says, where the folder is a checkout of fl_estimate that nobody installed."""
    import tomllib

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"]) if project["name"] == NAME else UNKNOWN
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN


def release_numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version, to compare it by.

    Examples
    --------
    >>> release_numbers("0.10.1") > release_numbers("0.9.3"), release_numbers("0.2.0.dev1"), release_numbers("")
    (True, (0, 2, 0), ())
    """
    numbers: list[int] = []
    for part in text.split("+")[0].split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
