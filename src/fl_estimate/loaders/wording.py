"""What results of a survey call units, columns and codes: the labels of its files, and over them what the mapping says."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

from fl_estimate.inputs.survey_data import Labels
from fl_estimate.inputs.wording import FILE, ColumnWords, SurveyWording, text_of
from fl_estimate.loaders.cells import recode_for
from fl_estimate.loaders.file_table import FileTable, code_text
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import LABELS, TableRule, VariableRule


def wording_of(
    mapping: Mapping,
    labels: Dictionary[str, Labels],
    rules: Dictionary[str, TableRule],
    files: Dictionary[str, FileTable],
) -> SurveyWording:
    """The words of a survey.

    Parameters
    ----------
    mapping : Mapping
    labels : mapping of str to Labels
        Labels of the columns of each table, as its file has them.
    rules : mapping of str to TableRule
    files : mapping of str to FileTable
    """
    columns: dict[str, ColumnWords] = {}
    for table in ("relatives", "costs", "episodes", "jobs", "households", "people"):
        if table in labels:
            columns |= _of_file(labels[table])
            for part in rules[table].parts:
                columns |= _of_recodes(mapping, part, files[part.source or table], columns)
    own = SurveyWording(
        unit=mapping.tables["people"].unit or "persons",
        columns={name: rule.words() for name, rule in mapping.labels.items()},
        population=text_of(mapping.population),
        country=mapping.country,
    )
    return own.over(SurveyWording(columns=columns))


def _of_file(labels: Labels) -> dict[str, ColumnWords]:
    names = dict.fromkeys([*labels.variables, *labels.values])
    return {
        name: ColumnWords(
            title={FILE: label} if (label := labels.variables.get(name, "")) else {},
            values={code_text(code): {FILE: words} for code, words in labels.values.get(name, {}).items()},
            # codes that are numbers have an order of their own
            ordered=any(isinstance(code, str) and not code.startswith(".") for code in labels.values.get(name, {})),
        )
        for name in names
    }


def _of_recodes(
    mapping: Mapping, rule: TableRule, file: FileTable, known: Dictionary[str, ColumnWords]
) -> dict[str, ColumnWords]:
    """Labels of the codes that recodes write, where one code of the file becomes one of theirs."""
    result: dict[str, ColumnWords] = {}
    for name, variable in rule.variables.items():
        if variable.recode is None or variable.column not in file.value_labels:
            continue
        words = known.get(name, ColumnWords())
        result[name] = ColumnWords(
            title=words.title, values=_written(mapping, variable, file), ordered=variable.recode == LABELS
        )
    return result


def _written(mapping: Mapping, variable: VariableRule, file: FileTable) -> dict[str, dict[str, str]]:
    of_file = {code_text(code): label for code, label in file.value_labels[str(variable.column)].items()}
    sources: dict[str, list[str]] = {}
    for key, to in (recode_for(mapping, variable, file) or {}).items():
        if key in of_file:
            sources.setdefault(str(to), []).append(of_file[key])
    if variable.otherwise is not None:
        sources.setdefault(str(variable.otherwise), []).append("")
    return {to: {FILE: labels[0]} for to, labels in sources.items() if len(labels) == 1 and labels[0]}
