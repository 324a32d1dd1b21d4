"""Run a study: one file in, one folder out. The short way of calling load, classify, estimate and publish."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fl_estimate.errors import EstimateFault, FlError
from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.estimators.survey.imputed import imputation_arguments
from fl_estimate.indicators.clock import require_period
from fl_estimate.reporting.appraisals import PublishedAppraisal, publish_appraisal
from fl_estimate.reporting.over_rounds import over_rounds
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reporting.publish import publish
from fl_estimate.reporting.published import PublishedEstimates
from fl_estimate.reporting.releases import Release, geography
from fl_estimate.reporting.run_folder import write_all
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.survey_test import SurveyTest
from fl_estimate.study.calls import make_estimate, try_out
from fl_estimate.study.config import Study, read_study, read_with_faults
from fl_estimate.study.folder import FORM, read_manifest, replacing, require_free, write_manifest
from fl_estimate.study.forms import Entry, PeopleEntry
from fl_estimate.study.gathering import Faults
from fl_estimate.study.imputing import with_bounds
from fl_estimate.study.inputs import (
    Fingerprint,
    StudyInputs,
    Tell,
    fingerprint,
    package_versions,
    read_inputs,
    ready,
    written_files,
)
from fl_estimate.study.kept import KeptEstimates, estimate_keys, kept_in
from fl_estimate.study.labelling import entitled, in_language
from fl_estimate.study.measured_alike import require_measured_alike
from fl_estimate.study.nesting import nested_by_columns
from fl_estimate.study.over_rounds import of_round, require_one_geography, require_rounds_apart, tables_over_rounds
from fl_estimate.study.plan import earlier, of_national_figures
from fl_estimate.study.private import open_private, write_private
from fl_estimate.study.reading_ahead import read_for_all
from fl_estimate.study.settings import Settings
from fl_estimate.study.surroundings import Stamps, as_they_were, enough_memory
from fl_estimate.study.told import how_run, plainly, texts
from fl_estimate.version import package_version
from fl_estimate.words.languages import words_of
from fl_estimate.words.say import fallen_back


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """What a run of a study gave.

    Attributes
    ----------
    estimates : mapping of str to Estimates
        In full, for the analyst, by name; empty where the run was skipped.
    published : PublishedEstimates or None
        What stands in the folder; None where the run was skipped or every estimate failed.
    failed : mapping of str to FlError
        Estimates that could not be made.
    folder : Path
    manifest : dict
        As in ``manifest.json``.
    skipped : bool
        Whether the folder was already what this run would give (``resume=True``).
    inputs : StudyInputs or None
        What was read.
    appraisals : mapping of str to Appraisal
        In full, for the analyst, by the name of the estimate whose method is ``appraise``.
    taken : tuple of str
        Estimates that were not made again, but taken from the private folder (``resume=True``).
    """

    estimates: Mapping[str, Estimates]
    published: PublishedEstimates | None
    failed: Mapping[str, FlError] = field(default_factory=dict[str, FlError])
    folder: Path
    manifest: Mapping[str, Any]
    skipped: bool = False
    inputs: StudyInputs | None = None
    appraisals: Mapping[str, Appraisal] = field(default_factory=dict[str, "Appraisal"])
    taken: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every estimate was made."""
        return not self.failed


