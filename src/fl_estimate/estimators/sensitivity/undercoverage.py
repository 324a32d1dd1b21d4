"""Undercoverage of the frame: what a figure would be with people whom no household survey can meet, over their prevalence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.results.basis import Basis
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    PREVALENCE,
    TOTAL,
    UNDERCOVERAGE_PREVALENCE,
    UNDERCOVERAGE_TOTAL,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, NotNegative, Positive, Some

UNDERCOVERAGE = MethodName("undercoverage")
OUTSIDE_FRAME = AssumptionCode("outside_frame", "share")
OUTSIDE_GROUP = AssumptionCode("outside_group", "group", "share")
OUTSIDE_SIZE_KNOWN = AssumptionCode("outside_size_known")
MORE_CASES_THAN_PEOPLE = ReasonCode("more_cases_than_people")
GROUP = "group"
"""The by-column that names the group outside the frame."""
ALL_GROUPS = "all"
QUANTITIES: Mapping[str, Quantity] = {PREVALENCE: UNDERCOVERAGE_PREVALENCE, TOTAL: UNDERCOVERAGE_TOTAL}
RELATIVE: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)


@method(kind="undercoverage", basis=None, family="survey")
def undercoverage_curve(
    estimates: Annotated[Estimates, Earlier()],
    outside: Positive | Mapping[str, Positive],
    *,
    covered: Positive | None = None,
    relative_prevalence: Annotated[Sequence[NotNegative], Some] = RELATIVE,
) -> Estimates:
    """Frame undercoverage: give a figure for people in and outside the frame, over the prevalence outside relative to inside.

    A household survey meets nobody who lives on the employer's premises or in an institution, has left the country or has died.
    What is true of them no answer tells: say how many they are, and read what the figure would be if forced labour were as frequent
    among them as among those covered, half as frequent, ten times as frequent.

    Parameters
    ----------
    estimates : Estimates
        Prevalences or totals of the people covered, without bounds: of the nation, or by domain if the group outside is the same
        share everywhere.
    outside : float, or mapping of str to float
        The people outside the frame: below 1 their share of all people, covered or not; from 1 on their number, and then `covered`
        is needed. A mapping has several groups by name ({"employers' premises": 40_000, "institutions": 12_000}); each has a
        curve of its own with the others left out, and the last, "all", has all of them, at the same relative prevalence.
    covered : float, optional
        How many people the frame covers, where `outside` is a number.
    relative_prevalence : sequence of float, default (0, 0.5, 1, 2, 5, 10)
        Prevalence outside the frame over that inside. 1 is the assumption of every unadjusted prevalence, 0 that of every total.

    Returns
    -------
    Estimates
        A row for each row of `estimates`, group and relative prevalence, which stands in `term` ("×2"). Quantity
        undercoverage_prevalence or undercoverage_total. Rows of one call are one figure in several dresses: their covariance is given.

    Raises
    ------
    EstimateFault
        FL-EST-470: not prevalences or totals of people covered; FL-EST-471: a size or a relative prevalence that cannot be.

    Notes
    -----
    With s the share outside and r the relative prevalence, θ = θ_c ((1 − s) + s r), and for totals T = T_c (1 + r s/(1 − s)): those
    outside have the prevalence r θ_c. Several groups together: s is their sum. The bias of the covered prevalence is s (1 − r) θ_c.
    Standard error and limits are multiplied by the same factor: neither s nor r has an error, so that a curve, not an interval, says
    what is not known. Where r θ_c is above 1 there is no such group, and the row is empty.

    References
    ----------
    Lessler and Kalsbeek (1992), Nonsampling Error in Surveys, ch. 4. Groves and others (2009), Survey Methodology, ch. 3.3.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
    >>> inside = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> curve = fl.undercoverage_curve(inside, 0.1, relative_prevalence=[0, 1, 2])
    >>> curve.to_frame()[["term", "value"]].round(4).values.tolist()
    [['×0', 0.3], ['×1', 0.3333], ['×2', 0.3667]]
    """
    quantity = _usable(estimates)
    shares = _shares(outside, covered)
    relative = _relative(relative_prevalence)
    check_by_columns([GROUP])
    if GROUP in estimates.by:
        raise EstimateFault(
            "FL-EST-470", "the column of the groups is a by-column of the estimates already", found=repr(GROUP),
            fix="rename it before estimating",
        )  # fmt: skip
    curves = [_CurvePoint(name=name, share=share, relative=r) for name, share in shares.items() for r in relative]
    return _lay_out(estimates, curves, quantity, named=isinstance(outside, Mapping), covered=covered)


@dataclass(frozen=True, kw_only=True)
class _CurvePoint:
    """One point of one curve: the group, its share of all people, and its prevalence over that of the people covered."""

    name: str
    share: float
    relative: float

    def factor(self, quantity: Quantity) -> float:
        if quantity == PREVALENCE:
            return (1 - self.share) + self.share * self.relative
        return 1 + self.relative * self.share / (1 - self.share)


def term_of(number: float) -> str:
    """A multiple as the column `term` has it.

    Examples
    --------
    >>> term_of(2.0), term_of(0.25)
    ('×2', '×0.25')
    """
    return f"×{float(number):.12g}"


def _usable(estimates: Estimates) -> Quantity:
    """The one quantity of the estimates, where a factor is right for it."""
    result = sorted({str(name) for name in estimates.frame["quantity"]})
    bounds = sorted({str(name) for name in estimates.frame["bound"]} - {"", "imputed"})
    if len(result) != 1 or result[0] not in QUANTITIES or bounds:
        raise EstimateFault(
            "FL-EST-470", "undercoverage is told of prevalences or totals of the people covered",
            found=listed([*result, *(f"bound {name}" for name in bounds)]) or "no row",
            fix='give what fl.estimate_prevalence or fl.estimate_total returned, with unknown="no" or imputed',
        )  # fmt: skip
    return Quantity.of(result[0])


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _shares(outside: Any, covered: float | None) -> dict[str, float]:
    """Groups with their shares of all people; several are followed by all of them together."""
    given: dict[str, Any] = dict(outside) if isinstance(outside, Mapping) else {"": outside}
    if not given or not all(_number(size) and float(size) > 0 for size in given.values()):
        raise _size(f"sizes that are not all numbers above 0: {shown(outside)}")
    sizes = np.array([float(size) for size in given.values()])
    if (sizes < 1).all():
        if covered is not None:
            raise _size(f"shares, and covered={shown(covered)}")
        shares = sizes
    elif (sizes >= 1).all():
        if not _number(covered) or not float(covered or 0) > 0:
            raise _size(f"numbers of persons, and covered={shown(covered)}")
        shares = sizes / (float(covered or 0) + sizes)
    else:
        raise _size("shares and numbers of persons together")
    whole = float(sizes.sum()) if (sizes < 1).all() else float(sizes.sum() / (float(covered or 0) + sizes.sum()))
    if whole >= 1:
        raise _size(f"shares that sum to {whole:g}")
    # Alone, a group is left beside the people covered only: the shares of the others are nobody's.
    alone = shares / (1 - whole + shares) if (sizes < 1).all() else shares
    result = dict(zip(map(str, given), alone.tolist(), strict=True))
    if ALL_GROUPS in result:
        raise _size(f"a group named {ALL_GROUPS!r}, which is the name of all together")
    return {**result, ALL_GROUPS: whole} if len(result) > 1 else result


def _size(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-471", "the people outside the frame cannot be so many", found=found,
        fix="outside=0.03, a share of all people; or outside=40_000 with covered=1_200_000; a mapping for several groups",
    )  # fmt: skip


def _relative(given: Any) -> list[float]:
    values = list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else [given]
    if not values or not all(_number(value) and float(value) >= 0 for value in values):
        raise EstimateFault(
            "FL-EST-471", "a relative prevalence is a number of at least 0", found=shown(given),
            fix="relative_prevalence=[0, 1, 2, 5]: prevalence outside the frame over that inside",
        )  # fmt: skip
    return sorted({float(value) for value in values})


def _lay_out(
    estimates: Estimates, curves: Sequence[_CurvePoint], quantity: Quantity, *, named: bool, covered: float | None
) -> Estimates:
    frame, rows = estimates.frame, len(estimates.frame)
    factors = np.repeat([curve.factor(quantity) for curve in curves], rows)
    columns: dict[str, Any] = {name: np.tile(frame[name].to_numpy(dtype=float), len(curves)) for name in _SCALED}
    # More cases outside than people is no scenario; of totals nobody says how many are covered unless told.
    known = quantity == PREVALENCE
    inside = columns["value"] if known else columns["value"] / (covered or np.nan)
    outside = np.repeat([curve.relative for curve in curves], rows) * inside
    impossible = outside > 1
    for name in _SCALED:
        columns[name] = np.where(impossible, np.nan, columns[name] * factors)
    if known:
        # At a limit too nobody outside is a case more than once.
        share = np.repeat([curve.share for curve in curves], rows)
        relative = np.repeat([curve.relative for curve in curves], rows)
        for name in ("lower", "upper"):
            end = np.tile(frame[name].to_numpy(dtype=float), len(curves))
            most = (1 - share) * end + share * np.minimum(1.0, relative * end)
            columns[name] = np.minimum(columns[name], most)
    for name in ("level", "df", "df_effective", "undetermined"):
        columns[name] = np.tile(frame[name].to_numpy(dtype=float), len(curves))
    columns["n"] = np.tile(frame["n"].to_numpy(dtype=float, na_value=np.nan), len(curves))
    columns["term"] = [term_of(curve.relative) for curve in curves for _ in range(rows)]
    for name in ("outcome", "margin"):
        columns[name] = frame[name].tolist() * len(curves)
    kinds = frame["interval_kind"].tolist() * len(curves)
    columns["interval_kind"] = ["" if gone else kind for kind, gone in zip(kinds, impossible, strict=True)]
    by: dict[str, Any] = {GROUP: [curve.name for curve in curves for _ in range(rows)]} if named else {}
    for name in estimates.by:
        by[name] = [None if pd.isna(value) else value for value in frame[name].tolist()] * len(curves)
    matrix: Floats | None = estimates.covariance_matrix
    each: Floats = np.array([curve.factor(quantity) for curve in curves])
    recipe = estimates.recipe
    told = {(curve.name, curve.share): None for curve in curves}
    size = [
        OUTSIDE_SIZE_KNOWN.assume(),
        *(
            OUTSIDE_GROUP.assume(group=name, share=100 * share) if name else OUTSIDE_FRAME.assume(share=100 * share)
            for name, share in told
            if name != ALL_GROUPS
        ),
    ]
    bases: list[Basis] = frame["basis"].tolist() * len(curves)
    return build(
        columns,
        by,
        quantity=QUANTITIES[quantity],
        method=UNDERCOVERAGE,
        basis=bases,
        recipe=recipe.then(
            "undercoverage_curve",
            {
                "outside": dict(told.keys()),
                "covered": covered,
                "relative_prevalence": sorted({curve.relative for curve in curves}),
                **_of_cells(recipe.provenance.arguments),
            },
            [*size, *recipe.assumptions],
            direct=True,
        ),
        support=estimates.support.take(list(range(rows)) * len(curves)),
        reasons=[
            *(
                replace(reason, row=reason.row + position * rows)
                for position in range(len(curves))
                for reason in estimates.reasons
            ),
            *(MORE_CASES_THAN_PEOPLE.at(row) for row in np.flatnonzero(impossible)),
        ],
        covariance=None
        if matrix is None or impossible.any()
        else np.asarray(np.kron(np.outer(each, each), matrix), dtype=np.float64),
        cells=estimates.cells,
    )


_SCALED = ("value", "se", "lower", "upper")


def _of_cells(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What an audit reads of a call that is scaled: the parts that it was made of."""
    return {name: arguments[name] for name in ("between", "shares", "standardised_by") if name in arguments}
