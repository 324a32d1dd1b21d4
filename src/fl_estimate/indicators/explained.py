"""The class of one respondent and what made it, as a value: what it says is put in words by `wording`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fl_estimate.indicators.answers import AnswerReading, Number
from fl_estimate.indicators.changes import open_questions, routes
from fl_estimate.indicators.items import Wording
from fl_estimate.indicators.references import used_by

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReading:
    """One criterion as it turned out for one respondent.

    Attributes
    ----------
    framework, id : str
        The file it stands in, and its id there.
    label : Wording
    kind, dimension, phase, strength : str
        What the rules count it as; "" where the file says nothing.
    value : {"true", "false", "unknown"}
    items : tuple of str
        The questions that make it true, or unknown.
    document, paragraph, verified : str
        Where it is taken from, and how well that was read (primary, secondary, recalled).
    """

    framework: str
    id: str
    label: Wording
    kind: str
    dimension: str
    phase: str
    strength: str
    value: str
    items: tuple[str, ...]
    document: str
    paragraph: str
    verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The parts of an `Explanation`, which says what each of them is."""

    framework: Framework
    age: Number
    in_scope: bool
    label: str
    outcomes: Mapping[str, str]
    dimensions: Mapping[str, str]
    count: tuple[int, int]
    criteria: tuple[CriterionReading, ...] = field(default=())
    reading: AnswerReading = field(repr=False, compare=False)

    def changes(self) -> dict[str, tuple[dict[str, str], ...]]:
        """What it would take to change the class: for every other label all sets of the fewest answers.

        Returns
        -------
        dict of str to tuple of dict of str to str
            label → sets, each: question → the answer it takes. Questions that are unknown now count like those that are
            answered, and come first. Empty out of scope, and for counts and ratios.

        Examples
        --------
        >>> import fl_estimate as fl
        >>> told = fl.explain({"l_no_freedom_resign": "yes"}, "icls2018_adult", age=30, default="no")
        >>> told.changes()["FL"][0], len(told.changes()["FL"])
        ({'c_violence': 'experienced'}, 27)
        """
        headline = self.framework.outcomes[0]
        if not self.in_scope or headline.type not in ("binary", "classes"):
            return {}
        return routes(self.reading, self.framework, headline, self.framework.known)

    @property
    def unused(self) -> dict[str, str]:
        """The answers given that the framework does not use: question → answer."""
        used = used_by(self.framework)
        return {name: answer for name, answer in self.reading.given.items() if name not in used}

    def open_questions(self) -> tuple[str, ...]:
        """The unknown answers that keep the class undetermined; empty where it is not."""
        headline = self.framework.outcomes[0]
        return open_questions(self.reading, self.framework, headline) if self.in_scope else ()
