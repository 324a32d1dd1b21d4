"""CaptureHistories: who was on which case lists, as counts. Refuses at the door what no estimator could make sense of."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import ListsFault, labels_shown, listed, missing_columns
from fl_estimate.inputs import list_relations
from fl_estimate.neutral import visible
from fl_estimate.schema.validate import ValidationReport

Member = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptureHistories:
    """Counts of people by the set of lists they are on.

    Made by `from_counts` or `from_records`; every row is a history that occurred, each once, in a fixed order.

    Attributes
    ----------
    lists : tuple of str
        Names of the lists.
    members : int array, shape (histories, lists)
        1 where the people of a history are on a list.
    counts : array, shape (histories,)
        People of each history; fractional where record linkage gave fractions.
    ordered : bool
        Whether the lists are occasions in time (trapping), not sources that work side by side.
    outcome, population, reference_period : str
        What the people on the lists are, among whom, and when: said with `about`, handed on to every estimate.
    records : pandas.DataFrame or None
        From `fl.load_lists`, where covariates were asked for: a row a person (with counts: a history), its 0/1 column
        for each list, the covariates, and never an identifier. `omit`, `merge` and `pair` leave it behind.
    report : ValidationReport
        What was found on the way: lists of which one holds another, is the same or is empty; from `fl.load_lists`
        duplicates within a list and records that contradict each other, too.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> histories.n, histories.totals
    (140.0, {'police': 60.0, 'ngo': 90.0})
    """

    lists: tuple[str, ...]
    members: Member
    counts: Floats
    ordered: bool = False
    outcome: str = ""
    population: str = ""
    reference_period: str = ""
    records: pd.DataFrame | None = None
    report: ValidationReport = field(default_factory=ValidationReport)

    @classmethod
    def from_counts(
        cls, frame: Any, *, lists: Sequence[str], count: str = "count", ordered: bool = False
    ) -> CaptureHistories:
        """Read a table with one 0/1 column a list and a column of counts; rows of the same history are added up.

        Raises
        ------
        ListsFault
            FL-LISTS-01 to FL-LISTS-07.
        """
        return cls._from(frame, lists, count, ordered)

    @classmethod
    def from_records(
        cls, frame: Any, *, lists: Sequence[str], ordered: bool = False, covariates: Sequence[str] = ()
    ) -> CaptureHistories:
        """Read a table with one row a person and one 0/1 column a list; the columns named in `covariates` are kept beside them.

        Raises
        ------
        ListsFault
            FL-LISTS-01 to FL-LISTS-07.
        """
        made = cls._from(frame, lists, None, ordered)
        if not covariates:
            return made
        kept = list(dict.fromkeys([*made.lists, *covariates]))
        wrapped = nw.from_native(frame).lazy()
        if absent := [name for name in kept if name not in wrapped.collect_schema()]:
            raise missing_columns("FL-LISTS-01", absent, list(wrapped.collect_schema()), ListsFault)
        return replace(made, records=wrapped.select(*kept).collect().to_pandas().reset_index(drop=True))

    @classmethod
    def strata(
        cls, frame: Any, *, lists: Sequence[str], by: str, count: str | None = None, ordered: bool = False
    ) -> dict[Any, CaptureHistories]:
        """Read the histories of each value of a column: regions, sexes, years; `fl.stack` lays their estimates out.

        With `count` a row is a history, without a person.

        Raises
        ------
        ListsFault
            FL-LISTS-01 to FL-LISTS-08; FL-LISTS-09: a row without a value of the column.
        """
        try:
            wrapped = nw.from_native(frame).lazy()
        except TypeError as error:
            raise ListsFault("FL-LISTS-03", "this is not a data frame", found=type(frame).__name__) from error
        schema = wrapped.collect_schema()
        if by not in schema:
            raise missing_columns("FL-LISTS-01", [by], list(schema), ListsFault)
        values: list[Any] = wrapped.select(by).collect()[by].to_list()
        absent = sum(value is None or value != value for value in values)
        if absent:
            raise ListsFault(
                "FL-LISTS-09", "a row is in no stratum", found=f"column {by!r}: {absent} rows without a value",
                fix="decide where they belong, or leave them out",
            )  # fmt: skip
        return {
            value: cls._from(wrapped.filter(nw.col(by) == value).to_native(), lists, count, ordered)
            for value in sorted(set(values))
        }

    @classmethod
    def _from(cls, frame: Any, lists: Sequence[str], count: str | None, ordered: bool) -> CaptureHistories:
        names = _check_names(lists)
        columns = _columns(frame, [*names, *([count] if count else [])])
        members = _memberships(columns, names)
        size = len(members)
        counts = _counts(columns[count], count) if count else np.ones(size)
        empty = int(((members.sum(axis=1) == 0) & (counts > 0)).sum())
        if empty:
            raise ListsFault(
                "FL-LISTS-05",
                "people on no list cannot be counted: they are what is to be estimated",
                found=f"{empty} rows with 0 on every list",
                fix="leave these rows out",
            )
        made = _canonical(names, members, counts, ordered)
        result = list_relations.warnings_of(made.lists, made.members, made.counts)
        return replace(made, report=ValidationReport(result))

    def about(self, *, outcome: str = "", population: str = "", reference_period: str = "") -> CaptureHistories:
        """Say what the people on the lists are, so that estimates of them can stand beside those of a survey.

        Parameters
        ----------
        outcome : str
            As a survey's outcome is called: ``"forced_labour"``.
        population, reference_period : str
            Checked when estimates are combined; empty goes with any.

        Examples
        --------
        >>> import fl_estimate as fl
        >>> from fl_estimate import capture_recapture as cr
        >>> lists = fl.datasets.load("uk_2013_6").about(outcome="trafficking", reference_period="2013")
        >>> cr.loglinear(lists).to_frame()["outcome"].tolist()
        ['trafficking', 'trafficking']
        """
        return replace(self, outcome=outcome, population=population, reference_period=reference_period)

    def split(self, by: str) -> dict[Any, CaptureHistories]:
        """The histories of each value of a covariate that `fl.load_lists` kept; people without a value are refused.

        Raises
        ------
        ListsFault
            FL-LISTS-01: the covariate was not kept; FL-LISTS-09: somebody has no value of it.
        """
        if self.records is None or by not in self.records or by in self.lists:
            kept = [] if self.records is None else [str(name) for name in self.records if name not in self.lists]
            raise missing_columns("FL-LISTS-01", [by], kept, ListsFault)
        count = "count" if "count" in self.records else None
        parts = CaptureHistories.strata(self.records, lists=self.lists, by=by, count=count, ordered=self.ordered)
        return {value: self._alike(part) for value, part in parts.items()}

    def people(self) -> pd.DataFrame:
        """A row a person: the lists as 0/1 columns, and the covariates that `fl.load_lists` kept. Counts are rows alike.

        Raises
        ------
        ListsFault
            FL-LISTS-14: counts are fractional, as record linkage gives them, and are no persons.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> counts = pd.DataFrame({"police": [1, 1], "ngo": [0, 1], "count": [2, 1]})
        >>> fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"]).people().values.tolist()
        [[1, 0], [1, 0], [1, 1]]
        """
        frame = self.to_frame() if self.records is None else self.records
        if "count" not in frame or "count" in self.lists:
            return frame
        counts: Floats = frame["count"].to_numpy(dtype=float)
        if (broken := int(np.count_nonzero(counts != np.round(counts)))) > 0:
            raise ListsFault(
                "FL-LISTS-14",
                "fractional counts are no persons, and this needs a row a person",
                found=f"{broken} of {len(counts)} counts are not whole",
                fix="draw the links between records, and estimate from the persons of each draw",
            )
        return frame.drop(columns="count").loc[frame.index.repeat(counts.astype(int))].reset_index(drop=True)

    def _alike(self, other: CaptureHistories) -> CaptureHistories:
        """Other histories of the same people."""
        return other.about(outcome=self.outcome, population=self.population, reference_period=self.reference_period)

    @property
    def n(self) -> float:
        """People on at least one list."""
        return float(self.counts.sum())

    @property
    def totals(self) -> dict[str, float]:
        """People on each list."""
        return dict(zip(self.lists, (self.counts @ self.members).tolist(), strict=True))

    @property
    def frequencies(self) -> Floats:
        """f_1 … f_t: people on exactly one list, on two, …"""
        times = self.members.sum(axis=1)
        return np.bincount(times, weights=self.counts, minlength=len(self.lists) + 1)[1:]

    def overlaps(self) -> pd.DataFrame:
        """People on both of each pair of lists; the diagonal holds the lists' totals."""
        both = self.members.T @ (self.members * self.counts[:, None])
        return pd.DataFrame(both, index=list(self.lists), columns=list(self.lists))

    @property
    def pairs_without_overlap(self) -> tuple[tuple[str, str], ...]:
        """Pairs of lists that nobody is on together."""
        both = self.members.T @ (self.members * self.counts[:, None])
        pairs = itertools.combinations(range(len(self.lists)), 2)
        return tuple((self.lists[a], self.lists[b]) for a, b in pairs if both[a, b] == 0)

    @property
    def nested(self) -> tuple[tuple[str, str], ...]:
        """Pairs (inner, outer) of lists, the inner one of 10 people or more, all of whom are on the outer one too.

        Such lists do not tell how many people are on none. Leave the outer one out where it takes in what others report.
        """
        return list_relations.nested(self.lists, self.members, self.counts)

    @property
    def empty_lists(self) -> tuple[str, ...]:
        """Lists that nobody is on."""
        return tuple(name for name, total in self.totals.items() if total == 0)

    def omit(self, *names: str) -> CaptureHistories:
        """Without some lists; people who were on these only are no longer observed."""
        self.require(names)
        kept = [position for position, name in enumerate(self.lists) if name not in names]
        if len(kept) < 2:
            raise ListsFault("FL-LISTS-02", "fewer than two lists would be left", found=listed(names))
        return self._keep(kept)

    def pair(self, a: str, b: str) -> CaptureHistories:
        """Two lists alone, whatever else people are on."""
        self.require((a, b))
        return self._keep([self.lists.index(a), self.lists.index(b)])

    def merge(self, *names: str, into: str) -> CaptureHistories:
        """Take several lists as one: on it is who was on any of them. It takes the place of the first."""
        self.require(names)
        rest = [name for name in self.lists if name not in names]
        if len(rest) + 1 < 2 or into in rest:
            raise ListsFault(
                "FL-LISTS-02", "fewer than two lists would be left, or a name would stand twice", found=into
            )
        merged = self.members[:, [self.lists.index(name) for name in names]].max(axis=1)
        order = [name for name in self.lists if name in rest or name == names[0]]
        members = np.stack(
            [merged if name == names[0] else self.members[:, self.lists.index(name)] for name in order], axis=1
        )
        named = tuple(into if name == names[0] else name for name in order)
        return self._alike(_canonical(named, members, self.counts, self.ordered))

    def to_frame(self) -> pd.DataFrame:
        """The histories with their counts, one column a list and `count`."""
        frame = pd.DataFrame(self.members, columns=list(self.lists))
        frame["count"] = self.counts
        return frame

    @property
    def content_hash(self) -> str:
        """sha256 over lists, histories and counts: equal for equal content, however the file was ordered."""
        digest = hashlib.sha256("\x1f".join(self.lists).encode())
        digest.update(np.ascontiguousarray(self.members).tobytes() + self.counts.astype("<f8").tobytes())
        return digest.hexdigest()

    def require(self, names: Sequence[str]) -> None:
        """Refuse names that are no lists.

        Raises
        ------
        ListsFault
            FL-LISTS-01.
        """
        absent = [name for name in names if name not in self.lists]
        if absent:
            raise missing_columns("FL-LISTS-01", absent, self.lists, ListsFault)

    def _keep(self, positions: Sequence[int]) -> CaptureHistories:
        members = self.members[:, list(positions)]
        seen = members.any(axis=1)
        names = tuple(self.lists[p] for p in positions)
        return self._alike(_canonical(names, members[seen], self.counts[seen], self.ordered))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {total:,.0f}" for name, total in self.totals.items())
        return visible(f"CaptureHistories({len(self.lists)} lists, {self.n:,.0f} people: {shown})")


