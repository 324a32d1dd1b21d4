"""Respondents: what every estimator accepts as `people`, and how a design is found with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from fl_estimate.errors import DesignFault
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod, Source
from fl_estimate.inputs.unread_rows import UnreadRows
from fl_estimate.inputs.wording import SurveyWording

SHARE_OF_PERSON = "respondent_share"
"""A column of rows that are not persons (episodes): 1 over how many rows the person has, so that rules count persons."""


@runtime_checkable
class Respondents(Protocol):
    """People with the design that drew them: SurveyData and Classification are such."""

    @property
    def people(self) -> Any: ...
    @property
    def design(self) -> Design | None: ...
    @property
    def source(self) -> Source | None: ...
    @property
    def reference_period(self) -> ReferencePeriod | None: ...
    @property
    def population(self) -> str: ...


@runtime_checkable
class Noted(Protocol):
    """People whose classes carry notes that belong under every table: a Classification is such."""

    def notes(self, outcomes: Sequence[str], /) -> tuple[tuple[str, Mapping[str, Any]], ...]: ...

    def measure(self, outcomes: Sequence[str], /) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A frame of people, one row a person, with its design and what is known of its source.

    `unread` is of lazily classified people whose answers are still to be checked; only who asked for it gets it.
    """

    frame: Any
    design: Design
    source: Source | None = None
    reference_period: ReferencePeriod | None = None
    population: str = ""
    noted: Noted | None = None
    wording: SurveyWording = field(default_factory=SurveyWording)
    unread: UnreadRows | None = None

    def notes(self, outcomes: Sequence[str]) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """Notes on the outcomes, as codes with parameters; none where nobody classified the people."""
        return self.noted.notes(outcomes) if self.noted is not None else ()

    def measure(self, outcomes: Sequence[str]) -> str:
        """Whether the outcomes are those of a day (stock) or of any time in the period (flow); "" where nobody says."""
        return self.noted.measure(outcomes) if self.noted is not None else ""


def require_weights(design: Design) -> None:
    """FL-DESIGN-70 where a design has no weights, neither in a column nor by its fpc, and does not say `unweighted`."""
    # Replicate weights without sampling weights are a fault of their own (FL-DESIGN-27).
    if design.weights_known or design.unweighted or isinstance(design.replicates, Replicates):
        return
    raise DesignFault(
        "FL-DESIGN-70",
        "the design names no weights, so every respondent would count the same",
        found="neither weights= nor an fpc= of every stage",
        fix="name the column of weights: Design(weights=…); or say that it is meant: Design(unweighted=True), "
        "in a mapping unweighted = true, and everything printed will say so",
    )


def resolve(people: Any, design: Design | None, *, unread: bool = False) -> Resolved:
    """Find the frame and the design in what a caller gave as `people`.

    `unread` says that the caller sees to it that answers of lazily classified people are checked with its own sums; for
    others they are checked here.

    Raises
    ------
    DesignFault
        FL-DESIGN-06: there is no design, neither with the people nor as an argument; FL-DESIGN-70: the design has no
        weights, and does not say that it is meant.
    """
    later: UnreadRows | None = getattr(people, "unread_rows", None) if unread else None
    bundled = isinstance(people, Respondents)
    frame = later.people if later is not None else people.people if bundled else people
    chosen = design if design is not None else (people.design if bundled else None)
    if chosen is None:
        raise DesignFault(
            "FL-DESIGN-06",
            "there is no sample design",
            found="neither design= nor a design with the people",
            fix="pass design=fl.Design(weights=…, strata=…, psu=…); fl.Design(unweighted=True) where every row counts the same",
        )
    require_weights(chosen)
    if not bundled:
        return Resolved(frame=frame, design=chosen)
    return Resolved(
        frame=frame,
        design=chosen,
        source=people.source,
        reference_period=people.reference_period,
        population=people.population,
        noted=people if isinstance(people, Noted) else None,
        wording=getattr(people, "wording", SurveyWording()),
        unread=later,
    )
