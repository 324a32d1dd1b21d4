"""People of several rounds under each other, with one design that knows which sampling units are in more than one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from fl_estimate.design.totals import Frame, as_frame, require_columns, totals
from fl_estimate.design.weights import handed_back
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.inputs.respondents import Resolved, Respondents, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod

ALONE, SAME_UNITS = "none", "psu"
SAME_FIELDS: tuple[str, ...] = (
    "weights",
    "strata",
    "stages",
    "fpc",
    "nested",
    "single_psu",
    "single_psu_scope",
    "unweighted",
)
"""What the designs of rounds have in common: the same columns, read alike."""
ONE_ROUND: tuple[str, ...] = ("relatives", "rows", "households", "jobs", "episodes", "costs")
"""Parts of a survey beside its people, which are of one round each."""


def join_rounds(
    people: Mapping[str, Any], *, overlap: str, name: str = "round", design: Design | None = None
) -> tuple[Any, Design]:
    """Put the people of several rounds under each other, so that one call has the covariance between the rounds.

    Estimate ``by="round"`` afterwards: `fl.synthesis.trend` and `fl.synthesis.changes` (``column="round"``) and `fl.contrast` take the
    covariance from there. Rows that are divided by the round are meant; the row of all rounds together is of no population.

    Parameters
    ----------
    people : mapping of round to SurveyData, Classification or frame
        In order of time: ``{"2021": first, "2024": second}``. Columns that all rounds have, of one type, are kept.
    overlap : str
        What the rounds share; nobody guesses it. ``"none"``: independent samples. ``"psu"``: primary sampling units, an id is the same
        unit in every round (a panel of areas, or a rotating one). Or the name of a column whose values are the same persons or
        households in every round: they are the units where there are no others, and sampling units that share one are one unit.
    name : str, default "round"
        The column of the rounds; `<name>_stratum` and `<name>_unit` are made beside it.
    design : Design, optional
        Of all rounds; by default each brings its own, with the same columns.

    Returns
    -------
    people
        A frame; where all rounds are of one kind (Classification) one of that kind, of the first round's words.
    Design
        Strata are those of the sample by which rounds a unit is in, so that a unit that rotated out says nothing of others.

    Raises
    ------
    EstimateFault
        FL-EST-760 (fewer than two rounds, or one that counts otherwise), FL-EST-761 (overlap), FL-EST-762 (designs that differ, or of a
        form that cannot be joined), FL-EST-02 (columns).
    DesignFault
        FL-DESIGN-06 (no design).

    Notes
    -----
    A stratum with n₁ and n₂ units, n₁₂ of them in both, has the groups n₁ − n₁₂, n₁₂, n₂ − n₁₂, each a stratum: with units drawn
    alike, Σ over groups of n/(n − 1) Σ(z − z̄)(z − z̄)′ is unbiased for the covariance of both rounds, is 0 between rounds without
    common units, and for identical rounds the difference has no error. A group of one unit joins the largest group of its stratum
    (which overstates the variance somewhat), unless a round has that one unit alone there: `single_psu` then says what to do.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4. Berger and Priam (2016), Journal of the Royal Statistical Society A 179, 361-381.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> first = pd.DataFrame({"w": 10.0, "ea": [1, 1, 2, 2, 3, 3, 4, 4], "fl": [0, 1, 0, 0, 1, 1, 0, 0]})
    >>> second = first.assign(ea=first["ea"] + 2, fl=[1, 1, 0, 0, 1, 0, 0, 0])
    >>> people, design = fl.join_rounds({"2021": first, "2024": second}, overlap="psu", design=fl.Design(weights="w", psu="ea"))
    >>> by_round = fl.estimate_prevalence(people, "fl", design=design, by="round")
    >>> change = fl.synthesis.changes(by_round, column="round")
    >>> change.value, round(change.se, 3)
    (0.0, 0.177)
    """
    resolved = _read(people, design)
    own = next(iter(resolved.values())).design
    _require_overlap(overlap, own)
    frames = _alike({label: as_frame(one.frame) for label, one in resolved.items()}, own, overlap, name)
    unit = own.psu if own.psu is not None else (None if overlap == ALONE else overlap)
    if overlap not in (ALONE, SAME_UNITS) and own.psu is not None:
        frames, unit = _linked(frames, own, overlap, name), f"{name}_unit"
    labelled: list[Any] = [frame.with_columns(nw.lit(label).alias(name)) for label, frame in frames.items()]
    whole: Frame = nw.concat(labelled, how="vertical")
    whole = _grouped(whole, own, unit, name, list(frames), shared=overlap != ALONE)
    stages = () if unit is None else (unit, *own.stages[1:])
    joined = replace(
        own, strata=f"{name}_stratum", psu=unit, stages=stages, nested=True, population_size=None, populations=(),
        expands=True if all(one.design.expands for one in resolved.values()) else None,
    )  # fmt: skip
    return _handed_back(list(people.values()), whole, joined)


def _read(people: Any, design: Design | None) -> dict[str, Resolved]:
    if not isinstance(people, Mapping) or len(people) < 2:
        size = len(people) if isinstance(people, Mapping) else type(people).__name__
        raise EstimateFault("FL-EST-760", "two rounds at least are joined", found=f"{size}",
                            fix='{"2021": people_of_2021, "2024": people_of_2024}')  # fmt: skip
    found = {str(label): resolve(one, design) for label, one in people.items()}
    first, *others = list(people.values())
    differing = [what for what in ("framework", "outcomes", "population") for other in others
                 if _said(first, what) and _said(other, what) and _said(first, what) != _said(other, what)]  # fmt: skip
    differing += ["items of the instrument" for other in others if _items(first) != _items(other)]
    differing += ["unit" for one in found.values() if one.wording.unit != next(iter(found.values())).wording.unit]
    if differing:
        raise EstimateFault(
            "FL-EST-760", "the rounds do not count the same thing, so that they are not of one table",
            found=listed(dict.fromkeys(differing)),
            fix="classify both by one framework and one instrument; or estimate each, and compare the figures with a bridge: "
            "fl.synthesis.change(…, bridge=…)",
        )  # fmt: skip
    _require_designs(found)
    return found


def _said(one: Any, what: str) -> Any:
    return getattr(one, what, "") if isinstance(one, Respondents) else ""


def _items(one: Any) -> frozenset[str]:
    """What the instrument lacked of the framework."""
    lines = getattr(getattr(one, "coverage", None), "lines", ())
    return frozenset(f"{line.framework}: {line.id}" for line in lines if not line.in_instrument)


def _require_designs(found: Mapping[str, Resolved]) -> None:
    first = next(iter(found.values())).design
    unlike = [
        field for field in SAME_FIELDS for one in found.values() if getattr(one.design, field) != getattr(first, field)
    ]
    if unlike:
        raise EstimateFault(
            "FL-EST-762", "the designs of the rounds name different columns", found=listed(dict.fromkeys(unlike)),
            fix="rename the columns, so that one Design(…) says how both were drawn",
        )  # fmt: skip
    forms = {
        "replicates": any(one.design.replicates is not None for one in found.values()),
        "pps": any(one.design.pps is not None for one in found.values()),
        "phase2": any(one.design.phase2 is not None for one in found.values()),
        "calibrated weights": any(one.design.adjustments for one in found.values()),
    }  # fmt: skip
    if any(forms.values()):
        raise EstimateFault(
            "FL-EST-762", "rounds of this design cannot be joined", found=listed(form for form, there in forms.items() if there),
            fix="join them by strata and units, Design(weights=…, strata=…, psu=…) with the final weights, which leaves out what calibration "
            "gains; or estimate each round and state the correlation: fl.synthesis.changes(…, correlation=…)",
        )  # fmt: skip


def _require_overlap(overlap: Any, design: Design) -> None:
    if not isinstance(overlap, str) or not overlap:
        raise EstimateFault("FL-EST-761", "it is not said what the rounds share", found=shown(overlap),
                            fix='overlap="none", overlap="psu", or a column of persons or households: overlap="person_id"')  # fmt: skip
    if overlap == SAME_UNITS and design.psu is None:
        raise EstimateFault("FL-EST-761", "there are no primary sampling units that rounds could share", found="a design without psu=",
                            fix='name a column of persons or households: overlap="person_id"')  # fmt: skip


def _alike(frames: Mapping[str, Frame], design: Design, overlap: str, name: str) -> dict[str, Frame]:
    """The columns that all rounds have, of one type each."""
    schemas = {label: dict(frame.collect_schema()) for label, frame in frames.items()}
    needed = [column for column in (design.weights, design.strata, *design.stages, *design.fpc) if column]
    needed += [overlap] if overlap not in (ALONE, SAME_UNITS) else []
    for schema in schemas.values():
        require_columns(schema, needed)
    made = [f"{name}_stratum", f"{name}_unit", name]
    shared = [column for column in next(iter(schemas.values())) if all(column in one for one in schemas.values())]
    taken = [column for column in made if any(column in one for one in schemas.values())]
    if taken:
        raise EstimateFault("FL-EST-761", "a column of the rounds is there already", found=listed(taken),
                            fix="another name for the column of the rounds: name=…")  # fmt: skip
    kinds = {column: _kind([one[column] for one in schemas.values()]) for column in shared}
    kept = [column for column in shared if kinds[column] is not None or column in needed]
    return {
        label: frame.select(*(nw.col(column).cast(kinds[column] or nw.String()) for column in kept))
        for label, frame in frames.items()
    }


def _kind(kinds: Sequence[Any]) -> Any:
    """One type for a column of several rounds; None where a number in one is a text in another."""
    if all(kind.is_integer() for kind in kinds):
        return nw.Int64()
    if all(kind.is_numeric() for kind in kinds):
        return nw.Float64()
    texts = (nw.String, nw.Categorical, nw.Enum, nw.Object)
    if all(isinstance(kind, texts) for kind in kinds):
        return nw.String()
    return kinds[0] if all(kind == kinds[0] for kind in kinds) else None


def _grouped(
    whole: Frame, design: Design, unit: str | None, name: str, labels: Sequence[str], *, shared: bool
) -> Frame:
    """The strata by which rounds a unit is in."""
    stratum = nw.col(design.strata).cast(nw.String()) if design.strata else nw.lit("all")
    if not shared or unit is None:
        return whole.with_columns(nw.concat_str([stratum, nw.col(name)], separator=" · ").alias(f"{name}_stratum"))
    keys = [*([design.strata] if design.strata else []), unit]
    flags = [
        (nw.col(name) == label).cast(nw.Int64()).max().over(*keys).alias(f"__fl_in{t}")
        for t, label in enumerate(labels)
    ]
    whole = whole.with_columns(*flags)
    pattern = nw.concat_str([nw.col(f"__fl_in{t}").cast(nw.String()) for t in range(len(labels))])
    whole = whole.with_columns(nw.concat_str([stratum, pattern], separator=" · ").alias(f"{name}_stratum"))
    whole = whole.drop([f"__fl_in{t}" for t in range(len(labels))])
    moved = _singles(whole, unit, f"{name}_stratum")
    if moved:
        own = nw.col(f"{name}_stratum")
        expression: Any = own
        for group, into in moved.items():
            expression = nw.when(own == group).then(nw.lit(into)).otherwise(expression)
        whole = whole.with_columns(expression.alias(f"{name}_stratum"))
    return whole


def _singles(whole: Frame, unit: str, column: str) -> dict[str, str]:
    """Groups of one unit, and the largest group of their stratum; where a round has one unit there, none is moved."""
    table = totals(whole, keys=(column, unit), columns={}, sums={})
    key = table.keys[column]
    names, sizes = np.unique(key.codes, return_counts=True)
    strata: dict[str, list[tuple[str, int]]] = {}
    for code, size in zip(names, sizes, strict=True):
        if key.missing is not None and int(code) == key.missing:
            continue
        group = str(key.levels[int(code)])
        strata.setdefault(group.rpartition(" · ")[0], []).append((group, int(size)))
    moved: dict[str, str] = {}
    for groups in strata.values():
        patterns = [group.rpartition(" · ")[2] for group, _ in groups]
        inside = [
            sum(size for (_, size), pattern in zip(groups, patterns, strict=True) if pattern[t] == "1")
            for t in range(len(patterns[0]))
        ]
        single = [group for group, size in groups if size == 1]
        if not single or len(groups) == 1 or 1 in inside:
            continue
        largest = max(groups, key=lambda one: one[1])[0]
        moved |= {group: largest for group in single if group != largest}
    return moved


def _linked(frames: Mapping[str, Frame], design: Design, column: str, name: str) -> dict[str, Frame]:
    """Sampling units of all rounds that share a person or household as one unit, in a column of their own."""
    keys = [*([design.strata] if design.strata else []), str(design.psu)]
    tables = {label: totals(frame, keys=(*keys, column), columns={}, sums={}) for label, frame in frames.items()}
    units: dict[tuple[str, ...], int] = {}
    persons: dict[str, int] = {}
    ends: list[tuple[int, int]] = []
    for label, table in tables.items():
        columns = [
            [str(level) for level in np.array([*table.keys[key].levels, ""], dtype=object)[table.keys[key].codes]]
            for key in (*keys, column)
        ]
        for *place, person in zip(*columns, strict=True):
            at = units.setdefault((label, *place), len(units))
            ends.append((at, persons.setdefault(person, len(persons)))) if person else None
    size = len(units)
    rows, columns_ = (np.array([end[side] for end in ends], dtype=np.intp) for side in (0, 1))
    graph = sparse.coo_matrix((np.ones(len(ends)), (rows, columns_ + size)), shape=(size + len(persons),) * 2)
    component = sparse.csgraph.connected_components(graph, directed=False)[1][:size]
    _require_one_stratum(units, component, bool(design.strata))
    made: dict[str, Frame] = {}
    for label, frame in frames.items():
        own = {place: int(component[at]) for place, at in units.items() if place[0] == label}
        table = {f"__fl_k{k}": [place[k + 1] for place in own] for k in range(len(keys))} | {
            f"{name}_unit": list(own.values())
        }
        texts = [nw.col(key).cast(nw.String()).alias(f"__fl_k{k}") for k, key in enumerate(keys)]
        made[label] = _looked_up(frame.with_columns(*texts), table, len(keys))
    return made


def _require_one_stratum(units: Mapping[tuple[str, ...], int], component: Any, stratified: bool) -> None:
    strata: dict[int, set[str]] = {}
    for place, at in units.items():
        strata.setdefault(int(component[at]), set()).add(place[1] if stratified else "")
    across = sum(len(found) > 1 for found in strata.values())
    if across:
        raise EstimateFault(
            "FL-EST-761", "persons or households are in sampling units of different strata from round to round", found=f"{across:,} groups of units",
            fix='strata of the first round for all of them; or estimate each round and state the correlation: fl.synthesis.changes(…)',
        )  # fmt: skip


def _looked_up(frame: Frame, table: Mapping[str, Any], keys: int) -> Frame:
    names = [f"__fl_k{k}" for k in range(keys)]
    kind = frame.implementation
    if not (kind.is_pandas() or kind.is_polars() or kind.is_pyarrow()):
        raise EstimateFault(
            "FL-EST-761", "sampling units are linked by persons in memory only", found=str(kind),
            fix='pandas or polars frames; or a column of units that is the same in all rounds, and overlap="psu"',
        )  # fmt: skip
    small: Any = nw.from_dict(dict(table), backend=kind)
    lazy = isinstance(frame, nw.LazyFrame)
    return frame.join(small.lazy() if lazy else small, on=names, how="left").drop(names)


def _handed_back(people: Sequence[Any], whole: Frame, design: Design) -> tuple[Any, Design]:
    first = people[0]
    alike = all(type(one) is type(first) for one in people)
    if not alike or not (isinstance(first, Respondents) and is_dataclass(first)):
        return whole.to_native(), design
    return handed_back(_of_all_times(people), whole, design)


def _of_all_times(people: Sequence[Any]) -> Any:
    """The first round's words, with the times and files of all; without the parts that are of one round."""
    first = people[0]
    changed: dict[str, Any] = {part: None for part in ONE_ROUND if hasattr(first, part)}
    periods = [one.reference_period for one in people]
    if None not in periods and len({str(one) for one in periods}) > 1:
        changed["reference_period"] = ReferencePeriod(kind=" / ".join(dict.fromkeys(str(one) for one in periods)))
    sources = [one.source for one in people]
    if None not in sources:
        names = ", ".join(dict.fromkeys(one.name for one in sources))
        changed["source"] = replace(sources[0], name=names, n_rows=sum(one.n_rows for one in sources))
    return replace(first, **changed)
