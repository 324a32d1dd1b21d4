"""PublishedAppraisal: of an appraisal of case lists, what may be printed. Small counts are gone from the object itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.appraisal import FORMS, Appraisal
from fl_estimate.inputs.histories import all_histories
from fl_estimate.reporting.list_overlaps import printable, rough, steady
from fl_estimate.reporting.precision import WITHOUT_ERROR, significant
from fl_estimate.reporting.renderers import APPRAISAL, write
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule
from fl_estimate.results.codes import ReasonCode
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.provenance import Provenance
from fl_estimate.words.languages import check_language

TELLING: tuple[str, ...] = (
    "sensitivity", "linkage", "models", "leave_one_list", "merge_two_lists", "leave_one_person", "trajectory",
)  # fmt: skip
"""Tables of an appraisal that are functions of few overlaps."""
FIGURES: tuple[str, ...] = (
    "value", "lower", "upper", "population_size", "change", "median", "lower_quartile", "upper_quartile",
)  # fmt: skip
"""Columns of these that are estimates."""
CHECKED: tuple[str, ...] = ("independence", "two_way", "stepwise", "bic", *FORMS, "lower_bound")
"""Methods whose figure is a function of the counts; where it is not computed again to see what it tells, it goes."""
UNNAMED = "pairs_without_overlap_unnamed"
"""Said for ``pairs_without_overlap``, of which the names and their number would tell that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedAppraisal:
    """What may be printed of an appraisal; made by `publish_appraisal`.

    Attributes
    ----------
    histories : pandas.DataFrame
        A column a list, and `count`: missing where it may not be printed; every history that can be observed, of five lists
        at most, else those that are printed.
    least : int
        Counts below it, none among them, are missing.
    hides : bool
        Whether a history is hidden, and what would tell it with it: then `sensitivity`, `linkage`, `models`, `leave_one_list`,
        `merge_two_lists`, `leave_one_person`, `trajectory` and `consistency` have no rows.
    protecting : int
        Histories that are hidden only because a small one could be worked out with them. Where there are any, no count that
        is missing is said to be small.
    n : float
        Persons observed.
    several : float
        Of them on two lists or more; missing where it may not be printed.
    envelope : (float, float)
        The headline; missing where no method is admissible.
    level : float
    methods, sensitivity, linkage, models, leave_one_list, merge_two_lists, leave_one_person, trajectory : pandas.DataFrame
        As in Appraisal; `sensitivity` has the columns `interaction`, `ratio` and `value`, `linkage` `missed`,
        `false_links`, `value`, `lower` and `upper`.
    consistency : mapping of method to pandas.DataFrame
    warnings : tuple of (code, parameters)
    population, reference_period : str
    provenance : Provenance
    """

    histories: pd.DataFrame
    least: int
    hides: bool
    protecting: int
    n: float
    several: float
    envelope: tuple[float, float]
    level: float
    methods: pd.DataFrame
    sensitivity: pd.DataFrame
    linkage: pd.DataFrame
    models: pd.DataFrame
    leave_one_list: pd.DataFrame
    merge_two_lists: pd.DataFrame
    leave_one_person: pd.DataFrame
    trajectory: pd.DataFrame
    consistency: Mapping[str, pd.DataFrame]
    warnings: tuple[tuple[str, dict[str, Any]], ...]
    population: str
    reference_period: str
    provenance: Provenance

    @property
    def lists(self) -> tuple[str, ...]:
        """Names of the lists."""
        return tuple(name for name in self.histories.columns if name != "count")

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write the page of the appraisal; it stands alone and asks nothing of any host."""
        return write(APPRAISAL, "html", self, Path(path), language=check_language(language))


def publish_appraisal(appraisal: Appraisal, *, rule: str | SuppressionRule = "fl-default") -> PublishedAppraisal:
    """Withhold what may not be printed of an appraisal: counts of histories below the rule's fewest cases, and what tells them.

    Parameters
    ----------
    appraisal : Appraisal
    rule : str or SuppressionRule
        As in `publish`.

    Returns
    -------
    PublishedAppraisal

    Raises
    ------
    PublishFault
        FL-PUB-01 (no such rule), FL-PUB-13 (not an appraisal), FL-PUB-14 (fewer people observed than the rule's fewest
        respondents).

    Notes
    -----
    Histories of fewer people, none among them, are hidden alike, and further ones where the number of people observed would
    give one away. Where anything is hidden, totals of lists, estimates without a list or a person or with two lists merged,
    curves of dependence and Chao's bound are left out: they are functions of few overlaps. Figures have three significant
    digits; where anything is hidden two, and those of log-linear models go where they would be others if the hidden overlaps were. No fingerprint
    of the lists is kept.
    """
    chosen = chosen_rule(rule)
    if not isinstance(appraisal, Appraisal):  # pyright: ignore[reportUnnecessaryIsInstance] (notebooks are not type-checked)
        raise PublishFault(
            "FL-PUB-13", "this is not an appraisal of case lists", found=type(appraisal).__name__,
            fix="give what fl.capture_recapture.appraise returns",
        )  # fmt: skip
    if appraisal.histories.n < chosen.min_n:
        raise PublishFault(
            "FL-PUB-14", "too few people are on the lists for anything of them to be printed",
            found=f"{appraisal.histories.n:,.0f} people, the rule {chosen.name!r} asks for {chosen.min_n}",
            fix="join lists of several years or regions",
        )  # fmt: skip
    return _to_published(appraisal, chosen.min_cases)


def in_full(appraisal: Appraisal) -> PublishedAppraisal:
    """An appraisal with nothing withheld, for the analyst's own pictures."""
    return _to_published(appraisal, 0)


