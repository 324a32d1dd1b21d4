"""What a study reads, and what it finds before estimating: files, mappings, classes, columns, map and truth."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from fl_estimate.design.exact_sums import with_exact_sums
from fl_estimate.errors import ExpressionFault, FileFault, StudyFault, is_file, nearest
from fl_estimate.estimators.survey.imputed import is_imputed
from fl_estimate.inputs.partitions import narwhal, orders_classes
from fl_estimate.inputs.wording import Text
from fl_estimate.loaders.several_files import is_pattern, sha256_at
from fl_estimate.reporting.particulars import MapChoice
from fl_estimate.reporting.truth import Truth, TruthOfRounds, read_truth
from fl_estimate.results.roles import OfRelatives
from fl_estimate.schema.expressions import parse
from fl_estimate.study.asked_at_loading import FoundAtLoading, asked_at_loading
from fl_estimate.study.beside import overlap_files, read_side_files, side_files
from fl_estimate.study.classifying import classes_of, frameworks_of, is_classified, read_otherwise, requested_outcomes
from fl_estimate.study.config import Study
from fl_estimate.study.entries import CalibrateEntry, ClassifyEntry, RoundEntry, SourceEntry
from fl_estimate.study.forms import Entry, ListsEntry, PeopleEntry
from fl_estimate.study.gathering import Faults
from fl_estimate.study.imputing import imputed, takes_draws
from fl_estimate.study.labelling import labelled
from fl_estimate.study.named_columns import columns_of_relatives, named_columns
from fl_estimate.study.private import keyed
from fl_estimate.study.reading_ahead import with_kept_sums
from fl_estimate.study.rounds import base_of, round_of
from fl_estimate.study.undeclared import require_declared
from fl_estimate.version import package_version

if TYPE_CHECKING:
    from fl_estimate.inputs.histories import CaptureHistories
    from fl_estimate.inputs.survey_data import Source, SurveyData

PACKAGES: tuple[str, ...] = (
    *(
        "fl_estimate",
        "numpy",
        "scipy",
        "pandas",
        "polars",
        "pyarrow",
        "narwhals",
        "duckdb",
        "dask",
        "pyspark",
        "pyreadstat",
        "python-calamine",
    ),
    *(
        "charset-normalizer",
        "rapidfuzz",
        "formulaic",
        "statsmodels",
        "scikit-learn",
        "numba",
        "joblib",
        "threadpoolctl",
    ),
    *("matplotlib", "great_tables", "jinja2", "babel", "pydantic", "pymc", "nutpie", "arviz", "arviz-stats", "xarray"),
)
"""Packages whose version can change a figure or how it is shown: all that the library imports, but for those of the terminal."""
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
    imputed : mapping of str to Imputation
        Of ``[impute]``, by source: the same people with draws of their unknown answers.
    definitions : tuple of (framework id, title by language)
    tables : mapping of str to mapping
        By estimate, what its keys name in files: frames, a map, a number of persons.
    histories : mapping of str to CaptureHistories
        Case lists, by estimate.
    files : tuple of Source
        The files of tables and lists.
    truth : Truth or None
    map : MapChoice or None
    """

    surveys: Mapping[str, SurveyData]
    people: Mapping[str, Any]
    imputed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    definitions: tuple[tuple[str, Text], ...] = ()
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    histories: Mapping[str, CaptureHistories] = field(default_factory=dict[str, "CaptureHistories"])
    files: tuple[Source, ...] = ()
    truth: Truth | None = None
    map: MapChoice | None = None

    def of(self, entry: PeopleEntry, source: str) -> Any:
        """The people of an entry: with their draws where it is made of these, else as they are classified."""
        return self.imputed.get(source, self.people[source]) if takes_draws(entry) else self.people[source]


