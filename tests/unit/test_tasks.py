"""Independent tasks: the same results on every backend of joblib, errors, the end of workers, threads, progress, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

from fl_estimate.errors import EstimateFault, FlError, ListsFault
from fl_estimate.tasks import (
    _use_dask_as_it_is,  # pyright: ignore[reportPrivateUsage]
    as_they_finish,
    in_order,
    run_tasks,
    stream_of,
    told,
)

BACKENDS = [("sequential", 1), ("threading", 1), ("threading", 3), ("loky", 1), ("loky", 2)]
LARGE = 200_000
"""Numbers whose pickle is over a megabyte: joblib hands them to workers as a read-only map of a file."""


@pytest.fixture(autouse=True, scope="module")
def _workers_end() -> Iterator[None]:
    yield
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def drawn(number: int, large: np.ndarray) -> tuple[int, np.ndarray, bool]:
    rng = np.random.default_rng(stream_of(7, number))
    matrix = rng.normal(size=(150, 150))
    # A product and a decomposition, whose last digits depend on the threads that share them.
    return number, np.linalg.svd(matrix @ matrix.T, compute_uv=False) * large.mean(), large.flags.writeable


def threads_here(_: int) -> tuple[int, int, list[int]]:
    import polars
    from threadpoolctl import threadpool_info

    return (
        os.getpid(),
        polars.thread_pool_size(),
        [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"],
    )


def dies_once(number: int, folder: str, times: int) -> int:
    met = Path(folder) / f"{number}"
    tried = len(met.read_text()) if met.exists() else 0
    if number == 5 and tried < times:
        met.write_text("x" * (tried + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 10


def refuses(number: int) -> int:
    if number == 3:
        raise ListsFault("FL-LISTS-01", "of a task", found="nothing", fix="none")
    return number


def within(_: int) -> tuple[int, list[int]]:
    return os.getpid(), run_tasks(process_of, [(at,) for at in range(3)], what="part", jobs=2)


def process_of(_: int) -> int:
    return os.getpid()


def test_a_stream_is_that_of_the_task_whoever_asks_and_how_often() -> None:
    children = np.random.SeedSequence(11).spawn(4)
    for number, child in enumerate(children):
        for _ in range(2):
            assert (stream_of(11, number).generate_state(4) == child.generate_state(4)).all()
    assert (stream_of(11, 0, 2).generate_state(2) != stream_of(11, 2).generate_state(2)).any()


@pytest.mark.parametrize(("backend", "jobs"), BACKENDS)
def test_results_are_the_same_to_the_bit_and_in_order_on_every_backend(backend: str, jobs: int) -> None:
    large = np.linspace(0, 1, LARGE)
    expected = [drawn(number, large)[1] for number in (0,)]
    alone = run_tasks(drawn, [(number, large) for number in range(9)], what="matrix")
    with joblib.parallel_config(backend, n_jobs=jobs):
        found = run_tasks(drawn, ((number, large) for number in range(9)), what="matrix")
    assert [number for number, _, _ in found] == list(range(9))
    assert all((one[1] == other[1]).all() for one, other in zip(alone, found, strict=True))
    assert np.allclose(found[0][1], expected[0], rtol=1e-9)
    # What a task may not rely upon: in another process a large argument cannot be written into.
    assert {writeable for _, _, writeable in found} == {not (backend == "loky" and jobs > 1)}


def test_any_task_can_be_done_again_alone() -> None:
    large = np.ones(3)
    every = run_tasks(drawn, [(number, large) for number in range(6)], what="matrix")
    alone = run_tasks(drawn, [(4, large)], what="matrix", jobs=2)
    assert (alone[0][1] == every[4][1]).all()


def test_a_worker_that_ends_loses_nothing_where_its_task_goes_well_the_second_time(tmp_path: Path) -> None:
    found = run_tasks(dies_once, ((number, str(tmp_path), 1) for number in range(12)), what="row", jobs=2)
    assert found == [number * 10 for number in range(12)]
    assert (tmp_path / "5").read_text() == "x"


def test_a_worker_that_ends_twice_is_an_error_that_names_the_task_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(EstimateFault, match="FL-EST-790") as caught:
        run_tasks(dies_once, ((number, str(tmp_path), 9) for number in range(12)), what="block of samples", jobs=2)
    assert "block of samples number 6" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert caught.value.__cause__ is None
    # Once among others, once alone.
    assert (tmp_path / "5").read_text() == "xx"


@pytest.mark.parametrize(("backend", "jobs"), [("sequential", 1), ("threading", 2), ("loky", 2)])
def test_an_error_of_a_task_is_what_the_caller_sees(backend: str, jobs: int) -> None:
    with joblib.parallel_config(backend, n_jobs=jobs), pytest.raises(FlError, match="FL-LISTS-01") as caught:
        run_tasks(refuses, ((number,) for number in range(8)), what="list")
    assert caught.value.__notes__ == ["list number 4"]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_results_that_hold_on_to_this_process_are_made_in_it(backend: str) -> None:
    with joblib.parallel_config(backend, n_jobs=2):
        found = run_tasks(process_of, ((number,) for number in range(6)), what="model", shared=True)
        assert found == [os.getpid()] * 6
        assert run_tasks(process_of, [(1,)], what="model", jobs=1, shared=True) == [os.getpid()]


def broken(number: int) -> Iterator[tuple[int]]:
    for at in range(number):
        yield (at,)
    raise ListsFault("FL-LISTS-02", "of what makes tasks", found="nothing", fix="none")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [0, 20])
def test_an_error_of_what_makes_the_tasks_is_not_lost(jobs: int, number: int) -> None:
    with joblib.parallel_config("threading", n_jobs=jobs), pytest.raises(ListsFault, match="FL-LISTS-02"):
        run_tasks(process_of, broken(number), what="list")


def test_no_tasks_give_no_results() -> None:
    assert run_tasks(process_of, [], what="row") == []
    assert run_tasks(process_of, [], what="row", jobs=2) == []


def test_workers_take_one_thread_of_linear_algebra_and_of_polars_and_the_caller_keeps_his() -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    get_reusable_executor().shutdown(wait=True)
    with threadpool_limits(limits=2, user_api="blas"):
        for backend in ("threading", "loky"):
            with joblib.parallel_config(backend, n_jobs=2):
                found = run_tasks(threads_here, ((number,) for number in range(6)), what="look")
            assert all(set(blas) == {1} for _, _, blas in found)
            assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {2}
            apart = {polars for process, polars, _ in found if process != os.getpid()}
            assert apart == ({1} if backend == "loky" else set())
    assert "POLARS_MAX_THREADS" not in os.environ or os.environ["POLARS_MAX_THREADS"]


def test_tasks_of_a_task_stay_with_its_worker() -> None:
    found = run_tasks(within, ((number,) for number in range(3)), what="whole", jobs=2)
    assert all(inner == [outer] * 3 for outer, inner in found)
    assert os.getpid() not in {outer for outer, _ in found}


def test_without_a_configuration_everything_stays_here_or_in_threads_where_they_are_asked_for() -> None:
    tasks = [(number,) for number in range(4)]
    assert set(run_tasks(process_of, tasks, what="row")) == {os.getpid()}
    assert set(run_tasks(process_of, tasks, what="row", threads=4)) == {os.getpid()}
    with joblib.parallel_config("loky", n_jobs=2):
        assert os.getpid() not in run_tasks(process_of, tasks, what="row", threads=4)
        assert set(run_tasks(process_of, tasks, what="row", jobs=1)) == {os.getpid()}
    with joblib.parallel_config(n_jobs=2):
        assert os.getpid() not in run_tasks(process_of, tasks, what="row")


def test_progress_counts_to_the_end_and_results_come_in_order_as_soon_as_they_can() -> None:
    seen: list[int] = []
    with joblib.parallel_config("threading", n_jobs=3):
        found = list(in_order(lambda at: at, ((at,) for at in range(20)), what="row", done=seen.append))
    assert found == list(range(20))
    assert seen == list(range(1, 21))


def test_what_is_not_read_to_its_end_is_not_done() -> None:
    begun: list[int] = []

    def note(at: int) -> int:
        begun.append(at)
        return at

    with (
        joblib.parallel_config("threading", n_jobs=2),
        closing(as_they_finish(note, ((at,) for at in range(5_000)), what="row")) as all_,
    ):
        next(all_)
    count = len(begun)
    assert count < 5_000


class DaskDistributedBackend:
    """What joblib's backend for Dask does with a task that its workers took with them: `make clusters` has a real one."""

    def __init__(self) -> None:
        self.future: Future[int] = Future()

    def submit(self, _function: Any, _callback: Any = None) -> Future[int]:
        return self.future

    def effective_n_jobs(self, _n_jobs: int) -> int:
        return 1


