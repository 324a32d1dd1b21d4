"""Mappings: how the columns of an office's file fill the common schema, written in TOML and read into a value.

Reading checks everything that can be known without the file, and reports all faults at once. What a mapping does
to a file is in `loaders.tables`.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fl_estimate.errors import DesignFault, ExpressionFault, MappingFault, listed, nearest
from fl_estimate.inputs.sample_design import Design, SinglePsu
from fl_estimate.inputs.survey_data import ReferencePeriod
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.variables import TABLES, Table

ANSWER_KEYS: tuple[str, ...] = ("null", "missing")
"""Words on the left of a recode: a blank or system-missing cell, and a declared missing value that is not named."""
OF_PEOPLE: tuple[str, ...] = ("jobs", "episodes", "relatives")
OWN_NAME = 0.8
"""A name nearer than this (difflib) to a variable of the schema is taken for a slip of the pen, not for a name."""

Code = str | int


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _recode(value: Any) -> Any:
    """Keys of TOML are texts; those of a dictionary in Python may be numbers."""
    return {_key(key): code for key, code in value.items()} if isinstance(value, Dictionary) else value


def _key(key: object) -> str:
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)


Recode = Annotated[dict[str, Code], BeforeValidator(_recode)]


class VariableRule(_Strict):
    """One variable: its source column, and how its codes are written in the schema.

    `recode` is a table of codes or the name of one in ``[recodes]``; ``else`` is for values that it does not list.
    `missing` lists codes to be treated as if the file declared them missing. `own` says that the name is the
    user's own although it looks like one of the schema.
    """

    column: str
    recode: str | Recode | None = None
    otherwise: Code | None = Field(default=None, alias="else")
    missing: tuple[Code, ...] = ()
    own: bool = False


def _variables(value: Any) -> Any:
    if not isinstance(value, Dictionary):
        return value
    return {name: {"column": rule} if isinstance(rule, str) else rule for name, rule in value.items()}


class TableRule(_Strict):
    """One table: its variables, what is derived from them, and the table of the same file that it is taken from."""

    variables: Annotated[dict[str, VariableRule], BeforeValidator(_variables)] = {}
    derived: dict[str, str] = {}
    source: Literal["people"] | None = None
    where: str | None = None


class SourceRule(_Strict):
    """``[source]``: how the files are written, as far as it is not to be found out; see `TextFormat`."""

    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    sheet: str | None = None
    catalogue: str | None = None


class PeriodRule(_Strict):
    """``[reference_period]``: the time the survey speaks of; `end` is the first day after it."""

    kind: Literal["week", "month", "season", "12m", "24m", "60m", "lifetime", "other"]
    start: dt.date | None = None
    end: dt.date | None = None


class DesignRule(_Strict):
    """``[design]``: the arguments of `fl.Design`."""

    weights: str | None = None
    strata: str | None = None
    psu: str | None = None
    stages: tuple[str, ...] = ()
    fpc: Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)] = ()
    nested: bool = True
    single_psu: SinglePsu = "error"


class Mapping(_Strict):
    """How the files of one survey fill the common schema.

    Attributes
    ----------
    id, title : str
    kind : {"household", "returning_migrant", "family_network", "establishment", "admin"}
    country : str
        ISO 3166-1 alpha-2.
    population : str
        Whom the survey speaks of, in words.
    licence, citation : str
    reference_period : PeriodRule, optional
    source : SourceRule
    design : DesignRule, optional
    recodes : dict of str to dict
        Named recodes: code in the file → code in the schema.
    tables : dict of str to TableRule
        One rule for each table that is filled.
    """

    id: str
    title: str = ""
    kind: Literal["household", "returning_migrant", "family_network", "establishment", "admin"] = "household"
    country: str = ""
    population: str = ""
    licence: str = ""
    citation: str = ""
    reference_period: PeriodRule | None = None
    source: SourceRule = SourceRule()
    design: DesignRule | None = None
    recodes: dict[str, Recode] = {}
    tables: dict[str, TableRule]

    @classmethod
    def read(cls, mapping: str | Path | Dictionary[str, Any] | Mapping) -> Self | Mapping:
        """Read a mapping and check all of it that can be checked without the file.

        Parameters
        ----------
        mapping : str, Path, dict or Mapping
            Path of a TOML file, id of a bundled mapping (``"ene2020"``), or the mapping as nested dictionaries.

        Returns
        -------
        Mapping

        Raises
        ------
        MappingFault
            FL-MAP-01 (not TOML), FL-MAP-02 (no such file or id), FL-MAP-03 (the mapping is broken; lists all faults).

        Examples
        --------
        >>> Mapping.read("ene2020").design.weights
        'weight_person'
        """
        if isinstance(mapping, Mapping):
            return mapping
        where, content = ("the mapping", mapping) if isinstance(mapping, Dictionary) else _content(mapping)
        faults: list[str] = []
        shaped = _shaped(content, faults)
        read = _validated(cls, shaped, faults)
        if read is not None:
            faults += _faults(read)
            if not faults:
                return read
        faults = list(dict.fromkeys(faults))
        raise MappingFault(
            "FL-MAP-03",
            "the mapping is broken",
            found="\n    ".join([f"{where}, faults: {len(faults)}", *faults]),
            fix="correct the lines named; the docs page on mappings shows each part",
        )

    def recode_of(self, rule: VariableRule) -> dict[str, Code] | None:
        """Give the codes of a variable, whether written with it or by name."""
        return self.recodes[rule.recode] if isinstance(rule.recode, str) else rule.recode

    def text_format(self) -> TextFormat:
        """Say how the files are written."""
        return TextFormat(**self.source.model_dump())

    def sample_design(self) -> Design | None:
        """Give the design in the form that estimators take."""
        return Design(**self.design.model_dump()) if self.design else None

    def period(self) -> ReferencePeriod | None:
        """Give the reference period in the form that results take."""
        rule = self.reference_period
        return ReferencePeriod(kind=rule.kind, start=rule.start, end=rule.end) if rule else None


def bundled() -> list[str]:
    """The ids of the mappings that come with the package."""
    folder = files("fl_estimate.loaders").joinpath("mappings")
    return sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))


def _content(mapping: str | Path) -> tuple[str, Dictionary[str, Any]]:
    path = Path(mapping)
    if path.is_file():
        raw = path.read_bytes()
    elif str(mapping) in bundled():
        raw = files("fl_estimate.loaders").joinpath("mappings", f"{mapping}.toml").read_bytes()
    else:
        close = nearest(str(mapping), bundled())
        raise MappingFault(
            "FL-MAP-02",
            "there is no such mapping",
            found=str(mapping),
            fix=(f"did you mean {close!r}? " if close else "") + f"a path, or one of: {listed(bundled(), most=20)}",
        )
    try:
        return path.name, tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise MappingFault(
            "FL-MAP-01",
            "the mapping is not valid TOML",
            found=f"{path.name}: {why}",
            fix="texts stand in quotes, one key = value a line; a key other than letters, digits, - and _ needs quotes",
        ) from None


def _shaped(content: Dictionary[str, Any], faults: list[str]) -> dict[str, Any]:
    """Bring the form that people write ([people] sex = …) into the form of the model (tables, variables)."""
    shaped = {key: value for key, value in content.items() if key not in TABLES}
    for key in [key for key in shaped if key not in Mapping.model_fields or key == "tables"]:
        close = nearest(key, [*Mapping.model_fields, *TABLES])
        faults.append(f"[{key}]: no such part{f'; did you mean {close!r}?' if close else ''}")
        del shaped[key]
    tables: dict[str, Any] = {}
    for name in TABLES:
        rule = content.get(name)
        if isinstance(rule, Dictionary):
            variables = {key: value for key, value in rule.items() if key not in ("derived", "from", "where")}
            special = {"derived": rule.get("derived", {}), "source": rule.get("from"), "where": rule.get("where")}
            tables[name] = {"variables": variables, **special}
        elif rule is not None:
            faults.append(f"{name}: a table is needed here, written [{name}]")
    return {**shaped, "tables": tables}


def _validated(model: type[Mapping], shaped: dict[str, Any], faults: list[str]) -> Mapping | None:
    """Validate the form; each broken part is named and taken out, so that faults elsewhere are named as well."""
    while True:
        try:
            return model.model_validate(shaped)
        except ValidationError as error:
            taken_out = False
            for each in error.errors():
                faults.append(_said(each["loc"], each["type"], each["msg"]))
                taken_out |= _take_out(shaped, each["loc"], absent=each["type"] == "missing")
            if not taken_out:
                return None


_WORDS = {"missing": "it must be given", "extra_forbidden": "no such key"}


def _said(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """Write a fault that pydantic found under the names that the user wrote."""
    names = ["from" if part == "source" and "tables" in place else part for part in _written(place)]
    if "recode" in names:
        names, message = names[: names.index("recode") + 1], 'the name of a recode, or codes such as { 1 = "yes" }'
    close = nearest(names[-1], _NEIGHBOURS) if kind == "extra_forbidden" else ""
    return f"{'.'.join(names)}: {_WORDS.get(kind, message)}{f'; did you mean {close!r}?' if close else ''}"


def _written(place: tuple[int | str, ...]) -> list[str]:
    """The keys of a place that stand in the file: not our own levels, nor pydantic's names of types."""
    return [str(part) for part in place if part not in ("tables", "variables") and not _names_a_type(part)]


