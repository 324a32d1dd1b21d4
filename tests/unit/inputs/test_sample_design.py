"""Design refuses what contradicts itself, and reads short forms as long ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import fl_estimate as fl


def test_short_forms() -> None:
    design = fl.Design(psu="ea", fpc="N")
    assert (design.stages, design.fpc) == (("ea",), ("N",))
    assert design == fl.Design(stages=("ea",), fpc=["N"])
    assert fl.Design(strata="h", stages=["a", "b"], weights="w").columns == ("h", "a", "b", "w")


def test_replace_keeps_the_rest() -> None:
    design = fl.Design(stages=("a", "b"), fpc=("f1", "f2"))
    other = dataclasses.replace(design, single_psu="adjust")
    assert (other.stages, other.fpc, other.single_psu) == (design.stages, design.fpc, "adjust")


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        ({"weights": "w"}, True),
        ({"psu": "a", "fpc": "f"}, True),
        ({"fpc": "f"}, True),
        ({"stages": ("a", "b"), "fpc": "f"}, False),
        ({}, False),
    ],
)
def test_whether_weights_are_known(arguments: dict[str, Any], known: bool) -> None:
    assert fl.Design(**arguments).weights_known is known


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"psu": "a", "stages": ("b", "a")}, "FL-DESIGN-02"),
        ({"psu": "a", "fpc": ("f", "g")}, "FL-DESIGN-03"),
        ({"single_psu": "skip"}, "FL-DESIGN-04"),
        ({"strata": "a", "psu": "a"}, "FL-DESIGN-05"),
    ],
)
def test_contradictions(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.Design(**arguments)
