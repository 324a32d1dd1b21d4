"""Impute: unknown answers drawn from people who gave theirs, several times over, by the frameworks' own logic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Places
from fl_estimate.errors import EstimateFault, names_given
from fl_estimate.estimators.imputation.building import COVARIATES, build_pool, find_recipients, likeness_of
from fl_estimate.estimators.imputation.imputation import Imputation, Persons, checked_delta
from fl_estimate.estimators.imputation.pairs import Rules, read_source
from fl_estimate.estimators.imputation.pool import Pool
from fl_estimate.estimators.imputation.skips import settled_skips
from fl_estimate.estimators.imputation.working import Working, read_working
from fl_estimate.indicators.choice import FrameworkName
from fl_estimate.indicators.classify import Classification, answering_table
from fl_estimate.indicators.clock import AGE_AT_INTERVIEW
from fl_estimate.indicators.items import AGE
from fl_estimate.indicators.parents import asks_of_parents, of_parents, with_parents
from fl_estimate.indicators.persons import PERSON
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.inputs.survey_data import SurveyData

LEAST_DRAWS, MOST_DRAWS = 20, 100
CANDIDATES = 30


def impute(
    data: Any,
    framework: FrameworkName | Sequence[FrameworkName] = "icls2018_adult",
    *,
    outcomes: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    draws: int | None = None,
    donors: Literal["predictive", "nearest"] = "predictive",
    method: Literal["donors", "chained"] = "donors",
    delta: Mapping[str, float] | None = None,
    design: Design | None = None,
    seed: int | None = None,
    reference_day: dt.date | None = None,
    allow_unverified: bool = False,
    short_instrument: bool = False,
) -> Imputation:
    """Draw the unknown answers of people whose class is open, several times over, from people who gave theirs.

    Parameters
    ----------
    data : SurveyData or frame
        As in `fl.classify`.
    framework, outcomes, reference_day, allow_unverified, short_instrument
        As in `fl.classify`.
    by : str or list of str, optional
        Columns of people by which estimates will be made: a donor of the recipient's own domain is preferred.
    draws : int, optional
        How many completed data sets.
    donors : {"predictive", "nearest"}
    method : {"donors", "chained"}
    delta : mapping of str to float, optional
        By reason of an unknown answer, the log odds by which it hides a case more often than an answer that was given.
    design : Design, optional
    seed : int, optional

    Returns
    -------
    Imputation
    """
    if isinstance(data, Classification):
        raise EstimateFault(
            "FL-EST-440",
            "answers are imputed, and a classification holds none that could be",
            found="a Classification",
            fix="give the data that were classified, as in fl.classify: fl.impute(data, framework)",
        )
    rules = Rules(
        framework=framework, outcomes=outcomes, reference_day=reference_day, allow_unverified=allow_unverified
    )
    found = rules.classified(data)
    if design is not None:
        found = replace(found, design=design)
    if found.design is None:
        raise EstimateFault("FL-EST-444", "there is no sample design", found="none with the data", fix="pass design=")
    chosen = known_seed(seed)
    data = _with_parents(data, found, rules)
    domains = () if by is None else names_given(by, "by")
    working = settled_skips(read_working(data, found, _columns(found, domains)))
    stems = tuple(name for name in found.outcomes if f"{name}_possible" in working.people.columns)
    persons = _undetermined(working.people, stems)
    rows = np.flatnonzero(np.isin(working.person, persons))
    source = read_source(data, rules, working, rows[np.argsort(working.order[rows])])
    recipients = find_recipients(source, found, stems)
    likeness = likeness_of(working, found, domains, stems)
    pool = build_pool(recipients, likeness, found.design, stems, outcome=stems[0], candidates=CANDIDATES, donors=donors)
    return Imputation(
        classification=found,
        draws=LEAST_DRAWS if draws is None else draws,
        seed=chosen,
        delta=checked_delta(delta),
        outcome=stems[0],
        source_rows=source,
        pool=pool,
        persons=_persons(working, pool, persons, stems),
    )


def _with_parents(data: Any, found: Classification, rules: Rules) -> Any:
    """Write down what `classify` worked out of parents, so that it is an answer as any other."""
    if not isinstance(data, SurveyData):
        return data
    table = answering_table(data, found.frameworks)
    if not asks_of_parents(data, table, found.frameworks):
        return data
    own = replace(rules, framework=list(of_parents(found.frameworks)), outcomes=None)
    return with_parents(data, table, lambda: own.classified(data).people)


def _columns(found: Classification, domains: Sequence[str]) -> list[str]:
    """Columns of people that are used."""
    design = found.design
    own = [] if design is None else [name for name in (design.weights, design.strata, design.psu) if name]
    classes = [f"{name}{side}" for name in found.outcomes for side in ("", "_possible", "_in_scope")]
    return [PERSON, AGE, AGE_AT_INTERVIEW, *own, *domains, *COVARIATES, *classes]


def _undetermined(people: pd.DataFrame, stems: Sequence[str]) -> Places:
    open_ = np.zeros(len(people), dtype=bool)
    for name in stems:
        open_ |= people[name].to_numpy() != people[f"{name}_possible"].to_numpy()
    return np.flatnonzero(open_)


def _persons(working: Working, pool: Pool, persons: Places, stems: Sequence[str]) -> Persons:
    return Persons(
        places=persons,
        of_row=np.searchsorted(persons, working.person[pool.rows]),
        fixed={name: working.people[name].to_numpy()[persons].astype(np.int8) for name in stems},
    )
