"""What is published together, laid out in one language: what an output format is given. Nothing is written or drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from fl_estimate.neutral import NEUTRAL, OutputTarget
from fl_estimate.pages.frames import harmless
from fl_estimate.reporting.headline import Headline, headline
from fl_estimate.reporting.labelling import is_unweighted
from fl_estimate.reporting.layout import WITHHELD_MARK, Layout, layout
from fl_estimate.reporting.monitoring import monitoring_sentences
from fl_estimate.reporting.naming import assumption_words
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables, joined
from fl_estimate.reporting.rule_words import few_cases_note, rule_caution
from fl_estimate.results.rounds import BRIDGE_STATED
from fl_estimate.words.languages import check_language
from fl_estimate.words.say import say


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """All that is published together, in one language; tables are laid out once, whatever number of formats draws them.

    Attributes
    ----------
    published : PublishedTables
    language : str
    particulars : Particulars
        What a report says beside the estimates.

    target : OutputTarget
        Who reads what is made of it: texts are harmless there.

    Raises
    ------
    PublishFault
        FL-PUB-07: a language without words.
    """

    published: PublishedTables
    language: str = "en"
    particulars: Particulars = field(default_factory=Particulars)
    target: OutputTarget = OutputTarget.TERMINAL
    _kept: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        check_language(self.language)

    def read_as(self, target: OutputTarget) -> Document:
        """The same document for other readers; what was laid out is kept."""
        return self if target is self.target else replace(self, target=target)

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """Each table as it is read: text and values of its cells, heads, marks, notes."""
        if "layouts" not in self._kept:
            made = (layout(table, self.language, self.particulars.truth) for table in self.published.tables)
            self._kept["layouts"] = tuple(made)
        return tuple(sheet.harmless(NEUTRAL[self.target]) for sheet in self._kept["layouts"])

    @property
    def sheets(self) -> Iterator[tuple[PublishedTable, Layout]]:
        """Each table as it was published, and as it is read."""
        return zip(self.published.tables, self.layouts, strict=True)

    @cached_property
    def headline(self) -> Headline:
        """The national figure in words and in large type, and how it changed between rounds."""
        if "headline" not in self._kept:
            made = headline(self.published, self.language, self.particulars.truth)
            said = (*made.sentences, *monitoring_sentences(self.published, self.language))
            self._kept["headline"] = replace(made, sentences=said)
        return self._kept["headline"]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All tables under each other, for machines: the codes of the survey and our own, no words of a language."""
        return harmless(joined(self.published.tables), NEUTRAL[self.target])

    @property
    def caution(self) -> str:
        """What the mark of caution means, with the rule's own thresholds."""
        return rule_caution(self.published, self.language)

    def notes(self, table: PublishedTable, sheet: Layout) -> list[tuple[str, str]]:
        """What stands under a table as (mark, text): what its marks and heads mean, and how its few cases are treated."""
        result = list(sheet.notes)
        if sheet.flagged:
            result.append(("", self.caution))
        if said := few_cases_note(self.published, self.language, table):
            result.append(("", said))
        result += [
            ("", assumption_words(table.wording, said, self.language))
            for said in table.assumptions
            if said.code == BRIDGE_STATED
        ]
        if "undetermined" in sheet.heads:
            plain = ".unweighted" if is_unweighted(table.assumptions) else ""
            result.append(("", say("sentence", f"undetermined_head{plain}", self.language)))
        if any(row.cells.get(key) == WITHHELD_MARK for row in sheet.rows for key in sheet.heads):
            result.append(("", say("sentence", "withheld_mark", self.language)))
        return result
