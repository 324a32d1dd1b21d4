"""A generalised linear model of rows that stay where they are: Newton's method with one pass over the rows a step.

A pass at some β brings the deviance, the score Σ w x (y − μ) μ′/V(μ) and the information Σ w x x′ (…): p(p + 1)/2 + p sums. The last one
brings them by sampling unit, which is what the sandwich variance needs, and what the counts and diagnostics of a result are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.calibrated_sums import step_sums
from fl_estimate.design.kept_totals import added
from fl_estimate.design.small_table import Codes, GroupingKey, Totals, coded
from fl_estimate.estimators.survey.domain_query import steps_of
from fl_estimate.estimators.survey.models.model_families import EVERYWHERE, Family, single_outcome
from fl_estimate.estimators.survey.models.model_fit import (
    SMALL,
    RegressionFit,
    check_settled,
    newton_step,
    require_filled,
    require_finite,
    require_independent,
    solved,
)
from fl_estimate.estimators.survey.models.rows_elsewhere import (
    Reader,
    RowsElsewhere,
    numbers,
    pieces_of,
    rows_changed,
)

STEPS = 25
"""Newton steps, a pass each: a model that has a maximum needs under ten from the mean of all."""
MERGED = 8
"""Tables of pieces that wait until they are added up."""
EMPTY = np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class FewRows:
    """The different rows of some columns of the design matrix, where these are few: groups that a coefficient may rest on.

    Attributes
    ----------
    columns : tuple of int
        Which tell the groups apart.
    used : tuple of int
        The same with the columns that are one number for everybody.
    mixed : array, shape (groups,)
        A combination of the columns that tells the groups apart, ascending.
    rows : array, shape (groups, p)
        A row of the design matrix of each.
    """

    columns: tuple[int, ...]
    used: tuple[int, ...]
    mixed: Floats
    rows: Floats

    def of(self, x: Floats) -> Codes:
        """The group of each row."""
        value = mixed_of(x[:, self.columns])
        above = np.clip(np.searchsorted(self.mixed, value), 1, max(len(self.mixed) - 1, 1))
        if len(self.mixed) == 1:
            return np.zeros(len(x), dtype=np.int64)
        nearer = np.abs(self.mixed[above - 1] - value) <= np.abs(self.mixed[above] - value)
        return np.where(nearer, above - 1, above).astype(np.int64)


def mixed_of(x: Floats) -> Floats:
    """A number of each row that is the same of equal rows; of different ones it would be a coincidence."""
    return x @ np.random.default_rng(7).uniform(1.0, 2.0, x.shape[1])


@dataclass(frozen=True)
class _Begin:
    """The first look: sizes and products of columns, the mean outcome, and which columns take few different rows."""

    reader: Reader
    groups: tuple[tuple[int, ...], ...]

    def __call__(self, piece: Any) -> dict[str, Any]:
        parts = list(self._parts(piece))
        return _together(parts)

    def _parts(self, piece: Any) -> Iterator[dict[str, Any]]:
        for one in self.reader.slices(piece):
            x, w = one.x, one.weight
            finite = np.isfinite(x).all(axis=0)
            if not finite.all():
                x = np.where(finite, x, 0.0)
            yield {
                "sums": {
                    "weight": w.sum(), "gram": x.T @ (w[:, None] * x), "x": w @ x, "offset": (w * one.offset) @ x,
                    "y": w @ one.y, "cases": one.y.sum(), "infinite": (~finite).astype(float),
                },
                "least": np.append(x.min(axis=0), one.y.min()), "most": np.append(x.max(axis=0), one.y.max()),
                "classes": [_different(x, columns) for columns in self.groups],
            }  # fmt: skip


def _different(x: Floats, columns: tuple[int, ...]) -> dict[float, Floats] | None:
    """A row of each different combination of some columns; None where these are more than coefficients."""
    value = np.round(mixed_of(x[:, columns]), 9)
    if len(np.unique(value[:4096])) > x.shape[1]:
        return None
    found, first = np.unique(value, return_index=True)
    return {float(key): x[row] for key, row in zip(found, first, strict=True)} if len(found) <= x.shape[1] else None


def _together(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What several looks found, as one."""
    done: dict[str, Any] = {}
    for part in parts:
        if not done:
            done = part
            continue
        done = {
            "sums": {name: done["sums"][name] + part["sums"][name] for name in done["sums"]},
            "least": np.minimum(done["least"], part["least"]),
            "most": np.maximum(done["most"], part["most"]),
            "classes": [_united(one, other) for one, other in zip(done["classes"], part["classes"], strict=True)],
        }
    return done


