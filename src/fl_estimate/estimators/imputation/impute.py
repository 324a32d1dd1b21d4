"""Impute: unknown answers drawn from people who gave theirs, several times over, by the frameworks' own logic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.design.totals import require_columns
from fl_estimate.errors import EstimateFault, listed, names_given, not_one_of, shown
from fl_estimate.estimators.imputation.building import COVARIATES, build_pool, find_recipients, likeness_of
from fl_estimate.estimators.imputation.diagnostics import require_donors
from fl_estimate.estimators.imputation.donors import FEWEST
from fl_estimate.estimators.imputation.imputation import Imputation, checked_delta
from fl_estimate.estimators.imputation.information import LEAST_DRAWS, PilotFraction, pilot_fraction
from fl_estimate.estimators.imputation.pairs import Rules, read_source
from fl_estimate.estimators.imputation.parents_drawn import follows_of
from fl_estimate.estimators.imputation.persons import DrawnPersons, persons_of, undetermined
from fl_estimate.estimators.imputation.pool import MOST_DRAWS, Pool
from fl_estimate.estimators.imputation.skips import settled_skips
from fl_estimate.estimators.imputation.working import (
    Working,
    in_memory,
    in_scope,
    person_weights,
    read_working,
)
from fl_estimate.indicators.choice import FrameworkName
from fl_estimate.indicators.classify import Classification, answering_table
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW
from fl_estimate.indicators.items import AGE
from fl_estimate.indicators.parents import asks_of_parents, of_parents, with_parents
from fl_estimate.indicators.persons import PERSON
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.inputs.survey_data import SurveyData


def impute(
    data: Any,
    framework: FrameworkName | Sequence[FrameworkName] = "icls2018_adult",
    *,
    outcomes: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    predictors: str | Sequence[str] | None = None,
    draws: int | None = None,
    donors: Literal["predictive", "nearest"] = "predictive",
    method: Literal["donors", "chained"] = "donors",
    too_few: Literal["refuse", "leave"] = "refuse",
    delta: Mapping[str, float] | None = None,
    design: Design | None = None,
    seed: int | None = None,
    reference_day: dt.date | None = None,
    allow_unverified: bool = False,
) -> Imputation:
    """Draw the unknown answers of people whose class is open, several times over, from people who gave theirs.

    Multiple imputation of answers, for people who refused, did not know or were not asked: what they did answer is kept,
    and the class follows from the framework, so that every outcome, dimension and framework agrees with it. The class itself
    is never imputed. Use it beside bounds, never in place of them: it takes answers to be missing at random given what was
    answered, which `delta` puts to the test.

    Parameters
    ----------
    data : SurveyData or frame
        As in `fl.classify`: the answers, not their classification.
    framework, outcomes, reference_day, allow_unverified
        As in `fl.classify`, which also warns of a short instrument; this does not.
    by : str or list of str, optional
        Columns of people by which estimates will be made: a donor of the recipient's own domain is preferred, else figures
        of small domains are drawn towards the nation's.
    predictors : str or list of str, optional
        Further columns of people, or of the table that answers (jobs, episodes), that say something of unknown answers and are no
        items of the framework: answers to filter questions above all, for an item that a filter ruled out is a no as any other.
        Numbers of many values are taken by fifths.
    draws : int, optional
        How many completed data sets, at least 2. None takes 100 for each unit of the fraction of missing information of the
        first outcome's share, found in a pilot of 20, and between 20 and 100; 20 of chained equations, which are slow.
    donors : {"predictive", "nearest"}
        What makes a donor near: the answers both gave, each counted by what it says of the unknown ones, with region, sex,
        age and kind of work; and, unless "nearest", what all of these predict of the unknown answers.
    method : {"donors", "chained"}
        All unknown answers of a person from one donor, which keeps what goes together; or chained equations, a logistic
        regression for each answer in turn.
    too_few : {"refuse", "leave"}
        Where there is nobody, or nearly nobody, to take an answer from: stop, or leave these people as they are.
    delta : mapping of str to float, optional
        By reason of an unknown answer (refusal, dont_know, missing, not_asked) the log odds by which it hides a case of the
        first outcome more often than an answer that was given; of several reasons in one row the mean over the answers.
    design : Design, optional
        How the sample was drawn, where the data do not say.
    seed : int, optional
        The same seed gives the same draws, whatever the order of the rows. Without it a new one is taken and noted.

    Returns
    -------
    Imputation

    Raises
    ------
    EstimateFault
        FL-EST-02 (columns of `by`, `predictors` or the design that are not there), FL-EST-440 (a classification in place of data), FL-EST-442 (delta), FL-EST-444 (an option or a seed that there is not),
        FL-EST-485 (a class among the `predictors`), FL-EST-445 and FL-EST-446 (nothing to draw from), FL-EST-447 (a number
        of draws), FL-EST-448 (people who cannot be told apart).
    DesignFault
        FL-DESIGN-06 (no design), FL-DESIGN-70 (no weights).
    IndicatorFault
        As in `fl.classify`.

    Notes
    -----
    Drawn are unknown answers (does not know, refused, missing, not asked) that could change a class, of people who are
    possibly and not surely in it. A question that was rightly not asked stays so, and no answer that was given changes.

    For every pattern of unknown answers the donors are rows that answered all of it, of people of the same ages, whose class
    would hang on the same answers (as long as 60 rows are so). Their distance is three times the difference in the log odds, by a
    ridge regression on the other answers and covariates, that something in the pattern is told, with a part of the effects of the
    answers in which the two differ, 0.5 for each column of `by` or `predictors` and 0.1 for each covariate. The 30 nearest are
    kept. In each draw first-stage units are drawn with replacement within strata, n − 1 of n, and of the five nearest donors whose
    units were drawn one is taken, with probability proportional to weight × n/(n − 1) × times drawn × exp(λ(p_d − p_r)): an
    approximate Bayesian bootstrap, by which the spread between draws carries the design, with λ so that the mean of what is
    predicted of the five, p_d, is what is predicted of the recipient, p_r. The page on imputation says it at length.
    Strata of a single unit are merged with the next where the design's `single_psu` is collapse, adjust or average.
    Whether a parent is in forced labour, which children's definitions ask, follows what was drawn for the parent.
    A pattern that fewer than five rows answered is split, and its parts drawn in turn. Dates and ages that are not known
    are no answers: a class that hangs on them stays open, and counts as no (`Imputation.left_open`).

    References
    ----------
    Rubin and Schenker (1986), JASA 81, 366-374 (approximate Bayesian bootstrap). Little (1988), JBES 6, 287-296 (predictive
    mean matching). Abadie and Imbens (2011), JBES 29, 1-11 (the bias of nearest neighbours). Rao and Wu (1988), JASA 83, 231-241. Kim, Brick, Fuller and Kalton (2006), JRSS B 68, 509-521 (domains).
    White, Royston and Wood (2011), Statistics in Medicine 30, 377-399 (number of draws).

    Examples
    --------
    Two of ten answered that they were paid little, and refused to say whether papers were held back.

    >>> import fl_estimate as fl, pandas as pd
    >>> answers = pd.DataFrame({"age": 30, "w_diff_job": ["yes"] * 10, "c_docs": ["yes", "no"] * 4 + ["ref", "ref"]})
    >>> imputed = fl.impute(answers, design=fl.Design(unweighted=True), draws=20, seed=1)
    >>> imputed
    Imputation(icls2018_adult: forced_labour; 2 recipients, 20 draws, seed 1)
    >>> imputed.drawn["forced_labour"].shape
    (2, 20)
    """
    if isinstance(data, Classification):
        raise EstimateFault(
            "FL-EST-440",
            "answers are imputed, and a classification no longer is the data that hold them",
            found="a Classification",
            fix="give what was classified: fl.impute(data, framework)",
        )
    _check_options(donors=donors, method=method, too_few=too_few, draws=draws)
    _check_seed(seed)
    shift = checked_delta(delta)
    rules = Rules(
        framework=framework, outcomes=outcomes, reference_day=reference_day, allow_unverified=allow_unverified
    )
    result = rules.classified(data)
    result = replace(result, design=resolve(result, design).design)
    domains = () if by is None else names_given(by, "by")
    named = () if predictors is None else names_given(predictors, "predictors")
    _require_distinct(result.people)
    told, data = data, _with_parents(data, result, rules)
    _require_predictors(data, result, named)
    working = settled_skips(read_working(data, result, _columns(result, domains), named))
    made = _imputed(
        data, result, rules, working, domains=domains, predictors=named, donors=donors, method=method, too_few=too_few, draws=draws,
        delta=shift, seed=known_seed(seed),
    )  # fmt: skip
    if data is told:
        return made
    return replace(made, parents=follows_of(data, made.source_rows, made.pool, made.persons, made.outcomes))


def _imputed(
    data: Any,
    classified: Classification,
    rules: Rules,
    working: Working,
    *,
    domains: Sequence[str],
    predictors: Sequence[str],
    donors: Literal["predictive", "nearest"],
    method: str,
    too_few: str,
    draws: int | None,
    delta: Mapping[str, float],
    seed: int,
) -> Imputation:
    """Find recipients, their donors, and how many draws are enough."""
    design = classified.design or Design(unweighted=True)
    stems = tuple(name for name in classified.outcomes if f"{name}_possible" in working.people.columns)
    positions = undetermined(working.people, stems)
    rows = np.flatnonzero(np.isin(working.person, positions))
    source = read_source(data, rules, working, rows[np.argsort(working.order[rows])])
    recipients = find_recipients(source, classified, stems)
    likeness = likeness_of(working, classified, domains, predictors, stems)
    chained = (draws or LEAST_DRAWS, seed) if method == "chained" else None
    pool = build_pool(recipients, classified, likeness, design, stems, donors=donors, chained=chained)
    if too_few == "refuse":
        inside = in_scope(working.people, stems)[working.person]
        require_donors(recipients, pool, inside, person_weights(working.people, design)[working.person], FEWEST)
    persons = persons_of(recipients, pool, positions, classified.frameworks, stems)
    pilot = _pilot(working, pool, persons, person_weights(working.people, design), stems[0], seed)
    return Imputation(
        classification=classified,
        draws=draws or (LEAST_DRAWS if method == "chained" else pilot.draws),
        seed=seed,
        delta=delta,
        outcome=stems[0],
        source_rows=source,
        pool=pool,
        persons=persons,
        pilot=pilot,
        donors=donors,
        by=tuple(domains),
        predictors=tuple(predictors),
        too_few=too_few,
    )


def _check_options(*, donors: str, method: str, too_few: str, draws: Any) -> None:
    options = {
        "donors": (donors, ("predictive", "nearest")),
        "method": (method, ("donors", "chained")),
        "too_few": (too_few, ("refuse", "leave")),
    }
    for name, (given, allowed) in options.items():
        if given not in allowed:
            raise not_one_of("FL-EST-444", f"this {name}", given, allowed, EstimateFault)
    if draws is not None and (isinstance(draws, bool) or not isinstance(draws, int) or not 2 <= draws <= MOST_DRAWS):
        raise EstimateFault(
            "FL-EST-447",
            f"the number of draws is a whole number from 2 to {MOST_DRAWS:,}",
            found=f"draws={shown(draws)}",
            fix="leave it out, and it follows from the fraction of missing information; a single draw is no estimate",
        )


def _check_seed(seed: Any) -> None:
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if seed is not None and not (whole and seed >= 0):
        raise EstimateFault(
            "FL-EST-444", "a seed is a whole number from 0 on", found=f"seed={shown(seed)}",
            fix="seed=1, or leave it out: a new one is taken and noted",
        )  # fmt: skip


def _require_distinct(people: Any) -> None:
    frame: Any = nw.from_native(people)
    ordered = isinstance(frame, nw.DataFrame) or frame.implementation.is_polars()
    if not ordered and PERSON not in frame.collect_schema().names():
        raise EstimateFault(
            "FL-EST-448",
            "people cannot be told apart: they have no key, and their engine no order of rows",
            found=f"no column {PERSON}; {frame.implementation}",
            fix=f"add a column {PERSON}, or give a frame of pandas or polars",
        )


def _with_parents(data: Any, classified: Classification, rules: Rules) -> Any:
    """Write down what `classify` worked out of parents, so that it is an answer as any other."""
    if not isinstance(data, SurveyData):
        return data
    table = answering_table(data, classified.frameworks)
    if not asks_of_parents(data, table, classified.frameworks):
        return data
    own = replace(rules, framework=list(of_parents(classified.frameworks)), outcomes=None)
    told = with_parents(data, table, lambda: own.classified(data).people)
    rows: Any = nw.from_native(getattr(told, table))
    if isinstance(rows, nw.LazyFrame):
        # what was joined later has no fixed order, and rows are found by their places
        told = replace(told, **{table: in_memory(rows).lazy().to_native()})
    return told


def _columns(classified: Classification, domains: Sequence[str]) -> list[str]:
    """Columns of people that are used; those named by the caller have to be there."""
    design = classified.design
    own = [] if design is None else [name for name in (design.weights, design.strata, design.psu) if name]
    schema: Any = nw.from_native(classified.people).collect_schema()
    require_columns(schema, [*own, *domains])
    classes = [f"{name}{side}" for name in classified.outcomes for side in ("", "_possible", "_in_scope")]
    return [PERSON, AGE, AGE_AT_INTERVIEW, *own, *domains, *COVARIATES, *classes]


def _require_predictors(data: Any, classified: Classification, named: Sequence[str]) -> None:
    """Refuse predictors that neither people nor the rows that answer have, and classes: whose class is open has 0 there."""
    people: Any = nw.from_native(classified.people)
    held = dict(people.collect_schema())
    classes = {f"{outcome}{end}" for outcome in classified.outcomes for end in ("", "_possible", "_in_scope")}
    if taken := [name for name in named if name in classes]:
        raise EstimateFault(
            "FL-EST-485", "a class does not predict the unknown answers that it is made of",
            found=f"predictors: {listed(taken)}",
            fix="name columns of what people were asked, the answers to filter questions above all",
        )  # fmt: skip
    if isinstance(data, SurveyData):
        rows: Any = nw.from_native(getattr(data, answering_table(data, classified.frameworks)))
        held |= dict(rows.collect_schema())
    require_columns(held, named)


def _pilot(
    working: Working, pool: Pool, persons: DrawnPersons, weights: Floats, outcome: str, seed: int
) -> PilotFraction:
    """The fraction of missing information of the headline's share, from the first draws, taken as missing at random."""
    positions: Positions = persons.positions
    drawn = persons.drawn(outcome, pool, pool.chosen(min(LEAST_DRAWS, pool.most_draws), seed, {}))
    people = working.people
    scope, sure = people[f"{outcome}_in_scope"].to_numpy(dtype=float), people[outcome].to_numpy(dtype=float)
    return pilot_fraction(
        pool.units, weights, scope, np.minimum(sure, 1.0), positions, np.minimum(drawn, 1).astype(float)
    )
