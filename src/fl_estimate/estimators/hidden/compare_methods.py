"""Several methods in one place: their figures side by side, and a cross-method meta-analysis of their relative bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, labels_shown, missing_columns, not_one_of, shown
from fl_estimate.estimators.capture_recapture.posterior import tails
from fl_estimate.estimators.hidden.method_bias import MethodFigures, sample_bias
from fl_estimate.estimators.synthesis.reading import InputRows, one_of, smallest_part
from fl_estimate.inputs.seeds import known_seed
from fl_estimate.results.basis import FIGURES, Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    EQUAL_TAILED,
    LOG,
    POPULATION_SIZE,
    PREVALENCE,
    QUOTIENT,
    TOTAL,
    WALD,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Term,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Recipe, joined
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    Draws,
    Earlier,
    FromFile,
    Level,
    MoreThanZero,
    NotNegative,
    OneOf,
    OnlyWith,
    SeedOrNone,
    Some,
)

SIDE_BY_SIDE = MethodName("methods-side-by-side", named=True)
METHOD_BIAS = MethodName("cross-method-meta-analysis", named=True)
CORRECTED = Term("corrected")
BENCHMARK_UNBIASED = AssumptionCode("benchmark_unbiased", "benchmark")
BIAS_PER_METHOD = AssumptionCode("bias_per_method")
BIAS_BY_SITE = AssumptionCode("bias_by_site", "scale")
PRIOR_BIAS = AssumptionCode("prior_bias", "centre", "scale")
METHODS_INDEPENDENT = AssumptionCode("methods_independent")
SITE, METHOD = "site", "method"
OF_MODEL = OnlyWith("model", ("bias",))
KINDS: frozenset[Quantity] = frozenset({PREVALENCE, TOTAL, POPULATION_SIZE})


@method(kind="compare_methods", basis=None, family="hidden")
def compare_methods(
    estimates: Annotated[
        Mapping[str, Any] | None,
        Earlier(form=Annotated[dict[str, str], Some], national=True),
        OneOf("figures", "give either estimates made before, or figures = a file"),
    ] = None,
    *,
    figures: Annotated[Any, FromFile(needs=(SITE, METHOD, "value", "se"), figures=True)] = None,
    benchmark: str,
    model: Literal["none", "bias"] = "none",
    rows: Literal["figures", "bias"] = "figures",
    quantity: Literal["prevalence", "total"] = "prevalence",
    bias_centre: Annotated[Mapping[str, MoreThanZero] | None, OF_MODEL] = None,
    bias_scale: Annotated[MoreThanZero, OF_MODEL] = 1.0,
    between_sites: Annotated[NotNegative, OF_MODEL] = 0.0,
    draws: Annotated[Draws, OF_MODEL] = 4_000,
    seed: Annotated[SeedOrNone, OF_MODEL] = None,
    progress: Annotated[bool, NOT_IN_FILE] = False,
    level: Level = 0.95,
) -> Estimates:
    """Lay estimates by several methods side by side, and estimate the relative bias of each method from several sites.

    Use it where one population was estimated by more than one method (as in the studies of the Prevalence Reduction
    Innovation Forum), to show how far apart they are; and with ``model="bias"`` where several sites share methods, to learn how a
    method goes with the benchmark. Which method is the benchmark is a choice that no data make: a bias is relative to it.

    Parameters
    ----------
    estimates : mapping of method to Estimates, or of site to such a mapping
        One row each, a prevalence or a number of people.
    figures : frame
        Published figures instead: columns ``site``, ``method``, ``value``, ``se``.
    benchmark : str
        The method whose bias is 1.
    model : {"none", "bias"}
        ``none``: the figures, and the ratio of each to the benchmark of its site. ``bias``: the model below.
    rows : {"figures", "bias"}
        What is laid out: ``figures`` side by side (of ``model="bias"`` with the corrected figure of each site), or the relative ``bias``. With
        the same seed both are of the same draws.
    quantity : {"prevalence", "total"}
        What `figures` are.
    bias_centre : mapping of method to float, optional
        Median of the density of a method's bias before the data; 1 without it.
    bias_scale : float
        Its standard deviation on the log scale: 1 allows a factor of 7 either way.
    between_sites : float
        Scale of the half-normal density of τ, the standard deviation of a method's log bias between sites; 0 takes a method as
        equally biased everywhere.
    draws, seed : int
    progress : bool
    level : float

    Returns
    -------
    Estimates
        ``rows="figures"``: under the by-column ``site`` a row for each figure (`term` is the method), of ``model="bias"`` below one with
        the site's figure corrected (term ``corrected``). ``rows="bias"``: a ``quotient`` for each method, its relative bias; of
        ``model="none"`` one for every figure, its ratio to the benchmark of its site.

    Raises
    ------
    EstimateFault
        FL-EST-580 (figures that cannot be used, all at once); FL-EST-581 (the benchmark); FL-EST-582 (methods that no site
        connects with the benchmark); FL-EST-583 (settings); FL-EST-60, FL-EST-61 (the sampler).

    Notes
    -----
    est_ij ~ N(b_j α_i, se_ij); log b_j ~ N(log m_j, s), b = 1 of the benchmark; with `between_sites` log b_ij ~ N(log b_j, τ). α_i
    uniform on (0, 1), or of a number of people log-normal around the mean of the site with scale 2.
    Ratios of ``none``: log limits with CV² = CV²(est) + CV²(benchmark), the two taken as independent.

    References
    ----------
    Syunyaev and Humphreys (2023), pre-analysis plan of the Prevalence Reduction Innovation Forum.

    Examples
    --------
    Tunis, domestic workers: two methods, published shares.

    >>> import fl_estimate as fl, pandas as pd
    >>> tunis = pd.DataFrame({"site": "Tunis", "method": ["time-location", "mark-recapture"], "value": [0.2465, 0.2638],
    ...                       "se": [0.0204, 0.0153]})
    >>> side = fl.hidden.compare_methods(figures=tunis, benchmark="time-location", rows="bias")
    >>> side.to_frame()[["term", "value"]].round(3).to_numpy().tolist()
    [['mark-recapture', 1.07]]
    """
    if model not in ("none", "bias"):
        raise not_one_of("FL-EST-583", "this model of several methods", model, ("none", "bias"))
    if rows not in ("figures", "bias"):
        raise not_one_of("FL-EST-583", "these rows of several methods", rows, ("figures", "bias"))
    _require_settings(level, draws, bias_scale, between_sites, bias_centre)
    table = _from_estimates(estimates) if figures is None else _from_figures(estimates, figures, quantity)
    read = table.as_figures(benchmark)
    given: dict[str, Any] = {"benchmark": benchmark, "model": model, "rows": rows, "level": level}
    if model == "none":
        return _side_by_side(table, read, given, level)
    given |= {
        "bias_centre": dict(bias_centre or {}), "bias_scale": bias_scale, "between_sites": between_sites, "draws": draws,
        "seed": known_seed(seed),
    }  # fmt: skip
    _require_connected(read)
    return _modelled(table, read, given, level, progress)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """One entry a figure; `inputs` are of Estimates, none where figures were typed in."""

    site: tuple[str, ...]
    method: tuple[str, ...]
    value: Floats
    se: Floats
    inputs: tuple[InputRows, ...]
    quantity: Quantity

    @property
    def basis(self) -> str:
        return weakest(rows.basis for rows in self.inputs) if self.inputs else FIGURES

    def support(self, members: Sequence[int]) -> Support:
        """The smallest part of some of the figures."""
        if not self.inputs:
            return Support.of([np.inf], [np.inf], psus_with_cases=np.inf, df=np.inf)
        return smallest_part([self.inputs[at] for at in members], 1)

    def as_figures(self, benchmark: str) -> MethodFigures:
        if not isinstance(benchmark, str) or benchmark not in self.method:
            raise EstimateFault(
                "FL-EST-581", "no figure is by the benchmark", found=shown(benchmark),
                fix=f"one of the methods: {labels_shown(sorted(set(self.method)), most=20)}",
            )  # fmt: skip
        faults: list[str] = []
        if not (np.isfinite(self.value) & (self.value > 0)).all():
            faults.append(f"{int((~(np.isfinite(self.value) & (self.value > 0))).sum())} figures not above 0")
        if not (np.isfinite(self.se) & (self.se > 0)).all():
            faults.append(
                f"{int((~(np.isfinite(self.se) & (self.se > 0))).sum())} figures without a standard error above 0"
            )
        if self.quantity == PREVALENCE and (self.value > 1).any():
            faults.append(f"{int((self.value > 1).sum())} prevalences above 1: give proportions, not per cent")
        twice = len(self.site) - len(set(zip(self.site, self.method, strict=True)))
        if twice:
            faults.append(f"{twice} figures of a site and a method that stand there already")
        if len(self.value) < 2:
            faults.append("fewer than two figures")
        if faults:
            raise EstimateFault(
                "FL-EST-580", "figures of several methods cannot be compared", found="; ".join(faults),
                fix="a row for each site and method with value and se",
            )  # fmt: skip
        methods = (benchmark, *sorted(set(self.method) - {benchmark}))
        sites = tuple(sorted(set(self.site)))
        return MethodFigures(
            site=np.array([sites.index(one) for one in self.site]), method=np.array([methods.index(one) for one in self.method]),
            value=self.value, se=self.se, sites=sites, methods=methods, share=self.quantity == PREVALENCE,
        )  # fmt: skip


def _from_figures(estimates: Any, figures: Any, quantity: Any) -> _Table:
    if estimates is not None:
        raise EstimateFault(
            "FL-EST-580", "figures of several methods cannot be compared", found="estimates and figures",
            fix="one of the two; a published figure becomes Estimates with fl.synthesis.published",
        )  # fmt: skip
    if quantity not in ("prevalence", "total"):
        raise not_one_of("FL-EST-583", "this quantity of several methods", quantity, ("prevalence", "total"))
    try:
        lazy = nw.from_native(figures).lazy()
    except TypeError:
        raise EstimateFault(
            "FL-EST-580", "figures of several methods cannot be compared", found=type(figures).__name__,
            fix="a frame with the columns site, method, value, se",
        ) from None  # fmt: skip
    names = (SITE, METHOD, "value", "se")
    schema = lazy.collect_schema()
    absent = [name for name in names if name not in schema]
    if absent:
        raise missing_columns("FL-EST-580", absent, list(schema), EstimateFault)
    table = lazy.select(names).collect()
    columns = {name: table[name].to_list() for name in names}
    return _Table(
        site=tuple(map(str, columns[SITE])), method=tuple(map(str, columns[METHOD])), value=_numbers(columns["value"]),
        se=_numbers(columns["se"]), inputs=(), quantity=PREVALENCE if quantity == "prevalence" else TOTAL,
    )  # fmt: skip


def _numbers(values: Sequence[Any]) -> Floats:
    made = np.full(len(values), np.nan)
    for position, value in enumerate(values):
        try:
            made[position] = float(value)
        except (TypeError, ValueError):
            continue
    return made


def _from_estimates(estimates: Any) -> _Table:
    if not isinstance(estimates, Mapping) or not estimates:
        raise EstimateFault(
            "FL-EST-580", "figures of several methods cannot be compared", found=shown(estimates),
            fix="a mapping of method to Estimates, or of site to such a mapping; or figures=",
        )  # fmt: skip
    nested = all(isinstance(each, Mapping) for each in estimates.values())
    by_site: Mapping[str, Mapping[str, Any]] = estimates if nested else {"": estimates}
    entries = [(str(site), str(name), one_of(given, f"{site} {name}".strip()))
               for site, each in by_site.items() for name, given in each.items()]  # fmt: skip
    quantities = {rows.quantity for _, _, rows in entries if rows.estimates is not None}
    if len(quantities) != 1 or not quantities <= KINDS or any(rows.estimates is None for _, _, rows in entries):
        raise EstimateFault(
            "FL-EST-580", "figures of several methods cannot be compared", found=labels_shown(sorted(quantities)) or "numbers",
            fix="Estimates of one quantity: prevalence, total or population_size",
        )  # fmt: skip
    return _Table(
        site=tuple(site for site, _, _ in entries), method=tuple(name for _, name, _ in entries),
        value=np.array([rows.value[0] for _, _, rows in entries]), se=np.array([rows.se[0] for _, _, rows in entries]),
        inputs=tuple(rows for _, _, rows in entries), quantity=quantities.pop(),
    )  # fmt: skip


def _require_settings(level: Any, draws: Any, scale: Any, between: Any, centre: Any) -> None:
    wrong: list[str] = []
    if not 0 < level < 1:
        wrong.append(f"level={shown(level)}: between 0 and 1")
    if not (isinstance(draws, int) and draws >= 100):
        wrong.append(f"draws={shown(draws)}: 100 or more")
    if not (isinstance(scale, int | float) and np.isfinite(scale) and scale > 0):
        wrong.append(f"bias_scale={shown(scale)}: above 0")
    if not (isinstance(between, int | float) and np.isfinite(between) and between >= 0):
        wrong.append(f"between_sites={shown(between)}: from 0 upwards")
    if any(not (isinstance(one, int | float) and one > 0) for one in (centre or {}).values()):
        wrong.append("bias_centre: numbers above 0")
    if wrong:
        raise EstimateFault(
            "FL-EST-583",
            "settings of a comparison of methods cannot be",
            found="; ".join(wrong),
            fix="give what each asks for",
        )


def _require_connected(figures: MethodFigures) -> None:
    """Refuse methods that share no site, over others, with the benchmark: their bias would be its density before the data."""
    known, grown = {0}, True
    while grown:
        sites = {int(i) for i, j in zip(figures.site, figures.method, strict=True) if int(j) in known}
        more = {int(j) for i, j in zip(figures.site, figures.method, strict=True) if int(i) in sites}
        grown, known = not more <= known, known | more
    apart = [name for j, name in enumerate(figures.methods) if j not in known]
    if apart:
        raise EstimateFault(
            "FL-EST-582", "methods that no site connects with the benchmark have no bias relative to it",
            found=labels_shown(apart), fix="leave them out, or choose another benchmark",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _MethodRow:
    quantity: Quantity
    term: str
    site: str | None
    members: tuple[int, ...]
    value: float
    se: float
    lower: float
    upper: float
    kind: Any
    method: MethodName


def _raw(table: _Table, read: MethodFigures, level: float) -> list[_MethodRow]:
    """The figures as they are, by site and method."""
    kind = LOG if table.quantity != PREVALENCE else WALD
    lines: list[_MethodRow] = []
    for at in np.lexsort((read.method, read.site)):
        low, high = general(str(kind), read.value[[at]], read.se[[at]], np.array([np.inf]), level)
        lines.append(_MethodRow(
            quantity=table.quantity, term=table.method[at], site=table.site[at], members=(int(at),), value=float(read.value[at]),
            se=float(read.se[at]), lower=float(low[0]), upper=float(high[0]), kind=kind, method=SIDE_BY_SIDE,
        ))  # fmt: skip
    return lines


def _side_by_side(table: _Table, read: MethodFigures, given: dict[str, Any], level: float) -> Estimates:
    if given["rows"] == "figures":
        return _laid_out(table, _raw(table, read, level), given, level, [], {})
    lines: list[_MethodRow] = []
    for at in np.lexsort((read.method, read.site)):
        base = np.flatnonzero((read.site == read.site[at]) & (read.method == 0))
        if read.method[at] == 0 or not len(base):
            continue
        ratio = read.value[at] / read.value[base[0]]
        cv = np.hypot(read.se[at] / read.value[at], read.se[base[0]] / read.value[base[0]])
        low, high = general("log", np.array([ratio]), np.array([ratio * cv]), np.array([np.inf]), level)
        lines.append(_MethodRow(
            quantity=QUOTIENT, term=table.method[at], site=table.site[at], members=(int(at), int(base[0])), value=float(ratio),
            se=float(ratio * cv), lower=float(low[0]), upper=float(high[0]), kind=LOG, method=SIDE_BY_SIDE,
        ))  # fmt: skip
    return _laid_out(table, lines, given, level, [METHODS_INDEPENDENT.assume()], {})


def _modelled(table: _Table, read: MethodFigures, given: dict[str, Any], level: float, progress: bool) -> Estimates:
    medians = given["bias_centre"]
    alien = sorted(set(medians) - set(read.methods[1:]))
    if alien:
        raise EstimateFault(
            "FL-EST-583", "bias_centre names methods that have no bias to estimate", found=labels_shown(alien),
            fix=f"methods: {labels_shown(read.methods[1:], most=20)}",
        )  # fmt: skip
    centre = np.log([medians.get(name, 1.0) for name in read.methods[1:]])
    run = sample_bias(
        read, centre=centre, scale=np.full(len(centre), float(given["bias_scale"])), between=float(given["between_sites"]),
        draws=given["draws"], seed=given["seed"], progress=progress,
    )  # fmt: skip
    bias, truth = np.exp(run.draws["log_bias"]), run.draws["truth"]
    everything = tuple(range(len(read.value)))
    if given["rows"] == "bias":
        lines = [
            _posterior(QUOTIENT, name, None, everything, bias[:, j], level) for j, name in enumerate(read.methods[1:])
        ]
        draws = bias
    else:
        lines = [
            _posterior(table.quantity, CORRECTED, site, everything, truth[:, i], level)
            for i, site in enumerate(read.sites)
        ]
        draws = np.column_stack([np.full((len(bias), len(read.value)), np.nan), truth])
    assumptions = [
        BENCHMARK_UNBIASED.assume(benchmark=given["benchmark"]),
        BIAS_PER_METHOD.assume() if given["between_sites"] <= 0 else BIAS_BY_SITE.assume(scale=given["between_sites"]),
        PRIOR_BIAS.assume(centre=1.0, scale=given["bias_scale"]) if not medians else PRIOR_BIAS.assume(
            centre=", ".join(f"{name} {value:g}" for name, value in medians.items()), scale=given["bias_scale"]
        ),
        METHODS_INDEPENDENT.assume(),
    ]  # fmt: skip
    told = run.verdict.to_dict()
    if "tau" in run.draws:
        told |= {"tau": float(np.median(run.draws["tau"]))}
    before = _raw(table, read, level) if given["rows"] == "figures" else []
    flags = [code.at(row + len(before), **dict(said)) for row in range(len(lines)) for code, said in run.verdict.flags]
    return _laid_out(
        table, [*before, *lines], given, level, assumptions, told, draws=draws, reasons=flags,
        inference=Inference(chains=run.verdict.chains),
    )  # fmt: skip


def _posterior(
    quantity: Quantity, term: str, site: str | None, members: tuple[int, ...], draws: Floats, level: float
) -> _MethodRow:
    low, high = np.quantile(draws, tails(level))
    return _MethodRow(
        quantity=quantity, term=term, site=site, members=members, value=float(np.median(draws)), se=float(draws.std(ddof=1)),
        lower=float(low), upper=float(high), kind=EQUAL_TAILED, method=METHOD_BIAS,
    )  # fmt: skip


def _laid_out(
    table: _Table, lines: list[_MethodRow], given: dict[str, Any], level: float, assumptions: list[Assumption],
    told: Mapping[str, Any], *, draws: Any = None, reasons: Sequence[Any] = (), inference: Inference | None = None,
) -> Estimates:  # fmt: skip
    made = [rows.estimates for rows in table.inputs if rows.estimates is not None]
    carried = [one for each in made for one in each.assumptions]
    said = each_once([*assumptions, *carried])
    arguments = {**given, "figures": len(table.value)}
    if made:
        recipe = joined(
            [each.recipe for each in made], call="hidden.compare_methods", arguments=arguments, assumptions=said,
            measure=None if len({each.measure for each in made}) == 1 else "",
            population=None if len({each.population for each in made}) == 1 else "",
            reference_period=None if len({each.reference_period for each in made}) == 1 else "",
        )  # fmt: skip
    else:
        recipe = Recipe(assumptions=said, provenance=Provenance(call="hidden.compare_methods", arguments=arguments))
    outcomes = {str(each.frame["outcome"].iloc[0]) for each in made}
    several = any(line.site for line in lines)
    return build(
        {
            "outcome": outcomes.pop() if len(outcomes) == 1 else "",
            "term": [line.term for line in lines],
            "margin": [SITE if several and line.site is not None else "" for line in lines],
            **{name: [getattr(line, name) for line in lines] for name in ("value", "se", "lower", "upper")},
            "level": level, "interval_kind": [line.kind for line in lines],
        },
        {SITE: [line.site for line in lines]} if several else None,
        quantity=[line.quantity for line in lines], method=[line.method for line in lines], basis=table.basis,
        recipe=replace(recipe, wording=recipe.wording.of_origin),
        support=Support.joined([table.support(line.members) for line in lines]), diagnostics=told, draws=draws,
        reasons=reasons, inference=inference,
    )  # fmt: skip
