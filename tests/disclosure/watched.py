"""A command that is watched while it runs: what it writes anywhere, how its child processes are called, what their environment holds.

Files that come and go are kept by a link of their own; marks are looked for as any of the ways in which a text or a number may lie in bytes.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IDENTIFIERS: tuple[str, ...] = (
    "Amina Quispe", "ZX84129", "310 774 01", "beaten at the Qoxland mine", "Chheqollo Pampa", "-13.51931", "coupon-Vilcanota", "Tupaq Yupanki",
)  # fmt: skip
"""A person, an identity card, a telephone, an answer, a village, a position, a coupon, a relative: all of them are in the files that are read."""
NUMBERS: tuple[float, ...] = (441725.25, 90210774.0)
"""An amount and a number of a person, which may lie in bytes as numbers."""


def forms(text: str) -> Iterator[bytes]:
    """A text as it may stand in bytes: UTF-8, UTF-16 and 32 of both orders, JSON's escapes, hexadecimal, base64 at each of its places."""
    raw = text.encode()
    yield raw
    yield from (text.encode(code) for code in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))
    yield raw.hex().encode()
    for before in range(3):
        inner = base64.b64encode(b"\0" * before + raw)
        # The first and last signs depend on what stands beside.
        certain = inner[4 if before else 0 : len(inner) - 4]
        if len(certain) > 7:
            yield certain


FORMS: dict[bytes, str] = {form: text for text in IDENTIFIERS for form in forms(text)} | {
    packed: f"{number}" for number in NUMBERS for packed in (struct.pack("<d", number), struct.pack(">d", number))
}


def opened(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes, and what they hold packed: archives, compressed parts of PNG, PDF and Parquet, their metadata."""
    yield content
    if depth > 2:
        return
    if content[:2] == b"PK":
        with contextlib.suppress(zipfile.BadZipFile, RuntimeError), zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                yield info.filename.encode()
                yield from opened(archive.read(info), depth + 1)
    elif content[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError):
            yield from opened(gzip.decompress(content), depth + 1)
    elif content[:4] == b"PAR1":
        yield from _of_parquet(content)
    elif content[:5] == b"%PDF-" or content[:4] == b"\x89PNG":
        for at in range(len(content) - 1):
            if content[at] == 0x78 and content[at + 1] in (0x01, 0x5E, 0x9C, 0xDA):
                with contextlib.suppress(zlib.error):
                    yield zlib.decompressobj().decompress(content[at:])


def _of_parquet(content: bytes) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    with contextlib.suppress(Exception):
        table = pq.read_table(io.BytesIO(content))
        for key, value in (table.schema.metadata or {}).items():
            yield key + b"\0" + value
            with contextlib.suppress(ValueError, KeyError, TypeError):
                told = json.loads(value)
                if packed := (told.get("covariance") or {}).get("zlib"):
                    yield zlib.decompress(base64.b64decode(packed))
        for name in table.column_names:
            yield name.encode() + b"\0" + "\0".join(map(str, table[name].to_pylist())).encode("utf-8", "surrogatepass")


def identifiers_in(content: bytes) -> list[str]:
    """Which of the planted identifiers some bytes hold, however they were packed."""
    found: dict[str, None] = {}
    for part in opened(content):
        found |= {text: None for form, text in FORMS.items() if form in part}
    return list(found)


@dataclass
class Watched:
    """What was seen of a command."""

    status: int = 0
    told: bytes = b""
    calls: set[bytes] = field(default_factory=set)
    environments: set[bytes] = field(default_factory=set)
    passing: dict[str, bytes] = field(default_factory=dict)
    """Files that came under the watched folders, the last content that was seen of each."""


def watch(
    arguments: Sequence[str],
    *,
    folders: Sequence[Path],
    home: Path,
    kill_after: float | None = None,
    cwd: Path | None = None,
) -> Watched:
    """Run Python with these arguments; its home and its folder for temporary files are its own, and are watched with `folders`.

    The watch looks some fifty times a second: what is written and gone between two looks is not seen.
    """
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    keep = home.parent / f".kept-{home.name}"
    keep.mkdir(exist_ok=True)
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "PYTENSOR_FLAGS")
    }
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONWARNINGS": "ignore",
    }
    seen, done = Watched(), threading.Event()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=cwd,
        start_new_session=True,
    )
    looking = threading.Thread(target=_look, args=(process.pid, [temporary, *folders], keep, seen, done), daemon=True)
    looking.start()
    try:
        if kill_after is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        seen.told = process.communicate(timeout=600)[0]
    finally:
        done.set()
        looking.join()
    seen.status = process.returncode
    for path in keep.iterdir():
        seen.passing[path.name] = path.read_bytes()
    return seen


def _look(pid: int, folders: Sequence[Path], keep: Path, seen: Watched, done: threading.Event) -> None:
    family, numbers = {pid}, dict[int, None]()
    while not done.is_set():
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    if int(entry.name) in family or parent in family:
                        family.add(int(entry.name))
                        seen.calls.add((entry / "cmdline").read_bytes())
                        seen.environments.add((entry / "environ").read_bytes())
        for folder in folders:
            for root, _, files in os.walk(folder):
                for name in files:
                    with contextlib.suppress(OSError):
                        path = Path(root) / name
                        number = path.stat().st_ino
                        if number not in numbers:
                            os.link(path, keep / f"{len(numbers)}-{name}"[:200])
                            numbers[number] = None
        time.sleep(0.01)


def files_under(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


def faults_of(seen: Watched, *folders: Path, inputs: Sequence[Path] = (), may: Sequence[str] = ()) -> list[str]:
    """Where identifiers were found: in what was printed, in calls and environments, in passing files, in what is left; `may` are names that hold them rightly."""
    places: dict[str, Any] = {"what was printed": seen.told}
    places |= {f"a call {call[:80]!r}": call for call in seen.calls} | {
        f"environment {at}": value for at, value in enumerate(seen.environments)
    }
    places |= {f"a passing file {name}": content for name, content in seen.passing.items()}
    places |= {str(path): content for path, content in files_under(*folders) if path not in inputs}
    wrong: list[str] = []
    known = {path.read_bytes() for path in inputs if path.is_file()}
    for place, content in places.items():
        if content not in known and not any(name in place for name in may) and (found := identifiers_in(content)):
            wrong.append(f"{place} holds {found}")
    return wrong
