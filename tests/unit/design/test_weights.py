"""Calibrated weights meet their totals on every engine, variances are those of residuals, and every refusal says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fl_estimate as fl

DESIGN = fl.Design(weights="w", strata="stratum", psu="ea", expands=True)
SEX: dict[str, float] = {"F": 5200, "M": 4900}
MARGINS: dict[Any, Any] = {"sex": SEX, "age": {1: 2600, 2: 3500, 3: 4000}}


def people(n: int = 600, seed: int = 3) -> pd.DataFrame:
    """Two strata of ten enumeration areas each, thirty persons in each area, two of them a household."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"stratum": np.repeat(["a", "b"], n // 2), "ea": np.repeat(np.arange(20), n // 20)})
    frame = frame.assign(
        w=rng.uniform(8, 25, n),
        household=np.arange(n) // 2,
        sex=pd.Categorical(rng.choice(["F", "M"], n)),
        age=rng.integers(1, 4, n),
        income=rng.gamma(2, 100, n),
    )
    return frame.assign(
        y=rng.binomial(1, 0.1 + 0.05 * (frame["age"] == 1), n), wage=frame["income"] + rng.normal(0, 20, n)
    )


def on_engine(frame: pd.DataFrame, engine: str) -> Any:
    plain = frame.assign(sex=frame["sex"].astype(str))
    engines: dict[str, Any] = {
        "pandas": lambda: frame,
        "polars": lambda: pl.from_pandas(frame),
        "lazy": lambda: pl.from_pandas(frame).lazy(),
        "pyarrow": lambda: pa.Table.from_pandas(plain),
        "duckdb": lambda: duckdb.connect().from_df(plain),
    }
    return engines[engine]()


def column(frame: Any, name: str) -> np.ndarray:
    """A column as numbers, in the order of the column `row` where the engine may change it."""
    native = frame.df() if isinstance(frame, duckdb.DuckDBPyRelation) else frame
    native = native.collect() if isinstance(native, pl.LazyFrame) else native
    native = native.to_pandas() if not isinstance(native, pd.DataFrame) else native
    return native.sort_values("row", kind="stable")[name].to_numpy(dtype=float)


METHODS: list[tuple[str, Any]] = [
    ("raking", None), ("linear", None), ("linear", (0.5, 2)), ("raking", (0.4, 2.5)), ("logit", (0.3, 3)), ("sinh", None),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "polars", "lazy", "pyarrow", "duckdb"])
@pytest.mark.parametrize(("method", "bounds"), METHODS)
def test_totals_are_met_within_bounds(method: Any, bounds: Any, engine: str) -> None:
    frame = people().assign(row=np.arange(600))
    wanted = {**MARGINS, "income": 2_050_000.0}
    found, design = fl.calibrate(on_engine(frame, engine), wanted, design=DESIGN, method=method, bounds=bounds)
    weight = column(found, str(design.weights))
    for name, totals in MARGINS.items():
        for level, total in totals.items():
            assert weight[(frame[name] == level).to_numpy()].sum() == pytest.approx(total, rel=1e-9)
    assert weight @ frame["income"].to_numpy() == pytest.approx(2_050_000, rel=1e-9)
    factor = weight / frame["w"].to_numpy()
    if bounds:
        assert bounds[0] - 1e-12 <= factor.min() <= factor.max() <= bounds[1] + 1e-12
    assert factor.std() > 0.01


def test_raking_is_iterative_proportional_fitting() -> None:
    frame = people()
    found, design = fl.calibrate(frame, MARGINS, design=DESIGN)
    weight = frame["w"].to_numpy(copy=True)
    for _ in range(200):
        for name, totals in MARGINS.items():
            for level, total in totals.items():
                inside = (frame[name] == level).to_numpy()
                weight[inside] *= total / weight[inside].sum()
    np.testing.assert_allclose(found[design.weights], weight, rtol=1e-9)


