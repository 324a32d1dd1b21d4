"""The study file: what is read, classified, estimated and published, as a checked value. Nothing is run here.

All faults of a file are reported at once, each under the path of its key.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fl_estimate.errors import FileFault, PublishFault, StudyFault, nearest
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule

By = str | list[str] | list[list[str]]
Names = str | Annotated[list[str], Field(min_length=1)]
Number = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceEntry(_Strict):
    """``[source.NAME]``: a file (or a table of files), the mapping that reads it, and the engine that holds it."""

    file: str | Annotated[dict[str, str], Field(min_length=1)]
    mapping: str
    engine: Literal["polars", "pandas"] = "polars"


class ClassifyEntry(_Strict):
    """``[classify]``: the frameworks, and of which source where there are several."""

    framework: Names = "icls2018_adult"
    source: str | None = None
    allow_unverified: bool = False


class _Estimate(_Strict):
    name: str = ""
    source: str | None = None
    by: By | None = None
    where: str | None = None
    df: Literal["domain", "design"] | Annotated[float, Field(gt=0)] = "domain"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95


class PrevalenceEntry(_Estimate):
    """``[[estimate]]`` of kind prevalence: the arguments of `fl.estimate_prevalence`."""

    kind: Literal["prevalence"]
    outcome: Names
    unknown: Literal["no", "exclude", "bounds"] | None = None
    interval: Literal["korn-graubard", "beta", "logit", "xlogit", "wilson", "wald", "log"] = "korn-graubard"


class TotalEntry(_Estimate):
    """``[[estimate]]`` of kind total: the arguments of `fl.estimate_total`."""

    kind: Literal["total"]
    outcome: Names
    unknown: Literal["no", "exclude", "bounds"] | None = None
    interval: Literal["log", "wald"] = "log"


class MeanEntry(_Estimate):
    """``[[estimate]]`` of kind mean: the arguments of `fl.estimate_mean`."""

    kind: Literal["mean"]
    variable: Names
    unknown: Literal["exclude"] | None = None
    interval: Literal["wald", "log"] = "wald"


class RatioEntry(_Estimate):
    """``[[estimate]]`` of kind ratio: the arguments of `fl.estimate_ratio`."""

    kind: Literal["ratio"]
    numerator: Names
    denominator: str
    unknown: Literal["exclude"] | None = None
    interval: Literal["wald", "log"] = "wald"


EstimateEntry = Annotated[PrevalenceEntry | TotalEntry | MeanEntry | RatioEntry, Field(discriminator="kind")]
KINDS: tuple[str, ...] = ("prevalence", "total", "mean", "ratio")


class RuleEntry(_Strict):
    """A rule of publication of one's own: thresholds, by default those of fl-default."""

    min_n: Annotated[int, Field(ge=0)] = 50
    min_cases: Annotated[int, Field(ge=0)] = 5
    min_df: Number = 2
    caution_cv: Number = 0.30
    caution_df: Number = 8


class PublishEntry(_Strict):
    """``[publish]``: the rule, by name or by its thresholds, and the languages of the report, the first one leading."""

    rule: str | RuleEntry = "fl-default"
    languages: Annotated[list[Literal["en", "fr", "es"]], Field(min_length=1)] = ["en"]

    def suppression(self) -> SuppressionRule:
        """The rule as `fl.publish` takes it."""
        if isinstance(self.rule, str):
            return chosen_rule(self.rule)
        return SuppressionRule(name="custom", **self.rule.model_dump())


class TruthEntry(_Strict):
    """``[truth]``: the true values of a synthetic population."""

    file: str


class MapEntry(_Strict):
    """``[map]``: GeoJSON of areas; `by` the column that is mapped, `key` the property that names an area."""

    geojson: str
    by: str | None = None
    key: str | None = None


class StudyConfig(_Strict):
    """A whole study file with every default written out."""

    title: str = ""
    out: str | None = None
    source: Annotated[dict[str, SourceEntry], Field(min_length=1)]
    classify: ClassifyEntry | None = None
    estimate: Annotated[list[EstimateEntry], Field(min_length=1)]
    publish: PublishEntry = PublishEntry()
    truth: TruthEntry | None = None
    map: MapEntry | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study file that was read: its checked content, its name, and the folder its paths start from."""

    config: StudyConfig
    name: str
    folder: Path
    sha256: str

    def path(self, written: str) -> Path:
        """A path as written in the file, from the folder of the file."""
        return self.folder / written

    def mapping(self, written: str) -> str | Path:
        """A mapping as `fl.load` takes it: a file beside the study where there is one, else the id of a bundled one."""
        path = self.path(written)
        return path if path.is_file() or written.endswith(".toml") else written

    def source_of(self, name: str | None) -> str:
        """The source that is meant: the one named, or the only one."""
        return name if name is not None else next(iter(self.config.source))


def read_study(path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        A TOML file. Paths in it are relative to its folder.

    Returns
    -------
    Study
        With names for all estimates and every default written out.

    Raises
    ------
    FileFault
        FL-FILE-01: there is no such file.
    StudyFault
        FL-STUDY-01: it is not TOML (line and column); FL-STUDY-02: its content is wrong (every fault at once).
    """
    file = Path(path)
    if not file.is_file():
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix="check the path of the study file")
    raw = file.read_bytes()
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else f"it is not UTF-8 (byte {error.start + 1})"
        raise StudyFault(
            "FL-STUDY-01",
            "the study file is not valid TOML",
            found=f"{file.name}: {why}",
            fix="texts stand in quotes, each key = value on a line of its own",
        ) from None
    try:
        config = StudyConfig.model_validate(content)
    except ValidationError as error:
        raise _broken(file.name, _told(error, content)) from None
    config = _named(config)
    faults = list(_faults(config))
    if faults:
        raise _broken(file.name, faults)
    return Study(config=config, name=file.stem, folder=file.parent, sha256=hashlib.sha256(raw).hexdigest())


