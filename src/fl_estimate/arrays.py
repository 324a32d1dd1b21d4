"""Names of the array types that the library passes about, each declared once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]
"""Row numbers, as numpy indexes by them."""
