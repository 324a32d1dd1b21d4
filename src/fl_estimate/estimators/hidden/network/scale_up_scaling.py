"""Rules that put effects of groups on the scale of shares: what is known of some groups says what all of them mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, columns_shown, names_given, not_one_of
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    CORRELATED,
    OVERDISPERSED,
    ScaleUpChains,
    ScaleUpProblem,
)

Scaling = Literal["all", "overdispersed", "weighted", "weighted_sq"]
SCALINGS: tuple[str, ...] = get_args(Scaling)
PARTS = ("G1", "G2", "B2")


def require_scaling(problem: ScaleUpProblem, scaling: str | None, groups: Mapping[str, Any] | None) -> str:
    """The rule, "all" where the model needs one and none was asked for; "" where sizes are in the likelihood.

    Raises
    ------
    EstimateFault
        FL-EST-624: a rule that there is not, that the model does not have, or its groups.
    """
    if problem.model not in (OVERDISPERSED, CORRELATED):
        if scaling is not None or groups is not None:
            raise EstimateFault(
                "FL-EST-624", "this model has known sizes in its likelihood: nothing is left to scale",
                found=f"model={problem.model!r} with scaling=", fix="leave scaling= and scaling_groups= out",
            )  # fmt: skip
        return ""
    chosen = scaling or ("all" if groups is None else "overdispersed")
    if chosen not in SCALINGS:
        raise not_one_of("FL-EST-624", "this rule of scaling", chosen, SCALINGS)
    if chosen.startswith("weighted") and problem.model != CORRELATED:
        raise EstimateFault(
            "FL-EST-624", "weights by correlations need a model of correlations", found=f"model={problem.model!r}",
            fix='model="correlated", or scaling="all"',
        )  # fmt: skip
    if (groups is not None) != (chosen == "overdispersed"):
        raise EstimateFault(
            "FL-EST-624", 'scaling="overdispersed" and scaling_groups= belong together', found=f"scaling={chosen!r}",
            fix='scaling_groups={"G1": […], "G2": […], "B2": […]}, or G1 alone: names of known groups',
        )  # fmt: skip
    if groups is not None:
        _require_groups(problem, groups)
    return chosen


def _require_groups(problem: ScaleUpProblem, groups: Mapping[str, Any]) -> None:
    known = [name for name, hidden in zip(problem.names, problem.hidden, strict=True) if not hidden]
    wrong = [str(part) for part in groups if part not in PARTS]
    named = {part: names_given(groups[part], f"scaling_groups[{part!r}]") for part in PARTS if part in groups}
    alien = [name for names in named.values() for name in names if name not in known]
    halves = ("G2" in named) != ("B2" in named)
    if wrong or alien or halves or not named.get("G1") or not all(named.values()):
        raise EstimateFault(
            "FL-EST-624", "the groups of this scaling cannot be",
            found="; ".join(filter(None, (
                f"{len(wrong)} parts that are not G1, G2 or B2" if wrong else "", f"not known: {columns_shown(alien, known=known)}" if alien else "",
                "one of G2 and B2 without the other" if halves else "", "" if named.get("G1") else "no G1",
            ))) or "a part without a group",
            fix="G1 (rare names of one sex), with or without G2 and B2 (less rare names of that sex and of the other): known groups",
        )  # fmt: skip


def scaled_shares(
    problem: ScaleUpProblem, chains: ScaleUpChains, rule: str, groups: Mapping[str, Any] | None = None
) -> tuple[Floats, Floats]:
    """Log shares of the population, (chains, draws, groups), and the constant that was taken from them, (chains, draws).

    Parameters
    ----------
    problem : ScaleUpProblem
    chains : ScaleUpChains
    rule : str
        Of `require_scaling`.
    groups : mapping, optional

    Notes
    -----
    A known group is scaled by the others of its rule, so that its row is an estimate of it; C of all: log Σ_K e^{b_k} − log Σ_K
    P_k over the known groups K. overdispersed (Zheng, Salganik and Gelman 2006): C₁ + ½ C₂, C₁ of all in G1, C₂ = log Σ_{B2} e^b/P_{B2} −
    log Σ_{G2} e^b/P_{G2}. weighted: of group k, Σ_K w_kj e^{b_j} / Σ_K w_kj P_j with w its correlations with the known groups, negative
    ones 0, and their squares in weighted_sq; where none is positive, all.
    """
    raw = chains.log_share
    if not rule:
        return raw, np.zeros(raw.shape[:2])
    known = np.flatnonzero(~problem.hidden)
    share = problem.sizes / problem.population
    if rule == "overdispersed":
        named = {part: _positions(problem, groups or {}, part) for part in PARTS}
        base = named["G1"]
        half = np.zeros(raw.shape[:2])
        if named["B2"]:
            half = 0.5 * (_constant(raw, share, named["B2"]) - _constant(raw, share, named["G2"]))
        whole = _constant(raw, share, base) + half
        own = {k: _constant(raw, share, _but(base, k)) + half for k in base if len(base) > 1}
    else:
        base = known.tolist()
        whole = _constant(raw, share, base)
        own = {k: _constant(raw, share, _but(base, k)) for k in base if len(base) > 1}
    result = raw - whole[..., None]
    for k, constant in own.items():
        result[..., k] = raw[..., k] - constant
    if rule.startswith("weighted") and chains.correlation is not None:
        power = 2 if rule == "weighted_sq" else 1
        for k in range(raw.shape[-1]):
            others = np.array(_but(base, k), dtype=np.intp)
            weight = np.maximum(chains.correlation[..., k, others], 0.0) ** power
            weight[weight.sum(axis=-1) <= 0] = 1.0
            above: Any = special.logsumexp(raw[..., others], axis=-1, b=weight)
            result[..., k] = raw[..., k] - above + np.log(weight @ share[others])
    return result, whole


def _constant(raw: Floats, share: Floats, positions: Sequence[int]) -> Floats:
    return special.logsumexp(raw[..., list(positions)], axis=-1) - np.log(share[list(positions)].sum())


def _but(positions: Sequence[int], one: int) -> list[int]:
    return [position for position in positions if position != one]


def _positions(problem: ScaleUpProblem, groups: Mapping[str, Any], part: str) -> list[int]:
    return [problem.names.index(name) for name in names_given(groups[part], part)] if part in groups else []


def outside(shares: Floats, truth: Floats, tail: float) -> Bools:
    """Whether a known log share lies beyond either limit of its draws, (groups,)."""
    lower, upper = np.quantile(shares, [tail, 1 - tail], axis=(0, 1))
    return (truth < lower) | (truth > upper)
