"""What a study reads, and what it finds before estimating: files, mappings, classes, columns, map and truth."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from fl_estimate.errors import ExpressionFault, FileFault, StudyFault, nearest
from fl_estimate.reporting.html import MapChoice
from fl_estimate.reporting.truth import Truth, read_truth
from fl_estimate.schema.expressions import parse
from fl_estimate.study.beside import FigureTables, SideTables, read_side_files, side_files
from fl_estimate.study.config import CalibrateEntry, SensitivityEntry, Study, UnitEntry, WithoutPeople

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.inputs.histories import CaptureHistories
    from fl_estimate.inputs.survey_data import Source, SurveyData

PACKAGES: tuple[str, ...] = (
    *("fl_estimate", "numpy", "scipy", "pandas", "polars", "pyarrow", "narwhals", "pyreadstat"),
    *("matplotlib", "great_tables", "pydantic", "pymc", "arviz"),
)
"""Packages whose version can change a figure or how it is shown."""
Tell = Callable[[str], None]
_WHICH: Mapping[str, Literal["all", "last"]] = {"episode": "all", "last episode": "last"}
"""What `fl.by_episode` calls the units of a study."""


@dataclass(frozen=True, kw_only=True)
class StudyInputs:
    """Everything an estimate needs, read and checked.

    Attributes
    ----------
    surveys : mapping of str to SurveyData
        By source.
    people : mapping of str to SurveyData or Classification
        What estimates are made of, by source.
    definitions : tuple of (framework id, title)
    tables : mapping of str to SideTables
        Covariates and populations of areas, by estimate.
    histories : mapping of str to CaptureHistories
        Case lists, by estimate.
    populations : mapping of str to float
        Persons of the whole country, by estimate that turns prevalences into persons.
    figures : mapping of str to FigureTables
        Tables of countries and of cases, by estimate made of figures.
    files : tuple of Source
        The files of tables and lists.
    truth : Truth or None
    map : MapChoice or None
    """

    surveys: Mapping[str, SurveyData]
    people: Mapping[str, Any]
    definitions: tuple[tuple[str, str], ...] = ()
    tables: Mapping[str, SideTables] = field(default_factory=dict[str, "SideTables"])
    histories: Mapping[str, CaptureHistories] = field(default_factory=dict[str, "CaptureHistories"])
    populations: Mapping[str, float] = field(default_factory=dict[str, float])
    figures: Mapping[str, FigureTables] = field(default_factory=dict[str, "FigureTables"])
    files: tuple[Source, ...] = ()
    truth: Truth | None = None
    map: MapChoice | None = None


def read_inputs(study: Study, tell: Tell) -> StudyInputs:
    """Read the files of a study, classify, and check that every column an estimate names is there.

    Raises
    ------
    FlError
        Of the part that is at fault: FL-FILE, FL-MAP, FL-DATA, FL-IND, FL-PUB; FL-STUDY-05 for columns that are
        not there; FL-STUDY-09 for derived columns that cannot be made.
    """
    from fl_estimate.loaders.load import load
    from fl_estimate.loaders.returning_migrant import by_episode

    truth = read_truth(study.path(study.config.truth.file)) if study.config.truth else None
    chosen_map = _map(study)
    surveys: dict[str, SurveyData] = {}
    for name, source in study.config.source.items():
        tell(f"reading {name}")
        survey = load(_files(study, source.file), mapping=study.mapping(source.mapping), engine=source.engine)
        surveys[name] = by_episode(survey, _WHICH[source.unit]) if source.unit in _WHICH else survey
    people: dict[str, Any] = dict(surveys)
    definitions: tuple[tuple[str, str], ...] = ()
    classify_entry = study.config.classify
    if classify_entry is not None:
        from fl_estimate.indicators.classify import classify
        from fl_estimate.indicators.framework import Framework

        name = study.source_of(classify_entry.source)
        tell(f"classifying {name}")
        named = classify_entry.framework
        frameworks = [
            Framework.read(_framework(study, each)) for each in ([named] if isinstance(named, str) else named)
        ]
        classified = classify(
            surveys[name],
            frameworks,
            outcomes=asked_readings(study.config.estimate, study.config.source[name].derived, frameworks),
            reference_day=classify_entry.reference_day,
            allow_unverified=classify_entry.allow_unverified,
            short_instrument=classify_entry.short_instrument,
        )
        people[name] = classified
        definitions = tuple((framework.id, framework.title.en) for framework in classified.frameworks)
    people = {name: _derived(name, study.config.source[name].derived, each) for name, each in people.items()}
    if study.config.calibrate is not None:
        name = study.source_of(study.config.calibrate.source)
        tell(f"calibrating the weights of {name}")
        people[name] = _calibrated(study, study.config.calibrate, people[name])
    _require_columns(study, people)
    beside = read_side_files(study)
    return StudyInputs(
        surveys=surveys,
        people=people,
        definitions=definitions,
        tables=beside.tables,
        histories=beside.histories,
        populations=beside.populations,
        figures=beside.figures,
        files=beside.files,
        truth=truth,
        map=chosen_map,
    )


def asked_readings(
    entries: Iterable[Any], derived: Mapping[str, str], frameworks: Sequence[Framework]
) -> list[str] | None:
    """The outcomes that a study needs: those always computed, and the optional ones that it names; None: no more than these."""
    entries = list(entries)
    told = json.dumps([[each.model_dump(mode="json") for each in entries], dict(derived)])
    wanted = {
        name
        for each in entries
        if isinstance(each, SensitivityEntry)
        for framework in frameworks
        for name in framework.readings(each.outcome)
    }
    every = [outcome for framework in frameworks for outcome in framework.outcomes]
    optional = [one.id for one in every if one.optional and (one.id in wanted or re.search(rf"\b{one.id}", told))]
    return [*(one.id for one in every if not one.optional), *optional] if optional else None


def fingerprint(study: Study) -> tuple[str, dict[str, dict[str, str]]]:
    """What a run depends on, as one hash: every input file's bytes, the resolved study, and the packages.

    Returns
    -------
    hash : str
        sha256, in hexadecimal digits.
    parts : dict
        `files`: sha256 of each file by its written path; `packages`: their versions.

    Raises
    ------
    FileFault
        FL-FILE-01: an input file is not there.
    """
    hashes = {written: _sha256(study, written) for written in sorted(set(_written_files(study)))}
    versions = {"python": platform.python_version(), **package_versions()}
    parts = {"files": hashes, "packages": versions}
    whole = json.dumps({**parts, "study": study.config.model_dump(mode="json")}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest(), parts


def package_versions() -> dict[str, str]:
    """Versions of the packages that make and show figures."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _written_files(study: Study) -> Iterable[str]:
    """Every file that the study names, as written."""
    for source in study.config.source.values():
        yield from [source.file] if isinstance(source.file, str) else source.file.values()
        if isinstance(study.mapping(source.mapping), Path):
            yield source.mapping
    if study.config.classify is not None:
        frameworks = study.config.classify.framework
        yield from (f for f in ([frameworks] if isinstance(frameworks, str) else frameworks) if f.endswith(".toml"))
    yield from side_files(study)
    if study.config.calibrate is not None and isinstance(study.config.calibrate.margins, str):
        yield study.config.calibrate.margins
    if study.config.truth is not None:
        yield study.config.truth.file
    if study.config.map is not None:
        yield study.config.map.geojson


