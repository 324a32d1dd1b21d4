"""Proxy response: people who answered for themselves beside those for whom somebody else did, in one design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.survey.contrasts import PART_MISSING
from fl_estimate.estimators.survey.design_weighted import ProportionInterval, estimate_prevalence
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    LOG,
    PREVALENCE,
    STANDARDISED,
    AssumptionCode,
    MethodName,
    Term,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, Level, Name, Where

ANSWERED_ALIKE = AssumptionCode("answered_alike", "classes")
ANSWERED_ALIKE_AT_ALL = AssumptionCode("answered_alike_at_all")
STANDARDISED_TERM = Term("standardised")
IF_ALL_THEMSELVES = Term("if_all_answered_themselves")


@method(kind="proxy_answers", basis="respondents", family="survey")
def compare_proxies(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    proxy: Name = "is_proxy",
    standardise_by: Annotated[str | Sequence[str] | None, GROUPS] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    where: Where = None,
    unknown: Literal["no", "exclude"] | None = None,
    interval: ProportionInterval = "korn-graubard",
    level: Level = 0.95,
) -> Estimates:
    """Proxy response: compare prevalence among people who were answered for with that among those who answered themselves.

    Whoever answers for somebody else may not know of threats and debts, or may be the one who makes them. A lower prevalence among
    proxy answers of people who are otherwise alike says that the total misses some; what it would be had everybody answered for
    themselves, supposing that within a class those answered for are like the others, stands in the last row.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person.
    outcome : str
        A 0/1 outcome.
    proxy : str, default "is_proxy"
        A 0/1 column: 1 where somebody else answered. A Classification has it where the data say who answered.
    standardise_by : str or list of str, optional
        Columns by which both kinds of people are given the composition of everybody (sex, age group): those who are
        answered for are often the young and the absent. Without it they are compared as they are.
    design, where, unknown, interval, level
        As in `estimate_prevalence`; bounds have no meaning here.

    Returns
    -------
    Estimates
        Prevalences: of everybody, by `proxy` (0, 1), the same two ``standardised`` in `term`, and nationally
        ``if_all_answered_themselves``. With their covariance, so that ``fl.contrast(result, {"is_proxy": (1, 0)})`` tests the
        differences and ``fl.contrast(result, {"term": …})`` what the total misses; ``result.persons(N)`` gives persons.

    Raises
    ------
    EstimateFault
        FL-EST-472: everybody answered in the same way, or the column says it of nobody; and as in `estimate_prevalence`.

    Notes
    -----
    θ_a = Σ_c π_c θ_{a,c}, π_c the weighted share of class c among everybody, taken as known; variance π'Vπ with V of all cells at
    once. The last row is θ_0, that of own answers. Limits of these rows are Wald's on the log scale. A class in which nobody
    answered for themselves (or nobody was answered for) leaves the row empty, with its reason: merge classes.

    References
    ----------
    Groves and others (2009), Survey Methodology, ch. 5 and 7; Korn and Graubard (1999), Analysis of Health Surveys, ch. 3.7.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0], "is_proxy": [0, 0, 1, 1, 0, 1]})
    >>> told = fl.compare_proxies(people, "fl", design=fl.Design(psu="ea", unweighted=True))
    >>> told.to_frame()["value"].round(3).tolist()  # of all, of own and of proxy answers, and if all had answered themselves
    [0.333, 0.667, 0.0, 0.667]
    """
    columns = _columns(standardise_by, proxy)
    by: By = [[proxy], [proxy, *columns]] if columns else [[proxy]]
    result = estimate_prevalence(
        people, outcome, design=design, by=by, where=where, unknown=unknown, interval=interval, level=level
    )
    if result.frame["outcome"].nunique() > 1:
        raise EstimateFault(
            "FL-EST-472", "own and proxy answers are compared of one outcome",
            found=f"{result.frame['outcome'].nunique()} values of a column of text", fix="name a 0/1 column",
        )  # fmt: skip
    direct = np.flatnonzero(result.frame["margin"].isin(["", proxy]).to_numpy(dtype=bool))
    met = [str(value) for value in result.frame[proxy].iloc[direct].dropna().tolist()]
    if sorted(met) not in (["0", "1"], ["0.0", "1.0"]):
        raise EstimateFault(
            "FL-EST-472", "own and proxy answers cannot be compared",
            found=f"{proxy!r} has {len(met)} values among the people counted",
            fix="a column of 0 (answered for themselves) and 1 (somebody else answered), with both of them met; a "
            "Classification has is_proxy where the mapping names proxy_for",
        )  # fmt: skip
    own, other = (
        next(int(at) for at in direct if str(result.frame[proxy].iloc[at]) in (f"{code}", f"{code}.0"))
        for code in (0, 1)
    )
    extra = [_Extra.same(result, own, label=None, term=IF_ALL_THEMSELVES, proxy=proxy)]
    if columns:
        shares = _composition(result, columns)
        made = [_Extra.of_classes(result, row, shares, proxy, columns) for row in (own, other)]
        extra = [*made, replace(made[0], label=None, margin="", term=IF_ALL_THEMSELVES)]
    return _lay_out(result, direct, extra, proxy, columns)


def _columns(given: str | Sequence[str] | None, proxy: str) -> list[str]:
    columns = [given] if isinstance(given, str) else list(given or ())
    if proxy in columns or len(set(columns)) < len(columns):
        raise EstimateFault(
            "FL-EST-472", "own and proxy answers cannot be compared", found=f"standardise_by={shown(columns)}",
            fix=f"columns of classes, each once, beside {proxy!r}",
        )  # fmt: skip
    return columns


@dataclass(frozen=True, kw_only=True)
class _Extra:
    """A row that is made of others: their factors, whom it speaks of, and the rows it is made of."""

    factors: Floats
    label: Any
    margin: str
    term: Term
    like: int
    parts: tuple[int, ...]
    lacks: bool = False

    @staticmethod
    def same(estimates: Estimates, row: int, *, label: Any, term: Term, proxy: str) -> _Extra:
        """A row that says the same as one that there is."""
        factors = np.zeros(len(estimates))
        factors[row] = 1.0
        return _Extra(
            factors=factors, label=label, margin=proxy if label is not None else "", term=term, like=row, parts=(row,)
        )

    @staticmethod
    def of_classes(
        estimates: Estimates, row: int, shares: Mapping[tuple[Any, ...], float], proxy: str, columns: Sequence[str]
    ) -> _Extra:
        """One kind of answer with the composition of everybody."""
        code, margin = estimates.frame[proxy].iloc[row], " × ".join([proxy, *columns])
        cells = {
            tuple(None if pd.isna(record[name]) else record[name] for name in columns): position
            for position, record in enumerate(estimates.frame.to_dict("records"))
            if record["margin"] == margin and not pd.isna(record[proxy]) and record[proxy] == code and record["n"] > 0
        }
        factors = np.zeros(len(estimates))
        parts = [cells[of] for of in shares if of in cells]
        factors[parts] = [share for of, share in shares.items() if of in cells]
        return _Extra(
            factors=factors, label=code, margin=proxy, term=STANDARDISED_TERM, like=row, parts=tuple(parts),
            lacks=any(of not in cells for of in shares),
        )  # fmt: skip


def _composition(estimates: Estimates, columns: Sequence[str]) -> dict[tuple[Any, ...], float]:
    """The weighted share of each class among everybody who is counted."""
    crossing = estimates.cells
    if crossing is None:
        raise EstimateFault(
            "FL-EST-472", "own and proxy answers cannot be standardised", found="too many classes to keep them crossed",
            fix="fewer columns in standardise_by, or classes that are merged",
        )  # fmt: skip
    positions = [crossing.by.index(name) for name in columns]
    sums: dict[tuple[Any, ...], float] = {}
    for label, weight in zip(crossing.labels, crossing.weight[0], strict=True):
        of = tuple(label[position] for position in positions)
        sums[of] = sums.get(of, 0.0) + float(weight)
    whole = sum(sums.values())
    return {of: weight / whole for of, weight in sums.items() if weight > 0}


def _lay_out(
    estimates: Estimates, direct: Any, extra: Sequence[_Extra], proxy: str, columns: Sequence[str]
) -> Estimates:
    """The rows of everybody and of each kind of answer, then those that are made of them."""
    frame, size = estimates.frame, len(estimates)
    value = np.nan_to_num(frame["value"].to_numpy(dtype=float))
    lacks = np.array([each.lacks for each in extra])
    made = np.where(lacks, np.nan, np.stack([each.factors for each in extra]) @ value)
    matrix = estimates.covariance_matrix
    slopes = np.vstack([np.eye(size)[direct], *(each.factors[None, :] for each in extra)])
    whole = None if matrix is None else slopes @ np.nan_to_num(matrix) @ slopes.T
    if whole is not None:
        gone = np.concatenate([np.zeros(len(direct), dtype=bool), lacks])
        whole[gone, :] = whole[:, gone] = np.nan
    se = np.full(len(extra), np.nan) if whole is None else np.sqrt(np.maximum(np.diag(whole)[len(direct) :], 0.0))
    df = np.array([frame["df"].iloc[each.like] for each in extra], dtype=float)
    level = float(frame["level"].iloc[0])
    lower, upper = general("log", made, np.where(se > 0, se, np.nan), df, level)
    same = np.array([len(each.parts) == 1 for each in extra])
    likes = frame.iloc[[each.like for each in extra]]
    for ends, name in ((lower, "lower"), (upper, "upper")):
        ends[same] = likes[name].to_numpy(dtype=float)[same]
    kinds = np.where(np.isnan(lower), "", np.where(same, likes["interval_kind"].to_numpy(dtype=object), LOG))
    chosen = frame.iloc[direct]
    columns_of: dict[str, Any] = {
        name: [*chosen[name], *likes[name]] for name in ("outcome", "bound", "level", "undetermined", "n")
    }
    columns_of |= {
        "value": [*chosen["value"], *made], "se": [*chosen["se"], *se], "lower": [*chosen["lower"], *lower],
        "upper": [*chosen["upper"], *np.minimum(upper, 1.0)], "df": [*chosen["df"], *df],
        "interval_kind": [*chosen["interval_kind"], *kinds], "margin": [*chosen["margin"], *(e.margin for e in extra)],
        "term": [*chosen["term"], *(each.term for each in extra)],
        **{name: [*chosen[name], *[None] * len(extra)] for name in ("cases", "psus_with_cases")},
        **{name: [*chosen[name], *[np.nan] * len(extra)] for name in ("df_effective", "deff")},
    }  # fmt: skip
    labels = [None if pd.isna(value) else value for value in chosen[proxy]] + [each.label for each in extra]
    at = {int(old): new for new, old in enumerate(direct)}
    recipe = estimates.recipe
    assumption = ANSWERED_ALIKE.assume(classes=list(columns)) if columns else ANSWERED_ALIKE_AT_ALL.assume()
    return build(
        columns_of,
        {proxy: labels},
        quantity=PREVALENCE,
        method=[MethodName.of(name) for name in (*chosen["method"], *likes["method"])],
        basis="respondents",
        recipe=recipe.then(
            "compare_proxies",
            {**recipe.provenance.arguments, "proxy": proxy, "standardise_by": list(columns)},
            [*recipe.assumptions, *([STANDARDISED.assume(column=", ".join(columns))] if columns else []), assumption],
        ),
        reasons=[
            *(replace(reason, row=at[reason.row]) for reason in estimates.reasons if reason.row in at),
            *(PART_MISSING.at(len(direct) + position) for position in np.flatnonzero(lacks)),
        ],
        covariance=whole,
        support=Support.joined(
            [estimates.support.take(direct), estimates.support.grouped([each.parts for each in extra])]
        ),
        cells=estimates.cells,
    )
