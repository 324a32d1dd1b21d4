"""What every file that the library writes for itself says of itself: its form and the version that wrote it; and who may read it.

A form is a text, such as ``fl_estimate estimates 2``. Its number is raised when a reader of the last form could not read the new
one, or would read it wrongly; what is only added does not raise it. The files themselves are read and written where they are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fl_estimate.errors import FileFault, labels_shown
from fl_estimate.version import package_version

_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){1,3}([.+-]?[a-z]{1,12}\d{0,4}){0,3}")
"""0.2.0, 1.0.dev3+local: no date, telephone or name is written so."""

DIGITS = 4
"""Of the number of a form; what is longer is none, and may be a number of another kind, which a message would print."""


@dataclass(frozen=True, kw_only=True)
class SavedForm:
    """A kind of file, and which forms of it this version reads.

    Attributes
    ----------
    kind : str
        What it is a file of.
    number : int
        The form that this version writes: the newest that it reads.
    oldest : int
        The oldest form that it still reads.
    again : str
        How to get such a file from this version, for people who cannot have theirs read.

    Examples
    --------
    >>> form = SavedForm(kind="estimates", number=2, again="estimate again")
    >>> form.text, form.number_of({"form": "fl_estimate estimates 1"}, "a.parquet")
    ('fl_estimate estimates 2', 1)
    """

    kind: str
    number: int
    oldest: int = 1
    again: str

    @property
    def text(self) -> str:
        """The form as a file says it."""
        return f"fl_estimate {self.kind} {self.number}"

    def stamp(self) -> dict[str, str]:
        """What a file says of itself: its form, and the version that writes it."""
        return {"form": self.text, "version": package_version()}

    def number_of(
        self, record: Mapping[str, Any], file: str, *, unnumbered: int | None = None, version: str = ""
    ) -> int | None:
        """The number of a file's form, which this version reads.

        Parameters
        ----------
        record : mapping
            What the file says, `stamp` among it.
        file : str
            Its name, for messages.
        unnumbered : int, optional
            The form of files that do not say theirs.
        version : str
            The version that wrote the file, where it says so in another place.

        Returns
        -------
        int or None
            None where it is a file of something else.

        Raises
        ------
        FileFault
            FL-FILE-25: a newer version wrote it; FL-FILE-26: an older one did, in a form that is no longer read.
        """
        if "form" not in record:
            number = unnumbered
        else:
            head, _, tail = str(record["form"]).rpartition(" ")
            ours = head == f"fl_estimate {self.kind}" and tail.isdecimal() and len(tail) <= DIGITS
            number = int(tail) if ours else None
        if number is None:
            return None
        writer = _plain_version(record.get("version") or version)
        if number > self.number:
            raise FileFault(
                "FL-FILE-25", "a newer version of fl_estimate wrote this file", found=self._found(file, number, writer),
                fix=f"install {f'fl_estimate {writer}' if writer else 'that version'} or a newer one, or {self.again} with this one",
            )  # fmt: skip
        if number < self.oldest:
            raise too_old(self, file, found=self._found(file, number, writer))
        return number

    def _found(self, file: str, number: int, writer: str) -> str:
        own = f"{self.oldest} to {self.number}" if self.oldest < self.number else f"{self.number}"
        by = f", written by {writer}" if writer else ""
        return f"{labels_shown([file])}: form {number} of {self.kind}{by}; this is {package_version()}, which reads form {own}"


def too_old(form: SavedForm, file: str, *, found: str = "", version: str = "", lacks: str = "") -> FileFault:
    """Build the error for a file of an older version that this one does not read."""
    writer = _plain_version(version)
    by = f", written by {writer}" if writer else ""
    return FileFault(
        "FL-FILE-26", "an older version of fl_estimate wrote this file, and this one does not read it",
        found=found or f"{labels_shown([file])}{by}: {lacks}",
        fix=f"{form.again}, or read it with the version that wrote it",
    )  # fmt: skip


def _plain_version(text: object) -> str:
    """A version as a file says it; nothing where it is no version, which a message would print."""
    return text if isinstance(text, str) and _VERSION.fullmatch(text) else ""