def _united(one: dict[float, Floats] | None, other: dict[float, Floats] | None) -> dict[float, Floats] | None:
    if one is None or other is None:
        return None
    both = other | one
    return both if not both or len(both) <= len(next(iter(both.values()))) else None


@dataclass(frozen=True)
class _AtCoefficients:
    """Deviance, score and information at some coefficients."""

    reader: Reader
    beta: Floats

    def __call__(self, piece: Any) -> dict[str, Any]:
        family, done = self.reader.family, dict[str, Any]()
        for one in self.reader.slices(piece):
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                eta = one.x @ self.beta + one.offset
                found = {
                    "deviance": np.float64(family.deviance(one.y, eta, one.weight)),
                    "score": one.x.T @ (one.weight * family.score(one.y, eta)),
                    "expected": one.x.T @ ((one.weight * family.expected(eta))[:, None] * one.x),
                }
                if not family.canonical:
                    found["observed"] = one.x.T @ ((one.weight * family.observed(one.y, eta))[:, None] * one.x)
            done = _sum(done, found)
        return done


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] + other[name] for name in other} if one else other


@dataclass(frozen=True)
class _End:
    """The last look: what each sampling unit adds to the score and its square, cases by group, and sums of all."""

    reader: Reader
    beta: Floats
    keys: tuple[str, ...]
    extras: tuple[tuple[str, ...], ...]
    classes: tuple[FewRows, ...]
    squares: bool

    def __call__(self, piece: Any) -> tuple[Totals, dict[str, Any]]:
        named, group, count = _grouped(piece, len(self.keys))
        beside = {name: numbers(piece, name) for name in dict.fromkeys(n for extra in self.extras for n in extra)}
        sums: dict[Any, Floats] = {}
        done: dict[str, Any] = {}
        family = self.reader.family

        def add(name: Any, rows: Codes, values: Floats) -> None:
            found = np.bincount(rows, weights=values, minlength=count)
            sums[name] = sums[name] + found if name in sums else found

        for one in self.reader.slices(piece):
            rows, eta = group[one.start : one.stop], one.x @ self.beta + one.offset
            score = (one.weight * family.score(one.y, eta))[:, None] * one.x
            for extra in self.extras:
                times = np.prod([beside[name][one.start : one.stop] for name in extra], axis=0)
                for j, column in enumerate(score.T):
                    add(("u", j, *extra), rows, column * times)
            if self.squares:
                for j, column in enumerate(score.T):
                    for k in range(j + 1):
                        add(("uu", j, k), rows, column * score[:, k])
            add(("not zero",), rows, (one.y != 0).astype(float))
            for position, classes in enumerate(self.classes):
                of = classes.of(one.x)
                for code in range(len(classes.mixed)):
                    add(("n", position, code), rows, (of == code).astype(float))
                    add(("cases", position, code), rows, ((of == code) & (one.y != 0)).astype(float))
            residual = (one.y - family.mean(eta)) / np.sqrt(family.variance(family.mean(eta)))
            done = _sum(
                done,
                {
                    "expected": one.x.T @ ((one.weight * family.expected(eta))[:, None] * one.x),
                    "deviance": np.float64(family.deviance(one.y, eta, one.weight)),
                    "residual": one.weight @ residual, "squared": one.weight @ residual**2,
                },
            )  # fmt: skip
        order = np.lexsort([key.codes for key in named[::-1]]) if named else np.zeros(1, dtype=np.int64)
        keys = {
            name: GroupingKey(codes=key.codes[order], levels=key.levels)
            for name, key in zip(self.keys, named, strict=True)
        }
        n = np.bincount(group, minlength=count).astype(float)
        return Totals(keys=keys, sums={name: values[order] for name, values in sums.items()}, n=n[order]), done


def _grouped(piece: Any, keys: int) -> tuple[list[GroupingKey], Codes, int]:
    """The labels of the groups of a piece, the group of each row, and how many there are."""
    code = np.zeros(piece.num_rows, dtype=np.int64)
    found = [coded(piece.column(f"__fl_k{position}")) for position in range(keys)]
    first = np.zeros(1, dtype=np.int64)
    for key in found:
        _, first, code = np.unique(code * (len(key.levels) + 1) + key.codes, return_index=True, return_inverse=True)
    named = [GroupingKey(codes=key.codes[first], levels=key.levels) for key in found]
    return named, code.astype(np.int64), len(first)