def _take_out(shaped: dict[str, Any], place: tuple[int | str, ...], *, absent: bool) -> bool:
    """Delete the part that a fault is in; where a key is absent, the part that should have it."""
    if absent and len(place) == 1:
        shaped[str(place[0])] = "-"
        return True
    at: Any = shaped
    parents: list[tuple[dict[str, Any], str]] = []
    for part in (part for part in place if not _names_a_type(part)):
        if not isinstance(at, dict):
            break
        if part not in at:
            if absent and parents:
                break
            return False  # taken out already, for another fault
        parents.append((at, str(part)))
        at = at[part]
    parent, key = parents[-1]
    del parent[key]
    return True


def _names_a_type(part: int | str) -> bool:
    return part in ("str", "int") or str(part).startswith("function-before")


_NEIGHBOURS = [
    *("column", "recode", "else", "missing", "own"),
    *(key for rule in (SourceRule, PeriodRule, DesignRule) for key in rule.model_fields),
]


def _faults(mapping: Mapping) -> Iterable[str]:
    """Every fault that shows once the mapping has its form."""
    if "people" not in mapping.tables:
        yield "[people]: it must be given"
    for name, rule in mapping.tables.items():
        yield from _table_faults(mapping, TABLES[name], rule)
    for name, recode in mapping.recodes.items():
        yield from _recode_faults(f"recodes.{name}", recode)
    period = mapping.reference_period
    if period and period.start and period.end and period.end <= period.start:
        yield "reference_period: end is the first day after the period, so it is later than start"
    try:
        mapping.sample_design()
    except DesignFault as error:
        yield f"design: {error.what} ({error.found})"


