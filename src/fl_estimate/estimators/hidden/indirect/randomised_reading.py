"""What a randomised question is asked of: the anchor, the answers, and what a result says it takes for granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, require_name, shown
from fl_estimate.estimators.hidden.indirect.indirect_codes import (
    CROSSWISE_ANCHOR,
    CROSSWISE_CORRECTED,
    DEVICE_FOLLOWED,
    DEVICE_KNOWN,
    INDIRECT_LOGISTIC,
    INDIRECT_PREDICTED,
    MECHANISM_ADDED,
    RANDOMISED_METHODS,
)
from fl_estimate.estimators.hidden.indirect.indirect_groups import support_within
from fl_estimate.estimators.hidden.indirect.list_reading import numbers_of
from fl_estimate.estimators.hidden.indirect.randomised_devices import RandomisingDevice
from fl_estimate.estimators.hidden.indirect.randomised_fit import (
    LEAST_ATTENTION,
    RandomisedAnswers,
    RandomisedFit,
    not_identified,
)
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.results.codes import Assumption, MethodName
from fl_estimate.results.roles import VALUES, InFile, Within

Probabilities = Annotated[float | Mapping[str, float], InFile(float | dict[str, float])]
Anchor = Annotated[str | None, VALUES]
AnchorProbability = Annotated[float | None, Within(gt=0, lt=1)]


def check_anchor(model: str, anchor: Any, probability: Any) -> None:
    """FL-EST-653: an anchor without its probability, beside another model, or at ½."""
    require_name(anchor, "anchor", optional=True)
    known = float(probability) if isinstance(probability, int | float) and not isinstance(probability, bool) else -1.0
    fits = anchor is None and probability is None
    fits |= anchor is not None and model == "crosswise" and 0 < known < 1 and abs(known - 0.5) > 1e-6
    if not fits:
        raise EstimateFault(
            "FL-EST-653", "the anchor of a crosswise question cannot be used",
            found=f"model={shown(model)}, anchor_probability={shown(probability)}",
            fix='anchor= and anchor_probability= go together with model="crosswise"; the probability is between 0 and 1 and not ½',
        )  # fmt: skip


def randomised_answers(
    data: ModelData, answer: str, anchor: str | None, probability: float | None, device: RandomisingDevice
) -> RandomisedAnswers:
    """Answers by group; FL-EST-652 where they are no 0/1."""
    found: list[Floats] = []
    for name in (answer, anchor):
        if name is None:
            continue
        values = numbers_of(data, name)
        if values is None or not np.isin(values, (0.0, 1.0)).all():
            raise EstimateFault(
                "FL-EST-652", "answers to a randomised question are 0 and 1", found=f"{name!r} holds other values",
                fix='derive a 0/1 column first: 1 for "yes", crosswise for "both or neither", triangular for "at least one"',
            )  # fmt: skip
        found.append(values)
    made = RandomisedAnswers(
        z=found[0],
        device=device,
        anchor=found[1] if anchor is not None else None,
        anchor_probability=probability or 0.0,
    )
    attentive, _ = made.attention(data.weight, np.ones(len(data.at), dtype=bool))
    if attentive < LEAST_ATTENTION:
        raise not_identified(attentive)
    return made


def rarer_support(data: ModelData, answers: RandomisedAnswers, member: Bools) -> tuple[float, float, float]:
    """People, those who gave the rarer answer, and the units that these stand in."""
    parts = np.array([support_within(data, member, z) for z in (answers.z, 1 - answers.z)])
    n, cases, psus = (float(value) for value in parts.min(axis=0))
    return n, cases, psus


def method_of(model: str, anchor: str | None) -> MethodName:
    """By what a prevalence or a model was made."""
    return RANDOMISED_METHODS[model] if anchor is None else CROSSWISE_CORRECTED


def arguments_of(
    model: str, device: RandomisingDevice, anchor: str | None, probability: float | None
) -> dict[str, Any]:
    """The device and the anchor, for the record."""
    told: dict[str, Any] = {"model": model, "base": device.base, "slope": device.slope}
    return told | ({"anchor": anchor, "anchor_probability": probability} if anchor is not None else {})


def told_of(fit: RandomisedFit) -> dict[str, Any]:
    """What a fit says of itself."""
    return {
        "log_likelihood": fit.log_likelihood,
        "model_se": fit.model_se.tolist(),
        "scores_se": fit.scores_se.tolist(),
        "coefficients": fit.beta.tolist(),
    }


def device_assumptions(
    device: RandomisingDevice,
    anchor: str | None,
    probability: float | None,
    covariates: str | None,
    *,
    noisy: bool,
    predicted: bool,
) -> list[Assumption]:
    """What randomised answers take for granted."""
    said = [DEVICE_KNOWN.assume(base=round(device.base, 6), slope=round(device.slope, 6))]
    said.append(
        DEVICE_FOLLOWED.assume() if anchor is None else CROSSWISE_ANCHOR.assume(anchor=anchor, share=probability)
    )
    said += [MECHANISM_ADDED.assume()] if noisy else []
    said += [INDIRECT_LOGISTIC.assume(covariates=covariates)] if covariates is not None else []
    return said + ([INDIRECT_PREDICTED.assume()] if predicted else [])
