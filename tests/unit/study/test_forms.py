"""A method's signature is its entry: keys, types, limits and defaults; what the functions take and a file can hold is available."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import ValidationError

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import Method, every_method, kinds, method, methods
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    PEOPLE,
    Correlation,
    Earlier,
    FromFile,
    Key,
    Level,
    Name,
    Pair,
    Rest,
    SeedOrNone,
)
from fl_estimate.study.describe import described, key_lines
from fl_estimate.study.forms import entry_model, entry_models
from fl_estimate.study.run import check_study, run_study
from tests.unit.study.made import STUDY, assert_same_rows, write


def invented(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    kind: Annotated[Literal["wide", "narrow"], Key("width")] = "wide",
    ends: Annotated[tuple[Level, Level], Pair(("low", "high"))],
    table: Annotated[Any, FromFile(column="population")] = None,
    flow: Annotated[Estimates | float, Earlier(form=float | str)] = 1.0,
    correlation: Correlation = 0.0,
    shares: Mapping[str, float] | None = None,
    points: Sequence[float] = (0.5, 1.0),
    seed: SeedOrNone = None,
    callback: Annotated[Callable[[], None] | None, NOT_IN_FILE] = None,
) -> Estimates:
    """Estimate nothing at all."""
    raise AssertionError(people, outcome, kind, ends, table, flow, correlation, shares, points, seed, callback)


def made(function: Callable[..., Any], **more: Any) -> Method:
    return Method(function=function, kind="invented", basis="respondents", family="survey", **more)


GIVEN = {"kind": "invented", "outcome": "x", "low": 0.1, "high": 0.9}


def test_an_estimator_that_nobody_knew_has_an_entry() -> None:
    model = entry_model(made(invented))
    entry = model.model_validate(GIVEN)
    assert entry.model_dump() == {
        "title": "", "note": "", "kind": "invented", "name": "", "source": None, "outcome": "x", "width": "wide",
        "low": 0.1, "high": 0.9, "table": None, "flow": 1.0, "correlation": None, "shares": None, "points": [0.5, 1.0],
        "seed": 1,
    }  # fmt: skip
    assert entry.declared.function is invented


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 1.5}, {"width": "broad"}, {"seed": -1}, {"callback": "x"}, {"people": "x"}, {"correlation": 2},
        {"points": "0.5"}, {"table": {"file": "a.csv"}}, {"outcome": None}, {"shares": {"a": "b"}},
    ],
)  # fmt: skip
def test_its_keys_are_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entry_model(made(invented)).model_validate({**GIVEN, **wrong})


def test_what_a_file_cannot_hold_has_to_be_said() -> None:
    def unsaid(people: Annotated[Any, PEOPLE], model: Any) -> Estimates:
        raise AssertionError(people, model)

    with pytest.raises(TypeError, match=r"unsaid\(model\): a study file cannot hold"):
        entry_model(made(unsaid))


def test_a_composition_has_the_arguments_of_what_it_calls() -> None:
    def whole(people: Annotated[Any, PEOPLE], **rest: Annotated[Any, Rest(invented, without=("points",))]) -> Estimates:
        raise AssertionError(people, rest)

    keys = set(entry_model(made(whole)).model_fields)
    assert keys == set(entry_model(made(invented)).model_fields) - {"points"}


def test_two_methods_of_one_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="two methods are declared as kind 'prevalence'"):
        method(kind="prevalence", basis="respondents", family="survey")(invented)


def test_every_kind_of_the_docs_is_declared() -> None:
    text = (Path(__file__).parents[3] / "docs" / "how_to" / "study.md").read_text(encoding="utf-8")
    table = text[text.index("## Kinds of estimates") : text.index("### Small areas")]
    # The row of what people of the survey answer names five kinds.
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows[1:] for name in row.split("`")[1::2]} == set(kinds())


def test_every_key_is_told() -> None:
    """The page has a form for each key and words for nearly all: a key without any is one that its docstring leaves out."""
    silent = {
        (tag, line.name) for tag in methods() for method in described(tag) for line in key_lines(method)
        if not line.description and line.name not in {"interval", "level", "likelihood", "draws", "seed", "replicates", "unknown", "weights", "spatial"}
    }  # fmt: skip
    assert {name for _, name in silent} <= {"people", "outcome", "variable", "numerator", "denominator", "estimates", "before", "after", "prior", "threshold", "learner"}  # fmt: skip


def test_every_public_estimator_is_declared() -> None:
    """What gives Estimates (or an Appraisal) and takes data or results: `stack` in results, all others in estimators."""
    declared = {each.function for each in every_method()}
    for space in (fl, fl.hierarchical, cr, fl.synthesis):
        for name in space.__all__:
            function = getattr(space, name)
            gives = inspect.signature(function).return_annotation if inspect.isfunction(function) else ""
            if gives in ("Estimates", "Regression", "Appraisal"):
                assert function in declared, name


# --- keys that the functions took, and files did not ------------------------------------------------------------


LISTS = pd.DataFrame({"A": [1, 0, 1, 0, 1, 1, 0], "B": [0, 1, 1, 0, 0, 1, 1], "C": [0, 0, 0, 1, 1, 1, 1]})
LISTS["count"] = [60, 50, 9, 40, 7, 2, 8]


@pytest.mark.parametrize(
    ("keys", "long"),
    [
        ('method = "chao"\nestimator = "classic"', lambda h: cr.chao(h, "classic")),
        ('method = "select_bic"\nsearch = "downhill"\nreplicates = 40', lambda h: cr.select_bic(h, search="downhill", replicates=40, seed=1)),
        ('method = "average_decomposable"\ngrid = [0, 10, 100]', lambda h: cr.average_decomposable(h, grid=[0, 10, 100], seed=1)),
        ('method = "average_decomposable"\ndelta = "2^-t"', lambda h: cr.average_decomposable(h, seed=1)),
        (
            'method = "latent_class"\nclasses = 2\ndraws = 100\nburn_in = 20\nthin = 1\nprior = [0.5, 0.5]',
            lambda h: cr.latent_class(h, classes=2, draws=100, burn_in=20, thin=1, prior=(0.5, 0.5), seed=1),
        ),
        ('method = "doubly_robust"\na = "A"\nb = "B"\nestimator = "plug-in"\nfolds = 2', lambda h: cr.doubly_robust(h, lists=("A", "B"), kind="plug-in", folds=2, seed=1)),
        ('method = "sensitivity"\nodds_ratios = [0.5, 1]', lambda h: cr.sensitivity(h, odds_ratios=[0.5, 1])),
    ],
)  # fmt: skip
def test_keys_of_lists(keys: str, long: Callable[[fl.CaptureHistories], fl.Estimates], tmp_path: Path) -> None:
    LISTS.to_csv(tmp_path / "lists.csv", index=False)
    path = tmp_path / "lists.toml"
    path.write_text(f'[[estimate]]\nkind = "capture_recapture"\nfile = "lists.csv"\n{keys}\n', encoding="utf-8")
    found = run_study(path, out=tmp_path / "out")
    assert found.ok, found.failed
    expected = long(fl.CaptureHistories.from_counts(LISTS, lists=["A", "B", "C"]))
    assert_same_rows(found.estimates["capture_recapture_1"].to_frame(), expected.to_frame())


MORE = """
[[estimate]]
kind = "prevalence"
name = "regions"
outcome = "forced_labour"
by = "region"

