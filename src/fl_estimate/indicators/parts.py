"""The parts of a framework file as checked values: sources, dimensions, definitions, indicators, outcomes, codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from fl_estimate.indicators.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    FieldIn,
    FieldWithin,
    Negation,
    Node,
    parse,
    split_phase,
)
from fl_estimate.indicators.items import Wording

Mark = Literal["primary", "secondary", "recalled"]
MARKS: tuple[Mark, ...] = ("primary", "secondary", "recalled")
"""From the strongest to the weakest: read in the document, read in a text that reports it, from memory or own reading."""

Expression = Annotated[Node, PlainValidator(parse)]
MOST_ATOMS = 8


class Part(BaseModel):
    """A table of the file: every key is known, none can be changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True, hide_input_in_errors=True
    )


class SourceText(Part):
    """A document the framework is taken from, and what of it was read."""

    document: str
    url: str = ""
    read: str = ""
    licence: str = ""
    verified: Mark | None = None
    verification_note: str = ""


class FrameworkPeriod(Part):
    """What the framework says about the reference period."""

    kind: str
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    guidance: str = ""
    verified: Mark | None = None


class DimensionEntry(Part):
    """A dimension: a group of indicators under one rule."""

    id: str
    label: Wording
    phase: str | None = None


class Definition(Part):
    """A named expression, with the document and paragraph it is taken from where it stands for a legal test."""

    expression: Expression
    text: str
    label: Wording | None = None
    document: str = ""
    paragraph: str = ""
    verified: Mark | None = None
    verification_note: str = ""


class Indicator(Part):
    """One criterion: true by any of its items, or by an expression (`when`)."""

    id: str
    label: Wording
    kind: str
    dimension: str | None = None
    phase: str | None = None
    strength: Literal["strong", "medium", "weak"] | None = None
    items_any_of: tuple[str, ...] | None = Field(default=None, min_length=1)
    when: Expression | None = None
    definition: str = ""
    document: str
    paragraph: str = ""
    verified: Mark
    verified_parts: Mapping[str, Mark] = Field(default_factory=dict)
    verification_note: str = ""

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.items_any_of is None) == (self.when is None):
            raise ValueError("an indicator has items_any_of or when, and not both")
        return self

    @property
    def node(self) -> Node:
        """The test of the indicator."""
        return (
            self.when if self.when is not None else AnyOf(tuple(split_phase(item) for item in self.items_any_of or ()))
        )


class OutcomeValue(Part):
    """One label of an outcome: what it `stands_for` (the key ``is``) or `when` it is given, and its words.

    `all_in` belongs to an unknown label: it is given where every label that is still possible is among these.
    """

    id: str
    stands_for: Literal["true", "false", "unknown", "out_of_scope"] | None = Field(default=None, alias="is")
    label: Wording
    when: Expression | None = None
    all_in: tuple[str, ...] = ()
    verified: Mark | None = None


class Counted(Part):
    """Which indicators a count counts (the key ``of``); a field left out narrows nothing."""

    kind: str | None = None
    strength: str | None = None
    dimension: str | None = None


class CostSum(Part):
    """The numerator of a ratio: the sum of a number over lines of the costs table.

    `items` are the only items that count, `except_items` those that do not. A line for the item total stands for all
    items of its episode.
    """

    sum: str
    of: str
    codes: tuple[str, ...] = Field(alias="in")
    items: tuple[str, ...] = ()
    except_items: tuple[str, ...] = ()


class Divisor(Part):
    """The denominator of a ratio: one number of the row."""

    field: str


