"""Case lists in a study file: the ``[[estimate]]`` of kind capture_recapture, the keys of each method, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fl_estimate.study.entries import Titled

IDENTIFYING: tuple[str, ...] = ("key", "salt", "list_column")
"""Arguments of `fl.load_lists` that a study does not take: it is handed round, and written into its own manifest."""
LINK_FIRST = (
    "a study takes no records with identifiers: link them with fl.load_lists(…, key=…, salt=…), write the counts with "
    "histories.to_frame().to_csv(…, index=False), or histories.records where covariates matter, and name that file here"
)


class CaptureRecaptureEntry(Titled):
    """``[[estimate]]`` of kind capture_recapture: case lists in a file, and a method of `fl.capture_recapture`.

    The file has a column of 0 and 1 for each list; with a column of counts (`count`) a row is a history, else a person.
    It is read by `fl.load_lists`, which takes `mapping` too. `strata` names a column each of whose values is estimated by
    itself; `covariates` are columns for the method that takes them. Records with identifiers are refused. `outcome`, `population` and `reference_period` say what the people on the lists are, for tables. The other keys are
    those that the method takes; what is left out has the method's default (seed: 1).
    """

    kind: Literal["capture_recapture"]
    name: str = ""
    file: str
    lists: Annotated[list[str], Field(min_length=2)] | None = None
    count: str | None = None
    mapping: str | None = None
    strata: str | None = None
    covariates: Annotated[list[str], Field(min_length=1)] | None = None
    method: Literal[
        "petersen",
        "chapman",
        "loglinear",
        "chao",
        "zelterman",
        "closed",
        "select_stepwise",
        "select_aic_p",
        "select_bic",
        "average_decomposable",
        "latent_class",
        "threshold",
        "doubly_robust",
        "appraise",
    ]
    a: str | None = None
    b: str | None = None
    terms: Literal["main", "two-way"] | list[list[str]] | None = None
    likelihood: Literal["poisson", "multinomial"] | None = None
    interval: (
        Literal["wald", "log", "profile", "percentile", "bca", "transformed-logit", "bca-fixed-n", "percentile-fixed-n"]
        | None
    ) = None
    odds_ratios: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)] | None = None
    model: str | None = None
    bias_corrected: bool | None = None
    threshold: Annotated[float, Field(gt=0)] | None = None
    max_order: Annotated[int, Field(ge=1)] | None = None
    replicates: Annotated[int, Field(ge=1)] | None = None
    delta: Annotated[float, Field(gt=0)] | None = None
    saturated: bool | None = None
    classes: Annotated[int, Field(ge=2)] | None = None
    prior: Literal["proper", "improper"] | None = None
    draws: Annotated[int, Field(ge=1)] | None = None
    chains: Annotated[int, Field(ge=1)] | None = None
    learner: Literal["logistic", "boosting", "forest"] | None = None
    folds: Annotated[int, Field(ge=2, le=20)] | None = None
    margin: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    outcome: str = ""
    population: str = ""
    reference_period: str = ""

    @model_validator(mode="before")
    @classmethod
    def _no_identifiers(cls, given: Any) -> Any:
        """Refuse what records with identifiers need; the error shows none of its values."""
        if isinstance(given, dict) and (
            any(name in given for name in IDENTIFYING) or isinstance(given.get("file"), dict | list)
        ):
            raise PydanticCustomError("identifiers", LINK_FIRST)
        return given

    @property
    def kept(self) -> list[str]:
        """Columns that are kept beside the lists: covariates and strata."""
        return [
            *(self.covariates or []),
            *([self.strata] if self.strata not in (None, *(self.covariates or [])) else []),
        ]


_CHOSEN: frozenset[str] = frozenset({"likelihood", "interval", "replicates", "seed"})
METHOD_KEYS: dict[str, frozenset[str]] = {
    "petersen": frozenset({"a", "b", "interval"}),
    "chapman": frozenset({"a", "b", "interval"}),
    "loglinear": frozenset({"terms", "likelihood", "interval"}),
    "chao": frozenset(),
    "zelterman": frozenset(),
    "closed": frozenset({"model", "bias_corrected", "interval"}),
    "select_stepwise": _CHOSEN | {"threshold"},
    "select_aic_p": _CHOSEN | {"threshold"},
    "select_bic": _CHOSEN | {"max_order"},
    "average_decomposable": frozenset({"delta", "saturated", "draws", "seed"}),
    "latent_class": frozenset({"classes", "draws", "chains", "seed"}),
    "threshold": frozenset({"prior", "threshold", "max_order", "draws", "seed"}),
    "doubly_robust": frozenset({"a", "b", "covariates", "learner", "folds", "margin", "interval", "seed"}),
    "appraise": frozenset({"odds_ratios", "replicates", "draws", "seed"}),
}
"""The keys of a capture-recapture entry that each method takes: arguments of the function of that name (a and b may be its `lists`)."""
ALL_METHOD_KEYS: frozenset[str] = frozenset[str]().union(*METHOD_KEYS.values())


def list_faults(key: str, entry: CaptureRecaptureEntry) -> Iterable[str]:
    """Keys that the method does not take, or needs."""
    given, takes = entry.model_fields_set, METHOD_KEYS[entry.method]
    for name in sorted(given & ALL_METHOD_KEYS - takes):
        yield f"{key}.{name}: {entry.method} does not take it; it takes {', '.join(sorted(takes)) or 'no key of its own'}"
    yield from (f"{key}.{name}: {entry.method} needs two lists, a and b" for name in sorted({"a", "b"} & takes - given))
    if entry.method == "appraise" and entry.strata is not None:
        yield f"{key}.strata: appraise lays the methods of one table side by side; give each stratum a file of its own"
    if entry.mapping is not None and entry.lists is None:
        yield f"{key}.lists: with a mapping it must be said which columns are lists"
    named = [*(entry.lists or []), *(name for name in (entry.count,) if name is not None)]
    yield from (
        f"{key}: {name!r} is a list or the count, and cannot be kept as well" for name in entry.kept if name in named
    )
