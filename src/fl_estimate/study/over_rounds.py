"""Rounds of a study as they are estimated and published: which table each is part of, and what every row of it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fl_estimate.errors import StudyFault
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Period
from fl_estimate.results.rounds import AS_MEASURED, BRIDGE_STATED, is_bridged
from fl_estimate.study.config import Study
from fl_estimate.study.forms import PeopleEntry
from fl_estimate.study.inputs import StudyInputs, origin_of
from fl_estimate.study.nesting import nested_by_columns
from fl_estimate.study.rounds import base_of, bridges_of


def tables_over_rounds(study: Study) -> dict[str, list[str]]:
    """By the name of an estimate in the file, the names of what is made of it in each round."""
    result: dict[str, list[str]] = {}
    for made, (name, _) in study.rounds.of.items():
        result.setdefault(name, []).append(made)
    return result


def of_round(made: Estimates, entry: Any, study: Study, inputs: StudyInputs) -> Estimates:
    """An estimate with the country and time of its round, and the bridge that was stated for it."""
    each = study.round_named(entry.name)
    if each is None:
        return made
    country, period = origin_of(study, each, inputs.surveys)
    told = made.about(country=country or None, reference_period=period)
    bridge = bridges_of(study.config.round).get(each.name)
    if bridge is None:
        return told
    stated = [BRIDGE_STATED.assume(reason=bridge.reason)]
    if bridge.factor is not None and is_bridged(told):
        stated.append(AS_MEASURED.assume(round=each.name, factor=bridge.factor[0], error=bridge.factor[1]))
    return replace(told, assumptions=(*told.assumptions, *stated))


def require_rounds_apart(study: Study, inputs: StudyInputs) -> None:
    """Refuse rounds that their rows do not tell apart, and a time that is not the survey's.

    Raises
    ------
    StudyFault
        FL-STUDY-44.
    """
    faults: list[str] = []
    met: dict[tuple[str, str], str] = {}
    for each in study.config.round:
        origin = origin_of(study, each, inputs.surveys)
        if origin in met:
            said = ", ".join(text for text in origin if text) or "nothing"
            faults.append(f"{met[origin]!r} and {each.name!r} both speak of {said}")
        met.setdefault(origin, each.name)
        faults += [f"{each.name!r}: {text}" for text in _other_time(each, inputs)]
    if faults:
        raise StudyFault(
            "FL-STUDY-44", "rounds are not told apart by their country and time", found="; ".join(faults),
            fix='say in each [[round]] its time, period = "2021", or its country, country = "CL"; a time lies in the '
            "reference period of its survey",
        )  # fmt: skip


def require_one_geography(study: Study, inputs: StudyInputs) -> None:
    """Refuse areas that lie in another area in another round: the audit knows one geography of all.

    Raises
    ------
    StudyFault
        FL-STUDY-46.
    """
    met: dict[tuple[str, str, str], str] = {}
    faults: dict[tuple[str, str], None] = {}
    for source in inputs.people if study.config.round else ():
        entries = [
            e for e in study.config.estimate if isinstance(e, PeopleEntry) and study.source_of(e.source) == source
        ]
        for inner, outers in nested_by_columns({source: list(entries)}, inputs.people).items():
            for outer, pairs in outers.items():
                for label, of in pairs.items():
                    if met.setdefault((inner, outer, str(label)), str(of)) != str(of):
                        faults[inner, outer] = None
    if faults:
        raise StudyFault(
            "FL-STUDY-46", "areas of one label lie in different areas in two rounds",
            found="; ".join(f"{inner} in {outer}" for inner, outer in faults),
            fix="give areas of different places different labels in the mappings, such as the country before the code",
        )  # fmt: skip


def _other_time(each: Any, inputs: StudyInputs) -> list[str]:
    """A stated time that has no day in common with the reference period that the mapping states."""
    stated = Period(each.period)
    found: list[str] = []
    for name, survey in inputs.surveys.items():
        own = Period(str(survey.reference_period or ""))
        if name != f"{base_of(name)}@{each.name}" or stated.first is None or stated.last is None:
            continue
        if own.first is not None and own.last is not None and (stated.last < own.first or own.last < stated.first):
            found.append(f"period {each.period}, and the mapping of {base_of(name)!r} says {own.text}")
    return found
