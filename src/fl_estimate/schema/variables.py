"""The common schema as data: its six tables, their keys and variables, with kind, unit, limits and code list.

Item columns (`r_… v_… w_… l_… c_…@phase`) are recognised by their names; what they mean stands in `indicators`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fl_estimate.schema import codes

Kind = Literal["key", "code", "whole", "number", "weight", "text", "date"]
"""key: text that names a record. code: whole number or text from a list. whole: whole number. date: date or ISO text."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable of the common schema.

    Attributes
    ----------
    name : str
    kind : Kind
    unit : str
        Unit of a number: years, hours, months; empty for codes.
    limits : tuple of float, optional
        Smallest and largest value allowed.
    codes : tuple of str or of int, optional
        The code list; a list of whole numbers makes the column whole numbers.
    classification : str
        Name of the standard classification that the codes come from (`classifications.CLASSIFICATIONS`), or empty.
        National versions have codes of their own: one that is not in it is a warning, no error.
    several : bool
        Whether a cell may hold several codes of the list (`schema.answer_sets`).
    """

    name: str
    kind: Kind
    unit: str = ""
    limits: tuple[float, float] | None = None
    codes: tuple[str, ...] | tuple[int, ...] | None = None
    classification: str = ""
    several: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers, whatever the file had."""
        coded = self.codes is not None and isinstance(self.codes[0], int)
        return coded or self.kind in ("whole", "number", "weight")

    @property
    def is_whole(self) -> bool:
        """Whether numbers in the column are whole: everything but amounts and weights."""
        return self.kind in ("key", "code", "whole")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the common schema.

    Attributes
    ----------
    name : str
    key : str
        The variable that names a row; made from the row number where a mapping leaves it out.
    links : tuple of (str, str)
        Variables that name a row of another table, with that table.
    owners : tuple of str
        Of these variables, every row has exactly one.
    variables : dict of str to Variable
    carries_items : bool
        Whether item columns may stand here.
    """

    name: str
    key: str
    links: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    variables: dict[str, Variable]
    carries_items: bool = False

    def variable(self, name: str) -> Variable | None:
        """Give the variable of a name, item columns included; None for a name that is not in the schema."""
        return self.variables.get(name) or (item_variable(name) if self.carries_items else None)


_ITEM = re.compile(r"(?P<dimension>[rvwlc])_[a-z0-9][a-z0-9_]*(@(?P<phase>recruitment|work|leave))?")


def item_variable(name: str) -> Variable | None:
    """Give the variable of an item column or field of an item block, by its name."""
    if name in _FIELDS:
        return Variable(name=name, kind="code", codes=_FIELDS[name], several=name in _SETS)
    match = _ITEM.fullmatch(name)
    if match is None or (match["phase"] and match["dimension"] != "c"):
        return None
    return Variable(name=name, kind="code", codes=codes.COERCION if match["dimension"] == "c" else codes.BINARY)


_FIELDS: dict[str, tuple[str, ...]] = {
    "act": codes.BINARY,
    "other_purpose": codes.BINARY,
    "state_imposed_by_state": codes.BINARY,
    "state_penalty": codes.BINARY,
    "state_exception": codes.STATE_EXCEPTION,
    "state_exception_conditions_met": codes.BINARY,
    "state_c105": codes.STATE_C105,
    "child_works_for": codes.CHILD_WORKS_FOR,
    "child_coercion_by": codes.CHILD_COERCION_BY,
    "child_coercion_target": codes.CHILD_COERCION_TARGET,
    "child_parents_in_fl": codes.BINARY,
    "child_hazardous": codes.BINARY,
    "child_wfcl": codes.CHILD_WFCL,
    **dict.fromkeys(codes.STATE_CONDITIONS, codes.BINARY),
}


_SETS: tuple[str, ...] = (
    *("child_works_for", "child_coercion_by", "child_coercion_target", "child_wfcl", "state_c105"),
)
"""Fields of which several codes may be true at once: parents and employer coerce."""


def _listed(*variables: Variable) -> dict[str, Variable]:
    return {variable.name: variable for variable in variables}


def _each(kind: Kind, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name=name, kind=kind) for name in names)


def _dates(*names: str) -> tuple[Variable, ...]:
    """Dates, each with how much of it is known."""
    return tuple(
        each
        for name in names
        for each in (
            Variable(name=name, kind="date"),
            Variable(name=f"{name}_precision", kind="code", codes=codes.PRECISION),
        )
    )


def _classified(classification: str, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name=name, kind="code", classification=classification) for name in names)


_AGE = (0.0, 120.0)
_WEEK = (0.0, 168.0)
_NOT_NEGATIVE = (0.0, float("inf"))

_HOUSEHOLD: tuple[Variable, ...] = (
    *_each("key", "hh_id"),
    *_each("code", "psu", "stratum", "region", "district"),
    Variable(name="urban", kind="code", codes=codes.URBAN),
    Variable(name="weight_hh", kind="weight"),
)

COUPONS = 6
"""Coupons whose numbers have a variable of their own; with more, `recruiter_id` says who recruited whom."""
_RECRUITMENT: tuple[Variable, ...] = (
    *_each("key", "recruiter_id", "coupon_received", *(f"coupon_given_{number}" for number in range(1, COUPONS + 1))),
    Variable(name="coupons_issued", kind="whole", limits=_NOT_NEGATIVE),
    Variable(name="network_size", kind="whole", unit="persons", limits=_NOT_NEGATIVE),
)

TABLES: dict[str, Table] = {
    "households": Table(name="households", key="hh_id", variables=_listed(*_HOUSEHOLD)),
    "people": Table(
        name="people",
        key="person_id",
        links=(("hh_id", "households"), ("mother_id", "people"), ("father_id", "people"), ("recruiter_id", "people")),
        variables=_listed(
            *_HOUSEHOLD,
            *_each("key", "person_id", "proxy_for", "mother_id", "father_id"),
            Variable(name="selected_for_module", kind="code", codes=codes.YES_NO),
            Variable(name="sex", kind="code", codes=codes.SEX),
            Variable(name="age_interview", kind="whole", unit="years", limits=_AGE),
            Variable(name="education", kind="whole", limits=(0.0, 8.0)),
            *_dates("birth_date", "interview_date"),
            *_classified("ISO 3166-1", "citizenship", "citizenship_2", "country_birth", "country_residence"),
            Variable(name="migrant_status", kind="code", codes=codes.MIGRANT),
            Variable(name="migrant_employee_abroad", kind="code", codes=codes.BINARY),
            Variable(name="marriage_forced", kind="code", codes=codes.BINARY),
            Variable(name="hours_week", kind="number", unit="hours", limits=_WEEK),
            Variable(name="chores_hours_week", kind="number", unit="hours", limits=_WEEK),
            Variable(name="weight_person", kind="weight"),
            *(
                Variable(name=f"network_size_{relation}", kind="whole", unit="persons", limits=_NOT_NEGATIVE)
                for relation in codes.RELATION
            ),
            *_RECRUITMENT,
        ),
    ),
    "jobs": Table(
        name="jobs",
        key="job_id",
        links=(("person_id", "people"), ("relative_id", "relatives")),
        owners=("person_id", "relative_id"),
        carries_items=True,
        variables=_listed(
            *_each("key", "job_id", "person_id", "relative_id"),
            *_dates("start", "end"),
            Variable(name="ongoing", kind="code", codes=codes.BINARY),
            Variable(name="months_in_period", kind="number", unit="months", limits=_NOT_NEGATIVE),
            Variable(name="age_at_start", kind="whole", unit="years", limits=_AGE),
            *_classified("ISCO-08", "isco08"),
            *_classified("ISIC Rev.4", "isic4"),
            Variable(name="icse18a", kind="code", codes=codes.ICSE_18_A),
            *_each("text", "workplace"),
            Variable(name="employer_type", kind="code", codes=codes.EMPLOYER_TYPE),
            *_classified("ISO 3166-1", "country_work"),
            *_classified("ISO 4217", "pay_currency"),
            Variable(name="pay_period", kind="code", codes=codes.PERIODS),
            *_each("code", "region_work"),
            Variable(name="hours_usual", kind="number", unit="hours", limits=_WEEK),
            Variable(name="pay_amount", kind="number", unit="pay_currency", limits=_NOT_NEGATIVE),
            Variable(name="days_usual", kind="number", unit="days a week", limits=(0.0, 7.0)),
            Variable(name="pay_month", kind="number", unit="pay_currency a month", limits=_NOT_NEGATIVE),
            Variable(name="minimum_wage_ref", kind="number", unit="pay_currency", limits=_NOT_NEGATIVE),
            Variable(name="written_contract", kind="code", codes=codes.BINARY),
            Variable(name="is_domestic", kind="code", codes=codes.BINARY),
        ),
    ),
    "episodes": Table(
        name="episodes",
        key="episode_id",
        links=(("person_id", "people"), ("relative_id", "relatives"), ("job_id", "jobs")),
        owners=("person_id", "relative_id"),
        carries_items=True,
        variables=_listed(
            *_each("key", "episode_id", "person_id", "relative_id", "job_id"),
            *_dates("depart", "return"),
            *_classified("ISO 3166-1", "origin", "destination"),
            *_classified("ISO 4217", "earnings_currency", "borrowed_currency"),
            *_each("text", "visa_type", "lender", "collateral", "act_forms"),
            Variable(name="status_on_arrival", kind="code", codes=codes.STATUS_ON_ARRIVAL),
            Variable(name="document_held_by", kind="code", codes=codes.DOCUMENT_HELD_BY),
            Variable(name="recruiter", kind="code", codes=codes.RECRUITER),
            Variable(name="age_at_start", kind="whole", unit="years", limits=_AGE),
            Variable(name="borrowed_amount", kind="number", limits=_NOT_NEGATIVE),
            Variable(name="interest_pct_month", kind="number", unit="percent", limits=_NOT_NEGATIVE),
            Variable(name="debt_outstanding", kind="number", limits=_NOT_NEGATIVE),
            Variable(name="months_to_repay", kind="number", unit="months", limits=_NOT_NEGATIVE),
            Variable(name="months_abroad", kind="number", unit="months", limits=_NOT_NEGATIVE),
            Variable(name="corridor", kind="code"),
            Variable(name="first_month_earnings", kind="number", unit="earnings_currency", limits=_NOT_NEGATIVE),
        ),
    ),
    "costs": Table(
        name="costs",
        key="cost_id",
        links=(("episode_id", "episodes"),),
        owners=("episode_id",),
        variables=_listed(
            *_each("key", "cost_id", "episode_id"),
            Variable(name="item", kind="code", codes=codes.COST_ITEMS),
            Variable(name="amount", kind="number", unit="currency", limits=_NOT_NEGATIVE),
            *_classified("ISO 4217", "currency"),
            *_each("text", "paid_to"),
            *_dates("date"),
            Variable(name="paid_by_worker", kind="code", codes=codes.BINARY),
            Variable(name="refundable", kind="code", codes=codes.BINARY),
        ),
    ),
    "relatives": Table(
        name="relatives",
        key="relative_id",
        links=(("reported_by", "people"), ("duplicates_person", "people")),
        owners=("reported_by",),
        variables=_listed(
            *_each("key", "relative_id", "reported_by", "duplicates_person"),
            Variable(name="relation", kind="code", codes=codes.RELATION),
            Variable(name="sex", kind="code", codes=codes.SEX),
            Variable(name="age", kind="whole", unit="years", limits=_AGE),
            Variable(name="alive_in_period", kind="code", codes=codes.BINARY),
            Variable(name="in_household", kind="code", codes=codes.BINARY),
            Variable(name="n_eligible_reporters", kind="whole", limits=(1.0, float("inf"))),
        ),
    ),
}
