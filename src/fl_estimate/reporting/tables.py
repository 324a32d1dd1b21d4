"""Published tables laid out for reading: units, decimals, heads, labels and notes. The one place where rows become text.

`layout` makes a Layout of written cells, from which HTML, great_tables and pictures are drawn alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from fl_estimate.errors import visible
from fl_estimate.inputs.wording import Wording
from fl_estimate.reporting.judging import based_on
from fl_estimate.reporting.labelling import SAME_UNIT, Labels, is_unweighted, several_methods, unit_of
from fl_estimate.reporting.naming import column_title, outcome_words, quantity_words, told, unit_forms, unit_words
from fl_estimate.reporting.palette import SOFT
from fl_estimate.reporting.precision import decimals_of
from fl_estimate.reporting.suppression import AT_MOST, LIMITS, NOT_PUBLISHED, SuppressionRule
from fl_estimate.reporting.truth import Truth
from fl_estimate.reporting.words import joined, level_words, number, opening, percent, say, spread

if TYPE_CHECKING:
    from great_tables import GT

    from fl_estimate.reporting.publish import PublishedEstimates, PublishedTable

PER_THOUSAND_BELOW = 0.05
"""A prevalence below this is shown per 1,000 persons, from this on in per cent; one unit for a whole table."""
PERSONS: frozenset[str] = frozenset({"total", "persons", "population_size", "dark_figure"})
"""Quantities that count persons."""
MONTHS = "_months"
"""Ends the name of an outcome that is time: its total counts person-months."""
MEDIAN = "0.5"
"""The term of the quantile that has a name."""
LISTED: frozenset[str] = frozenset({"population_size", "dark_figure"})
"""Quantities whose n are persons on lists, not respondents."""
CREDIBLE: frozenset[str] = frozenset({"equal-tailed"})
"""Kinds of interval that are statements of probability, and are called credible."""
ENVELOPES: frozenset[str] = frozenset({"envelope", "stated-range"})
CAUTION = "†"
WITHHELD_MARK = "‥"
EMPTY_MARK = "–"
NOTE_MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
MARKS = f"\u2009{CAUTION}{NOTE_MARKS}"
"""What may stand behind a written value: a thin space, the mark of caution, the figures of notes."""
OPTIONAL: tuple[str, ...] = ("cv", "n", "cases", "undetermined", "deff", "effective_n", "truth")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The unit in which a table's values are written: `factor` × natural units, and a code of the unit.

    A figure of a row is written with the digits that it has; `decimals` serve what belongs to no row.
    """

    factor: float
    decimals: int
    unit: str
    quantity: str
    counted: str = "persons"

    def write(self, value: float, language: str, like: Mapping[str, Any] | None = None) -> str:
        """A number in this unit, without the unit's name, with the decimals of a row; empty where it is missing."""
        decimals = self.decimals if like is None else self.places(like, "value")
        return "" if pd.isna(value) else number(float(value) * self.factor, decimals, language)

    def figure(self, record: Mapping[str, Any], name: str, language: str) -> str:
        """The value, standard error or a limit of a row in this unit, in the digits it has; empty where it is missing."""
        value = record[name]
        return "" if pd.isna(value) else number(float(value) * self.factor, self.places(record, name), language)

    def with_unit(self, record: Mapping[str, Any], name: str, language: str) -> str:
        """The same with the per cent sign, where the unit is per cent."""
        if self.unit == "prevalence.percent" and not pd.isna(record[name]):
            return percent(float(record[name]), self.places(record, name), language)
        return self.figure(record, name, language)

    def places(self, record: Mapping[str, Any], name: str) -> int:
        """Decimals of a number of a row in this unit."""
        return max(0, decimals_of(record)[name] - round(math.log10(self.factor)))

    def head(self, language: str) -> str:
        """The name of the quantity with its unit, as a column head."""
        if self.unit == "total" and self.quantity in SAME_UNIT | {"persons": ""}:
            return unit_words(self.counted, "number", language)
        head = say("head", f"unit.{self.unit}", language)
        return say("quantity", self.quantity, language) if head.startswith("unit.") else head