def test_crossed_margins_everybody_and_frames_say_the_same() -> None:
    frame = people()
    crossed = {(s, a): SEX[s] / 3 for s in SEX for a in (1, 2, 3)}
    a, first = fl.calibrate(frame, {("sex", "age"): crossed}, design=DESIGN, method="linear")
    b, second = fl.post_stratify(frame, ["sex", "age"], crossed, design=DESIGN)
    rows = pd.DataFrame([(s, a, total) for (s, a), total in crossed.items()], columns=["sex", "age", "people"])
    c, third = fl.post_stratify(frame, ["sex", "age"], rows, design=DESIGN)
    np.testing.assert_allclose(a[first.weights], b[second.weights], rtol=1e-12)
    np.testing.assert_array_equal(b[second.weights], c[third.weights])
    table = pd.DataFrame({"margin": ["sex", "sex", "income"], "level": ["F", "M", None], "total": [5200, 4900, 2e6]})
    d, fourth = fl.calibrate(frame, table, design=DESIGN)
    e, fifth = fl.calibrate(frame, {"sex": SEX, "income": 2e6}, design=DESIGN)
    np.testing.assert_array_equal(d[fourth.weights], e[fifth.weights])
    f, sixth = fl.calibrate(frame, {"": 10_100, "income": 2e6}, design=DESIGN, method="linear")
    assert f[sixth.weights].sum() == pytest.approx(10_100)


def test_labels_given_as_text_are_those_of_the_column() -> None:
    """Keys of a TOML file are always text."""
    a, first = fl.calibrate(people(), MARGINS, design=DESIGN)
    b, second = fl.calibrate(people(), {"sex": SEX, "age": {"1": 2600, "2": 3500, "3": 4000}}, design=DESIGN)
    np.testing.assert_array_equal(a[first.weights], b[second.weights])


@pytest.mark.parametrize("engine", ["pandas", "lazy", "duckdb"])
def test_one_factor_in_a_household(engine: str) -> None:
    frame = people().assign(row=np.arange(600))
    found, design = fl.calibrate(on_engine(frame, engine), MARGINS, design=DESIGN, aggregate="household")
    factor = pd.Series(column(found, str(design.weights)) / frame["w"].to_numpy())
    assert (factor.groupby(frame["household"]).std() < 1e-12).all()
    weight = factor * frame["w"]
    assert weight[frame["sex"] == "F"].sum() == pytest.approx(5200, rel=1e-9)
    estimates = fl.estimate_total(found, "y", design=design, by="sex").to_frame()
    one = fl.estimate_total(frame.assign(w=weight), "y", design=DESIGN).to_frame()
    assert estimates["value"].iloc[0] == pytest.approx(one["value"].iloc[0])
    assert 0.5 < estimates["se"].iloc[0] / one["se"].iloc[0] < 1.2


def test_what_the_totals_say_is_certain() -> None:
    frame, design = fl.calibrate(people().assign(one=1.0), MARGINS, design=DESIGN, method="linear")
    row = fl.estimate_total(frame, "one", design=design, by=["sex", "age"], interval="wald").to_frame()
    assert row["value"].iloc[0] == pytest.approx(10_100)
    assert row["se"].iloc[0] < 1e-9 * 10_100
    assert (row["se"].iloc[1:] > 1).all()


