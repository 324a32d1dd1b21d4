"""The parts of a mapping as values: what may be written about a variable, a table, the files, the period and the design."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeGuard, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from fl_estimate.inputs.replicates import Centre, ReplicateKind, Replicates
from fl_estimate.inputs.sample_design import Design, Phase2Variance, Pps, SinglePsu, SinglePsuScope
from fl_estimate.inputs.wording import ColumnWords, Unit, text_of
from fl_estimate.loaders.files import options

ANSWER_KEYS: tuple[str, ...] = ("null", "missing")
"""Words on the left of a recode: a blank or system-missing cell, and a declared missing value that is not named."""
LABELS = "labels"
"""The name of the recode that writes the labels which the file has for its codes."""
CENTURY_MONTH = "cmc"
"""A date format: months since January 1900, counted from 1, as demographic surveys write them."""

Code = str | int


class MappingPart(BaseModel):
    """A part whose keys are all known, and that does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


def is_table(given: object) -> TypeGuard[Dictionary[str, Any]]:
    """Whether something is a table of TOML, or a dictionary that stands for one."""
    return isinstance(given, Dictionary)


def _recode(value: Any) -> Any:
    """Keys of TOML are texts; those of a dictionary in Python may be numbers."""
    return {_key(key): code for key, code in value.items()} if is_table(value) else value


def _key(key: object) -> str:
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)


Recode = Annotated[dict[str, Code], BeforeValidator(_recode)]


LANGUAGE = r"^[a-z]{2}(-([A-Z]{2}|[0-9]{3}))?$"
Words = str | dict[Annotated[str, Field(pattern=LANGUAGE)], str]
"""A text for all languages, or a table of language and text: ``{ fr = "Région", es = "Región" }``."""


def main_text(words: Words) -> str:
    """The text that stands in records and comparisons: the English one where there is one, else the first."""
    return words if isinstance(words, str) else words.get("en", next(iter(words.values()), ""))


class LabelRule(MappingPart):
    """``[labels.COLUMN]``: what a column, or an outcome, and its codes are called; the order of `values` is that of tables."""

    title: Words = ""
    values: Annotated[dict[str, Words], BeforeValidator(lambda given: _recode(given))] = Field(default_factory=dict)

    def words(self) -> ColumnWords:
        """Give them in the form that results carry."""
        return ColumnWords(
            title=text_of(self.title),
            values={code: text_of(words) for code, words in self.values.items()},
            ordered=bool(self.values),
        )


def _labels(given: Any) -> Any:
    """As people write it, a title alone needs no key: ``region = "Province"``, ``region = { fr = "Province" }``."""
    if not is_table(given):
        return given
    return {name: rule if _is_rule(rule) else {"title": rule} for name, rule in given.items()}


def _is_rule(given: Any) -> bool:
    return isinstance(given, LabelRule) or (is_table(given) and bool(set(given) & {"title", "values"}))


LabelRules = Annotated[dict[str, LabelRule], BeforeValidator(_labels)]


