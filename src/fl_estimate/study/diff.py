"""`fl.diff`: which published figures changed between two result folders, which inputs differ, and on request which input moved what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fl_estimate.reporting.releases import read_release
from fl_estimate.study.attribution import attributed
from fl_estimate.study.differences import Differences
from fl_estimate.study.figure_changes import compared_figures
from fl_estimate.study.folder import MANIFEST, manifest_of
from fl_estimate.study.input_changes import changed_inputs, changed_texts
from fl_estimate.study.inputs import Tell


def diff(
    before: str | Path,
    after: str | Path,
    *,
    rerun: bool = False,
    inputs: Sequence[str | Path] = (),
    progress: Tell | None = None,
) -> Differences:
    r"""Compare two result folders of `fl.run_study`: which published figures changed, by how much, and which inputs differ.

    Parameters
    ----------
    before, after : str or Path
        Folders that ``fl-estimate run`` wrote, by any version. Rows are matched by their labels.
    rerun : bool, default False
        Run the study again with one input after the other of the second result in place of the first one's, and say what each moved:
        program, data, mapping, framework, tables, weights and imputation, methods and options, publication. An input of which
        one side is not at hand moves together with the program.
    inputs : sequence of str or Path, optional
        Folders in which `rerun` looks for input files, beside that of the working folder. Files are known by their hash,
        whatever they are called.
    progress : callable, optional
        Called with a few words at each step.

    Returns
    -------
    Differences

    Raises
    ------
    PublishFault
        FL-PUB-40: a folder is no result folder.
    FileFault
        FL-FILE-25: a newer version wrote it.
    StudyFault
        FL-STUDY-67: inputs are at hand of neither result; FL-STUDY-68: no run with them came to an end.

    Notes
    -----
    Only figures that both folders print are told; a row that either withholds, or that one of them has not, is named with what became
    of it and has no number. The steps of `rerun` are differences of published figures of runs in a row, so that they add up to
    the change; with other neighbours an input can have another part. Each run is audited beside both results before its figures are
    told; all of them together are not: the steps are for the analyst, not for release.

    Examples
    --------
    >>> import fl_estimate as fl, tempfile, pathlib
    >>> study = '''
    ... [[estimate]]
    ... kind = "capture_recapture"
    ... method = "chapman"
    ... file = "lists.csv"
    ... a = "A"
    ... b = "B"
    ... '''
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = pathlib.Path(place)
    ...     _ = (folder / "study.toml").write_text(study)
    ...     _ = (folder / "lists.csv").write_text("A,B,count\n1,0,400\n0,1,300\n1,1,120\n")
    ...     _ = fl.run_study(folder / "study.toml", out=folder / "first")
    ...     _ = (folder / "lists.csv").write_text("A,B,count\n1,0,500\n0,1,300\n1,1,120\n")
    ...     _ = fl.run_study(folder / "study.toml", out=folder / "second")
    ...     changes = fl.diff(folder / "first", folder / "second").changed
    >>> changes[["quantity", "status", "before", "after", "change"]].values.tolist()
    [['population_size', 'changed', 1810.0, 2160.0, 350.0], ['dark_figure', 'changed', 990.0, 1240.0, 250.0]]
    """
    one, two = Path(before), Path(after)
    releases = read_release(one), read_release(two)
    old, new = (manifest_of(folder / MANIFEST) or {} for folder in (one, two))
    figures = compared_figures(*releases)
    steps = attributed(old, new, figures, releases, places=inputs, tell=progress) if rerun else None
    named = _names(one.resolve(), two.resolve())
    return Differences(
        before=named[0], after=named[1], figures=figures, inputs=changed_inputs(old, new), texts=changed_texts(old, new),
        steps=steps,
    )  # fmt: skip


def _names(one: Path, two: Path) -> tuple[str, str]:
    """The names of the folders, with those that they lie in where they are called alike."""
    return (
        (one.name, two.name)
        if one.name != two.name
        else (f"{one.parent.name}/{one.name}", f"{two.parent.name}/{two.name}")
    )
