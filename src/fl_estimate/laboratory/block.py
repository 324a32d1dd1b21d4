"""One block of samples: drawn, estimated and noted, as arrays of samples × domains. Nothing here knows of files or processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.survey.weighted_call import CASES_IN_FEW_UNITS
from fl_estimate.inputs.sample_design import Design
from fl_estimate.laboratory.estimating import Answer, Estimator, estimate_all
from fl_estimate.laboratory.sample_design import SampleDesign, label_text, prepare
from fl_estimate.laboratory.truths import Domain, TruePopulation, Truth, domains_of, inside_of, make_population
from fl_estimate.reporting.judging import cautions, judge
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import ZERO_CASES
from fl_estimate.results.estimates import Estimates
from fl_estimate.tasks import stream_of

Drawn = Callable[[pd.DataFrame, np.random.Generator], tuple[Any, Design]]
Part = tuple[str, str, str, str, str]
"""Estimator, quantity, outcome, term, bound."""
Match = tuple[Part, npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""A part, the rows of a result that are of it, and their domains."""
LIMITS = ("value", "se", "lower", "upper")
ABSENT = "no_row"
"""The code where a result has no row of a domain."""
SHOWN, FLAGGED, WITHHELD = 0, 1, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """What a block needs to know; the same for all."""

    population: Any
    design: SampleDesign | Drawn
    outcome: tuple[str, ...]
    by: By
    where: str | None
    truth: Truth | None
    estimators: tuple[Estimator, ...]
    rule: SuppressionRule
    seed: int
    size: int
    ready: tuple[TruePopulation, Drawn] | None = None
    """The population, where there is one for all blocks, and how it is drawn from."""

    @property
    def several(self) -> bool:
        """Whether each block has a population of its own."""
        return callable(self.population)

    def prepared(self, number: int) -> tuple[TruePopulation, Drawn]:
        """The population of a block, and how samples are drawn from it.

        Raises
        ------
        EstimateFault, DesignFault
            As `make_population` and `prepare`.
        """
        if self.ready is not None:
            return self.ready
        frame = self.population
        if callable(frame):
            frame = frame(int(stream_of(self.seed, 0, number).generate_state(1)[0]))
        people = make_population(frame, self.by, self.where, self.truth)
        for outcome in self.outcome:
            if not callable(self.truth):
                people.values(outcome)
        if isinstance(self.design, SampleDesign):
            drawer = prepare(people.frame, self.design)
            return people, lambda _, rng: drawer.draw(rng)
        return people, self.design


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleBlock:
    """What was noted of a block of samples; arrays are (parts, samples, domains), `truth` (parts, domains).

    `code` is a place in `codes` where a row has no interval, else -1; `standing` what the rule of publication says (0 shown,
    1 with caution, 2 not as a figure); `warned` whether the row says that its cases stand in few units, so that its interval tends to
    be too short; `cases` (outcomes, samples, domains) are persons with the outcome in the sample, NaN where
    it is no 0/1; `refused` the code by which an estimator refused a whole sample, "" where it did not.
    """

    number: int
    domains: tuple[Domain, ...]
    parts: tuple[Part, ...]
    outcomes: tuple[str, ...]
    codes: tuple[str, ...]
    refused: dict[str, list[str]]
    truth: Floats
    figures: dict[str, Floats]
    code: npt.NDArray[np.int16]
    standing: npt.NDArray[np.int8]
    warned: npt.NDArray[np.bool_]
    cases: Floats

    @property
    def samples(self) -> int:
        return self.cases.shape[1]


def made_by(name: str, estimator: str) -> bool:
    """Whether a result of this name is that of an estimator, or one of several that it gave."""
    return name == estimator or name.startswith(f"{estimator}: ")


def run_block(setup: Setup, number: int, samples: int) -> SampleBlock:
    """Draw and estimate the samples of a block; each has a seed of its own, so that blocks may run in any order."""
    people, draw = setup.prepared(number)
    notes = _Notes(setup=setup, people=people, samples=samples)
    for position in range(samples):
        stream = stream_of(setup.seed, 1, number * setup.size + position)
        sample, design = _drawn(draw, people, np.random.default_rng(stream))
        notes.count(position, sample)
        for name, answer in estimate_all(setup.estimators, sample, design):
            notes.add(position, name, answer)
    return notes.block(number)


