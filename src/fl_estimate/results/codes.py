"""Codes: the words in which a result says what it is, each declared once as an object and imported where it is used.

A code is a text (frames, JSON and comparisons see no difference) that knows what other rooms ask about it. Codes of one
module are declared at its top; those of several, and all quantities and methods of which a rule of publication asks
something, stand in `declared`. A second declaration of the same text in the same family is refused at import.
"""

# pyright: reportInconsistentConstructor=false
# `__new__` takes what the `__init__` of every family takes.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, SupportsInt

Unit = Literal["share", "persons", "amount"]
"""What a figure is measured in: a part of the people, a number of them, or what its variable is measured in."""
Telling = Literal["linear", "known", "scaled", "shifted", "exact", "same", "formula", "support"]
"""What a figure of respondents tells of withheld cells; `reporting.disclosure.kinds` has what each means."""
Doubt = Literal["", "sampler", "model"]
"""What a reason says did badly: the codes of caution of published tables."""


class Code(str):
    """A declared text; subclasses are the families.

    Attributes
    ----------
    parameters : tuple of str
        Names of what its words may say beside it.
    known : bool
        Whether it is declared. One that is not (of a file of another version, of a caller's own) has the strictest
        attributes of its family.

    Examples
    --------
    >>> from fl_estimate.results.codes import ReasonCode
    >>> ReasonCode.of("zero_cases").known, ReasonCode.of("of_tomorrow").known
    (True, False)
    """

    family: ClassVar[str] = "code"
    _declared: ClassVar[dict[str, Any]]
    parameters: tuple[str, ...]
    known: bool

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._declared = {}

    def __new__(cls, text: str, *_: str, **__: Any) -> Self:
        if text in cls._declared:
            raise ValueError(f"the {cls.family} {text!r} is declared twice: import it where it stands")
        made = str.__new__(cls, text)
        cls._declared[text] = made
        return made

    def __init__(self, text: str, *parameters: str) -> None:
        del text
        self.parameters, self.known = parameters, True

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        # A copy, or what another process sends back, is the declared object itself.
        return type(self).of, (str(self),)

    @classmethod
    def of(cls, text: str) -> Self:
        """The declared code of this text; for a text that nobody declared one with the strictest attributes."""
        result = cls._declared.get(text)
        if result is None:
            result = str.__new__(cls, text)
            cls.__init__(result, text)
            result.known = False
        return result

    read = of
    """The same, where a code comes back from a file: nothing is declared by reading."""

    @classmethod
    def all(cls) -> tuple[Self, ...]:
        """Every code of the family that the modules imported so far declare, in their order."""
        return tuple(cls._declared.values())

    def checked_parameters(self, parameters: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Parameters as reasons and assumptions keep them.

        Raises
        ------
        TypeError
            One that the code does not declare: no words would say it.
        """
        alien = set(parameters) - set(self.parameters)
        if alien and self.known:
            raise TypeError(f"the {self.family} {str(self)!r} has no parameter {', '.join(sorted(alien))}")
        return tuple(parameters.items())


class ReasonCode(Code):
    """Why a row is as it is.

    Attributes
    ----------
    tells_cases : bool
        Whether it gives away that a domain has no case, so that it goes where few cases are hidden. An unknown one may.
    doubtful : {"", "sampler", "model"}
        What it says did badly, so that the row is to be used with caution: a sampler, or a model that does not hold.
    in_full_only : tuple of str
        Parameters that are for the analyst: what is published says "…" in their place.
    """

    family: ClassVar[str] = "reason"
    doubtful: Doubt
    in_full_only: tuple[str, ...]

    def __init__(
        self,
        text: str,
        *parameters: str,
        tells_cases: bool = False,
        doubtful: Doubt = "",
        in_full_only: tuple[str, ...] = (),
    ) -> None:
        super().__init__(text, *parameters)
        self._tells_cases, self.doubtful, self.in_full_only = tells_cases, doubtful, in_full_only

    @property
    def tells_cases(self) -> bool:
        return self._tells_cases or not self.known

    def at(self, row: SupportsInt, /, **parameters: Any) -> Reason:
        """The reason of one row."""
        return Reason(code=self, row=int(row), parameters=self.checked_parameters(parameters))

    def to_publish(self, parameters: Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
        """Parameters as they may be published; of a code that nobody declared none is known to be harmless."""
        return tuple(
            (name, "…" if name in self.in_full_only or not self.known else value) for name, value in parameters
        )


class AssumptionCode(Code):
    """What a method takes for granted.

    Attributes
    ----------
    in_full_only : tuple of str
        Parameters that are for the analyst: what is published says "…" in their place.
    """

    family: ClassVar[str] = "assumption"
    in_full_only: tuple[str, ...]

    def __init__(self, text: str, *parameters: str, in_full_only: tuple[str, ...] = ()) -> None:
        super().__init__(text, *parameters)
        self.in_full_only = in_full_only

    def assume(self, /, **parameters: Any) -> Assumption:
        """The assumption of one result."""
        return Assumption(code=self, parameters=self.checked_parameters(parameters))

    def to_publish(self, parameters: Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
        """Parameters as they may be published."""
        return tuple((name, "…" if name in self.in_full_only else value) for name, value in parameters)


class MethodName(Code):
    """By what a row was estimated.

    Attributes
    ----------
    of_people_counted : bool
        Whether its figure is the share of the people counted: of these alone is the limit of few cases a limit.
    named : bool
        Whether a caption names it though respondents stand behind the figures: no reader would expect it of a survey.
    chooses_people : bool
        Whether options of its call, beside a condition, say who counts (seeds, a second frame, those asked about relatives): two
        figures of one cell may then be of different people. Of a method that nobody declared they may.
    sums_unknown : bool
        Whether domains add up to the nation in a way that no audit can follow (posteriors of strata, indirect questions): where one
        is withheld, all are.
    """

    family: ClassVar[str] = "method"
    of_people_counted: bool
    named: bool
    sums_unknown: bool

    def __init__(
        self, text: str, *, of_people_counted: bool = False, chooses_people: bool = False, sums_unknown: bool = False,
        named: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.of_people_counted, self.sums_unknown, self.named = of_people_counted, sums_unknown, named
        self._chooses_people = chooses_people

    @property
    def chooses_people(self) -> bool:
        return self._chooses_people or not self.known


class Quantity(Code):
    """What a value is.

    Attributes
    ----------
    unit : {"share", "persons", "amount"}
        An unknown quantity is an amount.
    per : float
        Of how many persons a share is written: 1, or 1,000.
    limited : bool
        Whether a domain of few cases of a 0/1 outcome may be printed as an upper limit.
    listed : bool
        Whether it speaks of people on case lists or beside them, not of respondents.
    counts_population : bool
        Whether it is a number of all people concerned, which estimates of one population have in common.
    tells : {"linear", "known", "scaled", "shifted", "exact", "same", "formula", "support"}
        What a figure of respondents tells of withheld cells; an unknown one goes wherever a cell of its support is withheld.
    heading : str
        The quantity that a table of several methods is headed by: its own, or that of which it is another name.
    null : float or None
        The value that says that there is no difference, against which a row is tested; None where there is none.
    without_interval : bool
        Whether it has no limits by its nature (a p-value), so that their absence is no reason to withhold it.
    """

    family: ClassVar[str] = "quantity"

    def __init__(
        self, text: str, *, unit: Unit = "amount", per: float = 1.0, limited: bool = False, listed: bool = False,
        counts_population: bool = False, tells: Telling = "support", why: str = "no handler is declared",
        heading: str = "", null: float | None = None, without_interval: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.null, self.without_interval = null, without_interval
        self.unit: Unit = unit
        self.per, self.limited, self.listed, self.counts_population = per, limited, listed, counts_population
        self.tells: Telling = tells
        self.why, self.heading = why, heading or text

    @property
    def scenario(self) -> bool:
        """Whether it is a cell's figure under a scenario: judged with the cell, of which it is another dress, and never a cell itself."""
        return self.tells in ("scaled", "shifted", "exact")

    @property
    def counts_respondents(self) -> bool:
        """A number of persons that respondents stand for."""
        return self.unit == "persons" and not self.listed


class IntervalKind(Code):
    """How the limits of a row were made."""

    family: ClassVar[str] = "kind of interval"


class Term(Code):
    """Which of several rows of one outcome, where the term has a name of its own: a model of lists."""

    family: ClassVar[str] = "term"


FAMILIES: tuple[type[Code], ...] = (ReasonCode, AssumptionCode, MethodName, Quantity, IntervalKind, Term)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a row is as it is (an interval missing, zero cases): a code with parameters; `fl_estimate.words` says it."""

    code: ReasonCode
    row: int
    parameters: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", ReasonCode.of(self.code))


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What a method takes for granted, for the whole result: a code with parameters."""

    code: AssumptionCode
    parameters: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", AssumptionCode.of(self.code))


def each_once(assumptions: Iterable[Assumption]) -> tuple[Assumption, ...]:
    """The same assumptions in their order, none twice."""
    kept: list[Assumption] = []
    for assumption in assumptions:
        kept += [assumption] if assumption not in kept else []
    return tuple(kept)


# Quantities: all of them, since rules of publication ask each what it is, also of a file that another process wrote.
_SUM = "a weighted sum over a known size"
_FITTED = "fitted margins of categorical terms are observed margins"
PREVALENCE = Quantity("prevalence", unit="share", limited=True, tells="linear", why=_SUM)
PREVALENCE_PER_1000 = Quantity(
    "prevalence per 1,000", unit="share", per=1_000.0, limited=True, tells="linear", why=_SUM
)
TOTAL = Quantity(
    "total", unit="persons", limited=True, counts_population=True, tells="linear", why=_SUM, heading="persons"
)
PERSONS = Quantity("persons", unit="persons", limited=True, counts_population=True, tells="linear", why=_SUM)
# Of respondents it is a multiplier: a count that readers know, over a cell's share.
POPULATION_SIZE = Quantity(
    "population_size", unit="persons", listed=True, counts_population=True, heading="persons", tells="known",
    why="a count that is known over the cell's share",
)  # fmt: skip
DARK_FIGURE = Quantity("dark_figure", unit="persons", listed=True)
REPORTED_PERSONS = Quantity("reported_persons", unit="persons", listed=True, counts_population=True, heading="persons")
REPORTED_CASES = Quantity("reported_cases", listed=True)
PERSONS_PER_CASE = Quantity("persons_per_case", listed=True)
MEAN = Quantity("mean", tells="linear", why=_SUM)
RATIO = Quantity("ratio", tells="linear", why=_SUM)
VARIANCE = Quantity("variance", tells="known", why="of 0/1 it is p(1 − p)")
QUANTILE = Quantity("quantile", tells="same", why="the variable may determine the outcome")
COEFFICIENT = Quantity("coefficient", tells="formula", why=_FITTED, null=0.0)
ODDS_RATIO = Quantity("odds_ratio", tells="formula", why=_FITTED, null=1.0)
PREVALENCE_RATIO = Quantity("prevalence_ratio", tells="formula", why=_FITTED, null=1.0)
RATE_RATIO = Quantity("rate_ratio", tells="formula", why=_FITTED, null=1.0)
MEAN_RATIO = Quantity("mean_ratio", tells="formula", why=_FITTED, null=1.0)
RELATIVE_RISK_RATIO = Quantity("relative_risk_ratio", tells="formula", why=_FITTED, null=1.0)
MARGINAL_MEAN = Quantity("marginal_mean", tells="formula", why=_FITTED)
MARGINAL_EFFECT = Quantity("marginal_effect", tells="formula", why=_FITTED, null=0.0)
PREDICTED_MEAN = Quantity("predicted_mean", tells="formula", why=_FITTED)
LINEAR_PREDICTOR = Quantity("linear_predictor", tells="formula", why=_FITTED)
# A test is several rows, all of one heading: its p-value first, by which a table is laid out.
_TESTED = "a table of the columns tested"
P_VALUE = Quantity("p_value", tells="formula", why=_TESTED, without_interval=True)
T_STATISTIC = Quantity("t_statistic", tells="formula", why=_TESTED, without_interval=True, heading="p_value")
F_STATISTIC = Quantity("f_statistic", tells="formula", why=_TESTED, without_interval=True, heading="p_value")
CHI_SQUARE = Quantity("chi_square", tells="formula", why=_TESTED, without_interval=True, heading="p_value")
NUMERATOR_DF = Quantity("numerator_df", tells="formula", why=_TESTED, without_interval=True, heading="p_value")
TESTED_ESTIMATE = Quantity("tested_estimate", tells="formula", why=_TESTED, heading="p_value")
# What a figure would be under a stated scenario, or was before a step: a cell in another dress, and no cell of its own.
_SCALED, _SHIFTED = (
    "the cell's figure times a number that readers know",
    "the cell's figure and what was imputed beside it",
)
UNDERCOVERAGE_PREVALENCE = Quantity(
    "undercoverage_prevalence", unit="share", tells="scaled", why=_SCALED, heading="prevalence"
)
UNDERCOVERAGE_TOTAL = Quantity("undercoverage_total", unit="persons", tells="scaled", why=_SCALED, heading="persons")
SCENARIO_PREVALENCE = Quantity("scenario_prevalence", unit="share", tells="shifted", why=_SHIFTED, heading="prevalence")
SCENARIO_TOTAL = Quantity("scenario_total", unit="persons", tells="shifted", why=_SHIFTED, heading="persons")
STEP_PREVALENCE = Quantity(
    "step_prevalence", unit="share", tells="shifted", why="the cell's figure by other weights", heading="prevalence"
)
STEP_CHANGE = Quantity(
    "step_change", unit="share", tells="shifted", why="the cell's figure less that of another step", heading="prevalence",
    null=0.0,
)  # fmt: skip
TIPPING_POINT = Quantity(
    "tipping_point", tells="exact", why="where a curve meets a figure, to three digits", without_interval=True
)
DIFFERENCE = Quantity("difference", null=0.0)
QUOTIENT = Quantity("quotient")
LOG_RATIO = Quantity("log_ratio", null=0.0)
LOG_ODDS_RATIO = Quantity("log_odds_ratio", null=0.0)
CHANGE_DIFFERENCE = Quantity("change_difference", null=0.0)
CHANGE_RATIO = Quantity("change_ratio", null=1.0)
CHANGE_PERCENT = Quantity("change_percent", null=0.0)
ANNUAL_CHANGE = Quantity("annual_change", null=0.0)
ANNUAL_RATIO = Quantity("annual_ratio", null=1.0)
ANNUAL_ODDS_RATIO = Quantity("annual_odds_ratio", null=1.0)
ANNUAL_PERCENT = Quantity("annual_percent", null=0.0)

TAYLOR = MethodName("taylor", of_people_counted=True)
REPLICATES = MethodName("replicates", of_people_counted=True)
MULTIPLICITY = MethodName("multiplicity", chooses_people=True, named=True)
OF_OTHER_PEOPLE: frozenset[str] = frozenset({MULTIPLICITY})
"""Methods whose figures are not of those who were asked: their cells are none of these, though outcome and by-values be the same."""

KORN_GRAUBARD = IntervalKind("korn-graubard")
BETA = IntervalKind("beta")
LOGIT = IntervalKind("logit")
XLOGIT = IntervalKind("xlogit")
WILSON = IntervalKind("wilson")
ARCSINE = IntervalKind("arcsine")
JEFFREYS = IntervalKind("jeffreys")
LIKELIHOOD = IntervalKind("likelihood")
WALD = IntervalKind("wald")
LOG = IntervalKind("log")
PROFILE = IntervalKind("profile")
EQUAL_TAILED = IntervalKind("equal-tailed")
CALIBRATED = IntervalKind("calibrated")
HIGHEST_DENSITY = IntervalKind("highest-density")
BCA = IntervalKind("bca")
PERCENTILE = IntervalKind("percentile")
WOODRUFF = IntervalKind("woodruff")
OF_SHARE_BELOW = IntervalKind("mean")
ENVELOPE = IntervalKind("envelope")

WHOLE = "all"
"""What the other part of a contrast is called where values of a column are compared with all of them together."""

MAIN_EFFECTS = Term("main")
TWO_WAY = Term("two-way")
LOWER_QUARTILE = Term("0.25")
MEDIAN = Term("0.5")
UPPER_QUARTILE = Term("0.75")

NO_ROWS = ReasonCode("no_rows")
ZERO_CASES = ReasonCode("zero_cases", tells_cases=True)
DF_NOT_POSITIVE = ReasonCode("df_not_positive", "df")
INTERVAL_NOT_DEFINED = ReasonCode("interval_not_defined", "kind")
CENSUS = ReasonCode("census")
AREA_WITHOUT_SAMPLE = ReasonCode("area_without_sample")
AREA_WITHOUT_CASES = ReasonCode("area_without_cases", tells_cases=True)
AREA_VARIANCE_SMOOTHED = ReasonCode("area_variance_smoothed", tells_cases=True)
VARIANCE_AT_BOUNDARY = ReasonCode("variance_at_boundary")
SAMPLER_RHAT = ReasonCode("sampler_rhat", "rhat", doubtful="sampler")
SAMPLER_ESS = ReasonCode("sampler_ess", "ess", doubtful="sampler")
SAMPLER_DIVERGENCES = ReasonCode("sampler_divergences", "divergences", doubtful="sampler")
SAMPLER_ENERGY = ReasonCode("sampler_energy", "bfmi", doubtful="sampler")
BOOTSTRAP_DRAWS_FAILED = ReasonCode("bootstrap_draws_failed")
GRID_END_MATTERS = ReasonCode("grid_end_matters")

UNWEIGHTED = AssumptionCode("unweighted")
SUBPOPULATION = AssumptionCode("subpopulation", "where")
DF_RULE = AssumptionCode("df_rule", "rule")
DEFF_REFERENCE = AssumptionCode("deff_reference")
UNKNOWN_AS_NO = AssumptionCode("unknown_as_no")
OLDER_FILE = AssumptionCode("older_file", "version")
ZERO_WEIGHTS = AssumptionCode("zero_weights", "rows")
DEFINITION_STATED = AssumptionCode("definition_stated", "definition")
INSTRUMENT_STATED = AssumptionCode("instrument_stated", "instrument")
STANDARDISED = AssumptionCode("standardised", "column")
# Of case lists
CLOSED_POPULATION = AssumptionCode("closed_population")
PERFECT_LINKAGE = AssumptionCode("perfect_linkage")
LISTS_INDEPENDENT = AssumptionCode("lists_independent")
DEPENDENCE_BETWEEN_LISTS = AssumptionCode("dependence_between_lists", "terms")
NO_HIGHEST_INTERACTION = AssumptionCode("no_highest_interaction", "lists")
INTERVAL_GIVEN_MODEL = AssumptionCode("interval_given_model")
LOWER_BOUND_HETEROGENEITY = AssumptionCode("lower_bound_heterogeneity")
MODEL_CHOSEN_BY_DATA = AssumptionCode("model_chosen_by_data")
PRIOR_POPULATION = AssumptionCode("prior_population")
# Of models of areas and cells
AREA_EFFECTS_EXCHANGEABLE = AssumptionCode("area_effects_exchangeable", "link")
AREA_EFFECTS_SAR = AssumptionCode("area_effects_sar", "link")
AREA_COVARIATES = AssumptionCode("area_covariates", "covariates")
AREA_VARIANCES_KNOWN = AssumptionCode("area_variances_known")
AREA_POPULATION_KNOWN = AssumptionCode("area_population_known")
COVARIATES_STANDARDISED = AssumptionCode("covariates_standardised")
EFFECTIVE_COUNTS = AssumptionCode("effective_counts")
BENCHMARKED = AssumptionCode("benchmarked", "rule", "value")
PANEL_EFFECTS_INDEPENDENT = AssumptionCode("panel_effects_independent", "link")
PANEL_EFFECTS_AR1 = AssumptionCode("panel_effects_ar1", "link")
PRIOR_SIGMA = AssumptionCode("prior_sigma", "prior")
PRIOR_INTERCEPT = AssumptionCode("prior_intercept", "prior")
PRIOR_KAPPA = AssumptionCode("prior_kappa", "prior")
PRIOR_SIGMA_TIME = AssumptionCode("prior_sigma_time", "prior")
CELLS_POPULATION_KNOWN = AssumptionCode("cells_population_known")
UNIT_COUNTS_AS_DRAWN = AssumptionCode("unit_counts_as_drawn")
UNIT_PRIOR = AssumptionCode("unit_prior", "name", "prior")
# Of synthesis
PARTS_INDEPENDENT = AssumptionCode("parts_independent")
PARTS_DISJOINT = AssumptionCode("parts_disjoint")
ERRORS_CORRELATED = AssumptionCode("errors_correlated", "correlation")
# Of a classification, which says them by their text: it knows no results
ITEMS_NOT_IN_INSTRUMENT = AssumptionCode("items_not_in_instrument", "items")
NOT_ASKED_WHETHER_AGREED = AssumptionCode("not_asked_whether_agreed", "framework", "parts")
RECALLED_PARTS = AssumptionCode("recalled_parts", "framework", "parts")
TIME_FROM_QUESTION = AssumptionCode("time_from_question")
STOCK_FROM_QUESTION = AssumptionCode("stock_from_question")
AGE_IN_PERIOD = AssumptionCode("age_in_period")
AGE_AT_INTERVIEW = AssumptionCode("age_at_interview")
STOCK_ON_DAY = AssumptionCode("stock_on_day", "day")
