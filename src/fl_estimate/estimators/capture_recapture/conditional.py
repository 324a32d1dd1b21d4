"""Conditional (Huggins–Alho) log-linear models: three and more lists with covariates, and totals by domain from one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, ListsFault, listed
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import Limits, require_interval
from fl_estimate.estimators.capture_recapture.conditional_bootstrap import Draws, draw_sizes
from fl_estimate.estimators.capture_recapture.conditional_em import Fitted, fit_cells, strata_of_shares
from fl_estimate.estimators.capture_recapture.conditional_model import Formulas, ListModel, list_model
from fl_estimate.estimators.capture_recapture.covariate_formulas import columns_in
from fl_estimate.estimators.capture_recapture.domain_answers import About, DomainAnswer, domain_estimates
from fl_estimate.estimators.capture_recapture.horvitz_thompson import (
    Domain,
    Sums,
    Weights,
    by_columns,
    domains_of,
    limits_of,
    sums_of,
)
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.people_cells import (
    Blind,
    BlindInFile,
    Cells,
    Records,
    blind_columns,
    cells_of,
    read_records,
)
from fl_estimate.estimators.capture_recapture.terms import Term, TermsInFile, model_name, read_terms
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.codes import (
    BOOTSTRAP_DRAWS_FAILED,
    CLOSED_POPULATION,
    DEPENDENCE_BETWEEN_LISTS,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    Assumption,
    IntervalKind,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, NOT_IN_FILE, InFile, Kept, Level, SeedOrNone, Within

INTERVALS = ("auto", "log", "wald", "percentile")
RARE = 0.02
"""Chance to be observed below which people stand for more than fifty each."""
LEANING = 0.1
"""Share of the dark figure from such people above which a reason says so."""
FEWEST = 50
"""Fewest bootstrap draws that limits are taken from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Read:
    """What was read, and the model laid out over it."""

    records: Records
    cells: Cells
    histories: CaptureHistories
    terms: tuple[Term, ...]
    model: ListModel
    strata: npt.NDArray[np.intp]
    covariates: tuple[str, ...]


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def conditional_loglinear(
    records: Annotated[Any, LISTS],
    *,
    lists: Annotated[Sequence[str] | None, NOT_IN_FILE] = None,
    covariates: Annotated[str | Mapping[str, str], Kept(columns_in)] = "1",
    common: Annotated[str, Kept(columns_in)] = "",
    terms: Annotated[Literal["main", "two-way"] | Sequence[Sequence[str]], InFile(TermsInFile)] = "main",
    dependence: Annotated[str, Kept(columns_in)] = "1",
    blind: Annotated[Mapping[str, Mapping[str, Sequence[Any]]] | None, InFile(BlindInFile), Kept(blind_columns)] = None,
    by: Annotated[By, Kept(by_columns)] = None,
    interval: Literal["auto", "log", "wald", "percentile"] = "auto",
    replicates: Annotated[int, Within(ge=50)] = 400,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate the number of people from lists whose chances hang on covariates: the Huggins–Alho model, log-linear in lists.

    Use it for three lists or more (two, if they are independent given covariates) with a row a person. People alike in
    covariates have the same chances; what makes people harder to see and is not recorded still biases the figure downwards.
    Totals by year, sex or form come from one model and add up, where separate tables would be too thin.

    Parameters
    ----------
    records : frame or CaptureHistories
        A row is a person on at least one list. Of histories that `fl.load_lists` made, the records with their covariates.
    lists : sequence of str, optional
        Columns of 0 and 1; histories know theirs.
    covariates : str or mapping of list to str
        Right-hand side of a formula (``"sex + age + C(year)"``) whose effects differ from list to list; ``"1"`` for none. A
        mapping gives each list a formula of its own (a list left out: ``"1"``).
    common : str
        The same for effects that all lists share.
    terms : {"main", "two-way"} or sequence of sequences of str
        Dependence of lists among people alike in covariates: pairs such as ``[("police", "ngo")]``, or larger sets. A pair
        that nobody is on together has the value −∞, as in `loglinear`.
    dependence : str
        Formula of the covariates on which dependence hangs; ``"1"``: the same for all people.
    blind : mapping of list to mapping of column to values, optional
        People whom a list cannot see: ``{"border": {"year": [2010, 2011]}}``. Histories with that list do not occur
        among them. Several columns: whoever is named by any of them.
    by : str, sequence of str, or sequence of sequences, optional
        Domains, as everywhere: ``"year"``, ``["year", "sex"]`` crossed, ``[["year"], ["sex"]]`` separately.
    interval : {"auto", "log", "wald", "percentile"}
        ``log`` takes the dark figure as log-normal; ``wald`` is N ± z se, not below the people observed; ``percentile`` is
        of the parametric bootstrap. ``auto``: log, and percentile where covariates are missing.
    replicates : int
        Of the bootstrap, at least 50.
    level : float
    seed : int, optional
        Of the bootstrap; where it is not given, one is made and noted in the provenance.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure` of the nation and of each domain, in persons, with their joint covariance
        (not of a bootstrap's limits). `diagnostics` has `coefficients` (value and standard error), `aic`, `bic`, both parts
        of the standard error (`se_sampling_part`, `se_model_part`) and `largest_weight`, the most people one person stands
        for.

    Raises
    ------
    EstimateFault
        FL-EST-30 (interval, level), FL-EST-31, FL-EST-32 (terms), FL-EST-04, FL-EST-05 (by), FL-EST-170 (formula),
        FL-EST-171 (a covariate that is missing and is no class), FL-EST-172 (coefficients that cannot be told apart),
        FL-EST-173 (no finite estimate), FL-EST-174 (blind), FL-EST-177 (the bootstrap fails), FL-EST-178 (EM).
    ListsFault
        FL-LISTS-01 to FL-LISTS-06, FL-LISTS-08, FL-LISTS-14.

    Notes
    -----
    A person with covariates x has history ω with chance p_ω(x) ∝ exp Σ_{θ⊆ω} x'β_θ, the empty one with exp 0. The likelihood
    is that of the histories given that they are not empty, p_ω/(1 − p_∅), and N = Σ 1/(1 − p_∅(x_i)) over people observed, with
    Var N = Σ p_∅/(1 − p_∅)² + g'Vg, g = dN/dβ. Without dependence and covariates this is Huggins' model, logit p_j = x'β_j.

    A covariate of classes that is missing (a list does not record it) is summed over by EM, its shares among people observed
    learnt from those in whom it is known, within strata of the others (known numbers cut into five): it must be missing
    at random given the lists that a person is on and the other covariates.

    The bootstrap draws the people of the model (each observed person stands for 1/(1 − p_∅)), their lists, and what is missing
    of them, and fits again.

    References
    ----------
    Huggins (1989), Biometrika 76, 133-140. Alho (1990), Biometrics 46, 623-635. van der Heijden, Cruyff and van Houwelingen
    (2003), Statistica Neerlandica 57, 289-304 (variance). Zwane and van der Heijden (2003), Statistics and Probability
    Letters 65, 121-125 (bootstrap); (2007), Biometrics 63, 1160-1169, and van der Heijden, Whittaker, Cruyff, Bakker and van der Vliet (2012), Annals
    of Applied Statistics 6, 831-852 (covariates and lists that do not know each other).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> chance = np.random.default_rng(1)
    >>> age, sex = chance.normal(size=4000), chance.choice(["f", "m"], size=4000)
    >>> logit = np.array([-1.0, -1.4, -0.8]) + 0.6 * age[:, None] + 0.5 * (sex == "m")[:, None]
    >>> on = chance.random((4000, 3)) < 1 / (1 + np.exp(-logit))
    >>> people = pd.DataFrame(on.astype(int), columns=["police", "ngo", "clinic"]).assign(age=age, sex=sex)
    >>> people = people[on.any(axis=1)]
    >>> lists = ["police", "ngo", "clinic"]
    >>> found = cr.conditional_loglinear(people, lists=lists, covariates="age + sex", by="sex")
    >>> sizes = found.select(quantity="population_size").to_frame()
    >>> bool(sizes["lower"][0] < 4000 < sizes["upper"][0]), sizes["sex"].dropna().tolist()
    (True, ['f', 'm'])
    """
    require_interval(interval, INTERVALS, level)
    _require_draws(replicates)
    formulas = Formulas(by_list=covariates, common=common, dependence=dependence)
    read = _read(records, lists, formulas, terms, blind, by)
    fitted = fit_cells(read.model.softmax, read.cells, read.strata)
    domains = domains_of(read.cells.frame, by)
    sums = sums_of(_weights(fitted), domains)
    kind = interval if interval != "auto" else ("percentile" if read.cells.incomplete else "log")
    if read.cells.incomplete and kind != "percentile":
        raise EstimateFault(
            "FL-EST-171", "this interval takes every covariate as known", found=f"{read.cells.incomplete:,} people lack one",
            fix='interval="percentile": the bootstrap draws what is missing as well',
        )  # fmt: skip
    used = known_seed(seed)
    draws = _draws(read, fitted, domains, replicates, used) if kind == "percentile" else None
    arguments = {
        "lists": list(read.records.lists), "covariates": dict(covariates) if isinstance(covariates, Mapping) else covariates,
        "common": common, "terms": model_name(read.histories, read.terms), "dependence": dependence,
        "blind": {name: {column: list(values) for column, values in where.items()} for name, where in (blind or {}).items()},
        "by": [list(margin) for margin in by_margins(by)], "interval": kind, "level": level,
    } | ({"replicates": replicates, "seed": used} if draws is not None else {})  # fmt: skip
    return _answer(read, fitted, domains, sums, draws, kind, level, arguments)


def _require_draws(replicates: int) -> None:
    if replicates < FEWEST:
        raise EstimateFault(
            "FL-EST-177", "too few bootstrap draws for limits", found=f"replicates={replicates!r}",
            fix=f"{FEWEST} at least; 400 or more for figures that are published",
        )  # fmt: skip


def _read(
    records: Any, lists: Sequence[str] | None, formulas: Formulas, terms: Any, blind: Blind | None, by: By
) -> _Read:
    named = tuple(records.lists if lists is None and isinstance(records, CaptureHistories) else lists or ())
    hidden = blind_columns(blind or {})
    needed = formulas.needed(named)
    wanted = list(dict.fromkeys([*needed, *by_columns(by), *hidden]))
    if inside := [name for name in wanted if name in named]:
        raise ListsFault(
            "FL-LISTS-02", "a list is taken for a covariate", found=listed(inside),
            fix="leave it out of the formulas, of by= and of blind=: what it says of people is what is modelled",
        )  # fmt: skip
    read = read_records(records, lists, wanted)
    cells = cells_of(read)
    histories = _histories(read.lists, cells)
    model = read_terms(histories, terms)
    return _Read(
        records=read, cells=cells, histories=histories, terms=model,
        model=list_model(read, cells, model, formulas, blind), strata=strata_of_shares(cells, read.numbers),
        covariates=needed,
    )  # fmt: skip


def _histories(lists: tuple[str, ...], cells: Cells) -> CaptureHistories:
    import pandas as pd

    members = all_histories(len(lists))
    counts = np.bincount(cells.history, weights=cells.people, minlength=len(members))
    frame = pd.DataFrame(members, columns=list(lists)).assign(**{_COUNT: counts})
    return CaptureHistories.from_counts(frame[counts > 0], lists=lists, count=_COUNT)


_COUNT = "\x1fcount"
"""A name that no list has."""


def _weights(fitted: Fitted) -> Weights:
    return Weights(
        people=fitted.model.people, unseen=fitted.unseen, slope=fitted.slope(), covariance=fitted.fit.covariance
    )


def _draws(read: _Read, fitted: Fitted, domains: list[Domain], replicates: int, seed: int) -> Draws:
    from scipy import sparse

    inside = sparse.csr_array(np.stack([domain.rows for domain in domains]).astype(float))

    def sizes_of(people: Floats, unseen: Floats) -> Floats:
        return np.asarray(inside @ (people * (1 + unseen)))

    # Cells of one domain next to each other, the finest margin first.
    order = np.lexsort([domain.rows for domain in domains])
    return draw_sizes(
        read.model.softmax, read.cells, read.strata, fitted, order.astype(np.intp), sizes_of,
        replicates=replicates, seed=seed,
    )  # fmt: skip


def _limits(sums: Sums, draws: Draws | None, kind: str, level: float) -> tuple[list[Limits], Floats]:
    """Limits of the dark figures, and their covariance: of the draws where these gave the limits."""
    if draws is None:
        found = [
            limits_of(float(f), float(v), kind, level) for f, v in zip(sums.dark, np.diag(sums.covariance), strict=True)
        ]
        return found, sums.covariance
    ends = np.quantile(draws.sizes, [(1 - level) / 2, (1 + level) / 2], axis=0, method="median_unbiased")
    ends = np.maximum(ends - sums.seen, 0.0)
    spread = np.atleast_2d(np.cov(draws.sizes, rowvar=False))
    return [Limits(float(low), float(high)) for low, high in ends.T], spread


def _answer(
    read: _Read, fitted: Fitted, domains: list[Domain], sums: Sums, draws: Draws | None, kind: str, level: float,
    arguments: dict[str, Any],
) -> Estimates:  # fmt: skip
    limits, covariance = _limits(sums, draws, kind, level)
    return domain_estimates(
        DomainAnswer(
            by=tuple(dict.fromkeys(name for margin in arguments["by"] for name in margin)),
            domains=domains, seen=sums.seen, dark=sums.dark, covariance=covariance, limits=limits,
            method=codes.CONDITIONAL_LOGLINEAR, term=model_name(read.histories, read.terms),
            interval_kind=IntervalKind.of(kind), call="conditional_loglinear", level=level,
            about=About(
                sha256=read.records.sha256, outcome=read.records.outcome, population=read.records.population,
                reference_period=read.records.reference_period,
            ),
            assumptions=_assumptions(read, list(read.covariates), arguments), reasons=_reasons(fitted, domains, draws),
            diagnostics=_diagnostics(read, fitted, sums, draws), arguments=arguments,
        )
    )  # fmt: skip


def _reasons(fitted: Fitted, domains: list[Domain], draws: Draws | None) -> dict[ReasonCode, list[int]]:
    """Reasons, and the domains that they hold for."""
    unseen, people = fitted.unseen, fitted.model.people
    rare = unseen > 1 / RARE - 1
    leaning = [
        place for place, domain in enumerate(domains)
        if float((people * unseen)[domain.rows & rare].sum()) > LEANING * float((people * unseen)[domain.rows].sum())
    ]  # fmt: skip
    found: dict[ReasonCode, list[int]] = {}
    if leaning:
        found[codes.PEOPLE_RARELY_OBSERVED] = leaning
    if draws is not None and draws.failed > 0.05 * (len(draws.sizes) + draws.failed):
        found[BOOTSTRAP_DRAWS_FAILED] = list(range(len(domains)))
    return found


def _assumptions(read: _Read, given: list[str], arguments: dict[str, Any]) -> tuple[Assumption, ...]:
    dependent = any(len(term) > 1 for term in read.terms)
    named = {"covariates": ", ".join(given)}
    if dependent:
        terms = arguments["terms"]
        first = (
            codes.DEPENDENCE_AMONG_ALIKE.held(terms=terms, **named)
            if given
            else DEPENDENCE_BETWEEN_LISTS.held(terms=terms)
        )
    else:
        first = codes.LISTS_INDEPENDENT_AMONG_ALIKE.held(**named) if given else LISTS_INDEPENDENT.held()
    found = [first, codes.CHANCES_ALIKE.held()]
    if arguments["blind"]:
        found.append(codes.LISTS_BLIND.held(lists=", ".join(arguments["blind"])))
    if read.cells.incomplete:
        found.append(codes.COVARIATES_MISSING_AT_RANDOM.held())
    return (
        *found, CLOSED_POPULATION.held(), PERFECT_LINKAGE.held(), INTERVAL_GIVEN_MODEL.held(), EVERYONE_CAN_BE_LISTED.held(),
    )  # fmt: skip


def _diagnostics(read: _Read, fitted: Fitted, sums: Sums, draws: Draws | None) -> dict[str, Any]:
    people = float(fitted.model.people.sum())
    number = len(fitted.kept) + len(fitted.empty)
    values = read.model.in_units_of(fitted.model, fitted.fit.coefficients)
    errors = read.model.in_units_of(fitted.model, np.sqrt(np.diag(fitted.fit.covariance)))
    coefficients = {
        name: [float(value), float(error)]
        for name, value, error in zip(fitted.model.names, values, errors, strict=True)
    }
    coefficients |= {_term(read, place): [-np.inf, np.nan] for place in fitted.empty}
    found: dict[str, Any] = {
        "coefficients": coefficients,
        "log_likelihood": fitted.log_likelihood,
        "aic": 2 * number - 2 * fitted.log_likelihood,
        "bic": float(np.log(people)) * number - 2 * fitted.log_likelihood,
        "parameters": number,
        "se_sampling_part": float(np.sqrt(sums.sampling[0, 0])),
        "se_model_part": float(np.sqrt(sums.model[0, 0])),
        "largest_weight": float(1 + fitted.unseen[fitted.model.people > 0].max()),
        "coefficients_dropped": list(read.model.dropped),
        "people_with_missing_covariates": read.cells.incomplete,
        "em_steps": fitted.steps,
    }
    if draws is not None:
        found |= {"bootstrap_draws": len(draws.sizes), "bootstrap_draws_failed": draws.failed}
    return found


def _term(read: _Read, place: int) -> str:
    return ":".join(read.records.lists[one] for one in read.terms[place])
