"""Codes labelled as missing that nobody declared missing, where a study would read them as answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw

from fl_estimate.errors import StudyFault
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.labelled_missing import names_codes
from fl_estimate.results.roles import PeopleCondition
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.missing_words import says_missing
from fl_estimate.study.config import Study
from fl_estimate.study.forms import PeopleEntry
from fl_estimate.study.named_columns import named_columns


def require_declared(study: Study, surveys: Mapping[str, SurveyData], people: Mapping[str, Any]) -> None:
    """Refuse what `fl.load` refuses of a mapping, in the conditions, derived columns and variables of a study.

    Raises
    ------
    StudyFault
        FL-STUDY-40, with the place, the code, its label and how often it occurs; every such code at once.
    """
    faults: list[str] = []
    for source, survey in surveys.items():
        uses = [(position, name) for position, name in _uses(study, source)]
        labelled = _labelled(survey)
        met = _met(people[source].people, {name: labelled[name] for _, name in uses if name in labelled})
        for position, name in dict.fromkeys(uses):
            for code, label, count in met.get(name, ()):
                faults.append(f"{position}: {name!r} holds {code:g} = {label!r} in {count:,} row{'s' * (count != 1)}")
    if faults:
        raise StudyFault(
            "FL-STUDY-40",
            "codes are labelled as missing, and neither the file nor the mapping declares them missing",
            found="\n    ".join(dict.fromkeys(faults)),
            fix='say in the mapping what they are: q1 = { column = "q1", missing = [8, 9] }, or valid = [9] where one is an '
            'answer; [source] labelled_missing = "missing" takes all such codes as missing',
        )


def _uses(study: Study, source: str) -> Iterator[tuple[str, str]]:
    """Every place of a study that reads a column of a source as numbers, with the column."""
    for name, text in study.config.source[source].derived.items():
        yield from ((f"source.{source}.derived.{name}", column) for column in sorted(parse(text).names))
    for position, entry in study.numbered():
        if not isinstance(entry, PeopleEntry) or study.source_of(entry.source) != source:
            continue
        yield from ((f"{position}.{key}", column) for key, column in named_columns(entry, values=True))
        for argument, _ in entry.declared.having(PeopleCondition):
            key = argument.keys[0]
            where: str | None = getattr(entry, key)
            if where is not None and not names_codes(where):
                yield from ((f"{position}.{key}", column) for column in sorted(parse(where).names))


def _labelled(survey: SurveyData) -> dict[str, dict[float, str]]:
    """Of each column of people the codes that are numbers and labelled as missing, but for those said to be answers."""
    found: dict[str, dict[float, str]] = {}
    for table in ("households", "people"):
        labels = survey.labels.get(table)
        if labels is None:
            continue
        for name, codes in labels.values.items():
            valid = labels.valid.get(name, ())
            found[name] = {
                float(code): label
                for code, label in codes.items()
                if not isinstance(code, str) and says_missing(label) and float(code) not in valid
            }
    return {name: codes for name, codes in found.items() if codes}


def _met(frame: Any, wanted: Mapping[str, Mapping[float, str]]) -> dict[str, list[tuple[float, str, int]]]:
    """Which of these codes occur, and how often."""
    rows = narwhal(frame).lazy()
    schema = rows.collect_schema()
    pairs = [
        (name, code) for name, codes in wanted.items() if name in schema and schema[name].is_numeric() for code in codes
    ]
    if not pairs:
        return {}
    counts = rows.select(
        (nw.col(name).cast(nw.Float64) == code).sum().alias(str(position))
        for position, (name, code) in enumerate(pairs)
    ).collect()
    result: dict[str, list[tuple[float, str, int]]] = {}
    for position, (name, code) in enumerate(pairs):
        if count := int(counts[str(position)][0] or 0):
            result.setdefault(name, []).append((code, wanted[name][code], count))
    return result
