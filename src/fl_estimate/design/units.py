"""Rows as sampling units with a name of their own, where a variance needs each row apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw

from fl_estimate.design.totals import Frame, as_frame
from fl_estimate.errors import DesignFault
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.sample_design import ROW, Design


def numbered(frame: Any, design: Design, *, rows: bool) -> tuple[Frame, Design]:
    """The frame, with its rows numbered where `rows` asks for it, and named as units of each phase that has no others.

    Raises
    ------
    DesignFault
        FL-DESIGN-26: an engine that has no order of rows.
    """
    given = as_frame(frame)
    if not rows:
        return given, design
    counted = with_rows(frame)
    if counted is None:
        raise DesignFault(
            "FL-DESIGN-26",
            "rows are the sampling units here, and this engine does not number them",
            found=str(given.implementation),
            fix="name the column that tells the rows apart: Design(psu=…)",
        )
    phase2 = design.phase2
    if phase2 is not None and not phase2[1].stages:
        phase2 = (phase2[0], replace(phase2[1], stages=(ROW,)))
    return counted, replace(design, stages=design.stages or (ROW,), phase2=phase2)


def with_rows(frame: Any) -> Frame | None:
    """The frame with a column that numbers its rows; None where the engine has no order of rows."""
    native = narwhal(frame)
    if isinstance(native, nw.DataFrame):
        return native.with_row_index(ROW)
    if native.implementation.is_polars():
        return narwhal(native.to_native().with_row_index(ROW)).lazy()
    return None
