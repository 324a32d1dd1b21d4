"""A test that holds for the pinned versions only is left out where others are installed, says why, and is never left out otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import pinned

TEXT = """\
alpha==1.2 \\
    --hash=sha256:00
beta==3.0 ; python_full_version < '3.0' \\
    --hash=sha256:00
beta==3.1 ; python_full_version >= '3.0' \\
    --hash=sha256:00
"""
INSTALLED = {"alpha": "1.2", "beta": "3.1"}


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of its own: two pins, and what is installed of them."""
    (tmp_path / "dev.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(pinned, "_pins", lambda: pinned.pins_of((tmp_path / "dev.txt").read_text(encoding="utf-8")))
    monkeypatch.setattr(pinned, "_installed", INSTALLED.get)


@pytest.mark.usefixtures("other")
def test_nothing_is_left_out_where_the_pins_are_installed() -> None:
    assert pinned.pins_of(TEXT) == INSTALLED
    assert pinned.other_than_pinned() == pinned.other_than_pinned(["beta"]) == []


@pytest.mark.usefixtures("other")
def test_another_version_and_a_package_that_is_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "_installed", {"alpha": "1.1"}.get)
    assert pinned.other_than_pinned(["alpha"]) == ["alpha is 1.1, pinned is 1.2"]
    assert pinned.other_than_pinned() == ["alpha is 1.1, pinned is 1.2", "beta is not installed, pinned is 3.1"]


def test_a_marked_test_is_left_out_with_its_reason_only_where_versions_differ(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The hook of tests/conftest.py, asked as pytest asks it."""
    hook = request.config.pluginmanager.hook.pytest_runtest_setup
    ours = next(each.function for each in hook.get_hookimpls() if Path(str(each.function.__code__.co_filename)) == Path(__file__).parents[1] / "conftest.py")  # fmt: skip
    request.node.add_marker(pytest.mark.pinned("alpha"))
    monkeypatch.setattr(pinned, "_pins", lambda: {"alpha": "1.2"})
    monkeypatch.setattr(pinned, "_installed", {"alpha": "1.2"}.get)
    ours(request.node)
    monkeypatch.setattr(pinned, "_installed", {"alpha": "1.1"}.get)
    with pytest.raises(pytest.skip.Exception, match=r"holds for the pins: alpha is 1\.1, pinned is 1\.2"):
        ours(request.node)


def test_in_the_environment_of_make_test_all_pins_are_installed() -> None:
    """Who has all the tools of the checks has the pins: then no marked test is left out."""
    tools = ("ruff", "pyright", "sphinx", "deptry")
    if any(pinned._installed(name) is None for name in tools) or not pinned.PINS.is_file():
        pytest.skip("this is not the environment of make test")
    assert pinned.other_than_pinned() == []
