"""By what a scale-up estimate is corrected: numbers, shares with their error or Estimates, joined to the figures with their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown, shown
from fl_estimate.results.basis import RESPONDENTS, Support
from fl_estimate.results.estimates import Estimates

FORMS = (
    "a number; {'value': …, 'se': …}; {'positive': …, 'n': …}, cases of a validation study; (a, b) of a beta density; or Estimates "
    "with one national row"
)


@dataclass(frozen=True, kw_only=True)
class CorrectionFactor:
    """A correction: its value and its relative standard error, and where they come from."""

    value: float
    cv: float
    origin: str


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What an estimate is multiplied by, one a row, and the squared relative errors that rows have in common.

    Attributes
    ----------
    factor : float array, shape (rows,)
    relative : float array, shape (rows, rows)
        Covariance of the logarithms of the factors.
    told : mapping of str to list of (groups, value, relative standard error)
        The corrections that were made, by name: one entry for the hidden groups that have the same. None of `estimated`.
    estimated : tuple of str
        Names of those that were given as Estimates: what respondents answered, so that their figures stand in no record.
    rests_on : tuple of (Support, basis)
        What these rest on.
    """

    factor: Floats
    relative: Floats
    told: Mapping[str, list[tuple[str, float, float]]]
    estimated: tuple[str, ...] = ()
    rests_on: tuple[tuple[Support, str], ...] = ()

    def on_record(self) -> dict[str, Any]:
        """The corrections as arguments of the call have them."""
        return {name: [list(each) for each in found] for name, found in self.told.items()} | dict.fromkeys(
            self.estimated, "Estimates"
        )

    def supporting(self, made: Estimates) -> Estimates:
        """With the support of estimates that it was corrected by, where that is less."""
        if not self.rests_on:
            return made
        parts = [(made.support, RESPONDENTS), *self.rests_on]
        return replace(made, support=Support.least_known([part for part, _ in parts], [basis for _, basis in parts]))


def read_factors(given: Any, name: str, groups: Sequence[str], *, share: bool) -> dict[str, CorrectionFactor]:
    """A correction for every hidden group: one for all, or one each.

    Raises
    ------
    EstimateFault
        FL-EST-597.
    """
    if isinstance(given, Mapping) and given and set(given) <= set(groups):
        missed = sorted(set(groups) - set(given))
        if missed:
            raise _wrong(name, f"none for {labels_shown(missed)}", "give one for each hidden group, or one for all")
        return {str(group): _factor(value, name, str(group), share=share) for group, value in given.items()}
    one = _factor(given, name, "", share=share)
    return dict.fromkeys(groups, one)


def correction_of(
    outcomes: Sequence[str],
    *,
    multiplied: Mapping[str, Any],
    divided: Mapping[str, Any],
    shares: frozenset[str] = frozenset(),
) -> Correction:
    """The product and quotient of corrections, one a row.

    Parameters
    ----------
    outcomes : sequence of str
        The hidden group of each row.
    multiplied, divided : mapping of str to correction or None
        By the name of the argument; those that are None are left out.
    shares : frozenset of str
        Which of them are shares, above 0 and at most 1.
    """
    groups = list(dict.fromkeys(outcomes))
    factor, relative = np.ones(len(outcomes)), np.zeros((len(outcomes), len(outcomes)))
    told: dict[str, list[tuple[str, float, float]]] = {}
    estimated: list[str] = []
    rests_on: list[Estimates] = []
    for name, power, given in [*((n, 1, v) for n, v in multiplied.items()), *((n, -1, v) for n, v in divided.items())]:
        if given is None:
            continue
        found = read_factors(given, name, groups, share=name in shares)
        each = [found[outcome] for outcome in outcomes]
        factor = factor * np.array([one.value for one in each]) ** power
        cv = np.array([one.cv for one in each])
        same = np.array([[one.origin == other.origin for other in each] for one in each])
        relative = relative + np.outer(cv, cv) * same
        of: dict[tuple[float, float], list[str]] = {}
        for group in groups:
            of.setdefault((found[group].value, found[group].cv), []).append(group)
        own = [
            one
            for one in (given, *(given.values() if isinstance(given, Mapping) else ()))
            if isinstance(one, Estimates)
        ]
        if own:
            estimated.append(name)
            rests_on += [_national(one, name) for one in own]
        else:
            told[name] = [(", ".join(alike), value, cv) for (value, cv), alike in of.items()]
    return Correction(
        factor=factor, relative=relative, told=told, estimated=tuple(estimated),
        rests_on=tuple((row.support, str(row.frame["basis"].iloc[0])) for row in rests_on),
    )  # fmt: skip


def _factor(given: Any, name: str, group: str, *, share: bool) -> CorrectionFactor:
    value, se = _value(given, name)
    most = 1.0 if share else np.inf
    if not (np.isfinite(value) and 0 < value <= most):
        raise _wrong(name, shown(given) if isinstance(given, Real) else f"{value:g}",
                     "a share above 0 and at most 1" if share else "a number above 0")  # fmt: skip
    if not (np.isfinite(se) and se >= 0):
        raise _wrong(name, "a standard error that is no number from 0 on", "give one, or the number alone")
    return CorrectionFactor(value=value, cv=se / value, origin=f"{name}/{group}")


def _value(given: Any, name: str) -> tuple[float, float]:
    if isinstance(given, Estimates):
        row = _national(given, name)
        return float(row.frame["value"].iloc[0]), float(row.frame["se"].iloc[0])
    if isinstance(given, Real) and not isinstance(given, bool):
        return float(given), 0.0
    if isinstance(given, Mapping):
        return _of_mapping({str(key): value for key, value in given.items()}, name)
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2:
        a, b = _numbers(given, name)
        if min(a, b) <= 0:
            raise _wrong(name, "a beta density with a parameter not above 0", "(a, b), both above 0")
        mean = a / (a + b)
        return mean, float(np.sqrt(mean * (1 - mean) / (a + b + 1)))
    raise _wrong(name, shown(given), FORMS)


def _national(given: Estimates, name: str) -> Estimates:
    row = given.national if (given.frame["margin"] == "").any() else given
    if len(row) != 1:
        raise _wrong(name, f"Estimates with {len(row)} national rows", "select one")
    return row


def _of_mapping(given: Mapping[str, Any], name: str) -> tuple[float, float]:
    if set(given) == {"value", "se"}:
        value, se = _numbers([given["value"], given["se"]], name)
        return value, se
    if set(given) == {"positive", "n"}:
        positive, n = _numbers([given["positive"], given["n"]], name)
        if not 0 < positive <= n or n < 2:
            raise _wrong(name, "a validation study of fewer than 2, or without a positive", "0 < positive ≤ n")
        share = positive / n
        # Of a study without a failure the variance s(1 - s) says nothing: that of a uniform prior's posterior, at (n + 1)/(n + 2).
        inside = (n + 1) / (n + 2)
        variance = share * (1 - share) / (n - 1) if positive < n else inside * (1 - inside) / (n + 3)
        return share, float(np.sqrt(variance))
    raise _wrong(name, "a table with other keys", FORMS)


def _numbers(given: Sequence[Any], name: str) -> tuple[float, float]:
    numbers = [float(each) for each in given if isinstance(each, Real) and not isinstance(each, bool)]
    if len(numbers) != 2 or not np.isfinite(numbers).all():
        raise _wrong(name, "something that is no number", FORMS)
    return numbers[0], numbers[1]


def _wrong(name: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-597", f"{name}= cannot correct a scale-up estimate", found=found, fix=fix)
