"""Aggregated relational data: how many people of each group every respondent knows, read once, checked, as arrays.

Estimators of network scale-up take it from here; what they sum over rows is made in `network_columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.row_weights import check_weights, weight_columns
from fl_estimate.design.totals import as_frame, require_columns
from fl_estimate.errors import EstimateFault, decoding, listed, not_one_of, shown
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups, hidden_names, known_groups
from fl_estimate.estimators.survey.targets import inside_rows
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.expressions import missing

Unanswered = Literal["exclude", "zero", "available"]
"""What a missing report about a known group means."""
UnknownHidden = Literal["exclude", "no"]
"""What a missing report about a hidden group means."""
NON_ANSWERS: tuple[int, ...] = (77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 7777, 8888, 9997, 9998, 9999, 99999)
"""Numbers that questionnaires keep for "do not know" and "refused"."""
FAR = 2.0
"""A report of such a number is taken for a code where nobody else reports more than 1/2 of it about the group."""
_WEIGHT = "__fl_weight"
_INSIDE = "__fl_inside"


@dataclass(frozen=True, kw_only=True, eq=False)
class RelationalData:
    """How many people of each group every respondent knows.

    Attributes
    ----------
    reports : float array, shape (respondents, groups)
        Known groups first, then the hidden ones; NaN where a report is missing and was kept so.
    known : KnownGroups
    hidden : tuple of str
    weights : float array, shape (respondents,)
        Sampling weights, scaled to mean 1; 1 where the design has none.
    rows : int array, shape (respondents,)
        Places of the respondents among the rows of the people.
    capped : float or None
        The number at which reports were cut.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"teachers": [2, 0, 1, 3], "priests": [0, 1, 0, 1], "bonded": [0, 0, 1, 0]})
    >>> data = fl.hidden.relational_data(people, "bonded", known={"teachers": 900, "priests": 100}, population=50_000,
    ...                                  design=fl.Design(unweighted=True))
    >>> data.known_reports.shape, data.degrees().tolist()
    ((4, 2), [100.0, 50.0, 50.0, 200.0])
    """

    reports: Floats = field(repr=False)
    known: KnownGroups
    hidden: tuple[str, ...]
    weights: Floats = field(repr=False)
    rows: npt.NDArray[np.int64] = field(repr=False)
    capped: float | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the columns of `reports`."""
        return (*self.known.names, *self.hidden)

    @property
    def known_reports(self) -> Floats:
        """Of known groups, (respondents, known groups)."""
        return self.reports[:, : len(self.known.names)]

    @property
    def hidden_reports(self) -> Floats:
        """Of hidden groups, (respondents, hidden groups)."""
        return self.reports[:, len(self.known.names) :]

    @property
    def population(self) -> float:
        """The people whom respondents were asked about, in persons."""
        return self.known.population

    def degrees(self) -> Floats:
        """Personal network sizes by the known groups, d_i = N Σ y_ik / Σ N_k over the groups that i answered about; in persons.

        NaN where a respondent answered about none.
        """
        answered = ~np.isnan(self.known_reports)
        met = np.where(answered, self.known_reports, 0.0).sum(axis=1)
        size = answered @ self.known.sizes
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(size > 0, self.population * met / size, np.nan)

    def quality(self) -> Any:
        """How groups were reported, one row each: what is looked at before anything is scaled up.

        Returns
        -------
        pandas.DataFrame
            `group`; `known_size` in persons; `answered`, respondents; `mean`, weighted; `zeros`, the share who know nobody, and
            `zeros_expected`, what it would be if ties were drawn at random (of known groups): more zeros than that are barriers, or
            a group that is not recognised; `heaped_at_5` and `heaped_at_10`, reports of 5, 15, 25 … and of 10, 20, 30 … over
            the mean of their neighbours: about 1 where nobody rounds.
        """
        import pandas as pd

        degrees = self.degrees()
        sizes = dict(zip(self.known.names, self.known.sizes.tolist(), strict=True))
        rows: list[dict[str, Any]] = []
        for name, values in zip(self.groups, self.reports.T, strict=True):
            there, size = ~np.isnan(values), sizes.get(name, np.nan)
            some = there.any()
            rows.append({
                "group": name, "known_size": size, "answered": int(there.sum()),
                "mean": np.average(values[there], weights=self.weights[there]) if some else np.nan,
                "zeros": np.average(values[there] == 0, weights=self.weights[there]) if some else np.nan,
                "zeros_expected": np.nan if np.isnan(size) else _zeros_expected(degrees, self.weights, size / self.population),
                "heaped_at_5": _heaped(values, range(5, 96, 10)), "heaped_at_10": _heaped(values, range(10, 101, 10)),
            })  # fmt: skip
        return pd.DataFrame(rows)


