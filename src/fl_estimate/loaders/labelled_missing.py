"""Codes whose labels say that there is no answer, while the file does not declare them missing: asked about, never read as no.

A code 9 = "Don't know" that nobody declared would be false in ``q == 1``, the largest age of all, or fall under the
``else`` of a recode. A mapping says what it is: ``missing``, a recode that names it, or ``valid``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fl_estimate.errors import MappingFault
from fl_estimate.loaders.cells import recode_for
from fl_estimate.loaders.file_table import KIND, FileTable, code_text
from fl_estimate.loaders.mapping_parts import LABELS, TableRule, VariableRule
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.missing_words import says_missing
from fl_estimate.schema.variables import TABLES

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.loaders.mapping import Mapping

Code = float | str


@dataclass(frozen=True, kw_only=True)
class _Use:
    """One use of a source column as answers, and the codes of it that the mapping speaks of."""

    position: str
    table: str
    column: str
    spoken_of: frozenset[str] = frozenset()


def require_declared(mapping: Mapping, files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule]) -> None:
    """Refuse codes labelled as missing that a number, a recode with an else, or an expression would take for an answer.

    Raises
    ------
    MappingFault
        FL-MAP-05, with the place, the code, its label and how often it occurs; every such code at once.
    """
    faults: list[str] = []
    for name in files:
        uses = [
            use
            for table, rule in rules.items()
            for part in rule.parts
            if (part.source or table) == name
            for use in _uses(mapping, table, part, files[name])
        ]
        met = _met(files[name], {use.column for use in uses})
        for use in dict.fromkeys(uses):
            for code, (label, count) in met.get(use.column, {}).items():
                if code not in use.spoken_of:
                    said = f"{code} = {label!r}" if code != label else repr(label)
                    faults.append(
                        f"{use.position}: column {use.column!r} holds {said} in {count:,} row{'s' * (count != 1)}"
                    )
    if faults:
        raise MappingFault(
            "FL-MAP-05",
            "codes are labelled as missing, and neither the file nor the mapping declares them missing",
            found="\n    ".join(dict.fromkeys(faults)),
            fix='say what they are: { column = "q1", missing = [8, 9] }, or a recode that names them ("9" = "dk"), or '
            'valid = [9] where one is an answer; [source] labelled_missing = "missing" takes all such codes as missing',
        )


def with_declared(file: FileTable) -> FileTable:
    """Take every code labelled as missing as if the file declared it missing: null, its code in ``<column>@missing``."""
    import polars as pl

    schema = file.frame.collect_schema()
    made: list[pl.Expr] = []
    for column in file.columns:
        codes = list(_labelled(file, column, schema))
        if not codes:
            continue
        cell, kind = pl.col(column), column + KIND
        gone = (cell.cast(pl.Float64) if schema[column].is_numeric() else cell).is_in(codes).fill_null(False)
        text = (
            cell.cast(pl.Float64).cast(pl.Int64, strict=False).cast(pl.String) if schema[column].is_numeric() else cell
        )
        declared = pl.when(gone).then(text)
        made.append(pl.when(~gone).then(cell).alias(column))
        made.append((pl.coalesce(declared, pl.col(kind)) if kind in schema else declared).alias(kind))
    return replace(file, frame=file.frame.with_columns(made)) if made else file


def _labelled(file: FileTable, column: str, schema: pl.Schema) -> dict[Code, str]:
    """Codes of a column, of its type, whose labels say missing."""
    numeric = schema[column].is_numeric()
    found = {code: label for code, label in file.value_labels.get(column, {}).items() if says_missing(label)}
    return {
        float(code) if numeric else str(code): label
        for code, label in found.items()
        if isinstance(code, str) != numeric
    }


def _met(file: FileTable, columns: Iterable[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """Of each column the codes labelled as missing that occur, with label and number of rows; of texts, the texts."""
    import polars as pl

    schema = file.frame.collect_schema()
    wanted = sorted(set(columns) & set(schema.names()))
    pairs = [(column, code, label) for column in wanted for code, label in _labelled(file, column, schema).items()]
    counts = (
        file.frame.lazy()
        .select((pl.col(column) == code).sum().alias(str(position)) for position, (column, code, _) in enumerate(pairs))
        .collect()
        if pairs
        else None
    )
    result: dict[str, dict[str, tuple[str, int]]] = {}
    for position, (column, code, label) in enumerate(pairs):
        count = int(counts[str(position)].item()) if counts is not None else 0
        if count:
            result.setdefault(column, {})[code_text(code)] = (label, count)
    for column in (name for name in wanted if schema[name] == pl.String and not file.value_labels.get(name)):
        texts = file.frame.lazy().group_by(column).len().collect()
        for text, count in texts.iter_rows():
            if text is not None and says_missing(text):
                result.setdefault(column, {})[text.strip()] = (text.strip(), int(count))
    return result


def _uses(mapping: Mapping, table: str, rule: TableRule, file: FileTable) -> Iterator[_Use]:
    """Everything of a table that would read such a code as an answer."""
    for at in [rule.at(slot) for slot in rule.slots] or [rule]:
        for name, variable in at.variables.items():
            if (use := _of_variable(mapping, table, name, variable, file)) is not None:
                yield use
        conditions = [("where", at.where)] if at.where else []
        conditions += [(f"{name}.no_where", v.no_where) for name, v in at.variables.items() if v.no_where]
        if table == "people":
            conditions += [("selection", text) for each in mapping.selection for text in (each.eligible, each.drawn)]
        texts = [*((f"derived.{name}", text) for name, text in at.derived.items())]
        texts += [(position, text) for position, text in conditions if not names_codes(text)]
        for position, text in texts:
            yield from _of_expression(mapping, f"{table}.{position}", table, text, at, file)


def _of_variable(mapping: Mapping, table: str, name: str, rule: VariableRule, file: FileTable) -> _Use | None:
    if rule.column is None:
        return None
    known = TABLES[table].variable(name)
    spoken = _spoken_of(mapping, rule, file)
    recoded = rule.recode not in (None, LABELS)
    number = rule.recode is None and known is not None and known.is_numeric and known.codes is None
    if (recoded and (rule.otherwise is not None or rule.several)) or number:
        return _Use(position=f"{table}.{name}", table=table, column=rule.column, spoken_of=spoken)
    return None


def _spoken_of(mapping: Mapping, rule: VariableRule, file: FileTable) -> frozenset[str]:
    """The codes of a variable that its mapping names: as missing, as answers, or in its recode."""
    named = [*rule.missing, *rule.valid, *(recode_for(mapping, rule, file) or {} if rule.recode != LABELS else {})]
    return frozenset(code_text(float(code)) if _is_whole(code) else str(code).strip() for code in named)


def _is_whole(code: str | int) -> bool:
    try:
        return float(code).is_integer()
    except ValueError:
        return False


def names_codes(condition: str) -> bool:
    """Whether a condition is true of codes that it names and of no others: by == and in alone.

    What acts only where a condition is true takes then no other code for anything; a derived column, which is 0 where it is
    false, does.
    """
    return re.search(r"!=|<|>|\bnot\b|[-+*/]", re.sub(r"'[^']*'|\"[^\"]*\"", "", condition)) is None


def _of_expression(
    mapping: Mapping, position: str, table: str, text: str, rule: TableRule, file: FileTable
) -> Iterator[_Use]:
    for name in sorted(parse(text).names):
        variable = rule.variables.get(name)
        if variable is None:
            yield _Use(position=position, table=table, column=name)
        elif variable.column is not None and variable.recode is None:
            yield _Use(
                position=position, table=table, column=variable.column, spoken_of=_spoken_of(mapping, variable, file)
            )
