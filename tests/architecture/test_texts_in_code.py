"""Proves that no French or Spanish text that is printed stands in Python source: translators find all of them in the catalogues."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "texts_in_code.py"
LETTERS: frozenset[str] = frozenset({"loaders/formats/delimited.py", "words/spaces.py", "words/periods.py"})
"""Files that name letters and signs of other languages, to read or to set them."""


def script() -> Any:
    spec = importlib.util.spec_from_file_location("texts_in_code", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_none_is_left() -> None:
    texts_in_code = script()
    found = texts_in_code.counted()
    assert {name: list(texts_in_code.texts(texts_in_code.ROOT / name)) for name in found if name not in LETTERS} == {}


def test_the_count_sees_what_it_is_for(tmp_path: Path) -> None:
    path = tmp_path / "said.py"
    path.write_text(
        '"""Docstring à part."""\nA = ("North", "Nord", "Norte")\nB = ("No case was met", "Aucun cas pour eux", "Sin caso que contar")\n'
        'C = "Âge inconnu"\nD = ("a", "b", "c")\nE = ("Rényi", "Wald", "log")\nF = "una de las personas"\n',
        encoding="utf-8",
    )
    texts_in_code = script()
    assert sorted(line for line, _ in texts_in_code.texts(path)) == [3, 3, 4, 7]
    assert texts_in_code.counted(tmp_path) == {"said.py": 4}
