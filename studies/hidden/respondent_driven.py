"""Respondent-driven sampling: RDS-I, RDS-II and successive sampling on networks of known prevalence, where they hold and where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studies.hidden.cells import Cell, Drawn

REPLICATES = 300
LARGE: dict[str, Any] = {"population": 20_000, "n": 400, "mean_degree": 10.0, "activity": 1.5, "homophily": 1.2}
"""A sample of 2 %, of cases who know half as many people again as others, and know each other a little better."""
SMALL: dict[str, Any] = {"population": 1000, "n": 400, "mean_degree": 10.0, "activity": 2.0, "homophily": 1.2}
"""A sample of 40 %."""


def _drawing(method: str, drawn: dict[str, Any], **settings: Any) -> Callable[[int], Drawn]:
    def draw(seed: int) -> Drawn:
        import fl_estimate as fl

        sample = fl.hidden.simulate_rds(**drawn, seed=seed)
        estimator: Any = getattr(fl.hidden, method)
        replicated = {} if settings.get("variance") == "linearised" else {"replicates": REPLICATES}
        made = estimator(sample.people, "outcome", seed=seed, **replicated, **settings)
        return made.value, made.lower, made.upper, sample.prevalence

    return draw


def _cell(
    estimator: str, situation: str, method: str, drawn: dict[str, Any], *, holds: bool = True, **settings: Any
) -> Cell:
    return Cell(
        design="respondent-driven", estimator=estimator, situation=situation, holds=holds,
        draw=_drawing(method, drawn, **settings),
    )  # fmt: skip


_TWO, _FORTY = "2 % of the population, random recruitment", "40 % of the population, random recruitment"
_STATED: dict[str, Any] = {"variance": "linearised", "design_effect": 2.0}
_WALKS: dict[str, Any] = {**LARGE, "seeds": 10, "coupons": 1, "returned": 1.0, "with_replacement": True}

CELLS: tuple[Cell, ...] = (
    _cell("RDS-II, tree bootstrap", _TWO, "rds_ii", LARGE, variance="tree"),
    _cell("RDS-II, Salganik's bootstrap", _TWO, "rds_ii", LARGE, variance="salganik"),
    _cell("RDS-II, linearised × 2", _TWO, "rds_ii", LARGE, **_STATED),
    _cell("RDS-I, Salganik's bootstrap", _TWO, "rds_i", LARGE, variance="salganik"),
    _cell("RDS-I, tree bootstrap", _TWO, "rds_i", LARGE, variance="tree"),
    _cell("SS, tree bootstrap", _TWO, "gile_ss", LARGE, variance="tree", population=20_000),
    _cell("SS, Gile's bootstrap", _TWO, "gile_ss", LARGE, variance="gile", population=20_000),
    _cell("RDS-II, tree bootstrap", "random walks with replacement", "rds_ii", _WALKS, variance="tree"),
    _cell("RDS-II, Salganik's bootstrap", "random walks with replacement", "rds_ii", _WALKS, variance="salganik"),
    _cell("SS, tree bootstrap", _FORTY, "gile_ss", SMALL, variance="tree", population=1000),
    _cell("SS, Gile's bootstrap", _FORTY, "gile_ss", SMALL, variance="gile", population=1000),
    _cell("SS, linearised × 2", _FORTY, "gile_ss", SMALL, **_STATED, population=1000),
    _cell("RDS-II, tree bootstrap", _FORTY, "rds_ii", SMALL, holds=False, variance="tree"),
    _cell("SS, Gile's bootstrap", "40 %, population taken for twice as large", "gile_ss", SMALL, holds=False,
          variance="gile", population=2000),
    _cell("RDS-II, tree bootstrap", "cases report twice their degree", "rds_ii", {**LARGE, "case_degree_factor": 2.0},
          holds=False, variance="tree"),
    _cell("RDS-II, tree bootstrap", "degrees reported with a log SD of 0.5", "rds_ii", {**LARGE, "degree_error": 0.5},
          holds=False, variance="tree"),
    _cell("RDS-II, tree bootstrap", "recruiters prefer cases, 2 to 1", "rds_ii", {**LARGE, "preference": 2.0},
          holds=False, variance="tree"),
    _cell("RDS-II, tree bootstrap", "bottleneck, one seed who is no case", "rds_ii",
          {**LARGE, "homophily": 8.0, "seeds": 1, "seeds_from": "others"}, holds=False, variance="tree"),
    _cell("RDS-II, Salganik's bootstrap", "bottleneck, one seed who is no case", "rds_ii",
          {**LARGE, "homophily": 8.0, "seeds": 1, "seeds_from": "others"}, holds=False, variance="salganik"),
    _cell("SS, Gile's bootstrap", "bottleneck, one seed who is no case", "gile_ss",
          {**LARGE, "homophily": 8.0, "seeds": 1, "seeds_from": "others"}, holds=False, variance="gile", population=20_000),
)  # fmt: skip
