"""`fl-estimate verify`: is a result folder as its run left it, are its inputs unchanged, and does a new run give the same bytes?"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fl_estimate.errors import FileFault, FlError, StudyFault
from fl_estimate.loaders.several_files import sha256_at
from fl_estimate.reporting.releases import FORM, read_release
from fl_estimate.study.config import Study, read_study
from fl_estimate.study.figure_changes import SAME, UNTOLD, compared_figures
from fl_estimate.study.figure_changes import summary as counts_of
from fl_estimate.study.folder import MANIFEST, manifest_of
from fl_estimate.study.input_changes import packages, section
from fl_estimate.study.inputs import Tell, guarded_files, package_versions
from fl_estimate.study.private import KEY, NOTICE
from fl_estimate.study.run import run_study
from fl_estimate.study.told import plain

UNCHANGED, CHANGED, MISSING, FOREIGN, NOT_AT_HAND, NOT_KEPT, DIFFERS = (
    "unchanged", "changed", "missing", "foreign", "not at hand", "not kept", "differs",
)  # fmt: skip
FAULTS: frozenset[str] = frozenset({CHANGED, MISSING, DIFFERS})
"""Verdicts by which a folder is not what it says."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of one file, input or figure.

    Attributes
    ----------
    part : str
        file, input, package, rerun.
    name : str
    verdict : str
        unchanged; changed; missing (listed and not there); foreign (there and not listed); not at hand; not kept (no hash of it is
        kept); differs (a new run gives something else).
    note : str
    """

    part: str
    name: str
    verdict: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found of a result folder; `ok` where nothing is changed, missing or other than a new run gives."""

    folder: Path
    checks: tuple[Checked, ...]
    told: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return not any(check.verdict in FAULTS for check in self.checks)

    def of(self, part: str) -> list[Checked]:
        """The checks of one part."""
        return [check for check in self.checks if check.part == part]


def verify(
    folder: str | Path,
    *,
    study: str | Path | None = None,
    rerun: bool = False,
    private: str | Path | None = None,
    progress: Tell | None = None,
) -> Verification:
    """Check a result folder against its manifest, its inputs where they are at hand, and on request against a new run.

    Parameters
    ----------
    folder : str or Path
    study : str or Path, optional
        The study file. By default it is looked for under its name where you are, and in the folders that the result lies in.
    rerun : bool, default False
        Run the study again into a temporary folder, and compare figure by figure and byte by byte, but for the date.
    private : str or Path, optional
        The private folder of the run, whose key the fingerprint of case lists needs. Nothing in it is changed.
    progress : callable, optional

    Returns
    -------
    Verification

    Raises
    ------
    StudyFault
        FL-STUDY-65: it is no result folder; FL-STUDY-66: `rerun`, and the study file is not found; and what `run_study` raises.
    FileFault
        FL-FILE-25: a newer version wrote the folder.
    """
    root = Path(folder)
    manifest = _manifest(root)
    found = _study_file(root, manifest, study)
    checks = [*_files(root, manifest), *_inputs(manifest, found), *_packages(manifest)]
    if rerun:
        if found is None:
            raise _no_study(root, manifest, study)
        checks += _again(root, manifest, found, private, progress)
    told = {
        "version": str(manifest.get("version") or packages(manifest).get("fl_estimate", "")),
        **section(manifest, "run"),
    }
    return Verification(folder=root, checks=tuple(checks), told={key: str(value) for key, value in told.items()})


def _manifest(root: Path) -> dict[str, Any]:
    manifest = manifest_of(root / MANIFEST) if root.is_dir() else None
    if manifest is None:
        raise StudyFault(
            "FL-STUDY-65", "this is no result folder", found=f"{root.name}: no {MANIFEST} that fl-estimate run wrote",
            fix="give the folder that a run left, with its manifest",
        )  # fmt: skip
    FORM.number_of(manifest, root.name, unnumbered=1, version=packages(manifest).get("fl_estimate", ""))
    return manifest


def _files(root: Path, manifest: Mapping[str, Any]) -> Iterator[Checked]:
    """The files that the manifest lists, then those that it does not."""
    listed = {str(entry["name"]): str(entry.get("sha256", "")) for entry in manifest["files"]}
    for name, sha256 in listed.items():
        path = root / name
        if not path.is_file():
            yield Checked(part="file", name=name, verdict=MISSING)
        else:
            yield Checked(part="file", name=name, verdict=UNCHANGED if _sha256(path) == sha256 else CHANGED)
    for path in sorted(root.iterdir()):
        if path.name not in listed and path.name != MANIFEST:
            yield Checked(part="file", name=path.name, verdict=FOREIGN, note="no run lists it")


def _study_file(root: Path, manifest: Mapping[str, Any], given: str | Path | None) -> Path | None:
    """The study file that is given, or one of its name beside the result or where we are, of its hash if there is one."""
    if given is not None:
        return Path(given)
    name = f"{section(manifest, 'study').get('name', '')}.toml"
    there = root.resolve()
    places = [Path.cwd(), there, *list(there.parents)[:3]]
    found = [place / name for place in places if (place / name).is_file()]
    same = [path for path in found if _sha256(path) == section(manifest, "study").get("sha256")]
    return next(iter([*same, *found]), None)


