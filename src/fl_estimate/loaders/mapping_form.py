"""A mapping in its form: what its parts are, and what they come to. Reading and checking one is in `mapping`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.mapping_parts import (
    Code,
    DesignRule,
    LabelRules,
    MappingPart,
    MappingPeriod,
    RatesRule,
    Recode,
    SelectionRule,
    SourceRule,
    TableRule,
    VariableRule,
    Words,
)


class MappingForm(MappingPart):
    """The parts of a `Mapping`, which says what each of them is."""

    id: str
    title: Words = ""
    kind: Literal["household", "returning_migrant", "family_network", "respondent_driven", "establishment", "admin"] = (
        "household"
    )
    country: str = ""
    population: Words = ""
    licence: str = ""
    citation: str = ""
    reference_period: MappingPeriod | None = None
    source: SourceRule = SourceRule()
    design: DesignRule | None = None
    totals: dict[str, float | dict[str, float]] = Field(default_factory=dict)
    rates: RatesRule | None = None
    selection: tuple[SelectionRule, ...] = ()
    recodes: dict[str, Recode] = Field(default_factory=dict)
    labels: LabelRules = Field(default_factory=dict)
    tables: dict[str, TableRule]

    def recode_of(self, rule: VariableRule) -> dict[str, Code] | None:
        """Give the codes of a variable, whether written with it or by name."""
        return self.recodes.get(rule.recode) if isinstance(rule.recode, str) else rule.recode

    def text_format(self) -> TextFormat:
        """Say how the files are written."""
        return TextFormat(**self.source.model_dump(exclude={"files", "join", "labelled_missing"}))

    def main_table(self) -> str:
        """The table whose rows are those of the file that is loaded, if it is one file."""
        rule = self.tables.get("people")
        return rule.source if rule is not None and rule.source is not None else "people"

    def sample_design(self) -> Design | None:
        """Give the design in the form that estimators take."""
        if self.design is None:
            return None
        people = self.totals.get("people")
        counted = isinstance(people, float | int) and self.design.population_size is None and not self.design.unweighted
        design = self.design.design()
        groups = {name: known for name, known in self.totals.items() if isinstance(known, dict)}
        if groups and not self.design.unweighted:
            design = replace(design, populations={**groups, **self.design.populations})
        return replace(design, population_size=people) if counted else design

    def period(self) -> ReferencePeriod | None:
        """Give the reference period in the form that results take."""
        rule = self.reference_period
        if rule is None:
            return None
        return ReferencePeriod(
            kind=rule.kind, start=rule.start, end=rule.end, months=rule.months, before=rule.before or ""
        )
