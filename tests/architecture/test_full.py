"""`make full` runs targets that there are, and takes none for passed that failed or could not run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import scripts.full as full

ROOT = Path(__file__).resolve().parents[2]


def test_every_target_is_one_of_make_and_none_of_those_that_run_anyway() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z_-]+):.*## ", makefile, re.MULTILINE))
    assert set(full.TARGETS) <= there
    assert {"slow", "injections", "fuzz", "kills", "spark", "installed", "lowest", "kernels", "licences"} <= set(full.TARGETS)  # fmt: skip
    assert not {"test", "full", "check"} & set(full.TARGETS)
    assert {*full.NEEDS, *full.CANNOT} <= set(full.TARGETS)


@pytest.mark.parametrize(
    ("name", "status", "text", "verdict", "said"),
    [
        ("slow", 0, "9 passed\n", "passed", ""),
        ("injections", 0, "SKIPPED [1] a.py:1: no Chromium\n9 passed\n", "passed", "1 lines of tests left out"),
        ("slow", 2, "1 failed, 8 passed\nmake: *** [Makefile:27: slow] Error 1\n", "FAILED", "1 failed, 8 passed"),
        ("kernels", 2, "fewer than 3 kernels\nmake: *** [Makefile:42: kernels] Error 2\n", "not run", "fewer than 3"),
        ("kernels", 2, "Zen FAILED\nmake: *** [Makefile:42: kernels] Error 1\n", "FAILED", "Zen FAILED"),
        ("fuzz", 2, "make: *** [Makefile:42: fuzz] Error 2\n", "FAILED", "it printed nothing"),
        ("kills", 2, "", "FAILED", "it printed nothing"),
    ],
)
def test_what_becomes_of_a_target(name: str, status: int, text: str, verdict: str, said: str) -> None:
    found, more = full.judged(name, status, text)
    assert found == verdict
    assert said in more


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [(["passed", "passed"], 0), (["passed", "not run"], 2), (["not run", "FAILED"], 1)],
)
def test_the_status_of_the_whole(
    verdicts: list[str],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    left: list[Any] = list(verdicts)
    monkeypatch.setattr(full, "ROOT", tmp_path)
    monkeypatch.setattr(full, "TARGETS", {"slow": "", "fuzz": ""})
    monkeypatch.setattr(full, "told", lambda *_: left.pop(0))
    assert full.main([]) == status
    assert f"passed: {'slow' if verdicts[0] == 'passed' else 'none'}" in capsys.readouterr().out