def _named(config: StudyConfig) -> StudyConfig:
    """Every estimate has a name: its own, or kind and position."""
    named = [
        entry if entry.name else entry.model_copy(update={"name": f"{entry.kind}_{place}"})
        for place, entry in enumerate(config.estimate, 1)
    ]
    return config.model_copy(update={"estimate": named})


def _faults(config: StudyConfig) -> Iterable[str]:
    """What is wrong between parts that are each well formed."""
    sources = list(config.source)
    names = [entry.name for entry in config.estimate]
    for place, entry in enumerate(config.estimate, 1):
        if names.count(entry.name) > 1 and names.index(entry.name) < place - 1:
            yield f"estimate[{place}].name: {entry.name!r} is used twice; give each estimate a name of its own"
        yield from _source_faults(f"estimate[{place}].source", entry.source, sources)
    if config.classify is not None:
        yield from _source_faults("classify.source", config.classify.source, sources)
    try:
        config.publish.suppression()
    except PublishFault as error:
        yield f"publish.rule: {error.what}: {error.found}; {error.fix}"
    languages = config.publish.languages
    if len(set(languages)) < len(languages):
        yield "publish.languages: a language is named twice"


def _source_faults(key: str, named: str | None, sources: Sequence[str]) -> Iterable[str]:
    if named is None and len(sources) > 1:
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


_TAGS: frozenset[str] = frozenset(
    {*KINDS, "str", "list[str]", "list[list[str]]", "dict[str,str]", "RuleEntry", "float"}
)
_SAID: dict[str, str] = {
    "missing": "it must be given",
    "extra_forbidden": "no such key",
    "union_tag_not_found": f"kind must be given, one of: {', '.join(KINDS)}",
}


def _told(error: ValidationError, content: Mapping[str, Any]) -> list[str]:
    """Each fault of the file in one line; the branches of a choice that were tried are one fault, not several."""
    told: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        place = _place(fault["loc"], content)
        told.setdefault(place, []).append(_reason(fault["type"], fault["msg"], content, fault["loc"]))
    # A choice of forms is faulted as a whole too; what is wrong inside the form that was meant says more.
    inner = {place for place in told if any(other.startswith(f"{place}.") for other in told)}
    return [f"{place}: {' or '.join(dict.fromkeys(told[place]))}" for place in told if place not in inner]


def _place(loc: Sequence[str | int], content: Mapping[str, Any]) -> str:
    """The path of a key as a person counts: estimate[2].outcome. Steps that the file does not have are pydantic's own."""
    text = ""
    here: Any = content
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(part, int):
            text += f"[{part + 1}]"
            here = here[part] if isinstance(here, list) and part < len(here) else None
        elif isinstance(here, Mapping) and (part in here or (last and part not in _TAGS)):
            text += f".{part}" if text else part
            here = here.get(part)
    return text or "the file"


def _reason(kind: str, message: str, content: Mapping[str, Any], loc: Sequence[str | int]) -> str:
    said = _SAID.get(kind, message.replace("Input should", "it should").replace("List should", "it should"))
    if kind == "extra_forbidden":
        close = nearest(str(loc[-1]), _keys_at(loc))
        return f"{said}{f'; did you mean {close!r}?' if close else ''}"
    if kind == "union_tag_invalid":
        given = str(content["estimate"][loc[1]].get("kind")) if len(loc) > 1 and isinstance(loc[1], int) else ""
        close = nearest(given, KINDS)
        hint = f"did you mean {close!r}? " if close else ""
        return f"this kind is not known: {given!r}; {hint}one of: {', '.join(KINDS)}"
    return said


_ENTRIES: dict[str, type[BaseModel]] = {
    "prevalence": PrevalenceEntry,
    "total": TotalEntry,
    "mean": MeanEntry,
    "ratio": RatioEntry,
    "source": SourceEntry,
    "classify": ClassifyEntry,
    "publish": PublishEntry,
    "truth": TruthEntry,
    "map": MapEntry,
    "RuleEntry": RuleEntry,
}


def _keys_at(loc: Sequence[str | int]) -> list[str]:
    """The keys that may stand where an unknown one was met."""
    for part in reversed(loc[:-1]):
        if isinstance(part, str) and part in _ENTRIES:
            return list(_ENTRIES[part].model_fields)
    return list(StudyConfig.model_fields)
