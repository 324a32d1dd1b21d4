"""The tables of a study file but for its estimates, whose entries `forms` makes: what each may say. No rules between them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fl_estimate.inputs.engines import Engine
from fl_estimate.loaders.mapping_parts import Words
from fl_estimate.reporting.suppression import AUDIT_SECONDS, FEW_CASES, SuppressionRule, chosen_rule

Names = str | Annotated[list[str], Field(min_length=1)]
Files = str | Annotated[dict[str, str], Field(min_length=1)]
Number = Annotated[float, Field(ge=0)]


class StudyTable(BaseModel):
    """A table of a study file: no key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class SourceEntry(StudyTable):
    """``[source.NAME]``: a file (or a table of files), the mapping that reads it, and the engine that holds it.

    `unit` is what a row stands for: the person, or by `fl.by_episode` each episode of work abroad, or the last one.
    `country` is said of its rows, over what the study and the mapping say. `derived` are columns made after classifying, by expressions that may name outcomes as well. `population_size` and
    `populations` are how many rows the population has, in all and by codes of columns, over what the mapping says.
    """

    file: str | Annotated[dict[str, str], Field(min_length=1)]
    mapping: str
    country: str = ""
    unit: Literal["person", "episode", "last episode"] = "person"
    engine: Engine = "polars"
    population_size: Annotated[float, Field(gt=0)] | None = None
    populations: dict[str, dict[str, Annotated[float, Field(gt=0)]]] = Field(
        default_factory=dict[str, dict[str, float]]
    )
    derived: dict[str, str] = Field(default_factory=dict[str, str])


class ClassifyEntry(StudyTable):
    """``[classify]``: the frameworks, and of which source where there are several.

    `reference_day` is the day of the outcomes ``…_stock``; without it the last day of the period, or of the interview.
    """

    framework: Names = "icls2018_adult"
    source: str | None = None
    reference_day: dt.date | None = None
    allow_unverified: bool = False
    short_instrument: bool = False


class ImputeEntry(StudyTable):
    """``[impute]``: how the unknown answers of ``[classify]`` are drawn for estimates with ``unknown = "impute"``; the arguments of `fl.impute`.

    `by` are the columns within which donors are preferred; without it those by which the imputed estimates are made. `predictors`
    are further columns that say something of unknown answers.
    """

    draws: Annotated[int, Field(ge=2)] | None = None
    donors: Literal["predictive", "nearest"] = "predictive"
    method: Literal["donors", "chained"] = "donors"
    too_few: Literal["refuse", "leave"] = "refuse"
    by: list[str] | None = None
    predictors: list[str] | None = None
    seed: int = 1


class Titled(StudyTable):
    """What every ``[[estimate]]`` may say of its table: a title, and a note under it, for all languages or by language."""

    title: Words = ""
    note: Words = ""


class CalibrateEntry(StudyTable):
    """``[calibrate]``: known totals that the weights of a source are brought to; the arguments of `fl.calibrate`.

    `margins` is a table by column, or the file of a frame with the columns margin, level, total.
    """

    source: str | None = None
    margins: str | Annotated[dict[str, float | dict[str, float]], Field(min_length=1)]
    method: Literal["raking", "linear", "logit", "sinh"] = "raking"
    bounds: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    aggregate: str | None = None


class ColumnNames(StudyTable):
    """Some columns of a file that has others too."""

    file: str
    columns: Annotated[list[str], Field(min_length=1)]


class ColumnName(StudyTable):
    """One column of a file, by name."""

    file: str
    column: str


class RuleEntry(StudyTable):
    """A rule of publication of one's own: thresholds, by default those of fl-default. A rule's file becomes one, under its name."""

    name: str = "custom"
    min_n: Annotated[int, Field(ge=0)] = 50
    min_cases: Annotated[int, Field(ge=0)] = 5
    min_df: Number = 2
    min_df_effective: Number = 0
    min_psus_with_cases: Annotated[int, Field(ge=0)] = 0
    caution_cv: Number = 0.30
    caution_df: Number = 8
    min_effective_n: Number = 0
    sure_width: Number = 0
    max_width: Number = math.inf
    max_relative_width: Number = math.inf
    max_relative_width_totals: Number = math.inf
    few_cases: Literal["at_most", "withheld", "model"] = FEW_CASES
    assumed_deff: Number = 3
    digits: Annotated[int, Field(ge=1, le=2)] = 2
    audit_seconds: Number = AUDIT_SECONDS


class PublishEntry(StudyTable):
    """``[publish]``: the rule, by name or by its thresholds, the languages of the report, the first one leading, and earlier releases."""

    rule: str | RuleEntry = "fl-default"
    languages: Annotated[list[str], Field(min_length=1)] = ["en"]
    previous: list[str] = []

    def suppression(self) -> SuppressionRule:
        """The rule as `fl.publish` takes it."""
        if isinstance(self.rule, str):
            return chosen_rule(self.rule)
        return SuppressionRule(**self.rule.model_dump())


class TruthEntry(StudyTable):
    """``[truth]``: the true values of a synthetic population."""

    file: str


class MapEntry(StudyTable):
    """``[map]``: GeoJSON of areas; `by` the column that is mapped, `key` the property that names an area."""

    geojson: str
    by: str | None = None
    key: str | None = None


class RoundSource(StudyTable):
    """What a source of a round has in place of what ``[source.NAME]`` says."""

    file: Files | None = None
    mapping: str | None = None
    country: str | None = None
    population_size: Annotated[float, Field(gt=0)] | None = None


class RoundEntry(StudyTable):
    """``[[round]]``: a round of a survey, or a country: every estimate of people is made for each.

    `period` is what tables call its time, and what it is ordered by; without it the reference period of the survey. `file` and `mapping` are
    those of the only source; where there are several, ``[round.source.NAME]`` has them. ``[round.estimate.NAME]`` gives keys of an estimate
    another value in this round: the file of its case lists, its covariates. `margins` are those of ``[calibrate]``, `truth` those of ``[truth]``.
    `bridge` says why the figures can stand beside those of the rounds before it although they were not measured alike. `bridge_factor` is
    what its prevalences and numbers are multiplied by in changes, trends and averages to count as those of the first round do, and the
    standard error of that. Both hold for the rounds after it, too, until one has a `bridge` of its own.
    """

    name: Annotated[str, Field(pattern=r"^[^@/\\]+$")]
    period: str = ""
    country: str = ""
    file: Files | None = None
    mapping: str | None = None
    source: dict[str, RoundSource] = Field(default_factory=dict[str, RoundSource])
    estimate: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    margins: str | dict[str, float | dict[str, float]] | None = None
    truth: str | None = None
    bridge: str = ""
    bridge_factor: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
