"""JSON Schema (Draft 2020-12) of study and mapping files, for editors: from the models that read them, so that neither lags behind.

What a schema cannot say (whether a file is there, what keys ask of each other) `fl-estimate check` finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from fl_estimate.deprecation import renamed_of
from fl_estimate.errors import StudyFault, nearest, shown
from fl_estimate.loaders.files import options
from fl_estimate.loaders.mapping_form import MappingForm
from fl_estimate.schema.variables import TABLES
from fl_estimate.study.config import study_model
from fl_estimate.study.describe import COMMON, key_lines, summary
from fl_estimate.study.forms import entry_models

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def json_schema(of: str) -> Schema:
    """The JSON Schema of a kind of file.

    Parameters
    ----------
    of : {"study", "mapping"}

    Raises
    ------
    StudyFault
        FL-STUDY-64: there is none of such a file.

    Examples
    --------
    >>> sorted(json_schema("study")["required"])
    ['estimate']
    """
    made: Mapping[str, Callable[[], Schema]] = {"study": _study, "mapping": _mapping}
    if of not in made:
        close = nearest(of, list(made))
        raise StudyFault(
            "FL-STUDY-64", "there is no schema of such a file", found=shown(of),
            fix=f"did you mean {close!r}?" if close else "there are: study, mapping",
        )  # fmt: skip
    return {"$schema": DIALECT, "title": f"fl_estimate {of} file", **made[of]()}


# --- study files ------------------------------------------------------------------------------------------------


def _study() -> Schema:
    whole = _plain(study_model().model_json_schema(by_alias=True))
    whole["required"] = [name for name in whole["required"] if name != "source"]  # lists and figures need none
    for tag, model in entry_models().items():
        entry = whole["$defs"][_called(model, whole)]
        entry["description"] = summary(model.declared)
        said = {line.name: line.description for line in key_lines(model.declared)}
        for key, form in entry["properties"].items():
            if text := said.get(key) or COMMON.get(key):
                form["description"] = text
        for each in renamed_of(model.declared.function):
            if each.new in entry["properties"]:
                entry["properties"][each.old] = {**entry["properties"][each.new], "deprecated": True}
                entry["required"] = [name for name in entry["required"] if name != each.new]
        entry["title"] = tag
    whole["properties"]["labels"] = _labels(whole["properties"]["labels"])
    return whole


def _called(model: type[Any], whole: Schema) -> str:
    """The name under which pydantic files a model."""
    kind, method = model.model_fields["kind"], model.model_fields.get("method")
    wanted = {"kind": _constant(kind), **({"method": _constant(method)} if method is not None and model.declared.chosen else {})}  # fmt: skip
    for name, schema in whole["$defs"].items():
        found = {key: schema.get("properties", {}).get(key, {}).get("const") for key in wanted}
        if found == wanted:
            return name
    raise AssertionError(f"pydantic has no definition of {model.__name__}")


def _constant(field: Any) -> Any:
    return field.annotation.__args__[0]


def _labels(rules: Schema) -> Schema:
    """``[labels]``: a text, texts by language, or a rule."""
    rule = rules["additionalProperties"]
    texts = {"type": "object", "additionalProperties": _TEXT, "not": {"anyOf": [{"required": ["title"]}, {"required": ["values"]}]}}  # fmt: skip
    return {**rules, "additionalProperties": {"anyOf": [_TEXT, rule, texts]}}


# --- mapping files ----------------------------------------------------------------------------------------------


def _mapping() -> Schema:
    """The form that people write: ``[people] sex = "Q1"`` where the model has tables with variables."""
    whole = _plain(MappingForm.model_json_schema(by_alias=True))
    parts, properties = whole["$defs"], whole["properties"]
    del properties["tables"]
    whole["required"] = [name for name in whole["required"] if name != "tables"]
    whole["additionalProperties"] = False
    properties["labels"] = _labels(properties["labels"])
    variable: Schema = {"anyOf": [_TEXT, {"$ref": "#/$defs/VariableRule"}]}
    rule = parts.pop("TableRule")
    own = {key: rule["properties"][key] for key in ("where", "repeat", "of", "unit", "derived")}
    own["from"] = rule["properties"]["source"]
    own["repeat"] = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 500}, _slots()]}
    parts["Table"] = {
        "type": "object", "description": rule.get("description", ""), "properties": own, "additionalProperties": variable,
    }  # fmt: skip
    table: Schema = {"$ref": "#/$defs/Table"}
    for name in TABLES:
        properties[name] = {"anyOf": [table, {"type": "array", "items": table, "minItems": 1}]}
    parts["MappingPeriod"]["required"] = []
    _one_or_more(parts["DesignRule"]["properties"], "fpc")
    _one_or_more(parts["ReplicatesRule"]["properties"], "columns")
    parts["JoinRule"]["properties"]["on"] = {
        "anyOf": [_TEXT, _TEXTS, {"type": "object", "additionalProperties": _TEXT}]
    }
    parts["SourceRule"]["properties"] |= {name: {"description": option.says} for name, option in options().items()}
    parts["SourceRule"]["properties"].pop("more", None)
    rates = parts["RatesRule"]
    rates |= {"properties": {"to": _TEXT}, "required": ["to"], "additionalProperties": rates["properties"]["rate"]["additionalProperties"]}  # fmt: skip
    return whole


def _slots() -> Schema:
    return {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}


def _one_or_more(properties: Schema, name: str) -> None:
    properties[name] = {"anyOf": [_TEXT, properties[name]]}


# --- what pydantic writes that TOML has no use for --------------------------------------------------------------


def _plain(given: Any) -> Any:
    """Without null, which TOML does not have, without defaults that JSON cannot say, and without titles made of keys."""
    if isinstance(given, list):
        return [_plain(each) for each in cast("list[Any]", given)]
    if not isinstance(given, dict):
        return given
    table = cast("dict[str, Any]", given)
    kept = {key: value for key, value in table.items() if not _of_no_use(key, value)}
    choices = kept.get("anyOf")
    if isinstance(choices, list):
        rest = [each for each in cast("list[Any]", choices) if each != {"type": "null"}]
        kept = {**kept, "anyOf": rest} if len(rest) > 1 else {**{k: v for k, v in kept.items() if k != "anyOf"}, **rest[0]}  # fmt: skip
    return {key: _plain(value) for key, value in kept.items()}


def _of_no_use(key: str, value: Any) -> bool:
    if key == "title":
        return isinstance(value, str)  # a property of this name is a table
    return key == "default" and (value is None or (isinstance(value, float) and not math.isfinite(value)))
