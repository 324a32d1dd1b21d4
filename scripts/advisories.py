"""Write a CycloneDX bill of materials of what an office installs, and ask an index for known faults: `make advisories`.

The bill needs no network: names, versions and hashes from requirements/run.txt, licences from the packages' metadata. pip-audit
asks the index that pip is set to use; where none can be reached this says so, with status 2: nothing was checked then.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from typing import Any

from licences import ROOT, read, stated

PINS = "requirements/run.txt"
BILL = ROOT / "out" / "sbom.cdx.json"
AUDIT = "pip-audit==2.10.1"
NOT_CHECKED = 2


def pinned() -> list[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 hashes of each pin."""
    text = (ROOT / PINS).read_text(encoding="utf-8").replace("\\\n", " ")
    found = [re.match(r"(\S+)==([^\s;]+)(.*)", line) for line in text.splitlines()]
    return [(m[1], m[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", m[3])) for m in found if m]


def component(name: str, version: str, hashes: list[str], rules: dict[str, Any]) -> dict[str, Any]:
    """One package as CycloneDX has it; the hashes are of every file that may be installed of it."""
    try:
        licence = stated(metadata.metadata(name), rules["spelt"])
    except metadata.PackageNotFoundError:
        licence = rules["elsewhere"].get(name, "")
    made: dict[str, Any] = {
        "type": "library", "bom-ref": f"pkg:pypi/{name}@{version}", "name": name, "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": content} for content in hashes],
    }  # fmt: skip
    return made | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def bill() -> dict[str, Any]:
    """The bill of materials; the same pins give the same bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = {"type": "library", "bom-ref": project["name"], "name": project["name"], "version": project["version"]}
    rules = read("requirements/licences.toml")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours | {"licenses": [{"license": {"id": project["license"]}}]}},
        "components": [component(*pin, rules) for pin in pinned()],
    }


def ask() -> tuple[dict[str, Any] | None, str]:
    """What pip-audit answers about the pins, or None and why there is no answer."""
    uvx = shutil.which("uvx")
    command = [uvx, "--quiet", "--from", AUDIT, "pip-audit"] if uvx else [sys.executable, "-m", "pip_audit"]
    command += [
        "--requirement",
        PINS,
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout), ""
    except ValueError:
        return None, (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]


def verdict(answer: dict[str, Any] | None, why: str) -> tuple[int, list[str]]:
    """Status and lines: 1 where a pin has known faults, 2 where a pin could not be asked about, which is no clean bill.

    pip-audit itself says "no known vulnerabilities found" of packages that its index does not know.
    """
    if answer is None:
        return NOT_CHECKED, [
            f"NOT CHECKED: no index of advisories could be asked; known faults of the pins are not known here ({why})"
        ]
    every = answer["dependencies"]
    skipped = [one["name"] for one in every if "skip_reason" in one]
    faulty = [(one, fault) for one in every for fault in one.get("vulns", [])]
    lines = [f"{len(every) - len(skipped)} of {len(every)} pins were looked up: {len(faulty)} known faults"]
    lines += [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for one, fault in faulty
    ]
    if skipped or not every:
        lines.append(f"NOT CHECKED: the index knows nothing of {len(skipped)} pins, so that nothing is said of them")
    return (1 if faulty else NOT_CHECKED if skipped or not every else 0), lines


def main() -> int:
    """Write the bill, then ask."""
    BILL.parent.mkdir(exist_ok=True)
    found = bill()
    BILL.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{BILL.relative_to(ROOT)}: {len(found['components'])} packages, CycloneDX {found['specVersion']}")
    status, lines = verdict(*ask())
    print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
