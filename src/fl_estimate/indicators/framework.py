"""Framework: one dated definition as a value, read from TOML and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, ValidationError, model_validator

from fl_estimate.errors import IndicatorFault, not_one_of, not_toml
from fl_estimate.indicators.criteria import AllOf, NodeFault
from fl_estimate.indicators.items import Item, Items, Wording, known_items, own_item
from fl_estimate.indicators.national import RULES, extended, filled
from fl_estimate.indicators.parts import (
    CodeList,
    Definition,
    DimensionEntry,
    Expression,
    Indicator,
    Mark,
    Outcome,
    Part,
    PeriodRule,
    SourceText,
)

if TYPE_CHECKING:
    import pandas as pd


class Framework(Part):
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
    extends : str
        Of a national file: the id of the framework that it adds to.
    dimensions, dimension_rule
        Groups of indicators, and when one of them is positive.
    indicators, optional_indicators : tuple of Indicator
        Optional ones do not count unless a national file switches them on.
    definitions : mapping of str to Definition
    outcomes : tuple of Outcome
        The first is the headline. An optional one is computed only where it is asked for by name.
    unasked : tuple of Outcome
        Of a framework in use: outcomes that were not asked for.
    own_items : tuple of Item
        Questions of the file's own, of a national file.
    code_lists : tuple of CodeList
        Of a file of kind "code_list", which holds codes of case records and no rule.
    sources, population, unit, reference_period, rule_text, notes
        What the documents say, in words.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> framework = fl.Framework.read("icls2018_adult")
    >>> framework.date, len(framework.indicators), framework.outcomes[0].id
    ('2018-10-19', 24, 'forced_labour')
    """

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
    reference_period: PeriodRule | None = None
    in_scope: Expression = AllOf(())
    dimensions: tuple[DimensionEntry, ...] = ()
    dimension_rule: Expression | None = None
    dimension_rule_text: str = ""
    dimension_rule_verified: Mark | None = None
    dimension_rule_note: str = ""
    definitions: Mapping[str, Definition] = Field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    unasked: tuple[Outcome, ...] = Field(default=(), exclude=True)
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

    __str__ = __repr__

    def file(self, name: str) -> Framework:
        """The framework a reference speaks of: this one for "", its own id or that of the one it extends, else a bundled one."""
        return self if name in ("", self.id, self.extends) else bundled(name)

    @cached_property
    def known(self) -> Items:
        """The questions of the package, and those of the file's own."""
        return known_items().with_own(self.own_items)

    def outcome(self, name: str) -> Outcome | None:
        """One outcome by id, asked for or not; None where there is none."""
        return next((outcome for outcome in (*self.outcomes, *self.unasked) if outcome.id == name), None)

    def outcome_of(self, stem: str) -> Outcome | None:
        """The outcome that has a column of this name: its id, or for one label of a class ``<id>=<label>``."""
        return next((outcome for outcome in (*self.outcomes, *self.unasked) if stem in outcome.stems), None)

    def asked_for(self, names: Collection[str] | None) -> Framework:
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


def frameworks() -> pd.DataFrame:
    """List the frameworks of this package.

    Returns
    -------
    pandas.DataFrame
        One row a framework, in the order of the ids: `id`, `title`, `date`, `status`, `verification` (the weakest of
        primary, secondary, recalled for its rule) and `outcomes` (their ids, separated by commas). Code lists for case
        records have none; a draft has to be completed by a file of the user's own.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> table = fl.frameworks()
    >>> table.loc[table["id"] == "forced_marriage", ["status", "outcomes"]].to_numpy().tolist()
    [['final', 'forced_marriage']]
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
    return from_table(bundled_table(name), f"{name}.toml")


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


def from_table(table: Mapping[str, Any], name: str) -> Framework:
    """Make a framework from the table of a TOML file called `name`; its references stay unchecked.

    Raises
    ------
    IndicatorFault
        FL-IND-03: every fault of the file, with its key path.
    """
    numbers = {key: value for key, value in table.get("parameters", {}).items() if isinstance(value, int)}
    rules = {key: filled(table[key], numbers) for key in RULES if key in table} if numbers else {}
    try:
        return Framework.model_validate({**table, **rules})
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
    except (ValueError, RecursionError) as error:
        raise IndicatorFault(
            "FL-IND-02",
            f"{path.name} is not a TOML file",
            found=not_toml(error),
            fix="correct it at that place; UTF-8 text",
        ) from None
    if "extends" in table:
        table, faults = extended(table, bundled_table(str(table["extends"])))
        if faults:
            raise broken(path.name, faults)
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
