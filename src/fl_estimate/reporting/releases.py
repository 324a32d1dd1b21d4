"""Earlier releases: result folders read back as what is known to everybody before the next one is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.errors import PublishFault, labels_shown
from fl_estimate.results.codes import SUBPOPULATION, Assumption
from fl_estimate.results.columns import HEAD, PUBLISHED_TAIL, margin_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.saved import SavedForm

FORM = SavedForm(kind="study result", number=1, again="run the study again")
"""Of the manifest. Folders of 0.1.0 have this form too; their tables have no `basis`."""
MANIFEST, PARQUET, CSV = "manifest.json", "estimates.parquet", "estimates.csv"
Geography = Mapping[str, Mapping[str, Mapping[str, str]]]
"""{inner column: {outer column: {inner label: outer label}}}."""
NUMBERS: tuple[str, ...] = ("value", "se", "lower", "upper", "level", "undetermined", "n", "cases", "df", "deff")


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownTable:
    """One table that was released before.

    Attributes
    ----------
    name, where, reference_period, country : str
        `where` is the condition of the subpopulation, or empty; a table of several rounds is one for each.
    by : tuple of str
    frame : pandas.DataFrame
        The columns of Estimates and `publication`, as printed.
    """

    name: str
    where: str = ""
    reference_period: str = ""
    by: tuple[str, ...] = ()
    country: str = ""
    frame: pd.DataFrame

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """Those that `cells` reads."""
        return (SUBPOPULATION.assume(where=self.where),) if self.where else ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Release:
    """A result folder that was released, or the tables of one call of `publish`.

    Attributes
    ----------
    name : str
    tables : tuple of KnownTable
    geography : mapping
        In which label of another column each label of a column lies, where it is known.
    min_n, min_cases : float
        Of the rule that it was published under.
    """

    name: str
    tables: tuple[KnownTable, ...]
    geography: Geography = field(default_factory=dict[str, dict[str, dict[str, str]]])
    min_n: float = 50
    min_cases: float = 5


def read_release(folder: str | Path) -> Release:
    """Read a result folder of `fl-estimate run`.

    Raises
    ------
    PublishFault
        FL-PUB-40: it is not a result folder.
    FileFault
        FL-FILE-25: a newer version wrote it.
    """
    root = Path(folder)
    try:
        manifest: dict[str, Any] = (
            json.loads((root / MANIFEST).read_text(encoding="utf-8")) if (root / MANIFEST).is_file() else {}
        )
        frame = _read_table(root)
        writer = str(manifest.get("packages", {}).get("fl_estimate", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise _no_release(root.name, f"{type(error).__name__} in {root.name}") from None
    if FORM.number_of(manifest, root.name, unnumbered=1, version=writer) is None:
        raise _no_release(root.name, "a manifest of something else")
    if frame is None or not {"estimate", "publication", *HEAD} <= set(frame.columns):
        raise _no_release(root.name, "no estimates.parquet or estimates.csv with the columns of published estimates")
    if "basis" not in frame and "method" in frame:
        frame = _with_basis(frame)
    try:
        return _release(root.name, manifest, frame)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise _no_release(root.name, "a manifest whose parts are not those of a run") from None


def _release(name: str, manifest: Mapping[str, Any], frame: pd.DataFrame) -> Release:
    config: dict[str, Any] = manifest.get("config", {})
    told = _by_name(manifest.get("estimates", []))
    entries = _by_name(config.get("estimate", []))
    rule: dict[str, Any] | str = config.get("publish", {}).get("rule", "")
    thresholds: Mapping[str, Any] = {} if isinstance(rule, str) else rule
    return Release(
        name=name,
        tables=tuple(
            known
            for each, part in frame.groupby("estimate", sort=False)
            for known in _by_round(
                part, name=str(each), where=str(entries.get(each, {}).get("where") or ""),
                period=str(told.get(each, {}).get("reference_period", "")), by=_own_columns(part),
            )
        ),
        geography=_geography(manifest.get("geography", {})),
        min_n=float(thresholds.get("min_n", 30 if rule == "nchs" else 50)),
        min_cases=float(thresholds.get("min_cases", 0 if rule == "nchs" else 5)),
    )  # fmt: skip


def _by_round(frame: pd.DataFrame, *, name: str, where: str, period: str, by: tuple[str, ...]) -> Iterator[KnownTable]:
    """A table as one of each round that stands in it; older ones do not say theirs by row."""
    own = {
        column: frame[column].fillna("").astype(str)
        if column in frame and column not in by
        else pd.Series("", index=frame.index)
        for column in ("country", "period")
    }
    for (country, time), part in frame.groupby([own["country"], own["period"]], sort=False):
        yield KnownTable(
            name=name, where=where, reference_period=str(time) or period, by=by, country=str(country),
            frame=part.reset_index(drop=True),
        )  # fmt: skip


def _geography(given: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, dict[str, str]]]:
    """In which label of another column each label lies, as a manifest says it."""
    return {
        inner: {outer: {label: str(of) for label, of in pairs.items()} for outer, pairs in outers.items()}
        for inner, outers in given.items()
    }


_OF_A_SURVEY = frozenset({"taylor", "replicates"})
_OF_FIGURES = frozenset({
    "stock-in-window", "stock-completed", "person-time", "sum", "ratio-of-figures", "ratio-extension", "reported-to-total", "change",
})  # fmt: skip
"""Methods of 0.1.0 whose rows were those of a survey, and such as were where they had an n: what it published by n, cases and df."""


def _with_basis(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of 0.1.0, whose rows do not say on what they rest: respondents, as it judged them then, else a model."""
    counted = frame["method"].isin(list(_OF_FIGURES)) & frame["n"].notna()
    direct = frame["method"].isin(list(_OF_A_SURVEY)) | counted
    return frame.assign(basis=pd.array(["respondents" if each else "model" for each in direct], dtype="string"))


