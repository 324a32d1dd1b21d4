"""What a study calls things: its ``[labels]`` over those of the mappings, and the titles and notes of its estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fl_estimate.inputs.wording import SurveyWording, text_of
from fl_estimate.inputs.wording import in_language as said_in
from fl_estimate.loaders.mapping_parts import LabelRule, Words
from fl_estimate.results.estimates import Estimates


def labelled(labels: Mapping[str, LabelRule]) -> SurveyWording:
    """The words of ``[labels]``."""
    return SurveyWording(columns={name: rule.words() for name, rule in labels.items()})


def entitled(made: Estimates, entry: Any, labels: Mapping[str, LabelRule]) -> Estimates:
    """An estimate with the title and note that its entry gives, and the words of the study for what no survey has."""
    wording = (
        labelled(labels).only([*made.by, *(str(name) for name in made.frame["outcome"].unique())]).over(made.wording)
    )
    title, note = text_of(getattr(entry, "title", "")), text_of(getattr(entry, "note", ""))
    return replace(made, wording=replace(wording, title=title, note=note))


def in_language(words: Words, language: str) -> str:
    """A title in a language: that of the language, else the one for all, else the English or first one."""
    from fl_estimate.loaders.mapping_parts import main_text

    return words if isinstance(words, str) else said_in(words, language) or main_text(words)
