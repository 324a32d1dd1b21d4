"""Network scale-up: how many people are in a hidden group, from how many of them respondents know.

The public function; its rows' columns are in `network_columns`, what figures become by corrections in `scale_up_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By
from fl_estimate.design.replicates import replicate
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.network.known_groups import hidden_names, known_groups
from fl_estimate.estimators.hidden.network.network_columns import NetworkReports, hidden_targets, ties_of_targets
from fl_estimate.estimators.hidden.network.recall import RecallCurve, recall_curve
from fl_estimate.estimators.hidden.network.relational_data import (
    RelationalData,
    Unanswered,
    UnknownHidden,
    relational_data,
)
from fl_estimate.estimators.hidden.network.scale_up_adjustments import Correction, correction_of
from fl_estimate.estimators.hidden.network.scale_up_codes import (
    ABOUT_DOMAIN,
    ABOUT_POPULATION,
    BINOMIAL_ERROR,
    CORRECTED,
    CORRECTION_ESTIMATED,
    KNOWN_GROUPS,
    METHODS,
    NO_BARRIER,
    NO_NETWORK,
    RECALL,
    TOP_CODED,
    UNANSWERED,
    UNCORRECTED,
)
from fl_estimate.estimators.hidden.network.scale_up_domains import (
    DomainSizes,
    domain_sizes,
    require_domains,
    with_nation,
)
from fl_estimate.estimators.hidden.network.scale_up_rows import ScaledRows, scaled
from fl_estimate.estimators.survey.imputed_call import estimated
from fl_estimate.estimators.survey.weighted_call import Call, DfRule
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import DEFF_REFERENCE, PREVALENCE, RATIO, TOTAL, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    GROUPS,
    NOT_IN_FILE,
    PEOPLE,
    Earlier,
    FromFile,
    InFile,
    Level,
    MoreThanZero,
    Names,
    OnlyWith,
    Pair,
    Persons,
    SeedOrNone,
    Where,
    Within,
)

Estimator = Literal["ratio-of-sums", "mean-of-ratios"]
Variance = Literal["taylor", "replicates", "rescaled-bootstrap", "binomial"]
ReportsAbout = Literal["population", "domain"]
Adjustment = Annotated[Any, Earlier(form=MoreThanZero | str, independent=True)]
LIMITS = ("log", "wald")


@method(kind="scale_up", basis="respondents", family="hidden")
def scale_up(
    people: Annotated[Any, PEOPLE],
    hidden: Names,
    *,
    known: Annotated[Any, FromFile(needs=("group", "size"))],
    population: Annotated[float, Persons()],
    estimator: Estimator = "ratio-of-sums",
    quantity: Literal["total", "prevalence"] = "total",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    reports_about: ReportsAbout | None = None,
    where: Where = None,
    unanswered: Unanswered | None = None,
    unknown: UnknownHidden | None = None,
    top_code: MoreThanZero | None = None,
    largest: MoreThanZero | None = None,
    degree_ratio: Adjustment = None,
    transmission: Adjustment = None,
    precision: Adjustment = None,
    recall: Annotated[
        tuple[MoreThanZero, MoreThanZero] | None,
        InFile(tuple[MoreThanZero, MoreThanZero]),
        Pair(("recall_threshold", "recall_exponent")),
    ] = None,
    variance: Variance | None = None,
    replicates: Annotated[int, Within(ge=2), OnlyWith("variance", ("rescaled-bootstrap",))] = 1_000,
    seed: Annotated[SeedOrNone, OnlyWith("variance", ("rescaled-bootstrap",))] = None,
    interval: Literal["log", "wald"] = "log",
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people are in a hidden group from how many of them the respondents of a survey know.

    Use it where a survey of the general population asked everybody how many people they know in groups of known size
    (teachers, people called Mukamana, women who gave birth last year) and in the hidden group. It holds where members of the
    hidden group know as many people as others, where those who know them know of it, and where they are as likely to be known
    by anybody as people of the known groups; `degree_ratio`, `transmission` and `precision` correct what is known to fail.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a respondent, a column for each group: people of it whom the respondent knows.
    hidden : str or list of str
        Columns of the hidden groups; one row of the result each.
    known : mapping of str to number, or frame
        Sizes of the known groups in persons, by column; or a frame with the columns `group` and `size`.
    population : float
        All people whom the respondents were asked about, N, in persons.
    estimator : {"ratio-of-sums", "mean-of-ratios"}
        Of Killworth and others: people known in the hidden group over network sizes, both added up (1998b, the maximum
        likelihood estimator of a binomial model, "MLE"); or the mean over respondents of the one divided by the other (1998a,
        "PIMLE"), which leaves out who knows nobody in a known group and is unstable where networks are small.
    quantity : {"total", "prevalence"}
        Persons, or their share of `population`.
    design, by, where, df, level
        As in `fl.estimate_ratio`.
    reports_about : {"population", "domain"}, optional
        Needed with `by`. ``"population"``: the respondents of each domain were asked about everybody, so that every row is an estimate
        of the whole hidden group and rows do not add up. ``"domain"``: they were asked about people of their own domain; `known` is
        then a frame with the by-column, `group`, `size` and `population` (of the domain, the same in each of its rows), and the nation
        is the sum of the domains.
    unanswered : {"exclude", "zero", "available"}, optional
        What a missing report about a known group means: the respondent is out; nobody known; or network sizes are taken from the
        groups that were answered. Without it a missing report is an error.
    unknown : {"exclude", "no"}, optional
        What a missing report about a hidden group means: out (of all hidden groups of the call), or nobody known.
    top_code, largest : float, optional
        As in `fl.hidden.relational_data`.
    degree_ratio : number, mapping, pair or Estimates, optional
        δ, network size of members of the hidden group over that of the respondents' population: a number;
        ``{"value": 0.8, "se": 0.1}``; or Estimates with one national row. A mapping from hidden groups gives one each.
    transmission : the same, optional
        τ, the share of those who know a member who know that this is one; also ``{"positive": 40, "n": 50}`` or (a, b), the
        parameters of a beta density. At most 1.
    precision : the same, optional
        η, the share of reported members who are members.
    recall : (threshold, exponent), optional
        Of groups above this share of the population too few are remembered: r(p) = threshold^(1 − e) p^e. See
        docs/explanation/hidden_designs_scale_up. None changes nothing.
    variance : {"taylor", "replicates", "rescaled-bootstrap", "binomial"}, optional
        Linearisation under the design; its replicates (the default where it has them); Rao and Wu's rescaled bootstrap of the
        first-stage units, made here; or Killworth's binomial standard error, which ignores weights, clusters and that some know
        many: far too small wherever members cluster.
    replicates, seed : int
        Of the rescaled bootstrap.
    interval : {"log", "wald"}

    Returns
    -------
    Estimates
        One row a hidden group and domain, `outcome` its column. `n` respondents; those who know at least one member are what a rule
        of publication takes for cases. `.diagnostics` has the mean network size, the share of respondents without one, and heaping (`RelationalData.quality`).

    Raises
    ------
    EstimateFault
        FL-EST-590 to FL-EST-599, FL-EST-602; as `fl.estimate_ratio`.

    Notes
    -----
    d_i = N Σ_k y_ik / Σ_k N_k. Ratio of sums: p = Σ w y_H / Σ w d, N_H = N p; mean of ratios: p = Σ w (y_H/d) / Σ w over d > 0.
    Corrected: N_H η / (δ τ), CV² = CV²(p) + CV²(δ) + CV²(τ) + CV²(η). Binomial: se = N √(p(1 − p)/Σ d), weights scaled to sum
    to n.

    References
    ----------
    Killworth, Johnsen, McCarty, Shelley and Bernard (1998a), Social Networks 20(1), 23-50; Killworth, McCarty, Bernard, Shelley
    and Johnsen (1998b), Evaluation Review 22(2), 289-308. Feehan and Salganik (2016), Sociological Methodology 46(1), 153-186.
    Rao and Wu (1988), Journal of the American Statistical Association 83, 231-241.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up(respondents=1_000, seed=1)
    >>> estimate = fl.hidden.scale_up(drawn.people, "hidden", known=drawn.known, population=drawn.population, design=drawn.design)
    >>> drawn.hidden_size, round(estimate.value), [round(limit) for limit in estimate.interval]
    (5000, 5132, [4383, 6008])
    """
    _check(estimator, quantity, variance, interval, by, reports_about)
    own = reports_about == "domain" and by is not None
    groups, domains = domain_sizes(known, by, population) if own else (known_groups(known, population), None)
    names = hidden_names(hidden, groups)
    curve = recall_curve(recall)
    data = relational_data(
        people, names, known=groups, population=population, design=design, where=where, unanswered=unanswered,
        unknown=unknown, top_code=top_code, largest=largest,
    )  # fmt: skip
    reports = NetworkReports(
        known=groups, sizes=remembered_sizes(groups.sizes, groups.population, curve), unanswered=unanswered, unknown=unknown,
        top_code=top_code, domains=remembered_domains(domains, curve),
    )  # fmt: skip
    if variance == "rescaled-bootstrap":
        design = replicate(people, design=design, kind="rao-wu", replicates=replicates, seed=seed)
    engine: Any = {"rescaled-bootstrap": "replicates", "binomial": "taylor"}.get(str(variance), variance)
    call = Call("hidden.scale_up", people, design, by, where, unknown, engine, interval, df, level, named=names)
    call.check(LIMITS)
    call, ratios = reports.on(call), estimator == "mean-of-ratios"
    basic = estimated(call, lambda one: hidden_targets(one, reports, names, ratios=ratios), quantity=RATIO)
    correction = correction_of(
        [str(each) for each in basic.frame["outcome"]],
        multiplied={"precision": precision},
        divided={"degree_ratio": degree_ratio, "transmission": transmission},
        shares=frozenset({"precision", "transmission"}),
    )
    persons = np.full(len(basic), groups.population) if domains is None else require_domains(basic, domains)
    rows = ScaledRows(
        size=persons if quantity == "total" else 1.0, curve=curve, correction=correction,
        binomial=_ties(call, reports, names) if variance == "binomial" else None, interval=interval, level=level,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "known": groups.to_dict(), "population": groups.population, "estimator": estimator, "quantity": quantity, "by": by,
        "unanswered": unanswered, "top_code": top_code, "largest": largest, "corrections": correction.on_record(),
        "recall": list(recall) if recall else [], "variance": variance, "reports_about": reports_about,
    }  # fmt: skip
    said = _assumptions(data, asked, correction, curve)
    arguments = {name: "" if value is None else value for name, value in asked.items() if name != "by"}
    made = scaled(
        basic, rows, quantity=TOTAL if quantity == "total" else PREVALENCE, method=METHODS[estimator], call="hidden.scale_up",
        arguments=arguments, assumptions=said, left_out=(DEFF_REFERENCE,), diagnostics=diagnostics_of(data),
    )  # fmt: skip
    made = correction.supporting(made)
    if domains is None:
        return made
    return with_nation(made, persons, shares=quantity == "prevalence", interval=interval, level=level)


