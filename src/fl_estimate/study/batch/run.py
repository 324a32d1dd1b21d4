"""Run many studies: each in a process of its own, and one folder over all of them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.errors import StudyFault, shown
from fl_estimate.study.batch.folder import write_summary
from fl_estimate.study.batch.log import BatchLog
from fl_estimate.study.batch.outcome import GOOD, BatchResult, StudyOutcome, not_started
from fl_estimate.study.batch.plan import PlannedStudy, find_studies, plan
from fl_estimate.study.batch.slots import Slots, processors
from fl_estimate.study.batch.tables import audited, figures, read_folders
from fl_estimate.study.locking import alone, free
from fl_estimate.study.run import done_before
from fl_estimate.study.settings import Settings
from fl_estimate.words.languages import check_language

LOG = "batch.log"
MOST_JOBS = 4
"""Of the default: the memory is that of so many studies."""


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a batch is, as `progress` is told at every step.

    Attributes
    ----------
    total, ended, failed : int
        Studies.
    running : mapping of str to str
        What each study that runs is doing.
    seconds_left : float or None
        At the pace so far; None before the first study has ended.
    outcome : StudyOutcome or None
        Of the study that has just ended, where one has.
    """

    total: int
    ended: int
    failed: int
    running: Mapping[str, str]
    seconds_left: float | None
    outcome: StudyOutcome | None = None


def run_batch(
    target: str | Path,
    *,
    values: str | Path | None = None,
    settings: Settings | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    private: str | Path | None = None,
    language: str = "en",
    progress: Callable[[BatchProgress], None] | None = None,
) -> BatchResult:
    """Run many studies, each in a process of its own, and lay what they publish side by side.

    Parameters
    ----------
    target : str or Path
        A folder, in and below which every study file is run; a pattern, ``"countries/*/study.toml"``; or one study file, which with
        `values` is a template.
    values : str or Path, optional
        A table, CSV or TOML, with a row for each run of the template: `name`, and a column for each key that differs.
    settings : mapping, optional
        Keys that are set in every study, as in `run_study`; a row of `values` goes over them.
    jobs : int, optional
        Studies side by side; by default one a processor, four at the most. The memory is that of so many studies.
    out : str or Path, optional
        The folder of the batch, with one folder a study in it. Default: ``out/<name of the target>``, where a study file with an `out` of
        its own keeps that.
    resume : bool, default False
        Leave studies alone whose folder is what they would give; with `private`, take estimates that did not change.
    private : str or Path, optional
        For full values, with one folder a study in it; as in `run_study`.
    language : str, default "en"
        Of the page over all studies: en, fr, es.
    progress : callable, optional
        Called with a `BatchProgress` when a study begins, goes on or ends; from several threads, one at a time.

    Returns
    -------
    BatchResult
        Without estimates: they are in the folders.

    Raises
    ------
    FlError
        What is found before the first study starts: FL-STUDY-50 to FL-STUDY-58. What goes wrong in a study, and be it that its process
        is killed, stands in its outcome.
    KeyboardInterrupt
        Ctrl-C, or SIGTERM: the studies that run put their folders in order first. Take the batch up again with `resume`.

    Notes
    -----
    ``<out>/batch`` holds ``studies.csv`` (one row a study, with its headline as published), ``troubles.csv``, ``figures.csv`` (the published
    national figures of all) and ``batch.html``; ``<out>/batch.log`` what happened and when. Each study judges what it may print by
    itself; all folders together are audited as `fl-estimate audit-release` does, those of each country by themselves, and what is found
    stands on the page and in `derived`.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.run_batch("countries", jobs=2, resume=True).to_frame()  # doctest: +SKIP
    """
    check_language(language)
    side_by_side = _jobs(jobs)
    started = time.monotonic()
    name, found = find_studies(target, values, settings or {})
    root = Path(out) if out is not None else Path("out") / name
    kept = Path(private) if private is not None else None
    _require_apart(root, kept)
    studies = plan(found, root=root, own_out=out is None and values is None, private=kept)
    with _one_batch(root), _log(root) as log:
        log.say(f"batch {name}: {len(studies)} studies{', resumed' if resume else ''}")
        try:
            with _terminated_like_interrupted():
                outcomes = _outcomes(studies, side_by_side, resume=resume, log=log, progress=progress)
                folders = read_folders({each.study: each.folder for each in outcomes if each.status in (*GOOD, "failed")})  # fmt: skip
                log.say("auditing the folders together")
                result = BatchResult(
                    outcomes=outcomes, folder=root, derived=audited(folders), seconds=time.monotonic() - started
                )
                write_summary(result, figures(folders), name=name, language=language, unread=folders.unread)
        except KeyboardInterrupt:
            log.say("interrupted; go on with --resume")
            raise
        log.say(_said(result))
    return result


