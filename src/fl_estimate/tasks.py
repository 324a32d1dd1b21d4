"""Independent tasks: the one door to joblib. Results in the order of tasks, the same on any backend and any number of workers.

Whoever calls the library chooses where tasks run, with `joblib.parallel_config`; what is a task, and its random stream, is said here:

    with joblib.parallel_config("loky", n_jobs=4):
        fl.simulate_coverage(…)

A stream belongs to a task, never to a worker. A task runs with one thread of linear algebra, wherever it runs, so that the order of
its additions is always the same. Arguments of a worker process may be read-only: a task writes into none of them.
"""

from __future__ import annotations

import os
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import EstimateFault
from fl_estimate.neutral import one_line

if TYPE_CHECKING:
    import numpy as np

POLARS = "POLARS_MAX_THREADS"
DEATHS = frozenset(
    ("BrokenProcessPool", "TerminatedWorkerError", "KilledWorker", "WorkerCrashedError", "OutOfMemoryError", "ActorDiedError")
)  # fmt: skip
"""Names of what loky, dask and ray say where a worker ended before its task did."""
ROUND = 4
"""Tasks for each worker between two looks, where a backend gives all results together."""
_HERE = uuid.uuid4().hex
_local = threading.local()


def stream_of(seed: int | Sequence[int], *key: int) -> np.random.SeedSequence:
    """The random stream of a task: of the seed and the task's number, whoever runs it, and how often.

    Parameters
    ----------
    seed : int or sequence of int
    *key : int
        The number of the task; more numbers where tasks have parts.

    Returns
    -------
    numpy.random.SeedSequence
        ``stream_of(seed, i)`` is ``SeedSequence(seed).spawn(n)[i]``, but can be had alone, and a second time.
    """
    import numpy as np

    return np.random.SeedSequence(seed, spawn_key=key)


def run_tasks[T](
    function: Callable[..., T],
    tasks: Iterable[tuple[Any, ...]],
    *,
    what: str,
    jobs: int | None = None,
    threads: int = 1,
    shared: bool = False,
    outer: bool = False,
    done: Callable[[int], object] | None = None,
) -> list[T]:
    """Call a function once for each task, and give the results in the order of the tasks.

    Parameters
    ----------
    function : callable
        Writes into none of its arguments, and depends on nothing but them.
    tasks : iterable of tuple
        The arguments of each call. Tuples are asked for as workers become free.
    what : str
        What a task is, for errors: ``"block of samples"``. The name of no respondent, domain or file.
    jobs : int, optional
        Workers; by default those of `joblib.parallel_config`.
    threads : int, default 1
        Threads that are used where nobody has configured joblib: above 1 for functions that let others run.
    shared : bool, default False
        Whether results hold on to what is in this process, so that workers are threads of it whatever joblib is told.
    outer : bool, default False
        Whether tasks have tasks of their own, which keep their threads where there is one worker for all.
    done : callable, optional
        Told after each task how many have finished.

    Raises
    ------
    EstimateFault
        FL-EST-790: the worker of a task ended twice before the task did.
    Exception
        What the function raised first, with the number of the task as a note; no further task is begun.
    """
    return list(in_order(function, tasks, what=what, jobs=jobs, threads=threads, shared=shared, outer=outer, done=done))


def in_order[T](
    function: Callable[..., T],
    tasks: Iterable[tuple[Any, ...]],
    *,
    what: str,
    jobs: int | None = None,
    threads: int = 1,
    shared: bool = False,
    outer: bool = False,
    done: Callable[[int], object] | None = None,
) -> Generator[T]:
    """The results in the order of the tasks, each as soon as those before it are there; parameters and errors as of `run_tasks`."""
    waiting: dict[int, T] = {}
    given = finished = 0
    with closing(
        as_they_finish(function, tasks, what=what, jobs=jobs, threads=threads, shared=shared, outer=outer)
    ) as results:
        for number, result in results:
            waiting[number] = result
            finished += 1
            if done is not None:
                done(finished)
            while given in waiting:
                yield waiting.pop(given)
                given += 1


