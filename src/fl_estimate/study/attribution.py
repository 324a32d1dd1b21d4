"""Which input moved a published figure by how much: the study run again with one input after the other exchanged."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.errors import FlError, StudyFault, listed
from fl_estimate.reporting.releases import Release, as_release
from fl_estimate.study.differences import NOT_AT_HAND, STEP
from fl_estimate.study.figure_changes import CHANGED, FIGURE, paired, records_of, state_of
from fl_estimate.study.input_changes import Manifest, changed_inputs
from fl_estimate.study.inputs import Tell
from fl_estimate.study.run import figures_of
from fl_estimate.study.sides import PIECES, UNUSED, Places, Side, Which, laid_out, side_of, write_mixture

PROGRAM = "program"


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One point of the way from the first result to the second: what was exchanged to come to it, and the figures there."""

    step: str
    release: Release | None


def attributed(
    before: Manifest,
    after: Manifest,
    figures: pd.DataFrame,
    releases: tuple[Release, Release],
    *,
    places: Sequence[str | Path] = (),
    tell: Tell | None = None,
) -> pd.DataFrame:
    """The steps from each figure of the first result to that of the second.

    Parameters
    ----------
    before, after : mapping
        The manifests.
    figures : pandas.DataFrame
        As `compared_figures` gives it for `releases`; steps are told of rows that it tells as changed.
    releases : tuple of Release
    places : sequence of path
        Folders with input files; the working folder is looked through as well.
    tell : callable, optional

    Returns
    -------
    pandas.DataFrame
        The labels of `figures`, `step` (inputs exchanged, joined by " + "), `before`, `after` and `change`. Steps that move
        nothing are left out.

    Raises
    ------
    StudyFault
        FL-STUDY-67: an input is at hand of neither result; FL-STUDY-68: no mixture could be run.
    """
    kinds = _kinds(before, after)
    found = Places([*(Path(each) for each in places), Path.cwd()])
    sides: dict[Which, Side] = {"before": side_of("before", before, found), "after": side_of("after", after, found)}
    first, last = _ends(sides, kinds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        laid_out(folder, sides)
        runs = list(_runs(folder, sides, (first, last), kinds, releases, tell))
    if all(run.release is None for run in runs):
        raise StudyFault(
            "FL-STUDY-68", "the study cannot be run with the inputs that are at hand", found="every mixture of them fails",
            fix="see with fl-estimate check whether the second study still runs; without --rerun figures and inputs are compared all the same",
        )  # fmt: skip
    runs.append(_Run(step=_named([PROGRAM], _absent(last, "before", kinds)), release=releases[1]))
    return _steps(figures, releases, runs)


def _kinds(before: Manifest, after: Manifest) -> dict[str, list[str]]:
    """Of each part that differs, the kinds of its inputs that do."""
    inputs = changed_inputs(before, after)
    rows = [(str(what), str(name)) for what, name in zip(inputs["what"], inputs["name"], strict=True)]
    used = [what for what, name in rows if what != "study" or name.split(".")[0] not in UNUSED]
    found = {piece: list(dict.fromkeys(what for what in used if what in kinds)) for piece, kinds in PIECES.items()}
    return {piece: kinds for piece, kinds in found.items() if kinds}


def _ends(sides: Mapping[Which, Side], kinds: Mapping[str, Any]) -> tuple[dict[str, Which], dict[str, Which]]:
    """From which side each part comes in the first run and in the last: its own where that is at hand."""
    absent = [
        name for piece in PIECES if not any(side.has(piece) for side in sides.values())
        for name in dict.fromkeys(n for side in sides.values() for n in side.lacks(piece))
    ]  # fmt: skip
    if absent:
        raise StudyFault(
            "FL-STUDY-67", "inputs of neither result are at hand, so that nothing can be run again", found=listed(absent),
            fix="name the folders that hold them with --inputs; files are known by their hash, whatever they are called",
        )  # fmt: skip
    first: dict[str, Which] = {piece: "before" if sides["before"].has(piece) else "after" for piece in PIECES}
    last: dict[str, Which] = {piece: "after" if sides["after"].has(piece) else "before" for piece in PIECES}
    # A part that does not differ stays where it is.
    return first, {piece: which if piece in kinds else first[piece] for piece, which in last.items()}


def _runs(
    folder: Path,
    sides: Mapping[Which, Side],
    ends: tuple[Mapping[str, Which], Mapping[str, Which]],
    kinds: Mapping[str, list[str]],
    known: Sequence[Release],
    tell: Tell | None,
) -> Iterator[_Run]:
    """The first study as it runs today, then one part after the other exchanged."""
    first, last = ends
    chosen = dict(first)
    start = _run(folder / "0.toml", sides, chosen, known, tell)
    yield _Run(step=_named([PROGRAM], _absent(first, "after", kinds)), release=start)
    exchanged = [piece for piece in kinds if first[piece] != last[piece]]
    for number, piece in enumerate(exchanged, 1):
        chosen[piece] = last[piece]
        if tell is not None:
            tell(f"exchanging {', '.join(kinds[piece])}")
        yield _Run(step=" + ".join(kinds[piece]), release=_run(folder / f"{number}.toml", sides, chosen, known, tell))


def _run(
    path: Path, sides: Mapping[Which, Side], chosen: Mapping[str, Which], known: Sequence[Release], tell: Tell | None
) -> Release | None:
    """What may be published of a mixture beside both results; None where it cannot be run, as with a mapping that does not fit the data."""
    write_mixture(path, sides, chosen)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were told when the two results were made
            published = figures_of(path, previous=known, progress=tell)
    except FlError:
        return None
    return None if published is None else as_release(published)


def _absent(chosen: Mapping[str, Which], other: Which, kinds: Mapping[str, list[str]]) -> list[str]:
    """Kinds of inputs that differ, and that had to be taken from the other side."""
    return [kind for piece, each in kinds.items() if chosen[piece] == other for kind in each]


def _named(own: list[str], absent: list[str]) -> str:
    return " + ".join([*own, *absent]) + (NOT_AT_HAND if absent else "")


def _steps(figures: pd.DataFrame, releases: tuple[Release, Release], runs: Sequence[_Run]) -> pd.DataFrame:
    """The way of each changed figure through the runs; where one has no figure for it, its step is told with the next."""
    before = releases[0]
    found = [_values(before, run.release) for run in runs]
    labels = list(map(str, figures.columns))[: list(figures.columns).index("status")]
    rows: list[dict[str, Any]] = []
    for (old, _), record in zip(paired(*releases), figures.to_dict("records"), strict=True):
        if record["status"] != CHANGED or old is None:
            continue
        here, waiting = float(record["before"]), list[str]()
        for run, values in zip(runs, found, strict=True):
            waiting.append(run.step)
            there = float(record["after"]) if run is runs[-1] else values.get(old, math.nan)
            if math.isnan(there):
                continue
            if there != here:
                step = {"step": _together(waiting), "before": here, "after": there, "change": _difference(here, there)}
                rows.append({**{name: record[name] for name in labels}, **step})
            here, waiting = there, []
    return pd.DataFrame(rows, columns=[*labels, *STEP])


def _values(before: Release, release: Release | None) -> dict[int, float]:
    """The figures of a run, by the position of the row that they belong to in the first result."""
    if release is None:
        return {}
    records = records_of(release)
    return {
        old: float(records[new]["value"])
        for old, new in paired(before, release)
        if old is not None and new is not None and state_of(records[new]) == FIGURE
    }


def _together(steps: Sequence[str]) -> str:
    absent = any(step.endswith(NOT_AT_HAND) for step in steps)
    parts = dict.fromkeys(part for step in steps for part in step.removesuffix(NOT_AT_HAND).split(" + "))
    return " + ".join(parts) + (NOT_AT_HAND if absent else "")


def _difference(before: float, after: float) -> float:
    """Without the digits that binary fractions add."""
    return float(f"{after - before:.10g}")
