"""Reports of a family-network survey: one row for each respondent and each relative told of, with who told it, by the counting rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from fl_estimate.errors import EstimateFault, decoding, missing_columns
from fl_estimate.estimators.survey.targets import names_in
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.codes import RELATION
from fl_estimate.schema.expressions import parse

if TYPE_CHECKING:
    import polars as pl

Counting = Literal["households", "persons"]
COUNTINGS: tuple[str, ...] = ("households", "persons")
HOUSEHOLDS: Counting = "households"
PERSON, HOUSEHOLD, RELATIVE, REPORTER, RELATION_COLUMN = "person_id", "hh_id", "relative_id", "reported_by", "relation"
TWIN, INSIDE, ALSO = "duplicates_person", "in_household", "also_reported_by"
WEIGHT_OF_HOUSEHOLD, WEIGHT_OF_PERSON = "weight_hh", "weight_person"
AGE, AGE_AT_INTERVIEW = "age", "age_interview"
SELF, MEMBER = "self", "member"
"""What the column `relation` holds for the respondent, and for members of a household that reports as one."""
BETWEEN = "\t"
"""What stands between the ids of `also_reported_by`."""
UNIT, WHO, OWN = "__unit", "__who", "__own"
SIZES: dict[str, str] = {relation: f"network_size_{relation}" for relation in RELATION}


@dataclass(frozen=True, kw_only=True)
class ReportsAsked:
    """What a call asks of the reports: names of columns, and the rule by which they count.

    Attributes
    ----------
    counting : {"households", "persons"}
    outcomes : tuple of str
        As they were named; of a class the columns of what is possible and of who is in scope go with them.
    groups : tuple of str
        By-columns.
    where, eligible : str or None
    multiplicity : str
        Column of the relatives; empty where it is worked out from the sizes of networks.
    own : str
        Column of the people; empty where their multiplicity is worked out from the sizes of networks.
    own_counted : bool
    weights : str or None
        Column of the weights of households, where these report.
    """

    counting: Counting
    outcomes: tuple[str, ...]
    groups: tuple[str, ...]
    where: str | None
    eligible: str | None
    multiplicity: str
    own: str
    own_counted: bool
    weights: str | None


@dataclass(frozen=True, kw_only=True)
class Reports:
    """The rows of all who are reported on, with their reporter's columns.

    Attributes
    ----------
    frame : polars.DataFrame
        The respondents first (each whether they count or not, so that no unit is lost), then the relatives told of.
    of_relatives : frozenset of str
        Columns of the relatives, which say something of the person and not of who told it.
    classified : tuple of str
        Outcomes that have what is possible and who is in scope beside them.
    left_out : mapping of str to int
        Relatives that do not count, by why.
    """

    frame: pl.DataFrame
    of_relatives: frozenset[str]
    classified: tuple[str, ...]
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def columns_of(frame: Any) -> list[str]:
    """The names of the columns of a frame."""
    return list(_frame(frame).collect_schema().names())


def read_reports(people: Any, relatives: Any, design: Design, asked: ReportsAsked) -> Reports:
    """Lay people and relatives under each other, each relative with what is known of who told it.

    A column that both tables have is that of the person counted; one of the people alone is that of the reporter.

    Raises
    ------
    EstimateFault
        FL-EST-500: columns are not there; FL-EST-501: ids are missing or not unique; FL-EST-502: relatives whom nobody in the survey told of; FL-EST-504: relatives
        who live in the household and are not said to be whom.
    """
    import polars as pl

    own, told = columns_of(people), columns_of(relatives)
    wanted = _wanted(asked, design, own, told)
    own_frame = _with_unit(_in_memory(people, [name for name in wanted if name in own]), asked)
    found = _in_memory(relatives, [name for name in wanted if name in told])
    left_out: dict[str, int] = {}
    if asked.eligible is not None:
        fitting = nw.from_native(found).filter(parse(asked.eligible).truth(nw.from_native(found).schema)[0])
        left_out["not_eligible"] = len(found) - len(fitting)
        found = fitting.to_native()
    classified = tuple(
        name for name in asked.outcomes if f"{name}_possible" in told and f"{name}_in_scope" in told
    )  # fmt: skip
    found, unasked = _asked_of(found, classified, eligible=asked.eligible is not None)
    left_out["unasked"] = unasked
    found = _by_each_reporter(found, asked)
    found = found.with_columns(pl.col(REPORTER).cast(pl.String), pl.lit(False).alias(OWN))
    found = _with_reporter(found, own_frame)
    mine = _own_rows(own_frame, found.columns, asked, classified)
    found, twins = _without_twins(found, mine, asked, classified)
    left_out["twins"] = twins
    found = found.unique([UNIT, WHO], keep="first", maintain_order=True)
    return Reports(
        frame=_under_each_other(mine, found), of_relatives=frozenset(told), classified=classified, left_out=left_out
    )


def _frame(data: Any) -> Any:
    try:
        return nw.from_native(data)
    except TypeError:
        raise EstimateFault(
            "FL-EST-01", "people or relatives are not a data frame", found=type(data).__name__,
            fix="pass a SurveyData, a Classification, or a pandas, polars, pyarrow or DuckDB frame",
        ) from None  # fmt: skip


def _in_memory(data: Any, names: Sequence[str]) -> pl.DataFrame:
    """The columns that are needed, in polars, whatever engine holds them."""
    import polars as pl

    frame = _frame(data)
    with decoding():
        read = frame.lazy().select(*names).collect("polars").to_native()
    keys = [n for n in (PERSON, HOUSEHOLD, RELATIVE, REPORTER, TWIN) if n in read.columns]
    ordered = {name: pl.Enum(levels) for name, levels in _ordered(frame, names).items() if name not in keys}
    kept = [pl.col(name).cast(pl.String).cast(levels) for name, levels in ordered.items()]
    return read.with_columns(pl.col(keys).cast(pl.String), *kept)


def _ordered(frame: Any, names: Sequence[str]) -> dict[str, list[str]]:
    """Categories whose order is meant, by column: those of an Enum, and of an ordered categorical of pandas."""
    schema = frame.collect_schema()
    result: dict[str, list[str]] = {}
    for name in names:
        dtype = schema[name]
        if isinstance(dtype, nw.Enum):
            result[name] = [str(level) for level in dtype.categories]
        elif isinstance(dtype, nw.Categorical) and frame.implementation.is_pandas():
            native = frame.to_native()[name].dtype
            if getattr(native, "ordered", False):
                result[name] = [str(level) for level in native.categories]
    return result


def _wanted(asked: ReportsAsked, design: Design, own: Sequence[str], told: Sequence[str]) -> list[str]:
    """The columns of either table that are needed, each once; refuses all at once those that neither has."""
    every = [*dict.fromkeys([*own, *told])]
    named = [*asked.outcomes, *asked.groups, *names_in(asked.where, every)]
    of_relatives = [REPORTER, *asked.outcomes, *names_in(asked.eligible, told)]
    of_relatives += [asked.multiplicity] if asked.multiplicity else [RELATION_COLUMN]
    # Of households that are a row each the id of the household is that of whoever answered.
    of_people = [HOUSEHOLD if PERSON not in own and HOUSEHOLD in own else PERSON, *design.columns]
    of_people += [asked.own] if asked.own else []
    of_people += [asked.weights] if asked.weights else []
    of_people += list(asked.outcomes) if asked.own_counted else []
    absent = [name for name in of_relatives if name not in told]
    absent += [name for name in of_people if name not in own]
    absent += [name for name in named if name not in every]
    if absent:
        raise missing_columns("FL-EST-500", list(dict.fromkeys(absent)), every, EstimateFault)
    beside = [f"{name}{side}" for name in asked.outcomes for side in ("_possible", "_in_scope")]
    keys = [HOUSEHOLD, RELATIVE, TWIN, INSIDE, ALSO, RELATION_COLUMN, AGE, *SIZES.values()]
    keys += [AGE_AT_INTERVIEW] if AGE in named else []
    return list(dict.fromkeys([*of_relatives, *of_people, *named, *(n for n in (*beside, *keys) if n in every)]))


def _with_unit(people: pl.DataFrame, asked: ReportsAsked) -> pl.DataFrame:
    """Who reports: the household, or the row where there is none; the person."""
    import polars as pl

    if PERSON not in people.columns:
        people = people.with_columns(pl.col(HOUSEHOLD).alias(PERSON))
    by_household = asked.counting == HOUSEHOLDS and HOUSEHOLD in people.columns
    unit = HOUSEHOLD if by_household else PERSON
    unclear = {name: people[name].null_count() for name in dict.fromkeys((unit, PERSON))}
    again = len(people) - people[PERSON].n_unique()
    said = [f"{name} is missing in {count:,} rows" for name, count in unclear.items() if count]
    said += [f"{PERSON} is there before in {again:,} rows"] if again and not unclear[PERSON] else []
    if said:
        raise EstimateFault(
            "FL-EST-501", "it is not known who reports", found="; ".join(said),
            fix=f"give every row a {PERSON} of its own, and members of one household the same {HOUSEHOLD}",
        )  # fmt: skip
    return people.with_columns(pl.col(unit).alias(UNIT))


def _asked_of(found: pl.DataFrame, classified: Sequence[str], *, eligible: bool) -> tuple[pl.DataFrame, int]:
    """Relatives of whom nothing was asked: of unknown class where they are said to be eligible, else left out; and how many."""
    import polars as pl

    if not classified:
        return found, 0
    silent = pl.all_horizontal(pl.col(f"{name}_in_scope") != 1 for name in classified)
    unasked = int(found.select(silent.sum()).item() or 0)
    if not eligible:
        return found, unasked
    made: list[pl.Expr] = []
    for name in classified:
        none = pl.col(f"{name}_in_scope") != 1
        made += [
            pl.when(none).then(1).otherwise(pl.col(f"{name}_possible")).alias(f"{name}_possible"),
            pl.lit(1).alias(f"{name}_in_scope"),
        ]
    return found.with_columns(made), unasked


def _by_each_reporter(found: pl.DataFrame, asked: ReportsAsked) -> pl.DataFrame:
    """Where persons report, one row for each of them who told of a relative: loading keeps the first and names the others."""
    import polars as pl

    if RELATIVE not in found.columns:
        found = (
            found.with_row_index("__line").with_columns(pl.format("__line{}", "__line").alias(RELATIVE)).drop("__line")
        )
    if ALSO not in found.columns or asked.counting == HOUSEHOLDS:
        return found
    others = found.filter(pl.col(ALSO).is_not_null()).with_columns(pl.col(ALSO).str.split(BETWEEN).alias(REPORTER))
    return pl.concat([found, others.explode(REPORTER)], how="vertical_relaxed")


def _with_reporter(found: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    alone = [name for name in people.columns if name not in found.columns or name in (UNIT,)]
    reporters = people.unique(PERSON, keep="first", maintain_order=True).with_columns(pl.lit(True).alias("__met"))
    joined = found.join(
        reporters.select(*dict.fromkeys([*alone, PERSON, "__met"])),
        left_on=REPORTER, right_on=PERSON, how="left", maintain_order="left",
    )  # fmt: skip
    strangers = joined["__met"].null_count()
    if strangers:
        raise EstimateFault(
            "FL-EST-502", "relatives were told of by nobody in the survey", found=f"{strangers:,} rows",
            fix=f"{REPORTER} of a relative is the {PERSON} of the respondent who told of them",
        )  # fmt: skip
    identity = pl.format("r{}", pl.col(RELATIVE))
    if TWIN in joined.columns:
        identity = pl.when(pl.col(TWIN).is_null()).then(identity).otherwise(_person(TWIN))
    return joined.drop("__met").with_columns(identity.alias(WHO))


def _person(name: str) -> pl.Expr:
    """A person of the survey, whom no relative of the same id is."""
    import polars as pl

    return pl.format("p{}", pl.col(name))


def _own_rows(
    people: pl.DataFrame, told: Sequence[str], asked: ReportsAsked, classified: Sequence[str]
) -> pl.DataFrame:
    """The rows of the respondents; where they do not count themselves they only show that their unit was in the sample."""
    import polars as pl

    made = [pl.lit(True).alias(OWN), _person(PERSON).alias(WHO)]
    made.append(pl.lit(MEMBER if asked.counting == HOUSEHOLDS else SELF).alias(RELATION_COLUMN))
    if AGE in told and AGE not in people.columns and AGE_AT_INTERVIEW in people.columns:
        made.append(pl.col(AGE_AT_INTERVIEW).alias(AGE))
    if not asked.own_counted:
        names = [f"{name}{side}" for name in classified for side in ("", "_possible", "_in_scope")]
        made += [pl.lit(0).alias(name) for name in names]
    absent = [f"{name}{side}" for name in classified for side in ("_possible", "_in_scope")]
    absent = [name for name in absent if asked.own_counted and name not in people.columns]
    if absent:
        raise missing_columns("FL-EST-500", absent, people.columns, EstimateFault)
    return people.with_columns(made)


def _without_twins(
    found: pl.DataFrame, mine: pl.DataFrame, asked: ReportsAsked, classified: Sequence[str]
) -> tuple[pl.DataFrame, int]:
    """Leave out, of a household that reports as one, relatives who are members of it and counted as such."""
    import polars as pl

    if asked.counting != HOUSEHOLDS or not asked.own_counted:
        return found, 0
    if INSIDE in found.columns:
        unnamed = pl.col(INSIDE) == "yes"
        if TWIN in found.columns:
            unnamed = unnamed & pl.col(TWIN).is_null()
        count = int(found.select(unnamed.fill_null(False).sum()).item())
        if count:
            raise EstimateFault(
                "FL-EST-504", "relatives live in the household that reports, and it is not said whom of its members they are",
                found=f"{count:,} rows; they would be counted twice",
                fix=f"map {TWIN}, or leave them out with eligible=\"{INSIDE} == 'no'\"",
            )  # fmt: skip
    counted = mine
    if classified:
        counted = mine.filter(pl.any_horizontal(pl.col(f"{name}_in_scope") == 1 for name in classified))
    kept = found.join(counted.select(UNIT, WHO), on=[UNIT, WHO], how="anti", maintain_order="left")
    return kept, len(found) - len(kept)


def _under_each_other(mine: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Both tables as one; a column that is text in one of them is text, and categories are text where they differ."""
    import polars as pl

    for name in set(mine.columns) & set(found.columns):
        one, other = mine.schema[name], found.schema[name]
        if one != other and not (one.is_numeric() and other.is_numeric()):
            mine, found = (part.with_columns(pl.col(name).cast(pl.String)) for part in (mine, found))
    return pl.concat([mine, found], how="diagonal_relaxed")