class VariableRule(MappingPart):
    """One variable: where its values come from, and how its codes are written in the schema.

    From one of `column` (a source column), `value` (the same for all), `join` (the texts of several columns, with
    hyphens between them: a key of several parts) and `year`, `month`, `day` (the columns of a date).
    `recode` is a table of codes, or the name of one in ``[recodes]``; its keys are codes or the labels that the file
    has for them; ``"labels"`` writes the labels themselves. ``else`` is for values that it does not list.
    `several` says that a cell holds several codes with blanks, commas or semicolons between them, as questions with
    many answers are exported: the first code of the recode that is among them is written, ``else`` where none is (without it: missing).
    Where the variable may hold a set (`child_coercion_by`, …) all of them are written.
    `missing` lists codes to be treated as if the file declared them missing; `valid` those that are answers although
    their label says otherwise. `times` multiplies a number.
    `format` says how a date is written. `no_where` is an expression: where it is true and the question was not put,
    the answer is no. `own` says that the name is the user's own although it looks like one of the schema.
    """

    column: str | None = None
    value: str | int | float | None = None
    join: tuple[str, ...] = ()
    year: str | None = None
    month: str | None = None
    day: str | None = None
    format: str | None = None
    recode: str | Recode | None = None
    otherwise: Code | None = Field(default=None, alias="else")
    several: bool = False
    missing: tuple[Code, ...] = ()
    valid: tuple[Code, ...] = ()
    times: float | None = None
    no_where: str | None = None
    own: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The source columns that it is made from."""
        named = (self.column, *(part for part in self.join if not part.isdecimal()), self.year, self.month, self.day)
        return tuple(name for name in named if name is not None)

    @property
    def sources(self) -> int:
        """How many of the four ways to come by values are used; one is right."""
        return sum((self.column is not None, self.value is not None, bool(self.join), self.year is not None))


def _variables(value: Any) -> Any:
    if not is_table(value):
        return value
    return {name: {"column": rule} if isinstance(rule, str) else rule for name, rule in value.items()}


Slot = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class TableRule(MappingPart):
    """One table: its variables, what is derived from them, and the table of the same file that it is taken from.

    `repeat` takes several rows from one row of the file: a number (1 to it) or a list of texts, each of which is
    written for ``{n}`` in names and expressions (``{n:02}``: with two digits). Costs `of` episodes are repeated for each
    episode of the row too, whose slot (those of `within`) is written for ``{e}``. `also` are further rules of the same
    table, where one row holds jobs of the respondent and jobs of relatives: ``[[jobs]]`` twice. `unit`, of people only,
    is what a row is.
    """

    variables: Annotated[dict[str, VariableRule], BeforeValidator(_variables)] = {}
    derived: dict[str, str] = {}
    source: Literal["people", "relatives", "episodes", "jobs"] | None = None
    where: str | None = None
    repeat: Annotated[int, Field(ge=1, le=500)] | tuple[Slot, ...] | None = None
    of: Literal["relatives", "episodes"] | None = None
    within: tuple[Slot, ...] = ()
    also: tuple[TableRule, ...] = ()
    unit: Unit | None = None

    @property
    def parts(self) -> tuple[TableRule, ...]:
        """The rule itself and the further ones of the same table."""
        return (self.model_copy(update={"also": ()}), *self.also) if self.also else (self,)

    @property
    def own_slots(self) -> tuple[str, ...]:
        """What stands for {n}; empty where nothing is repeated."""
        if self.repeat is None:
            return ()
        return tuple(map(str, range(1, self.repeat + 1))) if isinstance(self.repeat, int) else self.repeat

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the rows that come of one row of the file, one after another; empty where nothing is repeated."""
        return tuple(self._pairs)

    def owner_of(self, slot: str) -> str | None:
        """The slot of the episode that a row belongs to; None where it belongs to the row of the file itself."""
        return self._pairs[slot][0] or None

    def at(self, slot: str) -> TableRule:
        """Write a slot for {n}, and that of its episode for {e}, everywhere."""
        shape = self.model_dump(by_alias=True, exclude={"repeat", "within", "also"})
        episode, own = self._pairs[slot]
        return TableRule.model_validate(written_for(written_for(shape, own), episode, "e"))

    def holds(self, letter: str) -> bool:
        """Whether {n} or {e} stands anywhere in it."""
        return bool(_SLOTS[letter].search(self.model_dump_json(exclude={"repeat", "within", "also"})))

    @property
    def _pairs(self) -> dict[str, tuple[str, str]]:
        """Of each slot that of the episode, and its own."""
        if not self.within:
            return {own: ("", own) for own in self.own_slots}
        own_slots = self.own_slots or ("",)
        return {f"{episode}-{own}" if own else episode: (episode, own) for episode in self.within for own in own_slots}