def read_members(frame: Any, lists: Sequence[str]) -> Member:
    """Read who is on which list off a frame with one row a person or history; (rows, lists).

    Raises
    ------
    ListsFault
        FL-LISTS-01 to FL-LISTS-04, FL-LISTS-06.
    """
    names = _check_names(lists)
    return _memberships(_columns(frame, names), names)


def _memberships(columns: dict[str, Floats], names: Sequence[str]) -> Member:
    return np.stack([_membership(columns[name], name) for name in names], axis=1)


def _check_names(lists: Sequence[str]) -> tuple[str, ...]:
    names = tuple(lists)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ListsFault(
            "FL-LISTS-02", "at least two lists with different names are needed", found=labels_shown(names) or "none"
        )
    return names


def _columns(frame: Any, names: Sequence[str]) -> dict[str, Floats]:
    """The columns as floats, missing as NaN."""
    try:
        wrapped = nw.from_native(frame).lazy()
    except TypeError as error:
        raise ListsFault("FL-LISTS-03", "this is not a data frame", found=type(frame).__name__) from error
    schema = wrapped.collect_schema()
    absent = [name for name in names if name not in schema]
    if absent:
        raise missing_columns("FL-LISTS-01", absent, list(schema), ListsFault)
    wrong = [name for name in names if not (schema[name].is_numeric() or isinstance(schema[name], nw.Boolean))]
    if wrong:
        raise ListsFault("FL-LISTS-04", "a column does not hold numbers", found=listed(map(repr, wrong)))
    table = wrapped.select(*[nw.col(name).cast(nw.Float64) for name in names]).collect()
    return {
        name: np.array([np.nan if value is None else value for value in table[name].to_list()], dtype=float)
        for name in names
    }


