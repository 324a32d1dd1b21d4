"""The private folder of a run: full values, the audit and the key of fingerprints. Nobody but the analyst may have it."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from textwrap import fill

import pandas as pd

from fl_estimate.errors import StudyFault
from fl_estimate.pages.frames import csv_text
from fl_estimate.reporting.file_names import as_files
from fl_estimate.reporting.published import PublishedEstimates
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.results.columns import context_of
from fl_estimate.results.estimates import Estimates
from fl_estimate.words.catalogue import catalogue
from fl_estimate.words.languages import LANGUAGES
from fl_estimate.words.say import say

NOTICE = "NOT_FOR_RELEASE.txt"
"""The file by which a private folder is known."""
KEY = "fingerprint.key"
ESTIMATES = "estimates"
AUDIT = "audit.csv"


def open_private(folder: Path, result: Path) -> bytes:
    """Make or find a private folder that its owner alone can enter, and give its key.

    Parameters
    ----------
    folder : Path
    result : Path
        The result folder, which the private folder may neither lie in nor hold.

    Returns
    -------
    bytes
        32 bytes, drawn once and kept in the folder.

    Raises
    ------
    StudyFault
        FL-STUDY-43: it lies in the result folder, or the result folder in it; FL-STUDY-41: it holds files that no run wrote;
        FL-STUDY-42: it cannot be made or written to.
    """
    own, other = folder.resolve(), result.resolve()
    if own == other or own in other.parents or other in own.parents:
        raise StudyFault(
            "FL-STUDY-43", "the private folder and the result folder lie in each other", found=f"{folder.name}, {result.name}",
            fix="name a folder of its own with --private: what is released may hold nothing of it",
        )  # fmt: skip
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / NOTICE).is_file()):
        raise StudyFault(
            "FL-STUDY-41", "the private folder holds files that no run wrote", found=folder.name,
            fix="name an empty folder, or a private folder of an earlier run, with --private",
        )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / NOTICE).write_text(_notice(), encoding="utf-8", newline="\n")
        return _key(folder / KEY)
    except OSError as error:
        raise StudyFault(
            "FL-STUDY-42", "the private folder cannot be written", found=f"{folder.name}: {error.strerror or error}",
            fix="name a folder that can be written to with --private",
        ) from error  # fmt: skip


def _key(path: Path) -> bytes:
    if path.is_file():
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    key = secrets.token_bytes(32)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
        file.write(f"{key.hex()}\n")
    return key


def keyed(key: bytes, content: bytes) -> str:
    """A fingerprint that confirms a guess to nobody who has not the key: HMAC with SHA-256, in hexadecimal digits."""
    return hmac.new(key, content, sha256).hexdigest()


def write_private(folder: Path, estimates: Mapping[str, Estimates], published: PublishedEstimates | None) -> None:
    """Write full values, one Parquet file an estimate as `fl.Estimates.read` takes it, and what was withheld and why."""
    position = folder / ESTIMATES
    position.mkdir(exist_ok=True)
    position.chmod(0o700)
    for old in position.glob("*.parquet"):
        old.unlink()
    for name, stem in as_files(estimates).items():
        estimates[name].save(position / f"{stem}.parquet")
    if published is not None:
        write_bytes(folder / AUDIT, csv_text(withheld_rows(estimates, published)).encode())


def withheld_rows(estimates: Mapping[str, Estimates], published: PublishedEstimates) -> pd.DataFrame:
    """Every row that is not printed as a figure, with its full values and the reason: the rule's, or to protect another."""
    found: list[pd.DataFrame] = []
    rule = published.rule
    for table in published.tables:
        full = estimates[table.name]
        state = table.frame["publication"].to_numpy(dtype=object)
        cases, n = full.support.cases, full.support.respondents
        small = ~(n >= rule.min_n) | (cases < rule.min_cases) | ~(full.support.df >= rule.min_df)
        frame = full.frame[
            [*context_of(table.by), "quantity", "outcome", "term", "margin", *table.by, "value", "se", "n", "cases"]
        ]
        why = [
            "" if kept == "published" else "rule" if few else "to protect others"
            for kept, few in zip(state, small, strict=True)
        ]
        frame = frame.assign(estimate=table.name, publication=state, reason=why)
        found.append(frame[frame["publication"] != "published"])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _notice() -> str:
    """What the folder is, in every language that has words for it: nobody knows who will open it."""
    said = [
        say("notice", "private_folder", each) for each in LANGUAGES if ("notice", "private_folder") in catalogue(each)
    ]
    return "\n".join(f"{fill(text, 120)}\n" for text in said)