def read_inputs(study: Study, tell: Tell, faults: Faults | None = None) -> StudyInputs:
    """Read the files of a study, classify, and check that every column an estimate names is there.

    Parameters
    ----------
    study : Study
    tell : callable
    faults : Faults, optional
        Where to note what is wrong; what can be read in spite of it is given. Without it, all faults are raised.

    Raises
    ------
    FlError
        Of the part that is at fault: FL-FILE, FL-MAP, FL-DATA, FL-IND, FL-PUB; FL-STUDY-05 for columns that are
        not there; FL-STUDY-09 for derived columns that cannot be made; FL-STUDY-34 where there are several;
        FL-STUDY-40 for codes labelled as missing.
    """
    noted = Faults() if faults is None else faults
    truth, chosen_map = None, None
    if study.config.truth is not None:
        with noted.of("truth.file"):
            truth = read_truth(study.path(study.config.truth.file))
    told: dict[str, Truth] = {}
    for each in study.config.round:
        with noted.of(f"round {each.name}.truth"):
            told |= {each.name: read_truth(study.path(each.truth))} if each.truth is not None else {}
    with noted.of("map"):
        chosen_map = _map(study)
    surveys, found = _surveys(study, tell, noted)
    people, definitions = _classified(study, tell, noted, surveys, found)
    drawn: dict[str, Any] = {name: each for name, each in people.items() if is_imputed(each)}
    people |= {name: each.classification for name, each in drawn.items()}
    for name, each in people.items():
        people[name] = _derived(name, study.config.source[name].derived, each, noted)
    entry = study.config.calibrate
    for name in study.sources_of(entry.source) if entry is not None else ():
        if entry is not None and name in people:
            tell(f"calibrating the weights of {name}")
            with noted.of("calibrate"):
                people[name] = _calibrated(study, _margins_of(study, entry, name), people[name])
    people = {name: with_kept_sums(each) for name, each in people.items()}
    _require_columns(study, people, noted)
    with noted.of(""):
        require_declared(study, {name: each for name, each in surveys.items() if name in people}, people)
    beside = read_side_files(study, noted)
    if told:
        origins = {each.name: origin_of(study, each, surveys) for each in study.config.round}
        truth = TruthOfRounds(values={}, rounds={origins[name]: each for name, each in told.items()})
    if faults is None:
        noted.require()
    return StudyInputs(
        surveys=surveys,
        people=people,
        imputed={name: replace(each, classification=people[name]) for name, each in drawn.items()},
        definitions=definitions,
        tables=beside.tables,
        histories=beside.histories,
        files=beside.files,
        truth=truth,
        map=chosen_map,
    )


def origin_of(study: Study, each: RoundEntry, surveys: Mapping[str, SurveyData]) -> tuple[str, str]:
    """Country and period of a round, as its rows say them: what the round says, else its survey, else its name is its time."""
    own = [survey for name, survey in surveys.items() if round_of(name) == each.name]
    country = each.country or next(
        (survey.wording.country for survey in own if survey.wording.country), study.config.country
    )
    period = each.period or next(
        (str(survey.reference_period) for survey in own if survey.reference_period is not None), ""
    )
    return country, period or ("" if each.country else each.name)


def _surveys(study: Study, tell: Tell, noted: Faults) -> tuple[dict[str, SurveyData], dict[str, FoundAtLoading]]:
    """The surveys that can be read, by source, and what else was found in reading them."""
    from fl_estimate.loaders.load import load_and_ask
    from fl_estimate.loaders.returning_migrant import by_episode

    surveys: dict[str, SurveyData] = {}
    found: dict[str, FoundAtLoading] = {}
    for name, source in study.config.source.items():
        tell(f"reading {name}")
        if not _all_there(study, name, source, noted):
            continue
        with noted.of(f"source.{name}"):
            by_person, classes = source.unit not in _WHICH, partial(classes_of, study, name, short=True)
            survey, asked = load_and_ask(
                _files(study, source.file), mapping=study.mapping(source.mapping), engine=source.engine,
                ask=partial(asked_at_loading, across_units=across_units(study), classify=classes if is_classified(study, name) else None)
                if by_person else None,  # episodes become people after it
            )  # fmt: skip
            survey = _with_population(survey, source)
            survey = survey if by_person else by_episode(survey, _WHICH[source.unit])
            survey = with_exact_sums(
                survey, across_units=across_units(study), powers=None if asked is None else asked.powers
            )
            found |= {} if asked is None else {name: asked}
            words = replace(labelled(study.config.labels).over(survey.wording), survey=base_of(name))
            country = source.country or study.config.country or words.country
            surveys[name] = replace(survey, wording=replace(words, country=country))
    return surveys, found


