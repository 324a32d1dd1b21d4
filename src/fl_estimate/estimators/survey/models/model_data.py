"""The people of a model, read once: who counts, with which values, in which sampling units, with what weight.

Where every variable takes few values the rows are never seen: the engine counts them in cells of units × values. Where
one does not, the columns that the model needs come into memory, and nothing else. What follows is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.design.calibrated import weight_names
from fl_estimate.design.calibrated_sums import class_columns, read_as_sums, step_columns, step_sums
from fl_estimate.design.row_factors import replicate_columns
from fl_estimate.design.row_weights import weight_columns
from fl_estimate.design.rows import distinct, numbers, rows
from fl_estimate.design.sample import SampleStages, read_sample, unit_columns
from fl_estimate.design.small_table import Codes, Floats, GroupingKey, Totals
from fl_estimate.design.totals import Frame, require_columns, totals
from fl_estimate.design.two_phase import second_phase
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.survey.domain_query import check_flags, declared, steps_of
from fl_estimate.estimators.survey.targets import as_number, inside_rows, is_text
from fl_estimate.estimators.survey.weighted_call import MOST_LEVELS, Call
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import ROW
from fl_estimate.schema.expressions import missing

LeftOut = Mapping[str, Sequence[str]]
PeopleOf = Callable[[Totals, Codes], tuple[pd.DataFrame, Codes, LeftOut]]
FEW = 60
"""Different values up to which a column of numbers is counted in cells; ages in years are, incomes are not."""
INSIDE = "__fl_inside"
"""The column of a plan that is 1 of the rows that count."""


@dataclass(frozen=True, kw_only=True)
class ModelData:
    """People of a model as groups of equal people: those who count, with their values and weights.

    Attributes
    ----------
    call : Call
        The arguments of the call, checked.
    patterns : pandas.DataFrame
        The different values of the variables, one row a pattern; every row a person's where values are many.
    pattern : int array, shape (groups,)
        The pattern of each group.
    weight, square, n : array, shape (groups,)
        Σ w, Σ w² and how many people.
    at : int array, shape (groups,)
        Where the groups stand in `table`.
    table : Totals
        All groups of the sample, those who do not count as well.
    sample : Sample
    mean_weight : float
        Mean weight of those in scope, known or not: R survey scales weights by it.
    treatment : str
        What was done with unknown answers: "no", "exclude", or "" where there can be none.
    undetermined : float
        Weighted share, of those in scope, whose outcome is unknown.
    left_out : mapping
        Declared values that nobody has.
    replicate_weights : array, shape (groups, R), or None
        Σ of each replicate weight that came with the file.
    """

    call: Call
    patterns: pd.DataFrame
    pattern: Codes
    weight: Floats
    square: Floats
    n: Floats
    at: Codes
    table: Totals
    sample: SampleStages
    mean_weight: float
    treatment: str
    undetermined: float
    left_out: Mapping[str, Sequence[str]]
    replicate_weights: Floats | None

    @property
    def rows(self) -> float:
        """How many people count."""
        return float(self.n.sum())

    @property
    def weightless(self) -> int:
        """How many rows have a weight of 0 and are no respondents."""
        return int(self.table.sums.get(("w_zero",), np.zeros(1)).sum())

    @property
    def pattern_weight(self) -> Floats:
        """Σ w of each pattern."""
        return self.by_pattern(self.weight)

    def by_pattern(self, weight: Floats) -> Floats:
        """Weights of groups added up by pattern."""
        return np.bincount(self.pattern, weights=weight, minlength=len(self.patterns))


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """One query: which rows count, what is a variable, what is summed."""

    frame: Frame
    keys: tuple[str, ...]
    columns: Mapping[str, nw.Expr]
    sums: Mapping[Any, tuple[str, ...]]
    flags: tuple[str, ...]
    treatment: str


def read_model(
    call: Call,
    outcome: str,
    variables: Sequence[str],
    *,
    each_row: bool = False,
    classes: bool = False,
    no: Any = 0.0,
    apart: Sequence[str] = (),
) -> ModelData:
    """Read the people who count: in the population and in `where`, with every variable known.

    Parameters
    ----------
    call : Call
    outcome : str
        The variable that may be classified, with `<outcome>_possible` and `<outcome>_in_scope` beside it; or empty.
    variables : sequence of str
        Every column needed, the outcome among them.
    each_row : bool
        Keep every row apart, whatever its values.
    classes : bool
        Whether the outcome is one of several classes: an answer that is there is known then. Of a 0/1 outcome a 0 that could be 1 is not.
    no : optional
        What an unknown outcome is counted as where it means no; None where nobody has said which class that is.
    apart : sequence of str
        Further columns that keep the groups of the table apart, such as those of domains; they may be missing.

    Raises
    ------
    EstimateFault
        FL-EST-02, FL-EST-03, FL-EST-07 (a missing value nobody decided on), FL-EST-09, FL-EST-13, FL-EST-15,
        FL-EST-226 (neither numbers nor text), FL-EST-227 (text of too many values), FL-EST-236 (nobody is left).
    DesignFault
        Those of reading the sample.
    """
    people = call.people
    check_variables(people.schema, variables)
    plan = plan_rows(call, outcome, variables, classes=classes, no=no)
    plan = replace(plan, keys=tuple(dict.fromkeys([*plan.keys, *apart])))
    by_row = each_row or ROW in people.design.stages
    if not by_row:
        counts = distinct(people.frame, list(variables))
        text = [name for name in variables if is_text(people.schema, name)]
        check_levels({name: counts[name] for name in text})
        by_row = any(counts[name] > FEW for name in variables if name not in text)
    names = [name_of(position) for position in range(len(variables))]
    texts = [name_of(position) for position, name in enumerate(variables) if is_text(people.schema, name)]
    kept: dict[str, Floats] = {}
    if by_row:
        plain = [name for name in names if name not in texts]
        table, kept = rows(
            plan.frame, keys=(*plan.keys, *texts), columns=plan.columns, sums=plan.sums, values=[INSIDE, *plain]
        )
        inside = kept[INSIDE] == 1
    else:
        table = totals(plan.frame, keys=(*plan.keys, INSIDE, *names), columns=plan.columns, sums=plan.sums)
        inside = numbers(table.keys[INSIDE]) == 1
    return _of_groups(call, plan, outcome, table, inside, lambda found, at: _patterns(call, variables, found, kept, at))


def read_units(call: Call, plan: ModelPlan, outcome: str, patterns: pd.DataFrame, left_out: LeftOut) -> ModelData:
    """Read who counts by sampling unit, where the values of variables are as many as the rows and stay where these are.

    Parameters
    ----------
    call : Call
    plan : ModelPlan
        With rows that weigh nothing marked as outside.
    outcome : str
    patterns : pandas.DataFrame
        People who were made up, of every class that a variable has; nobody's values. Every group is said to be of the first.
    left_out : mapping
        Declared values that nobody has.

    Raises
    ------
    EstimateFault, DesignFault
        As `read_model`.
    """
    table = totals(plan.frame, keys=(*plan.keys, INSIDE), columns=plan.columns, sums=plan.sums)
    inside = numbers(table.keys[INSIDE]) == 1
    return _of_groups(
        call, plan, outcome, table, inside, lambda _, at: (patterns, np.zeros(len(at), dtype=np.int64), left_out)
    )


def _of_groups(
    call: Call, plan: ModelPlan, outcome: str, table: Totals, inside: npt.NDArray[np.bool_], people_of: PeopleOf
) -> ModelData:
    own = call.people.design.replicates
    table, sample = _sampled(call, table, plan.flags)
    _decided(call, table, outcome)
    at = np.flatnonzero(inside & (table.n > 0) & (table.sums["w", "r"] > 0))
    if not len(at):
        raise EstimateFault(
            "FL-EST-236", "nobody is left to fit a model to", found="0 rows counted",
            fix="look at where=, at who is in scope, and at which variables are missing",
        )  # fmt: skip
    patterns, pattern, left_out = people_of(table, at)
    scope = table.sums["w", "s"].sum()
    files = isinstance(own, Replicates)
    return ModelData(
        call=call,
        patterns=patterns,
        pattern=pattern,
        weight=table.sums["w", "r"][at],
        square=table.sums["w", "w", "r"][at],
        n=table.sums["r",][at],
        at=at,
        table=table,
        sample=sample,
        mean_weight=float(scope / table.sums["s",].sum()),
        treatment=plan.treatment,
        undetermined=float(table.sums["w", "u"].sum() / scope) if scope > 0 else float("nan"),
        left_out=left_out,
        replicate_weights=np.stack([table.sums[f"k{j}",][at] for j in range(len(own.columns))], axis=1)
        if files
        else None,
    )


def name_of(position: int) -> str:
    """What a variable is called in the frame of a plan."""
    return f"__fl_x{position}"


def check_variables(schema: Mapping[str, Any], variables: Sequence[str]) -> None:
    """Refuse variables that are not there (FL-EST-02), or neither numbers nor text (FL-EST-226)."""
    require_columns(schema, variables)
    wrong = [
        f"{name!r} is {schema[name]}"
        for name in variables
        if not (is_text(schema, name) or schema[name].is_numeric() or isinstance(schema[name], nw.Boolean))
    ]
    if wrong:
        raise EstimateFault(
            "FL-EST-226", "a variable of a model must be of numbers, 0/1 or text", found=listed(wrong),
            fix="cast it first: dates to years, objects to text or to a number",
        )  # fmt: skip


def check_levels(counts: Mapping[str, int]) -> None:
    """Refuse text of too many values (FL-EST-227)."""
    wrong = [f"{name!r}: {found:,} values" for name, found in counts.items() if found > MOST_LEVELS]
    if wrong:
        raise EstimateFault(
            "FL-EST-227", "a column of text has too many values for a model", found=listed(wrong),
            fix="bring them into classes first",
        )  # fmt: skip


def plan_rows(
    call: Call, outcome: str, variables: Sequence[str], *, classes: bool = False, no: Any = 0.0, weighing: bool = False
) -> ModelPlan:
    """Rows counted are in scope and known; values of the others are left empty, so that they make no cells.

    With `weighing` those without a weight are marked as outside: groups of rows tell them apart then.
    """
    people, schema = call.people, call.people.schema
    scope = inside_rows(schema, call.where, people.design.weights)
    classified = f"{outcome}_possible" in schema and f"{outcome}_in_scope" in schema
    unknown = call.treatment or ("no" if classified and no is not None else None)
    if unknown == "no" and no is None:
        raise EstimateFault(
            "FL-EST-361", "an unknown class cannot be counted as no: nobody has said which class that is", found="unknown='no'",
            fix="name it: reference=, or order= from it upwards; unknown=\"exclude\" leaves the rows out",
        )  # fmt: skip
    lacking = {name: missing(name, schema) for name in variables}
    if classified:
        scope = scope & _is_one(schema, f"{outcome}_in_scope")
        could_be = (
            _is_one(schema, f"{outcome}_possible") & ~_is_one(schema, outcome) if not classes else lacking[outcome]
        )
        lacking[outcome] = could_be
    as_no = unknown == "no" and outcome in lacking
    others = reduce(or_, [lack for name, lack in lacking.items() if not (as_no and name == outcome)], ~(scope | ~scope))
    counted = scope & ~others
    values = {name: _value(schema, name) for name in variables}
    if as_no:
        counted_as = str(no) if is_text(schema, outcome) or no is None else float(no)
        values[outcome] = nw.when(lacking[outcome]).then(nw.lit(counted_as)).otherwise(values[outcome])
    design = people.design
    columns = {
        "r": as_number(counted),
        "s": as_number(scope),
        "u": as_number(scope & lacking[outcome] if outcome in lacking else scope & others),
        "l": as_number(scope & others),
    }
    if call.where is not None and call.where in schema:
        value = nw.when(~missing(call.where, schema)).then(nw.col(call.where).cast(nw.Float64)).otherwise(nw.lit(0.0))
        columns["where_not_binary"] = as_number(~((value == 0.0) | (value == 1.0)))
    weighted = design.weights is not None
    if design.weights is not None:
        columns |= weight_columns(schema, design.weights)
    w = ["w"] * weighted
    sums: dict[Any, tuple[str, ...]] = {(name,): (name,) for name in ("r", "s", "u", "l")}
    sums |= {("w", name): (*w, name) for name in ("r", "s", "u")}
    sums["w", "w", "r"] = (*w, *w, "r")
    flags = tuple(f for f in ("w_missing", "w_zero", "w_negative", "where_not_binary") if f in columns)
    sums |= {(name,): (name,) for name in flags}
    if isinstance(design.replicates, Replicates):
        columns |= {name: weight * as_number(counted) for name, weight in replicate_columns(schema, design).items()}
        sums |= {(f"k{position}",): (f"k{position}",) for position in range(len(design.replicates.columns))}
    # What a calibration was made with: its residuals need the columns of its totals in every group.
    steps = steps_of(design)
    after = weight_names(steps)
    columns |= {name: nw.col(column).cast(nw.Float64) for name, column in after.items()}
    sums |= {(name,): (name,) for name in after}
    marked = counted & (columns["w"] > 0.0) if weighing and weighted else counted
    summed = read_as_sums(people.given, design, steps)
    if summed:
        columns |= step_columns(steps, schema)
        sums |= {product: product for product in step_sums(steps, [("w", "r")])}
    frame = people.frame.with_columns(
        as_number(marked).alias(INSIDE),
        *[nw.when(marked).then(values[name]).alias(name_of(position)) for position, name in enumerate(variables)],
    )
    known = [
        *unit_columns(design),
        *design.fpc,
        *design.phase2_columns,
        *(name for step in steps for name in (class_columns(step) if summed else step.columns)),
    ]
    keys = tuple(dict.fromkeys(known))
    return ModelPlan(frame=frame, keys=keys, columns=columns, sums=sums, flags=flags, treatment=unknown or "")


def _is_one(schema: Mapping[str, Any], name: str) -> nw.Expr:
    known = nw.when(~missing(name, schema)).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(0.0))
    return known == 1.0


def _value(schema: Mapping[str, Any], name: str) -> nw.Expr:
    return nw.col(name).cast(nw.String if is_text(schema, name) else nw.Float64)


def _sampled(call: Call, table: Totals, flags: Sequence[str]) -> tuple[Totals, SampleStages]:
    """The sample off the table, with the weights that an fpc gives and those of a second phase in its sums."""
    design = call.people.design
    if not len(table.n):
        raise EstimateFault("FL-EST-15", "there are no people", found="0 rows", fix="check the file or the filter")
    check_flags(table, design, flags)
    sample = read_sample(table, design)
    if sample.weight is not None:
        sums = {p: values * sample.weight ** p.count("w") for p, values in table.sums.items()}
        table = replace(table, sums=sums)
    return second_phase(table, design, sample) if design.phase2 is not None else (table, sample)


def _decided(call: Call, table: Totals, outcome: str) -> None:
    lacking = int(table.sums["l",].sum())
    if lacking and call.treatment != "exclude":
        raise EstimateFault(
            "FL-EST-07",
            "a variable of the model is missing in some rows, and nobody has said what that means",
            found=f"{lacking:,} rows",
            fix='unknown="exclude" leaves them out; unknown="no" counts a missing 0/1 outcome as no'
            if outcome
            else 'unknown="exclude" leaves them out',
        )


def _patterns(
    call: Call, variables: Sequence[str], table: Totals, kept: Mapping[str, Floats], at: Codes
) -> tuple[pd.DataFrame, Codes, dict[str, list[str]]]:
    """The different people among those counted, and which each group is."""
    known = declared(call.resolved.frame, call.people.schema, [*variables])
    columns: dict[str, Any] = {}
    left_out: dict[str, list[str]] = {}
    if kept:
        pattern, first = np.arange(len(at)), at
    else:
        position = np.zeros(len(at), dtype=np.int64)
        for i in range(len(variables)):
            key = table.keys[name_of(i)]
            position = np.unique(position * (len(key.levels) + 1) + key.codes[at], return_inverse=True)[1]
        _, one, pattern = np.unique(position, return_index=True, return_inverse=True)
        first = at[one]
    for i, name in enumerate(variables):
        if name_of(i) in kept:
            columns[name] = kept[name_of(i)][first]
            continue
        key = table.keys[name_of(i)]
        if is_text(call.people.schema, name):
            columns[name], unused = _categories(key, first, [str(value) for value in known.get(name, ())])
            if unused:
                left_out[name] = unused
        else:
            columns[name] = numbers(key)[first]
    return pd.DataFrame(columns), pattern.astype(np.int64), left_out


def _categories(key: GroupingKey, first: Codes, order: Sequence[str]) -> tuple[Any, list[str]]:
    """Text as categories in their declared order, or sorted; those that nobody counted has are left out, as R does."""
    met = np.unique(key.codes[first])
    found = [str(key.levels[code]) for code in met]
    wanted, unused = ordered_levels(found, order)
    position = {value: code for code, value in enumerate(wanted)}
    recode = np.full(len(key.levels) + 1, -1)
    recode[met] = [position[value] for value in found]
    kind = pd.CategoricalDtype(wanted)
    return pd.Categorical.from_codes(recode[key.codes[first]], dtype=kind), unused


def ordered_levels(found: Sequence[str], order: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values met in their declared order, or as they stand where none is declared; and those declared that nobody has."""
    wanted = [value for value in order if value in set(found)] or list(found)
    return wanted, [value for value in order if value not in wanted]
