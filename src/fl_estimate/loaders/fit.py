"""Whether a mapping fits the files it is used with: every name it uses must be there, and none may be used twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from collections.abc import Mapping as Dictionary

from fl_estimate.errors import MappingFault, describe_hidden_columns, listed, may_be_shown, nearest
from fl_estimate.loaders.cells import strange_labels
from fl_estimate.loaders.file_table import FileTable
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import TableRule, VariableRule
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.variables import TABLES, Table


def whole_rule(table: Table, rule: TableRule, columns: Sequence[str]) -> TableRule:
    """Add what goes without saying: a source column whose name is a variable of the schema is that variable."""
    if rule.source is not None:
        return rule
    used = _used(rule)
    named = [name for name in columns if name in table.variables or (table.carries_items and table.variable(name))]
    silent = {name: VariableRule(column=name) for name in named if name not in used and name not in rule.variables}
    return rule.model_copy(update={"variables": {**rule.variables, **silent}})


def left_over(rule: TableRule, columns: Sequence[str]) -> list[str]:
    """The source columns that no variable of the table takes; they keep their names."""
    used = _used(rule)
    return [name for name in columns if name not in used]


def _used(rule: TableRule) -> set[str]:
    """The columns that are taken over as they are; the parts of a key or a date stay beside it."""
    parts = {name for variable in rule.variables.values() for name in variable.columns}
    return {variable.column for variable in rule.variables.values() if variable.column} | (parts & set(rule.variables))


def require_fit(mapping: Mapping, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule]) -> None:
    """Check every name that a mapping uses.

    Raises
    ------
    MappingFault
        FL-MAP-04: the mapping does not fit; lists every column that is not there and every name used twice.
    """
    faults: list[str] = []
    for name, rule in rules.items():
        for part in rule.parts:
            for at in [part.at(slot) for slot in part.slots] or [part]:
                faults += _table_faults(mapping, TABLES[name], at, files, rules)
    faults += _key_faults(rules)
    faults += _design_faults(mapping, files, rules)
    if faults:
        raise not_fitting(faults)


def not_fitting(faults: Iterable[str]) -> MappingFault:
    """Build the error of a mapping that does not fit the file."""
    lines = list(faults)
    return MappingFault(
        "FL-MAP-04",
        "the mapping does not fit the file",
        found="\n    ".join(lines),
        fix="correct the names in the mapping, or take the mapping of this wave of the survey",
    )


def _table_faults(
    mapping: Mapping,
    table: Table,
    rule: TableRule,
    files: Dictionary[str, FileTable],
    rules: Dictionary[str, TableRule],
) -> Iterable[str]:
    file = files[rule.source or table.name]
    columns = file.columns
    hidden = _hidden(columns, rule)
    for name, variable in rule.variables.items():
        absent = [column for column in variable.columns if column not in columns]
        for column in absent:
            yield f"{table.name}.{name}: the file has no column {column!r}{_hint(column, columns, hidden=hidden)}"
        if not absent and (strange := strange_labels(mapping, variable, file)):
            labels = file.value_labels.get(variable.column or "", {})
            yield (
                f"{table.name}.{name}: the recode names {listed(map(repr, strange))}, which is no code and no label; "
                f"labels are: {listed(labels.values(), most=20) or 'none'}"
            )
    kept = left_over(rule, columns) if rule.source is None else []
    for name in [*rule.variables, *rule.derived]:
        if name in kept:
            yield (
                f"{table.name}.{name}: the file has another column of this name, which would be lost; "
                f'map it too, under a name of your own, such as {name}_in_file = "{name}"'
            )
    names, now = _names(table, rule, columns, rules), _renamed(rule)
    if rule.where is not None:
        yield from _absent_names(f"{table.name}.where", rule.where, names, now, hidden)
    for name, text in rule.derived.items():
        yield from _absent_names(f"{table.name}.derived.{name}", text, names, now, hidden)
        names = [*names, name]
    for name, variable in rule.variables.items():
        if variable.no_where is not None:
            yield from _absent_names(f"{table.name}.{name}.no_where", variable.no_where, names, now, hidden)


def _names(table: Table, rule: TableRule, columns: Sequence[str], rules: Dictionary[str, TableRule]) -> list[str]:
    """What expressions of a table may name, before anything is derived."""
    own = [*rule.variables, table.key]
    if rule.source is None:
        return [*own, *left_over(rule, columns)]
    whole = rules[rule.source]
    own += [f"{name}_precision" for name in rule.variables]
    return [*own, *whole.variables, *whole.derived, TABLES[rule.source].key, *columns]


def _absent_names(
    position: str, text: str, names: Sequence[str], now: Dictionary[str, str], hidden: Set[str]
) -> Iterable[str]:
    for name in sorted(parse(text).names - set(names)):
        yield f"{position}: there is no column {name!r}{_hint(name, names, now, hidden)}"


def _hidden(columns: Sequence[str], rule: TableRule) -> set[str]:
    """The columns of a file whose names are not shown: those that look like answers, and all where none is one of the mapping's."""
    return set(columns) - set(may_be_shown(columns, known=_wanted(rule)))


def _wanted(rule: TableRule) -> set[str]:
    return {column for variable in rule.variables.values() for column in variable.columns}


def _renamed(rule: TableRule) -> dict[str, str]:
    """What columns of the file are called once the mapping has taken them."""
    return {variable.column: name for name, variable in rule.variables.items() if variable.column is not None}


def _key_faults(rules: Dictionary[str, TableRule]) -> Iterable[str]:
    """Keys that tables of different files are joined by: a row number cannot stand in for them."""
    own = {name: rule for name, rule in rules.items() if rule.source is None}
    if "households" in own and "hh_id" not in rules["people"].variables:
        yield "people.hh_id: households are joined by it, and it is not mapped"
    for name, rule in own.items():
        for link, other in TABLES[name].links:
            key = TABLES[other].key
            if link in rule.variables and other in own and key not in own[other].variables:
                yield f"{other}.{key}: {name} are joined by it, and it is not mapped"


def _design_faults(
    mapping: Mapping, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule]
) -> Iterable[str]:
    design = mapping.sample_design()
    if design is None:
        return
    names: list[str] = []
    hidden: set[str] = set()
    for table in ("people", "households"):
        if table in rules:
            hidden |= _hidden(files[table].columns, rules[table]) if table in files else set()
            left = left_over(rules[table], files[table].columns) if table in files else []
            names += [*rules[table].variables, *rules[table].derived, *left]
    names += [rule.weight for rule in mapping.selection]
    now = {column: name for table in ("households", "people") if table in rules
           for column, name in _renamed(rules[table]).items()}  # fmt: skip
    for name in design.columns:
        if name not in names:
            yield f"design: people have no column {name!r}{_hint(name, names, now, hidden)}"


def _hint(name: str, names: Sequence[str], now: Dictionary[str, str] = {}, hidden: Set[str] = frozenset()) -> str:
    if now.get(name) in names:
        return f"; the mapping calls it {now[name]!r} now"
    there = [each for each in names if each not in hidden]
    close = nearest(name, there)
    if close:
        return f"; did you mean {close!r}?"
    untold = len(names) - len(there)
    told = [listed(there, most=20)] if there else []
    return f"; there are: {'; '.join([*told, *([describe_hidden_columns(untold)] if untold else [])]) or 'none'}"
