"""Read thousands of inputs that were never meant to be read, of every kind: `make fuzz`. Prints how each ended.

right: something was read; coded: refused by an error of ours; other: any other exception; hang: more than 20 s of the processor;
crash: the process that called the library is gone. Status 1 where one of the last three is not 0.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

QUIET = 300.0
"""Seconds without a word after which a process hangs in C, however loaded the machine is."""
HEADS = ("right", "coded", "other", "hang", "crash")


def tried(kind: str, numbers: list[int], findings: list[dict[str, Any]]) -> Counter[str]:
    """Try inputs of a kind; a process that ends is begun again behind the input that ended it."""
    counts: Counter[str] = Counter()
    left = list(numbers)
    while left:
        command = [sys.executable, __file__, "--work", kind, "--numbers", f"{left[0]}-{left[-1]}"]
        begun: int | None = None
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True, env={**os.environ}
        ) as process:
            for line in _lines(process):
                told = json.loads(line)
                if "begun" in told:
                    begun = told["begun"]
                    continue
                counts[told["ended"]] += 1
                begun = None
                if told["ended"] in ("other", "hang"):
                    findings.append({"kind": kind, **told})
                    print(json.dumps(findings[-1]), file=sys.stderr, flush=True)
            process.kill()
        if begun is None and process.wait() == 0:
            break
        ended = "hang" if process.returncode == -9 else "crash"
        counts[ended] += 1
        findings.append({"kind": kind, "number": begun, "ended": ended, "told": f"status {process.returncode}"})
        print(json.dumps(findings[-1]), file=sys.stderr, flush=True)
        left = [number for number in left if begun is not None and number > begun]
    return counts


def _lines(process: subprocess.Popen[str]) -> Any:
    """What a process says, until it ends or says nothing for long."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.select(QUIET):
            line = process.stdout.readline()
            if not line:
                process.wait()
                return
            yield line


def main() -> int:
    """Try every kind, and print the counts."""
    from tests.fuzzing.engine import KINDS, work

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the inputs of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first input: others than last time")
    parser.add_argument("--only", nargs="*", help="kinds")
    parser.add_argument("--number", type=int, help="one input of the one kind that --only names")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--numbers", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        low, high = map(int, given.numbers.split("-"))
        work(given.work, range(low, high + 1))
        return 0
    if given.number is not None:
        work(given.only[0], [given.number])
        return 0
    total: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    print(f"{'kind':<12}" + "".join(f"{head:>8}" for head in HEADS) + "   s of processor")
    for kind, of in KINDS.items():
        if given.only and kind not in given.only:
            continue
        before, start = _used(), time.monotonic()
        numbers = list(range(given.first, given.first + max(int(of.inputs * given.share), 1)))
        counts = tried(kind, numbers, findings)
        total += counts
        print(f"{kind:<12}{_shown(counts)}{_used() - before:>10.0f} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{'all':<12}{_shown(total)}{_used():>10.0f}   {total.total():,} inputs")
    print(", ".join(f"{code} {count:,}" for code, count in sorted(total.items()) if code.startswith("FL-")))
    return int(bool(findings))


def _shown(counts: Counter[str]) -> str:
    coded = sum(count for ended, count in counts.items() if ended.startswith("FL-"))
    return "".join(f"{coded if head == 'coded' else counts[head]:>8,}" for head in HEADS)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
