"""Synthesis: from surveys to national, regional and world figures. `fl.synthesis`; every function takes finished figures."""

from fl_estimate.estimators.synthesis.aggregate import aggregate
from fl_estimate.estimators.synthesis.arithmetic import add, rate_from_totals, ratio
from fl_estimate.estimators.synthesis.change import change
from fl_estimate.estimators.synthesis.combine import Discrepancy, combine, discrepancy
from fl_estimate.estimators.synthesis.entered import published
from fl_estimate.estimators.synthesis.extension import extend_by_ratio, reported_to_total
from fl_estimate.estimators.synthesis.round_changes import average_rounds, changes
from fl_estimate.estimators.synthesis.spells import spells
from fl_estimate.estimators.synthesis.stock_flow import stock_from_flow, stock_from_person_time
from fl_estimate.estimators.synthesis.trend import trend, trend_test

__all__ = [
    "Discrepancy",
    "add",
    "aggregate",
    "average_rounds",
    "change",
    "changes",
    "combine",
    "discrepancy",
    "extend_by_ratio",
    "published",
    "rate_from_totals",
    "ratio",
    "reported_to_total",
    "spells",
    "stock_from_flow",
    "stock_from_person_time",
    "trend",
    "trend_test",
]
