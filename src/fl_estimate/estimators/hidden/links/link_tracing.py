"""Link tracing (Vincent and Thompson): how many people a network of links holds, and how many of them are cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, names_given, not_one_of, require_name, shown
from fl_estimate.estimators.hidden.links.link_answer import LinkArguments, answer_design, answer_model
from fl_estimate.estimators.hidden.links.link_outcome import OutcomeAnswers, draw_cases, read_outcome
from fl_estimate.estimators.hidden.links.link_posterior import LinkPrior, draw_posterior
from fl_estimate.estimators.hidden.links.link_reorderings import chapman, reorder
from fl_estimate.estimators.hidden.links.link_trace import NAMED, PERSON, LinkTrace, in_memory
from fl_estimate.estimators.sampling import RHAT_HOPELESS
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method as declared
from fl_estimate.results.roles import (
    GROUPS,
    PEOPLE,
    VALUES,
    Draws,
    FromFile,
    Level,
    MoreThanZero,
    NotNegative,
    OnlyWith,
    SeedOrNone,
    Some,
    Within,
)

METHODS = ("bayesian", "design")
TIMES = 1_000
"""The largest population there can be, as a multiple of the sample, where nobody says another."""
OF_MODEL = OnlyWith("method", ("bayesian",))


@declared(kind="link_tracing", basis="model", family="hidden")
def link_tracing(
    people: Annotated[Any, PEOPLE],
    links: Annotated[Any, FromFile(needs=(PERSON, NAMED))],
    *,
    outcome: Annotated[str | None, VALUES] = None,
    person: Annotated[str, GROUPS] = "person_id",
    wave: Annotated[str, GROUPS] = "wave",
    strata: Annotated[str | None, GROUPS] = None,
    initial: Annotated[str | Annotated[Sequence[str], Some] | None, GROUPS] = None,
    traced: Annotated[str | None, GROUPS] = None,
    outside: Annotated[str | None, GROUPS] = None,
    quantity: Literal["persons", "prevalence"] = "persons",
    method: Literal["bayesian", "design"] = "bayesian",
    unknown: Literal["no", "exclude", "bounds"] | None = None,
    size_power: Annotated[NotNegative, OF_MODEL] = 1.0,
    max_size: Annotated[int | None, Within(ge=2), OF_MODEL] = None,
    link_prior: Annotated[tuple[MoreThanZero, MoreThanZero] | None, OF_MODEL] = None,
    strata_prior: Annotated[MoreThanZero, OF_MODEL] = 1.0,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the size of a hidden population, and the prevalence in it, from a link-tracing sample.

    Use it where some people of the population were drawn at random (or as good as that) and all their links to others of the
    population were written down and followed, for one wave or more. What tells the size is how often links lead to people who
    are in the sample already. It is not for samples in which each person brings a few others of their choice: that is
    respondent-driven sampling.

    Parameters
    ----------
    people : Classification, SurveyData or frame
        A row a person in the sample. Weights have no part in it.
    links : frame
        Columns ``person`` and ``named``: who said to know whom. A link is mutual; it may stand in one row or in two.
    outcome : str, optional
        A 0/1 column, or an outcome of a Classification. Without it the size alone is estimated.
    person, wave : str
        Columns: the id that `links` uses; 0 for people drawn at random, 1 for those they led to, and so on.
    strata : str, optional
        Column of strata that are linked within and between each other to different degrees. ``bayesian`` only.
    initial : str, or sequence of str, optional
        0/1 columns of initial samples drawn independently of each other; wave 0 is one sample without it. Somebody may be in
        several.
    traced : str, optional
        0/1 column of the people all of whose links were followed; all waves but the last without it.
    outside : str, optional
        Column of the number of people outside the sample with whom each is linked, where the last wave was asked for its links too.
    quantity : {"persons", "prevalence"}
        ``persons``: the size and, with an outcome, the number of cases; ``prevalence``: the share of cases. With the same seed both are of
        the same draws.
    method : {"bayesian", "design"}
        ``bayesian``: the posterior under a stochastic block model. ``design``: Chapman's estimate from two initial samples,
        averaged over all orders in which the same data could have come (Rao–Blackwell); nothing is supposed of links.
    unknown : {"no", "exclude", "bounds"}, optional
        Unknown answers of the outcome, as in `estimate_prevalence`. ``exclude`` takes those people as like the others of their stratum.
    size_power : float
        p of the density N^−p before the data; 0 is flat.
    max_size : int, optional
        The largest population there can be; by default 1,000 times the sample.
    link_prior : (a, b), optional
        Beta density of each link probability; by default Beta(1/C, 1) with C the pairs of strata, so that all of them together
        weigh as one link.
    strata_prior : float
        Dirichlet density of the shares of strata.
    draws : int
        Of the posterior, or of orders.
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.
    level : float

    Returns
    -------
    Estimates
        Rows ``population_size`` and ``total``, or ``prevalence``; the nation first, then strata. ``bayesian``: `value` the
        posterior median, `se` the posterior standard deviation, equal-tailed limits, draws. `.diagnostics` has R-hat, effective
        draws, ``met_again`` (links beyond those that brought somebody in), and ``named_by_both``.

    Raises
    ------
    EstimateFault
        FL-EST-570 (people and links, all faults at once); FL-EST-571 (outcome); FL-EST-572 (nothing tells the size); FL-EST-573
        (chains that do not agree); FL-EST-574, FL-EST-575 (``design``); FL-EST-576 (settings); FL-EST-02, FL-EST-11.

    Notes
    -----
    With n people of whom n₀ were drawn, m_b of stratum b traced, λ the shares of strata and β the link probabilities, q = Σ_a λ_a
    Π_b (1 − β_ab)^{m_b} is the chance that a person has no link with anybody traced, and
    p(N | λ, β, data) ∝ N^−p Π_k [(N − n₀ₖ)!/N!] N!/(N − n)! q^{N − n}. Pairs of people neither of whom was traced are summed out.
    ``design``: N̂ = mean of (n₁ + 1)(n₂ + 1)/(m + 1) − 1 over orders, variance = mean of Chapman's variances less the variance of
    the estimates over orders, or without this last part where that would be below 0.

    References
    ----------
    Vincent and Thompson (2017), Journal of the American Statistical Association 112, 1286-1295 (``design``). Vincent and Thompson,
    Estimating the size and distribution of networked populations with snowball sampling, arXiv:1402.4372 (``bayesian``).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_link_tracing(400, links=0.012, initial=60, outcome=0.3, seed=3)
    >>> found = fl.hidden.link_tracing(drawn.people, drawn.links, outcome="fl", draws=1_000, seed=1)
    >>> size, cases = found.select(quantity="population_size"), found.select(quantity="total")
    >>> size.lower < drawn.size < size.upper, cases.lower < drawn.cases < cases.upper
    (True, True)
    """
    if method not in METHODS:
        raise not_one_of("FL-EST-576", "this method of link tracing", method, METHODS)
    if quantity not in ("persons", "prevalence"):
        raise not_one_of("FL-EST-576", "this quantity of link tracing", quantity, ("persons", "prevalence"))
    drawn = () if initial is None else names_given(initial, "initial")
    for name, value in (("person", person), ("wave", wave)):
        require_name(value, name)
    for name, value in (("outcome", outcome), ("strata", strata), ("traced", traced), ("outside", outside)):
        require_name(value, name, optional=True)
    classified = () if outcome is None else (f"{outcome}_possible", f"{outcome}_in_scope")
    rows = in_memory(people, [person, wave, strata, traced, outside, *drawn, outcome], classified)
    trace = LinkTrace.of(
        rows, links, person=person, wave=wave, strata=strata, initial=initial, traced=traced, outside=outside
    )
    answers = None if outcome is None else read_outcome(rows, outcome, unknown)
    arguments = LinkArguments(
        people=people, strata=strata, quantity=quantity, level=level, seed=known_seed(seed), draws=draws, names=(outcome, strata),
        given={
            "outcome": outcome, "person": person, "wave": wave, "strata": strata, "traced": traced, "outside": outside,
            "quantity": quantity, "initial": initial if initial is None or isinstance(initial, str) else list(initial), "method": method,
            "unknown": unknown, "draws": draws, "level": level,
        },
    )  # fmt: skip
    _require_settings(arguments, size_power, max_size, link_prior, strata_prior, trace)
    if method == "design":
        return _by_design(trace, answers, arguments)
    cells = len(trace.strata) * (len(trace.strata) + 1) / 2
    prior = LinkPrior(
        size_power=float(size_power), max_size=int(max_size or TIMES * len(trace)), strata=float(strata_prior),
        link=(1 / cells, 1.0) if link_prior is None else (float(link_prior[0]), float(link_prior[1])),
    )  # fmt: skip
    return _by_model(trace, answers, arguments, prior)