def run_study(
    path: str | Path,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    private: str | Path | None = None,
    progress: Tell | None = None,
    settings: Settings | None = None,
) -> StudyResult:
    """Run a study file and leave one folder with everything that may be published.

    The long way is ``fl.load`` for each source, ``fl.classify``, an estimator for each ``[[estimate]]``, one
    ``fl.publish`` of them all, and ``to_csv``, ``to_parquet``, ``to_html`` of what is published.

    Parameters
    ----------
    path : str or Path
        The study file; paths in it start from its folder.
    out : str or Path, optional
        Where the folder goes. Default: `out` of the study file, else ``out/<stem of the study>`` where you are.
        Of a folder with a result the files that its manifest lists are replaced, and everything else in it is kept; any
        other folder that is not empty is refused.
    resume : bool, default False
        Leave a folder alone that was made from the same bytes, study and packages, without a failed estimate. A study of
        case lists needs `private` for that: without its key nothing is kept by which their file could be known again.
        Where something changed and `private` is given, an estimate whose own inputs, keys and packages did not is taken from there;
        its draws come with it, the chains of its model (`inference`) do not. Publication is done anew over all of them.
    private : str or Path, optional
        A folder for full values, for which rows were withheld and why, and for the key of fingerprints. It is made for its
        owner alone (mode 700), marked as not for release, and apart from the result folder. Without it nothing in full is written.
    progress : callable, optional
        Called with a few words at each step.
    settings : mapping, optional
        Keys that are set over those of the file, ``{"publish.rule": "fl-rare", "estimate[1].by": "region"}``: by their dotted names,
        checked like the file, and written into the manifest. ``{"{iso}": "BOL"}`` is put in the place of ``{iso}`` in every text.

    Returns
    -------
    StudyResult

    Raises
    ------
    FlError
        Any fault found before estimating (file, mapping, codes, weights, design, study file); nothing is written.
        FL-STUDY-80: an input file was changed, replaced or removed while the study ran; FL-STUDY-81: memory ran out.
        An estimate that fails does not raise: it stands in `failed`, in the report and in the manifest.

    Notes
    -----
    The folder has ``estimates.csv``, ``estimates.parquet``, ``report.html`` (in the first language of ``[publish]``;
    ``report.fr.html`` and so on for the others), ``appraisal.<name>.html`` for each appraisal of case lists, and
    ``manifest.json``, written last: the resolved study, the fingerprint,
    sources, the texts of study and mappings, what the report says in English for want of words in its language, and every file with its
    hash. The same inputs, packages and seeds give the same bytes on one machine, but for the date in `run` of the manifest. Weights are
    brought to multiples of a power of two, so that sums of them are exact: neither the order of rows nor the engine moves a figure.
    """
    tell = progress if progress is not None else _silent
    if resume and (done := done_before(path, out, private, settings)) is not None:
        return done
    study, inputs, stamps = _read(path, tell, out=out, settings=settings)
    folder = result_folder(study, out)
    key = open_private(Path(private), folder) if private is not None else None
    mark = fingerprint(study, key)
    kept = kept_in(Path(private) if private is not None else None, partial(estimate_keys, study, mark), take=resume)
    with enough_memory(), as_they_were(stamps):
        estimates, failed, appraisals = _estimate(study, inputs, tell, kept)
        published = _published_of(study, inputs, estimates, tell)
    shown = over_rounds(published, tables_over_rounds(study)) if published is not None else None
    tell("writing")
    with replacing(folder) as part, fallen_back() as missing:
        if published is not None and shown is not None:
            pages = _published(appraisals, published.rule)
            languages = study.config.publish.languages
            titles = {language: in_language(study.config.title, language) for language in languages}
            particulars = _particulars(study, inputs, failed, mark)
            write_all(shown, part, languages, particulars=particulars, titles=titles, appraisals=pages)
        write_manifest(part, _manifest(study, inputs, estimates, published, failed, mark, missing))
    if private is not None:
        tell("writing the private folder")
        write_private(Path(private), estimates, published)
        kept.tidy()
    manifest = read_manifest(folder) or {}
    return StudyResult(
        estimates=estimates, published=shown, failed=failed, folder=folder, manifest=manifest, inputs=inputs,
        appraisals=appraisals, taken=tuple(kept.taken),
    )  # fmt: skip


def figures_of(
    path: str | Path, *, previous: Sequence[Release] = (), progress: Tell | None = None
) -> PublishedEstimates | None:
    """What a run would publish, with nothing written; None where every estimate failed.

    Parameters
    ----------
    path : str or Path
    previous : sequence of Release, optional
        What is known beside the earlier releases that the study names.
    progress : callable, optional

    Raises
    ------
    FlError
        As `run_study`.
    """
    tell = progress if progress is not None else _silent
    study, inputs, stamps = _read(path, tell, to_write=None)
    with enough_memory(), as_they_were(stamps):
        published = _published_of(study, inputs, _estimate(study, inputs, tell, KeptEstimates())[0], tell, previous)
    return over_rounds(published, tables_over_rounds(study)) if published is not None else None