[[estimate]]
kind = "misclassification"
name = "checked"
estimate = "regions"
sensitivity = [45, 5]
specificity = [995, 5]
population = { file = "persons.csv", column = "adults" }
prior = { sigma = "half-normal(0.5)" }
draws = 200

[[estimate]]
kind = "unit"
name = "hours"
outcome = "hours"
unknown = "exclude"
cells = "region"
population = { file = "persons.csv", column = "adults" }
likelihood = "normal"
prior = { residual = "half-normal(30)" }
draws = 200

[[estimate]]
kind = "published"
name = "north"
document = "a report"
value = 90
se = 9
by = { region = "North" }

[[estimate]]
kind = "total"
name = "survey"
outcome = "forced_labour"

[[estimate]]
kind = "sources"
name = "one"
estimates = { survey = "survey" }
counts = { hotline = 900 }
bias = { survey = "below(0.2)", hotline = "reported(2, 8)" }
prior = [7, 2]
draws = 200
"""


def test_keys_of_models_and_figures(tmp_path: Path) -> None:
    """`population` and `prior` of an instrument, the normal likelihood of cells, a domain of a figure, the prior of sources."""
    from tests.unit.study.made import REGIONS, people

    persons = pd.DataFrame({"region": REGIONS, "adults": [10_000, 20_000, 15_000, 5_000]})
    persons.to_csv(tmp_path / "persons.csv", index=False)
    frame = people().assign(hours=lambda table: 40.0 + table.index % 17)
    path = write(tmp_path, study=STUDY.replace("\n[publish]", f"{MORE}\n[publish]"), frame=frame)
    check_study(path)
    found = run_study(path, out=tmp_path / "out")
    assert not found.failed
    classified = fl.classify(fl.load(tmp_path / "people.csv", mapping=tmp_path / "people.toml"), "icls2018_adult")
    persons = persons.rename(columns={"adults": "population"})
    prior = fl.hierarchical.Prior
    long = {
        "checked": fl.hierarchical.misclassification(
            fl.estimate_prevalence(classified, "forced_labour", by="region"), sensitivity=(45, 5), specificity=(995, 5),
            population=persons, prior=prior(sigma="half-normal(0.5)"), draws=200, seed=1,
        ),
        "hours": fl.hierarchical.unit(
            classified, "hours", cells="region", population=persons, likelihood="normal", unknown="exclude",
            prior=prior(residual="half-normal(30)"), draws=200, seed=1,
        ),
        "north": fl.synthesis.published(90, se=9, source="a report", by={"region": "North"}),
        "one": fl.hierarchical.sources(
            {"survey": fl.estimate_total(classified, "forced_labour"), "hotline": 900}, prior=(7, 2), draws=200, seed=1,
            bias={"survey": "below(0.2)", "hotline": "reported(2, 8)"},
        ),
    }  # fmt: skip
    for name, expected in long.items():
        assert_same_rows(found.estimates[name].to_frame(), expected.to_frame(), rtol=1e-8)
    assert found.estimates["checked"].to_frame()["margin"].tolist()[0] == ""


PUBLISHED = '[[estimate]]\nkind = "published"\nname = "{0}"\ndocument = "{0}"\nvalue = 100\nse = 10\n'


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('kind = "sources"\nestimates = { a = "one" }\ncounts = { b = 3 }\nbias = { a = "exactly(0)", c = "exactly(0)" }', "estimate[3].bias.b: how far it may be off"),
        ('kind = "sources"\nestimates = { a = "one" }\nbias = { a = "exactly(0)", c = "exactly(0)" }', "estimate[3].bias.c: it is not among the estimates or counts"),
        ('kind = "sources"\nestimates = { a = "ohne" }\nbias = { a = "exactly(0)" }', "estimate[3].estimates.a: no estimate before this one is called 'ohne'; did you mean 'one'?"),
        ('kind = "sum"\nestimates = ["one", "one"]\ncorrelation = 1', "estimate[3].estimates: 'one' is named twice"),
        ('kind = "stack"\nestimates = ["one", "two", "one"]', "estimate[3].estimates: 'one' is named twice"),
        ('kind = "stack"\nestimates = ["one", "two"]\npopulatoin = 3', "estimate[3].populatoin: no such key; did you mean 'population'?"),
        ('kind = "capture_recapture"\nfile = "a.csv"', "estimate[3].method: it must be given, one of: appraise, "),
        ('kind = "capture_recapture"\nfile = "a.csv"\nmethod = "loglinear"\ninterval = "bca"', "estimate[3].interval: it should be 'profile', 'log' or 'wald'"),
    ],
)  # fmt: skip
def test_faults_that_were_found_late_or_never(entry: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(PUBLISHED.format("one") + PUBLISHED.format("two") + f"[[estimate]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-STUDY-02") as caught:
        check_study(path)
    assert said in str(caught.value)


def test_two_figures_of_one_file_of_surveys_share_its_errors(tmp_path: Path) -> None:
    entry = (
        '[[estimate]]\nkind = "aggregate"\nname = "{0}"\nsurveys = "s.csv"\npopulation = "p.csv"\ngroups = "p.csv"\n'
    )
    path = tmp_path / "study.toml"
    text = entry.format("one") + entry.format("two") + '[[estimate]]\nkind = "sum"\nestimates = ["one", "two"]\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError, match=r"both come of s\.csv; correlation = … must be stated"):
        check_study(path)


def test_the_whole_of_the_registry_can_be_asked_for() -> None:
    assert set(entry_models()) == set(methods())
    assert {tag.partition("/")[0] for tag in methods()} == set(kinds())