def _by_model(
    trace: LinkTrace, answers: OutcomeAnswers | None, arguments: LinkArguments, prior: LinkPrior
) -> Estimates:
    counts = trace.counts
    if counts.met_again < 1:
        raise EstimateFault(
            "FL-EST-572", "nothing in the sample tells how large the population is",
            found="no link leads to somebody who was in the sample already",
            fix="follow links further, or draw a larger initial sample; such a sample goes with any size",
        )  # fmt: skip
    made = draw_posterior(counts, prior, draws=arguments.draws, seed=arguments.seed)
    if not made.diagnostics["rhat"] <= RHAT_HOPELESS:
        raise EstimateFault(
            "FL-EST-573", "the chains of the sampler do not agree, so that there is no estimate",
            found=f"R-hat {made.diagnostics['rhat']:.3f} with {counts.met_again} links to people in the sample already",
            fix="fewer strata, a smaller max_size, more draws, or a prior of the links that says more",
        )  # fmt: skip
    size, unseen = made.size.reshape(-1), made.unseen.reshape(-1, len(trace.strata))
    rng = np.random.default_rng(np.random.SeedSequence([arguments.seed, 1]))
    cases = None if answers is None else draw_cases(answers, trace.stratum, unseen, rng)
    told: dict[str, Any] = {
        **made.diagnostics,
        "named_by_both": trace.named_by_both,
        "unused_links": trace.unused_links,
        "unused_names": trace.unused_names,
        "share_above_half_of_max_size": float((size > prior.max_size / 2).mean()),
        "link_probability": {
            f"{a} × {b}" if trace.strata != ("",) else "all": float(np.median(made.link[..., i, j]))
            for i, a in enumerate(trace.strata)
            for j, b in enumerate(trace.strata)
            if j >= i
        },
    }
    return answer_model(trace, answers, arguments, prior, unseen, cases, told)