def check_study(path: str | Path, *, progress: Tell | None = None, settings: Settings | None = None) -> StudyInputs:
    """Find the faults that a run would stop at, and write nothing.

    Reads the files, classifies, and makes each estimate for the nation alone, which shows faults of weights, strata,
    conditions and unknown answers.

    Raises
    ------
    FlError
        The fault where there is one, FL-STUDY-34 where there are several: those of keys, files, columns, expressions and
        estimates come in one round.
    """
    tell = progress if progress is not None else _silent
    return _read(path, tell, to_write=False, settings=settings)[1]


def _read(
    path: str | Path,
    tell: Tell,
    *,
    out: str | Path | None = None,
    to_write: bool | None = True,
    settings: Settings | None = None,
) -> tuple[Study, StudyInputs, Stamps]:
    """Read a study and its inputs; where anything is wrong, and in a check (False), estimates are tried out, for one list of all faults."""
    faults = Faults()
    study, fault = read_with_faults(path, settings=settings)
    if fault is not None:
        faults.add("", fault)
    if study is None:
        raise fault or AssertionError("a study that was not read has a fault")
    if to_write:
        with faults.of("out"):
            require_free(result_folder(study, out))
    stamps = Stamps.of((name, study.path(name)) for name in written_files(study))
    with enough_memory(), as_they_were(stamps):
        inputs = read_inputs(study, tell, faults)
    classified = study.config.classify
    for name in study.sources_of(classified.source) if classified is not None else ():
        if name in inputs.surveys:
            with faults.of("classify"):
                require_period(inputs.surveys[name])
    with faults.of("round"):
        require_rounds_apart(study, inputs)
    with faults.of("round"):
        require_measured_alike(study, inputs)
    with faults.of("round"):
        require_one_geography(study, inputs)
    if len(faults) or to_write is False:
        _try_out(study, inputs, tell, faults)
    faults.require()
    return study, inputs, stamps


def _try_out(study: Study, inputs: StudyInputs, tell: Tell, faults: Faults) -> None:
    """Make each estimate of people for the nation alone, as far as its columns are there, and note what stops it.

    Then what is made of such national figures: whether they can stand together depends on what they say of themselves.
    """
    made: dict[str, Estimates] = {}
    there = {entry.name for _, entry in ready(study, inputs)}
    own = [entry for entry in study.config.estimate if isinstance(entry, PeopleEntry) and entry.name in there]
    read_for_all(
        study, inputs.people, own, lambda each: try_out(each, inputs.of(each, study.source_of(each.source))), pairs=False
    )  # fmt: skip
    for position, entry in study.numbered():
        result: Any = None
        with faults.of(position):
            if isinstance(entry, PeopleEntry) and entry.name in there:
                tell(f"checking {entry.name}")
                people, tables = inputs.of(entry, study.source_of(entry.source)), inputs.tables.get(entry.name, {})
                result = try_out(entry, people, tables, made)
            elif of_national_figures(entry) and all(name in made for _, _, name in earlier(entry)):
                tell(f"checking {entry.name}")
                result = make_estimate(entry, study, inputs, made, _silent)
        if isinstance(result, Estimates):
            made[entry.name] = of_round(result, entry, study, inputs)


def _published_of(
    study: Study,
    inputs: StudyInputs,
    estimates: Mapping[str, Estimates],
    tell: Tell,
    known: Sequence[Release] = (),
) -> PublishedEstimates | None:
    if not estimates:
        return None
    previous = [*(study.path(each) for each in study.config.publish.previous), *known]
    rule, nested = study.config.publish.suppression(), _nested(study, inputs)
    tell("auditing what may be published")
    return publish(estimates, rule=rule, nested=nested, previous=previous, progress=tell)


def _nested(study: Study, inputs: StudyInputs) -> dict[str, dict[str, dict[Any, Any]]]:
    """Which by-columns of a source lie in which, wherever in the study they stand."""
    entries: dict[str, list[Entry]] = {}
    for entry in study.config.estimate:
        if isinstance(entry, PeopleEntry):
            entries.setdefault(study.source_of(entry.source), []).append(entry)
    return nested_by_columns(entries, inputs.people)


