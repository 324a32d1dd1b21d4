"""What `[classify]` of a study asks for: frameworks, outcomes, and the classes of the people of a source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.results.roles import WithReadings
from fl_estimate.study.config import Study
from fl_estimate.study.entries import ClassifyEntry
from fl_estimate.study.forms import Entry

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.inputs.survey_data import SurveyData


def classes_of(study: Study, name: str, survey: SurveyData, *, short: bool = False) -> Any:
    """The people of a source with their classes; `short` says that nobody is told of an instrument with few questions."""
    from fl_estimate.indicators.classify import classify

    entry = study.config.classify
    if entry is None:
        raise AssertionError("only a study with [classify] has classes")
    frameworks = frameworks_of(study, entry)
    return classify(
        survey,
        frameworks,
        outcomes=requested_outcomes(study.config.estimate, study.config.source[name].derived, frameworks),
        reference_day=entry.reference_day,
        allow_unverified=entry.allow_unverified,
        short_instrument=short or entry.short_instrument,
    )


def is_classified(study: Study, name: str) -> bool:
    """Whether the people of a source are given classes as they answered, none imputed."""
    entry = study.config.classify
    return entry is not None and study.config.impute is None and name in study.sources_of(entry.source)


def frameworks_of(study: Study, entry: ClassifyEntry) -> list[Framework]:
    """The frameworks that people are classified by."""
    from fl_estimate.indicators.framework import Framework as Reader

    named = [entry.framework] if isinstance(entry.framework, str) else entry.framework
    return [Reader.read(_framework(study, each)) for each in named]


def requested_outcomes(
    entries: Iterable[Any], derived: Mapping[str, str], frameworks: Sequence[Framework]
) -> list[str] | None:
    """The outcomes that a study needs: those always computed, and the optional ones that it names; None: no more than these."""
    entries = list(entries)
    told = json.dumps([[each.model_dump(mode="json") for each in entries], dict(derived)])
    wanted = {
        name
        for each in entries
        for outcome in read_otherwise(each)
        for framework in frameworks
        for name in framework.readings(outcome)
    }
    every = [outcome for framework in frameworks for outcome in framework.outcomes]
    optional = [one.id for one in every if one.optional and (one.id in wanted or re.search(rf"\b{one.id}", told))]
    return [*(one.id for one in every if not one.optional), *optional] if optional else None


def read_otherwise(entry: Entry) -> list[str]:
    """The outcomes of which an entry wants all readings."""
    return [str(getattr(entry, each.keys[0])) for each, _ in entry.declared.having(WithReadings)]


def _framework(study: Study, written: str) -> str | Path:
    return study.path(written) if written.endswith(".toml") else written