def _by_design(trace: LinkTrace, answers: OutcomeAnswers | None, arguments: LinkArguments) -> Estimates:
    if arguments.strata is not None or (answers is not None and (answers.bounds != ("",) or not answers.scope.all())):
        raise EstimateFault(
            "FL-EST-576", 'method="design" estimates one population without strata, bounds or people out of scope',
            found=f"strata={shown(arguments.strata)}", fix='leave them out, or method="bayesian"',
        )  # fmt: skip
    if answers is not None and answers.treatment == "exclude":
        raise EstimateFault(
            "FL-EST-576", 'method="design" has no model for unknown answers', found='unknown="exclude"',
            fix='unknown="no", or method="bayesian"',
        )  # fmt: skip
    counted = trace.counts
    values = np.zeros(len(trace)) if answers is None else answers.yes.astype(float)
    if len(counted.initial) == 2:
        first, second = counted.initial
        plain = float(chapman(first, second, trace.initial.all(axis=0).sum())[0])
    else:
        first = second = 0
        plain = np.inf  # refused below
    found = reorder(trace, values, max(plain, float(len(trace))), draws=arguments.draws, seed=arguments.seed)
    sizes, spread = chapman(first, second, found.overlap)
    return answer_design(
        trace, answers, arguments,
        {"size": _blackwell(sizes, spread), "mean": _blackwell(found.mean, found.variance)},
        {"exact": found.exact, "orders": int(sizes.size), "plain": plain, "overlap": float(found.overlap.mean()), "sizes": sizes},
    )  # fmt: skip


def _blackwell(values: Floats, variances: Floats) -> Mapping[str, float]:
    """The average over orders, and E var − var of the averaged; E var alone where the difference is below 0."""
    mean, expected, between = float(values.mean()), float(variances.mean()), float(values.var())
    less = expected - between
    return {"value": mean, "variance": less if less > 0 else expected, "conservative": float(not less > 0)}


def _require_settings(
    arguments: LinkArguments, size_power: Any, max_size: Any, link_prior: Any, strata_prior: Any, trace: LinkTrace
) -> None:
    wrong: list[str] = []
    if arguments.quantity == "prevalence" and arguments.names[0] is None:
        wrong.append('quantity="prevalence": of an outcome=')
    if not (isinstance(size_power, int | float) and np.isfinite(size_power) and size_power >= 0):
        wrong.append(f"size_power={shown(size_power)}: from 0 upwards")
    if max_size is not None and not (isinstance(max_size, int) and max_size >= len(trace)):
        wrong.append(f"max_size={shown(max_size)}: a whole number, at least the {len(trace)} people of the sample")
    pair = (1.0, 1.0) if link_prior is None else link_prior
    if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(_above(each) for each in pair)):
        wrong.append(f"link_prior={shown(link_prior)}: two numbers above 0")
    if not _above(strata_prior):
        wrong.append(f"strata_prior={shown(strata_prior)}: above 0")
    if not (isinstance(arguments.draws, int) and arguments.draws >= 100):
        wrong.append(f"draws={shown(arguments.draws)}: 100 or more")
    if not (isinstance(arguments.level, float | int) and 0 < arguments.level < 1):
        wrong.append(f"level={shown(arguments.level)}: between 0 and 1")
    if wrong:
        raise EstimateFault(
            "FL-EST-576",
            "settings of link tracing cannot be",
            found="; ".join(wrong),
            fix="give what each line asks for",
        )


def _above(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value)) and value > 0
