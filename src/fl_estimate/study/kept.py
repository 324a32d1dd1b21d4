"""Estimates that a private folder keeps as they are made, so that a run which is taken up again makes only those that changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import FlError
from fl_estimate.neutral import json_text
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.records import to_record
from fl_estimate.study.beside import files_of_entry, side_files
from fl_estimate.study.config import Study
from fl_estimate.study.forms import Entry, PeopleEntry
from fl_estimate.study.inputs import Fingerprint, across_units, shared_files
from fl_estimate.study.plan import earlier

KEPT = "kept"
"""Within the private folder."""
MADE, SHOWN, INDEX = "made", "shown", "keys.json"
_NO_PART = frozenset({"title", "out", "estimate", "publish", "truth", "map"})
"""Of a study, what no estimate depends on; publication is done anew."""
_OF_PEOPLE = frozenset({"source", "classify", "impute", "calibrate"})
"""What no estimate of lists or figures depends on, but for those made before it."""


def estimate_keys(study: Study, mark: Fingerprint) -> dict[str, str]:
    """What each estimate depends on, as one hash: its entry, its files, the people it is made of, those made before it, and the packages.

    Parameters
    ----------
    study : Study
    mark : Fingerprint
        Complete, so with the key of a private folder.
    """
    whole = study.config.model_dump(mode="json")
    # With [impute] each estimate has a say in what is drawn.
    drawn = whole["estimate"] if study.config.impute is not None else None
    people = {name: part for name, part in whole.items() if name not in _NO_PART}
    others = {name: part for name, part in people.items() if name not in _OF_PEOPLE}
    # The grid of weights is another where any estimate adds up over units: the last digits of all of them are.
    people |= {"drawn": drawn, "across_units": across_units(study)}
    files = mark.parts["files"]
    # A file that nobody knows to be another's is one that people come of.
    shared = (set(files) - _of_others(study)) | set(shared_files(study))
    keys: dict[str, str] = {}
    for entry in study.config.estimate:
        written = {*files_of_entry(study, entry), *(shared if isinstance(entry, PeopleEntry) else ())}
        told = {
            "entry": entry.model_dump(mode="json"),
            "people": people if isinstance(entry, PeopleEntry) else others,
            "files": {name: files[name] for name in sorted(written)},
            "before": {name: keys.get(name, "") for _, _, name in earlier(entry)},
            "packages": mark.parts["packages"],
        }
        keys[entry.name] = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return keys


def _of_others(study: Study) -> set[str]:
    """Files beside the surveys, and those that publication alone needs, as written."""
    config = study.config
    found = {*side_files(study), *(f"{each}/estimates.csv" for each in config.publish.previous)}
    found |= {config.truth.file} if config.truth is not None else set()
    return found | ({config.map.geojson} if config.map is not None else set())


@dataclass(kw_only=True)
class KeptEstimates:
    """The estimates of one study that its private folder keeps.

    Attributes
    ----------
    folder : Path or None
        None: nothing is kept.
    keys : mapping of str to str
        By estimate, of `estimate_keys`.
    take_them : bool
        Whether what is there is taken, or only kept for the next time.
    taken : list of str
        The estimates that were taken so far.
    """

    folder: Path | None = None
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    take_them: bool = False
    taken: list[str] = field(default_factory=list[str])

    def has(self, entry: Entry) -> bool:
        """Whether an estimate will be taken, unless it is damaged."""
        place = self._place(entry)
        return place is not None and self.take_them and self.keys[entry.name] == self._known(place)

    def take(self, entry: Entry) -> tuple[Estimates, Estimates] | None:
        """What others are made of, and what is shown, if they are there and nothing that they depend on has changed."""
        place = self._place(entry)
        if place is None or not self.has(entry):
            return None
        try:
            made = _read(place, MADE)
            shown = _read(place, SHOWN) if (place / f"{SHOWN}.parquet").is_file() else made
        except (FlError, OSError, ValueError):
            return None  # damaged: it is made again
        self.taken.append(entry.name)
        return made, shown

    def keep(self, entry: Entry, made: Estimates, shown: Estimates) -> None:
        """Keep what was made, where it is the same when it is read back; the key is written last."""
        place = self._place(entry)
        if place is None:
            return
        with suppress(OSError, FlError):  # what cannot be kept is made again
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            place.parent.chmod(0o700)
            same = _write(made, place, MADE) and (shown is made or _write(shown, place, SHOWN))
            if same:
                part = place / f".{INDEX}.part"
                part.write_bytes(json_text({"name": entry.name, "key": self.keys[entry.name]}).encode())
                os.replace(part, place / INDEX)
            else:
                shutil.rmtree(place)

    def tidy(self) -> None:
        """Take away what belongs to no estimate of the study."""
        if self.folder is None or not self.folder.is_dir():
            return
        wanted = {_called(name) for name in self.keys}
        for place in self.folder.iterdir():
            if place.name not in wanted and place.is_dir():
                shutil.rmtree(place, ignore_errors=True)

    def _place(self, entry: Entry) -> Path | None:
        return None if self.folder is None else self.folder / _called(entry.name)

    def _known(self, place: Path) -> str:
        try:
            return str(json.loads((place / INDEX).read_text(encoding="utf-8"))["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def kept_in(private: Path | None, keys: Callable[[], Mapping[str, str]], *, take: bool) -> KeptEstimates:
    """The estimates that a private folder keeps; without one none."""
    return KeptEstimates() if private is None else KeptEstimates(folder=private / KEPT, keys=keys(), take_them=take)


def _called(name: str) -> str:
    """A folder for an estimate of any name."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _write(estimates: Estimates, place: Path, name: str) -> bool:
    """Write estimates with their draws, and say whether they come back as they were."""
    if type(estimates) is not Estimates:
        return False  # a regression is more than its rows, and made again in a moment
    drawn: Any = estimates.draws
    if drawn is not None and getattr(drawn, "dtype", None) != np.float64:
        return False
    try:
        estimates.save(place / f"{name}.parquet")
    except TypeError:
        return False  # diagnostics that JSON does not hold
    if drawn is not None:
        np.save(place / f"{name}.npy", drawn, allow_pickle=False)
    return _same(estimates, _read(place, name))


def _read(place: Path, name: str) -> Estimates:
    made, drawn = Estimates.read(place / f"{name}.parquet"), place / f"{name}.npy"
    return replace(made, draws=np.load(drawn, allow_pickle=False)) if drawn.is_file() else made


def _same(one: Estimates, other: Estimates) -> bool:
    try:
        pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)
    except AssertionError:
        return False
    told = [json.dumps(to_record(each), sort_keys=True, default=_number) for each in (one, other)]
    return told[0] == told[1] and (one.reasons, one.assumptions) == (other.reasons, other.assumptions)


def _number(value: Any) -> Any:
    return value.item()
