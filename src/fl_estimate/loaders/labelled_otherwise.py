"""Codes taken as they stand whose labels in the file say another code of the schema: asked about, never printed as ours.

A file with ``sex`` 1 = "Female" would print "Men" for its women, and a framework that asks for ``sex == 2`` would take its men.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary

from fl_estimate.errors import MappingFault
from fl_estimate.loaders.file_table import FileTable, code_text
from fl_estimate.loaders.mapping_parts import TableRule, VariableRule, is_number
from fl_estimate.schema.code_words import codes_in_label
from fl_estimate.schema.variables import TABLES, Variable


def require_alike(files: Dictionary[str, FileTable], rules: Dictionary[str, TableRule]) -> None:
    """Refuse columns without a recode whose labels contradict the code list of their variable.

    Raises
    ------
    MappingFault
        FL-MAP-06, with the place, the code, its label and what the schema calls it; every such code at once.
    """
    faults: list[str] = []
    recodes: list[str] = []
    for table, rule in rules.items():
        for part in rule.parts:
            file = files.get(part.source or table)
            if file is None:  # rows that are taken from a table which is itself taken from a file
                continue
            for at in [part.at(slot) for slot in part.slots] or [part]:
                for name, variable in at.variables.items():
                    result = list(_contradictions(table, name, variable, file))
                    faults += result
                    recodes += [_recode(table, name, variable, file)] * bool(result)
    if faults:
        raise MappingFault(
            "FL-MAP-06",
            "labels of the file say another code than the common schema has for it",
            found="\n    ".join(dict.fromkeys(faults)),
            fix="say what the codes are: " + "; ".join(dict.fromkeys(recodes)),
        )


def _labelled(table: str, name: str, rule: VariableRule, file: FileTable) -> tuple[Variable | None, dict[str, str]]:
    """A variable with a code list, and the labels of the codes of its column that are taken as answers."""
    known = TABLES[table].variable(name)
    if known is None or known.codes is None or rule.column is None or rule.recode is not None:
        return None, {}
    labels = {code_text(code): label for code, label in file.value_labels.get(rule.column, {}).items()}
    gone = {code_text(float(code)) if is_number(str(code)) else str(code).strip() for code in rule.missing}
    return known, {code: label for code, label in labels.items() if code not in gone}


def _contradictions(table: str, name: str, rule: VariableRule, file: FileTable) -> Iterator[str]:
    known, labels = _labelled(table, name, rule, file)
    if known is None or known.codes is None:
        return
    of_schema = {str(code): code for code in known.codes}
    for code, label in labels.items():
        said = codes_in_label(name, label, known.codes)
        if code in of_schema and said and of_schema[code] not in said:
            meant = " or ".join(_code_text(name, each) for each in known.codes if each in said)
            yield (
                f"{table}.{name}: column {rule.column!r} calls code {code} {label!r}; "
                f"the code of the schema for that is {meant}, not {_code_text(name, of_schema[code])}"
            )


def _recode(table: str, name: str, rule: VariableRule, file: FileTable) -> str:
    """A recode by the labels, as far as they say one code."""
    known, labels = _labelled(table, name, rule, file)
    codes = known.codes if known is not None and known.codes is not None else ()
    pairs: list[str] = []
    for code, label in labels.items():
        said = codes_in_label(name, label, codes)
        if len(said) == 1:
            (to,) = said
            pairs.append(f'"{code}" = {to}' if isinstance(to, int) else f'"{code}" = "{to}"')
    return f'[{table}] {name} = {{ column = "{rule.column}", recode = {{ {", ".join(pairs)} }} }}'


_WORDS = {
    "sex": {1: "men", 2: "women", 3: "other or not stated"},
    "icse18a": {
        11: "employers in corporations", 12: "employers in household enterprises", 21: "owner-operators of corporations",
        22: "own-account workers", 30: "dependent contractors", 41: "permanent employees", 42: "fixed-term employees",
        43: "short-term and casual employees", 44: "paid apprentices, trainees and interns", 51: "contributing family workers",
    },
}  # fmt: skip


def _code_text(name: str, code: int | str) -> str:
    words = _WORDS.get(name, {}).get(code) if isinstance(code, int) else None
    return f"{code} ({words})" if words else repr(code)
