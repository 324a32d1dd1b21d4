"""In a source distribution, which has no data that came under the GPL, the comparisons that need them are left out."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = [
    ROOT / pattern
    for entry in tomllib.loads((Path(__file__).parent / "origins.toml").read_text(encoding="utf-8"))["origin"]
    if not entry.get("sdist", True)
    for pattern in entry["files"]
]

# Reading these files at import would be an error of each of them; one missing means that all are.
collect_ignore_glob = (
    [] if all(any(path.parent.glob(path.name)) for path in NEEDED) else ["test_[!c]*.py", "test_contrasts.py"]
)
