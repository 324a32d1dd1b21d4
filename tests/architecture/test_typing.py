"""The public surface as type checkers see it: every documented example passes strict pyright, and wrong uses are errors."""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl

WRONG: tuple[tuple[str, str], ...] = (
    ("fl.estimate_prevalance(people, 'fl')", "reportAttributeAccessIssue"),
    ("fl.calibrate(people, design, {'sex': {'f': 1}})", "reportCallIssue"),
    ("fl.post_stratify(people, design, 'sex', {'f': 1})", "reportCallIssue"),
    ("fl.trim_weights(people, design, upper=9)", "reportCallIssue"),
    ("fl.weight_summary(people, design)", "reportCallIssue"),
    ("fl.replicate(people, design, kind='jk1')", "reportCallIssue"),
    ("fl.replicate(people, design=design, kind='jackknife')", "reportArgumentType"),
    ("fl.calibrate(people)", "reportCallIssue"),
    ("fl.adjust_nonresponse(people, people['fl'], design=design, by='sex')", "reportArgumentType"),
    ("fl.estimate_prevalence(people, 'fl', design=design, where=people['fl'] == 1)", "reportArgumentType"),
    ("fl.estimate_prevalence(people, 'fl', design='w')", "reportArgumentType"),
    ("fl.estimate_prevalence(people, 'fl', design=design, level='95%')", "reportArgumentType"),
    ("fl.estimate_prevalence(people, 'fl', design=design, unknown='drop')", "reportArgumentType"),
    ("fl.estimate_prevalence(people, 'fl', design=design).valeu", "reportAttributeAccessIssue"),
    ("fl.estimate_prevalence(people, 'fl', design=design).value.upper()", "reportAttributeAccessIssue"),
    ("fl.estimate_prevalence(people, 'fl', design=design).value = 3.0", "reportAttributeAccessIssue"),
    ("fl.estimate_prevalence(people, 'fl', design=design).to_frame(True)", "reportCallIssue"),
    ("fl.Design(weight='w')", "reportCallIssue"),
    ("fl.Design(weights=people['w'])", "reportArgumentType"),
    ("fl.regress(people, 'fl ~ sex', family='logit', design=design)", "reportArgumentType"),
    ("fl.hierarchical.area(people, likelihood='poisson')", "reportArgumentType"),
    ("fl.capture_recapture.loglinear(people)", "reportArgumentType"),
    ("fl.publish(people)", "reportArgumentType"),
    ("fl.plot_map(people, 'map.geojson')", "reportArgumentType"),
    ("fl.cut(18, [1, 2])", "reportArgumentType"),
    ("fl.run_study(3)", "reportArgumentType"),
)
"""Each with the rule that it breaks."""
USED: dict[str, str] = {
    "capture_recapture.mixed_model": "fl.capture_recapture.mixed_model([model, model]).size",
    "classify": "fl.classify(survey, 'icls2018_adult').people",
    "compare": "fl.compare({'one': estimates, 'other': estimates}, language='fr').savefig('out.svg')",
    "datasets.source": "fl.datasets.source('uk_2013_6').licence.upper()",
    "explain": "fl.explain({'w_low_no_wage': 'yes'}, 'icls2018_adult', age=30)",
    "explain_respondent": "fl.explain_respondent(survey, 1, 'icls2018_adult')[0]",
    "plot": "fl.plot(estimates, language='es').savefig('out.png')",
    "plot_sensitivity": "fl.plot_sensitivity(appraisal).savefig('out.png')",
    "plot_shrinkage": "fl.plot_shrinkage(estimates, estimates).savefig('out.png')",
    "publish_appraisal": "fl.publish_appraisal(appraisal, rule='fl-default').n",
    "run_study": "fl.run_study('study.toml', out='out').estimates['share'].national.value.is_integer()",
}
MEANT = ("reportUnusedExpression", "reportUnusedVariable", "reportUnusedCallResult")
"""What stands alone in an example is looked at."""
# What a pandas column holds is not known to pandas' own types either: the reader's frames, not ours.
PANDAS = (
    "reportUnknownMemberType",
    "reportUnknownVariableType",
    "reportUnknownArgumentType",
    "reportUnknownLambdaType",
)


