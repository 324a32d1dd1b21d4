"""PublishedAppraisal: of an appraisal of case lists, what may be printed. Small counts are gone from the object itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.errors import PublishFault
from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.reporting.disclosure import closed_off
from fl_estimate.reporting.disclosure_choice import choose
from fl_estimate.reporting.disclosure_system import Draft
from fl_estimate.reporting.precision import significant
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.results.provenance import Provenance

FROM_COUNTS: tuple[str, ...] = ("models", "leave_one_list", "merge_two_lists", "leave_one_person", "trajectory")
"""Tables of an appraisal whose figures are functions of all counts, to the last digit."""


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
        Without a hash of the counts.
    protecting : int
        Histories that are not printed only because a small one could be worked out with them. Where there are any, no count
        that is missing is said to be small.

    Where a count is hidden, `sensitivity`, `models`, the changed lists, `trajectory` and `consistency` have no rows, and
    `methods` two significant digits: all of them are functions of the hidden counts.
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
    protecting: int = 0

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
    As in `publish`, further counts are withheld where a small one could be worked out from the others and from the number
    of people in all.
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
    hidden = hidden_histories(frame, least)
    frame["count"] = frame["count"].where(~hidden.rows)
    several = float(histories.frequencies[1:].sum())
    headline = appraisal.headline.frame.iloc[0]
    # Whatever is computed from all counts is a function of the hidden ones, which a reader can search for.
    some = bool(hidden.rows.any())
    rough = _rough if some else _whole
    tables = {name: getattr(appraisal, name).iloc[: 0 if some else None].copy() for name in FROM_COUNTS}
    return PublishedAppraisal(
        histories=frame,
        least=least,
        n=histories.n,
        several=several if several >= least and not hidden.several else np.nan,
        envelope=(float(headline["lower"]), float(headline["upper"])),
        level=float(headline["level"]),
        methods=rough(appraisal.methods),
        sensitivity=_curves(appraisal).iloc[: 0 if some else None],
        **tables,
        consistency={}
        if some
        else {
            name: found.done[["list", "known", "value", "lower", "upper", "covers"]].copy()
            for name, found in appraisal.consistency.items()
        },
        warnings=tuple(
            (one.code, _fewer(dict(one.parameters), least) if one.code == "few_on_two_lists" else dict(one.parameters))
            for one in appraisal.warnings
            if one.code != "few_on_two_lists" or several < least or not hidden.several
        ),
        population=histories.population,
        reference_period=histories.reference_period,
        # A hash of counts of which a few are hidden confirms a guess at them.
        provenance=replace(appraisal.estimates.provenance, source_sha256="")
        if least
        else appraisal.estimates.provenance,
        protecting=hidden.protecting,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Hidden:
    """Which histories are not printed, whether "on several lists" is not, and how many of these protect the others only."""

    rows: npt.NDArray[np.bool_]
    several: bool
    protecting: int


def hidden_histories(frame: pd.DataFrame, least: float) -> Hidden:
    """Histories whose count is small, and those with which a small one could be worked out.

    Parameters
    ----------
    frame : pandas.DataFrame
        A column a list, and `count`.
    least : float
        Counts below it are small.

    Notes
    -----
    Readers know how many people there are in all. As long as no further history has to go, they also know that what is
    hidden is below `least`; otherwise they know of none why it is hidden.
    """
    count = frame["count"].to_numpy(dtype=float)
    small = count < least
    if not small.any():
        return Hidden(rows=small, several=False, protecting=0)
    lists = frame.drop(columns="count").to_numpy(dtype=float).sum(axis=1)
    # What says that counts are below `least` is settled before it is known whether more has to go.
    for told in (True, False):
        shut = _protected(count, lists, small, least, told=told)
        if not told or not (shut[:-1] & ~small).any():
            break
    return Hidden(rows=shut[:-1], several=bool(shut[-1]), protecting=int((shut[:-1] & ~small).sum()))


def _protected(
    count: npt.NDArray[np.float64],
    lists: npt.NDArray[np.float64],
    small: npt.NDArray[np.bool_],
    least: float,
    *,
    told: bool,
) -> npt.NDArray[np.bool_]:
    """What to withhold: of the histories, then of the number of people on several lists."""
    draft, ids = Draft(), list[int]()
    for k, few in zip(count, small, strict=True):
        cell = draft.cell(k + 1.0, withheld=bool(few))
        ids.append(draft.unknown(k, 0.0, float(count.sum()), integer=True))
        if not few:
            draft.exact(ids[-1:], cell)
        else:
            draft.target(ids[-1:], cell, min(1.0, k), least - 1 if told else least)
            if told:
                draft.row(ids[-1:], 0.0, least - 1)
    draft.exact(ids)
    # Its own loss: a sentence of the page.
    draft.exact([at for at, on in zip(ids, lists, strict=True) if on > 1], draft.cell(1.0))
    system = draft.built()
    choice = choose(system)
    return choice.withheld if choice.open else closed_off(system, choice.withheld, choice.exposed)


def _whole(methods: pd.DataFrame) -> pd.DataFrame:
    return methods.copy()


def _rough(methods: pd.DataFrame) -> pd.DataFrame:
    """Two digits: each method's number is a function of the counts, the hidden ones among them."""
    out = methods.copy()
    for name in ("value", "lower", "upper"):
        out[name] = [significant(float(value), 2) for value in out[name]]
    return out


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
