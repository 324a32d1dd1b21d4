"""The study file: what is read, classified, estimated and published, as a checked value. Nothing is run here.

All faults of a file are reported at once, each under the path of its key.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, cast

from pydantic import Discriminator, Field, Tag, ValidationError, create_model

from fl_estimate.errors import FileFault, PublishFault, StudyFault, bytes_of, is_file, nearest, not_toml, shown, toml_of
from fl_estimate.loaders.mapping_parts import LabelRules, Words
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.methods import kinds, methods
from fl_estimate.results.roles import People, Stated
from fl_estimate.study.entries import (
    CalibrateEntry,
    ClassifyEntry,
    ImputeEntry,
    MapEntry,
    PublishEntry,
    RoundEntry,
    SourceEntry,
    StudyTable,
    TruthEntry,
)
from fl_estimate.study.faults import fault_lines
from fl_estimate.study.forms import Entry, ListsEntry, PeopleEntry, entry_models, keys_at, tag_of
from fl_estimate.study.imputing import impute_faults
from fl_estimate.study.plan import between_faults, earlier_faults, kept_faults, key_faults
from fl_estimate.study.rounds import Rounds, base_of, expanded, round_faults, round_of, without_round
from fl_estimate.study.settings import Settings, as_written, fitted, places_set, with_settings
from fl_estimate.words.languages import LANGUAGES, is_language


class StudyConfig(StudyTable):
    """A whole study file with every default written out."""

    title: Words = ""
    labels: LabelRules = Field(default_factory=dict)
    country: str = ""
    out: str | None = None
    source: dict[str, SourceEntry]
    round: list[RoundEntry] = Field(default_factory=list[RoundEntry])
    classify: ClassifyEntry | None = None
    impute: ImputeEntry | None = None
    calibrate: CalibrateEntry | None = None
    estimate: Annotated[list[Entry], Field(min_length=1)]
    publish: PublishEntry = PublishEntry()
    truth: TruthEntry | None = None
    map: MapEntry | None = None


@cache
def study_model() -> type[StudyConfig]:
    """A whole study file, whose estimates are of the kinds that methods are declared for."""
    tagged: Any = tuple(Annotated[model, Tag(tag)] for tag, model in entry_models().items())
    entry: Any = Annotated[Union[tagged], Discriminator(tag_of)]  # noqa: UP007
    entries: Any = (Annotated[list[entry], Field(min_length=1)], ...)
    return create_model("StudyConfig", __base__=StudyConfig, estimate=entries)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study file that was read: its checked content, its name, and the folder its paths start from.

    `positions` are those of the estimates in the file, from 1. Where a study is read in spite of faults, the
    broken parts are left out of `config`; `broken` names them. `settings` are the keys that were set from outside the file.
    """

    config: StudyConfig
    name: str
    folder: Path
    sha256: str
    positions: tuple[int, ...]
    broken: frozenset[str] = frozenset()
    rounds: Rounds = field(default_factory=Rounds)
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def numbered(self) -> Iterable[tuple[str, Entry]]:
        """Each estimate with its place in the file, ``estimate[2]``."""
        return [
            (self.rounds.place(position), entry)
            for position, entry in zip(self.positions, self.config.estimate, strict=True)
        ]

    def path(self, written: str) -> Path:
        """A path as written in the file, from the folder of the file."""
        return self.folder / written

    def mapping(self, written: str) -> str | Path:
        """A mapping as `fl.load` takes it: a file beside the study where there is one, else the id of a bundled one."""
        path = self.path(written)
        return path if is_file(path) or written.endswith(".toml") else written

    def source_of(self, name: str | None) -> str:
        """The source that is meant: the one named, or the only one; empty where there is none."""
        return name if name is not None else next(iter(self.config.source), "")

    def sources_of(self, name: str | None) -> list[str]:
        """The sources that are meant, one of each round where the study has rounds."""
        named = self.source_of(name)
        return [each for each in self.config.source if named in (each, base_of(each))]

    def round_named(self, name: str) -> RoundEntry | None:
        """The round of a source or an estimate; None where it is of none."""
        return next((each for each in self.config.round if each.name == round_of(name)), None)