def public() -> Iterator[tuple[str, Any]]:
    """Every public name with what stands behind it."""
    yield from ((name, getattr(fl, name)) for name in fl.__all__)
    for package in ("capture_recapture", "hierarchical", "hidden", "synthesis", "datasets"):
        module = getattr(fl, package)
        yield from ((f"{package}.{name}", getattr(module, name)) for name in module.__all__)


def example_of(thing: Any) -> str:
    """The examples of a function or class and of its methods, with the names of its module that they use unsaid."""
    docs = [inspect.getdoc(thing)] if inspect.isfunction(thing) or inspect.isclass(thing) else []
    if inspect.isclass(thing):
        docs += [
            inspect.getdoc(part) for name, part in vars(thing).items() if callable(part) and not name.startswith("_")
        ]
    source = "".join(each.source for doc in docs if doc for each in doctest.DocTestParser().get_examples(doc))
    if not source:
        return ""
    nodes = list(ast.walk(ast.parse(source)))
    made = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    made |= {
        (alias.asname or alias.name).split(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    used = {node.id for node in nodes if isinstance(node, ast.Name)} - made - vars(builtins).keys()
    unsaid = sorted(name for name in used if hasattr(sys.modules[thing.__module__], name))
    return (f"from {thing.__module__} import {', '.join(unsaid)}\n" if unsaid else "") + source


def written() -> tuple[str, dict[int, int]]:
    """One module of all examples and all wrong uses, and which wrong use stands on which line."""
    lines = ["# pyright: strict", f"# pyright: {', '.join(f'{rule}=false' for rule in (*MEANT, *PANDAS))}"]
    lines += ["from __future__ import annotations", "import pandas as pd", "import fl_estimate as fl"]
    for name, thing in public():
        if source := example_of(thing):
            lines += [f"def of_{name.replace('.', '_')}() -> None:", *textwrap.indent(source, "    ").splitlines()]
    given = "survey: fl.SurveyData, estimates: fl.Estimates, appraisal: fl.capture_recapture.Appraisal, model: fl.capture_recapture.ListModel"
    lines += [f"def used({given}) -> None:", *(f"    {use}" for use in USED.values())]
    lines += ["def wrong(people: pd.DataFrame, design: fl.Design) -> None:"]
    at: dict[int, int] = {}
    for number, (use, _) in enumerate(WRONG):
        lines.append(f"    {use}")
        at[len(lines)] = number
    return "\n".join(lines) + "\n", at


def complaints(source: str, folder: Path) -> list[dict[str, Any]]:
    file = folder / "surface.py"
    file.write_text(source, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(json.dumps({"pythonVersion": "3.12"}), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]


@pytest.mark.slow
def test_examples_pass_and_wrong_uses_are_errors(tmp_path: Path) -> None:
    source, wrong = written()
    found: dict[int, list[str]] = {}
    right: list[str] = []
    for each in complaints(source, tmp_path):
        line = each["range"]["start"]["line"] + 1
        if line in wrong:
            found.setdefault(wrong[line], []).append(str(each.get("rule")))
        else:
            right.append(
                f"{source.splitlines()[line - 1].strip()}: {each['message'].splitlines()[0]} ({each.get('rule')})"
            )
    assert not right, "\n".join(right)
    let_through = [use for number, (use, rule) in enumerate(WRONG) if rule not in found.get(number, [])]
    assert not let_through, [(use, found.get(number)) for number, (use, _) in enumerate(WRONG) if use in let_through]


def test_every_public_function_has_an_example() -> None:
    without = {name for name, thing in public() if inspect.isfunction(thing) and not example_of(thing)}
    assert without <= WITHOUT, without - WITHOUT
    assert without >= WITHOUT, "these have an example now"


WITHOUT = frozenset(USED)
"""Public functions whose docstring has no example: `USED` has their uses, as the pages of the docs have them."""
