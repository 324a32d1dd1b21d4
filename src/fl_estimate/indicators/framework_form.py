"""A framework in its form: what a file of one says, and what is found in it. Reading and checking one is in `framework`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, ValidationError, model_validator

from fl_estimate.errors import IndicatorFault, not_one_of
from fl_estimate.indicators.criteria import AllOf, NodeFault
from fl_estimate.indicators.items import Item, Items, Wording, known_items, own_item
from fl_estimate.indicators.national import RULES, filled
from fl_estimate.indicators.parts import (
    CodeList,
    Definition,
    DimensionEntry,
    Expression,
    FrameworkOutcome,
    FrameworkPeriod,
    Indicator,
    Mark,
    Part,
    SourceText,
)
from fl_estimate.neutral import visible


class FrameworkForm(Part):
    """The parts of a `Framework`, which says what each of them is."""

    id: str
    kind: Literal["framework", "code_list"]
    extends: str = ""
    status: Literal["final", "draft"]
    date: str
    title: Wording
    verification: Mark
    verification_note: str = ""
    sources: tuple[SourceText, ...] = ()
    population: str = ""
    unit: str = ""
    rule_text: str = ""
    reference_period: FrameworkPeriod | None = None
    in_scope: Expression = AllOf(())
    dimensions: tuple[DimensionEntry, ...] = ()
    dimension_rule: Expression | None = None
    dimension_rule_text: str = ""
    dimension_rule_verified: Mark | None = None
    dimension_rule_note: str = ""
    definitions: Mapping[str, Definition] = Field(default_factory=dict)
    outcomes: tuple[FrameworkOutcome, ...] = ()
    unasked: tuple[FrameworkOutcome, ...] = Field(default=(), exclude=True)
    indicators: tuple[Indicator, ...] = ()
    optional_indicators: tuple[Indicator, ...] = ()
    own_items: tuple[Annotated[Item, PlainValidator(own_item)], ...] = Field(default=(), alias="items")
    parameters: Mapping[str, int | str] = Field(default_factory=dict)
    not_encodable: str = ""
    code_lists: tuple[CodeList, ...] = ()
    notes: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name, ids in (
            ("outcomes", [outcome.id for outcome in self.outcomes]),
            ("dimensions", [dimension.id for dimension in self.dimensions]),
            ("indicators", [indicator.id for indicator in (*self.indicators, *self.optional_indicators)]),
        ):
            repeated = sorted({entry for entry in ids if ids.count(entry) > 1})
            if repeated:
                raise ValueError(f"{name} with the same id: {', '.join(repeated)}")
        if self.kind == "code_list":
            if self.outcomes or not self.code_lists:
                raise ValueError("a code list has code_lists, and no outcomes")
            return self
        if not self.outcomes:
            raise ValueError("a framework has at least one outcome")
        unruled = [outcome.id for outcome in self.outcomes if not outcome.rules]
        if unruled and self.status == "final":
            raise ValueError(f'an outcome without expression needs status = "draft": {", ".join(unruled)}')
        return self

    @classmethod
    def bundled(cls, name: str) -> Self:
        """One framework of this package, read but with its references unchecked.

        Raises
        ------
        IndicatorFault
            FL-IND-01: there is no such id.
        """
        return _bundled(cls, name)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], name: str) -> Self:
        """Make a framework from the table of a TOML file called `name`; its references stay unchecked.

        Raises
        ------
        IndicatorFault
            FL-IND-03: every fault of the file, with its key path.
        """
        numbers = {key: value for key, value in table.get("parameters", {}).items() if isinstance(value, int)}
        rules = {key: filled(table[key], numbers) for key in RULES if key in table} if numbers else {}
        try:
            return cls.model_validate({**table, **rules})
        except ValidationError as error:
            faults = [_fault_text(fault) for fault in error.errors(include_url=False, include_input=False)]
            raise broken(name, faults) from None

    def __repr__(self) -> str:
        return visible(f"Framework({self.id}, {self.date}, {self.status})")

    __str__ = __repr__

    def file(self, name: str) -> Self:
        """The framework a reference speaks of: this one for "", its own id or that of the one it extends, else a bundled one."""
        return self if name in ("", self.id, self.extends) else self.bundled(name)

    @cached_property
    def known(self) -> Items:
        """The questions of the package, and those of the file's own."""
        return known_items().with_own(self.own_items)

    def outcome(self, name: str) -> FrameworkOutcome | None:
        """One outcome by id, asked for or not; None where there is none."""
        return next((outcome for outcome in (*self.outcomes, *self.unasked) if outcome.id == name), None)

    def outcome_of(self, stem: str) -> FrameworkOutcome | None:
        """The outcome that has a column of this name: its id, or for one label of a class ``<id>=<label>``."""
        return next((outcome for outcome in (*self.outcomes, *self.unasked) if stem in outcome.stems), None)

    def asked_for(self, names: Collection[str] | None) -> Self:
        """The same with the outcomes of these names alone; None: all but the optional ones.

        The others stay where references find them, so that no rule changes.
        """
        every = (*self.outcomes, *self.unasked)
        chosen = tuple(each for each in every if (not each.optional if names is None else each.id in names))
        rest = tuple(each for each in every if each not in chosen)
        return self.model_copy(update={"outcomes": chosen, "unasked": rest}) if rest else self

    def readings(self, name: str) -> tuple[str, ...]:
        """The ids of an outcome, of its other readings, and of those that count a part of it, asked for or not."""
        every = (*self.outcomes, *self.unasked)
        others = [each.id for each in every if each.reading_of == name]
        return (name, *others, *(each.id for each in every if each.part_of == name))

    def indicator(self, name: str) -> Indicator | None:
        """One indicator by id (the optional ones are none), or None."""
        return next((indicator for indicator in self.indicators if indicator.id == name), None)


@cache
def bundled_ids() -> tuple[str, ...]:
    """The ids of the frameworks of this package, sorted."""
    names = (entry.name for entry in files("fl_estimate.indicators").joinpath("frameworks").iterdir())
    return tuple(
        sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml") and name != "items.toml")
    )


@cache
def _bundled[Form: FrameworkForm](form: type[Form], name: str) -> Form:
    return form.from_table(bundled_table(name), f"{name}.toml")


def bundled_table(name: str) -> dict[str, Any]:
    """The TOML of one framework of this package, as it stands.

    Raises
    ------
    IndicatorFault
        FL-IND-01: there is no such id.
    """
    if name not in bundled_ids():
        raise not_one_of("FL-IND-01", "this framework", name, bundled_ids(), IndicatorFault)
    file = files("fl_estimate.indicators").joinpath("frameworks", f"{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def broken(name: str, faults: list[str]) -> IndicatorFault:
    """Build the error of a framework file with faults, one a line."""
    return IndicatorFault(
        "FL-IND-03",
        f"the framework file {name} is broken",
        found="; ".join(faults),
        fix="correct these keys; the docs page on frameworks has the expression language",
    )


def _fault_text(fault: Any) -> str:
    """Write one fault of pydantic as ``key.path[0].of.it: what is wrong``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, NodeFault):
        inner = f".{cause.path}" if cause.path else ""
        return f"{path}{inner}: {cause.what}"
    message = str(cause) if isinstance(cause, ValueError) else fault["msg"]
    return f"{path or 'the file'}: {message}"
