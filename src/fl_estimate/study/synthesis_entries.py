"""Entries of a study file that calculate with finished figures: published ones, and estimates made before them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from fl_estimate.study.entries import Column, Number, Strict, Titled

Finite = Annotated[float, Field(allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, lt=1)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Figures(Titled):
    """An entry of which some keys name estimates made before it."""

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        """The keys that name estimates made before, and the names."""
        yield from ()

    def independent(self) -> list[str]:
        """Estimates whose errors are taken as independent, unless a correlation is stated."""
        return []

    def faults(self) -> Iterator[str]:
        """What is wrong between keys that are each well formed, beginning with the key."""
        yield from ()


class PublishedEntry(_Figures):
    """``[[estimate]]`` of kind published: the arguments of `fl.synthesis.published`; `document` is its source."""

    kind: Literal["published"]
    name: str = ""
    document: Annotated[str, Field(min_length=1)]
    value: Finite | None = None
    se: Number | None = None
    lower: Finite | None = None
    upper: Finite | None = None
    interval: Literal["wald", "log", "logit"] = "wald"
    level: Level = 0.95
    quantity: str = "total"
    outcome: str = "forced_labour"
    measure: Literal["", "stock", "flow"] = ""
    population: str = ""
    reference_period: str = ""
    definition: str = ""
    instrument: str = ""
    verification: Literal["", "verified", "secondary"] = ""


class StockEntry(_Figures):
    """``[[estimate]]`` of kind stock: an estimate made before it as flow, and a duration, by `fl.synthesis.stock_from_flow`."""

    kind: Literal["stock"]
    name: str = ""
    flow: str
    duration_years: Annotated[float, Field(gt=0)] | str
    duration: Literal["in-window", "completed"]
    window_years: Annotated[float, Field(gt=0)]
    correlation: Correlation | None = None
    interval: Literal["log", "wald"] = "log"
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        yield "flow", [self.flow]
        if isinstance(self.duration_years, str):
            yield "duration_years", [self.duration_years]

    def independent(self) -> list[str]:
        return [self.flow, self.duration_years] if isinstance(self.duration_years, str) else []


class SumEntry(_Figures):
    """``[[estimate]]`` of kind sum: national figures of estimates made before it, added by `fl.synthesis.add`.

    `correlation` is that between the errors of any two; "extension" is that of a base and what was extended from it.
    """

    kind: Literal["sum"]
    name: str = ""
    estimates: Annotated[list[str], Field(min_length=2)]
    correlation: Correlation | Literal["extension"] | None = None
    measure: str | None = None
    population: str | None = None
    reference_period: str | None = None
    interval: Literal["log", "wald"] = "log"
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        yield "estimates", self.estimates

    def independent(self) -> list[str]:
        return self.estimates

    def faults(self) -> Iterator[str]:
        if self.correlation == "extension" and len(self.estimates) != 2:
            yield 'correlation: "extension" is between two, a base and what was extended from it'


class CombineEntry(_Figures):
    """``[[estimate]]`` of kind combine: national figures of independent sources, weighted by `fl.synthesis.combine`.

    `method = "bayesian"` needs `bias`, a table of estimate and bias; only then there are `prior`, `draws` and `seed`.
    """

    kind: Literal["combine"]
    name: str = ""
    estimates: Annotated[list[str], Field(min_length=2)]
    method: Literal["fixed", "random", "bayesian"] = "fixed"
    scale: Literal["identity", "log"] | None = None
    bias: dict[str, str] | None = None
    prior: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None = None
    draws: Annotated[int, Field(ge=100)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    measure: str | None = None
    population: str | None = None
    reference_period: str | None = None
    interval: Literal["log", "wald"] | None = None
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        yield "estimates", self.estimates

    def independent(self) -> list[str]:
        return self.estimates

    def faults(self) -> Iterator[str]:
        if self.method == "bayesian":
            stated = self.bias or {}
            yield from (
                f"bias.{name}: how far it may be off has to be stated" for name in self.estimates if name not in stated
            )
            yield from (f"bias.{name}: it is not among the estimates" for name in stated if name not in self.estimates)
        alien = ("scale", "interval") if self.method == "bayesian" else ("bias", "prior", "draws", "seed")
        yield from (f"{key}: it is not for method {self.method!r}" for key in alien if getattr(self, key) is not None)


class AggregateEntry(_Figures):
    """``[[estimate]]`` of kind aggregate: countries added up to regions and the world, by `fl.synthesis.aggregate`.

    `estimates` is a table of country and national figure made before, or the name of one estimate by country; or `surveys` is
    a file with the country's column (`by`), `value` (a proportion) and `se`. `population` is a file with the country's column and
    `population`, and `groups` one with the country's column and `region`, unless columns are named.
    """

    kind: Literal["aggregate"]
    name: str = ""
    estimates: str | Annotated[dict[str, str], Field(min_length=1)] | None = None
    surveys: str | None = None
    by: str = "country"
    population: str | Column
    groups: str | Column
    quantity: Literal["total", "prevalence"] = "total"
    between: Literal["region", "pooled"] | Number | Annotated[dict[str, Number], Field(min_length=1)] = "region"
    measure: str | None = None
    universe: str | None = None
    reference_period: str | None = None
    round_to: Positive | None = None
    interval: Literal["log", "wald"] = "log"
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        if isinstance(self.estimates, dict):
            yield from ((f"estimates.{country}", [name]) for country, name in self.estimates.items())
        elif self.estimates is not None:
            yield "estimates", [self.estimates]

    def independent(self) -> list[str]:
        return list(self.estimates.values()) if isinstance(self.estimates, dict) else []

    def faults(self) -> Iterator[str]:
        if (self.estimates is None) == (self.surveys is None):
            yield "estimates: give either estimates made before, or surveys = a file"


class ExtensionEntry(_Figures):
    """``[[estimate]]`` of kind extend_by_ratio: a form that surveys do not see, by `fl.synthesis.extend_by_ratio`.

    `base` is an estimate made before, in persons. The file `cases` has the two columns of counts and, unless it is for the
    nation alone, the by-columns of the base.
    """

    kind: Literal["extend_by_ratio"]
    name: str = ""
    base: str
    cases: str
    known: str
    wanted: str
    detection_odds: Positive | Annotated[list[Positive], Field(min_length=1)] = 1.0
    ratios: Literal["cells", "main-effects"] = "cells"
    overdispersion: Positive = 1.0
    outcome: str = ""
    interval: Literal["log", "wald"] = "log"
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        yield "base", [self.base]


class ChangeEntry(_Figures):
    """``[[estimate]]`` of kind change: from one round to the next, both estimates made before, by `fl.synthesis.change`.

    National figures, unless `rows` is "all": then both have the same rows.
    """

    kind: Literal["change"]
    name: str = ""
    before: str
    after: str
    rows: Literal["national", "all"] = "national"
    scale: Literal["difference", "ratio", "percent"] = "difference"
    correlation: Correlation | None = None
    differing: Literal["refuse", "flag"] = "refuse"
    interval: Literal["log", "wald"] | None = None
    level: Level = 0.95

    def earlier(self) -> Iterator[tuple[str, list[str]]]:
        yield "before", [self.before]
        yield "after", [self.after]

    def independent(self) -> list[str]:
        return [self.before, self.after]


SynthesisEntry = PublishedEntry | StockEntry | SumEntry | CombineEntry | AggregateEntry | ExtensionEntry | ChangeEntry
SYNTHESIS_ENTRIES: dict[str, type[Strict]] = {
    "published": PublishedEntry,
    "stock": StockEntry,
    "sum": SumEntry,
    "combine": CombineEntry,
    "aggregate": AggregateEntry,
    "extend_by_ratio": ExtensionEntry,
    "change": ChangeEntry,
}
"""The entries by their kind."""
