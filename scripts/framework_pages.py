"""Write the docs pages of the indicator frameworks from their TOML: one page each, and the page that lists them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fl_estimate.indicators.framework import Framework
from fl_estimate.indicators.framework_form import bundled_ids, bundled_table
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.marks import recalled_parts
from fl_estimate.indicators.parts import FrameworkOutcome, Indicator

FOLDER = "reference/frameworks"
MARKS = {
    "primary": "read in the document",
    "secondary": "read in a text that reports it",
    "recalled": "recalled, or this project's own reading",
}
# What has no rule that can be evaluated, and is therefore no file here.
NOT_ENCODED = {
    "ILO, Hard to see, harder to count (2012), children": (
        "the operational definition is known, the tables of child indicators were not found; use `icls2018_child` meanwhile"
    ),
    "ILO, Handbook on forced labour surveys, 3rd edition (2024)": "only the announcement was read",
    "IC-TIP (2025), the classification of administrative data on trafficking": "its tables of categories were not read",
}
INDEX = """\
# Indicator frameworks

A framework is a dated file: whom it speaks of, its criteria with document and paragraph, and the rule that makes a class
of them. Released files are never edited, only succeeded. These pages are written from the files when the site is built.

Every rule and every criterion has a mark: {marks}. The questions under a criterion are always this project's mapping. Where
a table rests on a recalled part, it says so. A draft has no rule that could be read; it is completed in a file of the
user's own and needs `allow_unverified=True`.

| id | title | date | status | rule | outcomes |
|---|---|---|---|---|---|
{rows}

## Not encoded, and why

{missing}

See also [how unknown answers are treated](../../explanation/unknown_answers.md) and
[how to add a national criterion](../../how_to/national_framework.md).