def test_who_waits_for_a_task_is_told_that_dask_lost_its_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    for ended in (RuntimeError("KilledWorker"), None):
        backend = DaskDistributedBackend()
        monkeypatch.setattr("joblib.parallel.get_active_backend", lambda backend=backend: (backend, None))
        for _ in range(2):
            _use_dask_as_it_is()
        assert backend.effective_n_jobs(1) == 2
        waited = backend.submit(process_of, heard.append)
        if ended is None:
            waited.set_result(1)
        else:
            waited.set_exception(ended)
    assert [str(each) for each in heard] == ["KilledWorker"]


def test_a_backend_that_gives_all_results_together_is_asked_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ray's is."""
    monkeypatch.setattr("fl_estimate.tasks._Dispatch._returns_at_once", lambda _: False)
    monkeypatch.setattr("fl_estimate.tasks.ROUND", 1)
    with joblib.parallel_config("threading", n_jobs=2):
        assert run_tasks(lambda at: at, ((at,) for at in range(23)), what="row") == list(range(23))
        with pytest.raises(ListsFault, match="FL-LISTS-01"):
            run_tasks(refuses, ((number,) for number in range(8)), what="list")


class Terminal:
    def __init__(self, *, is_one: bool) -> None:
        self.is_one, self.text = is_one, ""

    def isatty(self) -> bool:
        return self.is_one

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_a_line_of_the_terminal_says_how_far_it_is_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_one, expected in ((True, "\r\x1b[2K50 of 100\r\x1b[2K100 of 100\r\x1b[2K"), (False, "")):
        screen: Any = Terminal(is_one=is_one)
        monkeypatch.setattr(sys, "stderr", screen)
        with told(True) as tell:
            tell("50 of 100")
            tell("100 of 100")
        assert screen.text == expected
    heard: list[str] = []
    with told(heard.append) as tell:
        tell("1 of 2")
    with told(None) as tell:
        tell("2 of 2")
    assert heard == ["1 of 2"]


