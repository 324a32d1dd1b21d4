"""Measure drafts of mappings on the labels of public instruments: how many columns are right, and how many wrong and firm.

    python benchmarks/drafting.py [--wrong] [--set tuned|kept|fresh]

The labels stand in `tests/reference/instruments`, one file an instrument: name, label, codes, and the variables that the
column may be. The rules were tuned on those marked `kept_back: no`. Those marked `yes` were written down by the same hand
before the rules, and not run until the rules were done: they are kept back, but not independent of who wrote the rules.
Those marked `fresh` were found and copied from public files after the rules were done. A column that is optional (`?`) is not counted when it is left
out. A question that asks the reverse of an item (`~`) is right where yes and no are swapped or the draft refuses it, and
inverted where it is mapped as it stands.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fl_estimate.loaders.draft_rules import FileColumn, Guess, guesses

SETS = {"no": "tuned", "yes": "kept", "fresh": "fresh"}
"""What `kept_back` says of an instrument, and what its set is called in the table."""
FOLDER = Path(__file__).resolve().parents[1] / "tests" / "reference" / "instruments"


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """The columns of one instrument, and what each may be."""

    id: str
    title: str
    set: str
    columns: tuple[FileColumn, ...]
    truth: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a draft made of one instrument; `firm` counts its guesses without a question mark."""

    asked: int
    right: int
    firm: int
    wrong_firm: tuple[str, ...]
    wrong_weak: tuple[str, ...]
    inverted: tuple[str, ...]
    missed: tuple[str, ...]


def read(path: Path) -> Instrument:
    """Read the labels of one instrument."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    columns: list[FileColumn] = []
    truth: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if line.startswith("# "):
            continue
        name, label, codes, may = [*line.split("\t"), "", "", ""][:4]
        pairs = dict(each.strip().split(" ", 1) for each in codes.split("; ") if each.strip())
        columns.append(FileColumn(name=name, label=label, codes=pairs))
        truth[name] = tuple(each for each in may.split("|") if each)
    return Instrument(
        id=path.stem, title=head["title"], set=SETS[head["kept_back"]], columns=tuple(columns), truth=truth
    )


def instruments() -> list[Instrument]:
    """All instruments, those that the rules were written with first."""
    return sorted(
        (read(path) for path in FOLDER.glob("*.tsv")), key=lambda each: (list(SETS.values()).index(each.set), each.id)
    )


def score(instrument: Instrument) -> Score:
    """Draft an instrument, and compare the draft with what its columns are."""
    made, refused = guesses(instrument.columns)
    met: set[str] = set()
    wrong: list[Guess] = []
    inverted: list[str] = []
    for guess in made:
        for name in guess.columns:
            may = instrument.truth[name]
            if f"~{guess.variable}" in may or f"~{guess.variable.partition('@')[0]}" in may:
                if guess.reversed:
                    met.add(name)
                else:
                    inverted.append(f"{name} {guess.variable}")
            elif guess.variable in may or f"?{guess.variable}" in may:
                (wrong.append(guess) if guess.reversed else met.add(name))
                if guess.reversed:
                    inverted.append(f"{name} {guess.variable}")
            else:
                wrong.append(guess)
    met |= {
        each.column.name for each in refused if any(may.startswith("~") for may in instrument.truth[each.column.name])
    }
    found = {variable.lstrip("~?") for name in met for variable in instrument.truth[name]}
    counted = [name for name, may in instrument.truth.items() if may and not all(each.startswith("?") for each in may)]
    right = [name for name in counted if name in met or {may.lstrip("~?") for may in instrument.truth[name]} & found]
    return Score(
        asked=len(counted),
        right=len(right),
        firm=sum(guess.firm for guess in made),
        wrong_firm=tuple(f"{guess.columns[0]} {guess.variable}" for guess in wrong if guess.firm),
        wrong_weak=tuple(f"{guess.columns[0]} {guess.variable}" for guess in wrong if not guess.firm),
        inverted=tuple(inverted),
        missed=tuple(name for name in counted if name not in right),
    )


def total(scores: Iterable[Score]) -> Score:
    """Add up the scores of several instruments."""
    every = list(scores)
    return Score(
        asked=sum(each.asked for each in every),
        right=sum(each.right for each in every),
        firm=sum(each.firm for each in every),
        wrong_firm=tuple(name for each in every for name in each.wrong_firm),
        wrong_weak=tuple(name for each in every for name in each.wrong_weak),
        inverted=tuple(name for each in every for name in each.inverted),
        missed=tuple(name for each in every for name in each.missed),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="name the columns that were wrong or missed")
    parser.add_argument("--set", choices=list(SETS.values()), help="one of the sets only")
    asked = parser.parse_args()
    every = instruments()
    print(
        f"{'instrument':<28}{'columns':>8}{'asked':>7}{'right':>7}{'right %':>9}{'firm':>6}{'wrong firm':>12}{'inverted':>10}"
    )
    for name in SETS.values():
        if asked.set not in (None, name):
            continue
        chosen = [each for each in every if each.set == name]
        scores = {each.id: score(each) for each in chosen}
        for each in chosen:
            _line(each.id, len(each.columns), scores[each.id])
            if asked.wrong:
                one = scores[each.id]
                print(
                    f"    missed {one.missed}\n    wrong firm {one.wrong_firm}\n    wrong weak {one.wrong_weak}\n    inverted {one.inverted}"
                )
        _line(name.upper(), sum(len(each.columns) for each in chosen), total(scores.values()))


def _line(name: str, columns: int, one: Score) -> None:
    share = f"{100 * one.right / one.asked:.0f}" if one.asked else ""
    print(
        f"{name:<28}{columns:>8}{one.asked:>7}{one.right:>7}{share:>9}{one.firm:>6}{len(one.wrong_firm):>12}{len(one.inverted):>10}"
    )


if __name__ == "__main__":
    main()
