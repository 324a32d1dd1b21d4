"""Answers compared as small numbers, as Spark is asked, are those compared as texts: of every answer, of nulls, of what is none."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl
import pytest

from fl_estimate.indicators.columns import ColumnReading
from fl_estimate.indicators.items import known_items

ITEM, FIELD = "c_violence", "state.exception"


def read(*, texts_once: bool) -> dict[str, list[Any]]:
    """What an item, a field and a yes/no column say of every answer, and which cells are unknown or no answer."""
    known = known_items()
    answers = [*known.items[ITEM].allowed, *known.fields[FIELD].allowed, "no", None, "Yes", ""]
    column = known.fields[FIELD].column
    frame = nw.from_native(pl.DataFrame({ITEM: answers, column: answers, "asked": answers}))
    reading = ColumnReading(dict(frame.schema), age=None, texts_once=texts_once)
    values = [reading.item(ITEM, None), reading.codes(FIELD, ("E1", "E3", "none")), reading.unless_no("asked")]
    flags = {f"surely{place}": value.surely for place, value in enumerate(values)}
    flags |= {f"possibly{place}": value.possibly for place, value in enumerate(values)}
    for name, noted in reading.columns.items():
        flags |= {f"{name} unknown": noted.is_unknown, f"{name} strange": noted.is_strange}
    made: Any = reading.apply(frame).select(**flags).to_native()
    return made.to_dict(as_series=False)


def test_numbers_say_what_texts_say() -> None:
    texts, numbers = read(texts_once=False), read(texts_once=True)
    assert len(texts) == 12
    assert numbers == texts
    assert not any(value is None for column in numbers.values() for value in column)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Null])
def test_only_texts_are_numbered(kind: Any) -> None:
    frame = nw.from_native(pl.DataFrame({ITEM: [None]}, schema={ITEM: kind}))
    told = [ColumnReading(dict(frame.schema), age=None, texts_once=each) for each in (False, True)]
    assert str(told[0].item(ITEM, None)) == str(told[1].item(ITEM, None))
