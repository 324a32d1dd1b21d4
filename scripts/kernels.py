"""Run the statistical tests once under each kernel of the linear algebra that this processor has: `make kernels`.

OpenBLAS picks its kernel by the processor, and each rounds in its own way; so does numpy with the vector units it finds. What
passes under one and fails under another rests on rounding. The oldest kernel runs with numpy's vector units off as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KERNELS = ("SkylakeX", "Haswell", "Zen", "Sandybridge", "Prescott")
NEEDED = 3
WORKERS = os.environ.get("WORKERS", "2")
OLDEST = "Prescott"
TESTS = ("tests/unit/estimators", "tests/reference", "tests/properties", "tests/published", "tests/recovery")
NAMES = """
import numpy
from threadpoolctl import threadpool_info
numpy.linalg.inv(numpy.eye(3))
print(*sorted({str(entry.get("architecture", "")) for entry in threadpool_info() if entry["user_api"] == "blas"}))
"""


def environment(kernel: str) -> dict[str, str]:
    """What this process was given, with the kernel asked for."""
    own = {**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"}
    if kernel == OLDEST:
        import numpy as np

        shown: Any = np.show_config(mode="dicts")
        own["NPY_DISABLE_CPU_FEATURES"] = " ".join(shown.get("SIMD Extensions", {}).get("found", []))
    return own


def ran(kernel: str) -> str:
    """Which kernel runs where this one is asked for; a processor without its instructions takes another."""
    done = subprocess.run(
        [sys.executable, "-c", NAMES], env=environment(kernel), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def main(arguments: list[str]) -> int:
    """Test under each kernel and print what came of it; 1 where one fails, 2 where there are fewer than three."""
    runs: dict[str, str] = {}
    seen: dict[str, str] = {}
    for kernel in KERNELS:
        found = ran(kernel)
        if found in seen:
            runs[kernel] = f"{found} runs in its place, as under {seen[found]}"
            continue
        seen[found] = kernel
        print(f"== {kernel}: {found or 'a library that does not say'}", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", WORKERS, "-m", "not slow", *(arguments or TESTS)]
        done = subprocess.run(command, cwd=ROOT, env=environment(kernel), check=False)
        runs[kernel] = "passed" if done.returncode == 0 else "FAILED"
    for kernel, outcome in runs.items():
        print(f"{kernel:<12} {outcome}")
    if len(seen) < NEEDED:
        print(f"fewer than {NEEDED} kernels run on this processor: nothing is shown about the others")
        return 1 if "FAILED" in runs.values() else 2
    return int("FAILED" in runs.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
