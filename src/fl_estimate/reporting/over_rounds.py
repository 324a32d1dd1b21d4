"""One table of all rounds and countries, made of what was published of each: nothing is judged or withheld here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from fl_estimate.inputs.wording import joined_wording
from fl_estimate.reporting.published import PublishedEstimates
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.results.codes import each_once


def over_rounds(published: PublishedEstimates, together: Mapping[str, Sequence[str]]) -> PublishedEstimates:
    """Lay the tables of each estimate over its rounds into one: of a cell the rows of all rounds, in their order.

    Parameters
    ----------
    published : PublishedEstimates
        With a table for each estimate and round.
    together : mapping of str to sequence of str
        The name of the one table, and those of its parts in the order of the rounds.

    Returns
    -------
    PublishedEstimates
        The one table stands where its first part did. Parts with other by-columns, and single ones, are renamed or stay apart.
    """
    tables = {table.name: table for table in published.tables}
    one_of = {part: name for name, parts in together.items() for part in parts}
    done: dict[str, PublishedTable] = {}
    for table in published.tables:
        name = one_of.get(table.name, "")
        parts = [tables[part] for part in together.get(name, ()) if part in tables]
        if not name or len({part.by for part in parts}) > 1:
            done[table.name] = table
        elif name not in done:
            done[name] = _together(name, parts)
    return replace(published, tables=tuple(done.values()))


def _together(name: str, parts: Sequence[PublishedTable]) -> PublishedTable:
    first = parts[0]
    if len(parts) == 1:
        return replace(first, name=name)
    order = _order(parts)
    place_of = {at: row for row, at in enumerate(order)}
    frame = _alike([part.frame for part in parts], first.by).iloc[[_whole(parts, at) for at in order]]
    own = [flag for part in parts for flag in part.own]
    periods, measures, populations = (
        {getattr(part, each) for part in parts} for each in ("reference_period", "measure", "population")
    )
    return replace(
        first,
        name=name,
        frame=frame.reset_index(drop=True),
        measure=next(iter(measures)) if len(measures) == 1 else "",
        population=next(iter(populations)) if len(populations) == 1 else "",
        reference_period=next(iter(periods)) if len(periods) == 1 else "",
        reasons=tuple(
            replace(reason, row=place_of[at, reason.row]) for at, part in enumerate(parts) for reason in part.reasons
        ),
        assumptions=each_once(assumption for part in parts for assumption in part.assumptions),
        provenance=replace(first.provenance, source_sha256=""),
        own=tuple(own[_whole(parts, at)] for at in order),
        wording=replace(
            joined_wording(part.wording for part in parts), title=first.wording.title, note=first.wording.note
        ),
    )


def _alike(frames: Sequence[pd.DataFrame], by: Sequence[str]) -> pd.DataFrame:
    """Frames under each other; a by-column that is of numbers in one and of text in another is text."""
    mixed = [name for name in by if len({str(frame[name].dtype) for frame in frames}) > 1]
    return pd.concat([frame.astype(dict.fromkeys(mixed, "string")) for frame in frames], ignore_index=True)


def _whole(parts: Sequence[PublishedTable], at: tuple[int, int]) -> int:
    """The row of a part among those of all parts."""
    return sum(len(part.frame) for part in parts[: at[0]]) + at[1]


def _order(parts: Sequence[PublishedTable]) -> list[tuple[int, int]]:
    """(part, row) of every row: margins as they are first met, in each its cells, of each the rounds; bounds of a cell stay together."""
    groups: dict[Any, int] = {}
    cells: dict[Any, int] = {}
    keyed: list[tuple[int, int, int, int]] = []
    for at, part in enumerate(parts):
        for row, record in enumerate(part.frame.to_dict("records")):
            group = (str(record["outcome"]), str(record["margin"]))
            cell = (
                *group, str(record["term"]), str(record["quantity"]), str(record["method"]),
                *(str(record[name]) for name in part.by),
            )  # fmt: skip
            keyed.append((groups.setdefault(group, len(groups)), cells.setdefault(cell, len(cells)), at, row))
    return [(at, row) for _, _, at, row in sorted(keyed)]
