"""The rows of a source read once for all estimates of a study: what each asks for is found out first, then summed in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw

from fl_estimate.design.read_once import read_ahead
from fl_estimate.indicators.checking import Unchecked
from fl_estimate.indicators.classify import Classification
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.inputs.unread_rows import UnreadRows
from fl_estimate.study.config import Study
from fl_estimate.study.forms import PeopleEntry
from fl_estimate.study.imputing import takes_draws
from fl_estimate.study.nesting import met_together, pairs_of_columns

OF_SUMS: frozenset[str] = frozenset({"prevalence", "total", "mean", "ratio", "variance"})
"""Kinds of estimates that ask for sums before they do anything that takes time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyReadOnce(SurveyData):
    """A survey of lazy tables, of whose people sums are kept as those of a `Classification` are."""

    kept_sums: UnreadRows | None = None

    @property
    def unread_rows(self) -> UnreadRows | None:
        """None of other people than those whose sums are kept."""
        return self.kept_sums if self.kept_sums is not None and self.kept_sums.people is self.people else None


def with_kept_sums(people: Any) -> Any:
    """The people of a source, as they will be estimated: of lazy ones sums are kept from now on."""
    if isinstance(people, Classification):
        return people.read_together()
    if type(people) is not SurveyData or not isinstance(narwhal(people.people), nw.LazyFrame):
        return people
    return SurveyReadOnce(**vars(people), kept_sums=Unchecked(people.people).rows)


def read_for_all(
    study: Study,
    people: Mapping[str, Any],
    entries: Iterable[PeopleEntry],
    make: Callable[[PeopleEntry], object],
    *,
    pairs: bool = True,
) -> None:
    """Read what the estimates of each source will ask for in one pass over its people; nothing of people in memory.

    Parameters
    ----------
    study : Study
    people : mapping
        By source, as estimates are made of them.
    entries : iterable of PeopleEntry
        Those that will be made.
    make : callable
        Makes one: what it asks for is noted, and it is stopped there.
    pairs : bool, default True
        Whether it is read too which values of by-columns stand together, for the audit of disclosure.
    """
    by_source: dict[str, list[PeopleEntry]] = {}
    for entry in entries:
        by_source.setdefault(study.source_of(entry.source), []).append(entry)
    for source, own in by_source.items():
        unread: UnreadRows | None = getattr(people.get(source), "unread_rows", None)
        if unread is not None:
            every = [
                each
                for each in study.config.estimate
                if isinstance(each, PeopleEntry) and study.source_of(each.source) == source
            ]
            read_ahead(unread, [*_calls(own, make), *(_pairs(every, people[source]) if pairs else [])])


def _calls(entries: Sequence[PeopleEntry], make: Callable[[PeopleEntry], object]) -> list[Callable[[], object]]:
    return [partial(make, entry) for entry in entries if entry.kind in OF_SUMS and not takes_draws(entry)]


def _pairs(entries: Sequence[PeopleEntry], people: Any) -> list[Callable[[], object]]:
    """Which values of by-columns stand together, which the audit of disclosure asks for."""
    return [partial(met_together, people, one, other) for one, other in pairs_of_columns(entries, people)]
