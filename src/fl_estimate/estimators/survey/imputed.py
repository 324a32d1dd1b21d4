"""Imputed answers: what `unknown="impute"` asks of the people that an estimate is given. Nothing is estimated here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard, cast, runtime_checkable

import narwhals as nw

from fl_estimate.errors import EstimateFault, listed, nearest
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.respondents import Noted
from fl_estimate.inputs.wording import SurveyWording

IMPUTE = "impute"


@runtime_checkable
class Imputed(Protocol):
    """People with draws of their unknown answers: what `fl.impute` gives.

    Attributes
    ----------
    draws, seed : int
    delta : mapping of str to float
        Log odds by reason, all 0 where answers are missing at random given what was answered.
    drawn : mapping of str to array
        By outcome.
    """

    @property
    def people(self) -> Any: ...
    @property
    def draws(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def delta(self) -> Mapping[str, float]: ...
    @property
    def drawn(self) -> Mapping[str, Any]: ...
    def with_draws(self, outcomes: Any, /) -> Any: ...


def is_imputed(people: Any) -> TypeGuard[Imputed]:
    """Whether people carry draws of their unknown answers."""
    return isinstance(people, Imputed)


def require_draws(people: Any, named: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The outcomes with draws among the columns that a call names.

    Parameters
    ----------
    people
    named : sequence of str
        Columns of the call: outcomes, by, and those of its condition.
    columns : sequence of str
        All columns of the people: an outcome that was classified has another beside it that says who may be a case.

    Raises
    ------
    EstimateFault
        FL-EST-460: the people have no imputed answers; FL-EST-461: none of the columns named was imputed, or an outcome was
        classified and not imputed; FL-EST-463: there is one draw only.
    """
    if not is_imputed(people):
        raise EstimateFault(
            "FL-EST-460",
            'unknown="impute" needs people whose unknown answers were imputed',
            found=type(people).__name__,
            fix='impute first: imputed = fl.impute(data, framework, seed=…), then estimate(imputed, …, unknown="impute")',
        )
    if people.draws < 2:
        raise EstimateFault(
            "FL-EST-463", "a single imputation says nothing of how much the unknown answers leave open",
            found=f"{people.draws} draw", fix="fl.impute(…, draws=20), or leave draws= out",
        )  # fmt: skip
    result = tuple(dict.fromkeys(name for name in named if name in people.drawn))
    without = [name for name in dict.fromkeys(named) if name not in result and f"{name}_possible" in columns]
    if without or not result:
        close = [other for name in named if name not in result and (other := nearest(name, list(people.drawn)))]
        raise EstimateFault(
            "FL-EST-461",
            "an outcome was not imputed" if without else "nothing that this estimate names was imputed",
            found=listed(without or named),
            fix=f"outcomes with draws: {listed(people.drawn, most=12)}"
            + (f"; did you mean {listed(close)}?" if close else "; name others in fl.impute(…, outcomes=…)"),
        )
    return result


def imputation_arguments(drawn: Imputed) -> dict[str, Any]:
    """What a recipe says of the imputation: everything that is needed to draw the same again."""
    told = getattr(drawn, "told", None)
    if callable(told):
        return dict(cast("Mapping[str, Any]", told()))
    return {
        "draws": drawn.draws,
        "seed": drawn.seed,
        "method": str(getattr(drawn, "method", "")),
        "delta": shifts_of(drawn),
    }


def shifts_of(drawn: Imputed) -> dict[str, float]:
    """The reasons whose answers are not taken as missing at random."""
    return {str(reason): float(value) for reason, value in drawn.delta.items() if value}


@dataclass(frozen=True, kw_only=True)
class OfDraw:
    """People whose outcomes are those of one draw, with all else that is known of them."""

    people: Any = field(repr=False)
    design: Any
    source: Any
    reference_period: Any
    population: str
    wording: SurveyWording
    noted: Any = field(default=None, repr=False)

    def notes(self, outcomes: Sequence[str], /) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """As those of the people that were imputed."""
        return self.noted.notes(outcomes) if self.noted is not None else ()

    def measure(self, outcomes: Sequence[str], /) -> str:
        """As that of the people that were imputed."""
        return self.noted.measure(outcomes) if self.noted is not None else ""


def of_draw(people: Any, outcomes: Sequence[str], draw: int) -> OfDraw:
    """The people as completed by one draw, from 1: of these outcomes no class is open."""
    frame: Any = narwhal(people.with_draws(list(outcomes)))
    return OfDraw(
        people=frame.with_columns(*in_place_of(outcomes, draw)).to_native(), design=people.design, source=people.source,
        reference_period=people.reference_period, population=people.population,
        wording=getattr(people, "wording", SurveyWording()), noted=people if isinstance(people, Noted) else None,
    )  # fmt: skip


def in_place_of(outcomes: Sequence[str], draw: int) -> list[nw.Expr]:
    """The columns of outcomes, surely and possibly, as one draw has them."""
    return [nw.col(f"{name}@{draw}").alias(f"{name}{side}") for name in outcomes for side in ("", "_possible")]