def diagnostics_of(data: RelationalData) -> dict[str, Any]:
    """What is seen in reports before anything is estimated: network sizes, respondents without one, heaping."""
    degrees = data.degrees()
    known = ~np.isnan(degrees)
    weights = data.weights[known]
    quality = data.quality()
    return {
        "mean_network_size": float(np.average(degrees[known], weights=weights)),
        "without_network": float(np.average(degrees[known] == 0, weights=weights)),
        "heaped_at_5": dict(zip(quality["group"], quality["heaped_at_5"].astype(float), strict=True)),
        "heaped_at_10": dict(zip(quality["group"], quality["heaped_at_10"].astype(float), strict=True)),
    }


def remembered_sizes(sizes: Floats, population: float, curve: RecallCurve | None) -> Floats:
    """Sizes of known groups as they are remembered."""
    return sizes if curve is None else population * curve.remembered(sizes / population)


def remembered_domains(domains: DomainSizes | None, curve: RecallCurve | None) -> DomainSizes | None:
    """The same of each domain."""
    if domains is None or curve is None:
        return domains
    people = domains.population[:, None]
    return replace(domains, sizes=people * curve.remembered(domains.sizes / people))


def about_population(by: Any, reports_about: str | None) -> list[Assumption]:
    """FL-EST-599 where rows of domains are asked for and nobody has said whom respondents spoke of."""
    if reports_about not in (None, *get_args(ReportsAbout)):
        raise not_one_of("FL-EST-599", "this about whom respondents spoke", reports_about, get_args(ReportsAbout))
    if by is None:
        return []
    if reports_about is None:
        raise EstimateFault(
            "FL-EST-599", "it is not said about whom the respondents of each domain were asked", found=f"by={shown(by)}",
            fix='reports_about="population": about everybody, so that each row is an estimate of the whole; reports_about="domain": about '
            "people of their own domain, whose sizes stand in known= by domain",
        )  # fmt: skip
    if reports_about == "domain":
        return [ABOUT_DOMAIN.assume(column=str(by))]
    return [ABOUT_POPULATION.assume()]


