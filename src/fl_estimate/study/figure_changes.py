"""Published figures of two result folders side by side: rows are matched by their labels, and nothing is told of what either withholds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from fl_estimate.reporting.precision import rounded
from fl_estimate.reporting.releases import Release
from fl_estimate.reporting.suppression import LIMITS, PUBLISHED
from fl_estimate.results.columns import FIXED

LABELS: tuple[str, ...] = ("quantity", "outcome", "term", "margin")
APART: tuple[str, ...] = ("country", "source", "period", "unit", "method", "basis", "interval_kind", "level")
"""Columns that tell rows of the same labels apart, where there are such: of a table that was stacked."""
ROUND: tuple[str, ...] = ("country", "source", "period", "unit")
"""Those of `APART` that say of whom and when a row is."""
FIGURES: tuple[str, ...] = ("value", "se", "lower", "upper")
NUMBERS: tuple[str, ...] = (
    "before", "after", "change", "percent", "standard_errors", "se_before", "se_after",
    "lower_before", "lower_after", "upper_before", "upper_after",
)  # fmt: skip
FIGURE, LIMIT, WITHHELD = "figure", "limit", "withheld"
SAME, CHANGED, INTERVAL, APPEARED, VANISHED = "same", "changed", "interval", "appeared", "vanished"
UNTOLD, OTHER_LIMIT = f"{WITHHELD}_{WITHHELD}", f"{LIMIT}_{LIMIT}"
STATUSES: tuple[str, ...] = (
    CHANGED, INTERVAL, OTHER_LIMIT, f"{FIGURE}_{WITHHELD}", f"{FIGURE}_{LIMIT}", f"{LIMIT}_{WITHHELD}", f"{WITHHELD}_{FIGURE}", f"{WITHHELD}_{LIMIT}",
    f"{LIMIT}_{FIGURE}", APPEARED, VANISHED, SAME, UNTOLD,
)  # fmt: skip
"""In the order of a summary: what needs a look comes first."""
_EXACT = 1e-12
"""Relative slack: a figure that was written as text and read again."""
TOLD_APART: tuple[str, ...] = (*ROUND, "method", "basis")
"""Columns that the table has where rows of the same labels differ in them."""
Record = Mapping[str, Any]
Labels = tuple[str, ...]


def compared_figures(before: Release, after: Release) -> pd.DataFrame:
    """Every row of either folder, in the order of the second; rows of the first that it has not, behind.

    Parameters
    ----------
    before, after : Release
        As `read_release` reads them.

    Returns
    -------
    pandas.DataFrame
        `estimate`, the labels, the by-columns and `bound`; `country`, `source`, `period`, `unit`, `method` or `basis` where rows of the same
        labels differ in it, as those of rounds and of a stack do; `status`, one of `STATUSES`; and `NUMBERS`: of rows that are printed as
        figures in both folders value, standard error and limits, of rows that are upper limits in both these. Of all other rows there
        is no number, not even one that one folder prints: the other withholds it, or may withhold the same under another name.

    Notes
    -----
    `standard_errors` is the change over the standard error that the first folder prints, of the second where the first has none.
    Folders of 0.1.0 printed all digits: they are compared as they would be printed now.
    """
    by = _by_columns(before, after)
    old, new = records_of(before), records_of(after)
    more = _telling(by, old, new)
    rows: list[dict[str, Any]] = []
    for i, j in paired(before, after):
        one, two = None if i is None else old[i], None if j is None else new[j]
        shown = two if two is not None else one or {}
        own = {name: _text(shown.get(name)) for name in more}
        rows.append({**_labels_of(shown, by), **own, **_told(one, two)})
    return pd.DataFrame(rows, columns=["estimate", *LABELS, *by, "bound", *more, "status", *NUMBERS])


def paired(before: Release, after: Release) -> list[tuple[int | None, int | None]]:
    """Positions in `records_of` of rows of the same labels, None where the other folder has no such row; in the order of the second."""
    by, old, new = _by_columns(before, after), records_of(before), records_of(after)
    apart = [name for name in APART if all(name in each for each in [*old, *new])]
    groups: dict[Labels, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, records in enumerate((old, new)):
        for at, record in enumerate(records):
            groups[_key(record, by)][side].append(at)
    texts = [[{name: _text(record[name]) for name in apart} for record in records] for records in (old, new)]
    pairs = [pair for left, right in groups.values() for pair in _within(left, right, texts[0], texts[1])]
    return sorted(pairs, key=lambda pair: (pair[1] is None, pair[1] if pair[1] is not None else pair[0]))


def records_of(release: Release) -> list[Record]:
    """The rows of all tables of a release, rounded as they would be printed now."""
    return [
        {str(name): value for name, value in record.items()} | {"estimate": table.name}
        for table in release.tables
        for record in rounded(table.frame).to_dict("records")
    ]


def summary(figures: pd.DataFrame) -> dict[str, int]:
    """How many rows have each status."""
    counts = figures["status"].value_counts()
    return {status: int(counts[status]) for status in STATUSES if status in counts}


def _by_columns(*releases: Release) -> tuple[str, ...]:
    taken = {*FIXED, "estimate"}
    found = [name for release in releases for table in release.tables for name in table.by]
    return tuple(dict.fromkeys(name for name in found if name not in taken))


def _telling(by: Sequence[str], *sides: Sequence[Record]) -> list[str]:
    """The columns by which rows of the same labels are told apart within a folder."""
    found: set[str] = set()
    for records in sides:
        groups: dict[Labels, list[Record]] = defaultdict(list)
        for record in records:
            groups[_key(record, by)].append(record)
        several = [group for group in groups.values() if len(group) > 1]
        found |= {
            name for name in TOLD_APART for group in several if len({_text(each.get(name)) for each in group}) > 1
        }
    return [name for name in TOLD_APART if name in found]


def _within(
    left: list[int], right: list[int], old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int | None, int | None]]:
    """One row on each side is a pair, whatever its method and period: these are inputs that changed.

    Of more, those alike in all that tells apart, then those of the same country, source and period; of two folders with one such each,
    whatever it is, those alike in the rest. A row of one round is never the counterpart of another round's.
    """
    ones, twos = list(left), list(right)
    names = list(old[left[0]]) if left else []
    of_round = [name for name in names if name in ROUND]
    sides = ((left, old), (right, new))
    single = all(len({tuple(texts[at][name] for name in of_round) for at in side}) <= 1 for side, texts in sides)
    passes = [names, of_round, *([[name for name in names if name not in ROUND], []] if single else [])]
    for number, alike in enumerate(passes):
        for one in list(ones):
            mine = [each for each in ones if all(old[each][name] == old[one][name] for name in alike)]
            theirs = [two for two in twos if all(old[one][name] == new[two][name] for name in alike)]
            # Alike in all is a pair, in their order; alike in a part only where there is no other.
            if theirs and (number == 0 or len(mine) == len(theirs) == 1):
                ones.remove(one)
                twos.remove(theirs[0])
                yield one, theirs[0]
    yield from ((one, None) for one in ones)
    yield from ((None, two) for two in twos)


def _key(record: Record, by: Sequence[str]) -> Labels:
    return tuple(_text(record.get(name)) for name in ("estimate", *LABELS, *by, "bound"))


def _text(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _labels_of(record: Record, by: Sequence[str]) -> dict[str, str]:
    """The labels of a row, by-columns in the words of the data where the folder has them."""
    shown = {name: _text(record.get(f"{name}_label")) or _text(record.get(name)) for name in by}
    return {name: shown.get(name, _text(record.get(name))) for name in ("estimate", *LABELS, *by, "bound")}


def state_of(record: Record) -> str:
    """Whether a row is printed as a figure, as an upper limit, or not; what it does not say is not printed."""
    status = str(record.get("publication"))
    return FIGURE if status == PUBLISHED else LIMIT if status in LIMITS else WITHHELD


def _told(one: Record | None, two: Record | None) -> dict[str, Any]:
    if one is None or two is None:
        return {"status": APPEARED if one is None else VANISHED}
    before, after = state_of(one), state_of(two)
    if before != after or before == WITHHELD:
        return {"status": f"{before}_{after}"}
    told: dict[str, Any] = {}
    if before == FIGURE:
        told |= _moved(_number(one["value"]), _number(two["value"]), _number(one["se"]), _number(two["se"]))
    names = ("lower", "upper") if before == FIGURE else ("upper",)
    told |= {f"{name}_{side}": _number(row[name]) for name in names for side, row in (("before", one), ("after", two))}
    told["status"] = _status(told)
    return told


def _moved(before: float, after: float, se_before: float, se_after: float) -> dict[str, float]:
    """A change in its own unit, in per cent of the figure before, and in standard errors."""
    change = 0.0 if _equal(before, after) else _clean(after - before)
    error = se_before if se_before > 0 else se_after
    return {
        "before": before, "after": after, "change": change, "se_before": se_before, "se_after": se_after,
        "percent": _clean(100 * change / abs(before)) if before else math.nan,
        "standard_errors": _clean(change / error) if error > 0 else math.nan,
    }  # fmt: skip


def _status(told: Mapping[str, float]) -> str:
    if not _equal(told.get("before", math.nan), told.get("after", math.nan)):
        return CHANGED
    pairs = [("se_before", "se_after"), ("lower_before", "lower_after"), ("upper_before", "upper_after")]
    same = all(_equal(told.get(one, math.nan), told.get(two, math.nan)) for one, two in pairs)
    return SAME if same else INTERVAL if "before" in told else OTHER_LIMIT


def _equal(one: float, two: float) -> bool:
    return (math.isnan(one) and math.isnan(two)) or math.isclose(one, two, rel_tol=_EXACT, abs_tol=0.0)


def _clean(value: float) -> float:
    """A difference of printed figures without the digits that binary fractions add: 0.0052 − 0.0049 is 0.0003."""
    return float(f"{value:.10g}")


def _number(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)
