"""What a run shows of what it published: in its folder every registered format that belongs there, and tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fl_estimate.reporting.appraisals import PublishedAppraisal
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.file_names import as_files
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reporting.published_tables import PublishedTables
from fl_estimate.reporting.renderers import APPRAISAL, ESTIMATES, Renderer, formats, make, write
from fl_estimate.reporting.truth import Truth


def write_all(
    published: PublishedTables,
    folder: Path,
    languages: Sequence[str],
    *,
    particulars: Particulars | None = None,
    titles: Mapping[str, str] | None = None,
    appraisals: Mapping[str, PublishedAppraisal] | None = None,
) -> tuple[Path, ...]:
    """Write what is published in every format that belongs to a run.

    Parameters
    ----------
    published : PublishedEstimates
    folder : Path
        Which is there.
    languages : sequence of {"en", "fr", "es"}
        The first is that of files with plain names; formats for machines are written once.
    particulars : Particulars, optional
        What a report says beside the estimates.
    titles : mapping of language to str, optional
        Of the report; languages without one have that of `particulars`.
    appraisals : mapping of name to PublishedAppraisal, optional
        Of case lists: a page each, which the report says where to find.

    Returns
    -------
    tuple of Path
        The files, in the order written.
    """
    shown, first = appraisals or {}, languages[0]
    stems = as_files(shown)
    written: list[Path] = []
    for language in languages:
        pages: list[tuple[str, str]] = []
        for renderer in _of_a_run(APPRAISAL, language, first):
            for name, appraisal in shown.items():
                file = renderer.file(language, first, stems[name])
                written.append(write(APPRAISAL, renderer.name, appraisal, folder / file, language=language))
                if ".html" in renderer.endings:
                    pages.append((name, file))
        told = particulars or Particulars()
        told = replace(told, pages=pages, title=(titles or {}).get(language, told.title))
        document = Document(published=published, language=language, particulars=told)
        for renderer in _of_a_run(ESTIMATES, language, first):
            written.append(write(ESTIMATES, renderer.name, document, folder / renderer.file(language, first)))
    return tuple(written)


def tell(published: PublishedTables, truth: Truth | None = None) -> None:
    """Print every table on the terminal, then the national figure in words."""
    make(ESTIMATES, "terminal", Document(published=published, particulars=Particulars(truth=truth)))


def names_in_a_run() -> tuple[str, ...]:
    """Patterns of the names that files of a run may have, for what watches over its folder."""
    every = [renderer for of in (ESTIMATES, APPRAISAL) for renderer in formats(of).values()]
    return tuple(pattern for renderer in every for pattern in renderer.patterns())


def _of_a_run(of: str, language: str, first: str) -> list[Renderer]:
    return [each for each in formats(of).values() if each.run and (each.in_each_language or language == first)]