@dataclass(frozen=True, kw_only=True)
class LaidRow:
    """One row: a heading (no cells), or written cells by column key.

    `record` is the published row itself, `truth` the true value in natural units where it is known: for pictures.
    """

    label: str
    cells: Mapping[str, str] = field(default_factory=dict[str, str])
    heading: bool = False
    nation: bool = False
    withheld: bool = False
    truth: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A table ready to be drawn: caption, column heads by key, rows, the notes of its marks, what a line of a picture is."""

    name: str
    caption: str
    heads: Mapping[str, str]
    rows: tuple[LaidRow, ...]
    notes: tuple[tuple[str, str], ...]
    scale: Scale
    level: float
    legend: str


def layout(table: PublishedTable, language: str = "en", truth: Truth | None = None) -> Layout:
    """Write every cell of one published table in a language, the truth beside it where it is known."""
    frame = table.frame
    scale = scale_of(frame, table.wording.unit)
    if _narrowed(table):
        truth = None  # the truth is known of the whole population only
    level = float(frame["level"].dropna().iloc[0]) if frame["level"].notna().any() else 0.95
    marks = _marks(table)
    rows: list[LaidRow] = []
    names, methods = labels_of(table, language), several_methods(frame)
    several = frame["outcome"][(frame["outcome"] != "").to_numpy(dtype=bool)].nunique() > 1
    group: tuple[str, str] | None = None
    for place, record in enumerate(frame.to_dict("records")):
        entry = {str(key): value for key, value in record.items()}
        here = (str(entry["outcome"]) if several else "", str(entry["margin"]))
        if here != group:
            rows += _headings(here, group, table.wording, language)
            group = here
        row = _row(entry, table.by, names, scale, language, marks.get(place, ""), truth)
        # Among several methods no row is the nation that the others are parts of.
        rows.append(replace(row, nation=False) if methods else row)
    heads = _heads(rows, scale, interval_words(frame, level, language), language)
    if "n" in heads:
        heads["n"] = unit_words(table.wording.unit, "n", language)
    if "effective_n" in heads and table.wording.unit != "persons":
        heads["effective_n"] = say("head", "effective_size", language)
    if "n" in heads and frame["quantity"].isin(list(LISTED)).any():
        heads["n"] = say("head", "observed", language)
    if not _has_unknown(table):
        heads.pop("undetermined", None)
    return Layout(
        name=table.name,
        caption=visible(caption(table, language)),
        heads=heads,
        rows=tuple(rows),
        notes=(*_notes(table, language), *(("", note) for note in [told(table.wording.note, language)] if note)),
        scale=scale,
        level=level,
        legend=interval_words(frame, level, language, family="legend.interval") + _unweighted(table, language),
    )


def _unweighted(table: PublishedTable, language: str) -> str:
    """The word for a table in which every respondent counts the same, as it stands behind a caption."""
    return f" – {say('head', 'unweighted', language)}" if is_unweighted(table.assumptions) else ""


def _narrowed(table: PublishedTable) -> bool:
    """Whether a table is of a subpopulation; the scope of its own outcome is none."""
    own = {f"{outcome}_in_scope" for outcome in table.frame["outcome"]}
    said = [assumption for assumption in table.assumptions if assumption.code == "subpopulation"]
    return any(str(value) not in own for assumption in said for _, value in assumption.parameters)


def labels_of(table: PublishedTable, language: str, frame: pd.DataFrame | None = None) -> Labels:
    """The names of the rows of a table, or of the part of it that is shown."""
    shown = table.frame if frame is None else frame
    return Labels(shown, table.by, language, table.wording, unweighted=is_unweighted(table.assumptions))


def scale_of(frame: pd.DataFrame, counted: str = "persons") -> Scale:
    """Choose the unit and decimals of a table by its national rows (else by its largest printed figure)."""
    return replace(_scale(frame), counted=counted)


def _scale(frame: pd.DataFrame) -> Scale:
    quantity = str(frame["quantity"].iloc[0]) if len(frame) else ""
    shown = frame["value"].fillna(frame["upper"]).abs()
    nation = shown[(frame["margin"] == "").to_numpy(dtype=bool)].dropna()
    lead = float((nation if len(nation) else shown).max()) if shown.notna().any() else math.nan
    if quantity == "prevalence":
        thousand = not lead >= PER_THOUSAND_BELOW
        factor, unit = (1_000.0, "prevalence.thousand") if thousand else (100.0, "prevalence.percent")
        positive = (shown[shown > 0] * factor).min()
        decimals = max(1, _places(lead * factor, 2), _places(float(positive), 1))
        return Scale(factor=factor, decimals=min(decimals, 4), unit=unit, quantity=quantity)
    if quantity in PERSONS:
        months = frame["outcome"].astype(str).str.endswith(MONTHS).all()
        return Scale(factor=1.0, decimals=0, unit="months" if months else "total", quantity=quantity)
    se = frame["se"].where(frame["se"] > 0).min()
    decimals = _places(float(se), 2) if pd.notna(se) else _places(lead, 3)
    shown_as = "median" if _only_quantile(frame) == MEDIAN else quantity
    return Scale(factor=1.0, decimals=min(max(0, decimals), 6), unit=quantity, quantity=shown_as)


def _only_quantile(frame: pd.DataFrame) -> str:
    """The probability of a table of one quantile; empty where there are several, or none."""
    terms = frame["term"][(frame["quantity"] == "quantile").to_numpy(dtype=bool)].unique()
    return str(terms[0]) if len(terms) == 1 and len(frame["quantity"].unique()) == 1 else ""


def caption(table: PublishedTable, language: str, *, margin: str | None = None) -> str:
    """What the table shows: outcome, quantity, by what (all its margins, or the one named), and by which method.

    A design-weighted estimate is what a reader expects of a survey, and is not named.
    """
    plain = _unweighted(table, language)
    if (own := told(table.wording.title, language)) and margin is None:
        return own + plain
    outcomes = [outcome_words(table.wording, str(code), language) for code in table.frame["outcome"].unique() if code]
    codes = [str(code) for code in table.frame["quantity"].unique()]
    if several_methods(table.frame):
        codes = [unit_of(code) for code in codes]
    quantities = [quantity_words(code, table.wording.unit, language) for code in dict.fromkeys(codes)]
    if codes == ["total"] and scale_of(table.frame).unit == "months":
        quantities = [say("head", "unit.months", language)]
    if share := _only_quantile(table.frame):
        quantities = [say("quantity", "median", language)] if share == MEDIAN else [f"{quantities[0]} ({share})"]
    outcome = opening(", ".join(outcomes[:3]) + (" …" if len(outcomes) > 3 else ""))
    quantity = ", ".join(lowered(text) for text in quantities)
    margins = [margin] if margin else [name for name in table.frame["margin"].unique() if name]
    by = (
        joined([lowered(column_words(str(name), language, table.wording)) for name in margins], language)
        if margins
        else ""
    )
    if not outcome:
        said = opening(quantity)
    elif not by:
        said = say("head", "caption", language, outcome=outcome, quantity=quantity)
    else:
        said = say("head", "caption_by", language, outcome=outcome, quantity=quantity, by=by)
    how = _how(table.frame, language)
    return (f"{said} – {how}" if how else said) + plain


def _how(frame: pd.DataFrame, language: str) -> str:
    """The method of a whole table in words, where it is not the plain one."""
    if several_methods(frame):
        return say("head", "several_methods", language)
    if not len(frame) or based_on(frame, "respondents").any():
        return ""
    terms = [str(term) for term in frame["term"].unique()]
    model = f" ({say('term', terms[0], language)})" if len(terms) == 1 and terms[0] else ""
    return lowered(say("source", str(frame["method"].iloc[0]), language)) + model


def column_words(margin: str, language: str, wording: Wording) -> str:
    """A margin in words: Region × Sex."""
    return " × ".join(column_title(wording, part, language) for part in margin.split(" × "))


def great_table(published: PublishedEstimates, language: str = "en") -> GT:
    """All tables as one great_tables table, a group of rows for each margin of each."""
    from great_tables import GT, loc, style

    laid = [layout(table, language) for table in published.tables]
    heads = _joined_heads(laid, language)
    lines = [
        line for table, sheet in zip(published.tables, laid, strict=True) for line in _lines(table, sheet, language)
    ]
    body = pd.DataFrame(lines, columns=["table", "group", "label", "withheld", *heads])
    # Two tables may show the same quantity (with bounds and without): each keeps groups of its own.
    owners = body.groupby("group")["table"].transform("nunique") > 1
    body["group"] = body["group"].where(~owners, body["group"] + " (" + body["table"] + ")")
    withheld = body["withheld"].to_numpy(dtype=bool).nonzero()[0].tolist()
    drawn = GT(body.drop(columns=["table", "withheld"]).fillna(""), rowname_col="label", groupname_col="group")
    shown: dict[str, Any] = dict(heads)
    drawn = drawn.cols_label(shown).cols_align("right", columns=list(heads))
    if withheld:
        drawn = drawn.tab_style(style.text(style="italic", color=SOFT), loc.body(rows=withheld))
    for note in dict.fromkeys(text for sheet in laid for _, text in sheet.notes):
        drawn = drawn.tab_source_note(note)
    if said := few_cases_note(published, language):
        drawn = drawn.tab_source_note(said)
    return drawn.tab_source_note(rule_caution(published, language)).tab_options(
        table_font_size="14px", row_group_font_weight="600", stub_border_style="none", table_width="100%"
    )


def _lines(table: PublishedTable, sheet: Layout, language: str) -> Iterable[dict[str, Any]]:
    """The rows of one table with the group that each belongs to: outcome, quantity with its unit, margin."""
    quantity = lowered(sheet.scale.head(language))
    for row in sheet.rows:
        if row.heading:
            continue
        outcome = opening(outcome_words(table.wording, str(row.record["outcome"]), language))
        group = say("head", "caption", language, outcome=outcome, quantity=quantity) if outcome else opening(quantity)
        if row.record["margin"]:
            group += f" – {column_words(str(row.record['margin']), language, table.wording)}"
        group += _unweighted(table, language)
        yield {"table": table.name, "group": group, "label": row.label, "withheld": row.withheld, **row.cells}


def rule_caution(published: PublishedEstimates, language: str) -> str:
    """What the mark of caution means, with the rule's own thresholds."""
    rule = published.rule
    return say("sentence", "rule_caution", language, cv=percent(rule.caution_cv, 0, language), df=rule.caution_df)


