"""A model as a result keeps it, without its people: coefficients, their covariance, and the sums that later tests need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from fl_estimate.design.small_table import Floats
from fl_estimate.estimators.survey.models.class_models import ClassFamily
from fl_estimate.estimators.survey.models.fitted_model import Fitted
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.models.model_families import MODEL_LINK, MODEL_OFFSET, Family, family_of
from fl_estimate.estimators.survey.models.model_offset import Beside, describe_offset
from fl_estimate.estimators.survey.models.model_variance import Covariance
from fl_estimate.estimators.survey.weighted_call import assumptions_of_design, notes_of
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import (
    DF_NOT_POSITIVE,
    SUBPOPULATION,
    UNKNOWN_AS_NO,
    ZERO_WEIGHTS,
    Assumption,
    AssumptionCode,
    Reason,
    ReasonCode,
)
from fl_estimate.results.storage import packed, unpacked

MODEL_REPLICATES_LOST = ReasonCode("model_replicates_lost", "replicates", "of")
MODEL_COMPLETE_ROWS = AssumptionCode("model_complete_rows")
MODEL_ORDINAL = AssumptionCode("model_ordinal", "link", "classes")
MODEL_MULTINOMIAL = AssumptionCode("model_multinomial", "reference")
MODEL_LEVELS_LEFT_OUT = AssumptionCode("model_levels_left_out", "variable", "values")


class Session:
    """The way back to the people of a model, in the session that fitted it. It holds a call and no rows; no file has it.

    Parameters
    ----------
    people : function
        Reads the people again as they were for the fit.
    pieces : function
        Everything that is kept when the session ends: of each term its ratio, of each column of classes its means.
    """

    __slots__ = ("people", "pieces")

    def __init__(self, people: Callable[[], Fitted], pieces: Callable[[], Pieces]) -> None:
        self.people, self.pieces = people, pieces

    def __repr__(self) -> str:
        return "Session(…)"


@dataclass(frozen=True, kw_only=True, eq=False)
class MarginalMeans:
    """Predicted means by a column of classes, as they are kept.

    Attributes
    ----------
    groups : tuple
        The classes.
    value : array, shape (groups,)
    joint, separate : arrays, shape (groups, groups)
        Covariances of the means, of both kinds.
    n : tuple of float
        People of each class.
    support : Support
    """

    groups: tuple[Any, ...]
    value: Floats
    joint: Floats
    separate: Floats
    n: tuple[float, ...]
    support: Support

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "groups": list(self.groups), "value": self.value.tolist(), "joint": packed(self.joint),
            "separate": packed(self.separate), "n": list(self.n), "support": self.support.to_dict(),
        }  # fmt: skip

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> MarginalMeans:
        """What `to_dict` gave."""
        return MarginalMeans(
            groups=tuple(record["groups"]), value=np.array(record["value"], dtype=float), joint=_matrix(record["joint"]),
            separate=_matrix(record["separate"]), n=tuple(record["n"]), support=Support.from_dict(record["support"]),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """Average marginal effects of every column of a model, as they are kept.

    Attributes
    ----------
    column, outcome, term : tuple of str
        Of each effect: of which column, on the mean of which outcome, and what it is called.
    value : array, shape (effects,)
    covariances : mapping
        Of the effects, each kind of which one can be asked for.
    support : Support
    """

    column: tuple[str, ...]
    outcome: tuple[str, ...]
    term: tuple[str, ...]
    value: Floats
    covariances: Mapping[str, Floats]
    support: Support

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "column": list(self.column), "outcome": list(self.outcome), "term": list(self.term), "value": self.value.tolist(),
            "covariances": {name: packed(matrix) for name, matrix in self.covariances.items()},
            "support": self.support.to_dict(),
        }  # fmt: skip

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> Effects:
        """What `to_dict` gave."""
        return Effects(
            column=tuple(record["column"]), outcome=tuple(record["outcome"]), term=tuple(record["term"]),
            value=np.array(record["value"], dtype=float), support=Support.from_dict(record["support"]),
            covariances={name: _matrix(each) for name, each in record["covariances"].items()},
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What later tests of a model need where the people are not at hand: sums over people alone.

    Attributes
    ----------
    ratios : mapping
        Of each term, the fall in deviance and the scales of its distribution.
    margins : mapping
        Of each column of classes of the formula, its predicted means.
    effects : Effects or None
        The average marginal effects of its columns.
    """

    ratios: Mapping[str, tuple[float, tuple[float, ...]]] = field(
        default_factory=dict[str, tuple[float, tuple[float, ...]]]
    )
    margins: Mapping[str, MarginalMeans] = field(default_factory=dict[str, MarginalMeans])
    effects: Effects | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptModel:
    """What a regression holds of its model: coefficients, their covariance and counts. No row of anybody.

    Attributes
    ----------
    formula : str
    family : Family or ClassFamily
    beside : tuple of str or None
        The offset and the exposure that were asked for.
    columns : tuple of str
        What the coefficients are called.
    terms : mapping
        The places of the coefficients of each term.
    levels : mapping
        Of each variable its classes, or None where it is a number: what values it may be predicted at.
    beta : array, shape (p,)
    covariance : Covariance
    df, design_df : float
        Residual degrees of freedom, and those of the design.
    n, undetermined, level : float
    pieces : Pieces
        Where the model was read from a file or sent between processes; empty in the session that fitted it.
    session : Session or None
        The way back to the people; left out of every copy on disk.
    """

    formula: str
    family: Family | ClassFamily
    beside: Beside
    columns: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    levels: Mapping[str, tuple[Any, ...] | None]
    beta: Floats
    covariance: Covariance
    df: float
    design_df: float
    n: float
    undetermined: float
    level: float
    pieces: Pieces = field(default_factory=Pieces, repr=False)
    session: Session | None = field(default=None, repr=False)

    def alone(self) -> KeptModel:
        """The model without its session, with the pieces that stand for the people."""
        if self.session is None:
            return self
        return replace(self, pieces=self.session.pieces(), session=None)

    def __reduce__(self) -> tuple[Any, ...]:
        told = self.alone()
        return (_kept, ({each.name: getattr(told, each.name) for each in fields(told)},))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the session, as JSON has it."""
        told = self.alone()
        return {
            **{name: getattr(told, name) for name in _PLAIN},
            "family": _family_record(told.family),
            "levels": {name: None if known is None else list(known) for name, known in told.levels.items()},
            "beside": list(told.beside),
            "terms": {term: list(positions) for term, positions in told.terms.items()},
            "beta": told.beta.tolist(),
            "covariance": packed(told.covariance.matrix),
            "replicates": [told.covariance.replicates, told.covariance.lost],
            "ratios": {term: [fall, list(scales)] for term, (fall, scales) in told.pieces.ratios.items()},
            "margins": {by: margin.to_dict() for by, margin in told.pieces.margins.items()},
            "effects": None if told.pieces.effects is None else told.pieces.effects.to_dict(),
        }

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> KeptModel:
        """What `to_dict` gave."""
        replicates, lost = record["replicates"]
        offset, exposure = record["beside"]
        effects = record.get("effects")
        return KeptModel(
            **{name: record[name] for name in _PLAIN if name != "columns"},
            family=_family(record["family"]),
            levels={name: None if known is None else tuple(known) for name, known in record.get("levels", {}).items()},
            beside=(offset, exposure),
            columns=tuple(record["columns"]),
            terms={term: tuple(positions) for term, positions in record["terms"].items()},
            beta=np.array(record["beta"], dtype=float),
            covariance=Covariance(matrix=_matrix(record["covariance"]), replicates=replicates, lost=lost),
            pieces=Pieces(
                ratios={term: (fall, tuple(scales)) for term, (fall, scales) in record["ratios"].items()},
                margins={by: MarginalMeans.from_dict(margin) for by, margin in record["margins"].items()},
                effects=None if effects is None else Effects.from_dict(effects),
            ),
        )


_PLAIN = ("formula", "columns", "df", "design_df", "n", "undetermined", "level")


def _family_record(family: Family | ClassFamily) -> list[Any]:
    if isinstance(family, ClassFamily):
        return [family.name, family.link, list(family.classes)]
    return [family.name, family.link, None if np.isnan(family.alpha) else family.alpha]


def _family(record: Sequence[Any]) -> Family | ClassFamily:
    name, link, third = record
    if isinstance(third, list):
        return ClassFamily(name=name, link=link, classes=tuple(map(str, third)))  # pyright: ignore[reportUnknownArgumentType]
    return family_of(name, link, np.nan if third is None else third)


def _kept(record: Mapping[str, Any]) -> KeptModel:
    """A pickled model again."""
    return KeptModel(**record)


def _matrix(record: Mapping[str, Any]) -> Floats:
    result = unpacked(record)
    return np.zeros((0, 0)) if result is None else result


def row_reasons(model: Fitted | KeptModel, count: int) -> tuple[Reason, ...]:
    """Why limits are missing, or how many replicates gave nothing."""
    reasons: list[Reason] = []
    for row in range(count):
        if not model.df > 0:
            reasons.append(DF_NOT_POSITIVE.at(row, df=model.df))
        if model.covariance.lost:
            lost, of = model.covariance.lost, model.covariance.replicates
            reasons.append(MODEL_REPLICATES_LOST.at(row, replicates=lost, of=of))
    return tuple(reasons)


def model_assumptions(
    data: ModelData, spread: Covariance, outcomes: Sequence[str], own: Sequence[Assumption]
) -> tuple[Assumption, ...]:
    """What a model takes for granted, the design's part of it first; `own` is what its family says."""
    call = data.call
    said = assumptions_of_design(call, data.sample, spread.replicates)
    if data.weightless:
        said.append(ZERO_WEIGHTS.assume(rows=data.weightless))
    if data.treatment:
        said.append((UNKNOWN_AS_NO if data.treatment == "no" else MODEL_COMPLETE_ROWS).assume())
    if call.where is not None:
        said.append(SUBPOPULATION.assume(where=call.where))
    said += own
    for name, values in data.left_out.items():
        said.append(MODEL_LEVELS_LEFT_OUT.assume(variable=name, values=list(values)))
    return (*said, *notes_of(call, outcomes))


