"""Ask the questions of tests/engines of a local Spark as well; pyspark, 478 MB, goes into a folder of its own, not into .venv.

    make spark
    make spark ARGS="-k quantiles"

What Java prints goes to out/spark.log: Spark writes whole traces there, of errors that are caught too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "out" / "pyspark"


def main(arguments: list[str]) -> int:
    """Install pyspark where it is not, and run the tests."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        print("Spark runs on Java 17 or newer: apt install openjdk-17-jre-headless, or set JAVA_HOME")
        return 2
    if not (FOLDER / "pyspark").is_dir():
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        wanted = project["optional-dependencies"]["spark"]
        print(f"installing {', '.join(wanted)} into {FOLDER.name}")
        tool = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
        python = ["--python", sys.executable] if tool[0] == "uv" else []
        subprocess.run([*tool, "install", "--quiet", *python, "--target", str(FOLDER), *wanted], check=True)
    log = ROOT / "out" / "spark.log"
    log.parent.mkdir(exist_ok=True)
    told = {"FL_ESTIMATE_SPARK": "1", "PYTHONPATH": str(FOLDER), "PYSPARK_PYTHON": sys.executable}
    asked = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-rxX", "tests/engines", *arguments]
    with log.open("wb") as errors:
        return subprocess.run(asked, cwd=ROOT, env={**os.environ, **told}, stderr=errors, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
