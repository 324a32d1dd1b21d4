"""Write docs/reference/study_entries.md: every kind of estimate of a study file with its keys, from the signatures of methods.

`study_entries.py` writes it, `study_entries.py --check` says whether the page on disk is up to date.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import fl_estimate
from fl_estimate.results.methods import Method, kinds
from fl_estimate.study.describe import COMMON, KeyLine, described, key_lines, summary
from fl_estimate.study.forms import ListsEntry, entry_models, own_keys

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "study_entries.md"
HEAD = """# Kinds of estimates and their keys

Written from the signatures of the functions by `make study-entries`; `fl-estimate methods` prints the same. A key of an
`[[estimate]]` is an argument of the function of its kind; what is left out has the default. [](../how_to/study.md) shows them at work.

Every entry has `kind`, and may have {common}.
"""


def page() -> str:
    """Compose the page: a heading a kind, a table of keys; methods of one kind share those that all take."""
    names = [
        f"`{name}` ({COMMON[name][0].lower()}{COMMON[name][1:].rstrip('.')})" for name in ("name", "title", "note")
    ]
    chunks = [HEAD.format(common=", ".join(names[:-1]) + " and " + names[-1])]
    for kind in kinds():
        found = described(kind)
        chunks.append(f"\n## {kind}\n")
        if not found[0].chosen:
            chunks.append(f"\n{summary(found[0])} {_link(found[0])}\n\n{_table(key_lines(found[0]))}")
            continue
        # Only methods for case lists share keys that the file of lists is read by.
        of_lists = issubclass(entry_models()[found[0].tag], ListsEntry)
        shared = [line for line in key_lines(found[0]) if of_lists and line.name in ListsEntry.model_fields]
        keys = f"; all have these keys:\n\n{_table(shared)}" if shared else ".\n"
        chunks.append(f"\n`method` says which of these functions{keys}")
        for method in found:
            own = set(own_keys(method.tag)) | {"level"}
            lines = [line for line in key_lines(method) if line.name in own or not of_lists]
            chunks.append(f"\n### {method.name}\n\n{summary(method)} {_link(method)}\n\n{_table(lines)}")
    return "".join(chunks)


def _table(lines: list[KeyLine]) -> str:
    rows = [
        f"| `{each.name}` | {_cell(each.form)} | {_cell(each.default)} | {_cell(each.description)} |" for each in lines
    ]
    return "\n".join(["| key | value | default | |", "|---|---|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _link(method: Method) -> str:
    """The page of the public function that the entry calls."""
    function = method.described_by()
    for space in ("", "hierarchical", "capture_recapture", "hidden", "synthesis"):
        module = getattr(fl_estimate, space) if space else fl_estimate
        if getattr(module, function.__name__, None) is function and not inspect.ismodule(function):
            path = ".".join(part for part in ("fl_estimate", space, function.__name__) if part)
            return f"({{py:obj}}`{path}`)"
    return ""


def main() -> int:
    """Write the page, or with --check say whether the one on disk is up to date."""
    after = page()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(after, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == after:
        return 0
    print("docs/reference/study_entries.md is out of date; run: make study-entries", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