def as_they_finish[T](
    function: Callable[..., T],
    tasks: Iterable[tuple[Any, ...]],
    *,
    what: str,
    jobs: int | None = None,
    threads: int = 1,
    shared: bool = False,
    outer: bool = False,
) -> Generator[tuple[int, T]]:
    """The number and the result of each task, in the order in which they finish; parameters and errors as of `run_tasks`.

    Sort by the number before adding anything up: the order of additions is a part of a sum. Close it (`contextlib.closing`) where it
    is not read to its end: tasks that run are finished, no other is begun.
    """
    if _inside() or _sequential(jobs, threads):
        for number, arguments in enumerate(tasks):
            yield _called(what, number, function, arguments, outer=outer)
        return
    settings: dict[str, Any] = {"n_jobs": jobs} if jobs is not None else {}
    if jobs is None and _unconfigured():
        settings = {"n_jobs": threads, "backend": "threading"}
    elif shared:
        settings = {"n_jobs": _workers(jobs), "backend": "threading"}
    # Here and not in each thread: only one thread of a process can say it.
    with _limited():
        yield from _Dispatch(function, enumerate(tasks), what, settings).run()


def _sequential(jobs: int | None, threads: int) -> bool:
    """Whether there is one worker, in this very thread."""
    if jobs is None and _unconfigured():
        return threads <= 1
    from joblib.parallel import get_active_backend

    active: Any = get_active_backend()
    backend, configured = active
    asked = jobs if jobs is not None else configured
    # Of a cluster the number of workers is known there, not here: the process that asks is none of them.
    elsewhere = type(backend).__name__ in ("DaskDistributedBackend", "RayBackend")
    return not elsewhere and backend.effective_n_jobs(1 if asked is None else asked) == 1


def _workers(jobs: int | None) -> int:
    """How many workers are asked for, by the call or the configuration."""
    from joblib.parallel import get_active_backend

    active: Any = get_active_backend()
    asked = jobs if jobs is not None else active[1]
    return active[0].effective_n_jobs(1 if asked is None else asked)


def _unconfigured() -> bool:
    """Whether nobody has said where tasks run."""
    if "joblib" not in sys.modules:
        return True
    from joblib.parallel import get_active_backend

    # Without a configuration joblib follows the hint; with one it keeps what it was told.
    (hinted, jobs), (plain, _) = get_active_backend(prefer="threads"), get_active_backend()
    return jobs is None and type(hinted) is not type(plain)


@contextmanager
def told(progress: Callable[[str], object] | bool | None) -> Iterator[Callable[[str], object]]:
    """Whom words of progress go to: a caller's function, or with True one line of the terminal, which goes away at the end.

    The line is on standard error, and nowhere where that is no terminal.
    """
    if callable(progress):
        yield progress
        return
    if not progress or not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        yield lambda text: _on_the_line(text)
    finally:
        _on_the_line("")


def _on_the_line(text: str) -> None:
    print("\r\x1b[2K", end="", file=sys.stderr)
    print(one_line(text), end="", file=sys.stderr, flush=True)


class _Dispatch[T]:
    """Tasks on workers; those whose worker ended are done once more, alone."""

    def __init__(
        self,
        function: Callable[..., T],
        tasks: Iterator[tuple[int, tuple[Any, ...]]],
        what: str,
        settings: dict[str, Any],
    ) -> None:
        self.function, self.tasks, self.what, self.settings = function, tasks, what, settings
        self.begun: dict[int, tuple[Any, ...]] = {}
        """Arguments of tasks that were handed out and have not come back."""
        self.unmade: BaseException | None = None

    def run(self) -> Generator[tuple[int, T]]:
        while True:
            try:
                yield from self._some(self._handed_out())
            except Exception as error:
                if not _is_death(error):
                    raise
                # Which worker ended is not said: any task that was out may be the one.
                for number, arguments in sorted(self.begun.items()):
                    yield from self._again(number, arguments)
                continue
            if self.unmade is not None:
                raise self.unmade
            return

    def _handed_out(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        while True:
            try:
                number, arguments = next(self.tasks)
            except StopIteration:
                return
            except BaseException as error:
                # joblib asks for tasks in threads of its own, where an error would be lost, and the caller wait for ever.
                self.unmade = error
                return
            self.begun[number] = arguments
            yield number, arguments

    def _again(self, number: int, arguments: tuple[Any, ...]) -> Generator[tuple[int, T]]:
        try:
            yield from self._some([(number, arguments)])
        except Exception as error:
            if not _is_death(error):
                raise
            raise EstimateFault(
                "FL-EST-790", "a worker process ended before its task was done, and did so again when the task was alone",
                found=f"{self.what} number {number + 1}",
                fix="most often memory was short: fewer workers (n_jobs), smaller blocks; else look into the system's log of that moment",
            ) from None  # fmt: skip

    def _some(self, tasks: Iterable[tuple[int, tuple[Any, ...]]]) -> Generator[tuple[int, T]]:
        from joblib import Parallel, delayed, effective_n_jobs

        _use_dask_as_it_is()
        # Unpickled before the arguments, so before they import polars.
        ready = _Worker()
        calls = (
            delayed(_called_apart)(ready, self.what, number, self.function, arguments) for number, arguments in tasks
        )
        run: Any
        if not self._returns_at_once():
            # Ray gives nothing before all is done: so many at a time that a worker seldom waits for another.
            plain: dict[str, Any] = {"batch_size": 1, **self.settings}
            # One pool for all rounds: of its own accord joblib would start new processes for each.
            with Parallel(**plain) as run:
                while some := list(islice(calls, ROUND * max(effective_n_jobs(-1), 1))):
                    yield from self._noted(run(some))
            return
        settings: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1, **self.settings}
        run = Parallel(**settings)
        results = run(calls)
        try:
            yield from self._noted(results)
        finally:
            with warnings.catch_warnings():
                # That tasks were handed out in vain is what who closes this asks for.
                warnings.filterwarnings("ignore", message=".*tasks which", category=UserWarning)
                results.close()

    def _noted(self, results: Iterable[tuple[int, T]]) -> Generator[tuple[int, T]]:
        for number, result in results:
            self.begun.pop(number, None)
            yield number, result

    def _returns_at_once(self) -> bool:
        from joblib.parallel import get_active_backend

        active: Any = get_active_backend()
        return "backend" in self.settings or bool(getattr(active[0], "supports_return_generator", False))


