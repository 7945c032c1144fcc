"""`python -m benchmarks`: measure the fake against its peers and its goals."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from benchmarks.growth import many, memory
from benchmarks.operations import operations, tls
from benchmarks.peers import peers
from benchmarks.report import Section, environment, show
from benchmarks.workload import FULL, QUICK, Workload

SECTIONS: Mapping[str, Callable[[Workload], list[Section]]] = {
    "peers": peers,
    "memory": memory,
    "many": many,
    "operations": operations,
    "tls": tls,
}
ELSEWHERE = (
    "elsewhere: python benchmarks/fixture.py (the fixture, per test), python benchmarks/datasets.py (loading),"
    " python -m benchmarks.calls (the functions that one call runs through)"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=ELSEWHERE)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="a few minutes; its figures are rough")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"repetitions (default: {FULL.rounds})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures too")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.sections if name not in SECTIONS]:
        parser.error(f"there is no section '{unknown[0]}'")
    if not sys.platform.startswith("linux") or shutil.which("wrk") is None:
        parser.error("this needs Linux and wrk: apt-get install wrk")
    workload = QUICK if arguments.quick else FULL
    if arguments.rounds:
        workload = workload.repeated(arguments.rounds)
    console, found = Console(width=None if sys.stdout.isatty() else 120), environment()
    for name, value in found.items():
        console.print(f"{name:16}{value}", highlight=False)
    console.print()
    results = {}
    for name in arguments.sections or SECTIONS:
        sections = SECTIONS[name](workload)
        for section in sections:
            show(section, console)
        results[name] = [section.as_dict() for section in sections]
        if arguments.json:
            arguments.json.write_text(json.dumps({"environment": found, "sections": results}, indent=2) + "\n", "utf-8")
    console.print(ELSEWHERE, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