_SLOTS = {letter: re.compile(rf"\{{{letter}(?::0?(?P<width>\d))?\}}") for letter in ("n", "e")}


def written_for(shape: Any, slot: str, letter: str = "n") -> Any:
    """Write a slot for {n} (or {e}) in every text of a shape of dictionaries and tuples."""
    if isinstance(shape, str):
        return _SLOTS[letter].sub(lambda met: slot.zfill(int(met["width"] or 0)), shape)
    if is_table(shape):
        return {key: written_for(value, slot, letter) for key, value in shape.items()}
    if isinstance(shape, tuple):
        return tuple(written_for(each, slot, letter) for each in cast("tuple[Any, ...]", shape))
    return shape


class JoinRule(MappingPart):
    """``[[source.join]]``: a file whose columns are brought to the rows of a table's file, by keys.

    `on` lists the key columns, or pairs them where they are called otherwise: ``{ LN = "HL1" }``, on the left the column
    of the table's file. A row finds one row at the most. `columns` are those to be brought, all if none are named;
    `prefix` stands before their names. `optional` says that rows without a partner are meant.
    """

    file: str
    to: Literal["people", "households", "jobs", "episodes", "costs", "relatives"] = "people"
    on: Annotated[dict[str, str], BeforeValidator(lambda value: _paired(value))]
    columns: tuple[str, ...] = ()
    prefix: str = ""
    optional: bool = False


def _paired(on: Any) -> Any:
    names: Any = [on] if isinstance(on, str) else on
    if isinstance(names, list | tuple):
        return {name: name for name in cast("Sequence[Any]", names)}
    return names


class SourceRule(MappingPart):
    """``[source]``: how the files are written, as far as it is not to be found out (see `TextFormat`), and which they are.

    `files` names the files of tables, and `join` the files that are joined to them; their paths start from the folder of
    the file that is loaded. `labelled_missing`: what becomes of codes whose labels say that there is no answer ("Don't
    know", "Manquant") and that the file does not declare missing: "ask" refuses them where they would be read as answers,
    "missing" declares them. `more`: what one file format alone has to be told, by the names of its options.
    """

    files: dict[str, str] = {}
    join: tuple[JoinRule, ...] = ()

    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    sheet: str | None = None
    catalogue: str | None = None
    labelled_missing: Literal["ask", "missing"] = "ask"
    more: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_one_format(cls, given: Any) -> Any:
        """As people write it, what one format alone has to be told is a key like any other: its `Option`."""
        if not is_table(given):
            return given
        own = options()
        told = {name: value for name, value in given.items() if name in own}
        for name, value in told.items():
            try:
                told[name] = TypeAdapter(own[name].kind).validate_python(value)
            except ValidationError as error:
                raise ValueError(f"{name}: {'; '.join(each['msg'] for each in error.errors())}") from None
        if "more" in given:
            raise ValueError("more: no such key")
        return {**{name: value for name, value in given.items() if name not in told}, "more": told}


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RatesRule(MappingPart):
    """``[rates]``: one currency for all amounts, and how much of it one unit of each other is worth.

    A rate is a number, or a table by year or month: ``USD = { 2019 = 38.2, "2020-03" = 40.1 }``. The rate of the month is
    taken before that of the year.
    """

    to: str
    rate: dict[str, Rate | dict[str, Rate]]

    @model_validator(mode="before")
    @classmethod
    def _currencies(cls, given: Any) -> Any:
        """As people write it, each currency is a key of its own."""
        if not is_table(given) or "rate" in given:
            return given
        return {
            **({"to": given["to"]} if "to" in given else {}),
            "rate": {key: value for key, value in given.items() if key != "to"},
        }


