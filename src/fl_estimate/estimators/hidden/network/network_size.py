"""Personal network sizes by groups of known size: their mean and distribution, nationally and by domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

import narwhals as nw

from fl_estimate.design.domains import By
from fl_estimate.design.totals import as_frame
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups, known_groups
from fl_estimate.estimators.hidden.network.network_columns import (
    ANSWERED,
    ASKED,
    MET,
    NETWORK_SIZE,
    NetworkReports,
    degree_targets,
)
from fl_estimate.estimators.hidden.network.relational_data import RelationalData, Unanswered, relational_data
from fl_estimate.estimators.hidden.network.scale_up import diagnostics_of, known_assumptions
from fl_estimate.estimators.survey.imputed_call import estimated
from fl_estimate.estimators.survey.quantiles import estimate_quantile
from fl_estimate.estimators.survey.weighted_call import Call, DfRule
from fl_estimate.inputs.respondents import Respondents, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import MEAN, Assumption, each_once
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    FromFile,
    Level,
    MoreThanZero,
    Persons,
    Where,
    Within,
)

Share = Annotated[float, Within(gt=0, lt=1)]


@method(kind="network_size", basis="respondents", family="hidden")
def network_size(
    people: Annotated[Any, PEOPLE],
    *,
    known: Annotated[Any, FromFile(needs=("group", "size"))],
    population: Annotated[float, Persons()],
    probabilities: Annotated[Sequence[Share], Within(items=(1, None))] | None = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unanswered: Unanswered | None = None,
    top_code: MoreThanZero | None = None,
    largest: MoreThanZero | None = None,
    variance: Literal["taylor", "replicates"] | None = None,
    interval: Literal["log", "wald"] | None = None,
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people a person knows, by the known-population method.

    Use it to look at a scale-up survey before anything is scaled up: networks of a few people, or of thousands, say that the
    groups were not understood; the mean of a domain over that of another is what a degree ratio is made of.

    Parameters
    ----------
    people, known, population, unanswered, top_code, largest
        As in `fl.hidden.scale_up`.
    probabilities : list of float, optional
        Quantiles of the distribution instead of the mean: ``[0.25, 0.5, 0.75]``.
    design, by, where, variance, df, level
        As in `fl.estimate_mean`.
    interval : {"log", "wald"}, optional
        Of the mean, "log" where left out; quantiles have Woodruff's.

    Returns
    -------
    Estimates
        `outcome` network_size, in persons.

    Raises
    ------
    EstimateFault
        FL-EST-591 to FL-EST-598, FL-EST-602; as `fl.estimate_mean` and `fl.estimate_quantile`.

    Notes
    -----
    d_i = N Σ_k y_ik / Σ_k N_k; the mean is Σ w d / Σ w.

    References
    ----------
    Killworth, Johnsen, McCarty, Shelley and Bernard (1998a), Social Networks 20(1), 23-50. Feehan, Umubyeyi, Mahy, Hladik and
    Salganik (2016), American Journal of Epidemiology 183(8), 747-757.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up(respondents=1_000, seed=1)
    >>> size = fl.hidden.network_size(drawn.people, known=drawn.known, population=drawn.population, design=drawn.design)
    >>> round(size.value)
    188
    """
    groups = known_groups(known, population)
    data = reports_of_known(people, groups, design, where, unanswered, top_code, largest)
    reports = NetworkReports(known=groups, sizes=groups.sizes, unanswered=unanswered, unknown=None, top_code=top_code)
    arguments: dict[str, Any] = {
        "known": groups.to_dict(), "population": groups.population, "unanswered": unanswered or "", "top_code": top_code or "",
    }  # fmt: skip
    if probabilities is not None:
        made = estimate_quantile(
            _with_network_size(people, reports, design), NETWORK_SIZE, probabilities, design=design, by=by, where=where,
            unknown=None if unanswered in (None, "zero") else "exclude", variance=variance, df=df, level=level,
        )  # fmt: skip
    else:
        treatment = None if unanswered in (None, "zero") else "exclude"
        call = Call("hidden.network_size", people, design, by, where, treatment, variance, interval or "log", df, level)
        call.check(("log", "wald"))
        made = estimated(reports.on(call), lambda one: degree_targets(one, reports), quantity=MEAN)
    return _told(made, known_assumptions(data, unanswered), arguments, diagnostics_of(data))


def reports_of_known(
    people: Any,
    groups: KnownGroups,
    design: Design | None,
    where: str | None,
    unanswered: Unanswered | None,
    top_code: float | None,
    largest: float | None,
) -> RelationalData:
    """The reports about known groups alone, checked."""
    return relational_data(
        people, (), known=groups, population=groups.population, design=design, where=where, unanswered=unanswered,
        top_code=top_code, largest=largest,
    )  # fmt: skip


def _with_network_size(people: Any, reports: NetworkReports, design: Design | None) -> Any:
    """The people with a column of network sizes, null where it is not known."""
    frame = as_frame(resolve(people, design).frame)
    frame = frame.with_columns(**reports.columns(frame.collect_schema()))
    schema = frame.collect_schema()
    size = nw.when(reports.answered(schema)).then(reports.degree(schema))
    native = frame.with_columns(size.alias(NETWORK_SIZE)).drop(MET, ASKED, ANSWERED).to_native()
    return replace(cast("Any", people), people=native) if isinstance(people, Respondents) else native


def _told(
    made: Estimates, said: Sequence[Assumption], arguments: dict[str, Any], diagnostics: dict[str, Any]
) -> Estimates:
    return replace(
        made,
        assumptions=each_once([*said, *made.assumptions]),
        diagnostics={**made.diagnostics, **diagnostics},
        provenance=replace(
            made.provenance, call="hidden.network_size", arguments={**made.provenance.arguments, **arguments}
        ),
    )
