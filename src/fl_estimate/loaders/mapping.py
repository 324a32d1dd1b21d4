"""Mappings: how the columns of an office's file fill the common schema, written in TOML and read into a value.

Reading checks everything that can be known without the file, and reports all faults at once. What a mapping does
to a file is in `loaders.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, cast

from pydantic import ValidationError

from fl_estimate.errors import MappingFault, bytes_of, is_file, listed, nearest, not_toml, toml_of
from fl_estimate.loaders.files import options
from fl_estimate.loaders.mapping_faults import faults_of
from fl_estimate.loaders.mapping_form import MappingForm
from fl_estimate.loaders.mapping_parts import (
    DesignRule,
    JoinRule,
    MappingPeriod,
    PhaseRule,
    ReplicatesRule,
    SelectionRule,
    SourceRule,
    VariableRule,
    is_table,
)
from fl_estimate.schema.variables import TABLES


class Mapping(MappingForm):
    """How the files of one survey fill the common schema.

    Attributes
    ----------
    id : str
    title : str or dict of str to str
        For all languages, or by language.
    kind : {"household", "returning_migrant", "family_network", "respondent_driven", "establishment", "admin"}
    country : str
        ISO 3166-1 alpha-2.
    population : str or dict of str to str
        Whom the survey speaks of, in words; for all languages, or by language.
    licence, citation : str
    reference_period : PeriodRule, optional
    source : SourceRule
    design : DesignRule, optional
    totals : dict of str to float or dict
        Known sizes of the population, to which the weights should sum: of all ``people``, or by the codes of a
        column.
    rates : RatesRule, optional
        One currency for all amounts, with the rates of the others.
    selection : tuple of SelectionRule
        How persons were drawn within their household, and the weight that follows.
    recodes : dict of str to dict
        Named recodes: code in the file → code in the schema.
    labels : dict of str to LabelRule
        What tables call columns, outcomes and codes, by language; where nothing is said, the labels of the file.
    tables : dict of str to TableRule
        One rule for each table that is filled.
    """

    @classmethod
    def read(cls, mapping: str | Path | Dictionary[str, Any] | Mapping) -> Self | Mapping:
        """Read a mapping and check all of it that can be checked without the file.

        Parameters
        ----------
        mapping : str, Path, dict or Mapping
            Path of a TOML file, id of a bundled mapping (``"ene2020"``), or the mapping as nested dictionaries.

        Returns
        -------
        Mapping

        Raises
        ------
        MappingFault
            FL-MAP-01 (not TOML), FL-MAP-02 (no such file or id), FL-MAP-03 (the mapping is broken; lists all faults).

        Examples
        --------
        >>> Mapping.read("ene2020").design.weights
        'weight_person'
        """
        if isinstance(mapping, Mapping):
            return mapping
        where, content = ("the mapping", mapping) if isinstance(mapping, Dictionary) else _content(mapping)
        faults: list[str] = []
        shaped = _shaped(content, faults)
        read = _validated(cls, shaped, faults)
        if read is not None:
            faults += faults_of(read)
            if not faults:
                return read
        faults = list(dict.fromkeys(faults))
        raise MappingFault(
            "FL-MAP-03",
            "the mapping is broken",
            found="\n    ".join([f"{where}, faults: {len(faults)}", *faults]),
            fix="correct the lines named; the docs page on mappings shows each part",
        )


def bundled() -> list[str]:
    """The ids of the mappings that come with the package."""
    folder = files("fl_estimate.loaders").joinpath("mappings")
    return sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))


def bundled_text(name: str) -> str:
    """Give a mapping that comes with the package as it is written, to start one's own from.

    Raises
    ------
    MappingFault
        FL-MAP-02: there is none of this id.
    """
    if name not in bundled():
        raise _no_such(name)
    return files("fl_estimate.loaders").joinpath("mappings", f"{name}.toml").read_text(encoding="utf-8")


def _no_such(name: str) -> MappingFault:
    close = nearest(name, bundled())
    return MappingFault(
        "FL-MAP-02",
        "there is no such mapping",
        found=name,
        fix=(f"did you mean {close!r}? " if close else "") + f"a path, or one of: {listed(bundled(), most=20)}",
    )


def _content(mapping: str | Path) -> tuple[str, Dictionary[str, Any]]:
    path = Path(mapping)
    if is_file(path):
        raw = bytes_of(path)
    elif str(mapping) in bundled():
        raw = files("fl_estimate.loaders").joinpath("mappings", f"{mapping}.toml").read_bytes()
    else:
        raise _no_such(str(mapping))
    try:
        return path.name, toml_of(raw)
    except (ValueError, RecursionError) as error:
        raise MappingFault(
            "FL-MAP-01",
            "the mapping is not valid TOML",
            found=f"{path.name}: {not_toml(error)}",
            fix="texts stand in quotes, one key = value a line; a key other than letters, digits, - and _ needs quotes",
        ) from None


def _shaped(content: Dictionary[str, Any], faults: list[str]) -> dict[str, Any]:
    """Bring the form that people write ([people] sex = …) into the form of the model (tables, variables)."""
    shaped = {key: value for key, value in content.items() if key not in TABLES}
    for key in [key for key in shaped if key not in Mapping.model_fields or key == "tables"]:
        close = nearest(key, [*Mapping.model_fields, *TABLES])
        faults.append(f"[{key}]: no such part{f'; did you mean {close!r}?' if close else ''}")
        del shaped[key]
    tables: dict[str, Any] = {}
    for name in TABLES:
        rule = content.get(name)
        rules: list[Any] = list(cast("Sequence[Any]", rule)) if isinstance(rule, list | tuple) else [rule]
        if rules and all(map(is_table, rules)):
            first, *also = [_rule(each, content) for each in rules]
            tables[name] = {**first, "also": tuple(also)} if also else first
        elif rule is not None:
            faults.append(f"{name}: a table is needed here, written [{name}]")
    return {**shaped, "tables": tables}


def _rule(rule: Dictionary[str, Any], content: Dictionary[str, Any]) -> dict[str, Any]:
    """One table as people write it, in the form of `TableRule`."""
    variables = {key: value for key, value in rule.items() if key not in _OF_TABLES}
    special = {field: rule[key] for key, field in _OF_TABLES.items() if key in rule}
    return {"variables": variables, **special, **_within(special, content)}


def _within(special: Dictionary[str, Any], content: Dictionary[str, Any]) -> dict[str, Any]:
    """The slots of the episodes that costs of one row are repeated for."""
    episodes = content.get("episodes")
    repeat: Any = episodes.get("repeat") if special.get("of") == "episodes" and is_table(episodes) else None
    if isinstance(repeat, list | tuple):
        return {"within": tuple(cast("Sequence[Any]", repeat))}
    return {"within": tuple(map(str, range(1, repeat + 1)))} if isinstance(repeat, int) else {}


_OF_TABLES = {"derived": "derived", "from": "source", "where": "where", "repeat": "repeat", "of": "of", "unit": "unit"}
"""Keys of a table that are no variables, with their names in `TableRule`."""


def _validated(model: type[Mapping], shaped: dict[str, Any], faults: list[str]) -> Mapping | None:
    """Validate the form; each broken part is named and taken out, so that faults elsewhere are named as well."""
    while True:
        try:
            return model.model_validate(shaped)
        except ValidationError as error:
            taken_out = False
            for each in error.errors():
                faults.append(_fault_text(each["loc"], each["type"], each["msg"]))
                taken_out |= _take_out(shaped, each["loc"], absent=each["type"] == "missing")
            if not taken_out:
                return None


_WORDS = {"missing": "it must be given", "extra_forbidden": "no such key"}


def _fault_text(position: tuple[int | str, ...], kind: str, message: str) -> str:
    """Write a fault that pydantic found under the names that the user wrote."""
    names = ["from" if part == "source" and "tables" in position else part for part in _written(position)]
    if "recode" in names:
        names, message = names[: names.index("recode") + 1], 'the name of a recode, or codes such as { 1 = "yes" }'
    close = nearest(names[-1], [*_NEIGHBOURS, *options()]) if kind == "extra_forbidden" else ""
    return f"{'.'.join(names)}: {_WORDS.get(kind, message)}{f'; did you mean {close!r}?' if close else ''}"


def _written(position: tuple[int | str, ...]) -> list[str]:
    """The keys of a place that stand in the file: not our own levels, nor pydantic's names of types."""
    return [str(part) for part in position if part not in ("tables", "variables") and not _names_a_type(part)]


def _take_out(shaped: dict[str, Any], position: tuple[int | str, ...], *, absent: bool) -> bool:
    """Delete the part that a fault is in; where a key is absent, the part that should have it."""
    if absent and len(position) == 1:
        shaped[str(position[0])] = "-"
        return True
    at: Any = shaped
    parents: list[tuple[dict[str, Any], str]] = []
    for part in (part for part in position if not _names_a_type(part)):
        if not isinstance(at, dict):
            break
        at = cast("dict[Any, Any]", at)
        if part not in at:
            if absent and parents:
                break
            return False  # taken out already, for another fault
        parents.append((at, str(part)))
        at = at[part]
    parent, key = parents[-1]
    del parent[key]
    return True


def _names_a_type(part: int | str) -> bool:
    return part in ("str", "int") or str(part).startswith("function-before")


_NEIGHBOURS = [
    *SelectionRule.model_fields,
    *("else" if key == "otherwise" else key for key in VariableRule.model_fields),
    *(
        key
        for rule in (SourceRule, JoinRule, MappingPeriod, DesignRule, PhaseRule, ReplicatesRule)
        for key in rule.model_fields
        if key != "more"  # no key of a file: what stands there has keys of its own
    ),
]
