"""Targets computed: the range that the rounding of inputs allows, groups, case lists, and every printed value judged."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import FlError, StudyFault
from fl_estimate.reproduce import functions
from fl_estimate.reproduce.figures import Input
from fl_estimate.reproduce.formulas import Formula, FormulaError, to_nearest
from fl_estimate.reproduce.functions import Between
from fl_estimate.reproduce.reproduction import (
    Outcome,
    Reproduction,
    Rounded,
    Tests,
    as_printed,
    judge,
    monte_carlo,
    not_computed,
    noted_difference,
)
from fl_estimate.reproduce.target_file import PrintEntry, arguments_of
from fl_estimate.reproduce.targets import Target, groups_of, read_targets

MOST_CORNERS = 12
"""Inputs with a rounding up to which every combination of up and down is tried; beyond, each moves as it moves the figure."""
MOST_CALLS = 5
"""The same where each combination is a call of an estimator."""
AT_ONCE = 512
Compute = Callable[[Floats], Floats]
"""From inputs, shape (cells, points), to the figure at every point."""


def reproduce(targets: Sequence[str | Path] = ()) -> Reproduction:
    """Compute published figures again from the inputs that were published with them.

    Parameters
    ----------
    targets : sequence of str or Path
        Ids of bundled targets, or TOML (or JSON) files of your own; all bundled targets without any.

    Returns
    -------
    Reproduction
        One outcome a printed value, those estimated from data first: `to_frame`, `to_csv`, `to_html`; `ok` where every one
        marked reproducible agrees.

    Raises
    ------
    StudyFault
        FL-STUDY-30: targets are broken, every fault of every file at once; FL-STUDY-31: no target of this id.

    Notes
    -----
    A figure agrees where the range of ours, every input moved by half its last printed digit, meets the printed figure ±
    half of its own. That is lenient; `exact_after_rounding` says whether our central value prints the same, and the verdict
    how wide the range is.

    Examples
    --------
    >>> from fl_estimate.reproduce import reproduce
    >>> reproduce(["nepal2018-flow-to-stock"]).to_frame()[["computed", "agrees", "exact_after_rounding"]].values.tolist()
    [[31851.04, True, False]]
    """
    return Reproduction.of(outcome for target in read_targets(targets) for outcome in outcomes(target))


def outcomes(target: Target) -> Iterator[Outcome]:
    """Every printed value of a target, computed and judged; what cannot be computed is an outcome too."""
    if target.histories is not None:
        yield from _of_lists(target)
        return
    ranged = _by_function(target) if target.function else cache(partial(_by_formula, target))
    for position, given in enumerate(target.entry.printed_values, 1):
        shared = _shared(target, given, position)
        if target.trouble or not target.inputs:
            yield not_computed({**shared, "reason": target.trouble or given.reason})
            continue
        size = given.unit_size or 1.0
        try:
            result = ranged("" if target.from_note else given.formula, given.group, given.over_groups)
            ours = Rounded(value=result.value / size, lower=result.lower / size, upper=result.upper / size)
            yield _judged(target, given, shared, ours)
        except FlError as fault:
            yield _stopped(shared, _fault_text(fault))
        except (FormulaError, TypeError, ValueError) as error:
            yield _stopped(shared, str(error) if isinstance(error, FormulaError) else _no_fit(target, error))


def _judged(target: Target, given: PrintEntry, shared: dict[str, Any], ours: Rounded) -> Outcome:
    entry = target.entry
    shared["author"] = noted_difference(ours.value, entry.computed) if not entry.prints else None
    formula = target.formulas.get("" if target.from_note else given.formula)
    name = functions.full_name(target.function, "figures") if target.function else "arithmetic"
    result = judge(shared, ours, [each.value for each in given.values], given.half, function=name,
                  words=formula.text if formula is not None else _spelled(target))  # fmt: skip
    if result.verdict != "differs":
        return result
    if target.from_note:
        raise StudyFault(
            "FL-STUDY-38", "what was read from a note does not give the printed figure, which says nothing of the print",
            found=f"{entry.method!r} as arithmetic on the figures as printed gives {ours.value:.6g}",
            fix='write formula = "…" and a symbol on each input, with the units in it (100* for per cent)',
        )  # fmt: skip
    _require_units(ours, given)
    return result


def _require_units(ours: Rounded, given: PrintEntry) -> None:
    """Refuse to call a print different where the units are.

    Raises
    ------
    StudyFault
        FL-STUDY-39.
    """
    factor = _power_of_ten(ours, given)
    if factor is not None:
        raise StudyFault(
            "FL-STUDY-39", "between the computation and the print lies a power of ten: the units are not those of the print",
            found=f"{ours.value:.6g} computed, {given.values[0].value:.15g} printed",
            fix=f"multiply the formula by {factor:g}, or write unit_size = {1 / factor:g}",
        )  # fmt: skip


def _power_of_ten(ours: Rounded, given: PrintEntry) -> float | None:
    """By which power of ten our figure would meet the print; None where by none."""
    if len(given.values) != 1 or not ours.value or not given.values[0].value:
        return None
    printed, half = given.values[0].value, given.half
    power = round(float(np.log10(abs(printed / ours.value))))
    low, high = sorted((ours.lower * 10.0**power, ours.upper * 10.0**power))
    return 10.0**power if power and low <= printed + half and high >= printed - half else None


# --- printed figures --------------------------------------------------------------------------------------------


def _by_formula(target: Target, text: str, group: str, over_groups: str) -> Rounded:
    """A formula of all rows, of one group, or of all groups together, each rounded by itself."""
    formula = target.formulas[text]
    inputs = [each for each in target.inputs if each.symbol in formula.symbols]
    if not target.entry.groups:
        return _rounded(target, "", _range(formula, inputs))
    if group:
        return _rounded(target, group, _range(formula, [each.of_group(group) for each in inputs]))
    each = [_by_formula(target, text, one, "") for one in groups_of(inputs)]
    together = np.sum if over_groups == "sum" else np.mean
    value, lower, upper = (
        float(together([getattr(one, name) for one in each])) for name in ("value", "lower", "upper")
    )
    return Rounded(value=value, lower=lower, upper=upper)


def _range(formula: Formula, inputs: Sequence[Input]) -> Rounded:
    ends = np.cumsum([0, *(len(each.values) for each in inputs)])

    def compute(cells: Floats) -> Floats:
        parts = {
            each.symbol: cells[first:last] if each.rows is not None else cells[first]
            for each, first, last in zip(inputs, ends[:-1], ends[1:], strict=True)
        }
        return np.broadcast_to(formula(parts), cells.shape[1:])

    return range_of(compute, inputs)


def _rounded(target: Target, group: str, rounded: Rounded) -> Rounded:
    """Rounded as the target says, ends as well: every figure that the inputs allow is printed so."""
    by = target.entry.round
    size = by.get(group) if isinstance(by, dict) else by
    if size is None:
        return rounded
    value, lower, upper = (float(to_nearest(each, size)) for each in (rounded.value, rounded.lower, rounded.upper))
    return Rounded(value=value, lower=lower, upper=upper)


def _by_function(target: Target) -> Callable[[str, str, str], Rounded]:
    call = functions.on_figures(target.function, arguments_of(target.entry))
    symbols = [each.symbol for each in target.inputs]

    def compute(cells: Floats) -> Floats:
        return np.array([call(dict(zip(symbols, point.tolist(), strict=True))) for point in cells.T])

    return cache(lambda *_: range_of(compute, target.inputs, most=MOST_CALLS))


def range_of(compute: Compute, inputs: Sequence[Input], *, most: int = MOST_CORNERS) -> Rounded:
    """Compute a figure, and its range as every input moves by half its last printed digit.

    Up to `most` rounded inputs every combination of up and down is tried; beyond, each moves in the direction in which it alone
    moves the figure.

    Raises
    ------
    FormulaError
        The figure is no number.
    """
    centre = np.concatenate([each.values for each in inputs])
    half = np.concatenate([each.halfwidths for each in inputs])
    free = np.flatnonzero(half > 0)
    if len(free) <= most:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(free)))).reshape(2 ** len(free), len(free)).T
    else:
        up = np.where(_moved(compute, centre, half, free, 1.0) >= _moved(compute, centre, half, free, -1.0), 1.0, -1.0)
        signs = np.stack([-up, up], axis=1)
    corners = np.tile(centre[:, None], signs.shape[1])
    corners[free] += half[free, None] * signs
    result = compute(np.column_stack([centre, corners]))
    if not np.isfinite(result).all():
        raise FormulaError("it gives no number with these inputs, or with what their rounding allows")
    return Rounded(value=float(result[0]), lower=float(result.min()), upper=float(result.max()))


def _moved(compute: Compute, centre: Floats, half: Floats, free: Any, sign: float) -> Floats:
    """The figure as one input after the other is moved; not all at once, which would be cells × cells numbers."""
    found: list[Floats] = []
    for first in range(0, len(free), AT_ONCE):
        some = free[first : first + AT_ONCE]
        cells = np.tile(centre[:, None], len(some))
        cells[some, np.arange(len(some))] += sign * half[some]
        found.append(compute(cells))
    return np.concatenate(found)


# --- case lists -------------------------------------------------------------------------------------------------


def _of_lists(target: Target) -> Iterator[Outcome]:
    entry = target.entry
    assert target.histories is not None
    found: functions.ListFigure | None = None
    reason = ""
    try:
        stated = next((each.replicates for each in entry.printed_values if each.replicates), None)
        found = functions.on_lists(target.function, target.histories, arguments_of(entry), stated)
    except FlError as fault:
        reason = _fault_text(fault)
    except (FormulaError, TypeError, ValueError) as error:  # a setting of a type that the function cannot take
        reason = str(error) if isinstance(error, FormulaError) else _no_fit(target, error)
    name = functions.full_name(target.function, "lists")
    for position, given in enumerate(entry.printed_values, 1):
        shared = _shared(target, given, position)
        if found is None:
            yield _stopped(shared, reason)
            continue
        size = given.unit_size or 1.0
        ours = Rounded(value=found.value / size, lower=found.lower / size, upper=found.upper / size)
        if given.of in ("lower", "upper"):
            ours = Rounded(value=getattr(ours, given.of), lower=ours.lower, upper=ours.upper)
        elif not entry.prints:
            shared["author"] = noted_difference(ours.value, entry.computed)
        allowed = tuple((low / size, high / size) for low, high in _allowed(found, given))
        judged = judge(shared, ours, [each.value for each in given.values], given.half, function=name, words=_spelled(target),
                       of_lists=True, allowed=allowed)  # fmt: skip
        try:
            if judged.verdict == "differs":
                _require_units(Rounded(value=ours.value, lower=ours.value, upper=ours.value), given)
            yield judged
        except StudyFault as fault:
            yield _stopped(shared, _fault_text(fault))


def _allowed(figure: functions.ListFigure, given: PrintEntry) -> tuple[Between, ...]:
    """Between what another run may print each number: three standard errors of the difference of two; nothing where none is drawn."""
    if given.of in ("lower", "upper", "limits") or len(given.values) == 2:
        return {"lower": figure.another_run[:1], "upper": figure.another_run[1:]}.get(given.of, figure.another_run)
    far = monte_carlo(figure.monte_carlo, given.published_monte_carlo)
    return ((figure.value - far, figure.value + far),) if far > 0 else ()


# --- both -------------------------------------------------------------------------------------------------------


def _shared(target: Target, given: PrintEntry, position: int) -> dict[str, Any]:
    entry = target.entry
    label = given.label or given.group or given.over_groups or str(position)
    return {
        "id": f"{entry.id}: {label}" if entry.prints else entry.id,
        "description": entry.description, "document": entry.document, "page": entry.table_or_page, "status": entry.source_status,
        "printed": given.printed or as_printed([each.value for each in given.values]), "unit": given.unit,
        "expected": given.match is not False, "reason": given.reason, "note": _notes(target), "inputs": target.inputs,
        "tables": tuple(entry.tables) if target.histories is not None else (), "strength": entry.strength, "tests": _tests(target, given),
    }  # fmt: skip


def _notes(target: Target) -> str:
    """Remarks, and the method where something else is computed."""
    entry = target.entry
    return "; ".join(each for each in (entry.note, entry.method if not target.from_note else "") if each)


def _tests(target: Target, given: PrintEntry) -> Tests:
    if target.histories is not None:
        return "identity" if target.function == functions.OBSERVED else "estimated"
    formula = target.formulas.get("" if target.from_note else given.formula)
    if formula is not None:
        return "identity" if formula.is_identity else "arithmetic"
    return "arithmetic" if target.function else ""


def _spelled(target: Target) -> str:
    text = ", ".join(f"{key}={value!r}" for key, value in arguments_of(target.entry).items())
    merged = "".join(f"; {into} = {' + '.join(lists)}" for into, lists in target.entry.merge.items())
    return f"{target.function}({text}){merged}"


def _stopped(shared: Mapping[str, Any], reason: str) -> Outcome:
    return not_computed({**shared, "reason": reason})


def _fault_text(fault: FlError) -> str:
    """A fault in one line."""
    parts = (fault.found, fault.fix)
    return f"[{fault.code}] {fault.what}" + "".join(
        f"{sign} {part}" for sign, part in zip(":;", parts, strict=True) if part
    )


def _no_fit(target: Target, error: Exception) -> str:
    if not target.function:
        raise error
    return f"arguments {dict(arguments_of(target.entry))!r} do not fit {target.function}: {error}"
