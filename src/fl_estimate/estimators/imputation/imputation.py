"""Imputation: people whose unknown answers were drawn several times over. A value; the search for donors is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault, NotAColumn, listed, not_one_of, shown
from fl_estimate.estimators.imputation.diagnostics import Made, diagnostics
from fl_estimate.estimators.imputation.information import PilotFraction
from fl_estimate.estimators.imputation.pairs import RecipientRows, completed_data
from fl_estimate.estimators.imputation.parents_drawn import Follows
from fl_estimate.estimators.imputation.persons import DrawnPersons
from fl_estimate.estimators.imputation.pool import Classes, Pool
from fl_estimate.estimators.imputation.working import REASONS, in_scope, person_weights
from fl_estimate.indicators.classify import Classification
from fl_estimate.indicators.marks import Note
from fl_estimate.indicators.parents import OUTCOME
from fl_estimate.indicators.persons import PERSON
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.sample_design import ROW, Design
from fl_estimate.inputs.survey_data import ReferencePeriod
from fl_estimate.inputs.survey_data import Source as FileSource
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.neutral import visible


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputation(NotAColumn):
    """People with classes of which unknown ones were drawn several times, made by `impute`.

    Attributes
    ----------
    classification : Classification
        Of the answers as they were given: what is unknown is unknown.
    draws : int
        How many completed data sets there are.
    seed : int
    delta : mapping of str to float
        By reason (refusal, dont_know, missing, not_asked) the log odds by which an unknown answer hides a case more often
        than an answer that was given; all 0 where answers are taken to be missing at random.
    outcome : str
        Whose cases `delta` speaks of.
    recipients : int array, shape (recipients,)
        Places among people of those whose class is open in some outcome.
    drawn : mapping of str to int8 array, shape (recipients, draws)
        Their classes in every draw, by outcome, of a stock too; of a count its number.
    pilot : PilotFraction
        The fraction of missing information of the headline that the number of draws was chosen by.
    donors, too_few : str
    by, predictors : tuple of str
        As `fl.impute` was asked; with `method` they are in the recipe of every estimate.

    Notes
    -----
    It is people as a Classification is: estimators take it, and count what is unknown as they are told to. Imputation is
    never what they do without being asked. It holds respondents' answers, as the data do, and shows none.
    """

    classification: Classification
    draws: int
    seed: int
    delta: Mapping[str, float]
    outcome: str
    source_rows: RecipientRows = field(repr=False)
    pool: Pool = field(repr=False)
    persons: DrawnPersons = field(repr=False)
    pilot: PilotFraction = field(repr=False)
    parents: Follows | None = field(default=None, repr=False)
    donors: str = "predictive"
    by: tuple[str, ...] = ()
    predictors: tuple[str, ...] = ()
    too_few: str = "refuse"

    @property
    def people(self) -> Any:
        return self.classification.people

    @property
    def design(self) -> Design | None:
        return self.classification.design

    @property
    def source(self) -> FileSource | None:
        return self.classification.source

    @property
    def reference_period(self) -> ReferencePeriod | None:
        return self.classification.reference_period

    @property
    def population(self) -> str:
        return self.classification.population

    @property
    def wording(self) -> SurveyWording:
        return self.classification.wording

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes of which there are draws."""
        return tuple(self.persons.fixed)

    @property
    def recipients(self) -> Positions:
        return self.persons.positions

    @property
    def method(self) -> Literal["donors", "chained"]:
        """How answers were drawn, as `fl.impute` was asked for it."""
        return "donors" if self.pool.of_draw is None else "chained"

    @property
    def fraction_missing(self) -> float:
        """The fraction of missing information of the headline's share in the nation, by the pilot."""
        return self.pilot.fraction

    @cached_property
    def left_open(self) -> Mapping[str, float]:
        """By outcome, the share of the recipients whose class an average draw leaves open: counted as no.

        Answers cannot settle a date that is not known, nor what a donor was not asked either.
        """
        return {name: self._left_open(name) for name in self.outcomes}

    @cached_property
    def row_weights(self) -> Floats:
        """The sampling weight of each row of answers."""
        working = self.source_rows.working
        return person_weights(working.people, self.design)[working.person]

    @cached_property
    def rows_in_scope(self) -> Bools:
        """Whether each row of answers is one of a person in scope of some outcome."""
        working = self.source_rows.working
        return in_scope(working.people, self.outcomes)[working.person]

    def share_drawn(self, outcome: str) -> float:
        """The weighted share of the people in scope whose class was drawn.

        Raises
        ------
        EstimateFault
            FL-EST-441: no draws of this outcome.
        """
        self._drawn_of(outcome)
        people = self.source_rows.working.people
        weights = person_weights(people, self.design) * (people[f"{outcome}_in_scope"].to_numpy() == 1)
        open_ = people[outcome].to_numpy() != people[f"{outcome}_possible"].to_numpy()
        return float((weights * open_).sum() / weights.sum()) if weights.sum() > 0 else 0.0

    def diagnostics(self) -> pd.DataFrame:
        """What the imputation was made of. For the analyst: small counts of respondents, never to be published.

        Returns
        -------
        pandas.DataFrame
            One line for each column of answers that was drawn: `item`; `answered` and `drawn` (rows); `share_drawn` (weighted, of
            both); `answered_true` and `drawn_true` (weighted shares that tell of something, over all draws); `donors` (the
            fewest that could have given it), `donors_used`, `most_used` (the share of its draws that came from one
            respondent); `discrimination` (how often the other answers rank somebody it happened to above somebody it did
            not: 0.5 is by chance); and `remarks`: few_donors, donor_used_often, nothing_predicts_it, much_drawn. How it was
            drawn (method, donors, by, too_few, draws, seed, delta) stands in the frame's ``attrs["imputation"]``.

        Examples
        --------
        >>> import fl_estimate as fl
        >>> people = fl.datasets.load("country_migrants")  # doctest: +SKIP
        >>> fl.impute(people, seed=1).diagnostics()  # doctest: +SKIP
        """
        working = self.source_rows.working
        made = Made(
            working=working, pool=self.pool, chosen=self.chosen, weights=self.row_weights, inside=self.rows_in_scope
        )
        table = diagnostics(made)
        table.attrs["imputation"] = self.told()
        return table

    def told(self) -> dict[str, Any]:
        """What is needed to draw the same again from the same data: what every recipe and manifest has of it."""
        shifts = {reason: value for reason, value in self.delta.items() if value}
        return {
            "draws": self.draws, "seed": self.seed, "method": self.method, "donors": self.donors, "by": list(self.by),
            "predictors": list(self.predictors), "too_few": self.too_few, "delta": shifts,
        }  # fmt: skip

    def notes(self, outcomes: Sequence[str]) -> tuple[Note, ...]:
        """As those of the classification."""
        return self.classification.notes(outcomes)

    def measure(self, outcomes: Sequence[str]) -> str:
        """As that of the classification."""
        return self.classification.measure(outcomes)

    @cached_property
    def drawn(self) -> Mapping[str, Classes]:
        """The class of every recipient in every draw, by outcome: int8, shape (recipients, draws)."""
        return {name: self.persons.drawn(name, self.pool, self.chosen, self._rows) for name in self.outcomes}

    @cached_property
    def _parents_drawn(self) -> Classes:
        """The classes by which children follow their parents: parents are nobody's children here."""
        return self.persons.drawn(OUTCOME, self.pool, self.chosen)

    def _rows(self, name: str) -> Classes:
        """The class of every row in every draw; -1 where it stays open."""
        rows = np.take_along_axis(self.pool.classes[name], self.chosen.astype(np.intp), axis=1)
        if self.parents is None:
            return rows
        return self.parents.followed(name, rows, self.chosen, self._parents_drawn)

    def with_draws(self, outcomes: str | Sequence[str]) -> Any:
        """The people with a null-free 0/1 column for each draw, ``<outcome>@1`` to ``<outcome>@<draws>``.

        Parameters
        ----------
        outcomes : str or sequence of str
            One outcome or several, in one frame.

        Returns
        -------
        frame
            Of the engine of the data; a lazy frame stays lazy. 0 out of scope and where surely not in the class, 1 where
            surely. Of a count its number.

        Raises
        ------
        EstimateFault
            FL-EST-441: no draws of this outcome.
        """
        people: Any = narwhal(self.people)
        for outcome in dict.fromkeys([outcomes] if isinstance(outcomes, str) else outcomes):
            people = self._beside(people, outcome, self._drawn_of(outcome))
        return people.to_native()

    @cached_property
    def reasons(self) -> npt.NDArray[np.str_]:
        """Why most of the answers that are drawn are unknown, by recipient; "" where none is drawn.

        refusal, dont_know, missing or not_asked; of several equally many the first of these.
        """
        shares = np.zeros((len(self.recipients), len(REASONS)))
        np.add.at(shares, self.persons.of_row, self.pool.reasons)
        names = np.array([*REASONS, ""])
        return names[np.where(shares.any(axis=1), shares.argmax(axis=1), len(REASONS))]

    def shifted(self, delta: Mapping[str, float], *, outcome: str | None = None) -> Imputation:
        """The same donors and random numbers under other deltas: nobody is looked for anew.

        Draws are still answers of donors, so that a recipient of whom no donor makes a case is one under no delta.

        Parameters
        ----------
        delta : mapping of str to float
            By reason; a reason left out is 0. More turns draws into cases only, and less into none only.
        outcome : str, optional
            Whose cases are meant; None is the outcome that they were of. Of another outcome the donors that a draw takes
            are other ones of the same.

        Raises
        ------
        EstimateFault
            FL-EST-441 (no draws of this outcome), FL-EST-442 (a reason that there is not, or a delta that is no number).
        """
        told = checked_delta(delta)
        if outcome is None or outcome == self.outcome:
            return replace(self, delta=told)
        self._drawn_of(outcome)
        return replace(self, delta=told, outcome=outcome, pool=self.pool.of_cases(outcome))

    def completed(self, draw: int) -> Classification:
        """The classification of the data as completed in one draw (1 to `draws`).

        Raises
        ------
        EstimateFault
            FL-EST-443: no such draw.
        """
        whole = isinstance(draw, int | np.integer) and not isinstance(draw, bool)
        if not whole or draw not in range(1, self.draws + 1):
            raise EstimateFault(
                "FL-EST-443",
                "there is no such draw",
                found=shown(draw),
                fix=f"name a draw from 1 to {self.draws}",
            )
        working, pool = self.source_rows.working, self.pool
        taken = np.repeat(pool.rows[:, None], len(working.columns), axis=1)
        for block in pool.blocks:
            donor = block.donors[np.arange(len(block.at)), self.chosen[block.at, draw - 1]]
            own = np.where(donor >= 0, donor, pool.rows[block.at])
            taken[np.ix_(block.at, block.columns)] = own[:, None]
        if self.parents is not None:
            taken = self.parents.taken(taken, self._parents_drawn, draw - 1)
        data = completed_data(self.source_rows.data, working, pool.rows, taken)
        return replace(self.source_rows.rules.classified(data), design=self.design)

    def __repr__(self) -> str:
        shifted = {reason: value for reason, value in self.delta.items() if value}
        return visible(
            f"Imputation({self.classification.framework}: {listed(self.outcomes)}; {len(self.recipients):,} recipients, "
            f"{self.draws} draws, seed {self.seed}{f', delta {shifted}' if shifted else ''})"
        )

    def _left_open(self, name: str) -> float:
        if not len(self.recipients):
            return 0.0
        open_ = self._rows(name) < 0
        people = self.source_rows.working.people.iloc[self.recipients]
        undrawn = (people[name] != people[f"{name}_possible"]).to_numpy(copy=True)
        undrawn[self.persons.of_row] = False
        result = np.repeat(undrawn[:, None], self.draws, axis=1)
        np.logical_or.at(result, self.persons.of_row, open_)
        return float((result & (self.drawn[name] == 0)).mean())

    def _drawn_of(self, outcome: str) -> Classes:
        if outcome not in self.drawn:
            raise not_one_of("FL-EST-441", "this outcome among those drawn", outcome, self.outcomes, EstimateFault)
        return self.drawn[outcome]

    @cached_property
    def chosen(self) -> npt.NDArray[np.int16]:
        """Which of its candidates each row takes in each draw, shape (rows, draws)."""
        return self.pool.chosen(self.draws, self.seed, self.delta)

    def _beside(self, people: Any, outcome: str, drawn: Classes) -> Any:
        """People with the draws of one outcome beside them; of an engine that runs later nobody but recipients is written down."""
        names = [f"{outcome}@{draw + 1}" for draw in range(self.draws)]
        if isinstance(people, nw.DataFrame):
            base = people[outcome].to_numpy().astype(np.int8)
            space = nw.get_native_namespace(people)
            columns: list[Any] = []
            for draw, name in enumerate(names):
                values = base.copy()
                values[self.recipients] = drawn[:, draw]
                columns.append(nw.new_series(name, values, nw.Int8, backend=space))
            return people.with_columns(*columns)
        if people.implementation.is_polars():
            return narwhal(self._joined(people.to_native(), outcome, names, drawn))
        keys = self.source_rows.working.people[PERSON].to_numpy()[self.recipients]
        is_one = nw.col(PERSON).is_in(keys.tolist())
        return people.with_columns(
            *(
                nw.when(is_one)
                .then(_at_least(keys, drawn[:, draw]))
                .otherwise(nw.col(outcome).cast(nw.Int8))
                .alias(name)
                for draw, name in enumerate(names)
            )
        )

    def _joined(self, people: Any, outcome: str, names: list[str], drawn: Classes) -> Any:
        """By the key of people, or their place where they have none."""
        import polars as pl

        positions = self.recipients
        known = self.source_rows.working.people
        key = PERSON if PERSON in known.columns else ROW
        told = known[PERSON].to_numpy()[positions] if key == PERSON else positions.astype(np.uint32)
        table = pl.DataFrame({key: told, **{name: drawn[:, draw] for draw, name in enumerate(names)}})
        people = people if key == PERSON else people.with_row_index(ROW)
        table = table.cast({key: people.collect_schema()[key]}).lazy()
        joined = people.join(table, on=key, how="left", maintain_order="left").with_columns(
            pl.coalesce(pl.col(name), pl.col(outcome).cast(pl.Int8)).alias(name) for name in names
        )
        return joined if key == PERSON else joined.drop(ROW)


