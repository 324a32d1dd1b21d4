"""Framework: one dated definition as a value, read from TOML and checked. The only module here that knows pydantic."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from fl_estimate.errors import IndicatorFault, not_one_of
from fl_estimate.indicators.criteria import AnyOf, Node, NodeFault, parse, split_phase
from fl_estimate.indicators.items import Wording

if TYPE_CHECKING:
    import pandas as pd

Mark = Literal["primary", "secondary", "recalled"]
MARKS: tuple[Mark, ...] = ("primary", "secondary", "recalled")
"""From the strongest to the weakest: read in the document, read in a text that reports it, from memory or own reading."""

Expression = Annotated[Node, PlainValidator(parse)]


class _Table(BaseModel):
    """A table of the file: every key is known, none can be changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class SourceText(_Table):
    """A document the framework is taken from, and what of it was read."""

    document: str
    url: str = ""
    read: str = ""
    verified: Mark | None = None
    verification_note: str = ""


class PeriodRule(_Table):
    """What the framework says about the reference period."""

    kind: str
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    guidance: str = ""
    verified: Mark | None = None


class DimensionEntry(_Table):
    """A dimension: a group of indicators under one rule."""

    id: str
    label: Wording
    phase: str | None = None


class Definition(_Table):
    """A named expression, with the document and paragraph it is taken from where it stands for a legal test."""

    expression: Expression
    text: str
    label: Wording | None = None
    document: str = ""
    paragraph: str = ""
    verified: Mark | None = None
    verification_note: str = ""


class Indicator(_Table):
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


class OutcomeValue(_Table):
    """One label of an outcome: what it `stands_for` (the key ``is``), and its words."""

    id: str
    stands_for: Literal["true", "false", "unknown", "out_of_scope"] = Field(alias="is")
    label: Wording


class Outcome(_Table):
    """What the framework answers about a person: in the class or not, or undetermined."""

    id: str
    type: Literal["binary"]
    label: Wording
    expression: Expression | None = None
    values: tuple[OutcomeValue, ...]
    positive: tuple[str, ...]
    verified: Mark
    verification_note: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _labels(self) -> Self:
        stands_for = [value.stands_for for value in self.values]
        for needed in ("true", "false", "unknown"):
            if stands_for.count(needed) != 1 and self.expression is not None:
                raise ValueError(f'one of the values must have is = "{needed}", and only one')
        strange = sorted(set(self.positive) - {value.id for value in self.values})
        if strange:
            raise ValueError(f"positive names values that are not listed: {', '.join(strange)}")
        return self

    def value(self, stands_for: str) -> OutcomeValue | None:
        """The label that stands for true, false, unknown or out_of_scope; None where the file has none."""
        return next((value for value in self.values if value.stands_for == stands_for), None)


class Framework(_Table):
    """One dated framework: the law as data.

    Read it with `Framework.read`; the names of its parts are those of the file.

    Attributes
    ----------
    id, title, date : str, Wording, str
        Its name, its title in three languages, and the day it was adopted (or published).
    status : {"final", "draft"}
        A draft has no rule that can be evaluated; it needs ``allow_unverified=True`` and a rule of the user's own.
    verification : {"primary", "secondary", "recalled"}
        How well the combining rule of the file was read; `verification_note` says which parts differ.
    in_scope : expression
        Whom it speaks of.
    dimensions, dimension_rule
        Groups of indicators, and when one of them is positive.
    indicators, optional_indicators : tuple of Indicator
        Optional ones do not count unless a national file switches them on.
    definitions : mapping of str to Definition
    outcomes : tuple of Outcome
        The first is the headline.
    sources, population, unit, reference_period, rule_text, notes
        What the documents say, in words.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> framework = fl.Framework.read("icls2018_adult")
    >>> framework.date, len(framework.indicators), framework.outcomes[0].id
    ('2018-10-19', 15, 'forced_labour')
    """

    id: str
    kind: Literal["framework"]
    status: Literal["final", "draft"]
    date: str
    title: Wording
    verification: Mark
    verification_note: str = ""
    sources: tuple[SourceText, ...] = ()
    population: str = ""
    unit: str = ""
    rule_text: str = ""
    reference_period: PeriodRule | None = None
    in_scope: Expression
    dimensions: tuple[DimensionEntry, ...] = ()
    dimension_rule: Expression | None = None
    definitions: Mapping[str, Definition] = Field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    indicators: tuple[Indicator, ...] = ()
    optional_indicators: tuple[Indicator, ...] = ()
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
        unruled = [outcome.id for outcome in self.outcomes if outcome.expression is None]
        if unruled and self.status == "final":
            raise ValueError(f'an outcome without expression needs status = "draft": {", ".join(unruled)}')
        return self

    @classmethod
    def read(cls, source: str | Path) -> Framework:
        """Read a framework by its id, or from a TOML file, and check every reference in it.

        Parameters
        ----------
        source : str or Path
            The id of a framework of this package (see `frameworks`), or the path of a file ending in ``.toml``.

        Raises
        ------
        IndicatorFault
            FL-IND-01 (no such id), FL-IND-02 (the file cannot be read), FL-IND-03 (the file is broken: every fault
            with its key path).
        """
        from fl_estimate.indicators.references import check

        text = str(source)
        framework = _from_file(Path(source)) if text.endswith(".toml") else bundled(text)
        check(framework)
        return framework

    def __repr__(self) -> str:
        return f"Framework({self.id}, {self.date}, {self.status})"

    def file(self, name: str) -> Framework:
        """The framework a reference speaks of: this one for "" or its own id, else one of the package."""
        return self if name in ("", self.id) else bundled(name)

    def outcome(self, name: str) -> Outcome | None:
        """One outcome by id, or None."""
        return next((outcome for outcome in self.outcomes if outcome.id == name), None)

    def indicator(self, name: str) -> Indicator | None:
        """One indicator by id (the optional ones are none), or None."""
        return next((indicator for indicator in self.indicators if indicator.id == name), None)