def _by_name(entries: Sequence[Mapping[str, Any]]) -> dict[Any, Mapping[str, Any]]:
    """By name; an estimate of rounds by its own too, under which its table over all of them stands."""
    every = {entry.get("name"): entry for entry in entries}
    return {str(name).partition("@")[0]: entry for name, entry in every.items()} | every


def as_release(given: Any, position: int = 1) -> Release:
    """An earlier release as it is given to `publish`: a folder, a `Release`, or PublishedEstimates.

    Raises
    ------
    PublishFault
        FL-PUB-40.
    """
    if isinstance(given, Release):
        return given
    if isinstance(given, str | Path):
        return read_release(given)
    tables = getattr(given, "tables", None)
    if not tables:
        raise _no_release(type(given).__name__, type(given).__name__)
    return Release(
        name=f"previous {position}",
        tables=tuple(
            known
            for table in tables
            for known in _by_round(
                table.frame, name=table.name, where=where_of(table.assumptions), period=table.reference_period, by=table.by
            )
        ),
        min_n=given.rule.min_n, min_cases=given.rule.min_cases,
    )  # fmt: skip


def known_tables(previous: Sequence[Any], reference_periods: Iterable[str]) -> tuple[KnownTable, ...]:
    """Tables of earlier releases that may speak of the same people: of a period that is the same, or is not known."""
    own = set(reference_periods)
    releases = [as_release(each) for each in previous]
    return tuple(
        table
        for release in releases
        for table in release.tables
        if not table.reference_period or "" in own or table.reference_period in own
    )


def where_of(assumptions: Sequence[Assumption]) -> str:
    """The condition of a subpopulation, or nothing."""
    return next((str(value) for a in assumptions if a.code == "subpopulation" for _, value in a.parameters), "")


def geography(estimates: Iterable[Estimates]) -> dict[str, dict[str, dict[str, str]]]:
    """Of columns that lie in each other, as a district in a region, which label lies in which: no number of anybody."""
    result: dict[str, dict[str, dict[str, str]]] = {}
    for made in estimates:
        cells = made.cells
        if cells is None:
            continue
        for inner, outer in cells.nested:
            at, to = cells.by.index(inner), cells.by.index(outer)
            pairs = {str(one[at]): str(one[to]) for one in cells.labels if one[at] is not None and one[to] is not None}
            result.setdefault(inner, {}).setdefault(outer, {}).update(sorted(pairs.items()))
    return result


def _read_table(root: Path) -> pd.DataFrame | None:
    if (root / PARQUET).is_file():
        frame = pd.read_parquet(root / PARQUET)
        ordered = [name for name, kind in frame.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
        return frame.astype(dict.fromkeys(ordered, "string"))
    if not (root / CSV).is_file():
        return None
    frame = pd.read_csv(root / CSV, dtype=str, keep_default_na=False)
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name].replace("", None))
    return frame


def _own_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    fixed = {"estimate", "publication", "caution", *HEAD, *PUBLISHED_TAIL}
    used = {
        name for record in frame[["margin"]].drop_duplicates().to_dict("records") for name in margin_columns(record)
    }
    return tuple(name for name in map(str, frame.columns) if name not in fixed and name in used)


def _no_release(name: str, found: str) -> PublishFault:
    return PublishFault(
        "FL-PUB-40", f"{labels_shown([name])} is not an earlier release", found=found,
        fix="give a folder that fl-estimate run wrote (it has estimates.parquet), or what fl.publish returned",
    )  # fmt: skip
