"""Targets made ready: which inputs a formula or function has, what stands in its tables; what only a note says is not guessed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from fl_estimate.errors import FlError, StudyFault, listed, nearest
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reproduce import functions
from fl_estimate.reproduce.figures import Input, figure
from fl_estimate.reproduce.formulas import Formula, FormulaError, read_formula, rows_of
from fl_estimate.reproduce.tables import read_column, read_lists, read_table
from fl_estimate.reproduce.target_file import (
    ENDINGS,
    IDS,
    FaultsOfFiles,
    InputEntry,
    TargetEntry,
    arguments_of,
    entries_of,
    parse_toml,
    read_file,
)
from fl_estimate.schema.grammar import Column

BUNDLED = "fl_estimate.datasets"
FOLDER = "targets"
FILES: tuple[str, ...] = ("published.toml", "case_lists.toml", "not_reproduced.toml")
MOST_ORDERS = 6
"""Inputs up to which every order of them is tried, to see whether it matters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A target that was made ready.

    Attributes
    ----------
    entry : TargetEntry
    inputs : tuple of Input
    formulas : mapping of str to Formula
        By their text.
    function : str
        The name of a public estimator, empty where there is a formula or nothing.
    histories : CaptureHistories or None
    from_note : bool
        Whether the formula was read from `method`, which is a note: it may agree with the print, and is no ground to say that it does not.
    trouble : str
        Why nothing can be computed.
    """

    entry: TargetEntry
    inputs: tuple[Input, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict[str, Formula])
    function: str = ""
    histories: CaptureHistories | None = None
    from_note: bool = False
    trouble: str = ""


def read_targets(targets: Sequence[str | Path] = ()) -> tuple[Target, ...]:
    """Read targets by id or file, and make them ready.

    Raises
    ------
    StudyFault
        FL-STUDY-30: every fault of every file; FL-STUDY-31: no bundled target has this id.
    """
    if not targets:
        return bundled_targets()
    faults = FaultsOfFiles()
    unknown: list[str] = []
    found: list[Target] = []
    known: dict[str, Target] = {}
    if any(Path(given).suffix.lower() not in ENDINGS for given in targets):
        known = {target.entry.id: target for target in bundled_targets()}
    for given in targets:
        path = Path(given)
        if path.suffix.lower() in ENDINGS:
            found += _ready(read_file(path, faults), path.name, path.parent, faults)
        elif str(given) in known:
            found.append(known[str(given)])
        else:
            unknown.append(str(given))
    if unknown and not faults:
        raise _unknown(unknown, list(known))
    faults.add(IDS, *(f"no bundled target is called {each!r}" for each in unknown))
    if faults:
        raise faults.raised()
    return tuple(found)


@cache
def bundled_targets() -> tuple[Target, ...]:
    """The targets that come with the library."""
    faults = FaultsOfFiles()
    found: list[Target] = []
    for file in (resources.files(BUNDLED) / FOLDER / name for name in FILES):
        entries = entries_of(parse_toml(file.read_text(encoding="utf-8")), file.name, faults)
        found += _ready(entries, file.name, None, faults)
    if faults:
        raise faults.raised()
    return tuple(found)


def _ready(
    entries: Sequence[tuple[str, TargetEntry]], file: str, folder: Path | None, faults: FaultsOfFiles
) -> list[Target]:
    found: list[Target] = []
    for where, entry in entries:
        own: list[str] = []
        made = make_ready(entry, folder, own)
        faults.add(file, *(f"{where}: {fault}" for fault in own))
        found += [made] if not own else []
    return found


def make_ready(entry: TargetEntry, folder: Path | None, faults: list[str]) -> Target:
    """A target with its inputs read; what is wrong with what it declares is added to the faults."""
    if not (entry.inputs or entry.tables):
        return Target(entry=entry)
    texts = list(dict.fromkeys(each.formula for each in entry.printed_values if each.formula))
    if not texts and not entry.function:
        return _from_note(entry)
    if not entry.inputs:
        return _of_lists(entry, folder, faults)
    inputs = tuple(_inputs(entry, folder, faults))
    if faults:
        return Target(entry=entry)
    if entry.function:
        return _of_figures(entry, inputs, faults)
    formulas: dict[str, Formula] = {}
    for text in texts:
        try:
            formulas[text] = read_formula(text)
        except FormulaError as error:
            faults.append(f"formula: {error}")
    if not faults:
        faults += list(_between(entry, formulas, inputs))
    return Target(entry=entry, inputs=inputs, formulas=formulas)


def _inputs(entry: TargetEntry, folder: Path | None, faults: list[str]) -> Iterator[Input]:
    for position, given in enumerate(entry.inputs, 1):
        try:
            yield _input(given, entry, folder)
        except FormulaError as error:
            faults.append(f"inputs[{position}]: {error}")


def _input(given: InputEntry, entry: TargetEntry, folder: Path | None) -> Input:
    if given.value is None:
        return read_column(
            read_table(given.table, folder), given.column, label=given.label, symbol=given.symbol, where=given.where,
            groups=entry.groups, halfwidth=given.rounding_halfwidth, unit=given.unit, document=given.document,
            page=given.table_or_page,
        )  # fmt: skip
    half = given.value.half if given.rounding_halfwidth is None else given.rounding_halfwidth
    return figure(given.label, given.value.value, half, symbol=given.symbol, unit=given.unit, document=given.document,
                  page=given.table_or_page, table=given.table)  # fmt: skip


def _between(entry: TargetEntry, formulas: Mapping[str, Formula], inputs: Sequence[Input]) -> Iterator[str]:
    """What is wrong between formulas and inputs: nothing is shared out by likeness or order."""
    symbols = {each.symbol: each for each in inputs if each.symbol}
    used = frozenset[str]().union(*(each.symbols for each in formulas.values()))
    for position, each in enumerate(inputs, 1):
        if not each.symbol:
            yield f"inputs[{position}].symbol: it must be given: what the formula calls {each.label!r}"
        elif each.symbol not in used:
            yield f"inputs[{position}]: {each.symbol!r} stands in no formula"
    rows = {name: each.rows for name, each in symbols.items() if each.rows is not None}
    for text, formula in formulas.items():
        absent = sorted(formula.symbols - symbols.keys())
        if absent:
            yield f"formula {text!r}: no input has the symbol {listed(absent)}"
            continue
        try:
            if rows_of(formula.tree, rows) is not None:
                yield f"formula {text!r}: it gives a figure for each row; put sum(…) or mean(…) around"
        except FormulaError as error:
            yield f"formula {text!r}: {error}"
    yield from _of_groups(entry, [symbols[name] for name in sorted(used & symbols.keys())])


def _of_groups(entry: TargetEntry, used: Sequence[Input]) -> Iterator[str]:
    if not entry.groups:
        return
    known = groups_of(used)
    if not known:
        yield f"groups: {entry.groups!r} is a column of tables, and no input is one"
        return
    named = [each.group for each in entry.prints if each.group]
    named += list(entry.round) if isinstance(entry.round, dict) else []
    for each in used:
        absent = [group for group in known if each.rows is not None and group not in each.groups]
        # Cells of a table may be people; those that the target names itself are groups.
        told = [group for group in absent if group in named]
        others = [] if len(told) == len(absent) else [f"{len(absent) - len(told)} that the target does not name"]
        if absent:
            yield f"groups: {each.symbol!r} has no row of {listed([*told, *others])}"
    for group in dict.fromkeys(named):
        if group not in known:
            close = nearest(group, known)
            yield f"group: {entry.groups!r} has no {group!r}; {f'did you mean {close!r}?' if close else f'it has {len(known)} groups'}"


def groups_of(inputs: Sequence[Input]) -> list[str]:
    """The groups of the rows of inputs, in the order in which they stand there."""
    return list(dict.fromkeys(group for each in inputs for group in each.groups))


def _of_figures(entry: TargetEntry, inputs: tuple[Input, ...], faults: list[str]) -> Target:
    """A function of printed figures, whose arguments name them by symbol."""
    try:
        name = functions.find(entry.function, "figures")
    except FormulaError as error:
        faults.append(str(error))
        return Target(entry=entry)
    faults += list(functions.faults(name, "figures", entry.arguments))
    named = functions.symbols_in(arguments_of(entry), [each.symbol for each in inputs if each.symbol])
    for position, each in enumerate(inputs, 1):
        if each.rows is not None:
            faults.append(f"inputs[{position}].column: a function takes printed figures; a table goes into a formula")
        elif each.symbol not in named:
            faults.append(f"inputs[{position}]: no argument names its symbol {each.symbol!r}")
    return Target(entry=entry, inputs=inputs, function=name)


def _of_lists(entry: TargetEntry, folder: Path | None, faults: list[str]) -> Target:
    """A function of case lists."""
    if not entry.function:
        faults.append("formula: case lists are no figures; write function = the estimator")
        return Target(entry=entry)
    try:
        name = functions.find(entry.function, "lists")
    except FormulaError as error:
        faults.append(str(error))
        return Target(entry=entry)
    faults += list(functions.faults(name, "lists", entry.arguments))
    try:
        histories = read_lists(entry.tables[0], folder)
        for into, lists in entry.merge.items():
            histories = histories.merge(*lists, into=into)
    except FormulaError as error:
        faults.append(f"inputs_table: {error}")
        return Target(entry=entry)
    except FlError as error:
        faults.append(f"inputs_table, merge: [{error.code}] {error.what}: {error.found}")
        return Target(entry=entry)
    return Target(entry=entry, function=name, histories=histories)


def _from_note(entry: TargetEntry) -> Target:
    """A target of the older shape: `method` is computed where it is arithmetic on named inputs, and else it is said what to add."""
    try:
        formula, inputs = _arithmetic(entry)
    except StudyFault as fault:
        return Target(entry=entry, trouble=f"[{fault.code}] {fault.what}: {fault.found}; {fault.fix}")
    except FormulaError as error:
        return Target(entry=entry, trouble=str(error))
    return Target(entry=entry, inputs=inputs, formulas={"": formula}, from_note=True)


def _arithmetic(entry: TargetEntry) -> tuple[Formula, tuple[Input, ...]]:
    """The formula that a note is, and its inputs by symbol: as given, as a, b, c in order, or in any order where none matters."""
    inputs = tuple(_input(each, entry, None) for each in entry.inputs)
    formula = _formula_in(entry.method)
    if formula is None or entry.kind or not inputs:
        raise _words(entry)
    names, given = sorted(formula.symbols), {each.symbol for each in inputs if each.symbol}
    if given == set(names) and all(each.symbol for each in inputs):
        return formula, inputs
    if not given and len(names) == len(inputs):
        letters = [chr(ord("a") + position) for position in range(len(names))]
        if names == letters or _order_is_nothing(formula, names, inputs):
            return formula, tuple(replace(each, symbol=name) for name, each in zip(names, inputs, strict=True))
    raise StudyFault(
        "FL-STUDY-37", "the method is arithmetic, but which input each of its names stands for is not said",
        found=f"{entry.method!r} names {listed(names)}; the inputs are {listed([repr(each.label) for each in inputs])}",
        fix=f'write formula = "{formula.text}", and on each input its symbol',
    )  # fmt: skip


def _formula_in(method: str) -> Formula | None:
    """A note that is one formula; None where it is words."""
    try:
        formula = read_formula(method.strip(" ."))
    except FormulaError:
        return None
    return None if isinstance(formula.tree, Column) else formula


def _order_is_nothing(formula: Formula, names: Sequence[str], inputs: Sequence[Input]) -> bool:
    """Whether the figure is the same whichever input each name stands for: "FL + FM" of two."""
    if len(names) > MOST_ORDERS:
        return False
    found = [
        float(formula({name: each.values for name, each in zip(names, order, strict=True)})[0])
        for order in itertools.permutations(inputs)
    ]
    return bool(np.allclose(found, found[0], rtol=1e-12, atol=0))


def _words(entry: TargetEntry) -> StudyFault:
    if not entry.inputs:
        fix = f"write function = one of: {', '.join(sorted(functions.functions('lists')))}; and its arguments"
    elif entry.kind:
        fix = (
            'write function = "stock_from_flow", arguments = { flow = "n", duration_years = "d", '
            f'kind = "{entry.kind}", window_years = … }}, and symbol = "n" and "d" on the inputs'
        )
    else:
        fix = 'write formula = "…", and on each input the symbol that the formula has for it'
    return StudyFault(
        "FL-STUDY-36", "how the figure was made is said in words, which are a note and are not computed",
        found=f"method = {entry.method!r}", fix=fix,
    )  # fmt: skip


def _unknown(names: Sequence[str], known: Sequence[str]) -> StudyFault:
    """Ids that there are not, each with those that hold its letters or come near it; never the whole long list."""
    texts: list[str] = []
    for name in names:
        near = [each for each in known if name.lower() in each.lower()][:5] or [nearest(name, known)]
        texts.append(f"{name!r}{f'; did you mean {listed(near)}?' if near[0] else ''}")
    return StudyFault(
        "FL-STUDY-31", "no bundled target has this id", found=", ".join(texts) if len(texts) == 1 else "\n    " + "\n    ".join(texts),
        fix="fl-estimate reproduce without an id shows all of them; a file of your own ends in .toml or .json",
    )  # fmt: skip