def read_study(path: str | Path, *, settings: Settings | None = None) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        A TOML file. Paths in it are relative to its folder.
    settings : mapping, optional
        Keys that are set over those of the file, by their dotted names.

    Returns
    -------
    Study
        With names for all estimates and every default written out.

    Raises
    ------
    FileFault
        FL-FILE-01: there is no such file.
    StudyFault
        FL-STUDY-01: it is not TOML (line and column); FL-STUDY-02: its content is wrong (every fault at once);
        FL-STUDY-50, FL-STUDY-51: what is set is no key, or has no place in the file.
    """
    study, fault = read_with_faults(path, settings=settings)
    if fault is not None:
        raise fault
    if study is None:
        raise AssertionError("a study that was not read has a fault")
    return study


def read_with_faults(path: str | Path, *, settings: Settings | None = None) -> tuple[Study | None, StudyFault | None]:
    """Read a study file in spite of faults in its keys, so that those of files and columns can be found in the same round.

    Returns
    -------
    study : Study, optional
        Without the parts that are broken; None where nothing is left of it.
    fault : StudyFault, optional
        FL-STUDY-02: every fault of the keys.

    Raises
    ------
    FileFault, StudyFault
        As `read_study`, where the file is not there (FL-FILE-01) or no TOML (FL-STUDY-01).
    """
    file = Path(path)
    raw, written = _content(path, file)
    given = settings or {}
    once = _with_rule(with_settings(written, given), file)
    content, rounds = expanded(once)
    left = _left(content)
    if given and fitted(once, given, rounds.errors_in_file(left.errors)):
        content, rounds = expanded(once)
        left = _left(content)
    faults = (
        fault_lines(left.errors, content, keys=lambda loc: keys_at(loc, study_model())) if left.errors else list[str]()
    )
    meant = _left(_as_meant(content, left.errors)) if left.errors else left
    if left.config is not None:
        faults += _faults(left.config, left.positions)
    if meant.config is not None:
        faults += _between_faults(meant.config, meant.positions, file.parent, whole=not meant.broken)
    faults = list(dict.fromkeys(rounds.in_file(fault) for fault in faults))
    fault = _broken(file.name, _marked(faults, places_set(once, given))) if faults else None
    if left.config is None:
        return None, fault
    study = Study(
        config=left.config, name=file.stem, folder=file.parent, sha256=hashlib.sha256(raw).hexdigest(),
        positions=left.positions, broken=left.broken, rounds=rounds, settings=as_written(written, once, given),
    )  # fmt: skip
    return study, fault


def _marked(faults: Sequence[str], places: Sequence[str]) -> list[str]:
    """Faults of keys that were set say so: whoever looks for them in the file does not find them there."""
    return [
        f"{fault} (this was set, it does not stand in the file)"
        if any(without_round(fault).startswith((f"{place}:", f"{place}.", f"{place}[")) for place in places)
        else fault
        for fault in faults
    ]


@dataclass(frozen=True)
class _Left:
    """What is left of a file without its broken parts; None where that is nothing."""

    config: StudyConfig | None
    positions: tuple[int, ...] = ()
    broken: frozenset[str] = frozenset()
    errors: Sequence[Mapping[str, Any]] = ()


def _left(content: dict[str, Any]) -> _Left:
    errors: Sequence[Mapping[str, Any]] = ()
    try:
        config, broken = study_model().model_validate(_with_sources(content)), set[str]()
    except ValidationError as error:
        errors = cast("list[Mapping[str, Any]]", error.errors(include_url=False, include_input=False))
        config, broken = _without_broken(content, [each["loc"] for each in errors])
    positions = tuple(
        position for position in range(1, len(_entries(content)) + 1) if f"estimate[{position}]" not in broken
    )
    return _Left(_named(config, positions) if config is not None else None, positions, frozenset(broken), errors)


def _as_meant(content: dict[str, Any], errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The estimates with misspelt keys under the name that is meant, and without keys of a wrong value.

    Only what estimates ask of each other is read from it: errors that go together are told in the round in which keys are.
    """
    entries = [dict(each) for each in _entries(content)]
    for error in errors:
        match error["loc"]:
            # Of an entry that takes its people from nowhere it is not known what it comes of.
            case ("estimate", int(position), str(tag), str(key), *_) if key in entries[position] and key != "source":
                value = entries[position].pop(key)
                forbidden = error["type"] == "extra_forbidden" and len(error["loc"]) == 4
                close = nearest(key, keys_at(error["loc"], study_model())) if forbidden else None
                if close and close not in entries[position]:
                    entries[position][close] = value
                stated = methods()[tag].first(Stated)
                if stated is not None and key == stated.keys[0]:
                    entries[position][key] = 0.0  # it was stated, if wrongly
            case _:
                continue
    return {**content, "estimate": entries} if entries else content


