"""Count French and Spanish texts inside Python source: they belong to the catalogues. `python scripts/texts_in_code.py [ROOT …]`.

A guess: a text with letters that English has not, or words that only French or Spanish have, and a tuple of three texts that
are no names (English, French, Spanish side by side). Docstrings are left out, and so is what reads files and prints nothing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "src" / "fl_estimate"

READS: frozenset[str] = frozenset(
    {
        "loaders/draft_rules.py",
        "schema/code_words.py",
        "schema/missing_words.py",
        "loaders/labelled_missing.py",
        "loaders/mapping_parts.py",
    }
)
"""Files whose words are looked for in the files of offices, in any language: nothing of them is printed."""

_LETTERS = re.compile(r"[àâçéèêëîïôûùœñáíóúü¿¡«»]", re.IGNORECASE)
_NAMES = re.compile(r"Rényi|Bárány|Pólya|Erdős|Élő|Sjö|Côte|Brière|Gómez|Sánchez|Fisher|Hájek|López|Zelterman|Sørensen")
_WORDS = re.compile(
    r"\b(les|des|une|est|sont|dans|avec|pour|qui|chaque|selon|los|las|una|del|que|por|cada|según|personas|personnes)\b"
)
_WORDY = re.compile(r"[A-Za-zÀ-ÿ]{2,}[ ’'][A-Za-zÀ-ÿ]{2,}|^[A-ZÀ-Ý][a-zà-ÿ]{3,}$")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what looks French or Spanish in one file, each text once; of a tuple of three its last two."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = _docstrings(tree)
    seen: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and _three(node):
            for each in node.elts[1:]:
                seen.add(id(each))
                yield each.lineno, _text(each)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (said | seen):
            text = _NAMES.sub("", node.value)
            if _LETTERS.search(text) or len(_WORDS.findall(text)) >= 2:
                yield node.lineno, node.value


def _docstrings(tree: ast.AST) -> set[int]:
    """Texts that stand alone as a statement."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _three(node: ast.Tuple) -> bool:
    """Three texts, of which the second or third is French or Spanish, or all read like words and differ."""
    found = [_text(each) for each in node.elts]
    if len(found) != 3 or not all(found):
        return False
    foreign = any(_LETTERS.search(text) or _WORDS.search(text) for text in found[1:])
    return foreign and all(_WORDY.search(text) for text in found)


def counted(root: Path = ROOT) -> dict[str, int]:
    """How many stand in each file under a folder of source, those that only read left out."""
    found = {str(path.relative_to(root)): len(list(texts(path))) for path in sorted(root.rglob("*.py"))}
    return {name: count for name, count in found.items() if count and name not in READS}


def main(arguments: list[str]) -> None:
    """Print the counts of each folder that is named."""
    for root in [Path(each) for each in arguments] or [ROOT]:
        files = counted(root)
        for name, count in sorted(files.items(), key=lambda pair: -pair[1]):
            print(f"{count:5} {name}")
        print(f"{sum(files.values()):5} texts in {len(files)} files under {root.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
