"""An old name works and warns with its successor, for two minor versions; none is there longer than was said."""

from __future__ import annotations

import inspect
import warnings
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

import fl_estimate as fl
from fl_estimate import deprecation
from fl_estimate.deprecation import Renamed, renamed_argument, renamed_of
from fl_estimate.errors import FlDeprecationWarning
from fl_estimate.results.methods import Method
from fl_estimate.results.roles import PEOPLE, Name
from fl_estimate.study.forms import entry_model


@renamed_argument("confidence", "level", since="0.3")
@renamed_argument("groups", "by", since="0.4")
def estimate(people: Any, *, by: str | None = None, level: float = 0.95) -> tuple[Any, str | None, float]:
    """Estimate."""
    return people, by, level


def told(recorded: list[warnings.WarningMessage]) -> list[str]:
    return [str(each.message) for each in recorded]


def test_an_old_argument_works_and_names_its_successor() -> None:
    with pytest.warns(FlDeprecationWarning) as recorded:
        assert estimate(1, confidence=0.9, groups="sex") == (1, "sex", 0.9)  # pyright: ignore[reportCallIssue]
    assert told(list(recorded)) == [
        "the argument confidence= of estimate is called level= since version 0.3; it is gone in 0.5\n  to avoid: write level=",
        "the argument groups= of estimate is called by= since version 0.4; it is gone in 0.6\n  to avoid: write by=",
    ]
    assert recorded[0].filename == __file__


def test_the_new_argument_warns_of_nothing() -> None:
    """Warnings are errors in tests."""
    assert estimate(1, level=0.9) == (1, None, 0.9)


def test_one_argument_under_two_names_is_refused() -> None:
    with pytest.raises(TypeError, match=r"estimate\(\) got both confidence= and level="):
        estimate(1, confidence=0.9, level=0.95)  # pyright: ignore[reportCallIssue]


def test_the_signature_has_the_new_names_alone() -> None:
    assert list(inspect.signature(estimate).parameters) == ["people", "by", "level"]
    assert [(each.old, each.new) for each in renamed_of(estimate)] == [("groups", "by"), ("confidence", "level")]
    assert renamed_of(test_the_new_argument_warns_of_nothing) == ()


def test_an_old_public_name_works_and_names_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        deprecation.NAMES, "estimate_share", Renamed(old="estimate_share", new="estimate_prevalence", since="0.2")
    )
    with pytest.warns(
        FlDeprecationWarning, match="the name estimate_share is called estimate_prevalence since version 0.2"
    ) as one:
        assert fl.estimate_share is fl.estimate_prevalence  # type: ignore[attr-defined] # pyright: ignore
    assert one[0].filename == __file__
    assert "estimate_share" not in dir(fl)
    with pytest.raises(AttributeError, match="has no attribute 'estimate_shares'"):
        _ = fl.estimate_shares  # type: ignore[attr-defined] # pyright: ignore


def test_who_writes_a_study_sees_the_warning() -> None:
    """Python hides DeprecationWarning outside tests; this one is a UserWarning."""
    assert issubclass(FlDeprecationWarning, fl.FlWarning)
    assert not issubclass(FlDeprecationWarning, DeprecationWarning)


def test_a_name_lives_for_two_minor_versions() -> None:
    name = Renamed(old="a", new="b", since="0.9")
    assert name.gone_in == "0.11"
    assert [name.overdue(each) for each in ("0.9.0", "0.10.4", "0.11.0", "0.12.1", "1.0.0")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert Renamed(old="a", new="b", since="1.2.3").gone_in == "1.4"


def test_no_old_name_is_kept_longer_than_was_said() -> None:
    public = [getattr(fl, name) for name in fl.__all__]
    modules = [each for each in public if inspect.ismodule(each)]
    public += [getattr(each, name) for each in modules for name in getattr(each, "__all__", ())]
    declared = [*deprecation.NAMES.values(), *(each for function in public for each in renamed_of(function))]
    assert [each for each in declared if each.overdue(fl.__version__)] == []
    assert [name for name, each in deprecation.NAMES.items() if name != each.old or each.new not in fl.__all__] == []


@renamed_argument("groups", "domains", since="0.3")
def invented(people: Annotated[Any, PEOPLE], outcome: Name, *, domains: str | None = None) -> fl.Estimates:
    """Estimate nothing at all."""
    raise AssertionError(people, outcome, domains)


GIVEN = {"kind": "invented", "outcome": "x"}
ENTRY = entry_model(Method(function=invented, kind="invented", basis="respondents", family="survey"))


def test_a_study_file_may_give_a_key_under_its_old_name() -> None:
    """`@method` stands above the renaming: the entry has the new key alone, and takes the old one with the same warning."""
    assert [each.name for each in ENTRY.declared.arguments] == ["people", "outcome", "domains"]
    with pytest.warns(FlDeprecationWarning, match="the argument groups= of invented is called domains="):
        entry: Any = ENTRY.model_validate({**GIVEN, "groups": "region"})
    assert entry.domains == "region"
    assert not hasattr(entry, "groups")


def test_a_study_file_gives_a_key_once() -> None:
    with pytest.raises(ValidationError, match="groups"):
        ENTRY.model_validate({**GIVEN, "groups": "region", "domains": "region"})
