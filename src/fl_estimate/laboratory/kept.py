"""Blocks on disk: one file each, named by the key of the run. Files of other runs are left alone."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from fl_estimate.errors import FileFault
from fl_estimate.laboratory.block import LIMITS, SampleBlock
from fl_estimate.results import storage

FORM = 2
"""Of the files: raised where their layout changes."""


def file_of(folder: Path, key: str, number: int) -> Path:
    """The file of a block."""
    return folder / f"{key}_{number:05d}.npz"


def keep(block: SampleBlock, file: Path) -> None:
    """Write a block at once or not at all.

    Raises
    ------
    FileFault
        FL-FILE-08: it cannot be written.
    """
    told = {
        "form": FORM, "number": block.number, "domains": block.domains, "parts": block.parts, "outcomes": block.outcomes,
        "codes": block.codes, "refused": block.refused,
    }  # fmt: skip
    arrays: dict[str, Any] = {name: block.figures[name] for name in LIMITS}
    arrays |= {
        "truth": block.truth,
        "code": block.code,
        "standing": block.standing,
        "warned": block.warned,
        "cases": block.cases,
    }
    content = io.BytesIO()
    np.savez_compressed(content, told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8), **arrays)
    storage.write(content.getvalue(), file)


def read(file: Path, samples: int) -> SampleBlock | None:
    """The block of a file, where it is whole and has that many samples; else None, and it is drawn again."""
    if not file.is_file():
        return None
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            told = json.loads(held["told"].tobytes())
            block = SampleBlock(
                number=told["number"],
                domains=tuple(map(tuple, told["domains"])),
                parts=tuple(map(tuple, told["parts"])),
                outcomes=tuple(told["outcomes"]),
                codes=tuple(told["codes"]),
                refused=told["refused"],
                truth=held["truth"],
                figures={name: held[name] for name in LIMITS},
                code=held["code"],
                standing=held["standing"],
                warned=held["warned"],
                cases=held["cases"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return block if told["form"] == FORM and block.samples == samples else None


def make_folder(folder: Path) -> None:
    """Make the folder of blocks.

    Raises
    ------
    FileFault
        FL-FILE-21: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileFault(
            "FL-FILE-21", "the folder of blocks cannot be made", found=f"{folder.name}: {error.strerror or error}",
            fix="give a folder that can be written to, or leave folder= out",
        ) from error  # fmt: skip
