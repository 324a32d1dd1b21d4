"""Several files of one survey: which file fills which table, and files that are joined to another by keys."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import columns_shown, listed, may_be_shown, nearest
from fl_estimate.loaders.file_table import KIND, FileTable
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.fit import not_fitting
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import JoinRule
from fl_estimate.loaders.several_files import is_pattern, read_several
from fl_estimate.schema.validate import Fault, Severity

if TYPE_CHECKING:
    import polars as pl

    from fl_estimate.inputs.survey_data import Source

_MET = "\0met"


def files_of(path: str | Path | Dictionary[str, str | Path], mapping: Mapping) -> dict[str, Path]:
    """Say which file fills which table: those given, and those that the mapping names beside them.

    Raises
    ------
    MappingFault
        FL-MAP-04: a table has no file, or a file no table.
    """
    given: dict[str, Any] = dict(path) if isinstance(path, Dictionary) else {mapping.main_table(): path}
    paths = {name: Path(file) for name, file in given.items()}
    folder = next(iter(paths.values())).parent if paths else Path()
    paths = {**{name: folder / file for name, file in mapping.source.files.items()}, **paths}
    own = [name for name, rule in mapping.tables.items() if rule.source is None]
    faults = [
        f"{name}: a file is given, and the mapping has no [{name}] with a file" for name in paths if name not in own
    ]
    faults += [
        f'{name}: no file is given; name it under [source.files], load({{"people": …, "{name}": …}}), or [{name}] '
        'from = "people"'
        for name in own
        if name not in paths
    ]
    if faults:
        raise not_fitting(faults)
    return paths


def read_files(
    paths: Dictionary[str, Path], mapping: Mapping
) -> tuple[dict[str, FileTable], dict[str, Source], tuple[Fault, ...]]:
    """Read the file of every table, with the columns of the files that are joined to it.

    Returns
    -------
    files : dict of str to FileTable
        By table.
    joined : dict of str to Source
        The files that were joined, by name.
    faults : tuple of Fault
        Warnings: rows without a partner.

    Raises
    ------
    FileFault
        A file cannot be read.
    MappingFault
        FL-MAP-04: key columns that are not there, of two kinds, or that occur twice in the file to be joined.
    """
    files = {
        name: (read_several if is_pattern(file) else read_table)(file, written=mapping.text_format())
        for name, file in paths.items()
    }
    folder = next(iter(paths.values())).parent
    read: dict[str, FileTable] = {}
    faults: list[Fault] = []
    for position, rule in enumerate(mapping.source.join, 1):
        if rule.file not in read:
            read[rule.file] = read_table(folder / rule.file, written=mapping.text_format())
        files[rule.to], found = joined(files[rule.to], read[rule.file], rule, f"source.join[{position}]")
        faults += found
    return files, {f"joined: {name}": file.source for name, file in read.items()}, tuple(faults)


def joined(base: FileTable, other: FileTable, rule: JoinRule, where: str) -> tuple[FileTable, list[Fault]]:
    """Bring the columns of another file to the rows of one.

    A column that both have stays that of the base, unless a prefix tells them apart; missing keys find nobody.
    """
    import polars as pl

    left, right = base.frame.lazy(), other.frame.lazy()
    _require_keys(base, other, rule, where)
    kinds = left.collect_schema(), right.collect_schema()
    keys = [f"\0key{n}" for n in range(len(rule.on))]
    new = _brought(base, other, rule, where)
    right = right.select(
        *(_key(kinds[1], name).alias(key) for key, name in zip(keys, rule.on.values(), strict=True)),
        *(pl.col(name).alias(alias) for name, alias in new.items()),
        pl.lit(True).alias(_MET),
    )
    twice = right.filter(pl.all_horizontal(pl.col(keys).is_not_null())).group_by(keys).len().filter(pl.col("len") > 1)
    several = twice.select(pl.len()).collect().item()
    if several:
        raise not_fitting(
            [
                f"{where}: {several:,} values of {listed(rule.on.values())} occur more than once in {rule.file}, so that a "
                "row would find several; name all parts of its key, or map the file as a table of its own"
            ]
        )
    left = left.with_columns(_key(kinds[0], name).alias(key) for key, name in zip(keys, rule.on, strict=True))
    whole = left.join(right, on=keys, how="left", maintain_order="left").collect()
    partners = int(whole[_MET].fill_null(False).sum())
    lone = whole.height - partners
    unused = right.join(left.select(keys), on=keys, how="anti").select(pl.len()).collect().item()
    frame = whole.drop(*keys, _MET)
    table = replace(
        base,
        frame=frame,
        variable_labels={**_named(other.variable_labels, new), **base.variable_labels},
        value_labels={**_named(other.value_labels, new), **base.value_labels},
        declared_missing={**_named(other.declared_missing, new), **base.declared_missing},
    )
    faults: list[Fault] = [] if rule.optional else _unmatched(rule, base.source.name, lone, unused)
    if whole.height and not partners:
        faults = [_fault(rule, f"no row of {base.source.name} has a partner in {rule.file}", lone, "error")]
    return table, faults


def _unmatched(rule: JoinRule, base: str, lone: int, unused: int) -> list[Fault]:
    said = (
        (f"a row of {base} without a partner in {rule.file}", lone),
        (f"a row of {rule.file} without a partner in {base}, left out", unused),
    )
    return [_fault(rule, text, count, "warning") for text, count in said if count]


def _fault(rule: JoinRule, text: str, count: int, severity: Severity) -> Fault:
    return Fault(
        table=rule.to, variable=" + ".join(rule.on), rule="join", value_class=text, count=count, severity=severity
    )


def _require_keys(base: FileTable, other: FileTable, rule: JoinRule, where: str) -> None:
    """Refuse keys that are not there, or that are texts in one file and numbers in the other."""
    faults: list[str] = []
    kinds = base.frame.collect_schema(), other.frame.collect_schema()
    for name, partner in rule.on.items():
        for file, columns, column in ((base, base.columns, name), (other, other.columns, partner)):
            if column not in columns:
                close = nearest(column, may_be_shown(columns, known=[*rule.on, *rule.on.values()]))
                hint = (
                    f"did you mean {close!r}?"
                    if close
                    else f"there are: {columns_shown(columns, known=[*rule.on, *rule.on.values()])}"
                )
                faults.append(f"{where}.on: {file.source.name} has no column {column!r}; {hint}")
        if name in kinds[0] and partner in kinds[1]:
            numbers = kinds[0][name].is_numeric(), kinds[1][partner].is_numeric()
            if numbers[0] != numbers[1]:
                faults.append(
                    f"{where}.on: {name!r} holds {'numbers' if numbers[0] else 'texts'} in {base.source.name}, and "
                    f"{partner!r} {'numbers' if numbers[1] else 'texts'} in {rule.file}; write them alike"
                )
    absent = [name for name in rule.columns if name not in other.columns]
    faults += [f"{where}.columns: {rule.file} has no column {name!r}" for name in absent]
    if faults:
        raise not_fitting(faults)


def _key(schema: pl.Schema, name: str) -> pl.Expr:
    """A key as both files can have it: numbers as fractions, everything else as text without blanks at the ends."""
    import polars as pl

    column = pl.col(name)
    return column.cast(pl.Float64) if schema[name].is_numeric() else column.cast(pl.String).str.strip_chars()


def _brought(base: FileTable, other: FileTable, rule: JoinRule, where: str) -> dict[str, str]:
    """The columns to be brought, with their new names; those that say which value is missing come along."""
    there = set(base.frame.collect_schema().names())
    every = set(other.frame.collect_schema().names())
    wanted = [name for name in rule.columns or other.columns if name not in rule.on.values()]
    named = {name: f"{rule.prefix}{name}" for name in wanted}
    taken = [name for name, alias in named.items() if alias in there]
    if rule.columns and taken:
        raise not_fitting(
            [f"{where}.columns: {base.source.name} has columns of the same name: {listed(taken)}; give a prefix"]
        )
    named = {name: alias for name, alias in named.items() if alias not in there}
    return {**named, **{name + KIND: alias + KIND for name, alias in named.items() if name + KIND in every}}


def _named(labels: Dictionary[str, Any], new: Dictionary[str, str]) -> dict[str, Any]:
    return {new[name]: each for name, each in labels.items() if name in new}
