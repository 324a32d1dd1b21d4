"""The limits of every key: those that methods declare hold in a study file, and those of the other tables are told under their path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import fl_estimate as fl
from fl_estimate.results.methods import Argument, methods
from fl_estimate.results.roles import InFile, Pair, Seed, Stated, Within
from fl_estimate.study.config import read_study, read_with_faults
from fl_estimate.study.forms import _fields, entry_models

SOURCE = '[source.a]\nfile = "a.csv"\nmapping = "a.toml"\n'
ESTIMATE = '[[estimate]]\nkind = "prevalence"\noutcome = "x"\n'
LIMITED: dict[str, tuple[Argument, Within]] = {
    f"{tag}.{argument.name}": (argument, within)
    for tag, method in methods().items()
    for argument in method.arguments
    if argument.keys and (within := argument.role(Within)) is not None
}


def takes(argument: Argument, value: Any) -> bool:
    form, _ = _fields(argument)[argument.keys[0]]
    try:
        TypeAdapter(form).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def around(within: Within) -> tuple[list[float], list[float]]:
    """Numbers just within the limits, and just beyond them."""
    inside: list[float] = []
    beyond: list[float] = []
    for limit, sign, held in (
        (within.gt, 1, False),
        (within.ge, 1, True),
        (within.lt, -1, False),
        (within.le, -1, True),
    ):
        if limit is not None:
            inside.append(limit if held else limit + sign * 1e-9)
            beyond.append(limit - sign * 1e-9 if held else limit)
    return inside, beyond


def is_number(argument: Argument) -> bool:
    return takes(argument, 0.5) or takes(argument, 2.5)


def is_whole(argument: Argument) -> bool:
    return not is_number(argument) and takes(argument, 10_000)


def test_there_are_limits_of_each_sort() -> None:
    assert len(LIMITED) > 60
    kinds = [within for _, within in LIMITED.values()]
    assert any(is_number(argument) for argument, _ in LIMITED.values())
    assert any(is_whole(argument) for argument, _ in LIMITED.values())
    assert any(each.finite for each in kinds)
    assert any(each.items is not None for each in kinds)


@pytest.mark.parametrize("name", LIMITED)
def test_what_a_signature_limits_a_study_limits_alike(name: str) -> None:
    argument, within = LIMITED[name]
    inside, beyond = around(within)
    if is_number(argument):
        assert [value for value in inside if not takes(argument, value)] == []
        assert [value for value in beyond if takes(argument, value)] == []
        if within.lt is None and within.le is None:
            assert takes(argument, math.inf) is not within.finite
        assert not takes(argument, "0.5") or "str" in str(argument.form)
    elif is_whole(argument):
        for limit, held in ((within.ge, True), (within.gt, False)):
            if limit is not None:
                assert takes(argument, int(limit) + (0 if held else 1))
                assert not takes(argument, int(limit) - (1 if held else 0))
        assert not takes(argument, 3.5)
    if within.items is not None:
        least, most = within.items
        for make in (
            lambda size: ["x"] * size,
            lambda size: [1.0] * size,
            lambda size: {f"k{n}": 1.0 for n in range(size)},
        ):
            if takes(argument, make(least)):
                assert least == 0 or not takes(argument, make(least - 1))
                if most is not None:
                    assert takes(argument, make(most))
                    assert not takes(argument, make(most + 1))


@pytest.mark.parametrize("tag", list(methods()))
def test_defaults_are_those_of_the_signature(tag: str) -> None:
    """But that what has to be stated, and a seed, are their own; lists stand for tuples, tables for mappings."""
    model = entry_models()[tag]
    for argument in methods()[tag].arguments:
        if argument.role(Pair) is not None or not argument.keys:
            continue
        field = model.model_fields[argument.keys[0]]
        if argument.required:
            assert field.is_required()
            continue
        default: Any = argument.default
        if argument.role(Stated) is not None:
            expected: Any = None
        elif argument.role(Seed) is not None:
            assert field.default in (None, 1)
            continue
        else:
            expected = (
                list(default)
                if isinstance(default, tuple)
                else dict(default)
                if isinstance(default, Mapping)
                else default
            )
        assert field.default == expected, argument.name
        if default is None and argument.role(InFile) is None:
            assert takes(argument, None), argument.name


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"{SOURCE}population_size = 0\n{ESTIMATE}", "source.a.population_size"), (f"{SOURCE}populations = {{ sex = {{ 1 = 0 }} }}\n{ESTIMATE}", "source.a.populations.sex.1"),
        (f"{SOURCE.replace('\"a.csv\"', '{}')}{ESTIMATE}", "source.a.file"), (f"{SOURCE}unit = 'house'\n{ESTIMATE}", "source.a.unit"),
        (f"{SOURCE}{ESTIMATE}[classify]\nframework = []\n", "classify.framework"), (f"{SOURCE}{ESTIMATE}[classify]\nallow_unverified = 1\n", "classify.allow_unverified"),
        (f"{SOURCE}{ESTIMATE}[calibrate]\nmargins = {{}}\n", "calibrate.margins"), (f"{SOURCE}{ESTIMATE}[calibrate]\nmargins = 'm.csv'\nbounds = [1.0]\n", "calibrate.bounds"),
        (f"{SOURCE}{ESTIMATE}[calibrate]\nmargins = 'm.csv'\nbounds = [1.0, 2.0, 3.0]\n", "calibrate.bounds"), (f"{SOURCE}{ESTIMATE}[calibrate]\nmargins = 'm.csv'\nmethod = 'x'\n", "calibrate.method"),
        (f"{SOURCE}{ESTIMATE}[publish]\nlanguages = []\n", "publish.languages"), (f"{SOURCE}{ESTIMATE}[publish]\nprevious = 'out'\n", "publish.previous"),
        (f"{SOURCE}{ESTIMATE}[truth]\nfile = 3\n", "truth.file"), (f"{SOURCE}{ESTIMATE}[map]\ngeojson = 'm.geojson'\nby = 3\n", "map.by"),
        *((f"{SOURCE}{ESTIMATE}[publish]\nrule = {{ {name} = -1 }}\n", f"publish.rule.{name}") for name in (
            "min_n", "min_cases", "min_df", "min_df_effective", "min_psus_with_cases", "caution_cv", "caution_df", "min_effective_n", "sure_width", "max_width",
            "max_relative_width", "max_relative_width_totals", "assumed_deff", "audit_seconds", "digits")),
        (f"{SOURCE}{ESTIMATE}[publish]\nrule = {{ digits = 0 }}\n", "publish.rule.digits"), (f"{SOURCE}{ESTIMATE}[publish]\nrule = {{ digits = 3 }}\n", "publish.rule.digits"),
        (f"{SOURCE}{ESTIMATE}[publish]\nrule = {{ min_n = 2.5 }}\n", "publish.rule.min_n"), (f"{SOURCE}{ESTIMATE}[publish]\nrule = {{ few_cases = 'x' }}\n", "publish.rule.few_cases"),
        ('[[estimate]]\nkind = "capture_recapture"\nmethod = "chao"\nfile = "l.csv"\nlists = ["a"]\n', "estimate[1].lists"),
        (f"{SOURCE}[[estimate]]\nkind = 'area'\noutcome = 'x'\nby = 'd'\ncovariates = {{ file = 'c.csv', columns = [] }}\n", "estimate[1].covariates.columns"),
    ],
)  # fmt: skip
def test_a_value_beyond_a_limit_is_told_under_its_path(text: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    _, fault = read_with_faults(file)
    assert fault is not None
    assert (fault.found.split(": ", 1)[1] if "\n" not in fault.found else fault.found).find(f"{path}: ") >= 0
    with pytest.raises(fl.FlError, match="FL-STUDY-02"):
        read_study(file)


@pytest.mark.parametrize(
    "more",
    ["[publish]\nrule = { min_n = 0, min_cases = 0, digits = 1, caution_cv = 0, max_width = 0 }\n", "[publish]\nrule = { digits = 2, few_cases = 'model' }\n",
     "[publish]\nlanguages = ['es', 'fr', 'en']\nprevious = ['out']\n", "[calibrate]\nmargins = { sex = 10.0 }\nbounds = [0.5, 2.0]\n", "[classify]\nframework = ['a', 'b']\n"],
)  # fmt: skip
def test_a_value_at_a_limit_is_taken(more: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(f"{SOURCE}population_size = 0.5\n{ESTIMATE}{more}", encoding="utf-8")
    assert read_study(file).config.source["a"].population_size == 0.5
