"""Published figures computed again from what was published with them: `reproduce`, and what it gives."""

from fl_estimate.reproduce.computing import reproduce as reproduce
from fl_estimate.reproduce.reproduction import Outcome as Outcome
from fl_estimate.reproduce.reproduction import Reproduction as Reproduction

__all__ = ["Outcome", "Reproduction", "reproduce"]
