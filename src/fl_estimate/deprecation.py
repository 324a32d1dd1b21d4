"""How a name is given up: it works for two minor versions more and says its successor. What was renamed is declared here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from fl_estimate.errors import FlDeprecationWarning
from fl_estimate.version import release_numbers


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """A name that has another.

    Attributes
    ----------
    of : str
        Whose name it is: empty for a public name of the package, else the function that takes the argument.
    old, new : str
    since : str
        The minor version in which it was renamed, such as ``"0.3"``.
    """

    of: str = ""
    old: str
    new: str
    since: str

    @property
    def gone_in(self) -> str:
        """The first version without the old name.

        Examples
        --------
        >>> Renamed(old="a", new="b", since="0.3").gone_in
        '0.5'
        """
        major, minor, *_ = release_numbers(self.since)
        return f"{major}.{minor + 2}"

    def overdue(self, version: str) -> bool:
        """Whether the old name should be gone by now."""
        return release_numbers(version) >= release_numbers(self.gone_in)

    def warn(self, *, stacklevel: int) -> None:
        """Say which name to use, where the caller stands."""
        kind, sign = ("argument", "=") if self.of else ("name", "")
        position = f" of {self.of}" if self.of else ""
        warnings.warn(
            f"the {kind} {self.old}{sign}{position} is called {self.new}{sign} since version {self.since}; it is gone in {self.gone_in}"
            f"\n  to avoid: write {self.new}{sign}",
            FlDeprecationWarning,
            stacklevel=stacklevel + 1,
        )


NAMES: dict[str, Renamed] = {}
"""Public names of the package that have another, by the old one."""


def renamed_argument[**P, R](old: str, new: str, *, since: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take an argument under its old name too, with a warning.

    It stands below `@method`, above the function. The signature has the new name alone, so that the reference and the page of keys show no
    other; a study file may give the key under the old name for as long as a call may, with the same warning.

    Raises
    ------
    TypeError
        When the function is called: the argument was given under both names.

    Examples
    --------
    >>> @renamed_argument("confidence", "level", since="0.3")
    ... def estimate(*, level: float = 0.95) -> float:
    ...     return level
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     estimate(confidence=0.9)
    0.9
    >>> str(told[0].message).splitlines()[0]
    'the argument confidence= of estimate is called level= since version 0.3; it is gone in 0.5'
    """

    def above(function: Callable[P, R]) -> Callable[P, R]:
        name = getattr(function, "__name__", "a function")
        said = Renamed(of=name, old=old, new=new, since=since)

        @wraps(function)
        def called(*given: P.args, **more: P.kwargs) -> R:
            named: dict[str, Any] = dict(more)
            if old in named:
                if new in named:
                    raise TypeError(f"{name}() got both {old}= and {new}=, which are one argument: give {new}=")
                said.warn(stacklevel=2)
                named[new] = named.pop(old)
            return function(*given, **named)  # pyright: ignore[reportCallIssue] (the same arguments, one under its new name)

        called.__dict__["renamed"] = (*function.__dict__.get("renamed", ()), said)
        return called

    return above


def renamed_of(function: object) -> tuple[Renamed, ...]:
    """The arguments of a function that have another name."""
    return getattr(function, "renamed", ())
