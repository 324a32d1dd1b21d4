"""What is wrong with a mapping once it has its form: names, codes and expressions that cannot be meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from fl_estimate.errors import DesignFault, ExpressionFault, listed, nearest
from fl_estimate.inputs.respondents import require_weights
from fl_estimate.loaders.mapping_form import MappingForm
from fl_estimate.loaders.mapping_parts import LABELS, TableRule, VariableRule, is_number, written_for
from fl_estimate.schema.classifications import CURRENCIES
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.variables import TABLES, Table, Variable

_WHEN = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?")
OWN_NAME = 0.8
"""A name nearer than this (difflib) to a variable of the schema is taken for a slip of the pen, not for a name."""


def faults_of(mapping: MappingForm) -> Iterable[str]:
    """Every fault that shows once the mapping has its form."""
    if "people" not in mapping.tables:
        yield "[people]: it must be given"
    for name, rule in mapping.tables.items():
        for part in rule.parts:
            yield from _table_faults(mapping, TABLES[name], part)
        yield from _origin_faults(mapping, name, rule)
    yield from _file_faults(mapping)
    for name, recode in mapping.recodes.items():
        yield from _recode_faults(f"recodes.{name}", recode)
    yield from _rate_faults(mapping)
    yield from _selection_faults(mapping)
    yield from _period_faults(mapping)
    replicates = mapping.design.replicates if mapping.design else None
    if replicates is not None and (replicates.number is not None) != ("{n" in replicates.columns[0]):
        yield 'design.replicates: number goes with {n} in one name of columns, such as columns = "rw{n:03}" and number = 80'
        return
    try:
        design = mapping.sample_design()
        if design is not None:
            require_weights(design)
    except DesignFault as error:
        yield f"design: {error.what} ({error.found}); {error.fix}"


def _period_faults(mapping: MappingForm) -> Iterable[str]:
    period = mapping.reference_period
    if period is None:
        return
    if period.start and period.end and period.end <= period.start:
        yield "reference_period: end is the first day after the period, so it is later than start"
    if (period.months is None) != (period.before is None):
        yield 'reference_period: months goes with before, as in months = 12 and before = "interview_date"'
    if period.months and (period.start or period.end):
        yield "reference_period: a period of each person has months and before, and no start and end"
    people = mapping.tables.get("people")
    mapped = people is None or period.before is None or period.before in people.variables
    if not mapped:
        yield f"reference_period: before names {period.before}, which [people] does not map"


_TAKEN: dict[str, tuple[str, ...]] = {
    "people": ("relatives", "episodes", "jobs"),
    "jobs": ("people", "relatives"),
    "episodes": ("people", "relatives"),
    "relatives": ("people",),
    "costs": ("people", "episodes"),
}
"""From the rows of which other table each table can be taken."""


def _origin_faults(mapping: MappingForm, name: str, rule: TableRule) -> Iterable[str]:
    """Whether the rows of a table can come from where its rules say."""
    for part in rule.parts:
        if part.source is None:
            continue
        allowed = _TAKEN.get(name, ())
        if part.source not in allowed:
            listed_tables = " or ".join(allowed)
            yield f"{name}.from: {name} can be taken from the rows of {listed_tables or 'no other table'} only"
        elif part.source not in mapping.tables:
            yield f"{name}.from: there is no [{part.source}] to take rows from"
        elif mapping.tables[part.source].source is not None:
            root = mapping.tables[part.source].source
            yield f'{name}.from: {part.source} have no file of their own, they are from = "{root}"; write from = "{root}"'
    if rule.also and any(part.source is None for part in rule.parts):
        yield f'[[{name}]]: of several parts each is taken from the rows of another table; write from = "people"'
    if rule.also and name == "people":
        yield "[[people]]: people are one part"
    if name == "people" and rule.source in _TAKEN["people"]:
        link = "reported_by" if rule.source == "relatives" else "person_id"
        whole = {**mapping.tables.get(rule.source, TableRule()).variables, **rule.variables}
        if not {"person_id", link} & set(whole):
            yield f"people.person_id: it must be given, for rows of {rule.source} are told apart by it"


def _file_faults(mapping: MappingForm) -> Iterable[str]:
    """Whether the files that [source] names are those of tables that have one."""
    own = [name for name, rule in mapping.tables.items() if rule.source is None]
    for name in mapping.source.files:
        if name not in own:
            close = nearest(name, own)
            yield f"source.files.{name}: no table of this name has a file of its own{f'; did you mean {close!r}?' if close else ''}"
    for position, rule in enumerate(mapping.source.join, 1):
        if rule.to not in own:
            yield f"source.join[{position}].to: {rule.to} have no file of their own; there are: {listed(own)}"
        if not rule.on:
            yield f"source.join[{position}].on: the key columns must be given"


def _rate_faults(mapping: MappingForm) -> Iterable[str]:
    rates = mapping.rates
    if rates is None:
        return
    if rates.to in rates.rate:
        yield f"rates.{rates.to}: a currency is worth one of itself"
    strange = [name for name in (rates.to, *rates.rate) if name not in CURRENCIES]
    if strange:
        yield f"rates: {listed(map(repr, strange))} is no code of ISO 4217"
    for name, dated in rates.rate.items():
        for when in dated if isinstance(dated, dict) else ():
            if not _WHEN.fullmatch(when):
                yield f'rates.{name}.{when}: a year such as 2019, or a month such as "2019-03"'


def _selection_faults(mapping: MappingForm) -> Iterable[str]:
    for position, rule in enumerate(mapping.selection, 1):
        for key in ("eligible", "drawn"):
            yield from _expression_faults(f"selection[{position}].{key}", getattr(rule, key), None)
        people = mapping.tables.get("people")
        if people is not None and rule.weight in people.variables:
            yield f"selection[{position}].weight: {rule.weight} is mapped from the file; map it, or compute it, not both"
    if len({rule.weight for rule in mapping.selection}) > 1:
        yield "selection: all groups write the same weight"


def _table_faults(mapping: MappingForm, table: Table, rule: TableRule) -> Iterable[str]:
    for name, variable in rule.variables.items():
        yield from _name_faults(table, name, own=variable.own)
        yield from _code_faults(mapping, table, name, variable)
        yield from _source_faults(table, name, variable)
        if isinstance(variable.recode, str) and variable.recode not in (*mapping.recodes, LABELS):
            close = nearest(variable.recode, list(mapping.recodes))
            hint = (
                f"; did you mean {close!r}?" if close else f"; there are: {listed(mapping.recodes, most=20) or 'none'}"
            )
            yield f"{table.name}.{name}: there is no recode {variable.recode!r}{hint}"
        elif isinstance(variable.recode, dict):
            yield from _recode_faults(f"{table.name}.{name}", variable.recode)
        if variable.otherwise is not None and variable.recode is None:
            yield f"{table.name}.{name}: else needs a recode"
    yield from _repeat_faults(table, rule)
    for name, text in [*rule.derived.items(), *([("where", rule.where)] if rule.where is not None else [])]:
        if name in rule.variables:
            yield f"{table.name}.derived.{name}: the name is also that of a mapped variable"
        if name != "where":
            yield from _kind_faults(f"{table.name}.derived.{name}", table.variable(name), written_for_first(text, rule))
        yield from _expression_faults(f"{table.name}.{'derived.' if name != 'where' else ''}{name}", text, rule)
    if table.name == "costs" and rule.source == "people" and "episode_id" not in rule.variables:
        episodes = mapping.tables.get("episodes")
        known = episodes is not None and "episode_id" not in episodes.variables
        if not known or (episodes is not None and episodes.slots and rule.of != "episodes"):
            yield (
                "costs.episode_id: it must be given, unless each person has one episode from the same row, or the costs are "
                'of = "episodes" that are repeated in the row'
            )
    if rule.unit is not None and table.name != "people":
        yield f"{table.name}.unit: what a row is, [people] says; tables and headlines count these"
    if rule.where is not None and table.name == "people":
        yield "people.where: people are never left out when loading; use where= of an estimate"


def _source_faults(table: Table, name: str, rule: VariableRule) -> Iterable[str]:
    """Whether a variable has one source, and the parts that go with it."""
    where, known = f"{table.name}.{name}", table.variable(name)
    if rule.sources != 1:
        yield f"{where}: one of column, value, join and year must be given"
    if ((rule.month or rule.day) and not rule.year) or (rule.day and not rule.month):
        yield f"{where}: a day needs its month, and a month its year"
    is_date = known is not None and known.kind == "date"
    if (rule.year or rule.format) and not is_date:
        yield f"{where}: year, month, day and format are for dates"
    if rule.recode is not None and (is_date or rule.column is None):
        yield f"{where}: only a column of codes can be recoded"
    if rule.several and rule.recode in (None, LABELS):
        yield f"{where}: several codes need a recode"
    if rule.times is not None and (known is None or known.kind not in ("number", "whole", "weight")):
        yield f"{where}: times is for amounts, hours and other numbers"
    if rule.value is not None and known is not None and known.codes is not None:
        allowed = [str(code) for code in known.codes]
        if str(rule.value) not in allowed and "{n" not in str(rule.value):
            yield f"{where}: the value is not in the code list; codes are {listed(allowed, most=20)}"
    if rule.no_where is not None:
        if known is None or known.codes is None or "no" not in known.codes:
            yield f"{where}: no_where is for answers that can be no"
        yield from _expression_faults(f"{where}.no_where", rule.no_where, None)


def _repeat_faults(table: Table, rule: TableRule) -> Iterable[str]:
    if rule.holds("e") and rule.of != "episodes":
        yield f'{table.name}: {{e}} needs of = "episodes"'
    if rule.of == "episodes":
        if table.name != "costs" or rule.source is None or not rule.within:
            yield f'{table.name}.of: only costs from = "people" can be of = "episodes", which need repeat and from = "people" too'
        elif not rule.holds("e"):
            yield f"{table.name}.of: {{e}} must stand in the name of a column"
    if rule.repeat is None:
        if rule.holds("n"):
            yield f'{table.name}: {{n}} needs repeat, such as repeat = 3 or repeat = ["a", "b"]'
    elif rule.source is None:
        yield f'{table.name}.repeat: rows are repeated from another table; write from = "people"'
    elif not rule.own_slots or len(set(rule.own_slots)) < len(rule.own_slots):
        yield f"{table.name}.repeat: texts, each another"
    elif not rule.holds("n"):
        yield f"{table.name}.repeat: {{n}} must stand in the name of a column"
    if rule.of == "relatives" and (
        rule.source is None or "relatives" in (table.name,) or "relative_id" not in table.variables
    ):
        yield f'{table.name}.of: only jobs and episodes from = "people" can be those of relatives'


def _kind_faults(where: str, known: Variable | None, text: str) -> Iterable[str]:
    """Whether a derived column is of the kind that the variable of its name has, as far as its text says."""
    if known is None:
        return
    try:
        gives_text = parse(text).gives_text
    except ExpressionFault:
        return  # told on its own
    if gives_text is True and (known.is_numeric or known.kind == "date"):
        yield f"{where}: it gives texts, and {known.name} holds {'dates' if known.kind == 'date' else 'numbers'}"
    elif gives_text is False and not known.is_numeric and known.kind != "date":
        yield f"{where}: it gives numbers, and {known.name} holds text"


def written_for_first(text: str, rule: TableRule | None) -> str:
    """Write an expression for the first slot of its table, so that it can be read."""
    slot = rule.own_slots[0] if rule is not None and rule.own_slots else "1"
    return written_for(written_for(text, slot), "1", "e")


def _expression_faults(where: str, text: str, rule: TableRule | None) -> Iterable[str]:
    try:
        parse(written_for_first(text, rule))
    except ExpressionFault as error:
        yield f"{where}: {error.what} ({error.found})"


def _name_faults(table: Table, name: str, *, own: bool) -> Iterable[str]:
    if own or table.variable(name) is not None:
        return
    if not table.carries_items and TABLES["jobs"].variable(name) is not None and TABLES["jobs"].carries_items:
        yield f'{table.name}.{name}: this stands in [jobs] or [episodes]; write [jobs] with from = "people"'
        return
    close = _slip(name, list(table.variables))
    if close:
        yield f"{table.name}.{name}: no such variable; did you mean {close!r}? (a name of your own: add own = true)"


def _code_faults(mapping: MappingForm, table: Table, name: str, rule: VariableRule) -> Iterable[str]:
    """Codes that a recode writes and the schema does not have."""
    variable = table.variable(name)
    recode = (mapping.recodes.get(rule.recode) if isinstance(rule.recode, str) else rule.recode) or {}
    written = [*recode.values(), *([rule.otherwise] if rule.otherwise is not None else [])]
    if variable is not None and variable.is_numeric and rule.recode == LABELS:
        yield f"{table.name}.{name}: labels are texts, and the variable holds numbers; give the labels a name of your own"
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
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=OWN_NAME)), "")


def _recode_faults(where: str, recode: dict[str, str | int]) -> Iterable[str]:
    if not recode:
        yield f"{where}: the recode is empty"
    numbers = [float(key) for key in recode if is_number(key)]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        yield f"{where}: the same code is written twice: {listed(f'{number:g}' for number in twice)}"
