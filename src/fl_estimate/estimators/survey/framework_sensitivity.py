"""Several frameworks on the same people: where they agree, which criteria make the difference, and what non-response does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.estimators.survey.non_response import widening
from fl_estimate.estimators.survey.targets import Unknown
from fl_estimate.indicators.choice import chosen_frameworks
from fl_estimate.indicators.classify import Classification, classify
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.neutral import visible

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework

PERSON = "person_id"
SIDES = ("", "_possible", "_in_scope")
CLASSES = ("in", "undetermined", "not in", "out of scope")
TREATMENTS: tuple[Unknown, ...] = ("no", "bounds", "exclude")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One of the frameworks compared: its label, its frameworks, the outcome that is compared, and the classification."""

    label: str
    frameworks: tuple[Framework, ...]
    outcome: str
    classification: Classification


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameworkComparison:
    """Several frameworks on the same people, made by `compare_frameworks`.

    Attributes
    ----------
    people : pandas.DataFrame
        One row a person: person_id, weight, and for each label three 0/1 columns (surely, ``_possible``, ``_in_scope``).
    compared : tuple of Compared
    design : Design
    """

    people: pd.DataFrame
    compared: tuple[Compared, ...]
    design: Design
    data: Any

    @property
    def labels(self) -> tuple[str, ...]:
        """How the frameworks are called in the tables."""
        return tuple(entry.label for entry in self.compared)

    def __repr__(self) -> str:
        return visible(f"FrameworkComparison({', '.join(self.labels)}; {len(self.people):,} people)")

    @cached_property
    def prevalence(self) -> pd.DataFrame:
        """The share in the class by each framework, with unknown answers treated in three ways side by side.

        Columns: framework, unknown (no, bounds, exclude), bound, value, se, lower, upper, n, cases, undetermined. Bounds are
        three rows: the lower, the upper, and the interval that holds whatever the unknown answers are, without a value.
        """
        parts: list[pd.DataFrame] = []
        for entry in self.compared:
            for unknown in TREATMENTS:
                result = estimate_prevalence(
                    entry.classification,
                    entry.outcome,
                    design=self.design,
                    unknown=unknown,
                )
                frame = result.frame.assign(framework=entry.label, unknown=unknown)
                parts.append(frame)
        columns = [
            *("framework", "unknown", "bound", "value", "se"),
            *("lower", "upper", "n", "cases", "undetermined"),
        ]
        return pd.concat(parts, ignore_index=True)[columns]

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """How far every two frameworks agree about the people in scope of both, weighted.

        Columns: first, second, n (persons in scope of both), then shares of their weight: both, only_first, only_second,
        neither (undetermined counted as not in the class), undetermined (by one of them at least), agreement (the same of
        in, undetermined, not in), and kappa.

        Notes
        -----
        Cohen's kappa over the three classes: (p₀ − pₑ)/(1 − pₑ) with p₀ the weighted share of agreement and
        pₑ = Σ p₁ₖ p₂ₖ; missing where one class holds everybody under both (pₑ = 1).
        """
        rows = [_agreement(self, first, second) for first, second in combinations(self.labels, 2)]
        return pd.DataFrame(rows)

    def cross_table(self, first: str, second: str) -> pd.DataFrame:
        """The weighted number of people in each class by one framework (rows) and another (columns).

        Raises
        ------
        IndicatorFault
            FL-IND-18: one of the two was not compared.
        """
        for label in (first, second):
            self._require(label)
        table = pd.crosstab(
            self._class_of(first), self._class_of(second), values=self.people["weight"], aggfunc="sum", dropna=False
        )
        table = table.reindex(index=list(CLASSES), columns=list(CLASSES)).fillna(0.0)
        return table.rename_axis(index=first, columns=second)

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """The criteria behind the differences: what is true of people in the class by one framework and not by the other.

        Columns: in_class_by, not_by, criterion, label, n (persons surely in one class, and surely not in the other, of
        whom the criterion is true), share (of those persons, weighted), share_in_both (of the people in both classes).
        A criterion whose share is far above its share among people in both is what only the first framework counts.
        """
        parts = [_drivers(self, first, second) for first, second in permutations(self.labels, 2)]
        columns = ["in_class_by", "not_by", "criterion", "label", "n", "share", "share_in_both"]
        found = [part for part in parts if len(part)]
        return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)

    @cached_property
    def non_response(self) -> pd.DataFrame:
        """How much the unknown answers to each question widen the bounds of the prevalence.

        Columns: framework, question, unknown (rows; of an item asked for several phases those of the phase that has most),
        lower, upper (the bounds as they are), fall_of_upper (how
        far the upper bound would come down if all these answers were no), rise_of_lower (how far the lower bound would go
        up if all were yes), widening (the larger of the two). One question after the other, the others left as they are;
        the widest first.
        """
        parts = [self._widening(entry) for entry in self.compared]
        return pd.concat(parts, ignore_index=True)

    def _widening(self, entry: Compared) -> pd.DataFrame:
        people = self.people[self.people[f"{entry.label}_in_scope"] == 1]
        undetermined = people[(people[f"{entry.label}_possible"] == 1) & (people[entry.label] == 0)]
        total = float(people["weight"].sum())
        weight = people["weight"].to_numpy(dtype=float)
        lower, upper = (
            float(weight @ people[f"{entry.label}{side}"].to_numpy(dtype=float)) / total if total else np.nan
            for side in SIDES[:2]
        )
        weights = undetermined.set_index(PERSON)["weight"]
        table = widening(self.data, entry.classification, entry.outcome, weights, total)
        return table.assign(framework=entry.label, lower=lower, upper=upper)[
            ["framework", "question", "unknown", "lower", "upper", "fall_of_upper", "rise_of_lower", "widening"]
        ]

    def _require(self, label: str) -> Compared:
        result = next((entry for entry in self.compared if entry.label == label), None)
        if result is None:
            raise IndicatorFault(
                "FL-IND-18",
                "this framework was not compared",
                found=label,
                fix=f"one of: {listed(self.labels, most=9)}",
            )
        return result

    def _class_of(self, label: str) -> pd.Series:
        people = self.people
        conditions = [people[f"{label}_in_scope"] == 0, people[label] == 1, people[f"{label}_possible"] == 1]
        return pd.Series(np.select(conditions, ["out of scope", "in", "undetermined"], "not in"), index=people.index)


