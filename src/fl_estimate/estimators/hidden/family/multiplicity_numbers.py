"""Multiplicities: by how many units each person could have been told of, as collected, from sizes of networks, or where missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fl_estimate.errors import EstimateFault, labels_shown, listed
from fl_estimate.estimators.hidden.family.multiplicity_reports import (
    OWN,
    RELATION_COLUMN,
    SIZES,
    UNIT,
    WHO,
    Reports,
    ReportsAsked,
)

if TYPE_CHECKING:
    import polars as pl

Missing = Literal["error", "one", "mean"]
MISSING: tuple[str, ...] = ("error", "one", "mean")
NUMBER, INVERSE = "__s", "__inverse"
COLLECT = 'ask by how many each could be told of, or take those whose number is known: eligible="…"'


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """Reports with 1/s of each person, in the column `__inverse` (0 where it is not needed), and how many were missing."""

    frame: pl.DataFrame
    filled: int


def with_multiplicities(reports: Reports, asked: ReportsAsked, needed: pl.Expr, missing: Missing) -> Numbered:
    """Put 1/s beside every person whose multiplicity is needed.

    Parameters
    ----------
    reports : Reports
    asked : ReportsAsked
    needed : polars.Expr
        True of the persons who count in the figure.
    missing : {"error", "one", "mean"}

    Raises
    ------
    EstimateFault
        FL-EST-503: a multiplicity below 1, or below the number of units that told of the same person; FL-EST-505: it is
        missing; FL-EST-506: relations whose multiplicity cannot be worked out; FL-EST-508: it is no number.
    """
    import polars as pl

    frame = reports.frame.with_columns(needed.fill_null(False).alias("__needed"))
    frame = frame.with_columns(_numbers(frame, asked).alias(NUMBER))
    frame = frame.with_columns(pl.when("__needed").then(pl.col(UNIT)).n_unique().over(WHO).alias("__units"))
    # A number that was worked out is no answer: it gives way to what the sample shows.
    worked_out = pl.when(OWN).then(pl.lit(not asked.own)).otherwise(pl.lit(not asked.multiplicity))
    shown = pl.max_horizontal(NUMBER, pl.col("__units").cast(pl.Float64))
    frame = frame.with_columns(
        pl.when(worked_out & pl.col(NUMBER).is_not_null()).then(shown).otherwise(NUMBER).alias(NUMBER)
    )
    _require_possible(frame)
    lacking = int(frame.select((pl.col("__needed") & pl.col(NUMBER).is_null()).sum()).item())
    if lacking and missing == "error":
        raise EstimateFault(
            "FL-EST-505", "it is not known by how many units some persons could be told of",
            found=f"{lacking:,} of {int(frame['__needed'].sum()):,} persons who count",
            fix='missing_multiplicity="one" takes them as told of by one alone, which is the most that they can count for; '
            '"mean" gives them the mean of 1/s of their relation; or leave them out: where="…"',
        )  # fmt: skip
    inverse = 1.0 / pl.col(NUMBER)
    if missing == "mean" and lacking:
        frame = _with_means(frame, inverse)
    else:
        frame = frame.with_columns(inverse.fill_null(1.0).alias(INVERSE))
    frame = frame.with_columns(pl.when("__needed").then(INVERSE).otherwise(0.0).alias(INVERSE))
    return Numbered(frame=frame.drop("__needed", "__units"), filled=lacking)


def _numbers(frame: pl.DataFrame, asked: ReportsAsked) -> pl.Expr:
    """The multiplicity of every row, null where it is not known."""
    import polars as pl

    told = _collected(frame, asked.multiplicity) if asked.multiplicity else _of_relative(frame, asked)
    if not asked.own_counted:
        return pl.when(OWN).then(None).otherwise(told)
    own = _collected(frame, asked.own) if asked.own else _of_self(frame)
    return pl.when(OWN).then(own).otherwise(told)


def _collected(frame: pl.DataFrame, name: str) -> pl.Expr:
    import polars as pl

    if not frame.schema[name].is_numeric():
        raise EstimateFault(
            "FL-EST-508", "a multiplicity is a number of units", found=f"{name!r} is {frame.schema[name]}",
            fix="map the column as a number; what is missing or unknown is left empty",
        )  # fmt: skip
    number = pl.col(name).cast(pl.Float64)
    return pl.when(number.is_nan()).then(None).otherwise(number)


def _size(frame: pl.DataFrame, relation: str) -> pl.Expr:
    """How many relatives of a relation the reporter has; 0 of a relation that the survey does not ask of."""
    import polars as pl

    return _collected(frame, SIZES[relation]) if SIZES[relation] in frame.columns else pl.lit(0.0)


def _of_self(frame: pl.DataFrame) -> pl.Expr:
    """Themselves, and everybody to whom they are a relative of the kind that is asked of.

    Parents tell of children, children of parents, siblings of siblings, partners of partners, and so on: to be told of by a
    relative is to be the other side of one relation that is asked of.
    """
    import polars as pl

    told_by = [(mine, other) for mine, other in _OTHER_SIDE.items() if SIZES[other] in frame.columns]
    return sum((_size(frame, mine) for mine, _ in told_by), pl.lit(1.0))


_OTHER_SIDE = {
    "partner": "partner", "parent": "child", "child": "parent", "sibling": "sibling",
    "grandparent": "grandchild", "grandchild": "grandparent",
}  # fmt: skip
"""What one is to a relative of a kind: to one's parent a child."""