def _use_dask_as_it_is() -> None:
    """Mend two things of joblib's backend for Dask (joblib 1.6), in the one that is in use.

    Where workers ended and took a task with them, it notes the error and calls nobody: who collects the results would wait for ever. And
    while a cluster has one worker, tasks would be done in this process: one whose worker ended would end it too.
    """
    from joblib.parallel import get_active_backend

    active: Any = get_active_backend()
    backend = active[0]
    if type(backend).__name__ != "DaskDistributedBackend" or "submit" in vars(backend):
        return
    real: Callable[..., Any] = backend.submit

    def submit(function: Any, callback: Callable[[object], object] | None = None) -> Any:
        waited = real(function, callback)
        # An error that a task raised is a result here; what is an exception of Dask's own is told to no callback.
        waited.add_done_callback(lambda ended: _told_to(callback, ended))
        return waited

    workers: Callable[[int], int] = backend.effective_n_jobs
    backend.submit = submit
    backend.effective_n_jobs = lambda n_jobs: max(workers(n_jobs), 2)


def _told_to(callback: Callable[[object], object] | None, ended: Any) -> None:
    error = None if ended.cancelled() else ended.exception()
    if callback is not None and error is not None:
        callback(error)


def _is_death(error: BaseException) -> bool:
    return any(kind.__name__ in DEATHS for kind in type(error).__mro__)


class _Worker:
    """What a worker process does before it unpickles its first task."""

    def __init__(self, *, apart: bool = False) -> None:
        self.apart = apart

    def __reduce__(self) -> tuple[object, ...]:
        return _set_up, (_HERE,)


def _set_up(sender: str) -> _Worker:
    if sender == _HERE:
        return _Worker()
    # One that has imported polars before keeps the threads that it has.
    os.environ.setdefault(POLARS, "1")
    return _Worker(apart=True)


def _called_apart(
    worker: _Worker, what: str, number: int, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[int, Any]:
    if worker.apart:
        # For good: the number is of the process, and a task that ended would set it back for others that still run.
        _limited()
    return _called(what, number, function, arguments)


def _called[T](
    what: str, number: int, function: Callable[..., T], arguments: tuple[Any, ...], *, outer: bool = False
) -> tuple[int, T]:
    before = _inside()
    _local.inside = before or not outer
    try:
        with _limited():
            return number, function(*arguments)
    except Exception as error:
        # Here, for who collects the results is not told which of them it was.
        error.add_note(f"{what} number {number + 1}")
        raise
    finally:
        _local.inside = before


def _inside() -> bool:
    """Whether this is a task: what it runs itself stays with it, so that workers do not multiply."""
    return bool(getattr(_local, "inside", False))


def _limited() -> Any:
    """One thread of linear algebra from now on, and as a context until its end."""
    # scipy has a library of its own; one that a task loads would not be limited.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")
