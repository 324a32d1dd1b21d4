"""One seed draws the same on every processor, to 1e-8: two kernels of the linear algebra and of numpy, a process each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
OLDEST = "Prescott"
"""A kernel without vector units, which every processor of the family runs; the other is the processor's own."""


def found_features() -> str:
    """Vector units that numpy chose code for when it was loaded; without them it runs its baseline."""
    shown: Any = np.show_config(mode="dicts")
    return " ".join(shown.get("SIMD Extensions", {}).get("found", []))


def drawn(to: Path, kernel: str, without: str) -> tuple[list[str], dict[str, np.ndarray]]:
    """What the models draw in a process of its own, and the kernels that ran there."""
    own = {
        key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
    }
    own |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    own |= {"NPY_DISABLE_CPU_FEATURES": without} if without else {}
    own |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.unit.estimators.kernel_draws", str(to)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    with np.load(to) as saved:
        arrays = {name: saved[name] for name in saved.files}
    assert sorted(arrays) == said["arrays"]
    return said["kernels"], arrays


def test_draws_agree_across_kernels(tmp_path: Path) -> None:
    own, these = drawn(tmp_path / "own.npz", "", "")
    other, those = drawn(tmp_path / "other.npz", OLDEST, found_features())
    if own == other:
        pytest.skip(f"this processor or linear algebra library has one kernel only: {', '.join(own) or 'unknown'}")
    assert these.keys() == those.keys()
    for name, values in these.items():
        np.testing.assert_allclose(values, those[name], rtol=1e-8, atol=1e-12, err_msg=f"{name}: {own} and {other}")
