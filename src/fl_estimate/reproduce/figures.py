"""Figures as they are printed: a value with half of its last digit, and the inputs of a target made of such figures."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats

_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f ](?=\d{3}(?!\d))")


class Written(float):
    """A number of a file with its digits as they were written: 4.0 is not 4."""

    text: str

    def __new__(cls, text: str) -> Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


@dataclass(frozen=True)
class Printed:
    """A figure with half of the last digit that was written."""

    value: float
    half: float


def read_printed(given: Any) -> Printed:
    """Read a figure as it is printed.

    Raises
    ------
    ValueError
        It is no number.

    Examples
    --------
    >>> read_printed("4.0"), read_printed("61,252"), read_printed(Written("0.25"))
    (Printed(value=4.0, half=0.05), Printed(value=61252.0, half=0.5), Printed(value=0.25, half=0.005))
    """
    if isinstance(given, Printed):
        return given
    text = given.text if isinstance(given, Written) else given if isinstance(given, str) else str(given)
    try:
        number = Decimal(_THOUSANDS.sub("", text.strip().replace("\u2212", "-")))
    except InvalidOperation:
        number = Decimal("nan")
    exponent = number.as_tuple().exponent
    if isinstance(given, bool) or not number.is_finite() or not isinstance(exponent, int):
        raise ValueError("Input should be a number, as it is printed")
    return Printed(float(number), 0.5 * 10.0 ** min(exponent, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Input:
    """What goes into a figure: one printed figure, or a column of a table.

    Attributes
    ----------
    label, symbol : str
        What it is, and what the formula calls it.
    values, halfwidths : array, shape (rows,)
        One row of a single figure; half the last digit of each.
    rows : hashable or None
        Which rows of which table they are, None of a single figure.
    groups : tuple of str
        The group of each row, empty where the target has none.
    unit, document, page, table : str
    """

    label: str
    values: Floats = field(repr=False)
    halfwidths: Floats = field(repr=False)
    symbol: str = ""
    rows: Hashable | None = None
    groups: tuple[str, ...] = field(default=(), repr=False)
    unit: str = ""
    document: str = ""
    page: str = ""
    table: str = ""

    @property
    def value(self) -> float:
        """Of a single figure."""
        return float(self.values[0])

    @property
    def value_text(self) -> str:
        """The figure with half its last digit; of a column how many rows it has."""
        if self.rows is not None:
            return f"{len(self.values)} × {self.symbol}"
        half = f" ± {self.halfwidths[0]:g}" if self.halfwidths[0] else ""
        return f"{self.value:.15g}{half}" + (f" {self.unit}" if self.unit else "")

    def of_group(self, group: str) -> Input:
        """The rows of one group; a single figure belongs to all."""
        if self.rows is None:
            return self
        kept = np.array([each == group for each in self.groups], dtype=bool)
        return Input(
            label=self.label, values=self.values[kept], halfwidths=self.halfwidths[kept], symbol=self.symbol,
            rows=(self.rows, group), unit=self.unit, document=self.document, page=self.page, table=self.table,
        )  # fmt: skip


def figure(
    label: str, value: float, halfwidth: float = 0.0, *, symbol: str = "", unit: str = "", document: str = "", page: str = "",
    table: str = "",
) -> Input:  # fmt: skip
    """A single printed figure."""
    return Input(label=label, values=np.array([value]), halfwidths=np.array([halfwidth]), symbol=symbol, unit=unit,
                 document=document, page=page, table=table)  # fmt: skip