def _outcomes(
    studies: Sequence[PlannedStudy],
    jobs: int,
    *,
    resume: bool,
    log: BatchLog,
    progress: Callable[[BatchProgress], None] | None,
) -> tuple[StudyOutcome, ...]:
    """Run what has to be run, and give what came of every study in the order of the plan."""
    teller = _Teller(studies, log, progress)
    ready: list[PlannedStudy] = []
    for study in studies:
        start = time.monotonic()
        if study.fault is not None:
            teller.ended(not_started(study, study.fault))
        elif resume and done_before(study.file, study.folder, study.private, study.settings) is not None:
            seconds = time.monotonic() - start
            teller.ended(StudyOutcome(study=study.name, status="unchanged", folder=study.folder, seconds=seconds))
        else:
            ready.append(study)
    teller.start(len(ready))
    slots = Slots(jobs, resume=resume, heard=teller.heard, began=teller.began)
    for outcome in slots.run(ready):
        teller.ended(outcome)
    return tuple(teller.outcomes[study.name] for study in studies)


class _Teller:
    """Keeps count, and tells the log and whoever listens."""

    def __init__(
        self, studies: Sequence[PlannedStudy], log: BatchLog, progress: Callable[[BatchProgress], None] | None
    ) -> None:
        self.outcomes: dict[str, StudyOutcome] = {}
        self._total, self._log, self._progress = len(studies), log, progress
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()
        self._begun, self._to_run, self._run = time.monotonic(), 0, 0

    def start(self, to_run: int) -> None:
        """Begin to measure the pace: what was there already says nothing of it."""
        self._begun, self._to_run = time.monotonic(), to_run

    def began(self, study: PlannedStudy) -> None:
        """A study begins."""
        with self._lock:
            self._log.say(f"{study.name}: begins")
            self._running[study.name] = "starting"
            self._tell()

    def heard(self, study: PlannedStudy, step: str) -> None:
        """A study goes on."""
        with self._lock:
            self._running[study.name] = step
            self._tell()

    def ended(self, outcome: StudyOutcome) -> None:
        """A study has ended, or needs not be run."""
        with self._lock:
            self._log.ended(outcome)
            self._run += self._running.pop(outcome.study, None) is not None
            self.outcomes[outcome.study] = outcome
            self._tell(outcome)

    def _tell(self, outcome: StudyOutcome | None = None) -> None:
        if self._progress is None:
            return
        pace = (time.monotonic() - self._begun) / self._run if self._run else None
        failed = sum(each.status not in GOOD for each in self.outcomes.values())
        self._progress(
            BatchProgress(
                total=self._total, ended=len(self.outcomes), failed=failed, running=dict(self._running), outcome=outcome,
                seconds_left=None if pace is None else pace * (self._to_run - self._run),
            )
        )  # fmt: skip


def _jobs(jobs: object) -> int:
    if jobs is None:
        return min(processors(), MOST_JOBS)

    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise StudyFault(
            "FL-STUDY-58",
            "studies side by side are a whole number from 1",
            found=shown(jobs),
            fix="give jobs=2, --jobs 2",
        )
    return jobs


def _require_apart(root: Path, private: Path | None) -> None:
    if private is None:
        return
    own, other = private.resolve(), root.resolve()
    if own == other or own in other.parents or other in own.parents:
        raise StudyFault(
            "FL-STUDY-61", "the private folder and that of the batch lie in each other", found=f"{private.name}, {root.name}",
            fix="name a folder of its own with --private: what is released may hold nothing of it",
        )  # fmt: skip


@contextmanager
def _one_batch(root: Path) -> Generator[None]:
    """Hold the folder of the batch.

    Raises
    ------
    StudyFault
        FL-STUDY-62: another batch has it; FL-STUDY-63: it cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        taken = not free(root)
    except OSError as error:
        raise StudyFault(
            "FL-STUDY-63", "the folder of the batch cannot be made", found=f"{root.name}: {error.strerror or error}",
            fix="choose a folder that can be written to with --out",
        ) from error  # fmt: skip
    if taken:
        raise StudyFault(
            "FL-STUDY-62", "another batch is writing to the folder", found=root.name,
            fix="wait until it has ended, or choose another folder with --out",
        )  # fmt: skip
    with alone(root):
        yield


@contextmanager
def _log(root: Path) -> Generator[BatchLog]:
    log = BatchLog(root / LOG)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def _terminated_like_interrupted() -> Generator[None]:
    """A scheduler that ends the batch by SIGTERM finds whole folders, as somebody who presses Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Any = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _said(result: BatchResult) -> str:
    counts = pd.Series([each.status for each in result.outcomes]).value_counts()
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    audit = f"{len(result.derived)} withheld figures can be worked out of the folders together" if len(result.derived) else "nothing that is withheld can be worked out of the folders together"  # fmt: skip
    return f"ended after {result.seconds:.0f} s: {told}; {audit}"
