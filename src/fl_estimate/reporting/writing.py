"""Files out: written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from fl_estimate.errors import FileFault


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there in one step.

    Raises
    ------
    FileFault
        FL-FILE-08 where the folder does not exist or cannot be written to.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise FileFault(
            "FL-FILE-08", "a file cannot be written", found=f"{path.name}: {error.strerror or error}",
            fix="choose a folder that exists and can be written to",
        ) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)
    return path
