"""The answer of a model of people observed: population size and dark figure of the nation and of each domain, with their joint covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture.answers import Limits
from fl_estimate.estimators.capture_recapture.horvitz_thompson import ListDomain
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import DARK_FIGURE, POPULATION_SIZE, Assumption, IntervalKind, MethodName, ReasonCode
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe


@dataclass(frozen=True, kw_only=True)
class About:
    """What the people are, and where the records come from."""

    sha256: str
    outcome: str = ""
    population: str = ""
    reference_period: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class DomainAnswer:
    """What is laid out: for each domain people observed, the dark figure, its covariance and limits.

    Attributes
    ----------
    by : tuple of str
    domains : sequence of Domain
    seen, dark : array, shape (domains,)
    covariance : array, shape (domains, domains)
    limits : sequence of Limits
        Of the dark figures.
    method : MethodName
    interval_kind : IntervalKind
    term, call : str
    level : float
    reasons : mapping of code to domains
        Places of the domains that a reason holds for.
    parameters : mapping of code to mapping
        What a reason says beside its code.
    assumptions : sequence of Assumption
    diagnostics, arguments : mapping
    about : About
    """

    by: tuple[str, ...]
    domains: Sequence[ListDomain]
    seen: Floats
    dark: Floats
    covariance: Floats
    limits: Sequence[Limits]
    method: MethodName
    term: str
    interval_kind: IntervalKind
    call: str
    level: float
    about: About
    assumptions: Sequence[Assumption] = ()
    parameters: Mapping[ReasonCode, Mapping[str, Any]] = field(default_factory=dict[ReasonCode, Mapping[str, Any]])
    reasons: Mapping[ReasonCode, Sequence[int]] = field(default_factory=dict[ReasonCode, Sequence[int]])
    diagnostics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


def domain_estimates(answer: DomainAnswer) -> Estimates:
    """Lay two rows out for each domain: the people there are, and those on no list; limits go together."""
    size = len(answer.domains)
    rows = 2 * size
    lower = [end for n, one in zip(answer.seen, answer.limits, strict=True) for end in (n + one.lower, one.lower)]
    upper = [end for n, one in zip(answer.seen, answer.limits, strict=True) for end in (n + one.upper, one.upper)]
    columns: dict[str, Any] = {
        "outcome": answer.about.outcome,
        "term": answer.term,
        "margin": [domain.margin for domain in answer.domains for _ in (0, 1)],
        "value": [value for n, f in zip(answer.seen, answer.dark, strict=True) for value in (n + f, f)],
        "se": np.repeat(np.sqrt(np.diag(answer.covariance)), 2),
        "lower": lower,
        "upper": upper,
        "level": answer.level,
        "interval_kind": answer.interval_kind,
        "n": np.repeat(answer.seen, 2),
    }
    labels = {
        name: [domain.labels[position] for domain in answer.domains for _ in (0, 1)]
        for position, name in enumerate(answer.by)
    }
    provenance = Provenance(
        call=answer.call, arguments={**answer.arguments, "level": answer.level},
        source_name="records of people", source_sha256=answer.about.sha256,
    )  # fmt: skip
    return build(
        columns, labels, quantity=[POPULATION_SIZE, DARK_FIGURE] * size, method=answer.method, basis="lists",
        recipe=Recipe(
            population=answer.about.population, period=Period(answer.about.reference_period),
            assumptions=tuple(answer.assumptions), provenance=provenance,
        ),
        support=Support.of(np.repeat(answer.seen, 2), rows=rows),
        reasons=[
            code.at(2 * position + row, **answer.parameters.get(code, {})) for code, positions in answer.reasons.items() for position in positions for row in (0, 1)
        ],
        diagnostics=answer.diagnostics,
        covariance=np.repeat(np.repeat(answer.covariance, 2, axis=0), 2, axis=1),
    )  # fmt: skip