def few_cases_note(published: PublishedEstimates, language: str, table: PublishedTable | None = None) -> str:
    """How few cases are treated and what that does to the figures beside them; empty where no row is so treated."""
    tables = published.tables if table is None else (table,)
    if not any((one.frame["publication"] == AT_MOST).any() for one in tables):
        return ""
    return say("sentence", "few_cases", language, most=published.rule.min_cases - 1)


def width_sentences(rule: SuppressionRule, language: str, unit: str = "persons") -> list[str]:
    """What the rule asks of the width of intervals, where it does."""
    said: list[str] = []
    if rule.min_effective_n:
        sample = unit_words(unit, "sample", language)
        said.append(say("sentence", "rule_effective_n", language, n=rule.min_effective_n, sample=sample))
    if math.isfinite(rule.max_relative_width):
        most = number(rule.max_relative_width, 1, language)
        said.append(say("sentence", "rule_width", language, most=most))
    if rule.sure_width:
        said.append(say("sentence", "rule_sure_width", language, width=percent(rule.sure_width, 0, language)))
    return said


def _joined_heads(laid: Sequence[Layout], language: str) -> dict[str, str]:
    heads: dict[str, str] = {}
    for sheet in laid:
        heads |= {key: text for key, text in sheet.heads.items() if key not in heads}
    heads["value"] = say("head", "estimate", language)
    order = ["bound", "value", "interval", *OPTIONAL]
    return {key: heads[key] for key in order if key in heads}


