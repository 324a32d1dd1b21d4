"""The questionnaire of the synthetic country: its questions, answer codes and filters. No answers are made here.

Item ids are those of the items file of the frameworks. Each item has a share of persons in forced labour of whom
it is true, and a share of persons who meet its dimension alone: made up, and used by `answers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

YES, NO = 1, 2
EXPERIENCED, THREATENED, WITNESSED, NOT_DONE = 1, 2, 3, 4
MISSING, DONT_KNOW, REFUSED = 7, 8, 9
"""The three user-missing codes, the same in every question of the module."""
BLANK = -1
"""Nothing is written: the question was skipped by a filter or not put. System-missing in the files."""

PHASES: tuple[str, ...] = ("recruitment", "work", "leave")
_PHASE_WORDS = {"recruitment": "at recruitment", "work": "during the work", "leave": "on wanting to leave"}

Dimension = Literal["involuntary_work", "coercion", "other"]
Filter = Literal["", "debt", "lodging"]


@dataclass(frozen=True, kw_only=True)
class ModuleItem:
    """One item of the module.

    Attributes
    ----------
    id : str
        Its id in the items file.
    number : str
        Its number in the questionnaire; a coercion question adds A, B or C for the phase.
    label : str
        Short wording, for the variable label.
    dimension : {"involuntary_work", "coercion", "other"}
        Dimension of the ICLS framework for adults; "other" is none.
    in_forced_labour, otherwise : float
        Share of persons in forced labour, and of persons who meet this dimension alone, of whom the item is true.
    phases : tuple of str
        Phases asked; empty for a question with one fixed phase.
    filter : {"", "debt", "lodging"}
        Asked only where the filter question was not answered "no".
    sensitive : bool
        Not put to proxies.
    """

    id: str
    number: str
    label: str
    dimension: Dimension
    in_forced_labour: float
    otherwise: float
    phases: tuple[str, ...] = ()
    filter: Filter = ""
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class ItemColumn:
    """One column of answers: an item, or one phase of it."""

    name: str
    item: int
    field: str
    label: str
    phase: str = ""


def _binary(
    number: str, identity: str, label: str, shares: tuple[float, float], dimension: Dimension, asked_if: Filter = ""
) -> ModuleItem:
    return ModuleItem(
        id=identity,
        number=number,
        label=label,
        dimension=dimension,
        in_forced_labour=shares[0],
        otherwise=shares[1],
        filter=asked_if,
    )


def _coercion(
    number: str,
    identity: str,
    label: str,
    shares: tuple[float, float],
    phases: tuple[str, ...] = PHASES,
    asked_if: Filter = "",
    sensitive: bool = False,
) -> ModuleItem:
    return ModuleItem(
        id=identity,
        number=number,
        label=label,
        dimension="coercion",
        in_forced_labour=shares[0],
        otherwise=shares[1],
        phases=phases,
        filter=asked_if,
        sensitive=sensitive,
    )


_LATER: tuple[str, ...] = ("work", "leave")

ITEMS: tuple[ModuleItem, ...] = (
    _binary("Q301", "r_birth_status", "In this work by birth or family bond", (0.04, 0.01), "involuntary_work"),
    _binary("Q302", "r_abducted", "Taken by force to be made to work", (0.02, 0.00), "involuntary_work"),
    _binary("Q303", "r_debt_linked", "Took the work to repay an advance", (0.30, 0.20), "involuntary_work", "debt"),
    _binary("Q304", "r_dec_nature", "Kind of work not as told", (0.22, 0.10), "involuntary_work"),
    _binary("Q305", "r_dec_conditions", "Working conditions not as told", (0.45, 0.25), "other"),
    _binary("Q306", "r_dec_wages", "Pay not as told", (0.40, 0.20), "other"),
    _binary("Q307", "w_diff_job", "Had to do work not agreed to", (0.18, 0.08), "involuntary_work"),
    _binary("Q308", "w_overtime_forced", "Overtime not agreed", (0.38, 0.35), "involuntary_work"),
    _binary("Q309", "w_oncall_forced", "On call day and night, not agreed", (0.15, 0.10), "involuntary_work"),
    _binary("Q310", "w_hazard_nonconsent", "Dangerous work not agreed to", (0.22, 0.15), "involuntary_work"),
    _binary("Q311", "w_low_no_wage", "Paid very little or nothing", (0.42, 0.40), "involuntary_work"),
    _binary("Q312", "w_living_degrading", "Degrading lodging imposed", (0.40, 0.20), "involuntary_work", "lodging"),
    _binary("Q313", "w_other_employer", "Worked for an employer not agreed to", (0.08, 0.03), "involuntary_work"),
    _binary("Q314", "w_private_home", "Worked in the employer's home, not agreed", (0.06, 0.03), "involuntary_work"),
    _binary("Q315", "l_longer_than_agreed", "Stayed longer than agreed", (0.15, 0.06), "involuntary_work"),
    _binary("Q316", "l_wait_wages", "Stayed to wait for wages owed", (0.25, 0.12), "involuntary_work"),
    _binary(
        "Q317", "l_indefinite_debt", "Worked on, without end, for a debt", (0.25, 0.08), "involuntary_work", "debt"
    ),
    _binary("Q318", "l_no_freedom_resign", "Not free to leave the work", (0.30, 0.05), "involuntary_work"),
    _coercion("Q401", "c_violence", "Physical violence", (0.15, 0.08)),
    _coercion("Q402", "c_sexual", "Sexual violence", (0.05, 0.02), sensitive=True),
    _coercion("Q403", "c_threat_violence", "Threats of violence", (0.25, 0.15)),
    _coercion("Q404", "c_threat_family", "Threats or violence against family", (0.10, 0.02)),
    _coercion("Q405", "c_witness", "Violence done to a co-worker in front of you", (0.12, 0.08), _LATER),
    _coercion("Q406", "c_locked", "Locked in", (0.08, 0.01)),
    _coercion("Q407", "c_surveillance", "Watched all the time", (0.18, 0.20)),
    _coercion("Q408", "c_phone", "Telephone taken away", (0.08, 0.05), _LATER),
    _coercion("Q409", "c_debt", "A debt used to keep you working", (0.40, 0.10), asked_if="debt"),
    _coercion("Q410", "c_wages_withheld", "Wages held back", (0.45, 0.35), _LATER),
    _coercion("Q411", "c_fines", "Fines or money penalties", (0.20, 0.30)),
    _coercion("Q412", "c_docs", "Identity or travel documents kept", (0.20, 0.08)),
    _coercion("Q413", "c_denounce", "Reported to the authorities", (0.18, 0.04)),
    _coercion("Q414", "c_dismissal", "Dismissal", (0.35, 0.35), _LATER),
)
ITEM_INDEX: dict[str, int] = {item.id: index for index, item in enumerate(ITEMS)}
FALLBACK: dict[Dimension, str] = {"involuntary_work": "w_low_no_wage", "coercion": "c_dismissal"}
"""The item that is true where chance made none of a dimension true that must be."""

STATE_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("Q211", "state_imposed_by_state", "Other work imposed by the authorities, 12 months"),
    ("Q212", "state_penalty", "Penalty for refusing that work"),
    ("Q213", "state_exception", "Ground on which that work was required"),
    ("Q214", "state_exception_conditions_met", "All conditions of the ground met (office coding)"),
    ("Q215", "state_c105", "Purpose of C105 Art. 1 (office coding)"),
)
"""Variable, field and label of the block on work imposed by the State. Ground: 1-5 E1-E5, 6 none; purpose: 1-5 a-e."""
NO_GROUND = 6


def _columns() -> tuple[ItemColumn, ...]:
    columns: list[ItemColumn] = []
    for index, item in enumerate(ITEMS):
        if not item.phases:
            columns.append(ItemColumn(name=item.number, item=index, field=item.id, label=item.label))
        for phase in item.phases:
            columns.append(
                ItemColumn(
                    name=item.number + "ABC"[PHASES.index(phase)],
                    item=index,
                    field=f"{item.id}@{phase}",
                    label=f"{item.label}, {_PHASE_WORDS[phase]}",
                    phase=phase,
                )
            )
    return tuple(columns)


COLUMNS: tuple[ItemColumn, ...] = _columns()