def _check(
    estimator: str, quantity: str, variance: str | None, interval: str, by: Any, reports_about: str | None
) -> None:
    choices: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("this estimator of scale-up", estimator, get_args(Estimator)),
        ("this quantity of scale-up", quantity, ("total", "prevalence")),
        ("this interval", interval, LIMITS),
    ]
    if variance is not None:
        choices.append(("this way of computing variances", variance, get_args(Variance)))
    for what, given, allowed in choices:
        if given not in allowed:
            raise not_one_of("FL-EST-598", what, given, allowed)
    if variance == "binomial" and estimator != "ratio-of-sums":
        raise EstimateFault(
            "FL-EST-598", "the binomial error is that of the ratio of sums", found=f"estimator={estimator!r}",
            fix='estimator="ratio-of-sums", or another variance',
        )  # fmt: skip
    about_population(by, reports_about)


def _ties(call: Call, reports: NetworkReports, names: Sequence[str]) -> Floats:
    """Σ d of each row, with weights scaled to sum to the respondents: n times the mean network size."""
    mean = estimated(call, lambda one: ties_of_targets(one, reports, names), quantity=RATIO)
    return mean.frame["n"].to_numpy(dtype=float) * mean.frame["value"].to_numpy(dtype=float)


def _assumptions(
    data: RelationalData,
    asked: Mapping[str, Any],
    correction: Correction,
    curve: RecallCurve | None,
) -> list[Assumption]:
    """What the figures take for granted beyond the survey."""
    said = known_assumptions(data, asked["unanswered"])
    said += about_population(asked["by"], asked["reports_about"])
    said += [NO_BARRIER.assume()]
    said += corrected(correction)
    if curve is not None:
        said.append(RECALL.assume(threshold=curve.threshold, exponent=curve.exponent))
    if asked["estimator"] == "mean-of-ratios":
        said.append(NO_NETWORK.assume(share=diagnostics_of(data)["without_network"]))
    if asked["variance"] == "binomial":
        said.append(BINOMIAL_ERROR.assume())
    return said


def corrected(correction: Correction, names: Sequence[str] = tuple(UNCORRECTED)) -> list[Assumption]:
    """What was corrected, by how much; and what is taken to need no correction."""
    said: list[Assumption] = []
    for name in names:
        if name in correction.estimated:
            said.append(CORRECTION_ESTIMATED.assume(name=name))
            continue
        found = correction.told.get(name, [])
        said += [CORRECTED[name].assume(groups=groups, value=value, cv=cv) for groups, value, cv in found]
        said += [] if found else [UNCORRECTED[name].assume()]
    return said


def known_assumptions(data: RelationalData, unanswered: str | None) -> list[Assumption]:
    """What network sizes take for granted."""
    said = [KNOWN_GROUPS.assume(groups=len(data.known.names), population=data.population)]
    if unanswered is not None:
        said.append(UNANSWERED[unanswered].assume())
    if data.capped is not None:
        said.append(TOP_CODED.assume(most=float(data.capped)))
    return said