def _headings(
    here: tuple[str, str], before: tuple[str, str] | None, wording: Wording, language: str
) -> Iterable[LaidRow]:
    outcome, margin = here
    if outcome and (before is None or before[0] != outcome):
        yield LaidRow(label=visible(opening(outcome_words(wording, outcome, language))), heading=True)
    if margin:
        yield LaidRow(label=visible(opening(column_words(margin, language, wording))), heading=True)


def _row(
    record: dict[str, Any],
    by: Sequence[str],
    names: Labels,
    scale: Scale,
    language: str,
    mark: str,
    truth: Truth | None,
) -> LaidRow:
    """Write one published row; a withheld one has its words in place of a value and no numbers but n."""
    withheld = record["publication"] == NOT_PUBLISHED
    true_value = truth.of(record, by) if truth is not None and not withheld else None
    cells = {"n": _count(record["n"], language)}
    if record["bound"]:
        cells["bound"] = say("head", f"bound.{record['bound']}", language)
    if withheld:
        cells |= {"value": say("flag", NOT_PUBLISHED, language), "interval": "", "cv": ""}
        cells |= dict.fromkeys(("cases", "undetermined", "deff", "effective_n"), WITHHELD_MARK)
        cells["n"] = cells["n"] or WITHHELD_MARK
    else:
        cells |= _numbers(record, scale, language, mark)
        if true_value is not None:
            cells["truth"] = scale.write(true_value, language, record)
    return LaidRow(
        label=visible(names.of(record)),
        cells=cells,
        nation=record["margin"] == "",
        withheld=withheld,
        truth=true_value,
        record=record,
    )


