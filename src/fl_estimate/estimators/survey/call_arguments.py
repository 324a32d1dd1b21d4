"""Arguments of design-weighted calls read by themselves: whether replicates make variances, and which values a column has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.survey.targets import Level as Value
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.sample_design import Design

VarianceRule = Literal["taylor", "replicates"]


def design_arguments(design: Design, replicates: Replicates | UnitReplicates | None) -> dict[str, Any]:
    """What a result notes of the design, and of the replicates where they made its variances."""
    return {
        "weights": design.weights or "",
        "unweighted": design.unweighted,
        "strata": design.strata or "",
        "stages": list(design.stages),
        "fpc": list(design.fpc),
        "single_psu": design.single_psu,
        "single_psu_scope": design.single_psu_scope,
        "pps": design.pps or "",
        "phase2": list(design.phase2_columns),
        "phase2_variance": design.phase2_variance if design.phase2 else "",
        "replicates": replicates.told() if replicates is not None else {},
    }


def replicated_by(variance: str | None, design: Design) -> bool:
    """Whether variances come from replicates: as asked for, else where the design has them."""
    if variance not in (None, "taylor", "replicates"):
        raise not_one_of("FL-EST-19", "this way of computing variances", variance, ("taylor", "replicates"))
    if variance == "replicates" and design.replicates is None:
        raise EstimateFault(
            "FL-EST-81",
            "the design has no replicates",
            found='variance="replicates"',
            fix="name the columns, Design(replicates=fl.Replicates(…)), or make them: fl.replicate(people, design=design, kind=…)",
        )
    return design.replicates is not None and variance != "taylor"


def levels_of(column: str, values: Sequence[str], *, stated: bool) -> list[Value]:
    """The outcomes that the values of a column of text are; FL-EST-262 where they may be 0 and 1 and are not surely so."""
    if not all(is_number(value) for value in values):
        return [Value(column=column, value=value) for value in values]
    yes = [value for value in values if float(value) == 1]
    zero_one = len(values) <= 2 and len(yes) <= 1 and all(float(value) in (0, 1) for value in values)
    if zero_one:
        return [Value(column=column, value=yes[0] if yes else "1", name=column)]
    if stated:
        return [Value(column=column, value=value) for value in values]
    raise EstimateFault(
        "FL-EST-262", "an outcome is text that looks like numbers, and they are not 0 and 1",
        found=f"{column!r}: {len(values):,} different numbers",
        fix=f"say which is the case: a derived column {column} == '1'; or give its codes words, or declared categories",
    )  # fmt: skip


def is_number(text: str) -> bool:
    """Whether a text looks like a number."""
    try:
        float(text)
    except ValueError:
        return False
    return text.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity")