def test_residual_variance_by_hand() -> None:
    """Σ_h n/(n−1) Σ (z − z̄)² with z the sum over an area of w (u − x'B), B from the weights before."""
    frame, design = fl.calibrate(people(), MARGINS, design=DESIGN)
    w, d = frame[design.weights].to_numpy(), frame["w"].to_numpy()
    x = np.stack([frame["sex"] == "F", *(frame["age"] == a for a in (1, 2, 3))], axis=1).astype(float)
    case = frame["y"].to_numpy(dtype=float)
    u = (case - np.average(case, weights=w)) / w.sum()
    b = np.linalg.solve(x.T @ (d[:, None] * x), x.T @ (d * u))
    z = pd.Series(w * (u - x @ b)).groupby([frame["stratum"], frame["ea"]]).sum()
    variance = sum(10 / 9 * ((part - part.mean()) ** 2).sum() for _, part in z.groupby(level=0))
    row = fl.estimate_prevalence(frame, "y", design=design).to_frame().iloc[0]
    assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_two_calibrations_in_a_row_agree_with_the_jackknife_of_both() -> None:
    frame = people(6000).assign(ea=np.arange(6000) // 20)
    errors = []
    for base in (DESIGN, fl.replicate(frame, design=DESIGN, kind="jkn")):
        found, design = fl.post_stratify(frame, "age", {1: 30_000, 2: 35_000, 3: 36_000}, design=base)
        found, design = fl.calibrate(found, {"sex": {"F": 52_000, "M": 49_000}, "income": 20_300_000}, design=design)
        estimates = fl.estimate_mean(found, "wage", design=design, by="sex").to_frame()
        errors.append(estimates["se"].to_numpy())
    plain = fl.estimate_mean(frame, "wage", design=DESIGN, by="sex").to_frame()["se"].to_numpy()
    # 300 areas: linearisation and jackknife are within a few per cent; uncalibrated errors are several times as large.
    np.testing.assert_allclose(errors[0], errors[1], rtol=0.03)
    assert plain[0] > 3 * errors[0][0]


def as_columns(frame: pd.DataFrame, design: fl.Design, *, combined: bool) -> tuple[pd.DataFrame, fl.Design]:
    """Replicates of units written out as columns of the file."""
    own: Any = design.replicates
    position = {unit: row for row, unit in enumerate(own.units)}
    rows = [position[key] for key in zip(frame["stratum"], frame["ea"], strict=True)]
    values = own.multipliers[rows] * (frame["w"].to_numpy()[:, None] if combined else 1.0)
    names = [f"rw{r}" for r in range(values.shape[1])]
    columns = fl.Replicates(
        names, scale=own.scale, rscales=list(own.rscales), centre=own.centre, combined=combined, df=own.df
    )
    wide = pd.concat([frame, pd.DataFrame(values, columns=names)], axis=1)
    return wide, fl.Design(weights="w", replicates=columns, expands=True)


@pytest.mark.parametrize(
    ("combined", "method", "bounds"),
    [(True, "raking", None), (False, "raking", None), (False, "linear", None), (True, "logit", (0.3, 3))],
)
def test_replicates_of_a_file_and_of_units_are_calibrated_alike(combined: bool, method: Any, bounds: Any) -> None:
    frame = people()
    made = fl.replicate(frame, design=DESIGN, kind="jkn")
    a, first = fl.calibrate(frame, MARGINS, design=made, method=method, bounds=bounds)
    wide, columns = as_columns(frame, made, combined=combined)
    b, second = fl.calibrate(wide, MARGINS, design=columns, method=method, bounds=bounds)
    theirs = fl.estimate_prevalence(b, "y", design=second, by="sex").to_frame()
    ours = fl.estimate_prevalence(a, "y", design=first, by="sex").to_frame()
    np.testing.assert_allclose(ours["se"], theirs["se"], rtol=1e-9)
    lazy, third = fl.calibrate(pl.from_pandas(frame).lazy(), MARGINS, design=made, method=method, bounds=bounds)
    found = fl.estimate_prevalence(lazy, "y", design=third, by="sex").to_frame()
    np.testing.assert_allclose(ours["se"], found["se"], rtol=1e-9)


def test_trimmed_and_calibrated_replicates_of_a_file_follow() -> None:
    frame = people()
    wide, design = as_columns(frame, fl.replicate(frame, design=DESIGN, kind="jkn"), combined=True)
    wide, design = fl.trim_weights(wide, design=design, upper=22)
    wide, design = fl.calibrate(wide, MARGINS, design=design)
    row = fl.estimate_prevalence(wide, "y", design=design).to_frame().iloc[0]
    trimmed, by_trimmed = fl.trim_weights(frame, design=DESIGN, upper=22)
    taylor = fl.calibrate(trimmed, MARGINS, design=by_trimmed)
    other = fl.estimate_prevalence(taylor[0], "y", design=taylor[1]).to_frame().iloc[0]
    assert row["value"] == pytest.approx(other["value"], rel=1e-9)
    assert row["se"] == pytest.approx(other["se"], rel=0.05)


def test_what_does_not_matter() -> None:
    """Units of the weights, order of rows and names of classes change nothing."""
    frame = people()
    found, design = fl.calibrate(frame, MARGINS, design=DESIGN)
    expected = fl.estimate_mean(found, "wage", design=design, by="sex").to_frame()[["value", "se"]].to_numpy()
    for changed in (frame.assign(w=frame["w"] * 1000), frame.sample(frac=1, random_state=1)):
        again, other = fl.calibrate(changed, MARGINS, design=DESIGN)
        ours = fl.estimate_mean(again, "wage", design=other, by="sex").to_frame()[["value", "se"]].to_numpy()
        np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_a_survey_comes_back_as_a_survey() -> None:
    data = fl.SurveyData(people=people(), design=DESIGN, population="adults")
    found, design = fl.calibrate(data, margins=MARGINS)
    assert isinstance(found, fl.SurveyData)
    assert found.design == design
    assert found.population == "adults"
    first = fl.estimate_prevalence(found, "y").to_frame()
    assert first.equals(fl.estimate_prevalence(found.people, "y", design=design).to_frame())


def test_a_design_without_a_column_of_weights_gets_one() -> None:
    frame = people().assign(N=80)
    by_fpc = fl.Design(strata="stratum", psu="ea", fpc="N")
    found, design = fl.calibrate(frame, {"sex": SEX}, design=by_fpc)
    np.testing.assert_allclose(found["weight"], 8.0)
    assert design.weights == "weight_calibrated"
    plain, design = fl.calibrate(frame, {"sex": SEX}, design=fl.Design(psu="ea", unweighted=True))
    assert plain["weight"].eq(1).all()
    assert fl.estimate_total(plain, "y", design=design).to_frame()["value"].iloc[0] > 500
    rows, design = fl.calibrate(frame.assign(N=6000), {"sex": SEX}, design=fl.Design(fpc="N"))
    np.testing.assert_allclose(rows["weight"], 10.0)


def test_names_of_new_columns_do_not_meet_old_ones() -> None:
    frame = people().assign(w_calibrated=0.0)
    found, design = fl.calibrate(frame, MARGINS, design=DESIGN)
    assert design.weights == "w_calibrated_2"
    assert found["w_calibrated"].eq(0).all()


def test_the_assumptions_say_what_was_done() -> None:
    found, design = fl.calibrate(people(), MARGINS, design=DESIGN)
    estimates = fl.estimate_prevalence(found, "y", design=design)
    said = {str(a.code): dict(a.parameters) for a in estimates.assumptions}
    assert said["weights_calibrated"] == {"method": "raking", "margins": ["sex", "age"]}


def with_missing() -> pd.DataFrame:
    frame = people()
    frame.loc[3, "age"] = np.nan
    return frame


REFUSED: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("FL-DESIGN-40", people, {}, {}),
    ("FL-DESIGN-40", people, "sex", {}),
    ("FL-DESIGN-40", people, {"sex": {("F", "x"): 1}}, {}),
    ("FL-DESIGN-40", people, {("sex", "age"): 5}, {}),
    ("FL-DESIGN-40", people, {"sex": 5}, {}),
    ("FL-DESIGN-40", people, {3: {"F": 5}}, {}),
    ("FL-DESIGN-40", people, pd.DataFrame({"margin": ["sex"], "total": [4]}), {}),
    ("FL-DESIGN-41", with_missing, MARGINS, {}),
    ("FL-DESIGN-42", people, {"sex": {"F": 10_100}}, {}),
    ("FL-DESIGN-43", people, {"sex": {"F": 5000, "M": 5000, "X": 100}}, {}),
    ("FL-DESIGN-44", people, {"sex": SEX, "age": {1: 2600, 2: 3500, 3: 4001}}, {}),
    ("FL-DESIGN-45", people, MARGINS, {"method": "rakng"}),
    ("FL-DESIGN-45", people, MARGINS, {"method": "logit"}),
    ("FL-DESIGN-45", people, MARGINS, {"bounds": (1.2, 3)}),
    ("FL-DESIGN-46", people, MARGINS, {"method": "linear", "bounds": (0.99, 1.01)}),
    ("FL-DESIGN-46", people, {"sex": SEX, "income": -5.0}, {}),
    ("FL-DESIGN-47", people, {"sex": SEX, "income": 4_500_000}, {"method": "linear"}),
    ("FL-DESIGN-48", people, {"sex": {"F": 0, "M": 10_100}}, {}),
    ("FL-DESIGN-48", people, {"income": "much"}, {}),
    ("FL-DESIGN-49", lambda: people().assign(household=np.nan), MARGINS, {"aggregate": "household"}),
    ("FL-EST-02", people, {"sexe": SEX}, {}),
    ("FL-DESIGN-13", lambda: people().assign(w=-1.0), MARGINS, {}),
    ("FL-EST-15", lambda: people().head(0), MARGINS, {}),
    ("FL-EST-03", lambda: people().assign(income=np.inf), {"sex": SEX, "income": 4_000_000}, {}),
    ("FL-EST-03", lambda: people().assign(income=-np.inf), {"income": 4_000_000}, {"method": "linear"}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "frame", "margins", "options"), REFUSED)
