"""Files of targets: their keys, read from TOML or JSON and checked, with all faults of all files in one report, file by file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fl_estimate.errors import StudyFault, is_file, may_be_shown, nearest, not_toml, shown, toml_of
from fl_estimate.reproduce.figures import Printed, Written, read_printed

Figure = Annotated[Printed, BeforeValidator(read_printed)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
OPEN_KEYS: tuple[str, ...] = ("golden_", "implied_", "computed")
"""Keys beginning so are notes of who wrote the target; they are not read."""
ENDINGS: tuple[str, ...] = (".toml", ".json")


class TargetKeys(BaseModel):
    """Keys of a file: strict, and silent about what stood there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class InputEntry(TargetKeys):
    """``[[inputs]]``: a printed figure (`value`), or a `column` of a `table`; `symbol` is what the formula calls it."""

    label: str = ""
    symbol: str = ""
    value: Figure | None = None
    rounding_halfwidth: NotNegative | None = None
    unit: str = ""
    table: str = ""
    column: str = ""
    where: str = ""
    document: str = ""
    table_or_page: str = ""
    source_status: str = ""


class PrintEntry(TargetKeys):
    """``prints = [{…}]``: one printed value. What it does not say it has from its target.

    `of` is what of a case-list estimate is printed; `group` and `over_groups` are of a target with groups.
    """

    label: str = ""
    formula: str = ""
    group: str = ""
    over_groups: str = ""
    of: str = ""
    published: Figure | Annotated[list[Figure], Field(min_length=2, max_length=2)] | None = None
    published_halfwidth: NotNegative | None = None
    published_monte_carlo: NotNegative = 0.0
    replicates: Annotated[int, Field(ge=20)] | None = None
    printed: str = ""
    unit: str = ""
    unit_size: Positive | None = None
    match: bool | None = None
    reason: str = ""

    @property
    def values(self) -> list[Printed]:
        """The printed value, or the two limits."""
        given = self.published
        return [] if given is None else given if isinstance(given, list) else [given]

    @property
    def half(self) -> float:
        """Half the last printed digit, as said or as written."""
        said = self.published_halfwidth
        return said if said is not None else max((each.half for each in self.values), default=0.0)


