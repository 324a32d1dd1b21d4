"""The changes that `make mutants` tries are those that a result can tell: none in annotations, docstrings or wording of errors."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
MODULE = '''
"""A docstring of 3 lines."""
from typing import TYPE_CHECKING
__all__ = ["kept", "also"]
NAMES = {"se", "value"}
if TYPE_CHECKING:
    LIMIT: int = 3

def kept(a: int = 4, *, way: str = "log") -> "list[int] | None":
    """Not 5."""
    if a < 1:
        raise ValueFault("FL-X-01", "wrong", found=f"{a + 6}", fix="give 7")
    check(a)
    return replace(a, size=len(NAMES[1:]), b=not way)

class C:
    def __repr__(self) -> str:
        return str(1 + 8)
'''


def mutations() -> Any:
    spec = importlib.util.spec_from_file_location("mutations_of_the_scripts", SCRIPTS / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_what_is_changed_and_what_is_left_alone() -> None:
    found = sorted(site.what for site in mutations().sites(ast.parse(MODULE)))
    assert found == sorted(
        [
            "entry 1 of a list dropped", "entry 2 of a list dropped", "4 becomes 5", "4 becomes 3",
            "default 'log' changed", "Lt becomes LtE", "1 becomes 2", "1 becomes 0", "branch never taken",
            "branch always taken", "raise removed", "call removed", "None returned", "argument size dropped",
            "argument b dropped", "Not dropped", "lower bound of a slice dropped", "1 becomes 2", "1 becomes 0",
        ]
    )  # fmt: skip


def test_each_change_is_one_other_module() -> None:
    tree = ast.parse(MODULE)
    unchanged = ast.unparse(tree)
    changed: list[str] = []
    for number in range(len(mutations().sites(tree))):
        copy = ast.parse(MODULE)
        mutations().sites(copy)[number].apply()
        compile(ast.fix_missing_locations(copy), "module", "exec")
        changed.append(ast.unparse(copy))
    assert unchanged not in changed
    assert len(set(changed)) == len(changed)


def test_types_are_no_calculation() -> None:
    """In brackets behind a type stand types; behind anything else keys and places, which count."""
    text = "Place = tuple[str, frozenset[tuple[str, str]]]\nmade = field(default_factory=dict[str, float])\nfirst = known['a', 'b'][0]\n"
    found = {(site.line, site.what) for site in mutations().sites(ast.parse(text))}
    assert found == {
        (2, "argument default_factory dropped"), (3, "entry 1 of a list dropped"), (3, "entry 2 of a list dropped"), (3, "0 becomes 1"), (3, "0 becomes -1")
    }  # fmt: skip


def test_a_branch_that_is_never_taken_still_asks() -> None:
    """What the condition looks up may fail; that is another change."""
    text = "def f(x):\n    if x():\n        return 1\n    return 2\n"
    for what, answer in (("branch never taken", 2), ("branch always taken", 1)):
        tree = ast.parse(text)
        next(site for site in mutations().sites(tree) if site.what == what).apply()
        asked: list[int] = []
        names: dict[str, Any] = {}
        exec(compile(ast.fix_missing_locations(tree), "f", "exec"), names)
        assert names["f"](lambda asked=asked: asked.append(1)) == answer
        assert asked == [1]


def test_lines_tell_what_has_to_run() -> None:
    text = "LEVEL = 0.5\ndef f(x=1):\n    if x > 2:\n        return x * 3\n    return 0\n"
    lines = {site.what: site.lines for site in mutations().sites(ast.parse(text))}
    assert lines["0.5 becomes 1.5"] is None  # at import
    assert lines["1 becomes 2"] == (3, 5)  # a default is used when the body runs
    assert lines["Gt becomes GtE"] == (3, 3)
    assert lines["Mult becomes Div"] == (4, 4)