def compare_frameworks(
    data: Any,
    frameworks: Sequence[str | Sequence[str]],
    *,
    design: Design | None = None,
    readings: bool = False,
    allow_unverified: bool = False,
    short_instrument: bool = False,
) -> FrameworkComparison:
    """Classify the same people by several frameworks, and compare what comes out.

    Parameters
    ----------
    data : SurveyData or frame
        As in `classify`.
    frameworks : list of str, or of lists of str
        Ids or paths. ``"htshtc2012_adult:forced_labour_without_strength"`` names an outcome; without it the first of the
        file is taken. A list within the list is one definition made of files for different people, such as
        ``["icls2018_adult", "icls2018_child"]``.
    design : Design, optional
        By default that of the data; a plain frame without one counts every row alike.
    readings : bool, default False
        Compare every definition by the other readings of its outcome too: ``["icls2018_adult"]`` by its default, wide and
        narrow one.
    allow_unverified, short_instrument : bool, default False
        As in `classify`.

    Returns
    -------
    FrameworkComparison
        With tables `prevalence` (unknown answers as no, as bounds, left out), `agreement` (with kappa), `drivers`,
        `non_response`, and `cross_table`. The people are brought into memory, their answers are not.

    Raises
    ------
    IndicatorFault
        FL-IND-18: fewer than two definitions, one named twice, or an outcome that is no class; and as in `classify`.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> answers = pd.DataFrame({"age": 30, "r_debt_linked": "no", "w_low_no_wage": ["yes", "yes", "no"],
    ...                         "l_no_freedom_resign": ["yes", "no", "no"], "c_docs": ["experienced", "no", "no"]})
    >>> compared = fl.compare_frameworks(answers, ["icls2018_adult", "htshtc2012_adult"])
    >>> float(compared.cross_table("icls2018_adult", "htshtc2012_adult")["undetermined"]["in"])
    1.0
    """
    entries = _with_readings(frameworks, allow_unverified) if readings else frameworks
    chosen = [_chosen(entry, allow_unverified) for entry in entries]
    labels = [label for label, _, _ in chosen]
    if len(chosen) < 2 or len(set(labels)) < len(labels):
        raise IndicatorFault(
            "FL-IND-18",
            "a comparison needs two definitions or more, each once",
            found=listed(labels) or "none",
            fix="name them by id, such as ['icls2018_adult', 'htshtc2012_adult:forced_labour_without_strength']",
        )
    data = _identified(data)
    compared = tuple(
        Compared(
            label=label,
            frameworks=entry,
            outcome=outcome,
            classification=classify(
                data,
                list(entry),
                # a label of a class is a column of its outcome
                outcomes=outcome.partition("=")[0],
                allow_unverified=allow_unverified,
                short_instrument=short_instrument,
            ),
        )
        for label, entry, outcome in chosen
    )
    used = design or (data.design if isinstance(data, SurveyData) else None) or Design(unweighted=True)
    return FrameworkComparison(people=_people(compared, used), compared=compared, design=used, data=data)