def _drawn(draw: Drawn, people: TruePopulation, rng: np.random.Generator) -> tuple[pd.DataFrame, Design]:
    result: Any = draw(people.frame, rng)
    pair = isinstance(result, tuple) and len(result) == 2
    columns = [name for margin in by_margins(people.by) for name in margin]
    good = pair and isinstance(result[1], Design) and isinstance(result[0], pd.DataFrame)
    if not good or not set(columns) <= set(result[0].columns):
        raise EstimateFault(
            "FL-EST-389", "design= draws no sample with its design", found=shown(result),
            fix="a function (frame, rng) -> (sample, fl.Design(…)), the sample a pandas frame with the by-columns; or a SampleDesign",
        )  # fmt: skip
    return result


@dataclass(kw_only=True)
class _Notes:
    """A block while it runs."""

    setup: Setup
    people: TruePopulation
    samples: int
    rows: dict[str, list[tuple[int, Estimates]]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)
    matched: dict[tuple[str, str], list[Match]] = field(default_factory=dict)
    cases: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.positions = {domain: at for at, domain in enumerate(self.people.domains)}
        self.cases = np.full((len(self.setup.outcome), self.samples, len(self.positions)), np.nan)
        self.binary = [_binary(self.people, name) for name in self.setup.outcome]
        self.parts: dict[Part, dict[str, Any]] = {}
        self.codes: dict[str, int] = {}

    def count(self, position: int, sample: pd.DataFrame) -> None:
        """Persons with each outcome in each domain of a sample."""
        names = [
            name for name, binary in zip(self.setup.outcome, self.binary, strict=True) if binary and name in sample
        ]
        if not names:
            return
        at = [self.setup.outcome.index(name) for name in names]
        inside = sample[inside_of(sample, self.setup.where)]
        self.cases[at, position, :] = 0.0
        self.cases[at, position, self.positions[("",)]] = inside[names].sum().to_numpy(dtype=float)
        for margin in by_margins(self.setup.by):
            if not margin:
                continue
            sums = inside.groupby(list(margin), observed=True)[names].sum()
            for label, row in zip(sums.index, sums.to_numpy(dtype=float), strict=True):
                labels = label if isinstance(label, tuple) else (label,)
                where = self.positions.get((" × ".join(margin), *map(label_text, labels)))
                if where is not None:
                    self.cases[at, position, where] = row

    def add(self, position: int, name: str, answer: Answer) -> None:
        """Note the answer of an estimator to one sample."""
        if isinstance(answer, str):
            self.refused.setdefault(name, [""] * self.samples)[position] = answer
            return
        frame = answer.frame
        figures = [frame[column].to_numpy(dtype=float, na_value=np.nan) for column in LIMITS]
        empty = np.isnan(figures[2]) & np.isnan(figures[3])
        code = np.full(len(frame), -1)
        if empty.any():
            told = {reason.row: str(reason.code) for reason in answer.reasons if reason.code != ZERO_CASES}
            code[empty] = [self._code(told.get(row, "no_interval")) for row in np.flatnonzero(empty).tolist()]
        warned = np.zeros(len(frame), dtype=bool)
        warned[[reason.row for reason in answer.reasons if reason.code == CASES_IN_FEW_UNITS]] = True
        for part, rows, domains in self._match(name, answer):
            note = self._part(part)
            note["warned"][position, domains] = warned[rows]
            for column, values in zip(LIMITS, figures, strict=True):
                note[column][position, domains] = values[rows]
            note["code"][position, domains] = code[rows]
        self.rows.setdefault(name, []).append((position, answer))

    def _match(self, name: str, answer: Estimates) -> list[Match]:
        """Which rows of a result are of which domains, for each part; kept while results look alike."""
        columns = ["quantity", "outcome", "term", "bound", "margin", *answer.by]
        look = repr([answer.frame[column].tolist() for column in columns])
        known = self.matched.get((name, look))
        if known is not None:
            return known
        found: dict[Part, tuple[list[int], list[int]]] = {}
        keys = zip(*(answer.frame[column] for column in columns[:4]), domains_of(answer.frame, answer.by), strict=True)
        for row, (quantity, outcome, term, bound, domain) in enumerate(keys):
            if domain in self.positions:
                part = (name, str(quantity), str(outcome), str(term), str(bound))
                rows, domains = found.setdefault(part, ([], []))
                rows.append(row)
                domains.append(self.positions[domain])
        if not found:
            raise EstimateFault(
                "FL-EST-390", f"no row of {shown(name)} is of a domain of the population", found=f"{len(answer)} rows",
                fix="give by= the columns by which the estimator divides its result",
            )  # fmt: skip
        self.matched[name, look] = [
            (part, np.array(rows), np.array(domains)) for part, (rows, domains) in found.items()
        ]
        return self.matched[name, look]

    def _part(self, part: Part) -> dict[str, Any]:
        if part not in self.parts:
            shape = (self.samples, len(self.positions))
            note: dict[str, Any] = {column: np.full(shape, np.nan) for column in LIMITS}
            note["code"] = np.full(shape, self._code(ABSENT), dtype=np.int16)
            note["standing"] = np.full(shape, WITHHELD, dtype=np.int8)
            note["warned"] = np.zeros(shape, dtype=bool)
            note["truth"] = self.people.figure(*part[1:4])
            self.parts[part] = note
        return self.parts[part]

    def _code(self, code: str) -> int:
        return self.codes.setdefault(code, len(self.codes))

    def _judge(self) -> None:
        """What the rule of publication says of every row: of an estimator's results under each other."""
        for name, results in self.rows.items():
            frame = pd.concat([answer.frame for _, answer in results], ignore_index=True)
            support = Support.joined([answer.support for _, answer in results])
            judged = judge(frame, support, self.setup.rule)
            doubted = self._doubted(results)
            standing = np.where([text != "" for text in cautions(frame, self.setup.rule, doubted)], FLAGGED, SHOWN)
            standing = np.where(judged.hard | judged.low, WITHHELD, standing)
            start = 0
            for position, answer in results:
                for part, rows, domains in self._match(name, answer):
                    self.parts[part]["standing"][position, domains] = standing[start + rows]
                start += len(answer)

    def _doubted(self, results: Sequence[tuple[int, Estimates]]) -> frozenset[tuple[int, str]]:
        starts = np.cumsum([0, *(len(answer) for _, answer in results)])
        return frozenset(
            (int(start) + reason.row, reason.code.doubtful)
            for start, (_, answer) in zip(starts[:-1], results, strict=True)
            for reason in answer.reasons
            if reason.code.doubtful
        )

    def block(self, number: int) -> SampleBlock:
        """What was noted, as arrays."""
        self._judge()
        parts = list(self.parts)
        shape = (len(parts), self.samples, len(self.positions))
        for name, each in self.refused.items():
            for part in (part for part in parts if made_by(part[0], name)):
                for position in (position for position, code in enumerate(each) if code):
                    self.parts[part]["code"][position, :] = self._code(each[position])
        codes = tuple(self.codes)

        def stacked(column: str, kind: Any) -> Any:
            return np.array([self.parts[part][column] for part in parts], dtype=kind).reshape(shape)

        return SampleBlock(
            number=number, domains=self.people.domains, parts=tuple(parts), outcomes=self.setup.outcome, codes=codes,
            refused=self.refused,
            truth=np.array([self.parts[part]["truth"] for part in parts]).reshape(len(parts), len(self.positions)),
            figures={column: stacked(column, float) for column in LIMITS},
            code=stacked("code", np.int16), standing=stacked("standing", np.int8), warned=stacked("warned", bool), cases=self.cases,
        )  # fmt: skip


def _binary(people: TruePopulation, outcome: str) -> bool:
    """Whether persons with an outcome can be counted: a 0/1 column of the population."""
    if outcome not in people.frame.columns or not pd.api.types.is_numeric_dtype(people.frame[outcome]):
        return False
    return bool(people.frame[outcome].dropna().isin([0, 1]).all())
