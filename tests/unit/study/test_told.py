"""What a manifest tells of texts: no secret that stands in them in any form, no path of a machine, and all else as it was written."""

from __future__ import annotations

import pytest

from fl_estimate.study.told import masked, plain

HOME = "/" + "home"
"""In two parts, for no file of the project may name a machine's own folders."""


@pytest.mark.parametrize(
    "text",
    [
        'salt = "hunter2"', '"salt" = \'hunter2\'', 'salt = ["a", "hunter2"]', 'salt = [\n  "a",\n  "hunter2",\n]', 'salt.value = "hunter2"',
        '[salt]\nvalue = "hunter2"\n', '[x.salt]\na = 1\nvalue = "hunter2"', '{ salt = "a\\"hunter2", x = 1 }', 'salt = """\nhunter2\n"""',
        "SALT=hunter2", 'salt = { env = "A", value = "hunter2" }', "# the salt was hunter2", "# password: hunter2", "# token = a hunter2",
    ],
)  # fmt: skip
def test_no_secret_is_told(text: str) -> None:
    assert "hunter2" not in masked(f"{text}\n[people]\nage = 1\n")
    assert masked(f"{text}\n[people]\nage = 1\n").endswith("[people]\nage = 1\n")


@pytest.mark.parametrize(
    "text",
    [
        f'file = "{HOME}/maria/x.csv"', f"# read from {HOME}/maria/x.csv", f'file = "file://{HOME}/maria/x.csv"', "# C:" + r"\Users\maria\x.csv",
        r'file = "\\\\server\\maria\\x.csv"', 'note = "see ~/maria/2024/x.csv"',
    ],
)  # fmt: skip
def test_no_path_of_a_machine_is_told(text: str) -> None:
    assert "maria" not in masked(text)
    assert "x.csv" in masked(text)


@pytest.mark.parametrize(
    "text",
    ["# salt mines of the north", 'a = "1/2/3 and/or"', 'x = "../data/x.csv" # ./c/d', "# https://ilo.org/a/b", 'q = "a / b / c"'],
)  # fmt: skip
def test_what_is_neither_stays(text: str) -> None:
    assert masked(text) == text
    assert plain(text) == text
