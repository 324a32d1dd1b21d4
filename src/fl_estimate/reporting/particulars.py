"""What a report says beside the estimates: sources, definitions, truth, a map, what failed. Values only; no page is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fl_estimate.inputs.wording import Text
from fl_estimate.reporting.areas import Area
from fl_estimate.reporting.truth import Truth


@dataclass(frozen=True, kw_only=True)
class MapChoice:
    """A map to draw: areas, the by-column they are of, and the property that names them."""

    areas: tuple[Area, ...]
    by: str | None = None
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What a report says beside the estimates.

    Attributes
    ----------
    title : str
        Of the page; by default made from the first outcome.
    sources : sequence of (file name, sha256, rows)
    definitions : sequence of (framework id, title)
        A title is a text, or a mapping of language to text with an English one.
    truth : Truth, optional
        Of a synthetic population, to stand beside the estimates.
    map : MapChoice, optional
    pages : sequence of (name, file)
        Pages that stand beside the report, of appraisals of case lists.
    failed : sequence of (name, message)
        Estimates that could not be made.
    versions : mapping of package to version
    fingerprint : str
        Of the run.
    """

    title: str = ""
    sources: Sequence[tuple[str, str, int]] = ()
    definitions: Sequence[tuple[str, str | Text]] = ()
    truth: Truth | None = None
    map: MapChoice | None = None
    pages: Sequence[tuple[str, str]] = ()
    failed: Sequence[tuple[str, str]] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    fingerprint: str = ""