def _of_relative(frame: pl.DataFrame, asked: ReportsAsked) -> pl.Expr:
    """The reporter, those of the reporter's relatives to whom the person is a relative of a kind asked of, and the person.

    A sibling: the reporter and the siblings of both (the number of the reporter's siblings), and their parents. A parent: the
    reporter, the reporter's siblings, and the other parents. A child: the reporter, the partner, and the other children. A
    partner: the reporter, and the children. Their own in-laws, children and grandchildren beyond these are not known to it.
    """
    import polars as pl

    asks = {relation for relation, name in SIZES.items() if name in frame.columns}
    known = {
        "sibling": ([("sibling", "sibling")], [("parent", "child")]),
        "parent": ([], [("sibling", "parent"), ("parent", "partner")]),
        "child": ([], [("partner", "child"), ("child", "sibling")]),
        "partner": ([], [("child", "parent")]),
    }
    met = frame.filter(~pl.col(OWN))[RELATION_COLUMN].drop_nulls().unique().to_list()
    strange = sorted(set(map(str, met)) - known.keys())
    if strange:
        raise EstimateFault(
            "FL-EST-506", "of these relations the sizes of networks do not tell by how many a person could be told of",
            found=labels_shown(strange), fix=COLLECT,
        )  # fmt: skip
    # Who is told of tells of themselves too, where respondents do.
    least = 2.0 if asked.own_counted else 1.0
    number = pl.lit(None, pl.Float64)
    for relation, (whole, beside) in known.items():
        # Of the kind that the person is to the reporter one is the person.
        terms = [_size(frame, mine) - (1.0 if mine == relation else 0.0) for mine, asked_of in (*whole, *beside)
                 if asked_of in asks]  # fmt: skip
        number = pl.when(pl.col(RELATION_COLUMN) == relation).then(sum(terms, pl.lit(least))).otherwise(number)
    return number


def _require_possible(frame: pl.DataFrame) -> None:
    """Refuse multiplicities that the sample itself shows to be wrong."""
    import polars as pl

    counted = frame.filter("__needed")
    less = (pl.col(NUMBER) < pl.col("__units")) & (pl.col(NUMBER) >= 1)
    few = counted.filter(less)[WHO].n_unique()
    none = int(counted.select((pl.col(NUMBER) < 1).sum()).item() or 0)
    said = [f"{none:,} below 1"] if none else []
    said += [f"{few:,} below the number of units that told of the same person"] if few else []
    if said:
        raise EstimateFault(
            "FL-EST-503", "a multiplicity is not possible: who told of a person counts in it", found=listed(said),
            fix="count every unit of the frame that could tell of the person, the one that does among them, in the same unit as "
            "the weights (households or persons); where it is not known leave it empty",
        )  # fmt: skip


def _with_means(frame: pl.DataFrame, inverse: pl.Expr) -> pl.DataFrame:
    """Fill in what is missing by the mean of 1/s among the persons of the same relation who count."""
    import polars as pl

    own: Sequence[str] = [OWN, *([RELATION_COLUMN] if RELATION_COLUMN in frame.columns else [])]
    known = pl.when("__needed").then(inverse)
    made = frame.with_columns(inverse.fill_null(known.mean().over(own)).alias(INVERSE))
    left = int(made.select((pl.col("__needed") & pl.col(INVERSE).is_null()).sum()).item())
    if left:
        raise EstimateFault(
            "FL-EST-505", "of some relations no multiplicity is known, so that they have no mean", found=f"{left:,} persons",
            fix='missing_multiplicity="one", or leave them out: where="…"',
        )  # fmt: skip
    return made.with_columns(pl.col(INVERSE).fill_null(1.0))
