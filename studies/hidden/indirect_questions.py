"""List experiments, randomised response and crosswise questions: recovery of a known share, clustered designs among them, and what failures do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import fl_estimate as fl
from studies.hidden.cells import Cell, Drawn

N, PSUS, SHARE = 1500, 50, 0.15
DESIGN = "indirect questions"
CLUSTERED = fl.Design(weights="weight", psu="psu")
ALONE = fl.Design(weights="weight")
FORCED: dict[str, Any] = {"model": "forced", "probabilities": {"yes": 0.1, "no": 0.1}}
CROSSWISE: dict[str, Any] = {"model": "crosswise", "probabilities": 0.15}
ANCHOR: dict[str, Any] = {"anchor": "anchor", "anchor_probability": 0.1}
IN_CLUSTERS: dict[str, Any] = {"psus": PSUS, "clustering": 0.6}


def _list(
    drawn: Mapping[str, Any], asked: Mapping[str, Any], *, design: fl.Design = CLUSTERED, share: float = SHARE
) -> Callable[[int], Drawn]:
    def draw(seed: int) -> Drawn:
        people = fl.hidden.simulate_list_experiment(N, **{"prevalence": share, "items": 4, "seed": seed, **drawn})
        items = int(drawn.get("items", 4))
        made = fl.hidden.list_experiment(people, "count", "treatment", items=items, design=design, **asked)
        return made.value, made.lower, made.upper, share

    return draw


def _randomised(
    drawn: Mapping[str, Any], asked: Mapping[str, Any], *, design: fl.Design = CLUSTERED
) -> Callable[[int], Drawn]:
    def draw(seed: int) -> Drawn:
        device = {name: asked[name] for name in ("model", "probabilities")}
        people = fl.hidden.simulate_randomised_response(N, prevalence=SHARE, seed=seed, **device, **drawn)
        made = fl.hidden.randomised_response(people, "answer", design=design, **asked)
        return made.value, made.lower, made.upper, SHARE

    return draw


def _slope_of_list(seed: int) -> Drawn:
    people = fl.hidden.simulate_list_experiment(4000, prevalence=0.3, items=4, slope=0.8, seed=seed)
    made = fl.hidden.regress_list_experiment(people, "count ~ x", "treatment", items=4, estimator="ml", design=ALONE)[
        "x"
    ]
    return made.value, made.lower, made.upper, 0.8


def _slope_of_randomised(seed: int) -> Drawn:
    people = fl.hidden.simulate_randomised_response(4000, prevalence=0.3, slope=0.8, seed=seed, **FORCED)
    made = fl.hidden.regress_randomised_response(people, "answer ~ x", design=ALONE, **FORCED)["x"]
    return made.value, made.lower, made.upper, 0.8


def _cell(
    estimator: str, situation: str, draw: Callable[[int], Drawn], *, holds: bool = True, share: float = 1.0
) -> Cell:
    return Cell(design=DESIGN, estimator=estimator, situation=situation, holds=holds, draw=draw, share=share)


ML: dict[str, Any] = {"estimator": "ml"}
DIFFERENCE = "list experiment: difference of the arms"
LIKELIHOOD = "list experiment: maximum likelihood"
CELLS: tuple[Cell, ...] = (
    _cell(DIFFERENCE, "50 clusters", _list(IN_CLUSTERS, {})),
    _cell(
        "list experiment combined with a direct question", "50 clusters, half of those concerned deny it",
        _list({**IN_CLUSTERS, "denial": 0.5}, {"estimator": "combined", "direct": "direct"}),
    ),
    _cell(
        "list experiment: non-linear least squares", "50 clusters, a covariate",
        _list({"psus": PSUS, "clustering": 0.3, "slope": 0.7}, {"estimator": "nls", "covariates": "x"}), share=0.5,
    ),
    _cell(LIKELIHOOD, "a covariate, independent items", _list({"slope": 0.7, "items": 3}, {**ML, "covariates": "x"}, design=ALONE, share=0.3), share=0.5),
    _cell(
        "list experiment: maximum likelihood, beta-binomial", "items that go together (ρ = 0.15)",
        _list({"overdispersion": 0.15}, {**ML, "overdispersed": True}, design=ALONE, share=0.3), share=0.5,
    ),
    _cell(
        "list experiment: maximum likelihood with a ceiling", "30 % of those with all items hide",
        _list({"items": 2, "item_shares": 0.6, "ceiling": 0.3}, {**ML, "ceiling": True}, design=ALONE, share=0.3), share=0.5,
    ),
    _cell("list experiment: regression, log-odds of a covariate", "4,000 people, 30 % concerned", _slope_of_list, share=0.5),
    _cell("Warner (p = 0.2)", "50 clusters", _randomised(IN_CLUSTERS, {"model": "warner", "probabilities": 0.2})),
    _cell("forced answers (80 % truth)", "50 clusters", _randomised(IN_CLUSTERS, FORCED)),
    _cell(
        "unrelated question (p = 0.7, share 0.3)", "50 clusters",
        _randomised(IN_CLUSTERS, {"model": "unrelated", "probabilities": {"sensitive": 0.7, "unrelated": 0.3}}),
    ),
    _cell("crosswise (p = 0.15)", "50 clusters", _randomised(IN_CLUSTERS, CROSSWISE)),
    _cell(
        "crosswise with an anchor", "50 clusters, 20 % toss a coin",
        _randomised({**IN_CLUSTERS, "inattention": 0.2, "anchor_probability": 0.1}, {**CROSSWISE, **ANCHOR}),
    ),
    _cell("randomised response: regression, log-odds of a covariate", "4,000 people, 30 % concerned", _slope_of_randomised),
    _cell("forced answers (80 % truth)", "15 unlike clusters, analysed as a simple random sample", _randomised({"psus": 15, "clustering": 1.2}, FORCED, design=ALONE), holds=False),
    _cell(DIFFERENCE, "15 unlike clusters, analysed as a simple random sample", _list({"psus": 15, "clustering": 1.2}, {}, design=ALONE), holds=False),
    _cell(DIFFERENCE, "a design effect: 10 % count one control item less", _list({**IN_CLUSTERS, "design_effect": 0.1}, {}), holds=False),
    _cell(
        DIFFERENCE, "2 items, and 50 % of those with all of them hide",
        _list({"items": 2, "item_shares": 0.6, "ceiling": 0.5, "psus": PSUS}, {}), holds=False,
    ),
    _cell(LIKELIHOOD, "items that go together (ρ = 0.15)", _list({"overdispersion": 0.15}, ML, design=ALONE, share=0.3), holds=False, share=0.5),
    _cell("forced answers (80 % truth)", "50 clusters, 10 % say no whatever the device says", _randomised({**IN_CLUSTERS, "disobedience": 0.1}, FORCED), holds=False),
    _cell("crosswise (p = 0.15)", "50 clusters, 20 % toss a coin", _randomised({**IN_CLUSTERS, "inattention": 0.2}, CROSSWISE), holds=False),
)  # fmt: skip
