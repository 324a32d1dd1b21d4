"""Case lists drawn from a model whose number of people is known, and how well a method finds it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, FlError, listed
from fl_estimate.estimators.capture_recapture.fitting import fit_poisson
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.terms import Terms, read_terms
from fl_estimate.inputs.histories import CaptureHistories, all_histories
from fl_estimate.results.estimates import Estimates


@dataclass(frozen=True, kw_only=True, eq=False)
class ListModel:
    """People and the chance of each history.

    Attributes
    ----------
    lists : tuple of str
    size : int
        All people, those on no list too.
    chances : array, shape (2^t − 1,)
        Of each history with a list, in the order of `all_histories`; what is missing to 1 is the chance of none.
    """

    lists: tuple[str, ...]
    size: int
    chances: Floats

    @property
    def expected_observed(self) -> float:
        """People expected on at least one list."""
        return self.size * float(self.chances.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """What a method gave on simulated lists.

    Attributes
    ----------
    size : int
        The true number of people.
    results : pandas.DataFrame
        One row a data set: value, lower, upper, and the code of the error where the method refused (else empty).
    """

    size: int
    results: pd.DataFrame

    def summary(self) -> pd.Series:
        """Bias, error and coverage over the data sets with an estimate.

        ``relative_bias`` and ``median_relative_error`` of N; ``rmse`` in persons and ``log_rmse`` of log N; ``coverage`` with
        its standard error; ``truth_above`` and ``truth_below`` the interval; ``median_width`` in persons; ``refused``
        the share of data sets without an estimate. An interval without a limit covers on that side.
        """
        kept = self.results[self.results["refused"] == ""]
        value = kept["value"].to_numpy(dtype=float)
        above = kept["upper"].to_numpy(dtype=float) < self.size
        below = kept["lower"].to_numpy(dtype=float) > self.size
        coverage = float((~above & ~below).mean()) if len(kept) else np.nan
        return pd.Series(
            {
                "datasets": float(len(self.results)),
                "relative_bias": float(value.mean()) / self.size - 1 if len(kept) else np.nan,
                "median_relative_error": float(np.median(value)) / self.size - 1 if len(kept) else np.nan,
                "rmse": float(np.sqrt(((value - self.size) ** 2).mean())) if len(kept) else np.nan,
                "log_rmse": float(np.sqrt((np.log(value / self.size) ** 2).mean())) if len(kept) else np.nan,
                "coverage": coverage,
                "coverage_se": float(np.sqrt(coverage * (1 - coverage) / max(len(kept), 1))),
                "truth_above": float(above.mean()) if len(kept) else np.nan,
                "truth_below": float(below.mean()) if len(kept) else np.nan,
                "median_width": float((kept["upper"] - kept["lower"]).median()) if len(kept) else np.nan,
                "refused": float((self.results["refused"] != "").mean()),
            }
        )


def stated_model(
    size: int, chances: Mapping[str, float], interactions: Mapping[tuple[str, ...], float] | None = None
) -> ListModel:
    """State a log-linear model of lists.

    Parameters
    ----------
    size : int
        All people.
    chances : mapping of list to chance
        Chance of being on the list for a person who is on no other.
    interactions : mapping of lists to odds ratio, optional
        How many times likelier it is, in odds, to be on all of them together than without the interaction.

    Returns
    -------
    ListModel

    Raises
    ------
    EstimateFault
        FL-EST-96: a chance, an odds ratio, a list or the size that cannot be.

    Examples
    --------
    >>> from fl_estimate import capture_recapture as cr
    >>> model = cr.stated_model(1000, {"police": 0.2, "ngo": 0.1, "clinic": 0.1}, {("police", "ngo"): 3.0})
    >>> round(model.expected_observed)
    377
    """
    lists, added = tuple(chances), dict(interactions or {})
    wrong = [name for name, chance in chances.items() if not 0 < chance < 1]
    wrong += [str(names) for names, ratio in added.items() if not (ratio > 0 and np.isfinite(ratio))]
    wrong += [name for names in added for name in names if name not in lists]
    if wrong or len(lists) < 2 or size < 1:
        raise EstimateFault(
            "FL-EST-96", "this is not a model of lists", found=listed(wrong) or f"{len(lists)} lists, {size} people",
            fix="two lists at least, chances between 0 and 1, odds ratios above 0 of lists that are named",
        )  # fmt: skip
    members = all_histories(len(lists))
    odds = np.array([chance / (1 - chance) for chance in chances.values()])
    weights = np.where(members == 1, odds, 1.0).prod(axis=1)
    for names, ratio in added.items():
        weights[members[:, [lists.index(name) for name in names]].all(axis=1)] *= ratio
    return ListModel(lists=lists, size=int(size), chances=weights / (1 + weights.sum()))


def fitted_model(histories: CaptureHistories, terms: Terms = "main") -> ListModel:
    """Take a log-linear model fitted to lists as the truth, with its estimate as the number of people.

    Raises
    ------
    EstimateFault, ListsFault
        As `loglinear`.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> cr.fitted_model(fl.datasets.load("uk_2013_6")).size
    12214
    """
    reduced = require_estimable(histories, read_terms(histories, terms))
    fit = fit_poisson(reduced.matrix, reduced.counts)
    size = histories.n + float(np.exp(fit.parameters[0]))
    positions = {tuple(row): position for position, row in enumerate(all_histories(len(histories.lists)).tolist())}
    chances = np.zeros(len(positions))
    for row, fitted in zip(reduced.members.tolist(), fit.fitted.tolist(), strict=True):
        chances[positions[tuple(row)]] = fitted / size
    return ListModel(lists=histories.lists, size=round(size), chances=chances)


def mixed_model(models: Sequence[ListModel]) -> ListModel:
    """Put people of several models together: a population in which some are easier to see than others.

    Raises
    ------
    EstimateFault
        FL-EST-96: the models are not of the same lists.
    """
    if len({model.lists for model in models}) != 1:
        raise EstimateFault(
            "FL-EST-96", "this is not a model of lists", found="models of different lists, or none",
            fix="give models of the same lists in the same order",
        )  # fmt: skip
    size = sum(model.size for model in models)
    chances = np.sum([model.chances * model.size for model in models], axis=0) / size
    return ListModel(lists=models[0].lists, size=size, chances=chances)


def draw_lists(model: ListModel, datasets: int = 1, *, seed: int | None = None) -> list[CaptureHistories]:
    """Draw case lists: each person gets a history, and those on no list are not seen.

    Examples
    --------
    >>> from fl_estimate import capture_recapture as cr
    >>> model = cr.stated_model(1000, {"police": 0.2, "ngo": 0.1})
    >>> [h.n for h in cr.draw_lists(model, 2, seed=1)]
    [265.0, 273.0]
    """
    generator = np.random.default_rng(seed)
    chances = np.append(model.chances, max(0.0, 1 - float(model.chances.sum())))
    drawn = generator.multinomial(model.size, chances, size=datasets)[:, :-1]
    frame = pd.DataFrame(all_histories(len(model.lists)), columns=list(model.lists))
    return [CaptureHistories.from_counts(frame.assign(count=row), lists=model.lists) for row in drawn]


def simulate(
    model: ListModel,
    method: Callable[[CaptureHistories], Estimates],
    *,
    datasets: int = 500,
    seed: int | None = None,
) -> Simulation:
    """Run a method on lists drawn from a model, and lay its answers beside the truth.

    Parameters
    ----------
    model : ListModel
        Of `stated_model`, `fitted_model` or `mixed_model`. Try one with an interaction that the method leaves out, too.
    method : callable
        CaptureHistories in, Estimates with `population_size` in the first row out; an error of the library counts as
        a refusal.
    datasets : int
    seed : int, optional

    Returns
    -------
    Simulation

    Examples
    --------
    >>> from fl_estimate import capture_recapture as cr
    >>> model = cr.stated_model(1000, {"police": 0.3, "ngo": 0.3, "clinic": 0.3})
    >>> found = cr.simulate(model, cr.loglinear, datasets=50, seed=1).summary()
    >>> bool(abs(found["relative_bias"]) < 0.05 and found["coverage"] > 0.85)
    True
    """
    rows: list[dict[str, object]] = []
    for histories in draw_lists(model, datasets, seed=seed):
        try:
            row = method(histories).frame.iloc[0]
            rows.append({"value": row["value"], "lower": row["lower"], "upper": row["upper"], "refused": ""})
        except FlError as error:
            rows.append({"value": np.nan, "lower": np.nan, "upper": np.nan, "refused": error.code})
    return Simulation(size=model.size, results=pd.DataFrame(rows, columns=["value", "lower", "upper", "refused"]))