def _with_readings(frameworks: Sequence[str | Sequence[str]], allow_unverified: bool) -> list[str | list[str]]:
    """The entries, each followed by the other readings of its first outcome that all of its files have."""
    found: list[str | list[str]] = []
    for entry in frameworks:
        names = [entry] if isinstance(entry, str) else list(entry)
        found.append(entry if isinstance(entry, str) else names)
        if any(_names_outcome(name) for name in names):
            continue
        files = chosen_frameworks(names, allow_unverified=allow_unverified)
        headline = files[0].outcomes[0].id
        others = [outcome.id for outcome in files[0].outcomes if outcome.reading_of == headline]
        for reading in (each for each in others if all(one.outcome(each) is not None for one in files)):
            found.append([f"{name}:{reading}" for name in names])
    return found


def _chosen(entry: str | Sequence[str], allow_unverified: bool) -> tuple[str, tuple[Framework, ...], str]:
    """The label, the frameworks and the outcome of one entry."""
    names = [entry] if isinstance(entry, str) else list(entry)
    # a path may hold a colon of its own: an outcome stands behind the last one and is no path
    split = [name.rpartition(":") if _names_outcome(name) else (name, "", "") for name in names]
    frameworks = chosen_frameworks([name for name, _, _ in split], allow_unverified=allow_unverified)
    outcomes = {named or framework.outcomes[0].id for (_, _, named), framework in zip(split, frameworks, strict=True)}
    if len(outcomes) > 1:
        raise IndicatorFault(
            "FL-IND-18",
            "files that make one definition have an outcome in common",
            found=listed(sorted(outcomes)),
            fix="name the same outcome of each, as framework:outcome",
        )
    (outcome,) = outcomes
    for framework in frameworks:
        result = framework.outcome_of(outcome)
        if result is None or result.type not in ("binary", "classes"):
            classes = [
                stem for other in framework.outcomes if other.type in ("binary", "classes") for stem in other.stems
            ]
            raise IndicatorFault(
                "FL-IND-18",
                f"{framework.id} has no class of this name to compare",
                found=outcome,
                fix=f"name one of its classes: {listed(classes)}"
                if classes
                else "it counts or measures; use fl.classify",
            )
    label = " + ".join(framework.id for framework in frameworks)
    return (f"{label}:{outcome}" if any(named for _, _, named in split) else label), frameworks, outcome


def _names_outcome(name: str) -> bool:
    return ":" in name and "/" not in name.rpartition(":")[2] and "\\" not in name.rpartition(":")[2]


def _identified(data: Any) -> Any:
    """The data with an id for every person; a plain frame that has none gets the place of each row."""
    if isinstance(data, SurveyData):
        return data
    frame = narwhal(data)
    if PERSON in frame.collect_schema().names():
        return data
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return eager.with_row_index(PERSON).to_native()


