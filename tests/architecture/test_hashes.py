"""Hashes are keyed where they are of who people are, and of whole files, tables or our own code where they are not.

A bare hash of a name or a number of an identity card is the name: whoever has a list of names hashes them all and looks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import fl_estimate

ROOT = Path(fl_estimate.__file__).parent
KEYED: dict[str, str] = {
    "loaders/linking.py": "identifiers of case lists, under a key that the salt gives",
    "study/private.py": "fingerprints of case lists, under the key of the private folder",
}
WHOLE: dict[str, str] = {
    "loaders/file_table.py": "a file",
    "loaders/several_files.py": "the hashes of files",
    "study/config.py": "the study file",
    "study/folder.py": "a file of the result",
    "study/inputs.py": "the files of a study, and the study with its versions",
    "study/kept.py": "an entry of a study with the hashes of its files; the name of an estimate, for a folder of private files",
    "study/same_files.py": "a file",
    "study/sides.py": "a file",
    "study/verify.py": "a file",
    "indicators/kept_files.py": "a file and the types of its columns",
    "inputs/folder.py": "a file",
    "inputs/kept_sums.py": "a question with the hash of its file; sums that were kept",
    "laboratory/keys.py": "our own code, and what a simulation was asked",
    "inputs/histories.py": "all counts of capture histories",
    "estimators/capture_recapture/pairwise.py": "all counts of pairs",
    "estimators/capture_recapture/register_counts.py": "all counts of a register",
    "estimators/capture_recapture/people_cells.py": "all rows of lists with covariates",
    "estimators/capture_recapture/doubly_robust.py": "all rows of lists with covariates",
    "estimators/imputation/working.py": "a number in memory that orders records alike in every engine; not kept",
    "datasets/case_lists.py": "identifiers of people who do not exist",
}
"""Digests of whole contents: nobody finds a person by them, and where lists are published they are left out."""
MODULES = frozenset({"hashlib", "hmac", "zlib", "uuid", "binascii"})
HASHES = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512", "md5", "blake2b", "blake2s", "sha3_256", "file_digest", "hash_pandas_object",
                    "hash_rows", "crc32", "adler32", "uuid3", "uuid5", "new"})  # fmt: skip


def hashes(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that hash, by whatever way their module came in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            polars = name == "hash" and isinstance(node.func, ast.Attribute)
            if (name in HASHES and (name != "new" or owner in MODULES)) or polars or (name == "hash" and not owner):
                yield node


@cache
def used() -> dict[str, list[ast.Call]]:
    found: dict[str, list[ast.Call]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {
            node
            for each in ast.walk(tree)
            if isinstance(each, ast.FunctionDef) and each.name == "__hash__"
            for node in hashes(each)
        }
        if calls := [node for node in hashes(tree) if node not in own]:
            found[path.relative_to(ROOT).as_posix()] = calls
    return found


def test_every_hash_says_of_what_it_is() -> None:
    assert set(used()) == {*KEYED, *WHOLE}


def test_hashes_of_people_are_keyed() -> None:
    calls = used()
    for name in KEYED:
        keyed = [
            node
            for node in calls[name]
            if {"key", "digestmod"} & {each.arg for each in node.keywords} or ast.unparse(node.func) == "hmac.new"
        ]
        assert keyed, name
        bare = [ast.unparse(node) for node in calls[name] if node not in keyed]
        # The key itself is made of the salt alone.
        assert bare in ([], ["hashlib.blake2b(secret)"]), name


@pytest.mark.parametrize(
    "text",
    [
        "hashlib.sha256(name.encode())",
        "sha256(name)",
        "hashlib.new('md5', name)",
        "zlib.crc32(name)",
        "pl.col('name').hash()",
        "hash(name)",
    ],
)
def test_a_bare_hash_is_found(text: str) -> None:
    assert list(hashes(ast.parse(text)))
