"""Run tasks on a Dask cluster of this machine, or on Ray, and compare with one process; both go into a folder of their own.

Then a worker ends before its task is done, for good, and a task is refused: both are told with the number of the task.

make clusters
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "out" / "clusters"
RAY = "ray>=2.50"


def install() -> None:
    """Install distributed, of the version that goes with dask, and ray where they are not."""
    if (FOLDER / "distributed").is_dir() and (FOLDER / "ray").is_dir():
        return
    wanted = [f"distributed=={version('dask')}", RAY]
    print(f"installing {', '.join(wanted)} into {FOLDER.name}")
    tool = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
    python = ["--python", sys.executable] if tool[0] == "uv" else []
    subprocess.run([*tool, "install", "--quiet", *python, "--target", str(FOLDER), *wanted], check=True)


@contextmanager
def dask_cluster() -> Iterator[None]:
    """Two processes of one thread; a task whose worker ends is told at once, and not sent to three others first."""
    distributed: Any = import_module("distributed")
    import_module("dask").config.set({"distributed.scheduler.allowed-failures": 0})
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        yield


@contextmanager
def ray_cluster() -> Iterator[None]:
    """Two processes of this machine alone, and joblib told of them."""
    # Read when ray is imported: no dashboard, no report to its makers, no token of a cluster that others could reach.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_DISABLE_IMPORT_WARNING": "1"}
    ray: Any = import_module("ray")
    register_ray: Any = import_module("ray.util.joblib").register_ray
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False, object_store_memory=200 * 2**20,
        _node_ip_address="127.0.0.1",
    )  # fmt: skip
    register_ray()
    try:
        yield
    finally:
        ray.shutdown()


def simulated() -> Any:
    """A small simulation of coverage in five blocks."""
    import fl_estimate as fl

    people = fl.datasets.clustered_population(persons=20_000, psus=400, areas=4, prevalence=0.05, icc=0.1, seed=1)
    design = fl.SampleDesign(strata="area", psu="psu", psus=8, persons=20)
    return fl.simulate_coverage(people, design, "outcome", by="area", samples=10, block=2, seed=1).to_frame()


def chosen() -> Any:
    """A bootstrap of lists in three blocks."""
    import fl_estimate as fl
    from fl_estimate import capture_recapture as cr

    return cr.select_stepwise(fl.datasets.load("kosovo"), replicates=450, seed=1).to_frame()


def dies(number: int) -> int:
    """A task whose worker is gone before it is done, every time."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuses(number: int) -> int:
    """A task that is refused."""
    if number == 3:
        raise ValueError("of a task")
    return number


def said_of(task: Callable[[int], int]) -> str:
    """What who asks is told of a task that cannot be done."""
    from fl_estimate.errors import EstimateFault
    from fl_estimate.tasks import run_tasks

    try:
        run_tasks(task, [(number,) for number in range(5)], what="row")
    except (EstimateFault, ValueError) as error:
        code = error.code if isinstance(error, EstimateFault) else type(error).__name__
        return f"{code}: {error.found if isinstance(error, EstimateFault) else ', '.join(error.__notes__)}"
    return "nothing"


REFUSED = {refuses: "ValueError: row number 4"}
EXPECTED = {"dask": REFUSED | {dies: "FL-EST-790: row number 4"}, "ray": REFUSED}


def main(wanted: list[str]) -> int:
    """Say of each cluster whether the figures are those of one process, to the bit."""
    install()
    # At the end: what the library needs is that of .venv.
    sys.path.append(str(FOLDER))
    # Ray starts processes that know nothing of this one's path.
    os.environ["PYTHONPATH"] = str(FOLDER)
    import joblib
    import pandas as pd

    asked: list[Callable[[], Any]] = [simulated, chosen]
    alone = [each() for each in asked]
    worst = 0
    for name, cluster in (("dask", dask_cluster), ("ray", ray_cluster)):
        if name not in (wanted or ["dask"]):
            continue
        with cluster(), joblib.parallel_config(name, n_jobs=2):
            for each, expected in zip(asked, alone, strict=True):
                begin = time.perf_counter()
                found = each()
                try:
                    pd.testing.assert_frame_equal(found, expected, check_exact=True)
                    said = "the same to the bit"
                except AssertionError:
                    said, worst = "DIFFERENT", 1
                print(f"{name} {each.__name__}: {said}, {time.perf_counter() - begin:.1f} s", flush=True)
            for task, message in EXPECTED[name].items():
                begin = time.perf_counter()
                said = said_of(task)
                worst = max(worst, int(said != message))
                print(f"{name} {task.__name__}: {said}, {time.perf_counter() - begin:.1f} s", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
