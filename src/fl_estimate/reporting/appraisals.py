"""PublishedAppraisal: of an appraisal of case lists, what may be printed. Small counts are gone from the object itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.results.provenance import Provenance


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedAppraisal:
    """What may be printed of an appraisal; made by `publish_appraisal`.

    Attributes
    ----------
    histories : pandas.DataFrame
        A column a list, and `count`: missing where it may not be printed.
    least : int
        Counts below it, other than 0, are missing.
    n : float
        Persons observed.
    several : float
        Of them on two lists or more; missing where it may not be printed.
    envelope : (float, float)
        The headline; missing where no method is admissible.
    level : float
    methods, sensitivity, models, leave_one_list, merge_two_lists, leave_one_person, trajectory : pandas.DataFrame
        As in Appraisal; `sensitivity` has the columns `interaction`, `ratio` and `value`.
    consistency : mapping of method to pandas.DataFrame
    warnings : tuple of (code, parameters)
    population, reference_period : str
    provenance : Provenance
    """

    histories: pd.DataFrame
    least: int
    n: float
    several: float
    envelope: tuple[float, float]
    level: float
    methods: pd.DataFrame
    sensitivity: pd.DataFrame
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
        from fl_estimate.reporting.appraisal_page import appraisal_page

        return write_bytes(Path(path), appraisal_page(self, language=language).encode())


def publish_appraisal(appraisal: Appraisal, *, rule: str | SuppressionRule = "fl-default") -> PublishedAppraisal:
    """Withhold what may not be printed of an appraisal: counts of histories below the rule's fewest cases.

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
    Primary suppression, as in `publish`: what can be found by subtraction is not looked for.
    """
    chosen = chosen_rule(rule)
    if not isinstance(appraisal, Appraisal):
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
    return _laid_out(appraisal, chosen.min_cases)


def in_full(appraisal: Appraisal) -> PublishedAppraisal:
    """An appraisal with nothing withheld, for the analyst's own pictures."""
    return _laid_out(appraisal, 0)


def _laid_out(appraisal: Appraisal, least: int) -> PublishedAppraisal:
    histories = appraisal.histories
    frame = histories.to_frame()
    frame["count"] = frame["count"].where(frame["count"] >= least)
    several = float(histories.frequencies[1:].sum())
    headline = appraisal.headline.frame.iloc[0]
    return PublishedAppraisal(
        histories=frame,
        least=least,
        n=histories.n,
        several=several if several >= least else np.nan,
        envelope=(float(headline["lower"]), float(headline["upper"])),
        level=float(headline["level"]),
        methods=appraisal.methods.copy(),
        sensitivity=_curves(appraisal),
        models=appraisal.models.copy(),
        leave_one_list=appraisal.leave_one_list.copy(),
        merge_two_lists=appraisal.merge_two_lists.copy(),
        leave_one_person=appraisal.leave_one_person.copy(),
        trajectory=appraisal.trajectory.copy(),
        consistency={
            name: found.done[["list", "known", "value", "lower", "upper", "covers"]].copy()
            for name, found in appraisal.consistency.items()
        },
        warnings=tuple(
            (one.code, _fewer(dict(one.parameters), least) if one.code == "few_on_two_lists" else dict(one.parameters))
            for one in appraisal.warnings
        ),
        population=histories.population,
        reference_period=histories.reference_period,
        provenance=appraisal.estimates.provenance,
    )


def _fewer(parameters: dict[str, Any], least: int) -> dict[str, Any]:
    """A count that may not be printed, as a limit; its share then tells it no more."""
    people = float(parameters["people"])
    if people >= least:
        return {"people": people, "share": round(float(parameters["share"]), 1)}
    return {"people": f"< {least}", "share": "…"}


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
