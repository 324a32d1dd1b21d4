"""`capture_recapture`: case lists by region, one log-linear model whose parameters regions share in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.estimators.capture_recapture.existence import existence, full_counts, is_identifiable, reduce_model
from fl_estimate.estimators.capture_recapture.terms import Term, Terms, design_matrix, model_name, read_terms, term_name
from fl_estimate.estimators.hierarchical.engines.latent_nuts import sample_latent
from fl_estimate.estimators.hierarchical.engines.varying_effects import LatentDraws, VaryingEffects, draw_latent
from fl_estimate.estimators.hierarchical.model.asked import check_numbers, tails_of, weighted_figures
from fl_estimate.estimators.hierarchical.model.posterior import weighted_summary
from fl_estimate.estimators.hierarchical.model.priors import Density, Prior, coefficient_of, sigma_of
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    DARK_FIGURE,
    EQUAL_TAILED,
    NO_HIGHEST_INTERACTION,
    POPULATION_SIZE,
    UNIT_PRIOR,
    AssumptionCode,
    MethodName,
    Reason,
    ReasonCode,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import Draws, Level, SeedOrNone

STRATUM_NO_ESTIMATE_ALONE = ReasonCode("stratum_no_estimate_alone")
STRATA_POOLED = AssumptionCode("lists_pooled", "strata")
LISTS_POOLED = MethodName("lists-pooled")


SETS: tuple[str, ...] = ("size", "lists", "interactions")
"""Sets of effects that differ by stratum: the dark figure, the lists' coverage, the interactions."""
_DEFAULT = {"size": 2.0, "lists": 1.0, "interactions": 0.5}
_FIX = 'read them with CaptureHistories.strata(frame, lists=[…], by="region")'


