"""Studies of a batch, as small as they can be: one estimate of the small survey."""

from __future__ import annotations

from pathlib import Path

from tests.unit.study.made import write

SHARE = """\
country = "{iso}"

[source.people]
file = "people.csv"
mapping = "people.toml"

[[estimate]]
name = "share"
kind = "ratio"
numerator = "case"
denominator = "one"
"""


def share(folder: Path, name: str, iso: str, more: str = "") -> Path:
    """Write a study of a country into a folder of its own."""
    own = folder / name
    own.mkdir(parents=True)
    written = write(own, study=SHARE.replace("{iso}", iso) + more)
    (own / "truth.json").unlink()
    return written.rename(own / "study.toml")
