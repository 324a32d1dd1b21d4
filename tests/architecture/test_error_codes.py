"""Every error is raised by the class that its code names, says what is wrong, and is met by a test."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from typing import Any

from fl_estimate import errors

ROOT = Path(__file__).resolve().parents[2]
CODES = runpy.run_path(str(ROOT / "scripts" / "error_codes.py"))
RAISED: list[Any] = CODES["raised"]()
FAMILIES: dict[str, tuple[str, str]] = CODES["families"]()


def position(entry: Any) -> str:
    return f"{entry.code} in {entry.module}:{entry.line}"


def test_the_tree_drawn_in_the_module_is_the_tree_of_classes() -> None:
    faults = {kind.__name__ for kind in errors.FlError.__subclasses__()}
    assert {name for name, _ in FAMILIES.values()} == faults


def test_errors_were_found_in_the_source() -> None:
    """Otherwise the tests below could not fail."""
    assert {"FL-DESIGN-04", "FL-EST-20"} <= {entry.code for entry in RAISED}


def test_the_class_is_the_one_that_the_code_names() -> None:
    classes = {name for name, _ in FAMILIES.values()}
    wrong = [position(e) for e in RAISED if e.builder in classes and FAMILIES.get(e.family, ("",))[0] != e.builder]
    assert wrong == []


def test_every_code_belongs_to_a_family() -> None:
    assert [position(entry) for entry in RAISED if entry.family not in FAMILIES] == []


def test_every_error_says_what_is_wrong() -> None:
    assert [position(entry) for entry in RAISED if not entry.what.strip()] == []


def test_families_of_estimators_do_not_share_a_code() -> None:
    """One code, one meaning: two families that number their errors apart would give one code two."""
    owners: dict[str, set[str]] = {}
    for entry in RAISED:
        if entry.family == "EST":
            family = [name for name in ("capture_recapture", "hierarchical") if name in Path(entry.module).parts]
            owners.setdefault(entry.code, set()).update(family or ["all others"])
    assert len(owners) > 60
    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def test_a_test_meets_every_error() -> None:
    texts = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
    )
    assert sorted({entry.code for entry in RAISED if entry.code not in texts}) == []


def test_messages_hold_no_frame() -> None:
    """No error message is built from a frame or a series: those would print respondents' answers."""
    suspicious = ("to_string", "to_list", "to_dict", "head", "tail", "iloc", "sample")
    found = []
    for path in sorted((ROOT / "src" / "fl_estimate").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.endswith("Fault"):
                inside = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
                found += [f"{path.name}:{call.lineno}: {name}" for name in suspicious if name in inside]
    assert found == []