def _entries(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The estimates as written; what is no table is an empty one."""
    entries = content.get("estimate")
    every = cast("list[Any]", entries) if isinstance(entries, list) else []
    return [_table(each) for each in every]


def _table(given: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _content(path: str | Path, file: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a study file and what they say."""
    if not is_file(file):
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix="check the path of the study file")
    raw = bytes_of(file)
    try:
        return raw, toml_of(raw)
    except (ValueError, RecursionError) as error:
        raise StudyFault(
            "FL-STUDY-01",
            "the study file is not valid TOML",
            found=f"{file.name}: {not_toml(error)}",
            fix="texts stand in quotes, each key = value on a line of its own",
        ) from None


def _without_broken(
    content: dict[str, Any], locs: Sequence[tuple[int | str, ...]]
) -> tuple[StudyConfig | None, set[str]]:
    """Read what is left of a file without the parts that faults lie in, and without what hangs on a broken source."""
    broken: set[str] = set()
    for first, *rest in (list(loc) for loc in locs if loc):
        if first == "estimate" and rest and isinstance(rest[0], int):
            broken.add(f"estimate[{rest[0] + 1}]")
        else:
            broken.add(f"source.{rest[0]}" if first == "source" and rest else str(first))
    left = {key: value for key, value in content.items() if key not in broken}
    if isinstance(left.get("source"), dict):
        left["source"] = {name: each for name, each in left["source"].items() if f"source.{name}" not in broken}
    entries = _entries(left)
    if entries:
        gone = {name.removeprefix("source.") for name in broken if name.startswith("source.")}
        for position, entry in enumerate(entries, 1):
            without = str(entry.get("source")) in gone or (gone and not left.get("source"))
            if str(entry.get("kind")) in _survey_kinds() and without:
                broken.add(f"estimate[{position}]")
        left["estimate"] = [each for n, each in enumerate(entries, 1) if f"estimate[{n}]" not in broken]
    for key in ("classify", "calibrate"):
        if key in left and broken and _table(left[key]).get("source") is None and not left.get("source"):
            broken.add(key)
            del left[key]
    try:
        return study_model().model_validate(_with_sources(left)), broken
    except ValidationError:
        return None, broken


def _with_rule(content: dict[str, Any], file: Path) -> dict[str, Any]:
    """The rule of an office written out: its thresholds belong to what was run, and to the fingerprint."""
    entry = _table(content.get("publish"))
    rule: Any = entry.get("rule")
    if not isinstance(rule, str) or not rule.endswith(".toml"):
        return content
    try:
        read = asdict(SuppressionRule.read(file.parent / rule))
    except (PublishFault, FileFault) as error:
        raise _broken(file.name, [f"publish.rule: {error.what}: {error.found}; {error.fix}"]) from None
    return {**content, "publish": {**entry, "rule": {k: v for k, v in read.items() if v != math.inf}}}


def _with_sources(content: dict[str, Any]) -> dict[str, Any]:
    """A study of case lists and published figures alone reads no survey."""
    given = {str(each.get("kind")) for each in _entries(content)}
    return {"source": {}, **content} if given and given <= set(kinds()) - _survey_kinds() else content


def _survey_kinds() -> set[str]:
    """Kinds of estimates of people; others read no survey: they have lists, a figure, or estimates made before them."""
    return {str(each.kind) for each in methods().values() if each.first(People) is not None}