def _inputs(manifest: Mapping[str, Any], study: Path | None) -> Iterator[Checked]:
    """The study file and the files that it names, where they are at hand."""
    kept = section(manifest, "inputs")
    if study is None:
        yield Checked(part="input", name="study", verdict=NOT_AT_HAND, note="name it with --study")
        yield from (Checked(part="input", name=name, verdict=NOT_AT_HAND) for name in kept)
        return
    same = study.is_file() and _sha256(study) == section(manifest, "study").get("sha256")
    yield Checked(
        part="input", name=study.name, verdict=UNCHANGED if same else CHANGED if study.is_file() else NOT_AT_HAND
    )
    guarded = _guarded(study)
    for name, sha256 in kept.items():
        if name in guarded:
            continue
        here = sha256_at(study.parent / name)
        verdict = NOT_AT_HAND if here is None else UNCHANGED if here == sha256 else CHANGED
        yield Checked(part="input", name=name, verdict=verdict)
    for name in sorted(guarded):
        yield Checked(
            part="input", name=name, verdict=NOT_KEPT, note="case lists: no hash by which a guess could be tried"
        )


def _guarded(study: Path) -> frozenset[str]:
    """Files of case lists, as the study names them; none where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read: Study = read_study(study)
    except FlError:
        return frozenset()
    return frozenset(plain(name) for name in guarded_files(read))


def _packages(manifest: Mapping[str, Any]) -> Iterator[Checked]:
    """Packages of another version here than those that made the folder: why a new run may give other figures."""
    here = package_versions()
    for name, version in packages(manifest).items():
        if name in here and here[name] != version:
            yield Checked(part="package", name=name, verdict="other version", note=f"{version} then, {here[name]} here")


def _again(
    root: Path, manifest: Mapping[str, Any], study: Path, private: str | Path | None, tell: Tell | None
) -> Iterator[Checked]:
    """Run the study into a temporary folder, under the name and with the key of the first run, and compare."""
    with tempfile.TemporaryDirectory() as place:
        new = Path(place) / "result"
        key = _key(Path(private), Path(place) / "private") if private is not None else None
        run_study(study, out=new, private=key, progress=tell, **_settings(manifest))
        yield from _same_figures(root, new)
        yield from _same_bytes(root, new, manifest)


def _settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the run was told beside its study file."""
    given = section(section(manifest, "study"), "set")
    return {"settings": given} if given else {}


def _key(private: Path, copy: Path) -> Path:
    """A private folder of its own with the key of the one given, which stays as it is."""
    try:
        key = (private / KEY).read_bytes()
    except OSError as error:
        raise FileFault(
            "FL-FILE-01",
            "there is no such file",
            found=f"{private.name}/{KEY}",
            fix="name the private folder of the run",
        ) from error
    copy.mkdir(mode=0o700)
    (copy / NOTICE).touch()
    (copy / KEY).write_bytes(key)
    return copy


def _same_figures(root: Path, new: Path) -> Iterator[Checked]:
    """How many published rows come out as they are in the folder, and how many do not; no figure is told."""
    figures = compared_figures(read_release(root), read_release(new))
    counts = counts_of(figures)
    other = sum(count for status, count in counts.items() if status not in (SAME, UNTOLD))
    note = f"{len(figures) - other} of {len(figures)} rows as they were" + (
        f"; {', '.join(f'{count} {status}' for status, count in counts.items() if status not in (SAME, UNTOLD))}" if other else ""
    )  # fmt: skip
    yield Checked(part="rerun", name="published figures", verdict=DIFFERS if other else UNCHANGED, note=note)


def _same_bytes(root: Path, new: Path, manifest: Mapping[str, Any]) -> Iterator[Checked]:
    written = {path.name for path in new.iterdir()} - {MANIFEST}
    for name in dict.fromkeys([*(str(entry["name"]) for entry in manifest["files"]), *sorted(written)]):
        one, two = root / name, new / name
        if not (one.is_file() and two.is_file()):
            yield Checked(part="rerun", name=name, verdict=DIFFERS, note="in one of them only")
        else:
            yield Checked(part="rerun", name=name, verdict=UNCHANGED if _sha256(one) == _sha256(two) else DIFFERS)
    again = json.loads((new / MANIFEST).read_text(encoding="utf-8"))
    keys = [key for key in _keys(manifest, again) if _but_date(manifest).get(key) != _but_date(again).get(key)]
    yield Checked(
        part="rerun", name=MANIFEST, verdict=DIFFERS if keys else UNCHANGED,
        note=f"in {', '.join(keys)}" if keys else "but for the date",
    )  # fmt: skip


def _keys(*manifests: Mapping[str, Any]) -> Iterable[str]:
    """All but the list of files, which are compared themselves."""
    return [key for key in dict.fromkeys(key for each in manifests for key in each) if key != "files"]


def _but_date(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {**manifest, "run": {key: value for key, value in section(manifest, "run").items() if key != "date"}}


def _no_study(root: Path, manifest: Mapping[str, Any], given: str | Path | None) -> StudyFault:
    name = Path(given).name if given is not None else f"{section(manifest, 'study').get('name', '')}.toml"
    return StudyFault(
        "FL-STUDY-66", "the study file of the result is not found, so that it cannot be run again", found=f"{root.name}: {name}",
        fix="name it with --study, with its inputs where it says",
    )  # fmt: skip


def lines(given: Verification) -> Sequence[Sequence[str]]:
    """A line for each thing that was checked."""
    return [(check.part, check.name, check.verdict, check.note) for check in given.checks]


def summary(given: Verification) -> str:
    """The verdict in a line: what is wrong, or that nothing is."""
    wrong = [check for check in given.checks if check.verdict in FAULTS]
    made = ", ".join(f"{key} {value}" for key, value in given.told.items() if value)
    if not wrong:
        absent = sum(check.verdict == NOT_AT_HAND for check in given.checks)
        return f"as its run left it ({made})" + (f"; inputs not at hand: {absent}" if absent else "")
    return f"not as its run left it ({made}): {', '.join(f'{check.name} {check.verdict}' for check in wrong)}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