def _people(compared: Sequence[Compared], design: Design) -> pd.DataFrame:
    """The people in memory with their classes by every framework; rows of the classifications are matched by person_id."""
    found: pd.DataFrame | None = None
    for entry in compared:
        names = [f"{entry.outcome}{side}" for side in SIDES]
        weight = [design.weights] if design.weights is not None and found is None else []
        table = _collected(entry.classification.people, [PERSON, *weight, *names])
        table = table.rename(columns=dict(zip(names, [f"{entry.label}{side}" for side in SIDES], strict=True)))
        if found is None:
            values = table[design.weights].fillna(0.0) if design.weights is not None else 1.0
            found = table.assign(weight=values)[[PERSON, "weight", *(f"{entry.label}{side}" for side in SIDES)]]
        else:
            found = found.merge(table, on=PERSON, how="left", validate="one_to_one")
    assert found is not None
    return found


def _collected(native: Any, columns: Sequence[str]) -> pd.DataFrame:
    frame: Any = narwhal(native).select(*columns)
    return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()


def _agreement(comparison: FrameworkComparison, first: str, second: str) -> dict[str, Any]:
    people = comparison.people
    both_scopes = ((people[f"{first}_in_scope"] == 1) & (people[f"{second}_in_scope"] == 1)).to_numpy()
    table = comparison.cross_table(first, second).iloc[:3, :3].to_numpy()
    total = table.sum()
    shares = table / total if total > 0 else np.full((3, 3), np.nan)
    observed, expected = float(np.trace(shares)), float(shares.sum(axis=1) @ shares.sum(axis=0))
    return {
        "first": first,
        "second": second,
        "n": int(both_scopes.sum()),
        "both": shares[0, 0],
        "only_first": shares[0, 1:].sum(),
        "only_second": shares[1:, 0].sum(),
        "neither": shares[1:, 1:].sum(),
        "undetermined": shares[1].sum() + shares[:, 1].sum() - shares[1, 1],
        "agreement": observed,
        "kappa": (observed - expected) / (1 - expected) if expected < 1 else np.nan,
    }


def _drivers(comparison: FrameworkComparison, first: str, second: str) -> pd.DataFrame:
    """The criteria of the first framework that are true of people in its class and surely not in that of the second."""
    people, entry = comparison.people, comparison._require(first)
    inside = people[people[first] == 1]
    only = inside[(inside[f"{second}_in_scope"] == 1) & (inside[f"{second}_possible"] == 0)]
    both = inside[inside[second] == 1]
    if not len(only):
        return pd.DataFrame()
    names = list(entry.classification.criteria)
    true = _criteria_of(entry.classification, names, entry.outcome, [*only[PERSON], *both[PERSON]])
    rows: list[Mapping[str, Any]] = []
    for name in names:
        criterion = entry.classification.criteria[name]
        held, of_both = true[name].reindex(only[PERSON]).eq(1), true[name].reindex(both[PERSON]).eq(1)
        if held.any():
            own = name.partition(":")[0] == criterion.framework.id
            rows.append(
                {
                    "in_class_by": first,
                    "not_by": second,
                    "criterion": criterion.id if own else f"{criterion.framework.id}.{criterion.id}",
                    "label": criterion.label.en,
                    "n": int(held.sum()),
                    "share": _share(held.to_numpy(), only["weight"].to_numpy()),
                    "share_in_both": _share(of_both.to_numpy(), both["weight"].to_numpy()),
                }
            )
    return pd.DataFrame(rows).sort_values("share", ascending=False, kind="stable") if rows else pd.DataFrame()


def _criteria_of(
    classification: Classification, names: Sequence[str], outcome: str, persons: Sequence[Any]
) -> pd.DataFrame:
    """Whether each criterion is true in a row that puts the person into the class, by person_id."""
    rows: Any = narwhal(classification.rows)
    chosen = rows.filter(nw.col(PERSON).is_in(list(persons)) & (nw.col(outcome) == 1)).select(PERSON, *names)
    table = (chosen.collect() if isinstance(chosen, nw.LazyFrame) else chosen).to_pandas()
    return table.groupby(PERSON)[list(names)].max()


def _share(true: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float(weights @ true) / total if total > 0 else float("nan")
