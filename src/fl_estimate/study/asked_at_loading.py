"""What a study asks of a lazy file in the pass that loads it: sums of weights, and whether the answers can be classified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fl_estimate.design.exact_sums import powers_asked
from fl_estimate.design.totals import as_frame
from fl_estimate.errors import FlError
from fl_estimate.indicators.parents import PARENTS
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.schema.asking import Asking, asked_together

if TYPE_CHECKING:
    from fl_estimate.inputs.survey_data import SurveyData


@dataclass(frozen=True, kw_only=True)
class FoundAtLoading:
    """What the pass that loaded a source found.

    Attributes
    ----------
    powers : mapping of str to int
        Of each column of weights, as `with_exact_sums` takes them.
    asked : tuple
        What the checks of the answers were; empty where none were made.
    sums : sequence of mapping
        What they counted.
    """

    powers: Mapping[str, int]
    asked: tuple[Any, ...] = ()
    sums: Sequence[Mapping[str, int]] = ()

    def tell(self, classified: Any) -> None:
        """Let a classification judge what was counted, where its checks are the same.

        Raises
        ------
        IndicatorFault
            FL-IND-06: cells that are no answers.
        """
        checks = getattr(classified, "unchecked", None)
        if checks is not None and self.asked and checks.asked == self.asked:
            checks.told(self.sums)


def asked_at_loading(
    data: SurveyData, *, across_units: bool, classify: Callable[[SurveyData], Any] | None
) -> Asking[FoundAtLoading]:
    """Ask it of the mapped tables, which are lazy frames of polars whatever the engine will be.

    Parameters
    ----------
    data : SurveyData
    across_units : bool
        As of `with_exact_sums`.
    classify : callable, optional
        What will classify them; None where nothing will.
    """
    checks = None if classify is None else _checks(data, classify)
    askings: list[Asking[Any]] = [powers_asked(as_frame(data.people), data.design, across_units=across_units)]
    askings += [] if checks is None else [checks.asking()]
    powers, *sums = yield from asked_together(askings)
    return FoundAtLoading(powers=powers, asked=() if checks is None else checks.asked, sums=sums[0] if sums else ())


def _checks(data: SurveyData, classify: Callable[[SurveyData], Any]) -> Any:
    """The checks of the answers, put off; None where they read rows of their own, or the survey cannot be classified."""
    columns = narwhal(data.people).collect_schema().names()
    if "relatives" in data.tables or any(name in columns for name in PARENTS):
        return None
    try:
        return getattr(classify(data), "unchecked", None)
    except FlError:
        return None  # who classifies it is told
