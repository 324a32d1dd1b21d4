"""Which estimates of a study come of the same figures, so that their errors are not independent. Names only; nothing is run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fl_estimate.study.entries import SourcesEntry
from fl_estimate.study.synthesis_entries import PublishedEntry, SynthesisEntry

Roots = Mapping[str, frozenset[str]]


def shared_faults(entries: Sequence[Any]) -> Iterator[str]:
    """Entries that would add, divide or weight figures as independent which come of the same survey, lists or figure.

    Each has to state a correlation where its function takes one; where it takes none, such figures are refused.
    """
    roots: dict[str, frozenset[str]] = {}
    for place, entry in enumerate(entries, 1):
        if isinstance(entry, SynthesisEntry | SourcesEntry):
            yield from (f"estimate[{place}].{fault}" for fault in _together(entry, roots))
        roots[entry.name] = _roots(entry, roots)


def _together(entry: SynthesisEntry | SourcesEntry, roots: Roots) -> Iterator[str]:
    taken = _named(entry) if isinstance(entry, SourcesEntry) else entry.independent()
    if getattr(entry, "correlation", None) is not None:
        return
    for one, other in itertools.combinations(taken, 2):
        both = roots.get(one, frozenset()) & roots.get(other, frozenset())
        if both:
            fix = (
                "correlation = … must be stated, 0 where you know them to be independent"
                if "correlation" in type(entry).model_fields
                else f"{entry.kind} is for independent figures"
            )
            named = ", ".join(sorted(both)[:3]) + (", …" if len(both) > 3 else "")
            yield f"estimates: the errors of {one!r} and {other!r} go together, both come of {named}; {fix}"


def _roots(entry: Any, roots: Roots) -> frozenset[str]:
    """What an estimate comes of: a source, a file of lists, a published figure; of estimates before it, theirs."""
    named = _named(entry)
    if named:
        return frozenset[str]().union(*(roots.get(name, frozenset()) for name in named))
    if isinstance(entry, PublishedEntry):
        return frozenset({repr(entry.name)})
    if isinstance(getattr(entry, "file", None), str):
        return frozenset({entry.file})
    if hasattr(entry, "source"):
        return frozenset({f"[source.{entry.source}]" if entry.source else "the survey"})
    return frozenset()


def _named(entry: Any) -> list[str]:
    """The estimates before it that an entry names."""
    if isinstance(entry, SynthesisEntry):
        return [name for _, names in entry.earlier() for name in names]
    given = getattr(entry, "estimates", None) or getattr(entry, "estimate", None) or []
    return [given] if isinstance(given, str) else list(given.values()) if isinstance(given, Mapping) else list(given)
