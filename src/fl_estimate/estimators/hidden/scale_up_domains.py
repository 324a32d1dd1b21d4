"""Scale-up by domain where respondents were asked about people of their own: sizes by domain, and the nation as their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import by_margins
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, labels_shown, missing_columns
from fl_estimate.estimators.hidden.known_groups import GROUP, SIZE, KnownGroups, known_groups
from fl_estimate.results.codes import INTERVAL_NOT_DEFINED, ZERO_CASES
from fl_estimate.results.estimates import Estimates

POPULATION = "population"
TOLERANCE = 0.005
"""Relative difference up to which the populations of domains add up to that of the nation."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DomainSizes:
    """Known groups and populations of each domain.

    Attributes
    ----------
    column : str
        The by-column.
    labels : tuple of str
    sizes : float array, shape (domains, known groups)
    population : float array, shape (domains,)
    """

    column: str
    labels: tuple[str, ...]
    sizes: Floats
    population: Floats

    def of_rows(self, values: Floats, schema: Any) -> nw.Expr:
        """A number of each domain as a column of the respondents; 0 for those of no domain."""
        dtype = schema[self.column]
        label = nw.col(self.column)
        label = label.cast(nw.Int64).cast(nw.String) if dtype.is_numeric() else label.cast(nw.String)
        result = nw.lit(0.0)
        for name, value in zip(self.labels, values, strict=True):
            result = nw.when((label == name).fill_null(False)).then(nw.lit(float(value))).otherwise(result)
        return result


def domain_sizes(known: Any, by: Any, population: Any) -> tuple[KnownGroups, DomainSizes]:
    """Read sizes by domain: a frame with the by-column, `group`, `size` and `population`, one row a domain and group.

    Returns
    -------
    KnownGroups, DomainSizes
        Those of the nation are sums.

    Raises
    ------
    EstimateFault
        FL-EST-599: the table, or what is asked by; FL-EST-591, FL-EST-592, FL-EST-602: its numbers.
    """
    columns = [name for margin in by_margins(by) for name in margin]
    if len(columns) != 1:
        raise _wrong("sizes by domain are those of one column", f"{len(columns)} by-columns", 'by="region"')
    column = columns[0]
    try:
        frame = nw.from_native(known).lazy().collect()
    except TypeError as error:
        raise _wrong("known= has no sizes by domain", type(known).__name__,
                     f"a frame with the columns {column}, {GROUP}, {SIZE} and {POPULATION}") from error  # fmt: skip
    absent = [name for name in (column, GROUP, SIZE, POPULATION) if name not in frame.columns]
    if absent:
        raise missing_columns("FL-EST-599", absent, frame.columns, EstimateFault)
    rows = zip(*(frame[name].to_list() for name in (column, GROUP, SIZE, POPULATION)), strict=True)
    parts: dict[str, list[tuple[str, Any, Any]]] = {}
    for label, group, size, people in rows:
        parts.setdefault(_label(label), []).append((str(group), size, people))
    found = {label: _of_domain(label, own) for label, own in parts.items()}
    groups = next(iter(found.values())).names
    other = [label for label, own in found.items() if set(own.names) != set(groups)]
    if other:
        raise _wrong("domains have different known groups", labels_shown(other), "every group in every domain")
    sizes = np.array([[own.size_of(name) for name in groups] for own in found.values()])
    persons = np.array([own.population for own in found.values()])
    nation = known_groups(dict(zip(groups, sizes.sum(axis=0).tolist(), strict=True)), population)
    if abs(persons.sum() / nation.population - 1) > TOLERANCE:
        raise _wrong("the populations of the domains do not add up to population=",
                     f"they sum to {persons.sum() / nation.population:.1%} of it", "correct one of the two")  # fmt: skip
    return nation, DomainSizes(column=column, labels=tuple(found), sizes=sizes, population=persons)


