"""Compare the published figures of the sample studies with the committed table: one that changed has to be named in CHANGELOG.md.

`sample_figures.py --check` fails where a figure of a study differs from tests/reference/sample_figures.csv and no entry under
"Changed estimates" of the unreleased version names it: the path of the study, and the estimate in backquotes (or "every figure").

    - `data/sample/study.toml`: `districts` 3 % lower, since the prior of sigma is narrower.

Without --check the table is written anew, under the same condition.
"""

from __future__ import annotations

import csv
import io
import math
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "reference" / "sample_figures.csv"
CHANGELOG = ROOT / "CHANGELOG.md"
STUDIES: tuple[str, ...] = (
    "data/sample/study.toml",
    "data/sample/migrants_study.toml",
    "docs/examples/world.toml",
    "docs/examples/mics_like/study.toml",
)
LABELS = ("study", "estimate", "quantity", "outcome", "term", "margin", "domain", "bound", "method")
FIGURES = ("value", "se", "lower", "upper")
COLUMNS: tuple[str, ...] = (*LABELS, "basis", "publication", *FIGURES)
EVERY = "every figure"
TITLE = "### Changed estimates"
Row = Mapping[str, str]


def main() -> int:
    """0 where every figure is as it was, or named in the changelog."""
    found = [row for study in STUDIES for row in published(study)]
    kept = read(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else []
    moved = list(changes(kept, found)) if kept else []
    silent = unnamed(moved, named(CHANGELOG.read_text(encoding="utf-8")))
    for study, estimate, what in moved:
        print(f"{study}: {estimate}: {what}")
    if silent:
        print(f"\nnot named in CHANGELOG.md under {TITLE[4:]!r} of the unreleased version:")
        print("\n".join(f"- `{study}`: `{estimate}` …" for study, estimate in silent))
        return 1
    if "--check" not in sys.argv[1:]:
        TABLE.write_text(written(found), encoding="utf-8")
    print(f"{len(found)} published rows of {len(STUDIES)} studies, {len(moved)} changed and named")
    return 0


def published(study: str) -> list[Row]:
    """The rows that a study publishes, as texts; its files start from the root of the checkout."""
    from fl_estimate.study.run import figures_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = figures_of(ROOT / study)
    assert made is not None, study
    tables = [(table.name, record, table.by) for table in made.tables for record in table.frame.to_dict("records")]
    return [_row(study, name, record, by) for name, record, by in tables]


def _row(study: str, name: str, record: Mapping[Any, Any], by: Sequence[str]) -> Row:
    domain = "; ".join(f"{column}={record[column]}" for column in by if _text(record[column]))
    told = {"study": study, "estimate": name, "domain": domain}
    return told | {column: _text(record[column]) for column in COLUMNS if column not in told}


def changes(kept: Sequence[Row], found: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    """Study, estimate and what changed, of rows that differ, came or went."""
    old, new = _by_labels(kept), _by_labels(found)
    for key in dict.fromkeys([*new, *old]):
        one, two = old.get(key), new.get(key)
        where = ", ".join(part for part in key[2:-1] if part)
        if one is None or two is None:
            yield key[0], key[1], f"{where}: {'new' if one is None else 'gone'}"
            continue
        differing = [name for name in ("publication", *FIGURES) if not same(one[name], two[name], basis=two["basis"])]
        if differing:
            yield key[0], key[1], f"{where}: " + ", ".join(f"{n} {one[n] or '-'} -> {two[n] or '-'}" for n in differing)


def same(one: str, two: str, *, basis: str) -> bool:
    """Whether two printed figures are one; of models, whose optima differ between processors, within one of the last digit."""
    if one == two:
        return True
    try:
        old, new = float(one), float(two)
    except ValueError:
        return False
    decimals = min(_decimals(one), _decimals(two))
    step = 10.0**-decimals
    return basis == "model" and math.isclose(old, new, rel_tol=0, abs_tol=step * (1 + 1e-9))


def _decimals(text: str) -> int:
    """Decimals of a printed figure; below 0 of whole numbers that end in zeros."""
    whole, dot, rest = text.removesuffix(".0").partition(".")
    return len(rest) if dot else -(len(whole) - len(whole.rstrip("0")))


def named(changelog: str) -> list[str]:
    """The entries under "Changed estimates" of the version at the top, if it is not released yet."""
    versions = re.split(r"(?m)^## ", changelog)
    if len(versions) < 2 or "unreleased" not in versions[1].splitlines()[0].lower():
        return []
    part = versions[1].partition(TITLE)[2].partition("\n### ")[0]
    return [entry.strip() for entry in re.split(r"(?m)^- ", part)[1:]]


def unnamed(moved: Iterable[tuple[str, str, str]], entries: Sequence[str]) -> list[tuple[str, str]]:
    """Studies and estimates that changed and that no entry names."""
    pairs = dict.fromkeys((study, estimate) for study, estimate, _ in moved)
    return [
        (study, estimate)
        for study, estimate in pairs
        if not any(study in entry and (f"`{estimate}`" in entry or EVERY in entry) for entry in entries)
    ]


def read(text: str) -> list[Row]:
    """The committed table."""
    return list(csv.DictReader(io.StringIO(text)))


def written(rows: Sequence[Row]) -> str:
    """The table as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _by_labels(rows: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    """Rows by their labels; of several with the same the first, the second, and so on."""
    result: dict[tuple[str, ...], Row] = {}
    for row in rows:
        labels = tuple(row[name] for name in LABELS)
        again = sum(key[:-1] == labels for key in result)
        result[*labels, str(again)] = row
    return result


def _text(value: Any) -> str:
    if value is None or str(value) in ("<NA>", "nan"):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
