"""Capture-recapture: how many people are on no case list. `from fl_estimate import capture_recapture as cr`.

Imported outright, not name by name: a function that shares its module's name (`loglinear`) must win over it.
"""

from fl_estimate.estimators.capture_recapture.existence import Existence, check
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.two_lists import chapman, petersen

__all__ = ["Existence", "chapman", "check", "loglinear", "petersen"]
