"""Simulate the coverage of intervals in a given survey: draw, estimate, count. Blocks are kept, so that a run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, labels_shown, names_given, require_name, shown
from fl_estimate.laboratory import kept
from fl_estimate.laboratory.block import Drawn, SampleBlock, Setup, run_block
from fl_estimate.laboratory.estimating import read_estimators
from fl_estimate.laboratory.keys import key_of
from fl_estimate.laboratory.report import CoverageReport
from fl_estimate.laboratory.sample_design import SampleDesign
from fl_estimate.laboratory.summary import tables
from fl_estimate.laboratory.truths import Truth
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule
from fl_estimate.tasks import as_they_finish, told

BLOCK = 50
"""Samples of a block, which is what is kept, and what is done between two looks at the clock."""


def simulate_coverage(
    population: Any,
    design: SampleDesign | Drawn,
    outcome: str | Sequence[str],
    *,
    by: By = None,
    where: str | None = None,
    estimators: Any = "prevalence",
    truth: Truth | None = None,
    samples: int = 1_000,
    level: float = 0.95,
    rule: str | SuppressionRule = "fl-default",
    seed: int,
    block: int = BLOCK,
    folder: str | Path | None = None,
    minutes: float | None = None,
    processes: int | None = None,
    progress: Callable[[str], object] | bool | None = None,
) -> CoverageReport:
    """Simulate how often the intervals of estimators hold the truth in a given survey.

    Use it before a survey is published, or planned: give the frame of your last census with an outcome that is known of
    everybody (one that lies as rare and as clustered as yours), say how your samples are drawn, and see what the intervals that
    you print are worth in domains such as yours. It draws samples, estimates each by every estimator, and counts.

    Parameters
    ----------
    population : frame, or function of a seed
        Everybody, a row a person: a frame (pandas, polars, pyarrow …), anything with one in `.frame`
        (`fl.datasets.clustered_population`), or a function ``seed -> frame``, which makes a population of its own for each block
        of samples.
    design : SampleDesign or function
        How samples are drawn: `fl.SampleDesign`, or ``(frame, rng) -> (sample, fl.Design(…))``, the sample a pandas frame and
        `rng` a numpy Generator.
    outcome : str or list of str
        Columns that are estimated.
    by : str, list of str, or list of lists, optional
        Domains, as in `fl.estimate_prevalence`; the nation is always one.
    where : str, optional
        The subpopulation that figures are of, as in `fl.estimate_prevalence`.
    estimators : str, mapping or list
        What is tried, by name: the name of a method of people (``"prevalence"``, ``"area"``; `fl-estimate methods` lists them),
        ``("prevalence", {"interval": "wilson"})`` with its arguments, or a function ``people -> Estimates`` (or a mapping of
        names to Estimates), whose argument is the sample with its design, as every estimator takes it. Prevalences that differ in
        `interval`, `df` and `level` only cost one pass over the rows together.
    truth : mapping or function, optional
        Columns that hold what is true of an outcome that is observed with error, ``{"forced_labour": "forced_labour_true"}``;
        or, for figures that are not counted on everybody by themselves, a function of the frame that gives a frame with the
        by-columns (missing for the nation), `truth`, and `outcome`, `quantity`, `term` where they differ.
    samples : int, default 1,000
        A coverage of 95 % is then known to ± 0.7 points (one standard error).
    level : float, default 0.95
        Of the intervals; the nominal coverage.
    rule : str or SuppressionRule
        The rule of publication by which rows are counted as withheld, or as printed with caution: row by row, without what is
        withheld for the sake of others.
    seed : int
        The same seed gives the same samples, whatever the number of processes and however often the run was stopped.
    block : int, default 50
        Samples that are drawn, and kept, together; each block has a population of its own where `population` is a function.
    folder : path, optional
        Where blocks are kept, one file each, named by a hash of everything they depend on: the population, the design, the
        estimators with their code, the library's code. The same call goes on where it was stopped; a changed one begins anew
        beside it. No file is ever deleted. They hold estimates of your frame's domains: keep them as you keep the frame.
    minutes : float, optional
        No block is begun after so many minutes; the report says how many samples there are. One block is always drawn.
    processes : int, optional
        Workers. By default those of `joblib.parallel_config`, which also says of what kind they are; one, where nobody said.
    progress : callable or bool, optional
        Told in words how far it is: ``progress=print``; with ``True`` one line of the terminal says it.

    Returns
    -------
    CoverageReport
        `to_frame` by domain, `by_class` by class of domains, `worst`, `to_markdown`, `save`.

    Raises
    ------
    EstimateFault
        FL-EST-380 (numbers of samples, processes, minutes, the level), FL-EST-381 to FL-EST-385 (the population: no frame, no
        such column, an outcome that is not known of everybody, a figure of which nobody said what is true, a domain of nobody),
        FL-EST-386 to FL-EST-388 (estimators), FL-EST-389 (a design that draws no sample), FL-EST-390 (an estimator of other
        domains), FL-EST-391 (blocks are to be kept, and it cannot be told whether an input changed), FL-EST-395 (every
        estimator refused every sample), FL-EST-790 (the worker of a block ended twice).
    DesignFault
        FL-DESIGN-81 to FL-DESIGN-86: the design does not fit the frame.
    FileFault
        FL-FILE-08, FL-FILE-21: the folder cannot be written.

    Notes
    -----
    Every replicate has a random stream of its own (numpy's SeedSequence, spawned by its number). An estimator that stops with an
    error in a replicate is counted by the code of the error; the others go on. Coverage is of the replicates that have an
    interval, and stands beside the share that has none.

    The *shortest width that covers* says what the interval could be: every interval keeps its value, and its two arms, from the
    value to either limit, are stretched by one factor each, the same in all samples, chosen so that exactly the nominal share of
    the samples is covered and the mean width is least. `width_ratio` is the mean width over that: above 1 the intervals are wider
    than they need be, below 1 too narrow, or on the wrong side.

    References
    ----------
    Morris, White and Crowther (2019), Statistics in Medicine 38, 2074–2102: simulation studies, and their Monte Carlo errors.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> people = fl.datasets.clustered_population(persons=20_000, psus=400, areas=10, prevalence=0.05, icc=0.1, seed=1)
    >>> report = fl.simulate_coverage(
    ...     people, fl.SampleDesign(strata="area", psu="psu", psus=8, persons=20), "outcome", by="area", samples=20,
    ...     estimators={"Korn-Graubard": "prevalence", "Wald": ("prevalence", {"interval": "wald"})}, seed=1,
    ... )
    >>> report.by_class().query("kind == 'domains'")["estimator"].tolist()
    ['Korn-Graubard', 'Wald']
    """
    _check(samples=samples, block=block, processes=processes, minutes=minutes, level=level, seed=seed)
    made = _setup(population, design, outcome, by, where, estimators, truth, level, rule, seed, block)
    position = None if folder is None else Path(folder)
    key = "" if position is None else key_of(_inputs(made))
    if position is not None:
        kept.make_folder(position)
    numbers = [(number, min(block, samples - number * block)) for number in range(-(-samples // block))]
    until = float("inf") if minutes is None else time.time() + 60 * minutes
    blocks: list[SampleBlock] = []
    with told(progress) as tell:
        for done in _blocks(made, numbers, position, key, until, processes):
            blocks.append(done)
            drawn = sum(each.samples for each in blocks)
            tell(f"{drawn:,} of {samples:,} samples")
    blocks.sort(key=lambda each: each.number)
    _require_answers(blocks)
    by_domain, by_class = tables(blocks, several=made.several, level=level)
    return CoverageReport(
        table=by_domain, classes=by_class, level=level, samples=sum(each.samples for each in blocks), asked=samples,
        settings=_setup_record(made),
    )  # fmt: skip


def _check(**numbers: Any) -> None:
    """Refuse numbers that make no simulation, all at once."""
    wrong = [
        f"{name}={shown(numbers[name])}"
        for name in ("samples", "block", "processes")
        if (name, numbers[name]) != ("processes", None) and (not _whole(numbers[name]) or numbers[name] < 1)
    ]
    if not _whole(numbers["seed"]) or numbers["seed"] < 0:
        wrong.append(f"seed={shown(numbers['seed'])}")
    if not _number(numbers["level"]) or not 0 < numbers["level"] < 1:
        wrong.append(f"level={shown(numbers['level'])}")
    if numbers["minutes"] is not None and (not _number(numbers["minutes"]) or not numbers["minutes"] > 0):
        wrong.append(f"minutes={shown(numbers['minutes'])}")
    if wrong:
        raise EstimateFault(
            "FL-EST-380", "what is to be simulated is not clear", found="; ".join(wrong),
            fix="samples, block and processes are whole numbers above 0, seed one of 0 or more; minutes is above 0, the level between 0 and 1",
        )  # fmt: skip


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _setup(
    population: Any,
    design: Any,
    outcome: Any,
    by: By,
    where: str | None,
    estimators: Any,
    truth: Truth | None,
    level: float,
    rule: Any,
    seed: int,
    size: int,
) -> Setup:
    """The arguments, checked, with the population ready where there is one for all blocks."""
    drawn: Any = design
    if not isinstance(design, SampleDesign) and not callable(design):
        raise EstimateFault(
            "FL-EST-389", "design= draws no sample with its design", found=shown(design),
            fix="fl.SampleDesign(strata=…, psu=…, psus=…, persons=…), or a function (frame, rng) -> (sample, fl.Design(…))",
        )  # fmt: skip
    require_name(where, "where", optional=True)
    names = names_given(outcome, "outcome")
    made = Setup(
        population=population, design=drawn, outcome=names, by=by, where=where, truth=truth,
        estimators=read_estimators(estimators, outcome=names, by=by, where=where, level=level),
        rule=chosen_rule(rule), seed=int(seed), size=int(size),
    )  # fmt: skip
    by_margins(by)
    return made if made.several else replace(made, ready=made.prepared(0))


def _inputs(made: Setup) -> dict[str, Any]:
    """What the figures of a block depend on."""
    people = made.population if made.ready is None else made.ready[0].frame
    tried = [
        (each.name, each.method.name if each.method is not None else each.call, dict(each.arguments))
        for each in made.estimators
    ]
    return {
        "form": kept.FORM, "population": people, "design": made.design, "outcome": made.outcome, "by": made.by, "where": made.where,
        "truth": made.truth, "estimators": tried, "rule": made.rule, "seed": made.seed, "size": made.size,
    }  # fmt: skip


def _blocks(
    made: Setup,
    numbers: Sequence[tuple[int, int]],
    position: Path | None,
    key: str,
    until: float,
    processes: int | None,
) -> Iterator[SampleBlock]:
    """The blocks, those that are kept and those that are drawn now; in any order."""
    tasks = ((made, number, samples, position, key, until) for number, samples in numbers)
    with closing(as_they_finish(_one, tasks, what="block of samples", jobs=processes)) as found:
        for _, block in found:
            if block is not None:
                yield block


def _one(made: Setup, number: int, samples: int, position: Path | None, key: str, until: float) -> SampleBlock | None:
    file = None if position is None else kept.file_of(position, key, number)
    block = None if file is None else kept.read(file, samples)
    if block is None:
        if number and time.time() > until:
            return None
        block = run_block(made, number, samples)
        if file is not None:
            kept.keep(block, file)
    return block


def _require_answers(blocks: Sequence[SampleBlock]) -> None:
    """FL-EST-395 where nothing was estimated at all."""
    if any(block.parts for block in blocks):
        return
    codes = sorted({code for block in blocks for each in block.refused.values() for code in each if code})
    raise EstimateFault(
        "FL-EST-395", "every estimator refused every sample, so that there is nothing to report",
        found=f"{sum(block.samples for block in blocks):,} samples; {labels_shown(codes)}",
        fix="draw one sample and estimate it by hand: the error says what is amiss with the design or the arguments",
    )  # fmt: skip


def _setup_record(made: Setup) -> dict[str, Any]:
    """What a report notes of how it was made; of functions their names."""
    design = made.design if isinstance(made.design, SampleDesign) else getattr(made.design, "__name__", "a function")
    return {
        "design": str(design), "outcome": list(made.outcome), "by": [list(margin) for margin in by_margins(made.by)],
        "where": made.where or "", "rule": made.rule.name, "seed": made.seed, "block": made.size,
        "estimators": [each.name for each in made.estimators],
    }  # fmt: skip
