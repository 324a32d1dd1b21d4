"""Whether the rounds of a study were measured alike: definition, items asked, length of the period, codes of the mapping, wording of questions.

What differs is refused unless the round says what bridges it. Figures are not looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fl_estimate.errors import FlError, StudyFault, listed
from fl_estimate.loaders.mapping import Mapping as SurveyMapping
from fl_estimate.results.methods import methods
from fl_estimate.results.recipe import Period
from fl_estimate.results.roles import FromFile, Neighbours, Persons
from fl_estimate.study.config import Study
from fl_estimate.study.entries import RoundEntry
from fl_estimate.study.forms import PeopleEntry, tag_of
from fl_estimate.study.inputs import StudyInputs, origin_of
from fl_estimate.study.named_columns import named_columns
from fl_estimate.study.rounds import AT, base_of

MOST = 6
"""Differences of one kind that a fault names."""
PLACES: tuple[str, ...] = ("column", "join", "year", "month", "day", "format")
"""Parts of a rule that say where an answer stands in the file, which is no change of the question."""


def require_measured_alike(study: Study, inputs: StudyInputs) -> None:
    """Refuse rounds that were not measured as the one before them, where no bridge is stated.

    Raises
    ------
    StudyFault
        FL-STUDY-45, with everything that differs.
    """
    rounds = study.config.round
    faults = [
        f"{one.name} → {other.name}: {text}"
        for one, other in itertools.pairwise(rounds)
        if not other.bridge.strip()
        for text in differences(study, inputs, one, other)
    ]
    if faults:
        raise StudyFault(
            "FL-STUDY-45", "rounds were not measured alike, so that a change between them may be one of the instrument",
            found="\n    ".join(["", *faults]),
            fix='leave the round out, or say in its [[round]] why its figures can stand beside those before it: bridge = "both forms '
            'were put to 400 people in 2023"; the words are printed under every table that has them',
        )  # fmt: skip


def differences(study: Study, inputs: StudyInputs, one: RoundEntry, other: RoundEntry) -> Iterator[str]:
    """What was measured otherwise in a round than in another, in words."""
    same_country = origin_of(study, one, inputs.surveys)[0] == origin_of(study, other, inputs.surveys)[0]
    for source in dict.fromkeys(base_of(name) for name in inputs.surveys):
        a, b = f"{source}{AT}{one.name}", f"{source}{AT}{other.name}"
        if a not in inputs.surveys or b not in inputs.surveys:
            continue
        yield from _definitions(inputs.people.get(a), inputs.people.get(b))
        yield from _lengths(inputs.surveys[a], inputs.surveys[b])
        if same_country:
            columns = _columns(study, inputs, source)
            yield from _codes(study, a, b, columns)
            yield from _wordings(inputs.surveys[a], inputs.surveys[b], columns)
    yield from _keys(study, one, other)


def _definitions(a: Any, b: Any) -> Iterator[str]:
    """Frameworks, and the items of them that one instrument had and the other had not."""
    mine, theirs = getattr(a, "coverage", None), getattr(b, "coverage", None)
    if mine is None or theirs is None:
        return
    if a.framework != b.framework:
        yield f"framework: {a.framework} / {b.framework}"
    for what in ("absent", "unqualified"):
        before, after = set(getattr(mine, what)), set(getattr(theirs, what))
        if gone := sorted(after - before):
            yield f"asked no more: {listed(gone, most=MOST)}"
        if new := sorted(before - after):
            yield f"asked now, and not before: {listed(new, most=MOST)}"
    if mine.time != theirs.time:
        yield f"how time and age were asked: {', '.join(mine.time) or 'not'} / {', '.join(theirs.time) or 'not'}"


def _lengths(a: Any, b: Any) -> Iterator[str]:
    mine, theirs = (_length(str(survey.reference_period or "")) for survey in (a, b))
    if mine and theirs and mine != theirs:
        yield f"length of the reference period: {mine} / {theirs}"


def _length(text: str) -> str:
    """How long a period is, in whole months where its days are known."""
    read = Period(text)
    if read.years is not None:
        return f"{max(1, round(12 * read.years))} months"
    return f"{read.months} months" if read.months else text


def _columns(study: Study, inputs: StudyInputs, source: str) -> frozenset[str]:
    """What the classification and the estimates of a source read."""
    found: set[str] = set()
    for name, people in inputs.people.items():
        if base_of(name) == source and hasattr(people, "coverage"):
            found |= {part for line in people.coverage.lines for part in (line.column, line.id) if part}
    for entry in study.config.estimate:
        if isinstance(entry, PeopleEntry) and base_of(study.source_of(entry.source)) == source:
            found |= {column for _, column in named_columns(entry)}
    return frozenset(found)


def _codes(study: Study, a: str, b: str, columns: frozenset[str]) -> Iterator[str]:
    """Variables whose answers are made otherwise: other codes, other conditions, other derivations."""
    mappings = [study.config.source[name].mapping for name in (a, b)]
    if mappings[0] == mappings[1]:
        return
    try:
        mine, theirs = (_fingerprints(SurveyMapping.read(study.mapping(written)), columns) for written in mappings)
    except FlError:
        return  # it is told where the survey is read
    changed = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    # That a variable is there at all is told by the items.
    changed = [name for name in changed if name in mine and name in theirs]
    if changed:
        yield f"coded otherwise in {mappings[1]} than in {mappings[0]}: {listed(changed, most=MOST)}"


def _fingerprints(mapping: Any, columns: frozenset[str]) -> dict[str, Any]:
    """By variable, how its answers come of what stands in the file, wherever that stands."""
    found: dict[str, list[Any]] = {}
    for name, table in mapping.tables.items():
        for part in table.parts:
            for variable, rule in part.variables.items():
                if variable in columns:
                    told = rule.model_dump(mode="json", exclude={*PLACES, "recode"})
                    recode: Mapping[str, Any] | None = mapping.recode_of(rule) if rule.recode != "labels" else None
                    codes = None if recode is None else sorted((str(code), str(of)) for code, of in recode.items())
                    found.setdefault(variable, []).append((told, codes))
            for variable, text in part.derived.items():
                if variable in columns:
                    found.setdefault(variable, []).append(text)
            found.setdefault(f"[{name}] where", []).append(part.where or "")
    return found


def _wordings(a: Any, b: Any, columns: frozenset[str]) -> Iterator[str]:
    """Questions whose words in the file are others."""
    changed: list[str] = []
    for table in a.labels:
        mine: Mapping[str, str] = a.labels[table].variables
        theirs: Mapping[str, str] = b.labels[table].variables if table in b.labels else dict[str, str]()
        changed += [
            name
            for name in mine
            if name in columns and _plain(mine[name]) and _plain(theirs.get(name, "")) not in ("", _plain(mine[name]))
        ]
    if changed:
        yield f"asked in other words: {listed(dict.fromkeys(changed), most=MOST)}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _keys(study: Study, one: RoundEntry, other: RoundEntry) -> Iterator[str]:
    """Keys of estimates that a round has otherwise, but for those that name files."""
    for name in dict.fromkeys([*one.estimate, *other.estimate]):
        mine, theirs = one.estimate.get(name, {}), other.estimate.get(name, {})
        entry = next((e for e in study.config.estimate if study.rounds.of.get(e.name, ("",))[0] == name), None)
        method = methods().get(str(tag_of(entry))) if entry is not None else None
        files = {
            key
            for role in (FromFile, Neighbours, Persons)
            for argument, _ in (method.having(role) if method is not None else ())
            for key in argument.keys
        }
        kept = ({"file", "mapping", "title", "note", "reference_period", "population"} | files) - {"where", "by"}
        keys: Sequence[str] = sorted(
            key for key in {*mine, *theirs} if key not in kept and mine.get(key) != theirs.get(key)
        )
        if keys:
            yield f"estimate {name!r} has other keys: {listed(keys, most=MOST)}"
