"""An outcome of the people in a link-tracing sample: what was answered in each stratum, and what the unseen would answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.totals import as_frame
from fl_estimate.errors import EstimateFault, require_name
from fl_estimate.estimators.hidden.links.link_trace import Positions
from fl_estimate.estimators.survey.targets import Unknown, make_targets

JEFFREYS_BETA = 0.5
"""Both numbers of the beta density of a share before the data (Jeffreys)."""


@dataclass(frozen=True, kw_only=True)
class OutcomeAnswers:
    """Answers of every person: `scope`, `yes` and `unknown`, shape (people,); `treatment` of the unknown; the outcome's name."""

    outcome: str
    scope: npt.NDArray[np.bool_]
    yes: npt.NDArray[np.bool_]
    unknown: npt.NDArray[np.bool_]
    treatment: str

    @property
    def bounds(self) -> tuple[str, ...]:
        """The rows of a cell: one, or those of the bounds."""
        return ("lower", "upper", "identified") if self.treatment == "bounds" else ("",)


def read_outcome(frame: Any, outcome: str, unknown: Unknown | None) -> OutcomeAnswers:
    """Read a 0/1 outcome, or one of a Classification with its undetermined people.

    Raises
    ------
    EstimateFault
        FL-EST-02, FL-EST-08, FL-EST-12; FL-EST-571: not 0/1, or unknown answers and nothing was chosen for them.
    """
    require_name(outcome, "outcome")
    lazy = as_frame(frame).lazy()
    made = make_targets(lazy.collect_schema(), [outcome], unknown=unknown)
    target = made.targets[0]
    names = {"scope": target.scope, "yes": target.value, "unknown": target.unknown, "other": target.not_binary}
    table = lazy.select(**{name: made.columns[column].cast(nw.Float64) for name, column in names.items()}).collect()
    values = {name: np.asarray(table[name].to_list(), dtype=float) for name in names}
    if values["other"].any():
        raise _unusable("it holds other numbers than 0 and 1", "derive a 0/1 column")
    undecided = int(values["unknown"].sum())
    if undecided and not target.treatment:
        raise _unusable(
            f"{undecided:,} people without an answer",
            'unknown="exclude" takes them as like the others of their stratum, unknown="no" counts them as no, '
            'unknown="bounds" gives both ends',
        )
    return OutcomeAnswers(
        outcome=outcome, scope=values["scope"] == 1, yes=values["yes"] == 1, unknown=values["unknown"] == 1,
        treatment=target.treatment,
    )  # fmt: skip


def _unusable(found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-571", "the outcome of the people in the sample cannot be used", found=found, fix=fix)


def draw_cases(
    answers: OutcomeAnswers, stratum: Positions, unseen: Floats, rng: np.random.Generator
) -> tuple[Floats, Mapping[str, Floats]]:
    """Draw how many people of the population are in scope, and how many of them are cases, by stratum.

    Parameters
    ----------
    answers : OutcomeAnswers
    stratum : int array, shape (people,)
    unseen : float array, shape (draws, strata)
        People outside the sample, of each draw of the posterior.
    rng : numpy.random.Generator

    Returns
    -------
    (float array, mapping of str to float array)
        People in scope, shape (draws, strata); cases by bound ("" where there are no bounds), shape (draws, strata).

    Notes
    -----
    In stratum a, the share in scope and the share of cases among them have Beta(½ + yes, ½ + no); the unseen are binomial
    draws of them. Where everybody seen is in scope, everybody is.
    """
    size = unseen.shape[1]

    def count(which: npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(stratum[which], minlength=size).astype(float)

    people, inside = count(np.ones(len(stratum), dtype=bool)), count(answers.scope)
    yes, open_ = count(answers.scope & answers.yes), count(answers.scope & answers.unknown)
    whole = unseen.astype(np.int64)
    if not answers.scope.all():
        whole = rng.binomial(whole, _share(rng, inside, people - inside, len(unseen)))
    scope = inside + whole
    made: dict[str, Floats] = {}
    for bound in ("lower", "upper") if answers.treatment == "bounds" else ("",):
        surely = yes + (open_ if bound == "upper" else 0.0)
        no = inside - surely - (open_ if answers.treatment == "exclude" else 0.0)
        chance = _share(rng, surely, no, len(unseen))
        # People of the sample who did not answer are drawn as the unseen are.
        others = whole + (open_.astype(np.int64) if answers.treatment == "exclude" else 0)
        made[bound] = surely + rng.binomial(others, chance)
    return scope, made


def _share(rng: np.random.Generator, yes: Floats, no: Floats, draws: int) -> Floats:
    return np.asarray(rng.beta(yes + JEFFREYS_BETA, no + JEFFREYS_BETA, size=(draws, len(yes))), dtype=float)
