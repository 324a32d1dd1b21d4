"""What came of the studies of a batch."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from fl_estimate.errors import FlError
from fl_estimate.study.batch.plan import PlannedStudy

Status = Literal["done", "unchanged", "failed", "fault", "crashed", "interrupted"]
GOOD: frozenset[str] = frozenset({"done", "unchanged"})


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What went wrong in a study, or in one estimate of it.

    Attributes
    ----------
    code, what, fix : str
    found : str
        For whoever runs the batch, on their screen; neither the log nor the tables have it.
    estimate : str
        Empty where it is the whole study.
    """

    code: str
    what: str
    fix: str = ""
    found: str = ""
    estimate: str = ""


@dataclass(frozen=True, kw_only=True)
class StudyOutcome:
    """What came of one study.

    Attributes
    ----------
    study : str
    status : {"done", "unchanged", "failed", "fault", "crashed", "interrupted"}
        failed: the folder is complete but for some estimates; fault: found before estimating, nothing was written; crashed: its process
        ended of itself.
    folder : Path
    seconds : float
    peak_memory : int or None
        Bytes; None where the system does not say.
    troubles : tuple of Trouble
    taken : tuple of str
        Estimates that were taken from the private folder.
    warnings : tuple of str
    """

    study: str
    status: Status
    folder: Path
    seconds: float = 0.0
    peak_memory: int | None = None
    troubles: tuple[Trouble, ...] = ()
    taken: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What a batch gave: what came of each study, and where the tables over all of them lie.

    Attributes
    ----------
    outcomes : tuple of StudyOutcome
        In the order of the studies.
    folder : Path
        Of the batch; the tables over all studies are in ``batch`` within it.
    derived : pandas.DataFrame
        What readers can work out of the folders together, as ``fl-estimate audit-release`` finds it; empty where nothing.
    audited : bool
        Whether all folders that there are were audited together.
    seconds : float
    """

    outcomes: tuple[StudyOutcome, ...]
    folder: Path
    derived: pd.DataFrame = field(default_factory=pd.DataFrame)
    audited: bool = True
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every study is done, and nothing that one withholds can be worked out of the others."""
        return all(each.status in GOOD for each in self.outcomes) and self.derived.empty and self.audited

    def to_frame(self) -> pd.DataFrame:
        """One row a study: what came of it, seconds, the most memory that it took in megabytes, and its folder."""
        return pd.DataFrame(
            {
                "study": [each.study for each in self.outcomes],
                "status": [each.status for each in self.outcomes],
                "seconds": [round(each.seconds, 1) for each in self.outcomes],
                "peak_mb": pd.array(
                    [None if each.peak_memory is None else round(each.peak_memory / 1e6) for each in self.outcomes], dtype="Int64"
                ),
                "estimates_taken": [len(each.taken) for each in self.outcomes],
                "folder": [str(each.folder) for each in self.outcomes],
            }
        )  # fmt: skip

    def troubles(self) -> pd.DataFrame:
        """One row a trouble: code, study, estimate, what, how to mend it."""
        rows = [
            (one.code, each.study, one.estimate, one.what, one.fix) for each in self.outcomes for one in each.troubles
        ]
        return pd.DataFrame(rows, columns=["code", "study", "estimate", "what", "fix"])


def outcome_of(study: PlannedStudy, messages: Sequence[Mapping[str, Any]]) -> StudyOutcome:
    """What the messages of a study's process say."""
    told = {key: value for message in messages for key, value in message.items()}
    status, troubles = _judged(study, told)
    return StudyOutcome(
        study=study.name, status=status, folder=study.folder, seconds=float(told.get("seconds", 0.0)), peak_memory=told.get("peak"),
        troubles=troubles, taken=tuple(told.get("done", {}).get("taken", ())),
        warnings=tuple(dict.fromkeys(str(each["warning"]) for each in messages if "warning" in each)),
    )  # fmt: skip


def not_started(study: PlannedStudy, fault: FlError) -> StudyOutcome:
    """Of a study whose file cannot be read."""
    trouble = Trouble(code=fault.code, what=fault.what, fix=fault.fix, found=fault.found)
    return StudyOutcome(study=study.name, status="fault", folder=study.folder, troubles=(trouble,))


def _judged(study: PlannedStudy, told: Mapping[str, Any]) -> tuple[Status, tuple[Trouble, ...]]:
    if "done" in told:
        failed = [
            Trouble(code=code, what=what, found=found, fix=fix, estimate=name)
            for name, code, what, found, fix in told["done"]["failed"]
        ]
        return ("failed" if failed else "unchanged" if told["done"]["skipped"] else "done"), tuple(failed)
    if "fault" in told:
        code, what, found, fix = told["fault"]
        return "fault", (Trouble(code=code, what=what, found=found, fix=fix),)
    if "interrupted" in told:
        return "interrupted", ()
    alone = f"run it alone and see: fl-estimate run {study.file.name}{_as_options(study)}"
    if "crashed" in told and told["crashed"][0] != "MemoryError":
        kind, place = told["crashed"]
        what = f"the study ended by an error that nobody expected: {kind}{f' in {place}' if place else ''}"
        return "crashed", (Trouble(code="FL-STUDY-59", what=what, fix=f"{alone}; and report it"),)
    if "crashed" in told or told.get("ended") == -9:
        why = "memory ran out" if "crashed" in told else "its process was killed (SIGKILL)"
        fix = "where memory ran out: fewer --jobs, or a machine with more; then go on with --resume"
        return "crashed", (Trouble(code="FL-STUDY-60", what=f"the study ended before its end: {why}", fix=fix),)
    return "crashed", (Trouble(code="FL-STUDY-60", what=f"the study ended before its end: {_signal(told)}", fix=alone),)


def _signal(told: Mapping[str, Any]) -> str:
    status = told.get("ended")
    if status is None:
        return "the process that runs it is gone"
    if status >= 0:
        return f"its process left with status {status}"
    known = status in [-each for each in signal.Signals]
    return f"its process was ended by {signal.Signals(-status).name if known else f'signal {-status}'}"


def _as_options(study: PlannedStudy) -> str:
    return "".join(f" --set {key}=…" for key in study.settings)
