"""Estimates: the shape of every answer. A frozen table with the recipe that made it; no arithmetic of estimators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, missing_columns
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.neutral import visible
from fl_estimate.pages.frames import csv_text, html_table, html_text, text_table
from fl_estimate.results import records, shown, storage
from fl_estimate.results.basis import Support, require_bases
from fl_estimate.results.codes import (
    PERSONS,
    PREVALENCE,
    PREVALENCE_PER_1000,
    Quantity,
)
from fl_estimate.results.codes import Assumption as Assumption
from fl_estimate.results.codes import Reason as Reason
from fl_estimate.results.columns import CONTEXT as CONTEXT
from fl_estimate.results.columns import FIXED as FIXED
from fl_estimate.results.columns import HEAD as HEAD
from fl_estimate.results.columns import SCALED as SCALED
from fl_estimate.results.columns import TAIL as TAIL
from fl_estimate.results.columns import TEXT, the_only, with_context
from fl_estimate.results.columns import check_by_columns as check_by_columns
from fl_estimate.results.columns import make_frame as make_frame
from fl_estimate.results.columns import margin_columns as margin_columns
from fl_estimate.results.columns import nullable as nullable
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.datatree import datatree
from fl_estimate.results.domains import NOT_STATED as NOT_STATED
from fl_estimate.results.domains import a_label, in_domain, pivoted, places_of, populations_of, with_labels
from fl_estimate.results.inference import Inference
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.public import public
from fl_estimate.results.recipe import Period, Recipe, context_told


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimates:
    """Estimates of one call: a table with always the same columns, and the recipe that made it.

    Made by the estimators. Values are in natural units: a proportion (not per cent), persons, years. ``estimates["North"]``
    are the rows of a domain and `national` those of the nation; one row has `value`, `se`, `lower`, `upper` and
    `interval`; iteration gives the rows one by one.

    Attributes
    ----------
    frame : pandas.DataFrame
        The table; use `to_frame` for a copy.
    by : tuple of str
        The by-columns of the table, between `margin` and `value`.
    measure : str
        "stock", "flow" or "" where nobody has said.
    population, reference_period : str
        Whom and what time the figures speak of; checked when estimates are combined.
    reasons : tuple of Reason
        Per row: why something is missing, or flagged.
    assumptions : tuple of Assumption
        For the whole result.
    diagnostics : mapping
        Values that say how well the method worked.
    provenance : Provenance
        Call, arguments, package version and source file.
    support : Support
        One entry a row: the smallest part that it is made of, which rules of publication judge. Where an estimator gives
        none, nothing is known, and no row that rests on respondents is published. It is never printed.
    cells : Crossing or None
        Of a design-weighted call, all its by-columns crossed; for the audit of disclosure, never published.
    wording : Wording
        What printed tables call the units that are counted, columns, codes and outcomes.
    inference : Inference or None
        Of a Bayesian result: what `to_datatree` gives beside the draws of the rows. Not saved.

    Raises
    ------
    EstimateFault
        FL-EST-290: a basis that there is not; FL-EST-291: rows without a basis, or a support of other rows.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
    >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> round(estimates.value, 4)
    0.3333
    """

    frame: pd.DataFrame
    by: tuple[str, ...] = ()
    measure: str = ""
    population: str = ""
    reference_period: str = ""
    reasons: tuple[Reason, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    provenance: Provenance = field(default_factory=Provenance)
    draws: Any = None
    covariance_matrix: Floats | None = None
    support: Support = field(default_factory=lambda: Support.unknown(0))
    cells: Crossing | None = None
    wording: SurveyWording = field(default_factory=SurveyWording)
    inference: Inference | None = None

    def __post_init__(self) -> None:
        if "basis" not in self.frame:
            raise EstimateFault(
                "FL-EST-291", "it is not said on what the rows rest", found="no column basis",
                fix="one of respondents, lists, model, figures for each row, by which a rule of publication judges it",
            )  # fmt: skip
        require_bases(self.frame["basis"])
        if not len(self.support):
            object.__setattr__(self, "support", Support.unknown(len(self.frame)))
        if len(self.support) != len(self.frame):
            raise EstimateFault(
                "FL-EST-291", "the support is not that of these rows", fix="one entry a row",
                found=f"{len(self.frame)} rows, {len(self.support)} entries",
            )  # fmt: skip
        told = context_told(self.wording, self.provenance, self.reference_period)
        object.__setattr__(self, "frame", with_context(self.frame, self.by, told))
        if not self.reference_period and "period" not in self.by:
            # Rows of one round that were taken out of several speak of its time.
            object.__setattr__(self, "reference_period", the_only(self.frame["period"]))

    def to_frame(self, *, labels: bool = True, language: str = "en") -> pd.DataFrame:
        """A copy of the table: pandas, RangeIndex, the columns `country … unit, quantity … margin, <by columns>, value … basis`.

        `country`, `source`, `period` and `unit` say of what a row speaks, empty where nobody has said; a by-column of such a
        name stands in its place.

        Parameters
        ----------
        labels : bool, default True
            By-columns are ordered categoricals of labels (of codes, where there are no labels) in the order of the source; the
            last level is `fl.NOT_STATED`, and they are missing only where the row is not divided by them. With False they hold
            plain codes, by which other tables are joined, and are missing both where `margin` says that the row is not
            divided by them and where people did not state them.
        language : str
            Of the labels, where the survey has them in several.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0], "region": ["N", "N", "S", None]})
        >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="region")
        >>> estimates.to_frame()["region"].tolist()
        [nan, 'N', 'S', 'not stated']
        >>> estimates.to_frame(labels=False)["region"].tolist()
        [<NA>, 'N', 'S', <NA>]
        """
        return with_labels(self.frame, self.by, self.wording, language=language) if labels else self.frame.copy()

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[Estimates]:
        """The rows, each as Estimates of one row."""
        return (self._rows(np.array([position])) for position in range(len(self)))

    def __getitem__(self, key: Any) -> Estimates:
        """The rows of a domain, as Estimates, by its label or code.

        Parameters
        ----------
        key : label or tuple
            ``estimates["North"]``; a tuple for crossed by-columns, in the order of the margin: ``estimates["North", "F"]``.
            `fl.NOT_STATED` is those who did not state the column. Of stacked results the name of one, alone or before the
            label. Where no domain is called so, the rows of this `term`, `outcome`, `quantity` or `bound`:
            ``model["age"]``, ``lists["population_size"]``.

        Raises
        ------
        EstimateFault
            FL-EST-297: no row has the label (with what there is); FL-EST-299: domains of several by-columns have it.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 1], "region": ["N", "N", "S", "S", "S", None]})
        >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="region")
        >>> estimates["N"].value, estimates[fl.NOT_STATED].value, round(estimates.national.se, 4)
        (0.5, 1.0, 0.2887)
        >>> [row.value for row in estimates]
        [0.5, 0.5, 0.3333333333333333, 1.0]
        """
        return self._rows(np.array(places_of(self.frame, self.by, self.wording, key), dtype=np.intp))

    def __contains__(self, key: object) -> bool:
        """Whether ``estimates[key]`` has a row."""
        try:
            return bool(places_of(self.frame, self.by, self.wording, key))
        except EstimateFault:
            return False

    @property
    def value(self) -> float:
        """The value of the only row, NaN where it is missing; FL-EST-298 where there are several rows, as of the next four."""
        return self._of_only_row("value")

    @property
    def se(self) -> float:
        """The standard error of the only row."""
        return self._of_only_row("se")

    @property
    def lower(self) -> float:
        """The lower limit of the interval of the only row."""
        return self._of_only_row("lower")

    @property
    def upper(self) -> float:
        """The upper limit of the interval of the only row."""
        return self._of_only_row("upper")

    @property
    def interval(self) -> tuple[float, float]:
        """Both limits of the interval of the only row."""
        return self.lower, self.upper

    def _of_only_row(self, column: str) -> float:
        if len(self) != 1:
            nation = (self.frame["margin"] == "").any() and len(self.national) == 1
            raise EstimateFault(
                "FL-EST-298", f"{column} is that of one row", found=f"{len(self)} rows",
                fix=(f"estimates.national.{column} is the nation's; " if nation else "")
                + f"pick a row: estimates[{a_label(self.frame, self.by, self.wording)}].{column}; "
                f'each: [row.{column} for row in estimates]; the column: estimates.to_frame()["{column}"]',
            )  # fmt: skip
        found = self.frame[column].iloc[0]
        return float("nan") if pd.isna(found) else float(found)

    @property
    def covariance(self) -> Floats:
        """Covariance between the values of all rows, in the order of the rows (rows × rows, squared units).

        Raises
        ------
        EstimateFault
            FL-EST-20 where the result carries none (a method without joint covariance, or more than 1,000 rows).
        """
        if self.covariance_matrix is None:
            raise EstimateFault(
                "FL-EST-20",
                "this result carries no covariance between its rows",
                found=f"{len(self)} rows",
                fix="ask for fewer domains in one call (up to 1,000 rows), or for a design-weighted estimate",
            )
        return self.covariance_matrix.copy()

    @property
    def cv(self) -> pd.Series[float]:
        """Coefficient of variation, se / |value|, one a row; missing where the value is 0."""
        value = self.frame["value"].abs()
        return (self.frame["se"] / value.where(value > 0)).rename("cv")

    @property
    def effective_n(self) -> pd.Series[float]:
        """Effective number of respondents, n / deff, one a row; missing where the design effect is.

        As many respondents of a simple random sample would have said as much.
        """
        n = self.frame["n"].to_numpy(dtype=float, na_value=np.nan)
        return pd.Series(n / self.frame["deff"].to_numpy(dtype=float), name="effective_n")

    @property
    def national(self) -> Estimates:
        """The rows of the nation (empty `margin`), as Estimates."""
        return self._rows(np.flatnonzero((self.frame["margin"] == "").to_numpy()))

    def select(self, **by: Any) -> Estimates:
        """The rows whose by-columns have these values, as Estimates; rows of other margins fall out.

        A value is a code, or else a label; `fl.NOT_STATED` those who did not state the column; None the rows that it does not
        divide. A column that says what a row is can be asked for too: ``select(quantity="population_size")``.

        Raises
        ------
        EstimateFault
            FL-EST-21: no such column; FL-EST-22: no such row.
        """
        absent = [name for name in by if name not in self.by and name not in TEXT]
        if absent:
            raise missing_columns("FL-EST-21", absent, [*self.by, *sorted(TEXT)], EstimateFault)
        keep = np.ones(len(self), dtype=bool)
        for name, wanted in by.items():
            keep &= in_domain(self.frame, self.wording, name, wanted)
        if not keep.any():
            shown = ", ".join(f"{name}={wanted!r}" for name, wanted in by.items())
            known = "; ".join(f"{name}: {listed(self.frame[name].dropna().unique(), most=12)}" for name in by)
            raise EstimateFault("FL-EST-22", "no row has these values", found=shown, fix=f"values there are: {known}")
        return self._rows(np.flatnonzero(keep))

    def about(
        self, *, country: str | None = None, source: str | None = None, reference_period: str | None = None
    ) -> Estimates:
        """The same figures with the country, the source or the time said of which all of them speak.

        For people in a plain frame, whose origin nobody has said: rounds and countries are told apart by it.

        Parameters
        ----------
        country, source, reference_period : str, optional
            What is left out stays.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
        >>> made = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True))
        >>> made.about(country="XX", reference_period="2023").to_frame()[["country", "period", "value"]].values.tolist()
        [['XX', '2023', 0.25]]
        """
        given = {"country": country, "source": source, "period": reference_period}
        said = {name: text for name, text in given.items() if text is not None and name not in self.by}
        frame = self.frame.assign(**{n: pd.array([t] * len(self), dtype="string") for n, t in said.items()})
        words = {at: text for at, text in (("country", country), ("survey", source)) if text is not None}
        period = self.reference_period if reference_period is None else reference_period
        return replace(self, frame=frame, wording=replace(self.wording, **words), reference_period=period)

    def per_thousand(self) -> Estimates:
        """Prevalences per 1,000 persons: value, se, lower, upper × 1,000; `quantity` says so."""
        return self._scaled(np.full(len(self), 1_000.0), PREVALENCE_PER_1000)

    def persons(self, population: float | pd.DataFrame) -> Estimates:
        """Prevalences as numbers of persons, for a population known without error.

        Parameters
        ----------
        population : number or pandas.DataFrame
            A number serves the national rows, which alone are returned. A frame has the by-columns, as codes or labels, and
            `population`; a row with every by-column missing is the nation's. Rows of those who did not state a column are
            left out, unless it has a population for `fl.NOT_STATED`.

        Raises
        ------
        EstimateFault
            FL-EST-23: not a prevalence; FL-EST-24: a population is missing, or is not a positive number.
        """
        if isinstance(population, pd.DataFrame):
            rows, people = populations_of(self.frame, self.by, self.wording, population)
            return self._rows(rows)._scaled(people, PERSONS)
        return self.national._scaled(np.full(len(self.national), float(population)), PERSONS)

    def _scaled(self, factor: Floats, quantity: Quantity) -> Estimates:
        wrong = sorted(set(self.frame["quantity"]) - {PREVALENCE})
        if wrong:
            raise EstimateFault("FL-EST-23", "only prevalences can be turned into these units", found=listed(wrong))
        if not (np.isfinite(factor).all() and (factor > 0).all()):
            raise EstimateFault("FL-EST-24", "a population is not a positive number", fix="give persons, above 0")
        frame = self.frame.copy()
        for name in SCALED:
            frame[name] = frame[name] * factor
        frame["quantity"] = pd.array([str(quantity)] * len(frame), dtype="string")
        matrix = self.covariance_matrix
        return replace(
            self,
            frame=frame,
            covariance_matrix=None if matrix is None else matrix * np.outer(factor, factor),
            draws=None if self.draws is None else self.draws * factor,
            inference=None if self.inference is None else self.inference.scaled(factor),
        )

    def _rows(self, positions: npt.NDArray[np.intp]) -> Estimates:
        place_of = {int(old): new for new, old in enumerate(positions)}
        matrix = self.covariance_matrix
        return replace(
            self,
            frame=self.frame.iloc[positions].reset_index(drop=True),
            reasons=tuple(replace(r, row=place_of[r.row]) for r in self.reasons if r.row in place_of),
            covariance_matrix=None if matrix is None else matrix[np.ix_(positions, positions)],
            draws=None if self.draws is None else self.draws[..., positions],
            inference=None if self.inference is None else self.inference.take(positions),
            support=self.support.take(positions),
        )

    def pivot(
        self, index: str, columns: str | None = None, values: str | Sequence[str] = "value", *, language: str = "en"
    ) -> pd.DataFrame:
        """A table across, of the rows that are divided by the by-columns named and no others.

        Parameters
        ----------
        index : str
            A by-column, or `outcome`, `term`, `quantity`, `method`: down.
        columns : str, optional
            The same, across; without it the columns are those of `values`.
        values : str or sequence of str
            What stands in it: `value`, `se`, `lower`, `upper`, `n`, …
        language : str
            Of the labels, where the survey has them in several.

        Returns
        -------
        pandas.DataFrame
            Labels in the order of the source. The nation stands in no table that is divided by a by-column; where none
            is named, the table is the nation's. Of crossed columns those who did not state one of them are one row.

        Raises
        ------
        EstimateFault
            FL-EST-21: no such column; FL-EST-300: several rows for one place, or none at all.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 1], "region": list("NNSSSN"), "sex": list("FMFMFM")})
        >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by=["region", "sex"])
        >>> estimates.pivot("region", "sex")
        sex       F    M
        region
        N       0.0  1.0
        S       0.5  0.0
        """
        wanted = [name for name in (index, columns) if name is not None]
        wanted += [values] if isinstance(values, str) else list(values)
        absent = [name for name in wanted if name not in self.frame]
        if absent:
            raise missing_columns("FL-EST-21", absent, [str(name) for name in self.frame], EstimateFault)
        frame = with_labels(self.frame, self.by, self.wording, language=language)
        return pivoted(frame, self.by, index, columns, values)

    def plot(self, *, ax: Any = None, language: str = "en") -> Any:
        """Draw the rows with their intervals, in full, for the analyst: `fl.plot`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw in; without it a figure is made.
        language : {"en", "fr", "es", "es-MX", …}

        Returns
        -------
        matplotlib.figure.Figure
        """
        return public("plot")(self, ax=ax, language=language)

    def map(
        self, geojson: str | Path | Mapping[str, Any], *, by: str | None = None, key: str | None = None,
        quantity: str | None = None, language: str = "en",
    ) -> Any:  # fmt: skip
        """Draw the rows of one area column as a map, in full, for the analyst: `fl.plot_map`, which says what is asked for.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return public("plot_map")(self, geojson, by=by, key=key, quantity=quantity, language=language)

    def to_csv(self, path: str | Path, *, codes: bool = False) -> Path:
        """Write the table as UTF-8 CSV, for the analyst: full values, nothing suppressed. What may be printed is `fl.publish`'s.

        Parameters
        ----------
        path : path
        codes : bool, default False
            Write the codes of by-columns in place of labels.

        Raises
        ------
        FileFault
            FL-FILE-08: the file cannot be written.
        """
        frame = with_labels(self.frame, self.by, self.wording, codes=codes)
        return storage.write(csv_text(frame).encode(), Path(path))

    def to_datatree(self) -> Any:
        """Give the draws as ArviZ takes them: an `xarray.DataTree`, made anew at each call.

        Returns
        -------
        xarray.DataTree
            Group `posterior`: `value`, with dimensions chain, draw and the by-columns, whose labels are coordinates (`row` where
            they are not crossed in full); `national` where the nation has a row; the model's parameters, `beta` along
            `coefficient`, `sigma` of several sets of effects along `spread`, `bias` of several sources along `biased` (a share of
            reported counts, else a log ratio). Of models of areas, misclassified cases, poststratified counts and pooled lists
            also `log_likelihood`, `observed_data` (both `y`, of areas with a sample, or of the cells of the model along `cell`)
            and `constant_data`; of Markov chains `sample_stats`. Chains are kept apart where there are several; draws of
            integrated models are independent, one chain.

        Raises
        ------
        EstimateFault
            FL-EST-62: estimates without draws.

        Notes
        -----
        The likelihood is that of an area's own data given its own value, so that leaving one area out by weights
        (``az.loo``) is often unreliable and says so by its Pareto k; `hierarchical.leave_one_out` integrates the area's effect
        out. Areas moved to a national figure have no likelihood. Compare models of the same `y` only: the same family, link and
        design effects.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> direct = pd.DataFrame({"area": ["A", "B", "C"], "value": [5.0, 9.0, 2.0], "se": 1.0})
        >>> tree = fl.hierarchical.area(direct, likelihood="normal", draws=100, seed=1).to_datatree()
        >>> dict(tree["posterior"]["value"].sizes), sorted(tree.children)
        ({'chain': 1, 'draw': 100, 'area': 3}, ['constant_data', 'log_likelihood', 'observed_data', 'posterior'])
        """
        if self.draws is None:
            raise EstimateFault(
                "FL-EST-62",
                "these estimates have no draws",
                found=f"the result of {self.provenance.call or 'another function'}",
                fix="only Bayesian estimates have, such as those of fl.hierarchical.area",
            )
        return datatree(self.frame, self.by, np.asarray(self.draws, dtype=float), self.inference)

    @property
    def recipe(self) -> Recipe:
        """Of what and whom the result speaks, what it takes for granted and what made it."""
        return Recipe(
            measure=self.measure,
            population=self.population,
            period=Period(self.reference_period),
            assumptions=self.assumptions,
            provenance=self.provenance,
            wording=self.wording,
        )

    def save(self, path: str | Path) -> Path:
        """Write everything to one Parquet file, for the analyst: full values, nothing suppressed. Draws are left out."""
        return storage.save(self.frame, records.to_record(self), Path(path))

    @staticmethod
    def read(path: str | Path) -> Estimates:
        """Read back what `save` wrote.

        Raises
        ------
        FileFault
            FL-FILE-01: no such file; FL-FILE-09: not a file that `save` wrote; FL-FILE-25: a newer version wrote it.

        Notes
        -----
        Files of 0.1.0 are read. They do not say on how many people their rows rest, so that `publish` withholds all of them; to have
        them published, estimate again.
        """
        frame, told = storage.read(Path(path))
        with storage.reading(Path(path)):
            return Estimates(**records.from_record(frame, told))

    def __repr__(self) -> str:
        table = text_table(shown.table(self.frame, self.by, self.wording), max_rows=30)
        return f"{visible(self._title())}, {shown.size(self.frame, self.assumptions)}\n{table}"

    def _repr_html_(self) -> str:
        head = html_text(f"{self._title()}, {shown.size(self.frame, self.assumptions)}")
        table = html_table(shown.table(self.frame, self.by, self.wording), max_rows=60)
        return f"<p>{head}</p>\n{table}"

    def _title(self) -> str:
        """What the result is, in words."""
        return shown.title(self.frame, self.assumptions, self.provenance.call)
