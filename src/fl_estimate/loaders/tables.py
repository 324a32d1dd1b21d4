"""One file through one mapping: columns renamed, recoded, given the kinds of the schema, and derived.

Everything is a polars expression, so that a Parquet file stays lazy. What a cell cannot be (a code that a recode
does not list, a fraction where a whole number is needed) becomes a mask beside the table, for the one report.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import ExpressionFault
from fl_estimate.loaders.cells import cell_of
from fl_estimate.loaders.file_table import KIND, FileTable
from fl_estimate.loaders.fit import left_over, not_fitting
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import TableRule
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.rules import Check, CheckedRows, find
from fl_estimate.schema.validate import Fault, Severity
from fl_estimate.schema.variables import TABLES, Table

if TYPE_CHECKING:
    import polars as pl

ROW = "__row__"
"""Column of row numbers, from 0, while a file is being loaded."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A table that a mapping filled, with row numbers and the masks of its checks still beside its columns."""

    table: Table
    frame: pl.LazyFrame
    columns: tuple[str, ...]
    checks: tuple[Check, ...]
    key_is_mapped: bool
    n_rows: int | None

    def in_memory(self) -> Filled:
        """Compute the table once, so that its checks do not compute it again."""
        return replace(self, frame=self.frame.collect().lazy())


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one row of a file gives to one table: the whole rule, or that of one slot; `owner` is the slot of its episode.

    `part` marks the pieces of further rules of a table, so that their rows have keys of their own.
    """

    table: Table
    rule: TableRule
    slot: str | None = None
    owner: str | None = None
    filled_by: tuple[str, ...] = ()
    part: str = ""

    @property
    def id(self) -> str:
        return "\0".join([self.table.name, *([self.part] if self.part else []), *([self.slot] if self.slot else [])])


def pieces_of(table: Table, rule: TableRule) -> list[Piece]:
    """Cut the rules of a table into their slots; a slot whose columns are all empty makes no row, unless `where` decides."""
    first, *further = rule.parts
    pieces = _slots_of(table, first)
    for position, part in enumerate(further):
        mark = string.ascii_lowercase[position + 1] if position < 25 else f"part{position + 2}"
        pieces += [replace(piece, part=mark) for piece in _slots_of(table, part)]
    return pieces


def _slots_of(table: Table, rule: TableRule) -> list[Piece]:
    if not rule.slots:
        return [Piece(table=table, rule=rule)]
    columns = {name for variable in rule.variables.values() for name in variable.columns}
    found: list[Piece] = []
    for slot in rule.slots:
        at = rule.at(slot)
        filled = sorted({name for variable in at.variables.values() for name in variable.columns} - columns)
        filled_by = () if rule.where else tuple(filled)
        found.append(Piece(table=table, rule=at, slot=slot, owner=rule.owner_of(slot), filled_by=filled_by))
    return found


@dataclass(frozen=True, kw_only=True)
class _Flag:
    """A Boolean column that says where one rule on one variable is broken: `column` in the wide frame, `plain` in its table."""

    piece: Piece
    variable: str
    rule: str
    value_class: str
    severity: Severity = "error"

    @property
    def plain(self) -> str:
        return f"{self.piece.table.name}\0{self.variable}\0{self.rule}"

    @property
    def column(self) -> str:
        alone = self.piece.slot is None and not self.piece.part
        return self.plain if alone else f"{self.plain}\0{self.piece.id}"

    def check(self) -> Check:
        return Check(
            variable=self.variable,
            rule=self.rule,
            value_class=self.value_class,
            broken=nw.col(self.plain),
            severity=self.severity,
        )


@dataclass(frozen=True, kw_only=True)
class Wide:
    """The rows of one file with the variables of every table that is taken from them, still side by side."""

    frame: pl.LazyFrame
    names: dict[str, dict[str, str]]
    flags: dict[str, list[_Flag]]


def widen(mapping: Mapping, file: FileTable, pieces: Sequence[Piece]) -> Wide:
    """Write the variables of all tables that one file fills beside its own columns.

    Parameters
    ----------
    mapping : Mapping
    file : FileTable
    pieces : sequence of Piece
        The table that is the file's own first; its variables take the place of columns of the same name.
    """
    import polars as pl

    raw = file.frame.lazy().with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    schema = raw.collect_schema()
    texts = [name for name in file.columns if schema[name] == pl.String]
    raw = raw.with_columns(pl.col(texts).replace("", None))
    names: dict[str, dict[str, str]] = {}
    flags: dict[str, list[_Flag]] = {}
    columns: list[pl.Expr] = []
    for position, piece in enumerate(pieces):
        named = names[piece.id] = {}
        flags[piece.id] = []

        def inner(name: str, first: bool = position == 0, of: str = piece.id) -> str:
            return name if first else f"{of}\0{name}"

        for name, rule in piece.rule.variables.items():
            cell = cell_of(mapping, rule, piece.table.variable(name), file)
            for each, value in {name: cell.value, **cell.beside}.items():
                if each == name or each not in piece.rule.variables:
                    named[each] = inner(each)
                    columns.append(value.alias(named[each]))
            for mask in cell.masks:
                flag = _Flag(piece=piece, variable=name, rule=mask.rule, value_class=mask.value_class)
                columns.append(mask.broken.fill_null(False).alias(flag.column))
                flags[piece.id].append(flag)
        if piece.table.key not in piece.rule.variables:
            named[piece.table.key] = inner(piece.table.key)
            columns.append(_row_key(piece.slot, piece.part).alias(named[piece.table.key]))
        if piece.filled_by:
            there = [name for of in piece.filled_by for name in (of, of + KIND) if name in schema]
            columns.append(pl.any_horizontal(pl.col(there).is_not_null()).alias(f"{piece.id}\0filled"))
    frame = raw.with_columns(columns)
    for piece, name, text in _skipped(pieces):
        flag = _Flag(piece=piece, variable=name, **_ANSWERED_ALL_THE_SAME)
        frame = _with_no_where(frame, flag, text, names[piece.id][name])
        flags[piece.id].append(flag)
    return Wide(frame=frame, names=names, flags=flags)


_ANSWERED_ALL_THE_SAME: dict[str, Any] = {
    "rule": "asked only if its filter says so",
    "value_class": "answered where the filter says no",
    "severity": "warning",
}


def _row_key(slot: str | None, part: str = "") -> pl.Expr:
    import polars as pl

    row = (pl.col(ROW) + 1).cast(pl.String)
    ending = "-".join(each for each in (part, slot) if each)
    return row + f"-{ending}" if ending else row


def _skipped(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, str, str]]:
    """The variables that have a filter question, with the expression that says where it rules them out."""
    for piece in pieces:
        for name, rule in piece.rule.variables.items():
            if rule.no_where is not None:
                yield piece, name, rule.no_where


def _with_no_where(frame: pl.LazyFrame, flag: _Flag, text: str, column: str) -> pl.LazyFrame:
    """Turn an answer that was not asked into no where the filter is true; it may name columns of the file and of people."""
    import polars as pl

    narwhal = nw.from_native(frame)
    try:
        is_true, _ = parse(text).truth(narwhal.collect_schema())
    except ExpressionFault as error:
        where = f"{flag.piece.table.name}.{flag.variable}.no_where"
        raise not_fitting([f"{where}: {error.what} ({error.found})"]) from None
    with_flag = narwhal.with_columns(is_true.alias(flag.column)).to_native()
    answer, ruled_out = pl.col(column), pl.col(flag.column)
    unasked = answer.is_null() | (answer == "not_asked")
    return with_flag.with_columns(
        pl.when(ruled_out & unasked).then(pl.lit("no")).otherwise(answer).alias(column),
        (ruled_out & ~unasked & (answer != "no")).alias(flag.column),
    )


def own_table(wide: Wide, file: FileTable, piece: Piece) -> Filled:
    """Take the table out of a wide frame whose file is its own; what the mapping leaves keeps its name."""
    table, rule = piece.table, piece.rule
    frame = derive(wide.frame, table.name, rule)
    if rule.where is not None:
        frame = _filtered(frame, table.name, rule.where)
    variables = list(wide.names[piece.id])
    variables.sort(key=lambda name: name != table.key)
    there = set(file.frame.collect_schema().names())
    kept = [
        each
        for name in left_over(rule, file.columns)
        if name not in variables
        for each in (name, name + KIND)
        if each in there
    ]
    return Filled(
        table=table,
        frame=frame,
        columns=(*variables, *kept, *rule.derived),
        checks=tuple(flag.check() for flag in wide.flags[piece.id]),
        key_is_mapped=table.key in rule.variables,
        n_rows=file.source.n_rows,
    )


def taken_table(wide: Wide, people: Filled, pieces: Sequence[Piece]) -> Filled:
    """Take a table out of the rows of another (people, mostly): of each slot the rows where its condition holds."""
    import polars as pl

    parts = [_taken_piece(wide, people, piece) for piece in pieces]
    if len(parts) == 1:
        return parts[0]
    # A column of the file that is empty is text, and is checked in other ways than the numbers of the other slots.
    frame = pl.concat([part.frame for part in parts], how="diagonal_relaxed").sort(ROW, maintain_order=True)
    checks = {(check.variable, check.rule): check for part in parts for check in part.checks}
    flags = [flag.plain for piece in pieces for flag in wide.flags[piece.id]]
    return replace(
        parts[0],
        frame=frame.with_columns(pl.col(flag).fill_null(False) for flag in dict.fromkeys(flags)),
        columns=tuple(dict.fromkeys(name for part in parts for name in part.columns)),
        checks=tuple(checks.values()),
    )


def _taken_piece(wide: Wide, people: Filled, piece: Piece) -> Filled:
    import polars as pl

    table, rule, frame = piece.table, piece.rule, people.frame
    if rule.where is not None:
        frame = _filtered(frame, table.name, rule.where)
    elif piece.filled_by:
        frame = frame.filter(pl.col(f"{piece.id}\0filled"))
    own = dict(wide.names[piece.id])
    owner = next((name for name in ("person_id", "reported_by", "episode_id") if name in table.variables), "")
    made: list[pl.Expr] = []
    if rule.of == "relatives" or (rule.source == "relatives" and "relative_id" in table.variables):
        owner = "relative_id"
        if "person_id" not in own:  # the row is about the relative, whoever told of them
            made.append(pl.lit(None, dtype=pl.String).alias("person_id"))
    if table.name == "people" and table.key not in rule.variables:
        own[table.key] = "reported_by" if rule.source == "relatives" else "person_id"
    if owner not in own:
        if owner in ("person_id", "reported_by"):
            own[owner] = "person_id"
        elif rule.source is not None and owner == TABLES[rule.source].key:
            own[owner] = owner
        else:
            made.append(_row_key(piece.slot if owner == "relative_id" else piece.owner).alias(owner))
    names = [*own, *(expression.meta.output_name() for expression in made)]
    # what belongs to a table or slot alone has a null in its name
    rest = [name for name in frame.collect_schema().names() if "\0" not in name and name not in names]
    frame = frame.select(
        *rest,
        *(pl.col(inner).alias(name) for name, inner in own.items()),
        *made,
        *(pl.col(flag.column).alias(flag.plain) for flag in wide.flags[piece.id]),
    )
    frame = derive(frame, table.name, rule)
    if owner == "relative_id" and "person_id" not in own:
        names.remove("person_id")
    columns = sorted(names, key=lambda name: (name != table.key, name != owner))
    return Filled(
        table=table,
        frame=frame,
        columns=(*columns, *rule.derived),
        checks=tuple(flag.check() for flag in wide.flags[piece.id]),
        key_is_mapped=table.key in rule.variables,
        n_rows=None,
    )


def derive(frame: pl.LazyFrame, table: str, rule: TableRule) -> pl.LazyFrame:
    """Add the derived columns one after another, so that each may use those before it."""
    faults: list[str] = []
    failed: set[str] = set()
    for name, text in rule.derived.items():
        expression = parse(text)
        if expression.names & failed:
            failed.add(name)  # what it is made of is told already
            continue
        narwhal = nw.from_native(frame)
        try:
            made = narwhal.with_columns(expression.value(narwhal.collect_schema()).alias(name))
        except ExpressionFault as error:
            faults.append(f"{table}.derived.{name}: {error.what} ({error.found})")
            failed.add(name)
            continue
        # a variable of the schema is plain text, whatever it was put together from
        if TABLES[table].variable(name) is not None and made.collect_schema()[name] == nw.Enum:
            made = made.with_columns(nw.col(name).cast(nw.String))
        frame = made.to_native()
    if faults:
        raise not_fitting(faults)
    return frame


def _filtered(frame: pl.LazyFrame, table: str, text: str) -> pl.LazyFrame:
    narwhal = nw.from_native(frame)
    try:
        is_true, _ = parse(text).truth(narwhal.collect_schema())
    except ExpressionFault as error:
        raise not_fitting([f"{table}.where: {error.what} ({error.found})"]) from None
    return narwhal.filter(is_true).to_native()


def faults_where(
    table: Filled,
    frame: pl.LazyFrame,
    variable: str,
    rule: str,
    value_class: str,
    broken: pl.Expr,
    severity: Severity = "error",
) -> tuple[Fault, ...]:
    """Find the rows of a table where an expression over a frame of its rows is true."""
    flag = "__broken__"
    flagged = nw.from_native(frame.with_columns(broken.fill_null(False).alias(flag)))
    record = table.table.key if table.key_is_mapped else None
    check = Check(variable=variable, rule=rule, value_class=value_class, broken=nw.col(flag), severity=severity)
    return find(CheckedRows(table=table.table.name, frame=flagged, row=ROW, record=record), [check])