def _at_least(keys: npt.NDArray[Any], drawn: Classes) -> nw.Expr:
    """The drawn number of each key: how many numbers it is not below."""
    reached = [
        nw.col(PERSON).is_in(keys[drawn >= number].tolist())
        for number in range(1, max(int(drawn.max(initial=0)), 1) + 1)
    ]
    return reduce(lambda left, right: left + right, [each.cast(nw.Int8) for each in reached])


def checked_delta(delta: Mapping[str, float] | None) -> dict[str, float]:
    """Every reason with its delta.

    Raises
    ------
    EstimateFault
        FL-EST-442.
    """
    if delta is not None and not isinstance(delta, Mapping):
        raise _no_number("a delta without its reason", f"delta={shown(delta)}")
    given = dict(delta or {})
    for name in given:
        if name not in REASONS:
            raise not_one_of("FL-EST-442", "this reason of delta=", name, REASONS, EstimateFault)
    bad = [name for name, value in given.items() if not is_number(value) or np.isnan(value)]
    if bad:
        raise _no_number("a delta is no number", f"of {listed(bad)}")
    return {reason: float(given.get(reason, 0.0)) for reason in REASONS}


def is_number(value: Any) -> bool:
    """Whether a value is a number: true and false are none, though Python counts with them."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _no_number(what: str, found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-442", what, found=found,
        fix="give log odds by reason, such as delta={'refusal': 0.7}; 0 is missing at random",
    )  # fmt: skip
