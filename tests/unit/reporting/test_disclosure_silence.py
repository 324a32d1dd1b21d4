"""What a solver writes of its own is kept from standard output, and no file is left open by it."""

from __future__ import annotations

import os

import pytest

from fl_estimate.reporting.disclosure.silence import silence


def test_silence_leaves_no_file_open() -> None:
    def free() -> list[int]:
        positions = [os.dup(1) for _ in range(6)]
        for at in positions:
            os.close(at)
        return positions

    before = free()
    for _ in range(3):
        with silence():
            pass
    assert free() == before
    with pytest.raises(ZeroDivisionError), silence():
        _ = 1 / 0
    assert free() == before