class TargetEntry(PrintEntry):
    """A target: what is printed, where, from which inputs it follows, and by which formula or function."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, hide_input_in_errors=True)

    id: Annotated[str, Field(min_length=1)]
    description: str = ""
    document: str = ""
    table_or_page: str = ""
    source_status: str = ""
    inputs_table: str | list[str] = []
    inputs: list[InputEntry] = []
    prints: list[PrintEntry] = []
    function: str = ""
    arguments: dict[str, Any] = {}
    merge: dict[str, Annotated[list[str], Field(min_length=2)]] = {}
    groups: str = ""
    round: Positive | dict[str, Positive] | None = None
    method: str = ""
    kind: str = ""
    window_years: Positive | None = None
    target_kind: str = ""
    computed: Any = None
    computed_interval_from_input_rounding: Any = None
    exact_after_rounding: bool | None = None
    inputs_verified: bool | None = None
    strength: str = ""
    note: str = ""

    @property
    def tables(self) -> list[str]:
        return [self.inputs_table] if isinstance(self.inputs_table, str) else list(self.inputs_table)

    @property
    def printed_values(self) -> list[PrintEntry]:
        """Every printed value, each with what it has from its target."""
        shared = ("formula", "of", "replicates", "unit", "unit_size", "match", "reason", "published_halfwidth")
        return [
            each.model_copy(update={key: getattr(self, key) for key in shared if getattr(each, key) in ("", None)})
            for each in self.prints or [self]
        ]


IDS = "ids"
"""Where faults of ids stand, beside files."""


class FaultsOfFiles:
    """What is wrong, by file, in the order in which it was met."""

    def __init__(self) -> None:
        self._faults: dict[str, list[str]] = {}

    def add(self, file: str, *faults: str) -> None:
        if faults:
            self._faults.setdefault(file, []).extend(faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def raised(self) -> StudyFault:
        """FL-STUDY-30: every fault of every file."""
        many = sum(map(len, self._faults.values()))
        lines = [
            line for file, own in self._faults.items() for line in (f"    {file}", *(f"        {each}" for each in own))
        ]
        named = len(self._faults.keys() - {IDS})
        files = "1 file" if named == 1 else f"{named} files"
        return StudyFault(
            "FL-STUDY-30", f"{many} {'fault' if many == 1 else 'faults'} in {files} of targets; nothing was computed",
            found="\n" + "\n".join(lines), fix="see the reference of the keys of a target, docs/reference/target_keys",
        )  # fmt: skip


def read_file(path: Path, faults: FaultsOfFiles) -> list[tuple[str, TargetEntry]]:
    """The targets of a file with the place of each; what is wrong with it is added to the faults."""
    if not is_file(path):
        faults.add(path.name, "there is no such file; check its path")
        return []
    try:
        content = _content(path)
    except OSError as error:
        faults.add(path.name, f"it cannot be read: {error.strerror or type(error).__name__}")
        return []
    except (ValueError, RecursionError) as error:
        what = not_toml(error) if path.suffix.lower() == ".toml" else str(error)
        faults.add(path.name, f"it is not valid {path.suffix[1:].upper()}: {what}")
        return []
    return entries_of(content, path.name, faults)


def parse_toml(text: str) -> dict[str, Any]:
    """TOML with the digits of its numbers as they were written."""
    return toml_of(text.encode(), parse_float=Written)


def _content(path: Path) -> Any:
    text = path.read_bytes().decode("utf-8-sig")
    return parse_toml(text) if path.suffix.lower() != ".json" else _without_null(json.loads(text, parse_float=Written))


def _without_null(value: Any) -> Any:
    """JSON says null of what TOML leaves out."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {key: _without_null(each) for key, each in table.items() if each is not None}
    return [_without_null(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def entries_of(content: Any, file: str, faults: FaultsOfFiles) -> list[tuple[str, TargetEntry]]:
    """Every target of a file: one at the top of it, several as ``[[target]]``, or a list."""
    several = content if isinstance(content, list) else content.get("target") if isinstance(content, dict) else None
    entries = cast("list[Any]", several) if isinstance(several, list) else [content]
    if isinstance(several, list) and isinstance(content, dict):
        extra = [key for key in cast("dict[str, Any]", content) if key != "target"]
        faults.add(file, *(f"{key}: a file of [[target]] has no other keys" for key in extra))
    if not entries:
        faults.add(file, "there is no target in it")
    found: list[tuple[str, TargetEntry]] = []
    ids: set[str] = set()
    for position, raw in enumerate(entries, 1):
        where = f"target[{position}]" if isinstance(several, list) else ""
        own: list[str] = []
        entry = read_entry(raw, own)
        if entry is not None:
            where = f"{where} ({entry.id})".strip()
            if entry.id in ids:
                own.append(f"id: {entry.id!r} is used twice")
            ids.add(entry.id)
            if not own:
                found.append((where, entry))
        faults.add(file, *(f"{where}: {fault}" if where else fault for fault in own))
    return found


def read_entry(raw: Any, faults: list[str]) -> TargetEntry | None:
    """A target's keys, checked one by one."""
    if not isinstance(raw, dict):
        faults.append("it is not a table of keys")
        return None
    fields = list(TargetEntry.model_fields)
    given = cast("dict[str, Any]", raw)
    for key in given:
        if key not in fields and not key.startswith(OPEN_KEYS):
            close = nearest(key, fields)
            told = key if key.isidentifier() and may_be_shown([key]) else f"a text of {len(key)} characters"
            faults.append(f"{told}: no such key{f'; did you mean {close!r}?' if close else ''}")
    try:
        entry = TargetEntry.model_validate(given)
    except ValidationError as error:
        faults += list(_fault_texts(error))
        return None
    faults += list(_between(entry))
    return entry


def _fault_texts(error: ValidationError) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        position, known = _place(fault["loc"])
        if fault["type"] == "missing":
            reason = "it must be given"
        elif fault["type"] == "extra_forbidden":
            close = nearest(str(fault["loc"][-1]), known)
            reason = f"no such key{f'; did you mean {close!r}?' if close else ''}"
        else:
            reason = str(fault["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
            reason = reason.replace("List should", "it should")
        told.setdefault(position or "the file", []).append(reason)
    yield from (f"{position}: {' or '.join(dict.fromkeys(reasons))}" for position, reasons in told.items())


def _place(steps: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """Where a fault lies as the file has it, and the keys that may stand there; steps of ours between types are left out."""
    position, keys = "", list(TargetEntry.model_fields)
    for part in steps:
        if isinstance(part, int):
            position += f"[{part + 1}]"
        elif part in keys or (part == steps[-1] and not position.startswith("published")):
            position += f".{part}" if position else str(part)
            keys = (
                list({"inputs": InputEntry, "prints": PrintEntry}[part].model_fields)
                if part in ("inputs", "prints")
                else keys
            )
    return position, keys


def _between(entry: TargetEntry) -> Iterator[str]:
    """What a target needs beyond single keys."""
    computable = bool(entry.inputs or entry.tables)
    if entry.prints and (entry.published is not None or entry.printed):
        yield "published: a target with prints has its printed values there"
    if entry.formula and entry.function:
        yield "formula: a target has a formula or a function, not both"
    if entry.match is not False and not computable:
        yield "inputs: a target that is to be reproduced needs [[inputs]], or inputs_table = [case lists]"
    by_formula = entry.formula or any(each.formula for each in entry.prints)
    if computable and not (by_formula or entry.function or entry.method or entry.kind):
        yield "formula: it must be given, or a function"
    for position, each in enumerate(entry.printed_values, 1):
        at = f"prints[{position}]." if entry.prints else ""
        yield from (f"{at}{fault}" for fault in _of_a_print(each, entry))
    for position, given in enumerate(entry.inputs, 1):
        if given.value is None and not given.column:
            yield f"inputs[{position}].value: it must be given, or a column of a table"
        if given.value is not None and given.column:
            yield f"inputs[{position}].column: an input is one value or a column, not both"
        if given.column and not given.table:
            yield f"inputs[{position}].table: it must be given with a column"
        if given.value is not None and not given.label:
            yield f"inputs[{position}].label: it must be given"
    named = [given.symbol for given in entry.inputs if given.symbol]
    yield from (f"inputs: the symbol {each!r} stands twice" for each in dict.fromkeys(named) if named.count(each) > 1)


def _of_a_print(given: PrintEntry, entry: TargetEntry) -> Iterator[str]:
    if given.published is None and not given.printed:
        yield "published: it must be given"
    if given.match is not False and given.published is None and given.printed:
        yield "published: a number is needed where match is true"
    if given.match is False and not given.reason:
        yield "reason: a target with match = false says why"
    if len(given.values) == 2 and given.values[0].value > given.values[1].value:
        yield "published: the lower limit comes first"
    if given.of not in ("", "value", "lower", "upper", "limits"):
        yield f"of: {shown(given.of)} is none of value, lower, upper, limits"
    if given.of and (len(given.values) == 2) != (given.of == "limits") and given.values:
        yield "of: two printed numbers are limits, one is a value, lower or upper"
    if given.over_groups not in ("", "sum", "mean"):
        yield f"over_groups: {shown(given.over_groups)} is none of sum, mean"
    if bool(given.group) + bool(given.over_groups) != bool(entry.groups):
        yield ("group: it must be given, or over_groups, in a target with groups" if entry.groups
               else "group: the target has no groups; say which column has them: groups = \"…\"")  # fmt: skip


def arguments_of(entry: TargetEntry) -> Mapping[str, Any]:
    """The arguments of a function, numbers as numbers."""
    return cast("Mapping[str, Any]", _plain(entry.arguments))


def _plain(value: Any) -> Any:
    if isinstance(value, Written):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in cast("dict[str, Any]", value).items()}
    return [_plain(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