def without_defaults(content: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved study with the keys left out again that stand at their defaults: some may stand with others only."""
    kept = {key: value for key, value in content.items() if value is not None}
    try:
        return study_model().model_validate(kept).model_dump(mode="json", exclude_defaults=True)
    except ValidationError:
        return kept  # whoever reads it as a file says what is wrong


def _named(config: StudyConfig, positions: Sequence[int]) -> StudyConfig:
    """Every estimate has a name: its own, or kind and position."""
    named = [
        entry if entry.name else entry.model_copy(update={"name": f"{entry.kind}_{position}"})
        for position, entry in zip(positions, config.estimate, strict=True)
    ]
    return config.model_copy(update={"estimate": named})


def _faults(config: StudyConfig, positions: Sequence[int]) -> Iterable[str]:
    """What is wrong between parts that are each well formed, but for what estimates ask of each other."""
    sources = list(config.source)
    meant = [*dict.fromkeys(base_of(name) for name in sources)] if config.round else sources
    yield from round_faults(config.round)
    names = [entry.name for entry in config.estimate]
    for index, (position, entry) in enumerate(zip(positions, config.estimate, strict=True)):
        if names.count(entry.name) > 1 and names.index(entry.name) < index:
            yield f"estimate[{position}].name: {entry.name!r} is used twice; give each estimate a name of its own"
        if isinstance(entry, PeopleEntry):
            yield from _source_faults(f"estimate[{position}].source", entry.source, sources)
        if isinstance(entry, ListsEntry):
            yield from (f"estimate[{position}]: {fault}" for fault in kept_faults(entry))
        yield from (f"estimate[{position}].{fault}" for fault in key_faults(entry))
    if config.classify is not None:
        yield from _source_faults("classify.source", config.classify.source, meant)
    if config.calibrate is not None:
        yield from _source_faults("calibrate.source", config.calibrate.source, meant)
    named = config.classify.source if config.classify is not None else None
    classified = named if named is not None else next(iter(sources), "")
    yield from impute_faults(config.classify, config.impute, config.estimate, positions, classified)
    try:
        config.publish.suppression()
    except PublishFault as error:
        yield f"publish.rule: {error.what}: {error.found}; {error.fix}"
    languages = config.publish.languages
    if len(set(languages)) < len(languages):
        yield "publish.languages: a language is named twice"
    for language in languages:
        if not is_language(language):
            yield f"publish.languages: {shown(language)} has no words; there are {', '.join(LANGUAGES)}, and with a territory: es-MX"


def _between_faults(config: StudyConfig, positions: Sequence[int], folder: Path, *, whole: bool) -> Iterable[str]:
    """What estimates ask of each other; names that nobody has are told where all estimates are there."""
    names = [entry.name for entry in config.estimate]
    for index, (position, entry) in enumerate(zip(positions, config.estimate, strict=True)):
        between = earlier_faults(entry, names[:index]) if whole else ()
        yield from (f"estimate[{position}].{fault}" for fault in between)
    between = between_faults(config.estimate, config.source, folder)
    yield from (f"estimate[{positions[position]}].{fault}" for position, fault in between)


def _source_faults(key: str, named: str | None, sources: Sequence[str]) -> Iterable[str]:
    if not sources:
        yield f"{key}: there is no [source.NAME] to take people from"
    elif named is None and len(sources) > 1:
        yield f"{key}: there are several sources; say which: {', '.join(sources)}"
    elif named is not None and named not in sources:
        close = nearest(named, sources)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(sources)}"
        yield f"{key}: there is no source {named!r}; {hint}"


def _broken(name: str, faults: Sequence[str]) -> StudyFault:
    single = len(faults) == 1
    return StudyFault(
        "FL-STUDY-02",
        f"the study file is wrong in {'one place' if single else f'{len(faults)} places'}",
        found=f"{name}: {faults[0]}" if single else name + "".join(f"\n    {fault}" for fault in faults),
        fix="correct the keys named; the docs page on study files shows each part",
    )
