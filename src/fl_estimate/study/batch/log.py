"""The log of a batch: what began, ended and failed, and when. No answer, no figure and no count of people stands in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from fl_estimate.errors import StudyFault, visible
from fl_estimate.study.batch.outcome import StudyOutcome

HEAD = "# log of fl-estimate batch"
"""The first line, by which a log is known."""


class BatchLog:
    """Lines added to a file as things happen, so that they are there after a kill.

    Parameters
    ----------
    path : Path
        A new file, or the log of a batch before, which is continued.

    Raises
    ------
    StudyFault
        FL-STUDY-57: it is a file of somebody else, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            there = path.exists()
            if there and not path.read_bytes().startswith(HEAD.encode()):
                raise _not_usable(path, "a file that no batch wrote")
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise _not_usable(path, error.strerror or type(error).__name__) from None
        if not there:
            self._file.write(f"{HEAD}\n")
        self.path = path

    def say(self, text: str) -> None:
        """Add a line with the time of day; a disk that is full ends the log and not the batch."""
        now = dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")
        try:
            self._file.write(f"{now} {' '.join(visible(text).split())}\n")
            self._file.flush()
        except (OSError, ValueError):
            return

    def ended(self, outcome: StudyOutcome) -> None:
        """What came of a study: codes, what is wrong and how to mend it, without what was found."""
        memory = "" if outcome.peak_memory is None else f", at most {outcome.peak_memory / 1e6:.0f} MB"
        self.say(f"{outcome.study}: {outcome.status} after {outcome.seconds:.1f} s{memory}")
        for trouble in outcome.troubles:
            of = f" ({trouble.estimate})" if trouble.estimate else ""
            self.say(
                f"{outcome.study}{of}: [{trouble.code}] {trouble.what}; to fix: {trouble.fix or 'see the message'}"
            )
        for warning in outcome.warnings:
            self.say(f"{outcome.study}: warning: {warning}")

    def close(self) -> None:
        """Leave the file."""
        self._file.close()


def _not_usable(path: Path, found: str) -> StudyFault:
    return StudyFault(
        "FL-STUDY-57", "the log of the batch cannot be written", found=f"{path.name}: {found}",
        fix="move the file elsewhere, or choose another folder with --out",
    )  # fmt: skip