def frameworks() -> pd.DataFrame:
    """List the frameworks of this package.

    Returns
    -------
    pandas.DataFrame
        One row a framework, in the order of the ids: `id`, `title`, `date`, `status`, `verification` (the weakest of
        primary, secondary, recalled for its rule) and `outcomes` (their ids, separated by commas).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.frameworks()["id"].tolist()
    ['icls2018_adult', 'icls2018_child', 'state_imposed']
    """
    import pandas as pd

    rows = [
        {
            "id": framework.id,
            "title": framework.title.en,
            "date": framework.date,
            "status": framework.status,
            "verification": framework.verification,
            "outcomes": ", ".join(outcome.id for outcome in framework.outcomes),
        }
        for framework in map(bundled, bundled_ids())
    ]
    return pd.DataFrame(rows)


@cache
def bundled_ids() -> tuple[str, ...]:
    """The ids of the frameworks of this package, sorted."""
    names = (entry.name for entry in files("fl_estimate.indicators").joinpath("frameworks").iterdir())
    return tuple(
        sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml") and name != "items.toml")
    )


@cache
def bundled(name: str) -> Framework:
    """One framework of this package, read but with its references unchecked.

    Raises
    ------
    IndicatorFault
        FL-IND-01: there is no such id.
    """
    if name not in bundled_ids():
        raise not_one_of("FL-IND-01", "this framework", name, bundled_ids(), IndicatorFault)
    file = files("fl_estimate.indicators").joinpath("frameworks", f"{name}.toml")
    return from_table(tomllib.loads(file.read_text(encoding="utf-8")), f"{name}.toml")


def from_table(table: Mapping[str, Any], name: str) -> Framework:
    """Make a framework from the table of a TOML file called `name`; its references stay unchecked.

    Raises
    ------
    IndicatorFault
        FL-IND-03: every fault of the file, with its key path.
    """
    try:
        return Framework.model_validate(table)
    except ValidationError as error:
        faults = [_told(fault) for fault in error.errors(include_url=False, include_input=False)]
        raise broken(name, faults) from None


def broken(name: str, faults: list[str]) -> IndicatorFault:
    """Build the error of a framework file with faults, one a line."""
    return IndicatorFault(
        "FL-IND-03",
        f"the framework file {name} is broken",
        found="; ".join(faults),
        fix="correct these keys; the docs page on frameworks has the expression language",
    )


def _from_file(path: Path) -> Framework:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise IndicatorFault(
            "FL-IND-02", "the framework file cannot be read", found=path.name, fix="give the path of a file that exists"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise IndicatorFault(
            "FL-IND-02", f"{path.name} is not a TOML file", found=str(error), fix="correct it at that place; UTF-8 text"
        ) from None
    return from_table(table, path.name)


def _told(fault: Any) -> str:
    """Write one fault of pydantic as ``key.path[0].of.it: what is wrong``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, NodeFault):
        inner = f".{cause.path}" if cause.path else ""
        return f"{path}{inner}: {cause.what}"
    message = str(cause) if isinstance(cause, ValueError) else fault["msg"]
    return f"{path or 'the file'}: {message}"