def _zeros_expected(degrees: Floats, weights: Floats, share: float) -> float:
    """Share of respondents who would know nobody of a group if ties were drawn at random."""
    known = ~np.isnan(degrees)
    return float(np.average(np.exp(-degrees[known] * share), weights=weights[known])) if known.any() else np.nan


def _heaped(values: Floats, at: range) -> float:
    """Reports of these numbers over the mean of those of their neighbours; NaN where nobody reports a neighbour."""
    whole = values[~np.isnan(values)].astype(np.int64)
    counts = np.bincount(whole[whole <= at.stop], minlength=at.stop + 1)
    here = np.arange(at.start, at.stop, at.step)
    beside = (counts[here - 1] + counts[here + 1]).sum() / 2
    return float(counts[here].sum() / beside) if beside else np.nan


def relational_data(
    people: Any,
    hidden: str | Sequence[str],
    *,
    known: Any,
    population: float,
    design: Design | None = None,
    where: str | None = None,
    unanswered: Unanswered | None = None,
    unknown: Literal["exclude", "no", "available"] | None = None,
    top_code: float | None = None,
    largest: float | None = None,
) -> RelationalData:
    """Read and check how many people of each group respondents know.

    Use it to look at the reports, or to hand them to a model of your own; `fl.hidden.scale_up` and its like call it themselves.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a respondent; a column for each group, in persons. Columns that a mapping does not name keep their own names.
    hidden : str or list of str
        Columns of the hidden groups; none, ``()``, reads the known groups alone.
    known : mapping of str to number, or frame
        Sizes of the known groups in persons, by column; or a frame with the columns `group` and `size`.
    population : float
        All people whom the respondents were asked about, N, in persons.
    design : Design, optional
        For the weights; taken from `people` where that carries one.
    where : str, optional
        A 0/1 column or a condition: whose reports are taken.
    unanswered : {"exclude", "zero", "available"}, optional
        What a missing report about a known group means: the respondent is out; nobody known; or the network size is taken
        from the groups that were answered. Without it a missing report is an error.
    unknown : {"exclude", "no", "available"}, optional
        The same of the hidden groups: out, nobody known, or left missing.
    top_code : float, optional
        Larger reports are cut to this number, which takes network sizes down: 30 is usual where names are remembered.
    largest : float, optional
        The largest number that a respondent may report; larger ones are an error. Once it is given, numbers such as 98 and
        999 are taken for numbers of people.

    Returns
    -------
    RelationalData

    Raises
    ------
    EstimateFault
        FL-EST-02, FL-EST-08, FL-EST-11; FL-EST-590 to FL-EST-592, FL-EST-602: groups and sizes; FL-EST-593: reports that
        cannot be (below 0, not whole, more than the group has); FL-EST-594: numbers that look like "do not know", or above
        `largest`; FL-EST-595: missing reports; FL-EST-596: nobody knows anybody of any known group; FL-EST-598: an option
        that there is not.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"teachers": [2, 0, None, 3], "priests": [0, 1, 0, 1], "bonded": [0, 0, 1, 0]})
    >>> data = fl.hidden.relational_data(people, "bonded", known={"teachers": 900, "priests": 100}, population=50_000,
    ...                                  design=fl.Design(unweighted=True), unanswered="exclude")
    >>> data.rows.tolist()
    [0, 1, 3]
    """
    groups = known_groups(known, population)
    names = hidden_names(hidden, groups) if hidden else ()
    check_options(unanswered, unknown, top_code, largest, treatments=(*get_args(UnknownHidden), "available"))
    resolved = resolve(people, design)
    reports, weights, rows = read_reports(as_frame(resolved.frame), resolved.design, (*groups.names, *names), where)
    split = len(groups.names)
    check_reports(reports, (*groups.names, *names), groups, largest)
    require_answered(reports, (*groups.names, *names), split, unanswered, unknown)
    reports, kept = _treated(reports, split, unanswered, unknown, top_code)
    if not np.nansum(reports[:, :split]) > 0:
        raise nobody_known(groups)
    scale = weights[kept].mean() or 1.0
    return RelationalData(
        reports=reports, known=groups, hidden=names, weights=weights[kept] / scale, rows=rows[kept], capped=top_code
    )


