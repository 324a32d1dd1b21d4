"""The one query of a call: which columns, which sums of products, grouped by which units; then the sample read off it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.calibrated import weight_names
from fl_estimate.design.calibrated_sums import class_columns, read_as_sums, step_columns, step_sums
from fl_estimate.design.domains import By, by_margins
from fl_estimate.design.read_columns import ReadColumns
from fl_estimate.design.read_once import totals_once
from fl_estimate.design.row_weights import FLAGS, check_weights, weight_columns
from fl_estimate.design.sample import SampleStages, read_sample, unit_columns
from fl_estimate.design.small_table import Totals
from fl_estimate.design.totals import Frame, require_columns
from fl_estimate.design.two_phase import second_phase
from fl_estimate.design.units import numbered
from fl_estimate.design.weight_summary import RELATIVE
from fl_estimate.errors import DesignFault, EstimateFault, listed
from fl_estimate.estimators.survey.level_sums import without_key
from fl_estimate.estimators.survey.targets import PERSON, OutcomeColumns, Targets
from fl_estimate.inputs.adjustments import Calibration
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.sample_design import LEAST_SHARE, MOST_SHARE, Design
from fl_estimate.inputs.unread_rows import UnreadRows

Product = tuple[str, ...]
FEW = 8
"""Measures up to which third and fourth powers of weights are summed where every row is a unit."""


@dataclass(frozen=True, kw_only=True)
class SampledPeople:
    """The frame of one call, read lazily, with its design and the columns wanted of it.

    `given` is the frame itself; of lazily classified people (`unread`) whoever looks at `frame` has their answers checked.
    """

    given: Frame
    schema: Mapping[str, Any]
    design: Design
    by: By
    categories: Mapping[str, Sequence[str]]
    unread: UnreadRows | None = None

    @cached_property
    def read_columns(self) -> Mapping[str, Any]:
        """The schema; of a frame in memory with what is known of all rows."""
        return ReadColumns(self.given) if isinstance(self.given, nw.DataFrame) else self.schema

    @property
    def frame(self) -> Frame:
        """The frame, of which no answer is unchecked."""
        if self.unread is not None:
            self.unread.settle()
            self.unread.rows_are_read()
        return self.given


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One quantity of one target, as names of row columns.

    A total of `top`; the ratio of `top` to `bottom`; or, where `square` (of `top`) is there, the variance of `top`. Of imputed
    answers `draw` says which draw it is of: products of columns of two draws are never asked for. `calibrations` says how many of
    the design's calibrations its weights had been through, where its columns bring earlier weights; None is all.
    """

    target: OutcomeColumns
    top: str
    bottom: str | None
    bound: str = ""
    square: str | None = None
    draw: int = 0
    calibrations: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The row columns that the quantity is made of."""
        return tuple(dict.fromkeys(name for name in (self.top, self.bottom, self.square) if name is not None))


def read_people(
    frame: Any, design: Design, by: By, *, replicated: bool = False, unread: UnreadRows | None = None
) -> SampledPeople:
    """Look at the frame's columns; no row is read.

    Parameters
    ----------
    frame : frame
    design : Design
    by : as in `estimate_prevalence`
    replicated : bool
        Whether variances will come from the design's replicates.
    unread : UnreadRows, optional
        Of classified people whose answers are checked with the first sums.

    Raises
    ------
    EstimateFault
        FL-EST-01, FL-EST-02, FL-EST-04.
    DesignFault
        FL-DESIGN-26, FL-DESIGN-27.
    """
    working, rows = _working(design, replicated=replicated)
    read, working = numbered(frame, working, rows=rows)
    schema = read.collect_schema()
    columns = [name for margin in by_margins(by) for name in margin]
    require_columns(schema, [*working.columns, *columns])
    return SampledPeople(
        given=read, schema=schema, design=working, by=by, categories=_of_domains(frame, schema, columns), unread=unread
    )


def _working(design: Design, *, replicated: bool) -> tuple[Design, bool]:
    """The design as this call needs it, and whether every row must be told apart."""
    own = design.replicates if replicated else None
    if isinstance(own, UnitReplicates):
        return design, own.rows_are_units and not design.stages
    if isinstance(own, Replicates):
        if design.weights is None:
            raise DesignFault(
                "FL-DESIGN-27",
                "replicate weights stand beside no sampling weights",
                found="Design(replicates=…) without weights=",
                fix="name the column of the sampling weights too; the estimate itself is made with them",
            )
        # All that is known of the sample is in the weights: strata and units have nothing to add.
        known = Design(
            weights=design.weights, replicates=own, expands=design.expands, population_size=design.population_size,
            populations=design.populations, adjustments=design.adjustments,
        )  # fmt: skip
        return known, False
    apart = design.pps is not None or design.phase2 is not None or design.single_psu_scope == "domain"
    persons = design.phase2 is not None and not design.phase2[1].stages
    # Residuals of calibrated weights are of rows; second moments would lose the digits that are left of them.
    apart = apart or bool(design.calibrations)
    return replace(design, replicates=None), (apart and not design.stages) or persons


def declared(frame: Any, schema: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Sequence[str]]:
    """Declared categories of columns: those of an Enum, and of a pandas categorical."""
    result: dict[str, Sequence[str]] = {}
    for name in columns:
        dtype = schema[name]
        if isinstance(dtype, nw.Enum):
            result[name] = tuple(dtype.categories)
        elif isinstance(dtype, nw.Categorical):
            native = narwhal(frame)
            if native.implementation.is_pandas():
                # An Arrow dictionary is no pandas categorical: it declares nothing beyond what it holds.
                categories = getattr(native.to_native()[name].dtype, "categories", None)
                if categories is not None:
                    result[name] = tuple(str(value) for value in categories)
    return result


def _of_domains(frame: Any, schema: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Sequence[str]]:
    """Declared categories in the order of tables: their own where it is meant (Enum, ordered), else sorted."""
    result = declared(frame, schema, columns)
    for name in result:
        if isinstance(schema[name], nw.Categorical):
            native = narwhal(frame).to_native()
            if not getattr(native[name].dtype, "ordered", False):
                result[name] = sorted(result[name])
    return result


def is_binary(target: OutcomeColumns, table: Totals) -> bool:
    """Whether an outcome took no other values than 0 and 1."""
    return target.denominator is None and not table.sums[target.not_binary,].any()


def read_totals(
    people: SampledPeople, targets: Targets, measures: Sequence[Measure], shifts: Mapping[str, float]
) -> tuple[Totals, SampleStages]:
    """Send the one query and read the sample off it."""
    design = people.design
    columns = dict(targets.columns)
    for measure in measures:
        for name in {measure.top, measure.bottom} & shifts.keys():
            columns[name] = targets.columns[name] - columns[measure.target.counted].cast(nw.Float64) * shifts[name]
    for measure in measures:
        if measure.square is not None:
            number = columns[measure.top].cast(nw.Float64)
            columns[measure.square] = number * number
    if design.weights is not None:
        columns |= weight_columns(people.read_columns, design.weights)
    moments = not design.stages and not isinstance(design.replicates, Replicates)
    weighted = design.weights is not None
    products = _products(
        targets, measures, rows_are_units=moments, powers=moments and weighted and design.replicates is None
    )
    sums = {product: _canonical(product, targets, weighted=weighted) for product in products}
    flags = [name for name in (*FLAGS, "where_not_binary") if name in columns]
    sums |= {(name,): (name,) for name in flags}
    if weighted and _has_totals(measures):
        sums |= {("w",): ("w",)}
    calibrations = steps_of(design)
    names = weight_names(calibrations)
    columns |= {name: nw.col(column).cast(nw.Float64) for name, column in names.items()}
    sums |= {(name,): (name,) for name in names}
    summed = read_as_sums(people.given, design, calibrations)
    if summed:
        columns |= step_columns(calibrations, people.schema)
        sums |= {product: product for product in step_sums(calibrations, [("w", name) for name in basis_of(measures)])}
    keys = dict.fromkeys(
        [*unit_columns(design), *design.fpc, *design.phase2_columns, *(n for m in by_margins(people.by) for n in m)]
    ) | dict.fromkeys(name for step in calibrations for name in (class_columns(step) if summed else step.columns))
    wanted = dict.fromkeys(sums.values())
    table = _asked(people, tuple(keys), columns, tuple(wanted), targets)
    table = Totals(keys=table.keys, sums={name: table.sums[p] for name, p in sums.items()}, n=table.n)
    if not len(table.n):
        raise EstimateFault("FL-EST-15", "there are no people", found="0 rows", fix="check the file or the filter")
    check_flags(table, design, flags)
    _check_expands(table, design, measures)
    sample = read_sample(table, design)
    if sample.weight is not None:
        scaled = {p: values * sample.weight ** p.count("w") for p, values in table.sums.items()}
        table = Totals(keys=table.keys, sums=scaled, n=table.n)
    return second_phase(table, design, sample) if design.phase2 is not None else (table, sample)


def _asked(
    people: SampledPeople,
    keys: tuple[str, ...],
    columns: Mapping[str, nw.Expr],
    products: tuple[Product, ...],
    targets: Targets,
) -> Totals:
    """The sums of these products; of many values of a column of text with the column as a key, and no expression a value."""
    levels = targets.levels
    if levels is None or levels.column in keys or any(measure in columns for measure in _squares(targets)):
        return totals_once(
            people.given, people.unread, keys=keys, columns=columns, sums={product: product for product in products}
        )
    asked = dict.fromkeys(levels.asked(product) for product in products)
    used = {name for product in asked for name in product}
    table = totals_once(
        people.given,
        people.unread,
        keys=(*keys, levels.column),
        columns={name: column for name, column in columns.items() if name in used},
        sums={product: product for product in asked},
    )
    return without_key(table, levels, products)


def _squares(targets: Targets) -> list[str]:
    return [target.square for target in targets.targets]


def steps_of(design: Design) -> tuple[Calibration, ...]:
    """The calibrations that the small table must show; replicate weights of a file have them in themselves."""
    return () if isinstance(design.replicates, Replicates) else design.calibrations


def _canonical(product: Product, targets: Targets, *, weighted: bool) -> Product:
    """The same sum with fewer factors: a value is 0 outside its own 0/1 column, and 1 × 1 is 1."""
    left = [factor for factor in product if factor != "w"]
    for target in targets.targets:
        inner = {target.value, target.upper, target.denominator, target.square, target.unknown, target.not_binary}
        inner &= set(left)
        outer = {"r", target.scope, target.counted}
        if inner:
            left = [factor for factor in left if factor not in outer]
        elif target.counted in left:
            left = [factor for factor in left if factor not in outer - {target.counted}] or [target.counted]
    ones = {"r", *(name for target in targets.targets for name in (target.scope, target.counted, *target.zero_one))}
    short = [factor for position, factor in enumerate(left) if factor not in ones or factor not in left[:position]]
    return (*(["w"] * product.count("w") if weighted else []), *short)


def check_flags(table: Totals, design: Design, flags: Sequence[str]) -> None:
    """Refuse weights that are missing or negative (FL-DESIGN-13) and a where= column that is no 0/1 (FL-EST-09)."""
    counts = {name: int(table.sums[name,].sum()) for name in flags}
    if counts.get("where_not_binary"):
        raise EstimateFault(
            "FL-EST-09",
            "the where= column holds other values than 0, 1 and missing",
            found=f"{counts['where_not_binary']:,} rows",
            fix='write the condition out, such as where="age >= 18"',
        )
    check_weights(counts, str(design.weights))


def _has_totals(measures: Sequence[Measure]) -> bool:
    return any(measure.bottom is None and measure.square is None for measure in measures)


def _check_expands(table: Totals, design: Design, measures: Sequence[Measure]) -> None:
    """A total needs weights that sum to the population; an fpc of every stage gives such.

    FL-EST-200: they sum to the sample, as the design says or their mean tells. FL-EST-261: to less than half or more
    than double of the known population; FL-EST-263: of that of a group. FL-EST-260: nobody has said what they sum to.
    """
    if not _has_totals(measures) or design.weights is None:
        return  # FL-EST-10 refuses designs that know no weights at all
    total, rows = table.sums["w",].sum(), (table.n - table.sums["w_zero",]).sum()
    size = design.population_size
    text = f"column {design.weights!r} sums to {total:,.0f} over {rows:,.0f} rows"
    if size is not None and not LEAST_SHARE <= total / size <= MOST_SHARE:
        raise EstimateFault(
            "FL-EST-261",
            "a total needs weights that sum to the population, and these are far from it",
            found=f"{text}; the population is {size:,.0f}",
            fix="give the weights as the sample was drawn, bring them to known totals with fl.calibrate, or correct the "
            "population: population_size= counts what a row stands for",
        )
    if far := _far_groups(table, design):
        raise EstimateFault(
            "FL-EST-263",
            "a total of groups needs weights that sum to the population of each, and these are far from it",
            found=listed(far),
            fix="correct the weights or the populations of the groups ([totals] or [design] populations in a mapping), or look "
            "whether the codes mean the same groups",
        )
    if design.expands is False:
        raise _relative(f"{text}; Design(expands=False)")
    if design.expands or size is not None or _every_group_known(table, design):
        return
    if rows and abs(total / rows - 1) < RELATIVE:
        raise _relative(f"{text}, mean {total / rows:.6g}")
    raise EstimateFault(
        "FL-EST-260",
        "a total needs weights that sum to the population, and nobody has said that these do",
        found=text,
        fix="if that is the population: Design(expands=True), in a mapping expands = true; or give its known size, "
        "Design(population_size=…), in a mapping population_size = …",
    )


def _far_groups(table: Totals, design: Design) -> list[str]:
    """Groups of a by-column whose weights sum to less than half or more than double of their known population."""
    far: list[str] = []
    for name, known in design.populations:
        if name not in table.keys:
            continue
        key = table.keys[name]
        sums = np.bincount(key.codes, weights=table.sums["w",], minlength=key.missing + 1)
        met = {str(level): float(total) for level, total in zip(key.levels, sums[: key.missing], strict=True)}
        for code, size in known:
            if not LEAST_SHARE <= met.get(code, 0.0) / size <= MOST_SHARE:
                far.append(f"{name} {code}: weights sum to {met.get(code, 0.0):,.0f}, its population is {size:,.0f}")
    return far


def _every_group_known(table: Totals, design: Design) -> bool:
    """Whether the populations of all groups of a by-column are known, and so were compared."""
    keys = {
        name: {str(level) for level in table.keys[name].levels} for name, _ in design.populations if name in table.keys
    }
    return any(keys.get(name, {""}) <= set(dict(known)) for name, known in design.populations)


def _relative(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-200",
        "a total needs weights that expand to the population, and these sum to the sample",
        found=found,
        fix="give the weights as the sample was drawn, or bring them to known totals with fl.calibrate; if they do "
        "expand (a census): Design(expands=True)",
    )


def _products(
    targets: Targets, measures: Sequence[Measure], *, rows_are_units: bool, powers: bool
) -> tuple[Product, ...]:
    """Every sum the estimates need, each once."""
    wanted: list[Product] = [("r",)]
    for target in targets.targets:
        wanted += [(target.scope,), (target.counted,), (target.value,), (target.unknown,), (target.not_binary,)]
        judged = [name for name in (target.nonzero, target.nonzero_denominator) if name is not None]
        wanted += [(name,) for name in judged]
        if PERSON in targets.columns:
            wanted += [(PERSON, name) for name in (target.counted, *judged)]
        wanted += [("w", target.scope), ("w", target.unknown)]
    for measure in measures:
        used = [*measure.columns, measure.target.counted]
        wanted += [("w", name) for name in used]
        if measure.square is None:
            wanted += [("w", *pair) for pair in combinations_with_replacement(sorted(set(used)), 2)]
        wanted += [(measure.top,)]
    if rows_are_units:
        for draw in dict.fromkeys(measure.draw for measure in measures):
            own = basis_of([measure for measure in measures if measure.draw == draw])
            wanted += [("w", "w", *pair) for pair in combinations_with_replacement(own, 2)]
    few = [measure for measure in measures if of_counted(measure)]
    # Draws of one outcome are one measure each, made again.
    if powers and max(Counter(measure.draw for measure in few).values(), default=0) <= FEW:
        wanted += [(*["w"] * power, name) for m in few for name in (m.top, m.target.counted) for power in (3, 4)]
    return tuple(dict.fromkeys(wanted))


def of_counted(measure: Measure) -> bool:
    """Whether a measure is the share or the total of one column among the rows counted."""
    return (
        measure.square is None
        and measure.target.denominator is None
        and measure.bottom in (None, measure.target.counted)
    )


def basis_of(measures: Sequence[Measure]) -> list[str]:
    """The row columns that values and influences are linear in."""
    return sorted({name for m in measures for name in (*m.columns, m.target.counted)})