def _estimate(
    study: Study, inputs: StudyInputs, tell: Tell, kept: KeptEstimates | None = None
) -> tuple[dict[str, Estimates], dict[str, FlError], dict[str, Appraisal]]:
    """Make every estimate; a fault of the sample itself stops the run, any other stops that estimate only.

    Imputed ones have their bounds beside them; what is made of them takes the imputed rows alone.
    """
    kept = kept or KeptEstimates()
    shown: dict[str, Estimates] = {}
    made: dict[str, Estimates] = {}
    failed: dict[str, FlError] = {}
    appraisals: dict[str, Appraisal] = {}
    faults = Faults()
    own = [entry for entry in study.config.estimate if isinstance(entry, PeopleEntry) and not kept.has(entry)]
    read_for_all(study, inputs.people, own, lambda entry: make_estimate(entry, study, inputs, {}, _silent))
    for position, entry in study.numbered():
        if (before := kept.take(entry)) is not None:
            made[entry.name], shown[entry.name] = before
            continue
        tell(f"estimating {entry.name}")
        try:
            answer = make_estimate(entry, study, inputs, made, tell)
            if isinstance(answer, Appraisal):
                appraisals[entry.name], answer = answer, answer.headline
            if isinstance(answer, SurveyTest):
                answer = answer.rows
            beside = with_bounds(entry, answer, partial(make_estimate, entry, study, inputs, made, tell))
            made[entry.name] = _named(answer, entry, study, inputs)
            shown[entry.name] = made[entry.name] if beside is answer else _named(beside, entry, study, inputs)
            if entry.name not in appraisals:  # whose page needs more than its rows
                kept.keep(entry, made[entry.name], shown[entry.name])
        except EstimateFault as error:
            failed[entry.name] = error
        except FlError as error:
            faults.add(position, error)
    if len(faults):
        for position, entry in study.numbered():
            if entry.name in failed:
                faults.add(position, failed[entry.name])
    faults.require()
    return shown, failed, appraisals


def _named(made: Estimates, entry: Entry, study: Study, inputs: StudyInputs) -> Estimates:
    """An estimate with the words of the study, and its country where no survey has one."""
    country = study.config.country
    told = made if made.wording.country or not country else made.about(country=country)
    return entitled(of_round(told, entry, study, inputs), entry, study.config.labels)


def _published(appraisals: Mapping[str, Appraisal], rule: SuppressionRule) -> dict[str, PublishedAppraisal]:
    """What may be printed of each appraisal; nothing of lists of fewer people than the rule asks for."""
    kept = {name: one for name, one in appraisals.items() if one.histories.n >= rule.min_n}
    return {name: publish_appraisal(one, rule=rule) for name, one in kept.items()}


def _particulars(study: Study, inputs: StudyInputs, failed: Mapping[str, FlError], mark: Fingerprint) -> Particulars:
    return Particulars(
        title=in_language(study.config.title, "en"),
        sources=[
            (source.name, source.sha256, source.n_rows)
            for survey in inputs.surveys.values()
            for source in {each.name: each for each in survey.sources.values()}.values()
        ]
        + [(source.name, _hash(source, mark), source.n_rows) for source in inputs.files],
        definitions=inputs.definitions,
        truth=inputs.truth,
        map=inputs.map,
        failed=[(name, f"[{error.code}] {error.what}") for name, error in failed.items()],
        versions=package_versions(),
        fingerprint=mark.mark,
    )


