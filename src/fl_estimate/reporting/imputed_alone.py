"""An imputed figure of a class is published beside its bounds: those of the same people, by the same design, of the same time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fl_estimate.errors import PublishFault, listed
from fl_estimate.reporting.judging import Cell, cells
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.results.codes import Quantity
from fl_estimate.results.columns import IMPUTED

SAID: Mapping[str, str] = {
    "design": "design",
    "population": "population",
    "period": "reference period",
    "source": "file",
    "unit": "unit (a share, or persons)",
}
"""What bounds have in common with the figure that they stand beside, as a message names it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whom and when a row speaks of, and by which design; the cell itself is told apart by its key.

    Attributes
    ----------
    design : frozenset of str
        As calls note it; of several that were stacked each.
    population, period, source, unit : str
    """

    design: frozenset[str]
    population: str
    period: str
    source: str
    unit: str

    def differs(self, other: Asked) -> list[str]:
        """In what a figure is not covered by bounds: where figures of several designs were stacked, each needs its own."""
        names = [name for name in SAID if name != "design" and getattr(self, name) != getattr(other, name)]
        return [*([] if self.design <= other.design else ["design"]), *names]


def require_bounds(tables: Sequence[PublishedTable]) -> None:
    """Refuse imputed figures of a class that stand in no table of the call beside their bounds.

    Raises
    ------
    PublishFault
        FL-PUB-47: a cell has no bounds; FL-PUB-48: it has, and they are of another design, population, period, file or unit.
    """
    imputed: dict[Cell, list[tuple[str, Asked]]] = {}
    bounded: dict[Cell, list[Asked]] = {}
    for table in tables:
        for row, key in enumerate(cells(table.frame, table.by, table.assumptions)):
            if _is_imputed(table, row):
                imputed.setdefault(key, []).append((table.name, _asked(table, row, "impute")))
            elif str(table.frame["bound"].iloc[row]) == "upper":
                bounded.setdefault(key, []).append(_asked(table, row, "bounds"))
    alone = [name for key, each in imputed.items() if key not in bounded for name, _ in each]
    if alone:
        raise PublishFault(
            "FL-PUB-47", "an imputed figure is to be published without the bounds of its cell",
            found=listed(dict.fromkeys(alone)), fix=FIX,
        )  # fmt: skip
    others = [
        (name, min((asked.differs(other) for other in bounded[key]), key=len))
        for key, each in imputed.items()
        for name, asked in each
    ]
    wrong = {name: differs for name, differs in others if differs}
    if wrong:
        raise PublishFault(
            "FL-PUB-48", "the bounds beside an imputed figure are not its own",
            found="; ".join(f"{name}: another {listed(SAID[each] for each in differs)}" for name, differs in wrong.items()),
            fix=FIX,
        )  # fmt: skip


FIX = (
    'publish beside it, in the same call, the same estimate with unknown="bounds": the figure holds where answers '
    "are missing at random, and the bounds say what holds in any case"
)


def _is_imputed(table: PublishedTable, row: int) -> bool:
    """Whether a row is an imputed figure of a class, or one made larger by people outside the frame."""
    record = table.frame.iloc[row]
    if record["bound"] == IMPUTED:
        return Quantity.of(str(record["quantity"])).limited
    return record["method"] == "undercoverage" and any(said.code == "unknown_imputed" for said in table.assumptions)


def _asked(table: PublishedTable, row: int, unknown: str) -> Asked:
    told = list(_designs(table.provenance.arguments))
    own = {design for design, of in told if of == unknown}
    return Asked(
        # Where the imputed rows and the bounds of one call were laid in one table, the call is told once.
        design=frozenset(own or {design for design, _ in told}),
        population=table.population,
        period=table.reference_period,
        source=table.provenance.source_sha256,
        unit=Quantity.of(str(table.frame["quantity"].iloc[row])).unit,
    )


def _designs(arguments: Any) -> Iterator[tuple[str, str]]:
    """The designs in the arguments of a call and of those that it was made of, each with what was done with unknown answers."""
    if isinstance(arguments, list | tuple):
        for value in cast("Sequence[Any]", arguments):
            yield from _designs(value)
    if not isinstance(arguments, Mapping):
        return
    result = cast("Mapping[str, Any]", arguments)
    if "design" in result:
        yield json.dumps(result["design"], sort_keys=True, default=str), str(result.get("unknown", ""))
    for name, value in result.items():
        if name != "design":
            yield from _designs(value)
