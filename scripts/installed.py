"""Install the wheel and the source distribution as an office would, without make or checkout, and estimate with them: `make installed`.

For every Python of those supported that is on this machine, and for a wheelhouse without a network where the system lets one be cut
off: is the library imported from where it was installed, do the commands answer, and does the sample study publish the figures that
the checkout publishes?
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("python3.12", "python3.13", "python3.14")
PINS = ROOT / "requirements" / "run.txt"
FIGURES = "estimates.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for every installation; 0 where all published the same figures as the checkout."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--python", action="append", help="a Python to try, instead of all that are found")
    asked.add_argument("--no-wheelhouse", action="store_true", help="leave out the installation without a network")
    given = asked.parse_args(arguments)
    pythons = [each for each in map(_runs, given.python or PYTHONS) if each is not None]
    if not pythons:
        print(f"no Python of {', '.join(given.python or PYTHONS)} runs here")
        return 2
    with tempfile.TemporaryDirectory(prefix="installed-") as scratch:
        place = Path(scratch)
        wheel, source = _built(place / "dist")
        shutil.copytree(ROOT / "data" / "sample", place / "an office’s data")
        expected = _figures(Path(sys.executable).parent, place / "checkout", place / "an office’s data")
        tries = [(python, archive, False) for python in pythons for archive in (wheel, source)]
        if not given.no_wheelhouse:
            tries.append((pythons[-1], wheel, True))
        faults = [_tried(place / f"try {at}", place, one, expected) for at, one in enumerate(tries)]
    return int(any(faults))


def _runs(name: str) -> str | None:
    """A Python that runs and makes environments; names on the path may be a version manager's that only print an error."""
    done = _said([name, "-c", "import sys, venv, ensurepip; print(sys.executable)"], check=False)
    return done.strip() or None


def _tried(folder: Path, place: Path, one: tuple[str, Path, bool], expected: bytes) -> bool:
    """Install one archive and run the sample; whether something is wrong."""
    python, archive, without_network = one
    began = time.monotonic()
    what = f"{_said([python, '--version']).strip()}, {archive.name}"
    if without_network:
        what += f", from a wheelhouse, {_without_network()[1]}"
    try:
        home = (
            _without_a_network(folder, place, python, archive) if without_network else _plainly(folder, python, archive)
        )
        made = _figures(home, folder, place / "an office’s data", _without_network()[0] if without_network else ())
        fault = "" if made == expected else f"{FIGURES} is not that of the checkout"
    except subprocess.CalledProcessError as error:
        fault = f"{error.cmd}\n{error.stdout}\n{error.stderr}"
    print(
        f"{'FAILED' if fault else 'same figures'}: {what} ({time.monotonic() - began:.0f} s) {fault}".rstrip(),
        flush=True,
    )
    shutil.rmtree(folder, ignore_errors=True)
    return bool(fault)


def _built(folder: Path) -> tuple[Path, Path]:
    uv = shutil.which("uv")
    _said([*([uv, "build", "--quiet"] if uv else [sys.executable, "-m", "build"]), "--out-dir", str(folder), str(ROOT)])
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def _environment(folder: Path, python: str) -> Path:
    """An environment of venv with pip: what an office has. Its folder of commands."""
    _said([python, "-m", "venv", str(folder / "env")])
    return folder / "env" / "bin"


def _plainly(folder: Path, python: str, archive: Path) -> Path:
    """Pip install with the hashed pins of the library, then the archive itself."""
    home = _environment(folder, python)
    pip = [str(home / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _said([*pip, "--require-hashes", "--requirement", str(PINS)])
    _said([*pip, "--no-deps", str(archive)])
    return home


def _without_a_network(folder: Path, place: Path, python: str, archive: Path) -> Path:
    """The wheels fetched where there is a network, and installed where there is none."""
    home = _environment(folder, python)
    house, pip = place / "wheelhouse", [str(home / "python"), "-m", "pip", "--disable-pip-version-check"]
    _said([*pip, "download", "--quiet", "--require-hashes", "--requirement", str(PINS), "--dest", str(house)])
    shutil.copy(archive, house)
    wheels = list(house.iterdir())
    print(f"wheelhouse: {len(wheels)} files, {sum(each.stat().st_size for each in wheels) / 1e6:,.0f} MB", flush=True)
    version = archive.name.split("-")[1]
    cut, _ = _without_network()
    _said([*cut, *pip, "install", "--quiet", "--no-index", "--find-links", str(house), f"fl_estimate=={version}"])
    return home


def _without_network() -> tuple[tuple[str, ...], str]:
    """What stands before a command that shall have no network, and how that is said."""
    cut = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") and _said([*cut, "echo", "cut"], check=False).strip() == "cut":
        return cut, "in a process without a network"
    return (), "the network could not be cut off here"


def _figures(home: Path, folder: Path, data: Path, before: Sequence[str] = ()) -> bytes:
    """What the sample study publishes with the commands of an environment, run from a folder that is no checkout."""
    folder.mkdir(exist_ok=True)
    command = [*before, str(home / "fl-estimate")]
    inside = _said([*before, str(home / "python"), "-c", "import fl_estimate; print(fl_estimate.__file__)"], at=folder)
    if home != Path(sys.executable).parent and str(ROOT) in inside:
        raise subprocess.CalledProcessError(1, "import fl_estimate", inside, "the checkout was imported")
    for words in (["--version"], ["methods"], ["frameworks"], ["check", str(data / "study.toml")]):
        _said([*command, *words], at=folder)
    _said([*command, "run", str(data / "study.toml"), "--out", str(folder / "out")], at=folder)
    return (folder / "out" / FIGURES).read_bytes()


def _said(command: Sequence[str], *, at: Path | None = None, check: bool = True) -> str:
    """What a command prints. Nothing of this environment reaches it."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "UV_"))}
    try:
        done = subprocess.run(command, cwd=at, env=kept, capture_output=True, text=True, check=check)
    except FileNotFoundError:
        if check:
            raise
        return ""
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