def across_units(study: Study) -> bool:
    """Whether sums of weights over several units are asked for, which have to be exact as well."""
    return study.config.calibrate is not None or _quantiles(study)


def _quantiles(study: Study) -> bool:
    return any(entry.kind == "quantile" for entry in study.config.estimate)


def _with_population(survey: SurveyData, source: SourceEntry) -> SurveyData:
    """The survey with the population that the study states, in place of what the mapping says of it."""
    design = survey.design
    if design is None or not (source.population_size or source.populations):
        return survey
    size = source.population_size or design.population_size
    known = {**dict(design.populations), **{name: tuple(sizes.items()) for name, sizes in source.populations.items()}}
    return replace(survey, design=replace(design, population_size=size, populations=known))


def _all_there(study: Study, name: str, source: SourceEntry, noted: Faults) -> bool:
    """Whether the files of a source are there; those that are not are noted, each with its key."""
    files = {"file": source.file} if isinstance(source.file, str) else {f"file.{t}": f for t, f in source.file.items()}
    if isinstance(study.mapping(source.mapping), Path):
        files["mapping"] = source.mapping
    before = len(noted)
    for key, written in files.items():
        if not is_file(study.path(written)) and not (key != "mapping" and is_pattern(study.path(written))):
            noted.add(f"source.{name}.{key}", _no_such_file(written))
    return len(noted) == before


def _no_such_file(written: str) -> FileFault:
    fix = "check the path; it starts from the study file"
    if "\\" in written and os.sep != "\\":
        fix += "; write / between folders, which Windows reads as well"
    return FileFault("FL-FILE-01", "there is no such file", found=written, fix=fix)


def _classified(
    study: Study, tell: Tell, noted: Faults, surveys: Mapping[str, SurveyData], found: Mapping[str, FoundAtLoading]
) -> tuple[dict[str, Any], tuple[tuple[str, Text], ...]]:
    """The people of each source, those of one of them classified, and the definitions used."""
    people: dict[str, Any] = dict(surveys)
    entry = study.config.classify
    definitions: tuple[tuple[str, Text], ...] = ()
    for name in study.sources_of(entry.source) if entry is not None else ():
        if entry is not None and name in surveys:
            definitions = (
                _classify_one(study, tell, noted, entry, name, people, surveys, found.get(name)) or definitions
            )
    return people, definitions


def _classify_one(
    study: Study, tell: Tell, noted: Faults, entry: ClassifyEntry, name: str, people: dict[str, Any],
    surveys: Mapping[str, SurveyData], found: FoundAtLoading | None,
) -> tuple[tuple[str, Text], ...]:  # fmt: skip
    """Classify the people of one source in their place, and give the definitions used."""
    tell(f"classifying {name}")
    del people[name]  # without its classes nothing of it can be estimated
    with noted.of("classify"):
        frameworks = frameworks_of(study, entry)
        if study.config.impute is not None:
            tell(f"imputing unknown answers of {name}")
            entries = study.config.estimate
            outcomes = requested_outcomes(entries, study.config.source[name].derived, frameworks)
            people[name] = imputed(surveys[name], frameworks, entry, study.config.impute, entries, outcomes)
        else:
            made = classes_of(study, name, surveys[name])
            if found is not None:
                found.tell(made)
            people[name] = made
        return tuple((framework.id, framework.title.texts) for framework in frameworks)
    return ()


def _margins_of(study: Study, entry: CalibrateEntry, source: str) -> CalibrateEntry:
    """The totals of a round where it has its own."""
    own = study.round_named(source)
    return entry if own is None or own.margins is None else entry.model_copy(update={"margins": own.margins})


