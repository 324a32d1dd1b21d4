"""The entries of a study file: what each ``[table]`` and each kind of ``[[estimate]]`` may say. No rules between entries."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fl_estimate.loaders.mapping_parts import Words
from fl_estimate.reporting.suppression import AUDIT_SECONDS, FEW_CASES, SuppressionRule, chosen_rule

By = str | list[str] | list[list[str]]
Names = str | Annotated[list[str], Field(min_length=1)]
Variance = Literal["taylor", "replicates"]
Number = Annotated[float, Field(ge=0)]


class Strict(BaseModel):
    """A table of a study file: no key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceEntry(Strict):
    """``[source.NAME]``: a file (or a table of files), the mapping that reads it, and the engine that holds it.

    `unit` is what a row stands for: the person, or by `fl.by_episode` each episode of work abroad, or the last one.
    `derived` are columns made after classifying, by expressions that may name outcomes as well. `population_size` and
    `populations` are how many rows the population has, in all and by codes of columns, over what the mapping says.
    """

    file: str | Annotated[dict[str, str], Field(min_length=1)]
    mapping: str
    unit: Literal["person", "episode", "last episode"] = "person"
    engine: Literal["polars", "pandas"] = "polars"
    population_size: Annotated[float, Field(gt=0)] | None = None
    populations: dict[str, dict[str, Annotated[float, Field(gt=0)]]] = Field(
        default_factory=dict[str, dict[str, float]]
    )
    derived: dict[str, str] = Field(default_factory=dict[str, str])


class ClassifyEntry(Strict):
    """``[classify]``: the frameworks, and of which source where there are several.

    `reference_day` is the day of the outcomes ``…_stock``; without it the last day of the period, or of the interview.
    """

    framework: Names = "icls2018_adult"
    source: str | None = None
    reference_day: dt.date | None = None
    allow_unverified: bool = False
    short_instrument: bool = False


class Titled(Strict):
    """What every ``[[estimate]]`` may say of its table: a title, and a note under it, for all languages or by language."""

    title: Words = ""
    note: Words = ""


class _Estimate(Titled):
    name: str = ""
    source: str | None = None
    by: By | None = None
    where: str | None = None
    variance: Variance | None = None
    df: Literal["domain", "design"] | Annotated[float, Field(gt=0)] = "domain"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95


class PrevalenceEntry(_Estimate):
    """``[[estimate]]`` of kind prevalence: the arguments of `fl.estimate_prevalence`."""

    kind: Literal["prevalence"]
    outcome: Names
    unknown: Literal["no", "exclude", "bounds"] | None = None
    interval: Literal[
        "korn-graubard", "beta", "logit", "xlogit", "wilson", "jeffreys", "arcsine", "likelihood", "wald", "log"
    ] = "korn-graubard"


class TotalEntry(_Estimate):
    """``[[estimate]]`` of kind total: the arguments of `fl.estimate_total`."""

    kind: Literal["total"]
    outcome: Names
    unknown: Literal["no", "exclude", "bounds"] | None = None
    interval: Literal["log", "wald"] = "log"


class SensitivityEntry(_Estimate):
    """``[[estimate]]`` of kind sensitivity: an outcome beside the other readings of its definition, in one table.

    The rows are the outcome, its other readings (a wide and a narrow one of the ICLS definition), and how many rest on
    one fact told under two heads; `measure` says whether shares or numbers of persons.
    """

    kind: Literal["sensitivity"]
    outcome: str = "forced_labour"
    measure: Literal["prevalence", "total"] = "prevalence"
    unknown: Literal["no", "exclude", "bounds"] | None = None


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


class VarianceEntry(_Estimate):
    """``[[estimate]]`` of kind variance: the arguments of `fl.estimate_variance`."""

    kind: Literal["variance"]
    variable: Names
    unknown: Literal["exclude"] | None = None
    interval: Literal["wald", "log"] = "wald"


class QuantileEntry(_Estimate):
    """``[[estimate]]`` of kind quantile: the arguments of `fl.estimate_quantile`."""

    kind: Literal["quantile"]
    variable: Names
    probabilities: float | Annotated[list[float], Field(min_length=1)] = 0.5
    unknown: Literal["exclude"] | None = None
    rule: Literal["math", "school", "shah-vaish", "hf1", "hf2", "hf3", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9"] = (
        "math"
    )
    interval: Literal["woodruff", "beta", "xlogit", "arcsine"] = "woodruff"


class CalibrateEntry(Strict):
    """``[calibrate]``: known totals that the weights of a source are brought to; the arguments of `fl.calibrate`.

    `margins` is a table by column, or the file of a frame with the columns margin, level, total.
    """

    source: str | None = None
    margins: str | Annotated[dict[str, float | dict[str, float]], Field(min_length=1)]
    method: Literal["raking", "linear", "logit", "sinh"] = "raking"
    bounds: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    aggregate: str | None = None


class Columns(Strict):
    """Some columns of a file that has others too."""

    file: str
    columns: Annotated[list[str], Field(min_length=1)]


class Column(Strict):
    """One column of a file, by name."""

    file: str
    column: str


class PriorEntry(Strict):
    """Priors, in words: the arguments of `fl.hierarchical.Prior`; what is left out is the default."""

    sigma: str | None = None
    intercept: str | None = None
    slopes: str | None = None
    phi: str | None = None
    rho: str | None = None
    kappa: str | None = None
    sigma_time: str | None = None
    rho_time: str | None = None