def test_refused(code: str, frame: Any, margins: Any, options: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.calibrate(frame(), margins, design=DESIGN, **options)
    assert caught.value.fix or code in ("FL-EST-02", "FL-DESIGN-13")


def test_other_refusals() -> None:
    frame = people()
    made = fl.replicate(frame, design=DESIGN, kind="jkn")
    wide, columns = as_columns(frame, made, combined=True)
    with pytest.raises(fl.FlError, match="FL-DESIGN-50"):
        fl.calibrate(wide, MARGINS, design=columns, aggregate="household")
    with pytest.raises(fl.FlError, match="FL-DESIGN-51"):
        fl.calibrate(frame.assign(again=1), MARGINS, design=fl.Design(phase2=("again", fl.Design()), unweighted=True))
    with pytest.raises(fl.FlError, match="FL-DESIGN-40"):
        fl.post_stratify(frame, "sex", pd.DataFrame({"sex": ["F"], "a": [1], "b": [2]}), design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-11"):
        fl.post_stratify(frame, [], {}, design=DESIGN)
    rows = fl.replicate(frame, design=fl.Design(weights="w", expands=True), kind="jk1")
    with pytest.raises(fl.FlError, match="FL-DESIGN-26"):
        fl.calibrate(on_engine(frame, "duckdb"), MARGINS, design=rows)


def test_replicates_that_cannot_be_calibrated() -> None:
    """A class that one area holds alone: the replicate without that area has no weights for it, and is left out."""
    frame = people().assign(rare=0)
    frame.loc[:5, "rare"] = 1
    made = fl.replicate(frame, design=DESIGN, kind="jkn")
    totals = {"rare": {0: 10_000, 1: 100}}
    found, design = fl.calibrate(frame, totals, design=made)
    estimates = fl.estimate_prevalence(found, "y", design=design)
    assert [r.code for r in estimates.reasons] == ["replicates_without_value"]
    wide, columns = as_columns(frame, made, combined=True)
    with pytest.raises(fl.FlError, match="FL-DESIGN-46"):
        fl.calibrate(wide, totals, design=columns)


def test_people_left_out_after_calibration_are_noticed() -> None:
    found, design = fl.calibrate(people(), MARGINS, design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-DESIGN-58"):
        fl.estimate_prevalence(found[found["age"] == 1], "y", design=design)
    kept = fl.estimate_prevalence(found, "y", design=design, where="age == 1").to_frame()
    assert kept["n"].iloc[0] == (found["age"] == 1).sum()


def test_a_saved_survey_keeps_what_was_done_to_its_weights(tmp_path: Path) -> None:
    data = fl.SurveyData(people=people(), design=DESIGN, population="adults")
    found, _ = fl.calibrate(data, margins=MARGINS, method="logit", bounds=(0.2, 4))
    found, _ = fl.trim_weights(found, upper=30)
    again = fl.SurveyData.read(found.save(tmp_path / "survey"))
    assert again.design == found.design
    first, second = (fl.estimate_prevalence(each, "y").to_frame() for each in (found, again))
    np.testing.assert_allclose(first["se"], second["se"], rtol=1e-12)