class FrameworkOutcome(Part):
    """What the framework answers about a person.

    `type` is binary (in the class or not, or undetermined), classes (one of several labels), count (how many indicators)
    or ratio (a number).
    """

    id: str
    type: Literal["binary", "classes", "count", "ratio"]
    label: Wording
    expression: Expression | None = None
    template: Mapping[str, Any] | None = None
    """Of a draft: the expression with names of parameters where a file that extends it gives numbers."""
    optional: bool = False
    """Computed only where it is asked for by name."""
    reading_of: str = ""
    """The outcome that this is another reading of; sensitivity tables print it beside that one."""
    part_of: str = ""
    """The outcome that this counts some people of; sensitivity tables print it below that one and its readings."""
    over: tuple[Expression, ...] = ()
    values: tuple[OutcomeValue, ...] = ()
    positive: tuple[str, ...] = ()
    of: Counted | None = None
    range: tuple[int, int] | None = None
    numerator: CostSum | None = None
    denominator: Divisor | None = None
    episode: Literal["last", "first"] = "last"
    """Of a ratio: which of the episodes of a person counts."""
    recent_years: int | None = None
    """Of a ratio: whoever left earlier than so many years before the interview is out of scope."""
    undefined_when: str = ""
    verified: Mark
    verification_note: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = {value.id for value in self.values}
        strange = sorted({*self.positive, *(name for value in self.values for name in value.all_in)} - known)
        if strange:
            raise ValueError(f"positive or all_in names values that are not listed: {', '.join(strange)}")
        if self.type == "classes":
            self._check_classes()
        elif self.type == "binary":
            self._check_binary()
        elif self.type == "count" and self.of is None:
            raise ValueError("a count says of which indicators (the key of)")
        elif self.type == "ratio" and (self.numerator is None or self.denominator is None):
            raise ValueError("a ratio has a numerator and a denominator")
        return self

    def _check_binary(self) -> None:
        stands_for = [value.stands_for for value in self.values]
        for needed in ("true", "false", "unknown"):
            if self.expression is not None and stands_for.count(needed) != 1:
                raise ValueError(f'one of the values must have is = "{needed}", and only one')

    def _check_classes(self) -> None:
        ruled = [value.id for value in self.classes]
        if not ruled:
            raise ValueError("a class has values with when")
        if set(self.positive) != set(ruled[: len(self.positive)]):
            raise ValueError("the positive values stand first: a person is in the class if one of the rows is")
        if not any(value.stands_for == "unknown" and not value.all_in for value in self.values):
            raise ValueError('one of the values must have is = "unknown" and no all_in')
        if not set(self.over) <= set(self.atoms):
            raise ValueError("over names nodes that no when reads")
        if len(self.atoms) > MOST_ATOMS:
            raise ValueError(f"the labels depend on {len(self.atoms)} nodes; at most {MOST_ATOMS} can be completed")

    def value(self, stands_for: str) -> OutcomeValue | None:
        """The label that stands for true, false, unknown or out_of_scope; None where the file has none."""
        return next((value for value in self.values if value.stands_for == stands_for and not value.all_in), None)

    def undetermined(self, possible: frozenset[str]) -> str:
        """The label for somebody of whom several labels are possible."""
        for value in self.values:
            if value.stands_for == "unknown" and value.all_in and possible <= set(value.all_in):
                return value.id
        return next(value.id for value in self.values if value.stands_for == "unknown" and not value.all_in)

    @property
    def classes(self) -> tuple[OutcomeValue, ...]:
        """The labels that are given by a rule, in order: the first whose `when` is true."""
        return tuple(value for value in self.values if value.when is not None)

    @property
    def atoms(self) -> tuple[Node, ...]:
        """What the labels of a class depend on: the nodes inside every `when` that are no and, or, not."""
        whens = [value.when for value in self.classes if value.when is not None]
        return tuple(dict.fromkeys(atom for when in whens for atom in _atoms(when)))

    @property
    def stems(self) -> tuple[str, ...]:
        """The names of its columns without their endings: its id, and for a class one name for each label."""
        return (self.id, *(f"{self.id}={value.id}" for value in self.classes))

    @property
    def rules(self) -> tuple[Node, ...]:
        """Every expression that it comes down to; none where a draft has no rule."""
        match self.type:
            case "classes":
                return self.atoms
            case "count":
                return (self.counting,)
            case "ratio" if self.numerator is not None and self.denominator is not None:
                lines = (FieldIn(self.numerator.of, self.numerator.codes), FieldWithin(self.numerator.sum, least=0))
                return (*lines, FieldWithin(self.denominator.field, above=0))
            case _:
                return () if self.expression is None else (self.expression,)

    @property
    def counting(self) -> AtLeast:
        """The choice of indicators of a count, as the node that is true if there is one of them."""
        of = self.of or Counted()
        kind, strength, dimension = ((name,) if name else None for name in (of.kind, of.strength, of.dimension))
        return AtLeast(1, kind, strength, dimension)


class ListedCode(Part):
    """One code of a code list; `items` are the questions of this package that come nearest to it."""

    id: str
    label: Wording | None = None
    definition: str = ""
    items: tuple[str, ...] = ()
    verified: Mark | None = None
    verification_note: str = ""


class CodeList(Part):
    """The codes that one variable of a standard for case records may hold, or the list of its variables."""

    id: str
    note: str = ""
    codes: tuple[ListedCode, ...]
    verified: Mark | None = None


def _atoms(node: Node) -> tuple[Node, ...]:
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            return tuple(atom for inner in nodes for atom in _atoms(inner))
        case Negation(inner):
            return _atoms(inner)
        case _:
            return (node,)
