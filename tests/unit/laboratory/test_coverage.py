"""Simulated coverage: counted by hand on a few samples, the same on other processes and after resuming, refusals by their codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import FlError

PEOPLE = fl.datasets.clustered_population(persons=12_000, psus=240, areas=6, strata=2, prevalence=0.05, icc=0.1, seed=3)
DESIGN = fl.SampleDesign(strata="stratum", psu="psu", psus=4, persons=15)


def simulate(population: Any = PEOPLE, design: Any = DESIGN, **more: Any) -> fl.CoverageReport:
    return fl.simulate_coverage(
        population, design, "outcome", **{"by": "area", "samples": 12, "seed": 5, "block": 5, **more}
    )


def fails(code: str, **more: Any) -> FlError:
    with pytest.raises(FlError, match=code) as caught:
        simulate(**more)
    return caught.value


def test_coverage_is_what_is_counted_by_hand() -> None:
    """Every sample drawn again outside the laboratory, and estimated by the public function."""
    report = simulate()
    truth = PEOPLE.frame.groupby("area")["outcome"].mean()
    seen: list[pd.DataFrame] = []

    def drawn(people: Any) -> fl.Estimates:
        made = fl.estimate_prevalence(people, "outcome", by="area")
        seen.append(made.to_frame())
        return made

    again = simulate(estimators={"by hand": drawn})
    frames = pd.concat(seen)
    assert len(seen) == 12
    for area, part in frames[frames["margin"] == "area"].groupby("area"):
        row = report.table.query("domain == @area.__str__()").iloc[0]
        target = truth[int(area)]  # pyright: ignore[reportArgumentType]
        covered = (part["lower"] <= target) & (target <= part["upper"])
        assert row["coverage"] == pytest.approx(covered.mean())
        assert row["truth"] == pytest.approx(target)
        assert row["bias"] == pytest.approx((part["value"] - target).mean())
        assert row["rmse"] == pytest.approx(np.sqrt(((part["value"] - target) ** 2).mean()))
        assert row["sd"] == pytest.approx(part["value"].std())
        assert row["mean_se"] == pytest.approx(part["se"].mean())
        assert row["median_width"] == pytest.approx((part["upper"] - part["lower"]).median())
        assert row["expected_cases"] == pytest.approx(part["cases"].mean())
    columns = [name for name in report.table if name != "estimator"]
    pd.testing.assert_frame_equal(report.table[columns], again.table[columns])


def test_intervals_that_share_a_pass_are_those_that_stand_alone() -> None:
    kinds = ("korn-graubard", "wald", "wilson", "logit")
    together = {
        f"{kind} {df}": ("prevalence", {"interval": kind, "df": df}) for kind in kinds for df in ("domain", "design")
    }
    shared = simulate(estimators=together, samples=5)
    for name, each in together.items():
        alone = simulate(estimators={name: each}, samples=5)
        pd.testing.assert_frame_equal(shared.table.query("estimator == @name").reset_index(drop=True), alone.table)


def test_the_same_on_two_processes_and_after_resuming(tmp_path: Path) -> None:
    whole = simulate()
    spread = simulate(processes=2)
    simulate(samples=7, folder=tmp_path)
    kept = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    resumed = simulate(folder=tmp_path)
    assert len(kept) == 2
    for other in (spread, resumed):
        pd.testing.assert_frame_equal(whole.table, other.table)
        pd.testing.assert_frame_equal(whole.classes, other.classes)
    # The first block was whole, and was not drawn again.
    first = next(name for name in kept if name.endswith("_00000.npz"))
    assert (tmp_path / first).stat().st_mtime_ns == kept[first]


def test_a_changed_input_is_another_run_and_leaves_the_first_alone(tmp_path: Path) -> None:
    simulate(samples=5, folder=tmp_path)
    strange = tmp_path / "not_ours.txt"
    strange.write_text("kept")
    before = {file.name for file in tmp_path.iterdir()}
    threshold = 0.5

    def near(people: Any) -> fl.Estimates:
        return fl.estimate_prevalence(people, "outcome", by="area", level=threshold + 0.45)

    changes: list[dict[str, Any]] = [
        {"seed": 6},
        {"population": PEOPLE.frame.assign(outcome=1 - PEOPLE.frame["outcome"])},
        {"estimators": ("prevalence", {"interval": "wald"})}
        | {"estimators": {"prevalence": ("prevalence", {"interval": "wald"})}},
        {"design": fl.SampleDesign(strata="stratum", psu="psu", psus=4, persons=14)},
        {"estimators": {"prevalence": near}},
    ]
    for number, change in enumerate(changes, start=2):
        simulate(**{"samples": 5, "folder": tmp_path, **change})
        assert len({file.name.split("_")[0] for file in tmp_path.glob("*.npz")}) == number
    # What a function closes over is a part of it.
    threshold = 0.4
    simulate(samples=5, folder=tmp_path, estimators={"prevalence": near})
    assert len(list(tmp_path.glob("*.npz"))) == len(changes) + 2
    assert before <= {file.name for file in tmp_path.iterdir()}
    assert strange.read_text() == "kept"


def test_a_block_that_was_cut_short_is_drawn_again(tmp_path: Path) -> None:
    whole = simulate(samples=5, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    for damage in (file.read_bytes()[:400], b"", b"{}"):
        file.write_bytes(damage)
        pd.testing.assert_frame_equal(simulate(samples=5, folder=tmp_path).table, whole.table)


def test_of_what_cannot_be_told_apart_nothing_is_kept(tmp_path: Path) -> None:
    class Drawing:
        def __call__(self, seed: int) -> pd.DataFrame:
            return PEOPLE.frame if seed else PEOPLE.frame.iloc[:0]

    fails("FL-EST-391", population=Drawing(), folder=tmp_path)
    assert simulate(Drawing(), samples=2).samples == 2


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fails("FL-FILE-21", folder=tmp_path / "file" / "blocks")


def test_when_the_time_is_up_what_is_done_is_reported(tmp_path: Path) -> None:
    told: list[str] = []
    short = simulate(samples=20, minutes=1e-9, folder=tmp_path, progress=told.append)
    assert (short.samples, short.asked, short.complete) == (5, 20, False)
    assert told == ["5 of 20 samples"]
    assert "5 samples of 20 asked for" in repr(short)
    assert simulate(samples=20, folder=tmp_path).complete


def test_an_error_in_a_sample_is_counted_by_its_code_and_stops_nothing() -> None:
    calls = iter(range(100))

    def moody(people: Any) -> fl.Estimates:
        number = next(calls)
        if number % 4 == 1:
            raise fl.FlError("FL-EST-15", "there are no people")
        if number % 4 == 2:
            raise ZeroDivisionError("somebody's answer")
        return fl.estimate_prevalence(people, "outcome", by="area")

    report = simulate(estimators={"moody": moody, "calm": "prevalence"})
    table = report.table.set_index(["estimator", "domain"])
    assert (table.loc["moody", "refused"] == 0.5).all()  # pyright: ignore[reportAttributeAccessIssue]
    assert set(table.loc["moody", "refusals"]) == {"FL-EST-15 (3), ZeroDivisionError (3)"}  # pyright: ignore[reportArgumentType]
    assert (table.loc["calm", "refused"] == 0).all()  # pyright: ignore[reportAttributeAccessIssue]
    assert "somebody" not in report.to_markdown() + repr(report)


def test_an_estimator_that_always_refuses_has_its_rows() -> None:
    def never(_: Any) -> fl.Estimates:
        raise fl.FlError("FL-EST-15", "there are no people")

    report = simulate(estimators={"never": never, "calm": "prevalence"}, samples=3)
    rows = report.table.query("estimator == 'never'")
    assert len(rows) == 7
    assert (rows["refused"] == 1).all()
    assert rows["coverage"].isna().all()
    assert report.worst(1)["estimator"].tolist() == ["never"]
    fault = fails("FL-EST-395", estimators={"never": never}, samples=3)
    assert "FL-EST-15" in str(fault)


def test_missing_intervals_are_counted_by_their_reason() -> None:
    """One PSU a stratum, taken as certain: no degrees of freedom, no interval, and a value all the same."""
    lonely = fl.SampleDesign(strata="area", psu="psu", psus=1, persons=20, single_psu="remove")
    row = simulate(design=lonely, samples=4).table.query("domain == '1'").iloc[0]
    assert row["refused"] == 1
    assert row["refusals"].startswith("df_not_positive")
    assert not np.isnan(row["bias"])


def test_standing_is_that_of_the_rule_of_publication() -> None:
    report, strict = simulate(), simulate(rule=fl.SuppressionRule(name="strict", min_cases=1_000))
    assert (strict.table["withheld"] == 1).all()
    assert report.table["withheld"].between(0, 1).all()
    assert report.table.query("domain == ''")["withheld"].item() < 1
    assert strict.table["coverage_published"].isna().all()


def test_warnings_of_few_units_are_counted_by_hand() -> None:
    """Rows that say that their cases stand in few units, and how many of the intervals that miss are among them."""
    people = fl.datasets.clustered_population(persons=12_000, psus=200, areas=1, prevalence=0.01, icc=0.3, seed=4)
    kept: list[tuple[bool, bool]] = []

    def told(sample: Any) -> fl.Estimates:
        made = fl.estimate_prevalence(sample, "outcome", df="domain")
        kept.append(
            ("cases_in_few_units" in {r.code for r in made.reasons}, made.lower <= people.prevalence <= made.upper)
        )
        return made

    design = fl.SampleDesign(psu="psu", psus=40, persons=15)
    table = fl.simulate_coverage(people, design, "outcome", estimators={"told": told}, samples=60, seed=5).to_frame()
    warned, inside = np.array(kept).T
    assert 0 < (~inside).sum()
    assert table["warned"].tolist() == pytest.approx([warned.mean()])
    assert table["warned_of_misses"].tolist() == pytest.approx([warned[~inside].mean()])


def test_several_estimates_of_one_function_each_have_a_name() -> None:
    def both(people: Any) -> dict[str, fl.Estimates]:
        made = fl.estimate_prevalence(people, "outcome", by="area")
        return {"as it is": made, "in thousands": made.per_thousand()}

    table = simulate(estimators={"both": both}, samples=3).table
    one, thousand = (table.query("estimator == @name") for name in ("both: as it is", "both: in thousands"))
    np.testing.assert_allclose(1_000 * one["truth"].to_numpy(), thousand["truth"].to_numpy())
    np.testing.assert_array_equal(one["coverage"].to_numpy(), thousand["coverage"].to_numpy())


def test_a_refusal_of_one_function_is_one_of_each_of_its_estimates() -> None:
    """Whole blocks refused among them."""
    calls = iter(range(100))

    def both(people: Any) -> dict[str, fl.Estimates]:
        if next(calls) in (1, 4, 5, 9):
            raise fl.FlError("FL-EST-15", "there are no people")
        return {"one": fl.estimate_prevalence(people, "outcome", by="area")}

    table = simulate(estimators={"both": both}, block=2).table
    assert set(table["estimator"]) == {"both: one"}
    assert set(table["refusals"]) == {"FL-EST-15 (4)"}
    assert table["refused"].to_numpy() == pytest.approx(4 / 12)


def test_a_model_of_areas_is_tried_by_its_name() -> None:
    report = simulate(estimators={"model": ("area", {"draws": 100, "seed": 1}), "direct": "prevalence"}, samples=3)
    areas = report.table[report.table["margin"] == "area"]
    rmse = areas.groupby("estimator")["rmse"].mean()
    assert areas.groupby("estimator").size().to_dict() == {"direct": 6, "model": 6}
    assert rmse["model"] < rmse["direct"]


def test_other_quantities_have_the_truth_of_everybody() -> None:
    frame = PEOPLE.frame.assign(hours=np.random.default_rng(1).integers(1, 80, len(PEOPLE.frame)), one=1.0)
    tried = {
        "mean": "mean", "total": ("total", {}), "median": ("quantile", {"probabilities": 0.5}),
        "ratio": ("ratio", {"numerator": "hours", "denominator": "one"}), "variance": "variance",
    }  # fmt: skip
    report = fl.simulate_coverage(frame, DESIGN, "hours", by="area", estimators=tried, samples=3, block=3, seed=5)
    truth = report.table.query("domain == '2'").set_index("estimator")["truth"]
    hours = frame.loc[frame["area"] == 2, "hours"]
    expected = [hours.mean(), hours.sum(), np.quantile(hours, 0.5, method="inverted_cdf"), hours.mean(), hours.var()]
    np.testing.assert_allclose(truth[list(tried)].to_numpy(), expected)


def test_a_subpopulation_is_that_of_truth_and_estimate() -> None:
    frame = PEOPLE.frame.assign(age=np.tile([20, 40, 60], len(PEOPLE.frame) // 3))
    report = simulate(frame, where="age >= 40", samples=3)
    old = frame[frame["age"] >= 40]
    assert report.table.query("domain == '3'")["truth"].item() == pytest.approx(
        old.loc[old["area"] == 3, "outcome"].mean()
    )
    assert report.table.query("domain == ''")["expected_cases"].item() > 0
    fails("FL-EST-385", population=frame, where="age >= 99")


def test_an_outcome_observed_with_error_is_held_against_what_is_true() -> None:
    rng = np.random.default_rng(2)
    seen = PEOPLE.frame["outcome"] * (rng.random(len(PEOPLE.frame)) < 0.5)
    frame = PEOPLE.frame.assign(true=PEOPLE.frame["outcome"], outcome=seen)
    row = simulate(frame, truth={"outcome": "true"}).table.query("domain == ''").iloc[0]
    assert row["truth"] == pytest.approx(0.05)
    assert row["relative_bias"] < -0.3


def test_truth_may_be_stated_by_a_function() -> None:
    def stated(frame: pd.DataFrame) -> pd.DataFrame:
        known = frame.groupby("area", as_index=False)["outcome"].mean()
        known = known.set_axis(["area", "truth"], axis=1)
        return pd.concat([pd.DataFrame({"area": [None], "truth": [0.05]}), known])

    pd.testing.assert_frame_equal(simulate(truth=stated, samples=3).table, simulate(samples=3).table)
    fails("FL-EST-384", truth=lambda frame: frame)
    fails("FL-EST-384", truth=lambda _: pd.DataFrame({"truth": [0.1], "outcome": ["another"]}))


def test_a_function_of_a_seed_makes_a_population_a_block() -> None:
    seeds: list[int] = []

    def made(seed: int) -> pd.DataFrame:
        seeds.append(seed)
        return fl.datasets.clustered_population(
            persons=6_000, psus=120, strata=1, areas=6, prevalence=0.05, seed=seed
        ).frame

    report = simulate(made)
    assert len(set(seeds)) == 3
    assert report.table["samples"].tolist() == [12] * 7
    assert {"nation", "domains", "expected cases", "truth"} <= set(report.classes["kind"])


def test_a_design_may_be_a_function() -> None:
    def persons(frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, fl.Design]:
        return frame.take(rng.choice(len(frame), 600, replace=False)).assign(w=20.0), fl.Design(
            weights="w", expands=True
        )

    assert simulate(design=persons).table.query("domain == ''")["truth"].item() == pytest.approx(0.05)
    fails("FL-EST-389", design=lambda frame, _: frame)
    fails("FL-EST-389", design=lambda frame, rng: (persons(frame, rng)[0].drop(columns="area"), fl.Design(weights="w")))
    fails("FL-EST-389", design="srs")


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("FL-EST-380", {"samples": 0}),
        ("FL-EST-380", {"level": 95}),
        ("FL-EST-380", {"processes": 0}),
        ("FL-EST-380", {"minutes": -1}),
        ("FL-EST-381", {"population": [1, 2]}),
        ("FL-EST-381", {"population": PEOPLE.frame.iloc[:0]}),
        ("FL-EST-382", {"by": "province"}),
        ("FL-EST-382", {"population": PEOPLE.frame.rename(columns={"outcome": "other"})}),
        ("FL-EST-383", {"population": PEOPLE.frame.assign(outcome=np.nan)}),
        ("FL-EST-384", {"estimators": {"area model": lambda people: fl.contrast(fl.estimate_prevalence(people, "outcome", by="area"), {"area": ("1", "2")})}}),
        ("FL-EST-385", {"population": PEOPLE.frame.assign(area=None)}),
        ("FL-EST-386", {"estimators": {}}),
        ("FL-EST-386", {"estimators": {"a": 3}}),
        ("FL-EST-386", {"estimators": [("prevalence", {})]}),
        ("FL-EST-387", {"estimators": "prevalance"}),
        ("FL-EST-388", {"estimators": {"a": ("prevalence", {"width": "wald"})}}),
        ("FL-EST-388", {"estimators": {"a": ("prevalence", {"by": "psu"})}}),
        ("FL-EST-390", {"by": None, "estimators": {"a": lambda people: fl.estimate_prevalence(people, "outcome", by="area").select(area=1)}}),
        ("FL-DESIGN-81", {"design": fl.SampleDesign(psu="ea", psus=2)}),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_refused(code: str, given: dict[str, Any]) -> None:
    fault = fails(code, **given)
    assert fault.found
    assert fault.fix
