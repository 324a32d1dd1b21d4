"""People who answer indirect questions, drawn with a known truth: `fl.hidden.simulate_list_experiment` and its sister."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.indirect.randomised_devices import RandomisedModel, device_of
from fl_estimate.inputs.seeds import known_seed

NODES = 80
"""Of the integral over the shifts of people."""


def simulate_list_experiment(
    n: int,
    *,
    prevalence: float = 0.1,
    items: int = 4,
    item_shares: float = 0.4,
    overdispersion: float = 0.0,
    slope: float = 0.0,
    psus: int = 0,
    clustering: float = 0.0,
    ceiling: float = 0.0,
    floor: float = 0.0,
    design_effect: float = 0.0,
    denial: float = 0.5,
    seed: int | None = None,
) -> pd.DataFrame:
    """Draw the answers of a list experiment from people whose status is known.

    Use it to plan a sample, and to see what a failure of the assumptions does.

    Parameters
    ----------
    n : int
        People; half of them, by chance, are shown the longer list (half of every primary unit, where there are units).
    prevalence : float
        Of the sensitive item.
    items : int
        Control items, J.
    item_shares : float
        Share with which each control item holds.
    overdispersion : float
        ρ of the beta-binomial count of control items; 0 is binomial.
    slope : float
        Change of the log-odds of the sensitive item, and half as much of a control item, by one unit of the covariate ``x``
        (standard normal). The prevalence of the population stays as given.
    psus : int
        Primary units of equal size; 0 draws people alone.
    clustering : float
        Standard deviation of the log-odds of the sensitive item, and of a control item, between units; without units it has no meaning.
    ceiling, floor : float
        Share of those who have the item and all others, or the item alone, that hide it.
    design_effect : float
        Share of the treated who count one control item less because the sensitive one is on the list.
    denial : float
        Share of those who have the item that deny it in ``direct``.
    seed : int, optional

    Returns
    -------
    pandas.DataFrame
        ``count``, ``treatment``, ``x``, ``psu``, ``weight`` (1 to 3, unrelated to the item), ``truth`` (0/1) and ``direct``.

    Raises
    ------
    EstimateFault
        FL-EST-656: a setting out of its range.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_list_experiment(1000, prevalence=0.2, items=3, seed=7)
    >>> sorted(people["count"].unique().tolist()), round(float(people["truth"].mean()), 2)
    ([0, 1, 2, 3, 4], 0.19)
    """
    shares = {
        "prevalence": prevalence, "item_shares": item_shares, "overdispersion": overdispersion, "ceiling": ceiling,
        "floor": floor, "design_effect": design_effect, "denial": denial,
    }  # fmt: skip
    _require({"n": n, "items": items}, shares, {"slope": slope}, {"psus": psus, "clustering": clustering})
    rng = np.random.default_rng(known_seed(seed))
    unit, treated = _assigned(rng, int(n), int(psus))
    x = rng.standard_normal(n)
    clustering = clustering if psus else 0.0
    between = clustering * rng.standard_normal((2, int(psus) or 1))[:, unit]
    truth = rng.random(n) < _shares(prevalence, slope * x + between[0], np.hypot(slope, clustering))
    p = _shares(item_shares, slope / 2 * x + between[1], np.hypot(slope / 2, clustering))
    if overdispersion > 0:
        scale = (1 - overdispersion) / overdispersion
        p = rng.beta(np.maximum(p * scale, 1e-9), np.maximum((1 - p) * scale, 1e-9))
    control = rng.binomial(int(items), np.clip(p, 0, 1))
    fewer = treated & (rng.random(n) < design_effect)
    control = np.where(fewer, np.maximum(control - 1, 0), control)
    hides = rng.random(n) < np.where(control == items, ceiling, np.where(control == 0, floor, 0.0))
    count = control + (treated & truth & ~hides)
    return pd.DataFrame({
        "count": count.astype(int), "treatment": treated.astype(int), "x": x, "psu": unit + 1,
        "weight": rng.uniform(1.0, 3.0, n), "truth": truth.astype(int),
        "direct": (truth & (rng.random(n) >= denial)).astype(int),
    })  # fmt: skip


def simulate_randomised_response(
    n: int,
    *,
    model: RandomisedModel = "warner",
    probabilities: float | Mapping[str, float] = 0.2,
    prevalence: float = 0.1,
    slope: float = 0.0,
    psus: int = 0,
    clustering: float = 0.0,
    disobedience: float = 0.0,
    inattention: float = 0.0,
    anchor_probability: float | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """Draw answers to a randomised response or crosswise question from people whose status is known.

    Parameters
    ----------
    n : int
    model, probabilities
        As in `randomised_response`.
    prevalence, slope, psus, clustering
        As in `simulate_list_experiment`.
    disobedience : float
        Share of people who answer 0 whatever the device says (self-protective "no").
    inattention : float
        Share of people who answer by tossing a coin.
    anchor_probability : float, optional
        Of the harmless statement that stands beside an anchor that holds for nobody: gives the column ``anchor``.
    seed : int, optional

    Returns
    -------
    pandas.DataFrame
        ``answer`` (0/1), ``anchor`` where asked for, ``x``, ``psu``, ``weight`` and ``truth``.

    Raises
    ------
    EstimateFault
        FL-EST-656; FL-EST-650, FL-EST-651 (the device).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.hidden.simulate_randomised_response(1000, model="forced", probabilities={"truth": 0.75, "yes": 0.1}, seed=7)
    >>> round(float(people["answer"].mean()), 2)
    0.17
    """
    shares = {"prevalence": prevalence, "disobedience": disobedience, "inattention": inattention}
    shares |= {} if anchor_probability is None else {"anchor_probability": anchor_probability}
    _require({"n": n}, shares, {"slope": slope}, {"psus": psus, "clustering": clustering})
    device = device_of(model, probabilities)
    rng = np.random.default_rng(known_seed(seed))
    unit, _ = _assigned(rng, int(n), int(psus))
    x = rng.standard_normal(n)
    clustering = clustering if psus else 0.0
    between = clustering * rng.standard_normal(int(psus) or 1)[unit]
    truth = rng.random(n) < _shares(prevalence, slope * x + between, np.hypot(slope, clustering))
    answer = rng.random(n) < device.base + device.slope * truth
    answer &= rng.random(n) >= disobedience
    tosses = rng.random(n) < inattention
    answer = np.where(tosses, rng.random(n) < 0.5, answer)
    columns: dict[str, Any] = {"answer": answer.astype(int)}
    if anchor_probability is not None:
        # Who reads it says "the same" where the harmless statement does not hold either.
        anchor = np.where(tosses, rng.random(n) < 0.5, rng.random(n) < 1 - anchor_probability)
        columns["anchor"] = anchor.astype(int)
    return pd.DataFrame({
        **columns, "x": x, "psu": unit + 1, "weight": rng.uniform(1.0, 3.0, n), "truth": truth.astype(int),
    })  # fmt: skip


def _assigned(rng: np.random.Generator, n: int, psus: int) -> tuple[Any, Bools]:
    """The unit of each, and who is shown the longer list: half of every unit."""
    unit = np.zeros(n, dtype=np.intp) if psus == 0 else np.arange(n) * psus // n
    order = np.lexsort((rng.random(n), unit))
    treated = np.zeros(n, dtype=bool)
    treated[order[1::2]] = True
    return unit, treated


def _shares(share: float, shift: Floats, spread: float) -> Floats:
    """Shares that differ by a normal shift of their log-odds, of which the spread is known, with the mean asked for over all shifts."""
    from scipy.optimize import brentq
    from scipy.special import expit

    if share in (0.0, 1.0) or spread == 0:
        return np.full(len(shift), share)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    centre: float = brentq(lambda at: float(weights @ expit(at + spread * nodes)) - share, -60, 60)  # pyright: ignore[reportAssignmentType]
    return np.asarray(expit(centre + shift), dtype=float)


def _require(
    counts: Mapping[str, Any], shares: Mapping[str, Any], finite: Mapping[str, Any], not_negative: Mapping[str, Any]
) -> None:
    wrong = [
        f"{name} = {shown(v)}: a whole number from 1 on"
        for name, v in counts.items()
        if not (_is_number(v) and v >= 1 and v == int(v))
    ]
    wrong += [f"{name} = {shown(v)}: from 0 to 1" for name, v in shares.items() if not (_is_number(v) and 0 <= v <= 1)]
    wrong += [f"{name} = {shown(v)}: a number" for name, v in finite.items() if not _is_number(v)]
    wrong += [f"{name} = {shown(v)}: from 0 on" for name, v in not_negative.items() if not (_is_number(v) and v >= 0)]
    if wrong:
        raise EstimateFault(
            "FL-EST-656",
            "people cannot be drawn with these settings",
            found="; ".join(wrong),
            fix="as the docstring says",
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))
