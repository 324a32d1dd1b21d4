"""Back-estimation: each group of known size estimated from the others, which shows how far scale-up is off in this survey."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.errors import not_one_of
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups, known_groups
from fl_estimate.estimators.hidden.network.network_columns import NetworkReports, hidden_targets
from fl_estimate.estimators.hidden.network.network_size import reports_of_known
from fl_estimate.estimators.hidden.network.relational_data import Unanswered
from fl_estimate.estimators.hidden.network.scale_up import Estimator, diagnostics_of, known_assumptions
from fl_estimate.estimators.hidden.network.scale_up_adjustments import correction_of
from fl_estimate.estimators.hidden.network.scale_up_codes import BACK_ESTIMATE, NO_BARRIER
from fl_estimate.estimators.hidden.network.scale_up_rows import ScaledRows, scaled
from fl_estimate.estimators.survey.imputed_call import estimated
from fl_estimate.estimators.survey.weighted_call import Call, DfRule
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import DEFF_REFERENCE, RATIO, TOTAL
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    PEOPLE,
    FromFile,
    Level,
    MoreThanZero,
    Persons,
    Where,
)
from fl_estimate.results.stack import stack

KNOWN_SIZES = "known_sizes"
"""Where the diagnostics of back-estimates hold the sizes that are known."""


@method(kind="back_estimates", basis="respondents", family="hidden")
def back_estimates(
    people: Annotated[Any, PEOPLE],
    *,
    known: Annotated[Any, FromFile(needs=("group", "size"))],
    population: Annotated[float, Persons()],
    estimator: Estimator = "ratio-of-sums",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    where: Where = None,
    unanswered: Unanswered | None = None,
    top_code: MoreThanZero | None = None,
    largest: MoreThanZero | None = None,
    variance: Literal["taylor", "replicates"] | None = None,
    interval: Literal["log", "wald"] = "log",
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate each group of known size as if it were hidden, from all other known groups.

    Use it before a hidden group is estimated. Estimates far from what is known say that a size is wrong, that a group is not
    recognised, or (large groups too low, small ones too high) that large groups are not remembered. `fl.plot_back_estimates` draws
    it.

    Parameters
    ----------
    people, known, population, estimator, design, where, unanswered, top_code, largest, variance, interval, df, level
        As in `fl.hidden.scale_up`. Who gave no answer about a group is left out where it is estimated, whatever `unanswered` says.

    Returns
    -------
    Estimates
        One row a known group, in persons. `.diagnostics` has `known_sizes`; `mean_absolute_error` and `root_mean_square_error` in
        persons; `mean_relative_error`, the mean of |estimate − known|/known; and `slope`, that of log estimate on log known, which is
        below 1 where large groups are under-remembered.

    Raises
    ------
    EstimateFault
        FL-EST-591 to FL-EST-598; FL-EST-602: fewer than two known groups.

    Notes
    -----
    Group k is estimated with network sizes from the others, d_i = N Σ_{j ≠ k} y_ij / Σ_{j ≠ k} N_j.

    References
    ----------
    Killworth, Johnsen, McCarty, Shelley and Bernard (1998a), Social Networks 20(1), 23-50. Feehan and Salganik (2016),
    Sociological Methodology 46(1), 153-186.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up(respondents=1_000, seed=1)
    >>> back = fl.hidden.back_estimates(drawn.people, known=drawn.known, population=drawn.population, design=drawn.design)
    >>> back.to_frame()[["outcome", "value"]].round(-3).values.tolist()[:2]
    [['teachers', 12000.0], ['nurses', 4000.0]]
    """
    if estimator not in ("ratio-of-sums", "mean-of-ratios"):
        raise not_one_of("FL-EST-598", "this estimator of scale-up", estimator, ("ratio-of-sums", "mean-of-ratios"))
    groups = known_groups(known, population, least=2)
    data = reports_of_known(people, groups, design, where, unanswered, top_code, largest)
    said = [*known_assumptions(data, unanswered), NO_BARRIER.assume()]
    reports = NetworkReports(
        known=groups, sizes=groups.sizes, unanswered=unanswered, unknown="exclude", top_code=top_code
    )
    call = Call("hidden.back_estimates", people, design, None, where, "exclude", variance, interval, df, level)
    call.check(("log", "wald"))
    call, found = reports.on(call), list[Estimates]()
    for name in groups.names:
        basic = estimated(call, _targets_of(name, reports.leaving_out(name), estimator), quantity=RATIO)
        rows = ScaledRows(
            size=groups.population, curve=None, correction=correction_of([name], multiplied={}, divided={}), binomial=None,
            interval=interval, level=level,
        )  # fmt: skip
        found.append(
            scaled(
                basic,
                rows,
                quantity=TOTAL,
                method=BACK_ESTIMATE,
                call="hidden.back_estimates",
                arguments={},
                assumptions=said,
                left_out=(DEFF_REFERENCE, *(["unknown_excluded"] if unanswered is None else [])),
            )
        )
    made = stack(found)
    arguments: dict[str, Any] = {
        **found[0].provenance.arguments, "outcome": list(groups.names), "known": groups.to_dict(),
        "population": groups.population, "estimator": estimator, "unanswered": unanswered or "", "top_code": top_code or "",
    }  # fmt: skip
    return replace(
        made,
        diagnostics={**diagnostics_of(data), **_errors(made, groups)},
        provenance=replace(found[0].provenance, arguments=arguments),
    )


def _targets_of(name: str, reports: NetworkReports, estimator: str) -> Any:
    ratios = estimator == "mean-of-ratios"
    return lambda one: hidden_targets(one, reports, [name], ratios=ratios)


def _errors(made: Estimates, groups: KnownGroups) -> dict[str, Any]:
    """How far the estimates are from what is known."""
    value = made.frame["value"].to_numpy(dtype=float)
    away = value - groups.sizes
    return {
        KNOWN_SIZES: groups.to_dict(),
        "mean_absolute_error": float(np.mean(np.abs(away))),
        "root_mean_square_error": float(np.sqrt(np.mean(away**2))),
        "mean_relative_error": float(np.mean(np.abs(away) / groups.sizes)),
        "slope": _slope(value, groups.sizes),
    }


def _slope(value: Any, sizes: Any) -> float:
    """Least squares of log estimate on log known; NaN of fewer than three groups that anybody knows somebody of."""
    met = value > 0
    if met.sum() < 3 or np.ptp(np.log(sizes[met])) == 0:
        return float("nan")
    return float(np.polyfit(np.log(sizes[met]), np.log(value[met]), 1)[0])