def fingerprint(study: Study, key: bytes | None = None) -> Fingerprint:
    """What a run depends on, as one hash: every input file's bytes, the resolved study, and the packages.

    Parameters
    ----------
    study : Study
    key : bytes, optional
        Of the private folder. A file of case lists is a handful of counts, most of which are printed: whoever sees its
        plain hash, or a hash that it is part of, can try the few that are not. With a key they are hashed with it; without
        one they are left out.

    Raises
    ------
    FileFault
        FL-FILE-01: an input file is not there.
    """
    written = sorted(set(written_files(study)))
    guarded = guarded_files(study)
    real = {name: _sha256(study, name) for name in written}
    versions = {"python": platform.python_version(), **package_versions()}
    shown = {name: digest for name, digest in real.items() if name not in guarded}
    if guarded and key is not None:
        shown = {name: keyed(key, real[name].encode()) if name in guarded else real[name] for name in written}
    parts = {"files": shown, "packages": versions}
    whole = json.dumps({**parts, "study": study.config.model_dump(mode="json")}, sort_keys=True).encode()
    return Fingerprint(
        mark=hashlib.sha256(whole).hexdigest(), parts=parts, complete=not guarded or key is not None,
        guarded=frozenset(Path(name).name for name in guarded),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What a run depends on.

    Attributes
    ----------
    mark : str
        One hash of everything, in hexadecimal digits.
    parts : dict
        `files`: a hash of each file by its written path, sha256, or HMAC of files of case lists; `packages`: their versions.
    complete : bool
        Whether every file went into it: without a key those of case lists did not, and a result cannot be known to be up to date.
    guarded : frozenset of str
        Names of files of case lists.
    """

    mark: str
    parts: dict[str, dict[str, str]]
    complete: bool
    guarded: frozenset[str]


def guarded_files(study: Study) -> frozenset[str]:
    """Files of case lists, and of their overlaps, as written."""
    return frozenset(entry.file for entry in study.config.estimate if isinstance(entry, ListsEntry)) | overlap_files(
        study
    )


def package_versions() -> dict[str, str]:
    """Versions of the packages that make and show figures."""
    result: dict[str, str] = {}
    for name in PACKAGES:
        try:
            result[name] = package_version() if name == "fl_estimate" else version(name)
        except PackageNotFoundError:
            continue
    return result


def written_files(study: Study) -> Iterable[str]:
    """Every file that the study names, as written."""
    yield from shared_files(study)
    yield from side_files(study)
    yield from (each.truth for each in study.config.round if each.truth is not None)
    if study.config.truth is not None:
        yield study.config.truth.file
    if study.config.map is not None:
        yield study.config.map.geojson
    # What an earlier release prints decides what this one may.
    yield from (f"{each}/estimates.csv" for each in study.config.publish.previous)


def shared_files(study: Study) -> Iterable[str]:
    """The files that people and their classes and weights come of, as written."""
    for source in study.config.source.values():
        yield from [source.file] if isinstance(source.file, str) else source.file.values()
        if isinstance(study.mapping(source.mapping), Path):
            yield source.mapping
        yield from _files_of_mapping(study, source)
    if study.config.classify is not None:
        frameworks = study.config.classify.framework
        yield from (f for f in ([frameworks] if isinstance(frameworks, str) else frameworks) if f.endswith(".toml"))
    if study.config.calibrate is not None and isinstance(study.config.calibrate.margins, str):
        yield study.config.calibrate.margins
    yield from (each.margins for each in study.config.round if isinstance(each.margins, str))


def _files_of_mapping(study: Study, source: SourceEntry) -> Iterable[str]:
    """The files that the mapping of a source names beside those of the study, from the folder of the study."""
    from fl_estimate.loaders.mapping import Mapping as SurveyMapping

    named = SurveyMapping.read(study.mapping(source.mapping)).source
    given = [source.file] if isinstance(source.file, str) else list(source.file.values())
    tables = [] if isinstance(source.file, str) else list(source.file)
    for file in [*(file for name, file in named.files.items() if name not in tables), *(j.file for j in named.join)]:
        yield str(PurePath(given[0]).parent / file)


def _sha256(study: Study, written: str) -> str:
    found = sha256_at(study.path(written))
    if found is None:
        raise _no_such_file(written)
    return found


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
    made = calibrate(people, margins=margins, method=entry.method, bounds=bounds, aggregate=entry.aggregate)[0]
    return with_exact_sums(made, across_units=_quantiles(study))


def _derived(source: str, derived: Mapping[str, str], people: Any, noted: Faults) -> Any:
    """The people of a source with the columns that the study derives, one after another: each may use those before it."""
    frame: Any = narwhal(people.people)
    faults: list[str] = []
    failed: set[str] = set()
    for name, text in derived.items():
        schema = frame.collect_schema()
        if name in schema:
            faults.append(f"source.{source}.derived.{name}: the data have a column of this name")
            continue
        try:
            expression = parse(text)
            if expression.names & failed:
                failed.add(name)  # what it is made of is told already
                continue
            frame = frame.with_columns(expression.value(schema, ordered=orders_classes(frame)).alias(name))
        except ExpressionFault as error:
            faults.append(f"source.{source}.derived.{name}: {error.what} ({error.found})")
            failed.add(name)
    if faults:
        noted.add(
            "",
            StudyFault(
                "FL-STUDY-09",
                "derived columns of the study cannot be made",
                found="; ".join(faults),
                fix="name columns of the data, outcomes of [classify] or columns derived before: income > 100 and sex == '2'",
            ),
        )
    return replace(people, people=frame.to_native()) if derived else people


def _map(study: Study) -> MapChoice | None:
    entry = study.config.map
    if entry is None:
        return None
    from fl_estimate.reporting.areas import read_areas

    return MapChoice(areas=read_areas(study.path(entry.geojson)), by=entry.by, key=entry.key)


def ready(study: Study, inputs: StudyInputs) -> Iterable[tuple[str, PeopleEntry]]:
    """The estimates of people whose columns are all there, each with its place: those that can be tried out."""
    for position, entry in study.numbered():
        if not isinstance(entry, PeopleEntry):
            continue
        people = inputs.people.get(study.source_of(entry.source))
        if people is None or any(name not in getattr(people, "outcomes", ()) for name in read_otherwise(entry)):
            continue
        if not _absent(entry, narwhal(people.people).collect_schema().names(), _told_of(people)):
            yield position, entry


def _absent(entry: Entry, present: Sequence[str], told: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The keys of an entry with the columns that they name and that are not there: of people, or of relatives told of."""
    both = {*present, *told}
    of_relatives = [
        (key, column) for key, column, alone in columns_of_relatives(entry) if column not in (told if alone else both)
    ]
    return [*((key, column) for key, column in named_columns(entry) if column not in present), *of_relatives]


def _told_of(people: Any) -> list[str]:
    """The columns of the relatives whom people told of."""
    relatives = getattr(people, "relatives", None)
    return [] if relatives is None else list(narwhal(relatives).collect_schema().names())


def _require_columns(study: Study, people: Mapping[str, Any], noted: Faults) -> None:
    """Note, all at once, the columns that estimates name and the people do not have, and conditions that cannot be used."""
    schemas = {name: narwhal(each.people).collect_schema() for name, each in people.items()}
    faults: list[str] = []
    for position, entry in study.numbered():
        name = study.source_of(entry.source) if isinstance(entry, PeopleEntry) else ""
        if name not in schemas:
            continue
        otherwise = read_otherwise(entry)
        if otherwise:
            known = getattr(people[name], "outcomes", ())
            faults += [
                f"{position}.outcome: {each!r} is no outcome of [classify]" for each in otherwise if each not in known
            ]
            continue
        # a derived column that cannot be made is told once, where it is derived
        present = [*schemas[name].names(), *study.config.source[name].derived]
        told = _told_of(people[name]) if entry.declared.first(OfRelatives) is not None else []
        absent = list[tuple[str, str]]()
        with noted.of(position):
            absent = _absent(entry, present, told)
        for key, column in absent:
            if "classify" in study.broken and key == "outcome":
                continue
            close = nearest(column, [*present, *told])
            faults.append(f"{position}.{key}: {column!r}{f'; did you mean {close!r}?' if close else ''}")
        where: str | None = getattr(entry, "where", None)
        if where is not None and entry.declared.first(OfRelatives) is None:
            with noted.of(f"{position}.where"):
                condition = parse(where)
                if not condition.names & (set(present) - set(schemas[name])):
                    condition.truth(schemas[name])
    if faults:
        noted.add(
            "",
            StudyFault(
                "FL-STUDY-05",
                "the study names columns that are not in the data",
                found="; ".join(faults),
                fix="use a variable of the mapping, a derived column, or an outcome of [classify]",
            ),
        )