def _sha256(study: Study, written: str) -> str:
    path = study.path(written)
    if not path.is_file():
        raise FileFault(
            "FL-FILE-01", "there is no such file", found=written, fix="check the path; it starts from the study file"
        )
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(study: Study, file: str | dict[str, str]) -> Any:
    return study.path(file) if isinstance(file, str) else {name: study.path(each) for name, each in file.items()}


def _calibrated(study: Study, entry: CalibrateEntry, people: Any) -> Any:
    """The people of a source with weights that meet known totals."""
    from fl_estimate.design.weights import calibrate

    margins: Any = entry.margins
    if isinstance(margins, str):
        from fl_estimate.loaders.files import read_table

        margins = read_table(study.path(margins)).frame.lazy().collect()
    bounds = None if entry.bounds is None else (entry.bounds[0], entry.bounds[1])
    return calibrate(people, margins=margins, method=entry.method, bounds=bounds, aggregate=entry.aggregate)[0]


def _derived(source: str, derived: Mapping[str, str], people: Any) -> Any:
    """The people of a source with the columns that the study derives, one after another: each may use those before it."""
    frame: Any = nw.from_native(people.people)
    faults: list[str] = []
    for name, text in derived.items():
        schema = frame.collect_schema()
        if name in schema:
            faults.append(f"source.{source}.derived.{name}: the data have a column of this name")
            continue
        try:
            frame = frame.with_columns(parse(text).value(schema).alias(name))
        except ExpressionFault as error:
            faults.append(f"source.{source}.derived.{name}: {error.what} ({error.found})")
    if faults:
        raise StudyFault(
            "FL-STUDY-09",
            "derived columns of the study cannot be made",
            found="; ".join(faults),
            fix="name columns of the data, outcomes of [classify] or columns derived before: income > 100 and sex == '2'",
        )
    return replace(people, people=frame.to_native()) if derived else people


def _framework(study: Study, written: str) -> str | Path:
    return study.path(written) if written.endswith(".toml") else written


def _map(study: Study) -> MapChoice | None:
    entry = study.config.map
    if entry is None:
        return None
    from fl_estimate.reporting.maps import read_areas

    return MapChoice(areas=read_areas(study.path(entry.geojson)), by=entry.by, key=entry.key)


def _require_columns(study: Study, people: Mapping[str, Any]) -> None:
    """Refuse, all at once, the columns that estimates name and the people do not have."""
    schemas = {name: nw.from_native(each.people).collect_schema() for name, each in people.items()}
    faults: list[str] = []
    for place, entry in enumerate(study.config.estimate, 1):
        if isinstance(entry, WithoutPeople):
            continue
        source = study.source_of(entry.source)
        if isinstance(entry, SensitivityEntry) and entry.outcome not in getattr(people[source], "outcomes", ()):
            faults.append(f"estimate[{place}].outcome: {entry.outcome!r} is no outcome of [classify]")
            continue
        present = schemas[source].names()
        # The by-columns of a poststratified model are the population's.
        for key, column in _named_columns(entry.model_dump(exclude={"by"} if isinstance(entry, UnitEntry) else None)):
            if column not in present:
                close = nearest(column, present)
                faults.append(f"estimate[{place}].{key}: {column!r}{f'; did you mean {close!r}?' if close else ''}")
    if faults:
        raise StudyFault(
            "FL-STUDY-05",
            "the study names columns that are not in the data",
            found="; ".join(faults),
            fix="use a variable of the mapping, a derived column, or an outcome of [classify]",
        )


def _named_columns(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key in ("outcome", "variable", "numerator", "denominator", "cells", "by", "time"):
        yield from ((key, column) for column in _flat(entry.get(key)))


def _flat(names: Any) -> Iterable[str]:
    if isinstance(names, str):
        yield names
    elif names is not None:
        for each in names:
            yield from _flat(each)
