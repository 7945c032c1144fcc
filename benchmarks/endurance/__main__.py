"""`python -m benchmarks.endurance`: run one of the endurance runs, print its figures, and exit with its verdict."""

import argparse
import importlib
import subprocess
import sys
import time

from benchmarks import endurance
from benchmarks.endurance.run import BrokenPromiseError, print_table
from mock_server.errors import UsageError

RUNS = ("deep", "fuzz", "kill", "crash", "soak", "crowd", "disk", "siege", "sandboxes")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.endurance",
        description=endurance.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", choices=(*RUNS, "all"), metavar="RUN", help="one of them, or all")
    parser.add_argument("--short", action="store_true", help="the form that CI runs: seconds instead of minutes")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed does the same (default: 1)")
    arguments = parser.parse_args()
    if arguments.run != "all":
        return perform(arguments.run, short=arguments.short, seed=arguments.seed)
    # Each in a process of its own: one raises limits, another takes mounts of its own.
    again = [
        sys.executable,
        "-m",
        "benchmarks.endurance",
        "--seed",
        str(arguments.seed),
        *["--short"] * arguments.short,
    ]
    return max(subprocess.run([*again, name]).returncode for name in RUNS)


def perform(name: str, *, short: bool, seed: int) -> int:
    """Perform one run; return 0 when it held, 1 when it was broken, 2 when it cannot run here."""
    started = time.monotonic()
    try:
        figures = importlib.import_module(f"benchmarks.endurance.{name}").run(short=short, seed=seed)
    except BrokenPromiseError as broken:
        print(f"{name}: BROKEN, seed {seed}: {broken}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    print_table(
        f"{name}{' --short' if short else ''}: held", figures | {"seconds": f"{time.monotonic() - started:.0f}"}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