def _membership(values: Floats, name: str) -> Member:
    wrong = int((~np.isin(values, (0.0, 1.0))).sum())
    if wrong:
        raise ListsFault(
            "FL-LISTS-06",
            "membership of a list is 0 or 1",
            found=f"column {name!r}: {wrong} rows with another value or none",
            fix="how often a person came to a list does not count; an unknown membership must be decided",
        )
    return values.astype(np.int8)


def _counts(values: Floats, name: str) -> Floats:
    wrong = int((~np.isfinite(values) | (values < 0)).sum())
    if wrong:
        raise ListsFault(
            "FL-LISTS-07",
            "a count is a number of people, 0 or more",
            found=f"column {name!r}: {wrong} rows that are negative, infinite or missing",
        )
    return values


def _canonical(lists: tuple[str, ...], members: Member, counts: Floats, ordered: bool) -> CaptureHistories:
    """One row a history that occurred, sorted by the number of lists, then by list."""
    keys: dict[tuple[int, ...], float] = {}
    rows: list[list[int]] = members.tolist()
    for history, count in zip(map(tuple, rows), counts.tolist(), strict=True):
        keys[history] = keys.get(history, 0.0) + count
    kept = sorted((history for history, count in keys.items() if count > 0), key=_rank)
    if not kept:
        raise ListsFault("FL-LISTS-08", "nobody is on any list", found="0 people", fix="check the count column")
    return CaptureHistories(
        lists=lists,
        members=np.array(kept, dtype=np.int8),
        counts=np.array([keys[history] for history in kept]),
        ordered=ordered,
    )


def _rank(history: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return sum(history), tuple(-on for on in history)


def all_histories(lists: int) -> Member:
    """All 2^t − 1 histories that can be observed, in the same order."""
    every = [history for history in itertools.product((0, 1), repeat=lists) if any(history)]
    return np.array(sorted(every, key=_rank), dtype=np.int8)