class AreaEntry(Titled):
    """``[[estimate]]`` of kind area: a direct estimate by one column, then `fl.hierarchical.area`.

    A file of covariates or population has the by-column and, unless columns are named, nothing that is not used; the
    population is the column `population`. Neighbours are GeoJSON whose areas have the by-column among their properties, or a
    table with the by-column and `neighbour`, or with the two columns that are named.
    """

    kind: Literal["area"]
    name: str = ""
    source: str | None = None
    outcome: str
    by: str
    where: str | None = None
    unknown: Literal["no", "exclude"] | None = None
    variance: Variance | None = None
    covariates: str | Columns | None = None
    population: str | Column | None = None
    likelihood: Literal["binomial", "beta-binomial", "normal"] = "binomial"
    link: Literal["identity", "log", "logit", "arcsine"] | None = None
    spatial: Literal["bym2", "sar"] | None = None
    neighbours: str | Columns | None = None
    temporal: Literal["rw1", "ar1"] | None = None
    time: str | None = None
    deff: Literal["own", "national"] = "own"
    benchmark: Literal["ratio", "difference"] | None = None
    sampler: Literal["grid", "nuts"] = "grid"
    prior: PriorEntry | None = None
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100)] = 4000
    seed: Annotated[int, Field(ge=0)] = 1
    on_failure: Literal["flag", "raise"] = "flag"


class UnitPriorEntry(Strict):
    """Priors of a poststratified model: `sigma` one text, or one for each set of effects."""

    sigma: str | dict[str, str] | None = None
    intercept: str | None = None
    slopes: str | None = None


class UnitEntry(Titled):
    """``[[estimate]]`` of kind unit: the arguments of `fl.hierarchical.unit`, for a 0/1 outcome.

    The population's file has the cell columns, persons (`population`, or the column named), and columns for `by`.
    """

    kind: Literal["unit"]
    name: str = ""
    source: str | None = None
    outcome: str
    cells: Names
    population: str | Column
    covariates: str | Columns | None = None
    varying: list[str] | None = None
    by: By | None = None
    where: str | None = None
    unknown: Literal["no", "exclude"] | None = None
    weights: Literal["effective", "none"] = "effective"
    sampler: Literal["grid", "nuts"] = "grid"
    prior: UnitPriorEntry | None = None
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100)] = 4000
    seed: Annotated[int, Field(ge=0)] = 1


Accuracy = list[float] | dict[str, float] | list[list[float]]


class MisclassificationEntry(Titled):
    """``[[estimate]]`` of kind misclassification: a prevalence made before it, by `fl.hierarchical.misclassification`."""

    kind: Literal["misclassification"]
    name: str = ""
    estimate: str
    sensitivity: Accuracy
    specificity: Accuracy
    pool: Literal["linear", "log"] = "linear"
    interval: Literal["equal-tailed", "highest"] = "equal-tailed"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100)] = 4000
    seed: Annotated[int, Field(ge=0)] = 1


class SourcesEntry(Titled):
    """``[[estimate]]`` of kind sources: national figures of estimates made before it, and counts, by `fl.hierarchical.sources`.

    `estimates` and `counts` are tables of source and estimate or number; `population` turns prevalences into persons.
    """

    kind: Literal["sources"]
    name: str = ""
    estimates: dict[str, str] = Field(default_factory=dict[str, str])
    counts: dict[str, float] = Field(default_factory=dict[str, float])
    bias: dict[str, str]
    population: Annotated[float, Field(gt=0)] | str | Column | None = None
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draws: Annotated[int, Field(ge=100)] = 4000
    seed: Annotated[int, Field(ge=0)] = 1


class StackEntry(Titled):
    """``[[estimate]]`` of kind stack: national figures of estimates made before it, under each other, by `fl.stack`.

    With `population` (a number, or a file whose column is summed) prevalences become persons; dark figures are left out.
    """

    kind: Literal["stack"]
    name: str = ""
    estimates: Annotated[list[str], Field(min_length=2)]
    population: Annotated[float, Field(gt=0)] | str | Column | None = None


class RuleEntry(Strict):
    """A rule of publication of one's own: thresholds, by default those of fl-default. A rule's file becomes one, under its name."""

    name: str = "custom"
    min_n: Annotated[int, Field(ge=0)] = 50
    min_cases: Annotated[int, Field(ge=0)] = 5
    min_df: Number = 2
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


class PublishEntry(Strict):
    """``[publish]``: the rule, by name or by its thresholds, the languages of the report, the first one leading, and earlier releases."""

    rule: str | RuleEntry = "fl-default"
    languages: Annotated[list[Literal["en", "fr", "es"]], Field(min_length=1)] = ["en"]
    previous: list[str] = []

    def suppression(self) -> SuppressionRule:
        """The rule as `fl.publish` takes it."""
        if isinstance(self.rule, str):
            return chosen_rule(self.rule)
        return SuppressionRule(**self.rule.model_dump())


class TruthEntry(Strict):
    """``[truth]``: the true values of a synthetic population."""

    file: str


class MapEntry(Strict):
    """``[map]``: GeoJSON of areas; `by` the column that is mapped, `key` the property that names an area."""

    geojson: str
    by: str | None = None
    key: str | None = None