def read_reports(
    frame: Any, design: Design, names: Sequence[str], where: str | None
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Reports (NaN where missing), weights and places of the rows that count."""
    schema = frame.collect_schema()
    require_columns(schema, [*names, *([design.weights] if design.weights else [])])
    require_numbers(schema, names)
    flags = {} if design.weights is None else weight_columns(schema, design.weights)
    weight = flags.pop("w", nw.lit(1.0))
    inside = inside_rows(schema, where, design.weights)
    columns = [report(schema, name).alias(f"__fl_y{position}") for position, name in enumerate(names)]
    with decoding():
        table = (
            frame.lazy()
            .select(
                *columns,
                weight.alias(_WEIGHT),
                inside.cast(nw.Float64).alias(_INSIDE),
                *(flag.cast(nw.Float64).alias(name) for name, flag in flags.items()),
            )
            .collect("pyarrow")
            .to_native()
        )
    # By name: pandas' labels of rows come along as columns of their own.
    wanted = [*(f"__fl_y{position}" for position in range(len(names))), _WEIGHT, _INSIDE]
    values = np.stack([np.asarray(table.column(name).to_numpy(), dtype=float) for name in wanted], axis=1)
    rows = np.flatnonzero(values[:, -1] == 1)
    if design.weights is not None:
        check_weights({name: int(np.asarray(table.column(name)).sum()) for name in flags}, design.weights)
    weights = values[rows, -2]
    if endless := int(np.isinf(weights).sum()):
        raise EstimateFault(
            "FL-EST-700", "weights of respondents are infinite", found=f"column {design.weights!r}: {endless:,} rows",
            fix="correct these weights; 0 leaves a respondent out",
        )  # fmt: skip
    return values[rows, :-2], weights, rows


def report(schema: Any, name: str) -> nw.Expr:
    """The numbers of a column; null where missing, also where an engine says NaN."""
    return nw.when(~missing(name, schema)).then(nw.col(name).cast(nw.Float64))


def require_numbers(schema: Any, names: Sequence[str]) -> None:
    """FL-EST-08 where a column does not hold numbers."""
    texts = [name for name in names if not (schema[name].is_numeric() or isinstance(schema[name], nw.Boolean))]
    if texts:
        raise EstimateFault(
            "FL-EST-08", "this column does not hold numbers", found=listed(f"{n!r} is {schema[n]}" for n in texts),
            fix="reports are numbers of people; words such as “many” or “don't know” are declared missing in the mapping",
        )  # fmt: skip


def check_options(
    unanswered: str | None, unknown: str | None, top_code: Any, largest: Any, *, treatments: Sequence[str]
) -> None:
    """FL-EST-598 where an option is none."""
    if unanswered is not None and unanswered not in get_args(Unanswered):
        raise not_one_of("FL-EST-598", "this treatment of unanswered known groups", unanswered, get_args(Unanswered))
    if unknown is not None and unknown not in treatments:
        raise not_one_of("FL-EST-598", "this treatment of unknown reports of a hidden group", unknown, treatments)
    for name, value in (("top_code", top_code), ("largest", largest)):
        number = isinstance(value, Real) and not isinstance(value, bool) and 1 <= float(value) < np.inf
        if value is not None and not number:
            raise EstimateFault(
                "FL-EST-598", f"{name}= is not a number of people", found=shown(value), fix="30, say, or leave it out"
            )


def check_reports(reports: Floats, names: Sequence[str], groups: KnownGroups, largest: float | None) -> None:
    """Refuse reports that cannot be, all at once: columns and how many rows, never which number.

    Raises
    ------
    EstimateFault
        FL-EST-593, FL-EST-594.
    """
    known = ~np.isnan(reports)
    filled = np.where(known, reports, 0.0)
    most = np.array([*groups.sizes, *[groups.population] * (len(names) - len(groups.names))])
    wrong = {
        "below 0": filled < 0,
        "infinite": np.isinf(filled),
        "not whole": np.isfinite(filled) & (filled != np.floor(filled)),
        "more than the group has": np.isfinite(filled) & (filled > most),
    }
    found = [
        f"{name!r}: {count:,} {what}"
        for what, where in wrong.items()
        for name, count in zip(names, where.sum(axis=0).tolist(), strict=True)
        if count
    ]
    if found:
        raise EstimateFault(
            "FL-EST-593", "a report is no number of people of the group", found=listed(found),
            fix="declare codes of “don't know” and “refused” missing in the mapping, and correct the sizes in known=",
        )  # fmt: skip
    if largest is not None:
        over = [f"{n!r}: {c:,}" for n, c in zip(names, (filled > largest).sum(axis=0).tolist(), strict=True) if c]
        if over:
            raise EstimateFault(
                "FL-EST-594", "reports are larger than largest= allows", found=f"{listed(over)} reports",
                fix="declare codes missing in the mapping; or top_code= cuts large reports",
            )  # fmt: skip
        return
    coded = [f"{n!r}: {count:,}" for n, values in zip(names, filled.T, strict=True) if (count := _coded(values))]
    if coded:
        raise EstimateFault(
            "FL-EST-594", "reports look like codes of “don't know” or “refused”, not like numbers of people",
            found=f"{listed(coded)} reports of a number such as 98 or 999, far above all others",
            fix="declare the codes missing in the mapping; if they are numbers of people, say how many there may be: largest=",
        )  # fmt: skip


def _coded(values: Floats) -> int:
    """How many reports are a number that is kept for non-answers, and stand far above what everybody else reports."""
    marked = np.isin(values, NON_ANSWERS)
    if not marked.any():
        return 0
    others = values[~marked]
    highest = others.max(initial=0.0)
    return int((marked & (values > FAR * highest)).sum())


def require_answered(
    reports: Floats, names: Sequence[str], split: int, unanswered: str | None, unknown: str | None
) -> None:
    """FL-EST-595 where reports are missing and nobody has said what that means."""
    counts = np.isnan(reports).sum(axis=0).tolist()
    missed = [name for name, count in zip(names[:split], counts[:split], strict=True) if count and unanswered is None]
    hidden = [name for name, count in zip(names[split:], counts[split:], strict=True) if count and unknown is None]
    if not missed and not hidden:
        return
    told = [f"{name!r}: {counts[list(names).index(name)]:,} rows" for name in (*missed, *hidden)]
    ways = ['unanswered="exclude", "available" or "zero" for known groups'] if missed else []
    ways += ['unknown="exclude" or "no" for hidden ones'] if hidden else []
    raise EstimateFault(
        "FL-EST-595",
        "reports are missing, and nobody has said what that means",
        found=listed(told),
        fix="; ".join(ways),
    )


def nobody_known(groups: KnownGroups) -> EstimateFault:
    """No network size can be had."""
    return EstimateFault(
        "FL-EST-596", "no respondent knows anybody of any known group, so that network sizes are not known",
        found=f"{len(groups.names)} known groups, all reports 0 or missing",
        fix="check the columns and the condition in where=; larger known groups are needed",
    )  # fmt: skip


def _treated(
    reports: Floats, split: int, unanswered: str | None, unknown: str | None, top_code: float | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Reports as the options want them, and which respondents stay."""
    known, hidden = reports[:, :split], reports[:, split:]
    kept = np.ones(len(reports), dtype=bool)
    if unanswered == "exclude":
        kept &= ~np.isnan(known).any(axis=1)
    if unanswered == "available":
        kept &= ~np.isnan(known).all(axis=1)
    if unknown == "exclude":
        kept &= ~np.isnan(hidden).any(axis=1)
    known = np.where(np.isnan(known), 0.0, known) if unanswered == "zero" else known
    hidden = np.where(np.isnan(hidden), 0.0, hidden) if unknown == "no" else hidden
    result = np.concatenate([known, hidden], axis=1)[kept]
    return (result if top_code is None else np.fmin(result, np.where(np.isnan(result), np.nan, top_code))), kept
