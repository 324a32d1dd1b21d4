"""What Spark is started with, told without it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from fl_estimate.inputs import engines

SET_UP = (
    "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS",
)  # fmt: skip


class _Builder:
    """Notes what a session would be started with."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def appName(self, _: str) -> _Builder:
        return self

    def config(self, key: str, value: str) -> _Builder:
        self.told[key] = value
        return self

    def getOrCreate(self) -> dict[str, str]:
        return self.told


def _started(monkeypatch: pytest.MonkeyPatch, running: Any = None, package: Path | None = None) -> Any:
    sql: Any = ModuleType("pyspark.sql")
    sql.SparkSession = SimpleNamespace(builder=_Builder(), getActiveSession=lambda: running)
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    origin = None if package is None else SimpleNamespace(origin=str(package / "__init__.py"))
    monkeypatch.setattr(engines, "find_spec", lambda _: origin)
    monkeypatch.setitem(sys.modules, "pyspark.sql", sql)
    return engines.spark()


def test_a_session_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SET_UP:
        monkeypatch.delenv(name, raising=False)
    assert _started(monkeypatch) == {
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.session.timeZone": "UTC",
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    }


@pytest.mark.parametrize("name", SET_UP)
def test_java_that_somebody_set_up_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "something")
    assert "spark.driver.extraJavaOptions" not in _started(monkeypatch)


def test_options_of_a_file_of_defaults_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SET_UP:
        monkeypatch.delenv(name, raising=False)
    assert "spark.driver.extraJavaOptions" in _started(monkeypatch, package=tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text("spark.driver.extraJavaOptions -Dours=1")
    assert "spark.driver.extraJavaOptions" not in _started(monkeypatch, package=tmp_path)


def test_a_session_that_runs_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    running = object()
    assert _started(monkeypatch, running) is running
