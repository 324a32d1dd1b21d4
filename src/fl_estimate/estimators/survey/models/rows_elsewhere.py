"""The people of a model whose rows stay where they are: which values they have, and how rows become columns of a formula.

Nothing that is as long as the file comes here. A pass over the rows tells the classes and how many values each number takes; people
who are made up, one of every class, tell formulaic the columns; then every piece of the rows becomes a design matrix where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.asking import is_long
from fl_estimate.design.row_pieces import can_be_cut, pieces
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.estimators.survey.domain_query import declared
from fl_estimate.estimators.survey.models.model_columns import materialised
from fl_estimate.estimators.survey.models.model_data import (
    FEW,
    INSIDE,
    LeftOut,
    ModelData,
    ModelPlan,
    check_levels,
    check_variables,
    name_of,
    ordered_levels,
    plan_rows,
    read_units,
)
from fl_estimate.estimators.survey.models.model_families import Family, outcome_fault
from fl_estimate.estimators.survey.models.model_formula import depends_on_rows
from fl_estimate.estimators.survey.models.model_offset import Beside, offset_values
from fl_estimate.estimators.survey.targets import is_text
from fl_estimate.estimators.survey.weighted_call import MOST_LEVELS, Call
from fl_estimate.inputs.sample_design import ROW

SLICE = 131_072
"""Rows of a piece that are a design matrix at once."""
WEIGHT = "__fl_weight"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some rows as a model has them; `start` and `stop` say where they stand in their piece."""

    x: Floats
    y: Floats
    weight: Floats
    offset: Floats
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Makes rows into columns of a formula. It is sent to where the rows are, and holds no rows.

    Attributes
    ----------
    variables : tuple of str
    categories : mapping
        Classes of the variables of text, in their order.
    left, right : formulaic.ModelSpec
    beside : tuple
        Offset and exposure.
    family : Family
    outcome : str
        The left-hand side, for messages.
    """

    variables: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    left: Any
    right: Any
    beside: Beside
    family: Family
    outcome: str

    def slices(self, piece: Any) -> Iterator[Slice]:
        """The rows of a piece, a stretch at a time.

        Raises
        ------
        EstimateFault
            FL-EST-221 (an outcome that the family cannot have), FL-EST-324 (offset and exposure).
        """
        for start in range(0, piece.num_rows, SLICE):
            part = piece.slice(start, SLICE)
            frame = pd.DataFrame({name: self._values(part, position) for position, name in enumerate(self.variables)})
            with np.errstate(all="ignore"):
                y = np.asarray(self.left.get_model_matrix(frame, na_action="ignore"), dtype=float)[:, -1]
                x = np.asarray(self.right.get_model_matrix(frame, na_action="ignore"), dtype=float)
            if not np.isfinite(y).all() or not self.family.kind.permits(y):
                raise outcome_fault(self.family.name, self.outcome)
            yield Slice(
                x=x, y=y, weight=numbers(part, WEIGHT), offset=offset_values(frame, *self.beside).values, start=start,
                stop=start + part.num_rows,
            )  # fmt: skip

    def _values(self, part: Any, position: int) -> Any:
        known = self.categories.get(self.variables[position])
        if known is None:
            return numbers(part, name_of(position))
        column = part.column(name_of(position)).combine_chunks().dictionary_encode()
        place = {value: code for code, value in enumerate(known)}
        codes = np.array([place.get(str(value), -1) for value in column.dictionary.to_pylist()], dtype=np.int64)
        if (codes < 0).any():
            raise rows_changed("classes that nobody had before")
        return pd.Categorical.from_codes(
            codes[np.asarray(column.indices.to_numpy(zero_copy_only=False))], dtype=pd.CategoricalDtype(list(known))
        )


def rows_changed(found: str) -> EstimateFault:
    """FL-EST-787."""
    return EstimateFault(
        "FL-EST-787",
        "the rows are no longer those that were counted",
        found=found,
        fix="a file that changes while it is read gives no estimate: ask again when it stands",
    )


def numbers(piece: Any, name: str) -> Floats:
    """A column of a piece as numbers."""
    return np.asarray(piece.column(name).cast("float64").to_numpy(), dtype=float)


@dataclass(frozen=True, kw_only=True)
class ModelValues:
    """The values that variables have among the people who count; None of a number that takes more than `MOST_LEVELS`."""

    plan: ModelPlan
    met: Mapping[str, tuple[Any, ...] | None]

    def are_many(self) -> bool:
        """Whether some number takes so many that there are no cells."""
        return any(known is None or (len(known) > FEW and not isinstance(known[0], str)) for known in self.met.values())


@dataclass(frozen=True, kw_only=True)
class RowsElsewhere:
    """A model and its rows, of which sums are asked.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        Of those who count: variables, weight, sampling units, and what calibrated weights need.
    keys : tuple of str
        The columns of the sampling units.
    data : ModelData
        Groups of people by sampling unit, with the made-up people as patterns.
    reader : Reader
    """

    frame: nw.LazyFrame[Any]
    keys: tuple[str, ...]
    data: ModelData
    reader: Reader


def read_values(call: Call, outcome: str, variables: Sequence[str]) -> ModelValues | None:
    """The values of the variables, in one pass; None where the rows are in memory, or few enough to be brought there.

    Raises
    ------
    EstimateFault
        FL-EST-02, FL-EST-226, FL-EST-227, FL-EST-236 (nobody is left).
    """
    people = call.people
    if not isinstance(people.given, nw.LazyFrame) or not can_be_cut(people.given) or not is_long(people.given):
        return None
    check_variables(people.schema, variables)
    plan = plan_rows(call, outcome, variables, weighing=True)
    inside = _inside(plan).select(*[name_of(position) for position in range(len(variables))])
    texts = [is_text(people.schema, name) for name in variables]
    found: list[set[Any] | None] = [set() for _ in variables]
    for piece in pieces(inside, _ValuesMet(texts=tuple(texts))):
        for position, values in enumerate(piece):
            known = found[position]
            found[position] = None if known is None or values is None else known | values
            if (now := found[position]) is not None and len(now) > MOST_LEVELS:
                check_levels({variables[position]: len(now)} if texts[position] else {})
                found[position] = None
    if all(known is not None and not known for known in found):
        raise EstimateFault(
            "FL-EST-236", "nobody is left to fit a model to", found="0 rows counted",
            fix="look at where=, at who is in scope, and at which variables are missing",
        )  # fmt: skip
    return ModelValues(
        plan=plan,
        met={
            name: None if known is None else tuple(sorted(known)) for name, known in zip(variables, found, strict=True)
        },
    )


def _inside(plan: ModelPlan) -> nw.LazyFrame[Any]:
    frame = plan.frame.filter(nw.col(INSIDE) == 1.0)
    if not isinstance(frame, nw.LazyFrame):
        raise AssertionError("rows in memory are read as they are")
    return frame


@dataclass(frozen=True)
class _ValuesMet:
    """The different values of every column of a piece; None of a number that takes too many."""

    texts: tuple[bool, ...]

    def __call__(self, piece: Any) -> list[set[Any] | None]:
        found: list[set[Any] | None] = []
        for position, text in enumerate(self.texts):
            column = piece.column(name_of(position)).combine_chunks()
            if not text:
                # Some hundred values are met within a thousand rows where there are more.
                values = np.unique(numbers(piece.slice(0, 4096), name_of(position)))
                if len(values) <= MOST_LEVELS:
                    values = np.unique(numbers(piece, name_of(position)))
                found.append(set(values.tolist()) if len(values) <= MOST_LEVELS else None)
            else:
                found.append({str(value) for value in column.dictionary_encode().dictionary.to_pylist()})
        return found


def read_elsewhere(
    call: Call,
    formula: str,
    parsed: Any,
    outcome: str,
    values: ModelValues,
    family: Family,
    beside: Beside,
) -> RowsElsewhere:
    """Make the columns of a formula known, and read the sample, without a row of anybody.

    Raises
    ------
    EstimateFault
        FL-EST-784: a part of the model that looks at all rows together; FL-EST-785: a design whose variances need rows.
        FL-EST-220, FL-EST-225, and those of `read_units`.
    """
    require_row_by_row(formula, beside, family)
    _require_units(call)
    patterns, categories, left_out = _made_up(call, values)
    made = materialised(patterns, formula, parsed)
    _require_known_classes(made, categories, values)
    data = read_units(call, values.plan, outcome, patterns, left_out)
    columns = values.plan.columns
    extra = [name for name in columns if name.startswith(("inverse", "number "))]
    weight = columns.get("w", nw.col(INSIDE))
    frame = _inside(values.plan).select(
        *[name_of(position) for position in range(len(values.met))],
        weight.cast(nw.Float64).alias(WEIGHT),
        *[
            (
                nw.col(key).cast(nw.String)
                if isinstance(call.people.schema[key], nw.Categorical | nw.Enum)
                else nw.col(key)
            ).alias(f"__fl_k{position}")
            for position, key in enumerate(values.plan.keys)
        ],
        *[columns[name].alias(name) for name in extra],
    )
    reader = Reader(
        variables=tuple(values.met), categories=categories, left=made.lhs.model_spec, right=made.rhs.model_spec,
        beside=beside, family=family, outcome=str(parsed.lhs),
    )  # fmt: skip
    return RowsElsewhere(frame=frame, keys=values.plan.keys, data=data, reader=reader)


def require_row_by_row(formula: str, beside: Beside, family: Family) -> None:
    """FL-EST-784 where a part of the model is not made of each row by itself."""
    if depends_on_rows(f"{formula} {beside[0] or ''}"):
        raise _all_rows(
            f"formula={shown(formula)}: a mean, a spread or knots over everybody",
            "take a known number off instead, (age - 40); squares and logarithms are made row by row",
        )
    if family.kind.distribution == "NegativeBinomial" and np.isnan(family.alpha):
        raise _all_rows(
            "alpha is estimated together with the coefficients", "give it: alpha=0.8, estimated on a part of the rows"
        )


def _all_rows(found: str, fix: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-784",
        "a part of this model looks at all rows together, and the rows are not in memory",
        found=found,
        fix=f"{fix}; or give a frame in memory of the columns that are needed",
    )


def _require_units(call: Call) -> None:
    design = call.people.design
    wrong = [
        text
        for text, met in (
            ("replicates", design.replicates is not None),
            ("two phases", design.phase2 is not None),
            ("rows as sampling units that are told apart", ROW in design.stages),
            ("weights that come from the fpc", design.weights is None and design.weights_known),
        )
        if met
    ]
    if wrong:
        raise EstimateFault(
            "FL-EST-785",
            "the variance of this model needs every row, and the rows are not in memory",
            found=listed(wrong),
            fix='variance="taylor" of a design with columns of weights and sampling units is made of sums; or give a frame in '
            "memory of the columns that are needed",
        )


def _made_up(call: Call, values: ModelValues) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]], LeftOut]:
    """People of every class and of every value where these are few, and numbers elsewhere; the classes; those of nobody."""
    known = declared(call.resolved.frame, call.people.schema, [*values.met])
    size = max((len(met) for met in values.met.values() if met), default=1) + 1
    patterns = pd.DataFrame(index=range(size))
    categories: dict[str, tuple[str, ...]] = {}
    left_out: dict[str, Sequence[str]] = {}
    for name, met in values.met.items():
        if met is None:
            patterns[name] = np.arange(1.0, size + 1)
        elif is_text(call.people.schema, name):
            wanted, unused = ordered_levels(met, [str(value) for value in known.get(name, ())])
            categories[name] = tuple(wanted)
            patterns[name] = pd.Categorical([wanted[row % len(wanted)] for row in range(size)], categories=wanted)
            if unused:
                left_out[name] = unused
        else:
            patterns[name] = [met[row % len(met)] for row in range(size)]
    return patterns, categories, left_out


def _require_known_classes(made: Any, categories: Mapping[str, Any], values: ModelValues) -> None:
    """FL-EST-784 where something is divided into classes of which not all are known from the columns alone."""
    plain = set(categories) | {f"C({name}" for name in categories}
    plain |= {f"C({name}" for name, met in values.met.items() if met is not None}
    for side in (made.lhs, made.rhs):
        spec = side.model_spec
        if spec.transform_state:
            raise _all_rows(listed(map(str, spec.transform_state)), "make the column first")
        for factor, (kind, _) in spec.encoder_state.items():
            text = str(factor).replace(" ", "").replace("`", "")
            known = text in plain or any(
                text.startswith((f"{name},", f"{name})")) for name in plain if name.startswith("C(")
            )
            if kind.value == "categorical" and not known:
                raise _all_rows(
                    f"classes of {factor}",
                    f"a number of more than {MOST_LEVELS} values goes into classes by fl.cut first",
                )


def pieces_of(rows: RowsElsewhere, question: Any) -> Iterator[Any]:
    """What a question makes of every piece of the rows."""
    return pieces(rows.frame, question)