def _table_faults(mapping: Mapping, table: Table, rule: TableRule) -> Iterable[str]:
    for name, variable in rule.variables.items():
        yield from _name_faults(table, name, own=variable.own)
        yield from _code_faults(mapping, table, name, variable)
        if isinstance(variable.recode, str) and variable.recode not in mapping.recodes:
            close = nearest(variable.recode, list(mapping.recodes))
            hint = (
                f"; did you mean {close!r}?" if close else f"; there are: {listed(mapping.recodes, most=20) or 'none'}"
            )
            yield f"{table.name}.{name}: there is no recode {variable.recode!r}{hint}"
        elif isinstance(variable.recode, dict):
            yield from _recode_faults(f"{table.name}.{name}", variable.recode)
        if variable.otherwise is not None and variable.recode is None:
            yield f"{table.name}.{name}: else needs a recode"
    for name, text in [*rule.derived.items(), *([("where", rule.where)] if rule.where is not None else [])]:
        if name in rule.variables:
            yield f"{table.name}.derived.{name}: the name is also that of a mapped variable"
        known = table.variable(name)
        if known is not None and not known.is_numeric:
            yield f"{table.name}.derived.{name}: derived columns are numbers, and {name} holds text"
        try:
            parse(text)
        except ExpressionFault as error:
            yield f"{table.name}.{'derived.' if name != 'where' else ''}{name}: {error.what} ({error.found})"
    if rule.source is not None and table.name not in OF_PEOPLE:
        yield f"{table.name}.from: only {', '.join(OF_PEOPLE)} can be taken from the rows of people"
    if rule.where is not None and table.name == "people":
        yield "people.where: people are never left out when loading; use where= of an estimate"


def _name_faults(table: Table, name: str, *, own: bool) -> Iterable[str]:
    if own or table.variable(name) is not None:
        return
    if not table.carries_items and TABLES["jobs"].variable(name) is not None and TABLES["jobs"].carries_items:
        yield f'{table.name}.{name}: this stands in [jobs] or [episodes]; write [jobs] with from = "people"'
        return
    close = _slip(name, list(table.variables))
    if close:
        yield f"{table.name}.{name}: no such variable; did you mean {close!r}? (a name of your own: add own = true)"


def _code_faults(mapping: Mapping, table: Table, name: str, rule: VariableRule) -> Iterable[str]:
    """Codes that a recode writes and the schema does not have."""
    variable = table.variable(name)
    recode = (mapping.recodes.get(rule.recode) if isinstance(rule.recode, str) else rule.recode) or {}
    written = [*recode.values(), *([rule.otherwise] if rule.otherwise is not None else [])]
    if variable is None or not written:
        return
    if variable.is_numeric and not all(is_number(str(code)) for code in written):
        yield f"{table.name}.{name}: the recode writes texts, and the variable holds numbers"
    elif variable.codes is not None:
        allowed = [str(code) for code in variable.codes]
        strange = sorted({str(code) for code in written} - set(allowed))
        if strange:
            yield f"{table.name}.{name}: the recode writes {listed(strange)}; codes are {listed(allowed, most=20)}"


def _slip(name: str, known: list[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=OWN_NAME)), "")


def _recode_faults(where: str, recode: dict[str, Code]) -> Iterable[str]:
    if not recode:
        yield f"{where}: the recode is empty"
    numbers = [float(key) for key in recode if is_number(key)]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        yield f"{where}: the same code is written twice: {listed(f'{number:g}' for number in twice)}"


def is_number(key: str) -> bool:
    """Whether the key of a recode is a number, and so stands for that number in a column of numbers."""
    try:
        float(key)
    except ValueError:
        return False
    return key.strip().lower() not in ("nan", "inf", "-inf", "infinity")