@method(kind=None, basis="lists", family="hierarchical")
def capture_recapture(
    strata: Mapping[Any, CaptureHistories],
    *,
    terms: Terms = "two-way",
    by: str = "stratum",
    sampler: Literal["grid", "nuts"] = "grid",
    prior: Prior | None = None,
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate how many people are on no list in every stratum, each stratum borrowing from the others.

    Use it where the same lists work in several regions (years, sexes), and some regions have too few people on two lists
    for a model of their own. Do not use it where lists mean different things from region to region.

    Parameters
    ----------
    strata : mapping of label to CaptureHistories
        The same lists in every stratum, as `CaptureHistories.strata` gives them.
    terms : "main", "two-way" or list of sets of lists
        Of the log-linear model, the same in every stratum.
    by : str
        What the strata are called in the answer.
    sampler : {"grid", "nuts"}
        As in `unit`.
    prior : Prior, optional
        `intercept` of the log dark figure, by default normal(log of the mean number listed, 3); `slopes` of lists and
        interactions together, by default normal(0, 2.5) for lists and normal(0, 1) for interactions; `sigma` one text, or
        a mapping from "size", "lists" and "interactions", by default half-normal with 2, 1 and 0.5.
    level, draws, seed
        As in `unit`.

    Returns
    -------
    Estimates
        `population_size` and `dark_figure`: of all strata together, then of each. `value` is the posterior median.
        `.draws` are joint. Reasons name strata whose own model has no estimate.

    Raises
    ------
    EstimateFault
        FL-EST-31, FL-EST-32, FL-EST-107, FL-EST-116, FL-EST-117; FL-EST-60, FL-EST-61.

    Notes
    -----
    N_ws ~ Poisson, log mean = a_s + Σ b_is over the lists i in history w + Σ g_ps over the terms p in w, and a_s = a + sigma_a z,
    b_is = b_i + sigma_b z, g_ps = g_p + sigma_g z. The dark figure of s is Poisson with mean exp(a_s). That the interaction
    of all lists is zero is taken for granted, as in any log-linear model.

    References
    ----------
    Fienberg, Johnson and Junker (1999), Journal of the Royal Statistical Society A 162(3), 383-405, for hierarchical
    models of lists; Gelman and Hill (2007), Data Analysis Using Regression and Multilevel Models, ch. 15.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> rows = [("N", 1, 0, 40), ("N", 0, 1, 60), ("N", 1, 1, 10), ("S", 1, 0, 9), ("S", 0, 1, 14), ("S", 1, 1, 1)]
    >>> frame = pd.DataFrame(rows, columns=["region", "police", "ngo", "count"])
    >>> strata = fl.CaptureHistories.strata(frame, lists=["police", "ngo"], by="region", count="count")
    >>> estimates = fl.hierarchical.capture_recapture(strata, terms="main", by="region", seed=1)
    >>> estimates["N"].to_frame()["quantity"].tolist()
    ['population_size', 'dark_figure']
    """
    check_numbers(level, draws, seed)
    check_by_columns([by])
    if sampler not in ("grid", "nuts"):
        raise not_one_of("FL-EST-107", "this sampler", sampler, ("grid", "nuts"))
    tables = _checked(strata)
    model = read_terms(tables[0], terms)
    _refuse_unidentified(tables[0], model)
    used = known_seed(seed)
    laid = _lay(tables, model, prior)
    result = _sample(laid.latent, sampler, draws, used)
    sizes = _sizes(result, laid)
    return _answer(strata, tables, model, laid, result, sizes, by=by, level=level, draws=draws, seed=used,
                   arguments={"terms": model_name(tables[0], model), "sampler": sampler, "seed": seed})  # fmt: skip


def _checked(strata: Any) -> list[CaptureHistories]:
    tables: list[Any] = list(strata.values()) if isinstance(strata, Mapping) else []
    if len(tables) < 2 or not all(isinstance(table, CaptureHistories) for table in tables):
        raise EstimateFault(
            "FL-EST-117",
            "the strata are not two or more sets of capture histories",
            found=type(strata).__name__,
            fix=_FIX,
        )
    first = tables[0]
    other = [str(label) for label, table in strata.items() if set(table.lists) != set(first.lists) or table.ordered]
    if other:
        raise EstimateFault(
            "FL-EST-117", "strata must have the same lists, side by side", found=listed(other),
            fix="a list that nobody of a stratum is on stays as a column of zeros; merge or leave out the others",
        )  # fmt: skip
    # The same order of lists everywhere.
    return [table if table.lists == first.lists else _ordered(table, first.lists) for table in tables]


def _ordered(table: CaptureHistories, lists: Sequence[str]) -> CaptureHistories:
    positions = [table.lists.index(name) for name in lists]
    return replace(table, lists=tuple(lists), members=table.members[:, positions])


def _refuse_unidentified(table: CaptureHistories, model: tuple[Term, ...]) -> None:
    if is_identifiable(design_matrix(all_histories(len(table.lists)), model)):
        return
    raise EstimateFault(
        "FL-EST-116", "these terms cannot be told apart with these lists", found=model_name(table, model),
        fix='take fewer terms, or terms="main"',
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _PooledModel:
    """The model in arrays; rows of the dark figures are `dark`, (strata, r) of the basis."""

    latent: VaryingEffects
    dark: Floats
    names: tuple[str, ...]
    sets: tuple[str, ...]
    prior_texts: Mapping[str, str]


def _lay(tables: Sequence[CaptureHistories], model: tuple[Term, ...], prior: Prior | None) -> _PooledModel:
    members = all_histories(len(tables[0].lists))
    one = design_matrix(members, model)
    several = len(tables)
    x = np.tile(one, (several, 1))
    basis: Floats = np.asarray(np.kron(np.eye(several), one), dtype=float)
    kind = np.array([0, *(1 if len(term) == 1 else 2 for term in model)])
    sets = SETS if (kind == 2).any() else SETS[:2]
    given = prior.sigma if prior is not None else None
    unknown = [name for name in given if name not in sets] if isinstance(given, Mapping) else []
    if unknown:
        raise not_one_of("FL-EST-116", "this set of effects with a prior", str(unknown[0]), sets)
    sigma = tuple(sigma_of(prior, name, Density("half-normal", (_DEFAULT[name],))) for name in sets)
    centre = float(np.log(max(np.mean([table.n for table in tables]), 1.0)))
    intercept = coefficient_of(prior, "intercept", Density("normal", (centre, 3.0)))
    lists = coefficient_of(prior, "slopes", Density("normal", (0.0, 2.5)))
    pairs = coefficient_of(prior, "slopes", Density("normal", (0.0, 1.0)))
    every = [(intercept, lists, pairs)[k] for k in kind]
    # Flat priors of coefficients leave no posterior where a pair of lists has no overlap anywhere.
    if any(not density.numbers for density in every):
        raise EstimateFault(
            "FL-EST-116", "flat priors of coefficients may leave no posterior", found=f"intercept {intercept}, slopes {lists}",
            fix='give normal(m, s)',
        )  # fmt: skip
    latent = VaryingEffects(
        family="poisson", y=np.concatenate([full_counts(table, members) for table in tables]), size=np.ones(len(x)), x=x,
        basis=basis, term=np.tile(kind, several).astype(np.int64),
        mean=np.array([density.numbers[0] for density in every]),
        precision=np.array([density.numbers[1] ** -2 for density in every]), sigma=sigma,
    )  # fmt: skip
    dark = np.zeros((several, basis.shape[1]))
    dark[np.arange(several), np.arange(several) * one.shape[1]] = 1.0
    names = ("log dark figure", *(term_name(tables[0], term) for term in model))
    said = {f"sigma of {name}": str(density) for name, density in zip(sets, sigma, strict=True)}
    said |= {"log dark figure": str(intercept), "lists": str(lists)}
    said |= {"interactions": str(pairs)} if len(sets) == 3 else {}
    return _PooledModel(latent=latent, dark=dark, names=names, sets=sets, prior_texts=said)


def _sample(model: VaryingEffects, sampler: str, draws: int, seed: int) -> LatentDraws:
    if sampler == "nuts":
        return sample_latent(model, draws, seed)
    found, weighted = draw_latent(model)
    if weighted.good:
        return found
    chains = sample_latent(model, draws, seed)
    noted = {"importance_ess": weighted.ess, "importance_pareto_k": weighted.pareto_k, "fallback": "nuts"}
    return replace(chains, diagnostics={**chains.diagnostics, **noted})


def _sizes(draws: LatentDraws, model: _PooledModel) -> Floats:
    """Draws of the dark figures of all strata together and of each, (N, 1 + strata)."""
    mean = np.exp(np.minimum(draws.beta[:, :1] + draws.effects @ model.dark.T, 40.0))
    dark = np.random.default_rng(0).poisson(np.minimum(mean, 1e15)).astype(float)
    return np.column_stack([dark.sum(axis=1), dark])


def _answer(
    strata: Mapping[Any, CaptureHistories],
    tables: Sequence[CaptureHistories],
    model: tuple[Term, ...],
    laid: _PooledModel,
    found: LatentDraws,
    dark: Floats,
    *,
    by: str,
    level: float,
    draws: int,
    seed: int,
    arguments: Mapping[str, Any],
) -> Estimates:
    """Two rows for all strata and for each: population size, dark figure."""
    tails, first = tails_of(level), tables[0]
    figures = weighted_figures(dark, found.weight, tails)
    seen = np.array([sum(table.n for table in tables), *(table.n for table in tables)])
    positions, chains = found.keep(draws, np.random.default_rng(seed))
    kept = dark[positions]
    cells = laid.latent.observed(
        [
            f"{label}, {':'.join(np.array(first.lists)[on.astype(bool)])}"
            for label in strata
            for on in all_histories(len(first.lists))
        ]
    )
    rows = 2 * len(seen)

    def paired(values: Floats, *, shift: bool) -> Floats:
        return np.column_stack([values + seen if shift else values, values]).ravel()

    margins = ["", *[by] * len(tables)]
    labels = [None, *strata]
    columns: dict[str, Any] = {
        "outcome": first.outcome, "term": model_name(first, model), "margin": [margin for margin in margins for _ in (0, 1)],
        **{name: paired(figures[name], shift=True) for name in ("value", "lower", "upper")},
        "se": paired(figures["se"], shift=False), "level": level, "interval_kind": EQUAL_TAILED, "n": np.repeat(seen, 2),
    }  # fmt: skip
    alone = [existence(table, reduce_model(table, model)) for table in tables]
    reasons = [
        STRATUM_NO_ESTIMATE_ALONE.at(row)
        for position, own in enumerate(alone)
        if own.code
        for row in (2 * position + 2, 2 * position + 3)
    ]
    reasons += [Reason(code=code, row=row, parameters=p) for code, p in found.flags for row in range(rows)]
    assumptions = [STRATA_POOLED.assume(strata=len(tables)), NO_HIGHEST_INTERACTION.assume(lists=len(first.lists))]
    assumptions += [UNIT_PRIOR.assume(name=name, prior=text) for name, text in laid.prior_texts.items()]
    named = [*zip(laid.names, found.beta.T, strict=True)]
    named += zip([f"sigma of {name}" for name in laid.sets], found.sigma.T, strict=True)
    return build(
        columns,
        {by: [label for label in labels for _ in (0, 1)]},
        quantity=[POPULATION_SIZE, DARK_FIGURE] * len(seen),
        method=LISTS_POOLED,
        basis="lists",
        recipe=Recipe(
            population=first.population,
            period=Period(first.reference_period),
            assumptions=tuple(assumptions),
            provenance=Provenance(
                call="hierarchical.capture_recapture",
                arguments={**arguments, "lists": list(first.lists), "by": by, "level": level, "draws": draws, "prior": dict(laid.prior_texts)},
                source_name="capture histories",
                source_sha256=first.content_hash,
            ),
        ),
        reasons=reasons,
        diagnostics={
            **found.diagnostics, "seed": seed, "flags": [code for code, _ in found.flags],
            "parameters": {name: weighted_summary(values, found.weight, tails) for name, values in named},
            "alone": {str(label): own.status for label, own in zip(strata, alone, strict=True)},
        },
        draws=np.stack([kept + seen, kept], axis=2).reshape(len(kept), -1),
        inference=found.to_inference(positions, chains, laid.names, laid.sets, cells),
        support=Support.of(np.repeat(seen, 2)),
    )  # fmt: skip