def _to_published(appraisal: Appraisal, least: int) -> PublishedAppraisal:
    histories = appraisal.histories
    headline = appraisal.headline.frame.iloc[0]
    full = PublishedAppraisal(
        histories=histories.to_frame(),
        least=least,
        hides=False,
        protecting=0,
        n=histories.n,
        several=float(histories.frequencies[1:].sum()),
        envelope=(float(headline["lower"]), float(headline["upper"])),
        level=float(headline["level"]),
        methods=appraisal.methods.copy(),
        sensitivity=_curves(appraisal),
        linkage=linkage_table(appraisal.linkage),
        models=appraisal.models.copy(),
        leave_one_list=appraisal.leave_one_list.copy(),
        merge_two_lists=appraisal.merge_two_lists.copy(),
        leave_one_person=appraisal.leave_one_person.copy(),
        trajectory=appraisal.trajectory.copy(),
        consistency={
            name: found.done[["list", "known", "value", "lower", "upper", "covers"]].copy()
            for name, found in appraisal.consistency.items()
        },
        warnings=tuple((one.code, dict(one.parameters)) for one in appraisal.warnings),
        population=histories.population,
        reference_period=histories.reference_period,
        provenance=appraisal.estimates.provenance,
    )
    return _hidden(full, appraisal, least) if least else full


def _hidden(full: PublishedAppraisal, appraisal: Appraisal, least: int) -> PublishedAppraisal:
    """Without what may not be printed."""
    full = _few_digits(full)
    frame, counts, hidden = printable(appraisal.histories, least)
    provenance = replace(full.provenance, source_sha256="")
    if not hidden.any():
        return replace(full, histories=frame, provenance=provenance)
    alone = all_histories(len(full.lists)).sum(axis=1) == 1
    # Where every history of one list is printed, those on several are the rest of all, and no more is told.
    several = full.several if full.several >= least and not hidden[alone].any() else np.nan
    warnings = tuple(
        (code, _fewer(told, least, known=np.isfinite(several))) if code == "few_on_two_lists" else _unnamed(code, told)
        for code, told in full.warnings
    )
    return replace(
        full,
        histories=frame,
        hides=True,
        protecting=int((hidden & (counts >= least)).sum()),
        several=several,
        envelope=(rough(full.envelope[0]), rough(full.envelope[1])),
        methods=_steady(full.methods, steady(appraisal.histories, counts, hidden)),
        warnings=warnings,
        provenance=provenance,
        consistency={},
        **{name: getattr(full, name).iloc[:0] for name in TELLING},
    )


def _few_digits(full: PublishedAppraisal) -> PublishedAppraisal:
    """Figures in the digits of published ones that have no standard error; counts as they are."""

    def short(frame: pd.DataFrame) -> pd.DataFrame:
        made = [name for name in FIGURES if name in frame]
        return frame.assign(**{name: [significant(float(v), WITHOUT_ERROR) for v in frame[name]] for name in made})

    return replace(
        full,
        envelope=(significant(full.envelope[0], WITHOUT_ERROR), significant(full.envelope[1], WITHOUT_ERROR)),
        methods=short(full.methods),
        consistency={name: short(found) for name, found in full.consistency.items()},
        **{name: short(getattr(full, name)) for name in TELLING},
    )


def _steady(methods: pd.DataFrame, kept: frozenset[str]) -> pd.DataFrame:
    """Figures in two digits; none of a method that they would tell hidden overlaps of."""
    out = methods.copy()
    for name in ("value", "lower", "upper"):
        out[name] = [rough(float(value)) for value in out[name]]
    out.loc[out["method"].isin(CHECKED) & ~out["method"].isin(kept), ["value", "lower", "upper"]] = np.nan
    return out


def _fewer(parameters: dict[str, Any], least: int, *, known: bool) -> dict[str, Any]:
    """A count that may not be printed, as a limit; its share then tells it no more."""
    people = float(parameters["people"])
    if people >= least and known:
        return {"people": people, "share": round(float(parameters["share"]), 1)}
    return {"people": f"< {least}" if people < least else "…", "share": "…"}


def _unnamed(code: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Without the names of lists, where they would tell an empty history."""
    if code == "pairs_without_overlap":
        return UNNAMED, {}
    said = ReasonCode.of(code)
    return code, dict(said.to_publish(parameters.items())) if said.known else parameters


def _curves(appraisal: Appraisal) -> pd.DataFrame:
    """Interaction, odds ratio and population size, read off the terms of `sensitivity`: "<model>, <interaction> = <ratio>"."""
    lists = appraisal.histories.lists
    names = [":".join(pair) for pair in (*itertools.combinations(lists, 2), lists)]
    frame = appraisal.sensitivity.frame
    frame = frame[frame["quantity"] == "population_size"]
    told = [str(term).rsplit(" = ", 1) for term in frame["term"]]
    return pd.DataFrame(
        {
            "interaction": [next(name for name in names if text.endswith(f", {name}")) for text, _ in told],
            "ratio": [float(ratio) for _, ratio in told],
            "value": frame["value"].to_numpy(dtype=float),
        }
    )


def linkage_table(curve: Estimates) -> pd.DataFrame:
    """Rates of missed and false links with the population size and its limits, of a `linkage_curve`."""
    rates = np.array(curve.diagnostics["rates"], dtype=float).reshape(-1, 2)
    frame = curve.frame[curve.frame["quantity"] == "population_size"]
    numbers = {name: frame[name].to_numpy(dtype=float) for name in ("value", "lower", "upper")}
    return pd.DataFrame({"missed": rates[:, 0], "false_links": rates[:, 1], **numbers})
