"""Every fault of a study in one round: what could not be read or made is noted, and what does not hang on it goes on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fl_estimate.errors import FlError, StudyFault


class Faults:
    """The faults of a study so far, each with the places that met it."""

    def __init__(self) -> None:
        self._met: dict[str, tuple[FlError, list[str]]] = {}

    def __len__(self) -> int:
        return len(self._met)

    @contextmanager
    def of(self, position: str) -> Generator[None]:
        """Note a fault of the block under its place in the study file, and go on after it."""
        try:
            yield
        except FlError as error:
            self.add(position, error)

    def add(self, position: str, error: FlError) -> None:
        """Note a fault; the same one met in several places is one fault."""
        _, positions = self._met.setdefault(str(error), (error, []))
        if position and not any(met == position or met.startswith(f"{position}.") for met in positions):
            positions.append(position)

    def require(self) -> None:
        """Raise what was noted.

        Raises
        ------
        FlError
            A single fault as it is; several as StudyFault FL-STUDY-34, each with its place, code and remedy.
        """
        faults = list(self._met.values())
        if len(faults) == 1:
            raise faults[0][0]
        if faults:
            raise StudyFault(
                "FL-STUDY-34",
                f"the study has {len(faults)} faults",
                found="".join(_fault_text(error, positions) for error, positions in faults),
                fix="correct all of them; each line names its place and how to mend it",
            )


def _fault_text(error: FlError, positions: list[str]) -> str:
    """A fault in the list of all: where, what, and how to mend it."""
    where = f"{', '.join(positions)}: " if positions else ""
    lines = [f"{where}[{error.code}] {error.what}"]
    lines += [f"  found: {error.found}"] if error.found else []
    lines += [f"  to fix: {error.fix}"] if error.fix else []
    return "".join(f"\n    {line}" for whole in lines for line in whole.splitlines())