def _manifest(
    study: Study,
    inputs: StudyInputs,
    estimates: Mapping[str, Estimates],
    published: PublishedEstimates | None,
    failed: Mapping[str, FlError],
    mark: Fingerprint,
    missing: Collection[tuple[str, str]],
) -> dict[str, Any]:
    """What was run on what, and what came of it; no figure stands here."""
    least = study.config.publish.suppression().min_n
    hidden = {table.name: int(table.hidden.sum()) for table in published.tables} if published is not None else {}
    return {
        "form": FORM,
        "version": package_version(),
        "status": "failed" if failed else "done",
        "fingerprint": mark.mark,
        "fingerprint_of": "all inputs" if mark.complete else "all inputs but case lists",
        "run": how_run(study),
        "study": {"name": study.name, "sha256": study.sha256, "set": plainly(dict(study.settings))},
        "config": plainly(study.config.model_dump(mode="json")),
        "texts": texts(study),
        "inputs": plainly(mark.parts["files"]),
        "packages": mark.parts["packages"],
        "sources": {name: _source(survey, least) for name, survey in inputs.surveys.items()},
        "lists_and_tables": [
            {"name": file.name, "sha256": _hash(file, mark), "rows": file.n_rows} for file in inputs.files
        ],
        "definitions": [{"id": identity, "title": title["en"]} for identity, title in inputs.definitions],
        "imputations": {name: imputation_arguments(drawn) for name, drawn in inputs.imputed.items()},
        "words": [_words(tag, missing) for tag in study.config.publish.languages],
        "geography": geography(estimates.values()),
        "estimates": [
            _done(entry, estimates[entry.name], hidden[entry.name])
            if entry.name in estimates
            else _failure(entry, failed[entry.name])
            for entry in study.config.estimate
        ],
    }


def _words(tag: str, missing: Collection[tuple[str, str]]) -> dict[str, Any]:
    """A language of the report, and the codes of what it has no words for yet, which stands there in English."""
    return {"language": tag, "missing": sorted(code for language, code in missing if language == words_of(tag))}


def _done(entry: Any, made: Estimates, hidden: int) -> dict[str, Any]:
    return {
        "name": entry.name, "kind": entry.kind, "status": "done", "rows": len(made), "not_published": hidden,
        "reference_period": made.reference_period, "where": getattr(entry, "where", None) or "",
    }  # fmt: skip


def _failure(entry: Any, error: FlError) -> dict[str, Any]:
    # What was found can be a count of respondents; the analyst was told it when the study ran.
    fault = {"code": error.code, "what": error.what, "fix": error.fix}
    return {"name": entry.name, "kind": entry.kind, "status": "failed", "error": fault}


def _hash(source: Any, mark: Fingerprint) -> str:
    """The hash of a file, where it may be published."""
    return "" if source.name in mark.guarded else source.sha256


def _counted(source: Any, least: int) -> int | None:
    """The rows of a file, which are people or what happened to them; None where they are fewer than the rule prints."""
    return source.n_rows if source.n_rows >= least else None


def _source(survey: Any, least: int) -> dict[str, Any]:
    tables = {
        table: {
            "name": source.name,
            "sha256": source.sha256,
            "encoding": source.encoding,
            "rows": _counted(source, least),
        }
        for table, source in survey.sources.items()
    }
    return {"mapping": survey.mapping, "validation": survey.report.summary(), "tables": tables}


def result_folder(study: Study, out: str | Path | None) -> Path:
    """Where the result of a study goes."""
    if out is not None:
        return Path(out)
    return study.path(study.config.out) if study.config.out else Path("out") / study.name


def done_before(
    path: str | Path, out: str | Path | None, private: str | Path | None, settings: Settings | None = None
) -> StudyResult | None:
    """What stands in the folder already, if it is what a run would give."""
    try:
        study = read_study(path, settings=settings)
        folder = result_folder(study, out)
        require_free(folder)
        mark = fingerprint(study, open_private(Path(private), folder) if private is not None else None)
    except FlError:
        return None  # the run tells it, with every other fault
    manifest = _unchanged(folder, mark.mark) if mark.complete else None
    if manifest is None:
        return None
    return StudyResult(estimates={}, published=None, folder=folder, manifest=manifest, skipped=True)


def _unchanged(folder: Path, mark: str) -> dict[str, Any] | None:
    manifest = read_manifest(folder)
    same = manifest is not None and manifest.get("fingerprint") == mark and manifest.get("status") == "done"
    return manifest if same else None


def _silent(_: str) -> None:
    """Nobody asked to be told."""