```{{toctree}}
:hidden:

{entries}
```
"""


def pages() -> dict[str, str]:
    """Every page by its path below docs/."""
    frameworks = [Framework.read(name) for name in bundled_ids()]
    found = {f"{FOLDER}/index.md": _index(frameworks)}
    return found | {f"{FOLDER}/{framework.id}.md": _page(framework) for framework in frameworks}


def _index(frameworks: list[Framework]) -> str:
    rows = [
        f"| [{entry.id}]({entry.id}.md) | {_cell(entry.title.en)} | {entry.date} | "
        f"{entry.status if entry.kind == 'framework' else 'codes'} | {entry.verification} | "
        f"{', '.join(f'`{outcome.id}`' for outcome in entry.outcomes)} |"
        for entry in frameworks
    ]
    return INDEX.format(
        marks=", ".join(f"{mark} ({text})" for mark, text in MARKS.items()),
        rows="\n".join(rows),
        missing="\n".join(f"- {name}: {reason}." for name, reason in NOT_ENCODED.items()),
        entries="\n".join(entry.id for entry in frameworks),
    )


def _page(framework: Framework) -> str:
    return "\n".join(
        [
            *_head(framework),
            *_rules(framework),
            *_criteria(framework),
            *_codes(framework),
            *_notes(framework),
            *_sources(framework),
        ]
    )


def _head(framework: Framework) -> Iterator[str]:
    yield f"# {_text(framework.title.en)}\n"
    yield f"*{_text(framework.title.fr)}*\n\n*{_text(framework.title.es)}*\n"
    told = {
        "id": framework.id,
        "date": framework.date,
        "status": framework.status,
        "rule": f"{framework.verification}: {MARKS[framework.verification]}",
        "note": framework.verification_note,
        "population": framework.population,
        "unit": framework.unit,
        "reference period": framework.reference_period.kind if framework.reference_period else "",
        "in words": framework.rule_text,
        "not encodable": framework.not_encodable,
    }
    yield "| | |\n|---|---|"
    yield from (f"| {name} | {_cell(text)} |" for name, text in told.items() if text)
    yield ""


def _rules(framework: Framework) -> Iterator[str]:
    raw = bundled_table(framework.id)
    if framework.outcomes:
        yield "## Outcomes\n"
    for outcome, table in zip(framework.outcomes, raw.get("outcomes", []), strict=True):
        yield from _outcome(framework, outcome, table)
    if framework.dimensions:
        yield "## Dimensions\n\n| dimension | | | |\n|---|---|---|---|"
        for entry in framework.dimensions:
            yield f"| `{entry.id}` | {_cell(entry.label.en)} | {_cell(entry.label.fr)} | {_cell(entry.label.es)} |"
        yield ""
    if "dimension_rule" in raw:
        yield f"A dimension is positive when: {_code(raw['dimension_rule'])}\n"
        if framework.dimension_rule_text:
            yield f"{_text(framework.dimension_rule_text)} ({framework.dimension_rule_verified or framework.verification}).\n"
    if framework.definitions:
        yield "## Definitions\n\n| name | meaning | expression | source | mark |\n|---|---|---|---|---|"
        for name, entry in framework.definitions.items():
            source = ", ".join(part for part in (entry.document, entry.paragraph) if part)
            expression = raw["definitions"][name]["expression"]
            mark = entry.verified or framework.verification
            yield f"| `{name}` | {_cell(entry.text)} | {_code(expression)} | {_cell(source)} | {mark} |"
        yield ""


def _outcome(framework: Framework, outcome: FrameworkOutcome, raw: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{outcome.id}`: {_text(outcome.label.en)}\n"
    yield f"*{_text(outcome.label.fr)}; {_text(outcome.label.es)}.* Mark: {outcome.verified}.\n"
    if outcome.optional:
        yield f'Computed only where it is asked for: `fl.classify(data, "{framework.id}", outcomes=["{outcome.id}"])`.\n'
    if outcome.verification_note:
        yield f"{_sentence(outcome.verification_note)}\n"
    for key in ("expression", "template", "of", "numerator", "denominator"):
        if key in raw:
            yield f"{key}: {_code(raw[key])}\n"
    if outcome.values:
        yield "| label | | when |\n|---|---|---|"
        for value, table in zip(outcome.values, raw["values"], strict=True):
            when = _code(table["when"]) if "when" in table else value.stands_for or ""
            yield f"| `{value.id}` | {_cell(value.label.en)} | {when} |"
        yield ""
    if outcome.note:
        yield f"{_sentence(outcome.note)}\n"
    parts = recalled_parts(framework, outcome)
    if parts:
        yield f"Recalled parts, noted under every table: {', '.join(f'`{part}`' for part in parts)}.\n"


def _criteria(framework: Framework) -> Iterator[str]:
    every = [*framework.indicators, *framework.optional_indicators]
    if not every:
        return
    yield "## Criteria\n"
    if framework.optional_indicators:
        names = ", ".join(f"`{entry.id}`" for entry in framework.optional_indicators)
        yield f"Optional, counted only where a national file switches them on: {names}.\n"
    yield "| id | criterion | counts as | questions | paragraph | mark |\n|---|---|---|---|---|---|"
    raw = {
        entry["id"]: entry
        for key in ("indicators", "optional_indicators")
        for entry in bundled_table(framework.id).get(key, [])
    }
    for entry in every:
        yield _criterion(entry, raw[entry.id])
    documents = dict.fromkeys(entry.document for entry in every)
    yield "\nDocuments: " + "; ".join(_text(document) for document in documents) + ".\n"
    yield "### In French and Spanish\n\n| id | français | español |\n|---|---|---|"
    yield from (f"| `{entry.id}` | {_cell(entry.label.fr)} | {_cell(entry.label.es)} |" for entry in every)
    yield ""


def _criterion(entry: Indicator, raw: Mapping[str, Any]) -> str:
    marks = [entry.kind, entry.dimension, entry.phase, entry.strength]
    parts = ", ".join(f"{part} {mark}" for part, mark in entry.verified_parts.items())
    mark = f"{entry.verified} ({parts})" if parts else entry.verified
    test = ", ".join(f"`{item}`" for item in entry.items_any_of or ()) or _code(raw["when"])
    words = f"{entry.label.en}: {entry.definition}" if entry.definition else entry.label.en
    counts_as = _cell(", ".join(part for part in marks if part))
    return f"| `{entry.id}` | {_cell(words)} | {counts_as} | {test} | {_cell(entry.paragraph)} | {mark} |"


def _codes(framework: Framework) -> Iterator[str]:
    for listed in framework.code_lists:
        yield f"## Codes: {_text(listed.id)}\n"
        if listed.note:
            yield f"{_sentence(listed.note)}\n"
        yield "| code | meaning | nearest questions | mark |\n|---|---|---|---|"
        for code in listed.codes:
            words = ": ".join(part for part in (code.label.en if code.label else "", code.definition) if part)
            items = ", ".join(f"`{item}`" for item in code.items)
            yield f"| `{code.id.strip()}` | {_cell(words)} | {items} | {code.verified or listed.verified or ''} |"
        yield ""


def _notes(framework: Framework) -> Iterator[str]:
    """What else the file says, in its own words."""
    if framework.notes:
        yield "## Notes\n"
    for name, value in framework.notes.items():
        entries = value if isinstance(value, list) else [value]
        if len(entries) == 1:
            yield f"- {_text(name.replace('_', ' '))}: {_note_text(entries[0])}"
        else:
            yield f"- {_text(name.replace('_', ' '))}:"
            yield from (f"  - {_note_text(entry)}" for entry in entries)
    if framework.notes:
        yield ""


def _note_text(value: Any) -> str:
    """One note; of a text in three languages the English one."""
    if isinstance(value, Mapping):
        if set(value) == {"en", "fr", "es"}:
            return _text(value["en"])
        parts = (
            _note_text(inner)
            if name in ("id", "label", "text")
            else f"{_text(name.replace('_', ' '))} {_note_text(inner)}"
            for name, inner in value.items()
        )
        return "; ".join(parts)
    return ", ".join(map(_note_text, value)) if isinstance(value, list) else _text(str(value))


def _sources(framework: Framework) -> Iterator[str]:
    yield "## Sources\n"
    for source in framework.sources:
        where = (
            f" <{source.url}>" if source.url.startswith("http") and " " not in source.url else f" {_text(source.url)}"
        )
        read = f" Read: {_text(source.read)}." if source.read else ""
        yield f"- {_text(source.document)}.{where if source.url else ''}{read} Mark: {source.verified or framework.verification}."
    names = [item for item in _items(framework) if item in known_items().items]
    if names:
        yield "\n## Wording of the questions\n\n| question | phases | wording |\n|---|---|---|"
        for name in names:
            item = known_items().items[name]
            yield f"| `{name}` | {', '.join(item.phases)} | {_cell(item.question.en)} |"
    yield ""


def _items(framework: Framework) -> list[str]:
    every = (item.partition("@")[0] for entry in framework.indicators for item in entry.items_any_of or ())
    return list(dict.fromkeys(every))


def _code(node: Any) -> str:
    """An expression as it stands in the file, on one line."""
    return f"`{json.dumps(node, ensure_ascii=False)}`".replace("|", r"\|")


def _text(text: str) -> str:
    """Keep Markdown from reading stars, brackets and underscores."""
    for sign in "\\*_[]<>":
        text = text.replace(sign, f"\\{sign}")
    return text.rstrip(".")


def _sentence(text: str) -> str:
    return f"{_text(text[:1].upper() + text[1:])}."


def _cell(text: str) -> str:
    return _text(text).replace("|", r"\|")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    for path, page in pages().items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(page, encoding="utf-8")
