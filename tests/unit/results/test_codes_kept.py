"""What each code of `results.codes` says of itself is what was looked at: of quantities what rules of publication ask, of reasons what they tell.

`python -m tests.unit.results.test_codes_kept` writes the record anew, after a change that is meant and was read. A code that was added
since stands in no record yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from fl_estimate.results import codes, roles
from fl_estimate.results.codes import FAMILIES, Code
from fl_estimate.results.roles import Role

RECORD = Path(__file__).with_name("codes.json")
ASKED = (
    "parameters", "unit", "per", "limited", "listed", "counts_population", "tells", "why", "heading", "null", "without_interval", "scenario",
    "counts_respondents", "tells_cases", "doubtful", "in_full_only", "of_people_counted", "known",
)  # fmt: skip


def said(code: Code) -> dict[str, Any]:
    """What a code says of itself, but for what is empty."""
    found = {name: getattr(code, name) for name in ASKED if hasattr(code, name)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in found.items()
        if value not in ("", False, ())
    }


def declared() -> dict[str, dict[str, Any]]:
    """Codes that stand in the module, by the name under which they are imported."""
    return {
        name: {"text": str(value), "family": value.family} | said(value)
        for name, value in vars(codes).items()
        if isinstance(value, Code)
    }


def limits() -> dict[str, list[str]]:
    """Of the types that signatures share, the roles and limits that they carry, however deep."""
    found = {
        name: [repr(role) for role in _roles(value)]
        for name, value in vars(roles).items()
        if not isinstance(value, type)
    }
    return {name: told for name, told in found.items() if told}


def _roles(form: Any) -> Iterator[Role]:
    if isinstance(form, Role):
        yield form
    for part in get_args(form):
        yield from _roles(part)


KEPT: dict[str, dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
LIMITS: dict[str, list[str]] = KEPT.pop("limits", {})  # pyright: ignore[reportAssignmentType]


def test_codes_say_what_was_looked_at() -> None:
    found = declared()
    assert {name: found.get(name) for name in KEPT} == KEPT
    assert len(KEPT) > 100


def test_types_that_signatures_share_have_the_limits_that_were_looked_at() -> None:
    found = limits()
    assert {name: found.get(name) for name in LIMITS} == LIMITS
    assert len(LIMITS) > 15


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_that_nobody_declared_says_the_strictest(family: type[Code]) -> None:
    unknown = family.of("of tomorrow")
    assert said(unknown) == {
        "reason": {"tells_cases": True},
        "quantity": {"unit": "amount", "per": 1.0, "tells": "support", "why": "no handler is declared", "heading": "of tomorrow", "null": None},
    }.get(family.family, {})  # fmt: skip


if __name__ == "__main__":
    RECORD.write_text(
        json.dumps(declared() | {"limits": limits()}, ensure_ascii=False, indent=0) + "\n", encoding="utf-8"
    )