@dataclass(frozen=True, kw_only=True)
class FittedBySums:
    """A fit, and what a result needs of the people beside it.

    Attributes
    ----------
    fit : RegressionFit
        Without anything that is as long as the rows.
    sums : mapping
        Of the last look by group of the table of `RowsElsewhere.data`.
    classes : tuple of FewRows or None
        Of each set of columns that was asked about.
    totals : mapping
        ``weight``, ``cases``, ``deviance``, ``residual``, ``squared`` of all people.
    """

    fit: RegressionFit
    sums: dict[Any, Floats]
    classes: tuple[FewRows | None, ...]
    totals: dict[str, Any]

    def influences(self, extra: tuple[str, ...]) -> Floats:
        """Σ w × influence on the coefficients by group of the table; times further columns of the rows."""
        p = len(self.fit.beta)
        return np.stack([self.sums[("u", j, *extra)] for j in range(p)], axis=1) @ self.fit.bread

    def squares(self) -> Floats | None:
        """Σ w² × products of influences by group of the table, where they were asked for."""
        p = len(self.fit.beta)
        if ("uu", 0, 0) not in self.sums:
            return None
        raw = np.empty((len(self.sums["uu", 0, 0]), p, p))
        for j in range(p):
            for k in range(j + 1):
                raw[:, j, k] = raw[:, k, j] = self.sums["uu", j, k]
        return self.fit.bread.T @ raw @ self.fit.bread


def fit_by_sums(rows: RowsElsewhere, names: Sequence[str], groups: Sequence[Sequence[int]]) -> FittedBySums:
    """Fit a model; `groups` are the sets of columns that may divide people into few classes.

    Raises
    ------
    EstimateFault
        FL-EST-221 to FL-EST-223, FL-EST-228, FL-EST-237, FL-EST-323.
    """
    family = rows.reader.family
    begun = _together(pieces_of(rows, _Begin(rows.reader, tuple(tuple(columns) for columns in groups))))
    known = begun["sums"]
    if family.kind.binary and begun["least"][-1] == begun["most"][-1]:
        raise single_outcome(rows.reader.outcome)
    require_finite([not met for met in known["infinite"]], names)
    size = np.sqrt(np.maximum(np.diag(known["gram"]), 0.0) / known["weight"])
    require_filled(size, names)
    require_independent(known["gram"] / np.outer(size, size) / known["weight"], names)
    found = _found(rows, family, known, size)
    check_settled(found, names)
    constant = np.flatnonzero(begun["least"][:-1] == begun["most"][:-1]).tolist()
    classes = [_classes(columns, constant, met) for columns, met in zip(groups, begun["classes"], strict=True)]
    return _ended(rows, found, classes, known, size)


def _classes(columns: Sequence[int], constant: Sequence[int], met: dict[float, Floats] | None) -> FewRows | None:
    """Few enough to be read off coefficients: no more than there are columns."""
    used = tuple(sorted({*columns, *constant}))
    if met is None or len(met) > len(used):
        return None
    keys = sorted(met)
    return FewRows(columns=tuple(columns), used=used, mixed=np.array(keys), rows=np.stack([met[key] for key in keys]))


def _found(rows: RowsElsewhere, family: Family, known: dict[str, Any], scale: Floats) -> RegressionFit:
    """Newton's method from the same mean for all."""
    middle = float(known["y"] / known["weight"])
    with np.errstate(all="ignore"):
        level = float(np.asarray(family.inner.link(np.array([middle])))[0])
        right = level * known["x"] - known["offset"]
        beta = solved(known["gram"] / np.outer(scale, scale), right / scale) / scale
    moving, settled = np.full(len(beta), np.inf), False
    here = _at(rows, beta)
    for _ in range(STEPS):
        observed = None if family.canonical else here["observed"] / np.outer(scale, scale)
        expected = here["expected"] / np.outer(scale, scale)
        step = newton_step(here["score"] / scale, observed, lambda expected=expected: expected) / scale
        moving = np.abs(step) * scale
        settled = bool((moving < SMALL * np.maximum(1.0, np.abs(beta) * scale)).all())
        if settled:
            # Convergence is quadratic: after this step nothing is left to move.
            beta = beta + step
            break
        beta, here = _forward(rows, family, beta, step, here, float(known["weight"]))
        if not (np.isfinite(beta).all() and np.isfinite(here["score"]).all()):
            break
    good = settled and bool(np.isfinite(beta).all()) and bool(np.isfinite(here["deviance"]))
    return RegressionFit(
        beta=beta, bread=np.zeros((len(beta), len(beta))), eta=EMPTY, mu=EMPTY, score=EMPTY, family=family, converged=good,
        moving=moving,
    )  # fmt: skip