def family_assumptions(family: Family | ClassFamily, beside: Beside) -> list[Assumption]:
    """What a family, its link and an offset take for granted."""
    if isinstance(family, ClassFamily):
        if family.name == "ordinal":
            return [MODEL_ORDINAL.assume(link=family.link, classes=list(family.classes))]
        return [MODEL_MULTINOMIAL.assume(reference=family.classes[0])]
    kind, told = family.kind, describe_offset(beside)
    assumptions = [
        kind.assumption.assume() if np.isnan(family.alpha) else kind.assumption.assume(alpha=round(family.alpha, 4))
    ]
    assumptions += [MODEL_LINK.assume(link=family.link)] if family.link != next(iter(kind.links)) else []
    return assumptions + ([MODEL_OFFSET.assume(offset=told)] if told else [])


def model_settings(model: KeptModel) -> dict[str, Any]:
    """What a model was asked for, as its recipe keeps it."""
    family, said = model.family, {"formula": model.formula, "family": model.family.name}
    if isinstance(family, ClassFamily):
        ordinal = {"link": family.link, "order": list(family.classes)}
        return {**said, **(ordinal if family.name == "ordinal" else {"reference": family.classes[0]})}
    if family.link != next(iter(family.kind.links)):
        said["link"] = family.link
    return {**said, **{name: text for name, text in zip(("offset", "exposure"), model.beside, strict=True) if text}}