def _of_domain(label: str, rows: Sequence[tuple[str, Any, Any]]) -> KnownGroups:
    names = [group for group, _, _ in rows]
    people = {float(each) if isinstance(each, int | float) else None for _, _, each in rows}
    if len(set(names)) < len(names) or len(people) > 1:
        raise _wrong(
            "a domain has a group twice, or two populations", labels_shown([label]), "one row a domain and group"
        )
    return known_groups({group: size for group, size, _ in rows}, rows[0][2])


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def require_domains(basic: Estimates, domains: DomainSizes) -> Floats:
    """The population of the domain of each row; 1 of the nation's, which is added up afterwards.

    Raises
    ------
    EstimateFault
        FL-EST-599: respondents of a domain that the table does not have, or a domain of the table without respondents.
    """
    own = dict(zip(domains.labels, domains.population.tolist(), strict=True))
    nation = (basic.frame["margin"] == "").to_numpy(dtype=bool)
    labels = [_label(value) for value in basic.frame[domains.column].tolist()]
    met = [label for label, whole in zip(labels, nation, strict=True) if not whole]
    alien, silent = [label for label in met if label not in own], [label for label in own if label not in met]
    if alien or silent:
        raise _wrong("the domains of the respondents are not those of the table",
                     labels_shown(dict.fromkeys([*alien, *silent])), "one population and all sizes for each domain of the survey")  # fmt: skip
    return np.array([1.0 if whole else own[label] for label, whole in zip(labels, nation, strict=True)])


def with_nation(made: Estimates, population: Floats, *, shares: bool, interval: str, level: float) -> Estimates:
    """The rows of the nation as sums over domains, with the covariance between them; of shares weighted by population.

    Parameters
    ----------
    made : Estimates
        Of several domains and outcomes; the rows of the nation are written over.
    population : float array, shape (rows,)
    shares : bool
    interval, level
        As of the other rows.
    """
    frame = made.frame.copy()
    nation = (frame["margin"] == "").to_numpy(dtype=bool)
    outcome = frame["outcome"].astype(str).to_numpy()
    value, se = (frame[name].to_numpy(dtype=float).copy() for name in ("value", "se"))
    matrix = (
        np.diag(np.nan_to_num(se) ** 2) if made.covariance_matrix is None else np.nan_to_num(made.covariance_matrix)
    )
    total = np.eye(len(frame))
    for at in np.flatnonzero(nation):
        inside = ~nation & (outcome == outcome[at])
        weight = population[inside] / population[inside].sum() if shares else np.ones(inside.sum())
        total[at], value[at] = 0.0, float(weight @ value[inside])
        total[at, inside] = weight
    matrix = total @ matrix @ total.T
    se = np.where(nation, np.where(value > 0, np.sqrt(np.diag(matrix)), np.nan), se)
    df = frame["df"].to_numpy(dtype=float)
    lower, upper = general(interval, value, np.where(se > 0, se, np.nan), np.where(np.isnan(df), np.inf, df), level)
    for name, own in (("value", value), ("se", se), ("lower", lower), ("upper", upper)):
        frame[name] = np.where(nation, own, frame[name].to_numpy(dtype=float))
    frame.loc[nation, ["deff", "df_effective"]] = np.nan
    frame["interval_kind"] = np.where(
        nation, np.where(np.isfinite(frame["lower"]), interval, ""), frame["interval_kind"]
    )
    said = set(np.flatnonzero(nation).tolist())
    reasons = [r for r in made.reasons if r.row not in said or r.code not in (ZERO_CASES, INTERVAL_NOT_DEFINED)]
    reasons += [ZERO_CASES.at(row) for row in sorted(said) if value[row] == 0]
    blank = ~(frame["se"].to_numpy(dtype=float) >= 0)
    matrix[blank, :], matrix[:, blank] = np.nan, np.nan
    return replace(
        made, frame=frame.astype({name: str(made.frame[name].dtype) for name in frame}), reasons=tuple(reasons),
        covariance_matrix=None if made.covariance_matrix is None else matrix,
    )  # fmt: skip


def _wrong(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-599", what, found=found, fix=fix)