class SelectionRule(MappingPart):
    """``[[selection]]``: who of a household could be drawn, who was, and the weight that follows.

    `eligible` and `drawn` are expressions on people. The weight of those drawn is `of` times the number eligible over the
    number drawn in their household; it is written to `weight`, which others have from `of`.
    """

    eligible: str
    drawn: str
    of: str = "weight_hh"
    weight: str = "weight_person"


PeriodKind = Literal["week", "month", "season", "12m", "24m", "60m", "lifetime", "other"]
_KINDS: dict[int, PeriodKind] = {1: "month", 3: "season", 12: "12m", 24: "24m", 60: "60m"}


class MappingPeriod(MappingPart):
    """``[reference_period]``: the time the survey speaks of; `end` is the first day after it.

    A rolling period, "the last 12 months", is each person's own: ``months = 12, before = "interview_date"``.
    """

    kind: PeriodKind
    start: dt.date | None = None
    end: dt.date | None = None
    months: Annotated[int, Field(ge=1, le=1200)] | None = None
    before: Literal["interview_date"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_of_months(cls, given: Any) -> Any:
        """What is stated by its length or its days needs no kind."""
        if not is_table(given) or "kind" in given:
            return given
        if not given.get("months") and not given.get("start"):
            return given
        return {**given, "kind": _KINDS.get(given.get("months", 0), "other")}


Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class ReplicatesRule(MappingPart):
    """``[design.replicates]``: the arguments of `fl.Replicates`.

    `columns` lists the columns, or is one name with ``{n}`` in it (``{n:03}``: with three digits), which stands for the
    numbers from 1 to `number`.
    """

    columns: Names
    number: Annotated[int, Field(ge=2, le=10_000)] | None = None
    kind: ReplicateKind = "other"
    scale: float | None = None
    rscales: float | tuple[float, ...] | None = None
    fay: float | None = None
    combined: bool = True
    centre: Centre = "estimate"
    df: float | None = None

    def replicates(self) -> Replicates:
        """Give them in the form that the design takes."""
        pattern = self.columns[0]
        listed = self.number is None or not _SLOTS["n"].search(pattern)
        names = self.columns if listed else [written_for(pattern, str(n + 1)) for n in range(self.number or 0)]
        return Replicates(names, **self.model_dump(exclude={"columns", "number"}))


class PhaseRule(MappingPart):
    """``[design.phase2]``: the 0/1 column of those drawn again, and the strata and units they were drawn in."""

    column: str
    strata: str | None = None
    psu: str | None = None

    def phase(self) -> tuple[str, Design]:
        """Give it in the form that the design takes."""
        return self.column, Design(strata=self.strata, psu=self.psu)


class DesignRule(MappingPart):
    """``[design]``: the arguments of `fl.Design`."""

    weights: str | None = None
    strata: str | None = None
    psu: str | None = None
    stages: tuple[str, ...] = ()
    fpc: Names = ()
    nested: bool = True
    single_psu: SinglePsu = "error"
    single_psu_scope: SinglePsuScope = "sample"
    pps: Pps | None = None
    joint: tuple[tuple[float, ...], ...] | None = None
    hr_sum: float | None = None
    phase2: PhaseRule | None = None
    phase2_variance: Phase2Variance = "full"
    replicates: ReplicatesRule | None = None
    expands: bool | None = None
    unweighted: bool = False
    population_size: float | None = None
    populations: dict[str, dict[str, float]] = {}

    def design(self) -> Design:
        """Give it in the form that estimators take.

        Raises
        ------
        DesignFault
            As `fl.Design` and `fl.Replicates`.
        """
        return Design(
            **self.model_dump(exclude={"phase2", "replicates"}),
            phase2=self.phase2.phase() if self.phase2 else None,
            replicates=self.replicates.replicates() if self.replicates else None,
        )


def is_number(key: str) -> bool:
    """Whether the key of a recode is a number, and so stands for that number in a column of numbers."""
    try:
        float(key)
    except ValueError:
        return False
    return key.strip().lower() not in ("nan", "inf", "-inf", "infinity")