INTERRUPTED = """
import os, signal, sys, time
import joblib
from fl_estimate.tasks import run_tasks

# Tests that a shell began in the background do not get interrupts, nor would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)

def slow(number, folder):
    with open(os.path.join(folder, f"{os.getpid()}"), "a") as file:
        file.write("x")
    time.sleep(0.3)
    return number

try:
    with joblib.parallel_config(sys.argv[2], n_jobs=2):
        run_tasks(slow, ((number, sys.argv[1]) for number in range(10_000)), what="row")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(3)
"""


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes under /proc")
def test_an_interrupted_run_ends_and_leaves_no_process(tmp_path: Path, backend: str) -> None:
    script = tmp_path / "run.py"
    script.write_text(INTERRUPTED)
    folder = tmp_path / "met"
    folder.mkdir()
    command = [sys.executable, str(script), str(folder), backend]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        try:
            _until(lambda: len(list(folder.iterdir())) >= (2 if backend == "loky" else 1))
            run.send_signal(signal.SIGINT)
            said, _ = run.communicate(timeout=120)
        finally:
            run.kill()
    assert said == "interrupted\n"
    assert run.returncode == 3
    # 10,000 tasks would take 25 minutes; those that were out are all that was done.
    assert sum(len(each.read_text()) for each in folder.iterdir()) < 1_000
    _until(lambda: not any(_alive(int(each.name)) for each in folder.iterdir()))


def _until(true: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