def _at(rows: RowsElsewhere, beta: Floats) -> dict[str, Any]:
    done: dict[str, Any] = {}
    for part in pieces_of(rows, _AtCoefficients(rows.reader, beta)):
        done = _sum(done, part)
    return done


def _forward(
    rows: RowsElsewhere, family: Family, beta: Floats, step: Floats, here: dict[str, Any], weight: float
) -> tuple[Floats, dict[str, Any]]:
    """The first of the whole step, its half, its quarter, … that does not raise the deviance; the whole one where none does."""
    bounded = family.bounds != EVERYWHERE
    for halving in range(40 if bounded else 8):
        tried = beta + step / 2**halving
        reached = _at(rows, tried)
        deviance = reached["deviance"]
        if np.isfinite(deviance) and deviance <= here["deviance"] * (1 + 1e-10) + 1e-12 * weight:
            return tried, reached
    return (beta, here) if bounded else (beta + step, _at(rows, beta + step))


def _ended(
    rows: RowsElsewhere, found: RegressionFit, classes: Sequence[FewRows | None], known: dict[str, Any], scale: Floats
) -> FittedBySums:
    data = rows.data
    steps = steps_of(data.call.people.design)
    numbered = any(name.startswith("inverse") for name in rows.frame.collect_schema())
    asked = step_sums(steps, [("u",)]) if numbered else []
    extras = ((), *(product[1:] for product in asked if product[0] == "u"))
    few = tuple(one for one in classes if one is not None)
    question = _End(rows.reader, found.beta, rows.keys, extras, few, data.sample.rows_are_units)
    tables, sums = list[Totals](), dict[str, Any]()
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for table, part in pieces_of(rows, question):
            tables.append(table)
            sums = _sum(sums, part)
            if len(tables) == MERGED:
                tables = [added(tables)]
    if sum(table.n.sum() for table in tables) != data.rows:
        raise rows_changed(f"{sum(table.n.sum() for table in tables):,.0f} rows; {data.rows:,.0f} were counted")
    matrix = sums["expected"]
    try:
        bread = np.linalg.inv(matrix / np.outer(scale, scale)) / np.outer(scale, scale)
    except np.linalg.LinAlgError:
        bread = np.full(matrix.shape, np.nan)
    fit = RegressionFit(
        beta=found.beta, bread=bread, eta=EMPTY, mu=EMPTY, score=EMPTY, family=found.family, converged=True,
        moving=found.moving,
    )  # fmt: skip
    return FittedBySums(
        fit=fit, sums=_placed(added(tables), data.table, data.at, rows.keys), classes=tuple(classes),
        totals={"weight": known["weight"], "cases": known["cases"]} | sums,
    )  # fmt: skip


def _placed(table: Totals, whole: Totals, at: Codes, keys: Sequence[str]) -> dict[Any, Floats]:
    """Sums of the last look, put where their groups stand in the table of the whole sample; 0 elsewhere."""
    own, theirs = np.zeros(len(table.n), dtype=np.int64), np.zeros(len(at), dtype=np.int64)
    for name in keys:
        key, other = table.keys[name], whole.keys[name]
        place = {level: code for code, level in enumerate(other.levels)}
        codes = np.array([*(place.get(level, -1) for level in key.levels), other.missing], dtype=np.int64)[key.codes]
        numbered = np.unique(
            np.concatenate([theirs, own]) * (other.missing + 2) + np.concatenate([other.codes[at], codes]),
            return_inverse=True,
        )[1]
        theirs, own = numbered[: len(at)], numbered[len(at) :]
    where = np.full(int(max(theirs.max(initial=0), own.max(initial=0))) + 1, -1, dtype=np.int64)
    where[theirs] = at
    if (where[own] < 0).any():
        raise rows_changed(f"{int((where[own] < 0).sum()):,} groups that were not there")
    out: dict[Any, Floats] = {}
    for name, values in table.sums.items():
        out[name] = np.zeros(len(whole.n))
        out[name][where[own]] = values
    return out