def _numbers(record: Mapping[str, Any], scale: Scale, language: str, mark: str) -> dict[str, str]:
    lower, upper = (scale.figure(record, name, language) for name in ("lower", "upper"))
    status = str(record["publication"])
    if status in LIMITS:
        value, cv = say("flag", status, language, upper=upper), math.nan
    else:
        value, cv = scale.figure(record, "value", language), _ratio(record["se"], record["value"])
    flag = CAUTION if record["caution"] else ""
    return {
        "value": f"{value}{'\u2009' if flag else ''}{flag}{mark}",
        "interval": spread(lower, upper, language)
        if lower and upper and (status != AT_MOST or record["lower"] > 0)
        else EMPTY_MARK,
        "cv": EMPTY_MARK if math.isnan(cv) else percent(cv, 1, language),
        "cases": _count(record["cases"], language),
        "undetermined": "" if _na(record["undetermined"]) else percent(record["undetermined"], 1, language),
        "deff": "" if _na(record["deff"]) else number(record["deff"], 2, language),
        "effective_n": _count(_ratio(record["n"], record["deff"]), language),
    }


def interval_words(frame: pd.DataFrame, level: float, language: str, *, family: str = "interval") -> str:
    """What the intervals of a table are called: confidence, credible, an envelope, or plainly intervals if of several kinds."""
    named = {str(kind) for kind in frame["interval_kind"] if kind}
    kinds = {kind in CREDIBLE for kind in named}
    code = family if kinds <= {False} else f"{family}.credible" if kinds == {True} else f"{family}.mixed"
    if named & ENVELOPES:
        code = f"{family}.envelope" if named <= ENVELOPES else f"{family}.mixed"
    return say("head", code, language, level=level_words(level, language))


def _heads(rows: Sequence[LaidRow], scale: Scale, interval: str, language: str) -> dict[str, str]:
    """Heads of the columns that have anything in them."""
    filled = {key for row in rows for key, text in row.cells.items() if text not in ("", WITHHELD_MARK, EMPTY_MARK)}
    heads = {"value": scale.head(language)}
    heads["interval"] = interval
    heads |= {key: say("head", key, language) for key in OPTIONAL if key in filled}
    return {"bound": say("head", "bound", language), **heads} if "bound" in filled else heads


def _has_unknown(table: PublishedTable) -> bool:
    """Whether unknown answers were met, or decided on: else a column of zeros would say nothing."""
    decided = any(assumption.code.startswith("unknown_") for assumption in table.assumptions)
    return decided or bool((table.frame["undetermined"] > 0).any())


def _marks(table: PublishedTable) -> dict[int, str]:
    """The note marks of each row, as superscript figures."""
    numbers = {code: place for place, code in enumerate(_noted(table), 1)}
    marks: dict[int, str] = {}
    for reason in table.reasons:
        if (key := (reason.code, reason.parameters)) in numbers:
            marks[reason.row] = marks.get(reason.row, "") + str(numbers[key]).translate(_SUPERSCRIPT)
    return marks


def _notes(table: PublishedTable, language: str) -> Iterable[tuple[str, str]]:
    forms = unit_forms(table.wording.unit, language)
    for place, (code, parameters) in enumerate(_noted(table), 1):
        yield str(place), say("reason", code, language, **{**forms, **dict(parameters)})


def _noted(table: PublishedTable) -> list[tuple[str, tuple[tuple[str, Any], ...]]]:
    """The reasons that need a note, each once; the words "fewer than" speak for zero cases by themselves."""
    spoken = set(table.frame["publication"].isin(list(LIMITS)).to_numpy().nonzero()[0].tolist())
    kept = [r for r in table.reasons if not (r.code == "zero_cases" and r.row in spoken)]
    return list(dict.fromkeys((reason.code, reason.parameters) for reason in kept))


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _places(value: float, digits: int) -> int:
    """Decimals that show this many significant digits of a value."""
    if not (math.isfinite(value) and value > 0):
        return 0
    return digits - 1 - math.floor(math.log10(value))


def _ratio(se: float, value: float) -> float:
    return math.nan if _na(se) or _na(value) or value == 0 else float(se) / abs(float(value))


def _count(value: Any, language: str) -> str:
    return "" if _na(value) else number(float(value), 0, language)


def _na(value: Any) -> bool:
    return bool(pd.isna(value))


def lowered(text: str) -> str:
    """The same text with a small initial, for the middle of a sentence; abbreviations keep theirs."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
